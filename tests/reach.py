"""What a change of a notebook's cell can reach, by the names that its cells bind and use."""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterable, Sequence
from functools import cache


def closure(changed: Iterable[str], sources: Sequence[str]) -> set[str]:
    """The names that a change of some can reach: those that a cell binds which uses one, and so on."""
    reached, before = set(changed), set[str]()
    while reached != before:
        before = reached
        reached = reached.union(*(binds(source) for source in sources if uses(source) & reached))
    return reached


@cache
def binds(source: str) -> frozenset[str]:
    """The names that a cell gives a value, at its top."""
    top = symtable.symtable(source, "<cell>", "exec")
    return frozenset(s.get_name() for s in top.get_symbols() if s.is_assigned() or s.is_imported())


@cache
def uses(source: str) -> frozenset[str]:
    """The names that a cell has from others: it mentions them, at its top or in a function, and does so
    before it gives them a value."""
    names = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Name)]
    names.sort(key=lambda n: (n.lineno, n.col_offset))
    first = {n.id: isinstance(n.ctx, ast.Store) for n in reversed(names)}
    own = {name for name in binds(source) if first.get(name, True)}
    return frozenset(mentions(source) - own)


def mentions(source: str) -> set[str]:
    """The names that a cell looks up in the notebook, at its top or in a function."""
    tables = [symtable.symtable(source, "<cell>", "exec")]
    found = {s.get_name() for s in tables[0].get_symbols() if s.is_referenced()}
    while tables:
        table = tables.pop()
        tables += table.get_children()
        found |= {s.get_name() for s in table.get_symbols() if s.is_global() and s.is_referenced()}
    return found
