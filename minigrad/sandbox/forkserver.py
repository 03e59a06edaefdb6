"""The fork server and its supervisors: trusted processes that hold no secret.

The judge starts one fork server, which isolates itself. For each worker it forks a supervisor, and
the supervisor forks the worker. The supervisor measures the worker's CPU time from outside, kills it
at the deadline or when the judge closes the lifeline (the socket between judge and supervisor), and
tells the judge how the worker ended. None of these processes outlives the judge: the fork server ends
when the judge does, and the kernel kills every child whose parent has ended.
"""

from __future__ import annotations

import contextlib
import gc
import json
import math
import os
import select
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from minigrad.sandbox import protocol
from minigrad.sandbox.link import ARM, ENDED, FAULT, HUNG_UP, KILLED, NEWS, ORDER, USED
from minigrad.sandbox.linux import calls, landlock, seccomp

READY = b"R"  # fork server -> judge, followed by the layers in force
SCRATCH_MB = 16  # the size of the folder into which a worker may write
FILE_MB = 16  # the size of the largest file that it may write
UNPRIVILEGED = 64321  # a user id that owns nothing
INNER = 1000  # the user id of workers, as seen inside their user namespace
CHANNEL, LIFELINE = 60, 61  # a worker's file descriptors: higher than any that a library has open

Serve = Callable[[int, int], None]


def serve(config: dict[str, Any], worker: Serve) -> NoReturn:
    """Isolate this process, tell the judge, then start a worker for each message, until the judge is gone."""
    control = socket.socket(fileno=config["fd"])
    try:
        judge = os.pidfd_open(config["judge"])
        os.setsid()
        proc = _isolate(config)
        layers = _layers(config)
    except BaseException as error:
        control.send(FAULT + str(error).encode()[:4000])
        os._exit(1)
    gc.collect()
    gc.freeze()  # the collector no longer touches what is imported, so forks go on sharing its memory
    control.send(READY + json.dumps(layers).encode())
    poll = select.poll()
    for fd in (control.fileno(), judge):
        poll.register(fd, select.POLLIN)
    while True:
        ready = [fd for fd, _ in poll.poll()]
        if judge in ready:
            os._exit(0)
        message, fds, _, _ = socket.recv_fds(control, 4096, 2)
        if not message:
            os._exit(0)
        if os.fork() == 0:
            control.close()
            os.close(judge)
            _supervise(config, json.loads(message), fds, proc, worker)
        for fd in fds:
            os.close(fd)
        _reap()


def _reap() -> None:
    """Reap the supervisors that have ended: no other process can."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _isolate(config: dict[str, Any]) -> int:
    """Enter namespaces if they are asked for, and stop being root.

    Returns a descriptor of /proc, opened while there was one, for the supervisors to use; -1 without
    namespaces. Raises OSError where the kernel refuses.
    """
    spaces = config["isolation"] == "namespaces"
    uid, gid = os.getuid(), os.getgid()
    if not spaces:
        if landlock.abi() < 1:
            raise OSError("this kernel has no Landlock")
        if uid == 0:
            calls.leave_root(UNPRIVILEGED, must_read=config["read"])
        return -1
    proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    if uid == 0:  # root needs no user namespace for this; it is given up further down
        calls.unshare(calls.NAMESPACES)
    else:
        calls.unshare(calls.NAMESPACES | calls.CLONE_NEWUSER)
        calls.map_ids(proc, uid, gid, INNER)
    calls.new_root(config["trees"], config["package"], config["entries"])
    if uid == 0:
        calls.leave_root(UNPRIVILEGED)
        calls.unshare(calls.CLONE_NEWUSER)
        calls.map_ids(proc, UNPRIVILEGED, UNPRIVILEGED, INNER)
    _become_first_process()
    return proc


def _become_first_process() -> None:
    """Go on as process 1 of the new process namespace: when it ends, the kernel ends all others in it."""
    pid = os.fork()
    if pid:
        calls.close_all_but([])
        os.waitpid(pid, 0)
        os._exit(0)
    calls.die_with_parent()


def _layers(config: dict[str, Any]) -> list[str]:
    """The layers of isolation in force, by name."""
    version = landlock.abi()
    layers = ["namespaces"] if config["isolation"] == "namespaces" else []
    return [*layers, *([f"Landlock {version}"] if version else []), "seccomp", "rlimits"]


# --------------------------------------------------------------------------------- supervisor


def _supervise(
    config: dict[str, Any], options: dict[str, Any], fds: list[int], proc: int, worker: Serve
) -> NoReturn:
    """Start one worker and watch it. fds: the worker's channel to the judge, and the lifeline."""
    channel, lifeline = fds
    life = socket.socket(fileno=lifeline)
    try:
        calls.die_with_parent()
        if proc >= 0:
            calls.unshare(calls.NAMESPACES | calls.CLONE_NEWUSER)
            calls.map_ids(proc, INNER, INNER, INNER)
            calls.mount_scratch(SCRATCH_MB)
            os.close(proc)
        pid = os.fork()
        if pid == 0:
            _become_worker(config, options, channel, life, worker)
        os.close(channel)
        _watch(pid, life)
    except BaseException as error:
        _tell(life, FAULT + f"supervisor: {error}".encode()[:4000])
    os._exit(0)


