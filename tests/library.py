"""The `mynet.py` of a student who has finished the assignments, written from the solutions."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from minigrad.grading.notebook import mynet
from tests.solved import cells, names


def library(assignments: Iterable[str]) -> str:
    """The text of the library after all exercises of these assignments have passed."""
    text = ""
    for name in assignments:
        solved, known = cells(name), names(name)
        sources = [cell.source for cell in solved if cell.runs]
        wanted: list[str] = []
        for cell in solved:
            if cell.kind == "solution":
                wanted += [
                    node.name
                    for node in ast.parse(cell.source).body
                    if isinstance(node, ast.FunctionDef | ast.ClassDef)
                ]
            elif cell.kind == "check":
                if block := mynet.block(name, cell.exercise, wanted, sources, known):
                    text = mynet.merged(text, name, cell.exercise, block)
                wanted = []
    return text
