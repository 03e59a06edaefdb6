"""Values and gradients against PyTorch in float64, within 1e-12: ops, random programs, losses, optimisers."""

import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minigrad
from minigrad import Tensor, functional, optim
from minigrad.nn import Module, Parameter, Recurrent

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    torch = pytest.importorskip("torch")

drawn = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
seeds = st.integers(0, 2**32 - 1)
shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
products = hnp.mutually_broadcastable_shapes(
    signature=np.matmul.signature, max_dims=2, min_side=0, max_side=4
)
full_shapes = hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=4)


def normal(rng, shape):
    return rng.standard_normal(shape)


def positive(rng, shape):
    return rng.uniform(0.2, 3.0, shape)


def apart(rng, shape):
    """All different, and none near 0, so that no kink is hit."""
    size = int(np.prod(shape))
    return ((rng.permutation(size) - size // 2 + 0.5) / 3 + rng.uniform(0, 0.1, size)).reshape(shape)


def close(ours, theirs, what):
    ours, theirs = np.asarray(ours), np.asarray(theirs.detach().resolve_conj())
    assert ours.shape == theirs.shape, what
    assert ours.dtype == np.float64, what
    scale = max(1.0, float(np.abs(theirs).max(initial=0.0)))
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12 * scale, err_msg=what)


def same(arrays, ours, theirs, rng):
    """Both give the same result, and from the same random cotangent the same gradients."""
    mine = [Tensor(array, requires_grad=True) for array in arrays]
    other = [torch.tensor(array, requires_grad=True) for array in arrays]
    result, expected = ours(*mine), theirs(*other)
    close(result.data, expected, "value")
    g = rng.standard_normal(result.shape)
    result.backward(g)
    expected.backward(torch.tensor(g))
    for place, (a, b) in enumerate(zip(mine, other, strict=True)):
        if b.grad is None:
            assert a.grad is None or not np.any(a.grad)
        else:
            close(a.grad, b.grad, f"gradient of argument {place}")


# Entry by entry

ELEMENTWISE = {
    "neg": (normal, minigrad.Tensor.__neg__, torch.neg),
    "exp": (normal, minigrad.exp, torch.exp),
    "log": (positive, minigrad.log, torch.log),
    "log1p": (positive, minigrad.log1p, torch.log1p),
    "sqrt": (positive, minigrad.sqrt, torch.sqrt),
    "abs": (apart, minigrad.abs, torch.abs),
    "sin": (normal, minigrad.sin, torch.sin),
    "cos": (normal, minigrad.cos, torch.cos),
    "tanh": (normal, minigrad.tanh, torch.tanh),
    "sigmoid": (normal, minigrad.sigmoid, torch.sigmoid),
    "relu": (apart, minigrad.relu, torch.relu),
    "leaky_relu": (apart, minigrad.leaky_relu, torch.nn.functional.leaky_relu),
    "softplus": (normal, minigrad.softplus, lambda x: torch.logaddexp(x, torch.zeros_like(x))),
    "pow 3": (normal, lambda x: x**3, lambda x: x**3),
    "pow -1.5": (positive, lambda x: x**-1.5, lambda x: x**-1.5),
    "pow 0": (normal, lambda x: x**0, lambda x: x**0),
    "rpow": (normal, lambda x: 1.7**x, lambda x: 1.7**x),
    "clip": (apart, lambda x: minigrad.clip(x, -0.9, 1.1), lambda x: torch.clamp(x, -0.9, 1.1)),
    "clip below": (apart, lambda x: minigrad.clip(x, low=0.1), lambda x: torch.clamp(x, min=0.1)),
    "scalars": (positive, lambda x: 2.5 - 3 / (x + 1) * 2, lambda x: 2.5 - 3 / (x + 1) * 2),
}


@pytest.mark.parametrize("name", ELEMENTWISE)
@drawn
@given(seed=seeds, shape=shapes)
def test_entry_by_entry(name, seed, shape):
    draw, ours, theirs = ELEMENTWISE[name]
    rng = np.random.default_rng(seed)
    same([draw(rng, shape)], ours, theirs, rng)


BROADCAST = {
    "add": (normal, lambda a, b: a + b, lambda a, b: a + b),
    "sub": (normal, lambda a, b: a - b, lambda a, b: a - b),
    "mul": (normal, lambda a, b: a * b, lambda a, b: a * b),
    "div": (positive, lambda a, b: a / b, lambda a, b: a / b),
    "pow": (positive, lambda a, b: a**b, lambda a, b: a**b),
    "maximum": (normal, minigrad.maximum, torch.maximum),
    "minimum": (normal, minigrad.minimum, torch.minimum),
}


@pytest.mark.parametrize("name", BROADCAST)
@drawn
@given(seed=seeds, two=hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, min_side=0, max_side=3))
def test_broadcasting(name, seed, two):
    draw, ours, theirs = BROADCAST[name]
    rng = np.random.default_rng(seed)
    same([draw(rng, shape) for shape in two.input_shapes], ours, theirs, rng)


