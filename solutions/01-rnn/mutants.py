"""Known mistakes in 01-rnn, each with the checks it fails and what to tell the student who made it."""

from minigrad.checks import Rewrite, mutant

VALUES = ["rnn-cell.one-step", "rnn-cell.by-hand", "rnn-cell.one-step-gradients", "rnn-cell.any-activation"]
CELL = [*VALUES, "rnn-cell.gradients"]
FORWARD = ["rnn-forward.values", "rnn-forward.two-steps-by-hand", "rnn-forward.states", "rnn-forward.same-dtype"]
# What builds on a wrong forward pass: the gradients that contain its states.
BACKWARD = [
    "rnn-backward.one-number",
    "rnn-backward.two-steps",
    "rnn-backward.last-of-three",
    "rnn-backward.no-tape-short",
    "rnn-backward.through-time",
    "rnn-backward.fifty-steps",
]

MUTANTS = [
    # --- rnn-cell
    mutant(
        "cell-forgets-h",
        "x @ self.W_x + h @ self.W_h + self.b",
        "x @ self.W_x + self.b",
        "The new state does not depend on the old one: where does h enter?",
        CELL,
    ),
    mutant(
        "cell-no-bias",
        "x @ self.W_x + h @ self.W_h + self.b",
        "x @ self.W_x + h @ self.W_h",
        "The bias never reaches the new state. (With b = 0 one does not notice.)",
        CELL,
    ),
    mutant(
        "cell-transposed",
        "h @ self.W_h + self.b",
        "h @ self.W_h.T + self.b",
        "W_h is square, so a transposed W_h fits just as well; our states are rows, h W_h.",
        CELL,
    ),
    mutant(
        "cell-no-activation",
        "return self.activation(x @ self.W_x",
        "return (x @ self.W_x",
        "The state is never squashed: the sum is returned as it is.",
        CELL,
    ),
    mutant(
        "cell-always-tanh",
        "self.activation(x @ self.W_x",
        "tanh(x @ self.W_x",
        "The cell uses tanh even when it was built with another activation.",
        CELL,
    ),
    mutant(
        "cell-detaches-state",
        "+ h @ self.W_h",
        "+ Tensor(h.data) @ self.W_h",
        "The values are right, but the gradient stops at the old state: something takes h off the tape.",
        CELL,
    ),
    mutant(
        "cell-adds-h",
        "return self.activation(x @ self.W_x + h @ self.W_h + self.b)",
        "return self.activation(x @ self.W_x + h @ self.W_h + self.b) + h",
        "The old state is added to the new one once more, outside the activation.",
        CELL,
    ),
    mutant(
        "cell-scaled-bias",
        "+ self.b)",
        "+ self.b + self.b)",
        "The bias is added twice.",
        CELL,
    ),
    mutant(
        "cell-bias-no-parameter",
        "self.b = Parameter(np.zeros(hidden_size, dtype))",
        "self.b = Tensor(np.zeros(hidden_size, dtype), requires_grad=True)",
        "One of the three is no Parameter, so `parameters()`, and with it the optimiser, does not see it.",
        CELL,
    ),
    mutant(
        "cell-bias-one",
        "Parameter(np.zeros(hidden_size, dtype))",
        "Parameter(np.ones(hidden_size, dtype))",
        "The bias does not start at zero.",
        CELL,
    ),
    mutant(
        "cell-glorot-everywhere",
        "init.orthogonal((hidden_size, hidden_size)",
        "init.glorot((hidden_size, hidden_size)",
        "W_h starts as a Glorot draw; an orthogonal one keeps the length of the state.",
        CELL,
    ),
    mutant(
        "cell-standard-normal",
        "Parameter(init.glorot((input_size, hidden_size), rng, dtype))",
        "Parameter(rng.standard_normal((input_size, hidden_size)).astype(dtype))",
        "W_x does not have Glorot's spread, variance 2 / (D + H).",
        CELL,
    ),
    mutant(
        "cell-ignores-rng",
        "self.W_x = Parameter(init.glorot((input_size, hidden_size), rng, dtype))",
        "rng = np.random.default_rng(0)\n"
        "        self.W_x = Parameter(init.glorot((input_size, hidden_size), rng, dtype))",
        "Every cell starts from the same weights, whatever rng it is given.",
        CELL,
    ),
    mutant(
        "cell-always-float64",
        "self.W_x = Parameter(",
        "dtype = np.float64\n        self.W_x = Parameter(",
        "The parameters are float64 even when another dtype was asked for.",
        CELL,
    ),
    mutant(
        "cell-state-float64",
        "np.zeros((batch, self.hidden_size), self.b.dtype)",
        "np.zeros((batch, self.hidden_size))",
        "The first state has NumPy's default dtype, not the parameters'.",
        CELL,
    ),
    mutant(
        "cell-starts-at-one",
        "np.zeros((batch, self.hidden_size)",
        "np.ones((batch, self.hidden_size)",
        "The first state is not zero.",
        CELL,
    ),
    mutant(
        "cell-keeps-a-copy",
        "        return self.activation(x @ self.W_x + h @ self.W_h + self.b)",
        "        if not hasattr(self, 'copy'):\n"
        "            object.__setattr__(self, 'copy', [Tensor(p.data.copy(), requires_grad=True) for p in (self.W_x, self.W_h, self.b)])\n"
        "        W_x, W_h, b = self.copy\n"
        "        return self.activation(x @ W_x + h @ W_h + b)",
        "The step works with a copy of the parameters, so no gradient reaches the parameters themselves.",
        CELL,
    ),
    # --- rnn-forward
    mutant(
        "forward-ignores-h0",
        "    h = h0\n",
        "    h = np.zeros_like(h0)\n",
        "The first step starts from zero, not from the h0 it was given.",
        [*FORWARD, *BACKWARD],
    ),
    mutant(
        "forward-same-input",
        "np.tanh(x[:, t] @ W_x",
        "np.tanh(x[:, 0] @ W_x",
        "Every step reads the same input: which index moves with the time?",
        [*FORWARD, *BACKWARD],
    ),
    mutant(
        "forward-not-carried",
        "+ h @ W_h + b)",
        "+ h0 @ W_h + b)",
        "The state is not carried: every step starts from h0 again.",
        [*FORWARD, *BACKWARD],
    ),
    mutant(
        "forward-linear",
        "h = np.tanh(x[:, t] @ W_x + h @ W_h + b)",
        "h = x[:, t] @ W_x + h @ W_h + b",
        "Nothing squashes the state: where is the tanh?",
        [*FORWARD, *BACKWARD],
    ),
    mutant(
        "forward-transposed",
        "h = np.tanh(x[:, t] @ W_x + h @ W_h + b)",
        "h = np.tanh(x[:, t] @ W_x + h @ W_h.T + b)",
        "W_h is used transposed; it is square, so the shapes do not complain.",
        [*FORWARD, *BACKWARD],
    ),
    mutant(
        "forward-no-bias",
        "h @ W_h + b)\n        hs",
        "h @ W_h)\n        hs",
        "The bias is left out of the step.",
        [*FORWARD, *BACKWARD],
    ),
    mutant(
        "forward-backwards",
        "hs[:, t] = h",
        "hs[:, steps - 1 - t] = h",
        "The states come out in reverse order of time.",
        [*FORWARD, *BACKWARD],
    ),
    mutant(
        "forward-late",
        "        h = np.tanh(x[:, t] @ W_x + h @ W_h + b)\n        hs[:, t] = h",
        "        hs[:, t] = h\n        h = np.tanh(x[:, t] @ W_x + h @ W_h + b)",
        "Every state is stored one step late: hs[:, t] must have read x[:, t].",
        [*FORWARD, *BACKWARD],
    ),
    mutant(
        "forward-default-dtype",
        "np.empty((batch, steps, h0.shape[1]), h0.dtype)",
        "np.empty((batch, steps, h0.shape[1]))",
        "hs is float64 whatever the inputs are.",
        FORWARD,
    ),
    # --- rnn-backward
    mutant(
        "backward-no-derivative",
        "da = dh * (1 - hs[:, t] ** 2)",
        "da = dh",
        "The derivative of tanh is missing.",
        BACKWARD,
    ),
    mutant(
        "backward-not-squared",
        "(1 - hs[:, t] ** 2)",
        "(1 - hs[:, t])",
        "The derivative of tanh is 1 - tanh², not 1 - tanh.",
        BACKWARD,
    ),
    mutant(
        "backward-of-preactivation",
        "(1 - hs[:, t] ** 2)",
        "(1 - np.tanh(hs[:, t]) ** 2)",
        "The derivative of tanh is taken at the wrong place: hs is already tanh's output.",
        BACKWARD,
    ),
    mutant(
        "backward-one-step",
        "dh = da @ W_h.T\n    return",
        "dh = np.zeros_like(h0)\n    return",
        "The gradient never travels to the step before: each step is treated as if it stood alone.",
        BACKWARD,
    ),
    mutant(
        "backward-overwrites",
        "dh = dh + dhs[:, t]",
        "dh = dhs[:, t]",
        "What the later step sent back is overwritten by what the loss sends; it should be added.",
        BACKWARD,
    ),
    mutant(
        "backward-last-loss-only",
        "dh = dh + dhs[:, t]",
        "dh = dh + dhs[:, t] * (t == x.shape[1] - 1)",
        "Only the last step's dhs is used; the loss may look at every state.",
        BACKWARD,
    ),
    mutant(
        "backward-assigns-dW_x",
        "dW_x += ",
        "dW_x = ",
        "dW_x keeps one step's share only: the weights are shared, so their gradients add up over time.",
        BACKWARD,
    ),
    mutant(
        "backward-assigns-dW_h",
        "dW_h += ",
        "dW_h = ",
        "dW_h keeps one step's share only: the weights are shared, so their gradients add up over time.",
        BACKWARD,
    ),
    mutant(
        "backward-assigns-db",
        "db += da",
        "db = da",
        "db keeps one step's share only: the bias is shared, so its gradients add up over time.",
        BACKWARD,
    ),
    mutant(
        "backward-mean-db",
        "da.sum(axis=0)",
        "da.mean(axis=0)",
        "db is an average over the batch; the bias is used by every sample, so its gradient is a sum.",
        BACKWARD,
    ),
    mutant(
        "backward-own-state",
        "dW_h += before.T @ da",
        "dW_h += hs[:, t].T @ da",
        "dW_h is built from the state a step made; W_h met the state that the step started from.",
        BACKWARD,
    ),
    mutant(
        "backward-forgets-h0",
        "if t > 0 else h0",
        "if t > 0 else np.zeros_like(h0)",
        "In dW_h the first step started from h0, which need not be zero.",
        BACKWARD,
    ),
    mutant(
        "backward-wraps-around",
        "before = hs[:, t - 1] if t > 0 else h0",
        "before = hs[:, t - 1]",
        "At the first step the index of the step before is -1, which NumPy takes for the last.",
        BACKWARD,
    ),
    mutant(
        "backward-not-transposed",
        "dh = da @ W_h.T",
        "dh = da @ W_h",
        "On the way back the state meets the transposed W_h; it is square, so the shapes do not complain.",
        BACKWARD,
    ),
    mutant(
        "backward-h0-not-through",
        "        dh = da @ W_h.T\n    return dx, dh,",
        "        dh, last = da @ W_h.T, dh\n    return dx, last,",
        "dh0 is the gradient of the state after the first step; h0 lies one step further back.",
        BACKWARD,
    ),
    mutant(
        "backward-in-time-order",
        "for t in reversed(range(x.shape[1])):",
        "for t in range(x.shape[1]):",
        "The loop runs with time; what a step sends back must be there before the step before is done.",
        BACKWARD,
    ),
    mutant(
        "backward-writes-dhs",
        "        dh = dh + dhs[:, t]\n",
        "        dhs[:, t] += dh\n        dh = dhs[:, t]\n",
        "dhs is changed by the backward pass: += writes into the caller's array.",
        BACKWARD,
    ),
    # --- clip-value
    mutant(
        "value-one-sided",
        "np.clip(p.grad, -clip_value, clip_value, out=p.grad)",
        "np.minimum(p.grad, clip_value, out=p.grad)",
        "Large negative entries are left as they are.",
        ["clip-value.entries"],
    ),
    mutant(
        "value-new-array",
        "np.clip(p.grad, -clip_value, clip_value, out=p.grad)",
        "p.grad = np.clip(p.grad, -clip_value, clip_value)",
        "`grad` is replaced by a new array; whoever holds the old one sees no clipping.",
        ["clip-value.entries"],
    ),
    mutant(
        "value-no-None",
        "        if p.grad is not None:\n            np.clip(",
        "        if True:\n            np.clip(",
        "A parameter that took no part in the loss has no gradient (None), and stops the function.",
        ["clip-value.entries"],
    ),
    mutant(
        "value-negative",
        "    if clip_value < 0:",
        "    if False:",
        "A negative limit goes through without a word.",
        ["clip-value.entries"],
    ),
    mutant(
        "value-scales",
        "np.clip(p.grad, -clip_value, clip_value, out=p.grad)",
        "p.grad *= min(1, clip_value / np.abs(p.grad).max())",
        "The gradient is scaled as a whole; clipping by value cuts each entry by itself.",
        ["clip-value.entries"],
    ),
    # --- clip-norm
    mutant(
        "norm-per-parameter",
        "p.grad *= max_norm / norm",
        "p.grad *= min(1, max_norm / np.linalg.norm(p.grad.astype(np.float64)))",
        "Each parameter is clipped by its own norm; the norm of all together decides.",
        ["clip-norm.three-and-four"],
    ),
    mutant(
        "norm-always",
        "    if norm > max_norm:\n",
        "    if norm > 0:\n",
        "Small gradients are scaled up: below the limit nothing may change.",
        ["clip-norm.three-and-four"],
    ),
    mutant(
        "norm-inverted",
        "    if norm > max_norm:\n",
        "    if norm < max_norm:\n",
        "Gradients below the limit are scaled, and those above it are not.",
        ["clip-norm.three-and-four"],
    ),
    mutant(
        "norm-returns-after",
        "return norm",
        "return min(norm, float(max_norm))",
        "What is returned is the norm after clipping; wanted is the one before.",
        ["clip-norm.three-and-four"],
    ),
    mutant(
        "norm-squared",
        "norm = float(np.sqrt(sum(np.sum(p.grad.astype(np.float64) ** 2) for p in kept)))",
        "norm = float(sum(np.sum(p.grad.astype(np.float64) ** 2) for p in kept))",
        "That is the square of the norm.",
        ["clip-norm.three-and-four"],
    ),
    mutant(
        "norm-of-norms",
        "norm = float(np.sqrt(sum(np.sum(p.grad.astype(np.float64) ** 2) for p in kept)))",
        "norm = float(sum(np.linalg.norm(p.grad.astype(np.float64)) for p in kept))",
        "Norms are added up; it is their squares that add up.",
        ["clip-norm.three-and-four"],
    ),
    mutant(
        "norm-absolute",
        "np.sqrt(sum(np.sum(p.grad.astype(np.float64) ** 2) for p in kept))",
        "sum(np.sum(np.abs(p.grad.astype(np.float64))) for p in kept)",
        "That is the sum of absolute values, not the Euclidean norm.",
        ["clip-norm.three-and-four"],
    ),
    mutant(
        "norm-largest",
        "norm = float(np.sqrt(sum(np.sum(p.grad.astype(np.float64) ** 2) for p in kept)))",
        "norm = float(max((np.sqrt(np.sum(p.grad.astype(np.float64) ** 2)) for p in kept), default=0.0))",
        "The largest of the parameters' norms is taken; all entries together make one norm.",
        ["clip-norm.three-and-four"],
    ),
    mutant(
        "norm-no-None",
        "for p in parameters if p.grad is not None}",
        "for p in parameters}",
        "A parameter that took no part in the loss has no gradient (None), and stops the function.",
        ["clip-norm.three-and-four"],
    ),
    mutant(
        "norm-new-array",
        "p.grad *= max_norm / norm",
        "p.grad = (p.grad * (max_norm / norm)).astype(p.grad.dtype)",
        "`grad` is replaced by a new array; whoever holds the old one sees no clipping.",
        ["clip-norm.three-and-four"],
    ),
    mutant(
        "norm-shared-twice",
        "{id(p): p for p in parameters if p.grad is not None}.values()",
        "[p for p in parameters if p.grad is not None]",
        "A parameter that is listed twice is counted, and scaled, twice.",
        ["clip-norm.three-and-four"],
    ),
    mutant(
        "norm-in-float32",
        "np.sum(p.grad.astype(np.float64) ** 2)",
        "np.sum(p.grad ** 2)",
        "The squares overflow in float32: 1e20 squared is no float32 number.",
        ["clip-norm.three-and-four"],
    ),
    mutant(
        "norm-negative",
        "    if max_norm < 0:",
        "    if False:",
        "A negative limit goes through without a word, and turns every gradient around.",
        ["clip-norm.three-and-four"],
    ),
    mutant(
        "norm-forgets-c",
        "p.grad *= max_norm / norm",
        "p.grad *= 1 / norm",
        "The norm after clipping is 1 whatever the limit is.",
        ["clip-norm.three-and-four"],
    ),
    mutant(
        "norm-by-value",
        "p.grad *= max_norm / norm",
        "np.clip(p.grad, -max_norm, max_norm, out=p.grad)",
        "Entries are cut one by one, which bends the direction; scale them all alike.",
        ["clip-norm.three-and-four"],
    ),
    mutant(
        "norm-zero-over-zero",
        "    if norm > max_norm:\n        for p in kept:\n            p.grad *= max_norm / norm",
        "    with np.errstate(all='ignore'):\n        for p in kept:\n            p.grad *= min(1.0, float(max_norm / np.float64(norm)))",
        "Gradients that are all zero become NaN: 0 / 0.",
        ["clip-norm.three-and-four"],
    ),
    # --- train-step
    mutant(
        "train-no-zero-grad",
        "    optimizer.zero_grad()\n    value",
        "    value",
        "Old gradients are still there and add up with the new ones.",
        ["train-step.one-update"],
    ),
    mutant(
        "train-clears-after-backward",
        "    optimizer.zero_grad()\n    value = loss(model(x), y)\n    value.backward()\n",
        "    value = loss(model(x), y)\n    value.backward()\n    optimizer.zero_grad()\n",
        "The gradients are cleared after the backward pass, so nothing is left to step with.",
        ["train-step.one-update"],
    ),
    mutant(
        "train-clears-at-the-end",
        """    optimizer.zero_grad()
    value = loss(model(x), y)
    value.backward()
    if max_norm is not None:
        clip_grad_norm(model.parameters(), max_norm)
    optimizer.step()
""",
        """    value = loss(model(x), y)
    value.backward()
    if max_norm is not None:
        clip_grad_norm(model.parameters(), max_norm)
    optimizer.step()
    optimizer.zero_grad()
""",
        "Gradients that were there before the call are counted; clear them first, not only at the end.",
        ["train-step.one-update"],
    ),
    mutant(
        "train-never-clips",
        "    if max_norm is not None:",
        "    if False:",
        "max_norm is never used.",
        ["train-step.one-update"],
    ),
    mutant(
        "train-clips-late",
        "        clip_grad_norm(model.parameters(), max_norm)\n    optimizer.step()\n",
        "        optimizer.step()\n        clip_grad_norm(model.parameters(), max_norm)\n    else:\n        optimizer.step()\n",
        "The gradient is clipped after the step, when it is too late.",
        ["train-step.one-update"],
    ),
    mutant(
        "train-clips-early",
        "    value.backward()\n    if max_norm is not None:\n        clip_grad_norm(model.parameters(), max_norm)\n",
        "    if max_norm is not None:\n        clip_grad_norm(model.parameters(), max_norm)\n    value.backward()\n",
        "The gradient is clipped before the backward pass made it.",
        ["train-step.one-update"],
    ),
    mutant(
        "train-clips-by-value",
        "        clip_grad_norm(model.parameters(), max_norm)\n",
        "        clip_grad_value(model.parameters(), max_norm)\n",
        "Clipping is by value; `max_norm` limits the norm.",
        ["train-step.one-update"],
    ),
    mutant(
        "train-returns-tensor",
        "return float(value.data)",
        "return value",
        "The loss is returned as a Tensor, which keeps the tape alive; a float is wanted.",
        ["train-step.one-update"],
    ),
    mutant(
        "train-loss-after",
        "return float(value.data)",
        "return float(loss(model(x), y).data)",
        "The loss is measured after the update; wanted is the one before.",
        ["train-step.one-update"],
    ),
    mutant(
        "train-no-step",
        "    optimizer.step()\n",
        "",
        "The parameters never move.",
        ["train-step.one-update"],
    ),
    mutant(
        "train-two-steps",
        "    optimizer.step()\n",
        "    optimizer.step()\n    optimizer.step()\n",
        "The optimiser steps twice with one gradient.",
        ["train-step.one-update"],
    ),
    mutant(
        "train-mean-over-batch-again",
        "value.backward()",
        "(value * (1 / len(x))).backward()",
        "The gradient is divided by the batch size once more than the loss already does.",
        ["train-step.one-update"],
    ),
]

