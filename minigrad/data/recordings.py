"""Recordings of people: nine men who say two vowels, and four movements as a watch on the wrist feels them.

Each comes in the two parts in which it was published, for training and for the test. `SOURCES.txt`, beside
the files, says where each is from, under which licence, and what was cut.
"""

from __future__ import annotations

import functools
from importlib import resources

import numpy as np

from minigrad.data.tasks import Batch

SPEAKERS = 9
MOTIONS = ("badminton", "running", "standing", "walking")  # a motion's index is its label
CHANNELS = ("x", "y", "z", "turning about x", "about y", "about z")  # acceleration, then rotation


def vowels() -> tuple[Batch, Batch]:
    """Say who speaks: 270 recordings of the Japanese vowels a and e for training, 370 for the test.

    x (B, T, 12) are frames of twelve cepstral coefficients, 0 after a recording's end, which comes after 7
    to 29 frames; y (B,) says which of `SPEAKERS` men speaks; mask (B, T) is True on frames. In training
    there are 30 recordings of each man, in the test 24 to 88.
    """
    file = _arrays("vowels.npz")
    lengths = file["lengths"].astype(np.int64)
    mask = np.arange(lengths.max()) < lengths[:, None]
    x = np.zeros((*mask.shape, len(file["low"])))
    x[mask] = file["low"] + file["step"] * file["frames"]
    return _parts(Batch(x, file["labels"].astype(np.int64), mask), int(file["training"]))


def motions() -> tuple[Batch, Batch]:
    """Say what somebody with a watch does: 40 recordings for training, 40 for the test.

    x (B, 100, 6) are ten seconds of `CHANNELS`, ten times a second, in units that the source does not name;
    y (B,) are indices into `MOTIONS`, ten of each in either part.
    """
    file = _arrays("motions.npz")
    return _parts(Batch(file["x"].astype(np.float64), file["labels"].astype(np.int64)), int(file["training"]))


def _parts(whole: Batch, training: int) -> tuple[Batch, Batch]:
    """The first `training` samples, and the others."""
    return whole[:training], whole[training:]


@functools.cache
def _arrays(file: str) -> dict[str, np.ndarray]:
    """The arrays of a file by name; callers make their own of them, and change none of these."""
    with resources.files("minigrad.data").joinpath(file).open("rb") as opened, np.load(opened) as arrays:
        return dict(arrays)
