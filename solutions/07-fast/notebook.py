# %% [markdown] id="title"
# # 7 · Fast: where the time goes
#
# This notebook is optional. Nothing in it makes a network learn better. It is about a question that you may have asked
# yourself while a progress bar crept along: *what is it doing all that time?*
#
# At the end you will have drawn this picture. Each dot is something that the tape remembers of one LSTM pass: a column of
# sixteen for each of sixty-four steps, and one for putting the outputs side by side. On the right is what you will put in
# their place:
#
# ```text
#   on the tape, step by step                                              as one op
#
#   ································································
#   ································································
#   ································································
#   ································································
#   ································································
#   ································································
#   ································································
#   ································································  ·  ──→     ·
#   ································································
#   ································································
#   ································································
#   ································································
#   ································································
#   ································································
#   ································································
#   ································································
# ```
#
# The numbers are the same to the last few bits. What changes is that *you* write the backward pass, for the whole
# sequence, by hand, as in 01 but for an LSTM, and that whoever writes it can arrange it: what waits for
# nothing is computed for all steps at once, and what is summed over steps becomes one matrix product.
#
# | part | you write | points |
# |---|---|---:|
# | 2 · One step by hand | `lstm_step_backward` | 25 |
# | 3 · T steps | `lstm_sequence` | 45 |
# | 4 · One product | `weight_gradient` | 10 |
# | 5 · Masks | the same `lstm_sequence`, with a mask | 20 |
#
# Seven to eight hours, most of them with paper and pencil. **Time is shown, never scored**: a slow function with right
# gradients has all the points, but in part 4, where calls of a matrix product are counted. Every part can be read without having solved the one before; pictures that need your code
# say so until it is there.

# %% kind="define" id="imports"
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # our matrices are small: threads would only wait for each other

import numpy as np

from minigrad import Tensor, concatenate, op, sigmoid, stack, tanh, where

# %% kind="lab" id="harness"
from minigrad.grading.notebook.checks import checks

check = checks("07-fast", globals())

# %% [markdown] id="how-it-works"
# **How checking works.** As before: after each exercise a cell `check("…")` compares your code with known
# values and shows what differs. Grading runs those checks again on other numbers, together with hidden ones, which
# test the same sentences more strictly; the sentences stand in a list above each exercise. Nothing else is
# asked, and nothing that is not said. How your functions work inside is up to you. What one of them gets wrong is not
# held against those that call it: where a check needs another exercise that is not right yet, it brings its own. Masks
# are part of the same function as the sequence: what it gets wrong without a mask is taken out of what it gives with one,
# unless the mistake hangs on which step is the first or the last.
#
# ## Notation
#
# | | |
# |---|---|
# | $B, T, D, H$ | batch size, number of time steps, size of an input, size of the state |
# | `x` (B, T, D), `x[:, t]` (B, D) | a batch of sequences, and what is read at step $t$ |
# | `h`, `c` (B, H); `h0`, `c0` | the two states of an LSTM; those before the first step |
# | `u` (B, K), $K = H + D + 1$ | $[h, x, 1]$: the columns of h, of x, and one column of ones |
# | `W` (K, 4H) | all parameters in one matrix: rows for h, for x, and last the biases; columns for $g, f, i, o$ |
# | `a` (B, 4H) | $u W$, what goes into the gates |
# | `dh`, `dc`, `dx`, … | cotangents: the gradient of some number further on at $h$, $c$, $x$ |
# | `mask` (B, T) | True where a sequence has an entry, False in its padding |
# | $\odot$ | product entry by entry |
#
# The LSTM is that of 02, with the four matrices side by side and their biases as a last row, because that is one matrix product
# where there were four. The order is new: the **candidate $g$ first**, then forget, input and output gate,
#
# $$ [\,a_g, a_f, a_i, a_o\,] = [h, x, 1]\, W, \qquad g = \tanh a_g, \quad f, i, o = \sigma(a_f), \sigma(a_i), \sigma(a_o), $$
#
# $$ c' = f \odot c + i \odot g, \qquad h' = o \odot \tanh(c'). $$
#
# So the three σ lie side by side. And so do the three, $g, f, i$, through which $c'$ was made; you will meet that again.
#
# `tape_lstm` is this LSTM on the tape, step by step. It is slow, and it is right: what you write must agree with it.

