"""Clips show what their labels and captions say, and no single frame gives it away."""

import numpy as np
import pytest

from minigrad.data import clips


def rng(seed=0):
    return np.random.default_rng(seed)


def places(x):
    """Row and column of the brightest point of every frame, (B, T, 2)."""
    brightest = x.reshape(*x.shape[:2], -1).argmax(axis=-1)
    return np.stack([brightest // clips.SIDE, brightest % clips.SIDE], axis=-1)


def test_kinds_of_clips_are_what_they_are_called():
    drawn = clips.kinds(rng(1), 800, frames=7)
    at = places(drawn.x)
    cuts = set()
    for row, label in zip(at, drawn.y, strict=True):
        steps = np.diff(row, axis=0) % clips.SIDE
        moved = steps.any(axis=1)
        kind = clips.KINDS[label]
        if kind == "still":
            assert not moved.any()
        elif kind == "travel":
            assert (steps == steps[0]).all()
            assert sorted(steps[0]) in ([0, 1], [0, 4])
        elif kind == "to and fro":
            assert (row[::2] == row[0]).all()
            assert (row[1::2] == row[1]).all()
            assert sorted((row[1] - row[0]) % clips.SIDE) in ([0, 1], [0, 4])
        else:
            assert moved.sum() == 1
            cuts.add(int(moved.argmax()))
    assert cuts == set(range(6)), "a cut may come between any two frames"
    assert np.bincount(drawn.y).min() > 150


def test_every_frame_of_every_kind_shows_one_dot_anywhere():
    drawn = clips.kinds(rng(2), 4000)
    bright = (drawn.x > 0.5).sum(axis=-1)
    assert (bright == 1).all()
    for label in range(len(clips.KINDS)):
        last = places(drawn.x[drawn.y == label])[:, -1]
        counts = np.bincount(last[:, 0] * clips.SIDE + last[:, 1], minlength=25)
        assert counts.min() > 15, "the last frame alone would tell"


def test_captions_describe_size_and_motion():
    drawn = clips.captions(rng(3), 600, frames=4)
    assert drawn.y.shape == (600, 5)
    texts = [clips.sentence(row) for row in drawn.y]
    assert len(set(texts)) == 10
    assert min(texts.count(text) for text in set(texts)) > 30
    lit = (drawn.x > 0.5).sum(axis=-1)
    for text, frames, points in zip(texts, drawn.x, lit, strict=True):
        assert (points == (2 if text.startswith("big") else 1)).all()
        same = (np.diff((frames > 0.5).astype(int), axis=0) == 0).all()
        assert same == text.endswith("rests")
    assert texts[0].split()[1] == "dot"
    assert {text.split()[-1] for text in texts} == {"rests", *clips.DIRECTIONS}


def test_a_caption_names_the_direction_in_which_the_dot_moves():
    drawn = clips.captions(rng(4), 300)
    told = {"right": (0, 1), "left": (0, -1), "down": (1, 0), "up": (-1, 0)}
    for frames, row in zip((drawn.x > 0.5).reshape(300, -1, 5, 5), drawn.y, strict=True):
        way = clips.sentence(row).split()[-1]
        if way != "rests":
            assert (np.roll(frames[0], told[way], axis=(0, 1)) == frames[1]).all()


def test_a_sentence_ends_where_its_end_is():
    assert clips.sentence(np.array([3, 4, 5, clips.END, clips.END])) == "big dot rests"
    assert clips.sentence(np.array([3, 4])) == "big dot"
    assert clips.WORDS[clips.START] == "<start>"


@pytest.mark.parametrize("draw", [clips.kinds, clips.captions])
def test_sizes_that_make_no_sense_are_refused(draw):
    with pytest.raises(ValueError, match="at least 1 and 2"):
        draw(rng(), 0)
    with pytest.raises(ValueError, match="frames 1"):
        draw(rng(), 2, frames=1)
    assert (draw(rng(5), 3).x == draw(rng(5), 3).x).all()
