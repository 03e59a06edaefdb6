"""The public checks of 07-fast: shipped with their inputs' seed and the values they expect.

Ladder of each exercise: shape, value, a tiny case by hand, a random cotangent. What a probe says is
the notebook's sentence, word for word; the hidden checks say the same sentences and test them harder.
What an exercise builds on is replaced where it is not right yet (`ready`), and what the pass without a
mask gets wrong is taken out of a pass with one that is not right (`masked`): one mistake costs once, as far
as it does not depend on where in the sequence a step stands.
"""

from collections.abc import Callable
from contextlib import contextmanager

import minigrad.fast
import minigrad.tape
import numpy as np

from minigrad import Tensor, concatenate, op, sigmoid, stack, tanh
from minigrad.checks import briefly, check, given

TAPE_BACKWARD = minigrad.fast.backward
GRADIENTS = ("dx", "dh0", "dc0", "dW")

# --- what several probes use ---------------------------------------------------------------------


def sizes(rng, count, low=2, high=9, but=()):
    """Distinct sizes, other than those in `but`, so that no two axes can be confused."""
    return [int(n) for n in rng.permutation([n for n in range(low, high) if n not in but])[:count]]


def truth(*answers):
    """Yes and no."""
    return np.array([bool(a) for a in answers])


def alive(*arrays):
    """1.0 where any of the arrays holds anything but zeros: zeros of the right shape are no answer."""
    return truth(any(np.any(a) for a in arrays))


def single(*arrays):
    """1.0 for each array that is float32."""
    return truth(*(getattr(a, "dtype", None) == np.float32 for a in arrays))


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


def drawn(rng, B, T, D, H, dtype=np.float64):
    """x (B, T, D), h0 and c0 (B, H), W (K, 4H), and a cotangent of the outputs (B, T, H)."""
    K = H + D + 1
    arrays = (
        rng.normal(size=(B, T, D)),
        rng.uniform(-0.9, 0.9, (B, H)),
        rng.normal(size=(B, H)),
        rng.normal(size=(K, 4 * H)) * 1.5 / np.sqrt(K),
        rng.normal(size=(B, T, H)),
    )
    return [a.astype(dtype) for a in arrays]


def copies(*arrays):
    return [np.array(a) for a in arrays]


def a_step(u, c, W):
    """One step on the tape: u (B, K), c (B, H), W (K, 4H) to the new h and c."""
    H, a = c.shape[1], u @ W
    g, f, i, o = (gate(a[:, k * H : (k + 1) * H]) for k, gate in enumerate((tanh, sigmoid, sigmoid, sigmoid)))
    c = f * c + i * g
    return o * tanh(c), c


def leaves(*arrays):
    return [Tensor(a, requires_grad=True) for a in arrays]


def on_tape(x, h0, c0, W, g):
    """Outputs and the four gradients, found by the tape."""
    x, h, c, W = start = leaves(x, h0, c0, W)
    hs = []
    for t in range(x.shape[1]):
        h, c = a_step(concatenate([h, x[:, t], np.ones((len(h0), 1), W.dtype)], axis=1), c, W)
        hs.append(h)
    hs = stack(hs, axis=1)
    TAPE_BACKWARD(hs, g)
    return [hs.data, *(leaf.grad for leaf in start)]


def step_on_tape(dh, dc, cache):
    """A stand-in for lstm_step_backward."""
    u, W, c, *_ = cache
    H, (u, c, W) = c.shape[1], leaves(u, c, W)
    h_new, c_new = a_step(u, c, W)
    TAPE_BACKWARD((h_new * dh).sum() + (c_new * dc).sum())
    return u.grad[:, H:-1], u.grad[:, :H], c.grad, W.grad


def step_by_step(us, das):
    """A stand-in for weight_gradient."""
    total = np.zeros((us.shape[2], das.shape[2]), np.result_type(us, das))
    for u, da in zip(us, das, strict=True):
        total += u.T.dot(da)
    return total


def cache_of(x, h, c, W):
    """What the notebook's lstm_step keeps."""
    H, u = h.shape[1], np.concatenate([h, x, np.ones((len(x), 1), x.dtype)], axis=1)
    a = u @ W
    g, (f, i, o) = np.tanh(a[:, :H]), (0.5 * (np.tanh(0.5 * b) + 1) for b in np.split(a[:, H:], 3, axis=1))
    return u, W, c, f * c + i * g, g, f, i, o


