"""Right work written otherwise: every check must pass on each of these."""

from minigrad.checks import Variant

JOINED_CELL = '''
from minigrad import concatenate

class RNNCell(Module):
    """One matrix product: [x, h] times the two matrices on top of each other."""

    def __init__(self, input_size, hidden_size, *, activation=tanh, rng=None, dtype=np.float64):
        super().__init__()
        self.hidden_size, self.activation = hidden_size, activation
        rng = rng if rng is not None else np.random.default_rng()
        self.b = Parameter(np.zeros((hidden_size,), dtype=dtype))
        self.W_h = Parameter(init.orthogonal((hidden_size, hidden_size), rng, dtype))
        self.W_x = Parameter(init.glorot((input_size, hidden_size), rng, dtype))

    def initial_state(self, batch):
        return np.zeros((batch, self.hidden_size), dtype=self.W_x.dtype)

    def __call__(self, x, h):
        both = concatenate([x, h], axis=1)
        weights = concatenate([self.W_x, self.W_h], axis=0)
        return self.activation(self.b + both @ weights)
'''

OWN_START_CELL = '''
def _orthogonal(n, rng):
    u, _, v = np.linalg.svd(rng.standard_normal((n, n)))
    return u @ v

class RNNCell(Module):
    """Draws its own numbers: uniform Glorot and an orthogonal matrix from an SVD."""

    def __init__(self, input_size, hidden_size, *, activation=tanh, rng=None, dtype=np.float64):
        super().__init__()
        rng = rng or np.random.default_rng()
        limit = (6 / (input_size + hidden_size)) ** 0.5
        self.input_size, self.hidden_size, self.activation = input_size, hidden_size, activation
        self.W_x = Parameter(rng.uniform(-limit, limit, size=(input_size, hidden_size)).astype(dtype))
        self.W_h = Parameter(_orthogonal(hidden_size, rng).astype(dtype))
        self.b = Parameter(np.zeros(hidden_size).astype(dtype))

    def initial_state(self, batch):
        return Tensor(np.zeros((batch, self.hidden_size))).astype(self.b.dtype)

    def _mix(self, x, h):
        from_input = x @ self.W_x
        from_state = h @ self.W_h
        return from_input + (from_state + self.b)

    def __call__(self, x, h):
        a = self._mix(x, h)
        return self.activation(a)
'''

NORMAL_START_CELL = '''
class Cell(Module):
    def initial_state(self, batch):
        return Tensor(0 * np.ones((batch, self.hidden_size), self.dtype))

class RNNCell(Cell):
    """A base class, normal draws and the matrix product as a sum of outer contributions."""

    def __init__(self, input_size, hidden_size, *, activation=tanh, rng=None, dtype=np.float64):
        super().__init__()
        if rng is None:
            rng = np.random.default_rng()
        shape = input_size, hidden_size
        self.hidden_size, self.activation, self.dtype = hidden_size, activation, dtype
        self.W_x = Parameter((rng.normal(size=shape) * np.sqrt(2 / sum(shape))).astype(dtype))
        q, r = np.linalg.qr(rng.normal(size=(hidden_size, hidden_size)))
        self.W_h = Parameter((q * np.sign(np.diag(r))).astype(dtype))
        self.b = Parameter(np.zeros(hidden_size, dtype))

    def __call__(self, x, h):
        f = self.activation
        return f(self.b + h @ self.W_h + x @ self.W_x)
'''

LISTS_FORWARD = '''
def one_step(x_t, h, W_x, W_h, b):
    return np.tanh(x_t @ W_x + h @ W_h + b)

def rnn_forward(x, h0, W_x, W_h, b):
    """A list of states, stacked at the end; the cache is a dictionary."""
    states = [h0]
    for x_t in np.swapaxes(x, 0, 1):
        states.append(one_step(x_t, states[-1], W_x, W_h, b))
    hs = np.stack(states[1:], axis=1)
    return hs, {"x": x, "states": states, "weights": (W_x, W_h)}
'''

LISTS_BACKWARD = '''
def rnn_backward(dhs, cache):
    """Deltas first, collected in a list from the last step to the first; then one sum for each weight."""
    x, states = cache["x"], cache["states"]
    W_x, W_h = cache["weights"]
    T = x.shape[1]
    deltas, carried = [None] * T, 0.0
    for t in range(T - 1, -1, -1):
        total = dhs[:, t, :] + carried
        deltas[t] = total - total * states[t + 1] * states[t + 1]
        carried = deltas[t] @ W_h.transpose()
    dW_x = sum(x[:, t].T @ deltas[t] for t in range(T))
    dW_h = sum(states[t].T @ deltas[t] for t in range(T))
    db = sum(delta.sum(0) for delta in deltas)
    return np.stack([delta @ W_x.T for delta in deltas], axis=1), carried, dW_x, dW_h, db
'''

