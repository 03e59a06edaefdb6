"""What the gradebook's rows add up to, as nbgrader has it: without a query, and before they are written."""

from __future__ import annotations

import math
from collections.abc import Iterable

from nbgrader.api import Grade, SubmittedAssignment


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
