# %% [markdown] id="title"
# # 4 · Batches: many sequences at once, and nothing changed
#
# At the end of this notebook two networks that you put together yourself read the sentence *we saw Hill near Street*
# and say after each word what it is. One reads from left to right, the other one in both directions. Is *Hill* a
# person, a company, or part of an address? The word that tells comes two words later.
#
# ```text
#                        we      saw     Hill     near   Street
# left to right
#   person             0.00     0.00     0.55     0.00     0.00
#   company            0.00     0.00     0.21     0.00     0.00
#   street             0.00     0.00     0.23     0.00     0.00
# both directions
#   person             0.00     0.00     0.00     0.02     0.00
#   company            0.00     0.00     0.00     0.00     0.00
#   street             0.00     0.00     0.99     0.00     0.00
# ```
#
# The first one does not lack training. At *Hill* it has not yet read *Street*, so all it can do is to name the
# frequencies. The second one has. But *reading from the end* is a thing that must be said with care when
# thirty-two sentences of different lengths lie in one array: whose end? That care is the subject here. Everybody
# computes in batches, because it is many times faster, and one law must hold:
#
# > **Batching must not change the mathematics.** What a sequence gives, and the gradient it sends back, must not depend
# > on who else is in the batch.
#
# | part | you write | points |
# |---|---|---:|
# | 2 · Pad | `pad` | 15 |
# | 4 · The loss | `masked_mean` | 15 |
# | 5 · Pack | `pack`, `unpack` | 20 |
# | 6 · Look ahead | `Bidirectional` | 25 |
# | 7 · Tags | `Tagger` | 10 |
# | 8 · Learning | nothing more: tagging and glides must now be learned | 15 |
#
# About four hours. Every part can be read without having solved the one before; pictures that need your code say so
# until it is there.

# %% kind="define" id="imports"
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # our matrices are small: threads would only wait for each other

from typing import Any, NamedTuple

import numpy as np

from minigrad import Tensor, concatenate, no_grad, stack, tanh, where
from minigrad.functional import log_softmax, softmax
from minigrad.nn import Linear, Module, Parameter, Recurrent, init
from minigrad.optim import Adam

# %% kind="lab" id="harness"
from minigrad.grading.notebook.checks import checks

check = checks("04-batches", globals())

# %% [markdown] id="how-it-works"
# **How checking works.** As before: after each exercise a cell `check("…")` compares your code with known values and
# shows what differs. Grading runs those checks again on other numbers, together with hidden ones, which test the same
# sentences more strictly; the sentences stand in a list above each exercise. Nothing else is asked, and nothing that is
# not said. Cells and networks that an exercise needs as arguments are brought by the checks.
#
# ## Notation
#
# | | |
# |---|---|
# | $B, T, D, H$ | number of sequences in the batch, of time steps, of numbers an entry has, size of a state |
# | entry | what a sequence holds at one step: a token, or a row of $D$ numbers |
# | `x` (B, T, D) | a padded batch; `x[b, t]` is entry t of sequence b, or padding |
# | `mask` (B, T) | bool, True where there is an entry, False where there is padding |
# | `lengths` (B,) | how many entries each sequence has: `mask.sum(axis=1)` |
#
# Padding stands **behind** the sequences, always.
#
# **Equal, and equal to the last bit.** Two kinds of "must not change" will be asked. If only what stands *in the
# padding* changes, every step computes with arrays of the same shapes, and the result has to be the same **bit for
# bit**. If a sequence is computed alone instead of in a batch, the shapes differ; the library then adds the same numbers in
# another order and rounds otherwise, and the result has to be the same only up to a relative error near $10^{-15}$.

# %% kind="lab" id="helpers"
import time

import matplotlib.pyplot as plt

from minigrad.data import ragged


class PlainCell(Module):
    """The cell of 01-rnn, one matrix for [h, x]: enough for everything here."""

    def __init__(self, inputs, hidden, rng):
        self.hidden_size = hidden
        self.W = Parameter(np.concatenate([init.orthogonal((hidden, hidden), rng), init.glorot((inputs, hidden), rng)]))
        self.b = Parameter(np.zeros(hidden))

    def initial_state(self, batch):
        return Tensor(np.zeros((batch, self.hidden_size)))

    def __call__(self, x, h):
        return tanh(concatenate([h, x], axis=1) @ self.W + self.b)

