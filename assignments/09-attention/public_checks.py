"""The public checks of 09-attention: shipped with their inputs' seed and the values they expect.

Ladder of each exercise: shape, value, a tiny case by hand, a random cotangent. What a probe says is
the notebook's sentence, word for word; the hidden checks say the same sentences and test them harder.
Cells, scores and what a part calls of the parts before it are stand-ins, so that a mistake in one costs
nothing in the others.
"""

import numpy as np

from minigrad import Tensor, concatenate, no_grad, sigmoid, stack, tanh, where
from minigrad.checks import Todo, briefly, check, given
from minigrad.data import pairs
from minigrad.functional import cross_entropy
from minigrad.nn import Module, Parameter, Recurrent
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


def leaves(rng, *shapes):
    return [leaf(rng.normal(size=shape)) for shape in shapes]


def truth(*answers):
    """Yes and no."""
    return np.array([bool(a) for a in answers])


def same_bits(tensors):
    return truth(*(np.array_equal(tensors[0].data, t.data) for t in tensors[1:]))


def weighed(result, rng):
    """A loss on a result, with a random cotangent."""
    return (result * rng.normal(size=result.shape)).sum()


def some_mask(rng, B, S):
    """Sequences of different lengths, one of them S, and one with a place left out."""
    lengths = np.concatenate([[S], rng.integers(1, S, B - 1)])[rng.permutation(B)]
    mask = np.arange(S) < lengths[:, None]
    mask[lengths.argmax(), 1] = False
    return mask


def other_shares(scores, mask):
    """Stands in for masked_softmax: shares of another kind, in proportion to the scores' sigmoid."""
    a = where(mask, sigmoid(scores), 0.0)
    return a / (a.sum(axis=-1, keepdims=True) + 1e-30)


def other_look(weights, values):
    """Stands in for context: a look of another kind, which also sees nothing where the weight is 0."""
    return tanh(values * weights.reshape((*weights.shape, 1)) * 2.0).sum(axis=1)


# --- scores --------------------------------------------------------------------------------------

DOT = (
    "`dot_scores(query, keys)` of a query (B, H) and keys (B, S, H) gives a Tensor (B, S): for each place the dot product of its key "
    "with its own row's query, and nothing else."
)
ADDITIVE_PARTS = (
    "`AdditiveScores(size)` has the Parameters `W_q` and `W_k` (size, size) and `v` (size,) and no others; they begin as "
    "numbers other than zero."
)
ADDITIVE = (
    "Called with a query and keys it gives a Tensor (B, S): at each place v · tanh(query W_q + key W_k), of its own row."
)
SCORES_BACK = (
    "What comes back through the scores reaches the query and the keys of every place, and of `AdditiveScores` all three Parameters."
)


def dots(student, query, keys):
    return given(student.dot_scores(query, keys), "dot_scores", Tensor, keys.shape[:2])


def additive_of(student, rng, H):
    """The student's AdditiveScores with parameters from rng."""
    model = given(student.AdditiveScores(H), "AdditiveScores")
    for name, shape in (("W_q", (H, H)), ("W_k", (H, H)), ("v", (H,))):
        given(getattr(model, name), f"AdditiveScores' {name}", Parameter, shape).data[...] = rng.normal(size=shape)
    return model


def scored(model, query, keys):
    return given(model(query, keys), "AdditiveScores' __call__", Tensor, keys.shape[:2])


@check(exercise="scores", weight=2, says=DOT)
def dot_products(student, rng):
    B, S, H = sizes(rng, 3)
    return {"scores": dots(student, *leaves(rng, (B, H), (B, S, H)))}


@check(exercise="scores", says=DOT)
def two_keys(student, rng):
    """One query, two keys, two numbers each: small enough to do by hand."""
    query, keys = rng.integers(-4, 5, (1, 2)) * 0.5, rng.integers(-4, 5, (1, 2, 2)) * 1.0
    keys[0, 0] += 10
    query[0] += 3
    return {"scores": dots(student, Tensor(query), Tensor(keys))}


