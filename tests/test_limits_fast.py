"""The fast tape by itself: what it writes where, what it keeps, and when it hands over to the plain one."""

from __future__ import annotations

import contextvars

import numpy as np
import pytest

from minigrad import Tensor, fast, no_grad, op, tape
from minigrad.fast import passes, quick, vjps
from minigrad.fast.vjps import ALL_ZERO, By, picked, zeros


def leaf(*entries, dtype=float) -> Tensor:
    return Tensor(np.array(entries, dtype), requires_grad=True)


def gradients(result: Tensor, *leaves: Tensor, g=None) -> list:
    result.backward(g)
    return [x.grad.tolist() for x in leaves]


@op
def whole(x):
    return x * 1, (lambda g: g,)


# Forward


@quick
def twice(x):
    """Twice x, of any shape."""
    return x * 2, (lambda g: g * 2,)


@quick
def times(a, b):
    """a * b, of any shapes."""
    return a * b, (b, a)


def test_a_quick_op_records_where_a_gradient_is_needed_and_only_there():
    x, c = leaf(1.0, 2.0), Tensor(np.ones(2))
    assert twice(c).node is None
    assert times(c, 2.0).node is None
    assert times(2.0, c).node is None
    for y, arguments in (
        (twice(x), (x.node,)),
        (times(x, c), (x.node,)),
        (times(c, x), (None, x.node)),
        (times(2.0, x), (None, x.node)),
        (times(x, x), (x.node, x.node)),
    ):
        assert (y.node.arguments, y.node.shape, y.node.keep) == (arguments, (2,), None)
        assert y.node.serial > x.node.serial
        assert not y.data.flags.writeable
        assert y.node.vjps
    assert twice(c).data.flags.writeable
    assert times(x, c).node.op is times.__wrapped__


def test_a_quick_op_has_its_names_its_words_and_its_arguments_by_name():
    x, y = leaf(2.0), leaf(3.0)
    assert (twice.__name__, twice.__doc__) == ("twice", "Twice x, of any shape.")
    assert gradients(times(b=y, a=x), x, y) == [[3], [2]]
    assert gradients(twice(x=x), x) == [[5]]
    with pytest.raises(TypeError):
        twice(x, x)


def test_nothing_is_recorded_in_no_grad_and_what_is_handed_through_is_read_only():
    same = quick(lambda x: (x, (lambda g: g,)))
    first = quick(lambda a, b: (a, (lambda g: g, None)))
    y = leaf(1.0) * 1
    with no_grad():
        for z in (same(y), first(y, 1.0), first(y, y), times(1.0, y), times(y, 1.0), twice(y)):
            assert z.node is None
        assert not same(y).data.flags.writeable
        assert not first(y, 1.0).data.flags.writeable
    assert times(1.0, y).node is not None
    assert twice(y).node is not None


def test_a_no_grad_that_was_entered_elsewhere_stops_nothing_here():
    x, elsewhere, paused = leaf(1.0), contextvars.copy_context(), no_grad()
    elsewhere.run(paused.__enter__)
    try:
        for y in (twice(x), times(x, 1.0), times(1.0, x), times(x, x)):
            assert y.node is not None
    finally:
        elsewhere.run(paused.__exit__, None, None, None)


def test_a_parents_shape_is_shared_where_it_is_equal():
    x = leaf(1.0, 2.0)
    assert twice(x).node.shape is x.node.shape
    assert times(x, 1.0).node.shape is x.node.shape
    assert times(x, np.ones((3, 2))).node.shape == (3, 2)


def test_shapes_that_do_not_fit_name_the_op():
    for call in (lambda: times(leaf(1.0, 2.0), np.ones(3)), lambda: leaf(1.0, 2.0)[5]):
        with pytest.raises((ValueError, IndexError), match=r"^(times|getitem)"):
            call()


def test_results_that_are_no_arrays_become_some():
    listed = quick(lambda x: (x.tolist(), (lambda g: g,)))
    both = quick(lambda a, b: (float(a.sum() + b.sum()), (lambda g: g, lambda g: g)))
    for y in (
        listed(leaf(1.0)),
        listed(Tensor([1.0])),
        both(leaf(1.0), leaf(2.0)),
        both(Tensor([1.0]), Tensor([2.0])),
    ):
        assert type(y.data) is np.ndarray


