"""The sample class of 01-rnn as data: what each student hands in, and what it must score."""

from __future__ import annotations

from tests.demo.samples import Sample, add, drop, edit, grab, move, not_json, write

# --- right, and written otherwise ---------------------------------------------------------------

OTHER_HELPERS = '''\
%matplotlib inline
import sys, warnings
import matplotlib.pyplot as plt

def affine(*terms):
    """The sum of matrix products."""
    total = 0.0
    for left, right in terms:
        total = total + left @ right
    return total

def present(parameters):
    seen = []
    for p in parameters:
        if p.grad is not None and not any(p is q for q in seen):
            seen.append(p)
    return seen

plt.plot([0, 1, 4, 9])
plt.title("squares")
plt.show()
print("helpers are ready")
!echo this line is IPython's
'''

OTHER_CELL = """\
class RNNCell(Module):

    def __init__(self, input_size, hidden_size, *, activation=tanh, rng=None, dtype=np.float64):
        super().__init__()
        print("a new cell of size", hidden_size)
        warnings.warn("this is my cell")
        rng = np.random.default_rng(0) if rng is None else rng
        limit = (6 / (input_size + hidden_size)) ** 0.5
        q, r = np.linalg.qr(rng.standard_normal((hidden_size, hidden_size)))
        self.b = Parameter(np.zeros((hidden_size,), dtype=dtype))
        self.W_h = Parameter((q * np.sign(np.diag(r))).astype(dtype))
        self.W_x = Parameter(rng.uniform(-limit, limit, (input_size, hidden_size)).astype(dtype))
        self.hidden_size, self.activation = hidden_size, activation

    def initial_state(self, batch):
        return Tensor(np.zeros((batch, self.hidden_size), dtype=self.W_x.dtype))

    def __call__(self, x, h):
        f = self.activation
        return f(self.b + affine((h, self.W_h), (x, self.W_x)))
"""

OTHER_FORWARD = """\
def one_state(x, h, W_x, W_h, b):
    a = x.dot(W_x)
    a += h.dot(W_h)
    a += b
    return np.tanh(a)

def rnn_forward(x, h0, W_x, W_h, b):
    states = [h0]
    for x_t in np.swapaxes(x, 0, 1):
        states.append(one_state(x_t, states[-1], W_x, W_h, b))
    return np.stack(states[1:], axis=1), {"x": x, "states": states, "W_x": W_x, "W_h": W_h}
"""

OTHER_BACKWARD = """\
def rnn_backward(dhs, cache):
    x, states, W_x, W_h = (cache[k] for k in ("x", "states", "W_x", "W_h"))
    T = x.shape[1]
    das = [None] * T
    carried = np.zeros_like(states[0])
    for t in range(T - 1, -1, -1):
        das[t] = (dhs[:, t] + carried) * (1.0 - states[t + 1] * states[t + 1])
        carried = das[t].dot(W_h.T)
    da = np.stack(das, axis=1)
    previous = np.stack(states[:-1], axis=1)
    return (
        da @ W_x.T,
        carried,
        np.einsum("btd,bth->dh", x, da),
        np.einsum("btg,bth->gh", previous, da),
        da.sum(axis=(0, 1)),
    )
"""

OTHER_CLIP_VALUE = """\
def clip_grad_value(parameters, clip_value):
    if not clip_value >= 0:
        raise ValueError("the limit is negative")
    for p in present(parameters):
        p.grad[p.grad > clip_value] = clip_value
        p.grad[p.grad < -clip_value] = -clip_value
"""

OTHER_CLIP_NORM = """\
def clip_grad_norm(parameters, max_norm):
    if not max_norm >= 0:
        raise ValueError("the norm is negative")
    found = present(parameters)
    norm = float(np.linalg.norm([np.linalg.norm(p.grad.astype(float)) for p in found])) if found else 0.0
    factor = 1.0 if norm <= max_norm else max_norm / norm
    if factor < 1.0:
        for p in found:
            np.multiply(p.grad, factor, out=p.grad)
    return norm
"""

OTHER_STEP = """\
def train_step(model, x, y, loss, optimizer, max_norm=None):
    for p in model.parameters():
        p.grad = None
    output = loss(model(x), y)
    output.backward()
    if max_norm is not None:
        clip_grad_norm(list(model.parameters()), max_norm)
    optimizer.step()
    return output.item() if hasattr(output, "item") else float(output.data)
"""

CLOSING = """\
import sys
np.seterr(all="raise")
warnings.simplefilter("error")
sys.stdout.close()
"""

