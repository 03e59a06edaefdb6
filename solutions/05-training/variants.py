"""Right work written otherwise: every check must pass on each of these."""

from minigrad.checks import Variant

LOOP_TBPTT = '''
from minigrad import stack

def _cut(state):
    return type(state)(map(_cut, state)) if isinstance(state, tuple) else Tensor(state.data)

def tbptt(cell, x, state, chunk, loss):
    """Every step by hand."""
    if chunk <= 0:
        raise ValueError("chunk must be positive")
    if state is None:
        state = cell.initial_state(len(x))
    losses, outputs, T = [], [], x.shape[1]
    for t in range(T):
        state = cell(x[:, t], state)
        outputs.append(state[0] if isinstance(state, tuple) else state)
        if len(outputs) == chunk or t == T - 1:
            value = loss(stack(outputs, axis=1), slice(t + 1 - len(outputs), t + 1))
            value.backward()
            losses.append(value.item())
            state, outputs = _cut(state), []
    return losses, state
'''

RECURSIVE_TBPTT = '''
def tbptt(cell, x, state, chunk, loss, begin=0):
    """One chunk, and then the rest in the same way."""
    if chunk < 1:
        raise ValueError(chunk)
    end = begin + chunk
    outputs, state = Recurrent(cell)(x[:, begin:end], state)
    value = loss(outputs, slice(begin, begin + outputs.shape[1]))
    value.backward()
    if isinstance(state, tuple):
        state = tuple([part.detach() for part in state])
    else:
        state = state.detach()
    if end >= x.shape[1]:
        return [float(value)], state
    later, state = tbptt(cell, x, state, chunk, loss, end)
    return [float(value), *later], state
'''

WHILE_TBPTT = '''
def detached(state):
    if not isinstance(state, tuple):
        return state.detach()
    h, c = state
    return h.detach(), c.detach()

def tbptt(cell, x, state, chunk, loss):
    """A while loop that leaves the slice's end beyond the sequence's; the state is cut before a chunk."""
    if chunk < 1:
        raise ValueError("at least one step a chunk")
    layer, losses, t = Recurrent(cell), [], 0
    while t < x.shape[1]:
        before = state if t == 0 else detached(state)
        steps = slice(t, t + chunk)
        outputs, state = layer(x[:, steps], before)
        error = loss(outputs, steps)
        losses += [float(error.data)]
        error.backward(np.ones(()))
        t += chunk
    return losses, detached(state)
'''

LAZY_DROPOUT = '''
class RecurrentDropout(Module):
    """The mask is drawn by the first step after initial_state, with other numbers of the generator."""

    def __init__(self, cell, p, rng):
        if p < 0 or p >= 1:
            raise ValueError("p")
        super().__init__()
        self.cell, self.p, self.rng, self._mask = cell, p, rng, None

    @property
    def hidden_size(self):
        return self.cell.hidden_size

    def initial_state(self, batch):
        self._mask = None
        return self.cell.initial_state(batch)

    def __call__(self, x, state):
        if self.training:
            h = state[0] if isinstance(state, tuple) else state
            if self._mask is None:
                self._mask = self.rng.binomial(1, 1 - self.p, h.shape).astype(h.dtype) / h.dtype.type(1 - self.p)
            h = h * self._mask
            state = (h,) + state[1:] if isinstance(state, tuple) else h
        return self.cell(x, state)
'''

WHERE_DROPOUT = '''
class RecurrentDropout(Module):
    """Which entries are dropped, as booleans; where() puts the zeros."""

    def __init__(self, cell, p, rng):
        assert cell is not None
        if not 0 <= p < 1:
            raise ValueError(f"p = {p}")
        self.inner, self.probability, self.generator = cell, p, rng
        self.hidden_size = cell.hidden_size

    def initial_state(self, batch):
        if self.training:
            self.dropped = self.generator.uniform(size=(batch, self.hidden_size)) < self.probability
        return self.inner.initial_state(batch)

    def _read(self, h):
        return where(self.dropped, 0.0, h / (1 - self.probability))

    def __call__(self, x, state):
        if not self.training:
            return self.inner(x, state)
        if isinstance(state, tuple):
            return self.inner(x, (self._read(state[0]), state[1]))
        return self.inner(x, self._read(state))
'''

CHOICE_DROPOUT = '''
class RecurrentDropout(Module):
    """rng.choice of the two numbers that a mask has; outside training the mask is one."""

    def __init__(self, cell, p, rng):
        if p < 0.0 or not p < 1.0:
            raise ValueError("p must be a probability below 1")
        self.cell, self.p, self.rng, self.hidden_size = cell, p, rng, cell.hidden_size

    def initial_state(self, batch):
        first = self.cell.initial_state(batch)
        if self.training:
            kind = (first[0] if type(first) is tuple else first).data.dtype
            numbers = np.array([0, 1 / (1 - self.p)], dtype=kind)
            self.m = self.rng.choice(numbers, size=(batch, self.hidden_size), p=[self.p, 1 - self.p])
        return first

    def __call__(self, x, state):
        m = self.m if self.training else 1.0
        return self.cell(x, (state[0] * m, *state[1:])) if type(state) is tuple else self.cell(x, state * m)
'''

