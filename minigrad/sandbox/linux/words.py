"""What an error of the kernel's means to the person who set this machine or container up."""

from __future__ import annotations

import errno

PROCESSES = "no more processes may be started: raise `--pids-limit` of a container, or `ulimit -u`"
MEMORY = "there is not enough memory: raise `--memory` of a container"
FILES = "too few files may be open: raise `--ulimit nofile` of a container, or `ulimit -n`, to 256"
FORBIDDEN = (
    "a container's seccomp profile may forbid it: use a newer engine, or `--security-opt seccomp=unconfined`"
)
REMEDIES = {
    errno.EPERM: FORBIDDEN,
    errno.ENOSYS: FORBIDDEN,
    errno.EAGAIN: PROCESSES,
    errno.ENOMEM: MEMORY,
    errno.EBADF: FILES,
    errno.EMFILE: FILES,
}


def words(error: BaseException) -> str:
    """The error in one line, with the remedy where there is one for its kind."""
    if not isinstance(error, OSError) or error.errno is None:
        return str(error) or type(error).__name__
    text = error.strerror or str(error)
    if error.filename is not None:
        text = f"{text}: {error.filename}"
    remedy = REMEDIES.get(error.errno)
    return f"{text}: {remedy}" if remedy else text
