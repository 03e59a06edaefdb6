# %% [markdown] id="title"
# # 6 · Sequence to sequence: the state is the message
#
# At the end of this notebook two networks that you put together yourself work like two people with a wall between
# them. One reads a date, in whichever way it was written down. The other one has to write it, year first, and never
# sees what was read. All that goes through the wall is sixty-four numbers:
#
# ```text
#   read              ║   written
#   7 May 98     ──→  ║   98-05-07
#   May 7, 98    ──→  ║   98-05-07
#   7.5.98       ──→  ║   98-05-07
#   5/7/98       ──→  ║   98-05-07
#   11.12.13     ──→  ║   13-12-11
#   11/12/13     ──→  ║   13-11-12
# ```
#
# Nobody told them what a month is, that *May* is the fifth, or that a slash after the first number means that the
# month came first; there were only dates and dates. And the sixty-four numbers are no code that anyone agreed on: the
# first network came to write them, and the second one to read them, because the gradient of the second one's mistakes
# went *through* them.
#
# In 2014 two groups built such pairs for translating English into French (I. Sutskever and others; K. Cho and
# others), and much of what came after stands on them. You build it here in its plainest form, until it works. Then
# you look for the length at which it breaks.
#
# | part | you write | points |
# |---|---|---:|
# | 2 · Reading | `Encoder` | 15 |
# | 3 · Writing | `Decoder` | 20 |
# | 4 · What the decoder is told | `shift_right` | 10 |
# | 5 · The loss | `sequence_loss` | 10 |
# | 6 · On its own | `greedy_decode` | 20 |
# | 7 · Learning | nothing more: dates and summaries must now be learned | 15 |
# | 9 · What fits into a message? | an answer in words | 10 |
#
# Five hours. Every part can be read without having solved the one before; pictures that need your code say so until
# it is there.

# %% kind="define" id="imports"
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # our matrices are small: threads would only wait for each other

import numpy as np

from minigrad import Tensor, concatenate, no_grad, sigmoid, stack, tanh, where
from minigrad.functional import log_softmax, softmax
from minigrad.nn import Embedding, Linear, Module, Parameter, Recurrent, init
from minigrad.optim import Adam

# %% kind="lab" id="harness"
from minigrad.grading.notebook.checks import checks

check = checks("06-seq2seq", globals())

# %% [markdown] id="how-it-works"
# **How checking works.** As before: after each exercise a cell `check("…")` compares your code with known values and
# shows what differs. Grading runs those checks again on other numbers, together with hidden ones, which test the same
# sentences more strictly; the sentences stand in a list above each exercise. Nothing else is asked, and nothing that
# is not said. Whatever an exercise builds on (cells, an encoder to hand something over, a decoder to be asked) is
# brought by the checks, so one mistake costs once.
#
# ## Notation
#
# | | |
# |---|---|
# | token | the number of a symbol, an index into a list of symbols, the *vocabulary*; what is read and what is written have a vocabulary each |
# | `tokens` (B, S), `mask` (B, S) | what is read; padding stands behind, and the mask is False there |
# | `targets` (B, T) | what is to be written, also padded behind; T need not be S |
# | `start`, `end` | two tokens of the written vocabulary that are no symbols: "begin", and "that was all" |
# | `state` | what a cell carries from step to step: `h` (B, H), or a tuple `(h, c)`, whose first is the output |
# | `logits` (B, vocab) | one number for each token that might be written next |
#
# Two conventions, so that nobody has to guess:
#
# - **Every target ends with `end`**, and `end` counts: knowing when to stop has to be learned like any other word.
#   Our data fill a row behind its `end` with more of it; there the mask of the targets is False.
# - **`start` is put in and never comes out.** It is the first input of the decoder and appears in no target.
#
# The cell has one gate, so that a memory is kept unless there is a reason to change it (03 told why that helps, and
# why the gate's bias starts below zero): $z = \sigma([h, x]\, W_z + b_z)$,
# $\;h' = (1 - z) \odot h + z \odot \tanh([h, x]\, W_k + b_k)$. It is simpler than a GRU and does well here.
# Everything below works with *any* cell; to see it with your own, exchange one line in `new_cell`.

# %% kind="define" id="gated-cell"
class GatedCell(Module):
    """A cell with one gate: keep, or replace. Both matrices lie side by side in W (H + D, 2H)."""

    def __init__(self, inputs, hidden, rng):
        self.hidden_size = hidden
        turns = [init.orthogonal((hidden, hidden), rng) for _ in range(2)]
        reads = [init.glorot((inputs, hidden), rng) for _ in range(2)]
        self.W = Parameter(np.concatenate([np.concatenate(turns, axis=1), np.concatenate(reads, axis=1)]))
        self.b = Parameter(np.repeat([-1.0, 0.0], hidden))

    def initial_state(self, batch):
        return Tensor(np.zeros((batch, self.hidden_size)))

    def __call__(self, x, h):
        a = concatenate([h, x], axis=1) @ self.W + self.b
        z, candidate = sigmoid(a[:, : self.hidden_size]), tanh(a[:, self.hidden_size :])
        return h + z * (candidate - h)

# %% kind="solution" id="my-cell"
def new_cell(inputs, hidden, rng):
    """The kind of cell that reads and writes in all pictures below."""
    return GatedCell(inputs, hidden, rng)  # or, after `from mynet import GRUCell`: GRUCell(inputs, hidden, rng=rng)

# %% kind="lab" id="helpers"
import matplotlib.pyplot as plt

from minigrad.data import pairs

try:
    Recurrent(new_cell(2, 3, np.random.default_rng(0)))(np.zeros((1, 1, 2)))
except Exception as error:
    print(f"GatedCell takes the place of your new_cell, which does not work ({type(error).__name__}: {error}).")
    new_cell = GatedCell


