"""The public checks of 01-rnn: shipped with their inputs' seed and the values they expect.

Ladder of each exercise: shape, value, a tiny case by hand, a random cotangent. What a probe says is
the notebook's sentence, word for word; the hidden checks say the same sentences and test them harder.
"""

from contextlib import contextmanager

import numpy as np

import minigrad.fast
import minigrad.tape
from minigrad import Tensor, no_grad, relu, tanh
from minigrad.checks import briefly, check, given
from minigrad.data import tasks
from minigrad.functional import binary_cross_entropy_with_logits, mse
from minigrad.nn import Linear, Module, Parameter, Recurrent
from minigrad.optim import SGD, Adam

# --- what several probes use ---------------------------------------------------------------------


def sizes(rng, count, low=2, high=9):
    """Distinct sizes, so that no two axes can be confused."""
    return [int(n) for n in rng.permutation(np.arange(low, high))[:count]]


def new_cell(student, D, H, **options):
    """The student's cell with its own start; `given` turns stubs into "to do"."""
    options = {"rng": np.random.default_rng(0), **options}
    cell = given(student.RNNCell(D, H, **options), "RNNCell")
    for name, shape in (("W_x", (D, H)), ("W_h", (H, H)), ("b", (H,))):
        given(getattr(cell, name), f"RNNCell's {name}", Parameter, shape)
    return cell


def written_cell(student, rng, D, H, bias=1.0, **options):
    """The student's cell with parameters from rng, all of them away from zero and from symmetry."""
    cell = new_cell(student, D, H, **options)
    cell.W_x.data[...] = rng.normal(size=(D, H)) / np.sqrt(D)
    cell.W_h.data[...] = rng.normal(size=(H, H)) / np.sqrt(H)
    cell.b.data[...] = bias * rng.normal(size=H)
    return cell


def step(cell, x, h):
    """One step of a cell, or "to do"."""
    return given(cell(x, h), "RNNCell's __call__", Tensor, h.shape)


def gradient(leaf):
    """A leaf's gradient; zeros where none arrived."""
    return np.zeros(leaf.shape) if leaf.grad is None else leaf.grad


def forward(student, *arguments):
    """hs and cache of the student's rnn_forward, or "to do"."""
    x, h0, *_ = arguments
    hs, cache = given(student.rnn_forward(*arguments), "rnn_forward", tuple, (2,))
    return given(hs, "the result of rnn_forward", np.ndarray, (*x.shape[:2], h0.shape[1])), cache


def designed(rng, B, T, D, H, scale=1.0):
    """Arguments of rnn_forward and the states they lead to, chosen first: x is solved for (D >= H).

    Gradients do not depend on b, so it is 0, and the states are whole 256ths, whose squares float32 holds:
    a rnn_forward that forgets b, or keeps its states in float32, leads to them just as well.
    """
    _, h0, W_x, W_h, b = sequence(rng, B, T, D, H)
    hs = np.round(256 * rng.uniform(-0.8, 0.8, size=(B, T, H)) * scale) / 256
    before = np.concatenate([h0[:, None], hs[:, :-1]], axis=1)
    x = (np.arctanh(hs) - before @ W_h) @ np.linalg.pinv(W_x)
    return (x, h0, W_x, W_h, 0 * b), hs


def designed_sizes(rng, low=2, high=9):
    """Distinct B, T, D, H with D the largest."""
    *others, D = sorted(sizes(rng, 4, low, high))
    B, T, H = (int(n) for n in rng.permutation(others))
    return B, T, D, H


def cache_for(student, arguments, hs):
    """The cache of the student's rnn_forward where that gives the right states, else the proposed one.

    What rnn_forward wrote into its arguments is put back, as the cache may hold them: that is its own mistake.
    """
    x, h0, W_x, W_h, _ = arguments
    handed = [a.copy() for a in arguments]
    try:
        with briefly():
            got, cache = student.rnn_forward(*handed)
        if np.allclose(np.asarray(got), hs, rtol=0, atol=1e-8):
            for array, original in zip(handed, arguments, strict=True):
                array[...] = original
            return cache
    except Exception:
        pass
    return x, h0, hs, W_x, W_h


