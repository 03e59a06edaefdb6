"""The course as chapters: each release's text and stubs, with what its solution prints and draws.

To run a solution takes minutes, as it trains. So what its cells gave is kept in `docs/site/chapters/`, a file
a chapter, beside a digest of all that decides it. `python docs/site/chapters.py`, which is `make chapters`,
runs those anew whose digest is no longer right.
"""

from __future__ import annotations

import ast
import hashlib
import io
import json
import os
import sys
import tokenize
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import running

from minigrad.grading.assignment.load import PUBLIC, load

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "docs" / "site" / "chapters"
# What no output hangs on: the grader; and what the engine says of a wrong call, which no solution makes. Of
# the grader, a chapter shows the table of a check that passed, as it looked when the chapter was run.
OTHERS = ("grading", "sandbox", "cli", "contract", "habits")
SHOWN = ("tape.py",)  # read in 00-autograd, docstrings and all
T = TypeVar("T")


def names() -> list[str]:
    """The assignments in the course's order."""
    return sorted(folder.name for folder in (ROOT / "assignments").iterdir() if folder.is_dir())


def notebooks(chosen: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The chapters of these names in Jupyter's format: a stale one with what it gives now."""
    chosen = sorted(chosen)
    late = stale(chosen)
    for name in late:
        print(
            f"{name} is run, which takes minutes: `make chapters` would keep what it gives", file=sys.stderr
        )
    fresh = dict(each(running.outputs, late))
    return {name: _page(name, fresh.get(name) or _kept(name)["outputs"]) for name in chosen}


def stale(chosen: Iterable[str]) -> list[str]:
    """Those of these chapters of which nothing is kept, or what another solution or another engine gave."""
    now = engine(ROOT / "minigrad")
    return [name for name in chosen if _kept(name).get("digest") != digest(name, now)]


def digest(name: str, engine: bytes) -> str:
    """Of all that decides what a chapter's cells give, on the engine of that digest.

    It is the same everywhere: which Python, NumPy and processor ran a chapter is no reason to run it again.
    """
    found = hashlib.sha256(engine + running.BEFORE.encode())
    for earlier in (*running.AFTER.get(name, ()), name):
        for cell in load(ROOT / "solutions" / earlier).solved():
            if not cell.markdown and (cell.runs or earlier == name):
                found.update(f"{cell.id}\n{cell.source}\n".encode())
        found.update((ROOT / "solutions" / earlier / PUBLIC).read_bytes())
    return found.hexdigest()[:16]


def engine(package: Path) -> bytes:
    """A digest of the engine's programs and data."""
    found = hashlib.sha256()
    for file in sorted(package.rglob("*")):
        path = file.relative_to(package)
        if file.is_file() and path.parts[0] not in OTHERS and file.suffix not in (".pyc", ".zip"):
            content = file.read_bytes()
            if file.suffix == ".py" and path.as_posix() not in SHOWN:
                content = code(content.decode()).encode()
            found.update(f"{path.as_posix()} {hashlib.sha256(content).hexdigest()}\n".encode())
    return found.digest()


def code(program: str) -> str:
    """A program's text without comments, docstrings and empty lines: what is left decides what it does."""
    lines = program.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(program).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    for node in ast.walk(ast.parse(program)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            first, last = node.lineno - 1, node.end_lineno or 0
            if isinstance(node.value.value, str) and not lines[first][: node.col_offset].strip():
                lines[first:last] = [""] * (last - first)
    return "\n".join(filter(None, (line.rstrip() for line in lines)))


def _kept(name: str) -> dict[str, Any]:
    file = KEPT / f"{name}.json"
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else {}


def _page(name: str, outputs: running.Outputs) -> dict[str, Any]:
    """The release as it is now, with these outputs."""
    notebook = json.loads((ROOT / "assignments" / name / f"{name}.ipynb").read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = [
                {**output, "execution_count": None} if output["output_type"] == "execute_result" else output
                for output in outputs.get(cell["id"], [])
            ]
    return dict(notebook)


def keep(name: str) -> None:
    """Run this chapter, and keep what it gives."""
    made = f"Python {sys.version.split()[0]}, NumPy {version('numpy')}, Matplotlib {version('matplotlib')}"
    content = {"digest": digest(name, engine(ROOT / "minigrad")), "made with": made}
    text = json.dumps({**content, "outputs": running.outputs(name)}, indent=1, ensure_ascii=False)
    KEPT.mkdir(exist_ok=True)
    (KEPT / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def each(work: Callable[[str], T], chosen: Iterable[str]) -> Iterator[tuple[str, T]]:
    """The chapters' names with what the work gives for each, done side by side on all processors."""
    later_first = sorted(chosen, reverse=True)  # they take longest
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from zip(later_first, pool.map(work, later_first), strict=True)


if __name__ == "__main__":
    for done, _ in each(keep, stale(names())):
        print(f"{done} is kept", flush=True)
