"""Grades for a learning management system: the gradebook's totals, with who is who from the roster. Pure.

Forms, as public pages describe them; none was tried in the system itself. Canvas: name, its own id, the two
ids of the school, section, then assignments (Ohio State University, "Import CSV File to Carmen Grades"), with
the row of possible points that its own export has. Moodle: a user's email address, columns mapped by hand.
Blackboard: a user's name, and a column of text for each header that it does not know (Blackboard's help,
"Uploading or Downloading Grade Center Items for Working Offline").
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from minigrad.grading.model import GradingError, Report
from minigrad.grading.report.formats import csv_bytes
from minigrad.grading.roster import FILE, Person, Roster

State = Literal[
    "graded",
    "needs a person",
    "refused",
    "ungraded",  # the judge failed
    "not graded yet",  # or other work than what was graded is there: the score is the old one
    "not recorded",
    "not handed in",
    "dropped",
]
JUDGED: tuple[State, ...] = ("graded", "needs a person", "refused")
HEADER = ("student", "name", "email", "section", "score", "maximum", "state", "late penalty", "late days")


@dataclass(frozen=True)
class Total:
    """What the gradebook has of one submission: `score` is its final one, None where checks have none."""

    score: float | None
    penalty: float  # what lateness took; `score` is without it
    needs_person: bool
    current: bool = (
        True  # whether it has what the last report says; not so after a recording that was stopped
    )
    late_days: int = 0  # spent on it


@dataclass(frozen=True)
class Grade:
    """One student's grade for an assignment; without a `score` there is none yet."""

    person: Person
    score: float | None
    state: State
    penalty: float = 0.0
    late_days: int = 0


def grades(
    totals: Mapping[str, Total],
    reports: Mapping[str, Report],
    handed_in: Collection[str],
    roster: Roster | None,
    newer: Collection[str] = (),
) -> list[Grade]:
    """A grade for each student of the roster; without a roster, for all known.

    `newer` are those of whom other work counts than what was graded: the score is the one so far.
    """
    if roster is None:
        people = [Person(s) for s in sorted({*totals, *reports, *handed_in})]
    else:
        people = list(roster.people)
    found = (_grade(p, totals.get(p.student), reports.get(p.student), p.student in handed_in) for p in people)
    return [
        replace(g, state="not graded yet") if g.person.student in newer and g.state in JUDGED else g
        for g in found
    ]


def _grade(person: Person, total: Total | None, report: Report | None, handed_in: bool) -> Grade:
    if person.status == "dropped":
        return Grade(person, None, "dropped")
    if total is None and report is None:
        return Grade(person, None, "not graded yet" if handed_in else "not handed in")
    if total is None:
        return Grade(person, None, "ungraded" if report and report.status == "ungraded" else "not recorded")
    if not total.current:
        return Grade(person, None, "not recorded")
    if not total.needs_person:
        return Grade(person, total.score, "graded", total.penalty, total.late_days)
    judged = report.status if report else "graded"
    asked: State = "needs a person" if judged == "graded" else judged
    return Grade(person, total.score, asked, total.penalty, total.late_days)


def strangers(known: Collection[str], roster: Roster | None) -> list[str]:
    """Students who have work in the course, and no line in its roster."""
    listed = {p.student for p in roster.people} if roster else set(known)
    return sorted(set(known) - listed)


def told(found: Sequence[Grade]) -> str:
    """ "10 graded, 1 needs a person"."""
    counts = Counter(g.state for g in found)
    return ", ".join(f"{count} {state}" for state, count in counts.most_common()) or "nobody"


def plain_csv(found: Sequence[Grade], maximum: float) -> bytes:
    """A row for each student, for people and spreadsheets: the score so far, with its state beside it."""
    rows = [
        (
            *(g.person.student, g.person.name, g.person.email, g.person.section),
            *(g.score, maximum, g.state, g.penalty or None, g.late_days or None),
        )
        for g in found
    ]
    return csv_bytes(HEADER, rows)


# --- what an LMS imports: final scores alone, since it would show any other as a grade --------------

Row = Sequence[str | float | None]


def _canvas(name: str, maximum: float, final: Sequence[Grade]) -> tuple[Row, list[Row]]:
    header = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section", name)
    possible: Row = ("    Points Possible", "", "", "", "", maximum)
    rows = [
        (g.person.name or g.person.student, g.person.ids["canvas"], "", "", g.person.section, g.score)
        for g in final
    ]
    return header, [possible, *rows]


def _moodle(name: str, maximum: float, final: Sequence[Grade]) -> tuple[Row, list[Row]]:
    return ("Email address", "Full name", name), [(g.person.email, g.person.name, g.score) for g in final]


def _blackboard(name: str, maximum: float, final: Sequence[Grade]) -> tuple[Row, list[Row]]:
    return ("Username", name), [(g.person.ids["blackboard"], g.score) for g in final]


Form = Callable[[str, float, Sequence[Grade]], tuple[Row, list[Row]]]
# What imports grades: its form, and the column of the roster by which it knows a student.
FORMS: Mapping[str, tuple[Form, str]] = {
    "canvas": (_canvas, "canvas"),
    "moodle": (_moodle, "email"),
    "blackboard": (_blackboard, "blackboard"),
}


def lms_csv(
    lms: str, name: str, maximum: float, found: Sequence[Grade], roster: Roster | None
) -> tuple[bytes, list[str]]:
    """The file that an LMS imports for the assignment `name`, and whom it leaves out, each with the reason.

    Only what is graded is in it: UTF-8, without the mark that spreadsheets want. Raises GradingError
    where the roster lacks the column by which the LMS knows a student.
    """
    form, column = FORMS[lms]
    if roster is None or column not in roster.columns:
        raise GradingError(f"{lms} knows a student by the column `{column}` of {FILE}: add it")
    out = [f"{g.person.student}: {g.state}" for g in found if g.state not in ("graded", "dropped")]
    final = [g for g in found if g.state == "graded"]
    out += [
        f"{g.person.student}: no `{column}` in {FILE}, line {g.person.line}"
        for g in final
        if not _id(g.person, column)
    ]
    header, rows = form(name, maximum, [g for g in final if _id(g.person, column)])
    return csv_bytes(list(map(str, header)), rows).decode("utf-8-sig").encode(), out


def _id(person: Person, column: str) -> str:
    return person.email if column == "email" else person.ids.get(column, "")
