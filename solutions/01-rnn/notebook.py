# %% [markdown] id="title"
# # 1 · Recurrent networks: memory from one shared step
#
# At the end of this notebook a network that you wrote yourself, cell, gradients, clipping and
# training step, reads English one character at a time and then writes some, beginning with "the".
# This is what it wrote before training, and after two and ten seconds of it on one processor core:
#
# ```text
#  0 s  the m)"!tsdwjyp\np n'vmdl )dohfzypnpa!ocagvx?s?k?aw:l'tp)r(i.bp;(h;'j-o.vb"ovizdkqzwkrpmqimqx,t
#  2 s  the cas it af exprestion or dofor it the refurt the "argutere the name is relor" and as "case
# 10 s  the the namespace operator subpattern and in the memation or new the loop a method object is a
# ```
#
# Nobody told it what a word is. It has 128 numbers of memory, and one small function that it
# applies again and again. On the way you will see where the gradient of such a function goes when
# it is applied fifty times: usually to zero, sometimes to infinity, and what can be done about the
# second.
#
# | part | you write | points |
# |---|---|---:|
# | 2 · The cell | `RNNCell` | 20 |
# | 3 · Unrolling | `rnn_forward` | 10 |
# | 4 · Backwards through time | `rnn_backward` | 25 |
# | 7 · Clipping | `clip_grad_value`, `clip_grad_norm` | 5 + 15 |
# | 8 · A training step | `train_step` | 10 |
# | 9 · Learning | nothing more: echo, parity and boom must now be learned | 15 |
#
# Six to seven hours. Every part can be read without having solved the one before; pictures that
# need your code say so until it is there.

# %% kind="define" id="imports"
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # our matrices are small: threads would only wait for each other

import numpy as np

from minigrad import Tensor, no_grad, relu, tanh
from minigrad.functional import binary_cross_entropy_with_logits, cross_entropy, mse
from minigrad.nn import Embedding, Linear, Module, Parameter, Recurrent, init
from minigrad.optim import SGD, Adam

# %% kind="lab" id="harness"
from minigrad.grading.notebook.checks import checks

check = checks("01-rnn", globals())

# %% [markdown] id="how-it-works"
# **How checking works.** After each exercise a cell `check("…")` compares your code with known
# values and shows what differs. Those are the *public* checks. Grading runs them again on other
# numbers, together with *hidden* ones, which test the same sentences more strictly; the sentences
# stand in a list above each exercise. Nothing else is asked, and nothing that is not said. How you
# write a function is up to you; its name, arguments and results are not, because the checks call it.
#
# Run the cells above first, and again whenever the kernel was started anew: until then, a cell that
# needs them ends in a `NameError`, such as `name 'check' is not defined`.
#
# ## Notation
#
# | | |
# |---|---|
# | $B, T, D, H$ | batch size, number of time steps, size of an input, size of the hidden state |
# | `x` (B, T, D) | a batch of sequences; `x[:, t]` (B, D) is what is read at step $t$ |
# | `h` (B, H) | the hidden state, one row for each sample; `hs` (B, T, H) all of them |
# | `mask` (B, T) | where a sequence has an entry that counts |
# | $\bar h$, `dh` | the gradient $\partial L/\partial h$, always of the shape of `h` |
# | $\odot$ | product entry by entry |
#
# Our samples are **rows**. Most books write samples as columns, which transposes everything:
#
# | | a step | shapes |
# |---|---|---|
# | here | $h' = f(x W_x + h W_h + b)$ | $W_x$ (D, H), $W_h$ (H, H), $b$ (H,) |
# | textbook | $h_t = f(W_{hx} x_t + W_{hh} h_{t-1} + b)$ | $W_{hx} = W_x^\top$ (H, D), $W_{hh} = W_h^\top$ |
# | textbook, joined | $h_t = f(W \cdot [h_{t-1}, x_t] + b)$ | $W = [\,W_h^\top \;\; W_x^\top\,]$ (H, H + D) |
# | PyTorch | `weight_ih`, `weight_hh`, and two biases that add up | $W_x^\top$, $W_h^\top$, $b$ = `bias_ih + bias_hh` |
# | Keras | `kernel`, `recurrent_kernel`, `bias` | $W_x$, $W_h$, $b$ |

# %% kind="lab" id="helpers"
import time
import warnings

import matplotlib.pyplot as plt

# %% [markdown] id="why-memory"
# ## 1 · Why memory
#
# Read this row of bits from left to right and say after each one whether the number of ones so far
# is odd:
#
# $$ 0\;\;1\;\;1\;\;0\;\;1\;\;\ldots \qquad\longrightarrow\qquad
#    \text{even}\;\;\text{odd}\;\;\text{even}\;\;\text{even}\;\;\text{odd}\;\;\ldots $$
#
# You did not look back. You kept one bit in mind, *odd or even*, and a rule: a one flips it, a zero
# leaves it. A network that sees only the current bit cannot do this, however large it is: the same
# input asks for different outputs. One that sees a window of the last five bits fails as soon as
# the answer depends on the sixth. What is needed is a **state** that is carried along, and a rule
# for updating it which is the same at every step:
#
# $$ h_t = \text{step}(x_t, h_{t-1}), \qquad h_0 = 0. $$
#
# Because the rule is shared, a sequence may have any length, and what is learned at one position
# holds at all of them. Three tasks will accompany us, each small enough to be learned in seconds:
#
# | task | input at each step | wanted | why |
# |---|---|---|---|
# | **echo** | a bit | the bit from ten steps ago | needs ten bits of memory, moved along like a queue |
# | **parity** | a bit | whether the number of ones so far is odd | needs one bit, but a sharp rule for changing it |
# | **boom** | one of four commands | a smooth curve in the plane that follows them | easy, but we start it from weights that explode |

