"""The ops at their limits, each by a few written cases: values as NumPy has them, vjps by differences."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad
from minigrad import Tensor
from minigrad.ops import indexing
from tests.test_ops import holds, normal, ops

# Arithmetic


@pytest.mark.parametrize(
    ("a", "b"),
    [((3,), (3,)), ((3,), (3, 2)), ((2, 3), (3,)), ((2, 3), (3, 2)), ((3,), (4, 3, 2)), ((4, 2, 3), (3,)),
     ((4, 2, 3), (3, 2)), ((2, 3), (4, 3, 2)), ((4, 2, 3), (4, 3, 2)), ((5, 1, 2, 3), (4, 3, 2)),
     ((70, 70), (70, 70)), ((5, 4, 2, 3), (3, 2)), ((2, 0), (0, 3)), ((4, 2, 3), (1, 3, 2))],
)  # fmt: skip
def test_products_of_matrices_of_any_dimensions(a, b):
    x, y = normal(0, a), normal(1, b)
    assert np.allclose(ops.matmul(x, y)[0], x @ y)
    holds(ops.matmul, x, y)


def test_dots_that_stand_for_no_axes():
    x = normal(0, (2, 3))
    for subscripts in ("ij->...", "...ij->..."):
        assert np.allclose(ops.einsum(subscripts, x)[0], np.einsum(subscripts, x))


# Reductions

AXES = [None, 0, 1, -1, (0, 2), (-1, 0), (0, 1, 2)]


@pytest.mark.parametrize("keepdims", [True, False])
@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("name", ["sum", "mean", "var", "std", "max", "min", "prod"])
def test_reductions_along_any_axes(name, axis, keepdims):
    x, f = normal(0, (2, 3, 2)), getattr(ops, name)
    assert np.allclose(f(x, axis, keepdims=keepdims)[0], getattr(np, name)(x, axis=axis, keepdims=keepdims))
    holds(lambda x: f(x, axis, keepdims=keepdims), x)


@pytest.mark.parametrize("keepdims", [True, False])
@pytest.mark.parametrize("axis", AXES)
def test_lengths_and_logarithms_of_sums_along_any_axes(axis, keepdims):
    x = normal(0, (2, 3, 2))
    assert np.allclose(
        ops.norm(x, axis=axis, keepdims=keepdims)[0] ** 2, (x**2).sum(axis=axis, keepdims=keepdims)
    )
    assert np.allclose(
        np.exp(ops.logsumexp(x, axis, keepdims)[0]), np.exp(x).sum(axis=axis, keepdims=keepdims)
    )
    for f in (ops.norm, ops.logsumexp):
        holds(lambda x, f=f: f(x, axis=axis, keepdims=keepdims), x)


@pytest.mark.parametrize("name", ["sum", "mean", "var", "std", "max", "min", "prod", "norm", "logsumexp"])
def test_reductions_reduce_everything_and_keep_no_axes_unless_told(name):
    f = getattr(minigrad, name)
    assert f(Tensor(normal(0, (2, 3)))).shape == ()
    assert f(Tensor(normal(0, (2, 3))), axis=0).shape == (3,)


def test_reductions_of_lengths_and_distances_of_one_and_of_none():
    holds(lambda x: ops.var(x, ddof=1), normal(0, (2,)))
    holds(lambda x: ops.std(x, ddof=1), np.array([0.0, np.sqrt(2)]))
    assert ops.norm(np.array([1.0, 0.0]))[1][0](np.array(2.0)).tolist() == [2, 0]
    for f in (ops.norm, ops.std):
        assert f(np.zeros(2))[1][0](np.array(np.inf)).tolist() == [0, 0], "whatever comes"
    assert ops.norm(np.array([1e-200]))[1][0](np.array(1.0)) == 1, "its square is 0, and its length is not"


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
def test_running_sums_along_any_axis(axis):
    x = normal(0, (2, 3))
    assert np.allclose(ops.cumsum(x, axis)[0], np.cumsum(x, axis))
    holds(lambda x: ops.cumsum(x, axis), x)


# Taking out, joining and cutting apart


@pytest.mark.parametrize("axis", [None, 0, 1, -1, -3])
def test_taking_along_any_axis(axis):
    x, indices = normal(0, (2, 3, 2)), np.array([[0, 1], [-1, 0]])
    assert np.array_equal(ops.take(x, indices, axis)[0], np.take(x, indices, axis))
    holds(lambda x: ops.take(x, indices, axis), x)


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("axis", [0, 1, -1, -2])
def test_joining_along_any_axis(axis, n):
    xs = [normal(i, (2, 3)) for i in range(n)]
    for name in ("concatenate", "stack"):
        assert np.array_equal(
            getattr(minigrad, name)([Tensor(x) for x in xs], axis).data, getattr(np, name)(xs, axis)
        )
        holds(lambda *xs, name=name: getattr(ops, name)(*xs, axis=axis), *xs)


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("sections", [1, 2, 4, [1, 3], [0], []])
def test_cutting_along_any_axis(sections, axis):
    x = normal(0, (4, 8))
    parts = minigrad.split(Tensor(x), sections, axis)
    assert all(np.array_equal(a.data, b) for a, b in zip(parts, np.split(x, sections, axis), strict=True))


def test_joining_and_cutting_is_along_the_first_axis_unless_told():
    xs = [normal(i, (2, 4)) for i in range(3)]
    assert np.array_equal(minigrad.concatenate(xs).data, np.concatenate(xs))
    assert np.array_equal(minigrad.concatenate(xs[:2]).data, np.concatenate(xs[:2]))
    assert np.array_equal(minigrad.stack(xs).data, np.stack(xs))
    assert [part.shape for part in minigrad.split(Tensor(xs[0]), 2)] == [(1, 4), (1, 4)]
    assert minigrad.concatenate(xs, np.int64(1)).shape == (2, 12)


@pytest.mark.parametrize("f", [minigrad.concatenate, minigrad.stack])
def test_a_second_tensor_in_place_of_the_axis_is_told(f):
    with pytest.raises(
        TypeError, match=f"^{f.__name__} takes a list of tensors, and an integer for the axis"
    ):
        f(Tensor(np.ones(2)), Tensor(np.ones(2)))


@pytest.mark.parametrize("sections", [1, 2, 3])
def test_nothing_is_cut_into_as_many_parts(sections):
    parts = minigrad.split(Tensor(np.ones((0, 2))), sections)
    assert [part.shape for part in parts] == [(0, 2)] * sections


def test_cuts_are_kept_for_up_to_64_arrays_and_many_are_cut_alike():
    indexing._cuts.cache_clear()
    for n, kept in ((65, 0), (64, 1)):
        x = Tensor(np.ones(1), requires_grad=True)
        joined = minigrad.concatenate([x] * n)
        joined.backward(np.arange(float(n)))
        assert x.grad == n * (n - 1) / 2
        assert indexing._cuts.cache_info().currsize == kept


# Entry by entry


def test_numbers_whole_numbers_and_other_libraries_arrays_are_floats_first():
    assert minigrad.tanh(1.5).item() == np.tanh(1.5)
    whole = np.array([0, 1], np.int8)
    assert ops.tanh(whole)[0].tolist() == np.tanh([0.0, 1.0]).tolist()
    assert ops.sigmoid(whole)[0].tolist() == pytest.approx([0.5, 1 / (1 + np.exp(-1))])
    large = np.ma.array([100.0], dtype=np.float32)
    assert ops.sigmoid(large)[0].tolist() == [1], "exp(89) is no float32"


def test_where_one_is_nan_both_that_were_to_be_chosen_from_get_the_gradient():  # as PyTorch has it
    a, b, g = np.array([np.nan, 1.0, 2.0, 1.0]), np.array([1.0, np.nan, 1.0, 1.0]), np.ones(4)
    larger, smaller = ([1, 1, 1, 0.5], [1, 1, 0, 0.5]), ([1, 1, 0, 0.5], [1, 1, 1, 0.5])
    for f, (to_a, to_b) in ((ops.maximum, larger), (ops.minimum, smaller)):
        _, (vjp_a, vjp_b) = f(a, b)
        assert (vjp_a(g).tolist(), vjp_b(g).tolist()) == (to_a, to_b)


def test_padding_is_of_zeros_unless_told():
    x = np.ones(1)
    assert ops.pad(x, 1)[0].tolist() == [0, 1, 0]
    assert ops.pad(x, (1, 2), 3.0)[0].tolist() == [3, 1, 3, 3]
    assert ops.pad(np.ones((1, 1)), [(0, 1), (2, 0)])[0].tolist() == [[0, 0, 1], [0, 0, 0]]
    holds(lambda x: ops.pad(x, ((1, 0), (0, 2))), normal(0, (2, 3)))


@pytest.mark.parametrize("width", [1.5, "x", [1, 2, 3], [[1, 2]] * 3, None, [[1], [2, 3]]])
def test_padding_that_is_no_number_of_entries_is_refused(width):
    with pytest.raises(TypeError, match=r"^pad.* width is .*; it must be a whole number"):
        minigrad.pad(np.ones((2, 2)), width)


def test_filling_a_shape_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"^broadcast_to of shape \(2,\): .* it does not fill \(2, 3\)$"):
        minigrad.broadcast_to(np.ones(2), (2, 3))


@pytest.mark.parametrize("sections", [0, -1, np.int64(0)])
def test_no_parts_are_refused(sections):
    with pytest.raises(ValueError, match=r"^split: sections is .*; it must be a number of parts, at least 1"):
        minigrad.split(np.ones(2), sections)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("keepdims", [True, False])
def test_lengths_at_the_ends_of_the_range_of_floats(keepdims, dtype):
    info = np.finfo(dtype)
    for scale in (
        info.max / 8,
        30.3 * np.sqrt(info.tiny * info.eps),
        np.sqrt(info.tiny / info.eps) / 10,
        info.tiny,
    ):
        x = (np.array([[3.0, 4.0], [0.0, 0.0]]) * scale).astype(dtype)
        y, (vjp,) = ops.norm(x, axis=1, keepdims=keepdims)
        assert (y.shape, y.dtype) == (((2, 1) if keepdims else (2,)), dtype)
        assert np.allclose(y.ravel() / dtype(scale), [5, 0], rtol=1e-6)
        assert np.isclose(ops.norm(x[0])[0] / dtype(scale), 5, rtol=1e-6), "without a length of 0 beside it"
        assert np.allclose(vjp(np.ones(y.shape, dtype)), [[0.6, 0.8], [0, 0]], rtol=1e-6)
    assert ops.norm(np.array([np.inf, 1.0], dtype))[0] == np.inf


def test_logarithms_of_sums_of_what_would_overflow():
    assert np.allclose(ops.logsumexp(np.array([1000.0, 1000.0]))[0], 1000 + np.log(2))
    assert np.allclose(ops.logsumexp(np.array([-1000.0, -np.inf]))[0], -1000)


def test_what_lies_below_and_above_the_kinks_of_relu_and_its_kin():
    x = np.array([-2.0, -0.5, 0.0, 0.5, 2.0])
    assert ops.relu(x)[0].tolist() == [0, 0, 0, 0.5, 2]
    assert ops.leaky_relu(x, 0.5)[0].tolist() == [-1, -0.25, 0, 0.5, 2]
    assert ops.abs(x)[0].tolist() == [2, 0.5, 0, 0.5, 2]
    assert ops.sign(x)[0].tolist() == [-1, -1, 0, 1, 1]