@check(exercise="scores", says=ADDITIVE_PARTS)
def additive_parts(student, rng):
    H = int(rng.integers(3, 9))
    model = given(student.AdditiveScores(H), "AdditiveScores")
    mine = [given(getattr(model, name), f"AdditiveScores' {name}") for name in ("W_q", "W_k", "v")]
    return {
        "shapes": np.array([n for p in mine for n in p.shape]),
        "sizes of parameters()": np.sort([p.data.size for p in model.parameters()]),
        "numbers other than zero": truth(*(np.all(p.data) for p in mine)),
    }


@check(exercise="scores", weight=3, says=ADDITIVE)
def additive_scores(student, rng):
    B, S, H = sizes(rng, 3)
    return {"scores": scored(additive_of(student, rng, H), *leaves(rng, (B, H), (B, S, H)))}


@check(exercise="scores", says=ADDITIVE)
def one_number_each(student, rng):
    """One query, two keys, one number each."""
    model = additive_of(student, rng, 1)
    for p in (model.W_q, model.W_k, model.v):
        p.data[...] = p.data.round(1)
    return {"scores": scored(model, Tensor([[0.4]]), Tensor([[[0.3], [-0.2]]]))}


@check(exercise="scores", weight=2, says=SCORES_BACK)
def scores_gradients(student, rng):
    B, S, H = sizes(rng, 3)
    query, keys = leaves(rng, (B, H), (B, S, H))
    weighed(dots(student, query, keys), rng).backward()
    return {"dot: query.grad": gradient(query), "dot: keys.grad": gradient(keys)}


# --- masked-softmax ------------------------------------------------------------------------------

SHARES = (
    "Where the mask is True, the weights are the softmax of the row's scores at those places alone: each row's weights together are 1."
)
NO_SHARE = (
    "Where the mask is False, the weight is exactly 0, and what score stands there, even inf or NaN, changes no bit of any weight."
)
EMPTY = "A row whose mask is False everywhere gives zeros, not NaN, and changes nothing in the rows beside it."
LARGE = "Scores of a thousand, of either sign, overflow nothing: the weights are finite, and exact."
LAST_AXIS = (
    "A row is the last axis, whatever axes stand before it: scores may be (B, S) or (B, T, S), and a mask of fewer axes holds for all."
)
SHARES_BACK = (
    "The gradient reaches the scores of every place where the mask is True; at the others and in rows that are False everywhere "
    "it is exactly zero, as long as their scores are finite; scores and mask stay as they are."
)


def shares(student, scores, mask):
    scores = scores if isinstance(scores, Tensor) else Tensor(scores)
    return given(student.masked_softmax(scores, mask), "masked_softmax", Tensor, scores.shape)


@check(exercise="masked-softmax", weight=2, says=SHARES)
def shares_of_all(student, rng):
    """Nothing is masked in one batch, something in the other."""
    B, S = sizes(rng, 2, 3, 9)
    scores = 2 * rng.normal(size=(B, S))
    return {
        "weights, all places": shares(student, scores, np.ones((B, S), dtype=bool)),
        "weights, some places": shares(student, scores, some_mask(rng, B, S)),
    }


@check(exercise="masked-softmax", says=SHARES)
def two_places(student, rng):
    """Three places, one of them masked; the scores of the others are 0 and the logarithm of a whole number."""
    scores = np.array([[0.0, 5.0, np.log(rng.integers(3, 100))]])
    return {"weights": shares(student, scores, np.array([[True, False, True]]))}


@check(exercise="masked-softmax", weight=2, says=NO_SHARE)
def other_scores(student, rng):
    B, S = sizes(rng, 2, 3, 9)
    scores, mask = rng.normal(size=(B, S)), some_mask(rng, B, S)
    got = [shares(student, np.where(mask, scores, other), mask) for other in (scores, 40 * rng.normal(size=(B, S)))]
    return {"weights": got[0], "zero where the mask is False": truth(not got[0].data[~mask].any()), "the same bits": same_bits(got)}


@check(exercise="masked-softmax", weight=2, says=EMPTY)
def empty_row(student, rng):
    B, S = sizes(rng, 2, 3, 9)
    mask = some_mask(rng, B, S)
    mask[rng.integers(0, B)] = False
    with np.errstate(all="ignore"):
        return {"weights": shares(student, rng.normal(size=(B, S)), mask)}


