"""One value or another, entry by entry: the larger, the smaller, within bounds, by a condition."""

from __future__ import annotations

import numpy as np

from minigrad.fast import lift, quick
from minigrad.tape import Array, Result

__all__ = ["clip", "maximum", "minimum", "where"]


def _share(g: Array, wins: Array, ties: Array) -> Array:
    return np.where(wins, g, np.where(ties, g / 2, 0))


@quick
def maximum(a: Array, b: Array) -> Result:
    """The larger of a and b, of any shapes that broadcast; where they tie, each gets half of the gradient.

    A NaN is larger than all. Raises ValueError for shapes that do not fit.
    """
    return np.maximum(a, b), (lambda g: _share(g, ~(a <= b), a == b), lambda g: _share(g, ~(b <= a), a == b))


@quick
def minimum(a: Array, b: Array) -> Result:
    """The smaller of a and b, of any shapes that broadcast; where they tie, each gets half of the gradient.

    A NaN is smaller than all. Raises ValueError for shapes that do not fit.
    """
    return np.minimum(a, b), (lambda g: _share(g, ~(a >= b), a == b), lambda g: _share(g, ~(b >= a), a == b))


@lift
def clip(x: Array, low: float | None = None, high: float | None = None) -> Result:
    """x of any shape, held between low and high; None is no bound. The gradient at a bound is that of x."""
    y = np.clip(x, low, high)
    return y, (lambda g: g * (y == x),)


@lift
def where(condition: Array, a: Array, b: Array) -> Result:
    """a where the condition holds, else b, of any shapes that broadcast.

    The one not taken gets a gradient of exactly 0, whatever comes. The condition gets none.
    Raises ValueError for shapes that do not fit.
    """
    vjps = None, lambda g: np.where(condition, g, 0), lambda g: np.where(condition, 0, g)
    return np.where(condition, a, b), vjps
