"""The `minigrad` command: one file a command in `commands/`, beside it what several commands share."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

__all__ = ["main", "parser"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    from minigrad.cli import app

    return app.run(app.parser().parse_args(argv))


def parser() -> argparse.ArgumentParser:
    """The command line's grammar and help."""
    from minigrad.cli import app

    return app.parser()
