"""Reports into the gradebook, autograded/ and the histories: a batch of students in one transaction.

First all of a batch is prepared, in memory; then it goes into the gradebook, as a whole or not at all; then
files and histories are written. What an interruption kept from being written, the next recording writes.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from nbgrader.api import Gradebook, SubmittedAssignment
from sqlalchemy.exc import SQLAlchemyError

from minigrad.grading.classroom.run import graded_intake
from minigrad.grading.intake.stamp import FILE, time_in
from minigrad.grading.judge.seeds import digest_of_sources
from minigrad.grading.model import Assignment, GradingError, Refused, Report, Source, to_type
from minigrad.grading.nbgrader.feedback.stale import drop_if_stale, drop_page
from minigrad.grading.nbgrader.gradebook import (
    Entry,
    ask_a_person,
    book,
    charge_lateness,
    demand_name,
    enter,
    entry,
    lines,
    opened_lines,
    set_time,
)
from minigrad.grading.nbgrader.late_days import drop_stale, remember_all, spend
from minigrad.grading.nbgrader.pages import (
    Notebook,
    automatic_scores,
    laid,
    other_work,
    released,
    theirs,
    with_report,
    written,
)
from minigrad.grading.nbgrader.people import name_students
from minigrad.grading.nbgrader.scores import penalty, total
from minigrad.grading.roster import Roster, read_roster
from minigrad.grading.rules.late import Elsewhere
from minigrad.grading.store import files
from minigrad.grading.store.attempts import time_file as file_of_time
from minigrad.grading.store.dates import Dates, dates_of
from minigrad.grading.store.digest import digest
from minigrad.grading.store.history import State, digest_of_work, remember, state
from minigrad.grading.store.layout import Course
from minigrad.grading.store.reports import read_salt

BATCH = 50  # students of a transaction: a commit costs as much as entering ten of them
WRITERS = 8  # threads: what waits for the disk waits together
TROUBLE = (GradingError, SQLAlchemyError, OSError, ValueError)


@dataclass(frozen=True)
class Round:
    """What all recordings of one run have in common."""

    course: Course
    assignment: Assignment
    dates: Dates
    roster: Roster | None
    salt: bytes
    sources: str  # digest of what verdicts depend on
    release: Notebook
    files: Mapping[str, bytes]  # of the release

    @classmethod
    def of(cls, course: Course, assignment: Assignment) -> Round:
        """As the course's files have it now. Raises GradingError where the release is not built."""
        return cls(
            course,
            assignment,
            dates_of(course),
            read_roster(course.roster),
            read_salt(course.salt(assignment.name)),
            digest_of_sources(assignment),
            released(assignment),
            release_files(course, assignment.name),
        )

    def state(self, submission: SubmittedAssignment, report: Report, work: str) -> State:
        """What the history gets of a recorded report; `work` is a digest of what was handed in."""
        found, late = total(submission), penalty(submission)
        return state(report, now(), found, late, work, self.sources, digest(self.salt))


@dataclass(frozen=True)
class Prepared:
    """What one student's report becomes, before anything is written."""

    report: Report
    time: datetime | None
    entry: Entry
    work: str  # digest of what was handed in
    wanted: Mapping[str, bytes]  # the files of the student's folder in autograded/
    held: Mapping[str, bytes]  # what it has


@dataclass(frozen=True)
class Entered:
    """What the histories get of a student's recorded report."""

    state: State
    others: Sequence[Elsewhere]  # the student's other assignments, with late days as they are now


