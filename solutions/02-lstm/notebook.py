# %% [markdown] id="title"
# # 2 · LSTM: memory on a conveyor belt
#
# Somewhere near the beginning of 48 symbols stands an X or a Y, near the middle another one, and
# all the others distract. After the last symbol a network must say which two it saw, and in which
# order. Four answers; guessing is right in one of four cases. Three kinds of network, each trained
# eight times with 300 updates:
#
# ```text
#                                        learned    updates until then
# the cell of the last assignment         0 of 8
# LSTM, all biases zero                   0 of 8
# LSTM, one bias set to 1                 8 of 8    60 to 80
# ```
#
# The last two networks are the same program. They differ in 32 numbers out of 5,124, and in
# those only before the first update. In this notebook you write that program, find out what the one
# bias buys, and look for the way that the gradient really takes, which is not the one that most
# books draw. Then you forecast a series with it, beside the simplest forecast there is.
#
# | part | you write | points |
# |---|---|---:|
# | 4 · The cell | `LSTMCell` | 45 |
# | 6 · Which path carries the gradient | an answer in words | 10 |
# | 8 · Forecasting | `windows`, `standardise`, `Forecaster` | 10 + 10 + 10 |
# | 10 · Learning | nothing more: order, Reber and a series must now be learned | 15 |
#
# Four to five hours. Every part can be read without having solved the one before; pictures that
# need your code say so until it is there.

# %% kind="define" id="imports"
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # our matrices are small: threads would only wait for each other

import numpy as np

from minigrad import Tensor, concatenate, no_grad, sigmoid, tanh
from minigrad.functional import cross_entropy, mse
from minigrad.nn import Linear, Module, Parameter, Recurrent, init
from minigrad.optim import Adam

# %% kind="lab" id="harness"
from minigrad.grading.notebook.checks import checks

check = checks("02-lstm", globals())

# %% [markdown] id="how-it-works"
# **How checking works.** As before: after each exercise a cell `check("…")` compares your code with
# known values and shows what differs. Grading runs those checks again on other numbers, together
# with hidden ones, which test the same sentences more strictly; the sentences stand in a list above
# each exercise. Nothing else is asked, and nothing that is not said.
#
# ## Notation
#
# | | |
# |---|---|
# | $B, T, D, H$ | batch size, number of time steps, size of an input, size of the state |
# | `x` (B, T, D), `x[:, t]` (B, D) | a batch of sequences, and what is read at step $t$ |
# | `h`, `c` (B, H) | what the cell shows to the outside, and what it keeps for itself |
# | $[h, x]$ (B, H + D) | the columns of h, then those of x |
# | $\sigma(a)$ | $1 / (1 + e^{-a})$, between 0 and 1 |
# | $\odot$ | product entry by entry |
#
# Our samples are **rows**, and all four matrices of an LSTM act on $[h, x]$, h first:
#
# | | a gate | shapes |
# |---|---|---|
# | here | $\sigma([h, x]\, W_f + b_f)$ | $W_f$ (H + D, H), $b_f$ (H,) |
# | textbook | $\sigma(W_f \cdot [h_{t-1}, x_t] + b_f)$ | its $W_f$ (H, H + D) is our $W_f^\top$ |
# | PyTorch | `weight_hh_l0`, `weight_ih_l0`: gates i, f, g, o below each other, two biases that add up | $W^\top$, the rows of h and of x apart |
# | Keras | `recurrent_kernel`, `kernel`, `bias`: gates i, f, c, o beside each other | the rows of h and of x apart |

# %% kind="lab" id="helpers"
import matplotlib.pyplot as plt

from minigrad import plot
from minigrad.data import memory


class PlainCell(Module):
    """The cell of the last assignment, one matrix for [h, x]: what an LSTM is compared with."""

    def __init__(self, inputs, hidden, rng):
        self.hidden_size = hidden
        self.W = Parameter(np.concatenate([init.orthogonal((hidden, hidden), rng), init.glorot((inputs, hidden), rng)]))
        self.b = Parameter(np.zeros(hidden))

    def initial_state(self, batch):
        return Tensor(np.zeros((batch, self.hidden_size)))

    def __call__(self, x, h):
        return tanh(concatenate([h, x], axis=1) @ self.W + self.b)


class Reader(Module):
    """A cell over time, and a linear layer that reads the state at every step."""

    def __init__(self, cell, outputs, rng):
        self.recurrent, self.head = Recurrent(cell), Linear(cell.hidden_size, outputs, rng=rng)

    def __call__(self, x, mask=None):
        return self.head(self.recurrent(x, mask=mask)[0])


def learn_order(new_cell, length, seed, updates=300):
    """A reader trained on temporal order; its accuracy on fresh sequences, every five updates."""
    rng = np.random.default_rng([48, seed])
    model = Reader(new_cell(rng), 4, rng)
    optimizer, fresh, accuracy = Adam(model.parameters(), lr=0.005), memory.order(rng, 200, length), []
    for update in range(updates + 1):
        if update % 5 == 0:
            with no_grad():
                accuracy.append(np.mean(model(fresh.x).data[:, -1].argmax(axis=1) == fresh.y))
            if update % 20 == 0 and accuracy[-1] >= 0.98:
                break
        batch = memory.order(rng, 32, length)
        optimizer.zero_grad()
        cross_entropy(model(batch.x)[:, -1], batch.y).backward()
        gradients = [p.grad for p in optimizer.parameters if p.grad is not None]
        norm = np.sqrt(sum(np.sum(g**2) for g in gradients))
        for g in gradients:  # what your clip_grad_norm does, with max_norm 1
            g *= min(1.0, 1.0 / norm)
        optimizer.step()
    return model, accuracy


