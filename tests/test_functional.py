"""Softmax, losses, dropout, layer normalisation: values, gradients, masks and errors."""

import re

import numpy as np
import pytest

from minigrad import Tensor
from minigrad import functional as F
from minigrad.gradcheck import gradcheck
from tests.tapes import the_tape


@pytest.fixture(scope="module", params=[True, False], ids=["fast", "plain"], autouse=True)
def quick(request):
    """Every test here runs on the tape of fast/ and on that of tape.py."""
    with the_tape(request.param):
        yield


def leaf(*shape, seed=0):
    return Tensor(np.random.default_rng(seed).standard_normal(shape), requires_grad=True)


@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_softmax(axis):
    x, w = leaf(2, 3, 4), np.random.default_rng(1).standard_normal((2, 3, 4))
    assert np.allclose(F.softmax(x, axis=axis).data.sum(axis), 1)
    assert np.allclose(np.log(F.softmax(x, axis=axis).data), F.log_softmax(x, axis=axis).data)
    assert gradcheck(lambda x: F.softmax(x, axis=axis) * w, x)
    assert gradcheck(lambda x: F.log_softmax(x, axis=axis) * w, x)


def test_softmax_of_large_logits():
    x = Tensor(np.array([1e4, 0.0, -1e4], np.float32), True)
    assert F.softmax(x).data.tolist() == [1, 0, 0]
    assert F.log_softmax(x).data.tolist() == [0, -1e4, -2e4]


def test_cross_entropy():
    logits, labels = leaf(2, 3, 4), np.array([[0, 1, 3], [2, 2, 0]])
    p = F.softmax(logits).data
    expected = -np.mean([np.log(p[i, j, labels[i, j]]) for i in range(2) for j in range(3)])
    assert F.cross_entropy(logits, labels).item() == pytest.approx(expected)
    assert F.cross_entropy(logits, Tensor(labels)).item() == pytest.approx(expected)
    assert F.cross_entropy(logits, F.one_hot(labels, 4)).item() == pytest.approx(expected)
    assert gradcheck(lambda x: F.cross_entropy(x, labels), logits, entrywise=True)
    assert gradcheck(lambda x: F.cross_entropy(x, p), logits)
    targets = leaf(2, 3, 4, seed=1)
    assert gradcheck(lambda x, t: F.cross_entropy(x, F.softmax(t)), logits, targets)


def test_cross_entropy_masked():
    logits, labels = leaf(2, 3, 4), np.array([[0, 1, -1], [2, 2, 0]])
    mask = labels >= 0
    mask[1, 2] = False
    labels[1, 2] = 99
    alone = [F.cross_entropy(logits[i, j][None], labels[i, j][None]).item() for i, j in np.argwhere(mask)]
    loss = F.cross_entropy(logits, labels, mask)
    assert loss.item() == pytest.approx(np.mean(alone))
    loss.backward()
    assert not logits.grad[~mask].any()
    assert F.cross_entropy(logits, np.where(mask, labels, -100), ignore_index=-100).item() == loss.item()
    both = F.cross_entropy(logits, np.where(mask, labels, 2), mask=mask, ignore_index=2)
    assert both.item() == pytest.approx(
        np.mean([a for a, (i, j) in zip(alone, np.argwhere(mask), strict=True) if labels[i, j] != 2])
    )
    rows = np.array([True, False])
    assert F.cross_entropy(logits, np.abs(labels) % 4, rows).item() == pytest.approx(
        F.cross_entropy(logits[:1], np.abs(labels[:1]) % 4).item()
    )
    assert F.cross_entropy(logits, F.softmax(logits).detach(), rows).item() == pytest.approx(
        F.cross_entropy(logits[:1], F.softmax(logits[:1]).detach()).item()
    )


def test_nothing_to_average_is_zero():
    x = leaf(2, 3)
    for loss in (
        F.cross_entropy(x, np.zeros(2, int), np.zeros(2, bool)),
        F.mse(x, x.data, np.zeros(2, bool)),
        F.mse(x[:0], x.data[:0]),
    ):
        assert loss.item() == 0
        loss.backward()
    assert not x.grad.any()


def test_cross_entropy_refuses():
    with pytest.raises(ValueError, match=r"labels must lie in 0 \.\. 2"):
        F.cross_entropy(leaf(2, 3), np.array([0, 3]))
    with pytest.raises(ValueError, match=r"labels \(3,\) of int64 do not fit logits \(2, 3\)"):
        F.cross_entropy(leaf(2, 3), np.array([0, 1, 2]))
    with pytest.raises(ValueError, match=r"labels \(2, 4\) of float64 do not fit logits \(2, 3\)"):
        F.cross_entropy(leaf(2, 3), np.ones((2, 4)))
    with pytest.raises(ValueError, match=r"a mask of shape \(3,\) does not fit values of shape \(2,\)"):
        F.mse(leaf(2), np.ones(2), np.ones(3, bool))


