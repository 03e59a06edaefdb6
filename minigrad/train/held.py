"""What modules hold beside parameters and buffers, to be saved with them: generators, numbers, constants."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import Enum
from itertools import zip_longest
from typing import Any

import numpy as np

from minigrad.nn import Module, Parameter
from minigrad.tape import as_array
from minigrad.tensor import Tensor
from minigrad.train.reached import PLAIN, Rebound, draws_of_class, inner_of, items, reached

_WHOLE = (
    Enum,
    set,
    frozenset,
    deque,
    bytes,
    bytearray,
    complex,
    date,
)  # which a subclass's __dict__ is beside
Place = tuple[str, Any, Any, Any]  # dotted name, what holds the value, under which key, the value


def generators(module: Module) -> list[np.random.Generator]:
    """Every random generator that the module can reach, each once, in the order of its attributes.

    In attributes, containers and other objects, also of its class; and in what a function among them, or a
    method, closes over, takes by default, is bound to or names among its globals.
    """
    found = [one for _, _, _, value in _walk(module) for one in (value, *(v for _, v in reached(value)))]
    return list({id(one): one for one in found if isinstance(one, np.random.Generator)}.values())


@dataclass(frozen=True)
class Buffer:
    """In place of a buffer's array among the values: `state_dict` has it, here is what it looks like."""

    shape: tuple[int, ...]
    dtype: str


def values(module: Module) -> dict[str, Any]:
    """What can be written of its attributes, by dotted name: numbers, strings, Nones, constant tensors.

    A list, tuple or dict of nothing else is one value. A tensor that stands alone is given as its array, a
    buffer that does as a `Buffer`. Parameters are in `state_dict`, the mode is `train()`'s.
    Raises ValueError, with the name, for what cannot be saved.
    """
    buffers = {id(array) for _, array in module.named_buffers()}
    kept: dict[str, Any] = {}
    for name, _, _, value in _walk(module):
        if isinstance(value, Tensor):
            if value.requires_grad and value.node.op is not None:
                raise ValueError(f"{name} is a recorded tensor and cannot be saved: keep {name}.detach()")
            if not isinstance(value, Parameter):
                kept[name] = value.data
        elif isinstance(value, np.ndarray):
            if value.dtype.kind not in "biufcUS":
                raise ValueError(f"{name} is an array of {value.dtype} and cannot be saved: use numbers")
            kept[name] = Buffer(value.shape, value.dtype.str) if id(value) in buffers else value
        elif _is_told(value):
            if not name.endswith(".training"):
                kept[name] = value
        else:
            refuse(name, value)
            for inner, one in reached(value):
                refuse(f"{name} ({inner})", one)
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
        if type(value) not in (list, dict) or type(value) is not type(mine[name])
    ]
    if wrong:
        raise ValueError(f"the saved {type(module).__name__} held other attributes: {'; '.join(wrong)}")
    for name, value in saved.items():
        holder, key, present = places[name]
        if isinstance(present, Tensor):
            present.data = value
        elif (new := _filled(present, value)) is not present and not _same(new, present):
            holder[key] = new


def _filled(present: Any, saved: Any) -> Any:
    """The saved value; in lists, dicts and tensors that are there already, since others may hold them too."""
    if isinstance(saved, (Buffer, np.ndarray)):  # if it is a buffer, load_state_dict fills the array
        fits = isinstance(present, np.ndarray) and present.dtype.kind != "U"
        if isinstance(saved, Buffer):
            return present if fits else np.zeros(saved.shape, saved.dtype)
        return present if fits and (present.shape, present.dtype) == (saved.shape, saved.dtype) else saved
    if isinstance(present, Tensor) and isinstance(saved, Tensor):
        present.data = saved.data
    elif isinstance(present, list) and isinstance(saved, list):
        present[:] = [_filled(*pair) for pair in zip_longest(present[: len(saved)], saved)]
    elif isinstance(present, dict) and isinstance(saved, dict):
        new = {key: _filled(present.get(key), one) for key, one in saved.items()}
        present.clear()
        present.update(new)
    else:
        return saved
    return present


def _same(a: Any, b: Any) -> bool:
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and _same([*a.values()], [*b.values()])
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(_same(x, y) for x, y in zip(a, b, strict=True))
    return a == b if isinstance(a, Buffer) else np.array_equal(as_array(a), as_array(b))


def _is_told(value: Any, path: tuple[int, ...] = ()) -> bool:
    """Whether a value can be written as it is; lists, tuples and dicts of such, but not what holds itself."""
    if value is None or type(value) in (bool, int, float, str):
        return True
    if isinstance(value, (np.generic, np.ndarray)):
        return value.dtype.kind in "biufcU"
    if isinstance(value, Tensor):
        return not value.requires_grad and not isinstance(value, Parameter)
    if type(value) not in (list, tuple, dict) or id(value) in path:
        return False
    inner: Any = [*value, *value.values()] if isinstance(value, dict) else value
    return all(_is_told(one, (*path, id(value))) for one in inner)


def refuse(name: str, value: Any) -> None:
    """Raise ValueError for a value that cannot be saved; functions and classes belong to the program."""
    if isinstance(value, (random.Random, np.random.RandomState)):
        remedy = "use np.random.default_rng(seed)"
    elif isinstance(value, Rebound):
        raise ValueError(f"{name} is assigned to by a function and cannot be saved: keep it as an attribute")
    elif hasattr(value, "__next__") and not isinstance(value, type):
        remedy = "keep a number that says how far it is"
    elif not isinstance(value, np.generic) and (callable(value) or value is ... or isinstance(value, PLAIN)):
        return
    else:
        remedy = "keep a list, a dict, an array, a number or a string instead"
    raise ValueError(f"{name} is a {type(value).__name__}, whose state cannot be saved: {remedy}")


def _walk(module: Module) -> Iterator[Place]:
    """Every value within the module that holds none but what can be written as it is, each place once."""
    todo: list[Place] = [(type(module).__name__, None, None, module)]
    seen: dict[int, Any] = {}  # holding a value keeps its id from being reused
    while todo:
        name, holder, key, value = todo.pop()
        inner = None if isinstance(value, _WHOLE) or _is_told(value) else inner_of(value)
        if inner is None:
            yield name, holder, key, value
        elif id(value) not in seen:
            seen[id(value)] = value
            held = [(f"{name}.{key}", inner, key, one) for key, one in items(inner)]
            if not isinstance(value, (dict, list, tuple, PLAIN)):
                held += [(f"{name}.{key}", None, None, one) for key, one in draws_of_class(value)]
            todo += reversed(held)
