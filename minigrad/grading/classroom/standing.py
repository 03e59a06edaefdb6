"""How grades stand to what they are of: work that is newer, waits or is gone, and rules that have changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from minigrad.grading.classroom.attempts import attempts, counted, looked_at
from minigrad.grading.classroom.decisions import concerning, decided, note
from minigrad.grading.classroom.run import known_report, take
from minigrad.grading.intake.stamp import handed_in_at, time_in
from minigrad.grading.judge.seeds import digest_of_sources
from minigrad.grading.model import Assignment, Refused, Report, Source, to_type
from minigrad.grading.store.attempts import time_file
from minigrad.grading.store.dates import FILE as DATES
from minigrad.grading.store.dates import Dates, dates_of
from minigrad.grading.store.history import decisions_of, newest
from minigrad.grading.store.layout import Course
from minigrad.grading.store.reports import read_salt


@dataclass(frozen=True)
class Standing:
    """Students of an assignment whose grade is not one of what they have handed in, or not by the rules
    that the course's files have now."""

    waiting: tuple[str, ...]  # handed in, and never graded
    newer: tuple[str, ...]  # handed in again since, or edited in submitted/
    another: tuple[str, ...]  # by the course's rule, another attempt counts, or may, than what was graded
    retimed: tuple[str, ...]  # the work is the one that was graded, its time of handing in is another
    gone: tuple[str, ...]  # graded or recorded, and not handed in any more
    undecided: tuple[str, ...] = ()  # other decisions concern them by now than their grade has
    edited: tuple[str, ...] = ()  # what was recorded is by other points, checks or hints
    judged: int = 0  # how many of those who have handed in have a grade of checks
    lost: str = ""  # what is said where .minigrad/ is not there, by which all this is known

    @property
    def to_regrade(self) -> bool:
        """Whether somebody's grade is not by the rules of now."""
        return bool(self.undecided or self.edited)

    @property
    def command(self) -> str:
        """What brings in line whatever is behind."""
        return "regrade" if self.to_regrade else "grade"

    @property
    def behind(self) -> bool:
        """Whether a regrade would bring something in line."""
        return bool(self.waiting or self.newer or self.another or self.retimed or self.to_regrade)

    @property
    def left(self) -> Standing:
        """What a regrade leaves as it is."""
        return Standing((), (), (), (), self.gone)


def standing(
    course: Course, assignment: Assignment, reports: Mapping[str, Report], recorded: Collection[str] = ()
) -> Standing:
    """`reports` are the last ones, `recorded` are the gradebook's students of this assignment.

    Who has dropped out is in none of it. Reads every file that was graded; writes nothing.
    """
    handed_in: dict[str, Source] = {**course.submissions(assignment.name)}
    graded = {*reports, *recorded}
    gone = graded - handed_in.keys() - course.dropped()
    again = {s: source for s, source in handed_in.items() if s in reports}
    dates = dates_of(course)
    known = _Known(course, assignment, dates)
    counting = counted(course, assignment, again, known=known)
    others = sorted(_others(known, reports, again, counting))
    same = sorted(again.keys() - set(others))
    lying = {s for s in others if _same(course, assignment, s, reports[s], again[s])}
    sources = digest_of_sources(assignment)
    judged = [s for s in again if reports[s].status == "graded"]
    return Standing(
        tuple(sorted(handed_in.keys() - graded)),
        tuple(s for s in others if s not in lying),
        tuple(s for s in others if s in lying),
        tuple(s for s in same if _retimed(course, assignment.name, s, counting[s])),
        tuple(sorted(gone)),
        tuple(s for s in judged if _undecided(dates, assignment.name, s, reports[s])),
        tuple(s for s in judged if _edited(course, assignment.name, s, sources)),
        len(judged),
    )


