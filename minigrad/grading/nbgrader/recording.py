"""A class's reports into nbgrader's gradebook and autograded/, by nbgrader's own models.

What `nbgrader autograde` writes, without its converters: these open the gradebook some fifteen times a
student and validate each cell against a schema, which takes half a second. Tests hold both equal.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import nbformat
from nbgrader import api, utils
from nbgrader.api import Gradebook, MissingEntry

from minigrad.grading.intake.stamp import handed_in_at
from minigrad.grading.model import Assignment, Refused, Report, Source
from minigrad.grading.nbgrader.pages import Notebook, answered, put_report
from minigrad.grading.nbgrader.staging import stage
from minigrad.grading.store.dates import Dates
from minigrad.grading.store.layout import Course


@dataclass(frozen=True)
class Recorder:
    """Writes one student after the other, over one connection; a student is one transaction."""

    book: Gradebook
    course: Course
    assignment: Assignment
    release: Notebook
    dates: Dates

    def record(self, student: str, source: Source, data: bytes, report: Report) -> None:
        """Enter a report, and put the notebook that it is about into autograded/.

        `data` is the file that was judged. The entries stand in the transaction before the files are
        exchanged, and are committed after it: an interrupted student is recorded anew, never twice.
        """
        name = self.assignment.name
        notebook = answered(self.release, self.assignment, data, report)
        put_report(notebook, report, self.assignment)
        staged = stage(self.course.staging, self.course, name, student, source)
        nbformat.write(notebook, staged)
        try:
            self._enter(student, notebook, _time(source), report)
            _exchange(staged.parent, self.course.work / "autograded" / student / name)
            self.book.db.commit()
        finally:
            self.book.db.rollback()  # nothing, after a commit

    def _enter(self, student: str, notebook: Notebook, time: datetime | None, report: Report) -> None:
        """Scores, comments, time, extension and penalty of one student, not yet committed."""
        submission = self._submission(student)
        if time:
            submission.timestamp = time.replace(tzinfo=None)
        if due := self.dates.due.get(self.assignment.name):
            until = self.dates.extensions.get(self.assignment.name, {}).get(student, due)
            submission.extension = until - due if until > due else None
        (handed_in,) = submission.notebooks
        cells = {c.metadata.nbgrader.grade_id: c for c in notebook.cells if "nbgrader" in c.metadata}
        for grade in handed_in.grades:
            score = None if report.status == "refused" else utils.determine_grade(cells[grade.cell.name])[0]
            grade.auto_score = score
            grade.needs_manual_grade = score is None or grade.manual_score is not None
        for comment in handed_in.comments:
            cell = cells[comment.cell.name]
            untouched = cell.metadata.nbgrader.checksum == utils.compute_checksum(cell)
            comment.auto_comment = "No response." if untouched else None
        self.book.db.flush()
        self.book.db.refresh(handed_in)  # its score, which the database adds up
        late, score = submission.total_seconds_late, handed_in.score
        penalty = self.dates.late.penalty(score, late) if late > 0 else None
        handed_in.late_submission_penalty = None if penalty is None else min(penalty, score)
        self.book.db.flush()

    def _submission(self, student: str) -> api.SubmittedAssignment:
        """The student's submission, made where there is none, with a grade and a comment for each cell."""
        with contextlib.suppress(MissingEntry):
            return self.book.find_submission(self.assignment.name, student)
        db, known = self.book.db, self.book.find_assignment(self.assignment.name)
        who = db.get(api.Student, student) or api.Student(id=student)
        made = api.SubmittedAssignment(assignment=known, student=who)
        for notebook in known.notebooks:
            copy = api.SubmittedNotebook(notebook=notebook, assignment=made)
            for cell in notebook.grade_cells:
                api.Grade(cell=cell, notebook=copy)
            for cell in notebook.solution_cells:
                api.Comment(cell=cell, notebook=copy)
        db.add(made)
        return made


def _time(source: Source) -> datetime | None:
    """When a submission was handed in, where that is known and can be read."""
    with contextlib.suppress(Refused):
        return handed_in_at(source.parent) if isinstance(source, Path) else None
    return None


def _exchange(staged: Path, to: Path) -> None:
    """Put a staged folder, read-only as nbgrader leaves it, in the place of another."""
    for path in staged.rglob("*"):
        if path.is_file():
            path.chmod(0o444)
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(to, ignore_errors=True)
    os.replace(staged, to)
