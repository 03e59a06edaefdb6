"""nbgrader, seen from the judge: the only file that imports it.

`config(course)` puts two preprocessors of ours into stock nbgrader: `Rebuild` turns a submitted
file into the release with the student's answers in it, and `JudgeExecute`, in place of `Execute`,
writes the judge's report into it. No kernel starts. Gradebook, manual points, lateness, feedback
and export stay nbgrader's.
"""

from __future__ import annotations

import copy
import html
import math
import os
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bleach
import nbformat
from bleach.css_sanitizer import CSSSanitizer
from nbconvert.exporters import NotebookExporter
from nbconvert.filters import markdown2html
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from nbgrader.plugins import CsvExportPlugin
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
from traitlets import Bool, Unicode
from traitlets.config import Config

from minigrad.grading import authoring, cohort, display
from minigrad.grading.course import Course
from minigrad.grading.intake import intake, read
from minigrad.grading.spec import Assignment, Cell, GradingError, JudgeFault, Refused, Report

Notebook = Any  # nbformat's NotebookNode
Resources = dict[str, Any]

# Sources that hold answers. nbgrader copies what lies beside a source notebook to the autograded
# folder and from there to the feedback; students get neither.
PRIVATE = ("notebook.py", "checks.py", "mutants.py", "variants.py")


# --- notebooks: pure --------------------------------------------------------------------------


def rebuilt(release: Notebook, cells: Sequence[Cell]) -> Notebook:
    """The release with a submission's canonical cells in it: answers, and cells of the student's own."""
    made = copy.deepcopy(release)
    skeleton = {_cell_id(c): c for c in made.cells}
    made.cells = []
    for cell in cells:
        ours = skeleton.get(cell.id)
        if ours is None:
            new = nbformat.v4.new_markdown_cell if cell.markdown else nbformat.v4.new_code_cell
            ours = new(cell.source, id=cell.id)
        elif cell.kind in ("solution", "written"):
            ours.source = cell.source
        made.cells.append(ours)
    return made


def refused(release: Notebook, reason: str) -> Notebook:
    """The release with a note on top, in place of a file that cannot be graded."""
    made = copy.deepcopy(release)
    note = f"**This submission could not be graded:** {html.escape(reason)} Ask your instructor."
    made.cells.insert(0, nbformat.v4.new_markdown_cell(note, id="not-graded"))
    made.metadata["minigrad"]["refused"] = reason
    return made


def _cell_id(cell: Notebook) -> str:
    return str(cell.metadata.get("nbgrader", {}).get("grade_id") or cell.get("id", ""))


def shown(notebook: Notebook, report: Report, assignment: Assignment) -> Notebook:
    """The notebook with a report in it: scores and tables in the grade cells, output elsewhere.

    nbgrader takes the first execute_result of a grade cell for its score, and gives full marks to
    a cell that has none: each gets exactly one, the repr of a finite float in [0, points].
    """
    made = copy.deepcopy(notebook)
    checks = {c.id: c for c in assignment.cells if c.kind == "check"}
    results = {e.name: e for e in report.exercises}
    printed = {run.id: "\n".join(t for t in (run.output.rstrip("\n"), run.error) if t) for run in report.cells}
    first = True
    for cell in made.cells:
        if cell.cell_type != "code":
            continue
        cell.outputs, cell.execution_count = [], None
        key = _cell_id(cell)
        if key in checks:
            result = results.get(checks[key].exercise)
            said = display.exercise_html(result) if result else _paragraph(report.reason or "not graded")
            if first and report.notes:
                said = "".join(map(_paragraph, report.notes)) + said
            first = False
            score = _clamped(result.score if result else 0.0, checks[key].points)
            cell.outputs = [
                nbformat.v4.new_output("display_data", {"text/html": said}),
                nbformat.v4.new_output("execute_result", {"text/plain": repr(score)}),
            ]
        elif printed.get(key):
            cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=printed[key] + "\n")]
    return made


def _paragraph(text: str) -> str:
    return f"<p>{html.escape(text)}</p>"


def _clamped(score: float, points: float) -> float:
    return min(max(float(score), 0.0), float(points)) if math.isfinite(score) else 0.0


def from_file(assignment: Assignment, path: Path) -> Notebook:
    """A submitted file, whatever it holds, as the release with the answers in it, or with a note."""
    release = nbformat.from_dict(authoring.release_notebook(assignment))
    try:
        return rebuilt(release, intake(read(path), assignment).cells)
    except Refused as why:
        return refused(release, str(why))


TAGS = frozenset(
    "a abbr b blockquote br code dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i img kbd li ol p pre "
    "s small span strong sub summary sup table tbody td tfoot th thead tr u ul var".split()
)
ATTRIBUTES = {
    "*": ["class", "id", "title", "style", "role", "colspan", "rowspan", "scope", "open", "align"],
    "a": ["href"],
    "img": ["src", "alt", "width", "height"],
}


def clean(markup: str) -> str:
    """HTML without scripts, handlers, frames and forms: a student's text meets the instructor's browser."""
    style = CSSSanitizer(allowed_css_properties=["color", "background-color", "text-align", "width", "font-weight"])
    return bleach.clean(markup, tags=TAGS, attributes=ATTRIBUTES, css_sanitizer=style)


def clean_markdown(source: str) -> str:
    """Markdown as clean HTML."""
    return clean(markdown2html(source))


# --- what nbgrader calls ----------------------------------------------------------------------


