"""Lay what an LMS gives out into submitted/: a folder, .zip, .tar or .tar.gz.

Understands the exports of Moodle, Canvas, Blackboard, Brightspace, Sakai, ILIAS, Gradescope and GitHub
Classroom, nbgrader's layout and exchange, and folders named by student. A roster.csv in the course's
folder says who is who.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from minigrad.cli import gradebook
from minigrad.cli.course import find_course, known_names, names_of, tell
from minigrad.cli.options import OK, WRONG, add_flag, typed
from minigrad.cli.terminal import by_reason
from minigrad.grading.model import is_notebook, to_type
from minigrad.grading.report.markup import named
from minigrad.grading.roster import Roster, Who, columns_for, line_for, read_roster
from minigrad.grading.store.dates import Dates, read_dates
from minigrad.grading.store.layout import Course

if TYPE_CHECKING:
    from minigrad.grading.classroom.collect import Collected
    from minigrad.grading.store.attempts import Laid

EXAMPLE = "minigrad collect 01-rnn downloads/01-rnn.zip"


def add(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("assignment", metavar="ASSIGNMENT")
    parser.add_argument("source", type=Path, metavar="SOURCE")
    add_flag(parser, "--dry-run", "tell what would be laid where, and write nothing")


def run(args: argparse.Namespace) -> int:
    """An LMS's folder or archive -> submitted/."""
    from minigrad.grading.classroom.collect import collect
    from minigrad.grading.classroom.lock import grading
    from minigrad.grading.intake.plan import NESTED
    from minigrad.grading.report.markup import printable
    from minigrad.grading.store.attempts import TIME

    course = find_course(args)
    (name,) = known_names(course, [args.assignment])
    dates = read_dates(course.dates, course.names())
    with nullcontext() if args.dry_run else grading(course):  # no grading reads half of what is laid
        made = collect(course, args.source, name, args.dry_run)
    names = names_of(course)
    for student, laid in made.laid.items():
        one = made.plan.chosen[student]
        words = [f"handed in {one.when}" if one.when else "time unknown", laid.words]
        print(printable(f"{named(student, names)} <- {one.name} ({'; '.join(filter(None, words))})"))
    how_many = counted(made, course.submitted, args.dry_run)
    print(printable(f"{how_many}, read as: {made.plan.form}"))
    asked = [(refusal.why, f"{who} ({', '.join(refusal.names)})") for who, refusal in made.refused.items()]
    lines = [
        *grouped("", asked),
        *grouped("left out, ", [(left.why, left.name) for left in made.plan.nobodys]),
        *grouped("not taken, ", [(left.why, left.name) for left in (*made.plan.beside, *made.unread)]),
    ]
    if made.plan.junk:
        lines.append(f"not taken: {made.plan.junk} files of systems' own (.DS_Store, __MACOSX, Thumbs.db)")
    lines += lacking([one.nobody for one in made.refused.values() if one.nobody], read_roster(course.roster))
    if late := never_late(course, name, dates, made):
        lines.append(
            f"after the due date, and never late for the gradebook without a {TIME} beside the notebook that "
            f"has the zone, too, like 2030-01-31 12:00:00 UTC: {', '.join(late)}"
        )
    for line in lines:
        print(printable(f"minigrad: {line}"), file=sys.stderr)
    lost = gradebook.told_lost(course, [name])
    tell(args, lost)
    if not args.dry_run and any(to_grade(course, name, student, laid) for student, laid in made.laid.items()):
        first = "see to what is named above, then " if lost else ""
        print(typed(args, f"next: {first}{to_type('grade', name)}"))
    nobodys = any(is_notebook(left.name) or left.name.lower().endswith(NESTED) for left in made.plan.nobodys)
    return WRONG if made.refused or nobodys or not made.laid else OK


def to_grade(course: Course, name: str, student: str, laid: Laid) -> bool:
    """Whether what was laid counts, and is new or was never graded."""
    return laid.counts and (laid.new or not (course.reports(name) / student).is_dir())


def counted(made: Collected, submitted: Path, dry: bool) -> str:
    """How much was laid, or would be, and how much of what counts was there already."""
    new = sum(laid.new for laid in made.laid.values())
    there = sum(laid.counts and not laid.new for laid in made.laid.values())
    several = f"submission{'' if (new or there) == 1 else 's'}"
    if there and not new:
        return f"nothing new: {there} {several} in {submitted} already"
    laid = f"{new} {several} {'would be laid' if dry else 'laid'} into {submitted}"
    return f"{laid}, {there} there already" if there else laid


def never_late(course: Course, name: str, dates: Dates, made: Collected) -> list[str]:
    """Who is late by the time that an export says without its zone, which the gradebook does not take."""
    from minigrad.grading.classroom.attempts import said
    from minigrad.grading.store.attempts import TIME

    grace = timedelta(hours=dates.late.grace_hours)
    late = []
    for student in (s for s, laid in made.laid.items() if laid.counts):
        one, due = made.plan.chosen[student], dates.until(name, student)
        time = said(one.attempt, due)
        if one.time or (course.submitted / student / name / TIME).exists():
            continue
        if due and (one.late or (time and time > due + grace)):
            late.append(f"{student} ({one.when})")
    return late


def lacking(strangers: Sequence[Who], roster: Roster | None) -> list[str]:
    """The lines that the roster lacks, to be copied into it."""
    if not strangers:
        return []
    columns = columns_for(strangers, roster)
    new = [f"`{c}`" for c in columns if roster and c not in roster.columns]
    several = "column" if len(new) == 1 else "columns"
    lacks = [f"roster.csv lacks the {several} {' and '.join(new)}: add {'it' if len(new) == 1 else 'them'}"]
    return [
        *(lacks if new else []),
        f"lines for roster.csv, whose first is {','.join(columns)}; with an id in place of STUDENT:",
        *(f"  {line_for(who, columns)}" for who in strangers),
    ]


def grouped(before: str, reasons: Iterable[tuple[str, str]]) -> list[str]:
    """A line for each reason, with all that it is the reason for."""
    return [f"{before}{why}: {several}" for why, several in by_reason(reasons).items()]
