# ---
# jupyter:
#   minigrad:
#     engine: false
# ---

# %% [markdown] id="title"
# # 0 · Autograd: a gradient is local vjps, run backwards and summed
#
# Three spirals that wind around each other, a hundred points each, and a small network that has to
# tell them apart. Run the next cell and watch it find out how.
#
# What moves the border is the gradient of one number, the loss, with respect to 1,251 parameters,
# found five hundred times. Nobody worked out a formula for it. Each operation of the network knows
# how to send a gradient back through *itself*; a list remembers which operations ran; walking
# that list backwards and adding up does the rest. The cell below borrows the course's library
# for it. At the end of this notebook the same picture is drawn by five functions that you
# wrote, in plain NumPy.
#
# | part | you write | points |
# |---|---|---:|
# | 1 · Nudge a number | `numeric_grad` | 10 |
# | 2 · One vjp | `sigmoid`, `tanh` | 10 |
# | 3 · The chain rule | `matmul` | 15 |
# | 5 · The tape | `backward` | 25 |
# | 6 · Broadcasting | `unbroadcast` | 15 |
# | 7 · Indices | `getitem` | 10 |
# | 8 · A loss | `cross_entropy` | 15 |
#
# Four to five hours. Every part can be read without having solved the one before; pictures that
# need your code say so until it is there.

# %% kind="lab" id="lab-trick"
# Nothing to read here yet: run it. The picture comes back in part 9, made by you.
import itertools

import matplotlib.pyplot as plt
import numpy as np


def spirals(rng, arms=3, each=100):
    """Points (arms * each, 2) and the arm of each."""
    labels = np.repeat(np.arange(arms), each)
    r = np.tile(np.linspace(0.1, 1, each), arms)
    angle = 4.5 * r + labels * 2 * np.pi / arms + 0.16 * rng.standard_normal(arms * each)
    return np.stack([r * np.cos(angle), r * np.sin(angle)], axis=1), labels


def start(rng, sizes=(2, 32, 32, 3)):
    """The first weights and biases of a network with these layer sizes."""
    weights = []
    for n, m in itertools.pairwise(sizes):
        weights += [rng.standard_normal((n, m)) * np.sqrt(2 / (n + m)), np.zeros(m)]
    return weights


def draw_border(ax, logits, x, labels, title):
    """Colour the plane by the class that `logits` (points to an (N, K) array) prefers; x on top."""
    line = np.linspace(-1.25, 1.25, 90)
    plane = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    scores = logits(plane)
    ax.clear()
    ax.imshow(scores.argmax(axis=1).reshape(90, 90), extent=(-1.25, 1.25) * 2, origin="lower",
              cmap="Pastel1", vmin=0, vmax=8)
    ax.scatter(*x.T, c=labels, cmap="Set1", vmin=0, vmax=8, s=7)
    right = (logits(x).argmax(axis=1) == labels).mean()
    ax.set(title=f"{title}\n{right:.0%} right", xticks=[], yticks=[])


def train(weights, loss, logits, x, labels, updates=500, lr=0.2, stills=(0, 50, 150, 500)):
    """Gradient descent with momentum; the border at some moments, and the losses on the way."""
    _, axes = plt.subplots(1, len(stills), figsize=(11, 3.1))
    speed, losses, axes = [0.0] * len(weights), [], list(axes)
    for update in range(updates + 1):
        if update in stills:
            draw_border(axes[stills.index(update)], logits, x, labels, f"after {update} updates")
        for w in weights:
            w.grad = None
        value = loss()
        value.backward()
        losses.append(float(value.data))
        for i, w in enumerate(weights):
            speed[i] = 0.9 * speed[i] - lr * w.grad
            w.data = w.data + speed[i]
    plt.show()
    return losses


def with_the_library():
    from minigrad import Tensor, no_grad
    from minigrad.functional import cross_entropy as library_loss

    rng = np.random.default_rng(0)
    x, labels = spirals(rng)
    weights = [Tensor(w, requires_grad=True) for w in start(rng)]

    def network(x):
        W1, b1, W2, b2, W3, b3 = weights
        return ((x @ W1 + b1).tanh() @ W2 + b2).tanh() @ W3 + b3

    def logits(points):
        with no_grad():
            return network(Tensor(points)).data

    return train(weights, lambda: library_loss(network(Tensor(x)), labels), logits, x, labels)


library_losses = with_the_library()

# %% kind="define" id="imports"
from itertools import count

import numpy as np

# %% kind="lab" id="harness"
from minigrad.grading.notebook.checks import checks

check = checks("00-autograd", globals())

# %% [markdown] id="how-it-works"
# **How checking works.** After each exercise a cell `check("…")` compares your code with known
# values and shows what differs. Those are the *public* checks. Grading runs them again on other
# numbers, together with *hidden* ones, which test the same sentences more strictly; the sentences
# stand in a list above each exercise. Nothing else is asked, and nothing that is not said. How you
# write a function is up to you; its name, arguments and results are not, because the checks call it.
#
# Run the cells above first, and again whenever the kernel was started anew: until then, a cell that
# needs them ends in a `NameError`, such as `name 'check' is not defined`.
#
# Graded is what you write in NumPy: where grading runs, there is no minigrad to import.
#
# ## Words
#
# | | |
# |---|---|
# | `x` (N, D) | an array and its shape; rows are samples |
# | `y` | what a function makes of its arguments |
# | `g` | the *cotangent* of `y`: $\partial L/\partial y$ for some number $L$ further on; always of the shape of `y` |
# | *vjp* | the function that turns the cotangent of a result into the cotangent of one argument |
# | *op* | a function on arrays that returns its result and its vjps |
# | *leaf* | a tensor that nobody computed: a weight, say |
# | *tape* | what ran, in order; a *node* is one entry of it |

