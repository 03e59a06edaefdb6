"""GitHub Classroom: the template of students' repositories, and the staff's repository, which grades them.

Whoever can push to a repository can read what its workflows can, their secrets too. So what is hidden
stays in the staff's repository, which fetches the students' notebooks, and never the other way round.
"""

from __future__ import annotations

from minigrad.grading.assignment.load import authored
from minigrad.grading.model import Assignment
from minigrad.grading.platforms.packed import constraints, filled, handout, requirements, salt
from minigrad.grading.platforms.wheel import wheel
from minigrad.grading.store import configuration
from minigrad.grading.store.layout import Course

OWN = ("roster.csv",)  # what the staff's repository may hold besides, as its page says
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


def staff(course: Course, assignment: Assignment) -> dict[str, bytes]:
    """The files of the staff's repository, by path: a course of one assignment."""
    name = assignment.name
    built, data = wheel()
    return {
        ".github/workflows/grade.yml": filled("grade.yml", NAME=name),
        "README.md": filled("grade.md", NAME=name),
        configuration.FILE: configuration.TEXT.encode(),
        f".minigrad/salts/{name}": salt(course, assignment, "github").hex().encode(),
        **{f"solutions/{name}/{file}": text for file, text in authored(course.authored(name)).items()},
        "constraints.txt": constraints(assignment, "jinja2"),
        "requirements.txt": requirements(assignment) + b"jinja2\n",  # for the report
        built: data,
    }
