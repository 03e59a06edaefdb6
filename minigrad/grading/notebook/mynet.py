"""`mynet.py`, a student's own library: what passed its public checks, written down for later notebooks.

The file lies beside the folders of the assignments, so that it is not handed in with one of them: in
grading, every notebook stands alone. Each exercise has a block, a function that holds what the
exercise needs, so that two exercises may use one name for different things.
"""

from __future__ import annotations

import ast
import builtins
import io
import json
import os
import re
import sys
import tokenize
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeGuard

from minigrad.grading.intake.borrowed import parsed, statement, table_names

FILE = "mynet.py"
HEAD = '''"""My own library: written when an exercise passes its public checks, for `from mynet import ...`.

A block is written anew when its exercise passes again. What stands above the first block stays.
"""
'''
_MARK = re.compile(r"^# --- (\S+) · (\S+)$", re.MULTILINE)
_KEPT = ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign


def library_path(folder: Path, assignment: str) -> Path:
    """Where the library of the notebook in `folder` lies: beside the assignments' folders."""
    return (folder.parent if folder.name == assignment else folder) / FILE


def reachable(folder: Path, assignment: str, names: Mapping[str, Any]) -> None:
    """In a notebook, let `import mynet` find the library; it never hides a module of another path."""
    directory = str(library_path(folder, assignment).parent)
    if shell_of(names) is not None and directory not in sys.path:
        sys.path.append(directory)


def keep(folder: Path, assignment: str, exercise: str, names: Mapping[str, Any]) -> str:
    """Write down what a passed exercise asked for; a sentence about it, "" when there is nothing to keep.

    Does something in a notebook only: `names` must be those of the IPython shell that runs.
    """
    shell = shell_of(names)
    if shell is None:
        return ""
    wanted = [name for name in asked_for(folder, exercise) if name in names]
    try:
        text = block(assignment, exercise, wanted, history(names), names)
        if not text:
            return ""
        exec(compile(text, FILE, "exec"), {"__name__": "mynet"})  # it must stand alone, here and later
        put(library_path(folder, assignment), assignment, exercise, text)
    except Exception as error:
        return f"It could not be kept in {FILE}: {type(error).__name__}: {error}."
    return kept(wanted)


def kept(names: Iterable[str]) -> str:
    """What is said of names that were written down."""
    return f"Kept in {FILE} for later notebooks: {', '.join(names)}."


def lacks(text: str) -> list[str]:
    """The names that a block uses and neither it nor Python has."""
    own = {*table_names(text, bound=True), *dir(builtins)}
    return [name for name in table_names(text, bound=False) if name not in own]


def has(path: Path, assignment: str, exercise: str, text: str) -> bool:
    """Whether a library has just this block."""
    old = path.read_text(encoding="utf-8") if path.is_file() else ""
    return merged(old, assignment, exercise, text) == old


def relied_on(names: Mapping[str, Any]) -> str:
    """What a notebook takes from the library where grading, which has none, would miss it: a sentence, or "".

    An import in a `try` has an answer to that, and a definition that follows an import takes its place.
    """
    return relying(history(names))


def history(names: Mapping[str, Any]) -> list[str]:
    """What ran in the notebook whose names these are, cell by cell; nothing outside of a notebook."""
    shell = shell_of(names)
    return [] if shell is None else [str(cell) for cell in shell.user_ns.get("In", ())]


def relying(cells: Iterable[str]) -> str:
    """`relied_on`, of the cells' texts."""
    missed = imported([node for cell in cells for node in parsed(cell).body])
    if not missed:
        return ""
    return (
        f"Grading has no {FILE}: there a cell ends at its import of {', '.join(missed)}, and what stands "
        "below is not defined. Write it into this notebook, or import it in a cell of its own, in a `try`."
    )


def imported(statements: Iterable[ast.stmt]) -> list[str]:
    """The names that statements, in their order, leave taken from the library outside of a `try`."""
    bare: dict[str, bool] = {}
    for node in statements:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            bare[node.name] = False
        for part in ast.walk(node) if isinstance(node, ast.Try) else [node]:
            if _of_library(part):
                bare |= {alias.asname or alias.name: part is node for alias in part.names}
    return [name for name, is_bare in bare.items() if is_bare]


def _of_library(node: ast.AST) -> TypeGuard[ast.Import | ast.ImportFrom]:
    """Whether a statement imports the library, or from it."""
    if isinstance(node, ast.ImportFrom):
        return node.module == "mynet"
    return isinstance(node, ast.Import) and any(alias.name == "mynet" for alias in node.names)


def shell_of(names: Mapping[str, Any]) -> Any:
    """The IPython shell whose cells define `names`, or None."""
    current = getattr(sys.modules.get("IPython"), "get_ipython", None)
    shell = current() if current is not None else None
    return shell if shell is not None and shell.user_ns is names else None