# %% kind="define" id="tape-lstm"
def tape_lstm(x, h0, c0, W, mask=None):
    """The LSTM on the tape: Tensors x (B, T, D), h0 and c0 (B, H), W (K, 4H) to the outputs (B, T, H)."""
    H, h, c, outputs = h0.shape[1], h0, c0, []
    one = np.ones((h0.shape[0], 1), W.dtype)
    for t in range(x.shape[1]):
        a = concatenate([h, x[:, t], one], axis=1) @ W
        g, f, i, o = tanh(a[:, :H]), sigmoid(a[:, H : 2 * H]), sigmoid(a[:, 2 * H : 3 * H]), sigmoid(a[:, 3 * H :])
        c_new = f * c + i * g
        h_new = o * tanh(c_new)
        if mask is None:
            h, c = h_new, c_new
            outputs.append(h)
        else:
            here = mask[:, t, None]
            h, c = where(here, h_new, h), where(here, c_new, c)
            outputs.append(where(here, h_new, 0.0))
    return stack(outputs, axis=1)


def one_matrix(cell):
    """W (K, 4H) of an LSTMCell as you wrote it in 02; on the tape, so gradients reach the cell's own parameters."""
    weights = concatenate([cell.W_c, cell.W_f, cell.W_i, cell.W_o], axis=1)
    biases = concatenate([cell.b_c, cell.b_f, cell.b_i, cell.b_o])
    return concatenate([weights, biases.reshape(1, -1)])

# %% kind="lab" id="helpers"
import statistics
import time

import matplotlib.pyplot as plt

from minigrad.optim import Adam

SIZES = {"XS": (20, 16, 8, 32), "S": (50, 32, 16, 64), "M": (100, 64, 32, 128)}  # T, B, D, H


def milliseconds(work, least=5, allowed=0.6):
    """Time of one call of `work()`, the median of several."""
    work()
    taken, end = [], time.monotonic() + allowed
    while len(taken) < least or (time.monotonic() < end and len(taken) < 200):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return 1e3 * statistics.median(taken)


def problem(size, dtype=np.float32):
    """x, h0, c0, W and a target for the last state, for (T, B, D, H)."""
    (T, B, D, H), rng = size, np.random.default_rng(0)
    shapes = (B, T, D), (B, H), (B, H), (H + D + 1, 4 * H), (B, H)
    return [(rng.normal(size=shape) / np.sqrt(shape[0])).astype(dtype) for shape in shapes]


def training_step(layer, size):
    """A function that makes one step of training with this layer: forwards, loss, backwards, Adam."""
    x, h0, c0, W, target = problem(size)
    W = Tensor(W, requires_grad=True)
    optimizer = Adam([W], lr=1e-3)
    x, h0, c0 = Tensor(x), Tensor(h0), Tensor(c0)

    def step():
        optimizer.zero_grad()
        ((layer(x, h0, c0, W)[:, -1] - target) ** 2).mean().backward()
        optimizer.step()

    return step


def products(size):
    """The matrix products of a training step, and nothing else: forwards, backwards, weights."""
    (T, B, D, H), (_, dh, _, W, _) = size, problem(size)
    u, a = np.ones((T, B, H + D + 1), np.float32), np.ones((T, B, 4 * H), np.float32)

    def run():
        for t in range(T):
            np.matmul(u[t], W, out=a[t])
        for t in range(T):
            np.matmul(a[t], W[:H].T, out=dh)
        return u.reshape(-1, H + D + 1).T @ a.reshape(-1, 4 * H)

    return run


