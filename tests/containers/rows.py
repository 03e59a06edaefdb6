"""The table: with which options a container is started, and what must come of it."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

TMP = ("--read-only", "--tmpfs", "/tmp:mode=1777")
NO_HOME = ("env", "-u", "HOME")


def profile(*names: str) -> str:
    """Docker's option for a seccomp profile that forbids these calls and no other."""
    forbidden = [{"names": names, "action": "SCMP_ACT_ERRNO", "errnoRet": 1}]
    text = json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": forbidden})
    path = Path(tempfile.gettempdir()) / f"minigrad-without-{'-'.join(names)}.json"
    path.write_text(text, encoding="ascii")
    return f"seccomp={path}"


@dataclass(frozen=True)
class Row:
    """`expected`: "graded", or words that the refusal must hold (the remedy). `folder` is writable."""

    name: str
    options: tuple[str, ...] = ()
    expected: str = "graded"
    first: tuple[str, ...] = ()  # goes before the command
    folder: str = "/tmp"
    layers: str = "Landlock"  # the first layer in force, where it is graded
    attacks: bool = False  # the attacks of tests/attacks too


def of_user(name: str, *options: str) -> tuple[Row, Row]:
    return Row(f"root, {name}", options), Row(f"user, {name}", ("--user", "1000", *options))


USER = ("--user", "1000")
ODD = ("--user", "12345:12345")

ROWS = (
    Row("root", attacks=True),
    Row("user", USER, attacks=True),
    Row("user without passwd entry", ODD),
    Row("root, cap-drop ALL", ("--cap-drop", "ALL"), attacks=True),
    Row("user, cap-drop ALL", (*USER, "--cap-drop", "ALL")),
    *of_user("no-new-privileges", "--security-opt", "no-new-privileges"),
    *of_user("read-only, /tmp", *TMP),
    Row("user without passwd entry, read-only, /tmp, all dropped, no-new-privileges",
        (*ODD, *TMP, "--cap-drop", "ALL", "--security-opt", "no-new-privileges")),
    Row("root, SYS_ADMIN", ("--cap-add", "SYS_ADMIN"), attacks=True),
    Row("user, SYS_ADMIN", (*USER, "--cap-add", "SYS_ADMIN")),
    Row("root, DAC_READ_SEARCH", ("--cap-add", "DAC_READ_SEARCH")),
    Row("root, SETUID and SETGID alone", ("--cap-drop", "ALL", "--cap-add", "SETUID", "--cap-add", "SETGID")),
    Row("root, all but SETGID", ("--cap-drop", "SETGID")),
    Row("root, seccomp unconfined", ("--security-opt", "seccomp=unconfined"), layers="namespaces"),
    Row("user, seccomp unconfined", (*USER, "--security-opt", "seccomp=unconfined"), layers="namespaces"),
    Row("root, SYS_ADMIN, seccomp unconfined",
        ("--cap-add", "SYS_ADMIN", "--security-opt", "seccomp=unconfined"), layers="namespaces",
        attacks=True),
    Row("root, a profile without Landlock", ("--security-opt", profile("landlock_create_ruleset", "unshare")),
        "a seccomp profile forbids it"),
    Row("user, a profile without pidfd_open", (*USER, "--security-opt", profile("pidfd_open")),
        "pidfd_open: Operation not permitted: a container's seccomp profile may forbid it"),
    Row("root, HOME unset", first=NO_HOME),
    Row("user without passwd entry, HOME unset, read-only, /tmp", (*ODD, *TMP), first=NO_HOME),
    Row("root, read-only, only the course's folder",
        ("--read-only", "--tmpfs", "/data:mode=777", "-e", "TMPDIR=/nowhere"), folder="/data"),
    Row("user, read-only, only the course's folder",
        (*USER, "--read-only", "--tmpfs", "/data:mode=777", "-e", "TMPDIR=/nowhere"), folder="/data"),
    Row("user, no /dev/shm", (*USER, "--ipc", "none", "--read-only", "--tmpfs", "/tmp:mode=1777"),
        "use `--workers 1`"),
    Row("user, /dev/shm of 4 KB", (*USER, "--shm-size", "4k"), "use `--workers 1`"),
    Row("user, 12 processes", (*USER, "--pids-limit", "12"), "--pids-limit"),
    Row("user, 40 processes", (*USER, "--pids-limit", "40")),
    Row("user, 48 open files", (*USER, "--ulimit", "nofile=48"), "--ulimit nofile"),
    Row("user, 384 MB", (*USER, "--memory", "384m", "--memory-swap", "384m")),
    Row("user, 2 GB", (*USER, "--memory", "2g", "--memory-swap", "2g")),
    Row("user, half a core", (*USER, "--cpus", "0.5")),
)  # fmt: skip
