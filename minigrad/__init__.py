"""minigrad: reverse-mode gradients on NumPy arrays, small enough to read in an evening."""

from typing import TYPE_CHECKING

from minigrad import functional, nn, ops, optim
from minigrad.gradcheck import gradcheck
from minigrad.tensor import (
    Tensor,
    abs,
    astype,
    broadcast_to,
    clip,
    concatenate,
    cos,
    cumsum,
    exp,
    expand_dims,
    flip,
    leaky_relu,
    log,
    log1p,
    logsumexp,
    matmul,
    max,
    maximum,
    mean,
    min,
    minimum,
    moveaxis,
    no_grad,
    op,
    pad,
    prod,
    relu,
    reshape,
    sigmoid,
    sin,
    softplus,
    split,
    sqrt,
    squeeze,
    stack,
    sum,
    swapaxes,
    take,
    tanh,
    transpose,
    var,
    where,
)

__all__ = [
    "Tensor",
    "abs",
    "astype",
    "broadcast_to",
    "clip",
    "concatenate",
    "cos",
    "cumsum",
    "exp",
    "expand_dims",
    "flip",
    "functional",
    "gradcheck",
    "leaky_relu",
    "log",
    "log1p",
    "logsumexp",
    "matmul",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "moveaxis",
    "nn",
    "no_grad",
    "op",
    "ops",
    "optim",
    "pad",
    "prod",
    "relu",
    "reshape",
    "sigmoid",
    "sin",
    "softplus",
    "split",
    "sqrt",
    "squeeze",
    "stack",
    "sum",
    "swapaxes",
    "take",
    "tanh",
    "transpose",
    "var",
    "where",
]

__version__: str  # pyproject.toml's; read when somebody asks, since finding it out takes 40 ms

if not TYPE_CHECKING:  # a type checker would take it for every name that is not there

    def __getattr__(name: str) -> str:
        if name != "__version__":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version(__name__)
        except PackageNotFoundError:
            return "unknown (minigrad is not installed)"
