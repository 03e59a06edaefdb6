"""Feedback pages are those that nbgrader's own exporter makes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from nbconvert.exporters import HTMLExporter

from minigrad.grading.authoring.build import build
from minigrad.grading.classroom.run import grade_class
from minigrad.grading.store.layout import Course
from tests.grading.handed_in import ADDS, NAME, RIGHT, hand_in, new_course, notebook

pytest.importorskip("nbgrader")
pytestmark = [
    pytest.mark.usefixtures("sandbox"),
    pytest.mark.filterwarnings("ignore"),  # of nbgrader and what it imports
]
PICTURES = "<img src='x.png'> <img src='data:image/png;base64,AAAA' title='a > b'> ![](y.png) `code` $x^2$"


def pages(course: Course, exporter: type | None = None) -> dict[str, str]:
    """Feedback pages by student, by our exporter or by another, as a browser shows them."""
    from nbgrader.apps import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory

    from minigrad.grading.nbgrader import plugin

    settings = plugin.config(course)
    if exporter:
        settings.GenerateFeedback.exporter_class = exporter
    assert NbGraderAPI(CourseDirectory(config=settings), config=settings).generate_feedback(NAME)["success"]
    made = {p.parent.parent.name: p.read_text() for p in course.feedback.rglob("*.html")}
    made = {student: re.sub(r"<!-- as of \w+ -->\s*\Z", "", page).rstrip() for student, page in made.items()}
    return {student: str(BeautifulSoup(page, "html.parser")) for student, page in made.items()}


def test_pages_are_those_of_nbgraders_exporter(tmp_path: Path) -> None:
    from minigrad.grading.nbgrader import plugin

    course, assignment = new_course(tmp_path)
    build(assignment, course.root / "assignments")
    hand_in(course, "right", notebook(assignment, RIGHT, mine=PICTURES))
    hand_in(course, "wrong", notebook(assignment, ADDS, more=PICTURES.replace("<img", "<img alt='a ball'")))
    hand_in(course, "broken", b"no notebook")
    handed_in = course.submissions(NAME)
    assert plugin.record(course, assignment, handed_in, grade_class(course, assignment, handed_in)) == {}
    ours = pages(course)
    assert ours.keys() == {"right", "wrong", "broken"}
    assert "a ball" in ours["wrong"]
    theirs = pages(course, HTMLExporter)
    assert "Score: 0.0 / 10.0)</h4>" in theirs["broken"]
    assert "(no score yet, of 10.0)</h4>" in ours["broken"]
    assert ours == theirs | {"broken": theirs["broken"].replace("Score: 0.0 /", "no score yet, of")}
    course.roster.write_text("student,name\nright,<Ann> Lee\nwrong,\nbroken,\n")
    assert plugin.record(course, assignment, handed_in, grade_class(course, assignment, handed_in)) == {}
    named = pages(course)
    heading = f"<h4>&lt;Ann&gt; Lee: {NAME} (Score: "
    assert named == ours | {"right": ours["right"].replace(f"<h4>{NAME} (Score: ", heading)}
    assert heading in named["right"]
