"""Pure: what GitHub Actions is told of a check of a notebook: annotations, job summary, points.

The forms are those of GitHub's page "Workflow commands for GitHub Actions"; the two notices with the
points are those that Classroom's own reporter writes (classroom-resources/autograding-grading-reporter,
src/notify-classroom.js).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence

from minigrad.grading.model import Cell, Exercise, Report, Verdict
from minigrad.grading.platforms.lines import Lines
from minigrad.grading.report.formats import passing, probe_name
from minigrad.grading.report.markup import MARKS, mark, printable, told_once

PLACE = re.compile(r"\bline (\d{1,6}) of your cell `([^`]+)`")
SPECIAL = re.compile(r"[&<>\\|*_~`\[\]{}#!@:$^]")  # in Markdown as GitHub shows it, or in HTML


# --- annotations ----------------------------------------------------------------------------------


def annotated(report: Report, file: str, cells: Sequence[Cell], lines: Lines) -> list[str]:
    """A workflow command for each exercise in which a check failed: of a step, GitHub shows ten errors.

    An exercise in which all is still to do gets a warning. It stands where the first failed check's
    code went wrong, as far as its reason says so, and else at the exercise's cell.
    """
    return [
        _annotation(e, file, _line(e, cells, lines))
        for e in report.exercises
        if not all(v.passed for v in e.verdicts)
    ]


def failure(file: str, reason: str) -> str:
    """The command for a notebook that was not checked."""
    return _command("error", {"file": file, "line": "1", "title": "not checked"}, reason)


def _annotation(exercise: Exercise, file: str, line: int) -> str:
    lost = [v for v in exercise.verdicts if not v.passed]
    why = told_once([(v.reason,) for v in lost])
    told = [
        "\n".join((f"{MARKS[mark(v)][0]} {_sentence(v)}", *reasons))
        for v, reasons in zip(lost, why, strict=True)
    ]
    told += [f"hint: {exercise.hint}"] if exercise.hint else []
    level = "error" if any(mark(v) == "fail" for v in lost) else "warning"
    title = f"{exercise.name}: {passing(exercise.verdicts)}"
    return _command(level, {"file": file, "line": str(line), "title": title}, "\n".join(told))


def _line(exercise: Exercise, cells: Sequence[Cell], lines: Lines) -> int:
    """The line of the file at which an exercise's annotation stands."""
    for verdict in exercise.verdicts:
        for number, cell in PLACE.findall(verdict.reason):
            there = lines.get(cell, ())
            if 0 < int(number) <= len(there):
                return there[int(number) - 1]
    return next((there[0] for id in _own(exercise.name, cells) if (there := lines.get(id, ()))), 1)


def _own(exercise: str, cells: Sequence[Cell]) -> list[str]:
    """The ids of the solution cells above an exercise's check cell, then the check cell's own."""
    above: list[str] = []
    for cell in cells:
        if cell.kind == "check" and re.search(rf"""\bcheck\(\s*["']{re.escape(exercise)}["']""", cell.source):
            return [*above, cell.id]
        if cell.kind == "check":
            above = []
        elif cell.kind == "solution":
            above.append(cell.id)
    return []


def _command(name: str, properties: Mapping[str, str], message: str) -> str:
    """A workflow command on one line: whatever would end it, or a property, is escaped."""
    told = ",".join(f"{key}={_escaped(value, ':,')}" for key, value in properties.items())
    return f"::{name} {told}::{_escaped(message)}"


def _escaped(text: str, more: str = "") -> str:
    text = printable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    for letter in more:
        text = text.replace(letter, f"%{ord(letter):02X}")
    return text


def muted(text: str, token: str) -> str:
    """Text for the log in which nothing is a workflow command; `token` is one that nobody can guess."""
    return f"::stop-commands::{token}\n{text}\n::{token}::"


# --- points and summary ---------------------------------------------------------------------------


def points(report: Report) -> list[str]:
    """The two notices from which Classroom takes an assignment's points: whole ones.

    The maximum is rounded up, the score down unless it is the maximum.
    """
    most = math.ceil(report.points - 1e-6)
    got = most if report.score > report.points - 1e-6 else int(report.score + 1e-6)
    told = json.dumps({"totalPoints": got, "maxPoints": most}, separators=(",", ":"))
    return [
        _command("notice", {"title": "Autograding complete"}, f"Points {got}/{most}"),
        _command("notice", {"title": "Autograding report"}, told),
    ]


def summary(report: Report) -> str:
    """The job's summary, Markdown: a table of exercises and checks with reasons and hints."""
    verdicts = [v for e in report.exercises for v in e.verdicts]
    rows = [row for e in report.exercises for row in _rows(e)]
    notes = [f"- {_cell(note)}" for note in report.notes]
    table = ["| | check | |", "|---|---|---|", *rows, ""] if rows else []
    head = (
        f"### {_cell(report.assignment)}: {passing(verdicts)}" if verdicts else "### nothing is checked here"
    )
    return "\n".join([head, "", *table, *notes, *([""] if notes else []), "Grading adds hidden checks.", ""])


def refusal(reason: str) -> str:
    """The job's summary for a notebook that was not checked."""
    return f"### not checked\n\n{_cell(reason)}\n"


def _rows(exercise: Exercise) -> list[str]:
    rows = [f"| | **{_cell(exercise.name)}** | {passing(exercise.verdicts)} |"]
    told = told_once([() if v.passed else (v.reason,) for v in exercise.verdicts])
    for v, reasons in zip(exercise.verdicts, told, strict=True):
        rows.append(f"| {MARKS[mark(v)][0]} {mark(v)} | {_cell(_sentence(v))} | {_cell(''.join(reasons))} |")
    return rows + ([f"| | **hint** | {_cell(exercise.hint)} |"] if exercise.hint else [])


def _sentence(v: Verdict) -> str:
    """A check's sentence, with its name: others may say the same."""
    return f"{v.says} ({probe_name(v)})"


def _cell(text: str) -> str:
    """Text in a table's cell, in which nothing is Markdown or HTML but `names` between backticks."""
    parts = re.split(r"`([^`\n]+)`", printable(text))
    plain = [SPECIAL.sub(lambda found: f"&#{ord(found[0])};", part) for part in parts]
    coded = [f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(plain)]
    return "<br>".join("".join(coded).splitlines())