# %% [markdown] id="profile-text"
# ## 1 · Profile
#
# The first rule of making things fast is to measure before believing anything. Take a training step of an LSTM: forwards, a
# loss on the last state, backwards, Adam. At the bottom, what must be computed is matrix products: $u W$ at every step,
# the same product backwards, and one more for the gradient of $W$. Their cost can be measured by itself, since a program that
# does these products on arrays of the right shapes and nothing else is written in ten lines. (It is the function `products`
# above.)
#
# **Predict before you run:** which part of a training step is spent in these products, for a small network ($T = 20$, $B = 16$,
# $H = 32$), and for one with three hundred times as much to multiply ($T = 100$, $B = 64$, $H = 128$)?

# %% kind="lab" id="lab-profile"
def shares(layers):
    """For every layer, at every size, milliseconds of a training step; and of the products alone."""
    bare = {name: milliseconds(products(size)) for name, size in SIZES.items()}
    return {who: {name: milliseconds(training_step(layer, size)) for name, size in SIZES.items()} for who, layer in layers.items()}, bare


def draw_shares(taken, bare):
    print(f"{'':18}" + "".join(f"{name:>22}" for name in SIZES))
    for who, row in taken.items():
        print(f"{who:18}" + "".join(f"{row[n]:9.2f} ms, {bare[n] / row[n]:4.0%} GEMM" for n in SIZES))
    _, ax = plt.subplots(figsize=(8, 0.9 + 0.9 * len(taken)), layout="constrained")
    for number, (who, row) in enumerate(taken.items()):
        for place, name in enumerate(SIZES):
            y, share = place + 0.8 * (number - (len(taken) - 1) / 2) / len(taken), bare[name] / row[name]
            height = 0.7 / len(taken)
            ax.barh(y, share, height, color="C0", label="matrix products" if number == place == 0 else None)
            ax.barh(y, 1 - share, height, left=share, color="lightgray", label="everything else" if number == place == 0 else None)
            ax.text(1.01, y, who, va="center", fontsize=8)
    ax.set(yticks=range(len(SIZES)), yticklabels=SIZES, xlim=(0, 1.25), xticks=np.linspace(0, 1, 6), xlabel="part of a training step")
    ax.invert_yaxis()
    ax.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=2, frameon=False)
    plt.show()


draw_shares(*shares({"on the tape": tape_lstm}))

# %% [markdown] id="profile-lesson"
# A matrix product of a small network is over in microseconds. What surrounds it is not: for each step Python calls
# sixteen operations, each of which makes a new array, a Tensor, a node and its vjps; on the way back, each vjp is called, and
# its results are added up. That costs the same whether the arrays are small or large, so it dominates where they are small.
# At size M, products are more than half of everything, and no cleverness of ours makes them cheaper.
#
# So there are two things to win: **fewer operations for each step**, and **less memory touched by each**. For both
# the remedy is the same: do not leave the backward pass to the tape. An op is a function on arrays that returns its result and its vjps,
# and nothing says that it must be a small one. Let it be the whole sequence.

# %% [markdown] id="step-text"
# ## 2 · One step by hand
#
# On paper first. Given are $\bar h' = $ `dh` and $\bar c' = $ `dc`, the cotangents of what the step returns. Wanted are those of everything that
# went in. Walk backwards through the formulas, one line at a time, and keep two rules in mind: a product $y = p \odot q$
# sends $\bar y \odot q$ to $p$ and $\bar y \odot p$ to $q$; what is *used twice* gets the sum of what comes from both uses.
#
# The last line is $h' = o \odot \tanh(c')$. It sends something to $o$, and something to $c'$. But $c'$ was returned as well,
# so $\bar c'$ has two parts. From here on write $\hat c$ for their sum. The line before, $c' = f \odot c + i \odot g$, has four
# factors, and $\hat c$ reaches each of them: that is three gates and the cotangent of the old $c$, with which this exercise is half
# done.
#
# Then through the gates. $\tanh' = 1 - \tanh^2$ and $\sigma' = \sigma (1 - \sigma)$, both written with their *outputs*, which the forward
# pass has kept. This gives $\delta$ (B, 4H), the cotangent of $a$: four blocks in the order $g, f, i, o$. And $a = u W$ is a
# matrix product, whose vjps you know from 00: $\bar u = \delta W^\top$, $\bar W = u^\top \delta$. The columns of $\bar u$ belong to $h$, to
# $x$ and to the ones, which need nothing.
#
# `lstm_step` below keeps all that you need in its cache.