# %% [markdown] id="the-rnn-fails"
# ## 1 · Where the plain cell fails
#
# A batch of the task from the top of this page looks like this (in short form; X and Y count):
#
# ```text
# b d X a c a b d c a c b d Y c a b d a b c d a c    ->  XY
# d c b Y a d c c b a d b X b a c d d a b c a b d    ->  YX
# ```
#
# The first comes between $T/10$ and $T/5$, the second between $T/2$ and $3T/5$. So the first must be
# kept for about $0.85\,T$ steps. Let us make $T$ longer and watch the cell of the last assignment
# learn, or not.

# %% kind="lab" id="lab-plain"
figure, axes = plt.subplots(1, 3, figsize=(10, 2.8), sharey=True)
plain_learned = {}
for ax, length in zip(axes, (12, 24, 48), strict=True):
    curves = [learn_order(lambda rng: PlainCell(6, 32, rng), length, seed)[1] for seed in range(3)]
    plain_learned[length] = sum(curve[-1] >= 0.98 for curve in curves)
    for curve in curves:
        ax.plot(5 * np.arange(len(curve)), curve)
    ax.axhline(0.25, color="gray", linestyle=":")
    ax.set(title=f"T = {length}: {plain_learned[length]} of 3 learned", xlabel="update", ylim=(0.1, 1.05), xlim=(-5, 305))
axes[0].set_ylabel("accuracy on fresh sequences")
plt.show()

# %% [markdown] id="why-it-fails"
# (Dotted: guessing. A curve ends where 98 of 100 are right.) Same network, same number of updates;
# only the gap grows. You know why from the last assignment: on its way back the gradient meets
# $W_h^\top$ and a factor $1 - h^2$ at *every* step. The state has no way to stay as it is: each
# step multiplies it by a matrix and squashes it, even when nothing happened that would be worth a
# change.
#
# ## 2 · The conveyor
#
# So give the cell a second state, $c$, for which staying as it is is the easy thing to do. Nothing
# multiplies it by a matrix, nothing squashes it. It is a conveyor belt: what lies on it moves on to
# the next step, and there are only two things that can happen at a station. Some of it is taken
# off, and something is put on:
#
# $$ c' = f \odot c + i \odot g. $$
#
# $f$ says how much of the old stays, $g$ what new thing is offered, and $i$ how much of the offer
# is put on. If $f$, $i$ and $g$ were given numbers, the gradient would travel along the belt in the
# simplest way that there is:
#
# $$ \frac{\partial c'}{\partial c} = f, \qquad\text{and over } T \text{ steps}\qquad
#    \frac{\partial c_T}{\partial c_0} = \prod_{t=1}^{T} f_t . $$
#
# **Predict before you run.** For $f = 0.5$, $0.9$, $0.99$ at every step: how much of $c_0$ is left
# after 50 steps? For a gap of $n$ steps, roughly how close to 1 must $f$ be?

# %% kind="lab" id="lab-belt"
steps = np.arange(51)
figure, ax = plt.subplots(figsize=(6, 2.8))
for f, style in ((0.5, ":"), (0.731, "-."), (0.9, "--"), (0.99, "-")):
    ax.semilogy(steps, f**steps, style, label=f"f = {f}")
    print(f"f = {f:5}: after 50 steps {f**50:.1e} is left, half of it after {np.log(0.5) / np.log(f):4.1f} steps")
ax.set(xlabel="step", ylabel="share of $c_0$ left", ylim=(1e-16, 3))
ax.legend()
plt.show()

# %% [markdown] id="gates-one-at-a-time"
# Half of it is left after about $0.7/(1-f)$ steps. (The odd one, 0.731, is $\sigma(1)$. Remember
# its end at $1.6 \cdot 10^{-7}$: we shall meet it again.)
#
# ## 3 · Gates, one at a time
#
# A **gate** is a switch that a network can learn. A real switch is 0 or 1 and has no slope, so no
# gradient; a sigmoid is nearly 0 or nearly 1 for most inputs and has a slope in between. That is
# all a gate is: *a row of numbers between 0 and 1, made from what is read and what was shown last,
# with which something else is multiplied.*
#
# $$ \text{gate} = \sigma([h, x]\, W + b) $$
#
# Each entry of the state has a switch of its own. There are three of them:
#
# - The **forget gate** $f$ stands on the belt: 1 lets the old content pass, 0 takes it off. (It
#   should be called the *keep gate*.)
# - The **input gate** $i$ stands before it: 1 puts the candidate $g$ on, 0 keeps it off.
# - The **output gate** $o$ stands behind it: 1 shows the content to the outside, 0 hides it.
#
# Below, one entry of such a cell with switches that we set by hand. The candidate $g$ babbles all
# the time. Follow $c$: which value is stored when, for how long, and when does anybody outside see
# it?

