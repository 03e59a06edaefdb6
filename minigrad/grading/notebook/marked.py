"""What one's own cells take that grading does not have; and a notebook's cells by their marks alone."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from minigrad.grading.intake.borrowed import attributes, borrowed, comes_from_locked, parsed
from minigrad.grading.intake.parse import parse
from minigrad.grading.model import Cell, Kind, Refused
from minigrad.sandbox.errors import PackageMissing


def cells(data: bytes) -> tuple[Cell, ...]:
    """The cells of one's own notebook, by their marks; raises Refused for a file that is none.

    Cells that one added are called own-1, own-2, ... as in grading; and as there, a solution is code,
    whatever became of its cell's type.
    """
    plain = parse(data).cells  # the same bounds as in grading
    marked = json.loads(data.decode("utf-8-sig"))["cells"]
    found: list[Cell] = []
    for i, (raw, cell) in enumerate(zip(plain, marked, strict=True), 1):
        id, kind = raw.grade_id or raw.id or f"cell-{i}", _kind(cell)
        if kind == "own":
            if not raw.source.strip():
                continue
            id = f"own-{1 + sum(c.kind == 'own' for c in found)}"
        found.append(Cell(id, kind, raw.source, markdown=not raw.code and kind != "solution"))
    return tuple(found)


def copied(own: Sequence[Cell]) -> list[str]:
    """A note on each solution cell that is there more than once: by their marks, all of them run."""
    ids = [c.id for c in own if c.kind == "solution"]
    return [
        f"`{id}`: there are {ids.count(id)} cells with this id; grading takes the one with an answer, "
        "or refuses where several differ: delete the others"
        for id in dict.fromkeys(ids)
        if ids.count(id) > 1
    ]


def _kind(cell: Mapping[str, Any]) -> Kind:
    metadata = cell.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    marks, tags = metadata.get("nbgrader"), metadata.get("tags")
    if not isinstance(marks, dict):
        return "own"
    if marks.get("solution"):
        return "written" if marks.get("grade") else "solution"
    if marks.get("grade"):
        return "check"
    return "define" if isinstance(tags, list) and "define" in tags else "lab"


def ran(folder: Path, sources: Sequence[str]) -> list[Cell]:
    """What ran in a notebook of `folder` as one's own cells, behind the locked cells of that notebook."""
    locked: list[Cell] = []
    for path in sorted(folder.glob("*.ipynb")):
        try:
            there = cells(path.read_bytes())
        except (OSError, Refused):
            continue  # one that is being saved
        locked += [c for c in there if c.kind in ("lab", "define", "check")]
    texts = {c.source.strip() for c in locked}
    return [*locked, *(Cell("", "own", text) for text in sources if text.strip() not in texts)]


def unmet(own: Sequence[Cell], packages: tuple[str, ...], engine: bool) -> list[str]:
    """What is said of names and modules that one's own cells use and grading does not have."""
    names, modules = borrowed(own), not_there(own, packages, engine)
    selfs = attributes(own).intersection(names)
    told = [
        f"`{name}` is an attribute of your own: is `self.` missing in front of it?"
        for name in names
        if name in selfs
    ]
    names = [name for name in names if name not in selfs]
    told += [comes_from_locked(names)] if names else []
    if modules:
        told.append(f"grading does not have {', '.join(f'`{name}`' for name in modules)}: do without")
    return told


def not_there(own: Sequence[Cell], packages: tuple[str, ...], engine: bool) -> list[str]:
    """The modules that one's own cells import, outside of a `try`, and grading does not have.

    `mynet` aside, of which `mynet.relied_on` tells. Nothing is said where a listed package is not here.
    """
    roots = dict.fromkeys(
        root for c in own if c.runs and c.kind != "define" for root in _imports(parsed(c.source))
    )
    here = {*sys.stdlib_module_names, "numpy", "matplotlib", "mynet", *(["minigrad"] * engine)}
    left = [root for root in roots if root not in here]
    if not left:
        return []
    from minigrad.sandbox.layout import installed  # looks through what is installed: rarely needed

    try:
        shown = {name.partition(".")[0] for name in installed(packages).modules}
    except PackageMissing:
        return []
    return [root for root in left if root not in shown]


def _imports(node: ast.AST) -> Iterator[str]:
    """The first parts of the modules that a tree imports outside of a `try`."""
    if isinstance(node, ast.Import):
        yield from (alias.name.partition(".")[0] for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and not node.level:
        yield str(node.module).partition(".")[0]
    elif not isinstance(node, ast.Try):
        for child in ast.iter_child_nodes(node):
            yield from _imports(child)
