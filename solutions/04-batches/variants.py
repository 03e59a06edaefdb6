"""Right work on 04-batches in other words: every check must pass it."""

from minigrad.checks import Variant

LISTS_PAD = '''
def pad(sequences):
    """Row by row, with what is missing put behind."""
    longest = max(map(len, sequences))
    rows, mask = [], []
    for sequence in sequences:
        missing = longest - len(sequence)
        rows.append(np.concatenate([sequence, np.zeros((missing, *sequence.shape[1:]), sequence.dtype)]))
        mask.append([True] * len(sequence) + [False] * missing)
    return np.stack(rows), np.array(mask)
'''

FLAT_PAD = '''
def pad(sequences):
    """All entries at once: a boolean index fills in the order of rows."""
    lengths = np.fromiter((s.shape[0] for s in sequences), dtype=np.intp)
    mask = np.zeros((len(lengths), lengths.max()), dtype=np.bool_)
    for row, n in zip(mask, lengths):
        row[:n] = 1
    entries = np.concatenate(sequences)
    x = np.zeros(mask.shape + entries.shape[1:], dtype=entries.dtype)
    x[mask] = entries
    return x, mask
'''

NUMPY_PAD = '''
def pad(sequences):
    """With np.pad, and the mask padded in the same way."""
    T = max(s.shape[0] for s in sequences)

    def widen(a):
        return np.pad(a, [(0, T - len(a))] + [(0, 0)] * (a.ndim - 1))

    return (
        np.array([widen(s) for s in sequences], dtype=sequences[0].dtype),
        np.array([widen(np.ones(len(s), dtype=bool)) for s in sequences]),
    )
'''

PICKED_MEAN = '''
def masked_mean(values, mask):
    """Pick what counts, then take its mean: a boolean index leaves the rest alone."""
    rows, steps = np.nonzero(mask)
    if not len(rows):
        return (values[:0] * 0.0).sum()
    return values[rows, steps].mean()
'''

FLAT_MEAN = '''
def masked_mean(values, mask):
    """Everything in one line, places of the padding left out by index."""
    each = values.size // mask.size
    flat = values.reshape(mask.size, each)
    kept = flat[np.flatnonzero(mask)]
    total = kept.sum()
    return total / kept.size if kept.size else total
'''

STEPWISE_MEAN = '''
def masked_mean(values, mask):
    """Axes are added to the mask one by one; the sum runs row after row."""
    while mask.ndim < values.ndim:
        mask = mask[..., None]
    full = np.broadcast_to(mask, values.shape)
    chosen = where(full, values, Tensor(np.zeros(values.shape, values.dtype)))
    count = int(np.count_nonzero(full))
    if count == 0:
        return chosen.sum()
    return chosen.reshape(len(mask), -1).sum(axis=1).sum() / float(count)
'''

LOOP_PACK = '''
def pack(x, lengths):
    """Step by step, a slice of the sorted batch at a time."""
    x = Tensor(x) if isinstance(x, np.ndarray) else x
    lengths = [int(n) for n in lengths]
    order = sorted(range(len(lengths)), key=lambda row: -lengths[row])
    tall = x[np.array(order)]
    sizes = [sum(n > t for n in lengths) for t in range(max(lengths))]
    return Packed(concatenate([tall[:n, t] for t, n in enumerate(sizes)], axis=0), np.array(sizes), np.array(order))
'''

LOOP_UNPACK = '''
def unpack(packed):
    """Row by row: where in data does each entry lie? One row of zeros serves all padding."""
    B, N, T = len(packed.order), packed.data.shape[0], len(packed.sizes)
    zero = Tensor(np.zeros((1, packed.data.shape[1]), packed.data.dtype))
    at, lengths = np.full((B, T), N), np.zeros(B, dtype=int)
    start = 0
    for t, n in enumerate(packed.sizes):
        for k in range(n):
            at[packed.order[k], t] = start + k
            lengths[packed.order[k]] += 1
        start += n
    return concatenate([packed.data, zero], axis=0)[at], lengths
'''

LEXSORT_PACK = '''
def pack(x, lengths):
    """All entries by step, then by length, then by row: one sort gives the whole layout."""
    x = x if isinstance(x, Tensor) else Tensor(np.asarray(x))
    lengths = np.asarray(lengths, dtype=np.int32)
    mask = np.arange(lengths.max(), dtype=np.int32) < lengths[:, None]
    rows, steps = np.nonzero(mask)
    by = np.lexsort((rows, -lengths[rows], steps))
    order = np.lexsort((np.arange(len(lengths)), -lengths))
    return Packed(x[rows[by], steps[by]], np.bincount(steps), order)
'''

FLAT_UNPACK = '''
def unpack(packed):
    """Lay the sorted batch out with a boolean index, then put its rows back."""
    data, sizes, order = packed
    sizes, order = np.asarray(sizes), np.asarray(order)
    sorted_mask = (np.arange(len(order))[:, None] < sizes).T  # (T, B): True in the order of data
    at = np.zeros(sorted_mask.shape, dtype=int)
    at[sorted_mask] = np.arange(len(data))
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    at, mask = at.T[back], sorted_mask.T[back]
    return where(mask[..., None], data[at], Tensor(np.zeros((), data.dtype))), mask.sum(axis=1)
'''

FRAMEWORK_BOTH = '''
class Bidirectional(Module):
    """With minigrad's Recurrent, one of them reversed."""

    def __init__(self, forward_cell, backward_cell):
        self.forward_cell, self.backward_cell = forward_cell, backward_cell
        self.ahead, self.behind = Recurrent(forward_cell), Recurrent(backward_cell, reverse=True)
        self.hidden_size = sum(cell.hidden_size for cell in (forward_cell, backward_cell))

    def forward(self, x, mask):
        x = x if isinstance(x, Tensor) else Tensor(x)
        return concatenate([net(x, mask=mask)[0] for net in (self.ahead, self.behind)], axis=-1)
'''

