"""Right work written otherwise: every check must pass on each of these."""

from minigrad.checks import Variant

EYE_NUMERIC = '''
def numeric_grad(f, x, eps=1e-6):
    """Whole arrays of nudges, no entry ever written."""
    x = np.asarray(x).astype(np.float64)
    nudges = (eps * np.eye(x.size)).reshape((x.size,) + x.shape)
    return np.array([(f(x + d) - f(x - d)) / (2 * eps) for d in nudges], dtype=np.float64).reshape(x.shape)
'''

IN_PLACE_NUMERIC = '''
def numeric_grad(f, x, eps=1e-6):
    """Nudges the caller's own array where it is float64, and puts back what stood there."""
    x = np.asarray(x, dtype=float)
    result = np.empty_like(x)
    it = np.nditer(x, flags=["multi_index", "zerosize_ok"])
    while not it.finished:
        i = it.multi_index
        old = x[i]
        x[i] = old + eps
        result[i] = f(x) / (2 * eps)
        x[i] = old - eps
        result[i] -= f(x) / (2 * eps)
        x[i] = old
        it.iternext()
    return result
'''

HALF_TANH_SIGMOID = '''
def sigmoid(x):
    """A tanh, squeezed and shifted."""
    half = x.dtype.type(0.5)
    y = half * np.tanh(half * x) + half

    def vjp(g):
        return y * g - y * (y * g)

    return y, (vjp,)
'''

MASKED_SIGMOID = '''
def sigmoid(x):
    """Two formulas, each where it is safe."""
    y = np.empty_like(x)
    right = x >= 0
    y[right] = 1 / (1 + np.exp(-x[right]))
    e = np.exp(x[~right])
    y[~right] = e / (1 + e)
    slope = y * (1 - y)
    return y, [lambda g: slope * g]
'''

CLIPPED_SIGMOID = '''
def sigmoid(x):
    """Beyond 700 nothing changes any more (80 in float32)."""
    limit = 700 if x.dtype == np.float64 else 80
    y = 1 / (1 + np.exp(-np.clip(x, -limit, limit)))
    return y, (lambda g: (g * y) * (1 - y),)
'''

FACTORED_TANH = '''
def tanh(x):
    """(1 - y)(1 + y) instead of 1 - y * y."""
    y = np.tanh(x)

    def vjp(g):
        out = np.array(g)
        out *= 1 - y
        out *= 1 + y
        return out

    return y, (vjp,)
'''

EINSUM_MATMUL = '''
def matmul(a, b):
    """Indices spelled out."""
    return np.einsum("...nk,...km->...nm", a, b), (
        lambda g: np.einsum("...nm,...km->...nk", g, b),
        lambda g: np.einsum("...nk,...nm->...km", a, g),
    )
'''

SUMMING_MATMUL = '''
def _fold(gradient, shape):
    """Sums the stack's axes that the argument does not have, or has with length 1."""
    while gradient.ndim > len(shape):
        gradient = gradient.sum(0)
    axes = tuple(i for i in range(len(shape) - 2) if shape[i] == 1)
    return gradient.sum(axes, keepdims=True) if axes else gradient

def matmul(a, b):
    """Undoes the sharing of a matrix by a stack itself."""
    def transpose(m):
        return m.transpose(*range(m.ndim - 2), -1, -2)

    def vjp_a(g):
        return _fold(np.matmul(g, transpose(b)), a.shape)

    def vjp_b(g):
        return _fold(np.matmul(transpose(a), g), b.shape)

    return np.matmul(a, b), [vjp_a, vjp_b]
'''

HEAP_BACKWARD = '''
import heapq

def backward(root, g=None):
    """Nodes are found while walking: a heap gives the youngest that still waits. Adds in place to what is its own."""
    if g is None:
        if root.data.shape not in ((), (1,) * root.data.ndim):
            raise ValueError("g?")
        g = np.ones(root.data.shape, root.data.dtype)
    waiting, heap = {root.node.serial: g}, [(-root.node.serial, root.node)]
    while heap:
        serial, node = heapq.heappop(heap)
        g = waiting.pop(-serial)
        if len(node.parents) == 0:
            if node.grad is None:
                node.grad = np.array(g)
            else:
                node.grad += g  # its own array
            continue
        for vjp, parent in zip(node.vjps, node.parents):
            d = vjp(g)
            if parent.serial in waiting:
                waiting[parent.serial] = waiting[parent.serial] + d
            else:
                waiting[parent.serial] = d
                heapq.heappush(heap, (-parent.serial, parent))
'''

