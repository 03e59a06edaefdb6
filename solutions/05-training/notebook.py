# %% [markdown] id="title"
# # 5 · Training: what helps, and what it costs
#
# At the end of this notebook you will have drawn this map. A network was trained to repeat the bit that it
# read a number of steps ago, but the gradient was cut into chunks by a function that you wrote.
# Numbers are percent right on fresh sequences; 50 is guessing. In the last row the cell stayed as it was drawn, and
# only the layer that reads its state was trained:
#
# ```text
#                    how long ago the bit was
# chunk length      1     3     5     7     9
#            2    100    51    69    54    51
#            4    100   100    64    55    57
#            8    100   100    99    91    49
#           16    100   100   100   100    98
#    not at all     99    97    89    87    81
# ```
#
# The state was never cut: at every border it went on, bits and all. What was cut is *credit*. As far back as credit
# reached the cell became a better memory than a random one; beyond that it became a worse one, for what it needed near
# by it wrote over what nobody told it to keep. That is the tone of this notebook. Three devices are in every
# recipe for training recurrent networks (truncation, dropout, normalisation), each buys something, and for
# each there is a bill. You write all three, and you look at the bills.
#
# | part | you write | points |
# |---|---|---:|
# | 2 · Truncated backpropagation | `tbptt` | 30 |
# | 4 · Recurrent dropout | `RecurrentDropout` | 30 |
# | 5 · Batch normalisation | `BatchNorm` | 25 |
# | 6 · Learning | nothing more: a task must be learned with each | 15 |
#
# Four hours. Every part can be read without having solved the one before; pictures that need your code say
# so until it is there.

# %% kind="define" id="imports"
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # our matrices are small: threads would only wait for each other

import numpy as np

from minigrad import Tensor, no_grad, sqrt, tanh, where
from minigrad.functional import binary_cross_entropy_with_logits, cross_entropy
from minigrad.nn import Linear, Module, Parameter, Recurrent, init
from minigrad.optim import Adam

# %% kind="lab" id="harness"
from minigrad.grading.notebook.checks import checks

check = checks("05-training", globals())

# %% [markdown] id="how-it-works"
# **How checking works.** As before: after each exercise a cell `check("…")` compares your code with known
# values and shows what differs. Grading runs those checks again on other numbers, together with hidden ones, which
# test the same sentences more strictly; the sentences stand in a list above each exercise. Nothing else is
# asked, and nothing that is not said. Your masks may be drawn in any way: the checks use cells through
# which a mask can be seen.
#
# ## Notation
#
# | | |
# |---|---|
# | $B, T, D, H$ | batch size, number of time steps, size of an input, size of the state |
# | `x` (B, T, D), `x[:, t]` (B, D) | a batch of sequences, and what is read at step $t$ |
# | `state = cell(x[:, t], state)` | one step of a cell; the state is `h` (B, H), or a tuple `(h, c)`, whose first is the output |
# | `Recurrent(cell)(x, state)` | all steps: outputs (B, T, H) and the last state; state None means `cell.initial_state(B)` |
# | `mask` (B, T) | True where a sequence has an entry, False in its padding |
# | `steps` | a slice of the time axis: `y[:, steps]` are the targets of these steps |
# | $\odot$ | product entry by entry |
#
# Nothing here depends on which cell you use, so a plain one is given. Yours from 02 and 03 fit in its place.

# %% kind="define" id="plain-cell"
class PlainCell(Module):
    """The cell of 01-rnn: h' = tanh(x W_x + h W_h + b)."""

    def __init__(self, inputs, hidden, rng):
        self.hidden_size = hidden
        self.W_x = Parameter(init.glorot((inputs, hidden), rng))
        self.W_h = Parameter(init.orthogonal((hidden, hidden), rng))
        self.b = Parameter(np.zeros(hidden))

    def initial_state(self, batch):
        return Tensor(np.zeros((batch, self.hidden_size)))

    def __call__(self, x, h):
        return tanh(x @ self.W_x + h @ self.W_h + self.b)

# %% kind="lab" id="helpers"
import time
import tracemalloc

import matplotlib.pyplot as plt

from minigrad.data import echo
from minigrad.nn import Dropout


def peak_memory(work):
    """The most memory that arrays took while `work()` ran, in megabytes."""
    tracemalloc.start()
    work()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 1e6


# %% [markdown] id="length-text"
# ## 1 · Length
#
# A text, a recording, a series of measurements: they have no natural length of twenty steps. What happens to our
# training step when the sequence grows?
#
# - The forward pass takes time in proportion to $T$. So does the backward pass. That is fair.
# - The **tape** keeps every state, and everything computed on the way to it, until the backward pass is over.
#   Memory grows with $T$ too, and memory ends sooner than patience.
# - There is **one update for each pass**. A network that reads ten thousand characters before it may change a
#   single weight learns slowly, however much it has seen.
# - And the gradient of what is long past is small anyway: you saw it shrink like $\rho^T$.
#
# **Predict before you run:** the memory at $T = 400$, given the one at $T = 50$. And which share of the gradient at the
# *weights* comes from the last twenty steps, when the loss looks at the last state?

