"""Which of two times is the later, where one may be of a clock whose zone nobody says. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

UTC = "UTC"
EAST, WEST = timedelta(hours=14), timedelta(hours=12)  # as far as any zone is ahead of UTC, and behind it


@dataclass(frozen=True)
class Reading:
    """A time as somebody's clock has it, without a zone."""

    time: datetime
    clock: str  # "UTC", or whose it is

    @property
    def within(self) -> tuple[datetime, datetime]:
        """The first and the last moment, in UTC, that it can be."""
        if self.clock == UTC:
            return self.time, self.time
        return self.time - EAST, self.time + WEST


def later(one: Reading, other: Reading) -> Reading | None:
    """The later of two; None where they are equal, or hang on a zone that is not known."""
    if one.clock == other.clock:
        return max(one, other, key=lambda r: r.time) if one.time != other.time else None
    first, last = sorted((one, other), key=lambda r: r.within)
    return last if first.within[1] < last.within[0] else None
