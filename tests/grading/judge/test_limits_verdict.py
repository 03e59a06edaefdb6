"""Limits of verdicts: the last line, letter and decimal that is told, and the error that just passes."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad.grading.judge.verdict import below, blamed, cell_in_words, difference, differs, ended, evidence
from minigrad.grading.model import Evidence, Failure
from tests.grading.judge.test_verdict import CELLS, CHECK


def reason(**failure) -> str:
    told = evidence({"failure": failure}, CELLS).failure
    assert told is not None
    return told.reason


@pytest.mark.parametrize(
    ("line", "at"), [(0, ""), (1, "line 1 of "), (100_000, "line 100000 of "), (100_001, ""), (-1, "")]
)
def test_lines_from_1_to_100_000_are_told_and_no_others(line, at):
    assert reason(kind="exception", type="KeyError", line=line, cell="own-2") == (
        f"KeyError in {at}cell 2 of those you added"
    )


def test_a_name_of_40_letters_is_told_and_one_letter_more_is_not():
    assert reason(kind="missing", name="x" * 40) == f"`{'x' * 40}` is not defined"
    for name in ("x" * 41, "é", "a b", "", 1, None):
        assert reason(kind="missing", name=name) == "a name the check needs is not defined"


def test_the_words_for_what_is_no_array():
    assert reason(kind="bad-value", name="h") == "`h` is not an array of real numbers (or a Tensor of them)"
    assert reason(kind="else").startswith("what the check gets is not an array")


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("own-12", "cell 12 of those you added"),
        ("own-", "your cell `own-`"),
        ("own-x", "your cell `own-x`"),
        ("12", "your cell `12`"),
    ],
)
def test_only_a_number_after_own_is_a_cell_that_was_added(cell, words):
    assert cell_in_words(cell) == words


def test_six_more_wrong_arrays_are_named_and_a_seventh_is_not():
    def told(number):
        return difference(CHECK, {}, {f"x{i}": np.ones(1) for i in range(number)})

    assert told(1) == "`x0` is missing"
    assert told(7) == "`x0` is missing; also wrong: `x1`, `x2`, `x3`, `x4`, `x5`, `x6`"
    assert told(8) == told(7) + " …"


def test_an_error_of_exactly_the_tolerance_passes_and_the_next_number_does_not():
    want, rtol, atol = np.array([-4.0]), 0.25, 0.5
    for got in (-5.5, -2.5):
        assert differs(np.array([got]), want, rtol, atol) == ""
        beyond = np.nextafter(got, got + np.sign(got + 4))
        assert differs(np.array([beyond]), want, rtol, atol) == "is off by about 1e0 (worst entry [0])"


def test_the_worst_entry_of_integers_that_are_alike_as_floats_is_the_one_that_differs():
    want = np.array([5, 2**62])
    assert differs(want + np.array([0, 1]), want, 0.0, 0.0) == "is off by about 1 (worst entry [1])"


def test_the_worst_entry_is_never_one_that_is_right():
    assert differs(np.array([0.0, 0.5]), np.zeros(2), 0.0, 0.0) == "is off by about 1e-1 (worst entry [1])"


@pytest.mark.parametrize(
    ("score", "threshold", "text"),
    [
        (0.5, 0.9, "0.50"),
        (0.899, 0.9, "0.899"),
        (0.09999999999999964, 0.1, "0.0999999999999996"),  # sixteen decimals show it
        (0.0099999999999999615, 0.01, repr(0.0099999999999999615)),  # seventeen would: all are told
    ],
)
def test_a_score_is_told_with_as_many_decimals_as_show_that_it_is_below(score, threshold, text):
    assert below(score, threshold) == text


def test_the_end_of_a_worker_is_told_with_its_limit():
    assert ended("cpu", 2.5, 0).reason == "takes more than 2.5 s of computing time: is there an endless loop?"
    assert ended("wall", 2.5, 0).reason == "waits without computing until its time is over"
    assert ended("memory", 2.5, 77).reason == "needs more than 77 MB of memory"


SOURCES = {"a": "def other(): ...", "b": "x = 1\nclass Cell: ...", "c": "def Cell(): ..."}


def missing(name: str = "Cell", kind: str = "missing") -> Evidence:
    return Evidence(failure=Failure(kind, f"`{name}` is not defined"))  # type: ignore[arg-type]


def test_a_missing_name_is_blamed_on_the_first_cell_that_defines_it_and_raised():
    errors = {"a": "KeyError", "c": "TypeError in line 1"}
    assert blamed(missing(), errors, SOURCES).failure == Failure(
        "exception", "`Cell` is not defined: TypeError in line 1"
    )
    assert blamed(missing(), {**errors, "b": "ValueError"}, SOURCES).failure == Failure(
        "exception", "`Cell` is not defined: ValueError"
    )


@pytest.mark.parametrize("name", ["x", "other"])
def test_what_a_cell_assigns_or_defines_is_its_own(name):
    errors = {"a": "KeyError", "b": "KeyError"}
    assert blamed(missing(name), errors, SOURCES).failure == Failure(
        "exception", f"`{name}` is not defined: KeyError"
    )


@pytest.mark.parametrize(
    ("given", "errors"),
    [
        (missing(), {}),  # no cell raised
        (missing(), {"a": "KeyError"}),  # another one
        (missing("Cel"), {"b": "KeyError"}),
        (missing(kind="todo"), {"b": "KeyError"}),
        (Evidence(failure=Failure("missing", "a name the check needs is not defined")), {"b": "KeyError"}),
        (Evidence(), {"b": "KeyError"}),
    ],
)
def test_all_else_stays_as_it_is(given, errors):
    assert blamed(given, errors, SOURCES) is given
