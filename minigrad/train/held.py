"""What modules hold beside parameters and buffers, to be saved with them: generators, numbers, constants."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import numpy as np

from minigrad.nn import Module, Parameter
from minigrad.tensor import Tensor
from minigrad.train.reached import PLAIN, Rebound, draws_of_class, inner_of, items, reached

Place = tuple[str, Any, Any, Any]  # dotted name, what holds the value, under which key, the value


def generators(module: Module) -> list[np.random.Generator]:
    """Every random generator that the module can reach, each once, in the order of its attributes.

    In attributes, containers and other objects, also of its class; and in what a function among them, or a
    method, closes over, takes by default, is bound to or names among its globals.
    """
    found = [one for _, _, _, value in _walk(module) for one in (value, *(v for _, v in reached(value)))]
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
            if not value.requires_grad and not isinstance(value, Parameter):
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
            for inner, one in ((name, value), *reached(value)):
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
    elif isinstance(value, Rebound):
        raise ValueError(f"{name} is assigned to by a function and cannot be saved: keep it as an attribute")
    elif hasattr(value, "__next__") and not isinstance(value, type):
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
        inner = inner_of(value)
        if inner is None:
            yield name, holder, key, value
        elif id(value) not in seen:
            seen[id(value)] = value
            held = [(f"{name}.{key}", inner, key, one) for key, one in items(inner)]
            if not isinstance(value, (dict, list, tuple, PLAIN)):
                held += [(f"{name}.{key}", None, None, one) for key, one in draws_of_class(value)]
            todo += reversed(held)
