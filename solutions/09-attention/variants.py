"""Right work written otherwise: every check must pass on each of these."""

from minigrad.checks import Variant

SUMMED_SCORES = '''
def dot_scores(query, keys):
    """Number by number, summed."""
    B, H = query.shape
    return (query.reshape((B, 1, H)) * keys).sum(axis=-1)


class AdditiveScores(Module):
    """The last step as a product with a column."""

    def __init__(self, size):
        super().__init__()
        rng = np.random.default_rng(5)
        self.v = Parameter(rng.uniform(-0.1, 0.1, size))
        self.W_q, self.W_k = (Parameter(rng.uniform(-0.3, 0.3, (size, size))) for _ in range(2))

    def forward(self, query, keys):
        hidden = tanh(keys @ self.W_k + (query @ self.W_q)[:, None])
        return (hidden * self.v).sum(axis=2)
'''

PLACE_BY_PLACE_SCORES = '''
def dot_scores(query, keys):
    """One place after the other."""
    return stack([(query * keys[:, s]).sum(axis=1) for s in range(keys.shape[1])], axis=1)


class AdditiveScores(Module):
    """Query and key side by side, and the two matrices on top of each other: the same sum."""

    def __init__(self, size):
        rng = np.random.default_rng(6)
        self.W_q = Parameter(init.orthogonal((size, size), rng))
        self.W_k = Parameter(init.orthogonal((size, size), rng))
        self.v = Parameter(0.1 + rng.random(size))

    def __call__(self, query, keys):
        W = concatenate([self.W_q, self.W_k], axis=0)
        column = self.v.reshape((-1, 1))
        return stack([(tanh(concatenate([query, keys[:, s]], axis=1) @ W) @ column)[:, 0] for s in range(keys.shape[1])], axis=1)
'''

ROW_SCORES = '''
def dot_scores(query, keys):
    """The query as a row, the keys transposed."""
    return (query[:, None, :] @ keys.transpose((0, 2, 1)))[:, 0, :]


class AdditiveScores(Module):
    """Parameters drawn by a helper; the mathematics through the dot product."""

    def __init__(self, size):
        draw = np.random.default_rng().normal
        self.W_q, self.W_k, self.v = (Parameter(draw(scale=size**-0.5, size=shape)) for shape in ((size, size), (size, size), size))

    def __call__(self, query, keys):
        hidden = tanh((query @ self.W_q).reshape((len(query.data), 1, -1)) + keys @ self.W_k)
        return (hidden @ self.v.reshape((-1, 1))).reshape(hidden.shape[:2])
'''

BY_HAND_SOFTMAX = '''
def masked_softmax(scores, mask):
    """Shift by the largest that counts, exponentiate, divide; an empty row divides by one."""
    largest = np.where(mask, scores.data, -np.inf).max(axis=-1, keepdims=True)
    shifted = where(mask, scores - np.where(np.isfinite(largest), largest, 0.0), -np.inf)
    e = where(mask, where(mask, shifted, 0.0).exp(), 0.0)
    total = e.sum(axis=-1, keepdims=True)
    return e / where(total.data > 0, total, 1.0)
'''

PRODUCT_SOFTMAX = '''
def masked_softmax(scores, mask):
    """The second choice as a product with 0 and 1."""
    return softmax(where(mask, scores, -1e30)) * np.asarray(mask, dtype=float)
'''

LOG_SOFTMAX = '''
from minigrad.functional import log_softmax


def masked_softmax(scores, mask):
    """Through logarithms."""
    logs = log_softmax(where(mask, scores, -1e12), axis=-1)
    return where(mask, logs.exp(), 0)
'''

COVERED_SOFTMAX = '''
def masked_softmax(scores, mask):
    """Minus infinity, and the NaN of empty rows covered: `where` lets none of it through, either way."""
    with np.errstate(invalid="ignore"):
        shares = softmax(where(mask, scores, -np.inf))
    return where(mask, shares, 0.0)
'''

MATRIX_CONTEXT = '''
def context(weights, values):
    """A row of weights times a matrix of values."""
    return (weights[:, None, :] @ values)[:, 0]
'''

LOOP_CONTEXT = '''
def context(weights, values):
    """Place by place, added up."""
    total = weights[:, 0:1] * values[:, 0]
    for s in range(1, values.shape[1]):
        total = total + weights[:, s : s + 1] * values[:, s]
    return total
'''

SPLIT_DECODER = '''
def output_of(state):
    return state[0] if type(state) is tuple else state


class AttentionDecoder(Module):
    """The head's two halves by themselves: logits of the output, and what the context adds."""

    def __init__(self, vocab, embed_size, cell, scores):
        super().__init__()
        self.embedding = Embedding(vocab, embed_size, rng=np.random.default_rng(3))
        self.head = Linear(2 * cell.hidden_size, vocab, rng=np.random.default_rng(2))
        self.scores = scores
        self.cell = cell

    def step(self, token, state, keys, mask):
        new = self.cell(self.embedding.W[token], state)
        h, n = output_of(new), self.cell.hidden_size
        a = masked_softmax(self.scores(h, keys), mask)
        return h @ self.head.W[:n] + context(a, keys) @ self.head.W[n:] + self.head.b, new, a
'''

