"""Runs a notebook's cells and the probes of checks, and answers with plain values. Untrusted.

The judge believes nothing that comes from here but that some arrays were returned. What this file
does for robustness (fresh streams, restored builtins, seeded generators) is there for honest
notebooks, so that one odd line does not cost the points of the next exercise.

`run_probe` is also what a student's own notebook calls; this module needs no Linux.
"""

from __future__ import annotations

import binascii
import builtins
import io
import linecache
import marshal
import os
import random
import re
import sys
import types
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from minigrad.checks import Check, Missing, Student, Todo, collect
from minigrad.sandbox import protocol
from minigrad.sandbox.cells import plain_python

OUTPUT_LIMIT = 16 << 10  # characters kept of what a cell prints
EVIDENCE_LIMIT = 8 << 20  # bytes of all arrays of one probe
MEMORY_EXIT = 77  # the exit code that says: no memory left to answer

_BUILTINS = dict(vars(builtins))
_EXCEPTIONS = {v for v in _BUILTINS.values() if isinstance(v, type) and issubclass(v, BaseException)}
_FLOAT_ERRORS: dict[str, Any] = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}
_RECURSION_LIMIT = sys.getrecursionlimit()
_NUMBERS = (np.generic, bool, int, float)
_read, _write, _exit, _errstate = os.read, os.write, os._exit, np.errstate
_unmarshal, _from_base64 = marshal.loads, binascii.a2b_base64


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


class _Nothing:
    """What `get_ipython()` returns: every attribute and every call is this again."""

    def __getattr__(self, name: str) -> _Nothing:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> _Nothing:
        return self


# ------------------------------------------------------------------------------- errors and failures


def describe(error: BaseException) -> dict[str, Any]:
    """{"type": a built-in exception's name, "line": in the student's own cell, "cell": its id}.

    A class that is not built in goes by its nearest built-in base. Line and cell are None where no
    cell takes part.
    """
    name = next((c.__name__ for c in type(error).__mro__ if c in _EXCEPTIONS), "Exception")
    line, cell = _place(error)
    return {"type": name, "line": line, "cell": cell}


def _place(error: BaseException) -> tuple[int | None, str | None]:
    """Line and id of the cell in which the innermost frame that belongs to a cell stands."""
    if isinstance(error, SyntaxError) and _cell_of(error.filename) is not None:
        return error.lineno, _cell_of(error.filename)
    place: tuple[int | None, str | None] = None, None
    trace = error.__traceback__
    while trace is not None:
        cell = _cell_of(trace.tb_frame.f_code.co_filename)
        if cell is not None:
            place = trace.tb_lineno, cell
        trace = trace.tb_next
    return place


def _cell_of(filename: str | None) -> str | None:
    return filename[6:-1] if filename and filename.startswith("<cell ") and filename.endswith(">") else None


def _failure(error: BaseException) -> dict[str, Any]:
    """Why a probe gave no arrays."""
    if isinstance(error, Missing):
        return {"kind": "missing", "name": str(error.name)}
    if isinstance(error, Todo):
        named = re.search(r"`(\w+)`", str(error))
        return {"kind": "todo", "name": named.group(1) if named else ""}
    if isinstance(error, _BadValue):
        return {"kind": "bad-value", "name": error.name, "type": error.type}
    if isinstance(error, AttributeError | TypeError) and "ellipsis" in _words(error):
        return {"kind": "todo", "name": ""}
    return {"kind": "exception", **describe(error)}