# %% [markdown] id="the-cell"
# ## 2 · The cell
#
# The simplest step that can learn something mixes what it reads with what it remembers, shifts
# the result and squashes it:
#
# $$ a = x W_x + h W_h + b, \qquad h' = f(a), \qquad f = \tanh \text{ unless said otherwise.} $$
#
# $W_x$ decides what of the input is noticed, $W_h$ what of the old state goes where, and $f$ keeps
# the numbers bounded (without it, $T$ steps would be one matrix product, and no rule like "a one
# flips the bit" could be written). Shapes are half the battle, so say them aloud:
# (B, D) · (D, H) and (B, H) · (H, H) are both (B, H), and `b` (H,) is added to every row.
#
# How it starts matters, because the state goes through $W_h$ at every step. If $W_h$ is
# **orthogonal**, it turns the state without making it longer or shorter. $W_x$ meets every input
# once only, so the usual Glorot draw (variance $2/(D+H)$) will do; the bias starts at zero.
#
# ### Exercise `rnn-cell` · 20 points
#
# `Module` collects every `Parameter` that you set as an attribute, which is how optimisers find
# them. `init.glorot(shape, rng, dtype)` and `init.orthogonal(shape, rng, dtype)` draw arrays.
# Tensors know `@`, `+`, and `activation` is a function from Tensor to Tensor.
#
# What the checks ask:
#
# - The parameters are `W_x` (D, H), `W_h` (H, H) and `b` (H,) in `dtype`; `initial_state(B)` is zeros of shape (B, H) in that dtype.
# - They start as Glorot (`W_x`), orthogonal (`W_h`) and zero (`b`), drawn from `rng`.
# - The new state is `activation(x @ W_x + h @ W_h + b)`, whatever the activation.
# - What a step gives depends on x, the state that it is given and the parameters alone, and `initial_state(B)` on B: a cell keeps nothing from one call to the next.
# - The gradient reaches every parameter, the inputs and the first state, through all time steps.
#
# The checks write their own numbers into the parameters (`cell.W_x.data[...] = …`), so read
# them at every call and keep no copy of them.

# %% kind="solution" id="rnn-cell"
class RNNCell(Module):
    """h' = activation(x W_x + h W_h + b), for x (B, D) and h (B, H)."""

    def __init__(self, input_size, hidden_size, *, activation=tanh, rng=None, dtype=np.float64):
        self.hidden_size = hidden_size
        self.activation = activation
        rng = np.random.default_rng() if rng is None else rng
        ### BEGIN SOLUTION
        ### STUB: self.W_x = ...  # a Parameter (D, H)
        ### STUB: self.W_h = ...  # a Parameter (H, H)
        ### STUB: self.b = ...  # a Parameter (H,)
        self.W_x = Parameter(init.glorot((input_size, hidden_size), rng, dtype))
        self.W_h = Parameter(init.orthogonal((hidden_size, hidden_size), rng, dtype))
        self.b = Parameter(np.zeros(hidden_size, dtype))
        ### END SOLUTION

    def initial_state(self, batch):
        """The state before the first step: zeros (B, H) in the parameters' dtype."""
        ### BEGIN SOLUTION
        return Tensor(np.zeros((batch, self.hidden_size), self.b.dtype))
        ### END SOLUTION

    def __call__(self, x, h):
        """One step: x (B, D) and h (B, H) to the new state (B, H)."""
        ### BEGIN SOLUTION
        return self.activation(x @ self.W_x + h @ self.W_h + self.b)
        ### END SOLUTION

# %% kind="check" id="rnn-cell-check" exercise="rnn-cell" points=20
check("rnn-cell")

# %% [markdown] id="unrolling"
# ## 3 · Unrolling
#
# A recurrent network is drawn with a loop, but it runs as a chain. Pull the loop straight and you
# see an ordinary deep network, as deep as the sequence is long, with two peculiarities: every layer
# has the *same* weights, and every layer has an input and an output of its own.
#
# ```text
#        hs[:, 0]        hs[:, 1]        hs[:, 2]           the states
#           ↑               ↑               ↑
#  h0 ─→ [ step ] ──h─→ [ step ] ──h─→ [ step ] ──h─→ …    one set of weights
#           ↑               ↑               ↑
#        x[:, 0]         x[:, 1]         x[:, 2]            the inputs
# ```
#
# For the next two exercises we leave the tape aside and work with plain NumPy arrays and
# $f = \tanh$, because we want to see the gradient being made. The forward pass returns the states
# and a `cache`: whatever your backward pass will want to look up. `(x, h0, hs, W_x, W_h)` has all of
# it; if you would rather keep something else, come back when you know what you need.
#
# ### Exercise `rnn-forward` · 10 points
#
# `rnn_forward(x, h0, W_x, W_h, b)` returns `hs, cache`.
#
# What the checks ask:
#
# - `hs` is (B, T, H), batch first; it has the inputs' dtype, and none of the arguments is changed.
# - `hs[:, t]` is the state after reading `x[:, t]`, and the step before the first one left `h0`.