def backward(student, dhs, cache):
    """The student's gradients by name, or "to do"."""
    names = ("dx", "dh0", "dW_x", "dW_h", "db")
    dx, dh0, dW_x, dW_h, db = given(student.rnn_backward(dhs, cache), "rnn_backward", tuple, (5,))
    return dict(zip(names, (dx, dh0, dW_x, dW_h, db), strict=True))


def sequence(rng, B, T, D, H, first_state=True):
    """x, h0, W_x, W_h, b for rnn_forward."""
    return (
        rng.normal(size=(B, T, D)),
        rng.normal(size=(B, H)) * 0.5 * first_state,
        rng.normal(size=(D, H)) / np.sqrt(D),
        rng.normal(size=(H, H)) / np.sqrt(H),
        rng.normal(size=H) * 0.5,
    )


def holder(gradient):
    """A parameter that holds a gradient; the array itself, so that probes see writes into it."""
    p = Parameter(np.zeros(np.shape(gradient), gradient.dtype if gradient is not None else np.float64))
    p.grad = gradient
    return p


def raises(error, call):
    """1.0 if the call raises this error, else 0.0. Other errors pass through."""
    try:
        call()
    except error:
        return 1.0
    return 0.0


def truth(*answers):
    """Yes and no."""
    return np.array([bool(a) for a in answers])


def some(*arrays):
    """Whether any array holds anything: shapes, and what is left alone, are asked of an answer, not of zeros."""
    return truth(any(np.any(a.data if isinstance(a, Tensor) else a) for a in arrays))


def kind(array):
    """Ones in an array's shape and dtype: these alone are asked for."""
    return np.ones_like(array.data if isinstance(array, Tensor) else array)


@contextmanager
def no_tape():
    """Backward passes on the tape raise while this lasts."""

    def refuse(*_, **__):
        raise RuntimeError("this check runs without the tape")

    owners = (minigrad.tape, minigrad.fast, Tensor)
    kept = [(o, o.backward) for o in owners]
    try:
        for o in owners:
            o.backward = refuse
        yield
    finally:
        for o, original in kept:
            o.backward = original


# --- rnn-cell ------------------------------------------------------------------------------------

PARAMETERS = (
    "The parameters are `W_x` (D, H), `W_h` (H, H) and `b` (H,) in `dtype`; "
    "`initial_state(B)` is zeros of shape (B, H) in that dtype."
)
START = "They start as Glorot (`W_x`), orthogonal (`W_h`) and zero (`b`), drawn from `rng`."
STEP = "The new state is `activation(x @ W_x + h @ W_h + b)`, whatever the activation."
PURE = (
    "What a step gives depends on x, the state that it is given and the parameters alone, "
    "and `initial_state(B)` on B: a cell keeps nothing from one call to the next."
)
REACHES = "The gradient reaches every parameter, the inputs and the first state, through all time steps."


@check(exercise="rnn-cell", says=PARAMETERS)
def shapes(student, rng):
    B, D, H = sizes(rng, 3, 3, 40)
    cell = new_cell(student, D, H)
    state = given(cell.initial_state(B), "RNNCell's initial_state", Tensor, (B, H))
    x = rng.normal(size=(B, D))
    h = step(cell, x, state)
    single = new_cell(student, D, H, dtype=np.float32)
    first = given(single.initial_state(B), "RNNCell's initial_state", Tensor, (B, H))
    return {
        "shape of W_x": np.array(cell.W_x.shape),
        "shape of W_h": np.array(cell.W_h.shape),
        "shape of b": np.array(cell.b.shape),
        "sizes of parameters()": np.sort([p.data.size for p in cell.parameters()]),
        "initial_state": state,
        "shape of the new state": np.array(h.shape),
        "ones like the first state, float32": kind(first),
        "ones like the new state, float32": kind(step(single, Tensor(x.astype(np.float32)), first)),
        "not all zeros": some(cell.W_x, cell.W_h, h),
    }


