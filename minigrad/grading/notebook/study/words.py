"""Pure: the answers in words that a notebook still lacks: no check speaks of them, and they have points."""

from __future__ import annotations

from collections.abc import Sequence

from minigrad.grading.model import Cell, is_unwritten
from minigrad.grading.report.markup import rounded


def unwritten(cells: Sequence[Cell], released: Sequence[Cell]) -> tuple[Cell, ...]:
    """The cells for answers in words that are as they came, or empty.

    None where a text cell was added: the answer may stand there, and grading asks a person.
    """
    if any(c.kind == "own" and c.markdown for c in cells):
        return ()
    texts = {c.id: c.source for c in cells}
    return tuple(c for c in released if c.kind == "written" and is_unwritten(texts.get(c.id, ""), c.source))


def still_to_write(cells: Sequence[Cell]) -> str:
    """ "1 answer in words still to write: which-path (10 points)"; "" where there is none."""
    named = ", ".join(f"{c.exercise} ({_many(c.points, 'point')})" for c in cells)
    return f"{in_words(cells)} still to write: {named}" if cells else ""


def in_words(cells: Sequence[Cell]) -> str:
    """ "1 answer in words"."""
    return f"{_many(len(cells), 'answer')} in words"


def _many(count: float, what: str) -> str:
    return f"{rounded(count)} {what}{'' if count == 1 else 's'}"
