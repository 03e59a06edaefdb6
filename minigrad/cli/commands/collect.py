"""Lay what an LMS gives out into submitted/: a folder, .zip, .tar or .tar.gz.

Moodle's and Canvas's names of files are understood, and folders named by student.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from minigrad.cli.course import find_course, known_names
from minigrad.cli.options import OK, WRONG

EXAMPLE = "minigrad collect 01-rnn downloads/01-rnn.zip"


def add(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("assignment", metavar="ASSIGNMENT")
    parser.add_argument("source", type=Path, metavar="SOURCE")


def run(args: argparse.Namespace) -> int:
    """An LMS's folder or archive -> submitted/."""
    from minigrad.grading.intake.unpack import unpack
    from minigrad.grading.model import clean

    course = find_course(args)
    (name,) = known_names(course, [args.assignment])
    made = unpack(args.source, course.submitted, name)
    count = len(made.files)
    print(f"{count} submission{'' if count == 1 else 's'} laid into {course.submitted}")
    for student, why in made.refused.items():
        print(clean(f"minigrad: {student}: {why}"), file=sys.stderr)
    for left in made.nobodys:
        print(clean(f"minigrad: left out: {left}"), file=sys.stderr)
    return WRONG if made.refused or not made.files else OK
