"""What a release ships beside its notebook, read: the public checks, their expected values, hints.

NumPy and the standard library alone: it is read in a browser, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from minigrad.checks import Check, collect
from minigrad.grading.assignment import expected as shipped
from minigrad.grading.assignment.expected import Shipped
from minigrad.grading.assignment.points import shared
from minigrad.grading.judge import diagnose, ladder, seeds
from minigrad.grading.judge.verdict import asked_for
from minigrad.grading.model import Cell, Evidence, GradingError

PUBLIC = "public_checks.py"


@dataclass(frozen=True)
class Release:
    """The public checks of an assignment, and what its solution and its known mistakes give."""

    values: Shipped
    source: str  # of the public checks
    checks: tuple[Check, ...]

    @property
    def name(self) -> str:
        """The assignment's."""
        return self.values.assignment

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The notebook's as they came; none where the files are of before they were shipped."""
        return self.values.cells

    @property
    def seeds(self) -> seeds.Public:
        return seeds.Public(self.values.assignment)

    @cached_property
    def names(self) -> frozenset[str]:
        """What the checks ask for."""
        return asked_for([self.source], [self.source])

    @property
    def expected(self) -> dict[str, Evidence]:
        """The solution's evidence by deterministic check."""
        return {name: Evidence(arrays) for name, arrays in self.values.expected.items()}

    def hint(self, exercise: str, observed: Mapping[str, Evidence]) -> str:
        """The hint of the known mistake that gives these numbers, or of one of two; else where to look."""
        plain = [c for c in self.checks if c.exercise == exercise and not c.trained]
        own = [c.name for c in plain]
        known = {str(i): one for i, one in enumerate(self.values.known.get(exercise, ()))}
        compared = (
            {name: diagnose.project(observed[name]) for name in own},
            {name: diagnose.project(self.expected[name]) for name in own},
            {i: one.projections for i, one in known.items()},
        )
        if (found := diagnose.recognise_projected(*compared)) is not None:
            return known[found].hint
        if (found := diagnose.one_of_two_projected(*compared)) is not None:
            return diagnose.MORE + known[found].hint
        return ladder.next_look(plain, observed, self.expected)


def lies_in(folder: Path) -> bool:
    """Whether a folder holds a release's files."""
    return (folder / PUBLIC).is_file() and (folder / shipped.FILE).is_file()


def around(here: Path, assignment: str) -> list[Path]:
    """Where the release of an assignment may lie, seen from a folder: there, or in folders of its name."""
    parts = (assignment, f"assignments/{assignment}")
    return [here, *(p / part for p in (here, *here.parents) for part in parts)]


def release(folder: Path) -> Release:
    """The release in a folder; GradingError when its files are not there, or not of one release."""
    try:
        values = (folder / shipped.FILE).read_bytes()
        source = (folder / PUBLIC).read_bytes()
    except FileNotFoundError as missing:
        raise GradingError(
            f"{Path(str(missing.filename)).name} is not in {folder}: "
            "keep the notebook in the folder that it came in"
        ) from None
    return of_files(values, source, f" in {folder}")


def of_files(values: bytes, source: bytes, where: str = "") -> Release:
    """The release that its files' bytes are; GradingError when they are not of one release."""
    read, text = shipped.loads(values), source.decode()
    namespace: dict[str, Any] = {"__name__": "checks"}
    exec(compile(text, PUBLIC, "exec"), namespace)  # the course's own file
    checks = collect(namespace)
    if {c.name for c in checks if not c.trained} != set(read.expected):
        raise GradingError(
            f"{PUBLIC} and {shipped.FILE}{where} do not belong together: download the folder again"
        )
    return Release(read, text, shared(checks, read.points, read.weights))
