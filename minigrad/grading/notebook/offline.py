"""`minigrad check`: the public checks on a notebook file, in a sandbox, with what the release ships.

It tells what `check(...)` tells in the notebook: one's own exceptions, expected against got, hints.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path

from minigrad.checks import Check
from minigrad.grading.intake.canonical import read, without_ipython
from minigrad.grading.judge.observe import observe
from minigrad.grading.judge.verdict import blamed, decide
from minigrad.grading.model import Evidence, Exercise, Limits, Report, Verdict
from minigrad.grading.notebook import mynet, telling
from minigrad.grading.notebook.marked import cells, copied, unmet
from minigrad.grading.notebook.own import Own
from minigrad.grading.notebook.release import PUBLIC, Release, release
from minigrad.sandbox.server import Server

LIMITS = Limits(total_cpu=300.0)
PRINTED = 5  # lines shown of what a failed check's code printed


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
        Own(server, {PUBLIC: files.source}, own, LIMITS, files.names, files.values.packages) as session,
    ):
        seen = observe(session, files.checks, files.seeds, files.expected)
    errors = {run.id: run.error for run in seen.ran.cells if run.error}
    sources = {c.id: c.source for c in own if c.runs}
    found = {name: blamed(e, errors, sources) for name, e in seen.probes.items()}
    exercises = tuple(_exercise(name, files, found) for name in files.values.points)
    relying = mynet.relying(c.source for c in own if c.runs)
    missed = [*([relying] if relying else []), *unmet(own, files.values.packages, files.values.engine)]
    notes = (*copied(own), *missed, *without_ipython(own), *seen.ran.notes)
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
