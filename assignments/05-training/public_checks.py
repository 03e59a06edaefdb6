"""The public checks of 05-training: shipped with their inputs' seed and the values they expect.

Ladder of each exercise: shape, value, a tiny case by hand, a random cotangent. What a probe says is
the notebook's sentence, word for word; the hidden checks say the same sentences and test them harder.
All cells are stand-ins whose every step can be written down, so that a random mask can be seen through.
"""

import numpy as np

from minigrad import Tensor, no_grad, tanh
from minigrad.checks import check, given
from minigrad.data import tasks
from minigrad.functional import binary_cross_entropy_with_logits, cross_entropy
from minigrad.nn import Linear, Module, Parameter, Recurrent
from minigrad.optim import Adam

# --- what several probes use ---------------------------------------------------------------------


def sizes(rng, count, low=2, high=9):
    """Distinct sizes, so that no two axes can be confused."""
    return [int(n) for n in rng.permutation(np.arange(low, high))[:count]]


def gradient(leaf):
    """A leaf's gradient; zeros where none arrived."""
    return np.zeros(leaf.shape) if leaf.grad is None else leaf.grad


def leaf(array):
    return Tensor(array, requires_grad=True)


def truth(*answers):
    """Yes and no."""
    return np.array([bool(a) for a in answers])


def alive(values):
    """1.0 where there is anything but zeros: zeros of the right shape are no answer."""
    return truth(np.any(getattr(values, "data", values)))


def raises(error, call):
    """1.0 if the call raises this error, else 0.0. Other errors pass through."""
    try:
        call()
    except error:
        return 1.0
    return 0.0


# --- tbptt ---------------------------------------------------------------------------------------

FORWARD = (
    "Cut or not, the forward pass is the same: the outputs of all chunks together are those of one pass "
    "over the whole sequence, and the returned state is its last."
)
CALLS = (
    "`loss(outputs, steps)` is called once for each chunk, in order, with the chunk's outputs (B, L, H) "
    "and the slice of its steps; the last chunk may be shorter."
)
LOSSES = "`losses` has one float for each chunk, what `loss` gave for it."
AT_ONCE = (
    "Each chunk's loss goes backwards before the next chunk begins; gradients add up in `.grad`, "
    "and none is cleared or scaled."
)
BORDER = (
    "Across a border the gradient is exactly zero, for h and for c: "
    "a chunk's loss reaches its own inputs and no earlier ones."
)
ENDS = (
    "Nothing but the borders is cut: the first chunk's gradient reaches the given state; "
    "None stands for the cell's initial state, which is asked for then alone: a border begins no new sequence."
)
OFF_TAPE = "The returned state is off the tape, h and c, ready for the next call."
CHUNK = "A chunk below 1 raises ValueError."


class Leaky(Module):
    """A stand-in cell (B, D) -> (B, H): it keeps a share of its state and adds what it reads.

    It counts how often it is asked for its initial state.
    """

    def __init__(self, rng, D, H):
        self.hidden_size, self.asked = H, 0
        self.keep, self.W = Parameter(rng.uniform(0.3, 0.9, H)), Parameter(rng.normal(size=(D, H)) / np.sqrt(D))
        self.first = rng.normal(size=H)

    def initial_state(self, batch):
        self.asked += 1
        return Tensor(np.tile(self.first, (batch, 1)))

    def __call__(self, x, h):
        return tanh(h * self.keep + x @ self.W)


class LeakyPair(Leaky):
    """The same with a state (h, c), where the next step needs both."""

    def initial_state(self, batch):
        return Tensor(np.zeros((batch, self.hidden_size))), super().initial_state(batch)

    def __call__(self, x, state):
        h, c = state
        c = super().__call__(x, c + h * 0.5)
        return c * 0.7 + h * 0.2, c


class Watch:
    """A loss for tbptt: a random weight for every output; it keeps what it was called with.

    `head` stands for what a loss has of its own between the outputs and the targets.
    """

    def __init__(self, rng, cell, B, T, only=None):
        self.cell, self.steps, self.outputs, self.grads = cell, [], [], []
        self.weights, self.head = rng.normal(size=(B, T, cell.hidden_size)), leaf(np.ones(cell.hidden_size))
        if only is not None:
            self.weights *= np.isin(np.arange(T), only)[:, None]

    def __call__(self, outputs, steps):
        there = np.arange(self.weights.shape[1])[steps]
        self.steps.append([there[0], there[-1] + 1, outputs.shape[1]])
        self.outputs.append(np.array(outputs.data))
        self.grads.append(np.array(gradient(self.cell.keep)))
        return (outputs * self.head * self.weights[:, steps]).sum()


