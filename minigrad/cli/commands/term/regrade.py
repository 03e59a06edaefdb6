"""Grade everything submitted again with the same salt, and list who gains or loses what.

What did not change is not run again. Then release, gradebook and feedback follow; a regrade that cannot
be finished, or is stopped while it grades, has changed none of them; one that is stopped while it records
goes on when it is called again.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping

from minigrad.cli import gradebook
from minigrad.cli.course import find_course, graded_assignment, tell
from minigrad.cli.options import OK, WRONG, add_flag, add_workers, handing_out, typed
from minigrad.cli.terminal import by_reason, progress, table
from minigrad.grading.model import GradingError, Report, Source, to_type

EXAMPLE = "minigrad regrade 01-rnn --preview"


def add(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("assignment", metavar="ASSIGNMENT")
    add_flag(parser, "--preview", "record nothing: neither reports nor gradebook change")
    add_workers(parser)
    add_flag(parser, "--json", "print the changes as JSON")


def run(args: argparse.Namespace) -> int:
    """Grade a class again and list what changes; with --preview, nothing is recorded."""
    from minigrad.grading.assignment.points import misstated
    from minigrad.grading.authoring import build
    from minigrad.grading.classroom.attempts import counted, work
    from minigrad.grading.classroom.changes import (
        changes,
        changes_json,
        changes_line,
        changes_rows,
        maximum_line,
        told_elsewhere,
    )
    from minigrad.grading.classroom.lock import grading
    from minigrad.grading.classroom.run import grade_class, last_reports
    from minigrad.grading.classroom.standing import told
    from minigrad.grading.store.history import states

    course = find_course(args)
    assignment = graded_assignment(course, args.assignment)
    name = assignment.name
    before = last_reports(course, name)
    files: Mapping[str, Source] = course.submissions(name)
    if not before:
        raise gradebook.not_graded(course, name)
    gradebook.demand_salt(course, name)
    failed: dict[str, str] = {}
    with grading(course):
        before = gradebook.as_recorded(course, name, before)
        gradebook.demand_cells(course, assignment)
        known = {student: states(course.history(name) / student) for student in before}
        release = {} if args.preview else build.files(assignment)
        files = counted(course, assignment, files, args.workers)
        with progress(f"grading {name}", len(files)) as step:
            after = grade_class(
                course,
                assignment,
                files,
                workers=args.workers,
                preview=True,
                done=lambda student, report: step(student),
            )
        late, others = gradebook.lateness(course, assignment, files, after)
        if not args.preview:
            demand_graded(after)
            gradebook.register(course, assignment)
            if written := build.write(assignment, release, course.root / "assignments"):
                print(f"minigrad: {name}: wrote {', '.join(written)}", file=sys.stderr)
            after = grade_class(course, assignment, files, workers=args.workers)  # as just seen
            failed, others = gradebook.record(course, assignment, files, after, "regrade")
            if len(failed) < len(after) and gradebook.plugin():
                gradebook.feedback(course, name, args.workers)
    found = changes(before, after, late)
    edited = {
        c.student
        for c in found
        if (last := known.get(c.student)) and last[-1].work != work(course, assignment, files[c.student])
    }
    tell(args, misstated(assignment))
    tell(args, not_graded(after))
    tell(args, told_elsewhere(name, others, args.preview))
    stands = gradebook.standing(course, name, last_reports(course, name))
    lines = told(course, name, stands.left if args.preview else stands)
    tell(args, lines)
    tell(args, gradebook.told_again(course, name))
    if args.json:
        print(json.dumps(changes_json(found), indent=1))
    else:
        if found:
            print(table(("student", "before", "after", "change", "why"), changes_rows(found, edited), 110))
        if line := maximum_line(before, after):
            print(line)
        print(changes_line(found, len(after)) + ("; nothing was recorded" if args.preview else ""))
    wrong = bool(failed) or any(r.status != "graded" for r in after.values())
    if not args.json:
        print(typed(args, ending(name, args.preview, bool(found) or stands.behind, wrong, bool(lines))))
    return WRONG if wrong else OK


def ending(name: str, preview: bool, changed: bool, wrong: bool, told: bool) -> str:
    """What comes next, where lines above are `told` of what a regrade leaves, too."""
    if preview and changed:
        return f"next: {to_type('regrade', name)}, which records it"
    if preview or wrong or not gradebook.plugin():
        return f"next: {to_type('report', name)}"
    if told:
        return f"next: see to what is named above, then {to_type('feedback', name)}"
    return handing_out(name)


def not_graded(after: Mapping[str, Report]) -> list[str]:
    """A line for each reason why submissions have no score."""
    reasons = ((f"{r.status}: {r.reason}", s) for s, r in after.items() if r.status != "graded")
    return [f"{students}: {why}" for why, students in by_reason(reasons).items()]


def demand_graded(after: Mapping[str, Report]) -> None:
    """Raise GradingError where the judge failed: a part of a class would keep scores of other checks."""
    failed = [(student, report.reason) for student, report in after.items() if report.status == "ungraded"]
    if failed:
        student, why = failed[0]
        raise GradingError(
            f"{len(failed)} of {len(after)} could not be graded, {student} for one: {why} "
            "Nothing was changed: see to it, and regrade again"
        )
