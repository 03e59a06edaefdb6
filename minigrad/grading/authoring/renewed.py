"""What mutants are seen to fail besides what they say, written into `mutants.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from minigrad.grading.assignment.load import load
from minigrad.grading.authoring.accept import accepted
from minigrad.grading.authoring.matrix import LIMITS, SALT, Row
from minigrad.grading.judge.judge import Judge


@dataclass(frozen=True)
class Renewed:
    """What was written, to read; as a Matrix has rows and complaints, of which there are none."""

    assignment: str
    added: Mapping[str, list[str]]  # checks, by the mutant that fails them
    rows: tuple[Row, ...] = ()
    complaints: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Each mutant with the checks that it now says it fails."""
        if not self.added:
            return f"{self.assignment}: no mutant fails more than it says: nothing was written"
        lines = [f"  {mutant} also fails {', '.join(checks)}" for mutant, checks in self.added.items()]
        count = f"{len(lines)} mutant{'' if len(lines) == 1 else 's'}"
        return "\n".join(
            [f"{self.assignment}: written into mutants.py of {count}; read it, then commit it", *lines]
        )


def renew(folder: Path, isolation: str = "auto") -> Renewed:
    """Add to each mutant's `fails` the deterministic checks that it fails; the text says which, to be read.

    A check that a mutant says it fails, and passes, stays for the matrix to tell and the author to decide.
    Raises AuthoringError when a `fails` is not found.
    """
    a = load(folder, empty=True)
    with Judge(a, SALT, isolation=isolation, limits=LIMITS) as judge:
        seen = {name: judge.verdicts(found) for name, found in judge.mutants.items()}
    says = {mutant.name: set(mutant.fails) for mutant in a.mutants}
    more = {
        name: [v.check for v in vs if not v.passed and v.check not in says[name]] for name, vs in seen.items()
    }
    added = {name: checks for name, checks in more.items() if checks}
    path = folder / "mutants.py"
    text = path.read_bytes().decode("utf-8")  # line ends stay as they are
    for mutant in a.mutants:
        if mutant.name in added:
            names = [*mutant.fails, *added[mutant.name]]
            text = accepted(text, f"{a.name}/{path.name}", mutant, names)
    if added:
        path.write_bytes(text.encode("utf-8"))
    return Renewed(a.name, added)
