"""What becomes of a student's work under another id, or aside: renames, merges and forgetting, planned.

A move is planned as a whole before anything is done: see `journal.py`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path

from minigrad.grading.intake.names import clock
from minigrad.grading.intake.stamp import FILE, handed_in_at
from minigrad.grading.model import GradingError, Refused, to_type
from minigrad.grading.people.clocks import UTC, Reading, later
from minigrad.grading.people.lists import roster_merged, roster_renamed, toml_renamed
from minigrad.grading.roster import folded, possible, read_roster
from minigrad.grading.store.attempts import came_as, moment
from minigrad.grading.store.layout import Course
from minigrad.grading.store.submitted import submissions

Steps = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Move:
    """What becomes of all that a student has; paths are relative to the course's `work`."""

    old: str
    new: str  # "" where it is all put aside
    folders: Steps  # from where to where, in this order
    aside: str  # where everything is put that does not count
    attempts: Steps = ()  # folders whose files go into another, which may have some
    kept: Steps = ()  # notebooks that were put aside: to be attempts in this folder
    texts: Mapping[str, str] = field(default_factory=dict)  # files of the course with their new text
    counts: Mapping[str, str] = field(default_factory=dict)  # by assignment, whose work counts of the two
    only: str = ""  # the one assignment that is put aside; "" for all
    was: Mapping[str, str] = field(default_factory=dict)  # the text that each of `texts` replaces
    whole: bool = False  # nothing of it is put aside, so that the way back is a move like this one
    recorded: bool = False  # whether the gradebook has something of it to move

    def __str__(self) -> str:
        what = f"{self.only} of {self.old}" if self.only else self.old
        return f"{self.old} becomes {self.new}" if self.new else f"{what} is put aside"


def planned_rename(course: Course, old: str, new: str, recorded: Collection[str]) -> Move:
    """All of `old` under the id `new`, which nobody has yet; `recorded` are the gradebook's students.

    Raises GradingError where that would lose or mix up work, or nobody is called `old`.
    """
    demand_known(course, old, recorded)
    if not possible(new):
        raise GradingError(
            f"{new!r} cannot be a student's id: letters, digits and ._-@+'(), the first one a letter or digit"
        )
    listed = _listed(course)
    both_listed = old in listed and new in listed
    if both_listed or new in recorded or any(there(place / new, place / old) for place in _places(course)):
        raise GradingError(
            f"{new} is a student already: to make one of both, {to_type('roster', 'merge', old, new)}"
        )
    for other in {*listed, *recorded, *_folders(course.submitted)} - {old, new}:
        if folded(other) == folded(new):
            raise GradingError(
                f"{other} is a student already, the same name in other letters: choose another"
            )
    folders = tuple((_path(course, place / old), _path(course, place / new)) for place in _places(course))
    texts, was = _texts(course, old, new, merge=False)
    return Move(old, new, folders, _aside(course, f"{old} into {new}"), texts=texts, was=was, whole=True)


def planned_merge(course: Course, old: str, new: str, recorded: Collection[str]) -> Move:
    """All of `old` added to `new`: where both handed an assignment in, the newest counts.

    Raises GradingError where it is not known which is the newest, or one of the two is nobody.
    """
    demand_known(course, old, recorded)
    demand_known(course, new, recorded)
    if old == new:
        raise GradingError("one student cannot be merged into the same: name two")
    counts = {name: _that_counts(course, name, old, new) for name in sorted(assignments_of(course, old))}
    handed = {name: submissions(course.submitted, name, course.names()) for name in counts}
    if unknown := [name for name, one in counts.items() if not one]:
        paths = [handed[name][s] for name in unknown for s in (old, new)]
        stamps = ", ".join(str(path.parent / FILE) for path in paths if isinstance(path, Path))
        raise GradingError(
            f"both have handed in {', '.join(unknown)}, and which is the newest is not known: write the "
            f"times, like 2030-01-31 12:00:00 UTC, into {stamps}, or put one of each two folders away"
        )
    aside = _aside(course, f"{old} into {new}")
    folders: list[tuple[str, str]] = []
    for name, one in counts.items():
        goes = new if one == old else old
        for place in _of_assignment(course, name):
            if there(place(old)) and there(place(new)):
                folders.append((_path(course, place(goes)), f"{aside}/{_path(course, place(goes))}"))
            if there(place(old)) and (one == old or not there(place(new))):
                folders.append((_path(course, place(old)), _path(course, place(new))))
    kept = [
        (f"{aside}/{_path(course, path)}", _path(course, course.attempts(name) / new))
        for name, one in counts.items()
        if isinstance(path := handed[name].get(new if one == old else old), Path)
        and isinstance(handed[name].get(one), Path)
    ]
    attempts = [
        (_path(course, at.parent / old), _path(course, at.parent / new))
        for at in course.attempts("*").parent.glob(f"*/{_literal(old)}")
    ]
    texts, was = _texts(course, old, new, merge=True)
    return Move(old, new, tuple(folders), aside, tuple(attempts), tuple(kept), texts, counts, was=was)


def planned_forget(course: Course, student: str, only: str, recorded: Collection[str]) -> Move:
    """Aside all that the course has of somebody who hands nothing in any more, or of one assignment (`only`).

    Raises GradingError where something of it still lies in submitted/, or nobody is called so.
    """
    demand_known(course, student, recorded)
    handed_in = course.submitted / student / only
    if os.path.lexists(handed_in):
        raise GradingError(f"{handed_in} is there, so it would be graded again: put it away first")
    if only:
        places = [place(student) for place in _of_assignment(course, only)]
        places.append(course.attempts(only) / student)
    else:
        places = [place / student for place in _places(course)]
    aside = _aside(course, f"{student}, {only}" if only else student)
    folders = tuple((_path(course, p), f"{aside}/{_path(course, p)}") for p in places if os.path.lexists(p))
    return Move(student, "", folders, aside, only=only)


