"""The base of the optimisers: a state for each parameter, and the step that moves them all."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, TypedDict

import numpy as np

from minigrad import fast
from minigrad.arguments import count, given, number, unfit
from minigrad.optim.groups import Group, groups_of
from minigrad.tape import Array
from minigrad.tensor import Tensor


class OptimizerState(TypedDict):
    """What `state_dict` returns: each group's lr; how often each parameter moved, its shape and its slots."""

    lr: list[float]
    steps: int
    counts: list[int]
    shapes: list[tuple[int, ...]]
    state: list[dict[str, Array]]


class _Arena:
    """Parameters of one group and dtype. For each slot, their arrays lie one after the other in a flat array.

    When all of them have a gradient, and have moved equally often, one operation on the flat arrays moves
    them all, which for small parameters takes a third of the time.
    """

    def __init__(self, group: Group, parameters: Sequence[Tensor], slots: Iterable[str]) -> None:
        self.group, self.parameters = group, parameters
        self.counts = [0] * len(parameters)  # how often each of them moved
        ends = list(accumulate(p.size for p in parameters))
        # Each parameter with its part of a flat array, and its shape.
        self.places = [
            (p, slice(end - p.size, end), p.shape) for p, end in zip(parameters, ends, strict=True)
        ]
        first = parameters[0].data
        self.dtype = first.dtype
        self.flat = {name: np.zeros(ends[-1], self.dtype, like=first) for name in slots}

    def refuse_other_shapes(self) -> None:
        """Raise ValueError where a parameter has got another shape: it would take another one's part."""
        for p, _, shape in self.places:
            if p._data.shape != shape:
                raise ValueError(
                    f"a parameter of shape {shape} now has shape {p.shape}: make the optimiser anew"
                )

    def views(self) -> Iterator[tuple[Tensor, dict[str, Array]]]:
        """Each parameter with its part of every slot, in its shape."""
        for p, cut, shape in self.places:
            yield p, {name: flat[cut].reshape(shape) for name, flat in self.flat.items()}

    def joined(self, arrays: Iterable[Array]) -> Array:
        """All entries of the arrays, one array after the other, as one flat array of the slots' dtype."""
        parts = [a.reshape(-1) for a in arrays]
        whole = np.concatenate(parts) if len(parts) > 1 else parts[0]
        return whole if whole.dtype is self.dtype else whole.astype(self.dtype)


def _shared(name: str) -> Any:
    """A property: a number that all groups share; assigning gives it to all of them."""

    def read(self: Optimizer) -> float:
        found = {getattr(group, name) for group in self.groups}
        if len(found) > 1:
            raise ValueError(f"{type(self).__name__}: the groups differ in {name}: read groups[i].{name}")
        (value,) = found
        return float(value)

    def assign(self: Optimizer, value: float) -> None:
        value = number(type(self).__name__, name, value, 0)
        for group in self.groups:
            setattr(group, name, value)

    doc = f"The {name} of all groups; assigning sets it in each. Raises ValueError where they differ."
    return property(read, assign, doc=doc)


def _refuse_slots(where: str, i: int, slots: Mapping[str, Array], others: Any) -> None:
    """Raise ValueError or TypeError unless `others` are arrays that fit into the slots of parameter i."""
    if not isinstance(others, Mapping) or set(slots) != set(others):
        held = sorted(others) if isinstance(others, Mapping) else f"{given(others)} for parameter {i}"
        raise ValueError(f"{where} state holds {held}, not {sorted(slots)}: another optimiser")
    for name, mine in slots.items():
        theirs = others[name]
        slot = f"{name!r} of parameter {i}"
        if not hasattr(theirs, "dtype") or not np.can_cast(theirs.dtype, mine.dtype, "same_kind"):
            raise TypeError(unfit(where, slot, theirs, f"an array of {mine.dtype}"))
        if theirs.shape != mine.shape:
            raise ValueError(f"{where} {slot} has shape {theirs.shape}, not {mine.shape}")


