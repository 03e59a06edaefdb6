"""Schedules of the learning rate, by epochs or by steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TypedDict

from minigrad.arguments import count, function, number, unfit
from minigrad.contract.told import with_habits
from minigrad.optim.base import Optimizer


class ScheduleState(TypedDict):
    """What `Schedule.state_dict` returns: each group's rate before any factor, and the steps made."""

    initial: list[float]
    steps: int


class Schedule:
    """Sets the learning rate of each group to its initial value times `factor(n)` after n calls of `step`.

    The first time is when it is made, with n = 0. Called after each epoch it goes by epochs, called after
    each `optimizer.step()` by steps; fit does the latter with `schedule=`.
    Raises TypeError for what is no optimiser or no function, ValueError where a factor is negative or not
    finite.
    """

    def __init__(self, optimizer: Optimizer, factor: Callable[[int], float]) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(unfit("Schedule", "optimizer", optimizer, "an optimiser, such as SGD(...)"))
        function("Schedule", "factor", factor, "step_decay(10) or lambda n: 0.95**n")
        self.optimizer, self.factor = optimizer, factor
        self.initial, self.steps = [group.lr for group in optimizer.groups], 0
        self._set()

    def _set(self) -> None:
        factor = number("Schedule", f"factor({self.steps})", self.factor(self.steps), 0)
        for group, initial in zip(self.optimizer.groups, self.initial, strict=True):
            group.lr = initial * factor

    def step(self) -> None:
        """Count one step, and set the learning rate for the next one. Raises as the class does."""
        self.steps += 1
        self._set()

    def state_dict(self) -> ScheduleState:
        """The initial learning rates and the number of steps; not the factor, which is a function."""
        return {"initial": list(self.initial), "steps": self.steps}

    def load_state_dict(self, saved: ScheduleState) -> None:
        """Go on where `saved`, from `state_dict`, was taken; sets the optimiser's learning rates.

        Raises ValueError where it is no such state, or one of another number of groups, and for a number
        below 0, TypeError for what is none; then nothing has been changed.
        """
        if not isinstance(saved, Mapping) or set(saved) != set(ScheduleState.__annotations__):
            raise ValueError("Schedule: this is no state of a schedule: pass its state_dict()")
        theirs = saved["initial"]
        if not isinstance(theirs, (list, tuple)):
            raise ValueError(unfit("Schedule", "saved initial", theirs, "a list, a number for each group"))
        if len(theirs) != len(self.initial):
            raise ValueError(f"Schedule: saved of {len(theirs)} groups, not {len(self.initial)}")
        before = self.initial, self.steps
        initial = [number("Schedule", "each of saved initial", one, 0) for one in theirs]
        self.initial, self.steps = initial, count("Schedule", "saved steps", saved["steps"], 0)
        try:
            self._set()
        except Exception:  # of the factor, which somebody wrote, or for what it gave
            self.initial, self.steps = before
            raise

    def __repr__(self) -> str:
        return f"Schedule({self.optimizer!r}, steps={self.steps})"


@with_habits
def step_decay(every: int, factor: float = 0.1) -> Callable[[int], float]:
    """The factor for a Schedule: factorᵏ after k times `every` steps. Raises ValueError for every < 1."""
    every, factor = count("step_decay", "every", every), number("step_decay", "factor", factor, 0)
    return lambda n: float(factor ** (n // every))


@with_habits
def cosine(steps: int, last: float = 0.0) -> Callable[[int], float]:
    """The factor for a Schedule: half a cosine from 1 to `last` over `steps` steps, `last` from then on.

    Loshchilov and Hutter, 2017 (arXiv:1608.03983), without restarts. Raises ValueError for steps < 1
    and last < 0.
    """
    steps, last = count("cosine", "steps", steps), number("cosine", "last", last, 0)
    return lambda n: last + (1 - last) * (1 + math.cos(math.pi * min(n / steps, 1))) / 2


@with_habits
def warm_up(steps: int, then: Callable[[int], float] = lambda n: 1.0) -> Callable[[int], float]:
    """The factor for a Schedule: linearly from 1 / steps to 1 in `steps` steps, then `then(steps since)`.

    Goyal et al., 2017 (arXiv:1706.02677). Raises ValueError for steps < 0, TypeError where `then` is no
    function.
    """
    steps = count("warm_up", "steps", steps, 0)
    function("warm_up", "then", then, "cosine(100)")
    return lambda n: (n + 1) / steps if n < steps else then(n - steps)
