"""An exercise's points, stated in its check cell, shared out among its checks by their weights.

Texts for students name them too: `misstated` tells where these say something else.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping

from minigrad.checks import Check
from minigrad.grading.model import Assignment

HEADING = re.compile(r"^#+ .*`([\w-]+)` · (\d+(?:\.\d+)?) points?\b", re.MULTILINE)
TABLE = re.compile(r"^\|[^\n]*\| *points *\|\n\|[-:| ]+\|\n((?:\|[^\n]*\|(?:\n|$))+)", re.MULTILINE)
LAST = re.compile(r"\|([^|\n]*)\|$", re.MULTILINE)
SUM = re.compile(r" *\d+(?:\.\d+)?(?: *\+ *\d+(?:\.\d+)?)* *")  # "10", or "5 + 15" of two exercises in a row


def weights(checks: Iterable[Check]) -> dict[str, float]:
    """The weights of each exercise's checks, added up."""
    total: dict[str, float] = {}
    for check in checks:
        total[check.exercise] = total.get(check.exercise, 0.0) + check.weight
    return total


def shared(
    checks: Iterable[Check], points: Mapping[str, float], weights: Mapping[str, float]
) -> tuple[Check, ...]:
    """The checks with their shares of their exercises' `points`.

    `weights` are sums over all of an exercise's checks, hidden ones included, also where `checks` are
    the public ones only.
    """
    return tuple(
        dataclasses.replace(c, points=points[c.exercise] * c.weight / weights[c.exercise]) for c in checks
    )


def misstated(assignment: Assignment) -> list[str]:
    """Where a text of the notebook states other points than the cells have: a heading such as
    "### Exercise `rnn-cell` · 20 points", and a table whose last column is called points, where that holds
    numbers or sums of them alone."""
    worth = {c.exercise: c.points for c in assignment.cells if c.kind in ("check", "written")}
    texts = [c.source for c in assignment.cells if c.markdown]
    return [f"{assignment.name}/notebook.py: {line}" for text in texts for line in _misstated(text, worth)]


def _misstated(text: str, worth: Mapping[str, float]) -> Iterator[str]:
    for name, said in HEADING.findall(text):
        if name in worth and float(said) != worth[name]:
            yield f"a heading says that `{name}` has {said} points, and its cell {worth[name]:g}"
    for rows in TABLE.findall(text):
        cells = LAST.findall(rows)
        said = sum(float(one) for cell in cells if SUM.fullmatch(cell) for one in cell.split("+"))
        if all(map(SUM.fullmatch, cells)) and said != sum(worth.values()):
            yield f"its table of points has {said:g} in all, and its cells {sum(worth.values()):g}"
