"""Grade a class: many submissions on any executor, equal code once, resuming where it stopped.

Reports are files. `results/` has one for each code that was graded under a salt, shared by all who
handed it in; `reports/` has one for each student, with what is theirs alone.
"""

from __future__ import annotations

import dataclasses
import multiprocessing
import multiprocessing.util
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minigrad.grading import authoring, results
from minigrad.grading.course import Course
from minigrad.grading.intake import intake, read
from minigrad.grading.judge import Judge
from minigrad.grading.spec import Assignment, GradingError, Refused, Report

Done = Callable[[str, Report], None]


@dataclass(frozen=True)
class Job:
    """What a worker process needs to grade one submission."""

    sources: Path
    salt: bytes
    isolation: str
    data: bytes


@dataclass(frozen=True)
class Submission:
    """One student's file, taken in. Equal keys are equal code; a refused file has none."""

    student: str
    data: bytes = b""
    key: str = ""
    notes: tuple[str, ...] = ()
    refused: str = ""


def run(
    course: Course,
    assignment: Assignment,
    submissions: Mapping[str, Path | bytes],
    *,
    workers: int = 1,
    isolation: str = "auto",
    executor: Executor | None = None,
    done: Done = lambda student, report: None,
) -> dict[str, Report]:
    """A report for each student, in the order of `submissions`; `done` hears of each as it comes.

    Runs on `executor`, or else on `workers` processes of its own. What was graded under the same
    salt and checks is not graded again; an ungraded submission (the judge's fault) is. With
    isolation "unsafe" the course's results and reports are neither read nor written.
    Raises GradingError when no submission can be graded here at all (no sandbox).
    """
    name, keep = assignment.name, isolation != "unsafe"
    salt = results.salt(course.salt(name))
    reports: dict[str, Report] = {}

    def settle(one: Submission, report: Report) -> None:
        reports[one.student] = report
        if keep:
            results.store(course.report(name, one.student), report, one.key)
        done(one.student, report)

    waiting: dict[str, deque[Submission]] = {}
    for student, source in submissions.items():
        one = take(assignment, salt, student, source)
        if one.refused:
            settle(one, Report(name, "refused", reason=one.refused))
        elif keep and (stored := known(course, name, one)):
            settle(one, stored)
        else:
            waiting.setdefault(one.key, deque()).append(one)

    def job(key: str) -> Job:
        return Job(course.sources(name), salt, isolation, waiting[key][0].data)

    todo = deque((key, job(key)) for key in waiting)
    with _pool(executor, min(workers, len(todo))) as pool:
        for key, report in _graded(todo, pool, 2 * workers):
            same = waiting[key]
            settle(same.popleft(), report)
            if report.status == "graded" and results.shareable(report):
                if keep:
                    results.store(course.results / f"{key}.json", _common(report), key)
                while same:
                    one = same.popleft()
                    settle(one, _theirs(report, one))
            elif same:
                todo.append((key, job(key)))
    return {student: reports[student] for student in submissions}


def take(assignment: Assignment, salt: bytes, student: str, source: Path | bytes) -> Submission:
    """Read and take in one file; never raises for what is in it."""
    try:
        data = source if isinstance(source, bytes) else read(source)
        taken = intake(data, assignment)
    except Refused as why:
        return Submission(student, refused=str(why))
    return Submission(student, data, results.key(salt, taken.cells, assignment), taken.notes)


def known(course: Course, name: str, one: Submission) -> Report | None:
    """What an earlier run found for the same code: the student's own report, or the shared one."""
    own = results.load(course.report(name, one.student), one.key)
    if own and own.status == "graded":
        return own
    shared = results.load(course.results / f"{one.key}.json", one.key)
    return _theirs(shared, one) if shared else None


def _common(report: Report) -> Report:
    """What equal code shares: verdicts, never text that a submission printed or repairs of one file."""
    return dataclasses.replace(report, cells=(), notes=())


def _theirs(report: Report, one: Submission) -> Report:
    return dataclasses.replace(_common(report), notes=one.notes)


# --- executors --------------------------------------------------------------------------------


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
        _held.close()


class _Lent(Executor):
    """Somebody else's executor: used, not shut down."""

    def __init__(self, executor: Executor) -> None:
        self.submit = executor.submit  # type: ignore[method-assign]


def _pool(executor: Executor | None, workers: int) -> Executor:
    if executor is not None:
        return _Lent(executor)
    return _processes(workers) if workers > 1 else Here()


def _processes(workers: int) -> Executor:
    # spawn: a fork would copy our threads' locks, and whatever the caller has open
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))


def _graded(
    todo: deque[tuple[str, Job]], pool: Executor, width: int
) -> Iterator[tuple[str, Report]]:
    """Keys and reports as they come, `width` jobs in flight; `todo` may grow meanwhile.

    A process that dies takes the whole pool with it: what was left then runs alone, one process
    each, so that only the submission at fault stays ungraded.
    """
    running: dict[Future[Report], tuple[str, Job]] = {}
    try:
        while todo or running:
            while todo and len(running) < width:
                running[pool.submit(_grade, todo[0][1])] = todo.popleft()
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                key, _ = running[future]
                report = future.result()
                del running[future]
                yield key, report
    except BrokenExecutor:
        todo.extendleft(running.values())
        running.clear()
        while todo:
            key, job = todo.popleft()
            yield key, _alone(job)
    finally:
        for future in running:
            future.cancel()


def _alone(job: Job) -> Report:
    with _processes(1) as pool:
        try:
            return pool.submit(_grade, job).result()
        except BrokenExecutor:
            return Report(job.sources.name, "ungraded", reason="the judge's process died")


# --- in a worker process ----------------------------------------------------------------------


class _Held(threading.local):
    """The judge of this worker, kept between submissions: it holds a fork server and references."""

    judge: Judge | None = None
    of: tuple[Path, bytes, str] | None = None

    def get(self, sources: Path, salt: bytes, isolation: str) -> Judge:
        if self.of != (sources, salt, isolation):
            self.close()
            judge = Judge(authoring.load(sources), salt, isolation=isolation)
            judge.__enter__()
            self.judge, self.of = judge, (sources, salt, isolation)
            multiprocessing.util.Finalize(None, self.close, exitpriority=10)
        assert self.judge is not None
        return self.judge

    def close(self) -> None:
        if self.judge is not None:
            self.judge.__exit__(None, None, None)
        self.judge = self.of = None


_held = _Held()


def _grade(job: Job) -> Report:
    try:
        return _held.get(job.sources, job.salt, job.isolation).grade(job.data)
    except GradingError:
        raise  # no sandbox, wrong sources: true of every submission
    except Exception as error:
        _held.close()
        return Report(job.sources.name, "ungraded", reason=f"the judge failed: {type(error).__name__}")
