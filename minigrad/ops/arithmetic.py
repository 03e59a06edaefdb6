"""Arithmetic: +, -, *, /, %, **, @ and the sign."""

from __future__ import annotations

import math

import numpy as np

from minigrad.fast import quick
from minigrad.fast.vjps import By, unchanged
from minigrad.tape import Array, Result, as_array

__all__ = ["add", "div", "matmul", "mod", "mul", "neg", "pow", "sub"]


_UNCHANGED = unchanged, unchanged


@quick
def add(a: Array, b: Array) -> Result:
    """a + b, of any shapes that broadcast; the result has the shape of both together.

    Raises ValueError for shapes that do not fit.
    """
    return a + b, _UNCHANGED


@quick
def sub(a: Array, b: Array) -> Result:
    """a - b, of any shapes that broadcast. Raises ValueError for shapes that do not fit."""
    return a - b, (unchanged, np.negative)


@quick
def mul(a: Array, b: Array) -> Result:
    """a * b entry by entry, of any shapes that broadcast. Raises ValueError for shapes that do not fit."""
    return a * b, (b, a)


@quick
def div(a: Array, b: Array) -> Result:
    """a / b entry by entry, of any shapes that broadcast. Raises ValueError for shapes that do not fit."""
    y = a / b
    return y, (lambda g: g / b, lambda g: -g * y / b)


@quick
def mod(a: Array, b: Array) -> Result:
    """a % b entry by entry, of any shapes that broadcast: what is left of a, with the sign of b.

    Gradients: g, and -g times the whole quotient. Raises ValueError for shapes that do not fit.
    """
    return np.mod(a, b), (unchanged, lambda g: -g * np.floor_divide(a, b))


@quick
def neg(x: Array) -> Result:
    """-x, of any shape."""
    return -x, (np.negative,)


@quick
def pow(a: Array, b: Array) -> Result:
    """a ** b entry by entry, of any shapes that broadcast.

    Where b is 0 the gradient of a is 0, also at 0 and inf. Where a is 0 that of b is 0, and -inf for b < 0.
    Raises ValueError for shapes that do not fit.
    """
    y = a**b

    def vjp_a(g: Array) -> Array:  # where b is 0, y is 1 for every a: its gradient is 0, never 0 * inf
        if not np.ndim(b):
            return g * b * a ** (b - 1) if b else np.zeros_like(g)
        n = as_array(b)  # a list is none yet
        flat = n == 0
        return g * n * np.where(flat, 1, a) ** np.where(flat, 1, n - 1)

    def vjp_b(g: Array) -> Array:  # 0**b is flat in b from 0 on: log(0) must not reach the product
        return g * y * np.log(np.where((as_array(a) == 0) & (b >= 0), 1, a))

    return y, (vjp_a, vjp_b)


def _rows(x: Array) -> Array:
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


@quick
def matmul(a: Array, b: Array) -> Result:
    """The matrix product a @ b: (..., n, k) by (..., k, m) gives (..., n, m); the leading axes broadcast.

    A vector (k,) on the left is a row, on the right a column, whose axis the result lacks, as in NumPy.
    Gradients: g bᵀ and aᵀ g. Raises ValueError where the inner lengths differ.
    """
    if a.ndim == 2 == b.ndim:  # `dot` has less overhead than `@`; a default argument avoids a closure cell
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
