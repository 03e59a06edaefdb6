"""Every op against central differences: on the tapes by its row in CASES, and without a tape over drawn
shapes, axes and indices."""

import inspect
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minigrad
from minigrad import Tensor
from minigrad.contract import plain
from minigrad.ops import indexing
from minigrad.tape import unbroadcast
from tests.tapes import the_tape
from tests.test_docstrings import gives_a_shape

# Here without the tape: the functions on arrays.
LIFTED = {name: getattr(minigrad, name) for name in minigrad.ops.__all__}
JOINED = {"concatenate": indexing._concatenate, "stack": indexing._stack}
ops = SimpleNamespace(**{name: plain(f) for name, f in LIFTED.items() if hasattr(f, "__wrapped__")} | JOINED)

seeds = st.integers(0, 2**32 - 1)
shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
filled = hnp.array_shapes(min_dims=0, max_dims=4, min_side=1, max_side=4)


def dense(gradient, shape):
    return unbroadcast(np.asarray(gradient), shape)


def pulled(vjp, g):
    """The cotangent that a vjp gives, or None."""
    return None if vjp is None else vjp(g) if callable(vjp) else g * vjp


def holds(f, *arrays, check=None, eps=1e-6):
    """The vjps of f at arrays against central differences along random directions."""
    rng = np.random.default_rng(1)
    before = [a.copy() for a in arrays]
    y, vjps = f(*arrays)
    g = rng.standard_normal(np.shape(y))
    kept = g.copy()
    gradients = vjps(g) if callable(vjps) else [pulled(vjp, g) for vjp in vjps]
    assert np.array_equal(g, kept), "a vjp wrote into its cotangent"
    assert all(np.array_equal(a, b) for a, b in zip(arrays, before, strict=True)), (
        "an op wrote into its argument"
    )
    assert not any(y is a for a in arrays)
    for i in range(len(arrays)) if check is None else check:
        a = arrays[i]
        d = rng.standard_normal(a.shape)
        up, down = list(arrays), list(arrays)
        up[i], down[i] = a + eps * d, a - eps * d
        expected = ((np.asarray(f(*up)[0]) - np.asarray(f(*down)[0])) * g).sum() / (2 * eps)
        got = dense(gradients[i], a.shape)
        assert np.allclose((got * d).sum(), expected, rtol=1e-5, atol=1e-6), f"argument {i}"


def normal(seed, shape, keep_off=(), low=None):
    """Normal draws, moved away from points where the op has a kink."""
    x = np.random.default_rng(seed).standard_normal(shape)
    for point in keep_off:
        x = np.where(np.abs(x - point) < 1e-3, point + 1e-2, x)
    return np.asarray(x if low is None else np.abs(x) + low)


