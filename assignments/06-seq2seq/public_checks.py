"""The public checks of 06-seq2seq: shipped with their inputs' seed and the values they expect.

Ladder of each exercise: shape, value, a tiny case by hand, a random cotangent. What a probe says is
the notebook's sentence, word for word; the hidden checks say the same sentences and test them harder.
An encoder is read by a decoder of the probe's, a decoder is handed the state of the probe's encoder, so
that a mistake in one costs nothing in the other.
"""

import numpy as np

from minigrad import Tensor, concatenate, no_grad, sigmoid, stack, tanh
from minigrad.checks import Todo, briefly, check, given
from minigrad.data import pairs
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


def truth(*answers):
    """Yes and no."""
    return np.array([bool(a) for a in answers])


def no_zeros(call):
    """0.0 where a call gives zeros alone, which are no answer; what it raises is told by other checks."""
    try:
        with briefly():
            return truth(np.any(call().data))
    except Todo:
        raise
    except Exception:
        return truth(True)


class Leaky(Module):
    """A stand-in cell (B, E) -> (B, H): it keeps a share of its state and adds what it reads."""

    def __init__(self, rng, E, H):
        self.hidden_size = H
        self.keep, self.W = Parameter(rng.uniform(0.3, 0.9, H)), Parameter(rng.normal(size=(E, H)) / np.sqrt(E))
        self.first = rng.normal(size=H)

    def initial_state(self, batch):
        return Tensor(np.tile(self.first, (batch, 1)))

    def __call__(self, x, h):
        return tanh(h * self.keep + x @ self.W)


class LeakyPair(Leaky):
    """The same with a state (h, c), where the next step needs both."""

    def initial_state(self, batch):
        return Tensor(np.tile(0.5 * self.first[::-1], (batch, 1))), super().initial_state(batch)

    def __call__(self, x, state):
        h, c = state
        c = super().__call__(x, c + h * 0.5)
        return c * 0.7 + h * 0.2, c


def parts_of(state):
    """A state's Tensors by name."""
    return {"h": state[0], "c": state[1]} if isinstance(state, tuple) else {"h": state}


def parameters_of(model, cell):
    """What a model around a cell gives as its parameters, by size, and whether the cell's are among them."""
    mine = list(model.parameters())
    return {
        "sizes of parameters()": np.sort([p.data.size for p in mine]),
        "the cell it was given": truth(model.cell is cell, *(any(p is q for q in mine) for p in cell.parameters())),
    }


def words(rng, B, T, V):
    """Tokens (B, T) in which every token from 1 on may come; 0 is kept for padding."""
    return rng.integers(1, V, (B, T))


def texts(rng, B, T, V):
    """Tokens (B, T) of different lengths, 0 behind them, and their mask."""
    lengths = np.concatenate([[T, 1], rng.integers(1, T, B - 2)])[rng.permutation(B)]
    mask = np.arange(T) < lengths[:, None]
    return np.where(mask, words(rng, B, T, V), 0), mask


# --- encoder -------------------------------------------------------------------------------------

ENCODER_PARTS = (
    "`embedding` is an `Embedding(vocab, embed_size)` and `cell` the cell it was given; "
    "`parameters()` has those of the two and no others."
)
MESSAGE = (
    "It returns the cell's state after each sequence's last token, read in order from the cell's initial state, "
    "whatever was read before: "
    "a Tensor (B, H), or the pair (h, c), both of them, where the cell has one."
)
PADDED = (
    "What stands where the mask is False changes nothing in the state, neither which tokens nor how many: "
    "a sequence gives the same in a batch of longer ones as alone."
)
SENDS_BACK = (
    "What comes back through the state, through h and through c, reaches the cell and the embedding of every token "
    "that was read, and no row of the embedding that was only padding."
)


