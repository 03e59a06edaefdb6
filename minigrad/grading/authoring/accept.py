"""Writes the checks that a mutant was seen to fail into `mutants.py`, and changes nothing else there."""

from __future__ import annotations

import ast
import json
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from minigrad.checks import Mutant
from minigrad.grading.model import AuthoringError

WIDTH = 110  # columns of a line that stays in one piece


def accepted(text: str, where: str, mutant: Mutant, failed: Sequence[str]) -> str:
    """The text of `mutants.py` with `failed` as the mutant's `fails`.

    Where `fails` is written with a helper, as in `of("rnn-cell", "gradients by-hand")`, it is afterwards,
    too, if the helper then gives these names; else it becomes a plain list. Raises AuthoringError, with
    `where` and the remedy, when the argument is not found.
    """
    names = [n for n in mutant.fails if n in failed] + [n for n in failed if n not in mutant.fails]
    place = _argument(text, where, mutant.name, names)
    indent = _indent(text, place)
    helper = _helper(place, _arguments(text))
    for code in [_calls(helper, names, place, indent)] * bool(helper) + [_list(names, place, indent)]:
        changed = _replaced(text, place, code)
        if _fails(changed, where, mutant.name) == set(names):
            return changed
    raise AuthoringError(
        f"{where}: `fails` of the mutant `{mutant.name}` does not become {names} by writing it there: "
        "write it by hand"
    )


def _argument(text: str, where: str, name: str, names: Sequence[str]) -> ast.expr:
    """Where `fails` of the mutant of this name stands, in which the names of checks are to be written."""
    found = [call for call in _mutants(text) if _constant(_given(call, 0, "name")) == name]
    if len(found) != 1:
        count = f"{len(found)} calls" if found else "no call"
        raise AuthoringError(
            f'{where}: {count} of the form mutant("{name}", ...): --accept changes exactly one, whose name '
            f"is written out; write by hand fails={json.dumps(names)}"
        )
    fails = _given(found[0], 4, "fails")
    if fails is None:
        raise AuthoringError(f"{where}: the mutant `{name}` has no argument `fails`: add fails=[]")
    return fails


def _mutants(text: str) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "mutant":
            yield node


def _arguments(text: str) -> list[ast.expr]:
    """`fails` of all mutants."""
    return [fails for call in _mutants(text) if (fails := _given(call, 4, "fails")) is not None]


def _given(call: ast.Call, position: int, name: str) -> ast.expr | None:
    """An argument of a call, by position or by name."""
    first = call.args[: position + 1]
    if len(first) > position and not any(isinstance(a, ast.Starred) for a in first):
        return first[position]
    return next((k.value for k in call.keywords if k.arg == name), None)


def _constant(node: ast.expr | None) -> Any:
    return node.value if isinstance(node, ast.Constant) else None


def _helper(place: ast.expr, others: Iterable[ast.expr]) -> str:
    """The function that an expression calls; for an empty list, the one that most others call; or ""."""
    empty = isinstance(place, ast.List) and not place.elts
    called = [
        next((n.func.id for n in ast.walk(a) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)), "")
        for a in (others if empty else [place])
    ]
    return Counter(called).most_common(1)[0][0]


def _indent(text: str, place: ast.expr) -> str:
    """The white space before the line on which an expression begins: what goes on hangs from there."""
    line = text.encode().splitlines()[place.lineno - 1].decode()
    return line[: len(line) - len(line.lstrip())]


def _calls(helper: str, names: Iterable[str], place: ast.expr, indent: str) -> str:
    """A call of the helper for each exercise, added up."""
    probes: dict[str, list[str]] = {}
    for name in names:
        exercise, _, probe = name.partition(".")
        probes.setdefault(exercise, []).append(probe)
    line = " + ".join(f'{helper}("{exercise}", "{" ".join(own)}")' for exercise, own in probes.items())
    if len(probes) > 1 or place.col_offset + len(line) < WIDTH:
        return line
    ((exercise, own),) = probes.items()
    width = max(WIDTH - len(indent) - 10, 20)
    pieces = textwrap.wrap(" ".join(own), width, break_on_hyphens=False, break_long_words=False)
    words = f' "\n{indent}    "'.join(pieces)
    return f'{helper}(\n{indent}    "{exercise}",\n{indent}    "{words}",\n{indent})'


def _list(names: Sequence[str], place: ast.expr, indent: str) -> str:
    line = "[" + ", ".join(f'"{name}"' for name in names) + "]"
    if place.col_offset + len(line) < WIDTH:
        return line
    return "\n".join(["[", *(f'{indent}    "{name}",' for name in names), f"{indent}]"])


def _replaced(text: str, place: ast.expr, code: str) -> str:
    """The text with other code in place of an expression, with the line ends of the text.

    Columns of the syntax tree count bytes.
    """
    assert place.end_lineno is not None
    assert place.end_col_offset is not None
    lines = text.encode().splitlines(keepends=True)
    before = b"".join(lines[: place.lineno - 1]) + lines[place.lineno - 1][: place.col_offset]
    after = lines[place.end_lineno - 1][place.end_col_offset :] + b"".join(lines[place.end_lineno :])
    end = b"\r\n" if lines[0].endswith(b"\r\n") else b"\n"
    return (before + code.encode().replace(b"\n", end) + after).decode()


def _fails(text: str, where: str, name: str) -> set[str]:
    """What `fails` of a mutant comes to when the file is executed; empty when that fails."""
    namespace: dict[str, Any] = {"__name__": "mutants"}
    try:
        exec(compile(text, where, "exec"), namespace)  # trusted: the author's own file
    except Exception:
        return set()
    return next((set(m.fails) for m in namespace.get("MUTANTS", ()) if m.name == name), set())
