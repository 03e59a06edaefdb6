"""How far a student has come in all assignments: what is on record, held against the notebooks as they stand.

A pass counts for the version of the answer that passed, and for the checks that it passed. What a notebook
cannot tell, since it is damaged or being saved, is said; what is on record stays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from minigrad.grading.assignment import expected
from minigrad.grading.assignment.carried import MINE, Files, offered
from minigrad.grading.intake.canonical import intake, read
from minigrad.grading.model import Cell, GradingError, Refused
from minigrad.grading.notebook.release import PUBLIC, Release, lies_in, of_files, release
from minigrad.grading.notebook.study import record
from minigrad.grading.notebook.study.record import Tried
from minigrad.grading.notebook.study.table import Progress, Reached, Work
from minigrad.grading.notebook.study.words import unwritten
from minigrad.grading.store.dates import read_due

# "Six to seven hours.", where it begins a paragraph of the notebook's first cell
TAKES = re.compile(r"^((?:About )?\w+(?: to \w+)? (?:hours?|minutes))[.,;]", re.MULTILINE)
DATES = "course.toml"  # a course's own; or beside a student's folders, where an instructor gave one
NOT_OPEN: Mapping[str, Mapping[str, str]] = {}


def started(home: Path) -> dict[str, Path]:
    """The folders of assignments in `home`, by their names; also itself, where the files lie there."""
    try:
        return {p.name: p for p in (home, *sorted(home.iterdir())) if lies_in(p)}
    except OSError:
        return {}


def progress(home: Path, opened: Mapping[str, Mapping[str, str]] = NOT_OPEN) -> Progress:
    """All assignments: those in folders of `home`, and those that can be begun there.

    `opened` has, by assignment, the answers that ran in a notebook, which may not have been saved yet.
    """
    there, others, notes = started(home), offered(home), []
    due: Mapping[str, datetime] = {}
    try:
        due = read_due((home.parent if home.name == MINE else home) / DATES)
    except GradingError as error:
        notes.append(f"When assignments are due is not known: {error}")
    works = []
    for name in sorted({*there, *others}):
        folder = there.get(name)
        try:
            if folder:
                works.append(_begun(folder, due, opened))
            else:
                works.append(_offered(name, others[name], due.get(name)))
        except GradingError as error:
            works.append(Work(name, folder is not None, due=due.get(name), note=str(error)))
    return Progress(tuple(works), tuple(notes))


def takes(files: Release) -> str:
    """How long an assignment takes, as its notebook says: "six to seven hours"; or ""."""
    found = TAKES.search(files.cells[0].source) if files.cells else None
    return found[1][:1].lower() + found[1][1:] if found else ""


def _offered(name: str, files: Files, due: datetime | None) -> Work:
    made = of_files(files[expected.FILE], files[PUBLIC])
    todo = tuple(Reached(e, "to do", 0, of) for e, of in _counts(made).items())
    return Work(name, False, todo, takes(made), due, words=unwritten((), made.cells))


def _begun(folder: Path, due: Mapping[str, datetime], opened: Mapping[str, Mapping[str, str]]) -> Work:
    files, note = release(folder), ""
    sources: Mapping[str, str] = {}
    words: tuple[Cell, ...] = ()
    try:
        taken = intake(read(folder / f"{files.name}.ipynb"), files)
        sources, words = {c.id: c.source for c in taken.cells}, unwritten(taken.cells, files.cells)
    except Refused as why:
        note = f"the notebook as it was saved last: {why}"
    now = record.versions(files.cells, {**sources, **opened.get(files.name, {})})
    stubs = record.versions(files.cells)
    tried = record.read(record.record_path(folder, files.name))
    own = [t for t in tried if t.assignment == files.name]
    reached = (
        _reached(e, of, now.get(e, ""), stubs.get(e, ""), record.checks_digest(files), own)
        for e, of in _counts(files).items()
    )
    return Work(files.name, True, tuple(reached), takes(files), due.get(files.name), note, words)


def _counts(files: Release) -> dict[str, int]:
    """The number of public checks of each exercise."""
    return {e: sum(c.exercise == e for c in files.checks) for e in files.values.points}


def _reached(exercise: str, of: int, now: str, stub: str, checks: str, tried: Sequence[Tried]) -> Reached:
    own = [t for t in tried if t.exercise == exercise]
    last = next((t for t in reversed(own) if (t.answer, t.checks) == (now, checks)), None)
    if last and last.whole:
        return Reached(exercise, "pass", last.passed, of)
    if now == stub:
        return Reached(exercise, "to do", 0, of)
    if last:
        return Reached(exercise, "fail", last.passed, of)
    return Reached(exercise, "changed" if any(t.whole for t in own) else "unchecked", 0, of)