# %% kind="solution" id="rnn-forward"
def rnn_forward(x, h0, W_x, W_h, b):
    """x (B, T, D) and h0 (B, H) to the states hs (B, T, H), and a cache for rnn_backward."""
    ### BEGIN SOLUTION
    batch, steps, _ = x.shape
    hs = np.empty((batch, steps, h0.shape[1]), h0.dtype)
    h = h0
    for t in range(steps):
        h = np.tanh(x[:, t] @ W_x + h @ W_h + b)
        hs[:, t] = h
    return hs, (x, h0, hs, W_x, W_h)
    ### END SOLUTION

# %% kind="check" id="rnn-forward-check" exercise="rnn-forward" points=10
check("rnn-forward")

# %% [markdown] id="impulse-text"
# How long does a state remember? Kick it once at the first step, send nothing afterwards, and
# watch. Below, $W_h = \rho Q$ with an orthogonal $Q$: at every step the state is turned by $Q$ and
# made longer or shorter by $\rho$.

# %% kind="lab" id="lab-impulse"
if check.passed("rnn-forward"):
    figure, axes = plt.subplots(1, 3, figsize=(10, 2.6), sharey=True)
    for ax, rho in zip(axes, (0.7, 1.0, 1.3), strict=True):
        rng = np.random.default_rng(1)
        kick = np.zeros((1, 40, 4))
        kick[0, 0] = 0.5
        W_x, W_h = init.glorot((4, 16), rng), rho * init.orthogonal((16, 16), rng)
        hs, _ = rnn_forward(kick, np.zeros((1, 16)), W_x, W_h, np.zeros(16))
        ax.imshow(hs[0].T, cmap="RdBu", vmin=-0.6, vmax=0.6, aspect="auto")
        ax.set(title=f"$\\rho$ = {rho}", xlabel="step $t$", yticks=[0, 5, 10, 15])
    axes[0].set_ylabel("entry of $h_t$")
    figure.suptitle("One kick at $t = 0$: forgotten, kept for a while, never calm again", y=1.08)
    plt.show()

# %% [markdown] id="bptt-1"
# ## 4 · Backwards through time
#
# We want the gradient of a loss $L$ that looks at *all* states. What arrives from the loss is
# `dhs` (B, T, H): $g_t = \partial L/\partial h_t$ as far as the loss looks at $h_t$ *directly*. What
# we must find is the gradient of everything that went in. Take it in three steps.
#
# **One step, $T = 1$.** With $a = x W_x + h_0 W_h + b$ and $h_1 = \tanh(a)$, and because
# $\tanh' = 1 - \tanh^2$,
#
# $$ \delta = g_1 \odot (1 - h_1^2) \qquad (B, H) $$
#
# is the gradient at $a$. From there every path is a matrix product, and shapes alone tell which:
#
# $$ \bar x = \delta W_x^\top, \quad \bar h_0 = \delta W_h^\top, \quad
#    \bar W_x = x^\top \delta, \quad \bar W_h = h_0^\top \delta, \quad \bar b = \textstyle\sum_B \delta . $$
#
# Note that the derivative of tanh is written with its *output*: the forward pass has it already.
#
# **Two steps, $T = 2$.** Now $h_1$ is used twice: the loss looks at it, and step 2 continues from
# it. A value that is used twice gets the *sum* of what its uses send back:
#
# $$ \delta_2 = g_2 \odot (1 - h_2^2), \qquad \bar h_1 = g_1 + \delta_2 W_h^\top, \qquad
#    \delta_1 = \bar h_1 \odot (1 - h_1^2). $$
#
# And the weights are used twice too, once in each step; so
#
# $$ \bar W_h = h_0^\top \delta_1 + h_1^\top \delta_2, \qquad
#    \bar W_x = x_1^\top \delta_1 + x_2^\top \delta_2, \qquad
#    \bar b = \textstyle\sum_B (\delta_1 + \delta_2). $$
#
# In $\bar W_h$ stands the state that a step *started* from, not the one it made.

