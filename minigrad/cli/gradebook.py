"""The gradebook, where nbgrader is installed: without it, commands do the rest of their work."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from minigrad.cli.terminal import progress
from minigrad.grading.model import Assignment, Report, Source
from minigrad.grading.report.markup import printable
from minigrad.grading.store import files
from minigrad.grading.store.layout import Course


def plugin() -> Any:
    """Our nbgrader module, or None where nbgrader is not installed. It takes seconds to import."""
    try:
        Path.home()
    except RuntimeError:  # a container's user without HOME and name: Jupyter asks for a home
        os.environ["HOME"] = "/"
    with contextlib.suppress(ModuleNotFoundError):
        from minigrad.grading.nbgrader import plugin

        return plugin
    return None


def register(course: Course, assignment: Assignment) -> None:
    """Enter an assignment's release into the gradebook."""
    if nbgrader := plugin():
        with files.private():
            nbgrader.register(course, assignment)


def demand_cells(course: Course, assignment: Assignment) -> None:
    """Raise GradingError where the gradebook cannot take an assignment as it is now."""
    if nbgrader := plugin():
        nbgrader.demand_cells(course, assignment)


def demand_recordable(course: Course, assignment: Assignment) -> None:
    """Raise GradingError where the gradebook is of another release than the sources."""
    if nbgrader := plugin():
        nbgrader.demand_recordable(course, assignment)


def renew_feedback(course: Course, name: str) -> None:
    """Write all pages of feedback of an assignment anew."""
    if nbgrader := plugin():
        with files.private():
            nbgrader.feedback(course, name)
        print(f"minigrad: wrote the pages of feedback of {name}", file=sys.stderr)


def record(
    course: Course, assignment: Assignment, submissions: Mapping[str, Source], reports: Mapping[str, Report]
) -> dict[str, str]:
    """Pass reports into the gradebook; prints and returns, by student, what could not be recorded."""
    nbgrader = plugin()
    if not nbgrader:
        return {}
    files.folder(course.feedback)  # before nbgrader makes it, which would let everybody in
    with files.private(), progress("recording", len(submissions)) as step:
        failed: dict[str, str] = nbgrader.record(course, assignment, submissions, reports, done=step)
    for student, why in failed.items():
        last = (why.strip().splitlines() or ["nbgrader does not say why"])[-1]
        print(printable(f"minigrad: {student} was graded but not recorded: {last}"), file=sys.stderr)
    return failed
