"""The public checks of 04-batches: shipped with their inputs' seed and the values they expect.

Ladder of each exercise: shape, value, a tiny case by hand, a random cotangent. What a probe says is
the notebook's sentence, word for word; the hidden checks say the same sentences and test them harder.
Two runs that differ in the padding's contents alone are compared bit by bit.
"""

import numpy as np

from minigrad import Tensor, concatenate, no_grad, tanh, where
from minigrad.checks import check, given
from minigrad.data import ragged
from minigrad.functional import log_softmax
from minigrad.nn import Linear, Module, Parameter
from minigrad.optim import Adam

# --- what several probes use ---------------------------------------------------------------------


def sizes(rng, count, low=2, high=9):
    """Distinct sizes, so that no two axes can be confused."""
    return [int(n) for n in rng.permutation(np.arange(low, high))[:count]]


def gradient(leaf):
    """A leaf's gradient; zeros where none arrived."""
    return np.zeros(leaf.shape) if leaf.grad is None else leaf.grad


def truth(*answers):
    """Yes and no."""
    return np.array([bool(a) for a in answers])


def alive(values):
    """1.0 where there is anything but zeros: zeros of the right shape are no answer."""
    return truth(np.any(getattr(values, "data", values)))


def single(*results):
    """1.0 for each Tensor or array that is float32."""
    return truth(*(getattr(r, "dtype", None) == np.float32 for r in results))


def same_bits(one, other):
    """1.0 where two lists of arrays are equal entry by entry."""
    return truth(*(np.array_equal(a, b) for a, b in zip(one, other, strict=True)))


def some_lengths(rng, B, T, shortest=1):
    """Lengths (B,) from `shortest` to T, not sorted, the longest not at an end and T at least once."""
    lengths = rng.integers(shortest, T, B)
    lengths[int(rng.integers(1, B - 1)) if B > 2 else 0] = T
    return lengths


def mask_of(lengths, T=None):
    return np.arange(max(lengths) if T is None else T) < np.asarray(lengths)[:, None]


def padded(rng, B, T, D, shortest=1):
    """x (B, T, D), zero behind each sequence, its mask and its lengths."""
    lengths = some_lengths(rng, B, T, shortest)
    mask = mask_of(lengths)
    return np.where(mask[..., None], rng.normal(size=(B, T, D)), 0.0), mask, lengths


def other_padding(rng, x, mask, scale=10.0):
    """The same sequences with numbers behind them."""
    here = mask.reshape(mask.shape + (1,) * (x.ndim - 2))
    return np.where(here, x, scale * rng.normal(size=x.shape))


# --- pad -----------------------------------------------------------------------------------------

RECTANGLE = (
    "`x` is (B, T, …) and `mask` (B, T) of bool, with T the longest sequence's length: "
    "row b holds sequence b, from its beginning, and zeros behind it."
)
OWN = "The mask is True exactly at the sequences' own entries, whatever their values: a zero in a sequence is an entry."
KINDS = (
    "`x` has the sequences' dtype, and their axes after the first, if they have any: "
    "tokens (T,), rows (T, D), pictures (T, D, E)."
)
EMPTY = "A sequence without entries is a row of padding."


def pad_of(student, sequences):
    """What the student's pad returns, or "to do"."""
    x, mask = given(student.pad(sequences), "pad", tuple, (2,))
    shape = len(sequences), max(map(len, sequences))
    x = given(x, "the x of pad", np.ndarray, (*shape, *sequences[0].shape[1:]))
    return x, given(mask, "the mask of pad", np.ndarray, shape)


@check(exercise="pad", weight=3, says=RECTANGLE)
def rectangle(student, rng):
    B, T, D = sizes(rng, 3, 3)
    x, mask = pad_of(student, [rng.normal(size=(n, D)) for n in some_lengths(rng, B, T)])
    return {"shape of x": np.array(x.shape), "x": x, "mask": mask}


@check(exercise="pad", weight=2, says=OWN)
def own_entries(student, rng):
    a, b = rng.integers(1, 99, 2)
    x, mask = pad_of(student, [np.array([0, a]), np.array([b, 0, 0]), np.array([0])])
    return {"x": x, "mask": mask}


