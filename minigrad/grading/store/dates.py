"""The course file, course.toml: due dates, lateness, attempts, the final column, decisions, the gradebook.

[due]
01-rnn = 2030-02-01T23:59:00+01:00

[extensions.01-rnn]
ada = 2030-02-08T23:59:00+01:00

[late]
grace_hours = 0.5           # after the due date, free of charge
slope_percent_per_day = 10  # of the score, from the due date on
cap_percent = 50            # at most
budget_days = 5             # free days of each student over the term, spent in the order of due dates

[attempts]
counts = "last"             # or "last in time", or "best"

[feedback]
hints = "place"             # all steps of a hint; or its "question" alone, or the "idea" too

[final]                     # percent: groups by weight, each the mean of its assignments
homework = { of = ["01-rnn", "02-lstm"], weight = 60, drop_lowest = 1 }
project = { of = ["03-gru"], weight = 40 }

[[decisions.01-rnn]]
credit = "rnn-cell.gradients"   # counts as passed; students = ["ada"]: only for these
reason = "The text was unclear."
date = 2030-02-03

[[decisions.01-rnn]]
drop = "rnn-cell.values"        # counts for nobody; gone = true: nor do its points
reason = "It asked for more than the text."
date = 2030-02-03

[[decisions.01-rnn]]
add = "rnn-cell"                # to an exercise, up to all that it has; also with students
points = 2
reason = "The server was down."
date = 2030-02-04

[gradebook]
db_url = "postgresql+psycopg2:///course"
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from minigrad.grading.model import Decision, GradingError
from minigrad.grading.roster import read_roster
from minigrad.grading.rules.attempts import COUNTS, Counts
from minigrad.grading.rules.final import Group
from minigrad.grading.rules.hints import DEGREES, Degree
from minigrad.grading.rules.late import Late
from minigrad.grading.store.layout import Course

FILE = "course.toml"
SECTIONS = ("due", "extensions", "late", "attempts", "feedback", "final", "decisions", "gradebook")
EXAMPLE = "2030-02-01T23:59:00+01:00"


@dataclass(frozen=True)
class Dates:
    """What the course file says; every time has a time zone. Empty where there is no file."""

    due: Mapping[str, datetime] = field(default_factory=dict)
    extensions: Mapping[str, Mapping[str, datetime]] = field(default_factory=dict)  # assignment -> student
    late: Late = field(default_factory=Late)
    db_url: str = ""
    decisions: Mapping[str, tuple[Decision, ...]] = field(default_factory=dict)  # by assignment
    counts: Counts = "last"
    groups: tuple[Group, ...] = ()  # of the final column
    hints: Degree = DEGREES[-1]  # how far graded work is told them

    def until(self, name: str, student: str) -> datetime | None:
        """When an assignment is due for a student; None where the course file does not say."""
        return self.extensions.get(name, {}).get(student, self.due.get(name))


@dataclass(frozen=True)
class Students:
    """Who is in the course, and what is told of a name that is nobody's."""

    known: Collection[str]
    why: str

    @classmethod
    def of(cls, course: Course) -> Students:
        """Those of the roster; without one, those who have a folder in submitted/."""
        if roster := read_roster(course.roster):
            return cls(
                {p.student for p in roster.people}, f"is no student of {course.roster.name}: correct one"
            )
        folders = course.submitted.iterdir() if course.submitted.is_dir() else ()
        return cls(
            {p.name for p in folders},
            f"has handed in nothing, and no {course.roster.name} knows the name: list the class there",
        )


def dates_of(course: Course) -> Dates:
    """The course file of a course, all of whose names mean somebody."""
    return read_dates(course.dates, course.names(), Students.of(course))


def read_dates(path: Path, known: Collection[str], students: Students | None = None) -> Dates:
    """The course file, where there is one; `known` are the course's assignments.

    With `students`, nobody else can have an extension.

    Raises GradingError naming the line, what is wrong there, and the remedy.
    """
    text, values = _parsed(path)
    return _Reader(path.name, text, known, students).dates(values) if text else Dates()


def read_due(path: Path) -> Mapping[str, datetime]:
    """When each assignment is due, by a course file that a student may have: [due] alone, of any name."""
    text, values = _parsed(path)
    reader = _Reader(path.name, text, (), None)
    return {name: reader.time(value, "due", name) for name, value in reader.section(values, "due").items()}


def hints_of(course: Course) -> Degree:
    """How far graded work is told hints."""
    text, values = _parsed(course.dates)
    return _Reader(course.dates.name, text, (), None).hints(values)


