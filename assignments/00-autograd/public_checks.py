"""The public checks of 00-autograd: shipped with their inputs' seed and the values they expect.

Ladder of each exercise: shape, value, a tiny case by hand, a random cotangent. What a probe says is
the notebook's sentence, word for word; the hidden checks say the same sentences and test them harder.
Probes bring ops of their own, so that a mistake in one exercise does not show in another.
"""

from collections.abc import Callable

import numpy as np

from minigrad.checks import Todo, check, given

# --- what several probes use ---------------------------------------------------------------------


def sizes(rng, count, low=2, high=9):
    """Distinct sizes, so that no two axes can be confused."""
    return [int(n) for n in rng.permutation(np.arange(low, high))[:count]]


def run(student, name, *arguments):
    """Result and vjps of the student's op of this name, or "to do"."""
    y, vjps = given(getattr(student, name)(*arguments), f"`{name}`", tuple, (2,))
    many = 2 if name == "matmul" else 1
    return given(y, f"the result of `{name}`"), given(vjps, f"the vjps of `{name}`", tuple, (many,))


def pulled(name, vjp, g):
    """What a vjp makes of g, or "to do"."""
    return given(given(vjp, f"the vjps of `{name}`", Callable)(g), f"the vjp of `{name}`", np.ndarray)


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
    return truth(any(np.any(a) for a in arrays))


def kind(array):
    """Ones in an array's shape and dtype: these alone are asked for."""
    return np.ones_like(array)


def summed(g, shape):
    """A stand-in for unbroadcast."""
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    return g.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)


# --- numeric-grad --------------------------------------------------------------------------------

CENTRAL = (
    "Each entry is a central difference: one entry of `x` is moved by `eps` up and by `eps` down, "
    "the others stay where they are, and the difference of the two values of `f` is divided by `2 * eps`."
)
FLOAT64 = (
    "The result is float64 and has the shape of `x`, whatever that is; the nudging is done in float64 too, "
    "even if `x` holds integers or float32."
)
AS_IT_WAS = "Afterwards `x` is as it was, bit for bit."


def numeric(student, f, x, **options):
    """The student's numeric_grad, or "to do"."""
    return given(student.numeric_grad(f, x, **options), "`numeric_grad`", np.ndarray, np.shape(x))


@check(exercise="numeric-grad", says=FLOAT64, rtol=1e-4, atol=1e-4)
def shape_of_x(student, rng):
    x = rng.normal(size=sizes(rng, 2))
    single = numeric(student, lambda x: float(x.sum()), x.astype(np.float32))
    return {"gradient": numeric(student, lambda x: float((x**2).sum()), x), "ones like it, for float32": kind(single)}


@check(exercise="numeric-grad", says=CENTRAL)
def one_entry(student, rng):
    x, eps = rng.uniform(1, 2, 1).round(2), round(float(rng.uniform(0.2, 0.4)), 2)
    return {"slope of x ** 3": numeric(student, lambda x: float(x[0] ** 3), x, eps=eps)}


@check(exercise="numeric-grad", says=CENTRAL, rtol=1e-4, atol=1e-5)
def several_entries(student, rng):
    c = rng.normal(size=5)
    return {"gradient": numeric(student, lambda x: float(c @ x**2 + x[0] * x[1]), rng.normal(size=5))}


@check(exercise="numeric-grad", says=AS_IT_WAS)
def x_afterwards(student, rng):
    x = rng.normal(size=4)
    gradient = numeric(student, lambda x: float(x.sum()), x, eps=0.1)
    return {"x": x, "not all zeros": some(gradient)}


# --- sigmoid-tanh --------------------------------------------------------------------------------

ENTRIES = "`y` is the function of every entry of `x`, in the shape and the dtype of `x`."
ONE_VJP = (
    "`vjps` is a tuple of one function, which takes `g`, of the shape of `y`, to `g` times the derivative, "
    "in the dtype of `g`; it leaves `g` as it is, and gives the same when called again."
)
FAR = "Entries of ±1000 give 0, 1 or −1 and the gradient 0, and nothing overflows on the way."


def there_and_back(student, name, x, g):
    """y and the gradient of x; both get arrays that nobody needs afterwards."""
    y, vjps = run(student, name, x.copy())
    return y, pulled(name, vjps[0], g.copy())


@check(exercise="sigmoid-tanh", says=ENTRIES)
def entries(student, rng):
    x = rng.normal(size=sizes(rng, 2)) * 2
    got = {name: run(student, name, x)[0] for name in ("sigmoid", "tanh")}
    single = {name: run(student, name, x.astype(np.float32))[0] for name in got}
    return got | {f"ones like {name} of float32": kind(y) for name, y in single.items()}


