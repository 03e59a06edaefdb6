"""The late days that a student spends on each assignment, as the gradebook's times have it."""

from __future__ import annotations

from datetime import UTC, datetime

from nbgrader.api import Gradebook

from minigrad.grading.store.dates import Dates


def spent(opened: Gradebook, student: str, dates: Dates) -> dict[str, int]:
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


def told(opened: Gradebook, name: str, student: str, dates: Dates) -> str:
    """The sentence on an assignment's page of feedback; "" in a course without late days."""
    budget = dates.late.budget_days
    if not budget:
        return ""
    days = spent(opened, student, dates)
    order = [*days]  # of due dates: what is spent later changes no page of earlier work
    until = order[: order.index(name) + 1] if name in days else order
    return (
        f"Late days: {days.get(name, 0)} spent here, {budget - sum(days[n] for n in until)} of {budget} left."
    )
