"""save and load: a history, models, optimizers and schedules in one file, to go on from it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from minigrad.arguments import unfit
from minigrad.nn import Module
from minigrad.train.held import generators, restore, values
from minigrad.train.history import History


class Saved(Protocol):
    """What has a state: modules, optimizers, schedules."""

    def state_dict(self) -> Any:
        """The state: numbers, strings, arrays, and lists and dicts of them."""

    def load_state_dict(self, saved: Any, /) -> None:
        """Go on from a state that `state_dict` returned."""


def save(path: str | Path, history: History, *parts: Saved) -> None:
    """Write the history and the state of `parts` (model, optimizer, schedule) into one file.

    The file appears only once it is complete, also when the power fails half-way; an older one of
    that name stays until then. Raises ValueError, with the name of the attribute, for what a module holds
    and cannot be saved: an iterator, say; TypeError for what is no history, and for a part without a state.
    As fit's callback:
    `callback=lambda history: save("run.npz", history, model, optimizer)`.
    """
    if not isinstance(history, History):
        raise TypeError(unfit("save", "history", history, "a History, and after it the parts"))
    _refuse_others("save", parts)
    arrays: dict[str, np.ndarray] = {}
    state = {
        "history": {"records": history.records, "best": history.best, "last": history.last},
        "parts": [part.state_dict() for part in parts],
        "values": [values(part) if isinstance(part, Module) else {} for part in parts],
        "generators": [generator.bit_generator.state for generator in _generators(parts)],
    }
    text = json.dumps(_without_arrays(state, arrays))
    target = Path(path)
    partial = target.with_name(target.name + ".partial")
    with open(partial, "wb") as file:
        np.savez(file, allow_pickle=False, state=np.array(text), **arrays)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, target)


def load(path: str | Path, *parts: Saved) -> History:
    """Give each of `parts`, in the order in which they were saved, its state back; returns the history.

    Modules get back, beside their state_dict, the numbers, strings and constant tensors among their
    attributes, and random generators go on with the numbers they would have drawn next. Raises ValueError
    where the file holds another number of parts or of generators, or a state that does not fit its part;
    TypeError for a part without a state.
    """
    _refuse_others("load", parts)
    with np.load(path, allow_pickle=False) as file:
        state = _with_arrays(json.loads(str(file["state"])), file)
    drawn = _generators(parts)
    for name, given in (("parts", parts), ("generators", drawn)):
        if "values" not in state:
            raise ValueError(f"{path} is of an older minigrad, which did not save all that a model holds")
        if len(state[name]) != len(given):
            counts = f"it holds {len(state[name])} {name}, not {len(given)}"
            raise ValueError(f"{path} is of other parts: {counts}")
    for part, saved, held in zip(parts, state["parts"], state["values"], strict=True):
        part.load_state_dict(saved)
        if isinstance(part, Module):
            restore(part, held)
    for generator, numbers in zip(drawn, state["generators"], strict=True):
        generator.bit_generator.state = numbers
    told = state["history"]
    return History(tuple(told["records"]), told["best"], told["last"])


def _refuse_others(where: str, parts: tuple[Saved, ...]) -> None:
    """Raise TypeError for a part that has no state to save and to load."""
    for i, part in enumerate(parts):
        if isinstance(part, type) or not hasattr(part, "load_state_dict"):
            raise TypeError(unfit(where, f"part {i}", part, "a model, an optimizer or a schedule"))


def _generators(parts: tuple[Saved, ...]) -> list[np.random.Generator]:
    """Every random generator that a module among `parts` can reach, each once."""
    held = [one for part in parts if isinstance(part, Module) for one in generators(part)]
    return list({id(one): one for one in held}.values())


def _without_arrays(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    """A tree of values that JSON can hold: each array goes into `arrays`, and its name takes its place."""
    if isinstance(value, np.ndarray):
        name = f"array{len(arrays)}"
        arrays[name] = value
        return {"array": name}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {"dict": [[key, _without_arrays(inner, arrays)] for key, inner in value.items()]}
    if isinstance(value, (list, tuple)):
        return [_without_arrays(inner, arrays) for inner in value]
    return value


def _with_arrays(value: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    """The tree that `_without_arrays` was given, but that tuples are lists."""
    if isinstance(value, dict):
        if "array" in value:
            return arrays[value["array"]]
        return {key: _with_arrays(inner, arrays) for key, inner in value["dict"]}
    if isinstance(value, list):
        return [_with_arrays(inner, arrays) for inner in value]
    return value
