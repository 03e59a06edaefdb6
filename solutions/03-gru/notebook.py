# %% [markdown] id="title"
# # 3 · GRU: fewer gates, and an honest comparison
#
# At the end of this notebook a network that you wrote reads short texts and says whether they praise
# or complain. It was never told what "not" means, only which texts were which. Exchange each word of a
# text for others that say nothing, and measure by how much that moves the answer:
#
# ```text
#     it  ▏ 0.2                     it  ▏ 0.1                       it  ▏ 0.1
#    was  ▋ 0.7                    was  ▏ 0.2                      was  ▏ 0.2
#   good  ████████▋ 8.7            not  █████████████ 13.0        good  ██████ 6.0
#  today  ▌ 0.6                   good  █████████▉ 9.9           today  ▏ 0.1
#                                today  ▎ 0.3                      not  █▏ 1.2
#                                                                    a  ▏ 0.1
#                                                                story  ▏ 0.1
#  → positive                    → negative                       → positive
# ```
#
# Where "not" stands before the judgement it is the most important word of all, where it stands
# behind, hardly any. (Part 6 also shows the picture that is more often drawn, of gradients; it
# tells another story, and you will see why.)
#
# The cell behind it is the *gated recurrent unit*: two gates where the LSTM has three, one state
# where it has two, three quarters of the parameters. Is it therefore better? Worse? Faster? Much
# is claimed. You will compare the two (with the LSTM that you wrote yourself) so that the
# answer means something, and the last ten points are for saying what it does *not* mean.
#
# | part | you write | points |
# |---|---|---:|
# | 4 · The cell | `GRUCell` | 40 |
# | 5 · Conventions | `flip_convention` | 10 |
# | 6 · Reading texts | `TextClassifier` | 20 |
# | 7 · Learning | nothing more: adding and sentiment must now be learned | 10 |
# | 8 · Equal parameters | `match_hidden` | 10 |
# | 9 · An honest comparison | an answer in words | 10 |
#
# Three to four hours. Every part can be read without having solved the one before; pictures that
# need your code say so until it is there.

# %% kind="define" id="imports"
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # our matrices are small: threads would only wait for each other

import numpy as np

from minigrad import Tensor, concatenate, no_grad, sigmoid, tanh
from minigrad.functional import cross_entropy, mse
from minigrad.nn import Embedding, Linear, Module, Parameter, Recurrent, init
from minigrad.optim import Adam

# %% kind="lab" id="harness"
from minigrad.grading.notebook.checks import checks

check = checks("03-gru", globals())

# %% [markdown] id="how-it-works"
# **How checking works.** As before: after each exercise a cell `check("…")` compares your code with
# known values and shows what differs. Grading runs those checks again on other numbers, together
# with hidden ones, which test the same sentences more strictly; the sentences stand in a list above
# each exercise. Nothing else is asked, and nothing that is not said. What passes all its public
# checks is kept in `mynet.py`, your own library: that is how your LSTM will come into this notebook.
# Grading reads this notebook alone and has no `mynet`: import from it in cells of their own, in a `try`,
# as in part 9, and write whatever an answer needs into the notebook.
#
# ## Notation
#
# | | |
# |---|---|
# | $B, T, D, H$ | batch size, number of time steps, size of an input, size of the state |
# | `x` (B, T, D), `x[:, t]` (B, D) | a batch of sequences, and what is read at step $t$ |
# | `h` (B, H) | the state; a GRU keeps nothing that it does not show |
# | $[h, x]$ (B, H + D) | the columns of h, then those of x |
# | $\sigma(a)$ | $1 / (1 + e^{-a})$, between 0 and 1; note $\sigma(-a) = 1 - \sigma(a)$ |
# | $\tilde h$ | the candidate: what the new state would be if nothing of the old one stayed |
# | $\odot$ | product entry by entry |
#
# Samples are **rows**, and the three matrices act on $[h, x]$, h first: $\sigma([h, x]\, W_z + b_z)$ with
# $W_z$ (H + D, H). A textbook's $\sigma(W_z \cdot [h_{t-1}, x_t] + b_z)$ has our $W_z$ transposed. How
# PyTorch and Keras write a GRU is a longer story; part 5 tells it.

# %% kind="lab" id="helpers"
import time

import matplotlib.pyplot as plt

from minigrad import plot
from minigrad.data import recall


class PlainCell(Module):
    """The cell of 01-rnn, one matrix for [h, x]: what the others are compared with."""

    def __init__(self, inputs, hidden, rng):
        self.hidden_size = hidden
        self.W = Parameter(np.concatenate([init.orthogonal((hidden, hidden), rng), init.glorot((inputs, hidden), rng)]))
        self.b = Parameter(np.zeros(hidden))

    def initial_state(self, batch):
        return Tensor(np.zeros((batch, self.hidden_size)))

    def __call__(self, x, h):
        return tanh(concatenate([h, x], axis=1) @ self.W + self.b)