@check(exercise="masked-softmax", says=LARGE)
def large_scores(student, rng):
    B, S = sizes(rng, 2, 3, 9)
    with np.errstate(all="ignore"):
        return {"weights": shares(student, 1000 + rng.normal(size=(B, S)), some_mask(rng, B, S))}


@check(exercise="masked-softmax", says=LAST_AXIS)
def three_axes(student, rng):
    B, T, S = sizes(rng, 3, 3, 9)
    return {"weights": shares(student, rng.normal(size=(B, T, S)), np.stack([some_mask(rng, T, S) for _ in range(B)]))}


@check(exercise="masked-softmax", weight=2, says=SHARES_BACK)
def shares_gradient(student, rng):
    B, S = sizes(rng, 2, 3, 9)
    (scores,), mask = leaves(rng, (B, S)), some_mask(rng, B, S)
    before = mask.copy()
    weighed(shares(student, scores, mask), rng).backward()
    return {
        "scores.grad": gradient(scores),
        "zero where the mask is False": truth(not gradient(scores)[~before].any()),
        "scores and mask afterwards": np.stack([scores.data, mask]),
    }


# --- context -------------------------------------------------------------------------------------

SUM = "Of weights (B, S) and values (B, S, H) it gives a Tensor (B, H): in each row the sum over its places of the weight times the value."
NOTHING_ADDED = "A place of weight 0 adds nothing: what finite values stand there changes no bit."
CONTEXT_BACK = "The gradient reaches weights and values of every place."


def looked(student, weights, values):
    B, _, H = values.shape
    return given(student.context(weights, values), "context", Tensor, (B, H))


def some_weights(rng, B, S):
    """Shares; in each row one of them is 0."""
    a = np.exp(rng.normal(size=(B, S)))
    a[np.arange(B), rng.integers(0, S, B)] = 0
    return a / a.sum(axis=1, keepdims=True)


@check(exercise="context", weight=2, says=SUM)
def means(student, rng):
    B, S, H = sizes(rng, 3)
    return {"context": looked(student, Tensor(some_weights(rng, B, S)), *leaves(rng, (B, S, H)))}


@check(exercise="context", says=SUM)
def by_hand(student, rng):
    """Two places with shares of a quarter and three quarters."""
    values = rng.integers(1, 9, (1, 2, 2)) * 4.0
    values[0, 1] += 40
    return {"context": looked(student, Tensor([[0.25, 0.75]]), Tensor(values))}


@check(exercise="context", says=NOTHING_ADDED)
def weight_zero(student, rng):
    B, S, H = sizes(rng, 3, 3, 9)
    weights, values = some_weights(rng, B, S), rng.normal(size=(B, S, H))
    got = [looked(student, Tensor(weights), Tensor(np.where(weights[:, :, None] > 0, values, size * values))) for size in (1, 900)]
    return {"context": got[0], "the same bits": same_bits(got)}


@check(exercise="context", says=CONTEXT_BACK)
def context_gradients(student, rng):
    B, S, H = sizes(rng, 3)
    weights, values = leaves(rng, (B, S), (B, S, H))
    weighed(looked(student, weights, values), rng).backward()
    return {"weights.grad": gradient(weights), "values.grad": gradient(values)}


# --- attention-decoder ---------------------------------------------------------------------------

DECODER_PARTS = (
    "`embedding` is an `Embedding(vocab, embed_size)`, `cell` and `scores` are those it was given, and `head` is a "
    "`Linear(2 * cell.hidden_size, vocab)`; `parameters()` has those of the four and no others."
)
STEP = (
    "`step` takes tokens (B,), the state before them, keys (B, S, H) and a mask (B, S), and returns three things: logits (B, vocab), "
    "the state after the cell's step on the tokens' rows, and the weights (B, S)."
)
LOOK = (
    "The weights are `masked_softmax` of the scores between the *new* output, which is the query, and the keys; the head reads "
    "the output and `context` of weights and keys side by side, [h, context]."
)
BOTH = "Where the state is a pair (h, c), both go into the cell, both come out, and h is what asks and what the head reads."
PADDED = (
    "What finite values stand in the keys where the mask is False changes no bit of logits, state or weights; a row with no place at all has "
    "a context of zeros."
)
NOTHING_KEPT = (
    "All it knows is what it is given: the same token, state, keys and mask give the same, whatever was asked in between."
)
DECODER_BACK = (
    "A loss on its logits reaches head, cell, scores and embedding, the state that was handed over, and the keys of every place "
    "where the mask is True; at the others the gradient of the keys is exactly zero."
)


