"""Feedback pages: a summary first, whose links lead to the cells; and nothing is loaded, on any screen."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup

from minigrad.cli import main
from minigrad.grading.classroom.run import grade_class
from minigrad.grading.model import GradingError
from minigrad.grading.store.layout import Course
from tests.browser import chromium, needs_chromium
from tests.grading.builds import build
from tests.grading.handed_in import ADDS, NAME, RIGHT, hand_in, new_course, notebook
from tests.recorded import Loads

pytest.importorskip("nbgrader")
pytestmark = [
    pytest.mark.usefixtures("sandbox"),
    pytest.mark.filterwarnings("ignore"),  # of nbgrader and what it imports
]
PICTURES = (
    "<img src='x.png'> <img src='data:image/png;base64,AAAA' title='a > b'> ![](y.png) "
    f"`code` {'word' * 60} $x_{{{'y' * 60}}}$ <script>alert(1)</script>"
)
LONG = "# " + "a long line of a comment " * 12
TEMPLATE = Path(__file__).parents[3] / "minigrad" / "grading" / "report" / "templates" / "page.html"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Pages of feedback by student."""
    from minigrad.grading.nbgrader import plugin

    course, assignment = new_course(tmp_path_factory.mktemp("course"))
    build(assignment, course.root / "assignments")
    course.roster.write_text("student,name\nright,<Ann> Lee\nwrong,\nbroken,\nblank,\n")
    hand_in(course, "right", notebook(assignment, f"{RIGHT}\nprint('ready')", mine=PICTURES))
    hand_in(course, "wrong", notebook(assignment, f"{ADDS}\n{LONG}", mine=PICTURES, more="Some *more*."))
    hand_in(course, "blank", notebook(assignment, **{"scale-check": "check('scale')"}))
    hand_in(course, "broken", b"no notebook")
    handed_in = course.submissions(NAME)
    assert plugin.record(course, assignment, handed_in, grade_class(course, assignment, handed_in)) == {}
    plugin.feedback(course, NAME)
    return written(course)


def written(course: Course) -> dict[str, Path]:
    return {p.parent.parent.name: p for p in course.feedback.rglob("*.html")}


def soup(page: Path) -> BeautifulSoup:
    return BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")


def words(element: object) -> str:
    return " ".join(element.get_text(" ").split())  # type: ignore[attr-defined]


def test_a_page_begins_with_a_summary(pages: dict[str, Path]) -> None:
    page = soup(pages["wrong"])
    assert [words(h) for h in page.find_all("h2")[:4]] == [
        "Points",
        "What lost points",
        "What next",
        "Your notebook",
    ]
    assert words(page.find("header")) == f"{NAME} 0 of 10 points"
    assert words(page.find(class_="points")) == "scale 0 of 10"
    lost = page.find("ul", class_="lost")
    assert [words(b) for b in lost.find_all("b")] == ["✗"], "two checks of one sentence"
    assert len(lost.find_all("small")) == 2
    assert "`" not in words(lost)
    assert "is off by about" in words(lost)
    assert words(page.find(class_="hint")) == "Hint: The factor is added; it should multiply."
    assert 'Begin with scale . In the notebook, check("scale") compares' in words(page)


@pytest.mark.parametrize(("public", "told"), [(True, "compares what you get"), (False, "are hidden ones")])
def test_nobody_is_sent_to_a_check_that_passes(public: bool, told: str) -> None:
    from minigrad.grading.nbgrader.feedback.page import Lost, Part, _next

    lost = (Lost("fail", "A sentence.", "off"),)
    (said,) = _next([Part("scale-check", "scale", 5.0, 10.0, lost, public=public)], False)
    assert told in said


def test_an_answer_that_nobody_has_marked_yet_has_no_score(tmp_path: Path) -> None:
    """No 0 before a person has looked; but points that a person gave an older text count, as in nbgrader,
    until one looks again."""
    from minigrad.grading.nbgrader import plugin

    course, assignment = new_course(tmp_path)
    build(assignment, course.root / "assignments")
    hand_in(course, "ann", notebook(assignment, RIGHT))
    handed_in = course.submissions(NAME)
    assert plugin.record(course, assignment, handed_in, grade_class(course, assignment, handed_in)) == {}
    with plugin.book(course) as book:
        grade = book.find_grade("scale-check", NAME, NAME, "ann")
        grade.auto_score, grade.manual_score, grade.needs_manual_grade = None, None, True
        book.db.commit()
    plugin.feedback(course, NAME)
    page = soup(written(course)["ann"])
    assert words(page.find(class_="points")) == "scale no score yet, of 10"
    assert "A person will look at scale ." in words(page)
    with plugin.book(course) as book:
        book.find_grade("scale-check", NAME, NAME, "ann").manual_score = 3.0
        book.db.commit()
    assert plugin.totals(course, NAME)[1]["ann"].score == 3.0
    plugin.feedback(course, NAME)
    page = soup(written(course)["ann"])
    assert words(page.find(class_="score")) == (
        "3 of 10 points so far; scale was marked 3 of 10 before it changed, and is to be marked again"
    )
    assert words(page.find(class_="points")) == "scale 3 of 10"
    assert "A person will look at scale again; until then the points of before count." in words(page)
    with plugin.book(course) as book:
        book.find_grade("scale-check", NAME, NAME, "ann").needs_manual_grade = False
        book.db.commit()
    plugin.totals(course, NAME)
    assert not written(course), "a page that says so is no longer true"


