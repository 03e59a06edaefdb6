"""Answers that are all zeros, of the right shapes and dtypes, earn no point: every check asks for more.

A new assignment adds its answers to `ZEROS`, by solution cell.
"""

from __future__ import annotations

import pytest

from tests.solved import deterministic, evidence, expected, failed, names, solved

CELL = """
class {name}(Module):
    def __init__(self, input_size, hidden_size, *, activation=tanh, rng=None, dtype=np.float64, {option}=0.0):
        self.hidden_size = hidden_size
        D, H = input_size, hidden_size
        for name, shape in ({shapes}).items():
            setattr(self, name, Parameter(np.zeros(shape, dtype)))

    def zeros(self, batch):
        return Tensor(np.zeros((batch, self.hidden_size), next(iter(self.parameters())).dtype))

    def initial_state(self, batch):
        return {state}

    def __call__(self, x, state):
        return self.initial_state(len(x.data if isinstance(x, Tensor) else x))
"""
ZEROS = {
    "00-autograd": {
        "numeric-grad": "def numeric_grad(f, x, eps=1e-6):\n    return np.zeros(np.shape(x))",
        "sigmoid": "def sigmoid(x):\n    return np.zeros_like(x), (np.zeros_like,)",
        "tanh": "def tanh(x):\n    return np.zeros_like(x), (np.zeros_like,)",
        "matmul": (
            "def matmul(a, b):\n"
            "    return np.zeros_like(a @ b), (lambda g: np.zeros_like(a), lambda g: np.zeros_like(b))"
        ),
        "backward": """
def backward(root, g=None):
    held, todo = {root.node: np.zeros_like(root.data)}, [root.node]
    for node in todo:
        for parent, vjp in zip(node.parents, node.vjps):
            if parent not in held:
                held[parent] = 0 * vjp(held[node])
                todo.append(parent)
        node.grad = held[node]
""",
        "unbroadcast": "def unbroadcast(g, shape):\n    return np.zeros(shape, g.dtype)",
        "getitem": (
            "def getitem(x, index):\n    return np.zeros_like(x[index]), (lambda g: np.zeros_like(x),)"
        ),
        "cross-entropy": (
            "def cross_entropy(logits, labels):\n"
            "    return np.zeros((), logits.dtype)[()], (lambda g: np.zeros_like(logits),)"
        ),
    },
    "01-rnn": {
        "rnn-cell": CELL.format(
            name="RNNCell",
            option="nothing",
            shapes="dict(W_x=(D, H), W_h=(H, H), b=(H,))",
            state="self.zeros(batch)",
        ),
        "rnn-forward": (
            "def rnn_forward(x, h0, W_x, W_h, b):\n"
            "    return np.zeros((*x.shape[:2], len(b)), x.dtype), (x, h0, b, W_x, W_h)"
        ),
        "rnn-backward": """
def rnn_backward(dhs, cache):
    x, h0, _, W_x, W_h = cache
    return tuple(np.zeros_like(a) for a in (x, h0, W_x, W_h, h0[0]))
""",
        "clip-value": "def clip_grad_value(parameters, clip_value):\n    pass",
        "clip-norm": "def clip_grad_norm(parameters, max_norm):\n    return 0.0",
        "train-step": (
            "def train_step(model, x, y, loss, optimizer, max_norm=None):\n"
            "    optimizer.zero_grad()\n    return 0.0"
        ),
    },
    "02-lstm": {
        "lstm-cell": CELL.format(
            name="LSTMCell",
            option="forget_bias",
            shapes='{"W_" + k: (H + D, H) for k in "fico"} | {"b_" + k: (H,) for k in "fico"}',
            state="self.zeros(batch), self.zeros(batch)",
        ),
        "windows": """
def windows(series, length):
    N, D = series.shape
    count = max(N - length, 0)
    return np.zeros((count, length, D), series.dtype), np.zeros((count, D), series.dtype)
""",
        "standardise": "def standardise(*series):\n    return tuple(map(np.zeros_like, series))",
        "forecaster": """
class Forecaster(Module):
    def __init__(self, cell, out_features):
        self.cell, self.head = cell, Linear(cell.hidden_size, out_features)

    def __call__(self, x):
        return Tensor(np.zeros((len(x.data if isinstance(x, Tensor) else x), self.head.b.shape[0])))
""",
    },
    "03-gru": {
        "gru-cell": CELL.format(
            name="GRUCell",
            option="update_bias",
            shapes='{"W_" + k: (H + D, H) for k in "zrh"} | {"b_" + k: (H,) for k in "zrh"}',
            state="self.zeros(batch)",
        ),
        "flip-convention": """
import copy

def flip_convention(cell):
    new = copy.deepcopy(cell)
    for p in new.parameters():
        p.data[...] = 0
    return new
""",
        "text-classifier": """
class TextClassifier(Module):
    def __init__(self, vocab, embed_size, cell, classes):
        self.embedding, self.cell = Embedding(vocab, embed_size), cell
        self.head = Linear(cell.hidden_size, classes)

    def __call__(self, tokens, mask):
        return Tensor(np.zeros((len(tokens), self.head.b.shape[0])))
""",
        "match-hidden": "def match_hidden(input_size, lstm_hidden):\n    return 0",
    },
}


@pytest.mark.parametrize("name", ZEROS)
def test_zeros_earn_nothing(name: str) -> None:
    """Trained checks wait for others, so none of these is left either."""
    graded = set(solved(name).exercises()) - {"learned"}
    assert len(ZEROS[name]) >= len(graded)
    observed = evidence(name, names(name, ZEROS[name]))
    passed = {c.name for c in deterministic(name)} - set(failed(name, observed, expected(name)))
    assert passed == set()
    assert [c.name for c in solved(name).checks if c.trained and not c.needs] == []