class Leaky(Module):
    """A stand-in cell (B, E) -> (B, H): it keeps a share of its state and adds what it reads."""

    def __init__(self, rng, E, H):
        self.hidden_size = H
        self.keep, self.W = Parameter(rng.uniform(0.3, 0.9, H)), Parameter(rng.normal(size=(E, H)) / np.sqrt(E))

    def initial_state(self, batch):
        return Tensor(np.zeros((batch, self.hidden_size)))

    def __call__(self, x, h):
        return tanh(h * self.keep + x @ self.W)


class LeakyPair(Leaky):
    """The same with a state (h, c), where the next step needs both."""

    def initial_state(self, batch):
        return super().initial_state(batch), super().initial_state(batch)

    def __call__(self, x, state):
        h, c = state
        c = super().__call__(x, c + h * 0.5)
        return c * 0.7 + h * 0.2, c


class Lopsided(Module):
    """Stand-in scores: query and keys cannot change places in them."""

    def __init__(self, rng, H):
        self.U, self.u = Parameter(rng.normal(size=(H, H)) / np.sqrt(H)), Parameter(rng.normal(size=H))

    def __call__(self, query, keys):
        return ((query @ self.U)[:, None, :] * keys).sum(axis=2) + tanh(keys * self.u).sum(axis=2)


def decoder_of(student, rng, V, E, H, kind=Leaky):
    """The student's AttentionDecoder around stand-ins, embedding and head from rng."""
    student.masked_softmax, student.context = other_shares, other_look
    model = given(student.AttentionDecoder(V, E, kind(rng, E, H), Lopsided(rng, H)), "AttentionDecoder")
    given(model.cell, "AttentionDecoder's cell")
    given(model.scores, "AttentionDecoder's scores")
    given(model.embedding, "AttentionDecoder's embedding").W.data[...] = rng.normal(size=(V, E))
    head = given(model.head, "AttentionDecoder's head")
    head.W.data[...], head.b.data[...] = rng.normal(size=(2 * H, V)), rng.normal(size=V)
    return model


def step_of(decoder, token, state, keys, mask):
    """logits, state and weights of the student's step, or "to do"."""
    what = "AttentionDecoder's step"
    logits, state, weights = given(decoder.step(token, state, keys, mask), what, tuple, (3,))
    logits = given(logits, f"the logits of {what}", Tensor, (len(token), *decoder.head.b.shape))
    return logits, given(state, f"the state of {what}"), given(weights, f"the weights of {what}", Tensor, mask.shape)


def some_state(rng, B, H, kind=Leaky):
    """A state that no cell has just made: a leaf, or two."""
    h, c = leaves(rng, (B, H), (B, H))
    return (h, c) if kind is LeakyPair else h


def question(student, rng, kind=Leaky, low=3):
    """A decoder and all that one of its steps takes: tokens, state, keys, mask."""
    B, S, V, E, H = sizes(rng, 5, low, 12)
    decoder = decoder_of(student, rng, V, E, H, kind)
    return decoder, [rng.integers(0, V, B), some_state(rng, B, H, kind), *leaves(rng, (B, S, H)), some_mask(rng, B, S)]


def decoder_gradients(decoder):
    return {
        "embedding.W.grad": gradient(decoder.embedding.W),
        "cell's keep.grad": gradient(decoder.cell.keep),
        "cell's W.grad": gradient(decoder.cell.W),
        "scores' U.grad": gradient(decoder.scores.U),
        "scores' u.grad": gradient(decoder.scores.u),
        "head.W.grad": gradient(decoder.head.W),
        "head.b.grad": gradient(decoder.head.b),
    }


def not_zero(call):
    """0.0 where a call gives zeros alone, which are no answer; what it raises is told by other checks."""
    try:
        with briefly():
            return truth(np.any(call().data))
    except Todo:
        raise
    except Exception:
        return truth(True)


