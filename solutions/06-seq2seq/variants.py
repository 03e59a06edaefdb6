"""Right work written otherwise: every check must pass on each of these."""

from minigrad.checks import Variant

LOOP_ENCODER = '''
class Encoder(Module):
    """Column by column, the state chosen by hand."""

    def __init__(self, vocab, embed_size, cell):
        super().__init__()
        self.embedding, self.cell = Embedding(vocab, embed_size), cell

    def __call__(self, tokens, mask):
        state = self.cell.initial_state(tokens.shape[0])
        for column, here in zip(tokens.T, mask.T):
            new = self.cell(self.embedding(column), state)
            if isinstance(state, tuple):
                state = tuple(where(here[:, None], n, s) for n, s in zip(new, state))
            else:
                state = where(here[:, None], new, state)
        return state
'''

LAYER_ENCODER = '''
class Encoder(Module):
    """The layer is made once; forward is what Module calls."""

    def __init__(self, vocab, embed_size, cell):
        self.embedding = Embedding(num=vocab, dim=embed_size, rng=np.random.default_rng(1))
        self.layer = Recurrent(cell)

    @property
    def cell(self):
        return self.layer.cell

    def forward(self, tokens, mask):
        return self.layer(self.embedding(np.asarray(tokens)), state=None, mask=mask)[-1]
'''

WEIGHTS_ENCODER = '''
class Encoder(Module):
    """The mask as weights 0 and 1: the new state where there is a token, the old one else."""

    def __init__(self, vocab, embed_size, cell):
        self.cell = cell
        self.embedding = Embedding(vocab, embed_size)

    def __call__(self, tokens, mask):
        rows = self.embedding(tokens)
        state = self.cell.initial_state(len(tokens))
        for t in range(tokens.shape[1]):
            m = mask[:, t : t + 1].astype(float)
            new = self.cell(rows[:, t], state)
            if isinstance(new, tuple):
                state = tuple(n * m + s * (1 - m) for n, s in zip(new, state))
            else:
                state = new * m + state * (1 - m)
        return state
'''

RECURRENT_DECODER = '''
class Decoder(Module):
    """One step is a sequence of length one."""

    def __init__(self, vocab, embed_size, cell):
        self.embedding, self.cell = Embedding(vocab, embed_size), cell
        self.head = Linear(cell.hidden_size, vocab)

    def step(self, token, state):
        outputs, new = Recurrent(self.cell)(self.embedding(np.asarray(token)[:, None]), state)
        return self.head(outputs[:, 0]), new
'''

PLAIN_DECODER = '''
def output_of(state):
    return state[0] if type(state) is tuple else state

class Decoder(Module):
    """Rows by index, the head by its parameters."""

    def __init__(self, vocab, embed_size, cell):
        super().__init__()
        self.head = Linear(cell.hidden_size, vocab, rng=np.random.default_rng(2))
        self.cell = cell
        self.embedding = Embedding(vocab, embed_size, rng=np.random.default_rng(3))

    def step(self, token, state):
        after = self.cell(self.embedding.W[token], state)
        return output_of(after) @ self.head.W + self.head.b, after
'''

PAD_SHIFT = '''
def shift_right(targets, start):
    return np.pad(targets[:, :-1], ((0, 0), (1, 0)), constant_values=start)
'''

JOINED_SHIFT = '''
def shift_right(targets, start):
    first = np.full((targets.shape[0], 1), start, dtype=targets.dtype)
    return np.concatenate((first, targets[:, :-1]), axis=1)
'''

ROLLED_SHIFT = '''
def shift_right(targets, start):
    inputs = np.roll(targets, 1, axis=1)
    inputs[:, 0] = start
    return inputs
'''

LIBRARY_LOSS = '''
from minigrad.functional import cross_entropy

def sequence_loss(logits, targets, mask):
    return cross_entropy(logits, targets, mask)
'''

FLAT_LOSS = '''
def sequence_loss(logits, targets, mask):
    """Only the places that count, as rows of one matrix."""
    rows, labels = logits[mask], targets[mask]
    return -log_softmax(rows)[np.arange(len(labels)), labels].mean()
'''