def test_binary_cross_entropy():
    x, t = leaf(4, 3), np.random.default_rng(1).random((4, 3))
    p = 1 / (1 + np.exp(-x.data))
    expected = -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean()
    assert F.binary_cross_entropy_with_logits(x, t).item() == pytest.approx(expected)
    assert gradcheck(lambda x: F.binary_cross_entropy_with_logits(x, t), x)
    far = Tensor(np.array([-800.0, 800.0, 50.0]), True)
    assert np.allclose(
        F.binary_cross_entropy_with_logits(far, np.array([0, 1, 1])).item(), np.exp(-50) / 3, rtol=1e-12
    )
    assert F.binary_cross_entropy_with_logits(x, t > 0.5, np.ones(4, bool)).dtype == np.float64


@pytest.mark.parametrize(
    ("loss", "value"),
    [
        (F.mse, lambda d: d * d),
        (F.mae, np.abs),
        (F.huber, lambda d: np.where(np.abs(d) <= 1, d * d / 2, np.abs(d) - 0.5)),
    ],
)
def test_regression_losses(loss, value):
    x, y = leaf(3, 4), leaf(3, 4, seed=1)
    assert loss(x, y).item() == pytest.approx(value(x.data - y.data).mean())
    assert gradcheck(loss, x, y, entrywise=True)
    mask = np.array([True, False, True])
    assert loss(x, y, mask=mask).item() == pytest.approx(value(x.data - y.data)[mask].mean())
    entries = np.random.default_rng(2).random((3, 4)) < 0.5
    assert loss(x, y.data, mask=entries).item() == pytest.approx(value(x.data - y.data)[entries].mean())
    with pytest.raises(ValueError, match=r"shapes \(3, 4\) and \(3,\) differ"):
        loss(x, np.ones(3))


def test_huber_delta():
    x = leaf(5)
    d = np.abs(x.data)
    expected = np.where(d <= 0.3, d * d / 2, 0.3 * (d - 0.15)).mean()
    assert F.huber(x, np.zeros(5), delta=0.3).item() == pytest.approx(expected)


def test_losses_keep_float32():
    x = Tensor(np.ones((2, 3), np.float32), True)
    target = np.zeros((2, 3), np.float32)
    losses = [F.mse(x, target), F.mae(x, target), F.huber(x, target), F.cross_entropy(x, np.array([0, 1]))]
    losses += [
        F.binary_cross_entropy_with_logits(x, target),
        F.layer_norm(x * x).sum(),
        F.mse(x, target, np.ones(2, bool)),
    ]
    assert {loss.dtype for loss in losses} == {np.dtype(np.float32)}


def test_dropout():
    x, rng = Tensor(np.ones((100, 100)), True), np.random.default_rng(0)
    y = F.dropout(x, 0.25, rng)
    assert set(np.unique(y.data)) == {0, 1 / 0.75}
    assert y.data.mean() == pytest.approx(1, abs=0.02)
    y.sum().backward()
    assert np.array_equal(x.grad, y.data)
    assert F.dropout(x, 0.25, rng, training=False) is x
    assert F.dropout(x, 0.0, rng) is x
    assert F.dropout(Tensor(np.ones(3, np.float32)), 0.5, rng).dtype == np.float32
    with pytest.raises(
        ValueError, match=r"dropout: p is 1\.0; it must be a finite number, at least 0 and below 1"
    ):
        F.dropout(x, 1.0, rng)


def test_layer_norm():
    x, gain, bias = leaf(2, 3, 8), leaf(8, seed=1), leaf(8, seed=2)
    y = F.layer_norm(x).data
    assert np.allclose(y.mean(-1), 0)
    assert np.allclose(y.std(-1), 1, atol=1e-3)
    assert np.allclose(F.layer_norm(x, gain, bias).data, y * gain.data + bias.data)
    assert gradcheck(F.layer_norm, x, gain, bias)


def test_one_hot_and_accuracy():
    assert F.one_hot([0, 2], 3).tolist() == [[1, 0, 0], [0, 0, 1]]
    assert F.one_hot(np.zeros((2, 2), int), 3, np.float32).dtype == np.float32
    with pytest.raises(ValueError, match=r"0 \.\. 1"):
        F.one_hot([2], 2)
    logits = Tensor([[1.0, 2.0], [2.0, 1.0], [2.0, 1.0]])
    assert F.accuracy(logits, [1, 1, 0]) == pytest.approx(2 / 3)
    assert F.accuracy(logits, [1, 1, 0], [True, True, False]) == 0.5
    assert np.isnan(F.accuracy(logits, [1, 1, 0], [False] * 3))


