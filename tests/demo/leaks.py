"""Searches what students may see for what they must not: salts, hidden checks, solutions, paths."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from minigrad.grading.authoring import release_notebook
from minigrad.grading.cohort import court
from minigrad.grading.course import Course
from minigrad.grading.spec import Assignment


def secrets(course: Course, assignment: Assignment) -> dict[str, str]:
    """Texts that must not appear, each with what it is."""
    salt = course.salt(assignment.name).read_text(encoding="ascii").strip()
    found = {salt: "the salt", str(course.root): "a path of this machine", str(course.work): "a path"}
    public = "\n".join((assignment.sources["public_checks.py"], *_released(assignment)))
    for line in _lines([assignment.sources["checks.py"]]):
        if line not in public:
            found[line] = "a line of the hidden checks"
    with court(course, assignment.name).judge() as judge:
        for check, evidence in judge.expected.items():
            for array in evidence.arrays.values():
                for number in array[np.isfinite(array)].ravel()[:3].tolist():
                    digits = repr(number)
                    if len(digits) > 12 and "0000000" not in digits and "9999999" not in digits:
                        found[digits[:11]] = f"an expected value of {check}"
    return found


def leaks(folders: Iterable[Path], texts: dict[str, str]) -> list[str]:
    """Each file that contains one of the texts, with what that is."""
    found = []
    for path in (p for folder in folders for p in sorted(folder.rglob("*")) if p.is_file()):
        content = path.read_bytes().decode("utf-8", "replace")
        found += [
            f"{path.name} in {path.parent} contains {what}" for text, what in texts.items() if text in content
        ]
    return found


def _released(assignment: Assignment) -> list[str]:
    return [cell["source"] for cell in release_notebook(assignment)["cells"]]


def _lines(texts: Iterable[str]) -> list[str]:
    """The telling lines of some sources."""
    lines = {line.strip() for text in texts for line in text.splitlines()}
    return sorted(line for line in lines if len(line) > 25 and not line.startswith(("#", '"""')))
