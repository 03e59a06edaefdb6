"""A bound on the computing time of a block of code, from inside its process: of a cell, or of a probe.

It serves whoever plays fair: in a worker, the supervisor has a deadline of its own.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Overtime(BaseException):
    """The time is over. Not an Exception, so that no `except Exception` of a student catches it."""


@contextmanager
def deadline(cpu: float) -> Iterator[None]:
    """Raise Overtime in the block after `cpu` seconds of computing time.

    Without effect where there are no timers (Windows, a browser) and outside the main thread, to which
    Python delivers signals; there, a person has to interrupt the kernel.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def over(*_: object) -> None:
        raise Overtime

    before = signal.signal(signal.SIGPROF, over)
    signal.setitimer(signal.ITIMER_PROF, cpu)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
