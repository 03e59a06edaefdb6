"""Pure: what a notebook's cells use that only cells bind which grading does not run.

Python parses it: so it is for texts that are the release's, and for one's own; a judge asks for
`locked_names` alone.
"""

from __future__ import annotations

import ast
import builtins
import functools
import symtable
from collections.abc import Iterable, Sequence

from minigrad.grading.model import Cell

UNREAD = (SyntaxError, ValueError, MemoryError, RecursionError)  # the last two of what nests too deeply


def locked_names(cells: Iterable[Cell]) -> frozenset[str]:
    """The names that locked cells bind which grading does not run, and no locked cell that it runs.

    Without those that check cells use, such as `check`: they are for the notebook alone.
    """
    code = [c for c in cells if not c.markdown]
    return _locked(*(tuple(c.source for c in code if c.kind == kind) for kind in ("lab", "define", "check")))


@functools.lru_cache(32)  # the release's cells are the same in every submission
def _locked(labs: tuple[str, ...], defines: tuple[str, ...], checks: tuple[str, ...]) -> frozenset[str]:
    there = {name for text in defines for name in table_names(text, bound=True)}
    there |= {name for text in checks for name in table_names(text, bound=False)}
    made = {name for text in labs for name in table_names(text, bound=True)}
    return frozenset(made - there - set(vars(builtins)))


def borrowed(cells: Sequence[Cell]) -> list[str]:
    """The names that one's own code uses and only `locked_names` has, in the order of their use.

    Of a function or a class that is written several times, the last one counts. Where a cell that runs
    imports `*`, nothing is known.
    """
    locked = locked_names(cells)
    used: dict[tuple[str, int], list[str]] = {}
    bound: set[str] = set()
    for cell in cells:
        if not cell.runs or cell.kind == "define":
            continue
        for node in parsed(cell.source).body:
            text = statement(cell.source, node)
            bound |= set(table_names(text, bound=True))
            named = isinstance(node, ast.FunctionDef | ast.ClassDef)
            key = (node.name, -1) if isinstance(node, ast.FunctionDef | ast.ClassDef) else ("", len(used))
            used.pop(key, None) if named else None
            used[key] = table_names(text, bound=False)
    if any(_star(node) for c in cells if c.runs for node in parsed(c.source).body):
        return []
    return list(dict.fromkeys(n for names in used.values() for n in names if n in locked - bound))


def attributes(cells: Iterable[Cell]) -> frozenset[str]:
    """The names that one's own code sets as attributes of `self`."""
    own = [c for c in cells if c.runs and c.kind != "define"]
    nodes = (node for c in own for node in ast.walk(parsed(c.source)))
    return frozenset(
        node.attr
        for node in nodes
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    )


def _star(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)


def comes_from_locked(names: Sequence[str]) -> str:
    """What is said of names that only locked cells bind."""
    listed = ", ".join(f"`{name}`" for name in names)
    if len(names) == 1:
        return f"{listed} comes from a cell that grading does not run: import or define it in your own cell"
    return f"{listed} come from cells that grading does not run: import or define them in your own cell"


def parsed(source: str) -> ast.Module:
    """A cell's statements; none where it is not Python, or nests deeper than Python reads."""
    try:
        return ast.parse(source)
    except UNREAD:
        return ast.Module([], [])


def statement(cell: str, node: ast.stmt) -> str:
    """A statement as it stands in its cell, with its decorators."""
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
    if first == node.lineno:
        return ast.get_source_segment(cell, node) or ""
    return "\n".join(cell.splitlines()[first - 1 : node.end_lineno])


def table_names(text: str, *, bound: bool) -> list[str]:
    """The global names that a text binds, or those that it uses, also within functions.

    None where it is not Python, or Python only within a function, as `await`.
    """
    try:
        top = symtable.symtable(text, "<cell>", "exec")
    except UNREAD:
        return []
    if bound:
        return [s.get_name() for s in top.get_symbols() if s.is_assigned() or s.is_imported()]
    names = {s.get_name() for s in top.get_symbols() if s.is_referenced()}
    tables = list(top.get_children())
    while tables:
        table = tables.pop()
        names |= {s.get_name() for s in table.get_symbols() if s.is_global() and s.is_referenced()}
        tables += table.get_children()
    return sorted(names)
