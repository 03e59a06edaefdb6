"""Which of a student's attempts counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Literal, TypeVar

from minigrad.grading.rules.late import Late

Counts = Literal["last", "last in time", "best"]
COUNTS: tuple[Counts, ...] = ("last", "last in time", "best")
Work = TypeVar("Work")


@dataclass(frozen=True)
class Attempt(Generic[Work]):
    """One handing in: the work, when it came (None: not known, so never late), and its points, if any."""

    work: Work
    time: datetime | None = None
    points: float | None = None


def counting(
    attempts: Sequence[Attempt[Work]], counts: Counts, due: datetime | None, late: Late
) -> Attempt[Work]:
    """The attempt that counts, of at least one in the order of handing in.

    "last in time" is the last that costs nothing by slope and grace; where none is, the last. "best" has the
    most points after what lateness takes without late days; of equal ones it is the last.
    """

    def seconds(one: Attempt[Work]) -> float:
        return (one.time - due) / timedelta(seconds=1) if one.time and due else 0.0

    if counts == "last in time":
        in_time = [a for a in attempts if seconds(a) <= 3600 * late.grace_hours]
        return (in_time or attempts)[-1]
    if counts == "best" and (graded := [(a.points, a) for a in attempts if a.points is not None]):
        worth = [(points - late.penalty(points, seconds(a)), n) for n, (points, a) in enumerate(graded)]
        return graded[max(worth)[1]][1]
    return attempts[-1]
