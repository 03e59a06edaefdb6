"""nbgrader's feedback pages as we lay them out: what those of a class hold in common is converted once, and
what they tell of the gradebook is read once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TextIO

import nbformat
from nbconvert.exporters import Exporter, HTMLExporter
from nbconvert.filters import Highlight2HTML
from nbgrader.api import Gradebook, MissingEntry, SubmittedNotebook
from nbgrader.converters import GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor

from minigrad.grading.nbgrader.feedback import stale
from minigrad.grading.nbgrader.feedback.page import page
from minigrad.grading.nbgrader.gradebook import charge_lateness, lines
from minigrad.grading.nbgrader.pages import Notebook, clean, clean_markdown
from minigrad.grading.nbgrader.people import page_name
from minigrad.grading.nbgrader.reopened import Reopened
from minigrad.grading.nbgrader.scores import days_told, is_again, is_open, points, undecided
from minigrad.grading.nbgrader.staging import InCourse, Resources
from minigrad.grading.report.templating import render
from minigrad.grading.store.dates import Dates, dates_of

SHOWN = ("score", "points", "open", "again")  # of a grade cell
TEXTS = 1000  # kept of each kind: a release has about a hundred, and each student some more


@dataclass(frozen=True)
class Told:
    """What a page of feedback tells of the gradebook."""

    whose: str  # "Ann Lee"; "" where the gradebook has no name
    waits: bool  # for a person: no check has a score
    late_days: str  # a sentence; "" in a course without such days
    late: float  # what lateness takes
    grades: Mapping[str, tuple[float, float, bool, bool]]  # by grade cell, as `SHOWN` names it
    comments: Mapping[str, str | None]  # by cell
    mark: str  # of all this: see `stale.py`


def told(
    opened: Gradebook, name: str, dates: Dates, students: Collection[str] | None = None
) -> dict[str, Told]:
    """What pages of an assignment are to tell, by student, with what lateness takes now: points by hand, or
    an extension, may have come since it was recorded. Of all, where nobody is named. Commits nothing."""
    return {student: _told(opened, line, dates) for student, line in lines(opened, name, students).items()}


def _told(opened: Gradebook, line: SubmittedNotebook, dates: Dates) -> Told:
    charge_lateness(opened, line, dates)
    student = line.assignment.student
    return Told(
        page_name(student),
        undecided(line.assignment),
        days_told(opened, line.name, student.id, dates),
        line.late_submission_penalty or 0.0,
        {g.cell.name: (points([g]), g.cell.max_score, is_open(g), is_again(g)) for g in line.grades},
        {
            c.cell.name: c.auto_comment if c.manual_comment is None else c.manual_comment
            for c in line.comments
        },
        stale.mark(opened, line, dates),
    )


class Grades(NbGraderPreprocessor):  # type: ignore[misc]
    """In place of nbgrader's `GetGrades`, which asks the gradebook anew for every cell: scores, comments and
    what lateness takes, from what `FeedbackExporter` was told."""

    def preprocess(self, notebook: Notebook, resources: Resources) -> tuple[Notebook, Resources]:
        found: Told = resources["minigrad_told"]
        for cell in notebook.cells:
            marks = cell.metadata.get("nbgrader", {})
            if marks.get("solution"):
                marks["comment"] = found.comments[marks["grade_id"]]
            if marks.get("grade"):
                marks.update(zip(SHOWN, found.grades[marks["grade_id"]], strict=True))
        score, most = (sum(column) for column in list(zip(*found.grades.values(), strict=True))[:2])
        resources["nbgrader"] |= {"score": score - found.late, "max_score": most, "late_penalty": found.late}
        return notebook, resources


class FeedbackExporter(InCourse, HTMLExporter):  # type: ignore[misc]
    """What nbgrader makes pages with: one exporter for a class, most of whose texts are the release's.

    The notebook is not copied and validated before and after every step that prepares it: we wrote it, and
    read it for this page alone. And the gradebook is asked once for all pages of an assignment.
    """

    def __init__(self, *args: Any, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self._told: dict[str, dict[str, Told]] = {}  # by assignment and student
        if isinstance(self.parent, Pages):
            self._told[self.parent.coursedir.assignment_id] = {**self.parent.known}
        highlight = Highlight2HTML(pygments_lexer="python", parent=self)
        self._code = lru_cache(TEXTS)(lambda source: str(highlight(source)))
        self._text = lru_cache(TEXTS)(clean_markdown)
        self._table = lru_cache(TEXTS)(clean)

    def from_filename(
        self, filename: str, resources: Resources | None = None, **kw: Any
    ) -> tuple[str, Resources]:
        """The page of an autograded notebook, with what the gradebook has of it."""
        ids = (resources or {})["nbgrader"]
        found = self._asked(ids["assignment"], ids["student"], ids["db_url"])
        made, more = super().from_filename(
            filename, resources={**(resources or {}), "minigrad_told": found}, **kw
        )
        return stale.marked(made, found.mark), more

    def _asked(self, name: str, student: str, db_url: str) -> Told:
        """What a page is to tell; of all whose pages are made now, the gradebook is asked at the first."""
        known = self._told.setdefault(name, {})
        if student not in known:
            all_of_them = not known and self.parent.coursedir.student_id == "*"
            with Reopened(db_url) as opened:
                known |= told(opened, name, dates_of(self.course), None if all_of_them else (student,))
                opened.db.commit()
        if student not in known:
            raise MissingEntry(f"the gradebook has nothing of {student} in {name}: grade it")
        return known[student]

    def from_file(
        self, file_stream: TextIO, resources: Resources | None = None, **kw: Any
    ) -> tuple[str, Resources]:
        """The page of a notebook's file."""
        return self.from_notebook_node(nbformat.v4.reads(file_stream.read()), resources=resources, **kw)

    def from_notebook_node(
        self, nb: Notebook, resources: Resources | None = None, **kw: Any
    ) -> tuple[str, Resources]:
        """The page of one notebook, once nbgrader has put the gradebook's scores and comments into it."""
        graded, more = Exporter.from_notebook_node(self, nb, resources, **kw)
        found: Told = more["minigrad_told"]
        given = (found.whose, found.waits, found.late_days)
        shown = page(graded, more["nbgrader"], self._code, self._text, self._table, *given)
        return render("page.html", page=shown), more

    def _preprocess(self, nb: Notebook, resources: Resources) -> tuple[Notebook, Resources]:
        for preprocessor in self._preprocessors:
            nb, resources = preprocessor(nb, resources)
        return nb, resources


class Pages(GenerateFeedback):  # type: ignore[misc]
    """nbgrader's GenerateFeedback, for some students, with what the gradebook has of them."""

    def __init__(
        self,
        coursedir: CourseDirectory,
        name: str,
        students: Sequence[str],
        known: Mapping[str, Told],
        **kw: Any,
    ) -> None:
        super().__init__(coursedir=coursedir, **kw)
        coursedir.assignment_id = name
        self.known, self.force, self._students = known, True, students
        self.failed: dict[str, str] = {}  # by student, why there is no page

    def init_notebooks(self) -> None:
        """In place of nbgrader's own search, which finds everybody."""
        name = self.coursedir.assignment_id
        folders = [self._format_source(name, student) for student in self._students]
        self.assignments = {folder: [str(Path(folder) / f"{name}.ipynb")] for folder in folders}

    def convert_single_notebook(self, notebook_filename: str) -> None:
        """nbgrader's, which goes on with the next student and has no word of why."""
        try:
            super().convert_single_notebook(notebook_filename)
        except Exception as error:
            self.failed[Path(notebook_filename).parts[-3]] = f"{type(error).__name__}: {error}"
            raise
