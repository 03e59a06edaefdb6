"""Pure: what hangs on the salt: seeds of probes and held-out data, and the names of results."""

from __future__ import annotations

import functools
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from pathlib import Path

from minigrad.grading.model import Assignment, Cell


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
    return mac(salt, ["result", str(len(code)), *code, *contents(assignment), source_digest()])


def reference_key(salt: bytes, assignment: Assignment) -> str:
    """The name of a reference: whatever the solution's and the mutants' arrays depend on."""
    solution = [part for c in assignment.solved() for part in (c.id, c.source)]
    mutants = [part for m in assignment.mutants for part in (m.name, m.old, m.new)]
    code = [str(len(solution)), *solution, *mutants]
    return mac(salt, ["reference", *code, *contents(assignment), source_digest()])


def contents(assignment: Assignment) -> list[str]:
    """What verdicts and hints depend on besides the submission."""
    parts = [assignment.name, str(len(assignment.sources))]
    for file, text in assignment.sources.items():
        parts += [file, text]
    parts += [f"{id}={text}" for id, text in assignment.solution.items()]
    parts += [part for m in assignment.mutants for part in (m.name, m.old, m.new, m.hint)]
    return parts + [f"{name}={points!r}" for name, points in assignment.exercises().items()]


@functools.cache
def source_digest() -> str:
    """A digest of minigrad's own source files."""
    root = Path(__file__).parents[2]
    h = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        data = path.read_bytes()
        h.update(f"{path.relative_to(root).as_posix()}:{len(data)}:".encode())
        h.update(data)
    return h.hexdigest()
