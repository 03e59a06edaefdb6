"""Module and Parameter: named parameters in nested objects, saved, restored, shown, and set to train."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any, ParamSpec, Protocol, Self, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from minigrad.arguments import unfit
from minigrad.contract.told import with_habits
from minigrad.habits import ExpectedOfModule
from minigrad.tape import Array, as_array
from minigrad.tensor import Tensor


class Parameter(Tensor):
    """A leaf that a Module owns and an optimiser moves; it copies `data`, an array of any shape.

    With `requires_grad=False` it is frozen: saved and restored like the others, and never moved.
    Raises TypeError where the dtype is not floating point, unless it is frozen.
    """

    __slots__ = ()

    @with_habits
    def __init__(self, data: Tensor | npt.ArrayLike, requires_grad: bool = True) -> None:
        super().__init__(data if requires_grad else as_array(data).copy(), requires_grad)


_Given = ParamSpec("_Given")
_Result_co = TypeVar("_Result_co", covariant=True)


class _Forward(Protocol[_Given, _Result_co]):
    """What has a `forward`: through it a type checker knows what calling a module takes and returns."""

    def forward(self, *args: _Given.args, **keywords: _Given.kwargs) -> _Result_co: ...


class Module(ExpectedOfModule):
    """Base of everything with parameters.

    Parameters and modules are found in the attributes, also within lists, tuples and dicts; nothing
    is registered, and `super().__init__()` need not be called. A subclass defines `forward`, which
    calling the module runs, or `__call__` itself.
    NumPy arrays of numbers, found in the same places, are buffers, such as a running mean: no optimiser
    moves them, but `state_dict` has them.
    training: True at first and after `train()`, False after `eval()`; dropout, for one, looks at it.
    """

    training = True

    def __init_subclass__(cls, **keywords: Any) -> None:
        """Raises TypeError for a class with `__slots__`: what lies in one is found by nobody here."""
        super().__init_subclass__(**keywords)
        slots = [name for base in cls.__mro__ for name in vars(base).get("__slots__", ())]
        if {*slots} - {"__dict__", "__weakref__"}:
            told = "a module's parameters are looked for in its attributes, not in __slots__: leave them out"
            raise TypeError(f"{cls.__name__}: {told}")

    def __call__(
        self: _Forward[_Given, _Result_co], *args: _Given.args, **keywords: _Given.kwargs
    ) -> _Result_co:
        """Run `forward` with the same arguments, and return its result."""
        return self.forward(*args, **keywords)

    def forward(self, *args: Any, **keywords: Any) -> Any:
        """What calling the module does. A subclass defines it; until then it raises NotImplementedError."""
        raise NotImplementedError(f"{type(self).__name__} defines no forward")

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Each parameter with its name, such as "layers.0.W"; a shared one once, under its first name.

        Warns of a leaf that is no Parameter, and of Parameters where nobody looks for them, such as in a set,
        in an object that is no Module or among a class's attributes: they would not be trained. Raises
        ValueError where two parameters have one name, as {1: ..., "1": ...} gives them.
        """
        return iter(self._owned().items())

    def _owned(self) -> dict[str, Parameter]:
        owned: dict[str, Parameter] = {}
        seen: set[int] = set()
        strangers = _of_class("", self)
        for name, _, _, value in _places(self, "", object):
            if isinstance(value, Parameter):
                if id(value) not in seen:
                    if name in owned:
                        told = f"two parameters are named {name!r}: rename one"
                        raise ValueError(f"{type(self).__name__}: {told}")
                    seen.add(id(value))
                    owned[name] = value
            elif isinstance(value, Module):
                strangers += _of_class(f"{name}.", value)
            elif type(value) not in _PLAIN:
                strangers += [(name, leaf, remedy) for leaf, remedy in _strangers(name, value)]
        for name, leaf, remedy in strangers:
            if id(leaf) not in seen:
                told = f"{type(self).__name__}.{name} is not among the parameters, and not trained: {remedy}"
                warnings.warn(told, stacklevel=3)
        return owned

    def parameters(self) -> list[Parameter]:
        """The parameters of `named_parameters`, in the same order; it warns and raises as that does."""
        return list(self._owned().values())

    def named_buffers(self) -> Iterator[tuple[str, npt.NDArray[Any]]]:
        """Each buffer, an array of any shape, with its name; a shared one once, under its first name."""
        for name, _, _, array in self._buffers():
            yield name, array

    def _buffers(self) -> Iterator[tuple[str, Any, Any, npt.NDArray[Any]]]:
        """(name, what holds it, under which key, array) of each buffer."""
        seen = set()
        for name, holder, key, array in _places(self, "", np.ndarray):
            if id(array) not in seen and array.dtype.kind in "biufc":
                seen.add(id(array))
                yield name, holder, key, array

    def modules(self) -> Iterator[Module]:
        """This module, then all modules within it, each as often as it occurs."""
        yield from (m for _, m in _modules(self))

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
        written into, a copy takes its place. Raises TypeError for what is no mapping, ValueError, which names
        every entry that is missing, unexpected, misshapen or of a kind of number that does not fit; then
        nothing has been copied.
        """
        where = f"load_state_dict of {type(self).__name__}"
        if not isinstance(saved, Mapping):
            raise TypeError(unfit(where, "saved", saved, "a dict of arrays, as state_dict() returns it"))
        mine = dict(self.named_parameters())
        buffers = {name: (holder, key, array) for name, holder, key, array in self._buffers()}
        arrays = {name: as_array(value) for name, value in saved.items()}
        dtypes = {name: p.dtype for name, p in mine.items()}
        dtypes |= {name: array.dtype for name, (_, _, array) in buffers.items()}
        wrong = [f"missing {name!r}" for name in (*mine, *buffers) if name not in arrays]
        wrong += [f"unexpected {name!r}" for name in arrays if name not in mine and name not in buffers]
        shapes = {name: p.shape for name, p in mine.items()}
        shapes |= {name: array.shape for name, (at, _, array) in buffers.items() if isinstance(at, tuple)}
        wrong += [
            f"{name!r} has shape {arrays[name].shape}, not {shape}"
            for name, shape in shapes.items()
            if name in arrays and arrays[name].shape != shape
        ]
        wrong += [
            f"{name!r} is of {arrays[name].dtype}, not {dtype}"
            for name, dtype in dtypes.items()
            if name in arrays and not np.can_cast(arrays[name].dtype, dtype, "same_kind")
        ]
        if wrong:
            raise ValueError(f"{where}: {'; '.join(wrong)}")
        for name, p in mine.items():
            p.data[...] = arrays[name]
            p.data = p.data  # tells the tape: backward now refuses results computed with the old values
        for name, (holder, key, array) in buffers.items():
            if array.shape == arrays[name].shape and (array.flags.writeable or isinstance(holder, tuple)):
                array[...] = arrays[name]  # in place: others may hold it too
            else:
                holder[key] = arrays[name].astype(array.dtype)

    def __repr__(self) -> str:
        return _drawn(self, ())


_HOLDERS = (Module, dict, list, tuple)  # what modules and parameters are found in
_PLAIN = {type(None), bool, int, float, str, dict, list, tuple}  # what holds none, or is looked into anyway


def _items(value: Any) -> Any:
    """(key, value) of what a module's attributes or a container hold; of anything else nothing."""
    if isinstance(value, Module):
        return vars(value).items()
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, (list, tuple)) else ()


