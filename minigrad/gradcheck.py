"""gradcheck(): compare the gradients that the tape gives with central differences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import inf, isfinite
from operator import itemgetter

import numpy as np

from minigrad.errors import MinigradError
from minigrad.recording import no_grad
from minigrad.tape import Array
from minigrad.tensor import Tensor

# What the first step is multiplied with while the central difference does not tell: one too long has left the
# neighbourhood in which f is nearly a parabola, in one too short rounding is all that is left.
LENGTHS = (1.0, 1e5, 1e-2, 30.0, 1e3, 1e4, 1e-4)
ROUNDING = 8 * float(np.finfo(np.float64).eps)  # of one result of f, relative to it
TELLS = 1e-4  # a difference with more rounding than this share of it proves nothing


class GradientError(AssertionError, MinigradError):
    """A gradient differs from the central difference."""


@dataclass(frozen=True)
class Difference:
    """f along one step, there and back: the slope that the gradient gives, and those that f has."""

    got: float
    expected: float
    size: float  # of the parts of `got`, which may cancel
    rounding: float  # the error that `expected` may have from it
    above: float  # the slope on the step's one side, and on the other
    below: float
    width: float  # of the step, from end to end

    @property
    def error(self) -> float:
        """How far the two slopes are apart."""
        return abs(self.got - self.expected)

    @property
    def scale(self) -> float:
        """The size of what is compared."""
        return max(self.size, abs(self.expected))

    @property
    def relative(self) -> float:
        """The error in terms of the scale; infinite where the gradient is no number."""
        return self.error / (self.scale or 1) if isfinite(self.error) else inf

    def agrees(self, rtol: float, atol: float) -> bool:
        """Whether the slope is that of the gradient, as far as this can tell."""
        return self.error <= atol + rtol * self.scale + self.rounding

    def said(self) -> str:
        """Where the two sides differ, that this may be why."""
        apart = abs(self.above - self.below)
        if not apart > 1e-3 * max(abs(self.above), abs(self.below)) + 4 * self.rounding:
            return ""
        return f"; kink? the slope is {self.above:.3g} on one side and {self.below:.3g} on the other"


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
    entrywise: by default d is one random direction in all inputs at once, which costs two runs of f;
    entrywise takes every entry by itself, which costs two runs of f an entry, and names the worst.
    eps is relative to an input's entries above 1. The error allowed is atol, rtol times the size of what is
    compared, and the rounding of f. Where they differ by more, shorter and longer steps are tried before it
    is an error.
    seed: of the cotangent and the direction. Every `.grad` and `.data` is afterwards what it was before.

    Returns True. Raises GradientError with both figures where they differ, and says so where f seems to have
    a kink; ValueError where no input has requires_grad=True or one that has it is no float64 leaf, TypeError
    for inputs or a result that are no Tensors.
    """
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
        (fault.relative, where, fault)
        for where, directions in (check.entries([*leaves.values()]) if entrywise else check.direction())
        if (fault := _fault(check.differences(directions), rtol, atol))
    ]
    if not faults:
        return True
    _, where, fault = max(faults, key=itemgetter(0))
    if not check.repeats():
        raise GradientError(
            "gradcheck: f gives another result for the same inputs: let it start from one seed"
        )
    got, expected = f"{fault.got:.9g}", f"the central difference {fault.expected:.9g}{fault.said()}"
    if entrywise:
        raise GradientError(f"gradcheck: the worst entry is {where}: the gradient is {got}, {expected}")
    remedy = "entrywise=True names the worst entry"
    raise GradientError(f"gradcheck: {where} the gradient gives {got}, {expected}; {remedy}")


def _fault(differences: Iterator[Difference], rtol: float, atol: float) -> Difference | None:
    """None where the gradient is right or none of the differences tells; else the one nearest to it."""
    tried = []
    for one in differences:
        tried.append(one)
        if one.agrees(rtol, atol) and one.rounding <= TELLS * one.scale:
            return None
        if len(tried) == 2 and tried[0].error == tried[1].error == 0:  # of an input that f does not use
            return None
    known = [one for one in tried if isfinite(one.error)]
    agree = [one for one in known if one.agrees(rtol, atol)]
    others = [one for one in known if one not in agree]
    if known and not _refuted(others) and (_vanishes(tried[0], tried[2]) or _hidden(agree, others)):
        return None
    return min(others, key=lambda one: one.relative, default=tried[0])


