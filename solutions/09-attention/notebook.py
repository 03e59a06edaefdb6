# %% [markdown] id="title"
# # 9 · Attention: looking back instead of remembering
#
# In 06 all that was read had to go through a wall as one message, and eight letters were too many for it. Here
# the wall gets windows. The network that you build below reads a receipt, a number and then a date, and writes the
# date first. Whatever it writes, it may look back at every symbol that was read, and this is where it looks:
#
# ```text
#   read       4   8   3   0   2   ,   7  May  9   8
#   written
#      9       ·   ·   ·   ·   ·   ·   ·   ·   █   ·
#      8       ·   ·   ·   ·   ·   ·   ·   ·   ·   █
#      0       ·   ·   ·   ·   ·   ·   ·   █   ·   ·
#      5       ·   ·   ·   ·   ·   ·   ·   █   ·   ·
#      0       ·   ·   ·   ·   ·   ·   █   ·   ·   ·
#      7       ·   ·   ·   ·   ·   ·   █   ·   ·   ·
#      4       █   ·   ·   ·   ·   ·   ·   ·   ·   ·
#      8       ·   █   ·   ·   ·   ·   ·   ·   ·   ·
#      3       ·   ·   █   ·   ·   ·   ·   ·   ·   ·
#      …
# ```
#
# That is what one would draw by hand. Nobody tells the network: there is no target for where to look, only
# receipts, and the gradient of what was written wrong. What it really finds you will see in part 7.
#
# | part | you write | points |
# |---|---|---:|
# | 2 · How well does it fit? | `dot_scores`, `AdditiveScores` | 15 |
# | 3 · Shares | `masked_softmax` | 15 |
# | 4 · What was looked at | `context` | 5 |
# | 5 · A decoder that attends | `AttentionDecoder` | 30 |
# | 6 · Learning | nothing more: receipts must now be learned | 20 |
# | 8 · Everybody looks at everybody | `causal_self_attention` | 15 |
#
# Five hours; it goes on where 06 stopped. Every part can be read without having solved the one before; pictures
# that need your code say so until it is there.

# %% kind="define" id="imports"
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # our matrices are small: threads would only wait for each other

import numpy as np

from minigrad import Tensor, concatenate, no_grad, sigmoid, stack, tanh, where
from minigrad.functional import cross_entropy, softmax
from minigrad.nn import Embedding, Linear, Module, Parameter, Recurrent, init
from minigrad.optim import Adam

# %% kind="lab" id="harness"
from minigrad.grading.notebook.checks import checks

check = checks("09-attention", globals())

# %% [markdown] id="how-it-works"
# **How checking works.** As before: after each exercise a cell `check("…")` compares your code with known values and
# shows what differs. Grading runs those checks again on other numbers, together with hidden ones, which test the same
# sentences more strictly; the sentences stand in a list above each exercise. Nothing else is asked, and nothing that
# is not said. Cells and scores that a part builds on are brought by the checks. Where a part calls a function of
# an earlier one, the checks put a stand-in under its name, so one mistake costs once.
#
# ## Notation
#
# | | |
# |---|---|
# | `tokens` (B, S), `mask` (B, S) | what is read, padding behind; the mask is False there |
# | `keys` (B, S, H) | the encoder's output after each symbol that was read |
# | `query` (B, H) | the decoder's output at one step: what it is looking for |
# | `scores` (B, S) | how well each key fits the query: any number, the larger the better |
# | `weights` (B, S) | the same as shares: from 0 to 1, together 1 |
# | `values` (B, S, H) | what is read off where one looks. With us these are the keys once more |
# | `state` | what a cell carries: `h` (B, H), or a tuple `(h, c)` whose first is the output |
#
# Two parts are given. The cell with one gate is that of 06. The reader is an encoder that throws nothing away: beside
# its last state it hands over its output at *every* symbol.

# %% kind="define" id="given"
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


class Reader(Module):
    """Tokens (B, S) and mask (B, S) to the last state and the outputs (B, S, H) at all symbols, 0 at padding."""

    def __init__(self, vocab, embed_size, cell):
        self.embedding, self.over_time = Embedding(vocab, embed_size), Recurrent(cell)

    def __call__(self, tokens, mask):
        keys, state = self.over_time(self.embedding(tokens), mask=mask)
        return state, keys