# One row an op: arguments by name, of which arrays of floats are to get a gradient.
two, three, stacked = (2, 3), (3,), (2, 3, 2)
CASES = {
    **{name: {"x": normal(0, two)} for name in ("neg", "exp", "sin", "cos", "tanh", "sigmoid", "softplus")},
    **{name: {"x": normal(0, two, keep_off=[0])} for name in ("abs", "relu")},
    **{name: {"x": normal(0, two, low=0.3)} for name in ("log", "log1p", "sqrt")},
    **{name: {"a": normal(0, two), "b": normal(1, three)} for name in ("add", "sub", "mul")},
    **{name: {"a": normal(0, two), "b": normal(1, three)} for name in ("maximum", "minimum")},
    **{name: {"a": normal(0, two, low=0.3), "b": normal(1, three, low=0.3)} for name in ("div", "pow")},
    **{name: {"x": normal(0, two), "axis": 1, "keepdims": True} for name in ("sum", "mean", "prod")},
    **{name: {"x": normal(0, two), "axis": 1, "keepdims": True} for name in ("max", "min")},
    "sign": {"x": normal(0, two, keep_off=[0])},
    "mod": {"a": normal(0, two), "b": normal(1, three, low=0.3)},
    "dot": {"a": normal(0, stacked), "b": normal(1, (2, 2, 4))},
    "einsum": {"subscripts": "ij,jk,k->ki", "operands": [normal(0, two), normal(1, (3, 2)), normal(2, (2,))]},
    "std": {"x": normal(0, two), "axis": 1, "keepdims": True, "ddof": 1},
    "norm": {"x": normal(0, two), "axis": 1, "keepdims": True},
    "flatten": {"x": normal(0, stacked), "start": 1},
    "ravel": {"x": normal(0, two)},
    "logsumexp": {"x": normal(0, two), "axis": 0, "keepdims": False},
    "var": {"x": normal(0, two), "axis": 1, "keepdims": True, "ddof": 1},
    "cumsum": {"x": normal(0, two), "axis": 1},
    "matmul": {"a": normal(0, two), "b": normal(1, (3, 4))},
    "leaky_relu": {"x": normal(0, two, keep_off=[0]), "slope": 0.2},
    "astype": {"x": normal(0, two), "dtype": np.float64},
    "clip": {"x": normal(0, two, keep_off=[-0.5, 0.5]), "low": -0.5, "high": 0.5},
    "where": {"condition": np.array([True, False, True]), "a": normal(0, two), "b": normal(1, two)},
    "reshape": {"x": normal(0, two), "shape": (3, 2)},
    "transpose": {"x": normal(0, stacked), "axes": (1, 2, 0)},
    "swapaxes": {"x": normal(0, stacked), "axis1": 0, "axis2": -1},
    "moveaxis": {"x": normal(0, stacked), "source": 0, "destination": 2},
    "squeeze": {"x": normal(0, (2, 1, 3)), "axis": 1},
    "expand_dims": {"x": normal(0, two), "axis": 1},
    "broadcast_to": {"x": normal(0, three), "shape": (2, 3)},
    "flip": {"x": normal(0, two), "axis": 1},
    "pad": {"x": normal(0, two), "width": 1, "value": 2.0},
    "getitem": {"x": normal(0, two), "index": np.array([1, 1, 0])},
    "take": {"x": normal(0, two), "indices": np.array([[2, 0], [0, 0]]), "axis": 1},
    "concatenate": {"tensors": [normal(0, two), normal(1, two)], "axis": 1},
    "stack": {"tensors": [normal(0, two), normal(1, two)], "axis": 1},
    "split": {"x": normal(0, (2, 4)), "sections": [1, 2], "axis": 1},
}


def leaves_of(value):
    """Arrays of floats as leaves; lists of them too; the rest as it is."""
    if isinstance(value, list) and isinstance(value[0], np.ndarray):
        return [leaves_of(v) for v in value]
    return Tensor(value, True) if isinstance(value, np.ndarray) and value.dtype.kind == "f" else value


def the_op(name):
    f = getattr(minigrad, name)
    if name == "split":
        return lambda **named: f(**named)[1]
    return f if name != "einsum" else lambda subscripts, operands: f(subscripts, *operands)


@pytest.mark.parametrize("name", minigrad.ops.__all__)
def test_every_op_has_its_case_its_names_and_its_words(name):
    f = getattr(minigrad, name)
    assert name in CASES, f"add to CASES in tests/test_ops.py a row for {name}: its arguments by name"
    parameters = inspect.signature(f).parameters
    assert [*CASES[name]] == [*parameters], f"the row of {name} in CASES must name: {', '.join(parameters)}"
    words = f.__doc__ or ""
    assert gives_a_shape(words, {*parameters}), (
        f"say in the docstring of {name} what shapes it takes and gives: (B, T) or 'of any shape'"
    )
    assert "Tensor" in str(inspect.signature(f)), f"{name} is not lifted: write @op above it"


@pytest.mark.parametrize("on", [True, False], ids=["fast", "plain"])
@pytest.mark.parametrize("name", CASES)
def test_the_gradient_of_every_op_by_position_and_by_name(name, on):
    f, named = the_op(name), {key: leaves_of(value) for key, value in CASES[name].items()}
    leaves = [t for v in named.values() for t in (v if isinstance(v, list) else [v]) if isinstance(t, Tensor)]
    assert leaves
    with the_tape(on):
        assert minigrad.gradcheck(lambda *_: f(**named) * 1.0, *leaves, entrywise=True)
        g = np.random.default_rng(2).standard_normal(f(**named).shape)
        gradients = []
        for call in (lambda: f(**named), lambda: the_op(name)(**dict(reversed(named.items())))):
            call().backward(g)
            gradients.append([leaf.grad for leaf in leaves])
            for leaf in leaves:
                leaf.zero_grad()
        if name not in ("split", "norm", "std", "var"):  # what these have beside x, or axis, has a name
            the_op(name)(*named.values()).backward(g)
            gradients.append([leaf.grad for leaf in leaves])
    for others in gradients[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(gradients[0], others, strict=True))


