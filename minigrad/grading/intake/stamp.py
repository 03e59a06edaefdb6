"""When a submission was handed in: the collector's timestamp.txt, read with as much care as a notebook."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from minigrad.grading.intake.parse import read
from minigrad.grading.model import Refused

FILE = "timestamp.txt"
MAX_STAMP = 200  # bytes
DISTANCE = re.compile(r"[+-]\d\d:?\d\d")
REMEDY = "write the time of handing in there, like 2030-01-31 12:00:00 UTC, or delete the file"


def handed_in_at(folder: Path, within: Path | None = None) -> datetime | None:
    """The time in a submission's timestamp.txt, in UTC; None where there is none: see `time_in`."""
    return time_in(folder / FILE, within)


def time_in(path: Path, within: Path | None = None) -> datetime | None:
    """The time in a file, in UTC; None where there is no file.

    The file says `2030-01-31 12:00:00 UTC`: seconds and their fraction may be left out, the zone is
    UTC (also where none is given), a distance like +0100, or a name like Europe/Berlin. Raises
    Refused for anything else, and for a link, a folder, or more than 200 bytes.
    """
    if not os.path.lexists(path):
        return None
    try:
        data = read(path, within)
    except Refused:
        raise Refused(f"its {FILE} is no small text file of its own: {REMEDY}") from None
    if len(data) > MAX_STAMP:
        raise Refused(f"its {FILE} has {len(data)} bytes, too many for a time: {REMEDY}")
    try:
        text = data.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise Refused(f"its {FILE} is not UTF-8 text: {REMEDY}") from None
    try:
        return in_utc(text)
    except (ValueError, OverflowError, OSError, ZoneInfoNotFoundError):
        raise Refused(f"its {FILE} holds no time: {REMEDY}") from None


def in_utc(text: str) -> datetime:
    """A date, a time and a zone as UTC; ValueError, or an error of the zone's or of the range."""
    *moment, zone = text.split() if text.count(" ") == 2 else (text, "UTC")
    if DISTANCE.fullmatch(zone):
        return datetime.fromisoformat(" ".join(moment) + zone).astimezone(UTC)
    time = datetime.fromisoformat(" ".join(moment))
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC if zone in ("UTC", "GMT", "Z") else ZoneInfo(zone))
    elif text.count(" ") == 2:
        raise ValueError("two zones")
    return time.astimezone(UTC)
