"""Start an assignment: a small one that builds, to be rewritten."""

from __future__ import annotations

import argparse
from pathlib import Path

from minigrad.cli.options import OK

EXAMPLE = "minigrad new 09-attention"


def add(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("name", metavar="NN-name")


def run(args: argparse.Namespace) -> int:
    """Write the template's files, and say what comes next."""
    from minigrad.grading.authoring import template

    root = args.course or Path.cwd()
    for path in template.write(root / "solutions" / args.name):
        print(path.relative_to(root))
    print(f"Next: minigrad build {args.name}, then minigrad matrix {args.name}")
    return OK