def _hidden(agree: Sequence[Difference], others: Sequence[Difference]) -> bool:
    """Whether rounding hides what there may be: those that do not agree are of steps along which f curves."""
    if any(one.error == 0 or one.rounding <= 0.1 * one.scale for one in agree):
        return True
    return bool(agree) and all(one.width > max(a.width for a in agree) for one in others)


def _refuted(others: Sequence[Difference]) -> bool:
    """Whether two steps of other lengths agree with each other, and with the gradient far less.

    What comes of rounding grows as steps get shorter, and what comes of the curve as they get longer.
    """
    return any(
        abs(a.expected - b.expected) <= 0.1 * min(a.error, b.error)
        for a in others
        for b in others
        if a.width >= 9 * b.width
    )


def _vanishes(whole: Difference, hundredth: Difference) -> bool:
    """Whether the slope is 0, as the gradient says: what a step meets is the curve, in a short one less."""
    flat = all(abs(one.got) <= TELLS * abs(one.expected) for one in (whole, hundredth))
    return flat and abs(hundredth.expected) < 1e-3 * abs(whole.expected)


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

    def repeats(self) -> bool:
        """Whether f gives the same again."""
        with no_grad():
            return np.array_equal(self.f().data, self.y, equal_nan=True)

    def direction(self) -> Iterator[tuple[str, list[Array]]]:
        """One random direction for all leaves at once."""
        yield "along a random direction", [self.rng.standard_normal(x.shape) for x in self.leaves]

    def entries(self, numbers: Sequence[int]) -> Iterator[tuple[str, list[Array]]]:
        """Each entry's own direction, after its name; `numbers` are those of the leaves among the inputs."""
        for k, x in enumerate(self.leaves):
            for index in np.ndindex(x.shape):
                directions = [np.zeros(leaf.shape) for leaf in self.leaves]
                directions[k][index] = 1
                yield f"input {numbers[k]} at {list(index)}", directions

    def differences(self, directions: Sequence[Array]) -> Iterator[Difference]:
        """Central differences for steps of several lengths: first as given, then relative to each entry."""
        start, moves = [x.data.copy() for x in self.leaves], np.zeros(self.y.shape, bool)
        for least in (1.0, 0.0):
            sizes = [np.maximum(np.abs(x), least) for x in start]
            for length in LENGTHS:
                steps = [
                    self.eps * length * np.where(s == 0, 1, s) * d
                    for s, d in zip(sizes, directions, strict=True)
                ]
                up, down, moved = self._ends(start, steps)
                moves = moves | (up != self.y) | (down != self.y)
                yield self._slopes(up, down, moved, directions, moves)

    @np.errstate(all="ignore")
    def _slopes(
        self,
        up: Array,
        down: Array,
        moved: Sequence[Array],
        directions: Sequence[Array],
        moves: Array,
    ) -> Difference:
        """What one step shows, of ends that may be beyond the domain of f, where there are no numbers.

        up, down: f's results at the ends, of its shape. moved: how far these are apart, for each leaf; moves:
        which results have moved so far.
        """
        width = sum(np.abs(m).sum() for m in moved) / (sum(np.abs(d).sum() for d in directions) or 1)
        parts = [a * m for a, m in zip(self.gradients, moved, strict=True)]
        # Results that no step moves have no part in it: beside a large one, a small one still tells.
        weights = np.abs(self.g) * (moves if moves.any() else 1)
        slopes = {
            "got": sum(part.sum() for part in parts),
            "expected": ((up - down) * self.g).sum(),
            "size": sum(np.abs(part).sum() for part in parts),
            "rounding": ROUNDING * ((np.abs(up) + np.abs(down)) * weights).sum(),
            "above": 2 * ((up - self.y) * self.g).sum(),
            "below": 2 * ((self.y - down) * self.g).sum(),
        }
        each = {name: float(slope / (width or 1)) for name, slope in slopes.items()}
        return Difference(**each, width=float(width))

    def _ends(self, start: Sequence[Array], steps: Sequence[Array]) -> tuple[Array, Array, list[Array]]:
        """f's results one step up and one down, and how far it is from the one to the other, as rounded."""
        ends = [[x + sign * step for x, step in zip(start, steps, strict=True)] for sign in (1, -1)]
        results = []
        try:
            for end in ends:
                for x, moved in zip(self.leaves, end, strict=True):
                    x.data[...] = moved
                with no_grad(), np.errstate(all="ignore"):  # a step may leave the domain of f
                    results.append(self.f().data)
        finally:
            for x, x0 in zip(self.leaves, start, strict=True):
                x.data[...] = x0
        return results[0], results[1], [a - b for a, b in zip(*ends, strict=True)]