def asked_for(folder: Path, exercise: str) -> list[str]:
    """The functions and classes in the solution cells of an exercise, from the notebook in `folder`."""
    for path in sorted(folder.glob("*.ipynb")):
        try:
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            sources = list(_solution_cells(cells, exercise))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue  # not a notebook of ours, or one that is being saved
        nodes = [node for source in sources for node in parsed(source).body]
        defined = [n.name for n in nodes if isinstance(n, ast.FunctionDef | ast.ClassDef)]
        if defined:
            return list(dict.fromkeys(defined))
    return []


def _solution_cells(cells: Sequence[Mapping[str, Any]], exercise: str) -> Iterator[str]:
    """Sources of the solution cells between an exercise's check cell and the check cell before it."""
    found: list[str] = []
    for cell in cells:
        if cell["cell_type"] != "code":
            continue
        source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
        marks = cell.get("metadata", {}).get("nbgrader", {})
        if source.strip() == f'check("{exercise}")':
            yield from found
        elif marks.get("grade"):
            found = []
        elif marks.get("solution"):
            found.append(source)


def block(
    assignment: str, exercise: str, wanted: Sequence[str], cells: Iterable[str], names: Mapping[str, Any]
) -> str:
    """Python text that defines `wanted` as the last of `cells` did, with all that they use; "" for none."""
    defined: dict[str, str] = {}
    for cell in cells:
        for node in parsed(cell).body:
            if isinstance(node, _KEPT) and not _of_library(node):  # which cannot be written from itself
                text = statement(cell, node)
                defined |= dict.fromkeys(table_names(text, bound=True), text)
    kept = [name for name in wanted if name in defined]
    if not kept:
        return ""
    lines: list[str] = []
    seen: set[str] = set()

    def need(name: str) -> None:
        if name in seen:
            return
        seen.add(name)
        text = defined.get(name) or _imported(name, names)
        for used in table_names(text, bound=False):
            need(used)
        if text and text not in lines:
            lines.append(text)

    for name in kept:
        need(name)
    function = "_" + re.sub(r"\W", "_", f"{assignment}_{exercise}")
    imports = [text for text in lines if isinstance(ast.parse(text).body[0], ast.Import | ast.ImportFrom)]
    parts = ["\n".join(sorted(imports))] * bool(imports) + [text for text in lines if text not in imports]
    body = "\n\n".join(_indented(text) for text in parts)
    result = ", ".join(kept)
    return f"def {function}():\n{body}\n\n    return {result}\n\n\n{result} = {function}()\n"


def _imported(name: str, names: Mapping[str, Any]) -> str:
    """An import of what no cell defines but the notebook knows, as after `from numpy import *`."""
    value = names.get(name)
    module, own = getattr(value, "__module__", None), getattr(value, "__name__", None)
    if hasattr(builtins, name) or value is None or module in (None, "__main__", "builtins"):
        return ""
    return f"from {module} import {own}" + (f" as {name}" if own != name else "") if own else ""


def _indented(text: str) -> str:
    """A statement four places to the right; the inner lines of strings stay as they are."""
    within: set[int] = set()
    starts: list[int] = []
    for token in tokenize.generate_tokens(io.StringIO(text + "\n").readline):
        kind = tokenize.tok_name[token.type]
        if kind.endswith("STRING_START"):
            starts.append(token.start[0])
        elif kind == "STRING" or kind.endswith("STRING_END"):
            first = token.start[0] if kind == "STRING" else starts.pop()
            within |= set(range(first + 1, token.end[0] + 1))
    lines = text.split("\n")
    return "\n".join(line if not line or i in within else f"    {line}" for i, line in enumerate(lines, 1))


def merged(text: str, assignment: str, exercise: str, new: str) -> str:
    """The library with a block put in, or in place of the one that was there; others stay as they are."""
    marks = list(_MARK.finditer(text))
    head = text[: marks[0].start()] if marks else text or HEAD
    ends = [*(m.start() for m in marks[1:]), len(text)][: len(marks)]
    blocks = {(m[1], m[2]): text[m.end() : end].strip("\n") for m, end in zip(marks, ends, strict=True)}
    blocks[assignment, exercise] = new.strip("\n")
    order = sorted(blocks, key=lambda key: key[0])  # stable: exercises stay in the order they passed in
    parts = [f"# --- {a} · {e}\n\n{blocks[a, e]}\n" for a, e in order]
    return "\n\n".join([head.rstrip("\n") + "\n", *parts])


def put(path: Path, assignment: str, exercise: str, new: str) -> None:
    """Put a block into the library, which is whole at every moment."""
    old = path.read_text(encoding="utf-8") if path.is_file() else ""
    text = merged(old, assignment, exercise, new)
    if text == old:
        return
    temporary = path.with_name(f".{FILE}.new")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)