# %% kind="define" id="lstm-step"
def squash(a):
    """σ(a), in the dtype of a, without overflow."""
    return 0.5 * (np.tanh(0.5 * a) + 1)


def lstm_step(x, h, c, W):
    """One step on arrays: x (B, D), h and c (B, H), W (K, 4H) to the new h and c, and a cache."""
    H = h.shape[1]
    u = np.concatenate([h, x, np.ones_like(x, shape=(len(x), 1))], axis=1)
    a = u @ W
    g, f, i, o = np.tanh(a[:, :H]), squash(a[:, H : 2 * H]), squash(a[:, 2 * H : 3 * H]), squash(a[:, 3 * H :])
    c_new = f * c + i * g
    return o * np.tanh(c_new), c_new, (u, W, c, c_new, g, f, i, o)

# %% [markdown] id="step-exercise"
# ### Exercise `step-backward` · 25 points
#
# `lstm_step_backward(dh, dc, cache)` returns `dx, dh, dc, dW`: the cotangents of what `lstm_step` was given, in that order. `dh` and
# `dc` that go in belong to the new states, those that come out to the old ones.
#
# What the checks ask:
#
# - The results have the shapes and the dtype of x, h, c and W, in this order.
# - The new c is reached on two ways: directly by `dc`, and by `dh` through h' = o ⊙ tanh(c'); with either of the two zero the other still counts.
# - The old c gets what passes through the forget gate.
# - Each of the four gates sends its part, through the derivative of its own tanh or σ, to h, x and W.
# - The last row of dW is the biases' gradient, and dW is a sum over the batch.
# - `dh`, `dc` and the cache stay as they are, so that calling it twice gives the same; the tape is not used.

# %% kind="solution" id="step-backward"
def lstm_step_backward(dh, dc, cache):
    """dh, dc (B, H) of the new states and the cache of lstm_step to dx (B, D), dh, dc (B, H), dW (K, 4H)."""
    ### BEGIN SOLUTION
    ### STUB: return ...
    u, W, c, c_new, g, f, i, o = cache
    H = c.shape[1]
    tanh_c = np.tanh(c_new)
    dc_hat = dc + dh * o * (1 - tanh_c**2)
    da = np.concatenate(
        [
            dc_hat * i * (1 - g**2),
            dc_hat * c * f * (1 - f),
            dc_hat * g * i * (1 - i),
            dh * tanh_c * o * (1 - o),
        ],
        axis=1,
    )
    du = da @ W.T
    return du[:, H:-1], du[:, :H], dc_hat * f, u.T @ da
    ### END SOLUTION

# %% kind="check" id="step-backward-check" exercise="step-backward" points=25
check("step-backward")

# %% [markdown] id="nodes-text"
# **A thousand nodes.** How much does the tape remember of sixty-four steps? Here is every node of one pass, by the order in which
# it was made. When you have written `lstm_sequence` in part 3, come back and run this cell again.

# %% kind="lab" id="lab-nodes"
def nodes_behind(result):
    """Every node on the tape behind a Tensor, in the order in which they were made."""
    found, todo = {}, [result.node]
    while todo:
        node = todo.pop()
        if id(node) not in found:
            found[id(node)] = node
            todo += node.parents
    return sorted(found.values(), key=lambda node: node.serial)


def draw_nodes(layers, size=(64, 8, 4, 16)):
    _, axes = plt.subplots(len(layers), 1, figsize=(9, 0.6 + 2.1 * len(layers)), squeeze=False, layout="constrained")
    for (who, layer), ax in zip(layers.items(), axes[:, 0], strict=True):
        leaves = [Tensor(a, requires_grad=True) for a in problem(size)[:4]]
        made = [node.op.__name__ for node in nodes_behind(layer(*leaves)) if node.op]
        kinds = list(dict.fromkeys(made))
        places = [kinds.index(name) for name in made]
        ax.scatter(range(len(made)), places, s=80 if len(made) == 1 else 3, c=places, cmap="tab10")
        ax.set(yticks=range(len(kinds)), yticklabels=kinds, ylim=(len(kinds) - 0.5, -0.5), title=f"{who}: {len(made)} nodes")
        print(f"{who}: {len(made)} nodes for {size[0]} steps, besides the four leaves")
    axes[-1, 0].set_xlabel("in the order in which they were made")
    plt.show()


