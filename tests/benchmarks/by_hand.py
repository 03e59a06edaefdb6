"""The cells' training steps written by hand in NumPy, forwards and backwards, as a good student would.

No tape can be much faster: what it takes beyond this is its own. Each function gives the last output and
what takes its cotangent to the parameters'. Sequences are (T, B, D), states (B, H).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.benchmarks import libraries

Backward = Callable[[np.ndarray], list[np.ndarray]]


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def rnn(parameters, x, h) -> tuple[np.ndarray, Backward]:
    W_x, W_h, b = parameters
    hs = [h]
    for x_t in x:
        hs.append(np.tanh(x_t @ W_x + hs[-1] @ W_h + b))

    def backward(dh):
        dW_x, dW_h, db = grads = [np.zeros_like(p) for p in parameters]
        for t in reversed(range(len(x))):
            da = dh * (1 - hs[t + 1] ** 2)
            dW_x += x[t].T @ da
            dW_h += hs[t].T @ da
            db += da.sum(0)
            dh = da @ W_h.T
        return grads

    return hs[-1], backward


def lstm(parameters, x, h, c) -> tuple[np.ndarray, Backward]:
    W_x, W_h, b = parameters
    n = h.shape[1]
    kept = []
    for x_t in x:
        a = x_t @ W_x + h @ W_h + b
        i, f, o = sigmoid(a[:, :n]), sigmoid(a[:, n : 2 * n]), sigmoid(a[:, 3 * n :])
        g = np.tanh(a[:, 2 * n : 3 * n])
        before = h, c
        c = f * c + i * g
        tanh_c = np.tanh(c)
        h = o * tanh_c
        kept.append((*before, i, f, g, o, tanh_c))

    def backward(dh):
        dW_x, dW_h, db = grads = [np.zeros_like(p) for p in parameters]
        dc = np.zeros_like(dh)
        da = np.empty((len(dh), 4 * n), dh.dtype)
        for x_t, (h, c, i, f, g, o, tanh_c) in zip(x[::-1], reversed(kept), strict=True):
            dc = dc + dh * o * (1 - tanh_c**2)
            da[:, :n] = dc * g * i * (1 - i)
            da[:, n : 2 * n] = dc * c * f * (1 - f)
            da[:, 2 * n : 3 * n] = dc * i * (1 - g**2)
            da[:, 3 * n :] = dh * tanh_c * o * (1 - o)
            dW_x += x_t.T @ da
            dW_h += h.T @ da
            db += da.sum(0)
            dh, dc = da @ W_h.T, dc * f
        return grads

    return h, backward


def gru(parameters, x, h) -> tuple[np.ndarray, Backward]:
    W_z, W_r, W_h, b_z, b_r, b_h = parameters
    n = h.shape[1]
    kept = []
    for x_t in x:
        hx = np.concatenate([h, x_t], 1)
        z, r = sigmoid(hx @ W_z + b_z), sigmoid(hx @ W_r + b_r)
        rhx = np.concatenate([r * h, x_t], 1)
        new = np.tanh(rhx @ W_h + b_h)
        kept.append((h, hx, z, r, rhx, new))
        h = (1 - z) * h + z * new

    def backward(dh):
        dW_z, dW_r, dW_h, db_z, db_r, db_h = grads = [np.zeros_like(p) for p in parameters]
        for h, hx, z, r, rhx, new in reversed(kept):
            da_h = dh * z * (1 - new**2)
            da_z = dh * (new - h) * z * (1 - z)
            drh = da_h @ W_h[:n].T
            da_r = drh * h * r * (1 - r)
            dW_z += hx.T @ da_z
            dW_r += hx.T @ da_r
            dW_h += rhx.T @ da_h
            db_z += da_z.sum(0)
            db_r += da_r.sum(0)
            db_h += da_h.sum(0)
            dh = dh * (1 - z) + drh * r + da_z @ W_z[:n].T + da_r @ W_r[:n].T
        return grads

    return h, backward


STEPS = {"rnn": rnn, "lstm": lstm, "gru": gru}


class Numpy:
    """The cells by hand, with minigrad's own Adam: only the gradients are made in another way."""

    def numpy(self, value: Any) -> np.ndarray:
        return np.asarray(value)

    def trainer(self, cell_name: str, size: tuple[int, int, int, int]) -> Callable[[], Any]:
        """A function that makes one training step: forward, loss, backward, Adam."""
        from minigrad import Tensor
        from minigrad.optim import Adam

        _, values, x, state, target = libraries._problem(cell_name, size)
        leaves = [Tensor(value, requires_grad=True) for value in values]
        optimizer, forward = Adam(leaves, lr=libraries.LR), STEPS[cell_name]

        def step() -> Any:
            h, backward = forward([leaf.data for leaf in leaves], x, *state)
            error = h - target
            for leaf, g in zip(leaves, backward(error * np.float32(2 / error.size)), strict=True):
                leaf.grad = g
            optimizer.step()
            return (error * error).mean()

        return step
