"""Limits of optimisers and schedules: a rate of zero, defaults, the last step, a state of one less."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from minigrad import optim
from minigrad.nn import Parameter
from tests.test_optim import rates

KINDS = [optim.SGD, optim.RMSprop, optim.Adam, optim.AdamW]


def given(kind, *gradients, **options) -> Parameter:
    """A parameter of two ones after steps with these gradients."""
    p = Parameter(np.ones(2))
    optimizer = kind([p], **options)
    for g in gradients:
        p.grad = np.full(2, g)
        optimizer.step()
    return p


@pytest.mark.parametrize("kind", KINDS)
def test_a_rate_and_a_decay_of_zero_are_taken_and_below_zero_and_nan_are_refused(kind):
    assert given(kind, 3.0, lr=0.0, weight_decay=0.0).data.tolist() == [1, 1]
    for wrong in ({"lr": -1e-300}, {"lr": np.nan}, {"lr": 0.1, "weight_decay": -1e-300}):
        with pytest.raises(ValueError, match="must be a finite number, at least 0"):
            given(kind, **wrong)
    with pytest.raises(ValueError, match="weight_decay is nan; it must be a finite number, at least 0"):
        given(kind, lr=0.1, weight_decay=np.nan)


def test_the_defaults_are_those_of_the_papers_and_of_pytorch():
    def defaults(kind):
        parameters = inspect.signature(kind).parameters.values()
        return {p.name: p.default for p in parameters if p.default is not p.empty}

    adam = {"lr": 0.001, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.0}
    assert defaults(optim.Optimizer) == {"weight_decay": 0.0}
    assert defaults(optim.SGD) == {"momentum": 0.0, "nesterov": False, "weight_decay": 0.0}
    assert defaults(optim.RMSprop) == {"lr": 0.01, "decay": 0.99, "eps": 1e-8, "weight_decay": 0.0}
    assert defaults(optim.Adam) == adam
    assert defaults(optim.AdamW) == {**adam, "weight_decay": 0.01}


@pytest.mark.parametrize("kind", KINDS)
def test_a_gradient_of_zero_is_none_to_divide_by(kind):
    assert given(kind, 0.0, 0.0, lr=0.1, weight_decay=0.0).data.tolist() == [1, 1]


def test_only_without_momentum_nesterovs_form_is_refused():
    assert given(optim.SGD, 1.0, lr=0.1, momentum=1e-9, nesterov=True).data[0] < 1
    with pytest.raises(ValueError, match="SGD: nesterov needs momentum > 0"):
        given(optim.SGD, lr=0.1, nesterov=True)


def test_steps_are_counted_from_zero_for_each_parameter_that_moves():
    a, b = Parameter(np.ones(2)), Parameter(np.ones(2))
    optimizer = optim.Adam([a, b])
    assert (optimizer.steps, optimizer.state_dict()["counts"]) == (0, [0, 0])
    a.grad = np.ones(2)
    optimizer.step()
    assert (optimizer.steps, optimizer.state_dict()["counts"]) == (1, [1, 0])
    optimizer.zero_grad()
    optimizer.step()
    assert (optimizer.steps, optimizer.state_dict()["counts"]) == (2, [1, 0])


def test_a_saved_state_that_counts_one_parameter_less_is_refused():
    optimizer = optim.Adam([Parameter(np.ones(2)), Parameter(np.ones(2))])
    saved = optimizer.state_dict()
    with pytest.raises(ValueError, match="of 1 parameters, not 2"):
        optimizer.load_state_dict({**saved, "counts": saved["counts"][:1]})


def test_a_saved_rate_below_0_is_refused_before_anything_changes():
    first = optim.SGD([Parameter(np.ones(2))], lr=1.0, momentum=0.9)
    second = optim.SGD([Parameter(np.ones(2))], lr=2.0, momentum=0.9)
    first.parameters[0].grad = np.ones(2)
    first.step()
    with pytest.raises(ValueError, match=r"lr is -0\.5"):
        second.load_state_dict({**first.state_dict(), "lr": [-0.5]})
    assert (second.steps, second.lr, second.state[0]["velocity"].tolist()) == (0, 2.0, [0, 0])


def test_a_step_is_made_in_the_dtype_that_the_optimiser_began_with():
    p = Parameter(np.ones(2, np.float32))
    optimizer = optim.SGD([p], lr=1.0)
    p.data = p.data.astype(np.float64)
    p.grad = np.full(2, 1 / 3)
    optimizer.step()
    assert p.data.tolist() == [1 - float(np.float32(1 / 3))] * 2


def test_parameters_of_two_dtypes_keep_their_own():
    small, large = Parameter(np.ones(2, np.float32)), Parameter(np.ones(3))
    optimizer = optim.Adam([small, large])
    assert [state["mean"].dtype for state in optimizer.state] == [np.float32, np.float64]
    assert [state["mean"].shape for state in optimizer.state] == [(2,), (3,)]


def test_the_optimiser_itself_moves_nothing():
    with pytest.raises(NotImplementedError):
        given(optim.Optimizer, 1.0, lr=0.1)


def test_schedules_at_their_ends():
    assert rates(optim.step_decay(3), 7) == pytest.approx([2, 2, 2, 0.2, 0.2, 0.2, 0.02])
    assert rates(optim.cosine(2), 4) == pytest.approx([2, 1, 0, 0])
    assert rates(optim.cosine(1, last=1.0), 3) == pytest.approx([2, 2, 2])
    assert rates(optim.warm_up(1), 3) == [2, 2, 2]
    assert rates(optim.warm_up(2, lambda n: float(n)), 5) == [1, 2, 0, 2, 4]


def test_a_schedule_starts_at_step_zero_and_tells_where_it_is():
    optimizer = optim.SGD([Parameter(np.ones(1))], 2.0)
    schedule = optim.Schedule(optimizer, lambda n: n + 0.5)
    assert (optimizer.lr, schedule.state_dict()) == (1.0, {"initial": [2.0], "steps": 0})
    schedule.step()
    assert (optimizer.lr, schedule.state_dict()) == (3.0, {"initial": [2.0], "steps": 1})


@pytest.mark.parametrize(
    "wrong",
    [
        lambda p: optim.Adam([p], betas=(-1e-300, 0.9)),
        lambda p: optim.Adam([p], betas=(0.9, -1e-300)),
        lambda p: optim.Adam([p], betas=(0.9, 1.0)),
        lambda p: optim.Adam([p], eps=-1e-300),
        lambda p: optim.cosine(10, last=-1e-300),
    ],
)
def test_just_below_zero_and_one_itself_are_refused(wrong):
    with pytest.raises(ValueError, match="it must be a finite number, at least 0"):
        wrong(Parameter(np.ones(1)))


def test_zero_is_taken_for_betas_eps_and_the_last_of_a_cosine():
    optim.Adam([Parameter(np.ones(1))], betas=(0.0, 0.0), eps=0.0)
    assert optim.cosine(10, last=0.0)(10) == 0.0


@pytest.mark.parametrize("rate", ["lr", "weight_decay"])
@pytest.mark.parametrize("wrong", [-1e-300, np.nan, np.inf, "a"])
def test_a_rate_that_is_none_is_refused_by_its_group_and_nothing_moves(rate, wrong):
    w = Parameter(np.ones(1))
    optimizer = optim.SGD([w], 0.1)
    w.grad = np.ones(1)
    with pytest.raises((TypeError, ValueError), match=f"SGD: {rate} is .*; it must be a finite number"):
        setattr(optimizer.groups[0], rate, wrong)
    assert (optimizer.lr, optimizer.weight_decay) == (0.1, 0.0)
    assert (w.data.item(), optimizer.steps) == (1.0, 0)