def now() -> str:
    """The time of recording, as the history has it."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def release_files(course: Course, name: str) -> dict[str, bytes]:
    """The files of a release, by name. Raises GradingError where it is not built."""
    if not course.release_notebook(name).is_file():
        raise GradingError(f"{name} is not built: run {to_type('build', name)}")
    found = (p for p in course.release(name).iterdir() if p.is_file() and not p.name.startswith("."))
    return {p.name: p.read_bytes() for p in found}


def time_of(source: Source) -> datetime | None:
    """When a submission was handed in, in UTC; None where that is not known."""
    try:
        return time_in(file_of_time(source)) if isinstance(source, Path) else None
    except Refused:  # the submission is refused for it, and its page says so
        return None


def time_file(time: datetime | None) -> dict[str, bytes]:
    """The file that tells nbgrader the time."""
    return {FILE: f"{time.replace(tzinfo=None).isoformat(' ')} UTC\n".encode("ascii")} if time else {}


def record_all(
    opened: Gradebook,
    round: Round,
    submissions: Mapping[str, Source],
    reports: Mapping[str, Report],
    done: Callable[[str], None],
    moved: Callable[[Elsewhere], None],
) -> dict[str, str]:
    """Bring reports into the gradebook and autograded/; what went wrong, by student.

    `done` is called with each student once the batch is on the disk, `moved` with whatever late days
    changed elsewhere.
    """
    errors: dict[str, str] = {}
    students = list(submissions)
    with ThreadPoolExecutor(WRITERS) as pool:
        for start in range(0, len(students), BATCH):
            batch = students[start : start + BATCH]
            ready: dict[str, Prepared] = {}
            for student in (s for s in batch if reports[s].status != "ungraded"):
                try:
                    ready[student] = _prepared(round, student, submissions[student], reports[student])
                except TROUBLE as error:
                    errors[student] = _told(error)
            ungraded = [s for s in batch if reports[s].status == "ungraded"]
            errors |= _record(opened, round, ready, ungraded, pool, moved)
            for student in batch:
                done(student)
    return errors


def lateness(
    course: Course, assignment: Assignment, submissions: Mapping[str, Source], reports: Mapping[str, Report]
) -> tuple[dict[str, tuple[float, float]], list[Elsewhere]]:
    """By student who is in the gradebook, what lateness takes there, and would if the reports were recorded;
    and what late days would change elsewhere.

    It is reckoned as recording does, in a transaction that ends without a commit. Changes nothing.
    """
    dates, found = dates_of(course), {}
    others: list[Elsewhere] = []
    judged = {student: report for student, report in reports.items() if report.status != "ungraded"}
    with book(course) as opened:
        known = lines(opened, assignment.name, tuple(judged))
        new = (s for s in judged if s.isprintable() and dates.late.budget_days)  # they spend late days, too
        for student, line in {**opened_lines(opened, assignment.name, tuple(new)), **known}.items():
            was = line.late_submission_penalty or 0.0
            scores = automatic_scores(assignment, judged[student], ())
            for grade in line.grades:
                grade.auto_score = scores.get(grade.cell.name)
            set_time(line.assignment, time_of(submissions[student]))
            charge_lateness(opened, line, dates)
            others += (one for one in spend(opened, student, assignment.name, dates) if one.moved)
            if student in known:
                found[student] = (was, line.late_submission_penalty or 0.0)
    return found, others


def _prepared(round: Round, student: str, source: Source, report: Report) -> Prepared:
    """Read a submission, and make all that its report becomes. Raises Refused where nothing can be."""
    course, assignment, name = round.course, round.assignment, round.assignment.name
    demand_name(student)
    taken = graded_intake(course, assignment, round.salt, student, source, report)
    notebook, time = laid(round.release, taken, report.reason), time_of(source)
    shown = written(with_report(notebook, report, assignment))
    return Prepared(
        report,
        time,
        entry(assignment, notebook, report),
        digest_of_work(theirs(notebook)),
        {**round.files, **time_file(time), f"{name}.ipynb": shown},
        held(course, name, student),
    )


def _record(
    opened: Gradebook,
    round: Round,
    ready: Mapping[str, Prepared],
    ungraded: Sequence[str],
    pool: ThreadPoolExecutor,
    moved: Callable[[Elsewhere], None],
) -> dict[str, str]:
    """Record a batch; where the gradebook does not take it, each student alone. The errors, by student."""
    try:
        entered = _enter(opened, round, ready, ungraded)
        opened.db.commit()
    except TROUBLE as error:
        opened.db.rollback()
        students = [*ready, *ungraded]
        if len(students) == 1:
            return {students[0]: _told(error)}
        found: dict[str, str] = {}
        for student in students:
            alone = {student: ready[student]} if student in ready else {}
            found |= _record(opened, round, alone, [] if alone else [student], pool, moved)
        return found
    tasks = {s: pool.submit(_write, round, s, ready[s], new) for s, new in entered.items()}
    for other in (other for one in entered.values() for other in one.others if other.told):
        moved(other)
    errors = {}
    for student, task in tasks.items():
        try:
            task.result()
        except TROUBLE as error:
            errors[student] = _told(error)
    return errors


def _enter(
    opened: Gradebook, round: Round, ready: Mapping[str, Prepared], ungraded: Sequence[str]
) -> dict[str, Entered]:
    """Bring a batch into the gradebook; by student, what the histories get. Commits nothing.

    What the judge failed on keeps what the gradebook has of it, and waits for a person.
    """
    course, name, dates = round.course, round.assignment.name, round.dates
    entered = {}
    for line in lines(opened, name, ungraded).values() if ungraded else ():
        ask_a_person(line)
    found = opened_lines(opened, name, tuple(ready)) if ready else {}
    for student, one in ready.items():
        line, anew = found[student], one.held != one.wanted
        set_time(line.assignment, one.time)
        by_hand = any(grade.manual_score is not None for grade in line.grades)
        file = f"{name}.ipynb"
        other = other_work(one.held.get(file, b""), one.wanted[file]) if by_hand else ()
        enter(opened, line, one.entry, dates, other)
        if anew:
            drop_page(course, name, student)
        drop_if_stale(opened, course, line, dates)
        others = drop_stale(opened, course, spend(opened, student, name, dates), dates)
        entered[student] = Entered(round.state(line.assignment, one.report, one.work), others)
    name_students(opened, round.roster, (*ready, *ungraded))
    return entered


def _write(round: Round, student: str, one: Prepared, new: Entered) -> None:
    """Lay what is recorded into autograded/, where it is not there, and into the histories."""
    if one.held != one.wanted:
        folder = round.course.autograded / student / round.assignment.name
        shutil.rmtree(folder, ignore_errors=True)
        for file, data in one.wanted.items():
            files.write(folder / file, data)
    remember(round.course.history(round.assignment.name) / student, new.state)
    remember_all(round.course, new.others, new.state.time)


def held(course: Course, name: str, student: str) -> dict[str, bytes]:
    """What a student's folder holds, by name; nothing where it has more than files, or is none."""
    try:
        return {p.name: p.read_bytes() for p in (course.autograded / student / name).iterdir()}
    except OSError:
        return {}


def _told(error: BaseException) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"cannot use {error.filename}: {error.strerror}"
    return str(getattr(error, "orig", None) or error)
