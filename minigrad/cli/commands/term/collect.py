"""Lay what an LMS gives out into submitted/: a folder, .zip, .tar or .tar.gz.

Understands the exports of Moodle, Canvas, Blackboard, Brightspace, Sakai, ILIAS, Gradescope and GitHub
Classroom, nbgrader's layout, and folders named by student. A roster.csv in the course's folder says who
is who.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from minigrad.cli.course import find_course, known_names
from minigrad.cli.options import OK, WRONG

EXAMPLE = "minigrad collect 01-rnn downloads/01-rnn.zip"


def add(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("assignment", metavar="ASSIGNMENT")
    parser.add_argument("source", type=Path, metavar="SOURCE")


def run(args: argparse.Namespace) -> int:
    """An LMS's folder or archive -> submitted/."""
    from minigrad.grading.classroom.collect import collect
    from minigrad.grading.intake.plan import NESTED
    from minigrad.grading.report.markup import printable

    course = find_course(args)
    (name,) = known_names(course, [args.assignment])
    made = collect(course, args.source, name)
    for student, laid in made.laid.items():
        print(printable(f"{student} <- {made.plan.chosen[student].name}{laid.words and f' ({laid.words})'}"))
    count = sum(laid.counts for laid in made.laid.values())
    submissions = f"{count} submission{'' if count == 1 else 's'}"
    print(printable(f"{submissions} laid into {course.submitted}, read as: {made.plan.form}"))
    asked = [(refusal.why, f"{who} ({', '.join(refusal.names)})") for who, refusal in made.refused.items()]
    lines = [
        *grouped("", asked),
        *grouped("left out, ", [(left.why, left.name) for left in made.plan.nobodys]),
        *grouped("not taken, ", [(left.why, left.name) for left in made.plan.beside]),
    ]
    if made.plan.junk:
        lines.append(f"not taken: {made.plan.junk} files of systems' own (.DS_Store, __MACOSX, Thumbs.db)")
    for line in lines:
        print(printable(f"minigrad: {line}"), file=sys.stderr)
    lost = any(left.name.lower().endswith((".ipynb", *NESTED)) for left in made.plan.nobodys)
    return WRONG if made.refused or lost or not made.laid else OK


def grouped(before: str, reasons: Iterable[tuple[str, str]]) -> list[str]:
    """A line for each reason, with all that it is the reason for."""
    by_reason: dict[str, list[str]] = {}
    for why, what in reasons:
        by_reason.setdefault(why, []).append(what)
    return [f"{before}{why}: {', '.join(several)}" for why, several in by_reason.items()]
