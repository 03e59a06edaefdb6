"""What each grading found of a student's submission, one line of JSON a change; nothing is ever removed.

A line is the whole state, and what changed is the difference of two lines: so a line that an interruption
kept from being written is written by the next grading, and none is needed twice.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minigrad.grading.model import Report
from minigrad.grading.store.digest import digest
from minigrad.grading.store.files import folder

FILE = "states.jsonl"
DECISION = "Decision of "  # how the note of a decision begins
DIGITS = 9  # behind the point, of a total that is another


@dataclass(frozen=True)
class State:
    """A submission as it was recorded."""

    time: str  # of recording: 2030-02-01 12:00:00 UTC
    status: str
    reason: str  # of what was refused
    checks: Mapping[str, tuple[bool, float]]  # passed, points
    score: float  # the judge's, as decided
    maximum: float
    total: float | None  # the gradebook's, by hand and late too; None without a score
    penalty: float
    decisions: tuple[str, ...]  # in words
    work: str  # digest of what was handed in
    sources: str  # digest of the assignment's checks
    round: str  # digest of the salt


def digest_of_work(texts: Iterable[str]) -> str:
    """The digest of all cells that a student wrote; nothing of a submission that was refused."""
    return digest(json.dumps([*texts]))


def state(
    report: Report, time: str, total: float | None, penalty: float, work: str, sources: str, round: str
) -> State:
    """The state that a recorded report makes."""
    return State(
        time,
        report.status,
        report.reason,
        {v.check: (v.passed, v.points) for e in report.exercises for v in e.verdicts},
        report.score,
        report.points,
        total,
        penalty,
        decisions_of(report),
        work,
        sources,
        round,
    )


def decisions_of(report: Report) -> tuple[str, ...]:
    """The decisions by which a report was made, in words."""
    return tuple(note for note in report.notes if note.startswith(DECISION))


def states(place: Path) -> list[State]:
    """All states of a submission, the oldest first; a line that was cut by a crash is left out."""
    return [*_backwards(place)][::-1]


def newest(place: Path) -> State | None:
    """The last state of a submission; None where nothing was recorded."""
    return next(_backwards(place), None)


def _backwards(place: Path) -> Iterator[State]:
    """All states, the newest first: whoever asks for that alone has no other line read."""
    try:
        lines = (place / FILE).read_bytes().split(b"\n")
    except OSError:
        return
    for line in reversed(lines):
        try:
            yield _state(json.loads(line))
        except (ValueError, TypeError, KeyError):
            continue


def remember(place: Path, new: State) -> bool:
    """Append a state, on the disk when this returns, unless all but its time is that of the last one."""
    last = newest(place)
    if last and _without_time(last) == _without_time(new):
        return False
    line = json.dumps(dataclasses.asdict(new), ensure_ascii=False).encode()
    file = os.open(folder(place) / FILE, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        size = os.fstat(file).st_size
        cut = size and os.pread(file, 1, size - 1) != b"\n"
        os.write(file, (b"\n" if cut else b"") + line + b"\n")
        os.fsync(file)
    finally:
        os.close(file)
    return True


def _without_time(state: State) -> State:
    """What tells two states apart; a sum of the same points in another order does not."""
    total = None if state.total is None else round(state.total, DIGITS)
    return dataclasses.replace(state, time="", total=total, penalty=round(state.penalty, DIGITS))


def _state(values: Mapping[str, Any]) -> State:
    checks = {name: (bool(passed), float(points)) for name, (passed, points) in values["checks"].items()}
    return State(**{**values, "checks": checks, "decisions": tuple(values["decisions"])})
