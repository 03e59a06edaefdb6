"""gradcheck(): compare the gradients that the tape gives with central differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from minigrad.recording import no_grad
from minigrad.tape import Array
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

    inputs: float64 leaves of any shape; among them may be constants, which are not checked.
    f: returns a Tensor of any shape; what is differentiated is sum(f * g) for a random cotangent g.
    entrywise: by default d is one random direction in all inputs at once, which costs two runs of f;
    entrywise takes every entry by itself, which costs two runs of f an entry, and names the worst.
    eps is in the units of the inputs. The error allowed is atol + rtol times the size of what is compared.
    seed: of the cotangent and the direction. Every `.grad` and `.data` is afterwards what it was before.

    Returns True. Raises GradientError with both figures where they differ, and ValueError where no
    input has requires_grad=True or one that has it is no float64 leaf.
    """
    leaves = [(i, x) for i, x in enumerate(inputs) if x.requires_grad]
    if not leaves:
        raise ValueError("gradcheck: no input has requires_grad=True")
    for i, x in leaves:
        if x.dtype != np.float64 or x.node is None or x.node.op is not None:
            raise ValueError(f"gradcheck: input {i} must be a float64 leaf, it is {x!r}")
    rng = np.random.default_rng(seed)
    g, gradients = _backward(lambda: f(*inputs), [x for _, x in leaves], rng)

    def along(directions: Sequence[Array]) -> float:
        return _difference(lambda: f(*inputs), g, [x for _, x in leaves], directions, eps)

    if not entrywise:
        _compare_direction(gradients, [rng.standard_normal(x.shape) for _, x in leaves], along, rtol, atol)
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


def _backward(
    f: Callable[[], Tensor], leaves: Sequence[Tensor], rng: np.random.Generator
) -> tuple[Array, list[Array]]:
    """A random cotangent g of f's result, and each leaf's gradient of sum(f * g); `.grad` stays as it was."""
    before = [x.grad for x in leaves]
    for x in leaves:
        x.grad = None
    try:
        y = f()
        g = rng.standard_normal(y.shape)
        y.backward(g)
        return g, [np.zeros(x.shape) if x.grad is None else x.grad for x in leaves]
    finally:
        for x, grad in zip(leaves, before, strict=True):
            x.grad = grad


def _difference(
    f: Callable[[], Tensor], g: Array, leaves: Sequence[Tensor], directions: Sequence[Array], eps: float
) -> float:
    """The central difference of sum(f * g) along one direction for each leaf; `.data` stays as it was."""
    start = [x.data.copy() for x in leaves]
    values = []
    try:
        for sign in (1, -1):
            for x, x0, d in zip(leaves, start, directions, strict=True):
                x.data[...] = x0 + sign * eps * d
            with no_grad():
                values.append(float((f().data * g).sum()))
    finally:
        for x, x0 in zip(leaves, start, strict=True):
            x.data[...] = x0
    return (values[0] - values[1]) / (2 * eps)


def _compare_direction(
    gradients: Sequence[Array],
    directions: Sequence[Array],
    along: Callable[[Sequence[Array]], float],
    rtol: float,
    atol: float,
) -> None:
    """Raise GradientError unless the gradients, along these directions, give the central difference."""
    expected = along(directions)
    got = float(sum((a * d).sum() for a, d in zip(gradients, directions, strict=True)))
    scale = float(sum(np.abs(a * d).sum() for a, d in zip(gradients, directions, strict=True)))
    if not abs(got - expected) <= atol + rtol * max(scale, abs(expected)):
        raise GradientError(
            f"gradcheck: along a random direction the gradient gives {got:.9g}, the central difference "
            f"{expected:.9g}; entrywise=True names the worst entry"
        )
