"""Initial values of parameters, drawn from a generator. Shapes are (in, out), or (..., in, out)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.tape import Array

Shape = tuple[int, ...]


def uniform(shape: Shape, rng: np.random.Generator, dtype: Any = np.float64, bound: float = 1.0) -> Array:
    """Uniform in [-bound, bound)."""
    return rng.uniform(-bound, bound, shape).astype(dtype)


def glorot(shape: Shape, rng: np.random.Generator, dtype: Any = np.float64) -> Array:
    """Uniform with variance 2 / (in + out). Glorot and Bengio, 2010."""
    rows, columns = _matrix(shape)
    return uniform(shape, rng, dtype, math.sqrt(6 / max(rows + columns, 1)))


def he(shape: Shape, rng: np.random.Generator, dtype: Any = np.float64) -> Array:
    """Normal with variance 2 / in, for layers before a relu. He et al., 2015 (arXiv:1502.01852)."""
    rows, _ = _matrix(shape)
    return (rng.standard_normal(shape) * math.sqrt(2 / max(rows, 1))).astype(dtype)


def orthogonal(shape: Shape, rng: np.random.Generator, dtype: Any = np.float64) -> Array:
    """Orthonormal rows or columns, whichever are fewer: (in, out). Saxe et al., 2014 (arXiv:1312.6120)."""
    if len(shape) != 2:
        raise ValueError(f"orthogonal: needs a matrix shape (in, out), got {shape}")
    tall = rng.standard_normal((max(shape), min(shape)))
    q, r = np.linalg.qr(tall)
    q = q * np.where(np.diag(r) < 0, -1.0, 1.0)  # without the signs, q is not uniformly distributed
    return (q if shape[0] >= shape[1] else q.T).astype(dtype)


def _matrix(shape: Shape) -> tuple[int, int]:
    if len(shape) < 2:
        raise ValueError(f"needs a shape (..., in, out), got {shape}")
    return shape[-2], shape[-1]
