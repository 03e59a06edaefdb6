"""How the judge talks to one worker: in the sandbox by a channel, without it as to any other process.

In the sandbox there is a lifeline to the worker's supervisor, too. Without it code runs as you.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Protocol

from minigrad.sandbox import protocol
from minigrad.sandbox.errors import Reason, SandboxFault, WorkerEnded
from minigrad.sandbox.worker import MEMORY_EXIT

Reply = tuple[int, bytes] | Exception

SIGKILL = 9
END_SECONDS = 10.0  # for a supervisor to tell of the end, on a busy machine

# On the lifeline, judge -> supervisor: ARM with CPU seconds for the next call, ASK for the CPU used.
ARM, ASK = b"A", b"?"
ORDER = struct.Struct("<cd")
# supervisor -> judge: USED answers ASK; ENDED, KILLED (at the CPU deadline), HUNG_UP tell of the end
# with the wait status; FAULT is followed by words: the set-up failed, no student code has run.
USED, ENDED, KILLED, HUNG_UP, FAULT = b"U", b"E", b"K", b"H", b"F"
NEWS = struct.Struct("<cid")


class Link(Protocol):
    """A worker, as something that frames are sent to and replies received from."""

    def exchange(self, frame: bytes, cpu: float, wall: float) -> tuple[int, bytes]:
        """Send a frame, return the reply's sequence number and value; WorkerEnded otherwise."""

    def give_up(self, reason: Reason, detail: str) -> WorkerEnded:
        """End the worker; the error to raise."""

    def cpu(self) -> float:
        """CPU seconds used so far."""

    def close(self) -> None:
        """End the worker, if it still runs."""


def why_ended(code: int) -> WorkerEnded:
    """The end of a worker that nobody killed, from its exit code (negative: the signal)."""
    if code in (MEMORY_EXIT, -SIGKILL):
        return WorkerEnded("memory", "no memory was left")
    if code >= 0:
        return WorkerEnded("exit", f"it ended itself with exit code {code}")
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return WorkerEnded("signal", name)


def out_of_memory() -> int:
    """How many processes the kernel has ended for want of memory, on this machine and in its containers."""
    try:
        with open("/proc/vmstat", encoding="ascii") as file:
            counts = dict(line.split() for line in file)
    except OSError:
        return 0
    return int(counts.get("oom_kill", 0))


class Supervised:
    """A sandboxed worker: a stream socket to it, a packet socket to its supervisor."""

    def __init__(self, channel: socket.socket, life: socket.socket) -> None:
        self._channel = channel
        self._life = life
        self._life.settimeout(END_SECONDS)
        self._ended: WorkerEnded | None = None
        self._killed_before = out_of_memory()
        self._cpu = 0.0
        self._cpu_known = False  # False while a request runs: `_cpu` is then out of date
        self._budget = 0.0

    def await_ready(self, seconds: float) -> None:
        """Wait until the worker is isolated; SandboxFault when that fails. No student code yet."""
        ready = protocol.frame(0, "ready")
        self._channel.settimeout(seconds)
        try:
            got = self._channel.recv(len(ready), socket.MSG_WAITALL)
        except OSError:
            got = b""
        if got != ready:
            raise SandboxFault(f"a worker could not be set up: {self._fault()}")

    def _fault(self) -> str:
        self._channel.close()
        with self._life:
            self._life.settimeout(1)
            try:
                news = self._life.recv(4096)
            except OSError:
                news = b""
        if news[:1] == FAULT:
            return news[1:].decode(errors="replace")
        return "its supervisor is gone" if not news else "it ended"

    def exchange(self, frame: bytes, cpu: float, wall: float) -> tuple[int, bytes]:
        if self._ended is not None:
            raise self._ended
        deadline = time.monotonic() + wall
        self._budget, self._cpu_known = cpu, False
        try:
            self._life.send(ORDER.pack(ARM, cpu))
            self._channel.settimeout(wall)
            self._channel.sendall(frame)
            sequence, length = protocol.parse_header(
                self._receive(protocol.HEADER_SIZE, deadline), protocol.MAX_REPLY
            )
            return sequence, self._receive(length, deadline)
        except TimeoutError:
            raise self.give_up("wall", f"no answer within {wall:g} s") from None
        except protocol.ProtocolError as error:
            raise self.give_up("protocol", str(error)) from None
        except OSError:
            raise self._find_end() from None

    def _receive(self, count: int, deadline: float) -> bytes:
        data = bytearray()
        while len(data) < count:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._channel.settimeout(left)
            piece = self._channel.recv(min(count - len(data), 1 << 20))
            if not piece:
                raise ConnectionError
            data += piece
        return bytes(data)

    def _find_end(self) -> WorkerEnded:
        """The channel is closed, mostly because the worker has ended: its supervisor knows."""
        for _ in range(50):
            news = self._ask()
            if news is None:
                raise SandboxFault("a worker's supervisor is gone: start a new server")
            if news[0] != USED:
                self._ended = self._end(*news)
                self._refuse_blame(*news)
                return self._ended
            time.sleep(0.01)  # its channel is closed, but the process has not ended yet
        return self.give_up("protocol", "it closed its channel")

    def _refuse_blame(self, kind: bytes, status: int) -> None:
        """SandboxFault where a worker was killed that had not yet used the memory it was promised."""
        killed = kind == ENDED and os.waitstatus_to_exitcode(status) == -SIGKILL
        if killed and out_of_memory() > self._killed_before:
            remedy = "raise `--memory` of a container, or use fewer `--workers`"
            raise SandboxFault(f"the machine or container ran out of memory: {remedy}")

    def _ask(self) -> tuple[bytes, int] | None:
        with contextlib.suppress(OSError):  # a supervisor that ended had sent its message before
            self._life.send(ORDER.pack(ASK, 0.0))
        return self._news()

    def _note_end(self) -> None:
        """Read on until the supervisor tells nothing more: its last news has all the CPU time used."""
        while self._news() is not None:
            pass

    def _end(self, kind: bytes, status: int) -> WorkerEnded:
        if kind == KILLED:
            return WorkerEnded("cpu", f"over {self._budget:g} s of CPU")
        return why_ended(os.waitstatus_to_exitcode(status))

    def _news(self) -> tuple[bytes, int] | None:
        """What the supervisor tells next, as (kind, wait status), or None; notes the CPU time."""
        try:
            message = self._last_word()
        except OSError:
            return None
        if len(message) != NEWS.size:
            return None
        kind, status, self._cpu = NEWS.unpack(message)
        return kind, status

    def _last_word(self) -> bytes:
        try:
            return self._life.recv(4096)
        except ConnectionResetError:  # it ended before reading our ASK; its message comes next
            return self._life.recv(4096)

    def give_up(self, reason: Reason, detail: str) -> WorkerEnded:
        if self._ended is None:
            self._ended = WorkerEnded(reason, detail)
            with contextlib.suppress(OSError):
                self._life.shutdown(socket.SHUT_WR)
            self._note_end()
        return self._ended

    def cpu(self) -> float:
        if self._ended is None and not self._cpu_known:
            news = self._ask()
            if news is not None and news[0] != USED:
                self._ended = self._end(*news)
            self._cpu_known = True
        return self._cpu

    def close(self) -> None:
        self.cpu()
        self._ended = self._ended or WorkerEnded("exit", "the judge closed it")
        self._channel.close()  # its supervisor sees that and kills the worker; we do not wait for it
        self._life.close()


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