def flat(arguments):
    """All arrays of some arguments, those in tuples too."""
    return [a for value in arguments for a in (flat(value) if isinstance(value, tuple) else [value])]


def ready(student):
    """Put a stand-in where the sequence may call an exercise that is not right yet, or changes what it is given."""
    rng = np.random.default_rng(0)
    us, das = (rng.normal(size=(3, 2, n)).astype(np.float32) for n in (4, 5))
    x, h, c, W, g = drawn(rng, 2, 1, 3, 4, np.float32)
    cases = {
        "weight_gradient": (step_by_step, (us, das)),
        "lstm_step_backward": (step_on_tape, (g[:, 0], c, cache_of(x[:, 0], h, c, W))),
    }
    for name, (stand_in, arguments) in cases.items():
        wanted, before = stand_in(*arguments), copies(*flat(arguments))
        try:
            with briefly():
                got = getattr(student, name)(*arguments)
            right = all(map(np.array_equal, flat(arguments), before)) and all(
                a.dtype == b.dtype and np.allclose(a, b, rtol=1e-3, atol=1e-4)
                for a, b in zip(got, wanted, strict=True)
            )
        except Exception:
            right = False
        if not right:
            setattr(student, name, stand_in)


def sequence(student, *arguments, **mask):
    """hs and vjps of the student's lstm_sequence, or "to do"."""
    ready(student)
    hs, vjps = given(student.lstm_sequence(*arguments, **mask), "lstm_sequence", tuple, (2,))
    x, h0, *_ = arguments
    hs = given(hs, "the result of lstm_sequence", np.ndarray, (*x.shape[:2], h0.shape[1]))
    return hs, given(vjps, "the vjps of lstm_sequence", Callable)


def pulled(vjps, g):
    """The four gradients by name, or "to do"."""
    return dict(zip(GRADIENTS, given(vjps(g), "the vjps of lstm_sequence", tuple, (4,)), strict=True))


def there_and_back(student, x, h0, c0, W, g, **mask):
    """hs and the four gradients."""
    hs, vjps = sequence(student, x, h0, c0, W, **mask)
    return {"hs": hs, **pulled(vjps, g)}


def back(student, case):
    """The four gradients alone."""
    got = there_and_back(student, *case)
    return {name: got[name] for name in GRADIENTS}


# --- step-backward -------------------------------------------------------------------------------

SHAPES = "The results have the shapes and the dtype of x, h, c and W, in this order."
WAYS = (
    "The new c is reached on two ways: directly by `dc`, and by `dh` through h' = o ⊙ tanh(c'); "
    "with either of the two zero the other still counts."
)
FORGET = "The old c gets what passes through the forget gate."
GATES = "Each of the four gates sends its part, through the derivative of its own tanh or σ, to h, x and W."
BIASES = "The last row of dW is the biases' gradient, and dW is a sum over the batch."
STEP_TWICE = (
    "`dh`, `dc` and the cache stay as they are, so that calling it twice gives the same; the tape is not used."
)


def step_case(rng, B, D, H, dtype=np.float64):
    """dh, dc and a cache."""
    x, h, c, W, g = drawn(rng, B, 1, D, H, dtype)
    return g[:, 0], rng.normal(size=(B, H)).astype(dtype), cache_of(x[:, 0], h, c, W)


def step_back(student, dh, dc, cache):
    """What the student's lstm_step_backward gives, by name, or "to do"."""
    got = given(student.lstm_step_backward(dh, dc, cache), "lstm_step_backward", tuple, (4,))
    u, W, *_ = cache
    B, H = dc.shape
    shapes = {"dx": (B, u.shape[1] - H - 1), "dh": (B, H), "dc": (B, H), "dW": W.shape}
    return {
        name: given(v, f"the {name} of lstm_step_backward", np.ndarray, shape)
        for v, (name, shape) in zip(got, shapes.items(), strict=True)
    }


def by_gate(dW):
    """The rows of weights, a block of columns for each gate."""
    return {f"dW of {name}": block for name, block in zip("gfio", np.split(dW[:-1], 4, axis=1), strict=True)}


@check(exercise="step-backward", says=SHAPES)
def step_shapes(student, rng):
    B, D, H = sizes(rng, 3, 2, 20)
    got = step_back(student, *step_case(rng, B, D, H))
    narrow = step_back(student, *step_case(rng, B, D, H, np.float32))
    return {
        **{f"shape of {name}": np.array(np.shape(value)) for name, value in got.items()},
        "other than zero": alive(*got.values()),
        "float32 stays": single(*narrow.values()),
    }


