"""Hints by degrees: a question, the idea, the place, opened one by one in notebook, terminal and feedback."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bs4 import BeautifulSoup

from minigrad.cli import main
from minigrad.grading.assignment.load import load
from minigrad.grading.authoring.build import values
from minigrad.grading.judge.judge import Judge
from minigrad.grading.notebook.checks import Checks
from minigrad.grading.notebook.release import release
from minigrad.grading.report.feedback import report_html
from minigrad.grading.report.formats import text
from tests.grading import example
from tests.grading.builds import build
from tests.grading.near import Near
from tests.grading.notebook.test_offline import RIGHT

STEPS = ["Which way does it move?", "Adding `by` moves to the right.", "Look at the sign before `by`."]
WRONG = "def shift(x, by):\n    return x - by"
OLD = '"Which way does it move?"'


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("course")
    build(load(example.write(root / "solutions", "mutants.py", OLD, repr(STEPS))), root / "assignments")
    return root


def handed_in(root: Path) -> Path:
    folder = root / "assignments" / "02-tiny"
    book = json.loads((folder / "02-tiny.ipynb").read_text(encoding="utf-8"))
    for cell in book["cells"]:
        cell["source"] = {**RIGHT, "shift": WRONG}.get(cell["id"], cell["source"])
    path = folder / "mine.ipynb"
    path.write_text(json.dumps(book), encoding="utf-8")
    return path


def folds(markup: str, summaries: list[str]) -> list[str]:
    """The text of each fold that lies in the one before, by their summaries."""
    found, place = [], BeautifulSoup(markup, "html.parser")
    for summary in summaries:
        place = next(d for d in place.find_all("details") if d.summary.get_text() == summary)
        texts = [n.get_text() for n in place.children if n.name not in ("summary", "details")]
        found.append("".join(texts).strip())
    return found


def test_a_notebook_opens_them_one_by_one(root: Path) -> None:
    names: dict[str, Any] = {"np": np}
    for source in (RIGHT["halve"], WRONG):
        exec(source, names)
    folder = root / "assignments" / "02-tiny"
    shown = Checks(release(folder), names, folder)("shift")
    opened = folds(shown._repr_html_(), ["hint", "a further step", "a further step"])
    assert opened == [step.replace("`", "") for step in STEPS]
    assert str(shown).splitlines()[-3:-1] == [
        f"  hint: {STEPS[0]}", "        (it goes on in the table, where it is opened)"
    ]  # fmt: skip


@pytest.mark.parametrize("given", [0, 1, 2, 5])
def test_a_terminal_shows_as_many_as_are_asked_for(
    root: Path, sandbox: None, capsys: Any, given: int
) -> None:
    path = handed_in(root)
    assert main(["check", str(path), *["--hint"] * given]) == 1
    told = capsys.readouterr().out
    assert [step in told for step in STEPS] == [i <= given for i in range(3)]
    again = re.search(r"a hint has a further step: `minigrad (check .*)`", told)
    assert (again is None) == (given >= 2)
    if again:
        assert main(again[1].split()) == 1
        assert STEPS[given + 1] in capsys.readouterr().out


def test_feedback_shows_the_first_and_folds_the_others(root: Path) -> None:
    with Judge(load(root / "solutions" / "02-tiny"), b"0123456789abcdef", serve=Near()) as judge:
        made = judge.grade(handed_in(root).read_bytes())
    page = report_html(made)
    assert f"<p><b>Hint:</b> {STEPS[0]}</p>" in page
    assert folds(page, ["a further step", "a further step"]) == [s.replace("`", "") for s in STEPS[1:]]
    assert all(step in text(made) for step in STEPS), "a mail has all"


def test_mistakes_that_look_alike_share_their_steps(tmp_path: Path) -> None:
    old, new = r'"by):\n    y = x"', r'"by):\n    y = x - 2 * by"'
    more = f'    mutant("upside-down", {old}, {new}, ["Count the signs.", "Two?"], ["shift.moved"]),\n]\nR'
    folder = example.write(tmp_path, "mutants.py", "]\nR", more)
    (known,) = values(load(folder)).known["shift"]
    assert known.hint == "Which way does it move? Or: Count the signs.\nTwo?"
