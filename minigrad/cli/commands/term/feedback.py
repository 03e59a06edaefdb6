"""Write the pages of feedback of all that is recorded, into feedback/.

They are those of `nbgrader generate_feedback`, made side by side.
"""

from __future__ import annotations

import argparse

from minigrad.cli import gradebook
from minigrad.cli.course import find_course, known_names, tell
from minigrad.cli.options import OK, WRONG, add_workers, handing_out, typed
from minigrad.grading.model import to_type

EXAMPLE = "minigrad feedback 01-rnn --workers 4"


def add(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("assignment", metavar="ASSIGNMENT")
    add_workers(parser)


def run(args: argparse.Namespace) -> int:
    """Write all pages of an assignment anew."""
    from minigrad.grading.classroom.lock import grading
    from minigrad.grading.classroom.run import last_reports

    course = find_course(args)
    (name,) = known_names(course, [args.assignment])
    with grading(course):
        gradebook.feedback(course, name, args.workers)
    stale = gradebook.told_standing(course, name, last_reports(course, name))
    tell(args, stale)
    again = f"next: see to what is named above, then {to_type('feedback', name)} again"
    print(typed(args, again if stale else handing_out(name)))
    return WRONG if stale else OK
