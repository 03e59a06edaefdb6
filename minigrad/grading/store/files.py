"""Files that are written as a whole or not at all, and that nobody but their owner can read."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def private() -> Iterator[None]:
    """Around what others write for us: files and folders made within have mode 600 and 700."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def folder(path: Path) -> Path:
    """Make a folder where there is none, and those above it, with mode 700; those that are there stay."""
    for one in reversed((path, *path.parents)):
        if not one.exists():
            one.mkdir(mode=0o700, exist_ok=True)
    return path


def demand_writable(folder: Path) -> None:
    """Raise PermissionError where nothing may be put into a folder, or it may not be made.

    For what others write for us; of ours, the writing itself says so.
    """
    there = next(p for p in (folder, *folder.parents) if p.exists())
    if not os.access(there, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(there))


def write(path: Path, data: bytes) -> None:
    """Replace a file as a whole, with mode 600: after a crash, `path` holds the old bytes or the new.

    What stood in its place is replaced and not followed. Folders are made as `folder` makes them. An OSError
    names `path`.
    """
    try:
        _write(path, data)
    except OSError as error:
        if error.errno is not None:  # else its words are all that it says
            error.filename, error.filename2 = str(path), None
        raise


def _write(path: Path, data: bytes) -> None:
    folder(path.parent)
    fd, scratch = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(fd, "wb") as f:
            f.write(data)
            f.flush()
            os.fsync(f.fileno())
        os.replace(scratch, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(scratch)
        raise
    if hasattr(os, "O_DIRECTORY"):
        above = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(above)
        finally:
            os.close(above)
