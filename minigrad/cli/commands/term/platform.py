"""Pack an assignment's grader for a platform: what is uploaded there.

`minigrad platform PLATFORM --help` tells each one's options.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from minigrad.cli.course import find_course, graded_assignment
from minigrad.cli.options import OK, positive, writing
from minigrad.grading.model import GradingError
from minigrad.grading.platforms.results import WHEN

EXAMPLE = "minigrad platform gradescope 01-rnn"


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
    one.add_argument("--attempts", type=positive, metavar="N", help="grade a student's first N submissions")
    one.add_argument("--out", type=Path, metavar="DIR", help="where to write the zip (default: here)")
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
        "--image", required=True, metavar="NAME", help="the container's image, which you build from image/"
    )
    one.add_argument(
        "--hidden",
        choices=("hidden", "visible"),
        default="hidden",
        help="of hidden checks, show the points alone, or reasons and hints too (default: %(default)s)",
    )
    one.add_argument("--out", type=Path, metavar="DIR", help="the folder (default: ASSIGNMENT-prairielearn)")
    one.set_defaults(pack=prairielearn)


def run(args: argparse.Namespace) -> int:
    """Write what the platform is given."""
    args.pack(args)
    return OK


def gradescope(args: argparse.Namespace) -> None:
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


def github(args: argparse.Namespace) -> None:
    """Write the folder ASSIGNMENT-github and, with --private, the staff's."""
    from minigrad.grading.platforms.github import repository, staff

    course = find_course(args)
    assignment = graded_assignment(course, args.assignment)
    out, graded = args.out or Path(f"{assignment.name}-github"), args.private
    files = repository(course, assignment)
    secret = staff(course, assignment) if graded else {}
    demand_ours(out, files)
    if graded:
        demand_ours(graded, secret)
        places = out.resolve(), graded.resolve()
        if places[0].is_relative_to(places[1]) or places[1].is_relative_to(places[0]):
            raise GradingError(
                f"{out} and {graded} lie in one another, and students get all that is in the first: "
                "name another folder with --private"
            )
    write_folder(out, files)
    print(f"wrote {out}: push it as a template repository; it holds no solution and no hidden check")
    if graded:
        write_folder(graded, secret, private=True)
        print(f"wrote {graded}: has the solution and the hidden checks; push it as a private repository")


def prairielearn(args: argparse.Namespace) -> None:
    """Write the folder ASSIGNMENT-prairielearn."""
    from minigrad.grading.platforms.prairielearn import RUN, question

    course = find_course(args)
    assignment = graded_assignment(course, args.assignment)
    files = question(course, assignment, args.image, args.hidden)
    folder = args.out or Path(f"{assignment.name}-prairielearn")
    demand_ours(folder, files)
    write_folder(folder, files, run=(RUN,), private=True)
    print(f"wrote {folder}: has the solution and the hidden checks; show it to nobody but PrairieLearn")


def demand_ours(folder: Path, files: Mapping[str, bytes]) -> None:
    """Raise GradingError where a folder that is to be written holds more than an earlier packing: what is not
    among `files`, and not git's."""
    with writing(folder):
        if folder.exists() and not folder.is_dir():
            raise GradingError(f"{folder} is a file: move it away, or name another folder")
        there = {p.relative_to(folder): p for p in folder.rglob("*") if p.is_symlink() or not p.is_dir()}
        others = sorted(
            str(name)
            for name, path in there.items()
            if name.parts[0] != ".git" and (path.is_symlink() or name.as_posix() not in files)
        )
        if others:
            raise GradingError(
                f"{folder} holds {others[0]}, which is of no earlier packing: move it away, "
                "or name another folder"
            )


def write_folder(
    folder: Path, files: Mapping[str, bytes], run: tuple[str, ...] = (), private: bool = False
) -> None:
    """Write files by path into a folder, over those of an earlier packing; those in `run` may be executed.

    A `private` folder lets nobody in but its owner; what it holds has the usual modes, since it is copied
    to where others read it. Raises GradingError where it cannot be written.
    """
    with writing(folder):
        folder.mkdir(mode=0o700 if private else 0o777, parents=True, exist_ok=True)
        for name, data in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            if name in run:
                path.chmod(0o755)
