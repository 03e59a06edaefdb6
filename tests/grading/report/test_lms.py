"""Grades for an LMS: the gradebook's totals and nothing else, states told apart, forms as imported."""

from __future__ import annotations

import csv
import io

import pytest

from minigrad.grading.model import GradingError, Report
from minigrad.grading.report.grades.lms import FORMS, Total, grades, lms_csv, plain_csv, strangers, told
from minigrad.grading.roster import read_roster

ROSTER = """student,name,email,section,canvas,blackboard,status
ada,"Lovelace, Ada",Ada@x.org,A,1,al,
bea,Bea,b@x.org,,2,,
cem,,c@x.org,,3,cm,
dan,,d@x.org,,4,dn,
eva,,e@x.org,,5,ev,
fay,,,,,,
gus,,g@x.org,,7,gs,
hal,,h@x.org,,8,hl,dropped
"""
TOTALS = {
    "ada": Total(87.126, 10.0, False),
    "bea": Total(40.0, 0.0, True, late_days=2),
    "cem": Total(None, 0.0, True),
    "eva": Total(7.0, 0.0, False, current=False),
    "fay": Total(0.0, 0.0, False),
    "hal": Total(99.0, 0.0, False),
}
REPORTS = {
    "ada": Report("01-a", "refused", reason="a person has given the points"),
    "bea": Report("01-a", "graded"),
    "cem": Report("01-a", "refused"),
    "dan": Report("01-a", "graded"),
}


@pytest.fixture
def roster(tmp_path):
    (tmp_path / "roster.csv").write_text(ROSTER)
    return read_roster(tmp_path / "roster.csv")


@pytest.fixture
def found(roster):
    return grades(TOTALS, REPORTS, {"eva"}, roster)


def rows(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


def test_a_row_for_each_student_who_is_there_with_maximum_and_state(found):
    data = plain_csv(found, 100.0)
    assert data.startswith(b"\xef\xbb\xbf")
    header, *made = rows(data.removeprefix(b"\xef\xbb\xbf"))
    assert header[:2] == ["student", "name"]
    assert made[0] == ["ada", "Lovelace, Ada", "Ada@x.org", "A", "87.13", "100", "graded", "10", ""]
    assert [(row[0], *row[4:]) for row in made[1:]] == [
        ("bea", "40", "100", "needs a person", "", "2"),
        ("cem", "", "100", "refused", "", ""),
        ("dan", "", "100", "not recorded", "", ""),
        ("eva", "", "100", "not recorded", "", ""),
        ("fay", "0", "100", "graded", "", ""),
        ("gus", "", "100", "not handed in", "", ""),
        ("hal", "", "100", "dropped", "", ""),
    ]
    assert told(found).startswith("2 graded, 2 not recorded, 1 needs a person")


def test_without_a_roster_everybody_known_has_a_row():
    found = grades(TOTALS, REPORTS, {"eva"}, None)
    assert [g.person.student for g in found] == ["ada", "bea", "cem", "dan", "eva", "fay", "hal"]
    assert strangers(["x", "ada"], None) == []


def test_who_has_work_and_no_line_of_the_roster_is_named(roster):
    assert strangers([*TOTALS, "zoe"], roster) == ["zoe"]


@pytest.mark.parametrize(
    ("lms", "made", "left_out"),
    [
        (
            "canvas",
            [
                ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "01-a"],
                ["    Points Possible", "", "", "", "", "100"],
                ["Lovelace, Ada", "1", "", "", "A", "87.13"],
            ],
            "fay: no `canvas` in roster.csv, line 7",
        ),
        (
            "moodle",
            [["Email address", "Full name", "01-a"], ["Ada@x.org", "Lovelace, Ada", "87.13"]],
            "fay: no `email` in roster.csv, line 7",
        ),
        (
            "blackboard",
            [["Username", "01-a"], ["al", "87.13"]],
            "fay: no `blackboard` in roster.csv, line 7",
        ),
    ],
)
def test_an_lms_gets_final_scores_alone(found, roster, lms, made, left_out):
    data, out = lms_csv(lms, "01-a", 100.0, found, roster)
    assert rows(data) == made
    assert not data.startswith(b"\xef\xbb\xbf"), "the mark would belong to the first column's name"
    assert out[:2] == ["bea: needs a person", "cem: refused"]
    assert out[-2:] == ["gus: not handed in", left_out]


@pytest.mark.parametrize("lms", FORMS)
def test_an_lms_without_its_column_in_the_roster_is_refused(tmp_path, lms):
    (tmp_path / "roster.csv").write_text("student\nada\n")
    for roster in (None, read_roster(tmp_path / "roster.csv")):
        with pytest.raises(GradingError, match=f"the column `{FORMS[lms][1]}` of roster.csv: add it"):
            lms_csv(lms, "01-a", 100.0, [], roster)