layers = {"step by step": tape_lstm}
if check.passed("sequence"):  # a second picture, once part 3 is done
    layers["as one op"] = op(lstm_sequence)
draw_nodes(layers)

# %% [markdown] id="sequence-text"
# ## 3 · T steps
#
# Now the whole sequence as one op. A step could be an op of its own; that would be one node in place of sixteen. But a loop over
# steps knows more than any single step does.
#
# **Forwards** nothing can be hurried: a step needs the state before it. But everything it makes will be needed on the way back, so
# keep it, in arrays over time that you make once: all $u$ in one (T, B, K), all gates in one (T, B, 4H), all $c$ in one (T + 1, B, H).
# Time comes first in these, so that each step's part is a contiguous block. A nice thing happens to $u$: its
# columns of $x$ and of ones can be filled in for all steps before the loop, and its columns of $h$ are
# written by each step exactly where the next one reads them.
#
# **Backwards** look at part 2 again and sort the factors by what they wait for. In
#
# $$ \delta_f = \hat c \;\odot\; \underbrace{c \odot f \odot (1 - f)}_{\text{known after the forward pass}} $$
#
# only $\hat c$ comes from later steps. The same holds for each of the four gates, and for $\hat c$ itself:
# $\hat c_t = \bar c_t + \bar h_t \odot \underbrace{o \odot (1 - \tanh^2 c')}_{\text{known}}$. So compute everything above the braces for *all steps at once*,
# a few operations on arrays (T, B, H), and leave to the loop what is left: for $t = T - 1, \ldots, 0$,
#
# $$ \bar h \mathrel{+}= g_t, \qquad \hat c = \bar c + \bar h \odot \text{slope}_t, \qquad
#    \delta_t = [\hat c, \hat c, \hat c, \bar h] \odot \text{factors}_t, \qquad \bar c = \hat c \odot f_t, \qquad \bar h = \delta_t W_h^\top , $$
#
# with $g_t$ the cotangent of output $t$ and $W_h$ the rows of $W$ that belong to $h$. That is half a dozen operations. (There they are again, the three
# $\hat c$ side by side.) What comes out of the last line after $t = 0$ belongs to $h_0$ and $c_0$.
#
# And when all $\delta_t$ are there, in one array (T, B, 4H), the rest needs no loop over steps at all: $\bar x_t = \delta_t W_x^\top$ for all $t$ in one product, and $\bar W = \sum_t u_t^\top \delta_t$, to
# which part 4 belongs. Until then sum it up step by step, or skip ahead.
#
# One thing to take care of. What your function keeps, it keeps *for the backward pass that belongs to it*. Between the two, it
# may be called again: two layers, two batches, one layer used twice. Arrays that are made anew in each call are safe. Arrays that are
# kept somewhere and used again to save time are not, unless you know that nobody needs them any more.
#
# ### Exercise `sequence` · 45 points
#
# `lstm_sequence(x, h0, c0, W, mask=None)` returns `hs, vjps`, in plain NumPy. It is an op: `op(lstm_sequence)` takes
# Tensors. Its four gradients share their work, so `vjps` is *one* function that returns the tuple of them. `mask` is for part 5; leave it alone for now.
#
# What the checks ask:
#
# - `hs` is (B, T, H): `hs[:, t]` is h after reading `x[:, t]`, and h0 and c0 stand before the first step.
# - `vjps` is one function: it takes the cotangent of hs to the tuple of those of x, h0, c0 and W, in this order and in their shapes.
# - A state gets the sum of what its output sends it and what the next step sends back, and W the sum over all steps and samples.
# - A cotangent that is zero but at the last step still reaches the first input, h0 and c0.
# - The numbers stay right at H = 32 over T = 50 steps, and the tape is not used.
# - Results stay alive: later calls, of lstm_sequence or of any vjps, change neither an earlier hs nor what an earlier vjps gives.
# - The arguments and the cotangent stay as they are, and float32 stays float32.
# - Lifted by `op`, it can be used several times in one graph: gradients add up as those of tape_lstm do.