# %% [markdown] id="what-the-lstm-spends"
# ## 1 · What the LSTM spends
#
# Look once more at the LSTM, with an accountant's eye:
#
# $$ c' = f \odot c + i \odot g, \qquad h' = o \odot \tanh(c'). $$
#
# - **Two switches for one decision?** $f$ says how much of the old content stays, $i$ how much of the
#   new is put on. They are free to be both 1 (then the content grows) or both 0 (then it is lost, and
#   nothing takes its place). Often one wants neither: *either* keep *or* replace.
# - **Two states?** $c$ is kept, $h$ is shown, and $o$ stands between them. If everything were shown,
#   there would be one state fewer to carry and one gate fewer to pay for.
# - **Four matrices**, each (H + D, H), and four biases.
#
# The GRU (K. Cho and others, 2014) saves at both places. One gate $z$ does what $f$ and $i$ did, with
# $f = 1 - z$ and $i = z$. Everything is shown, so there is no $o$ and no $c$. And because now
# nothing can be hidden, a second gate $r$ decides how much of the old state the *candidate* gets to see.
#
# ## 2 · The update gate: keep or replace
#
# $$ h' = (1 - z) \odot h + z \odot \tilde h $$
#
# Entry by entry, the new state is a weighted mean of the old one and the candidate. $z = 0$: nothing
# happened. $z = 1$: the old content is gone. In between it is the oldest trick in signal processing, the
# *exponential moving average*: with a constant $z$, what came $n$ steps ago counts
# $z\,(1 - z)^n$, so the state looks back about $1/z$ steps. A GRU makes that memory span a thing that it
# decides, at each step and for each entry.
#
# **Predict before you run**: a noisy step signal is averaged with $z = 0.5$ and with $z = 0.05$. Which of
# them shows the step earlier? Which shows the level better? And a $z$ that is 0.6 for a few steps after
# the jump and small otherwise?

# %% kind="lab" id="lab-average"
rng = np.random.default_rng(0)
level = np.where(np.arange(80) < 40, 0.0, 1.0)
signal = level + 0.25 * rng.standard_normal(80)
adaptive = np.full(80, 0.05)
adaptive[[0, 1, 2, 40, 41, 42, 43]] = 0.6
figure, axes = plt.subplots(1, 3, figsize=(10, 2.6), sharey=True, layout="constrained")
for ax, (name, z) in zip(axes, {"z = 0.5": np.full(80, 0.5), "z = 0.05": np.full(80, 0.05), "z decides": adaptive}.items(), strict=True):
    h, kept = 0.0, []
    for t in range(80):
        h = (1 - z[t]) * h + z[t] * signal[t]
        kept.append(h)
    ax.plot(signal, color="lightgray", label="signal")
    ax.plot(level, "k:", label="level")
    ax.plot(kept, color="#0072B2", label="state")
    error = np.sqrt(np.mean((np.array(kept) - level) ** 2))
    ax.set(title=f"{name}: off by {error:.2f}", xlabel="step")
axes[0].legend(fontsize=8)
plt.show()

# %% [markdown] id="reset"
# ## 3 · The reset gate: what the candidate may see
#
# $$ \tilde h = \tanh([\,r \odot h,\; x\,]\, W_h + b_h) $$
#
# The candidate is made like the state of a plain cell, with one difference: of the old state it sees
# only what $r$ lets through. $r = 1$: the plain cell. $r = 0$: it reads $x$ as if a new text began
# here. Note *where* $r$ stands: the old state is multiplied entry by entry **before** it meets the
# matrix. (PyTorch puts it behind the matrix. That is another function; part 5.)
#
# Both gates are made like those of the LSTM, from what is read and what was shown:
#
# $$ z = \sigma([h, x]\, W_z + b_z), \qquad r = \sigma([h, x]\, W_r + b_r). $$
#
# Below is one entry with switches set by hand, and a candidate that simply adds what it reads to what
# it may see: $\tilde h = r h + x$. Follow the state: where does a count begin anew, and where does it
# stand still although numbers keep coming?

# %% kind="lab" id="lab-switches"
T = 24
x = np.ones(T)
z, r = np.ones(T), np.ones(T)
z[8:12] = 0  # do not listen
r[[16, 20]] = 0  # begin anew
h, kept, offered = 0.0, [], []
for t in range(T):
    candidate = r[t] * h + x[t]
    h = (1 - z[t]) * h + z[t] * candidate
    kept.append(h)
    offered.append(candidate)
rows = {"input x": x, "update gate z": z, "reset gate r": r, "candidate": offered, "state h": kept}
figure, axes = plt.subplots(len(rows), 1, figsize=(8, 4.4), sharex=True, layout="constrained")
for ax, (name, row) in zip(axes, rows.items(), strict=True):
    ax.bar(np.arange(T), row, color="#0072B2" if "gate" in name else "#D55E00")
    ax.set_yticks([])
    ax.set_ylabel(name, rotation=0, ha="right", va="center")
axes[-1].set_xlabel("step")
plt.show()

