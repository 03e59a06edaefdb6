"""nbgrader's feedback pages as we lay them out; what those of a class hold in common is converted once."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from nbconvert.exporters import Exporter, HTMLExporter
from nbconvert.filters import Highlight2HTML
from nbgrader.api import Gradebook

from minigrad.grading.nbgrader import late_days, stale
from minigrad.grading.nbgrader.feedback_page import page
from minigrad.grading.nbgrader.gradebook import charge_lateness, undecided
from minigrad.grading.nbgrader.pages import Notebook, clean, clean_markdown
from minigrad.grading.nbgrader.people import page_name
from minigrad.grading.nbgrader.staging import InCourse
from minigrad.grading.report.templating import render
from minigrad.grading.store.dates import dates_of

TEXTS = 1000  # kept of each kind: a release has about a hundred, and each student some more


class FeedbackExporter(InCourse, HTMLExporter):  # type: ignore[misc]
    """What nbgrader makes pages with: one exporter for a class, most of whose texts are the release's.

    The notebook is not validated after every step that prepares it: we wrote it, and it was validated when
    it was read.
    """

    def __init__(self, *args: Any, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self._known: dict[str, Any] = {}  # what the next page says besides the notebook
        highlight = Highlight2HTML(pygments_lexer="python", parent=self)
        self._code = lru_cache(TEXTS)(lambda source: str(highlight(source)))
        self._text = lru_cache(TEXTS)(clean_markdown)
        self._table = lru_cache(TEXTS)(clean)

    def from_filename(
        self, filename: str, resources: dict[str, Any] | None = None, **kw: Any
    ) -> tuple[str, dict[str, Any]]:
        """The page of an autograded notebook, with the student's name, and with what lateness takes now:
        points by hand, or an extension, may have come since it was recorded."""
        ids = (resources or {})["nbgrader"]
        name, student, dates = ids["assignment"], ids["student"], dates_of(self.course)
        with Gradebook(ids["db_url"]) as opened:
            charge_lateness(opened, name, student, dates)
            self._known = {
                "whose": page_name(opened, student),
                "waits": undecided(opened.find_submission(name, student)),
                "late_days": late_days.told(opened, name, student, dates),
            }
            opened.db.commit()
            mark = stale.mark(opened, name, student, dates)
        made, more = super().from_filename(filename, resources=resources, **kw)
        return stale.marked(made, mark), more

    def _validate_preprocessor(self, nbc: Notebook, preprocessor: object) -> None:
        pass

    def from_notebook_node(
        self, nb: Notebook, resources: dict[str, Any] | None = None, **kw: Any
    ) -> tuple[str, dict[str, Any]]:
        """The page of one notebook, once nbgrader has put the gradebook's scores and comments into it."""
        graded, told = Exporter.from_notebook_node(self, nb, resources, **kw)
        shown = page(graded, told["nbgrader"], self._code, self._text, self._table, **self._known)
        return render("page.html", page=shown), told