# %% kind="lab" id="helpers"
import inspect
import time

# %% [markdown] id="nudge"
# ## 1 · Nudge a number
#
# What is a derivative? Nudge the input a little and see by how much the output moves, compared
# with the nudge:
#
# $$ f'(x) \approx \frac{f(x + \epsilon) - f(x)}{\epsilon} . $$
#
# Taylor says how wrong that is: $f(x+\epsilon) = f(x) + \epsilon f'(x) + \tfrac12 \epsilon^2 f''(x) +
# \ldots$, so the error is about $\tfrac12 \epsilon f''$. Nudge to *both* sides, and the terms
# with $\epsilon^2$ cancel:
#
# $$ f'(x) \approx \frac{f(x + \epsilon) - f(x - \epsilon)}{2 \epsilon},
#    \qquad \text{wrong by about } \tfrac16 \epsilon^2 f'''(x). $$
#
# If $x$ is an array, nudge one entry after the other. The slopes, arranged like $x$, are the
# **gradient** of $f$. It takes two calls of $f$ for *each* entry, which nobody can afford for a
# million weights. But it needs to know nothing about $f$, and so it will be our judge: whatever
# clever thing we do later has to agree with it.
#
# ### Exercise `numeric-grad` · 10 points
#
# `numeric_grad(f, x, eps=1e-6)`; `f` takes an array of the shape of `x` and returns a number.
#
# What the checks ask:
#
# - Each entry is a central difference: one entry of `x` is moved by `eps` up and by `eps` down, the others stay where they are, and the difference of the two values of `f` is divided by `2 * eps`.
# - The result is float64 and has the shape of `x`, whatever that is; the nudging is done in float64 too, even if `x` holds integers or float32.
# - Afterwards `x` is as it was, bit for bit.
#
# `np.ndindex(x.shape)` runs through the indices of an array of any shape, the shape `()` of a single number included.

# %% kind="solution" id="numeric-grad"
def numeric_grad(f, x, eps=1e-6):
    """The gradient of f at x by central differences: float64, of the shape of x."""
    ### BEGIN SOLUTION
    x = np.array(x, dtype=np.float64)
    slopes = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        kept = x[i]
        x[i] = kept + eps
        above = f(x)
        x[i] = kept - eps
        below = f(x)
        x[i] = kept
        slopes[i] = (above - below) / (2 * eps)
    return slopes
    ### END SOLUTION

# %% kind="check" id="numeric-grad-check" exercise="numeric-grad" points=10
check("numeric-grad")

# %% [markdown] id="v-text"
# **How small should the nudge be?** The formula says: as small as possible. Guess first what
# happens at $\epsilon = 10^{-12}$, then look.

# %% kind="lab" id="lab-v"
if check.passed("numeric-grad"):
    def f(x):
        return float(np.exp(np.sin(3 * x)).sum())

    x = np.array([0.7])
    exact = np.exp(np.sin(3 * x)) * 3 * np.cos(3 * x)
    nudges = 10.0 ** np.arange(-15, 0.1, 0.25)
    one_sided = [abs((f(x + e) - f(x)) / e - exact[0]) for e in nudges]
    both_sides = [abs(numeric_grad(f, x, eps=e)[0] - exact[0]) for e in nudges]
    figure, ax = plt.subplots(figsize=(6.5, 3.6))
    ax.loglog(nudges, one_sided, "o-", markersize=3, label="one side")
    ax.loglog(nudges, both_sides, "s-", markersize=3, label="both sides (yours)")
    ax.loglog(nudges, 2e-16 / nudges, ":", color="gray", label="rounding, $10^{-16}/\\epsilon$")
    ax.axvline(1e-6, color="gray", linewidth=0.7)
    ax.set(xlabel="nudge $\\epsilon$", ylabel="error of the slope", ylim=(1e-13, 30))
    ax.legend(fontsize=8)
    plt.show()
    print(f"smallest error: one side {min(one_sided):.0e}, both sides {min(both_sides):.0e}")
    for eps in (1e-6, 1e-12):
        print(f"both sides at eps = {eps:.0e}: {abs(numeric_grad(f, x, eps)[0] - exact[0]):.0e}")

# %% [markdown] id="v-lesson"
# A V. On its right arm the formula is to blame: the error shrinks with $\epsilon$, or with
# $\epsilon^2$ if you nudge to both sides, which is why that arm is steeper. On the left arm the
# computer is: a float64 has sixteen digits, $f(x+\epsilon)$ and $f(x-\epsilon)$ share most of
# them, and what is left after subtracting is divided by a tiny number. Between $10^{-7}$ and
# $10^{-5}$ both are small. That is where `eps=1e-6` comes from, and it is also why numbers
# from nudging agree with exact ones to nine digits and not to sixteen.

