"""A student's move to another id, or aside, written down: done as a whole, finished later, or taken back.

The gradebook comes first, in one transaction, then folders and files, by steps that may be done again: so a
move that was stopped at whatever moment is finished by `carry_out`.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from minigrad.grading.model import GradingError, to_type
from minigrad.grading.people.moves import Move, by_student, there
from minigrad.grading.store import files
from minigrad.grading.store.attempts import keep
from minigrad.grading.store.layout import Course


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
        raise GradingError(
            f"{found}, and that was stopped half-way: {to_type('roster')} finishes it, "
            f"{to_type('roster', 'undo')} takes it back"
        )


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
            *(path / planned.old for path in by_student(course)),
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
            f"see to it, then {to_type('roster')} finishes it, or {to_type('roster', 'undo')} takes it back"
        ) from error


def _steps(course: Course, planned: Move) -> Iterator[tuple[Path, Path]]:
    """The renamings that are still to be done."""
    for source, target in planned.folders:
        old, new = course.work / source, course.work / target
        if os.path.lexists(old) and not there(new, old):  # what has come to `old` since then stays there
            yield old, new
    for source, target in planned.attempts:
        for path in sorted((course.work / source).glob("*")):
            yield path, course.work / target / path.name


def _put_rest_aside(course: Course, planned: Move, folder: Path) -> None:
    """Remove what a merged student's folder is empty of; put aside what lies in it besides assignments."""
    if folder.is_dir() and there(folder, folder.with_name(planned.new)):
        try:
            folder.rmdir()
        except OSError:
            target = course.work / planned.aside / folder.parent.name / f"{folder.name}, what was left"
            files.folder(target.parent)
            folder.rename(target)


def way_back(course: Course, stopped: Move) -> Move:
    """The move that undoes as much of a rename as was done. What was edited since then is left as it is."""
    texts = {
        name: stopped.was[name]
        for name, text in stopped.texts.items()
        if (course.work / name).read_bytes().decode("utf-8", "replace") == text
    }
    folders = tuple((target, source) for source, target in reversed(stopped.folders))
    was = {name: stopped.texts[name] for name in texts}
    return Move(stopped.new, stopped.old, folders, stopped.aside, texts=texts, was=was, whole=True)


def begun(course: Course, stopped: Move) -> bool:
    """Whether anything of a merge, or of what is forgotten, was moved on the disk, or may have been."""
    moved = any(not os.path.lexists(course.work / source) for source, _ in stopped.folders)
    return moved or bool(stopped.attempts and not stopped.folders)


def give_up(course: Course, stopped: Move) -> None:
    """Forget a move of which nothing was done; what had been written down of the gradebook goes."""
    shutil.rmtree(course.work / stopped.aside, ignore_errors=True)
    _journal(course).unlink()


def rewrite(path: Path, text: str) -> None:
    """Replace one of the instructor's own files, which keeps its rights."""
    mode = path.stat().st_mode
    files.write(path, text.encode())
    path.chmod(mode)