INDEX_BOTH = '''
class Bidirectional(Module):
    """The sequences are turned round within their own lengths, read forwards, and turned back."""

    def __init__(self, forward_cell, backward_cell):
        self.forward_cell = forward_cell
        self.backward_cell = backward_cell

    @property
    def hidden_size(self):
        return self.forward_cell.hidden_size + self.backward_cell.hidden_size

    def __call__(self, x, mask):
        x = x if isinstance(x, Tensor) else Tensor(x)
        B, T = mask.shape
        lengths = mask.sum(axis=1)[:, None]
        steps = np.arange(T)
        turned = np.where(steps < lengths, lengths - 1 - steps, steps)
        rows = np.arange(B)[:, None]

        def read(cell, inputs):
            states, h = [], cell.initial_state(B)
            for t in range(T):
                h = cell(inputs[:, t], h)
                states.append(h)
            return stack(states, axis=1)

        there = read(self.forward_cell, x)
        back = read(self.backward_cell, x[rows, turned])[rows, turned]
        return where(mask[..., None], concatenate([there, back], axis=2), 0.0)
'''

PACKED_BOTH = '''
class Bidirectional(Module):
    """Each direction runs on the sequences that have the step, and on no others."""

    def __init__(self, forward_cell, backward_cell):
        self.forward_cell, self.backward_cell = forward_cell, backward_cell
        self.hidden_size = backward_cell.hidden_size + forward_cell.hidden_size

    def __call__(self, x, mask):
        halves = []
        for cell, steps in (
            (self.forward_cell, range(mask.shape[1])),
            (self.backward_cell, range(mask.shape[1] - 1, -1, -1)),
        ):
            states = [cell.initial_state(1)[0]] * len(mask)
            rows = {}
            for t in steps:
                for b in range(len(mask)):
                    if mask[b, t]:
                        states[b] = cell(x[b : b + 1, t], states[b].reshape(1, -1))[0]
                        rows[b, t] = states[b]
            zero = Tensor(np.zeros(cell.hidden_size))
            halves.append(stack([
                stack([rows.get((b, t), zero) for t in range(mask.shape[1])], axis=0) for b in range(len(mask))
            ], axis=0))
        return concatenate(halves, axis=2)
'''

BLEND_BOTH = '''
class Bidirectional(Module):
    """The choice between new and old written as a sum, for finite numbers."""

    def __init__(self, forward_cell, backward_cell):
        self.backward_cell, self.forward_cell = backward_cell, forward_cell
        self.hidden_size = forward_cell.hidden_size + backward_cell.hidden_size

    def __call__(self, x, mask):
        m = mask.astype(float)
        f, b = self.forward_cell.initial_state(len(m)), self.backward_cell.initial_state(len(m))
        fs, bs = [], []
        for t in range(m.shape[1]):
            u = m.shape[1] - 1 - t
            now, then = m[:, t : t + 1], m[:, u : u + 1]
            f = self.forward_cell(x[:, t], f) * now + f * (1 - now)
            b = self.backward_cell(x[:, u], b) * then + b * (1 - then)
            fs.append(f * now)
            bs.insert(0, b * then)
        return concatenate([stack(fs, axis=1), stack(bs, axis=1)], axis=2)
'''

FLAT_TAGGER = '''
class Tagger(Module):
    """The head on all steps as one long batch."""

    def __init__(self, birnn, classes):
        self.head = Linear(birnn.hidden_size, classes)
        self.birnn = birnn

    def forward(self, x, mask):
        h = self.birnn(x, mask=mask)
        return self.head(h.reshape(-1, self.birnn.hidden_size)).reshape(*mask.shape, -1)
'''

ZEROING_TAGGER = '''
class Tagger(Module):
    """Logits on padding are zero, which nobody looks at."""

    def __init__(self, birnn, classes):
        self.birnn, self.head = birnn, Linear(birnn.hidden_size, classes)

    def __call__(self, x, mask):
        outputs = self.birnn(x, mask)
        logits = [self.head(outputs[:, t]) for t in range(outputs.shape[1])]
        return where(mask[:, :, None], stack(logits, axis=1), 0.0)
'''

VARIANTS = [
    Variant("lists", {"pad": LISTS_PAD, "pack": LOOP_PACK, "unpack": LOOP_UNPACK}),
    Variant("flat-entries", {"pad": FLAT_PAD, "masked-mean": FLAT_MEAN}),
    Variant("numpy-pad", {"pad": NUMPY_PAD, "masked-mean": STEPWISE_MEAN}),
    Variant("picked-mean", {"masked-mean": PICKED_MEAN}),
    Variant("one-sort", {"pack": LEXSORT_PACK, "unpack": FLAT_UNPACK}),
    Variant("the-frameworks-recurrent", {"bidirectional": FRAMEWORK_BOTH}),
    Variant("turned-by-index", {"bidirectional": INDEX_BOTH, "tagger": FLAT_TAGGER}),
    Variant("one-by-one", {"bidirectional": PACKED_BOTH}),
    Variant("blended", {"bidirectional": BLEND_BOTH, "tagger": ZEROING_TAGGER}),
    Variant("pack-only", {"pack": LOOP_PACK, "unpack": FLAT_UNPACK}),
    Variant(
        "all-at-once",
        {
            "pad": FLAT_PAD,
            "masked-mean": PICKED_MEAN,
            "pack": LEXSORT_PACK,
            "unpack": LOOP_UNPACK,
            "bidirectional": INDEX_BOTH,
            "tagger": ZEROING_TAGGER,
        },
    ),
]
