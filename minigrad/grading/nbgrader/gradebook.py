"""nbgrader's gradebook: an assignment's release in it, and what a report becomes there.

A report goes in by one transaction. Whoever reads the gradebook meanwhile finds what was there before or
what is there after: never a score without its penalty, or a 0 that no check gave.
"""

from __future__ import annotations

import os
import shutil
import sys
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook, MissingEntry, SubmittedAssignment
from nbgrader.preprocessors import ComputeChecksums, SaveCells

from minigrad.grading.authoring.build import release_notebook
from minigrad.grading.classroom.decisions import demand_known, maxima
from minigrad.grading.model import Assignment, Decision, GradingError, Refused, Report, to_type
from minigrad.grading.nbgrader.pages import Notebook, automatic_scores, left_blank
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
        _ask_of_other_points(opened, name, most)
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


def _ask_of_other_points(opened: Gradebook, name: str, most: Mapping[str, float]) -> None:
    """Points by hand in cells whose maximum will be another: a person looks again. Commits nothing."""
    for submission in opened.assignment_submissions(name):
        for grade in (g for notebook in submission.notebooks for g in notebook.grades):
            if grade.manual_score is not None and most.get(grade.name) != grade.max_score:
                grade.needs_manual_grade = True


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
        due = dates.due[name]
        until = dates.extensions.get(name, {}).get(student, due)
        submission.extension = until - due if until > due else None
    opened.db.flush()
    opened.db.expire(found)  # nbgrader computes a notebook's score when it is read
    late = submission.total_seconds_late
    penalty = min(dates.late.penalty(found.score, late), found.score) if late > 0 else None
    found.late_submission_penalty = penalty


def renew_lateness(opened: Gradebook, course: Course, name: str, student: str, dates: Dates) -> None:
    """`charge_lateness`, and no page of feedback stays that tells another penalty. Commits nothing."""
    before = on_page(opened, name, student)
    charge_lateness(opened, name, student, dates)
    if on_page(opened, name, student) != before:
        drop_page(course, name, student)


def on_page(opened: Gradebook, name: str, student: str) -> frozenset[tuple[object, ...]]:
    """What a page of feedback shows from the gradebook."""
    found = opened.find_submission_notebook(name, name, student)
    scores = {(g.name, g.auto_score, g.manual_score, g.extra_credit, g.max_score) for g in found.grades}
    late = ("late", found.late_submission_penalty or 0.0)
    return frozenset({late, *scores, *((c.name, c.auto_comment, c.manual_comment) for c in found.comments)})


def drop_page(course: Course, name: str, student: str) -> None:
    """Remove a student's page of feedback: an older score than the gradebook's is handed to nobody."""
    shutil.rmtree(course.feedback / student / name, ignore_errors=True)


def ask_a_person(opened: Gradebook, name: str, student: str) -> None:
    """Mark a submission of the gradebook as one that a person must look at. Commits nothing."""
    for grade in opened.find_submission_notebook(name, name, student).grades:
        grade.needs_manual_grade = True


def set_time(submission: SubmittedAssignment, time: datetime | None) -> None:
    """When a submission was handed in; None where nobody knows. Commits nothing."""
    submission.timestamp = _naive(time) if time else None


def _naive(time: datetime) -> datetime:
    """A time in UTC as the gradebook has it, without its zone."""
    return time.replace(tzinfo=None)
