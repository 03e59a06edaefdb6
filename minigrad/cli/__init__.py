"""The `minigrad` command: one file a command in `commands/`, beside it what several commands share."""

from minigrad.cli.app import main, parser

__all__ = ["main", "parser"]
