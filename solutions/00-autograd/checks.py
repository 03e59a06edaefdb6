"""The hidden checks of 00-autograd: the public checks' sentences, tested harder.

They share one namespace with `public_checks.py`, which is read first: sentences and helpers are its.
"""

STRICT = {"over": "raise", "invalid": "raise", "divide": "raise"}  # numpy.errstate: overflow is an error

# --- numeric-grad --------------------------------------------------------------------------------


@check(exercise="numeric-grad", weight=3, says=CENTRAL)
def wide_nudges(student, rng):
    x, eps = rng.normal(size=(3, 4)), rng.uniform(0.2, 0.5)
    c, d = rng.normal(size=(2, 3, 4))
    return {"gradient": numeric(student, lambda x: (c * x**3 + np.exp(d * x.mean())).sum(), x, eps=eps)}


@check(exercise="numeric-grad", weight=2, says=FLOAT64, rtol=1e-5, atol=1e-6)
def any_x(student, rng):
    c = rng.normal(size=(2, 3, 2))
    return {
        "a transposed array": numeric(student, lambda x: (c.T * x**2).sum(), rng.normal(size=c.shape).T),
        "float32": numeric(student, lambda x: (c * x**2).sum(), rng.normal(size=c.shape).astype(np.float32)),
        "integers": numeric(student, lambda x: (c[0] * x**2).sum(), rng.integers(1, 5, c[0].shape)),
        "a single number": numeric(student, lambda x: np.exp(x), np.array(rng.normal())),
    }


@check(exercise="numeric-grad", says=AS_IT_WAS, rtol=0, atol=0)
def bit_for_bit(student, rng):
    x = rng.normal(size=60) * 10.0 ** rng.integers(-4, 3, 60)
    gradient = numeric(student, lambda x: float(x.sum()), x)
    return {"x": x, "not all zeros": some(gradient)}


# --- sigmoid-tanh --------------------------------------------------------------------------------


@check(exercise="sigmoid-tanh", says=ENTRIES, rtol=1e-5, atol=1e-6)
def in_float32(student, rng):
    x, g = rng.normal(size=(2, 3, 2, 4)).astype(np.float32)
    got = {name: there_and_back(student, name, x, g) for name in ("sigmoid", "tanh")}
    return {f"{name}, {what}": a for name, pair in got.items() for what, a in zip(("y", "gradient"), pair, strict=True)}


@check(exercise="sigmoid-tanh", weight=2, says=ONE_VJP)
def vjp_twice(student, rng):
    got = {}
    for name in ("sigmoid", "tanh"):
        x, g = 2 * rng.normal(size=(2, *sizes(rng, 3)))
        y, vjps = run(student, name, x)
        got[f"{name}, vjps"] = np.array(len(vjps))
        got[f"{name}, first call"] = np.array(pulled(name, vjps[0], g))
        got[f"{name}, second call"] = pulled(name, vjps[0], g)
        got |= {f"{name}, x": x, f"{name}, y": y, f"{name}, g": g}
    return got


@check(exercise="sigmoid-tanh", says=FAR)
def sigmoid_far_out(student, rng):
    return far_out(student, rng, "sigmoid")


@check(exercise="sigmoid-tanh", says=FAR)
def tanh_far_out(student, rng):
    return far_out(student, rng, "tanh")


def far_out(student, rng, name):
    """y and gradient at large entries, where an overflow is an error."""
    x, g = np.append(rng.normal(size=3), [-1000.0, 1000.0, -750.0, 750.0, 0.0]), rng.normal(size=8)
    with np.errstate(**STRICT):
        y, back = there_and_back(student, name, x, g)
    return {"y": y, "gradient": back}


# --- matmul --------------------------------------------------------------------------------------


@check(exercise="matmul", weight=2, says=PRODUCT, rtol=1e-5, atol=1e-6)
def left_as_they_are(student, rng):
    a, b, g = (m.astype(np.float32) for m in matrices(rng))
    y, vjps = run(student, "matmul", a, b)
    first = [np.array(pulled("matmul", vjp, g)) for vjp in (vjps[0], vjps[1])]
    again = [pulled("matmul", vjp, g) - one for vjp, one in zip((vjps[0], vjps[1]), first, strict=True)]
    names = ("y", "a", "b", "g", "twice for a, difference", "twice for b, difference")
    return dict(zip(names, (y, a, b, g, *(d.sum() for d in again)), strict=True))


@check(exercise="matmul", weight=3, says=BOTH)
def cotangents(student, rng):
    got = {}
    for i in range(3):
        _, da, db = product_and_back(student, *matrices(rng))
        got |= {f"{i}, for a": da, f"{i}, for b": db}
    a, b, g = rng.normal(size=(3, 5, 5))  # square: nothing fits by its shape alone
    _, da, db = product_and_back(student, a, b, g)
    return got | {"square, for a": da, "square, for b": db}