# %% kind="lab" id="lab-length"
def one_pass(T, B=16, H=32):
    """A loss at the last of T steps, and its gradient."""
    rng = np.random.default_rng(0)
    cell, head = PlainCell(4, H, rng), Linear(H, 1, rng=rng)
    outputs, _ = Recurrent(cell)(rng.normal(size=(B, T, 4)))
    (head(outputs[:, -1]) ** 2).mean().backward()
    return cell


print(f"{'T':>5}{'seconds':>10}{'megabytes':>11}")
for T in (50, 100, 200, 400):
    began = time.perf_counter()
    one_pass(T)
    seconds = time.perf_counter() - began
    print(f"{T:5}{seconds:10.3f}{peak_memory(lambda T=T: one_pass(T)):11.1f}")

whole = one_pass(400).W_h.grad
print("\nshare of the gradient of W_h that the last steps alone give, T = 400:")
for last in (1, 5, 20, 50):
    rng = np.random.default_rng(0)
    cell, head = PlainCell(4, 32, rng), Linear(32, 1, rng=rng)
    x = rng.normal(size=(16, 400, 4))
    with no_grad():
        _, h = Recurrent(cell)(x[:, : 400 - last])
    outputs, _ = Recurrent(cell)(x[:, 400 - last :], h)
    (head(outputs[:, -1]) ** 2).mean().backward()
    missing = np.linalg.norm(cell.W_h.grad - whole) / np.linalg.norm(whole)
    print(f"  last {last:3} steps: off by {missing:.1e} of its length")

# %% [markdown] id="tbptt-idea"
# ## 2 · Truncated backpropagation
#
# Look at the second table. Twenty steps give very nearly the gradient that four hundred give: this cell, as it is now,
# passes on no more. So do not pay for the rest. Cut the sequence into **chunks** of $k$ steps. Run the first, go
# backwards through it, throw its tape away; take its last *state* along as plain numbers, run the second, and so on:
#
# ```text
#   state ──→ [ step step step ] ──h, c──→ [ step step step ] ──h, c──→ [ step step ] ──→ last state
#                     │            numbers          │            numbers       │
#                   loss 1          only          loss 2          only       loss 3
#                     ↓                             ↓                          ↓
#   credit    ←───────┘           ╳     ←───────────┘         ╳     ←──────────┘
# ```
#
# The forward pass does not notice. With $h_b$ the state at a border, and $\operatorname{sg}$ ("stop gradient") the function
# that returns its argument and has derivative zero,
#
# $$ h_{b+1} = \text{step}\big(x_{b+1},\, \operatorname{sg}(h_b)\big), \qquad
#    \frac{\partial L_{\text{chunk}}}{\partial x_s} = 0 \;\text{ exactly, for every } s \text{ before the chunk.} $$
#
# There are two ways of getting it wrong. If the *state* is not handed on (a fresh one for each chunk), the losses fall all
# the same, but a network that was trained to start anew every $k$ steps never learns to carry anything across. If the
# state is handed on *with its tape*, then nothing was cut. Where each chunk goes backwards at once, minigrad raises an
# error: what the chunk before left on the tape is gone by then. Whoever adds all losses up first, and goes backwards
# once, is told nothing, and has the whole pass again, with all its memory. An LSTM has two paths, and half a cut (h but
# not c) is no cut: c is where the long credit travels.
#
# ### Exercise `tbptt` · 30 points
#
# `tbptt(cell, x, state, chunk, loss)` returns `losses, state`. `loss(outputs, steps)` is given to you: a
# function that takes a chunk's outputs and returns a Tensor of one number; it knows the targets, and `steps`, such as `slice(6, 12)`, tells
# it which of them these outputs are for. `tensor.detach()` is $\operatorname{sg}$, and `Recurrent(cell)(x, state)` runs a cell over any piece of
# a sequence. There is no optimiser here: whoever calls clears the gradients before, and makes a step after.
#
# What the checks ask:
#
# - Cut or not, the forward pass is the same: the outputs of all chunks together are those of one pass over the whole sequence, and the returned state is its last.
# - `loss(outputs, steps)` is called once for each chunk, in order, with the chunk's outputs (B, L, H) and the slice of its steps; the last chunk may be shorter.
# - `losses` has one float for each chunk, what `loss` gave for it.
# - Each chunk's loss goes backwards before the next chunk begins; gradients add up in `.grad`, and none is cleared or scaled.
# - Across a border the gradient is exactly zero, for h and for c: a chunk's loss reaches its own inputs and no earlier ones.
# - Nothing but the borders is cut: the first chunk's gradient reaches the given state; None stands for the cell's initial state, which is asked for then alone: a border begins no new sequence.
# - The returned state is off the tape, h and c, ready for the next call.
# - A chunk below 1 raises ValueError.

# %% kind="solution" id="tbptt"
def tbptt(cell, x, state, chunk, loss):
    """Run the cell over x (B, T, D) in chunks, each with its own backward pass; losses and last state."""
    ### BEGIN SOLUTION
    ### STUB: return ...
    if chunk < 1:
        raise ValueError(f"chunk must be at least 1, got {chunk}")
    length, losses = x.shape[1], []
    for start in range(0, length, chunk):
        steps = slice(start, min(start + chunk, length))
        outputs, state = Recurrent(cell)(x[:, steps], state)
        value = loss(outputs, steps)
        value.backward()
        losses.append(float(value.data))
        state = tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()
    return losses, state
    ### END SOLUTION