# %% [markdown] id="the-cell"
# ## 4 · The cell
#
# Put together, in the order in which it is computed, from $x$ (B, D) and $h$ (B, H):
#
# $$ z = \sigma([h, x] W_z + b_z), \qquad r = \sigma([h, x] W_r + b_r), $$
#
# $$ \tilde h = \tanh([r \odot h, x] W_h + b_h), \qquad h' = (1 - z) \odot h + z \odot \tilde h. $$
#
# ```text
#   h ──┬──────────(× 1−z)──────────(+)──→ h'
#       │                            ↑
#       ├──(× r)──┐                (× z)
#       │         ↓                  │
#   x ──┼──── [r⊙h, x] ─→ tanh ──────┘  the candidate
#       │
#       └──→ [h, x] ─→ σ ─→ z, r
# ```
#
# How it starts: as in the LSTM, the rows of each W that meet h are orthogonal, those that meet x a
# Glorot draw, biases zero, except that `b_z` starts at `update_bias`. What that one is good for
# you will see in a minute; it is 0 unless somebody asks.
#
# ### Exercise `gru-cell` · 40 points
#
# `init.orthogonal((H, H), rng, dtype)` and `init.glorot((D, H), rng, dtype)` draw arrays;
# `concatenate([h, x], axis=1)` joins Tensors (and arrays), `np.concatenate([…])` arrays. `activation`
# stands where the formula says tanh.
#
# What the checks ask:
#
# - The parameters are `W_z`, `W_r`, `W_h` (H + D, H) and `b_z`, `b_r`, `b_h` (H,) in `dtype`; `initial_state(B)` is zeros of shape (B, H) in that dtype.
# - In each W, the H rows on top, which meet h, start orthogonal, and the D rows below, which meet x, as Glorot draws them for (D, H); each W draws its own, from `rng`.
# - The biases start at zero, except `b_z`, which starts at `update_bias`.
# - The gates z and r are σ([h, x] W + b), each with its own W and b, and h comes before x.
# - The candidate is activation([r ⊙ h, x] W_h + b_h): r multiplies h before the matrix does.
# - The new state is (1 − z) ⊙ h + z ⊙ candidate: where z is 0 the old state stays, where z is 1 the candidate replaces it.
# - The candidate uses the activation that the cell was given; the gates use σ whatever it is.
# - What a step gives depends on x, the state that it is given and the parameters alone, and `initial_state(B)` on B: a cell keeps nothing from one call to the next.
# - The gradient reaches every parameter, every input and the first state, through all time steps.
#
# The checks write their own numbers into the parameters (`cell.W_z.data[...] = …`), so read
# them at every call and keep no copy of them. To look at one gate alone they hold the others constant.

# %% kind="solution" id="gru-cell"
class GRUCell(Module):
    """h' = (1 - z) h + z activation([r h, x] W_h + b_h), for x (B, D) and h (B, H)."""

    def __init__(self, input_size, hidden_size, *, activation=tanh, rng=None, dtype=np.float64, update_bias=0.0):
        self.hidden_size = hidden_size
        self.activation = activation
        rng = np.random.default_rng() if rng is None else rng
        ### BEGIN SOLUTION
        ### STUB: self.W_z = self.W_r = self.W_h = ...  # Parameters (H + D, H), each its own
        ### STUB: self.b_z = self.b_r = self.b_h = ...  # Parameters (H,), each its own
        def weights():
            on_h = init.orthogonal((hidden_size, hidden_size), rng, dtype)
            on_x = init.glorot((input_size, hidden_size), rng, dtype)
            return Parameter(np.concatenate([on_h, on_x]))

        self.W_z, self.W_r, self.W_h = weights(), weights(), weights()
        self.b_z = Parameter(np.full(hidden_size, update_bias, dtype))
        self.b_r = Parameter(np.zeros(hidden_size, dtype))
        self.b_h = Parameter(np.zeros(hidden_size, dtype))
        ### END SOLUTION

    def initial_state(self, batch):
        """The state before the first step: zeros (B, H) in the parameters' dtype."""
        ### BEGIN SOLUTION
        return Tensor(np.zeros((batch, self.hidden_size), self.b_z.dtype))
        ### END SOLUTION

    def __call__(self, x, h):
        """One step: x (B, D) and h (B, H) to the new state (B, H)."""
        ### BEGIN SOLUTION
        hx = concatenate([h, x], axis=1)
        z = sigmoid(hx @ self.W_z + self.b_z)
        r = sigmoid(hx @ self.W_r + self.b_r)
        candidate = self.activation(concatenate([r * h, x], axis=1) @ self.W_h + self.b_h)
        return (1 - z) * h + z * candidate
        ### END SOLUTION

# %% kind="check" id="gru-cell-check" exercise="gru-cell" points=40
check("gru-cell")

# %% [markdown] id="update-bias-text"
# **Does it remember?** "GRUs do not suffer from vanishing gradients" is a sentence as common, and as
# wrong, as the one on the LSTM. The way that leads straight back, $h' \to h$ with the factor $1 - z$,
# starts at $1 - \sigma(0) = 0.5$ a step: after 50 steps $0.5^{50} \approx 10^{-15}$. A *negative*
# `update_bias` makes the gate start nearly closed, so that the state stays as it is unless there is
# a reason to change it.
#
# Same experiment as in the last two assignments: a loss on $h_T$, $T = 50$, $H = 32$, nothing trained
# yet, the gradient's norm at every step over that at the last. **Predict** the ratio at step 0 for
# `update_bias` 0, −1, −2, −3.

# %% kind="lab" id="lab-update-bias"
def gradient_norms(cell, seed):
    """Norms of the gradient at h_0 ... h_T of a loss on h_T, over the last one."""
    rng = np.random.default_rng([6, seed])
    x, u = rng.standard_normal((50, 16, 4)), rng.standard_normal((32, 1)) / np.sqrt(32)
    states = [Tensor(np.zeros((16, 32)), requires_grad=True)]
    for t in range(50):
        states.append(cell(x[t], states[-1]))
        states[-1].retain_grad()
    (states[-1] @ u).mean().backward()
    norms = np.array([np.linalg.norm(h.grad, axis=1).mean() for h in states])
    return norms / norms[-1]


if check.passed("gru-cell"):
    makers = {"plain cell": lambda rng: PlainCell(4, 32, rng)}
    for bias in (0, -1, -2, -3):
        makers[f"GRU, update bias {bias}"] = lambda rng, bias=bias: GRUCell(4, 32, rng=rng, update_bias=float(bias))
    flow = {
        name: np.median([gradient_norms(make(np.random.default_rng([5, seed])), seed) for seed in range(8)], axis=0)
        for name, make in makers.items()
    }
    for name, line in flow.items():
        print(f"{name:20} gradient at step 0 over gradient at step 50: {line[0]:.1e}")
    plot.gradient_flow(flow).set_title("who still hears the beginning?")
    plt.show()

