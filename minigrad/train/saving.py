"""save and load: a history, models, optimizers and schedules in one file, to go on from it."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from minigrad.arguments import unfit
from minigrad.errors import MinigradError
from minigrad.nn import Module
from minigrad.tensor import Tensor
from minigrad.train.held import Buffer, generators, restore, values
from minigrad.train.history import History


class UnfitFile(ValueError, MinigradError):
    """A file that `load` cannot read, or that is of other parts."""


class Saved(Protocol):
    """What has a state: modules, optimizers, schedules."""

    def state_dict(self) -> Any:
        """The state: numbers, strings, arrays, and lists and dicts of them."""

    def load_state_dict(self, saved: Any, /) -> None:
        """Go on from a state that `state_dict` returned."""


def save(path: str | Path, history: History, *parts: Saved) -> None:
    """Write the history and the state of `parts` (model, optimizer, schedule) into one file.

    The file appears only once it is complete, also when the power fails half-way; an older one of
    that name stays until then, and what an error or Ctrl-C leaves unfinished is removed. Raises ValueError,
    with its name, for what a module holds, or a part has in its state, and cannot be saved: an iterator, a
    date; TypeError for what is no history, and for a part without a state.
    As fit's callback:
    `callback=lambda history: save("run.npz", history, model, optimizer)`.
    """
    if not isinstance(history, History):
        raise TypeError(unfit("save", "history", history, "a History, and after it the parts"))
    _refuse_others("save", parts)
    target = _path("save", path)
    arrays: dict[str, np.ndarray] = {}
    state = {
        "history": {"records": history.records, "best": history.best, "last": history.last},
        **_state_of(parts),
    }
    text = json.dumps({name: _written(one, arrays, f"save: {name}") for name, one in state.items()})
    partial = target.with_name(target.name + ".partial")
    try:
        with open(partial, "wb") as file:
            np.savez(file, allow_pickle=False, state=np.array(text), **arrays)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, target)
    except BaseException:  # Ctrl-C as well as a full disk
        with suppress(OSError):  # there is none where it could not be opened
            partial.unlink()
        raise


def load(path: str | Path, *parts: Saved) -> History:
    """Give each of `parts`, in the order in which they were saved, its state back; returns the history.

    Modules get back, beside their state_dict, the numbers, strings and constant tensors among their
    attributes, and lists of these that grew; random generators go on with the numbers they would have drawn
    next. Raises UnfitFile, a ValueError, where the file is none that `save` wrote, or not whole, or holds
    another number of parts or of generators, or a state that does not fit its part: then all parts are what
    they were before; FileNotFoundError where there is none; TypeError for a part without a state.
    """
    _refuse_others("load", parts)
    state = _read(_path("load", path))
    drawn = _generators(parts)
    for name, given in (("parts", parts), ("values", parts), ("generators", drawn)):
        if len(state[name]) != len(given):
            counts = f"it holds {len(state[name])} {name}, not {len(given)}"
            raise UnfitFile(
                f"{path} is of other parts: {counts}; give those that it was saved with, in order"
            )
    try:
        before = copy.deepcopy(_state_of(parts))  # of the values it holds the parts' own lists
        try:
            _give(parts, state)
        except BaseException:
            _give(parts, before)
            raise
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError) as error:
        remedy = "give those that it was saved with, in order, made as they were"
        raise UnfitFile(f"{path} is of other parts: {error}; {remedy}") from error
    history: History = state["history"]
    return history


def _state_of(parts: tuple[Saved, ...]) -> dict[str, Any]:
    """What `save` writes of the parts, and `_give` gives back to them."""
    return {
        "parts": [part.state_dict() for part in parts],
        "values": [values(part) if isinstance(part, Module) else {} for part in parts],
        "generators": [generator.bit_generator.state for generator in _generators(parts)],
    }


def _give(parts: tuple[Saved, ...], state: Mapping[str, Any]) -> None:
    """Give the parts what `_state_of` returned, one after the other."""
    drawn = _generators(parts)
    for part, saved, held in zip(parts, state["parts"], state["values"], strict=True):
        if isinstance(part, Module):
            restore(part, held)
        part.load_state_dict(saved)
    for generator, numbers in zip(drawn, state["generators"], strict=True):
        generator.bit_generator.state = numbers


def _read(path: str | Path) -> Any:
    """What `save` wrote, with the history as one. Raises UnfitFile, and OSError for no file.

    What is damaged may raise anything in the reader of archives, of arrays or of JSON.
    """
    try:
        file = open(path, "rb")  # noqa: SIM115 (what it raises is the system's, and names the path)
    except IsADirectoryError:
        raise UnfitFile(f"{path} is a folder: name the file in it that save(path, ...) wrote") from None
    try:
        with file, np.load(file, allow_pickle=False) as arrays:
            state = {k: _read_back(one, arrays) for k, one in json.loads(str(arrays["state"])).items()}
        if not all(isinstance(state[name], list) for name in ("parts", "values", "generators")):
            raise TypeError
        told = state["history"]
        state["history"] = History(tuple(told["records"]), told["best"], told["last"])
    except (ValueError, TypeError, LookupError, AttributeError):
        wanted = "none that save(path, history, ...) of this minigrad wrote: name one"
        raise UnfitFile(f"{path} is {wanted}") from None
    except Exception:  # EOFError, BadZipFile, OSError for a place before the first byte, ...
        remedy = "save again, or take an older copy"
        raise UnfitFile(f"{path} is empty, or a part of it is missing or damaged: {remedy}") from None
    return state


def _path(where: str, path: Any) -> Path:
    """The path of a file. Raises TypeError for what is none: a number, `open` would take for an open file."""
    if not isinstance(path, (str, os.PathLike)) or isinstance(os.fspath(path), bytes) or not Path(path).name:
        raise TypeError(unfit(where, "path", path, 'the name of a file, such as "run.npz"'))
    return Path(path)


def _refuse_others(where: str, parts: tuple[Saved, ...]) -> None:
    """Raise TypeError for a part that has no state to save and to load."""
    for i, part in enumerate(parts):
        if isinstance(part, type) or not hasattr(part, "load_state_dict"):
            raise TypeError(unfit(where, f"part {i}", part, "a model, an optimizer or a schedule"))


def _generators(parts: tuple[Saved, ...]) -> list[np.random.Generator]:
    """Every random generator that a module among `parts` can reach, each once."""
    held = [one for part in parts if isinstance(part, Module) for one in generators(part)]
    return list({id(one): one for one in held}.values())


def _written(value: Any, arrays: dict[str, np.ndarray], where: str) -> Any:
    """A tree of values that JSON can hold: each array goes into `arrays`, and its name takes its place.

    Raises ValueError, with the name of the place, for what cannot be written.
    """
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in "biufcUS":
        name = f"array{len(arrays)}"
        arrays[name] = np.asarray(value)
        return {"number" if isinstance(value, np.generic) else "array": name}
    if isinstance(value, Tensor):
        return {"tensor": _written(value.data, arrays, where)}
    if isinstance(value, Buffer):
        return {"buffer": [list(value.shape), value.dtype]}
    if isinstance(value, Mapping):
        items = [(_written(k, arrays, where), _written(v, arrays, f"{where}.{k}")) for k, v in value.items()]
        return {"dict": items}
    if isinstance(value, (list, tuple)):
        parts = [_written(inner, arrays, f"{where}.{i}") for i, inner in enumerate(value)]
        return {"tuple": parts} if isinstance(value, tuple) else parts
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    remedy = "keep a list, a dict, an array, a number or a string instead"
    raise ValueError(f"{where} is a {type(value).__name__}, which cannot be saved: {remedy}")


def _read_back(value: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    """The tree that `_written` was given."""
    if isinstance(value, list):
        return [_read_back(inner, arrays) for inner in value]
    if not isinstance(value, dict):
        return value
    ((kind, held),) = value.items()
    if kind == "dict":
        return {_read_back(key, arrays): _read_back(inner, arrays) for key, inner in held}
    if kind == "tuple":
        return tuple(_read_back(held, arrays))
    if kind == "tensor":
        return Tensor(_read_back(held, arrays))
    if kind == "buffer":
        return Buffer(tuple(held[0]), held[1])
    return arrays[held][()] if kind == "number" else arrays[held]