# %% kind="check" id="tbptt-check" exercise="tbptt" points=30
check("tbptt")

# %% [markdown] id="horizon-text"
# **Who gets credit for what.** For a sequence of thirty steps, one small picture for each chunk length: how strongly the
# output at step $t$ (down) depends, as far as the tape knows, on the input at step $s$ (across). White is exactly zero.

# %% kind="lab" id="lab-horizon"
def credit(chunk, T=30, H=24):
    """The norm of the gradient of a random sum of output t at input s, (T, T)."""
    rng = np.random.default_rng(3)
    cell, x, u = PlainCell(4, H, rng), Tensor(rng.normal(size=(8, T, 4)), requires_grad=True), rng.normal(size=H)
    rows = []
    for t in range(T):
        x.grad = None

        def at_t(outputs, steps, t=t):
            here = (np.arange(T)[steps] == t)[:, None]
            return (outputs * (here * u)).sum()

        tbptt(cell, x, None, chunk, at_t)
        rows.append(np.linalg.norm(x.grad, axis=(0, 2)))
    return np.array(rows)


if check.passed("tbptt"):
    figure, axes = plt.subplots(1, 4, figsize=(11, 3.1), sharey=True, layout="constrained")
    for ax, chunk in zip(axes, (30, 15, 10, 5), strict=True):
        strength = credit(chunk)
        with np.errstate(divide="ignore"):
            picture = np.where(strength > 0, np.log10(strength), np.nan)
        shown = ax.imshow(picture, cmap="viridis", vmin=-4, vmax=1)
        ax.set(title=f"chunks of {chunk}", xlabel="input $s$")
        print(f"chunks of {chunk:2}: a step is credited {np.mean((strength > 0).sum(axis=1)):4.1f} steps back on average")
    axes[0].set_ylabel("output $t$")
    figure.colorbar(shown, ax=axes, label=r"$\log_{10}$ gradient", shrink=0.8)
    plt.show()

# %% [markdown] id="horizon-lesson"
# The horizon is not $k$ steps: it depends on where in its chunk a step stands. The last one of a chunk sees $k$ steps back, the first
# sees only itself, on average it is $(k + 1)/2$. So a delay shorter than $k$ is still learned, from those steps that
# happen to have both ends in one chunk, and what was learned there then works across borders, *because the state goes
# on*. A delay of $k$ or more is never inside one chunk, and not a single gradient of the cell says anything about it.
# The layer that reads the state is another matter: its gradient needs no way through time. If the bit is still
# somewhere in the state, it can be read.
#
# Here is the map from the beginning, from your own function, together with what each chunk length needs in memory. **Predict
# before you run:** in the last row the cell is not trained at all. Above or below the others?

# %% kind="lab" id="lab-delay"
CHUNKS, DELAYS, UPDATES = (2, 4, 8, 16), (1, 3, 5, 7, 9), 160


def learn_echo(chunk, delay, T=24, seed=0, frozen=False):
    """Percent right on fresh sequences after training on echo in chunks; with `frozen`, of the head alone."""
    rng = np.random.default_rng(seed)
    cell, head, code = PlainCell(16, 16, rng), Linear(16, 1, rng=rng), rng.normal(size=(2, 16)) / np.sqrt(8)
    optimizer = Adam(head.parameters() + (cell.parameters() if not frozen else []), lr=0.01)

    def draw(size):
        batch = echo(rng, size, length=T, delay=delay)
        return code[(batch.x[..., 0] > 0).astype(int)], batch

    for _ in range(UPDATES):
        x, batch = draw(16)
        optimizer.zero_grad()
        tbptt(cell, x, None, chunk, lambda outputs, steps, batch=batch: binary_cross_entropy_with_logits(
            head(outputs), batch.y[:, steps], batch.mask[:, steps]))
        optimizer.step()
    x, batch = draw(200)
    with no_grad():
        right = (head(Recurrent(cell)(x)[0]).data > 0) == (batch.y > 0.5)
    return 100 * right[batch.mask].mean()


def pass_of(chunk, T=400):
    rng = np.random.default_rng(0)
    tbptt(PlainCell(4, 32, rng), rng.normal(size=(16, T, 4)), None, chunk, lambda outputs, steps: (outputs**2).mean())


