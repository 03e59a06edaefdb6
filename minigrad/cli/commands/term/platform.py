"""Pack an assignment's grader for a platform: what is uploaded there.

`minigrad platform PLATFORM --help` tells each one's options.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from minigrad.cli.course import find_course, graded_assignment
from minigrad.cli.options import OK, positive, writing
from minigrad.cli.packs import (
    demand_apart,
    demand_no_students,
    demand_our_zip,
    folder_at,
    tell_unignored,
    zip_at,
)
from minigrad.grading.model import Assignment, GradingError, to_type
from minigrad.grading.platforms.results import WHEN
from minigrad.grading.store.layout import Course

EXAMPLE = "minigrad platform gradescope 01-rnn"
MOST = 1000  # attempts: more than anybody hands in
# What a container's engine takes: [registry/]name[/name...][:tag][@digest]
NAME = r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*"
IMAGE = re.compile(
    rf"(?:(?:localhost|[\w-]+(?:\.[\w-]+)+|[\w-]+(?=:\d))(?::\d+)?/)?{NAME}(?:/{NAME})*"
    r"(?::\w[\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?",
    re.ASCII,
)


def add(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    platforms = parser.add_subparsers(required=True, metavar="PLATFORM", dest="platform")
    one = platforms.add_parser("gradescope", help="the zip of an autograder for Gradescope")
    one.add_argument("assignment", metavar="ASSIGNMENT")
    one.add_argument(
        "--hidden",
        choices=WHEN,
        default=WHEN[0],
        help="when students see the hidden checks (default: %(default)s)",
    )
    one.add_argument("--attempts", type=attempts, metavar="N", help="grade a student's first N submissions")
    one.add_argument("--out", type=Path, metavar="FILE", help="the zip (default: ASSIGNMENT-gradescope.zip)")
    one.set_defaults(pack=gradescope)
    one = platforms.add_parser("github", help="a template repository for GitHub Classroom")
    one.add_argument("assignment", metavar="ASSIGNMENT")
    one.add_argument(
        "--out", type=Path, metavar="DIR", help="the folder of the repository (default: ASSIGNMENT-github)"
    )
    one.add_argument(
        "--private",
        type=Path,
        metavar="DIR",
        help="also the staff's repository, which grades, in this folder",
    )
    one.set_defaults(pack=github)
    one = platforms.add_parser("prairielearn", help="the folder of a question for PrairieLearn")
    one.add_argument("assignment", metavar="ASSIGNMENT")
    one.add_argument(
        "--image",
        required=True,
        type=image,
        metavar="NAME",
        help="the container's image, which you build from image/",
    )
    one.add_argument(
        "--hidden",
        choices=("hidden", "visible"),
        default="hidden",
        help="of hidden checks, show the points alone, or reasons and hints too (default: %(default)s)",
    )
    one.add_argument("--out", type=Path, metavar="DIR", help="the folder (default: ASSIGNMENT-prairielearn)")
    one.set_defaults(pack=prairielearn)


def attempts(text: str) -> int:
    """How many submissions are graded: a number that limits anybody."""
    if positive(text) > MOST:
        raise argparse.ArgumentTypeError(f"{text} limits nobody: leave it out, or name one up to {MOST}")
    return int(text)


def image(text: str) -> str:
    """A container's image, by a name that its engine takes."""
    if len(text) > 255 or not IMAGE.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no image: name one as you/minigrad, in small letters")
    return text


def run(args: argparse.Namespace) -> int:
    """Write what the platform is given."""
    try:
        args.pack(args)
    except KeyboardInterrupt:
        raise KeyboardInterrupt("nothing is packed by half: the same command packs it all") from None
    return OK


def gradescope(args: argparse.Namespace) -> None:
    """Write ASSIGNMENT-gradescope.zip."""
    from minigrad.grading.platforms.gradescope import COUNTING, FILES, archive
    from minigrad.grading.report.markup import number
    from minigrad.grading.store import files

    course = find_course(args)
    assignment = graded_assignment(course, args.assignment)
    lacks = left_out(course, assignment)
    out = zip_at(args.out, f"{assignment.name}-gradescope.zip")
    demand_apart(course, out, "--out")
    with writing(out):
        demand_our_zip(out, FILES)
    packed = archive(course, assignment, args.hidden, args.attempts)
    try_out(course, assignment, "gradescope")
    with writing(out):
        files.write(out, packed)
    points = number(sum(assignment.exercises().values()))
    print(f"wrote {out}: for {points} points, with the solution and hidden checks; show it to nobody else")
    tell_unignored(out)
    if args.attempts:
        print(f"the first {args.attempts} submissions count, {COUNTING}")
    tell_left_out(lacks)


