"""From an LMS's folder or archive into submitted/: one student, one folder, and every attempt kept.

Nothing is extracted by the names in an archive: `plan` decides whose each entry is and which one counts,
and only those bytes are written, to submitted/STUDENT/ASSIGNMENT/ASSIGNMENT.ipynb. What else lies in a
submission (links, `timestamp.txt`, `numpy.py`) stays behind, and is named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from minigrad.grading.intake import names
from minigrad.grading.intake.archives import Source, opened
from minigrad.grading.intake.nested import Nested
from minigrad.grading.intake.plan import Around, Chosen, Left, Plan, Refusal, plan
from minigrad.grading.intake.stamp import handed_in_at
from minigrad.grading.model import GradingError, Refused
from minigrad.grading.roster import Who, folded, read_roster
from minigrad.grading.store.attempts import HandedIn, Laid, lay, store, weigh
from minigrad.grading.store.layout import Course


@dataclass(frozen=True)
class Collected:
    """What came of a class."""

    plan: Plan
    laid: Mapping[str, Laid]  # by student, whose notebook was taken
    refused: Mapping[str, Refusal]  # the plan's, and what could not be read
    unread: tuple[Left, ...] = ()  # earlier attempts that could not be read, so are not kept


def collect(course: Course, source: Path, assignment: str, dry: bool = False) -> Collected:
    """Lay the notebooks of a folder, .zip, .tar or .tar.gz out, which may have been done before.

    A `dry` run finds the same and writes nothing.

    Raises Refused when the source as a whole cannot be read safely, GradingError when our own disk or
    the roster is at fault. One student's broken submission never stops the others'.
    """
    roster = read_roster(course.roster)
    with opened(source) as outer:
        archive = Nested(outer)
        around = Around(assignment, course.names(), roster, source.name, *_metadata(archive))
        made = plan(archive.entries, around)
        there = {folded(p.name): p.name for p in _folders(course.submitted)}
        laid: dict[str, Laid] = {}
        refused = dict(made.refused)
        unread: list[Left] = []
        for student, one in sorted(made.chosen.items(), key=lambda item: item[1].number):
            try:
                other = there.get(folded(student), student)
                if other != student:
                    raise Refused(f"submitted/{other} is there, the same name in other letters: rename one")
                for before in made.earlier.get(student, ()):
                    try:
                        _keep(course, assignment, student, _attempt(before, archive), dry)
                    except Refused as why:
                        unread.append(Left(before.name, f"an earlier attempt that cannot be kept: {why}"))
                laid[student] = _lay(course, assignment, student, _attempt(one, archive), dry)
            except Refused as why:
                refused[student] = Refusal(str(why), (one.name,))
    return Collected(made, dict(sorted(laid.items())), dict(sorted(refused.items())), tuple(unread))


def _metadata(archive: Source) -> tuple[dict[str, tuple[Who, ...]], dict[str, str]]:
    """Gradescope's metadata, where the source has some: who handed in, and when.

    Raises Refused where they cannot be read.
    """
    for number, entry in enumerate(archive.entries):
        if entry.kind == "file" and entry.name.rpartition("/")[2] == names.GRADESCOPE_FILE:
            text = archive.read(number).decode("utf-8", "replace")
            return names.submitters(text), names.times(text)
    return {}, {}


def _attempt(one: Chosen, archive: Source) -> HandedIn:
    path = archive.entries[one.number].name
    return HandedIn(archive.read(one.number), one.attempt, one.time, path)


def _folders(submitted: Path) -> list[Path]:
    return list(submitted.iterdir()) if submitted.is_dir() else []


def _lay(course: Course, assignment: str, student: str, one: HandedIn, dry: bool) -> Laid:
    """Lay one notebook. Refused where a link leads out of submitted/."""
    folder = course.submitted / student / assignment
    if folder.is_symlink() or folder.parent.is_symlink():
        raise Refused(f"{folder} leads through a link: put a folder in its place")
    with _writing(folder):
        notebook, kept = folder / f"{assignment}.ipynb", course.attempts(assignment) / student
        stamped = _stamped(folder, course.submitted) if one.time else ""
        return (weigh if dry else lay)(notebook, kept, one, stamped)


def _stamped(folder: Path, within: Path) -> str:
    """When what is there was handed in, as attempts are sorted; "" where that is not known."""
    try:
        time = handed_in_at(folder, within)
    except Refused:
        return ""
    return f"{time:%Y-%m-%d-%H-%M-%S}" if time else ""


def _keep(course: Course, assignment: str, student: str, one: HandedIn, dry: bool) -> None:
    """Keep an attempt that does not count."""
    folder = course.attempts(assignment) / student
    with _writing(folder):
        if not dry:
            store(folder, one)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = f"{folder} cannot be written ({error.strerror}): free the disk and run again"
        raise GradingError(message) from error
