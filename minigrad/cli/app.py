"""The command line as a whole: its grammar, its help, and what an error looks like."""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import sys
import textwrap
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import minigrad
from minigrad.cli.commands.author import build, init, matrix, new, upgrade
from minigrad.cli.commands.study import check, progress, solution, start
from minigrad.cli.commands.term import (
    collect,
    explain,
    export,
    feedback,
    grade,
    handback,
    history,
    platform,
    regrade,
    report,
    roster,
)
from minigrad.cli.options import CANNOT, EXITS, OK, STOPPED, typed
from minigrad.errors import MinigradError

# In the order of the help. A command is a file of `commands/*/`: its name is the file's, its docstring
# is its help, EXAMPLE a call that works; `add` takes its own parser, `run` the parsed arguments.
COMMANDS = (
    *(init, build, start, check, progress, solution, roster, collect, grade, regrade, report),
    *(feedback, history, export, handback, platform, explain, new, matrix, upgrade),
)

# These write at their end, if at all. (Ctrl-C while a notebook is checked is `observe.Stoppable`'s, and
# keeps what was found; before that there is nothing to keep.)
WHOLE = frozenset(command.__name__ for command in (check, progress, solution))

# What a disk refuses whatever we write, and what helps.
RIGHT = "give yourself the right to read and write it, and the folder that it is in"
REMEDIES = {
    errno.EACCES: RIGHT,
    errno.EPERM: RIGHT,
    errno.EROFS: "its disk cannot be written: use another, or mount it for writing",
    errno.ENOSPC: "make room on its disk",
    errno.EDQUOT: "make room: your share of its disk is used up",
}


def run(args: argparse.Namespace) -> int:
    """Run the command that was parsed; returns the exit code."""
    if sys.platform == "emscripten":
        print(
            "minigrad: commands start processes, which a browser has none of: call check(...) in the "
            "notebook, or download it and give the command on a computer",
            file=sys.stderr,
        )
        return CANNOT
    try:
        return int(args.run(args))
    except MinigradError as error:
        from minigrad.grading.report.markup import printable  # slow, so not for every command

        print(printable(typed(args, f"minigrad: {error}")), file=sys.stderr)
        return CANNOT
    except KeyboardInterrupt as stop:
        whole = args.run.__module__ in WHOLE
        kept = "nothing was written" if whole else "what was done is kept, and the same command goes on"
        print(typed(args, f"minigrad: stopped; {str(stop) or kept}"), file=sys.stderr)
        return STOPPED
    except BrokenPipeError:  # `minigrad report | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except OSError as error:
        if error.errno not in REMEDIES:
            raise
        remedy = REMEDIES[error.errno] + (others(error.filename) if REMEDIES[error.errno] == RIGHT else "")
        print(f"minigrad: cannot use {error.filename}: {error.strerror}: {remedy}", file=sys.stderr)
        return CANNOT


def others(path: str | None) -> str:
    """Whose a file or folder is that we may not use, and what helps; "" where it is ours or not known."""
    if not path or not hasattr(os, "geteuid"):
        return ""
    for place in (Path(path), *Path(path).absolute().parents):
        with contextlib.suppress(OSError):
            owner = place.stat().st_uid
            if owner == os.geteuid():
                return ""
            return (
                f". {place} is user {owner}'s, and you are user {os.geteuid()}: where a container wrote it, "
                f'`sudo chown -R {os.geteuid()} FOLDER` gives it back, and `--user "$(id -u):$(id -g)"` '
                "keeps the next one from it"
            )
    return ""


def parser() -> argparse.ArgumentParser:
    """The command line's grammar and help."""
    top = Words(prog="minigrad", description="Build, check and grade assignments.", epilog=EXITS)
    top.add_argument("--version", action=Version, nargs=0, help="print minigrad's version and exit")
    top.add_argument(
        "--course", type=Path, metavar="DIR", help="the course's folder (default: found from here upwards)"
    )
    subcommands = top.add_subparsers(required=True, metavar="COMMAND", parser_class=Words)
    for command in COMMANDS:
        says, more = help_text(command)
        own = subcommands.add_parser(
            command.__name__.rpartition(".")[2],
            help=says,
            description=textwrap.fill(f"{says} {more}", 78),
            epilog=f"{example(command)}{textwrap.fill(EXITS, 78)}",
            formatter_class=argparse.RawDescriptionHelpFormatter,  # leaves the example's line whole
        )
        command.add(own)
        own.set_defaults(run=command.run)
    return top


def help_text(command: ModuleType) -> tuple[str, str]:
    """A command's docstring: its first line, and the rest as one paragraph."""
    says, _, more = (command.__doc__ or "").partition("\n")
    return says, " ".join(more.split())


def example(command: ModuleType) -> str:
    """A command's example as its help shows it; nothing for one that has none yet."""
    call = getattr(command, "EXAMPLE", "")
    return f"example:\n  {call}\n\n" if call else ""


class Words(argparse.ArgumentParser):
    """A command's own grammar. Options may stand anywhere: also between the words of its list of words.

    argparse ends such a list at the first option, and does not know what to do with those behind it.
    """

    def error(self, message: str) -> NoReturn:
        """argparse's, with what is missing in our words, and an example where the command has one."""
        missing = message.removeprefix("the following arguments are required: ")
        if missing != message:
            message = f"{missing} is missing"
        self.exit(CANNOT, f"{self.prog}: {message}: `{self.prog} --help` tells what there is\n")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        found, more = super().parse_known_args(args, namespace)
        several = next((action for action in self._actions if action.nargs == "*"), None)
        if several is None or any(word.startswith("-") for word in more):
            return found, more
        kind: Any = several.type or str
        setattr(found, several.dest, [*getattr(found, several.dest), *map(kind, more)])
        return found, []


class Version(argparse.Action):
    """--version; finding it out takes time that no other command should spend."""

    def __call__(self, parser: argparse.ArgumentParser, *args: Any) -> None:
        print(f"minigrad {minigrad.__version__}")
        parser.exit(OK)