# %% [markdown] id="one-vjp"
# ## 2 · One vjp
#
# Now without nudging. Let $y = f(x)$ be one small step in a long calculation that ends in a number
# $L$. Suppose somebody already knows how $L$ reacts to $y$: $g = \partial L/\partial y$. Then how
# $L$ reacts to $x$ is a local matter, and $f$ can answer it alone. Entry by entry,
#
# $$ \frac{\partial L}{\partial x} = g \cdot f'(x) . $$
#
# The function $g \mapsto g \cdot f'(x)$ is the **vjp** of $f$ at $x$ (for *vector-Jacobian
# product*; you will see in the next part why). It is linear in $g$, and it remembers $x$, or
# whatever it needs. In Python that is a closure. So here is our form for every operation, for the
# whole course: a plain function on arrays that returns its result and a tuple of vjps, one for each
# argument.
#
# ```python
# def square(x):
#     y = x * x
#     return y, (lambda g: g * 2 * x,)
#
# def exp(x):
#     y = np.exp(x)
#     return y, (lambda g: g * y,)        # exp' = exp: the result is remembered, not the argument
#
# def mul(a, b):
#     return a * b, (lambda g: g * b, lambda g: g * a)
# ```
#
# ### Exercise `sigmoid-tanh` · 10 points
#
# $$ \sigma(x) = \frac{1}{1 + e^{-x}}, \quad \sigma' = \sigma\,(1 - \sigma);
#    \qquad \tanh' = 1 - \tanh^2 . $$
#
# Both derivatives are written with the *result*. `np.tanh` you may use. For $\sigma$ the formula as
# it stands will not do: at $x = -1000$ it asks for $e^{1000}$, which is larger than any float64.
# Find a form that never computes the exponential of a large number.
#
# What the checks ask, of each of the two:
#
# - `y` is the function of every entry of `x`, in the shape and the dtype of `x`.
# - `vjps` is a tuple of one function, which takes `g`, of the shape of `y`, to `g` times the derivative, in the dtype of `g`; it leaves `g` as it is, and gives the same when called again.
# - Entries of ±1000 give 0, 1 or −1 and the gradient 0, and nothing overflows on the way.

# %% kind="solution" id="sigmoid"
def sigmoid(x):
    """1 / (1 + exp(-x)) of every entry, and a tuple of one vjp."""
    ### BEGIN SOLUTION
    small = np.exp(-np.abs(x))
    y = np.where(x >= 0, 1, small) / (1 + small)
    return y, (lambda g: g * y * (1 - y),)
    ### END SOLUTION

# %% kind="solution" id="tanh"
def tanh(x):
    """tanh of every entry, and a tuple of one vjp."""
    ### BEGIN SOLUTION
    y = np.tanh(x)
    return y, (lambda g: g * (1 - y**2),)
    ### END SOLUTION

# %% kind="check" id="sigmoid-tanh-check" exercise="sigmoid-tanh" points=10
check("sigmoid-tanh")

# %% [markdown] id="chain"
# ## 3 · The chain rule
#
# Two steps, $y = f(x)$ and $z = h(y)$, and somebody who knows $g = \partial L/\partial z$. Ask $h$
# first, then hand what it says to $f$:
#
# $$ g \;\xrightarrow{\ \text{vjp of } h\ }\; \frac{\partial L}{\partial y}
#      \;\xrightarrow{\ \text{vjp of } f\ }\; \frac{\partial L}{\partial x} . $$
#
# That is the chain rule, and there is no more to it: *values go forwards, cotangents go
# backwards, and each step only talks to its neighbours.*

# %% kind="lab" id="lab-chain"
if check.passed("numeric-grad", "sigmoid-tanh"):
    x = np.array([-1.0, 0.3, 2.0])
    y, (back_tanh,) = tanh(x)
    z, (back_sigmoid,) = sigmoid(y)
    g = np.ones(3)  # L = sum of z
    print("vjps, one after the other:", back_tanh(back_sigmoid(g)))
    print("nudging                  :", numeric_grad(lambda x: sigmoid(tanh(x)[0])[0].sum(), x))

# %% [markdown] id="matmul-text"
# So far each entry of the result depended on one entry of the argument. In a matrix product
# everything mixes: $Y = AB$ with shapes (N, K) · (K, M) = (N, M). The derivative of all of $Y$ with
# respect to all of $A$, the *Jacobian*, has $N M \cdot N K$ entries. For a layer of ordinary size
# those are billions, and nearly all are zero. The point of a vjp is that nobody ever writes it down.
# Nudge one entry:
#
# $$ \frac{\partial L}{\partial A_{nk}} = \sum_m G_{nm}\, \frac{\partial Y_{nm}}{\partial A_{nk}}
#    = \sum_m G_{nm} B_{km} . $$
#
# Read the sum as a matrix product. (Which index is summed, and on which side does it stand? If
# in doubt, say the shapes aloud: $G$ is (N, M), the answer must be (N, K), and $B$ is (K, M). There is
# only one way to fit them.) Then do the same for $B$.
#
# ### Exercise `matmul` · 15 points
#
# `matmul(a, b)` returns `y, vjps`. Besides matrices it takes stacks of them, as `@` does: `a` of
# shape (..., N, K) and `b` of shape (..., K, M). `np.swapaxes(x, -1, -2)` transposes each matrix of
# a stack; `x.T` reverses *all* axes.
#
# What the checks ask:
#
# - `y` is `a @ b`, and `a`, `b` and `g` stay as they are.
# - `vjps` holds two functions, for `a` and for `b` in this order; each takes `g`, of the shape of `y`, to the gradient of its argument, of that argument's shape.
# - More than two axes are a stack of matrices: only the last two are matrix axes. Where one matrix serves a whole stack, its vjp may leave the sum over the stack to part 6, or do it itself.

# %% kind="solution" id="matmul"
def matmul(a, b):
    """a (..., N, K) @ b (..., K, M), and a tuple of two vjps."""
    ### BEGIN SOLUTION
    y = a @ b

    def vjp_a(g):
        return g @ np.swapaxes(b, -1, -2)

    def vjp_b(g):
        return np.swapaxes(a, -1, -2) @ g

    return y, (vjp_a, vjp_b)
    ### END SOLUTION

