"""Which submitted cell is which of the release's: also where cells were copied, split, retyped or lost.

A repair is made where it gives what running the notebook from top to bottom gives, or where the
cell's id leaves no doubt; each is noted. Anything else is refused: a person is asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from minigrad.grading.intake.parse import MAX_CELL_BYTES, Raw, text_size
from minigrad.grading.model import Cell, Refused, Released

ANSWERS = ("solution", "written")
NOT_RUN = ("check", "lab", "text")
DEFINED = re.compile(r"^(?:class|def|async[ \t]+def)[ \t]+(\w+)", re.MULTILINE)
ASSIGNED = re.compile(r"^(\w+)[ \t]*=(?!=)", re.MULTILINE)


@dataclass(frozen=True)
class Found:
    """A release cell in the submission: where it stands, and the text to take."""

    position: int
    source: str


@dataclass(frozen=True)
class Match:
    """What `match` finds out."""

    found: Mapping[str, Found]  # by the release cell's id
    left_out: frozenset[int]  # positions of copies, which are neither run nor shown
    notes: tuple[str, ...]


def match(raw: Sequence[Raw], assignment: Released, says: str = "") -> Match:
    """Find each release cell: by nbgrader's grade_id, else by the cell's own id, else by its text.

    Raises Refused when an answer is there twice, or when nothing of the assignment is; also when the
    notebook `says` that it is another assignment and has none of this one's answers.
    """
    release = {c.id: c for c in assignment.cells}
    notes: list[str] = []
    left_out: set[int] = set()
    found: dict[str, Found] = {}
    for id, positions in claims(raw, release).items():
        found[id] = one_of(release[id], positions, raw, left_out, notes)
    if says not in ("", assignment.name) and not any(release[id].kind in ANSWERS for id in found):
        raise Refused(f"this is {says}: hand in {assignment.name}")
    lost = not found
    taken = {f.position for f in found.values()} | left_out
    free = [p for p, r in enumerate(raw) if p not in taken and r.source.strip()]
    by_text = locked_by_text(raw, free, assignment, found)
    found |= by_text
    free = [p for p in free if p not in {f.position for f in by_text.values()}]
    recognised = answers_by_name(raw, free, assignment, found)
    if lost:
        free = [p for p in free if p not in {f.position for f in recognised.values()}]
        recognised |= answers_by_neighbours(raw, free, assignment, {**found, **recognised})
    found |= recognised
    if recognised:
        names = ", ".join(f"`{id}`" for id in recognised)
        notes.append(f"{names}: the cell's id is lost; the cell was recognised by its text or its place")
    if lost and any(r.code and r.source.strip() for r in raw) and not concerns(found, release):
        raise Refused(
            "no cell of this assignment is in the notebook: was another file handed in? "
            "Put the answers into the notebook that was given out"
        )
    return Match(found, frozenset(left_out), tuple(notes))


def claims(raw: Sequence[Raw], release: Mapping[str, Cell]) -> dict[str, list[int]]:
    """The positions that bear each release cell's id; a known grade_id counts more than a cell's id."""
    graded: dict[str, list[int]] = {}
    named: dict[str, list[int]] = {}
    for position, r in enumerate(raw):
        for id, where in ((r.grade_id, graded), (r.id if r.grade_id not in release else "", named)):
            cell = release.get(id)
            if cell is not None and (
                typed(r, cell) or cell.kind in ANSWERS or same_text(r.source, cell.source)
            ):
                where.setdefault(id, []).append(position)
    return {id: graded.get(id) or named[id] for id in release if id in graded or id in named}


def one_of(
    cell: Cell, positions: Sequence[int], raw: Sequence[Raw], left_out: set[int], notes: list[str]
) -> Found:
    """The one text for a release cell whose id is at `positions`; Refused when there are several."""
    if cell.kind not in ANSWERS:
        position = next((p for p in positions if typed(raw[p], cell)), positions[0])
        for p in positions:
            if p != position and (cell.kind in NOT_RUN and same_text(raw[p].source, cell.source)):
                left_out.add(p)
        return Found(position, raw[position].source)
    right = [p for p in positions if typed(raw[p], cell)] or list(positions)
    answers = texts(cell, right, raw)
    if len(answers) > 1 and not side_by_side(answers, right, raw):
        raise Refused(
            f"`{cell.id}`: there are {len(answers)} different cells with this id, apart from each other. "
            "Put the whole answer into one of them, delete the others and hand in again"
        )
    position = answers[0] if answers else right[0]
    source = "\n".join(raw[p].source for p in answers) if answers else raw[position].source
    if text_size(source, not cell.markdown) > MAX_CELL_BYTES:
        raise Refused(f"`{cell.id}`: its parts together have more than {MAX_CELL_BYTES // 1024} KiB")
    if len(answers) > 1:
        notes.append(f"`{cell.id}`: the cell was split or copied; its {len(answers)} parts count as one")
    elif len(right) > 1:
        notes.append(f"`{cell.id}`: the cell was copied; the one with an answer was graded")
    if not typed(raw[position], cell):
        kind = "markdown" if cell.markdown else "code"
        notes.append(f"`{cell.id}`: the cell's type was changed; its text was taken as {kind}")
    left_out.update(p for p in right if p != position)
    return Found(position, source)


def texts(cell: Cell, positions: Sequence[int], raw: Sequence[Raw]) -> list[int]:
    """The positions with an answer: not empty, not the release's stub; of all equal ones, the first."""
    answers = [p for p in positions if raw[p].source.strip() and not same_text(raw[p].source, cell.source)]
    return answers if len({raw[p].source.rstrip() for p in answers}) > 1 else answers[:1]


