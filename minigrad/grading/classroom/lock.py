"""One grading at a time in a course: two at once would record over each other."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from minigrad.grading.model import GradingError, clean
from minigrad.grading.store.files import folder
from minigrad.grading.store.layout import Course

FILE = "lock"


@contextmanager
def grading(course: Course) -> Iterator[None]:
    """Hold the course's lock.

    Raises GradingError, at once, where another process holds it: which one, where, and since when. The
    kernel frees the lock when its process ends, however that comes about; what a killed process left in
    the file is overwritten, and never taken for a holder.
    """
    if sys.platform == "win32":  # no sandbox there, so nothing is graded for the gradebook
        yield
        return
    import fcntl

    folder(course.state)
    file = os.open(course.state / FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = clean(os.pread(file, 200, 0).decode(errors="replace").strip()) or "another process"
            raise GradingError(
                f"{course.work} is being graded by {holder}: wait until that ends, or end it, and try again"
            ) from None
        except OSError as error:
            raise GradingError(
                f"{course.state / FILE} cannot be locked ({error.strerror}): keep the course on a disk that "
                "has file locks; the gradebook needs them too"
            ) from None
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        os.ftruncate(file, 0)
        os.pwrite(file, f"process {os.getpid()} on {socket.gethostname()} since {now}\n".encode(), 0)
        yield
    finally:
        os.close(file)
