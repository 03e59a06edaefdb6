"""nbgrader, seen from the judge: its configuration, and what reaches its gradebook and leaves it.

`config(course)` puts parts of ours into stock nbgrader: `StagingExporter` shows it a folder that we write in
place of submitted/; `Rebuild` has a submission graded and turns it into the release with the student's
answers in it; `Record`, in place of running a kernel, brings the judge's report into the gradebook and the
grade cells. Gradebook, points by hand, feedback pages and the formgrader stay nbgrader's.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps import NbGraderAPI
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import CheckCellMetadata, OverwriteCells, OverwriteKernelspec
from sqlalchemy.exc import SQLAlchemyError
from traitlets.config import Config

from minigrad.grading.classroom.run import graded_bytes
from minigrad.grading.model import Assignment, GradingError, Report, Source
from minigrad.grading.nbgrader.export import ExportScores, asked, automatic, totals, written
from minigrad.grading.nbgrader.feedback import FeedbackExporter
from minigrad.grading.nbgrader.gradebook import (
    ask_a_person,
    book,
    demand_cells,
    demand_name,
    demand_points,
    enter,
    for_nbgrader,
    open_submission,
    register,
    registered,
    renew_late_days,
    set_time,
    url,
)
from minigrad.grading.nbgrader.pages import clean, clean_markdown, judged, other_work, with_report
from minigrad.grading.nbgrader.people import move, name_students, students
from minigrad.grading.nbgrader.remembered import remembered
from minigrad.grading.nbgrader.staging import (
    Rebuild,
    Record,
    Shown,
    StagingExporter,
    demand_recordable,
    find_submissions,
    release_files,
    time_file,
    time_of,
)
from minigrad.grading.nbgrader.stale import drop_if_stale, drop_page
from minigrad.grading.people.moves import demand_settled
from minigrad.grading.roster import read_roster
from minigrad.grading.store import files
from minigrad.grading.store.configuration import demand_configuration
from minigrad.grading.store.dates import Dates, dates_of
from minigrad.grading.store.layout import Course

__all__ = [
    "asked",
    "automatic",
    "book",
    "config",
    "demand_cells",
    "demand_recordable",
    "export",
    "feedback",
    "move",
    "record",
    "register",
    "registered",
    "students",
    "totals",
    "written",
]

# Sources that hold answers. nbgrader copies what lies beside a source notebook to the autograded
# folder and from there to the feedback; students get neither.
PRIVATE = ("notebook.py", "checks.py", "mutants.py", "variants.py")


def config(course: Course) -> Config:
    """nbgrader's configuration for a course: `c.merge(config(...))` in nbgrader_config.py.

    Raises GradingError where that file is another's, or overrules what is set here, and where a student's
    move to another id was stopped half-way.
    """
    demand_configuration(course)
    demand_settled(course)
    c = Config()
    c.CourseDirectory.root = str(course.work)
    c.CourseDirectory.db_url = url(course)
    c.CourseDirectory.source_directory = str(course.root / "solutions")
    c.CourseDirectory.release_directory = str(course.root / "assignments")
    c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "feedback", *PRIVATE]
    c.InCourse.root = str(course.root)
    c.InCourse.work = str(course.work)
    c.Autograde.exporter_class = StagingExporter
    c.Autograde.sanitize_preprocessors = [Rebuild, OverwriteKernelspec, OverwriteCells, CheckCellMetadata]
    c.Autograde.autograde_preprocessors = [Record, CheckCellMetadata]
    c.Autograde.exclude_overwriting = {
        name: [str(p.relative_to(course.authored(name))) for p in course.authored(name).rglob("*")]
        for name in course.names()
    }
    c.OverwriteCells.add_missing_cells = True
    c.GenerateFeedback.force = True  # a page of an older score is no feedback
    c.ExportApp.plugin_class = ExportScores
    c.GenerateFeedback.exporter_class = FeedbackExporter
    c.HTMLExporter.preprocessors = [Shown]
    c.HTMLExporter.exclude_input_prompt = c.HTMLExporter.exclude_output_prompt = True  # they hold no numbers
    c.HTMLExporter.sanitize_html = True
    c.HTMLExporter.filters = {"clean_html": clean, "markdown2html": clean_markdown}
    NbGraderAPI.get_submitted_timestamp = _submitted_time  # nothing of c reaches it
    Autograde.init_notebooks = find_submissions  # nor this
    return c


def _submitted_time(api: NbGraderAPI, assignment_id: str, student_id: str) -> datetime | None:
    """When a submission was handed in, for the formgrader's lists; nbgrader's own fails on a file that
    holds no time, and the whole class has no list."""
    folder = api.coursedir.format_path(api.coursedir.submitted_directory, student_id, assignment_id)
    time = time_of(Path(folder) / f"{assignment_id}.ipynb")
    return time.replace(tzinfo=None) if time else None


def record(
    course: Course,
    assignment: Assignment,
    submissions: Mapping[str, Source],
    reports: Mapping[str, Report],
    done: Callable[[str], None] = lambda student: None,
) -> dict[str, str]:
    """Bring reports into the gradebook and autograded/, one after the other; what went wrong, by student.

    What is there already is not written again, so an interrupted recording goes on where it stopped.
    Ungraded submissions keep what they have and wait for a person; those whose file is no longer the one
    that was graded are left out. Points by hand, extra credit and comments stay. Raises GradingError, and
    records nothing, where the release is not built or its points are not those of the gradebook.
    """
    name = assignment.name
    if not registered(course, name):
        register(course, assignment)
    release, dates, errors = release_files(course, name), dates_of(course), {}
    with book(course) as opened:
        demand_points(opened, assignment, dates.decisions.get(name, ()))
        for student, source in submissions.items():
            try:
                _record_one(opened, course, assignment, dates, release, student, source, reports[student])
            except (GradingError, SQLAlchemyError, OSError, ValueError) as error:
                opened.db.rollback()
                errors[student] = str(getattr(error, "orig", None) or error)
            done(student)
        name_students(opened, read_roster(course.roster), submissions)
        opened.db.commit()
    return errors


def _record_one(
    opened: Gradebook,
    course: Course,
    assignment: Assignment,
    dates: Dates,
    release: Mapping[str, bytes],
    student: str,
    source: Source,
    report: Report,
) -> None:
    """Bring one report into the gradebook and autograded/, where it is not there yet."""
    name = assignment.name
    demand_name(student)
    if report.status == "ungraded":
        _ask_again(opened, name, student)
        return
    notebook = judged(assignment, graded_bytes(course, assignment, student, source, report), report)
    shown = nbformat.writes(with_report(notebook, report, assignment)).encode()
    time = time_of(source)
    wanted = {**release, **time_file(time), f"{name}.ipynb": shown}
    folder = course.work / "autograded" / student / name
    held = _held(folder)
    anew = held != wanted
    set_time(open_submission(opened, name, student), time)
    enter(
        opened,
        assignment,
        student,
        notebook,
        report,
        dates,
        other_work(held.get(f"{name}.ipynb", b""), shown),
    )
    if anew:
        drop_page(course, name, student)
    drop_if_stale(opened, course, name, student, dates)
    renew_late_days(opened, course, student, dates)
    opened.db.commit()
    if anew:
        shutil.rmtree(folder, ignore_errors=True)
        for file, data in wanted.items():
            files.write(folder / file, data)
    remembered(opened, course, assignment, student, report, notebook)


def _ask_again(opened: Gradebook, name: str, student: str) -> None:
    """A submission that the judge failed on: what the gradebook has of it, a person must look at."""
    try:
        ask_a_person(opened, name, student)
    except MissingEntry:
        return
    opened.db.commit()


def _held(folder: Path) -> dict[str, bytes]:
    """What a folder holds, by name; nothing where it has more than files, or is none."""
    try:
        return {p.name: p.read_bytes() for p in folder.iterdir()}
    except OSError:
        return {}


def feedback(course: Course, name: str) -> None:
    """nbgrader's feedback pages of everything graded, into feedback/."""
    settings = config(course)
    settings.NbGraderAPI.log_level = "ERROR"
    with for_nbgrader():
        api = NbGraderAPI(CourseDirectory(config=settings), config=settings)
        result = api.generate_feedback(name, force=True)
    if not result["success"]:
        raise GradingError(f"nbgrader could not write the feedback of {name}:\n{result.get('error', '')}")


def export(course: Course, to: Path) -> None:
    """The gradebook as CSV, as `nbgrader export` writes it in this course."""
    with book(course) as opened:
        ExportScores(to=str(to), root=str(course.root), work=str(course.work)).export(opened)
