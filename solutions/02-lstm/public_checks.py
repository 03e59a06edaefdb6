"""The public checks of 02-lstm: shipped with their inputs' seed and the values they expect.

Ladder of each exercise: shape, value, a tiny case by hand, a random cotangent. What a probe says is
the notebook's sentence, word for word; the hidden checks say the same sentences and test them harder.
A gate is looked at alone by opening or closing the others with large biases.
"""

import numpy as np

from minigrad import Tensor, no_grad, relu, tanh
from minigrad.checks import check, given
from minigrad.data import memory
from minigrad.functional import cross_entropy, mse
from minigrad.nn import Linear, Module, Parameter, Recurrent
from minigrad.optim import Adam

# --- what several probes use ---------------------------------------------------------------------

GATES = "fico"
NAMES = ("W_f", "W_i", "W_c", "W_o", "b_f", "b_i", "b_c", "b_o")  # in full: reports repeat what stands here
OPEN = 40.0  # a bias at which sigmoid is 1 and tanh is 1, to the last bit that is compared


def sizes(rng, count, low=2, high=9):
    """Distinct sizes, so that no two axes can be confused."""
    return [int(n) for n in rng.permutation(np.arange(low, high))[:count]]


def new_cell(student, D, H, **options):
    """The student's cell with its own start; `given` turns stubs into "to do"."""
    options = {"rng": np.random.default_rng(0), **options}
    cell = given(student.LSTMCell(D, H, **options), "LSTMCell")
    for name in NAMES:
        given(getattr(cell, name), f"LSTMCell's {name}", Parameter, (H,) if name.startswith("b") else (H + D, H))
    return cell


def written_cell(student, rng, D, H, **options):
    """The student's cell with parameters from rng, all of them away from zero and from symmetry."""
    cell = new_cell(student, D, H, **options)
    for k in GATES:
        getattr(cell, f"W_{k}").data[...] = rng.normal(size=(H + D, H)) / np.sqrt(H + D)
        getattr(cell, f"b_{k}").data[...] = 0.7 * rng.normal(size=H)
    return cell


def fixed(cell, **biases):
    """Make gates constant: their weights zero, their bias as given."""
    for k, bias in biases.items():
        getattr(cell, f"W_{k}").data[...] = 0
        getattr(cell, f"b_{k}").data[...] = bias
    return cell


def pair(state, what, shape):
    """A state (h, c), both of this shape, or "to do"."""
    h, c = given(state, what, tuple, (2,))
    return given(h, f"the h of {what}", Tensor, shape), given(c, f"the c of {what}", Tensor, shape)


def start_of(cell, B):
    return pair(cell.initial_state(B), "LSTMCell's initial_state", (B, *cell.b_f.shape))


def step(cell, x, h, c):
    """One step of a cell from states given as arrays or Tensors."""
    h, c = (s if isinstance(s, Tensor) else Tensor(s) for s in (h, c))
    return pair(cell(x if isinstance(x, Tensor) else Tensor(x), (h, c)), "LSTMCell's __call__", h.shape)


def one_step(rng, B, D, H):
    """x, h and c for one step."""
    return rng.normal(size=(B, D)), rng.uniform(-0.9, 0.9, (B, H)), 1.5 * rng.normal(size=(B, H))


def gradient(leaf):
    """A leaf's gradient; zeros where none arrived."""
    return np.zeros(leaf.shape) if leaf.grad is None else leaf.grad


def values_of(leaf):
    """The array of a Tensor, or of what is one already."""
    return leaf.data if isinstance(leaf, Tensor) else leaf


def truth(*answers):
    """Yes and no."""
    return np.array([bool(a) for a in answers])


def some(*arrays):
    """Whether any array holds anything: shapes, and what is left alone, are asked of an answer, not of zeros."""
    return truth(any(np.any(values_of(a)) for a in arrays))


def kind(array):
    """Ones in an array's shape and dtype: these alone are asked for."""
    return np.ones_like(values_of(array))


def raises(error, call):
    """1.0 if the call raises this error, else 0.0. Other errors pass through."""
    try:
        call()
    except error:
        return 1.0
    return 0.0


# --- lstm-cell -----------------------------------------------------------------------------------

