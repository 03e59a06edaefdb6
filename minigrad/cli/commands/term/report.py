"""Show what the last grading found, and write report-ASSIGNMENT.json, .csv, .html."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from minigrad.cli import gradebook
from minigrad.cli.course import find_course, known_names, names_of, tell, tell_dropped
from minigrad.cli.options import OK, add_flag, writing
from minigrad.cli.terminal import by_reason, class_table

EXAMPLE = "minigrad report 01-rnn --out reports"


def add(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("assignment", metavar="ASSIGNMENT")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="where to write the files (default: the course's folder)"
    )
    parser.add_argument(
        "--earlier",
        type=Path,
        metavar="DIR",
        help="look for near-identical work in this folder, too: another year's submitted/",
    )
    add_flag(parser, "--json", "print JSON, write nothing")


def run(args: argparse.Namespace) -> int:
    """Show the last reports of an assignment, and write them as files."""
    from minigrad.grading.assignment.load import load
    from minigrad.grading.classroom.run import last_reports, near_identical
    from minigrad.grading.classroom.standing import told
    from minigrad.grading.report.attention import failing_alike, one_of_each, people, to_mark
    from minigrad.grading.report.formats import class_csv, class_json
    from minigrad.grading.report.markup import printable
    from minigrad.grading.store import files

    course = find_course(args)
    (assignment,) = known_names(course, [args.assignment])
    reports = last_reports(course, assignment)
    if not reports:
        raise gradebook.not_graded(course, assignment)
    names = names_of(course)
    values = json.dumps(class_json(reports, names), indent=1) + "\n"
    if args.json:
        print(values, end="")
        return OK
    print(class_table(reports, names))
    tell_dropped(course, assignment)
    stands = gradebook.standing(course, assignment, reports)
    tell(args, told(course, assignment, stands))
    behind = gradebook.behind(course, assignment, reports)
    asked = gradebook.asked(course, assignment)
    if behind:
        tell(args, [gradebook.told_behind(assignment, behind, stands.command)])
    tell(args, gradebook.told_again(course, assignment))
    needed = people(reports, asked, behind)
    for why, students in by_reason((why, student) for student, why in needed.items()).items():
        print(printable(f"needs a person: {students}: {why}"))
    for line in one_of_each(failing_alike(reports)):
        print(printable(line))
    sources = load(course.authored(assignment))
    marked = asked or {}
    questions = to_mark(sources, marked, gradebook.written(course, assignment, needed.keys() & marked.keys()))
    groups = near_identical(course, sources, args.earlier)
    for group in groups:
        print(printable(str(group)))
    out: Path = args.out or course.work
    made = {
        f"report-{assignment}.json": values.encode(),
        f"report-{assignment}.csv": class_csv(reports, names),
        **page(f"report-{assignment}.html", reports, groups, names, needed, questions),
    }
    for name, data in made.items():
        with writing(out):
            files.write(out / name, data)
    *some, last = made
    print(f"\nwrote {', '.join(some)} and {last} into {out}")
    return OK


def page(name: str, *shown: Any) -> dict[str, bytes]:
    """The page that shows what `class_html` takes, under its file's name.

    Without jinja2, which makes it, none: standard error says so.
    """
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
    return {name: class_html(*shown).encode()}
