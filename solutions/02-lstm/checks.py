"""The hidden checks of 02-lstm: the public checks' sentences, tested harder.

They share one namespace with `public_checks.py`, which is read first: sentences and helpers are its.
"""

from minigrad import sigmoid

# --- lstm-cell -----------------------------------------------------------------------------------


@check(exercise="lstm-cell", says=PARAMETERS)
def single_precision(student, rng):
    """dtypes alone: the numbers are other checks' business."""
    B, D, H = sizes(rng, 3, 3, 40)
    cell = new_cell(student, D, H, dtype=np.float32)
    h, c = start_of(cell, B)
    new_h, new_c = step(cell, Tensor(rng.normal(size=(B, D)).astype(np.float32)), h, c)
    leaves = {**{name: getattr(cell, name) for name in NAMES}, "first h": h, "first c": c}
    leaves |= {"new h": new_h, "new c": new_c}
    return {**{f"ones like {name}": kind(leaf) for name, leaf in leaves.items()}, "not all zeros": some(new_h, new_c)}


@check(exercise="lstm-cell", weight=3, says=START, atol=1e-8)
def fresh_start(student, rng):
    D, H = int(rng.integers(8, 17)), int(rng.integers(70, 91))
    seed = int(rng.integers(2**31))
    cell, again, other = (new_cell(student, D, H, rng=np.random.default_rng(s)) for s in (seed, seed, seed + 1))
    weights = {k: getattr(cell, f"W_{k}").data for k in GATES}
    spreads = [w[H:].std() / np.sqrt(2 / (D + H)) for w in weights.values()]
    differ = [np.abs(w - getattr(other, f"W_{k}").data).max(axis=1) > 1e-3 for k, w in weights.items()]
    pairs = [(a, b) for a in GATES for b in GATES if a < b]
    apart = [np.abs(weights[a] - weights[b]).max(axis=1) > 1e-3 for a, b in pairs]
    return {
        "sums of W[:H] @ W[:H].T": np.array([(w[:H] @ w[:H].T).sum() for w in weights.values()]),
        "one rng, one start": truth(*(np.array_equal(w, getattr(again, f"W_{k}").data) for k, w in weights.items())),
        "another rng, another start": truth(*(d.all() for d in differ)),
        "every gate its own start": truth(*(a.all() for a in apart)),
        "x rows not narrower than Glorot's": truth(*(s > 0.85 for s in spreads)),
        "x rows much narrower": truth(*(s < 0.62 for s in spreads)),
        "x rows orthogonal": truth(*(np.abs(w[H:] @ w[H:].T - np.eye(D)).max() < 0.1 for w in weights.values())),
        "x rows not wider than Glorot's": truth(*(s < 1.15 for s in spreads)),
    }


@check(exercise="lstm-cell", weight=3, says=ACTIVATION)
def other_activations(student, rng):
    got = {}
    for name, f in (("sigmoid", sigmoid), ("relu", relu), ("doubling", lambda a: a * 2.0)):
        B, D, H = sizes(rng, 3)
        cell = fixed(written_cell(student, rng, D, H, activation=f), i=OPEN, o=OPEN)
        x, h, c = one_step(rng, B, D, H)
        h, c = step(cell, x, h, 0 * c)
        got |= {f"candidate with {name}": c, f"new h with {name}": h}
    return got


@check(exercise="lstm-cell", weight=3, says=OUTPUT)
def masked_sequence(student, rng):
    """Over time, rows of different lengths, from an h and a c of their own."""
    B, T, D, H = sizes(rng, 4, 3)
    cell = written_cell(student, rng, D, H)
    mask = np.arange(T) < rng.permutation(np.arange(B) % T + 1)[:, None]
    first = tuple(Tensor(rng.normal(size=(B, H))) for _ in range(2))
    outputs, last = Recurrent(cell)(rng.normal(size=(B, T, D)), first, mask)
    h, c = pair(last, "LSTMCell's __call__", (B, H))
    return {"outputs": outputs, "last h": h, "last c": c}


def through_time(student, rng, look_at_h, look_at_c):
    """All gradients after six steps, from random cotangents at every step."""
    B, D, H = sizes(rng, 3)
    T = 6
    cell = written_cell(student, rng, D, H)
    x = Tensor(rng.normal(size=(B, T, D)), requires_grad=True)
    h0 = Tensor(rng.uniform(-0.9, 0.9, (B, H)), requires_grad=True)
    c0 = Tensor(rng.normal(size=(B, H)), requires_grad=True)
    h, c, total = h0, c0, 0.0
    for t in range(T):
        h, c = step(cell, x[:, t], h, c)
        for looked, state in ((look_at_h, h), (look_at_c, c)):
            if looked:
                total = total + (state * rng.normal(size=(B, H))).sum()
    total.backward()
    leaves = {**{name: getattr(cell, name) for name in NAMES}, "x": x, "h0": h0, "c0": c0}
    return {f"{name}.grad": gradient(leaf) for name, leaf in leaves.items()}


