"""Pure: what a page of feedback shows of an autograded notebook, the summary first."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Literal

from markupsafe import Markup

from minigrad.grading.nbgrader.pages import NOT_GRADED, Notebook, as_shown
from minigrad.grading.report.markup import MARKS, UNTOUCHED, Mark, rounded

Kind = Literal["given", "answer", "own", "graded"]
Render = Callable[[str], str]  # a cell's text as clean HTML
TITLES = {"answer": "your answer", "own": "a cell that you added", "graded": "graded by a person"}
HEADING = re.compile(r"^#{1,3} +(.+?)\s*$", re.MULTILINE)
NOTHING = Markup()
NO_RESPONSE = "No response."  # nbgrader's own comment on an answer that was left as it came


@dataclass(frozen=True)
class Lost:
    """A sentence that cost points."""

    word: Mark
    says: str
    why: str

    @property
    def sign(self) -> str:
        return MARKS[self.word][0]


EMPTY = Lost("to do", "Your answer was left empty.", "")


@dataclass(frozen=True)
class Part:
    """What one grade cell is worth."""

    id: str
    name: str
    score: float | None  # None: nobody gave one yet
    points: float
    lost: tuple[Lost, ...] = ()
    hint: str = ""
    public: bool = True  # whether some of the checks that failed can be asked in the notebook
    by_hand: bool = False  # whether a person took the points, and no check
    comment: Markup = NOTHING  # that person's
    again: bool = False  # whether that person looked before it changed, so that one is to look again

    @property
    def share(self) -> int:
        return round(100 * min(max((self.score or 0.0) / self.points, 0.0), 1.0)) if self.points else 0


@dataclass(frozen=True)
class Cell:
    """One cell as it is shown."""

    kind: Kind
    id: str
    shown: Markup
    heading: str = ""  # the first one in a text of the release
    part: Part | None = None
    table: Markup = NOTHING
    printed: str = ""
    comment: Markup = NOTHING

    @property
    def empty(self) -> bool:
        """Whether the cell tells nothing of what was refused: no points of a person's, no words."""
        return not self.comment and (self.part is None or self.part.score is None)


@dataclass(frozen=True)
class Block:
    """Cells of one kind that follow each other."""

    kind: Kind
    title: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Page:
    """All of it."""

    assignment: str
    score: float | None
    points: float
    parts: tuple[Part, ...]
    next: tuple[str, ...]
    blocks: tuple[Block, ...]
    whose: str = ""
    penalty: float = 0.0
    late_days: str = ""
    note: Markup = NOTHING  # why it could not be graded
    notes: tuple[str, ...] = ()  # what was repaired or taken out
    untouched: str = ""  # where it is the release as it came: what is said of that

    @property
    def open(self) -> float:
        """The points that a person is still to give, where others are given."""
        return 0.0 if self.score is None else sum(part.points for part in self.parts if part.score is None)

    @property
    def shown(self) -> frozenset[str]:
        """The cells to which a link leads."""
        return frozenset(cell.id for block in self.blocks for cell in block.cells)

    @property
    def headline(self) -> str:
        """The points in one sentence: as many as the parts have, but for what lateness takes."""
        if self.score is None or 0 < self.open == self.points:
            return f"no score yet, of {rounded(self.points)} points"
        rest = [f"{rounded(self.open)} more are still to be marked"] if self.open else []
        rest += [
            f"`{p.name}` was marked {rounded(p.score or 0.0)} of {rounded(p.points)} before it changed, "
            "and is to be marked again"
            for p in self.parts
            if p.again
        ]
        given = f"{rounded(self.score)} of {rounded(self.points - self.open)} points"
        return "; ".join((f"{given} so far", *rest)) if rest else given

    @property
    def lost(self) -> list[Part]:
        return [part for part in self.parts if part.lost]


def page(
    notebook: Notebook,
    grades: Mapping[str, Any],
    code: Render,
    text: Render,
    clean: Render,
    whose: str = "",
    waits: bool = False,
    late_days: str = "",
) -> Page:
    """The page of a notebook with the gradebook's `grades` in it; it `waits` where a person must look at it.

    `code`, `text` and `clean` make HTML of a cell's text, and of a table, that runs and loads nothing.
    """
    cells = list(notebook.cells)
    note = NOTHING
    if cells and cells[0].get("id") == NOT_GRADED:
        note = Markup(text(cells.pop(0).source))
    shown = [_cell(cell, code, text, clean, waits, bool(note)) for cell in cells]
    if note:  # what stands there is the release's: a person's points and words alone are of this work
        shown = [replace(c, shown=NOTHING, table=NOTHING) for c in shown if c.part or c.comment]
    ours = notebook.metadata.get("minigrad", {})
    parts = tuple(cell.part for cell in shown if cell.part)
    nothing = not grades["score"] and not any(part.again for part in parts)
    score = None if waits and nothing else float(grades["score"])
    return Page(
        grades["notebook"],
        score,
        float(grades["max_score"]),
        parts,
        tuple(_next(parts, waits)),
        tuple(_blocks([c for c in shown if not (note and c.empty)])),
        whose,
        float(grades["late_penalty"]),
        late_days,
        note,
        tuple(ours.get("notes", ())),
        UNTOUCHED if ours.get("blank") else "",
    )


