"""Linear, Embedding, Dropout, LayerNorm and Sequential."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from minigrad import functional
from minigrad.nn import init
from minigrad.nn.module import Module, Parameter
from minigrad.tensor import Tensor


def _rng(rng: np.random.Generator | None) -> np.random.Generator:
    """The generator given, or one with a seed of the system's."""
    return np.random.default_rng() if rng is None else rng


class Linear(Module):
    """x W + b for x (..., in): W (in, out) by `init.glorot`, b (out,) zero, or None without `bias`."""

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        rng: np.random.Generator | None = None,
        dtype: npt.DTypeLike = np.float64,
    ) -> None:
        self.W = Parameter(init.glorot((in_features, out_features), _rng(rng), dtype))
        self.b = Parameter(np.zeros(out_features, dtype)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """x (..., in) -> (..., out). Raises ValueError where the last axis of x has another length."""
        y = x @ self.W
        return y if self.b is None else y + self.b


class Embedding(Module):
    """A row of W (num, dim), drawn from the standard normal, for each of the integers 0 .. num - 1.

    The row `padding_index` is zero and stays zero: it gets no gradient.
    Raises ValueError where `padding_index` is none of these integers.
    """

    def __init__(
        self,
        num: int,
        dim: int,
        padding_index: int | None = None,
        rng: np.random.Generator | None = None,
        dtype: npt.DTypeLike = np.float64,
    ) -> None:
        rows = _rng(rng).standard_normal((num, dim)).astype(dtype)
        if padding_index is not None:
            if not 0 <= padding_index < num:
                raise ValueError(f"Embedding: padding_index must lie in 0 .. {num - 1}, got {padding_index}")
            rows[padding_index] = 0
        self.padding_index = padding_index
        self.W = Parameter(rows)

    def forward(self, indices: Tensor | npt.ArrayLike) -> Tensor:
        """indices (...) -> (..., dim). Raises IndexError where they are not all integers 0 .. num - 1."""
        indices = indices.data if isinstance(indices, Tensor) else np.asarray(indices)
        num = self.W.shape[0]
        if indices.dtype.kind not in "iu":
            raise IndexError(f"Embedding: needs integers, got {indices.dtype}")
        if indices.size and (indices.min() < 0 or indices.max() >= num):
            raise IndexError(f"Embedding: indices must lie in 0 .. {num - 1}")
        rows: Tensor = self.W[indices]
        if self.padding_index is not None:
            rows = rows * (indices != self.padding_index)[..., None].astype(rows.dtype)
        return rows


class Dropout(Module):
    """In training, zero each entry with probability p and scale the others by 1 / (1 - p).

    In eval mode x stays as it is. Srivastava et al., 2014. Raises ValueError unless 0 <= p < 1.
    """

    def __init__(self, p: float, rng: np.random.Generator | None = None) -> None:
        if not 0 <= p < 1:
            raise ValueError(f"Dropout: p must lie in [0, 1), got {p}")
        self.p, self.rng = p, _rng(rng)

    def forward(self, x: Tensor) -> Tensor:
        """x of any shape -> a tensor of the same shape."""
        return functional.dropout(x, self.p, self.rng, self.training)


class LayerNorm(Module):
    """gain (x - mean) / sqrt(variance + eps) + bias, mean and variance along the last axis of x (..., D).

    gain (D,) starts at 1, bias (D,) at 0; D is `features`. Ba et al., 2016 (arXiv:1607.06450).
    """

    def __init__(self, features: int, eps: float = 1e-5, dtype: npt.DTypeLike = np.float64) -> None:
        self.gain = Parameter(np.ones(features, dtype))
        self.bias = Parameter(np.zeros(features, dtype))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """x (..., D) -> (..., D)."""
        return functional.layer_norm(x, self.gain, self.bias, self.eps)


class Sequential(Module):
    """Layers, modules or plain functions, one after the other."""

    def __init__(self, *layers: Callable[[Any], Any]) -> None:
        self.layers = layers

    def forward(self, x: Any) -> Any:
        """The last layer's result. What each layer takes is what the one before it returns."""
        for layer in self.layers:
            x = layer(x)
        return x
