"""Words from a worker, for the author of the code: bounded, cleaned, in sentences."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad.checks import check
from minigrad.grading.model import Evidence, Failure, Words
from minigrad.grading.notebook.telling import row, words

CHECK = "raised in the check, from a value that you returned"
FRAME = {"function": "f", "line": 3, "cell": "a", "source": "x = 1 / 0"}


@pytest.mark.parametrize(
    ("told", "place"),
    [
        (FRAME, "in `f`, line 3 of your cell `a`: `x = 1 / 0`"),
        ({**FRAME, "function": "<module>"}, "in line 3 of your cell `a`: `x = 1 / 0`"),
        ({**FRAME, "source": ""}, "in `f`, line 3 of your cell `a`"),
        ({**FRAME, "cell": "own-2"}, "in `f`, line 3 of cell 2 of those you added: `x = 1 / 0`"),
        ({**FRAME, "cell": "elsewhere"}, "in `f`, line 3 of its cell: `x = 1 / 0`"),
        ({**FRAME, "cell": ["a"], "function": 3, "source": None}, "in line 3 of its cell"),
        ({**FRAME, "line": True}, CHECK),
        ({}, CHECK),
    ],
)
def test_the_place_of_an_error(told: dict[str, object], place: str) -> None:
    assert words({"error": "E: e", **told}, ("a", "own-2")) == Words("E: e", place)


@pytest.mark.parametrize("told", [None, 3, "PASSED", [], {}, {"error": 3}, {"error": "", **FRAME}])
def test_without_an_error_there_is_no_place(told: object) -> None:
    assert words(told, ("a",)) == Words()


def test_all_of_it_is_cleaned_and_cut() -> None:
    bad = "\x1b[31m\u202e" + "x" * 10**6
    said = words({"error": bad, "printed": bad, **FRAME, "function": bad, "source": bad}, ("a",))
    for text in (said.error, said.place, said.printed):
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert len(text) < 17_000


@pytest.mark.parametrize(
    ("says", "got", "told"),
    [
        ("It works.", [1.5], "`h`: expected 1, got 1.5"),
        ("It has the dtype of x.", [1.5], "`h`: expected 1, got 1.5 (dtype is right)"),
        ("`h` has shape (B, H), in float32.", [1.5, 1.0],
         "`h` [0]: expected 1, got 1.5 (1 of 2 entries is wrong; shape and dtype are right)"),
    ],
)  # fmt: skip
def test_a_wrong_value_below_a_sentence_on_form_is_told_as_one(
    says: str, got: list[float], told: str
) -> None:
    made = check(exercise="cell", says=says)(lambda student, rng: {})
    seen, want = (Evidence({"h": np.array(values)}) for values in (got, [1.0] * len(got)))
    assert row(made, seen, want).details == (told,)


def test_a_value_of_another_form_is_told_below_what_python_said() -> None:
    made = check(exercise="cell", says="It works.")(lambda student, rng: {})
    form = "`RNNCell`'s `W_x`: got an array of shape (2, 3), wanted a Parameter of shape (2, 3)"
    failure = Failure("exception", f"AttributeError raised in the check: {form}")
    error = "AttributeError: 'memoryview' object has no attribute 'T'"
    in_check = Evidence(failure=failure, words=Words(error, CHECK), form=form)
    assert row(made, in_check, Evidence()).details == (error, f"raised in the check: {form}")
    in_cell = Evidence(failure=failure, words=Words(error, "in `f`, line 3 of your cell `a`"), form=form)
    assert row(made, in_cell, Evidence()).details[0] == error, "the line of one's own stays"


def test_of_zeros_alone_it_is_told_that_a_sentence_cannot_be_shown() -> None:
    made = check(exercise="cell", says="A cell keeps nothing from one call to the next.")(lambda s, rng: {})
    for name, told in {
        "not all zeros": "`not all zeros` does not hold: with nothing but zeros the sentence cannot be shown",
        "logits other than zero": "`logits other than zero` does not hold: with nothing but zeros",
        "numbers other than zero": "`numbers other than zero`: expected True, got False",  # its own
        "a float": "`a float`: expected True, got False",
    }.items():
        seen, want = (Evidence({name: np.array([yes])}) for yes in (False, True))
        assert row(made, seen, want).details[0].startswith(told)