# %% [markdown] id="why-batches"
# ## 1 · Why batches
#
# A step of a cell is two or three products of matrices and a few functions of their entries. Called for one sequence, most
# of its time goes into *calling*: Python looks up names, NumPy checks shapes, minigrad writes a line on its tape. Called
# for a hundred sequences, it does all that once.
#
# **Predict before you run**: 256 sequences, one step of a cell with 32 numbers of state, forwards and backwards. How
# much longer than *one* sequence does it take? 256 times? 50 times? 5 times?

# %% kind="lab" id="lab-cost"
def seconds(call, least=0.05):
    """The best of several timings of a call, in seconds."""
    best, spent = np.inf, 0.0
    while spent < least:
        began = time.perf_counter()
        call()
        took = time.perf_counter() - began
        best, spent = min(best, took), spent + took
    return best


rng = np.random.default_rng(0)
cell, cost = PlainCell(16, 32, rng), {}
for size in (1, 4, 16, 64, 256, 1024):
    x, h = rng.standard_normal((size, 16)), cell.initial_state(size)
    cost[size] = seconds(lambda: cell(x, h).sum().backward())
    print(f"{size:5} sequences  {1e6 * cost[size]:6.0f} µs a step  {1e6 * cost[size] / size:7.2f} µs a sequence")
figure, ax = plt.subplots(figsize=(5, 2.8), layout="constrained")
ax.loglog(list(cost), [1e6 * took / size for size, took in cost.items()], "o-")
ax.set(xlabel="sequences in the batch", ylabel="µs a step and sequence")
plt.show()

# %% [markdown] id="pad-text"
# ## 2 · Pad
#
# A batch is a rectangle, and sequences are not. So the shorter ones are filled up behind with something that means
# nothing, and a **mask** remembers what is real:
#
# ```text
#   we saw Hill near Street          we   saw  Hill  near  Street      1 1 1 1 1
#   the new Park            ─→  x =  the  new  Park   ·     ·    mask = 1 1 1 0 0
#   old Wood                         old  Wood  ·     ·     ·          1 1 0 0 0
# ```
#
# It is tempting to do without the mask and to *recognise* padding by what stands there. But zero is a perfectly good
# token (here it is *Hill*), and a perfectly good number. Only the lengths know.
#
# ### Exercise `pad` · 15 points
#
# `pad(sequences)` takes a list of arrays and returns `x, mask`: arrays, not Tensors. All of the list have one dtype and,
# after the first, the same axes; only their lengths differ, and at least one of them is not empty.
#
# What the checks ask:
#
# - `x` is (B, T, …) and `mask` (B, T) of bool, with T the longest sequence's length: row b holds sequence b, from its beginning, and zeros behind it.
# - The mask is True exactly at the sequences' own entries, whatever their values: a zero in a sequence is an entry.
# - `x` has the sequences' dtype, and their axes after the first, if they have any: tokens (T,), rows (T, D), pictures (T, D, E).
# - A sequence without entries is a row of padding.

# %% kind="solution" id="pad"
def pad(sequences):
    """A list of arrays (T_b, ...) to x (B, T, ...), zero behind each, and mask (B, T)."""
    ### BEGIN SOLUTION
    ### STUB: return ...
    lengths = np.array([len(sequence) for sequence in sequences])
    mask = np.arange(lengths.max()) < lengths[:, None]
    x = np.zeros((*mask.shape, *sequences[0].shape[1:]), sequences[0].dtype)
    for row, sequence in enumerate(sequences):
        x[row, : len(sequence)] = sequence
    return x, mask
    ### END SOLUTION

# %% kind="check" id="pad-check" exercise="pad" points=15
check("pad")

