"""What to look at next where no known mistake is recognised: the lowest rung, in words without values."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from minigrad.checks import Check, check
from minigrad.grading.judge.ladder import next_look
from minigrad.grading.model import Evidence, Failure


def named(probe: str) -> Check:
    made = check(exercise="cell", says="It works.")(lambda student, rng: {})
    return dataclasses.replace(made, name=f"cell.{probe}")


CHECKS = [named(n) for n in ("shapes", "value", "by-hand", "gradients")]
RIGHT = {
    "cell.shapes": Evidence(arrays={"shape of W": np.array([3, 4]), "not all zeros": np.array([True])}),
    "cell.value": Evidence(arrays={"h": np.arange(6.0)}),
    "cell.by-hand": Evidence(arrays={"h": np.array([0.5])}),
    "cell.gradients": Evidence(arrays={"W.grad": np.arange(6.0), "dW": np.arange(6.0)}),
}


def told(**wrong: Evidence) -> str:
    seen = {**RIGHT, **{f"cell.{name.replace('_', '-')}": e for name, e in wrong.items()}}
    return next_look(CHECKS, seen, RIGHT)


def arrays(**given: np.ndarray) -> Evidence:
    return Evidence(arrays={name.replace("_", " "): a for name, a in given.items()})


STOPS = Evidence(failure=Failure("exception", "ValueError"))
VALUE = arrays(h=np.arange(6.0) + 1)
HAND = arrays(h=np.array([0.7]))
SLOPE = Evidence(arrays={"W.grad": np.zeros(6), "dW": np.arange(6.0)})
OTHER_SLOPE = Evidence(arrays={"W.grad": np.arange(6.0), "dW": np.zeros(6)})


@pytest.mark.parametrize(
    ("wrong", "rung", "check"),
    [
        ({"value": STOPS}, "does not get to its end", "value"),
        ({"value": Evidence(failure=Failure("bad-value", "a list"))}, "a shape or a dtype", "value"),
        ({"value": arrays(h=np.zeros((2, 3)))}, "a shape or a dtype", "value"),
        ({"value": arrays(h=np.arange(6, dtype=np.float32))}, "a shape or a dtype", "value"),
        ({"value": arrays(x=np.arange(6.0))}, "a shape or a dtype", "value"),
        ({"shapes": Evidence(arrays={"shape of W": np.array([4, 3])})}, "a shape or a dtype", "shapes"),
        ({"value": arrays(h=np.full(6, np.nan))}, "no finite number", "value"),
        ({"by_hand": HAND}, "small enough for paper", "by-hand"),
        ({"value": VALUE}, "a value in", "value"),
        ({"gradients": SLOPE}, "a gradient in", "gradients"),
        ({"gradients": OTHER_SLOPE}, "a gradient in", "gradients"),
        # the lowest rung is the one to stand on, whatever else fails
        ({"value": VALUE, "by_hand": HAND, "gradients": SLOPE}, "small enough for paper", "by-hand"),
        ({"value": VALUE, "gradients": SLOPE}, "a value in", "value"),
        ({"value": VALUE, "gradients": STOPS}, "does not get to its end", "gradients"),
        ({"value": STOPS, "gradients": STOPS}, "does not get to its end", "value"),
    ],
)  # fmt: skip
def test_the_lowest_rung_is_named(wrong: dict[str, Evidence], rung: str, check: str) -> None:
    said = told(**wrong)
    assert rung in said
    assert f"`{check}`" in said
    said = said.replace("1e-6", "").replace("sizes of 1 and 2", "")
    assert not any(digit in said for digit in "0123456789"), "no value"


def test_nothing_is_told_of_right_work_or_of_none() -> None:
    assert told() == ""
    assert all(told(value=Evidence(failure=Failure(kind, ""))) == "" for kind in ("todo", "missing", "waits"))