@check(exercise="rnn-cell", says=PURE)
def keeps_nothing(student, rng):
    """One cell: two first states, and one step before and after a step from another state."""
    B, more, D, H = sizes(rng, 4)
    cell = new_cell(student, D, H)
    starts = [given(cell.initial_state(batch), "RNNCell's initial_state", Tensor).shape for batch in (B, more)]
    x, a, b = rng.normal(size=(B, D)), *(Tensor(rng.normal(size=(B, H))) for _ in range(2))
    before, _, after = (step(cell, x, state) for state in (a, b, a))
    return {
        "shapes of two first states": np.array(starts),
        "the same step gives the same": truth(np.allclose(before.data, after.data, equal_nan=True)),
        "not all zeros": some(before),
    }


@check(exercise="rnn-cell", says=START)
def start(student, rng):
    (D, H), seed = sizes(rng, 2, 8, 40), int(rng.integers(2**31))
    cell, same, other = (new_cell(student, D, H, rng=np.random.default_rng(s)) for s in (seed, seed, seed + 1))
    drawn = [[getattr(c, name).data for name in ("W_x", "W_h")] for c in (cell, same, other)]
    return {
        "W_h @ W_h.T": cell.W_h.data @ cell.W_h.data.T,
        "b": cell.b,
        "one rng, one start": truth(*map(np.allclose, drawn[0], drawn[1])),
        "another rng, another start": truth(*(not np.allclose(a, b) for a, b in zip(drawn[0], drawn[2], strict=True))),
    }


@check(exercise="rnn-cell", weight=2, says=STEP)
def one_step(student, rng):
    B, D, H = sizes(rng, 3)
    cell = written_cell(student, rng, D, H, bias=0.0)
    return {"new state": step(cell, rng.normal(size=(B, D)), Tensor(rng.normal(size=(B, H))))}


@check(exercise="rnn-cell", says=STEP)
def with_relu(student, rng):
    B, D, H = sizes(rng, 3)
    cell = written_cell(student, rng, D, H, activation=relu)
    return {"new state with relu": step(cell, rng.normal(size=(B, D)), Tensor(rng.normal(size=(B, H))))}


@check(exercise="rnn-cell", says=STEP)
def by_hand(student, rng):
    cell = new_cell(student, 1, 1)
    w, u, c = rng.uniform(0.2, 0.9, 3).round(2)
    cell.W_x.data[...], cell.W_h.data[...], cell.b.data[...] = w, u, c
    first = step(cell, np.ones((1, 1)), cell.initial_state(1))
    return {"state after reading 1": first, "state after reading 1, 0": step(cell, np.zeros((1, 1)), first)}


@check(exercise="rnn-cell", weight=2, says=REACHES)
def one_step_gradients(student, rng):
    B, D, H = sizes(rng, 3)
    cell = written_cell(student, rng, D, H)
    x, state = (Tensor(rng.normal(size=(B, size)), requires_grad=True) for size in (D, H))
    h = step(cell, x, state)
    (h * rng.normal(size=(B, H))).sum().backward()
    leaves = {"W_x": cell.W_x, "W_h": cell.W_h, "b": cell.b, "x": x, "state": state}
    return {f"{name}.grad": gradient(leaf) for name, leaf in leaves.items()}


# --- rnn-forward ---------------------------------------------------------------------------------

KEEPS = "`hs` is (B, T, H), batch first; it has the inputs' dtype, and none of the arguments is changed."
STATES = "`hs[:, t]` is the state after reading `x[:, t]`, and the step before the first one left `h0`."


@check(exercise="rnn-forward", says=KEEPS)
def forward_shape(student, rng):
    B, T, D, H = sizes(rng, 4, 2, 20)
    arguments = sequence(rng, B, T, D, H)
    hs, _ = forward(student, *arguments)
    single, _ = forward(student, *(a.astype(np.float32) for a in arguments))
    return {"shape of hs": np.array(hs.shape), "ones like hs, float32": kind(single), "not all zeros": some(hs)}


@check(exercise="rnn-forward", weight=2, says=STATES)
def values(student, rng):
    B, D, H = sizes(rng, 3)
    return {"hs": forward(student, *sequence(rng, B, 3, D, H, first_state=False))[0]}