def test_off_it_hands_over_to_the_plain_tape(monkeypatch):
    x = leaf(2.0)
    y = twice(x)
    monkeypatch.setattr(fast, "ON", False)
    called = []
    monkeypatch.setattr(tape, "backward", lambda root, g: called.append(root))
    fast.backward(y)
    assert called == [y]
    assert twice(x).node.arguments == [x.node]
    assert times(x, 1.0).node.arguments == [x.node, None]


# Backward


def test_gradients_of_several_uses_add_up_in_memory_of_their_own():
    x = leaf(1.0, 2.0)
    g = np.array([1.0, 10.0])
    assert gradients(whole(x) + whole(x), x, g=g) == [[2, 20]]
    assert g.tolist() == [1, 10]
    y = leaf(1.0, 2.0)
    assert gradients(whole(y) + whole(y) + whole(y) + y, y, g=g) == [[4, 40]]
    assert g.tolist() == [1, 10]
    assert not np.shares_memory(x.grad, y.grad)
    z = leaf(1.0, 2.0)
    whole(z).backward(g)
    assert not np.shares_memory(z.grad, g)
    assert gradients(z * 1.0, z, g=g) == [[2, 20]], "a second pass adds"


@pytest.mark.parametrize("order", [[0, 1], [1, 0], [0, 1, 0], [0, 0, 1, 1], [0, 2, 0], [2, 0, 2]])
def test_slices_and_wholes_in_any_order_add_up(order):
    """0: a slice, 1: the whole, 2: entries that repeat."""
    kinds = [lambda x: x[1:3].sum(), lambda x: (whole(x) * 3.0).sum(), lambda x: x[[0, 1, 1]].sum()]
    each = [[0, 1, 1, 0], [3, 3, 3, 3], [1, 2, 0, 0]]
    x = leaf(1.0, 2.0, 3.0, 4.0)
    loss = Tensor(0.0)
    for k in order:
        loss = loss + kinds[k](x)
    assert gradients(loss, x) == [np.sum([each[k] for k in order], axis=0).tolist()]


@pytest.mark.parametrize("n", [1, 3])
def test_one_function_for_all_gradients_adds_up_with_others(n):
    both = op(lambda a, b: (a * b, lambda g: (g * b, g * a)))
    x, y = leaf(2.0), leaf(5.0)
    result = both(x, y)
    for _ in range(n - 1):
        result = result + both(y, x) + x
    assert gradients(result, x, y) == [[5 * n + n - 1], [2 * n]]
    wide = op(lambda a, b: (a + b, lambda g: (g, g)))
    a, b = leaf(1.0), Tensor(np.ones((3, 1)), True)
    assert gradients(wide(a, b).sum(), a, b) == [[3], [[1], [1], [1]]]
    c = Tensor(np.ones(1))
    assert gradients(wide(c, a), a) == [[4]]


def test_an_error_names_the_argument_and_leaves_nothing_behind():
    broken = quick(lambda a, b: (a * b, (lambda g: g, lambda g: 1 / 0)))
    broken.__wrapped__.__name__ = "broken"
    all_at_once = op(lambda a, b: (a * b, lambda g: 1 / 0))
    all_at_once.__wrapped__.__name__ = "all_at_once"
    x = leaf(1.0)
    for f, where in ((broken, "the vjp of argument 1"), (all_at_once, "the vjps")):
        with pytest.raises(ZeroDivisionError) as caught:
            (f(x, leaf(2.0)) + x).backward()
        assert caught.value.__notes__ == [f"in {where} of {f.__wrapped__.__name__}"]
        assert (x.grad, x.node.sum) == (None, None)


def test_a_freed_tape_and_a_leaf_changed_since_are_refused():
    x = leaf(1.0)
    y = twice(x)
    y.backward()
    with pytest.raises(ValueError, match="an earlier backward freed the tape"):
        (y * 2.0).backward()
    z = twice(x)
    x.data = np.array([3.0])
    with pytest.raises(ValueError, match="was changed after twice used it"):
        z.backward()


# Sums of columns, which undo broadcasting