@check(exercise="sigmoid-tanh", says=ONE_VJP)
def slope_of_sigmoid(student, rng):
    x = rng.normal(size=4).round(1)
    return {"slope at x": there_and_back(student, "sigmoid", x, np.ones(4))[1]}


@check(exercise="sigmoid-tanh", says=ONE_VJP)
def slope_of_tanh(student, rng):
    x = rng.normal(size=4).round(1)
    return {"slope at x": there_and_back(student, "tanh", x, np.ones(4))[1]}


@check(exercise="sigmoid-tanh", says=ONE_VJP)
def weighted_slopes(student, rng):
    x, g = rng.normal(size=(2, *sizes(rng, 2)))
    got = {name: there_and_back(student, name, x, g)[1] for name in ("sigmoid", "tanh")}
    single = {name: there_and_back(student, name, *(a.astype(np.float32) for a in (x, g)))[1] for name in got}
    return got | {f"ones like that of {name}, float32": kind(d) for name, d in single.items()}


@check(exercise="sigmoid-tanh", says=FAR)
def far_to_the_right(student, rng):
    x = np.array([1000.0, float(rng.normal())])
    return {name: run(student, name, x)[0] for name in ("sigmoid", "tanh")}


# --- matmul --------------------------------------------------------------------------------------

PRODUCT = "`y` is `a @ b`, and `a`, `b` and `g` stay as they are."
BOTH = (
    "`vjps` holds two functions, for `a` and for `b` in this order; each takes `g`, of the shape of `y`, "
    "to the gradient of its argument, of that argument's shape."
)
STACKS = (
    "More than two axes are a stack of matrices: only the last two are matrix axes. Where one matrix serves "
    "a whole stack, its vjp may leave the sum over the stack to part 6, or do it itself."
)


def product_and_back(student, a, b, g):
    """y, and the gradients of a and of b, summed over a stack that shares them."""
    y, vjps = run(student, "matmul", a, b)
    da, db = (pulled("matmul", vjp, g) for vjp in (vjps[0], vjps[1]))
    return y, summed(np.asarray(da), a.shape), summed(np.asarray(db), b.shape)


def matrices(rng, *stack):
    """a, b and a cotangent of a @ b, of distinct sizes."""
    n, k, m = sizes(rng, 3)
    return rng.normal(size=(*stack, n, k)), rng.normal(size=(*stack, k, m)), rng.normal(size=(*stack, n, m))


@check(exercise="matmul", says=PRODUCT)
def product(student, rng):
    a, b, _ = matrices(rng)
    single = run(student, "matmul", a.astype(np.float32), b.astype(np.float32))[0]
    return {"y": run(student, "matmul", a, b)[0], "ones like y, float32": kind(single)}


@check(exercise="matmul", says=BOTH)
def gradient_shapes(student, rng):
    n, k, m = sizes(rng, 3, 2, 40)
    _, vjps = run(student, "matmul", rng.normal(size=(n, k)), rng.normal(size=(k, m)))
    g = rng.normal(size=(n, m))
    da, db = (pulled("matmul", vjp, g) for vjp in (vjps[0], vjps[1]))
    return {
        "shape for a": np.array(np.shape(da)),
        "shape for b": np.array(np.shape(db)),
        "not all zeros": some(da, db),
    }


@check(exercise="matmul", weight=2, says=BOTH)
def two_by_two(student, rng):
    a, b = rng.integers(1, 9, (2, 2, 2)).astype(float)
    g = np.zeros((2, 2))
    g[0, 1] = 1.0
    _, da, db = product_and_back(student, a, b, g)
    return {"for a, if only y[0, 1] counts": da, "for b, if only y[0, 1] counts": db}


@check(exercise="matmul", says=BOTH)
def one_cotangent(student, rng):
    _, da, db = product_and_back(student, *matrices(rng))
    return {"for a": da, "for b": db}


@check(exercise="matmul", weight=2, says=STACKS)
def a_stack(student, rng):
    y, da, db = product_and_back(student, *matrices(rng, 10))
    return {"y": y, "for a": da, "for b": db}


# --- backward ------------------------------------------------------------------------------------

