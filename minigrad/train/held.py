"""What modules hold beside parameters and buffers, to be saved with them: generators, numbers, constants."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial
from types import BuiltinMethodType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from minigrad.nn import Module
from minigrad.tensor import Tensor

Place = tuple[str, Any, Any, Any]  # dotted name, what holds the value, under which key, the value


_DRAWS = (np.random.Generator, np.random.RandomState, random.Random)
_FUNCTIONS = (FunctionType, MethodType, BuiltinMethodType, partial)
_PLAIN = (Tensor, np.ndarray, np.generic, np.dtype, np.ufunc, type, ModuleType, *_FUNCTIONS, *_DRAWS)


def generators(module: Module) -> list[np.random.Generator]:
    """Every random generator that the module can reach, each once, in the order of its attributes.

    In attributes, containers and other objects; and in what a function among them, or `forward`, closes
    over, takes by default, is bound to or names among its globals.
    """
    found = [one for _, _, _, value in _walk(module) for one in (value, *(v for _, v in _reached(value)))]
    return list({id(one): one for one in found if isinstance(one, np.random.Generator)}.values())


def values(module: Module) -> dict[str, Any]:
    """The numbers, strings, truth values, Nones and constant tensors of its attributes, by dotted name.

    A tensor is given as its array. Parameters and buffers are in `state_dict`, the mode is `train()`'s.
    Raises ValueError, with the name, for what holds a state that cannot be saved.
    """
    buffers = {id(array) for _, array in module.named_buffers()}
    kept: dict[str, Any] = {}
    for name, _, _, value in _walk(module):
        if isinstance(value, Tensor):
            if value.requires_grad and value.node.op is not None:
                raise ValueError(f"{name} is a recorded tensor and cannot be saved: keep {name}.detach()")
            if not value.requires_grad:
                kept[name] = value.data
        elif isinstance(value, np.ndarray):
            if value.dtype.kind not in "biufcUS":
                raise ValueError(f"{name} is an array of {value.dtype} and cannot be saved: use numbers")
            if id(value) not in buffers:
                kept[name] = value
        elif value is None or isinstance(value, (bool, int, float, str, np.generic)):
            if not name.endswith(".training"):
                kept[name] = value
        else:
            for inner, one in ((name, value), *_reached(value)):
                _refuse_stateful(name if one is value else f"{name} ({inner})", one)
    return kept


def restore(module: Module, saved: dict[str, Any]) -> None:
    """Give the module its `values` back. Raises ValueError where names differ; then nothing has changed."""
    places = {name: (holder, key, value) for name, holder, key, value in _walk(module)}
    mine = values(module)
    wrong = [f"missing {name!r}" for name in mine if name not in saved]
    wrong += [f"unexpected {name!r}" for name in saved if name not in mine]
    wrong += [
        f"{name!r} is in a tuple and was {value!r}"
        for name, value in saved.items()
        if name in mine and isinstance(places[name][0], tuple) and not _same(mine[name], value)
    ]
    if wrong:
        raise ValueError(f"the saved {type(module).__name__} held other attributes: {'; '.join(wrong)}")
    for name, value in saved.items():
        holder, key, present = places[name]
        if isinstance(present, Tensor):
            present.data = value
        elif not _same(mine[name], value):
            holder[key] = value


def _same(a: Any, b: Any) -> bool:
    return type(a) is type(b) and np.array_equal(a, b)


def _refuse_stateful(name: str, value: Any) -> None:
    """Raise ValueError for a value that changes with use, and whose state cannot be read or set."""
    if isinstance(value, (random.Random, np.random.RandomState)):
        remedy = "use np.random.default_rng(seed)"
    elif hasattr(value, "__next__"):
        remedy = "keep a number that says how far it is"
    elif type(value).__hash__ is None:
        remedy = "keep a list, a dict or an array"
    else:
        return
    raise ValueError(f"{name} is a {type(value).__name__}, whose state cannot be saved: {remedy}")


def _walk(module: Module) -> Iterator[Place]:
    """Every value within the module that holds no others, each place once."""
    todo: list[Place] = [(type(module).__name__, None, None, module)]
    seen: dict[int, Any] = {}  # holding a value keeps its id from being reused
    while todo:
        name, holder, key, value = todo.pop()
        inner = _inner(value)
        if inner is None:
            yield name, holder, key, value
        elif id(value) not in seen:
            seen[id(value)] = value
            items = [(f"{name}.{key}", inner, key, one) for key, one in _items(inner)]
            if isinstance(value, Module):
                items.append((f"{name}.forward", None, None, type(value).forward))
            todo += reversed(items)


def _inner(value: Any) -> Any:
    """The dict, list or tuple in which a value holds others, or None for one that holds none."""
    if isinstance(value, (dict, list, tuple)):
        return value
    return None if isinstance(value, _PLAIN) else getattr(value, "__dict__", None)


def _items(inner: Any) -> list[tuple[Any, Any]]:
    return list(inner.items() if isinstance(inner, dict) else enumerate(inner))


def _reached(value: Any, depth: int = 4) -> Iterator[tuple[str, Any]]:
    """(name, value) of what may draw or count among a function's closure, defaults, globals and self."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, FunctionType):
        names = value.__code__.co_names
        inner = [(name, value.__globals__[name]) for name in names if name in value.__globals__]
        cells = zip(value.__code__.co_freevars, value.__closure__ or (), strict=True)
        inner += [(name, cell.cell_contents) for name, cell in cells]
        inner += _items(value.__defaults__ or ()) + _items(value.__kwdefaults__ or {})
    elif isinstance(value, partial):
        inner = [("func", value.func), *_items(value.args), *_items(value.keywords)]
    elif isinstance(value, (MethodType, BuiltinMethodType)):
        inner = [("self", value.__self__)]
    elif isinstance(value, (dict, list, tuple)):
        inner = _items(value)
    for name, one in inner:
        if isinstance(one, _DRAWS) or hasattr(one, "__next__"):
            yield str(name), one
        elif depth:
            yield from _reached(one, depth - 1)