PARAMETERS = (
    "The parameters are `W_f`, `W_i`, `W_c`, `W_o` (H + D, H) and `b_f`, `b_i`, `b_c`, `b_o` (H,) in `dtype`; "
    "`initial_state(B)` is a tuple of zeros (B, H), for h and for c, in that dtype."
)
START = (
    "In each W, the H rows on top, which meet h, start orthogonal, and the D rows below, which meet x, "
    "as Glorot draws them for (D, H); every gate draws its own, from `rng`."
)
BIASES = "The biases start at zero, except `b_f`, which starts at `forget_bias`."
GATE = "The gates f, i and o are σ([h, x] W + b), each with its own W and b, and h comes before x."
MEMORY = "The new c is f ⊙ c + i ⊙ g with the candidate g = activation([h, x] W_c + b_c)."
OUTPUT = "The new h is o ⊙ activation(new c); what is returned is the tuple (new h, new c), in that order."
ACTIVATION = "The activation that the cell was given serves both, the candidate and the output."
PURE = (
    "What a step gives depends on x, the state that it is given and the parameters alone, "
    "and `initial_state(B)` on B: a cell keeps nothing from one call to the next."
)
REACHES = (
    "The gradient reaches every parameter, every input, the first h and the first c, "
    "whether the loss looks at the h or at the c."
)


@check(exercise="lstm-cell", says=PARAMETERS)
def shapes(student, rng):
    B, D, H = sizes(rng, 3, 3, 40)
    cell, single = new_cell(student, D, H), new_cell(student, D, H, dtype=np.float32)
    h, c = start_of(cell, B)
    x = rng.normal(size=(B, D))
    new_h, new_c = step(cell, x, h, c)
    first = start_of(single, B)
    new = step(single, x.astype(np.float32), *first)
    return {
        **{f"shape of {name}": np.array(getattr(cell, name).shape) for name in NAMES},
        "sizes of parameters()": np.sort([p.data.size for p in cell.parameters()]),
        "first h": h,
        "first c": c,
        "shape of the new h": np.array(new_h.shape),
        "shape of the new c": np.array(new_c.shape),
        "the first state is a tuple": truth(isinstance(cell.initial_state(B), tuple)),
        **{f"ones like the first {name}, float32": kind(s) for name, s in zip("hc", first, strict=True)},
        **{f"ones like the new {name}, float32": kind(s) for name, s in zip("hc", new, strict=True)},
        "not all zeros": some(*(getattr(cell, f"W_{k}") for k in GATES), new_h, new_c),
    }


@check(exercise="lstm-cell", says=PURE)
def keeps_nothing(student, rng):
    """One cell: two first states, and one step before and after a step from another state."""
    B, more, D, H = sizes(rng, 4)
    cell = new_cell(student, D, H)
    starts = [start_of(cell, batch)[0].shape for batch in (B, more)]
    x, a, b = rng.normal(size=(B, D)), *(rng.normal(size=(2, B, H)) for _ in range(2))
    before, _, after = (step(cell, x, *state) for state in (a, b, a))
    return {
        "shapes of two first states": np.array(starts),
        "the same step gives the same": truth(*(np.allclose(s.data, t.data, equal_nan=True) for s, t in zip(before, after, strict=True))),
        "not all zeros": some(*before),
    }


@check(exercise="lstm-cell", weight=2, says=START)
def start(student, rng):
    (D, H), seed = sizes(rng, 2, 8, 30), int(rng.integers(2**31))
    cell, same, other = (new_cell(student, D, H, rng=np.random.default_rng(s)) for s in (seed, seed, seed + 1))
    drawn = [[getattr(c, f"W_{k}").data for k in GATES] for c in (cell, same, other)]
    return {
        **{f"W_{k}[:H] @ W_{k}[:H].T": W[:H] @ W[:H].T for k, W in zip(GATES, drawn[0], strict=True)},
        "one rng, one start": truth(*map(np.allclose, drawn[0], drawn[1])),
        "another rng, another start": truth(*(not np.allclose(a, b) for a, b in zip(drawn[0], drawn[2], strict=True))),
    }


@check(exercise="lstm-cell", says=BIASES)
def biases(student, rng):
    D, H = sizes(rng, 2, 3, 20)
    usual, other = new_cell(student, D, H), new_cell(student, D, H, forget_bias=float(rng.uniform(2, 5)))
    return {
        **{f"b_{k}": getattr(usual, f"b_{k}") for k in GATES},
        **{f"b_{k}, another forget_bias": getattr(other, f"b_{k}") for k in GATES},
    }


