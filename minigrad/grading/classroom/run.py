"""Grade a class: many submissions on any executor, equal code once, resuming where it stopped.

Reports are files. `results/` has one for each code that was graded under a salt, shared by all who
handed it in; `reports/` has one for each student, with what is theirs alone.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path

from minigrad.grading.classroom import jobs
from minigrad.grading.classroom.court import Court, Job, court
from minigrad.grading.classroom.decisions import concerning, decided, demand_known
from minigrad.grading.intake.canonical import Intake, intake, read
from minigrad.grading.intake.stamp import handed_in_at
from minigrad.grading.judge import seeds
from minigrad.grading.model import (
    Alike,
    Assignment,
    Decision,
    GradingError,
    Refused,
    Report,
    Source,
    Unjudged,
)
from minigrad.grading.report.similarity import similar
from minigrad.grading.store.dates import dates_of
from minigrad.grading.store.layout import Course
from minigrad.grading.store.reports import load_report, save_report
from minigrad.grading.store.submitted import submissions

Done = Callable[[str, Report], None]


@dataclass(frozen=True)
class Submission:
    """One student's file, taken in. Equal keys are equal code; a refused file has none."""

    student: str
    source: Source = b""  # files of a class are read again when it is their turn: they may be big
    key: str = ""
    notes: tuple[str, ...] = ()
    blank: bool = False
    refused: str = ""
    unjudged: str = ""  # why it is not known which attempt counts


def grade_class(
    course: Course,
    assignment: Assignment,
    submissions: Mapping[str, Source],
    *,
    workers: int = 1,
    isolation: str = "auto",
    executor: Executor | None = None,
    keep: bool = True,
    preview: bool = False,
    done: Done = lambda student, report: None,
) -> dict[str, Report]:
    """A report for each student, in the order of `submissions`; `done` is called with each as it is made.

    Runs on `executor`, or else on `workers` processes of its own. What was graded under the same
    salt and checks is not graded again; an ungraded submission (the judge's fault) is. With
    keep=False, and with isolation "unsafe", the course's results are neither read nor written. With
    `preview` students' reports are kept apart; the next run without it takes them from there.
    Raises GradingError when no submission can be graded here at all (no sandbox).
    """
    name, keep = assignment.name, keep and isolation != "unsafe"
    folder = course.previews(name) if preview else course.reports(name)
    decisions = dates_of(course).decisions.get(name, ()) if keep else ()
    demand_known(assignment, decisions)
    judge_of = court(course, name, isolation)
    grading = _Grading(course, assignment, judge_of, folder if keep else None, done, decisions)
    for student, source in submissions.items():
        grading.take_in(take(course, assignment, grading.court.salt, student, source))
    todo = deque(grading.waiting)
    with jobs.pool(executor, min(workers, len(todo))) as pool:
        for key, report in jobs.graded(todo, grading.job, pool, workers):
            if grading.settle_equal(key, dataclasses.replace(report, assignment=name)):
                todo.append(key)
    return {student: grading.reports[student] for student in submissions}


@dataclass
class _Grading:
    """One run over a class: the reports that there are, and the submissions that wait for theirs."""

    course: Course
    assignment: Assignment
    court: Court
    folder: Path | None  # where students' reports are kept; None: nothing is kept
    done: Done
    decisions: tuple[Decision, ...] = ()
    reports: dict[str, Report] = field(default_factory=dict)
    waiting: dict[str, deque[Submission]] = field(default_factory=dict)  # equal code under one key

    def take_in(self, one: Submission) -> None:
        """Settle what needs no grading; let the others wait."""
        if one.unjudged:
            self.settle(one, Report(self.assignment.name, "ungraded", reason=one.unjudged))
        elif one.refused:
            self.settle(one, Report(self.assignment.name, "refused", reason=one.refused))
        elif self.folder and (found := known_report(self.course, self.assignment.name, one)):
            self.settle(one, found)
            if not (self.course.results / f"{one.key}.json").exists():  # the last run ended before it
                self.share(one.key, found)
        else:
            self.waiting.setdefault(one.key, deque()).append(one)

    def job(self, key: str) -> Job | None:
        """The job of the first submission that waits under a key; None when its file has changed."""
        one = self.waiting[key][0]
        try:
            data = fetch(self.course, one.source)
            cells = intake(data, self.assignment).cells
        except Refused:
            return None
        unchanged = seeds.key(self.court.salt, cells, self.assignment) == key
        return Job(self.court, data) if unchanged else None

    def settle_equal(self, key: str, report: Report) -> bool:
        """Settle what waits under a key by one report; True when others of it must be graded anew."""
        equal = self.waiting[key]
        self.settle(equal.popleft(), report)
        self.share(key, report)
        if not _shareable(report):
            return bool(equal)
        while equal:
            one = equal.popleft()
            self.settle(one, _theirs(report, one))
        return False

    def settle(self, one: Submission, report: Report) -> None:
        """Keep a student's report as the judge made it, and pass it on as it was decided."""
        report = dataclasses.replace(report, decisions=concerning(self.decisions, one.student))
        if self.folder:
            try:
                keep_report(self.folder / one.student, one.key or "refused", report)
            except OSError as error:  # a full disk: never a score that the next run would not find
                why = (
                    f"the report could not be kept ({error.strerror}: {self.folder / one.student}): "
                    "make room, or give yourself the right to write there, and grade again"
                )
                report = Report(self.assignment.name, "ungraded", reason=why)
        self.reports[one.student] = report = decided(report)
        self.done(one.student, report)

    def share(self, key: str, report: Report) -> None:
        """Keep what equal code may have of a report."""
        if self.folder and _shareable(report):
            with contextlib.suppress(OSError):  # then equal code is graded again
                save_report(self.course.results, key, _common(report))