@check(exercise="pad", weight=2, says=KINDS)
def tokens(student, rng):
    """Tokens, and rows of float32."""
    lengths = some_lengths(rng, *sizes(rng, 2, 3))
    x, mask = pad_of(student, [rng.integers(1, 50, n) for n in lengths])
    rows, _ = pad_of(student, [rng.normal(size=(n, 2)).astype(np.float32) for n in lengths])
    return {"x": x, "mask": mask, "rows of float32": rows}


@check(exercise="pad", says=EMPTY)
def one_empty(student, rng):
    D = int(rng.integers(2, 6))
    x, mask = pad_of(student, [rng.normal(size=(n, D)) for n in (2, 0, 3)])
    return {"x": x, "mask": mask}


# --- masked-mean ---------------------------------------------------------------------------------

MEAN = "It is the mean over the entries where the mask is True; each counts the same, in whichever sequence it stands."
AXES = "`values` may have more axes behind (B, T); then all that stands at a place counts with it, or does not."
ANYTHING = (
    "What stands where the mask is False changes no bit of the mean or of the gradient, "
    "not even if it is inf or NaN, and its own gradient is zero."
)
TENSOR = "The result is a Tensor of one number in the dtype of `values`; the gradient reaches every entry that counts."
NOWHERE = "Where the mask is False everywhere the mean is 0, and so is the gradient."


def mean_of(student, values, mask):
    """The student's mean of an array, and its gradient."""
    leaf = Tensor(values, requires_grad=True)
    mean = given(student.masked_mean(leaf, mask), "masked_mean", Tensor, ())
    mean.backward()
    return mean, gradient(leaf)


def means(student, arrays, mask):
    """Means and gradients of several arrays under one mask, one after the other."""
    return [a for values in arrays for a in mean_of(student, values, mask)]


@check(exercise="masked-mean", weight=2, says=MEAN)
def masked_values(student, rng):
    values, mask, _ = padded(rng, *sizes(rng, 2, 4), 1)
    return {"mean": given(student.masked_mean(Tensor(values[..., 0]), mask), "masked_mean", Tensor, ())}


@check(exercise="masked-mean", says=MEAN)
def mean_by_hand(student, rng):
    a, b = rng.uniform(1, 9, 2).round(2)
    values = Tensor(np.array([[a, 0.0, 0.0], [b, 0.0, 4.0]]))
    means = {"one": mask_of([1, 0], 3), "one and three": mask_of([1, 3])}
    return {f"mean of {name}": given(student.masked_mean(values, mask), "masked_mean", Tensor, ()) for name, mask in means.items()}


@check(exercise="masked-mean", says=AXES)
def rows_behind(student, rng):
    values, mask, _ = padded(rng, *sizes(rng, 3, 3))
    return {"mean": given(student.masked_mean(Tensor(values), mask), "masked_mean", Tensor, ())}


@check(exercise="masked-mean", says=ANYTHING)
def other_contents(student, rng):
    values, mask, _ = padded(rng, *sizes(rng, 2, 4), 1)
    values = values[..., 0]
    first, slope, again, slope_again = means(student, (values, other_padding(rng, values, mask)), mask)
    return {
        "mean": first,
        "mean with other padding": again,
        "same bits: mean, gradient": same_bits((first.data, slope), (again.data, slope_again)),
    }


@check(exercise="masked-mean", weight=2, says=TENSOR)
def mean_gradient(student, rng):
    values, mask, _ = padded(rng, *sizes(rng, 2, 3), 1)
    mean, slope = mean_of(student, values[..., 0], mask)
    narrow, its_slope = mean_of(student, values[..., 0].astype(np.float32), mask)
    return {"shape of the result": np.array(mean.shape), "gradient": slope, "float32 stays": single(narrow, its_slope)}