# %% kind="check" id="matmul-check" exercise="matmul" points=15
check("matmul")

# %% [markdown] id="twice"
# ## 4 · A value used twice
#
# One question is left before we can do this to any program. What if a value goes two ways?
#
# ```text
#            ┌──→ a = 2 x ──┐
#       x ───┤              ├──→ L = a · b
#            └──→ b = x + 1 ┘
# ```
#
# Nudge $x$: it moves $a$, and it moves $b$, and $L$ feels both. So the answers **add up**:
#
# $$ \frac{\partial L}{\partial x} = \underbrace{b \cdot 2}_{\text{through } a}
#    + \underbrace{a \cdot 1}_{\text{through } b} = 2(x+1) + 2x . $$
#
# In $x \cdot x$ the value goes two ways as well, only they end in the same operation. And the rule
# has a second half, about *when*. Suppose that $x$ is itself the result of a long calculation. If it
# passes back at once what it got through $a$, and later what it got through $b$, the gradients will be
# right, but the whole calculation before it is walked through twice. If it first waits for *all* its
# uses, adds, and passes on the sum, once is enough. Keep that in mind for a minute.

# %% [markdown] id="tape-text"
# ## 5 · The tape
#
# To go backwards we need to know what ran. So wrap the arrays: a `Tensor` holds `.data` and, if a
# gradient is wanted, a `.node`; `op(f)` lifts a function like yours to tensors and writes a new node
# for the result, with the vjps and the nodes of the arguments. Read the next cell line by line. It is given,
# and it is all there is (the names are those of minigrad, where you will meet them again).
#
# One thing is easily overlooked, and everything hangs on it: each node gets a **serial number** when it is
# made, and the arguments of an operation exist before its result. So *a node is always younger than
# its parents*.

# %% kind="define" id="tape"
_serials = count(1)


class Node:
    """What the tape remembers of one tensor."""

    def __init__(self, vjps=(), parents=(), name="leaf"):
        self.vjps = vjps  # for each parent: cotangent of this tensor -> cotangent of the parent
        self.parents = parents  # nodes of the arguments that need a gradient; a leaf has none
        self.name = name  # of the op, for printing
        self.serial = next(_serials)  # grows: a node is younger than its parents
        self.grad = None  # of a leaf: the gradient so far


class Tensor:
    """An array, and a node if somebody wants its gradient."""

    __array_ufunc__ = None  # so that array + tensor comes to __radd__ below

    def __init__(self, data, requires_grad=False):
        self.data = np.asarray(data)
        self.node = Node() if requires_grad else None

    @property
    def grad(self):
        return None if self.node is None else self.node.grad

    @grad.setter
    def grad(self, value):
        self.node.grad = value

    @property
    def shape(self):
        return self.data.shape

    def backward(self, g=None):
        backward(self, g)

    def __repr__(self):
        return f"Tensor({self.data}, {'constant' if self.node is None else self.node.name})"

    def __add__(self, other):
        return op(add)(self, other)

    def __sub__(self, other):
        return op(sub)(self, other)

    def __mul__(self, other):
        return op(mul)(self, other)

    def __matmul__(self, other):
        return op(matmul)(self, other)

    def __rmatmul__(self, other):
        return op(matmul)(other, self)

    def __getitem__(self, index):
        return op(getitem)(self, index)

    def sum(self):
        return op(total)(self)

    __radd__, __rmul__ = __add__, __mul__


def op(f):
    """Lift f, which takes arrays and returns (result, vjps), to tensors."""

    def lifted(*args):
        result, vjps = f(*[a.data if isinstance(a, Tensor) else a for a in args])
        tensor = Tensor(result)
        edges = [
            (a.node, fitted(vjp, a.shape))
            for a, vjp in zip(args, vjps, strict=False)  # an index, for one, has no vjp
            if isinstance(a, Tensor) and a.node is not None
        ]
        if edges:
            parents, vjps = zip(*edges, strict=True)
            tensor.node = Node(vjps, parents, f.__name__)
        return tensor

    return lifted


def fitted(vjp, shape):
    """The same vjp; where the argument was broadcast, what it gives is summed down (part 6)."""

    def to_shape(g):
        sent = vjp(g)
        return sent if np.shape(sent) == shape else unbroadcast(sent, shape)

    return to_shape


def add(a, b):
    return a + b, (lambda g: g, lambda g: g)


def sub(a, b):
    return a - b, (lambda g: g, lambda g: -g)


def mul(a, b):
    return a * b, (lambda g: g * b, lambda g: g * a)


def total(x):
    return np.sum(x), (lambda g: g * np.ones_like(x),)

# %% kind="lab" id="lab-tape"
def print_tape(root):
    """Every node behind a tensor, oldest first."""
    found, todo = {root.node}, [root.node]
    while todo:
        new = [p for p in todo.pop().parents if p not in found]
        found.update(new)
        todo += new
    first = min(node.serial for node in found) - 1
    for node in sorted(found, key=lambda node: node.serial):
        came_from = ", ".join(str(p.serial - first) for p in node.parents)
        print(f"{node.serial - first:6}  {node.name:6} {'of ' + came_from if came_from else ''}")


x = Tensor(np.array(3.0), requires_grad=True)
L = (x * 2.0) * (x + 1.0)
print(L, "\n\nserial  op")
print_tape(L)

