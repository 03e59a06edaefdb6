"""Searches what students may see for what they must not: salts, hidden checks, solutions, paths."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from minigrad.grading.authoring.build import release_notebook
from minigrad.grading.classroom.run import court
from minigrad.grading.model import Assignment
from minigrad.grading.store.layout import Course

DIGITS = 11  # characters of an expected value that show it
NUMBER = re.compile(rb"[-+.0-9e]{%d,}" % DIGITS)


def secrets(course: Course, assignment: Assignment, public: str) -> dict[str, str]:
    """Texts that must not appear, each with what it is; `public` is what the course shows anyway."""
    name = assignment.name
    salt = course.salt(name).read_text(encoding="ascii").strip()
    found = {
        salt: f"the salt of {name}",
        str(course.root): "a path of this machine",
        str(course.work): "a path",
    }
    for line in _lines([assignment.sources["checks.py"]]):
        if line not in public:
            found[line] = f"a line of the hidden checks of {name}"
    judge = court(course, name).judge()  # not entered: what it expects is kept, and nothing runs
    for check, evidence in judge.expected.items():
        for array in evidence.arrays.values():
            for number in array[np.isfinite(array)].ravel()[:3].tolist():
                digits = repr(number)
                if len(digits) > 12 and "0000000" not in digits and "9999999" not in digits:
                    found[digits[:DIGITS]] = f"an expected value of {name}, {check}"
    judge.close()
    return found


def released_text(assignments: Iterable[Assignment]) -> str:
    """All text that their releases show."""
    return "\n".join(text for a in assignments for text in (a.sources["public_checks.py"], *_released(a)))


def leaks(folders: Iterable[Path], texts: dict[str, str]) -> list[str]:
    """Each file that contains one of the texts, with what that is; of equal files the first."""
    files: dict[bytes, Path] = {}
    for path in (p for folder in folders for p in sorted(folder.rglob("*")) if p.is_file()):
        files.setdefault(path.read_bytes(), path)
    wanted = {text.encode(): what for text, what in texts.items()}
    numbers = {t: what for t, what in wanted.items() if len(t) == DIGITS and NUMBER.fullmatch(t)}
    words = {t: what for t, what in wanted.items() if t not in numbers}
    found = []
    for data, path in files.items():
        runs = NUMBER.findall(data)  # thousands of numbers: looked up, not searched for one by one
        there = {run[i : i + DIGITS] for run in runs for i in range(len(run) - DIGITS + 1)}
        found += [(path, words[text]) for text in words if text in data]
        found += [(path, numbers[text]) for text in sorted(numbers.keys() & there)]
    return [f"{path.name} in {path.parent} contains {what}" for path, what in found]


def _released(assignment: Assignment) -> list[str]:
    return [cell["source"] for cell in release_notebook(assignment)["cells"]]


def _lines(texts: Iterable[str]) -> list[str]:
    """The telling lines of some sources."""
    lines = {line.strip() for text in texts for line in text.splitlines()}
    return sorted(line for line in lines if len(line) > 25 and not line.startswith(("#", '"""')))