@check(exercise="masked-mean", says=NOWHERE)
def nothing_there(student, rng):
    values = rng.normal(size=sizes(rng, 2))
    mask = np.zeros(values.shape, dtype=bool)
    none, slope = mean_of(student, values, mask)
    return {"mean of nothing": none, "its gradient": slope, "mean of all": mean_of(student, values, ~mask)[0]}


# --- pack ----------------------------------------------------------------------------------------

LAYOUT = (
    "`data` (N, D) holds every entry once: all first entries, then all second ones, and so on; "
    "within a step longer sequences come before shorter ones, and equally long ones in the order of x."
)
SIZES = (
    "`sizes[t]` says how many sequences have a step t, and `order[k]` which row of x "
    "the k-th longest sequence is; both hold integers."
)
BACK = (
    "`unpack` gives x (B, T, D), with T the longest length, its rows in the order they had before packing, "
    "zeros behind each sequence; and their `lengths` (B,)."
)
THROUGH = "The gradient goes through both, back to the place that each entry came from."
BEHIND = (
    "What stands behind a sequence's end in x, and how much of it, changes no bit of what is packed, "
    "and its gradient is zero."
)
EITHER = "x may be an array or a Tensor; what comes back is a Tensor of its dtype; a sequence may have length 0."


def pack_of(student, x, lengths):
    """data, sizes and order of the student's pack; integers as int64, whatever holds them."""
    data, counts, order = given(student.pack(x, lengths), "pack", tuple, (3,))
    return given(data, "the data of pack", Tensor, (int(np.sum(lengths)), x.shape[2])), integers(counts, "the sizes of pack"), integers(order, "the order of pack")


def unpack_of(student, packed):
    """x and lengths of the student's unpack, integers as int64."""
    x, lengths = given(student.unpack(packed), "unpack", tuple, (2,))
    return given(x, "the x of unpack", Tensor, (len(packed.order), len(packed.sizes), packed.data.shape[1])), integers(lengths, "the lengths of unpack")


def integers(value, what):
    array = np.asarray(given(value, what))
    return array.astype(np.int64) if array.dtype.kind in "iu" else array


def distinct_lengths(rng, B, T):
    """Lengths that are all different and in no order: neither sorted nor the other way round."""
    while True:
        lengths = 1 + rng.permutation(T)[:B]
        steps = np.diff(lengths)
        if lengths.max() == T and steps.min() < 0 < steps.max() and not turns_itself(np.argsort(-lengths)):
            return lengths


def turns_itself(order):
    """Whether an order is its own inverse, so that sorting twice would undo it."""
    return np.array_equal(order[order], np.arange(len(order)))


def to_pack(rng):
    """A padded batch (4, T, D) of different lengths, its mask and its lengths."""
    B, T, D = 4, int(rng.integers(6, 9)), int(rng.integers(2, 4))
    lengths = distinct_lengths(rng, B, T)
    mask = mask_of(lengths)
    return np.where(mask[..., None], rng.normal(size=(B, T, D)), 0.0), mask, lengths


def laid_out(student, rng, lengths, D, dtype=np.float64):
    """A right Packed around a Tensor that wants a gradient, made without the student's pack."""
    lengths = np.asarray(lengths)
    order = np.argsort(-lengths, kind="stable")
    counts = np.array([(lengths > t).sum() for t in range(lengths.max())])
    data = Tensor(rng.normal(size=(counts.sum(), D)).astype(dtype), requires_grad=True)
    return student.Packed(data, counts, order)


@check(exercise="pack", weight=2, says=LAYOUT)
def layout(student, rng):
    B, T, D = 4, int(rng.integers(6, 9)), int(rng.integers(2, 4))
    lengths = distinct_lengths(rng, B, T)
    return {"data": pack_of(student, rng.normal(size=(B, T, D)), lengths)[0]}


@check(exercise="pack", weight=2, says=SIZES)
def sizes_and_order(student, rng):
    B, T = 5, int(rng.integers(7, 10))
    _, counts, order = pack_of(student, rng.normal(size=(B, T, 2)), distinct_lengths(rng, B, T))
    return {"sizes": counts, "order": order}