# %% [markdown] id="update-bias-lesson"
# With `update_bias` 0 the GRU's gradient vanishes faster than the plain cell's; from 0 to −3 lie about seven
# powers of ten. As with the LSTM: the gate makes long memory possible, and where it starts
# decides whether it can be learned. (0 is nevertheless what papers and libraries start from.)

# %% [markdown] id="conventions"
# ## 5 · Conventions
#
# Write down a GRU from memory and you have an even chance to write another one. Two choices are made
# differently in different places, and neither is visible in the shapes:
#
# **Which way round is $z$?** Cho's first paper, PyTorch and Keras let $z$ say how much *stays*; the
# paper that compared GRU and LSTM (J. Chung and others, 2014), and this course, how much is *replaced*.
#
# $$ \text{ours:}\quad h' = (1 - z) \odot h + z \odot \tilde h \qquad\qquad
#    \text{the other rule:}\quad h' = z \odot h + (1 - z) \odot \tilde h $$
#
# **Where does $r$ stand?** In front of the matrix, as in Cho's paper and here, or behind it, as in
# PyTorch and in cuDNN, NVIDIA's library, where all products with $h$ can then be done at once. With $U$
# for the h rows of $W_h$ and $V$ for its x rows:
#
# $$ \text{before:}\quad \tilde h = \tanh((r \odot h)\, U + x V + b) \qquad\qquad
#    \text{after:}\quad \tilde h = \tanh(r \odot (h\, U + b') + x V + b) $$
#
# | | the rule | r | biases of the candidate |
# |---|---|---|---|
# | this course | $(1 - z) \odot h + z \odot \tilde h$ | before | one |
# | Keras, `reset_after=False` | $z \odot h + (1 - z) \odot \tilde h$ | before | one |
# | Keras as it comes, `reset_after=True` | $z \odot h + (1 - z) \odot \tilde h$ | after | two |
# | PyTorch, cuDNN | $z \odot h + (1 - z) \odot \tilde h$ | after | two |
#
# The second choice is a different function: no change of weights makes one into the other. The first is
# only a name, because a sigmoid read from the other end is a sigmoid:
#
# $$ 1 - \sigma(a) = \sigma(-a). $$
#
# So whoever wants to load our weights into a library with the other rule must change the sign of
# what goes into $z$, and nothing else. Forgetting to do that is a fine mistake: every shape fits, the
# numbers look sensible, and the network does the opposite of remembering.

# %% kind="lab" id="lab-sign-flip"
a = np.linspace(-6, 6, 200)
figure, axes = plt.subplots(1, 2, figsize=(9, 2.8), layout="constrained")
axes[0].plot(a, 1 / (1 + np.exp(-a)), label=r"$z = \sigma(a)$")
axes[0].plot(a, 1 / (1 + np.exp(a)), "--", label=r"$\sigma(-a)$")
axes[0].plot(a[::14], 1 - 1 / (1 + np.exp(-a[::14])), "kx", label="$1 - z$")
axes[0].set(xlabel="a", title="changing the sign turns z into 1 − z")
axes[0].legend(fontsize=8)
rng = np.random.default_rng(1)
gate = 1 / (1 + np.exp(-(2.5 + 0.5 * rng.standard_normal(40))))  # a trained gate that mostly keeps: here "stays"
candidates = rng.uniform(-1, 1, 40)
for name, keep, style in (("z as it was meant: keep", gate, "-"), ("the same z under the other rule", 1 - gate, "--")):
    h, kept = 1.0, []
    for t in range(40):
        h = keep[t] * h + (1 - keep[t]) * candidates[t]
        kept.append(h)
    axes[1].plot(kept, style, label=name)
axes[1].plot(candidates, ".", color="gray", markersize=3, label="candidates")
axes[1].set(xlabel="step", title="one entry, which starts at 1")
axes[1].legend(fontsize=8)
plt.show()

# %% [markdown] id="flip-text"
# ### Exercise `flip-convention` · 10 points
#
# `flip_convention(cell)` takes a cell with our six parameters and returns a new one whose weights say
# the same under the other rule. (Applied to weights that come from there, it brings them to ours:
# it is its own inverse.) The checks use a cell of their own, not yours; `copy.deepcopy` copies any cell,
# with arrays of its own.
#
# What the checks ask:
#
# - The new cell's `W_z` and `b_z` are those of the given one with the opposite sign; its other parameters are equal, and all of them have the same dtype.
# - Run under the other rule, z ⊙ h + (1 − z) ⊙ candidate, the new cell gives the states that the given one gives under ours.
# - Flipping twice gives the parameters that one began with.
# - What comes back is a GRU cell of its own: the given one stays as it was, and writing into one of the two leaves the other alone.

# %% kind="solution" id="flip-convention"
import copy


def flip_convention(cell):
    """A new cell that does under the other update rule what `cell` does under ours, and back."""
    ### BEGIN SOLUTION
    ### STUB: return ...
    new = copy.deepcopy(cell)
    new.W_z.data[...] = -cell.W_z.data
    new.b_z.data[...] = -cell.b_z.data
    return new
    ### END SOLUTION

# %% kind="check" id="flip-convention-check" exercise="flip-convention" points=10
check("flip-convention")