def iso(tokens):
    """A written date with its dashes."""
    text = pairs.text(tokens, pairs.DATE_WRITTEN)
    return "-".join(text[i : i + 2] for i in range(0, len(text), 2))

# %% [markdown] id="two-cells"
# ## 1 · Two cells
#
# So far a network answered once at the end (sentiment), or once at every step (tags). Neither will do for a
# translation. What is written has another length than what was read, in another order, and nothing can be written
# before enough was read: in `7.5.98` the year, which is to be written first, comes last. German may keep the
# verb for the end, and English wants it second.
#
# So there are two cells, with different weights and different vocabularies, and a plain division of labour. The
# **encoder** reads until the end and says nothing. The **decoder** begins in the state that the encoder ended in,
# reads nothing, and writes one symbol at a time until it says that it is done:
#
# ```text
#                                                 9     8     0    …   <end>
#                                                 ↑     ↑     ↑          ↑
#    h0 → □ ──→ □ ──→ □ ──→ □ ──→ □ ──→ □ ══════→ ▣ ──→ ▣ ──→ ▣ ─ … ──→ ▣
#         ↑     ↑     ↑     ↑     ↑     ↑   the   ↑     ↑     ↑          ↑
#         7     .     5     .     9     8  state <start> 9    8    …     7
#
#         the encoder                             the decoder
# ```
#
# The double arrow is all that they share. Two tasks go through this notebook. *Dates* come in four formats and go
# into one. *Summaries* are a caricature: of a note some letters are starred, and the summary consists of those.
# **Predict**: what must a state hold after reading `12/11/10`, so that the date can be written? Could a network know
# at the first symbol whether it reads a day or a month?

# %% kind="lab" id="lab-tasks"
rng = np.random.default_rng(0)
batch = pairs.dates(rng, 8)
print("read                                  written")
for x, y, mask in zip(batch.x, batch.y, batch.mask, strict=True):
    print(f"{' '.join(pairs.DATE_READ[token] for token in x[mask]):38}{' '.join(pairs.DATE_WRITTEN[token] for token in y)}")
print()
batch = pairs.summaries(rng, 6)
for x, y, mask in zip(batch.x, batch.y, batch.mask, strict=True):
    written = " ".join(pairs.NOTE_WRITTEN[token] for token in y[pairs.target_mask(y[None])[0]])
    print(f"{' '.join(pairs.NOTE_READ[token] for token in x[mask]):38}{written}")

# %% [markdown] id="encoder-text"
# ## 2 · Reading
#
# The encoder is the text classifier of 03 without its head: an embedding, a cell over time, and the state after the
# last token. That state is not an answer, it is a *message*, and so it must be handed over whole. If the cell is an
# LSTM, the message has two parts, and c is the one that was made for keeping things; whoever returns only h gives the
# decoder the words without the memory.
#
# Sequences differ in length, so the law of 04 holds again: padding must not change the message.
#
# ### Exercise `encoder` · 15 points
#
# `Encoder(vocab, embed_size, cell)` is a Module, called as `encoder(tokens, mask)`. `Recurrent(cell)(x, mask=mask)`
# returns outputs and the last state, which is carried over places where the mask is False. Every sequence has at
# least one token.
#
# What the checks ask:
#
# - `embedding` is an `Embedding(vocab, embed_size)` and `cell` the cell it was given; `parameters()` has those of the two and no others.
# - It returns the cell's state after each sequence's last token, read in order from the cell's initial state, whatever was read before: a Tensor (B, H), or the pair (h, c), both of them, where the cell has one.
# - What stands where the mask is False changes nothing in the state, neither which tokens nor how many: a sequence gives the same in a batch of longer ones as alone.
# - What comes back through the state, through h and through c, reaches the cell and the embedding of every token that was read, and no row of the embedding that was only padding.

# %% kind="solution" id="encoder"
class Encoder(Module):
    """Tokens (B, S) and mask (B, S) to the state of a cell that has read them."""

    def __init__(self, vocab, embed_size, cell):
        self.cell = cell
        ### BEGIN SOLUTION
        ### STUB: self.embedding = ...  # an Embedding
        self.embedding = Embedding(vocab, embed_size)
        ### END SOLUTION

    def __call__(self, tokens, mask):
        """The state after each sequence's last token."""
        ### BEGIN SOLUTION
        ### STUB: return ...
        _, state = Recurrent(self.cell)(self.embedding(tokens), mask=mask)
        return state
        ### END SOLUTION

# %% kind="check" id="encoder-check" exercise="encoder" points=15
check("encoder")

