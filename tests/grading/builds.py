"""Releases for tests: equal sources are run once a process, since a build starts a sandbox."""

from __future__ import annotations

from pathlib import Path

from minigrad.grading.authoring.build import files, write
from minigrad.grading.model import Assignment

_made: dict[str, dict[str, bytes]] = {}


def build(assignment: Assignment, out: Path) -> list[str]:
    """Write the release into `out/NN-name/`, as `authoring.build.build` does; the files that changed."""
    a = assignment
    shown = (a.cells, a.solution, a.sources, a.mutants, a.variants, a.rewrites, a.packages)
    key = repr((a.name, a.title, a.engine, *shown))
    if key not in _made:
        _made[key] = files(assignment)
    return write(assignment, _made[key], out)
