"""Which attempt counts, at the borders of the due date."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from minigrad.grading.rules.attempts import Attempt, counting
from minigrad.grading.rules.late import Late

DUE = datetime.fromisoformat("2030-02-01T23:59:00+01:00")
LATE = Late(0.5, 10, 50)


def at(minutes: float | None, points: float | None = None) -> Attempt[str]:
    time = None if minutes is None else DUE + timedelta(minutes=minutes)
    return Attempt(f"{minutes}", time, points)


@pytest.mark.parametrize(
    ("attempts", "last", "in_time"),
    [
        ([at(-5)], 0, 0),
        ([at(-5), at(0), at(30), at(31)], 3, 2),  # grace is in time
        ([at(-5), at(30.5)], 1, 0),
        ([at(31), at(90)], 1, 1),  # none in time: the last
        ([at(-5), at(None), at(90)], 2, 1),  # of unknown time: never late
    ],
)
def test_last_and_last_in_time(attempts, last, in_time):
    assert counting(attempts, "last", DUE, LATE) == attempts[last]
    assert counting(attempts, "last in time", DUE, LATE) == attempts[in_time]
    assert counting(attempts, "last in time", None, LATE) == attempts[-1], (
        "without a due date nothing is late"
    )


@pytest.mark.parametrize(
    ("attempts", "best"),
    [
        ([at(-9, 80), at(-5, 70)], 0),
        ([at(-9, 80), at(-5, 80)], 1),
        ([at(-9, 80), at(1440, 88)], 0),  # 79.2 is left
        ([at(-9, 80), at(1440, 89)], 1),  # 80.1
        ([at(-9, 0), at(-5, None)], 0),
        ([at(-9, None), at(-5, None)], 1),
    ],
)
def test_best_is_after_what_lateness_takes(attempts, best):
    assert counting(attempts, "best", DUE, LATE) == attempts[best]
