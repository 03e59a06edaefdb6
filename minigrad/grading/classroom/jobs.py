"""Jobs on an executor: reports as they come, also where a process that grades one dies."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from typing import Any

from minigrad.grading.classroom import court
from minigrad.grading.classroom.court import Job
from minigrad.grading.classroom.processes import Processes
from minigrad.grading.model import GradingError, Report

CHANGED = Report("", "ungraded", reason="the file changed while the class was graded: grade it again")


class Here(Executor):
    """Runs at once, in this process: one submission, or one worker."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        court.close()


class Lent(Executor):
    """Somebody else's executor: used, not shut down."""

    def __init__(self, executor: Executor) -> None:
        self.submit = executor.submit  # type: ignore[method-assign]


def pool(executor: Executor | None, workers: int) -> Executor:
    """The executor given, or else `workers` processes, or this one."""
    if executor is not None:
        return Lent(executor)
    return Processes(workers) if workers > 1 else Here()


def graded(
    todo: deque[str], make: Callable[[str], Job | None], executor: Executor, workers: int
) -> Iterator[tuple[str, Report]]:
    """Keys and reports as they come, two jobs in flight for each worker; `todo` may grow meanwhile.

    `make` gives a key's job, None when the file is no longer what it was. A process that dies takes
    the whole executor with it: what was left then runs in a process of its own each, so that only
    the submission at fault stays ungraded.
    """
    width = 1 if isinstance(executor, Here) else 2 * workers
    running: dict[Future[Report], tuple[str, Job]] = {}
    try:
        while todo or running:
            while todo and len(running) < width:
                job = make(todo[0])
                if job is None:
                    yield todo.popleft(), CHANGED
                    continue
                running[executor.submit(court.grade, job)] = (todo[0], job)
                todo.popleft()
            ended = wait(running, return_when=FIRST_COMPLETED).done
            for future in [f for f in running if f in ended]:
                key, _ = running[future]
                report = _outcome(future, running[future][1])
                del running[future]
                yield key, report
    except KeyboardInterrupt:
        running.clear()  # not cancelled below: the executor ends its processes, and fails on such futures
        raise
    except BrokenExecutor:
        todo.extendleft(key for key, _ in running.values())
        running.clear()
        while todo:
            key = todo.popleft()
            job = make(key)
            yield key, _alone(job) if job else CHANGED
    finally:
        for future in running:
            future.cancel()


def _outcome(future: Future[Report], job: Job) -> Report:
    try:
        return future.result()
    except (BrokenExecutor, GradingError):
        raise
    except Exception as error:  # a cluster gives up a job whose worker is lost again and again
        return Report(job.court.name, "ungraded", reason=f"the cluster lost it: {type(error).__name__}")


def _alone(job: Job) -> Report:
    with Processes(1) as process:
        try:
            return process.submit(court.grade, job).result()
        except BrokenExecutor:
            return Report(job.court.name, "ungraded", reason="the judge's process died")
