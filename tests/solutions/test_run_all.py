"""Run All ends at the bottom, whatever a student wrote. All of it: `python -m tests.run_all`."""

from __future__ import annotations

import pytest

from minigrad.grading.assignment.load import names
from tests.reach import binds, closure, uses
from tests.run_all import Notebook
from tests.solved import SOLUTIONS, solved


@pytest.mark.parametrize("name", [n for n in names(SOLUTIONS) if solved(n).checks])
def test_no_locked_cell_raises(name: str) -> None:
    notebook = Notebook(name, draws=False)
    assert notebook.faults == []
    works = list(notebook.works(sample=True))
    assert len(works) > 20
    faults = [fault for work, replace in works for fault in notebook.run(work, replace)]
    assert "\n".join(map(str, faults)) == ""


def test_a_lab_that_stumbles_over_a_students_work_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = Notebook("01-rnn", draws=False)
    (lab,) = [c for c in notebook.cells if c.id == "lab-rescue"]
    object.__setattr__(lab, "source", lab.source.replace('"clip-value", ', ""))
    faults = notebook.run("broken", {"clip-value": "def ("})
    assert [(f.cell, f.error.split(" (")[0]) for f in faults] == [
        ("lab-rescue", "NameError: name 'clip_grad_value' is not defined")
    ]
    assert notebook.run("right", {"clip-value": solved("01-rnn").solution["clip-value"]}) == []


def test_what_a_change_can_reach() -> None:
    source = "x = f(y)\ndef g(a):\n    return a + z + len(x)\nif w:\n    w = 1\nfor i in v: i\n"
    assert uses(source) >= {"f", "y", "z", "w", "v"}
    assert not uses(source) & {"x", "a", "i"}
    assert binds(source) == {"x", "g", "w", "i"}
    assert closure({"a"}, ["d = c", "b = a", "c = b", "e = 1"]) == {"a", "b", "c", "d"}