@check(exercise="pack", weight=2, says=BACK)
def unpacked(student, rng):
    B, T, D = 4, int(rng.integers(6, 9)), int(rng.integers(2, 4))
    x, lengths = unpack_of(student, laid_out(student, rng, distinct_lengths(rng, B, T), D))
    return {"x": x, "lengths": lengths}


@check(exercise="pack", says=BACK)
def unpacked_by_hand(student, rng):
    a, b, c = rng.integers(1, 99, 3).astype(float)
    packed = student.Packed(Tensor(np.array([[a], [b], [c]])), np.array([2, 1]), np.array([1, 0]))
    x, lengths = unpack_of(student, packed)
    return {"x": x, "lengths": lengths}


@check(exercise="pack", says=THROUGH)
def pack_gradient(student, rng):
    B, T, D = 4, int(rng.integers(6, 9)), int(rng.integers(2, 4))
    x = Tensor(rng.normal(size=(B, T, D)), requires_grad=True)
    data, _, _ = pack_of(student, x, distinct_lengths(rng, B, T))
    (data * rng.normal(size=data.shape)).sum().backward()
    return {"x.grad": gradient(x)}


@check(exercise="pack", says=BEHIND)
def behind_the_end(student, rng):
    x, mask, lengths = to_pack(rng)
    first, again = (pack_of(student, a, lengths) for a in (x, other_padding(rng, x, mask)))
    return {"data": first[0], "same bits": same_bits([first[0].data], [again[0].data])}


@check(exercise="pack", says=EITHER)
def length_zero(student, rng):
    D, x, lengths = int(rng.integers(2, 5)), rng.normal(size=(3, 4, 1)), np.array([2, 0, 4])
    data, counts, order = pack_of(student, x * np.ones(D), lengths)
    back, again = unpack_of(student, laid_out(student, rng, lengths, D))
    narrow = pack_of(student, x.astype(np.float32), lengths)[0], unpack_of(student, laid_out(student, rng, lengths, D, np.float32))[0]
    return {
        "data": data,
        "sizes": counts,
        "order": order,
        "unpacked x": back,
        "unpacked lengths": again,
        "Tensors, both": truth(isinstance(data, Tensor), isinstance(back, Tensor)),
        "float32 stays, in both": single(*narrow),
    }


# --- bidirectional -------------------------------------------------------------------------------

PARTS = (
    "`forward_cell` and `backward_cell` are the cells it was given, `hidden_size` is the sum of their sizes, "
    "and `parameters()` has those of the two cells and no others."
)
OUTPUTS = (
    "The outputs are (B, T, H + H′): at each step first the forward cell's state after reading from the "
    "beginning up to there, then the backward cell's after reading from the end back to there."
)
ENDS = (
    "Each cell begins in its initial state, the backward one at each sequence's own last entry; "
    "where the mask is False the outputs are zero."
)
CONTENTS = (
    "Whatever finite numbers stand where the mask is False: no bit of outputs and gradients changes, "
    "and the gradient of x is zero there."
)
ALONE = "A sequence gives the same in a batch with longer ones as alone."
TURNED = (
    "With the two cells swapped and every sequence turned round, the outputs are the same ones, "
    "turned round and with the halves swapped."
)
REACHES = (
    "The gradient reaches the parameters of both cells and every entry of x, "
    "through all time steps of both directions."
)


class Leaky(Module):
    """A stand-in cell (B, D) -> (B, H): it keeps a share of its state and adds what it reads."""

    def __init__(self, rng, D, H):
        self.hidden_size = H
        self.keep, self.W = Parameter(rng.uniform(0.3, 0.9, H)), Parameter(rng.normal(size=(D, H)) / np.sqrt(D))
        self.first = rng.normal(size=H)

    def initial_state(self, batch):
        return Tensor(np.tile(self.first, (batch, 1)))

    def __call__(self, x, h):
        return tanh(h * self.keep + x @ self.W)


def two_way(student, forward_cell, backward_cell):
    """The student's Bidirectional, or "to do"."""
    net = given(student.Bidirectional(forward_cell, backward_cell), "Bidirectional")
    given(net.hidden_size, "Bidirectional's hidden_size")
    return net