# %% [markdown] id="conventions-lab-text"
# Does it work? Below, your cell runs over twenty random inputs, and its weights are carried over to two
# libraries (written down here in a few lines of NumPy): one with the other rule, one with the other
# rule *and* `r` behind the matrix.

# %% kind="lab" id="lab-conventions"
def library(cell, xs, reset_after):
    """The last state under the rule z h + (1 - z) candidate, in plain NumPy, from a cell's weights."""
    weight, bias = ({k: getattr(cell, f"{n}_{k}").data for k in "zrh"} for n in "Wb")
    H = cell.hidden_size
    h = np.zeros((xs.shape[1], H))
    for x in xs:
        keep, reset = (1 / (1 + np.exp(-(h @ weight[k][:H] + x @ weight[k][H:] + bias[k]))) for k in "zr")
        seen = reset * (h @ weight["h"][:H]) if reset_after else (reset * h) @ weight["h"][:H]
        h = keep * h + (1 - keep) * np.tanh(seen + x @ weight["h"][H:] + bias["h"])
    return h


if check.passed("gru-cell", "flip-convention"):
    rng = np.random.default_rng(2)
    cell, xs = GRUCell(3, 8, rng=rng), rng.standard_normal((20, 5, 3))
    ours = cell.initial_state(5)
    for x in xs:
        ours = cell(x, ours)
    for name, given_cell, after in (
        ("the other rule, weights as they are", cell, False),
        ("the other rule, flipped", flip_convention(cell), False),
        ("the other rule and r behind the matrix, flipped", flip_convention(cell), True),
    ):
        print(f"{name:50} largest difference {np.abs(library(given_cell, xs, after) - ours.data).max():.1e}")

# %% [markdown] id="conventions-lesson"
# The first line is the mistake that no shape betrays. In the second only rounding is left. The third is
# the treacherous one: small enough to be overlooked in a plot, and yet another function. Weights for the
# one kind of reset gate are no weights for the other; a network has to be trained for it.

# %% [markdown] id="texts"
# ## 6 · Reading texts
#
# The task: texts of 5 to 12 words, made by a small grammar. Each has one word that judges, like
# *good* or *boring*. In a third of them *not* stands one or two words before it and turns the
# judgement round; in another third it stands behind, where it means nothing. So neither the judging word
# alone (right in two of three) nor the words without their order will do.
#
# A network wants numbers. A word is an index into a list, its *token*, and an **embedding** gives each
# token a row of numbers of its own, which are learned like any other parameter. The cell reads the rows
# one by one; a linear layer, the head, reads the last state:
#
# ```text
#   tokens   it    was   not   good    ·     ·        mask  1 1 1 1 0 0
#             ↓     ↓     ↓     ↓
#   rows      e     e     e     e                     embedding (vocab, embed_size)
#             ↓     ↓     ↓     ↓
#   h0 ─────→ □ ──→ □ ──→ □ ──→ □ ─────────────┐      the cell
#                                              ↓
#                                  head ──→ logits    one number for each class
# ```
#
# Texts differ in length, and a batch is a rectangle: shorter ones are **padded** behind with a
# token that means nothing, and the **mask** (B, T) says which words are real. "Means nothing" is a promise
# that the program has to keep. If the cell goes on reading padding, the answer to a text depends on
# which other texts are in its batch.
#
# `Recurrent(cell)(x, mask=mask)` returns the outputs (B, T, H), zero where the mask is False, and the
# final state, which is carried over such steps unchanged.

# %% kind="lab" id="lab-texts"
batch = recall.sentiment(np.random.default_rng(0), 6)
for tokens, label in zip(batch.x, batch.y, strict=True):
    print("+" if label else "−", *(recall.WORDS[token] for token in tokens))

# %% [markdown] id="classifier-text"
# ### Exercise `text-classifier` · 20 points
#
# The checks use cells of their own, not yours. What they ask:
#
# - `embedding` is an `Embedding(vocab, embed_size)`, `cell` the cell it was given and `head` a `Linear(cell.hidden_size, classes)`; `parameters()` has those of the three and no others.
# - Tokens (B, T) and mask (B, T) give logits (B, classes): the head on the state after each text's last word.
# - What stands where the mask is False changes nothing, neither which tokens nor how many: a text gives the same in a batch of longer ones as alone.
# - The cell may be of any kind: where its state is a pair (h, c), as an LSTM's is, the head reads h.
# - The gradient reaches the head, the cell and the embedding of every word that was read, and no row of the embedding that was only padding.
#
# Padding stands behind the text, and every text has at least one word.

# %% kind="solution" id="text-classifier"
class TextClassifier(Module):
    """Tokens (B, T) and mask (B, T) to logits (B, classes), by a cell that reads word by word."""

    def __init__(self, vocab, embed_size, cell, classes):
        self.cell = cell
        ### BEGIN SOLUTION
        ### STUB: self.embedding = ...  # an Embedding
        ### STUB: self.head = ...  # a Linear
        self.embedding = Embedding(vocab, embed_size)
        self.head = Linear(cell.hidden_size, classes)
        ### END SOLUTION

    def __call__(self, tokens, mask):
        """Logits (B, classes)."""
        ### BEGIN SOLUTION
        ### STUB: return ...
        _, state = Recurrent(self.cell)(self.embedding(tokens), mask=mask)
        last = state[0] if isinstance(state, tuple) else state
        return self.head(last)
        ### END SOLUTION

# %% kind="check" id="text-classifier-check" exercise="text-classifier" points=20
check("text-classifier")

