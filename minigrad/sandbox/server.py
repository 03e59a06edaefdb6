"""Start sandboxed workers and send them requests: a Server starts Workers, a Worker answers requests.

Nothing that arrives from a worker is believed but its form: frames are bounded and decoded by the
closed codec, and any deviation ends the worker.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing.util
import os
import platform
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from minigrad.sandbox import protocol
from minigrad.sandbox.errors import SandboxFault, SandboxUnavailable, WorkerEnded
from minigrad.sandbox.layout import PACKAGE, Layout, layout
from minigrad.sandbox.link import Link, Plain, Supervised

__all__ = ["Lent", "SandboxFault", "SandboxUnavailable", "Server", "Worker", "WorkerEnded"]

Isolation = Literal["auto", "namespaces", "landlock", "unsafe"]

WALL = 10  # the wall limit of a call is so many times its CPU limit
START_SECONDS = 60.0  # for the fork server to import everything, on a busy machine
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
INHERITED = ("HOME", "TMPDIR", "MPLCONFIGDIR", "LD_LIBRARY_PATH", "OPENBLAS_CORETYPE", "SYSTEMROOT")


class Worker:
    """One process on the far side. After WorkerEnded a new one is needed."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._sequence = 0

    def call(self, request: list[Any], cpu: float) -> Any:
        """The reply to `request` within `cpu` CPU seconds, and ten times that on the clock.

        Raises WorkerEnded when the worker ends instead, however it ended.
        """
        self._sequence += 1
        sequence, body = self._link.exchange(protocol.frame(self._sequence, request), cpu, WALL * cpu)
        try:
            if sequence != self._sequence:
                raise protocol.ProtocolError("an answer to another question")
            return protocol.loads(body)
        except protocol.ProtocolError as error:
            raise self._link.give_up("protocol", str(error)) from None

    @property
    def cpu(self) -> float:
        """CPU seconds used so far, measured from outside."""
        return self._link.cpu()

    def close(self) -> None:
        """Kill the worker if it still runs."""
        self._link.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Server:
    """Starts workers. `isolation` "auto" takes the strongest sandbox there is, or refuses.

    "namespaces": namespaces, seccomp, rlimits, and Landlock where the kernel has it. "landlock":
    Landlock, seccomp, rlimits. "unsafe": a plain process with deadlines, on any system; no sandbox.
    `readable` adds files and folders that workers may read, `packages` distributions that their code
    may import (`layout.ALWAYS` has those that it always may). `forbidden` names what they must not
    read: a server that would show one of them does not start. With `engine=False` workers have no
    minigrad but `checks`. SandboxUnavailable when the isolation asked for cannot be had,
    PackageMissing when a package is not installed.
    """

    def __init__(
        self,
        isolation: Isolation = "auto",
        readable: Iterable[Path] = (),
        engine: bool = True,
        forbidden: Sequence[Path] = (),
        packages: Sequence[str] = (),
    ) -> None:
        self._layout = layout(engine, readable, packages)
        self._engine = engine
        self._owner = os.getpid()
        self._process: subprocess.Popen[bytes] | None = None
        self.isolation = "unsafe"
        if isolation != "unsafe":
            _refuse_exposure(self._layout, forbidden)
            self._start(["namespaces", "landlock"] if isolation == "auto" else [isolation])

    def worker(self, memory_mb: int = 1024) -> Worker:
        """A fresh worker that may use `memory_mb` MiB; SandboxFault when it cannot be set up."""
        if self._process is None:
            plain = Plain(_command(self._config("worker") | {"memory_mb": memory_mb}), _environment())
            plain.await_ready(START_SECONDS)
            return Worker(plain)
        if os.getpid() != self._owner:
            raise SandboxFault("a sandbox server belongs to the process that started it: start one here")
        far_channel, channel = socket.socketpair()
        far_life, life = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with far_channel, far_life:
            try:
                message = json.dumps({"memory_mb": memory_mb}).encode()
                socket.send_fds(self._control, [message], [far_channel.fileno(), far_life.fileno()])
            except OSError as error:
                channel.close()
                life.close()
                raise SandboxFault(f"the sandbox's fork server is gone ({error}): start a new one") from None
        link = Supervised(channel, life)
        link.await_ready(START_SECONDS)
        return Worker(link)

    def close(self) -> None:
        """End the fork server, and with it all its workers."""
        if self._process is None or os.getpid() != self._owner:
            return
        self._control.close()
        _await_end(self._process)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self, candidates: Sequence[str]) -> None:
        """Start the fork server in the first isolation of `candidates` in which a worker starts."""
        if sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"):
            raise SandboxUnavailable("no sandbox on this system", "it needs Linux on x86-64 or aarch64")
        reasons = []
        for isolation in candidates:
            try:
                self.isolation = self._launch(isolation)
                self.worker().close()
                return
            except SandboxFault as fault:
                self.close()
                reasons.append(f"{isolation}: {fault}")
        raise SandboxUnavailable("no sandbox can be set up here", *reasons)

    def _launch(self, isolation: str) -> str:
        """Start one fork server; the layers in force, in words."""
        self._control, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with far:
            read, list_only = self._readable(isolation)
            config = self._config("server") | {
                "isolation": isolation,
                "fd": far.fileno(),
                "read": read,
                "list": list_only,
            }
            self._process = subprocess.Popen(
                _command(config),
                env=_environment(),
                pass_fds=[far.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                cwd="/",
            )
        self._control.settimeout(START_SECONDS)
        try:
            news = self._control.recv(1 << 16)
        except OSError as error:
            news = f"F{error}".encode()
        self._control.settimeout(None)
        assert self._process.stderr is not None
        with self._process.stderr as stderr:
            if news[:1] == b"R":
                return " + ".join(json.loads(news[1:]))
            self._control.close()
            _kill(self._process)
            words = news[1:] or stderr.read(1 << 16).strip().rpartition(b"\n")[2]
        raise SandboxFault(f"the fork server did not start: {words.decode(errors='replace')}")

    def _readable(self, isolation: str) -> tuple[list[str], list[str]]:
        """What Landlock lets a worker read, and only list; with namespaces the new root hides the rest."""
        if isolation == "namespaces":
            return self._layout.shown(), []
        return self._layout.read()

    def _config(self, role: str) -> dict[str, Any]:
        """What the far side is told: nothing but where its own files are."""
        shown = self._layout
        return {
            "role": role,
            "judge": os.getpid(),
            "engine": self._engine,
            "path": shown.path,
            "modules": dict(shown.modules),
            "trees": shown.trees,
            "hidden": shown.hidden,
            "package": str(PACKAGE),
            "ours": shown.ours,
            "entries": shown.entries,
        }


class Lent(Server):
    """A Server that goes on, when it is closed, for whoever asks next for the same in this process.

    Starting one imports NumPy and matplotlib, which takes a second. It holds nothing of those that it
    served: a worker is forked from what was imported, and ends when its own Worker is closed.
    """

    _key = ""  # what was asked for, once it runs

    def close(self) -> None:
        """Keep the fork server for the next; end it where it did not start."""
        if not self._key:
            super().close()
        elif os.getpid() == self._owner:
            _idle.keep(self._key, self._running())
            self._key, self._control = "", socket.socket()
            self._control.close()  # no worker is started by this one any more

    def _start(self, candidates: Sequence[str]) -> None:
        key = json.dumps([candidates, self._config("server"), _environment()], sort_keys=True)
        found = _idle.take(key)
        if found is None:
            super()._start(candidates)
        else:
            self._process, self._control, self.isolation = found
        self._key = key

    def _running(self) -> _Running:
        assert self._process is not None
        return self._process, self._control, self.isolation


_Running = tuple[subprocess.Popen[bytes], socket.socket, str]  # a fork server, its channel, its layers


class _Idle:
    """The fork servers that wait in this process for somebody to ask for the same: few, each has 70 MB."""

    MOST = 2  # with the engine and without

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, _Running] = {}
        self._end: multiprocessing.util.Finalize | None = None

    def take(self, key: str) -> _Running | None:
        """The one that waits for `key`, if it still runs."""
        with self._lock:
            found = self._waiting.pop(key, None)
        if found and found[0].poll() is not None:
            found[1].close()
            return None
        return found

    def keep(self, key: str, running: _Running) -> None:
        """Let it wait; what makes one too many ends."""
        with self._lock:
            if self._end is None:  # also in processes that multiprocessing starts, where atexit is not asked
                self._end = multiprocessing.util.Finalize(None, self.end, exitpriority=5)
            surplus = [self._waiting.pop(key)] if key in self._waiting else []
            self._waiting[key] = running
            if len(self._waiting) > self.MOST:
                surplus.append(self._waiting.pop(next(iter(self._waiting))))
        _end(surplus)

    def end(self) -> None:
        """End all that wait."""
        with self._lock:
            surplus = list(self._waiting.values())
            self._waiting.clear()
        _end(surplus)