@check(exercise="step-backward", weight=2, says=FORGET)
def one_number_of_c(student, rng):
    """B = D = H = 1, and dh = 0."""
    _, dc, cache = step_case(rng, 1, 1, 1)
    return {"dc of the old c": step_back(student, np.zeros((1, 1)), dc, cache)["dc"]}


@check(exercise="step-backward", weight=3, says=WAYS)
def two_ways(student, rng):
    B, D, H = sizes(rng, 3)
    dh, dc, cache = step_case(rng, B, D, H)
    return {"dc of the old c": step_back(student, dh, dc, cache)["dc"]}


@check(exercise="step-backward", weight=3, says=GATES)
def one_number_of_gates(student, rng):
    """B = D = H = 1: what each gate sends to its weights."""
    dh, dc, cache = step_case(rng, 1, 1, 1)
    return by_gate(step_back(student, dh, dc, cache)["dW"])


@check(exercise="step-backward", weight=4, says=GATES)
def gates(student, rng):
    """One sample."""
    D, H = sizes(rng, 2)
    dh, dc, cache = step_case(rng, 1, D, H)
    got = step_back(student, dh, dc, cache)
    return {"dx": got["dx"], "dh of the old h": got["dh"], **by_gate(got["dW"])}


@check(exercise="step-backward", weight=2, says=BIASES)
def biases(student, rng):
    B, D, H = sizes(rng, 3)
    dW = step_back(student, *step_case(rng, B, D, H))["dW"]
    return {"last row of dW": dW[-1]}


@check(exercise="step-backward", says=STEP_TWICE)
def step_arguments(student, rng):
    B, D, H = sizes(rng, 3)
    dh, dc, cache = step_case(rng, B, D, H)
    got = step_back(student, dh, dc, cache)
    after = {"dh afterwards": dh, "dc afterwards": dc, "u afterwards": cache[0], "i afterwards": cache[-2]}
    return {**after, "other than zero": alive(*got.values())}


# --- sequence ------------------------------------------------------------------------------------

STATES = (
    "`hs` is (B, T, H): `hs[:, t]` is h after reading `x[:, t]`, and h0 and c0 stand before the first step."
)
ONE_FUNCTION = (
    "`vjps` is one function: it takes the cotangent of hs to the tuple of those of x, h0, c0 and W, "
    "in this order and in their shapes."
)
SUMS = (
    "A state gets the sum of what its output sends it and what the next step sends back, "
    "and W the sum over all steps and samples."
)
LAST = "A cotangent that is zero but at the last step still reaches the first input, h0 and c0."
LONG = "The numbers stay right at H = 32 over T = 50 steps, and the tape is not used."
ALIVE = (
    "Results stay alive: later calls, of lstm_sequence or of any vjps, "
    "change neither an earlier hs nor what an earlier vjps gives."
)
AS_THEY_ARE = "The arguments and the cotangent stay as they are, and float32 stays float32."
LIFTED = (
    "Lifted by `op`, it can be used several times in one graph: gradients add up as those of tape_lstm do."
)


@check(exercise="sequence", says=STATES)
def shape_of_hs(student, rng):
    B, T, D, H = sizes(rng, 4, 2, 20)
    hs, _ = sequence(student, *drawn(rng, B, T, D, H)[:4])
    return {"shape of hs": np.array(np.shape(hs)), "other than zero": alive(hs)}


@check(exercise="sequence", weight=4, says=STATES)
def states(student, rng):
    B, D, H = sizes(rng, 3, but=[4])
    return {"hs": sequence(student, *drawn(rng, B, 4, D, H)[:4])[0]}


@check(exercise="sequence", weight=2, says=ONE_FUNCTION)
def shapes_of_gradients(student, rng):
    B, T, D, H = sizes(rng, 4, 2, 20)
    *arguments, g = drawn(rng, B, T, D, H)
    got = pulled(sequence(student, *arguments)[1], g)
    shapes = {f"shape of {name}": np.array(np.shape(value)) for name, value in got.items()}
    return {**shapes, "other than zero": alive(*got.values())}


@check(exercise="sequence", weight=3, says=SUMS)
def one_step(student, rng):
    """T = 1."""
    B, D, H = sizes(rng, 3)
    return back(student, drawn(rng, B, 1, D, H))


@check(exercise="sequence", weight=3, says=SUMS)
def two_steps_of_numbers(student, rng):
    """B = D = H = 1 and T = 2; a cotangent of 1 at both outputs."""
    *arguments, _ = drawn(rng, 1, 2, 1, 1)
    return back(student, [*arguments, np.ones((1, 2, 1))])


