"""Worker processes that end with the process that started them, however it ends."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any, TypeVar

from minigrad.grading.model import GradingError

T = TypeVar("T")


class Processes(ProcessPoolExecutor):
    """An executor of processes. All end with this one, also when it is killed.

    Leaving its `with` block by an exception does not wait for work that has not begun; leaving it by
    Ctrl-C, or by closing a generator, ends the running work too.
    """

    def __init__(self, workers: int) -> None:
        # spawn, since a fork would copy locks that our threads hold, and files that the caller has open
        try:
            super().__init__(workers, mp_context=multiprocessing.get_context("spawn"), initializer=_follow)
        except OSError as error:  # their locks lie in /dev/shm
            remedy = "use `--workers 1`, or give a container `--ipc private` and a larger `--shm-size`"
            raise GradingError(f"no processes side by side: /dev/shm: {error.strerror}; {remedy}") from None
        # All processes start at the first job. In Python 3.11, one that starts while another dies is
        # never told to end, and the executor waits for it for ever.
        self._safe_to_dynamically_spawn_children = False
        self._others = set(multiprocessing.active_children())

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        try:
            with _sigint_blocked():  # this may start processes
                return super().submit(fn, *args, **kwargs)
        except OSError:  # one cannot be started, and nothing would end those that were
            self._end()
            raise

    def __exit__(self, kind: type[BaseException] | None, *error: Any) -> None:
        if kind is not None and issubclass(kind, Exception):
            self.shutdown(cancel_futures=True)  # what has not begun does not begin
        elif kind is not None:  # Ctrl-C, a generator closed
            self._end()
        super().__exit__(kind, *error)

    def _end(self) -> None:
        for process in set(multiprocessing.active_children()) - self._others:
            process.terminate()


@contextlib.contextmanager
def _sigint_blocked() -> Iterator[None]:
    """Block SIGINT while children start, so that Ctrl-C reaches only the parent."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _follow() -> None:
    """In a new process: ignore SIGINT, which the parent handles, and end when the parent has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)  # or else it would wait for work for ever, when the parent was killed

    threading.Thread(target=watch, daemon=True).start()
