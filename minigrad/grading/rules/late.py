"""What lateness costs: grace, slope and cap, and late days that a student may spend over the term."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

DAY = 86_400  # seconds of a late day, also where the clocks change


@dataclass(frozen=True)
class Elsewhere:
    """What a student has in another assignment than that which is recorded, since late days are shared."""

    student: str
    assignment: str
    before: float | None  # the total, before late days were counted anew; None without a score
    total: float | None
    penalty: float
    outdated: bool = False  # whether there was a page of feedback that tells something else

    @property
    def told(self) -> bool:
        """Whether somebody is to hear of it."""
        return self.moved or self.outdated

    @property
    def moved(self) -> bool:
        """Whether its total is another now."""
        return abs((self.total or 0.0) - (self.before or 0.0)) > 1e-9


@dataclass(frozen=True)
class Late:
    """What lateness costs; nothing by default."""

    grace_hours: float = 0.0
    slope_percent_per_day: float = 0.0
    cap_percent: float = 100.0
    budget_days: int = 0  # late days of each student over the term; each moves a due date by 24 hours

    def penalty(self, score: float, seconds: float, days: int = 0) -> float:
        """The points taken from a score `seconds` after the due date, on which `days` late days are spent."""
        beyond = seconds - DAY * days
        if beyond <= 3600 * self.grace_hours:
            return 0.0
        percent = min(self.slope_percent_per_day * beyond / DAY, self.cap_percent)
        return max(score, 0.0) * percent / 100

    def spent(self, late: Mapping[str, tuple[datetime, float]]) -> dict[str, int]:
        """The late days that each of a student's assignments takes, in the order of their due dates.

        `late` has by assignment when it is due and how many seconds later it was handed in. An
        assignment takes as many days as it needs to be in time, or all that are left.
        """
        left, days = self.budget_days, {}
        for name in sorted(late, key=lambda name: (late[name][0], name)):
            needed = math.ceil((late[name][1] - 3600 * self.grace_hours) / DAY)
            days[name] = min(max(needed, 0), left)
            left -= days[name]
        return days