COUNTING_BACKWARD = '''
def backward(root, g=None):
    """A node is ready when as many answers have come as it has uses; serials are not needed."""
    if g is None:
        if root.data.size != 1:
            raise ValueError("a cotangent is needed")
        g = np.full_like(root.data, 1)
    uses, todo = {}, [root.node]
    while todo:
        for parent in todo.pop().parents:
            if parent not in uses:
                uses[parent] = 0
                todo.append(parent)
            uses[parent] += 1
    answers, ready = {root.node: [g]}, [root.node]
    while ready:
        node = ready.pop()
        whole = answers[node][0]
        for answer in answers.pop(node)[1:]:
            whole = whole + answer
        if not node.parents:
            node.grad = np.copy(whole) if node.grad is None else node.grad + whole
        for parent, vjp in zip(node.parents, node.vjps):
            answers.setdefault(parent, []).append(vjp(whole))
            uses[parent] -= 1
            if uses[parent] == 0:
                ready.append(parent)
'''

ON_THE_NODES_BACKWARD = '''
def backward(root, g=None):
    """A topological order by depth first with a stack; cotangents on the nodes, cleared beforehand."""
    if g is None:
        if root.data.size > 1:
            raise ValueError("a cotangent is needed")
        g = np.ones_like(root.data)
    order, stack, seen = [], [(root.node, False)], set()
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack += [(p, False) for p in node.parents]
    for node in order:
        node.adjoint = None
    root.node.adjoint = g
    while order:
        node = order.pop()
        for i, parent in enumerate(node.parents):
            sent = node.vjps[i](node.adjoint)
            parent.adjoint = sent if parent.adjoint is None else np.add(parent.adjoint, sent)
        if not node.vjps:
            node.grad = np.array(node.adjoint) if node.grad is None else np.add(node.grad, node.adjoint)
'''

GRAD_EVERYWHERE_BACKWARD = '''
def backward(root, g=None):
    """Keeps .grad on every node, and starts those in between afresh."""
    if g is None:
        if root.data.size != 1:
            raise ValueError("a cotangent is needed")
        g = np.ones_like(root.data)
    nodes, todo = {root.node.serial: root.node}, [root.node]
    while todo:
        for parent in todo.pop().parents:
            if parent.serial not in nodes:
                nodes[parent.serial] = parent
                todo.append(parent)
    for node in nodes.values():
        if node.parents:
            node.grad = None

    def receive(node, sent):
        node.grad = np.array(sent) if node.grad is None else node.grad + sent

    receive(root.node, g)
    for serial in sorted(nodes, reverse=True):
        node = nodes[serial]
        for parent, vjp in zip(node.parents, node.vjps):
            receive(parent, vjp(node.grad))
'''

WHILE_UNBROADCAST = '''
def unbroadcast(g, shape):
    """One axis at a time."""
    while g.ndim > len(shape):
        g = np.add.reduce(g, axis=0)
    for axis, n in enumerate(shape):
        if n == 1 and g.shape[axis] > 1:
            g = np.add.reduce(g, axis=axis, keepdims=True)
    return g
'''

RESHAPE_UNBROADCAST = '''
def unbroadcast(g, shape):
    """All axes in one sum; the shape is put back at the end."""
    if g.shape == tuple(shape):
        return g
    padded = [1] * (g.ndim - len(shape)) + list(shape)
    return np.sum(g, axis=tuple(i for i, n in enumerate(padded) if n == 1)).reshape(shape)
'''

EINSUM_UNBROADCAST = '''
def unbroadcast(g, shape):
    """Names for the axes; those to be summed are not named in the result."""
    skip = g.ndim - len(shape)
    names = list(range(g.ndim))
    stay = [i for i in names if i >= skip and shape[i - skip] != 1]
    return np.einsum(g, names, stay).reshape(shape)
'''

PLACES_GETITEM = '''
def getitem(x, index):
    """Numbers all places and counts what arrives at each."""
    places = np.arange(x.size).reshape(x.shape)[index]

    def vjp(g):
        sums = np.bincount(np.ravel(places), weights=np.ravel(g), minlength=x.size)
        return sums.reshape(x.shape).astype(x.dtype)

    return np.array(x[index]), (vjp,)
'''