@pytest.mark.parametrize(
    "name", ["neg", "exp", "sin", "cos", "tanh", "sigmoid", "softplus", "abs", "relu", "leaky_relu"]
)
@settings(max_examples=15)
@given(seed=seeds, shape=shapes)
def test_entrywise(name, seed, shape):
    holds(getattr(ops, name), normal(seed, shape, keep_off=[0]))


@pytest.mark.parametrize("name", ["log", "log1p", "sqrt"])
@settings(max_examples=15)
@given(seed=seeds, shape=shapes)
def test_entrywise_of_positive(name, seed, shape):
    holds(getattr(ops, name), normal(seed, shape, low=0.1))


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "pow", "maximum", "minimum"])
@settings(max_examples=30)
@given(seed=seeds, pair=hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=3))
def test_of_two_broadcast(name, seed, pair):
    a, b = (normal([seed, i], shape, low=0.3) for i, shape in enumerate(pair.input_shapes))
    b = b + 2e-3 * np.ceil(np.abs(np.subtract(a, b)).min(initial=1) < 1e-3)
    holds(getattr(ops, name), a, b)


@pytest.mark.parametrize("exponent", [2, 3.5, -1, 0.5, 1, 0])
def test_pow_of_a_scalar_exponent(exponent):
    holds(lambda x: ops.pow(x, exponent), normal(3, (3, 4), low=0.2), check=[0])


def test_pow_at_zero_is_finite():
    y, (vjp_a, vjp_b) = ops.pow(np.array([0.0, 0.0, 0.0]), np.array([0.0, 1.0, 2.0]))
    assert np.array_equal(y, [1, 0, 0])
    assert np.array_equal(vjp_a(np.ones(3)), [0, 1, 0])
    assert np.array_equal(vjp_b(np.ones(3)), [0, 0, 0])
    assert np.array_equal(ops.pow(np.zeros(1), 0)[1][0](np.ones(1)), [0])


@settings(max_examples=60)
@given(seed=seeds, pair=hnp.mutually_broadcastable_shapes(signature="(m?,k),(k,n?)->(m?,n?)", max_dims=2))
def test_matmul(seed, pair):
    holds(ops.matmul, *(normal([seed, i], shape) for i, shape in enumerate(pair.input_shapes)))


@pytest.mark.parametrize(
    ("subscripts", "shapes_"),
    [
        ("ij,jk->ik", [(2, 3), (3, 4)]),
        ("ij,jk", [(2, 3), (3, 4)]),
        ("ba,cb", [(2, 3), (4, 2)]),
        ("bij, bjk -> bik", [(2, 3, 4), (2, 4, 2)]),
        ("bhid,bhjd->bhij", [(2, 1, 3, 2), (2, 1, 4, 2)]),
        ("i,i->", [(3,), (3,)]),
        ("i,j->ij", [(3,), (2,)]),
        ("i,j", [(3,), (2,)]),
        ("ij->ji", [(2, 3)]),
        ("ij->", [(2, 3)]),
        ("ij->j", [(2, 3)]),
        ("ii->i", [(3, 3)]),
        ("ii", [(3, 3)]),
        ("iij->ij", [(3, 3, 2)]),
        ("iji,j->i", [(3, 2, 3), (2,)]),
        ("ij,kl->", [(2, 3), (2, 2)]),
        ("ij,j,jk->ik", [(2, 3), (3,), (3, 2)]),
        ("ij,ij,ij->ij", [(2, 3)] * 3),
        ("...j,jk->...k", [(2, 2, 3), (3, 4)]),
        ("...ij,...jk", [(2, 1, 2, 3), (4, 3, 2)]),
        ("...,...", [(2, 3), (3,)]),
        ("i...->...i", [(2, 3, 4)]),
        ("...ii->...", [(2, 3, 3)]),
        ("...i->i", [(2, 3)]),
        ("ij,j->i", [(2, 3), (1,)]),
        ("ij,ij->i", [(2, 3), (2, 1)]),
        ("ij,jk->ik", [(0, 3), (3, 4)]),
        ("ij,jk->ik", [(2, 0), (0, 4)]),
        (",i->i", [(), (3,)]),
        ("->", [()]),
    ],
)
def test_einsum(subscripts, shapes_):
    arrays = [normal(i, shape) for i, shape in enumerate(shapes_)]
    y, vjps = ops.einsum(subscripts, *arrays)
    assert vjps[0] is None
    if subscripts != "...i->i":  # NumPy wants the dots in the result; PyTorch sums over them
        assert np.allclose(y, np.einsum(subscripts, *arrays), rtol=1e-13)
    holds(lambda *a: (lambda y, vjps: (y * 1.0, vjps[1:]))(*ops.einsum(subscripts, *a)), *arrays)


