"""What nbgrader sees of submissions: a folder that we write, never what was handed in."""

from __future__ import annotations

import contextlib
import copy
import shutil
import tempfile
import weakref
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Unicode
from traitlets.config import Configurable

from minigrad.grading.assignment.load import load
from minigrad.grading.classroom.run import fetch, grade_class
from minigrad.grading.intake.stamp import FILE, handed_in_at
from minigrad.grading.model import Assignment, GradingError, Refused, Source
from minigrad.grading.nbgrader.pages import Notebook, judged
from minigrad.grading.store.layout import Course

Resources = dict[str, Any]


def stage(folder: Path, course: Course, name: str, student: str, source: Source) -> Path:
    """Write what nbgrader sees of a submission into `folder`, in the layout of submitted/.

    The release's files, and the collector's time where it can be read. Returns the notebook's path:
    the release's stands there.
    """
    made = folder / student / name
    shutil.rmtree(made, ignore_errors=True)
    if not course.release_notebook(name).is_file():
        raise GradingError(f"{name} is not built: run `minigrad build {name}`")
    shutil.copytree(course.release(name), made, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    with contextlib.suppress(Refused):  # the submission is refused for it, and has a page that says so
        if isinstance(source, Path) and (time := handed_in_at(source.parent)):
            stamp = f"{time.replace(tzinfo=None).isoformat(' ')} UTC\n"
            (made / FILE).write_text(stamp, encoding="ascii")
    return made / f"{name}.ipynb"


class InCourse(Configurable):  # type: ignore[misc]
    """What knows its course."""

    root = Unicode(help="the course's folder, which has solutions/ and assignments/").tag(config=True)
    work = Unicode(help="the folder of submissions, gradebook and results").tag(config=True)

    @property
    def course(self) -> Course:
        return Course(Path(self.root), Path(self.work))

    def assignment(self, resources: Resources) -> Assignment:
        return load(self.course.authored(resources["nbgrader"]["assignment"]))


class StagingExporter(InCourse, NotebookExporter):  # type: ignore[misc]
    """Turns nbgrader from submitted/ to a staging folder of ours, and gives `Rebuild` what to read.

    nbgrader copies all that lies beside a notebook, follows links while it does so, and fails on a file
    that is not JSON. It makes its exporter when it knows what to convert and has not yet touched it:
    so from here on it converts staged folders in place of those.
    """

    def __init__(self, *args: Any, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self._sources: dict[tuple[str, str], Source] = {}
        if self.parent is not None:
            self._turn(self.parent)

    def _turn(self, converter: Any) -> None:
        """Stage what a converter was started for, and have it convert that."""
        course, asked = self.course, converter.coursedir
        course.state.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="staging-", dir=course.state))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        converter.coursedir = copy.copy(asked)  # the one asked for belongs to whoever started it
        converter.coursedir.submitted_directory = str(folder.relative_to(course.work))
        converter.assignments = {}
        for name in (n for n in course.names() if fnmatchcase(n, asked.assignment_id)):
            for student, source in course.submissions(name).items():
                if fnmatchcase(student, asked.student_id):
                    notebook = stage(folder, course, name, student, source)
                    self._sources[student, name] = source
                    converter.assignments[str(notebook.parent)] = [str(notebook)]

    def from_filename(
        self, filename: str, resources: Resources | None = None, **kw: Any
    ) -> tuple[Notebook, Resources]:
        if not any(isinstance(p, Rebuild) for p in self._preprocessors):
            return super().from_filename(filename, resources=resources, **kw)  # type: ignore[no-any-return]
        handed = {**(resources or {}), "metadata": {}}
        ids = handed["nbgrader"]
        handed["minigrad_source"] = self._sources[ids["student"], ids["assignment"]]
        return super().from_notebook_node(  # type: ignore[no-any-return]
            nbformat.v4.new_notebook(), resources=handed, **kw
        )


class Rebuild(InCourse, NbGraderPreprocessor):  # type: ignore[misc]
    """First sanitizer, and the one reading of a submission: it is graded, and its answers are put into
    the release. What comes after it sees neither the file nor its limits."""

    def preprocess(self, notebook: Notebook, resources: Resources) -> tuple[Notebook, Resources]:
        assignment, student = self.assignment(resources), resources["nbgrader"]["student"]
        try:
            source: bytes | Refused = fetch(self.course, resources["minigrad_source"])
        except Refused as why:
            source = why
        report = grade_class(self.course, assignment, {student: source})[student]
        return judged(assignment, b"" if isinstance(source, Refused) else source, report), resources