# %% [markdown] id="bottleneck-text"
# ## 1 · The bottleneck
#
# First the trouble. A receipt is a number of one to eight digits, a comma, and a date in one of four formats. What is
# to be written is the date, year first, and then the number: everything that was read first must be kept until last.
# Below is 06's network with 48 numbers in its message; its decoder reads nothing but that.
#
# **Predict** the line of figures: which share of fresh receipts is written without a single mistake, for numbers of
# one digit, of two, and so on? Which part gets through first, the date or the number?

# %% kind="lab" id="lab-bottleneck"
import matplotlib.pyplot as plt

from minigrad.data import pairs

HIDDEN, UPDATES, SEEDS = 48, 400, 3
LENGTHS, LONGEST = np.arange(1, 11), 8  # digits in a number; the longest in training


class Plain(Module):
    """A decoder that never looks back: it has the state, and nothing else."""

    def __init__(self, vocab, embed_size, cell):
        self.embedding, self.cell, self.head = Embedding(vocab, embed_size), cell, Linear(cell.hidden_size, vocab)

    def step(self, token, state, keys, mask):
        h = self.cell(self.embedding(token), state)
        return self.head(h), h, None


def drawn(module, rng):
    """The same module, with an embedding and a head drawn from rng."""
    module.embedding.W.data[...] = rng.normal(size=module.embedding.W.shape)
    if hasattr(module, "head"):
        module.head.W.data[...] = init.glorot(module.head.W.shape, rng)
    return module


def new_reader(rng):
    return drawn(Reader(len(pairs.DATE_READ), 16, GatedCell(16, HIDDEN, rng)), rng)


def told(reader, writer, batch):
    """Logits (B, T, vocab) of a writer that is told at each step what it should have written before."""
    state, keys = reader(batch.x, batch.mask)
    before, logits = np.insert(batch.y, 0, pairs.START, axis=1)[:, :-1], []
    for token in before.T:
        now, state, _ = writer.step(token, state, keys, batch.mask)
        logits.append(now)
    return stack(logits, axis=1)


def alone(reader, writer, batch):
    """What the writer writes on its own (B, T), and where it looked (B, T, S), if it looks."""
    token, said, looks = np.full(len(batch.y), pairs.START), [], []
    with no_grad():
        state, keys = reader(batch.x, batch.mask)
        for _ in range(batch.y.shape[1]):
            logits, state, weights = writer.step(token, state, keys, batch.mask)
            token = np.where((token == pairs.END) & (len(said) > 0), pairs.END, logits.data.argmax(axis=1))
            said.append(token)
            looks.append(None if weights is None else weights.data)
    return np.stack(said, axis=1), looks[0] if looks[0] is None else np.stack(looks, axis=1)


def learn(reader, writer, updates, rng, lr=0.02):
    """Train both on fresh receipts, with steps that become smaller; the last loss."""
    optimizer = Adam(reader.parameters() + writer.parameters(), lr=lr)
    for update in range(updates):
        optimizer.lr = lr * (1 - 0.9 * update / updates)
        batch = pairs.receipts(rng, 32, 1, LONGEST)
        optimizer.zero_grad()
        loss = cross_entropy(told(reader, writer, batch), batch.y, mask=pairs.target_mask(batch.y))
        loss.backward()
        optimizer.step()
    return float(loss)


def exact_by_length(reader, writer, size=200):
    """The share of receipts without a mistake, written alone, for each length of their number."""
    rng = np.random.default_rng(6)
    batches = [pairs.receipts(rng, size, length, length) for length in LENGTHS]
    return np.array([(alone(reader, writer, b)[0] == b.y).all(axis=1).mean() for b in batches])


def plain_pair(seed):
    """06's network, trained."""
    rng = np.random.default_rng(seed)
    two = new_reader(rng), drawn(Plain(len(pairs.DATE_WRITTEN), 16, GatedCell(16, HIDDEN, rng)), rng)
    learn(*two, UPDATES, rng)
    return two


def row(name, shares):
    print(f"{name:24}" + "".join(f"{100 * share:5.0f}" for share in shares))


batch = pairs.receipts(np.random.default_rng(0), 5)
print("read                       written")
for x, y, mask in zip(batch.x, batch.y, batch.mask, strict=True):
    print(f"{''.join(pairs.DATE_READ[token] for token in x[mask]):27}{pairs.text(y, pairs.DATE_WRITTEN)}")
print("\npercent without a mistake, by the number's digits")
print(f"{'':24}" + "".join(f"{length:5}" for length in LENGTHS))
reader, writer = plain_pair(0)
plain = [exact_by_length(reader, writer)]
row("message alone, seed 0", plain[0])
batch = pairs.receipts(np.random.default_rng(1), 500, LONGEST, LONGEST)
right = alone(reader, writer, batch)[0] == batch.y
print(f"{LONGEST} digits, tokens right, place by place: " + " ".join(f"{share:.2f}" for share in right.mean(axis=0)))

