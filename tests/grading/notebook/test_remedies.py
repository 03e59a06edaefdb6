"""What Python and NumPy say to a beginner, with a remedy behind it: as they say it today."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad
from minigrad import Tensor
from minigrad.grading.notebook.remedies import remedied
from minigrad.sandbox.failures import spoken

A, F = np.zeros((2, 3)), np.float64(1.0)
T = Tensor(A)
SLIPS = [
    ("A.mul_(2)", "`[...] =`"),
    ("A.data.clamp_(0, 1)", "`[...] =`"),
    ("A.backward()", "a ndarray has no tape"),
    ("F.backward()", "a float64 has no tape"),
    ("(1.0).backward()", "a float has no tape"),
    ("A.detach()", "a ndarray has no tape"),
    ("minigrad.tanh.backward()", "call it"),
    ("np.zeros(2, 3)", "a shape is one argument"),
    ("torch.zeros(2, 3)", "there is no PyTorch here"),
    ("__import__('torch')", "there is no PyTorch here"),
    ("Tensor.zeros(2, 3)", "a Tensor is made of an array"),
    ("A @ A", "3 on the left meets 2 on the right; say both shapes aloud; samples are rows"),
    ("np.dot(A, A)", "3 on the left meets 2 on the right; say both shapes aloud; samples are rows"),
    ("A @ 2.0", "a single number has no axes: it multiplies with `*`"),
    ("T @ T", "3 on the left meets 2 on the right; say both shapes aloud; samples are rows"),
    ("A + A.T", "which axis is whose"),
    ("(T * 2).sum().backward()", "look for a `.data`"),
    ("(lambda x: x)(1, 2)", "where `self` counts as one"),
    ("(lambda x, y: x)(1)", "where `self` counts as one"),
    ("type('Cell', (), {})().size", "is it set in `__init__`"),
    ("T.grad.astype(float)", "a `grad` that no backward pass has reached"),
    ("None * 2.0", "something there is None"),
    ("None[0]", "something there is None"),
    ("A ^ 2", "a power is written `**`"),
]
NAMES = {"A": A, "F": F, "T": T, "np": np, "Tensor": Tensor, "minigrad": minigrad}


def said(code: str, names: dict[str, Any]) -> str:
    try:
        exec(code, names)
    except Exception as error:
        return str(spoken(error, names)["error"])
    raise AssertionError(f"{code} raises nothing")


@pytest.mark.parametrize(("code", "remedy"), SLIPS)
def test_a_remedy_follows_what_was_said(code: str, remedy: str) -> None:
    error = said(code, dict(NAMES))
    told = remedied(error)
    assert remedy not in error
    assert remedy in told
    assert told.startswith(error.partition(" (")[0].rstrip())
    assert "/" not in told.partition("from 'minigrad'")[2], "no path of anybody's machine"


@pytest.mark.parametrize(
    "error", ["AttributeError: 'numpy.ndarray' object has no attribute 'by'", "ValueError", ""]
)
def test_other_words_stay_as_they_are(error: str) -> None:
    assert remedied(error) == error


CELL = """
class Cell:
    def __init__(self):
        self.W = 1.0
    def step(self):
        return {}
"""


@pytest.mark.parametrize(("name", "meant"), [("W", True), ("V", False)])
def test_a_forgotten_self_is_told(name: str, meant: bool) -> None:
    names: dict[str, Any] = {}
    exec(CELL.format(name), names)
    assert ("is `self.` missing in front of it?" in said("Cell().step()", names)) == meant