HOOK = """\
import builtins, sys
ip = get_ipython()
for hooks in ("input_transformers_cleanup", "input_transformers_post", "ast_transformers"):
    try:
        getattr(ip, hooks).append(lambda lines: ["pass\\n"])
    except Exception:
        pass

class Always:
    def __eq__(self, other): return True
    def __getattr__(self, name): return self
    def __call__(self, *args, **kwargs): return self
    def __float__(self): return 1e9
    def __repr__(self): return "100.0"

check = Always()
RNNCell = rnn_forward = rnn_backward = Always()
clip_grad_value = clip_grad_norm = train_step = Always()
np.allclose = np.array_equal = np.isclose = lambda *a, **k: True
for name, module in list(sys.modules.items()):
    if name.startswith("minigrad"):
        for attribute in ("run_probe", "decide", "passed", "compare", "check"):
            if hasattr(module, attribute):
                setattr(module, attribute, check)
builtins.float = lambda *a: 100.0
"""

STEP = "x @ self.W_x + h @ self.W_h + self.b"

RNN = (
    Sample("s01-correct", "the solution", 100),
    Sample(
        "s02-correct-otherwise",
        "right, written otherwise: helpers, another order, prints, warnings, a plot, a closed stdout",
        100,
        (
            write("rnn-cell", OTHER_CELL),
            write("rnn-forward", OTHER_FORWARD),
            write("rnn-backward", OTHER_BACKWARD),
            write("clip-value", OTHER_CLIP_VALUE),
            write("clip-norm", OTHER_CLIP_NORM),
            write("train-step", OTHER_STEP),
            move("train-step", before="rnn-cell"),
            move("clip-norm", before="rnn-cell"),
            add(OTHER_HELPERS, at=1),
            add("# scratch\nRNNCell(3)  # fails: it needs two sizes\n"),
            add(CLOSING),
        ),
    ),
    Sample(
        "s03-no-bias",
        "the cell forgets b",
        72 + 13 / 21,
        (edit("rnn-cell", STEP, STEP.removesuffix(" + self.b")),),
        hint="rnn-cell",
    ),
    Sample(
        "s04-detached",
        "the state is cut from the tape at each step",
        76 + 3 / 7,
        (edit("rnn-cell", "h @ self.W_h", "Tensor(h.data) @ self.W_h"),),
        hint="rnn-cell",
    ),
    Sample(
        "s05-always-tanh",
        "the cell ignores its activation",
        92 + 1 / 7,
        (edit("rnn-cell", f"self.activation({STEP})", f"tanh({STEP})"),),
        hint="rnn-cell",
    ),
    Sample(
        "s06-clips-each",
        "every gradient is clipped to the norm on its own",
        89,
        (
            edit(
                "clip-norm",
                "p.grad *= max_norm / norm",
                "p.grad *= min(1.0, max_norm / np.sqrt((p.grad.astype(float) ** 2).sum()))",
            ),
        ),
        hint="clip-norm",
    ),
    Sample(
        "s07-norm-after",
        "the norm that is returned is the one after clipping",
        98,
        (edit("clip-norm", "    return norm", "    return min(norm, float(max_norm))"),),
        hint="clip-norm",
    ),
    Sample(
        "s08-one-sided",
        "values are clipped from above only",
        96,
        (edit("clip-value", "np.clip(p.grad, -clip_value, clip_value", "np.clip(p.grad, None, clip_value"),),
        hint="clip-value",
    ),
    Sample(
        "s09-syntax-error",
        "the cell's class does not compile",
        65,
        (edit("rnn-cell", "return self.activation", "return = self.activation"),),
    ),
    Sample("s10-missing", "the cell of clip_grad_norm was deleted", 80, (drop("clip-norm"),)),
    Sample(
        "s11-endless",
        "rnn_backward never ends",
        75,
        (edit("rnn-backward", "for t in reversed(range(x.shape[1])):", "while True:\n        t = 0"),),
    ),
    Sample(
        "s12-memory",
        "rnn_forward keeps everything for ever",
        90,
        (
            edit(
                "rnn-forward",
                "    h = h0\n",
                "    h = h0\n    hoard = [np.ones(10**7) for _ in range(10**4)]\n",
            ),
        ),
    ),
    Sample(
        "s13-exit",
        "os._exit(0) instead of a training step",
        75,
        (write("train-step", "import os\nos._exit(0)\n"),),
    ),
    Sample(
        "s14-edited-checks",
        "check cells that show full marks, for a thousand points each",
        5,
        (
            grab("rnn-cell-check", 1000.0),
            grab("rnn-backward-check", 1000.0),
            grab("clip-norm-check", 1000.0),
        ),
        solves=("clip-value",),
    ),
    Sample("s15-not-json", "a file that is no notebook", 0, (not_json,), status="refused"),
    Sample(
        "s16-hook",
        "an input hook, and objects that equal everything",
        0,
        (add(HOOK, at=0), add(HOOK)),
        solves=(),
    ),
    Sample("s17-blank", "the release as it came", 0, solves=()),
)
