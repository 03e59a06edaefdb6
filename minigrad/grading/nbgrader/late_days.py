"""Late days over the term: what a student spends of them on one assignment is missed by others."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence

from nbgrader.api import Gradebook, SubmittedNotebook

from minigrad.grading.nbgrader.feedback.stale import drop_if_graded_otherwise
from minigrad.grading.nbgrader.gradebook import charge_lateness
from minigrad.grading.nbgrader.scores import penalty, total
from minigrad.grading.rules.late import Elsewhere
from minigrad.grading.store.dates import Dates
from minigrad.grading.store.history import remember, states
from minigrad.grading.store.layout import Course


def spend(opened: Gradebook, student: str, name: str, dates: Dates) -> list[Elsewhere]:
    """Charge lateness anew in all other assignments of a student's than `name`; what became of each.

    Commits nothing.
    """
    found = []
    for line in _sharing(opened, student, dates):
        if line.name != name:
            submission = line.assignment
            before = total(submission)
            charge_lateness(opened, line, dates)
            found.append(Elsewhere(student, line.name, before, total(submission), penalty(submission)))
    return found


def drop_stale(
    opened: Gradebook, course: Course, others: Sequence[Elsewhere], dates: Dates
) -> list[Elsewhere]:
    """No page of feedback of other assignments stays that tells another grade; with whose was out of date.

    One that only tells other late days stays. Commits nothing.
    """
    found = []
    for one in others:
        line = opened.find_submission_notebook(one.assignment, one.assignment, one.student)
        outdated = drop_if_graded_otherwise(opened, course, line, dates)
        found.append(dataclasses.replace(one, outdated=outdated))
    return found


def _sharing(opened: Gradebook, student: str, dates: Dates) -> Iterator[SubmittedNotebook]:
    """What a student handed in of all assignments, where they share late days; else nothing."""
    for submission in opened.student_submissions(student) if dates.late.budget_days else ():
        yield from (line for line in submission.notebooks if line.name == submission.name)


def remember_all(course: Course, others: Iterable[Elsewhere], time: str) -> None:
    """Bring penalties of other assignments into their histories, where those have another as the last one.

    So one that an interruption kept from being written is written by the next recording.
    """
    for one in others:
        place = course.history(one.assignment) / one.student
        if (known := states(place)) and abs(known[-1].penalty - one.penalty) > 1e-9:
            new = dataclasses.replace(known[-1], time=time, total=one.total, penalty=one.penalty)
            remember(place, new)
