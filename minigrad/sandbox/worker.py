"""Runs a notebook's cells and the probes of checks, and answers with plain values. Untrusted.

The judge believes nothing that comes from here but that some arrays were returned. What this file
does for robustness (fresh streams, restored builtins, seeded generators) is there for honest
notebooks, so that one odd line does not cost the points of the next exercise.
"""

from __future__ import annotations

import ast
import binascii
import builtins
import inspect
import linecache
import marshal
import os
import random
import sys
import types
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from minigrad.checks import Check, Overtime, collect, deadline
from minigrad.sandbox import protocol
from minigrad.sandbox.cells import plain_python
from minigrad.sandbox.failures import describe, failure_of, spoken
from minigrad.sandbox.probing import Capture, run_probe, run_replay

MEMORY_EXIT = 77  # the exit code that says: no memory left to answer

_BUILTINS = dict(vars(builtins))
_read, _write, _exit = os.read, os.write, os._exit
_unmarshal, _from_base64 = marshal.loads, binascii.a2b_base64


class _Nothing:
    """What `get_ipython()` returns: every attribute, entry and call is this again, and nothing is in it."""

    def __getattr__(self, name: str) -> _Nothing:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> _Nothing:
        return self

    def __getitem__(self, key: Any) -> _Nothing:
        return self

    def __iter__(self) -> Iterator[Any]:
        return iter(())


class Notebook:
    """The names that cells defined so far, and the checks to probe them with."""

    def __init__(self) -> None:
        self.names = _module("__main__")
        self.names["display"] = self.names["get_ipython"] = _Nothing()
        self._checks_names = _module("checks")
        self._checks: dict[str, Check] = {}

    def cell(self, id: str, source: str, words: bool = False, cpu: float = 0.0) -> dict[str, Any]:
        """Run one cell, for `cpu` seconds of computing time at most (0: without end).

        Definitions made before an error, or the end of its time, stand.
        """
        filename = f"<cell {id}>"
        captured = sys.stdout = sys.stderr = Capture()
        error, told = None, {}
        try:
            with deadline(cpu):
                try:
                    _run(_compile(source, filename), self.names)
                finally:
                    _restore_builtins()  # what follows needs them
        except Overtime:
            error = {"type": "Overtime", "line": None, "cell": id}
        except BaseException as e:
            error = describe(e)
            told = {"words": spoken(e, self.names)} if words else {}
        return {"ok": error is None, "output": captured.text(), "error": error, **told}

    def checks(self, filename: str, text: str, compiled: str = "") -> None:
        """Execute a file of checks; all files share one namespace, apart from the notebook's."""
        _remember(filename, text)
        code = _unmarshal(_from_base64(compiled)) if compiled else compile_checks(filename, text)
        exec(code, self._checks_names)
        self._checks = {c.name: c for c in collect(self._checks_names)}

    def probe(self, name: str, seed: str, words: bool = False) -> dict[str, Any]:
        return run_probe(self._checks[name], self.names, seed, words)

    def replay(
        self, name: str, seed: str, held_out: str, arrays: dict[str, np.ndarray], words: bool = False
    ) -> dict[str, Any]:
        """The score of trained parameters: of a judge, only a worker that holds the solution is asked."""
        return run_replay(self._checks[name], self.names, seed, held_out, arrays, words)


def _module(name: str) -> dict[str, Any]:
    """The namespace of a fresh module that is imported under `name` (dataclasses look there)."""
    module = sys.modules[name] = types.ModuleType(name)
    return vars(module)


def compile_checks(filename: str, text: str) -> types.CodeType:
    """A file of checks, compiled."""
    return compile(text, filename, "exec", dont_inherit=True)


def _compile(source: str, filename: str) -> types.CodeType:
    """A cell, compiled; as in Jupyter, it may await outside of functions."""
    _remember(filename, source)
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            code: types.CodeType = compile(source, filename, "exec", flags, dont_inherit=True)
        except SyntaxError:
            code = compile(plain_python(source), filename, "exec", flags, dont_inherit=True)
    return code


def _run(code: types.CodeType, names: dict[str, Any]) -> None:
    """Run a cell; one that awaits, in an event loop of its own."""
    if not code.co_flags & inspect.CO_COROUTINE:
        exec(code, names)
        return
    import asyncio  # of the few cells that await

    class Loop(asyncio.SelectorEventLoop):
        """Without the pair of sockets by which threads and signals wake a loop: there are none of them."""

        def _make_self_pipe(self) -> None:
            pass

        def _close_self_pipe(self) -> None:
            pass

    loop = Loop()
    try:
        loop.run_until_complete(eval(code, names))
    finally:
        loop.close()


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
        return {"failure": failure_of(error)}
    finally:
        _restore_builtins()


def _restore_builtins() -> None:
    """Undo what a cell did to Python's own names; it may have replaced every one of them."""
    builtins.__dict__.update(_BUILTINS)


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
