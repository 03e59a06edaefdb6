"""Write grades, as the gradebook has them, for people or for an LMS.

Scores are final ones: automatic and by hand, with extra credit, without what lateness takes. With --final,
in place of one assignment, the term's: groups, weights and dropped ones as course.toml has them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from minigrad.cli import gradebook
from minigrad.cli.course import find_course, known_names, tell
from minigrad.cli.options import GRADES_TO, OK, WRONG, add_flag, typed, writing
from minigrad.grading.model import GradingError, to_type
from minigrad.grading.report.grades.lms import Grade
from minigrad.grading.store.layout import Course

EXAMPLE = "minigrad export 01-rnn --to canvas"
FINAL = "final"


def add(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("assignment", nargs="?", metavar="ASSIGNMENT")
    add_flag(parser, "--final", "write grades-final.csv: each assignment, what was dropped, the final column")
    parser.add_argument(
        "--to",
        choices=GRADES_TO,
        help="write grades-ASSIGNMENT-LMS.csv, too: what that LMS imports, of what is graded",
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="where to write the files (default: the course's folder)"
    )


def run(args: argparse.Namespace) -> int:
    """Write grades-ASSIGNMENT.csv, or grades-final.csv; with --to, also what that LMS imports."""
    from minigrad.grading.report.grades.lms import plain_csv

    if bool(args.assignment) == args.final:
        raise GradingError("name an assignment, or write --final")
    course = find_course(args)
    if args.final:
        return _final(course, args)
    (name,) = known_names(course, [args.assignment])
    grades = gradebook.grades(course, name)
    return _write(course, args, name, grades, plain_csv(grades.found, grades.maximum))


def _final(course: Course, args: argparse.Namespace) -> int:
    """The final column of what was given out."""
    from minigrad.grading.assignment.load import load
    from minigrad.grading.report.grades.final import PERCENT, final_csv, rows
    from minigrad.grading.store.dates import dates_of

    groups = dates_of(course).groups
    if not groups:
        graded = (name for name in course.names() if load(course.authored(name)).graded)
        raise GradingError(
            "course.toml has no [final]: write there, for each group of assignments, a line like "
            f'homework = {{ of = ["{next(graded, "01-rnn")}"], weight = 60 }}'
        )
    maxima: dict[str, float] = {}
    found: dict[str, Sequence[Grade]] = {}
    left_out: dict[str, None] = {}  # each line once
    to_regrade = lost = False
    for name in (name for group in groups for name in group.of):
        try:
            grades = gradebook.grades(course, name)
        except gradebook.NotThere:
            grades = gradebook.Grades(0, [], [])
        if all(g.score is None for g in grades.found):
            print(f"minigrad: nobody has a score in {name}: it counts for nobody", file=sys.stderr)
            continue
        maxima[name], found[name] = grades.maximum, grades.found
        left_out |= dict.fromkeys(grades.told)
        to_regrade, lost = to_regrade or grades.to_regrade, lost or grades.lost
    made = rows(groups, maxima, found)
    data = final_csv(groups, maxima, made)
    final = gradebook.Grades(PERCENT, [row.grade for row in made], list(left_out), to_regrade, lost)
    return _write(course, args, FINAL, final, data)


def _write(
    course: Course, args: argparse.Namespace, name: str, grades: gradebook.Grades, plain: bytes
) -> int:
    """Write the files and say who is in none of them."""
    from minigrad.grading.report.grades.lms import lms_csv, told
    from minigrad.grading.roster import read_roster
    from minigrad.grading.store import files

    maximum, found, left_out = grades.maximum, grades.found, grades.told
    made: Mapping[str, bytes] = {f"grades-{name}.csv": plain}
    if args.to:
        data, missing = lms_csv(args.to, name, maximum, found, read_roster(course.roster))
        made = {**made, f"grades-{name}-{args.to}.csv": data}
        left_out = [*left_out, *(f"not for {args.to}: {why}" for why in missing)]
    out: Path = args.out or course.work
    for file, content in made.items():
        with writing(out):
            files.write(out / file, content)
    tell(args, left_out)
    print(f"{name}, of {maximum:g} {'percent' if name == FINAL else 'points'}: {told(found)}")
    print(f"wrote {' and '.join(made)} into {out}")
    print(typed(args, ending(args, name, grades, [*made][-1])))
    return WRONG if left_out else OK


def ending(args: argparse.Namespace, name: str, grades: gradebook.Grades, file: str) -> str:
    """What comes next: what is missing of the grades, or where they go."""
    states = {grade.state for grade in grades.found} - {"graded", "not handed in", "dropped"}
    words = ["export", "--final" if name == FINAL else name]
    given = [word for key in ("to", "out") if (value := getattr(args, key)) for word in (f"--{key}", value)]
    again = to_type(*words, *given)
    if grades.lost:
        return f"next: see to what is named above, then {again} again"
    if grades.to_regrade and name == FINAL:
        return f"next: the regrades that are named above, then {again} again"
    if grades.to_regrade:  # which grades what is newer, too
        return f"next: {to_type('regrade', name)}, then {again} again"
    if states and name == FINAL:
        return f"next: see to what the state of {file} names, then {again} again"
    if states & {"not graded yet", "not recorded", "ungraded"}:
        return f"next: {to_type('grade', name)}, then {again} again"
    if states:
        return f"next: {to_type('report', name)}, which says what a person must see to, then {again} again"
    if args.to:
        return f"next: import {file} in {args.to.capitalize()}"
    return f"next: {to_type(*words, '--to', 'moodle', *given)} (or canvas, blackboard)"
