"""A layer over time as JAX compiles it: one scan, the product of all inputs hoisted, Adam in the call."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.benchmarks import libraries

UNROLLS = (1, 4)  # steps of the scan that are compiled as one: the better counts
ONE_THREAD = "--xla_cpu_multi_thread_eigen=false"


def trainer(name: str, problem: tuple[np.ndarray, ...], gates: int, unroll: int) -> Callable[[], Any]:
    """One training step on W (H + D + 1, gates * H), x (T, B, D) and a target (B, H), as `fused.ours`."""
    os.environ["XLA_FLAGS"] = ONE_THREAD
    import jax
    import jax.numpy as jnp

    W, x, target = problem
    H = target.shape[1]
    sigmoid, tanh = jax.nn.sigmoid, jnp.tanh

    def rnn(W_h, state, z):
        return (tanh(z + state[0] @ W_h),)

    def lstm(W_h, state, z):
        h, c = state
        g, f, i, o = jnp.split(z + h @ W_h, gates, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * tanh(g)
        return sigmoid(o) * tanh(c), c

    def gru(W_h, state, z):
        (h,) = state
        a = z[:, : 2 * H] + h @ W_h[:, : 2 * H]
        update, reset = jnp.split(sigmoid(a), 2, axis=1)
        return ((1 - update) * h + update * tanh(z[:, 2 * H :] + (reset * h) @ W_h[:, 2 * H :]),)

    cell = {"rnn": rnn, "lstm": lstm, "gru": gru}[name]
    start = (jnp.zeros(target.shape),) * (2 if name == "lstm" else 1)

    def loss(W, x, target):
        products = x @ W[H:-1] + W[-1]
        (h, *_), _ = jax.lax.scan(
            lambda state, z: (cell(W[:H], state, z), None), start, products, unroll=unroll
        )
        return ((h - target) ** 2).mean()

    def train(W, mean, square, n, x, target):
        value, g = jax.value_and_grad(loss)(W, x, target)
        mean, square, n = mean + 0.1 * (g - mean), square + 0.001 * (g * g - square), n + 1
        W = W - libraries.LR * (mean / (1 - 0.9**n)) / (jnp.sqrt(square / (1 - 0.999**n)) + 1e-8)
        return value, (W, mean, square, n)

    compiled = jax.jit(train, donate_argnums=(0, 1, 2, 3))
    held = jnp.array(W), jnp.zeros_like(W), jnp.zeros_like(W), jnp.float32(0)
    x, target = jnp.array(x), jnp.array(target)

    def step() -> Any:
        nonlocal held
        value, held = compiled(*held, x, target)
        return value.block_until_ready()

    return step
