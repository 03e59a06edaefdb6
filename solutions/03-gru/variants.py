"""Right work written otherwise: every check must pass on each of these."""

from minigrad.checks import Variant

SPLIT_CELL = '''
class GRUCell(Module):
    """Rows of h and of x apart; the mixture as a step towards the candidate."""

    def __init__(self, input_size, hidden_size, *, activation=tanh, rng=None, dtype=np.float64, update_bias=0.0):
        self.hidden_size, self.f = hidden_size, activation
        rng = rng if rng is not None else np.random.default_rng()
        D, H = input_size, hidden_size
        for gate in "zrh":
            W = np.empty((H + D, H), dtype)
            W[:H] = init.orthogonal((H, H), rng, dtype)
            W[H:] = init.glorot((D, H), rng, dtype)
            setattr(self, f"W_{gate}", Parameter(W))
            setattr(self, f"b_{gate}", Parameter(np.zeros(H, dtype)))
        self.b_z.data[...] += update_bias

    def initial_state(self, batch):
        return np.zeros((batch, self.hidden_size), self.b_h.dtype)

    def mixed(self, gate, h, x):
        W, b = getattr(self, f"W_{gate}"), getattr(self, f"b_{gate}")
        return h @ W[: self.hidden_size] + x @ W[self.hidden_size :] + b

    def __call__(self, x, h):
        z = sigmoid(self.mixed("z", h, x))
        r = sigmoid(self.mixed("r", h, x))
        new = self.f(self.mixed("h", r * h, x))
        return h + z * (new - h)
'''

JOINED_CELL = '''
class GRUCell(Module):
    """Both gates from one product, cut afterwards."""

    def __init__(self, input_size, hidden_size, *, activation=tanh, rng=None, dtype=np.float64, update_bias=0.0):
        super().__init__()
        rng = np.random.default_rng() if rng is None else rng
        self.input_size, self.hidden_size, self.activation = input_size, hidden_size, activation
        blocks = [
            np.vstack([init.orthogonal((hidden_size,) * 2, rng, dtype), init.glorot((input_size, hidden_size), rng, dtype)])
            for _ in range(3)
        ]
        self.W_h, self.W_r, self.W_z = (Parameter(block) for block in blocks)
        self.b_h, self.b_r = Parameter(np.zeros(hidden_size, dtype)), Parameter(np.zeros(hidden_size, dtype))
        self.b_z = Parameter(np.ones(hidden_size, dtype) * np.asarray(update_bias, dtype))

    def initial_state(self, batch):
        return Tensor(np.zeros((batch, self.hidden_size), dtype=self.W_z.dtype))

    def __call__(self, x, h):
        H = self.hidden_size
        weights = concatenate([self.W_z, self.W_r], axis=1)
        biases = concatenate([self.b_z, self.b_r])
        gates = sigmoid(concatenate([h, x], axis=1) @ weights + biases)
        z, r = gates[:, :H], gates[:, H:]
        candidate = self.activation(concatenate([h * r, x], axis=1) @ self.W_h + self.b_h)
        keep = 1.0 - z
        return keep * h + z * candidate
'''

OWN_START_CELL = '''
def _rows(n, inputs, rng):
    u, _, v = np.linalg.svd(rng.standard_normal((n, n)))
    limit = (6 / (inputs + n)) ** 0.5
    return np.concatenate([u @ v, rng.uniform(-limit, limit, (inputs, n))])

class GRUCell(Module):
    """Draws its own numbers, and never forms 1 - z: keeping has a sigmoid of its own."""

    def __init__(self, input_size, hidden_size, *, activation=tanh, rng=None, dtype=np.float64, update_bias=0.0):
        rng = rng or np.random.default_rng()
        self.hidden_size, self.activation = hidden_size, activation
        self.W_r = Parameter(_rows(hidden_size, input_size, rng).astype(dtype))
        self.W_z = Parameter(_rows(hidden_size, input_size, rng).astype(dtype))
        self.W_h = Parameter(_rows(hidden_size, input_size, rng).astype(dtype))
        self.b_r, self.b_h = (Parameter(np.zeros(hidden_size).astype(dtype)) for _ in range(2))
        self.b_z = Parameter(np.array([update_bias] * hidden_size).astype(dtype))

    def initial_state(self, batch):
        return Tensor(np.zeros((batch, self.hidden_size))).astype(self.b_z.dtype)

    def __call__(self, x, h):
        both = concatenate([h, x], axis=1)
        a = both @ self.W_z + self.b_z
        reset = sigmoid(both @ self.W_r + self.b_r)
        offered = self.activation(concatenate([reset * h, x], axis=1) @ self.W_h + self.b_h)
        return sigmoid(-a) * h + sigmoid(a) * offered
'''

