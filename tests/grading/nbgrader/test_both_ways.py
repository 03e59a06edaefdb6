"""`minigrad grade` and stock `nbgrader autograde` leave the same gradebook, table by table."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from minigrad.grading.assignment.load import load
from minigrad.grading.classroom import court
from minigrad.grading.classroom.run import grade_class
from minigrad.grading.store.history import states
from minigrad.grading.store.layout import Course
from tests.grading.term import CHECKS, NAMES, Named, hand_in, new_course

pytest.importorskip("nbgrader")
pytestmark = pytest.mark.filterwarnings("ignore")  # of nbgrader and what it imports
NAME = NAMES[1]  # it has a question in words
HALF, NONE = CHECKS[:1], ()
LATE = "2030-02-02 12:00:00 UTC"
DATES = f"""
[due]
{NAME} = 2030-02-01T12:00:00Z
[extensions.{NAME}]
extended = 2030-02-03T12:00:00Z
[late]
slope_percent_per_day = 20
budget_days = 1
"""


def tables(course: Course) -> dict[str, list[str]]:
    """All that the gradebook has: the rows of each table in words, those they point at in place of ids."""
    from nbgrader.api import Base
    from sqlalchemy import select

    from minigrad.grading.nbgrader import plugin

    with plugin.book(course) as book:
        rows = {
            t.name: {row["id"]: row for row in book.db.execute(select(t)).mappings()}
            for t in Base.metadata.sorted_tables
        }

    def told(table: Any, id: str) -> dict[str, object]:
        made: dict[str, object] = {}
        for column in table.columns:
            value = rows[table.name][id][column.name]
            (points_at,) = [key.column.table for key in column.foreign_keys] or [None]
            if points_at is not None and value is not None:
                made |= {f"{column.name}: {key}": one for key, one in told(points_at, value).items()}
            elif column.default is None or not column.primary_key:  # no random id
                made[column.name] = round(value, 9) if isinstance(value, float) else value
        return made

    return {t.name: sorted(str(told(t, id)) for id in rows[t.name]) for t in Base.metadata.sorted_tables}


def by_minigrad(course: Course) -> None:
    from minigrad.grading.nbgrader import plugin

    assignment, handed_in = load(course.authored(NAME)), course.submissions(NAME)
    assert plugin.record(course, assignment, handed_in, grade_class(course, assignment, handed_in)) == {}


def by_nbgrader(course: Course) -> None:
    from nbgrader.apps import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory

    from minigrad.grading.nbgrader import plugin

    settings = plugin.config(course)
    done = NbGraderAPI(CourseDirectory(config=settings), config=settings).autograde(NAME, "*")
    assert done["success"], done


def history(course: Course) -> dict[str, list[tuple[object, ...]]]:
    """By student, what each recording has told of: all but when that was."""
    found = {p.name: states(p) for p in course.history(NAME).iterdir()}
    return {
        student: [(s.checks, s.total, s.penalty, s.work) for s in told] for student, told in found.items()
    }


def term(course: Course, record: Callable[[Course], None]) -> list[object]:
    """A class is graded, marked by hand, hands in again and is graded again: the gradebook after each."""
    from minigrad.grading.nbgrader import plugin

    course.dates.write_text(DATES)
    hand_in(course, "full", NAME, CHECKS)
    hand_in(course, "zero", NAME, NONE)
    hand_in(course, "late", NAME, HALF, "2030-02-04 12:00:00 UTC")
    hand_in(course, "extended", NAME, CHECKS, LATE)
    hand_in(course, "again", NAME, HALF)
    hand_in(course, "marked", NAME, HALF, LATE)
    for student in ("blank", "refused"):
        hand_in(course, student, NAME, NONE, "")
    shutil.copy(course.release_notebook(NAME), course.submitted / "blank" / NAME)
    (course.submitted / "refused" / NAME / f"{NAME}.ipynb").write_bytes(b"no notebook")
    record(course)
    found: list[object] = [tables(course)]
    with plugin.book(course) as book:
        for student, points in {"full": 4.0, "marked": 5.0, "late": 3.0}.items():
            grade = book.find_grade("essay", NAME, NAME, student)
            grade.manual_score, grade.extra_credit, grade.needs_manual_grade = points, 0.5, False
        checks = book.find_grade("scale-check", NAME, NAME, "refused")
        checks.manual_score, checks.needs_manual_grade = 2.0, False
        book.find_comment("essay", NAME, NAME, "full").manual_comment = "well put"
        book.db.commit()
    hand_in(course, "again", NAME, CHECKS, LATE)
    hand_in(course, "marked", NAME, CHECKS, LATE)
    hand_in(course, "blank", NAME, HALF)
    (course.submitted / "zero" / NAME / "timestamp.txt").unlink()
    (course.submitted / "extended" / NAME / f"{NAME}.ipynb").write_bytes(b"no notebook")
    course.dates.write_text(DATES.replace("extended =", "late = 2030-02-09T12:00:00Z\nextended ="))
    course.roster.write_text("student,name,email\n" + "".join(f"{s},Ann {s},{s}@x.org\n" for s in STUDENTS))
    record(course)
    return [*found, tables(course), history(course)]


STUDENTS = ("full", "zero", "late", "extended", "again", "marked", "blank", "refused")


def test_both_ways_leave_the_same_gradebook(tmp_path: Path, monkeypatch) -> None:
    """Full, partial, zero, blank, refused, late, extended, graded again, marked by hand."""
    monkeypatch.setattr(court, "Judge", Named)
    monkeypatch.setattr("minigrad.grading.nbgrader.recording.BATCH", 3)
    new_course(tmp_path / "minigrad")
    shutil.copytree(tmp_path / "minigrad", tmp_path / "nbgrader")
    ours = term(Course.at(tmp_path / "minigrad"), by_minigrad)
    first, second, told = ours
    assert len(first["grade"]) == len(second["grade"]) == 2 * len(STUDENTS)  # type: ignore[index]
    assert told.keys() == set(STUDENTS)  # type: ignore[attr-defined]
    assert ours == term(Course.at(tmp_path / "nbgrader"), by_nbgrader)
    with_words = [row for row in second["comment"] if "well put" in row]  # type: ignore[index]
    assert len(with_words) == 1
    assert "student_id: id': 'full'" in with_words[0]
