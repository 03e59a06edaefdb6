"""Initial values of parameters, drawn from a generator, for a shape (in, out) or (..., in, out).

Where `rng` is no generator but another seed's kin, each raises TypeError.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from minigrad.arguments import generator
from minigrad.contract.told import asked
from minigrad.habits import lacks
from minigrad.tape import Array

Shape = tuple[int, ...]


@asked
def uniform(
    shape: Shape, rng: np.random.Generator, dtype: npt.DTypeLike = np.float64, bound: float = 1.0
) -> Array:
    """An array of any shape, uniform in [-bound, bound)."""
    return generator("init", rng).uniform(-bound, bound, shape).astype(dtype)


@asked
def glorot(shape: Shape, rng: np.random.Generator, dtype: npt.DTypeLike = np.float64) -> Array:
    """An array (..., in, out), uniform with variance 2 / (in + out). Glorot and Bengio, 2010.

    Raises ValueError for a shape with fewer than two axes.
    """
    rows, columns = _matrix(shape)
    return uniform(shape, rng, dtype, math.sqrt(6 / max(rows + columns, 1)))


@asked
def he(shape: Shape, rng: np.random.Generator, dtype: npt.DTypeLike = np.float64) -> Array:
    """An array (..., in, out), normal with variance 2 / in, for layers before a relu.

    He et al., 2015 (arXiv:1502.01852). Raises ValueError for a shape with fewer than two axes.
    """
    rows, _ = _matrix(shape)
    return (generator("init", rng).standard_normal(shape) * math.sqrt(2 / max(rows, 1))).astype(dtype)


@asked
def orthogonal(shape: Shape, rng: np.random.Generator, dtype: npt.DTypeLike = np.float64) -> Array:
    """A matrix (in, out) whose rows are orthonormal, or its columns where they are fewer.

    Saxe et al., 2014 (arXiv:1312.6120). Raises ValueError for a shape that has not two axes.
    """
    if np.ndim(shape) != 1 or len(shape) != 2:
        raise ValueError(f"orthogonal: needs a matrix shape (in, out), got {shape}")
    tall = generator("init", rng).standard_normal((max(shape), min(shape)))
    q, r = np.linalg.qr(tall)
    q = q * np.where(np.diag(r) < 0, -1.0, 1.0)  # only with these signs is q uniformly distributed
    return (q if shape[0] >= shape[1] else q.T).astype(dtype)


def _matrix(shape: Shape) -> tuple[int, int]:
    """The last two entries of a shape (..., in, out)."""
    if np.ndim(shape) != 1 or len(shape) < 2:
        raise ValueError(f"init: shape is {shape}; it must be (..., in, out)")
    return shape[-2], shape[-1]


if not TYPE_CHECKING:  # a type checker would take it for every name that is not there
    __getattr__ = lacks(__name__)
