"""Salts, and reports as JSON files."""

from __future__ import annotations

import dataclasses
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from minigrad.grading.model import (
    CellRun,
    Decision,
    Exercise,
    GradingError,
    Report,
    Verdict,
)
from minigrad.grading.store import files

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
    """A new random salt, kept in `path` (mode 600).

    With replace=False, a salt that another process has written meanwhile stays and is returned.
    """
    salt = secrets.token_bytes(SALT_BYTES)
    if replace:
        files.write(path, salt.hex().encode() + b"\n")
        return salt
    scratch = path.with_name(f".{path.name}.{secrets.token_hex()}")
    files.write(scratch, salt.hex().encode() + b"\n")
    try:
        os.link(scratch, path)
    except FileExistsError:
        return read_salt(path)
    finally:
        scratch.unlink()
    return salt


def save_report(folder: Path, name: str, report: Report) -> None:
    """Keep a report as `folder/name.json`, without times: a regrade gives the same bytes."""
    timeless = dataclasses.replace(report, cpu=0.0, training_cpu=0.0)
    text = json.dumps(to_dict(timeless), ensure_ascii=False, sort_keys=True, allow_nan=False, indent=1)
    files.write(folder / f"{name}.json", text.encode() + b"\n")


def load_report(folder: Path, name: str) -> Report | None:
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
        decisions=tuple(
            Decision(**{**d, "students": tuple(d["students"])}) for d in data.get("decisions", ())
        ),
    )
