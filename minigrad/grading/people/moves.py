"""A student's work under another id, or aside, all of it or nothing: to rename, merge and forget students.

A move is planned as a whole, then written down (`begin`); the gradebook follows in one transaction, then
folders and files, by steps that may be done again (`carry_out`): so one that was stopped is finished later.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from difflib import get_close_matches
from pathlib import Path

from minigrad.grading.intake.stamp import handed_in_at
from minigrad.grading.model import GradingError, Refused, to_type
from minigrad.grading.people.lists import roster_merged, roster_renamed, toml_renamed
from minigrad.grading.roster import folded, possible, read_roster
from minigrad.grading.store import files
from minigrad.grading.store.attempts import keep, moment
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

    def __str__(self) -> str:
        what = f"{self.only} of {self.old}" if self.only else self.old
        return f"{self.old} becomes {self.new}" if self.new else f"{what} is put aside"


# --- what is planned --------------------------------------------------------------------------------


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
    if both_listed or new in recorded or any(_there(place / new, place / old) for place in _places(course)):
        raise GradingError(
            f"{new} is a student already: to make one of both, {to_type('roster', 'merge', old, new)}"
        )
    for other in {*listed, *recorded, *_folders(course.submitted)} - {old, new}:
        if folded(other) == folded(new):
            raise GradingError(
                f"{other} is a student already, the same name in other letters: choose another"
            )
    folders = [(_path(course, place / old), _path(course, place / new)) for place in _places(course)]
    return Move(
        old,
        new,
        tuple(folders),
        _aside(course, f"{old} into {new}"),
        texts=_texts(course, old, new, merge=False),
    )


def planned_merge(course: Course, old: str, new: str, recorded: Collection[str]) -> Move:
    """All of `old` added to `new`: where both handed an assignment in, the newest counts.

    Raises GradingError where it is not known which is the newest, or one of the two is nobody.
    """
    demand_known(course, old, recorded)
    demand_known(course, new, recorded)
    if old == new:
        raise GradingError("one student cannot be merged into the same: name two")
    counts = {name: _that_counts(course, name, old, new) for name in sorted(_assignments(course, old))}
    aside = _aside(course, f"{old} into {new}")
    folders: list[tuple[str, str]] = []
    for name, one in counts.items():
        goes = new if one == old else old
        for place in _of_assignment(course, name):
            if _there(place(old)) and _there(place(new)):
                folders.append((_path(course, place(goes)), f"{aside}/{_path(course, place(goes))}"))
            if _there(place(old)) and (one == old or not _there(place(new))):
                folders.append((_path(course, place(old)), _path(course, place(new))))
    handed = {name: submissions(course.submitted, name, course.names()) for name in counts}
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
    texts = _texts(course, old, new, merge=True)
    return Move(old, new, tuple(folders), aside, tuple(attempts), tuple(kept), texts, counts)


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
    """Whose work counts for an assignment that both may have handed in; GradingError where nobody knows."""
    handed = submissions(course.submitted, name, course.names())
    paths = {s: path for s in (old, new) if isinstance(path := handed.get(s), Path)}
    if len(paths) < 2:
        return old if old in paths or (old in handed and new not in handed) else new
    if paths[old].read_bytes() == paths[new].read_bytes():
        return new
    with contextlib.suppress(Refused):
        times = {s: time for s, path in paths.items() if (time := handed_in_at(path.parent))}
        if len(set(times.values())) == 2:
            return max(times, key=lambda s: times[s])
    moments = {s: at for s, path in paths.items() if (at := moment(path, course.attempts(name) / s))}
    if len(set(moments.values())) == 2:
        return max(moments, key=lambda s: moments[s])
    raise GradingError(
        f"both have handed in {name}, and which is the newest is not known: write the times into "
        f"{' and '.join(str(p.parent / 'timestamp.txt') for p in paths.values())}, "
        "like 2030-01-31 12:00:00 UTC, or put one of the two folders away"
    )


def demand_known(course: Course, student: str, recorded: Collection[str] = ()) -> None:
    """Raise GradingError where nothing in the course is this student's, with who may be meant."""
    known = {*_listed(course), *recorded, *(name for place in _places(course) for name in _folders(place))}
    name = Path(student).name == student and student not in (".", "..")
    if name and (student in known or any(_there(place / student) for place in _places(course))):
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
    return [*_by_student(course), *(p for ps in each for p in ps)]


def _by_student(course: Course) -> tuple[Path, ...]:
    """The folders in which a student's folder has one for each assignment."""
    return (course.submitted, course.autograded, course.feedback)


def _by_name(course: Course, name: str) -> tuple[Path, ...]:
    """The folders of an assignment that have one for each student; attempts are moved file by file."""
    return (course.reports(name), course.previews(name), course.history(name))


def _of_assignment(course: Course, name: str) -> tuple[_Place, ...]:
    """Where a student's folder of an assignment may be: functions of the student."""
    return (
        *(_Place(at, name) for at in _by_student(course)),
        *(_Place(at) for at in _by_name(course, name)),
    )