def test_einsum_refuses():
    x, w = Tensor(np.ones((2, 3)), True), np.ones((4, 2))
    with pytest.raises(ValueError, match=r"^einsum: shapes \(2, 3\) and \(4, 2\) do not fit"):
        minigrad.einsum("ij,jk->ik", x, w)
    with pytest.raises(ValueError, match=r"'ij,jk->ik' names 2 operands, 1 were given"):
        minigrad.einsum("ij,jk->ik", x)
    for wrong in ("ij->iz", "ijk", "i", "ij->ii", "i.j", "ij->i->j"):
        with pytest.raises(ValueError, match=r"^einsum of shape"):
            minigrad.einsum(wrong, x)
    with pytest.raises(
        TypeError, match=r"^einsum takes its subscripts as text, such as 'ij,jk->ik', not a nd"
    ):
        minigrad.einsum(x, [0, 1])


@pytest.mark.parametrize("b", [(), (3,), (3, 2), (4, 3, 2), (1, 3, 0), (2, 4, 3, 2)])
@pytest.mark.parametrize("a", [(), (3,), (2, 3), (0, 3), (2, 4, 3)])
def test_dot(a, b):
    x, y = normal(0, a), normal(1, b)
    assert np.allclose(ops.dot(x, y)[0], np.dot(x, y), rtol=1e-13)
    holds(ops.dot, x, y)
    with pytest.raises(ValueError, match=r"^dot: shapes \(2, 3\) and \(2,\) do not fit"):
        minigrad.dot(np.ones((2, 3)), np.ones(2))


def test_flat_where_all_is_equal_or_zero():
    for name in ("std", "norm"):
        x = Tensor(np.zeros((2, 3)), requires_grad=True)
        getattr(x, name)(axis=1).sum().backward()
        assert x.grad.tolist() == [[0, 0, 0]] * 2
    assert minigrad.norm(Tensor([3, 4])).item() == 5


