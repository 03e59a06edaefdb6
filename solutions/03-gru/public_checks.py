"""The public checks of 03-gru: shipped with their inputs' seed and the values they expect.

Ladder of each exercise: shape, value, a tiny case by hand, a random cotangent. What a probe says is
the notebook's sentence, word for word; the hidden checks say the same sentences and test them harder.
A gate is looked at alone by making the others constant.
"""

import numpy as np

from minigrad import Tensor, no_grad, relu, tanh
from minigrad.checks import check, given
from minigrad.data import recall
from minigrad.functional import cross_entropy, mse
from minigrad.nn import Linear, Module, Parameter, Recurrent
from minigrad.optim import Adam

# --- what several probes use ---------------------------------------------------------------------

GATES = "zrh"
NAMES = ("W_z", "W_r", "W_h", "b_z", "b_r", "b_h")  # in full: reports repeat what stands here
OPEN = 40.0  # a bias at which sigmoid is 1, to the last bit that is compared


def sizes(rng, count, low=2, high=9):
    """Distinct sizes, so that no two axes can be confused."""
    return [int(n) for n in rng.permutation(np.arange(low, high))[:count]]


def new_cell(student, D, H, **options):
    """The student's cell with its own start; `given` turns stubs into "to do"."""
    options = {"rng": np.random.default_rng(0), **options}
    cell = given(student.GRUCell(D, H, **options), "GRUCell")
    for name in NAMES:
        given(getattr(cell, name), f"GRUCell's {name}", Parameter, (H,) if name.startswith("b") else (H + D, H))
    return cell


def randomise(cell, rng, D, H):
    """Write parameters from rng, all of them away from zero and from symmetry."""
    for k in GATES:
        getattr(cell, f"W_{k}").data[...] = rng.normal(size=(H + D, H)) / np.sqrt(H + D)
        getattr(cell, f"b_{k}").data[...] = 0.7 * rng.normal(size=H)
    return cell


def written_cell(student, rng, D, H, **options):
    """The student's cell with parameters from rng."""
    return randomise(new_cell(student, D, H, **options), rng, D, H)


def fixed(cell, **biases):
    """Make gates constant: their weights zero, their bias as given."""
    for k, bias in biases.items():
        getattr(cell, f"W_{k}").data[...] = 0
        getattr(cell, f"b_{k}").data[...] = bias
    return cell


def start_of(cell, B):
    return given(cell.initial_state(B), "GRUCell's initial_state", Tensor, (B, *cell.b_z.shape))


def step(cell, x, h):
    """One step of a cell, or "to do"."""
    x, h = (a if isinstance(a, Tensor) else Tensor(a) for a in (x, h))
    return given(cell(x, h), "GRUCell's __call__", Tensor, h.shape)


def one_step(rng, B, D, H):
    """x and h for one step."""
    return rng.normal(size=(B, D)), 1.5 * rng.normal(size=(B, H))


def gradient(leaf):
    """A leaf's gradient; zeros where none arrived."""
    return np.zeros(leaf.shape) if leaf.grad is None else leaf.grad


def truth(*answers):
    """Yes and no."""
    return np.array([bool(a) for a in answers])


def values_of(leaf):
    """The array of a Tensor, or of what is one already."""
    return leaf.data if isinstance(leaf, Tensor) else leaf


def some(*arrays):
    """Whether any array holds anything: shapes, and what is left alone, are asked of an answer, not of zeros."""
    return truth(any(np.any(values_of(a)) for a in arrays))


def kind(array):
    """Ones in an array's shape and dtype: these alone are asked for."""
    return np.ones_like(values_of(array))


# --- gru-cell ------------------------------------------------------------------------------------

