"""A million float32 entries are summed as precisely as a few, wherever an op or a gradient sums them."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, functional
from minigrad.sums import MANY, precise, running
from tests import tapes

N = 200_000
ROWS = np.random.default_rng(0).random((N, 3))  # above 0: nothing cancels what gets lost


@pytest.fixture(params=[True, False], ids=["fast", "plain"], autouse=True)
def tape(request):
    with tapes.the_tape(request.param):
        yield


def gradient(f, w, g):
    """The gradient of a leaf `w` at the result of `f`, for the cotangent `g`."""
    leaf = Tensor(w, requires_grad=True)
    f(leaf).backward(g)
    return leaf.grad


def broadcast(w, g, f=mg.mul):
    return gradient(lambda w: f(w, np.ones_like(g)), w, g)


ZEROS = np.zeros(N, int)
SUMMED = {
    "sum": lambda x: mg.sum(x, axis=0),
    "sum of columns": lambda x: mg.sum(x.T, axis=1),
    "sum of a part": lambda x: mg.sum(x[:, :2]),
    "sum of both": lambda x: mg.sum(x.reshape(-1, 2, 3), axis=(0, 2)),
    "mean": lambda x: mg.mean(x, axis=0, keepdims=True),
    "var": lambda x: mg.var(x, axis=0),
    "std": lambda x: mg.std(x, axis=0, ddof=1),
    "var's gradient": lambda x: gradient(lambda w: mg.var(w, 0), x, np.ones(3, x.dtype)),
    "norm": lambda x: mg.norm(x, axis=0),
    "norm of small ones": lambda x: mg.norm(x * x.dtype.type(1e-25), axis=0) * 1e25,
    "logsumexp": lambda x: mg.logsumexp(x, axis=0),
    "max's ties": lambda x: gradient(lambda w: mg.max(w, 0), 0 * x, x[0]),
    "softmax": lambda x: functional.softmax(x, axis=0),
    "softmax's gradient": lambda x: gradient(lambda w: functional.softmax(w, 0), 0 * x, x),
    "log_softmax": lambda x: functional.log_softmax(x, axis=0),
    "log_softmax's gradient": lambda x: gradient(lambda w: functional.log_softmax(w, 0), x, x),
    "cumsum": lambda x: mg.cumsum(x, axis=0),
    "cumsum flat": lambda x: mg.cumsum(x),
    "cumsum's gradient": lambda x: gradient(lambda w: mg.cumsum(w, 0), 0 * x, x),
    "einsum of one": lambda x: mg.einsum("ij->j", x),
    "einsum of a vector": lambda x: mg.einsum("i,ij->j", x[:, 0], x),
    "einsum kept": lambda x: mg.einsum("ij,ij->j", x, x),
    "einsum of three": lambda x: mg.einsum("i,ij,ij->j", x[:, 1], x, x),
    "einsum that broadcasts": lambda x: mg.einsum("...j,...j,...->j", x, x[:1], x[:, 0]),
    "einsum's gradient": lambda x: gradient(lambda w: mg.einsum("ij,j,ij->ij", x, w, x), x[0], x),
    "product of matrices": lambda x: mg.einsum("ij,ik->jk", x, x),
    "a bias": lambda x: broadcast(x[0], x),
    "a bias of rows": lambda x: broadcast(x[:1], x),
    "a bias among axes": lambda x: broadcast(x[:2, None], x.reshape(2, -1, 3)),
    "a factor": lambda x: broadcast(x[0, 0], x),
    "rows": lambda x: gradient(lambda w: w[ZEROS], x[:5], x),
    "rows and columns": lambda x: gradient(lambda w: w[:, ZEROS], x[:5].T, x.T),
    "rows among others": lambda x: gradient(lambda w: w[ZEROS] + w[:1], x[:5], x),
    "entries": lambda x: gradient(lambda w: w[ZEROS, ZEROS], x[:5], x[:, 0]),
    "take": lambda x: gradient(lambda w: mg.take(w, ZEROS, axis=0), x[:5], x),
}


@pytest.mark.parametrize("name", SUMMED)
def test_many_float32_are_summed_as_precisely_as_a_few(name):
    f = SUMMED[name]
    got, expected = (np.asarray(f(ROWS.astype(dtype))) for dtype in (np.float32, np.float64))
    assert got.dtype == np.float32
    scale = np.abs(expected).max()
    assert np.abs(got - expected).max() < 3e-6 * scale


def test_what_is_summed_in_pairs_or_is_few_is_summed_by_numpy_as_it_is():
    def asked(x, axis):
        seen = []
        precise(lambda **options: seen.append(options) or np.zeros(1), x, axis, keepdims=True)
        return "dtype" in seen[0]

    x = np.ones((2 * MANY, 2, 2), np.float32)
    assert asked(x, 0)
    assert asked(x, (0, 1))
    assert asked(x, (0, -1))
    assert asked(x, -3)
    assert asked(x[:, :1], None)
    assert asked(np.ones((MANY + 1, 1, 2), np.float32), 0)
    assert not asked(np.ones((MANY, 2), np.float32), 0)
    assert not asked(x, None)
    assert not asked(x, (1, 2, 0))
    assert not asked(x, -1)
    assert not asked(x.reshape(2, -1), 1)
    assert not asked(x.astype(float), 0)


def test_running_sums_of_whole_numbers_stay_whole():
    assert running(np.ones(MANY + 1, np.int32), 0).dtype.kind == "i"
    assert running(np.ones(MANY + 1, np.float32), None)[-1] == MANY + 1
