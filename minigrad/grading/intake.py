"""A hostile file becomes one canonical list of cells, or a reason why not."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minigrad.grading.spec import Assignment, Cell, Refused

MAX_BYTES = 2_000_000
MAX_CELLS = 300
MAX_CELL_BYTES = 64 * 1024
MAX_DEPTH = 40  # notebooks nest about ten deep
MAX_BRACKETS = 100_000  # JSON objects and lists, opened and closed: bounds the parser's memory
MAX_COMMAS = 300_000
MAX_DIGITS = 40

# A JSON string, also an unclosed one, so that a scan never starts twice at the same character.
STRING = re.compile(r'"[^"\\]*+(?:\\.?[^"\\]*+)*+(?:"|\Z)', re.DOTALL)
NOT_BRACKETS = re.compile(r"[^\[\]{}]+")


@dataclass(frozen=True)
class Intake:
    """A submission made canonical: what is hashed, executed and displayed."""

    cells: tuple[Cell, ...]
    notes: tuple[str, ...] = ()
    blank: bool = False  # no answer differs from the release, and no code was added


@dataclass(frozen=True)
class Raw:
    """The whitelisted part of one cell of the file."""

    grade_id: str
    id: str
    markdown: bool
    code: bool
    source: str
    points: float | None


def read(path: Path, within: Path | None = None) -> bytes:
    """The bytes of a submitted file of at most 2 MB.

    Raises Refused for anything but a regular file with a single name: a link, a FIFO, a device;
    below the folder `within`, folders may not be links either.
    """
    if within is not None:
        try:
            parts = path.parent.relative_to(within).parts
        except ValueError:
            raise Refused("the file lies outside the folder of submissions") from None
        if ".." in parts or any(within.joinpath(*parts[: i + 1]).is_symlink() for i in range(len(parts))):
            raise Refused("the file's folder is a link: hand in the files themselves")
    if path.is_symlink():
        raise Refused("the file is a link: hand in the notebook itself")
    flags = (
        os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    )
    try:
        fd = os.open(path, flags)
    except FileNotFoundError:
        raise Refused("the notebook is missing") from None
    except OSError:
        raise Refused("the file cannot be opened: hand in a plain, readable notebook") from None
    try:
        info = os.fstat(fd)
        if not stat.S_ISREG(info.st_mode):
            raise Refused("this is not a regular file: hand in the notebook itself")
        if info.st_nlink > 1:
            raise Refused("the file is a hard link to another: hand in a copy of the notebook")
        if info.st_size > MAX_BYTES:
            raise Refused(too_big(info.st_size))
        with os.fdopen(fd, "rb", closefd=False) as f:
            data = f.read(MAX_BYTES + 1)
    except OSError:
        raise Refused("the file cannot be read: hand in a plain, readable notebook") from None
    finally:
        os.close(fd)
    if len(data) > MAX_BYTES:
        raise Refused(too_big(len(data)))
    return data


def intake(data: bytes, assignment: Assignment) -> Intake:
    """The submission's cells on the skeleton of the release; raises Refused with a reason.

    Locked cells are the release's; solution and written cells bring the submission's text, a
    missing one the stub; cells the student added stay where they stand. The submission's order of
    cells is kept; a missing cell follows the one it follows in the release.
    """
    raw = parse(data)
    found = match(raw, assignment)
    notes: list[str] = []
    cells: list[Cell] = []
    changed = False
    added = 0
    taken = {c.id for c in assignment.cells}
    by_place = {place: cell for cell, place in found.values()}
    for place, r in enumerate(raw):
        release = by_place.get(place)
        if release is not None:
            cell = merge(release, r, notes)
            changed = changed or (
                cell.kind in ("solution", "written") and not same(cell.source, release.source)
            )
            cells.append(cell)
        elif r.source.strip() and (r.code or r.markdown):
            added += 1
            while f"own-{added}" in taken:
                added += 1
            changed = changed or r.code
            cells.append(Cell(id=f"own-{added}", kind="own", source=r.source, markdown=r.markdown))
    for i, release in enumerate(assignment.cells):
        if release.id in found:
            continue
        if release.kind in ("solution", "written"):
            notes.append(f"`{release.id}`: the cell is missing; the release's empty one was graded")
        elif release.kind == "check":
            notes.append(f"`{release.id}`: the check cell is missing; its points were still graded")
        if i == 0:
            cells.insert(0, release)
        else:
            before = next(k for k, c in enumerate(cells) if c.id == assignment.cells[i - 1].id)
            cells.insert(before + 1, release)
    return Intake(tuple(cells), tuple(notes), blank=not changed)


def match(raw: list[Raw], assignment: Assignment) -> dict[str, tuple[Cell, int]]:
    """Release cell and place in the submission, by the release cell's id.

    By nbgrader's grade_id, else by the cell's own id. Raises Refused when an answer has two cells.
    """
    release = {c.id: c for c in assignment.cells}
    found: dict[str, tuple[Cell, int]] = {}
    for place, r in enumerate(raw):
        cell = release.get(r.grade_id)
        if cell is None or r.markdown != cell.markdown or not (r.markdown or r.code):
            continue
        if cell.id not in found:
            found[cell.id] = (cell, place)
        elif cell.kind in ("solution", "written"):
            raise Refused(
                f"two cells carry the id `{cell.id}`: a cell was split or copied. "
                "Put the whole answer into one of them, delete the other and hand in again"
            )
    used = {place for _, place in found.values()}
    for place, r in enumerate(raw):
        cell = release.get(r.id)
        if cell is None or cell.id in found or place in used or r.grade_id in release:
            continue
        if r.markdown == cell.markdown and (r.markdown or r.code):
            found[cell.id] = (cell, place)
    return found


def merge(release: Cell, r: Raw, notes: list[str]) -> Cell:
    """The release's cell with the student's text where an answer belongs; notes what has no effect."""
    if release.kind in ("solution", "written"):
        if release.kind == "written":
            note_points(release, r, notes)
        return release if same(r.source, release.source) else dataclasses.replace(release, source=r.source)
    if release.kind == "check":
        note_points(release, r, notes)
        if not same(r.source, release.source):
            notes.append(f"`{release.id}`: the check cell was edited; this has no effect")
    elif release.kind == "define" and not same(r.source, release.source):
        notes.append(f"`{release.id}`: this locked cell was edited; the release's text was graded")
    return release


def note_points(release: Cell, r: Raw, notes: list[str]) -> None:
    if r.points is not None and r.points != release.points:
        notes.append(f"`{release.id}`: the points were edited; this has no effect")


def same(a: str, b: str) -> bool:
    return a.rstrip() == b.rstrip()


def parse(data: bytes) -> list[Raw]:
    """The whitelisted cells of an nbformat 4 file; raises Refused. Parses no Python."""
    if len(data) > MAX_BYTES:
        raise Refused(too_big(len(data)))
    if not data.strip():
        raise Refused("the file is empty")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused("the file is not UTF-8 text, so it is no notebook") from None
    bound(text)
    try:
        book = json.loads(text, parse_constant=refuse_constant, parse_int=small_int)
    except (ValueError, RecursionError):
        raise Refused("the file is not a notebook: it is not valid JSON") from None
    if not isinstance(book, dict):
        raise Refused("the file is not a notebook: it holds no cells")
    version = book.get("nbformat")
    if type(version) is not int or version != 4:
        raise Refused("the notebook must be of nbformat 4: open it in JupyterLab, save it and hand in again")
    cells = book.get("cells")
    if not isinstance(cells, list) or not all(isinstance(c, dict) for c in cells):
        raise Refused("the file is not a notebook: it holds no cells")
    if len(cells) > MAX_CELLS:
        raise Refused(f"the notebook has {len(cells)} cells; at most {MAX_CELLS} are graded")
    return [raw_cell(c, i) for i, c in enumerate(cells, 1)]


def bound(text: str) -> None:
    """Raise Refused for JSON that would cost much memory or nest deeply; linear in the text."""
    bare = STRING.sub("", text)
    brackets = NOT_BRACKETS.sub("", bare)
    if len(brackets) > MAX_BRACKETS or bare.count(",") > MAX_COMMAS:
        raise Refused("the notebook holds too much data: clear its outputs and hand in again")
    depth = 0
    for c in brackets:
        depth += 1 if c in "[{" else -1
        if depth > MAX_DEPTH:
            raise Refused("the file is not a notebook: its JSON nests too deeply")


def refuse_constant(name: str) -> Any:
    raise ValueError(name)


def small_int(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError("too many digits")
    return int(digits)


def raw_cell(cell: Mapping[str, Any], number: int) -> Raw:
    """The whitelisted part of a cell; raises Refused, naming it by its `number` from 1."""
    kind = cell.get("cell_type")
    if kind not in ("code", "markdown", "raw"):
        raise Refused(f"cell {number} is neither code nor markdown")
    source = cell.get("source", "")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        raise Refused(f"cell {number} has no text")
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    try:
        size = len(source.encode())
    except UnicodeEncodeError:
        raise Refused(f"cell {number} holds characters that are no text") from None
    if size > MAX_CELL_BYTES:
        raise Refused(f"cell {number} has {size // 1024} KiB; a cell may have {MAX_CELL_BYTES // 1024}")
    metadata = cell.get("metadata")
    marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    marks = marks if isinstance(marks, dict) else {}
    points = marks.get("points")
    return Raw(
        grade_id=name(marks.get("grade_id")),
        id=name(cell.get("id")),
        markdown=kind == "markdown",
        code=kind == "code",
        source=source,
        points=float(points) if isinstance(points, (int, float)) else None,
    )


def name(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= 200 else ""


def too_big(size: int) -> str:
    return f"the file has {size / 1e6:.1f} MB; at most 2 MB are graded: clear the outputs and hand in again"