def _cell(cell: Notebook, code: Render, text: Render, clean: Render, waits: bool, refused: bool) -> Cell:
    marks = cell.metadata.get("nbgrader", {})
    graded, answer = bool(marks.get("grade")), bool(marks.get("solution"))
    kind: Kind = "graded" if graded else "answer" if answer else "given" if marks.get("locked") else "own"
    is_code, id = cell.cell_type == "code", str(marks.get("grade_id") or cell.get("id", ""))
    shown = "" if graded and not answer else (code if is_code else text)(cell.source)
    heading = HEADING.search(cell.source) if kind == "given" and not is_code else None
    outputs = cell.get("outputs", ())
    tables = [clean(o.data["text/html"]) for o in outputs if "text/html" in o.get("data", {})]
    said = marks.get("comment") or ""
    comment = Markup(text(said)) if said and said != NO_RESPONSE else NOTHING
    return Cell(
        kind,
        id,
        Markup(shown),
        as_shown(heading[1].replace("`", "")) if heading else "",
        _part(cell, marks, id, waits, said == NO_RESPONSE and not refused, comment) if graded else None,
        Markup("".join(tables)),
        "".join(as_shown(o.text) for o in outputs if o.output_type == "stream").rstrip("\n"),
        comment,
    )


def _part(
    cell: Notebook, marks: Mapping[str, Any], id: str, waits: bool, empty: bool, comment: Markup
) -> Part:
    ours = cell.metadata.get("minigrad", {})
    again = bool(marks.get("again"))
    undecided = marks.get("open") or (waits and not marks["score"] and not again)
    score, points = None if undecided else float(marks["score"]), float(marks["points"])
    lost = tuple(Lost(word, says, why) for word, says, why in ours.get("lost", ()))
    if score is not None and score >= points > 0:  # a decision, or a person, gave back what checks took
        lost = ()
    by_hand = score is not None and round(points - score, 6) > 0 and not lost
    if score is not None and by_hand:
        before = ", before it changed" if again else ""
        gave = Lost("fail", f"A person gave {rounded(score)} of {rounded(points)} points{before}.", "")
        lost = (EMPTY if empty and not score else gave,)
    return Part(
        id,
        ours.get("exercise", id),
        score,
        points,
        lost,
        ours.get("hint", ""),
        ours.get("public", True),
        by_hand,
        comment if by_hand else NOTHING,
        again,
    )


def _next(parts: Sequence[Part], waits: bool) -> Iterable[str]:
    """What to do now, in sentences."""
    open_ = [part.name for part in parts if part.score is None]
    if open_:
        yield f"A person will look at {_names(open_)}."
    again = [part.name for part in parts if part.again]
    if again:
        yield f"A person will look at {_names(again)} again; until then the points of before count."
    lost = [part for part in parts if part.lost and not part.by_hand]
    if lost:
        first = lost[0].name
        more = " What comes after it may build on it." if len(lost) > 1 else ""
        told = (
            f'In the notebook, `check("{first}")` compares what you get with what is expected, in numbers.'
            if lost[0].public
            else f'`check("{first}")` passes in the notebook: the checks that failed are hidden ones, '
            "which test the same sentences with other cases. Take the sentence above word by word, "
            "and try what it names."
        )
        yield f"Begin with `{first}`.{more} {told}"
    read = [part.name for part in parts if part.comment]
    if read:
        yield f"Read the comment on {_names(read)}, above."
    bare = [p.name for p in parts if p.by_hand and not (p.comment or p.again) and p.lost != (EMPTY,)]
    if bare:
        yield f"Ask your instructor what was missing in {_names(bare)}."
    if parts and not waits and not again and all((part.score or 0.0) >= part.points for part in parts):
        yield "Nothing: all points are yours."


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _blocks(cells: Sequence[Cell]) -> Iterable[Block]:
    for kind, group in groupby(cells, key=lambda cell: cell.kind):
        found = tuple(group)
        title = next((cell.heading for cell in found if cell.heading), "from the assignment")
        yield Block(kind, TITLES.get(kind, title), found)
