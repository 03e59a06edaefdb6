"""Every primitive operation: plain functions on arrays that return `(result, vjps)`.

An op knows nothing of tensors or graphs. `vjps` holds, for each array argument, a function that
takes the cotangent `g` of the result and returns that argument's cotangent, or an array where this is
`g` times the array; the closures keep what it needs. A vjp never writes into `g`, and may return it. It
may ignore broadcasting: where its argument was broadcast, `backward` sums the surplus away. An op whose
gradients share their work returns one function that gives the tuple of all of them. An op never returns
its own argument.

Where a function has a kink, the gradient is: abs 0, relu 0, leaky_relu the slope, clip 1 at its
bounds; entries that tie in max, min, maximum, minimum share it equally.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from itertools import accumulate, pairwise
from operator import itemgetter
from typing import Any

import numpy as np

Array = Any  # a NumPy array, or one that speaks NumPy's protocols
Vjps = tuple[Callable[[Array], Any] | Array | None, ...] | Callable[[Array], tuple[Any, ...]]
Result = tuple[Array, Vjps]
Axis = int | tuple[int, ...] | None
_ALL = slice(None)


class At:
    """The vjp of `x[index]`: the cotangent is `g` there and zero elsewhere; equal indices add up.

    The tape does not call it, but gathers all that was picked from x in one buffer by `add`.
    """

    __slots__ = ("axis", "index", "shape")
    index: Any
    axis: int
    shape: tuple[int, ...]

    def __call__(self, g: Array) -> Array:
        buffer = np.zeros(self.shape, g.dtype, like=g)
        self.add(buffer, g, True)
        return buffer

    def add(self, buffer: Array, g: Array, free: Any = None) -> Any:
        """Add `g` at the index into `buffer`, which owns its memory; returns the new `free`.

        free: the part that is still zero: True for all, (axis, n) for what lies before n, None for
        unknown. Pieces that were cut from left to right come back from right to left. While each
        lies in the free part it is written, which is several times faster than adding to it.
        """
        along, axis = self.index, self.axis
        index: Any = (_ALL, along) if axis else along
        if type(along) is int:
            along = slice(along, along + 1)
        if free and type(along) is slice and along.step is None:
            start, stop = along.start or 0, along.stop
            if free is True or (stop is not None and axis == free[0] and 0 <= start <= stop <= free[1]):
                buffer[index] = g
                return axis, start if start > 0 else 0
        part = buffer[index]
        if getattr(part, "base", None) is buffer:  # a view: the index was basic, nothing repeats
            part += g
        else:
            np.add.at(buffer, index, g)
        return None


def _at(index: Any, shape: tuple[int, ...]) -> At:
    at = At()  # an `__init__` would take as long as to cut x
    at.index, at.axis, at.shape = index, 0, shape
    if type(index) is tuple and len(index) == 2 and type(index[0]) is slice and index[0] == _ALL:
        at.index, at.axis = index[1], 1  # of [:, i:j] only i:j: two objects less for Python's collector
    return at


class By:
    """The vjp of a in `a @ b`, two matrices: g @ b.T.

    The tape calls `among`, which from the second use of b in a pass on has b.T in rows: BLAS takes as little
    as half the time then, and a recurrent matrix is used in every step.
    """

    __slots__ = ("b",)

    def __init__(self, b: Array) -> None:
        self.b = b

    def __call__(self, g: Array) -> Array:
        return g.dot(self.b.T)

    def among(self, known: dict[int, list[Array]], g: Array) -> Array:
        """The same. known: for the id of each b of the pass, b, which keeps the id its own, and b.T."""
        kept = known.setdefault(id(self.b), [])
        if len(kept) < 2:
            kept.append(self.b.T.copy() if kept else self.b)
        return g.dot(kept[1] if len(kept) > 1 else self.b.T)


def _same(g: Array) -> Array:
    return g


_UNCHANGED = _same, _same


def _spread(g: Array, x: Array, axis: Axis, keepdims: bool) -> Array:
    """A reduction's `g` or result, with the reduced axes of `x` back as axes of length 1."""
    return g if keepdims or axis is None else np.expand_dims(g, axis)


