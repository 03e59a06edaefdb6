"""Public checks in a student's notebook."""

from __future__ import annotations

import dataclasses
import linecache
import os
import random
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minigrad.grading.assignment import expected as shipped
from minigrad.grading.assignment.load import load
from minigrad.grading.model import GradingError
from minigrad.grading.notebook.checks import Checks, checks
from minigrad.grading.notebook.release import release as read
from tests.grading import example
from tests.grading.builds import build

RIGHT = {"halve": "def halve(x):\n    return x * 0.5", "shift": "def shift(x, by):\n    return x + by"}
Notebook = Callable[..., tuple[Checks, dict[str, Any]]]


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("course")
    assignment = load(example.write(root / "solutions"))
    build(assignment, root / "assignments")
    return root / "assignments" / "02-tiny"


@pytest.fixture
def notebook(release: Path, monkeypatch: pytest.MonkeyPatch) -> Notebook:
    """A namespace in which cells ran, and its checks; keywords replace right cells."""
    monkeypatch.chdir(release)

    def run(**cells: str) -> tuple[Checks, dict[str, Any]]:
        names: dict[str, Any] = {"np": np}
        for source in {**RIGHT, **cells}.values():
            exec(source, names)
        return checks("02-tiny", names), names

    return run


def test_right_work_gets_all_points(notebook: Notebook, capsys: pytest.CaptureFixture[str]) -> None:
    check, _ = notebook()
    result = check("halve")
    assert repr(result) == "10.0"
    assert str(result).startswith("halve: 1 of 1 public checks pass\n  ✓ pass")
    assert "✓ pass" in result._repr_html_()
    assert "hidden ones" in result.note
    assert "hidden" not in check("shift").note
    assert repr(check("learn")) == "2.0"
    assert capsys.readouterr().err == ""


def test_a_wrong_number_is_told_in_numbers_with_a_picture(notebook: Notebook) -> None:
    check, _ = notebook(halve="def halve(x):\n    y = x * 0.5\n    y[2, 1] += 1\n    return y")
    (row,) = check("halve").rows
    x = shipped.generator(shipped.public_seed("02-tiny", "halve.half")).normal(size=(3, 2))[2, 1] / 2
    assert row.details == (f"`y` [2, 1]: expected {x:.6g}, got {x + 1:.6g} (1 of 6 entries is wrong)",)
    assert row.picture.startswith("<svg")
    assert row.picture in check("halve")._repr_html_()
    assert check("halve").hint.startswith("No known mistake gives just this. Next: shapes are right")


def test_a_known_mistake_gets_its_hint(notebook: Notebook) -> None:
    check, _ = notebook(
        halve="def halve(x):\n    return x + x", shift="def shift(x, by):\n    return -(by - x)"
    )
    assert check("halve").hint == "Did you multiply where you should divide?"
    assert "<summary>hint</summary>Did you" in check("halve")._repr_html_()
    assert repr(check("halve")) == "0.0"
    assert check("shift").hint == "Which way does it move?"


