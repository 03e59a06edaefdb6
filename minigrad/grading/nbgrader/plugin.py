"""nbgrader, seen from the judge: its configuration, and what reaches its gradebook and leaves it.

`config(course)` puts parts of ours into stock nbgrader: `StagingExporter` shows it a folder that we write in
place of submitted/; `Rebuild` has a submission graded and turns it into the release with the student's
answers in it; `Record`, in place of running a kernel, brings the judge's report into the gradebook and the
grade cells. Gradebook, points by hand, feedback pages and the formgrader stay nbgrader's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from datetime import datetime
from pathlib import Path

from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from nbgrader.apps import NbGraderAPI
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import CheckCellMetadata, OverwriteCells, OverwriteKernelspec
from nbgrader.utils import capture_log
from traitlets.config import Config

from minigrad.grading.classroom.processes import Processes
from minigrad.grading.model import Assignment, GradingError, Report, Source, to_type
from minigrad.grading.nbgrader.export import ExportScores, again, asked, automatic, totals, written
from minigrad.grading.nbgrader.feedback.exporter import FeedbackExporter, Grades, Pages, Told, told
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
from minigrad.grading.nbgrader.people import demand_movable, holds, move, students
from minigrad.grading.nbgrader.recording import Round, lateness, record_all, time_of
from minigrad.grading.nbgrader.staging import (
    Rebuild,
    Record,
    Shown,
    StagingExporter,
    demand_recordable,
    find_submissions,
)
from minigrad.grading.people.journal import demand_settled
from minigrad.grading.rules.late import Elsewhere
from minigrad.grading.store.configuration import demand_configuration
from minigrad.grading.store.dates import dates_of
from minigrad.grading.store.files import demand_writable
from minigrad.grading.store.layout import Course

__all__ = [
    "again",
    "asked",
    "automatic",
    "book",
    "config",
    "demand_cells",
    "demand_movable",
    "demand_recordable",
    "export",
    "feedback",
    "graded",
    "holds",
    "lateness",
    "move",
    "record",
    "register",
    "registered",
    "students",
    "totals",
    "written",
]

PAGES = 100  # of feedback that are made at a time: the release is converted once for them
WORTH = 150  # pages for each process: to start one takes as long as a hundred

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
    c.GenerateFeedback.preprocessors = [Grades, CSSHTMLHeaderPreprocessor]
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
    moved: Callable[[Elsewhere], None] = lambda other: None,
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
        return record_all(opened, round, submissions, reports, done, moved)


def graded(course: Course, name: str) -> list[str]:
    """Who has a notebook with scores, from which a page can be made."""
    return sorted(p.parts[-3] for p in course.autograded.glob(f"*/{name}/{name}.ipynb"))


def feedback(
    course: Course, name: str, workers: int = 1, done: Callable[[str], None] = lambda student: None
) -> None:
    """The pages of feedback of everything recorded, into feedback/: those of `nbgrader generate_feedback`.

    The gradebook is read once; then `workers` processes make pages, as many as are worth their start.
    `done` is called with each student whose page was tried. Raises GradingError where some could not be
    made, once all others are.
    """
    students = graded(course, name)
    if not students:
        raise GradingError(f"nothing of {name} is recorded: run {to_type('grade', name)}")
    for student in students:
        for folder in (course.feedback / student, course.feedback / student / name):  # it is made anew
            demand_writable(folder)
    with book(course) as opened:
        all_told = told(opened, name, dates_of(course))
        opened.db.commit()
    parts = [students[start : start + PAGES] for start in range(0, len(students), PAGES)]
    jobs = [(part, {s: all_told[s] for s in part if s in all_told}) for part in parts]
    failed: Failed = {}
    for part, errors in _made(course, name, jobs, min(workers, len(students) // WORTH)):
        failed |= errors
        for student in part:
            done(student)
    if failed:
        told_why = "; ".join(f"{student}: {why}" for student, why in sorted(failed.items()))
        raise GradingError(f"{name}: no page of feedback could be made of {told_why}. All others are made")


Some = Sequence[str]  # students
Failed = dict[str, str]  # by student, why there is no page
Job = tuple[Some, Mapping[str, Told]]  # and what their pages tell


def _made(course: Course, name: str, jobs: Sequence[Job], workers: int) -> Iterator[tuple[Some, Failed]]:
    """Students whose pages were tried, and what was wrong; here, or in several processes."""
    if workers < 2:
        yield from ((job[0], _pages(course, name, *job)) for job in jobs)
        return
    with Processes(workers) as processes:
        running = {processes.submit(_pages, course, name, *job): job[0] for job in jobs}
        for future in as_completed(running):
            yield running[future], future.result()


def _pages(course: Course, name: str, students: Some, known: Mapping[str, Told]) -> Failed:
    """Make the pages of some students; what was wrong with those that could not be made, by student."""
    settings = config(course)
    with for_nbgrader():
        made = Pages(CourseDirectory(config=settings), name, students, known, config=settings)
        result = capture_log(made)
    if not result["success"] and not made.failed:
        why = (result.get("error", "").strip().splitlines() or ["it does not say why"])[-1]
        raise GradingError(f"nbgrader could not write the feedback of {name}: {why}")
    return made.failed


def export(course: Course, to: Path) -> None:
    """The gradebook as CSV, as `nbgrader export` writes it in this course."""
    with book(course) as opened:
        ExportScores(to=str(to), root=str(course.root), work=str(course.work)).export(opened)
