"""Pages of feedback that tell something else than the gradebook: each says in its last line what it told."""

from __future__ import annotations

import contextlib
import re
import shutil
from pathlib import Path

from nbgrader.api import Gradebook, SubmittedNotebook

from minigrad.grading.nbgrader.scores import days_told, is_again, is_open
from minigrad.grading.store.dates import Dates
from minigrad.grading.store.digest import digest
from minigrad.grading.store.layout import Course

MARK = re.compile(rb"<!-- as of ([0-9a-f]{16}) -->\s*\Z")
DAYS = re.compile(rb"<p>(Late days: [^<]*)</p>.*</header>", re.DOTALL)
TAIL = 100  # bytes of a page that have its mark


def mark(opened: Gradebook, line: SubmittedNotebook, dates: Dates, days: str | None = None) -> str:
    """Digest of what a page of feedback shows from the gradebook, of late days what `days` says, if given."""
    shown: list[tuple[object, ...]] = [("late", line.late_submission_penalty or 0.0)]
    for g in line.grades:
        waits = is_open(g) or is_again(g)
        shown.append((g.cell.name, g.auto_score, g.manual_score, g.extra_credit, g.cell.max_score, waits))
    shown += [(c.cell.name, c.auto_comment, c.manual_comment) for c in line.comments]
    shown.append((days_told(opened, line.name, line.assignment.student.id, dates) if days is None else days,))
    return digest("\n".join(sorted(map(repr, shown))))


def marked(page: str, mark: str) -> str:
    """A page with its mark."""
    return f"{page.rstrip()}\n<!-- as of {mark} -->\n"


def drop_if_stale(opened: Gradebook, course: Course, line: SubmittedNotebook, dates: Dates) -> None:
    """Remove a student's page of feedback that tells something else than the gradebook does now."""
    name, student = line.name, line.assignment.student.id
    path = course.feedback / student / name / f"{name}.html"
    if path.exists() and _mark(path) != mark(opened, line, dates):
        drop_page(course, name, student)


def drop_if_graded_otherwise(
    opened: Gradebook, course: Course, line: SubmittedNotebook, dates: Dates
) -> bool:
    """Remove a page that tells another grade than the gradebook's, and keep one of which only the sentence on
    late days is of before. Returns whether it was out of date."""
    path = course.feedback / line.assignment.student.id / line.name / f"{line.name}.html"
    if not path.exists() or (told := _mark(path)) == mark(opened, line, dates):
        return False
    found = DAYS.search(path.read_bytes())
    if told != mark(opened, line, dates, found[1].decode() if found else ""):
        drop_page(course, line.name, line.assignment.student.id)
    return True


def drop_page(course: Course, name: str, student: str) -> None:
    """Remove a student's page of feedback: an older score than the gradebook's is handed to nobody.

    Raises OSError where it cannot be removed.
    """
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(course.feedback / student / name)


def _mark(path: Path) -> str:
    """What a page says that it told; "" where it does not say."""
    try:
        found = MARK.search(path.read_bytes()[-TAIL:])
    except OSError:
        return ""
    return found[1].decode() if found else ""
