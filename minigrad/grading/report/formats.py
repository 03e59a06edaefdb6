"""Reports for people and programs: text, CSV, JSON.

Everything that is shown is made printable here; nothing in it was written by a worker during a probe.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from minigrad.grading.model import Exercise, Report, Verdict
from minigrad.grading.report.exercise import state
from minigrad.grading.report.markup import (
    MARKS,
    NOBODY,
    Mark,
    Names,
    mark,
    number,
    printable,
    rounded,
    steps_of,
    told_once,
)


def status_line(report: Report) -> str:
    """ "85 of 100 points", or why there are none."""
    if report.status == "graded" and not report.exercises:
        return "nothing here is graded automatically"
    if report.status == "graded":
        return f"{rounded(report.score)} of {rounded(report.points)} points"
    who = (
        "could not be graded"
        if report.status == "refused"
        else "was not graded, by no fault of the submission"
    )
    return f"{who}: {report.reason}; a person will look at it"


@dataclass(frozen=True)
class Line:
    """A line of a report as text: `start` stands before it, and above it where it is wrapped."""

    text: str
    start: str = ""
    mark: Mark | None = None  # of a check's line: it stands in `start`
    head: bool = False


def text(report: Report, public: bool = False) -> str:
    """A report for a mail or a pipe; where they are `public` ones, checks are counted."""
    return plain(lines(report, public))


def lines(report: Report, public: bool = False, steps: int | None = None) -> list[Line]:
    """What `text` says, line by line; of each hint the first `steps`, or all."""
    said = status_line(report)
    if public and report.status == "graded" and report.exercises:
        said = passing([v for e in report.exercises for v in e.verdicts])
    head = [Line(f"{report.assignment}: {said}", head=True), *(Line(n, "note: ") for n in report.notes)]
    return head + [line for exercise in report.exercises for line in exercise_lines(exercise, public, steps)]


def plain(lines: Iterable[Line]) -> str:
    """Lines as they are, without colours or an end."""
    return printable("\n".join(line.start + line.text for line in lines))


def passing(verdicts: Sequence[Verdict]) -> str:
    """ "3 of 5 public checks pass"."""
    return f"{sum(v.passed for v in verdicts)} of {len(verdicts)} public checks pass"


def exercise_text(exercise: Exercise, public: bool = False) -> str:
    """An exercise's checks, one a line, with points where these are not counted."""
    return plain(exercise_lines(exercise, public))


def exercise_lines(exercise: Exercise, public: bool = False, steps: int | None = None) -> list[Line]:
    """What `exercise_text` says, line by line; of the hint the first `steps`, or all."""
    points = f"{rounded(exercise.score)} of {rounded(exercise.points)} points"
    if public and exercise.verdicts and all(v.failure == "todo" for v in exercise.verdicts):
        return [Line(f"{exercise.name}: still to do, {len(exercise.verdicts)} public checks", head=True)]
    if public and (needed := awaited(exercise.verdicts)):
        said = f"waits for {', '.join(needed)}, {len(exercise.verdicts)} public checks"
        return [Line(f"{exercise.name}: {said}", head=True)]
    made = [Line(f"{exercise.name}: {passing(exercise.verdicts) if public else points}", head=True)]
    told = told_once([() if v.passed else (v.reason,) for v in exercise.verdicts])
    for v, reasons in zip(exercise.verdicts, told, strict=True):
        share = (
            "" if public else f"{rounded(v.points if v.passed else 0)}/{rounded(v.points)}".rjust(9) + "  "
        )
        word = mark(v)
        start = f"  {MARKS[word][0]} {word:5} {share}"
        made.append(Line(f"{v.says} ({probe_name(v)})", start, word))
        made += [Line(line, " " * len(start)) for why in reasons for line in why.splitlines()]
    hint = steps_of(exercise.hint)[:steps]
    return made + [Line(step, "        " if i else "  hint: ") for i, step in enumerate(hint)]