@check(exercise="lstm-cell", weight=3, says=GATE)
def forget_gate(student, rng):
    """Nothing is put on, so the new c is f ⊙ c."""
    B, D, H = sizes(rng, 3)
    cell = fixed(written_cell(student, rng, D, H), i=-OPEN, c=0.0)
    _, c = step(cell, *one_step(rng, B, D, H))
    return {"new c when i = g = 0": c}


@check(exercise="lstm-cell", weight=3, says=GATE)
def input_gate(student, rng):
    """The candidate is one and the old c zero, so the new c is i."""
    B, D, H = sizes(rng, 3)
    cell = fixed(written_cell(student, rng, D, H), c=OPEN)
    x, h, c = one_step(rng, B, D, H)
    _, c = step(cell, x, h, 0 * c)
    return {"new c when g = 1 and c = 0": c}


@check(exercise="lstm-cell", weight=3, says=GATE, atol=1e-6)
def output_gate(student, rng):
    """f is one and i zero, so c stays; it is so small that tanh changes nothing, and h / c is o."""
    B, D, H = sizes(rng, 3)
    cell = fixed(written_cell(student, rng, D, H), f=OPEN, i=-OPEN, c=0.0)
    x, h, c = one_step(rng, B, D, H)
    h, _ = step(cell, x, h, np.full_like(c, 1e-3))
    return {"1000 times the new h when the new c = 0.001": h * 1000.0}


@check(exercise="lstm-cell", weight=3, says=MEMORY)
def candidate(student, rng):
    """i is one and the old c zero, so the new c is g."""
    B, D, H = sizes(rng, 3)
    cell = fixed(written_cell(student, rng, D, H), i=OPEN)
    x, h, c = one_step(rng, B, D, H)
    _, c = step(cell, x, h, 0 * c)
    return {"new c when i = 1 and c = 0": c}


@check(exercise="lstm-cell", says=ACTIVATION)
def other_candidate(student, rng):
    """As before, with relu."""
    B, D, H = sizes(rng, 3)
    cell = fixed(written_cell(student, rng, D, H, activation=relu), i=OPEN)
    x, h, c = one_step(rng, B, D, H)
    _, c = step(cell, x, h, 0 * c)
    return {"new c when i = 1 and c = 0, with relu": c}


@check(exercise="lstm-cell", weight=2, says=OUTPUT)
def shown_part(student, rng):
    """All gates and the candidate are one, so the new c is c + 1 and the new h is tanh(c + 1)."""
    B, D, H = sizes(rng, 3)
    cell = fixed(written_cell(student, rng, D, H), f=OPEN, i=OPEN, c=OPEN, o=OPEN)
    x, h, c = one_step(rng, B, D, H)
    h, _ = step(cell, x, h, c)
    return {"new h when f = i = g = o = 1": h}


@check(exercise="lstm-cell", weight=2, says=OUTPUT)
def by_hand(student, rng):
    cell = new_cell(student, 1, 1)
    for name in NAMES:
        parameter = getattr(cell, name)
        parameter.data[...] = rng.uniform(0.2, 0.9, parameter.shape).round(2)
    first = step(cell, np.ones((1, 1)), *start_of(cell, 1))
    second = step(cell, np.zeros((1, 1)), *first)
    return {
        "a tuple": truth(isinstance(cell(Tensor(np.ones((1, 1))), start_of(cell, 1)), tuple)),
        "h after reading 1": first[0],
        "c after reading 1": first[1],
        "h after reading 1, 0": second[0],
        "c after reading 1, 0": second[1],
    }


@check(exercise="lstm-cell", weight=3, says=REACHES)
def one_step_gradients(student, rng):
    B, D, H = sizes(rng, 3)
    cell = written_cell(student, rng, D, H)
    x, h0, c0 = (Tensor(a, requires_grad=True) for a in one_step(rng, B, D, H))
    h, c = step(cell, x, h0, c0)
    (h * rng.normal(size=(B, H)) + c * rng.normal(size=(B, H))).sum().backward()
    leaves = {**{name: getattr(cell, name) for name in NAMES}, "x": x, "h0": h0, "c0": c0}
    return {f"{name}.grad": gradient(leaf) for name, leaf in leaves.items()}


