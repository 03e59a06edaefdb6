"""Functions of one array, entry by entry: the result has the shape of x."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from minigrad.contract import plain, real
from minigrad.fast import lift, quick
from minigrad.tape import Array, Result, as_array

__all__ = [
    "abs",
    "astype",
    "cos",
    "exp",
    "leaky_relu",
    "log",
    "log1p",
    "relu",
    "sigmoid",
    "sign",
    "sin",
    "softplus",
    "sqrt",
    "tanh",
]


_SINGLE, _DOUBLE = np.dtype("f"), np.dtype("d")  # which are told by `is`, in less time than by their kind


def floats(x: Any) -> Array:
    """x, of any shape, as floats: whole numbers and truth values as float64, as NumPy's mean has them.

    Its functions would have float16 of int8, which ends at 65504. Raises TypeError for complex numbers.
    """
    x = real(as_array(x), "x")
    return x if x.dtype.kind == "f" else x.astype(np.float64)


@quick
def exp(x: Array) -> Result:
    """e to the x, of any shape."""
    x = floats(x)
    y = np.exp(x)
    return y, (y,)


@quick
def log(x: Array) -> Result:
    """The natural logarithm of x, of any shape; -inf at 0 and NaN below, with NumPy's warning."""
    x = floats(x)
    return np.log(x), (lambda g: g / x,)


@quick
def log1p(x: Array) -> Result:
    """log(1 + x), of any shape; accurate near 0."""
    x = floats(x)
    return np.log1p(x), (lambda g: g / (1 + x),)


@quick
def sqrt(x: Array) -> Result:
    """The square root of x, of any shape; infinite gradient at 0. NaN below 0, with NumPy's warning."""
    x = floats(x)
    y = np.sqrt(x)
    return y, (lambda g: g / (2 * y),)


@quick
def abs(x: Array) -> Result:
    """The absolute value of x, of any shape; the gradient at 0 is 0, at NaN it is NaN, in PyTorch 0."""
    return np.abs(x), (lambda g: g * np.sign(x),)


@quick
def sign(x: Array) -> Result:
    """-1, 0 or 1 as x is below, at or above 0, of any shape; NaN of NaN, in PyTorch 0. The gradient is 0."""
    return np.sign(x), (np.zeros_like,)


@quick
def sin(x: Array) -> Result:
    """The sine of x in radians, of any shape."""
    x = floats(x)
    return np.sin(x), (lambda g: g * np.cos(x),)


@quick
def cos(x: Array) -> Result:
    """The cosine of x in radians, of any shape."""
    x = floats(x)
    return np.cos(x), (lambda g: -g * np.sin(x),)


@quick
def tanh(x: Array) -> Result:
    """The hyperbolic tangent of x, of any shape: from -1 to 1. Gradient g (1 - y²)."""
    if type(x) is not np.ndarray or (x.dtype is not _SINGLE and x.dtype is not _DOUBLE):
        x = floats(x)
    y = np.tanh(x)
    return y, (lambda g, y=y: g - g * y * y,)


# For each dtype, the largest x whose exp is finite, and 1. As 0-d arrays: a Python number costs a
# NumPy function 0.3 µs more, a tenth of what a small array costs altogether.
_NUMBERS = {np.dtype(t): (np.array(0.999 * np.log(np.finfo(t).max), t), np.array(1, t)) for t in "efd"}


@quick
def sigmoid(x: Array) -> Result:
    """The logistic function 1 / (1 + exp(-x)), of any shape: from 0 to 1. Gradient g y (1 - y).

    Computed as exp(x) / (exp(x) + 1), with x held below where exp overflows.
    """
    known: Any = _NUMBERS.get(x.dtype) if type(x) is np.ndarray else None
    if known is None:  # whole numbers, or another library's array
        x, known = floats(x), (88, 1)
    limit, one = known
    y = np.exp(np.minimum(x, limit))
    y /= y + one

    def vjp(g: Array, y: Array = y) -> Array:
        gy = g * y
        gy -= gy * y
        return gy

    return y, (vjp,)


@quick
def relu(x: Array) -> Result:
    """The larger of x and 0, of any shape; the gradient at 0 is 0, and that of a NaN is g."""
    y = np.maximum(x, 0)
    return y, (lambda g: g * np.not_equal(y, 0),)


@lift
def leaky_relu(x: Array, slope: float = 0.01) -> Result:
    """x where it is above 0, else slope * x, of any shape; the gradient at 0 is the slope."""
    return np.where(x > 0, x, slope * x), (lambda g: np.where(x > 0, g, slope * g),)


@quick
def softplus(x: Array) -> Result:
    """log(1 + exp(x)), of any shape; nothing overflows. Gradient g sigmoid(x)."""
    x = floats(x)
    return np.logaddexp(x, 0), (lambda g: g * plain(sigmoid)(x)[0],)


@lift
def astype(x: Array, dtype: npt.DTypeLike) -> Result:
    """x in another dtype, of any shape. Through a dtype that is not floating no gradient flows."""
    y = x.astype(dtype)
    return y, ((lambda g: g.astype(x.dtype)) if y.dtype.kind == "f" else None,)
