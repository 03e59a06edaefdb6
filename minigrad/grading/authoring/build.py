"""Text sources in, releases out: load `solutions/NN-name/`, build `assignments/NN-name/`.

`build` runs the solution and its mutants on the public inputs; the release holds their numbers,
and no line of theirs. Equal sources give equal bytes.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest
from pathlib import Path
from typing import Any

from minigrad.checks import Arrays, Check, Mutant
from minigrad.grading.assignment import expected as shipped
from minigrad.grading.assignment.expected import Known, Shipped
from minigrad.grading.assignment.load import PUBLIC, load, names
from minigrad.grading.assignment.points import weights
from minigrad.grading.judge import diagnose, seeds
from minigrad.grading.judge.observe import ends, observe
from minigrad.grading.judge.reference import mutated
from minigrad.grading.judge.session import Session
from minigrad.grading.judge.verdict import MODULES, TO_LIST
from minigrad.grading.model import Assignment, AuthoringError, Cell, Evidence, Limits
from minigrad.sandbox.linux.cores import cores
from minigrad.sandbox.server import Lent, SandboxUnavailable, Server

LIMITS = Limits(cells_cpu=60.0, total_cpu=300.0, wall=3000.0)  # whatever it does is the author's
__all__ = ["build", "check_build", "files", "load", "names", "release_notebook", "values"]


def release_notebook(assignment: Assignment) -> dict[str, Any]:
    """The notebook that students get, nbformat 4.5, with nbgrader's metadata."""
    return {
        "cells": [_released(cell) for cell in assignment.cells],
        "metadata": {
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            "minigrad": {"assignment": assignment.name},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _released(cell: Cell) -> dict[str, Any]:
    grade, solution = cell.kind in ("check", "written"), cell.kind in ("solution", "written")
    cell_type = "markdown" if cell.markdown else "code"
    marks: dict[str, Any] = {
        "schema_version": 3,
        "grade_id": cell.id,
        "grade": grade,
        "solution": solution,
        "locked": not solution,
        "task": False,
        "cell_type": cell_type,
    }
    if grade:
        marks["points"] = cell.points
    # nbgrader's checksum (utils.compute_checksum), by which it sees that a locked cell was edited
    parts = [cell.source, cell_type, str(grade), str(solution), str(not solution), cell.id]
    parts += [str(cell.points)] if grade else []
    marks["checksum"] = hashlib.md5("".join(parts).encode(), usedforsecurity=False).hexdigest()
    metadata: dict[str, Any] = {"deletable": False, "nbgrader": marks}
    if not solution:
        metadata["editable"] = False
    if cell.kind == "define":
        metadata["tags"] = ["define"]  # runs in grading, and in `minigrad check`
    if cell.kind == "solution":
        metadata["tags"] = ["raises-exception"]  # Jupyter's Run All goes on below an error in it
    out: dict[str, Any] = {"cell_type": cell_type, "id": cell.id, "metadata": metadata, "source": cell.source}
    if not cell.markdown:
        out |= {"execution_count": None, "outputs": []}
    return out


def _json(notebook: dict[str, Any]) -> bytes:
    return (json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def files(assignment: Assignment) -> dict[str, bytes]:
    """The release: what each of its files holds. Runs the solution and its mutants."""
    return {
        f"{assignment.name}.ipynb": _json(release_notebook(assignment)),
        PUBLIC: assignment.sources[PUBLIC].encode(),
        shipped.FILE: shipped.dumps(values(assignment)),
    }


def build(assignment: Assignment, out: Path) -> list[str]:
    """Write the release into `out/NN-name/`; the names of the files that changed."""
    return write(assignment, files(assignment), out)


def write(assignment: Assignment, made: Mapping[str, bytes], out: Path) -> list[str]:
    """Write what `files` made into `out/NN-name/`; the names of the files that changed.

    A file that already says the same is left alone, `expected.npz` also when its numbers would pass; where it
    says something else, the numbers that would pass stay, so that a new hint changes no other line of it.
    """
    folder = out / assignment.name
    folder.mkdir(parents=True, exist_ok=True)
    changed = []
    for file, data in made.items():
        if not _same(folder / file, data, assignment.checks):
            temporary = folder / f".{file}.new"
            if file == shipped.FILE:
                data = _steady(folder / file, data, assignment.checks)
            temporary.write_bytes(data)
            os.replace(temporary, folder / file)
            changed.append(file)
    return changed


def check_build(assignment: Assignment, out: Path) -> list[str]:
    """What is wrong with the release in `out/NN-name/`; empty when it is what `build` would write."""
    folder, wanted = out / assignment.name, files(assignment)
    wrong = []
    for name, data in wanted.items():
        if not (folder / name).is_file():
            wrong.append(f"{assignment.name}/{name} is missing: build it")
        elif not _same(folder / name, data, assignment.checks):
            wrong.append(f"{assignment.name}/{name} differs from its sources: build it, and never edit it")
    extra = sorted(
        p.name for p in folder.glob("*") if p.name not in wanted and not p.name.startswith(("__", "."))
    )
    return wrong + [f"{assignment.name}/{name} is not part of the release: remove it" for name in extra]


def _same(path: Path, data: bytes, checks: Sequence[Check]) -> bool:
    if not path.is_file():
        return False
    if path.name != shipped.FILE:
        return path.read_bytes() == data
    with contextlib.suppress(Exception):  # a damaged file is a different one
        return agree(checks, shipped.loads(path.read_bytes()), shipped.loads(data))
    return False


def _steady(path: Path, data: bytes, checks: Sequence[Check]) -> bytes:
    """What `expected.npz` is to hold: `data`, with the numbers of before where they would pass."""
    with contextlib.suppress(Exception):  # no file yet, or a damaged one: there is nothing to keep
        return shipped.dumps(steady(checks, shipped.loads(path.read_bytes()), shipped.loads(data)))
    return data


def steady(checks: Sequence[Check], old: Shipped, new: Shipped) -> Shipped:
    """`new`, with the arrays and projections of `old` where a notebook would take them for equal."""
    bounds = {c.name: c for c in checks}
    known = {e: [m.projections for m in mistakes] for e, mistakes in old.known.items()}

    def array_of(name: str) -> Arrays:
        a, b = (Evidence(s.expected.get(name, {})) for s in (old, new))
        same = a.arrays.keys() == b.arrays.keys() and diagnose.evidence_equal(bounds[name], a, b)
        return (a if same else b).arrays

    def mistake(exercise: str, m: Known) -> Known:
        equal = (p for p in known.get(exercise, ()) if _same_projections(p, m.projections))
        return Known(m.hint, next(equal, m.projections))

    return dataclasses.replace(
        new,
        expected={name: array_of(name) for name in new.expected},
        known={e: tuple(mistake(e, m) for m in ms) for e, ms in new.known.items()},
    )


def _same_projections(a: Arrays, b: Arrays) -> bool:
    return list(a) == list(b) and all(diagnose.projections_equal(a[n], b[n]) for n in a)


def agree(checks: Sequence[Check], a: Shipped, b: Shipped) -> bool:
    """Whether two builds ship the same: words exactly, numbers as the notebook compares them.

    BLAS kernels round differently on each kind of processor, and a mutant's training carries that far.
    What a notebook takes for equal needs no new release: a check's arrays within its own tolerance,
    a mistake's projections within theirs.
    """
    bounds = {c.name: c for c in checks}
    words = [
        (s.assignment, s.points, s.weights, s.draws, s.engine, s.packages, s.cells, list(s.expected))
        for s in (a, b)
    ]
    hints = [[(e, [m.hint for m in s.known[e]]) for e in s.known] for s in (a, b)]
    if words[0] != words[1] or hints[0] != hints[1]:
        return False
    mistakes = [(x, y) for e in a.known for x, y in zip(a.known[e], b.known[e], strict=True)]
    return all(
        diagnose.evidence_equal(bounds[name], Evidence(a.expected[name]), Evidence(b.expected[name]))
        for name in a.expected
    ) and all(_same_projections(x.projections, y.projections) for x, y in mistakes)


def values(assignment: Assignment, serve: Callable[..., Server] = Lent) -> Shipped:
    """Run the solution and every mutant on the public inputs: what `expected.npz` holds.

    `serve` starts the server of workers; tests give another one.
    """
    checks = [c for c in assignment.checks if c.name in assignment.public and not c.trained]
    with _server(assignment, serve) as server:
        expected = _observe(server, assignment, {}, checks)
        for name, given in expected.items():
            if given.failure is not None:
                why = given.failure.reason
                remedy = f"; {TO_LIST}" if MODULES in why else ""
                raise AuthoringError(
                    f"{assignment.name}: the solution fails its check `{name}`: {why}{remedy}"
                )

        def mistaken(mutant: Mutant) -> Mapping[str, Evidence]:
            """A mutant's evidence, for the exercises whose public checks it fails."""
            caught = {c.exercise for c in checks if c.name in mutant.fails}
            mine = [c for c in checks if c.exercise in caught]
            return _observe(server, assignment, mutated(assignment, mutant), mine) if mine else {}

        with ThreadPoolExecutor(cores()) as threads:  # they wait for workers, one each
            seen = list(threads.map(mistaken, assignment.mutants))
    known: dict[str, tuple[Known, ...]] = {}
    for mutant, observed in zip(assignment.mutants, seen, strict=True):
        for exercise in sorted({c.exercise for c in checks if c.name in mutant.fails}):
            own = [c.name for c in checks if c.exercise == exercise]
            if not any(ends(observed[name]) for name in own):  # a notebook would not live to tell
                projections = {name: diagnose.project(observed[name]) for name in own}
                known[exercise] = _with(known.get(exercise, ()), Known(mutant.hint, projections))
    arrays = {name: evidence.arrays for name, evidence in expected.items()}
    return Shipped(
        assignment.name,
        assignment.exercises(),
        weights(assignment.checks),
        arrays,
        known,
        shipped.draws(),
        assignment.engine,
        assignment.packages,
        assignment.cells,
    )


def _server(a: Assignment, serve: Callable[..., Server]) -> Server:
    """Forked workers where there is a sandbox: trusted code needs none, but forking is fast."""
    try:
        return serve("auto", engine=a.engine, packages=a.packages)
    except SandboxUnavailable:
        return serve("unsafe", engine=a.engine, packages=a.packages)


def _with(known: tuple[Known, ...], new: Known) -> tuple[Known, ...]:
    """The known mistakes and a new one; public checks that cannot tell two apart give both hints."""
    for i, old in enumerate(known):
        if all(
            diagnose.projections_equal(new.projections[name], old.projections[name])
            for name in old.projections
        ):
            hint = old.hint if new.hint in old.hint else _either(old.hint, new.hint)
            return (*known[:i], Known(hint, old.projections), *known[i + 1 :])
    return (*known, new)


def _either(one: str, other: str) -> str:
    """Two hints, step by step: a question beside a question, an idea beside an idea."""
    steps = zip_longest(_by_degree(one, other), _by_degree(other, one), fillvalue="")
    return "\n".join(" Or: ".join(filter(None, pair)) for pair in steps)


def _by_degree(hint: str, other: str) -> list[str]:
    """A hint's steps, to stand beside those of another: one text that gives the answer is no question."""
    steps = hint.split("\n")
    answers = len(steps) == 1 and "?" not in hint and "\n" in other
    return ["", *steps] if answers else steps


def _observe(
    server: Server, assignment: Assignment, replace: Mapping[str, str], checks: Sequence[Check]
) -> Mapping[str, Evidence]:
    """What each check gives on its public inputs."""
    sources = {PUBLIC: assignment.sources[PUBLIC]}
    with Session(server, sources, assignment.solved(replace), LIMITS) as session:
        return observe(session, checks, seeds.Public(assignment.name), {}).probes