# --- windows -------------------------------------------------------------------------------------

WINDOW_SHAPES = "For a series (N, D), x is (N − length, length, D) and y is (N − length, D), both in the series' dtype."
WINDOW_VALUES = (
    "`x[n]` is `series[n : n + length]` and `y[n]` is the step that follows it: "
    "no answer stands in its own window, and none comes later than it must."
)
WINDOW_ALL = "Every window that has a next step is there, in order of time, also the last one."
WINDOW_SHORT = "A series with no such window (N ≤ length) raises ValueError."
WINDOW_OWN = "x and y are arrays of their own: writing into them leaves the series as it was."


def cut(student, series, length):
    """x and y of the student's windows, or "to do"."""
    x, y = given(student.windows(series, length), "windows", tuple, (2,))
    count, D = len(series) - length, series.shape[1]
    x = given(x, "the x of windows", np.ndarray, (count, length, D))
    return x, given(y, "the y of windows", np.ndarray, (count, D))


@check(exercise="windows", says=WINDOW_SHAPES)
def window_shapes(student, rng):
    D, length, more = sizes(rng, 3, 2, 12)
    series = rng.normal(size=(length + more, D))
    x, y = cut(student, series, length)
    single = dict(zip("xy", cut(student, series.astype(np.float32), length), strict=True))
    return {
        "shape of x": np.array(np.shape(x)),
        "shape of y": np.array(np.shape(y)),
        **{f"ones like {name}, float32": kind(a) for name, a in single.items()},
        "not all zeros": some(x, y),
    }


@check(exercise="windows", weight=2, says=WINDOW_VALUES)
def first_windows(student, rng):
    D, length, more = sizes(rng, 3, 3, 8)
    x, y = cut(student, rng.normal(size=(length + more, D)), length)
    return {"x[0]": x[0], "y[0]": y[0], "x[1]": x[1], "y[1]": y[1]}


@check(exercise="windows", says=WINDOW_ALL)
def tiny_windows(student, rng):
    first = int(rng.integers(10, 90))
    x, y = cut(student, np.arange(first, first + 5.0)[:, None], 2)
    return {"x": x, "y": y}


@check(exercise="windows", says=WINDOW_SHORT)
def short_series(student, rng):
    length = int(rng.integers(3, 9))
    x, _ = cut(student, rng.normal(size=(length + 2, 2)), length)
    return {
        "N = length raises": truth(raises(ValueError, lambda: cut(student, np.zeros((length, 2)), length))),
        "N = length - 2 raises": truth(raises(ValueError, lambda: cut(student, np.zeros((length - 2, 2)), length))),
        "x[0] of a longer one": x[0],
    }


@check(exercise="windows", says=WINDOW_OWN)
def own_arrays(student, rng):
    series = rng.normal(size=(8, 2))
    x, y = cut(student, series, 3)
    held = some(x, y)
    x[...] = 7.0
    y[...] = 8.0
    return {"series afterwards": series, "x": x[0], "y": y[0], "not all zeros": held}


# --- standardise ---------------------------------------------------------------------------------

SCALED_SHAPES = "It returns a tuple: train, then the others in their order, each of its own shape (N, D) and in its own dtype."
SCALED_TRAIN = "Each column of train ends with mean 0 and standard deviation 1 (NumPy's `std`, which divides by N)."
SCALED_OTHERS = (
    "The others are shifted and scaled by train's numbers, not by their own: "
    "nothing about a test split decides how anything is scaled."
)
SCALED_CONSTANT = (
    "A column that is constant in train has no spread to divide by, even where rounding makes its `std` 1e-17: "
    "it is shifted and not scaled. Any other column is scaled, however small its spread."
)
SCALED_SAME = "The arrays that come in stay as they were."


def scaled(student, *series):
    """The student's standardised series as a list, or "to do"."""
    got = given(student.standardise(*series), "standardise", tuple, (len(series),))
    return [given(s, "standardise") for s in got]


def measured(rng, N, D):
    """A series whose columns have means and spreads of their own."""
    return rng.uniform(2, 9, D) + rng.uniform(0.5, 4, D) * rng.normal(size=(N, D))