def encoder_of(student, rng, V, E, H, kind=Leaky):
    """The student's Encoder around a stand-in cell, its embedding from rng."""
    model = given(student.Encoder(V, E, kind(rng, E, H)), "Encoder")
    given(model.cell, "Encoder's cell")
    given(model.embedding, "Encoder's embedding").W.data[...] = rng.normal(size=(V, E))
    return model


def message_of(encoder, tokens, mask):
    pair = isinstance(encoder.cell, LeakyPair)
    form = (tuple, (2,)) if pair else (Tensor, (len(tokens), encoder.cell.hidden_size))
    return given(encoder(tokens, mask), "Encoder's __call__", *form)


def full(B, T):
    return np.ones((B, T), dtype=bool)


def reply(state, weights, rng):
    """A loss on what a stand-in decoder makes of a state: three leaky steps, all of their numbers weighed."""
    total, tokens = 0.0, rng.normal(size=(3, *weights.shape))
    for x in tokens:
        if isinstance(state, tuple):
            state = tanh(state[1] * 0.6 + state[0] * 0.8 + x), state[1] * 0.5 + state[0] * 0.3
        else:
            state = tanh(state * 0.7 + x)
        for part in parts_of(state).values():
            total = total + (part * weights).sum()
    return total


def encoder_gradients(encoder):
    return {
        "embedding.W.grad": gradient(encoder.embedding.W),
        "cell's keep.grad": gradient(encoder.cell.keep),
        "cell's W.grad": gradient(encoder.cell.W),
    }


@check(exercise="encoder", says=ENCODER_PARTS)
def encoder_parts(student, rng):
    V, E, H = sizes(rng, 3, 3, 14)
    cell = Leaky(rng, E, H)
    encoder = given(student.Encoder(V, E, cell), "Encoder")
    return {
        "shape of embedding.W": np.array(given(encoder.embedding, "Encoder's embedding").W.shape),
        "a state other than zero": no_zeros(lambda: message_of(encoder, words(rng, 2, 3, V), full(2, 3))),
        **parameters_of(encoder, cell),
    }


@check(exercise="encoder", weight=2, says=MESSAGE)
def message(student, rng):
    """Token 0 is read too: padding is what the mask says, and no token. Read twice."""
    B, T, V, E, H = sizes(rng, 5, 3, 14)
    encoder, tokens = encoder_of(student, rng, V, E, H), rng.integers(0, V, (B, T))
    tokens[0, 0] = 0
    return {f"state, read {times}": message_of(encoder, tokens, full(B, T)) for times in ("once", "again")}


@check(exercise="encoder", says=MESSAGE)
def two_tokens(student, rng):
    """One sequence of two tokens, one number of state, all of it small enough to do by hand."""
    encoder = encoder_of(student, rng, 3, 1, 1)
    encoder.embedding.W.data[...] = rng.normal(size=(3, 1)).round(1)
    return {"state after tokens 1, 2": message_of(encoder, np.array([[1, 2]]), full(1, 2))}


@check(exercise="encoder", weight=2, says=MESSAGE)
def message_pair(student, rng):
    B, T, V, E, H = sizes(rng, 5, 3, 14)
    encoder, tokens = encoder_of(student, rng, V, E, H, LeakyPair), words(rng, B, T, V)
    h, c = message_of(encoder, tokens, full(B, T))
    again, c_again = message_of(encoder, tokens, full(B, T))
    return {"h": h, "c": c, "h, read again": again, "c, read again": c_again}


@check(exercise="encoder", weight=2, says=PADDED)
def padded_batch(student, rng):
    B, T, V, E, H = sizes(rng, 5, 4, 12)
    encoder = encoder_of(student, rng, V, E, H)
    return {"state": message_of(encoder, *texts(rng, B, T, V))}


@check(exercise="encoder", weight=2, says=SENDS_BACK)
def message_gradients(student, rng):
    B, T, V, E, H = sizes(rng, 5, 3, 12)
    encoder = encoder_of(student, rng, V, E, H)
    state = message_of(encoder, words(rng, B, T, V), full(B, T))
    reply(state, rng.normal(size=(B, H)), rng).backward()
    return encoder_gradients(encoder)


