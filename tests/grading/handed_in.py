"""A tiny course with one assignment, 01-tiny, and submissions to it; and a judge that runs nothing."""

from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from minigrad.grading.assignment.load import load
from minigrad.grading.authoring import template
from minigrad.grading.authoring.build import release_notebook
from minigrad.grading.intake.canonical import intake
from minigrad.grading.model import Assignment, CellRun, Exercise, Report, Verdict
from minigrad.grading.store import configuration
from minigrad.grading.store.layout import Course
from tests.grading.builds import build

NAME = "01-tiny"
RIGHT = "def scale(x, factor):\n    print('printed by the student')\n    return factor * x"
ADDS = "def scale(x, factor):\n    return x + factor"
WRITES = "def scale(x, factor):\n    x *= factor\n    return x"


def new_course(root: Path) -> tuple[Course, Assignment]:
    """A course whose assignment is written but not built."""
    course = Course.at(root)
    root.mkdir(parents=True, exist_ok=True)
    (root / configuration.FILE).write_text(configuration.TEXT)
    template.write(course.authored(NAME))
    return course, load(course.authored(NAME))


def built_course(root: Path) -> Course:
    """The same, built."""
    course, assignment = new_course(root)
    build(assignment, root / "assignments")
    return course


def entered(course: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    """A copy of a course in `place`, which becomes the current folder."""
    shutil.copytree(course, place, dirs_exist_ok=True)
    monkeypatch.chdir(place)
    return Course.at(place)


def course_with_essay(root: Path) -> Course:
    """A course with a written question too, built and registered in its gradebook."""
    from minigrad.grading.nbgrader import plugin

    course, _ = new_course(root)
    source = course.authored(NAME) / "notebook.py"
    written = '# %% [markdown] kind="written" id="essay" exercise="essay" points=5\n# Your answer.\n'
    source.write_text(f"{source.read_text()}\n{written}")
    assignment = load(course.authored(NAME))
    build(assignment, course.root / "assignments")
    plugin.register(course, assignment)
    return course


def notebook(assignment: Assignment, answer: str = "", **cell_sources: str) -> dict[str, Any]:
    """A student's notebook: the release with an answer, other cells by id, and cells of their own."""
    made = copy.deepcopy(release_notebook(assignment))
    for cell in made["cells"]:
        cell["source"] = cell_sources.pop(cell["id"], cell["source"])
        if cell["id"] == "scale" and answer:
            cell["source"] = answer
    for id, source in cell_sources.items():
        made["cells"].append({"cell_type": "markdown", "id": id, "metadata": {}, "source": source})
    return made


def hand_in(course: Course, student: str, content: dict[str, Any] | bytes) -> Path:
    """Lay a submission into submitted/, as a collector does."""
    path = course.submitted / student / NAME / f"{NAME}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    (path.parent / "timestamp.txt").write_text("2030-01-31 12:00:00 UTC\n", encoding="ascii")
    return path


class FakeJudge:
    """Grades by looking for words in the file; `graded` is what it was asked, `ends` how it ended."""

    graded: list[bytes]
    closed: int

    def __init__(self, assignment: Assignment, salt: bytes, **options: Any) -> None:
        self.assignment, self.salt, self.options = assignment, salt, options

    def __exit__(self, *_: object) -> None:
        type(self).closed += 1

    def grade(self, data: bytes) -> Report:
        type(self).graded.append(data)
        if b"FAULT" in data:
            return Report(NAME, "ungraded", reason="the sandbox failed")
        if b"CRASH" in data:
            raise ValueError("a bug in the judge")
        passed = b"x * factor" in data or b"factor * x" in data
        points = self.assignment.exercises()["scale"]
        taken = intake(data, self.assignment)
        verdict = Verdict("scale.values", "scale", "says", points, True, passed, "" if passed else "off")
        return Report(
            NAME,
            "graded",
            (Exercise("scale", points, points * passed, (verdict,)),),
            notes=taken.notes,
            blank=taken.blank,
            cells=(CellRun("scale", "words of one student"),),
            confirmed=b"UNCONFIRMED" not in data,
        )


def fake_judge() -> type[FakeJudge]:
    """A fresh class, so that tests do not share what it counts."""
    return type("FakeJudge", (FakeJudge,), {"graded": [], "closed": 0})
