"""Any cell over time, and layers of them.

A cell maps (x, state) to the new state: x (B, D); the state a Tensor (B, H) or a tuple of Tensors.
Its output is the Tensor, or the tuple's first. It has `initial_state(batch)` and `hidden_size`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from minigrad.arguments import given, tensor, unfit
from minigrad.arguments import mask as mask_of
from minigrad.contract.kinds import demand
from minigrad.nn.module import Module
from minigrad.ops import stack, where
from minigrad.tape import as_array
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
    to the first; outputs stay in the order of the input. Raises TypeError where `cell` is none.
    """

    def __init__(self, cell: Cell[State], reverse: bool = False) -> None:
        if not callable(cell) or isinstance(cell, type) or not hasattr(cell, "initial_state"):
            raise TypeError(unfit("Recurrent", "cell", cell, "a cell, with initial_state(batch)"))
        self.cell, self.reverse = cell, reverse

    def forward(
        self,
        x: Tensor | npt.ArrayLike,
        state: State | None = None,
        mask: Tensor | npt.ArrayLike | None = None,
    ) -> tuple[Tensor, State]:
        """x (B, T, D), mask (B, T) -> outputs (B, T, H) and the state after the last step.

        T may be 0. Raises ValueError where x has not three axes, `mask` is not (B, T) of True and False, or
        the state has other shapes than those that the cell returns, in every step; TypeError for a state that
        is none, given or returned by the cell, for one Tensor in place of a tuple or the reverse, for one of
        whole numbers, or of float64 where the cell, its initial state and x are float32, and for one that is
        of another dtype than the step before.
        """
        x = tensor("Recurrent", "x", x)
        if x.ndim != 3:
            raise ValueError(f"Recurrent: x must be (B, T, D), got {x.shape}")
        batch, steps, _ = x.shape
        here = None
        if mask is not None:
            demand("Recurrent", "mask", mask, "Array")
            if (shape := np.shape(as_array(mask))) != (batch, steps):
                raise ValueError(f"Recurrent: a mask of shape {shape} does not fit x of shape {x.shape}")
            here = mask_of("Recurrent", mask, (batch, steps))
            x = where(here[:, :, None], x, 0)  # padding may hold NaN, and 0 * NaN would reach the gradients
        step: Any = self._first
        if state is None:
            state = self.cell.initial_state(batch)
        else:
            _fitting(state, batch)
            step = self._asked
        outputs: list[Any] = [None] * steps
        first: Any = None
        for t in reversed(range(steps)) if self.reverse else range(steps):
            new: Any = step(x[:, t], state)
            step, first = self.cell, new if first is None else first
            if not _equal(new, first):
                self._refuse_change(new, first, t)
            y = new[0] if isinstance(new, tuple) else new
            if here is not None:
                kept = here[:, t, None]
                y, new = where(kept, y, 0.0), _choose(kept, new, state)
            outputs[t], state = y, new
        if not steps:
            return Tensor(np.zeros((batch, 0, self.cell.hidden_size), x.dtype)), state
        return stack(outputs, axis=1), state

    def _first(self, x: Tensor, state: Any) -> Any:
        """The cell's new state after its initial one, for x (B, D). Raises as `_returned` does.

        What a cell returns is looked at in the first step: in those that follow it must be of the same kind.
        """
        return self._returned(self.cell(x, state), state, len(x))

    def _refuse_change(self, new: Any, first: Any, t: int) -> None:
        """Raise TypeError or ValueError for what the cell returned in step t, other than in the first one."""
        at = f" at t = {t}"
        self._returned(new, first, len(next(_flat(first))), at)
        kinds, were = ([(one.dtype, one.shape) for one in _flat(state)] for state in (new, first))
        told, was = (", ".join(f"{dtype} {shape}" for dtype, shape in found) for found in (kinds, were))
        kind = ValueError if [dtype for dtype, _ in kinds] == [dtype for dtype, _ in were] else TypeError
        told = f"{type(self.cell).__name__} returned {told}{at}, and {was} in its first step"
        raise kind(f"Recurrent: {told}: it must be the same in all")

    def _returned(self, new: Any, state: Any, batch: int, at: str = "") -> Any:
        """`new`, if it is what a cell may return after that state. Raises TypeError, ValueError."""
        told = f"Recurrent: {type(self.cell).__name__} returned {_form(new)}{at}"
        y = new[0] if isinstance(new, tuple) and new else new
        if not isinstance(y, Tensor) or not all(isinstance(one, Tensor) for one in _flat(new)):
            raise TypeError(f"{told}, not a Tensor, or a tuple of Tensors of which the first is its output")
        if _tuples(new) != _tuples(state):
            raise TypeError(f"{told}; it must be of the form of the state before it, {_form(state)}")
        if y.shape[:1] != (batch,):
            raise ValueError(f"{told}; its output must have a row for each of {batch} sequences")
        for a, b in zip(_flat(new), _flat(state), strict=True):
            if not _spreads(np.shape(as_array(b)), a.shape):
                raise ValueError(f"{told}; it must be of the shapes of the state before it, {_form(state)}")
        return new

    def _refuse(self, state: Any, batch: int) -> None:
        """Raise TypeError or ValueError for a given state that is of another form than the initial one."""
        own = self.cell.initial_state(batch)
        told = f"Recurrent: state is {_form(state)}; {type(self.cell).__name__} takes {_form(own)}"
        if _nested(own) != _nested(state):
            raise TypeError(told)
        if not _alike(state, own):
            raise ValueError(told)

    def _asked(self, x: Tensor, state: Any) -> Any:
        """The cell's new state after a given one, for x (B, D). Raises what `forward` says of an unfit one.

        Only where it is about to raise does it ask for the initial state: to make one may draw numbers.
        """
        try:
            new = self.cell(x, state)
        except (TypeError, ValueError, LookupError, AttributeError):
            self._refuse(state, len(x))
            raise
        if _nested(new) != _nested(state) or not _alike(state, new):
            self._refuse(state, len(x))
        self._returned(new, state, len(x))
        for a, b in zip(_flat(state), _flat(new), strict=True):
            if a.dtype.kind != b.dtype.kind or (x.dtype == "f" and a.dtype == "d" and self._single(len(x))):
                wanted = b.dtype if a.dtype.kind != b.dtype.kind else x.dtype
                remedy = f"use .astype({str(wanted)!r})"
                raise TypeError(f"Recurrent: state is of {a.dtype}; it must be of {wanted}: {remedy}")
        return new

    def _single(self, batch: int) -> bool:
        """Whether the cell, and its initial state, are of float32."""
        if not isinstance(self.cell, Module) or any(p.dtype == "d" for p in self.cell.parameters()):
            return False
        return all(one.dtype != "d" for one in _flat(self.cell.initial_state(batch)))


