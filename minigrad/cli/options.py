"""What several commands say or take alike: exit codes, common options, where to grade."""

from __future__ import annotations

import argparse
import contextlib
import errno
import re
import shlex
import signal
from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path

from minigrad.grading.model import GradingError, to_type
from minigrad.sandbox.linux.cores import cores

OK, WRONG, CANNOT, STOPPED = 0, 1, 2, 128 + signal.SIGINT
GRADES_TO = ("canvas", "moodle", "blackboard")  # which import grades
BY_LMS, BY_ROSTER = ("canvas", "moodle"), ("id", "name")  # how pages of feedback are called in a zip
EXITS = (
    "Exit codes: 0 all is well; 1 something was found wrong; 2 wrong usage, or it cannot be done; "
    f"{STOPPED} stopped by Ctrl-C."
)
UNSAFE = "no sandbox: this runs the notebooks' code with all your rights, and proves nothing"


def positive(text: str) -> int:
    """An argument that must be at least 1."""
    if not text.isdecimal() or len(text) > 18 or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 1")
    return int(text)


def add_names(parser: argparse.ArgumentParser) -> None:
    """Names of assignments; with none the command takes all."""
    # a list, or else an error of another argument would name these as missing, too
    parser.add_argument("names", nargs="*", default=[], metavar="ASSIGNMENT", help="default: all")


def add_workers(parser: argparse.ArgumentParser) -> None:
    """--workers, of commands that work in parallel."""
    parser.add_argument(
        "--workers",
        type=positive,
        default=cores(),
        metavar="N",
        help="processes (default: one for each core that is ours)",
    )


def add_flag(parser: argparse.ArgumentParser, name: str, says: str) -> None:
    """An option that takes no value."""
    parser.add_argument(name, action="store_true", help=says)


def typed(args: argparse.Namespace, text: str) -> str:
    """A message whose commands can be typed as they stand: with the course that was named by --course."""
    named = f" --course {shlex.quote(str(args.course))}" if args.course else ""
    return re.sub(
        r"(?<=`minigrad)(?= (?!init ))", lambda _: named, text
    )  # init makes the course that it names


def handing_out(name: str) -> str:
    """What comes next once the pages of feedback are written."""
    back = to_type("handback", name, "--to", "moodle")
    return f"next: {back} (or canvas, id, name), then {to_type('export', name)}"


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Around the writing of a file or folder: GradingError where the system does not let it be written."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise GradingError(
            f"cannot write {path}: {error.strerror or error}: "
            + (
                "make room there, or name a place on another disk"
                if full
                else "name a place in a folder that exists and that you may write to"
            )
        ) from None


@contextlib.contextmanager
def executor(args: argparse.Namespace) -> Iterator[tuple[Executor | None, int]]:
    """Where to grade, and how many submissions at a time: processes here (None), or a cluster."""
    if args.executor == "processes":
        yield None, args.workers
        return
    if args.unsafe:
        raise GradingError("--unsafe is for this machine: leave out --executor dask")
    from minigrad.grading.classroom.dask import dask

    with dask(args.scheduler, args.tls) as cluster:
        yield cluster
