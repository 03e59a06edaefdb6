"""Any cell over time, and layers of them.

A cell maps (x, state) to the new state: x (B, D); the state a Tensor (B, H) or a tuple of Tensors.
Its output is the Tensor, or the tuple's first. It has `initial_state(batch)` and `hidden_size`.
"""

from __future__ import annotations

from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from minigrad.nn.module import Module
from minigrad.ops import stack, where
from minigrad.tensor import Tensor

State = TypeVar("State")  # a Tensor (B, H), or a tuple of Tensors of which the first is the output


class Cell(Protocol[State]):
    """One time step. hidden_size: the H of its output (B, H)."""

    hidden_size: int

    def initial_state(self, batch: int) -> State:
        """The state before the first step, for `batch` sequences: (B, H), or a tuple of such."""
        ...

    def __call__(self, x: Tensor, state: State) -> State:
        """x (B, D), state (B, H) or a tuple of such -> the new state, of the same shapes."""
        ...


class Layer(Protocol):
    """What runs over time: a `Recurrent`, or anything else that is called like one."""

    def __call__(
        self, x: Any, state: Any = None, mask: npt.ArrayLike | Tensor | None = None, /
    ) -> tuple[Tensor, Any]:
        """x (B, T, D), state as it returns it or None, mask (B, T) -> outputs (B, T, H), final state."""
        ...


class Recurrent(Module, Generic[State]):
    """Run `cell` over time: x (B, T, D) -> outputs (B, T, H), final state.

    state: where to start; the cell's initial state when left out. mask (B, T), bool: where it is
    False, the state is carried on unchanged and the output is zero. reverse: run from the last step
    to the first; outputs stay in the order of the input.
    """

    def __init__(self, cell: Cell[State], reverse: bool = False) -> None:
        self.cell, self.reverse = cell, reverse

    def forward(
        self,
        x: Tensor | npt.ArrayLike,
        state: State | None = None,
        mask: Tensor | npt.ArrayLike | None = None,
    ) -> tuple[Tensor, State]:
        """x (B, T, D), mask (B, T) -> outputs (B, T, H) and the state after the last step.

        T may be 0. Raises ValueError where x has not three axes or `mask` is not (B, T).
        """
        x = x if isinstance(x, Tensor) else Tensor(x)
        if x.ndim != 3:
            raise ValueError(f"Recurrent: x must be (B, T, D), got {x.shape}")
        batch, steps, _ = x.shape
        here = None if mask is None else np.asarray(mask.data if isinstance(mask, Tensor) else mask, bool)
        if here is not None:
            if here.shape != (batch, steps):
                raise ValueError(f"Recurrent: a mask of shape {here.shape} does not fit x of shape {x.shape}")
            x = where(here[:, :, None], x, 0)  # padding may hold NaN, and 0 * NaN would reach the gradients
        if state is None:
            state = self.cell.initial_state(batch)
        outputs: list[Any] = [None] * steps
        for t in reversed(range(steps)) if self.reverse else range(steps):
            new: Any = self.cell(x[:, t], state)
            y = new[0] if isinstance(new, tuple) else new
            if here is not None:
                kept = here[:, t, None]
                y, new = where(kept, y, 0.0), _choose(kept, new, state)
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

    layers: `Recurrent`, or anything called as (x, state, mask) that returns (outputs, final state).
    The state of all is the tuple of the layers' states. Raises ValueError where there is no layer.
    """

    def __init__(self, *layers: Layer) -> None:
        if not layers:
            raise ValueError("Stacked: needs at least one layer")
        self.layers = layers

    def forward(
        self,
        x: Tensor | npt.ArrayLike,
        state: tuple[Any, ...] | None = None,
        mask: Tensor | npt.ArrayLike | None = None,
    ) -> tuple[Tensor, tuple[Any, ...]]:
        """x (B, T, D), mask (B, T) -> the last layer's outputs (B, T, H), and the final states, one a layer.

        Every layer is given the mask. Raises ValueError where `state` has not one entry a layer.
        """
        if state is None:
            state = (None,) * len(self.layers)
        if len(state) != len(self.layers):
            raise ValueError(f"Stacked: {len(state)} states for {len(self.layers)} layers")
        final = []
        outputs: Any = x
        for layer, start in zip(self.layers, state, strict=True):
            outputs, end = layer(outputs, start, mask)
            final.append(end)
        return outputs, tuple(final)