@check(exercise="rnn-forward", weight=2, says=STATES)
def two_steps_by_hand(student, rng):
    w, u, c = rng.uniform(0.2, 0.9, 3).round(2)
    x = np.array([[[1.0], [0.0]]])
    hs, _ = forward(student, x, np.full((1, 1), 0.5), np.full((1, 1), w), np.full((1, 1), u), np.full(1, c))
    return {"hs": hs}


# --- rnn-backward --------------------------------------------------------------------------------

SHAPES = "Every gradient has the shape of what it is the gradient of."
SUMS = (
    "A state gets the sum of what the loss sends it and what the next step sends back; "
    "shared weights get the sum over all steps and samples."
)
LAST = "A loss that looks at the last state alone still reaches the first state and every input."
NO_TAPE = "The tape is not used, and the numbers stay right at H = 32 over T = 50 steps."
TWICE = "Neither `dhs` nor the cache is changed, so calling it twice gives the same."


@check(exercise="rnn-backward", says=SHAPES)
def backward_shapes(student, rng):
    B, T, D, H = designed_sizes(rng, 2, 20)
    cache = cache_for(student, *designed(rng, B, T, D, H))
    got = backward(student, rng.normal(size=(B, T, H)), cache)
    shapes = {f"shape of {name}": np.array(np.shape(given(value, name))) for name, value in got.items()}
    return {**shapes, "not all zeros": some(*got.values())}


@check(exercise="rnn-backward", weight=2, says=SUMS)
def one_number(student, rng):
    cache = cache_for(student, *designed(rng, 1, 2, 1, 1))
    return backward(student, np.array([[[0.0], [1.0]]]), cache)


@check(exercise="rnn-backward", weight=3, says=SUMS)
def two_steps(student, rng):
    B, _, D, H = designed_sizes(rng, 3)
    cache = cache_for(student, *designed(rng, B, 2, D, H))
    return backward(student, rng.normal(size=(B, 2, H)), cache)


@check(exercise="rnn-backward", weight=2, says=LAST)
def last_of_three(student, rng):
    B, _, D, H = designed_sizes(rng, 4, 10)
    cache = cache_for(student, *designed(rng, B, 3, D, H))
    dhs = np.zeros((B, 3, H))
    dhs[:, -1] = rng.normal(size=(B, H))
    got = backward(student, dhs, cache)
    return {"dx": got["dx"], "dh0": got["dh0"]}


@check(exercise="rnn-backward", weight=2, says=NO_TAPE)
def no_tape_short(student, rng):
    B, T, D, H = designed_sizes(rng)
    cache = cache_for(student, *designed(rng, B, T, D, H))
    with no_tape():
        got = backward(student, rng.normal(size=(B, T, H)), cache)
    return {"dx": got["dx"], "dh0": got["dh0"]}


@check(exercise="rnn-backward", says=TWICE)
def dhs_unchanged(student, rng):
    B, T, D, H = designed_sizes(rng)
    cache = cache_for(student, *designed(rng, B, T, D, H))
    dhs = rng.normal(size=(B, T, H))
    got = backward(student, dhs, cache)
    return {"dhs afterwards": dhs, "not all zeros": some(*got.values())}


# --- clip-value ----------------------------------------------------------------------------------

INSIDE = (
    "Every entry of every gradient ends in [−c, c], "
    "and an entry that was inside stays as it was, bit for bit."
)
VALUE_PLACE = (
    "It works in place, on the same arrays in the same dtype, skips parameters whose `grad` is None, "
    "and takes any iterable of parameters, a generator too."
)
VALUE_BOUNDS = "c = 0 gives zeros, and a negative c raises ValueError."


def clip_value(student, parameters, c):
    """Run the student's clip_grad_value, which returns nothing; its stub returns `...`."""
    if student.clip_grad_value(parameters, c) is ...:
        given(..., "clip_grad_value")


@check(exercise="clip-value", says=INSIDE, rtol=0, atol=0)
def entries(student, rng):
    c = rng.uniform(0.5, 1.5)
    parameters = [holder(2 * rng.normal(size=(4, 3))), holder(2 * rng.normal(size=5))]
    before = [p.grad.copy() for p in parameters]
    clip_value(student, parameters, c)
    return {"first": parameters[0].grad, "second": parameters[1].grad, "before": before[0]}


