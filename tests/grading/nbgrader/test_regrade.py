"""`minigrad regrade` after points or cells changed: all of it follows, or nothing was touched."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from minigrad.cli import main
from minigrad.grading.assignment.load import load
from minigrad.grading.authoring.build import check_build
from minigrad.grading.classroom import court
from minigrad.grading.classroom.run import last_reports
from minigrad.grading.model import Report
from minigrad.grading.store.layout import Course
from tests.grading.handed_in import (
    ADDS,
    NAME,
    RIGHT,
    FakeJudge,
    course_with_essay,
    entered,
    fake_judge,
    hand_in,
    notebook,
)

pytest.importorskip("nbgrader")
pytestmark = pytest.mark.filterwarnings("ignore")  # of nbgrader and what it imports
WORDS = [NAME, "--workers", "1"]
APART = ("lock", "previews", "__pycache__", "references", "results")  # what no grade depends on


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Path:
    """A graded class whose feedback was handed out."""
    from minigrad.grading.nbgrader import plugin

    course = course_with_essay(tmp_path_factory.mktemp("template"))
    assignment = load(course.authored(NAME))
    hand_in(course, "right", notebook(assignment, RIGHT, essay="In my own words."))
    hand_in(course, "wrong", notebook(assignment, ADDS))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(court, "Judge", fake_judge())
        assert main(["--course", str(course.root), "grade", *WORDS]) == 0
    plugin.feedback(course, NAME)
    return course.root


@pytest.fixture
def course(tmp_path: Path, template: Path, monkeypatch) -> Course:
    monkeypatch.setattr(court, "Judge", fake_judge())
    return entered(template, tmp_path, monkeypatch)


def rewrite(course: Course, old: str, new: str) -> None:
    """The author changes the notebook."""
    source = course.authored(NAME) / "notebook.py"
    assert old in source.read_text()
    source.write_text(source.read_text().replace(old, new))


def everything(course: Course) -> dict[str, str]:
    """What the course says of grades: release, gradebook, reports, pages."""
    files = (p for p in course.work.rglob("*") if p.is_file() and not {*APART} & {*p.parts})
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def stock_autograde(course: Course) -> str:
    """What nbgrader's own command says of why it failed."""
    from nbgrader.apps import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory

    from minigrad.grading.nbgrader import plugin

    settings = plugin.config(course)
    done = NbGraderAPI(CourseDirectory(config=settings), config=settings).autograde(NAME, "*")
    assert not done["success"]
    return str(done["error"])


def test_other_points_reach_release_gradebook_reports_and_feedback(course, capsys):
    from minigrad.grading.nbgrader import plugin
    from minigrad.grading.report.grades.lms import Total

    shutil.copy(course.gradebook, course.work / "old.db")
    rewrite(course, "points=10", "points=20")
    before = everything(course)
    assert main(["grade", *WORDS]) == 2
    assert f"run `minigrad regrade {NAME}`" in capsys.readouterr().err
    assert f"run `minigrad regrade {NAME}`" in stock_autograde(course)
    assert everything(course) == before
    assert main(["regrade", *WORDS, "--preview"]) == 0
    assert "scale is worth 20, was 10" in capsys.readouterr().out
    assert everything(course) == before

    def all_say_20() -> None:
        assert check_build(load(course.authored(NAME)), course.root / "assignments") == []
        assert plugin.totals(course, NAME) == (
            25.0,
            {"right": Total(20.0, 0.0, True), "wrong": Total(0.0, 0.0, False)},
        )
        scores = {s: (r.score, r.points) for s, r in last_reports(course, NAME).items()}
        assert scores == {"right": (20, 20), "wrong": (0, 20)}
        pages = {p.parent.parent.name: p.read_text() for p in course.feedback.rglob("*.html")}
        shown = {s: {*re.findall(r">([\d.]+) of ([\d.]+)(?: points)?<", text)} for s, text in pages.items()}
        whole = {"right": {("20", "20")}, "wrong": {("0", "20")}}
        assert {s: {pair for pair in pairs if pair[1] == "20"} for s, pairs in shown.items()} == whole
        assert not any(pair[1] == "10" for pairs in shown.values() for pair in pairs)
        assert "edited" not in "".join(pages.values())

    assert main(["regrade", *WORDS]) == 0
    assert f"wrote the pages of feedback of {NAME}" in capsys.readouterr().out
    all_say_20()
    assert main(["grade", *WORDS]) == 0

    shutil.copy(course.work / "old.db", course.gradebook)
    assert main(["grade", *WORDS]) == 2
    assert main(["regrade", *WORDS]) == 0
    all_say_20()


