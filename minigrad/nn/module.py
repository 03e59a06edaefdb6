"""Module and Parameter: named parameters in nested objects, saved, restored, and set to train."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from minigrad.tape import Array
from minigrad.tensor import Tensor


class Parameter(Tensor):
    """A leaf that a Module owns and an optimiser moves. Copies `data`, which must be floating point."""

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True) -> None:
        super().__init__(data, requires_grad)


class Module:
    """Base of everything with parameters.

    Parameters and modules are found in the attributes, also within lists, tuples and dicts; nothing
    is registered, and `super().__init__()` need not be called. A subclass defines `forward`, which
    calling the module runs, or `__call__` itself.
    """

    training = True

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        return self.forward(*args, **keywords)

    def forward(self, *args: Any, **keywords: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} defines no forward")

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """(name, parameter), such as ("layers.0.W", ...); a shared one once, under its first name."""
        seen = set()
        for name, p in _found(vars(self), "", Parameter):
            if id(p) not in seen:
                seen.add(id(p))
                yield name, p

    def parameters(self) -> list[Parameter]:
        return [p for _, p in self.named_parameters()]

    def modules(self) -> Iterator[Module]:
        """This module and all modules within it."""
        yield self
        for _, m in _found(vars(self), "", Module):
            yield m

    def num_parameters(self) -> int:
        """Number of entries of all parameters together."""
        return sum(p.size for p in self.parameters())

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for p in self.parameters():
            p.zero_grad()

    def train(self, training: bool = True) -> Module:
        """Set `training` here and in all modules within; returns the module."""
        for m in self.modules():
            m.training = training
        return self

    def eval(self) -> Module:
        """`train(False)`"""
        return self.train(False)

    def state_dict(self) -> dict[str, Array]:
        """A copy of every parameter's array by name."""
        return {name: p.data.copy() for name, p in self.named_parameters()}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Write `saved` into the parameters, in their own dtype.

        Raises ValueError that names every missing, unexpected or misshapen entry; then nothing was written.
        """
        mine = dict(self.named_parameters())
        arrays = {name: np.asarray(value) for name, value in saved.items()}
        wrong = [f"missing {name!r}" for name in mine if name not in arrays]
        wrong += [f"unexpected {name!r}" for name in arrays if name not in mine]
        wrong += [
            f"{name!r} has shape {arrays[name].shape}, not {p.shape}"
            for name, p in mine.items()
            if name in arrays and arrays[name].shape != p.shape
        ]
        if wrong:
            raise ValueError(f"load_state_dict of {type(self).__name__}: {'; '.join(wrong)}")
        for name, p in mine.items():
            p.data[...] = arrays[name]
            p.data = p.data  # a tape made before this is no longer valid


def _found(value: Any, prefix: str, kind: type) -> Iterator[tuple[str, Any]]:
    """(dotted name, object) of every `kind` within attributes, containers and modules."""
    if isinstance(value, dict):
        items: Any = value.items()
    elif isinstance(value, (list, tuple)):
        items = enumerate(value)
    else:
        return
    for key, inner in items:
        name = f"{prefix}{key}"
        if isinstance(inner, kind):
            yield name, inner
        if isinstance(inner, Module):
            yield from _found(vars(inner), name + ".", kind)
        else:
            yield from _found(inner, name + ".", kind)
