"""What a report becomes in the gradebook, at its limits, on what stands for nbgrader's own objects."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from nbformat import NotebookNode
from nbgrader.api import MissingEntry

from minigrad.grading.model import Assignment, Cell, Exercise, GradingError, Refused, Report
from minigrad.grading.nbgrader import gradebook
from minigrad.grading.nbgrader.gradebook import Entry
from minigrad.grading.rules.late import Late
from minigrad.grading.store.dates import Dates
from minigrad.grading.store.layout import Course

DUE = datetime(2030, 2, 1, 12, tzinfo=UTC)
CELLS = (
    Cell("a", "solution", ""),
    Cell("a-check", "check", "", 3.0, exercise="a"),
    Cell("why", "written", "", 2.0),
)
TASK = Assignment("hw", CELLS, {}, (), frozenset(), {})
LATE = Late(slope_percent_per_day=100)


class Book:
    """A gradebook with one assignment."""

    def __init__(self, known=()):
        self.notebook = SimpleNamespace(grade_cells=[SimpleNamespace(name=n, max_score=p) for n, p in known])

    def find_notebook(self, notebook, name):
        if name != "hw":
            raise MissingEntry
        return self.notebook


def line(*grades, comments=(), late=0.0):
    """A submission of ann's in the gradebook."""
    submission = SimpleNamespace(
        extension="old",
        total_seconds_late=late,
        student=SimpleNamespace(id="ann"),
        assignment=SimpleNamespace(name="hw", duedate="old"),
    )
    return SimpleNamespace(
        grades=grades, comments=comments, assignment=submission, late_submission_penalty="old"
    )


def grade(name="a-check", manual=None, auto=None, needs="old", extra=None):
    return SimpleNamespace(
        cell=SimpleNamespace(name=name),
        manual_score=manual,
        auto_score=auto,
        extra_credit=extra,
        needs_manual_grade=needs,
    )


def enter(line, scores=None, blank=(), dates=None, anew=()):
    """By a gradebook that is asked for nothing: all is in the line."""
    scores = scores or {g.cell.name: g.auto_score for g in line.grades}
    dates = dates or Dates(due={"hw": DUE}, late=LATE)
    gradebook.enter(None, line, Entry(scores, frozenset(blank)), dates, anew)
    return line


# Scores


def test_a_score_is_entered_and_where_there_is_none_a_person_is_asked():
    one, none, zero = grade("one"), grade("none"), grade("zero")
    enter(line(one, none, zero), {"one": 2.5, "none": None, "zero": 0.0})
    assert [(g.auto_score, g.needs_manual_grade) for g in (one, none, zero)] == [
        (2.5, False),
        (None, True),
        (0.0, False),
    ]


@pytest.mark.parametrize(
    ("manual", "auto", "anew", "asked"),
    [
        (1.0, 2.5, {"a-check"}, True),
        (1.0, 2.5, {"other"}, "old"),
        (1.0, 2.0, {"other"}, True),
        (1.0, None, {"other"}, True),
        (0.0, 2.5, {"other"}, "old"),
        (None, 2.0, {"other"}, False),
    ],
)
def test_points_by_hand_are_looked_at_again_where_the_work_or_its_score_is_another(manual, auto, anew, asked):
    one = grade(manual=manual, auto=auto)
    enter(line(one), {"a-check": 2.5}, anew=anew)
    assert (one.manual_score, one.auto_score, one.needs_manual_grade) == (manual, 2.5, asked)


def test_what_was_left_blank_is_said_of_graded_work_alone():
    release = SimpleNamespace(
        cells=[NotebookNode(id=c.id, source="", cell_type="code", metadata={}) for c in CELLS]
    )
    graded = Report("hw", "graded", (Exercise("a", 3.0, 2.0, ()),))
    assert gradebook.entry(TASK, release, graded) == Entry(
        {"a-check": 2.0, "why": 0.0}, frozenset({"a", "why"})
    )
    assert gradebook.entry(TASK, release, Report("hw", "refused")) == Entry({"a-check": None, "why": None})
    blank, other = (SimpleNamespace(cell=SimpleNamespace(name=n), auto_comment=1) for n in "bo")
    enter(line(comments=(blank, other)), blank=("b",))
    assert (blank.auto_comment, other.auto_comment) == ("No response.", None)


# Time


@pytest.mark.parametrize(
    ("late", "score", "penalty"),
    [(-1.0, 10.0, None), (0.0, 10.0, None), (0.5, 10.0, 10 * 0.5 / 86_400), (1.0, 10.0, 10 / 86_400),
     (10 * 86_400.0, 10.0, 10.0), (10 * 86_400.0, 0.0, 0.0)],
)  # fmt: skip
def test_lateness_costs_from_the_first_moment_on_and_no_more_than_there_is(late, score, penalty):
    found = enter(line(grade(auto=score), late=late)).late_submission_penalty
    assert found == (penalty if penalty is None else pytest.approx(penalty))


def test_lateness_costs_of_points_by_hand_and_extra_credit_too():
    grades = grade("one", manual=4.0, auto=9.0, extra=1.0), grade("two", auto=3.0), grade("three", extra=9.0)
    assert enter(line(*grades, late=86_400.0 / 2)).late_submission_penalty == 4.0