# %% [markdown] id="bptt-t"
# **Any number of steps.** Nothing new happens. Walk from the last step to the first, carry along
# what the later steps send back, and at each step add, squash, hand on:
#
# $$ \bar h_t = g_t + \delta_{t+1} W_h^\top, \qquad
#    \delta_t = \bar h_t \odot (1 - h_t^2), \qquad \delta_{T+1} = 0, $$
#
# $$ \bar x_t = \delta_t W_x^\top, \qquad
#    \bar W_x = \sum_t x_t^\top \delta_t, \qquad
#    \bar W_h = \sum_t h_{t-1}^\top \delta_t, \qquad
#    \bar b = \sum_t \sum_B \delta_t, \qquad
#    \bar h_0 = \delta_1 W_h^\top . $$
#
# This is *backpropagation through time*: the chain rule on the unrolled network. (The formulas
# count steps from 1, so that $h_0$ is the first state; the arrays count from 0, so `hs[:, t]` is
# $h_{t+1}$.)
#
# ### Exercise `rnn-backward` · 25 points
#
# `rnn_backward(dhs, cache)` returns `dx, dh0, dW_x, dW_h, db`, in plain NumPy. It is checked with
# the cache of your own `rnn_forward` where that gives the right states, else with the one proposed
# above. So if you keep to that one, a mistake in the states costs nothing here; if you keep another,
# get `rnn_forward` right first. What the cache holds counts here and not there.
#
# What the checks ask:
#
# - Every gradient has the shape of what it is the gradient of.
# - A state gets the sum of what the loss sends it and what the next step sends back; shared weights get the sum over all steps and samples.
# - A loss that looks at the last state alone still reaches the first state and every input.
# - The tape is not used, and the numbers stay right at H = 32 over T = 50 steps.
# - Neither `dhs` nor the cache is changed, so calling it twice gives the same.

# %% kind="solution" id="rnn-backward"
def rnn_backward(dhs, cache):
    """dhs (B, T, H) and the cache of rnn_forward to dx, dh0, dW_x, dW_h, db."""
    ### BEGIN SOLUTION
    x, h0, hs, W_x, W_h = cache
    dx = np.empty_like(x)
    dW_x, dW_h = np.zeros_like(W_x), np.zeros_like(W_h)
    db = np.zeros_like(W_h[0])
    dh = np.zeros_like(h0)
    for t in reversed(range(x.shape[1])):
        before = hs[:, t - 1] if t > 0 else h0
        dh = dh + dhs[:, t]
        da = dh * (1 - hs[:, t] ** 2)
        dx[:, t] = da @ W_x.T
        dW_x += x[:, t].T @ da
        dW_h += before.T @ da
        db += da.sum(axis=0)
        dh = da @ W_h.T
    return dx, dh, dW_x, dW_h, db
    ### END SOLUTION

# %% kind="check" id="rnn-backward-check" exercise="rnn-backward" points=25
check("rnn-backward")

# %% [markdown] id="equals-tape-text"
# **The tape does the same.** `RNNCell` never heard of these formulas: minigrad wrote down every
# operation of the forward pass and walked back over the list. You have just walked back by hand.
# The two must agree to the last few bits.

# %% kind="lab" id="lab-tape"
if check.passed("rnn-cell", "rnn-forward", "rnn-backward"):
    rng = np.random.default_rng(2)
    cell = RNNCell(3, 8, rng=rng)
    x, h0, g = (Tensor(rng.standard_normal(s), requires_grad=True) for s in ((5, 20, 3), (5, 8), (5, 20, 8)))
    h, L = h0, 0.0
    for t in range(20):
        h = cell(x[:, t], h)
        L = L + (h * g.data[:, t]).sum()
    L.backward()
    _, cache = rnn_forward(x.data, h0.data, cell.W_x.data, cell.W_h.data, cell.b.data)
    leaves = {"dx": x, "dh0": h0, "dW_x": cell.W_x, "dW_h": cell.W_h, "db": cell.b}
    for (name, leaf), by_hand in zip(leaves.items(), rnn_backward(g.data, cache), strict=True):
        if leaf.grad is None:
            print(f"{name:5}{by_hand.shape!s:12} the tape brings no gradient here: something in your cell leaves it")
        else:
            print(f"{name:5}{by_hand.shape!s:12} largest difference from the tape: {np.abs(by_hand - leaf.grad).max():.1e}")

# %% [markdown] id="predict"
# ## 5 · Gradients scale like ρᵀ
#
# Look again at how a gradient travels: $\bar h_{t-1} = (\bar h_t \odot (1 - h_t^2))\, W_h^\top$. It
# is multiplied by $W_h^\top$ once for each step, and by a factor $1 - h^2 \le 1$ for each entry. Let
# the loss look at the last state only, let $W_h = \rho Q$ with $Q$ orthogonal, and for a moment let
# $f$ be the identity. Then
#
# $$ \frac{\lVert \partial L/\partial h_0 \rVert}{\lVert \partial L/\partial h_T \rVert} = \rho^T
#    \quad\text{exactly.} $$
#
# **Predict before you run.** For $T = 50$: what is the ratio at $\rho = 0.9$, at $\rho = 1.1$? With
# tanh instead of the identity: which of these grow, which shrink, and at which $\rho$ would you
# expect the gradient to survive fifty steps? Write down powers of ten; being wrong on paper is how
# one gets a feeling for it.

# %% kind="solution" id="prediction"
# Your guesses of the ratio, as numbers such as 1e-3. They are not graded; the next cell shows them
# beside what is measured. Leave None where you have no idea.
guess_linear = {0.5: None, 0.9: None, 1.0: None, 1.1: None, 1.5: None}
guess_tanh = {0.9: None, 1.0: None, 1.1: None, 1.5: None, 2.0: None}