def _places(
    value: Any, prefix: str, kind: type, path: tuple[int, ...] = ()
) -> Iterator[tuple[str, Any, Any, Any]]:
    """(dotted name, what holds it, under which key, object) for every object of type `kind` within a module.

    path: the ids of what lies around; what holds itself, as a child that knows its parent, is not entered.
    """
    path = (*path, id(value))
    holder = vars(value) if isinstance(value, Module) else value
    for key, inner in _items(value):
        name = f"{prefix}{key}"
        if isinstance(inner, kind):
            yield name, holder, key, inner
        if isinstance(inner, _HOLDERS) and id(inner) not in path:
            yield from _places(inner, name + ".", kind, path)


def _strangers(name: str, value: Any) -> Iterator[tuple[Tensor, str]]:
    """(leaf, remedy) for each leaf in a value of that name in which parameters are not found."""
    if isinstance(value, Tensor):
        if value.node is not None and value.node.op is None:
            yield value, "make it a Parameter" + f", self.{name} = Parameter(...)" * name.isidentifier()
    elif isinstance(value, (set, frozenset, deque)):
        yield from ((p, "use a list") for p in value if isinstance(p, Parameter))
    elif not isinstance(value, (Module, type, ModuleType)):
        remedy = f"write class {type(value).__name__}(Module)"
        yield from ((p, remedy) for p in getattr(value, "__dict__", {}).values() if isinstance(p, Parameter))


