"""Processes that work side by side: they end with the one that started them, however it ends."""

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
    """Processes that end with this one, however it ends; nobody who leaves early waits for them."""

    def __init__(self, workers: int) -> None:
        # spawn: a fork would copy our threads' locks, and whatever the caller has open
        try:
            super().__init__(workers, mp_context=multiprocessing.get_context("spawn"), initializer=_follow)
        except OSError as error:  # their locks lie in /dev/shm
            remedy = "use `--workers 1`, or give a container `--ipc private` and a larger `--shm-size`"
            raise GradingError(f"no processes side by side: /dev/shm: {error.strerror}; {remedy}") from None
        # all start before anything watches them: in Python 3.11 one that starts while another dies is
        # never told to end, and its pool waits for it for ever
        self._safe_to_dynamically_spawn_children = False
        self._others = set(multiprocessing.active_children())

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        try:
            with _unheard():  # this may start processes: a Ctrl-C at their start is not their own
                return super().submit(fn, *args, **kwargs)
        except OSError:  # one cannot be started: nothing watches the others yet
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
def _unheard() -> Iterator[None]:
    """Ctrl-C waits, and processes that start meanwhile inherit that."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _follow() -> None:
    """In a new process: leave Ctrl-C to the parent, and end when the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)  # a killed parent leaves its processes waiting for work for ever

    threading.Thread(target=watch, daemon=True).start()
