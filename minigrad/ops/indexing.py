"""Taking out, joining and cutting apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import accumulate, pairwise
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.contract import no_array
from minigrad.contract.told import with_habits
from minigrad.fast import lift, quick
from minigrad.fast.vjps import picked
from minigrad.tape import Array, Result

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["concatenate", "getitem", "split", "stack", "take"]


@quick
def getitem(x: Array, index: Any) -> Result:
    """x[index], in the shape that NumPy gives: of (B, T, H) with [:, 0] it is (B, H).

    Where an index repeats, the gradients add up. Raises IndexError outside of x.
    """
    return x[index], (picked(index, x.shape),)


@lift
def take(x: Array, indices: Array, axis: int | None = None) -> Result:
    """The entries of x at integers along an axis: x (N, H), indices (B, T) and axis 0 give (B, T, H).

    Without an axis, entries of the flattened x. Raises IndexError outside of x, ValueError for an axis x
    has not.
    """
    y = np.take(x, indices, axis=axis)
    if axis is None:
        index = np.unravel_index(np.where(np.less(indices, 0), np.add(indices, x.size), indices), x.shape)
    else:
        index = (slice(None),) * (axis % x.ndim) + (indices,)
    return y, (picked(index, x.shape),)


@lru_cache(64)
def _cuts(axis: int, sizes: tuple[int, ...]) -> tuple[Callable[[Array], Array], ...]:
    """The functions that cut out parts of these sizes, which lie one behind the other along an axis."""
    before = (slice(None),) * axis
    return tuple([itemgetter((*before, slice(i, j))) for i, j in pairwise(accumulate((0, *sizes)))])


def _concatenate(*tensors: Array, axis: int) -> Result:
    y = np.concatenate(tensors, axis)
    cuts = _cuts if len(tensors) <= 64 else _cuts.__wrapped__  # what is kept stays below 1 MB
    return y, cuts(axis % y.ndim, tuple([a.shape[axis] for a in tensors]))


@lru_cache
def _concatenate_two(axis: int) -> Callable[[Any, Any], Tensor]:
    """The same for two arrays, which a cell joins in every step: one lifted function for each axis."""

    def concatenate(first: Array, second: Array) -> Result:
        y = np.concatenate((first, second), axis)
        return y, _cuts(axis % y.ndim, (first.shape[axis], second.shape[axis]))

    return quick(concatenate)


def _stack(*tensors: Array, axis: int) -> Result:
    return np.stack(tensors, axis=axis), lambda g: tuple(np.moveaxis(g, axis, 0))


_concatenate.__name__, _stack.__name__ = "concatenate", "stack"  # for errors and pictures of the tape
_concatenate_all, _stack_all = lift(_concatenate), lift(_stack)


def _whole(name: str, axis: Any) -> int:
    """The axis as an integer. Raises TypeError, above all where a second tensor was given for it."""
    if not isinstance(axis, (int, np.integer)):
        kind = type(axis).__name__
        raise TypeError(f"{name} takes a list of tensors, and an integer for the axis, not a {kind}")
    return int(axis)


def _unlisted(name: str, tensors: Any) -> TypeError:
    """The error for tensors that are given one after the other, as by a generator, or not at all."""
    remedy = "list(...) makes one" if hasattr(tensors, "__iter__") else f"{name}([a, b])"
    return TypeError(f"{name}: tensors is a {type(tensors).__name__}; it must be a list of tensors: {remedy}")


@with_habits
def concatenate(tensors: Sequence[Any], axis: int = 0) -> Tensor:
    """Join tensors along an axis that they have: (B, n) and (B, m) along 1 give (B, n + m).

    Raises ValueError for no tensors, an axis they have not, or shapes that differ along another one;
    TypeError for an axis that is no integer, and for what is no list of them.
    """
    if type(axis) is not int:
        axis = _whole("concatenate", axis)
    try:
        number = len(tensors)
    except TypeError:
        raise _unlisted("concatenate", tensors) from None
    if number == 2:
        return _concatenate_two(axis)(*tensors)
    if not number:
        raise ValueError("concatenate: no tensors")
    return _concatenate_all(*tensors, axis=axis)


@with_habits
def stack(tensors: Sequence[Any], axis: int = 0) -> Tensor:
    """Join tensors of one shape along a new axis: T of shape (B, H) along 1 give (B, T, H).

    Raises ValueError for no tensors, shapes that differ, or an axis that the result has not; TypeError for
    an axis that is no integer, and for what is no list of them.
    """
    axis = _whole("stack", axis)
    if not hasattr(tensors, "__len__"):
        raise _unlisted("stack", tensors)
    if not len(tensors):
        raise ValueError("stack: no tensors")
    return _stack_all(*tensors, axis=axis)


@with_habits
def split(x: Tensor, sections: int | Sequence[int], axis: int = 0) -> list[Tensor]:
    """Cut x along an axis: (B, 6) into 3 sections along 1 gives three (B, 2).

    `sections` is the number of equal parts, or the indices before which to cut, as in NumPy; PyTorch's number
    is the length of a part, and its list has the lengths.
    Raises ValueError where the length does not divide, IndexError for an axis x has not, TypeError for x
    that is neither tensor nor array.
    """
    if not hasattr(x, "shape"):
        raise no_array("split", x)
    n = x.shape[axis]
    if isinstance(sections, (int, np.integer)):
        if sections < 1:
            raise ValueError(f"split: sections is {sections}; it must be a number of parts, at least 1")
        if n % sections:
            raise ValueError(f"split: axis {axis} of length {n} does not divide into {sections} equal parts")
        sections = [n // sections * i for i in range(1, sections)]
    before = (slice(None),) * (axis % x.ndim)
    return [getitem(x, (*before, slice(i, j))) for i, j in pairwise([0, *sections, n])]