@drawn
@given(seed=seeds, three=hnp.mutually_broadcastable_shapes(num_shapes=3, max_dims=3, min_side=0, max_side=3))
def test_where(seed, three):
    rng = np.random.default_rng(seed)
    choose, *both = three.input_shapes
    condition = rng.random(choose) < 0.5
    same(
        [normal(rng, shape) for shape in both],
        lambda a, b: minigrad.where(condition, a, b),
        lambda a, b: torch.where(torch.tensor(condition), a, b),
        rng,
    )


@drawn
@given(seed=seeds, product=products)
def test_matmul(seed, product):
    rng = np.random.default_rng(seed)
    arrays = [normal(rng, shape) for shape in product.input_shapes]
    same(arrays, lambda a, b: a @ b, lambda a, b: a @ b, rng)


# Reductions


@st.composite
def reductions(draw):
    """A shape without empty axes, the axes to reduce (None for all), keepdims."""
    shape = draw(full_shapes)
    one, some = st.integers(-len(shape), len(shape) - 1), hnp.valid_tuple_axes(len(shape), min_size=1)
    return shape, draw(st.none() | one | some), draw(st.booleans())


def every(x, axis):
    return tuple(range(x.ndim)) if axis is None else axis


def torch_prod(x, axis, keepdims):
    axes = sorted({i % x.ndim for i in np.atleast_1d(every(x, axis))}, reverse=True)
    for i in axes:
        x = x.prod(dim=int(i), keepdim=keepdims)
    return x


REDUCE = {
    "sum": (normal, minigrad.sum, lambda x, axis, keep: x.sum(dim=axis, keepdim=keep)),
    "mean": (normal, minigrad.mean, lambda x, axis, keep: x.mean(dim=axis, keepdim=keep)),
    "var": (normal, minigrad.var, lambda x, axis, keep: x.var(dim=axis, keepdim=keep, correction=0)),
    "max": (apart, minigrad.max, lambda x, axis, keep: x.amax(dim=every(x, axis), keepdim=keep)),
    "min": (apart, minigrad.min, lambda x, axis, keep: x.amin(dim=every(x, axis), keepdim=keep)),
    "prod": (normal, minigrad.prod, torch_prod),
    "logsumexp": (
        normal,
        minigrad.logsumexp,
        lambda x, axis, keep: x.logsumexp(dim=every(x, axis), keepdim=keep),
    ),
}


@pytest.mark.parametrize("name", REDUCE)
@drawn
@given(seed=seeds, reduction=reductions())
def test_reductions(name, seed, reduction):
    draw, ours, theirs = REDUCE[name]
    shape, axis, keepdims = reduction
    rng = np.random.default_rng(seed)
    same(
        [draw(rng, shape)],
        lambda x: ours(x, axis=axis, keepdims=keepdims),
        lambda x: theirs(x, axis, keepdims),
        rng,
    )


@drawn
@given(seed=seeds, shape=full_shapes)
def test_ties_share_the_gradient(seed, shape):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 3, shape).astype(float)
    axes = tuple(range(x.ndim))
    same([x], lambda x: minigrad.max(x), lambda x: x.amax(dim=axes), rng)
    same([x, rng.integers(0, 3, shape).astype(float)], minigrad.maximum, torch.maximum, rng)


@drawn
@given(seed=seeds, shape=full_shapes, zeros=st.integers(0, 3))
def test_prod_with_zeros(seed, shape, zeros):
    rng = np.random.default_rng(seed)
    x = normal(rng, shape)
    x.ravel()[rng.integers(0, x.size, zeros)] = 0
    same([x], minigrad.prod, torch.prod, rng)