PARAMETERS = (
    "The parameters are `W_z`, `W_r`, `W_h` (H + D, H) and `b_z`, `b_r`, `b_h` (H,) in `dtype`; "
    "`initial_state(B)` is zeros of shape (B, H) in that dtype."
)
START = (
    "In each W, the H rows on top, which meet h, start orthogonal, and the D rows below, which meet x, "
    "as Glorot draws them for (D, H); each W draws its own, from `rng`."
)
BIASES = "The biases start at zero, except `b_z`, which starts at `update_bias`."
GATE = "The gates z and r are σ([h, x] W + b), each with its own W and b, and h comes before x."
CANDIDATE = "The candidate is activation([r ⊙ h, x] W_h + b_h): r multiplies h before the matrix does."
MIX = "The new state is (1 − z) ⊙ h + z ⊙ candidate: where z is 0 the old state stays, where z is 1 the candidate replaces it."
ACTIVATION = "The candidate uses the activation that the cell was given; the gates use σ whatever it is."
PURE = (
    "What a step gives depends on x, the state that it is given and the parameters alone, "
    "and `initial_state(B)` on B: a cell keeps nothing from one call to the next."
)
REACHES = "The gradient reaches every parameter, every input and the first state, through all time steps."


@check(exercise="gru-cell", weight=2, says=PARAMETERS)
def shapes(student, rng):
    B, D, H = sizes(rng, 3, 3, 40)
    cell = new_cell(student, D, H)
    h = start_of(cell, B)
    x = rng.normal(size=(B, D))
    new = step(cell, x, h)
    single = new_cell(student, D, H, dtype=np.float32)
    first = start_of(single, B)
    return {
        **{f"shape of {name}": np.array(getattr(cell, name).shape) for name in NAMES},
        "sizes of parameters()": np.sort([p.data.size for p in cell.parameters()]),
        "initial_state": h,
        "shape of the new state": np.array(new.shape),
        "ones like the first state, float32": kind(first),
        "ones like the new state, float32": kind(step(single, x.astype(np.float32), first)),
        "not all zeros": some(*(getattr(cell, f"W_{k}") for k in GATES), new),
    }


@check(exercise="gru-cell", says=PURE)
def keeps_nothing(student, rng):
    """One cell: two first states, and one step before and after a step from another state."""
    B, more, D, H = sizes(rng, 4)
    cell = new_cell(student, D, H)
    starts = [start_of(cell, batch).shape for batch in (B, more)]
    x, a, b = rng.normal(size=(B, D)), *(rng.normal(size=(B, H)) for _ in range(2))
    before, _, after = (step(cell, x, state) for state in (a, b, a))
    return {
        "shapes of two first states": np.array(starts),
        "the same step gives the same": truth(np.allclose(before.data, after.data, equal_nan=True)),
        "not all zeros": some(before),
    }


@check(exercise="gru-cell", weight=2, says=START)
def start(student, rng):
    (D, H), seed = sizes(rng, 2, 8, 30), int(rng.integers(2**31))
    cell, same, other = (new_cell(student, D, H, rng=np.random.default_rng(s)) for s in (seed, seed, seed + 1))
    drawn = [[getattr(c, f"W_{k}").data for k in GATES] for c in (cell, same, other)]
    return {
        **{f"W_{k}[:H] @ W_{k}[:H].T": W[:H] @ W[:H].T for k, W in zip(GATES, drawn[0], strict=True)},
        "one rng, one start": truth(*map(np.allclose, drawn[0], drawn[1])),
        "another rng, another start": truth(*(not np.allclose(a, b) for a, b in zip(drawn[0], drawn[2], strict=True))),
    }


@check(exercise="gru-cell", says=BIASES)
def biases(student, rng):
    D, H = sizes(rng, 2, 3, 20)
    usual, other = new_cell(student, D, H), new_cell(student, D, H, update_bias=-float(rng.uniform(1, 4)))
    return {
        **{f"b_{k}": getattr(usual, f"b_{k}") for k in GATES},
        **{f"b_{k}, another update_bias": getattr(other, f"b_{k}") for k in GATES},
    }


@check(exercise="gru-cell", weight=3, says=GATE)
def update_gate(student, rng):
    """The candidate is zero, so the new state is (1 - z) ⊙ h, whatever r is."""
    B, D, H = sizes(rng, 3)
    cell = fixed(written_cell(student, rng, D, H, update_bias=1.5), h=0.0)
    return {"new state when the candidate is 0": step(cell, *one_step(rng, B, D, H))}


