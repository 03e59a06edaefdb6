"""Feedback pages are those that nbgrader's own exporter makes."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from nbconvert.exporters import HTMLExporter
from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor

from minigrad.cli import main
from minigrad.grading.authoring.build import build
from minigrad.grading.classroom.run import grade_class
from minigrad.grading.model import GradingError
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
    from nbgrader.preprocessors import GetGrades

    from minigrad.grading.nbgrader import plugin

    settings = plugin.config(course)
    if exporter:
        settings.GenerateFeedback.exporter_class = exporter
        settings.GenerateFeedback.preprocessors = [GetGrades, CSSHTMLHeaderPreprocessor]
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


def files(course: Course) -> dict[str, bytes]:
    return {str(p.relative_to(course.feedback)): p.read_bytes() for p in course.feedback.rglob("*.*")}


def test_pages_made_side_by_side_are_those_of_stock_nbgrader(tmp_path: Path, monkeypatch, capsys) -> None:
    """Byte for byte, with all that lies beside them: late, by hand, commented, refused, with late days."""
    from minigrad.grading.nbgrader import plugin

    course, assignment = new_course(tmp_path)
    build(assignment, course.root / "assignments")
    course.dates.write_text(
        f"[due]\n{NAME} = 2030-01-29T12:00:00Z\n[late]\nslope_percent_per_day = 20\nbudget_days = 1\n"
    )
    for student, answer in {"ann": RIGHT, "bo": ADDS, "cy": RIGHT}.items():
        hand_in(course, student, notebook(assignment, answer, mine=PICTURES))
    hand_in(course, "di", b"no notebook")
    handed_in = course.submissions(NAME)
    assert plugin.record(course, assignment, handed_in, grade_class(course, assignment, handed_in)) == {}
    with plugin.book(course) as book:
        grade = book.find_grade("scale-check", NAME, NAME, "cy")
        grade.manual_score, grade.extra_credit = 7.3, 0.1
        book.find_comment("scale", NAME, NAME, "cy").manual_comment = "**well** put"
        book.db.commit()
    pages(course)
    stock = files(course)
    assert b"<strong>well</strong> put" in stock[f"cy/{NAME}/{NAME}.html"]
    assert b"1.48" in stock[f"cy/{NAME}/{NAME}.html"], "a fifth of points by hand and extra credit"
    monkeypatch.setattr(plugin, "PAGES", 2)
    monkeypatch.setattr(plugin, "WORTH", 2)
    for workers in ("1", "2"):
        shutil.rmtree(course.feedback)
        assert main(["--course", str(course.root), "feedback", NAME, "--workers", workers]) == 0
        assert files(course) == stock
        assert f"wrote the pages of feedback of {NAME}: 4 in" in capsys.readouterr().err


def test_one_page_that_cannot_be_made_keeps_no_other_out(tmp_path: Path) -> None:
    from minigrad.grading.nbgrader import plugin

    course, assignment = new_course(tmp_path)
    build(assignment, course.root / "assignments")
    with pytest.raises(GradingError, match=f"nothing of {NAME} is recorded: run `minigrad grade {NAME}`"):
        plugin.feedback(course, NAME)
    for student in ("ann", "bo"):
        hand_in(course, student, notebook(assignment, RIGHT))
    handed_in = course.submissions(NAME)
    assert plugin.record(course, assignment, handed_in, grade_class(course, assignment, handed_in)) == {}
    stranger = course.autograded / "zoe" / NAME / f"{NAME}.ipynb"
    stranger.parent.mkdir(parents=True)
    stranger.write_bytes((course.autograded / "bo" / NAME / f"{NAME}.ipynb").read_bytes())
    (course.autograded / "ann" / NAME / f"{NAME}.ipynb").write_text("{")
    with pytest.raises(GradingError, match=r"of ann: .*property name.*; zoe: .*has nothing of zoe"):
        plugin.feedback(course, NAME)
    assert {p.parts[-3] for p in course.feedback.rglob("*.html")} == {"bo"}