@check(exercise="clip-value", says=VALUE_PLACE)
def value_in_place(student, rng):
    g, single = 2 * rng.normal(size=(4, 3)), (2 * rng.normal(size=4)).astype(np.float32)
    p, q = holder(g), holder(single)
    clip_value(student, [p, q], 0.5)
    return {"float64": g, "float32": single, "the same arrays": truth(p.grad is g, q.grad is single)}


@check(exercise="clip-value", says=VALUE_PLACE)
def value_any_iterable(student, rng):
    p, q = holder(2 * rng.normal(size=(3, 2))), holder(2 * rng.normal(size=4))
    clip_value(student, (each for each in (p, q)), 0.5)
    clip_value(student, [], 0.5)
    return {"first": p.grad, "second": q.grad}


@check(exercise="clip-value", says=VALUE_BOUNDS)
def value_negative(student, rng):
    p, q = holder(rng.normal(size=3) + 2), holder(1 + rng.random(3))
    clip_value(student, [q], 0.0)
    return {
        "clipped to 0": q.grad,
        "raised": truth(raises(ValueError, lambda: clip_value(student, [p], -rng.uniform(0.1, 1)))),
        "gradient": p.grad,
    }


# --- clip-norm -----------------------------------------------------------------------------------

TOGETHER = (
    "All gradients together are one long vector whose norm decides; neither the order nor the splitting "
    "of parameters matters, and a parameter listed twice counts and is scaled once."
)
DIRECTION = (
    "If the norm exceeds c, the direction stays and the norm becomes c; "
    "clipping once more changes nothing that matters."
)
BELOW = "If the norm is below c, nothing changes, not one bit."
RETURNS = "It returns the norm before clipping, a float."
NORM_PLACE = (
    "It works in place, on the same arrays in the same dtype; squares are summed in float64, "
    "so that float32 gradients of 1e20 have a norm."
)
NOTHING = (
    "Parameters whose `grad` is None are skipped, no gradients at all have norm 0, zero gradients stay zero, "
    "and any iterable will do, a generator too."
)
BOUNDS = "c = 0 gives zeros, also of zeros, and a negative c raises ValueError."
CLIP = {"exercise": "clip-norm", "rtol": 1e-5, "atol": 1e-9}


def clip_norm(student, parameters, c):
    """What the student's clip_grad_norm returns, NaN for nothing; its stub returns `...`."""
    norm = student.clip_grad_norm(parameters, c)
    return float("nan") if norm is None else given(norm, "clip_grad_norm", float)


@check(says=TOGETHER, **CLIP)
def three_and_four(student, rng):
    a, b = holder(np.array([3.0, 0.0])), holder(np.array([0.0, 4.0]))
    clip_norm(student, [a, b], rng.uniform(0.8, 2.0))
    return {"first": a.grad, "second": b.grad}


@check(says=DIRECTION, **CLIP)
def one_parameter(student, rng):
    p = holder(3 * rng.normal(size=(4, 5)))
    clip_norm(student, [p], 2.0)
    return {"gradient": p.grad, "its norm": np.linalg.norm(p.grad)}


@check(says=BELOW, **CLIP)
def well_below(student, rng):
    p, above = holder(rng.normal(size=(3, 4))), holder(rng.normal(size=(3, 4)))
    before, other = p.grad.copy(), above.grad.copy()
    clip_norm(student, [p], 1000.0)
    clip_norm(student, [above], 0.1)
    return {
        "gradient": p.grad,
        "every bit as before": truth(np.array_equal(p.grad, before)),
        "above c something changes": truth(not np.array_equal(above.grad, other)),
    }


@check(says=RETURNS, **CLIP)
def returned(student, rng):
    """Here alone a missing `return` is told as one: it costs nothing elsewhere."""
    p, q = holder(3 * rng.normal(size=(4, 5))), holder(rng.normal(size=6))
    asked = ([p, q], 1.0), ([holder(rng.normal(size=7) + 1)], 100.0)
    big, small = (given(student.clip_grad_norm(*each), "clip_grad_norm", float) for each in asked)
    return {
        "above c": np.array(float(big)),
        "below c": np.array(float(small)),
        "a float": truth(isinstance(big, float)),
    }


