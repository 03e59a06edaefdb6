"""What a value leads to that draws or counts: through containers, objects, and what functions refer to."""

from __future__ import annotations

import dis
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from types import BuiltinMethodType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from minigrad.tensor import Tensor

DRAWS = (np.random.Generator, np.random.RandomState, random.Random)
_FUNCTIONS = (FunctionType, MethodType, BuiltinMethodType, partial)
PLAIN = (Tensor, np.ndarray, np.generic, np.dtype, np.ufunc, type, ModuleType, *_FUNCTIONS, *DRAWS)
_LIBRARIES = (sys.stdlib_module_names | {"numpy", "minigrad"}) - {"test", "code"}  # these may be a user's


@dataclass(frozen=True)
class Rebound:
    """A variable outside of a function that the function assigns to, as `nonlocal` and `global` let it."""

    name: str


def inner_of(value: Any) -> Any:
    """The dict, list or tuple in which a value of any shape holds others, or None for one that holds none."""
    if isinstance(value, (dict, list, tuple)):
        return value
    return None if isinstance(value, PLAIN) else getattr(value, "__dict__", None)


def items(inner: Any) -> list[tuple[Any, Any]]:
    """(key, value) of each value in a dict, list or tuple."""
    return list(inner.items() if isinstance(inner, dict) else enumerate(inner))


def reached(value: Any) -> Iterator[tuple[str, Any]]:
    """(name, what draws or counts) for all that a value leads to: generators, iterators, `Rebound`."""
    todo, seen = [value], {id(value): value}  # holding a value keeps its id from being reused
    while todo:
        for name, one in _within(todo.pop()):
            if isinstance(one, (*DRAWS, Rebound)) or (hasattr(one, "__next__") and not isinstance(one, type)):
                yield str(name), one
            elif id(one) not in seen:
                seen[id(one)] = one
                todo.append(one)


def draws_of_class(value: Any) -> Iterator[tuple[str, Any]]:
    """(name, value) of the functions, and of what draws or counts, among the attributes of a value's class.

    Not of `__init__`: what it drew is in the parameters.
    """
    for kind in type(value).__mro__:
        if _of_a_library(kind):
            continue
        for name, one in vars(kind).items():
            if name.startswith("__") and name != "__call__":
                continue
            one = getattr(one, "__func__", getattr(one, "fget", one))  # of a static method, of a property
            if isinstance(one, (*_FUNCTIONS, *DRAWS)):
                yield name, one
            elif isinstance(one, (dict, list, tuple)):
                yield from ((f"{name}.{key}", inner) for key, inner in reached(one))


def _of_a_library(defined: Any) -> bool:
    """Whether a function or class is none of the user's: what it refers to has no state of a model."""
    return (defined.__module__ or "").partition(".")[0] in _LIBRARIES


def _within(value: Any) -> list[tuple[Any, Any]]:
    """(name, value) of what a value holds or refers to."""
    if isinstance(value, FunctionType):
        return _of_function(value)
    if isinstance(value, partial):
        return [("func", value.func), *items(value.args), *items(value.keywords)]
    if isinstance(value, (MethodType, BuiltinMethodType)):
        return [("self", value.__self__), ("", getattr(value, "__func__", None))]
    if isinstance(value, PLAIN):
        return []
    slots = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
    held = [(name, getattr(value, name, None)) for name in slots if name != "__dict__"]
    return held + items(inner_of(value) or ())


def _of_function(function: FunctionType) -> list[tuple[Any, Any]]:
    """What a function closes over, takes by default, names among its globals, and assigns to outside."""
    if _of_a_library(function):
        return []
    closed = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            closed[name] = cell.cell_contents
        except ValueError:  # not assigned yet
            continue
    found = [*closed.items(), *items(function.__defaults__ or ()), *items(function.__kwdefaults__ or {})]
    return found + list(_named(function.__code__, function.__globals__ | closed, set(closed)))


def _named(code: CodeType, names: dict[str, Any], closed: set[str]) -> Iterator[tuple[str, Any]]:
    """(dotted name, value) of what code names, through modules: of `np.random.rand` that function."""
    steps = list(dis.get_instructions(code))
    for place, step in enumerate(steps):
        if step.opname == "STORE_GLOBAL" or (step.opname == "STORE_DEREF" and step.argval in closed):
            yield f"{step.argval}", Rebound(step.argval)
        elif step.opname in ("LOAD_GLOBAL", "LOAD_DEREF") and step.argval in names:
            name, value = step.argval, names[step.argval]
            for after in steps[place + 1 :]:
                if not isinstance(value, ModuleType) or after.opname not in ("LOAD_ATTR", "LOAD_METHOD"):
                    break
                name, value = f"{name}.{after.argval}", getattr(value, after.argval, None)
            yield name, value
    for inner in code.co_consts:
        if isinstance(inner, CodeType):  # a lambda or a loop in brackets
            yield from _named(inner, names, closed)