@check(exercise="gru-cell", weight=3, says=GATE)
def reset_gate(student, rng):
    """z is one and W_h hands r ⊙ h on as it is, so the new state is tanh(r ⊙ h)."""
    B, D, H = sizes(rng, 3)
    cell = fixed(written_cell(student, rng, D, H), z=OPEN, h=0.0)
    cell.W_h.data[:H] = np.eye(H)
    x, h = one_step(rng, B, D, H)
    return {"new state when z = 1 and the candidate is tanh(r ⊙ h)": step(cell, x, 0.5 * h)}


@check(exercise="gru-cell", weight=2, says=CANDIDATE)
def candidate(student, rng):
    """z and r are one, so the new state is tanh([h, x] W_h + b_h)."""
    B, D, H = sizes(rng, 3)
    cell = fixed(written_cell(student, rng, D, H), z=OPEN, r=OPEN)
    return {"new state when z = r = 1": step(cell, *one_step(rng, B, D, H))}


@check(exercise="gru-cell", weight=3, says=CANDIDATE)
def reset_before_the_matrix(student, rng):
    """z is one and r the same for all samples, another for each unit."""
    B, D, H = sizes(rng, 3)
    cell = fixed(written_cell(student, rng, D, H), z=OPEN, r=rng.normal(size=H))
    return {"new state when z = 1 and r is constant": step(cell, *one_step(rng, B, D, H))}


@check(exercise="gru-cell", weight=2, says=MIX)
def mixture(student, rng):
    """z is constant and the candidate nearly 1, so the new state lies between h and 1."""
    B, D, H = sizes(rng, 3)
    cell = fixed(written_cell(student, rng, D, H), z=rng.normal(size=H), h=OPEN)
    return {"new state when the candidate is 1": step(cell, *one_step(rng, B, D, H))}


@check(exercise="gru-cell", weight=2, says=MIX)
def by_hand(student, rng):
    cell = new_cell(student, 1, 1)
    for name, value in zip(NAMES, rng.permutation(np.arange(20, 90))[:6] / 100, strict=True):
        getattr(cell, name).data[...] = value
    first = step(cell, np.ones((1, 1)), start_of(cell, 1))
    return {"state after reading 1": first, "state after reading 1, 0": step(cell, np.zeros((1, 1)), first)}


@check(exercise="gru-cell", says=ACTIVATION)
def given_activation(student, rng):
    B, D, H = sizes(rng, 3)
    cell = fixed(written_cell(student, rng, D, H, activation=relu), z=OPEN, r=OPEN)
    return {"new state with relu when z = r = 1": step(cell, *one_step(rng, B, D, H))}


@check(exercise="gru-cell", weight=3, says=REACHES)
def one_step_gradients(student, rng):
    B, D, H = sizes(rng, 3)
    cell = written_cell(student, rng, D, H)
    x, h0 = (Tensor(a, requires_grad=True) for a in one_step(rng, B, D, H))
    h = step(cell, x, h0)
    (h * rng.normal(size=(B, H))).sum().backward()
    leaves = {**{name: getattr(cell, name) for name in NAMES}, "x": x, "h0": h0}
    return {f"{name}.grad": gradient(leaf) for name, leaf in leaves.items()}


# --- flip-convention -----------------------------------------------------------------------------

NEGATED = (
    "The new cell's `W_z` and `b_z` are those of the given one with the opposite sign; "
    "its other parameters are equal, and all of them have the same dtype."
)
OTHER_RULE = "Run under the other rule, z ⊙ h + (1 − z) ⊙ candidate, the new cell gives the states that the given one gives under ours."
BACK = "Flipping twice gives the parameters that one began with."
OWN = (
    "What comes back is a GRU cell of its own: the given one stays as it was, "
    "and writing into one of the two leaves the other alone."
)


class Arrays(Module):
    """A stand-in cell: the course's names, and nothing behind them."""

    def __init__(self, input_size, hidden_size, *, activation=tanh, rng=None, dtype=np.float64, update_bias=0.0):
        self.hidden_size, self.activation = hidden_size, activation
        for k in GATES:
            setattr(self, f"W_{k}", Parameter(np.zeros((hidden_size + input_size, hidden_size), dtype)))
            setattr(self, f"b_{k}", Parameter(np.full(hidden_size, update_bias * (k == "z"), dtype)))