@pytest.mark.parametrize("name", ["cross_entropy", "accuracy"])
def test_labels_neither_broadcast_nor_index_by_accident(name):
    f, x = getattr(F, name), leaf(2, 2)
    for labels, says in [
        ([True, True], r"labels \(2,\) of bool for logits \(2, 2\) are no integers: a mask goes to mask="),
        ([0.0, 1.0], r"labels \(2,\) of float64 for logits \(2, 2\) .*astype\(int\)"),
        ([0.5, 1.0], ".* are no integers"),
        ([[0], [1]], r"labels \(2, 1\) of int64 do not fit logits \(2, 2\): give integers \(2,\)"),
        ([0], r"labels \(1,\) of int64 do not fit"),
        (0, r"labels \(\) of int64 do not fit"),
        ([[1, 0], [0, 1]], r"labels \(2, 2\) of int64 do not fit"),
        ([[0.0], [1.0]], r"labels \(2, 1\) of float64 do not fit"),
        (["0", "1"], ".* are no integers"),
    ]:
        with pytest.raises(ValueError, match=f"{name}: {says}"):
            f(x, np.array(labels))
    f(x[:0], [])
    for labels in ([0, 2], [0, -1]):
        with pytest.raises(ValueError, match=rf"{name}: labels must lie in 0 \.\. 1; mask the others"):
            f(x, labels)
        f(x, labels, [True, False])


LOSSES = {
    "cross_entropy": lambda mask: F.cross_entropy(leaf(2, 3, 4), np.zeros((2, 3), int), mask),
    "accuracy": lambda mask: F.accuracy(leaf(2, 3, 4), np.zeros((2, 3), int), mask),
    "binary_cross_entropy_with_logits": lambda mask: F.binary_cross_entropy_with_logits(
        leaf(2, 3), np.zeros((2, 3)), mask
    ),
    "mse": lambda mask: F.mse(leaf(2, 3), np.zeros((2, 3)), mask),
    "mae": lambda mask: F.mae(leaf(2, 3), np.zeros((2, 3)), mask),
    "huber": lambda mask: F.huber(leaf(2, 3), np.zeros((2, 3)), mask=mask),
}


@pytest.mark.parametrize("name", LOSSES)
def test_masks_do_not_broadcast_by_accident(name):
    for shape in [(1,), (3,), (1, 3), (2, 1), (1, 1), (2, 3, 1), (2, 3, 2)]:
        says = f"{name}: a mask of shape {shape} does not fit values of shape (2, 3): it must have"
        with pytest.raises(ValueError, match=re.escape(says)):
            LOSSES[name](np.ones(shape, bool))
    with pytest.raises(ValueError, match=rf"{name}: a mask \(2,\) holds True and False, .* of lengths"):
        LOSSES[name](np.array([3, 2]))
    with pytest.raises(ValueError, match="holds True and False"):
        LOSSES[name](np.full((2, 3), np.nan))
    bools = LOSSES[name](np.array([[True, False, True], [False, False, True]]))
    assert float(bools) == float(LOSSES[name]([[1.0, 0, 1], [0, 0, 1]]))
    LOSSES[name](np.array([True, False]))


def test_labels_of_other_kinds_are_refused():
    with pytest.raises(ValueError, match="ignore_index is of integer labels"):
        F.cross_entropy(leaf(2, 3), np.ones((2, 3)) / 3, ignore_index=0)
    for labels in ([0.5, 1.0], [True, False]):
        with pytest.raises(ValueError, match=r"one_hot: labels \(2,\) of .* are no integers"):
            F.one_hot(labels, 2)
    assert F.one_hot([], 2).shape == (0, 2)


# What is asked for, what is refused

REDUCED = {
    "cross_entropy": (lambda **k: F.cross_entropy(leaf(2, 3, 4), [[0, 1, 3], [2, 2, 0]], **k), (2, 3)),
    "cross_entropy of probabilities": (
        lambda **k: F.cross_entropy(leaf(2, 3, 4), F.softmax(leaf(2, 3, 4, seed=1)).data, **k),
        (2, 3),
    ),
    "bce": (lambda **k: F.binary_cross_entropy_with_logits(leaf(2, 3), np.full((2, 3), 0.3), **k), (2, 3)),
    "mse": (lambda **k: F.mse(leaf(2, 3), np.ones((2, 3)), **k), (2, 3)),
    "mae": (lambda **k: F.mae(leaf(2, 3), np.ones((2, 3)), **k), (2, 3)),
    "huber": (lambda **k: F.huber(leaf(2, 3), np.ones((2, 3)), **k), (2, 3)),
}


