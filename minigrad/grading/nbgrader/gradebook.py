"""nbgrader's gradebook: an assignment's release in it, and what a report becomes there.

A report goes in by one transaction. Whoever reads the gradebook meanwhile finds what was there before or
what is there after: never a score without its penalty, or a 0 that no check gave.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import nbformat
from nbgrader.api import Assignment as GivenAssignment
from nbgrader.api import (
    Comment,
    Grade,
    Gradebook,
    MissingEntry,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.api import Notebook as Book
from nbgrader.preprocessors import ComputeChecksums, SaveCells
from sqlalchemy import update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import contains_eager, selectinload

from minigrad.grading.authoring.build import release_notebook
from minigrad.grading.classroom.decisions import demand_known, maxima
from minigrad.grading.model import Assignment, Decision, GradingError, Refused, Report, to_type
from minigrad.grading.nbgrader.feedback.stale import drop_if_stale, drop_page
from minigrad.grading.nbgrader.pages import Notebook, automatic_scores, left_blank
from minigrad.grading.nbgrader.reopened import Reopened
from minigrad.grading.nbgrader.scores import days_spent, points
from minigrad.grading.store.dates import Dates, dates_of
from minigrad.grading.store.layout import Course

MAX_NAME = 128  # characters of a student's name in nbgrader's tables


def url(course: Course) -> str:
    """Where the course's gradebook is, as SQLAlchemy names it."""
    return dates_of(course).db_url or f"sqlite:///{course.gradebook}"


def is_there(course: Course) -> bool:
    """Whether there is a gradebook: the course's file, once it is made, or the database of course.toml."""
    return not url(course).startswith("sqlite:") or course.gradebook.exists()


@contextmanager
def for_nbgrader() -> Iterator[None]:
    """Around nbgrader, which uses SQLAlchemy in an old way: that warns."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def book(course: Course) -> Iterator[Gradebook]:
    """The course's gradebook, made where there is none. GradingError where the database fails."""
    course.work.mkdir(parents=True, exist_ok=True)
    try:
        with for_nbgrader(), Reopened(url(course)) as opened:
            yield opened
    except OperationalError as error:
        what = str(course.gradebook) if url(course).startswith("sqlite:") else "the gradebook of course.toml"
        raise GradingError(
            f"{what} cannot be used ({str(error.orig).strip()}): give yourself the right to write it and the "
            "folder that it is in, and see that it can be reached and its disk has room"
        ) from error


def demand_writable(course: Course) -> None:
    """Raise GradingError where nothing can be written into the gradebook. Changes nothing."""
    with book(course) as opened:
        opened.db.execute(update(GivenAssignment).values(name=GivenAssignment.name))
        opened.db.rollback()


# --- an assignment --------------------------------------------------------------------------------


def register(course: Course, assignment: Assignment) -> None:
    """Enter an assignment's release into the gradebook, as `nbgrader generate_assignment` would.

    Raises GradingError when cells came or went while there are submissions.
    """
    name = assignment.name
    demand_cells(course, assignment)
    decisions = dates_of(course).decisions.get(name, ())
    demand_known(assignment, decisions)
    resources = {"nbgrader": {"notebook": name, "assignment": name, "db_url": url(course)}}
    release = nbformat.from_dict(release_notebook(assignment))
    release, resources = ComputeChecksums().preprocess(release, resources)
    most = maxima(assignment, decisions)
    with book(course) as opened:
        opened.update_or_create_assignment(name)
        _prepare_other_points(opened, course, name, most)
        set_due_date(opened, dates_of(course), name)
        same = _has(opened, name, release)
        opened.db.commit()
    if not same:
        with for_nbgrader():
            SaveCells().preprocess(release, resources)
    with book(course) as opened:
        for id, points in most.items():
            opened.find_grade_cell(id, name, name).max_score = points
        opened.db.commit()


def _has(opened: Gradebook, name: str, release: Notebook) -> bool:
    """Whether the gradebook has a release's cells as they are: nbgrader writes and commits each one anew.

    A checksum is of text, kind and points.
    """
    try:
        known = opened.find_notebook(name, name).source_cells
    except MissingEntry:
        return False
    return {c.name: c.checksum for c in known} == {
        c.metadata.nbgrader.grade_id: c.metadata.nbgrader.checksum for c in release.cells
    }


