"""Sequences of different lengths draw what they say, and need what they are meant to need."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.data import ragged


def rng(seed=0):
    return np.random.default_rng(seed)


@given(st.integers(1, 20), st.integers(5, 20), st.integers(0, 99))
def test_names_are_tagged_by_the_word_two_steps_on(batch, longest, seed):
    drawn = ragged.names(rng(seed), batch, longest)
    lengths = drawn.mask.sum(axis=1)
    assert drawn.x.shape == drawn.y.shape == drawn.mask.shape == (batch, lengths.max())
    assert 5 <= lengths.min() <= lengths.max() <= longest
    for x, y, length in zip(drawn.x, drawn.y, lengths, strict=True):
        words = [ragged.WORDS[token] for token in x[:length]] + ["", ""]
        for t in range(length):
            key = {"Company": "company", "Street": "street"}.get(words[t + 2], "person")
            assert ragged.TAGS[y[t]] == (key if words[t] in ragged.NAMES else "word")
        assert not x[length:].any()
        assert not y[length:].any()


def test_what_stands_before_a_name_does_not_tell_its_tag():
    drawn = ragged.names(rng(1), 4000)
    named = drawn.mask & (drawn.x < len(ragged.NAMES))
    shares = np.bincount(drawn.y[named], minlength=4)[1:] / named.sum()
    assert 0.25 < shares.min() <= shares.max() < 0.5
    for token in range(len(ragged.NAMES)):
        own = np.bincount(drawn.y[named & (drawn.x == token)], minlength=4)[1:]
        assert (own / own.sum()).max() < 0.5


@given(st.integers(1, 12), st.integers(9, 20), st.integers(0, 8), st.integers(0, 99))
def test_glides_end_in_a_gap_of_noise(batch, longest, gap, seed):
    drawn = ragged.glides(rng(seed), batch, longest, gap)
    lengths = drawn.mask.sum(axis=1)
    assert drawn.x.shape == (batch, lengths.max(), 8)
    assert drawn.y.shape == (batch,)
    assert 9 + gap <= lengths.min() <= lengths.max() <= longest + gap
    assert set(drawn.y) <= set(range(6))
    for x, length in zip(drawn.x, lengths, strict=True):
        assert not x[length:].any()
        assert np.linalg.norm(x[: length - gap], axis=1).min() > 0.5
        if gap:
            assert np.abs(x[length - gap : length]).max() < 6 * ragged.GLIDE_NOISE


def test_a_reversed_glide_has_the_same_frames():
    drawn = ragged.glides(rng(2), 4000, gap=0)
    for glide in range(3):
        there, back = (drawn[drawn.y == 2 * glide + turned] for turned in (0, 1))
        means = [
            np.mean([row.mean(axis=0) for row in ragged.sequences(d.x, d.mask)], axis=0)
            for d in (there, back)
        ]
        assert np.allclose(*means, atol=0.03)
        assert not np.allclose(there.x[:, 0].mean(axis=0), back.x[:, 0].mean(axis=0), atol=0.3)


def test_sequences_are_the_rows_without_padding():
    drawn = ragged.names(rng(3), 6)
    rows = ragged.sequences(drawn.x, drawn.mask)
    assert [len(row) for row in rows] == drawn.mask.sum(axis=1).tolist()
    assert np.array_equal(np.concatenate(rows), drawn.x[drawn.mask])


@pytest.mark.parametrize("draw", [ragged.names, ragged.glides])
def test_the_seed_decides(draw):
    first, again, other = (draw(rng(seed), 8) for seed in (4, 4, 5))
    assert np.array_equal(first.x, again.x)
    assert not np.array_equal(first.x, other.x)


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: ragged.names(rng(), 0), "names: batch is 0"),
        (lambda: ragged.names(rng(), 1, 4), "longest 4"),
        (lambda: ragged.glides(rng(), 0), "glides: batch is 0"),
        (lambda: ragged.glides(rng(), 1, 8), "longest 8"),
        (lambda: ragged.glides(rng(), 1, gap=-1), "gap -1"),
    ],
)
def test_errors_name_the_argument(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()