@pytest.mark.parametrize("name", REDUCED)
def test_reductions(name):
    loss, shape = REDUCED[name]
    mask = np.array([[True, False, True], [False, False, True]])
    for masked in ({}, {"mask": mask}, {"mask": np.array([True, False])}):
        kept = np.ones(shape, bool) if not masked else np.broadcast_to(masked["mask"].reshape(2, -1), shape)
        each = loss(reduction="none", **masked)
        assert each.shape == shape
        assert not each.data[~kept].any()
        assert (each.data[kept] > 0).all()
        assert loss(reduction="sum", **masked).item() == pytest.approx(each.data.sum())
        assert loss(reduction="mean", **masked).item() == pytest.approx(each.data[kept].mean())
        assert loss(**masked).item() == loss(reduction="mean", **masked).item()
    with pytest.raises(ValueError, match="reduction is 'avg'; it must be 'mean', 'sum' or 'none'"):
        loss(reduction="avg")


def test_gradients_of_reductions():
    labels, mask = np.array([[0, 1], [2, 2]]), np.array([[True, False], [True, True]])
    g = np.random.default_rng(3).standard_normal((2, 2))
    x = leaf(2, 2, 3)
    assert gradcheck(lambda x: F.cross_entropy(x, labels, mask, reduction="none") * g, x)
    assert gradcheck(lambda x: F.cross_entropy(x, labels, mask, reduction="sum"), x)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: F.mse(leaf(2), None), "mse: target is None; it must be a Tensor, or an array of numbers"),
        (lambda: F.mse(None, leaf(2)), "mse: prediction is None"),
        (
            lambda: F.mse((leaf(2), leaf(2)), leaf(2)),
            r"prediction is a tuple of Tensors; stack\(\.\.\.\) makes one",
        ),
        (lambda: F.huber(leaf(2), leaf(2), 0), "huber: delta is 0; it must be above 0"),
        (lambda: F.huber(leaf(2), leaf(2), -1.0), "huber: delta is -1.0"),
        (lambda: F.huber(leaf(2), leaf(2), np.ones(2, bool)), r"huber: delta is an array of shape \(2,\)"),
        (lambda: F.cross_entropy("a", [0]), "cross_entropy: logits is 'a'"),
        (
            lambda: F.cross_entropy(1.0, 0),
            r"cross_entropy: logits of shape \(\) lack a last axis, a number fo",
        ),
        (lambda: F.cross_entropy(np.ones((2, 0)), [0, 0]), r"logits of shape \(2, 0\) lack"),
        (lambda: F.accuracy(np.ones((2, 0)), [0, 0]), r"accuracy: logits of shape \(2, 0\) lack"),
        (lambda: F.accuracy([1, 0, 1], [1, 0, 1]), r"labels \(3,\) of int64 do not fit logits \(3,\): give"),
        (
            lambda: F.cross_entropy(np.array([0, 1]), leaf(2, 3)),
            r"give integers \(\); the call is cross_entropy\(logits, labels\)",
        ),
        (lambda: F.cross_entropy(leaf(2, 2), np.eye(2, dtype=int)), r"rows of a one-hot array as floats, or"),
        (
            lambda: F.binary_cross_entropy_with_logits(leaf(2), [-1, 1]),
            r"targets must lie in 0 \.\. 1; of -1 and 1, \(t \+ 1\) / 2",
        ),
        (lambda: F.binary_cross_entropy_with_logits(leaf(2), [np.nan, 1]), r"targets must lie in 0 \.\. 1"),
        (lambda: F.dropout(leaf(2), 0.5, 0), "dropout: rng is 0; it must be a generator"),
        (lambda: F.dropout(leaf(2), "a", None), "dropout: p is 'a'"),
        (lambda: F.layer_norm(leaf(2, 3), np.ones(2)), r"layer_norm: gain \(2,\) does not fit x \(2, 3\)"),
        (
            lambda: F.layer_norm(leaf(2, 1), bias=np.ones(3)),
            r"layer_norm: bias \(3,\) does not fit x \(2, 1\)",
        ),
        (
            lambda: F.layer_norm(leaf(2, 4), 4),
            r"gain \(\) does not fit x \(2, 4\): it must be \(4,\); it always norms the last axis",
        ),
        (lambda: F.layer_norm(leaf(2, 4), (4,)), r"gain \(1,\) does not fit .* is not told its length"),
        (lambda: F.layer_norm(leaf(2, 4), bias=np.float64(1)), r"bias \(\) does not fit x \(2, 4\)"),
        (lambda: F.layer_norm(leaf(2, 4), Tensor(1.0)), r"gain \(\) does not fit x \(2, 4\)"),
        (lambda: F.one_hot([1], "a"), "one_hot: classes is 'a'; it must be a whole number"),
    ],
)
def test_a_wrong_call_is_told_what_is_wanted(call, says):
    with pytest.raises((TypeError, ValueError), match=says):
        call()