def _prepare_other_points(opened: Gradebook, course: Course, name: str, most: Mapping[str, float]) -> None:
    """Where a cell's maximum will be another: a person looks at points by hand again, and pages of feedback
    that tell the old one go. Commits nothing."""
    for submission in opened.assignment_submissions(name):
        for grade in (g for notebook in submission.notebooks for g in notebook.grades):
            if most.get(grade.name) != grade.max_score:
                drop_page(course, name, submission.student.id)
                grade.needs_manual_grade = grade.needs_manual_grade or grade.manual_score is not None


def demand_cells(course: Course, assignment: Assignment) -> None:
    """Raise GradingError where the gradebook has submissions of a release with other cells.

    Texts and points may change; nbgrader keeps the cells themselves, as scores hang on them.
    """
    name = assignment.name
    if not registered(course, name):
        return
    with book(course) as opened:
        known = opened.find_notebook(name, name)
        graded, answers = ({c.name for c in cells} for cells in (known.grade_cells, known.solution_cells))
        same = (
            {c.name for c in known.source_cells} == {c.id for c in assignment.cells}
            and graded == {c.id for c in assignment.cells if c.kind in ("check", "written")}
            and answers == {c.id for c in assignment.cells if c.kind in ("solution", "written")}
        )
        if known.submissions and not same:
            raise GradingError(
                f"{name}: its cells are others, and {course.gradebook.name} has submissions of the old "
                "release. Keep the cells' ids, or start the assignment under a new name."
            )


def registered(course: Course, name: str) -> bool:
    """Whether the gradebook knows the assignment."""
    if not is_there(course):
        return False
    with book(course) as opened:
        try:
            opened.find_notebook(name, name)
        except MissingEntry:
            return False
    return True


def demand_points(opened: Gradebook, assignment: Assignment, decisions: Sequence[Decision]) -> None:
    """Raise GradingError where the gradebook has other grade cells, or other points, than the sources
    and the decisions."""
    name = assignment.name
    known = {c.name: c.max_score for c in opened.find_notebook(name, name).grade_cells}
    wanted = maxima(assignment, decisions)
    if known != wanted:
        other = sorted(id for id in known.keys() | wanted.keys() if known.get(id) != wanted.get(id))
        raise GradingError(
            f"{name}: the points of {', '.join(other)} are not those of the release in the gradebook: "
            f"run {to_type('regrade', name)}, which brings all in line. Nothing was recorded"
        )


def set_due_date(opened: Gradebook, dates: Dates, name: str) -> None:
    """Bring the course file's due date into the gradebook. Commits nothing.

    An assignment that the course file does not name keeps what nbgrader was told otherwise.
    """
    if name in dates.due:
        opened.find_assignment(name).duedate = _naive(dates.due[name])


# --- a submission ---------------------------------------------------------------------------------


def demand_name(student: str) -> None:
    """Raise Refused for a student's name that the gradebook, or a page of nbgrader's, cannot have."""
    if not student.isprintable() or len(student) > MAX_NAME:
        raise Refused(
            "the gradebook cannot keep this name: rename the folder in submitted/, with at most "
            f"{MAX_NAME} letters, digits and signs on one line"
        )


@dataclass(frozen=True)
class Entry:
    """What a report becomes in the gradebook."""

    scores: Mapping[str, float | None]  # by grade cell; None where a person decides
    blank: frozenset[str] = frozenset()  # the cells for answers that are as they came


def entry(assignment: Assignment, notebook: Notebook, report: Report) -> Entry:
    """What the gradebook gets of a report; `notebook` is the submission as `pages.laid` makes it.

    Raises JudgeFault where a graded report lacks an exercise.
    """
    blank = left_blank(assignment, notebook)
    scores = automatic_scores(assignment, report, blank)
    return Entry(scores, blank if report.status == "graded" else frozenset())