# --- decoder -------------------------------------------------------------------------------------

DECODER_PARTS = (
    "`embedding` is an `Embedding(vocab, embed_size)`, `cell` the cell it was given and `head` a "
    "`Linear(cell.hidden_size, vocab)`; `parameters()` has those of the three and no others."
)
STEP = (
    "`step(token, state)` takes tokens (B,) and the state before them, and returns logits (B, vocab) and the state "
    "after them: the cell makes one step on the tokens' rows, and the head reads the new state."
)
BOTH = "Where the state is a pair (h, c), both go into the cell, both come out, and the head reads h."
NOTHING_KEPT = (
    "All it knows of a sequence is in the state: the same token and state give the same, whatever was asked in between."
)
HAND_OVER = (
    "A loss on its logits reaches head, cell and the embedding of every token that was put in and, through the state that was "
    "handed over, h and c, every parameter of the encoder that made it."
)


class Reader(Module):
    """A stand-in encoder: tokens (B, T) to a state."""

    def __init__(self, rng, V, E, H, kind):
        self.rows, self.cell = Parameter(rng.normal(size=(V, E))), kind(rng, E, H)

    def __call__(self, tokens):
        return Recurrent(self.cell)(self.rows[tokens])[1]


def decoder_of(student, rng, V, E, H, kind=Leaky):
    """The student's Decoder around a stand-in cell, embedding and head from rng."""
    model = given(student.Decoder(V, E, kind(rng, E, H)), "Decoder")
    given(model.cell, "Decoder's cell")
    given(model.embedding, "Decoder's embedding").W.data[...] = rng.normal(size=(V, E))
    head = given(model.head, "Decoder's head")
    head.W.data[...], head.b.data[...] = rng.normal(size=(H, V)), rng.normal(size=V)
    return model


def step_of(decoder, token, state):
    """logits and state of the student's step, or "to do"."""
    logits, state = given(decoder.step(token, state), "Decoder's step", tuple, (2,))
    logits = given(logits, "the logits of Decoder's step", Tensor, (len(token), *decoder.head.b.shape))
    return logits, given(state, "the state of Decoder's step")


def some_state(rng, B, H, kind=Leaky):
    """A state that no cell has just made: a leaf, or two."""
    h = leaf(rng.normal(size=(B, H)))
    return (h, leaf(rng.normal(size=(B, H)))) if issubclass(kind, LeakyPair) else h


def decoder_gradients(decoder):
    return {
        "embedding.W.grad": gradient(decoder.embedding.W),
        "cell's keep.grad": gradient(decoder.cell.keep),
        "cell's W.grad": gradient(decoder.cell.W),
        "head.W.grad": gradient(decoder.head.W),
        "head.b.grad": gradient(decoder.head.b),
    }


@check(exercise="decoder", weight=2, says=DECODER_PARTS)
def decoder_parts(student, rng):
    V, E, H = sizes(rng, 3, 3, 14)
    cell = Leaky(rng, E, H)
    decoder = given(student.Decoder(V, E, cell), "Decoder")
    return {
        "logits other than zero": no_zeros(lambda: step_of(decoder, words(rng, 2, 1, V)[:, 0], some_state(rng, 2, H))[0]),
        "shape of embedding.W": np.array(given(decoder.embedding, "Decoder's embedding").W.shape),
        "shape of head.W": np.array(given(decoder.head, "Decoder's head").W.shape),
        **parameters_of(decoder, cell),
    }


@check(exercise="decoder", weight=3, says=STEP)
def one_step(student, rng):
    B, V, E, H = sizes(rng, 4, 3, 14)
    decoder = decoder_of(student, rng, V, E, H)
    logits, state = step_of(decoder, rng.integers(0, V, B), some_state(rng, B, H))
    return {"logits": logits, "state": state}


