"""Layers fused over time (`solutions/07-fast/fused.py`) against torch, JAX and their own products.

`python -m tests.benchmarks.fused LAYER SIZE` prints its rows as JSON: each is measured in a process of
its own, and once more in one whose malloc keeps freed memory, which does the peers good.
"""

import gc
import importlib.util
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from tests.benchmarks import libraries, measure, xla
from tests.benchmarks.cells import CELLS, SIZES, loss

ROOT = Path(__file__).parents[2]
GATES = {"rnn": 1, "lstm": 4, "gru": 3}
KEPT = {"MALLOC_TRIM_THRESHOLD_": str(1 << 32), "MALLOC_MMAP_THRESHOLD_": str(1 << 30)}  # bytes
# The ratios to reach, by (bench, size, peer).
FLOORS = {
    **{("fused-lstm", size, "torch.nn"): f for size, f in zip(SIZES, (1.8, 1.05, 1.3, 1.2), strict=True)},
    **{("fused-lstm", f"{size} malloc", "torch.nn"): 1.0 for size in SIZES},
    **{("fused-rnn", size, "torch.nn"): f for size, f in zip(SIZES, (6.0, 3.0, 1.6), strict=False)},
    **{("fused-gru", size, "torch"): f for size, f in zip(SIZES, (5.0, 3.0, 1.2), strict=False)},
    **{(f"fused-{name}", size, "jax"): 1.0 for name in GATES for size in ("XS", "S")},
    **{(f"fused-{name}", size, "jax"): 1.5 for name in GATES for size in ("M", "L")},
    ("fused-lstm", "M", "gemm"): round(1 / 1.6, 3),
    ("fused-lstm", "L", "gemm"): round(1 / 1.4, 3),
}
Figures = tuple[str, str, str, str, float, float]  # bench, size, peer, unit, ours, theirs


@cache
def layers() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fused_layers", ROOT / "solutions" / "07-fast" / "fused.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def problem(name: str, size: tuple[int, int, int, int]) -> tuple[np.ndarray, ...]:
    """W (H + D + 1, gates * H), x (T, B, D) and a target (B, H)."""
    T, B, D, H = size
    (W,), (x,), (target,) = (
        libraries._values([shape], seed)
        for seed, shape in enumerate([(H + D + 1, GATES[name] * H), (T, B, D), (B, H)])
    )
    return W, x, target


def ours(name: str, size: tuple[int, int, int, int]) -> Callable[[], Any]:
    """One training step: forward, mean squared error of the last state, backward, Adam."""
    from minigrad import Tensor, op
    from minigrad.optim import Adam

    W, x, target = problem(name, size)
    layer, parameter = op(getattr(layers(), name)), Tensor(W, requires_grad=True)
    optimizer = Adam([parameter], lr=libraries.LR)
    states = (Tensor(np.zeros_like(target)),) * (2 if name == "lstm" else 1)
    inputs, target = Tensor(np.ascontiguousarray(x.swapaxes(0, 1))), Tensor(target)

    def step() -> Any:
        optimizer.zero_grad()
        error = layer(inputs, *states, parameter, last=True, dx=False) - target
        value = (error * error).mean()
        value.backward()
        optimizer.step()
        return value

    return step


def torch_layer(name: str, size: tuple[int, int, int, int]) -> Callable[[], Any]:
    """The same step by torch.nn.RNN or torch.nn.LSTM."""
    import torch

    torch.set_num_threads(1)
    W, x, target = map(torch.tensor, problem(name, size))
    _, _, D, H = size
    layer = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM}[name](D, H)
    blocks = W.T.reshape(GATES[name], H, H + D + 1)
    rows = (blocks[[2, 1, 0, 3]] if name == "lstm" else blocks).reshape(-1, H + D + 1)  # i, f, g, o there
    with torch.no_grad():
        layer.weight_hh_l0[...], layer.weight_ih_l0[...] = rows[:, :H], rows[:, H:-1]
        layer.bias_ih_l0[...], layer.bias_hh_l0[...] = rows[:, -1], 0
    optimizer = torch.optim.Adam(layer.parameters(), lr=libraries.LR)

    def step() -> Any:
        optimizer.zero_grad()
        error = layer(x)[0][-1] - target
        value = (error * error).mean()
        value.backward()
        optimizer.step()
        return value

    return step