def fetch(course: Course, source: Source) -> bytes:
    """The bytes of a submission; Refused where there are none to grade.

    What lies in submitted/ may not be reached through a link, and its time must be one.
    """
    if isinstance(source, Refused):
        raise source
    if isinstance(source, bytes):
        return source
    within = course.submitted if source.is_relative_to(course.submitted) else None
    data = read(source, within)
    if within:
        handed_in_at(source.parent, within)
    return data


def graded_intake(
    course: Course, assignment: Assignment, salt: bytes, student: str, source: Source, report: Report
) -> Intake | None:
    """What a student's report is about; None where it was refused.

    Raises Refused when the file is not the one that was graded: its report is no longer true of it.
    """
    if report.status != "graded":
        return None
    data = fetch(course, source)
    with contextlib.suppress(Refused):
        taken = intake(data, assignment)
        key = seeds.key(salt, taken.cells, assignment)
        if (course.reports(assignment.name) / student / f"{key}.json").is_file():
            return taken
    raise Refused("the file changed after it was graded: grade it again")


def take(course: Course, assignment: Assignment, salt: bytes, student: str, source: Source) -> Submission:
    """Read and take in one file; never raises for what is in it."""
    try:
        taken = intake(fetch(course, source), assignment)
    except Unjudged as why:
        return Submission(student, unjudged=str(why))
    except Refused as why:
        return Submission(student, refused=str(why))
    key = seeds.key(salt, taken.cells, assignment)
    return Submission(student, source, key, taken.notes, taken.blank)


def known_report(course: Course, name: str, one: Submission) -> Report | None:
    """What an earlier run found for the same code: the student's own report, or the shared one."""
    for folder in (course.reports(name), course.previews(name)):
        own = load_report(folder / one.student, one.key)
        if own and own.status == "graded":
            return own
    shared = load_report(course.results, one.key)
    return _theirs(shared, one) if shared else None


def last_reports(course: Course, name: str) -> dict[str, Report]:
    """The last report of each student who is in the course, as earlier runs kept them."""
    found, dropped = {}, course.dropped()
    for folder in sorted(p for p in course.reports(name).glob("*") if p.is_dir() and p.name not in dropped):
        newest = max(folder.glob("*.json"), key=lambda p: p.stat().st_mtime_ns, default=None)
        report = load_report(folder, newest.stem) if newest else None
        if report:
            found[folder.name] = decided(report)
    return found


def near_identical(course: Course, assignment: Assignment, earlier: Path | None = None) -> list[Alike]:
    """Near-identical work among what was handed in, without the release and the framework.

    `earlier` is a folder like submitted/, of another year: its students are named by their folders, and pairs
    of them are not told. Raises GradingError where it has nothing of the assignment.
    """
    handed_in: dict[str, Source] = {**course.submissions(assignment.name)}
    now = handed_in.keys() | set()
    if earlier:
        there = submissions(earlier, assignment.name, course.names())
        if not there:
            raise GradingError(f"nothing of {assignment.name} in {earlier}: name a folder like submitted/")
        handed_in |= {str(earlier / student): source for student, source in there.items()}
    works = {}
    for student, source in handed_in.items():
        with contextlib.suppress(Refused):
            cells = intake(fetch(course, source), assignment).cells
            works[student] = [c.source for c in cells if c.kind in ("solution", "own") and not c.markdown]
    package = Path(__file__).parents[2]
    files = (path for pattern in ("*.py", "nn/*.py", "ops/*.py") for path in package.glob(pattern))
    framework = [p.read_text(encoding="utf-8") for p in files]
    release = [c.source for c in assignment.cells]
    found = similar(works, [*release, assignment.sources["public_checks.py"], *framework])
    told = (
        dataclasses.replace(one, pairs=tuple(p for p in one.pairs if not now.isdisjoint(p.students)))
        for one in found
    )
    return [one for one in told if one.pairs]


def keep_report(folder: Path, name: str, report: Report) -> None:
    """Store a student's report where it is not there yet, then drop the one it replaces."""
    if load_report(folder, name) != dataclasses.replace(report, cpu=0.0, training_cpu=0.0):
        save_report(folder, name, report)
    for other in folder.glob("*.json"):
        if other.stem != name:
            other.unlink()


def _shareable(report: Report) -> bool:
    """Whether equal code may have this report: never a fault, nor a timeout that was not confirmed."""
    return report.status == "graded" and report.confirmed


def _common(report: Report) -> Report:
    """What equal code shares: verdicts, never text that a submission printed or repairs of one file."""
    return dataclasses.replace(report, cells=(), notes=(), decisions=())


def _theirs(report: Report, one: Submission) -> Report:
    """A shared report as the report of one who handed in the same code."""
    return dataclasses.replace(_common(report), notes=one.notes, blank=one.blank)
