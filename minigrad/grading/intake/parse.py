"""A submitted file: read with care, bounded, and parsed into raw cells of whitelisted fields."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minigrad.grading.intake.pictures import with_attachments, without_pictures
from minigrad.grading.model import Refused

MAX_BYTES = 2_000_000
MAX_CELLS = 300
MAX_CELL_BYTES = 64 * 1024  # of code, which goes to a worker, and of words: no picture counts
MAX_DEPTH = 40  # notebooks nest about ten deep
MAX_BRACKETS = 100_000  # JSON objects and lists, opened and closed: bounds the parser's memory
MAX_COMMAS = 300_000
MAX_DIGITS = 40

# A JSON string, closed or not: an unclosed one is taken to the end, so that no character is scanned twice.
STRING = re.compile(r'"[^"\\]*+(?:\\.?[^"\\]*+)*+(?:"|\Z)', re.DOTALL)
NOT_BRACKETS = re.compile(r"[^\[\]{}]+")
# At the beginning of a line no notebook has one: JSON's strings have no line breaks of their own.
CONFLICT = re.compile(r"^(?:<{7}|\|{7}|={7}|>{7})(?=[ \r\n]|\Z)", re.MULTILINE)


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
    try:
        _demand_no_link(path, within)
    except OSError:  # a name too long for the disk, a folder that may not be searched
        raise Refused("the file cannot be opened: hand in a plain, readable notebook") from None
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
            raise Refused(
                "the file is a hard link, so it may be somebody else's: hand in a copy of the notebook; "
                "where staff made the link (cp -l, rsync --link-dest), copy the folder anew without"
            )
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


def _demand_no_link(path: Path, within: Path | None) -> None:
    """Raise Refused where a path is a link, or leads through one below `within`."""
    if within is not None:
        try:
            parts = path.parent.relative_to(within).parts
        except ValueError:
            raise Refused("the file lies outside the folder of submissions") from None
        if ".." in parts or any(within.joinpath(*parts[: i + 1]).is_symlink() for i in range(len(parts))):
            raise Refused("the file's folder is a link: hand in the files themselves")
    if path.is_symlink():
        raise Refused("the file is a link: hand in the notebook itself")


@dataclass(frozen=True)
class Book:
    """The whitelisted part of the file: its cells, and the assignment that it says it is."""

    cells: tuple[Raw, ...]
    assignment: str = ""


def parse(data: bytes) -> Book:
    """The whitelisted part of an nbformat 4 file; raises Refused. Parses no Python."""
    if len(data) > MAX_BYTES:
        raise Refused(too_big(len(data)))
    if not data.strip():
        raise Refused("the file is empty")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused("the file is not UTF-8 text, so it is no notebook") from None
    demand_merged(text)
    bound(text)
    try:
        book = json.loads(text, parse_constant=lambda name: None, parse_int=small_int)
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
    return Book(tuple(raw_cell(c, i) for i, c in enumerate(cells, 1)), assignment_of(book.get("metadata")))


def assignment_of(metadata: object) -> str:
    """The assignment that a release's metadata names; "" where there is none."""
    ours = metadata.get("minigrad") if isinstance(metadata, dict) else None
    given = name(ours.get("assignment")) if isinstance(ours, dict) else ""
    return given if re.fullmatch(r"[\w-]{1,60}", given, re.ASCII) else ""


def demand_merged(text: str) -> None:
    """Raise Refused where git left the marks of a conflict between two versions in a file."""
    if found := CONFLICT.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise Refused(
            f"the file has git's conflict marks ({found[0]} in line {line}): two versions of it are mixed. "
            "Take one whole (`git checkout --ours FILE` or `--theirs`; once the mixture is committed, "
            "`git checkout COMMIT FILE` of one before) and hand in again"
        )


def bound(text: str) -> None:
    """Raise Refused for JSON that would cost much memory or nest deeply; linear in the text."""
    bare = STRING.sub("", text)
    if sum(map(bare.count, "[]{}")) > MAX_BRACKETS or bare.count(",") > MAX_COMMAS:
        raise Refused("the notebook holds too much data: clear its outputs and hand in again")
    brackets = NOT_BRACKETS.sub("", bare)
    depth = 0
    for c in brackets:
        depth += 1 if c in "[{" else -1
        if depth > MAX_DEPTH:
            raise Refused("the file is not a notebook: its JSON nests too deeply")


def small_int(digits: str) -> int | None:
    """For json.loads: an integer of few digits; None for others, whose reading takes quadratic time.

    So NaN and infinities become None, which are no JSON and yet what Python writes: they stand in
    outputs, which nobody reads, and where something is read, None is of no use.
    """
    return int(digits) if len(digits) <= MAX_DIGITS else None


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
    if kind != "code":
        source = with_attachments(source, cell.get("attachments"))
    try:
        size = text_size(source, kind == "code")
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


def text_size(source: str, code: bool) -> int:
    """The bytes of a cell's source that count: of a text cell, all but its pictures."""
    return len((source if code else without_pictures(source)).encode())


def name(value: object) -> str:
    """A short text as it is; "" for anything else."""
    return value if isinstance(value, str) and len(value) <= 200 else ""


def too_big(size: int) -> str:
    """Why a file of `size` bytes is refused."""
    return f"the file has {size / 1e6:.1f} MB; at most 2 MB are graded: clear the outputs and hand in again"
