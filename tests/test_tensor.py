"""Tensors and the tape: gradients through graphs, memory, dtypes, and what the errors say."""

import copy
import gc
import operator
import pickle
import re
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad as mg
from minigrad import Tensor, no_grad, op
from minigrad.gradcheck import gradcheck
from minigrad.ops import mul
from minigrad.tape import unbroadcast
from tests.tapes import the_tape


@pytest.fixture(scope="module", params=[True, False], ids=["fast", "plain"], autouse=True)
def quick(request):
    """Every test here runs on the tape of fast/ and on that of tape.py."""
    with the_tape(request.param):
        yield request.param


def leaf(*shape, seed=0, dtype=np.float64):
    return Tensor(np.random.default_rng(seed).standard_normal(shape).astype(dtype), requires_grad=True)


# Graphs


def test_a_value_used_twice_and_a_diamond():
    x = leaf(3)
    (x * x + x).sum().backward()
    assert np.allclose(x.grad, 2 * x.data + 1)
    y = leaf(3, seed=1)
    a = y.exp()
    (a.sin() * a.cos()).sum().backward()
    assert np.allclose(y.grad, np.cos(2 * np.exp(y.data)) * np.exp(y.data))


def test_twenty_doublings_are_twenty_nodes():
    x = Tensor(1.0, True)
    y = x
    for _ in range(60):  # a walk over paths would take 2**60 calls
        y = y + y
    y.backward()
    assert x.grad == 2.0**60


def test_a_chain_of_100_000_steps():
    x = Tensor(1.0, True)
    y = x
    for _ in range(100_000):
        y = y + 0.5
    unused = y * 2.0  # freed without recursion, with the chain behind it still there
    del unused
    y.backward()
    assert x.grad == 1
    y = x
    for _ in range(100_000):
        y = -y
    del y


@settings(max_examples=60)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_pieces_cut_in_any_order_overlapping_or_empty(data, seed):
    rng = np.random.default_rng(seed)
    shape = (4, 6)
    x = leaf(*shape, seed=seed)
    y = x * 1.0  # not a leaf: its gradient is gathered in a buffer of the pass
    expected = np.zeros(shape)
    total = Tensor(0.0)
    for kind in data.draw(
        st.lists(st.sampled_from(["rows", "columns", "row", "column", "all", "list"]), max_size=8)
    ):
        n = shape[kind.startswith("col")]
        place = data.draw(st.slices(n) if kind.endswith("s") else st.integers(-n, n - 1))
        index = {"columns": (slice(None), place), "column": (slice(None), place), "list": [place, place]}.get(
            kind, place
        )
        w = rng.standard_normal(shape if kind == "all" else x.data[index].shape)
        if kind == "all":
            expected += w
            total = total + (y * w).sum()
        else:
            np.add.at(expected, index, w)
            total = total + (y[index] * w).sum()
    if total.requires_grad:
        total.backward()
        assert np.allclose(x.grad, expected, rtol=1e-12, atol=1e-12)


def test_a_leaf_of_no_dimensions_gets_an_array():
    x = leaf()
    for _ in range(2):
        (x * x + x[None].sum() + x).backward()
        assert type(x.grad) is np.ndarray
    assert np.isclose(x.grad, 4 * x.data + 4)


BINARY = (mg.add, mg.sub, mg.mul, mg.maximum, mg.div, mg.matmul)
UNARY = (mg.tanh, mg.sigmoid, mg.sin, lambda x: x[::-1], lambda x: x.T, lambda x: x[[0, 0, 2]])
MORE = (
    lambda x: mg.concatenate([x[:1], x * x], axis=0)[:3],
    lambda x: mg.stack([x, x.T], axis=1).sum(axis=1),
    lambda x: x - x.mean(axis=0, keepdims=True),
)


