"""Scores for a learning management system: one row a student, those who handed in nothing too."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from minigrad.grading.model import GradingError, Report
from minigrad.grading.report.exercise import state
from minigrad.grading.report.formats import csv_bytes, status_line

HEADER = ("id", "student", "score", "points", "state", "comment")
HELP = "the first line is `student,id`, then one line for each student, such as `s17,20301234`"


def read_ids(path: Path) -> dict[str, str]:
    """The id map: each student's name in submitted/, and their id elsewhere.

    A CSV file with the columns `student` and `id`, in any order; other columns are left alone.
    Raises GradingError with the line that is wrong.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise GradingError(f"the id map {path} is not there: {HELP}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise GradingError(f"the id map {path} cannot be read ({error}): save it as UTF-8; {HELP}") from None
    rows = csv.DictReader(io.StringIO(text), skipinitialspace=True)
    if not {"student", "id"} <= set(rows.fieldnames or ()):
        raise GradingError(f"{path}, line 1: no columns `student` and `id`; {HELP}")
    ids: dict[str, str] = {}
    owners: dict[str, str] = {}
    for row in rows:
        where = f"{path}, line {rows.line_num}"
        student, id = ((row[key] or "").strip() for key in ("student", "id"))
        if not student or not id:
            raise GradingError(f"{where}: a student and an id are needed; {HELP}")
        if student in ids:
            raise GradingError(f"{where}: {student} is there twice: keep one line")
        if id in owners:
            raise GradingError(f"{where}: {student} and {owners[id]} have the same id {id}: correct one")
        ids[student], owners[id] = id, student
    return ids


def lms_csv(reports: Mapping[str, Report], ids: Mapping[str, str]) -> bytes:
    """A row for each student of the id map, in its order: UTF-8 with a byte order mark.

    Only what was graded has a score; `state` is one of full, partial, zero, blank, refused,
    ungraded, missing.
    """
    points = max((r.points for r in reports.values()), default=0.0)
    rows: list[list[str | float | None]] = []
    for student, id in ids.items():
        report = reports.get(student)
        graded = report is not None and report.status == "graded"
        rows.append(
            [
                id,
                student,
                round(report.score, 4) if report and graded else None,
                points,
                state(report),
                status_line(report) if report else "nothing was handed in",
            ]
        )
    return csv_bytes(HEADER, rows)
