"""A check explained to staff, as text, as a page and for programs: it shows what was expected."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Number = float | int | bool


@dataclass(frozen=True)
class Entry:
    """A wrong entry of an array, by its index."""

    at: tuple[int, ...]
    expected: Number
    got: Number

    @property
    def place(self) -> str:
        """The index as it is written; "" for an array of one number without axes."""
        return f"[{', '.join(map(str, self.at))}]" if self.at else ""


@dataclass(frozen=True)
class Values:
    """One array that a check gave: of what kind, and where it is wrong if the kinds can be compared."""

    name: str
    expected: str  # "float64 (2, 3)", or "nothing"
    got: str
    size: int | None = None  # None where the shapes differ
    wrong: int = 0
    rtol: float = 0.0
    atol: float = 0.0
    worst: tuple[Entry, ...] = ()
    picture: str = ""  # SVG of ours


@dataclass(frozen=True)
class Explained:
    """What one check expected of one submission, and what it got."""

    check: str
    says: str
    passed: bool
    reason: str
    score: float | None  # of a trained check, the best of its tries
    threshold: float | None
    arrays: tuple[Values, ...]
    notes: tuple[str, ...]  # cells that failed, what to do


def text(one: Explained) -> str:
    """For a terminal."""
    lines = [f"says: {one.says}", f"verdict: {'passed' if one.passed else 'failed'}"]
    if one.reason:
        lines.append(f"reason: {one.reason}")
    if one.score is not None:
        lines.append(f"score of the best try: {one.score:.4f}; it passes at {one.threshold}")
    for values in one.arrays:
        lines += ["", *_values(values)]
    return "\n".join(lines + (["", *one.notes] if one.notes else []))


def _values(one: Values) -> Iterator[str]:
    yield f"{one.name}: expected {one.expected}, got {one.got}"
    if one.size is not None:
        yield f"  {one.wrong} of {one.size} entries are wrong (rtol {one.rtol:g}, atol {one.atol:g})"
    for entry in one.worst:
        yield f"  {entry.place:12} expected {entry.expected:.10g}, got {entry.got:.10g}"


def to_dict(student: str, one: Explained) -> dict[str, Any]:
    """For programs, without pictures. What is not finite is text, as JSON has no number for it."""
    made = {"student": student, **dataclasses.asdict(one), "score": _number(one.score)}
    for values in made["arrays"]:
        del values["picture"]
        for entry in values["worst"]:
            entry |= {key: _number(entry[key]) for key in ("expected", "got")}
    return made


def _number(value: Number | None) -> Number | str | None:
    return value if value is None or math.isfinite(value) else str(value)


def html(student: str, one: Explained) -> str:
    """A page of its own, with pictures."""
    from markupsafe import Markup

    from minigrad.grading.report.templating import render  # needs jinja2, which a bare installation lacks

    shown = [(values, Markup(values.picture)) for values in one.arrays]
    return render("explained.html", student=student, one=one, shown=shown) + "\n"