EINSUM_FORWARD = '''
def rnn_forward(x, h0, W_x, W_h, b):
    """The inputs' share for all steps at once; the cache keeps the states before and after."""
    a = np.einsum("btd,dh->bth", x, W_x) + b
    hs = np.zeros_like(a)
    for t in range(x.shape[1]):
        before = h0 if t == 0 else hs[:, t - 1]
        hs[:, t] = np.tanh(a[:, t] + np.einsum("bh,hk->bk", before, W_h))
    previous = np.concatenate([h0[:, None], hs[:, :-1]], axis=1)
    return hs, (x, previous, 1 - hs**2, W_x, W_h)
'''

EINSUM_BACKWARD = '''
def rnn_backward(dhs, cache):
    """The recursion keeps deltas only; every weight's gradient is one einsum over batch and time."""
    x, previous, slope, W_x, W_h = cache
    delta = np.empty_like(dhs)
    back = np.zeros_like(dhs[:, 0])
    for t in range(dhs.shape[1])[::-1]:
        delta[:, t] = (dhs[:, t] + back) * slope[:, t]
        back = np.einsum("bk,hk->bh", delta[:, t], W_h)
    dx = np.einsum("bth,dh->btd", delta, W_x)
    return (
        dx,
        back,
        np.einsum("btd,bth->dh", x, delta),
        np.einsum("bti,btj->ij", previous, delta),
        delta.sum(axis=(0, 1)),
    )
'''

TIME_FIRST_FORWARD = '''
def rnn_forward(x, h0, W_x, W_h, b):
    """Time first inside, [x, h] and one joined matrix; the cache keeps the joined rows."""
    W = np.concatenate([W_x, W_h])
    rows, hs, h = [], [], h0
    for x_t in x.transpose(1, 0, 2):
        rows.append(np.hstack([x_t, h]))
        h = np.tanh(rows[-1] @ W + b)
        hs.append(h)
    return np.array(hs).transpose(1, 0, 2), (rows, hs, W, x.shape[2])
'''

TIME_FIRST_BACKWARD = '''
def rnn_backward(dhs, cache):
    """The joined matrix back again, cut into its two parts at the end."""
    rows, hs, W, D = cache
    dW, db = np.zeros(W.shape, W.dtype), np.zeros(W.shape[1], W.dtype)
    dh, dx = np.zeros(hs[0].shape, W.dtype), []
    for row, h, from_loss in zip(rows[::-1], hs[::-1], dhs.transpose(1, 0, 2)[::-1]):
        da = (dh + from_loss) * (1 + h) * (1 - h)
        dW += row.T @ da
        db += np.ones(len(da)) @ da
        both = da @ W.T
        dx.insert(0, both[:, :D])
        dh = both[:, D:]
    return np.array(dx).transpose(1, 0, 2), dh, dW[:D], dW[D:], db
'''

CLOSURE_FORWARD = '''
def rnn_forward(x, h0, W_x, W_h, b):
    """The cache is a list of functions: each step's own way back."""
    hs, way_back = [], []

    def step(x_t, h):
        new = np.tanh(x_t @ W_x + h @ W_h + b)

        def back(g):
            da = g * (1 - new * new)
            return da @ W_x.T, da @ W_h.T, x_t.T @ da, h.T @ da, da.sum(0)

        return new, back

    h = h0
    for t in range(x.shape[1]):
        h, back = step(x[:, t], h)
        hs.append(h)
        way_back.append(back)
    return np.stack(hs, 1), way_back
'''

CLOSURE_BACKWARD = '''
def rnn_backward(dhs, cache):
    """Ask each step for its way back, from the last to the first."""
    g, dx, totals = 0, [], None
    for t in reversed(range(len(cache))):
        dx_t, g, *weights = cache[t](g + dhs[:, t])
        dx = [dx_t, *dx]
        totals = weights if totals is None else [a + b for a, b in zip(totals, weights)]
    return (np.stack(dx, 1), g, *totals)
'''

FSUM_NORM = '''
import math

def _squares(arrays):
    for a in arrays:
        yield from (float(v) ** 2 for v in a.ravel())

def clip_grad_norm(parameters, max_norm):
    """Exact summation, and a factor that is 1 where nothing is to be done."""
    if max_norm < 0:
        raise ValueError("max_norm must be >= 0")
    seen, arrays = set(), []
    for p in parameters:
        if id(p) not in seen and p.grad is not None:
            seen.add(id(p))
            arrays.append(p.grad)
    n = math.sqrt(math.fsum(_squares(arrays)))
    factor = max_norm / n if n > max_norm else 1.0
    if factor != 1.0:
        for g in arrays:
            np.multiply(g, factor, out=g)
    return n
'''

TORCH_NORM = '''
def clip_grad_norm(parameters, max_norm):
    """PyTorch's form: c / (n + 1e-6), at most 1; multiplying by 1 changes no bit."""
    if max_norm < 0:
        raise ValueError("negative max_norm")
    unique = list({id(p): p for p in parameters}.values())
    grads = [p.grad for p in unique if p.grad is not None]
    n = sum((g.astype(float) ** 2).sum() for g in grads) ** 0.5
    factor = min(1.0, max_norm / (n + 1e-6))
    for g in grads:
        g *= factor
    return float(n)
'''

