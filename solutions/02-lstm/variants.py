"""Right work written otherwise: every check must pass on each of these."""

from minigrad.checks import Variant

START = "input_size, hidden_size, *, activation=tanh, rng=None, dtype=np.float64, forget_bias=1.0"

JOINED_CELL = f'''
class LSTMCell(Module):
    """All four products at once, cut into their parts afterwards."""

    def __init__(self, {START}):
        super().__init__()
        self.hidden_size, self.activation = hidden_size, activation
        rng = rng if rng is not None else np.random.default_rng()
        for k in "ocif":
            rows = [init.orthogonal((hidden_size, hidden_size), rng, dtype), init.glorot((input_size, hidden_size), rng, dtype)]
            setattr(self, f"W_{{k}}", Parameter(np.concatenate(rows, axis=0)))
            setattr(self, f"b_{{k}}", Parameter(np.full((hidden_size,), forget_bias if k == "f" else 0.0, dtype)))

    def initial_state(self, batch):
        return np.zeros((batch, self.hidden_size), self.b_o.dtype), np.zeros((batch, self.hidden_size), self.b_o.dtype)

    def __call__(self, x, state):
        H = self.hidden_size
        a = concatenate(list((state[0], x)), axis=1) @ concatenate([self.W_i, self.W_f, self.W_o, self.W_c], axis=1)
        a = a + concatenate([self.b_i, self.b_f, self.b_o, self.b_c])
        switches = sigmoid(a[:, : 3 * H])
        c = switches[:, H : 2 * H] * state[1] + switches[:, :H] * self.activation(a[:, 3 * H :])
        return switches[:, 2 * H :] * self.activation(c), c
'''

SPLIT_CELL = f'''
class LSTMCell(Module):
    """h and x apart, each with its rows of W; a method for every gate."""

    def __init__(self, {START}):
        self.hidden_size, self.act, self.D = hidden_size, activation, input_size
        self.rng, self.dtype = rng or np.random.default_rng(), dtype
        self.W_f, self.b_f = self.pair(forget_bias)
        self.W_i, self.b_i = self.pair()
        self.W_c, self.b_c = self.pair()
        self.W_o, self.b_o = self.pair()

    def pair(self, bias=0.0):
        H, D = self.hidden_size, self.D
        W = np.empty((H + D, H), self.dtype)
        W[H:] = init.glorot((D, H), self.rng, self.dtype)
        W[:H] = init.orthogonal((H, H), self.rng, self.dtype)
        return Parameter(W), Parameter(bias * np.ones(H, self.dtype))

    def initial_state(self, batch):
        def zero():
            return Tensor(np.zeros((batch, self.hidden_size), self.W_o.dtype))

        return zero(), zero()

    def mix(self, x, h, W, b):
        H = self.hidden_size
        return x @ W[H:] + (h @ W[:H] + b)

    def forward(self, x, state):
        h, old = state
        forget = sigmoid(self.mix(x, h, self.W_f, self.b_f))
        write = sigmoid(self.mix(x, h, self.W_i, self.b_i))
        new = write * self.act(self.mix(x, h, self.W_c, self.b_c)) + old * forget
        return self.act(new) * sigmoid(self.mix(x, h, self.W_o, self.b_o)), new

    def __call__(self, *inputs):
        return self.forward(*inputs)
'''

