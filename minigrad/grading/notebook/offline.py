"""`minigrad check`: the public checks on a notebook file, in a sandbox, with what the release ships.

It tells what `check(...)` tells in the notebook: one's own exceptions, expected against got, hints.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from minigrad.checks import Check
from minigrad.grading.intake.canonical import parse, read, without_ipython
from minigrad.grading.judge.observe import observe
from minigrad.grading.judge.verdict import blamed, decide
from minigrad.grading.model import Cell, Evidence, Exercise, Kind, Limits, Report, Verdict
from minigrad.grading.notebook import telling
from minigrad.grading.notebook.own import Own
from minigrad.grading.notebook.release import PUBLIC, Release, release
from minigrad.sandbox.server import Server

LIMITS = Limits(total_cpu=300.0)
PRINTED = 5  # lines shown of what a failed check's code printed


def cells(data: bytes) -> tuple[Cell, ...]:
    """The cells of one's own notebook, by their marks; raises Refused for a file that is none.

    Cells that one added are called own-1, own-2, ... as in grading.
    """
    plain = parse(data).cells  # the same bounds as in grading
    marked = json.loads(data.decode("utf-8-sig"))["cells"]
    found: list[Cell] = []
    for i, (raw, cell) in enumerate(zip(plain, marked, strict=True), 1):
        id, kind = raw.grade_id or raw.id or f"cell-{i}", _kind(cell)
        if kind == "own":
            if not raw.source.strip():
                continue
            id = f"own-{1 + sum(c.kind == 'own' for c in found)}"
        found.append(Cell(id, kind, raw.source, markdown=not raw.code))
    return tuple(found)


def _kind(cell: Mapping[str, Any]) -> Kind:
    metadata = cell.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    marks, tags = metadata.get("nbgrader"), metadata.get("tags")
    if not isinstance(marks, dict):
        return "own"
    if marks.get("solution"):
        return "written" if marks.get("grade") else "solution"
    if marks.get("grade"):
        return "check"
    return "define" if isinstance(tags, list) and "define" in tags else "lab"


def report(
    notebook: Path, folder: Path, isolation: str = "auto", serve: Callable[..., Server] | None = None
) -> Report:
    """The public checks of the release in `folder` on a notebook: each exercise's public share.

    Raises Refused for a file that is no notebook, SandboxUnavailable where there is no sandbox.
    """
    files, own = release(folder), cells(read(notebook))
    start: Callable[..., Server] = serve or Server
    with (
        start(isolation, engine=files.values.engine, packages=files.values.packages) as server,
        Own(server, {PUBLIC: files.source}, own, LIMITS, files.names) as session,
    ):
        seen = observe(session, files.checks, files.seeds, files.expected)
    errors = {run.id: run.error for run in seen.ran.cells if run.error}
    sources = {c.id: c.source for c in own if c.runs}
    found = {name: blamed(e, errors, sources) for name, e in seen.probes.items()}
    exercises = tuple(_exercise(name, files, found) for name in files.values.points)
    notes = (*without_ipython(own), *seen.ran.notes)
    return Report(files.values.assignment, "graded", exercises, notes=notes, cells=seen.ran.cells)


def _exercise(name: str, files: Release, found: Mapping[str, Evidence]) -> Exercise:
    points = files.values.points[name]
    verdicts = tuple(_verdict(c, files, found) for c in files.checks if c.exercise == name)
    passed = sum(v.points for v in verdicts if v.passed)
    share = passed / sum(v.points for v in verdicts) if verdicts else 0.0
    hint = "" if share == 1 else files.hint(name, found)
    return Exercise(name, points, points * share, verdicts, hint=hint)


def _verdict(check: Check, files: Release, found: Mapping[str, Evidence]) -> Verdict:
    """A check decided; its reason tells what the notebook's table would, line by line."""
    observed, expected = found[check.name], files.expected.get(check.name, Evidence())
    decided = decide(check, observed, expected, public=True)
    row = telling.row(check, observed, expected)
    printed = [f"printed: {line}" for line in row.printed.splitlines()]
    if len(printed) > PRINTED:
        printed[PRINTED:] = ["printed: …"]
    told = [*row.details, *printed]
    return dataclasses.replace(decided, reason="\n".join(told) or decided.reason)