if check.passed("tbptt"):
    grid = np.array([[learn_echo(chunk, delay) for delay in DELAYS] for chunk in CHUNKS])
    untrained = [learn_echo(24, delay, frozen=True) for delay in DELAYS]
    print("percent right, by chunk length and delay; megabytes for one pass over 400 steps\n")
    print(f"{'chunk':>6}" + "".join(f"{delay:6}" for delay in DELAYS) + f"{'megabytes':>12}")
    for chunk, row in zip(CHUNKS, grid, strict=True):
        print(f"{chunk:6}" + "".join(f"{right:6.0f}" for right in row) + f"{peak_memory(lambda c=chunk: pass_of(c)):12.1f}")
    print(f"{400:6}" + 6 * len(DELAYS) * " " + f"{peak_memory(lambda: pass_of(400)):12.1f}")
    print("  none" + "".join(f"{right:6.0f}" for right in untrained) + "   only the head is trained")
    figure, ax = plt.subplots(figsize=(5, 3), layout="constrained")
    shown = ax.imshow(grid, cmap="viridis", vmin=50, vmax=100, aspect="auto")
    for i, j in np.ndindex(grid.shape):
        ax.text(j, i, f"{grid[i, j]:.0f}", ha="center", va="center", color="black" if grid[i, j] > 75 else "white")
    ax.set(xlabel="delay", ylabel="chunk length", title="echo: percent right")
    ax.set_xticks(range(len(DELAYS)), DELAYS)
    ax.set_yticks(range(len(CHUNKS)), CHUNKS)
    figure.colorbar(shown, ax=ax)
    plt.show()

# %% [markdown] id="tbptt-bill"
# **The bill.** Truncation buys constant memory, and updates as often as you like (call `tbptt` on one chunk, make
# a step, go on with the returned state). It costs what lies a chunk back or further. Not that the state could not have
# carried it: from a random cell that is never trained, the head reads a bit nine steps old four times in five. But
# the cell *is* trained, by gradients that know of the last steps only, and for their sake it gives up what it had. A short
# chunk does worse than to teach nothing about the past, it destroys a memory that was there. And nothing
# warns you: the loss falls, to the level of what can be known from nearby. If you raise the chunk length and the loss gets
# *better*, it was too short.

# %% [markdown] id="dropout-text"
# ## 3 · Dropout
#
# The second trouble is the opposite of deafness: a network that listens too well, and learns its few training
# sequences by heart. The usual remedy is *dropout*. In training, every entry of a vector is set to zero with probability $p$,
# and the others are scaled so that the mean stays:
#
# $$ v \odot m, \qquad m_i = \begin{cases} 0 & \text{with probability } p \\ \frac{1}{1 - p} & \text{else} \end{cases}
#    \qquad \mathbb{E}[m_i] = 1, \qquad \operatorname{Var}[m_i] = \frac{p}{1 - p}. $$
#
# No entry can rely on a particular other one being there. In **evaluation** nothing is dropped and nothing is scaled: that is what the
# factor $1/(1-p)$ in training was for. For the inputs and the outputs of a recurrent layer this is all there is to say;
# `minigrad.nn.Dropout` does it. For the state, something is different.
#
# ## 4 · Recurrent dropout
#
# The state passes through the mask *again and again*. Draw a new mask for every step, and
# a unit survives $t$ steps with probability $(1-p)^t$: for $p = 0.5$ and twelve steps, once in 4,096. Nothing can be kept in a memory of which
# half is wiped at every step. So draw **one mask for each sequence**, and use it at all of its steps: then the
# sequence is read by a smaller network, a different one each time, but one that can remember.
#
# $$ h_t = \text{step}(x_t,\; h_{t-1} \odot m), \qquad m \text{ the same for } t = 1 \ldots T . $$
#
# In a state $(h, c)$ the mask is for $h$ alone: that is what the gates *read*. The cell state is nobody's input, and multiplying
# it by $1/(1-p)$ at every step would blow it up like $(1-p)^{-t}$.
#
# The same holds for every cell: **the gates read the masked state, what is carried stays whole.** A plain cell and an LSTM only read
# their h. A GRU reads *and* carries it, $h_t = (1 - z) \odot h_{t-1} + z \odot \ldots$, and where all the state is one `h`, a wrapper cannot
# mask the one and leave the other. So do **not** put the wrapper around a GRU as you wrote it in 03: what it carries would be multiplied
# by $1/(1-p)$ at every step. Give it the state $(h, c)$ with $c = h$ first: a cell that reads `h`, carries `c`, and hands out its new state twice.
# For such a cell the wrapper is right as it is; after the exercise you see both.
#
# How does a wrapper know that a new sequence begins? The cell is asked for its `initial_state`. That is the moment.
# (And with `tbptt` in chunks nobody asks again at a border, so the mask goes on, as it should: it is the same sequence.)
#
# ### Exercise `recurrent-dropout` · 30 points
#
# `RecurrentDropout(cell, p, rng)` is a cell around a cell that carries no h. Every `Module` has `training`, True at first; `model.eval()` and
# `model.train()` set it for all modules within. The checks call `initial_state` before the first step, as `Recurrent`
# does; they may then go on from a state of their own.
#
# What the checks ask:
#
# - It is a cell: `hidden_size`, `initial_state(batch)` and `parameters()` are those of the cell inside; calling it with (x, state) gives that cell's new state.
# - In training the cell inside reads h ⊙ m: an entry of m is 0 with probability p, else 1/(1 − p), so that the mean of what is read is h.
# - `initial_state(batch)` begins sequences and means a new mask; every step reads the same one until it is called again.
# - Each sequence of a batch, and each entry of its state, has a number of its own in the mask, drawn from `rng`.
# - Of a state (h, c) the mask is for h alone; c goes in untouched, and what the cell hands out is not masked.
# - In evaluation (`training` is False) nothing is dropped, and nothing is drawn from `rng`.
# - The gradient of a dropped entry is exactly zero, and that of a kept one goes through the factor 1/(1 − p).
# - A float32 state stays float32.
# - p = 0 drops nothing, and p outside [0, 1) raises ValueError.

