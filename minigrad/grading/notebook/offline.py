"""`minigrad check`: the public checks on a notebook file, in a sandbox, with what the release ships."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from minigrad.checks import Check, collect
from minigrad.grading.assignment import expected as shipped
from minigrad.grading.assignment.expected import Shipped
from minigrad.grading.assignment.points import shared
from minigrad.grading.intake.canonical import parse, read
from minigrad.grading.judge import diagnose
from minigrad.grading.judge.session import Session
from minigrad.grading.judge.verdict import decide, waits
from minigrad.grading.model import (
    Assignment,
    Cell,
    Evidence,
    Exercise,
    GradingError,
    Kind,
    Limits,
    Report,
    Verdict,
)
from minigrad.sandbox.server import Server, WorkerEnded

PUBLIC = "public_checks.py"


@dataclasses.dataclass(frozen=True)
class Release:
    """What a release ships beside its notebook."""

    values: Shipped
    source: str
    checks: tuple[Check, ...]


def release(folder: Path) -> Release:
    """The release in a folder; GradingError when its files are not there."""
    try:
        values = shipped.loads((folder / shipped.FILE).read_bytes())
        source = (folder / PUBLIC).read_text(encoding="utf-8")
    except FileNotFoundError as missing:
        raise GradingError(
            f"{Path(str(missing.filename)).name} is not in {folder}: "
            "keep the notebook in the folder that it came in"
        ) from None
    namespace: dict[str, Any] = {"__name__": "checks"}
    exec(compile(source, PUBLIC, "exec"), namespace)  # the course's own file
    return Release(values, source, shared(collect(namespace), values.points, values.weights))


def cells(data: bytes) -> tuple[Cell, ...]:
    """The cells of one's own notebook, by their marks; raises Refused for a file that is none."""
    plain = parse(data)  # the same bounds as in grading
    marked = json.loads(data.decode("utf-8-sig"))["cells"]
    return tuple(
        Cell(raw.grade_id or raw.id or f"cell-{i}", _kind(cell), raw.source, markdown=not raw.code)
        for i, (raw, cell) in enumerate(zip(plain, marked, strict=True), 1)
    )


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


def report(notebook: Path, folder: Path, isolation: str = "auto") -> Report:
    """The public checks of the release in `folder` on a notebook: each exercise's public share.

    Raises Refused for a file that is no notebook, SandboxUnavailable where there is no sandbox.
    """
    shipped_files = release(folder)
    name = shipped_files.values.assignment
    public = frozenset(c.name for c in shipped_files.checks)
    assignment = Assignment(name, (), {}, shipped_files.checks, public, {PUBLIC: shipped_files.source})
    with (
        Server(isolation, engine=shipped_files.values.engine) as server,  # type: ignore[arg-type]
        Session(server, assignment, cells(read(notebook)), Limits(total_cpu=300.0)) as session,
    ):
        found = _observe(session, shipped_files)
        runs = tuple(session.runs[c.id] for c in session.cells if c.id in session.runs)
        notes = tuple(session.notes())
    points = shipped_files.values.points
    exercises = tuple(_exercise(e, points[e], shipped_files, found) for e in points)
    return Report(name, "graded", exercises, notes=notes, cells=runs)


def _observe(session: Session, files: Release) -> dict[str, Evidence]:
    name = files.values.assignment
    plain = [c for c in files.checks if not c.trained]
    seeds = {c.name: shipped.public_seed(name, c.name) for c in plain}
    found, late = session.probes(plain, seeds)
    for check in late:
        found[check.name] = session.probe(check, seeds[check.name])
    passed = {c.name for c in plain if _verdict(c, files, found).passed}
    for check in (c for c in files.checks if c.trained):
        missing = [n for n in check.needs if n in found and n not in passed]
        if missing:
            found[check.name] = Evidence(failure=waits(missing))
            continue
        for attempt in range(check.tries):
            label = f"{check.name}:{attempt}" if attempt else check.name
            found[check.name] = _train(session, check, name, label)
            if _verdict(check, files, found).passed or found[check.name].failure:
                break
    return found


def _train(session: Session, check: Check, assignment: str, label: str) -> Evidence:
    """A trained check's score. One's own names replay it: this is one's own work."""
    seed, held_out = (shipped.public_seed(assignment, name) for name in (label, f"{label}:held out"))
    seen = session.probe(check, seed)
    if seen.failure is not None or session.worker is None:
        return seen
    try:
        score = session.worker.call(["replay", check.name, seed, held_out, dict(seen.arrays)], check.cpu)
    except WorkerEnded:
        session.close()
        score = None
    return Evidence(score=score if isinstance(score, float) else float("nan"))


def _verdict(check: Check, files: Release, found: Mapping[str, Evidence]) -> Verdict:
    expected = Evidence(files.values.expected.get(check.name, {}))
    return decide(check, found[check.name], expected, public=True)


def _exercise(name: str, points: float, files: Release, found: Mapping[str, Evidence]) -> Exercise:
    own = [c for c in files.checks if c.exercise == name]
    verdicts = tuple(_verdict(c, files, found) for c in own)
    passed = sum(v.points for v in verdicts if v.passed)
    share = passed / sum(v.points for v in verdicts) if verdicts else 0.0
    hint = "" if share == 1 else _hint(name, files, found)
    return Exercise(name, points, points * share, verdicts, hint=hint)


def _hint(name: str, files: Release, found: Mapping[str, Evidence]) -> str:
    """The hint of the known mistake that gives just these numbers; "" for none."""
    own = [c.name for c in files.checks if c.exercise == name and not c.trained]
    known = files.values.known.get(name, ())
    observed = {n: diagnose.project(found[n]) for n in own}
    expected = {n: diagnose.project(Evidence(files.values.expected[n])) for n in own}
    mistakes = {str(i): one.projections for i, one in enumerate(known)}
    match = diagnose.recognise_projected(observed, expected, mistakes)
    return known[int(match)].hint if match is not None else ""
