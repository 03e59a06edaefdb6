"""Whether roster and course fit together: who is missing, double, or unknown. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from minigrad.grading.model import Refused, to_type
from minigrad.grading.report.markup import named
from minigrad.grading.roster import FILE, Roster, Who, folded


@dataclass(frozen=True)
class Roll:
    """What a look at the class found, in lines."""

    figures: str  # "24 students: 22 active, 2 dropped"
    notes: Sequence[str]  # who has not handed in, by assignment
    wrong: Sequence[str]  # what somebody must see to


def roll(
    roster: Roster,
    handed_in: Mapping[str, Collection[str]],
    known: Collection[str],
    folders: Collection[str],
) -> Roll:
    """`handed_in` are students by assignment; `known` all who have `folders` in submitted/, reports or a line
    in the gradebook."""
    active = [p for p in roster.people if p.student not in roster.dropped]
    listed = {p.student for p in roster.people}
    missing = []
    for name, students in handed_in.items():
        absent = [named(p.student, roster.names) for p in active if p.student not in students]
        if students and absent:
            missing.append(f"{name}: {len(absent)} of {len(active)} handed in nothing: {', '.join(absent)}")
    strangers = [_stranger(s, roster, known, s in folders) for s in sorted(set(known) - listed)]
    several = "" if len(listed) == 1 else "s"
    figures = f"{len(listed)} student{several} in {FILE}: {len(active)} active, {len(roster.dropped)} dropped"
    return Roll(figures, missing, [*strangers, *_double(roster)])


def _stranger(student: str, roster: Roster, known: Collection[str], handed_in: bool) -> str:
    """A student who is not on the roster; and who it may be, where the roster knows the name."""
    try:
        meant = roster.student(Who("", (student,)))
    except Refused:
        words = ["--"] * student.startswith("-")  # or it would be taken for an option
        again = to_type("roster", "rename", *words, student, "STUDENT")
        away = "" if handed_in else "its folder is gone from submitted/: "
        put = "put the folder away, then " if handed_in else ""
        forget = f"{put}{to_type('roster', 'forget', *words, student)}"
        return f"{student} is not in {FILE}: {away}add a line, or {again}; if it is nobody, {forget}"
    remedy = to_type("roster", "merge" if meant in known else "rename", student, meant)
    return f"{student} is not in {FILE}, and may be {meant}: {remedy}"


def _double(roster: Roster) -> list[str]:
    """Students of one name, whom an export that gives names alone cannot tell apart."""
    counts = Counter(folded(p.name) for p in roster.people if p.name)
    found: dict[str, list[str]] = {}
    for p in roster.people:
        if p.name and counts[folded(p.name)] > 1:
            found.setdefault(folded(p.name), []).append(f"{p.student} (line {p.line})")
    return [
        f"{' and '.join(several)} of {FILE} have the same name: an LMS that gives names alone means neither; "
        "if they are one person, delete a line"
        for several in found.values()
    ]
