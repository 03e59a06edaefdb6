"""Notebooks for nbgrader to keep: a submission rebuilt on its release, a report in its grade cells.

Also the cleaning of what students wrote, before a browser shows it as HTML.
"""

from __future__ import annotations

import copy
import html
import math
import re
from typing import Any

import bleach
import nbformat
from bleach.css_sanitizer import CSSSanitizer
from nbconvert.filters import markdown2html

from minigrad.grading.authoring.build import release_notebook
from minigrad.grading.intake.canonical import Intake, intake
from minigrad.grading.model import Assignment, JudgeFault, Report
from minigrad.grading.report.feedback import exercise_html
from minigrad.grading.store.reports import from_dict, to_dict

Notebook = Any  # nbformat's NotebookNode


def rebuilt(release: Notebook, taken: Intake) -> Notebook:
    """The release with a submission's canonical cells in it: answers, and cells of the student's own."""
    made = copy.deepcopy(release)
    skeleton = {_cell_id(c): c for c in made.cells}
    made.cells = []
    for cell in taken.cells:
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
    return made


def _cell_id(cell: Notebook) -> str:
    return str(cell.metadata.get("nbgrader", {}).get("grade_id") or cell.get("id", ""))


def put_report(notebook: Notebook, report: Report, assignment: Assignment) -> None:
    """Put a report into a notebook: scores and tables in the grade cells, output elsewhere.

    nbgrader takes the first execute_result of a grade cell for its score, and gives full marks to
    a cell that has none: each gets exactly one, the repr of a finite float in [0, points]. Raises
    JudgeFault where a graded report lacks an exercise: no check gave 0 for it.
    """
    check_cells = {c.id: c for c in assignment.cells if c.kind == "check"}
    results = {e.name: e for e in report.exercises}
    printed = {r.id: "\n".join(t for t in (r.output.rstrip("\n"), r.error) if t) for r in report.cells}
    first = True
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        cell.outputs, cell.execution_count = [], None
        key = _cell_id(cell)
        if key in check_cells:
            result = results.get(check_cells[key].exercise)
            if result is None and report.status == "graded":
                raise JudgeFault(f"the report has no exercise `{check_cells[key].exercise}`: grade again")
            said = exercise_html(result) if result else _paragraph(report.reason or "not graded")
            if first and report.notes:
                said = "".join(map(_paragraph, report.notes)) + said
            first = False
            score = _clamped(result.score if result else 0.0, check_cells[key].points)
            cell.outputs = [
                _output("display_data", data={"text/html": said}, metadata={}),
                _output(
                    "execute_result", data={"text/plain": repr(score)}, metadata={}, execution_count=None
                ),
            ]
        elif printed.get(key):
            cell.outputs = [_output("stream", name="stdout", text=printed[key] + "\n")]


def _output(kind: str, **content: Any) -> Notebook:
    """An output, as `new_output` makes one; that validates each, and the notebook is validated whole."""
    return nbformat.from_dict({"output_type": kind, **content})


def _paragraph(text: str) -> str:
    return f"<p>{html.escape(text)}</p>"


def _clamped(score: float, points: float) -> float:
    return min(max(float(score), 0.0), float(points)) if math.isfinite(score) else 0.0


def release_of(assignment: Assignment) -> Notebook:
    """The release as nbformat's notebook."""
    return nbformat.from_dict(release_notebook(assignment))


def answered(release: Notebook, assignment: Assignment, data: bytes, report: Report) -> Notebook:
    """The release with a submission's answers in it, or with a note why it is refused.

    `data` is what the report is about.
    """
    if report.status == "graded":
        return rebuilt(release, intake(data, assignment))
    return refused(release, report.reason)


def judged(assignment: Assignment, data: bytes, report: Report) -> Notebook:
    """What nbgrader's converters get of a submission: its answers, and the report on it.

    The report travels in the notebook's metadata: nbgrader's later steps record it, and none of them
    reads the answers again.
    """
    made = answered(release_of(assignment), assignment, data, report)
    made.metadata["minigrad"]["report"] = to_dict(report)
    return made


def report_in(notebook: Notebook) -> Report:
    """The report that `judged` put into a notebook."""
    return from_dict(notebook.metadata["minigrad"]["report"])


TAGS = (
    *("h1", "h2", "h3", "h4", "h5", "h6", "p", "div", "span", "br", "hr", "blockquote", "pre", "code"),
    *("a", "abbr", "b", "strong", "em", "i", "u", "s", "del", "small", "sub", "sup", "kbd", "var", "img"),
    *("ul", "ol", "li", "dl", "dt", "dd", "details", "summary"),
    *("table", "thead", "tbody", "tfoot", "tr", "th", "td"),
)
STYLES = ("color", "background-color", "text-align", "width", "font-weight")
ATTRIBUTES = {
    "*": ["class", "id", "title", "style", "role", "colspan", "rowspan", "scope", "open", "align"],
    "a": ["href"],
    "img": ["src", "alt", "width", "height"],
}


def clean(markup: str) -> str:
    """HTML without scripts, handlers, frames and forms, safe for the browser of whoever grades."""
    style = CSSSanitizer(allowed_css_properties=STYLES)
    made = str(bleach.clean(markup, tags=TAGS, attributes=ATTRIBUTES, css_sanitizer=style))
    return re.sub(r"<img (?![^>]*\balt=)", '<img alt="a picture without a description" ', made)


def clean_markdown(source: str) -> str:
    """Markdown as clean HTML."""
    return clean(markdown2html(source))