LEAVES = (
    "Each leaf behind `root` gets the gradient that the chain rule says, zeros where it says zero, "
    "in the shape and dtype that the vjps give it."
)
SUM_OF_USES = (
    "A tensor that is used more than once, by several operations or twice by one, gets the sum of what "
    "they send back, whatever the graph looks like."
)
ONCE = (
    "Each vjp is called exactly once, so that twenty times `x = x + x` takes twenty steps "
    "and sixty such diamonds no time at all."
)
ADDS_UP = (
    "The gradients of leaves add up over several calls, on the same graph or on others that share a part of it; "
    "what lies in between starts from nothing in each call."
)
LONG = "A chain of 10,000 operations is no problem: nothing calls itself."
FROM_ONE = (
    "Without `g` it starts from one, in the dtype of `root`; "
    "this is refused with ValueError if `root` has more than one entry."
)
HANDS_OFF = (
    "No array that is handed to you is written into, neither `g` nor what a vjp returns (which may be `g` itself); "
    "the gradient of each leaf is an array of its own."
)


def plus(a, b):
    return a + b, (lambda g: g, lambda g: g)


def times(a, b):
    return a * b, (lambda g: g * b, lambda g: g * a)


def wave(x):
    return np.sin(x), (lambda g: g * np.cos(x),)


def product_of(a, b):
    return a @ b, (lambda g: g @ b.T, lambda g: a.T @ g)


class Tape:
    """The notebook's Tensor and op around ops of the probe's own."""

    def __init__(self, student):
        student.unbroadcast = summed
        self.student, self.op, self.calls = student, student.op, 0
        self.plus, self.times, self.wave, self.product = (self.op(f) for f in (plus, times, wave, product_of))

    def leaf(self, data):
        return self.student.Tensor(np.array(data), requires_grad=True)

    def backward(self, root, *g):
        """The student's backward, which returns nothing; its stub leaves no gradient."""
        if self.student.backward(root, *g) is ...:
            given(..., "`backward`")

    def counted(self, f):
        """The op, and every call of one of its vjps counted."""

        def counting(*arrays):
            y, vjps = f(*arrays)
            return y, tuple(self.count(vjp) for vjp in vjps)

        return self.op(counting)

    def count(self, vjp):
        def once_more(g):
            self.calls += 1
            return vjp(g)

        return once_more


def gradient(tensor):
    """A leaf's gradient, or "to do": the stub leaves none."""
    if tensor.grad is None:
        raise Todo("`backward` is still to do: it leaves no `grad`", "the `grad` that `backward` leaves")
    return tensor.grad


@check(exercise="backward", says=LEAVES)
def one_operation(student, rng):
    tape = Tape(student)
    a, b, g = rng.normal(size=(3, 4))
    (a, b), (s, t) = ([tape.leaf(x.astype(dtype)) for x in (a, b)] for dtype in (np.float64, np.float32))
    tape.backward(tape.times(a, b), g)
    tape.backward(tape.times(s, t), g.astype(np.float32))
    return {"a.grad": gradient(a), "b.grad": gradient(b), "ones like s.grad, float32": kind(gradient(s))}


@check(exercise="backward", says=LEAVES)
def chain_of_three(student, rng):
    tape = Tape(student)
    x, w = tape.leaf(rng.normal(size=(3, 2))), tape.leaf(rng.normal(size=(2, 4)))
    y = tape.wave(tape.wave(tape.product(x, w)))
    tape.backward(y, rng.normal(size=(3, 4)))
    return {"x.grad": gradient(x), "w.grad": gradient(w)}


@check(exercise="backward", weight=2, says=SUM_OF_USES)
def squared(student, rng):
    tape = Tape(student)
    x = tape.leaf(rng.uniform(1, 3, 3).round(1))
    tape.backward(tape.times(x, x), np.ones(3))
    return {"gradient of x * x": gradient(x)}


@check(exercise="backward", weight=2, says=SUM_OF_USES)
def diamond(student, rng):
    tape = Tape(student)
    x = tape.leaf(rng.normal(size=4))
    y = tape.wave(x)
    early = tape.times(y, rng.normal(size=4))
    late = tape.wave(tape.wave(y))
    tape.backward(tape.times(early, late), rng.normal(size=4))
    return {"x.grad": gradient(x)}


@check(exercise="backward", says=ONCE)
def ten_doublings(student, rng):
    tape = Tape(student)
    leaf = x = tape.leaf(rng.normal(size=2))
    double = tape.counted(plus)
    for _ in range(10):
        x = double(x, x)
    tape.backward(x, rng.normal(size=2))
    return {"x.grad": gradient(leaf), "calls of vjps": np.array(tape.calls)}


@check(exercise="backward", weight=2, says=ADDS_UP)
def two_calls(student, rng):
    tape = Tape(student)
    x = tape.leaf(rng.normal(size=3))
    y = tape.times(x, rng.normal(size=3))
    tape.backward(y, np.ones(3))
    first = np.array(gradient(x))
    tape.backward(y, np.ones(3))
    return {"x.grad after one call": first, "after two": gradient(x)}