def _filled(g: Array, x: Array, axis: Axis, keepdims: bool) -> Array:
    """The same in the shape of `x`, written out: a small one by broadcast_to takes four times as long."""
    gs = np.empty_like(x, g.dtype)
    gs[...] = _spread(g, x, axis, keepdims)
    return gs


# Arithmetic


def add(a: Array, b: Array) -> Result:
    return a + b, _UNCHANGED


def sub(a: Array, b: Array) -> Result:
    return a - b, (_same, np.negative)


def mul(a: Array, b: Array) -> Result:
    return a * b, (b, a)


def div(a: Array, b: Array) -> Result:
    y = a / b
    return y, (lambda g: g / b, lambda g: -g * y / b)


def neg(x: Array) -> Result:
    return -x, (np.negative,)


def pow(a: Array, b: Array) -> Result:
    y = a**b

    def vjp_a(g: Array) -> Array:  # where b is 0, y is 1 for every a: its gradient is 0, never 0 * inf
        return g * b * a ** (np.where(b == 0, 1, b - 1) if np.ndim(b) else b - 1 if b else 1)

    def vjp_b(g: Array) -> Array:  # 0**b is flat in b: log(0) must not reach the product
        return g * y * np.log(np.where(a == 0, 1, a))

    return y, (vjp_a, vjp_b)


def _rows(x: Array) -> Array:
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def matmul(a: Array, b: Array) -> Result:
    if a.ndim == 2 == b.ndim:  # dot is sooner than @; b=b, here and below, is fewer objects than a closure
        return a.dot(b), (By(b) if b.size > 4096 else lambda g, b=b: g.dot(b.T), lambda g, a=a: a.T.dot(g))
    y = a @ b
    if a.ndim > 2 == b.ndim:  # one product over all rows instead of a sum of many
        return y, (lambda g: g @ b.T, lambda g: _rows(a).T @ _rows(g))
    if a.ndim > 1 < b.ndim:
        return y, (lambda g: g @ b.mT, lambda g: a.mT @ g)
    if a.ndim == 1 == b.ndim:
        return y, (lambda g: g * b, lambda g: g * a)
    if b.ndim == 1:
        return y, (lambda g: g[..., None] * b, lambda g: (a.mT @ g[..., None])[..., 0])
    return y, (lambda g: (b @ g[..., None])[..., 0], lambda g: a[:, None] * g[..., None, :])


# Functions of one array, entry by entry


def exp(x: Array) -> Result:
    y = np.exp(x)
    return y, (y,)


def log(x: Array) -> Result:
    return np.log(x), (lambda g: g / x,)


def log1p(x: Array) -> Result:
    return np.log1p(x), (lambda g: g / (1 + x),)


def sqrt(x: Array) -> Result:
    y = np.sqrt(x)
    return y, (lambda g: g / (2 * y),)


def abs(x: Array) -> Result:
    return np.abs(x), (lambda g: g * np.sign(x),)


def sin(x: Array) -> Result:
    return np.sin(x), (lambda g: g * np.cos(x),)


def cos(x: Array) -> Result:
    return np.cos(x), (lambda g: -g * np.sin(x),)


def tanh(x: Array) -> Result:
    y = np.tanh(x)
    return y, (lambda g, y=y: g - g * y * y,)


# For each dtype, the largest x whose exp is finite, and 1. As 0-d arrays: a Python number costs a
# NumPy function 0.3 µs more, a tenth of what a small array costs altogether.
_NUMBERS = {np.dtype(t): (np.array(0.999 * np.log(np.finfo(t).max), t), np.array(1, t)) for t in "efd"}


def sigmoid(x: Array) -> Result:
    """exp(x) / (1 + exp(x)), with x held below where exp overflows."""
    limit, one = _NUMBERS.get(x.dtype, (88, 1)) if type(x) is np.ndarray else (88, 1)
    y = np.exp(np.minimum(x, limit))
    y /= y + one

    def vjp(g: Array, y: Array = y) -> Array:
        gy = g * y
        gy -= gy * y
        return gy

    return y, (vjp,)


