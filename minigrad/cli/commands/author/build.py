"""Make assignments/ from solutions/.

Enters them into nbgrader's gradebook too, where nbgrader is installed.
"""

from __future__ import annotations

import argparse
import sys
from threading import Thread

from minigrad.cli import gradebook
from minigrad.cli.course import find_course, known_names, tell
from minigrad.cli.options import OK, WRONG, add_flag, add_names, typed
from minigrad.grading.model import to_type

EXAMPLE = "minigrad build 01-rnn"


def add(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    add_names(parser)
    add_flag(parser, "--check", "change nothing; exit with 1 when assignments/ is not what solutions/ give")


def run(args: argparse.Namespace) -> int:
    """solutions/ -> assignments/, and into the gradebook."""
    from minigrad.grading.assignment.load import load
    from minigrad.grading.assignment.points import misstated
    from minigrad.grading.authoring.build import check_build, files, write

    course = find_course(args)
    if not args.check:  # it takes a second, in which workers run the mutants
        Thread(target=gradebook.plugin, daemon=True).start()
    wrong = 0
    for name in known_names(course, args.names):
        assignment = load(course.authored(name))
        if args.check:
            complaints = [*misstated(assignment), *check_build(assignment, course.root / "assignments")]
            wrong += len(complaints)
            print("\n".join(complaints) if complaints else f"{name}: as its sources say")
            continue
        tell(args, [*misstated(assignment), *gradebook.told_lost(course, [name])])
        made = files(assignment)
        gradebook.register(course, assignment)  # may refuse: then the release stays as it is
        changed = write(assignment, made, course.root / "assignments")
        if changed and any(course.reports(name).glob("*")):
            told = f"minigrad: {name} was graded: run {to_type('regrade', name)}"
            print(typed(args, told), file=sys.stderr)
        print(f"{name}: {'wrote ' + ', '.join(changed) if changed else 'nothing changed'}")
    return WRONG if wrong else OK