@check(exercise="matmul", weight=3, says=STACKS)
def shared_by_a_stack(student, rng):
    s, t, n, k, m = sizes(rng, 5)
    cases = {
        "one b": ((s, n, k), (k, m), (s, n, m)),
        "one a": ((n, k), (s, k, m), (s, n, m)),
        "two axes": ((t, s, n, k), (s, k, m), (t, s, n, m)),
        "square": ((s, n, n), (s, n, n), (s, n, n)),
    }
    got = {}
    for name, shapes in cases.items():
        y, da, db = product_and_back(student, *(rng.normal(size=shape) for shape in shapes))
        got |= {f"{name}: y": y, f"{name}: for a": da, f"{name}: for b": db}
    return got


# --- backward ------------------------------------------------------------------------------------


@check(exercise="backward", weight=2, says=LEAVES, rtol=1e-5, atol=1e-6)
def many_leaves(student, rng):
    tape = Tape(student)
    x = tape.leaf(rng.normal(size=(5, 3)).astype(np.float32))
    W, V = (tape.leaf(rng.normal(size=s).astype(np.float32)) for s in ((3, 4), (4, 2)))
    b, aside, alone = tape.leaf(rng.normal(size=4).astype(np.float32)), tape.leaf([1.0]), tape.leaf([1.0, 2.0])
    unheard = tape.leaf(np.ones(2, np.float32))
    tape.wave(tape.times(aside, 2.0))  # not behind the root
    h = tape.wave(tape.plus(tape.product(x, W), b))
    tape.times(h, 3.0)  # younger than what the root needs, and not behind it
    root = tape.plus(tape.product(h, V), tape.wave(tape.times(unheard, np.float32(0))))
    tape.backward(root, rng.normal(size=(5, 2)).astype(np.float32))
    g = rng.normal(size=2)
    tape.backward(alone, g)
    got = {f"{name}.grad": gradient(leaf) for name, leaf in (("x", x), ("W", W), ("b", b), ("V", V))}
    got["zeros alone arrive"] = np.full(2, np.nan, np.float32) if unheard.grad is None else unheard.grad
    return got | {"a leaf as root": gradient(alone), "not behind the root": truth(aside.grad is None)}


@check(exercise="backward", weight=4, says=SUM_OF_USES)
def any_graph(student, rng):
    got = {}
    for n in range(3):
        tape = Tape(student)
        leaves = [tape.leaf(rng.normal(size=3)) for _ in range(3)]
        known = list(leaves)
        for _ in range(30):
            one, other = (known[int(i)] for i in rng.integers(max(0, len(known) - 9), len(known), 2))
            known.append(tape.wave(tape.times(one, other) if rng.random() < 0.5 else tape.plus(one, other)))
        root = known[0]
        for node in known[1:]:
            root = tape.plus(root, tape.times(node, rng.normal(size=3)))
        tape.backward(root, rng.normal(size=3))
        got |= {f"graph {n}, leaf {i}": gradient(leaf) for i, leaf in enumerate(leaves)}
    return got


@check(exercise="backward", weight=2, says=ONCE, rtol=1e-6, cpu=1.0)
def sixty_diamonds(student, rng):
    tape = Tape(student)
    leaf = x = tape.leaf(rng.normal(size=2))
    mix = tape.counted(lambda a, b: (0.4 * a + 0.7 * b, (lambda g: 0.4 * g, lambda g: 0.7 * g)))
    for _ in range(60):
        x = mix(tape.wave(x), tape.times(x, rng.uniform(0.9, 1.1)))
    tape.backward(x, rng.normal(size=2))
    return {"x.grad": gradient(leaf), "calls of vjps": np.array(tape.calls)}


@check(exercise="backward", weight=2, says=ADDS_UP)
def shared_graphs(student, rng):
    tape = Tape(student)
    x, w = tape.leaf(rng.normal(size=3)), tape.leaf(rng.normal(size=3))
    y = tape.wave(tape.times(x, w))
    one, other = tape.times(y, rng.normal(size=3)), tape.times(tape.wave(y), w)
    got = {}
    for i, root in enumerate((one, one, other, y, one)):
        tape.backward(root, rng.normal(size=3))
        got |= {f"x.grad after call {i + 1}": np.array(gradient(x)), f"w.grad after call {i + 1}": np.array(gradient(w))}
    return got


@check(exercise="backward", says=LONG, rtol=1e-6)
def ten_thousand(student, rng):
    return {"x.grad": after_chain(student, rng, 10_000)}