@check(exercise="attention-decoder", weight=2, says=DECODER_PARTS)
def decoder_parts(student, rng):
    S, V, E, H = sizes(rng, 4, 3, 12)
    cell, scores = Leaky(rng, E, H), Lopsided(rng, H)
    student.masked_softmax, student.context = other_shares, other_look
    decoder = given(student.AttentionDecoder(V, E, cell, scores), "AttentionDecoder")
    embedding, head = given(decoder.embedding, "AttentionDecoder's embedding"), given(decoder.head, "AttentionDecoder's head")
    mine, asked = list(decoder.parameters()), [rng.integers(0, V, 2), *leaves(rng, (2, H), (2, S, H)), np.ones((2, S), dtype=bool)]
    return {
        "shape of embedding.W": np.array(embedding.W.shape),
        "shape of head.W": np.array(head.W.shape),
        "sizes of parameters()": np.sort([p.data.size for p in mine]),
        "what it was given": truth(decoder.cell is cell, decoder.scores is scores, *(any(p is q for q in mine) for p in scores.parameters())),
        "weights other than zero": not_zero(lambda: step_of(decoder, *asked)[2]),
    }


@check(exercise="attention-decoder", weight=3, says=STEP)
def one_step(student, rng):
    decoder, asked = question(student, rng)
    asked[-1] = np.ones_like(asked[-1])
    logits, state, weights = step_of(decoder, *asked)
    return {"logits": logits, "state": state, "weights": weights}


@check(exercise="attention-decoder", weight=2, says=LOOK)
def two_keys_seen(student, rng):
    """One row, one number of state, two places: the head's rows say what is read first."""
    decoder = decoder_of(student, rng, 2, 1, 1)
    for p in (decoder.embedding.W, decoder.head.b):
        p.data[...] = rng.normal(size=p.shape).round(1)
    decoder.head.W.data[...] = [[1.0, 0.0], [0.0, 1.0]]
    decoder.scores.U.data[...], decoder.scores.u.data[...] = 2.0, 0.5
    logits, _, weights = step_of(decoder, np.array([1]), Tensor([[0.5]]), Tensor([[[1.0], [-2.0]]]), np.array([[True, True]]))
    return {"weights": weights, "logits": logits}


@check(exercise="attention-decoder", weight=2, says=BOTH)
def pair_step(student, rng):
    decoder, asked = question(student, rng, LeakyPair)
    logits, (h, c), weights = step_of(decoder, *asked)
    return {"logits": logits, "h": h, "c": c, "weights": weights}


@check(exercise="attention-decoder", weight=2, says=PADDED)
def padded_keys(student, rng):
    decoder, (token, state, keys, mask) = question(student, rng)
    got = [step_of(decoder, token, state, Tensor(np.where(mask[:, :, None], keys.data, size * keys.data)), mask) for size in (1, 30)]
    return {
        "logits": got[0][0],
        "weights": got[0][2],
        "the same bits: logits, weights": np.concatenate([same_bits([one[k] for one in got]) for k in (0, 2)]),
    }


@check(exercise="attention-decoder", says=NOTHING_KEPT)
def asked_again(student, rng):
    """One question, another one, and the first once more."""
    decoder, (token, state, keys, mask) = question(student, rng)
    first, _, _ = step_of(decoder, token, state, keys, mask)
    other, _, _ = step_of(decoder, token[::-1], some_state(rng, *state.shape), *leaves(rng, keys.shape), mask)
    again, _, _ = step_of(decoder, token, state, keys, mask)
    return {"logits": first, "logits of another question": other, "the first once more, less the first": again.data - first.data}


@check(exercise="attention-decoder", weight=3, says=DECODER_BACK)
def step_gradients(student, rng):
    decoder, asked = question(student, rng)
    asked[-1] = np.ones_like(asked[-1])
    weighed(step_of(decoder, *asked)[0], rng).backward()
    return {**decoder_gradients(decoder), "state.grad": gradient(asked[1]), "keys.grad": gradient(asked[2])}


# --- causal-self-attention -----------------------------------------------------------------------