class Exporter(NotebookExporter):
    """Hands a submission to `Rebuild` as bytes: nbgrader itself fails on a file that is not JSON."""

    def from_filename(
        self, filename: str, resources: Resources | None = None, **kw: Any
    ) -> tuple[Notebook, Resources]:
        if not any(isinstance(p, Rebuild) for p in self._preprocessors):
            return super().from_filename(filename, resources=resources, **kw)  # type: ignore[no-any-return]
        handed = {**(resources or {}), "minigrad_file": filename, "metadata": {}}
        return super().from_notebook_node(  # type: ignore[no-any-return]
            nbformat.v4.new_notebook(), resources=handed, **kw
        )


class InCourse(NbGraderPreprocessor):  # type: ignore[misc]
    """A preprocessor that knows its course."""

    root = Unicode(help="the course's folder, which has solutions/ and assignments/").tag(config=True)
    work = Unicode(help="the folder of submissions, gradebook and results").tag(config=True)

    @property
    def course(self) -> Course:
        return Course(Path(self.root), Path(self.work))

    def assignment(self, resources: Resources) -> Assignment:
        return authoring.load(self.course.sources(resources["nbgrader"]["assignment"]))


class Rebuild(InCourse):
    """First sanitizer: a submission becomes the release with the student's answers."""

    staged = Bool(help="files come from our staging folder, already rebuilt").tag(config=True)

    def preprocess(self, notebook: Notebook, resources: Resources) -> tuple[Notebook, Resources]:
        path = Path(resources["minigrad_file"])
        if self.staged:
            return nbformat.read(path, as_version=4), resources
        return from_file(self.assignment(resources), path), resources


class JudgeExecute(InCourse):
    """In place of `Execute`: the stored report, or one made now, goes into the grade cells."""

    def preprocess(self, notebook: Notebook, resources: Resources) -> tuple[Notebook, Resources]:
        assignment = self.assignment(resources)
        reason = notebook.metadata.get("minigrad", {}).get("refused", "")
        if reason:
            report = Report(assignment.name, "refused", reason=reason)
        else:
            data = nbformat.writes(notebook).encode()
            report = _graded_now(self.course, assignment, resources["nbgrader"]["student"], data)
        if report.status == "ungraded":  # nbgrader records nothing and goes on: never a zero
            raise JudgeFault(f"the judge failed: {report.reason} Grade this submission again.")
        return shown(notebook, report, assignment), resources


def _graded_now(course: Course, assignment: Assignment, student: str, data: bytes) -> Report:
    return cohort.run(course, assignment, {student: data})[student]


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
    c.Autograde.exporter_class = Exporter
    c.Autograde.sanitize_preprocessors = [Rebuild, OverwriteKernelspec, OverwriteCells, CheckCellMetadata]
    c.Autograde.autograde_preprocessors = [
        JudgeExecute,
        SaveAutoGrades,
        AssignLatePenalties,
        CheckCellMetadata,
    ]
    c.Autograde.exclude_overwriting = {
        name: [str(p.relative_to(course.sources(name))) for p in course.sources(name).rglob("*")]
        for name in course.names()
    }
    c.OverwriteCells.add_missing_cells = True
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
    return f"sqlite:///{course.gradebook}"


@contextmanager
def _api(course: Course, *, staged: bool = False) -> Iterator[NbGraderAPI]:
    """nbgrader without its command line; what it logs comes back with its results."""
    settings = config(course)
    settings.Rebuild.staged = staged
    settings.NbGraderAPI.log_level = "ERROR"
    if staged:
        settings.CourseDirectory.submitted_directory = str(course.staging)
    with _commands_on_path(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of nbgrader's own use of SQLAlchemy
        yield NbGraderAPI(CourseDirectory(config=settings), config=settings)


# --- the gradebook ----------------------------------------------------------------------------


def register(course: Course, assignment: Assignment) -> None:
    """Enter an assignment's release into the gradebook, as `nbgrader generate_assignment` would.

    Raises GradingError when cells came or went while there are submissions.
    """
    name = assignment.name
    release = nbformat.from_dict(authoring.release_notebook(assignment))
    with _book(course) as book:
        book.update_or_create_assignment(name)
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
    if not course.gradebook.exists():
        return False
    with _book(course) as book:
        try:
            book.find_notebook(name, name)
        except MissingEntry:
            return False
    return True


def stage(course: Course, assignment: Assignment, student: str, submission: Path) -> None:
    """Write what nbgrader sees of a submission: the release's files, one notebook, the time stamp."""
    name = assignment.name
    folder = course.staging / student / name
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(course.release(name), folder, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    nbformat.write(from_file(assignment, submission), folder / f"{name}.ipynb")
    stamp = submission.parent / "timestamp.txt"
    if stamp.is_file():
        (folder / stamp.name).write_text(stamp.read_text(encoding="utf-8")[:100], encoding="utf-8")


def record(
    course: Course,
    assignment: Assignment,
    submissions: Mapping[str, Path],
    reports: Mapping[str, Report],
    done: Callable[[str], None] = lambda student: None,
) -> dict[str, str]:
    """Pass reports through nbgrader into the gradebook, one after the other; what went wrong, by student.

    Ungraded submissions are left out. Manual scores, extra credit and comments stay.
    """
    name = assignment.name
    if not registered(course, name):
        register(course, assignment)
    errors = {}
    with _api(course, staged=True) as api:
        for student, path in submissions.items():
            if reports[student].status != "ungraded":
                stage(course, assignment, student, path)
                result = api.autograde(name, student, force=True)
                if not result["success"]:
                    errors[student] = result.get("error") or result.get("log", "")
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
