"""Begin an assignment: lay it out in your folder, and open it.

It comes from the course that you are in, into its folder `mine`, or else from minigrad itself, into the
folder of your assignments. What is there already stays as it is, and is opened.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from minigrad.cli.course import home_of, meant_instead
from minigrad.cli.options import OK, add_flag, writing
from minigrad.grading.assignment.carried import MINE, Files, offered
from minigrad.grading.model import GradingError

EXAMPLE = "minigrad start 01-rnn"


def add(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("assignment", metavar="ASSIGNMENT")
    add_flag(parser, "--no-open", "say how to open it, and open nothing")


def run(args: argparse.Namespace) -> int:
    """Lay an assignment out where it is not there yet; then open it."""
    name, home = args.assignment.rstrip("/"), home_of(args)
    folder, others = home / name, offered(home)
    notebook = folder / f"{name}.ipynb"
    if notebook.exists():
        print(f"{shown(notebook)} is there, and stays as it is")
    elif name in others:
        lay_out(folder, others[name])
        print(f"laid out: {shown(folder)}{'' if home.name == MINE else ', as minigrad brings it'}")
    else:
        there = f"there is {', '.join(others)}" if others else "this minigrad brings none along"
        if near := meant_instead(name, others):
            raise GradingError(f"no assignment {name!r}{near} {there[0].upper()}{there[1:]}")
        raise GradingError(
            f"no assignment {name!r} for {home}: {there}. Was a folder of it given to you? Put it there"
        )
    for word in missing(folder):
        print(f"minigrad: {word}", file=sys.stderr)
    return opened(notebook, home, args.no_open)


def lay_out(folder: Path, files: Files) -> None:
    """Write a release's files into a folder; GradingError, and nothing is written, where it has others."""
    for name, data in files.items():
        path = folder / name
        if path.exists() and (not path.is_file() or path.read_bytes() != data):
            raise GradingError(
                f"{folder} has another {name}, and nothing is overwritten: move that folder away first"
            )
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (folder / name).write_bytes(data)


def missing(folder: Path) -> list[str]:
    """What an assignment needs and is not installed, in sentences with the remedy."""
    from minigrad.grading.notebook.release import lies_in, release
    from minigrad.sandbox.errors import PackageMissing
    from minigrad.sandbox.layout import installed

    told = []
    if not lies_in(folder):
        told.append(f"{shown(folder)} lacks files that its checks need: get the whole folder again")
    else:
        try:
            installed(release(folder).values.packages)
        except (PackageMissing, GradingError) as error:  # the work is opened all the same
            told.append(str(error))
    if importlib.util.find_spec("matplotlib") is None:
        told.append("its pictures need matplotlib: python -m pip install matplotlib")
    return told


def opened(notebook: Path, home: Path, no_open: bool) -> int:
    """Open a notebook in JupyterLab, and return when that ends; without one, say what to do."""
    there = importlib.util.find_spec("jupyterlab") is not None
    # the server shows the whole folder: `mynet.py` and the other assignments too
    words = ["-m", "jupyterlab", f"--ServerApp.root_dir={home}", str(notebook)]
    if there and not no_open:
        return served([sys.executable, *words])
    if there:
        print(f"open it: jupyter lab {shlex.quote(shown(notebook))}")
    else:
        print(f"open {shown(notebook)} in any editor of notebooks, such as VS Code, with {sys.executable},")
        print("or in JupyterLab: python -m pip install jupyterlab")
    print(f"check it: minigrad check {shlex.quote(shown(notebook))}")
    return OK


def served(command: Sequence[str]) -> int:
    """Run a server until it ends. Ctrl-C is the server's: it asks whether it is to end."""
    before = signal.signal(signal.SIGINT, lambda *_: None)  # unlike SIG_IGN, what is started does not get it
    try:
        return subprocess.call(command)
    finally:
        signal.signal(signal.SIGINT, before)


def shown(path: Path) -> str:
    """A path as it is typed here."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