# %% kind="solution" id="sequence"
def lstm_sequence(x, h0, c0, W, mask=None):
    """x (B, T, D), h0 and c0 (B, H), W (K, 4H) to hs (B, T, H), and one function for all four gradients."""
    ### BEGIN SOLUTION
    ### STUB: return ...
    (B, T, D), H = x.shape, h0.shape[1]
    on = np.ones((T, 1, 1), bool) if mask is None else mask.T[:, :, None]
    us = np.ones((T + 1, B, H + D + 1), x.dtype)  # [h, x, 1] as each step reads it
    us[:T, :, H:-1] = np.where(on, x.swapaxes(0, 1), 0)
    us[0, :, :H] = h0
    cs = np.empty((T + 1, B, H), x.dtype)
    cs[0] = c0
    gates = np.empty((T, B, 4 * H), x.dtype)
    g, f, i, o = np.split(gates, 4, axis=2)  # views
    for t in range(T):
        a = us[t] @ W
        gates[t, :, :H] = np.tanh(a[:, :H])
        gates[t, :, H:] = squash(a[:, H:])
        if mask is not None:  # f = 1 and i = 0 carry c; o = 0 is an output of zero
            np.copyto(f[t], 1, where=~on[t])
            np.copyto(gates[t, :, 2 * H :], 0, where=~on[t])
        cs[t + 1] = f[t] * cs[t] + i[t] * g[t]
        us[t + 1, :, :H] = np.where(on[t], o[t] * np.tanh(cs[t + 1]), us[t, :, :H])
    hs = np.where(on, us[1:, :, :H], 0)
    tanh_cs = np.tanh(cs[1:])

    def vjps(dhs):
        factors = [i * (1 - g**2), cs[:-1] * f * (1 - f), g * i * (1 - i), tanh_cs * o * (1 - o)]
        das = np.concatenate(factors, axis=2)
        slope = o * (1 - tanh_cs**2)
        dhs = np.where(on, dhs.swapaxes(0, 1), 0)
        dh, dc = np.zeros_like(h0), np.zeros_like(c0)
        for t in reversed(range(T)):
            dh = dh + dhs[t]
            dc = dc + dh * slope[t]
            das[t] *= np.concatenate([dc, dc, dc, dh], axis=1)
            dc = dc * f[t]
            dh = das[t] @ W[:H].T + np.where(on[t], 0, dh)
        dx = das @ W[H:-1].T
        return dx.swapaxes(0, 1), dh, dc, weight_gradient(us[:-1], das)

    return hs.swapaxes(0, 1), vjps
    ### END SOLUTION

# %% kind="check" id="sequence-check" exercise="sequence" points=45
check("sequence")

# %% [markdown] id="gemm-text"
# ## 4 · One product
#
# The gradient of $W$ is a sum of products, one for each step. Each is small: (K, B) times (B, 4H), and the sum that it is added to
# is as large as $W$ itself, which must be read and written every time. But a sum of products *is* a product:
#
# $$ \sum_{t} u_t^\top \delta_t \;=\; \sum_t \sum_b u_{tb}^\top \delta_{tb} \;=\; \begin{bmatrix} u_0 \\ u_1 \\ \vdots \end{bmatrix}^{\!\top}
#    \begin{bmatrix} \delta_0 \\ \delta_1 \\ \vdots \end{bmatrix} $$
#
# A sample at a step is a row like any other. Written one below the other they are two matrices, (T·B, K) and (T·B, 4H), and one call
# of what libraries call **GEMM**, the general matrix product, does all of it. It has been polished for forty years to do exactly this, and the more it has to do at
# once, the nearer it comes to what the machine can.
#
# ### Exercise `one-gemm` · 10 points
#
# `weight_gradient(us, das)`, us (T, B, K) and das (T, B, M), returns (K, M), in plain NumPy. Call it from `lstm_sequence`.
#
# What the checks ask:
#
# - It is the sum over all steps of `us[t].T @ das[t]`, in the dtype of the two, which stay as they are.
# - A thousand steps take a few calls of a matrix product (at most ten), not one for each step.
#
# (Calls are what is counted. `us.swapaxes(1, 2) @ das` is a single one; what is lost by it is that a thousand small
# products, and the sum of them, are made inside.)