@settings(max_examples=60)
@given(
    steps=st.lists(
        st.tuples(st.integers(0, 14), st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=12
    )
)
def test_random_programs(steps):
    def program(*inputs):
        values = list(inputs)
        for kind, i, j in steps:
            a, b = values[i % len(values)], values[j % len(values)]
            if kind < 4:
                new = BINARY[kind](a, b)
            elif kind == 4:
                new = BINARY[4](a, 2 + b * b)
            elif kind == 5:
                new = BINARY[5](a, b) * 0.3
            else:
                new = (UNARY + MORE)[kind - 6](a)
            values.append(mg.tanh(new) if kind == 2 else new)
        return values[-1] + values[0]

    assert gradcheck(program, leaf(3, 3, seed=1), leaf(3, 3, seed=2), rtol=1e-4, atol=1e-6)


def test_gradients_accumulate_until_zero_grad():
    x = leaf(3)
    (2.0 * x).sum().backward()
    first = x.grad
    (3.0 * x).sum().backward()
    assert x.grad.tolist() == [5, 5, 5]
    assert first.tolist() == [2, 2, 2], "a gradient that was handed out changed"
    x.zero_grad()
    assert x.grad is None


def test_gradients_of_two_leaves_do_not_share_memory():
    a, b = leaf(3), leaf(3)
    (a + b).backward(np.ones(3))
    a.grad *= 10
    assert b.grad.tolist() == [1, 1, 1]
    g = np.ones(3)
    c = leaf(3)
    (c + 0.0).backward(g)
    c.grad *= 10
    assert g.tolist() == [1, 1, 1]


def test_slices_share_one_buffer():
    assert gradcheck(
        lambda x: x[:, :3] * x[:, 3:] + x[:, 1:4] * x[0, :3] + x[[1, 1, 0, 2]][:, :3], leaf(4, 6)
    )


def test_matrices_used_again_and_again():
    """From its second use on, the tape multiplies by a turned copy of a large matrix."""
    rng = np.random.default_rng(0)
    a, b = (Tensor(rng.standard_normal((70, 70)) / 9, requires_grad=True) for _ in range(2))
    x = leaf(3, 70)

    def run():
        y, each = x, []
        for w in (a, b, a, a, b):
            each.append(y := mg.tanh(y @ w))
        (each[-1] * each[1]).sum().backward()
        return each

    each = [y.data for y in run()]
    g, expected = each[1], {id(a): 0, id(b): 0}
    for i, w in reversed(list(enumerate((a, b, a, a, b)))):
        d = g * (1 - each[i] ** 2)
        expected[id(w)] += (each[i - 1] if i else x.data).T @ d
        g = d @ w.data.T + (each[-1] if i == 2 else 0)
    for w, grad in ((a, a.grad), (b, b.grad)):
        assert np.allclose(grad, expected[id(w)], rtol=1e-12, atol=1e-14)
    assert np.allclose(x.grad, g, rtol=1e-12, atol=1e-14)


def test_slices_after_a_whole():
    """The buffer of a slice must not be one that somebody else holds."""
    assert gradcheck(lambda x: (x + 1.0)[1:] * x[:-1] + (x * x)[1:], leaf(5))
    x, w = leaf(4), leaf(4, seed=1)
    y = x * 1.0
    (y[1:].sum() + (y + w).sum()).backward()
    assert w.grad.tolist() == [1, 1, 1, 1]
    assert x.grad.tolist() == [1, 2, 2, 2]


def test_0d_and_empty():
    x = Tensor(2.0, True)
    y = x * x + x.exp() + x * 3.0 + x
    assert isinstance(y.data, np.ndarray)
    y.backward()
    assert isinstance(x.grad, np.ndarray)
    assert np.allclose(x.grad, 4 + np.exp(2) + 4)
    e = leaf(0, 3)
    (mg.tanh(e @ np.ones((3, 2))).sum() + e[:0].sum()).backward()
    assert e.grad.shape == (0, 3)
    v = leaf(3)
    (v[0] * v[1] + v[0]).backward()
    assert np.allclose(v.grad, [v.data[1] + 1, v.data[0], 0])


def test_mixed_dtypes():
    a, b = leaf(3, dtype=np.float32), leaf(3)
    y = a * b + a
    assert y.dtype == np.float64
    y.sum().backward()
    assert (a.grad.dtype, b.grad.dtype) == (np.float32, np.float64)
    c = leaf(3, dtype=np.float32)
    assert (2.0 * c + 1 - c / 3 + c**2).dtype == np.float32
    d = leaf(3, dtype=np.float32)
    (d.astype(np.float64) * b.data).sum().backward()
    assert d.grad.dtype == np.float32


def test_arrays_and_scalars_on_either_side():
    x = leaf(2, 2)
    a = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert isinstance(a + x, Tensor)
    assert gradcheck(lambda x: (a + x) * (a - x) + a / (x * x + 1.0), x)
    assert gradcheck(lambda x: a * x @ (a @ x), x)
    assert gradcheck(lambda x: 2.0**x + 1 / (x * x + 1.0) - (3 - x) + abs(x) + -x, x)
    assert gradcheck(lambda x: x @ a[0] + a[0] @ x, x)


def test_scalars_and_comparisons_carry_no_gradient():
    x = leaf(3)
    assert not (x > 0).requires_grad
    assert np.array_equal((x >= x.data).data, [True] * 3)
    assert np.array_equal((x != x).data, [False] * 3)
    assert bool((x == x).data.all())
    assert not x.astype(int).requires_grad
    assert len({x, x}) == 1


def test_split_and_iteration():
    x = leaf(4, 6)
    a, b, c = mg.split(x, 3, axis=1)
    assert a.shape == b.shape == c.shape == (4, 2)
    assert [p.shape for p in mg.split(x, [1, 4], axis=-1)] == [(4, 1), (4, 3), (4, 2)]
    with pytest.raises(ValueError, match="split: axis 1 of length 6 does not divide into 4 equal parts"):
        mg.split(x, 4, axis=1)
    assert [row.shape for row in x] == [(6,)] * 4
    assert gradcheck(lambda x: mg.split(x, 2)[1] * mg.split(x, 2)[0], x)


def test_keywords_and_positions():
    x = leaf(2, 3)
    assert mg.expand_dims(x, axis=0).shape == mg.expand_dims(x, 0).shape == (1, 2, 3)
    assert mg.reshape(x, shape=(3, 2)).shape == (3, 2)
    assert mg.sum(x, 0, True).shape == mg.sum(x, axis=0, keepdims=True).shape == (1, 3)
    assert mg.moveaxis(x, source=0, destination=1).requires_grad
    assert not mg.tanh(np.ones(3)).requires_grad
    for join in (mg.concatenate, mg.stack):
        with pytest.raises(ValueError, match="no tensors"):
            join([])


def test_methods():
    x = leaf(2, 3)
    assert x.reshape(3, 2).shape == x.reshape((3, 2)).shape == x.T.shape == x.transpose(1, 0).shape == (3, 2)
    assert x.transpose((1, 0)).shape == x.transpose().shape == x.swapaxes(0, 1).shape
    assert x.sum(0).shape == x.sum(axis=0).shape == (3,)
    assert x.mean(axis=1, keepdims=True).shape == (2, 1)
    assert x.size == 6
    assert len(x) == 2
    assert x.argmax(axis=1).tolist() == x.data.argmax(1).tolist()
    assert x.sum().item() == pytest.approx(float(x.sum()))
    assert x.numpy() is x.data
    assert int(Tensor(3)) == 3
    assert [10, 20, 30, 40][Tensor(3)] == 40
    assert np.array_equal(np.asarray(x.detach()), x.data)
    assert np.array_equal(x[Tensor([1, 0])].data, x.data[[1, 0]])


def test_truth_values():
    a, b = Tensor([True, True, False]), np.array([True, False, False])
    for x, y in ((a, b), (b, a), (a, Tensor(b))):
        assert (x & y).tolist() == [True, False, False]
        assert (x | y).tolist() == [True, True, False]
        assert (x ^ y).tolist() == [False, True, False]
    w = leaf(3)
    inside = (w > -0.5) & (w < 0.5) | ~(w == w)
    assert inside.tolist() == ((w.data > -0.5) & (w.data < 0.5)).tolist()
    assert isinstance(inside, Tensor)
    assert not inside.requires_grad
    mask = a
    mask &= b
    assert mask.tolist() == [True, False, False]
    assert a.tolist() == [True, True, False]


def test_questions():
    x = Tensor(np.array([[1.0, np.nan, 0.0], [np.inf, 2.0, 3.0]]), requires_grad=True)
    assert x.isnan().tolist() == [[False, True, False], [False] * 3]
    assert x.isfinite().tolist() == [[True, False, True], [False, True, True]]
    assert (x > 0).any(axis=1).tolist() == [True, True]
    assert (x > 0).all(axis=1, keepdims=True).tolist() == [[False], [True]]
    assert x.isnan().any()
    assert not x.isfinite().all()
    assert isinstance(x.isnan().any(), Tensor)
    assert x.argmin(axis=1).tolist() == x.data.argmin(1).tolist()
    assert not x.any().requires_grad


def test_whole_quotients_and_what_is_left():
    x, y = leaf(4), Tensor(np.array([2.0, -0.5, 0.3, -3.0]))
    for q, r in ((x // y, x % y), (x.data // y, x.data % y), (x // y.data, x % y.data)):
        assert q.tolist() == (x.data // y.data).tolist()
        assert r.tolist() == (x.data % y.data).tolist()
    assert (7 // Tensor(2), 7 % Tensor(4)) == (Tensor(3), Tensor(3))
    assert not (x // y).requires_grad
    (x % 1.0 * x.data).sum().backward()
    assert x.grad.tolist() == x.data.tolist()
    with no_grad():
        before, p = x.data.copy(), x
        p //= 2.0
        assert p is x
        assert x.data.tolist() == (before // 2).tolist()
        p %= 0.7
        assert x.data.tolist() == (before // 2 % 0.7).tolist()


def test_a_python_number_promotes_nothing_in_comparisons():
    x = Tensor(np.float32([0.1, 0.3, 1.5]))
    assert (x == 0.1).tolist() == [True, False, False]
    assert (x <= 0.3).tolist() == [True, True, False]
    assert (x // 0.3).dtype == (1.0 // x).dtype == (x % 0.3).dtype == np.float32
    assert (x // 0.3).tolist() == (x.data // np.float32(0.3)).tolist()
    assert (x > [0, 1, 1]).tolist() == [True, False, True]


def test_as_python_has_it():
    loss, w = (leaf(3) * 2.0).sum(), leaf(2, 2)
    assert f"{loss:.3f}" == f"{loss.item():.3f}"
    assert f"{Tensor(3):04d}|{loss}" == f"0003|{loss!r}"
    with pytest.raises(TypeError, match=r"'\.3f' formats one number, not shape \(2, 2\): format the entries"):
        f"{w:.3f}"
    assert w.tolist() == w.data.tolist()
    assert type(loss.tolist()) is float
    assert (int(Tensor(3.7)), np.int64(Tensor(3)), round(float(loss), 2)) == (3, 3, round(loss.item(), 2))


# Recording


def test_no_grad_as_context_and_decorator():
    x = leaf(3)

    @no_grad()
    def double(x):
        return 2 * x

    assert not double(x).requires_grad
    with no_grad(), no_grad():
        pass
    with pytest.raises(ZeroDivisionError), no_grad():
        raise ZeroDivisionError
    assert (2 * x).requires_grad


def test_no_grad_around_a_yield_holds_for_the_caller_too():
    def steps():
        with no_grad():
            yield
        yield

    w, generator = Tensor(1.0, requires_grad=True), steps()
    next(generator)
    assert not (w * 2).requires_grad
    next(generator)
    assert (w * 2).requires_grad


def test_detach_and_retain_grad():
    x = leaf(3)
    y = (2 * x).retain_grad()
    assert y.grad is None
    (y * y.detach()).sum().backward()
    assert np.allclose(y.grad, y.data)
    y.grad *= 0
    assert np.allclose(x.grad, 2 * y.data)
    assert not y.detach().requires_grad


def test_retain_grad_forgets_no_gradient():
    w = leaf(2)
    y = (w * 2.0).retain_grad()
    y.sum().backward()
    for tensor, g in ((w, [2, 2]), (y, [1, 1])):
        assert tensor.retain_grad() is tensor
        assert tensor.grad.tolist() == g


def test_a_leaf_copies_and_a_constant_shares():
    a = np.ones(3)
    assert Tensor(a).data is a
    assert not np.shares_memory(Tensor(a, requires_grad=True).data, a)


def test_memory_is_freed_without_the_collector():
    gc.collect()
    gc.disable()
    try:
        x = leaf(8, 8)
        big = x.exp()
        kept = [weakref.ref(t) for t in (x, big)]
        array = weakref.ref(big.data.base if big.data.base is not None else big.data)
        loss = (big * big).sum()
        del big
        assert array() is not None, "mul needs its argument until backward"
        loss.backward()
        assert array() is None
        assert loss.node.parents == (), "a result keeps no part of the tape"
        del x, loss
        assert [r() for r in kept] == [None, None]
        y = leaf(8)
        forgotten = weakref.ref((y * 2.0).exp())
        assert forgotten() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "link", [lambda a: a + 1.0, lambda a: a * 2.0, lambda a: mul(2.0, a), lambda a: a / 2.0, lambda a: -a]
)
def test_data_that_no_gradient_needs_is_not_held(link):
    x = leaf(8)
    a = x * 1.0
    array = weakref.ref(a.data)
    b = link(a)
    del a
    assert array() is None
    b.sum().backward()


@pytest.mark.parametrize(
    ("link", "most"),
    [
        (lambda y: y * y, 3),  # the node, its arguments and its vjps, which are arrays
        (lambda y: mg.tanh(y), 5),  # of the vjp a function and its default's tuple
        (lambda y: y @ (y * 0.1), 10),
        (lambda y: y + 1.0, 3),
        (lambda y: y[:, 0:4], 7),  # the node, its arguments, its vjps, At with a slice, and a shape twice
        (lambda y: mg.concatenate([y, y], 1)[:, :4], 10),
    ],
)
def test_a_long_tape_is_few_objects(link, most, quick):
    """Python's collector goes through all of them, and the more there are, the more often."""
    most += 0 if quick else 6
    y, links = Tensor(np.full((4, 4), 0.5), True), 100
    gc.collect()
    gc.disable()
    try:
        before = len(gc.get_objects())
        for _ in range(links):
            y = link(y)
        assert (len(gc.get_objects()) - before) / links < most + 0.5
    finally:
        gc.enable()


def test_no_growth_over_steps():
    import tracemalloc

    w = leaf(16, 16)

    def steps(n):
        for _ in range(n):
            y = w
            for _ in range(5):
                y = mg.tanh(y @ w)
            y.sum().backward()
            w.data -= 0.01 * w.grad
            w.zero_grad()

    steps(20)
    tracemalloc.start()
    try:
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        steps(300)  # the least leak, of one small object a step, would be more
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - before < 5000
    finally:
        tracemalloc.stop()


def test_copies_and_pickles():
    x = leaf(3)
    (x * 2.0).sum().backward()
    for y in (copy.deepcopy(x), pickle.loads(pickle.dumps(x)), copy.copy(x)):
        assert np.array_equal(y.data, x.data)
        assert y.requires_grad
        assert y.grad.tolist() == [2, 2, 2]
        y.data[...] = 0
        assert x.data.all()
        (y * 1.0).sum().backward()
    assert not copy.deepcopy(Tensor([1])).requires_grad
    with pytest.raises(TypeError, match="the result of mul on the tape cannot be copied"):
        copy.deepcopy(x * 2.0)


def test_repr():
    assert repr(Tensor([1.0, 2.0])) == "Tensor([1., 2.], shape=(2,))"
    assert repr(Tensor(1.5, True) * 2) == "Tensor(3., from mul)"
    assert repr(Tensor(np.float32(1), True)) == "Tensor(1., dtype=float32, requires_grad=True)"
    assert len(repr(Tensor(np.zeros((1000, 1000))))) < 500


# Errors


def test_writing_into_a_result_raises():
    x = leaf(3)
    y = x * 2.0
    with pytest.raises(ValueError, match="read-only"):
        y.data[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        x[1:].data[0] = 1
    with pytest.raises(ValueError, match="the result of mul cannot be assigned to"):
        y.data = np.zeros(3)
    with pytest.raises(TypeError, match="cannot be written into"):
        y[0] = 1
    x.data[0] = 1  # a leaf's may be written
    (x * x.data).data.sum()


@pytest.mark.parametrize(
    "way",
    [
        lambda y: y.data,
        lambda y: y.numpy(),
        lambda y: y.detach().data,
        lambda y: no_grad()(lambda: Tensor(y).data)(),
        lambda y: y[1:].data,
        lambda y: no_grad()(lambda: y[1:].data)(),
        lambda y: no_grad()(lambda: y[1:].detach().reshape(1, 2).T[:, 0].data)(),
        lambda y: next(iter(y.reshape(1, 3))).data,
        lambda y: mg.split(y, 3)[0].data,
    ],
)
def test_no_way_to_write_into_a_result(way):
    x = leaf(3)
    y = x * 2.0  # nobody has asked for its array yet
    with pytest.raises(ValueError, match="read-only"):
        way(y)[0] = 1
    assert np.array_equal(y.data, x.data * 2.0)


def test_an_op_may_not_write_into_a_result():
    buffer = np.empty(3)

    @op
    def careless(x):
        x *= 2
        return x + 0, (lambda g: g,)

    @op
    def thrifty(x):
        return np.multiply(x, 2, out=buffer), (lambda g: 2 * g,)

    with pytest.raises(ValueError, match=r"careless of shape .*read-only"):
        careless(leaf(3) * 2.0)
    x = leaf(3)
    y = thrifty(x)
    with pytest.raises(ValueError, match=r"thrifty of shape .*read-only"):
        thrifty(leaf(3))
    assert np.array_equal(y.data, x.data * 2)


IN_PLACE = {
    "+=": operator.iadd,
    "-=": operator.isub,
    "*=": operator.imul,
    "/=": operator.itruediv,
    "**=": operator.ipow,
    "@=": operator.imatmul,
}


@pytest.mark.parametrize("symbol", IN_PLACE)
def test_a_leaf_is_changed_in_place_in_no_grad(symbol):
    change, other = IN_PLACE[symbol], np.array([[1.0, 2.0], [3.0, 0.5]])
    for by in (other, Tensor(other), Tensor(other, requires_grad=True)):
        w = Tensor(np.array([[2.0, 3.0], [0.5, 4.0]]), requires_grad=True)
        array, expected, before = w.data, change(w.data.copy(), other), w * w
        with no_grad():
            for p in [w]:
                p = change(p, by)
                assert p is w
        assert w.data is array
        assert w.data.tolist() == expected.tolist()
        with pytest.raises(ValueError, match="was changed after mul used it"):
            before.sum().backward()
        (w * 2.0).sum().backward()
        assert w.grad.tolist() == [[2, 2], [2, 2]]


@pytest.mark.parametrize("symbol", IN_PLACE)
def test_in_place_on_a_leaf_that_is_recorded_is_refused(symbol):
    w = Tensor(np.full((2, 2), 2.0), requires_grad=True)
    with pytest.raises(ValueError, match=re.escape(symbol) + " on a leaf cannot be recorded"):
        IN_PLACE[symbol](w, np.full((2, 2), 3.0))
    assert w.data.tolist() == [[2, 2], [2, 2]]


@pytest.mark.parametrize("symbol", IN_PLACE)
def test_in_place_on_what_came_off_the_tape_is_the_plain_operator(symbol):
    """As Python has it for numbers: `total += loss` adds up losses, and no other name sees a change."""
    change, by = IN_PLACE[symbol], Tensor(np.array([[1.0, 2.0], [3.0, 0.5]]))
    for start in (lambda w: w * 1.0, lambda w: Tensor(np.ones((2, 2)))):  # recorded; a constant that meets w
        w = Tensor(np.array([[2.0, 3.0], [0.5, 4.0]]), requires_grad=True)
        kept = total = start(w)
        total = change(total, w * by)
        assert total is not kept
        total.sum().backward()
        v = Tensor(w.data, requires_grad=True)
        plain = {
            "+=": lambda a, b: a + b,
            "-=": lambda a, b: a - b,
            "*=": lambda a, b: a * b,
            "/=": lambda a, b: a / b,
            "**=": lambda a, b: a**b,
            "@=": lambda a, b: a @ b,
        }[symbol]
        plain(start(v), v * by).sum().backward()
        assert w.grad.tolist() == v.grad.tolist()


def test_a_constant_changes_in_place_but_not_what_the_tape_holds():
    a, w = np.array([1.0, 2.0]), leaf(2)
    c = Tensor(a)
    alias, y = c, (w * c).sum()
    c *= 10
    assert alias is c
    assert c.data.tolist() == [10, 20]
    assert a.tolist() == [1, 2]
    y.backward()
    assert w.grad.tolist() == [1, 2]
    frozen = (w * 3.0).detach()
    with no_grad():
        frozen += w  # its array is read-only; in no_grad nothing is lost
    assert frozen.data == pytest.approx(w.data * 4)


@pytest.mark.parametrize("symbol", IN_PLACE)
def test_a_result_is_changed_in_place_in_no_grad(symbol):
    """As PyTorch has it: every name sees the change, and what the tape holds stays what it was."""
    w, by = Tensor(np.array([[2.0, 3.0], [0.5, 4.0]]), requires_grad=True), np.array([[1.0, 2.0], [3.0, 0.5]])
    y = w * 2.0
    squared, expected = y * y, IN_PLACE[symbol](w.data * 2.0, by)
    with no_grad():
        for t in [y]:
            t = IN_PLACE[symbol](t, by)
        assert t is y
        with pytest.raises(ValueError, match=r"shapes \(2, 2\) and \(3, 2, 2\) do not fit"):
            IN_PLACE["+="](y, np.ones((3, 2, 2)))
    assert y.data.tolist() == expected.tolist()
    with pytest.raises(ValueError, match="read-only"):
        y.data[:] = 0
    (squared.sum() + (y * 3.0).sum()).backward()
    assert w.grad == pytest.approx(8.0 * w.data + 6.0)


def test_in_place_misfits():
    w = leaf(2, 2, dtype=np.float32)
    with no_grad():
        with pytest.raises(ValueError, match=r"\+=: shapes \(2, 2\) and \(3, 2, 2\) do not fit"):
            w += np.ones((3, 2, 2))
        w -= np.ones((2, 2))
    assert w.dtype == np.float32
    whole = Tensor([1, 2])
    with pytest.raises(TypeError, match="Cannot cast"):
        whole += 0.5


def test_a_gradient_has_its_tensors_shape():
    w = leaf(2)
    for wrong in (np.ones(7), np.ones((1, 2)), 1.0, Tensor(np.ones(3))):
        with pytest.raises(ValueError, match=r"a gradient of shape .* for a tensor of shape \(2,\) cannot"):
            w.grad = wrong
        assert w.grad is None
    w.grad = Tensor(np.ones(2))
    assert type(w.grad) is np.ndarray
    before = w.grad
    w.grad *= 3.0  # as clipping does it
    assert w.grad is before
    w.data = np.ones((3, 2))
    assert w.grad is None  # not one of (2,), to which the next pass would add one of (3, 2)
    (w * 2.0).sum().backward()
    assert w.grad.shape == (3, 2)
    w.data = np.zeros((3, 2))
    assert w.grad.shape == (3, 2)


def test_a_list_for_an_array_is_named_with_the_remedy():
    w = leaf(3, 3)
    for call, name in [
        (lambda: w @ [1, 2, 3], "matmul"),
        (lambda: [1, 2, 3] @ w, "matmul"),
        (lambda: mg.mean([w, w]), "mean"),
        (lambda: mg.sum((w, w)), "sum"),
    ]:
        with pytest.raises(
            TypeError, match=rf"^{name}( takes .* got|: x is) a (list|tuple).*: use np\.array"
        ):
            call()

    @op
    def typo(x):
        return x.shap, (None,)

    with pytest.raises(AttributeError, match=r"typo: .* has no attribute 'shap'"):
        typo(w)


def test_a_leaf_changed_since():
    x, w = leaf(3), leaf(3)
    y = (x * w).sum()
    z = (w * 2.0).sum()
    w.data = np.zeros(3)
    for result in (y, z, y + (w * 1.0).sum()):
        with pytest.raises(
            ValueError, match=r"a leaf of shape \(3,\) was changed after mul used it; run the forward"
        ):
            result.backward()
    assert x.grad is None
    (x * w).sum().backward()
    assert x.grad.tolist() == [0, 0, 0]
    w.data -= 1.0
    assert w.data.tolist() == [-1, -1, -1]


def test_assigning_data_copies_and_may_change_the_shape():
    w, a = leaf(3), np.ones(4)
    w.data = a
    a[0] = 7
    assert w.data.tolist() == [1, 1, 1, 1]
    (w * 2.0).sum().backward()
    assert w.grad.shape == (4,)
    with pytest.raises(TypeError, match="int64 has no gradient"):
        w.data = np.arange(3)


def test_backward_refuses():
    x = leaf(3)
    with pytest.raises(ValueError, match=r"shape \(3,\) needs a cotangent g of that shape"):
        (x * 2.0).backward()
    with pytest.raises(ValueError, match=r"cotangent of shape \(2,\) for a tensor of shape \(3,\)"):
        (x * 2.0).backward(np.ones(2))
    with pytest.raises(ValueError, match="depends on no leaf"):
        Tensor(1.0).backward()
    y = (x * 2.0).sum()
    y.backward()
    with pytest.raises(ValueError, match="earlier backward freed the tape behind this result of sum"):
        y.backward()
    h = x * 2.0
    h.sum().backward()
    with pytest.raises(ValueError, match=r"freed the tape behind this result of mul.*detach"):
        (h * 3.0).sum().backward()


@pytest.mark.parametrize("data", [[1, 2], [True], [1j]])
def test_only_floats_have_gradients(data):
    with pytest.raises(TypeError, match="has no gradient: use"):
        Tensor(data, requires_grad=True)


def test_misfits_name_op_and_shapes():
    x = leaf(2, 3)
    with pytest.raises(ValueError, match=r"^matmul: shapes \(2, 3\) and \(4, 5\) do not fit"):
        x @ np.ones((4, 5))
    with pytest.raises(ValueError, match=r"^add: shapes \(2, 3\) and \(2,\) do not fit"):
        x + leaf(2)
    with pytest.raises(ValueError, match=r"^reshape of shape \(2, 3\): "):
        x.reshape(5)
    with pytest.raises(IndexError, match=r"^getitem of shape \(2, 3\): "):
        x[2]
    with pytest.raises(ValueError, match=r"^concatenate: shapes \(2, 3\) and \(2,\) do not fit"):
        mg.concatenate([x, leaf(2)])


def test_numpy_functions_refuse_to_lose_gradients():
    x = leaf(3)
    with pytest.raises(TypeError):
        np.tanh(x)
    with pytest.raises(TypeError, match="lose the gradient"):
        np.asarray(x)
    with pytest.raises(ValueError, match="keeps no gradient"):
        Tensor(1.0).grad = np.ones(())
    with pytest.raises(ValueError, match="depends on no leaf"):
        Tensor(1.0).retain_grad()


# Ops of one's own


def test_op():
    @op
    def cube(x):
        """x to the third"""
        return x**3, (lambda g: 3 * g * x * x,)

    @op
    def scaled(x, *, by):
        return x * by, (by,)  # a number or an array in place of a function: g times it

    @op
    def both(a, b):
        return a * b + a, lambda g: (g * b + g, g * a)

    @op
    def three(a, b, c):
        return a * b + c, (lambda g: g * b, lambda g: g * a, lambda g: g)

    @op
    def same(a, b, c):
        return a * b + c, (b, a, 1)

    @op
    def identity(x):
        return x, (lambda g: g,)

    assert cube.__name__ == "cube"
    assert cube.__doc__ == "x to the third"
    assert gradcheck(lambda x: cube(x), leaf(3))
    assert gradcheck(lambda x: scaled(x, by=3.0), leaf(3))
    assert gradcheck(lambda x: scaled(x, by=np.array([[2.0], [3.0]])), leaf(3))
    a, b, c = leaf(2, 3), leaf(3, seed=1), leaf(2, 1, seed=2)
    assert gradcheck(both, a, b)
    assert gradcheck(lambda b: both(a.data, b), b)
    assert gradcheck(lambda a: both(a, b.data), a)
    for f in (three, same):
        assert gradcheck(f, a, b, c)
        assert gradcheck(lambda c, f=f: f(a.data, 2.0, c), c)
    x = leaf(3)
    identity(x).sum().backward()
    x.data[0] = 5  # still writable


def test_a_wrong_vjp_is_named():
    @op
    def wrong(a, b):
        return a * b, (lambda g: g * b, lambda g: (g * a)[:1])

    @op
    def broken(a, b):
        return a * b, (lambda g: g / 0, lambda g: g.nonsense)

    @op
    def unfit(a, b):
        return a * b, (b, np.ones(2))

    @op
    def short(a, b):
        return a * b, lambda g: (g * b,)

    @op
    def one(a, b):
        return a * b, (lambda g: g * b,)

    with pytest.raises(ValueError, match=r"^the vjp of argument 1 of wrong gave a gradient of shape \(1,\) "):
        wrong(leaf(3), leaf(3)).sum().backward()
    with pytest.raises(AttributeError) as caught:
        broken(1.0, leaf(3)).sum().backward()
    assert caught.value.__notes__ == ["in the vjp of argument 1 of broken"]
    with pytest.raises(ValueError, match="broadcast") as failed:
        unfit(leaf(3), leaf(3)).sum().backward()
    assert failed.value.__notes__ == ["in the vjp of argument 1 of unfit"]
    with pytest.raises(ValueError, match="1 gradients for 2 arguments") as failed:
        short(leaf(3), leaf(3)).sum().backward()
    assert failed.value.__notes__ == ["in the vjps of short"]
    with pytest.raises(TypeError, match="one has no gradient for argument 1:"):
        one(1.0, leaf(3))


def test_unbroadcast():
    assert unbroadcast(np.ones((4, 2, 3)), (2, 1)).tolist() == [[12], [12]]
    assert unbroadcast(np.ones((2, 3)), ()).tolist() == 6
    with pytest.raises(ValueError, match="gradient of shape"):
        unbroadcast(np.ones((2, 3)), (3, 2))
    with pytest.raises(ValueError, match="gradient of shape"):
        unbroadcast(np.ones(3), (1, 3))


# Arrays of another kind


class Foreign:
    """An array that speaks NumPy's protocols and nothing else, as CuPy's do."""

    def __init__(self, array):
        self.array = array

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **keywords):
        if not all(isinstance(i, (Foreign, int, float, tuple, slice, type(None))) for i in inputs):
            return NotImplemented  # like CuPy, it does not take NumPy's arrays
        inputs = tuple(i.array if isinstance(i, Foreign) else i for i in inputs)
        if out is not None:
            keywords["out"] = tuple(o.array for o in out)
        result = getattr(ufunc, method)(*inputs, **keywords)
        return out[0] if out is not None else None if result is None else Foreign(result)

    def __array_function__(self, function, types, args, keywords):
        def strip(x):
            if isinstance(x, (list, tuple)):
                return type(x)(strip(i) for i in x)
            return x.array if isinstance(x, Foreign) else x

        assert all(issubclass(t, Foreign) for t in types), "NumPy's and another's arrays met"
        return Foreign(function(*strip(args), **keywords))

    def __getattr__(self, name):
        attribute = getattr(self.array, name)
        if callable(attribute):
            return lambda *args, **keywords: Foreign(
                attribute(*(getattr(a, "array", a) for a in args), **keywords)
            )
        return Foreign(attribute) if isinstance(attribute, np.ndarray) else attribute

    def __getitem__(self, index):
        return Foreign(self.array[index])

    def __setitem__(self, index, value):
        self.array[index] = getattr(value, "array", value)

    for name in [
        "add",
        "radd",
        "sub",
        "rsub",
        "mul",
        "rmul",
        "truediv",
        "rtruediv",
        "pow",
        "rpow",
        "matmul",
        "rmatmul",
        "neg",
        "eq",
        "gt",
        "lt",
        "ge",
        "iadd",
        "imul",
    ]:

        def method(self, *other, _name=f"__{name}__"):
            return Foreign(getattr(np.asarray(self.array), _name)(*(getattr(o, "array", o) for o in other)))

        locals()[f"__{name}__"] = method
    del name, method


def test_arrays_that_speak_the_protocols():
    def run(kind):
        rng = np.random.default_rng(0)
        w, b, x = (Tensor(kind(rng.standard_normal(s)), i < 2) for i, s in enumerate([(3, 4), (4,), (5, 3)]))
        z = x @ w + b
        gates = mg.sigmoid(z[:, :2]) * mg.tanh(z[:, 2:]) + mg.softplus(z[:, 1:3]) + mg.relu(z[:, :2])
        y = mg.concatenate([gates, gates * 2.0], axis=1)
        y = mg.stack([y, mg.exp(-y)], axis=0).mean(axis=0) - mg.logsumexp(y, axis=1, keepdims=True)
        loss = (y**2).sum() + z.max(axis=0).sum() + mg.where(z.data > 0.0, z, 0.0).var()
        loss.backward()
        return loss, w, b

    ours, theirs = run(lambda a: a), run(Foreign)
    assert all(isinstance(t.data, Foreign) for t in theirs)
    assert all(isinstance(t.grad, Foreign) for t in theirs[1:])
    for a, b in zip(ours[1:], theirs[1:], strict=True):
        assert np.allclose(a.grad, b.grad.array, rtol=1e-14)
    assert ours[0].item() == pytest.approx(theirs[0].data.array.item(), rel=1e-14)


# Dtypes at the edge, and what has no gradient


@pytest.mark.parametrize("name", ["exp", "sqrt", "log1p", "sin", "cos", "tanh", "sigmoid", "softplus", "log"])
@pytest.mark.parametrize("dtype", ["?", "b", "B", "h", "H", "i", "q"])
def test_whole_numbers_become_floats(name, dtype):
    """NumPy's functions have int8 and truth values in float16, which ends at 65504 and has three digits."""
    numbers = np.array([1, 20, 100]).astype(dtype)
    f, expected = getattr(mg, name), getattr(mg, name)(numbers.astype(float)).data
    for argument in (Tensor(numbers), numbers):
        y = f(argument)
        assert y.dtype == np.float64
        assert np.array_equal(y.data, expected)
    assert f(Tensor(numbers[0])).dtype == np.float64
    assert f(3).item() == f(3.0).item() == f([3]).data[0]


@pytest.mark.parametrize("dtype", ["?", "b", "B", "h", "q"])
def test_reductions_of_whole_numbers(dtype):
    numbers = Tensor(np.array([1, 100, 100]).astype(dtype))
    wide = numbers.data.astype(float)
    assert numbers.mean().item() == wide.mean()
    assert numbers.var().item() == pytest.approx(wide.var())
    assert numbers.logsumexp().item() == pytest.approx(np.logaddexp.reduce(wide))
    assert (numbers.mean().dtype, numbers.var().dtype, numbers.logsumexp().dtype) == (np.float64,) * 3
    for f in (mg.functional.softmax, mg.functional.log_softmax):
        far = np.array([1, 0, 1]).astype(dtype) if dtype == "?" else np.array([-100, 100, 3]).astype(dtype)
        assert np.array_equal(f(Tensor(far)).data, f(far.astype(float)).data)
    assert (numbers / 3).dtype == (numbers / numbers).dtype == (numbers**0.5).dtype == np.float64


def test_half_precision_has_no_gradients():
    half = np.ones(3, np.float16)
    with pytest.raises(TypeError, match=r"a tensor of float16 has no gradient: use \.astype\(float\) first"):
        Tensor(half, requires_grad=True)
    w = leaf(3, dtype=np.float32)
    with pytest.raises(TypeError, match="float16 has no gradient"):
        w.data = half
    y = w * Tensor(half)  # but as numbers it may come in
    assert y.dtype == np.float32


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("retain_graph", "one backward of the sum of the results, or the forward pass again"),
        ("create_graph", "gradcheck"),
        ("gradient", "g=..."),
        ("inputs", "requires_grad = False"),
    ],
)
def test_pytorchs_arguments_of_backward_are_told_the_remedy(name, remedy):
    w = leaf(2)
    with pytest.raises(TypeError, match=f"^backward has no argument '{name}': use {remedy}"):
        (w * w).sum().backward(**{name: True})
    with pytest.raises(TypeError, match="other"):
        (w * w).sum().backward(other=True)
    assert w.grad is None
    (w * w).sum().backward(g=np.ones(()))
    assert np.array_equal(w.grad, 2 * w.data)


def test_a_wrong_call_of_tensor_is_told_of_as_tensor():
    for call in (lambda: Tensor([1.0], dtype="f"), lambda: Tensor(), lambda: Tensor(1.0, True, 3)):
        with pytest.raises(TypeError, match=r"^Tensor\(\) "):
            call()


def test_complex_numbers_are_refused():
    z, w = np.array([1j, 2.0]), leaf(2)
    for make in (lambda: Tensor(z), lambda: Tensor(1j), lambda: Tensor(z.tolist())):
        with pytest.raises(TypeError, match=r"a tensor holds real numbers, not complex128: .* take \.real"):
            make()
    for result in (lambda: w * 1j, lambda: w * z, lambda: w**z, lambda: z @ w, lambda: abs(w * 1j)):
        with pytest.raises(TypeError, match=r"is an? .*complex.* of real numbers: take .real and"):
            result().sum().backward()
        assert w.grad is None
    with pytest.raises(TypeError, match=r"^exp: x is an array of complex128 of shape"):
        mg.exp(z)


@pytest.mark.parametrize("data", ["text", ["a", "b"], None, [1, None], np.array(["2020-01-01"], "M8[D]")])
def test_only_numbers_are_tensors(data):
    with pytest.raises(TypeError, match=r"a tensor holds real numbers, not .*: use \.astype\(float\)"):
        Tensor(data)


def test_a_tensor_of_a_tensor_does_not_lose_its_gradient():
    """`h = Tensor(h)` in a cell would cut it off from all earlier steps without a word."""
    w = leaf(3)
    for t in (w, w * 2.0):
        for requires_grad in (False, True):
            with pytest.raises(TypeError, match=r"lose the gradient of t: use t as it is, or \.detach\(\)"):
                Tensor(t, requires_grad)
            assert Tensor(t.detach(), requires_grad).requires_grad == requires_grad
        with no_grad():
            assert not Tensor(t).requires_grad
    assert Tensor(Tensor([1.0]), requires_grad=True).requires_grad


# Messages: what was given, what is wanted, the remedy


@op
def gives_a_float(x):
    return x * 2, (lambda g: 2.0,)


@op
def gives_nothing(x):
    return x * 2, (lambda g: None,)


@op
def for_all(x, y):
    return x * y, lambda g: (g * y, 3)


@op
def bare_array(x):
    return x * 2, np.full(3, 2.0)


@op
def no_vjps(x):
    return x * 2, None


TAKES = "takes tensors or arrays, got a"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda t, w: t.sum(axis="x"),
            r"^sum: axis is 'x'; it must be a whole number, a tuple of .* or None$",
        ),
        (
            lambda t, w: mg.sum(t, "x"),
            r"^sum: axis is 'x'; it must be a whole number, a tuple of .* or None$",
        ),
        (
            lambda t, w: mg.sum([t, t]),
            r"^sum: x is a list; .*: use np\.array.* of numbers, stack.* of tensors$",
        ),
        (
            lambda t, w: mg.mean([t, t]),
            r"^mean: x is a list; it must be a tensor or an array .*: use np\.array",
        ),
        (lambda t, w: w @ [1, 2, 3], rf"^matmul {TAKES} list: use np\.array"),
        (
            lambda t, w: mg.matmul(t, "x"),
            r"^matmul: b is 'x'; it must be a tensor or an array of real numbers$",
        ),
        (lambda t, w: mg.matmul(2.0, t), rf"^matmul {TAKES} float$"),
        (lambda t, w: mg.split([1, 2], 2), rf"^split {TAKES} list: use np\.array"),
        (
            lambda t, w: mg.concatenate(t, t),
            "^concatenate takes a list of tensors, and an integer for",
        ),
        (
            lambda t, w: mg.stack(t, t),
            "^stack takes a list of tensors, and an integer for",
        ),
        (
            lambda t, w: mg.exp([w, w]),
            r"^exp: x is a list; .* stack\(\.\.\.\) of tensors$",
        ),
        (lambda t, w: w + None, "^add: b is None; it must be a tensor or an array of real numbers$"),
        (lambda t, w: np.sum(w), "^np.sum takes no tensors: use minigrad.sum, or .data where no gradient is"),
        (lambda t, w: np.mean(t, axis=0), "^np.mean takes no tensors: use minigrad.mean, or .data"),
        (
            lambda t, w: np.concatenate([t, t]),
            "^np.concatenate takes no tensors: use minigrad.concatenate",
        ),
        (
            lambda t, w: np.linalg.inv(t),
            "^np.linalg.inv takes no tensors: use .data where no gradient is to flow",
        ),
        (lambda t, w: np.asarray(w), "^NumPy would lose the gradient: use minigrad's function"),
        (
            lambda t, w: bare_array(w),
            r"^bare_array returned a ndarray for the vjps: it must be a tuple",
        ),
        (lambda t, w: no_vjps(w), "^no_vjps returned a NoneType for the vjps"),
        (
            lambda t, w: gives_a_float(w).sum().backward(),
            "^the vjp of argument 0 of gives_a_float gave 2.0, which is no array: wrap it in np.asarray",
        ),
        (
            lambda t, w: gives_nothing(w).sum().backward(),
            "^the vjp of argument 0 of gives_nothing gave None",
        ),
        (lambda t, w: for_all(w, w).sum().backward(), "^the vjps of for_all gave 3, which is no array"),
    ],
)
def test_what_a_wrong_call_is_told(call, message):
    t, w = leaf(2, 3), leaf(3)
    with pytest.raises(TypeError, match=message):
        call(t, w)
    assert (t.grad, w.grad) == (None, None)


def test_numpy_functions_that_lose_no_gradient_still_work():
    w, c = leaf(2, 3), Tensor([1.0, 2.0])
    assert np.shape(w) == (2, 3)
    assert np.ndim(w) == 2
    assert np.transpose(w).requires_grad
    assert np.swapaxes(w, 0, 1).requires_grad
    assert np.allclose(c, [1, 2])
    assert np.concatenate([c, c]).tolist() == [1, 2, 1, 2]


def test_requires_grad_is_assigned_to():
    w = leaf(3)
    w.requires_grad = True
    y = w * 2.0
    w.requires_grad = False
    assert not (w * 2.0).requires_grad
    assert w.grad is None
    with pytest.raises(ValueError, match=r"requires_grad of the result of mul cannot be assigned"):
        y.requires_grad = False
    array = np.ones(3)
    c = Tensor(array)
    c.requires_grad = True
    (c * w).sum().backward()
    assert c.grad.tolist() == w.data.tolist()
    assert not np.shares_memory(c.data, array)
    with pytest.raises(TypeError, match="int64 has no gradient"):
        Tensor([1, 2]).requires_grad = True


def test_vjps_as_a_list():
    @op
    def listed(a, b):
        return a * b, [b, lambda g: g * a]

    a, b = leaf(3), leaf(3, seed=1)
    listed(a, b).sum().backward()
    assert a.grad.tolist() == b.data.tolist()
    assert b.grad.tolist() == a.data.tolist()


def test_sections_of_any_integer_type():
    assert [part.shape for part in mg.split(leaf(4), np.int64(2))] == [(2,), (2,)]
    assert mg.concatenate([leaf(2, 3)] * 2, axis=np.int64(1)).shape == (2, 6)
