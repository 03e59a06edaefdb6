"""A sample: what a student hands in, as a solved notebook and changes to it, and what it must score."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from minigrad.grading.authoring.build import release_notebook
from minigrad.grading.judge.reference import mutated
from minigrad.grading.model import Assignment, Status

Notebook = dict[str, Any]
Change = Callable[[Notebook], Notebook | bytes]


@dataclass(frozen=True)
class Sample:
    """One student: a solved (or blank) notebook with some changes, in order.

    `variant` and `mutant` name one of the assignment's, to stand in the solution's place.
    """

    student: str
    what: str
    score: float
    changes: tuple[Change, ...] = ()
    solves: tuple[str, ...] | None = None  # the cells that hold the solution; None: all of them
    status: Status = "graded"
    hint: str = ""  # the exercise that must carry a hint
    variant: str = ""
    mutant: str = ""

    def file(self, assignment: Assignment) -> bytes:
        """What the student hands in."""
        notebook = copy.deepcopy(release_notebook(assignment))
        answers = self._answers(assignment)
        for cell in notebook["cells"]:
            if self.solves is None or cell["id"] in self.solves:
                cell["source"] = answers.get(cell["id"], cell["source"])
        for change in self.changes:
            made = change(notebook)
            if isinstance(made, bytes):
                return made
            notebook = made
        return json.dumps(notebook).encode()

    def _answers(self, assignment: Assignment) -> dict[str, str]:
        answers = dict(assignment.solution)
        if self.variant:
            answers |= next(v.cells for v in assignment.variants if v.name == self.variant)
        if self.mutant:
            answers |= mutated(assignment, next(m for m in assignment.mutants if m.name == self.mutant))
        return answers


# --- changes ----------------------------------------------------------------------------------


def find(notebook: Notebook, id: str) -> dict[str, Any]:
    return next(c for c in notebook["cells"] if c["id"] == id)


def edit(id: str, old: str, new: str) -> Change:
    """Replace the one place of `old` in a cell."""

    def change(notebook: Notebook) -> Notebook:
        cell = find(notebook, id)
        if cell["source"].count(old) != 1:
            raise ValueError(f"cell {id!r} of the solution has {cell['source'].count(old)} times {old!r}")
        cell["source"] = cell["source"].replace(old, new)
        return notebook

    return change


def write(id: str, source: str) -> Change:
    """Replace a whole cell."""

    def change(notebook: Notebook) -> Notebook:
        find(notebook, id)["source"] = source
        return notebook

    return change


def drop(id: str) -> Change:
    """Delete a cell."""

    def change(notebook: Notebook) -> Notebook:
        notebook["cells"].remove(find(notebook, id))
        return notebook

    return change


def add(source: str, at: int | None = None) -> Change:
    """Add a code cell of the student's own; at the end unless `at` says where."""

    def change(notebook: Notebook) -> Notebook:
        cells = notebook["cells"]
        cell = {
            "cell_type": "code",
            "id": f"mine-{len(cells)}",
            "metadata": {},
            "source": source,
            "execution_count": None,
            "outputs": [],
        }
        cells.insert(len(cells) if at is None else at, cell)
        return notebook

    return change


def move(id: str, before: str) -> Change:
    """Put a cell in front of another."""

    def change(notebook: Notebook) -> Notebook:
        cell = find(notebook, id)
        notebook["cells"].remove(cell)
        notebook["cells"].insert(notebook["cells"].index(find(notebook, before)), cell)
        return notebook

    return change


def grab(id: str, points: float) -> Change:
    """Rewrite a check cell so that it shows full marks, and raise its points."""

    def change(notebook: Notebook) -> Notebook:
        cell = find(notebook, id)
        cell["source"] = repr(points)
        cell["metadata"]["nbgrader"]["points"] = points
        cell["outputs"] = [
            {
                "output_type": "execute_result",
                "execution_count": 1,
                "metadata": {},
                "data": {"text/plain": repr(points)},
            }
        ]
        return notebook

    return change


def not_json(notebook: Notebook) -> bytes:
    return b"\x93NUMPY, or whatever this was before the disk was full {"
