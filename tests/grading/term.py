"""A course with three tiny assignments, and a judge that runs nothing: named checks pass."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from minigrad.grading.assignment.load import load
from minigrad.grading.authoring import template
from minigrad.grading.authoring.build import release_notebook
from minigrad.grading.model import Assignment, Exercise, Report, Verdict
from minigrad.grading.store import configuration
from minigrad.grading.store.layout import Course
from tests.grading.builds import build

NAMES = ("01-one", "02-two", "03-three")
CHECKS = ("scale.values", "scale.original")
ESSAY = '# %% [markdown] kind="written" id="essay" exercise="essay" points=5\n# Your answer.\n'
LENIENT = 0.5  # the tolerance of a check that everybody passes


def new_course(root: Path) -> Course:
    """The three assignments, built and in the gradebook; the second has a written question."""
    from minigrad.grading.nbgrader import plugin

    course = Course.at(root)
    root.mkdir(parents=True, exist_ok=True)
    (root / configuration.FILE).write_text(configuration.TEXT)
    for name in NAMES:
        template.write(course.authored(name))
        source = course.authored(name) / "notebook.py"
        source.write_text(source.read_text() + (f"\n{ESSAY}" if name == NAMES[1] else ""))
        assignment = load(course.authored(name))
        build(assignment, course.root / "assignments")
        plugin.register(course, assignment)
    return course


def hand_in(
    course: Course, student: str, name: str, passes: tuple[str, ...], time: str = "2030-01-31 12:00:00 UTC"
) -> None:
    """Lay work that passes some checks into submitted/, as a collector does: `time` "" is not known."""
    made = release_notebook(load(course.authored(name)))
    for cell in made["cells"]:
        if cell["id"] == "scale":
            cell["source"] = f"def scale(x, factor):\n    return 0  # {' '.join(passes)} {time}"
        if cell["id"] == "essay":
            cell["source"] = "In my own words."
    folder = course.submitted / student / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.ipynb").write_text(json.dumps(made))
    if time:
        (folder / "timestamp.txt").write_text(f"{time}\n")


class Named:
    """In place of the judge."""

    def __init__(self, assignment: Assignment, salt: bytes, **options: Any) -> None:
        self.assignment = assignment

    def __exit__(self, *_: object) -> None:
        pass

    def grade(self, data: bytes) -> Report:
        exercises = []
        for exercise, points in self.assignment.exercises().items():
            verdicts = tuple(
                Verdict(
                    *(c.name, exercise, c.says, c.points, c.name in self.assignment.public),
                    passed=c.name.encode() in data or c.rtol == LENIENT,
                )
                for c in self.assignment.checks
                if c.exercise == exercise
            )
            passed = [v.passed for v in verdicts]
            score = points if all(passed) else sum(v.points for v in verdicts if v.passed)
            exercises.append(Exercise(exercise, points, score, verdicts))
        return Report(self.assignment.name, "graded", tuple(exercises))
