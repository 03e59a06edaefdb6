"""What an instructor decided about checks, applied to what the judge found. Pure."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from minigrad.grading.model import Assignment, Decision, Exercise, GradingError, Report, Verdict, to_type
from minigrad.grading.report.markup import number
from minigrad.grading.store.history import DECISION, decisions_of

FEW = 5  # names that are told of many
NOTE = re.compile(rf"{DECISION}[\d-]+: `([^`]+)` (counts for nobody)?")


def concerning(decisions: Iterable[Decision], student: str) -> tuple[Decision, ...]:
    """The decisions that are about a student, as they are kept: wherever they stand in the course file."""
    about = (d for d in decisions if not d.students or student in d.students)
    return tuple(dataclasses.replace(d, where="", students=()) for d in about)


def decided(report: Report) -> Report:
    """A report as its decisions have it: points and verdicts changed, and a note of each."""
    if report.status != "graded" or not report.decisions:
        return dataclasses.replace(report, decisions=())
    exercises = tuple(_exercise(e, report.decisions) for e in report.exercises)
    notes = (*report.notes, *map(note, report.decisions))
    return dataclasses.replace(report, exercises=exercises, notes=notes, decisions=())


def note(d: Decision) -> str:
    """A decision in a sentence, for reports and feedback."""
    does = {
        "credit": f"`{d.of}` counts as passed",
        "drop": f"`{d.of}` counts for nobody, and its points {'are gone' if d.gone else 'go to the others'}",
        "add": f"`{d.of}` gets {number(d.points)} points more, up to all that it has",
    }
    return f"{DECISION}{d.date}: {does[d.kind]}: {d.reason}"


def told_applied(before: Mapping[str, Report], after: Mapping[str, Report]) -> list[str]:
    """A line for each decision that counts now and did not in the reports of before, or the other way round,
    with whose grade it is about."""
    who: dict[str, list[str]] = {}
    judged = {student for student, report in after.items() if report.status == "graded"}
    for student in sorted(before.keys() & judged):
        was, now = decisions_of(before[student]), decisions_of(after[student])
        for note in (n for n in now if n not in was):
            who.setdefault(f"applied now: {note}", []).append(student)
        for note in (n for n in was if n not in now):
            who.setdefault(f"taken back now: {note}", []).append(student)
    return [f"{what} ({', '.join(students)})" for what, students in who.items()]


def explained(notes: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
    """What notes of decisions account for where a report has changed: the checks that they are about, and
    the exercises whose points they share out anew."""
    found = [match for text in notes if (match := NOTE.search(text))]
    return (
        frozenset(match[1] for match in found),
        frozenset(match[1].rpartition(".")[0] for match in found if match[2]),
    )


def maxima(assignment: Assignment, decisions: Iterable[Decision]) -> dict[str, float]:
    """The points of each grade cell, without those that decisions took away."""
    gone = {d.of for d in decisions if d.gone}
    lost = {c.exercise: 0.0 for c in assignment.checks}
    for check in assignment.checks:
        lost[check.exercise] += check.points if check.name in gone else 0.0
    graded = (c for c in assignment.cells if c.kind in ("check", "written"))
    return {c.id: c.points - (lost.get(c.exercise, 0.0) if c.kind == "check" else 0.0) for c in graded}


def demand_known(assignment: Assignment, decisions: Iterable[Decision]) -> None:
    """Raise GradingError, with the line, for a decision about a check or an exercise that is not there,
    and for one that would leave an exercise without checks."""
    checks = {c.name: c.exercise for c in assignment.checks}
    dropped = {d.of for d in decisions if d.kind == "drop"}
    for d in decisions:
        known = tuple(assignment.exercises()) if d.kind == "add" else tuple(checks)
        if d.of not in known:
            what = "exercise" if d.kind == "add" else "check"
            near = nearest(d.of, known)
            rest = len(known) - len(near)
            written = f"report-{assignment.name}.json, which {to_type('report', assignment.name)} writes"
            more = f", and {rest} more: all are in {written}"
            raise GradingError(
                f"{d.where}: no {what} is called `{d.of}`: there is {', '.join(near)}{more if rest else ''}"
            )
        if d.kind == "drop" and all(c in dropped for c, e in checks.items() if e == checks[d.of]):
            raise GradingError(f"{d.where}: `{checks[d.of]}` has no other check: credit this one to all")


def nearest(name: str, known: Sequence[str]) -> list[str]:
    """Some of the names that there are, those first that are most like `name`: all, where they are few."""
    near = get_close_matches(name, known, FEW, 0.3)
    return [*near, *(other for other in known if other not in near)][:FEW]


def _exercise(exercise: Exercise, decisions: Sequence[Decision]) -> Exercise:
    credited = {d.of for d in decisions if d.kind == "credit"}
    dropped = {d.of for d in decisions if d.kind == "drop"}
    gone = {d.of for d in decisions if d.gone}
    more = sum(d.points for d in decisions if d.kind == "add" and d.of == exercise.name)
    mine = [v for v in exercise.verdicts if v.check not in dropped]
    points = exercise.points - sum(v.points for v in exercise.verdicts if v.check in gone)
    left = sum(v.points for v in mine)

    def verdict(v: Verdict) -> Verdict:
        if v.check in dropped:
            return dataclasses.replace(v, points=0.0)
        share = v.points * points / left if len(mine) < len(exercise.verdicts) else v.points
        if v.check in credited:
            return dataclasses.replace(v, points=share, passed=True, reason="", failure=None)
        return dataclasses.replace(v, points=share)

    verdicts = tuple(map(verdict, exercise.verdicts))
    right = all(v.passed for v in verdicts if v.check not in dropped)
    score = points if right and verdicts else sum(v.points for v in verdicts if v.passed)
    told = {"mistake": "", "hint": ""} if right else {}
    return dataclasses.replace(
        exercise, points=points, score=min(points, score + more), verdicts=verdicts, **told
    )