# %% [markdown] id="bottleneck-lesson"
# Look at the last line: the year comes through, which was read last and is asked for first. Of the digits of a long
# number one in three to one in ten is right, and one in ten is what guessing gives. As in 06 this says what *this
# training found* in 400 updates, not what 48 numbers could hold; but the same 400 updates will do for what follows.
#
# What would *you* do with a receipt of eight digits? Not learn it by heart. You would write the year, look at the
# receipt again, write the next thing, and look again. For that the receipt must still be there: the encoder's output
# at each symbol, which 06 threw away. And looking must be something that a gradient can train. To choose one place
# is not: a choice does not change when the scores change a little. So one looks at *all* places, at each with a
# share, and shares can be learned.
#
# ## 2 · How well does it fit?
#
# The decoder's output $q$ at a step is a question, and the encoder's outputs $k_1 \ldots k_S$ are what can be asked.
# A score says how well each of them fits. Two ways are old and good:
#
# $$ \text{dot:}\quad e_j = q \cdot k_j, \qquad\qquad \text{additive:}\quad e_j = v \cdot \tanh(q\, W_q + k_j\, W_k). $$
#
# The second is the first that there was (D. Bahdanau, K. Cho, Y. Bengio, 2015): a small network with one hidden
# layer, which finds out by itself what fitting means. The dot product (M.-T. Luong, H. Pham, C. Manning, 2015) has
# no parameters at all. Encoder and decoder must then agree on a language of their own in which what fits is
# parallel; since both are trained, they can. It is one matrix product, while the additive one needs a tanh for each
# number of each place at each step.
#
# ### Exercise `scores` · 15 points
#
# `dot_scores(query, keys)` is a function; `AdditiveScores(size)` is a Module that is called the same way, with
# `size` for H. `query[:, None, :]` and `query[:, :, None]` give it an axis where the keys have their places. Begin
# `W_q`, `W_k` and `v` with small random numbers (`init.glorot(shape, rng)` is for matrices; `rng` is a generator that you make, `np.random.default_rng(0)`).
#
# What the checks ask:
#
# - `dot_scores(query, keys)` of a query (B, H) and keys (B, S, H) gives a Tensor (B, S): for each place the dot product of its key with its own row's query, and nothing else.
# - `AdditiveScores(size)` has the Parameters `W_q` and `W_k` (size, size) and `v` (size,) and no others; they begin as numbers other than zero.
# - Called with a query and keys it gives a Tensor (B, S): at each place v · tanh(query W_q + key W_k), of its own row.
# - What comes back through the scores reaches the query and the keys of every place, and of `AdditiveScores` all three Parameters.

# %% kind="solution" id="scores"
def dot_scores(query, keys):
    """How well each key (B, S, H) fits its row's query (B, H): scores (B, S)."""
    ### BEGIN SOLUTION
    ### STUB: return ...
    return (keys @ query[:, :, None])[:, :, 0]
    ### END SOLUTION


class AdditiveScores(Module):
    """The same question to a small network: query (B, H) and keys (B, S, H) to scores (B, S)."""

    def __init__(self, size):
        ### BEGIN SOLUTION
        ### STUB: self.W_q = self.W_k = self.v = ...  # three Parameters
        rng = np.random.default_rng(0)
        self.W_q = Parameter(init.glorot((size, size), rng))
        self.W_k = Parameter(init.glorot((size, size), rng))
        self.v = Parameter(rng.normal(size=size) / np.sqrt(size))
        ### END SOLUTION

    def __call__(self, query, keys):
        ### BEGIN SOLUTION
        ### STUB: return ...
        asked = (query @ self.W_q)[:, None, :]
        return tanh(asked + keys @ self.W_k) @ self.v
        ### END SOLUTION

# %% kind="check" id="scores-check" exercise="scores" points=15
check("scores")

