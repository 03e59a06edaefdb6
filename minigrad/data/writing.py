"""What people wrote down: rated sentences about films, names of countries, words and how they sound.

`SOURCES.txt`, beside the files, says where each is from, under which licence, and what was cut.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Sequence
from importlib import resources

import numpy as np

from minigrad.contract.told import asked


@functools.cache
def sentences() -> tuple[tuple[str, float], ...]:
    """4,229 sentences from reviews of films, each with the mean of its ratings by twenty people, -4 to 4.

    None has more than 16 words, and none a rating between -0.5 and 0.5: they are good or bad.
    """
    return tuple((sentence, float(rating)) for rating, sentence in _rows("sentences.csv"))


@functools.cache
def countries() -> tuple[tuple[str, str, str], ...]:
    """What countries and territories are called: (country, language, name), in twelve languages each.

    Country and language are codes of two letters, such as ("AT", "de", "Österreich").
    """
    head, *rows = _rows("countries.csv", head=True)
    return tuple((row[0], *one) for row in rows for one in zip(head[1:], row[1:], strict=True))


@functools.cache
def sounds() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """6,000 English words, in no order, and the sounds of their letters: ("latin", ("L", "AE", ...)).

    A letter makes no sound (""), one ("AE") or two ("K S"), as the dictionary calls them, without stress.
    """
    return tuple((word, tuple(made.split("|"))) for word, made in _rows("sounds.csv"))


@asked
def indexed(texts: Sequence[Sequence[str]], symbols: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Texts (B) as the places (B, T) of their symbols, 0 for unknown ones and after the end; mask (B, T).

    A text is a string, whose symbols are its letters, or a list of words. T is the longest text's length.
    Raises ValueError where there is no text, or one is empty.
    """
    lengths = np.array([len(text) for text in texts])
    empty = int((lengths == 0).sum())
    if not len(texts) or empty:
        raise ValueError(
            f"indexed: {len(texts)} texts, {empty} of them empty; there must be one, and none empty"
        )
    place = {symbol: index for index, symbol in enumerate(symbols)}
    mask = np.arange(lengths.max()) < lengths[:, None]
    tokens = np.zeros(mask.shape, dtype=np.int64)
    tokens[mask] = [place.get(symbol, 0) for text in texts for symbol in text]
    return tokens, mask


def _rows(file: str, head: bool = False) -> list[list[str]]:
    """The rows of a file, with or without its first one, the names of columns."""
    text = resources.files("minigrad.data").joinpath(file).read_text(encoding="utf-8")
    return list(csv.reader(text.splitlines()))[0 if head else 1 :]