@check(exercise="sequence", weight=7, says=SUMS)
def all_outputs(student, rng):
    B, D, H = sizes(rng, 3, but=[5])
    return back(student, drawn(rng, B, 5, D, H))


@check(exercise="sequence", weight=4, says=LAST)
def last_of_three(student, rng):
    B, D, H = sizes(rng, 3, but=[3])
    *arguments, g = drawn(rng, B, 3, D, H)
    g[:, :-1] = 0
    got = back(student, [*arguments, g])
    return {"dx of the first step": got["dx"][:, 0], "dh0": got["dh0"], "dc0": got["dc0"]}


@check(exercise="sequence", weight=2, says=LONG)
def without_the_tape(student, rng):
    B, D, H = sizes(rng, 3)
    case = drawn(rng, B, 10, D, H)
    with no_tape():
        return back(student, case)


@check(exercise="sequence", weight=2, says=ALIVE)
def two_alive(student, rng):
    """Two calls, then the vjps of the first: do they give what they give when nothing is in between?"""
    B, T, D, H = sizes(rng, 4)
    *first, g = drawn(rng, B, T, D, H)
    *second, _ = drawn(rng, B, T, D, H)
    alone = copies(*pulled(sequence(student, *copies(*first))[1], np.array(g)).values())
    hs, vjps = sequence(student, *first)
    sequence(student, *second)
    same = map(np.array_equal, alone, pulled(vjps, g).values())
    return {"the first hs": hs, "the first gradients are as without a second call": truth(*same)}


@check(exercise="sequence", says=AS_THEY_ARE)
def arguments_afterwards(student, rng):
    B, T, D, H = sizes(rng, 4)
    case = drawn(rng, B, T, D, H)
    got = back(student, case)
    narrow = there_and_back(student, *drawn(rng, B, T, D, H, np.float32))
    return {
        **{f"{name} afterwards": value for name, value in zip(("x", "h0", "c0", "W", "g"), case, strict=True)},
        "other than zero": alive(*got.values()),
        "float32 stays": single(*narrow.values()),
    }


@check(exercise="sequence", weight=2, says=LIFTED)
def lifted(student, rng):
    B, T, D, H = sizes(rng, 4)
    ready(student)
    sequence(student, *drawn(rng, 1, 1, 1, 1)[:4])
    *arrays, g = drawn(rng, B, T, D, H)
    by_hand = pulled(sequence(student, *copies(*arrays))[1], np.array(g))
    arguments = leaves(*arrays)
    hs = op(student.lstm_sequence)(*arguments)
    TAPE_BACKWARD(hs, g)
    same = (np.allclose(by_hand[name], leaf.grad) for name, leaf in zip(GRADIENTS, arguments, strict=True))
    return {"hs": hs.data, "the leaves' gradients are what vjps gives": truth(*same)}


# --- one-gemm ------------------------------------------------------------------------------------

SUM = "It is the sum over all steps of `us[t].T @ das[t]`, in the dtype of the two, which stay as they are."
FEW = "A thousand steps take a few calls of a matrix product (at most ten), not one for each step."


def counting():
    """A kind of array that notes the matrix products it takes part in, and the list of these calls."""
    calls = []

    def plain(value):
        if isinstance(value, tuple | list):
            return type(value)(plain(v) for v in value)
        return value.view(np.ndarray) if isinstance(value, np.ndarray) else value

    class Counted(np.ndarray):
        def _counted(self, name, result):
            if name in ("matmul", "dot", "tensordot", "einsum", "inner", "vecmat", "matvec"):
                calls.append(name)
            return result.view(Counted) if isinstance(result, np.ndarray) else result

        def __array_ufunc__(self, ufunc, method, *inputs, out=None, **keywords):
            if out is not None:
                keywords["out"] = plain(out)
            return self._counted(ufunc.__name__, getattr(ufunc, method)(*plain(inputs), **keywords))

        def __array_function__(self, function, types, arguments, keywords):
            keywords = {name: plain(value) for name, value in keywords.items()}
            return self._counted(function.__name__, function(*plain(arguments), **keywords))

        def dot(self, other, out=None):
            return np.dot(self, other)

    return (lambda array: array.view(Counted)), calls


def weights(student, us, das):
    return given(student.weight_gradient(us, das), "weight_gradient", np.ndarray, (us.shape[2], das.shape[2]))