# %% [markdown] id="softmax-text"
# ## 3 · Shares
#
# A softmax makes shares of scores. But not all places may have one: behind a short sequence there is padding, and
# whoever looks there sees nothing that was read. The law of 04 once more: padding must not change anything, no bit
# of it.
#
# Three ways to get this wrong look right. To set the *weights* of padding to zero after the softmax leaves too little
# for the others: together they are no longer 1, and how much is missing depends on what stands in the padding. To set
# the *scores* of padding to zero makes them compete: zero is a score like any other. And minus infinity as their
# score is right until there is a row that has no place at all, as an empty sequence has: then the largest score is
# minus infinity too, the difference is none, and NaN spreads from there to every parameter.
#
# So choose twice, with `where`: who takes part, by a score so low that nothing is left of it; and who gets a share.
#
# ### Exercise `masked-softmax` · 15 points
#
# `masked_softmax(scores, mask)` with a Tensor and an array of bool; scores that count are numbers between minus and
# plus a million. `softmax` is there, and takes the last axis. In parts 3 to 6 scores are (B, S) with a mask (B, S).
# Part 8 needs it for a square of scores in each row of the batch, and one mask for all of them.
#
# What the checks ask:
#
# - Where the mask is True, the weights are the softmax of the row's scores at those places alone: each row's weights together are 1.
# - Where the mask is False, the weight is exactly 0, and what score stands there, even inf or NaN, changes no bit of any weight.
# - A row whose mask is False everywhere gives zeros, not NaN, and changes nothing in the rows beside it.
# - Scores of a thousand, of either sign, overflow nothing: the weights are finite, and exact.
# - A row is the last axis, whatever axes stand before it: scores may be (B, S) or (B, T, S), and a mask of fewer axes holds for all.
# - The gradient reaches the scores of every place where the mask is True; at the others and in rows that are False everywhere it is exactly zero, as long as their scores are finite; scores and mask stay as they are.

# %% kind="solution" id="masked-softmax"
def masked_softmax(scores, mask):
    """Scores (..., S) to weights (..., S): shares among the places where the mask is True, 0 elsewhere."""
    ### BEGIN SOLUTION
    ### STUB: return ...
    taking_part = where(mask, scores, -1e9)
    return where(mask, softmax(taking_part), 0.0)
    ### END SOLUTION

# %% kind="check" id="masked-softmax-check" exercise="masked-softmax" points=15
check("masked-softmax")

# %% [markdown] id="softness-text"
# How sharp the look is depends on the scores' size, not only on their order. **Predict** the three rows: the same six
# scores, the last place being padding, once as they are, once ten times as large, once a tenth.

# %% kind="lab" id="lab-softness"
if check.passed("masked-softmax"):
    scores, here = np.array([[0.2, 0.9, 0.4, 0.8, -0.3, 2.0]]), np.array([[True] * 5 + [False]])
    figure, ax = plt.subplots(figsize=(6, 2.6), layout="constrained")
    for k, size in enumerate((0.1, 1.0, 10.0)):
        shares = masked_softmax(Tensor(size * scores), here).data[0]
        print(f"{size:4} times  " + " ".join(f"{share:.3f}" for share in shares))
        ax.bar(np.arange(6) + 0.27 * (k - 1), shares, 0.25, label=f"{size} times", hatch=("", "//", "..")[k])
    ax.set(xlabel="place (the last is padding)", ylabel="weight", title="the same scores, smaller and larger")
    ax.legend(fontsize=8)
    plt.show()

# %% [markdown] id="context-text"
# Small scores look everywhere and large ones at one place. Nothing has to be set for it: a network that wants to look
# sharply makes its queries longer.
#
# ## 4 · What was looked at
#
# With shares given, the look itself is a mean: $\text{context} = \sum_j a_j\, v_j$. Its gradient tells why it can be
# trained: $\partial\,\text{context} / \partial a_j = v_j$. If what stands at place $j$ would have helped, then the
# gradient says that its share should have been larger, and through the softmax all the others smaller.
#
# ### Exercise `context` · 5 points
#
# `context(weights, values)` with Tensors.
#
# What the checks ask:
#
# - Of weights (B, S) and values (B, S, H) it gives a Tensor (B, H): in each row the sum over its places of the weight times the value.
# - A place of weight 0 adds nothing: what finite values stand there changes no bit.
# - The gradient reaches weights and values of every place.

# %% kind="solution" id="context"
def context(weights, values):
    """The mean of the values (B, S, H), each with its weight (B, S): (B, H)."""
    ### BEGIN SOLUTION
    ### STUB: return ...
    return (weights[:, :, None] * values).sum(axis=1)
    ### END SOLUTION

# %% kind="check" id="context-check" exercise="context" points=5
check("context")