# %% kind="lab" id="lab-rho"
T, H, SEEDS = 50, 32, 20
MEASURED_BEFORE = {  # what the authors of this notebook got, from the same seeds
    ("linear", 0.5): 8.9e-16, ("linear", 0.9): 5.2e-3, ("linear", 1.0): 1.0, ("linear", 1.1): 117, ("linear", 1.5): 6.4e8,
    ("tanh", 0.9): 5.1e-8, ("tanh", 1.0): 3.1e-6, ("tanh", 1.1): 9.5e-5, ("tanh", 1.5): 0.76, ("tanh", 2.0): 667,
}


def gradient_norms(activation, rho, seed):
    """The norms of the gradient at h_0 ... h_T, mean over 16 samples, divided by the last one."""
    rng = np.random.default_rng([5, seed])
    cell = RNNCell(4, H, activation=activation)
    cell.W_h.data[...] = rho * init.orthogonal((H, H), rng)
    cell.W_x.data[...] = init.glorot((4, H), rng)
    x, u = rng.standard_normal((T, 16, 4)), rng.standard_normal((H, 1)) / np.sqrt(H)
    states = [Tensor(np.zeros((16, H)), requires_grad=True)]
    for t in range(T):
        states.append(cell(x[t], states[-1]))
        states[-1].retain_grad()
    (states[-1] @ u).mean().backward()
    norms = np.array([0.0 if h.grad is None else np.linalg.norm(h.grad, axis=1).mean() for h in states])
    return norms / norms[-1]


def guessed(kind, rho):
    """Your guess as a number; None where there is none."""
    try:
        return float(globals()[f"guess_{kind}"][rho])
    except (KeyError, TypeError, ValueError):
        return None


if check.passed("rnn-cell"):
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.6), sharey=True)
    print("ratio of the gradient at h_0 to that at h_T, median of 20 seeds\n")
    print(f"{'f':8}{'rho':>4}{'rho^T':>10}{'measured':>10}{'authors':>10}{'you':>10}")
    for ax, (kind, f) in zip(axes, (("linear", lambda a: a), ("tanh", tanh)), strict=True):
        for rho in (rho for drawn, rho in MEASURED_BEFORE if drawn == kind):
            norms = np.median([gradient_norms(f, rho, seed) for seed in range(SEEDS)], axis=0)
            line, = ax.semilogy(norms, label=f"$\\rho$ = {rho}")
            ax.semilogy(rho ** (T - np.arange(T + 1.0)), ":", color=line.get_color(), linewidth=1)
            guess, before = guessed(kind, rho), MEASURED_BEFORE[kind, rho]
            mine = "" if guess is None else f"{guess:10.1e}"
            print(f"{kind:8}{rho:4}{rho**T:10.1e}{norms[0]:10.1e}{before:10.1e}{mine:>10}")
        ax.set(title=f"{kind} (dotted: $\\rho^{{T-t}}$)", xlabel="step $t$", ylim=(1e-17, 1e12))
        ax.legend(fontsize=8)
    axes[0].set_ylabel(r"$\|\partial L/\partial h_t\|\;/\;\|\partial L/\partial h_T\|$")
    plt.show()

# %% [markdown] id="rho-lesson"
# Three things to take away.
#
# 1. Without the squashing, $\rho^T$ is not an estimate, it is the answer: at $\rho = 0.5$ the first
#    state gets $9 \cdot 10^{-16}$ of the gradient, at $\rho = 1.5$ six hundred million times as much.
#    Only $\rho = 1$, kept exactly, lets it through.
# 2. tanh shrinks the gradient further, because $1 - h^2 < 1$ wherever the state is not zero. Even
#    the orthogonal start, $\rho = 1$, loses a factor of 300,000 in fifty steps. To break even one
#    would need $\rho \approx 1.5$, and that only for these inputs.
# 3. Nothing here was learned yet. Training moves $W_h$, and with it the fate of all gradients.
#
# A gradient that **vanishes** makes the network deaf: it does not learn from what is long past, and
# no error message appears. The next assignment, on the LSTM, is about that. A gradient that
# **explodes** is louder, and can be cured in five lines.

# %% [markdown] id="boom-text"
# ## 6 · Boom
#
# An easy task: the input is one of four commands, the wanted output a point in the plane that
# glides towards a target for each command. But we start badly on purpose: ReLU in place of tanh, so
# that nothing bounds the state, $W_h = 2Q$, so that a gradient can double with each of the 24 steps,
# and plain gradient descent with a bold learning rate. $2^{24}$ is seventeen million.

# %% kind="lab" id="lab-boom"
from minigrad.data import boom


class Reader(Module):
    """A cell over time, and a linear layer that reads the state at every step."""

    def __init__(self, cell, outputs, rng):
        self.recurrent, self.head = Recurrent(cell), Linear(cell.hidden_size, outputs, rng=rng)

    def __call__(self, x):
        return self.head(self.recurrent(x)[0])


