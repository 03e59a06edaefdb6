"""Toy sequence tasks: each draws fresh batches from a generator, so nothing can be learned by heart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from minigrad.arguments import unfit
from minigrad.contract.told import asked

# What `boom` tracks: one point of the plane per input symbol.
BOOM_TARGETS = np.array([[1.0, -1.0], [-1.0, 1.0], [0.5, 0.5], [-0.5, -1.0]])
BOOM_RATE = 0.35  # the share of the remaining way that the tracked point goes in one step
BOOM_HOLD = 4  # steps for which one symbol stays


@dataclass(frozen=True)
class Batch:
    """Samples and what to answer, batch first.

    For the tasks here: x (B, T, D); y (B, T, K), shaped like the model's output; mask (B, T), True
    where an answer is asked for. x and y are float64. Other data has other shapes after B, and may
    do without a mask. Raises ValueError where x, y and mask do not have the same number of samples, TypeError
    where one is no array of samples.
    """

    x: np.ndarray
    y: np.ndarray
    mask: np.ndarray | None = None

    def __post_init__(self) -> None:
        for name, value in (("x", self.x), ("y", self.y), ("mask", self.mask)):
            shape = getattr(value, "shape", ())
            if not (isinstance(shape, tuple) and shape) and (name != "mask" or value is not None):
                raise TypeError(unfit("Batch", name, value, "an array with a first axis of samples"))
        masked = len(self.x) if self.mask is None else len(self.mask)
        if not len(self.x) == len(self.y) == masked:
            of_mask = "" if self.mask is None else f", mask {masked}"
            raise ValueError(f"x has {len(self.x)} samples, y {len(self.y)}{of_mask}; they must agree")

    def __len__(self) -> int:
        return len(self.x)

    @asked
    def __getitem__(self, rows: slice | np.ndarray) -> Batch:
        """The samples at `rows`: a slice, or an array of indices or of True and False."""
        return Batch(self.x[rows], self.y[rows], None if self.mask is None else self.mask[rows])


class Draw(Protocol):
    """What draws a batch, as `echo`, `parity` and `boom` do."""

    def __call__(self, rng: np.random.Generator, batch: int) -> Batch:
        """`batch` fresh sequences: x (B, T, D), y (B, T, K), mask (B, T)."""
        ...


@dataclass(frozen=True)
class Task:
    """A task: its sizes, what it is measured by, and what can be reached without memory.

    inputs, outputs: the D of x (B, T, D) and the K of y (B, T, K). metric: "accuracy" (more is better)
    or "mse" (less is better). baseline: the metric, where the mask is True, of the best answer that
    knows only the present input.
    """

    name: str
    inputs: int
    outputs: int
    metric: str
    baseline: float
    draw: Draw

    @asked
    def batch(self, rng: np.random.Generator, size: int) -> Batch:
        """`size` fresh sequences: x (B, T, D), y (B, T, K), mask (B, T). Errors are those of `draw`."""
        return self.draw(rng, size)


@asked
def echo(rng: np.random.Generator, batch: int, length: int = 30, delay: int = 10) -> Batch:
    """Repeat the bit that came `delay` steps ago.

    x (B, T, 1) is -1 or 1; y (B, T, 1) is 0 or 1; mask (B, T) is False in the first `delay` steps.
    B is `batch`, T is `length`. Raises ValueError where one of them is below 1, or delay not within
    0 .. length - 1.
    """
    _positive(batch=batch, length=length)
    if not 0 <= delay < length:
        raise ValueError(f"echo: delay is {delay}; it must be at least 0 and less than length = {length}")
    bits = rng.integers(0, 2, (batch, length))
    y = np.zeros((batch, length))
    y[:, delay:] = bits[:, : length - delay]
    mask = np.zeros((batch, length), dtype=bool)
    mask[:, delay:] = True
    return Batch(_signs(bits), y[..., None], mask)


@asked
def parity(rng: np.random.Generator, batch: int, length: int = 10) -> Batch:
    """Say at every step whether the number of ones so far is odd.

    x (B, T, 1) is -1 or 1, where 1 stands for a one; y (B, T, 1) is 0 or 1; mask (B, T) is True.
    B is `batch`, T is `length`. Raises ValueError where one of them is below 1.
    """
    _positive(batch=batch, length=length)
    bits = rng.integers(0, 2, (batch, length))
    y = np.cumsum(bits, axis=1) % 2
    return Batch(_signs(bits), y[..., None].astype(np.float64), np.ones((batch, length), dtype=bool))


@asked
def boom(rng: np.random.Generator, batch: int, length: int = 24, targets: np.ndarray | None = None) -> Batch:
    """Track a point that moves towards the target of the present symbol.

    x (B, T, S) is a one-hot symbol that changes every 4 steps; y (B, T, K) is the point, which starts
    at 0 and goes 35 % of the remaining way in each step; mask (B, T) is True. targets (S, K): the
    symbols' targets, `BOOM_TARGETS` if not given. B is `batch`, T is `length`. Training that starts
    with a recurrent matrix far too large has exploding gradients here.
    Raises ValueError where batch or length is below 1, or targets is not (S, K) or empty.
    """
    _positive(batch=batch, length=length)
    goals = BOOM_TARGETS if targets is None else np.asarray(targets, dtype=np.float64)
    if goals.ndim != 2 or goals.size == 0:
        raise ValueError(f"boom: targets has shape {goals.shape}; it must be (symbols, outputs)")
    symbols = rng.integers(0, len(goals), (batch, -(-length // BOOM_HOLD)))
    symbols = np.repeat(symbols, BOOM_HOLD, axis=1)[:, :length]
    y = np.empty((batch, length, goals.shape[1]))
    point = np.zeros((batch, goals.shape[1]))
    for t in range(length):
        point = point + BOOM_RATE * (goals[symbols[:, t]] - point)
        y[:, t] = point
    return Batch(np.eye(len(goals))[symbols], y, np.ones((batch, length), dtype=bool))


def _signs(bits: np.ndarray) -> np.ndarray:
    """Bits (B, T) as inputs (B, T, 1) of -1 and 1."""
    return np.asarray(2.0 * bits - 1.0)[..., None]


def _positive(**counts: int) -> None:
    """Raise ValueError, which names it, where a count is below 1."""
    for name, count in counts.items():
        if count < 1:
            raise ValueError(f"{name} is {count}; it must be at least 1")


TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        Task("echo", inputs=1, outputs=1, metric="accuracy", baseline=0.5, draw=echo),
        Task("parity", inputs=1, outputs=1, metric="accuracy", baseline=0.55, draw=parity),
        Task("boom", inputs=4, outputs=2, metric="mse", baseline=0.0953, draw=boom),
    )
}
