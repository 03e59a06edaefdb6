"""Start an assignment: a small one that builds, to be rewritten."""

from __future__ import annotations

import argparse

from minigrad.cli.course import find_course
from minigrad.cli.options import OK, typed, writing
from minigrad.grading.model import to_type

EXAMPLE = "minigrad new 09-attention"


def add(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("name", metavar="NN-name")


def run(args: argparse.Namespace) -> int:
    """Write the template's files, and say what comes next."""
    from minigrad.grading.authoring import template

    name = template.checked_name(args.name)  # a path would be written outside solutions/
    course = find_course(args)
    with writing(course.authored(name)):
        made = template.write(course.authored(name))
    for path in made:
        print(path.relative_to(course.root))
    print(typed(args, f"Next: {to_type('build', name)}, then {to_type('matrix', name)}"))
    return OK