# %% kind="solution" id="one-gemm"
def weight_gradient(us, das):
    """The sum over time of us[t].T @ das[t]: us (T, B, K) and das (T, B, M) to (K, M)."""
    ### BEGIN SOLUTION
    ### STUB: return ...
    return us.reshape(-1, us.shape[2]).T @ das.reshape(-1, das.shape[2])
    ### END SOLUTION

# %% kind="check" id="one-gemm-check" exercise="one-gemm" points=10
check("one-gemm")

# %% [markdown] id="gemm-picture-text"
# **How much is in it?** The same sum in pieces: how many rows does GEMM get at once, and how long does all of it take?

# %% kind="lab" id="lab-gemm"
def in_pieces(us, das, steps):
    """weight_gradient of `steps` steps at a time, added up."""
    total = np.zeros((us.shape[2], das.shape[2]), us.dtype)
    for t in range(0, len(us), steps):
        total += weight_gradient(us[t : t + steps], das[t : t + steps])
    return total


if check.passed("one-gemm"):
    figure, ax = plt.subplots(figsize=(6.5, 3.2), layout="constrained")
    for name, (_, B, D, H) in SIZES.items():
        rng = np.random.default_rng(0)
        us, das = (rng.normal(size=(128, B, n)).astype(np.float32) for n in (H + D + 1, 4 * H))
        pieces = [1, 2, 4, 8, 16, 32, 64, 128]
        taken = [milliseconds(lambda us=us, das=das, n=n: in_pieces(us, das, n), allowed=0.15) for n in pieces]
        print(f"{name:3} in pieces of 1, 2, 4, … 128 steps, ms: " + " ".join(f"{ms:7.2f}" for ms in taken))
        ax.loglog([n * B for n in pieces], np.array(taken) / taken[-1], "o-", markersize=4, label=f"{name}: {H + D + 1} × {4 * H}")
    ax.set(xlabel="rows of one product", ylabel="time, relative to one product")
    ax.legend(title="size of W", fontsize=8)
    plt.show()

# %% [markdown] id="masks-text"
# ## 5 · Masks
#
# Sequences of different lengths come padded, with a mask (04). Where it is False a step must change nothing: h and c are carried on as they
# are, and the output is zero. One could compute the step and then choose between new and old with `where`, forwards, and
# send the cotangents each to its own, backwards. It works. But look at the formulas:
#
# $$ c' = f \odot c + i \odot g . $$
#
# With $f = 1$ and $i = 0$ this *is* $c' = c$. With $o = 0$ the output *is* zero. So a masked step is a step whose gates have
# these values, and one only has to write them over those that were computed. And backwards: the factors of all four gates
# contain $f (1 - f)$, $i$, $i (1 - i)$, $o (1 - o)$, all of them zero now. The loop does the right thing for $c$, for $W$
# and for $x$ without having heard of a mask. What is left to do by hand is $h$: it is carried, though the output is zero, so the next step
# must find the old one, and $\bar h$ must find its way past the step.
#
# Two traps. The padding may hold anything, and zero times infinity is not zero: so let no step read it. And the cotangent
# $g_t$ of a masked output belongs to a constant, zero: nobody may hear what it says.
#
# ### Exercise `masks` · 20 points
#
# `lstm_sequence(x, h0, c0, W, mask)`, with mask (B, T) of booleans; None is a mask of True everywhere.
#
# What the checks ask:
#
# - Where the mask is False, h and c are carried on as they are and the output in hs is zero.
# - What stands in x there changes nothing, whatever it is; the gradient of x is exactly zero there.
# - What the cotangent of hs says there is not heard, whatever it is.
# - The gradient passes a masked step unchanged, for h and for c: whatever the mask, gradients are those of the sequence without its masked steps.

