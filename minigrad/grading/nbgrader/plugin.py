"""nbgrader, seen from the judge: its configuration, its gradebook, and its pages.

`config(course)` puts four parts of ours into stock nbgrader: `StagingExporter` shows it a folder that we
write in place of submitted/; `Rebuild` has a submission graded and turns it into the release with the
student's answers in it; `JudgeExecute`, in place of `Execute`, writes the judge's report into the grade
cells; `AskAPerson` marks what was refused. No kernel starts. Gradebook, manual points, lateness,
feedback and export stay nbgrader's.
"""

from __future__ import annotations

import os
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from nbgrader.plugins import BasePlugin, CsvExportPlugin
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ComputeChecksums,
    NbGraderPreprocessor,
    OverwriteCells,
    OverwriteKernelspec,
    SaveAutoGrades,
    SaveCells,
)
from sqlalchemy.exc import SQLAlchemyError
from traitlets import Unicode
from traitlets.config import Config

from minigrad.grading.authoring.build import release_notebook
from minigrad.grading.classroom.run import graded_bytes
from minigrad.grading.model import Assignment, GradingError, JudgeFault, Refused, Report, Source
from minigrad.grading.nbgrader.feedback import FeedbackExporter
from minigrad.grading.nbgrader.pages import Notebook, clean, clean_markdown, put_report, release_of, report_in
from minigrad.grading.nbgrader.recording import Recorder
from minigrad.grading.nbgrader.staging import InCourse, Rebuild, Resources, StagingExporter
from minigrad.grading.store.dates import Dates, read_dates
from minigrad.grading.store.layout import Course

# Sources that hold answers. nbgrader copies what lies beside a source notebook to the autograded
# folder and from there to the feedback; students get neither.
PRIVATE = ("notebook.py", "checks.py", "mutants.py", "variants.py")


# --- what nbgrader calls ----------------------------------------------------------------------


class JudgeExecute(InCourse, NbGraderPreprocessor):  # type: ignore[misc]
    """In place of `Execute`: the report that came with the notebook goes into the grade cells."""

    def preprocess(self, notebook: Notebook, resources: Resources) -> tuple[Notebook, Resources]:
        assignment = self.assignment(resources)
        with Gradebook(resources["nbgrader"]["db_url"]) as book:
            _date(book, _dates(self.course), assignment.name, resources["nbgrader"]["student"])
        report = report_in(notebook)
        if report.status == "ungraded":  # nbgrader records nothing and goes on: never a zero
            raise JudgeFault(f"the judge failed: {report.reason} Grade this submission again.")
        put_report(notebook, report, assignment)
        return notebook, resources


class AskAPerson(InCourse, NbGraderPreprocessor):  # type: ignore[misc]
    """After SaveAutoGrades: what was refused has no automatic score, and waits for a person."""

    def preprocess(self, notebook: Notebook, resources: Resources) -> tuple[Notebook, Resources]:
        if report_in(notebook).status == "refused":
            names = resources["nbgrader"]
            with Gradebook(names["db_url"]) as book:
                for grade in book.find_submission_notebook(
                    names["notebook"], names["assignment"], names["student"]
                ).grades:
                    grade.auto_score, grade.needs_manual_grade = None, True
                book.db.commit()
        del notebook.metadata["minigrad"]["report"]  # it is in the grade cells now
        return notebook, resources


class LatePenalty(BasePlugin):  # type: ignore[misc]
    """Lateness by the course file's grace, slope and cap."""

    root = Unicode(help="the course's folder").tag(config=True)
    work = Unicode(help="the folder that has course.toml").tag(config=True)

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float:
        return _dates(Course(Path(self.root), Path(self.work))).late.penalty(score, total_seconds_late)


# --- configuration ----------------------------------------------------------------------------


def config(course: Course) -> Config:
    """nbgrader's configuration for a course: `c.merge(config(...))` in nbgrader_config.py."""
    c = Config()
    c.CourseDirectory.root = str(course.work)
    c.CourseDirectory.db_url = _url(course)
    c.CourseDirectory.source_directory = str(course.root / "solutions")
    c.CourseDirectory.release_directory = str(course.root / "assignments")
    c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "feedback", *PRIVATE]
    c.InCourse.root = str(course.root)
    c.InCourse.work = str(course.work)
    c.AssignLatePenalties.plugin_class = LatePenalty
    c.LatePenalty.root = str(course.root)
    c.LatePenalty.work = str(course.work)
    c.Autograde.exporter_class = StagingExporter
    c.Autograde.sanitize_preprocessors = [Rebuild, OverwriteKernelspec, OverwriteCells, CheckCellMetadata]
    c.Autograde.autograde_preprocessors = [
        JudgeExecute,
        SaveAutoGrades,
        AskAPerson,
        AssignLatePenalties,
        CheckCellMetadata,
    ]
    c.Autograde.exclude_overwriting = {
        name: [str(p.relative_to(course.authored(name))) for p in course.authored(name).rglob("*")]
        for name in course.names()
    }
    c.OverwriteCells.add_missing_cells = True
    c.GenerateFeedback.exporter_class = FeedbackExporter
    c.HTMLExporter.sanitize_html = True
    c.HTMLExporter.filters = {"clean_html": clean, "markdown2html": clean_markdown}
    return c


