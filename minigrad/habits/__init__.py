"""What is said to somebody who writes what PyTorch or NumPy would understand, and minigrad does not.

Each table, a file of its own, has for a name of theirs what to write here: of a tensor's attributes, and of
what the package, nn, functional, optim, data and train lack.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from opcode import opmap
from types import ModuleType
from typing import Any, NoReturn

import numpy as np

from minigrad.habits.data import DATA
from minigrad.habits.functional import FUNCTIONAL
from minigrad.habits.nn import INIT, MODULE, MODULES
from minigrad.habits.optim import OPTIM
from minigrad.habits.package import PACKAGE
from minigrad.habits.table import WITHOUT
from minigrad.habits.tensor import TENSOR
from minigrad.habits.train import TRAIN

# The table of each namespace, in the order in which the others are searched for a name that one lacks.
TABLES = {
    "minigrad": PACKAGE,
    "minigrad.functional": FUNCTIONAL,
    "minigrad.nn": MODULES,
    "minigrad.nn.init": INIT,
    "minigrad.optim": OPTIM,
    "minigrad.data": DATA,
    "minigrad.train": TRAIN,
}


def unknown(said: str, name: str, use: str | None) -> AttributeError:
    """The error for an attribute that is not there; `said` is how Python's own message begins."""
    return AttributeError(f"{said} has no attribute {name!r}" + (f": use {use}" if use else ""))


def missing(module: str, name: str) -> Exception:
    """The error for a name that the module of this name lacks, with what to write in its place.

    An AttributeError, but for `from minigrad import mse`, where Python would not tell it: an ImportError.
    It is called by a module's `__getattr__`.
    """
    use = None if name.startswith("_") else TABLES[module].get(name) or _elsewhere(module, name)
    frame = sys._getframe(2)
    if use and frame.f_code.co_code[frame.f_lasti] == opmap["IMPORT_FROM"]:
        return ImportError(f"cannot import name {name!r} from {module!r}: use {use}", name=module)
    return unknown(f"module {module!r}", name, use)


def here(name: str, top: bool) -> str | None:
    """What to write for NumPy's function of this name, or None. top: whether it is no module's in NumPy."""
    if name in _public("minigrad"):
        return f"minigrad.{name}"
    return PACKAGE.get(name) or _elsewhere("minigrad", name) if top else None


def lacks(module: str) -> Callable[[str], NoReturn]:
    """The `__getattr__` of a module that has nothing else to look up."""

    def __getattr__(name: str) -> NoReturn:
        raise missing(module, name)

    return __getattr__


def _elsewhere(module: str, name: str) -> str | None:
    """What to write for a name that another part of minigrad has, or has a remedy for, or NumPy has."""
    for other in TABLES:
        if other != module and name in _public(other):
            return f"{other}.{name}"
    tensor: Any = sys.modules["minigrad.tensor"]
    if (found := getattr(tensor.Tensor, name, None)) is not None:
        return f"x.{name}(...) of a tensor x" if callable(found) else f"x.{name} of a tensor x"
    for table in (*TABLES.values(), TENSOR):
        if name in table:
            return table[name]
    theirs = vars(np).get(name)
    if theirs is None:
        return None
    return WITHOUT.format(name=name) if callable(theirs) and not isinstance(theirs, type) else f"np.{name}"


def _public(module: str) -> set[str]:
    """What a module, if anybody has imported it, is there for."""
    names = vars(sys.modules.get(module, ModuleType(module)))
    if "__all__" in names:
        return set(names["__all__"])
    return {
        name
        for name, thing in names.items()
        if not name.startswith("_") and str(getattr(thing, "__module__", "")).startswith(module)
    }


def unasked(function: str, name: str, remedies: Mapping[str, str]) -> TypeError:
    """The error for an argument of this name, which the function has not."""
    if name not in remedies:
        return TypeError(f"{function}() got an unexpected keyword argument {name!r}")
    return TypeError(f"{function} has no argument {name!r}: use {remedies[name]}")


class Uncalled(ModuleType):
    """The module `minigrad.tensor`, where PyTorch has a function of that name."""

    def __call__(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("minigrad.tensor is a module, and is not called: use Tensor(array)")


class Elsewhere:
    """An attribute of other libraries' tensors or modules: looking it up says what it is called here."""

    def __init__(self, name: str, use: str) -> None:
        self.name, self.use = name, use

    def __get__(self, instance: Any, owner: type) -> NoReturn:
        raise unknown(f"{owner.__name__!r} object", self.name, self.use)


class Expected:
    """What a tensor has of TENSOR: the names, each a miss that tells the remedy.

    `__getattr__` would say it in one line, and cost every op 3 %: in CPython 3.11, a class that has one loses
    the quick way to its slots.
    """

    __slots__ = ()

    def __dir__(self) -> list[str]:
        return sorted(set(super().__dir__()) - TENSOR.keys())


class ExpectedOfModule:
    """The same of a module, of MODULE: what its class, or its instance, has by that name goes first."""

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__()} - {name for name in MODULE if not hasattr(self, name)})


for _owner, _table in ((Expected, TENSOR), (ExpectedOfModule, MODULE)):
    for _name, _use in _table.items():
        setattr(_owner, _name, Elsewhere(_name, _use))
