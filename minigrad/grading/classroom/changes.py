"""What a regrade changes, and what each recording has changed: who gains or loses what, and why. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from typing import Any

from minigrad.grading.classroom.decisions import explained
from minigrad.grading.model import Exercise, Report, to_type
from minigrad.grading.report.markup import number
from minigrad.grading.rules.late import Elsewhere
from minigrad.grading.store.history import DECISION, State

# What the gradebook has of a submission, by exercise: the automatic score, None without one, and the maximum.
Scores = Mapping[str, tuple[float | None, float]]
Late = Mapping[str, tuple[float, float]]  # by student, what lateness took, and takes now
NONE: Late = {}
TAKEN = "taken back: "  # before the note of a decision


def as_recorded(report: Report, scores: Scores) -> Report:
    """A report with the scores and maxima that the gradebook has of the submission, itself if none differs.

    A recording that was stopped leaves a gradebook that is behind the reports. Of a submission that the
    judge failed on, the gradebook keeps what it had.
    """
    if report.status == "ungraded":
        return report
    if any(score is None for score, _ in scores.values()):
        return replace(report, status="refused", exercises=())
    if report.status == "refused":
        had = tuple(Exercise(name, most, score or 0.0, ()) for name, (score, most) in scores.items())
        return replace(report, status="graded", exercises=had) if had else report
    return replace(report, exercises=tuple(_as_recorded(e, scores) for e in report.exercises))


def _as_recorded(exercise: Exercise, scores: Scores) -> Exercise:
    score, most = scores.get(exercise.name, (exercise.score, exercise.points))
    near = abs((score or 0.0) - exercise.score) < 1e-9 and abs(most - exercise.points) < 1e-9
    return exercise if near else replace(exercise, score=score or 0.0, points=most)


@dataclass(frozen=True)
class Change:
    """One student's two reports, where they differ. Scores are None where nothing was graded."""

    student: str
    was: str  # a report's status, or "missing"
    now: str
    before: float | None
    after: float | None
    gained: tuple[str, ...] = ()  # checks that pass now and did not
    lost: tuple[str, ...] = ()
    decided: tuple[str, ...] = ()  # notes of decisions that are new, or taken back
    points: tuple[tuple[str, float, float], ...] = ()  # exercises whose points are others: before, after
    added: tuple[str, ...] = ()  # checks that were not there before
    removed: tuple[str, ...] = ()
    shares: tuple[tuple[str, float, float], ...] = ()  # checks whose points are others, in the same exercise
    reason: str = ""  # why it cannot be graded now
    late: tuple[float, float] = (0.0, 0.0)  # what lateness took, and takes now
    every: tuple[str, ...] = field(default=(), compare=False)  # checks that there are or were: see `_short`

    @property
    def difference(self) -> float:
        """Points won, after what lateness takes; what was not graded counts as none."""
        was, now = self.late
        return (self.after or 0.0) - now - (self.before or 0.0) + was


def changes(before: Mapping[str, Report], after: Mapping[str, Report], late: Late = NONE) -> list[Change]:
    """Each student whose status, score, passed checks or lateness differ, in the order of `after`.

    Only students in `after` are compared: one whose submission is gone keeps the old report.
    """
    made = (_change(s, before.get(s), now, late.get(s, (0.0, 0.0))) for s, now in after.items())
    return [c for c in made if c is not None]


def _change(student: str, old: Report | None, new: Report, late: tuple[float, float]) -> Change | None:
    was = old.status if old else "missing"
    before, after = _score(old), _score(new)
    passed, passes = _passed(old), _passed(new)
    told = _all(old) & _all(new) if before is not None and after is not None else set[str]()
    same = (was, passed, passes) == (new.status, passes, passed)
    if same and _near(before or 0.0, after or 0.0) and _near(*late):
        return None
    gained = tuple(name for name in _names(new) if name in (passes - passed) & told)
    lost = tuple(name for name in _names(new) if name in (passed - passes) & told)
    both = _all(old) and _all(new)
    return Change(
        *(student, was, new.status, before, after, gained, lost, _decided(old, new), _other_points(old, new)),
        added=tuple(name for name in _names(new) if both and name not in _all(old)),
        removed=tuple(name for name in _names(old) if both and name not in _all(new)),
        shares=_other_shares(old, new),
        reason=new.reason,
        late=late,
        every=(*_names(new), *(name for name in _names(old) if name not in _all(new))),
    )


def _near(one: float, other: float) -> bool:
    return abs(one - other) < 1e-9


def _score(report: Report | None) -> float | None:
    return round(report.score, 4) if report and report.status == "graded" else None