def relu(x: Array) -> Result:
    return np.maximum(x, 0), (lambda g: g * (x > 0),)


def leaky_relu(x: Array, slope: float = 0.01) -> Result:
    return np.where(x > 0, x, slope * x), (lambda g: np.where(x > 0, g, slope * g),)


def softplus(x: Array) -> Result:
    """log(1 + exp(x))"""
    return np.logaddexp(x, 0), (lambda g: g * sigmoid(x)[0],)


def astype(x: Array, dtype: Any) -> Result:
    y = x.astype(dtype)
    return y, ((lambda g: g.astype(x.dtype)) if y.dtype.kind == "f" else None,)


# Choosing


def _share(g: Array, wins: Array, ties: Array) -> Array:
    return np.where(wins, g, np.where(ties, g / 2, 0))


def maximum(a: Array, b: Array) -> Result:
    return np.maximum(a, b), (lambda g: _share(g, a > b, a == b), lambda g: _share(g, b > a, a == b))


def minimum(a: Array, b: Array) -> Result:
    return np.minimum(a, b), (lambda g: _share(g, a < b, a == b), lambda g: _share(g, b < a, a == b))


def clip(x: Array, low: float | None = None, high: float | None = None) -> Result:
    y = np.clip(x, low, high)
    return y, (lambda g: g * (y == x),)


def where(condition: Array, a: Array, b: Array) -> Result:
    vjps = None, lambda g: np.where(condition, g, 0), lambda g: np.where(condition, 0, g)
    return np.where(condition, a, b), vjps


# Reductions


def sum(x: Array, axis: Axis = None, keepdims: bool = False) -> Result:
    return x.sum(axis=axis, keepdims=keepdims), (lambda g: _filled(g, x, axis, keepdims),)


def mean(x: Array, axis: Axis = None, keepdims: bool = False) -> Result:
    plain = x.dtype.itemsize != 2 and x.size  # NumPy's mean is for half precision, and warns of an empty one
    y = x.sum(axis=axis, keepdims=keepdims) if plain else x.mean(axis=axis, keepdims=keepdims)
    n = x.size / (y.size or 1)
    return y / n if plain else y, (lambda g: _filled(g / n, x, axis, keepdims),)


def var(x: Array, axis: Axis = None, keepdims: bool = False, ddof: int = 0) -> Result:
    """The mean squared distance from the mean; divides by n - ddof."""
    y = x.var(axis=axis, keepdims=keepdims, ddof=ddof)
    n = x.size / (y.size or 1) - ddof
    return y, (lambda g: _spread(g * (2 / n), x, axis, keepdims) * (x - x.mean(axis=axis, keepdims=True)),)


def _extreme(x: Array, y: Array, axis: Axis, keepdims: bool) -> Result:
    def vjp(g: Array) -> Array:
        hit = x == _spread(y, x, axis, keepdims)
        share = _spread(g, x, axis, keepdims) / hit.sum(axis=axis, keepdims=True, dtype=g.dtype)
        return np.where(hit, share, 0)

    return y, (vjp,)


def max(x: Array, axis: Axis = None, keepdims: bool = False) -> Result:
    return _extreme(x, x.max(axis=axis, keepdims=keepdims), axis, keepdims)


def min(x: Array, axis: Axis = None, keepdims: bool = False) -> Result:
    return _extreme(x, x.min(axis=axis, keepdims=keepdims), axis, keepdims)


def prod(x: Array, axis: Axis = None, keepdims: bool = False) -> Result:
    def vjp(g: Array) -> Array:  # the product of all the others, without dividing: x may hold zeros
        axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        last = tuple(range(-len(axes), 0))
        moved = np.moveaxis(x, axes, last)
        rows = moved.reshape(*moved.shape[: x.ndim - len(axes)], -1)
        one = np.ones_like(rows[..., :1])
        before = np.cumprod(np.concatenate([one, rows[..., :-1]], axis=-1), axis=-1)
        after = np.cumprod(np.concatenate([one, rows[..., :0:-1]], axis=-1), axis=-1)[..., ::-1]
        others = np.moveaxis((before * after).reshape(moved.shape), last, axes)
        return _spread(g, x, axis, keepdims) * others

    return x.prod(axis=axis, keepdims=keepdims), (vjp,)