def test_points_by_hand_are_raised_again_only_in_cells_that_changed(course):
    """A regrade of other checks leaves what a person has marked; other points or another text do not."""
    from minigrad.grading.nbgrader import plugin

    def mark(**points: float) -> None:
        with plugin.book(course) as book:
            for id, score in points.items():
                grade = book.find_grade(id.replace("_", "-"), NAME, NAME, "right")
                grade.manual_score, grade.needs_manual_grade = score, False
            book.db.commit()

    def asked() -> set[str]:
        with plugin.book(course) as book:
            notebook = book.find_submission_notebook(NAME, NAME, "right")
            return {g.name for g in notebook.grades if g.needs_manual_grade}

    mark(essay=4.0)
    rewrite(course, "points=10", "points=20")
    assert main(["regrade", *WORDS]) == 0
    assert asked() == set()
    mark(scale_check=7.0)
    rewrite(course, "points=5", "points=6")
    assert main(["regrade", *WORDS]) == 0
    assert asked() == {"essay"}
    mark(essay=4.0)
    rewrite(course, "points=20", "points=10")
    assert main(["regrade", *WORDS]) == 0
    assert asked() == {"scale-check"}
    mark(scale_check=7.0)
    assignment = load(course.authored(NAME))
    hand_in(course, "right", notebook(assignment, RIGHT, essay="In other words."))
    assert main(["grade", *WORDS]) == 0
    assert asked() == {"essay"}
    mark(essay=4.0)
    other = f"{RIGHT}  # as told"
    hand_in(course, "right", notebook(assignment, other, essay="In other words."))
    assert main(["grade", *WORDS]) == 0
    assert asked() == {"scale-check"}


def stops_at_the_second(grade: Callable[[FakeJudge, bytes], Report]) -> Callable[[FakeJudge, bytes], Report]:
    """Ctrl-C in the middle of a class."""

    def graded_or_stopped(judge: FakeJudge, data: bytes) -> Report:
        if judge.graded:
            raise KeyboardInterrupt
        return grade(judge, data)

    return graded_or_stopped


@pytest.mark.parametrize("way", ["cells", "solution", "stopped", "judge"])
def test_a_regrade_that_cannot_be_finished_has_changed_nothing(course, monkeypatch, capsys, way):
    rewrite(course, "points=10", "points=20")
    if way == "cells":
        rewrite(course, 'id="essay"', 'id="other"')
    if way == "solution":
        rewrite(course, "import numpy as np", "import numpy as mp")
    if way == "stopped":
        monkeypatch.setattr(court.Judge, "grade", stops_at_the_second(court.Judge.grade))
    if way == "judge":
        monkeypatch.setattr(court, "Judge", None)
    before = everything(course)
    assert main(["regrade", *WORDS]) == (130 if way == "stopped" else 2)
    told = {"cells": "Keep the cells' ids", "solution": "the solution fails", "judge": "Nothing was changed"}
    assert told.get(way, "stopped") in capsys.readouterr().err
    assert everything(course) == before