_idle = _Idle()


def _end(surplus: Iterable[_Running]) -> None:
    for process, control, _ in surplus:
        control.close()
        _await_end(process)


def _await_end(process: subprocess.Popen[bytes]) -> None:
    """Wait for a fork server whose channel is closed; kill it where it does not end."""
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a fork server whose channel is closed, and wait for it."""
    with contextlib.suppress(PermissionError):  # it left root, we lack CAP_KILL: it ends by itself
        process.kill()
    process.wait()


def _refuse_exposure(shown: Layout, forbidden: Iterable[Path]) -> None:
    for secret in forbidden:
        path = shown.exposes(secret)
        if path is not None:
            raise SandboxUnavailable(
                f"workers could read {secret}",
                f"it shares a folder with {path}, which they need: move it elsewhere",
            )


def _command(config: dict[str, Any]) -> list[str]:
    boot = str(PACKAGE / "sandbox" / "boot.py")
    return [sys.executable, "-s", "-S", "-P", boot, json.dumps(config)]


def _environment() -> dict[str, str]:
    """One BLAS thread, one hash seed; of the judge's own, where fonts are cached and BLAS's kernels."""
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    fixed = {"PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8", "MPLBACKEND": "Agg"}
    return {**kept, **fixed, **dict.fromkeys(THREADS, "1")}