def run_boom(clip, updates=400, seed=0):
    """Losses and gradient norms, update by update, until the loss is no number any more."""
    rng = np.random.default_rng(seed)
    model = Reader(RNNCell(4, 16, activation=relu, rng=rng), 2, rng)
    model.recurrent.cell.W_h.data[...] *= 2
    optimizer, losses, norms = SGD(model.parameters(), lr=0.2), [], []
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        while len(losses) < updates and (not losses or np.isfinite(losses[-1])):
            batch = boom(rng, 16)
            optimizer.zero_grad()
            loss = mse(model(batch.x), batch.y)
            loss.backward()
            norms.append(np.sqrt(sum(np.sum(p.grad**2) for p in model.parameters())))
            clip(list(model.parameters()))
            optimizer.step()
            losses.append(float(loss.data))
    return np.array(losses), np.array(norms)


if check.passed("rnn-cell"):
    losses, norms = run_boom(clip=lambda parameters: None)
    print("update  loss        norm of the gradient")
    for i in range(min(8, len(losses))):
        print(f"{i:6}  {losses[i]:<10.3g}  {norms[i]:.3g}")
    print(f"after {len(losses) - 1} updates the loss is {losses[-1]}")

# %% [markdown] id="clipping"
# ## 7 · Clipping
#
# The direction of such a gradient is not the trouble: downhill is downhill. Its *length* is: it
# describes a cliff, and a step of that length lands far beyond it, where the next gradient is
# larger still. So keep the direction and limit the length. Lay all gradients of all parameters
# end to end in one long vector with norm $n$, and if $n$ exceeds a limit $c$, scale:
#
# $$ n = \sqrt{\sum_p \sum_i g_{p,i}^2}, \qquad g_p \leftarrow g_p \cdot \frac{c}{n} \quad \text{if } n > c. $$
#
# A cruder way cuts every entry at $\pm c$. It bends the direction (large entries are cut, small
# ones are not), but needs no norm. You write both; the cruder one first.
#
# ### Exercise `clip-value` · 5 points
#
# `clip_grad_value(parameters, clip_value)` returns nothing. What the checks ask:
#
# - Every entry of every gradient ends in [−c, c], and an entry that was inside stays as it was, bit for bit.
# - It works in place, on the same arrays in the same dtype, skips parameters whose `grad` is None, and takes any iterable of parameters, a generator too.
# - c = 0 gives zeros, and a negative c raises ValueError.

# %% kind="solution" id="clip-value"
def clip_grad_value(parameters, clip_value):
    """Limit every entry of every gradient to [-clip_value, clip_value], in place."""
    ### BEGIN SOLUTION
    ### STUB: return ...
    if clip_value < 0:
        raise ValueError(f"clip_value must not be negative, got {clip_value}")
    for p in parameters:
        if p.grad is not None:
            np.clip(p.grad, -clip_value, clip_value, out=p.grad)
    ### END SOLUTION

# %% kind="check" id="clip-value-check" exercise="clip-value" points=5
check("clip-value")

# %% [markdown] id="clip-norm-text"
# ### Exercise `clip-norm` · 15 points
#
# `clip_grad_norm(parameters, max_norm)` returns a float. It is a small function with many ways to
# be nearly right. Take gradients (3, 0) and (0, 4) with $c = 1$: together they have norm 5, so they
# become (0.6, 0) and (0, 0.8). Clipping each by itself would give (1, 0) and (0, 1): another
# direction.
#
# What the checks ask:
#
# - All gradients together are one long vector whose norm decides; neither the order nor the splitting of parameters matters, and a parameter listed twice counts and is scaled once.
# - If the norm exceeds c, the direction stays and the norm becomes c; clipping once more changes nothing that matters.
# - If the norm is below c, nothing changes, not one bit.
# - It returns the norm before clipping, a float.
# - It works in place, on the same arrays in the same dtype; squares are summed in float64, so that float32 gradients of 1e20 have a norm.
# - Parameters whose `grad` is None are skipped, no gradients at all have norm 0, zero gradients stay zero, and any iterable will do, a generator too.
# - c = 0 gives zeros, also of zeros, and a negative c raises ValueError.
#
# Compared to within a relative 1e-5, so that `c / n` and PyTorch's `c / (n + 1e-6)` are both right; and with no
# norm so little below c that the two differ in what they leave alone.

# %% kind="solution" id="clip-norm"
def clip_grad_norm(parameters, max_norm):
    """Scale all gradients together, in place, to a norm of at most max_norm; the norm before."""
    ### BEGIN SOLUTION
    ### STUB: return ...
    if max_norm < 0:
        raise ValueError(f"max_norm must not be negative, got {max_norm}")
    kept = {id(p): p for p in parameters if p.grad is not None}.values()
    norm = float(np.sqrt(sum(np.sum(p.grad.astype(np.float64) ** 2) for p in kept)))
    if norm > max_norm:
        for p in kept:
            p.grad *= max_norm / norm
    return norm
    ### END SOLUTION

# %% kind="check" id="clip-norm-check" exercise="clip-norm" points=15
check("clip-norm")

# %% [markdown] id="rescue-text"
# Now the same badly started network again, same seed, with three ways of limiting its gradient.

