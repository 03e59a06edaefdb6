"""Write the pages of feedback as one zip, named so that an LMS takes it back.

What is graded is in it, and what was refused, whose page says why; and only pages that tell what the
gradebook does: `minigrad feedback` writes them. Names come from the export that was collected, so it must
be one of the same LMS. For any other way, `--to id` and `--to name` call each page as the roster calls its
student.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from minigrad.cli import gradebook
from minigrad.cli.course import find_course, known_names, tell
from minigrad.cli.options import BY_LMS, BY_ROSTER, OK, WRONG, writing
from minigrad.grading.model import GradingError, to_type
from minigrad.grading.roster import FILE, Person

EXAMPLE = "minigrad handback 01-rnn --to moodle"
GIVEN_BACK = ("graded", "refused")
SIGNS = re.compile(r'[/\\:*?"<>|\x00-\x1f]')  # which some system has in no file's name


def add(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("assignment", metavar="ASSIGNMENT")
    parser.add_argument(
        "--to", choices=(*BY_LMS, *BY_ROSTER), required=True, help="the LMS, or how to call pages"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="where to write the zip (default: the course's folder)"
    )


def run(args: argparse.Namespace) -> int:
    """Write feedback-ASSIGNMENT-LMS.zip."""
    from minigrad.grading.intake.returned import returned
    from minigrad.grading.platforms.wheel import zipped
    from minigrad.grading.store import files
    from minigrad.grading.store.attempts import came_as

    course = find_course(args)
    (name,) = known_names(course, [args.assignment])
    grades = gradebook.grades(course, name)  # it removes the pages that are not of now
    found, wrong = grades.found, grades.told
    handed_in = course.submissions(name)
    called = by_roster(args.to, [grade.person for grade in found])
    pages: dict[str, bytes] = {}
    missing, left_out = [], []
    for grade in found:
        student = grade.person.student
        if grade.state not in GIVEN_BACK:
            if grade.state not in ("not handed in", "dropped"):
                left_out.append(f"{student}: {grade.state}")
            continue
        page = course.feedback / student / name / f"{name}.html"
        if not page.is_file():
            missing.append(student)
            continue
        work = handed_in.get(student)
        path = came_as(work, course.attempts(name) / student) if isinstance(work, Path) else ""
        if back := called.get(student) if args.to in BY_ROSTER else returned(args.to, path, name):
            pages[back] = page.read_bytes()
        elif args.to in BY_ROSTER:
            left_out.append(f"{student}: has no name in {FILE}: {to_type('handback', name, '--to', 'id')}")
        else:
            left_out.append(
                f"{student}: {f'came as {path}' if path else 'nobody knows as what it came'}: "
                f"{to_type('handback', name, '--to', 'id')} has the page, too"
            )
    wrong += [f"not for {args.to}: {line}" for line in left_out]
    tell(args, wrong)
    if missing:
        raise GradingError(
            "no page of feedback that tells what the gradebook does now, points, comments and lateness, of "
            f"{', '.join(missing)}: run {to_type('feedback', name)}, then "
            f"{to_type('handback', name, '--to', args.to)} again"
        )
    if not pages and not any(grade.state in GIVEN_BACK for grade in found):
        raise GradingError(f"nobody's work of {name} is graded to its end yet: see above what is missing")
    if not pages and args.to in BY_ROSTER:
        raise GradingError(f"nobody whose work of {name} is graded has a name in {FILE}: write them there")
    if not pages:
        raise GradingError(
            f"nothing of {name} was collected from {args.to.capitalize()}: collect its export once more, "
            "which changes no submission, so that its names are known"
        )
    out: Path = args.out or course.work
    file = f"feedback-{name}-{args.to}.zip"
    with writing(out):
        files.write(out / file, zipped(pages))
    print(f"{name}: {len(pages)} pages of feedback; wrote {file} into {out}")
    return WRONG if wrong else OK


def by_roster(how: str, people: Sequence[Person]) -> dict[str, str]:
    """By student, what a page is called: by the id, or by the name, with the id where several have it."""
    said = {p.student: SIGNS.sub("_", p.name if how == "name" else p.student) for p in people}
    counts = Counter(said.values())
    return {
        student: f"{name if counts[name] == 1 else f'{name} ({student})'}.html"
        for student, name in said.items()
        if name
    }