@check(exercise="backward", says=FROM_ONE, rtol=1e-5, atol=1e-6)
def from_one_or_refused(student, rng):
    tape = Tape(student)
    x, y = tape.leaf(rng.normal(size=(1, 1)).astype(np.float32)), tape.leaf(rng.normal(size=2))
    tape.backward(tape.times(x, np.float32(rng.normal())))
    root = tape.times(y, 2.0)
    return {
        "x.grad": gradient(x),
        "refused": truth(raises(ValueError, lambda: tape.backward(root))),
        "y.grad": truth(y.grad is None),
    }


@check(exercise="backward", says=HANDS_OFF)
def nothing_written(student, rng):
    tape = Tape(student)
    kept, sent = rng.normal(size=(2, 3))
    before = sent.copy()
    fixed = tape.op(lambda x: (kept * x, (lambda g: sent,)))  # a vjp that hands out an array of its own
    a, b, c = (tape.leaf(rng.normal(size=3)) for _ in range(3))
    p, q = tape.times(a, 2.0), tape.times(b, 3.0)
    early = tape.times(p, rng.normal(size=3))
    both = tape.plus(p, q)  # both get the same array back
    root = tape.plus(tape.plus(both, early), tape.plus(fixed(q), fixed(c)))
    g = rng.normal(size=3)
    tape.backward(root, g)
    got = {f"{n}.grad": np.array(gradient(leaf)) for n, leaf in (("a", a), ("b", b), ("c", c))}
    one, other, alone = (tape.leaf(rng.normal(size=3)) for _ in range(3))
    tape.backward(tape.plus(one, other), g)
    tape.backward(alone, g)
    got |= {"g": np.array(g), "what the vjp returned": sent - before}
    g[...] = 0
    gradient(one)[...] = 0  # what clipping does, say
    return got | {"a neighbour's gradient": gradient(other), "a gradient after g was reused": gradient(alone)}


# --- unbroadcast ---------------------------------------------------------------------------------


@check(exercise="unbroadcast", weight=2, says=IN_FRONT)
def several_in_front(student, rng):
    a, b, c, d = sizes(rng, 4)
    g = rng.normal(size=(a, b, c, d))
    return {f"{n} axes stay": down(student, g, g.shape[4 - n :]) for n in range(4)}


@check(exercise="unbroadcast", weight=2, says=STRETCHED)
def several_stretched(student, rng):
    a, b, c = sizes(rng, 3)
    g = rng.normal(size=(a, b, c))
    shapes = [(1, b, c), (a, 1, c), (a, b, 1), (1, b, 1), (1, 1, c), (1, 1, 1)]
    return {f"case {i}": down(student, g, shape) for i, shape in enumerate(shapes)}


@check(exercise="unbroadcast", weight=3, says=BOTH_WAYS)
def any_shape(student, rng):
    got = {}
    for i in range(8):
        full = sizes(rng, int(rng.integers(2, 5)), 2, 6)
        shape = [n if rng.random() < 0.5 else 1 for n in full[int(rng.integers(1, len(full))) :]]
        got[f"case {i}"] = down(student, rng.normal(size=full), tuple(shape))
    g = rng.normal(size=(3, 1, 2))
    got["an axis of length 1 on both sides"] = down(student, g, (1, 2))
    a, b, c, d = sizes(rng, 4)
    return got | {"one in front, two stretched": down(student, rng.normal(size=(a, b, c, d)), (1, c, 1))}


@check(exercise="unbroadcast", says=NOTHING_TO_UNDO, rtol=1e-5, atol=1e-6)
def dtype_and_g(student, rng):
    g = rng.normal(size=(3, 2, 4)).astype(np.float32)
    row, same, one = down(student, g, (2, 1)), down(student, g, g.shape), down(student, g[:1, :, :1], (1, 2, 1))
    return {"for (2, 1)": row, "for its own shape": same, "for its own shape, with ones": one, "g": g}


# --- getitem -------------------------------------------------------------------------------------


@check(exercise="getitem", says=READ)
def any_index(student, rng):
    return {name: y for name, (y, _) in reads(student, rng, rng.normal(size=(5, 4, 3))).items()}


def reads(student, rng, x):
    """y and gradient for indices of every kind, none of them with repetitions."""
    rows, columns = rng.permutation(5)[:3], rng.permutation(4)[:3]
    mask = rng.random(x.shape) < 0.5
    mask[0, 0, 0] = True
    indices = {
        "a negative number": -2,
        "steps": (slice(None, None, 2), slice(3, None, -1)),
        "dots": (..., 1),
        "a new axis": (slice(1, 3), None, 2),
        "integers": rows,
        "a pair": (rows, columns),
        "mixed": (slice(None), columns, 0),
        "a list": [int(i) for i in rows],
        "a mask": mask,
        "a mask of rows": mask[:, 0, 0],
        "nothing": slice(2, 2),
    }
    return {name: read_and_back(student, rng, x, index) for name, index in indices.items()}


