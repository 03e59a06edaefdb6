"""What to look at next where no known mistake is recognised: the lowest rung, in words without values."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from minigrad.checks import Check, check
from minigrad.grading.judge.ladder import next_look
from minigrad.grading.model import Evidence, Failure, Words


def named(probe: str) -> Check:
    made = check(exercise="cell", says="It works.")(lambda student, rng: {})
    return dataclasses.replace(made, name=f"cell.{probe}")


CHECKS = [named(n) for n in ("shapes", "keeps", "value", "by-hand", "gradients", "clipped")]
RIGHT = {
    "cell.shapes": Evidence(
        arrays={
            "shape of W": np.array([3, 4]),
            "not all zeros": np.array([True]),
            "float32 stays": np.array([True]),
        }
    ),
    "cell.keeps": Evidence(
        arrays={
            "shapes of both": np.array([3, 4]),
            "not all zeros": np.array([True]),
            "the same": np.array([True]),
        }
    ),
    "cell.value": Evidence(arrays={"h": np.arange(6.0)}),
    "cell.by-hand": Evidence(arrays={"h": np.array([0.5])}),
    "cell.gradients": Evidence(arrays={"W.grad": np.arange(6.0), "dW": np.arange(6.0)}),
    "cell.clipped": Evidence(arrays={"gradient": np.arange(6.0), "data": np.arange(6.0)}),
}


def told(**wrong: Evidence) -> str:
    seen = {**RIGHT, **{f"cell.{name.replace('_', '-')}": e for name, e in wrong.items()}}
    return next_look(CHECKS, seen, RIGHT)


def arrays(**given: np.ndarray) -> Evidence:
    return Evidence(arrays={name.replace("_", " "): a for name, a in given.items()})


RAISED = Failure("exception", "ValueError in line 3 of your cell `cell`")


def raised(error: str, form: str = "") -> Evidence:
    return Evidence(failure=RAISED, words=Words(error), form=form)


STOPS = raised("ValueError: operands could not be broadcast together with shapes (2,3) (4,)")
VALUE = arrays(h=np.arange(6.0) + 1)
HAND = arrays(h=np.array([0.7]))
SLOPE = Evidence(arrays={"W.grad": np.zeros(6), "dW": np.arange(6.0)})
CLIPPED = Evidence(arrays={"gradient": np.zeros(6), "data": np.zeros(6)})
KIND = "`RNNCell`'s `W_x`: got a Tensor of shape (2, 3), wanted a Parameter of shape (2, 3)"
NO_PARAMETER = Evidence(arrays={"shape of W": np.array([3]), "not all zeros": np.array([True])}, form=KIND)
KEPT = Evidence(arrays={**RIGHT["cell.shapes"].arrays, "float32 stays": np.array([False])})
ZEROS = Evidence(arrays={**RIGHT["cell.keeps"].arrays, "not all zeros": np.array([False])})
ANOTHER = Evidence(arrays={**RIGHT["cell.keeps"].arrays, "the same": np.array([False])})
OTHER_SLOPE = Evidence(arrays={"W.grad": np.arange(6.0), "dW": np.zeros(6)})


@pytest.mark.parametrize(
    ("wrong", "rung", "check"),
    [
        ({"value": STOPS}, "does not get to its end", "value"),
        ({"value": Evidence(failure=Failure("bad-value", "a list"))}, "begin with what", "value"),
        ({"value": arrays(h=np.zeros((2, 3)))}, "a shape is wrong", "value"),
        ({"value": arrays(h=np.arange(6, dtype=np.float32))}, "and a dtype in", "value"),
        ({"value": arrays(x=np.arange(6.0))}, "a shape is wrong", "value"),
        ({"shapes": Evidence(arrays={"shape of W": np.array([4, 3])})}, "a shape is wrong", "shapes"),
        ({"shapes": KEPT}, "and a dtype in", "shapes"),
        # small are its arrays, and not its case
        ({"keeps": ZEROS}, "nothing but zeros", "keeps"),
        ({"keeps": ANOTHER}, "asks what is so or not", "keeps"),
        ({"keeps": ZEROS, "value": VALUE}, "a value in", "value"),  # whose sentence is of what is wrong
        ({"value": arrays(h=np.full(6, np.nan))}, "no finite number", "value"),
        ({"by_hand": HAND}, "small enough for paper", "by-hand"),
        ({"value": VALUE}, "a value in", "value"),
        ({"gradients": SLOPE}, "what leaves the tape", "gradients"),
        ({"gradients": OTHER_SLOPE}, "follow your lines back", "gradients"),
        ({"clipped": CLIPPED}, "a value in", "clipped"),  # which no check differentiated
        # the lowest rung is the one to stand on, whatever else fails
        ({"value": VALUE, "by_hand": HAND, "gradients": SLOPE}, "small enough for paper", "by-hand"),
        ({"value": VALUE, "gradients": SLOPE}, "a value in", "value"),
        ({"by_hand": STOPS, "value": VALUE}, "a value in", "value"),
        ({"value": STOPS, "gradients": SLOPE}, "does not get to its end", "value"),
        # but what tells itself what is wrong stands before it
        ({"shapes": NO_PARAMETER, "gradients": SLOPE}, "begin with what", "shapes"),
        ({"value": raised("TypeError: unhashable"), "by_hand": HAND}, "begin with what", "value"),
        ({"by_hand": raised("TypeError: unhashable"), "value": VALUE}, "a value in", "value"),
        ({"by_hand": raised("IndexError: 3", KIND), "value": VALUE}, "begin with what", "by-hand"),
        ({"value": STOPS, "gradients": STOPS}, "does not get to its end", "value"),
    ],
)  # fmt: skip
def test_the_lowest_rung_is_named(wrong: dict[str, Evidence], rung: str, check: str) -> None:
    said = told(**wrong)
    assert rung in said
    assert f"`{check}`" in said
    for word in ("1e-6", "sizes of 1 and 2", "float64"):
        said = said.replace(word, "")
    assert not any(digit in said for digit in "0123456789"), "no value"


@pytest.mark.parametrize(
    "stopped",
    [
        raised("NameError: name 'W_x' is not defined: is `self.` missing in front of it?"),
        raised("SyntaxError: '(' was never closed"),
        raised("AttributeError: 'Tensor' object has no attribute 'view': use reshape"),
        raised("ZeroDivisionError: float division by zero"),
        raised("ModuleNotFoundError: No module named 'torch'"),
        raised(
            "AttributeError: no shape", form="`RNNCell`'s `W_x`: got an array of shape (2, 3), wanted ..."
        ),
        Evidence(failure=Failure("timeout", "takes more than 5 s of computing time")),
        Evidence(failure=Failure("nothing", "`step` gives None: is a `return` missing?")),
    ],
)
def test_what_tells_itself_is_pointed_to(stopped: Evidence) -> None:
    for wrong in (
        {"value": stopped},
        {"shapes": stopped, "value": stopped},
        {"shapes": stopped, "value": VALUE},
    ):
        said = told(**wrong)
        assert "line" not in said
        assert f"begin with what `{min(wrong)}` says" in said, "the first of them"


def test_nothing_is_told_of_right_work_or_of_none() -> None:
    assert told() == ""
    assert all(told(value=Evidence(failure=Failure(kind, ""))) == "" for kind in ("todo", "missing", "waits"))