# %% [markdown] id="decoder-text"
# ## 3 · Writing
#
# The decoder is a language model that begins with something on its mind. One step: look up the row of the token that
# was written last, let the cell make one step from the old state, and let a linear layer, the head, turn the *new*
# state into one logit for each token that may come next.
#
# $$ s_t = \text{cell}(e_{w_{t-1}},\; s_{t-1}), \qquad \text{logits}_t = h_t V + d, \qquad
#    p(w_t \mid w_1 \ldots w_{t-1},\, \text{message}) = \operatorname{softmax}(\text{logits}_t). $$
#
# Multiplied over $t$, these are the probability of the whole output. Note that it is no approximation: *every*
# distribution over sequences can be written as such a product. What is an assumption is that all there is to know of
# the input, and of what was written so far, fits into $s_{t-1}$.
#
# **Handing over** is an assignment: the decoder's first state *is* the encoder's last. In the program it is the same
# Tensor, not its numbers, and that is the whole secret of the training. On the tape, the decoder's first step is one
# more step after the encoder's last; backwards, the gradient walks out of the decoder and into the encoder, without
# noticing:
#
# $$ \frac{\partial L}{\partial W_\text{encoder}} \;=\; \frac{\partial L}{\partial s_0}\, \frac{\partial s_0}{\partial W_\text{encoder}},
#    \qquad s_0 = \text{the message}. $$
#
# Nothing else trains the encoder. There are no targets for messages. A `.detach()` or an `np.array(…)` at this place,
# and the encoder stays as it was drawn, the decoder learns what it can without being told anything, and the loss
# still falls, for a while.
#
# ### Exercise `decoder` · 20 points
#
# `Decoder(vocab, embed_size, cell)` is a Module with one method, `step(token, state)`; loops come later. Cells are
# called as `state = cell(x, state)`.
#
# What the checks ask:
#
# - `embedding` is an `Embedding(vocab, embed_size)`, `cell` the cell it was given and `head` a `Linear(cell.hidden_size, vocab)`; `parameters()` has those of the three and no others.
# - `step(token, state)` takes tokens (B,) and the state before them, and returns logits (B, vocab) and the state after them: the cell makes one step on the tokens' rows, and the head reads the new state.
# - Where the state is a pair (h, c), both go into the cell, both come out, and the head reads h.
# - All it knows of a sequence is in the state: the same token and state give the same, whatever was asked in between.
# - A loss on its logits reaches head, cell and the embedding of every token that was put in and, through the state that was handed over, h and c, every parameter of the encoder that made it.

# %% kind="solution" id="decoder"
class Decoder(Module):
    """A cell that writes: from a token (B,) and a state to logits (B, vocab) and the next state."""

    def __init__(self, vocab, embed_size, cell):
        self.cell = cell
        ### BEGIN SOLUTION
        ### STUB: self.embedding = ...  # an Embedding
        ### STUB: self.head = ...  # a Linear
        self.embedding = Embedding(vocab, embed_size)
        self.head = Linear(cell.hidden_size, vocab)
        ### END SOLUTION

    def step(self, token, state):
        """Logits for what comes after `token`, and the state after it."""
        ### BEGIN SOLUTION
        ### STUB: return ...
        state = self.cell(self.embedding(token), state)
        h = state[0] if isinstance(state, tuple) else state
        return self.head(h), state
        ### END SOLUTION

# %% kind="check" id="decoder-check" exercise="decoder" points=20
check("decoder")

# %% [markdown] id="gradient-text"
# Does the gradient get through? Two fresh networks, nothing trained: how long is the gradient that the loss of *one*
# written symbol sends to the row of *one* symbol that was read? **Predict** which pairs are close on the tape, and
# where the picture will be dark.

# %% kind="lab" id="lab-gradient"
def through_the_message(length=8, hidden=64):
    """The gradient's norm at each symbol read (across) of the loss of each symbol written (down)."""
    rng = np.random.default_rng(1)
    encoder, decoder = Encoder(13, 16, new_cell(16, hidden, rng)), Decoder(8, 16, new_cell(16, hidden, rng))
    for p in (encoder.embedding.W, decoder.embedding.W):
        p.data[...] = rng.normal(size=p.shape)
    decoder.head.W.data[...] = init.glorot(decoder.head.W.shape, rng)
    picture = np.zeros((length, length))
    for t in range(length):
        rows = Tensor(rng.normal(size=(32, length, 16)), requires_grad=True)
        state = Recurrent(encoder.cell)(rows)[1]
        for _ in range(t + 1):
            logits, state = decoder.step(rng.integers(2, 8, 32), state)
        (logits * rng.normal(size=logits.shape)).sum().backward()
        picture[t] = 0.0 if rows.grad is None else np.linalg.norm(rows.grad, axis=2).mean(axis=0)
    return picture


if check.passed("encoder", "decoder"):
    picture = through_the_message()
    print(f"last symbol read, first one written: {picture[0, -1]:.1e}; first one read, last one written: {picture[-1, 0]:.1e}")
    figure, ax = plt.subplots(figsize=(5, 3), layout="constrained")
    with np.errstate(divide="ignore"):  # of no gradient at all
        shown = ax.imshow(np.log10(picture), cmap="viridis")
    ax.set(xlabel="symbol read", ylabel="symbol written", title="gradient through the message")
    figure.colorbar(shown, ax=ax, label=r"$\log_{10}$ norm")
    plt.show()

# %% [markdown] id="shift-text"
# ## 4 · What the decoder is told
#
# The input of a step is the token that was written before. In training, which one is that? The one that the decoder
# *said*, or the one that it *should have said*?
#
# Early in training it says nonsense, and from nonsense no sensible continuation can be learned. So it is told the
# truth: whatever it would have said, the next input is the target. That is **teacher forcing** (R. J. Williams, D.
# Zipser, 1989). It has a second merit: the inputs of all steps are known before the first one is computed.
#
# ```text
#   targets          9      8      0      5      0      7    <end>
#   inputs        <start>   9      8      0      5      0      7
# ```
#
# The inputs are the targets, one place later. And here is the most treacherous mistake of the whole subject: forget
# to shift. Then the decoder is told at each step the very token that it is asked for. The loss falls beautifully, to
# zero; the network has learned to repeat its input; and alone it can say nothing at all. When a loss looks too good,
# look here first.
#
# ### Exercise `shift-right` · 10 points
#
# `shift_right(targets, start)` with an array of integers (B, T), T at least 1.
#
# What the checks ask:
#
# - Of targets (B, T) it makes inputs (B, T): `start` at place 0, and at every later place the target of the place before.
# - At no place has the decoder been told that place's target or a later one: the last target is never an input.
# - It returns a new array with the targets' dtype; the targets stay as they are.

