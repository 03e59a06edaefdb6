"""The gradebook's final scores: nbgrader's own totals, and no score where a person must decide.

For `minigrad export`, and for `nbgrader export` in a course of ours, with nbgrader's columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import nbformat
from nbgrader.api import Assignment, Gradebook, MissingEntry, Student, SubmittedAssignment
from nbgrader.plugins import ExportPlugin

from minigrad.grading.assignment.load import load
from minigrad.grading.classroom.changes import Scores, as_recorded
from minigrad.grading.classroom.run import last_reports
from minigrad.grading.model import Report
from minigrad.grading.nbgrader.gradebook import book, lines, renew_lateness
from minigrad.grading.nbgrader.pages import NOT_GRADED
from minigrad.grading.nbgrader.scores import days_spent, is_again, penalty, points, score, total
from minigrad.grading.nbgrader.staging import InCourse
from minigrad.grading.report.formats import csv_bytes
from minigrad.grading.report.grades.lms import Total
from minigrad.grading.store.dates import dates_of
from minigrad.grading.store.layout import Course

HEADER = (
    *("assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email"),
    *("raw_score", "late_submission_penalty", "score", "max_score", "needs_manual_grade"),
)


def totals(course: Course, name: str) -> tuple[float, dict[str, Total]]:
    """The points of an assignment, and what each student has of them in the gradebook.

    What lateness takes is brought up to date first: points by hand may have come since it was computed.
    """
    dates, found = dates_of(course), {}
    reports, exercises = last_reports(course, name), _exercises(course, name)
    with book(course) as opened:
        assignment = opened.find_assignment(name)
        for student, line in lines(opened, name).items():
            renew_lateness(opened, course, line, dates)
            days = days_spent(opened, student, dates).get(name, 0)
            found[student] = _total(line.assignment, reports.get(student), exercises, days)
        opened.db.commit()
        return assignment.max_score, found


def automatic(course: Course, name: str) -> dict[str, Scores]:
    """By student, what the gradebook has of the checks."""
    exercises = _exercises(course, name)
    with book(course) as opened:
        return {s: _scores(line.assignment, exercises) for s, line in lines(opened, name).items()}


def asked(course: Course, name: str) -> dict[str, tuple[str, ...]]:
    """By student who is in the gradebook, the cells in which a person must give points. Changes nothing."""
    with book(course) as opened:
        return {
            student: tuple(g.cell.name for g in line.grades if g.needs_manual_grade)
            for student, line in lines(opened, name).items()
        }


def again(course: Course, name: str) -> dict[str, dict[str, tuple[float, float]]]:
    """By student and cell, the points, and of how many, that a person gave to what changed since then and
    that count until one marks it again. Changes nothing."""
    with book(course) as opened:
        given = {
            student: {g.cell.name: (points([g]), g.cell.max_score) for g in line.grades if is_again(g)}
            for student, line in lines(opened, name).items()
        }
    return {student: cells for student, cells in given.items() if cells}


def written(course: Course, name: str, students: Iterable[str]) -> dict[str, dict[str, str]]:
    """By student, the text of each recorded text cell, by its id; under "" that of cells of their own."""
    found: dict[str, dict[str, str]] = {}
    for student in students:
        path = course.work / "autograded" / student / name / f"{name}.ipynb"
        if not path.is_file():
            continue
        texts: dict[str, str] = {}
        for cell in nbformat.read(path, as_version=4).cells:
            id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
            if cell.cell_type == "markdown" and cell.get("id") != NOT_GRADED:  # which is no answer of theirs
                texts[id] = "\n\n".join(filter(None, (texts.get(id, ""), cell.source)))
        found[student] = texts
    return found


def _exercises(course: Course, name: str) -> dict[str, str]:
    """The exercise of each cell that holds a score of checks."""
    return {c.id: c.exercise for c in load(course.authored(name)).cells if c.kind == "check"}


def _scores(submission: SubmittedAssignment, exercises: Mapping[str, str]) -> Scores:
    return {
        exercises[grade.cell.name]: (grade.auto_score, grade.cell.max_score)
        for notebook in submission.notebooks
        for grade in notebook.grades
        if grade.cell.name in exercises
    }


def _total(
    submission: SubmittedAssignment, report: Report | None, exercises: Mapping[str, str], days: int
) -> Total:
    late, final = penalty(submission), total(submission)
    current = report is None or as_recorded(report, _scores(submission, exercises)) == report
    asked = any(grade.needs_manual_grade for n in submission.notebooks for grade in n.grades)
    return Total(final, late, asked, current, days)


class ExportScores(InCourse, ExportPlugin):  # type: ignore[misc]
    """The columns of nbgrader's own CSV export, and whether a person must look at the submission.

    Who has dropped out is left out. nbgrader's writes 0 where there is no score yet, and takes a comma in a
    name for the next column. What lateness takes is brought up to date first, as in `totals`.
    """

    def export(self, gradebook: Gradebook) -> None:
        """Write the scores of all students, or of those asked for, to `to` (grades.csv)."""
        to, dropped = Path(self.to or "grades.csv"), self.course.dropped()
        assignments, students = set(map(str, self.assignment)), set(map(str, self.student))
        self.log.info("Exporting grades to %s", to)
        self._renew_lateness(gradebook)
        rows = [
            _row(gradebook, assignment, student)
            for assignment in gradebook.assignments
            if not assignments or assignment.name in assignments
            for student in gradebook.students
            if (not students or student.id in students) and student.id not in dropped
        ]
        to.write_bytes(csv_bytes(HEADER, rows).decode("utf-8-sig").encode())

    def _renew_lateness(self, gradebook: Gradebook) -> None:
        course, dates = self.course, dates_of(self.course)
        for assignment in gradebook.assignments:
            for line in lines(gradebook, assignment.name).values():
                renew_lateness(gradebook, course, line, dates)
        gradebook.db.commit()


def _row(gradebook: Gradebook, assignment: Assignment, student: Student) -> list[str]:
    """A student's row: 0 for who handed in nothing, as in nbgrader's own; no score where none is known."""
    timestamp: object = ""
    scores: tuple[object, object, object] = (0.0, 0.0, 0.0)
    asked: object = ""
    try:
        submission = gradebook.find_submission(assignment.name, student.id)
    except MissingEntry:
        pass
    else:
        late, final = penalty(submission), total(submission)
        scores = ("", "", "") if final is None else (score(submission), late, final)
        timestamp, asked = submission.timestamp, submission.needs_manual_grade
    who = (student.id, student.last_name, student.first_name, student.email)
    values = (assignment.name, assignment.duedate, timestamp, *who, *scores, assignment.max_score, asked)
    return ["" if value is None else str(value) for value in values]
