"""The words in which assignments write checks, mutants and variants.

It imports NumPy alone: a worker in the sandbox reads it too, and there the engine may be absent.
A check is a probe: it runs against the names that a notebook defines and returns named arrays.
It never says whether they are right; `minigrad.grading.judge.verdict` compares them with the solution's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Arrays = Mapping[str, np.ndarray]
Probe = Callable[["Student", np.random.Generator], Mapping[str, Any]]
Replay = Callable[["Student", Arrays, np.random.Generator, np.random.Generator], float]


class Missing(Exception):
    """A notebook does not define the name that a check asks for."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the notebook does not define `{name}`")
        self.name = name


class Todo(Exception):
    """An exercise is not yet done: the placeholder of the release is still in its place.

    `nothing` says whose None it is, "RNNCell's __call__": of a function that may be written, too, and
    lack its `return`.
    """

    def __init__(self, message: str, nothing: str = "") -> None:
        super().__init__(message)
        self.nothing = nothing


class Student:
    """The names that a notebook defines, as attributes; assigning one replaces it for one probe.

    `student.RNNCell` raises `Missing` where the notebook defines no such name, and `Todo` where its
    value is still `...`. After `student.clip_grad_norm = stand_in`, the student's own code, too, finds
    `stand_in` under that name; whoever runs the probe restores the names afterwards.
    """

    def __init__(self, names: dict[str, Any]) -> None:
        object.__setattr__(self, "_names", names)
        object.__setattr__(self, "_asked", [""])  # what was asked for last: an error may come from it

    def __getattr__(self, name: str) -> Any:
        try:
            value = self._names[name]
        except KeyError:
            raise Missing(name) from None
        self._asked[:] = [name]
        if value is ...:
            raise Todo(f"`{name}` is still to do")
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        self._names[name] = value


@dataclass(frozen=True)
class Check:
    """A probe with what it is worth and how its arrays are compared.

    `name` is "exercise.probe-function", unique in an assignment. `points` are its share of its
    exercise's points: those times its `weight`, over the weights of all the exercise's checks; they
    are 0 until somebody who knows the exercise's points shares them out (`grading.assignment.points`).

    Arrays pass when dtype and shape equal the solution's and every entry is within
    `atol + rtol * |expected|`. `cpu` bounds one run of the probe, in CPU seconds.

    A check with a `replay` is *trained*: its probe returns parameters, and
    `replay(solution, parameters, rng, held_out)`, run on the reference, returns a score where 1 is
    perfect; it passes at `threshold`. Its `rng` is the probe's stream once more, so that it draws the
    same task; `held_out`, which no submission ever sees, draws the data. It runs only once the checks
    it `needs` have passed.
    """

    name: str
    exercise: str
    weight: float
    says: str
    probe: Probe
    rtol: float = 1e-7
    atol: float = 1e-9
    cpu: float = 2.0
    needs: tuple[str, ...] = ()
    replay: Replay | None = None
    threshold: float = 0.97
    tries: int = 3
    points: float = 0.0

    @property
    def trained(self) -> bool:
        """Whether the probe trains, so that a replay decides."""
        return self.replay is not None


def check(
    *,
    exercise: str,
    says: str,
    weight: float = 1.0,
    rtol: float = 1e-7,
    atol: float = 1e-9,
    cpu: float = 2.0,
    needs: Iterable[str] = (),
    replay: Replay | None = None,
    threshold: float = 0.97,
    tries: int = 3,
) -> Callable[[Probe], Check]:
    """Turn a probe `f(student, rng) -> {name: array}` into a Check named after it.

    `says` is the sentence a student reads. `weight` is relative: the exercise's points, stated in the
    notebook's check cell, are shared out among its checks in proportion to their weights. `needs` names
    other checks ("rnn-cell.gradients"). Raises ValueError for a weight that is not above 0.
    """
    if not 0 < weight < float("inf"):
        raise ValueError(f"check of {exercise!r}: weight must be a number above 0, got {weight}")

    def wrap(probe: Probe) -> Check:
        name = f"{exercise}.{probe.__name__.replace('_', '-')}"
        bounds = (rtol, atol, cpu, tuple(needs), replay, threshold, tries)
        return Check(name, exercise, float(weight), says, probe, *bounds)

    return wrap


def collect(names: Mapping[str, Any]) -> tuple[Check, ...]:
    """The checks that a module's namespace holds, in the order of their definition."""
    return tuple(v for v in names.values() if isinstance(v, Check))


@dataclass(frozen=True)
class Mutant:
    """A known mistake: `old`, found exactly once in the solution's source, becomes `new`.

    fails: every check that the mistake fails, trained ones aside. hint: tells a student what went
    wrong without giving the line away.
    """

    name: str
    old: str
    new: str
    hint: str
    fails: tuple[str, ...]


def mutant(name: str, old: str, new: str, hint: str, fails: Iterable[str]) -> Mutant:
    """A Mutant; `fails` may be any iterable of check names."""
    return Mutant(name, old, new, hint, tuple(fails))


@dataclass(frozen=True)
class Variant:
    """Right work written otherwise: by grade id, whole cells that replace the solution's."""

    name: str
    cells: Mapping[str, str]


@dataclass(frozen=True)
class Rewrite:
    """The mistake of the mutant `of` in other code: by grade id, whole cells; it must get the same hint."""

    name: str
    of: str
    cells: Mapping[str, str]


def given(value: Any, what: str) -> Any:
    """`value`, of any kind; raises Todo, naming `what`, where it is still a placeholder: None or `...`."""
    if value is None:
        raise Todo(f"{what} gives None: is it still to do, or is a return missing?", what)
    if value is ...:
        raise Todo(f"{what} is still to do")
    return value
