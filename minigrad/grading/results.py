"""Salts, seeds, result keys, and reports as JSON files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import hmac
import json
import os
import secrets
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from minigrad.grading.spec import (
    Assignment,
    Cell,
    CellRun,
    Exercise,
    GradingError,
    Report,
    Verdict,
)

SALT_BYTES = 16


def read_salt(path: Path) -> bytes:
    """The salt kept in `path`, made at the first call; a file only its owner can read."""
    try:
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return new_salt(path, replace=False)
    try:
        salt = bytes.fromhex(text)
    except ValueError:
        salt = b""
    if len(salt) != SALT_BYTES:
        raise GradingError(f"{path.name} holds no salt: restore it, or delete it to grade with a new one")
    return salt


def new_salt(path: Path, replace: bool = True) -> bytes:
    """A new random salt, kept in `path` (mode 600). With replace=False, one made meanwhile wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    salt = secrets.token_bytes(SALT_BYTES)
    if replace:
        write(path, salt.hex().encode() + b"\n")
        return salt
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    write(scratch, salt.hex().encode() + b"\n")
    try:
        os.link(scratch, path)
    except FileExistsError:
        return read_salt(path)
    finally:
        scratch.unlink(missing_ok=True)
    return salt


def mac(salt: bytes, parts: Iterable[str | bytes]) -> str:
    """Hexadecimal HMAC-SHA256 of parts, each with its length, so that no two lists look alike."""
    h = hmac.new(salt, digestmod=hashlib.sha256)
    for part in parts:
        data = part.encode("utf-8") if isinstance(part, str) else part
        h.update(len(data).to_bytes(8, "little"))
        h.update(data)
    return h.hexdigest()


def seed(salt: bytes, assignment: str, check: str, attempt: int = 0) -> str:
    """The seed of one run of a check: all that a worker learns of the salt."""
    return mac(salt, ["seed", assignment, check, str(attempt)])


def held_out(salt: bytes, assignment: str, check: str, attempt: int = 0) -> str:
    """The seed of the data that decide on trained parameters; only the solution's worker learns it."""
    return mac(salt, ["held out", assignment, check, str(attempt)])


def key(salt: bytes, cells: Sequence[Cell], assignment: Assignment) -> str:
    """The name of a result: of the code that runs, the assignment's checks and minigrad's source."""
    code = [part for c in cells if c.runs for part in (c.kind, c.id, c.source)]
    return mac(salt, ["result", str(len(code)), *code, *contents(assignment), sources()])


def reference_key(salt: bytes, assignment: Assignment) -> str:
    """The name of a reference: whatever the solution's and the mutants' arrays depend on."""
    solution = [part for c in assignment.solved() for part in (c.id, c.source)]
    mutants = [part for m in assignment.mutants for part in (m.name, m.old, m.new)]
    return mac(salt, ["reference", str(len(solution)), *solution, *mutants, *contents(assignment), sources()])


def contents(assignment: Assignment) -> list[str]:
    """What verdicts and hints depend on besides the submission."""
    parts = [assignment.name, str(len(assignment.sources))]
    for file, text in assignment.sources.items():
        parts += [file, text]
    parts += [f"{id}={text}" for id, text in assignment.solution.items()]
    parts += [part for m in assignment.mutants for part in (m.name, m.old, m.new, m.hint)]
    return parts + [f"{name}={points!r}" for name, points in assignment.exercises().items()]


@functools.cache
def sources() -> str:
    """A digest of minigrad's own source files."""
    root = Path(__file__).parents[1]
    h = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        data = path.read_bytes()
        h.update(f"{path.relative_to(root).as_posix()}:{len(data)}:".encode())
        h.update(data)
    return h.hexdigest()


def write(path: Path, data: bytes) -> None:
    """Replace a file as a whole: a crash leaves the old one or the new one. Mode 600."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fd, scratch = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(fd, "wb") as f:
            f.write(data)
            f.flush()
            os.fsync(f.fileno())
        os.replace(scratch, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(scratch)
        raise
    if hasattr(os, "O_DIRECTORY"):
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def store(folder: Path, name: str, report: Report) -> None:
    """Keep a report as `folder/name.json`, without times: a regrade gives the same bytes."""
    timeless = dataclasses.replace(report, cpu=0.0, training_cpu=0.0)
    text = json.dumps(to_dict(timeless), ensure_ascii=False, sort_keys=True, allow_nan=False, indent=1)
    write(folder / f"{name}.json", text.encode() + b"\n")


def load(folder: Path, name: str) -> Report | None:
    """The report kept as `folder/name.json`; None where there is none that can be read."""
    try:
        return from_dict(json.loads((folder / f"{name}.json").read_bytes()))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def to_dict(report: Report) -> dict[str, Any]:
    """A report as JSON values, with its score and points."""
    return {**dataclasses.asdict(report), "score": report.score, "points": report.points}


def from_dict(data: Mapping[str, Any]) -> Report:
    """The report that `to_dict` wrote; KeyError, TypeError or ValueError for anything else."""
    status = data["status"]
    if status not in ("graded", "refused", "ungraded"):
        raise ValueError(status)
    exercises = tuple(
        Exercise(**{**e, "verdicts": tuple(Verdict(**v) for v in e["verdicts"])}) for e in data["exercises"]
    )
    return Report(
        assignment=data["assignment"],
        status=status,
        exercises=exercises,
        reason=data["reason"],
        notes=tuple(data["notes"]),
        cells=tuple(CellRun(**c) for c in data["cells"]),
        cpu=data["cpu"],
        training_cpu=data["training_cpu"],
        blank=data["blank"],
        confirmed=data["confirmed"],
    )
