"""nbgrader's Validate on a release: no lab runs and nothing trains, and it says what `check` says."""

from __future__ import annotations

import html
import json
from pathlib import Path

import pytest
from nbgrader.validator import Validator

from minigrad.grading.authoring.build import load as read
from tests.grading import example
from tests.grading.builds import build

LAB = '# %% kind="lab" id="show"\nopen("a lab ran", "w").close()\n\n'
WHY = '# %% [markdown] kind="written" id="why"'
RIGHT = {"halve": "def halve(x):\n    return x * 0.5", "shift": "def shift(x, by):\n    return x + by"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    build(read(example.write(tmp_path / "solutions", "notebook.py", WHY, LAB + WHY)), tmp_path)
    return tmp_path / "02-tiny"


def validated(folder: Path, **answers: str) -> dict[str, str]:
    """What the dialog shows of each cell that failed."""
    path = folder / "02-tiny.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["source"] = {**RIGHT, **answers}.get(cell["id"], cell["source"])
    path.write_text(json.dumps(notebook), encoding="utf-8")
    told = Validator().validate(str(path))
    assert set(told) == {"failed"}
    return {one["source"]: html.unescape(one["error"]) for one in told["failed"]}


def test_what_fails_is_told_in_the_words_of_check(folder: Path) -> None:
    told = validated(folder, shift="def shift(x, by):\n    return x - by")
    assert set(told) == {'check("shift")', 'check("learn")', "Why?"}
    assert told['check("shift")'].startswith(
        "shift: 0 of 1 public checks pass\n  ✗ fail   Every entry is moved."
    )
    assert "Which way does it move?" in told['check("shift")']
    assert "  … waits  Halved again and again, little is left." in told['check("learn")']
    assert "it trains, and Validate does not: run the cell itself" in told['check("learn")']
    assert not (folder / "a lab ran").exists()