REWRITES = [
    Rewrite(
        "cell-concatenates-without-bias",
        "cell-no-bias",
        {
            "rnn-cell": '''
from minigrad import concatenate

class RNNCell(Module):
    def __init__(self, input_size, hidden_size, *, activation=tanh, rng=None, dtype=np.float64):
        super().__init__()
        self.hidden_size, self.activation = hidden_size, activation
        rng = np.random.default_rng() if rng is None else rng
        self.W_x = Parameter(init.glorot((input_size, hidden_size), rng, dtype))
        self.W_h = Parameter(init.orthogonal((hidden_size, hidden_size), rng, dtype))
        self.b = Parameter(np.zeros(hidden_size, dtype))

    def initial_state(self, batch):
        return np.zeros((batch, self.hidden_size), self.b.dtype)

    def __call__(self, x, h):
        return self.activation(concatenate([x, h], axis=1) @ concatenate([self.W_x, self.W_h]))
'''
        },
    ),
    Rewrite(
        "cell-recomputes-from-data",
        "cell-detaches-state",
        {
            "rnn-cell": '''
class RNNCell(Module):
    def __init__(self, input_size, hidden_size, *, activation=tanh, rng=None, dtype=np.float64):
        super().__init__()
        self.hidden_size, self.f = hidden_size, activation
        rng = rng or np.random.default_rng()
        self.W_h = Parameter(init.orthogonal((hidden_size, hidden_size), rng, dtype))
        self.W_x = Parameter(init.glorot((input_size, hidden_size), rng, dtype))
        self.b = Parameter(np.zeros(hidden_size, dtype))

    def initial_state(self, batch):
        return Tensor(np.zeros((batch, self.hidden_size), self.b.dtype))

    def __call__(self, x, h):
        if isinstance(h, Tensor):
            h = h.detach()
        memory = h @ self.W_h
        return self.f(self.b + memory + x @ self.W_x)
'''
        },
    ),
    Rewrite(
        "forward-in-one-line",
        "forward-not-carried",
        {
            "rnn-forward": '''
def rnn_forward(x, h0, W_x, W_h, b):
    hs = np.tanh(x @ W_x + (h0 @ W_h)[:, None] + b)
    return hs, (x, h0, hs, W_x, W_h)
'''
        },
    ),
    Rewrite(
        "backward-without-a-loop",
        "backward-one-step",
        {
            "rnn-backward": '''
def rnn_backward(dhs, cache):
    x, h0, hs, W_x, W_h = cache
    before = np.concatenate([h0[:, None], hs[:, :-1]], axis=1)
    da = dhs * (1 - hs**2)
    return (
        da @ W_x.T,
        np.zeros_like(h0),
        np.einsum("btd,bth->dh", x, da),
        np.einsum("btg,bth->gh", before, da),
        da.sum((0, 1)),
    )
'''
        },
    ),
    Rewrite(
        "backward-linear-in-lists",
        "backward-no-derivative",
        {
            "rnn-backward": '''
def rnn_backward(dhs, cache):
    x, h0, hs, W_x, W_h = cache
    T = x.shape[1]
    deltas, back = [None] * T, 0
    for t in range(T - 1, -1, -1):
        deltas[t] = dhs[:, t] + back
        back = deltas[t] @ W_h.T
    states = [h0] + [hs[:, t] for t in range(T - 1)]
    return (
        np.stack([d @ W_x.T for d in deltas], 1),
        back,
        sum(x[:, t].T @ deltas[t] for t in range(T)),
        sum(h.T @ d for h, d in zip(states, deltas)),
        sum(d.sum(0) for d in deltas),
    )
'''
        },
    ),
    Rewrite(
        "norm-in-a-loop",
        "norm-per-parameter",
        {
            "clip-norm": '''
def clip_grad_norm(parameters, max_norm):
    if max_norm < 0:
        raise ValueError("max_norm")
    total, seen = 0.0, []
    for p in parameters:
        if p.grad is None or any(p is q for q in seen):
            continue
        seen.append(p)
        own = float(np.linalg.norm(p.grad.astype(np.float64)))
        total += own**2
    total = total**0.5
    if total > max_norm:
        for p in seen:
            own = float(np.linalg.norm(p.grad.astype(np.float64)))
            if own > max_norm:
                p.grad *= max_norm / own
    return total
'''
        },
    ),
    Rewrite(
        "norm-without-if",
        "norm-always",
        {
            "clip-norm": '''
def clip_grad_norm(parameters, max_norm):
    if max_norm < 0:
        raise ValueError("max_norm")
    grads = list({id(p): p.grad for p in parameters if p.grad is not None}.values())
    norm = np.sqrt(sum((g.astype(np.float64) ** 2).sum() for g in grads))
    for g in grads:
        g *= max_norm / max(norm, 1e-300)
    return float(norm)
'''
        },
    ),
    Rewrite(
        "value-with-a-mask",
        "value-one-sided",
        {
            "clip-value": '''
def clip_grad_value(parameters, clip_value):
    if clip_value < 0:
        raise ValueError("clip_value")
    for p in parameters:
        if p.grad is not None:
            p.grad[p.grad > clip_value] = clip_value
'''
        },
    ),
    Rewrite(
        "train-adds-up",
        "train-no-zero-grad",
        {
            "train-step": '''
def train_step(model, x, y, loss, optimizer, max_norm=None):
    error = loss(model(x), y)
    error.backward()
    parameters = list(model.parameters())
    if max_norm is not None:
        clip_grad_norm(parameters, max_norm)
    optimizer.step()
    return error.item()
'''
        },
    ),
]