# %% [markdown] id="listening-text"
# Train it, then ask it: which words matter? There are two ways to ask. One is to look at the **gradient**:
# each word has a row of the embedding, and $|\partial\,\text{logit}/\partial\,\text{word}|$ says how much the
# answer would move if that row were a *little* different. It costs one backward pass, and is drawn
# in many papers. The other is to **exchange** the word for words that say nothing, run again, and
# see how far the answer moves.
#
# **Predict before you run**, for *it was not good today*: which words have the longest bars in the one
# picture, and which in the other?

# %% kind="lab" id="lab-listening"
def seeded(model, rng):
    """The same start for embedding and head, whatever drew them."""
    model.embedding.W.data[...] = rng.standard_normal(model.embedding.W.shape)
    model.head.W.data[...] = init.glorot(model.head.W.shape, rng)
    return model


def train_reader(make, seed, updates):
    """A classifier of sentiment, its accuracy on fresh texts every twenty updates, and ms for an update."""
    rng = np.random.default_rng([3, seed])
    model = seeded(TextClassifier(len(recall.WORDS), 8, make(rng), 2), rng)
    fresh, right, spent = recall.sentiment(rng, 400), [], 0.0
    optimizer, data = Adam(model.parameters(), lr=0.02), np.random.default_rng([8, seed])
    for update in range(updates + 1):
        if update % 20 == 0:
            with no_grad():
                right.append(np.mean(model(fresh.x, fresh.mask).data.argmax(axis=1) == fresh.y))
        batch = recall.sentiment(data, 32)
        began = time.process_time()
        optimizer.zero_grad()
        cross_entropy(model(batch.x, batch.mask), batch.y).backward()
        optimizer.step()
        spent += time.process_time() - began
    return model, np.array(right), 1000 * spent / (updates + 1)


def logit(model, text):
    """The logit of "positive" less that of "negative"."""
    return (model(*recall.tokens(text)) * [-1.0, 1.0]).sum()


def gradients_of(model, text):
    """The norm of the logit's gradient at every word's row."""
    for p in model.parameters():
        p.grad = None
    logit(model, text).backward()
    return np.linalg.norm(model.embedding.W.grad[recall.tokens(text)[0][0]], axis=1)


def exchanged(model, text):
    """How far the logit moves when a word is exchanged for one that says nothing; the mean over these."""
    words, moved = text.split(), []
    with no_grad():
        before = float(logit(model, text).data)
        for i, word in enumerate(words):
            others = [" ".join([*words[:i], other, *words[i + 1 :]]) for other in recall.NEUTRAL if other != word]
            moved.append(np.mean([abs(float(logit(model, other).data) - before) for other in others]))
    return np.array(moved)


def trains():
    """Whether a reader with your cell can be trained on one batch after the other."""
    return check.works(lambda: train_reader(lambda rng: GRUCell(8, 16, rng=rng), seed=0, updates=1))


if check.passed("gru-cell", "text-classifier") and trains():
    reader, right, _ = train_reader(lambda rng: GRUCell(8, 16, rng=rng), seed=0, updates=200)
    print("right on fresh texts, every 20 updates:", " ".join(f"{r:.2f}" for r in right), "\n")
    examples = "it was good today", "it was not good today", "it was good today not a story"
    asked = {"gradient": gradients_of, "exchange": exchanged}
    figure, axes = plt.subplots(2, len(examples), figsize=(10, 4.6), layout="constrained", sharex="row")
    for column, text in zip(axes.T, examples, strict=True):
        words, answer = text.split(), float(logit(reader, text).data)
        print(f"{text}: {'positive' if answer > 0 else 'negative'} (logit {answer:+.1f})")
        for ax, (name, ask) in zip(column, asked.items(), strict=True):
            bars = ask(reader, text)
            print(f"    {name:10}" + "".join(f"{word:>8}{bar:5.1f}" for word, bar in zip(words, bars, strict=True)))
            ax.barh(range(len(words)), bars, color=["#D55E00" if w in ("not", "good") else "#0072B2" for w in words])
            ax.set_yticks(range(len(words)), words)
            ax.invert_yaxis()
            ax.set_xlabel(r"$|\partial$ logit / $\partial$ word$|$" if name == "gradient" else "moved by exchange")
        column[0].set_title(f"→ {'positive' if answer > 0 else 'negative'}")
    plt.show()

# %% [markdown] id="listening-lesson"
# The lower row is what one would hope for: *not* and *good* decide, and *not* behind the judgement hardly
# counts. The upper row tells something else: *good*, without which there would be no answer at all, is
# nowhere the longest bar, and in the first two texts *today*, which says nothing, has a longer one. It is no
# mistake in your code. A network that is sure has driven its gates to the flat ends of their
# sigmoids, where a small change of a word changes little, and only a large one, as from *good* to
# *story*, would. The gradient says where the answer is *sensitive*, not what it *rests on*.
# Remember that when a coloured text is shown to you as an explanation.

# %% [markdown] id="learned-text"
# ## 7 · Learning
#
# ### Exercise `learned` · 10 points
#
# Nothing more to write. Your cell is trained on two tasks, each in a version of its own: other codes,
# other numbers for words and classes, other starting weights. *Sentiment* you know; it is read by your
# `TextClassifier`. In *adding*, a sequence has twenty numbers, two of them are marked, and after the last
# step the sum of those two is wanted; the last four steps have no mark, so a state that is not
# kept does not help. What was learned is then tried on fresh data. Each task waits for the checks that it
# builds on.
#
# - Adding is learned: the sum of two marked numbers, four steps after the last of them, with a mean squared error below 0.02.
# - Sentiment is learned: good or bad, with `not` before it or behind it, right in at least 97 of 100 texts.