WEIGHTED_LOSS = '''
def sequence_loss(logits, targets, mask):
    """One-hot targets, logits and targets zero where the mask is False; log-sum-exp by hand."""
    logits = where(mask[:, :, None], logits, 0.0)
    weights = np.zeros(logits.shape)
    weights[(*np.nonzero(mask), targets[mask])] = 1.0
    top = logits.data.max(axis=-1, keepdims=True)
    logsum = (logits - top).exp().sum(axis=-1).log() + top[..., 0]
    here = mask.astype(float)
    return ((logsum * here).sum() - (logits * weights).sum()) * (1.0 / here.sum())
'''

FOR_GREEDY = '''
@no_grad()
def greedy_decode(decoder, state, start, end, max_length):
    """A rectangle of `end`, filled column by column."""
    B = (state[0] if isinstance(state, tuple) else state).shape[0]
    words = np.full((B, max_length), end)
    going, token = np.ones(B, dtype=bool), np.full((B,), start)
    for t in range(max_length):
        logits, state = decoder.step(token, state)
        token = np.argmax(logits.numpy(), axis=-1)
        words[going, t] = token[going]
        going = going & (token != end)
        if not going.any():
            return words[:, : t + 1]
    return words
'''

SHRINKING_GREEDY = '''
def rows_of(state, rows):
    return tuple(s[rows] for s in state) if isinstance(state, tuple) else state[rows]

def greedy_decode(decoder, state, start, end, max_length):
    """Who has ended leaves the batch."""
    count = len((state[0] if isinstance(state, tuple) else state).data)
    said = [[] for _ in range(count)]
    active, token = np.arange(count), np.full(count, start)
    with no_grad():
        for _ in range(max_length):
            logits, state = decoder.step(token, state)
            token = logits.data.argmax(axis=1)
            for row, word in zip(active, token):
                said[row].append(int(word))
            on = np.flatnonzero(token != end)
            if on.size == 0:
                break
            active, token, state = active[on], token[on], rows_of(state, on)
    length = max(map(len, said))
    return np.array([row + [end] * (length - len(row)) for row in said])
'''

TRIMMED_GREEDY = '''
def greedy_decode(decoder, state, start, end, max_length):
    """Rows may babble; what stands behind their first `end` is overwritten at last."""
    first = state
    while isinstance(first, tuple):
        first = first[0]
    words, token = [], np.zeros(first.shape[0], dtype=np.int64) + start
    ended = np.zeros(first.shape[0], dtype=np.int64)
    with no_grad():
        while len(words) < max_length and ended.min() == 0:
            logits, state = decoder.step(token, state)
            token = logits.data.argmax(1)
            words.append(token)
            ended += token == end
    words = np.array(words).T
    behind = np.cumsum(words == end, axis=1) > 0
    words[behind] = end
    return words
'''

VARIANTS = [
    Variant("loop-encoder", {"encoder": LOOP_ENCODER}),
    Variant("layer-encoder", {"encoder": LAYER_ENCODER}),
    Variant("weights-encoder", {"encoder": WEIGHTS_ENCODER}),
    Variant("one-step-sequence", {"decoder": RECURRENT_DECODER}),
    Variant("plain-decoder", {"decoder": PLAIN_DECODER}),
    Variant("padded-shift", {"shift-right": PAD_SHIFT}),
    Variant("joined-shift", {"shift-right": JOINED_SHIFT}),
    Variant("rolled-shift", {"shift-right": ROLLED_SHIFT}),
    Variant("library-loss", {"sequence-loss": LIBRARY_LOSS}),
    Variant("flat-loss", {"sequence-loss": FLAT_LOSS}),
    Variant("weighted-loss", {"sequence-loss": WEIGHTED_LOSS}),
    Variant("filled-rectangle", {"greedy-decode": FOR_GREEDY}),
    Variant("shrinking-batch", {"greedy-decode": SHRINKING_GREEDY}),
    Variant("trimmed-afterwards", {"greedy-decode": TRIMMED_GREEDY}),
    Variant(
        "all-otherwise",
        {"encoder": LOOP_ENCODER, "decoder": PLAIN_DECODER, "shift-right": PAD_SHIFT, "sequence-loss": FLAT_LOSS, "greedy-decode": SHRINKING_GREEDY},
    ),
    Variant(
        "all-otherwise-again",
        {"encoder": WEIGHTS_ENCODER, "decoder": RECURRENT_DECODER, "shift-right": ROLLED_SHIFT, "sequence-loss": WEIGHTED_LOSS, "greedy-decode": TRIMMED_GREEDY},
    ),
]