# %% kind="lab" id="lab-rescue"
if check.passed("rnn-cell", "clip-value", "clip-norm"):
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.4))
    for label, clip in (
        ("not clipped", lambda parameters: None),
        ("by value, c = 1", lambda parameters: clip_grad_value(parameters, 1.0)),
        ("by norm, c = 1", lambda parameters: clip_grad_norm(parameters, 1.0)),
    ):
        losses, norms = run_boom(clip)
        print(f"{label:16} {len(losses):4} updates, last loss {losses[-1]:.3g}")
        at_once = len(losses) < 20  # no curve, but where it left the picture
        style, told = ("^", f"{label}: beyond the numbers after {len(losses)} updates") if at_once else ("-", label)
        with np.errstate(all="ignore"):
            axes[0].plot(np.clip(losses, 1e-3, 1e3), style, label=told)
            axes[1].plot(np.clip(norms, 1e-3, 1e9), style)
    axes[0].axhline(0.02, color="gray", linestyle=":", label="learned")
    axes[0].set(yscale="log", title="loss", xlabel="update")
    axes[1].set(yscale="log", title="norm of the gradient before clipping", xlabel="update")
    axes[0].legend(fontsize=8)
    plt.show()

# %% [markdown] id="rescue-lesson"
# The first gradient has a norm of about a hundred million. Followed at full length, it throws the
# weights so far that at the next batch the loss is no number. Clipped, it is a step of ordinary
# length in the same direction; a handful of those lead away from the cliff, and from then on the
# norm is mostly below $c$ and clipping does nothing at all. That is what it is for: not to make
# training better, but to survive the few steps that would end it.
#
# That was one start. Of sixteen (`seed=0` to `seed=15` in `run_boom`) fourteen leave the numbers within four
# updates if nothing is clipped. And where a gradient points matters: from `seed=1` clipping by value, which
# bends it, does not learn the task in these 400 updates; clipping by norm does.
# (Optimisers that rescale each entry themselves, such as Adam, gain less from it.)

# %% [markdown] id="train-step-text"
# ## 8 · A training step
#
# All pieces are there. One update, in words: forget the old gradients, run the model, take the
# loss, walk back, limit the gradient if asked to, and let the optimiser move the parameters. The
# order is most of it: gradients *add up* in `p.grad` until someone clears them, and a gradient that is
# clipped after the step was clipped for nobody.
#
# ### Exercise `train-step` · 10 points
#
# `train_step(model, x, y, loss, optimizer, max_norm=None)` returns a float. `loss(model(x), y)` is a
# Tensor of one number; an optimiser has `zero_grad()` and `step()`. It is checked with a model of
# its own, not with your cell, and with a `clip_grad_norm` that is known to work and stands under that name.
#
# What the checks ask:
#
# - It returns the loss before the update, as a float and not a Tensor (which would keep the whole tape alive).
# - One call makes one update, from this batch's gradient alone, whatever gradients were left from before.
# - With `max_norm` the gradients are clipped by norm before the optimiser's step, with 0 to zeros; with None they are not.

# %% kind="solution" id="train-step"
def train_step(model, x, y, loss, optimizer, max_norm=None):
    """One update of the model's parameters on the batch (x, y); the loss before it."""
    ### BEGIN SOLUTION
    ### STUB: return ...
    optimizer.zero_grad()
    value = loss(model(x), y)
    value.backward()
    if max_norm is not None:
        clip_grad_norm(model.parameters(), max_norm)
    optimizer.step()
    return float(value.data)
    ### END SOLUTION

# %% kind="check" id="train-step-check" exercise="train-step" points=10
check("train-step")

# %% [markdown] id="learning-text"
# ## 9 · Learning
#
# Watch it work. Accuracy is measured on sequences that were never trained on, every ten updates;
# 0.5 is guessing.

# %% kind="lab" id="lab-learning"
from minigrad.data import echo, parity


def learn(task, hidden, lr, updates, seed):
    """Accuracy on fresh sequences, every ten updates."""
    rng = np.random.default_rng(seed)
    model = Reader(RNNCell(1, hidden, rng=rng), 1, rng)
    optimizer, accuracy, fresh = Adam(model.parameters(), lr=lr), [], task(rng, 128)

    def loss(logits, batch):
        return binary_cross_entropy_with_logits(logits, batch.y, batch.mask)

    for update in range(updates + 1):
        if update % 10 == 0:
            with no_grad():
                right = (model(fresh.x).data > 0) == (fresh.y > 0.5)
            accuracy.append(right[fresh.mask].mean())
        batch = task(rng, 32)
        train_step(model, batch.x, batch, loss, optimizer)
    return accuracy


if check.passed("rnn-cell", "train-step"):
    figure, ax = plt.subplots(figsize=(6, 3))
    for name, curve in (("echo", learn(echo, 16, 0.01, 150, 3)), ("parity", learn(parity, 32, 0.02, 250, 3))):
        print(f"{name:7} accuracy {curve[0]:.2f} before, {curve[-1]:.3f} after {10 * (len(curve) - 1)} updates")
        ax.plot(10 * np.arange(len(curve)), curve, label=name)
    ax.set(xlabel="update", ylabel="accuracy on fresh sequences", ylim=(0.4, 1.02))
    ax.legend()
    plt.show()