# %% [markdown] id="backward-text"
# Now the heart of it. Look at the printed list: what a node is made *of* has smaller numbers. Go through
# the nodes behind `root` **from the largest serial to the smallest**, and when you come to a node,
# everything that used it has already been there. What it holds by then is the whole sum. Ask its vjps,
# hand each answer to the parent, go on.
#
# ### Exercise `backward` · 25 points
#
# `backward(root, g=None)` returns nothing. It adds to `node.grad` of every leaf behind `root` the
# gradient of `root`, weighted with the cotangent `g`. First find all nodes behind `root` (no recursion, please:
# a list of nodes still to look at will do). Then visit them in the order just described. Where you keep
# the cotangents of the nodes in between, in a dictionary or on the nodes, is your choice; but see the fourth sentence.
#
# What the checks ask:
#
# - Each leaf behind `root` gets the gradient that the chain rule says, zeros where it says zero, in the shape and dtype that the vjps give it.
# - A tensor that is used more than once, by several operations or twice by one, gets the sum of what they send back, whatever the graph looks like.
# - Each vjp is called exactly once, so that twenty times `x = x + x` takes twenty steps and sixty such diamonds no time at all.
# - The gradients of leaves add up over several calls, on the same graph or on others that share a part of it; what lies in between starts from nothing in each call.
# - A chain of 10,000 operations is no problem: nothing calls itself.
# - Without `g` it starts from one, in the dtype of `root`; this is refused with ValueError if `root` has more than one entry.
# - No array that is handed to you is written into, neither `g` nor what a vjp returns (which may be `g` itself); the gradient of each leaf is an array of its own.

# %% kind="solution" id="backward"
def backward(root, g=None):
    """Add the gradient of root, weighted with the cotangent g, to node.grad of every leaf behind it."""
    ### BEGIN SOLUTION
    if g is None:
        if root.data.size != 1:
            raise ValueError(f"a root of shape {root.shape} needs a cotangent g")
        g = np.ones_like(root.data)
    found, todo = {root.node}, [root.node]
    while todo:
        for parent in todo.pop().parents:
            if parent not in found:
                found.add(parent)
                todo.append(parent)
    gradients = {root.node: g}
    for node in sorted(found, key=lambda node: node.serial, reverse=True):
        g = gradients.pop(node)
        if not node.parents:
            node.grad = np.array(g) if node.grad is None else node.grad + g
        for parent, vjp in zip(node.parents, node.vjps, strict=True):
            sent = vjp(g)
            gradients[parent] = gradients[parent] + sent if parent in gradients else sent
    ### END SOLUTION

# %% kind="check" id="backward-check" exercise="backward" points=25
check("backward")

# %% [markdown] id="naive-text"
# **Why the order matters.** The next cell doubles a number again and again, `x = x + x`, and goes back in two
# ways: with your tape, and with the five lines that most people write first, where a node passes
# on whatever it gets as soon as it gets it.
#
# ```python
# def naive(node, g):
#     if not node.parents:
#         node.grad = g if node.grad is None else node.grad + g
#     for parent, vjp in zip(node.parents, node.vjps):
#         naive(parent, vjp(g))
# ```
#
# The gradients are the same, and right. Count how often the first node is reached.

# %% kind="lab" id="lab-naive"
arrivals = 0


def naive(node, g):
    global arrivals
    if not node.parents:
        arrivals += 1
        node.grad = g if node.grad is None else node.grad + g
    for parent, vjp in zip(node.parents, node.vjps, strict=True):
        naive(parent, vjp(g))


def doubled(times):
    """A leaf, doubled so many times, and a list that grows by one when a node passes its gradient on."""
    visits = []

    def double(a, b):
        return a + b, (lambda g: visits.append(1) or g, lambda g: g)

    first = x = Tensor(np.array(1.0), requires_grad=True)
    for _ in range(times):
        x = op(double)(x, x)
    return first, x, visits


depths, reached = np.arange(1, 17), []
for depth in depths:
    arrivals = 0
    _, root, _ = doubled(depth)
    began = time.perf_counter()
    naive(root.node, np.array(1.0))
    spent = time.perf_counter() - began
    reached.append(arrivals)
print(f"naive: {depths[-1]} doublings, x is reached {reached[-1]:,} times in {spent:.2f} s; "
      f"20 would be {2**20:,}, 60 would take {spent * 2.0**44 / 3.15e7:,.0f} years")
figure, ax = plt.subplots(figsize=(6.5, 3.4))
ax.semilogy(depths, reached, "o", label="naive: times that x is reached (counted)")
ax.semilogy(np.arange(1, 21), 2.0 ** np.arange(1, 21), ":", color="gray", label="$2^n$")
if check.passed("backward"):
    steps = []
    for depth in range(1, 21):
        _, root, visits = doubled(depth)
        backward(root)
        steps.append(len(visits))
    ax.semilogy(range(1, 21), steps, "s", label="your tape: nodes that pass a gradient on (counted)")
    print(f"tape : {depth} doublings, {steps[-1]} nodes pass a gradient on")
ax.set(xlabel="doublings, x = x + x", ylabel="count", xticks=range(0, 21, 4))
ax.legend(fontsize=8)
plt.show()