# %% kind="solution" id="shift-right"
def shift_right(targets, start):
    """Targets (B, T) to the decoder's inputs (B, T) under teacher forcing."""
    ### BEGIN SOLUTION
    ### STUB: return ...
    inputs = np.empty_like(targets)
    inputs[:, 0] = start
    inputs[:, 1:] = targets[:, :-1]
    return inputs
    ### END SOLUTION

# %% kind="check" id="shift-right-check" exercise="shift-right" points=10
check("shift-right")

# %% [markdown] id="loss-text"
# ## 5 · The loss
#
# The loss is what 04 taught: at each place that counts $-\log p(\text{target})$, and of these the mean over all
# places where the mask is True,
#
# $$ L = \frac{\sum_{b,t} m_{bt} \left(-\log \operatorname{softmax}(\text{logits}_{bt})_{w_{bt}}\right)}{\sum_{b,t} m_{bt}} . $$
#
# `end` counts, what is behind it does not. Average over padding as well, and the network is paid for saying `end`
# again and again where nobody listens: the loss is small from the beginning and says little.
#
# The $m_{bt}$ in the formula says which places count. In a program it is no factor (04 said why: zero times infinity is
# NaN) but a choice, and two choices at that: of a target to look up, because behind `end` there may stand a number that
# is no token at all, and of the places that enter the sum.
#
# ### Exercise `sequence-loss` · 10 points
#
# `sequence_loss(logits, targets, mask)` with a Tensor (B, T, vocab) and arrays (B, T) of integers and of bool; at
# least one place counts. `log_softmax(logits)` is exact where `log(softmax(…))` is not; a Tensor takes arrays of
# integers as index, and `np.indices((B, T))` gives the two that say "every place"; `where(mask, a, 0.0)` chooses.
# Whether the loss of float32 logits is float32 or float64 is not asked: it is one number, and only looked at.
#
# What the checks ask:
#
# - It is the mean, over the places where the mask is True, of −log p(target), where p is the softmax of that place's logits; each such place counts the same, in whichever sequence it stands.
# - What stands where the mask is False, logits or targets, even inf, NaN or a number that is no token, changes no bit of the loss; the gradient there is exactly zero, as long as the logits are finite.
# - Logits of a thousand overflow nothing: the loss is a finite number, and exact.
# - The result is a Tensor of one number, through which the gradient reaches the logits of every place that counts; targets and mask stay as they are.

# %% kind="solution" id="sequence-loss"
def sequence_loss(logits, targets, mask):
    """The mean of -log p(target) over the places where the mask is True."""
    ### BEGIN SOLUTION
    ### STUB: return ...
    rows, places = np.indices(targets.shape)
    nats = -log_softmax(logits)[rows, places, np.where(mask, targets, 0)]
    return where(mask, nats, 0.0).sum() / mask.sum()
    ### END SOLUTION

# %% kind="check" id="sequence-loss-check" exercise="sequence-loss" points=10
check("sequence-loss")

# %% [markdown] id="decode-text"
# ## 6 · On its own
#
# When it matters there is no teacher. The decoder gets the message and `start`; what it says goes in again as its
# next input; and so on until it says `end`. That is called **free-running**. To take the largest logit each time is
# the *greedy* way. It need not find the most probable sequence as a whole (a first word that is a little less
# probable may have far better continuations; *beam search* keeps several beginnings alive for that reason), but it is
# simple, and quite good enough here.
#
# Three things need care.
#
# - **It must end.** A network that never says `end` would go on for ever, so there is a bound, `max_length`. Whoever
#   was stopped by it has no `end` in its row, and that is how one can tell.
# - **Rows end at different times.** The batch goes on until the last one is done. What a finished row would say after
#   its `end` is nobody's business; in its place stands `end`. So two answers are equal when their rows are.
# - **Nothing is to be learned here**, so nothing need be on the tape: `with no_grad():`.
#
# ### Exercise `greedy-decode` · 20 points
#
# `greedy_decode(decoder, state, start, end, max_length)`; `state` is what an encoder returned, for B sequences, and
# `max_length` is at least 1. `decoder` is anything with `step(token, state)`; the checks bring one that can be looked
# at. The first row of logits is `logits.data[0]`.
#
# What the checks ask:
#
# - It says what step-by-step evaluation says: `start` is put in first, then each time the token just said, the one with the largest logit; the state, h or (h, c), goes on from step to step.
# - It returns integers (B, L): what each row said, without `start`, up to and including its first `end`, and `end` in all places behind that.
# - It asks the decoder as often as it has to and no more: until every row has said `end`, or `max_length` times; L is how often it asked.
# - What one row says does not depend on the others: it is the same alone as in a batch where some are finished and others are not.
# - Nothing is recorded on the tape while it decodes, and recording goes on as before afterwards; no parameter and no gradient changes.

# %% kind="solution" id="greedy-decode"
def greedy_decode(decoder, state, start, end, max_length):
    """What the decoder says from this state on its own: integers (B, L), filled with `end` behind the first."""
    ### BEGIN SOLUTION
    ### STUB: return ...
    h = state[0] if isinstance(state, tuple) else state
    token = np.full(len(h.data), start)
    finished = np.zeros(len(token), dtype=bool)
    said = []
    with no_grad():
        while len(said) < max_length and not finished.all():
            logits, state = decoder.step(token, state)
            token = np.where(finished, end, logits.data.argmax(axis=1))
            said.append(token)
            finished |= token == end
    return np.stack(said, axis=1)
    ### END SOLUTION

# %% kind="check" id="greedy-decode-check" exercise="greedy-decode" points=20
check("greedy-decode")

# %% [markdown] id="train-text"
# ## 7 · Learning
#
# Everything together, in a loop of six lines: the encoder reads, the decoder is told the shifted targets, the loss
# goes backwards through both, Adam makes a step. On the way, fresh dates are asked for every now and then, in both
# ways: told the truth at each step, and on its own.
#
# **Predict before you run.** (1) Which of the two ways has more tokens right? (2) And in which way are more dates
# *entirely* right?