def counted(student, us, das):
    """The gradient, and whether it took at most ten calls, or at least fewer than steps."""
    watch, calls = counting()
    dW = np.asarray(weights(student, watch(us), watch(das)))
    return {"dW": dW, "calls: at most ten, fewer than steps": truth(len(calls) <= 10, len(calls) < len(us))}


@check(exercise="one-gemm", weight=3, says=SUM)
def sum_of_products(student, rng):
    T, B, K, M = sizes(rng, 4)
    us, das = arrays = rng.normal(size=(T, B, K)), rng.normal(size=(T, B, M))
    before, dW = copies(*arrays), weights(student, us, das)
    return {
        "dW": dW,
        "us and das are as before": truth(*map(np.array_equal, arrays, before)),
        "float32 stays": single(weights(student, us.astype(np.float32), das.astype(np.float32))),
    }


@check(exercise="one-gemm", weight=3, says=FEW)
def a_thousand_steps(student, rng):
    B, K, M = sizes(rng, 3)
    return counted(student, rng.normal(size=(1000, B, K)), rng.normal(size=(1000, B, M)))


# --- masks ---------------------------------------------------------------------------------------

CARRY = "Where the mask is False, h and c are carried on as they are and the output in hs is zero."
PADDING = (
    "What stands in x there changes nothing, whatever it is; the gradient of x is exactly zero there."
)
UNHEARD = "What the cotangent of hs says there is not heard, whatever it is."
THROUGH = (
    "The gradient passes a masked step unchanged, for h and for c: whatever the mask, "
    "gradients are those of the sequence without its masked steps."
)