def _decided(old: Report | None, new: Report) -> tuple[str, ...]:
    was, now = ([n for n in (r.notes if r else ()) if n.startswith(DECISION)] for r in (old, new))
    gone = [n for n in was if n not in now] if new.status == "graded" else []
    return (*(n for n in now if n not in was), *(f"{TAKEN}{n}" for n in gone))


def _other_points(old: Report | None, new: Report) -> tuple[tuple[str, float, float], ...]:
    known = {e.name: e.points for e in old.exercises} if old else {}
    pairs = ((e.name, known.get(e.name, e.points), e.points) for e in new.exercises)
    return tuple(pair for pair in pairs if pair[1] != pair[2])


def _other_shares(old: Report | None, new: Report) -> tuple[tuple[str, float, float], ...]:
    """Checks of exercises that are worth what they were, which themselves are not."""
    worth = {e.name: e.points for e in old.exercises} if old else {}
    known = {v.check: v.points for e in old.exercises for v in e.verdicts} if old else {}
    same = [e for e in new.exercises if worth.get(e.name) == e.points]
    pairs = ((v.check, known.get(v.check, v.points), v.points) for e in same for v in e.verdicts)
    return tuple(pair for pair in pairs if abs(pair[1] - pair[2]) > 1e-9)


def _names(report: Report | None) -> list[str]:
    return [v.check for e in report.exercises for v in e.verdicts] if report else []


def _all(report: Report | None) -> set[str]:
    return set(_names(report))


def _passed(report: Report | None) -> set[str]:
    return {v.check for e in report.exercises for v in e.verdicts if v.passed} if report else set()


def changes_json(found: Sequence[Change]) -> list[dict[str, Any]]:
    """For programs: one entry for each student who would gain or lose."""
    values = ({**asdict(c), "difference": round(c.difference, 4)} for c in found)
    return [{key: value for key, value in one.items() if key != "every"} for one in values]


def changes_rows(
    found: Sequence[Change], attempts: Collection[str] = ()
) -> list[tuple[str, str, str, str, str]]:
    """(student, before, after, change, why) as text; `attempts` are students of whom another one counts."""
    return [
        (
            c.student,
            c.was if c.before is None else number(c.before),
            c.now if c.after is None else number(c.after),
            f"{c.difference:+.4g}" if c.difference else "0",
            "; ".join((["another attempt"] if c.student in attempts else []) + [*_why(c)]),
        )
        for c in found
    ]


def _why(c: Change) -> Iterator[str]:
    """What led to a change, in words: a decision, and not each thing that it does."""
    checks, exercises = explained(c.decided)
    yield from c.decided
    gained, lost = ([name for name in names if name not in checks] for names in (c.gained, c.lost))
    told = (("gains", gained), ("loses", lost), ("new:", c.added), ("gone:", c.removed))
    yield from _lists(c.every, *told)
    yield from (_worth(*one) for one in c.points if one[0] not in exercises)
    yield from (_worth(*one) for one in c.shares if _exercise(one[0]) not in exercises)
    if not _near(*c.late):
        yield _lateness(*c.late)
    if c.reason:
        yield c.reason


def _lists(every: Collection[str], *told: tuple[str, Sequence[str]]) -> Iterator[str]:
    """A verb and the checks that it is true of, where there are any, in short: see `_short`."""
    return (f"{verb} {', '.join(_short(names, every))}" for verb, names in told if names)


def _short(names: Sequence[str], every: Collection[str]) -> list[str]:
    """Names of checks, with one word for all checks that there are, or for all of an exercise."""
    if len(names) == len(every) > 1:
        return [f"the {len(names)} checks"]
    all_of, mine = (Counter(map(_exercise, some)) for some in (every, names))
    whole = {e for e, count in mine.items() if count == all_of[e] > 1}
    told = (f"the {mine[e]} checks of {e}" if (e := _exercise(n)) in whole else n for n in names)
    return list(dict.fromkeys(told))


def _worth(name: str, old: float, now: float) -> str:
    return f"{name} is worth {number(now)}, was {number(old)}"


def _lateness(old: float, now: float) -> str:
    return f"lateness takes {number(now)}, took {number(old)}"


def _exercise(check: str) -> str:
    return check.rpartition(".")[0]


def maximum_line(before: Mapping[str, Report], after: Mapping[str, Report]) -> str:
    """What the checks' maximum becomes, "" where it stays."""
    old, new = (
        next((r.points for r in reports.values() if r.status == "graded"), None)
        for reports in (before, after)
    )
    if old is None or new is None or abs(old - new) < 1e-9:
        return ""
    return f"the maximum of the checks becomes {number(new)}, was {number(old)}"


