"""What a person must look at: whom the gradebook asks for, one of each failing answer, answers in words."""

from __future__ import annotations

import dataclasses
import re

import pytest

from minigrad.grading.model import Cell, Exercise, Report, Verdict
from minigrad.grading.report.attention import (
    Answer,
    Question,
    failing_alike,
    needs_person,
    one_of_each,
    people,
    to_mark,
)
from minigrad.grading.report.class_page import class_html
from tests.grading.squares import squares

REFUSED = Report("00-squares", "refused", reason="damaged")


def report(passed: str, mistake: str = "", seen: str = "", name: str = "square", **more: bool) -> Report:
    """Of two checks, those pass whose letters are given."""
    verdicts = tuple(
        Verdict(f"{name}.{c}", name, "", 5, True, c in passed, "" if c in passed else f"{c} is off")
        for c in "ab"
    )
    return Report("00-squares", "graded", (Exercise(name, 10, 0, verdicts, mistake, "", seen),), **more)


def test_the_gradebook_says_who_needs_a_person() -> None:
    reports = {
        "done": report("ab"),
        "asked": report("ab"),
        "blank": report("", blank=True),
        "zero": report("", blank=True),
        "refused": REFUSED,
        "by-hand": REFUSED,
        "behind": report("a"),
        "new": report("a"),
        "unrecorded": REFUSED,
    }
    asked = {
        **dict.fromkeys(("done", "zero", "by-hand", "behind"), ()),
        "asked": ("why", "square-check"),
        "blank": ("why",),
        "refused": ("square-check",),
        "by-nbgrader": ("why",),
    }
    assert people(reports, asked, ["behind"]) == {
        "asked": "points by hand: why, square-check",
        "behind": "the gradebook is behind the last grading",
        "blank": "nothing of the release was changed: was the right file handed in?",
        "by-nbgrader": "points by hand: why",
        "new": "graded, and not in the gradebook yet",
        "refused": "refused: damaged",
        "unrecorded": "refused: damaged",
    }


def test_without_a_gradebook_the_reports_say_it() -> None:
    reports = {"a": report("ab"), "b": REFUSED, "c": report("", blank=True)}
    assert people(reports) == {student: needs_person(reports[student]) for student in ("b", "c")}


def test_the_same_checks_mistake_and_numbers_are_alike() -> None:
    reports = {
        "s1": report("b", "sign", "x"),
        "s2": report("", "sign", "x"),  # other checks
        "s3": report("b", "", "x"),  # another diagnosis
        "s4": report("b", "sign", "y"),  # other numbers
        "s5": report("b", "sign", "x"),
        "s6": report("b", "sign"),  # numbers that nobody knows
        "s7": report("b", "sign"),
        "s8": report("ab"),
        "s9": report("b", "sign", "x", "mean"),
        "s10": report("", blank=True),  # the release as it came: no answer
    }
    found = failing_alike(reports)
    groups = [one.students for one in found]
    assert groups == [("s1", "s5"), *((s,) for s in ("s2", "s3", "s4", "s6", "s7")), ("s9",)]
    assert (found[0].checks, found[0].reason, found[0].mistake) == (("square.a",), "a is off", "sign")
    assert one_of_each(found) == ["square: 7 answers fail in 6 ways; one of each: s1, s2, s3, s4, s6, s7"]
    assert one_of_each(found[:1]) == ["square: 2 answers fail in one way; one of each: s1"]
    page = class_html(reports)
    assert ">s1, s5</td>" in page
    assert "<p>Like no other: <code>square</code> of s2, s3, s4, s6, s7.</p>" in page
    assert ">s2</td>" not in page, "one answer is no group"
    checks = page.split("most failed first</h2>")[1]
    assert re.findall(r"(\d of \d+)</td>", checks) == ["1 of 1", "7 of 8", "1 of 8", "0 of 1"]


def test_what_only_waits_for_another_has_not_failed() -> None:
    made = report("a")
    (exercise,) = made.exercises
    right, wrong = exercise.verdicts
    waits = dataclasses.replace(exercise, verdicts=(right, dataclasses.replace(wrong, failure="waits")))
    assert [one.checks for one in failing_alike({"s": made})] == [("square.b",)]
    assert failing_alike({"s": dataclasses.replace(made, exercises=(waits,))}) == []


def test_answers_to_mark_stand_below_their_question_equal_ones_once() -> None:
    asked = dict.fromkeys(("a", "b", "c", "d", "g", "gone"), ("why",)) | {"e": ("square-check",), "f": ()}
    written = {
        "a": {"why": " Because. "},
        "b": {"why": "Because."},
        "c": {"why": "*Your answer*", "": "It stands <here>."},
        "d": {"why": "*Your answer*"},
        "e": {"why": "not asked for"},
        "f": {"why": "marked"},
        "g": {"why": " "},
    }
    (question,) = found = to_mark(squares(), asked, written)
    answers = Answer("Because.", ("a", "b")), Answer("It stands <here>.", ("c",))
    assert question == Question("why", 5.0, "*Your answer*", answers), "the text above is of another exercise"
    assert question.count == 3
    page = class_html({}, questions=found, names={"a": "Ann"})
    assert "<b>a Ann, b</b></p>\n<pre>Because.</pre>" in page
    assert "<pre>It stands &lt;here&gt;.</pre>" in page
    assert to_mark(squares(), {"d": ("why",)}, written) == [], "an answer that is none"


@pytest.mark.parametrize("between", [[], [Cell("look", "lab", "plot()")]])
def test_a_question_is_what_stands_above_the_answer_and_in_its_cell(between: list[Cell]) -> None:
    *before, why = squares().cells
    ask = Cell("ask", "text", "### Why?", markdown=True)
    asking = squares(cells=(*before, ask, *between, dataclasses.replace(why, source="Say *why*:")))
    (question,) = to_mark(asking, {"a": ("why",)}, {"a": {"why": "So."}})
    assert question.text == "### Why?\n\nSay *why*:"
