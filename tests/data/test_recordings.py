"""Recordings are whole, in the parts in which they were published, and belong to whoever asked for them."""

import numpy as np

from minigrad.data import recordings


def test_nine_men_speak_in_recordings_of_many_lengths():
    known, fresh = recordings.vowels()
    assert (known.x.shape, fresh.x.shape) == ((270, 29, 12), (370, 29, 12))
    assert np.bincount(known.y).tolist() == [30] * recordings.SPEAKERS
    assert np.bincount(fresh.y).tolist() == [31, 35, 88, 44, 29, 24, 40, 50, 29]
    for part in (known, fresh):
        lengths = part.mask.sum(axis=1)
        assert 7 <= lengths.min() <= lengths.max() <= 29
        assert (np.diff(part.mask.astype(int), axis=1) <= 0).all(), "frames first, then padding"
        assert (part.x[~part.mask] == 0).all()
    assert np.abs(known.x[0, :3, 0] - [1.860936, 1.891651, 1.939205]).max() < 0.006, "as published, to a step"
    assert -2 < known.x.min() < known.x.max() < 3


def test_a_watch_feels_who_runs_and_who_stands():
    known, fresh = recordings.motions()
    for part in (known, fresh):
        assert part.x.shape == (40, 100, len(recordings.CHANNELS))
        assert np.bincount(part.y).tolist() == [10] * len(recordings.MOTIONS)
        strength = {name: part.x[part.y == k].std() for k, name in enumerate(recordings.MOTIONS)}
        assert strength["standing"] < strength["walking"] < strength["badminton"] < strength["running"]
    assert np.abs(known.x[0, :4, 0] - [0.079106, 0.079106, -0.903497, 1.116125]).max() < 0.001


def test_what_a_caller_does_to_a_recording_is_not_the_next_ones():
    for read in (recordings.vowels, recordings.motions):
        for part in (0, 1):
            before = read()[part]
            kept, labels = before.x.copy(), before.y.copy()
            before.x[...], before.y[...] = 7, 7
            assert (read()[part].x == kept).all()
            assert (read()[part].y == labels).all()