SELF = (
    "It gives a Tensor (B, T, V): at each place t the mean of the values x_s W_v of the places s up to and with t, with the weights that "
    "`masked_softmax` gives to the dot products of x_t W_q with x_s W_k, divided by the square root of K."
)
CAUSAL = (
    "What stands at later places changes nothing: the first place gives its own value, and a sequence cut short gives the same "
    "as far as it goes."
)
SELF_BACK = "The gradient reaches x at every place, and all three matrices."


def attended(student, x, W_q, W_k, W_v):
    student.masked_softmax = other_shares
    x, *W = (a if isinstance(a, Tensor) else Tensor(a) for a in (x, W_q, W_k, W_v))
    shape = (*x.shape[:2], W[2].shape[1])
    return given(student.causal_self_attention(x, *W), "causal_self_attention", Tensor, shape)


def some_heads(rng, B, T, D, K, V):
    return leaves(rng, (B, T, D), (D, K), (D, K), (D, V))


@check(exercise="causal-self-attention", weight=3, says=SELF)
def one_head(student, rng):
    return {"outputs": attended(student, *some_heads(rng, *sizes(rng, 5)))}


@check(exercise="causal-self-attention", says=SELF)
def two_steps(student, rng):
    """Two places, matrices of one number: small enough to do by hand. K is 4, and three of the four are zero."""
    x, (q, k, v) = rng.permutation([0.5, 1.0, 1.5, 2.0])[:2].reshape((1, 2, 1)), rng.permutation([1, 2, 3])
    W_q, W_k = (np.array([[n, 0.0, 0.0, 0.0]]) for n in (q, k))
    return {"outputs": attended(student, x, W_q, W_k, np.array([[float(v)]]))}


@check(exercise="causal-self-attention", weight=2, says=CAUSAL)
def last_place(student, rng):
    """Two lots of x that differ in their last place alone."""
    x, *W = some_heads(rng, *sizes(rng, 5, 3, 9))
    other = x.data.copy()
    other[:, -1] += 3 * rng.normal(size=other[:, -1].shape)
    one, two = attended(student, x, *W), attended(student, other, *W)
    return {"outputs": one, "what changes before the last place": (two.data - one.data)[:, :-1]}


@check(exercise="causal-self-attention", weight=3, says=SELF_BACK)
def self_gradients(student, rng):
    tensors = some_heads(rng, *sizes(rng, 5))
    weighed(attended(student, *tensors), rng).backward()
    return {f"{name}.grad": gradient(a) for name, a in zip(("x", "W_q", "W_k", "W_v"), tensors, strict=True)}


# --- learned -------------------------------------------------------------------------------------
# The task's own map comes first from the rng, so that the replay can draw it again. What follows,
# starting weights and batches, belongs to the training alone; the replay has data of its own.

RECEIPTS = (
    "Receipts are learned, numbers of four to eight digits and dates in two formats: at least 90 of 100 fresh ones are written "
    "without a mistake, free-running."
)
COMMON = (
    "scores.dot-products", "scores.scores-gradients",
    "masked-softmax.shares-of-all", "masked-softmax.other-scores", "masked-softmax.shares-gradient",
    "context.means", "context.context-gradients",
    "attention-decoder.decoder-parts", "attention-decoder.one-step", "attention-decoder.two-keys-seen",
    "attention-decoder.padded-keys", "attention-decoder.step-gradients",
    "attention-decoder.several-steps", "attention-decoder.through-time",
)
READ, WRITTEN, E, H = len(pairs.DATE_READ), len(pairs.DATE_WRITTEN), 16, 48


class Gated(Module):
    """The notebook's cell with one gate, for what is trained here."""

    def __init__(self):
        self.hidden_size = H
        self.W, self.b = Parameter(np.zeros((H + E, 2 * H))), Parameter(np.zeros(2 * H))

    def initial_state(self, batch):
        return Tensor(np.zeros((batch, H)))

    def __call__(self, x, h):
        a = concatenate([h, x], axis=1) @ self.W + self.b
        z, candidate = sigmoid(a[:, :H]), tanh(a[:, H:])
        return h + z * (candidate - h)