TWO_WAYS_GETITEM = '''
def _plain(i):
    return i is None or i is Ellipsis or isinstance(i, (int, slice)) and not isinstance(i, bool)

def getitem(x, index):
    """Assigns where nothing can repeat, adds one after the other where it can."""
    simple = all(_plain(i) for i in (index if isinstance(index, tuple) else (index,)))

    def vjp(g):
        full = np.zeros(x.shape, dtype=x.dtype)
        if simple:
            full[index] = g
        else:
            np.add.at(full, index, g)
        return full

    return x[index], (vjp, None)
'''

ONE_HOT_LOSS = '''
def cross_entropy(logits, labels):
    """A table of ones, and the logarithm of a sum of exponentials."""
    N, K = logits.shape
    right = np.eye(K, dtype=logits.dtype)[labels]
    log_sum = np.logaddexp.reduce(logits, axis=1)
    loss = np.sum(log_sum - np.sum(logits * right, axis=1)) / N

    def vjp(g):
        return (np.exp(logits - log_sum[:, None]) - right) * (g / N)

    return loss, (vjp, None)
'''

ROWS_LOSS = '''
def cross_entropy(logits, labels):
    """A row at a time; the gradient is prepared, and scaled when asked for."""
    losses, gradient = [], np.empty_like(logits)
    for i, (row, k) in enumerate(zip(logits, labels)):
        z = row - row.max()
        e = np.exp(z)
        losses.append(np.log(e.sum()) - z[k])
        gradient[i] = e / e.sum()
        gradient[i, k] -= 1
    n = len(labels)
    return np.mean(np.array(losses, dtype=logits.dtype)), (lambda g: gradient * g / n,)
'''

TAKE_LOSS = '''
def _log_softmax(z):
    z = z - np.max(z, axis=-1, keepdims=True)
    return z - np.log(np.sum(np.exp(z), axis=-1, keepdims=True))

def cross_entropy(logits, labels):
    """take_along_axis, and the gradient through log softmax step by step."""
    log_p = _log_softmax(logits)
    picked = np.take_along_axis(log_p, labels[:, None], axis=1)

    def vjp(g):
        d = np.zeros_like(log_p)
        np.put_along_axis(d, labels[:, None], -g / len(labels), axis=1)
        return d - np.exp(log_p) * d.sum(axis=1, keepdims=True)

    return -picked.mean(), (vjp,)
'''

VARIANTS = [
    Variant("identity-nudges", {"numeric-grad": EYE_NUMERIC}),
    Variant("nudges-in-place", {"numeric-grad": IN_PLACE_NUMERIC}),
    Variant("half-tanh", {"sigmoid": HALF_TANH_SIGMOID, "tanh": FACTORED_TANH}),
    Variant("masked-sigmoid", {"sigmoid": MASKED_SIGMOID}),
    Variant("clipped-sigmoid", {"sigmoid": CLIPPED_SIGMOID}),
    Variant("einsum-product", {"matmul": EINSUM_MATMUL}),
    Variant("product-that-sums", {"matmul": SUMMING_MATMUL}),
    Variant("heap", {"backward": HEAP_BACKWARD}),
    Variant("counted-uses", {"backward": COUNTING_BACKWARD}),
    Variant("depth-first-stack", {"backward": ON_THE_NODES_BACKWARD}),
    Variant("grad-everywhere", {"backward": GRAD_EVERYWHERE_BACKWARD}),
    Variant("one-axis-at-a-time", {"unbroadcast": WHILE_UNBROADCAST, "getitem": PLACES_GETITEM}),
    Variant("one-sum", {"unbroadcast": RESHAPE_UNBROADCAST, "getitem": TWO_WAYS_GETITEM}),
    Variant("one-hot", {"cross-entropy": ONE_HOT_LOSS}),
    Variant("row-by-row", {"cross-entropy": ROWS_LOSS}),
    Variant("step-by-step", {"cross-entropy": TAKE_LOSS}),
    Variant(
        "all-at-once",
        {
            "numeric-grad": EYE_NUMERIC,
            "sigmoid": MASKED_SIGMOID,
            "tanh": FACTORED_TANH,
            "matmul": EINSUM_MATMUL,
            "backward": COUNTING_BACKWARD,
            "unbroadcast": EINSUM_UNBROADCAST,
            "getitem": PLACES_GETITEM,
            "cross-entropy": TAKE_LOSS,
        },
    ),
]