def lines(
    opened: Gradebook, name: str, students: Collection[str] | None = None
) -> dict[str, SubmittedNotebook]:
    """By student, what the gradebook has of an assignment, with its grades and comments: in five queries,
    however many there are. Of all students, where none are named."""
    found = (
        opened.db.query(SubmittedNotebook)
        .join(SubmittedNotebook.notebook)
        .join(SubmittedNotebook.assignment)
        .join(SubmittedAssignment.assignment)
        .filter(Book.name == name, GivenAssignment.name == name)
        .options(
            contains_eager(SubmittedNotebook.notebook),
            contains_eager(SubmittedNotebook.assignment).contains_eager(SubmittedAssignment.assignment),
            contains_eager(SubmittedNotebook.assignment).selectinload(SubmittedAssignment.student),
            selectinload(SubmittedNotebook.grades).selectinload(Grade.cell),
            selectinload(SubmittedNotebook.comments).selectinload(Comment.cell),
        )
    )
    if students is not None:
        found = found.filter(SubmittedAssignment.student_id.in_(students))
    return {line.assignment.student_id: line for line in found}


def opened_lines(opened: Gradebook, name: str, students: Collection[str]) -> dict[str, SubmittedNotebook]:
    """`lines` of students, each made where there is none: without a score, waiting for a person.

    nbgrader makes a student and a submission in a transaction each. Commits nothing.
    """
    found = lines(opened, name, students)
    if missing := [student for student in students if student not in found]:
        notebook, assignment = opened.find_notebook(name, name), opened.find_assignment(name)
        known = {s.id: s for s in opened.db.query(Student).filter(Student.id.in_(missing))}
        graded, answers = list(notebook.grade_cells), list(notebook.solution_cells)
        for student in missing:
            submission = SubmittedAssignment(
                assignment=assignment, student=known.get(student) or Student(id=student)
            )
            found[student] = line = SubmittedNotebook(notebook=notebook, assignment=submission)
            line.grades = [Grade(cell=cell, needs_manual_grade=True) for cell in graded]
            line.comments = [Comment(cell=cell) for cell in answers]
            opened.db.add(submission)
    return found


def enter(
    opened: Gradebook,
    line: SubmittedNotebook,
    entry: Entry,
    dates: Dates,
    anew: Collection[str],
) -> None:
    """Bring a report, and what lateness costs, into a submission of the gradebook. Commits nothing.

    What was refused has no automatic score and waits for a person. Points by hand, extra credit and
    comments stay. A person looks again at points by hand in the cells of `anew`, whose work is not what was
    recorded before, and where the automatic score is another.
    """
    for grade in line.grades:
        name = grade.cell.name
        score = entry.scores[name]
        if grade.manual_score is None:
            grade.needs_manual_grade = score is None
        elif name in anew or score != grade.auto_score:
            grade.needs_manual_grade = True
        grade.auto_score = score
    for comment in line.comments:
        comment.auto_comment = "No response." if comment.cell.name in entry.blank else None
    charge_lateness(opened, line, dates)


def charge_lateness(opened: Gradebook, line: SubmittedNotebook, dates: Dates) -> None:
    """Bring into a submission when it was due, and what lateness takes of its score now. Commits nothing."""
    submission = line.assignment
    name, student = submission.assignment.name, submission.student.id
    if name in dates.due:
        due, until = dates.due[name], dates.until(name, student)
        submission.assignment.duedate = _naive(due)
        submission.extension = until - due if until and until > due else None
    late, given = submission.total_seconds_late, points(line.grades)
    days = days_spent(opened, student, dates).get(name, 0)
    line.late_submission_penalty = min(dates.late.penalty(given, late, days), given) if late > 0 else None


def renew_lateness(opened: Gradebook, course: Course, line: SubmittedNotebook, dates: Dates) -> None:
    """`charge_lateness`, and no page of feedback stays that tells anything else. Commits nothing."""
    charge_lateness(opened, line, dates)
    drop_if_stale(opened, course, line, dates)


def ask_a_person(line: SubmittedNotebook) -> None:
    """Mark a submission of the gradebook as one that a person must look at. Commits nothing."""
    for grade in line.grades:
        grade.needs_manual_grade = True


def set_time(submission: SubmittedAssignment, time: datetime | None) -> None:
    """When a submission was handed in; None where nobody knows. Commits nothing."""
    submission.timestamp = _naive(time) if time else None


def _naive(time: datetime) -> datetime:
    """A time as the gradebook has it: in UTC, without its zone."""
    return time.astimezone(UTC).replace(tzinfo=None)
