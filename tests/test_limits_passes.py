"""What `lift`, `subtract` and a pass of the fast tape do at their limits, each by a written case."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad import Tensor, fast, no_grad, op, tape
from minigrad.fast import lift, passes, quick
from minigrad.tape import Array
from tests.test_limits_fast import gradients, leaf, twice, whole


@lift
def mixed(x: Array, y: Array, scale: float = 1.0):
    """(x - y) * scale, of any shapes."""
    return (x - y) * scale, (lambda g: g * scale, lambda g: -g * scale)


@lift
def scaled(x: Array, scale: float = 1.0):
    """x * scale, of any shape."""
    return x * scale, (lambda g: g * scale,)


@quick
def minus(a, b):
    """a - b, of any shapes."""
    return a - b, (lambda g: g, lambda g: -g)


@op
def both(a, b):
    return a * b, lambda g: (g * b, g * a)


class Matrix(np.ndarray):
    """An array of another class, which the tape leaves as it is."""


def matrix(*entries) -> Array:
    return np.array(entries, float).view(Matrix)


# What is lifted


def test_a_lifted_op_records_where_a_gradient_is_needed_and_only_there():
    x, c = leaf(1.0, 2.0), Tensor(np.ones(2))
    assert mixed(c, c).node is None
    assert scaled(2.0).node is None
    for y, arguments in (
        (mixed(x, c), [x.node, None]),
        (mixed(c, x, 2.0), [None, x.node]),
        (mixed(x, x, scale=2.0), [x.node, x.node]),
        (scaled(x, 3.0), [x.node]),
        (scaled(x, scale=3.0), [x.node]),
    ):
        assert (list(y.node.arguments), y.node.shape, y.node.keep) == (arguments, (2,), None)
        assert len(y.node.vjps) == len(arguments)
        assert not y.data.flags.writeable
    assert scaled(c).data.flags.writeable


def test_what_a_lifted_op_is_called_and_takes():
    assert (mixed.__name__, mixed.__doc__) == ("mixed", "(x - y) * scale, of any shapes.")
    x, y = leaf(2.0), leaf(3.0)
    assert gradients(mixed(y=y, x=x), x, y) == [[1], [-1]]
    assert gradients(mixed(x, y=y, scale=5.0), x, y) == [[6], [-6]]
    with pytest.raises(TypeError, match=r"mixed has no gradient for argument 2|scale"):
        mixed(x, y, Tensor(2.0, True))


def test_a_vjp_that_is_none_records_nothing_and_one_that_is_missing_is_an_error():
    flat = lift(lambda x: (x * 2, (None,)))
    assert flat(leaf(1.0)).node is None
    second = lift(lambda x, y: (x * y, (None, lambda g: g)))
    x, y = leaf(2.0), leaf(3.0)
    assert list(second(x, y).node.arguments) == [None, y.node]
    short = lift(lambda x, y: (x * y, (lambda g: g,)))
    assert list(short(x, 2.0).node.arguments) == [x.node]
    with pytest.raises(TypeError, match="has no gradient for argument 1"):
        short(x, y)
    none = lift(lambda x: (x * 2, ()))
    with pytest.raises(TypeError, match="has no gradient for argument 0"):
        none(x)
    at_once = lift(lambda x, y: (x * y, lambda g: (g, g)))
    assert list(at_once(x, 2.0).node.arguments) == [x.node, None]
    assert callable(at_once(x, y).node.vjps)


def test_a_lifted_op_in_no_grad_records_nothing_and_outside_it_does():
    x, y = leaf(1.0), leaf(1.0) * 1
    same = lift(lambda x: (x, (lambda g: g,)))
    with no_grad():
        assert scaled(x).node is None
        assert scaled(Tensor([1.0])).node is None
        assert not same(y).data.flags.writeable, "the tape relies on it"
    assert scaled(x).node is not None


@pytest.mark.parametrize("wrong", [1j, np.array([1j, 2.0]), np.array(["a"])])
@pytest.mark.parametrize("lifted", [scaled, twice, lambda x: minus(x, 1.0), lambda x: minus(1.0, x)])
def test_what_holds_no_real_numbers_is_no_result(lifted, wrong):
    with pytest.raises(TypeError):
        lifted(wrong)


def test_complex_results_are_refused_though_an_argument_is_recorded():
    x = leaf(1.0, 2.0)
    for call in (lambda: minus(x, np.ones(2) * 1j), lambda: minus(np.ones(2) * 1j, x), lambda: scaled(x, 1j)):
        with pytest.raises(TypeError, match=r"real numbers|scale is a complex"):
            call()


@pytest.mark.parametrize("dtype", [np.int8, bool, np.float16, np.float32, np.float64])
def test_real_numbers_of_any_dtype_are_results(dtype):
    for y in (scaled(np.ones(2, dtype)), twice(np.ones(2, dtype)), minus(np.ones(2, dtype), np.ones(2, "f"))):
        assert y.shape == (2,)


def test_results_that_are_no_arrays_become_some():
    number = lift(lambda x: (float(x.sum()), (lambda g: g,)))
    for y in (number(leaf(1.0)), number(Tensor([1.0])), number(np.ones(2))):
        assert type(y.data) is np.ndarray
    plain = op(lambda x: (float(x.sum()), (lambda g: g,)))
    assert type(plain(leaf(1.0)).data) is np.ndarray
    assert not plain(leaf(1.0))._data.flags.writeable
    assert not whole(leaf(1.0))._data.flags.writeable


def test_an_array_of_another_class_stays_one():
    m = matrix(1.0, 2.0)
    for f in (op(lambda x, m: (x * m, (m, None))), lift(lambda x, m: (x * m, (m, None))), minus):
        y = f(leaf(1.0, 1.0), m)
        assert type(y._data) is Matrix
        assert y.data.flags.writeable, "it is left as it is"


@pytest.mark.parametrize(
    "error", [ValueError, IndexError, KeyError, AttributeError, TypeError, OverflowError]
)
def test_what_an_op_raises_is_told_by_its_name(error):
    def broken(x, y):
        raise error("so it is")

    def alone(x):
        raise error("so it is")

    for lifted, given in ((lift(broken), (leaf(1.0), 2)), (quick(broken), (1, 2)), (quick(alone), (1,))):
        kind = ValueError if error is OverflowError else error
        with pytest.raises(kind, match=r"^\W?(broken|alone)"):
            lifted(*given)


def test_off_a_lifted_op_hands_over_to_the_plain_tape(monkeypatch):
    x = leaf(1.0)
    assert list(mixed(x, 1.0).node.arguments) == [x.node, None]
    seen = []
    monkeypatch.setattr(tape.result_class, "made_by", classmethod(lambda *of: seen.append(of)))
    scaled(x)
    assert seen == [], "on, it makes its node itself"
    monkeypatch.setattr(fast, "ON", False)
    scaled(x)
    assert len(seen) == 1


# What an optimiser moves


def test_subtracting_moves_whatever_it_is_given():
    x, c, m = leaf(1.0, 2.0), Tensor(np.ones(2)), Tensor(matrix(1.0, 2.0), requires_grad=True)
    for one in (x, m):
        serial, held = one.node.serial, one._data
        fast.subtract(one, np.array([1.0, 1.0]))
        assert (one.tolist(), one.node.serial > serial) == ([0, 1], True)
        assert type(one._data) is type(held)
    held = x._data
    fast.subtract(x, np.ones(2))
    assert x._data is held, "in place"
    fast.subtract(c, np.ones(2))
    assert c.tolist() == [0, 0]


# A pass


def test_only_one_number_needs_no_cotangent():
    for shape in ((2,), (0,), (2, 1), (3,)):
        with pytest.raises(ValueError, match="needs a cotangent g of that shape"):
            (Tensor(np.ones(shape), requires_grad=True) * 1).backward()
    for shape in ((), (1,), (1, 1)):
        x = Tensor(np.ones(shape, np.float32), requires_grad=True)
        (x * 3).backward()
        assert (x.grad.tolist(), x.grad.dtype) == (np.full(shape, 3.0).tolist(), np.float32)


def test_a_gradient_has_its_leafs_dtype_and_memory_of_its_own():
    wide = quick(lambda x: (x * 1, (lambda g: g.astype(np.float64),)))
    x, y = leaf(1.0, dtype=np.float32), leaf(1.0)
    wide(x).backward(np.ones(1))
    assert x.grad.dtype == np.float32
    g = np.ones(1)
    kept = []
    keeping = quick(lambda x: (x * 1, (lambda g: kept.append(g) or g,)))
    keeping(y).backward(g)
    assert not np.shares_memory(y.grad, kept[0])
    first = y.grad
    keeping(y).backward(g)
    assert (first.tolist(), y.grad.tolist()) == ([1], [2]), "what somebody holds is not written into"
    m = Tensor(matrix(1.0), requires_grad=True)
    held = matrix(5.0)
    quick(lambda x: (x * 1, (lambda g: held,)))(m).backward(np.ones(1))
    m.grad[...] = 7
    assert held.tolist() == [5]


@pytest.mark.parametrize(("a", "b"), [((3, 2), (2,)), ((2,), (3, 2)), ((4, 3, 2), (1, 2)), ((3, 1), (1, 2))])
def test_broadcasting_is_undone_for_each_kind_of_vjp(a, b):
    for f, sign in ((minus, -1), (lambda x, y: x * y, 1), (lambda x, y: x + y, 1)):
        x, y = (Tensor(np.ones(shape), requires_grad=True) for shape in (a, b))
        z = f(x, y)
        z.backward(np.ones(z.shape))
        for one, factor in ((x, 1), (y, sign)):
            assert one.grad.tolist() == (factor * np.full(one.shape, z.size / one.size)).tolist()


def test_where_only_the_second_argument_needs_a_gradient_it_gets_its_own():
    x = leaf(1.0, 2.0)
    assert gradients(minus(np.ones(2), x), x, g=np.array([1.0, 10.0])) == [[-1, -10]]
    y = leaf(1.0, 2.0)
    assert gradients(mixed(np.ones(2), y, 2.0), y, g=np.array([1.0, 10.0])) == [[-2, -20]]


def test_what_lies_behind_one_function_for_all_gets_its_gradients():
    x, y = leaf(2.0), leaf(5.0)
    assert gradients(both(twice(x), twice(y)), x, y) == [[20], [8]]
    z = leaf(2.0)
    assert gradients(both(twice(z), 1.0) + twice(z), z) == [[4]]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (lambda g: (g,), "^1 gradients for 2 arguments"),
        (lambda g: (g, g, g), "^3 gradients for 2 arguments"),
        (lambda g: 3, "one function for all gradients gave a int, not a tuple"),
        (lambda g: g, "one function for all gradients gave a ndarray, not a tuple"),
    ],
)
def test_one_function_for_all_that_gives_another_number_is_told(given, says):
    wrong = op(lambda a, b: (a * b, given))
    with pytest.raises((ValueError, TypeError), match=says):
        wrong(leaf(1.0, 2.0), leaf(1.0, 2.0)).backward(np.ones(2))
    listed = op(lambda a, b: (a * b, lambda g: [g, g]))
    x, y = leaf(1.0), leaf(1.0)
    assert gradients(listed(x, y), x, y) == [[1], [1]]


def test_a_second_pass_from_the_same_result_is_refused():
    y = twice(leaf(1.0))
    y.backward()
    with pytest.raises(ValueError, match="an earlier backward freed the tape"):
        y.backward()


def test_entries_of_no_dimensions_are_picked_beside_other_uses():
    for order in ((0, 1, 1), (1, 0, 1), (1, 1, 0), (1, 0, 0), (0, 0, 1)):
        x = Tensor(2.0, requires_grad=True)
        total = Tensor(0.0)
        for kind in order:
            total = total + (x[()] if kind else twice(x))
        total.backward()
        assert x.grad.tolist() == 2 * order.count(0) + order.count(1)


def test_pieces_and_wholes_leave_what_others_hold_alone():
    kept = []
    keeping = quick(lambda x: (x * 1, (lambda g: kept.append(g) or g,)))
    x = leaf(1.0, 2.0, 3.0)
    loss = x[:2].sum() + keeping(x).sum()
    loss.backward()
    assert (x.grad.tolist(), kept[0].tolist()) == ([2, 2, 1], [1, 1, 1])


@pytest.mark.parametrize("to", [(3, 1), (2, 3), (0, 3), (4, 3)])
def test_column_sums_of_a_misfit_are_refused(to):
    with pytest.raises(ValueError, match="gave a gradient of shape"):
        passes._unbroadcast(np.ones((5, to[-1])), to)


SUMMED = [((5, 3), (1, 3)), ((4, 5, 3), (3,)), ((4, 5, 3), (1, 3)), ((5, 1), (1, 1))]


@pytest.mark.parametrize(("of", "to"), SUMMED)
def test_column_sums_are_the_sums(of, to):
    g = np.arange(float(np.prod(of))).reshape(of)
    assert np.array_equal(passes._unbroadcast(g, to), tape.unbroadcast(g, to))
