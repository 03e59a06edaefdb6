"""What every platform is given of an assignment: the release for students, the sources for the judge."""

from __future__ import annotations

import hmac
import json
import re
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from minigrad.grading.assignment.carried import release_names
from minigrad.grading.assignment.load import PUBLIC
from minigrad.grading.authoring.build import release_notebook
from minigrad.grading.model import Assignment, GradingError, to_type
from minigrad.grading.store.dates import hints_of
from minigrad.grading.store.layout import Course
from minigrad.grading.store.reports import SALT_BYTES, read_salt
from minigrad.sandbox.layout import ALWAYS, required

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
TEMPLATES = Path(__file__).parent / "templates"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"  # the pinned versions are for it


def handout(course: Course, assignment: Assignment) -> dict[str, bytes]:
    """The release's files by name.

    Raises GradingError where the release is not there or not what the sources give, where nothing is checked,
    and where the name is none for a workflow's commands, a page and a repository.
    Of expected.npz it is only looked at whether it is there: its numbers are `minigrad build --check`'s.
    """
    if not NAME.fullmatch(assignment.name):
        raise GradingError(
            f"{assignment.name!r} is no name for a platform: rename the folder in solutions/, as 01-rnn, "
            "in letters of English, digits, '-', '_' and '.', and build it"
        )
    if not assignment.exercises():
        raise GradingError(
            f"{assignment.name} has no checks, which are all that a platform runs: write one first"
        )
    folder = course.release(assignment.name)
    try:
        files = {name: (folder / name).read_bytes() for name in release_names(assignment.name)}
        same = json.loads(files[f"{assignment.name}.ipynb"]) == release_notebook(assignment)
    except (OSError, ValueError):
        same = False
    if not same or files[PUBLIC].decode() != assignment.sources[PUBLIC]:
        raise GradingError(
            f"{folder} is not what {course.authored(assignment.name)} gives: "
            f"run {to_type('build', assignment.name)}"
        )
    return files


def settings(course: Course, assignment: Assignment, hidden: str, **more: object) -> bytes:
    """What is read where it is graded: which assignment, what is shown of it and when, and `more`."""
    told = {"assignment": assignment.name, "hidden": hidden, "late": sorted(assignment.late)}
    return json.dumps({**told, "hints": hints_of(course), **more}).encode()


def salt(course: Course, assignment: Assignment, platform: str) -> bytes:
    """The salt of a platform: one a round, however often it is packed, so that a regrade with another check
    changes nothing else; and one that tells neither the course's own nor that of another platform."""
    return hmac.digest(read_salt(course.salt(assignment.name)), platform.encode(), "sha256")[:SALT_BYTES]


def requirements(assignment: Assignment) -> bytes:
    """The packages that a worker can have, as far as they are installed here, one a line."""
    _, missing = required(assignment.packages)
    return "".join(f"{p}\n" for p in (*ALWAYS, *assignment.packages) if p not in missing).encode()


def constraints(assignment: Assignment, *more: str) -> bytes:
    """The versions of these packages, of `more` and of all that they require, as installed here, for pip."""
    there, _ = required((*assignment.packages, *filter(installed, more)))
    return "".join(
        f"{name}=={number}\n" for name, number in sorted({(d.name, d.version) for d in there})
    ).encode()


def installed(package: str) -> bool:
    """Whether a package is installed here, by its distribution's name."""
    try:
        return bool(version(package))
    except PackageNotFoundError:
        return False


def filled(template: str, **values: str) -> bytes:
    """A template with its words in capitals filled in; PYTHON is the one for which versions are pinned."""
    text = (TEMPLATES / template).read_text(encoding="utf-8")
    for word, value in {"PYTHON": PYTHON, **values}.items():
        text = re.sub(rf"\b{word}\b", value, text)
    return text.encode()
