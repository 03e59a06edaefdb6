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
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from minigrad.sandbox import protocol
from minigrad.sandbox.link import ARM, ENDED, FAULT, HUNG_UP, KILLED, NEWS, ORDER, USED
from minigrad.sandbox.linux import calls, landlock, seccomp
from minigrad.sandbox.linux.words import words

READY = b"R"  # fork server -> judge, followed by the layers in force
SCRATCH_MB = 16  # the size of the folder into which a worker may write
FILE_MB = 16  # the size of the largest file that it may write
UNPRIVILEGED = 64321  # a user id that owns nothing
INNER = 1000  # the user id of workers, as seen inside their user namespace
ID_MAPS = ("/proc/self/uid_map", "/proc/self/gid_map")
# A worker's file descriptors, higher than any that a library has open; RULES are those of Landlock.
CHANNEL, LIFELINE, RULES = 60, 61, 62

Serve = Callable[[int, int], None]


def serve(config: dict[str, Any], worker: Serve) -> NoReturn:
    """Isolate this process, tell the judge, then start a worker for each message, until the judge is gone."""
    control = socket.socket(fileno=config["fd"])
    try:
        judge = calls.pidfd(config["judge"])
        os.setsid()
        proc = _isolate(config)
        layers = _layers(config)
    except BaseException as error:
        control.send(FAULT + words(error).encode()[:4000])
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
        if _fork(fds[1]) == 0:
            control.close()
            os.close(judge)
            _supervise(config, json.loads(message), fds, proc, worker)
        for fd in fds:
            os.close(fd)
        _reap()


def _fork(lifeline: int) -> int | None:
    """Start a supervisor. Where no process can be started now, tell the judge: None."""
    try:
        return os.fork()
    except OSError as error:
        with contextlib.suppress(OSError):  # the judge may be gone
            os.write(lifeline, FAULT + words(error).encode())
        return None