# %% kind="solution" id="recurrent-dropout"
class RecurrentDropout(Module):
    """The same cell, but in training it reads h through one random mask for each sequence."""

    def __init__(self, cell, p, rng):
        self.cell, self.p, self.rng = cell, p, rng
        self.hidden_size = cell.hidden_size
        ### BEGIN SOLUTION
        if not 0 <= p < 1:
            raise ValueError(f"p must lie in [0, 1), got {p}")
        ### END SOLUTION

    def initial_state(self, batch):
        """The cell's own first state; begins new sequences."""
        ### BEGIN SOLUTION
        state = self.cell.initial_state(batch)
        if self.training:
            h = state[0] if isinstance(state, tuple) else state
            kept = self.rng.random((batch, self.hidden_size)) >= self.p
            self.mask = (kept / (1 - self.p)).astype(h.dtype)
        return state
        ### END SOLUTION

    def __call__(self, x, state):
        """One step of the cell."""
        ### BEGIN SOLUTION
        if not self.training:
            return self.cell(x, state)
        if isinstance(state, tuple):
            h, *others = state
            return self.cell(x, (h * self.mask, *others))
        return self.cell(x, state * self.mask)
        ### END SOLUTION

# %% kind="check" id="recurrent-dropout-check" exercise="recurrent-dropout" points=30
check("recurrent-dropout")

# %% [markdown] id="masks-text"
# **Per step against shared.** The task: say after twenty steps whether the first bit was one. Half of the state is dropped in
# training; accuracy is measured in evaluation, with everything there. Three cells of one start: nothing dropped, a new mask at every
# step, and yours. **Predict before you run:** which of the three curves will rise?

# %% kind="lab" id="lab-masks"
class PerStep(Module):
    """What not to do: ordinary dropout on the state, at every step."""

    def __init__(self, cell, p, rng):
        self.cell, self.dropout, self.hidden_size = cell, Dropout(p, rng), cell.hidden_size

    def initial_state(self, batch):
        return self.cell.initial_state(batch)

    def __call__(self, x, h):
        return self.cell(x, self.dropout(h))


class Spy(PlainCell):
    """A plain cell that writes down which entries of a state of ones it is given."""

    def __call__(self, x, h):
        self.seen = [*getattr(self, "seen", []), np.array(h.data[0])]
        return Tensor(np.ones(h.shape))

    def initial_state(self, batch):
        return Tensor(np.ones((batch, self.hidden_size)))


def remember(wrap, T=20, H=32, updates=200, seed=0):
    """Accuracy in evaluation, every ten updates: was the first bit one?"""
    rng = np.random.default_rng(seed)
    cell, head = PlainCell(2, H, rng), Linear(H, 2, rng=rng)
    recurrent = Recurrent(wrap(cell, np.random.default_rng(seed + 1)))
    optimizer, right = Adam(cell.parameters() + head.parameters(), lr=0.01), []
    for update in range(updates + 1):
        bits = rng.integers(0, 2, (300 if update % 10 == 0 else 32, T))
        if update % 10 == 0:
            recurrent.eval()
            with no_grad():
                right.append(np.mean(head(recurrent(np.eye(2)[bits])[0][:, -1]).data.argmax(axis=1) == bits[:, 0]))
            recurrent.train()
        optimizer.zero_grad()
        cross_entropy(head(recurrent(np.eye(2)[bits[:32]])[0][:, -1]), bits[:32, 0]).backward()
        optimizer.step()
    return right


if check.passed("recurrent-dropout"):
    ways = {
        "nothing dropped": lambda cell, rng: cell,
        "a mask for each step": lambda cell, rng: PerStep(cell, 0.5, rng),
        "one mask for a sequence": lambda cell, rng: RecurrentDropout(cell, 0.5, rng),
    }
    figure, axes = plt.subplots(1, 3, figsize=(11, 3), layout="constrained", width_ratios=(1, 1, 1.6))
    for ax, (name, wrap) in zip(axes, list(ways.items())[1:], strict=False):
        spy = Spy(2, 32, np.random.default_rng(0))
        Recurrent(wrap(spy, np.random.default_rng(0)))(np.zeros((1, 20, 2)))
        ax.imshow(np.array(spy.seen).T > 0, cmap="gray", aspect="auto", vmin=0, vmax=1)
        ax.set(title=name, xlabel="step $t$", ylabel="entry of $h$")
    print("accuracy after 0, 50, 100, 150 and 200 updates\n")
    curves = {}
    for (name, wrap), style in zip(ways.items(), ("-.", ":", "-"), strict=True):
        right = curves[name] = remember(wrap)
        print(f"{name:26}" + "".join(f"{r:6.2f}" for r in right[::5]))
        axes[2].plot(10 * np.arange(len(right)), right, style, label=name)
    axes[2].set(xlabel="update", ylabel="accuracy, nothing dropped", ylim=(0.4, 1.02))
    axes[2].legend(fontsize=8)
    plt.show()