def _fitting(state: Any, batch: int) -> None:
    """Raise TypeError for what is no state, ValueError for one of another number of sequences than x."""
    first = next(_flat(state), state)
    if isinstance(first, type) or not hasattr(first, "dtype") or first.dtype.kind == "b":
        remedy = "a Tensor, or a tuple of Tensors; a mask goes to mask="
        raise TypeError(unfit("Recurrent", "state", state, remedy))
    if first.ndim and first.shape[0] != batch:
        raise ValueError(f"Recurrent: a state of shape {first.shape} for a batch of {batch} sequences")


def _spreads(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    """Whether an array of `shape` broadcasts to the shape `to`: an initial state may be one row for all."""
    return len(shape) <= len(to) and all(m in (1, n) for m, n in zip(shape[::-1], to[::-1], strict=False))


def _nested(state: Any) -> Any:
    """The tuples of a state, with the word for each tensor in them."""
    if isinstance(state, tuple):
        return tuple(map(_nested, state))
    return "tensor" if hasattr(state, "dtype") else given(state)


def _equal(new: Any, first: Any) -> bool:
    """Whether two states are of one form, with tensors of the same shapes and dtypes."""
    if isinstance(new, Tensor):
        a, b = new._data, getattr(first, "_data", None)
        return b is not None and a.shape == b.shape and a.dtype == b.dtype
    if not isinstance(new, tuple) or not isinstance(first, tuple) or len(new) != len(first):
        return False
    return all(map(_equal, new, first))


def _tuples(state: Any) -> Any:
    """The tuples of a state, whatever is in them: an initial one may be a number, for all entries."""
    return tuple(map(_tuples, state)) if isinstance(state, tuple) else None


def _alike(state: Any, other: Any) -> bool:
    """Whether two states of one form have the same shapes; () fits all."""
    return all(a.shape in (b.shape, ()) for a, b in zip(_flat(state), _flat(other), strict=True))


def _flat(state: Any) -> Iterator[Any]:
    """Each tensor (B, H) of a state."""
    if isinstance(state, tuple):
        for one in state:
            yield from _flat(one)
    else:
        yield state


def _form(state: Any) -> str:
    """A state in words, by its shapes."""
    if not isinstance(state, tuple):
        return given(state)
    return f"a tuple of {len(state)}: ({', '.join(map(_form, state))})"


def _choose(here: Any, new: Any, old: Any) -> Any:
    """The new state where `here` (B, 1) is True, the old one elsewhere."""
    if isinstance(new, tuple):
        return tuple(_choose(here, n, o) for n, o in zip(new, old, strict=True))
    return where(here, new, old)


class Stacked(Module):
    """Recurrent layers one above the other: each layer's outputs are the next one's x.

    layers: `Recurrent`, or anything called as (x, state, mask) that returns (outputs, final state).
    The state of all is the tuple of the layers' states. Raises ValueError where there is no layer, TypeError
    where one cannot be called.
    """

    def __init__(self, *layers: Layer) -> None:
        if not layers:
            raise ValueError("Stacked: needs at least one layer")
        for i, layer in enumerate(layers):
            if not callable(layer):
                remedy = "what runs over time, such as Recurrent(cell), given one by one"
                raise TypeError(unfit("Stacked", f"layer {i}", layer, remedy))
        self.layers = layers

    def forward(
        self,
        x: Tensor | npt.ArrayLike,
        state: tuple[Any, ...] | None = None,
        mask: Tensor | npt.ArrayLike | None = None,
    ) -> tuple[Tensor, tuple[Any, ...]]:
        """x (B, T, D), mask (B, T) -> the last layer's outputs (B, T, H), and the final states, one a layer.

        Every layer is given the mask. Raises ValueError where `state` has not one entry a layer, TypeError
        where it is no tuple.
        """
        if state is None:
            state = (None,) * len(self.layers)
        if not isinstance(state, (tuple, list)):
            raise TypeError(unfit("Stacked", "state", state, "a tuple with the state of each layer"))
        if len(state) != len(self.layers):
            raise ValueError(f"Stacked: {len(state)} states for {len(self.layers)} layers")
        final = []
        outputs: Any = x
        for layer, start in zip(self.layers, state, strict=True):
            outputs, end = layer(outputs, start, mask)
            final.append(end)
        return outputs, tuple(final)
