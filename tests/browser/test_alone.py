"""The engine and the notebook's checks need no thread, no process and no file: in CPython, and in Pyodide."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.distribution import distribution, lite

HERE = Path(__file__).parent
PROGRAM = HERE / "alone.py"


def learned(command: list[str]) -> tuple[float, float]:
    """The first and the last loss that the program prints."""
    done = subprocess.run(command, cwd=HERE.parents[1], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    found = re.search(r"loss (\S+) (\S+)", done.stdout)
    assert found, done.stdout
    return float(found[1]), float(found[2])


def test_in_cpython() -> None:
    first, last = learned([sys.executable, str(PROGRAM)])
    assert last < 0.5 * first


@pytest.mark.slow
@pytest.mark.skipif(not (shutil.which("npm") and shutil.which("node")), reason="needs npm and node")
def test_in_pyodide_with_its_own_numpy(tmp_path: Path) -> None:
    folder = distribution()
    lite.ours(tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    there = learned(["node", str(HERE / "node.mjs"), str(folder), str(wheel), str(PROGRAM)])
    here = learned([sys.executable, str(PROGRAM)])
    assert there == pytest.approx(here, rel=1e-3)
