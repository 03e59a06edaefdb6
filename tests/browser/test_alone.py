"""The engine and a notebook's checks need nothing that a browser lacks: in CPython, and in Pyodide itself."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from minigrad.grading.assignment.load import load
from minigrad.grading.judge.reference import mutated
from tests.browser.distribution import distribution, lite

HERE, ROOT = Path(__file__).parent, Path(__file__).parents[2]
PROGRAM = HERE / "alone.py"


def learned(command: list[str]) -> tuple[float, float]:
    """The first and the last loss that the program prints."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    found = re.search(r"loss (\S+) (\S+)", done.stdout)
    assert found, done.stdout
    return float(found[1]), float(found[2])


@pytest.fixture(scope="module")
def here() -> tuple[float, float]:
    """What the program prints in CPython."""
    return learned([sys.executable, str(PROGRAM)])


def test_in_cpython(here: tuple[float, float]) -> None:
    first, last = here
    assert last < 0.5 * first


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command that runs a program in Pyodide, up to the program."""
    if not (shutil.which("npm") and shutil.which("node")):
        pytest.skip("needs npm and node")
    folder, made = distribution(), tmp_path_factory.mktemp("wheel")
    lite.ours(made)
    (wheel,) = made.glob("*.whl")
    return ["node", str(HERE / "node.mjs"), str(folder), str(wheel)]


@pytest.mark.slow
def test_in_pyodide(node: list[str], here: tuple[float, float]) -> None:
    there = learned([*node, str(PROGRAM)])
    assert there == pytest.approx(here, rel=1e-3)


@pytest.mark.slow
def test_public_checks_in_pyodide_are_those_of_a_computer(node: list[str], tmp_path: Path) -> None:
    """There Python's whole numbers are int32 in NumPy, and matrices are multiplied by other kernels."""
    shutil.copytree(ROOT / "assignments" / "01-rnn", tmp_path / "01-rnn")
    assignment = load(ROOT / "solutions" / "01-rnn")
    mutant = next(m for m in assignment.mutants if "rnn-cell.one-step" in m.fails)
    cells = {
        name: [cell.source for cell in assignment.solved(replace) if cell.runs]
        for name, replace in {"solved": {}, "mistaken": mutated(assignment, mutant)}.items()
    }
    (tmp_path / "01-rnn" / "cells.json").write_text(json.dumps(cells), encoding="utf-8")
    command = [*node, str(HERE / "checked.py"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "RESULT " in done.stdout, done.stdout[-2000:] + done.stderr[-2000:]
    found = json.loads(done.stdout.partition("RESULT ")[2])
    assert all(not exercise["failed"] for exercise in found["solved"].values()), found["solved"]
    assert found["mistaken"]["rnn-cell"]["hint"] == mutant.hint
    failed = {f"rnn-cell.{name}" for name, *_ in found["mistaken"]["rnn-cell"]["failed"]}
    assert failed == {name for name in mutant.fails if name in assignment.public}
