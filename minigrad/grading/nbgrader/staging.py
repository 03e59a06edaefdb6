"""What stock nbgrader does to submissions: on a folder that we write, never on what was handed in."""

from __future__ import annotations

import copy
from fnmatch import fnmatchcase
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbgrader.converters import Autograde
from nbgrader.converters.base import BaseConverter, NbGraderException
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Unicode
from traitlets.config import Configurable

from minigrad.grading.assignment.load import load
from minigrad.grading.classroom.attempts import counted
from minigrad.grading.classroom.changes import told_elsewhere
from minigrad.grading.classroom.lock import grading
from minigrad.grading.classroom.run import fetch, grade_class
from minigrad.grading.model import Assignment, GradingError, JudgeFault, Refused, Source
from minigrad.grading.nbgrader.feedback.stale import drop_page
from minigrad.grading.nbgrader.gradebook import (
    ask_a_person,
    book,
    demand_name,
    demand_points,
    demand_writable,
    enter,
    entry,
    registered,
    set_time,
)
from minigrad.grading.nbgrader.late_days import drop_stale, remember_all, spend
from minigrad.grading.nbgrader.pages import (
    Notebook,
    as_shown,
    judged,
    other_work,
    report_in,
    theirs,
    with_report,
    written,
)
from minigrad.grading.nbgrader.people import name_students
from minigrad.grading.nbgrader.recording import Round, held, release_files, time_file, time_of
from minigrad.grading.nbgrader.reopened import Reopened
from minigrad.grading.report.markup import printable
from minigrad.grading.store.dates import dates_of
from minigrad.grading.store.history import digest_of_work, remember
from minigrad.grading.store.layout import Course

Resources = dict[str, Any]


def demand_recordable(course: Course, assignment: Assignment) -> None:
    """Raise GradingError where no report could be recorded: before anything is graded."""
    release_files(course, assignment.name)
    demand_writable(course)
    if registered(course, assignment.name):
        with book(course) as opened:
            decisions = dates_of(course).decisions.get(assignment.name, ())
            demand_points(opened, assignment, decisions)


class InCourse(Configurable):  # type: ignore[misc]
    """What knows its course."""

    root = Unicode(help="the course's folder, which has solutions/ and assignments/").tag(config=True)
    work = Unicode(help="the folder of submissions, gradebook and results").tag(config=True)

    @property
    def course(self) -> Course:
        return Course(Path(self.root), Path(self.work))


def _assignment(course: Course, resources: Resources) -> Assignment:
    return load(course.authored(resources["nbgrader"]["assignment"]))