# %% kind="lab" id="lab-train"
def new_pair(read, written, embed_size, hidden, rng):
    """An encoder and a decoder with weights from rng."""
    encoder = Encoder(read, embed_size, new_cell(embed_size, hidden, rng))
    decoder = Decoder(written, embed_size, new_cell(embed_size, hidden, rng))
    for p in (encoder.embedding.W, decoder.embedding.W):
        p.data[...] = rng.normal(size=p.shape)
    decoder.head.W.data[...] = init.glorot(decoder.head.W.shape, rng)
    return encoder, decoder


def told(encoder, decoder, batch, shift=None):
    """Logits (B, T, vocab) of a decoder that is told the targets, whatever it would have said."""
    state, logits = encoder(batch.x, batch.mask), []
    for token in (shift or shift_right)(batch.y, pairs.START).T:
        now, state = decoder.step(token, state)
        logits.append(now)
    return stack(logits, axis=1)


def alone(encoder, decoder, batch):
    """What the decoder says on its own, as tokens (B, T) like the targets."""
    with no_grad():
        state = encoder(batch.x, batch.mask)
    said = greedy_decode(decoder, state, pairs.START, pairs.END, batch.y.shape[1])
    filled = np.full(batch.y.shape, pairs.END)
    filled[:, : said.shape[1]] = said
    return filled


def right_both_ways(encoder, decoder, batch):
    """Which tokens (B, T) are right, told and alone."""
    with no_grad():
        forced = told(encoder, decoder, batch).data.argmax(axis=2)
    return [np.where(pairs.target_mask(batch.y), said == batch.y, True) for said in (forced, alone(encoder, decoder, batch))]


def learn(encoder, decoder, draw, updates, lr=0.01, watch=lambda update: None, shift=None):
    """Train both on fresh batches; the last loss."""
    optimizer = Adam(encoder.parameters() + decoder.parameters(), lr=lr)
    for update in range(updates + 1):
        watch(update)
        batch = draw(32)
        optimizer.zero_grad()
        loss = sequence_loss(told(encoder, decoder, batch, shift), batch.y, pairs.target_mask(batch.y))
        loss.backward()
        optimizer.step()
    return float(loss)


def ready():
    """Whether all five parts pass their checks, and work together on two batches."""

    def rehearse():
        rng = np.random.default_rng(0)
        two = new_pair(len(pairs.NOTE_READ), len(pairs.NOTE_WRITTEN), 4, 8, rng)
        learn(*two, lambda size: pairs.copies(rng, size, 1, 3), 1)
        alone(*two, pairs.copies(rng, 5, 1, 3))

    parts = "encoder", "decoder", "shift-right", "sequence-loss", "greedy-decode"
    return check.passed(*parts) and check.works(rehearse)


if ready():
    rng = np.random.default_rng(3)
    encoder, decoder = new_pair(len(pairs.DATE_READ), len(pairs.DATE_WRITTEN), 16, 64, rng)
    curve = []

    def watch(update):
        if update % 50 == 0:
            ways = right_both_ways(encoder, decoder, pairs.dates(rng, 300))
            curve.append([*(right.mean() for right in ways), *(right.all(axis=1).mean() for right in ways)])
            if update % 150 == 0:
                print(f"{update:5}" + "".join(f"{value:12.2f}" for value in curve[-1]))

    print(f"{'':5}{'tokens right':>24}{'dates right':>24}\n{'':5}" + 2 * f"{'told':>12}{'alone':>12}")
    learn(encoder, decoder, lambda size: pairs.dates(rng, size), 1200, watch=watch)
    figure, ax = plt.subplots(figsize=(6, 3), layout="constrained")
    curves, updates = np.array(curve), 50 * np.arange(len(curve))
    for k, (name, style) in enumerate((("tokens, told", "C0-"), ("tokens, alone", "C1-"), ("dates, told", "C0--"), ("dates, alone", "C1:"))):
        ax.plot(updates, curves[:, k], style, label=name)
    ax.set(xlabel="update", ylabel="right, of fresh dates", ylim=(0, 1.02))
    ax.legend(loc="lower right", fontsize=8)
    plt.show()
    texts = ("7 May 98", "May 7, 98", "7.5.98", "5/7/98", "11.12.13", "11/12/13")
    x, mask = pairs.date_tokens(*texts)
    for text, said in zip(texts, greedy_decode(decoder, encoder(x, mask), pairs.START, pairs.END, 12), strict=True):
        print(f"{text:14}{iso(said)}")

# %% [markdown] id="train-lesson"
# **Look at the right-hand columns.** They are equal, to the last digit, at every line. It has to be so. As long as
# the decoder has made no mistake, what it said *is* what it should have said, so told or alone it gets the same
# inputs and gives the same answers, up to and including its first mistake. A date is right in both ways or in
# neither.
#
# The left-hand columns differ, and only because of what happens *after* a first mistake: told, the decoder is put
# right at once; alone, it has to go on from its own error, in a situation that training never showed it. That is
# called **exposure bias** (M. Ranzato and others, 2016), and there are remedies, such as letting it hear its own
# words now and then in training (S. Bengio and others, 2015). For dates the harm is small, since a month does not
# depend on what was written for the year. For longer texts it is not: part 8 shows one.
#
# What follows for you is a rule: the number that you report is measured **free-running**, by whole sequences. Tokens
# right under teacher forcing is the most flattering number that can be had, and after 150 updates it was 0.88 while
# two dates of three were wrong.
#
# **The treacherous mistake, made on purpose.** Twice the same networks and the same summaries, 200 updates; but one
# decoder is told the targets as they stand. **Predict** for both: the loss at the end, and what it is worth alone.

