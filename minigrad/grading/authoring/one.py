"""One mutant, rewrite or variant run alone, in seconds, while an author works on it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from minigrad.checks import Mutant, Rewrite, Variant
from minigrad.grading.assignment.load import load, no_such_check, unknown_checks
from minigrad.grading.authoring.accept import accepted
from minigrad.grading.authoring.matrix import LIMITS, SALT, Row, fails_complaints
from minigrad.grading.judge.judge import Judge
from minigrad.grading.judge.reference import mutated
from minigrad.grading.model import Assignment, AuthoringError, Evidence

Work = Mutant | Rewrite | Variant


@dataclasses.dataclass(frozen=True)
class One:
    """What was found: as in a Matrix, rows for a file, complaints, and a text to read."""

    assignment: str
    kind: str  # mutant, rewrite or variant
    name: str
    reasons: Mapping[str, str]  # each check that it fails, and why
    complaints: tuple[str, ...]
    note: str = ""  # what became of `accept`

    @property
    def text(self) -> str:
        """The checks that it fails, each with the reason."""
        width = max(map(len, self.reasons), default=0)
        count = f"{len(self.reasons) or 'no'} check{'' if len(self.reasons) == 1 else 's'}"
        lines = [f"{self.assignment}: {self.kind} {self.name} fails {count}"]
        lines += [f"  {check.ljust(width)}  {why}" for check, why in self.reasons.items()]
        return "\n".join([*lines, self.note] if self.note else lines)

    @property
    def rows(self) -> tuple[Row, ...]:
        return ({"assignment": self.assignment, self.kind: self.name, "checks_failed": sorted(self.reasons)},)


def only(folders: Sequence[Path], name: str, *, accept: bool = False, isolation: str = "auto") -> One:
    """Run one mutant, rewrite or variant of the assignments in `folders`, and the solution beside it.

    Left to the whole matrix: whether two mutants give the same arrays, and training. `accept` writes
    the checks that a mutant fails into `mutants.py`. Raises AuthoringError when the name is not there
    or there twice, and when `accept` has nothing to write or finds no place for it.
    """
    loaded = [(folder, load(folder, unsettled=name)) for folder in folders]
    found = [(folder, a, work) for folder, a in loaded for work in _works(a) if work.name == name]
    if not found:
        where = ", ".join(folder.name for folder in folders)
        raise AuthoringError(f"no mutant, rewrite or variant is named {name!r} in {where}")
    if len(found) > 1:
        where = ", ".join(f"{_kind(work)} of {folder.name}" for folder, _, work in found)
        raise AuthoringError(f"{name!r} is the name of a {where}: say which assignment, or rename one")
    ((folder, assignment, work),) = found
    if accept and not isinstance(work, Mutant):
        raise AuthoringError(f"{folder.name}: {name} is a {_kind(work)}, and has no `fails` to accept")
    with Judge(assignment, SALT, isolation=isolation, limits=LIMITS) as judge:
        made = _run(judge, work)
    return _accept(folder / "mutants.py", work, made) if accept and isinstance(work, Mutant) else made


def _works(a: Assignment) -> tuple[Work, ...]:
    return (*a.mutants, *a.rewrites, *a.variants)


def _kind(work: Work) -> str:
    return type(work).__name__.lower()


def _run(judge: Judge, work: Work) -> One:
    a = judge.assignment
    seen = _observed(judge, work)
    reasons = {v.check: v.reason for v in judge.verdicts(seen) if not v.passed}
    if isinstance(work, Mutant):
        unknown = unknown_checks(a, work)
        complaints = [f"mutant {work.name} fails {name}: {no_such_check(a, name)}" for name in unknown]
        complaints += fails_complaints(work.name, set(work.fails) - set(unknown), set(reasons))
    elif isinstance(work, Variant):
        complaints = [f"variant {work.name} fails {c}, though it is right: {r}" for c, r in reasons.items()]
    else:
        complaints = _rewrite_complaints(judge, work, seen)
    return One(a.name, _kind(work), work.name, reasons, tuple(f"{a.name}: {c}" for c in complaints))


def _observed(judge: Judge, work: Work) -> dict[str, Evidence]:
    a = judge.assignment
    cells = mutated(a, work) if isinstance(work, Mutant) else work.cells
    return dict(judge.observe(a.solved(cells), train=False).probes)


def _rewrite_complaints(judge: Judge, rewrite: Rewrite, seen: Mapping[str, Evidence]) -> list[str]:
    """Whether a rewrite gives what its mutant gives."""
    mutant = next(m for m in judge.assignment.mutants if m.name == rewrite.of)
    known = {mutant.name: _observed(judge, mutant)}
    named = {judge.recognised(exercise, seen, known) for exercise in judge.assignment.exercises()}
    if named - {""} == {rewrite.of}:
        return []
    return [f"rewrite {rewrite.name} is not taken for {rewrite.of}: do the two give the same arrays?"]


def _accept(path: Path, mutant: Mutant, made: One) -> One:
    """Write what a mutant fails into its file, unless it says so already."""
    if not made.reasons:
        raise AuthoringError(made.complaints[0])
    if not made.complaints:
        return dataclasses.replace(made, note=f"{path.name} says so already")
    text = path.read_bytes().decode("utf-8")  # line ends stay as they are
    changed = accepted(text, f"{made.assignment}/{path.name}", mutant, list(made.reasons))
    path.write_bytes(changed.encode("utf-8"))
    note = f"written into {path.name}; read it, then commit it"
    return dataclasses.replace(made, complaints=(), note=note)