@dataclass(frozen=True)
class _Place:
    above: Path
    name: str = ""

    def __call__(self, student: str) -> Path:
        return self.above / student / self.name


def _assignments(course: Course, student: str) -> set[str]:
    """The assignments of which a student has anything but attempts."""
    within = [_folders(place / student) for place in _by_student(course)]
    kept = [p.parent.name for at in _by_name(course, "") for p in at.glob(f"*/{_literal(student)}")]
    return {*kept, *(name for names in within for name in names)}


def _folders(path: Path) -> list[str]:
    return [p.name for p in path.iterdir() if not p.name.startswith(".")] if path.is_dir() else []


def _there(path: Path, but: Path | None = None) -> bool:
    """Whether something is there that is not `but`, as it would be on a disk that knows no capitals."""
    if not os.path.lexists(path):
        return False
    return not (but is not None and os.path.lexists(but) and path.samefile(but))


def _literal(name: str) -> str:
    """A name in a pattern of files that means itself."""
    return "".join(f"[{c}]" if c in "[*?" else c for c in name)


def _path(course: Course, path: Path) -> str:
    return str(path.relative_to(course.work))


def _texts(course: Course, old: str, new: str, merge: bool) -> dict[str, str]:
    """The course's own files that name the student, as they will be."""
    change = roster_merged if merge else roster_renamed
    made = {
        course.roster: change(course.roster, old, new),
        course.dates: toml_renamed(course.dates, old, new),
    }
    return {_path(course, path): text for path, text in made.items() if text is not None}


# --- what is done -----------------------------------------------------------------------------------


def _journal(course: Course) -> Path:
    return course.state / "move.json"


def pending(course: Course) -> Move | None:
    """The move that was begun and is not finished; None where there is none."""
    try:
        data = json.loads(_journal(course).read_bytes())
    except FileNotFoundError:
        return None
    lists = {key: tuple(map(tuple, data[key])) for key in ("folders", "attempts", "kept")}
    return Move(**{**data, **lists})


def demand_settled(course: Course) -> None:
    """Raise GradingError where a move is under way, or was stopped."""
    if found := pending(course):
        raise GradingError(f"{found}, and that was stopped half-way: {to_type('roster')} finishes it")


def begin(course: Course, planned: Move) -> None:
    """Write a move down: from here on it will be done."""
    files.write(_journal(course), json.dumps(asdict(planned), ensure_ascii=False, indent=1).encode())


def demand_possible(course: Course, planned: Move) -> None:
    """Raise GradingError where a folder that a move changes may not be written. Changes nothing."""
    steps = (*planned.folders, *planned.attempts)
    paths = [course.work / path for step in steps for path in step if os.path.lexists(course.work / step[0])]
    paths += [course.work / name for name in planned.texts]
    for folder in {next(above for above in path.parents if above.is_dir()): None for path in paths}:
        if not os.access(folder, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids):
            raise GradingError(f"{folder} cannot be written: give yourself the right to; nothing was changed")


def carry_out(course: Course, planned: Move) -> None:
    """Move folders and files; what is done already is left as it is. Then the move is finished.

    Raises GradingError where the disk fails, and the move stays pending.
    """
    try:
        for source, target in _steps(course, planned):
            files.folder(target.parent)
            source.rename(target)
        for notebook, attempts in planned.kept:
            keep(course.work / notebook, course.work / attempts)
        rest = (
            *(path / planned.old for path in _by_student(course)),
            *(course.work / a for a, _ in planned.attempts),
        )
        for folder in rest if planned.new else ():
            _put_rest_aside(course, planned, folder)
        for name, text in planned.texts.items():
            rewrite(course.work / name, text)
        _journal(course).unlink()
    except OSError as error:
        raise GradingError(
            f"{planned.old} could not be moved as a whole ({error.strerror}: {error.filename}): "
            f"see to it, then {to_type('roster')} finishes it"
        ) from error


def _steps(course: Course, planned: Move) -> Iterator[tuple[Path, Path]]:
    """The renamings that are still to be done."""
    for source, target in planned.folders:
        old, new = course.work / source, course.work / target
        if os.path.lexists(old) and not _there(new, old):  # what has come to `old` since then stays there
            yield old, new
    for source, target in planned.attempts:
        for path in sorted((course.work / source).glob("*")):
            yield path, course.work / target / path.name


def _put_rest_aside(course: Course, planned: Move, folder: Path) -> None:
    """Remove what a merged student's folder is empty of; put aside what lies in it besides assignments."""
    if folder.is_dir() and _there(folder, folder.with_name(planned.new)):
        try:
            folder.rmdir()
        except OSError:
            target = course.work / planned.aside / folder.parent.name / f"{folder.name}, what was left"
            files.folder(target.parent)
            folder.rename(target)


def rewrite(path: Path, text: str) -> None:
    """Replace one of the instructor's own files, which keeps its rights."""
    mode = path.stat().st_mode
    files.write(path, text.encode())
    path.chmod(mode)