# %% kind="lab" id="lab-unshifted"
if ready():
    for name, shift in (("shifted", None), ("not shifted", lambda targets, start: targets)):
        rng = np.random.default_rng(8)
        two = new_pair(len(pairs.NOTE_READ), len(pairs.NOTE_WRITTEN), 8, 32, rng)
        loss = learn(*two, lambda size: pairs.summaries(rng, size), 200, lr=0.02, shift=shift)
        batch = pairs.summaries(rng, 300)
        right = (alone(*two, batch) == batch.y).all(axis=1).mean()
        print(f"{name:12} loss {loss:.4f}; alone, {right:.0%} of the summaries are right")

# %% [markdown] id="states-text"
# **What do they say to each other?** The messages of 150 days, each in four formats, are points in a space of
# sixty-four dimensions. Here they are in the two directions in which they differ most (a principal component
# analysis). **Predict**: will messages lie together that come from the same format, or from the same day?

# %% kind="lab" id="lab-states"
def numbers(state):
    """A state as one array (B, n), the parts of a pair side by side."""
    parts = state if isinstance(state, tuple) else (state,)
    return np.concatenate([part.data for part in parts], axis=1)


def messages(days):
    """The state after reading each of these days (year, month, day) in each format: (days, formats, n)."""
    written = [pairs.date_text(*day, form) for day in days for form in pairs.FORMATS]
    with no_grad():
        return numbers(encoder(*pairs.date_tokens(*written))).reshape((len(days), len(pairs.FORMATS), -1))


if ready():
    rng = np.random.default_rng(9)
    days = [(int(rng.integers(0, 100)), int(rng.integers(1, 13)), int(rng.integers(1, 29))) for _ in range(150)]
    cloud = messages(days)
    centre = cloud.mean(axis=(0, 1))
    _, _, axes_of_cloud = np.linalg.svd((cloud - centre).reshape((-1, cloud.shape[2])), full_matrices=False)
    flat = (cloud - centre) @ axes_of_cloud[:2].T
    figure, axes = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
    for k, form in enumerate(pairs.FORMATS):
        axes[0].plot(*flat[:, k].T, "o*s^"[k], markersize=4, alpha=0.6, label=pairs.date_text(98, 5, 7, form))
    axes[0].legend(loc="upper right", fontsize=7)
    shown = axes[1].scatter(*flat.reshape((-1, 2)).T, c=np.repeat([year for year, _, _ in days], 4), s=10, cmap="viridis")
    figure.colorbar(shown, ax=axes[1], label="year")
    for place in range(6):
        axes[2].plot(*flat[place].T, color=f"C{place}", linewidth=0.8)
        for k in range(4):
            axes[2].plot(*flat[place, k], "o*s^"[k], color=f"C{place}")
    for ax, title in zip(axes, ("150 days, by format", "by year", "six days, each in four formats"), strict=True):
        ax.set(title=title, xticks=[], yticks=[])
    plt.show()
    spread = (cloud - centre) ** 2
    by_format = ((cloud.mean(axis=0) - centre) ** 2).sum()
    by_day = ((cloud.mean(axis=1) - centre) ** 2).mean(axis=0).sum()
    print(f"of the messages' variance, the day explains {by_day / spread.mean(axis=(0, 1)).sum():.0%}, the format {by_format / 4 / spread.mean(axis=(0, 1)).sum():.0%}")
    away = np.linalg.norm(cloud[:, None, 0] - cloud[None, :, 2], axis=2)
    print(f"written as 7 May 98, the nearest message of one written as 7.5.98 is the same day's for {np.mean(away.argmin(axis=1) == np.arange(150)):.0%}")
    one, other = (encoder(*pairs.date_tokens(text)) for text in ("7 May 98", "24 Dec 13"))
    print("on the way from one message to another:")
    for share in (0, 0.25, 0.4, 0.5, 0.6, 0.75, 1):
        mix = tuple(a * (1 - share) + b * share for a, b in zip(one, other, strict=True)) if isinstance(one, tuple) else one * (1 - share) + other * share
        print(f"{share:5.2f}  {iso(greedy_decode(decoder, mix, pairs.START, pairs.END, 12)[0])}")

# %% [markdown] id="states-lesson"
# How a date was written has all but gone: it explains 1 % of what differs, the day 93 %. (The rest is neither alone:
# the same day's messages still lie a little apart.) Of the 150 days written as `7 May 98`, 99 in 100 have as
# the nearest of the 150 messages of days written as `7.5.98` that of the same day. Sutskever and his colleagues show such a picture of
# sentences: active and passive, side by side. Nobody asked for it. A decoder that has to give the same answer four
# times is served best by one message.
#
# And a message that no encoder ever sent, somewhere between two dates, is still read as a date. It need not lie
# between the two in the calendar: on the way from 98 to 13 lies 93, for a network that works with digits.
#
# ### Exercise `learned` · 15 points
#
# Nothing more to write. Your encoder and decoder, around cells like the one above, are trained with your shift and
# your loss, and tried with your decoding, each task in a version of its own: other numbers for the symbols, another
# decade. Each waits for the checks that it builds on.
#
# - Dates of ten years are learned, read in two formats and written in a third: at least 95 of 100 fresh ones are written without a mistake, free-running, from the state alone.
# - Summaries are learned, the starred letters of notes of four to eight: at least 97 of 100 fresh ones are without a mistake, free-running, from the state alone.

# %% kind="check" id="learned-check" exercise="learned" points=15
check("learned")