def told(course: Course, name: str, found: Standing) -> list[str]:
    """A line for each kind: who it is, and the command that mends it, one for all where it is a regrade."""
    lines = [found.lost] if found.lost else []
    grade = to_type(found.command, name)
    if found.waiting:
        lines.append(f"handed in, and not graded yet: {', '.join(found.waiting)}: run {grade}")
    if found.newer:
        who = ", ".join(found.newer)
        lines.append(f"other work than what was graded lies in submitted/ of {who}: run {grade}")
    if found.another:
        who = ", ".join(found.another)
        lines.append(f"another attempt than what was graded counts by now, or may, of {who}: run {grade}")
    if found.retimed:
        who = ", ".join(found.retimed)
        lines.append(f"another time of handing in than what was graded has the work of {who}: run {grade}")
    if found.undecided:
        who = _who(found.undecided, found.judged)
        lines.append(f"{DATES} has other decisions about {name} by now than the grades of {who}: run {grade}")
    if found.edited:
        who = _who(found.edited, found.judged)
        lines.append(f"{name} was edited since, and the grades of {who} are those of before: run {grade}")
    for student in found.gone:
        whole = not (course.submitted / student).exists()
        command = to_type("roster", "forget", student, *([] if whole else [name]))
        lines.append(
            f"{student} was graded and still counts, but nothing of {name} is in submitted/ any more: "
            f"put it back, or {command}"
        )
    return lines


def _who(students: Sequence[str], all: int) -> str:
    return "everybody" if len(students) == all > 1 else ", ".join(students)


def graded_work(
    course: Course, assignment: Assignment, student: str, last: Source, report: Report
) -> Source | None:
    """The student's work that was graded, `last` or one kept beside it; None where it is not kept."""
    several = attempts(course, assignment.name, student, last, dates_of(course))
    works = (one.work for one in reversed(several))
    return next((work for work in works if _same(course, assignment, student, report, work)), None)


def _others(
    known: _Known,
    reports: Mapping[str, Report],
    handed_in: Mapping[str, Source],
    counting: Mapping[str, Source],
) -> Iterator[str]:
    """Of whom other work counts, or may, than what was graded last."""
    course, assignment, dates = known.course, known.assignment, known.dates
    for student, source in counting.items():
        several: Collection[Source] = [source]
        if student in known.lacking:
            if student in known.judged:
                yield student
                continue
            several = [a.work for a in attempts(course, assignment.name, student, handed_in[student], dates)]
        if not any(_same(course, assignment, student, reports[student], one) for one in several):
            yield student


def _undecided(dates: Dates, name: str, student: str, report: Report) -> bool:
    """Whether other decisions concern a student by now than those by which the last report was made."""
    wanted = map(note, concerning(dates.decisions.get(name, ()), student))
    return sorted(wanted) != sorted(decisions_of(report))


def _edited(course: Course, name: str, student: str, sources: str) -> bool:
    """Whether what was recorded last is of other `sources`, by their digest; of who has no record, no."""
    last = newest(course.history(name) / student)
    return last is not None and last.sources != sources


def _retimed(course: Course, name: str, student: str, source: Source) -> bool:
    """Whether work has another time of handing in than was recorded with it; of who has no record, no."""
    record = course.autograded / student / name
    if not isinstance(source, Path) or not (record / f"{name}.ipynb").is_file():
        return False
    try:
        return time_in(time_file(source)) != handed_in_at(record)
    except Refused:  # such work is refused, which is told elsewhere
        return False


class _Known:
    """Where the best attempt counts: the reports that there are of attempts, and of whom some are lacking.

    Of whom all are lacking, as under another minigrad, nobody knows which one is the best.
    """

    def __init__(self, course: Course, assignment: Assignment, dates: Dates) -> None:
        self.course, self.assignment, self.dates = course, assignment, dates
        self.decisions = dates.decisions.get(assignment.name, ())
        self.judged: set[str] = set()
        self.lacking: set[str] = set()

    def __call__(self, some: Mapping[str, Source]) -> dict[str, Report]:
        found = {}
        salt = read_salt(self.course.salt(self.assignment.name))
        for student, source in some.items():
            one = take(self.course, self.assignment, salt, student, source)
            if one.refused:
                continue
            if report := known_report(self.course, self.assignment.name, one):
                self.judged.add(student)
                theirs = concerning(self.decisions, student)
                found[student] = decided(dataclasses.replace(report, decisions=theirs))
            else:
                self.lacking.add(student)
        return found


def _same(course: Course, assignment: Assignment, student: str, report: Report, source: Source) -> bool:
    """Whether a file is the work that was recorded last or, where nothing is recorded, the last report's."""
    name = assignment.name
    digest, refused = looked_at(course, assignment, source)
    if last := newest(course.history(name) / student):
        return last.work == digest and refused == (last.status == "refused")
    if refused or report.status != "graded":
        return refused == (report.status == "refused")
    key = take(course, assignment, read_salt(course.salt(name)), student, source).key
    return (course.reports(name) / student / f"{key}.json").is_file()