# %% kind="check" id="learned-check" exercise="learned" points=10
check("learned")

# %% [markdown] id="equal-parameters"
# ## 8 · Equal parameters
#
# "The GRU was as good as the LSTM, with fewer parameters." "The LSTM was better, but it had more
# parameters." Both are sentences about two things at once. Before two cells are compared, something has
# to be made equal: the size of the state, or the number of parameters, or the time that may be spent. None
# of these is *the* fair one. We take the number of parameters, because it is what papers mostly take.
#
# Count arrays, not gates: every cell has its matrices (H + D, H) *and* its biases. An LSTM has four of
# each, a GRU three.

# %% kind="lab" id="lab-count"
if check.passed("gru-cell"):
    print(f"{'D':>4}{'H':>5}{'GRU':>10}{'four gates':>12}{'ratio':>8}")
    for D, H in ((1, 1), (2, 16), (8, 16), (64, 128)):
        cell = GRUCell(D, H)
        count = sum(p.data.size for p in cell.parameters())
        four = 4 * (cell.W_z.data.size + cell.b_z.data.size)
        print(f"{D:4}{H:5}{count:10,}{four:12,}{count / four:8.3f}")

# %% [markdown] id="match-text"
# So at equal sizes it is always 3 to 4. But which H must the *GRU* have to cost what an LSTM of size
# `lstm_hidden` costs? Not 4/3 of it: matrices grow with the square of the state. Nor quite the root of
# that: the rows of x and the biases do not.
#
# ### Exercise `match-hidden` · 10 points
#
# `match_hidden(input_size, lstm_hidden)`. The checks count the parameters of a GRU of the size that you
# return and compare their number with the LSTM's; they do not look for a particular answer.
#
# What the checks ask:
#
# - No other size gives a GRU whose number of parameters is nearer to the LSTM's: all arrays of both cells count, those that meet x and the biases too.
# - It returns an int, 1 or more, and at once, also for an LSTM of 2,000 units: numbers are computed, and no cell is built.

# %% kind="solution" id="match-hidden"
def match_hidden(input_size, lstm_hidden):
    """The size of a GRU whose number of parameters is nearest to that of an LSTM of size lstm_hidden."""
    ### BEGIN SOLUTION
    ### STUB: return ...
    wanted = 4 * ((lstm_hidden + input_size) * lstm_hidden + lstm_hidden)

    def distance(hidden):
        return abs(3 * ((hidden + input_size) * hidden + hidden) - wanted)

    return min(range(1, 2 * lstm_hidden + 1), key=distance)
    ### END SOLUTION

# %% kind="check" id="match-hidden-check" exercise="match-hidden" points=10
check("match-hidden")

# %% [markdown] id="comparison-text"
# ## 9 · An honest comparison
#
# Your LSTM is needed now. If all public checks of `lstm-cell` passed in 02-lstm, it lies in `mynet.py` and the
# next cell finds it. If not, paste your cell there, or go on without: then the GRU is compared
# with the plain cell alone, which makes a poorer story, but the questions stay the same.

# %% kind="solution" id="my-lstm"
try:
    from mynet import LSTMCell  # yours, from 02-lstm
except ImportError:
    LSTMCell = None  # or paste your class LSTMCell here, in place of this line

# %% [markdown] id="comparison-design"
# The design: two tasks, adding and sentiment; the same data and the same optimiser for all cells; as many
# parameters in each cell as an LSTM with 16 units has. And **five seeds**. One run of each would be
# an anecdote: change the seed, and the curves may change places. A band goes from the worst to the best
# of five, a line is the median.
#
# **Predict before you run**, in one sentence and in writing: on which task does which cell need fewer updates,
# and will the bands overlap?

# %% kind="lab" id="lab-comparison"
SEEDS, LSTM_HIDDEN = 5, 16


def contestants(D):
    """Makers of cells with about as many parameters as an LSTM of size LSTM_HIDDEN, by name."""
    wanted = 4 * ((LSTM_HIDDEN + D) * LSTM_HIDDEN + LSTM_HIDDEN)
    plain = min(range(1, 200), key=lambda H: abs((H + D) * H + H - wanted))
    makers = {"plain": lambda rng: PlainCell(D, plain, rng)}
    makers["GRU"] = lambda rng: GRUCell(D, match_hidden(D, LSTM_HIDDEN), rng=rng)
    if answers(D):
        makers["LSTM"] = lambda rng: LSTMCell(D, LSTM_HIDDEN, rng=rng)
    return makers


def answers(D):
    """Whether there is an LSTMCell of yours, and it takes a step."""
    try:
        if LSTMCell is not None:
            cell = LSTMCell(D, LSTM_HIDDEN, rng=np.random.default_rng(0))
            Recurrent(cell)(np.zeros((1, 1, D)))
        return LSTMCell is not None
    except Exception as error:
        print(f"Without your LSTMCell ({type(error).__name__}: {error}).\n")
        return False


class Adder(Module):
    """A cell over time and a linear layer on the last state."""

    def __init__(self, cell, rng):
        self.recurrent, self.head = Recurrent(cell), Linear(cell.hidden_size, 1, rng=rng)

    def __call__(self, x):
        return self.head(self.recurrent(x)[0][:, -1])