TANH_GATES_CELL = '''
class Gate(Module):
    """A matrix for [h, x] and a bias."""

    def __init__(self, W, b):
        self.W, self.b = W, b

    def __call__(self, h, x):
        return concatenate([h, x], axis=-1) @ self.W + self.b

class GRUCell(Module):
    """Gates are modules whose parameters the cell also holds; sigma is written with tanh."""

    def __init__(self, input_size, hidden_size, *, activation=tanh, rng=None, dtype=np.float64, update_bias=0.0):
        rng = np.random.default_rng() if rng is None else rng
        self.hidden_size, self.activation, self.dtype = hidden_size, activation, dtype

        def draw():
            q, upper = np.linalg.qr(rng.normal(size=(hidden_size, hidden_size)))
            on_x = rng.normal(size=(input_size, hidden_size)) * np.sqrt(2 / (input_size + hidden_size))
            return Parameter(np.concatenate([q * np.sign(np.diag(upper)), on_x]).astype(dtype))

        for name, first in (("z", update_bias), ("r", 0.0), ("h", 0.0)):
            setattr(self, "W_" + name, draw())
            setattr(self, "b_" + name, Parameter(np.full((hidden_size,), first, dtype=dtype)))
        self.update = Gate(self.W_z, self.b_z)
        self.reset = Gate(self.W_r, self.b_r)
        self.offer = Gate(self.W_h, self.b_h)

    def initial_state(self, batch):
        return Tensor(0 * np.ones((batch, self.hidden_size), self.dtype))

    def __call__(self, x, h):
        h = h if isinstance(h, Tensor) else Tensor(h)
        z, r = (0.5 + 0.5 * tanh(0.5 * gate(h, x)) for gate in (self.update, self.reset))
        new = self.activation(self.offer(h * r, x))
        return h - z * h + z * new
'''

RENEWED_FLIP = '''
def flip_convention(cell):
    """Builds a cell of the same sizes and writes the weights into it."""
    rows, hidden = cell.W_z.shape
    new = GRUCell(rows - hidden, hidden, activation=getattr(cell, "activation", tanh), dtype=cell.W_z.data.dtype)
    new.W_z.data[...] = -1 * cell.W_z.data
    new.b_z.data[...] = -1 * cell.b_z.data
    for name in ("W_r", "b_r", "W_h", "b_h"):
        getattr(new, name).data[...] = getattr(cell, name).data
    return new
'''

SIGNED_FLIP = '''
def flip_convention(cell):
    """A copy, and a sign for each name."""
    from copy import copy

    signs = dict(W_z=-1, b_z=-1, W_r=1, b_r=1, W_h=1, b_h=1)
    new = copy(cell)
    for name, sign in signs.items():
        setattr(new, name, Parameter(sign * getattr(cell, name).data))
    return new
'''

SAVED_FLIP = '''
import copy

def flip_convention(cell):
    """Through the state dictionary."""
    new = copy.deepcopy(cell)
    saved = cell.state_dict()
    new.load_state_dict({name: -array if name in ("W_z", "b_z") else array for name, array in saved.items()})
    return new
'''

LOOP_CLASSIFIER = '''
from minigrad import where

class TextClassifier(Module):
    """A loop over time of its own: where the text has ended, the state stays."""

    def __init__(self, vocab, embed_size, cell, classes):
        self.cell = cell
        self.embedding = Embedding(vocab, embed_size)
        self.head = Linear(cell.hidden_size, classes)

    def shown(self, state):
        return state[0] if isinstance(state, tuple) else state

    def __call__(self, tokens, mask):
        rows = self.embedding(tokens)
        state = self.cell.initial_state(len(tokens))
        for t in range(tokens.shape[1]):
            here, new = mask[:, t, None], self.cell(rows[:, t], state)
            if isinstance(new, tuple):
                state = tuple(where(here, n, o) for n, o in zip(new, state))
            else:
                state = where(here, new, state)
        return self.head(self.shown(state))
'''

