"""Grade a class: many submissions on any executor, equal code once, resuming where it stopped.

Reports are files. `results/` has one for each code that was graded under a salt, shared by all who
handed it in; `reports/` has one for each student, with what is theirs alone.
"""

from __future__ import annotations

import contextlib
import dataclasses
import multiprocessing
import multiprocessing.util
import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minigrad.grading.assignment.load import load
from minigrad.grading.classroom.processes import Processes
from minigrad.grading.classroom.similarity import alike
from minigrad.grading.intake.canonical import intake, read
from minigrad.grading.judge import seeds
from minigrad.grading.judge.judge import Judge
from minigrad.grading.model import Alike, Assignment, GradingError, Refused, Report
from minigrad.grading.store import reports as stored
from minigrad.grading.store.layout import Course
from minigrad.sandbox.server import SandboxUnavailable

Done = Callable[[str, Report], None]


@dataclass(frozen=True)
class Court:
    """What a judge is made of, small enough to send to another process."""

    sources: Path
    salt: bytes
    isolation: str
    cache: Path | None
    forbidden: tuple[Path, ...]

    def judge(self) -> Judge:
        """The judge; SandboxUnavailable when there is no sandbox."""
        return Judge(
            load(self.sources),
            self.salt,
            isolation=self.isolation,
            cache=self.cache,
            forbidden=self.forbidden,
        )


def court(course: Course, name: str, isolation: str = "auto", throwaway: bool = False) -> Court:
    """The court for an assignment, with the round's salt or, with `throwaway`, one of its own.

    An unsafe one always has its own: a submission could read ours.
    """
    if throwaway or isolation == "unsafe":
        salt = secrets.token_bytes(stored.SALT_BYTES)
        return Court(course.sources(name), salt, isolation, None, course.private())
    salt = stored.read_salt(course.salt(name))
    return Court(course.sources(name), salt, isolation, course.state / "references", course.private())


@dataclass(frozen=True)
class Job:
    """What a worker process needs to grade one submission."""

    court: Court
    data: bytes


@dataclass(frozen=True)
class Submission:
    """One student's file, taken in. Equal keys are equal code; a refused file has none."""

    student: str
    source: Path | bytes = b""  # files of a class are read again when it is their turn: they may be big
    key: str = ""
    notes: tuple[str, ...] = ()
    blank: bool = False
    refused: str = ""


def run(
    course: Course,
    assignment: Assignment,
    submissions: Mapping[str, Path | bytes],
    *,
    workers: int = 1,
    isolation: str = "auto",
    executor: Executor | None = None,
    keep: bool = True,
    preview: bool = False,
    done: Done = lambda student, report: None,
) -> dict[str, Report]:
    """A report for each student, in the order of `submissions`; `done` hears of each as it comes.

    Runs on `executor`, or else on `workers` processes of its own. What was graded under the same
    salt and checks is not graded again; an ungraded submission (the judge's fault) is. With
    keep=False, and with isolation "unsafe", the course's results are neither read nor written. With
    `preview` students' reports are kept apart, where the next run that is none finds them.
    Raises GradingError when no submission can be graded here at all (no sandbox).
    """
    name, keep = assignment.name, keep and isolation != "unsafe"
    of = court(course, name, isolation)
    made: dict[str, Report] = {}
    kept = course.previews(name) if preview else course.reports(name)

    def settle(one: Submission, report: Report) -> None:
        if keep:
            try:
                _keep(kept / one.student, one.key or "refused", report)
            except OSError as error:  # a full disk: never a score that the next run would not find
                why = f"the report could not be kept ({error.strerror}): make room and grade again"
                report = Report(name, "ungraded", reason=why)
        made[one.student] = report
        done(one.student, report)

    def share(key: str, report: Report) -> None:
        if keep and report.status == "graded" and report.confirmed:
            with contextlib.suppress(OSError):  # then equal code is graded again
                stored.store(course.results, key, _common(report))

    waiting: dict[str, deque[Submission]] = {}
    for student, source in submissions.items():
        one = take(assignment, of.salt, student, source)
        if one.refused:
            settle(one, Report(name, "refused", reason=one.refused))
        elif keep and (found := known(course, name, one)):
            settle(one, found)
            if not (course.results / f"{one.key}.json").exists():  # a run ended between the two
                share(one.key, found)
        else:
            waiting.setdefault(one.key, deque()).append(one)

    def job(key: str) -> Job | None:
        one = waiting[key][0]
        try:
            data = one.source if isinstance(one.source, bytes) else read(one.source)
            unchanged = seeds.key(of.salt, intake(data, assignment).cells, assignment) == key
        except Refused:
            unchanged = False
        return Job(of, data) if unchanged else None

    todo = deque(waiting)
    if of.cache and workers > 1 and len(todo) > 1:
        with of.judge() as judge:
            judge.prepare()  # once, into the cache, and not in every process
    with _pool(executor, min(workers, len(todo))) as pool:
        for key, report in _graded(todo, job, pool, 1 if isinstance(pool, Here) else 2 * workers):
            same = waiting[key]
            report = dataclasses.replace(report, assignment=name)
            settle(same.popleft(), report)
            share(key, report)
            if report.status == "graded" and report.confirmed:
                while same:
                    one = same.popleft()
                    settle(one, _theirs(report, one))
            elif same:
                todo.append(key)
    return {student: made[student] for student in submissions}