def side_by_side(answers: Sequence[int], positions: Sequence[int], raw: Sequence[Raw]) -> bool:
    """Whether nothing stands between the answers but copies and empty cells."""
    between = range(answers[0], answers[-1] + 1)
    return all(p in positions or not raw[p].source.strip() for p in between)


def locked_by_text(
    raw: Sequence[Raw], free: Sequence[int], assignment: Released, found: Mapping[str, Found]
) -> dict[str, Found]:
    """Locked cells whose ids are lost, by their unchanged text."""
    left = list(free)
    made: dict[str, Found] = {}
    for cell in assignment.cells:
        if cell.id in found or cell.kind in ANSWERS or not cell.source.strip():
            continue
        position = next(
            (p for p in left if typed(raw[p], cell) and same_text(raw[p].source, cell.source)), None
        )
        if position is not None:
            left.remove(position)
            made[cell.id] = Found(position, raw[position].source)
    return made


def answers_by_name(
    raw: Sequence[Raw], free: Sequence[int], assignment: Released, found: Mapping[str, Found]
) -> dict[str, Found]:
    """Solution cells whose ids are lost, by what their stubs define; of several, the last one counts.

    A cell that defines what two of them should define stays where it is, as a cell of the student's own.
    """
    wanted = {c.id: names for c in assignment.cells if c.kind == "solution" and (names := promised(c.source))}
    made: dict[str, Found] = {}
    for position in free:
        if not raw[position].code:
            continue
        here = defined(raw[position].source)
        ids = [id for id, names in wanted.items() if names <= here]
        if len(ids) == 1 and ids[0] not in found:
            made[ids[0]] = Found(position, raw[position].source)
    return made


def answers_by_neighbours(
    raw: Sequence[Raw], free: Sequence[int], assignment: Released, found: Mapping[str, Found]
) -> dict[str, Found]:
    """Answers whose ids are lost, where one cell alone stands between the release's neighbours."""
    cells = assignment.cells
    made: dict[str, Found] = {}
    for i, cell in enumerate(cells):
        if cell.id in found or cell.kind not in ANSWERS:
            continue
        before = found.get(cells[i - 1].id) if i else Found(-1, "")
        after = found.get(cells[i + 1].id) if i + 1 < len(cells) else Found(len(raw), "")
        if before is None or after is None:
            continue
        between = [p for p in free if before.position < p < after.position and typed(raw[p], cell)]
        if len(between) == 1:
            made[cell.id] = Found(between[0], raw[between[0]].source)
    return made


def concerns(found: Mapping[str, Found], release: Mapping[str, Cell]) -> bool:
    """Whether a cell that carries points, or an answer, was found."""
    return any(release[id].kind in (*ANSWERS, "check") for id in found)


def defined(source: str) -> frozenset[str]:
    """Names that a cell defines at its top level, by its text: the judge parses no Python."""
    return frozenset(DEFINED.findall(source) + ASSIGNED.findall(source))


def promised(stub: str) -> frozenset[str]:
    """Names that a stub asks for: its functions and classes, else what it assigns."""
    return frozenset(DEFINED.findall(stub) or ASSIGNED.findall(stub))


def typed(r: Raw, cell: Cell) -> bool:
    """Whether a submitted cell is of the release cell's type."""
    return r.markdown if cell.markdown else r.code


def same_text(a: str, b: str) -> bool:
    """Whether two cells have the same text; blank space at the end does not count."""
    return a.rstrip() == b.rstrip()