@check(exercise="decoder", says=STEP)
def one_number(student, rng):
    """One row, one number of state, two tokens to choose from."""
    decoder = decoder_of(student, rng, 2, 1, 1)
    for p in (decoder.embedding.W, decoder.head.W, decoder.head.b):
        p.data[...] = rng.normal(size=p.shape).round(1)
    logits, _ = step_of(decoder, np.array([1]), Tensor(np.array([[0.5]])))
    return {"logits after token 1, from the state 0.5": logits}


@check(exercise="decoder", weight=2, says=BOTH)
def pair_step(student, rng):
    B, V, E, H = sizes(rng, 4, 3, 14)
    decoder = decoder_of(student, rng, V, E, H, LeakyPair)
    logits, (h, c) = step_of(decoder, rng.integers(0, V, B), some_state(rng, B, H, LeakyPair))
    return {"logits": logits, "h": h, "c": c}


@check(exercise="decoder", says=NOTHING_KEPT)
def asked_again(student, rng):
    """One question, another one, and the first once more."""
    B, V, E, H = sizes(rng, 4, 3, 14)
    decoder, state, token = decoder_of(student, rng, V, E, H), some_state(rng, B, H), rng.integers(0, V, B)
    first, _ = step_of(decoder, token, state)
    step_of(decoder, rng.integers(0, V, B), some_state(rng, B, H))
    again, _ = step_of(decoder, token, state)
    return {"logits": first, "the same once more, less the first": again.data - first.data}


@check(exercise="decoder", weight=2, says=HAND_OVER)
def step_gradients(student, rng):
    """One step from the state of an encoder that is not yours."""
    B, T, V, E, H = sizes(rng, 5, 3, 12)
    decoder, reader = decoder_of(student, rng, V, E, H), Reader(rng, V, E, H, Leaky)
    logits, _ = step_of(decoder, words(rng, B, 1, V)[:, 0], reader(words(rng, B, T, V)))
    (logits * rng.normal(size=(B, V))).sum().backward()
    return {**decoder_gradients(decoder), "the encoder's cell's W.grad": gradient(reader.cell.W)}


# --- shift-right ---------------------------------------------------------------------------------

SHIFTED = (
    "Of targets (B, T) it makes inputs (B, T): `start` at place 0, and at every later place the target of the place before."
)
NO_PEEKING = "At no place has the decoder been told that place's target or a later one: the last target is never an input."
UNTOUCHED = "It returns a new array with the targets' dtype; the targets stay as they are."


def shifted(student, targets, start):
    return given(student.shift_right(targets, start), "shift_right", np.ndarray, targets.shape)


@check(exercise="shift-right", weight=3, says=SHIFTED)
def shifted_targets(student, rng):
    B, T = sizes(rng, 2, 3, 9)
    return {"inputs": shifted(student, rng.integers(2, 30, (B, T)), int(rng.integers(30, 40)))}


@check(exercise="shift-right", weight=2, says=NO_PEEKING)
def last_target(student, rng):
    """Two lots of targets that differ in their last place alone."""
    B, T = sizes(rng, 2, 3, 9)
    targets, start = rng.integers(2, 30, (B, T)), int(rng.integers(30, 40))
    other = targets.copy()
    other[:, -1] += 1
    one, two = shifted(student, targets, start), shifted(student, other, start)
    return {"inputs": one, "what changes in them": np.asarray(two) - np.asarray(one)}


@check(exercise="shift-right", says=UNTOUCHED)
def targets_stay(student, rng):
    """Of many places, and of one."""
    B, T = sizes(rng, 2, 3, 9)
    got = {}
    for name, places in (("many places", T), ("one place", 1)):
        targets = rng.integers(2, 30, (B, places))
        inputs = shifted(student, targets, 1)
        got |= {f"inputs, {name}": np.array(inputs), f"targets afterwards, {name}": targets.copy()}
        targets[...] = 0
        got[f"inputs, {name}, when the targets are overwritten"] = np.array(inputs)
    narrow = np.asarray(shifted(student, rng.integers(2, 30, (B, T)).astype(np.int32), 1))
    return {**got, "int32 stays": truth(narrow.dtype == np.int32)}


