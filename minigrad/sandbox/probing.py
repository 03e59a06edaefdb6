"""Runs a check's probe, or the replay of a trained one, on the names that a notebook defines.

In a worker, where nothing that it says is believed, and in a student's own notebook: this module
needs no Linux. Who runs their own work asks for the *words* of errors, too; a judge never does.
"""

from __future__ import annotations

import builtins
import io
import random
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from minigrad.checks import Arrays, Check, Student, Todo, noting
from minigrad.sandbox import protocol
from minigrad.sandbox.failures import BadValue, failure_of, message_of, plain, spoken

OUTPUT_LIMIT = 16 << 10  # characters kept of what a cell prints

_BUILTINS = dict(vars(builtins))
_FLOAT_ERRORS: dict[str, Any] = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}
_RECURSION_LIMIT = sys.getrecursionlimit()
_NUMBERS = (np.generic, bool, int, float)
_errstate = np.errstate


class Capture(io.TextIOBase):
    """A text stream that keeps the first `OUTPUT_LIMIT` characters and survives `close()`."""

    encoding = "utf-8"

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[str] = []
        self._left = OUTPUT_LIMIT

    def writable(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if self._left > 0:
            piece = text[: self._left]
            self._left -= len(piece)
            self._pieces.append(piece)
        return len(text)

    def flush(self) -> None:
        """Nothing is buffered."""

    def close(self) -> None:
        """Stay open: a notebook that closes its stdout still prints in the next cell."""

    def text(self) -> str:
        return "".join(self._pieces).encode("utf-8", "replace").decode("utf-8")


# ----------------------------------------------------------------------------------------- evidence


def _evidence(result: Any) -> dict[str, np.ndarray]:
    """What a probe returned as plain arrays, copied."""
    if result is None or result is ...:
        raise Todo("")
    if not isinstance(result, Mapping):
        raise BadValue("", _type_name(result))
    arrays = {str(name): _array(str(name), value) for name, value in result.items()}
    if sum(a.nbytes for a in arrays.values()) > protocol.MAX_EVIDENCE:
        raise BadValue("", "too large")
    return arrays


def _array(name: str, value: Any) -> np.ndarray:
    """A Tensor, array, NumPy scalar or Python number as a plain array that shares nothing."""
    if not isinstance(value, np.ndarray | bool | int | float | np.generic):
        value = getattr(value, "data", value)
    if value is None or value is ...:
        raise Todo(f"`{name}` is still to do")
    if not isinstance(value, (np.ndarray, *_NUMBERS)):
        raise BadValue(name, _type_name(value))
    if getattr(value, "nbytes", 0) > protocol.MAX_EVIDENCE:
        raise BadValue(name, "too large")
    array = np.array(value, copy=True, subok=False, order="C")
    if array.dtype == np.intp:  # what Python's whole numbers become; where that has 32 bits, as in a browser,
        array = array.astype(np.int64, copy=False)  # it is still what has 64 elsewhere
    if not protocol.carries(array):
        raise BadValue(name, array.dtype.name)
    return array


def _type_name(value: Any) -> str:
    name = type(value).__name__
    return name if _BUILTINS.get(name) is type(value) else "object"


# ----------------------------------------------------------------------------------------- probing


def run_probe(check: Check, names: dict[str, Any], seed: str, words: bool = False) -> dict[str, Any]:
    """Run a check's probe on the names a notebook defines; `seed` is hexadecimal.

    Returns {"arrays": {name: ndarray}} or {"failure": {"kind": ...}} with, by kind, `missing`: name;
    `todo`: name or ""; `nothing`: the name of a function that has no `return`, of the class whose
    "method" has none, or of what has "left" a name None;
    `exception`: what `describe` gives, and where no cell takes part "after": the name that was
    asked for last; `bad-value`: name of the array ("" for the probe's whole result) and type. Where a
    value had another form than the check goes on with there is "form", too: what `checks.noting` tells of
    the first one.
    With `words` there is "words": what `spoken` tells of an exception, and "printed". Streams, warnings,
    NumPy's error state, the global generators and `names` are afterwards as they were.
    """
    student = Student(names)
    with noting() as noted:
        reply = _run(lambda: {"arrays": _evidence(check.probe(student, generator(seed)))}, names, seed, words)
    reply |= {"form": noted[0]} if noted else {}
    failure = reply.get("failure", {})
    if failure.get("kind") == "exception" and failure["cell"] is None:
        failure["after"] = student._asked[0]
    return reply


def run_replay(
    check: Check, names: dict[str, Any], seed: str, held_out: str, arrays: Arrays, words: bool = False
) -> dict[str, Any]:
    """{"score": float} of trained parameters on the names given, or a failure as of `run_probe`."""
    replay = check.replay
    if replay is None:
        raise LookupError(check.name)

    def run() -> dict[str, Any]:
        return {"score": float(replay(Student(names), arrays, generator(seed), generator(held_out)))}

    return _run(run, names, seed, words)


def _run(run: Callable[[], dict[str, Any]], names: dict[str, Any], seed: str, words: bool) -> dict[str, Any]:
    """What `run` gives from a clean state, or the failure; with the words where they are asked for."""
    saved = dict(names)
    printed = Capture()
    told: dict[str, Any] = {}
    try:
        with _clean_state(seed, printed):
            reply = run()
    except (Exception, SystemExit, GeneratorExit) as error:
        reply = {"failure": failure_of(error, names)}
        if words and isinstance(error, Todo) and reply["failure"]["kind"] == "todo":
            told = {"error": plain(message_of(error))}
        elif words and reply["failure"]["kind"] == "exception":
            told = spoken(error, names)
    finally:
        _restore(names, saved)
    return {**reply, "words": {**told, "printed": printed.text()}} if words else reply


def _restore(names: dict[str, Any], saved: dict[str, Any]) -> None:
    """Undo what was assigned since. Never cleared meanwhile: these may be a running notebook's globals."""
    for name in [n for n in names if n not in saved]:
        del names[name]
    names.update(saved)


def words_of(seed: str) -> list[int]:
    """A hexadecimal seed as unsigned 32-bit words."""
    data = bytes.fromhex(seed)
    return [int.from_bytes(data[i : i + 4], "little") for i in range(0, len(data), 4)]


def generator(seed: str) -> np.random.Generator:
    return np.random.default_rng(words_of(seed))


@contextmanager
def _clean_state(seed: str, printed: Capture) -> Iterator[None]:
    """What a probe finds, whatever the notebook did before: defaults, and generators at `seed`.

    What it prints goes to `printed`.
    """
    streams = sys.stdout, sys.stderr
    generators = random.getstate(), np.random.get_state()
    depth = sys.getrecursionlimit()
    with warnings.catch_warnings(), _errstate(**_FLOAT_ERRORS):
        warnings.resetwarnings()
        warnings.simplefilter("ignore")
        sys.stdout = sys.stderr = printed
        random.seed(seed)
        np.random.seed(words_of(seed))
        sys.setrecursionlimit(_RECURSION_LIMIT)
        try:
            yield
        finally:
            sys.setrecursionlimit(depth)
            sys.stdout, sys.stderr = streams
            random.setstate(generators[0])
            np.random.set_state(generators[1])
