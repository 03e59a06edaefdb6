"""nbgrader's gradebook: an assignment's release in it, and what a report becomes there.

A report goes in by one transaction. Whoever reads the gradebook meanwhile finds what was there before or
what is there after: never a score without its penalty, or a 0 that no check gave.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook, MissingEntry, SubmittedAssignment
from nbgrader.preprocessors import ComputeChecksums, SaveCells

from minigrad.grading.authoring.build import release_notebook
from minigrad.grading.classroom.decisions import demand_known, maxima
from minigrad.grading.model import Assignment, Decision, GradingError, Refused, Report, to_type
from minigrad.grading.nbgrader import late_days
from minigrad.grading.nbgrader.pages import Notebook, automatic_scores, left_blank
from minigrad.grading.nbgrader.stale import drop_if_stale, drop_page
from minigrad.grading.store.dates import Dates, dates_of
from minigrad.grading.store.layout import Course

MAX_NAME = 128  # characters of a student's name in nbgrader's tables


def url(course: Course) -> str:
    """Where the course's gradebook is, as SQLAlchemy names it."""
    return dates_of(course).db_url or f"sqlite:///{course.gradebook}"


@contextmanager
def for_nbgrader() -> Iterator[None]:
    """What nbgrader needs around it.

    It starts `alembic` for a new gradebook, for which an environment need not be activated; and it uses
    SQLAlchemy in an old way, which warns.
    """
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), before))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        os.environ["PATH"] = before


@contextmanager
def book(course: Course) -> Iterator[Gradebook]:
    """The course's gradebook, made where there is none."""
    course.work.mkdir(parents=True, exist_ok=True)
    with for_nbgrader(), Gradebook(url(course)) as opened:
        yield opened


# --- an assignment --------------------------------------------------------------------------------


def register(course: Course, assignment: Assignment) -> None:
    """Enter an assignment's release into the gradebook, as `nbgrader generate_assignment` would.

    Raises GradingError when cells came or went while there are submissions.
    """
    name = assignment.name
    demand_cells(course, assignment)
    decisions = dates_of(course).decisions.get(name, ())
    demand_known(assignment, decisions)
    release = nbformat.from_dict(release_notebook(assignment))
    most = maxima(assignment, decisions)
    with book(course) as opened:
        opened.update_or_create_assignment(name)
        _prepare_other_points(opened, course, name, most)
        set_due_date(opened, dates_of(course), name)
        opened.db.commit()
    resources = {"nbgrader": {"notebook": name, "assignment": name, "db_url": url(course)}}
    release, resources = ComputeChecksums().preprocess(release, resources)
    with for_nbgrader():
        SaveCells().preprocess(release, resources)
    with book(course) as opened:
        for id, points in most.items():
            opened.find_grade_cell(id, name, name).max_score = points
        opened.db.commit()


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
    if url(course).startswith("sqlite:") and not course.gradebook.exists():
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


def open_submission(opened: Gradebook, name: str, student: str) -> SubmittedAssignment:
    """A student's submission in the gradebook; a new one has no score and waits for a person."""
    opened.update_or_create_student(student)
    return opened.update_or_create_submission(name, student)


def enter(
    opened: Gradebook,
    assignment: Assignment,
    student: str,
    notebook: Notebook,
    report: Report,
    dates: Dates,
    anew: Collection[str] | None = None,
) -> None:
    """Bring a report, and what lateness costs, into a submission of the gradebook. Commits nothing.

    What was refused has no automatic score and waits for a person. Points by hand, extra credit and
    comments stay. A person looks again at points by hand in the cells of `anew`, whose work is not what was
    recorded before (None: in all), and where the automatic score is another. `notebook` is the
    submission as `pages.judged` makes it.
    """
    name = assignment.name
    found = opened.find_submission_notebook(name, name, student)
    scores = automatic_scores(assignment, report, notebook)
    for grade in found.grades:
        score = scores[grade.name]
        if grade.manual_score is None:
            grade.needs_manual_grade = score is None
        elif anew is None or grade.name in anew or score != grade.auto_score:
            grade.needs_manual_grade = True
        grade.auto_score = score
    blank = left_blank(assignment, notebook) if report.status == "graded" else ()
    for comment in found.comments:
        comment.auto_comment = "No response." if comment.name in blank else None
    charge_lateness(opened, name, student, dates)


def charge_lateness(opened: Gradebook, name: str, student: str, dates: Dates) -> None:
    """Bring into a submission when it was due, and what lateness takes of its score now. Commits nothing."""
    found = opened.find_submission_notebook(name, name, student)
    submission = opened.find_submission(name, student)
    set_due_date(opened, dates, name)
    if name in dates.due:
        due, until = dates.due[name], dates.until(name, student)
        submission.extension = until - due if until and until > due else None
    opened.db.flush()
    opened.db.expire(found)  # nbgrader computes a notebook's score when it is read
    late = submission.total_seconds_late
    days = late_days.spent(opened, student, dates).get(name, 0)
    penalty = min(dates.late.penalty(found.score, late, days), found.score) if late > 0 else None
    found.late_submission_penalty = penalty


def renew_lateness(opened: Gradebook, course: Course, name: str, student: str, dates: Dates) -> None:
    """`charge_lateness`, and no page of feedback stays that tells anything else. Commits nothing."""
    charge_lateness(opened, name, student, dates)
    drop_if_stale(opened, course, name, student, dates)


def renew_late_days(opened: Gradebook, course: Course, student: str, dates: Dates) -> None:
    """`renew_lateness` of all that a student handed in, where late days spent on one are missed by others.

    Commits nothing.
    """
    if dates.late.budget_days:
        for submission in opened.student_submissions(student):
            if any(notebook.name == submission.name for notebook in submission.notebooks):
                renew_lateness(opened, course, submission.name, student, dates)


def total(submission: SubmittedAssignment) -> float | None:
    """A submission's final score, without what lateness takes; None where its checks have none."""
    if undecided(submission):
        return None
    return float(max(0.0, submission.score - submission.late_submission_penalty))


def undecided(submission: SubmittedAssignment) -> bool:
    """Whether checks have no score, neither the judge's nor one given by hand."""
    return any(
        grade.cell_type == "code" and grade.auto_score is None and grade.manual_score is None
        for notebook in submission.notebooks
        for grade in notebook.grades
    )


def ask_a_person(opened: Gradebook, name: str, student: str) -> None:
    """Mark a submission of the gradebook as one that a person must look at. Commits nothing."""
    for grade in opened.find_submission_notebook(name, name, student).grades:
        grade.needs_manual_grade = True


def set_time(submission: SubmittedAssignment, time: datetime | None) -> None:
    """When a submission was handed in; None where nobody knows. Commits nothing."""
    submission.timestamp = _naive(time) if time else None


def _naive(time: datetime) -> datetime:
    """A time as the gradebook has it: in UTC, without its zone."""
    return time.astimezone(UTC).replace(tzinfo=None)