def github(args: argparse.Namespace) -> None:
    """Write the folder ASSIGNMENT-github and, with --private, the staff's."""
    from minigrad.grading.platforms.folder import demand_ours, lay
    from minigrad.grading.platforms.github import OWN, repository, staff

    course = find_course(args)
    assignment = graded_assignment(course, args.assignment)
    lacks = left_out(course, assignment)
    out, graded = folder_at(args.out, f"{assignment.name}-github"), args.private
    demand_apart(course, out, "--out", answers=False)
    if graded:
        graded = folder_at(graded, "", "--private")
        demand_apart(course, graded, "--private")
        demand_no_students(graded, course.names(), assignment.name)
    files = repository(course, assignment)
    secret = staff(course, assignment) if graded else {}
    with writing(out):
        demand_ours(out, files)
    if graded:
        with writing(graded):
            demand_ours(graded, secret, OWN)
        places = out.resolve(), graded.resolve()
        if places[0].is_relative_to(places[1]) or places[1].is_relative_to(places[0]):
            raise GradingError(
                f"{out} and {graded} lie in one another, and students get all that is in the first: "
                "name another folder with --private"
            )
    try_out(course, assignment, "github")
    with writing(out):
        lay(out, files)
    print(f"wrote {out}: push it as a template repository; it holds no solution and no hidden check")
    if graded:
        with writing(graded):
            lay(graded, secret, private=True)
        print(f"wrote {graded}: has the solution and the hidden checks; push it as a private repository")
        tell_unignored(graded)
    tell_left_out(lacks)


def prairielearn(args: argparse.Namespace) -> None:
    """Write the folder ASSIGNMENT-prairielearn."""
    from minigrad.grading.platforms.folder import demand_ours, lay
    from minigrad.grading.platforms.prairielearn import RUN, question

    course = find_course(args)
    assignment = graded_assignment(course, args.assignment)
    lacks = left_out(course, assignment)
    folder = folder_at(args.out, f"{assignment.name}-prairielearn")
    demand_apart(course, folder, "--out")
    files = question(course, assignment, args.image, args.hidden)
    with writing(folder):
        demand_ours(folder, files)
    try_out(course, assignment, "prairielearn")
    with writing(folder):
        lay(folder, files, run=(RUN,), private=True)
    print(f"wrote {folder}: has the solution and the hidden checks; show it to nobody but PrairieLearn")
    tell_unignored(folder)
    tell_left_out(lacks)


def try_out(course: Course, assignment: Assignment, platform: str) -> None:
    """Raise GradingError where the solution does not earn everything, or the untouched release anything."""
    from minigrad.grading.platforms.trial import tried

    if not tried(course, assignment, platform):
        print(
            "minigrad: there is no sandbox here, so it was not tried whether the solution earns everything "
            f"and the untouched release nothing: {to_type('matrix', assignment.name)} does it elsewhere",
            file=sys.stderr,
        )


def left_out(course: Course, assignment: Assignment) -> list[str]:
    """What of the assignment's grade is not packed, since no platform has it.

    GradingError where course.toml is wrong: asked before anything is written.
    """
    from minigrad.grading.classroom.decisions import demand_known
    from minigrad.grading.report.markup import number
    from minigrad.grading.store.dates import read_dates

    written = sum(c.points for c in assignment.cells if c.kind == "written")
    dates = read_dates(course.dates, course.names())
    demand_known(assignment, dates.decisions.get(assignment.name, ()))
    told = [f"{number(written)} points that a person gives"] if written else []
    told += ["the decisions of course.toml"] if dates.decisions.get(assignment.name) else []
    return told + (["lateness"] if assignment.name in dates.due else [])


def tell_left_out(lacks: Sequence[str]) -> None:
    """Say what is not packed."""
    if lacks:
        print(f"not in it: {', '.join(lacks)}; these are the gradebook's")
