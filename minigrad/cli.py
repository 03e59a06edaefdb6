"""The `minigrad` command: build, check, collect, grade, regrade, report, explain, new, matrix,
reproduce."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from minigrad import commands
from minigrad.commands import CANNOT, OK, UNSAFE
from minigrad.grading.model import GradingError
from minigrad.sandbox.cores import cores
from minigrad.sandbox.errors import SandboxError

EXITS = "Exit codes: 0 all is well; 1 something was found wrong; 2 wrong usage, or it cannot be done."


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    args = parser().parse_args(argv)
    try:
        return int(args.run(args))
    except (GradingError, SandboxError) as error:
        print(f"minigrad: {error}", file=sys.stderr)
        return CANNOT
    except KeyboardInterrupt:
        print("minigrad: stopped; what was graded is kept", file=sys.stderr)
        return CANNOT
    except BrokenPipeError:  # `minigrad report | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK


def parser() -> argparse.ArgumentParser:
    """The command line's grammar and help."""
    top = argparse.ArgumentParser(
        prog="minigrad", description="Build, check and grade assignments.", epilog=EXITS
    )
    top.add_argument(
        "--course", type=Path, metavar="DIR", help="the course's folder (default: found from here upwards)"
    )
    subcommands = top.add_subparsers(required=True, metavar="COMMAND")

    def command(
        name: str, run: Callable[[argparse.Namespace], int], says: str, more: str = ""
    ) -> Callable[..., argparse.Action]:
        made = subcommands.add_parser(name, help=says, description=f"{says} {more}".strip(), epilog=EXITS)
        made.set_defaults(run=run)
        return made.add_argument

    def flag(add: Callable[..., argparse.Action], name: str, says: str) -> None:
        add(name, action="store_true", help=says)

    add = command(
        "build",
        commands.build,
        "Make assignments/ from solutions/.",
        "Enters them into nbgrader's gradebook too, where nbgrader is installed.",
    )
    add("names", nargs="*", metavar="ASSIGNMENT", help="default: all")
    flag(add, "--check", "change nothing; exit with 1 when assignments/ is not what solutions/ give")

    add = command("check", commands.check, "Check your own notebook.", "Public checks only, unless --full.")
    add("notebook", type=Path, metavar="NOTEBOOK")
    flag(add, "--full", "with the hidden checks; needs the course's solutions/")
    flag(add, "--unsafe", UNSAFE)
    flag(add, "--json", "print the report as JSON")
    add("--gradescope", type=Path, metavar="FILE", help="write Gradescope's results.json there, too")

    add = command(
        "collect",
        commands.collect,
        "Lay what an LMS gives out into submitted/: a folder, .zip, .tar or .tar.gz.",
        "Moodle's and Canvas's names of files are understood, and folders named by student.",
    )
    add("assignment", metavar="ASSIGNMENT")
    add("source", type=Path, metavar="SOURCE")

    add = command(
        "grade",
        commands.grade,
        "Grade submissions in the sandbox and record them in the gradebook.",
        "An interrupted run goes on where it stopped.",
    )
    add("assignment", metavar="ASSIGNMENT")
    add(
        "paths",
        nargs="*",
        type=Path,
        metavar="PATHS",
        help="notebooks or folders (default: all in submitted/); what lies elsewhere is not recorded",
    )
    add_workers(add)
    add(
        "--executor",
        choices=("processes", "dask"),
        default="processes",
        help="where to grade: processes of this machine (default), or a Dask cluster",
    )
    add(
        "--scheduler",
        default="tcp://127.0.0.1:8786",
        metavar="ADDRESS",
        help="of the Dask cluster (default: %(default)s); beyond this machine tls://HOST:PORT",
    )
    add("--tls", type=Path, metavar="DIR", help="has ca.pem, cert.pem and key.pem for a tls:// scheduler")
    flag(add, "--new-salt", "a new round: every check gets other inputs, everything is graded again")
    flag(add, "--unsafe", f"{UNSAFE}; never recorded")
    flag(add, "--json", "print the reports as JSON")

    add = command(
        "regrade",
        commands.regrade,
        "Grade everything submitted again with the same salt, and list who gains or loses what.",
        "A changed checks file regrades its assignment; what did not change is not run again.",
    )
    add("assignment", metavar="ASSIGNMENT")
    flag(add, "--preview", "record nothing: neither reports nor gradebook change")
    add_workers(add)
    flag(add, "--json", "print the changes as JSON")

    add = command(
        "report", commands.report, "Show what the last grading found, and write report.json, .csv, .html."
    )
    add("assignment", metavar="ASSIGNMENT")
    add("--out", type=Path, metavar="DIR", help="where to write the files (default: the course's folder)")
    flag(add, "--json", "print JSON, write nothing")
    flag(add, "--lms", "write lms.csv, too: a row for each student of the id map, also of the missing")
    add(
        "--ids",
        type=Path,
        metavar="FILE",
        help="the id map, with --lms: CSV with the columns student and id (default: ids.csv of the course)",
    )

    add = command(
        "explain",
        commands.explain,
        "For staff: what a check expected of a student's submission, and what it got.",
        "Shows expected values: do not pass them on.",
    )
    add("student", metavar="STUDENT")
    add("check", metavar="CHECK", help='such as "rnn-cell.gradients"')
    add("--assignment", metavar="ASSIGNMENT", help="default: the one that has this check")
    flag(add, "--unsafe", UNSAFE)

    add = command("new", commands.new, "Start an assignment: a small one that builds, to be rewritten.")
    add("name", metavar="NN-name")

    add = command(
        "matrix", commands.matrix, "Test the checks: right work passes, every known mistake is caught."
    )
    add("names", nargs="*", metavar="ASSIGNMENT", help="default: all")
    add("--json", type=Path, metavar="FILE", help="write the rows there")

    add = command(
        "reproduce",
        commands.reproduce,
        "Train the reference's cells from many seeds and set what they learn beside what was published.",
        "Needs the course's solutions/; minutes. Writes reproduce.json into the course's folder.",
    )
    add("experiments", nargs="*", metavar="EXPERIMENT", help="forget-bias or reber (default: both)")
    add("--seeds", type=positive, default=20, metavar="N", help="runs of each model (default: %(default)s)")
    add_workers(add)
    return top


def add_workers(add: Callable[..., argparse.Action]) -> None:
    """The option of commands that grade in parallel."""
    add(
        "--workers",
        type=positive,
        default=cores(),
        metavar="N",
        help="processes (default: one for each core that is ours)",
    )


def positive(text: str) -> int:
    """An argument that must be at least 1."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 1")
    return int(text)