def test_lists_and_integers_will_do():
    assert F.mse([1.0, 2.0], [1, 4]).item() == 2
    assert F.mse(Tensor([1, 2]), [3, 4]).item() == 4
    assert F.cross_entropy([[0.0, 0.0]], [1]).item() == pytest.approx(np.log(2))
    assert F.binary_cross_entropy_with_logits(np.zeros(2), [0, 1]).item() == pytest.approx(np.log(2))
    single = Tensor(np.ones(3, np.float32), True)
    for loss in (F.mse, F.mae, F.huber, F.binary_cross_entropy_with_logits):
        for target in (np.array([0, 1, 1]), [True, False, True], np.ones(3, np.int8)):
            assert loss(single, target).dtype == np.float32, "whole targets do not promote"
    hidden = F.binary_cross_entropy_with_logits(leaf(2), [1.0, -100.0], mask=[True, False])
    assert np.isfinite(hidden.item())


def test_logits_of_minus_infinity_rule_a_class_out():
    logits = Tensor([[-np.inf, 0.0, 0.0], [0.0, 0.0, -np.inf]], True)
    loss = F.cross_entropy(logits, [1, 0])
    loss.backward()
    assert loss.item() == pytest.approx(np.log(2))
    assert np.allclose(logits.grad, [[0, -0.25, 0.25], [-0.25, 0.25, 0]])
    assert F.cross_entropy(logits, [0, 0]).item() == np.inf
    assert F.cross_entropy(logits, [0, 0], mask=[False, True]).item() == pytest.approx(np.log(2))


@pytest.mark.parametrize("loss", ["mse", "mae", "huber", "binary_cross_entropy_with_logits"])
@pytest.mark.parametrize("odd", [np.nan, np.inf])
def test_what_is_masked_may_be_no_number(loss, odd):
    """In prediction or target, it changes neither the loss nor a gradient."""
    f, mask = getattr(F, loss), np.array([True, False])
    want = Tensor([0.3, 0.0], requires_grad=True)
    expected = f(want, [1.0, 0.0], mask=mask)
    expected.backward()
    for given, target in [([0.3, 2.0], [1.0, odd]), ([0.3, odd], [1.0, 0.5]), ([0.3, odd], [1.0, odd])]:
        x = Tensor(given, requires_grad=True)
        value = f(x, target, mask=mask)
        value.backward()
        assert value.item() == expected.item()
        np.testing.assert_array_equal(x.grad, want.grad)


@pytest.mark.parametrize("labels", [np.array([1, 7]), np.array([[0.2, 0.8], [np.nan, 1.0]])])
def test_masked_rows_of_logits_may_be_no_numbers(labels):
    x = Tensor([[0.3, -1.0], [np.nan, np.inf]], requires_grad=True)
    value = F.cross_entropy(x, labels, mask=np.array([True, False]))
    value.backward()
    alone = Tensor([[0.3, -1.0]], requires_grad=True)
    F.cross_entropy(alone, labels[:1]).backward()
    assert np.isfinite(value.item())
    np.testing.assert_array_equal(x.grad, [alone.grad[0], [0.0, 0.0]])


@pytest.mark.parametrize(("loss", "want"), [("mse", 14400.0), ("mae", 120.0), ("huber", 119.5)])
def test_losses_of_small_integers_do_not_wrap(loss, want):
    assert getattr(F, loss)(np.array([100], "i1"), np.array([-20], "i1")).item() == want


def test_losses_of_nothing_and_far_out_as_in_torch():
    for loss in (F.cross_entropy(np.zeros((0, 3)), []), F.mse(np.zeros((0, 3)), np.zeros((0, 3)))):
        assert f"{loss.item():.3f}" == "0.000"
    x = Tensor([np.inf, -np.inf, 1e200, 0.5], requires_grad=True)
    F.huber(x, np.zeros(4), reduction="sum").backward()
    assert x.grad.tolist() == [1, -1, 1, 0.5]