def under_other_rule(cell, hx, candidate):
    """z ⊙ h + (1 - z) ⊙ candidate with the cell's z, for hx = [h, x]."""
    z = 1 / (1 + np.exp(-(hx @ cell.W_z.data + cell.b_z.data)))
    return z * hx[:, : z.shape[1]] + (1 - z) * candidate


def stand_in_gru(rng, D, H, dtype=np.float64):
    """A stand-in cell with parameters from rng."""
    return randomise(Arrays(D, H, dtype=dtype), rng, D, H)


def flipped(student, cell):
    """What the student's flip_convention gives, with all its parameters, or "to do"."""
    student.GRUCell = Arrays  # for those who build a new cell
    new = given(student.flip_convention(cell), "flip_convention", Module)
    for name in NAMES:
        given(getattr(new, name), f"the new cell's {name}")
    return new


@check(exercise="flip-convention", weight=2, says=NEGATED)
def opposite_sign(student, rng):
    D, H = sizes(rng, 2)
    new, single = (flipped(student, stand_in_gru(rng, D, H, dtype=dtype)) for dtype in (np.float64, np.float32))
    ones = {f"ones like the new {name}, float32": kind(getattr(single, name)) for name in NAMES}
    return {**{f"the new {name}": getattr(new, name) for name in NAMES}, **ones}


@check(exercise="flip-convention", weight=2, says=OTHER_RULE)
def other_rule(student, rng):
    B, D, H = sizes(rng, 3)
    new = flipped(student, stand_in_gru(rng, D, H))
    hx, candidate = rng.normal(size=(B, H + D)), rng.normal(size=(B, H))
    return {"new state under the other rule": under_other_rule(new, hx, candidate)}


@check(exercise="flip-convention", says=BACK, rtol=0, atol=0)
def there_and_back(student, rng):
    D, H = sizes(rng, 2)
    cell = stand_in_gru(rng, D, H)
    once = flipped(student, cell)
    first = once.W_z.data.copy()
    twice = flipped(student, once)
    return {"W_z after one": first, **{f"{name} after two": getattr(twice, name) for name in NAMES}}


@check(exercise="flip-convention", says=OWN)
def given_one_stays(student, rng):
    D, H = sizes(rng, 2)
    cell = stand_in_gru(rng, D, H)
    new = flipped(student, cell)
    return {
        **{f"{name} of the given cell": getattr(cell, name) for name in NAMES},
        "another cell": truth(new is not cell),
        "not all zeros": some(new.W_z, new.W_h),
    }


# --- text-classifier -----------------------------------------------------------------------------

PARTS = (
    "`embedding` is an `Embedding(vocab, embed_size)`, `cell` the cell it was given and `head` a "
    "`Linear(cell.hidden_size, classes)`; `parameters()` has those of the three and no others."
)
LOGITS = "Tokens (B, T) and mask (B, T) give logits (B, classes): the head on the state after each text's last word."
PADDED = (
    "What stands where the mask is False changes nothing, neither which tokens nor how many: "
    "a text gives the same in a batch of longer ones as alone."
)
PAIR = "The cell may be of any kind: where its state is a pair (h, c), as an LSTM's is, the head reads h."
WORDS = (
    "The gradient reaches the head, the cell and the embedding of every word that was read, "
    "and no row of the embedding that was only padding."
)


class Leaky(Module):
    """A stand-in cell (B, D) -> (B, H): it keeps a share of its state and adds what it reads."""

    def __init__(self, rng, D, H):
        self.hidden_size = H
        self.keep, self.W = Parameter(rng.uniform(0.3, 0.9, H)), Parameter(rng.normal(size=(D, H)) / np.sqrt(D))
        self.first = rng.normal(size=H)

    def initial_state(self, batch):
        return Tensor(np.tile(self.first, (batch, 1)))

    def __call__(self, x, h):
        return tanh(h * self.keep + x @ self.W)


