"""The toy tasks draw what they say, and their baselines are what is reached without memory."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.data import TASKS, Batch, boom, echo, parity


def rng(seed=0):
    return np.random.default_rng(seed)


@given(st.integers(1, 5), st.integers(1, 12), st.data())
def test_echo_repeats_the_bit_of_delay_steps_ago(batch, length, data):
    delay = data.draw(st.integers(0, length - 1))
    drawn = echo(rng(), batch, length, delay)
    assert drawn.x.shape == drawn.y.shape == (batch, length, 1)
    assert drawn.mask.shape == (batch, length)
    assert set(np.unique(drawn.x)) <= {-1.0, 1.0}
    for t in range(length):
        assert drawn.mask[:, t].all() == (t >= delay)
        if t >= delay:
            assert np.array_equal(drawn.y[:, t], (drawn.x[:, t - delay] + 1) / 2)


@given(st.integers(1, 5), st.integers(1, 12))
def test_parity_is_a_running_exclusive_or(batch, length):
    drawn = parity(rng(1), batch, length)
    odd = np.zeros(batch, dtype=bool)
    for t in range(length):
        odd ^= drawn.x[:, t, 0] > 0
        assert np.array_equal(drawn.y[:, t, 0], odd.astype(float))
    assert drawn.mask.all()


def test_boom_moves_towards_the_target_of_the_symbol():
    targets = np.array([[1.0, 0.0, 2.0], [0.0, -1.0, 3.0]])
    drawn = boom(rng(2), 6, length=10, targets=targets)
    assert drawn.x.shape == (6, 10, 2)
    assert drawn.y.shape == (6, 10, 3)
    assert (drawn.x.sum(-1) == 1).all()
    before = np.concatenate([np.zeros((6, 1, 3)), drawn.y[:, :-1]], axis=1)
    goal = drawn.x @ targets
    assert np.allclose(goal - drawn.y, 0.65 * (goal - before))
    symbols = drawn.x.argmax(-1)
    assert (symbols[:, :4] == symbols[:, :1]).all(), "a symbol stays for four steps"


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_tasks_share_one_interface(task):
    drawn = task.batch(rng(3), 4000)
    assert len(drawn) == 4000
    assert drawn.x.shape == (*drawn.mask.shape, task.inputs)
    assert drawn.y.shape == (*drawn.mask.shape, task.outputs)
    assert drawn.x.dtype == drawn.y.dtype == np.float64
    assert drawn.mask.dtype == bool
    reached = 0.0
    inputs, asked = drawn.x[drawn.mask], drawn.y[drawn.mask]
    for present in np.unique(inputs, axis=0):
        answers = asked[(inputs == present).all(-1)]
        if task.metric == "mse":
            reached += float(((answers - answers.mean(0)) ** 2).sum())
        else:
            reached += max((answers == 0).sum(), (answers == 1).sum())
    assert reached / asked.size == pytest.approx(task.baseline, rel=0.03)


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_the_seed_decides(task):
    first, again, other = (task.batch(rng(seed), 8) for seed in (4, 4, 5))
    assert np.array_equal(first.x, again.x)
    assert np.array_equal(first.y, again.y)
    assert not np.array_equal(first.x, other.x)


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: echo(rng(), 0), "batch is 0"),
        (lambda: echo(rng(), 2, length=5, delay=5), "delay is 5.*length = 5"),
        (lambda: echo(rng(), 2, delay=-1), "delay is -1"),
        (lambda: parity(rng(), 2, length=0), "length is 0"),
        (lambda: boom(rng(), 2, length=-3), "length is -3"),
        (lambda: boom(rng(), 2, targets=np.zeros(3)), r"targets has shape \(3,\)"),
    ],
)
def test_silly_arguments_are_named(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()


def test_a_batch_is_cut_by_rows():
    drawn = echo(rng(6), 5, length=12)
    for rows in (slice(1, 3), np.array([4, 0])):
        cut = drawn[rows]
        assert np.array_equal(cut.x, drawn.x[rows])
        assert np.array_equal(cut.y, drawn.y[rows])
        assert np.array_equal(cut.mask, drawn.mask[rows])
    assert Batch(drawn.x, drawn.y)[:2].mask is None
    with pytest.raises(ValueError, match="x has 5 samples, y 4; they must agree"):
        Batch(drawn.x, drawn.y[:4])
    with pytest.raises(ValueError, match="x has 5 samples, y 5, mask 3; they must agree"):
        Batch(drawn.x, drawn.y, drawn.mask[:3])
