"""Notebooks for nbgrader to keep: a submission rebuilt on its release, a report in its grade cells.

Also the cleaning of what students wrote, before a browser shows it as HTML.
"""

from __future__ import annotations

import copy
import html
import json
import math
import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Any

import bleach
import nbformat
from bleach.css_sanitizer import CSSSanitizer
from bleach.html5lib_shim import Filter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from nbformat.v4.rwbase import split_lines

from minigrad.grading.authoring.build import release_notebook
from minigrad.grading.intake.canonical import Intake, intake
from minigrad.grading.model import Assignment, JudgeFault, Report, is_unwritten
from minigrad.grading.model import clean as plain_text
from minigrad.grading.report.feedback import exercise_html, summary
from minigrad.grading.report.formulas import mathml
from minigrad.grading.store.reports import from_dict, to_dict

NOT_GRADED = "not-graded"  # the note on top of what was refused
KEPT = 300  # texts of each kind: a release has about fifty, which every student uses anew
Notebook = Any  # nbformat's NotebookNode


def released(assignment: Assignment) -> Notebook:
    """The release, to lay submissions onto: none of what follows changes it."""
    return nbformat.from_dict(release_notebook(assignment))


def laid(release: Notebook, taken: Intake | None, reason: str = "") -> Notebook:
    """The release with a submission's canonical cells in it: answers, and cells of the student's own.

    In place of what cannot be graded, None, the release with a note on top that says the `reason`. Cells
    that are the release's are so for the whole class: change none of them.
    """
    made = NotebookNode(release, metadata=copy.deepcopy(release.metadata))
    if taken is None:
        note = (
            f"**This submission could not be graded:** {html.escape(reason)}. A person will look at it, and "
            "the points on this page are no grade. Look whether what you handed in is the `.ipynb` file "
            "itself, and opens in JupyterLab; then ask your instructor."
        )
        made.cells = [nbformat.v4.new_markdown_cell(note, id=NOT_GRADED), *release.cells]
        return made
    skeleton = {_cell_id(c): c for c in release.cells}
    made.cells = []
    for cell in taken.cells:
        ours = skeleton.get(cell.id)
        if ours is None:
            new = nbformat.v4.new_markdown_cell if cell.markdown else nbformat.v4.new_code_cell
            ours = new(cell.source, id=cell.id)
        elif cell.kind in ("solution", "written") and cell.source != ours.source:
            ours = NotebookNode(ours, source=cell.source)
        made.cells.append(ours)
    return made


def _cell_id(cell: Notebook) -> str:
    return str(cell.metadata.get("nbgrader", {}).get("grade_id") or cell.get("id", ""))


def automatic_scores(
    assignment: Assignment, report: Report, blank: Collection[str]
) -> dict[str, float | None]:
    """By grade cell, the score that the gradebook gets; None where a person decides.

    A person decides on all of a refused submission, and on answers in words; one that was left as it came or
    empty, a cell of `blank`, is worth 0. Raises JudgeFault where a graded report lacks an exercise: no check
    gave 0 for it.
    """
    graded = report.status == "graded"
    results = {e.name: e for e in report.exercises}
    scores: dict[str, float | None] = {}
    for cell in assignment.cells:
        if cell.kind == "written":
            scores[cell.id] = 0.0 if graded and cell.id in blank else None
        elif cell.kind == "check" and not graded:
            scores[cell.id] = None
        elif cell.kind == "check":
            if cell.exercise not in results:
                raise JudgeFault(f"the report has no exercise `{cell.exercise}`: grade again")
            scores[cell.id] = _clamped(results[cell.exercise].score, cell.points)
    return scores


def left_blank(assignment: Assignment, notebook: Notebook) -> frozenset[str]:
    """The cells for answers that are as they came, or empty.

    Of those in words none, where the student added a text cell: the answer may stand there.
    """
    sources = {_cell_id(c): c.source for c in notebook.cells}
    added = any(c.cell_type == "markdown" and "nbgrader" not in c.metadata for c in notebook.cells)
    kinds = ("solution",) if added else ("solution", "written")
    return frozenset(
        c.id for c in assignment.cells if c.kind in kinds and is_unwritten(sources[c.id], c.source)
    )