def take(assignment: Assignment, salt: bytes, student: str, source: Path | bytes) -> Submission:
    """Read and take in one file; never raises for what is in it."""
    try:
        data = source if isinstance(source, bytes) else read(source)
        taken = intake(data, assignment)
    except Refused as why:
        return Submission(student, refused=str(why))
    key = seeds.key(salt, taken.cells, assignment)
    return Submission(student, source, key, taken.notes, taken.blank)


def known(course: Course, name: str, one: Submission) -> Report | None:
    """What an earlier run found for the same code: the student's own report, or the shared one."""
    for folder in (course.reports(name), course.previews(name)):
        own = stored.load(folder / one.student, one.key)
        if own and own.status == "graded":
            return own
    shared = stored.load(course.results, one.key)
    return _theirs(shared, one) if shared else None


def reports(course: Course, name: str) -> dict[str, Report]:
    """The last report of each student, as earlier runs kept them."""
    found = {}
    for folder in sorted(p for p in course.reports(name).glob("*") if p.is_dir()):
        newest = max(folder.glob("*.json"), key=lambda p: p.stat().st_mtime_ns, default=None)
        report = stored.load(folder, newest.stem) if newest else None
        if report:
            found[folder.name] = report
    return found


def near(course: Course, assignment: Assignment) -> list[Alike]:
    """Near-identical work among what was handed in, without the release and the framework."""
    works = {}
    for student, path in course.submissions(assignment.name).items():
        with contextlib.suppress(Refused):
            cells = intake(read(path, course.submitted), assignment).cells
            works[student] = [c.source for c in cells if c.kind in ("solution", "own") and not c.markdown]
    package = Path(__file__).parents[2]
    framework = [p.read_text(encoding="utf-8") for p in (*package.glob("*.py"), *package.glob("nn/*.py"))]
    release = [c.source for c in assignment.cells]
    return alike(works, [*release, assignment.sources["public_checks.py"], *framework])


def _keep(folder: Path, name: str, report: Report) -> None:
    """Store a student's report, then drop the one it replaces."""
    stored.store(folder, name, report)
    for other in folder.glob("*.json"):
        if other.stem != name:
            other.unlink()


def _common(report: Report) -> Report:
    """What equal code shares: verdicts, never text that a submission printed or repairs of one file."""
    return dataclasses.replace(report, cells=(), notes=())


def _theirs(report: Report, one: Submission) -> Report:
    return dataclasses.replace(_common(report), notes=one.notes, blank=one.blank)


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
    return Processes(workers) if workers > 1 else Here()


def _graded(
    todo: deque[str], make: Callable[[str], Job | None], pool: Executor, width: int
) -> Iterator[tuple[str, Report]]:
    """Keys and reports as they come, `width` jobs in flight; `todo` may grow meanwhile.

    `make` gives a key's job, None when the file is no longer what it was.

    A process that dies takes the whole pool with it: what was left then runs alone, one process
    each, so that only the submission at fault stays ungraded.
    """
    running: dict[Future[Report], tuple[str, Job]] = {}
    try:
        while todo or running:
            while todo and len(running) < width:
                job = make(todo[0])
                if job is None:
                    yield todo.popleft(), CHANGED
                    continue
                running[pool.submit(_grade, job)] = (todo[0], job)
                todo.popleft()
            ended = wait(running, return_when=FIRST_COMPLETED).done
            for future in [f for f in running if f in ended]:
                key, _ = running[future]
                report = _outcome(future, running[future][1])
                del running[future]
                yield key, report
    except KeyboardInterrupt:
        running.clear()  # the pool ends its processes, and stumbles over futures that are cancelled
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


CHANGED = Report("", "ungraded", reason="the file changed while the class was graded: grade it again")


def _outcome(future: Future[Report], job: Job) -> Report:
    try:
        return future.result()
    except (BrokenExecutor, GradingError):
        raise
    except Exception as error:  # a cluster gave the job up: its worker was lost again and again
        return Report(
            job.court.sources.name, "ungraded", reason=f"the cluster lost it: {type(error).__name__}"
        )


def _alone(job: Job) -> Report:
    with Processes(1) as pool:
        try:
            return pool.submit(_grade, job).result()
        except BrokenExecutor:
            return Report(job.court.sources.name, "ungraded", reason="the judge's process died")


# --- in a worker process ----------------------------------------------------------------------


class _Held(threading.local):
    """The judge of this worker, kept between submissions: it holds a fork server and references."""

    judge: Judge | None = None
    court: Court | None = None

    def get(self, court: Court) -> Judge:
        if self.judge is None or self.court != court:
            self.close()
            self.judge, self.court = court.judge(), court
            multiprocessing.util.Finalize(None, self.close, exitpriority=10)
        return self.judge

    def close(self) -> None:
        if self.judge is not None:
            self.judge.__exit__(None, None, None)
        self.judge = self.court = None


_held = _Held()


def _grade(job: Job) -> Report:
    try:
        return _held.get(job.court).grade(job.data)
    except SandboxUnavailable as error:
        raise GradingError(str(error)) from None  # true of every submission, as wrong sources are
    except GradingError:
        raise
    except Exception as error:
        _held.close()
        return Report(job.court.sources.name, "ungraded", reason=f"the judge failed: {type(error).__name__}")