# %% [markdown] id="decoder-text"
# ## 5 · A decoder that attends
#
# Now the decoder of 06 with a look back in each step. First the cell makes its step; its new output is the question;
# the context is the answer; and the head reads both:
#
# $$ s_t = \text{cell}(e_{w_{t-1}},\, s_{t-1}), \qquad a_t = \operatorname{softmax}\bigl(\text{scores}(h_t, k)\bigr), \qquad
#    \text{logits}_t = [\,h_t,\ \textstyle\sum_j a_{tj}\, k_j\,]\, V + d . $$
#
# ```text
#       keys   k₁   k₂   k₃   k₄   k₅        what was read
#               \    \   |   /    /
#                 scores, softmax   ←───┐
#                        │              │ query
#                     context           │
#                        │              │
#     logits  ←  head [h, context]  ←── h  ←── cell  ←── the token before
# ```
#
# That is Luong's order (he has one more layer, with a tanh, before the head). Bahdanau asked with the *old* state and
# gave the context to the cell; both work. The encoder
# now hears of a mistake in two ways: through the state that was handed over, as in 06, and through the keys, from
# every step straight to every symbol. The long way round over the whole sentence is still there, but nothing has to
# take it.
#
# ### Exercise `attention-decoder` · 30 points
#
# `AttentionDecoder(vocab, embed_size, cell, scores)` is a Module with `step(token, state, keys, mask)`. `scores` is
# anything that is called as `scores(query, keys)`: a function or a Module. Call your `masked_softmax` and `context` by
# these names; the checks put others there, which share out and look otherwise.
#
# What the checks ask:
#
# - `embedding` is an `Embedding(vocab, embed_size)`, `cell` and `scores` are those it was given, and `head` is a `Linear(2 * cell.hidden_size, vocab)`; `parameters()` has those of the four and no others.
# - `step` takes tokens (B,), the state before them, keys (B, S, H) and a mask (B, S), and returns three things: logits (B, vocab), the state after the cell's step on the tokens' rows, and the weights (B, S).
# - The weights are `masked_softmax` of the scores between the *new* output, which is the query, and the keys; the head reads the output and `context` of weights and keys side by side, [h, context].
# - Where the state is a pair (h, c), both go into the cell, both come out, and h is what asks and what the head reads.
# - What finite values stand in the keys where the mask is False changes no bit of logits, state or weights; a row with no place at all has a context of zeros.
# - All it knows is what it is given: the same token, state, keys and mask give the same, whatever was asked in between.
# - A loss on its logits reaches head, cell, scores and embedding, the state that was handed over, and the keys of every place where the mask is True; at the others the gradient of the keys is exactly zero.

# %% kind="solution" id="attention-decoder"
class AttentionDecoder(Module):
    """A cell that writes and looks back at what was read, in every step."""

    def __init__(self, vocab, embed_size, cell, scores):
        self.cell, self.scores = cell, scores
        ### BEGIN SOLUTION
        ### STUB: self.embedding = ...  # an Embedding
        ### STUB: self.head = ...  # a Linear
        self.embedding = Embedding(vocab, embed_size)
        self.head = Linear(2 * cell.hidden_size, vocab)
        ### END SOLUTION

    def step(self, token, state, keys, mask):
        """Logits for what comes after `token`, the state after it, and the weights of what was looked at."""
        ### BEGIN SOLUTION
        ### STUB: return ...
        state = self.cell(self.embedding(token), state)
        h = state[0] if isinstance(state, tuple) else state
        weights = masked_softmax(self.scores(h, keys), mask)
        seen = context(weights, keys)
        return self.head(concatenate([h, seen], axis=1)), state, weights
        ### END SOLUTION

# %% kind="check" id="attention-decoder-check" exercise="attention-decoder" points=30
check("attention-decoder")

# %% [markdown] id="learn-text"
# ## 6 · Learning
#
# The same reader, the same receipts, the same number of updates as in part 1; only that the decoder may look. Three
# seeds each with dot products and with the additive scores: half a minute.
#
# **Predict**: at which length will these break? And the two lengths beyond training, nine and ten digits?

# %% kind="lab" id="lab-learn"
def new_writer(scores, rng):
    return drawn(AttentionDecoder(len(pairs.DATE_WRITTEN), 16, GatedCell(16, HIDDEN, rng), scores), rng)


def ready():
    """Whether all parts pass their checks, and work together on two batches."""

    def rehearse():
        rng = np.random.default_rng(0)
        for scores in (dot_scores, AdditiveScores(HIDDEN)):
            two = new_reader(rng), new_writer(scores, rng)
            learn(*two, 1, rng)
            alone(*two, pairs.receipts(rng, 5, 1, 3))

    return check.passed("scores", "masked-softmax", "context", "attention-decoder") and check.works(rehearse)