# %% [markdown] id="mask-text"
# ## 3 · What padding does when nobody looks
#
# "It is only zeros, so it does nothing." It does. A cell that reads zeros still takes a step: $h' = \tanh(h W_h + b)$ is
# not $h$. Below, one sentence is put into batches with longer and longer neighbours, so more and more padding stands
# behind it, and the state at the very end is compared with the one that the sentence has when it is alone.
#
# Three ways: ignore the mask; set the state to *zero* where the mask is False; *carry* the state on unchanged where the
# mask is False. **Predict** which of them keep the state. And which of them would keep it for a network that reads *from the
# end*, so that it meets the padding first?

# %% kind="lab" id="lab-drift"
def read(cell, x, mask, way, reverse=False):
    """The state after reading a padded batch, one way or another of treating padding."""
    h = cell.initial_state(len(x))
    for t in range(x.shape[1])[:: -1 if reverse else 1]:
        new = cell(x[:, t], h)
        h = {"ignored": new, "set to zero": where(mask[:, t, None], new, 0.0), "carried": where(mask[:, t, None], new, h)}[way]
    return h.data[0]


if check.passed("pad"):
    rng = np.random.default_rng(1)
    cell, sentence = PlainCell(4, 16, rng), rng.standard_normal((6, 4))
    cell.b.data[...] = 0.3 * rng.standard_normal(16)
    figure, axes = plt.subplots(1, 2, figsize=(9, 2.8), sharey=True, layout="constrained")
    for ax, reverse in zip(axes, (False, True), strict=True):
        alone = read(cell, sentence[None], np.ones((1, 6), dtype=bool), "carried", reverse)
        for way, style in {"ignored": "o-", "set to zero": "s--", "carried": "^:"}.items():
            off = []
            for more in range(9):
                x, mask = pad([sentence, rng.standard_normal((6 + more, 4))])
                off.append(np.abs(read(cell, x, mask, way, reverse) - alone).max())
            ax.plot(off, style, label=way)
            print(f"{'from the end' if reverse else 'from the beginning':18} {way:14} off by at most {max(off):.1e}")
        ax.set(title="read from the end" if reverse else "read from the beginning", xlabel="steps of padding")
    axes[0].set_ylabel("state off by")
    axes[0].legend(fontsize=8)
    plt.show()

# %% [markdown] id="mask-lesson"
# Carried on, the state is off by nothing, or by the last bit. The mask enters as a choice,
#
# $$ h_t = \begin{cases} \text{cell}(x_t, h_{t-1}) & \text{where the mask is True} \\ h_{t-1} & \text{where it is False,} \end{cases} $$
#
# which is `where(mask[:, t, None], new, h)`. Its gradient is a choice as well: where the mask is False nothing goes to the
# cell, and what came from the later steps passes by unchanged. "Set to zero" looks equally careful, and when one
# reads from the end it happens to be right here, because this cell's initial state is zero. One with another
# initial state would show that it is not.
#
# ## 4 · The loss
#
# A loss over a padded batch has $B \cdot T$ entries, and only some of them count. Two averages suggest themselves, and both
# break the law. The mean over *everything* counts padding, so a sentence weighs less when a longer one joins the
# batch. The mean over sequences of each one's own mean gives a word in a short sentence more weight than one in a long sentence (which
# may be wanted, but then it must be said). We take the mean over all entries that are there:
#
# $$ \operatorname{masked\_mean}(v, m) = \frac{\sum_{b,t} m_{b,t}\, v_{b,t}}{\sum_{b,t} m_{b,t}}. $$
#
# Written like that it is still wrong in a program. Padding may hold *anything*: an infinity from $\log 0$, a NaN from
# $0/0$; and $0 \cdot \infty$ is NaN. Multiplying does not remove a number. Choosing does.
#
# ### Exercise `masked-mean` · 15 points
#
# `masked_mean(values, mask)` takes a Tensor (B, T) or (B, T, …) and an array of bool (B, T). `where(condition, a, b)` chooses,
# and `condition` may be broadcast.
#
# What the checks ask:
#
# - It is the mean over the entries where the mask is True; each counts the same, in whichever sequence it stands.
# - `values` may have more axes behind (B, T); then all that stands at a place counts with it, or does not.
# - What stands where the mask is False changes no bit of the mean or of the gradient, not even if it is inf or NaN, and its own gradient is zero.
# - The result is a Tensor of one number in the dtype of `values`; the gradient reaches every entry that counts.
# - Where the mask is False everywhere the mean is 0, and so is the gradient.

