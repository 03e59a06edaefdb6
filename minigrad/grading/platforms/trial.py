"""Whether an assignment grades as it must: its solution earns everything, the untouched release nothing."""

from __future__ import annotations

import json
import math

from minigrad.grading.authoring.build import release_notebook
from minigrad.grading.classroom.court import Court
from minigrad.grading.judge.judge import Judge
from minigrad.grading.model import Assignment, GradingError, JudgeFault, Report, to_type
from minigrad.grading.platforms.packed import salt
from minigrad.grading.report.formats import status_line
from minigrad.grading.store.layout import Course
from minigrad.sandbox.errors import SandboxUnavailable


def demand_sound(judge: Judge, assignment: Assignment) -> None:
    """Raise GradingError unless the solution earns all points and the untouched release none."""
    blank = release_notebook(assignment)
    solved = json.loads(json.dumps(blank))
    for cell in solved["cells"]:
        cell["source"] = assignment.solution.get(cell["id"], cell["source"])
    for what, notebook, wanted in (
        ("solution", solved, sum(assignment.exercises().values())),
        ("untouched release", blank, 0.0),
    ):
        report = judge.grade(json.dumps(notebook).encode())
        if report.status != "graded" or not math.isclose(report.score, wanted, abs_tol=1e-6):
            told = f"{status_line(report)}{_which(report, passed=not wanted)}"
            raise GradingError(f"the {what} of {assignment.name} should earn {wanted:g}: {told}")


def tried(course: Course, assignment: Assignment, platform: str) -> bool:
    """Whether there is a sandbox here, in which the assignment was found sound under its pack's salt.

    GradingError where it is not sound.
    """
    court = Court(course.authored(assignment.name), salt(course, assignment, platform), "auto", None, ())
    try:
        with court.judge() as judge:
            demand_sound(judge, assignment)
    except JudgeFault as fault:
        if not isinstance(fault.__cause__, SandboxUnavailable):
            raise
        return False
    except GradingError as fault:
        name = assignment.name
        raise GradingError(
            f"nothing is packed: {fault}: correct solutions/{name}, then {to_type('build', name)}"
        ) from None
    return True


def _which(report: Report, passed: bool) -> str:
    """The checks that passed, or failed, and with what reason."""
    found = [v for e in report.exercises for v in e.verdicts if v.passed == passed]
    told = [f"{v.check} {'passes' if passed else f'fails: {v.reason}'}" for v in found]
    return f" ({'; '.join(told)})" if told else ""
