"""Limits of making a submission canonical: which locked cell moves, and what stands for a lost cell."""

from __future__ import annotations

from minigrad.grading.intake.canonical import Intake, intake
from minigrad.grading.model import Assignment, Cell
from tests.grading.intake.test_canonical import CELLS, TASK, book, ids, raw, release
from tests.grading.intake.test_match import answered, sources

MOVED = "this locked cell was moved; it ran before the answers that follow it"
ELSEWHERE = "this locked cell stands elsewhere than in the release"


def ordered(release: str, handed_in: str) -> tuple[str, list[str]]:
    """The order of cells after intake, and the notes: small letters are locked code, large ones answers."""
    cells = tuple(Cell(c, "define" if c.islower() else "solution", f"{c} = 1") for c in release)
    task = Assignment("a", cells, {}, (), frozenset(), {})
    taken = intake(book([raw(c, f"{c} = 1", grade_id=c) for c in handed_in]), task)
    return "".join(ids(taken)), list(taken.notes)


def test_a_locked_cell_goes_back_before_the_first_answer_that_follows_it():
    assert ordered("aXY", "XYa") == ("aXY", [f"`a`: {MOVED}"])
    assert ordered("aXY", "XaY") == ("aXY", [f"`a`: {MOVED}"])
    assert ordered("aXY", "YaX") == ("aYX", [f"`a`: {MOVED}"])
    assert ordered("aXY", "aYX") == ("aYX", [])
    assert ordered("XaY", "XaY") == ("XaY", [])


def test_a_locked_cell_stays_where_an_answer_that_it_may_need_would_come_later():
    assert ordered("XaY", "YXa") == ("YXa", [f"`a`: {ELSEWHERE}"])
    assert ordered("XaYZ", "YXZa") == ("YXZa", [f"`a`: {ELSEWHERE}"])  # between two that follow it
    assert ordered("XaY", "YaX") == ("YaX", [f"`a`: {ELSEWHERE}"])
    assert ordered("XaY", "aXY") == ("aXY", [])


def test_each_locked_cell_is_looked_at_whatever_became_of_those_before_it():
    assert ordered("aXbY", "aXYb") == ("aXbY", [f"`b`: {MOVED}"])
    assert ordered("XaYbZ", "YXaZb") == ("YXabZ", [f"`a`: {ELSEWHERE}", f"`b`: {MOVED}"])


def test_another_answer_that_defines_just_what_a_lost_cell_should_stands_for_it():
    cells = [c for c in answered(square="def cube(x): return 1") if c["id"] != "cube"]
    result = intake(book(cells), TASK)
    assert sources(result)["cube"] == ""
    assert result.notes == ("`cube`: the cell is missing; another cell defines what it should",)


def test_words_and_locked_code_that_define_a_name_stand_for_nothing():
    cells = [c for c in release() if c["id"] != "cube"]
    result = intake(book([*cells, raw("x", "def cube(x): ...", markdown=True)]), TASK)
    assert sources(result)["cube"] == CELLS[5].source
    locked = Assignment("a", (Cell("d", "define", "def f(): ..."), Cell("f", "solution", "def f(): ...")),
                        {}, (), frozenset(), {})  # fmt: skip
    assert sources(intake(book([raw("d", "def f(): ...", grade_id="d")]), locked))["f"] == "def f(): ..."


def test_edited_points_are_noted_where_points_are_and_equal_ones_are_not():
    for id, noted in (("square-check", True), ("why", True), ("imports", False), ("square", False)):
        cells = release()
        cell = next(c for c in cells if c["id"] == id)
        cell["metadata"]["nbgrader"]["points"] = 3.5
        notes = intake(book(cells), TASK).notes
        points = next(c.points for c in TASK.cells if c.id == id)
        assert notes == ((f"`{id}`: worth {points:g} points, whatever the file says",) if noted else ())


def test_own_cells_are_numbered_from_one_past_the_releases_ids():
    task = Assignment("a", (Cell("own-1", "lab", "1"), Cell("own-3", "lab", "3")), {}, (), frozenset(), {})
    cells = [raw("own-1", "1"), raw("x", "2"), raw("y", "4", markdown=True), raw("own-3", "3"), raw("z", " ")]
    assert ids(intake(book(cells), task)) == ["own-1", "own-2", "own-4", "own-3"]


def test_only_answers_and_code_of_the_students_own_make_a_notebook_not_blank():
    def blank(*more, **answers):
        return intake(book([*answered(**answers), *more]), TASK).blank

    assert blank()
    assert blank(raw("x", "words", markdown=True))
    assert blank(**{"square-check": "1", "imports": "1"})
    assert not blank(raw("x", "1"))
    assert not blank(square="1")
    assert not blank(why="because")
    assert not Intake(()).blank