def test_a_regrade_stopped_while_it_records_is_seen_and_goes_on(course, monkeypatch, capsys):
    """Half a class has other points: no file for an LMS has both, and a preview says who is still to go."""
    from minigrad.grading.nbgrader import plugin, recording

    hand_in(course, "third", notebook(load(course.authored(NAME)), RIGHT))
    course.roster.write_text("student,canvas\nright,1\nthird,2\nwrong,3\n")
    assert main(["grade", *WORDS]) == 0
    with plugin.book(course) as book:
        grade = book.find_grade("essay", NAME, NAME, "right")
        grade.manual_score, grade.needs_manual_grade = 5.0, False
        book.db.commit()
    assert main(["export", NAME, "--to", "canvas"]) == 0
    rewrite(course, "points=10", "points=20")
    enter, entered = recording.enter, []

    def stop(opened, line, *more):
        if entered:
            raise KeyboardInterrupt
        entered.append(line.assignment.student.id)
        enter(opened, line, *more)

    monkeypatch.setattr(recording, "BATCH", 1)
    monkeypatch.setattr(recording, "enter", stop)
    capsys.readouterr()
    assert main(["regrade", *WORDS]) == 130
    told = " ".join(capsys.readouterr().err.split())
    assert "stopped; 1 of 3 are recorded, and the gradebook is behind the reports" in told
    assert f"run `minigrad regrade {NAME}` again" in told
    monkeypatch.setattr(recording, "enter", enter)
    assert entered == ["right"]
    assert list(course.feedback.rglob("*.html")) == [], "each tells the old maximum"
    assert main(["export", NAME, "--to", "canvas"]) == 1
    told = capsys.readouterr()
    assert "1 not recorded" in told.out
    assert f"behind the last grading of third: run `minigrad regrade {NAME}`. Until then" in told.err
    assert "not for canvas: third: not recorded" in told.err
    assert "2," not in (course.work / f"grades-{NAME}-canvas.csv").read_text()
    assert main(["report", NAME]) == 0
    assert f"behind the last grading of third: run `minigrad regrade {NAME}`" in capsys.readouterr().err
    assert main(["regrade", *WORDS, "--preview"]) == 0
    assert "1 of 3 submissions change: 1 gain" in capsys.readouterr().out
    assert main(["regrade", *WORDS]) == 0
    assert "1 of 3 submissions change: 1 gain" in capsys.readouterr().out
    main(["export", NAME, "--to", "canvas"])
    assert "not recorded" not in capsys.readouterr().out
    assert main(["regrade", *WORDS, "--preview"]) == 0
    assert "0 of 3 submissions change" in capsys.readouterr().out


DECISIONS = f"""
[[decisions.{NAME}]]
drop = "scale.original"
gone = true
reason = "It asked for <more> than the text."
date = 2030-02-03
[[decisions.{NAME}]]
add = "scale"
points = 0.5
students = ["wrong"]
reason = "The server was down."
date = 2030-02-04
"""


def test_a_decision_is_previewed_and_reaches_gradebook_reports_and_feedback(course, monkeypatch, capsys):
    """The check's points are gone: the maximum falls, for who passed it too. Taken back, all is as before."""
    from minigrad.grading.nbgrader import plugin
    from minigrad.grading.report.grades.lms import Total

    assignment = load(course.authored(NAME))
    left = assignment.check("scale.values").points

    def both(judge: FakeJudge, data: bytes) -> Report:
        """A verdict on each check, where the stand-in has one alone."""
        (exercise,) = FakeJudge.grade(judge, data).exercises
        (one,) = exercise.verdicts
        checks = [dataclasses.replace(one, check=c.name, points=c.points) for c in assignment.checks]
        return Report(NAME, "graded", (dataclasses.replace(exercise, verdicts=tuple(checks)),))

    monkeypatch.setattr(court.Judge, "grade", both)
    assert main(["grade", *WORDS, "--new-salt"]) == 0
    as_it_was = plugin.totals(course, NAME)
    course.dates.write_text(DECISIONS)
    before = everything(course)
    assert main(["grade", *WORDS]) == 2
    assert f"run `minigrad regrade {NAME}`" in stock_autograde(course)
    assert main(["regrade", *WORDS, "--preview"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "its points are gone" in told
    assert "scale is worth" not in told, "the decision says so, and the last line of how much"
    assert f"the maximum of the checks becomes {left:g}, was 10" in told
    assert "`scale` gets 0.5 points more, up to all that it has: The server was down." in told
    assert everything(course) == before
    assert main(["regrade", *WORDS]) == 0
    assert plugin.totals(course, NAME) == (
        5 + left,
        {"right": Total(left, 0.0, True), "wrong": Total(0.5, 0.0, False)},
    )
    reports = last_reports(course, NAME)
    assert {s: (r.score, r.points) for s, r in reports.items()} == {
        "right": (left, left),
        "wrong": (0.5, left),
    }
    pages = {p.parent.parent.name: p.read_text() for p in course.feedback.rglob("*.html")}
    assert all(
        "Decision of 2030-02-03: `scale.original` counts for nobody" in page for page in pages.values()
    )
    assert all("asked for &lt;more&gt; than" in page for page in pages.values())
    assert ["Decision of 2030-02-04" in pages[s] for s in ("right", "wrong")] == [False, True]
    assert main(["regrade", *WORDS]) == 0
    assert "0 of 2 submissions change" in capsys.readouterr().out
    course.dates.unlink()
    assert main(["regrade", *WORDS]) == 0
    assert plugin.totals(course, NAME) == as_it_was
