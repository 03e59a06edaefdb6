"""The same entries in another shape or order; and more of them, by broadcasting and padding."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.contract.kinds import unfit
from minigrad.fast import lift
from minigrad.tape import Array, Result

__all__ = [
    "broadcast_to",
    "expand_dims",
    "flatten",
    "flip",
    "moveaxis",
    "pad",
    "ravel",
    "reshape",
    "squeeze",
    "swapaxes",
    "transpose",
]

Axis = int | tuple[int, ...] | None


@lift
def reshape(x: Array, shape: int | tuple[int, ...]) -> Result:
    """The entries of x in another shape, in which one length may be -1: whatever is left.

    Raises ValueError where the number of entries differs.
    """
    return x.reshape(shape), (lambda g: g.reshape(x.shape),)


@lift
def flatten(x: Array, start: int = 0) -> Result:
    """x with its axes from `start` on made one: of (B, T, H) it is (B T H,), with start=1 (B, T H).

    Raises ValueError for an axis x has not.
    """
    axes = x.ndim or 1
    if not -axes <= start < axes:
        raise np.exceptions.AxisError(start, x.ndim)
    return x.reshape(*x.shape[:start], math.prod(x.shape[start:])), (lambda g: g.reshape(x.shape),)


@lift
def ravel(x: Array) -> Result:
    """All entries of x, of any shape, along one axis: of (B, T, H) it is (B T H,)."""
    return x.reshape(x.size), (lambda g: g.reshape(x.shape),)


@lift
def transpose(x: Array, axes: tuple[int, ...] | None = None) -> Result:
    """x with its axes in the order of `axes`, by default in reverse: of (B, T, H) it is (H, T, B).

    As in NumPy: what exchanges two axes, as PyTorch's transpose does, is `swapaxes`. Raises ValueError for
    axes that are no permutation.
    """
    if axes is not None and np.size(axes) != x.ndim:
        raise ValueError(f"axes {axes} must name each of {x.ndim} once; swapaxes(x, a, b) exchanges two")
    y = np.transpose(x, axes)
    back = None if axes is None or x.ndim < 2 else sorted(range(x.ndim), key=lambda i: axes[i] % x.ndim)
    return y, (lambda g: np.transpose(g, back),)


@lift
def swapaxes(x: Array, axis1: int, axis2: int) -> Result:
    """x with two axes exchanged: of (B, T, H) with 0 and 1 it is (T, B, H).

    Raises ValueError for an axis x has not.
    """
    return x.swapaxes(axis1, axis2), (lambda g: g.swapaxes(axis1, axis2),)


@lift
def moveaxis(x: Array, source: int | tuple[int, ...], destination: int | tuple[int, ...]) -> Result:
    """x with axes moved to other places: of (B, T, H) from 0 to 2 it is (T, H, B).

    Raises ValueError for an axis x has not.
    """
    return np.moveaxis(x, source, destination), (lambda g: np.moveaxis(g, destination, source),)


@lift
def squeeze(x: Array, axis: Axis = None) -> Result:
    """x without its axes of length 1, or without those given: of (B, 1, H) it is (B, H).

    Raises ValueError for an axis of another length.
    """
    return x.reshape(x.squeeze(axis).shape), (lambda g: g.reshape(x.shape),)


@lift
def expand_dims(x: Array, axis: int | tuple[int, ...]) -> Result:
    """x with new axes of length 1 at these places of the result: of (B, H) with 1 it is (B, 1, H).

    Raises ValueError for a place that the result has not.
    """
    return np.expand_dims(x, axis), (lambda g: g.reshape(x.shape),)


@lift
def broadcast_to(x: Array, shape: tuple[int, ...]) -> Result:
    """x repeated to fill a shape, by NumPy's rules: (3, 1) fills (2, 3, 4). Raises ValueError else."""
    try:
        return np.broadcast_to(x, shape), (lambda g: g,)
    except ValueError:
        raise ValueError(f"by NumPy's rules it does not fill {shape}") from None


@lift
def flip(x: Array, axis: Axis = None) -> Result:
    """x in its shape with its entries in reverse along the axes, by default along all.

    Raises ValueError for an axis x has not.
    """
    return np.flip(x, axis), (lambda g: np.flip(g, axis),)


def _widths(width: Any, axes: int) -> Array:
    """The entries before and after for each axis, (axes, 2). Raises TypeError for what are none."""
    try:
        widths = np.broadcast_to(width, (axes, 2))
    except ValueError:
        widths = None
    if widths is None or widths.dtype.kind not in "iu":
        pairs = f"a whole number, (before, after), or a pair for each of {axes} axes"
        raise TypeError(unfit("pad takes numbers of entries", "width", width, pairs))
    return widths


@lift
def pad(x: Array, width: int | Sequence[Any], value: float = 0.0) -> Result:
    """x with entries `value` around it: of (n,) with width (1, 2) it is (n + 3,).

    `width` as in np.pad: an int, (before, after), or one pair for each axis.
    Raises TypeError for others, ValueError for negative ones.
    """
    starts = _widths(width, x.ndim)[:, 0].tolist()
    inner = tuple(slice(start, start + n) for start, n in zip(starts, x.shape, strict=True))
    return np.pad(x, width, constant_values=value), (lambda g: g[inner],)
