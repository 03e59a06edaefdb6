"""Sequences that become other sequences: dates however written, receipts, starred letters, whole notes.

In every batch x (B, S) are the tokens of what is read, 0 after a sequence's end, and mask (B, S) is
True on its symbols. y (B, T) are the tokens of what is to be written, then `END`; shorter rows are
filled up with more of it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from minigrad.arguments import indices
from minigrad.contract.told import asked
from minigrad.data.tasks import Batch

END, START = 0, 1  # the first two tokens of all that is written; START is never in y
DIGITS = tuple("0123456789")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DATE_READ = ("·", *DIGITS, *MONTHS, ".", "/", ",")  # a symbol's index is its token
DATE_WRITTEN = ("<end>", "<start>", *DIGITS)
FORMATS = ("{d} {month} {y}", "{month} {d}, {y}", "{d}.{m}.{y}", "{m}/{d}/{y}")

LETTERS = tuple("abcdef")
NOTE_READ = ("·", *LETTERS, *(f"{letter}*" for letter in LETTERS))
NOTE_WRITTEN = ("<end>", "<start>", *LETTERS)

_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@asked
def date_text(year: int, month: int, day: int, form: str) -> str:
    """A date in the format `form`, one of `FORMATS`: such as "7 May 98", the year with two digits."""
    return form.format(d=day, m=month, month=MONTHS[month - 1], y=f"{year % 100:02}")


@asked
def date_tokens(*texts: str) -> tuple[np.ndarray, np.ndarray]:
    """Texts such as "7 May 98" as tokens (B, S) and mask (B, S), padded at the end; a month is one symbol.

    Raises ValueError where a text is empty or holds a symbol that is not in `DATE_READ`.
    """
    rows = []
    for text in texts:
        symbols = text.replace(" ", "")
        for place, month in enumerate(MONTHS):
            symbols = symbols.replace(month, chr(place))  # a control character: no date holds one
        symbols_read = [MONTHS[ord(s)] if ord(s) < len(MONTHS) else s for s in symbols]
        if not symbols_read or (unknown := sorted(set(symbols_read) - set(DATE_READ[1:]))):
            raise ValueError(f"date_tokens: {text!r} holds {unknown if symbols_read else 'nothing'}")
        rows.append([DATE_READ.index(symbol) for symbol in symbols_read])
    return _padded(rows, 0)


@asked
def dates(
    rng: np.random.Generator,
    batch: int,
    formats: tuple[str, ...] = FORMATS,
    years: tuple[int, int] = (0, 100),
) -> Batch:
    """Write a date as year, month and day, two digits each, whichever of the `formats` it is read in.

    x (B, S) are indices into `DATE_READ`, 4 to 8 a date; y (B, 7) are indices into `DATE_WRITTEN`; mask
    (B, S). Every day from the first of `years` to before the second is equally likely, but 29 February
    never comes. Raises ValueError where batch is below 1, there is no format, or the years do not
    grow within 0 to 100.
    """
    if batch < 1 or not formats or not 0 <= years[0] < years[1] <= 100:
        raise ValueError(
            f"dates: batch is {batch}, formats {formats} and years {years}; "
            "they must be at least 1, not empty, and two numbers that grow from 0 to 100"
        )
    texts, y = _days(rng, batch, formats, years)
    x, mask = date_tokens(*texts)
    return Batch(x, np.array([[*row, END] for row in y]), mask)


@asked
def receipts(
    rng: np.random.Generator,
    batch: int,
    shortest: int = 1,
    longest: int = 8,
    formats: tuple[str, ...] = FORMATS,
) -> Batch:
    """Write a receipt's date as year, month and day, and behind it the number that was read before it.

    What is read is a number of `shortest` to `longest` digits, a comma, and a date in one of the `formats`:
    x (B, S) are indices into `DATE_READ`; y (B, T) are indices into `DATE_WRITTEN`; mask (B, S). Raises
    ValueError where batch or shortest is below 1, longest below shortest, or there is no format.
    """
    if batch < 1 or not 1 <= shortest <= longest or not formats:
        raise ValueError(
            f"receipts: batch is {batch}, shortest {shortest}, longest {longest} and formats {formats}; "
            "they must be at least 1, the third no less than the second, and not empty"
        )
    texts, y = _days(rng, batch, formats, (0, 100))
    x, written = [], []
    for text, row, length in zip(texts, y, rng.integers(shortest, longest + 1, batch), strict=True):
        number = rng.integers(0, 10, length).tolist()
        x.append(f"{''.join(map(str, number))},{text}")
        written.append([*row, *(2 + digit for digit in number), END])
    tokens, mask = date_tokens(*x)
    return Batch(tokens, _padded(written, END)[0], mask)


@asked
def summaries(rng: np.random.Generator, batch: int, longest: int = 8, most: int = 2) -> Batch:
    """Write the starred letters of a note, in their order.

    x (B, S) are indices into `NOTE_READ`, 4 to `longest` a note, 1 to `most` of them starred, anywhere;
    y (B, T) are indices into `NOTE_WRITTEN`; mask (B, S).
    Raises ValueError where batch is below 1, longest below 4, or most not 1 to 4.
    """
    if batch < 1 or longest < 4 or not 1 <= most <= 4:
        raise ValueError(
            f"summaries: batch is {batch}, longest {longest} and most {most}; "
            "they must be at least 1, at least 4, and 1 to 4"
        )
    x, y = [], []
    for length, stars in zip(
        rng.integers(4, longest + 1, batch), rng.integers(1, most + 1, batch), strict=True
    ):
        letters = rng.integers(0, len(LETTERS), length)
        starred = np.isin(np.arange(length), rng.permutation(length)[:stars])
        x.append((1 + letters + len(LETTERS) * starred).tolist())
        y.append([*(2 + letters[starred]).tolist(), END])
    tokens, mask = _padded(x, 0)
    return Batch(tokens, _padded(y, END)[0], mask)


@asked
def copies(rng: np.random.Generator, batch: int, shortest: int = 1, longest: int = 8) -> Batch:
    """Write a note of `shortest` to `longest` letters once more, without stars.

    x (B, S), y (B, T) and mask (B, S) as in `summaries`. Raises ValueError where batch or shortest is
    below 1, or longest below shortest.
    """
    if batch < 1 or not 1 <= shortest <= longest:
        raise ValueError(
            f"copies: batch is {batch}, shortest {shortest} and longest {longest}; "
            "they must be at least 1, the last no less than the one before"
        )
    notes = [rng.integers(0, len(LETTERS), length) for length in rng.integers(shortest, longest + 1, batch)]
    tokens, mask = _padded([(1 + note).tolist() for note in notes], 0)
    return Batch(tokens, _padded([[*(2 + note).tolist(), END] for note in notes], END)[0], mask)


@asked
def target_mask(y: np.ndarray) -> np.ndarray:
    """(B, T) bool for y (B, T): True up to and with each row's first `END`, which is to be written too."""
    ends = np.cumsum(y == END, axis=1)
    return np.asarray(ends - (y == END) == 0)


