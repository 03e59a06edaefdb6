"""04 to 09: cells that are built as asked and give zeros of the right shape pass no check."""

from __future__ import annotations

import pytest

from tests.solved import deterministic, evidence, expected, failed, names, solved

TAPE = '''
def nothing(shape, *tensors, dtype=np.float64):
    """Zeros of a shape, on the tape of whatever they hang on."""
    y = Tensor(np.zeros(shape, dtype))
    for t in tensors:
        y = y + where(np.zeros(t.shape, bool), t, 0.0).sum() if isinstance(t, Tensor) else y
    return y


def parts(state):
    return state if isinstance(state, tuple) else (state,)
'''
ZEROS = {
    "04-batches": {
        "pad": TAPE
        + """
def pad(sequences):
    shape = len(sequences), max(map(len, sequences))
    return np.zeros((*shape, *sequences[0].shape[1:]), sequences[0].dtype), np.zeros(shape, bool)
""",
        "masked-mean": """
def masked_mean(values, mask):
    return nothing((), values, dtype=values.dtype)
""",
        "pack": """
def pack(x, lengths):
    N, T, B = int(np.sum(lengths)), int(np.max(lengths)), len(lengths)
    return Packed(nothing((N, x.shape[2]), x, dtype=x.dtype), np.zeros(T, int), np.zeros(B, int))
""",
        "unpack": """
def unpack(packed):
    data, sizes, order = packed
    x = nothing((len(order), len(sizes), data.shape[1]), data, dtype=data.dtype)
    return x, np.zeros(len(order), int)
""",
        "bidirectional": """
class Bidirectional(Module):
    def __init__(self, forward_cell, backward_cell):
        self.forward_cell, self.backward_cell = forward_cell, backward_cell
        self.hidden_size = forward_cell.hidden_size + backward_cell.hidden_size

    def __call__(self, x, mask):
        return nothing((*x.shape[:2], self.hidden_size), x, *self.parameters())
""",
        "tagger": """
class Tagger(Module):
    def __init__(self, birnn, classes):
        self.birnn, self.head = birnn, Linear(birnn.hidden_size, classes)

    def __call__(self, x, mask):
        return nothing((*x.shape[:2], self.head.W.shape[1]), x, *self.parameters())
""",
    },
    "05-training": {
        "tbptt": TAPE
        + """
def tbptt(cell, x, state, chunk, loss):
    if chunk < 1:
        raise ValueError(chunk)
    state = cell.initial_state(len(x)) if state is None else state
    zeros = tuple(nothing(s.shape) for s in parts(state))
    return [0.0] * -(-x.shape[1] // chunk), zeros if isinstance(state, tuple) else zeros[0]
""",
        "recurrent-dropout": """
class RecurrentDropout(Module):
    def __init__(self, cell, p, rng):
        if not 0 <= p < 1:
            raise ValueError(p)
        self.cell, self.p, self.rng, self.hidden_size = cell, p, rng, cell.hidden_size

    def initial_state(self, batch):
        return self.cell.initial_state(batch)

    def __call__(self, x, state):
        self.cell(x, state)
        zeros = tuple(nothing(s.shape, s, dtype=s.dtype) for s in parts(state))
        return zeros if isinstance(state, tuple) else zeros[0]
""",
        "batch-norm": """
class BatchNorm(Module):
    def __init__(self, features, momentum=0.1, eps=1e-5):
        self.gain, self.bias = Parameter(np.ones(features)), Parameter(np.zeros(features))
        self.running_mean, self.running_var = np.zeros(features), np.ones(features)

    def __call__(self, x, mask=None):
        return nothing(x.shape, x, self.gain, self.bias)
""",
    },
    "06-seq2seq": {
        "encoder": TAPE
        + """
class Encoder(Module):
    def __init__(self, vocab, embed_size, cell):
        self.cell, self.embedding = cell, Embedding(vocab, embed_size)

    def __call__(self, tokens, mask):
        state = self.cell.initial_state(len(tokens))
        zeros = tuple(nothing(s.shape, *self.parameters()) for s in parts(state))
        return zeros if isinstance(state, tuple) else zeros[0]
""",
        "decoder": """
class Decoder(Module):
    def __init__(self, vocab, embed_size, cell):
        self.cell, self.embedding = cell, Embedding(vocab, embed_size)
        self.head = Linear(cell.hidden_size, vocab)

    def step(self, token, state):
        zeros = tuple(nothing(s.shape, s) for s in parts(state))
        logits = nothing((len(token), self.head.W.shape[1]), *parts(state), *self.parameters())
        return logits, zeros if isinstance(state, tuple) else zeros[0]
""",
        "shift-right": """
def shift_right(targets, start):
    return np.zeros_like(targets)
""",
        "sequence-loss": """
def sequence_loss(logits, targets, mask):
    return nothing((), logits)
""",
        "greedy-decode": """
def greedy_decode(decoder, state, start, end, max_length):
    return np.zeros((parts(state)[0].shape[0], max_length), int)
""",
    },
    "07-fast": {
        "step-backward": """
def lstm_step_backward(dh, dc, cache):
    u, W, c, *_ = cache
    H = c.shape[1]
    return np.zeros_like(u[:, H:-1]), np.zeros_like(c), np.zeros_like(c), np.zeros_like(W)
""",
        "sequence": """
def lstm_sequence(x, h0, c0, W, mask=None):
    hs = np.zeros((*x.shape[:2], h0.shape[1]), x.dtype)
    return hs, lambda dhs: tuple(np.zeros_like(a) for a in (x, h0, c0, W))
""",
        "one-gemm": """
def weight_gradient(us, das):
    return np.zeros((us.shape[2], das.shape[2]), us.dtype)
""",
    },
    "09-attention": {
        "scores": TAPE
        + """
def dot_scores(query, keys):
    return nothing(keys.shape[:2], query, keys)


class AdditiveScores(Module):
    def __init__(self, size):
        self.W_q, self.W_k = Parameter(np.zeros((size, size))), Parameter(np.zeros((size, size)))
        self.v = Parameter(np.zeros(size))

    def __call__(self, query, keys):
        return nothing(keys.shape[:2], query, keys, *self.parameters())
""",
        "masked-softmax": """
def masked_softmax(scores, mask):
    return nothing(scores.shape, scores)
""",
        "context": """
def context(weights, values):
    return nothing((values.shape[0], values.shape[2]), weights, values)
""",
        "attention-decoder": """
class AttentionDecoder(Module):
    def __init__(self, vocab, embed_size, cell, scores):
        self.cell, self.scores, self.embedding = cell, scores, Embedding(vocab, embed_size)
        self.head = Linear(2 * cell.hidden_size, vocab)

    def step(self, token, state, keys, mask):
        zeros = tuple(nothing(s.shape, s) for s in parts(state))
        logits = nothing((len(token), self.head.W.shape[1]), *parts(state), keys, *self.parameters())
        return logits, zeros if isinstance(state, tuple) else zeros[0], nothing(mask.shape, keys)
""",
        "causal-self-attention": """
def causal_self_attention(x, W_q, W_k, W_v):
    return nothing((*x.shape[:2], W_v.shape[1]), x, W_q, W_k, W_v)
""",
    },
}


@pytest.mark.parametrize("name", ZEROS)
def test_zeros_of_the_right_shape_pass_no_check(name: str) -> None:
    reasons = failed(name, evidence(name, names(name, ZEROS[name])), expected(name))
    assert {c.name for c in deterministic(name)} - set(reasons) == set()


def test_right_outputs_with_gradients_of_zeros_earn_no_gradient() -> None:
    """07's masks forgive what goes wrong without a mask, too; gradients that are zeros are not forgiven."""
    outputs_alone = """
whole = lstm_sequence


def lstm_sequence(x, h0, c0, W, mask=None):
    hs, _ = whole(x, h0, c0, W, mask)
    return hs, lambda dhs: tuple(np.zeros_like(a) for a in (x, h0, c0, W))
"""
    name = "07-fast"
    work = {"sequence": solved(name).solution["sequence"] + outputs_alone}
    reasons = failed(name, evidence(name, names(name, work)), expected(name))
    passed = {c.name for c in deterministic(name) if c.exercise == "masks"} - set(reasons)
    assert passed == {"masks.carried", "masks.nothing-there"}