@pytest.mark.parametrize("name", ["var", "std"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_flat_where_all_is_equal_whatever_it_is(name, dtype):
    """The mean of equal entries may be off by rounding, in every fourth of such rows."""
    rows = np.random.default_rng(0).standard_normal((500, 1)).astype(dtype) * np.ones((1, 3), dtype)
    rows[1] = 1, 2, 3
    assert (rows.mean(axis=1) != rows[:, 0]).any()
    for x, axis in ((rows, 1), (rows.T, 0), (rows[:, None, :, None], (1, 2))):
        for keepdims in (False, True):
            g = gradients(lambda x, a=axis, k=keepdims: getattr(x, name)(axis=a, keepdims=k), x)[0]
            g = g.T if axis == 0 else g.reshape(rows.shape)
            assert (np.delete(g, 1, axis=0) == 0).all()
            assert g[1, 0] == -g[1, 2] < -0.1
    assert gradients(lambda x: getattr(x, name)(), np.full((2, 3), 0.1, dtype))[0].tolist() == [[0] * 3] * 2


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 3, 4), (0, 3), (2, 0)])
def test_flatten(shape):
    x = normal(0, shape)
    assert np.array_equal(ops.flatten(x)[0], x.ravel())
    assert np.array_equal(ops.ravel(x)[0], x.ravel())
    for f in (ops.flatten, ops.ravel, lambda x: ops.flatten(x, -1), lambda x: ops.flatten(x, x.ndim // 2)):
        holds(f, x)
    for start in (max(len(shape), 1), -max(len(shape), 1) - 1):
        with pytest.raises(ValueError, match="out of bounds"):
            ops.flatten(x, start)


@settings(max_examples=30)
@given(seed=seeds, trio=hnp.mutually_broadcastable_shapes(num_shapes=3, max_dims=3, max_side=3))
def test_where(seed, trio):
    condition = np.random.default_rng(seed).random(trio.input_shapes[0]) < 0.5
    a, b = (normal([seed, i], shape) for i, shape in enumerate(trio.input_shapes[1:]))
    holds(lambda a, b: (lambda y, vjps: (y, vjps[1:]))(*ops.where(condition, a, b)), a, b)
    assert ops.where(condition, a, b)[1][0] is None


def test_where_stops_infinity():
    """The branch not taken gets exactly zero, whatever comes from above."""
    _, (_, left, right) = ops.where(np.array([True, False]), np.zeros(2), np.zeros(2))
    g = np.array([np.inf, np.nan])
    assert left(g)[1] == 0
    assert right(g)[0] == 0


@settings(max_examples=20)
@given(seed=seeds, shape=shapes, low=st.sampled_from([None, -0.5]), high=st.sampled_from([None, 0.5]))
def test_clip(seed, shape, low, high):
    if low is None and high is None:
        low = -1
    holds(lambda x: ops.clip(x, low, high), normal(seed, shape, keep_off=[-1, -0.5, 0.5]))


def axes_of(data, ndim):
    choices = [st.none()]
    if ndim:
        choices += [st.integers(-ndim, ndim - 1), hnp.valid_tuple_axes(ndim)]
    return data.draw(st.one_of(choices))


@pytest.mark.parametrize("name", ["sum", "mean", "var", "max", "min", "prod", "logsumexp"])
@settings(max_examples=40)
@given(data=st.data(), seed=seeds, shape=filled, keepdims=st.booleans())
def test_reductions(name, data, seed, shape, keepdims):
    axis = axes_of(data, len(shape))
    holds(lambda x: getattr(ops, name)(x, axis=axis, keepdims=keepdims), normal(seed, shape))


def test_sum_and_prod_of_nothing():
    holds(lambda x: ops.sum(x, axis=0), np.zeros((0, 3)))
    holds(lambda x: ops.prod(x, axis=0), np.zeros((0, 3)))
    assert np.array_equal(ops.prod(np.zeros((0, 3)), axis=0)[0], [1, 1, 1])


def test_prod_with_zeros():
    x = np.array([[2.0, 0.0, 3.0], [0.0, 0.0, 4.0]])
    assert np.array_equal(ops.prod(x, axis=1)[1][0](np.ones(2)), [[0, 6, 0], [0, 0, 0]])


def test_var_divides_by_n_less_ddof():
    holds(lambda x: ops.var(x, axis=(0, 2), ddof=1), normal(0, (3, 2, 4)))


def test_ties_share():
    assert np.allclose(ops.max(np.array([1.0, 3.0, 3.0]))[1][0](np.array(1.0)), [0, 0.5, 0.5])
    left, right = ops.maximum(np.array([1.0]), np.array([1.0]))[1]
    assert left(np.ones(1)) == right(np.ones(1)) == 0.5


def test_a_nan_is_chosen_and_gets_the_gradient():
    x = np.array([np.nan, 1.0, np.inf])
    for f in (ops.max, ops.min):
        assert ops.max(x)[1][0](np.array(1.0)).tolist() == f(x)[1][0](np.array(1.0)).tolist() == [1, 0, 0]
    for f in (ops.maximum, ops.minimum):
        left, right = f(np.array([np.nan, 2.0]), np.array([1.0, np.nan]))[1]
        assert left(np.ones(2))[0] == right(np.ones(2))[1] == 1


def test_values_at_kinks():
    g, zero = np.ones(1), np.zeros(1)
    assert ops.abs(zero)[1][0](g) == 0
    assert ops.relu(zero)[1][0](g) == 0
    assert ops.leaky_relu(zero)[1][0](g) == 0.01
    assert ops.clip(np.array([1.0, 2.0]), 0, 1)[1][0](np.ones(2)).tolist() == [1, 0]


def test_mean_of_halves_is_summed_in_more_than_half_precision():
    y, _ = ops.mean(np.full(70_000, 2, np.float16))
    assert (y, y.dtype) == (2, np.float16)


def test_mean_of_nothing_says_so():
    with pytest.warns(RuntimeWarning) as warned:
        y, _ = ops.mean(np.ones((0, 3)))
    assert np.isnan(y)
    assert any(str(w.message).startswith("Mean of empty slice") for w in warned)


@settings(max_examples=20)
@given(data=st.data(), seed=seeds, shape=shapes)
def test_cumsum(data, seed, shape):
    axis = data.draw(st.none() | st.integers(-len(shape), len(shape) - 1)) if shape else None
    holds(lambda x: ops.cumsum(x, axis=axis), normal(seed, shape))


@settings(max_examples=40)
@given(data=st.data(), seed=seeds, shape=hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=3))
def test_shape_ops(data, seed, shape):
    x, n = normal(seed, shape), len(shape)
    axis, other = data.draw(st.integers(-n, n - 1)), data.draw(st.integers(-n, n - 1))
    order = data.draw(st.permutations(range(n)))
    signed = tuple(i - n if data.draw(st.booleans()) else i for i in order)
    width = data.draw(st.sampled_from([1, (2, 1), [(1, 0)] * n]))
    holds(lambda x: ops.reshape(x, x.size), x)
    holds(lambda x: ops.transpose(x, signed), x)
    holds(ops.transpose, x)
    holds(lambda x: ops.transpose(x, 0), x.ravel())  # as NumPy allows
    holds(lambda x: ops.swapaxes(x, axis, other), x)
    holds(lambda x: ops.moveaxis(x, axis, other), x)
    holds(lambda x: ops.expand_dims(x, axis), x)
    holds(lambda x: ops.squeeze(x, axis), np.expand_dims(x, axis))
    holds(ops.squeeze, x)
    holds(lambda x: ops.broadcast_to(x, (2, *shape)), x)
    holds(lambda x: ops.flip(x, axis), x)
    holds(ops.flip, x)
    holds(lambda x: ops.pad(x, width, 7.0), x)


def test_broadcast_to_sums_back():
    holds(lambda x: ops.broadcast_to(x, (4, 3, 2)), normal(0, (3, 1)))


@settings(max_examples=100)
@given(data=st.data(), seed=seeds, shape=filled)
def test_getitem_basic(data, seed, shape):
    index = data.draw(hnp.basic_indices(shape, allow_newaxis=True))
    holds(lambda x: ops.getitem(x, index), normal(seed, shape))


@settings(max_examples=60)
@given(data=st.data(), seed=seeds, shape=hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4))
def test_getitem_of_arrays(data, seed, shape):
    x = normal(seed, shape)
    integers = data.draw(
        hnp.integer_array_indices(shape, result_shape=hnp.array_shapes(min_dims=0, max_side=4))
    )
    holds(lambda x: ops.getitem(x, integers), x)
    holds(lambda x: ops.getitem(x, integers[0]), x)
    holds(lambda x: ops.getitem(x, (slice(None), None, *integers[1:])), x)
    mask = np.random.default_rng(seed).random(shape[: data.draw(st.integers(1, len(shape)))]) < 0.5
    holds(lambda x: ops.getitem(x, mask), x)
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    inside = st.integers(-shape[axis], shape[axis] - 1)
    indices = data.draw(hnp.arrays(int, hnp.array_shapes(min_dims=0, max_dims=2), elements=inside))
    holds(lambda x: ops.take(x, indices, axis=axis), x)
    flat = data.draw(hnp.arrays(int, 3, elements=st.integers(-x.size, x.size - 1)))
    holds(lambda x: ops.take(x, flat), x)