@check(exercise="standardise", says=SCALED_SHAPES)
def a_tuple(student, rng):
    D, *lengths = sizes(rng, 4, 3, 20)
    got = given(student.standardise(*(measured(rng, N, D) for N in lengths)), "standardise")
    alone = given(student.standardise(measured(rng, lengths[0], D)), "standardise")
    single = scaled(student, *(measured(rng, N, D).astype(np.float32) for N in lengths[:2]))
    return {
        "tuples": truth(isinstance(got, tuple), isinstance(alone, tuple)),
        "how many": np.array([len(got), len(alone)]),
        "shapes": np.array([np.shape(s) for s in got]),
        **{f"ones like number {i}, float32": kind(s) for i, s in enumerate(single)},
        "not all zeros": some(*got),
    }


@check(exercise="standardise", weight=2, says=SCALED_TRAIN)
def train_columns(student, rng):
    N, D = sizes(rng, 2, 5, 12)
    return {"train": scaled(student, measured(rng, N, D))[0]}


@check(exercise="standardise", weight=2, says=SCALED_OTHERS)
def test_by_train(student, rng):
    N, M, D = sizes(rng, 3, 4, 12)
    return {"test": scaled(student, measured(rng, N, D), 3 + 2 * measured(rng, M, D))[1]}


@check(exercise="standardise", says=SCALED_CONSTANT)
def constant_column(student, rng):
    train, test = measured(rng, 7, 4), measured(rng, 5, 4)
    train[:, 1] = float(rng.integers(2, 9))
    train[:, 2] = 0.1
    train, test = scaled(student, train, test)
    return {"train": train, "test": test}


@check(exercise="standardise", says=SCALED_SAME)
def arguments_afterwards(student, rng):
    train, test = measured(rng, 6, 2), measured(rng, 5, 2)
    got = scaled(student, train, test)
    return {"train afterwards": train, "test afterwards": test, "not all zeros": some(*got)}


# --- forecaster ----------------------------------------------------------------------------------

FORECAST = (
    "`model(x)` for x (B, T, D) is (B, out_features): the linear layer `head` "
    "on the h after the last step, whatever cell makes it."
)
OWNS = (
    "`model.cell` is the cell it was given and `model.head` a `Linear(cell.hidden_size, out_features)`; "
    "`parameters()` has those of the two and no others."
)
FRESH = "Every call starts from the cell's initial state: nothing is carried over from the batch before."
FLOWS = "The gradient reaches head and cell, and x at every step."


class Conveyor(Module):
    """A stand-in cell with state (h, c): c keeps a share of itself and adds what is read; h is tanh(c)."""

    def __init__(self, rng, D, H):
        self.hidden_size = H
        self.keep = Parameter(rng.uniform(0.3, 0.9, H))
        self.read = Parameter(rng.normal(size=(D, H)) / np.sqrt(D))

    def initial_state(self, batch):
        zeros = np.zeros((batch, self.hidden_size))
        return Tensor(zeros), Tensor(zeros + 0.5)

    def __call__(self, x, state):
        _, c = state
        c = c * self.keep + x @ self.read
        return tanh(c), c


def forecaster(student, rng, cell, K):
    """The student's forecaster around a stand-in cell, its head written from rng."""
    model = given(student.Forecaster(cell, K), "Forecaster")
    head = given(model.head, "Forecaster's head")
    head.W.data[...] = rng.normal(size=(cell.hidden_size, K))
    head.b.data[...] = rng.normal(size=K)
    return model


def forecast(model, x):
    return given(model(x), "Forecaster's __call__", Tensor, (len(x), *model.head.b.shape))


@check(exercise="forecaster", says=FORECAST)
def forecast_shape(student, rng):
    B, T, D, H, K = sizes(rng, 5, 2, 12)
    model = forecaster(student, rng, Conveyor(rng, D, H), K)
    y = forecast(model, rng.normal(size=(B, T, D)))
    return {"shape of model(x)": np.array(y.shape), "not all zeros": some(y)}


@check(exercise="forecaster", says=OWNS)
def owns(student, rng):
    D, H, K = sizes(rng, 3, 3, 20)
    cell = Conveyor(rng, D, H)
    model = forecaster(student, rng, cell, K)
    return {
        "cell is the one given": truth(model.cell is cell),
        "shape of head.W": np.array(model.head.W.shape),
        "sizes of parameters()": np.sort([p.data.size for p in model.parameters()]),
        "not all zeros": some(forecast(model, rng.normal(size=(2, 3, D)))),
    }