class LeakyPair(Leaky):
    """The same with a state (h, c): c is kept, h is a third of it, turned by one place."""

    def initial_state(self, batch):
        return Tensor(np.zeros((batch, self.hidden_size))), super().initial_state(batch)

    def __call__(self, x, state):
        c = super().__call__(x, state[1])
        return c * (1 / 3) + state[0] * 0.1, c


def classifier(student, rng, V, E, H, K, kind=Leaky):
    """The student's TextClassifier around a stand-in cell, its parameters from rng."""
    cell = kind(rng, E, H)
    model = given(student.TextClassifier(V, E, cell, K), "TextClassifier")
    for name in ("embedding", "cell", "head"):
        given(getattr(model, name), f"TextClassifier's {name}")
    model.embedding.W.data[...] = rng.normal(size=(V, E))
    model.head.W.data[...] = rng.normal(size=(H, K))
    model.head.b.data[...] = rng.normal(size=K)
    return model


def logits_of(model, tokens, mask):
    return given(model(tokens, mask), "TextClassifier's __call__", Tensor, (len(tokens), *model.head.b.shape))


def words(rng, B, T, V):
    """Tokens (B, T) from 0 to V - 1, the 0 among them."""
    tokens = rng.integers(0, V, (B, T))
    tokens[0, -1] = 0
    return tokens


def texts(rng, B, T, V, shortest=2):
    """Tokens (B, T) from 1 to V - 1, and a mask of different lengths, one of them T; padding is 0."""
    lengths = np.concatenate([[T], rng.integers(shortest, T, B - 1)])[rng.permutation(B)]
    mask = np.arange(T) < lengths[:, None]
    return np.where(mask, rng.integers(1, V, (B, T)), 0), mask


@check(exercise="text-classifier", weight=2, says=PARTS)
def parts(student, rng):
    V, E, H, K = sizes(rng, 4, 3, 20)
    model = classifier(student, rng, V, E, H, K)
    return {
        "shape of embedding.W": np.array(model.embedding.W.shape),
        "shape of head.W": np.array(model.head.W.shape),
        "shape of head.b": np.array(model.head.b.shape),
        "sizes of parameters()": np.sort([p.data.size for p in model.parameters()]),
        "cell's keep, among parameters()": truth(any(p is model.cell.keep for p in model.parameters())),
        "not all zeros": some(logits_of(model, np.array([[0, 1]]), np.ones((1, 2), dtype=bool))),
    }


@check(exercise="text-classifier", weight=2, says=LOGITS)
def equal_lengths(student, rng):
    B, T, V, E, H, K = sizes(rng, 6, 3, 12)
    model = classifier(student, rng, V, E, H, K)
    return {"logits": logits_of(model, words(rng, B, T, V), np.ones((B, T), dtype=bool))}


@check(exercise="text-classifier", says=LOGITS)
def one_word(student, rng):
    E, H, K = sizes(rng, 3)
    model = classifier(student, rng, 2, E, H, K)
    return {"logits": logits_of(model, np.array([[0], [1]]), np.ones((2, 1), dtype=bool))}


@check(exercise="text-classifier", weight=3, says=PADDED)
def padded_batch(student, rng):
    B, T, V, E, H, K = sizes(rng, 6, 4, 12)
    model = classifier(student, rng, V, E, H, K)
    return {"logits": logits_of(model, *texts(rng, B, T, V))}


@check(exercise="text-classifier", says=PAIR)
def pair_of_states(student, rng):
    B, T, V, E, H, K = sizes(rng, 6, 3, 12)
    model = classifier(student, rng, V, E, H, K, kind=LeakyPair)
    return {"logits": logits_of(model, words(rng, B, T, V), np.ones((B, T), dtype=bool))}


@check(exercise="text-classifier", weight=2, says=WORDS)
def classifier_gradients(student, rng):
    B, T, V, E, H, K = sizes(rng, 6, 3, 12)
    model = classifier(student, rng, V, E, H, K)
    logits = logits_of(model, words(rng, B, T, V), np.ones((B, T), dtype=bool))
    (logits * rng.normal(size=(B, K))).sum().backward()
    return {
        "embedding.W.grad": gradient(model.embedding.W),
        "head.W.grad": gradient(model.head.W),
        "head.b.grad": gradient(model.head.b),
        "cell's W.grad": gradient(model.cell.W),
    }