def truncated(student, cell, x, state, chunk, loss):
    """losses and last state of the student's tbptt, or "to do"."""
    losses, last = given(student.tbptt(cell, x, state, chunk, loss), "tbptt", tuple, (2,))
    return given(losses, "the losses of tbptt", list, (-(-x.shape[1] // chunk),)), last


def setting(rng, T, only=None, kind=Leaky):
    """A stand-in cell, inputs as a leaf (B, T, D), a loss that watches, and the batch size."""
    B, D, H = sizes(rng, 3)
    cell = kind(rng, D, H)
    return cell, leaf(rng.normal(size=(B, T, D))), Watch(rng, cell, B, T, only), B


def numbers(losses):
    """Losses as one array, whether they are floats, and whether any of them is a Tensor."""
    return {
        "losses": np.array([float(value) for value in losses]),
        "floats": truth(*(isinstance(value, float) for value in losses)),
        "no Tensors": truth(not any(isinstance(value, Tensor) for value in losses)),
    }


@check(exercise="tbptt", weight=2, says=FORWARD)
def two_chunks(student, rng):
    cell, x, loss, B = setting(rng, 8)
    _, last = truncated(student, cell, x, cell.initial_state(B), 4, loss)
    return {"outputs": np.concatenate(loss.outputs, axis=1), "returned state": last}


@check(exercise="tbptt", says=CALLS)
def calls(student, rng):
    chunk = int(rng.choice([3, 5, 6, 7]))
    cell, x, loss, B = setting(rng, 3 * chunk + int(rng.integers(1, chunk)))
    truncated(student, cell, x, cell.initial_state(B), chunk, loss)
    return {
        "first step, step after the last, outputs, chunk by chunk": np.array(loss.steps),
        "shape of the first outputs": np.array(loss.outputs[0].shape),
    }


@check(exercise="tbptt", says=LOSSES)
def one_float_a_chunk(student, rng):
    """The sequence is one chunk."""
    cell, x, loss, B = setting(rng, 6)
    losses, _ = truncated(student, cell, x, cell.initial_state(B), 6, loss)
    return numbers(losses)


@check(exercise="tbptt", weight=2, says=BORDER)
def by_hand(student, rng):
    """Four numbers, two chunks, and a loss that looks at the last output alone."""
    cell = Leaky(rng, 1, 1)
    x, loss = leaf(rng.normal(size=(1, 4, 1))), Watch(rng, cell, 1, 4, only=[3])
    truncated(student, cell, x, cell.initial_state(1), 2, loss)
    return {"gradient of the four inputs": gradient(x)[0, :, 0]}


@check(exercise="tbptt", weight=3, says=BORDER)
def border(student, rng):
    """Three chunks of three steps; the loss looks at the second chunk alone. Of one h, then of a pair."""
    got = {}
    for state, kind in (("h", Leaky), ("(h, c)", LeakyPair)):
        cell, x, loss, B = setting(rng, 9, only=[3, 4, 5], kind=kind)
        truncated(student, cell, x, cell.initial_state(B), 3, loss)
        got[f"gradient of the inputs, state {state}"] = gradient(x)
        got[f"zero in the first chunk, state {state}"] = truth(not gradient(x)[:, :3].any())
    return got


@check(exercise="tbptt", weight=2, says=AT_ONCE)
def adds_up(student, rng):
    """Gradients are there from before; the loss writes down what it finds when it is called."""
    cell, x, loss, B = setting(rng, 6)
    cell.keep.grad = rng.normal(size=cell.keep.shape)
    truncated(student, cell, x, cell.initial_state(B), 3, loss)
    return {
        "keep.grad, at each call of loss": np.array(loss.grads),
        "keep.grad, afterwards": gradient(cell.keep),
        "gradient of what the loss has of its own": gradient(loss.head),
    }


@check(exercise="tbptt", says=ENDS)
def given_state(student, rng):
    cell, x, loss, B = setting(rng, 6)
    h0 = leaf(rng.normal(size=(B, cell.hidden_size)))
    truncated(student, cell, x, h0, 3, loss)
    return {"gradient of the given state": gradient(h0), "the initial state was not asked for": truth(cell.asked == 0)}


@check(exercise="tbptt", says=OFF_TAPE)
def off_tape(student, rng):
    cell, x, loss, B = setting(rng, 6)
    _, last = truncated(student, cell, x, cell.initial_state(B), 3, loss)
    off = truth(not getattr(last, "requires_grad", False))
    _, last = truncated(student, cell, x, last, 3, loss)
    return {"state after two calls": last, "off the tape": off}


@check(exercise="tbptt", says=CHUNK)
def refuses(student, rng):
    cell, x, loss, B = setting(rng, 4)

    def run(chunk):
        return truncated(student, cell, x, cell.initial_state(B), chunk, loss)

    losses, _ = run(1)
    return {
        "losses for chunk 1": numbers(losses)["losses"],
        "0 and -2 raise": truth(*(raises(ValueError, lambda chunk=chunk: run(chunk)) for chunk in (0, -2))),
    }


# --- recurrent-dropout ---------------------------------------------------------------------------

CELL = (
    "It is a cell: `hidden_size`, `initial_state(batch)` and `parameters()` are those of the cell inside; "
    "calling it with (x, state) gives that cell's new state."
)
MASK = (
    "In training the cell inside reads h ⊙ m: an entry of m is 0 with probability p, else 1/(1 − p), "
    "so that the mean of what is read is h."
)
ONE = (
    "`initial_state(batch)` begins sequences and means a new mask; every step reads the same one "
    "until it is called again."
)
ROWS = "Each sequence of a batch, and each entry of its state, has a number of its own in the mask, drawn from `rng`."
ONLY_H = "Of a state (h, c) the mask is for h alone; c goes in untouched, and what the cell hands out is not masked."
EVALUATION = "In evaluation (`training` is False) nothing is dropped, and nothing is drawn from `rng`."
DROPPED = "The gradient of a dropped entry is exactly zero, and that of a kept one goes through the factor 1/(1 − p)."
SINGLE = "A float32 state stays float32."
P = "p = 0 drops nothing, and p outside [0, 1) raises ValueError."


class Diary(Module):
    """A stand-in cell whose units do not mix, h' = keep h + x, and which writes down every h that it reads."""

    def __init__(self, rng, H, dtype=np.float64):
        self.hidden_size, self.seen, self.dtype = H, [], dtype
        self.keep = Parameter(rng.uniform(0.4, 0.9, H).astype(dtype))
        self.first = (rng.choice([-1, 1], H) * rng.uniform(0.5, 1.5, H)).astype(dtype)

    def initial_state(self, batch):
        return Tensor(np.tile(self.first, (batch, 1)))

    def __call__(self, x, h):
        self.seen.append(np.array(h.data))
        return h * self.keep + x


class DiaryPair(Diary):
    """The same with (h, c): c' = keep c + x, h' = c' + keep h."""

    def initial_state(self, batch):
        return super().initial_state(batch), Tensor(np.tile(0.5 * self.first[::-1], (batch, 1)))

    def __call__(self, x, state):
        h, c = state
        self.seen.append(np.array(h.data))
        c = c * self.keep + x
        return c + h * self.keep, c


def dropout(student, cell, p, rng):
    """The student's RecurrentDropout around a cell, with a generator of its own."""
    return given(student.RecurrentDropout(cell, p, np.random.default_rng(int(rng.integers(2**31)))), "RecurrentDropout")


def first_state(drop, B):
    form = (tuple, (2,)) if isinstance(getattr(drop, "cell", None), LeakyPair | DiaryPair) else (Tensor, (B, None))
    return given(drop.initial_state(B), "RecurrentDropout's initial_state", *form)


def step(drop, x, state):
    form = (tuple, (2,)) if isinstance(state, tuple) else (Tensor, state.shape)
    return given(drop(x, state), "RecurrentDropout's __call__", *form)


def run(drop, x, state=None):
    """All states of a pass over x (B, T, D), from initial_state unless one is given."""
    state, states = first_state(drop, len(x)) if state is None else state, []
    for t in range(x.shape[1]):
        state = step(drop, x[:, t], state)
        states.append(state)
    return states


def factors(cell, since=0):
    """What the first h that was read, from reading number `since` on, was multiplied with (B, H)."""
    return cell.seen[since] / cell.first


def split(kept, got, x, h0, keep, p):
    """Where kept, what came out, else what comes out of units never dropped; and the other way round.

    Right states thus give two arrays (T, B, H) that do not depend on the mask. For h' = keep h + x.
    """
    all_kept, all_dropped, h = [], [], h0
    for t in range(x.shape[1]):
        h = keep * h / (1 - p) + x[:, t]
        all_kept.append(np.where(kept, got[t], h))
        all_dropped.append(np.where(kept, x[:, t], got[t]))
    return {"states, where kept": np.array(all_kept), "states, where dropped": np.array(all_dropped)}


def differing(kept):
    """Whether no two rows of a large mask (B, H) are equal, and no two columns."""
    return {"no two rows, no two columns are equal": truth(*(len(np.unique(a, axis=0)) == len(a) for a in (kept, kept.T)))}


def followed(cell, drop, x, p):
    """`split` of a run of this stand-in from its first state."""
    since = len(cell.seen)
    got = [state.data for state in run(drop, x)]
    return split(factors(cell, since) != 0, got, x, np.tile(cell.first, (len(x), 1)), cell.keep.data, p)


@check(exercise="recurrent-dropout", says=CELL)
def parts(student, rng):
    B, H = sizes(rng, 2, 3, 20)
    cell = Diary(rng, H)
    drop = dropout(student, cell, 0.5, rng)
    state = first_state(drop, B)
    new = step(drop, rng.normal(size=(B, H)), state)
    return {
        "hidden_size": np.array(drop.hidden_size),
        "initial_state": state,
        "shape of the new state": np.array(new.shape),
        "a new state other than zero": alive(new),
        "sizes of parameters()": np.array([q.data.size for q in drop.parameters()]),
    }


@check(exercise="recurrent-dropout", weight=2, says=MASK)
def scale(student, rng):
    B, H, p = 100, 60, rng.uniform(0.15, 0.35)
    cell = Diary(rng, H)
    run(dropout(student, cell, p, rng), rng.normal(size=(B, 1, H)))
    m = factors(cell)
    return {
        "the largest factor": m.max(),
        "no factor but this and zero": truth(np.isclose(m[m != 0], m.max()).all()),
        "a share of about p is zero": truth(abs((m == 0).mean() - p) < 0.05),
    }


@check(exercise="recurrent-dropout", weight=3, says=ONE)
def same_mask(student, rng):
    B, H, p = *sizes(rng, 2, 5, 12), rng.uniform(0.3, 0.6)
    cell = Diary(rng, H)
    return followed(cell, dropout(student, cell, p, rng), rng.normal(size=(B, 4, H)), p)


@check(exercise="recurrent-dropout", says=ROWS)
def own_masks(student, rng):
    B, H, p = 60, 30, rng.uniform(0.4, 0.6)
    cell = Diary(rng, H)
    states = followed(cell, dropout(student, cell, p, rng), rng.normal(size=(B, 1, H)), p)
    kept, seed, drawn = factors(cell) != 0, int(rng.integers(2**31)), []
    for _ in range(2):
        since = len(cell.seen)
        run(given(student.RecurrentDropout(cell, p, np.random.default_rng(seed)), "RecurrentDropout"), rng.normal(size=(B, 1, H)))
        drawn.append(factors(cell, since))
    return {**states, **differing(kept), "one rng, one mask": truth(np.array_equal(*drawn))}


@check(exercise="recurrent-dropout", weight=2, says=ONLY_H)
def only_h(student, rng):
    B, H, p = *sizes(rng, 2, 5, 12), rng.uniform(0.3, 0.6)
    cell, x = DiaryPair(rng, H), rng.normal(size=(B, 1, H))
    ((h, c),) = run(dropout(student, cell, p, rng), x)
    share = h.data - c.data  # what came from h
    old = np.tile(cell.first, (B, 1))
    return {"c": c, **split(factors(cell) != 0, [share], 0 * x, old, cell.keep.data, p)}


@check(exercise="recurrent-dropout", weight=2, says=EVALUATION)
def evaluation(student, rng):
    """The last time after training, from a state of the check's own."""
    B, H = sizes(rng, 2, 5, 12)
    cell = Diary(rng, H)
    drop, x = dropout(student, cell, 0.5, rng), rng.normal(size=(B, 3, H))
    drop.eval()
    got = {"states": np.array([state.data for state in run(drop, x)]), "last once more": run(drop, x)[-1]}
    drop.train()
    run(drop, x)
    drop.eval()
    return {**got, "last, after training": run(drop, x, Tensor(np.tile(cell.first, (B, 1))))[-1]}


@check(exercise="recurrent-dropout", says=DROPPED)
def dropped_gradients(student, rng):
    B, H, p = *sizes(rng, 2, 5, 12), rng.uniform(0.3, 0.6)
    cell = Diary(rng, H)
    drop, h0, weights = dropout(student, cell, p, rng), leaf(np.tile(cell.first, (B, 1))), rng.normal(size=(B, H))
    first_state(drop, B)
    (run(drop, rng.normal(size=(B, 1, H)), h0)[-1] * weights).sum().backward()
    kept = factors(cell) != 0
    return {
        "gradient of h, where kept": np.where(kept, gradient(h0), weights * cell.keep.data / (1 - p)),
        "zero where dropped": truth(not gradient(h0)[~kept].any()),
    }


@check(exercise="recurrent-dropout", says=SINGLE, rtol=1e-5, atol=1e-6)
def single_precision(student, rng):
    B, H, p = *sizes(rng, 2, 5, 12), rng.uniform(0.3, 0.6)
    cell, x = Diary(rng, H, np.float32), rng.normal(size=(B, 2, H)).astype(np.float32)
    (_, h) = run(dropout(student, cell, p, rng), x)
    return {"float32": truth(h.dtype == np.float32), "largest factor": np.float64(factors(cell).max())}


@check(exercise="recurrent-dropout", says=P)
def refuses_p(student, rng):
    B, H = sizes(rng, 2, 5, 12)
    cell = Diary(rng, H)
    (state,) = run(dropout(student, cell, 0.0, rng), rng.normal(size=(B, 1, H)))
    wrong = -rng.uniform(0.1, 0.9), 1.0, 1 + rng.uniform(0.1, 0.9)
    return {
        "state for p = 0": state,
        "raised": truth(*(raises(ValueError, lambda p=p: dropout(student, cell, p, rng)) for p in wrong)),
    }


# --- batch-norm ----------------------------------------------------------------------------------

PARTS = (
    "`gain` and `bias` (F,) are its parameters and start at 1 and 0; "
    "`running_mean` and `running_var` (F,) are plain arrays and start at 0 and 1."
)
NORM = (
    "In training a feature's mean and variance (divided by the count) are taken over all entries where the mask "
    "is True, samples and time together; there the output is gain · (x − mean) / √(var + eps) + bias."
)
NO_MASK = "Without a mask every entry counts."
PADDING = (
    "Where the mask is False the output is zero, and whatever finite numbers stand there in x change nothing, "
    "neither values nor gradients; their own gradient is exactly zero."
)
RUNNING = (
    "Each training pass moves the running statistics: they become "
    "(1 − momentum) · old + momentum · the batch's."
)
ALONE = (
    "In evaluation the running statistics stand in for the batch's and stay as they are, "
    "so that a sequence's output does not depend on its neighbours."
)
THROUGH = "In training, gradients reach gain, bias and x, through mean and variance too."
PASS = {"exercise": "batch-norm", "rtol": 1e-6, "atol": 1e-8}


def batch_norm(student, F, rng=None, **options):
    """The student's BatchNorm; gain and bias from rng, where one is given."""
    norm = given(student.BatchNorm(F, **options), "BatchNorm")
    for name in ("gain", "bias", "running_mean", "running_var"):
        kind = np.ndarray if name.startswith("running") else Parameter
        given(getattr(norm, name), f"BatchNorm's {name}", kind, (F,))
    if rng is not None:
        norm.gain.data[...], norm.bias.data[...] = rng.uniform(0.5, 2, F), rng.normal(size=F)
    return norm


def normed(norm, x, *mask):
    return given(norm(x, *mask), "BatchNorm's __call__", Tensor, x.shape)


def padded(rng, B, T, F, filling=1.0):
    """x (B, T, F), every feature with a mean and a spread of its own, and a mask of different lengths, one T."""
    lengths = np.concatenate([[T], rng.integers(1, T, B - 1)])[rng.permutation(B)]
    mask = np.arange(T) < lengths[:, None]
    x = rng.normal(size=(B, T, F)) * rng.uniform(0.5, 3, F) + 2 * rng.normal(size=F)
    return np.where(mask[..., None], x, filling * (1 + rng.normal(size=(B, T, F)))), mask


def statistics(norm):
    return {"running_mean": np.array(norm.running_mean), "running_var": np.array(norm.running_var)}


@check(says=PARTS, **PASS)
def norm_parts(student, rng):
    F = int(rng.integers(3, 40))
    norm = batch_norm(student, F)
    x, mask = padded(rng, 4, 3, F)
    kinds, start = [type(a) is np.ndarray for a in (norm.running_mean, norm.running_var)], statistics(norm)
    output = normed(norm, x, mask)
    return {
        "sizes of parameters()": np.array([q.data.size for q in norm.parameters()]),
        "gain, bias": np.stack([norm.gain.data, norm.bias.data]),
        **start,
        "plain arrays": truth(*kinds),
        "shape of the output": np.array(output.shape),
        "an output other than zero": alive(output),
    }


@check(weight=2, says=NORM, **PASS)
def full_batch(student, rng):
    B, T, F = sizes(rng, 3)
    x, mask = padded(rng, B, T, F)
    return {"output": normed(batch_norm(student, F, rng), x, np.ones_like(mask))}


@check(says=NORM, **PASS)
def four_numbers(student, rng):
    """One feature; two sequences, the second of one step; padding in the fourth place."""
    a, b, c = rng.normal(size=3).round(1)
    mask = np.array([[True, True], [True, False]])
    norm = batch_norm(student, 1, eps=0.25)
    return {"output where the mask is True": normed(norm, np.array([[[a], [b]], [[c], [c]]]), mask).data[mask]}


@check(says=NO_MASK, **PASS)
def no_mask(student, rng):
    B, T, F = sizes(rng, 3)
    return {"output": normed(batch_norm(student, F, rng), padded(rng, B, T, F)[0])}


@check(weight=2, says=PADDING, **PASS)
def padding(student, rng):
    B, T, F = sizes(rng, 3, 3)
    x, mask = padded(rng, B, T, F, filling=50.0)
    output = normed(batch_norm(student, F, rng), x, mask)
    return {"output": output, "zero where the mask is False": truth(not output.data[~mask].any())}


@check(weight=2, says=RUNNING, **PASS)
def two_passes(student, rng):
    B, T, F = sizes(rng, 3, 3)
    norm, got = batch_norm(student, F, rng, momentum=rng.uniform(0.05, 0.4)), {}
    for which in ("first", "second"):
        normed(norm, *padded(rng, B, T, F))
        got |= {f"{name}, after the {which}": array for name, array in statistics(norm).items()}
    return got


@check(says=ALONE, **PASS)
def running_in_place(student, rng):
    B, T, F = sizes(rng, 3, 3)
    norm = batch_norm(student, F, rng)
    norm.running_mean[...], norm.running_var[...] = rng.normal(size=F), rng.uniform(0.3, 3, F)
    norm.eval()
    x, mask = padded(rng, B, T, F)
    return {"output": normed(norm, x, mask), **statistics(norm)}


@check(weight=2, says=THROUGH, **PASS)
def gradients(student, rng):
    B, T, F = sizes(rng, 3, 3)
    norm, (x, _) = batch_norm(student, F, rng), padded(rng, B, T, F)
    x = leaf(x)
    (normed(norm, x, np.ones((B, T), dtype=bool)) * rng.normal(size=(B, T, F))).sum().backward()
    return {"x.grad": gradient(x), "gain.grad": gradient(norm.gain), "bias.grad": gradient(norm.bias)}


# --- learned -------------------------------------------------------------------------------------
# The task's own map comes first from the rng, so that the replay can draw it again. What follows,
# starting weights and batches, belongs to the training alone; the replay has data of its own.

IN_CHUNKS = (
    "Echo is learned in chunks of six steps: the bit from 3 to 5 steps ago, often from before a border, "
    "right in at least 97 of 100 places."
)
WITH_DROPOUT = (
    "The first of twelve symbols is remembered with half of the state dropped in training: "
    "right in at least 97 of 100 sequences when nothing is dropped any more."
)
WITH_NORM = (
    "Echo is learned from inputs in strange units and of different lengths, right in at least 97 of 100 places "
    "with the running statistics."
)
CODE, HIDDEN, STEPS = 8, 24, 12


class Plain(Module):
    """The plain cell of 01-rnn, for what is trained here."""

    def __init__(self, rng, D, H):
        self.hidden_size = H
        limit, (q, r) = np.sqrt(6 / (D + H)), np.linalg.qr(rng.normal(size=(H, H)))
        self.W_x = Parameter(rng.uniform(-limit, limit, (D, H)))
        self.W_h, self.b = Parameter(q * np.sign(np.diag(r))), Parameter(np.zeros(H))

    def initial_state(self, batch):
        return Tensor(np.zeros((batch, self.hidden_size)))

    def __call__(self, x, h):
        return tanh(x @ self.W_x + h @ self.W_h + self.b)


class Model(Module):
    """The plain cell and a linear layer on its states; what an exercise adds may stand around it."""

    def __init__(self, rng, D, K):
        self.cell, self.head = Plain(rng, D, HIDDEN), Linear(HIDDEN, K)
        self.head.W.data[...] = rng.normal(size=(HIDDEN, K)) / np.sqrt(HIDDEN)

    def arrays(self):
        return {name.replace(".", "_"): p for name, p in self.named_parameters()}

    def write(self, arrays):
        for name, p in self.arrays().items():
            p.data[...] = arrays[name]
        return self

    def over(self, x, mask=None):
        """Logits at every step, of the cell alone."""
        return self.head(Recurrent(self.cell)(x, mask=mask)[0])


def train(parameters, backward, error, lr, budget, stop=0.005):
    """Updates with Adam until the error on fresh data is at most `stop`."""
    optimizer = Adam(parameters, lr=lr)
    for update in range(1, budget + 1):
        optimizer.zero_grad()
        backward()
        optimizer.step()
        if update % 20 == 0 and error() <= stop:
            break


def wrong_bits(logits, batch, asked):
    """The share of wrong answers where one is asked for."""
    return float(((logits.data > 0) != (batch.y > 0.5))[asked].mean())


def bit_code(rng):
    return rng.normal(size=(2, CODE)) * np.sqrt(4 / CODE)


def coded(batch, code):
    """The same batch with row 0 or 1 of the code (2, CODE) in place of each bit."""
    return type(batch)(code[(batch.x[..., 0] > 0).astype(int)], batch.y, batch.mask)


def echo_map(rng):
    delay, code = int(rng.integers(3, 6)), bit_code(rng)
    return lambda rng, size: coded(tasks.echo(rng, size, length=24, delay=delay), code)


def echo_error(model, batch):
    with no_grad():
        return wrong_bits(model.over(batch.x), batch, batch.mask)


def chunks_replay(solution, parameters, rng, held_out):
    draw = echo_map(rng)
    return 1 - echo_error(Model(rng, CODE, 1).write(parameters), draw(held_out, 500))


@check(
    exercise="learned", weight=5, says=IN_CHUNKS, cpu=8.0, threshold=0.97, replay=chunks_replay,
    needs=("tbptt.two-chunks", "tbptt.calls", "tbptt.border", "tbptt.adds-up", "tbptt.uneven-chunks", "tbptt.all-gradients"),
)
def in_chunks(student, rng):
    draw = echo_map(rng)
    model = Model(rng, CODE, 1)

    def backward():
        batch = draw(rng, 16)

        def loss(outputs, steps):
            return binary_cross_entropy_with_logits(model.head(outputs), batch.y[:, steps], batch.mask[:, steps])

        truncated(student, model.cell, batch.x, None, 6, loss)

    train(model.parameters(), backward, lambda: echo_error(model, draw(rng, 200)), 0.01, 900)
    return {name: p.data for name, p in model.arrays().items()}


def recall_map(rng):
    """Remember the first of twelve symbols, each of two, in a code of the task's own."""
    code, swap = bit_code(rng), int(rng.integers(0, 2))

    def draw(rng, size):
        symbols = rng.integers(0, 2, (size, STEPS))
        return code[symbols], (symbols[:, 0] + swap) % 2

    return draw


def recall_error(model, x, y):
    with no_grad():
        return float((model.over(x).data[:, -1].argmax(axis=1) != y).mean())


def recall_replay(solution, parameters, rng, held_out):
    draw = recall_map(rng)
    return 1 - recall_error(Model(rng, CODE, 2).write(parameters), *draw(held_out, 1000))


@check(
    exercise="learned", weight=5, says=WITH_DROPOUT, cpu=8.0, threshold=0.97, replay=recall_replay,
    needs=(
        "recurrent-dropout.scale", "recurrent-dropout.same-mask", "recurrent-dropout.evaluation",
        "recurrent-dropout.dropped-gradients", "recurrent-dropout.over-sequences",
    ),
)
def with_dropout(student, rng):
    draw = recall_map(rng)
    model = Model(rng, CODE, 2)
    recurrent = Recurrent(dropout(student, model.cell, 0.5, rng))

    def logits(x):
        return model.head(recurrent(x)[0][:, -1])

    def backward():
        x, y = draw(rng, 32)
        cross_entropy(logits(x), y).backward()

    def error():
        x, y = draw(rng, 300)
        recurrent.eval()
        with no_grad():
            wrong = float((logits(x).data.argmax(axis=1) != y).mean())
        recurrent.train()
        return wrong

    train(model.parameters(), backward, error, 0.01, 900)
    return {name: p.data for name, p in model.arrays().items()}


def units_map(rng):
    """Echo with inputs in units of the task's own, at least three steps longer than the delay."""
    delay, code = int(rng.integers(2, 4)), bit_code(rng)
    zero, unit = rng.choice([-1, 1], CODE) * rng.uniform(20, 60, CODE), rng.uniform(2, 8, CODE)

    def draw(rng, size):
        batch = tasks.echo(rng, size, length=16, delay=delay)
        mask = np.arange(16) < rng.integers(delay + 3, 17, size)[:, None]
        noisy = coded(batch, code).x + 0.1 * rng.normal(size=(size, 16, CODE))
        x = np.where(mask[..., None], zero + unit * noisy, 300 * rng.normal(size=noisy.shape))
        return type(batch)(x, batch.y, mask), mask & batch.mask

    return draw


def norm_logits(model, norm, batch):
    return model.over(normed(norm, batch.x, batch.mask), batch.mask)


def norm_error(model, norm, batch, asked):
    norm.eval()
    with no_grad():
        wrong = wrong_bits(norm_logits(model, norm, batch), batch, asked)
    norm.train()
    return wrong


def norm_replay(solution, parameters, rng, held_out):
    draw = units_map(rng)
    model, norm = Model(rng, CODE, 1).write(parameters), batch_norm(solution, CODE)
    norm.gain.data[...], norm.bias.data[...] = parameters["gain"], parameters["bias"]
    norm.running_mean[...], norm.running_var[...] = parameters["running_mean"], parameters["running_var"]
    return 1 - norm_error(model, norm, *draw(held_out, 500))


@check(
    exercise="learned", weight=5, says=WITH_NORM, cpu=8.0, threshold=0.97, replay=norm_replay,
    needs=(
        "batch-norm.full-batch", "batch-norm.padding", "batch-norm.two-passes", "batch-norm.running-in-place",
        "batch-norm.gradients", "batch-norm.masked-gradients", "batch-norm.many-passes",
    ),
)
def with_batch_norm(student, rng):
    draw = units_map(rng)
    model, norm = Model(rng, CODE, 1), batch_norm(student, CODE)

    def backward():
        batch, asked = draw(rng, 16)
        binary_cross_entropy_with_logits(norm_logits(model, norm, batch), batch.y, asked).backward()

    train(
        [*model.parameters(), *norm.parameters()], backward,
        lambda: norm_error(model, norm, *draw(rng, 200)), 0.01, 600,
    )
    arrays = {name: p.data for name, p in model.arrays().items()}
    return {**arrays, "gain": norm.gain.data, "bias": norm.bias.data, **statistics(norm)}