PLAIN_DECODER = '''
class AttentionDecoder(Module):
    """The parts in other places; the pair taken apart by a star."""

    def __init__(self, vocab, embed_size, cell, scores):
        self.embedding, self.head = Embedding(vocab, embed_size), Linear(cell.hidden_size * 2, vocab)
        self.cell, self.scores = cell, scores

    def step(self, token, state, keys, mask):
        mask = np.asarray(mask)
        state = self.cell(self.embedding(np.asarray(token)), state)
        query, *_ = state if isinstance(state, tuple) else (state,)
        shares = masked_softmax(scores=self.scores(query, keys), mask=mask)
        return self.head(concatenate((query, context(weights=shares, values=keys)), axis=-1)), state, shares
'''

RECURRENT_DECODER = '''
class AttentionDecoder(Module):
    """The step is a sequence of length one."""

    def __init__(self, vocab, embed_size, cell, scores):
        self.embedding, self.cell, self.scores = Embedding(vocab, embed_size), cell, scores
        self.head = Linear(cell.hidden_size + cell.hidden_size, vocab)

    def step(self, token, state, keys, mask):
        outputs, new = Recurrent(self.cell)(self.embedding(token[:, None]), state)
        weights = masked_softmax(self.scores(outputs[:, 0], keys), mask)
        return [self.head(concatenate([outputs[:, 0], context(weights, keys)], axis=1)), new, weights]
'''

SCALED_QUERY_SELF = '''
def causal_self_attention(x, W_q, W_k, W_v):
    """The queries are divided before; the mask from indices, for each row of the batch."""
    K, T = W_q.shape[1], x.shape[1]
    q = (x @ W_q) * K**-0.5
    allowed = np.arange(T)[None, :] <= np.arange(T)[:, None]
    scores = q @ (x @ W_k).transpose((0, 2, 1))
    return masked_softmax(scores, np.broadcast_to(allowed, scores.shape)) @ (x @ W_v)
'''

STEPWISE_SELF = '''
def causal_self_attention(x, W_q, W_k, W_v):
    """Place by place, over the places so far: the mask is True everywhere."""
    q, k, v = x @ W_q, x @ W_k, x @ W_v
    outputs = []
    for t in range(x.shape[1]):
        scores = (k[:, : t + 1] * q[:, t : t + 1]).sum(axis=2) / np.sqrt(W_k.shape[-1])
        weights = masked_softmax(scores, np.ones(scores.shape, dtype=bool))
        outputs.append((weights[:, :, None] * v[:, : t + 1]).sum(axis=1))
    return stack(outputs, axis=1)
'''

JOINED_SELF = '''
def causal_self_attention(x, W_q, W_k, W_v):
    """One product for all three; rows of the batch one by one."""
    K = W_q.shape[1]
    every = x @ concatenate([W_q, W_k, W_v], axis=1)
    rows = []
    for b in range(x.shape[0]):
        q, k, v = every[b, :, :K], every[b, :, K : 2 * K], every[b, :, 2 * K :]
        weights = masked_softmax((q @ k.transpose((1, 0))) * (1 / np.sqrt(K)), np.tri(len(x.data[b]), dtype=bool))
        rows.append(weights @ v)
    return stack(rows, axis=0)
'''

VARIANTS = [
    Variant("summed-scores", {"scores": SUMMED_SCORES}),
    Variant("place-by-place-scores", {"scores": PLACE_BY_PLACE_SCORES}),
    Variant("row-scores", {"scores": ROW_SCORES}),
    Variant("softmax-by-hand", {"masked-softmax": BY_HAND_SOFTMAX}),
    Variant("softmax-as-product", {"masked-softmax": PRODUCT_SOFTMAX}),
    Variant("softmax-covered", {"masked-softmax": COVERED_SOFTMAX}),
    Variant("softmax-through-logarithms", {"masked-softmax": LOG_SOFTMAX}),
    Variant("context-as-product", {"context": MATRIX_CONTEXT}),
    Variant("context-in-a-loop", {"context": LOOP_CONTEXT}),
    Variant("split-head", {"attention-decoder": SPLIT_DECODER}),
    Variant("plain-decoder", {"attention-decoder": PLAIN_DECODER}),
    Variant("recurrent-decoder", {"attention-decoder": RECURRENT_DECODER}),
    Variant("scaled-queries", {"causal-self-attention": SCALED_QUERY_SELF}),
    Variant("step-by-step", {"causal-self-attention": STEPWISE_SELF}),
    Variant("joined-matrices", {"causal-self-attention": JOINED_SELF}),
    Variant(
        "all-otherwise",
        {
            "scores": SUMMED_SCORES, "masked-softmax": BY_HAND_SOFTMAX, "context": MATRIX_CONTEXT,
            "attention-decoder": SPLIT_DECODER, "causal-self-attention": STEPWISE_SELF,
        },
    ),
]