# %% kind="lab" id="lab-switches"
T = 24
g = np.sin(1.7 * np.arange(T))
f, i, o = np.ones(T), np.zeros(T), np.zeros(T)
i[[5, 14]] = 1  # write twice,
f[14] = 0  # the second time over the old content;
o[[9, 10, 20, 21]] = 1  # look at it twice
c, kept = 0.0, []
for t in range(T):
    c = f[t] * c + i[t] * g[t]
    kept.append(c)
rows = {"candidate g": g, "input gate i": i, "forget gate f": f, "memory c": kept, "output gate o": o,
        "shown: h = o tanh(c)": o * np.tanh(kept)}
figure, axes = plt.subplots(len(rows), 1, figsize=(8, 5.2), sharex=True, layout="constrained")
for ax, (name, row) in zip(axes, rows.items(), strict=True):
    ax.bar(np.arange(T), row, color="#0072B2" if "gate" in name else "#D55E00")
    ax.axhline(0, color="gray", linewidth=0.5)
    ax.set(ylim=(-1.1, 1.1) if "gate" not in name else (0, 1.1), yticks=[])
    ax.set_ylabel(name, rotation=0, ha="right", va="center")
axes[-1].set_xlabel("step")
plt.show()

# %% [markdown] id="the-cell"
# ## 4 · The cell
#
# Put together, and in the order in which it is computed, from $x$ (B, D), $h$ and $c$ (B, H):
#
# $$ f = \sigma([h, x] W_f + b_f), \qquad i = \sigma([h, x] W_i + b_i), \qquad o = \sigma([h, x] W_o + b_o), $$
#
# $$ g = \tanh([h, x] W_c + b_c), \qquad c' = f \odot c + i \odot g, \qquad h' = o \odot \tanh(c'). $$
#
# ```text
#   c ─────────(×)──────────(+)──────────┬────────→ c'      the belt
#               ↑            ↑           │
#               f        i ─(×)        tanh
#               │        │   ↑           │
#               │        │   g     o ───(×)───────→ h'      what is shown
#               │        │   │     │
#   [h, x] ─────┴────────┴───┴─────┘
# ```
#
# Four matrix products in place of one: an LSTM has four times the parameters of a plain cell of
# the same size. Note what the gates look at: $h$, not $c$. The cell decides by what it *showed*.
#
# How it starts: the rows of each W that meet h are orthogonal and those that meet x a Glorot draw,
# like `W_h` and `W_x` of the last assignment, one on top of the other. Biases are zero except one:
# `b_f` starts at `forget_bias`. What that buys is the next part.
#
# ### Exercise `lstm-cell` · 45 points
#
# `init.orthogonal((H, H), rng, dtype)` and `init.glorot((D, H), rng, dtype)` draw arrays;
# `concatenate([h, x], axis=1)` joins Tensors (and arrays), `np.concatenate([…])` arrays. `activation`
# stands where the formulas say tanh, in both places.
#
# What the checks ask:
#
# - The parameters are `W_f`, `W_i`, `W_c`, `W_o` (H + D, H) and `b_f`, `b_i`, `b_c`, `b_o` (H,) in `dtype`; `initial_state(B)` is a tuple of zeros (B, H), for h and for c, in that dtype.
# - In each W, the H rows on top, which meet h, start orthogonal, and the D rows below, which meet x, as Glorot draws them for (D, H); every gate draws its own, from `rng`.
# - The biases start at zero, except `b_f`, which starts at `forget_bias`.
# - The gates f, i and o are σ([h, x] W + b), each with its own W and b, and h comes before x.
# - The new c is f ⊙ c + i ⊙ g with the candidate g = activation([h, x] W_c + b_c).
# - The new h is o ⊙ activation(new c); what is returned is the tuple (new h, new c), in that order.
# - The activation that the cell was given serves both, the candidate and the output.
# - What a step gives depends on x, the state that it is given and the parameters alone, and `initial_state(B)` on B: a cell keeps nothing from one call to the next.
# - The gradient reaches every parameter, every input, the first h and the first c, whether the loss looks at the h or at the c.
#
# The checks write their own numbers into the parameters (`cell.W_f.data[...] = …`), so read
# them at every call and keep no copy of them. To look at one gate alone they open or close the
# others with large biases.

