"""nbgrader_config.py, by which nbgrader hands submissions to the judge: what it says, and a look at it.

Without it `nbgrader autograde` would run submissions in a kernel, with the rights of whoever grades.
"""

from __future__ import annotations

import re

from minigrad.grading.model import GradingError, to_type
from minigrad.grading.store.layout import Course

FILE = "nbgrader_config.py"
TEXT = '''\
"""nbgrader in this folder: the judge grades, and nbgrader keeps gradebook, feedback and export."""

from pathlib import Path

try:
    from minigrad.grading.nbgrader.plugin import config
    from minigrad.grading.store.layout import Course

    c = get_config()  # type: ignore[name-defined]  # noqa: F821
    c.merge(config(Course.at(Path(__file__).parent)))
except Exception as error:  # nbgrader would go on without us, and run submissions outside the sandbox
    raise SystemExit(f"nbgrader_config.py: {error}. Nothing was run.") from error
'''
# What decides how a submission runs and which files that concerns: an instructor's own lines, below TEXT,
# may set anything else.
OURS = re.compile(
    r"\bc\.(Autograde\w*|InCourse|StagingExporter|OverwriteCells|GenerateFeedback|FeedbackExporter"
    r"|HTMLExporter|ExportApp|NbGraderAPI"
    r"|CourseDirectory\.(root|db_url|(source|release|submitted|autograded|feedback)_directory|ignore))\b"
)


def demand_configuration(course: Course) -> None:
    """Raise GradingError where nbgrader would grade this course without the judge."""
    path = course.root / FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise GradingError(
            f"{course.root} has no {FILE}, so nbgrader would run submissions outside the sandbox: "
            f"{to_type('init', course.root)} writes it, and whatever else is missing there"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise GradingError(f"{path} cannot be read: {error}") from None
    if not text.startswith(TEXT):
        raise GradingError(
            f"{path} is not minigrad's, so nbgrader would run submissions outside the sandbox: move it away, "
            f"run {to_type('init', course.root)}, and put lines of your own below those of the new file"
        )
    if found := OURS.search(text.removeprefix(TEXT)):
        line = text.count("\n", 0, len(TEXT) + found.start()) + 1
        raise GradingError(f"{path}, line {line}: {found[0]} is minigrad's to set: remove the line")
