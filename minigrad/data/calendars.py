"""Dates as forty languages write them: the forms and names of months are real, the days are drawn.

`SOURCES.txt`, beside the file, says where they are from, under which licence, and what was cut.
"""

from __future__ import annotations

import csv
import functools
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

import numpy as np

from minigrad.arguments import unfit
from minigrad.contract.told import asked
from minigrad.data.pairs import END
from minigrad.data.tasks import Batch
from minigrad.data.writing import indexed

READ = "·0123456789abcdefghijklmnopqrstuvwxyzı ./,-()’"  # a symbol's index is its token; the first is padding
_DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


@dataclass(frozen=True)
class Calendar:
    """A language's code and name, its forms of a date, and the names and abbreviations of its twelve months.

    A form is a format string of d and dd, m and mm (the month's number), month, abbr, y and yy, as in
    "{d} de {month} de {y}".
    """

    code: str
    language: str
    forms: tuple[str, ...]
    months: tuple[str, ...]
    abbreviations: tuple[str, ...]

    def date(self, year: int, month: int, day: int, form: str) -> str:
        """A day in one of the forms, plain: "7 de maio de 1998"."""
        two = {k + k: f"{value % 100:02}" for k, value in (("d", day), ("m", month), ("y", year))}
        numbers = {"d": day, "m": month, "y": year, **two}
        return plain(form.format(**numbers, month=self.months[month - 1], abbr=self.abbreviations[month - 1]))


@functools.cache
def calendars() -> tuple[Calendar, ...]:
    """The calendars of forty languages that write in Latin letters, by code."""
    text = resources.files("minigrad.data").joinpath("locales.csv").read_text(encoding="utf-8")
    rows = list(csv.reader(text.splitlines()))[1:]
    made = []
    for code, language, *lists in rows:
        forms, months, abbreviations = (tuple(one.split(";")) for one in lists)
        made.append(Calendar(code, language, forms, months, abbreviations))
    return tuple(made)


@asked
def plain(text: str) -> str:
    """A text in small letters without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))


@asked
def days(rng: np.random.Generator, batch: int, written_by: Sequence[Calendar]) -> tuple[list[str], Batch]:
    """Write a date as year, month and day, two digits each, whatever language it is in: texts, and the batch.

    x (B, S) are indices into `READ`; y (B, 7) are indices into `pairs.DATE_WRITTEN`, the last one `END`;
    mask (B, S). Every day from 1970 to 2069 is equally likely, but 29 February never comes; so is every
    language, and each of its forms. Raises ValueError where batch is below 1 or there is no calendar,
    TypeError for what is none.
    """
    if batch < 1 or not written_by:
        raise ValueError(f"days: batch is {batch}, with {len(written_by)} calendars; both must be at least 1")
    if not all(isinstance(one, Calendar) for one in written_by):
        raise TypeError(unfit("days", "written_by", written_by, "calendars, such as `calendars()` gives"))
    texts, y = [], []
    for year, place in zip(rng.integers(1970, 2070, batch), rng.integers(0, 365, batch), strict=True):
        month = int(np.searchsorted(np.cumsum(_DAYS), place, side="right"))
        day = int(place - _DAYS[:month].sum()) + 1
        by = written_by[int(rng.integers(len(written_by)))]
        texts.append(by.date(int(year), month + 1, day, by.forms[int(rng.integers(len(by.forms)))]))
        y.append([*(2 + int(digit) for digit in f"{year % 100:02}{month + 1:02}{day:02}"), END])
    x, mask = indexed(texts, READ)
    return texts, Batch(x, np.array(y), mask)
