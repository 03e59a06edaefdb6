"""`progress.jsonl`, what a student's work has reached: a line for each version of an answer that was checked.

It lies beside `mynet.py`. Lines are only ever added, and one that cannot be read is passed over: so a file
that was cut off, or that two notebooks write at once, loses nothing else. A version is told by a digest.
"""

from __future__ import annotations

import ast
import hashlib
import json
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from minigrad.grading.intake.match import defined, promised
from minigrad.grading.model import Cell
from minigrad.grading.notebook.mynet import library_path, shell_of
from minigrad.grading.notebook.release import Release

FILE = "progress.jsonl"
STUBS: Mapping[str, str] = {}


@dataclass(frozen=True)
class Tried:
    """One version of the answers to an exercise, and how many of its public checks passed."""

    assignment: str
    exercise: str
    answer: str  # digest of the cells that answer it
    checks: str  # digest of the public checks
    passed: int
    of: int
    at: str = ""  # 2030-02-01T22:59:00+00:00

    @property
    def whole(self) -> bool:
        return self.passed == self.of


def record_path(folder: Path, assignment: str) -> Path:
    """Where the record of the notebook in `folder` lies: beside the assignments' folders."""
    return library_path(folder, assignment).with_name(FILE)


def read(path: Path) -> list[Tried]:
    """All that was recorded, the oldest first; lines that are no record are passed over."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError:
        return []
    return [one for line in lines if (one := _read(line)) is not None]


def _read(line: bytes) -> Tried | None:
    try:
        told = json.loads(line)
        one = Tried(**{f.name: told[f.name] for f in fields(Tried)})
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    kinds = {"str": str, "int": int}
    fit = all(type(getattr(one, f.name)) is kinds[str(f.type)] for f in fields(Tried))
    return one if fit and 0 <= one.passed <= one.of else None


def write(path: Path, found: Iterable[Tried]) -> None:
    """Add what is not on record as the last of its version. Raises OSError."""
    last = {(t.assignment, t.exercise, t.answer, t.checks): (t.passed, t.of) for t in read(path)}
    at = datetime.now(UTC).isoformat(timespec="seconds")
    new = [t for t in found if last.get((t.assignment, t.exercise, t.answer, t.checks)) != (t.passed, t.of)]
    if not new:
        return
    text = "".join(json.dumps({**asdict(t), "at": at}, ensure_ascii=False) + "\n" for t in new)
    with path.open("a+b") as file:
        if file.tell():
            file.seek(-1, 2)
            text = text if file.read(1) == b"\n" else f"\n{text}"  # after a line that was cut off
        file.write(text.encode())


# --- versions -------------------------------------------------------------------------------------


def checks_digest(files: Release) -> str:
    """A digest of a release's public checks."""
    return _digest(files.source)


def own_cells(cells: Sequence[Cell]) -> dict[str, tuple[str, ...]]:
    """By exercise, the ids of the cells that answer it: those for answers since the check before."""
    found: dict[str, tuple[str, ...]] = {}
    own: list[str] = []
    for cell in cells:
        if cell.kind == "solution" and promised(cell.source):
            own.append(cell.id)
        elif cell.kind == "check":
            found[cell.exercise], own = tuple(own), []
    return found


def versions(cells: Sequence[Cell], sources: Mapping[str, str] = STUBS) -> dict[str, str]:
    """By exercise of a release, a digest of its answers: the texts of its cells in `sources`, or the stubs.

    Comments and layout make no other version. An exercise that asks for nothing new is answered by all
    answers before it.
    """
    texts = {**{c.id: c.source for c in cells}, **sources}
    before: list[str] = []
    found = {}
    for exercise, ids in own_cells(cells).items():
        before += ids
        found[exercise] = _digest(*(_meant(texts[id]) for id in ids or before))
    return found


def found(files: Release, sources: Mapping[str, str], passed: Mapping[str, tuple[int, int]]) -> list[Tried]:
    """What is to be written down: by exercise, how many public checks passed of how many.

    Nothing of an answer that is still the stub, nor of a release that does not say how it came.
    """
    now, stubs, checks = versions(files.cells, sources), versions(files.cells), checks_digest(files)
    tried = (e for e in passed if e in now and now[e] != stubs[e])
    return [Tried(files.name, e, now[e], checks, *passed[e]) for e in tried]


def ran(files: Release, names: Mapping[str, Any]) -> dict[str, str]:
    """By id, the text of the cells for answers that ran last in the notebook whose names these are."""
    shell = shell_of(names)
    raw = getattr(getattr(shell, "history_manager", None), "input_hist_raw", ())
    history = [str(text) for text in raw]
    stubs = {c.id: promised(c.source) for c in files.cells if c.kind == "solution"}
    found = {
        id: next((text for text in reversed(history) if wanted <= defined(text)), "")
        for id, wanted in stubs.items()
        if wanted
    }
    return {id: text for id, text in found.items() if text}


def _meant(text: str) -> str:
    """What tells two versions of a cell apart: its statements; of what is no Python, its text."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # SyntaxWarnings are told where the cell runs
            return ast.unparse(ast.parse(text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return text.strip()


def _digest(*texts: str) -> str:
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:16]
