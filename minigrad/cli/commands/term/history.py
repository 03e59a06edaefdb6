"""Show what each grading changed of a student's grades, or of an assignment's, when, and why."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from minigrad.cli import gradebook
from minigrad.cli.course import find_course, known_names
from minigrad.cli.options import OK, add_flag
from minigrad.cli.terminal import table
from minigrad.grading.model import GradingError, to_type

EXAMPLE = "minigrad history ada 01-rnn"


def add(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("of", metavar="STUDENT", help="or an ASSIGNMENT: everybody's changes there")
    parser.add_argument("assignment", nargs="?", metavar="ASSIGNMENT", help="default: all")
    add_flag(parser, "--json", "print the changes as JSON")


def run(args: argparse.Namespace) -> int:
    """The recorded changes, the oldest first."""
    from minigrad.grading.classroom.changes import steps
    from minigrad.grading.people.moves import demand_known
    from minigrad.grading.store.history import states

    course = find_course(args)
    by_assignment = args.assignment is None and args.of in course.names()
    names = known_names(course, [args.of] if by_assignment else [args.assignment] if args.assignment else [])
    found = sorted(
        (
            (step, name, place.name)
            for name in names
            for place in course.history(name).glob("*")
            if by_assignment or place.name == args.of
            for step in steps(states(place))
        ),
        key=lambda one: (one[0].time, one[1:]),
    )
    if not found:
        if not by_assignment:
            demand_known(course, args.of)
        if gone := gradebook.told_lost(course, names):
            raise GradingError(gone[0])
        of = f"{args.of} in {args.assignment}" if args.assignment else args.of
        raise GradingError(f"nothing of {of} was recorded yet: run {to_type('grade', *names[-1:])}")
    if args.json:
        made = [{"assignment": name, "student": student, **asdict(step)} for step, name, student in found]
        print(json.dumps(made, indent=1, ensure_ascii=False))
        return OK
    who = "student" if by_assignment else "assignment"
    lines = [
        (step.time, student if by_assignment else name, step.before, step.after, "; ".join(step.why))
        for step, name, student in found
    ]
    print(table(("time", who, "before", "after", "why"), lines, 110))
    return OK