def leaky_pair(rng, D, H, G):
    return Leaky(rng, D, H), Leaky(rng, D, G)


def outputs_of(net, x, mask):
    return given(net(x if isinstance(x, Tensor) else Tensor(x), mask), "Bidirectional's __call__", Tensor, (*mask.shape, None))


def turned_round(a, lengths):
    """Every sequence of a padded array from its end, the padding where it was."""
    return np.array([np.concatenate([row[:n][::-1], row[n:]]) for row, n in zip(a, lengths, strict=True)])


def with_gradients(student, cells, x, mask, cotangent):
    """Outputs, and the gradients of x and of both cells, all made anew."""
    for p in (p for cell in cells for p in cell.parameters()):
        p.grad = None
    leaf = Tensor(x, requires_grad=True)
    outputs = outputs_of(two_way(student, *cells), leaf, mask)
    (outputs * cotangent).sum().backward()
    got = {"outputs": outputs.data, "x.grad": gradient(leaf)}
    for name, cell in zip(("forward", "backward"), cells, strict=True):
        got |= {f"{name} cell's keep.grad": gradient(cell.keep), f"{name} cell's W.grad": gradient(cell.W)}
    return {name: np.array(a) for name, a in got.items()}


@check(exercise="bidirectional", says=PARTS)
def parts(student, rng):
    B, T, D, H, G = sizes(rng, 5, 2, 12)
    cells = leaky_pair(rng, D, H, G)
    net = two_way(student, *cells)
    mine, theirs = {id(p) for p in net.parameters()}, {id(p) for cell in cells for p in cell.parameters()}
    outputs = outputs_of(net, rng.normal(size=(B, T, D)), mask_of([T] * B))
    return {
        "the cells": truth(net.forward_cell is cells[0], net.backward_cell is cells[1]),
        "hidden_size": np.array(int(net.hidden_size)),
        "parameters()": truth(mine == theirs, len(mine) == 4),
        "shape of the outputs": np.array(outputs.shape),
        "outputs other than zero": alive(outputs),
    }


@check(exercise="bidirectional", weight=3, says=OUTPUTS)
def equal_lengths(student, rng):
    B, T, D, H, G = sizes(rng, 5)
    net = two_way(student, *leaky_pair(rng, D, H, G))
    return {"outputs": outputs_of(net, rng.normal(size=(B, T, D)), mask_of([T] * B))}


@check(exercise="bidirectional", weight=3, says=ENDS)
def padded_batch(student, rng):
    """Two cells of one size, which differ in all else."""
    B, T, D, H = sizes(rng, 4, 3, 9)
    net = two_way(student, *leaky_pair(rng, D, H, H))
    x, mask, _ = padded(rng, B, T, D)
    return {"outputs": outputs_of(net, x, mask)}


@check(exercise="bidirectional", says=CONTENTS)
def garbage(student, rng):
    B, T, D, H, G = sizes(rng, 5, 3, 9)
    net = two_way(student, *leaky_pair(rng, D, H, G))
    x, mask, _ = padded(rng, B, T, D)
    first, again = (outputs_of(net, a, mask) for a in (x, other_padding(rng, x, mask)))
    return {"outputs": again, "same bits": same_bits([first.data], [again.data])}


@check(exercise="bidirectional", says=ALONE)
def shortest_alone(student, rng):
    """Both in one answer: in the batch, and by itself."""
    B, T, D, H, G = sizes(rng, 5, 3, 9)
    net = two_way(student, *leaky_pair(rng, D, H, G))
    x, mask, lengths = padded(rng, B, T, D, 2)
    row = int(lengths.argmin())
    short = int(lengths[row])
    alone = outputs_of(net, x[row : row + 1, :short], mask[row : row + 1, :short]).data[0]
    return {"alone": alone, "in the batch, less alone": outputs_of(net, x, mask).data[row, :short] - alone}


