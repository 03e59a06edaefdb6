"""A seccomp filter: the system calls in a list may be made, all others are refused.

A worker can therefore start no threads and no processes, open no sockets, send no signals to others
and change no file modes; of `fcntl` it has the harmless commands only. A call through another ABI
(int 0x80, x32) kills it.
"""

from __future__ import annotations

import ctypes
import os
import struct

from minigrad.sandbox.linux import calls

# name: (x86-64, aarch64); None where the machine has no such call
ALLOWED: dict[str, tuple[int | None, int | None]] = {
    "read": (0, 63), "write": (1, 64), "readv": (19, 65), "writev": (20, 66), "pread64": (17, 67),
    "pwrite64": (18, 68), "close": (3, 57), "fstat": (5, 80), "newfstatat": (262, 79), "statx": (332, 291),
    "lseek": (8, 62), "mmap": (9, 222), "mprotect": (10, 226), "munmap": (11, 215), "mremap": (25, 216),
    "brk": (12, 214), "madvise": (28, 233), "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139), "sigaltstack": (131, 132), "openat": (257, 56), "faccessat": (269, 48),
    "faccessat2": (439, 439), "readlinkat": (267, 78), "getdents64": (217, 61), "getcwd": (79, 17),
    "dup": (32, 23), "dup3": (292, 24), "pipe2": (293, 59), "ppoll": (271, 73), "pselect6": (270, 72),
    "getpid": (39, 172), "gettid": (186, 178), "getppid": (110, 173), "getuid": (102, 174),
    "geteuid": (107, 175), "getgid": (104, 176), "getegid": (108, 177), "futex": (202, 98),
    "sched_yield": (24, 124), "sched_getaffinity": (204, 123), "clock_gettime": (228, 113),
    "clock_nanosleep": (230, 115), "clock_getres": (229, 114), "gettimeofday": (96, 169),
    "nanosleep": (35, 101), "getrandom": (318, 278), "exit": (60, 93), "exit_group": (231, 94),
    "set_robust_list": (273, 99), "rseq": (334, 293), "getrusage": (98, 165), "times": (100, 153),
    "uname": (63, 160), "sysinfo": (99, 179), "ftruncate": (77, 46), "unlinkat": (263, 35),
    "mkdirat": (258, 34), "renameat2": (316, 276), "fsync": (74, 82), "fdatasync": (75, 83),
    "setitimer": (38, 103), "getitimer": (36, 102), "restart_syscall": (219, 128), "umask": (95, 166),
    "epoll_create1": (291, 20), "epoll_ctl": (233, 21), "epoll_pwait": (281, 22), "eventfd2": (290, 19),
    "membarrier": (324, 283), "getrlimit": (97, 163), "chdir": (80, 49), "fadvise64": (221, 223),
    "getcpu": (309, 168),
    "open": (2, None), "stat": (4, None), "lstat": (6, None), "access": (21, None), "readlink": (89, None),
    "poll": (7, None), "select": (23, None), "pipe": (22, None), "dup2": (33, None), "unlink": (87, None),
    "mkdir": (83, None), "rmdir": (84, None), "rename": (82, None), "arch_prctl": (158, None),
    "epoll_wait": (232, None), "time": (201, None), "alarm": (37, None),
}  # fmt: skip

# Calls that may be made with certain arguments: name, (x86-64, aarch64), index, allowed values.
F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC = 0, 1, 2, 3, 1030
FIONCLEX, FIOCLEX = 0x5450, 0x5451
PR_SET_NAME = 15  # the only option: with PR_SET_PDEATHSIG, a worker could outlive its supervisor
FCNTL, IOCTL, PRCTL, PRLIMIT, TGKILL = (72, 25), (16, 29), (157, 167), (302, 261), (234, 131)
CLONE3 = 435

EPERM, ENOTTY, ENOSYS = 1, 25, 38
RET_ALLOW, RET_KILL_PROCESS, RET_ERRNO = 0x7FFF0000, 0x80000000, 0x50000
LOAD, JUMP_EQUAL, JUMP_GREATER_EQUAL, RETURN = 0x20, 0x15, 0x35, 0x06
OFFSET_NUMBER, OFFSET_ARCH, OFFSET_ARGUMENTS = 0, 4, 16
ARCH_X86_64, ARCH_AARCH64, X32 = 0xC000003E, 0xC00000B7, 0x40000000
SECCOMP_SET_MODE_FILTER = 1

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, operand


def program(x86: bool, pid: int) -> list[Instruction]:
    """The filter for the process `pid`, the only one that it may send a signal to."""
    column = 0 if x86 else 1
    lines: list[Instruction] = [
        (LOAD, 0, 0, OFFSET_ARCH),
        (JUMP_EQUAL, 1, 0, ARCH_X86_64 if x86 else ARCH_AARCH64),
        (RETURN, 0, 0, RET_KILL_PROCESS),
        (LOAD, 0, 0, OFFSET_NUMBER),
    ]
    if x86:
        lines += [(JUMP_GREATER_EQUAL, 0, 1, X32), (RETURN, 0, 0, RET_KILL_PROCESS)]
    for numbers in ALLOWED.values():
        number = numbers[column]
        if number is not None:
            lines += [(JUMP_EQUAL, 0, 1, number), (RETURN, 0, 0, RET_ALLOW)]
    # With ENOSYS, libc falls back to clone, which is refused like any call that is not in the list.
    lines += [(JUMP_EQUAL, 0, 1, CLONE3), (RETURN, 0, 0, RET_ERRNO | ENOSYS)]
    lines += _with(FCNTL[column], 1, (F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC), EPERM)
    lines += _with(IOCTL[column], 1, (FIONCLEX, FIOCLEX), ENOTTY)
    lines += _with(PRCTL[column], 0, (PR_SET_NAME,), EPERM)
    lines += _with(PRLIMIT[column], 0, (0,), EPERM)
    lines += _with(TGKILL[column], 0, (pid,), EPERM)  # abort() and raise()
    return [*lines, (RETURN, 0, 0, RET_ERRNO | EPERM)]


def _with(number: int, index: int, values: tuple[int, ...], error: int) -> list[Instruction]:
    """Allow call `number` if the low word of its argument `index` is one of `values`; else `error`."""
    count = len(values)
    tests = [(JUMP_EQUAL, count - i, 0, value) for i, value in enumerate(values)]
    return [
        (JUMP_EQUAL, 0, count + 3, number),
        (LOAD, 0, 0, OFFSET_ARGUMENTS + 8 * index),
        *tests,
        (RETURN, 0, 0, RET_ERRNO | error),
        (RETURN, 0, 0, RET_ALLOW),
    ]


def restrict() -> None:
    """Apply the filter to this process; it cannot be removed."""
    code = b"".join(struct.pack("HBBI", *line) for line in program(calls.X86, os.getpid()))
    buffer = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer))
    calls.prctl(calls.PR_SET_NO_NEW_PRIVS, 1)
    calls.call("seccomp", SECCOMP_SET_MODE_FILTER, 0, header)