def logsumexp(x: Array, axis: Axis = None, keepdims: bool = False) -> Result:
    """log(sum(exp(x))), shifted by the maximum so that nothing overflows."""
    top = x.max(axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)
    y = np.log(np.exp(x - top).sum(axis=axis, keepdims=True)) + top
    return y if keepdims else y.squeeze(axis), (lambda g: _spread(g, x, axis, keepdims) * np.exp(x - y),)


def cumsum(x: Array, axis: int | None = None) -> Result:
    def vjp(g: Array) -> Array:
        return np.flip(np.cumsum(np.flip(g, axis), axis=axis), axis).reshape(x.shape)

    return np.cumsum(x, axis=axis), (vjp,)


# Shape


def reshape(x: Array, shape: int | tuple[int, ...]) -> Result:
    return x.reshape(shape), (lambda g: g.reshape(x.shape),)


def transpose(x: Array, axes: tuple[int, ...] | None = None) -> Result:
    y = np.transpose(x, axes)
    back = None if axes is None or x.ndim < 2 else sorted(range(x.ndim), key=lambda i: axes[i] % x.ndim)
    return y, (lambda g: np.transpose(g, back),)


def swapaxes(x: Array, axis1: int, axis2: int) -> Result:
    return x.swapaxes(axis1, axis2), (lambda g: g.swapaxes(axis1, axis2),)


def moveaxis(x: Array, source: Any, destination: Any) -> Result:
    return np.moveaxis(x, source, destination), (lambda g: np.moveaxis(g, destination, source),)


def squeeze(x: Array, axis: Axis = None) -> Result:
    return x.reshape(x.squeeze(axis).shape), (lambda g: g.reshape(x.shape),)


def expand_dims(x: Array, axis: Any) -> Result:
    return np.expand_dims(x, axis), (lambda g: g.reshape(x.shape),)


def broadcast_to(x: Array, shape: tuple[int, ...]) -> Result:
    return np.broadcast_to(x, shape), (_same,)


def flip(x: Array, axis: Axis = None) -> Result:
    return np.flip(x, axis), (lambda g: np.flip(g, axis),)


def pad(x: Array, width: Any, value: float = 0.0) -> Result:
    """`width` as in np.pad: an int, (before, after), or one pair for each axis."""
    starts = np.broadcast_to(width, (x.ndim, 2))[:, 0].tolist()
    inner = tuple(slice(start, start + n) for start, n in zip(starts, x.shape, strict=True))
    return np.pad(x, width, constant_values=value), (lambda g: g[inner],)


# Indexing and joining


def getitem(x: Array, index: Any) -> Result:
    return x[index], (_at(index, x.shape),)


def take(x: Array, indices: Array, axis: int | None = None) -> Result:
    """Entries of `x` along `axis`, or of the flattened `x`."""
    y = np.take(x, indices, axis=axis)
    if axis is None:
        index = np.unravel_index(np.where(np.less(indices, 0), np.add(indices, x.size), indices), x.shape)
    else:
        index = (slice(None),) * (axis % x.ndim) + (indices,)
    return y, (_at(index, x.shape),)


@lru_cache(64)
def _cuts(axis: int, sizes: tuple[int, ...]) -> tuple[Callable[[Array], Array], ...]:
    """The functions that cut out parts of these sizes, which lie one behind the other along an axis."""
    return tuple([itemgetter((*(_ALL,) * axis, slice(i, j))) for i, j in pairwise(accumulate((0, *sizes)))])


def concatenate(*arrays: Array, axis: int = 0) -> Result:
    y = np.concatenate(arrays, axis)
    return y, _cuts(axis % y.ndim, tuple([a.shape[axis] for a in arrays]))


def stack(*arrays: Array, axis: int = 0) -> Result:
    return np.stack(arrays, axis=axis), lambda g: tuple(np.moveaxis(g, axis, 0))