# %% kind="solution" id="masked-mean"
def masked_mean(values, mask):
    """The mean of values (B, T, ...) where mask (B, T) is True; 0 if that is nowhere."""
    ### BEGIN SOLUTION
    ### STUB: return ...
    here = mask.reshape(mask.shape + (1,) * (values.ndim - 2))
    count = int(np.broadcast_to(here, values.shape).sum())
    return where(here, values, 0.0).sum() * (1 / max(count, 1))
    ### END SOLUTION

# %% kind="check" id="masked-mean-check" exercise="masked-mean" points=15
check("masked-mean")

# %% [markdown] id="means-text"
# Three sentences' losses, first alone, then as neighbours of a sentence that is much longer. The law asks that what the three
# contribute does not change; the mean over everything reports a success that is nothing but padding.

# %% kind="lab" id="lab-means"
if check.passed("pad", "masked-mean"):
    rng = np.random.default_rng(2)
    short = [rng.uniform(0.5, 1.5, n) for n in (4, 6, 5)]
    print(f"{'':34} {'all entries':>12} {'mean of means':>14} {'masked mean':>12} {'truth':>8}")
    for name, losses in {"three short ones": short, "and one with 40 entries, loss 3": [*short, np.full(40, 3.0)]}.items():
        values, mask = pad(losses)
        truth = np.concatenate(losses).mean()
        means = np.mean([row.mean() for row in losses])
        print(f"{name:34} {values.mean():12.3f} {means:14.3f} {float(masked_mean(Tensor(values), mask)):12.3f} {truth:8.3f}")

# %% [markdown] id="pack-text"
# ## 5 · Pack
#
# A mask makes padding harmless; it does not make it cheap. The cell still takes a step for every place of the rectangle,
# and throws the result away. **Packing** leaves the padding out. Sort the sequences by length, the longest first, and
# read the rectangle column by column:
#
# ```text
#    x, padded                 sorted               packed
#    a0 a1 a2 ·  ·             c0 c1 c2 c3 c4       c0 a0 b0 | c1 a1 b1 | c2 a2 | c3 | c4
#    b0 b1 ·  ·  ·             a0 a1 a2             sizes  3        3        2      1    1
#    c0 c1 c2 c3 c4            b0 b1                order  2 0 1
# ```
#
# At step t the sequences that still have an entry are the *first* `sizes[t]` ones, because the sequences are sorted: whoever ends
# leaves at the bottom. So a cell can run on `h[:n]`, a slice, and nothing is ever computed for nobody. The sorting
# has to be undone afterwards, or every answer goes to somebody else's question; `order` is what remembers it. PyTorch's
# `PackedSequence` is the same thing.

# %% kind="define" id="packed"
class Packed(NamedTuple):
    """Sequences without padding, step by step, the longest first."""

    data: Any  # (N, D) Tensor, all entries
    sizes: Any  # (T,) int, how many sequences have this step
    order: Any  # (B,) int, the row of x that the k-th longest sequence was


def run_packed(cell, packed):
    """A cell over packed sequences: its states, packed in the same way."""
    h, states, start = cell.initial_state(len(packed.order)), [], 0
    for n in packed.sizes:
        h = cell(packed.data[start : start + n], h[:n])
        states.append(h)
        start += n
    return Packed(concatenate(states, axis=0), packed.sizes, packed.order)

