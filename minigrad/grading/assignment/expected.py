"""What a release ships beside its notebook: `expected.npz`, written by the build, read in the notebook.

It holds the solution's arrays for every public deterministic check, and for each known mistake random
projections of its arrays (`diagnose.project`) with a hint: enough to recognise it, not to read it. And the
release's cells as they came, on which `minigrad check` lays a student's notebook as grading does.
NumPy and the standard library only, no clock, no pickles: equal content gives equal bytes.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minigrad.checks import Arrays
from minigrad.grading.model import Cell, GradingError

FILE = "expected.npz"


@dataclass(frozen=True)
class Known:
    """A known mistake of one exercise: its hint, and what it gives, projected, by check name."""

    hint: str
    projections: Arrays


@dataclass(frozen=True)
class Shipped:
    """The content of `expected.npz`."""

    assignment: str
    points: Mapping[str, float]  # of each exercise
    weights: Mapping[str, float]  # of each exercise's checks, added up, hidden ones included
    expected: Mapping[str, Arrays]  # public deterministic check -> its arrays
    known: Mapping[str, tuple[Known, ...]] = field(default_factory=dict)  # exercise -> mistakes
    draws: tuple[
        float, ...
    ] = ()  # random numbers drawn at build time, by which a NumPy with other streams is noticed
    engine: bool = True  # False: the checks' worker has no minigrad, as in grading
    packages: tuple[str, ...] = ()  # distributions that it has besides those it always has
    cells: tuple[Cell, ...] = ()  # the release's; none in files of before they were shipped


def public_seed(assignment: str, check: str) -> str:
    """The seed of a public check in the notebook, as hex; the judge's are salted and secret."""
    return hashlib.sha256(f"public:{assignment}:{check}".encode()).hexdigest()


def generator(seed: str) -> np.random.Generator:
    """The random stream of a hex seed."""
    return np.random.default_rng(np.frombuffer(bytes.fromhex(seed), dtype="<u4").tolist())


def draws() -> tuple[float, ...]:
    """A few numbers from each kind of draw that probes use: equal where NumPy's streams are."""
    rng = np.random.default_rng(1)
    values = [
        rng.normal(size=2),
        rng.random(2),
        rng.uniform(size=1),
        rng.integers(0, 1000, 2),
        rng.permutation(5),
    ]
    return tuple(float(v) for part in values for v in part)


def dumps(shipped: Shipped) -> bytes:
    """Equal content, equal bytes."""
    arrays: list[np.ndarray] = []

    def place(group: Arrays) -> dict[str, int]:
        arrays.extend(np.asarray(group[name]) for name in group)
        return {name: len(arrays) - len(group) + i for i, name in enumerate(group)}

    def known(exercise: str) -> dict[str, Any]:
        """All projections of an exercise as one array (mistakes, checks, numbers)."""
        mistakes = shipped.known[exercise]
        checks = list(mistakes[0].projections)
        arrays.append(np.array([[one.projections[check] for check in checks] for one in mistakes]))
        return {"hints": [one.hint for one in mistakes], "checks": checks, "projections": len(arrays) - 1}

    index = {
        "assignment": shipped.assignment,
        "points": dict(shipped.points),
        "weights": dict(shipped.weights),
        "draws": list(shipped.draws),
        "engine": shipped.engine,
        **({"packages": shipped.packages} if shipped.packages else {}),
        "cells": [_told(cell) for cell in shipped.cells],
        "expected": {check: place(group) for check, group in shipped.expected.items()},
        "known": {exercise: known(exercise) for exercise in shipped.known},
    }
    text = np.frombuffer(json.dumps(index, ensure_ascii=False).encode(), dtype=np.uint8)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:  # stored: compressors differ in bytes
        for name, array in [("index", text), *((f"a{i}", a) for i, a in enumerate(arrays))]:
            member = io.BytesIO()
            np.lib.format.write_array(
                member, np.ascontiguousarray(array).reshape(array.shape), allow_pickle=False
            )
            info = zipfile.ZipInfo(f"{name}.npy")  # its default date is a constant
            info.external_attr = 0o644 << 16
            archive.writestr(info, member.getvalue())
    return out.getvalue()


def loads(data: bytes) -> Shipped:
    """The reverse of `dumps`; GradingError when the file is damaged."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        index: dict[str, Any] = json.loads(arrays["index"].tobytes())

        def pick(group: dict[str, int]) -> dict[str, np.ndarray]:
            return {name: arrays[f"a{i}"] for name, i in group.items()}

        return Shipped(
            assignment=index["assignment"],
            points=index["points"],
            weights=index["weights"],
            expected={check: pick(group) for check, group in index["expected"].items()},
            known={
                exercise: tuple(
                    Known(hint, dict(zip(group["checks"], rows, strict=True)))
                    for hint, rows in zip(group["hints"], arrays[f"a{group['projections']}"], strict=True)
                )
                for exercise, group in index["known"].items()
            },
            draws=tuple(index["draws"]),
            engine=index.get("engine", True),
            packages=tuple(index.get("packages", ())),
            cells=tuple(Cell(**cell) for cell in index.get("cells", ())),
        )
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise GradingError(f"{FILE} is damaged ({error}): download the assignment's folder again") from None


def _told(cell: Cell) -> dict[str, Any]:
    """A cell's fields, but those that are as most cells have them."""
    usual = {f.name: f.default for f in dataclasses.fields(Cell)}
    return {name: value for name, value in dataclasses.asdict(cell).items() if value != usual[name]}