if ready():
    print("percent without a mistake, by the number's digits\n" + " " * 24 + "".join(f"{length:5}" for length in LENGTHS))
    for seed in range(1, SEEDS):
        plain.append(exact_by_length(*plain_pair(seed)))
        row(f"message alone, seed {seed}", plain[-1])
    looking, networks = {"dot": [], "additive": []}, {}
    for name, found in looking.items():
        for seed in range(SEEDS):
            rng = np.random.default_rng(seed)
            two = new_reader(rng), new_writer(dot_scores if name == "dot" else AdditiveScores(HIDDEN), rng)
            learn(*two, UPDATES, rng)
            networks[name, seed] = two
            found.append(exact_by_length(*two))
            row(f"{name}, seed {seed}", found[-1])
    figure, ax = plt.subplots(figsize=(7, 3.2), layout="constrained")
    for name, found, style in (("message alone", plain, "C0o:"), ("dot", looking["dot"], "C1s-"), ("additive", looking["additive"], "C2^--")):
        for seed, exact in enumerate(found):
            ax.plot(LENGTHS, exact, style, alpha=0.7, label=None if seed else name)
    ax.axvspan(0.5, LONGEST + 0.5, color="lightgray", alpha=0.5, label="lengths in training")
    ax.set(xlabel="digits in the number", ylabel="without a mistake", title="receipts written, by length", ylim=(-0.02, 1.02))
    ax.legend(loc="center", fontsize=8)
    plt.show()

# %% [markdown] id="learn-lesson"
# Three lines of code in the decoder, and the wall is gone: at lengths where the message alone got hardly anything
# through in any seed, most receipts are without a mistake in every seed. The state still has the same 48 numbers. But
# it need no longer hold *what* was read, only *where one is*, and that is little.
#
# Beyond the training's lengths all fall: how far to count is learned too. But where the notes of 06 broke off at
# once, of ten digits about half still come through.
#
# ### Exercise `learned` · 20 points
#
# Nothing more to write. Your decoder and your dot products, behind a reader like the one above with 48 numbers, are
# trained on receipts with symbols numbered otherwise; it waits for the checks that it builds on.
#
# - Receipts are learned, numbers of four to eight digits and dates in two formats: at least 90 of 100 fresh ones are written without a mistake, free-running.

# %% kind="check" id="learned-check" exercise="learned" points=20
check("learned")

# %% [markdown] id="alignment-text"
# ## 7 · What it looked at
#
# For each symbol that was written there is a row of weights: an **alignment** of what was written with what was read.
# **Predict** it for a receipt before you run: where will it look while it writes the month? And a trap: a key is the
# output *after* a symbol was read, of a cell that remembers. Need it look at the very place of the digit?

# %% kind="lab" id="lab-alignment"
from minigrad.data.tasks import Batch

if ready():
    reader, writer = networks["dot", 0]
    x, mask = pairs.date_tokens("48302,7 May 98")
    y = np.array([[2 + int(digit) for digit in "98050748302"] + [pairs.END]])
    said, looks = alone(reader, writer, Batch(x, y, mask))
    read, written = [pairs.DATE_READ[token] for token in x[0]], [pairs.DATE_WRITTEN[token] for token in said[0]]
    print("written, and what was looked at most: " + "  ".join(f"{a}←{read[j]}" for a, j in zip(written, looks[0].argmax(axis=1), strict=True)))
    figure, ax = plt.subplots(figsize=(5, 4.6), layout="constrained")
    shown = ax.imshow(looks[0], cmap="gray_r", vmin=0, vmax=1)
    ax.set(xlabel="read", ylabel="written", title="where it looks, symbol by symbol")
    ax.set_xticks(range(len(read)), read)
    ax.set_yticks(range(len(written)), written)
    figure.colorbar(shown, ax=ax, label="weight")
    plt.show()
    batch = pairs.receipts(np.random.default_rng(12), 500, 6, 6)
    said, looks = alone(reader, writer, batch)
    came, went = np.arange(6), 6 + np.arange(6)  # the digits' places: where they were read, where they are written
    exactly = looks[:, went].argmax(axis=2) == came
    near = abs(looks[:, went].argmax(axis=2) - came) <= 1
    print(f"500 numbers of six digits: looked at most is the digit's own place for {exactly.mean():.0%}, that or a neighbour for {near.mean():.0%};")
    print(f"the largest weight is {looks[:, went].max(axis=2).mean():.2f} on average, and {np.mean(said == batch.y):.1%} of the symbols are right")