@pytest.mark.parametrize(
    ("until", "extension"),
    [(None, None), (DUE, None), (DUE - timedelta(1), None), (DUE + timedelta(hours=1), timedelta(hours=1))],
)
def test_an_extension_is_the_time_behind_the_due_date(until, extension):
    dates = Dates(due={"hw": DUE}, extensions={"hw": {"ann": until} if until else {"bo": DUE + timedelta(9)}})
    found = enter(line(), dates=dates).assignment
    assert (found.extension, found.assignment.duedate) == (extension, DUE.replace(tzinfo=None))


def test_an_assignment_without_a_due_date_keeps_what_it_was_told():
    found = enter(line(), dates=Dates(due={"other": DUE})).assignment
    assert (found.extension, found.assignment.duedate) == ("old", "old")


def test_a_time_is_in_utc_without_its_zone():
    submission = SimpleNamespace()
    gradebook.set_time(submission, DUE)
    assert submission.timestamp == datetime(2030, 2, 1, 12)
    gradebook.set_time(submission, None)
    assert submission.timestamp is None


# Who is asked, and what is refused


def test_a_person_is_asked_about_every_part_of_a_submission():
    grades = grade(), grade("b", needs=False)
    gradebook.ask_a_person(line(*grades))
    assert [g.needs_manual_grade for g in grades] == [True, True]


def test_a_name_of_128_characters_on_one_line_can_be_kept():
    gradebook.demand_name("a" * 128)
    for name in ("a" * 129, "a\nb", "\x1b"):
        with pytest.raises(Refused, match="with at most 128 letters"):
            gradebook.demand_name(name)


def test_other_points_than_the_sources_are_named():
    right = [("a-check", 3.0), ("why", 2.0)]
    gradebook.demand_points(Book(known=right), TASK, ())
    for known, named in (
        ([("a-check", 2.0), ("why", 2.0)], "the points of a-check are"),
        ([("why", 2.0)], "the points of a-check are"),
        ([*right, ("more", 1.0)], "the points of more are"),
        ([("a-check", 1.0)], "the points of a-check, why are"),
    ):
        with pytest.raises(GradingError, match=named):
            gradebook.demand_points(Book(known=known), TASK, ())


# The gradebook itself


@pytest.fixture
def course(tmp_path):
    return Course.at(tmp_path, tmp_path / "classes" / "one")


def with_database(course):
    course.dates.parent.mkdir(parents=True, exist_ok=True)
    course.dates.write_text('[gradebook]\ndb_url = "postgresql://host/db"\n')


def test_the_gradebook_is_a_file_unless_the_course_names_a_database(course):
    assert gradebook.url(course) == f"sqlite:///{course.gradebook}"
    with_database(course)
    assert gradebook.url(course) == "postgresql://host/db"


def test_what_nbgrader_warns_of_is_not_shown_and_all_else_is():
    with gradebook.for_nbgrader():
        warnings.warn("old ways", stacklevel=1)
    with pytest.warns(UserWarning, match="new ways"):
        warnings.warn("new ways", stacklevel=1)


def opened(monkeypatch, book):
    """In place of what opens a gradebook."""

    @contextmanager
    def open_it(where):
        assert where.startswith(("sqlite:", "postgresql:"))
        yield book

    monkeypatch.setattr(gradebook, "Reopened", open_it)


def test_a_folder_for_the_gradebook_is_made_where_there_is_none(course, monkeypatch):
    opened(monkeypatch, it := Book())
    for _ in range(2):
        with gradebook.book(course) as book:
            assert book is it
    assert course.work.is_dir()


def test_an_assignment_is_registered_where_the_gradebook_knows_it(course, monkeypatch):
    opened(monkeypatch, Book())
    assert not gradebook.registered(course, "hw"), "there is no file"
    assert not course.work.exists(), "and none is made"
    course.work.mkdir(parents=True)
    course.gradebook.touch()
    assert gradebook.registered(course, "hw")
    assert not gradebook.registered(course, "other")
    course.gradebook.unlink()
    with_database(course)
    assert gradebook.registered(course, "hw"), "a database needs no file"


def test_cells_that_changed_below_submissions_are_told_with_the_remedy(course, monkeypatch):
    def named(*names):
        return [SimpleNamespace(name=n) for n in names]

    book = Book()
    opened(monkeypatch, book)
    course.work.mkdir(parents=True)
    course.gradebook.touch()
    same = {"source_cells": named("a", "a-check", "why"), "grade_cells": named("a-check", "why"),
            "solution_cells": named("a", "why")}  # fmt: skip
    for other in (
        {},
        {"source_cells": named("a", "a-check")},
        {"grade_cells": named("a-check")},
        {"solution_cells": named("a")},
        {"solution_cells": named("a", "why", "b")},
    ):
        book.notebook = SimpleNamespace(**{**same, **other}, submissions=[])
        gradebook.demand_cells(course, TASK)
        book.notebook.submissions = ["one"]
        if not other:
            gradebook.demand_cells(course, TASK)
            continue
        with pytest.raises(
            GradingError, match=r"^hw: its cells are others, and gradebook.db has submissions"
        ):
            gradebook.demand_cells(course, TASK)