def torch_by_hand(size: tuple[int, int, int, int]) -> Callable[[], Any]:
    """The same step by the course's GRU, written in torch step by step."""
    import torch

    W, x, target = problem("gru", size)
    library, cell = libraries.Torch(), CELLS["gru"]
    values = [*np.split(W[:-1], 3, axis=1), *np.split(W[-1], 3)]
    parameters = [library.leaf(np.ascontiguousarray(v)) for v in values]
    optimizer = library.optimizer(parameters)
    inputs, aim, start = torch.tensor(x), torch.tensor(target), (torch.zeros(target.shape),)

    def step() -> Any:
        optimizer.zero_grad()
        value = loss(library.lib, cell, parameters, inputs, start, aim)
        value.backward()
        optimizer.step()
        return value

    return step


def products(size: tuple[int, int, int, int]) -> Callable[[], Any]:
    """An LSTM's matrix products alone: one forwards and one backwards for each step, and the weights'."""
    T, B, D, H = size
    K, steps = H + D + 1, max(1, 2048 // B)
    W, z, a, dh = libraries._values([(4 * H, K), (T, K, B), (T, 4 * H, B), (H, B)])
    W_h = np.ascontiguousarray(W[:, :H].T)
    blocks = [(min(steps, T - t) * B) for t in range(0, T, steps)]
    flat = [tuple(libraries._values([(K, n), (4 * H, n)])) for n in blocks]

    def run() -> None:
        for t in range(T):
            np.matmul(W, z[t], a[t])
        for t in range(T):
            np.matmul(W_h, a[t], dh)
        for zs, das in flat:
            np.matmul(zs, das.T)

    return run


def compared(name: str, size: str) -> Iterator[Figures]:
    """A layer against its peer, JAX and, if it is the LSTM, its products."""
    by_hand = name == "gru"  # torch's own has another reset gate
    peer = "torch" if by_hand else "torch.nn"
    theirs = torch_by_hand(SIZES[size]) if by_hand else torch_layer(name, SIZES[size])
    scans = [xla.trainer(name, problem(name, SIZES[size]), GATES[name], unroll) for unroll in xla.UNROLLS]
    runs = [ours(name, SIZES[size]), theirs, *scans]
    losses = [float(run().item()) for run in runs]
    if not np.allclose(losses, losses[0], rtol=1e-3):
        raise SystemExit(f"fused-{name} {size}: the libraries disagree on the loss: {losses}")
    if name == "lstm":
        runs.append(products(SIZES[size]))
    mine, taken, *rest = measure.interleaved(*runs)
    compiled, gemm = rest[: len(scans)], rest[len(scans) :]
    for who, seconds in ((peer, taken), ("jax", min(compiled)), *(("gemm", seconds) for seconds in gemm)):
        yield f"fused-{name}", size, who, "ms", 1e3 * mine, 1e3 * seconds


def all_figures(sizes: list[str]) -> Iterator[Figures]:
    """Each layer at each size in a process of its own; once more where malloc keeps what is freed."""
    for suffix, settings in (("", {}), (" malloc", KEPT)):
        for size, name in itertools.product(sizes, GATES):
            command = [sys.executable, "-m", "tests.benchmarks.fused", name, size]
            environment = os.environ | settings
            done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
            for bench, size_, *figures in json.loads(done.stdout):
                yield bench, size_ + suffix, *figures


if __name__ == "__main__":
    gc.freeze()
    print(json.dumps(list(compared(*sys.argv[1:]))))