@pytest.mark.parametrize(
    ("cell", "details"),
    [
        ("def halve(x):\n    return (x * 0.5).T", "`y` has shape (2, 3), not (3, 2)"),
        ("def halve(x):\n    return (x * 0.5).astype('f')", "`y` has dtype float32, not float64"),
        ("def halve(x):\n    return x * np.nan",
         "`y` [0, 0]: expected -0.238029, got nan (6 of 6 entries are wrong)"),
        ("def halve(x):\n    return 'half'", "`y` is not an array of real numbers"),
        ("def halve(x):\n    raise KeyError('<b>')", "KeyError: '<b>'"),
        ("def halve(x):\n    raise SystemExit", "SystemExit"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(notebook: Notebook, cell: str, details: str) -> None:
    check, _ = notebook(halve=cell)
    (row,) = check("halve").rows
    assert row.status == "fail"
    assert row.details[0].startswith(details)
    assert "<b>'" not in check("halve")._repr_html_()


def test_an_exception_names_the_students_line(notebook: Notebook) -> None:
    check, names = notebook()
    source = "\n\ndef halve(x):\n    return inner(x)\n\ndef inner(x):\n    return np.add(x, 'a')\n"
    linecache.cache["<cell 7>"] = (len(source), None, source.splitlines(keepends=True), "<cell 7>")
    exec(compile(source, "<cell 7>", "exec"), names)
    (row,) = check("halve").rows
    assert "UFuncTypeError: " in row.details[0] or "UFuncNoLoopError: " in row.details[0]
    assert row.details[1] == "in `inner`, line 7 of its cell: `return np.add(x, 'a')`"


@pytest.mark.parametrize("body", ["...", "pass", "return None"])
def test_a_stub_is_to_do(notebook: Notebook, body: str) -> None:
    check, _ = notebook(halve=f"def halve(x):\n    {body}")
    result = check("halve")
    assert [row.status for row in result.rows] == ["to do"]
    assert "– to do" in str(result)
    none = "halve gives None: is it still to do, or is a return missing?"
    assert result.rows[0].details == (none,)
    assert result.hint == ""
    assert repr(result) == "0.0"


def test_a_missing_name_is_to_do(notebook: Notebook) -> None:
    check, names = notebook()
    del names["halve"]
    (row,) = check("halve").rows
    assert (row.status, row.details) == (
        "to do",
        ("`halve` is not defined: write it, or run its cell first",),
    )


def test_a_name_that_is_near_is_told_where_one_is_missing(notebook: Notebook) -> None:
    check, names = notebook(halve="def halved(x):\n    return x / 2")
    names.pop("halve", None)
    (row,) = check("halve").rows
    near = "(`halved` is: does it have the right name?)"
    assert row.details == (f"`halve` is not defined {near}: write it, or run its cell first",)


def test_training_waits_for_what_it_needs(notebook: Notebook) -> None:
    check, _ = notebook(halve="def halve(x):\n    return x * 0.7")
    (row,) = check("learn").rows
    assert (row.status, row.details) == ("waits", ("waits for `halve.half`",))


def test_training_that_does_not_get_there(notebook: Notebook, capsys: pytest.CaptureFixture[str]) -> None:
    check, _ = notebook(halve="def halve(x):\n    return x * 0.5 if x.ndim == 2 else x")
    (row,) = check("learn").rows
    assert (row.status, row.details) == ("fail", ("reaches 0.00 after training; 0.97 is needed",))
    assert capsys.readouterr().out.count("training (") == 3


def test_the_notebook_is_left_as_it_was(notebook: Notebook, capsys: pytest.CaptureFixture[str]) -> None:
    loud = (
        "import sys, warnings, random\n"
        "def halve(x):\n    print('<i>hello</i>')\n    print('err', file=sys.stderr)\n"
        "    warnings.warn('w')\n    np.seterr(all='raise')\n    random.seed(1)\n    np.random.seed(1)\n"
        "    return x / 2 + np.float64(1) / 0 * 0\n"
    )
    check, names = notebook(halve=loud)
    before, state, keys = np.geterr(), (random.getstate(), np.random.get_state()[1].tolist()), list(names)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = check("halve")
    assert capsys.readouterr() == ("", "")
    assert (np.geterr(), (random.getstate(), np.random.get_state()[1].tolist())) == (before, state)
    assert list(names) == keys
    assert "&lt;i&gt;hello" in result._repr_html_()


def test_an_unknown_exercise_is_named(notebook: Notebook) -> None:
    check, _ = notebook()
    with pytest.raises(ValueError, match=r"no exercise 'half' in 02-tiny: it has halve, shift"):
        check("half")
    assert "halve, shift" in repr(check)


def test_a_slip_in_the_call_is_told_in_its_own_terms(notebook: Notebook) -> None:
    check, _ = notebook()
    for exercises in ((), ("halve", "shift"), (3,), ("halve", 3)):
        with pytest.raises(TypeError, match=r'check takes the name of one exercise, as in check\("halve"\)'):
            check(*exercises)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"check.progress\(\) takes no name"):
        check.progress("02-tiny")
    with pytest.raises(ValueError, match=r"no exercise 'shfit' .*did you mean 'shift'\?"):
        check("shfit")
    assert str(check.hint("halve")) == str(check("halve"))


def test_the_files_are_found_around_the_notebook(release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in (release.parent, release.parent.parent, release.parent.parent / "solutions" / "02-tiny"):
        monkeypatch.chdir(folder)
        assert checks("02-tiny", {})
    monkeypatch.chdir("/")
    assert checks("02-tiny", {"__vsc_ipynb_file__": str(release / "02-tiny.ipynb")})


def test_missing_or_mixed_files_are_said_to_be_missing(
    release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(GradingError, match=r"public_checks\.py and expected\.npz must lie beside"):
        checks("02-tiny", {})
    monkeypatch.chdir(release)
    with pytest.raises(GradingError, match="belongs to 02-tiny, not to 03-other"):
        checks("03-other", {})
    (tmp_path / "expected.npz").write_bytes((release / "expected.npz").read_bytes())
    (tmp_path / "public_checks.py").write_text("")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(GradingError, match="do not belong together"):
        checks("02-tiny", {})


def test_other_random_numbers_are_said(notebook: Notebook, release: Path) -> None:
    check, names = notebook()
    assert "draws" not in check("halve").note
    files = read(release)
    other = dataclasses.replace(files, values=dataclasses.replace(files.values, draws=(0.0,)))
    assert "draws other random numbers" in Checks(other, names, release)("halve").note


def test_numpy_alone_is_enough(release: Path) -> None:
    program = (
        "import sys\n"
        "for name in 'IPython nbgrader nbformat jupytext matplotlib fcntl resource subprocess'.split():\n"
        "    sys.modules[name] = None\n"
        "from minigrad.grading.notebook.checks import checks\n"
        "halve = lambda x: x / 2\n"
        "check = checks('02-tiny', globals())\n"
        "print(check('learn'), check('halve'), sep='\\n')\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=release,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    assert done.stdout.count("✓ pass") == 2
    assert done.stderr == ""