class Optimizer:
    """Base of the optimisers: it has parameters, a learning rate, and a state for each parameter.

    parameters: Tensors of any shape; one that comes twice moves once, a frozen Parameter stays. Or
    groups of them: dicts such as {"params": [...], "lr": 0.1}, with a "weight_decay" of their own if wanted.
    lr, weight_decay: may be assigned at any time, for all groups here or for one in `groups`.
    weight_decay: weight_decay * data is added to the gradient; in a class that is `decoupled`,
    lr * weight_decay * data is subtracted from the parameter instead.
    slots: names of the arrays that the class keeps for each parameter, in its shape, zero at first.

    Raises TypeError where `parameters` is no list of Tensors and where a number is none, ValueError where
    the list is empty, where one has requires_grad=False or is the result of an op, where a group has other
    keys or a parameter is in two, and where lr or weight_decay is negative or not finite.
    """

    slots: tuple[str, ...] = ()
    decoupled = False
    lr = _shared("lr")
    weight_decay = _shared("weight_decay")

    def __init__(
        self, parameters: Iterable[Tensor] | Iterable[Mapping[str, Any]], lr: float, weight_decay: float = 0.0
    ) -> None:
        name = type(self).__name__
        if callable(lr) or hasattr(lr, "factor"):
            raise TypeError(
                unfit(name, "lr", lr, "a number; Schedule(optimizer, factor) changes it over time")
            )
        self.groups, self.steps = groups_of(name, parameters, lr, weight_decay), 0
        self.parameters = [p for group in self.groups for p in group.parameters]
        self._arenas = []
        for group in self.groups:
            alike: dict[Any, list[Tensor]] = {}
            for p in group.parameters:
                alike.setdefault((type(p.data), p.dtype), []).append(p)
            self._arenas += [_Arena(group, some, self.slots) for some in alike.values()]

    @property
    def state(self) -> list[dict[str, Array]]:
        """For each parameter the arrays of its slots, in its own shape; writing into one changes it."""
        found = {id(p): state for arena in self._arenas for p, state in arena.views()}
        return [found[id(p)] for p in self.parameters]

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to None."""
        for p in self.parameters:
            if p.node:  # else it is frozen
                p.node.grad = None

    def step(self) -> None:
        """Move every parameter that has a gradient; the others, and their state, stay as they are.

        Raises ValueError, and moves none, where one has another shape than when the optimiser was made.
        """
        for arena in self._arenas:
            arena.refuse_other_shapes()
        self.steps += 1
        for arena in self._arenas:
            group, gradients = arena.group, [p.node and p.node.grad for p in arena.parameters]
            moved = [g is not None for g in gradients]
            arena.counts = list(map(operator.add, arena.counts, moved))
            n = arena.counts[0]
            if all(moved) and arena.counts.count(n) == len(moved):
                data = arena.joined([p.data for p in arena.parameters]) if group.weight_decay else None
                change = self._decayed(group, data, arena.joined(gradients), arena.flat, n)
                for p, cut, shape in arena.places:
                    fast.subtract(p, change[cut].reshape(shape))
            else:
                for (p, state), g, n in zip(arena.views(), gradients, arena.counts, strict=True):
                    if g is not None:
                        g = g.astype(arena.dtype, copy=False)
                        fast.subtract(p, self._decayed(group, p.data, g, state, n))

    def _decayed(self, group: Group, data: Array, g: Array, state: dict[str, Array], n: int) -> Array:
        """What to subtract from a parameter, weight decay included; updates `state` in place."""
        if not group.weight_decay:
            return self._change(g, state, n, group.lr)
        if self.decoupled:
            return self._change(g, state, n, group.lr) + group.lr * group.weight_decay * data
        return self._change(g + group.weight_decay * data, state, n, group.lr)

    def _change(self, g: Array, state: dict[str, Array], n: int, lr: float) -> Array:
        """What to subtract from a parameter for its gradient in its step n; updates `state` in place."""
        raise NotImplementedError

    def state_dict(self) -> OptimizerState:
        """Copies of each group's lr, the numbers of steps, and each parameter's slots, in its own shape.

        With the parameters and the constructor's other arguments, the next step depends on nothing else.
        """
        counts = {id(p): n for a in self._arenas for p, n in zip(a.parameters, a.counts, strict=True)}
        return {
            "lr": [group.lr for group in self.groups],
            "steps": self.steps,
            "counts": [counts[id(p)] for p in self.parameters],
            "shapes": [p.shape for p in self.parameters],
            "state": [{name: array.copy() for name, array in state.items()} for state in self.state],
        }

    def load_state_dict(self, saved: OptimizerState) -> None:
        """Go on where `saved`, from `state_dict`, was taken.

        Raises ValueError where it is no such state, or one of another number of parameters or groups, of
        other shapes, or of an optimiser with other slots, and for a number below 0; TypeError for what is no
        number, and no array of them; then nothing has been changed.
        """
        name = type(self).__name__
        if not isinstance(saved, Mapping) or set(saved) != set(OptimizerState.__annotations__):
            raise ValueError(f"{name}: this is no state of an optimiser: pass its state_dict()")
        wanted: list[tuple[str, Any, str, int]] = [("lr", saved["lr"], "groups", len(self.groups))]
        for key, each in (
            ("counts", saved["counts"]),
            ("shapes", saved["shapes"]),
            ("state", saved["state"]),
        ):
            wanted.append((key, each, "parameters", len(self.parameters)))
        for key, theirs, what, mine in wanted:
            if not isinstance(theirs, (list, tuple)):
                raise ValueError(unfit(name, f"saved {key}", theirs, f"a list, one entry for each of {what}"))
            if len(theirs) != mine:
                raise ValueError(f"{name}: saved state is of {len(theirs)} {what}, not {mine}")
        state = self.state
        for i, (p, shape, slots, others) in enumerate(
            zip(self.parameters, saved["shapes"], state, saved["state"], strict=True)
        ):
            _refuse_slots(f"{name}: saved", i, slots, others)
            if shape not in (p.shape, list(p.shape)):
                raise ValueError(f"{name}: saved parameter {i} has shape {shape}, not {p.shape}")
        rates = [number(g.where, "saved lr", lr, 0) for g, lr in zip(self.groups, saved["lr"], strict=True)]
        moved = [count(name, "each of saved counts", n, 0) for n in saved["counts"]]
        self.steps = count(name, "saved steps", saved["steps"], 0)
        for slots, others in zip(state, saved["state"], strict=True):
            for slot in slots:
                slots[slot][...] = others[slot]
        counts = {id(p): n for p, n in zip(self.parameters, moved, strict=True)}
        for arena in self._arenas:
            arena.counts = [counts[id(p)] for p in arena.parameters]
        for group, lr in zip(self.groups, rates, strict=True):
            group.lr = lr

    def __repr__(self) -> str:
        own = [name for name in inspect.signature(type(self)).parameters if name in vars(self)]
        options = ", ".join(f"{name}={getattr(self, name)!r}" for name in own if name != "parameters")
        lines = [
            f"\n  lr={group.lr:.6g}, weight_decay={group.weight_decay:.6g}: "
            f"{len(group.parameters)} parameters of {sum(p.size for p in group.parameters)} numbers"
            for group in self.groups
        ]
        return f"{type(self).__name__}({options}{''.join(lines)}\n)"
