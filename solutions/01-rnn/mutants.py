"""Known mistakes in 01-rnn, each with the checks it fails and what to tell the student who made it."""

from minigrad.checks import Rewrite, mutant


def of(exercise: str, probes: str) -> list[str]:
    """Names of checks of one exercise."""
    return [f"{exercise}.{probe}" for probe in probes.split()]


MUTANTS = [
    # --- rnn-cell
    mutant(
        "cell-forgets-h",
        "x @ self.W_x + h @ self.W_h + self.b",
        "x @ self.W_x + self.b",
        "The new state does not depend on the old one: where does h enter?",
        of("rnn-cell", "one-step by-hand one-step-gradients any-activation gradients"),
    ),
    mutant(
        "cell-no-bias",
        "x @ self.W_x + h @ self.W_h + self.b",
        "x @ self.W_x + h @ self.W_h",
        "The bias never reaches the new state. (With b = 0 one does not notice.)",
        of("rnn-cell", "by-hand one-step-gradients single-precision any-activation gradients"),
    ),
    mutant(
        "cell-transposed",
        "h @ self.W_h + self.b",
        "h @ self.W_h.T + self.b",
        "W_h is square, so a transposed W_h fits just as well; our states are rows, h W_h.",
        of("rnn-cell", "one-step one-step-gradients any-activation gradients"),
    ),
    mutant(
        "cell-no-activation",
        "return self.activation(x @ self.W_x",
        "return (x @ self.W_x",
        "The state is never squashed: the sum is returned as it is.",
        of("rnn-cell", "one-step by-hand one-step-gradients single-precision any-activation gradients"),
    ),
    mutant(
        "cell-always-tanh",
        "self.activation(x @ self.W_x",
        "tanh(x @ self.W_x",
        "The cell uses tanh even when it was built with another activation.",
        of("rnn-cell", "any-activation"),
    ),
    mutant(
        "cell-detaches-state",
        "+ h @ self.W_h",
        "+ Tensor(h.data) @ self.W_h",
        "The values are right, but the gradient stops at the old state: something takes h off the tape.",
        of("rnn-cell", "gradients"),
    ),
    mutant(
        "cell-adds-h",
        "return self.activation(x @ self.W_x + h @ self.W_h + self.b)",
        "return self.activation(x @ self.W_x + h @ self.W_h + self.b) + h",
        "The old state is added to the new one once more, outside the activation.",
        of("rnn-cell", "one-step by-hand any-activation gradients"),
    ),
    mutant(
        "cell-scaled-bias",
        "+ self.b)",
        "+ self.b + self.b)",
        "The bias is added twice.",
        of("rnn-cell", "by-hand one-step-gradients single-precision any-activation gradients"),
    ),
    mutant(
        "cell-bias-no-parameter",
        "self.b = Parameter(np.zeros(hidden_size, dtype))",
        "self.b = Tensor(np.zeros(hidden_size, dtype), requires_grad=True)",
        "One of the three is no Parameter, so `parameters()`, and with it the optimiser, does not see it.",
        of("rnn-cell", "shapes"),
    ),
    mutant(
        "cell-bias-one",
        "Parameter(np.zeros(hidden_size, dtype))",
        "Parameter(np.ones(hidden_size, dtype))",
        "The bias does not start at zero.",
        of("rnn-cell", "start fresh-start"),
    ),
    mutant(
        "cell-glorot-everywhere",
        "init.orthogonal((hidden_size, hidden_size)",
        "init.glorot((hidden_size, hidden_size)",
        "W_h starts as a Glorot draw; an orthogonal one keeps the length of the state.",
        of("rnn-cell", "start fresh-start"),
    ),
    mutant(
        "cell-standard-normal",
        "Parameter(init.glorot((input_size, hidden_size), rng, dtype))",
        "Parameter(rng.standard_normal((input_size, hidden_size)).astype(dtype))",
        "W_x does not have Glorot's spread, variance 2 / (D + H).",
        of("rnn-cell", "fresh-start"),
    ),
    mutant(
        "cell-ignores-rng",
        "self.W_x = Parameter(init.glorot((input_size, hidden_size), rng, dtype))",
        "rng = np.random.default_rng(0)\n"
        "        self.W_x = Parameter(init.glorot((input_size, hidden_size), rng, dtype))",
        "Every cell starts from the same weights, whatever rng it is given.",
        of("rnn-cell", "fresh-start"),
    ),
    mutant(
        "cell-always-float64",
        "self.W_x = Parameter(",
        "dtype = np.float64\n        self.W_x = Parameter(",
        "The parameters are float64 even when another dtype was asked for.",
        of("rnn-cell", "single-precision"),
    ),
    mutant(
        "cell-state-float64",
        "np.zeros((batch, self.hidden_size), self.b.dtype)",
        "np.zeros((batch, self.hidden_size))",
        "The first state has NumPy's default dtype, not the parameters'.",
        of("rnn-cell", "single-precision"),
    ),
    mutant(
        "cell-starts-at-one",
        "np.zeros((batch, self.hidden_size)",
        "np.ones((batch, self.hidden_size)",
        "The first state is not zero.",
        of("rnn-cell", "shapes by-hand single-precision"),
    ),
    mutant(
        "cell-keeps-a-copy",
        "        return self.activation(x @ self.W_x + h @ self.W_h + self.b)",
        "        if not hasattr(self, 'copy'):\n"
        "            object.__setattr__(self, 'copy', [Tensor(p.data.copy(), requires_grad=True) for p in (self.W_x, self.W_h, self.b)])\n"
        "        W_x, W_h, b = self.copy\n"
        "        return self.activation(x @ W_x + h @ W_h + b)",
        "The step works with a copy of the parameters, so no gradient reaches the parameters themselves.",
        of("rnn-cell", "one-step-gradients gradients"),
    ),
    # --- rnn-forward
    mutant(
        "forward-ignores-h0",
        "    h = h0\n",
        "    h = np.zeros_like(h0)\n",
        "The first step starts from zero, not from the h0 it was given.",
        of("rnn-forward", "two-steps-by-hand states same-dtype"),
    ),
    mutant(
        "forward-same-input",
        "np.tanh(x[:, t] @ W_x",
        "np.tanh(x[:, 0] @ W_x",
        "Every step reads the same input: which index moves with the time?",
        of("rnn-forward", "values two-steps-by-hand states same-dtype"),
    ),
    mutant(
        "forward-not-carried",
        "+ h @ W_h + b)",
        "+ h0 @ W_h + b)",
        "The state is not carried: every step starts from h0 again.",
        of("rnn-forward", "values two-steps-by-hand states same-dtype"),
    ),
    mutant(
        "forward-linear",
        "h = np.tanh(x[:, t] @ W_x + h @ W_h + b)",
        "h = x[:, t] @ W_x + h @ W_h + b",
        "Nothing squashes the state: where is the tanh?",
        of("rnn-forward", "values two-steps-by-hand states same-dtype"),
    ),
    mutant(
        "forward-transposed",
        "h = np.tanh(x[:, t] @ W_x + h @ W_h + b)",
        "h = np.tanh(x[:, t] @ W_x + h @ W_h.T + b)",
        "W_h is used transposed; it is square, so the shapes do not complain.",
        of("rnn-forward", "values states same-dtype"),
    ),
    mutant(
        "forward-no-bias",
        "h @ W_h + b)\n        hs",
        "h @ W_h)\n        hs",
        "The bias is left out of the step.",
        of("rnn-forward", "values two-steps-by-hand states same-dtype"),
    ),
    mutant(
        "forward-backwards",
        "hs[:, t] = h",
        "hs[:, steps - 1 - t] = h",
        "The states come out in reverse order of time.",
        of("rnn-forward", "values two-steps-by-hand states same-dtype"),
    ),
    mutant(
        "forward-late",
        "        h = np.tanh(x[:, t] @ W_x + h @ W_h + b)\n        hs[:, t] = h",
        "        hs[:, t] = h\n        h = np.tanh(x[:, t] @ W_x + h @ W_h + b)",
        "Every state is stored one step late: hs[:, t] must have read x[:, t].",
        of("rnn-forward", "values two-steps-by-hand states same-dtype"),
    ),
    mutant(
        "forward-default-dtype",
        "np.empty((batch, steps, h0.shape[1]), h0.dtype)",
        "np.empty((batch, steps, h0.shape[1]))",
        "hs is float64 whatever the inputs are.",
        of("rnn-forward", "same-dtype"),
    ),
    # --- rnn-backward
    mutant(
        "backward-no-derivative",
        "da = dh * (1 - hs[:, t] ** 2)",
        "da = dh",
        "The derivative of tanh is missing.",
        of("rnn-backward", "one-number two-steps last-of-three no-tape-short states-through-time weights-through-time fifty-steps"),
    ),
    mutant(
        "backward-not-squared",
        "(1 - hs[:, t] ** 2)",
        "(1 - hs[:, t])",
        "The derivative of tanh is 1 - tanh², not 1 - tanh.",
        of("rnn-backward", "one-number two-steps last-of-three no-tape-short states-through-time weights-through-time fifty-steps"),
    ),
    mutant(
        "backward-of-preactivation",
        "(1 - hs[:, t] ** 2)",
        "(1 - np.tanh(hs[:, t]) ** 2)",
        "The derivative of tanh is taken at the wrong place: hs is already tanh's output.",
        of("rnn-backward", "one-number two-steps last-of-three no-tape-short states-through-time weights-through-time fifty-steps"),
    ),
    mutant(
        "backward-one-step",
        "dh = da @ W_h.T\n    return",
        "dh = np.zeros_like(h0)\n    return",
        "The gradient never travels to the step before: each step is treated as if it stood alone.",
        of("rnn-backward", "one-number two-steps last-of-three no-tape-short states-through-time weights-through-time fifty-steps"),
    ),
    mutant(
        "backward-overwrites",
        "dh = dh + dhs[:, t]",
        "dh = dhs[:, t]",
        "What the later step sent back is overwritten by what the loss sends; it should be added.",
        of("rnn-backward", "one-number two-steps last-of-three no-tape-short states-through-time weights-through-time fifty-steps"),
    ),
    mutant(
        "backward-last-loss-only",
        "dh = dh + dhs[:, t]",
        "dh = dh + dhs[:, t] * (t == x.shape[1] - 1)",
        "Only the last step's dhs is used; the loss may look at every state.",
        of("rnn-backward", "two-steps no-tape-short states-through-time weights-through-time fifty-steps"),
    ),
    mutant(
        "backward-assigns-dW_x",
        "dW_x += ",
        "dW_x = ",
        "dW_x keeps one step's share only: the weights are shared, so their gradients add up over time.",
        of("rnn-backward", "one-number two-steps weights-through-time fifty-steps"),
    ),
    mutant(
        "backward-assigns-dW_h",
        "dW_h += ",
        "dW_h = ",
        "dW_h keeps one step's share only: the weights are shared, so their gradients add up over time.",
        of("rnn-backward", "one-number two-steps weights-through-time fifty-steps"),
    ),
    mutant(
        "backward-assigns-db",
        "db += da",
        "db = da",
        "db keeps one step's share only: the bias is shared, so its gradients add up over time.",
        of("rnn-backward", "one-number two-steps weights-through-time fifty-steps"),
    ),
    mutant(
        "backward-mean-db",
        "da.sum(axis=0)",
        "da.mean(axis=0)",
        "db is an average over the batch; the bias is used by every sample, so its gradient is a sum.",
        of("rnn-backward", "two-steps weights-through-time fifty-steps"),
    ),
    mutant(
        "backward-own-state",
        "dW_h += before.T @ da",
        "dW_h += hs[:, t].T @ da",
        "dW_h is built from the state a step made; W_h met the state that the step started from.",
        of("rnn-backward", "one-number two-steps weights-through-time fifty-steps"),
    ),
    mutant(
        "backward-forgets-h0",
        "if t > 0 else h0",
        "if t > 0 else np.zeros_like(h0)",
        "In dW_h the first step started from h0, which need not be zero.",
        of("rnn-backward", "one-number two-steps weights-through-time fifty-steps"),
    ),
    mutant(
        "backward-wraps-around",
        "before = hs[:, t - 1] if t > 0 else h0",
        "before = hs[:, t - 1]",
        "At the first step the index of the step before is -1, which NumPy takes for the last.",
        of("rnn-backward", "one-number two-steps weights-through-time fifty-steps"),
    ),
    mutant(
        "backward-not-transposed",
        "dh = da @ W_h.T",
        "dh = da @ W_h",
        "On the way back the state meets the transposed W_h; it is square, so the shapes do not complain.",
        of("rnn-backward", "two-steps last-of-three no-tape-short states-through-time weights-through-time fifty-steps"),
    ),
    mutant(
        "backward-h0-not-through",
        "        dh = da @ W_h.T\n    return dx, dh,",
        "        dh, last = da @ W_h.T, dh\n    return dx, last,",
        "dh0 is the gradient of the state after the first step; h0 lies one step further back.",
        of("rnn-backward", "one-number two-steps last-of-three no-tape-short states-through-time fifty-steps"),
    ),
    mutant(
        "backward-in-time-order",
        "for t in reversed(range(x.shape[1])):",
        "for t in range(x.shape[1]):",
        "The loop runs with time; what a step sends back must be there before the step before is done.",
        of("rnn-backward", "one-number two-steps last-of-three no-tape-short states-through-time weights-through-time fifty-steps"),
    ),
    mutant(
        "backward-writes-dhs",
        "        dh = dh + dhs[:, t]\n",
        "        dhs[:, t] += dh\n        dh = dhs[:, t]\n",
        "dhs is changed by the backward pass: += writes into the caller's array.",
        of("rnn-backward", "dhs-unchanged twice"),
    ),
    # --- clip-value
    mutant(
        "value-one-sided",
        "np.clip(p.grad, -clip_value, clip_value, out=p.grad)",
        "np.minimum(p.grad, clip_value, out=p.grad)",
        "Large negative entries are left as they are.",
        of("clip-value", "entries value-in-place value-any-iterable"),
    ),
    mutant(
        "value-new-array",
        "np.clip(p.grad, -clip_value, clip_value, out=p.grad)",
        "p.grad = np.clip(p.grad, -clip_value, clip_value)",
        "`grad` is replaced by a new array; whoever holds the old one sees no clipping.",
        of("clip-value", "value-in-place value-any-iterable"),
    ),
    mutant(
        "value-no-None",
        "        if p.grad is not None:\n            np.clip(",
        "        if True:\n            np.clip(",
        "A parameter that took no part in the loss has no gradient (None), and stops the function.",
        of("clip-value", "value-any-iterable"),
    ),
    mutant(
        "value-negative",
        "    if clip_value < 0:",
        "    if False:",
        "A negative limit goes through without a word.",
        of("clip-value", "value-negative"),
    ),
    mutant(
        "value-scales",
        "np.clip(p.grad, -clip_value, clip_value, out=p.grad)",
        "p.grad *= min(1, clip_value / np.abs(p.grad).max())",
        "The gradient is scaled as a whole; clipping by value cuts each entry by itself.",
        of("clip-value", "entries value-in-place value-any-iterable"),
    ),
    # --- clip-norm
    mutant(
        "norm-per-parameter",
        "p.grad *= max_norm / norm",
        "p.grad *= min(1, max_norm / np.linalg.norm(p.grad.astype(np.float64)))",
        "Each parameter is clipped by its own norm; the norm of all together decides.",
        of("clip-norm", "three-and-four global-norm shared once-more float32-gradients"),
    ),
    mutant(
        "norm-always",
        "    if norm > max_norm:\n",
        "    if norm > 0:\n",
        "Small gradients are scaled up: below the limit nothing may change.",
        of("clip-norm", "well-below just-below"),
    ),
    mutant(
        "norm-inverted",
        "    if norm > max_norm:\n",
        "    if norm < max_norm:\n",
        "Gradients below the limit are scaled, and those above it are not.",
        of("clip-norm", "three-and-four one-parameter well-below norm-in-place some-without-gradient bounds global-norm shared once-more just-below float32-gradients nothing-to-clip"),
    ),
    mutant(
        "norm-returns-after",
        "return norm",
        "return min(norm, float(max_norm))",
        "What is returned is the norm after clipping; wanted is the one before.",
        of("clip-norm", "returned norm-before"),
    ),
    mutant(
        "norm-returns-nothing",
        "            p.grad *= max_norm / norm\n    return norm",
        "            p.grad *= max_norm / norm",
        "Nothing is returned; wanted is the norm before clipping.",
        of("clip-norm", "returned norm-before nothing-to-clip"),
    ),
    mutant(
        "norm-squared",
        "norm = float(np.sqrt(sum(np.sum(p.grad.astype(np.float64) ** 2) for p in kept)))",
        "norm = float(sum(np.sum(p.grad.astype(np.float64) ** 2) for p in kept))",
        "That is the square of the norm.",
        of("clip-norm", "three-and-four one-parameter returned norm-in-place some-without-gradient global-norm shared once-more just-below norm-before float32-gradients nothing-to-clip"),
    ),
    mutant(
        "norm-of-norms",
        "norm = float(np.sqrt(sum(np.sum(p.grad.astype(np.float64) ** 2) for p in kept)))",
        "norm = float(sum(np.linalg.norm(p.grad.astype(np.float64)) for p in kept))",
        "Norms are added up; it is their squares that add up.",
        of("clip-norm", "three-and-four returned global-norm shared once-more just-below norm-before float32-gradients"),
    ),
    mutant(
        "norm-absolute",
        "np.sqrt(sum(np.sum(p.grad.astype(np.float64) ** 2) for p in kept))",
        "sum(np.sum(np.abs(p.grad.astype(np.float64))) for p in kept)",
        "That is the sum of absolute values, not the Euclidean norm.",
        of("clip-norm", "three-and-four one-parameter returned norm-in-place some-without-gradient global-norm shared once-more just-below norm-before float32-gradients nothing-to-clip"),
    ),
    mutant(
        "norm-largest",
        "norm = float(np.sqrt(sum(np.sum(p.grad.astype(np.float64) ** 2) for p in kept)))",
        "norm = float(max((np.sqrt(np.sum(p.grad.astype(np.float64) ** 2)) for p in kept), default=0.0))",
        "The largest of the parameters' norms is taken; all entries together make one norm.",
        of("clip-norm", "three-and-four returned global-norm shared once-more norm-before float32-gradients"),
    ),
    mutant(
        "norm-no-None",
        "for p in parameters if p.grad is not None}",
        "for p in parameters}",
        "A parameter that took no part in the loss has no gradient (None), and stops the function.",
        of("clip-norm", "some-without-gradient nothing-to-clip"),
    ),
    mutant(
        "norm-new-array",
        "p.grad *= max_norm / norm",
        "p.grad = (p.grad * (max_norm / norm)).astype(p.grad.dtype)",
        "`grad` is replaced by a new array; whoever holds the old one sees no clipping.",
        of("clip-norm", "norm-in-place float32-gradients"),
    ),
    mutant(
        "norm-shared-twice",
        "{id(p): p for p in parameters if p.grad is not None}.values()",
        "[p for p in parameters if p.grad is not None]",
        "A parameter that is listed twice is counted, and scaled, twice.",
        of("clip-norm", "shared"),
    ),
    mutant(
        "norm-in-float32",
        "np.sum(p.grad.astype(np.float64) ** 2)",
        "np.sum(p.grad ** 2)",
        "The squares overflow in float32: 1e20 squared is no float32 number.",
        of("clip-norm", "float32-gradients"),
    ),
    mutant(
        "norm-negative",
        "    if max_norm < 0:",
        "    if False:",
        "A negative limit goes through without a word, and turns every gradient around.",
        of("clip-norm", "bounds"),
    ),
    mutant(
        "norm-forgets-c",
        "p.grad *= max_norm / norm",
        "p.grad *= 1 / norm",
        "The norm after clipping is 1 whatever the limit is.",
        of("clip-norm", "three-and-four one-parameter bounds global-norm once-more float32-gradients"),
    ),
    mutant(
        "norm-by-value",
        "p.grad *= max_norm / norm",
        "np.clip(p.grad, -max_norm, max_norm, out=p.grad)",
        "Entries are cut one by one, which bends the direction; scale them all alike.",
        of("clip-norm", "three-and-four one-parameter norm-in-place some-without-gradient global-norm shared once-more float32-gradients nothing-to-clip"),
    ),
    # --- train-step
    mutant(
        "train-no-zero-grad",
        "    optimizer.zero_grad()\n    value",
        "    value",
        "Old gradients are still there and add up with the new ones.",
        of("train-step", "one-update one-clipped-update five-updates five-clipped-updates"),
    ),
    mutant(
        "train-clears-after-backward",
        "    optimizer.zero_grad()\n    value = loss(model(x), y)\n    value.backward()\n",
        "    value = loss(model(x), y)\n    value.backward()\n    optimizer.zero_grad()\n",
        "The gradients are cleared after the backward pass, so nothing is left to step with.",
        of("train-step", "one-update one-clipped-update five-updates five-clipped-updates"),
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
        of("train-step", "one-update one-clipped-update five-updates five-clipped-updates"),
    ),
    mutant(
        "train-never-clips",
        "    if max_norm is not None:",
        "    if False:",
        "The step is taken with a gradient that was not clipped: is max_norm used, after backward and before the step?",
        of("train-step", "one-clipped-update five-clipped-updates"),
    ),
    mutant(
        "train-clips-by-value",
        "        clip_grad_norm(model.parameters(), max_norm)\n",
        "        clip_grad_value(model.parameters(), max_norm)\n",
        "Clipping is by value; `max_norm` limits the norm.",
        of("train-step", "one-clipped-update five-clipped-updates"),
    ),
    mutant(
        "train-returns-tensor",
        "return float(value.data)",
        "return value",
        "The loss is returned as a Tensor, which keeps the tape alive; a float is wanted.",
        of("train-step", "loss-before"),
    ),
    mutant(
        "train-returns-nothing",
        "    return float(value.data)",
        "",
        "Nothing is returned; wanted is the loss before the update.",
        of("train-step", "loss-before"),
    ),
    mutant(
        "train-loss-after",
        "return float(value.data)",
        "return float(loss(model(x), y).data)",
        "The loss is measured after the update; wanted is the one before.",
        of("train-step", "loss-before"),
    ),
    mutant(
        "train-no-step",
        "    optimizer.step()\n",
        "",
        "The parameters never move.",
        of("train-step", "one-update one-clipped-update five-updates five-clipped-updates"),
    ),
    mutant(
        "train-two-steps",
        "    optimizer.step()\n",
        "    optimizer.step()\n    optimizer.step()\n",
        "The optimiser steps twice with one gradient.",
        of("train-step", "one-update one-clipped-update five-updates five-clipped-updates"),
    ),
    mutant(
        "train-mean-over-batch-again",
        "value.backward()",
        "(value * (1 / len(x))).backward()",
        "The gradient is divided by the batch size once more than the loss already does.",
        of("train-step", "one-update five-updates"),
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
    norm = float(np.sqrt(sum((g.astype(np.float64) ** 2).sum() for g in grads)))
    for g in grads:
        g *= max_norm / max(norm, 1e-300)
    return norm
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
    Rewrite(
        "train-clips-after-the-step",
        "train-never-clips",
        {
            "train-step": '''
def train_step(model, x, y, loss, optimizer, max_norm=None):
    optimizer.zero_grad()
    value = loss(model(x), y)
    value.backward()
    optimizer.step()
    if max_norm is not None:
        clip_grad_norm(model.parameters(), max_norm)
    return float(value.data)
'''
        },
    ),
    Rewrite(
        "train-clips-before-backward",
        "train-never-clips",
        {
            "train-step": '''
def train_step(model, x, y, loss, optimizer, max_norm=None):
    optimizer.zero_grad()
    if max_norm is not None:
        clip_grad_norm(model.parameters(), max_norm)
    value = loss(model(x), y)
    value.backward()
    optimizer.step()
    return value.item()
'''
        },
    ),
]
