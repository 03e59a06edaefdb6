"""Write an assignment's grades, as the gradebook has them, for people or for an LMS.

Scores are final ones: automatic and by hand, with extra credit, without what lateness takes.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from minigrad.cli import gradebook
from minigrad.cli.course import find_course, known_names
from minigrad.cli.options import OK, WRONG, writing
from minigrad.grading.model import GradingError, to_type

EXAMPLE = "minigrad export 01-rnn --to canvas"


def add(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("assignment", metavar="ASSIGNMENT")
    parser.add_argument(
        "--to",
        choices=("canvas", "moodle", "blackboard"),
        help="write grades-ASSIGNMENT-LMS.csv, too: what that LMS imports, of what is graded",
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="where to write the files (default: the course's folder)"
    )


def run(args: argparse.Namespace) -> int:
    """Write grades-ASSIGNMENT.csv; with --to, also what that LMS imports."""
    from minigrad.grading.classroom.lock import grading
    from minigrad.grading.classroom.run import last_reports
    from minigrad.grading.report.lms import grades, lms_csv, plain_csv, strangers, told
    from minigrad.grading.report.markup import printable
    from minigrad.grading.roster import read_roster
    from minigrad.grading.store import files

    course = find_course(args)
    (name,) = known_names(course, [args.assignment])
    roster = read_roster(course.roster)
    nbgrader = gradebook.plugin()
    if not nbgrader:
        raise GradingError(
            "nbgrader keeps the gradebook, and is not installed: pip install 'minigrad[course]'"
        )
    if not nbgrader.registered(course, name):
        raise GradingError(f"no gradebook has {name} yet: run {to_type('grade', name)}")
    with grading(course):
        maximum, totals = nbgrader.totals(course, name)
    reports, handed_in = last_reports(course, name), course.submissions(name)
    found = grades(totals, reports, handed_in, roster)
    left_out = [
        f"{s}: not in {course.roster.name}, so in no file"
        for s in strangers({*totals, *reports, *handed_in}, roster)
    ]
    if behind := gradebook.told_behind(name, [g.person.student for g in found if g.state == "not recorded"]):
        left_out.append(f"{behind}. Until then they have no score")
    made = {f"grades-{name}.csv": plain_csv(found, maximum)}
    if args.to:
        made[f"grades-{name}-{args.to}.csv"], missing = lms_csv(args.to, name, maximum, found, roster)
        left_out += [f"not for {args.to}: {why}" for why in missing]
    out: Path = args.out or course.work
    for file, data in made.items():
        with writing(out):
            files.write(out / file, data)
    for line in left_out:
        print(printable(f"minigrad: {line}"), file=sys.stderr)
    print(f"{name}, of {maximum:g} points: {told(found)}")
    print(f"wrote {' and '.join(made)} into {out}")
    return WRONG if left_out else OK