def _reap() -> None:
    """Reap the supervisors that have ended: no other process can."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _isolate(config: dict[str, Any]) -> int:
    """Enter namespaces if they are asked for, and stop being root.

    Returns a descriptor of /proc, opened while there was one, for the supervisors to use; -1 without
    namespaces. Raises OSError where the kernel refuses, or the machine does not let workers read Python.
    """
    proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    effective, permitted = calls.capabilities()
    root = os.getuid() == 0
    leaves = root and calls.may_become(UNPRIVILEGED, effective, *map(_text, ID_MAPS))
    if config["isolation"] == "namespaces":
        if leaves and calls.has(effective, calls.CAP_SYS_ADMIN):
            _namespaces_as_root(config, proc)
        else:
            _namespaces(config, proc, leaves)
        _become_first_process()
        return proc
    os.close(proc)
    landlock.require()
    if leaves:
        calls.leave_root(UNPRIVILEGED)
    if root:
        _drop_capabilities(config, permitted & 1 << calls.CAP_DAC_READ_SEARCH)
    else:
        calls.set_capabilities(0, 0)
    rules = landlock.rules(_readable(config), config["list"], ["/dev/null"])
    os.dup2(rules, RULES)  # the same for all workers, which read them from here
    os.close(rules)
    return -1


def _namespaces_as_root(config: dict[str, Any], proc: int) -> None:
    """Namespaces first, then never root again."""
    calls.unshare(calls.NAMESPACES)
    calls.new_root(config["trees"], config["hidden"], config["entries"])
    calls.leave_root(UNPRIVILEGED)
    _drop_capabilities(config)
    calls.unshare(calls.CLONE_NEWUSER)
    calls.map_ids(proc, UNPRIVILEGED, UNPRIVILEGED, INNER)


def _namespaces(config: dict[str, Any], proc: int, leaves: bool) -> None:
    """As an ordinary user: the new user namespace gives the right to the others."""
    if leaves:
        calls.leave_root(UNPRIVILEGED)
        _drop_capabilities(config)
    uid, gid = os.getuid(), os.getgid()
    calls.unshare(calls.NAMESPACES | calls.CLONE_NEWUSER)
    calls.map_ids(proc, uid, gid, INNER)
    calls.new_root(config["trees"], config["hidden"], config["entries"])


def _drop_capabilities(config: dict[str, Any], spare: int = 0) -> None:
    """Drop every capability that root had.

    Root that may not take another id (a container without CAP_SETUID) is from here on an ordinary
    user that owns root's files. `spare` is the right to read past file modes, or 0: it stays where
    modes keep this user from what workers need (Python below a home of mode 700); Landlock still
    says which files. Where it is needed and not there, OSError.
    """
    calls.set_capabilities(0, spare)
    path = _unreadable((*config["trees"], *config["entries"]), config["path"])
    keep = spare if path else 0
    calls.set_capabilities(keep, keep)
    if path and not keep:
        raise OSError(
            f"workers run as user {os.getuid()}, who may not read {path}: open it to all users "
            "(`chmod -R a+rX`; a folder above it may be the cause), start minigrad as an ordinary user, "
            "or give a container `--cap-add DAC_READ_SEARCH`"
        )


def _unreadable(shown: Sequence[str], searched: Sequence[str]) -> str | None:
    """The first path that this user may not read: of those shown, or of what lies in a folder searched."""
    for path in (*shown, *searched):
        if not calls.may_read(path):
            return path
    for folder in filter(os.path.isdir, searched):
        for name in sorted(os.listdir(folder)):
            path = os.path.join(folder, name)
            if (name.endswith((".py", ".so")) or "." not in name) and not calls.may_read(path):
                return path
    return None


def _readable(config: dict[str, Any]) -> list[str]:
    """What workers may read, with the devices."""
    return [*config["read"], "/dev/urandom", "/dev/zero"]


def _text(path: str) -> str:
    with open(path, encoding="ascii") as file:
        return file.read()


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
        _tell(life, FAULT + f"supervisor: {words(error)}".encode()[:4000])
    os._exit(0)


def _watch(pid: int, life: socket.socket) -> None:
    """Until the worker ends, answer the judge, and kill the worker at its CPU deadline.

    The judge sends ARM with the CPU seconds of the next request, or ASK for the CPU time used so far.
    """
    end = calls.pidfd(pid)
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
        spaces = config["isolation"] == "namespaces"
        _arrange_files(channel, lifeline, [] if spaces else [RULES])
        channel, lifeline = CHANNEL, LIFELINE
        _environment(calls.SCRATCH if spaces else "/")
        if spaces:
            calls.set_capabilities(0, 0)
        calls.limit(options["memory_mb"], FILE_MB)
        if landlock.abi():
            own = ["/dev/null", calls.SCRATCH]  # each worker has another scratch folder
            landlock.restrict(landlock.rules(_readable(config), [], own) if spaces else RULES)
        seccomp.restrict()
        os.close(lifeline)
        os.write(channel, protocol.frame(0, "ready"))
    except BaseException as error:
        os.write(lifeline, FAULT + f"worker: {words(error)}".encode()[:4000])
        os._exit(1)
    worker(channel, channel)
    os._exit(0)


def _arrange_files(channel: int, lifeline: int, kept: list[int]) -> None:
    """Open /dev/null as the standard streams, move channel and lifeline to their numbers, close all else
    but `kept`."""
    null = os.open("/dev/null", os.O_RDWR)
    for target, fd in ((0, null), (1, null), (2, null), (CHANNEL, channel), (LIFELINE, lifeline)):
        os.dup2(fd, target)
    calls.close_all_but([0, 1, 2, CHANNEL, LIFELINE, *kept])


def _environment(home: str) -> None:
    """Keep nothing of the environment and the command line; work in the folder `home`."""
    os.environ.clear()
    os.environ.update(HOME=home, TMPDIR=home, MPLBACKEND="Agg", LC_ALL="C.UTF-8", PATH="")
    os.chdir(home)
    sys.argv[:] = [""]
