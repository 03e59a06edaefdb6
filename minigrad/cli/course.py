"""Which course, assignments and submissions a command is about."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from minigrad.grading.model import Assignment, GradingError
from minigrad.grading.store.layout import Course


def find_course(args: argparse.Namespace) -> Course:
    """The course named by --course, or else the one that the current folder lies in."""
    return Course.at(args.course) if args.course else Course.find(Path.cwd())


def known_names(course: Course, asked: Sequence[str]) -> tuple[str, ...]:
    """The assignments asked for, all where none is; GradingError for one that is not there."""
    known = course.names()
    for name in asked:
        if name not in known:
            there = ", ".join(known) or "none"
            raise GradingError(f"no assignment {name!r} in {course.root / 'solutions'}; there is {there}")
    return tuple(asked) or known


def graded_assignment(course: Course, name: str) -> Assignment:
    """An assignment to grade; GradingError when there is nothing to grade in it."""
    from minigrad.grading.assignment.load import load

    (known,) = known_names(course, [name])
    assignment = load(course.authored(known))
    if not assignment.graded:
        raise GradingError(f"nothing in {known} is graded: it has neither checks nor questions")
    return assignment


def submissions(course: Course, name: str, paths: Sequence[Path]) -> tuple[dict[str, Path], bool]:
    """What to grade by student, and whether all of it lies in submitted/."""
    handed_in = course.submissions(name)
    if not paths:
        return handed_in, True
    files = [f for p in paths for f in (sorted(p.rglob("*.ipynb")) if p.is_dir() else [p])]
    students = {path: student for student, path in handed_in.items()}
    if all(f.absolute() in students for f in files):
        return {students[f.absolute()]: f.absolute() for f in files}, True
    found: dict[str, Path] = {}
    for f in files:
        label = f.stem if f.stem != name else f.absolute().parent.name
        while label in found:
            label += "-again"
        found[label] = f
    return found, False