def _modules(module: Module) -> Iterator[tuple[str, Module]]:
    """The module, then all within it, each after what its attributes' names begin with: "" or "cell."."""
    yield "", module
    yield from ((f"{name}.", m) for name, _, _, m in _places(module, "", Module))


def _of_class(prefix: str, module: Module) -> list[tuple[str, Tensor, str]]:
    """(dotted name, leaf, remedy) of each leaf that all modules of one class would share."""
    kind = type(module)
    if (names := _SHARED.get(kind)) is None:
        names = _SHARED[kind] = _shared(kind)
    held = {name: getattr(kind, name, None) for name in names if name not in vars(module)}
    remedy = "it belongs to the class: make it in __init__, as self.W = Parameter(...)"
    return [
        (name, one, remedy)
        for name, _, _, one in _places(held, prefix, Tensor)
        if isinstance(one, Parameter) or (one.node is not None and one.node.op is None)
    ]


_SHARED: WeakKeyDictionary[type, tuple[str, ...]] = WeakKeyDictionary()  # what `_shared` found of a class


def _shared(kind: type) -> tuple[str, ...]:
    """The names of a class's attributes in which there may be leaves, those of its first base first.

    A class is looked at once: it takes a third of the time of `parameters()`, and they seldom change.
    """
    return tuple(
        {
            name: None
            for base in reversed(kind.__mro__)
            if base is not Module and base is not object
            for name, value in vars(base).items()
            if isinstance(value, (Tensor, *_HOLDERS)) and not name.startswith("__")
        }
    )


def meant(module: Module) -> str:
    """What to say where a module has nothing to train: which Tensors in it are no Parameters, if any."""
    names = [
        f"{type(module).__name__}.{name}"
        for name, _, _, one in _places(module, "", Tensor)
        if not isinstance(one, Parameter) and one.dtype.kind == "f"
    ]
    are = "is a Tensor and no Parameter" if len(names) == 1 else "are Tensors and no Parameters"
    remedy = "what is to be trained is made by Parameter(...)"
    return f"{', '.join(names[:5])} {are}: {remedy}" if names else ""


def _drawn(module: Module, path: tuple[int, ...]) -> str:
    """The module's class with its sizes and settings; below it, indented, what it is made of."""
    if id(module) in path:
        return f"{type(module).__name__}(...)"
    facts, inner = [], []
    for name, value in _shown(module, "", ()):
        if isinstance(value, Module):
            inner.append(f"({name}): " + _drawn(value, (*path, id(module))).replace("\n", "\n  "))
        elif isinstance(value, (Tensor, np.ndarray)):
            frozen = isinstance(value, Parameter) and not value.requires_grad
            facts.append(f"{name}={value.shape}{' frozen' * frozen}")
        elif callable(value) and "." in name:
            inner.append(f"({name}): {getattr(value, '__name__', type(value).__name__)}")
        elif value is None or isinstance(value, (bool, int, float, str)):
            facts.append(f"{name}={value!r}")
    lines = "".join(f"\n  {line}" for line in inner)
    return f"{type(module).__name__}({', '.join(facts)}{lines}{chr(10) * bool(inner)})"


def _shown(value: Any, prefix: str, path: tuple[int, ...]) -> Iterator[tuple[str, Any]]:
    """(dotted name, value) in the attributes and containers of a module, but not within other modules."""
    for key, inner in _items(value):
        if isinstance(inner, (dict, list, tuple)) and id(inner) not in path:
            yield from _shown(inner, f"{prefix}{key}.", (*path, id(inner)))
        elif key != "training" and (not prefix or isinstance(inner, Parameter) or callable(inner)):
            yield f"{prefix}{key}", inner
