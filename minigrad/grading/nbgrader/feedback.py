"""nbgrader's feedback pages, in a fifth of the time: what they hold in common is converted once."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import nbformat
from nbconvert.exporters import HTMLExporter, TemplateExporter
from nbconvert.filters import Highlight2HTML
from nbconvert.filters.widgetsdatatypefilter import WidgetsDataTypeFilter
from nbgrader.api import Gradebook

from minigrad.grading.nbgrader import late_days, stale
from minigrad.grading.nbgrader.gradebook import charge_lateness
from minigrad.grading.nbgrader.pages import Notebook, clean, clean_markdown
from minigrad.grading.nbgrader.people import page_name
from minigrad.grading.nbgrader.scores import undecided
from minigrad.grading.nbgrader.staging import InCourse
from minigrad.grading.report.markup import escape
from minigrad.grading.store.dates import dates_of

TEXTS = 1000  # kept of each kind: a release has about a hundred, and each student some more


def headed(page: str, whose: str, waits: bool) -> str:
    """nbgrader's page with the student's name in its heading, and without zeros that nobody gave.

    Where a submission `waits` for a person, its page is the release, and has no word of the student's.
    """
    if waits:
        page = re.sub(r"Score: 0\.0 / (?=\d)", "no score yet, of ", page)
    return page.replace("<h4>", f"<h4>{escape(whose)}: ", 1) if whose else page


class FeedbackExporter(InCourse, HTMLExporter):  # type: ignore[misc]
    """HTMLExporter for a class: one exporter makes all pages, most of whose texts are the release's.

    HTMLExporter parses each finished page anew, in half of all the time, to describe pictures that have no
    description. Ours have one: `clean` sees to it. Nor is the notebook validated after every step that
    prepares it: we wrote it, and it was validated when it was read.
    """

    def __init__(self, *args: Any, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self._late_days = ""  # what the next page says of them
        code = lru_cache(TEXTS)(Highlight2HTML(pygments_lexer="python", parent=self))
        self.register_filter("highlight_code", lambda source, metadata=None: code(source))
        self.register_filter("markdown2html", lru_cache(TEXTS)(clean_markdown))
        self.register_filter("clean_html", lru_cache(TEXTS)(clean))

    def from_filename(
        self, filename: str, resources: dict[str, Any] | None = None, **kw: Any
    ) -> tuple[str, dict[str, Any]]:
        """The page of an autograded notebook, with the student's name, and with what lateness takes now:
        points by hand, or an extension, may have come since it was recorded."""
        ids, self._late_days = (resources or {}).get("nbgrader"), ""
        if not ids:
            return super().from_filename(filename, resources=resources, **kw)  # type: ignore[no-any-return]
        name, student, dates = ids["assignment"], ids["student"], dates_of(self.course)
        with Gradebook(ids["db_url"]) as opened:
            line = opened.find_submission_notebook(name, name, student)
            charge_lateness(opened, line, dates)
            self._late_days = late_days.told(opened, name, student, dates)
            whose, waits = page_name(opened, student), undecided(line.assignment)
            mark = stale.mark(opened, line, dates)
            opened.db.commit()
        page, more = super().from_filename(filename, resources=resources, **kw)
        return stale.marked(headed(page, whose, waits), mark), more

    def _validate_preprocessor(self, nbc: Notebook, preprocessor: object) -> None:
        pass

    def from_notebook_node(
        self, nb: Notebook, resources: dict[str, Any] | None = None, **kw: Any
    ) -> tuple[str, dict[str, Any]]:
        """The page of one notebook."""
        if self._late_days:
            nb.cells.insert(0, nbformat.v4.new_markdown_cell(self._late_days, id="late-days"))
        resources = self._init_resources(resources)
        outputs = WidgetsDataTypeFilter(notebook_metadata=self._nb_metadata, parent=self, resources=resources)
        self.register_filter("filter_data_type", outputs)
        return TemplateExporter.from_notebook_node(self, nb, resources, **kw)  # type: ignore[no-any-return]
