"""What was recorded, into the history of the submission: the report, and the gradebook's total with it."""

from __future__ import annotations

from datetime import UTC, datetime

from nbgrader.api import Gradebook

from minigrad.grading.judge.seeds import dependencies
from minigrad.grading.model import Assignment, Report
from minigrad.grading.nbgrader.gradebook import total
from minigrad.grading.nbgrader.pages import Notebook, theirs
from minigrad.grading.store.digest import digest
from minigrad.grading.store.history import digest_of_work, remember, state
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
    work = digest_of_work(theirs(notebook))
    sources, round = digest("\0".join(dependencies(assignment))), digest(read_salt(course.salt(name)))
    found, penalty = total(submission), submission.late_submission_penalty or 0.0
    remember(course.history(name) / student, state(report, now, found, penalty, work, sources, round))