def test_links_lead_to_the_cells_and_each_exercise_has_its_name(pages: dict[str, Path]) -> None:
    for student, path in pages.items():
        page = soup(path)
        anchors = [
            a["href"][1:] for a in page.select("main a[href^='#']") if "anchor-link" not in a.get("class", [])
        ]
        assert anchors
        assert all(len(page.find_all(id=anchor)) == 1 for anchor in anchors)
        assert next(words(h) for h in page.select(".graded h3")).startswith("scale: ")
        assert "Test cell" not in words(page)
        assert page.find("summary") or student == "broken", "the texts of the release, folded"


def test_the_name_the_full_score_and_what_is_to_do_are_told(pages: dict[str, Path]) -> None:
    right = soup(pages["right"])
    assert words(right.find("header")) == f"<Ann> Lee: {NAME} 10 of 10 points"
    assert "Nothing: all points are yours." in words(right)
    assert "What lost points" not in words(right)
    assert "ready" in words(right.find("pre", class_="printed"))
    blank = soup(pages["blank"])
    assert "What was noted scale-check : the check cell was edited; this has no effect" in words(blank)
    assert words(blank.find("ul", class_="lost")) == "– all 2 checks scale is still to do"


def test_what_was_not_graded_has_its_reason_and_no_score(pages: dict[str, Path]) -> None:
    page = soup(pages["broken"])
    assert words(page.find("header")).startswith(
        f"{NAME} no score yet, of 10 points This submission could not be graded:"
    )
    assert words(page.find(class_="points")) == "scale no score yet, of 10"
    assert "A person will look at scale ." in words(page)
    assert "0 of 10" not in words(page)
    assert words(page).count("the file is not a notebook") == 1
    assert page.find(class_="k") is None, "no stub of the release is shown as the answer"
    assert "your answer" not in words(page)


def graded_part(score: float, lost: tuple[object, ...] = (), **marks: object) -> tuple[Any, tuple[str, ...]]:
    """What a page tells of one grade cell, and what comes next."""
    from minigrad.grading.nbgrader.feedback.page import page as laid_out

    nbformat = pytest.importorskip("nbformat")
    cell = nbformat.v4.new_markdown_cell("My answer.")
    cell.metadata = {
        "nbgrader": {
            "grade": True,
            "solution": True,
            "grade_id": "essay",
            "score": score,
            "points": 5,
            **marks,
        },
        "minigrad": {"lost": lost},
    }
    grades = {"notebook": NAME, "score": score, "max_score": 5, "late_penalty": 0}
    made = laid_out(nbformat.v4.new_notebook(cells=[cell]), grades, str, str, str)
    return made.parts[0], made.next


def test_points_so_far_stand_apart_from_those_that_a_person_is_to_give() -> None:
    from minigrad.grading.nbgrader.feedback.page import Page, Part
    from minigrad.grading.report.templating import render

    def headline(score: float | None, *parts: Part) -> str:
        page = Page(NAME, score, sum(p.points for p in parts), parts, (), ())
        return words(BeautifulSoup(render("page.html", page=page), "html.parser").find(class_="score"))

    done, essay = Part("a", "a", 100.0, 100.0), Part("essay", "essay", None, 5.0)
    assert headline(100.0, done, essay) == "100 of 100 points so far; 5 more are still to be marked"
    assert headline(104.5, done, replace(essay, score=4.5)) == "104.5 of 105 points"
    assert headline(0.0, essay) == "no score yet, of 5 points"
    before = replace(essay, score=2.0, again=True)
    told = "essay was marked 2 of 5 before it changed, and is to be marked again"
    assert headline(102.0, done, before) == f"102 of 105 points so far; {told}"
    more = replace(essay, points=4.0)
    assert headline(2.0, before, more) == f"2 of 5 points so far; 4 more are still to be marked; {told}"
    assert headline(None, replace(done, score=None), essay) == "no score yet, of 105 points"