@check(exercise="getitem", weight=2, says=SENT_BACK)
def back_from_any_index(student, rng):
    back = {name: d for name, (_, d) in reads(student, rng, rng.normal(size=(5, 4, 3))).items()}
    x = rng.normal(size=(5, 4, 3)).astype(np.float32)
    return back | {"float32": read_and_back(student, rng, x, (slice(1, 4), 2))[1]}


@check(exercise="getitem", says=REPEATED)
def word_vectors(student, rng):
    table, words = rng.normal(size=(7, 3)), rng.integers(0, 7, (4, 6))
    pairs = rng.integers(0, 7, 20), rng.integers(0, 3, 20)
    return {
        "for a table of word vectors": read_and_back(student, rng, table, words)[1],
        "for pairs": read_and_back(student, rng, table, pairs)[1],
        "for a list with minus signs": read_and_back(student, rng, table, [0, -1, 6, -7, 3, 0])[1],
    }


@check(exercise="getitem", says=AFRESH)
def arrays_of_its_own(student, rng):
    x, g = rng.normal(size=(4, 2)), rng.normal(size=(3, 2))
    _, vjps = run(student, "getitem", x, np.array([1, 3, 0]))
    held = pulled("getitem", vjps[0], g)
    first = np.array(held)
    other = np.array(pulled("getitem", vjps[0], 3 * g))
    held[...] = 7.0  # whoever adds to a gradient in place
    again = pulled("getitem", vjps[0], g)
    differ = {"three times g": (other - 3 * first).sum(), "g again": (again - first).sum()}
    return {**differ, "x": x, "g": g, "not all zeros": some(first)}


# --- cross-entropy -------------------------------------------------------------------------------


@check(exercise="cross-entropy", weight=2, says=MEAN_LOSS, rtol=1e-5, atol=1e-6)
def any_size(student, rng):
    got = {}
    for n, k in [(1, 5), (6, 2), (4, 4), (7, 3), (2, 9)]:
        got[f"{n} rows, {k} classes"] = run(student, "cross_entropy", *scores(rng, n, k))[0]
    logits, labels = scores(rng)
    return got | {"float32": run(student, "cross_entropy", logits.astype(np.float32), labels)[0]}


@check(exercise="cross-entropy", weight=3, says=SAID_LESS_RIGHT, rtol=1e-5, atol=1e-7)
def with_any_cotangent(student, rng):
    got = {}
    for n, k in [(1, 5), (6, 2), (4, 4), (3, 7)]:
        _, vjps = run(student, "cross_entropy", *scores(rng, n, k))
        got[f"{n} rows, {k} classes"] = pulled("cross_entropy", vjps[0], np.array(rng.normal()))
    logits, labels = scores(rng)
    _, vjps = run(student, "cross_entropy", logits.astype(np.float32), labels)
    return got | {"float32": pulled("cross_entropy", vjps[0], np.float32(rng.normal()))}


@check(exercise="cross-entropy", says=STABLE)
def rows_far_apart(student, rng):
    logits, labels = scores(rng, 4, 3)
    return strictly(student, rng, logits + np.array([1000.0, -1000.0, 0.0, 1.0])[:, None], labels)


@check(exercise="cross-entropy", says=STABLE)
def entries_far_apart(student, rng):
    logits, labels = scores(rng, 4, 3)
    logits[0, int(labels[0])] += 1000.0  # very right
    logits[1, (int(labels[1]) + 1) % 3] += 1000.0  # very wrong
    return strictly(student, rng, logits, labels)


def strictly(student, rng, logits, labels):
    """Loss and gradient, where an overflow or a logarithm of zero is an error."""
    with np.errstate(**STRICT):
        loss, vjps = run(student, "cross_entropy", logits, labels)
        back = pulled("cross_entropy", vjps[0], np.array(rng.normal()))
    return {"loss": loss, "for logits": back}


@check(exercise="cross-entropy", says=UNCHANGED)
def nothing_changed(student, rng):
    logits, labels = scores(rng)
    _, vjps = run(student, "cross_entropy", logits, labels)
    first = np.array(pulled("cross_entropy", vjps[0], np.array(2.0)))
    again = pulled("cross_entropy", vjps[0], np.array(2.0))
    same = {"second call less the first": again - first, "logits": logits, "labels": labels}
    return {**same, "not all zeros": some(first)}