# --- match-hidden --------------------------------------------------------------------------------

NEAREST = (
    "No other size gives a GRU whose number of parameters is nearer to the LSTM's: "
    "all arrays of both cells count, those that meet x and the biases too."
)
AN_INT = "It returns an int, 1 or more, and at once, also for an LSTM of 2,000 units: numbers are computed, and no cell is built."


ROUNDED = [(5, 2), (5, 20), (17, 11)]  # cells for which the size nearest to the equation's root is not the nearest


def matched(student, D, H):
    return given(student.match_hidden(D, H), "match_hidden", int)


def entries(gates, D, H):
    """The entries of all arrays of a cell that has this many matrices (H + D, H) with a bias each."""
    H = int(H)
    return sum(np.prod(shape, dtype=np.int64) for shape in ((H + D, H), (H,)) for _ in range(gates))


def missed(student, rng, pairs):
    """How many parameters the GRU of the student's size differs by from the LSTM; pairs in an order from rng."""
    pairs = rng.permutation(np.array(pairs))
    far = [abs(entries(3, D, matched(student, D, H)) - entries(4, D, H)) for D, H in pairs.tolist()]
    return {"sizes (D, H)": pairs, "parameters missed": np.array(far)}


@check(exercise="match-hidden", weight=2, says=NEAREST)
def small_cells(student, rng):
    return missed(student, rng, [(D, H) for D in range(1, 5) for H in range(1, 13)])


@check(exercise="match-hidden", weight=2, says=NEAREST)
def usual_cells(student, rng):
    return missed(student, rng, [*ROUNDED, *((int(rng.integers(1, 20)), H) for H in range(8, 160))])


@check(exercise="match-hidden", says=AN_INT)
def an_int(student, rng):
    D, H = sizes(rng, 2, 3, 40)
    answers = [matched(student, d, h) for d, h in ((D, H), (50, 1), (20, 2000))]
    return {
        "ints": truth(*(isinstance(G, int | np.integer) and not isinstance(G, bool) for G in answers)),
        "1 or more": truth(*(G >= 1 for G in answers)),
        "D, H": np.array([D, H]),
    }


# --- learned -------------------------------------------------------------------------------------
# The task's own map comes first from the rng, so that the replay can draw it again. What follows,
# starting weights and batches, belongs to the training alone; the replay has data of its own.

ADDING = "Adding is learned: the sum of two marked numbers, four steps after the last of them, with a mean squared error below 0.02."
SENTIMENT = "Sentiment is learned: good or bad, with `not` before it or behind it, right in at least 97 of 100 texts."
CODE = 6  # numbers that stand for (number, mark) in adding
ADDING_BASELINE = 1 / 6  # mean squared error of always saying the mean
CELL = ("gru-cell.by-hand", "gru-cell.mixture", "gru-cell.one-step-gradients", "gru-cell.gradients")
CLASSIFIER = (
    "text-classifier.parts", "text-classifier.padded-batch",
    "text-classifier.classifier-gradients", "text-classifier.padded-gradients",
)


class Adder(Module):
    """The student's cell over time, and a linear layer on the last state."""

    def __init__(self, cell):
        self.recurrent, self.head = Recurrent(cell), Linear(cell.hidden_size, 1)
        self.cell = cell

    def __call__(self, x):
        return self.head(self.recurrent(x)[0][:, -1])


def arrays_of(model):
    """The parameters of a model with a cell and a head, and perhaps an embedding, by name."""
    named = {name: getattr(model.cell, name) for name in NAMES}
    named |= {"V": model.head.W, "d": model.head.b}
    return {**named, "E": model.embedding.W} if hasattr(model, "embedding") else named


def write(model, arrays):
    for name, parameter in arrays_of(model).items():
        parameter.data[...] = arrays[name]
    return model


def orthogonal(rng, n):
    """A random orthogonal matrix (n, n)."""
    q, r = np.linalg.qr(rng.normal(size=(n, n)))
    return q * np.sign(np.diag(r))


