"""Pack an assignment's grader for a platform: what is uploaded there.

It holds the solution and hidden checks: upload it, and give it to nobody else.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from minigrad.cli.course import find_course, graded_assignment
from minigrad.cli.options import OK, positive, writing
from minigrad.grading.report.gradescope import WHEN

EXAMPLE = "minigrad platform gradescope 01-rnn"


def add(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("platform", choices=("gradescope",))
    parser.add_argument("assignment", metavar="ASSIGNMENT")
    parser.add_argument(
        "--hidden",
        choices=WHEN,
        default=WHEN[0],
        help="when students see the hidden checks (default: %(default)s)",
    )
    parser.add_argument(
        "--attempts", type=positive, metavar="N", help="grade a student's first N submissions"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to write the zip (default: here)")


def run(args: argparse.Namespace) -> int:
    """Write ASSIGNMENT-gradescope.zip."""
    from minigrad.grading.platforms.gradescope import archive
    from minigrad.grading.report.markup import number
    from minigrad.grading.store import files

    course = find_course(args)
    assignment = graded_assignment(course, args.assignment)
    out = (args.out or Path.cwd()) / f"{assignment.name}-gradescope.zip"
    with writing(out.parent):
        files.write(out, archive(course, assignment, args.hidden, args.attempts))
    points = number(sum(assignment.exercises().values()))
    print(f"wrote {out}: for {points} points, with the solution and hidden checks; show it to nobody else")
    return OK