def padded(rng, B, T):
    """A mask (B, T): lengths from 1 to T, both among them, where there are two sequences."""
    lengths = rng.integers(1, T, B)
    lengths[0], lengths[-1] = T, max(1, T // 2)
    return np.arange(T) < rng.permutation(lengths)[:, None]


def same(got, wanted):
    """Whether two arrays agree in shape and, but for rounding, in their entries."""
    return np.shape(got) == np.shape(wanted) and np.allclose(got, wanted, rtol=1e-6, atol=1e-8)


def less(got, wanted):
    """got − wanted, or got as it is where the shapes differ: the verdict will say so."""
    return got - wanted if np.shape(got) == np.shape(wanted) else got


def laid_out(array, shape):
    """An array whose first two axes changed places as it should be; any other as it is."""
    turned = np.ndim(array) > 1 and np.shape(array) != shape and np.swapaxes(array, 0, 1).shape == shape
    return np.swapaxes(array, 0, 1) if turned else array


MISSING = np.zeros(0)  # stands for an output that did not come


def in_order(gradients, shapes):
    """Gradients by the shapes that are wanted, whatever their order; as they come where these do not fit.

    Where there are fewer than wanted, whatever finds none of its shape is MISSING.
    """
    left, found = [a for a in gradients if a is not None], []
    fewer = len(left) < len(shapes)
    for shape in shapes:
        fits = [k for k, a in enumerate(left) if shape in (np.shape(a), np.shape(a)[1::-1] + np.shape(a)[2:])]
        if not fits and not fewer:
            return gradients
        found.append(laid_out(left.pop(fits[0]), shape) if fits else MISSING)
    return found


def understood(student, x, h0, c0, W, g, **mask):
    """hs and gradients of a pass in another form: time first, gradients in another order or missing, vjps in a tuple."""
    made = given(student.lstm_sequence(x, h0, c0, W, **mask), "lstm_sequence")
    hs, *vjps = made if isinstance(made, tuple | list) else [made]
    each = list(vjps[0]) if vjps and isinstance(vjps[0], tuple | list) else vjps
    gs = g if np.shape(hs) == g.shape else np.swapaxes(g, 0, 1)

    def pull(g):
        return each[0](g) if len(each) == 1 else [vjp(g) for vjp in each]

    try:
        got = pull(gs)
    except Exception:  # outputs are turned, their cotangent is not
        got = pull(g)
    got = list(got.values()) if isinstance(got, dict) else [got] if isinstance(got, np.ndarray) else got
    wanted = [a.shape for a in (x, h0, c0, W)]
    return {"hs": laid_out(hs, g.shape), **dict(zip(GRADIENTS, in_order(got, wanted), strict=True))}


def masks_pass(student):
    """What gives hs and gradients for the checks of masks: a form that cost points in `sequence` costs none here."""
    *case, g = drawn(np.random.default_rng(0), 2, 3, 4, 5)
    ready(student)
    try:
        got = there_and_back(student, *copies(*case, g))
        formed = all(np.shape(got[n]) == a.shape for n, a in zip(("hs", *GRADIENTS), (g, *case), strict=True))
    except Exception:
        formed = False
    return there_and_back if formed else understood


def without_masked_steps(student, run, x, h0, c0, W, g, mask):
    """hs and gradients of each sequence alone, its masked steps left out, laid out as those of the batch.

    First as they are right, then what the student's pass without a mask gets wrong of them; nothing, where
    it raises.
    """
    right, wrong = ([np.zeros(a.shape) for a in (g, x, h0, c0, W)] for _ in range(2))
    for b, here in enumerate(mask):
        if here.any():
            alone = slice(b, b + 1)
            case = x[alone, here], h0[alone], c0[alone], W, g[alone, here]
            wanted = on_tape(*case)
            try:
                got = list(run(student, *copies(*case)).values())
            except Exception:
                got = wanted
            for n, place in enumerate(((b, here), (b, here), b, b, ...)):
                right[n][place] += np.reshape(wanted[n], right[n][place].shape)
                if np.shape(got[n]) == wanted[n].shape:
                    wrong[n][place] += np.reshape(got[n] - wanted[n], wrong[n][place].shape)
    return [dict(zip(("hs", *GRADIENTS), arrays, strict=True)) for arrays in (right, wrong)]


def masked(student, x, h0, c0, W, g, mask):
    """hs and gradients with the mask. What is not right is forgiven what the pass without a mask gets wrong, too.

    A gradient that is missing there as well is taken as right. Outputs that are zeros, or four gradients of zeros, are
    forgiven nothing: they are no answer with a mistake in it.
    """
    run = masks_pass(student)
    got = run(student, *copies(x, h0, c0, W, g), mask=mask)
    right, wrong = without_masked_steps(student, run, np.where(mask[..., None], x, 0), h0, c0, W, g, mask)
    answered = dict.fromkeys(GRADIENTS, alive(*(got[name] for name in GRADIENTS))) | {"hs": alive(got["hs"])}
    if answered["dx"] and any(value is MISSING for value in got.values()):
        there = run(student, *copies(x, h0, c0, W, g))
        got = {name: right[name] if got[name] is there[name] is MISSING else got[name] for name in got}
    return {
        name: less(value, wrong[name]) if answered[name] and not same(value, right[name]) else value
        for name, value in got.items()
    }


@check(exercise="masks", weight=4, says=CARRY)
def carried(student, rng):
    """Padding, and one gap."""
    B, D, H = sizes(rng, 3, 3, but=[6])
    mask = padded(rng, B, 6)
    mask[mask.all(axis=1), 2] = False
    return {"hs": masked(student, *drawn(rng, B, 6, D, H), mask)["hs"]}


@check(exercise="masks", weight=3, says=PADDING)
def padding(student, rng):
    """The padding holds a hundred times what inputs hold."""
    B, D, H = sizes(rng, 3, 3, but=[5])
    mask, (x, *case) = padded(rng, B, 5), drawn(rng, B, 5, D, H)
    x[~mask] *= 100
    got = masked(student, x, *case, mask)
    dx = masks_pass(student)(student, x, *case, mask=mask)["dx"]
    return {"hs": got["hs"], "dx": got["dx"], "dx is zero there": truth(dx is MISSING or not dx[~mask].any())}


@check(exercise="masks", weight=2, says=UNHEARD)
def unheard(student, rng):
    """The mask ends before the sequence does; the cotangent does not."""
    B, D, H = sizes(rng, 3, 3, but=[4])
    mask, (*case, g) = padded(rng, B, 4), drawn(rng, B, 4, D, H)
    g[~mask] *= 100
    got = masked(student, *case, g, mask)
    return {"dx": got["dx"], "dW": got["dW"]}


@check(exercise="masks", weight=4, says=THROUGH)
def through_padding(student, rng):
    """Padding; one sequence that begins late and has a gap; one without masked steps."""
    B, D, H = sizes(rng, 3, 3, but=[5])
    mask, (*case, g) = padded(rng, B, 5), drawn(rng, B, 5, D, H)
    mask[0], mask[1], mask[2] = [False, True, False, True, False], [True, True, False, False, False], True
    mask = rng.permutation(mask)
    g[~mask] = 0
    got = masked(student, *case, g, mask)
    return {name: got[name] for name in GRADIENTS}