@drawn
@given(seed=seeds, shape=full_shapes, data=st.data())
def test_cumsum(seed, shape, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    rng = np.random.default_rng(seed)
    same([normal(rng, shape)], lambda x: minigrad.cumsum(x, axis), lambda x: x.cumsum(axis), rng)
    same([normal(rng, shape)], minigrad.cumsum, lambda x: x.flatten().cumsum(0), rng)


# Shapes


@drawn
@given(seed=seeds, shape=full_shapes, data=st.data())
def test_shapes(seed, shape, data):
    rng = np.random.default_rng(seed)
    x, n = normal(rng, shape), len(shape)
    i, j = data.draw(st.tuples(st.integers(-n, n - 1), st.integers(-n, n - 1)))
    axes = tuple(int(k) for k in rng.permutation(n))
    some = data.draw(hnp.valid_tuple_axes(n, min_size=1))
    widths = rng.integers(0, 3, (n, 2))
    ones = tuple(k for k in range(n) if shape[k] == 1)
    wide = (2, *(3 if side == 1 else side for side in shape))
    torch_widths = [int(width) for pair in widths[::-1] for width in pair]
    for ours, theirs in (
        (lambda x: x.reshape(-1), lambda x: x.reshape(-1)),
        (lambda x: minigrad.reshape(x, (1, *shape[::-1])), lambda x: x.reshape(1, *shape[::-1])),
        (lambda x: minigrad.transpose(x, axes), lambda x: x.permute(axes)),
        (lambda x: x.T, lambda x: x.permute(*range(n)[::-1])),
        (lambda x: minigrad.swapaxes(x, i, j), lambda x: x.swapaxes(i, j)),
        (lambda x: minigrad.moveaxis(x, i, j), lambda x: x.moveaxis(i, j)),
        (lambda x: minigrad.expand_dims(x, i), lambda x: x.unsqueeze(i)),
        (minigrad.squeeze, lambda x: x.squeeze()),
        (lambda x: minigrad.squeeze(x, ones), lambda x: x.squeeze(ones)),
        (lambda x: minigrad.broadcast_to(x, wide), lambda x: x.broadcast_to(wide)),
        (lambda x: minigrad.flip(x, some), lambda x: x.flip(some)),
        (minigrad.flip, lambda x: x.flip(tuple(range(n)))),
        (
            lambda x: minigrad.pad(x, widths, 0.5),
            lambda x: torch.nn.functional.pad(x, torch_widths, value=0.5),
        ),
    ):
        same([x], ours, theirs, rng)


# Indices


def as_torch(index):
    parts = index if isinstance(index, tuple) else (index,)
    return tuple(torch.tensor(part) if isinstance(part, np.ndarray) else part for part in parts)


def forwards(index):
    """Whether no slice runs backwards: torch cannot."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(not isinstance(part, slice) or part.step is None or part.step > 0 for part in parts)


@drawn
@given(seed=seeds, shape=full_shapes, data=st.data())
def test_basic_indices(seed, shape, data):
    index = data.draw(hnp.basic_indices(shape, allow_newaxis=True, max_dims=5))
    assume(forwards(index))
    rng = np.random.default_rng(seed)
    same([normal(rng, shape)], lambda x: x[index], lambda x: x[as_torch(index)], rng)


@drawn
@given(seed=seeds, shape=full_shapes, data=st.data())
def test_integer_array_indices_with_repeats(seed, shape, data):
    index = data.draw(hnp.integer_array_indices(shape))
    rng = np.random.default_rng(seed)
    same([normal(rng, shape)], lambda x: x[index], lambda x: x[as_torch(index)], rng)


@drawn
@given(seed=seeds, shape=full_shapes)
def test_boolean_and_mixed_indices(seed, shape):
    rng = np.random.default_rng(seed)
    mask = rng.random(shape) < 0.5
    rows = rng.integers(-shape[0], shape[0], 5)
    last = rng.integers(0, shape[-1], 5)
    for index in (mask, rng.random(shape[0]) < 0.5, (rows, ...), (..., last)):
        same([normal(rng, shape)], lambda x, i=index: x[i], lambda x, i=index: x[as_torch(i)], rng)


@drawn
@given(seed=seeds, shape=full_shapes, data=st.data())
def test_take(seed, shape, data):
    rng = np.random.default_rng(seed)
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    places = rng.integers(0, shape[axis], 6)
    flat = rng.integers(0, int(np.prod(shape)), (2, 3))
    same(
        [normal(rng, shape)],
        lambda x: minigrad.take(x, places, axis=axis),
        lambda x: x.index_select(axis, torch.tensor(places)),
        rng,
    )
    same([normal(rng, shape)], lambda x: minigrad.take(x, flat), lambda x: x.take(torch.tensor(flat)), rng)


@drawn
@given(seed=seeds, shape=full_shapes, count=st.integers(1, 4), data=st.data())
def test_joining_and_cutting(seed, shape, count, data):
    rng = np.random.default_rng(seed)
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    arrays = []
    for _ in range(count):
        longer = list(shape)
        longer[axis] = int(rng.integers(1, 4))
        arrays.append(normal(rng, longer))
    same(arrays, lambda *x: minigrad.concatenate(x, axis=axis), lambda *x: torch.cat(x, axis), rng)
    arrays = [normal(rng, shape) for _ in range(count)]
    same(arrays, lambda *x: minigrad.stack(x, axis=axis), lambda *x: torch.stack(x, axis), rng)
    cuts = sorted(int(i) for i in rng.integers(0, shape[axis] + 1, 2))
    for piece in range(3):
        same(
            arrays[:1],
            lambda x, k=piece: minigrad.split(x, cuts, axis=axis)[k],
            lambda x, k=piece: torch.tensor_split(x, cuts, axis)[k],
            rng,
        )


# Random programs: every value so far may be used again, so there are diamonds and reuse

STEPS = (
    lambda lib, a, b: a + b,
    lambda lib, a, b: a - 0.5 * b,
    lambda lib, a, b: a * b,
    lambda lib, a, b: a / (b * b + 1.0),
    lambda lib, a, b: a @ b,
    lambda lib, a, b: lib.tanh(a),
    lambda lib, a, b: lib.sigmoid(a) * b,
    lambda lib, a, b: lib.exp(lib.tanh(a)),
    lambda lib, a, b: lib.log1p(a * a),
    lambda lib, a, b: lib.maximum(a, b),
    lambda lib, a, b: lib.where(lib.mask, a, b),
    lambda lib, a, b: lib.concatenate([a, b], 1)[:, 1:4],
    lambda lib, a, b: lib.stack([a, b], 0)[1] + a,
    lambda lib, a, b: a[lib.repeats],
    lambda lib, a, b: a.T + b[0],
    lambda lib, a, b: a.reshape(9)[::3] * b,
    lambda lib, a, b: a.sum(0) - b * b.mean(),
    lambda lib, a, b: a - lib.logsumexp(b, 1),
)


class Ours:
    tanh, sigmoid, exp, log1p = minigrad.tanh, minigrad.sigmoid, minigrad.exp, minigrad.log1p
    maximum, where = minigrad.maximum, minigrad.where
    concatenate, stack = minigrad.concatenate, minigrad.stack
    mask = np.array([[True, False, True]] * 3)
    repeats = np.array([2, 0, 2])

    @staticmethod
    def logsumexp(x, axis):
        return minigrad.logsumexp(x, axis=axis, keepdims=True)


class Theirs:
    tanh, sigmoid, exp, log1p = torch.tanh, torch.sigmoid, torch.exp, torch.log1p
    maximum, where = torch.maximum, torch.where
    concatenate, stack = torch.cat, torch.stack
    mask = torch.tensor(Ours.mask)
    repeats = torch.tensor(Ours.repeats)

    @staticmethod
    def logsumexp(x, axis):
        return torch.logsumexp(x, axis, keepdim=True)


@settings(drawn, max_examples=200)
@given(
    seed=seeds,
    program=st.lists(
        st.tuples(st.integers(0, len(STEPS) - 1), st.integers(0, 20), st.integers(0, 20)),
        min_size=1,
        max_size=12,
    ),
)
def test_random_programs(seed, program):
    rng = np.random.default_rng(seed)

    def run(lib):
        def whole(*leaves):
            values = list(leaves)
            for step, a, b in program:
                values.append(STEPS[step](lib, values[-1 - a % len(values)], values[-1 - b % len(values)]))
            return values[-1]

        return whole

    arrays = [0.7 * rng.standard_normal((3, 3)) for _ in range(3)]
    size = run(Ours)(*(Tensor(array) for array in arrays)).data
    assume(np.isfinite(size).all() and np.abs(size).max() < 1e6)
    same(arrays, run(Ours), run(Theirs), rng)


# Losses

torch_functional = torch.nn.functional


@drawn
@given(seed=seeds, batch=st.integers(1, 5), classes=st.integers(1, 6), steps=st.integers(1, 3))
def test_cross_entropy(seed, batch, classes, steps):
    rng = np.random.default_rng(seed)
    logits = 3 * normal(rng, (batch, steps, classes))
    labels = rng.integers(0, classes, (batch, steps))
    soft = rng.dirichlet(np.ones(classes), (batch, steps))
    hidden = labels.copy()
    hidden[rng.random((batch, steps)) < 0.5] = -100
    for ours, theirs in (
        (labels, torch.tensor(labels)),
        (soft, torch.tensor(soft).movedim(-1, 1)),
    ):
        same(
            [logits],
            lambda x, y=ours: functional.cross_entropy(x, y),
            lambda x, y=theirs: torch_functional.cross_entropy(x.movedim(-1, 1), y),
            rng,
        )
    if (hidden >= 0).any():
        for ours in (
            lambda x: functional.cross_entropy(x, hidden, ignore_index=-100),
            lambda x: functional.cross_entropy(x, labels, mask=hidden >= 0),
        ):
            same(
                [logits],
                ours,
                lambda x: torch_functional.cross_entropy(x.movedim(-1, 1), torch.tensor(hidden)),
                rng,
            )


LOSSES = {
    "mse": (functional.mse, torch_functional.mse_loss),
    "mae": (functional.mae, torch_functional.l1_loss),
    "huber": (functional.huber, torch_functional.huber_loss),
    "bce": (
        lambda x, y: functional.binary_cross_entropy_with_logits(x, y.sigmoid()),
        lambda x, y: torch_functional.binary_cross_entropy_with_logits(x, y.sigmoid()),
    ),
}


@pytest.mark.parametrize("name", LOSSES)
@drawn
@given(seed=seeds, shape=full_shapes)
def test_losses(name, seed, shape):
    ours, theirs = LOSSES[name]
    rng = np.random.default_rng(seed)
    same([normal(rng, shape), normal(rng, shape)], ours, theirs, rng)


@drawn
@given(seed=seeds, shape=full_shapes, data=st.data())
def test_softmax_and_layer_norm(seed, shape, data):
    rng = np.random.default_rng(seed)
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    x = 3 * normal(rng, shape)
    same([x], lambda x: functional.softmax(x, axis=axis), lambda x: torch.softmax(x, axis), rng)
    same([x], lambda x: functional.log_softmax(x, axis=axis), lambda x: torch.log_softmax(x, axis), rng)
    if shape[-1] > 1:  # of one entry the variance is 0, and rounding is all there is
        features = shape[-1:]
        same(
            [x, normal(rng, features), normal(rng, features)],
            functional.layer_norm,
            lambda x, gain, bias: torch_functional.layer_norm(x, features, gain, bias),
            rng,
        )


# Optimisers, step for step

OPTIMISERS = {
    "sgd": (lambda p: optim.SGD(p, lr=0.1), lambda p: torch.optim.SGD(p, lr=0.1)),
    "momentum": (
        lambda p: optim.SGD(p, lr=0.05, momentum=0.9, weight_decay=0.01),
        lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, weight_decay=0.01),
    ),
    "nesterov": (
        lambda p: optim.SGD(p, lr=0.05, momentum=0.8, nesterov=True),
        lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.8, nesterov=True),
    ),
    "rmsprop": (
        lambda p: optim.RMSprop(p, lr=0.02, decay=0.95, weight_decay=0.01),
        lambda p: torch.optim.RMSprop(p, lr=0.02, alpha=0.95, weight_decay=0.01),
    ),
    "adam": (
        lambda p: optim.Adam(p, lr=0.05, betas=(0.8, 0.99), weight_decay=0.02),
        lambda p: torch.optim.Adam(p, lr=0.05, betas=(0.8, 0.99), weight_decay=0.02),
    ),
    "adamw": (
        lambda p: optim.AdamW(p, lr=0.05, weight_decay=0.1),
        lambda p: torch.optim.AdamW(p, lr=0.05, weight_decay=0.1),
    ),
}


@pytest.mark.parametrize("name", OPTIMISERS)
def test_optimisers_step_for_step(name):
    rng = np.random.default_rng(0)
    arrays = [normal(rng, (4, 3)), normal(rng, (3,)), normal(rng, ())]
    mine = [Tensor(array, requires_grad=True) for array in arrays]
    other = [torch.tensor(array, requires_grad=True) for array in arrays]
    make_ours, make_theirs = OPTIMISERS[name]
    ours, theirs = make_ours(mine), make_theirs(other)
    for step in range(50):
        x = normal(rng, (5, 4))
        for optimizer, (W, b, scale), inputs, tanh in (
            (ours, mine, Tensor(x), minigrad.tanh),
            (theirs, other, torch.tensor(x), torch.tanh),
        ):
            optimizer.zero_grad()
            error = tanh(inputs @ W + b) * scale - 1.0
            (error * error).mean().backward()
            optimizer.step()
        for place, (a, b) in enumerate(zip(mine, other, strict=True)):
            close(a.data, b, f"parameter {place} after step {step + 1}")


# Reductions of losses under masks, groups of parameters, a GRU from PyTorch's weights

MASKED = {
    "cross_entropy": (
        lambda x, y, **k: functional.cross_entropy(x, y[..., 0].astype(int), **k),
        lambda x, y: torch_functional.cross_entropy(x.movedim(-1, 1), y[..., 0].long(), reduction="none"),
    ),
    "bce": (
        functional.binary_cross_entropy_with_logits,
        lambda x, y: torch_functional.binary_cross_entropy_with_logits(x, y, reduction="none"),
    ),
    "mse": (functional.mse, lambda x, y: torch_functional.mse_loss(x, y, reduction="none")),
    "mae": (functional.mae, lambda x, y: torch_functional.l1_loss(x, y, reduction="none")),
    "huber": (functional.huber, lambda x, y: torch_functional.huber_loss(x, y, reduction="none")),
}


@pytest.mark.parametrize("name", MASKED)
@drawn
@given(seed=seeds, batch=st.integers(0, 3), steps=st.integers(1, 3), classes=st.integers(2, 4))
def test_reductions_of_losses(name, seed, batch, steps, classes):
    ours, theirs = MASKED[name]
    rng = np.random.default_rng(seed)
    x, y = normal(rng, (batch, steps, classes)), rng.integers(0, 2, (batch, steps, classes)).astype(float)
    mask = rng.random((batch, steps)) < 0.6

    def expected(x, reduction):
        each = theirs(x, torch.tensor(y))
        kept = torch.tensor(mask).reshape(batch, steps, *[1] * (each.ndim - 2)).expand(each.shape)
        each = torch.where(kept, each, 0.0)
        if reduction == "none":
            return each
        return each.sum() if reduction == "sum" else each.sum() / max(1, int(kept.sum()))

    for reduction in ("none", "sum", "mean"):
        same(
            [x],
            lambda x, how=reduction: ours(x, y, mask=mask, reduction=how),
            lambda x, how=reduction: expected(x, how),
            rng,
        )


@pytest.mark.parametrize("name", OPTIMISERS)
def test_groups_move_as_theirs(name):
    """Two groups, a schedule, a parameter that is frozen for a while, gradients that fail to come."""
    rng = np.random.default_rng(1)
    arrays = [normal(rng, (3, 2)), normal(rng, (2,)), normal(rng, (2,))]
    mine = [Parameter(array, requires_grad=place != 2) for place, array in enumerate(arrays)]
    other = [torch.tensor(array, requires_grad=place != 2) for place, array in enumerate(arrays)]
    ours, theirs = (
        make([{"params": ps[:1], "lr": 0.03, "weight_decay": 0.2}, {"params": ps[1:]}])
        for make, ps in zip(OPTIMISERS[name], (mine, other), strict=True)
    )
    schedule = optim.Schedule(ours, optim.step_decay(3, 0.5))
    twin = torch.optim.lr_scheduler.LambdaLR(theirs, optim.step_decay(3, 0.5))
    for step in range(12):
        if step == 6:
            Tensor.__init__(mine[2], mine[2].data, requires_grad=True)
            other[2].requires_grad_(True)
        for place, (p, q) in enumerate(zip(mine, other, strict=True)):
            if p.requires_grad:
                g = normal(rng, p.shape)
                missing = step % 4 == place
                p.grad, q.grad = (None, None) if missing else (g, torch.tensor(g))
        ours.step()
        theirs.step()
        schedule.step()
        twin.step()
        assert [group.lr for group in ours.groups] == pytest.approx(twin.get_last_lr(), rel=1e-12)
        for place, (p, q) in enumerate(zip(mine, other, strict=True)):
            close(p.data, q, f"parameter {place} after step {step + 1}")


class ResetAfter(Module):
    """The course's GRU, h' = (1 - z) h + z candidate, but that r acts behind the matrix, as PyTorch has it.

    So the candidate's recurrent part has a bias of its own, d_h. From PyTorch's weights: z there is what is
    kept and here what is taken, so W_z and b_z change their sign; gates act on [h, x], so the two matrices
    are stacked; and where only sums of biases matter, they are added.
    """

    def __init__(self, gru):
        hidden, given = gru.weight_hh_l0.detach().numpy(), gru.weight_ih_l0.detach().numpy()
        b_h, b_x = gru.bias_hh_l0.detach().numpy(), gru.bias_ih_l0.detach().numpy()
        self.hidden_size = H = gru.hidden_size
        for place, gate in enumerate("rzh"):
            cut, sign = slice(place * H, (place + 1) * H), -1 if gate == "z" else 1
            weights = np.concatenate([hidden[cut].T, given[cut].T])
            setattr(self, f"W_{gate}", Parameter(sign * weights))
            setattr(self, f"b_{gate}", Parameter(sign * (b_x[cut] + (0 if gate == "h" else b_h[cut]))))
        self.d_h = Parameter(b_h[2 * H :])

    def initial_state(self, batch):
        return Tensor(np.zeros((batch, self.hidden_size)))

    def forward(self, x, h):
        hx = minigrad.concatenate([h, x], axis=-1)
        z, r = (hx @ self.W_z + self.b_z).sigmoid(), (hx @ self.W_r + self.b_r).sigmoid()
        behind = h @ self.W_h[: self.hidden_size] + self.d_h
        candidate = (r * behind + x @ self.W_h[self.hidden_size :] + self.b_h).tanh()
        return (1 - z) * h + z * candidate


@settings(drawn, max_examples=10)
@given(seed=seeds, batch=st.integers(1, 3), steps=st.integers(1, 4), size=st.integers(1, 3))
def test_a_gru_with_their_weights(seed, batch, steps, size):
    torch.manual_seed(seed)
    gru = torch.nn.GRU(size, size + 1, batch_first=True, dtype=torch.float64)
    cell, rng = ResetAfter(gru), np.random.default_rng(seed)
    layer = Recurrent(cell)
    x, h = normal(rng, (batch, steps, size)), normal(rng, (batch, size + 1))
    same([x, h], lambda x, h: layer(x, h)[0], lambda x, h: gru(x, h[None])[0], rng)
    same([x, h], lambda x, h: layer(x, h)[1], lambda x, h: gru(x, h[None])[1][0], rng)
    cell.zero_grad()
    gru.zero_grad()
    layer(Tensor(x), Tensor(h))[0].sum().backward()
    gru(torch.tensor(x), torch.tensor(h)[None])[0].sum().backward()
    H = size + 1
    theirs = gru.weight_hh_l0.grad.T, gru.weight_ih_l0.grad.T
    for place, gate in enumerate("rzh"):
        cut, sign = slice(place * H, (place + 1) * H), -1 if gate == "z" else 1
        expected = sign * torch.cat([part[:, cut] for part in theirs])
        close(getattr(cell, f"W_{gate}").grad, expected, f"W_{gate}")
        close(getattr(cell, f"b_{gate}").grad, sign * gru.bias_ih_l0.grad[cut], f"b_{gate}")
    close(cell.d_h.grad, gru.bias_hh_l0.grad[2 * H :], "d_h")