@check(exercise="bidirectional", says=TURNED)
def swapped(student, rng):
    B, T, D, H, G = sizes(rng, 5)
    a, b = leaky_pair(rng, D, H, G)
    x, mask = rng.normal(size=(B, T, D)), mask_of([T] * B)
    one = outputs_of(two_way(student, a, b), x, mask).data
    two = outputs_of(two_way(student, b, a), x[:, ::-1], mask).data[:, ::-1]
    return {"outputs": one, "less those turned round": one - np.concatenate([two[..., G:], two[..., :G]], axis=2)}


@check(exercise="bidirectional", weight=2, says=REACHES)
def gradients(student, rng):
    B, T, D, H, G = sizes(rng, 5)
    cells, x = leaky_pair(rng, D, H, G), rng.normal(size=(B, T, D))
    return with_gradients(student, cells, x, mask_of([T] * B), rng.normal(size=(B, T, H + G)))


# --- tagger --------------------------------------------------------------------------------------

TAGGER_PARTS = (
    "`birnn` is what it was given and `head` a `Linear(birnn.hidden_size, classes)`; "
    "`parameters()` has those of the two and no others."
)
LOGITS = (
    "x and mask give logits (B, T, classes): the head on the output of `birnn` at every step where the mask is True; "
    "what it gives elsewhere is never looked at."
)
KNOWS = "What stands where the mask is False changes no bit of the other steps' logits: `birnn` must know the mask."
TAGGER_REACHES = "The gradient reaches the head and, through it, `birnn` and x."


class Around(Module):
    """A stand-in network: at each step what stands there, and the sum of the whole sequence.

    It makes something of a row of zeros, too: who zeroes the padding in place of the mask is seen.
    """

    def __init__(self, rng, D, H):
        self.hidden_size, self.W = H, Parameter(rng.normal(size=(D, H)) / np.sqrt(D))
        self.shift = rng.uniform(0.3, 0.9, H)

    def __call__(self, x, mask):
        y = where(mask[:, :, None], tanh(x @ self.W + self.shift), 0.0)
        return y + 0.3 * y.sum(axis=1, keepdims=True)


def tagger_of(student, rng, D, H, K):
    """The student's Tagger around a stand-in, its head from rng."""
    model = given(student.Tagger(Around(rng, D, H), K), "Tagger")
    given(model.birnn, "Tagger's birnn")
    given(model.head, "Tagger's head")
    model.head.W.data[...] = rng.normal(size=(H, K))
    model.head.b.data[...] = rng.normal(size=K)
    return model


def tag_logits(model, x, mask):
    return given(model(x if isinstance(x, Tensor) else Tensor(x), mask), "Tagger's __call__", Tensor, (*mask.shape, *model.head.b.shape))


@check(exercise="tagger", weight=2, says=TAGGER_PARTS)
def tagger_parts(student, rng):
    B, T, D, H, K = sizes(rng, 5, 2, 12)
    model = tagger_of(student, rng, D, H, K)
    x, mask, _ = padded(rng, B, T, D)
    logits = tag_logits(model, x, mask)
    return {
        "shape of head.W": np.array(model.head.W.shape),
        "shape of head.b": np.array(model.head.b.shape),
        "birnn's W among parameters()": truth(any(p is model.birnn.W for p in model.parameters())),
        "sizes of parameters()": np.sort([p.data.size for p in model.parameters()]),
        "shape of the logits": np.array(logits.shape),
        "logits other than zero": alive(logits),
    }


@check(exercise="tagger", weight=2, says=LOGITS)
def full_sentences(student, rng):
    B, T, D, H, K = sizes(rng, 5)
    model = tagger_of(student, rng, D, H, K)
    return {"logits": tag_logits(model, rng.normal(size=(B, T, D)), mask_of([T] * B))}


@check(exercise="tagger", says=KNOWS)
def tagger_garbage(student, rng):
    B, T, D, H, K = sizes(rng, 5, 3, 9)
    model = tagger_of(student, rng, D, H, K)
    x, mask, _ = padded(rng, B, T, D)
    first, again = (tag_logits(model, a, mask).data[mask] for a in (x, other_padding(rng, x, mask)))
    return {"logits": first, "same bits": same_bits([first], [again])}