# %% [markdown] id="pack-exercise"
# ### Exercise `pack` · 20 points
#
# `pack(x, lengths)` takes a padded batch (B, T, D) and its lengths (B,), and returns a `Packed`. `unpack(packed)` returns
# `x, lengths`. Tensors take arrays of integers as index, `x[rows, steps]`, as arrays do, and know their gradient;
# `np.argsort(a, kind="stable")` keeps the order of equals. `unpack` is checked with packed sequences that are right, so that a mistake in
# `pack` costs nothing there.
#
# What the checks ask:
#
# - `data` (N, D) holds every entry once: all first entries, then all second ones, and so on; within a step longer sequences come before shorter ones, and equally long ones in the order of x.
# - `sizes[t]` says how many sequences have a step t, and `order[k]` which row of x the k-th longest sequence is; both hold integers.
# - `unpack` gives x (B, T, D), with T the longest length, its rows in the order they had before packing, zeros behind each sequence; and their `lengths` (B,).
# - The gradient goes through both, back to the place that each entry came from.
# - What stands behind a sequence's end in x, and how much of it, changes no bit of what is packed, and its gradient is zero.
# - x may be an array or a Tensor; what comes back is a Tensor of its dtype; a sequence may have length 0.

# %% kind="solution" id="pack"
def pack(x, lengths):
    """A padded batch x (B, T, D) with lengths (B,) to a Packed."""
    ### BEGIN SOLUTION
    ### STUB: return ...
    x, lengths = x if isinstance(x, Tensor) else Tensor(x), np.asarray(lengths)
    order = np.argsort(-lengths, kind="stable")
    sizes = np.array([(lengths > t).sum() for t in range(lengths.max())])
    rows = np.concatenate([order[:n] for n in sizes])
    steps = np.repeat(np.arange(len(sizes)), sizes)
    return Packed(x[rows, steps], sizes, order)
    ### END SOLUTION

# %% kind="solution" id="unpack"
def unpack(packed):
    """A Packed to the padded batch x (B, T, D), in the order before packing, and lengths (B,)."""
    ### BEGIN SOLUTION
    ### STUB: return ...
    data, sizes, order = packed
    place = np.argsort(order)  # of each row of x among the sorted ones
    lengths = np.array([(sizes > k).sum() for k in place])
    mask = np.arange(len(sizes)) < lengths[:, None]
    starts = np.cumsum(sizes) - sizes
    at = np.where(mask, starts + place[:, None], 0)
    return where(mask[:, :, None], data[at], 0.0), lengths
    ### END SOLUTION

# %% kind="check" id="pack-check" exercise="pack" points=20
check("pack")

# %% [markdown] id="waste-text"
# What does it save? Below are thirty-two sequences, most of them short and a few long, as real ones are. **Predict**: which share of the
# steps is spent on padding? And does packing save the same share of the *time*? Remember part 1.

# %% kind="lab" id="lab-waste"
if check.passed("pad", "pack"):
    rng = np.random.default_rng(3)
    lengths = np.minimum(60, 3 + rng.geometric(0.09, 32))
    x, mask = pad([rng.standard_normal((n, 16)) for n in lengths])
    packed = pack(x, lengths)
    filled = np.where(mask, np.arange(1, 33)[:, None], np.nan)
    figure, axes = plt.subplots(1, 2, figsize=(9, 3), layout="constrained")
    axes[0].imshow(filled, aspect="auto", cmap="viridis", interpolation="nearest")
    axes[0].set(title=f"padded: {mask.size} steps", xlabel="step", ylabel="sequence")
    axes[1].imshow(filled[packed.order], aspect="auto", cmap="viridis", interpolation="nearest")
    axes[1].step(np.arange(len(packed.sizes)) - 0.5, np.asarray(packed.sizes) - 0.5, where="post", color="#D55E00", label="sizes")
    axes[1].set(title=f"packed: {len(packed.data)} steps", xlabel="step", ylabel="place after sorting")
    axes[1].legend(fontsize=8, loc="lower right")
    plt.show()
    for hidden in (8, 128):
        cell = PlainCell(16, hidden, rng)
        masked = Recurrent(cell)(x, mask=mask)[0].data
        back, _ = unpack(run_packed(cell, packed))
        if not back.requires_grad:
            print("what unpack returns is off the tape: nothing can be trained through it")
            break
        took = [
            seconds(lambda: Recurrent(cell)(x, mask=mask)[0].sum().backward(), 0.3),
            seconds(lambda: unpack(run_packed(cell, pack(x, lengths)))[0].sum().backward(), 0.3),
        ]
        print(
            f"H = {hidden:3}: padded {1e3 * took[0]:5.1f} ms, packed {1e3 * took[1]:5.1f} ms; "
            f"largest difference of a state {np.abs(masked - back.data).max():.0e}"
        )
    print(f"{1 - mask.mean():.0%} of the rectangle is padding")