# %% [markdown] id="length-text"
# ## 8 · The bottleneck
#
# A date is six digits. What of a page? Whatever was read must go through a state whose size does not
# grow with it. In 2014 K. Cho and others looked at how well such networks translate as sentences get longer, and it
# went down fast; Sutskever's message had 8,000 numbers, and to read the sentence *backwards* still helped a lot (from
# 25.9 to 30.6 BLEU points), so that at least its beginning was fresh.
#
# The barest test: repeat what you read. Notes of one to eight letters in training; messages of 16, 32 and 64 numbers;
# then notes of every length up to twelve. **Predict** the curves. And on the right: the letters of notes of length
# eight, place by place, told and alone. Which places suffer most when nobody helps?

# %% kind="lab" id="lab-length"
LENGTHS, LONGEST = np.arange(1, 13), 8


def exact_by_length(encoder, decoder, size=200):
    """The share of notes repeated without a mistake, for each length."""
    rng = np.random.default_rng(6)
    batches = [pairs.copies(rng, size, length, length) for length in LENGTHS]
    return np.array([(alone(encoder, decoder, b) == b.y).all(axis=1).mean() for b in batches])


if ready():
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.2), layout="constrained")
    print("percent of notes repeated without a mistake, by length\n" + " " * 12 + "".join(f"{length:5}" for length in LENGTHS))
    copiers = {}
    for hidden in (16, 32, 64):
        rng = np.random.default_rng(5)
        copiers[hidden] = new_pair(len(pairs.NOTE_READ), len(pairs.NOTE_WRITTEN), 8, hidden, rng)
        learn(*copiers[hidden], lambda size: pairs.copies(rng, size, 1, LONGEST), 600)
        exact = exact_by_length(*copiers[hidden])
        print(f"{hidden:3} numbers " + "".join(f"{100 * share:5.0f}" for share in exact))
        axes[0].plot(LENGTHS, exact, "o-", label=f"{hidden} numbers")
    axes[0].axvspan(0.5, LONGEST + 0.5, color="lightgray", alpha=0.5, label="lengths in training")
    axes[0].set(xlabel="letters in the note", ylabel="without a mistake")
    axes[0].legend(loc="upper right", fontsize=8)
    ways = right_both_ways(*copiers[32], pairs.copies(np.random.default_rng(7), 500, LONGEST, LONGEST))
    for right, name, style in zip(ways, ("told", "alone"), ("C0o-", "C1s--"), strict=True):
        axes[1].plot(np.arange(1, LONGEST + 2), right.mean(axis=0), style, label=name)
        print(f"32 numbers, {LONGEST} letters, {name:6}" + "".join(f"{share:6.2f}" for share in right.mean(axis=0)))
    axes[1].set(xlabel="place", ylabel="tokens right", title=f"32 numbers, {LONGEST} letters", ylim=(0, 1.03))
    axes[1].legend(loc="lower left", fontsize=8)
    plt.show()

# %% [markdown] id="length-lesson"
# Three letters are no trouble for any of the three, eight are too many for all; and past the lengths of the training
# there is little left. Now the right-hand picture: told the truth, seven of ten last letters are right, alone only a
# third. Here each letter hangs on *where in the note* the decoder believes to be, and one slip moves all that
# follows. (The ninth place is `end`, after eight letters always right: no note in training was longer.)
#
# But beware of the obvious sentence. "Sixteen numbers cannot hold eight letters" is false: there are $6^8$, fewer
# than two million notes, and one double-precision number could hold one of them. What was measured is what *this
# training found* in 600 updates. Part 9 asks you to tell the two apart.
#
# **An outlook: looking back.** If everything that was read has to be squeezed into the last state, why throw the
# other states away? Keep the encoder's state at *every* step, and let the decoder, at each of its own steps, compare
# its state $s_t$ with all of them and take their mean, weighted by how well they fit:
#
# $$ a_{tj} = \operatorname{softmax}_j\!\left(s_t W \cdot h_j\right), \qquad \text{context}_t = \sum_j a_{tj}\, h_j, \qquad
#    \text{logits}_t = [s_t, \text{context}_t]\, V + d . $$
#
# That is **attention** (D. Bahdanau, K. Cho, Y. Bengio, 2015; in this form, M.-T. Luong and others, 2015). It is a
# dozen lines, differentiable from end to end, and given below, around your encoder and your decoder: what $V$ makes of
# the state is your decoder's logits, and what it makes of the context is added to them. Your functions train and decode
# it as they are, because whatever is handed over is just a state to them. It gets only 16 numbers.

# %% kind="lab" id="lab-attention"
class Noting(Module):
    """A cell that notes the states it has come to."""

    def __init__(self, cell):
        self.cell, self.hidden_size = cell, cell.hidden_size

    def initial_state(self, batch):
        self.states = []
        return self.cell.initial_state(batch)

    def __call__(self, x, state):
        state = self.cell(x, state)
        self.states.append(state)
        return state


class Remembering(Module):
    """Your encoder around a cell that notes its states: it hands over, beside the last one, all of them."""

    def __init__(self, vocab, embed_size, cell):
        self.cell = Noting(cell)
        self.encoder = Encoder(vocab, embed_size, self.cell)

    def __call__(self, tokens, mask):
        return self.encoder(tokens, mask), stack(self.cell.states, axis=1), mask


class Attending(Module):
    """Your decoder, whose logits are joined by what a look back at all that was handed over adds."""

    def __init__(self, decoder, vocab, hidden, rng):
        self.decoder, self.head = decoder, Linear(hidden, vocab, rng=rng)
        self.W = Parameter(init.glorot((hidden, hidden), rng))

    def step(self, token, state):
        h, seen, mask = state
        logits, h = self.decoder.step(token, h)
        scores = (seen @ (h @ self.W)[:, :, None])[:, :, 0]  # (B, S): how well each place fits
        self.weights = softmax(where(mask, scores, -1e9))
        context = (seen * self.weights[:, :, None]).sum(axis=1)  # (B, H): the mean of the places, so weighted
        return logits + self.head(context), (h, seen, mask)