# %% [markdown] id="broadcasting"
# ## 6 · Broadcasting
#
# `x @ W + b` adds a row `b` (H,) to each of N rows. NumPy pretends that `b` were (N, H): it
# *broadcasts* it. Nothing is copied, but think of it as a copy for each row, and you know the gradient: a
# value that is used N times gets the sum of N answers.
#
# $$ \bar b_h = \sum_n g_{nh} . $$
#
# NumPy broadcasts in two ways, and only these:
#
# | `b` | what happens to it | to undo |
# |---|---|---|
# | (H,) → (N, H) | an axis is put in front | sum over it, and it is gone |
# | (N, 1) → (N, H) | an axis of length 1 is stretched | sum over it, but it stays, with length 1 |
#
# Both can happen at once, on any number of axes: (3, 1) → (5, 2, 3, 4). We could tell `add`, `mul` and
# all the others about this. But it is the same every time: the answer of a vjp is larger than the argument, and has to be
# summed down to its shape. So it is written once. Look into the tape's `fitted`: that is where it is called.
#
# ### Exercise `unbroadcast` · 15 points
#
# `unbroadcast(g, shape)`: what an array of this `shape` gets, if `g` arrived at its broadcast copy.
#
# What the checks ask:
#
# - Axes that broadcasting put in front are summed away, however many; with shape `()` all of them are.
# - Axes of length 1 that were stretched are summed and stay as axes of length 1, wherever they stand.
# - Both can happen at once; the result always has exactly the given shape.
# - If nothing was broadcast, the values stay; the dtype stays in any case, and `g` is not written into.

# %% kind="solution" id="unbroadcast"
def unbroadcast(g, shape):
    """Sum g over the axes along which an array of this shape was broadcast."""
    ### BEGIN SOLUTION
    in_front = g.ndim - len(shape)
    g = g.sum(axis=tuple(range(in_front)))
    stretched = tuple(i for i, n in enumerate(shape) if n == 1)
    return g.sum(axis=stretched, keepdims=True)
    ### END SOLUTION

# %% kind="check" id="unbroadcast-check" exercise="unbroadcast" points=15
check("unbroadcast")

# %% [markdown] id="layer-text"
# Now a whole layer goes through the tape, bias and all. Is it right? Ask the judge of part 1: nudge
# every single weight.

# %% kind="lab" id="lab-layer"
if check.passed("numeric-grad", "sigmoid-tanh", "matmul", "backward", "unbroadcast"):
    rng = np.random.default_rng(1)
    x, W, b = rng.standard_normal((5, 3)), rng.standard_normal((3, 4)), rng.standard_normal(4)

    def layer(W, b):
        return (op(tanh)(x @ W + b) * np.arange(4.0)).sum()

    W_leaf, b_leaf = Tensor(W, requires_grad=True), Tensor(b, requires_grad=True)
    layer(W_leaf, b_leaf).backward()
    by_nudging = {
        "W": numeric_grad(lambda W: layer(Tensor(W), b).data, W),
        "b": numeric_grad(lambda b: layer(Tensor(W), b).data, b),
    }
    for name, leaf in (("W", W_leaf), ("b", b_leaf)):
        apart = np.abs(leaf.grad - by_nudging[name]).max()
        print(f"{name} {leaf.shape!s:7} largest difference from nudging: {apart:.0e}")

# %% [markdown] id="indices"
# ## 7 · Indices
#
# `x[index]` only copies numbers, so the gradient only has to be carried back to where they came from:
# what was not read gets zero. One trap, and it is the sentence of part 4 once more. With an array of
# indices the same place can be read *several times*:
#
# ```python
# words = table[[2, 0, 2]]         # row 2 is used twice
# ```
#
# and then its answers add up. That is how word vectors are learned: a table with a row for
# each word, and a text is a long list of indices. NumPy has a trap of its own here. `full[[2, 0, 2]] += g`
# reads the three rows first, adds, and then writes all three, so that of the two answers for row 2 only
# the last survives. `np.add.at` adds one after the other; its help says how it is called.
#
# ### Exercise `getitem` · 10 points
#
# `getitem(x, index)` returns `y, vjps` with one vjp: an index has no gradient.
#
# What the checks ask:
#
# - `y` is `x[index]`, for any index that NumPy takes: a number, a slice, `...`, an array of integers, a mask, a tuple of these.
# - The vjp gives an array of the shape and dtype of `x`: `g` at the places that were read, zero at the others.
# - A place that was read several times gets the sum.
# - Each call of the vjp starts afresh and returns an array of its own; `x` and `g` stay as they are.

# %% kind="solution" id="getitem"
def getitem(x, index):
    """x[index], and a tuple of one vjp."""
    ### BEGIN SOLUTION
    def vjp(g):
        full = np.zeros_like(x)
        np.add.at(full, index, g)
        return full

    return x[index], (vjp,)
    ### END SOLUTION

# %% kind="check" id="getitem-check" exercise="getitem" points=10
check("getitem")

# %% [markdown] id="clock-text"
# Twelve hours of a clock, each a row of a table (12, 2) of random numbers. All that we tell is how
# far apart some hours are, a few hundred pairs, so that each row is read again and again. The table
# finds out by itself that there is a circle.

# %% kind="lab" id="lab-clock"
if check.passed("matmul", "backward", "getitem"):
    rng = np.random.default_rng(3)
    one, other = rng.integers(0, 12, (2, 300))
    apart = 4 * np.sin(np.pi * (one - other) / 12)[:, None] ** 2  # the chord between two hours, squared
    table = Tensor(0.3 * rng.standard_normal((12, 2)), requires_grad=True)
    figure, axes = plt.subplots(1, 4, figsize=(11, 2.9))
    for update in range(301):
        if update in (0, 20, 60, 300):
            ax = axes[(0, 20, 60, 300).index(update)]
            ax.plot(*np.vstack([table.data, table.data[:1]]).T, color="lightgray", zorder=0)
            ax.scatter(*table.data.T, s=150, c=np.arange(12), cmap="twilight")
            for hour, place in enumerate(table.data):
                ax.annotate(str(hour), place, ha="center", va="center", fontsize=8,
                            color="black" if hour in (0, 1, 10, 11) else "white")
            ax.set(title=f"after {update} updates", xticks=[], yticks=[], aspect="equal",
                   xlim=(-1.4, 1.4), ylim=(-1.4, 1.4))
        table.grad = None
        between = table[one] - table[other]
        miss = (between * between) @ np.ones((2, 1)) - apart
        (miss * miss).sum().backward()
        table.data = table.data - 0.0004 * table.grad
    plt.show()

