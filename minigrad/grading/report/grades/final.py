"""The final column as a file: each student's assignments, what was dropped, and the final score. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from minigrad.grading.report.formats import csv_bytes
from minigrad.grading.report.grades.lms import Grade, State
from minigrad.grading.roster import Person
from minigrad.grading.rules.final import Final, Group, final

PERCENT = 100.0
# Nobody's word is awaited on these; any other state of an assignment is the final column's too.
SETTLED: tuple[State, ...] = ("graded", "not handed in")


@dataclass(frozen=True)
class Row:
    """One student's term."""

    person: Person
    grades: Mapping[str, Grade]  # by assignment in which somebody has a score
    final: Final
    state: State  # "graded" where all assignments are, or were not handed in

    @property
    def grade(self) -> Grade:
        """The final column as a grade, in percent with two digits."""
        percent = None if self.state == "dropped" else self.final.percent
        return Grade(self.person, None if percent is None else round(percent, 2), self.state)


def rows(
    groups: Sequence[Group], maxima: Mapping[str, float], found: Mapping[str, Sequence[Grade]]
) -> list[Row]:
    """A row for each student of any assignment; `maxima` and `found` are of those in
    which somebody has a score.

    What has no score (not handed in, refused, not recorded) counts as 0. An assignment whose points are
    all gone counts for nobody.
    """
    people = {g.person.student: g.person for name in maxima for g in found[name]}
    by_student = {name: {g.person.student: g for g in found[name]} for name in maxima}
    made = []
    for student, person in people.items():
        theirs = {
            name: by_student[name].get(student, Grade(person, None, "not handed in")) for name in maxima
        }
        shares = {name: (g.score or 0.0) / maxima[name] for name, g in theirs.items() if maxima[name]}
        asked = [g.state for g in theirs.values() if g.state not in SETTLED]
        made.append(Row(person, theirs, final(groups, shares), asked[0] if asked else "graded"))
    return made


def final_csv(groups: Sequence[Group], maxima: Mapping[str, float], found: Sequence[Row]) -> bytes:
    """For people and spreadsheets: scores by assignment, percents by group, what was dropped, the final."""
    there = [group.name for group in groups if any(name in maxima for name in group.of)]
    header = [
        *("student", "name", "email", "section"),
        *(f"{name} (of {most:g})" for name, most in maxima.items()),
        *(f"{name} %" for name in there),
        *("dropped", "final", "maximum", "state"),
    ]
    lines = [
        (
            *(row.person.student, row.person.name, row.person.email, row.person.section),
            *(row.grades[name].score for name in maxima),
            *(None if row.state == "dropped" else _rounded(row.final.groups.get(name)) for name in there),
            *("" if row.state == "dropped" else ", ".join(row.final.dropped),),
            *(row.grade.score, PERCENT, row.state),
        )
        for row in found
    ]
    return csv_bytes(header, lines)


def _rounded(percent: float | None) -> float | None:
    return None if percent is None else round(percent, 2)