OWN_START_CELL = f'''
def _orthogonal(n, rng):
    u, _, v = np.linalg.svd(rng.standard_normal((n, n)))
    return u @ v

class LSTMCell(Module):
    """Draws its own numbers, uniform, and writes sigmoid with tanh."""

    def __init__(self, {START}):
        rng = rng or np.random.default_rng()
        limit = (6 / (input_size + hidden_size)) ** 0.5
        self.hidden_size, self.activation, self.dtype = hidden_size, activation, dtype

        def draw():
            top = _orthogonal(hidden_size, rng)
            return Parameter(np.r_[top, rng.uniform(-limit, limit, (input_size, hidden_size))].astype(dtype))

        self.W_c = draw()
        self.W_o = draw()
        self.W_f = draw()
        self.W_i = draw()
        zero = np.zeros(hidden_size, dtype)
        self.b_f, self.b_i, self.b_c, self.b_o = Parameter(zero + forget_bias), Parameter(zero), Parameter(zero), Parameter(zero)

    def initial_state(self, batch):
        return tuple(Tensor(np.zeros((2, batch, self.hidden_size), self.dtype)[k]) for k in (0, 1))

    def __call__(self, x, state):
        def soft(a):
            return tanh(a * 0.5) * 0.5 + 0.5

        h, c = state
        hx = concatenate([h, x], axis=-1)
        c = soft(hx @ self.W_f + self.b_f) * c + soft(hx @ self.W_i + self.b_i) * self.activation(hx @ self.W_c + self.b_c)
        h = soft(hx @ self.W_o + self.b_o) * self.activation(c)
        return h, c
'''

NORMAL_START_CELL = f'''
class Gate(Module):
    """One gate: a matrix and a bias, drawn from normal distributions."""

    def __init__(self, D, H, f, bias, rng, dtype):
        q, r = np.linalg.qr(rng.normal(size=(H, H)))
        x_rows = rng.normal(size=(D, H)) * np.sqrt(2 / (D + H))
        self.f, self.W = f, Parameter(np.vstack([q * np.sign(np.diag(r)), x_rows]).astype(dtype))
        self.b = Parameter(np.repeat(bias, H).astype(dtype))

    def forward(self, hx):
        return self.f(hx @ self.W + self.b)

class LSTMCell(Module):
    """Gates are modules of their own; the names that the course asks for point into them."""

    def __init__(self, {START}):
        rng = np.random.default_rng() if rng is None else rng
        self.hidden_size, self.activation = hidden_size, activation
        sizes = input_size, hidden_size
        self.forget = Gate(*sizes, sigmoid, forget_bias, rng, dtype)
        self.write = Gate(*sizes, sigmoid, 0.0, rng, dtype)
        self.offer = Gate(*sizes, activation, 0.0, rng, dtype)
        self.show = Gate(*sizes, sigmoid, 0.0, rng, dtype)
        self.W_f, self.W_i, self.W_c, self.W_o = self.forget.W, self.write.W, self.offer.W, self.show.W
        self.b_f, self.b_i, self.b_c, self.b_o = self.forget.b, self.write.b, self.offer.b, self.show.b

    def initial_state(self, batch):
        h = Tensor(np.zeros((batch, self.hidden_size), self.W_f.dtype))
        return h, h * 1

    def __call__(self, x, state):
        hx = concatenate([state[0], x], axis=1)
        c = self.forget(hx) * state[1] + self.write(hx) * self.offer(hx)
        return self.show(hx) * self.activation(c), c
'''

VIEW_WINDOWS = '''
def windows(series, length):
    """NumPy's own sliding windows, copied; it puts the window's axis last."""
    if len(series) <= length:
        raise ValueError("no window has a next step")
    view = np.lib.stride_tricks.sliding_window_view(series, length, axis=0)
    return view[:-1].swapaxes(1, 2).copy(), np.array(series[length:])
'''

INDEX_WINDOWS = '''
def windows(series, length):
    """One fancy index."""
    N = series.shape[0]
    if N - length < 1:
        raise ValueError(f"{N=} {length=}")
    index = np.add.outer(np.arange(N - length), np.arange(length + 1))
    both = series[index]
    return both[:, :-1], both[:, -1]
'''

FILLED_WINDOWS = '''
def windows(series, length):
    """Arrays made first and filled in a loop, from the last window to the first."""
    N, D = series.shape
    if not length < N:
        raise ValueError("the series is too short")
    x, y = np.zeros((N - length, length, D), series.dtype), np.zeros((N - length, D), series.dtype)
    for n in reversed(range(N - length)):
        for k in range(length):
            x[n, k] = series[n + k]
        y[n] = series[n + length]
    return x, y
'''

SHIFTED_WINDOWS = '''
def windows(series, length):
    """One column of all windows at a time: the series, shifted."""
    rest = len(series) - length
    if rest <= 0:
        raise ValueError("no windows")
    return np.stack([series[k : k + rest] for k in range(length)], axis=1), series[length:] + 0
'''

