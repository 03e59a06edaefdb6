"""gradcheck(): compare the gradients that the tape gives with central differences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf, isfinite
from operator import attrgetter
from typing import Any

import numpy as np

from minigrad.arguments import count, number, truth
from minigrad.errors import MinigradError
from minigrad.recording import no_grad
from minigrad.tape import Array
from minigrad.tensor import Tensor

# What eps is multiplied with where the first step does not tell: one too long has left the neighbourhood in
# which f is nearly a parabola, in one too short rounding is all that is left.
LENGTHS = (1e5, 3e3, 1e2, 3.0, 1e-1, 3e-3, 1e-4)
SHORTEST = float(np.finfo(np.float64).eps)  # below it, a step does not move an input
ROUNDING = 8 * SHORTEST  # of one result of f, relative to it
DOUBT = 3  # by how many times its doubt a difference may be wrong


class GradientError(AssertionError, MinigradError):
    """A gradient differs from the central difference."""


@dataclass(frozen=True)
class Difference:
    """f along one step, there and back: the slope that the gradient gives, and those that f has."""

    got: float
    expected: float
    size: float  # of the parts of `got`, which may cancel: the root of the sum of their squares
    doubt: float  # how far `expected` may be off, from what is known
    above: float  # the slope on the step's one side, and on the other
    below: float
    moves: bool  # whether any result of f is another than without the step
    kink: str = ""  # what to say of these two where they are those of a kink

    @property
    def error(self) -> float:
        """How far the two slopes are apart."""
        return abs(self.got - self.expected)

    @property
    def relative(self) -> float:
        """The error in terms of what is compared; infinite where the gradient is no number."""
        return self.error / (max(self.size, abs(self.expected)) or 1) if isfinite(self.error) else inf

    @property
    def unmoved(self) -> bool:
        """Whether both slopes are 0."""
        return self.error == self.size == self.expected == 0

    @property
    def bend(self) -> float:
        """How far the slopes on both sides are apart; 0 where it may be rounding."""
        apart = abs(self.above - self.below)
        return apart if apart > 4 * self.doubt else 0.0

    def agrees(self, rtol: float, atol: float) -> bool:
        """Whether the slope is that of the gradient, as far as this can tell."""
        return self.error <= atol + rtol * self.size + DOUBT * self.doubt


def gradcheck(
    f: Callable[..., Tensor],
    *inputs: Tensor,
    entrywise: bool = False,
    eps: float = 1e-6,
    rtol: float = 1e-5,
    atol: float = 0.0,
    seed: int = 0,
) -> bool:
    """Compare the gradients of `f(*inputs)` with (f(x + eps d) - f(x - eps d)) / (2 eps).

    inputs: float64 leaves of any shape; among them may be constants, which are not checked.
    f: returns a Tensor of any shape; what is differentiated is sum(f * g) for a random cotangent g.
    entrywise: by default d is two random directions in all inputs at once, along which no parts of the
    gradient cancel, which costs four runs of f: they find an error of a thousandth of the gradient's norm.
    entrywise takes every entry by itself, which costs two runs of f an entry, and names the worst.
    eps, from 2.2e-16 to 1, is relative to an input's entries above 1. The error allowed is atol, rtol times
    the size of what is compared, and the doubt in the difference. Where they differ by more, or rounding
    hides it, longer and shorter steps are taken, and what counts is the one that agrees best with its
    neighbours, whatever the gradient says.
    seed: of the cotangent and the direction. Every `.grad` and `.data` is afterwards what it was before.

    Returns True. Raises GradientError with both figures where they differ, and says so where f seems to have
    a kink; also where float32 within f, or rounding, lets short steps not move it, since no difference is to
    be trusted then. Raises ValueError where no input has requires_grad=True or one that has it is no float64
    leaf, for an eps out of its range, and for rtol or atol below 0 or not finite; TypeError for inputs or a
    result that are no Tensors, and for no number.
    """
    eps = number("gradcheck", "eps", eps, SHORTEST, 1)
    rtol, atol = number("gradcheck", "rtol", rtol, 0), number("gradcheck", "atol", atol, 0)
    count("gradcheck", "seed", seed, 0)
    truth("gradcheck", "entrywise", entrywise)
    leaves: dict[Tensor, int] = {}  # each once, though it be given twice: it moves in both places
    for i, x in enumerate(inputs):
        if not isinstance(x, Tensor):
            raise TypeError(
                f"gradcheck: input {i} is a {type(x).__name__}: give Tensor(x, requires_grad=True)"
            )
        if x.requires_grad:
            leaves.setdefault(x, i)
    if not leaves:
        raise ValueError("gradcheck: no input has requires_grad=True")
    for x, i in leaves.items():
        if x.dtype != np.float64 or x.node is None or x.node.op is not None:
            raise ValueError(f"gradcheck: input {i} must be a float64 leaf, it is {x!r}")
    check = _Check(lambda: f(*inputs), list(leaves), np.random.default_rng(seed), eps)
    faults = [
        (where, fault)
        for where, directions in (check.entries([*leaves.values()]) if entrywise else check.directions())
        if (fault := _fault(check, directions, rtol, atol))
    ]
    if not faults:
        return True
    where, fault = max(faults, key=lambda pair: pair[1].relative)
    got, expected = f"{fault.got:.9g}", f"the central difference {fault.expected:.9g}{fault.kink}"
    if entrywise:
        raise GradientError(f"gradcheck: the worst entry is {where}: the gradient is {got}, {expected}")
    remedy = "entrywise=True names the worst entry"
    raise GradientError(f"gradcheck: {where} the gradient gives {got}, {expected}; {remedy}")


def _fault(check: _Check, directions: Sequence[Array], rtol: float, atol: float) -> Difference | None:
    """None where the gradient is right or no difference tells; else the one that tells best.

    Raises GradientError where f does not give the same again.
    """
    first = check.difference(directions, 1.0)
    if first.agrees(rtol, atol) and first.doubt <= rtol * first.size:
        return None
    if first.unmoved and check.difference(directions, LENGTHS[0]).unmoved:  # f does not use the input
        return None
    if not check.repeats():
        raise GradientError(
            "gradcheck: f gives another result for the same inputs: let it start from one seed"
        )
    rows = check.rows(directions)
    known = [one for row in rows for one in _beside_others(row)]
    best = min(known, key=attrgetter("doubt"))
    if any(map(_in_jumps, rows)):
        return replace(
            best,
            kink="; float32, or rounding? Short steps do not move f: let it compute in float64 throughout",
        )
    if best.kink:  # shorter steps may stay on one side of it
        onesided = [one for one in known if not one.kink and one.doubt < 0.01 * best.bend]
        best = min(onesided, key=attrgetter("doubt"), default=best)
    if best.agrees(rtol, atol):
        return None
    if any(one.relative < 1e-4 for one in known):
        return replace(
            best, kink="; float32? With other steps they agree: let f compute in float64 throughout"
        )
    return best


def _in_jumps(row: Sequence[Difference]) -> bool:
    """Whether a step moves no result of f that in float64 would, by the gradient, and a longer one does.

    So float32 within f tells, and rounding: no difference is to be trusted then.
    """
    still = (i for i, one in enumerate(row) if not one.moves and abs(one.got) > 100 * one.doubt)
    return any(longer.moves for longer in row[: next(still, 0)])


def _beside_others(row: Sequence[Difference]) -> Iterator[Difference]:
    """Each difference with what its neighbours say: how far they are off adds to its doubt.

    row: from the longest step to the shortest. What comes of the curve shrinks with the step, and what comes
    of rounding grows as it gets shorter: where neither counts, a step thirty times as long gives the same.
    At a kink the two sides remain as far apart, however short the step is.
    """
    for i, one in enumerate(row):
        beside = [*row[max(i - 1, 0) : i], *row[i + 1 : i + 2]]
        apart = [abs(one.expected - other.expected) for other in beside if isfinite(other.expected)]
        known = isfinite(one.expected) and apart
        shorter = min(row[i : i + 2] if i + 1 < len(row) else row[i - 1 :], key=attrgetter("bend"))
        bends = 2 * shorter.bend > one.bend > 1e-3 * max(abs(one.above), abs(one.below))
        sides = f"the slope is {one.above:.3g} on one side and {one.below:.3g} on the other"
        yield replace(
            one, doubt=one.doubt + max(apart) if known else inf, kink=f"; kink? {sides}" if bends else ""
        )


@dataclass(frozen=True)
class _Step:
    """f's results one step up and one down, of its shape, and how far the inputs are apart then."""

    up: Array
    down: Array
    moved: Sequence[Array]  # for each leaf
    width: float  # from end to end, the mean over all entries that move; 0 where rounding lets none move
    moves: Array  # which results are others than without a step


