"""The course as chapters: each release's text and stubs, with what its solution prints and draws.

A chapter is run once for all that it hangs on, and then kept in the user's cache, below `minigrad/chapters`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

from minigrad.grading.assignment.load import load
from minigrad.grading.notebook.mynet import FILE

ROOT = Path(__file__).parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "minigrad" / "chapters"
SECONDS = 3600  # for a cell: the longest takes five minutes of CPU, on a busy machine a quarter of an hour

# A chapter that goes on with what earlier ones left in a student's own library.
AFTER = {
    "03-gru": ("02-lstm",),
    "08-applications": ("01-rnn", "02-lstm", "03-gru", "04-batches", "05-training", "06-seq2seq"),
}

# Run before the first cell: the text that stands for a figure says what is drawn. It becomes the alt text.
DESCRIBES = """
def _described(figure, printer, cycle):
    said = []
    for axes in figure.axes:
        x, y = axes.get_xlabel(), axes.get_ylabel()
        lines = [line.get_label() for line in axes.get_lines() if not line.get_label().startswith("_")]
        about = f"{y} over {x}" if x and y else x or y
        said.append(", ".join(filter(None, [axes.get_title(), about, *lines])))
    printer.text("Figure: " + ("; ".join(filter(None, said)) or "see the text"))

get_ipython().run_line_magic("matplotlib", "inline")
from matplotlib.figure import Figure
get_ipython().display_formatter.formatters["text/plain"].for_type(Figure, _described)
"""


@dataclass(frozen=True)
class Chapter:
    """A chapter's notebook in Jupyter's format, and the `mynet.py` that running its solution left."""

    notebook: Mapping[str, Any]
    library: str


def names() -> list[str]:
    """The assignments in the course's order."""
    return sorted(folder.name for folder in (ROOT / "assignments").iterdir() if folder.is_dir())


def executed(chosen: Iterable[str]) -> dict[str, Chapter]:
    """The chapters of these names, run side by side on all processors.

    Raises nbclient's CellExecutionError where a solution raises.
    """
    later_first = sorted(chosen, reverse=True)  # they take longest
    chosen = sorted(later_first, key=lambda name: len(AFTER.get(name, ())))
    runs: dict[str, Future[Chapter]] = {}

    def run(name: str) -> Chapter:  # what it waits for was begun before it
        return _kept(
            name, [runs[earlier].result().library for earlier in AFTER.get(name, ()) if earlier in runs]
        )

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for name in chosen:
            runs[name] = pool.submit(run, name)
        return {name: runs[name].result() for name in sorted(chosen)}


def _kept(name: str, libraries: list[str]) -> Chapter:
    """The chapter as it was run before with the same package, sources and libraries, or run now."""
    file = CACHE / f"{name}-{_digest(name, libraries)}.json"
    if not file.exists():
        chapter = _run(name, libraries)
        CACHE.mkdir(parents=True, exist_ok=True)
        for older in CACHE.glob(f"{name}-*.json"):
            older.unlink(missing_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=CACHE, delete=False, encoding="utf-8") as new:
            json.dump({"notebook": chapter.notebook, "library": chapter.library}, new)
        os.replace(new.name, file)  # whole or not at all: another build may read it
        return chapter
    return Chapter(**json.loads(file.read_text(encoding="utf-8")))


def _digest(name: str, libraries: list[str]) -> str:
    """Of all that a chapter's outputs hang on."""
    found = hashlib.sha256(repr((sys.version, version("numpy"), version("matplotlib"), libraries)).encode())
    for file in _files(name):
        found.update(f"{file.relative_to(ROOT)} {hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return found.hexdigest()[:16]


def _files(name: str) -> Iterator[Path]:
    yield Path(__file__)
    for folder in ("minigrad", f"solutions/{name}", f"assignments/{name}"):
        for file in sorted((ROOT / folder).rglob("*")):
            if file.is_file() and file.suffix not in (".pyc", ".zip"):
                yield file


def _run(name: str, libraries: Iterable[str]) -> Chapter:
    answers = {cell.id: cell.source for cell in load(ROOT / "solutions" / name).solved()}
    released = nbformat.read(ROOT / "assignments" / name / f"{name}.ipynb", as_version=4)
    with tempfile.TemporaryDirectory() as place:
        folder = shutil.copytree(ROOT / "assignments" / name, Path(place) / name)
        library = Path(place) / FILE
        library.write_text("\n".join(libraries), encoding="utf-8")
        solved = nbformat.from_dict(json.loads(json.dumps(released)))
        for cell in solved.cells:
            if cell.cell_type == "code":
                cell.source = answers.get(cell.id, cell.source)
        solved.cells.insert(0, nbformat.v4.new_code_cell(DESCRIBES))
        kernel = AsyncKernelManager(kernel_name="python3", transport="ipc", ip=str(Path(place) / "k"))
        where = {"metadata": {"path": str(folder)}}
        NotebookClient(solved, km=kernel, timeout=SECONDS, resources=where).execute(cleanup_kc=True)
        text = library.read_text(encoding="utf-8")
    for cell, ran in zip(released.cells, solved.cells[1:], strict=True):
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = ran.outputs, None
    return Chapter(released, text)