@check(exercise="forecaster", weight=2, says=FORECAST)
def forecast_values(student, rng):
    B, T, D, H, K = sizes(rng, 5)
    model = forecaster(student, rng, Conveyor(rng, D, H), K)
    return {"model(x)": forecast(model, rng.normal(size=(B, T, D)))}


@check(exercise="forecaster", says=FRESH)
def called_twice(student, rng):
    B, T, D, H, K = sizes(rng, 5)
    model = forecaster(student, rng, Conveyor(rng, D, H), K)
    x = rng.normal(size=(B, T, D))
    first = forecast(model, x)
    return {"first call": first, "second call less first": forecast(model, x).data - first.data,
            "one row": forecast(model, x[:1])}


@check(exercise="forecaster", says=FLOWS)
def forecast_gradients(student, rng):
    B, T, D, H, K = sizes(rng, 5)
    cell = Conveyor(rng, D, H)
    model = forecaster(student, rng, cell, K)
    (forecast(model, rng.normal(size=(B, T, D))) * rng.normal(size=(B, K))).sum().backward()
    return {"head.W.grad": gradient(model.head.W), "head.b.grad": gradient(model.head.b)}


# --- learned -------------------------------------------------------------------------------------
# The task's own map comes first from the rng, so that the replay can draw it again. What follows,
# starting weights and batches, belongs to the training alone; the replay has data of its own.

ORDER = "Order is learned: which of XX, XY, YX, YY came among 24 symbols, right in at least 97 of 100 sequences."
REBER = "Reber is learned: the last symbol but one repeats the second, right in at least 97 of 100 strings."
SERIES = "The series is learned: the squared error on a fresh stretch is at most 7 % of that of persistence."
CELL = (
    "lstm-cell.by-hand",
    "lstm-cell.one-step-gradients",
    "lstm-cell.through-h",
    "lstm-cell.through-c",
    "lstm-cell.masked-sequence",
)
MODEL = (*CELL, "forecaster.forecast-values", "forecaster.called-twice", "forecaster.all-gradients")
WINDOW = 20  # steps that the forecaster sees
LENGTHS = {"train": 600, "fresh": 300}


class Reader(Module):
    """A cell over time and a linear layer on every h."""

    def __init__(self, cell, K):
        self.recurrent, self.head = Recurrent(cell), Linear(cell.hidden_size, K)
        self.cell = cell

    def __call__(self, x, mask=None):
        return self.head(self.recurrent(x, mask=mask)[0])


def arrays_of(model):
    """The parameters of a model with a cell and a head, by name."""
    return {**{name: getattr(model.cell, name) for name in NAMES}, "V": model.head.W, "d": model.head.b}


def write(model, arrays):
    for name, parameter in arrays_of(model).items():
        parameter.data[...] = arrays[name]
    return model


def turned(rng, n):
    """A random orthogonal matrix (n, n)."""
    q, r = np.linalg.qr(rng.normal(size=(n, n)))
    return q * np.sign(np.diag(r))


def starting_weights(rng, D, H, K):
    """Orthogonal above Glorot, biases 0 and 1: the same start whatever the student's own is."""
    x_limit, v_limit = np.sqrt(6 / (D + H)), np.sqrt(6 / (H + K))
    start = {f"W_{k}": np.concatenate([turned(rng, H), rng.uniform(-x_limit, x_limit, (D, H))]) for k in GATES}
    start |= {f"b_{k}": np.full(H, float(k == "f")) for k in GATES}
    return {**start, "V": rng.uniform(-v_limit, v_limit, (H, K)), "d": np.zeros(K)}


def trained(model, draw, loss, error, lr, stop, budget):
    """Train with Adam until the error on fresh data is at most `stop`; the parameters."""
    optimizer = Adam(model.parameters(), lr=lr)
    for update in range(1, budget + 1):
        optimizer.zero_grad()
        loss(model, draw(32)).backward()
        optimizer.step()
        if update % 20 == 0 and error(model, draw(200)) <= stop:
            break
    return {name: parameter.data for name, parameter in arrays_of(model).items()}