# %% kind="check" id="masks-check" exercise="masks" points=20
check("masks")

# %% [markdown] id="measure-text"
# ## 6 · Measure
#
# You began with a measurement, so end with one. First the bars of part 1, with yours beside them.

# %% kind="lab" id="lab-measure"
if check.passed("sequence", "one-gemm", "masks"):
    draw_shares(*shares({"on the tape": tape_lstm, "as one op": op(lstm_sequence)}))

# %% [markdown] id="batch-text"
# Then the cost of *one sequence*, against how many share a batch. **Predict first:** which curve is steeper, and where do they meet?

# %% kind="lab" id="lab-batch"
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


def cost_per_sequence(layer, T=30, D=16, H=64):
    return [milliseconds(training_step(layer, (T, B, D, H)), least=3, allowed=0.25) / B for B in BATCHES]


if check.passed("sequence", "one-gemm", "masks"):
    figure, ax = plt.subplots(figsize=(6.5, 3.4), layout="constrained")
    for who, layer, style in (("on the tape", tape_lstm, "o--"), ("as one op", op(lstm_sequence), "s-")):
        cost = cost_per_sequence(layer)
        print(f"{who:12} ms for each sequence: " + " ".join(f"{B}: {ms:.3f}" for B, ms in zip(BATCHES, cost, strict=True)))
        ax.loglog(BATCHES, cost, style, markersize=4, label=who)
    ax.set(xlabel="sequences in a batch", ylabel="ms for each sequence", xticks=BATCHES, xticklabels=BATCHES)
    ax.minorticks_off()
    ax.legend()
    plt.show()

# %% [markdown] id="end"
# ## What you have now
#
# While batches are small the cost of a sequence nearly halves with each doubling: all the time is spent on calling, and calls are shared. In the end
# the curve is flat: it is spent on computing, which is not. Fusing moves the first part down, by a factor of two to four, and leaves the
# second where it was. So it pays where arrays are small; that is the general lesson, of which our two curves are one case. With very large
# batches the tape may even be ahead. An op cannot know that nobody wants the gradient of data, and computes `dx` all the same; and
# arrays over *all* steps no longer fit in the processor's caches, where those of one step did.
#
# | what you did | what it saves |
# |---|---|
# | one op for the sequence | a thousand nodes, Tensors and closures; all bookkeeping of the tape |
# | factors for all steps at once | a dozen calls for each step |
# | states written where they are read | copies |
# | one GEMM for the weights | reading and writing $\bar W$ at every step |
#
# **How much further?** A good deal of what is left can still be had in NumPy: arrays that are kept from step to step of the training
# instead of being made anew (with care, see part 3); `out=` in every call; the batch as columns, so that each gate is one contiguous block; and
# since $\sigma(a) = (1 + \tanh(a/2))/2$, one `tanh` for all four gates, with the halves
# written into $W$ beforehand. And block by block, so that caches suffice. With all of this, measured on one core of a server, a training step at size XS takes
# about a third of the tape's time and half of that of PyTorch's own LSTM; at size M it takes four fifths of the tape's, and five sixths of
# that are matrix products, so even a perfect program could not be much better. Beyond that there are other machines.
#
# **And what it costs.** The tape needed sixteen lines, and they were right at once. Yours are at least twice as many, they hold for one cell
# only, and whoever changes a formula must derive them again. Fuse what is slow, what is used often and what will not change; and keep
# the slow version, to test the fast one against.
#
# **To read on.** J. Appleyard, T. Kočiský, P. Blunsom, *Optimizing performance of recurrent neural networks on GPUs* (2016), where the same four
# ideas are found for other machines; K. Goto, R. van de Geijn, *Anatomy of high-performance matrix multiplication* (2008), for what GEMM does inside.
