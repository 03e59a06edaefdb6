"""`minigrad check`: the terminal tells what the notebook tells."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minigrad.grading.assignment import expected as shipped
from minigrad.grading.assignment.load import load
from minigrad.grading.model import GradingError, Report, Verdict
from minigrad.grading.notebook.checks import Checks
from minigrad.grading.notebook.marked import cells
from minigrad.grading.notebook.offline import report
from minigrad.grading.notebook.release import release
from minigrad.grading.report.formats import text
from minigrad.grading.report.markup import mark
from tests.grading import example
from tests.grading.builds import build
from tests.grading.near import Near

RIGHT = {"halve": "def halve(x):\n    return x * 0.5", "shift": "def shift(x, by):\n    return x + by"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("course")
    build(load(example.write(root / "solutions")), root / "assignments")
    return root / "assignments" / "02-tiny"


def write(folder: Path, own: tuple[str, ...] = (), **answers: str) -> Path:
    """A notebook with right answers, some replaced, and cells of the student's own before all others."""
    notebook = json.loads((folder / "02-tiny.ipynb").read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["source"] = {**RIGHT, **answers}.get(cell["id"], cell["source"])
    added = [{"cell_type": "code", "id": f"x{i}", "metadata": {}, "source": s} for i, s in enumerate(own)]
    path = folder / "mine.ipynb"
    path.write_text(json.dumps({**notebook, "cells": added + notebook["cells"]}), encoding="utf-8")
    return path


@pytest.fixture
def checked(folder: Path) -> Any:
    def run(own: tuple[str, ...] = (), **answers: str) -> Report:
        return report(write(folder, own, **answers), folder, serve=Near())

    return run


def verdict(made: Report, check: str) -> Verdict:
    return next(v for e in made.exercises for v in e.verdicts if v.check == check)


def test_right_work_gets_all_points(checked: Any) -> None:
    made = checked()
    assert [(e.name, e.score) for e in made.exercises] == [("halve", 10), ("shift", 5), ("learn", 2)]
    assert (made.status, made.notes) == ("graded", ())


@pytest.mark.parametrize(
    "halve",
    [
        "def halve(x):\n    return x * 0.5 + (x > 0)",
        "def halve(x):\n    return x + x",
        "def halve(x):\n    return (x * 0.5).T",
        "def halve(x):\n    return 'half'",
        "def halve(x):\n    raise KeyError('<b>')",
        "class Odd(Exception): pass\n\ndef halve(x):\n    print('so far')\n    raise Odd('x\\x1b[31m' * 200)",
        "def halve(x):\n    raise SystemExit",
        "def halve(x):\n    ...",
        "def halve(x):\n    return x * 0.5 if x.ndim == 2 else x",
        "def halve(x):\n    return x[99] if x.ndim == 1 else x * 0.5",
        "halve = 3",
    ],
)
def test_the_terminal_tells_what_the_notebook_tells(checked: Any, folder: Path, halve: str) -> None:
    names: dict[str, Any] = {"np": np}
    for source in {**RIGHT, "halve": halve}.values():
        exec(source, names)
    made = checked(halve=halve)
    check = Checks(release(folder), names, folder)
    for exercise in made.exercises:
        shown = check(exercise.name)
        assert (shown.score, shown.hint) == (exercise.score, exercise.hint)
        for row, v in zip(shown.rows, exercise.verdicts, strict=True):
            assert row.status == mark(v)
            told = [s for s in v.reason.splitlines() if not s.startswith("printed: ")]
            told = [s.replace("your cell `halve`", "its cell") for s in told]
            if row.status != "to do":  # a notebook adds: write it, or run its cell first
                assert [line.partition(": `")[0] for line in told] == [
                    line.partition(": `")[0] for d in row.details for line in d.splitlines()
                ]


def test_an_exception_is_told_with_its_text_and_the_line(checked: Any) -> None:
    made = checked(halve="def halve(x):\n    return inner(x)\n\ndef inner(x):\n    return x @ np.ones(7)")
    error, place = verdict(made, "halve.half").reason.split("\n")
    assert error.startswith("ValueError: matmul: ")
    assert place == "in `inner`, line 5 of your cell `halve`: `return x @ np.ones(7)`"


def test_an_exception_of_the_check_itself_is_told_to_be_one(checked: Any) -> None:
    made = checked(halve="def halve(x):\n    return x / 2 if x.ndim == 2 else np.zeros(0)")
    assert verdict(made, "learn.shrinks").reason.split("\n")[1] == (
        "raised in the check, from a value that you returned"
    )


@pytest.mark.parametrize(
    ("halve", "told"),
    [
        ("def halve(x:\n    return x",
         "SyntaxError: '(' was never closed, in line 1 of your cell `halve`: `def halve(x:`"),
        ("1 / 0\ndef halve(x):\n    return x / 2",
         "ZeroDivisionError: division by zero, in line 1 of your cell `halve`: `1 / 0`"),
    ],
)  # fmt: skip
def test_a_cell_that_fails_is_told_where_its_name_is_missing(checked: Any, halve: str, told: str) -> None:
    found = verdict(checked(halve=halve), "halve.half")
    assert (found.reason, mark(found)) == (f"`halve` is not defined: {told}", "fail")


def test_a_name_that_nobody_wrote_is_to_do(checked: Any) -> None:
    found = verdict(checked(halve=""), "halve.half")
    assert (found.reason, mark(found)) == ("`halve` is not defined", "to do")


def test_a_name_that_is_near_is_told_where_one_is_missing(checked: Any) -> None:
    found = verdict(checked(halve="def halved(x):\n    return x / 2"), "halve.half")
    near = "`halve` is not defined (`halved` is: does it have the right name?)"
    assert (found.reason, mark(found)) == (near, "to do")


def test_what_a_failed_check_printed_is_shown_in_part(checked: Any) -> None:
    loud = "def halve(x):\n    for i in range({}): print('line', i)\n    return x"
    reason = verdict(checked(halve=loud.format(1)), "halve.half").reason
    assert [s for s in reason.split("\n") if "printed" in s] == ["printed: line 0"]
    assert verdict(checked(halve=loud.format(9)), "halve.half").reason.endswith("line 4\nprinted: …")
    right = "def halve(x):\n    print('line')\n    return x / 2"
    assert verdict(checked(halve=right), "halve.half").reason == ""


def test_training_waits(checked: Any) -> None:
    found = verdict(checked(halve="def halve(x):\n    return x * 0.7"), "learn.shrinks")
    assert (found.reason, mark(found)) == ("waits for `halve.half`", "waits")


def test_a_cell_that_ends_python_is_told_and_the_others_run(checked: Any) -> None:
    made = checked(shift="end_worker('exit')\ndef shift(x, by):\n    return x")
    assert verdict(made, "halve.half").passed
    assert verdict(made, "shift.moved").reason == (
        "`shift` is not defined: your cell `shift` ends Python (`exit`, `os._exit`)"
    )
    assert made.notes[0].startswith("your cell `shift` ends Python")


def test_what_of_ipython_does_not_run_is_noted_as_in_grading(checked: Any) -> None:
    halve = "%matplotlib inline\ndef halve(x):\n    return x * 0.5"
    made = checked(own=("%%bash\nls",), halve=halve)
    assert made.notes == (
        "`own-1`: a cell of `%%bash` does not run: grading runs Python alone",
        "`halve`: `%matplotlib` taken out: grading runs Python, without IPython's commands",
    )
    assert made.exercises[0].score == 10
    shown = text(made, public=True)
    assert all(note in shown for note in made.notes)


def test_words_from_a_worker_are_cleaned_and_cut(checked: Any) -> None:
    made = checked(halve="def halve(x):\n    raise ValueError('\\x1b[2Jgone\\u202e' + 'x' * 10**6)")
    error, cut, place = verdict(made, "halve.half").reason.split("\n")
    assert error.startswith("ValueError: gone\ufffdxxx")
    assert len(error) <= 400
    assert cut == "… (cut here)"
    assert place.startswith("in `halve`, line 2 of your cell `halve`: `raise ValueError(")


def test_cells_of_ones_own_are_numbered_as_in_grading(folder: Path) -> None:
    made = cells(write(folder, own=("x = 1", " ", "y = 2")).read_bytes())
    assert [(c.id, c.source) for c in made if c.kind == "own"] == [("own-1", "x = 1"), ("own-2", "y = 2")]


def test_a_file_that_is_missing_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(GradingError, match=r"expected\.npz is not in .*: keep the notebook in the folder"):
        report(write(folder), tmp_path, serve=Near())


LAB = (
    "from minigrad.grading.notebook.checks import checks\nimport time as clock\n\n"
    "check = checks('02-tiny', globals())"
)


@pytest.mark.parametrize(
    ("own", "halve", "notes"),
    [
        ((), "def halve(x):\n    clock.time()\n    return x / 2",
         ("`clock` comes from a cell that grading does not run: import or define it in your own cell",)),
        ((), "class Half:\n    def __init__(self):\n        self.clock = 2\n    def __call__(self, x):\n"
         "        return x / clock\nhalve = Half()",
         ("`clock` is an attribute of your own: is `self.` missing in front of it?",)),
        (("import time as clock",), "def halve(x):\n    clock.time()\n    return x / 2", ()),
        ((), "def halve(x, clock=2):\n    return x / clock", ()),
        (("check('halve')",), "def halve(x):\n    return x / 2", ()),
        (("import yaml, os.path, numpy.linalg",), "def halve(x):\n    import nbformat.v4\n    return x / 2",
         ("grading does not have `yaml`, `nbformat`: do without",)),
        (("try:\n    import yaml\nexcept ImportError:\n    pass",), "def halve(x):\n    return x / 2", ()),
    ],
)  # fmt: skip
def test_what_grading_would_miss_is_noted(
    checked: Any, own: tuple[str, ...], halve: str, notes: tuple[str, ...]
) -> None:
    assert checked(own, halve=halve, harness=LAB).notes == notes


def test_a_file_that_takes_from_the_library_is_told_so(checked: Any) -> None:
    note = checked(("from mynet import halve",), halve="").notes[0]
    assert note.startswith("`own-1`: the cell imports mynet, which grading does not have: it ends there")


def test_a_function_of_numpys_on_a_tensor_is_told_what_to_write(checked: Any) -> None:
    made = checked(halve="import minigrad\ndef halve(x):\n    return np.sqrt(minigrad.Tensor(x))")
    assert verdict(made, "halve.half").reason.split("\n") == [
        "TypeError: np.sqrt takes no tensors: use minigrad.sqrt, or .data where no gradient is to flow",
        "in line 3 of your cell `halve`: `return np.sqrt(minigrad.Tensor(x))`".replace(
            "in ", "in `halve`, ", 1
        ),
    ]


@pytest.mark.parametrize("kind", ["markdown", "raw"])
def test_a_solution_is_code_whatever_became_of_its_cells_type(folder: Path, kind: str) -> None:
    path = write(folder)
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cell = next(c for c in notebook["cells"] if c["id"] == "halve")
    cell["cell_type"] = kind
    path.write_text(json.dumps(notebook), encoding="utf-8")
    assert [e.score for e in report(path, folder, serve=Near()).exercises] == [10, 5, 2]


def with_copy(folder: Path, source: str) -> Path:
    """A notebook with right answers, and a copy of the cell `halve` at its end."""
    path = write(folder)
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cell = next(c for c in notebook["cells"] if c["id"] == "halve")
    notebook["cells"].append({**cell, "id": "copy", "source": source})
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


def test_what_grading_refuses_is_refused_with_the_same_reason(folder: Path) -> None:
    made = report(with_copy(folder, "def halve(x):\n    ..."), folder, serve=Near())
    assert (made.status, made.exercises) == ("refused", ())
    assert made.reason.startswith("`halve`: there are 2 different cells with this id, apart from each other.")


def older(folder: Path, to: Path) -> Path:
    """The release as one before its cells were shipped."""
    shutil.copytree(folder, to)
    values = shipped.loads((folder / shipped.FILE).read_bytes())
    (to / shipped.FILE).write_bytes(shipped.dumps(dataclasses.replace(values, cells=())))
    return to


def test_an_older_release_is_still_checked_and_noted(folder: Path, tmp_path: Path) -> None:
    path = with_copy(folder, "def halve(x):\n    return x")
    made = report(path, older(folder, tmp_path / "older"), serve=Near())
    assert [e.score for e in made.exercises] == [0, 5, 0], "by its marks, the last one counts"
    assert made.notes[0].startswith("the files beside this notebook are of an older release")
    assert made.notes[1].startswith("`halve`: there are 2 cells with this id; grading takes the one with an")