# %% [markdown] id="carried-text"
# **Read and carried.** A cell with a gate that never moves: it keeps nine tenths of its state, as a GRU does with $z = 0.1$. First with one
# state that is read and carried, then with the two apart. In evaluation they are the same cell. **Predict before you run:** the largest entry of the
# state after 60 steps of training, with $p = 0.5$.

# %% kind="lab" id="lab-carried"
class Keeps(Module):
    """h' = 0.9 h + 0.1 step(x, h): one state, read and carried."""

    def __init__(self, cell):
        self.cell, self.hidden_size = cell, cell.hidden_size

    def initial_state(self, batch):
        return self.cell.initial_state(batch)

    def __call__(self, x, h):
        return 0.9 * h + 0.1 * self.cell(x, h)


class KeepsApart(Keeps):
    """c' = 0.9 c + 0.1 step(x, h), h' = c': h is what is read, c is what is carried."""

    def initial_state(self, batch):
        return (self.cell.initial_state(batch),) * 2

    def __call__(self, x, state):
        h, c = state
        new = 0.9 * c + 0.1 * self.cell(x, h)
        return new, new


def largest(kind, train, T=60):
    """The largest entry of the output after T steps, with half of the state dropped in training."""
    rng = np.random.default_rng(0)
    recurrent = Recurrent(RecurrentDropout(kind(PlainCell(4, 16, rng)), 0.5, rng))
    recurrent.train(train)
    with no_grad():
        outputs, _ = recurrent(rng.normal(size=(8, T, 4)))
    return abs(outputs.data[:, -1]).max()


if check.passed("recurrent-dropout"):
    print(f"{'largest entry after 60 steps':30}{'training':>10}{'evaluation':>12}")
    for name, kind in (("one state, read and carried", Keeps), ("read h, carried c", KeepsApart)):
        print(f"{name:30}{largest(kind, True):10.2g}{largest(kind, False):12.2g}")

# %% [markdown] id="few-text"
# Does it also do what dropout is for? Now the sequences are noisy, there are only forty of them, and the network is trained
# until it knows them by heart. Right on those forty, and right on a thousand fresh ones:

# %% kind="lab" id="lab-few"
def by_heart(p, seed, sequences=40, T=10, H=24):
    """Accuracy on the training sequences and on fresh ones, after 300 updates."""
    rng = np.random.default_rng(seed)
    cell, head, code = PlainCell(4, H, rng), Linear(H, 2, rng=rng), rng.normal(size=(2, 4))
    recurrent = Recurrent(RecurrentDropout(cell, p, np.random.default_rng(seed + 100)))
    optimizer = Adam(cell.parameters() + head.parameters(), lr=0.01)
    bits = rng.integers(0, 2, (sequences + 1000, T))
    x, y = code[bits] + 0.7 * rng.normal(size=(*bits.shape, 4)), bits[:, 0]
    for _ in range(300):
        rows = rng.choice(sequences, 20, replace=False)
        optimizer.zero_grad()
        cross_entropy(head(recurrent(x[rows])[0][:, -1]), y[rows]).backward()
        optimizer.step()
    recurrent.eval()
    with no_grad():
        right = head(recurrent(x)[0][:, -1]).data.argmax(axis=1) == y
    return right[:sequences].mean(), right[sequences:].mean()


if check.passed("recurrent-dropout"):
    print(f"{'p':>5}{'on the forty':>14}{'on fresh ones, nine seeds':>48}{'median':>9}")
    for p in (0.0, 0.25, 0.5):
        runs = np.array([by_heart(p, seed) for seed in range(9)])
        fresh = " ".join(f"{r:.2f}" for r in runs[:, 1])
        print(f"{p:5}{np.median(runs[:, 0]):14.2f}{fresh:>48}{np.median(runs[:, 1]):9.2f}")

# %% [markdown] id="dropout-bill"
# **The bill.** What it buys is in the last column, and you should look at the one before it too. Over nine seeds the median on fresh
# sequences rose from 0.80 to about 0.9, with either $p$; with $p = 0.5$ most seeds did better than with nothing dropped. But in every row
# the seeds lie between little more than guessing and over 0.9, and the worst ones became worse. From nine seeds, believe in the direction and
# not in the size.
#
# What it costs was in the picture above: without dropout the bit was remembered after 20 updates, with one shared mask after some 130, and
# once later it slipped. With a mask for each step it was never remembered, though nothing in that code looks wrong, and
# no error is raised.