# %% kind="solution" id="lstm-cell"
class LSTMCell(Module):
    """c' = f c + i g and h' = o activation(c'), for x (B, D) and a state (h, c), both (B, H)."""

    def __init__(self, input_size, hidden_size, *, activation=tanh, rng=None, dtype=np.float64, forget_bias=1.0):
        self.hidden_size = hidden_size
        self.activation = activation
        rng = np.random.default_rng() if rng is None else rng
        ### BEGIN SOLUTION
        ### STUB: self.W_f = self.W_i = self.W_c = self.W_o = ...  # Parameters (H + D, H), each its own
        ### STUB: self.b_f = self.b_i = self.b_c = self.b_o = ...  # Parameters (H,), each its own
        def weights():
            on_h = init.orthogonal((hidden_size, hidden_size), rng, dtype)
            on_x = init.glorot((input_size, hidden_size), rng, dtype)
            return Parameter(np.concatenate([on_h, on_x]))

        self.W_f, self.W_i, self.W_c, self.W_o = weights(), weights(), weights(), weights()
        self.b_f = Parameter(np.full(hidden_size, forget_bias, dtype))
        self.b_i = Parameter(np.zeros(hidden_size, dtype))
        self.b_c = Parameter(np.zeros(hidden_size, dtype))
        self.b_o = Parameter(np.zeros(hidden_size, dtype))
        ### END SOLUTION

    def initial_state(self, batch):
        """The state before the first step: a tuple (h, c) of zeros (B, H) in the parameters' dtype."""
        ### BEGIN SOLUTION
        zeros = np.zeros((batch, self.hidden_size), self.b_f.dtype)
        return Tensor(zeros), Tensor(zeros)
        ### END SOLUTION

    def __call__(self, x, state):
        """One step: x (B, D) and the state (h, c) to the new state (h, c), each (B, H)."""
        h, c = state
        ### BEGIN SOLUTION
        ### STUB: return ...
        hx = concatenate([h, x], axis=1)
        f = sigmoid(hx @ self.W_f + self.b_f)
        i = sigmoid(hx @ self.W_i + self.b_i)
        g = self.activation(hx @ self.W_c + self.b_c)
        o = sigmoid(hx @ self.W_o + self.b_o)
        c = f * c + i * g
        return o * self.activation(c), c
        ### END SOLUTION

# %% kind="check" id="lstm-cell-check" exercise="lstm-cell" points=45
check("lstm-cell")

# %% [markdown] id="initialisation"
# ## 5 · What the forget bias buys
#
# At the start the weights are small and the gates undecided: with zero biases $f$ is about
# $\sigma(0) = 0.5$ everywhere, and a belt that drops half of its load at every station carries
# nothing very far. The cell *could* learn to open its forget gates, but the only thing that would
# teach it to is a gradient that arrives over the belt. With `forget_bias` $= 1$ the gates
# start at $\sigma(1) = 0.73$.
#
# That looks like a small change. Here is what it does at $T = 48$: the LSTM with all biases zero,
# the same LSTM with $b_f = 1$, same seeds, same data. (Two seeds of the eight from the top of this
# page, to save your time. It is still the longest cell of this notebook: up to half a minute.)

# %% kind="lab" id="lab-forget-bias"
if check.passed("lstm-cell"):
    figure, axes = plt.subplots(1, 2, figsize=(8, 2.8), sharey=True)
    bias_learned = {}
    for ax, bias in zip(axes, (0.0, 1.0), strict=True):
        runs = [learn_order(lambda rng, b=bias: LSTMCell(6, 32, rng=rng, forget_bias=b), 48, seed) for seed in range(2)]
        bias_learned[bias] = sum(curve[-1] >= 0.98 for _, curve in runs)
        for _, curve in runs:
            ax.plot(5 * np.arange(len(curve)), curve)
        ax.axhline(0.25, color="gray", linestyle=":")
        ax.set(title=f"forget bias {bias:g}: {bias_learned[bias]} of 2 learned", xlabel="update", ylim=(0.1, 1.05), xlim=(-5, 305))
        print(f"forget bias {bias:g}: {bias_learned[bias]} of 2 learned, after {[5 * (len(c) - 1) for _, c in runs]} updates")
    axes[0].set_ylabel("accuracy on fresh sequences")
    order_model = runs[0][0]  # one of those with bias 1, for later
    plt.show()

# %% [markdown] id="flow-text"
# "The LSTM cures vanishing gradients" is a sentence that you will read often. With zero biases, as
# some libraries start it, it learns less here than the plain cell did. Let us look at the gradients
# themselves, before any training: the same experiment as in the last assignment, a loss on $h_T$
# alone, $T = 50$, $H = 32$, and the norm of the gradient at each step, here that of $c_t$ (for the
# plain cell of $h_t$), relative to the last one.

# %% kind="lab" id="lab-flow"
def walk(cell, x, cut=lambda h, c: (h, c)):
    """Gradient norms at c_0 ... c_T of a loss on h_T, over the last; `cut` may take h or c off the tape."""
    T, B, _ = x.shape
    u = np.random.default_rng(1).standard_normal((cell.hidden_size, 1)) / np.sqrt(cell.hidden_size)
    h, c = (Tensor(np.zeros((B, cell.hidden_size)), requires_grad=True) for _ in range(2))
    belt = [c]
    for t in range(T):
        if t:
            h, c = cut(h, c)
        h, c = cell(x[t], (h, c))
        c.retain_grad()
        belt.append(c)
    (h @ u).mean().backward()
    norms = np.array([0.0 if c.grad is None else np.linalg.norm(c.grad, axis=1).mean() for c in belt])
    return norms / norms[-1]


class PairOf(Module):
    """A plain cell in the clothes of an LSTM: c is the same as h."""

    def __init__(self, cell):
        self.cell, self.hidden_size = cell, cell.hidden_size

    def __call__(self, x, state):
        h = self.cell(x, state[1])
        return h * 1.0, h


