"""Gradients against central differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.tape import no_grad
from minigrad.tensor import Tensor


class GradientError(AssertionError):
    """A gradient differs from the central difference."""


def gradcheck(
    f: Callable[..., Tensor],
    *inputs: Tensor,
    entrywise: bool = False,
    eps: float = 1e-6,
    rtol: float = 1e-5,
    atol: float = 1e-7,
    seed: int = 0,
) -> bool:
    """Compare the gradients of `f(*inputs)` with (f(x + eps d) - f(x - eps d)) / (2 eps).

    inputs: float64 leaves; constants among them are not checked. f returns a Tensor of any shape,
    which is contracted with a random cotangent. By default `d` is one random direction in all
    inputs at once; `entrywise` takes every entry by itself, which costs two runs of f an entry and
    names the worst. Leaves `.grad` as it was.
    Returns True; raises GradientError with the figures, or ValueError for inputs it cannot check.
    """
    leaves = [(i, x) for i, x in enumerate(inputs) if x.requires_grad]
    if not leaves:
        raise ValueError("gradcheck: no input has requires_grad=True")
    for i, x in leaves:
        if x.dtype != np.float64 or x.node is None or x.node.op is not None:
            raise ValueError(f"gradcheck: input {i} must be a float64 leaf, it is {x!r}")
    rng = np.random.default_rng(seed)
    before = [x.grad for _, x in leaves]
    for _, x in leaves:
        x.grad = None
    try:
        y = f(*inputs)
        g = rng.standard_normal(y.shape)
        y.backward(g)
        gradients = [np.zeros(x.shape) if x.grad is None else x.grad for _, x in leaves]
    finally:
        for (_, x), grad in zip(leaves, before, strict=True):
            x.grad = grad

    def along(directions: list[Any]) -> float:
        """The central difference of sum(f * g) along one direction for each leaf."""
        start = [x.data.copy() for _, x in leaves]
        values = []
        try:
            for sign in (1, -1):
                for (_, x), x0, d in zip(leaves, start, directions, strict=True):
                    x.data[...] = x0 + sign * eps * d
                with no_grad():
                    values.append(float((f(*inputs).data * g).sum()))
        finally:
            for (_, x), x0 in zip(leaves, start, strict=True):
                x.data[...] = x0
        return (values[0] - values[1]) / (2 * eps)

    if not entrywise:
        directions = [rng.standard_normal(x.shape) for _, x in leaves]
        expected = along(directions)
        got = float(sum((a * d).sum() for a, d in zip(gradients, directions, strict=True)))
        scale = float(sum(np.abs(a * d).sum() for a, d in zip(gradients, directions, strict=True)))
        if not abs(got - expected) <= atol + rtol * max(scale, abs(expected)):
            raise GradientError(
                f"gradcheck: along a random direction the gradient gives {got:.9g}, the central difference "
                f"{expected:.9g}; entrywise=True names the worst entry"
            )
        return True
    worst, message = 1.0, ""
    for k, (i, x) in enumerate(leaves):
        for index in np.ndindex(x.shape):
            directions = [np.zeros(leaf.shape) for _, leaf in leaves]
            directions[k][index] = 1
            expected, got = along(directions), float(gradients[k][index])
            error = abs(got - expected) / (atol + rtol * abs(expected))
            if not error <= worst:
                worst, where = np.nan_to_num(error, nan=np.inf), f"input {i} at {list(index)}"
                message = f"{where}: the gradient is {got:.9g}, the central difference {expected:.9g}"
    if message:
        raise GradientError(f"gradcheck: the worst entry is {message}")
    return True
