"""The words in which assignments write checks, mutants and variants.

It imports NumPy alone: a worker in the sandbox reads it too, and there the engine may be absent.
A check is a probe: it runs against the names that a notebook defines and returns named arrays.
It never says whether they are right; `minigrad.grading.judge.verdict` compares them with the solution's.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
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
    it `needs` have passed. Where the score is 1 − error / `baseline`, the error is told in its place.
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
    baseline: float = 0.0

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
    baseline: float = 0.0,
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
        return Check(name, exercise, float(weight), says, probe, *bounds, baseline=baseline)

    return wrap


def collect(names: Mapping[str, Any]) -> tuple[Check, ...]:
    """The checks that a module's namespace holds, in the order of their definition."""
    return tuple(v for v in names.values() if isinstance(v, Check))


@dataclass(frozen=True)
class Mutant:
    """A known mistake: `old`, found exactly once in the solution's source, becomes `new`.

    fails: every check that the mistake fails, trained ones aside. hint: tells a student what went
    wrong without giving the line away; in up to three steps, a line for each, which are opened one by one.
    """

    name: str
    old: str
    new: str
    hint: str
    fails: tuple[str, ...]


def mutant(name: str, old: str, new: str, hint: str | Sequence[str], fails: Iterable[str]) -> Mutant:
    """A Mutant; `fails` may be any iterable of check names, `hint` one text or its steps.

    Steps go from a question over the idea to the place: `hint=["What ...?", "The ...", "Look at ..."]`.
    """
    return Mutant(name, old, new, hint if isinstance(hint, str) else "\n".join(hint), tuple(fails))


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


KINDS = (  # by which a value is known, the narrowest first
    *("Parameter", "Tensor", "ndarray", "tuple", "list", "dict", "bool", "int", "float", "str"),
    *("Module", "function", "Callable", "object"),
)
_noted: ContextVar[list[dict[str, Any]]] = ContextVar("_noted")


@contextmanager
def noting() -> Iterator[list[dict[str, Any]]]:
    """What `given` notes while this lasts: {"what", "got", "want"} of each value of another form than wanted.

    A form is {"kind": one of `KINDS`, "shape": a list, or None where there is none}.
    """
    noted: list[dict[str, Any]] = []
    token = _noted.set(noted)
    try:
        yield noted
    finally:
        _noted.reset(token)


def _form(value: Any) -> dict[str, Any]:
    """The form of a value; the shape of a tuple or a list is how many values it has."""
    kind = next(c.__name__ for c in type(value).__mro__ if c.__name__ in KINDS)
    shape = (len(value),) if isinstance(value, tuple | list) else getattr(value, "shape", None)
    if not (isinstance(shape, tuple) and all(type(n) is int for n in shape)):
        return {"kind": kind, "shape": None}
    return {"kind": kind, "shape": list(shape)}


def _shaped(got: list[int] | None, want: Sequence[int | None]) -> bool:
    """Whether these are the lengths of axes that are wanted, None being any."""
    alike = got is not None and len(got) == len(want)
    return alike and all(w in (None, n) for n, w in zip(got or (), want, strict=True))


def given(value: Any, what: str, kind: type = object, shape: Sequence[int | None] | None = None) -> Any:
    """`value`, of any kind; raises Todo, naming `what`, where it is still a placeholder: None or `...`.

    `kind` and `shape` are the form that the check goes on with: `given(pair, "windows", tuple, (2,))`,
    `given(h, "RNNCell's __call__", Tensor, (B, H))`; None in a shape is any length. Tuples and
    lists pass for each other. A value of another form comes back like any other: it is noted, and told as
    the reason if the check then fails.
    """
    if value is None:
        raise Todo(f"{what} gives None: is it still to do, or is a return missing?", what)
    if value is ...:
        raise Todo(f"{what} is still to do")
    alike = isinstance(value, (tuple, list) if kind in (tuple, list) else kind)
    got = _form(value)
    if not alike or (shape is not None and not _shaped(got["shape"], shape)):
        want = {"kind": kind.__name__, "shape": None if shape is None else list(shape)}
        _noted.get([]).append({"what": what, "got": got, "want": want})
    return value


class Overtime(BaseException):
    """The time is over. Not an Exception, so that no `except Exception` of a student catches it."""


class Endless(Exception):
    """What was called `briefly` did not end in its time."""


def _in_main_thread() -> bool:
    import threading  # a browser has none, and no timers either

    return threading.current_thread() is threading.main_thread()


@contextmanager
def deadline(cpu: float) -> Iterator[None]:
    """Raise Overtime in the block after `cpu` seconds of computing time; 0: never.

    Inside another one it ends no later than that, whose time goes on. It serves whoever plays fair: a
    worker's supervisor has a deadline of its own. Without effect where there are no timers (Windows, a
    browser) and outside the main thread, to which Python delivers signals; there, a person has to
    interrupt the kernel.
    """
    if not hasattr(signal, "setitimer") or not _in_main_thread():
        yield
        return

    def over(*_: object) -> None:
        raise Overtime

    outer = signal.getitimer(signal.ITIMER_PROF)[0]
    limit = min(cpu, outer) if cpu and outer else cpu or outer
    before = signal.signal(signal.SIGPROF, over)
    signal.setitimer(signal.ITIMER_PROF, limit)
    try:
        yield
    finally:
        left = signal.setitimer(signal.ITIMER_PROF, 0)[0]
        signal.signal(signal.SIGPROF, before)
        if outer:
            signal.setitimer(signal.ITIMER_PROF, max(outer - (limit - left), 1e-6))


@contextmanager
def briefly(cpu: float = 0.5) -> Iterator[None]:
    """For what a probe asks of another exercise, and can do without: Endless after `cpu` seconds.

    A loop without end there is then a failure like any other, and costs that exercise alone.
    """
    try:
        with deadline(cpu):
            yield
    except Overtime:
        raise Endless from None