def _words(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:
        return ""


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
    if sum(a.nbytes for a in arrays.values()) > EVIDENCE_LIMIT:
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
    if getattr(value, "nbytes", 0) > EVIDENCE_LIMIT:
        raise _BadValue(name, "too large")
    try:
        array = np.array(value, copy=True, subok=False, order="C")
    except OverflowError:
        raise _BadValue(name, "int") from None
    if not protocol.carries(array):
        raise _BadValue(name, array.dtype.name)
    return array


def _type_name(value: Any) -> str:
    name = type(value).__name__
    return name if _BUILTINS.get(name) is type(value) else "object"


# ----------------------------------------------------------------------------------------- probing


def run_probe(check: Check, names: dict[str, Any], seed: str) -> dict[str, Any]:
    """Run a check's probe on the names a notebook defines; `seed` is hexadecimal.

    Returns {"arrays": {name: ndarray}} or {"failure": {"kind": ...}} with, by kind, `missing`: name;
    `todo`: name or ""; `exception`: type, line, cell as `describe` gives them; `bad-value`: name of
    the array ("" for the probe's whole result) and type. Streams, warnings, NumPy's error state,
    the global generators and `names` are afterwards as they were.
    """
    saved = dict(names)
    try:
        with _clean_state(seed):
            return {"arrays": _evidence(check.probe(Student(names), _generator(seed)))}
    except (Exception, SystemExit, GeneratorExit) as error:
        return {"failure": _failure(error)}
    finally:
        _restore(names, saved)


def _restore(names: dict[str, Any], saved: dict[str, Any]) -> None:
    """Undo what was assigned since; never empty, for these may be a living notebook's globals."""
    for name in [n for n in names if n not in saved]:
        del names[name]
    names.update(saved)


def words_of(seed: str) -> list[int]:
    """A hexadecimal seed as unsigned 32-bit words."""
    data = bytes.fromhex(seed)
    return [int.from_bytes(data[i : i + 4], "little") for i in range(0, len(data), 4)]


def _generator(seed: str) -> np.random.Generator:
    return np.random.default_rng(words_of(seed))


@contextmanager
def _clean_state(seed: str) -> Iterator[None]:
    """What a probe finds, whatever the notebook did before: defaults, and generators at `seed`."""
    streams = sys.stdout, sys.stderr
    generators = random.getstate(), np.random.get_state()
    depth = sys.getrecursionlimit()
    with warnings.catch_warnings(), _errstate(**_FLOAT_ERRORS):
        warnings.resetwarnings()
        warnings.simplefilter("ignore")
        sys.stdout = sys.stderr = Capture()
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


class Notebook:
    """The names that cells defined so far, and the checks to probe them with."""

    def __init__(self) -> None:
        self.names = _module("__main__")
        self.names["display"] = self.names["get_ipython"] = _Nothing()
        self._checks_names = _module("checks")
        self._checks: dict[str, Check] = {}

    def cell(self, id: str, source: str) -> dict[str, Any]:
        """Run one cell; definitions made before an error stand."""
        filename = f"<cell {id}>"
        captured = sys.stdout = sys.stderr = Capture()
        error = None
        try:
            exec(_compile(source, filename), self.names)
        except BaseException as e:
            error = describe(e)
        return {"ok": error is None, "output": captured.text(), "error": error}

    def checks(self, filename: str, text: str, compiled: str = "") -> None:
        """Execute a file of checks; all files share one namespace, apart from the notebook's."""
        _remember(filename, text)
        code = _unmarshal(_from_base64(compiled)) if compiled else compile_checks(filename, text)
        exec(code, self._checks_names)
        self._checks = {c.name: c for c in collect(self._checks_names)}

    def probe(self, name: str, seed: str) -> dict[str, Any]:
        return run_probe(self._checks[name], self.names, seed)

    def replay(self, name: str, seed: str, held_out: str, arrays: dict[str, np.ndarray]) -> float:
        """The score of trained parameters; only a worker that holds the solution is asked."""
        replay = self._checks[name].replay
        if replay is None:
            raise LookupError(name)
        saved = dict(self.names)
        try:
            with _clean_state(seed):
                return float(replay(Student(self.names), arrays, _generator(seed), _generator(held_out)))
        finally:
            _restore(self.names, saved)


def _module(name: str) -> dict[str, Any]:
    """The namespace of a fresh module that is imported under `name` (dataclasses look there)."""
    module = sys.modules[name] = types.ModuleType(name)
    return vars(module)


def compile_checks(filename: str, text: str) -> types.CodeType:
    """A file of checks, compiled."""
    return compile(text, filename, "exec", dont_inherit=True)


def _compile(source: str, filename: str) -> types.CodeType:
    _remember(filename, source)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return compile(source, filename, "exec", dont_inherit=True)
        except SyntaxError:
            return compile(plain_python(source), filename, "exec", dont_inherit=True)


def _remember(filename: str, source: str) -> None:
    """Let tracebacks and `inspect` find the source."""
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)


# ----------------------------------------------------------------------------------------- serving


def answer(notebook: Notebook, request: Any) -> Any:
    """The reply to one request (see the package's docstring for their forms)."""
    try:
        operation, *arguments = request
        methods: dict[str, Callable[..., Any]] = {
            "cell": notebook.cell,
            "checks": notebook.checks,
            "probe": notebook.probe,
            "replay": notebook.replay,
        }
        return methods[operation](*arguments)
    except BaseException as error:  # a KeyboardInterrupt that a submission raises, too
        return {"failure": _failure(error)}
    finally:
        vars(builtins).update(_BUILTINS)


def serve(source: int, sink: int) -> None:
    """Answer requests read from one file descriptor on another, until the judge hangs up."""
    notebook = Notebook()
    random.seed(0)
    np.random.seed(0)
    try:
        while True:
            sequence, length = protocol.parse_header(_read_exactly(source, protocol.HEADER_SIZE))
            reply = answer(notebook, protocol.loads(_read_exactly(source, length)))
            sys.stdout = sys.stderr = Capture()
            _write_all(sink, protocol.frame(sequence, reply))
    except MemoryError:
        _exit(MEMORY_EXIT)
    except BaseException:  # a channel that the submission closed: nobody is left to tell
        _exit(1)


def _read_exactly(fd: int, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        piece = _read(fd, min(count - len(data), 1 << 20))
        if not piece:
            _exit(0)
        data += piece
    return bytes(data)


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[_write(fd, view) :]