@asked
def text(tokens: npt.ArrayLike, symbols: tuple[str, ...]) -> str:
    """The symbols that tokens (T,) stand for, as one string, up to the first `END`.

    Raises ValueError where a token is not the index of a symbol.
    """
    places = indices("text", "tokens", tokens, len(symbols)).ravel()
    ends = np.flatnonzero(places == END)
    return "".join(symbols[place] for place in places[: ends[0] if ends.size else None])


def _days(
    rng: np.random.Generator, batch: int, formats: tuple[str, ...], years: tuple[int, int]
) -> tuple[list[str], list[list[int]]]:
    """Dates as texts to be read, and the tokens of their six digits as they are to be written."""
    texts, y = [], []
    for year, place, kind in zip(
        rng.integers(*years, batch),
        rng.integers(0, 365, batch),
        rng.integers(0, len(formats), batch),
        strict=True,
    ):
        month = int(np.searchsorted(np.cumsum(_DAYS), place, side="right"))
        day = int(place) - sum(_DAYS[:month]) + 1
        texts.append(date_text(int(year), month + 1, day, formats[kind]))
        y.append([2 + int(digit) for digit in f"{year:02}{month + 1:02}{day:02}"])
    return texts, y


def _padded(rows: list[list[int]], filling: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of different lengths as tokens (B, T), filled up at the end, and the mask (B, T)."""
    lengths = np.array([len(row) for row in rows])
    mask = np.arange(lengths.max()) < lengths[:, None]
    tokens = np.full(mask.shape, filling, dtype=np.int64)
    tokens[mask] = np.concatenate(rows)
    return tokens, mask