# %% [markdown] id="waste-lesson"
# Two thirds of the work are gone. With a small cell none of the time goes with it: there a step costs its *calling*, as in part 1,
# and packing makes steps smaller, not fewer. With a large one more than half of the time is saved. The states differ by a rounding error,
# because the shapes do. And the cheapest trick of all is another one: put sequences of *similar length* into the same batch, and there is little
# padding to begin with.

# %% [markdown] id="ahead-text"
# ## 6 · Look ahead
#
# What is *Hill* in "we saw Hill near Street"? Whoever reads from left to right has to answer too early. If the whole
# sentence is there anyway, nothing forbids to read it twice: a second cell reads from the end, and at each step the answer may
# use both states.
#
# ```text
#    x:          we ───→ saw ───→ Hill ──→ near ──→ Street      ·     ·     (padding)
#
#    forward     →□ ────→ □ ────→ □ ────→ □ ────→ □
#                 │       │       │       │       │
#    outputs    [f,b]   [f,b]   [f,b]   [f,b]   [f,b]           0     0
#                 │       │       │       │       │
#    backward     □ ←──── □ ←──── □ ←──── □ ←──── □←            starts here, not there
# ```
#
# At *Hill*, f has read *we saw Hill* and b has read *Street near Hill*. Nothing is shared between the two; each has weights of its own.
#
# Three things go wrong, again and again:
#
# - **Whose end?** Turned round with its padding, a batch begins with padding: `x[:, ::-1]` is for sequences of equal length.
# - **Which step?** The backward cell produces its states from the end; its first one belongs to the *last* entry.
# - **Which state is the summary?** The backward cell has read everything at the *first* step. At the last step it has read one entry.
#
# ### Exercise `bidirectional` · 25 points
#
# A cell has `hidden_size`, `initial_state(B)`, and `h = cell(x[:, t], h)`; its state is one Tensor (B, H). minigrad's
# `Recurrent(cell, reverse=True)` could do part of it. Write the loop yourself this once: it is ten lines, and you have seen
# the most important one in part 3. `concatenate([a, b], axis=2)` joins Tensors, `stack(list, axis=1)` puts (B, H) ones together as (B, T, H).
#
# What the checks ask:
#
# - `forward_cell` and `backward_cell` are the cells it was given, `hidden_size` is the sum of their sizes, and `parameters()` has those of the two cells and no others.
# - The outputs are (B, T, H + H′): at each step first the forward cell's state after reading from the beginning up to there, then the backward cell's after reading from the end back to there.
# - Each cell begins in its initial state, the backward one at each sequence's own last entry; where the mask is False the outputs are zero.
# - Whatever finite numbers stand where the mask is False: no bit of outputs and gradients changes, and the gradient of x is zero there.
# - A sequence gives the same in a batch with longer ones as alone.
# - With the two cells swapped and every sequence turned round, the outputs are the same ones, turned round and with the halves swapped.
# - The gradient reaches the parameters of both cells and every entry of x, through all time steps of both directions.
#
# Every sequence has at least one entry.

# %% kind="solution" id="bidirectional"
class Bidirectional(Module):
    """Two cells over x (B, T, D), one from each end; outputs (B, T, H + H')."""

    def __init__(self, forward_cell, backward_cell):
        ### BEGIN SOLUTION
        ### STUB: self.forward_cell = self.backward_cell = ...  # each its own
        ### STUB: self.hidden_size = ...
        self.forward_cell, self.backward_cell = forward_cell, backward_cell
        self.hidden_size = forward_cell.hidden_size + backward_cell.hidden_size
        ### END SOLUTION

    def __call__(self, x, mask):
        """x (B, T, D), an array or a Tensor, and mask (B, T) to the outputs of both directions."""
        ### BEGIN SOLUTION
        ### STUB: return ...
        steps = range(x.shape[1])
        there = self.run(self.forward_cell, x, mask, steps)
        back = self.run(self.backward_cell, x, mask, reversed(steps))
        return concatenate([there, back], axis=2)

    def run(self, cell, x, mask, steps):
        """The cell's states at these steps, in the order of x; the state is carried over padding."""
        h, outputs = cell.initial_state(len(mask)), [None] * x.shape[1]
        for t in steps:
            here = mask[:, t, None]
            h = where(here, cell(x[:, t], h), h)
            outputs[t] = where(here, h, 0.0)
        return stack(outputs, axis=1)
        ### END SOLUTION