@check(says=NORM_PLACE, **CLIP)
def norm_in_place(student, rng):
    g, single = 3 * rng.normal(size=(4, 3)), rng.normal(size=5).astype(np.float32)
    p, q = holder(g), holder(single)
    clip_norm(student, [p], 1.0)
    clip_norm(student, [q], 1.0)
    return {"float64": g, "float32": single, "the same arrays": truth(p.grad is g, q.grad is single)}


@check(says=NOTHING, **CLIP)
def some_without_gradient(student, rng):
    p, bare = holder(2 + rng.normal(size=(2, 3))), Parameter(np.zeros(3))
    clip_norm(student, [bare, p], 1.0)
    return {"gradient": p.grad, "None stays None": truth(bare.grad is None)}


@check(weight=0.5, says=NOTHING, **CLIP)
def any_iterable(student, rng):
    p = holder(2 + rng.normal(size=3))
    clip_norm(student, (each for each in [p]), 1.0)
    return {"gradient": p.grad}


@check(says=BOUNDS, **CLIP)
def bounds(student, rng):
    p, q, still = holder(2 + rng.normal(size=4)), holder(2 + rng.normal(size=4)), holder(np.zeros(3))
    clip_norm(student, [p], 0.0)
    clip_norm(student, [still], 0.0)
    return {
        "clipped to 0": p.grad,
        "zeros clipped to 0": still.grad,
        "negative raises": truth(raises(ValueError, lambda: clip_norm(student, [q], -1.0))),
        "its gradient": q.grad,
    }


# --- train-step ----------------------------------------------------------------------------------

BEFORE = "It returns the loss before the update, as a float and not a Tensor (which would keep the whole tape alive)."
ONE_UPDATE = (
    "One call makes one update, from this batch's gradient alone, whatever gradients were left from before."
)
CLIPPED = "With `max_norm` the gradients are clipped by norm before the optimiser's step, with 0 to zeros; with None they are not."


class Leaky(Module):
    """A stand-in cell: it keeps a share of its state and adds what it reads."""

    def __init__(self, size):
        self.hidden_size = size
        self.keep = Parameter(np.zeros(size))

    def initial_state(self, batch):
        return Tensor(np.zeros((batch, self.hidden_size)))

    def __call__(self, x, h):
        return h * self.keep + x


class StandIn(Module):
    """A stand-in model (B, T, D) -> (B, T, K): the leaky cell over time, then tanh and a linear layer."""

    def __init__(self, rng, D, K):
        self.recurrent, self.head = Recurrent(Leaky(D)), Linear(D, K)
        for p in self.parameters():
            p.data[...] = rng.normal(size=p.shape) * 0.5

    def __call__(self, x):
        return self.head(tanh(self.recurrent(x)[0]))


def always_rescale(parameters, max_norm):
    """A stand-in for clip_grad_norm where it is active: every norm becomes max_norm."""
    held = [p for p in parameters if p.grad is not None]
    norm = float(np.sqrt(sum(float((p.grad**2).sum()) for p in held)))
    for p in held:
        p.grad *= max_norm / norm
    return norm


def train_step(student, *arguments, **options):
    """What the student's train_step returns; its stub returns `...`. None is `loss_before`'s business."""
    loss = student.train_step(*arguments, **options)
    return None if loss is None else given(loss, "train_step", float)


def lopsided(out, y):
    """A loss that tells its arguments apart: the squared error and half the mean of what the model says."""
    return mse(out, y) + 0.5 * out.mean()


def updates(student, rng, count, max_norm, momentum=0.9):
    """What `count` calls of the student's train_step return, and leave in optimiser and stand-in model.

    Targets are large, so every gradient's norm is far above max_norm and clipping is active.
    """
    student.clip_grad_norm = always_rescale
    B, T, D, K = sizes(rng, 4)
    model = StandIn(rng, D, K)
    optimizer = SGD(model.parameters(), lr=0.05, momentum=momentum)
    for p in model.parameters():  # left over from "before"
        p.grad = rng.normal(size=p.shape)
    losses, clipping = [], {} if max_norm is None else {"max_norm": max_norm}
    for _ in range(count):
        x, y = rng.normal(size=(B, T, D)), 20 + 10 * rng.normal(size=(B, T, K))
        losses.append(train_step(student, model, x, y, lopsided, optimizer, **clipping))
    return losses, {"updates": np.array(optimizer.steps), **dict(model.named_parameters())}


