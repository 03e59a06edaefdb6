"""The kernel's isolation calls through ctypes: namespaces, mounts, capabilities, limits.

There is no other dependency and no set-uid helper. Every function raises OSError where the kernel
refuses: a caller that goes on is as isolated as it believes. Call numbers are those of x86-64 and
aarch64.
"""

from __future__ import annotations

import ctypes
import functools
import os
import platform
import resource
import time
from collections.abc import Iterable, Sequence

X86 = platform.machine() == "x86_64"

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x4000000, 0x8000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
NAMESPACES = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 32, 4096, 16384, 1 << 18
MNT_DETACH = 2
AT_FDCWD, AT_RECURSIVE = -100, 0x8000
MOUNT_ATTR_RDONLY_NOSUID_NODEV = 1 | 2 | 4

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_KEEPCAPS, PR_SET_NO_NEW_PRIVS = 1, 4, 8, 38
CAP_DAC_READ_SEARCH, CAP_SETGID, CAP_SETUID, CAP_SYS_ADMIN = 2, 6, 7, 21
SIGKILL = 9

SCRATCH = "/scratch"
DEVICES = ("null", "zero", "urandom")

NUMBERS = {
    "capget": 125 if X86 else 90,
    "capset": 126 if X86 else 91,
    "pivot_root": 155 if X86 else 41,
    "seccomp": 317 if X86 else 277,
    "close_range": 436,
    "mount_setattr": 442,
    "landlock_create_ruleset": 444,
    "landlock_add_rule": 445,
    "landlock_restrict_self": 446,
}


@functools.cache
def libc() -> ctypes.CDLL:
    """The C library of this process."""
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> int:
    """A call's result; raises OSError, which says what was tried, where it is negative."""
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result


def call(name: str, *arguments: object) -> int:
    """Make a system call of `NUMBERS`, by its name; returns its result."""
    return _check(libc().syscall(NUMBERS[name], *arguments), name)


def prctl(option: int, argument: int) -> None:
    """prctl(2) with one argument."""
    word = ctypes.c_ulong
    _check(libc().prctl(option, word(argument), word(0), word(0), word(0)), f"prctl({option})")


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends. A later setuid() cancels this."""
    prctl(PR_SET_PDEATHSIG, SIGKILL)


def pidfd(pid: int) -> int:
    """A descriptor of a process, readable when it has ended."""
    try:
        return os.pidfd_open(pid)
    except OSError as error:  # name the call
        raise OSError(error.errno, f"pidfd_open: {error.strerror}") from None


def cpu_time(pid: int) -> float:
    """CPU seconds that another process has used: its clock has the number of clock_getcpuclockid(3)."""
    return time.clock_gettime((~pid << 3) | 2)


def close_all_but(keep: Iterable[int]) -> None:
    """Close every file descriptor that is not in `keep`."""
    low = 0
    for fd in sorted(keep):
        if fd > low:
            call("close_range", ctypes.c_uint(low), ctypes.c_uint(fd - 1), 0)
        low = fd + 1
    call("close_range", ctypes.c_uint(low), ctypes.c_uint(0xFFFFFFFF), 0)


# ------------------------------------------------------------------------ users and capabilities


def unshare(flags: int) -> None:
    """unshare(2): enter new namespaces; `flags` says of which kinds."""
    _check(libc().unshare(flags), "unshare")


def map_ids(proc: int, uid: int, gid: int, inner: int) -> None:
    """In a new user namespace, let the ids `inner` stand for `uid` and `gid` outside.

    proc: a descriptor of /proc, opened before the root was changed.
    """
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{inner} {uid} 1"),
        ("gid_map", f"{inner} {gid} 1"),
    ):
        fd = os.open(f"self/{name}", os.O_WRONLY, dir_fd=proc)
        try:
            os.write(fd, text.encode())
        finally:
            os.close(fd)


def capabilities() -> tuple[int, int]:
    """This process's capabilities, (effective, permitted), as bit masks."""
    data = (ctypes.c_uint32 * 6)()
    call("capget", _capability_header(), data)
    return data[0] | data[3] << 32, data[1] | data[4] << 32


def set_capabilities(effective: int, permitted: int) -> None:
    """Keep only these capabilities, given as bit masks of the first 32; inheritable ones are dropped."""
    data = (ctypes.c_uint32 * 6)(effective, permitted, 0, 0, 0, 0)
    call("capset", _capability_header(), data)


