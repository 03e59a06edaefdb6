"""From an LMS's folder or archive into submitted/: one student, one folder, and every attempt kept.

Nothing is extracted by the names in an archive: `plan` decides whose each entry is and which one counts,
and only those bytes are written, to submitted/STUDENT/ASSIGNMENT/ASSIGNMENT.ipynb. What else lies in a
submission (links, `timestamp.txt`, `numpy.py`) stays behind, and is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from minigrad.grading.intake import names
from minigrad.grading.intake.archives import Source, opened
from minigrad.grading.intake.plan import Around, Chosen, Plan, Refusal, plan
from minigrad.grading.model import GradingError, Refused
from minigrad.grading.roster import Who, folded, read_roster
from minigrad.grading.store.attempts import Laid, lay
from minigrad.grading.store.layout import Course


@dataclass(frozen=True)
class Collected:
    """What came of a class."""

    plan: Plan
    laid: Mapping[str, Laid]  # by student, whose notebook was taken
    refused: Mapping[str, Refusal]  # the plan's, and what could not be read


def collect(course: Course, source: Path, assignment: str) -> Collected:
    """Lay the notebooks of a folder, .zip, .tar or .tar.gz out, which may have been done before.

    Raises Refused when the source as a whole cannot be read safely, GradingError when our own disk or
    the roster is at fault. One student's broken submission never stops the others'.
    """
    roster = read_roster(course.roster)
    with opened(source) as archive:
        around = Around(assignment, course.names(), roster, source.name, _submitters(archive))
        made = plan(archive.entries, around)
        there = {folded(p.name): p.name for p in _folders(course.submitted)}
        laid: dict[str, Laid] = {}
        refused = dict(made.refused)
        for student, one in sorted(made.chosen.items(), key=lambda item: item[1].number):
            try:
                other = there.get(folded(student), student)
                if other != student:
                    raise Refused(f"submitted/{other} is there, the same name in other letters: rename one")
                laid[student] = _lay(course, assignment, student, one, archive.read(one.number))
            except Refused as why:
                refused[student] = Refusal(str(why), (one.name,))
    return Collected(made, dict(sorted(laid.items())), dict(sorted(refused.items())))


def _submitters(archive: Source) -> dict[str, tuple[Who, ...]]:
    """Gradescope's metadata, where the source has some; Refused where they cannot be read."""
    for number, entry in enumerate(archive.entries):
        if entry.kind == "file" and entry.name.rpartition("/")[2] == names.GRADESCOPE_FILE:
            return names.submitters(archive.read(number).decode("utf-8", "replace"))
    return {}


def _folders(submitted: Path) -> list[Path]:
    return list(submitted.iterdir()) if submitted.is_dir() else []


def _lay(course: Course, assignment: str, student: str, one: Chosen, data: bytes) -> Laid:
    """Lay one notebook. Refused where a link leads out of submitted/."""
    folder = course.submitted / student / assignment
    if folder.is_symlink() or folder.parent.is_symlink():
        raise Refused(f"{folder} leads through a link: put a folder in its place")
    try:
        kept = course.attempts(assignment) / student
        return lay(folder / f"{assignment}.ipynb", kept, data, one.attempt)
    except OSError as error:
        message = f"{folder} cannot be written ({error.strerror}): free the disk and run again"
        raise GradingError(message) from error
