"""Which of a student's attempts is graded, by the course's rule: that in submitted/, or one kept beside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from minigrad.grading.classroom.run import fetch, grade_class
from minigrad.grading.intake.canonical import intake
from minigrad.grading.intake.stamp import time_in
from minigrad.grading.model import Assignment, Refused, Report, Source, Unjudged
from minigrad.grading.rules.attempts import Attempt, counting
from minigrad.grading.store.attempts import UNDATED, time_file
from minigrad.grading.store.dates import Dates, dates_of
from minigrad.grading.store.digest import digest
from minigrad.grading.store.history import digest_of_work
from minigrad.grading.store.layout import Course

Grade = Callable[[Mapping[str, Source]], Mapping[str, Report]]


def counted(
    course: Course,
    assignment: Assignment,
    submissions: Mapping[str, Source],
    workers: int = 1,
    known: Grade | None = None,
) -> dict[str, Source]:
    """By student, the attempt of an assignment that counts; `submissions` are the last ones.

    Work that cannot be read stays what it is: a person is asked. Where the best attempt counts, each is
    graded, on `workers` processes; what was graded before is not graded again. Of whom the judge fails on
    one of several, none counts: the source is Unjudged, with the reason. With `known`, nothing is graded: it
    gives the reports that there are.
    """
    dates, name = dates_of(course), assignment.name
    if dates.counts == "last":
        return {**submissions}
    found = {s: attempts(course, name, s, last, dates) for s, last in submissions.items()}

    def grade(some: Mapping[str, Source]) -> Mapping[str, Report]:
        return grade_class(course, assignment, some, workers=workers, preview=True)

    failed: dict[str, Unjudged] = {}
    if dates.counts == "best":
        found, failed = _with_points(found, known or grade)
    return {
        s: failed.get(s) or counting(several, dates.counts, dates.until(name, s), dates.late).work
        for s, several in found.items()
    }


def attempts(course: Course, name: str, student: str, last: Source, dates: Dates) -> list[Attempt[Source]]:
    """A student's attempts, in the order of handing in; `last` closes."""
    if not isinstance(last, Path):
        return [Attempt(last)]
    try:
        own = digest(last.read_bytes())
        time = time_in(time_file(last), course.submitted)
    except (OSError, Refused):  # it is refused with its reason where it is graded
        return [Attempt(last)]
    due = dates.until(name, student)
    earlier = []
    for path in sorted(
        (course.attempts(name) / student).glob("*.*.ipynb"), key=lambda p: p.stat().st_mtime_ns
    ):
        text, _, which = path.stem.partition(".")
        when = said(text, due)
        if which == own:
            time = time or when
        else:
            earlier.append(Attempt[Source](path, time_in(time_file(path)) or when))
    earlier.sort(key=lambda one: one.time or datetime.min.replace(tzinfo=UTC))
    return [*earlier, Attempt(last, time)]


def said(text: str, due: datetime | None) -> datetime | None:
    """The time that an LMS's export names; it has no zone, and is taken to be in the due date's."""
    if text in ("", UNDATED) or due is None:
        return None
    try:
        return datetime(*map(int, text.split("-")), tzinfo=due.tzinfo)  # type: ignore[arg-type, misc]
    except (TypeError, ValueError):
        return None


def _with_points(
    found: Mapping[str, list[Attempt[Source]]], grade: Grade
) -> tuple[dict[str, list[Attempt[Source]]], dict[str, Unjudged]]:
    """The attempts with the points of their reports: of each student the first, then the second. And of whom
    one has no report, by a fault of ours."""
    made: dict[str, list[Attempt[Source]]] = {s: [] for s in found}
    failed: dict[str, Unjudged] = {}
    for turn in range(max(map(len, found.values()), default=0)):
        theirs = {s: several[turn] for s, several in found.items() if len(several) > max(turn, 1)}
        reports = grade({s: one.work for s, one in theirs.items()})
        for s, several in found.items():
            if turn < len(several):
                report = reports.get(s)
                points = report.score if report and report.status == "graded" else None
                if report and report.status == "ungraded":
                    failed[s] = Unjudged(
                        f"which of {len(several)} attempts is the best is not known: {report.reason}"
                    )
                made[s].append(Attempt(several[turn].work, several[turn].time, points))
    return made, failed


def work(course: Course, assignment: Assignment, source: Source) -> str:
    """The digest of work that lies there now, as the state has it that recording it would make."""
    return looked_at(course, assignment, source)[0]


def looked_at(course: Course, assignment: Assignment, source: Source) -> tuple[str, bool]:
    """`work`, and whether it is refused."""
    try:
        cells, refused = intake(fetch(course, source), assignment).cells, False
    except Refused:
        cells, refused = assignment.cells, True
    return digest_of_work(c.source for c in cells if c.kind in ("solution", "written", "own")), refused
