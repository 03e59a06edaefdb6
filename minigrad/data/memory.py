"""Tasks that ask for memory over a gap: temporal order, embedded Reber strings, and waves to forecast."""

from __future__ import annotations

import numpy as np

from minigrad.contract.told import asked
from minigrad.data.tasks import Batch

ORDER_SYMBOLS = "XYabcd"  # X and Y count, the others distract
REBER_SYMBOLS = "BTPSXVE"
WAVES = np.array([[0.7], [0.3]])  # (2, D): how much of each wave every column of `waves` holds

# From each place (0 to 4) of the Reber grammar, two ways lead on: (symbol, next place); 5 is the end.
_REBER = (
    (("T", 1), ("P", 2)),
    (("S", 1), ("X", 3)),
    (("T", 2), ("V", 4)),
    (("X", 2), ("S", 5)),
    (("P", 3), ("V", 5)),
)


@asked
def order(rng: np.random.Generator, batch: int, length: int = 24) -> Batch:
    """Say which two of X and Y came, and in which order, among distracting symbols.

    x (B, T, 6) one-hot, columns in the order of `ORDER_SYMBOLS`; y (B,) is 0 to 3 for XX, XY, YX, YY,
    to be answered after the last step. B is `batch`, T is `length`. The first comes between T/10 and
    T/5, the second between T/2 and 3T/5. Hochreiter and Schmidhuber, 1997, experiment 6a.
    Raises ValueError where batch is below 1 or length below 4.
    """
    if batch < 1 or length < 4:
        raise ValueError(f"order: batch is {batch} and length {length}; they must be at least 1 and 4")
    symbols = rng.integers(2, 6, (batch, length))
    first, second = rng.integers(0, 2, (2, batch))
    rows = np.arange(batch)
    symbols[rows, rng.integers(length // 10, length // 5 + 1, batch)] = first
    symbols[rows, rng.integers(length // 2, length * 3 // 5 + 1, batch)] = second
    return Batch(np.eye(6)[symbols], 2 * first + second)


@asked
def reber_string(rng: np.random.Generator, longest: int = 14) -> str:
    """One embedded Reber string of at most `longest` symbols, such as "BTBTXSETE".

    B, then T or P, then a string of Reber's grammar, then the same T or P again, then E. The grammar
    is Reber's, 1967; embedded as in Hochreiter and Schmidhuber, 1997, experiment 1. Strings that are
    too long are drawn anew. Raises ValueError where longest is below 9.
    """
    if longest < 9:
        raise ValueError(f"reber: longest is {longest}; the shortest embedded Reber strings have 9 symbols")
    while True:
        outer, inner, place = "TP"[rng.integers(0, 2)], "B", 0
        while place != 5:
            symbol, place = _REBER[place][rng.integers(0, 2)]
            inner += symbol
        if len(inner) + 5 <= longest:
            return f"B{outer}{inner}E{outer}E"


@asked
def reber_batch(strings: list[str]) -> Batch:
    """Strings of Reber symbols as a batch: say after each symbol which one comes next.

    x (B, T, 7) one-hot, columns in the order of `REBER_SYMBOLS`; y (B, T) int, the next symbol; mask
    (B, T), False after a string's end, where x is zero. T is one less than the longest string's length.
    """
    steps = max(len(s) for s in strings) - 1
    x, mask = np.zeros((len(strings), steps, 7)), np.zeros((len(strings), steps), dtype=bool)
    y = np.zeros((len(strings), steps), dtype=np.int64)
    for row, string in enumerate(strings):
        codes = np.array([REBER_SYMBOLS.index(symbol) for symbol in string])
        x[row, np.arange(len(codes) - 1), codes[:-1]] = 1
        y[row, : len(codes) - 1] = codes[1:]
        mask[row, : len(codes) - 1] = True
    return Batch(x, y, mask)


@asked
def reber(rng: np.random.Generator, batch: int, longest: int = 14) -> Batch:
    """`batch` embedded Reber strings of at most `longest` symbols, as `reber_batch` gives them.

    x (B, T, 7), y (B, T), mask (B, T). Raises ValueError where batch is below 1 or longest below 9.
    """
    if batch < 1:
        raise ValueError(f"reber: batch is {batch}; it must be at least 1")
    return reber_batch([reber_string(rng, longest) for _ in range(batch)])


@asked
def reber_possible(string: str) -> list[str]:
    """For each symbol of an embedded Reber string but the last, the symbols that may follow it, as "TP".

    By the grammar alone: that a string may have to end soon to stay within `longest` does not count.
    """
    outer, place, possible = string[1], 0, ["TP", "B"]
    for symbol in string[3:-3]:
        ways = dict(_REBER[place])
        possible.append("".join(ways))
        place = ways[symbol]
    return [*possible, "E", outer, "E"]


@asked
def reber_closing(mask: np.ndarray) -> np.ndarray:
    """From a batch's mask (B, T): True where the next symbol repeats the string's second one, (B, T) bool.

    This is the only prediction that needs memory of the string's beginning. Guessing without that
    memory, half of them are right.
    """
    ends = mask.sum(axis=1)
    return np.asarray(np.arange(mask.shape[1]) == (ends - 2)[:, None])


@asked
def waves(
    rng: np.random.Generator,
    length: int,
    mix: np.ndarray | None = None,
    periods: tuple[float, float] = (8.0, 20.0),
    noise: float = 0.05,
) -> np.ndarray:
    """A series (N, D): two sine waves, mixed in D ways, and normal noise; N is `length`.

    periods: of the two waves, in steps; their phases are drawn. mix (2, D): how much of each wave a
    column holds, `WAVES` if not given (then D is 1). noise: the noise's standard deviation.
    Raises ValueError where mix is not (2, D).
    """
    mix = WAVES if mix is None else np.asarray(mix, dtype=np.float64)
    if mix.ndim != 2 or len(mix) != 2:
        raise ValueError(f"waves: mix has shape {mix.shape}; it must be (2, D)")
    angle = 2 * np.pi * np.arange(length)[:, None] / np.asarray(periods) + rng.uniform(0, 2 * np.pi, 2)
    return np.asarray(np.sin(angle) @ mix + noise * rng.standard_normal((length, mix.shape[1])))