def drawn(seed, bias, cut=lambda h, c: (h, c)):
    rng = np.random.default_rng([5, seed])
    cell = PairOf(PlainCell(4, 32, rng)) if bias is None else LSTMCell(4, 32, rng=rng, forget_bias=bias)
    return walk(cell, rng.standard_normal((50, 16, 4)), cut)


if check.passed("lstm-cell"):
    cells = {"plain cell": None, "LSTM, forget bias 0": 0.0, "LSTM, forget bias 1": 1.0, "LSTM, forget bias 2": 2.0}
    norms = {name: np.median([drawn(seed, bias) for seed in range(8)], axis=0) for name, bias in cells.items()}
    for name, line in norms.items():
        print(f"{name:20} gradient at step 0 over gradient at step 50: {line[0]:.1e}")
    plot.gradient_flow(norms).set_title("who still hears the beginning?")
    plt.show()

# %% [markdown] id="flow-lesson"
# With zero biases the LSTM's gradient vanishes *faster* than the plain cell's. Nearly six orders of
# magnitude lie between forget bias 0 and 1, and nearly three more between 1 and 2. (Then why not 2,
# or 5? Because a cell that keeps everything must first learn to forget; and at 3 the
# gradient *grows* on its way back.) Two lessons:
#
# 1. The gates make long memory *possible*; the initialisation makes it *learnable*.
# 2. Never repeat "X cures Y" without asking: from which start, at which length, measured how?

# %% [markdown] id="paths-text"
# ## 6 · Which path carries the gradient?
#
# The usual story ends here: "the gradient flows along the belt, $\prod_t f_t$, unhindered". Now
# check it. $f$ at forget bias 1 is about 0.73, so the product over 50 steps should be about
# $0.73^{50} = 1.6 \cdot 10^{-7}$. But you have just measured some $10^{-3}$.
#
# There are more ways from $c_0$ to $h_T$ than the belt. At every step a gradient can stay on the
# belt ($c' \to c$, the factor $f$), or leave it through what was shown: $c'$ depends on the gates,
# the gates depend on $h$, and $h$ was made from the $c$ of the step before. With two places to be
# at each of 50 steps, there are about $2^{50}$ ways; the tape adds up all of them.
#
# A path can be measured by closing all the others: `detach()` gives a Tensor with the same numbers
# that is off the tape, so that no gradient passes there. We compare
#
# - **all**: every path;
# - **belt only**: h is taken off the tape between the steps, so that gates count as given numbers. What is left is exactly $\prod f$;
# - **never on the belt**: c is taken off the tape between the steps, so the gradient must go through h at every step.
#
# **Predict before you run**: which of the two closed networks comes closer to "all"?

# %% kind="lab" id="lab-paths"
PATHS = {
    "all": lambda h, c: (h, c),
    "belt only": lambda h, c: (h.detach(), c),
    "never on the belt": lambda h, c: (h, c.detach()),
}

if check.passed("lstm-cell"):
    print(f"{'forget bias':>12}" + "".join(f"{name:>20}" for name in PATHS) + f"{'sigmoid(bias)^50':>20}")
    paths = {}
    for bias in (0.0, 1.0, 2.0, 3.0):
        for name, way in PATHS.items():
            norms = np.median([drawn(seed, bias, way) for seed in range(8)], axis=0)
            paths[bias, name] = norms if name != "never on the belt" else norms[1:]
        line = "".join(f"{paths[bias, name][0]:20.1e}" for name in PATHS)
        print(f"{bias:12g}{line}{(1 / (1 + np.exp(-bias))) ** 50:20.1e}")
    plot.gradient_flow({name: paths[1.0, name] for name in PATHS}).set_title("forget bias 1, before training")
    plt.show()

# %% [markdown] id="paths-trained-text"
# And after training? The network that learned temporal order at $T = 48$, on sequences of the task:

# %% kind="lab" id="lab-paths-trained"
if check.passed("lstm-cell"):
    sequences = memory.order(np.random.default_rng(9), 64, 48).x.transpose(1, 0, 2)
    print("after training, 48 steps:")
    for name, way in PATHS.items():
        norms = walk(order_model.recurrent.cell, sequences, way)
        print(f"    {name:20}{norms[0 if name != 'never on the belt' else 1]:.1e}")

# %% [markdown] id="which-path-question"
# ### Question `which-path` · 10 points, read by a person
#
# *Which path carried the gradient over 50 steps?* Answer in five to ten sentences, with numbers
# from your own run of the cells above:
#
# 1. At forget bias 1, before training: how large is the whole, how large the belt's share of it?
#    Is "the gradient flows along $\prod f$" a good account of it?
# 2. Neither closed network comes near the whole. What must the paths look like that carry the rest?
#    Name the steps of one of them.
# 3. If the belt by itself carries next to nothing, why does the forget bias matter so much
#    nevertheless? Use what the table says about biases 0 to 3, or after training.
#
# (Two points for each number that is yours and read correctly, up to four; three for the paths, and
# three for the bias. There is no single right wording.)

# %% [markdown] kind="written" id="which-path" points=10
# *Your answer goes here, in place of this line.*

