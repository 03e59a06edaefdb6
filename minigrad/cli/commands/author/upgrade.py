"""Tell what a new version of minigrad would change in releases and scores, before you install it.

Install it in an environment of its own, and name that one's interpreter. All is tried in a copy: nothing of
the course changes. What was edited since the last build and grading shows, too: build and regrade first.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from dataclasses import fields
from pathlib import Path

import minigrad
from minigrad.cli.course import find_course, known_names
from minigrad.cli.options import OK, WRONG, add_names, add_workers
from minigrad.cli.terminal import table
from minigrad.grading.model import GradingError

EXAMPLE = "minigrad upgrade --preview ../new/bin/python 01-rnn"


def add(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument(
        "--preview",
        type=Path,
        required=True,
        metavar="PYTHON",
        help="the interpreter of an environment that has the new version",
    )
    add_names(parser)
    add_workers(parser)


def run(args: argparse.Namespace) -> int:
    """Print which released files and which scores would be others."""
    from minigrad.grading.authoring.upgrade import copied, other, releases, scores
    from minigrad.grading.classroom.changes import Change, changes_line, changes_rows
    from minigrad.grading.classroom.lock import grading
    from minigrad.grading.classroom.run import last_reports
    from minigrad.grading.report.markup import printable

    course = find_course(args)
    names = known_names(course, args.names)
    new = other(Path(os.path.abspath(args.preview)))
    print(f"minigrad {new.version} in place of {minigrad.__version__}; nothing of the course is changed")
    graded = {name: reports for name in names if (reports := last_reports(course, name))}
    wrong = 0
    with contextlib.ExitStack() as held:
        with grading(course) if graded else contextlib.nullcontext():  # half a recording is no class
            copy = held.enter_context(copied(course, names))
        for name in names:
            print(f"minigrad: {name}: trying minigrad {new.version}", file=sys.stderr, flush=True)
            try:
                files = releases(new, copy, name)
                print(f"{name}: {'would write ' + ', '.join(files) if files else 'the same release'}")
                if name not in graded:
                    print(f"{name}: was not graded yet")
                    continue
                told = scores(new, copy, name, args.workers)
            except GradingError as error:
                wrong += 1
                print(printable(f"minigrad: {error}"), file=sys.stderr)
                continue
            known = {field.name for field in fields(Change)}
            found = [Change(**{k: v for k, v in one.items() if k in known}) for one in told]
            if found:
                print(table(("student", "before", "after", "change", "why"), changes_rows(found), 110))
            print(f"{name}: {changes_line(found, len(graded[name]))}")
    return WRONG if wrong else OK
