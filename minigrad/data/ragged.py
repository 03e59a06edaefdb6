"""Sequences of different lengths: names that later words explain, and glides after a gap."""

from __future__ import annotations

import numpy as np

from minigrad.contract.told import asked
from minigrad.data.tasks import Batch

NAMES = ("Hill", "Park", "Stone", "Wood")
KEYS = ("Company", "Street")
OTHERS = ("we", "saw", "the", "new", "old", "near")
WORDS = (*NAMES, *KEYS, *OTHERS)  # a word's index is its token
TAGS = ("word", "person", "company", "street")  # a tag's index is its label
AHEAD = 2  # steps from a name to the word that explains it

GLIDE_BINS = 8
GLIDE_STARTS = np.array([[1.0, 6.0], [5.0, 2.5], [2.0, 4.0]])  # (glide, tone): bin where the tone starts
GLIDE_CLASSES = 2 * len(GLIDE_STARTS)
GLIDE_NOISE = 0.1  # the standard deviation of the noise, where a tone is 1


@asked
def names(rng: np.random.Generator, batch: int, longest: int = 12) -> Batch:
    """Tag every word of sentences of 5 to `longest` words; which tag a name has, a later word decides.

    x (B, T) are tokens, indices into `WORDS`, 0 after a sentence's end; y (B, T) are labels, indices
    into `TAGS`; mask (B, T) is True on words. T is the longest sentence's length. A name is a company
    or a street where the word two steps later is "Company" or "Street", else a person; the three are
    about equally frequent. Raises ValueError where batch is below 1 or longest below 5.
    """
    if batch < 1 or longest < 5:
        raise ValueError(f"names: batch is {batch} and longest {longest}; they must be at least 1 and 5")
    lengths = rng.integers(5, longest + 1, batch)
    x = np.zeros((batch, lengths.max()), dtype=np.int64)
    mask = np.arange(x.shape[1]) < lengths[:, None]
    for row, length in enumerate(lengths):
        text = rng.integers(len(NAMES) + len(KEYS), len(WORDS), length)
        text[rng.random(length) < 0.4] = rng.integers(0, len(NAMES))
        for t in range(length - AHEAD):
            if text[t] < len(NAMES) and rng.random() < 0.7:
                text[t + AHEAD] = len(NAMES) + rng.integers(0, len(KEYS))
        named = text < len(NAMES)
        text[named] = rng.integers(0, len(NAMES), named.sum())
        x[row, :length] = text
    return Batch(x, tags(x, mask), mask)


@asked
def tags(tokens: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The right labels (B, T) of tokens (B, T): indices into `TAGS`, and 0 where the mask (B, T) is False."""
    ahead = np.full(tokens.shape, -1)
    ahead[:, :-AHEAD] = np.where(mask[:, AHEAD:], tokens[:, AHEAD:], -1)
    label = np.ones(tokens.shape, dtype=np.int64)
    for place in range(len(KEYS)):
        label[ahead == len(NAMES) + place] = 2 + place
    return np.where(mask & (tokens < len(NAMES)), label, 0)


@asked
def glides(rng: np.random.Generator, batch: int, longest: int = 14, gap: int = 5) -> Batch:
    """Say which of six glides was heard, after `gap` frames of noise alone.

    x (B, T, 8) are frames of a spectrum, 0 after a sequence's end; y (B,) labels; mask (B, T). A glide
    is two tones that move towards each other, or the same backwards, in 9 to `longest` frames at a
    pitch of its own: label 2g is glide g of `GLIDE_STARTS`, 2g + 1 its reverse. No single frame shows
    the direction; without the gap, the last few frames would.
    Raises ValueError where batch is below 1, longest below 9, or gap below 0.
    """
    if batch < 1 or longest < 9 or gap < 0:
        raise ValueError(
            f"glides: batch is {batch}, longest {longest} and gap {gap}; they must be at least 1, 9 and 0"
        )
    lengths, y = rng.integers(9, longest + 1, batch), rng.integers(0, GLIDE_CLASSES, batch)
    mask = np.arange(lengths.max() + gap) < lengths[:, None] + gap
    x = GLIDE_NOISE * rng.standard_normal((*mask.shape, GLIDE_BINS)) * mask[..., None]
    for row, length in enumerate(lengths):
        x[row, :length] += _spectrum(y[row], length, rng.uniform(0.9, 1.1))
    return Batch(x, y, mask)


def _spectrum(glide: int, length: int, pitch: float) -> np.ndarray:
    """The frames (T, 8) of a glide of T = `length`, without noise."""
    along, bins = np.linspace(0, 1, length)[:, None], np.arange(GLIDE_BINS)
    along = along if glide % 2 == 0 else along[::-1]
    low, high = GLIDE_STARTS[glide // 2]
    tones = (low + 1.5 * along) * pitch, (high - 1.5 * along) * pitch
    return np.asarray(np.exp(-((bins - tones[0]) ** 2)) + 0.7 * np.exp(-((bins - tones[1]) ** 2)))


@asked
def sequences(padded: np.ndarray, mask: np.ndarray) -> list[np.ndarray]:
    """The rows of a `padded` array (B, T, ...), each without the steps at which its mask (B, T) is False."""
    return [row[here] for row, here in zip(padded, mask, strict=True)]