@pytest.mark.parametrize("n", [0, 1, 2, 4096, 4097, 8191, 8192, 8193, 9 * 1024, 9 * 1024 + 1])
def test_sums_of_columns_however_many_rows(n):
    rows = np.arange(2.0 * n).reshape(n, 2)
    assert passes._column_sums(rows).tolist() == rows.sum(axis=0).tolist()


def test_many_rows_are_summed_in_blocks_and_the_rows_left_over_with_them():
    rows = np.ones((8 * 1024 + 3, 1), np.float32)
    rows[0] = 2.0**24  # on which a running sum of float32 would stay
    assert passes._column_sums(rows)[0] >= 2**24 + 7 * 1024


def test_few_ones_are_kept_and_many_are_not():
    assert passes._ones(4096, np.dtype("f")) is passes._ones(4096, np.dtype("f"))
    assert passes._ones(4097, np.dtype("f")) is not passes._ones(4097, np.dtype("f"))
    assert passes._ones(3, np.dtype("f")).tolist() == [1, 1, 1]
    assert passes._few_ones.cache_info().maxsize == 64


@pytest.mark.parametrize(
    ("of", "to"),
    [((2, 3), (3,)), ((2, 3), (1, 3)), ((4, 2, 3), (3,)), ((4, 2, 3), (1, 3)), ((4, 2, 3), (2, 3)),
     ((2, 1), (1,)), ((2, 3), (2, 1)), ((2, 3), ()), ((0, 3), (3,)), ((0, 3), (1, 3)), ((3,), (1,)),
     ((2, 3), (1, 1)),
     ((4, 1, 3), (1, 1, 3)), ((2, 3), (1,))],
)  # fmt: skip
def test_broadcasting_is_undone_as_on_the_plain_tape(of, to):
    g = np.arange(np.prod(of), dtype=float).reshape(of)
    undone = passes._unbroadcast(g, to)
    assert undone.shape == to
    assert undone.tolist() == tape.unbroadcast(g, to).tolist()


@pytest.mark.parametrize(("of", "to"), [((2, 3), (2, 2)), ((2, 3), (4, 3)), ((3,), (2, 3)), ((2, 3), (2,))])
def test_what_no_broadcasting_gives_is_refused(of, to):
    with pytest.raises(ValueError, match="gave a gradient of shape"):
        passes._unbroadcast(np.ones(of), to)


# Slices that are written into one buffer


def added(shape, *pieces):
    """The buffer after pieces of ones were added at their indices, and what is known to be zero each time."""
    buffer, zero, known = np.zeros(shape), ALL_ZERO, []
    expected = np.zeros(shape)
    for index in pieces:
        at = picked(index, shape)
        g = np.ones_like(buffer[index])
        zero = at.add(buffer, g, zero)
        known.append(zero)
        np.add.at(expected, index, 1)
        assert np.array_equal(at(g), expected_of(shape, index))
        if zero not in (None, ALL_ZERO):
            axis, n = zero
            assert not np.moveaxis(buffer, axis, 0)[:n].any(), "what is said to be zero is"
    assert np.array_equal(buffer, expected), (buffer, expected)
    return known


def expected_of(shape, index):
    made = np.zeros(shape)
    np.add.at(made, index, 1)
    return made


ALL = slice(None)


