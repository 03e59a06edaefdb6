"""What happened to a student's grade, from one recorded state to the next, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from minigrad.grading.classroom.run import fetch
from minigrad.grading.intake.canonical import intake
from minigrad.grading.model import Assignment, Refused, Source
from minigrad.grading.report.markup import number
from minigrad.grading.store.history import State, digest_of_work
from minigrad.grading.store.layout import Course


@dataclass(frozen=True)
class Step:
    """One change: the total before and after, in words, and why."""

    time: str
    before: str
    after: str
    why: tuple[str, ...]


def work(course: Course, assignment: Assignment, source: Source) -> str:
    """The digest of work that lies there now, as the state has it that recording it would make."""
    try:
        cells = intake(fetch(course, source), assignment).cells
    except Refused:
        cells = assignment.cells
    return digest_of_work(c.source for c in cells if c.kind in ("solution", "written", "own"))


def steps(states: Sequence[State]) -> list[Step]:
    """What each recording changed; the first one is the first grade."""
    first = [Step(s.time, "", total(s), ("first graded", *_first(s))) for s in states[:1]]
    return first + [
        Step(new.time, total(old), total(new), tuple(why(old, new))) for old, new in pairwise(states)
    ]


def total(state: State) -> str:
    """The gradebook's total, or why there is none."""
    if state.total is None:
        return state.status if state.status != "graded" else "waits for a person"
    return number(state.total)


def why(old: State, new: State) -> Iterator[str]:
    """What differs between two states, causes first."""
    if old.work != new.work:
        yield "another attempt"
    if old.round != new.round:
        yield "a new round"
    if old.sources != new.sources:
        yield "the assignment was edited"
    yield from (note for note in new.decisions if note not in old.decisions)
    yield from (f"taken back: {note}" for note in old.decisions if note not in new.decisions)
    if (old.status, old.reason) != (new.status, new.reason):
        yield f"{new.status}{new.reason and f': {new.reason}'}"
    common = [name for name in new.checks if name in old.checks]
    told = (
        ("passes", [n for n in common if new.checks[n][0] and not old.checks[n][0]]),
        ("no longer passes", [n for n in common if old.checks[n][0] and not new.checks[n][0]]),
        ("new:", [n for n in new.checks if n not in old.checks] if old.checks else []),
        ("gone:", [n for n in old.checks if n not in new.checks] if new.checks else []),
    )
    yield from (f"{verb} {', '.join(names)}" for verb, names in told if names)
    for name in common:
        was, now = old.checks[name][1], new.checks[name][1]
        if abs(was - now) > 1e-9:
            yield f"{name} is worth {number(now)}, was {number(was)}"
    if abs(old.maximum - new.maximum) > 1e-9 and old.checks and new.checks:
        yield f"the checks' maximum is {number(new.maximum)}, was {number(old.maximum)}"
    if abs(old.penalty - new.penalty) > 1e-9:
        yield f"lateness takes {number(new.penalty)}, took {number(old.penalty)}"
    by_hand = (new.total or 0.0) + new.penalty - new.score, (old.total or 0.0) + old.penalty - old.score
    if old.total is not None and new.total is not None and abs(by_hand[0] - by_hand[1]) > 1e-9:
        yield f"by hand {number(by_hand[0])}, was {number(by_hand[1])}"


def _first(state: State) -> Iterator[str]:
    if state.reason:
        yield state.reason
    yield from state.decisions
    if lost := [name for name, (passed, _) in state.checks.items() if not passed]:
        yield f"does not pass {', '.join(lost)}"
    if state.penalty:
        yield f"lateness takes {number(state.penalty)}"