# --- sequence-loss -------------------------------------------------------------------------------

MEAN = (
    "It is the mean, over the places where the mask is True, of −log p(target), where p is the softmax of that place's logits; "
    "each such place counts the same, in whichever sequence it stands."
)
CONTENTS = (
    "What stands where the mask is False, logits or targets, even inf, NaN or a number that is no token, changes no bit "
    "of the loss; the gradient there is exactly zero, as long as the logits are finite."
)
EXACT = "Logits of a thousand overflow nothing: the loss is a finite number, and exact."
ONE_NUMBER = (
    "The result is a Tensor of one number, through which the gradient reaches the logits of every place that counts; "
    "targets and mask stay as they are."
)


def loss_of(student, logits, targets, mask):
    return given(student.sequence_loss(logits, targets, mask), "sequence_loss", Tensor, ())


def targets_of(rng, B, T, V):
    """Logits (B, T, V), targets (B, T) and their mask; sequences of different lengths, one of them T."""
    targets, mask = texts(rng, B, T, V)
    return 2 * rng.normal(size=(B, T, V)), targets, mask


@check(exercise="sequence-loss", weight=2, says=MEAN)
def full_targets(student, rng):
    B, T, V = sizes(rng, 3, 3, 9)
    logits, targets, _ = targets_of(rng, B, T, V)
    return {"loss": loss_of(student, Tensor(logits), targets, full(B, T))}


@check(exercise="sequence-loss", says=MEAN)
def short_beside_long(student, rng):
    """Three targets in one row, one in the other."""
    logits = rng.normal(size=(2, 3, 2)).round(1)
    mask = np.array([[True, True, True], [True, False, False]])
    return {"loss": loss_of(student, Tensor(logits), np.array([[0, 1, 1], [1, 0, 0]]), mask)}


@check(exercise="sequence-loss", says=CONTENTS)
def other_padding(student, rng):
    B, T, V = sizes(rng, 3, 3, 9)
    logits, targets, mask = targets_of(rng, B, T, V)
    one, *others = (
        loss_of(student, Tensor(np.where(mask[..., None], logits, a)), targets, mask).data
        for a in (logits, rng.normal(size=logits.shape) * 50)
    )
    with np.errstate(all="ignore"):
        others.append(loss_of(student, Tensor(np.where(mask[..., None], logits, -np.inf)), targets, mask).data)
    return {"loss": one, "the same bits: numbers, inf": truth(*(np.array_equal(one, a) for a in others))}


@check(exercise="sequence-loss", says=EXACT)
def large_logits(student, rng):
    B, T, V = sizes(rng, 3, 3, 9)
    logits, targets, _ = targets_of(rng, B, T, V)
    return {"loss": loss_of(student, Tensor(1000 * logits), targets, full(B, T))}


@check(exercise="sequence-loss", says=ONE_NUMBER)
def loss_gradient(student, rng):
    B, T, V = sizes(rng, 3, 3, 9)
    logits, targets, mask = targets_of(rng, B, T, V)
    logits, filled = leaf(logits), np.where(mask, targets, 1)
    loss = loss_of(student, logits, targets, full(B, T))
    loss.backward()
    loss_of(student, Tensor(logits.data), filled, mask)
    return {
        "numbers in the loss": np.array(loss.size),
        "gradient of the logits": gradient(logits),
        "targets and mask afterwards": np.stack([filled, mask]),
    }


# --- greedy-decode -------------------------------------------------------------------------------

