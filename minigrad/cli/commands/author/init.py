"""Start a course of your own: a git repository, with copies of assignments if you name some.

They are copied from the course that --course names, or that the current folder lies in, or else from
the staff wheel, which has those of minigrad's own course.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from minigrad.cli.course import find_course, known_names
from minigrad.cli.options import OK, writing
from minigrad.grading.model import GradingError
from minigrad.grading.store.layout import Course

EXAMPLE = "minigrad init ../course 01-rnn 02-lstm"


def add(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("names", nargs="*", default=[], metavar="ASSIGNMENT", help="to copy (default: none)")


def run(args: argparse.Namespace) -> int:
    """Write a course's files into a folder, and make a git repository of it."""
    from minigrad.grading.authoring.course import lay_out

    folder: Path = Path(os.path.abspath(args.folder))
    with source_of(args) as source:
        names = known_names(source, args.names) if source else ()
        with writing(folder):
            wrote, kept = lay_out(folder, source, names)
    for path in wrote:
        print(path.relative_to(folder))
    for path in kept:
        print(f"minigrad: {path.relative_to(folder)} was there, and stays as it is", file=sys.stderr)
    if not any((above / ".git").exists() for above in (folder, *folder.parents)):
        repository(folder)
    first = f"minigrad build, then {'git add -A' if names else 'minigrad new 01-name'}"
    print(f"Next: cd {shlex.quote(str(folder))}, put the staff wheel into wheels/,")
    print(f"list the class in roster.csv, {first}")
    return OK


def source_of(args: argparse.Namespace) -> AbstractContextManager[Course | None]:
    """The course that assignments are copied from; None where none is asked for."""
    from minigrad.grading.authoring.course import bundled

    if not args.names:
        return nullcontext()
    if not args.course:
        try:
            Course.find(Path.cwd())
        except GradingError:
            return bundled()
    return nullcontext(find_course(args))


def repository(folder: Path) -> None:
    """Make a git repository of a folder."""
    git = shutil.which("git")
    if not git:
        print(f"minigrad: git is not installed, so {folder} is no repository yet", file=sys.stderr)
        return
    done = subprocess.run([git, "init", "--quiet", str(folder)], capture_output=True, text=True)
    if done.returncode:
        raise GradingError(f"git could not make a repository of {folder}: {done.stderr.strip()}")
