"""A solution, run as a notebook: what each of its cells prints and draws."""

from __future__ import annotations

import base64
import io
import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

from minigrad.grading.assignment.load import load
from minigrad.grading.notebook.mynet import FILE

ROOT = Path(__file__).parents[2]
SECONDS = 3600  # for a cell: the longest takes five minutes of CPU, on a busy machine a quarter of an hour

# A chapter that goes on with what earlier ones left in a student's own library.
AFTER = {
    "03-gru": ("02-lstm",),
    "08-applications": ("01-rnn", "02-lstm", "03-gru", "04-batches", "05-training", "06-seq2seq"),
}

# Run before the first cell: NumPy has one thread, which the notebook itself would say too late; and the text
# that stands for a figure says what is drawn. It becomes the alt text.
BEFORE = """
import os
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

def _described(figure, printer, cycle):
    said = [figure.get_suptitle()]
    for axes in figure.axes:
        titles = [axes.get_title(place) for place in ("left", "center", "right")]
        x, y = axes.get_xlabel(), axes.get_ylabel()
        lines = [line.get_label() for line in axes.get_lines() if not line.get_label().startswith("_")]
        about = f"{y} over {x}" if x and y else x or y
        said.append(", ".join(filter(None, [*titles, about, *lines])))
    printer.text("Figure: " + "; ".join(filter(None, said)))

get_ipython().run_line_magic("matplotlib", "inline")
from matplotlib.figure import Figure
get_ipython().display_formatter.formatters["text/plain"].for_type(Figure, _described)
"""

Outputs = dict[str, list[Any]]


def outputs(name: str) -> Outputs:
    """What each cell of the solution gives, by its id, as Jupyter keeps it.

    Raises nbclient's CellExecutionError where the solution raises.
    """
    library = "\n".join(_library(earlier) for earlier in AFTER.get(name, ()))
    cells = {cell.id: cell.source for cell in load(ROOT / "solutions" / name).solved() if not cell.markdown}
    return _run(name, cells, library)[0]


def _library(name: str) -> str:
    """The `mynet.py` of a student who solved this one. Its labs take minutes, and leave nothing there."""
    cells = load(ROOT / "solutions" / name).solved()
    short = {
        cell.id: cell.source for cell in cells if cell.runs or cell.kind == "check" or cell.id == "harness"
    }
    return _run(name, short, "")[1]


def _run(name: str, cells: Mapping[str, str], library: str) -> tuple[Outputs, str]:
    """What these cells give beside their release and a library, and the library that they leave."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(BEFORE)])
    notebook.cells += [nbformat.v4.new_code_cell(source, id=id) for id, source in cells.items()]
    with tempfile.TemporaryDirectory() as place:
        folder = shutil.copytree(ROOT / "assignments" / name, Path(place) / name)
        file = Path(place) / FILE
        file.write_text(library, encoding="utf-8")
        kernel = AsyncKernelManager(kernel_name="python3", transport="ipc", ip=str(Path(place) / "k"))
        where = {"metadata": {"path": str(folder)}}
        NotebookClient(notebook, km=kernel, timeout=SECONDS, resources=where).execute(cleanup_kc=True)
        left = file.read_text(encoding="utf-8")
    return {cell.id: _slim(cell.outputs) for cell in notebook.cells[1:] if cell.outputs}, left


def _slim(given: Iterable[Mapping[str, Any]]) -> list[Any]:
    """A cell's outputs for a page, its pictures with 256 colours, which is a third of their bytes."""
    from PIL import Image

    slim = json.loads(json.dumps(list(given)))
    for output in slim:
        output.pop("execution_count", None)
        data = output.get("data", {})
        data.pop("text/latex", None)  # a page shows the HTML beside it
        if picture := data.get("image/png"):
            small = io.BytesIO()
            drawn = Image.open(io.BytesIO(base64.b64decode(picture))).convert("RGB")
            drawn.quantize(256, dither=Image.Dither.NONE).save(small, format="png", optimize=True)
            data["image/png"] = base64.b64encode(small.getvalue()).decode()
    return slim