def _watch(pid: int, life: socket.socket) -> None:
    """Until the worker ends, answer the judge, and kill the worker at its CPU deadline.

    The judge sends ARM with the CPU seconds of the next request, or ASK for the CPU time used so far.
    """
    end = os.pidfd_open(pid)
    poll = select.poll()
    for fd in (end, life.fileno()):
        poll.register(fd, select.POLLIN)
    deadline = math.inf
    why = ENDED
    while True:
        # A worker has one thread: its CPU time grows no faster than the clock. To sleep for as long as
        # it has CPU time left is therefore never too long.
        left = deadline - calls.cpu_time(pid)
        ready = [fd for fd, _ in poll.poll(None if left == math.inf else max(5, math.ceil(left * 1000)))]
        if end in ready:
            break
        if life.fileno() in ready:
            message = life.recv(64)
            if len(message) != ORDER.size:
                why = HUNG_UP
                break
            order, seconds = ORDER.unpack(message)
            if order == ARM:
                deadline = calls.cpu_time(pid) + seconds
            else:
                _tell(life, NEWS.pack(USED, 0, calls.cpu_time(pid)))
        elif calls.cpu_time(pid) >= deadline:
            why = KILLED
            break
    if why != ENDED:
        signal.pidfd_send_signal(end, signal.SIGKILL)
    _, status, usage = os.wait4(pid, 0)  # and where it was process 1 of a namespace, of all that it started
    _tell(life, NEWS.pack(why, status, usage.ru_utime + usage.ru_stime))


def _tell(life: socket.socket, message: bytes) -> None:
    """Send the judge a message on the lifeline."""
    with contextlib.suppress(OSError):  # the judge may be gone
        life.send(message)


# ------------------------------------------------------------------------------------- worker


def _become_worker(
    config: dict[str, Any], options: dict[str, Any], channel: int, life: socket.socket, worker: Serve
) -> NoReturn:
    """Give up all rights, say "ready" on the channel, and only then serve requests with student code."""
    lifeline = life.detach()
    try:
        calls.die_with_parent()
        os.setsid()
        _arrange_files(channel, lifeline)
        channel, lifeline = CHANNEL, LIFELINE
        spaces = config["isolation"] == "namespaces"
        _environment(calls.SCRATCH if spaces else "/")
        if spaces:
            calls.set_capabilities(0, 0)
        calls.limit(options["memory_mb"], FILE_MB)
        if landlock.abi():
            write = ["/dev/null", *([calls.SCRATCH] if spaces else [])]
            landlock.restrict([*config["read"], "/dev/urandom", "/dev/zero"], config["list"], write)
        seccomp.restrict()
        os.close(lifeline)
        os.write(channel, protocol.frame(0, "ready"))
    except BaseException as error:
        os.write(lifeline, FAULT + f"worker: {error}".encode()[:4000])
        os._exit(1)
    worker(channel, channel)
    os._exit(0)


def _arrange_files(channel: int, lifeline: int) -> None:
    """Open /dev/null as the standard streams, move channel and lifeline to their numbers, close all else."""
    null = os.open("/dev/null", os.O_RDWR)
    for target, fd in ((0, null), (1, null), (2, null), (CHANNEL, channel), (LIFELINE, lifeline)):
        os.dup2(fd, target)
    calls.close_all_but([0, 1, 2, CHANNEL, LIFELINE])


def _environment(home: str) -> None:
    """Keep nothing of the environment and the command line; work in the folder `home`."""
    os.environ.clear()
    os.environ.update(HOME=home, TMPDIR=home, MPLBACKEND="Agg", LC_ALL="C.UTF-8", PATH="")
    os.chdir(home)
    sys.argv[:] = [""]