# %% [markdown] id="reber-text"
# ## 7 · Reading a language with rules
#
# Temporal order asks for one answer at the end. A stricter teacher is a small language, invented by
# A. Reber in 1967 for experiments with people. A string walks through the machine below from left
# to right and picks one of two exits at each place:
#
# ```text
#              ┌─S─┐            ┌── X ──→ (2)
#              ↓   │            │
#        ┌─T→ (1) ─┴── X ──→ (3) ── S ──→ end
#   B → (0)
#        └─P→ (2) ─┬── V ──→ (4) ── V ──→ end
#              ↑   │            │
#              └─T─┘            └── P ──→ (3)
# ```
#
# In the *embedded* language such a string, from B to E, is wrapped once more: B, then **T or P**,
# then the string, then **the same T or P**, then E, as in `BTBTXSETE`. After each symbol the network
# says which one comes next. Inside, two answers are usually possible, and no memory of more than
# a step or two is needed. But the last symbol but one repeats the second, and whatever lies between
# says nothing about it. One who does not remember is right half of the time there, and that is the
# only place where we look.
#
# The strings have different lengths (9 to 14 symbols), so a batch is padded at the end, and a
# **mask** says which steps are real. `Recurrent(cell)(x, mask=mask)` carries your cell's pair
# $(h, c)$ unchanged over the others, and the loss leaves them out.

# %% kind="lab" id="lab-reber"
def learn_reber(seed=1, updates=200):
    """A reader of embedded Reber strings, and how often it closes them rightly."""
    rng = np.random.default_rng(seed)
    model = Reader(LSTMCell(7, 24, rng=rng), 7, rng)
    optimizer, fresh, right = Adam(model.parameters(), lr=0.02), memory.reber(rng, 300), []
    closing = memory.reber_closing(fresh.mask)
    for update in range(updates + 1):
        if update % 20 == 0:
            with no_grad():
                said = model(fresh.x, fresh.mask).data.argmax(axis=-1)
            right.append(np.mean((said == fresh.y)[closing]))
        batch = memory.reber(rng, 32)
        optimizer.zero_grad()
        cross_entropy(model(batch.x, batch.mask), batch.y, batch.mask).backward()
        optimizer.step()
    return model, right


if check.passed("lstm-cell"):
    print("masks of BTBTXSETE and BPBPTTVVEPE in one batch:", *memory.reber_batch(["BTBTXSETE", "BPBPTTVVEPE"]).mask.astype(int), sep="\n  ")
    reber_model, right = learn_reber()
    print("the closing symbol is right in", " ".join(f"{r:.2f}" for r in right), "(every 20 updates)")

# %% [markdown] id="reber-gates-text"
# Now look inside. Two strings that differ in their second symbol only, and in the one that
# repeats it: all that lies between is equal, so whatever differs between the two *memories* there
# is the one bit that must be kept. Below, for the six units that keep most of it: the difference of
# c, and the forget and the output gate on the way through the first string. Where is the bit
# written? Does one unit keep it, or do several pass it on? And is it shown all the time?

# %% kind="lab" id="lab-gates"
def inside(cell, string):
    """f, o and c of every unit at every step of one string, each (T, H)."""
    x = memory.reber_batch([string]).x
    seen, (h, c) = [], cell.initial_state(1)
    with no_grad():
        for t in range(x.shape[1]):
            hx = concatenate([h, x[:, t]], axis=1)
            f, o = sigmoid(hx @ cell.W_f + cell.b_f), sigmoid(hx @ cell.W_o + cell.b_o)
            h, c = cell(x[:, t], (h, c))
            seen.append([f.data[0], o.data[0], c.data[0]])
    return np.array(seen).transpose(1, 0, 2)


if check.passed("lstm-cell"):
    strings = "BTBPTTVPXVVETE", "BPBPTTVPXVVEPE"
    cell = reber_model.recurrent.cell
    (f, o, kept), (_, _, other) = (inside(cell, string) for string in strings)
    bit = kept - other
    units = np.argsort(-np.abs(bit[2:-1]).mean(axis=0))[:6]
    maps = {
        f"memory: c reading {strings[0]} less c reading {strings[1]}": bit[:, units],
        "forget gate f": f[:, units],
        "output gate o": o[:, units],
    }
    axes = plot.gates(maps, symbols=list(strings[0][:-1]))
    for ax in axes:
        ax.set_yticks(range(len(units)), [str(u) for u in units])
    axes[0].figure.set_size_inches(8, 5.5)
    axes[-1].set_xlabel("symbol read")
    plt.show()