def awaited(verdicts: Sequence[Verdict]) -> list[str]:
    """What an exercise waits for, of which every check waits for others: exercises, checks; else nothing."""
    named = [re.findall("`([^`]+)`", v.reason) if v.failure == "waits" else [] for v in verdicts]
    once = dict.fromkeys(name for names in named for name in names) if all(named) else {}
    return [name for name in once if "." not in name or name.partition(".")[0] not in once]


def probe_name(v: Verdict) -> str:
    """A check's name within its exercise: it tells apart checks of the same sentence."""
    return v.check.removeprefix(f"{v.exercise}.")


def lost(report: Report) -> Sequence[tuple[Verdict, str]]:
    """Each failed check with the hint of its exercise."""
    return [(v, e.hint) for e in report.exercises for v in e.verdicts if not v.passed]


# --- a class ---------------------------------------------------------------------------------------


def class_rows(
    reports: Mapping[str, Report], names: Names = NOBODY
) -> tuple[list[str], list[list[str | float | None]]]:
    """(header, rows) of a class table: one row a student, exercises as columns, None where ungraded."""
    exercises = dict.fromkeys(e.name for report in reports.values() for e in report.exercises)
    header = [
        "student",
        "name",
        "status",
        "state",
        "score",
        "points",
        *exercises,
        "failed checks",
        "mistakes",
        "reason",
        "notes",
    ]
    rows: list[list[str | float | None]] = []
    for student in sorted(reports):
        report = reports[student]
        graded = report.status == "graded"
        by_name = {e.name: e for e in report.exercises}
        scores: list[str | float | None] = [
            round(by_name[n].score, 4) if graded and n in by_name else None for n in exercises
        ]
        failed = [v.check for e in report.exercises for v in e.verdicts if not v.passed]
        mistakes = [e.mistake for e in report.exercises if e.mistake]
        rows.append(
            [
                student,
                names.get(student, ""),
                report.status,
                state(report),
                round(report.score, 4) if graded else None,
                report.points if graded else None,
                *scores,
                " ".join(failed),
                " ".join(mistakes),
                report.reason,
                "; ".join(report.notes),
            ]
        )
    return header, rows


def class_csv(reports: Mapping[str, Report], names: Names = NOBODY) -> bytes:
    """The class table as CSV."""
    return csv_bytes(*class_rows(reports, names))


def csv_bytes(header: Sequence[str], rows: Sequence[Sequence[str | float | None]]) -> bytes:
    """CSV in UTF-8 with a byte order mark: spreadsheets read it as it is, and take no cell for a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_plain(value) for value in row] for row in rows)
    return out.getvalue().encode("utf-8-sig", errors="replace")


def _plain(value: str | float | None) -> str:
    """A cell that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return number(value)
    value = printable(value)
    return f"'{value}" if value.lstrip(" \n\ufffd")[:1] in tuple("=+-@＝＋－＠") else value


def class_json(reports: Mapping[str, Report], names: Names = NOBODY) -> dict[str, Any]:
    """A class for programs: each student's score, exercises, checks with reasons, mistakes and hints."""
    return {s: {"name": names.get(s, ""), **_dict(reports[s])} for s in sorted(reports)}


def _dict(report: Report) -> dict[str, Any]:
    graded = report.status == "graded"
    return {
        "assignment": report.assignment,
        "status": report.status,
        "state": state(report),
        "score": round(report.score, 4) if graded else None,
        "points": report.points if graded else None,
        "reason": report.reason,
        "notes": list(report.notes),
        "blank": report.blank,
        "exercises": [
            {
                "name": e.name,
                "score": round(e.score, 4),
                "points": e.points,
                "mistake": e.mistake,
                "hint": e.hint,
                "checks": [
                    {
                        "name": v.check,
                        "says": v.says,
                        "points": v.points,
                        "public": v.public,
                        "passed": v.passed,
                        "reason": v.reason,
                    }
                    for v in e.verdicts
                ],
            }
            for e in report.exercises
        ],
    }