WHERE_SCALING = '''
def standardise(train, *others):
    """Written with where, and a generator in a function."""
    mean, std = np.mean(train, 0, keepdims=True), np.std(train, 0, keepdims=True)
    std = np.where(np.ptp(train, 0, keepdims=True) == 0.0, np.ones_like(std), std)

    def scale(series):
        return ((series - mean) / std).astype(series.dtype)

    return (scale(train), *map(scale, others))
'''

MOMENT_SCALING = '''
def standardise(*everything):
    """From centred squares; multiplies by the inverse."""
    train = everything[0]
    mean = train.sum(axis=0) / len(train)
    variance = ((train - mean) ** 2).sum(axis=0) / len(train)
    inverse = 1 / np.sqrt(np.where((train == train[0]).all(axis=0), 1, variance))
    return tuple([((part - mean) * inverse).astype(part.dtype) for part in everything])
'''

COLUMN_SCALING = '''
def standardise(train, *others):
    """Column by column, in copies."""
    out = [part.copy() for part in (train, *others)]
    for d in range(train.shape[1]):
        mean, std = train[:, d].mean(), train[:, d].std()
        for part in out:
            part[:, d] -= mean
            if std > 1e-12:
                part[:, d] /= std
    return tuple(out)
'''

STEPPING_FORECASTER = '''
class Forecaster(Module):
    """Its own loop over time."""

    def __init__(self, cell, out_features):
        super().__init__()
        self.cell = cell
        self.head = Linear(cell.hidden_size, out_features)

    def forward(self, x):
        x = x if isinstance(x, Tensor) else Tensor(np.asarray(x))
        state = self.cell.initial_state(x.shape[0])
        for t in range(x.shape[1]):
            state = self.cell(x[:, t, :], state)
        if isinstance(state, tuple):
            state, *_ = state
        return self.head(state)
'''

STATE_FORECASTER = '''
class Forecaster(Module):
    """Reads h from the last state."""

    def __init__(self, cell, out_features):
        self.recurrent = Recurrent(cell)
        self.cell = cell
        self.head = Linear(cell.hidden_size, out_features)

    def __call__(self, x):
        _, state = self.recurrent(x)
        h = state[0] if type(state) is tuple else state
        return h @ self.head.W + self.head.b
'''

EVERY_STEP_FORECASTER = '''
class Forecaster(Module):
    """A forecast at every step, of which the last is wanted."""

    def __init__(self, cell, out_features):
        self.head = Linear(in_features=cell.hidden_size, out_features=out_features)
        self.cell = cell

    def __call__(self, x):
        every = self.head(Recurrent(self.cell)(x)[0])
        return every[:, every.shape[1] - 1, :]
'''

VARIANTS = [
    Variant("joined-cell", {"lstm-cell": JOINED_CELL}),
    Variant("split-cell", {"lstm-cell": SPLIT_CELL}),
    Variant("own-start-cell", {"lstm-cell": OWN_START_CELL}),
    Variant("normal-start-cell", {"lstm-cell": NORMAL_START_CELL}),
    Variant("view-windows", {"windows": VIEW_WINDOWS}),
    Variant("index-windows", {"windows": INDEX_WINDOWS}),
    Variant("filled-windows", {"windows": FILLED_WINDOWS, "standardise": COLUMN_SCALING}),
    Variant("shifted-windows", {"windows": SHIFTED_WINDOWS, "standardise": MOMENT_SCALING}),
    Variant("where-scaling", {"standardise": WHERE_SCALING}),
    Variant("stepping-forecaster", {"forecaster": STEPPING_FORECASTER}),
    Variant("state-forecaster", {"forecaster": STATE_FORECASTER}),
    Variant(
        "all-at-once",
        {
            "lstm-cell": JOINED_CELL,
            "windows": VIEW_WINDOWS,
            "standardise": COLUMN_SCALING,
            "forecaster": EVERY_STEP_FORECASTER,
        },
    ),
]
