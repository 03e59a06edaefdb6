"""Pages from the templates of `templates/`: whatever a value holds, it is shown as text.

Needs jinja2, so nothing that runs in a student's notebook or a bare installation imports this file.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from minigrad.grading.report import markup


def render(template: str, **values: Any) -> str:
    """A template filled in; every value is escaped but Markup, which our own filters alone make."""
    return _environment().get_template(template).render(values)


@functools.cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,  # a misspelt name is an error, and no gap in the page
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["rounded"] = markup.rounded
    made.filters["folded"] = lambda steps: Markup(markup.folded(steps, "a further step"))
    made.filters["steps"] = markup.steps_of
    made.filters["prose"] = lambda text: Markup(markup.prose(text))
    return made


def _printable(value: Any) -> Any:
    """What every value goes through before it is escaped: control characters are replaced."""
    return markup.printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value
