"""Limits of verdicts: the last line, letter and decimal that is told, and the error that just passes."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad.grading.judge.compare import difference, differs, shape_in_words
from minigrad.grading.judge.verdict import (
    ENDLESS,
    below,
    blamed,
    cell_in_words,
    ended,
    evidence,
    known,
)
from minigrad.grading.model import Cell, Evidence, Failure
from tests.grading.judge.test_verdict import CHECK, MAY


def reason(**failure) -> str:
    told = evidence({"failure": failure}, MAY).failure
    assert told is not None
    return told.reason


@pytest.mark.parametrize(("line", "at"), [(0, ""), (1, "line 1 of "), (2, ""), (-1, ""), (True, "")])
def test_lines_that_a_cell_has_are_told_and_no_others(line, at):
    assert reason(kind="exception", type="KeyError", line=line, cell="own-2") == (
        f"KeyError in {at}cell 2 of those you added"
    )


def test_a_value_of_another_form_is_told_of_an_error_in_the_check_and_not_of_one_in_a_cell():
    form = {"what": "result", "got": {"kind": "list", "shape": [2]}, "want": {"kind": "tuple", "shape": [2]}}
    failure = {"kind": "exception", "type": "KeyError", "line": 1}
    for cell, words in ((None, "KeyError raised in the check: "), ("own-2", "KeyError in line 1 of cell 2")):
        told = evidence({"failure": {**failure, "cell": cell}, "form": form}, MAY).failure
        assert told is not None
        assert told.reason.startswith(words)


def test_a_cell_has_one_line_more_than_line_ends():
    cells = [Cell("a", "solution", "x = 1\ny = 2"), Cell("b", "own", "")]
    assert known(cells, frozenset()).lines == {"a": 2, "b": 1}


@pytest.mark.parametrize("kind", ["Evil", "object", 5, None, ["list"]])
def test_only_the_names_of_pythons_own_types_are_told(kind):
    assert "its type" not in reason(kind="bad-value", name="h", type=kind)
    assert reason(kind="bad-value", name="h", type="list").endswith(": its type is list")


def test_what_is_not_there_is_told_of_names_that_are_known_and_of_two_errors():
    assert reason(kind="exception", type="AttributeError", name="W_x").endswith(": there is no `W_x`")
    assert "there is no" not in reason(kind="exception", type="AttributeError", name="mine")
    assert "there is no" not in reason(kind="exception", type="KeyError", name="W_x")


def test_a_name_that_checks_ask_for_is_told_and_no_other():
    assert reason(kind="missing", name="RNNCell") == "`RNNCell` is not defined"
    for name in ("RNNCel", "RNNCell ", "é", "", 1, None, ["RNNCell"]):
        assert reason(kind="missing", name=name) == "a name the check needs is not defined"


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        ([3, 4], "(3, 4)"),
        ([], "()"),
        ([0], "(0,)"),
        ([10_000], "(10000,)"),
        ([10_001], ""),
        ([-1], ""),
        ([1] * 16, str((1,) * 16)),
    ],
)
def test_lengths_of_axes_are_told_up_to_a_limit(shape, text):
    assert shape_in_words("shape of h", np.array(shape)) == text
    assert shape_in_words("h", np.array(shape)) == ""


def test_a_seventeenth_axis_is_not_told():
    assert shape_in_words("shape of h", np.ones(17, int)) == ""


def test_256_arrays_with_names_of_100_letters_are_taken_and_no_more():
    def taken(arrays):
        return evidence({"arrays": arrays}, MAY).failure is None

    one = np.ones(1)
    assert taken({f"x{i}": one for i in range(256)})
    assert not taken({f"x{i}": one for i in range(257)})
    assert taken({"x" * 100: one})
    assert not taken({"x" * 101: one})


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
        assert differs(np.array([beyond]), want, rtol, atol) == "is off by about 1 (worst entry [0])"


def test_the_worst_entry_of_integers_that_are_alike_as_floats_is_the_one_that_differs():
    want = np.array([5, 2**62])
    assert differs(want + np.array([0, 1]), want, 0.0, 0.0) == "is off by about 1 (worst entry [1])"


def test_the_worst_entry_is_never_one_that_is_right():
    assert differs(np.array([0.0, 0.5]), np.zeros(2), 0.0, 0.0) == "is off by about 0.1 (worst entry [1])"


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
    assert ended("cpu", 2.5, 0).reason == f"takes more than 2.5 s of computing time: {ENDLESS}"
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