@check(exercise="lstm-cell", weight=6, says=REACHES)
def through_h(student, rng):
    return through_time(student, rng, True, False)


@check(exercise="lstm-cell", weight=5, says=REACHES)
def through_c(student, rng):
    return through_time(student, rng, False, True)


# --- windows -------------------------------------------------------------------------------------


@check(exercise="windows", weight=2, says=WINDOW_VALUES)
def many_windows(student, rng):
    D, length, more = sizes(rng, 3, 2, 9)
    x, y = cut(student, rng.normal(size=(length + 3 * more, D)), length)
    return {"x": x, "y": y}


@check(exercise="windows", says=WINDOW_ALL)
def two_windows(student, rng):
    D, length = sizes(rng, 2, 3, 12)
    x, y = cut(student, rng.normal(size=(length + 2, D)), length)
    return {"x": x, "y": y}


@check(exercise="windows", says=WINDOW_SHAPES)
def window_dtypes(student, rng):
    """Shapes and dtypes alone."""
    D, length, more = sizes(rng, 3, 2, 12)
    got = {}
    for dtype in (np.float32, np.int64):
        x, y = cut(student, (100 * rng.normal(size=(length + more, D))).astype(dtype), length)
        got |= {f"ones like {name}, {dtype.__name__}": kind(a) for name, a in (("x", x), ("y", y))}
    return got | {"not all zeros": some(x, y)}


# --- standardise ---------------------------------------------------------------------------------


@check(exercise="standardise", says=SCALED_OTHERS)
def several_tests(student, rng):
    D, N, *lengths = sizes(rng, 4, 4, 14)
    train = measured(rng, N, D)
    others = [2 * k + measured(rng, M, D) for k, M in enumerate(lengths, 1)]
    got = scaled(student, train, *others)
    swapped = scaled(student, train, others[1], others[0])
    return {"first": got[1], "second": got[2], "first, given last": swapped[2], "train, either way": swapped[0] - got[0]}


@check(exercise="standardise", says=SCALED_SHAPES, rtol=1e-5, atol=1e-5)
def scaled_dtype(student, rng):
    """dtypes alone: the numbers are other checks' business."""
    N, M, D = sizes(rng, 3, 4, 14)
    train, test = measured(rng, N, D), measured(rng, M, D)
    dtypes = {"float32": (np.float32, np.float32), "float32 test": (float, np.float32), "float32 train": (np.float32, float)}
    got = {name: scaled(student, train.astype(a), test.astype(b)) for name, (a, b) in dtypes.items()}
    ones = {f"ones like {what}, {name}": kind(s) for name, two in got.items() for what, s in zip(("train", "test"), two, strict=True)}
    return {**ones, "not all zeros": some(*got["float32"])}


@check(exercise="standardise", says=SCALED_CONSTANT)
def small_spreads(student, rng):
    """Spreads of 1e-6, and a constant whose std is not 0: for N = 12 that is so with each of these."""
    train, test, small = measured(rng, 12, 4), measured(rng, 5, 4), np.array([1.0, 1e-6, 1.0, 1e-6])
    train[:, 2] = rng.integers(1, 9) + 0.1
    train, test = scaled(student, train * small, test * small)
    return {"train": train, "test": test}


# --- forecaster ----------------------------------------------------------------------------------


class Leaky(Module):
    """A stand-in cell whose state is one Tensor: it keeps a share of it and adds what it reads."""

    def __init__(self, rng, D, H):
        self.hidden_size = H
        self.keep, self.read = Parameter(rng.uniform(0.3, 0.9, H)), Parameter(rng.normal(size=(D, H)))

    def initial_state(self, batch):
        return Tensor(np.ones((batch, self.hidden_size)))

    def __call__(self, x, h):
        return h * self.keep + x @ self.read


@check(exercise="forecaster", weight=2, says=FORECAST)
def any_cell(student, rng):
    B, T, D, H, K = sizes(rng, 5)
    leaky = forecaster(student, rng, Leaky(rng, D, H), K)
    one = forecaster(student, rng, Conveyor(rng, D, H), K)
    return {
        "a cell with one Tensor": forecast(leaky, rng.normal(size=(B, T, D))),
        "T = 1": forecast(one, rng.normal(size=(B, 1, D))),
        "B = 1": forecast(one, rng.normal(size=(1, T, D))),
    }


@check(exercise="forecaster", weight=2, says=FLOWS)
def all_gradients(student, rng):
    B, T, D, H, K = sizes(rng, 5, 3, 10)
    cell = Conveyor(rng, D, H)
    model = forecaster(student, rng, cell, K)
    x = Tensor(rng.normal(size=(B, T, D)), requires_grad=True)
    (forecast(model, x) * rng.normal(size=(B, K))).sum().backward()
    leaves = {"head.W": model.head.W, "head.b": model.head.b, "keep": cell.keep, "read": cell.read, "x": x}
    return {f"{name}.grad": gradient(leaf) for name, leaf in leaves.items()}
