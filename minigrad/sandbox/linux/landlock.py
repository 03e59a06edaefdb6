"""Landlock: a process gives up all files but those it names, all TCP, and signals to other processes."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import re
import stat
import struct
from collections.abc import Iterable

from minigrad.sandbox.linux import calls

# linux/landlock.h
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
MAKE_CHAR, MAKE_SOCK, MAKE_FIFO, MAKE_BLOCK = 1 << 6, 1 << 9, 1 << 10, 1 << 11
TRUNCATE, IOCTL_DEV = 1 << 14, 1 << 15
RIGHTS_BY_ABI = {1: 13, 2: 14, 3: 15, 4: 15}  # number of rights on files; 16 from ABI 5 on
ON_FILES = WRITE_FILE | READ_FILE | TRUNCATE  # the rights that a rule for a single file may grant
# Rights that even a folder that may be written does not give.
NO_SUCH_MAKING = EXECUTE | MAKE_CHAR | MAKE_SOCK | MAKE_FIFO | MAKE_BLOCK | IOCTL_DEV
TCP, SCOPED = 3, 3  # bind and connect; abstract sockets and signals

CREATE_RULESET_VERSION = 1
RULE_PATH_BENEATH = 1
O_PATH = 0o10000000


class _PathBeneath(ctypes.Structure):
    """struct landlock_path_beneath_attr, which is packed."""

    _pack_ = 1
    _layout_ = "ms"
    _fields_ = [("allowed", ctypes.c_uint64), ("fd", ctypes.c_int32)]


def abi() -> int:
    """The version of Landlock that this kernel has; 0 if none."""
    try:
        return _version()
    except OSError:
        return 0


def _version() -> int:
    return calls.call(
        "landlock_create_ruleset", None, ctypes.c_size_t(0), ctypes.c_uint32(CREATE_RULESET_VERSION)
    )


def require() -> None:
    """OSError with the cause and the remedy where this process cannot use Landlock."""
    try:
        _version()
    except OSError as error:
        raise OSError(f"no Landlock: {why_not(error.errno or 0, platform.release())}") from None


def why_not(code: int, release: str) -> str:
    """What keeps Landlock from being used, by the error of its first call and the kernel's release."""
    if code == errno.EOPNOTSUPP:
        return "it is switched off; start the kernel with `lsm=landlock,...`"
    if code == errno.ENOSYS and tuple(map(int, re.findall(r"\d+", release)[:2])) < (5, 13):
        return f"it needs Linux 5.13 or newer, and this is {release}"
    if code in (errno.EPERM, errno.ENOSYS):
        return (
            "a seccomp profile forbids it, or the kernel was built without it; in a container, use a newer "
            "engine (Docker 23, Podman 4), or start it with `--security-opt seccomp=unconfined`"
        )
    return os.strerror(code)


def rules(read: Iterable[str], list_only: Iterable[str], write: Iterable[str]) -> int:
    """A descriptor of rules by which a process reads only below `read`, lists folders only below
    `list_only`, and reads and writes below `write`.

    Paths that do not exist are left out. Raises OSError where the kernel has no Landlock.
    """
    require()
    version = abi()
    handled = (1 << RIGHTS_BY_ABI.get(version, 16)) - 1
    ruleset = _ruleset(version, handled)
    for path in read:
        _allow(ruleset, path, handled & (READ_FILE | READ_DIR))
    for path in list_only:
        _allow(ruleset, path, READ_DIR)
    for path in write:
        _allow(ruleset, path, handled & ~NO_SUCH_MAKING)
    return ruleset


def restrict(ruleset: int) -> None:
    """Put this process under rules, and close their descriptor; it cannot undo this."""
    calls.prctl(calls.PR_SET_NO_NEW_PRIVS, 1)
    calls.call("landlock_restrict_self", ruleset, 0)
    os.close(ruleset)


def _ruleset(version: int, handled: int) -> int:
    """A descriptor of a new set of rules, which forbids `handled`, and TCP and signals where it can."""
    attributes = struct.pack("QQQ", handled, TCP if version >= 4 else 0, SCOPED if version >= 6 else 0)
    size = 8 if version < 4 else 16 if version < 6 else 24
    return calls.call("landlock_create_ruleset", attributes[:size], ctypes.c_size_t(size), ctypes.c_uint32(0))


def _allow(ruleset: int, path: str, rights: int) -> None:
    """Add a rule: `rights` on all below `path`, if it exists."""
    try:
        fd = os.open(path, O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(fd).st_mode):
            rights &= ON_FILES
        rule = _PathBeneath(rights, fd)
        calls.call("landlock_add_rule", ruleset, RULE_PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(fd)
