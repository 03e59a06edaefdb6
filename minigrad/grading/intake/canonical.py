"""A hostile or damaged file becomes one canonical list of cells, or a reason why not."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from minigrad.grading.intake.match import ANSWERS, DEFINED, Match, defined, match, same_text
from minigrad.grading.intake.parse import MAX_BYTES, Raw, parse, read
from minigrad.grading.model import Cell, Released
from minigrad.sandbox.cells import left_out, taken_out

SHOWN = 5  # commands of IPython's in a note

__all__ = ["MAX_BYTES", "Intake", "intake", "parse", "read", "without_ipython"]

LIBRARY = re.compile(r"^(?:from|import) mynet\b", re.MULTILINE)  # an import in a `try` is indented


@dataclass(frozen=True)
class Intake:
    """A submission made canonical: what is hashed, executed and displayed."""

    cells: tuple[Cell, ...]
    notes: tuple[str, ...] = ()
    blank: bool = False  # no answer differs from the release, and no code was added


def intake(data: bytes, assignment: Released) -> Intake:
    """The submission's cells on the skeleton of the release; raises Refused with a reason.

    Locked cells are the release's; solution and written cells bring the submission's text, a
    missing one the stub; cells the student added stay where they stand. The submission's order of
    cells is kept; a missing cell follows the one it follows in the release. What was repaired is
    noted, for the student and for staff.
    """
    book = parse(data)
    raw = book.cells
    matched = match(raw, assignment, book.assignment)
    notes = list(matched.notes)
    cells = in_order(raw, matched, assignment, notes)
    changed = any(
        not same_text(c.source, stub(c, assignment))
        if c.kind in ANSWERS
        else c.kind == "own" and not c.markdown
        for c in cells
    )
    add_missing(cells, matched, assignment, notes)
    restore_order(cells, assignment, notes)
    notes += without_ipython(cells)
    return Intake(tuple(cells), tuple(notes), blank=not changed)


def stub(cell: Cell, assignment: Released) -> str:
    """The text that the release has in a cell."""
    return next(c.source for c in assignment.cells if c.id == cell.id)


def in_order(raw: Sequence[Raw], matched: Match, assignment: Released, notes: list[str]) -> list[Cell]:
    """The submission's cells as they stand: the release's made whole, the student's own numbered."""
    taken = {c.id for c in assignment.cells}
    release = {c.id: c for c in assignment.cells}
    by_position = {f.position: (release[id], f.source) for id, f in matched.found.items()}
    cells: list[Cell] = []
    added = 0
    for position, r in enumerate(raw):
        if position in by_position:
            cell, source = by_position[position]
            cells.append(merge(cell, source, r, notes))
        elif r.source.strip() and (r.code or r.markdown) and position not in matched.left_out:
            added += 1
            while f"own-{added}" in taken:
                added += 1
            cells.append(Cell(id=f"own-{added}", kind="own", source=r.source, markdown=r.markdown))
    own = [c for c in cells if c.kind in ("own", "solution") and not c.markdown]
    notes += [
        f"`{c.id}`: the cell imports mynet, which grading does not have: it ends there; "
        "write what it takes into this notebook"
        for c in own
        if LIBRARY.search(c.source)
    ]
    return cells


def merge(release: Cell, source: str, r: Raw, notes: list[str]) -> Cell:
    """The release's cell with the student's text where an answer belongs; notes what has no effect."""
    if release.kind in ("check", "written") and r.points is not None and r.points != release.points:
        notes.append(f"`{release.id}`: worth {release.points:g} points, whatever the file says")
    if same_text(source, release.source):
        return release
    if release.kind in ANSWERS:
        return dataclasses.replace(release, source=source)
    if release.kind == "check":
        notes.append(f"`{release.id}`: the check cell was edited; this has no effect")
    elif release.kind == "define":
        notes.append(f"`{release.id}`: this locked cell was edited; the release's text was graded")
    return release


def add_missing(cells: list[Cell], matched: Match, assignment: Released, notes: list[str]) -> None:
    """Put in what the submission lacks, each cell behind the one it follows in the release.

    Where another code cell defines what a missing solution should define, the solution's cell is left
    empty: its stub would undo that definition.
    """
    for i, release in enumerate(assignment.cells):
        if release.id in matched.found:
            continue
        names = DEFINED.findall(release.source)
        if release.kind == "solution" and names and defines(cells, names):
            notes.append(f"`{release.id}`: the cell is missing; another cell defines what it should")
            release = dataclasses.replace(release, source="")
        elif release.kind in ANSWERS:
            notes.append(f"`{release.id}`: the cell is missing; the release's empty one was graded")
        elif release.kind == "check":
            notes.append(f"`{release.id}`: the check cell is missing; its points were still graded")
        elif release.kind == "define":
            notes.append(f"`{release.id}`: this locked cell is missing; the release's was put back")
        at = 0 if i == 0 else 1 + next(k for k, c in enumerate(cells) if c.id == assignment.cells[i - 1].id)
        cells.insert(at, release)


def defines(cells: Sequence[Cell], names: Collection[str]) -> bool:
    """Whether one cell that brings the student's code defines all the names, by its text."""
    return any(c.runs and c.kind != "define" and set(names) <= defined(c.source) for c in cells)


def restore_order(cells: list[Cell], assignment: Released, notes: list[str]) -> None:
    """Move locked code back before what it precedes in the release, if no answer it may need is later.

    Answers keep the order that the student gave them.
    """
    rank = {c.id: i for i, c in enumerate(assignment.cells)}
    for locked in [c for c in assignment.cells if c.kind == "define"]:
        here = cells.index(locked)
        answers = [(k, rank[c.id]) for k, c in enumerate(cells) if c.kind == "solution"]
        early = [k for k, r in answers if k < here and r > rank[locked.id]]
        if not early:
            continue
        needed = [k for k, r in answers if k > early[0] and r < rank[locked.id]]
        if needed:
            notes.append(f"`{locked.id}`: this locked cell stands elsewhere than in the release")
            continue
        cells.insert(early[0], cells.pop(here))
        notes.append(f"`{locked.id}`: this locked cell was moved; it ran before the answers that follow it")


def without_ipython(cells: Sequence[Cell]) -> list[str]:
    """A note for each cell of the student's that has more than Python in it: what does not run."""
    notes = []
    for cell in cells:
        gone = taken_out(cell.source) if cell.runs and cell.kind != "define" else ()
        names = ", ".join(f"`{name}`" for name in gone[:SHOWN]) + (", ..." if len(gone) > SHOWN else "")
        if gone and left_out(cell.source):
            notes.append(f"`{cell.id}`: a cell of {names} does not run: grading runs Python alone")
        elif gone:
            notes.append(f"`{cell.id}`: {names} taken out: grading runs Python, without IPython's commands")
    return notes
