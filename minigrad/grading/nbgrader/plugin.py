"""nbgrader, seen from the judge: its configuration, and what reaches its gradebook and leaves it.

`config(course)` puts parts of ours into stock nbgrader: `StagingExporter` shows it a folder that we write in
place of submitted/; `Rebuild` has a submission graded and turns it into the release with the student's
answers in it; `Record`, in place of running a kernel, brings the judge's report into the gradebook and the
grade cells. Gradebook, points by hand, feedback pages and the formgrader stay nbgrader's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from nbgrader.apps import NbGraderAPI
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import CheckCellMetadata, OverwriteCells, OverwriteKernelspec
from traitlets.config import Config

from minigrad.grading.model import Assignment, GradingError, Report, Source
from minigrad.grading.nbgrader.export import ExportScores, automatic, totals
from minigrad.grading.nbgrader.feedback import FeedbackExporter
from minigrad.grading.nbgrader.gradebook import (
    book,
    demand_cells,
    demand_points,
    for_nbgrader,
    register,
    registered,
    url,
)
from minigrad.grading.nbgrader.pages import clean, clean_markdown
from minigrad.grading.nbgrader.people import move, students
from minigrad.grading.nbgrader.recording import Round, record_all, time_of
from minigrad.grading.nbgrader.staging import (
    Rebuild,
    Record,
    Shown,
    StagingExporter,
    demand_recordable,
    find_submissions,
)
from minigrad.grading.people.moves import demand_settled
from minigrad.grading.store.configuration import demand_configuration
from minigrad.grading.store.layout import Course

__all__ = [
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
    """Bring reports into the gradebook and autograded/, a batch at a time; what went wrong, by student.

    What is there already is not written again, so an interrupted recording goes on where it stopped.
    Ungraded submissions keep what they have and wait for a person; those whose file is no longer the one
    that was graded are left out. Points by hand, extra credit and comments stay. Raises GradingError, and
    records nothing, where the release is not built or its points are not those of the gradebook.
    """
    if not registered(course, assignment.name):
        register(course, assignment)
    round = Round.of(course, assignment)
    with book(course) as opened:
        demand_points(opened, assignment, round.dates.decisions.get(assignment.name, ()))
        return record_all(opened, round, submissions, reports, done)


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