WEIGHTS_NORM = '''
class BatchNorm(Module):
    """The mask as weights 0 and 1; the running statistics change in place."""

    def __init__(self, features, momentum=0.1, eps=1e-5):
        super().__init__()
        self.gain, self.bias = Parameter(np.full(features, 1.0)), Parameter(np.full(features, 0.0))
        self.running_mean, self.running_var = np.full(features, 0.0), np.full(features, 1.0)
        self.momentum, self.eps = momentum, eps

    def __call__(self, x, mask=None):
        w = np.ones(x.shape[:2]) if mask is None else mask.astype(float)
        w = w[:, :, None]
        if self.training:
            n = w.sum()
            mean = (w * x).sum(axis=(0, 1), keepdims=True) * (1 / n) if isinstance(x, Tensor) else Tensor((w * x).sum((0, 1), keepdims=True) / n)
            centred = (x - mean) * w
            var = (centred * centred).sum(axis=(0, 1), keepdims=True) * (1 / n)
            self.running_mean += self.momentum * (mean.data[0, 0] - self.running_mean)
            self.running_var += self.momentum * (var.data[0, 0] - self.running_var)
            scale = (var + self.eps) ** -0.5
        else:
            centred = Tensor(w) * (x - Tensor(self.running_mean))
            scale = (self.running_var + self.eps) ** -0.5
        return centred * scale * self.gain + self.bias * w
'''

ROWS_NORM = '''
class BatchNorm(Module):
    """The entries that count, as rows of one matrix (n, F)."""

    def __init__(self, features, momentum=0.1, eps=1e-5):
        self.alpha, self.eps = momentum, eps
        self.gain = Parameter(np.ones((features,)))
        self.bias = Parameter(np.zeros((features,)))
        self.running_mean = np.zeros((features,))
        self.running_var = np.ones((features,))

    def _move(self, old, new):
        return old + self.alpha * (new - old)

    def __call__(self, x, mask=None):
        x = x if isinstance(x, Tensor) else Tensor(x)
        if mask is None:
            mask = np.ones(x.shape[:2], bool)
        mean, var = self.running_mean, self.running_var
        if self.training:
            rows = x[mask]
            mean, var = rows.mean(axis=0), rows.var(axis=0)
            self.running_mean = self._move(self.running_mean, mean.numpy())
            self.running_var = self._move(self.running_var, var.numpy())
        y = self.gain * (x - mean) * (1 / sqrt(Tensor(var) + self.eps) if not isinstance(var, Tensor) else 1 / sqrt(var + self.eps))
        return where(mask[:, :, None], y + self.bias, np.zeros(x.shape))
'''

FLAT_NORM = '''
class BatchNorm(Module):
    """Flat rows, a projection that averages, and the padding multiplied away."""

    def __init__(self, features, momentum=0.1, eps=1e-5):
        self.features, self.momentum, self.eps = features, momentum, eps
        self.gain, self.bias = Parameter(np.ones(features)), Parameter(np.zeros(features))
        self.running_mean, self.running_var = np.zeros(features), np.ones(features)

    def _statistics(self, flat, share):
        mean = Tensor(share) @ flat
        return mean, Tensor(share) @ ((flat - mean) * (flat - mean))

    def __call__(self, x, mask=None):
        shape = x.shape
        here = np.ones(shape[0] * shape[1]) if mask is None else np.asarray(mask, float).reshape(-1)
        flat = (x if isinstance(x, Tensor) else Tensor(x)).reshape((-1, self.features)) * here[:, None]
        if self.training:
            mean, var = self._statistics(flat, here / here.sum())
            m = self.momentum
            self.running_mean, self.running_var = (
                self.running_mean * (1 - m) + mean.data * m,
                self.running_var * (1 - m) + var.data * m,
            )
        else:
            mean, var = Tensor(self.running_mean), Tensor(self.running_var)
        normal = (flat - mean) / sqrt(var + self.eps)
        return ((normal * self.gain + self.bias) * here[:, None]).reshape(shape)
'''

VARIANTS = [
    Variant("step-by-step", {"tbptt": LOOP_TBPTT}),
    Variant("recursive", {"tbptt": RECURSIVE_TBPTT}),
    Variant("cut-before", {"tbptt": WHILE_TBPTT}),
    Variant("lazy-mask", {"recurrent-dropout": LAZY_DROPOUT}),
    Variant("where-mask", {"recurrent-dropout": WHERE_DROPOUT}),
    Variant("choice-mask", {"recurrent-dropout": CHOICE_DROPOUT}),
    Variant("weights-norm", {"batch-norm": WEIGHTS_NORM}),
    Variant("rows-norm", {"batch-norm": ROWS_NORM}),
    Variant("flat-norm", {"batch-norm": FLAT_NORM}),
    Variant("loop-where-weights", {"tbptt": LOOP_TBPTT, "recurrent-dropout": WHERE_DROPOUT, "batch-norm": WEIGHTS_NORM}),
    Variant("recursive-lazy-rows", {"tbptt": RECURSIVE_TBPTT, "recurrent-dropout": LAZY_DROPOUT, "batch-norm": ROWS_NORM}),
]
