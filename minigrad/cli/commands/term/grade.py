"""Grade submissions in the sandbox and record them in the gradebook.

An interrupted run goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Collection, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

from minigrad.cli import gradebook
from minigrad.cli.course import find_course, graded_assignment, names_of, submissions, tell, tell_dropped
from minigrad.cli.options import OK, UNSAFE, WRONG, add_flag, add_workers, executor, typed
from minigrad.cli.terminal import class_table, progress
from minigrad.grading.model import GradingError, Report, to_type
from minigrad.grading.rules.late import Elsewhere

EXAMPLE = "minigrad grade 01-rnn --workers 4"


def add(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("assignment", metavar="ASSIGNMENT")
    parser.add_argument(
        "paths",
        nargs="*",
        default=[],
        type=Path,
        metavar="PATHS",
        help="notebooks or students' folders (default: submitted/); what lies elsewhere is not recorded",
    )
    add_workers(parser)
    parser.add_argument(
        "--executor",
        choices=("processes", "dask"),
        default="processes",
        help="where to grade: processes of this machine (default), or a Dask cluster",
    )
    parser.add_argument(
        "--scheduler",
        default="tcp://127.0.0.1:8786",
        metavar="ADDRESS",
        help="of the Dask cluster (default: %(default)s); beyond this machine tls://HOST:PORT",
    )
    parser.add_argument(
        "--tls", type=Path, metavar="DIR", help="has ca.pem, cert.pem and key.pem for a tls:// scheduler"
    )
    add_flag(parser, "--new-salt", "a new round: every check gets other inputs, everything is graded again")
    add_flag(parser, "--unsafe", f"{UNSAFE}; never recorded")
    add_flag(parser, "--json", "print the reports as JSON")


def run(args: argparse.Namespace) -> int:
    """Grade a class, or the notebooks named."""
    from minigrad.grading.classroom.attempts import counted
    from minigrad.grading.classroom.changes import told_elsewhere
    from minigrad.grading.classroom.decisions import told_applied
    from minigrad.grading.classroom.lock import grading
    from minigrad.grading.classroom.run import grade_class, last_reports
    from minigrad.grading.report.formats import class_json
    from minigrad.grading.report.markup import printable
    from minigrad.grading.store.reports import new_salt
    from minigrad.grading.store.submitted import strays

    course = find_course(args)
    assignment = graded_assignment(course, args.assignment)
    name = assignment.name
    files, ours = submissions(course, name, args.paths)
    if not files and ours and args.new_salt:
        with grading(course):
            new_salt(course.salt(name))
        told = f"a new round of {name} begins, with other inputs for every check; nothing lies in submitted/"
        print(f"minigrad: {told}, so nothing was graded", file=sys.stderr)
        if args.json:
            print("{}")
        return OK
    if not files:
        raise GradingError(f"nothing to grade: no notebook at {course.submitted}/STUDENT/{name}/{name}.ipynb")
    for told in strays(course.submitted) if ours else ():
        print(printable(f"minigrad: {told}"), file=sys.stderr)
    if ours:
        tell_dropped(course, name)
    else:
        print("minigrad: not in submitted/, so nothing is recorded", file=sys.stderr)
    if args.unsafe:
        print(f"minigrad: {UNSAFE}; nothing is recorded", file=sys.stderr)
    recorded = ours and not args.unsafe
    failed: dict[str, str] = {}
    before: dict[str, Report] = {}
    others: list[Elsewhere] = []
    with grading(course) if recorded else nullcontext():
        if recorded:
            gradebook.demand_recordable(course, assignment)  # before anything changes
            if not args.new_salt:
                gradebook.demand_salt(course, name)
        if args.new_salt:
            new_salt(course.salt(name))
        if recorded:
            before = last_reports(course, name)
            files = counted(course, assignment, files, args.workers)
        with executor(args) as (pool, workers), progress(f"grading {name}", len(files)) as step:
            reports = grade_class(
                course,
                assignment,
                files,
                workers=workers,
                executor=pool,
                isolation="unsafe" if args.unsafe else "auto",
                keep=ours,
                done=lambda student, report: step(student),
            )
        if recorded:
            failed, others = gradebook.record(course, assignment, files, reports)
    names = names_of(course) if ours else {}
    print(json.dumps(class_json(reports, names), indent=1) if args.json else class_table(reports, names))
    if recorded:
        tell(args, told_applied(before, reports))
        tell(args, told_elsewhere(name, others))
        stale = gradebook.told_standing(course, name, last_reports(course, name))
        tell(args, stale)
        tell(args, gradebook.told_again(course, name))
        if not args.json:
            print(typed(args, f"\n{ending(name, reports, failed, stale)}"))
    return WRONG if failed or any(r.status != "graded" for r in reports.values()) else OK


def ending(name: str, reports: Mapping[str, Report], failed: Collection[str], stale: Sequence[str]) -> str:
    """What was recorded, and what comes next: first of all to see to the lines of what is `stale`."""
    ungraded = sum(report.status == "ungraded" for report in reports.values())
    if not gradebook.plugin():
        return "nothing is recorded, since nbgrader is not installed: pip install 'minigrad[course]'"
    count = len(reports) - ungraded - len(failed)
    again = f", then {to_type('grade', name)} again" if ungraded or failed else ""
    line = f"recorded in the gradebook: {count} of {len(reports)}"
    first = "see to what is named above, then " if stale and not again else ""
    return f"{line}; next: {first}{to_type('report', name)}{again or ', then ' + to_type('feedback', name)}"
