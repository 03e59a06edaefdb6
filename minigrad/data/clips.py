"""Clips of a dot on a small screen: what kind of clip it is, and a sentence that says where the dot moves."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from minigrad.arguments import indices
from minigrad.contract.told import asked
from minigrad.data.tasks import Batch

SIDE = 5  # the screen has SIDE x SIDE points, and what leaves it on one side comes in on the other
NOISE = 0.1  # the noise's standard deviation, where a dot is 1
DIRECTIONS = ("right", "left", "down", "up")
KINDS = ("still", "travel", "to and fro", "cut")  # a kind's index is its label
END, START = 0, 1
WORDS = (
    "<end>",
    "<start>",
    "small",
    "big",
    "dot",
    "rests",
    "moves",
    *DIRECTIONS,
)  # a word's index is its token
_STEPS = np.array([[0, 1], [0, -1], [1, 0], [-1, 0]])  # (direction, row and column)


@asked
def kinds(rng: np.random.Generator, batch: int, frames: int = 8) -> Batch:
    """Say what kind of clip it is: video classification.

    x (B, T, 25) are frames, row by row; y (B,) labels, indices into `KINDS`. In a clip that is "still"
    the dot stays; in "travel" it moves on by one point a frame; in "to and fro" it goes back and forth
    between two neighbouring points; in a "cut" it stays, but from some frame after the first on, at
    another point. Every frame shows one dot, anywhere, so no single frame shows the kind.
    Raises ValueError where batch is below 1 or frames below 2.
    """
    _enough("kinds", batch, frames)
    start, y = rng.integers(0, SIDE, (batch, 2)), rng.integers(0, len(KINDS), batch)
    step, t = _STEPS[rng.integers(0, len(DIRECTIONS), batch)], np.arange(frames)
    cut = t >= rng.integers(1, frames, batch)[:, None]
    jump = rng.integers(1, SIDE, (batch, 2))
    still = np.zeros((batch, frames), dtype=np.int64)
    travel, to_and_fro = still + t, still + t % 2
    along = np.choose(y[:, None], [still, travel, to_and_fro, still])[..., None] * step[:, None]
    away = (cut & (y == 3)[:, None])[..., None] * jump[:, None]
    return Batch(_film(rng, start[:, None] + along + away), y)


@asked
def captions(rng: np.random.Generator, batch: int, frames: int = 6) -> Batch:
    """Describe a clip: "small dot moves left", "big dot rests".

    x (B, T, 25) are frames, row by row; y (B, 5) are tokens, indices into `WORDS`, filled up with
    `END`. A big dot is two points wide. The dot rests as often as it moves in any one direction,
    so that each of the ten sentences is as likely as any other.
    Raises ValueError where batch is below 1 or frames below 2.
    """
    _enough("captions", batch, frames)
    start, big = rng.integers(0, SIDE, (batch, 2)), rng.integers(0, 2, batch)
    way = rng.integers(0, len(DIRECTIONS) + 1, batch)
    steps = np.concatenate([_STEPS, [[0, 0]]])[way]
    places = start[:, None] + np.arange(frames)[:, None] * steps[:, None]
    y = np.array([_sentence(b, w) for b, w in zip(big, way, strict=True)])
    return Batch(_film(rng, places, big.astype(bool)), y)


def _sentence(big: int, way: int) -> list[int]:
    """The tokens of a caption, filled up with END to five."""
    moves = ["moves", DIRECTIONS[way]] if way < len(DIRECTIONS) else ["rests"]
    words = ["big" if big else "small", "dot", *moves]
    return [*(WORDS.index(word) for word in words), *[END] * (5 - len(words))]


@asked
def sentence(tokens: npt.ArrayLike) -> str:
    """The words of tokens (T,) up to the first `END`. Raises ValueError where one is not a word's index."""
    words = [WORDS[token] for token in indices("sentence", "tokens", tokens, len(WORDS)).ravel().tolist()]
    return " ".join(words[: words.index("<end>")] if "<end>" in words else words)


def _film(rng: np.random.Generator, places: np.ndarray, big: np.ndarray | None = None) -> np.ndarray:
    """Frames (B, T, 25) with noise and a dot at its place (B, T, 2); where `big` (B,), two points wide."""
    film = NOISE * rng.standard_normal((*places.shape[:2], SIDE, SIDE))
    row, column = places[..., 0] % SIDE, places[..., 1]
    b, t = np.indices(row.shape)
    film[b, t, row, column % SIDE] += 1
    if big is not None:
        film[b, t, row, (column + 1) % SIDE] += big[:, None]
    return np.asarray(film.reshape(*places.shape[:2], SIDE * SIDE))


def _enough(name: str, batch: int, frames: int) -> None:
    """Raise ValueError where there is no clip, or a clip has too few frames to show anything move."""
    if batch < 1 or frames < 2:
        raise ValueError(f"{name}: batch is {batch} and frames {frames}; they must be at least 1 and 2")
