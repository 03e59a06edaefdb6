"""A bound on the computing time of a probe in a notebook: an endless loop must not hold up Run All."""

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

    before = signal.signal(signal.SIGVTALRM, over)
    signal.setitimer(signal.ITIMER_VIRTUAL, cpu)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