@check(exercise="backward", says=LONG, rtol=1e-6)
def four_thousand(student, rng):
    return {"x.grad": after_chain(student, rng, 4_000)}


def after_chain(student, rng, length):
    """The gradient at the start of a chain of multiplications."""
    tape = Tape(student)
    leaf = x = tape.leaf(rng.normal(size=2))
    for factor in rng.uniform(0.999, 1.001, length):
        x = tape.times(x, factor)
    tape.backward(x, rng.normal(size=2))
    return gradient(leaf)


@check(exercise="backward", says=FROM_ONE)
def from_one(student, rng):
    tape = Tape(student)
    x, single = tape.leaf(np.array(rng.normal())), tape.leaf(np.float32(rng.normal()))
    tape.backward(tape.times(x, float(rng.normal())))
    tape.backward(tape.times(single, np.float32(2)))
    return {"x.grad": gradient(x), "ones like it, float32": kind(gradient(single))}


@check(exercise="backward", says=HANDS_OFF)
def g_afterwards(student, rng):
    tape = Tape(student)
    x, g = tape.leaf(rng.normal(size=3)), rng.normal(size=3)
    tape.backward(tape.plus(x, rng.normal(size=3)), g)
    first = np.array(gradient(x))
    tape.backward(tape.plus(x, rng.normal(size=3)), g)
    return {"x.grad after one call": first, "g after two": g}


# --- unbroadcast ---------------------------------------------------------------------------------

IN_FRONT = "Axes that broadcasting put in front are summed away, however many; with shape `()` all of them are."
STRETCHED = "Axes of length 1 that were stretched are summed and stay as axes of length 1, wherever they stand."
BOTH_WAYS = "Both can happen at once; the result always has exactly the given shape."
NOTHING_TO_UNDO = (
    "If nothing was broadcast, the values stay; the dtype stays in any case, and `g` is not written into."
)


def down(student, g, shape):
    """The student's unbroadcast, or "to do"."""
    return given(student.unbroadcast(g, shape), "`unbroadcast`", np.ndarray, shape)


@check(exercise="unbroadcast", says=BOTH_WAYS)
def shapes(student, rng):
    a, b, c = sizes(rng, 3, 2, 40)
    g = np.ones((a, b, c))
    asked = {"(C,)": (c,), "(1, C)": (1, c), "(B, 1)": (b, 1), "(1, 1, C)": (1, 1, c), "()": ()}
    sums = {name: down(student, g, shape) for name, shape in asked.items()}
    got = {f"(A, B, C) to {name}": np.array(np.shape(s), int) for name, s in sums.items()}
    return got | {"not all zeros": some(*sums.values())}


@check(exercise="unbroadcast", weight=2, says=IN_FRONT)
def a_row(student, rng):
    n, h = sizes(rng, 2)
    return {"for a row (H,)": down(student, rng.normal(size=(n, h)), (h,))}


@check(exercise="unbroadcast", weight=2, says=STRETCHED)
def a_column(student, rng):
    n, h = sizes(rng, 2)
    return {"for a column (N, 1)": down(student, rng.normal(size=(n, h)), (n, 1))}


@check(exercise="unbroadcast", says=BOTH_WAYS)
def by_hand(student, rng):
    g = rng.integers(1, 9, (2, 2, 2)).astype(float)
    return {"for shape (2, 1)": down(student, g, (2, 1))}


@check(exercise="unbroadcast", says=NOTHING_TO_UNDO)
def nothing_to_undo(student, rng):
    g = rng.normal(size=sizes(rng, 2))
    row = down(student, g.astype(np.float32), g.shape[1:])
    return {"the same": down(student, g, g.shape), "ones like it, for a row in float32": kind(row)}


# --- getitem -------------------------------------------------------------------------------------

READ = (
    "`y` is `x[index]`, for any index that NumPy takes: a number, a slice, `...`, an array of integers, "
    "a mask, a tuple of these."
)
SENT_BACK = (
    "The vjp gives an array of the shape and dtype of `x`: `g` at the places that were read, "
    "zero at the others."
)
REPEATED = "A place that was read several times gets the sum."
AFRESH = "Each call of the vjp starts afresh and returns an array of its own; `x` and `g` stay as they are."


def read_and_back(student, rng, x, index):
    """y, and the gradient of x for a random cotangent."""
    y, vjps = run(student, "getitem", x, index)
    g = rng.normal(size=x[index].shape).astype(x.dtype)
    return y, pulled("getitem", vjps[0], g)