GREEDY = (
    "It says what step-by-step evaluation says: `start` is put in first, then each time the token just said, "
    "the one with the largest logit; the state, h or (h, c), goes on from step to step."
)
ROW = (
    "It returns integers (B, L): what each row said, without `start`, up to and including its first `end`, and `end` in all places behind that."
)
STOPS = (
    "It asks the decoder as often as it has to and no more: until every row has said `end`, "
    "or `max_length` times; L is how often it asked."
)
ALONE = "What one row says does not depend on the others: it is the same alone as in a batch where some are finished and others are not."
NO_TAPE = "Nothing is recorded on the tape while it decodes, and recording goes on as before afterwards; no parameter and no gradient changes."


class Teller(Module):
    """A stand-in decoder: row b says `end` at its step life[b] and at no other; else random words by token and state,
    never the one just put in.

    Its state holds, beside h, how many steps were made and how many there are to make. With `pair` these two
    stand in c. It writes down how it was asked.
    """

    def __init__(self, rng, V, H, end, pair=False):
        self.V, self.H, self.end, self.pair, self.asked = V, H, end, pair, []
        self.rows, self.W, self.U = (Parameter(rng.normal(size=shape)) for shape in ((V, H), (H, H), (H, V)))

    def begin(self, rng, life):
        h, clock = rng.normal(size=(len(life), self.H)), np.stack([np.zeros(len(life)), life], axis=1)
        return (Tensor(h), Tensor(clock)) if self.pair else Tensor(np.concatenate([h, clock], axis=1))

    def step(self, token, state):
        token = np.asarray(getattr(token, "data", token))
        h, clock = state if self.pair else (state[:, : self.H], state[:, self.H :])
        clock = clock + np.array([1.0, 0.0])
        h = tanh(h @ self.W + self.rows[token] * 2.0)
        ends = 90.0 * (clock.data[:, :1] == clock.data[:, 1:]) - 45.0
        just_said = np.arange(self.V) == token[:, None]
        logits = h @ self.U + ends * (np.arange(self.V) == self.end) - 30.0 * just_said
        self.asked.append((token.shape, logits.requires_grad))
        return logits, (h, clock) if self.pair else concatenate([h, clock], axis=1)


def told(student, teller, state, start, max_length):
    """What the student's greedy_decode returns, as plain integers."""
    said = np.asarray(given(student.greedy_decode(teller, state, start, teller.end, max_length), "greedy_decode", np.ndarray, (None, None)))
    return said.astype(np.int64) if said.dtype.kind in "iu" else said


def teller_of(rng, H, pair=False):
    """A teller with 12 to 20 words, and two of its tokens: start and end."""
    V = int(rng.integers(12, 20))
    start, end = (int(n) for n in 1 + rng.permutation(V - 1)[:2])
    return Teller(rng, V, H, end, pair), start


@check(exercise="greedy-decode", weight=3, says=GREEDY)
def one_row(student, rng):
    teller, start = teller_of(rng, 5)
    return {"said": told(student, teller, teller.begin(rng, [int(rng.integers(5, 9))]), start, 12)}


@check(exercise="greedy-decode", weight=2, says=ROW)
def rows_that_end(student, rng):
    """Three rows that say `end` as their second, fourth and sixth word."""
    teller, start = teller_of(rng, 5)
    return {"said": told(student, teller, teller.begin(rng, rng.permutation([2, 4, 6])), start, 12)}


@check(exercise="greedy-decode", weight=2, says=STOPS)
def bound(student, rng):
    """Both rows would go on for twenty words."""
    teller, start = teller_of(rng, 5)
    length = int(rng.integers(4, 8))
    said = told(student, teller, teller.begin(rng, [20, 20]), start, length)
    return {"said": said, "times asked": np.array(len(teller.asked))}


@check(exercise="greedy-decode", says=ALONE)
def first_row_alone(student, rng):
    """Both in one answer: in a batch of three, and alone, as far as both go."""
    teller, start = teller_of(rng, 5)
    state = teller.begin(rng, np.array([5, 2, 7]))
    said = told(student, teller, state, start, 12)
    alone = told(student, teller, state[:1], start, 12)
    return {"alone": alone, "in the batch, less alone": said[:1, : alone.shape[1]] - alone}


