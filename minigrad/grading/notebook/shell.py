"""What runs a notebook's cells: at what the one before a check stopped, and whether nbgrader validates."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from typing import Any

from minigrad.grading.judge.verdict import IN_CHECK
from minigrad.grading.notebook import telling
from minigrad.grading.notebook.mynet import shell_of
from minigrad.sandbox.failures import spoken


def stopped(names: Mapping[str, Any]) -> str:
    """ "SyntaxError: '(' was never closed, in line 3 of its cell", or "" where that cell ran to its end.

    `names` are the notebook's; where no IPython runs it, nothing is known of its cells.
    """
    result = getattr(shell_of(names), "last_execution_result", None)
    error = result and (result.error_before_exec or result.error_in_exec)
    if not isinstance(error, BaseException):
        return ""
    if isinstance(error, SyntaxError):  # IPython names a file of its own, which tells nobody anything
        error = SyntaxError(error.msg, ("<cell >", error.lineno, error.offset, error.text))
    said = telling.words(spoken(error, names))
    return f"{said.error}, {said.place}" if said.place != IN_CHECK else said.error


def validating() -> bool:
    """Whether nbgrader's Validate runs the notebook: it waits for all cells, and shows what failed."""
    return os.environ.get("NBGRADER_EXECUTION") == "validate"


def leave_out(names: Mapping[str, Any], texts: Collection[str]) -> None:
    """From now on, no cell of these texts runs in the notebook whose names these are."""
    left_out = {text.strip() for text in texts}

    def changed(lines: list[str]) -> list[str]:
        return [] if "".join(lines).strip() in left_out else lines

    if (shell := shell_of(names)) is not None:
        shell.input_transformers_cleanup.append(changed)
