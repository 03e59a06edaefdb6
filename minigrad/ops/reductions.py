"""Many entries to one, along axes; and the running sum.

`axis` is one axis, a tuple of axes, or None for all. The result lacks these axes of x; with keepdims they
stay, of length 1, so that it broadcasts against x. An axis that x has not raises NumPy's AxisError, which
is a ValueError.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.contract import plain
from minigrad.contract.kinds import given
from minigrad.contract.told import with_habits
from minigrad.fast import lift
from minigrad.ops.elementwise import floats
from minigrad.sums import precise, running, total
from minigrad.tape import Array, Result, as_array

__all__ = ["cumsum", "logsumexp", "max", "mean", "min", "norm", "prod", "std", "sum", "var"]

Axis = int | tuple[int, ...] | None


def _spread(g: Array, x: Array, axis: Axis, keepdims: bool) -> Array:
    """A reduction's `g` or result, with the reduced axes of `x` back as axes of length 1."""
    return g if keepdims or axis is None or not x.ndim else np.expand_dims(g, axis)


def _filled(g: Array, x: Array, axis: Axis, keepdims: bool) -> Array:
    """The same in the shape of `x`, written out: a small one by broadcast_to takes four times as long."""
    gs = np.empty_like(x, g.dtype)
    gs[...] = _spread(g, x, axis, keepdims)
    return gs


def _flag(keepdims: Any) -> None:
    """Raise TypeError for other than True and False: in x.sum(0, 1), 1 is meant as a second axis."""
    if type(keepdims) is not bool:
        raise TypeError(
            f"keepdims is {given(keepdims)}; it must be True or False; two axes are a tuple: axis=(0, 1)"
        )


@lift
def sum(x: Array, axis: Axis = None, keepdims: bool = False) -> Result:
    """The sum along the axes: of (B, T) with axis=1 it is (B,).

    Raises ValueError for an axis x has not, TypeError for keepdims other than True and False.
    """
    if keepdims is not False:
        _flag(keepdims)
    return total(x, axis, keepdims), (lambda g: _filled(g, x, axis, keepdims),)


@lift
def mean(x: Array, axis: Axis = None, keepdims: bool = False) -> Result:
    """The mean along the axes: of (B, T) with axis=1 it is (B,); NaN of nothing, with NumPy's warning.

    Raises ValueError for an axis x has not, TypeError for keepdims other than True and False.
    """
    if keepdims is not False:
        _flag(keepdims)
    direct = x.dtype.itemsize != 2 and x.size  # NumPy's mean is for half precision, and warns of an empty one
    y = total(x, axis, keepdims) if direct else x.mean(axis=axis, keepdims=keepdims)
    n = x.size / (y.size or 1)
    return y / n if direct else y, (lambda g: _filled(g / n, x, axis, keepdims),)


@lift
def var(x: Array, axis: Axis = None, *, keepdims: bool = False, ddof: int = 0) -> Result:
    """The mean squared distance from the mean along the axes: of (B, T) with axis=1 it is (B,).

    It divides by n - ddof, so by n as NumPy does, where PyTorch by default divides by n - 1, which is ddof=1.
    Gradient 2 g (x - mean) / (n - ddof), which is 0 where all entries are equal. Where n - ddof is not above
    0 it is infinite, or NaN where the sum of the squares is 0, with NumPy's warning, and the gradient is NaN.
    Raises ValueError for an axis x has not, TypeError for keepdims other than True and False.
    """
    _flag(keepdims)
    axis = None if not x.ndim and axis in (0, -1) else axis  # as other reductions of a number have it
    y = precise(x.var, x, axis, keepdims=keepdims, ddof=ddof)
    n = x.size / (y.size or 1) - ddof
    scale = 2 / n if n > 0 else math.nan
    return y, (lambda g: _spread(g * scale, x, axis, keepdims) * _off_mean(x, axis),)


def _off_mean(x: Array, axis: Axis) -> Array:
    """x - mean along the axes, in x's shape; exactly 0 where all are equal, as a rounded mean may not be.

    Divided by their deviation, which is as small, that would be a gradient of `std` far from 0.
    """
    off: Array = x - precise(x.mean, x, axis, keepdims=True)
    if x.size:
        off = off * (x.max(axis=axis, keepdims=True) > x.min(axis=axis, keepdims=True))
    return off


@lift
def std(x: Array, axis: Axis = None, *, keepdims: bool = False, ddof: int = 0) -> Result:
    """The square root of the variance along the axes: of (B, T) with axis=1 it is (B,).

    It divides by n - ddof, as `var` does: by default by n, where PyTorch divides by n - 1. The gradient where
    all entries are equal is 0. Raises ValueError for an axis x has not,
    TypeError for keepdims other than True and False.
    """
    squared, (vjp,) = plain(var)(x, axis, keepdims=keepdims, ddof=ddof)
    y = np.sqrt(squared)
    return y, (lambda g: vjp(_over(g, y) / 2),)


