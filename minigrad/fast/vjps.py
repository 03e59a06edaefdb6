"""Vjps with which `fast.backward` can do more than call them: of a sum, a slice, a product of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.sums import MANY, widened
from minigrad.tape import Array, as_array

ALL_ZERO = (-1, 0)  # of an array that is zero as a whole; else (axis, n): all before n along the axis
_ALL = slice(None)


def unchanged(g: Array) -> Array:
    """The vjp of what hands the cotangent `g`, of any shape, on as it is."""
    return g


class At:
    """The vjp of `x[index]`: the cotangent is `g` there and zero elsewhere; equal indices add up.

    Called, it makes an array of x's shape. `backward` has it `add` to one such array for all that was picked
    from x: of a sequence cut into T steps, that is one array in place of T.
    """

    __slots__ = ("axis", "index", "shape")
    index: Any
    axis: int
    shape: tuple[int, ...]

    def __call__(self, g: Array) -> Array:
        buffer = zeros(self.shape, g)
        _add_up(buffer, (_ALL, self.index) if self.axis else self.index, g)
        return buffer

    def add(self, buffer: Array, g: Array, zero: tuple[int, int] | None) -> tuple[int, int] | None:
        """Add `g` at the index into `buffer`, of x's shape; gives what `fast.Node.free` says.

        Pieces that were cut from left to right come back from right to left. While each lies in the part that
        is zero it is written, which is several times faster than adding to it.
        """
        along, axis = self.index, self.axis
        index: Any = (_ALL, along) if axis else along
        if type(along) is int:
            along = slice(along, along + 1)
        if zero is not None and type(along) is slice and along.step is None:
            start, stop = along.start or 0, along.stop
            if zero is ALL_ZERO or (stop is not None and axis == zero[0] and 0 <= start <= stop <= zero[1]):
                buffer[index] = g
                return axis, start if start > 0 else 0
        part = buffer[index]
        if getattr(part, "base", None) is buffer:  # a view: the index was basic, nothing repeats
            part += g
        else:
            _add_up(buffer, index, g)
        return None


def _add_up(buffer: Array, index: Any, g: Array) -> None:
    """buffer[index] += g, where indices may repeat, and their gradients add up."""
    if g.size > MANY and g.dtype == np.float32:
        sums = np.zeros(buffer.shape, like=buffer)
        np.add.at(sums, index, widened(g))  # into another dtype it takes three times as long
        buffer += sums
    else:
        np.add.at(buffer, index, g)


def zeros(shape: tuple[int, ...], g: Array) -> Array:
    """Zeros of g's dtype, and of its kind: it may be a NumPy scalar, or an array that is not NumPy's."""
    if type(g) is np.ndarray:
        return np.zeros(shape, g.dtype)
    return np.zeros(shape, g.dtype, like=as_array(g))


def picked(index: Any, shape: tuple[int, ...]) -> At:
    """The vjp of `x[index]` for an x of this shape."""
    at = At()  # an `__init__` would take as long as to cut x
    at.shape = shape
    if type(index) is tuple and len(index) == 2 and type(index[0]) is slice and index[0] == _ALL:
        at.index, at.axis = index[1], 1  # of [:, i:j] only i:j: two objects less for Python's collector
    else:
        at.index, at.axis = index, 0
    return at


class By:
    """The vjp of a (B, D) in `a @ b`, two matrices, b (D, H): g @ bᵀ.

    `backward` calls `among`. From the second use of b in a pass on it multiplies by a copy of bᵀ whose rows
    lie in memory one after the other: BLAS takes as little as half the time then, and a recurrent matrix is
    used in every step.
    """

    __slots__ = ("b",)

    def __init__(self, b: Array) -> None:
        self.b = b

    def __call__(self, g: Array) -> Array:
        return g.dot(self.b.T)

    def among(self, cache: dict[int, list[Array]], g: Array) -> Array:
        """The same, of `g` (B, H). cache: id(b) → [b, bᵀ]; holding b keeps its id from being reused."""
        kept = cache.setdefault(id(self.b), [])
        if len(kept) < 2:
            kept.append(self.b.T.copy() if kept else self.b)
        return g.dot(kept[1] if len(kept) > 1 else self.b.T)
