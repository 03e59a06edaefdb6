"""The wheel that platforms get: it installs, and has no solutions in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import minigrad
from minigrad.grading.authoring.course import BUNDLED
from minigrad.grading.platforms.wheel import contents, wheel

PACKAGE = Path(minigrad.__file__).parent
# prints the name of a wheel that is made by the minigrad of the folder given, and writes it there
PACK = """
import pathlib, sys
sys.path.insert(0, sys.argv[1])
from minigrad.grading.platforms.wheel import wheel
name, data = wheel()
pathlib.Path(sys.argv[1], name).write_bytes(data)
print(name)
"""


def test_the_wheel_installs(tmp_path: Path) -> None:
    name, data = wheel()
    (tmp_path / name).write_bytes(data)
    to = tmp_path / "to"
    quiet = ["-q", "--no-deps", "--no-index", "--no-compile", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "install", *quiet, "--root-user-action=ignore"]
    subprocess.run([*command, "--target", to, tmp_path / name], check=True)
    told = subprocess.run(
        [sys.executable, to / "bin" / "minigrad", "--help"],
        env={"PYTHONPATH": str(to), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
    )
    assert told.stdout.startswith("usage: minigrad "), told.stderr
    assert (to / "minigrad" / "grading" / "platforms" / "templates" / "setup.sh").exists()


def test_a_staff_wheel_packs_the_students(tmp_path: Path) -> None:
    """What the staff wheel has beyond the students' are the sources of all assignments."""
    shutil.copytree(PACKAGE, tmp_path / "minigrad", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PACKAGE.parent / "minigrad_command.py", tmp_path)
    (tmp_path / "minigrad" / BUNDLED.relative_to(PACKAGE)).write_bytes(b"all solutions")
    info = tmp_path / "minigrad-0.1.0+staff.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: minigrad\nVersion: 0.1.0+staff\n")
    (info / "entry_points.txt").write_text("[console_scripts]\nminigrad = minigrad_command:main\n")
    made = subprocess.run(
        [sys.executable, "-c", PACK, tmp_path], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert made == "minigrad-0.1.0-py3-none-any.whl"
    packed = zipfile.ZipFile(tmp_path / made)
    assert {n.split("/")[0] for n in packed.namelist()} == {
        *("minigrad", "minigrad_command.py", "minigrad-0.1.0.dist-info"),
    }
    assert not [n for n in packed.namelist() if n.endswith(".zip")]
    assert "minigrad/grading/platforms/wheel.py" in packed.namelist()
    assert b"staff" not in packed.read("minigrad-0.1.0.dist-info/METADATA")


def test_nothing_hidden_is_packed(tmp_path: Path) -> None:
    for path in (".ipynb_checkpoints/a", "b/__pycache__/c", "b/.d", "b/e"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"x")
    assert contents(tmp_path) == {"b/e": b"x"}