def test_repeated_indices_add_up():
    gradient = ops.getitem(np.zeros((3, 2)), np.array([1, 1, 1]))[1][0](np.ones((3, 2)))
    assert np.array_equal(dense(gradient, (3, 2)), [[0, 0], [3, 3], [0, 0]])


@settings(max_examples=30)
@given(data=st.data(), seed=seeds, shape=hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=3))
def test_concatenate_and_stack(data, seed, shape):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    new = data.draw(st.integers(-len(shape) - 1, len(shape)))
    same = [normal([seed, i], shape) for i in range(3)]
    sizes = [list(shape) for _ in range(3)]
    for i, size in enumerate(sizes):
        size[axis] = i
    holds(lambda *xs: ops.concatenate(*xs, axis=axis), *(normal([seed, i], s) for i, s in enumerate(sizes)))
    holds(lambda *xs: ops.stack(*xs, axis=new), *same)


def test_astype():
    y, (vjp,) = ops.astype(np.ones(3, np.float32), np.float64)
    assert y.dtype == np.float64
    assert vjp(np.ones(3)).dtype == np.float32
    assert ops.astype(np.ones(3), int)[1] == (None,)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_extreme_arguments(dtype):
    """Nothing overflows, and no warning is raised (warnings are errors here)."""
    big = 0.4 * float(np.finfo(dtype).max)
    x = np.array([-big, -1e4, -40, 0, 40, 1e4, big], dtype)
    assert np.allclose(ops.sigmoid(x)[0], [0, 0, 0, 0.5, 1, 1, 1], atol=2e-5)
    assert np.array_equal(ops.softplus(x)[0][[0, -1]], x[[0, -1]] * [0, 1])
    assert ops.logsumexp(x)[0] == x[-1]
    for f in (ops.sigmoid, ops.softplus, ops.tanh):
        assert np.isfinite(f(x)[1][0](np.ones_like(x))).all()