LINALG_NORM = '''
def clip_grad_norm(parameters, max_norm):
    """One long vector, literally."""
    if max_norm < 0:
        raise ValueError(f"max_norm = {max_norm} < 0")
    arrays = []
    for p in parameters:
        if p.grad is not None and not any(p.grad is a for a in arrays):
            arrays.append(p.grad)
    if not arrays:
        return 0.0
    long_vector = np.concatenate([a.ravel().astype(np.float64) for a in arrays])
    norm = np.linalg.norm(long_vector)
    if norm > max_norm:
        for a in arrays:
            a[...] = a / norm * max_norm
    return norm
'''

NORM_OF_NORMS = '''
def clip_grad_norm(parameters, max_norm):
    """The norm of the parameters' norms is the norm of everything."""
    if not max_norm >= 0:
        raise ValueError("max_norm must not be negative")
    shared = []
    for p in parameters:
        if all(p is not q for q in shared):
            shared.append(p)
    norms = [np.linalg.norm(np.asarray(p.grad, dtype=np.float64)) for p in shared if p.grad is not None]
    total = float(np.linalg.norm(norms)) if norms else 0.0
    if total <= max_norm:
        return total
    for p in shared:
        if p.grad is not None:
            p.grad /= total / max_norm if max_norm else np.inf
    return total
'''

WHERE_VALUE = '''
def clip_grad_value(parameters, clip_value):
    """Written with masks."""
    if clip_value < 0:
        raise ValueError
    for g in (p.grad for p in parameters if p.grad is not None):
        g[g > clip_value] = clip_value
        g[g < -clip_value] = -clip_value
'''

MAXIMUM_VALUE = '''
def clip_grad_value(parameters, clip_value):
    """Maximum and minimum; a parameter at a time."""
    if clip_value < 0:
        raise ValueError("clip_value is negative")
    for p in list(parameters):
        if p.grad is None:
            continue
        p.grad[...] = np.maximum(np.minimum(p.grad, clip_value), -clip_value)
'''

INLINE_STEP = '''
def train_step(model, x, y, loss, optimizer, max_norm=None):
    """Clips by itself, and does not call the exercise before."""
    for p in model.parameters():
        p.grad = None
    output = loss(model(x), y)
    before = output.item()
    output.backward()
    if max_norm is not None:
        n = np.sqrt(sum((p.grad.astype(np.float64) ** 2).sum() for p in model.parameters() if p.grad is not None))
        if n > max_norm:
            for p in model.parameters():
                if p.grad is not None:
                    p.grad *= max_norm / n
    optimizer.step()
    return before
'''

MODEL_STEP = '''
def train_step(model, x, y, loss, optimizer, max_norm=None):
    """Clears through the model, clips a list, hands names over, clears again at the end."""
    model.zero_grad()
    prediction = model(x)
    value = loss(prediction, y)
    result = float(value)
    value.backward()
    parameters = list(model.parameters())
    if max_norm is None:
        pass
    else:
        clip_grad_norm(parameters=parameters, max_norm=max_norm)
    optimizer.step()
    optimizer.zero_grad()
    return result
'''

VARIANTS = [
    Variant("joined-matrix-cell", {"rnn-cell": JOINED_CELL}),
    Variant("own-start-cell", {"rnn-cell": OWN_START_CELL}),
    Variant("normal-start-cell", {"rnn-cell": NORMAL_START_CELL}),
    Variant("lists", {"rnn-forward": LISTS_FORWARD, "rnn-backward": LISTS_BACKWARD}),
    Variant("einsum", {"rnn-forward": EINSUM_FORWARD, "rnn-backward": EINSUM_BACKWARD}),
    Variant("joined-rows", {"rnn-forward": TIME_FIRST_FORWARD, "rnn-backward": TIME_FIRST_BACKWARD}),
    Variant("closures", {"rnn-forward": CLOSURE_FORWARD, "rnn-backward": CLOSURE_BACKWARD}),
    Variant("fsum-norm", {"clip-norm": FSUM_NORM}),
    Variant("torch-norm", {"clip-norm": TORCH_NORM}),
    Variant("linalg-norm", {"clip-norm": LINALG_NORM, "clip-value": WHERE_VALUE}),
    Variant("norm-of-norms", {"clip-norm": NORM_OF_NORMS, "clip-value": MAXIMUM_VALUE}),
    Variant("inline-clip", {"train-step": INLINE_STEP}),
    Variant(
        "all-at-once",
        {
            "rnn-cell": JOINED_CELL,
            "rnn-forward": EINSUM_FORWARD,
            "rnn-backward": EINSUM_BACKWARD,
            "clip-value": WHERE_VALUE,
            "clip-norm": TORCH_NORM,
            "train-step": MODEL_STEP,
        },
    ),
]