def looking_back(rng):
    """A reader that remembers and a writer that looks back, with weights from rng."""
    reader = Remembering(len(pairs.NOTE_READ), 8, GatedCell(8, 16, rng))
    writer = Decoder(len(pairs.NOTE_WRITTEN), 8, GatedCell(8, 16, rng))
    for module in (reader.encoder, writer):
        module.embedding.W.data[...] = rng.normal(size=module.embedding.W.shape)
    writer.head.W.data[...] = init.glorot(writer.head.W.shape, rng)
    return reader, Attending(writer, len(pairs.NOTE_WRITTEN), 16, rng)


def speaks():
    """Whether your greedy_decode passes a state of three parts on to a decoder as it was given."""
    rng = np.random.default_rng(0)
    return check.works(lambda: alone(*looking_back(rng), pairs.copies(rng, 5, 1, 3)))


if ready() and speaks():
    rng = np.random.default_rng(5)
    reader, writer = looking_back(rng)
    learn(reader, writer, lambda size: pairs.copies(rng, size, 1, LONGEST), 600, lr=0.02)
    exact_attending = exact_by_length(reader, writer)
    print("percent of notes repeated without a mistake, by length\n" + " " * 18 + "".join(f"{length:5}" for length in LENGTHS))
    print("16, with a look" + "   " + "".join(f"{100 * share:5.0f}" for share in exact_attending))
    batch = pairs.copies(np.random.default_rng(11), 1, LONGEST, LONGEST)
    state, looks, token = reader(batch.x, batch.mask), [], np.array([pairs.START])
    for target in batch.y[0]:
        logits, state = writer.step(token, state)
        looks.append(writer.weights.data[0])
        token = np.array([target])
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.2), layout="constrained", width_ratios=(1.4, 1))
    for hidden, style in ((16, "C0o-"), (64, "C2o-")):
        axes[0].plot(LENGTHS, exact_by_length(*copiers[hidden]), style, label=f"{hidden} numbers")
    axes[0].plot(LENGTHS, exact_attending, "C3s-", label="16 numbers, and a look back")
    axes[0].axvspan(0.5, LONGEST + 0.5, color="lightgray", alpha=0.5, label="lengths in training")
    axes[0].set(xlabel="letters in the note", ylabel="without a mistake")
    axes[0].legend(loc="lower left", fontsize=8)
    axes[1].imshow(np.array(looks), cmap="gray_r", vmin=0, vmax=1)
    axes[1].set(xlabel="read", ylabel="written", title="where it looks")
    axes[1].set_xticks(range(LONGEST), [pairs.NOTE_READ[token] for token in batch.x[0]])
    axes[1].set_yticks(range(LONGEST + 1), [pairs.NOTE_WRITTEN[token] for token in batch.y[0]])
    plt.show()

# %% [markdown] id="attention-lesson"
# Sixteen numbers and a look back do as well as sixty-four without at the short notes, and far better at the long
# ones. The matrix on the right was nobody's target either: the network found out by itself which letter it has to
# look at for which, an *alignment*. And one thing attention did not cure: beyond the trained lengths it falls as the
# others do. It has learned to find the next place among eight.
#
# In 2017 it was noticed that once everything can look at everything, the cells that carried the state from step to
# step can be left out (A. Vaswani and others, *Attention is all you need*). That is another course.
#
# ## 9 · What fits into a message?
#
# ### Question `message` · 10 points, read by a person
#
# *What fits into a message, and how would you know?* Answer in eight to twelve sentences, with the numbers of your
# own runs.
#
# 1. Whole dates are right equally often told and alone, tokens are not. Why must the first be so, where does the
#    second come from, and which number would you report?
# 2. For each size of the message: up to which length do nine of ten notes get through? Does four times the size carry
#    four times the letters?
# 3. Change **one** thing in part 8 (the number of updates, the learning rate, the cell, six letters to two, reading
#    backwards) and run again. Is the limit that you saw one of the message's size or one of the training? Say which
#    number decides.
# 4. What did looking back change, what not, and which of your figures shows it? Name one thing that this evidence
#    does **not** show.
#
# (Two points for the first, two for figures read correctly, three for the change and what follows from it, three for
# attention and the limits.)

# %% [markdown] kind="written" id="message" points=10
# *Your answer goes here, in place of this line.*

# %% [markdown] id="end"
# ## What you have now
#
# - An encoder's last state is a message; handed over as a Tensor, whole, it is also the way on which the encoder learns.
# - Inputs are targets moved by one. Not to shift gives the best loss and the worst network.
# - `end` is a word like others, and counts; what is behind it is not there.
# - Told and alone agree until the first mistake. Report free-running, whole sequences.
# - A state of fixed size is a bottleneck in practice long before it is one in principle. To look back is the way round it.
#
# **To read on.** I. Sutskever, O. Vinyals, Q. V. Le, *Sequence to sequence learning with neural networks* (2014); K.
# Cho and others, *Learning phrase representations using RNN encoder–decoder for statistical machine translation*
# (2014), and *On the properties of neural machine translation: encoder–decoder approaches* (2014), for the fall with
# length; R. J. Williams, D. Zipser, *A learning algorithm for continually running fully recurrent neural networks*
# (1989); S. Bengio and others, *Scheduled sampling for sequence prediction with recurrent neural networks* (2015); M.
# Ranzato and others, *Sequence level training with recurrent neural networks* (2016); D. Bahdanau, K. Cho, Y. Bengio,
# *Neural machine translation by jointly learning to align and translate* (2015). The cell with one gate: J. Collins,
# J. Sohl-Dickstein, D. Sussillo, *Capacity and trainability in recurrent neural networks* (2017).
