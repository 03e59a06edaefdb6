"""One mistake, told in the notebook, in the terminal and in feedback: the same thing in a student's terms."""

from __future__ import annotations

import linecache
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minigrad.grading.assignment.load import load
from minigrad.grading.judge.judge import Judge
from minigrad.grading.model import Report
from minigrad.grading.notebook.checks import Checks
from minigrad.grading.notebook.offline import report
from minigrad.grading.notebook.release import release
from minigrad.grading.report.feedback import report_html
from minigrad.grading.report.formats import text
from tests.grading import example
from tests.grading.builds import build
from tests.grading.near import Near
from tests.grading.notebook.test_offline import RIGHT, write

SALT = b"0123456789abcdef"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("course")
    build(load(example.write(root / "solutions")), root / "assignments")
    return root


@pytest.fixture(scope="module")
def judge(root: Path) -> Iterator[Judge]:
    with Judge(load(root / "solutions" / "02-tiny"), SALT, serve=Near()) as judge:
        judge.prepare()
        yield judge


def told(made: Report) -> tuple[str, str]:
    """Status and reason of the first check of `halve`."""
    verdict = made.exercises[0].verdicts[0]
    line = next(s for s in text(made).splitlines() if "(half)" in s)
    return line[4:9].strip(), verdict.reason


def in_notebook(folder: Path, halve: str) -> tuple[str, str]:
    names: dict[str, Any] = {"np": np}
    linecache.cache["<cell 1>"] = (len(halve), None, halve.splitlines(keepends=True), "<cell 1>")
    for source in RIGHT.values():
        exec(source, names)
    try:
        exec(compile(halve, "<cell 1>", "exec"), names)
    except SyntaxError:  # Jupyter has shown it
        del names["halve"]
    row = Checks(release(folder), names, folder)("halve").rows[0]
    return row.status, "\n".join(row.details)


SAME = (
    # mistake, status, what notebook and terminal say (the notebook of "its cell"), what feedback says
    ("def halve(x):\n    y = x / 2", "fail", "`halve` gives None: is a `return` missing?",
     "`halve` gives None: is a `return` missing?"),
    ("def halve(x):\n    if x.ndim == 1:\n        return x / 2", "fail",
     "`halve` gives None: is a `return` missing?", "`halve` gives None: is a `return` missing?"),
    ("def halve(x):\n    ...", "to do", "halve gives None: is it still to do, or is a return missing?",
     "still to do, or a `return` is missing"),
    ("def halve(x):\n    y = ...\n    return y", "to do", "halve is still to do",
     "still to do, or a `return` is missing"),
    ("def halve(x):\n    return x.by", "fail",
     "AttributeError: 'numpy.ndarray' object has no attribute 'by'\n"
     "in `halve`, line 2 of your cell `halve`: `return x.by`",
     "AttributeError in line 2 of your cell `halve`"),
    ("def halve(x):\n    return x.max.size", "fail",
     "AttributeError: 'builtin_function_or_method' object has no attribute 'size'\n"
     "in `halve`, line 2 of your cell `halve`: `return x.max.size`",
     "AttributeError in line 2 of your cell `halve`"),
    ("def halve(x):\n    return (x / 2).tolist()", "fail",
     "`y` is not an array of real numbers (or a Tensor of them): its type is list",
     "`y` is not an array of real numbers (or a Tensor of them): its type is list"),
    ("def halve(x):\n    return (x / 2)[0]", "fail",
     "`y` has shape (2,), not (3, 2)", "`y` has shape (2,), not (3, 2)"),
    ("def halve(x):\n    return x @ np.ones(7)", "fail",
     "ValueError: matmul: Input operand 1 has a mismatch in its core dimension 0, with gufunc signature "
     "(n?,k),(k,m?)->(n?,m?) (size 7 is different from 2): 2 on the left meets 7 on the right; say both "
     "shapes aloud; samples are rows, "
     "so x (B, D) stands on the left of a W (D, H)\n"
     "in `halve`, line 2 of your cell `halve`: `return x @ np.ones(7)`",
     "ValueError in line 2 of your cell `halve`"),
)  # fmt: skip


@pytest.mark.parametrize(("halve", "status", "own", "feedback"), SAME)
def test_a_mistake_is_told_alike(
    root: Path, judge: Judge, halve: str, status: str, own: str, feedback: str
) -> None:
    folder = root / "assignments" / "02-tiny"
    file = write(folder, halve=halve)
    assert told(report(file, folder, serve=Near())) == (status, own)
    assert in_notebook(folder, halve) == (status, own.replace("your cell `halve`", "its cell"))
    graded = judge.grade(file.read_bytes())
    assert told(graded) == (status, feedback)