class _Check:
    """sum(f() * g) for a random cotangent g, its gradients for the leaves, and steps from where these are."""

    def __init__(
        self, f: Callable[[], Tensor], leaves: Sequence[Tensor], rng: np.random.Generator, eps: float
    ) -> None:
        self.f, self.leaves, self.rng, self.eps = f, leaves, rng, eps
        before = [x.grad for x in leaves]
        for x in leaves:
            x.grad = None
        try:
            y = f()
            if not isinstance(y, Tensor):
                raise TypeError(f"gradcheck: f returned a {type(y).__name__}: it must return a Tensor")
            self.y, self.g = y.data, rng.standard_normal(y.shape)
            y.backward(self.g)
            self.gradients = [np.zeros(x.shape) if x.grad is None else x.grad for x in leaves]
        finally:
            for x, grad in zip(leaves, before, strict=True):
                x.grad = grad

    @no_grad()
    def value(self) -> Array:
        """f's result, of y's shape, by itself."""
        result: Array = self.f().data
        return result

    def repeats(self) -> bool:
        """Whether f gives the same again."""
        return np.array_equal(self.value(), self.y, equal_nan=True)

    def directions(self) -> Iterator[tuple[str, list[Array]]]:
        """Two random directions for all leaves at once, along which no part of the gradient is negative."""
        for _ in range(2):
            yield (
                "along a random direction",
                [
                    np.abs(self.rng.standard_normal(a.shape)) * np.where(np.signbit(a), -1, 1)
                    for a in self.gradients
                ],
            )

    def entries(self, numbers: Sequence[int]) -> Iterator[tuple[str, list[Array]]]:
        """Each entry's own direction, after its name; `numbers` are those of the leaves among the inputs."""
        for k, x in enumerate(self.leaves):
            for index in np.ndindex(x.shape):
                directions = [np.zeros(leaf.shape) for leaf in self.leaves]
                directions[k][index] = 1
                yield f"input {numbers[k]} at {list(index)}", directions

    def difference(self, directions: Sequence[Array], length: float) -> Difference:
        """The central difference for eps times `length`."""
        step = self._step(directions, length, 1.0)
        return self._slopes(step, directions, np.full(self.y.shape, step.width))

    def rows(self, directions: Sequence[Array]) -> list[list[Difference]]:
        """Central differences, the longest first: for eps as it is, and relative to each entry."""
        rows = [[self._step(directions, length, least) for length in LENGTHS] for least in (1.0, 0.0)]
        # What not even the longest step moves is as certain in all of them: beside a large result that has no
        # part in it, a small one still tells.
        every = [step for row in rows for step in row]
        still = ~np.any([step.moves for step in every], axis=0)
        longest = max(step.width for step in every)
        return [
            [self._slopes(step, directions, np.where(still, longest, step.width)) for step in row]
            for row in rows
        ]

    @np.errstate(all="ignore")
    def _slopes(self, step: _Step, directions: Sequence[Array], widths: Array) -> Difference:
        """What one step shows, of ends that may be beyond the domain of f, where there are no numbers.

        widths: of the step that tells most of each result, in f's shape. A step of width 0 tells nothing: it
        has NaN for every slope, and an infinite doubt.
        """
        parts = [a * m / step.width for a, m in zip(self.gradients, step.moved, strict=True)]
        up, down, g = step.up, step.down, self.g
        rounding = ROUNDING * (np.abs(up) + np.abs(down)) * g / widths
        slopes = {
            "got": sum(part.sum() for part in parts),
            "expected": ((up - down) * g).sum() / step.width,
            "size": np.sqrt(sum(np.square(part).sum() for part in parts)),
            "doubt": np.sqrt(np.square(rounding).sum()),
            "above": 2 * ((up - self.y) * g).sum() / step.width,
            "below": 2 * ((self.y - down) * g).sum() / step.width,
        }
        each: dict[str, Any] = {name: float(slope) for name, slope in slopes.items()}
        each["doubt"] = each["doubt"] if step.width else inf
        return Difference(**each, moves=bool(step.moves.any()))

    def _step(self, directions: Sequence[Array], length: float, least: float) -> _Step:
        """eps times `length` along the directions: times each entry, or `least` where an entry is smaller."""
        start = [x.data.copy() for x in self.leaves]
        sizes = [np.maximum(np.abs(x), least) for x in start]
        steps = [
            self.eps * length * np.where(s == 0, 1, s) * d for s, d in zip(sizes, directions, strict=True)
        ]
        ends = [[x + sign * step for x, step in zip(start, steps, strict=True)] for sign in (1, -1)]
        results: list[Array] = []
        try:
            for end in ends:
                for x, moved in zip(self.leaves, end, strict=True):
                    x.data[...] = moved
                with np.errstate(all="ignore"):  # a step may leave the domain of f
                    results.append(self.value())
        finally:
            for x, x0 in zip(self.leaves, start, strict=True):
                x.data[...] = x0
        moved = [a - b for a, b in zip(*ends, strict=True)]  # as rounded
        length = sum(np.abs(d).sum() for d in directions)  # 0 of an input without entries
        width = float(sum(np.abs(m).sum() for m in moved) / length) if length else 1.0
        up, down = results
        return _Step(up, down, moved, width, (up != self.y) | (down != self.y))