@check(exercise="greedy-decode", weight=2, says=NO_TAPE)
def no_tape(student, rng):
    teller, start = teller_of(rng, 5)
    state = teller.begin(rng, np.array([4, 3]))
    said = told(student, teller, state, start, 12)
    recorded = [on_tape for _, on_tape in teller.asked]
    after, _ = teller.step(np.array([start, start]), state)
    return {"said": said, "off the tape": truth(not any(recorded)), "afterwards on it": truth(after.requires_grad)}


# --- learned -------------------------------------------------------------------------------------
# The task's own map comes first from the rng, so that the replay can draw it again. What follows,
# starting weights and batches, belongs to the training alone; the replay has data of its own.

DATES = (
    "Dates of ten years are learned, read in two formats and written in a third: at least 95 of 100 fresh ones are written without a mistake, "
    "free-running, from the state alone."
)
SUMMARIES = (
    "Summaries are learned, the starred letters of notes of four to eight: at least 97 of 100 fresh ones are without a mistake, "
    "free-running, from the state alone."
)
COMMON = (
    "encoder.encoder-parts", "encoder.padded-batch", "encoder.message-gradients", "encoder.padded-gradients",
    "decoder.decoder-parts", "decoder.one-step", "decoder.step-gradients", "decoder.through-time",
    "shift-right.shifted-targets", "sequence-loss.full-targets", "sequence-loss.loss-gradient",
    "sequence-loss.masked-targets", "sequence-loss.masked-gradient",
    "greedy-decode.one-row", "greedy-decode.rows-that-end", "greedy-decode.bound",
)


class Gated(Module):
    """The notebook's cell with one gate, for what is trained here."""

    def __init__(self, E, H):
        self.hidden_size = H
        self.W, self.b = Parameter(np.zeros((H + E, 2 * H))), Parameter(np.zeros(2 * H))

    def initial_state(self, batch):
        return Tensor(np.zeros((batch, self.hidden_size)))

    def __call__(self, x, h):
        a = concatenate([h, x], axis=1) @ self.W + self.b
        z, candidate = sigmoid(a[:, : self.hidden_size]), tanh(a[:, self.hidden_size :])
        return h + z * (candidate - h)


class Translator:
    """The student's encoder and decoder around gated cells, all of their parameters by name."""

    def __init__(self, student, read, written, E, H):
        self.student = student
        self.encoder = given(student.Encoder(read, E, Gated(E, H)), "Encoder")
        self.decoder = given(student.Decoder(written, E, Gated(E, H)), "Decoder")
        self.named = {
            "E": self.encoder.embedding.W, "W": self.encoder.cell.W, "b": self.encoder.cell.b,
            "E out": self.decoder.embedding.W, "W out": self.decoder.cell.W, "b out": self.decoder.cell.b,
            "V": self.decoder.head.W, "d": self.decoder.head.b,
        }

    def write(self, arrays):
        for name, parameter in self.named.items():
            parameter.data[...] = arrays[name]
        return self

    def loss(self, batch):
        """Teacher-forced."""
        state = message_of(self.encoder, batch.x, batch.mask)
        inputs, logits = shifted(self.student, batch.y, pairs.START), []
        for t in range(inputs.shape[1]):
            now, state = step_of(self.decoder, inputs[:, t], state)
            logits.append(now)
        return loss_of(self.student, stack(logits, axis=1), batch.y, pairs.target_mask(batch.y))

    def error(self, batch):
        """The share of sequences with a mistake, free-running."""
        with no_grad():
            state = message_of(self.encoder, batch.x, batch.mask)
        B, T = batch.y.shape
        with no_grad():  # whether it records by itself, and for how long, is another check's question
            said = given(self.student.greedy_decode(self.decoder, state, pairs.START, pairs.END, T), "greedy_decode")
        filled = np.full((B, T), pairs.END)
        filled[:, : said.shape[1]] = said
        return float((filled != batch.y).any(axis=1).mean())


