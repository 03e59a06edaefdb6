"""Runs a check's probe, or the replay of a trained one, on the names that a notebook defines.

In a worker, where nothing that it says is believed, and in a student's own notebook: this module
needs no Linux. Who runs their own work asks for the *words* of errors, too; a judge never does.
"""

from __future__ import annotations

import builtins
import dis
import io
import linecache
import random
import re
import signal
import sys
import threading
import traceback
import types
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import numpy as np

from minigrad.checks import Arrays, Check, Missing, Student, Todo, noting
from minigrad.sandbox import protocol

OUTPUT_LIMIT = 16 << 10  # characters kept of what a cell prints
UFUNC = re.compile(r"'Tensor' does not support ufuncs| takes no tensors: use ")  # NumPy's words, and ours
TEXT_LIMIT = 1 << 10  # characters kept of an error's message, and of the line that raised it

_BUILTINS = dict(vars(builtins))
_EXCEPTIONS = {v for v in _BUILTINS.values() if isinstance(v, type) and issubclass(v, BaseException)}
_FLOAT_ERRORS: dict[str, Any] = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}
_RECURSION_LIMIT = sys.getrecursionlimit()
_PLACE = re.compile(r"`?(\w+)`?(?:'s (\w+))?")  # "RNNCell's __call__", "`matmul`"
_NO_WORK = {"RESUME", "NOP", "LOAD_CONST", "RETURN_VALUE", "RETURN_CONST", "POP_TOP"}  # `...`, `pass`
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


# ------------------------------------------------------------------------------- errors and failures


def describe(error: BaseException) -> dict[str, Any]:
    """{"type": a built-in exception's name, "line": in the student's own cell, "cell": its id}.

    A class that is not built in goes by its nearest built-in base. Line and cell are None where no
    cell takes part. Where an attribute, a variable or a module is not there, "name" is its name;
    "ufunc" is True where a function of NumPy's was called on a Tensor.
    """
    name = next((c.__name__ for c in type(error).__mro__ if c in _EXCEPTIONS), "Exception")
    line, cell = _place(error)
    asked = error.name if isinstance(error, AttributeError | NameError | ModuleNotFoundError) else None
    told = {"type": name, "line": line, "cell": cell} | ({"name": asked} if type(asked) is str else {})
    return told | ({"ufunc": True} if name == "TypeError" and UFUNC.search(_message(error)) else {})


def _place(error: BaseException) -> tuple[int | None, str | None]:
    """Line and id of the cell in which the innermost frame that belongs to a cell stands."""
    if isinstance(error, SyntaxError) and _cell_of(error.filename) is not None:
        return error.lineno, _cell_of(error.filename)
    place: tuple[int | None, str | None] = None, None
    for frame, line in traceback.walk_tb(error.__traceback__):
        if (cell := _cell_of(frame.f_code.co_filename)) is not None:
            place = line, cell
    return place


def _cell_of(filename: str | None) -> str | None:
    return filename[6:-1] if filename and filename.startswith("<cell ") and filename.endswith(">") else None