# %% [markdown] id="loss-text"
# ## 8 · A loss
#
# A classifier gives a score for each class, its **logits**: for N samples and K classes an array
# (N, K). The softmax makes probabilities of a row, $p_k = e^{z_k} / \sum_j e^{z_j}$, and the loss is
# the surprise at the right class, on average over the rows:
#
# $$ L = \frac1N \sum_n -\log p_{n,\,\mathrm{label}_n} . $$
#
# This could be put together from ops that we have. Written as one op it is better in two ways.
# It can be kept *stable*: $e^{1000}$ is no float, and $\log 0$ neither. But softmax does not change if the same
# number is subtracted from a whole row (try it on the formula), so subtract the row's largest logit, and stay with logarithms to the end:
#
# $$ \log p_k = z_k - m - \log \textstyle\sum_j e^{z_j - m}, \qquad m = \max_j z_j . $$
#
# And its gradient is simple, though the way there is not: derive $-\log p_{\mathrm{label}}$ with
# respect to each logit, and all that remains is
#
# $$ \frac{\partial L}{\partial z_{nk}} = \frac1N \bigl(p_{nk} - [k = \mathrm{label}_n]\bigr) :
#    \quad \text{what you said, less what was right.} $$
#
# ### Exercise `cross-entropy` · 15 points
#
# `cross_entropy(logits, labels)` returns `loss, vjps` with one vjp, for `logits`; `labels` (N,) are
# integers from 0 to K − 1.
#
# What the checks ask:
#
# - The loss is a single number in the dtype of `logits`: −log of the softmax of a row at its label, averaged over the rows.
# - The vjp takes `g`, a single number, to an array of the shape and dtype of `logits`: `g` times (softmax less one at the label), over the number of rows.
# - Logits of ±1000 are no problem, in the same row or in different ones: nothing overflows, and the loss of a very wrong answer is right too.
# - Neither `logits` nor `labels` are changed, and the vjp gives the same when it is called again.

# %% kind="solution" id="cross-entropy"
def cross_entropy(logits, labels):
    """Mean of -log softmax(logits)[label] over the rows of logits (N, K), and a tuple of one vjp."""
    ### BEGIN SOLUTION
    n = len(labels)
    rows = np.arange(n)
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -log_p[rows, labels].mean()

    def vjp(g):
        d = np.exp(log_p)
        d[rows, labels] -= 1
        return g * d / n

    return loss, (vjp,)
    ### END SOLUTION

# %% kind="check" id="cross-entropy-check" exercise="cross-entropy" points=15
check("cross-entropy")

# %% [markdown] id="spiral-text"
# ## 9 · Train
#
# Everything is there. A network of two hidden layers, your `tanh`, your products, your sums over
# rows, your loss, your tape. The same points and the same first weights as at the very top, where the library
# did it. Gradient descent needs nothing but the gradients: every weight takes a step against its
# own, with some momentum.

# %% kind="lab" id="lab-spiral"
ALL = ("sigmoid-tanh", "matmul", "backward", "unbroadcast", "cross-entropy")


def with_your_tape():
    rng = np.random.default_rng(0)
    x, labels = spirals(rng)
    weights = [Tensor(w, requires_grad=True) for w in start(rng)]

    def network(x, W1, b1, W2, b2, W3, b3):
        h = op(tanh)(x @ W1 + b1)
        h = op(tanh)(h @ W2 + b2)
        return h @ W3 + b3

    def logits(points):
        return network(points, *[Tensor(w.data) for w in weights]).data

    return train(weights, lambda: op(cross_entropy)(network(x, *weights), labels), logits, x, labels)


if check.passed(*ALL):
    began = time.perf_counter()
    losses = with_your_tape()
    print(f"{len(losses) - 1} updates in {time.perf_counter() - began:.1f} s; loss {losses[0]:.2f}, then {losses[-1]:.3f}")
    print(f"largest difference from the library's losses: {np.abs(np.subtract(losses, library_losses)).max():.0e}")

# %% [markdown] id="moving-text"
# Now watch the border move. The cell after it is yours: remove the `#` and see what happens with fewer
# neurons, a larger learning rate, another seed.

# %% kind="lab" id="lab-moving"
from IPython.display import display


def watch(hidden=32, lr=0.2, updates=400, seed=1):
    rng = np.random.default_rng(seed)
    x, labels = spirals(rng)
    weights = [Tensor(w, requires_grad=True) for w in start(rng, (2, hidden, hidden, 3))]

    def network(x, weights):
        for i in range(0, 6, 2):
            x = x @ weights[i] + weights[i + 1]
            x = op(tanh)(x) if i < 4 else x
        return x

    figure, (plane, curve) = plt.subplots(1, 2, figsize=(8, 3.6))
    screen, speed, losses = display(figure, display_id=True), [0.0] * 6, []
    for update in range(updates + 1):
        loss = op(cross_entropy)(network(x, weights), labels)
        for w in weights:
            w.grad = None
        loss.backward()
        losses.append(float(loss.data))
        if update % 25 == 0:
            constants = [Tensor(w.data) for w in weights]
            draw_border(plane, lambda points: network(points, constants).data, x, labels, f"after {update} updates")
            curve.clear()
            curve.semilogy(losses)
            curve.set(title="loss", xlabel="update", xlim=(0, updates), ylim=(1e-3, 3))
            screen.update(figure)
        for i, w in enumerate(weights):
            speed[i] = 0.9 * speed[i] - lr * w.grad
            w.data = w.data + speed[i]
    plt.close(figure)


