"""Show how far you are: exercises passed, what comes next, what is due.

What passed is known from `check` in the notebook and from `minigrad check`, and counts for the answer as
it was then.
"""

from __future__ import annotations

import argparse

from minigrad.cli.course import home_of
from minigrad.cli.options import OK
from minigrad.grading.report.markup import printable

EXAMPLE = "minigrad progress"


def add(parser: argparse.ArgumentParser) -> None:
    """It has no arguments."""


def run(args: argparse.Namespace) -> int:
    """Print one line an assignment, and the exercises of those that were begun."""
    from minigrad.grading.notebook.study.progress import progress

    home = home_of(args)
    found = progress(home)
    print(printable(str(found)) or f"Nothing was begun in {home}, and this minigrad brings no assignments.")
    return OK