def glorot(rng, rows, columns):
    limit = np.sqrt(6 / (rows + columns))
    return rng.uniform(-limit, limit, (rows, columns))


def starting_weights(rng, read, written, E, H):
    """Orthogonal above Glorot; the gate starts at keeping."""
    start = {"E": rng.normal(size=(read, E)), "E out": rng.normal(size=(written, E)), "V": glorot(rng, H, written), "d": 0.0}
    for name in ("", " out"):
        turns = [q * np.sign(np.diag(r)) for q, r in (np.linalg.qr(rng.normal(size=(H, H))) for _ in range(2))]
        rows = [glorot(rng, E, H) for _ in range(2)]
        start[f"W{name}"] = np.concatenate([np.concatenate(turns, axis=1), np.concatenate(rows, axis=1)])
        start[f"b{name}"] = np.repeat([-1.0, 0.0], H)
    return start


def trained(model, draw, lr, budget):
    """Train with Adam until at most three of 500 fresh sequences have a mistake; the parameters.

    The fewer mistakes there are, the smaller the steps.
    """
    optimizer = Adam(list(model.named.values()), lr=lr)
    for update in range(1, budget + 1):
        optimizer.zero_grad()
        model.loss(draw(32)).backward()
        optimizer.step()
        if update % 20 == 0:
            error = model.error(draw(500))
            if error <= 0.006:
                break
            optimizer.lr = lr * min(1, max(0.1, 2 * error))
    return {name: parameter.data for name, parameter in model.named.items()}


def renamed(rng, read, written, draw):
    """The same task with tokens numbered in a way of its own, but for `end` and `start`."""
    numbers, letters = rng.permutation(read), np.concatenate([[0, 1], 2 + rng.permutation(written - 2)])

    def drawn(rng, size):
        batch = draw(rng, size)
        return type(batch)(numbers[batch.x], letters[batch.y], batch.mask)

    return drawn


DATE_SIZES, NOTE_SIZES = (len(pairs.DATE_READ), len(pairs.DATE_WRITTEN)), (len(pairs.NOTE_READ), len(pairs.NOTE_WRITTEN))


def dates_map(rng):
    decade, formats = 10 * int(rng.integers(0, 10)), pairs.FORMATS[:2]
    return renamed(rng, *DATE_SIZES, lambda rng, size: pairs.dates(rng, size, formats, (decade, decade + 10)))


def notes_map(rng):
    return renamed(rng, *NOTE_SIZES, pairs.summaries)


def dates_replay(solution, parameters, rng, held_out):
    draw = dates_map(rng)
    return 1 - Translator(solution, *DATE_SIZES, 16, 64).write(parameters).error(draw(held_out, 500))


def summaries_replay(solution, parameters, rng, held_out):
    draw = notes_map(rng)
    return 1 - Translator(solution, *NOTE_SIZES, 8, 32).write(parameters).error(draw(held_out, 500))


@check(exercise="learned", weight=8, says=DATES, cpu=12.0, threshold=0.95, needs=COMMON, replay=dates_replay)
def dates(student, rng):
    draw = dates_map(rng)
    model = Translator(student, *DATE_SIZES, 16, 64).write(starting_weights(rng, *DATE_SIZES, 16, 64))
    return trained(model, lambda size: draw(rng, size), 0.02, 1500)


@check(exercise="learned", weight=7, says=SUMMARIES, cpu=8.0, threshold=0.97, needs=COMMON, replay=summaries_replay)
def summaries(student, rng):
    draw = notes_map(rng)
    model = Translator(student, *NOTE_SIZES, 8, 32).write(starting_weights(rng, *NOTE_SIZES, 8, 32))
    return trained(model, lambda size: draw(rng, size), 0.02, 800)
