"""What a type checker says to somebody who uses minigrad: it is run on a program of a user's."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
api = pytest.importorskip("mypy.api")

PROGRAM = """
import minigrad as mg
import numpy as np
from minigrad import Tensor, op
from minigrad.tape import Array, Result

t = Tensor(np.ones((2, 3)), requires_grad=True)
reveal_type(mg.sum(t))
reveal_type(t.sum(axis=0))
reveal_type(t @ t.T + 1.0)
reveal_type(mg.concatenate([t, t], axis=1)[0])
mg.sum(x=t, axis=(0, 1), keepdims=True).tanh().backward()

@op
def scaled(x: Array, by: float = 2.0) -> Result:
    return x * by, (lambda g: g * by,)

reveal_type(scaled(t, by=3.0))
t.sum(axis="x")  # error
t.sum(foo=3)  # error
mg.sum(t, foo=3)  # error
mg.tanh(t, 3)  # error
mg.tanh()  # error
scaled(t, by="x")  # error
scaled(t, to=2.0)  # error
mg.sum(t).nonsense  # error
"""


@pytest.mark.slow
def test_mypy_knows_tensors_and_finds_wrong_arguments(tmp_path, monkeypatch):
    (tmp_path / "program.py").write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)  # away from the repository's settings
    monkeypatch.setenv("MYPYPATH", str(ROOT))
    assert (ROOT / "minigrad" / "py.typed").exists()  # without it, an installed package has no types
    cache = f"--cache-dir={ROOT / '.mypy_cache' / 'user'}"
    report, faults, _ = api.run(["--strict", "--no-pretty", cache, "program.py"])
    assert not faults
    lines = PROGRAM.splitlines()
    revealed = re.findall(r'Revealed type is "(.*)"', report)
    assert revealed == ["minigrad.tensor.Tensor"] * 5, report
    wrong = {int(line) for line in re.findall(r"program\.py:(\d+): error", report)}
    assert wrong == {i for i, line in enumerate(lines, 1) if line.endswith("# error")}, report


@pytest.mark.slow
def test_an_editable_install_is_a_path_that_type_checkers_follow(tmp_path):
    """setuptools else lays an import hook, in which no checker finds the package."""
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "minigrad").mkdir()
    shutil.copy(ROOT / "minigrad" / "__init__.py", tmp_path / "minigrad")
    program = "from setuptools.build_meta import build_editable; build_editable('.')"
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as file:
        (path,) = [name for name in file.namelist() if name.startswith("__editable__")]
        assert Path(file.read(path).decode().strip()) == tmp_path
