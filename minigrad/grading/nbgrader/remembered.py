"""What was recorded, into the history of the submission: the report, and the gradebook's total with it."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from nbgrader.api import Gradebook

from minigrad.grading.judge.seeds import dependencies
from minigrad.grading.model import Assignment, Report
from minigrad.grading.nbgrader.gradebook import total
from minigrad.grading.nbgrader.pages import Notebook, theirs
from minigrad.grading.store.history import remember, state
from minigrad.grading.store.layout import Course
from minigrad.grading.store.reports import read_salt


def remembered(
    opened: Gradebook,
    course: Course,
    assignment: Assignment,
    student: str,
    report: Report,
    notebook: Notebook,
) -> None:
    """Append what a committed recording changed; nothing where it changed nothing.

    `notebook` is the submission as `pages.judged` makes it.
    """
    name = assignment.name
    submission = opened.find_submission(name, student)
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    marks = (
        theirs(notebook).encode(),
        "\0".join(dependencies(assignment)).encode(),
        read_salt(course.salt(name)),
    )
    digests = [hashlib.sha256(mark).hexdigest()[:16] for mark in marks]
    found = total(submission)
    new = state(report, now, found, submission.late_submission_penalty or 0.0, *digests)
    remember(course.history(name) / student, new)
