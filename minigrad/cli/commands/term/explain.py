"""For staff: what a check expected of a student's submission, and what it got.

Shows expected values: do not pass them on.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

from minigrad.cli.course import find_course, known_names, tell
from minigrad.cli.options import OK, UNSAFE, add_flag
from minigrad.grading.model import Assignment, GradingError, Source, to_type
from minigrad.grading.store.layout import Course

EXAMPLE = "minigrad explain ada rnn-cell.gradients"


def add(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("student", metavar="STUDENT")
    parser.add_argument("check", metavar="CHECK", help='such as "rnn-cell.gradients"')
    parser.add_argument("--assignment", metavar="ASSIGNMENT", help="default: the one that has this check")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="print JSON")
    how.add_argument("--html", action="store_true", help="print a page with pictures: > page.html keeps it")
    add_flag(parser, "--unsafe", UNSAFE)


def run(args: argparse.Namespace) -> int:
    """Expected against got of one check, for staff."""
    from minigrad.grading.assignment.load import load
    from minigrad.grading.classroom.court import court
    from minigrad.grading.classroom.run import fetch
    from minigrad.grading.intake.canonical import intake
    from minigrad.grading.judge.explain import explain
    from minigrad.grading.people.moves import demand_known
    from minigrad.grading.report import explained
    from minigrad.grading.report.markup import printable

    course = find_course(args)
    found: list[Assignment] = []
    for name in known_names(course, [args.assignment] if args.assignment else []):
        assignment = load(course.authored(name))
        if any(c.name == args.check for c in assignment.checks):
            found.append(assignment)
    chosen = the_one(found, args.check)
    submissions = course.submissions(chosen.name)
    if args.student in course.dropped():
        raise GradingError(
            f"{args.student} has dropped out ({course.roster.name}), and counts nowhere: "
            "to look at the work, take the word `dropped` out"
        )
    if args.student not in submissions:
        demand_known(course, args.student)
        raise GradingError(f"{args.student!r} handed in no {chosen.name}: nothing at {course.submitted}")
    source, lines = explained_work(course, chosen, args.student, submissions[args.student], args.unsafe)
    tell(args, lines)
    taken = intake(fetch(course, source), chosen)
    isolation = "unsafe" if args.unsafe else "auto"
    with court(course, chosen.name, isolation).judge() as judge:
        one = explain(judge, taken, chosen.check(args.check))
    if args.json:
        print(json.dumps(explained.to_dict(args.student, one), indent=1, ensure_ascii=False, allow_nan=False))
    elif args.html:
        print(explained.html(args.student, one), end="")
    else:
        print(f"{args.student}, {args.check} (for staff only: it shows expected values)\n")
        print(printable(explained.text(one)))
    return OK


def explained_work(
    course: Course, assignment: Assignment, student: str, last: Source, unsafe: bool
) -> tuple[Source, list[str]]:
    """The work that was graded where it is kept, else the one that counts now; and what to say of it first.

    With `unsafe`, where nothing may be judged to find out which one counts, that is the `last`.
    """
    from minigrad.grading.classroom.attempts import counted
    from minigrad.grading.classroom.run import last_reports
    from minigrad.grading.classroom.standing import graded_work, standing

    name, grade = assignment.name, to_type("grade", assignment.name)
    report = last_reports(course, name).get(student)
    if report and (graded := graded_work(course, assignment, student, last, report)):
        found = standing(course, assignment, {student: report})
        line = f"this is the work of {student} that was graded; other work is there by now: run {grade}"
        return graded, [line] if student in (*found.newer, *found.another) else []
    now = last if unsafe else counted(course, assignment, {student: last})[student]
    if report is None:
        return now, [f"{name} of {student} was not graded yet: run {grade}"]
    return now, [f"this is not the work of {student} that was graded, which is not kept: run {grade}"]


def the_one(found: Sequence[Assignment], check: str) -> Assignment:
    """The only assignment that has the check; GradingError where none has it, or several."""
    if not found:
        raise GradingError(f"no check is called {check!r}: `minigrad report` shows their names")
    if len(found) > 1:
        names = ", ".join(a.name for a in found)
        raise GradingError(f"{check!r} is a check of {names}: say which, with --assignment {found[-1].name}")
    return found[0]