def _capability_header() -> ctypes.Array[ctypes.c_uint32]:
    return (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3, this process


def has(effective: int, *wanted: int) -> bool:
    """Whether all capabilities of `wanted` are in the mask `effective`."""
    return all(effective >> one & 1 for one in wanted)


def may_become(uid: int, effective: int, uid_map: str, gid_map: str) -> bool:
    """Whether a process with these capabilities may take user id `uid`, and group id `uid`.

    The maps are the texts of /proc/self/uid_map and gid_map: lines of (first id here, first id
    outside, count). A container's root may lack the capabilities, or every id but its own.
    """
    return has(effective, CAP_SETUID, CAP_SETGID) and _maps(uid_map, uid) and _maps(gid_map, uid)


def _maps(text: str, id: int) -> bool:
    ranges = (map(int, line.split()) for line in text.splitlines())
    return any(first <= id < first + count for first, _, count in ranges)


def leave_root(uid: int) -> None:
    """Become `uid` for good. Capabilities stay permitted until `set_capabilities` drops them."""
    prctl(PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    prctl(PR_SET_DUMPABLE, 1)  # the change of user cleared it, and without it uid_map cannot be written


def may_read(path: str) -> bool:
    """Whether this process may read a file, or list and enter a folder; true of one that is gone."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    try:
        os.stat(".", dir_fd=fd)
    except NotADirectoryError:
        return True
    except OSError:
        return False
    finally:
        os.close(fd)
    return True


# ------------------------------------------------------------------------------------ file systems


def mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    """mount(2)"""

    def text(s: str | None) -> bytes | None:
        return None if s is None else os.fsencode(s)

    result = libc().mount(text(source), text(target), text(kind), ctypes.c_ulong(flags), text(data))
    _check(result, f"mount {source} on {target}")


def new_root(trees: Sequence[str], hidden: Sequence[str], entries: Sequence[str]) -> None:
    """Make a new root and change to it.

    It shows `trees`, but of the folders `hidden` in them only `entries`; the devices in `DEVICES`; and
    an empty folder `SCRATCH`. All is read-only. There is no /proc, /sys, /home, /etc or /tmp.
    """
    base = "/sys"  # exists everywhere, and nothing is bound from below it
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    _small_tmpfs(base, MS_NODEV)
    root = base + "/new"
    os.mkdir(root)
    _small_tmpfs(root, 0)
    for tree in trees:
        _bind(tree, root)
    for folder in hidden:
        _small_tmpfs(root + folder, MS_NODEV)
    for entry in entries:
        _bind(entry, root)
    for folder in hidden:
        _read_only(root + folder)
    os.makedirs(root + "/dev", exist_ok=True)
    for name in DEVICES:
        _touch(f"{root}/dev/{name}")
        mount(f"/dev/{name}", f"{root}/dev/{name}", None, MS_BIND)
    os.mkdir(root + SCRATCH)
    _pivot(root)


def _pivot(root: str) -> None:
    """Change to the root `root`, read-only, and detach the old one."""
    os.mkdir(root + "/old")
    call("pivot_root", os.fsencode(root), os.fsencode(root + "/old"))
    os.chdir("/")
    _check(libc().umount2(b"/old", MNT_DETACH), "umount of the old root")
    os.rmdir("/old")
    mount(None, "/", None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID)


def _small_tmpfs(target: str, flags: int) -> None:
    """Mount an empty file system of 1 MB in memory on `target`."""
    mount("tmpfs", target, "tmpfs", MS_NOSUID | flags, "size=1m,nr_inodes=4096,mode=755")


def _bind(path: str, root: str) -> None:
    """Show `path` read-only below `root`; a symbolic link, such as /lib -> usr/lib, is made anew."""
    target = root + path
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.islink(path):
        os.symlink(os.readlink(path), target)
        return
    if os.path.isdir(path):
        os.makedirs(target, exist_ok=True)
    else:
        _touch(target)
    mount(path, target, None, MS_BIND | MS_REC)
    _read_only(target)


def _read_only(target: str) -> None:
    """Make `target` and all mounts below it read-only; a remount would change the topmost only."""
    attributes = (ctypes.c_uint64 * 4)(MOUNT_ATTR_RDONLY_NOSUID_NODEV, 0, 0, 0)
    call("mount_setattr", AT_FDCWD, os.fsencode(target), AT_RECURSIVE, attributes, ctypes.c_size_t(32))


def _touch(path: str) -> None:
    """Make an empty file, on which something can be mounted."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o644))


def mount_scratch(megabytes: int) -> None:
    """Mount an empty file system in memory on `SCRATCH`; all may write into it, nothing in it can be run."""
    flags = MS_NOSUID | MS_NODEV | MS_NOEXEC
    mount("tmpfs", SCRATCH, "tmpfs", flags, f"size={megabytes}m,nr_inodes=256,mode=777")


# ------------------------------------------------------------------------------------------ limits


# Limits that a submission is promised: less would cost points that are no fault of it.
PROMISED = {resource.RLIMIT_AS: "v", resource.RLIMIT_FSIZE: "f"}


def limit(memory_mb: int, file_mb: int) -> None:
    """Limit memory and files, for good. CPU time is limited from outside, anew for each request."""
    wanted = {
        resource.RLIMIT_AS: memory_mb << 20,
        resource.RLIMIT_FSIZE: file_mb << 20,
        resource.RLIMIT_NOFILE: 64,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
    }
    for which, value in wanted.items():
        hard = resource.getrlimit(which)[1]
        if which in PROMISED and hard != resource.RLIM_INFINITY and hard < value:
            allowed = f"`ulimit -{PROMISED[which]}` allows {hard >> 20} MB"
            raise OSError(f"a worker needs {value >> 20} MB, and {allowed}: raise it")
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (value, value))
