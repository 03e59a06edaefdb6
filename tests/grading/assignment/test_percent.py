"""The reader of the percent format agrees with jupytext on all that it accepts."""

from __future__ import annotations

from pathlib import Path

import jupytext
import pytest

from minigrad.grading.assignment import percent
from minigrad.grading.authoring import template as starter
from minigrad.grading.model import AuthoringError
from tests.grading import example

SOURCES = sorted((Path(__file__).parents[3] / "solutions").glob("*/notebook.py"))
HEADER = "# ---\n# jupyter:\n#   minigrad:\n#     engine: {}\n#   nbformat: 4\n# ---\n\n"
TEXTS = {
    **{p.parent.name: p.read_text(encoding="utf-8") for p in SOURCES},
    "example": example.NOTEBOOK,
    "starter": starter.NOTEBOOK.format(title="A title", name="09-mine"),
    "no engine": HEADER.format("false") + "# %%\nx = 1\n",
    "packages": HEADER.format("false\n#     packages: [scipy, scikit-learn]") + "# %%\nx = 1\n",
    "no packages": HEADER.format("true\n#     packages: []") + "# %%\nx = 1\n",
    "engine": HEADER.format("true") + "# %%\nx = 1\n",
    "empty cells": "# %%\n# %% [markdown]\n\n# %%\n\n\nx = 1\n\n\n\n\ny = 2\n\n\n# %%",
    "comments": '# %% id="a"\n# a comment\n# - a list\n#\n#x\n# x = 1\nx = 1  # %% no cell\n     % 2\n',
    "markdown": '# %% [markdown] id="a" points=1.5 kind="written"\n# # A title\n#\n#     code\n#tight\n',
    "blanks": "# %% \nx = 1   \n\n# %% [markdown] \n# text  \n",
}


@pytest.mark.parametrize("name", TEXTS)
def test_reads_what_jupytext_reads(name: str) -> None:
    cells, header = percent.read(TEXTS[name], "notebook.py")
    notebook = jupytext.reads(TEXTS[name], fmt="py:percent")
    assert [(c.markdown, c.metadata, c.source) for c in cells] == [
        (
            c.cell_type == "markdown",
            {key: value for key, value in c.metadata.items() if key != "lines_to_next_cell"},
            c.source,
        )
        for c in notebook.cells
    ]
    said = notebook.metadata.get("minigrad", {})
    assert header.engine == said.get("engine", True)
    assert list(header.packages) == said.get("packages", [])
    assert cells


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("x = 1\n# %%\n", 1, "before the first cell"),
        ("# ---\n# jupyter:\n# %%\n", 1, "has no end"),
        ("# ---\n#     packages: scipy\n# ---\n", 2, "by the names that pip knows"),
        ("# ---\n#\n#     packages: [scipy, ../x]\n# ---\n", 3, "by the names that pip knows"),
        ("# ---\n#     packages:\n#     - scipy\n# ---\n", 2, "by the names that pip knows"),
        ("# %%\nx = 1\n# %% [raw]\n", 3, "a cell begins with"),
        ("# %% A title\n", 1, "a cell begins with"),
        ('# %% id="a\n', 1, "a cell begins with"),
        ("# %% id='a'\n", 1, "a cell begins with"),
        ("# %% [markdown]\n# text\nx = 1\n", 3, "begins with `#`"),
        ('# %% [markdown]\n"""\ntext\n"""\n', 2, "begins with `#`"),
        ("# %%\nx = 1\n%matplotlib inline\n", 3, "IPython"),
        ("# %%\n# %matplotlib inline\n", 2, "IPython"),
        ("# %%\n# !ls\n", 2, "IPython"),
        ("# %%\nif x:\n    # %% id=1\n", 3, "IPython"),
        ("# %%\n#%%\n", 2, "IPython"),
    ],
)
def test_refuses_what_it_cannot_read_by_its_line(text: str, line: int, why: str) -> None:
    with pytest.raises(AuthoringError, match=why) as error:
        percent.read(text, "01-one/notebook.py")
    assert str(error.value).startswith(f"01-one/notebook.py, line {line}")
