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
    gave: str = ""  # digest of what its checks were told; "" of what computes nothing from its arguments

    @property
    def whole(self) -> bool:
        return self.passed == self.of


@dataclass(frozen=True)
class Seen:
    """One public check of a version: whether it passed, and what was told first where it did not."""

    check: str
    passed: bool
    told: str = ""


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
        one = Tried(**{f.name: told[f.name] for f in fields(Tried) if f.name in told})
    except (ValueError, TypeError, RecursionError):
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


def found(files: Release, sources: Mapping[str, str], seen: Mapping[str, Sequence[Seen]]) -> list[Tried]:
    """What is to be written down of what was seen, by exercise, of its public checks.

    Nothing of an answer that is still the stub, nor of a release that does not say how it came.
    """
    now, stubs, checks = versions(files.cells, sources), versions(files.cells), checks_digest(files)
    own, came = own_cells(files.cells), {c.id: c.source for c in files.cells}
    before: list[str] = []
    written = []
    for exercise, ids in own.items():
        before += ids
        if exercise not in seen or now[exercise] == stubs[exercise]:
            continue
        worked = any(computes(sources.get(id, ""), came[id]) for id in ids or before)
        passed = sum(one.passed for one in seen[exercise])
        gave = _digest(*(f"{one.check}: {one.told}" for one in seen[exercise])) if worked else ""
        of = len(seen[exercise])
        written.append(Tried(files.name, exercise, now[exercise], checks, passed, of, gave=gave))
    return written


def tries(tried: Iterable[Tried]) -> int:
    """How many honest tries there are: versions whose checks were told different things."""
    last = {t.answer: t.gave for t in tried}
    return len(set(last.values()) - {""})


def computes(answer: str, stub: str) -> bool:
    """Whether a function of an answer is not the stub's and reads one of its arguments."""
    came = {ast.dump(f) for f in _functions(stub)}
    return any(ast.dump(f) not in came and _reads_an_argument(f) for f in _functions(answer))


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
        return ast.unparse(_tree(text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return text.strip()


def _tree(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SyntaxWarnings are told where the cell runs
        return ast.parse(text)


def _functions(text: str) -> list[ast.FunctionDef | ast.Lambda]:
    """All functions of a cell; none of what is no Python, which no check ran."""
    try:
        return [node for node in ast.walk(_tree(text)) if isinstance(node, ast.FunctionDef | ast.Lambda)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _reads_an_argument(function: ast.FunctionDef | ast.Lambda) -> bool:
    arguments = {a.arg for a in ast.walk(function.args) if isinstance(a, ast.arg)} - {"self"}
    read = (node for node in ast.walk(function) if isinstance(node, ast.Name))
    return any(node.id in arguments and isinstance(node.ctx, ast.Load) for node in read)


def _digest(*texts: str) -> str:
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:16]