# %% [markdown] id="alignment-lesson"
# Nobody asked for the order of a calendar, or to go back to the beginning after the date. It came out of the
# gradient of wrong digits. Where a look falls beside the digit's own place, it is no mistake: a state after a symbol
# still holds the symbols before it. For the same reason beware of the sentence that the weights *explain* an
# answer. They say which states were mixed; what those states hold they do not say.
#
# ## 8 · Everybody looks at everybody
#
# Why should only the decoder look back? If each place of the *input* looks at the places before it, no state has to
# be carried from step to step, and the cell can go. That is **self-attention**, the heart of the Transformer (A.
# Vaswani and others, 2017). Each place asks, answers and offers in a language of its own:
#
# $$ q_t = x_t W_q, \quad k_t = x_t W_k, \quad v_t = x_t W_v, \qquad
#    y_t = \sum_{s \le t} \operatorname{softmax}_{s \le t}\!\left(\frac{q_t \cdot k_s}{\sqrt{K}}\right) v_s . $$
#
# $K$ is the number of entries of a key. The root keeps the scores' size: a dot product of $K$ independent numbers of
# variance 1 has variance $K$, and part 3 showed what large scores do. *Causal* means that nobody looks ahead, so that
# it can also write: place $t$ knows of the places up to $t$, itself among them, as the state of a cell does.
#
# There is no loop over time in it. All places of a sequence are a few matrix products, which is what made it
# win. The price stands in the formula: there is a score for each *pair* of places.
#
# ### Exercise `causal-self-attention` · 15 points
#
# `causal_self_attention(x, W_q, W_k, W_v)` with a Tensor x (B, T, D) and matrices (D, K), (D, K) and (D, V).
# `np.tri(T, dtype=bool)` is the mask (T, T) that is True at and below the diagonal; `k.transpose((0, 2, 1))` swaps
# the last two axes. Call your `masked_softmax`; the checks put another one there.
#
# What the checks ask:
#
# - It gives a Tensor (B, T, V): at each place t the mean of the values x_s W_v of the places s up to and with t, with the weights that `masked_softmax` gives to the dot products of x_t W_q with x_s W_k, divided by the square root of K.
# - What stands at later places changes nothing: the first place gives its own value, and a sequence cut short gives the same as far as it goes.
# - The gradient reaches x at every place, and all three matrices.

# %% kind="solution" id="causal-self-attention"
def causal_self_attention(x, W_q, W_k, W_v):
    """Each place of x (B, T, D) looks at itself and those before it: (B, T, V)."""
    ### BEGIN SOLUTION
    ### STUB: return ...
    q, k, v = x @ W_q, x @ W_k, x @ W_v
    T, K = q.shape[1:]
    scores = (q @ k.transpose((0, 2, 1))) / np.sqrt(K)
    return masked_softmax(scores, np.tri(T, dtype=bool)) @ v
    ### END SOLUTION

# %% kind="check" id="causal-self-attention-check" exercise="causal-self-attention" points=15
check("causal-self-attention")

# %% [markdown] id="cost-text"
# **What it costs.** Both ways over one sequence of T places with 32 numbers each, forwards, everything kept for
# the way back. Counted is the memory that is held then. **Predict**: from T to 2T, by which factor does each grow?

# %% kind="lab" id="lab-cost"
import time
import tracemalloc


def held(run):
    """Bytes that a run holds for its way back, and its seconds."""
    run()  # once before: what is made only once is not counted
    tracemalloc.start()
    kept = run()
    bytes_held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    began = time.perf_counter()
    kept = run()
    seconds = time.perf_counter() - began
    kept.sum().backward()
    return bytes_held, seconds


