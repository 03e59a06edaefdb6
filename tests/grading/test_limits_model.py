"""What passes between the grader's parts, at its limits: what runs, what is worth points, what is clean."""

from __future__ import annotations

import dataclasses

import pytest

from minigrad.checks import check
from minigrad.grading.model import (
    ANSI,
    Alike,
    Assignment,
    Cell,
    CellRun,
    Evidence,
    Exercise,
    Failure,
    Limits,
    Observation,
    Pair,
    Ran,
    Report,
    Verdict,
    Words,
    clean,
)


@pytest.mark.parametrize("kind", ["text", "define", "solution", "written", "check", "lab", "own"])
def test_of_code_three_kinds_run_and_of_words_none(kind):
    assert Cell("a", kind, "x").runs == (kind in ("define", "solution", "own"))
    assert not Cell("a", kind, "x", markdown=True).runs


CELLS = (
    Cell("a", "solution", "stub a"),
    Cell("b", "solution", "stub b"),
    Cell("a-check", "check", "check()", 3.0, exercise="a"),
    Cell("why", "written", "...", 2.0, True, "why"),
)


def task(cells=CELLS, **more):
    return Assignment("00-a", cells, {"a": "x = 1", "b": "y = 2"}, (), frozenset(), {}, **more)


def test_an_assignment_knows_its_points_its_checks_and_its_solution():
    first, second = (check(exercise="a", says="")(f) for f in (lambda s, r: 1, lambda s, r: 2))
    first, second = (dataclasses.replace(c, name=n) for c, n in ((first, "a.1"), (second, "a.2")))
    one = dataclasses.replace(task(), checks=(first, second))
    assert one.exercises() == {"a": 3.0}
    assert (one.check("a.1"), one.check("a.2")) == (first, second)
    assert [c.source for c in one.solved()] == ["x = 1", "y = 2", "check()", "..."]
    assert [c.source for c in one.solved({"b": "z"})] == ["x = 1", "z", "check()", "..."]
    assert one.engine
    assert one.graded
    assert not task(CELLS[:2]).graded
    assert task((Cell("w", "written", "", 0.5),)).graded


def test_what_nobody_said_is_what_is_usual():
    assert Cell("a", "text", "x") == Cell("a", "text", "x", 0.0, False, "")
    assert Limits() == Limits(cells_cpu=20.0, total_cpu=60.0, wall=600.0, memory_mb=1024, restarts=3)
    assert Ran() == Ran((), 0.0, True, ())
    assert Observation({}).training_cpu == 0.0
    assert Report("a", "graded") == Report("a", "graded", (), "", (), (), 0.0, 0.0, False, True)
    assert Evidence() == Evidence({}, None, None, Words("", "", ""))
    assert CellRun("a") == CellRun("a", "", "")
    assert Verdict("c", "e", "s", 1.0, True, True).failure is None


def test_data_cannot_be_changed_and_equal_ones_are_equal():
    made = (
        Failure("todo", "r"),
        Words(),
        Exercise("e", 2.0, 1.0, ()),
        Limits(),
        Ran(),
        Report("a", "graded"),
        Pair(("ann", "bo"), 1.0),
        Alike(("ann", "bo"), (Pair(("ann", "bo"), 1.0),)),
    )
    for one in made:
        assert one == dataclasses.replace(one)
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(one, dataclasses.fields(one)[0].name, 0)


def test_a_report_adds_up():
    report = Report("a", "graded", (Exercise("e", 3.0, 1.0, ()), Exercise("f", 4.0, 2.5, ())))
    assert (report.score, report.points) == (3.5, 7.0)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\tand\nlines", "plain\tand\nlines"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("a\xa0b", "a b"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07x", "x"),
        ("\x1b]0;title\x1b\\x", "x"),
        ("\x1b]0;title", ""),
        ("\x1bMx", "x"),
        ("\x1bx", "\ufffdx"),
        ("\x00\x7f", "\ufffd\ufffd"),
        ("\u202egnp", "\ufffdgnp"),
        ("\ue000", "\ufffd"),
        ("é 日本", "é 日本"),
    ],
)
def test_untrusted_text_is_cleaned(text, shown):
    assert clean(text) == shown
    assert not ANSI.search(clean(text))


def test_text_is_cut_behind_the_last_character_that_may_stay():
    assert clean("x" * 16_384) == "x" * 16_384
    assert clean("x" * 16_385) == "x" * 16_384 + "\n… (cut here)"
    assert clean("abc", 3) == "abc"
    assert clean("abcd", 3) == "abc\n… (cut here)"
    assert clean("", 0) == ""