WANTED = "wanted an array of shape (3, 2)"
FORMS = (
    ("def halve(x):\n    return (x / 2)[0]",
     "ValueError: cannot reshape array of size 2 into shape (2,3)\n"
     f"raised in the check: `halve`: got an array of shape (2,), {WANTED}",
     f"ValueError raised in the check: `halve`: got an array of shape (2,), {WANTED}"),
    ("def halve(x):\n    return x / 2, x",
     "AttributeError: 'tuple' object has no attribute 'reshape'\n"
     f"raised in the check: `halve`: got a tuple of 2 values, {WANTED}",
     f"AttributeError raised in the check: `halve`: got a tuple of 2 values, {WANTED}"),
    ("def halve(x):\n    return 0.5",
     "AttributeError: 'float' object has no attribute 'reshape'\n"
     f"raised in the check: `halve`: got a float, {WANTED}",
     f"AttributeError raised in the check: `halve`: got a float, {WANTED}"),
    ("def halve(x):\n    return (x / 2)[None].astype(np.float32)",
     f"`halve`: got an array of shape (1, 3, 2), {WANTED}\n`y` has dtype float32, not float64",
     f"`halve`: got an array of shape (1, 3, 2), {WANTED}; `y` has dtype float32, not float64"),
    ("def halve(x):\n    return x / 2 if x.ndim == 1 else x.foo",
     "AttributeError: 'numpy.ndarray' object has no attribute 'foo'\n"
     "in `halve`, line 2 of your cell `halve`: `return x / 2 if x.ndim == 1 else x.foo`",
     "AttributeError in line 2 of your cell `halve`"),
)  # fmt: skip


@pytest.fixture(scope="module")
def formed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Judge]]:
    """The tiny assignment, its first check asking for a form, and going on with it."""
    root, asked = tmp_path_factory.mktemp("course"), 'given(student.halve(batch(rng)), "halve")'
    form = f"{asked[:-1]}, np.ndarray, (3, 2)).reshape(2, 3)"
    folder = example.write(root / "solutions", "public_checks.py", asked, form)
    build(load(folder), root / "assignments")
    with Judge(load(folder), SALT, serve=Near()) as judge:
        judge.prepare()
        yield root / "assignments" / "02-tiny", judge


@pytest.mark.parametrize(("halve", "own", "feedback"), FORMS)
def test_another_form_than_the_check_goes_on_with_is_told_alike(
    formed: tuple[Path, Judge], halve: str, own: str, feedback: str
) -> None:
    folder, judge = formed
    file = write(folder, halve=halve)
    assert told(report(file, folder, serve=Near())) == ("fail", own)
    assert in_notebook(folder, halve) == ("fail", own.replace("your cell `halve`", "its cell"))
    assert told(judge.grade(file.read_bytes())) == ("fail", feedback)


def test_what_is_no_python_is_told_where_its_name_is_missing(root: Path, judge: Judge) -> None:
    folder = root / "assignments" / "02-tiny"
    halve = "def halve(x:\n    return x"
    file = write(folder, halve=halve)
    place = "line 1 of your cell `halve`"
    assert told(report(file, folder, serve=Near())) == (
        "fail", f"`halve` is not defined: SyntaxError: '(' was never closed, in {place}: `def halve(x:`"
    )  # fmt: skip
    assert in_notebook(folder, halve) == ("to do", "`halve` is not defined: write it, or run its cell first")
    assert told(judge.grade(file.read_bytes())) == ("fail", f"`halve` is not defined: SyntaxError in {place}")


def test_the_same_is_told_once_for_all_checks_that_met_it(root: Path, judge: Judge) -> None:
    folder = root / "assignments" / "02-tiny"
    made = judge.grade(write(folder, halve="def halve(x):\n    return nothing").read_bytes())
    reason = "NameError in line 2 of your cell `halve`"
    assert [v.reason for v in made.exercises[0].verdicts] == [reason, reason]
    assert (text(made).count(reason), text(made).count("the same as above")) == (1, 1)
    page = report_html(made)
    assert (page.count("NameError"), page.count("the same as above")) == (1, 1)


def test_public_checks_are_counted(root: Path) -> None:
    folder = root / "assignments" / "02-tiny"
    shown = text(
        report(write(folder, halve="def halve(x):\n    return x"), folder, serve=Near()), public=True
    )
    assert shown.startswith("02-tiny: 1 of 3 public checks pass\nhalve: 0 of 1 public checks pass\n")
    assert "points" not in shown
    assert "\n  ✓ pass  Every entry is moved. (moved)" in shown
