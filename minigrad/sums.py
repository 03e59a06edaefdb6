"""Sums of many float32 entries as precise as those of few.

NumPy adds entries that lie one behind the other in pairs, which loses nothing to speak of, and all others
one after the other to one running sum: of a million float32 that has two digits less. Such sums are kept in
float64 meanwhile; the array itself is not copied.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

MANY = 4096  # terms, below which a running sum is off by a few units of the last digit
_SINGLE = np.dtype("f")  # which is told by `is`, in less time than by its kind


def precise(f: Callable[..., Any], x: Any, axis: Any, **options: Any) -> Any:
    """`f(axis=axis, **options)` in x's dtype. f: a method of the array x, of any shape: sum, mean or var."""
    if x.size <= MANY or x.dtype is not _SINGLE or _in_pairs(x, axis):
        return f(axis=axis, **options)
    return f(axis=axis, dtype=np.float64, **options).astype(_SINGLE)


def total(x: Any, axis: Any, keepdims: bool) -> Any:
    """The sum of x, of any shape, along the axes, in its dtype."""
    if x.size <= MANY or x.dtype is not _SINGLE:  # as `precise` has it, a call sooner
        return x.sum(axis=axis, keepdims=keepdims)
    return precise(x.sum, x, axis, keepdims=keepdims)


def _in_pairs(x: Any, axis: Any) -> bool:
    """Whether the sums of x, of more than no entries, along the axes are few, or NumPy adds them in pairs."""
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    summed = sorted([a % x.ndim for a in axes])
    last = summed == list(range(x.ndim - len(summed), x.ndim))
    return math.prod([x.shape[a] for a in summed]) <= MANY or (last and x.flags.c_contiguous)


def running(x: Any, axis: int | None) -> Any:
    """`np.cumsum` of x along an axis, in its dtype."""
    if x.size <= MANY or x.dtype is not _SINGLE:
        return np.cumsum(x, axis=axis)
    return np.cumsum(x, axis=axis, dtype=np.float64).astype(_SINGLE)


def widened(x: Any) -> Any:
    """x, of any shape, as float64 where it is of float32: in which its sums are to be kept."""
    return x.astype(np.float64) if x.dtype is _SINGLE else x
