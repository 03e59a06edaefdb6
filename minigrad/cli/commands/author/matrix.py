"""Test the checks: right work passes, every known mistake is caught."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from minigrad.cli.course import find_course, known_names
from minigrad.cli.options import OK, WRONG, add_flag, add_names, writing

EXAMPLE = "minigrad matrix 01-rnn --json matrix.json"


def add(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    add_names(parser)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there")
    parser.add_argument(
        "--only", metavar="NAME", help="run one mutant, rewrite or variant alone, without training"
    )
    add_flag(
        parser,
        "--accept",
        "write what mutants fail, and do not say they fail, into mutants.py; with --only, of that one alone",
    )


def run(args: argparse.Namespace) -> int:
    """Every variant passes, every mutant is caught; with --only, one of them alone."""
    from minigrad.grading.authoring.matrix import matrices
    from minigrad.grading.authoring.one import only
    from minigrad.grading.authoring.renewed import renew

    course = find_course(args)
    folders = [course.authored(name) for name in known_names(course, args.names)]
    rows: list[Any] = []
    complaints: list[str] = []
    if args.only:
        results: Iterable[Any] = [only(folders, args.only, accept=args.accept)]
    else:
        results = map(renew, folders) if args.accept else matrices(folders)
    for made in results:
        print(made.text)
        rows += made.rows
        complaints += made.complaints
    if args.json:
        with writing(args.json):
            args.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    return WRONG if complaints else OK