# %% [markdown] id="reber-gates-lesson"
# When we ran it, one unit took the bit as soon as the second symbol was read and kept it to the end,
# with a forget gate close to 1 all the way: the conveyor, as in the books. But two others joined in
# on the way, and at the end they held more of it than the first: they had read it off the first
# one's *output*. That is one of the paths of part 6, in use. And the output gates hide little,
# because nothing in this task rewards hiding. Train with another seed (`learn_reber(seed=2)`) and
# the bit lives elsewhere.
#
# ## 8 · Forecasting
#
# A series is measured step by step, (N, D): N steps, D quantities. What comes next? To let a
# network learn that from a *single* long series, it is cut into many short sequences, each with the
# step that follows it as the answer:
#
# ```text
#   series   s0  s1  s2  s3  s4  s5          length 3
#            └── x[0] ──┘  y[0]
#                └── x[1] ──┘  y[1]
#                    └── x[2] ──┘  y[2]
# ```
#
# It sounds like bookkeeping, and it is where most forecasts go wrong: shift the answer by one, and
# it stands in its own window, so the network "forecasts" what it was just told. The error is
# wonderfully small, until the first day of use.
#
# ### Exercise `windows` · 10 points
#
# `windows(series, length)` returns `x, y`. What the checks ask:
#
# - For a series (N, D), x is (N − length, length, D) and y is (N − length, D), both in the series' dtype.
# - `x[n]` is `series[n : n + length]` and `y[n]` is the step that follows it: no answer stands in its own window, and none comes later than it must.
# - Every window that has a next step is there, in order of time, also the last one.
# - A series with no such window (N ≤ length) raises ValueError.
# - x and y are arrays of their own: writing into them leaves the series as it was.

# %% kind="solution" id="windows"
def windows(series, length):
    """A series (N, D) to windows x (N - length, length, D) and the step after each, y (N - length, D)."""
    ### BEGIN SOLUTION
    ### STUB: return ...
    count = len(series) - length
    if count <= 0:
        raise ValueError(f"a series of {len(series)} steps has no window of {length} with a step after it")
    x = np.stack([series[n : n + length] for n in range(count)])
    y = series[length:].copy()
    return x, y
    ### END SOLUTION

# %% kind="check" id="windows-check" exercise="windows" points=10
check("windows")

# %% [markdown] id="standardise-text"
# Networks learn badly from numbers like 1013.2 hPa, for gates saturate. So every column is shifted
# and scaled to mean 0 and standard deviation 1. But whose mean? We want to know how the model does
# on data that it has **not** seen, so we set the last part of the series aside, the *test split*.
# If its mean enters the scaling, the model has seen something of it: a small leak, and a very common
# one. In real use the future's mean is not to be had; so all scaling comes from the training split.
#
# ### Exercise `standardise` · 10 points
#
# `standardise(train, *others)`, all of them float arrays (N, D) with the same columns. What the checks ask:
#
# - It returns a tuple: train, then the others in their order, each of its own shape (N, D) and in its own dtype.
# - Each column of train ends with mean 0 and standard deviation 1 (NumPy's `std`, which divides by N).
# - The others are shifted and scaled by train's numbers, not by their own: nothing about a test split decides how anything is scaled.
# - A column that is constant in train has no spread to divide by, even where rounding makes its `std` 1e-17: it is shifted and not scaled. Any other column is scaled, however small its spread.
# - The arrays that come in stay as they were.

# %% kind="solution" id="standardise"
def standardise(train, *others):
    """(train, *others), every column shifted and scaled by train's mean and standard deviation."""
    ### BEGIN SOLUTION
    ### STUB: return ...
    mean = train.mean(axis=0)
    spread = train.std(axis=0)
    spread[train.min(axis=0) == train.max(axis=0)] = 1
    return tuple(((series - mean) / spread).astype(series.dtype) for series in (train, *others))
    ### END SOLUTION

# %% kind="check" id="standardise-check" exercise="standardise" points=10
check("standardise")

# %% [markdown] id="forecaster-text"
# The model itself is short: run a cell over the window, take the h after the last step, and read the
# forecast off it with a linear layer. (Why linear? A tanh could not say 2.3.)
#
# ### Exercise `forecaster` · 10 points
#
# `Recurrent(cell)(x)` returns the h of all steps (B, T, H), and the last state. Its checks use cells
# of their own, not yours. What they ask:
#
# - `model(x)` for x (B, T, D) is (B, out_features): the linear layer `head` on the h after the last step, whatever cell makes it.
# - `model.cell` is the cell it was given and `model.head` a `Linear(cell.hidden_size, out_features)`; `parameters()` has those of the two and no others.
# - Every call starts from the cell's initial state: nothing is carried over from the batch before.
# - The gradient reaches head and cell, and x at every step.

# %% kind="solution" id="forecaster"
class Forecaster(Module):
    """A cell over a window (B, T, D), and a linear layer on its last h: the next step (B, out_features)."""

    def __init__(self, cell, out_features):
        self.cell = cell
        ### BEGIN SOLUTION
        ### STUB: self.head = ...  # a Linear
        self.head = Linear(cell.hidden_size, out_features)
        ### END SOLUTION

    def __call__(self, x):
        """x (B, T, D) to the forecast (B, out_features)."""
        ### BEGIN SOLUTION
        ### STUB: return ...
        hs, _ = Recurrent(self.cell)(x)
        return self.head(hs[:, -1])
        ### END SOLUTION

# %% kind="check" id="forecaster-check" exercise="forecaster" points=10
check("forecaster")

# %% [markdown] id="baseline-text"
# ## 9 · Beside the baseline
#
# A squared error of 0.02: is that good? Nobody can say, before there is something to compare it
# with. The first thing to compare with costs nothing: **persistence** says that the next step will
# be like the last one. A forecast that does not beat it is worth nothing, however low its loss is and
# however well its curve seems to follow the data.
#
# Two series. The first is made of two waves and some noise. The second is a random walk: each step
# adds an independent random number, which is what prices of shares look like to a first
# approximation. Both are split in time (the test split is the *end*), scaled, cut into windows of 20,
# and given to the same model with the same budget.
#
# **Predict before you run**: on which of the two will the LSTM beat persistence, and by how much?