# %% kind="check" id="bidirectional-check" exercise="bidirectional" points=25
check("bidirectional")

# %% [markdown] id="tagger-text"
# ## 7 · Tags
#
# To *tag* is to give every word of a sentence a label. The names in our sentences are *Hill*, *Park*, *Stone* and *Wood*; each
# is a company if *Company* stands two words later, a street if *Street* does, else a person. Between them stands just any word.
#
# ### Exercise `tagger` · 10 points
#
# `Tagger(birnn, classes)(x, mask)` puts a linear layer on every output. The checks bring their own `birnn`: something with
# `hidden_size` that is called as `birnn(x, mask)`.
#
# What the checks ask:
#
# - `birnn` is what it was given and `head` a `Linear(birnn.hidden_size, classes)`; `parameters()` has those of the two and no others.
# - x and mask give logits (B, T, classes): the head on the output of `birnn` at every step where the mask is True; what it gives elsewhere is never looked at.
# - What stands where the mask is False changes no bit of the other steps' logits: `birnn` must know the mask.
# - The gradient reaches the head and, through it, `birnn` and x.

# %% kind="solution" id="tagger"
class Tagger(Module):
    """Logits (B, T, classes) for every step of x (B, T, D)."""

    def __init__(self, birnn, classes):
        ### BEGIN SOLUTION
        ### STUB: self.birnn = ...
        ### STUB: self.head = ...  # a Linear
        self.birnn = birnn
        self.head = Linear(birnn.hidden_size, classes)
        ### END SOLUTION

    def __call__(self, x, mask):
        """Logits (B, T, classes)."""
        ### BEGIN SOLUTION
        ### STUB: return ...
        return self.head(self.birnn(x, mask))
        ### END SOLUTION

# %% kind="check" id="tagger-check" exercise="tagger" points=10
check("tagger")

# %% [markdown] id="ahead-lab-text"
# ## 8 · Learning
#
# Everything together: `pad` makes the batch, your two-way network tags it, and `masked_mean` turns the losses of the words into
# one number. Beside it runs the same network with its backward half blindfolded (its outputs are replaced by zeros), so that
# nothing else differs. **Predict** what the blind one reaches on names: the three kinds are about equally frequent.

# %% kind="lab" id="lab-ahead"
def nats(logits, labels):
    """-log of the probability of each label (B, T), from logits (B, T, classes)."""
    return -log_softmax(logits)[(*np.indices(labels.shape), labels)]


class Blind(Module):
    """A two-way network without its backward half."""

    def __init__(self, birnn):
        self.birnn, self.hidden_size = birnn, birnn.hidden_size

    def __call__(self, x, mask):
        seen = np.arange(self.hidden_size) < self.birnn.forward_cell.hidden_size
        return self.birnn(x, mask) * seen.astype(float)


def learn_tags(blind, updates=120, seed=0):
    """A tagger of names, and its share of right tags on fresh names every ten updates."""
    rng = np.random.default_rng([4, seed])
    code = rng.standard_normal((len(ragged.WORDS), 10))
    birnn = Bidirectional(PlainCell(10, 12, rng), PlainCell(10, 12, rng))
    model = Tagger(Blind(birnn) if blind else birnn, len(ragged.TAGS))
    model.head.W.data[...] = init.glorot(model.head.W.shape, rng)
    optimizer, fresh, right = Adam(model.parameters(), lr=0.02), ragged.names(rng, 400), []
    named = fresh.mask & (fresh.x < len(ragged.NAMES))
    for update in range(updates + 1):
        if update % 10 == 0:
            with no_grad():
                tags = model(code[fresh.x], fresh.mask).data.argmax(axis=-1)
            right.append((tags == fresh.y)[named].mean())
        drawn = ragged.names(rng, 32)
        x, mask = pad([code[row] for row in ragged.sequences(drawn.x, drawn.mask)])
        labels, _ = pad(ragged.sequences(drawn.y, drawn.mask))
        optimizer.zero_grad()
        masked_mean(nats(model(x, mask), labels), mask).backward()
        optimizer.step()
    return model, code, right


