"""Any cell over time, and layers of them.

A cell maps (x, state) to the new state: x (B, D); the state a Tensor (B, H) or a tuple of Tensors.
Its output is the Tensor, or the tuple's first. It has `initial_state(batch)` and `hidden_size`.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from minigrad.nn.module import Module
from minigrad.ops import stack, where
from minigrad.tensor import Tensor

State = Tensor | tuple[Tensor, ...]


class Cell(Protocol):
    """One time step."""

    hidden_size: int

    def initial_state(self, batch: int) -> Any: ...

    def __call__(self, x: Tensor, state: Any) -> Any: ...


class Recurrent(Module):
    """Run `cell` over time: x (B, T, D) -> outputs (B, T, H), final state.

    state: where to start; the cell's initial state when left out. mask (B, T), bool: where it is
    False the state is carried on unchanged and the output is zero. reverse runs from the last step
    to the first; outputs stay in the order of the input.
    """

    def __init__(self, cell: Cell, reverse: bool = False) -> None:
        self.cell, self.reverse = cell, reverse

    def forward(self, x: Any, state: Any = None, mask: Any = None) -> tuple[Tensor, Any]:
        x = x if isinstance(x, Tensor) else Tensor(x)
        if x.ndim != 3:
            raise ValueError(f"Recurrent: x must be (B, T, D), got {x.shape}")
        batch, steps, _ = x.shape
        if mask is not None:
            mask = np.asarray(mask.data if isinstance(mask, Tensor) else mask, bool)
            if mask.shape != (batch, steps):
                raise ValueError(f"Recurrent: a mask of shape {mask.shape} does not fit x of shape {x.shape}")
            x = where(mask[:, :, None], x, 0)  # padding may hold NaN, and 0 * NaN would reach the gradients
        if state is None:
            state = self.cell.initial_state(batch)
        outputs: list[Any] = [None] * steps
        for t in reversed(range(steps)) if self.reverse else range(steps):
            new = self.cell(x[:, t], state)
            y = new[0] if isinstance(new, tuple) else new
            if mask is not None:
                here = mask[:, t, None]
                y, new = where(here, y, 0.0), _choose(here, new, state)
            outputs[t], state = y, new
        if not steps:
            return Tensor(np.zeros((batch, 0, self.cell.hidden_size), x.dtype)), state
        return stack(outputs, axis=1), state


def _choose(here: Any, new: Any, old: Any) -> Any:
    """The new state where `here` (B, 1) is True, the old one elsewhere."""
    if isinstance(new, tuple):
        return tuple(where(here, n, o) for n, o in zip(new, old, strict=True))
    return where(here, new, old)


class Stacked(Module):
    """Recurrent layers one above the other: each layer's outputs are the next one's x.

    layers: Recurrent, or anything called as (x, state, mask) that returns (outputs, final state).
    Its state is the tuple of the layers' states.
    """

    def __init__(self, *layers: Any) -> None:
        if not layers:
            raise ValueError("Stacked: needs at least one layer")
        self.layers = layers

    def forward(self, x: Any, state: Any = None, mask: Any = None) -> tuple[Tensor, tuple[Any, ...]]:
        if state is None:
            state = (None,) * len(self.layers)
        if len(state) != len(self.layers):
            raise ValueError(f"Stacked: {len(state)} states for {len(self.layers)} layers")
        final = []
        for layer, start in zip(self.layers, state, strict=True):
            x, end = layer(x, start, mask)
            final.append(end)
        return x, tuple(final)
