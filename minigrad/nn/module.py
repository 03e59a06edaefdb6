"""Module and Parameter: named parameters in nested objects, saved, restored, and set to train."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ParamSpec, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt

from minigrad.tape import Array
from minigrad.tensor import Tensor


class Parameter(Tensor):
    """A leaf that a Module owns and an optimiser moves; it copies `data`, an array of any shape.

    Raises TypeError where the dtype is not floating point, unless `requires_grad` is False.
    """

    __slots__ = ()

    def __init__(self, data: Tensor | npt.ArrayLike, requires_grad: bool = True) -> None:
        super().__init__(data, requires_grad)


_Given = ParamSpec("_Given")
_Result_co = TypeVar("_Result_co", covariant=True)


class _Forward(Protocol[_Given, _Result_co]):
    """What has a `forward`: through it a type checker knows what calling a module takes and returns."""

    def forward(self, *args: _Given.args, **keywords: _Given.kwargs) -> _Result_co: ...


class Module:
    """Base of everything with parameters.

    Parameters and modules are found in the attributes, also within lists, tuples and dicts; nothing
    is registered, and `super().__init__()` need not be called. A subclass defines `forward`, which
    calling the module runs, or `__call__` itself.
    training: True at first and after `train()`, False after `eval()`; dropout, for one, looks at it.
    """

    training = True

    def __call__(
        self: _Forward[_Given, _Result_co], *args: _Given.args, **keywords: _Given.kwargs
    ) -> _Result_co:
        """Run `forward` with the same arguments, and return its result."""
        return self.forward(*args, **keywords)

    def forward(self, *args: Any, **keywords: Any) -> Any:
        """What calling the module does. A subclass defines it; until then it raises NotImplementedError."""
        raise NotImplementedError(f"{type(self).__name__} defines no forward")

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Each parameter with its name, such as "layers.0.W"; a shared one once, under its first name."""
        seen = set()
        for name, p in _found(vars(self), "", Parameter):
            if id(p) not in seen:
                seen.add(id(p))
                yield name, p

    def parameters(self) -> list[Parameter]:
        """The parameters of `named_parameters`, in the same order."""
        return [p for _, p in self.named_parameters()]

    def modules(self) -> Iterator[Module]:
        """This module, then all modules within it, each as often as it occurs."""
        yield self
        for _, m in _found(vars(self), "", Module):
            yield m

    def num_parameters(self) -> int:
        """Number of entries of all parameters together."""
        return sum(p.size for p in self.parameters())

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to None."""
        for p in self.parameters():
            p.zero_grad()

    def train(self, training: bool = True) -> Self:
        """Set `training` in this module and in all modules within it; returns this module."""
        for m in self.modules():
            m.training = training
        return self

    def eval(self) -> Self:
        """The same as `train(False)`; returns this module."""
        return self.train(False)

    def state_dict(self) -> dict[str, Array]:
        """For each parameter, by name, a copy of its array in its own shape."""
        return {name: p.data.copy() for name, p in self.named_parameters()}

    def load_state_dict(self, saved: Mapping[str, npt.ArrayLike]) -> None:
        """Copy the arrays of `saved` into the parameters of the same names: each of its own shape.

        Each parameter keeps its dtype. Raises ValueError, which names every missing, unexpected or
        misshapen entry; then nothing has been copied.
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
            p.data = p.data  # tells the tape: backward now refuses results computed with the old values


def _found(value: Any, prefix: str, kind: type) -> Iterator[tuple[str, Any]]:
    """(dotted name, object) for every object of type `kind` in attributes, containers and modules."""
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
