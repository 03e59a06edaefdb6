"""A value of another form than a check goes on with: noted by `given`, told in words that are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minigrad import Tensor
from minigrad.checks import given, noting
from minigrad.grading.judge.forms import AXES, LONGEST, unlike_form
from minigrad.nn import Linear, Module, Parameter

NAMES = frozenset({"windows", "RNNCell", "W_x", "initial_state", "tanh"})
ARRAY = {"kind": "ndarray", "shape": [3, 4]}
PAIR = {"kind": "tuple", "shape": [2]}


def told(value: Any, what: str, *form: Any) -> str:
    with noting() as noted:
        assert given(value, what, *form) is value
    return unlike_form(noted[0], NAMES) if noted else ""


@pytest.mark.parametrize(
    ("value", "what", "form", "words"),
    [
        (np.ones((3, 4)), "windows", (tuple, (2,)),
         "`windows`: got an array of shape (3, 4), wanted a tuple of 2 values"),
        ((1, 2, 3), "windows", (tuple, (2,)),
         "`windows`: got a tuple of 3 values, wanted a tuple of 2 values"),
        ([1], "windows", (tuple, (2,)), "`windows`: got a list of 1 value, wanted a tuple of 2 values"),
        (np.ones((4, 3)), "the vjps of `tanh`", (np.ndarray, (3, 4)),
         "the `vjps` of `tanh`: got an array of shape (4, 3), wanted an array of shape (3, 4)"),
        (np.ones(2), "RNNCell's initial_state", (Tensor, (5, None)),
         "`RNNCell`'s `initial_state`: got an array of shape (2,), wanted a Tensor of shape (5, any)"),
        (Tensor(np.ones(2), requires_grad=True), "RNNCell's W_x", (Parameter, (2,)),
         "`RNNCell`'s `W_x`: got a Tensor of shape (2,), wanted a Parameter of shape (2,): "
         "write `self.W_x = Parameter(…)`, or no optimiser finds it"),
        (Parameter(np.ones(2)), "RNNCell's W_x", (Parameter, (3,)),
         "`RNNCell`'s `W_x`: got a Parameter of shape (2,), wanted a Parameter of shape (3,)"),
        (1.5, "RNNCell's __call__", (Tensor, ()),
         "`RNNCell`'s `__call__`: got a float, wanted a Tensor of shape ()"),
        (1.5, "windows' __call__", (Tensor, ()),
         "`windows`'s `__call__`: got a float, wanted a Tensor of shape ()"),
        (np.float64(1), "windows", (int,), "`windows`: got a float, wanted an int"),
        (len, "windows", (Module,), "`windows`: got a value of another kind, wanted a Module"),
    ],
)  # fmt: skip
def test_another_form_is_told(value: Any, what: str, form: tuple[Any, ...], words: str) -> None:
    assert told(value, what, *form) == words


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ((1, 2), (tuple, (2,))),
        ([1, 2], (tuple, (2,))),
        ((1, 2), (list, (2,))),
        (Parameter(np.ones((2, 3))), (Tensor, (2, 3))),
        (np.ones((2, 3)), (np.ndarray, (None, 3))),
        (np.ones(2), (object, (2,))),
        (Linear(2, 3), (Module,)),
        ("anything", ()),
    ],
)
def test_the_form_that_is_wanted_is_not_noted(value: Any, form: tuple[Any, ...]) -> None:
    assert told(value, "windows", *form) == ""


def test_nothing_is_noted_outside() -> None:
    with noting() as noted:
        pass
    given(1, "windows", tuple)
    assert noted == []


@pytest.mark.parametrize(
    "what",
    [
        "secret",
        "secret's W_x",
        "windows of secret",
        "the answer of windows",
        "windows\nsecret",
        3,
        ["windows"],
    ],
)
def test_only_known_names_are_told(what: Any) -> None:
    words = unlike_form({"what": what, "got": ARRAY, "want": PAIR}, NAMES)
    assert words.endswith(": got an array of shape (3, 4), wanted a tuple of 2 values")
    assert "secret" not in words
    assert "answer" not in words


@pytest.mark.parametrize(
    "form",
    [
        None, "text", {}, {"kind": "secret", "shape": None}, {"kind": ["tuple"]},
        {"kind": "ndarray", "shape": [-1]}, {"kind": "ndarray", "shape": [LONGEST + 1]},
        {"kind": "ndarray", "shape": [True]}, {"kind": "ndarray", "shape": [1.0]},
        {"kind": "ndarray", "shape": "12"}, {"kind": "ndarray", "shape": [1] * (AXES + 1)},
    ],
)  # fmt: skip
def test_what_is_no_form_is_not_told(form: Any) -> None:
    assert unlike_form({"what": "windows", "got": form, "want": PAIR}, NAMES) == ""
    assert unlike_form({"what": "windows", "got": ARRAY, "want": form}, NAMES) == ""
    assert unlike_form(form, NAMES) == ""


def test_the_limits_themselves_are_told() -> None:
    words = unlike_form(
        {
            "what": "windows",
            "got": {"kind": "ndarray", "shape": [LONGEST, 0, *[1] * (AXES - 2)]},
            "want": PAIR,
        },
        NAMES,
    )
    assert "(10000, 0, 1, 1, 1, 1, 1, 1)" in words