def test_points_that_a_person_took_stand_in_the_summary_with_the_comment() -> None:
    part, next = graded_part(3.5, comment="Too short.")
    assert [line.says for line in part.lost] == ["A person gave 3.5 of 5 points."]
    assert part.comment == "Too short."
    assert next == ("Read the comment on `essay`, above.",)
    part, next = graded_part(3.5)
    assert next == ("Ask your instructor what was missing in `essay`.",)
    part, next = graded_part(5.0, comment="Well put.")
    assert (part.lost, next) == ((), ("Nothing: all points are yours.",))


@pytest.mark.parametrize("score", [0.0, 3.5, 5.0])
def test_points_of_before_an_answer_changed_are_told_as_that(score: float) -> None:
    part, next = graded_part(score, again=True)
    assert (part.score, part.again) == (score, True)
    assert [line.says for line in part.lost] == [
        f"A person gave {score:g} of 5 points, before it changed."
    ] * (score < 5)
    assert next == ("A person will look at `essay` again; until then the points of before count.",)


def test_an_answer_in_words_that_was_left_empty_is_told_as_that() -> None:
    part, next = graded_part(0.0, comment="No response.")
    assert [line.says for line in part.lost] == ["Your answer was left empty."]
    assert next == ()


def test_what_a_decision_gave_back_is_not_told_as_lost() -> None:
    lost = (["fail", "A sentence.", "off"],)
    assert [line.says for line in graded_part(4.0, lost)[0].lost] == ["A sentence."]
    assert graded_part(5.0, lost)[0].lost == ()


def test_nothing_is_loaded_or_run(pages: dict[str, Path]) -> None:
    for path in pages.values():
        body = path.read_text(encoding="utf-8").partition("<body>")[2]
        assert Loads(body).found == []
        head = path.read_text(encoding="utf-8").partition("<body>")[0]
        assert "url(" not in head
        assert "<script" not in head
        assert "<link" not in head


def luminance(colour: str) -> float:
    full = colour if len(colour) == 6 else "".join(c * 2 for c in colour)
    parts = [int(full[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """As WCAG 2 has it: 1 to 21; AA asks for 4.5 of ordinary text."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_every_colour_of_text_can_be_read_on_both_grounds_of_both_themes() -> None:
    assert round(contrast("fff", "000"), 6) == 21
    light, dark = re.findall(r":root \{(.*?)\}", TEMPLATE.read_text(encoding="utf-8"), re.S)
    for theme in (light, dark):
        colours = dict(re.findall(r"--(\w+): #([0-9a-f]{3,6})\b", theme))
        assert len(colours) == 12
        inks = colours.keys() - {"paper", "soft", "line"}
        assert {(ink, ground) for ink in inks for ground in ("paper", "soft")
                if contrast(colours[ink], colours[ground]) < 4.5} == set()  # fmt: skip


@needs_chromium
def test_a_page_fits_a_phone_and_a_desk_in_both_themes(pages: dict[str, Path], tmp_path: Path) -> None:
    grounds = set()
    with chromium(tmp_path) as browser:
        for width in (390, 1280):
            for theme in ("light", "dark"):
                browser.emulate(width, theme)
                browser.open(pages["wrong"].as_uri())
                assert browser.run("return document.documentElement.scrollWidth <= innerWidth"), (
                    width,
                    theme,
                )
                wide = browser.run("return document.querySelector('.told td:nth-child(2)').clientWidth")
                assert wide > 300, "a sentence has the width of the page, also on a phone"
                tops = browser.run("return [...document.querySelectorAll('h2')].map(h => h.offsetTop)")
                assert all(a < b for a, b in pairwise(tops))
                assert browser.run("return performance.getEntriesByType('resource').length") == 0
                assert browser.complaints() == []
                grounds.add(browser.run("return getComputedStyle(document.body).backgroundColor"))
    assert len(grounds) == 2


def files(course: Course) -> dict[str, bytes]:
    return {str(p.relative_to(course.feedback)): p.read_bytes() for p in course.feedback.rglob("*.*")}


def generate(course: Course) -> None:
    """Make the pages as `nbgrader generate_feedback` does."""
    from nbgrader.apps import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory

    from minigrad.grading.nbgrader import plugin

    settings = plugin.config(course)
    assert NbGraderAPI(CourseDirectory(config=settings), config=settings).generate_feedback(NAME)["success"]


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
    generate(course)
    stock = files(course)
    assert b"<strong>well</strong> put" in stock[f"cy/{NAME}/{NAME}.html"]
    assert b"1.5 points are taken off" in stock[f"cy/{NAME}/{NAME}.html"], "a fifth of points by hand and extra credit"
    monkeypatch.setattr(plugin, "PAGES", 2)
    monkeypatch.setattr(plugin, "WORTH", 2)
    for workers in ("1", "2"):
        shutil.rmtree(course.feedback)
        assert main(["--course", str(course.root), "feedback", NAME, "--workers", workers]) == 0
        assert files(course) == stock
        assert f"wrote the pages of feedback of {NAME}: 4 in" in capsys.readouterr().out


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