def test_sigmoid_is_accurate_far_out():
    x = np.array([-700.0, -40.0, -1.0])
    assert np.allclose(ops.sigmoid(x)[0], np.exp(x) / (1 + np.exp(x)), rtol=1e-14, atol=0)


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "mod", "pow", "maximum", "minimum"])
def test_python_scalars_never_promote(name):
    x = np.ones(3, np.float32)
    for f in (lambda x: getattr(ops, name)(x, 2.0), lambda x: getattr(ops, name)(2.0, x)):
        y, _ = f(x)
        assert y.dtype == np.float32
    gradient = pulled(getattr(ops, name)(x, 2.0)[1][0], x)
    assert gradient.dtype == np.float32


@pytest.mark.parametrize(
    "name",
    [
        "neg",
        "exp",
        "log",
        "log1p",
        "sqrt",
        "sign",
        "std",
        "norm",
        "flatten",
        "ravel",
        "abs",
        "sin",
        "cos",
        "tanh",
        "sigmoid",
        "relu",
        "leaky_relu",
        "softplus",
        "sum",
        "mean",
        "var",
        "max",
        "min",
        "prod",
        "logsumexp",
        "cumsum",
    ],
)
def test_float32_stays_float32(name):
    x = np.full((2, 3), 0.5, np.float32)
    y, (vjp,) = getattr(ops, name)(x)
    assert y.dtype == np.float32
    assert pulled(vjp, np.ones_like(y)).dtype == np.float32


# Empty, single and infinite: what PyTorch gives


def gradients(f, *arrays):
    leaves = [Tensor(a, requires_grad=True) for a in arrays]
    result = f(*leaves)
    result.backward(np.ones(result.shape))
    return [leaf.grad for leaf in leaves]


@pytest.mark.parametrize("quick", [True, False], ids=["fast", "plain"])
@pytest.mark.parametrize("name", ["var", "std", "norm", "mean", "sum", "prod"])
def test_reductions_of_no_rows(name, quick):
    with the_tape(quick):
        for f in (lambda x: getattr(x, name)(axis=1), lambda x: minigrad.functional.layer_norm(x)):
            assert gradients(f, np.zeros((0, 3)))[0].shape == (0, 3)
        assert gradients(lambda x: x.prod(axis=1), np.zeros((3, 0)))[0].shape == (3, 0)
        assert gradients(lambda x: x.prod(axis=(0, 2)), np.zeros((2, 0, 2)))[0].shape == (2, 0, 2)


@pytest.mark.parametrize("axis", [0, -1])
@pytest.mark.parametrize("name", ["sum", "mean", "max", "min", "prod", "norm"])
def test_reductions_of_no_dimensions(name, axis):
    assert gradients(lambda x: getattr(x, name)(axis=axis), np.array(3.0))[0] == 1


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_variance_of_one_with_ddof():
    for ddof in (1, 2):
        assert np.isnan(gradients(lambda x, ddof=ddof: x.var(ddof=ddof), np.ones(1))[0]).all()


@pytest.mark.parametrize("quick", [True, False], ids=["fast", "plain"])
@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "mod", "pow", "maximum", "minimum"])
def test_a_list_is_as_good_as_its_array(name, quick):
    f = getattr(minigrad, name)
    with the_tape(quick):
        for numbers in ([1.0, 2.0, 0.5], (3, 2, 1), [[1.0, 2.0, 3.0], [0.5, 1.0, 2.0]], [True, True, True]):
            for shape in ((3,), (2, 3), ()):
                x = 0.5 + np.abs(normal(0, shape))
                for call in (lambda x, n: f(x, n), lambda x, n: f(n, x)):
                    got = gradients(lambda x, n=numbers, call=call: call(x, n), x)[0]
                    assert np.array_equal(got, gradients(lambda x, n=numbers: call(x, np.array(n)), x)[0])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_powers_at_their_edges():
    edge = np.array([np.inf, -np.inf, 0.0, np.nan, 2.0])
    for zero in (0, 0.0, np.zeros(5), np.zeros(1)):
        assert gradients(lambda x, zero=zero: x**zero, edge)[0].tolist() == [0] * 5
    assert gradients(lambda x: x ** np.array([0.0, 2.0]), np.array([np.inf, 3.0]))[0].tolist() == [0, 6]
    assert gradients(lambda b: [0, 2] ** b, np.array([1.0, 2.0]))[0].tolist() == [0, 4 * np.log(2)]
    assert gradients(lambda b: 0.0**b, np.array([-1.0, 0.0, 2.0]))[0].tolist() == [-np.inf, 0, 0]
    a, b = gradients(lambda a, b: a**b, np.float32([0, 2]), np.float32([3, 0]))
    assert (a.dtype, b.dtype) == (np.float32, np.float32)
    assert a.tolist() == [0, 0]
    assert b.tolist() == pytest.approx([0, np.log(2)])