# %% [markdown] id="learned-text"
# ### Exercise `learned` · 15 points
#
# Nothing more to write. Your cell is trained by your `train_step` on the three tasks, each in a
# version of its own: other delays, other codes for the symbols, other starting weights. What was
# learned is then tried on fresh sequences. Each task waits for the checks that it builds on.
#
# - Echo is learned: the bit from 8 to 12 steps ago, right in at least 97 of 100 places.
# - Parity is learned: odd or even so far, right in at least 97 of 100 places.
# - Boom is learned, with clipping: a fresh curve is followed with a mean squared error below 0.02.

# %% kind="check" id="learned-check" exercise="learned" points=15
check("learned")

# %% [markdown] id="text-text"
# ## 10 · Text
#
# Now the toy becomes a machine that writes. The task could hardly be simpler to state: read a
# character, say which comes next. Classes are characters, the loss is cross-entropy, the text is
# English that Python brings along (its own reference manual). To write, we ask the model for the
# probabilities of the next character, draw one, and feed it back in.
#
# $$ p(c_1 \ldots c_n) = \prod_t p(c_t \mid c_1 \ldots c_{t-1}), \qquad
#    p(\,\cdot \mid c_1 \ldots c_{t-1}) = \mathrm{softmax}(h_t V + d). $$
#
# Whatever the model knows about the past has to fit into $h_t$. Run it and watch: first the
# frequencies of letters, then spaces at the right distances, then endings and short words, then
# long words of a programmer's English.

# %% kind="lab" id="lab-text"
import html

from IPython.display import HTML, DisplayHandle

from minigrad.data import characters

SECONDS = 10


class Writer(Module):
    """Characters in, logits of the next character out."""

    def __init__(self, vocabulary, rng):
        self.embedding = Embedding(vocabulary, 32, rng=rng)
        self.recurrent = Recurrent(RNNCell(32, 128, rng=rng))
        self.head = Linear(128, vocabulary, rng=rng)

    def __call__(self, tokens):
        return self.head(self.recurrent(self.embedding(tokens))[0])

    def write(self, vocabulary, start, length, rng, temperature=0.6):
        """Continue `start` by `length` characters, one at a time."""
        state, text = None, start
        with no_grad():
            for i in range(len(start) + length - 1):
                token = np.array([[vocabulary.index(text[i])]])
                outputs, state = self.recurrent(self.embedding(token), state)
                if i >= len(start) - 1:
                    logits = self.head(outputs).data[0, 0] / temperature
                    p = np.exp(logits - logits.max())
                    text += vocabulary[rng.choice(len(p), p=p / p.sum())]
        return text


def train_writer():
    book, rng = characters(), np.random.default_rng(0)
    tokens, vocabulary = book.encode(book.text), book.vocabulary
    model = Writer(len(vocabulary), rng)
    optimizer = Adam(model.parameters(), lr=0.006)
    print(f"{len(tokens):,} characters, {len(vocabulary)} different; {model.num_parameters():,} parameters\n")
    screen, shown, spent, update, average = DisplayHandle(), -1, 0.0, 0, np.log(len(vocabulary))
    screen.display(HTML(""))
    while True:
        if int(spent) > shown:
            shown = int(spent)
            sample = model.write(vocabulary, "the ", 90, np.random.default_rng(shown))
            line = f"{shown:3} s  {update:5} updates  {average:.2f} nats a character   {sample!r}"
            screen.update(HTML(f"<pre>{html.escape(line)}</pre>"))
            if shown in (0, 2, SECONDS):
                print(line)
        if spent > SECONDS:
            return model, vocabulary
        began = time.perf_counter()
        starts = rng.integers(0, len(tokens) - 33, 32)
        window = tokens[starts[:, None] + np.arange(33)]
        loss = train_step(model, window[:, :-1], window[:, 1:], cross_entropy, optimizer, max_norm=1.0)
        spent, update, average = spent + time.perf_counter() - began, update + 1, 0.98 * average + 0.02 * loss


if check.passed("rnn-cell", "clip-norm", "train-step"):
    writer, vocabulary = train_writer()

# %% [markdown] id="text-more"
# Let it write more, and turn the temperature: towards 0 it repeats its most probable phrase, above 1
# it babbles.

# %% kind="lab" id="lab-write"
if check.passed("rnn-cell", "clip-norm", "train-step"):
    for temperature in (0.3, 0.6, 1.0):
        print(f"--- temperature {temperature}")
        print(writer.write(vocabulary, "the ", 300, np.random.default_rng(7), temperature), "\n")

# %% [markdown] id="end"
# ## What you have now
#
# - A recurrent network is one small function applied again and again; sharing its weights is what
#   lets it read sequences of any length.
# - Backpropagation through time is the chain rule on the unrolled chain: add what comes from the loss
#   and from the next step, squash, hand on; sum the weights' gradients over all steps.
# - Over $T$ steps a gradient is scaled like $\rho^T$, and tanh shrinks it further. Clipping the norm
#   tames the explosion. Nothing in this notebook cures the vanishing.
#
# That cure, or what is often sold as one, is the next assignment: a cell with a conveyor belt for
# its memory, and gates that decide what gets on and off.
#
# **To read on.** R. Pascanu, T. Mikolov, Y. Bengio, *On the difficulty of training recurrent neural
# networks* (2013), for the two gradients and for clipping by norm. S. Hochreiter, J. Schmidhuber,
# *Long short-term memory* (1997), for what comes next.
