"""What lateness costs, at the borders of grace, days and cap."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.grading.intake.stamp import in_utc
from minigrad.grading.rules.late import DAY, Late

MINUTE = 60
DUE = datetime(2030, 2, 1, 22, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "points"), [(0, 0), (0.5, 0), (0.51, 0.17), (24, 8), (36, 12), (120, 40), (9999, 40)]
)
def test_the_penalty_has_grace_slope_and_cap(hours, points):
    assert Late(0.5, 10, 50).penalty(80.0, 3600 * hours) == pytest.approx(points)


def test_no_policy_costs_nothing():
    assert Late().penalty(80.0, 1e9) == 0
    assert Late(0, 10, 50).penalty(-1.0, 1e9) == 0
    assert Late(0, float("inf")).penalty(80.0, 1) == 80, "nothing is taken late"


@pytest.mark.parametrize(
    ("seconds", "days", "points"),
    [
        (DAY, 1, 0),
        (DAY + 30 * MINUTE, 1, 0),  # grace follows the day
        (DAY + 31 * MINUTE, 1, 100 * 0.1 * 31 / 1440),
        (DAY + 31 * MINUTE, 2, 0),
        (31 * MINUTE, 0, 100 * 0.1 * 31 / 1440),
        (9 * DAY, 2, 50),
    ],
)
def test_a_late_day_moves_the_due_date_by_a_day(seconds, days, points):
    assert Late(0.5, 10, 50, 9).penalty(100.0, seconds, days) == pytest.approx(points)


def late(*seconds: float) -> dict[str, tuple[datetime, float]]:
    return {f"{9 - n:02}": (DUE + timedelta(weeks=n), s) for n, s in enumerate(seconds)}


@pytest.mark.parametrize(
    ("seconds", "days"),
    [
        ([0, -5, 30 * MINUTE], [0, 0, 0]),
        ([30 * MINUTE + 1, DAY + 30 * MINUTE, DAY + 30 * MINUTE + 1], [1, 1, 2]),
        ([3 * DAY, 9 * DAY, MINUTE * 31], [3, 2, 0]),  # all that are left, then none
    ],
)
def test_days_are_spent_in_the_order_of_due_dates(seconds, days):
    rules = Late(0.5, 10, 50, 5)
    assert [*rules.spent(late(*seconds)).values()] == days
    backwards = dict(reversed(late(*seconds).items()))
    assert rules.spent(backwards) == rules.spent(late(*seconds))


def test_of_one_due_date_the_name_decides():
    assert Late(0, 10, 50, 1).spent({"02": (DUE, DAY), "01": (DUE, DAY)}) == {"01": 1, "02": 0}


@given(st.lists(st.integers(-DAY, 9 * DAY), max_size=5), st.integers(0, 6))
def test_days_are_never_more_than_there_are_nor_than_needed(seconds, budget):
    rules = Late(0.5, 10, 50, budget)
    spent = rules.spent(late(*seconds))
    assert sum(spent.values()) <= budget
    for name, (_, s) in late(*seconds).items():
        days = spent[name]
        assert days == 0 or rules.penalty(1.0, s, days - 1) > 0, "no day is spent for nothing"
        assert rules.penalty(1.0, s, days) == 0 or sum(spent.values()) == budget


@pytest.mark.parametrize(
    ("stamp", "days"),
    [
        ("2030-03-30 12:00:00 Europe/Berlin", 0),
        ("2030-03-31 12:59:00 Europe/Berlin", 1),  # 24 hours: the clocks went forward
        ("2030-03-31 13:00:00 Europe/Berlin", 1),
        ("2030-03-31 13:01:00 Europe/Berlin", 2),
        ("2030-03-31 11:00:00 UTC", 1),
        ("2030-03-31 20:00:00 +0900", 1),
    ],
)
def test_a_day_is_24_hours_in_every_zone_and_when_the_clocks_change(stamp, days):
    due = datetime.fromisoformat("2030-03-30T12:00:00+01:00")
    seconds = (in_utc(stamp) - due).total_seconds()
    assert Late(0, 10, 50, 9).spent({"01": (due, seconds)}) == {"01": days}