# What PyTorch 2.13 gives, unless the docstring says otherwise


@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
@pytest.mark.parametrize(("shape", "axis"), [((0,), 0), ((3, 0), 1), ((0, 3), 0), ((0, 3), 1)])
def test_an_axis_of_no_entries(shape, axis):
    x, rest = np.zeros(shape), np.zeros(shape).sum(axis=axis).shape
    for f in (minigrad.functional.softmax, minigrad.functional.log_softmax):
        assert f(x, axis).shape == gradients(lambda x, f=f: f(x, axis), x)[0].shape == shape
    y = minigrad.logsumexp(x, axis)
    assert y.shape == rest
    assert (y.data == -np.inf).all()
    assert gradients(lambda x: minigrad.logsumexp(x, axis), x)[0].shape == shape
    assert minigrad.norm(x, axis=axis).tolist() == np.zeros(rest).tolist()
    if not shape[axis]:
        for f in (minigrad.max, minigrad.min, lambda x, axis: Tensor(x).argmax(axis)):
            with pytest.raises(ValueError, match=r"zero-size array|empty sequence"):
                f(x, axis)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_gradients_at_no_number():
    nan = np.array([np.nan])
    for name, want in {"relu": 1, "leaky_relu": 0.01, "sign": 0, "abs": np.nan, "sqrt": np.nan}.items():
        assert gradients(getattr(minigrad, name), nan)[0].tolist() == pytest.approx([want], nan_ok=True)
    assert np.isnan(minigrad.relu(nan).data)
    assert gradients(minigrad.sqrt, np.zeros(1))[0] == np.inf
    assert gradients(lambda x: minigrad.prod(x), np.array([1.0, np.inf, 2.0]))[0].tolist() == [
        np.inf,
        2,
        np.inf,
    ]


@pytest.mark.parametrize("on", [True, False], ids=["fast", "plain"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_norm_stays_in_the_range_of_floats(dtype, on):
    info = np.finfo(dtype)
    for size in (info.max / 8, info.tiny, info.tiny * info.eps * 2**20):
        x = np.array([[3, 4], [0, 0], [-3, 0]], dtype) * dtype(size)
        with the_tape(on):
            y, (g,) = minigrad.norm(Tensor(x), axis=1), gradients(lambda x: minigrad.norm(x, axis=1), x)
        assert y.dtype == g.dtype == dtype
        assert y.data / dtype(size) == pytest.approx([5, 0, 3])
        assert g == pytest.approx(np.array([[0.6, 0.8], [0, 0], [-1, 0]]))
        assert minigrad.norm(Tensor(x), axis=(0, 1), keepdims=True).shape == (1, 1)
        assert minigrad.norm(Tensor(x)).item() / size == pytest.approx(np.sqrt(34))
    assert minigrad.norm(Tensor(dtype([1, np.inf]))).item() == np.inf
    assert np.isnan(minigrad.norm(Tensor(dtype([1, np.nan]))).item())


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_variance_of_fewer_than_ddof():
    for ddof in (3, 4, 7):
        assert minigrad.var(Tensor([1.0, 2.0, 4.0]), ddof=ddof).item() == np.inf
        assert np.isnan(
            gradients(lambda x, d=ddof: minigrad.var(x, ddof=d), np.array([1.0, 2.0, 4.0]))[0]
        ).all()
        assert np.isnan(minigrad.var(Tensor([2.0, 2.0, 2.0]), ddof=ddof).item())
    assert np.isnan(minigrad.std(Tensor(3.0), ddof=1).item())
    assert minigrad.std(Tensor(3.0)).item() == gradients(minigrad.std, np.array(3.0))[0] == 0
