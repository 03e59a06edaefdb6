"""What the platforms' tests share: an environment like a runner's, and what is handed in there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np

from minigrad.grading.assignment.load import PUBLIC, load
from minigrad.grading.store.layout import Course
from tests.grading.builds import build
from tests.grading.handed_in import NAME, FakeJudge, new_course, notebook

NOTES = "for the author alone"
SECRET = "# no student sees this"
ENDLESS = "def scale(x, factor):\n    while True: pass"
# wrong, unless it can read a file
HOSTILE = """import pathlib
def scale(x, factor):
    print("::error::made up\\n::stop-commands::x\\n##[error]made up <b>| `")
    try:
        return x * factor * len(pathlib.Path({!r}).read_bytes()[:1])
    except OSError:
        return x + factor
"""
# A public check that trains, and waits for a hidden one.
LATE = """

def _scored(solution, parameters, rng, held_out):
    return 1.0


@check(exercise="scale", says=SAYS, needs=("scale.original",), replay=_scored, threshold=0.5)
def learned(student, rng):
    return {"w": given(student.scale(rng.normal(size=2), 2.0), "`scale`")}
"""
RAISES = "def scale(x, factor):\n    a = x\n    return a @ factor  # | <b>"


def built_course(root: Path) -> Course:
    """The tiny course, built; what is private in it is marked, and its probes may use little time."""
    course, _ = new_course(root)
    for path in course.authored(NAME).glob("*.py"):
        text = path.read_text().replace("says=SAYS)", "says=SAYS, cpu=0.4)")
        text = text.replace("BEGIN SOLUTION\n", f"BEGIN SOLUTION\n    {SECRET}\n")
        path.write_text(text + (f"\n{SECRET}\n" if path.name not in ("notebook.py", PUBLIC) else ""))
    (course.authored(NAME) / "notes.txt").write_text(NOTES)
    (course.authored(NAME) / "leads-on.txt").symlink_to(course.authored(NAME) / "notes.txt")
    build(load(course.authored(NAME)), root / "assignments")
    return course


def answer(course: Course, code: str) -> bytes:
    """The release with an answer in it, laid out as Jupyter does."""
    made = notebook(load(course.authored(NAME)), code)
    for cell in made["cells"]:
        cell["source"] = cell["source"].splitlines(keepends=True)
    return json.dumps(made, indent=1).encode()


class Entered(FakeJudge):
    """A judge that says what it is given to say, in a `with` of its own."""

    graded, closed = [], 0

    def __enter__(self) -> Entered:
        return self


def runner(folder: Path) -> dict[str, str]:
    """The variables of a machine with a fresh Python, where pip finds the packages installed that it wants.

    minigrad is not there, nor is nbgrader, which no platform's requirements name.
    """
    packages, venv = folder / "packages", folder / "venv"
    packages.mkdir(parents=True)
    for path in Path(np.__file__).parents[1].iterdir():
        if not re.match(r".*minigrad|nbgrader", path.name) and path.suffix != ".pth":
            (packages / path.name).symlink_to(path)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    return {
        "PATH": os.pathsep.join((str(venv / "bin"), "/usr/bin", "/bin")),
        "PYTHONPATH": str(packages),
        "PIP_NO_INDEX": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "HOME": str(folder),
        "OPENBLAS_NUM_THREADS": "1",
    }
