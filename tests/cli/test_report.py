"""What `minigrad report` says a person must look at is what the gradebook says."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from minigrad.cli import main
from minigrad.grading.assignment.load import load
from minigrad.grading.classroom import court
from tests.grading.handed_in import (
    ADDS,
    NAME,
    RIGHT,
    course_with_essay,
    fake_judge,
    hand_in,
    notebook,
)

pytest.importorskip("nbgrader")
pytestmark = pytest.mark.filterwarnings("ignore")  # of nbgrader and what it imports


def test_who_needs_a_person_and_the_answers_to_mark(tmp_path: Path, monkeypatch, capsys) -> None:
    from minigrad.grading.nbgrader import plugin

    monkeypatch.setattr(court, "Judge", fake_judge())
    monkeypatch.chdir(tmp_path)
    course = course_with_essay(tmp_path)
    assignment = load(course.authored(NAME))
    for student, answer, essay in (("ann", RIGHT, "Mine."), ("bob", ADDS, "Mine."), ("cem", ADDS, "Other.")):
        hand_in(course, student, notebook(assignment, answer, essay=essay))
    hand_in(course, "dan", notebook(assignment))
    hand_in(course, "eva", b"no notebook")
    hand_in(course, "x" * 200, notebook(assignment, RIGHT))  # a name that the gradebook cannot have
    assert main(["grade", NAME, "--workers", "1"]) == 1
    with plugin.book(course) as book:
        for student in ("cem", "dan"):
            (grade,) = (
                g for g in book.find_submission_notebook(NAME, NAME, student).grades if g.name == "essay"
            )
            grade.manual_score, grade.needs_manual_grade = 3.0, False
        book.db.commit()
    capsys.readouterr()

    assert main(["report", NAME]) == 0
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("needs a person: ")]
    assert told == [
        "needs a person: ann, bob: points by hand: essay",
        "needs a person: eva: refused: the file is not a notebook: it is not valid JSON",
        f"needs a person: {'x' * 200}: graded, and not in the gradebook yet",
    ]
    plugin.export(course, tmp_path / "all.csv")
    rows = csv.DictReader((tmp_path / "all.csv").read_text(encoding="utf-8").splitlines())
    assert {row["student_id"] for row in rows if row["needs_manual_grade"] == "True"} == {"ann", "bob", "eva"}
    page = Path(f"report-{NAME}.html").read_text()
    assert "<b>ann, bob</b></p>\n<pre>Mine.</pre>" in page
    assert "Other." not in page, "it was marked"
    assert "could not be graded" not in page, "what a refused notebook's page begins with is no answer"
    assert "was the right file handed in by dan?" in page

    hand_in(course, "cem", notebook(assignment, ADDS, essay="Other, and more."))
    told_again = "which counts until a person marks it again: cem (essay 3 of 5)\n"
    capsys.readouterr()
    assert main(["grade", NAME, "--workers", "1"]) == 1
    assert told_again in capsys.readouterr().err
    assert main(["report", NAME]) == 0
    shown = capsys.readouterr()
    assert told_again in shown.err
    assert "needs a person: ann, bob, cem: points by hand: essay" in shown.out

    course.roster.write_text("student,status\nann,dropped\nbob,\ncem,\ndan,\neva,\n")
    assert main(["report", NAME]) == 0
    assert "needs a person: bob, cem: points by hand: essay" in capsys.readouterr().out
    assert "ann" not in json.loads(Path(f"report-{NAME}.json").read_text())
    plugin.export(course, tmp_path / "all.csv")
    rows = csv.DictReader((tmp_path / "all.csv").read_text(encoding="utf-8").splitlines())
    assert {row["student_id"] for row in rows} == {"bob", "cem", "dan", "eva"}