def failure_of(error: BaseException, names: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
    """Why a probe gave no arrays, on the names that a notebook defines."""
    if isinstance(error, Missing):
        return {"kind": "missing", "name": str(error.name)}
    if isinstance(error, Todo):
        if written(error.nothing, names):
            return {"kind": "nothing", "name": _PLACE.sub(r"\1", error.nothing)}
        named = re.search(r"`(\w+)`", str(error))
        return {"kind": "todo", "name": named.group(1) if named else ""}
    if isinstance(error, _BadValue):
        return {"kind": "bad-value", "name": error.name, "type": error.type}
    own = "indices" not in _message(error) or _raised_in(error, names)  # else the check's `x[...]`
    if own and isinstance(error, AttributeError | TypeError) and "ellipsis" in _message(error):
        return {"kind": "todo", "name": ""}
    return {"kind": "exception", **describe(error)}


def _raised_in(error: BaseException, names: Mapping[str, Any]) -> bool:
    """Whether the innermost frame of an error is of the code whose globals are `names`."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return bool(frames) and frames[-1].f_globals is names


def written(what: str, names: Mapping[str, Any]) -> bool:
    """Whether a function, such as "RNNCell's __call__", is there and does more than a placeholder."""
    place = _PLACE.fullmatch(what)
    value = names.get(place[1]) if place else None
    code = getattr(getattr(value, place[2], None) if place and place[2] else value, "__code__", None)
    if not isinstance(code, types.CodeType) or ... in code.co_consts:
        return False
    return any(step.opname not in _NO_WORK for step in dis.get_instructions(code))


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:
        return ""


def spoken(error: BaseException, names: Mapping[str, Any]) -> dict[str, Any]:
    """{"error": its class and message, "function", "line", "cell", "source"}: for the code's author.

    The last four are of the innermost frame whose globals are `names`, or of the text that is no
    Python; without such a place they are not there. "cell" is "" in a notebook that runs by itself.
    """
    syntax = isinstance(error, SyntaxError) and _cell_of(error.filename) is not None
    message = str(error.msg) if isinstance(error, SyntaxError) and syntax else _message(error)
    kind = type(error).__name__
    told: dict[str, Any] = {"error": _plain(f"{kind}: {message}" if message else kind)}
    if isinstance(error, SyntaxError) and syntax:
        cell, source = _cell_of(error.filename) or "", (error.text or "").strip()
        return {**told, "function": "", "line": error.lineno, "cell": cell, "source": _plain(source)}
    for frame, line in traceback.walk_tb(error.__traceback__):
        if frame.f_globals is names:
            code = frame.f_code
            told["error"] = _plain(f"{kind}: {message}{_of_self(error, frame)}" if message else kind)
            told |= {
                "function": _plain(code.co_name),
                "line": line,
                "cell": _cell_of(code.co_filename) or "",
                "source": _plain(linecache.getline(code.co_filename, line).strip()),
            }
    return told


def _of_self(error: BaseException, frame: types.FrameType) -> str:
    """What is said of a name that is not there, but is an attribute of the frame's `self`; else ""."""
    owner = frame.f_locals.get("self") if isinstance(error, NameError) else None
    try:
        return ": is `self.` missing in front of it?" if error.name in vars(owner) else ""  # type: ignore[attr-defined]
    except Exception:
        return ""


def _plain(text: str) -> str:
    """Text that the codec carries."""
    return text[:TEXT_LIMIT].encode("utf-8", "replace").decode("utf-8")


# ----------------------------------------------------------------------------------------- evidence


class _BadValue(Exception):
    """A probe returned something that is no array of a plain type."""

    def __init__(self, name: str, type_: str) -> None:
        super().__init__(name)
        self.name, self.type = name, type_


def _evidence(result: Any) -> dict[str, np.ndarray]:
    """What a probe returned as plain arrays, copied."""
    if result is None or result is ...:
        raise Todo("")
    if not isinstance(result, Mapping):
        raise _BadValue("", _type_name(result))
    arrays = {str(name): _array(str(name), value) for name, value in result.items()}
    if sum(a.nbytes for a in arrays.values()) > protocol.MAX_EVIDENCE:
        raise _BadValue("", "too large")
    return arrays


def _array(name: str, value: Any) -> np.ndarray:
    """A Tensor, array, NumPy scalar or Python number as a plain array that shares nothing."""
    if not isinstance(value, np.ndarray | bool | int | float | np.generic):
        value = getattr(value, "data", value)
    if value is None or value is ...:
        raise Todo(f"`{name}` is still to do")
    if not isinstance(value, (np.ndarray, *_NUMBERS)):
        raise _BadValue(name, _type_name(value))
    if getattr(value, "nbytes", 0) > protocol.MAX_EVIDENCE:
        raise _BadValue(name, "too large")
    array = np.array(value, copy=True, subok=False, order="C")
    if array.dtype == np.intp:  # what Python's whole numbers become; where that has 32 bits, as in a browser,
        array = array.astype(np.int64, copy=False)  # it is still what has 64 elsewhere
    if not protocol.carries(array):
        raise _BadValue(name, array.dtype.name)
    return array


def _type_name(value: Any) -> str:
    name = type(value).__name__
    return name if _BUILTINS.get(name) is type(value) else "object"


# ------------------------------------------------------------------------------------------- time


class Overtime(BaseException):
    """The time is over. Not an Exception, so that no `except Exception` of a student catches it."""


@contextmanager
def deadline(cpu: float) -> Iterator[None]:
    """Raise Overtime in the block after `cpu` seconds of computing time; 0: never.

    It serves whoever plays fair: a worker's supervisor has a deadline of its own.
    Without effect where there are no timers (Windows, a browser) and outside the main thread, to which
    Python delivers signals; there, a person has to interrupt the kernel.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def over(*_: object) -> None:
        raise Overtime

    before = signal.signal(signal.SIGPROF, over)
    signal.setitimer(signal.ITIMER_PROF, cpu)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


# ----------------------------------------------------------------------------------------- probing


def run_probe(check: Check, names: dict[str, Any], seed: str, words: bool = False) -> dict[str, Any]:
    """Run a check's probe on the names a notebook defines; `seed` is hexadecimal.

    Returns {"arrays": {name: ndarray}} or {"failure": {"kind": ...}} with, by kind, `missing`: name;
    `todo`: name or ""; `nothing`: the name of a function that has no `return`; `exception`: what
    `describe` gives, and where no cell takes part "after": the name that was asked for last;
    `bad-value`: name of the array ("" for the probe's whole result) and type. Where a value had another
    form than the check goes on with there is "form", too: what `checks.noting` tells of the first one.
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
            told = {"error": _plain(_message(error))}
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
