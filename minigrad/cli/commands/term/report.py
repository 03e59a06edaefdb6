"""Show what the last grading found, and write report-ASSIGNMENT.json, .csv, .html."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from minigrad.cli import gradebook
from minigrad.cli.course import find_course, known_names, names_of, tell_dropped
from minigrad.cli.options import OK, add_flag, writing
from minigrad.cli.terminal import class_table
from minigrad.grading.model import Alike, GradingError, Report, to_type

EXAMPLE = "minigrad report 01-rnn --out reports"


def add(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("assignment", metavar="ASSIGNMENT")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="where to write the files (default: the course's folder)"
    )
    add_flag(parser, "--json", "print JSON, write nothing")


def run(args: argparse.Namespace) -> int:
    """Show the last reports of an assignment, and write them as files."""
    from minigrad.grading.assignment.load import load
    from minigrad.grading.classroom.run import last_reports, near_identical
    from minigrad.grading.report.formats import class_csv, class_json
    from minigrad.grading.report.markup import printable
    from minigrad.grading.store import files

    course = find_course(args)
    (assignment,) = known_names(course, [args.assignment])
    reports = last_reports(course, assignment)
    if not reports:
        raise GradingError(f"{assignment} was not graded yet: run {to_type('grade', assignment)}")
    names = names_of(course)
    values = json.dumps(class_json(reports, names), indent=1) + "\n"
    if args.json:
        print(values, end="")
        return OK
    print(class_table(reports, names))
    tell_dropped(course, assignment)
    if behind := gradebook.behind(course, assignment, reports):
        print(printable(f"minigrad: {behind}"), file=sys.stderr)
    groups = near_identical(course, load(course.authored(assignment)))
    for group in groups:
        print(printable(f"near-identical work, {100 * group.share:.0f} %: {', '.join(group.students)}"))
    out: Path = args.out or course.work
    made = {
        f"report-{assignment}.json": values.encode(),
        f"report-{assignment}.csv": class_csv(reports, names),
        **page(f"report-{assignment}.html", reports, groups, names),
    }
    for name, data in made.items():
        with writing(out):
            files.write(out / name, data)
    *some, last = made
    print(f"\nwrote {', '.join(some)} and {last} into {out}")
    return OK


def page(
    name: str, reports: Mapping[str, Report], groups: Sequence[Alike], names: Mapping[str, str]
) -> dict[str, bytes]:
    """The page under its file's name; without jinja2, which makes it, none: standard error says so."""
    try:
        from minigrad.grading.report.class_page import class_html
    except ModuleNotFoundError as error:
        if error.name != "jinja2":
            raise
        print(
            f"minigrad: no {name}: jinja2 is not installed: pip install 'minigrad[course]'",
            file=sys.stderr,
        )
        return {}
    return {name: class_html(reports, groups, names).encode()}
