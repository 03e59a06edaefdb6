"""Linear, Embedding, Dropout, LayerNorm and Sequential."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from minigrad import functional
from minigrad.arguments import count, floating, generator, number, tensor, unfit
from minigrad.contract.told import with_habits
from minigrad.nn import init
from minigrad.nn.module import Module, Parameter
from minigrad.tensor import Tensor


class Linear(Module):
    """x W + b for x (..., in): W (in, out) by `init.glorot`, b (out,) zero, or None without `bias`.

    Raises TypeError for sizes that are no whole numbers, another rng than a generator, and a dtype that is
    not floating; ValueError for negative sizes.
    """

    @with_habits
    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        rng: np.random.Generator | None = None,
        dtype: npt.DTypeLike = np.float64,
    ) -> None:
        shape = (
            count("Linear", "in_features", in_features, 0),
            count("Linear", "out_features", out_features, 0),
        )
        dtype = floating("Linear", dtype)
        self.W = Parameter(init.glorot(shape, generator("Linear", rng), dtype))
        self.b = Parameter(np.zeros(out_features, dtype)) if bias else None

    def forward(self, x: Tensor | npt.ArrayLike) -> Tensor:
        """x (..., in), of integers as of floats -> (..., out).

        Raises ValueError where the last axis of x has another length, TypeError where x holds no numbers.
        """
        x = tensor("Linear", "x", x)
        x = x if x.dtype.kind == "f" else x.astype(self.W.dtype)  # int64 and float32 would be float64
        try:
            y = x @ self.W
        except ValueError:
            wanted = f"{self.W.shape[0]} entries along its last axis, as W {self.W.shape} has rows"
            raise ValueError(f"Linear: x of shape {x.shape} must have {wanted}") from None
        return y if self.b is None else y + self.b


class Embedding(Module):
    """A row of W (num, dim), drawn from the standard normal, for each of the integers 0 .. num - 1.

    The row `padding_index` is zero and stays zero: it gets no gradient.
    Raises ValueError where `padding_index` is none of these integers, or num or dim is below 1; TypeError for
    sizes that are no whole numbers, another rng than a generator, and a dtype that is not floating.
    """

    @with_habits
    def __init__(
        self,
        num: int,
        dim: int,
        padding_index: int | None = None,
        rng: np.random.Generator | None = None,
        dtype: npt.DTypeLike = np.float64,
    ) -> None:
        shape = count("Embedding", "num", num), count("Embedding", "dim", dim)
        rows = generator("Embedding", rng).standard_normal(shape).astype(floating("Embedding", dtype))
        if padding_index is not None:
            if count("Embedding", "padding_index", padding_index, 0) >= num:
                raise ValueError(f"Embedding: padding_index must lie in 0 .. {num - 1}, got {padding_index}")
            rows[padding_index] = 0
        self.padding_index = padding_index
        self.W = Parameter(rows)

    def forward(self, indices: Tensor | npt.ArrayLike) -> Tensor:
        """indices (...) -> (..., dim).

        Raises IndexError where they are not all integers 0 .. num - 1, TypeError where they are no numbers.
        """
        at = tensor("Embedding", "indices", indices).data
        at = at if at.size else at.astype(int)  # an empty list has become floats
        num = self.W.shape[0]
        if at.dtype.kind not in "iu":
            raise IndexError(f"Embedding: needs integers, got {at.dtype}: .astype(int) makes them")
        if at.size and (at.min() < 0 or at.max() >= num):
            raise IndexError(f"Embedding: indices must lie in 0 .. {num - 1}")
        rows: Tensor = self.W[at]
        if self.padding_index is not None:
            rows = rows * (at != self.padding_index)[..., None].astype(rows.dtype)
        return rows


class Dropout(Module):
    """In training, zero each entry with probability p and scale the others by 1 / (1 - p).

    In eval mode x stays as it is. Srivastava et al., 2014. Raises ValueError unless 0 <= p < 1, TypeError
    where p is no number or rng no generator.
    """

    @with_habits
    def __init__(self, p: float, rng: np.random.Generator | None = None) -> None:
        self.p, self.rng = number("Dropout", "p", p, 0, 1), generator("Dropout", rng)

    def forward(self, x: Tensor) -> Tensor:
        """x of any shape -> a tensor of the same shape."""
        return functional.dropout(x, self.p, self.rng, self.training)


class LayerNorm(Module):
    """gain (x - mean) / sqrt(variance + eps) + bias, mean and variance along the last axis of x (..., D).

    gain (D,) starts at 1, bias (D,) at 0; D is `features`. Ba et al., 2016 (arXiv:1607.06450).
    Raises TypeError where features is no whole number or dtype not floating, ValueError where features is
    below 1 or eps negative.
    """

    @with_habits
    def __init__(self, features: int, eps: float = 1e-5, dtype: npt.DTypeLike = np.float64) -> None:
        features, dtype = count("LayerNorm", "features", features), floating("LayerNorm", dtype)
        self.gain = Parameter(np.ones(features, dtype))
        self.bias = Parameter(np.zeros(features, dtype))
        self.eps = number("LayerNorm", "eps", eps, 0)

    def forward(self, x: Tensor | npt.ArrayLike) -> Tensor:
        """x (..., D) -> (..., D). Raises ValueError where the last axis of x has another length."""
        return functional.layer_norm(x, self.gain, self.bias, self.eps)


class Sequential(Module):
    """Layers, modules or plain functions, one after the other.

    Raises TypeError for a layer that cannot be called, or that is a Module's class and no module.
    """

    @with_habits
    def __init__(self, *layers: Callable[[Any], Any]) -> None:
        for i, layer in enumerate(layers):
            if not callable(layer) or (isinstance(layer, type) and issubclass(layer, Module)):
                remedy = "a module or a function, given one by one: Sequential(Linear(3, 4), Tensor.tanh)"
                raise TypeError(unfit("Sequential", f"layer {i}", layer, remedy))
        self.layers = layers

    def forward(self, x: Any) -> Any:
        """The last layer's result. What each layer takes is what the one before it returns."""
        for layer in self.layers:
            x = layer(x)
        return x