if check.passed("masked-softmax", "causal-self-attention"):
    rng, costs = np.random.default_rng(0), []
    cell, W = GatedCell(32, 32, rng), [Parameter(init.glorot((32, 32), rng)) for _ in range(3)]
    print(f"{'':6}{'megabytes held':>28}{'milliseconds':>28}\n{'T':>6}" + 2 * f"{'cell':>14}{'attention':>14}")
    for T in (128, 256, 512, 1024):
        x = Tensor(rng.normal(size=(1, T, 32)))
        (cell_bytes, cell_time), (bytes_held, seconds) = held(lambda: Recurrent(cell)(x)[0]), held(lambda: causal_self_attention(x, *W))
        costs.append([T, cell_bytes, bytes_held])
        print(f"{T:6}{cell_bytes / 1e6:14.2f}{bytes_held / 1e6:14.2f}{1e3 * cell_time:14.1f}{1e3 * seconds:14.1f}")
    costs = np.array(costs)
    print(f"at T = {T}, self-attention holds {bytes_held / (8 * T * T):.1f} times a square of T × T numbers")
    print("from T to 2T, memory grows by " + ", ".join(f"{name} {a:.1f}" for name, a in zip(("cell", "attention"), costs[-1, 1:] / costs[-2, 1:], strict=True)))
    figure, ax = plt.subplots(figsize=(5, 3), layout="constrained")
    ax.loglog(costs[:, 0], costs[:, 1] / 1e6, "C0o:", label="cell, step by step")
    ax.loglog(costs[:, 0], costs[:, 2] / 1e6, "C1s-", label="self-attention")
    ax.set(xlabel="places T", ylabel="megabytes held", title="memory for the way back")
    ax.set_xticks(costs[:, 0], costs[:, 0])
    ax.minorticks_off()
    ax.legend(fontsize=8)
    plt.show()

# %% [markdown] id="self-text"
# The cell doubles and self-attention nears fourfold: T steps against T² pairs, and nearly all that it
# holds are two squares of shares, before and after the mask. In time it is the other way about, for
# a while: T small steps one after another cost more than a few large products, as long as T² has not taken over.
#
# **The same receipts, without a cell that reads.** Below, one causal head stands in the reader's place: its keys are
# the symbols' rows plus what the head saw from there. But a sum over places knows nothing of their order! All that a
# causal head knows of it is how *many* came before. So the first reader's rows are joined by a row for each
# *position*, learned like the others; the second one has to do without. **Predict** which of the two goes further.

# %% kind="lab" id="lab-self"
class SelfReader(Module):
    """A reader without a cell: rows, perhaps with positions, and one causal head over them."""

    def __init__(self, positions, rng):
        self.embedding = Embedding(len(pairs.DATE_READ), HIDDEN)
        self.positions = Parameter(rng.normal(size=(40, HIDDEN))) if positions else None
        self.W = [Parameter(init.glorot((HIDDEN, HIDDEN), rng)) for _ in range(3)]

    def __call__(self, tokens, mask):
        x = self.embedding(tokens)
        if self.positions is not None:
            x = x + self.positions[: tokens.shape[1]]
        return Tensor(np.zeros((len(tokens), HIDDEN))), x + causal_self_attention(x, *self.W)


if ready() and check.passed("causal-self-attention"):
    print("percent of symbols right, written alone, by the number's digits\n" + " " * 24 + "".join(f"{length:5}" for length in LENGTHS))
    readers = {"a cell": lambda rng: networks["dot", 0], "head and positions": True, "head alone": False}
    for name, kind in readers.items():
        rng = np.random.default_rng(0)
        two = kind(rng) if callable(kind) else (drawn(SelfReader(kind, rng), rng), new_writer(dot_scores, rng))
        if not callable(kind):
            learn(*two, UPDATES, rng, lr=0.01)
        batches = [pairs.receipts(np.random.default_rng(6), 200, length, length) for length in LENGTHS]
        row(name, [(alone(*two, b)[0] == b.y)[pairs.target_mask(b.y)].mean() for b in batches])

# %% [markdown] id="end"
# One head learns much of it with no state carried anywhere, and after as many updates less than a cell that reads in
# order: what the cell is given for nothing, the order, one head has to learn. Positions help most with the longer
# numbers of the training; the rows of later positions were hardly ever trained. Transformers stack many heads in many
# layers, and train far longer than we can here.
#
# ## What you have now
#
# - A score for each place, a softmax, a mean: a look back that a gradient can train.
# - The mask chooses who takes part, and who gets a share. An empty row is zeros.
# - The state need not hold what was read if one may look; it holds where one is.
# - An alignment is found and not told, and it is no explanation.
# - Self-attention has no steps to wait for, and T² pairs to pay for.
#
# **To read on.** D. Bahdanau, K. Cho, Y. Bengio, *Neural machine translation by jointly learning to align and
# translate* (2015); M.-T. Luong, H. Pham, C. Manning, *Effective approaches to attention-based neural machine
# translation* (2015); A. Vaswani and others, *Attention is all you need* (2017); S. Jain, B. Wallace, *Attention is not
# explanation* (2019), and S. Wiegreffe, Y. Pinter, *Attention is not not explanation* (2019).
