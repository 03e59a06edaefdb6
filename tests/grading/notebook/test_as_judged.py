"""Drawn notebooks: `minigrad check` reads, refuses and decides as the judge does, and as `check(...)`.

Drawn as for `tests/recorded.py`: cells deleted, doubled, moved, retyped and renamed, other notebooks'
metadata, IPython's commands, pictures and links, files cut in two.
"""

from __future__ import annotations

import contextlib
import io
import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from minigrad.grading.intake.parse import raw_cell
from minigrad.grading.judge.judge import Judge
from minigrad.grading.model import Assignment, Report
from minigrad.grading.notebook.checks import Checks
from minigrad.grading.notebook.offline import report
from minigrad.grading.notebook.release import release
from minigrad.sandbox.cells import left_out
from tests.grading.builds import build
from tests.grading.handed_in import NAME, new_course
from tests.grading.near import Near
from tests.recorded import draw

DRAWN = 200
World = tuple[Assignment, Judge, Path]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """An assignment, its judge, and its release's folder."""
    course, assignment = new_course(tmp_path_factory.mktemp("course"))
    build(assignment, course.root / "assignments")
    with Judge(assignment, b"0123456789abcdef", serve=Near()) as judge:
        yield assignment, judge, course.release(NAME)


def public(made: Report) -> dict[str, tuple[bool, str | None]]:
    """By public check, whether it passed, and which kind of failure it was."""
    return {v.check: (v.passed, v.failure) for e in made.exercises for v in e.verdicts if v.public}


def in_notebook(folder: Path, data: bytes, assignment: Assignment) -> dict[str, bool] | None:
    """By public check, whether `check(...)` passes where the notebook's cells ran from top to bottom.

    None where a locked cell was edited that grading does not run: it may bring anything.
    """
    names: dict[str, Any] = {}
    locked = {c.id: c.source for c in assignment.cells if c.kind in ("lab", "check")}
    for given in json.loads(data.decode("utf-8-sig"))["cells"]:
        cell = raw_cell(given, 1)
        if not cell.code or left_out(cell.source) or cell.source in locked.values():
            continue
        if {cell.grade_id, cell.id} & locked.keys():
            return None
        with contextlib.suppress(Exception, SystemExit), contextlib.redirect_stdout(io.StringIO()):
            exec(cell.source, names)
    rows = Checks(release(folder), names, folder)("scale").rows
    return {f"scale.{row.name}": row.status == "pass" for row in rows}


def test_the_terminal_reads_refuses_and_decides_as_the_judge(world: World, tmp_path: Path) -> None:
    assignment, judge, folder = world
    seen: Counter[str] = Counter()
    path = tmp_path / "mine.ipynb"
    for number in range(DRAWN):
        data = draw(random.Random(f"terminal {number}"), assignment)
        path.write_bytes(data)
        here, there = report(path, folder, serve=Near()), judge.grade(data)
        seen[there.status] += 1
        assert (here.status, here.reason, here.blank) == (there.status, there.reason, there.blank), number
        assert public(here) == public(there), number
        assert here.notes[: len(there.notes)] == there.notes, number
        assert [(c.id, c.output, bool(c.error)) for c in here.cells] == [
            (c.id, c.output, bool(c.error)) for c in there.cells
        ], number
    assert min(seen["graded"], seen["refused"]) > DRAWN / 10, seen


def test_of_what_nothing_is_noted_the_notebook_says_the_same(world: World, tmp_path: Path) -> None:
    assignment, _, folder = world
    path, seen = tmp_path / "mine.ipynb", Counter[bool]()
    for number in range(DRAWN):
        data = draw(random.Random(f"notebook {number}"), assignment)
        path.write_bytes(data)
        made = report(path, folder, serve=Near())
        if made.status != "graded" or made.notes:
            continue
        there = in_notebook(folder, data, assignment)
        if there is not None:
            assert {name: passed for name, (passed, _) in public(made).items()} == there, number
            seen[all(there.values())] += 1
    assert min(seen.values()) > 10, seen