if check.passed("pad", "masked-mean", "bidirectional", "tagger"):
    sentence = "we saw Hill near Street"
    tokens = np.array([[ragged.WORDS.index(word) for word in sentence.split()]])
    figure, ax = plt.subplots(figsize=(6, 3), layout="constrained")
    for name, blind in (("left to right only", True), ("both directions", False)):
        model, code, right = learn_tags(blind)
        ax.plot(10 * np.arange(len(right)), right, label=name)
        with no_grad():
            p = softmax(model(code[tokens], np.ones(tokens.shape, dtype=bool))).data[0]
        print(f"{name}: {right[-1]:.2f} of the names in fresh sentences are right")
        print("         " + "".join(f"{word:>9}" for word in sentence.split()))
        for k, tag in enumerate(ragged.TAGS):
            print(f"{tag:9}" + "".join(f"{p[t, k]:9.2f}" for t in range(len(p))))
        print()
    ax.set(xlabel="update", ylabel="names right", ylim=(0, 1.02), title="what the next words tell")
    ax.legend()
    plt.show()

# %% [markdown] id="learned-text"
# ### Exercise `learned` · 15 points
#
# Nothing more to write. The second task is a caricature of speech recognition: two tones glide towards each other or
# apart, in three kinds, forwards or backwards, so there are six classes; then five frames of noise follow. It is read in packed form: your `pad` and
# `pack`, a plain cell, your `unpack`, and a linear layer on each sequence's own last state.

# %% kind="lab" id="lab-glides"
batch = ragged.glides(np.random.default_rng(5), 40)
figure, axes = plt.subplots(1, 6, figsize=(10, 2.2), sharey=True, layout="constrained")
for label, ax in enumerate(axes):
    row = int(np.argmax(batch.y == label))
    ax.imshow(batch.x[row][batch.mask[row]].T, origin="lower", aspect="auto", cmap="magma")
    ax.set(title=f"class {label}", xlabel="frame")
axes[0].set_ylabel("bin")
plt.show()

# %% [markdown] id="learned-exercise"
# Both tasks come in a version of their own: other codes for words and frames, other numbers for the labels. What was
# learned is then tried on fresh sequences. Each task waits for the checks that it builds on.
#
# - Tagging is learned, by your tagger, with your padding and your loss: at least 97 of 100 names in fresh sentences are right.
# - Glides are learned, five frames after their end, from packed sequences: at least 97 of 100 fresh ones are right.

# %% kind="check" id="learned-check" exercise="learned" points=15
check("learned")

# %% [markdown] id="end"
# ## What you have now
#
# - Padding makes a rectangle and the mask says what is real. Padding is never recognised by its value.
# - State: carried over padding, not zeroed. Loss: a mean over what is there, by choosing and not by multiplying.
# - Changing what stands in the padding changes no bit. Being alone or in a batch changes the rounding, and nothing else.
# - Packing leaves the padding out, at the price of sorting, and whoever sorts has to undo it.
# - A second cell from the end sees what comes; it starts at each sequence's own end. It cannot be used where the future is
#   not there yet: not in a forecast, and not where text is written word by word.
#
# A test worth keeping for whatever network you will write: put garbage into the padding and compare bits; take a sequence
# out of its batch and compare numbers; turn everything round. It takes ten lines and finds what no falling loss ever shows.
#
# **To read on.** M. Schuster, K. Paliwal, *Bidirectional recurrent neural networks* (1997). A. Graves, J. Schmidhuber,
# *Framewise phoneme classification with bidirectional LSTM and other neural network architectures* (2005).