@contextmanager
def _commands_on_path() -> Iterator[None]:
    """nbgrader starts `alembic` for a new gradebook; an environment need not be activated for that."""
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), before))
    try:
        yield
    finally:
        os.environ["PATH"] = before


@contextmanager
def _book(course: Course) -> Iterator[Gradebook]:
    course.work.mkdir(parents=True, exist_ok=True)
    with _commands_on_path(), Gradebook(_url(course)) as book:
        yield book


def _url(course: Course) -> str:
    return _dates(course).db_url or f"sqlite:///{course.gradebook}"


def _dates(course: Course) -> Dates:
    return read_dates(course.dates, course.names())


def _date(book: Gradebook, dates: Dates, name: str, student: str = "") -> None:
    """Bring the course file's due date, and a student's extension, into the gradebook.

    An assignment that the course file does not name keeps what nbgrader was told otherwise.
    """
    if name not in dates.due:
        return
    due = dates.due[name]
    book.update_or_create_assignment(name, duedate=due)
    if student:
        until = dates.extensions.get(name, {}).get(student, due)
        book.find_submission(name, student).extension = until - due if until > due else None
    book.db.commit()


@contextmanager
def _api(course: Course) -> Iterator[NbGraderAPI]:
    """nbgrader without its command line; what it logs comes back with its results."""
    settings = config(course)
    settings.NbGraderAPI.log_level = "ERROR"
    with _commands_on_path(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nbgrader uses SQLAlchemy in an old way, which warns
        yield NbGraderAPI(CourseDirectory(config=settings), config=settings)


# --- the gradebook ----------------------------------------------------------------------------


def register(course: Course, assignment: Assignment) -> None:
    """Enter an assignment's release into the gradebook, as `nbgrader generate_assignment` would.

    Raises GradingError when cells came or went while there are submissions.
    """
    name = assignment.name
    release = nbformat.from_dict(release_notebook(assignment))
    with _book(course) as book:
        book.update_or_create_assignment(name)
        _date(book, _dates(course), name)
    resources = {"nbgrader": {"notebook": name, "assignment": name, "db_url": _url(course)}}
    release, resources = ComputeChecksums().preprocess(release, resources)
    try:
        SaveCells().preprocess(release, resources)
    except RuntimeError as error:
        raise GradingError(
            f"{name}: its graded cells changed, but {course.gradebook.name} has submissions of the old "
            "release. Keep the cells' ids, or start the assignment under a new name."
        ) from error


def registered(course: Course, name: str) -> bool:
    """Whether the gradebook knows the assignment."""
    if _url(course).startswith("sqlite:") and not course.gradebook.exists():
        return False
    with _book(course) as book:
        try:
            book.find_notebook(name, name)
        except MissingEntry:
            return False
    return True


def _knows(book: Gradebook, assignment: Assignment) -> bool:
    """Whether the gradebook has the assignment with the texts and points that it has now."""
    try:
        known = book.find_notebook(assignment.name, assignment.name)
    except MissingEntry:
        return False
    marks = [c["metadata"]["nbgrader"] for c in release_notebook(assignment)["cells"]]
    points = {m["grade_id"]: float(m["points"]) for m in marks if m["grade"]}
    checksums = {m["grade_id"]: m["checksum"] for m in marks}
    return points == {c.name: c.max_score for c in known.grade_cells} and checksums == {
        c.name: c.checksum for c in known.source_cells
    }


def record(
    course: Course,
    assignment: Assignment,
    submissions: Mapping[str, Source],
    reports: Mapping[str, Report],
    done: Callable[[str], None] = lambda student: None,
) -> dict[str, str]:
    """Enter reports into the gradebook and autograded/, one after the other; what went wrong, by student.

    Ungraded submissions are left out, and those whose file is no longer the one that was graded.
    Manual scores, extra credit and comments stay.
    """
    name = assignment.name
    errors = {}
    with warnings.catch_warnings(), _book(course) as book:
        warnings.simplefilter("ignore")  # nbgrader uses SQLAlchemy in an old way, which warns
        if not _knows(book, assignment):
            register(course, assignment)
        _date(book, _dates(course), name)
        recorder = Recorder(book, course, assignment, release_of(assignment), _dates(course))
        for student, source in submissions.items():
            try:
                if reports[student].status != "ungraded":
                    data = graded_bytes(course, assignment, student, source, reports[student])
                    recorder.record(student, source, data, reports[student])
            except (Refused, JudgeFault) as why:
                errors[student] = str(why)
            except (OSError, SQLAlchemyError) as error:
                reason = str(error).splitlines()[0]
                errors[student] = f"the gradebook or autograded/ cannot be written: {reason}"
            done(student)
    shutil.rmtree(course.staging, ignore_errors=True)
    return errors


def feedback(course: Course, name: str) -> None:
    """nbgrader's feedback pages of everything graded, into feedback/."""
    with _api(course) as api:
        result = api.generate_feedback(name, force=True)
    if not result["success"]:
        raise GradingError(f"nbgrader could not write the feedback of {name}:\n{result.get('error', '')}")


def export(course: Course, to: Path) -> None:
    """The gradebook as nbgrader's CSV."""
    with _book(course) as book:
        CsvExportPlugin(to=str(to)).export(book)
