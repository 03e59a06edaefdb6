"""The `minigrad` command: one file a command in `commands/`, beside it what several commands share."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

__all__ = ["main", "parser"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code.

    The imports take a moment, in which Ctrl-C comes as well: so they are made here.
    """
    try:
        from minigrad.cli import app

        return app.main(argv)
    except KeyboardInterrupt:
        print("minigrad: stopped", file=sys.stderr)
        return 2


def parser() -> argparse.ArgumentParser:
    """The command line's grammar and help."""
    from minigrad.cli import app

    return app.parser()