@lift
def norm(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Result:
    """The Euclidean length along the axes, the root of the sum of squares: of (B, T) with axis=1 it is (B,).

    The gradient is g x / |x|, and 0 where the length is 0. Nothing overflows. PyTorch's and NumPy's second
    argument is an order: here all are given by name. Raises ValueError for an axis x has not,
    TypeError for keepdims other than True and False.
    """
    _flag(keepdims)
    x = floats(x)
    with np.errstate(over="ignore"):
        y = np.sqrt(total(x * x, axis, keepdims))
    tiny = math.sqrt(np.finfo(x.dtype).tiny / np.finfo(x.dtype).eps)
    if not ((y > tiny) & (y < np.inf)).all():  # a square may have left the range of floats
        top = np.abs(x).max(axis=axis, keepdims=True, initial=0)
        top = np.where((top > 0) & (top < np.inf), top, 1)
        y = _spread(total(np.square(x / top), axis, keepdims), x, axis, keepdims)
        y = (np.sqrt(y) * top).reshape(np.shape(y) if keepdims else x.sum(axis=axis).shape)

    def vjp(g: Array) -> Array:  # where the length is 0, g may be infinite, as 1 / |x| has it
        g = _spread(np.where(y == 0, 0, g), x, axis, keepdims)
        return g * _over(x, _spread(y, x, axis, keepdims))

    return y, (vjp,)


def _over(g: Array, y: Array) -> Array:
    """g / y, of any shapes that broadcast, and 0 where y is 0."""
    return np.where(y == 0, 0, g / np.where(y == 0, 1, y))


def _extreme(x: Array, y: Array, axis: Axis, keepdims: bool) -> Result:
    _flag(keepdims)

    def vjp(g: Array) -> Array:
        hit = np.logical_or(x == _spread(y, x, axis, keepdims), np.isnan(x))  # a NaN is what was chosen
        share = _spread(g, x, axis, keepdims) / hit.sum(axis=axis, keepdims=True).astype(g.dtype)
        return np.where(hit, share, 0)

    return y, (vjp,)


@lift
def max(x: Array, axis: Axis = None, keepdims: bool = False) -> Result:
    """The largest entry along the axes: of (B, T) with axis=1 it is (B,).

    Entries that tie share the gradient. A NaN is taken for it and gets the gradient, where PyTorch makes that
    of all entries NaN. Raises ValueError for an axis x has not, or of length 0,
    TypeError for keepdims other than True and False.
    """
    return _extreme(x, x.max(axis=axis, keepdims=keepdims), axis, keepdims)


@lift
def min(x: Array, axis: Axis = None, keepdims: bool = False) -> Result:
    """The smallest entry along the axes: of (B, T) with axis=1 it is (B,).

    Entries that tie share the gradient. A NaN is taken for it and gets the gradient, where PyTorch makes that
    of all entries NaN. Raises ValueError for an axis x has not, or of length 0,
    TypeError for keepdims other than True and False.
    """
    return _extreme(x, x.min(axis=axis, keepdims=keepdims), axis, keepdims)


@lift
def prod(x: Array, axis: Axis = None, keepdims: bool = False) -> Result:
    """The product along the axes: of (B, T) with axis=1 it is (B,). The gradient is right at zeros too.

    It is the product of the other entries, also where one is infinite or NaN: PyTorch has NaN there.
    Raises ValueError for an axis x has not, TypeError for keepdims other than True and False.
    """
    _flag(keepdims)

    def vjp(g: Array) -> Array:  # the product of all the others, without dividing: x may hold zeros
        axes = (
            tuple(range(x.ndim))
            if axis is None or not x.ndim
            else axis
            if isinstance(axis, tuple)
            else (axis,)
        )
        last = tuple(range(-len(axes), 0))
        moved = np.moveaxis(x, axes, last)
        cut = x.ndim - len(axes)
        rows = moved.reshape(*moved.shape[:cut], math.prod(moved.shape[cut:]))
        one = np.ones_like(rows[..., :1])
        before = np.cumprod(np.concatenate([one, rows[..., :-1]], axis=-1), axis=-1)
        after = np.cumprod(np.concatenate([one, rows[..., :0:-1]], axis=-1), axis=-1)[..., ::-1]
        others = np.moveaxis((before * after).reshape(moved.shape), last, axes)
        return _spread(g, x, axis, keepdims) * others

    return x.prod(axis=axis, keepdims=keepdims), (vjp,)


@lift
def logsumexp(x: Array, axis: Axis = None, keepdims: bool = False) -> Result:
    """log(sum(exp(x))) along the axes: of (B, T) with axis=1 it is (B,). Gradient g softmax(x).

    x is shifted by its maximum, so that nothing overflows; of nothing it is -inf, with NumPy's warning.
    Raises ValueError for an axis x has not, TypeError for keepdims other than True and False.
    """
    _flag(keepdims)
    x = floats(x)
    top = x.max(axis=axis, keepdims=True, initial=-np.inf)
    top = np.where(np.isfinite(top), top, 0)
    y = np.log(total(np.exp(x - top), axis, True)) + top
    return y if keepdims else y.squeeze(axis), (lambda g: _spread(g, x, axis, keepdims) * np.exp(x - y),)


@lift
def cumsum(x: Array, axis: int | None = None) -> Result:
    """Running sums along one axis, in the shape of x; without an axis those of the flattened x, (x.size,).

    Raises ValueError for an axis x has not.
    """

    def vjp(g: Array) -> Array:
        g = np.flip(g.reshape(y.shape), axis)
        return np.flip(running(g, axis), axis).reshape(x.shape)

    y = running(x, axis)
    return y if axis is None else y.reshape(x.shape), (vjp,)  # NumPy's of a number has an axis


# No ops: places, through which no gradient flows


@with_habits
def argmax(x: Any, axis: int | None = None) -> Array:
    """Where the largest entry along an axis is, as integers: of (B, C) with axis=1 it is (B,)."""
    places: Array = as_array(x).argmax(axis)
    return places


@with_habits
def argmin(x: Any, axis: int | None = None) -> Array:
    """Where the smallest entry along an axis is, as integers: of (B, C) with axis=1 it is (B,)."""
    places: Array = as_array(x).argmin(axis)
    return places
