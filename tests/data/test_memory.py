"""Tasks with a gap: what they draw is what they say, and cannot be answered without memory."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.data import memory


def rng(seed=0):
    return np.random.default_rng(seed)


@given(st.integers(1, 30), st.integers(4, 60), st.integers(0, 99))
def test_order_has_two_symbols_that_count_where_it_says(batch, length, seed):
    drawn = memory.order(rng(seed), batch, length)
    assert drawn.x.shape == (batch, length, 6)
    assert drawn.y.shape == (batch,)
    assert (drawn.x.sum(-1) == 1).all()
    for x, y in zip(drawn.x, drawn.y, strict=True):
        (first, second), symbols = np.flatnonzero(x[:, :2].any(axis=1)), x.argmax(axis=1)
        assert length // 10 <= first <= length // 5
        assert length // 2 <= second <= length * 3 // 5
        assert y == 2 * symbols[first] + symbols[second]


def test_the_four_orders_are_equally_frequent():
    counts = np.bincount(memory.order(rng(1), 4000).y)
    assert len(counts) == 4
    assert counts.min() > 900


# The grammar again, written as transitions by state and symbol: an independent reading of its picture.
STEPS = {
    (0, "T"): 1, (0, "P"): 2, (1, "S"): 1, (1, "X"): 3, (2, "T"): 2, (2, "V"): 4,
    (3, "X"): 2, (3, "S"): 5, (4, "P"): 3, (4, "V"): 5,
}  # fmt: skip


def grammatical(string):
    if string[0] != "B" or string[-1] != "E" or string[1] not in "TP" or string[1] != string[-2]:
        return False
    inner, place = string[2:-2], 0
    for symbol in inner[1:-1]:
        place = STEPS.get((place, symbol), -1)
    return inner[0] == "B" and inner[-1] == "E" and place == 5


@given(st.integers(9, 20), st.integers(0, 300))
def test_reber_strings_obey_the_grammar(longest, seed):
    string = memory.reber_string(rng(seed), longest)
    assert 9 <= len(string) <= longest
    assert grammatical(string), string


def test_the_test_knows_wrong_strings():
    assert grammatical("BTBTXSETE")
    assert not any(map(grammatical, ("BTBTXSEPE", "BTBTTXSETE", "BTBTXETE", "BTBTXSETB")))


def test_a_batch_asks_for_the_next_symbol_and_masks_what_lies_behind():
    strings = ["BTBTXSETE", "BPBPTTVVEPE"]
    drawn = memory.reber_batch(strings)
    assert drawn.x.shape == (2, 10, 7)
    for string, x, y, mask in zip(strings, drawn.x, drawn.y, drawn.mask, strict=True):
        steps = len(string) - 1
        assert mask.tolist() == [t < steps for t in range(10)]
        assert "".join(memory.REBER_SYMBOLS[k] for k in x[:steps].argmax(-1)) == string[:-1]
        assert "".join(memory.REBER_SYMBOLS[k] for k in y[:steps]) == string[1:]
        assert not x[steps:].any()
    closing = memory.reber_closing(drawn.mask)
    assert closing.sum(axis=1).tolist() == [1, 1]
    assert [memory.REBER_SYMBOLS[k] for k in drawn.y[closing]] == ["T", "P"]


def test_the_closing_symbol_does_not_depend_on_what_lies_between():
    drawn = memory.reber(rng(2), 4000)
    closing = memory.reber_closing(drawn.mask)
    second = drawn.x[:, 1].argmax(axis=1)
    assert np.array_equal(drawn.y[closing], second)
    before = np.roll(closing, -1, axis=1)  # an E, and before it S or V: these tell nothing
    assert set(drawn.x[closing].argmax(axis=1)) == {memory.REBER_SYMBOLS.index("E")}
    for symbol in set(drawn.x[before].argmax(axis=1)):
        rows = drawn.x[before].argmax(axis=1) == symbol
        assert 0.4 < (second[rows] == second[0]).mean() < 0.6


def test_waves_are_two_sines_in_given_mixtures():
    mix = np.array([[1.0, 0.0, 0.5], [0.0, 2.0, -1.0]])
    series = memory.waves(rng(3), 240, mix, periods=(8, 20), noise=0.0)
    assert series.shape == (240, 3)
    fast, slow = series[:, 0], series[:, 1]
    assert np.allclose(fast[8:], fast[:-8])
    assert np.allclose(slow[20:], slow[:-20])
    assert np.allclose(series[:, 2], 0.5 * fast - 0.5 * slow)
    assert fast.max() == pytest.approx(1, abs=0.1)
    assert slow.max() == pytest.approx(2, abs=0.1)
    noisy = memory.waves(rng(3), 240, mix, periods=(8, 20), noise=0.1)
    assert np.std(noisy - series) == pytest.approx(0.1, rel=0.15)
    assert memory.waves(rng(3), 30).shape == (30, 1)


@pytest.mark.parametrize("draw", [memory.order, memory.reber, memory.waves])
def test_the_seed_decides(draw):
    first, again, other = (draw(rng(seed), 8) for seed in (4, 4, 5))
    first, again, other = (getattr(drawn, "x", drawn) for drawn in (first, again, other))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: memory.order(rng(), 0), "order: batch is 0"),
        (lambda: memory.order(rng(), 1, 3), "length 3"),
        (lambda: memory.reber(rng(), 0), "reber: batch is 0"),
        (lambda: memory.reber(rng(), 1, 8), "longest is 8"),
        (lambda: memory.waves(rng(), 5, np.ones((3, 2))), r"mix has shape \(3, 2\)"),
    ],
)
def test_errors_name_the_argument(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()


def test_what_may_follow_in_a_reber_string():
    assert memory.reber_possible("BTBTXSETE") == ["TP", "B", "TP", "SX", "XS", "E", "T", "E"]
    for seed in range(200):
        string = memory.reber_string(np.random.default_rng(seed), longest=40)
        possible = memory.reber_possible(string)
        assert len(possible) == len(string) - 1
        assert all(after in may for after, may in zip(string[1:], possible, strict=True))
        assert possible[-2:] == [string[1], "E"]
