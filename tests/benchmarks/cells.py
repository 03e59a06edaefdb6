"""Hand-written recurrent cells, once for all libraries: `lib` has the functions."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# (time steps, batch, inputs, hidden units)
SIZES = {"XS": (20, 16, 8, 32), "S": (50, 32, 16, 64), "M": (100, 64, 32, 128), "L": (200, 128, 64, 256)}


@dataclass(frozen=True)
class Cell:
    """`step(lib, parameters, x, state)` gives the next state, a tuple whose first is the output."""

    name: str
    states: int
    shapes: Callable[[int, int], list[tuple[int, ...]]]
    step: Callable[[Any, Any, Any, tuple[Any, ...]], tuple[Any, ...]]


def rnn(lib, parameters, x, state):
    W_x, W_h, b = parameters
    (h,) = state
    return (lib.tanh(x @ W_x + h @ W_h + b),)


def lstm(lib, parameters, x, state):
    """All four gates in one product, then cut apart."""
    W_x, W_h, b = parameters
    h, c = state
    n = h.shape[1]
    z = x @ W_x + h @ W_h + b
    i, f = lib.sigmoid(z[:, :n]), lib.sigmoid(z[:, n : 2 * n])
    g, o = lib.tanh(z[:, 2 * n : 3 * n]), lib.sigmoid(z[:, 3 * n :])
    c = f * c + i * g
    return o * lib.tanh(c), c


def lstm_course(lib, parameters, x, state):
    """The course's form: one matrix a gate, acting on [h, x]."""
    W_f, W_i, W_c, W_o, b_f, b_i, b_c, b_o = parameters
    h, c = state
    hx = lib.concatenate([h, x], 1)
    f = lib.sigmoid(hx @ W_f + b_f)
    i = lib.sigmoid(hx @ W_i + b_i)
    o = lib.sigmoid(hx @ W_o + b_o)
    c = f * c + i * lib.tanh(hx @ W_c + b_c)
    return o * lib.tanh(c), c


def gru(lib, parameters, x, state):
    """The course's form: one matrix a gate, acting on [h, x]."""
    W_z, W_r, W_h, b_z, b_r, b_h = parameters
    (h,) = state
    hx = lib.concatenate([h, x], 1)
    z = lib.sigmoid(hx @ W_z + b_z)
    r = lib.sigmoid(hx @ W_r + b_r)
    return ((1 - z) * h + z * lib.tanh(lib.concatenate([r * h, x], 1) @ W_h + b_h),)


CELLS = {
    cell.name: cell
    for cell in (
        Cell("rnn", 1, lambda d, h: [(d, h), (h, h), (h,)], rnn),
        Cell("lstm", 2, lambda d, h: [(d, 4 * h), (h, 4 * h), (4 * h,)], lstm),
        Cell("lstm-course", 2, lambda d, h: [(h + d, h)] * 4 + [(h,)] * 4, lstm_course),
        Cell("gru", 1, lambda d, h: [(h + d, h)] * 3 + [(h,)] * 3, gru),
    )
}


def loss(lib, cell, parameters, x, state, target):
    """Mean squared error of the last state; x is (T, B, D)."""
    for t in range(x.shape[0]):
        state = cell.step(lib, parameters, x[t], state)
    error = state[0] - target
    return (error * error).mean()


# One link of a chain of small ops on y (16, 32), given leaves w (16, 32), W (32, 32), wide (16, 64).
LINKS = {
    "add": lambda lib, y, w, W, wide: y + w,
    "mul": lambda lib, y, w, W, wide: y * w,
    "matmul": lambda lib, y, w, W, wide: y @ W,
    "tanh": lambda lib, y, w, W, wide: lib.tanh(y),
    "getitem+add": lambda lib, y, w, W, wide: y + wide[:, 16:48],
    "concat": lambda lib, y, w, W, wide: lib.concatenate([y, w], 1)[:, 16:48],
}
LEAVES = ((16, 32), (16, 32), (32, 32), (16, 64))