class Translator:
    """A reader of ours and the student's decoder around gated cells, all of their parameters by name."""

    def __init__(self, student):
        self.rows, self.reads = Parameter(np.zeros((READ, E))), Gated()
        writer = given(student.AttentionDecoder(WRITTEN, E, Gated(), student.dot_scores), "AttentionDecoder")
        self.writer = writer
        self.named = {
            "E": self.rows, "W": self.reads.W, "b": self.reads.b,
            "E out": writer.embedding.W, "W out": writer.cell.W, "b out": writer.cell.b,
            "V": writer.head.W, "d": writer.head.b,
        }

    def write(self, arrays):
        for name, parameter in self.named.items():
            parameter.data[...] = arrays[name]
        return self

    def read(self, batch):
        keys, state = Recurrent(self.reads)(self.rows[batch.x], mask=batch.mask)
        return state, keys

    def loss(self, batch):
        """Told at each step what should have been written before."""
        (state, keys), logits = self.read(batch), []
        for token in np.insert(batch.y, 0, pairs.START, axis=1)[:, :-1].T:
            now, state, _ = step_of(self.writer, token, state, keys, batch.mask)
            logits.append(now)
        return cross_entropy(stack(logits, axis=1), batch.y, mask=pairs.target_mask(batch.y))

    def error(self, batch):
        """The share of sequences with a mistake, free-running."""
        token, wrong = np.full(len(batch.y), pairs.START), np.zeros(len(batch.y), dtype=bool)
        with no_grad():
            state, keys = self.read(batch)
            for target, counts in zip(batch.y.T, pairs.target_mask(batch.y).T, strict=True):
                logits, state, _ = step_of(self.writer, token, state, keys, batch.mask)
                token = logits.data.argmax(axis=1)
                wrong |= counts & (token != target)
        return float(wrong.mean())


def glorot(rng, rows, columns):
    limit = np.sqrt(6 / (rows + columns))
    return rng.uniform(-limit, limit, (rows, columns))


def starting_weights(rng):
    """Orthogonal above Glorot; the gate starts at keeping."""
    start = {"E": rng.normal(size=(READ, E)), "E out": rng.normal(size=(WRITTEN, E)), "V": glorot(rng, 2 * H, WRITTEN), "d": 0.0}
    for name in ("", " out"):
        turns = [q * np.sign(np.diag(r)) for q, r in (np.linalg.qr(rng.normal(size=(H, H))) for _ in range(2))]
        rows = [glorot(rng, E, H) for _ in range(2)]
        start[f"W{name}"] = np.concatenate([np.concatenate(turns, axis=1), np.concatenate(rows, axis=1)])
        start[f"b{name}"] = np.repeat([-1.0, 0.0], H)
    return start


def trained(model, draw, lr, budget):
    """Train with Adam until at most 4 of 100 fresh sequences have a mistake; the parameters.

    The fewer mistakes there are, the smaller the steps.
    """
    optimizer = Adam(list(model.named.values()), lr=lr)
    for update in range(1, budget + 1):
        optimizer.zero_grad()
        model.loss(draw(32)).backward()
        optimizer.step()
        if update % 40 == 0:
            error = model.error(draw(200))
            if error <= 0.04:
                break
            optimizer.lr = lr * min(1, max(0.1, 2 * error))
    return {name: parameter.data for name, parameter in model.named.items()}


def receipts_map(rng):
    """Receipts with tokens numbered in a way of their own, but for `end` and `start`."""
    numbers, letters = rng.permutation(READ), np.concatenate([[0, 1], 2 + rng.permutation(WRITTEN - 2)])

    def drawn(rng, size):
        batch = pairs.receipts(rng, size, 4, 8, pairs.FORMATS[:2])
        return type(batch)(numbers[batch.x], letters[batch.y], batch.mask)

    return drawn


def receipts_replay(solution, parameters, rng, held_out):
    draw = receipts_map(rng)
    return 1 - Translator(solution).write(parameters).error(draw(held_out, 500))


@check(exercise="learned", says=RECEIPTS, cpu=20.0, threshold=0.90, needs=COMMON, replay=receipts_replay)
def receipts(student, rng):
    draw = receipts_map(rng)
    model = Translator(student).write(starting_weights(rng))
    return trained(model, lambda size: draw(rng, size), 0.02, 1200)