def with_report(notebook: Notebook, report: Report, assignment: Assignment) -> Notebook:
    """The notebook with a report in it: scores and tables in the grade cells, output elsewhere.

    Each grade cell has one result, which a browser shows as the table. Its text is the score: should
    nbgrader itself take a score from the notebook, it is this one, and a cell without would get full marks.
    Raises JudgeFault where a graded report lacks an exercise.
    """
    made = NotebookNode(notebook, metadata=copy.deepcopy(notebook.metadata), cells=[])
    made.metadata["minigrad"].pop("report", None)  # it is in the grade cells now
    exercises = {c.id: c.exercise for c in assignment.cells if c.kind == "check"}
    results = {e.name: e for e in report.exercises}
    scores = automatic_scores(assignment, report, left_blank(assignment, notebook))
    printed = {r.id: "\n".join(t for t in (r.output.rstrip("\n"), r.error) if t) for r in report.cells}
    made.metadata["minigrad"]["notes"] = list(report.notes)
    if report.blank:
        made.metadata["minigrad"]["blank"] = True
    notes = "".join(f'<p class="noted">{html.escape(note)}</p>' for note in report.notes)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            metadata = NotebookNode(cell.metadata)
            cell = NotebookNode(cell, metadata=metadata, outputs=[], execution_count=None)
            key = _cell_id(cell)
            if key in exercises:
                result = results.get(exercises[key])
                said = notes + (_table(result) if result else _paragraph(report.reason or "not graded"))
                notes = ""  # above the first table
                shown = {"text/html": said, "text/plain": repr(scores[key] or 0.0)}
                cell.outputs = [_output("execute_result", data=shown, metadata={}, execution_count=None)]
                metadata["minigrad"] = summary(result) if result else {"exercise": exercises[key]}
            elif printed.get(key):
                cell.outputs = [_output("stream", name="stdout", text=printed[key] + "\n")]
        made.cells.append(cell)
    return made


_table = lru_cache(KEPT)(exercise_html)  # a class has few different results of an exercise


def written(notebook: Notebook) -> bytes:
    """A notebook as a file: the bytes of `nbformat.writes`, which encodes every cell of every student anew,
    and validates what we have just built."""
    frame = {**notebook, "cells": []}
    cells = ",\n  ".join(_written(json.dumps(cell, sort_keys=True)) for cell in notebook.cells)
    text = json.dumps(frame, indent=1, sort_keys=True, ensure_ascii=False)
    return text.replace('"cells": []', f'"cells": [\n  {cells}\n ]' if cells else '"cells": []', 1).encode()


@lru_cache(KEPT)
def _written(cell: str) -> str:
    """A cell, given on one line, as it stands in a file."""
    one = nbformat.from_dict({"cells": [json.loads(cell)], "metadata": {}})
    lines = split_lines(one).cells[0]
    return json.dumps(lines, indent=1, sort_keys=True, ensure_ascii=False).replace("\n", "\n  ")


def other_work(before: bytes, after: bytes) -> frozenset[str]:
    """The grade cells whose work differs between two notebooks of `with_report`: an answer in words by its
    own text and cells that the student added, a check by any of the
    code. All, where the first is no such notebook."""
    new = nbformat.from_dict(json.loads(after))
    graded = {_cell_id(c): c for c in new.cells if c.metadata.get("nbgrader", {}).get("grade")}
    try:
        old = nbformat.from_dict(json.loads(before))
        texts = {_cell_id(c): c.source for c in old.cells}
        same_code, same_added = _code(old) == _code(new), _added(old) == _added(new)
    except (ValueError, AttributeError):
        return frozenset(graded)
    return frozenset(
        id
        for id, c in graded.items()
        if ((texts.get(id) != c.source or not same_added) if c.cell_type == "markdown" else not same_code)
    )


def _added(notebook: Notebook) -> list[str]:
    return [c.source for c in notebook.cells if c.cell_type == "markdown" and "nbgrader" not in c.metadata]


def _code(notebook: Notebook) -> list[str]:
    """What a student wrote as code; checks are the course's."""
    return [
        c.source
        for c in notebook.cells
        if c.cell_type == "code" and not c.metadata.get("nbgrader", {}).get("locked")
    ]


def theirs(notebook: Notebook) -> list[str]:
    """What a student wrote, cell by cell; of a submission that was refused, what the release has there."""
    cells = (c for c in notebook.cells if c.get("id") != NOT_GRADED)
    return [c.source for c in cells if not c.metadata.get("nbgrader", {}).get("locked")]


def _output(kind: str, **content: Any) -> Notebook:
    """An output, as `new_output` makes one; that validates each, and the notebook is validated whole."""
    return nbformat.from_dict({"output_type": kind, **content})


def _paragraph(text: str) -> str:
    return f"<p>{html.escape(text)}</p>"


def _clamped(score: float, points: float) -> float:
    return min(max(float(score), 0.0), float(points)) if math.isfinite(score) else 0.0