@pytest.mark.parametrize(
    ("pieces", "known"),
    [
        ([slice(2, 4), slice(0, 2)], [(0, 2), (0, 0)]),
        ([slice(2, 4), slice(1, 3)], [(0, 2), None]),
        ([slice(2, 4), slice(1, 2), slice(0, 1)], [(0, 2), (0, 1), (0, 0)]),
        ([slice(0, 2), slice(2, 4)], [(0, 0), None]),
        ([3, 2, 1, 0], [(0, 3), (0, 2), (0, 1), (0, 0)]),
        ([-1, 0], [(0, 0), None]),
        ([3, -2], [(0, 3), None]),
        ([3, -1], [(0, 3), None]),
        ([2, 2], [(0, 2), None]),
        ([slice(2, None), slice(None, 2)], [(0, 2), (0, 0)]),
        ([slice(2, 4), slice(None)], [(0, 2), None]),
        ([slice(-2, None), slice(0, 1)], [(0, 0), None]),
        ([slice(2, 4), slice(-4, 2)], [(0, 2), None]),
        ([slice(2, 4), slice(0, -2)], [(0, 2), None]),
        ([slice(2, 4), slice(2, 1)], [(0, 2), None]),
        ([slice(0, 4, 2), slice(0, 1)], [None, None]),
        ([slice(0, 4, 1), slice(0, 1)], [None, None]),
        ([[0, 0, 1], 0], [None, None]),
        ([(ALL, slice(2, 4)), (ALL, slice(0, 2))], [(1, 2), (1, 0)]),
        ([(ALL, 3), (ALL, 2)], [(1, 3), (1, 2)]),
        ([(ALL, 3), 2], [(1, 3), None]),
        ([3, (ALL, 2)], [(0, 3), None]),
        ([(ALL, slice(2, 4)), (slice(0, 3), slice(0, 2))], [(1, 2), None]),
        ([(ALL, ALL), (ALL, 0)], [(1, 0), None]),
        ([(ALL,), 0], [None, None]),
        ([..., 0], [None, None]),
        ([(ALL, [0, 0]), (ALL, 0)], [None, None]),
        ([(0, 3), (0, 2)], [None, None]),
        ([(ALL, 3, None), (ALL, 2)], [None, None]),
        ([(ALL, None, 3), (ALL, 2)], [None, None]),
        ([np.array([True, False, True, False]), 0], [None, None]),
        ([slice(3, 4), slice(3, 3)], [(0, 3), (0, 3)]),
    ],
)  # fmt: skip
def test_pieces_are_added_and_what_is_still_zero_is_known(pieces, known):
    assert added((4, 4), *pieces) == known


def test_a_node_of_no_dimensions_is_picked_from():
    x = Tensor(2.0, requires_grad=True)
    assert gradients(x[()] + x[()] + whole(x) + x[()], x) == [4]
    y = leaf(1.0, 2.0)
    assert gradients((whole(y)[0] + y[0] + y.sum()), y) == [[3, 1]]


def test_picking_writes_into_no_array_of_another():
    x = leaf(1.0, 2.0)
    g = np.array([1.0, 1.0])
    y = whole(x) + x  # the same g for both
    (y * 1.0 + 0.0).backward(g)
    kept = [g.tolist(), x.grad.tolist()]
    (whole(x)[0:1] * 2.0).sum().backward()
    assert (kept, g.tolist(), x.grad.tolist()) == ([[1, 1], [2, 2]], [1, 1], [4, 2])


def test_zeros_are_of_the_cotangents_kind_and_dtype():
    for g in (np.ones(2, np.float32), np.float32(1), np.ma.array([1.0], dtype=np.float32)):
        made = zeros((2, 3), g)
        assert (made.shape, made.dtype, made.any()) == ((2, 3), np.float32, False)
    assert vjps.ALL_ZERO[0] < 0


def test_zeros_of_another_librarys_array_are_that_librarys():
    class Foreign:
        dtype = np.dtype("f")

        def __array_function__(self, function, types, arguments, named):
            return function.__name__, arguments

    assert zeros((2,), Foreign()) == ("zeros", ((2,), np.dtype("f")))


# Products that share a transpose


def test_from_its_second_use_on_a_matrix_is_transposed_once():
    b, other = np.arange(6.0).reshape(2, 3), np.ones((2, 3))
    cache: dict = {}
    g = np.arange(3.0).reshape(1, 3)
    for use in (1, 2, 3):
        assert By(b).among(cache, g).tolist() == By(b)(g).tolist() == g.dot(b.T).tolist()
        assert len(cache[id(b)]) == min(use, 2)
        assert cache[id(b)][0] is b
    kept = cache[id(b)][1]
    assert kept.flags.c_contiguous
    assert np.array_equal(kept, b.T)
    By(b).among(cache, g)
    assert cache[id(b)][1] is kept
    assert By(other).among(cache, g).tolist() == [[3, 3]]
    assert len(cache) == 2


def test_a_large_matrix_used_often_has_the_gradients_of_a_small_one():
    rng = np.random.default_rng(0)
    x, w = Tensor(rng.standard_normal((2, 65)), True), Tensor(rng.standard_normal((65, 65)) / 8, True)
    h = x
    for _ in range(3):
        h = h @ w
    g = rng.standard_normal((2, 65))
    h.backward(g)
    w_t = w.data.T
    assert np.allclose(x.grad, g @ w_t @ w_t @ w_t)