if check.passed(*ALL):
    watch()

# %% kind="solution" id="play"
# watch(hidden=4, lr=0.5, seed=2)

# %% [markdown] id="reading-text"
# ## 10 · Read the library
#
# You have built the engine of this course. minigrad's is the same machine, so you can now read it: the folder
# `ops` holds functions like yours, and `tape.py` the rest. Here are a node, `op` and `backward`. Find in them: the list of parents and vjps; the line where the nodes are put in order; the sum;
# the place where `unbroadcast` is called.

# %% kind="lab" id="lab-reading"
import minigrad.ops
import minigrad.tape
from IPython.display import Code, display

print(f"{len(minigrad.ops.__all__)} functions in ops, {len(inspect.getsource(minigrad.tape).splitlines())} lines in tape.py")
for piece in (minigrad.tape.Node, minigrad.tape.op, minigrad.tape.backward, minigrad.tape.behind):
    display(Code(inspect.getsource(piece), language="python"))

# %% [markdown] id="reading-lesson"
# What it does that yours does not, and why:
#
# | in `tape.py` | reason |
# |---|---|
# | the tape is freed during the walk; a second `backward` through it is an error | the memory that vjps hold is the memory of training; freed early, it can be used again |
# | vjps that nobody needs are dropped at once | they would keep their arrays alive |
# | results are read-only, and a leaf that was changed after its use is refused | the vjps remember arrays; whoever changes these changes the gradient silently |
# | leaves get their gradients at the very end | a vjp that fails halfway leaves none of them half done |
#
# When you compute, another part of minigrad is at work, `fast/`, a second tape that gives the same gradients in less time.
# The library is tested on both, and on thousands of random programs that must agree. Two of its savings:
#
# | in `fast/` | reason |
# |---|---|
# | sums of gradients go into an array that the pass owns, others are left alone | a new array for every sum costs time; writing into somebody else's costs correctness |
# | a slice's gradient is written into one shared array | in a sequence of 1,000 steps, 1,000 arrays full of zeros would be added up |
#
# None of this changes the mathematics. Does it pay? On the spiral network, hardly. On a sequence that is
# read step by step, look at the last line.

# %% kind="lab" id="lab-compare"
if check.passed(*ALL, "getitem"):
    import minigrad
    from minigrad.functional import cross_entropy as library_loss

    rng = np.random.default_rng(0)
    points, labels = spirals(rng)
    numbers = start(rng)

    def mine():
        W1, b1, W2, b2, W3, b3 = leaves = [Tensor(w, requires_grad=True) for w in numbers]
        hidden = op(tanh)(op(tanh)(points @ W1 + b1) @ W2 + b2)
        op(cross_entropy)(hidden @ W3 + b3, labels).backward()
        return leaves

    def theirs():
        W1, b1, W2, b2, W3, b3 = leaves = [minigrad.Tensor(w, requires_grad=True) for w in numbers]
        hidden = minigrad.tanh(minigrad.tanh(minigrad.Tensor(points) @ W1 + b1) @ W2 + b2)
        library_loss(hidden @ W3 + b3, labels).backward()
        return leaves

    def step_by_step(kind):
        x = kind(np.ones((1000, 64)), requires_grad=True)
        h = x[0]
        for t in range(1, 1000):
            h = h + x[t]
        h.sum().backward()

    def milliseconds(f, *arguments, times=50):
        def once():
            began = time.perf_counter()
            f(*arguments)
            return time.perf_counter() - began

        return 1e3 * min(once() for _ in range(times))

    apart = max(np.abs(a.grad - b.grad).max() for a, b in zip(mine(), theirs(), strict=True))
    print(f"largest difference of the gradients: {apart:.0e}")
    print(f"spiral network: yours {milliseconds(mine):.2f} ms, minigrad {milliseconds(theirs):.2f} ms")
    two = [milliseconds(step_by_step, kind, times=3) for kind in (Tensor, minigrad.Tensor)]
    print(f"1,000 steps   : yours {two[0]:.1f} ms, minigrad {two[1]:.1f} ms")

# %% [markdown] id="end"
# ## What you have now
#
# - A derivative is a nudge; nudging to both sides is exact to nine digits at $\epsilon = 10^{-6}$, and
#   much too slow to train with, and it judges everything else.
# - An op returns its result and, for each argument, a vjp: a function that sends a cotangent back
#   through this one step. No Jacobian is ever written down.
# - A value that is used more than once, by two operations, by broadcasting or by an index that
#   repeats, gets the *sum* of the answers. It is one rule, and you met it four times.
# - The tape lists what ran; from the youngest node to the oldest, each is visited once, after all its
#   uses. All gradients of a loss together cost as much as a few evaluations of it, however many
#   parameters there are.
#
# In the next assignment the graph is a chain over time, and you will see what happens to a gradient
# that is sent back through the same step fifty times.
#
# **To read on.** A. G. Baydin, B. A. Pearlmutter, A. A. Radul, J. M. Siskind, *Automatic
# differentiation in machine learning: a survey* (2018). A. Griewank, A. Walther, *Evaluating
# derivatives* (2nd edition, 2008), for how few those evaluations are.
