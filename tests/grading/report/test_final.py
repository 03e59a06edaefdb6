"""The final column of a class."""

from __future__ import annotations

import csv
import io

from minigrad.grading.report.grades.final import final_csv, rows
from minigrad.grading.report.grades.lms import Grade
from minigrad.grading.roster import Person
from minigrad.grading.rules.final import Group

GROUPS = (Group("homework", ("01", "02"), 60, 1), Group("project", ("03",), 30), Group("exam", ("04",), 10))
ANN, BOB, CEM = Person("ann", "Ann Lee", "ann@x.org"), Person("bob"), Person("cem")
FOUND = {
    "01": [Grade(ANN, 9.0, "graded"), Grade(BOB, None, "refused"), Grade(CEM, 1.0, "graded")],
    "02": [Grade(ANN, 5.0, "graded"), Grade(BOB, 20.0, "graded"), Grade(CEM, None, "not handed in")],
    "03": [Grade(ANN, 2.0, "graded"), Grade(BOB, 2.0, "graded")],
}
MAXIMA = {"01": 10.0, "02": 20.0, "03": 6.0}


def test_scores_what_was_dropped_and_the_final_with_its_state():
    made = rows(GROUPS, MAXIMA, FOUND)
    header, *lines = csv.reader(io.StringIO(final_csv(GROUPS, MAXIMA, made).decode("utf-8-sig")))
    assert header[:7] == ["student", "name", "email", "section", "01 (of 10)", "02 (of 20)", "03 (of 6)"]
    assert header[7:] == ["homework %", "project %", "dropped", "final", "maximum", "state"]
    whole = {line[0]: line[4:] for line in lines}
    # 90 weighs 60 and 33.3 weighs 30; nobody has an exam yet
    assert whole["ann"] == ["9", "5", "2", "90", "33.33", "02", "71.11", "100", "graded"]
    assert whole["bob"] == ["", "20", "2", "100", "33.33", "01", "77.78", "100", "refused"]
    assert whole["cem"] == ["1", "", "", "10", "0", "02", "6.67", "100", "graded"]
    assert [row.grade.score for row in made] == [71.11, 77.78, 6.67]


def test_an_assignment_without_points_counts_for_nobody():
    made = rows(GROUPS, {**MAXIMA, "02": 0.0}, FOUND)
    assert made[0].final.groups["homework"] == 90
    assert made[0].final.dropped == ()


def test_nothing_given_out_is_no_score():
    assert rows(GROUPS, {}, {}) == []
    (row,) = rows(GROUPS, {"01": 0.0}, {"01": [Grade(ANN, 0.0, "graded")]})
    assert row.grade.score is None


def test_who_dropped_out_has_no_final_score():
    gone = Person("dan", status="dropped")
    found = {name: [*theirs, Grade(gone, None, "dropped")] for name, theirs in FOUND.items()}
    made = rows(GROUPS, MAXIMA, found)
    lines = csv.reader(io.StringIO(final_csv(GROUPS, MAXIMA, made).decode("utf-8-sig")))
    assert next(line for line in lines if line[0] == "dan")[4:] == [*[""] * 7, "100", "dropped"]