INDEX_CLASSIFIER = '''
class TextClassifier(Module):
    """The outputs at each text's last word."""

    def __init__(self, vocab, embed_size, cell, classes):
        super().__init__()
        self.embedding, self.head = Embedding(vocab, embed_size), Linear(cell.hidden_size, classes)
        self.cell = cell

    def __call__(self, tokens, mask):
        outputs, _ = Recurrent(self.cell)(self.embedding(tokens), mask=mask)
        lengths = mask.sum(axis=1)
        read = outputs[np.arange(len(tokens)), lengths - 1]
        return self.head(read)
'''

PICKED_CLASSIFIER = '''
class TextClassifier(Module):
    """No mask for the cell: the last word's output is picked with a one-hot sum over time."""

    def __init__(self, vocab, embed_size, cell, classes):
        self.embedding = Embedding(vocab, embed_size)
        self.cell = cell
        self.reader = Recurrent(self.cell)
        self.head = Linear(cell.hidden_size, classes)

    def forward(self, tokens, mask):
        outputs = self.reader(self.embedding(tokens))[0]
        last = np.asarray(mask) & ~np.pad(np.asarray(mask)[:, 1:], ((0, 0), (0, 1)))
        return self.head((outputs * last[:, :, None]).sum(axis=1))
'''

ROOT_MATCH = '''
def match_hidden(input_size, lstm_hidden):
    """The positive root of 3 G^2 + 3 (D + 1) G = n, and the better of its two neighbours."""
    D, H = input_size, lstm_hidden
    n = 4 * H * (H + D + 1)
    root = (-(D + 1) + ((D + 1) ** 2 + 4 * n / 3) ** 0.5) / 2
    low = max(1, int(root))
    return min((low, low + 1), key=lambda G: abs(3 * G * (G + D + 1) - n))
'''

WHILE_MATCH = '''
def match_hidden(input_size, lstm_hidden):
    """Grow until it no longer gets nearer."""

    def count(arrays, hidden):
        matrix = np.int64(hidden + input_size) * hidden
        return arrays * (matrix + hidden)

    target, size = count(4, lstm_hidden), lstm_hidden
    while abs(count(3, size + 1) - target) < abs(count(3, size) - target):
        size += 1
    return np.int64(size)
'''

ARRAY_MATCH = '''
def match_hidden(input_size, lstm_hidden):
    """All sizes at once."""
    sizes = np.arange(1, 2 * lstm_hidden + 2)
    gru = 3 * (sizes * (sizes + input_size) + sizes)
    lstm = 4 * (lstm_hidden * (lstm_hidden + input_size) + lstm_hidden)
    return int(sizes[np.argmin(np.abs(gru - lstm))])
'''

VARIANTS = [
    Variant("split-rows", {"gru-cell": SPLIT_CELL}),
    Variant("joined-gates", {"gru-cell": JOINED_CELL}),
    Variant("own-start", {"gru-cell": OWN_START_CELL}),
    Variant("tanh-gates", {"gru-cell": TANH_GATES_CELL}),
    Variant("renewed-flip", {"flip-convention": RENEWED_FLIP}),
    Variant("signed-flip", {"flip-convention": SIGNED_FLIP}),
    Variant("saved-flip", {"flip-convention": SAVED_FLIP}),
    Variant("loop-classifier", {"text-classifier": LOOP_CLASSIFIER}),
    Variant("index-classifier", {"text-classifier": INDEX_CLASSIFIER}),
    Variant("picked-classifier", {"text-classifier": PICKED_CLASSIFIER}),
    Variant("root-match", {"match-hidden": ROOT_MATCH}),
    Variant("while-match", {"match-hidden": WHILE_MATCH}),
    Variant("array-match", {"match-hidden": ARRAY_MATCH}),
    Variant(
        "all-at-once",
        {
            "gru-cell": SPLIT_CELL,
            "flip-convention": RENEWED_FLIP,
            "text-classifier": LOOP_CLASSIFIER,
            "match-hidden": ROOT_MATCH,
        },
    ),
]
