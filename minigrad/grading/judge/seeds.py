"""Pure: seeds of probes and of held-out data, and the names of results, which hang on the salt, too."""

from __future__ import annotations

import functools
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from minigrad.grading.assignment.expected import public_seed
from minigrad.grading.model import Assignment, Cell
from minigrad.grading.store.digest import digest


class Seeds(Protocol):
    """Where the random streams of an assignment's checks begin, as hexadecimal seeds."""

    def probe(self, check: str, attempt: int = 0) -> str:
        """The seed of one run of a check."""

    def held_out(self, check: str, attempt: int = 0) -> str:
        """The seed of the data that decide on trained parameters."""


@dataclass(frozen=True)
class Salted:
    """The judge's seeds: nobody who lacks the salt knows them."""

    salt: bytes
    assignment: str

    def probe(self, check: str, attempt: int = 0) -> str:
        return seed(self.salt, self.assignment, check, attempt)

    def held_out(self, check: str, attempt: int = 0) -> str:
        return held_out(self.salt, self.assignment, check, attempt)


@dataclass(frozen=True)
class Public:
    """The seeds of public checks on one's own work: the shipped values were made with them."""

    assignment: str

    def probe(self, check: str, attempt: int = 0) -> str:
        return public_seed(self.assignment, f"{check}:{attempt}" if attempt else check)

    def held_out(self, check: str, attempt: int = 0) -> str:
        label = f"{check}:{attempt}" if attempt else check
        return public_seed(self.assignment, f"{label}:held out")


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
    return mac(salt, ["result", str(len(code)), *code, *dependencies(assignment), source_digest()])


def reference_key(salt: bytes, cells: Sequence[Cell], assignment: Assignment) -> str:
    """The name of what cells of ours give, the solution's or a mutant's: of all that it depends on."""
    code = [part for c in cells if c.runs for part in (c.kind, c.id, c.source)]
    checks = [part for file, text in assignment.sources.items() for part in (file, text)]
    return mac(salt, ["reference", assignment.name, str(len(code)), *code, *checks, source_digest()])


def dependencies(assignment: Assignment) -> list[str]:
    """What verdicts and hints depend on besides the submission."""
    parts = [assignment.name, ",".join(assignment.packages), str(len(assignment.sources))]
    for file, text in assignment.sources.items():
        parts += [file, text]
    parts += [f"{id}={text}" for id, text in assignment.solution.items()]
    parts += [part for m in assignment.mutants for part in (m.name, m.old, m.new, m.hint)]
    return parts + [f"{name}={points!r}" for name, points in assignment.exercises().items()]


def digest_of_sources(assignment: Assignment) -> str:
    """The digest of what verdicts and hints depend on, by which a history tells that it was edited."""
    return digest("\0".join(dependencies(assignment)))


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
