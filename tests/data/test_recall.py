"""Adding with a gap and sentiment with negation draw what they say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.data import recall


def rng(seed=0):
    return np.random.default_rng(seed)


@given(st.integers(1, 5), st.integers(2, 24), st.data())
def test_adding_sums_two_marked_numbers_and_leaves_a_gap(batch, length, data):
    gap = data.draw(st.integers(0, length - length // 2 - 1))
    drawn = recall.adding(rng(), batch, length, gap)
    numbers, marks = drawn.x[..., 0], drawn.x[..., 1]
    assert drawn.x.shape == (batch, length, 2)
    assert drawn.y.shape == (batch, 1)
    assert drawn.mask is None
    assert set(np.unique(marks)) <= {0.0, 1.0}
    assert (marks[:, : length // 2].sum(1) == 1).all()
    assert (marks[:, length // 2 :].sum(1) == 1).all()
    assert (marks[:, length - gap :] == 0).all()
    assert np.allclose(drawn.y[:, 0], [n[m == 1].sum() for n, m in zip(numbers, marks, strict=True)])


def test_every_place_is_marked_and_always_saying_one_has_an_error_of_a_sixth():
    drawn = recall.adding(rng(1), 4000, length=10, gap=2)
    assert drawn.x[..., 1].any(0).tolist() == [True] * 8 + [False] * 2
    assert np.mean((drawn.y - 1) ** 2) == pytest.approx(1 / 6, rel=0.05)


def test_sentiment_follows_its_grammar():
    drawn = recall.sentiment(rng(2), 3000, length=9)
    assert drawn.x.shape == drawn.mask.shape == (3000, 9)
    assert drawn.x.dtype == drawn.y.dtype == np.int64
    kinds = {"none": 0, "before": 0, "behind": 0}
    for tokens, label, mask in zip(drawn.x, drawn.y, drawn.mask, strict=True):
        count = int(mask.sum())
        assert 5 <= count <= 9
        assert mask[:count].all()
        assert (tokens[count:] == 0).all()
        words = [recall.WORDS[t] for t in tokens[:count]]
        (at,) = [i for i, w in enumerate(words) if w in recall.POSITIVE + recall.NEGATIVE]
        nots = [i for i, w in enumerate(words) if w == "not"]
        assert recall.PADDING not in words
        assert len(nots) <= 1
        before = bool(nots) and nots[0] < at
        assert not nots or 1 <= abs(nots[0] - at) <= 2
        assert label == ((words[at] in recall.POSITIVE) != before)
        kinds["before" if before else "behind" if nots else "none"] += 1
    assert all(900 < count < 1100 for count in kinds.values()), kinds
    assert 0.47 < drawn.y.mean() < 0.53
    assert len(np.unique(drawn.x)) == len(recall.WORDS)


def test_neither_the_judging_word_nor_not_alone_tells_the_label():
    drawn = recall.sentiment(rng(3), 3000)
    has_not, positive = (drawn.x == 1).any(1), ((drawn.x >= 2) & (drawn.x < 6)).any(1)
    assert (positive == drawn.y).mean() == pytest.approx(2 / 3, abs=0.04)
    assert drawn.y[has_not].mean() == pytest.approx(1 / 2, abs=0.04)


def test_texts_become_tokens_and_a_mask():
    tokens, mask = recall.tokens("the film was not good", "it was bad")
    assert [recall.WORDS[t] for t in tokens[0]] == ["the", "film", "was", "not", "good"]
    assert [recall.WORDS[t] for t in tokens[1]] == ["it", "was", "bad", "·", "·"]
    assert mask.tolist() == [[True] * 5, [True] * 3 + [False] * 2]


@pytest.mark.parametrize("draw", [recall.adding, recall.sentiment])
def test_the_seed_decides(draw):
    first, again, other = (draw(rng(seed), 8) for seed in (4, 4, 5))
    assert np.array_equal(first.x, again.x)
    assert np.array_equal(first.y, again.y)
    assert not np.array_equal(first.x, other.x)


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: recall.adding(rng(), 0), "batch is 0"),
        (lambda: recall.adding(rng(), 2, length=1), "length 1"),
        (lambda: recall.adding(rng(), 2, length=8, gap=4), "gap 4"),
        (lambda: recall.adding(rng(), 2, gap=-1), "gap -1"),
        (lambda: recall.sentiment(rng(), 0), "batch is 0"),
        (lambda: recall.sentiment(rng(), 2, length=4), "length 4"),
        (lambda: recall.tokens("the movie was good"), "movie.*: the words are not, good"),
        (lambda: recall.tokens("good", ""), "an empty text"),
    ],
)
def test_silly_arguments_are_named(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()
