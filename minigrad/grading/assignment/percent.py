"""Reads jupytext's percent format: the part of it that sources use, and refuses the rest by line.

A test holds this reader to jupytext's. Every process that judges reads sources; jupytext itself
would cost each of them over a second and 50 MB, and takes a comment like `# ls x` for a command.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from minigrad.grading.model import AuthoringError

PAIR = r'[A-Za-z_]\w*=(?:"[^"\\]*"|-?\d+(?:\.\d+)?)'
MARKER = re.compile(rf"# %%( \[markdown\])?((?: +{PAIR})*) *")
HEADER = "# ---"  # above and below a header, in which `engine: false` and `packages: [...]` count
NO_ENGINE = re.compile(r"# +engine: *false *")
PACKAGES = re.compile(r"# +packages:(?P<list>.*)")
DISTRIBUTION = re.compile(r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?")
MAGIC = re.compile(r"[%!]|\s*#\s*[%!]")  # IPython's lines, also as the comments that jupytext writes


@dataclass
class Raw:
    """One cell as it stands in the file."""

    line: int  # of its marker
    markdown: bool
    metadata: dict[str, Any]
    lines: list[str] = field(default_factory=list)

    @property
    def source(self) -> str:
        return "\n".join(self.lines)


@dataclass(frozen=True)
class Header:
    """What the head of a source says of the workers in which its code runs."""

    engine: bool = True  # whether they have minigrad
    packages: tuple[str, ...] = ()  # distributions that they have besides those they always have


def read(text: str, where: str) -> tuple[list[Raw], Header]:
    """The cells of a notebook's source, and its header.

    Raises AuthoringError with `where` and the line for anything that is not a cell marker
    `# %% [markdown] key="value" key=1`, a comment in a markdown cell, or plain Python in a code cell.
    """
    lines = text.splitlines()
    start, header = _header(lines, where)
    cells: list[Raw] = []
    for number, line in enumerate(lines[start:], start + 1):
        at = f"{where}, line {number}"
        if line.startswith("# %%"):
            cells.append(_marker(line, number, at))
        elif cells:
            cells[-1].lines.append(_text(line, at) if cells[-1].markdown else _code(line, at))
        elif line.strip():
            raise AuthoringError(f"{at}: text before the first cell: begin with `# %%`")
    for cell in cells:
        while cell.lines and not cell.lines[-1].strip():  # between a cell and the next
            del cell.lines[-1]
    return cells, header


def _header(lines: list[str], where: str) -> tuple[int, Header]:
    """How many lines the header has, and what it says."""
    if not lines or lines[0].rstrip() != HEADER:
        return 0, Header()
    engine, packages = True, Header.packages
    for number, line in enumerate(lines[1:], 2):
        if line.rstrip() == HEADER:
            return number, Header(engine, packages)
        engine = engine and not NO_ENGINE.fullmatch(line)
        if listed := PACKAGES.fullmatch(line):
            packages = _packages(listed["list"].strip(), f"{where}, line {number}")
    raise AuthoringError(f"{where}, line 1: the header `{HEADER}` has no end: add `{HEADER}` below it")


def _packages(listed: str, at: str) -> tuple[str, ...]:
    """The names in "[scipy, pandas]"."""
    names = tuple(filter(None, map(str.strip, listed[1:-1].split(","))))
    if listed[:1] + listed[-1:] != "[]" or not all(map(DISTRIBUTION.fullmatch, names)):
        raise AuthoringError(f"{at}: list packages by the names that pip knows: `packages: [scipy, pandas]`")
    return names


def _marker(line: str, number: int, at: str) -> Raw:
    found = MARKER.fullmatch(line)
    if found is None:
        raise AuthoringError(
            f'{at}: a cell begins with `# %%` or `# %% [markdown]`, then key="value" or key=1: {line}'
        )
    pairs = re.findall(PAIR, found[2])
    metadata = {key: json.loads(value) for key, _, value in (pair.partition("=") for pair in pairs)}
    return Raw(number, found[1] is not None, metadata)


def _text(line: str, at: str) -> str:
    if not line.startswith("#") and line.strip():
        raise AuthoringError(f"{at}: every line of a markdown cell begins with `#`")
    return line[2:] if line.startswith("# ") else line[1:]


def _code(line: str, at: str) -> str:
    if MAGIC.match(line):
        raise AuthoringError(f"{at}: IPython's own lines do not run in grading: write Python")
    return line
