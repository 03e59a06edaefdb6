"""GitHub Classroom: the template repository that students' repositories are copies of."""

from __future__ import annotations

from minigrad.grading.model import Assignment
from minigrad.grading.platforms.packed import constraints, filled, handout, requirements
from minigrad.grading.platforms.wheel import wheel
from minigrad.grading.store.layout import Course

GITIGNORE = b".venv/\n.ipynb_checkpoints/\n__pycache__/\n"


def repository(course: Course, assignment: Assignment) -> dict[str, bytes]:
    """The files of the template, by path. It holds nothing that students must not see.

    Raises GradingError where the release is not what the sources give.
    """
    built, data = wheel()
    return {
        **handout(course, assignment),
        ".github/workflows/classroom.yml": filled("classroom.yml", NAME=assignment.name),
        "README.md": filled("classroom.md", NAME=assignment.name),
        ".gitignore": GITIGNORE,
        "constraints.txt": constraints(assignment),
        "requirements.txt": requirements(assignment),
        built: data,
    }
