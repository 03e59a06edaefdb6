"""A worker without a sandbox: a plain process with deadlines, on any system. It runs code as you."""

from __future__ import annotations

import contextlib
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence

from minigrad.sandbox import protocol
from minigrad.sandbox.errors import Reason, SandboxFault, WorkerEnded
from minigrad.sandbox.link import why_ended

Reply = tuple[int, bytes] | Exception


class Plain:
    """A child process that talks over its standard streams.

    Where the system does not tell another process's CPU time, elapsed time is counted instead.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            command,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._ended: WorkerEnded | None = None
        self._cpu = 0.0
        self._start = 0.0  # CPU seconds of its imports

    def await_ready(self, seconds: float) -> None:
        """Wait until the worker has imported everything; SandboxFault when it does not."""
        try:
            sequence, _ = self.exchange(b"", seconds, seconds)
        except WorkerEnded as end:
            self.close()
            raise SandboxFault(f"a worker could not be started ({end})") from None
        if sequence != 0:
            raise SandboxFault("a worker could not be started: it said something else than ready")
        self._start, self._cpu = self.cpu(), 0.0

    def exchange(self, frame: bytes, cpu: float, wall: float) -> tuple[int, bytes]:
        if self._ended is not None:
            raise self._ended
        replies: queue.SimpleQueue[Reply] = queue.SimpleQueue()
        threading.Thread(target=self._talk, args=(frame, replies), daemon=True).start()
        began, used = time.monotonic(), self.cpu()
        while True:
            elapsed, spent = time.monotonic() - began, self.cpu() - used
            if spent >= cpu:
                raise self.give_up("cpu", f"over {cpu:g} s of CPU")
            if elapsed >= wall:
                raise self.give_up("wall", f"no answer within {wall:g} s")
            try:
                reply = replies.get(timeout=min(wall - elapsed, cpu - spent))
            except queue.Empty:
                continue
            if sys.platform != "linux":
                self._cpu += time.monotonic() - began
            if isinstance(reply, protocol.ProtocolError):
                raise self.give_up("protocol", str(reply))
            if isinstance(reply, Exception):
                raise self._find_end()
            return reply

    def _talk(self, frame: bytes, replies: queue.SimpleQueue[Reply]) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(frame)
            self._process.stdin.flush()
            header = self._read(protocol.HEADER_SIZE)
            sequence, length = protocol.parse_header(header, protocol.MAX_REPLY)
            replies.put((sequence, self._read(length)))
        except (OSError, ValueError, protocol.ProtocolError) as error:
            replies.put(error)

    def _read(self, count: int) -> bytes:
        assert self._process.stdout is not None
        data = self._process.stdout.read(count)
        if len(data) < count:
            raise ConnectionError
        return data

    def _find_end(self) -> WorkerEnded:
        try:
            code = self._process.wait(1)
        except subprocess.TimeoutExpired:
            return self.give_up("protocol", "it closed its channel")
        self._ended = why_ended(code)
        return self._ended

    def give_up(self, reason: Reason, detail: str) -> WorkerEnded:
        if self._ended is None:
            self._cpu = self.cpu()
            self._ended = WorkerEnded(reason, detail)
            self._process.kill()
            self._process.wait()
        return self._ended

    def cpu(self) -> float:
        if self._ended is None and sys.platform == "linux":
            with contextlib.suppress(OSError):  # it may just have ended
                self._cpu = time.clock_gettime((~self._process.pid << 3) | 2) - self._start
        return self._cpu

    def close(self) -> None:
        self.give_up("exit", "the judge closed it")
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):  # what was never read is lost with it
                    stream.close()
