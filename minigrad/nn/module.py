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
    NumPy arrays of numbers, found in the same places, are buffers, such as a running mean: no optimiser
    moves them, but `state_dict` has them.
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

    def named_buffers(self) -> Iterator[tuple[str, npt.NDArray[Any]]]:
        """Each buffer, an array of any shape, with its name; a shared one once, under its first name."""
        for name, _, _, array in self._buffers():
            yield name, array

    def _buffers(self) -> Iterator[tuple[str, Any, Any, npt.NDArray[Any]]]:
        """(name, what holds it, under which key, array) of each buffer."""
        seen = set()
        for name, holder, key, array in _places(vars(self), "", np.ndarray):
            if id(array) not in seen and array.dtype.kind in "biufc":
                seen.add(id(array))
                yield name, holder, key, array

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
        """For each parameter, then each buffer, by name, a copy of its array in its own shape."""
        parameters = {name: p.data.copy() for name, p in self.named_parameters()}
        return parameters | {name: array.copy() for name, array in self.named_buffers()}

    def load_state_dict(self, saved: Mapping[str, npt.ArrayLike]) -> None:
        """Copy the arrays of `saved` into the parameters and buffers of the same names.

        Each keeps its dtype, a parameter its shape too; for a buffer of another shape, or one that cannot be
        written into, a copy takes its place. Raises ValueError, which names every missing, unexpected or
        misshapen entry; then nothing has been copied.
        """
        mine = dict(self.named_parameters())
        buffers = {name: (holder, key, array) for name, holder, key, array in self._buffers()}
        arrays = {name: np.asarray(value) for name, value in saved.items()}
        wrong = [f"missing {name!r}" for name in (*mine, *buffers) if name not in arrays]
        wrong += [f"unexpected {name!r}" for name in arrays if name not in mine and name not in buffers]
        shapes = {name: p.shape for name, p in mine.items()}
        shapes |= {name: array.shape for name, (at, _, array) in buffers.items() if isinstance(at, tuple)}
        wrong += [
            f"{name!r} has shape {arrays[name].shape}, not {shape}"
            for name, shape in shapes.items()
            if name in arrays and arrays[name].shape != shape
        ]
        if wrong:
            raise ValueError(f"load_state_dict of {type(self).__name__}: {'; '.join(wrong)}")
        for name, p in mine.items():
            p.data[...] = arrays[name]
            p.data = p.data  # tells the tape: backward now refuses results computed with the old values
        for name, (holder, key, array) in buffers.items():
            if array.shape == arrays[name].shape and (array.flags.writeable or isinstance(holder, tuple)):
                array[...] = arrays[name]  # in place: others may hold it too
            else:
                holder[key] = arrays[name].astype(array.dtype)


def _found(value: Any, prefix: str, kind: type) -> Iterator[tuple[str, Any]]:
    """(dotted name, object) for every object of type `kind` in attributes, containers and modules."""
    for name, _, _, found in _places(value, prefix, kind):
        yield name, found


def _places(value: Any, prefix: str, kind: type) -> Iterator[tuple[str, Any, Any, Any]]:
    """(dotted name, what holds it, under which key, object) for every object that `_found` finds."""
    if isinstance(value, dict):
        items: Any = value.items()
    elif isinstance(value, (list, tuple)):
        items = enumerate(value)
    else:
        return
    for key, inner in items:
        name = f"{prefix}{key}"
        if isinstance(inner, kind):
            yield name, value, key, inner
        within = vars(inner) if isinstance(inner, Module) else inner
        yield from _places(within, name + ".", kind)