def _parsed(path: Path) -> tuple[str, dict[str, Any]]:
    """A course file's text and values, none where there is no file; GradingError where it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
        return text, tomllib.loads(text)
    except FileNotFoundError:
        return "", {}
    except tomllib.TOMLDecodeError as error:
        raise GradingError(f"{path.name}: {error}: this is no TOML") from None
    except UnicodeDecodeError:
        raise GradingError(f"{path.name} is not written in UTF-8: save it so in an editor") from None
    except OSError as error:
        raise GradingError(f"{path.name} cannot be read: {error}") from None


@dataclass(frozen=True)
class _Reader:
    file: str
    text: str
    known: Collection[str]
    students: Students | None

    def dates(self, values: Mapping[str, Any]) -> Dates:
        self.only(values, "", SECTIONS)
        due = {
            self.assignment(name, "due"): self.time(value, "due", name)
            for name, value in self.section(values, "due").items()
        }
        extensions: dict[str, dict[str, datetime]] = {}
        for name, students in self.section(values, "extensions").items():
            section = f"extensions.{self.assignment(name, 'extensions')}"
            if not isinstance(students, dict):
                raise self.wrong("extensions", name, f"needs a table [{section}] of students")
            if name not in due:
                raise self.wrong(section, "", f"{name} has no due date to extend: add one under [due]")
            extensions[name] = {
                self.student(s, section): self.time(value, section, s) for s, value in students.items()
            }
            for student, time in extensions[name].items():
                if time < due[name]:
                    raise self.wrong(section, student, "is before the due date: give a later time")
        late = self.section(values, "late")
        self.only(late, "late", tuple(Late.__dataclass_fields__))
        book = self.section(values, "gradebook")
        self.only(book, "gradebook", ("db_url",))
        url = book.get("db_url", "")
        if not isinstance(url, str) or (url and "://" not in url):
            raise self.wrong("gradebook", "db_url", 'must be like "postgresql+psycopg2:///course"')
        decisions = {
            self.assignment(name, "decisions"): tuple(self.decided(name, tables))
            for name, tables in self.section(values, "decisions").items()
        }
        return Dates(
            due,
            extensions,
            self.costs(late),
            url,
            decisions,
            self.counts(values),
            self.groups(values),
            self.hints(values),
        )

    def costs(self, late: Mapping[str, Any]) -> Late:
        """What lateness costs."""
        numbers = {
            key: self.number(value, "late", key) for key, value in late.items() if key != "budget_days"
        }
        days = late.get("budget_days", 0)
        if isinstance(days, bool) or not isinstance(days, int) or days < 0:
            raise self.wrong("late", "budget_days", "must be a whole number from 0")
        if days and not numbers.get("slope_percent_per_day"):
            raise self.wrong("late", "budget_days", "spares nobody anything: add slope_percent_per_day")
        return Late(**numbers, budget_days=days)

    def counts(self, values: Mapping[str, Any]) -> Counts:
        """Which attempt counts."""
        attempts = self.section(values, "attempts")
        self.only(attempts, "attempts", ("counts",))
        for counts in COUNTS:
            if attempts.get("counts", COUNTS[0]) == counts:
                return counts
        raise self.wrong("attempts", "counts", f"must be one of {', '.join(map(repr, COUNTS))}")

    def hints(self, values: Mapping[str, Any]) -> Degree:
        """How far graded work is told hints."""
        feedback = self.section(values, "feedback")
        self.only(feedback, "feedback", ("hints",))
        for degree in DEGREES:
            if feedback.get("hints", DEGREES[-1]) == degree:
                return degree
        raise self.wrong("feedback", "hints", f"must be one of {', '.join(map(repr, DEGREES))}")

    def groups(self, values: Mapping[str, Any]) -> tuple[Group, ...]:
        """The groups of the final column."""
        tables, groups, taken = self.section(values, "final"), [], dict[str, str]()
        for name, table in tables.items():
            if not isinstance(table, dict):
                raise self.wrong("final", name, 'must be like { of = ["01-rnn"], weight = 60 }')
            where = f"final.{name}"
            self.only(table, where, ("of", "weight", "drop_lowest"))
            of, drop = table.get("of"), table.get("drop_lowest", 0)
            if not isinstance(of, list) or not of:
                raise self.wrong(where, "of", 'must list assignments: of = ["01-rnn"]')
            for one in of:
                if one not in self.known:
                    raise self.wrong(where, "of", f"has {one!r}, which is none of {', '.join(self.known)}")
                if one in taken:
                    raise self.wrong(where, "of", f"has {one}, which {taken[one]} has already")
                taken[one] = name
            weight = self.number(table.get("weight"), where, "weight")
            if not 0 < weight < float("inf"):
                raise self.wrong(where, "weight", "must be a number above 0")
            if isinstance(drop, bool) or not isinstance(drop, int) or not 0 <= drop < len(of):
                raise self.wrong(where, "drop_lowest", f"must be a whole number from 0 to {len(of) - 1}")
            groups.append(Group(name, tuple(of), weight, drop))
        return tuple(groups)

    def decided(self, name: str, tables: object) -> Iterator[Decision]:
        """The decisions about an assignment's checks, in the order of the file."""
        section = f"decisions.{name}"
        if not isinstance(tables, list) or not all(isinstance(t, dict) for t in tables):
            raise self.wrong("decisions", name, f"must be a list of tables: write [[{section}]] above each")
        header = re.compile(rf"\s*\[\[\s*decisions\s*\.\s*[\"']?{re.escape(name)}[\"']?\s*\]\]")
        lines = [i for i, text in enumerate(self.text.splitlines(), 1) if header.match(text)]
        for number, table in enumerate(tables):
            at = f", line {lines[number]}" if len(lines) == len(tables) else ""
            yield self.decision(table, f"{self.file}{at} [{section}]")

    def decision(self, table: Mapping[str, Any], where: str) -> Decision:
        def demand(right: bool, why: str) -> None:
            if not right:
                raise GradingError(f"{where}: {why}")

        kinds = [kind for kind in ("drop", "credit", "add") if kind in table]
        demand(len(kinds) == 1, "needs one of drop, credit and add: the check's name, or the exercise's")
        (kind,) = kinds
        own = {"drop": ("gone",), "credit": ("students",), "add": ("points", "students")}[kind]
        for key in table.keys() - {kind, *own, "reason", "date"}:
            demand(False, f"`{key}` is unknown: beside {kind} there is {', '.join((*own, 'reason', 'date'))}")
        of, reason, day = (table.get(key) for key in (kind, "reason", "date"))
        demand(isinstance(of, str), f"{kind} must be a name in quotes")
        demand(isinstance(reason, str) and bool(reason.strip()), "needs a reason, which students read")
        demand(isinstance(day, date) and not isinstance(day, datetime), "needs a date: date = 2030-02-03")
        students, points, gone = table.get("students", []), table.get("points", 0.0), table.get("gone", False)
        demand(isinstance(students, list), "students must be a list of names")
        demand("students" not in table or bool(students), "students names nobody: leave it out for everybody")
        for student in students:
            named = isinstance(student, str) and (not self.students or student in self.students.known)
            demand(named, f"`{student}` {self.students.why if self.students else 'is no name'}")
        plain = isinstance(points, int | float) and not isinstance(points, bool) and 0 < points < float("inf")
        demand(kind != "add" or plain, "points must be a number above 0")
        demand(isinstance(gone, bool), "gone must be true or false")
        values = {"of": str(of), "reason": str(reason).strip(), "date": str(day), "where": where}
        return Decision(kind, points=float(points), gone=gone, students=tuple(students), **values)  # type: ignore[arg-type]

    def section(self, values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        found = values.get(name, {})
        if not isinstance(found, dict):
            raise self.wrong("", name, f"must be a table: write [{name}] above its lines")
        return found

    def only(self, values: Mapping[str, Any], section: str, keys: Collection[str]) -> None:
        for key in values:
            if key not in keys:
                raise self.wrong(section, key, f"is unknown: there is {', '.join(keys)}")

    def assignment(self, name: str, section: str) -> str:
        if name not in self.known:
            there = ", ".join(self.known) or "none"
            raise self.wrong(section, name, f"is no assignment of this course: there is {there}")
        return name

    def student(self, name: str, section: str) -> str:
        if self.students and name not in self.students.known:
            raise self.wrong(section, name, self.students.why)
        return name

    def time(self, value: object, section: str, key: str) -> datetime:
        if not isinstance(value, datetime):
            raise self.wrong(section, key, f"must be a date with a time, without quotes: {EXAMPLE}")
        if value.tzinfo is None:
            raise self.wrong(section, key, f"needs its distance from UTC: {EXAMPLE}")
        return value

    def number(self, value: object, section: str, key: str) -> float:
        top = 100 if key == "cap_percent" else float("inf")
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= top:
            raise self.wrong(section, key, "must be a number from 0" + (" to 100" if top == 100 else ""))
        return float(value)

    def wrong(self, section: str, key: str, why: str) -> GradingError:
        """What is wrong with a key of a section, and its line."""
        wanted, here, found, line = ".".join(filter(None, (section, key))), "", "", 0
        for number, text in enumerate(self.text.splitlines(), 1):
            bare = re.sub(
                r"\s*([.=])\s*", r"\1", text.split("#")[0].replace('"', "").replace("'", "").strip()
            )
            if header := re.fullmatch(r"\[+\s*(.*?)\s*\]+", bare):
                path = here = header[1]
            else:
                path = ".".join(filter(None, (here, bare.partition("=")[0])))
            if len(path) > len(found) and (wanted == path or wanted.startswith(f"{path}.")):
                found, line = path, number
        where = f"{self.file}, line {line}" if line else self.file
        named = f"`{key}` " if key else ""
        return GradingError(f"{where}{f' [{section}]' if section else ''}: {named}{why}")