def starting_weights(rng, D, H, K):
    """Orthogonal above Glorot, zero biases: the same start whatever the student's own is."""
    x_limit, v_limit = np.sqrt(6 / (D + H)), np.sqrt(6 / (H + K))
    start = {f"W_{k}": np.concatenate([orthogonal(rng, H), rng.uniform(-x_limit, x_limit, (D, H))]) for k in GATES}
    start |= {f"b_{k}": np.zeros(H) for k in GATES}
    return {**start, "V": rng.uniform(-v_limit, v_limit, (H, K)), "d": np.zeros(K)}


def trained(model, draw, loss, error, lr, stop, budget):
    """Train with Adam until the error on fresh data is at most `stop`; the parameters."""
    optimizer = Adam(model.parameters(), lr=lr)
    for update in range(1, budget + 1):
        optimizer.zero_grad()
        loss(model, draw(32)).backward()
        optimizer.step()
        if update % 20 == 0 and error(model, draw(300)) <= stop:
            break
    return {name: parameter.data for name, parameter in arrays_of(model).items()}


def adding_map(rng):
    """Adding with numbers and marks in a code of the task's own, and sums turned and shifted."""
    code = orthogonal(rng, CODE)[:2]
    sign, shift = rng.choice([-1.0, 1.0]), rng.uniform(-0.5, 0.5)

    def draw(rng, size):
        batch = recall.adding(rng, size)
        return type(batch)(2 * (batch.x - [0.5, 0]) @ code, sign * (batch.y - 1) + shift)

    return draw


def adding_loss(model, batch):
    return mse(model(batch.x), batch.y)


def adding_error(model, batch):
    with no_grad():
        return float(np.mean((model(batch.x).data - batch.y) ** 2))


def sentiment_map(rng):
    """Sentiment with tokens and classes numbered in the task's own way, the padding's too."""
    numbers, names = rng.permutation(len(recall.WORDS)), rng.permutation(2)

    def draw(rng, size):
        batch = recall.sentiment(rng, size)
        return type(batch)(numbers[batch.x], names[batch.y], batch.mask)

    return draw


def sentiment_model(student):
    cell = new_cell(student, 8, 16)
    return given(student.TextClassifier(len(recall.WORDS), 8, cell, 2), "TextClassifier")


def sentiment_loss(model, batch):
    return cross_entropy(model(batch.x, batch.mask), batch.y)


def sentiment_error(model, batch):
    with no_grad():
        return float((model(batch.x, batch.mask).data.argmax(axis=1) != batch.y).mean())


def adding_replay(solution, parameters, rng, held_out):
    draw = adding_map(rng)
    model = write(Adder(new_cell(solution, CODE, 16)), parameters)
    return 1 - adding_error(model, draw(held_out, 500)) / ADDING_BASELINE


def sentiment_replay(solution, parameters, rng, held_out):
    draw = sentiment_map(rng)
    return 1 - sentiment_error(write(sentiment_model(solution), parameters), draw(held_out, 500))


@check(
    exercise="learned", weight=5, says=ADDING, cpu=8.0, threshold=round(1 - 0.02 / ADDING_BASELINE, 3),
    needs=CELL, replay=adding_replay, baseline=ADDING_BASELINE,
)
def adding(student, rng):
    draw = adding_map(rng)
    model = write(Adder(new_cell(student, CODE, 16)), starting_weights(rng, CODE, 16, 1))
    return trained(model, lambda n: draw(rng, n), adding_loss, adding_error, 0.02, 0.01, 800)


@check(
    exercise="learned", weight=5, says=SENTIMENT, cpu=8.0, threshold=0.97,
    needs=(*CELL, *CLASSIFIER), replay=sentiment_replay,
)
def sentiment(student, rng):
    draw = sentiment_map(rng)
    start = {**starting_weights(rng, 8, 16, 2), "E": rng.normal(size=(len(recall.WORDS), 8))}
    model = write(sentiment_model(student), start)
    return trained(model, lambda n: draw(rng, n), sentiment_loss, sentiment_error, 0.02, 0.005, 600)
