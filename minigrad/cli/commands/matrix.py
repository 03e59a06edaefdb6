"""Test the checks: right work passes, every known mistake is caught."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from minigrad.cli.course import find_course, known_names
from minigrad.cli.options import OK, WRONG

EXAMPLE = "minigrad matrix 01-rnn --json matrix.json"


def add(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("names", nargs="*", metavar="ASSIGNMENT", help="default: all")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there")


def run(args: argparse.Namespace) -> int:
    """Every variant passes, every mutant is caught."""
    from minigrad.grading.assignment.load import load
    from minigrad.grading.authoring.matrix import matrix

    course = find_course(args)
    rows: list[Any] = []
    complaints: list[str] = []
    for name in known_names(course, args.names):
        assignment = load(course.authored(name))
        if not assignment.checks:
            print(f"{name}: it has no checks, so there is nothing to test")
            continue
        made = matrix(assignment)
        print(made.text)
        rows += made.rows
        complaints += made.complaints
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    return WRONG if complaints else OK
