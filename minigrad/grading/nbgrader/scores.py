"""What the gradebook's rows add up to, also before they are written: scores as in nbgrader, late days."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime

from nbgrader.api import Grade, Gradebook, SubmittedAssignment

from minigrad.grading.store.dates import Dates


def points(grades: Iterable[Grade]) -> float:
    """The score of grades: nbgrader's own, without a query, and also of what is not written yet."""
    given = ((g.auto_score if g.manual_score is None else g.manual_score, g.extra_credit) for g in grades)
    return math.fsum(score + (extra or 0.0) for score, extra in given if score is not None)


def total(submission: SubmittedAssignment) -> float | None:
    """A submission's final score, without what lateness takes; None where its checks have none."""
    if undecided(submission):
        return None
    return max(0.0, score(submission) - penalty(submission))


def score(submission: SubmittedAssignment) -> float:
    """A submission's score, before lateness takes of it."""
    return points(grade for notebook in submission.notebooks for grade in notebook.grades)


def penalty(submission: SubmittedAssignment) -> float:
    """What lateness takes of a submission."""
    return math.fsum(notebook.late_submission_penalty or 0.0 for notebook in submission.notebooks)


def undecided(submission: SubmittedAssignment) -> bool:
    """Whether checks have no score, neither the judge's nor one given by hand."""
    return any(
        grade.cell.cell_type == "code" and grade.auto_score is None and grade.manual_score is None
        for notebook in submission.notebooks
        for grade in notebook.grades
    )


def is_open(grade: Grade) -> bool:
    """Whether a person must give this cell its points, and never has."""
    return bool(grade.needs_manual_grade) and grade.auto_score is None and grade.manual_score is None


def is_again(grade: Grade) -> bool:
    """Whether a person gave this cell points before it changed, and is to do so again: until then, as
    everywhere in nbgrader, they count."""
    return bool(grade.needs_manual_grade) and grade.manual_score is not None


def days_spent(opened: Gradebook, student: str, dates: Dates) -> dict[str, int]:
    """By assignment, the late days that a student spends there; empty in a course without such days."""
    if not dates.late.budget_days:
        return {}
    late: dict[str, tuple[datetime, float]] = {}
    for submission in opened.student_submissions(student):
        name, given = submission.name, submission.assignment.duedate
        due = dates.due.get(name) or (given and given.replace(tzinfo=UTC))
        if due and submission.timestamp:
            until = dates.until(name, student) or submission.duedate.replace(tzinfo=UTC)
            late[name] = (due, (submission.timestamp.replace(tzinfo=UTC) - until).total_seconds())
    return dates.late.spent(late)


def days_told(opened: Gradebook, name: str, student: str, dates: Dates) -> str:
    """The sentence on an assignment's page of feedback; "" in a course without late days."""
    budget = dates.late.budget_days
    if not budget:
        return ""
    days = days_spent(opened, student, dates)
    order = [*days]  # of due dates: what is spent later changes no page of earlier work
    until = order[: order.index(name) + 1] if name in days else order
    return (
        f"Late days: {days.get(name, 0)} spent here, {budget - sum(days[n] for n in until)} of {budget} left."
    )