# %% kind="lab" id="lab-forecast"
def forecast_lab(series, seed=0, updates=250):
    """Forecasts of the test split beside what came and beside persistence, in scaled units."""
    rng = np.random.default_rng(seed)
    split = int(0.7 * len(series))
    train, test = standardise(series[:split], series[split:])
    (x, y), (x_test, y_test) = windows(train, 20), windows(test, 20)
    model = Forecaster(LSTMCell(1, 24, rng=rng), 1)
    model.head.W.data[...] = init.glorot((24, 1), rng)
    optimizer, losses = Adam(model.parameters(), lr=0.01), []
    for _ in range(updates):
        rows = rng.integers(0, len(x), 32)
        optimizer.zero_grad()
        loss = mse(model(x[rows]), y[rows])
        loss.backward()
        optimizer.step()
        losses.append(float(loss.data))
    with no_grad():
        forecast = model(x_test).data
    return {"truth": y_test, "LSTM": forecast, "persistence": x_test[:, -1], "losses": losses}


def trains():
    """Whether your forecaster can be trained on one batch after the other."""
    return check.works(lambda: forecast_lab(memory.waves(np.random.default_rng(0), 100), updates=2))


if check.passed("lstm-cell", "windows", "standardise", "forecaster") and trains():
    rng = np.random.default_rng(3)
    series = {"waves": memory.waves(rng, 600), "random walk": np.cumsum(rng.standard_normal((600, 1)), axis=0)}
    results = {name: forecast_lab(s) for name, s in series.items()}
    print(f"{'mean squared error on the test split':40}{'LSTM':>10}{'persistence':>14}{'LSTM / persistence':>22}")
    against = {}
    for name, got in results.items():
        error, same = (np.mean((got[k] - got["truth"]) ** 2) for k in ("LSTM", "persistence"))
        against[name] = error / same
        print(f"{name:40}{error:10.4f}{same:14.4f}{error / same:22.2f}")
    figure, axes = plt.subplots(2, 1, figsize=(9, 5), layout="constrained")
    for ax, (name, got) in zip(axes, results.items(), strict=True):
        for who, style in (("truth", "k-"), ("LSTM", "C1--"), ("persistence", "C0:")):
            ax.plot(got[who][:80, 0], style, label=who)
        ax.set(title=name, ylabel="scaled value")
    axes[0].legend(loc="upper right", fontsize=8)
    axes[1].set_xlabel("step of the test split")
    plt.show()

# %% [markdown] id="baseline-lesson"
# Look at the lower picture without the dotted line: the forecast seems to follow the walk. It
# follows it *one step late*, as everybody can who knows the present value, and where the walk leaves
# the range of the training split it does not even do that. Such pictures sell a good many
# courses on "predicting the stock market". The table says what the picture hides: on the walk the
# ratio is not below 1, and no model's can be in the long run, because the next step does not
# depend on anything. On the waves the model knows something that persistence does not.
#
# Report a forecast as a ratio to persistence, on data from after the training split, scaled without
# it; anything else needs a reason.
#
# ## 10 · Learning
#
# ### Exercise `learned` · 15 points
#
# Nothing more to write. Your cell is trained on three tasks, each in a version of its own: other
# codes for symbols, other waves, other starting weights; the series with your `Forecaster`, too.
# What was learned is then tried on fresh data. Each task waits for the checks that it builds on.
#
# - Order is learned: which of XX, XY, YX, YY came among 24 symbols, right in at least 97 of 100 sequences.
# - Reber is learned: the last symbol but one repeats the second, right in at least 97 of 100 strings.
# - The series is learned: the squared error on a fresh stretch is at most 7 % of that of persistence.

# %% kind="check" id="learned-check" exercise="learned" points=15
check("learned")

# %% [markdown] id="end"
# ## What you have now
#
# - A gate is a learned soft switch: a row of numbers between 0 and 1 that something else is
#   multiplied with. An LSTM has three, around a belt that is neither mixed nor squashed.
# - The forget bias decides whether training can begin: at $T = 48$ everything was learned with 1 and
#   nothing with 0, by the same program.
# - The gradient does not simply "flow along the belt": $\prod f$ is a small part of it, and most
#   goes ways that change between belt and gates. A story about a network is a hypothesis; closing a
#   path is an experiment.
# - A forecast is worth what it is better than persistence, on a test split that nothing leaked from.
#
# Three gates and a second state: is all of that needed? The next assignment spends less: a GRU has
# two gates, one state, and three quarters of the parameters; and you will compare the two honestly.
#
# **To read on.** S. Hochreiter, J. Schmidhuber, *Long short-term memory* (1997), where temporal order
# and embedded Reber strings come from; F. Gers, J. Schmidhuber, F. Cummins, *Learning to forget* (2000),
# who added the forget gate; R. Jozefowicz, W. Zaremba, I. Sutskever, *An empirical exploration of
# recurrent network architectures* (2015), who found how much its bias matters.
