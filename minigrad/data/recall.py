"""Tasks whose memory is changed now and then: adding with a gap, and sentiment with negation."""

from __future__ import annotations

import numpy as np

from minigrad.contract.told import asked
from minigrad.data.tasks import Batch

PADDING, NOT = "·", "not"
POSITIVE = ("good", "great", "lovely", "funny")
NEGATIVE = ("bad", "dull", "awful", "boring")
NEUTRAL = ("the", "film", "was", "it", "we", "saw", "today", "very", "a", "story")
WORDS = (PADDING, NOT, *POSITIVE, *NEGATIVE, *NEUTRAL)  # a word's index is its token


@asked
def adding(rng: np.random.Generator, batch: int, length: int = 20, gap: int = 4) -> Batch:
    """Give the sum of two marked numbers, after a gap in which none is marked.

    x (B, T, 2) is a number in [0, 1) and its mark, 0 or 1; y (B, 1) is the sum of the two marked ones,
    to be given after the last step. B is `batch`, T is `length`. One mark lies in the first half, one
    in the second, and none in the last `gap` steps: without the gap, a gradient that reaches one step
    back would be enough. The mean squared error of always saying 1 is 1/6.
    After Hochreiter and Schmidhuber, 1997, experiment 4.
    Raises ValueError where batch is below 1, length below 2, or gap not less than half the length.
    """
    if batch < 1 or length < 2 or not 0 <= gap < length - length // 2:
        raise ValueError(
            f"adding: batch is {batch}, length {length} and gap {gap}; "
            "batch must be at least 1, length 2, and gap less than half the length"
        )
    numbers, marks = rng.random((batch, length)), np.zeros((batch, length))
    rows = np.arange(batch)
    marks[rows, rng.integers(0, length // 2, batch)] = 1
    marks[rows, rng.integers(length // 2, length - gap, batch)] = 1
    return Batch(np.stack([numbers, marks], axis=-1), (numbers * marks).sum(axis=1, keepdims=True))


@asked
def sentiment(rng: np.random.Generator, batch: int, length: int = 12) -> Batch:
    """Say whether a text of 5 to `length` words is positive (1) or negative (0).

    x (B, T) are tokens, indices into `WORDS`, padded at the end; y (B,) labels; mask (B, T) is True on
    words. T is `length`. Each text has one word that judges. A third of the texts have "not" one or
    two words before it, which reverses the judgement; another third have it one or two words after,
    where it means nothing. Raises ValueError where batch is below 1 or length below 5.
    """
    if batch < 1 or length < 5:
        raise ValueError(f"sentiment: batch is {batch} and length {length}; they must be at least 1 and 5")
    x, mask = np.zeros((batch, length), dtype=np.int64), np.zeros((batch, length), dtype=bool)
    y = rng.integers(0, 2, batch)
    for row in range(batch):
        words = int(rng.integers(5, length + 1))
        text = rng.integers(len(WORDS) - len(NEUTRAL), len(WORDS), words)
        judge, kind, away = int(rng.integers(2, words - 2)), int(rng.integers(0, 3)), int(rng.integers(1, 3))
        turned = kind == 1
        first = 2 if y[row] != turned else 2 + len(POSITIVE)
        text[judge] = first + rng.integers(0, len(POSITIVE))
        if kind:
            text[judge - away if turned else judge + away] = 1
        x[row, :words], mask[row, :words] = text, True
    return Batch(x, y, mask)


@asked
def tokens(*texts: str) -> tuple[np.ndarray, np.ndarray]:
    """Texts of `WORDS`, separated by blanks, as tokens (B, T) and mask (B, T), padded at the end.

    Raises ValueError where a text is empty or holds another word.
    """
    split = [text.split() for text in texts]
    unknown = sorted({word for words in split for word in words} - set(WORDS))
    if unknown or not all(split):
        raise ValueError(f"tokens: {unknown or 'an empty text'}: the words are {', '.join(WORDS[1:])}")
    longest = max(map(len, split))
    codes = [[WORDS.index(word) for word in words] + [0] * (longest - len(words)) for words in split]
    return np.array(codes), np.arange(longest) < np.array([[len(words)] for words in split])
