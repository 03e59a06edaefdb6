"""At what the cell stopped that ran before a check: the check then sees what had run before that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minigrad.grading.judge.verdict import IN_CHECK
from minigrad.grading.notebook import telling
from minigrad.grading.notebook.mynet import shell_of
from minigrad.sandbox.probing import spoken


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
