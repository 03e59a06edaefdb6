"""A small sample of the sweep: a wrong call is told what was wrong, in terms of the call."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, data, functional, nn, optim, plot, train
from tests.sweep import Target, fault, sweep, targets


def test_wrong_calls_are_told_in_terms_of_the_call() -> None:
    assert sweep(seed=0, count=1500) == {}


def test_all_that_is_public_is_swept(tmp_path) -> None:
    swept = {target.name for target in targets(tmp_path)}
    for module in (mg, functional, nn, nn.init, optim, data, train, plot):
        public = getattr(module, "__all__", None) or [
            name for name, f in vars(module).items() if getattr(f, "__module__", "") == module.__name__
        ]
        called = {n for n in public if callable(getattr(module, n)) and n[0] != "_" and n not in UNSWEPT}
        assert called <= swept, f"{module.__name__}: give tests/sweep.py right arguments of {called - swept}"


UNSWEPT = {  # errors, bases, types, and what takes no arguments or is made by others
    *("GradientError", "UnfitFile", "Group", "Optimizer", "OptimizerState", "ScheduleState", "Stepped"),
    *("Module", "Graph", "Task", "lacks", "EpochData", "Loss", "Metric", "Clip", "characters"),
}


def stumbles(x):
    return x.ndim


def names_nothing(x):
    raise ValueError("that was not right")


def gives_texts(x):
    return np.array(["a"])


@pytest.mark.parametrize(
    ("f", "found"),
    [
        (stumbles, "raises AttributeError"),
        (names_nothing, "names neither itself nor its argument"),
        (gives_texts, "gives an array of <U1"),
        (lambda x: Tensor([1.0]) + x.missing, "raises AttributeError"),
        (lambda x: x[0], "object is not"),
    ],
)
def test_the_sweep_finds_faults(f, found: str) -> None:
    assert found in str(fault(Target("f", f, {"x": 1.0}), {"x": 2.5}, ["x"]))


def test_the_sweep_lets_right_errors_pass() -> None:
    target = Target("sum", mg.sum, {"x": np.ones(2), "axis": 0})
    assert fault(target, {"x": np.ones(2), "axis": "x"}, ["axis"]) is None
    assert fault(target, target.right, []) is None
