"""Pairs of sequences draw what they say, and differ in length."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.data import pairs


def rng(seed=0):
    return np.random.default_rng(seed)


def read(x, mask, symbols):
    return "".join(symbols[token] for token in x[mask])


def parsed(text):
    """(year, month, day) of a date in any of the formats, by other means than tokens."""
    if "/" in text:
        month, day, year = text.split("/")
    elif "." in text:
        day, month, year = text.split(".")
    else:
        name = next(m for m in pairs.MONTHS if m in text)
        before, after = text.split(name)
        day, year = (before, after) if before else after.split(",")
        month = str(pairs.MONTHS.index(name) + 1)
    return int(year), int(month), int(day)


@given(st.integers(1, 30), st.integers(0, 99))
def test_dates_are_written_as_they_are_read(batch, seed):
    drawn = pairs.dates(rng(seed), batch)
    assert drawn.x.shape == drawn.mask.shape
    assert drawn.y.shape == (batch, 7)
    for x, y, mask in zip(drawn.x, drawn.y, drawn.mask, strict=True):
        year, month, day = parsed(read(x, mask, pairs.DATE_READ))
        assert pairs.text(y, pairs.DATE_WRITTEN) == f"{year:02}{month:02}{day:02}"
        assert y[-1] == pairs.END
        assert 4 <= mask.sum() <= 8
        assert mask[: mask.sum()].all()
        assert not x[~mask].any()
    assert pairs.target_mask(drawn.y).all()


def test_every_day_every_year_and_every_format_comes():
    drawn = pairs.dates(rng(1), 20_000)
    digits = drawn.y[:, :6] - 2
    days = {(int(m1 * 10 + m2), int(d1 * 10 + d2)) for _, _, m1, m2, d1, d2 in digits}
    assert len(days) == 365
    assert (2, 29) not in days
    assert len(set(map(tuple, digits[:, :2].tolist()))) == 100
    assert set(drawn.mask.sum(axis=1)) == {4, 5, 6, 7, 8}
    for sign in "./,":
        share = (drawn.x == pairs.DATE_READ.index(sign)).any(axis=1).mean()
        assert share == pytest.approx(1 / 4, abs=0.02)


def test_formats_and_years_can_be_chosen():
    drawn = pairs.dates(rng(2), 500, pairs.FORMATS[:1], (90, 92))
    texts = [read(x, mask, pairs.DATE_READ) for x, mask in zip(drawn.x, drawn.mask, strict=True)]
    assert {parsed(text)[0] for text in texts} == {90, 91}
    assert not any(sign in text for text in texts for sign in "./,")


def test_a_date_is_spelled_symbol_by_symbol():
    x, mask = pairs.date_tokens("7 May 98", "May 17, 98")
    assert [pairs.DATE_READ[token] for token in x[0]] == ["7", "May", "9", "8", "·", "·"]
    assert [pairs.DATE_READ[token] for token in x[1]] == ["May", "1", "7", ",", "9", "8"]
    assert mask.sum(axis=1).tolist() == [4, 6]
    assert pairs.date_text(1998, 5, 7, "{d}.{m}.{y}") == "7.5.98"


@given(st.integers(1, 30), st.integers(4, 12), st.integers(1, 4), st.integers(0, 99))
def test_summaries_are_the_starred_letters(batch, longest, most, seed):
    drawn = pairs.summaries(rng(seed), batch, longest, most)
    assert drawn.x.shape == drawn.mask.shape
    assert drawn.mask.any(axis=0).all()
    for x, y, mask in zip(drawn.x, drawn.y, drawn.mask, strict=True):
        symbols = [pairs.NOTE_READ[token] for token in x[mask]]
        assert 4 <= len(symbols) <= longest
        starred = [symbol[0] for symbol in symbols if symbol.endswith("*")]
        assert 1 <= len(starred) <= most
        assert pairs.text(y, pairs.NOTE_WRITTEN) == "".join(starred)
        assert (y[len(starred) :] == pairs.END).all()


@given(st.integers(1, 20), st.integers(1, 6), st.integers(0, 6), st.integers(0, 99))
def test_receipts_are_written_date_first(batch, shortest, more, seed):
    drawn = pairs.receipts(rng(seed), batch, shortest, shortest + more)
    for x, y, mask in zip(drawn.x, drawn.y, drawn.mask, strict=True):
        number, date = read(x, mask, pairs.DATE_READ).split(",", 1)
        year, month, day = parsed(date)
        assert pairs.text(y, pairs.DATE_WRITTEN) == f"{year:02}{month:02}{day:02}{number}"
        assert shortest <= len(number) <= shortest + more


def test_receipts_have_every_length_and_digit_and_the_formats_asked_for():
    drawn = pairs.receipts(rng(2), 2000, 2, 4, pairs.FORMATS[2:3])
    numbers = [
        read(x, mask, pairs.DATE_READ).split(",")[0] for x, mask in zip(drawn.x, drawn.mask, strict=True)
    ]
    for length in (2, 3, 4):
        assert np.mean([len(number) == length for number in numbers]) == pytest.approx(1 / 3, abs=0.05)
    assert {number[0] for number in numbers} == set("0123456789")
    assert ((drawn.x == pairs.DATE_READ.index(".")).sum(axis=1) == 2).all()


def test_stars_stand_anywhere():
    drawn = pairs.summaries(rng(3), 4000, longest=5, most=2)
    stars = drawn.x > len(pairs.LETTERS)
    full = drawn.mask.all(axis=1)
    shares = stars[full].mean(axis=0)
    assert shares == pytest.approx([0.3] * 5, abs=0.04)
    assert stars.sum(axis=1).mean() == pytest.approx(1.5, abs=0.05)


@given(st.integers(1, 20), st.integers(1, 6), st.integers(0, 6), st.integers(0, 99))
def test_copies_repeat_the_note(batch, shortest, more, seed):
    drawn = pairs.copies(rng(seed), batch, shortest, shortest + more)
    for x, y, mask in zip(drawn.x, drawn.y, drawn.mask, strict=True):
        assert pairs.text(y, pairs.NOTE_WRITTEN) == read(x, mask, pairs.NOTE_READ)
        assert shortest <= mask.sum() <= shortest + more
    assert drawn.y.shape[1] == drawn.x.shape[1] + 1


def test_the_mask_of_what_is_written_ends_with_the_first_end():
    y = np.array([[3, 4, 0, 0], [5, 0, 0, 0], [2, 3, 4, 5], [0, 2, 0, 0]])
    assert pairs.target_mask(y).astype(int).tolist() == [
        [1, 1, 1, 0],
        [1, 1, 0, 0],
        [1, 1, 1, 1],
        [1, 0, 0, 0],
    ]
    assert pairs.text(y[2], pairs.NOTE_WRITTEN) == "abcd"
    assert pairs.text(y[3], pairs.NOTE_WRITTEN) == ""


@pytest.mark.parametrize("draw", [pairs.dates, pairs.receipts, pairs.summaries, pairs.copies])
def test_the_seed_decides(draw):
    first, again, other = (draw(rng(seed), 8) for seed in (4, 4, 5))
    assert np.array_equal(first.x, again.x)
    assert np.array_equal(first.y, again.y)
    assert not np.array_equal(first.y, other.y)


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: pairs.dates(rng(), 0), "dates: batch is 0"),
        (lambda: pairs.dates(rng(), 1, ()), r"formats \(\)"),
        (lambda: pairs.dates(rng(), 1, years=(5, 5)), r"years \(5, 5\)"),
        (lambda: pairs.date_tokens("7 Mai 98"), "'7 Mai 98' holds .*'M'"),
        (lambda: pairs.date_tokens("7 May 98", " "), "' ' holds nothing"),
        (lambda: pairs.receipts(rng(), 0), "receipts: batch is 0"),
        (lambda: pairs.receipts(rng(), 1, 0), "shortest 0"),
        (lambda: pairs.receipts(rng(), 1, 4, 3), "shortest 4, longest 3"),
        (lambda: pairs.receipts(rng(), 1, formats=()), r"formats \(\)"),
        (lambda: pairs.summaries(rng(), 0), "summaries: batch is 0"),
        (lambda: pairs.summaries(rng(), 1, 3), "longest 3"),
        (lambda: pairs.summaries(rng(), 1, 8, 5), "most 5"),
        (lambda: pairs.copies(rng(), 0), "copies: batch is 0"),
        (lambda: pairs.copies(rng(), 1, 4, 3), "shortest 4 and longest 3"),
    ],
)
def test_silly_arguments_are_named(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()