@check(exercise="train-step", weight=2, says=BEFORE)
def loss_before(student, rng):
    loss, clipped = (given(updates(student, rng, 1, limit)[0][0], "train_step", float) for limit in (None, 0.5))
    return {
        **{name: np.array(float(got.data if isinstance(got, Tensor) else got))
           for name, got in (("loss", loss), ("loss, with max_norm", clipped))},
        "a float": truth(isinstance(loss, float)),
        "a Tensor": truth(isinstance(loss, Tensor)),
    }


@check(exercise="train-step", weight=2, says=ONE_UPDATE)
def one_update(student, rng):
    return updates(student, rng, 1, None)[1]


@check(exercise="train-step", says=CLIPPED, rtol=1e-5)
def one_clipped_update(student, rng):
    """A limit of 0 is one, too: nothing moves."""
    still = {f"{name}, max_norm 0": value for name, value in updates(student, rng, 1, 0.0)[1].items()}
    return {**updates(student, rng, 1, 0.5)[1], **still}


# --- learned -------------------------------------------------------------------------------------
# The task's own map comes first from the rng, so that the replay can draw it again. What follows,
# starting weights and batches, belongs to the training alone; the replay has data of its own.

ECHO = "Echo is learned: the bit from 8 to 12 steps ago, right in at least 97 of 100 places."
PARITY = "Parity is learned: odd or even so far, right in at least 97 of 100 places."
BOOM = "Boom is learned, with clipping: a fresh curve is followed with a mean squared error below 0.02."
CODE = 16  # numbers that stand for one bit in echo and parity
BOOM_BASELINE = 0.0953  # mean squared error of the best answer that knows the present symbol alone
CELL = (
    "rnn-cell.keeps-nothing", "rnn-cell.by-hand", "rnn-cell.one-step",
    "rnn-cell.one-step-gradients", "rnn-cell.gradients",
)
TRAIN = ("train-step.one-update", "train-step.five-updates")


class Reader(Module):
    """The student's cell over time and a linear layer on every state."""

    def __init__(self, student, D, H, K, **options):
        self.recurrent, self.head = Recurrent(new_cell(student, D, H, **options)), Linear(H, K)

    def __call__(self, x):
        return self.head(self.recurrent(x)[0])

    def arrays(self):
        cell, head = self.recurrent.cell, self.head
        return {"W_x": cell.W_x, "W_h": cell.W_h, "b": cell.b, "V": head.W, "d": head.b}

    def write(self, arrays):
        for name, parameter in self.arrays().items():
            parameter.data[...] = arrays[name]
        return self


def orthogonal(rng, n):
    """A random orthogonal matrix (n, n)."""
    q, r = np.linalg.qr(rng.normal(size=(n, n)))
    return q * np.sign(np.diag(r))


def starting_weights(rng, D, H, K, rho=1.0):
    """Glorot, rho times orthogonal, zero: the same start whatever the student's own is."""
    x_limit, v_limit = np.sqrt(6 / (D + H)), np.sqrt(6 / (H + K))
    return {
        "W_x": rng.uniform(-x_limit, x_limit, (D, H)),
        "W_h": rho * orthogonal(rng, H),
        "b": np.zeros(H),
        "V": rng.uniform(-v_limit, v_limit, (H, K)),
        "d": np.zeros(K),
    }


def trained(student, model, draw, loss, error, optimizer, stop, budget, every, fresh=100, max_norm=None):
    """Train with the student's train_step until the error on fresh data is at most `stop`; the parameters.

    More states and steps that go further than need be make for few updates: every submission pays for them.
    """
    for update in range(1, budget + 1):
        batch = draw()
        train_step(student, model, batch.x, batch, loss, optimizer, max_norm)
        if update % every == 0 and error(model, draw(fresh)) <= stop:
            break
    return {name: parameter.data for name, parameter in model.arrays().items()}


