"""The plain tape by itself, on its own values, without Tensors and the tape of `fast/`."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from minigrad import Tensor, tape
from minigrad.contract import Misshapen
from minigrad.recording import no_grad
from minigrad.tape import Value, as_array, backward, unbroadcast


@pytest.fixture(autouse=True)
def _values(monkeypatch):
    """Ops take and return plain values."""
    monkeypatch.setattr(tape, "result_class", Value)


def leaf(*entries, dtype=float) -> Value:
    return Value(np.array(entries, dtype), requires_grad=True)


@tape.op
def add(a, b):
    return a + b, (lambda g: g, lambda g: g)


@tape.op
def mul(a, b):
    return a * b, (b, a)


@tape.op
def total(x):
    return x.sum(), (lambda g: np.broadcast_to(g, x.shape),)


@tape.op
def both(a, b):
    """One function for both gradients."""
    return a * b, lambda g: (g * b, g * a)


def gradients(result: Value, *leaves: Value) -> list:
    backward(result)
    return [x.node.grad.tolist() for x in leaves]


# Forward


def test_results_are_recorded_where_a_gradient_is_needed_and_only_there():
    x, constant = leaf(1.0, 2.0), Value(np.ones(2))
    y = mul(x, constant)
    assert y.node.op.__name__ == "mul"
    assert y.node.arguments == [x.node, None]
    assert (callable(y.node.vjps[0]), y.node.vjps[1]) == (False, None), "what is not needed is dropped"
    assert mul(constant, constant).node is None
    assert mul(constant, 2.0).node is None
    assert both(x, constant).node.arguments == [x.node, None]


def test_a_recorded_result_is_read_only_and_a_constant_is_not():
    x = leaf(1.0, 2.0)
    assert not mul(x, 2.0).data.flags.writeable
    assert mul(Value(np.ones(2)), 2.0).data.flags.writeable
    assert x.data.flags.writeable


def test_an_argument_that_an_op_hands_through_stays_writable():
    first = tape.op(lambda a, b: (a, (lambda g: g, None)))
    first.__wrapped__.__name__ = "first"
    x = leaf(1.0, 2.0)
    y = first(x, 1.0)
    assert not y.data.flags.writeable
    assert x.data.flags.writeable
    assert np.shares_memory(x.data, y.data)


def test_nothing_is_recorded_in_no_grad_and_all_is_again_behind_it():
    x = leaf(1.0)
    with no_grad():
        assert mul(x, 2.0).node is None
        with no_grad():
            pass
        assert mul(x, 2.0).node is None
    assert mul(x, 2.0).node is not None
    with pytest.raises(KeyError), no_grad():
        raise KeyError
    assert mul(x, 2.0).node is not None
    assert no_grad()(lambda: mul(x, 2.0).node)() is None


def test_nodes_are_numbered_as_they_are_made_and_know_their_parents():
    x, y = leaf(1.0), leaf(2.0)
    z = mul(x, 2.0)
    assert x.node.serial < y.node.serial < z.node.serial
    assert z.node.parents == (x.node,)
    assert x.node.parents == ()
    assert (x.node.op, x.node.vjps, x.node.arguments) == (None, None, ())


def test_a_leaf_copies_its_array_and_a_constant_shares_it():
    a = np.ones(2)
    assert not np.shares_memory(Value(a, requires_grad=True).data, a)
    assert np.shares_memory(Value(a).data, a)
    assert Value(a).node is None


@pytest.mark.parametrize("wrong", [None, "x", 2.0, [True], np.ones(2), np.array([True, False]), Tensor(1.0)])
def test_whether_a_tensor_requires_a_gradient_is_true_or_false(wrong):
    with pytest.raises(TypeError, match=r"^Tensor: requires_grad is .*; it must be True or False$"):
        Tensor([1.0], wrong)
    for shape in (2, 3, -1):
        with pytest.raises(
            TypeError, match=r"^Tensor: requires_grad is .* or False; of a shape, Tensor\(np\.z"
        ):
            Tensor(1, shape)
    for yes in (True, 1, np.True_):
        assert Tensor([1.0], yes).requires_grad
    for no in (False, 0, np.False_):
        assert not Tensor([1.0], no).requires_grad


def test_a_keyword_of_another_library_is_told_what_it_is_here():
    @tape.op
    def summed(x, axis=None):
        return x.sum(axis), (None,)

    with pytest.raises(TypeError, match=r"^summed.* argument .dim.: it is axis here"):
        summed(np.ones(2), dim=0)


def test_only_floats_have_gradients():
    for dtype in (np.float32, np.float64):
        assert leaf(1, dtype=dtype).node.keep == dtype
    for dtype in (int, bool):
        with pytest.raises(TypeError, match=r"has no gradient: use \.astype"):
            leaf(1, dtype=dtype)


def test_what_speaks_numpys_protocols_is_an_array_already():
    a = np.ones(2)
    assert as_array(a) is a
    assert as_array(Value(a)) is a
    assert type(as_array(2)) is np.ndarray
    masked = np.ma.array([1.0])
    assert as_array(masked) is masked


def test_signatures_and_names_are_those_of_the_function():
    assert list(inspect.signature(add).parameters) == ["a", "b"]
    assert both.__doc__ == "One function for both gradients."


def test_arguments_by_name_have_their_gradients():
    x, y = leaf(2.0), leaf(3.0)
    assert gradients(mul(x, b=y), x, y) == [[3.0], [2.0]]
    x, y = leaf(2.0), leaf(3.0)
    assert gradients(mul(b=y, a=x), x, y) == [[3.0], [2.0]]


def test_a_gradient_that_an_op_lacks_is_an_error_where_it_is_needed():
    one = tape.op(lambda a, b: (a * b, (b,)))
    one.__wrapped__.__name__ = "one"
    assert gradients(one(x := leaf(2.0), 3.0), x) == [[3.0]]
    with pytest.raises(TypeError, match="has no gradient for argument 1"):
        one(2.0, leaf(3.0))


# Assigning


def test_assigning_to_a_leaf_copies_and_keeps_a_gradient_of_the_same_shape():
    x = leaf(1.0, 2.0)
    gradients(total(x), x)
    new = np.array([5.0, 6.0])
    x.data = new
    assert x.data.tolist() == [5, 6]
    assert not np.shares_memory(x.data, new)
    assert x.node.grad.tolist() == [1, 1]
    x.data = np.ones(3, np.float32)
    assert (x.node.grad, x.node.shape, x.node.keep) == (None, (3,), np.float32)
    with pytest.raises(TypeError, match="has no gradient"):
        x.data = np.ones(3, int)


def test_assigning_to_a_constant_takes_any_dtype_and_to_a_result_is_an_error():
    c = Value(np.ones(2))
    c.data = np.ones(3, int)
    assert c.data.dtype == int
    with pytest.raises(ValueError, match="the result of mul cannot be assigned to"):
        mul(leaf(1.0), 2.0).data = np.ones(1)


def test_assigning_a_leafs_own_array_makes_no_copy():
    x = leaf(1.0)
    a = x.data
    x.data = a
    assert x.data is a


# Backward


def test_gradients_add_up_over_uses_and_passes():
    x = leaf(2.0, 3.0)
    assert gradients(total(add(mul(x, x), x)), x) == [[5, 7]]
    assert gradients(total(x), x) == [[6, 8]]


def test_a_graph_that_meets_again_is_walked_once():
    x = leaf(1.0)
    y = x
    for _ in range(60):
        y = add(y, y)
    assert gradients(y, x) == [[2.0**60]]


def test_one_function_for_all_gradients():
    x, y = leaf(2.0), leaf(3.0)
    assert gradients(both(x, y), x, y) == [[3.0], [2.0]]
    assert gradients(both(x, Value(np.array([5.0]))), x) == [[8.0]]


def test_a_gradient_has_its_leafs_dtype_and_memory_of_its_own():
    x, y = leaf(1.0, dtype=np.float32), leaf(1.0)
    g = np.ones(1)
    result = add(x, y)
    backward(result, g)
    assert (x.node.grad.dtype, y.node.grad.dtype) == (np.float32, np.float64)
    assert not np.shares_memory(y.node.grad, g)


def test_a_number_needs_no_cotangent_and_anything_larger_does():
    x = leaf(1.0, 2.0)
    for result in (total(x), mul(leaf(1.0), 2.0)):
        backward(result)
    with pytest.raises(ValueError, match=r"a result of shape \(2,\) needs a cotangent"):
        backward(mul(x, 2.0))
    backward(empty := mul(Value(np.ones((0, 3)), True), 2.0), np.ones((0, 3)))
    assert empty.node.vjps is None
    with pytest.raises(ValueError, match=r"a result of shape \(0,\) needs a cotangent"):
        backward(mul(Value(np.ones(0), True), 2.0))
    with pytest.raises(ValueError, match=r"a cotangent of shape \(3,\) for a tensor of shape \(2,\)"):
        backward(mul(x, 2.0), np.ones(3))


def test_a_cotangent_is_taken_in_the_results_dtype():
    seen = []

    @tape.op
    def watched(x):
        return x * 1, (lambda g: seen.append(g.dtype) or g,)

    backward(watched(leaf(1.0, dtype=np.float32)), np.ones(1))
    assert seen == [np.float32]


def test_a_pass_frees_what_it_went_through_and_a_second_one_says_so():
    x = leaf(1.0)
    y = mul(x, 2.0)
    backward(y)
    assert (y.node.vjps, y.node.arguments) == (None, ())
    with pytest.raises(ValueError, match="an earlier backward freed the tape behind this result of mul"):
        backward(add(y, 1.0))
    with pytest.raises(ValueError, match="depends on no leaf"):
        backward(Value(np.ones(1)))


def test_a_leaf_that_was_assigned_after_its_use_is_refused_and_before_it_is_not():
    x = leaf(1.0)
    old = mul(x, 2.0)
    x.data = np.array([2.0])
    with pytest.raises(ValueError, match=r"a leaf of shape \(1,\) was changed after mul used it"):
        backward(old)
    assert gradients(mul(x, 3.0), x) == [[3.0]]


@pytest.mark.parametrize("broken", [(lambda g: 1 / 0,), lambda g: 1 / 0])
def test_an_error_in_a_vjp_names_it_and_leaves_gradients_as_they_were(broken):
    @tape.op
    def breaks(x):
        return x * 1, broken

    x = leaf(1.0)
    with pytest.raises(ZeroDivisionError) as caught:
        backward(add(breaks(x), x))
    where = "the vjps" if callable(broken) else "the vjp of argument 0"
    assert caught.value.__notes__ == [f"in {where} of breaks"]
    assert x.node.grad is None


def test_the_argument_whose_vjp_is_wrong_is_named():
    @tape.op
    def wrong(a, b):
        return a + b, (lambda g: g, lambda g: np.ones(7))

    with pytest.raises(ValueError, match=r"the vjp of argument 1 of wrong gave a gradient of shape \(7,\)"):
        backward(wrong(leaf(1.0, 1.0), leaf(2.0, 2.0)), np.ones(2))


# Broadcasting undone


@pytest.mark.parametrize(
    ("of", "to"),
    [((3,), (3,)), ((2, 3), (3,)), ((2, 3), (1, 3)), ((2, 3), (2, 1)), ((2, 3), ()), ((4, 2, 3), (2, 1)),
     ((4, 2, 3), (1, 1)), ((1, 3), (3,)), ((0, 3), (3,)), ((), ())],
)  # fmt: skip
def test_broadcasting_is_undone_by_sums(of, to):
    g = np.arange(np.prod(of), dtype=float).reshape(of)
    undone = unbroadcast(g, to)
    assert undone.shape == to
    x = np.random.default_rng(0).standard_normal(to)
    assert np.allclose((undone * x).sum(), (g * np.broadcast_to(x, of)).sum())


@pytest.mark.parametrize(
    ("of", "to"), [((3,), (2, 3)), ((2,), (2, 1)), ((2,), (3,)), ((), (1,)), ((2, 3), (2,)), ((1,), (3,))]
)
def test_shapes_that_no_broadcasting_gives_are_refused(of, to):
    with pytest.raises(Misshapen, match="gave a gradient of shape"):
        unbroadcast(np.ones(of), to)


@pytest.mark.parametrize("rows", [3, 100_001])
def test_a_sum_of_wider_floats_than_doubles_keeps_their_digits(rows):
    g = np.zeros((rows, 2), np.longdouble)
    g[0] = 1 + np.finfo(np.longdouble).eps
    undone = unbroadcast(g, (2,))
    assert undone.dtype == np.longdouble
    assert np.array_equal(undone, g[0])