# %% [markdown] id="norm-text"
# ## 5 · Batch normalisation
#
# The third trouble comes from outside: inputs in inconvenient units. A temperature in kelvin is always about 290, a pressure in
# pascal about 100,000. tanh of anything like that is ±1, its slope is zero, and the network is deaf from the first step. In 02
# you standardised a series once, before training. Batch normalisation does it *inside* the network, with the
# statistics of the batch at hand, and gives the scale and the shift back as parameters:
#
# $$ \mu = \frac{1}{n} \sum_{(b,t) \in M} x_{bt}, \qquad v = \frac{1}{n} \sum_{(b,t) \in M} (x_{bt} - \mu)^2, \qquad
#    y_{bt} = g \odot \frac{x_{bt} - \mu}{\sqrt{v + \varepsilon}} + \beta, $$
#
# feature by feature. For sequences one has to say what "the batch" is. $M$ is the set of all places where the **mask** is True, over
# samples *and* time: $n$ of them. Two mistakes wait here. Whoever forgets the mask computes the mean of the padding too, and a sequence's output
# then depends on how long its neighbours are. And whoever takes the statistics for each time step alone has, at the last
# steps, the mean of a single sequence.
#
# In evaluation there may be no batch: one sequence arrives, and must get the same answer as in company. So in training keep **running
# statistics**, with momentum $\alpha$ (usually 0.1), and use them in evaluation in place of the batch's:
#
# $$ \bar\mu \leftarrow (1 - \alpha)\,\bar\mu + \alpha\,\mu, \qquad \bar v \leftarrow (1 - \alpha)\,\bar v + \alpha\, v . $$
#
# (PyTorch divides by $n - 1$ for $\bar v$ and by $n$ for $v$. Here it is $n$ for both.)
#
# The batch's mean is a function of $x$, so the gradient goes through $\mu$ and $v$ as well. One consequence: moving *all* inputs by the same
# amount changes nothing, so the gradient of $x$ sums to zero over $M$, feature by feature.
#
# ### Exercise `batch-norm` · 25 points
#
# `BatchNorm(features, momentum=0.1, eps=1e-5)`, called as `norm(x, mask)` with x (B, T, F), a Tensor or an array. `where(condition, a, b)` takes `a` where the
# condition holds, else `b`, and `mask[..., None]` is (B, T, 1).
#
# What the checks ask:
#
# - `gain` and `bias` (F,) are its parameters and start at 1 and 0; `running_mean` and `running_var` (F,) are plain arrays and start at 0 and 1.
# - In training a feature's mean and variance (divided by the count) are taken over all entries where the mask is True, samples and time together; there the output is gain · (x − mean) / √(var + eps) + bias.
# - Without a mask every entry counts.
# - Where the mask is False the output is zero, and whatever finite numbers stand there in x change nothing, neither values nor gradients; their own gradient is exactly zero.
# - Each training pass moves the running statistics: they become (1 − momentum) · old + momentum · the batch's.
# - In evaluation the running statistics stand in for the batch's and stay as they are, so that a sequence's output does not depend on its neighbours.
# - In training, gradients reach gain, bias and x, through mean and variance too.

# %% kind="solution" id="batch-norm"
class BatchNorm(Module):
    """Every feature to mean 0 and variance 1 over the entries that count, then times gain, plus bias."""

    def __init__(self, features, momentum=0.1, eps=1e-5):
        self.momentum, self.eps = momentum, eps
        ### BEGIN SOLUTION
        ### STUB: self.gain = ...  # a Parameter (F,)
        ### STUB: self.bias = ...  # a Parameter (F,)
        ### STUB: self.running_mean = ...  # an array (F,)
        ### STUB: self.running_var = ...  # an array (F,)
        self.gain = Parameter(np.ones(features))
        self.bias = Parameter(np.zeros(features))
        self.running_mean = np.zeros(features)
        self.running_var = np.ones(features)
        ### END SOLUTION

    def __call__(self, x, mask=None):
        """x (B, T, F) and mask (B, T) to (B, T, F)."""
        ### BEGIN SOLUTION
        x = x if isinstance(x, Tensor) else Tensor(x)
        here = np.ones((*x.shape[:2], 1), dtype=bool) if mask is None else mask[..., None]
        if self.training:
            count = here.sum()
            mean = where(here, x, 0.0).sum(axis=(0, 1)) / count
            var = where(here, (x - mean) ** 2, 0.0).sum(axis=(0, 1)) / count
            self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * mean.data
            self.running_var = (1 - self.momentum) * self.running_var + self.momentum * var.data
        else:
            mean, var = Tensor(self.running_mean), Tensor(self.running_var)
        return where(here, (x - mean) / sqrt(var + self.eps) * self.gain + self.bias, 0.0)
        ### END SOLUTION

# %% kind="check" id="batch-norm-check" exercise="batch-norm" points=25
check("batch-norm")

# %% [markdown] id="units-text"
# **With and without.** Echo again, from sequences of different lengths whose inputs are in units of somebody else's choice (feature 0
# lies around 45 with a spread of 3, feature 1 around −30, …). The same cell, the same learning rate.

# %% kind="lab" id="lab-units"
def strange(rng, size, zero, unit, code, T=16, delay=3):
    """Echo in strange units, of different lengths; x, y, mask, and where an answer is asked for."""
    batch = echo(rng, size, length=T, delay=delay)
    mask = np.arange(T) < rng.integers(delay + 3, T + 1, size)[:, None]
    x = zero + unit * (code[(batch.x[..., 0] > 0).astype(int)] + 0.1 * rng.normal(size=(size, T, len(zero))))
    return np.where(mask[..., None], x, 0.0), batch.y, mask, mask & batch.mask