@check(exercise="tagger", says=TAGGER_REACHES)
def tagger_gradients(student, rng):
    B, T, D, H, K = sizes(rng, 5)
    model = tagger_of(student, rng, D, H, K)
    logits = tag_logits(model, rng.normal(size=(B, T, D)), mask_of([T] * B))
    (logits * rng.normal(size=(B, T, K))).sum().backward()
    return {
        "head.W.grad": gradient(model.head.W),
        "head.b.grad": gradient(model.head.b),
        "birnn's W.grad": gradient(model.birnn.W),
    }


# --- learned -------------------------------------------------------------------------------------
# The task's own map comes first from the rng, so that the replay can draw it again. What follows,
# starting weights and batches, belongs to the training alone; the replay has data of its own.

TAGGING = (
    "Tagging is learned, by your tagger, with your padding and your loss: "
    "at least 97 of 100 names in fresh sentences are right."
)
GLIDES = (
    "Glides are learned, five frames after their end, from packed sequences: "
    "at least 97 of 100 fresh ones are right."
)
CODE = 10  # numbers that stand for one word


class Plain(Module):
    """The plain cell that is trained here: tanh([h, x] W + b)."""

    def __init__(self, D, H):
        self.hidden_size = H
        self.W, self.b = Parameter(np.zeros((H + D, H))), Parameter(np.zeros(H))

    def initial_state(self, batch):
        return Tensor(np.zeros((batch, self.hidden_size)))

    def __call__(self, x, h):
        return tanh(concatenate([h, x], axis=1) @ self.W + self.b)


def orthogonal(rng, n):
    """A random orthogonal matrix (n, n)."""
    q, r = np.linalg.qr(rng.normal(size=(n, n)))
    return q * np.sign(np.diag(r))


def glorot(rng, rows, columns):
    limit = np.sqrt(6 / (rows + columns))
    return rng.uniform(-limit, limit, (rows, columns))


def write(named, arrays):
    for name, parameter in named.items():
        parameter.data[...] = arrays[name]


def trained(named, loss, error, lr, budget):
    """Train with Adam until at most one of 400 fresh answers is wrong; the parameters."""
    optimizer = Adam(list(named.values()), lr=lr)
    for update in range(1, budget + 1):
        optimizer.zero_grad()
        loss(32).backward()
        optimizer.step()
        if update % 20 == 0 and error(400) <= 0.0025:
            break
    return {name: parameter.data for name, parameter in named.items()}


def tagging_map(rng):
    """Words in a code of the task's own, tags numbered in its own way."""
    code, number = rng.normal(size=(len(ragged.WORDS), CODE)), rng.permutation(len(ragged.TAGS))

    def draw(rng, size):
        """Sentences, their labels, and where in them names are: three lists of arrays."""
        batch = ragged.names(rng, size)
        rows, labels = (ragged.sequences(a, batch.mask) for a in (batch.x, number[batch.y]))
        return [code[row] for row in rows], labels, [row < len(ragged.NAMES) for row in rows]

    return draw


def tagging_model(student):
    """The student's tagger around the student's two-way network, and its parameters by name."""
    cells = Plain(CODE, 12), Plain(CODE, 12)
    model = given(student.Tagger(two_way(student, *cells), len(ragged.TAGS)), "Tagger")
    named = {"W": cells[0].W, "b": cells[0].b, "W back": cells[1].W, "b back": cells[1].b}
    return model, {**named, "V": model.head.W, "d": model.head.b}


def tagging_error(student, model, drawn):
    sentences, labels, named = drawn
    x, mask = pad_of(student, sentences)
    with no_grad():
        told = tag_logits(model, x, mask).data.argmax(axis=-1)
    wrong = [row[: len(y)][where_named] != y[where_named] for row, y, where_named in zip(told, labels, named, strict=True)]
    return float(np.concatenate(wrong).mean())


def tagging_replay(solution, parameters, rng, held_out):
    draw = tagging_map(rng)
    model, named = tagging_model(solution)
    write(named, parameters)
    return 1 - tagging_error(solution, model, draw(held_out, 500))


