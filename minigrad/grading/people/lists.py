"""The course's own files, roster.csv and course.toml, with another id for a student; nothing is written."""

from __future__ import annotations

import csv
import io
import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from minigrad.grading.model import GradingError
from minigrad.grading.roster import decoded, read_roster, separator

Row = dict[str, str]
Rows = list[Row]


def roster_renamed(path: Path, old: str, new: str) -> str | None:
    """The roster with `new` for `old`; None where it stays as it is."""

    def change(rows: Rows) -> Rows:
        listed = any(row["student"] == new for row in rows)  # whose work had the wrong name
        return [{**row, "student": new} if row["student"] == old and not listed else row for row in rows]

    return _edited(path, old, change)


def roster_merged(path: Path, old: str, new: str) -> str | None:
    """The roster without `old`, of whose entries `new` has those that it lacked."""

    def change(rows: Rows) -> Rows:
        (mine,) = (row for row in rows if row["student"] == old)
        if all(row["student"] != new for row in rows):
            return [{**row, "student": new} if row is mine else row for row in rows]
        joined = [{k: row[k] or mine[k] for k in row} if row["student"] == new else row for row in rows]
        return [row for row in joined if row["student"] != old]

    return _edited(path, old, change)


def roster_dropped(path: Path, student: str) -> str | None:
    """The roster with a student marked as dropped; None where the student is not in it."""

    def change(rows: Rows) -> Rows:
        return [
            {**row, "status": "dropped" if row["student"] == student else row.get("status", "")}
            for row in rows
        ]

    return _edited(path, student, change)


def _edited(path: Path, student: str, change: Callable[[Rows], Rows]) -> str | None:
    """The roster after a change, in the form that it had; None where `student` is not in it."""
    roster = read_roster(path)  # a wrong one is refused with its line
    if roster is None or all(p.student != student for p in roster.people):
        return None
    text = decoded(path)
    between = separator(text)
    lines = list(csv.reader(io.StringIO(text), delimiter=between, skipinitialspace=True))
    header, keys = lines[0], [name.strip().casefold() for name in lines[0]]
    rows = [dict(zip(keys, (v.strip() for v in line), strict=True)) for line in lines[1:] if any(line)]
    changed = change(rows)
    added = [key for key in (changed[0] if changed else ()) if key not in keys]
    out = io.StringIO()
    end = "\r\n" if "\r\n" in text else "\n"
    writer = csv.writer(out, delimiter=between, lineterminator=end)
    writer.writerows([[*header, *added], *([row[key] for key in (*keys, *added)] for row in changed)])
    mark = "\ufeff" if path.read_bytes().startswith(b"\xef\xbb\xbf") else ""
    return mark + out.getvalue()


def toml_renamed(path: Path, old: str, new: str) -> str | None:
    """The course file with `new` wherever `old` is a key or a text of its own; None where it stays.

    Comments and layout stay. Raises GradingError where both are keys of one table, and where the file is
    written in a way in which the name cannot be found.
    """
    try:
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise GradingError(f"{path.name}: {error}: correct it first") from None
    wanted = _replaced(values, old, new, path.name)
    if wanted == values:
        return None
    quoted = re.escape(old)
    made = re.sub(
        rf"(?m)^(\s*)(?:{quoted}|\"{quoted}\"|'{quoted}')(\s*=)", lambda m: m[1] + _key(new) + m[2], text
    )
    made = re.sub(rf"\"{quoted}\"|'{quoted}'", lambda m: json.dumps(new, ensure_ascii=False), made)
    try:
        if tomllib.loads(made) == wanted:
            return made
    except tomllib.TOMLDecodeError:
        pass
    raise GradingError(f"{path.name} names {old} in a way that is not understood: write {new} there first")


def _replaced(value: Any, old: str, new: str, where: str) -> Any:
    """A TOML value with another name, wherever it is a key or a text."""
    if isinstance(value, dict):
        if old in value and new in value:
            raise GradingError(
                f"{where} has a line for {old} and one for {new} in one table: keep one of them"
            )
        return {new if k == old else k: _replaced(v, old, new, where) for k, v in value.items()}
    if isinstance(value, list):
        return [_replaced(v, old, new, where) for v in value]
    return new if value == old else value


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)