def learn_units(use, seed=1, updates=120, size=16):
    """Percent right, every ten updates; in evaluation, and with the batch's own statistics."""
    rng = np.random.default_rng(seed)
    zero, unit = rng.choice([-1, 1], 8) * rng.uniform(20, 60, 8), rng.uniform(2, 8, 8)
    cell, head, norm, code = PlainCell(8, 24, rng), Linear(24, 1, rng=rng), BatchNorm(8), rng.normal(size=(2, 8))
    parameters, curve = cell.parameters() + head.parameters() + norm.parameters(), []
    optimizer = Adam(parameters, lr=0.01)

    def logits(x, mask):
        return head(Recurrent(cell)(norm(x, mask) if use else x, mask=mask)[0])

    for update in range(updates + 1):
        if update % 10 == 0:
            x, y, mask, asked = strange(rng, 200, zero, unit, code)
            norm.eval()
            with no_grad():
                curve.append(100 * np.mean(((logits(x, mask).data > 0) == (y > 0.5))[asked]))
            norm.train()
        x, y, mask, asked = strange(rng, size, zero, unit, code)
        optimizer.zero_grad()
        binary_cross_entropy_with_logits(logits(x, mask), y, asked).backward()
        optimizer.step()
    return curve, norm


if check.passed("batch-norm"):
    figure, axes = plt.subplots(1, 2, figsize=(10, 3), layout="constrained")
    for name, use, size, style in (("as they are", False, 16, "-."), ("normalised", True, 16, "-"), ("normalised, batches of 2", True, 2, ":")):
        curve, norm = learn_units(use, size=size)
        print(f"{name:26} percent right after 0, 20, … updates: " + " ".join(f"{c:3.0f}" for c in curve[::2]))
        axes[0].plot(10 * np.arange(len(curve)), curve, style, label=name)
    axes[0].set(xlabel="update", ylabel="percent right, in evaluation", ylim=(40, 102))
    axes[0].legend(fontsize=8)
    rng, spreads = np.random.default_rng(2), []
    for size in (1, 2, 4, 8, 16, 32, 64):
        x, norm = rng.normal(size=(1, 8, 1)), BatchNorm(1)
        firsts = [norm(np.concatenate([x, rng.normal(size=(size - 1, 8, 1))]), np.ones((size, 8), dtype=bool)).data[0, 0, 0] for _ in range(200)]
        spreads.append(np.std(firsts))
    axes[1].plot((1, 2, 4, 8, 16, 32, 64), spreads, "o-")
    axes[1].set(xscale="log", xlabel="batch size", ylabel="its standard deviation", title="one entry's output, other neighbours each time")
    plt.show()

# %% [markdown] id="norm-bill"
# **The bill.** It buys the difference between never and forty updates, on inputs that nobody had to look at before. It costs three
# things.
#
# 1. In training, an output depends on who else is in the batch. On the right, the same entry of the same sequence
#    scatters by 0.23 in batches of two and still by 0.05 in batches of 64 (alone it has no neighbours: 0). This task did not mind; others do.
# 2. Evaluation computes another function than training did. Whoever forgets `eval()` moves the statistics with the test data; whoever
#    calls it too early keeps those of the first batches.
# 3. The running statistics are no parameters: no optimiser moves them, but `state_dict()` has to have them. A model that is
#    saved without them is not the model that was tested.
#
# Here it stands *before* the recurrent layer. Inside, on the way from state to state, it has been found to help little or to harm
# (see the end); `LayerNorm`, which needs no batch and no running statistics, is what is used there.

# %% [markdown] id="learned-text"
# ## 6 · Learning
#
# ### Exercise `learned` · 15 points
#
# Nothing more to write. A plain cell, which the checks bring along, is trained with each of your three on a task of its
# own, each in a version of its own: other codes, delays, units and starting weights. What was learned is then tried on
# fresh sequences. Each task waits for the checks that it builds on.
#
# - Echo is learned in chunks of six steps: the bit from 3 to 5 steps ago, often from before a border, right in at least 97 of 100 places.
# - The first of twelve symbols is remembered with half of the state dropped in training: right in at least 97 of 100 sequences when nothing is dropped any more.
# - Echo is learned from inputs in strange units and of different lengths, right in at least 97 of 100 places with the running statistics.

# %% kind="check" id="learned-check" exercise="learned" points=15
check("learned")

# %% [markdown] id="end"
# ## What you have now
#
# | | buys | costs |
# |---|---|---|
# | truncation to chunks of $k$ | memory for $k$ steps in place of $T$; updates while reading | whatever depends on $k$ steps ago or more |
# | one dropout mask for a sequence | less learning by heart | updates; a network large enough to do without its other half |
# | a mask for every step | nothing, for a memory | the memory |
# | batch normalisation | indifference to units, faster beginnings | answers that depend on neighbours in training; a second set of numbers to keep and to save |
#
# All three do one thing in training and another in evaluation, and all three fail silently when the two are mixed up: a
# state that is not handed on, a mask that is still drawn, statistics that still move. When a model is good in training and poor
# afterwards, look there first.
#
# **To read on.** R. J. Williams, J. Peng, *An efficient gradient-based algorithm for on-line training of recurrent network
# trajectories* (1990), for truncation; Y. Gal, Z. Ghahramani, *A theoretically grounded application of dropout in recurrent neural
# networks* (2016), for the mask that stays; S. Ioffe, C. Szegedy, *Batch normalization* (2015), and C. Laurent and others,
# *Batch normalized recurrent neural networks* (2016), for what it does and does not do here.