def changes_line(found: Sequence[Change], students: int) -> str:
    """One sentence: how many gain, lose, or change without points."""
    gain, lose = (sum(sign * c.difference > 1e-9 for c in found) for sign in (1, -1))
    parts = [f"{gain} gain", f"{lose} lose"]
    if rest := len(found) - gain - lose:
        parts.append(f"{rest} keep their score with other checks or status")
    return f"{len(found)} of {students} submissions change: {', '.join(parts)}"


# --- from one recorded state to the next ----------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """One change: the total before and after, in words, and why."""

    time: str
    before: str
    after: str
    why: tuple[str, ...]


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
    decided = [note for note in new.decisions if note not in old.decisions]
    decided += [f"{TAKEN}{note}" for note in old.decisions if note not in new.decisions]
    yield from decided
    if (old.status, old.reason) != (new.status, new.reason):
        yield f"{new.status}{new.reason and f': {new.reason}'}"
    checks, exercises = explained(decided)
    common = [name for name in new.checks if name in old.checks]
    rest = [name for name in common if name not in checks]
    yield from _lists(
        (*new.checks, *(n for n in old.checks if n not in new.checks)),
        ("passes", [n for n in rest if new.checks[n][0] and not old.checks[n][0]]),
        ("no longer passes", [n for n in rest if old.checks[n][0] and not new.checks[n][0]]),
        ("new:", [n for n in new.checks if n not in old.checks] if old.checks else []),
        ("gone:", [n for n in old.checks if n not in new.checks] if new.checks else []),
    )
    yield from _worths(old, new, exercises)
    if abs(old.maximum - new.maximum) > 1e-9 and old.checks and new.checks:
        yield f"the checks' maximum is {number(new.maximum)}, was {number(old.maximum)}"
    if not _near(old.penalty, new.penalty):
        yield _lateness(old.penalty, new.penalty)
    by_hand = (new.total or 0.0) + new.penalty - new.score, (old.total or 0.0) + old.penalty - old.score
    if old.total is not None and new.total is not None and abs(by_hand[0] - by_hand[1]) > 1e-9:
        yield f"by hand {number(by_hand[0])}, was {number(by_hand[1])}"


def _worths(old: State, new: State, explained: Collection[str]) -> Iterator[str]:
    """Exercises that are worth more or less with all their checks, and checks in any other; none of those
    exercises of which it is `explained`."""
    by_exercise: dict[str, list[tuple[str, float, float]]] = {}
    for name, (_, now) in new.checks.items():
        if name in old.checks and _exercise(name) not in explained:
            by_exercise.setdefault(_exercise(name), []).append((name, old.checks[name][1], now))
    for exercise, several in by_exercise.items():
        others = [one for one in several if not _near(one[1], one[2])]
        was, now = sum(one[1] for one in several), sum(one[2] for one in several)
        if len(others) == len(several) > 1 and not _near(was, now):
            yield _worth(exercise, was, now)
        else:
            yield from (_worth(*one) for one in others)


def _first(state: State) -> Iterator[str]:
    if state.reason:
        yield state.reason
    yield from state.decisions
    if lost := [name for name, (passed, _) in state.checks.items() if not passed]:
        yield f"does not pass {', '.join(_short(lost, state.checks))}"
    if state.penalty:
        yield f"lateness takes {number(state.penalty)}"


def told_elsewhere(name: str, others: Iterable[Elsewhere], preview: bool = False) -> list[str]:
    """A line for each assignment whose totals are others by the late days spent in `name`, and what helps;
    and one for each of which pages of feedback alone are out of date."""
    who: dict[str, list[str]] = {}
    pages: dict[str, list[str]] = {}
    for one in others:
        if one.moved:
            was, now = number(one.before or 0.0), number(one.total or 0.0)
            who.setdefault(one.assignment, []).append(f"{one.student} {was} -> {now}")
        elif one.outdated:
            pages.setdefault(one.assignment, []).append(one.student)
    lines = []
    for other, several in who.items():
        verb = "would change" if preview else "changed"
        line = f"{other} {verb}, by late days spent in {name}: {', '.join(several)}"
        again = f"; next: {to_type('feedback', other)}, then {to_type('export', other)}"
        lines.append(line + ("" if preview else again))
    lines += [
        f"{other}: pages of feedback are out of date, by late days, which are shared: {', '.join(several)}; "
        f"next: {to_type('feedback', other)}"
        for other, several in pages.items()
    ]
    return lines
