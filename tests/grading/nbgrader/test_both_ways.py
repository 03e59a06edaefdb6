"""What `minigrad grade` writes for nbgrader is what `nbgrader autograde` writes: tables and files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from nbconvert.exporters import HTMLExporter

from minigrad.grading.assignment.load import load
from minigrad.grading.authoring.build import build
from minigrad.grading.classroom.run import grade_class
from minigrad.grading.model import Assignment
from minigrad.grading.store.layout import Course
from minigrad.sandbox.errors import SandboxUnavailable
from minigrad.sandbox.server import Server
from tests.grading.handed_in import ADDS, NAME, RIGHT, WRITES, hand_in, new_course, notebook

pytest.importorskip("nbgrader")
pytestmark = pytest.mark.filterwarnings("ignore")  # of nbgrader and what it imports

DATES = f"""
[due]
{NAME} = 2030-01-30T12:00:00Z
[extensions.{NAME}]
extended = 2030-02-06T00:00:00Z
[late]
slope_percent_per_day = 10
"""
ESSAY = "In my own words."


@pytest.fixture
def room(tmp_path: Path) -> tuple[Course, Assignment]:
    """A course with a written question, built and registered."""
    from minigrad.grading.nbgrader import plugin

    try:
        Server().close()
    except SandboxUnavailable as error:
        pytest.skip(str(error))
    course, _ = new_course(tmp_path / "one")
    source = course.authored(NAME) / "notebook.py"
    written = '# %% [markdown] kind="written" id="essay" exercise="essay" points=5\n# Your answer.\n'
    source.write_text(f"{source.read_text()}\n{written}")
    course.dates.write_text(DATES)
    assignment = load(course.authored(NAME))
    build(assignment, course.root / "assignments")
    plugin.register(course, assignment)
    return course, assignment


def at(course: Course, student: str, time: str, content: Any) -> None:
    """Hand in at a time, or without one."""
    stamp = hand_in(course, student, content).parent / "timestamp.txt"
    stamp.write_text(time) if time else stamp.unlink()


def first(course: Course, assignment: Assignment) -> None:
    in_time, late = "2030-01-30 11:00:00 UTC", "2030-02-01 12:00:00 UTC"
    words = "words <img src='x.png' title='a > b'> ![](y.png)"
    at(course, "full", in_time, notebook(assignment, RIGHT, essay=ESSAY, mine=words))
    at(course, "partial", in_time, notebook(assignment, WRITES, essay=ESSAY))
    at(course, "zero", "", notebook(assignment, ADDS))
    at(course, "blank", in_time, notebook(assignment))
    at(course, "refused", late, b"no notebook")
    at(course, "late", late, notebook(assignment, RIGHT))
    at(course, "extended", late, notebook(assignment, RIGHT, essay=ESSAY))
    at(course, "untimely", "yesterday", notebook(assignment, RIGHT))


def second(course: Course, assignment: Assignment) -> None:
    """What some hand in again."""
    at(course, "full", "2030-01-31 12:00:00 UTC", notebook(assignment, ADDS, essay=ESSAY))
    at(course, "zero", "2030-01-30 10:00:00 UTC", notebook(assignment, RIGHT, essay=ESSAY))
    at(course, "refused", "", notebook(assignment, RIGHT))
    at(course, "late", "", b"no notebook any more")


def marked(course: Course) -> None:
    """Points by hand, extra credit and comments."""
    from minigrad.grading.nbgrader import plugin

    with plugin._book(course) as book:
        for student in ("full", "late"):
            book.find_grade("essay", NAME, NAME, student).manual_score = 4.0
            book.find_grade("scale-check", NAME, NAME, student).extra_credit = 1.5
            book.find_comment("essay", NAME, NAME, student).manual_comment = "well put"
        book.find_grade("scale-check", NAME, NAME, "refused").manual_score = 3.0
        book.db.commit()


def ours(course: Course, assignment: Assignment) -> None:
    from minigrad.grading.nbgrader import plugin

    handed_in = course.submissions(NAME)
    assert plugin.record(course, assignment, handed_in, grade_class(course, assignment, handed_in)) == {}


def stock(course: Course, assignment: Assignment) -> None:
    from minigrad.grading.nbgrader import plugin

    with plugin._api(course) as api:
        for student in course.submissions(NAME):
            result = api.autograde(NAME, student, force=True)
            assert result["success"], result


def entries(course: Course) -> list[tuple[Any, ...]]:
    """All that the gradebook holds, by names in place of ids."""
    from nbgrader import api
    from sqlalchemy import inspect

    from minigrad.grading.nbgrader import plugin

    def plain(row: Any) -> dict[str, Any]:
        columns = inspect(row).mapper.columns
        keys = [c.key for c in columns if not (c.primary_key or c.foreign_keys)]
        return {key: getattr(row, key) for key in keys}

    def found() -> Iterator[tuple[Any, ...]]:
        for kind in (api.Assignment, api.Notebook, api.BaseCell, api.SourceCell):
            for row in book.db.query(kind):
                yield (kind.__name__, row.name, plain(row))
        for student in book.students:
            yield ("student", student.id, plain(student))
        for submission in book.db.query(api.SubmittedAssignment):
            who = submission.student.id
            yield ("submission", who, plain(submission))
            for one in submission.notebooks:
                yield ("notebook", who, plain(one))
                yield from (("grade", who, g.name, plain(g)) for g in one.grades)
                yield from (("comment", who, c.name, plain(c)) for c in one.comments)

    with plugin._book(course) as book:
        return sorted(found(), key=lambda row: list(map(str, row)))


def files(course: Course) -> dict[str, tuple[int, Any]]:
    """What lies in autograded/: mode and content."""
    folder = course.work / "autograded"

    def content(path: Path) -> Any:
        return json.loads(path.read_text()) if path.suffix == ".ipynb" else path.read_bytes()

    return {
        str(path.relative_to(folder)): (path.stat().st_mode, content(path))
        for path in folder.rglob("*")
        if path.is_file()
    }


def pages(course: Course, exporter: type | None = None) -> dict[str, str]:
    """Feedback pages by student, by our exporter or by another, as a browser would read them."""
    from nbgrader.apps import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory

    from minigrad.grading.nbgrader import plugin

    settings = plugin.config(course)
    if exporter:
        settings.GenerateFeedback.exporter_class = exporter
    assert NbGraderAPI(CourseDirectory(config=settings), config=settings).generate_feedback(NAME)["success"]
    made = {p.parent.parent.name: p.read_text() for p in course.feedback.rglob("*.html")}
    return {student: str(BeautifulSoup(page, "html.parser")) for student, page in made.items()}


def test_both_ways_write_the_same(room: tuple[Course, Assignment], tmp_path: Path) -> None:
    course, assignment = room
    other = Course.at(tmp_path / "two")
    first(course, assignment)
    grade_class(course, assignment, course.submissions(NAME))  # once: the copy has its reports, too
    shutil.copytree(course.root, other.root)
    ways: list[tuple[Course, Callable[[Course, Assignment], None]]] = [(course, ours), (other, stock)]
    for room_of, way in ways:
        way(room_of, assignment)
    assert entries(course) == entries(other)
    assert files(course) == files(other)
    for room_of, way in ways:
        marked(room_of)
        second(room_of, assignment)
        way(room_of, assignment)
    assert entries(course) == entries(other)
    assert files(course) == files(other)
    made = pages(course)
    assert len(made) == 8
    assert made == pages(other, HTMLExporter)
    grades = [row for row in entries(course) if row[0] == "grade"]
    assert len(grades) == 16
    assert [row[3]["auto_score"] for row in grades if row[1:3] == ("full", "scale-check")] == [0.0]