def judged(assignment: Assignment, data: bytes, report: Report) -> Notebook:
    """What nbgrader gets of a submission: the release with its answers in it, and the report on it.

    The report travels in the notebook's metadata: nbgrader's later steps record it, and none of them
    reads the answers again. `data` is what the report is about; of a refused one, a note is shown.
    """
    taken = intake(data, assignment) if report.status == "graded" else None
    made = laid(released(assignment), taken, report.reason)
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
PLAIN = ("class", "id", "title", "role", "colspan", "rowspan", "scope", "open", "align")
MAX_MARKDOWN = 20_000  # characters beside pictures: some texts take time that grows with their square
PICTURE_DATA = re.compile(r"base64,[A-Za-z0-9+/=]+")
PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*\Z")
FORMULA = "\ue000", "\ue001"  # around a formula's number: no text has them, once it is `as_shown`
MARKED = re.compile(rf"{FORMULA[0]}(\d+){FORMULA[1]}")
LINK = re.compile(r"(?:https?:|mailto:|#)", re.IGNORECASE)


def clean(markup: str) -> str:
    """HTML for the browser of whoever grades: it runs nothing, and loads nothing by itself.

    Scripts, handlers, frames and forms are shown as text. A picture stays where the page itself holds it;
    any other becomes a word, as it would tell its server who reads the page.
    """
    return str(
        bleach.Cleaner(
            tags=TAGS,
            attributes=_allowed,
            protocols=("http", "https", "mailto", "data"),
            css_sanitizer=CSSSanitizer(allowed_css_properties=STYLES),
            filters=[_Pictures],
        ).clean(markup)
    )


def _allowed(tag: str, name: str, value: str) -> bool:
    """Whether a tag may keep an attribute."""
    if name == "style":
        return "(" not in value  # url(...)
    if (tag, name) == ("a", "href"):
        return LINK.match(value) is not None
    if (tag, name) == ("img", "src"):
        return PICTURE.match(value) is not None
    return name in PLAIN or (tag == "img" and name in ("alt", "width", "height"))


class _Pictures(Filter):  # type: ignore[misc]
    """A picture without a source becomes a word; any other has a description."""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for token in super().__iter__():
            if token.get("name") == "img" and (None, "src") not in token["data"]:
                alt = token["data"].get((None, "alt"), "").strip()
                yield {"type": "Characters", "data": f"[a picture, not shown here{alt and f': {alt}'}]"}
            else:
                if token.get("name") == "img":
                    token["data"].setdefault((None, "alt"), "a picture without a description")
                yield token


class _Renderer(IPythonRenderer):  # type: ignore[misc]
    """nbconvert's, which fails where a picture is attached and the attachment is not there.

    Formulas become MathML, kept in `formulas` until the rest was cleaned; a mark stands in for each.
    """

    def __init__(self) -> None:
        super().__init__(escape=False)
        self.formulas: list[tuple[str, str]] = []  # TeX and MathML

    def _mark(self, tex: str, block: bool) -> str:
        self.formulas.append((tex, mathml(tex.strip(), block)))
        return f"{FORMULA[0]}{len(self.formulas) - 1}{FORMULA[1]}"

    def block_math(self, body: str) -> str:
        return self._mark(body, True)

    def inline_math(self, body: str) -> str:
        return self._mark(body, False)

    def latex_environment(self, name: str, body: str) -> str:
        return self._mark(f"\\begin{{{name}}}{body}\\end{{{name}}}", True)

    def image(self, text: str, url: str, title: str | None = None) -> str:
        text = MARKED.sub(
            lambda mark: f"${self.formulas[int(mark[1])][0]}$", text
        )  # an attribute holds no tags
        return super().image(text, "" if url.startswith("attachment:") else url, title)  # type: ignore[no-any-return]


def clean_markdown(source: str) -> str:
    """Markdown as clean HTML; what is too long for it, or cannot be read as such, as the text that it is."""
    text = as_shown(source)
    if len(PICTURE_DATA.sub("", text)) > MAX_MARKDOWN:
        return f"<pre>{html.escape(text)}</pre>"
    try:
        renderer = _Renderer()
        cleaned = clean(MarkdownWithMath(renderer=renderer).render(text))
        return MARKED.sub(lambda mark: renderer.formulas[int(mark[1])][1], cleaned)
    except Exception:  # a student's text has no say in whether a class gets its pages
        return f"<pre>{html.escape(text)}</pre>"


@lru_cache(KEPT)
def as_shown(source: str) -> str:
    """A cell's text without what would turn it around, or hide in it, where it is shown."""
    return plain_text(source, cap=len(source))