class StagingExporter(InCourse, NotebookExporter):  # type: ignore[misc]
    """Turns nbgrader from submitted/ to a staging folder of ours, and gives `Rebuild` what to read.

    nbgrader copies all that lies beside a notebook, follows links while it does so, and fails on a file
    that is not JSON. It makes its exporter when it knows what to convert and has not yet touched it: so its
    conversion is started from here, under the course's lock, on folders that we have written.
    """

    def __init__(self, *args: Any, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self._handed: dict[tuple[str, str], Resources] = {}  # by student and assignment
        if self.parent is not None:
            self._turn(self.parent)

    def _turn(self, converter: Any) -> None:
        """Have a converter stage what it was started for, and convert that."""
        convert, asked, state = converter.convert_notebooks, converter.coursedir, self.course.state

        def turned() -> None:
            try:
                with (
                    grading(self.course),
                    TemporaryDirectory(prefix="staging-", dir=state) as folder,
                ):
                    converter.coursedir = copy.copy(asked)  # the one asked for belongs to who started it
                    converter.coursedir.submitted_directory = str(Path(folder).relative_to(self.work))
                    converter.assignments = self._stage(Path(folder), asked, converter.log)
                    convert()
            except GradingError as error:
                converter.log.error("%s", error)
                raise NbGraderException(str(error)) from error
            finally:
                converter.coursedir = asked

        converter.convert_notebooks = turned

    def _stage(self, folder: Path, asked: Any, log: Any) -> dict[str, list[str]]:
        """Write what nbgrader sees of the submissions asked for, in the layout of submitted/.

        Raises GradingError, before anything is graded, where their reports could not be recorded.
        """
        course, found = self.course, {}
        for name in (n for n in course.names() if fnmatchcase(n, asked.assignment_id)):
            release, submissions = release_files(course, name), course.submissions(name)
            wanted: dict[str, Source] = {
                s: f for s, f in submissions.items() if fnmatchcase(s, asked.student_id)
            }
            if wanted:
                demand_recordable(course, load(course.authored(name)))
                wanted = counted(course, load(course.authored(name)), wanted)
            for student, source in wanted.items():
                try:
                    demand_name(student)
                except Refused as why:
                    log.error("%r is left out: %s", student, why)
                    continue
                made = folder / student / name
                made.mkdir(parents=True)
                for file, data in {**release, **time_file(time_of(source))}.items():
                    (made / file).write_bytes(data)
                before = held(course, name, student).get(f"{name}.ipynb", b"")
                self._handed[student, name] = {"minigrad_source": source, "minigrad_before": before}
                found[str(made)] = [str(made / f"{name}.ipynb")]
        return found

    def from_filename(
        self, filename: str, resources: Resources | None = None, **kw: Any
    ) -> tuple[Notebook, Resources]:
        ids = (resources or {}).get("nbgrader", {})
        handed = {**(resources or {}), **self._handed[ids["student"], ids["assignment"]]}
        if not any(isinstance(p, Rebuild) for p in self._preprocessors):
            return super().from_filename(filename, resources=handed, **kw)  # type: ignore[no-any-return]
        return super().from_notebook_node(  # type: ignore[no-any-return]
            nbformat.v4.new_notebook(), resources={**handed, "metadata": {}}, **kw
        )


def find_submissions(autograde: Autograde) -> None:
    """In place of nbgrader's own search for what to convert, which ends where nobody handed in a notebook.

    What a class handed in, `StagingExporter` finds; nbgrader's search is for where that is nothing, and
    says so, and for courses that are configured otherwise.
    """
    asked = autograde.coursedir
    if issubclass(autograde.exporter_class, StagingExporter):
        course = InCourse(config=autograde.config).course
        names = (n for n in course.names() if fnmatchcase(n, asked.assignment_id))
        students = (student for name in names for student in course.submissions(name))
        if any(fnmatchcase(student, asked.student_id) for student in students):
            autograde.assignments, autograde.notebooks = {}, []
            return
    BaseConverter.init_notebooks(autograde)


class Rebuild(InCourse, NbGraderPreprocessor):  # type: ignore[misc]
    """First sanitizer, and the one reading of a submission: it is graded, and its answers are put into
    the release. What comes after it sees neither the file nor its limits."""

    def preprocess(self, notebook: Notebook, resources: Resources) -> tuple[Notebook, Resources]:
        assignment, student = _assignment(self.course, resources), resources["nbgrader"]["student"]
        try:
            source: bytes | Refused = fetch(self.course, resources["minigrad_source"])
        except Refused as why:
            source = why
        report = grade_class(self.course, assignment, {student: source})[student]
        if report.status == "refused":
            self.log.warning("%r is refused, and a person is asked: %s", student, printable(report.reason))
        return judged(assignment, b"" if isinstance(source, Refused) else source, report), resources


class Record(InCourse, NbGraderPreprocessor):  # type: ignore[misc]
    """In place of `Execute`, `SaveAutoGrades` and `AssignLatePenalties`: the report that came with the
    notebook goes into the gradebook, and into the notebook's grade cells."""

    def preprocess(self, notebook: Notebook, resources: Resources) -> tuple[Notebook, Resources]:
        assignment, student = _assignment(self.course, resources), resources["nbgrader"]["student"]
        report = report_in(notebook)
        with Reopened(resources["nbgrader"]["db_url"]) as opened:
            line = opened.find_submission_notebook(assignment.name, assignment.name, student)
            if report.status == "ungraded":  # nbgrader says that it failed, and goes on: never a zero
                ask_a_person(line)
                opened.db.commit()
                raise JudgeFault(f"the judge failed: {report.reason} Grade this submission again.")
            round = Round.of(self.course, assignment)
            demand_points(opened, assignment, round.dates.decisions.get(assignment.name, ()))
            made = with_report(notebook, report, assignment)
            set_time(line.assignment, time_of(resources["minigrad_source"]))
            anew = other_work(resources["minigrad_before"], written(made))
            enter(opened, line, entry(assignment, notebook, report), round.dates, anew)
            drop_page(self.course, assignment.name, student)
            spent = spend(opened, student, assignment.name, round.dates)
            others = drop_stale(opened, self.course, spent, round.dates)
            name_students(opened, round.roster, (student,))
            new = round.state(line.assignment, report, digest_of_work(theirs(notebook)))
            opened.db.commit()
            remember(self.course.history(assignment.name) / student, new)
            remember_all(self.course, others, new.time)
        for told in told_elsewhere(assignment.name, others):
            self.log.warning("%s", told)
        return made, resources


class Shown(NbGraderPreprocessor):  # type: ignore[misc]
    """Before a page is made of a notebook: code without characters that turn it around or hide in it."""

    def preprocess_cell(self, cell: Notebook, resources: Resources, index: int) -> tuple[Notebook, Resources]:
        if cell.cell_type == "code":
            cell.source = as_shown(cell.source)
        return cell, resources