@check(exercise="getitem", says=READ)
def what_was_read(student, rng):
    x = rng.normal(size=(4, 3))
    indices = {"x[1]": 1, "x[1:3, 0]": (slice(1, 3), 0), "x[[3, 0]]": np.array([3, 0])}
    return {name: run(student, "getitem", x, index)[0] for name, index in indices.items()}


@check(exercise="getitem", weight=2, says=SENT_BACK)
def back_from_a_slice(student, rng):
    x = rng.normal(size=(5, 3))
    return {
        "for x[1:3]": read_and_back(student, rng, x, slice(1, 3))[1],
        "for x[2, 1]": read_and_back(student, rng, x, (2, 1))[1],
        "ones like it, float32": kind(read_and_back(student, rng, x.astype(np.float32), slice(1, 3))[1]),
    }


@check(exercise="getitem", says=REPEATED)
def read_twice(student, rng):
    return {"for x[[2, 0, 2]]": read_and_back(student, rng, rng.normal(size=(3, 2)), np.array([2, 0, 2]))[1]}


@check(exercise="getitem", says=AFRESH)
def called_again(student, rng):
    x, g = rng.normal(size=4), rng.normal(size=2)
    _, vjps = run(student, "getitem", x, slice(1, 3))
    first = np.array(pulled("getitem", vjps[0], g))
    again = pulled("getitem", vjps[0], g)
    return {"second call less the first": again - first, "x": x, "not all zeros": some(first)}


# --- cross-entropy -------------------------------------------------------------------------------

MEAN_LOSS = (
    "The loss is a single number in the dtype of `logits`: −log of the softmax of a row at its label, "
    "averaged over the rows."
)
SAID_LESS_RIGHT = (
    "The vjp takes `g`, a single number, to an array of the shape and dtype of `logits`: "
    "`g` times (softmax less one at the label), over the number of rows."
)
STABLE = (
    "Logits of ±1000 are no problem, in the same row or in different ones: nothing overflows, "
    "and the loss of a very wrong answer is right too."
)
UNCHANGED = "Neither `logits` nor `labels` are changed, and the vjp gives the same when it is called again."


def scores(rng, n=None, k=None):
    """Logits (N, K) and labels (N,)."""
    n, k = sizes(rng, 2, 3) if n is None else (n, k)
    return 2 * rng.normal(size=(n, k)), rng.integers(0, k, n)


@check(exercise="cross-entropy", says=MEAN_LOSS)
def one_row(student, rng):
    logits = rng.normal(size=(1, 2)).round(1)
    return {"loss": run(student, "cross_entropy", logits, np.array([1]))[0]}


@check(exercise="cross-entropy", weight=2, says=MEAN_LOSS)
def mean_loss(student, rng):
    logits, labels = scores(rng)
    single = run(student, "cross_entropy", logits.astype(np.float32), labels)[0]
    return {"loss": run(student, "cross_entropy", logits, labels)[0], "ones like it, float32": kind(single)}


@check(exercise="cross-entropy", says=SAID_LESS_RIGHT)
def gradient_of_one_row(student, rng):
    _, vjps = run(student, "cross_entropy", rng.normal(size=(1, 3)).round(1), np.array([2]))
    return {"for logits": pulled("cross_entropy", vjps[0], np.float64(1))}


@check(exercise="cross-entropy", says=SAID_LESS_RIGHT)
def gradient_of_rows(student, rng):
    logits, labels = scores(rng)
    _, vjps = run(student, "cross_entropy", logits, labels)
    _, single = run(student, "cross_entropy", logits.astype(np.float32), labels)
    return {
        "for logits": pulled("cross_entropy", vjps[0], np.float64(1)),
        "ones like it, float32": kind(pulled("cross_entropy", single[0], np.float32(1))),
    }


@check(exercise="cross-entropy", says=STABLE)
def all_shifted(student, rng):
    logits, labels = scores(rng)
    loss, vjps = run(student, "cross_entropy", logits + 1000, labels)
    return {"loss": loss, "for logits": pulled("cross_entropy", vjps[0], np.float64(1))}


@check(exercise="cross-entropy", says=UNCHANGED)
def vjp_again(student, rng):
    logits, labels = scores(rng)
    _, vjps = run(student, "cross_entropy", logits, labels)
    first = np.array(pulled("cross_entropy", vjps[0], np.float64(1)))
    again = pulled("cross_entropy", vjps[0], np.float64(1))
    return {"second call less the first": again - first, "logits": logits, "not all zeros": some(first)}
