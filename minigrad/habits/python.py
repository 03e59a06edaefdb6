"""What Python's own functions get of a tensor x: its length, truth, number and text."""

from __future__ import annotations

from collections.abc import Callable
from operator import index
from typing import Any, TypeVar

import numpy as np

_X = TypeVar("_X")


def length(x: Any) -> int:
    """The number of rows of x (n, ...). Raises TypeError for one of shape ()."""
    if not x.ndim:
        raise TypeError("a tensor of shape () has no rows: .item() gives its number")
    return len(x._data)


def truth(x: Any) -> bool:
    """Whether the only entry of x, of any shape, is other than 0. Raises ValueError where it is not alone."""
    if x.size != 1:
        remedy = "use .any() or .all(); maximum(a, b) for max(a, b); `is` to find one in a list"
        raise ValueError(f"a tensor of shape {x.shape} is neither true nor false: {remedy}")
    return bool(x._data)


def number(kind: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function from x, of any shape, to its only entry as a number of that kind, or to a TypeError."""

    def only(x: Any) -> Any:
        if x.size != 1:
            remedy = "minigrad's functions take it whole, math's take the .item() of one entry"
            raise TypeError(f"a tensor of shape {x.shape} is not one number: {remedy}")
        return kind(x._data.item())

    return only


def whole(x: Any) -> int:
    """The only entry of x, of shape (), where it is an integer. Raises TypeError for another."""
    return index(x._data)


def same(x: _X) -> _X:
    """x itself, of any shape."""
    return x


def shown(x: Any) -> str:
    """x with its shape, the dtype if it is not float64, and how it came about."""
    prefix = type(x).__name__ + "("
    body = np.array2string(x._data, separator=", ", prefix=prefix, threshold=100, precision=4)
    notes = f", shape={x.shape}" if x.ndim else ""
    notes += "" if x.dtype == np.float64 else f", dtype={x.dtype}"
    if x.node is not None:
        notes += ", requires_grad=True" if x.node.op is None else f", from {x.node.op.__name__}"
    return f"{prefix}{body}{notes})"


def formatted(x: Any, how: str) -> str:
    """The only number of x in the format `how`, or x as it is shown. Raises TypeError where x has axes."""
    if how and x.ndim:
        told = f"{how!r} formats one number, not shape {x.shape}: format the entries of .data"
        raise TypeError(told)
    return format(x._data.item() if how else str(x), how)