def _aside(course: Course, name: str) -> str:
    """A folder that is not there yet."""
    path, again = course.state / "aside" / name, 1
    while path.exists():
        again += 1
        path = path.with_name(f"{name}, {again}")
    return _path(course, path)


def _that_counts(course: Course, name: str, old: str, new: str) -> str:
    """Whose work counts for an assignment that both may have handed in; "" where nobody knows."""
    handed = submissions(course.submitted, name, course.names())
    paths = {s: path for s in (old, new) if isinstance(path := handed.get(s), Path)}
    if len(paths) < 2:
        return old if old in paths or (old in handed and new not in handed) else new
    if paths[old].read_bytes() == paths[new].read_bytes():
        return new
    said = {s: reading for s, path in paths.items() if (reading := _reading(course, name, s, path))}
    newest = later(said[old], said[new]) if len(said) == 2 else None
    return next((s for s in said if newest and said[s] is newest), "")


def _reading(course: Course, name: str, student: str, notebook: Path) -> Reading | None:
    """When work was handed in, by its timestamp.txt or else as its LMS has it; None where nobody knows."""
    with contextlib.suppress(Refused):
        if time := handed_in_at(notebook.parent):
            return Reading(time.replace(tzinfo=None), UTC)
    kept = course.attempts(name) / student
    if not (text := moment(notebook, kept)):
        return None
    return Reading(datetime.strptime(text, "%Y-%m-%d-%H-%M-%S"), clock(came_as(notebook, kept)))


def demand_known(course: Course, student: str, recorded: Collection[str] = ()) -> None:
    """Raise GradingError where nothing in the course is this student's, with who may be meant."""
    known = {*_listed(course), *recorded, *(name for place in _places(course) for name in _folders(place))}
    name = Path(student).name == student and student not in (".", "..")
    if name and (student in known or any(there(place / student) for place in _places(course))):
        return
    roster = read_roster(course.roster)
    called = sorted(p.student for p in roster.people if student in (p.name, p.email)) if roster else []
    if called:
        remedy = f"by that name the roster has {' and '.join(called)}: give the id"
    elif near := get_close_matches(student, sorted(known), 3):
        remedy = f"is {' or '.join(near)} meant?"
    else:
        remedy = "an id is a folder's name in submitted/, or stands in the column `student` of roster.csv"
    raise GradingError(f"nobody here has the id {student!r}; {remedy}")


def _listed(course: Course) -> frozenset[str]:
    roster = read_roster(course.roster)
    return frozenset(p.student for p in roster.people) if roster else frozenset()


def _places(course: Course) -> list[Path]:
    """The folders that have one for each student."""
    above = (course.attempts(""), *_by_name(course, ""))
    each = [sorted(p for p in folder.iterdir() if p.is_dir()) for folder in above if folder.is_dir()]
    return [*by_student(course), *(p for ps in each for p in ps)]


def by_student(course: Course) -> tuple[Path, ...]:
    """The folders in which a student's folder has one for each assignment."""
    return (course.submitted, course.autograded, course.feedback)


def _by_name(course: Course, name: str) -> tuple[Path, ...]:
    """The folders of an assignment that have one for each student; attempts are moved file by file."""
    return (course.reports(name), course.previews(name), course.history(name))


def _of_assignment(course: Course, name: str) -> tuple[_Place, ...]:
    """Where a student's folder of an assignment may be: functions of the student."""
    return (
        *(_Place(at, name) for at in by_student(course)),
        *(_Place(at) for at in _by_name(course, name)),
    )


@dataclass(frozen=True)
class _Place:
    above: Path
    name: str = ""

    def __call__(self, student: str) -> Path:
        return self.above / student / self.name


def assignments_of(course: Course, student: str) -> set[str]:
    """The assignments of which a student has anything but attempts."""
    within = [_folders(place / student) for place in by_student(course)]
    kept = [p.parent.name for at in _by_name(course, "") for p in at.glob(f"*/{_literal(student)}")]
    return {*kept, *(name for names in within for name in names)}


def _folders(path: Path) -> list[str]:
    return [p.name for p in path.iterdir() if not p.name.startswith(".")] if path.is_dir() else []


def there(path: Path, but: Path | None = None) -> bool:
    """Whether something is there that is not `but`, as it would be on a disk that knows no capitals."""
    if not os.path.lexists(path):
        return False
    return not (but is not None and os.path.lexists(but) and path.samefile(but))


def _literal(name: str) -> str:
    """A name in a pattern of files that means itself."""
    return "".join(f"[{c}]" if c in "[*?" else c for c in name)


def _path(course: Course, path: Path) -> str:
    return str(path.relative_to(course.work))


def _texts(course: Course, old: str, new: str, merge: bool) -> tuple[dict[str, str], dict[str, str]]:
    """The course's own files that name the student, as they will be, and as they are."""
    change = roster_merged if merge else roster_renamed
    changed = {
        course.roster: change(course.roster, old, new),
        course.dates: toml_renamed(course.dates, old, new),
    }
    texts = {_path(course, path): text for path, text in changed.items() if text is not None}
    return texts, {path: (course.work / path).read_bytes().decode("utf-8") for path in texts}
