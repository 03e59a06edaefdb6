"""A new check beside older mutants: what they fail of it, written into `mutants.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from minigrad.grading.assignment.load import load
from minigrad.grading.authoring.accept import accepted
from minigrad.grading.authoring.matrix import LIMITS, SALT, Row
from minigrad.grading.judge.judge import Judge
from minigrad.grading.model import Assignment


@dataclass(frozen=True)
class Renewed:
    """What was written, to read; as a Matrix has rows and complaints, of which there are none."""

    assignment: str
    added: Mapping[str, list[str]]  # new checks, by the mutant that fails them
    rows: tuple[Row, ...] = ()
    complaints: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Each mutant with the new checks that it now says it fails."""
        if not self.added:
            return f"{self.assignment}: no mutant fails a check that is new: nothing was written"
        lines = [f"  {mutant} also fails {', '.join(checks)}" for mutant, checks in self.added.items()]
        count = f"{len(lines)} mutant{'' if len(lines) == 1 else 's'}"
        return "\n".join(
            [f"{self.assignment}: written into mutants.py of {count}; read it, then commit it", *lines]
        )


def new_checks(a: Assignment) -> list[str]:
    """The deterministic checks that no mutant says it fails."""
    known = {check for mutant in a.mutants for check in mutant.fails}
    return [c.name for c in a.checks if not c.trained and c.name not in known]


def renew(folder: Path, isolation: str = "auto") -> Renewed:
    """Add new checks to `fails` of all mutants that fail them; other differences are the matrix's to tell.

    Raises AuthoringError when a `fails` is not found.
    """
    a = load(folder)
    new = new_checks(a)
    if not new:
        return Renewed(a.name, {})
    with Judge(a, SALT, isolation=isolation, limits=LIMITS) as judge:
        seen = {name: judge.verdicts({n: found[n] for n in new}) for name, found in judge.mutants.items()}
    added = {name: failed for name, vs in seen.items() if (failed := [v.check for v in vs if not v.passed])}
    path = folder / "mutants.py"
    text = path.read_bytes().decode("utf-8")  # line ends stay as they are
    for mutant in a.mutants:
        if mutant.name in added:
            names = [*mutant.fails, *added[mutant.name]]
            text = accepted(text, f"{a.name}/{path.name}", mutant, names)
    if added:
        path.write_bytes(text.encode("utf-8"))
    return Renewed(a.name, added)
