"""The public series are whole, and what their notes say of them is so."""

import datetime
import itertools

import numpy as np
import pytest

from minigrad.data import series


def test_seattle_has_every_day_of_four_years():
    weather = series.seattle()
    days = [datetime.date.fromisoformat(day) for day in weather.times]
    assert (days[0], days[-1], len(days)) == (datetime.date(2012, 1, 1), datetime.date(2015, 12, 31), 1461)
    assert {b - a for a, b in itertools.pairwise(days)} == {datetime.timedelta(days=1)}
    assert weather.columns == ("temp_max", "temp_min", "precipitation", "wind")
    high, low, rain, wind = weather.values.T
    assert (high >= low).all()
    assert low.min() > -10
    assert high.max() < 40
    assert rain.min() == 0
    assert wind.min() > 0
    summer = np.array([day.month in (6, 7, 8) for day in days])
    assert high[summer].mean() > high[~summer].mean() + 5


def test_stocks_have_every_month_and_no_jump_of_a_split():
    prices = series.stocks()
    assert (prices.times[0], prices.times[-1], len(prices)) == ("2000-01", "2010-03", 123)
    assert len(set(prices.times)) == 123
    assert prices.columns == ("AAPL", "AMZN", "IBM", "MSFT")
    assert (prices.values > 0).all()
    assert np.diff(np.log(prices.values), axis=0).max() < np.log(2)


def test_departures_have_every_hour_of_half_a_year():
    flights = series.departures()
    assert len(flights) == 24 * 182
    assert (flights.times[0], flights.times[-1]) == ("2013-01-01 00:00", "2013-07-01 23:00")
    counts = flights.values[:, 0].reshape(182, 24)
    assert (counts == counts.round()).all()
    assert counts.min() == 0
    assert counts[:, 8].mean() > 60, "the morning rush"
    assert counts[:, 3].mean() < 0.1, "the night"
    assert counts[39].sum() < counts[32].sum() / 2, "9 February 2013: the airports were snowed in"


def test_a_series_cannot_be_changed_for_others_and_must_fit():
    with pytest.raises(ValueError, match="read-only"):
        series.stocks().values[0] = 1
    with pytest.raises(ValueError, match="2 times and 1 columns"):
        series.Series(("a", "b"), ("x",), np.zeros((2, 2)))