def bit_loss(logits, batch):
    return binary_cross_entropy_with_logits(logits, batch.y, batch.mask)


def bit_error(model, batch):
    """The share of wrong answers where one is asked for."""
    with no_grad():
        wrong = (model(batch.x).data > 0) != (batch.y > 0.5)
    return float(wrong[batch.mask].mean())


def coded(batch, code):
    """The same batch with row 0 or 1 of the code (2, CODE) in place of each bit."""
    return type(batch)(code[(batch.x[..., 0] > 0).astype(int)], batch.y, batch.mask)


def bit_code(rng):
    return rng.normal(size=(2, CODE)) * np.sqrt(2 / CODE)


def echo_map(rng):
    delay, code = int(rng.integers(8, 13)), bit_code(rng)
    return lambda rng, size: coded(tasks.echo(rng, size, length=24, delay=delay), code)


def parity_map(rng):
    flip, code = int(rng.integers(0, 2)), bit_code(rng)

    def draw(rng, size):
        batch = coded(tasks.parity(rng, size), code)
        return type(batch)(batch.x, np.abs(batch.y - flip), batch.mask)

    return draw


def boom_map(rng):
    """The four targets turned by an angle of the task's own, for symbols in an order of its own."""
    angle, order = rng.uniform(0, 2 * np.pi), rng.permutation(4)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    targets = tasks.BOOM_TARGETS[order] @ turn
    return lambda rng, size: tasks.boom(rng, size, targets=targets)


def accuracy_replay(draw_map, H):
    def replay(solution, parameters, rng, held_out):
        draw = draw_map(rng)
        return 1 - bit_error(Reader(solution, CODE, H, 1).write(parameters), draw(held_out, 500))

    return replay


def squared_error(model, batch):
    with no_grad():
        return float(np.mean((model(batch.x).data - batch.y) ** 2))


def boom_replay(solution, parameters, rng, held_out):
    draw = boom_map(rng)
    model = Reader(solution, 4, 48, 2, activation=relu).write(parameters)
    return 1 - squared_error(model, draw(held_out, 500)) / BOOM_BASELINE


@check(
    exercise="learned", weight=5, says=ECHO, cpu=6.0, threshold=0.97,
    needs=(*CELL, *TRAIN), replay=accuracy_replay(echo_map, 32),
)
def echo(student, rng):
    draw = echo_map(rng)
    model = Reader(student, CODE, 32, 1).write(starting_weights(rng, CODE, 32, 1))
    optimizer = Adam(model.parameters(), lr=0.01)
    return trained(student, model, lambda n=32: draw(rng, n), bit_loss, bit_error, optimizer, 0.005, 300, 5)


@check(
    exercise="learned", weight=5, says=PARITY, cpu=6.0, threshold=0.97,
    needs=(*CELL, *TRAIN), replay=accuracy_replay(parity_map, 32),
)
def parity(student, rng):
    draw = parity_map(rng)
    model = Reader(student, CODE, 32, 1).write(starting_weights(rng, CODE, 32, 1))
    optimizer = Adam(model.parameters(), lr=0.02)
    return trained(student, model, lambda n=32: draw(rng, n), bit_loss, bit_error, optimizer, 0.005, 500, 10, 200)


@check(
    exercise="learned", weight=5, says=BOOM, cpu=6.0, threshold=round(1 - 0.02 / BOOM_BASELINE, 3),
    needs=(
        *CELL, "rnn-cell.any-activation", *TRAIN, "train-step.one-clipped-update", "train-step.five-clipped-updates",
        "clip-norm.three-and-four", "clip-norm.one-parameter", "clip-norm.norm-in-place", "clip-norm.global-norm",
    ),
    replay=boom_replay, baseline=BOOM_BASELINE,
)
def boom(student, rng):
    draw = boom_map(rng)
    model = Reader(student, 4, 48, 2, activation=relu).write(starting_weights(rng, 4, 48, 2, rho=2.0))
    optimizer = SGD(model.parameters(), lr=0.1, momentum=0.9)
    return trained(
        student, model, lambda n=16: draw(rng, n), lambda out, batch: mse(out, batch.y),
        squared_error, optimizer, 0.015, 300, 5, max_norm=1.0,
    )