@check(
    exercise="learned", weight=8, says=TAGGING, cpu=8.0, threshold=0.97,
    needs=(
        "pad.rectangle", "pad.tokens", "masked-mean.masked-values", "masked-mean.mean-gradient",
        "bidirectional.parts", "bidirectional.padded-batch", "bidirectional.gradients", "bidirectional.gradients-padded",
        "tagger.tagger-parts", "tagger.full-sentences", "tagger.tagger-gradients",
    ),
    replay=tagging_replay,
)
def tagging(student, rng):
    draw = tagging_map(rng)
    model, named = tagging_model(student)
    limit = {"V": glorot(rng, 24, len(ragged.TAGS)), "b": 0.0, "b back": 0.0, "d": 0.0}
    write(named, limit | {w: np.concatenate([orthogonal(rng, 12), glorot(rng, CODE, 12)]) for w in ("W", "W back")})

    def loss(size):
        sentences, rows, _ = draw(rng, size)
        (x, mask), (labels, _) = pad_of(student, sentences), pad_of(student, rows)
        nats = -log_softmax(tag_logits(model, x, mask))[(*np.indices(labels.shape), labels)]
        return given(student.masked_mean(nats, mask), "masked_mean", Tensor, ())

    return trained(named, loss, lambda size: tagging_error(student, model, draw(rng, size)), 0.02, 500)


def glides_map(rng):
    """Spectra turned in a way of the task's own, classes numbered in its own way."""
    turn, number = orthogonal(rng, ragged.GLIDE_BINS), rng.permutation(ragged.GLIDE_CLASSES)

    def draw(rng, size):
        batch = ragged.glides(rng, size)
        return ragged.sequences(batch.x @ turn, batch.mask), number[batch.y]

    return draw


class Listener:
    """A plain cell over packed sequences, and a linear layer on each sequence's last state."""

    def __init__(self):
        self.cell, self.head = Plain(ragged.GLIDE_BINS, 24), Linear(24, ragged.GLIDE_CLASSES)
        self.named = {"W": self.cell.W, "b": self.cell.b, "V": self.head.W, "d": self.head.b}

    def __call__(self, student, sequences):
        x, mask = pad_of(student, sequences)
        packed = given(student.pack(x, mask.sum(axis=1)), "pack")
        h, states, start = self.cell.initial_state(len(packed.order)), [], 0
        for n in packed.sizes:
            h = self.cell(packed.data[start : start + n], h[:n])
            states.append(h)
            start += n
        states, lengths = given(student.unpack(packed._replace(data=concatenate(states, axis=0))), "unpack")
        return self.head(states[np.arange(len(sequences)), np.asarray(lengths) - 1])

    def error(self, student, drawn):
        with no_grad():
            return float((self(student, drawn[0]).data.argmax(axis=1) != drawn[1]).mean())


def glides_replay(solution, parameters, rng, held_out):
    draw, listener = glides_map(rng), Listener()
    write(listener.named, parameters)
    return 1 - listener.error(solution, draw(held_out, 500))


@check(
    exercise="learned", weight=7, says=GLIDES, cpu=8.0, threshold=0.97,
    needs=(
        "pad.rectangle", "pack.layout", "pack.sizes-and-order", "pack.unpacked", "pack.pack-gradient",
        "pack.equally-long", "pack.gradients-both",
    ),
    replay=glides_replay,
)
def glides(student, rng):
    draw, listener = glides_map(rng), Listener()
    start = {"b": 0.0, "d": 0.0, "V": glorot(rng, 24, ragged.GLIDE_CLASSES)}
    W = np.concatenate([orthogonal(rng, 24), glorot(rng, ragged.GLIDE_BINS, 24)])
    write(listener.named, {**start, "W": W})

    def loss(size):
        sequences, labels = draw(rng, size)
        return -log_softmax(listener(student, sequences))[np.arange(size), labels].mean()

    return trained(listener.named, loss, lambda size: listener.error(student, draw(rng, size)), 0.005, 1000)
