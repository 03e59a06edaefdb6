"""Dates are written as each language writes them, and the batch says which day it was."""

import datetime

import numpy as np
import pytest

from minigrad.data import calendars, pairs

EVERY = calendars.calendars()
BY_CODE = {calendar.code: calendar for calendar in EVERY}


def test_forty_calendars_have_twelve_months_and_forms_that_tell_a_day():
    assert len(EVERY) == len(BY_CODE) == 40
    assert [c.code for c in EVERY] == sorted(BY_CODE)
    for calendar in EVERY:
        assert len(set(calendar.months)) == len(set(calendar.abbreviations)) == 12, calendar.code
        assert len(calendar.months) == len(calendar.abbreviations) == 12
        assert 1 <= len(set(calendar.forms)) == len(calendar.forms) <= 3
        for form in calendar.forms:
            assert sum(name in form for name in ("{d}", "{dd}")) == 1
            assert sum(name in form for name in ("{m}", "{mm}", "{month}", "{abbr}")) == 1
            assert sum(name in form for name in ("{y}", "{yy}")) == 1


@pytest.mark.parametrize(
    ("code", "form", "wanted"),
    [
        ("pt", "{d} de {month} de {y}", "7 de maio de 1998"),
        ("fi", "{d}. {month} {y}", "7. toukokuuta 1998"),
        ("en", "{month} {d}, {y}", "may 7, 1998"),
        ("hu", "{y}. {mm}. {dd}.", "1998. 05. 07."),
        ("tr", "{d} {month} {y}", "7 mayıs 1998"),
    ],
)
def test_a_date_as_it_is_written(code, form, wanted):
    assert form in BY_CODE[code].forms
    assert BY_CODE[code].date(1998, 5, 7, form) == wanted


def test_every_date_can_be_read_and_its_target_is_its_day():
    every = {form: calendar for calendar in EVERY for form in calendar.forms}
    for form, calendar in every.items():
        for month in range(1, 13):
            assert set(calendar.date(2024, month, 28, form)) <= set(calendars.READ[1:]), calendar.code
    texts, batch = calendars.days(np.random.default_rng(0), 400, [BY_CODE["sv"]])
    seen = set()
    for text, x, mask, y in zip(texts, batch.x, batch.mask, batch.y, strict=True):
        assert "".join(calendars.READ[token] for token in x[mask]) == text
        assert y[-1] == pairs.END
        seen.add(pairs.text(y, pairs.DATE_WRITTEN))
        if text[4] == "-":
            day = datetime.date.fromisoformat(text)
            assert 1970 <= day.year < 2070
            assert pairs.text(y, pairs.DATE_WRITTEN) == f"{day:%y%m%d}"
    assert len(seen) > 390
    assert {int(one[2:4]) for one in seen} == set(range(1, 13))
    assert {int(one[4:]) for one in seen} == set(range(1, 32))


def test_every_language_and_form_is_drawn_and_nonsense_refused():
    two = [BY_CODE["de"], BY_CODE["eu"]]
    texts, _ = calendars.days(np.random.default_rng(1), 300, two)
    basque = [text for text in texts if "ko " in text or text.count("/") == 2]
    assert 100 < len(basque) < 200
    with pytest.raises(ValueError, match="batch is 0"):
        calendars.days(np.random.default_rng(0), 0, two)
    with pytest.raises(ValueError, match="0 calendars"):
        calendars.days(np.random.default_rng(0), 1, [])
    with pytest.raises(TypeError, match="written_by"):
        calendars.days(np.random.default_rng(0), 1, ["de"])


def test_plain_letters_have_no_accents():
    assert calendars.plain("KVĚTNA Août Ġunju") == "kvetna aout gunju"
