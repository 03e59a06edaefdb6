"""Public series, small enough to be part of the package: weather, stock prices, departures of aeroplanes.

`SOURCES.txt`, beside the files, says where each is from, under which licence, and what was cut.
"""

from __future__ import annotations

import csv
import functools
from dataclasses import dataclass
from importlib import resources

import numpy as np

from minigrad.contract.kinds import check_fields


@dataclass(frozen=True)
class Series:
    """values (N, D), float64, at N equal steps of time, with the name of each step and each column.

    Raises ValueError where the names do not fit the shape of the values, TypeError for no texts or numbers.
    """

    times: tuple[str, ...]
    columns: tuple[str, ...]
    values: np.ndarray

    def __post_init__(self) -> None:
        check_fields(self)
        if self.values.shape != (len(self.times), len(self.columns)):
            raise ValueError(
                f"values have shape {self.values.shape}; there are {len(self.times)} times and "
                f"{len(self.columns)} columns"
            )

    def __len__(self) -> int:
        return len(self.times)


def seattle() -> Series:
    """Seattle's weather day by day, 2012 to 2015: values (1461, 4).

    Columns: temp_max and temp_min in °C, precipitation in mm, wind in m/s.
    """
    return _read("seattle.csv")


def stocks() -> Series:
    """Prices of four shares in US dollars, month by month, January 2000 to March 2010: values (123, 4)."""
    return _read("stocks.csv")


def departures() -> Series:
    """Departures from New York's three airports, hour by hour, 1 January to 1 July 2013: values (4368, 1)."""
    days = _read("departures.csv")
    hours = tuple(f"{day} {hour:02}:00" for day in days.times for hour in range(24))
    return Series(hours, ("departures",), days.values.reshape(-1, 1))


@functools.cache
def _read(file: str) -> Series:
    """A file of numbers as a Series: one row for each step of time, whose name is in the first column."""
    text = resources.files("minigrad.data").joinpath(file).read_text(encoding="utf-8")
    header, *rows = csv.reader(text.splitlines())
    values = np.array([[float(cell) for cell in row[1:]] for row in rows])
    values.flags.writeable = False  # the cache gives every caller the same array
    return Series(tuple(row[0] for row in rows), tuple(header[1:]), values)