def train_adder(make, seed, updates):
    """An adder, its squared error on fresh sequences every twenty updates, and ms for an update."""
    rng = np.random.default_rng([4, seed])
    model, fresh, errors, spent = Adder(make(rng), rng), recall.adding(rng, 400), [], 0.0
    optimizer, data = Adam(model.parameters(), lr=0.02), np.random.default_rng([7, seed])
    for update in range(updates + 1):
        if update % 20 == 0:
            with no_grad():
                errors.append(np.mean((model(fresh.x).data - fresh.y) ** 2))
        batch = recall.adding(data, 32)
        began = time.process_time()
        optimizer.zero_grad()
        mse(model(batch.x), batch.y).backward()
        optimizer.step()
        spent += time.process_time() - began
    return model, np.array(errors), 1000 * spent / (updates + 1)


def first_update(learned):
    """The update at which a curve of yes and no, every twenty updates, first says yes; or infinity."""
    return 20.0 * np.flatnonzero(learned)[0] if learned.any() else np.inf


STYLES = {"plain": ("gray", "-."), "GRU": ("#0072B2", "-"), "LSTM": ("#D55E00", "--")}


def compare(title, D, train, updates, is_learned, ax):
    """Train every contestant on every seed; print a table, draw the bands, return the curves."""
    print(f"{title}\n{'cell':8}{'H':>4}{'parameters':>12}{'ms/update':>11}   updates until learned, seed by seed")
    curves = {}
    for name, make in contestants(D).items():
        runs = [train(make, seed, updates) for seed in range(SEEDS)]
        cell, curves[name] = make(np.random.default_rng(0)), np.array([curve for _, curve, _ in runs])
        reached = [first_update(is_learned(curve)) for curve in curves[name]]
        told = "  ".join("never" if np.isinf(u) else f"{u:5.0f}" for u in reached)
        print(f"{name:8}{cell.hidden_size:4}{cell.num_parameters():12,}{np.median([ms for *_, ms in runs]):11.1f}   {told}")
        steps, (colour, style) = 20 * np.arange(updates // 20 + 1), STYLES[name]
        ax.fill_between(steps, curves[name].min(axis=0), curves[name].max(axis=0), color=colour, alpha=0.2)
        ax.plot(steps, np.median(curves[name], axis=0), style, color=colour, label=f"{name}, H = {cell.hidden_size}")
    print()
    ax.set(xlabel="update", title=title)
    ax.legend(fontsize=8)
    return curves


if check.passed("gru-cell", "text-classifier", "match-hidden") and trains():
    figure, axes = plt.subplots(1, 2, figsize=(11, 3.6), layout="constrained")
    adding_curves = compare("adding", 2, train_adder, 240, lambda error: error < 0.02, axes[0])
    sentiment_curves = compare("sentiment", 8, train_reader, 160, lambda right: right >= 0.97, axes[1])
    for height in (0.02, 1 / 6):
        axes[0].axhline(height, color="black", linestyle=":", linewidth=1)
    axes[0].set(yscale="log", ylabel="squared error on fresh sequences")
    axes[1].axhline(0.97, color="black", linestyle=":", linewidth=1)
    axes[1].set_ylabel("right, of fresh texts")
    plt.show()

# %% [markdown] id="comparison-question"
# (Dotted: what counts as learned, and for adding also the error of always saying 1.)
#
# Whichever median came first in your run: does that make it the better cell? Larger studies found sometimes the one ahead,
# sometimes the other, mostly neither. Look at what you have: two toy tasks of at most twenty steps, one size,
# one optimiser, five seeds.
#
# ### Question `comparison` · 10 points, read by a person
#
# *Is the GRU better than the LSTM?* Answer in eight to twelve sentences, with the numbers of your own
# runs, over at least five seeds. (Without an LSTM, compare with the plain cell.)
#
# 1. What was made equal, what was not, and for which of your statements does that matter?
# 2. Updates until learned, and milliseconds for an update: give medians *and* ranges. Do the ranges
#    overlap? With five seeds, what difference would you have believed?
# 3. Change **one** thing of the design (the size, the learning rate, the length, the task, the seeds) and run again.
#    Which of your statements survive?
# 4. Name two things that your evidence does **not** show, and say what one would have to run to show one of them.
#
# (Two points for stating the design, three for numbers with their spread read correctly, two for the
# change, three for the limits. Which of the cells you prefer is worth nothing.)

# %% [markdown] kind="written" id="comparison" points=10
# *Your answer goes here, in place of this line.*

# %% [markdown] id="end"
# ## What you have now
#
# - A GRU saves a gate and a state: one gate says keep *or* replace, the other what the candidate may see.
#   At equal sizes it has three quarters of an LSTM's parameters.
# - Formulas of one name differ: the sense of $z$ is a convention that a change of sign translates, the
#   place of $r$ is not.
# - What an answer is sensitive to is not what it rests on: exchange the word before you believe the gradient.
# - Padding is a promise. A text's answer must not depend on its neighbours in the batch.
# - A comparison says what was held equal, shows the spread over seeds, and ends with what it does not show.
#
# Batches of unequal lengths need more than a mask: the next assignment packs them, and reads them from
# both ends.
#
# **To read on.** K. Cho and others, *Learning phrase representations using RNN encoder–decoder* (2014), where
# the unit comes from; J. Chung and others, *Empirical evaluation of gated recurrent neural networks on
# sequence modeling* (2014), an early comparison with LSTM; K. Greff and others, *LSTM: a search space
# odyssey* (2017), on what it takes to compare cells: 5,400 runs.