def order_map(rng):
    """Temporal order in symbols and classes of the task's own."""
    code, names = turned(rng, 6), rng.permutation(4)

    def draw(rng, size):
        batch = memory.order(rng, size)
        return type(batch)(batch.x @ code, names[batch.y])

    return draw


def order_loss(model, batch):
    return cross_entropy(model(batch.x)[:, -1], batch.y)


def order_error(model, batch):
    with no_grad():
        return float((model(batch.x).data[:, -1].argmax(axis=1) != batch.y).mean())


def reber_map(rng):
    """Reber strings in symbols of the task's own, for what is read and for what is said."""
    code, names = turned(rng, 7), rng.permutation(7)

    def draw(rng, size):
        batch = memory.reber(rng, size)
        return type(batch)(batch.x @ code, names[batch.y], batch.mask)

    return draw


def reber_loss(model, batch):
    return cross_entropy(model(batch.x, batch.mask), batch.y, batch.mask)


def reber_error(model, batch):
    """The share of wrong answers where the second symbol must be repeated."""
    with no_grad():
        wrong = model(batch.x, batch.mask).data.argmax(axis=-1) != batch.y
    return float(wrong[memory.reber_closing(batch.mask)].mean())


def series_map(rng):
    """Two waves with periods of the task's own, seen in three mixtures of the task's own."""
    periods = float(rng.uniform(6, 10)), float(rng.uniform(16, 25))
    angle = rng.uniform(0, 2 * np.pi) + np.pi / 3 * np.arange(3)
    mix = np.stack([np.cos(angle), np.sin(angle)])
    spread = np.sqrt((mix**2).sum(axis=0) / 2)

    def draw(rng, steps):
        series = memory.waves(rng, steps, mix, periods, noise=0.02) / spread
        starts = np.arange(steps - WINDOW)[:, None] + np.arange(WINDOW)
        return memory.Batch(series[starts], series[WINDOW:])

    return draw


def series_loss(model, batch):
    return mse(model(batch.x), batch.y)


def against_persistence(model, batch):
    """The squared error as a share of that of saying the last step again."""
    with no_grad():
        error = np.mean((model(batch.x).data - batch.y) ** 2)
    return float(error / np.mean((batch.x[:, -1] - batch.y) ** 2))


def reader_replay(draw_map, error, D, H, K):
    def replay(solution, parameters, rng, held_out):
        draw = draw_map(rng)
        model = write(Reader(new_cell(solution, D, H), K), parameters)
        return 1 - error(model, draw(held_out, 500))

    return replay


def series_replay(solution, parameters, rng, held_out):
    draw = series_map(rng)
    model = write(solution.Forecaster(new_cell(solution, 3, 24), 3), parameters)
    return 1 - against_persistence(model, draw(held_out, 600))


@check(
    exercise="learned", weight=5, says=ORDER, cpu=8.0, threshold=0.97,
    needs=CELL, replay=reader_replay(order_map, order_error, 6, 32, 4),
)
def order(student, rng):
    draw = order_map(rng)
    model = write(Reader(new_cell(student, 6, 32), 4), starting_weights(rng, 6, 32, 4))
    return trained(model, lambda n: draw(rng, n), order_loss, order_error, 0.005, 0.005, 400)


@check(
    exercise="learned", weight=5, says=REBER, cpu=8.0, threshold=0.97,
    needs=CELL, replay=reader_replay(reber_map, reber_error, 7, 24, 7),
)
def reber(student, rng):
    draw = reber_map(rng)
    model = write(Reader(new_cell(student, 7, 24), 7), starting_weights(rng, 7, 24, 7))
    return trained(model, lambda n: draw(rng, n), reber_loss, reber_error, 0.02, 0.005, 600)


@check(
    exercise="learned", weight=5, says=SERIES, cpu=8.0, threshold=0.93, needs=MODEL, replay=series_replay,
    baseline=1.0,
)
def series(student, rng):
    draw = series_map(rng)
    model = given(student.Forecaster(new_cell(student, 3, 24), 3), "Forecaster")
    write(model, starting_weights(rng, 3, 24, 3))
    known = draw(rng, 600)

    def sample(n):
        return known[rng.integers(0, len(known), 16)] if n == 32 else draw(rng, 300)

    return trained(model, sample, series_loss, against_persistence, 0.01, 0.05, 400)
