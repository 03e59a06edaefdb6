"""The hidden checks of 01-rnn: the public checks' sentences, tested harder.

They share one namespace with `public_checks.py`, which is read first: sentences and helpers are its.
"""

from minigrad import sigmoid

# --- rnn-cell ------------------------------------------------------------------------------------


@check(exercise="rnn-cell", says=PARAMETERS)
def single_precision(student, rng):
    """dtypes and first states alone: what a step gives is other checks' business."""
    B, D, H = sizes(rng, 3, 3, 40)
    cell = new_cell(student, D, H, dtype=np.float32)
    state = given(cell.initial_state(B), "RNNCell's initial_state", Tensor)
    kinds = {f"ones like {name}": kind(getattr(cell, name)) for name in ("W_x", "W_h", "b")}
    return {**kinds, "initial_state": state, "not all zeros": some(cell.W_x, cell.W_h)}


@check(exercise="rnn-cell", weight=2, says=START, atol=1e-8)
def fresh_start(student, rng):
    D, H = int(rng.integers(8, 17)), int(rng.integers(70, 91))
    seed = int(rng.integers(2**31))
    cells = [new_cell(student, D, H, rng=np.random.default_rng(s)) for s in (seed, seed, seed + 1)]
    W_x = cells[0].W_x.data
    spread = W_x.std() / np.sqrt(2 / (D + H))
    differ = [np.abs(getattr(cells[0], n).data - getattr(cells[2], n).data).max() > 1e-3 for n in ("W_x", "W_h")]
    return {
        "W_h @ W_h.T": cells[0].W_h.data @ cells[0].W_h.data.T,
        "one rng, one start": truth(
            *(np.array_equal(getattr(cells[0], n).data, getattr(cells[1], n).data) for n in ("W_x", "W_h"))
        ),
        "another rng, another start": truth(*differ),
        "W_x has Glorot's spread": truth(0.85 < spread < 1.15),
        "W_x is not orthogonal": truth(np.abs(W_x @ W_x.T - np.eye(D)).max() > 0.1),
        "b": cells[0].b,
    }


@check(exercise="rnn-cell", weight=2, says=STEP)
def any_activation(student, rng):
    B, D, H = sizes(rng, 3)
    got = {}
    for name, f in (("sigmoid", sigmoid), ("relu", relu), ("doubling", lambda a: a * 2.0)):
        cell = written_cell(student, rng, D, H, activation=f)
        h = Tensor(rng.normal(size=(B, H)))
        for _ in range(2):
            h = step(cell, rng.normal(size=(B, D)), h)
        got[name] = h
    return got


@check(exercise="rnn-cell", weight=7, says=REACHES)
def gradients(student, rng):
    B, D, H = sizes(rng, 3)
    T = 6
    cell = written_cell(student, rng, D, H)
    x = Tensor(rng.normal(size=(B, T, D)), requires_grad=True)
    h0 = Tensor(rng.normal(size=(B, H)), requires_grad=True)
    h, total = h0, 0.0
    for t in range(T):
        h = step(cell, x[:, t], h)
        total = total + (h * rng.normal(size=(B, H))).sum()
    total.backward()
    zeros = Tensor(np.zeros((B, H)), requires_grad=True)
    (step(written_cell(student, rng, D, H), rng.normal(size=(B, D)), zeros) * rng.normal(size=(B, H))).sum().backward()
    leaves = {"W_x": cell.W_x, "W_h": cell.W_h, "b": cell.b, "x": x, "h0": h0, "h0 of zeros": zeros}
    return {f"{name}.grad": gradient(leaf) for name, leaf in leaves.items()}


# --- rnn-forward ---------------------------------------------------------------------------------


@check(exercise="rnn-forward", weight=3, says=STATES)
def states(student, rng):
    B, T, D, H = sizes(rng, 4, 2, 12)
    hs, _ = forward(student, *sequence(rng, B, T, D, H))
    one, _ = forward(student, *sequence(rng, B, 1, D, H))
    return {"hs": hs, "hs, one step": one}


@check(exercise="rnn-forward", weight=2, says=KEEPS, rtol=1e-5, atol=1e-6)
def same_dtype(student, rng):
    B, T, D, H = sizes(rng, 4)
    given_in = [a.astype(np.float32) for a in sequence(rng, B, T, D, H)]
    hs, _ = forward(student, *given_in)
    names = ("x", "h0", "W_x", "W_h", "b")
    return {"hs": hs, **{f"{n} afterwards": a for n, a in zip(names, given_in, strict=True)}}


# --- rnn-backward --------------------------------------------------------------------------------


@check(exercise="rnn-backward", weight=3, says=SUMS)
def states_through_time(student, rng):
    B, T, D, H = designed_sizes(rng, 3, 10)
    cache = cache_for(student, *designed(rng, B, T, D, H))
    got = backward(student, rng.normal(size=(B, T, H)), cache)
    return {"dx": got["dx"], "dh0": got["dh0"]}


@check(exercise="rnn-backward", weight=3, says=SUMS)
def weights_through_time(student, rng):
    B, T, D, H = designed_sizes(rng, 3, 10)
    cache = cache_for(student, *designed(rng, B, T, D, H))
    got = backward(student, rng.normal(size=(B, T, H)), cache)
    return {"dW_x": got["dW_x"], "dW_h": got["dW_h"], "db": got["db"]}


@check(exercise="rnn-backward", weight=6, says=NO_TAPE)
def fifty_steps(student, rng):
    B, T, D, H = 4, 50, 36, 32
    cache = cache_for(student, *designed(rng, B, T, D, H, scale=0.5))
    dhs = rng.normal(size=(B, T, H)) * (np.arange(T) > T - 5)[:, None]
    with no_tape():
        return backward(student, dhs, cache)


@check(exercise="rnn-backward", weight=2, says=TWICE)
def twice(student, rng):
    B, T, D, H = designed_sizes(rng)
    cache = cache_for(student, *designed(rng, B, T, D, H))
    dhs = rng.normal(size=(B, T, H))
    first = {name: np.array(value) for name, value in backward(student, dhs, cache).items()}
    second = backward(student, dhs, cache)
    differ = {f"{n}, second less first": np.asarray(second[n]) - first[n] for n in first}
    return {"dhs afterwards": dhs, **differ, "not all zeros": some(*first.values())}


# --- clip-value ----------------------------------------------------------------------------------


@check(exercise="clip-value", says=VALUE_PLACE)
def value_without_gradient(student, rng):
    p, q, bare = holder(2 * rng.normal(size=(3, 2))), holder(2 * rng.normal(size=4)), Parameter(np.zeros(2))
    clip_value(student, [p, bare, q], 0.5)
    return {"before it": p.grad, "behind it": q.grad, "None stays None": truth(bare.grad is None)}


# --- clip-norm -----------------------------------------------------------------------------------


@check(weight=2, says=TOGETHER, **CLIP)
def global_norm(student, rng):
    flat, c = 3 * rng.normal(size=24), rng.uniform(1.5, 3)
    whole, parts = holder(flat.copy()), [holder(flat[i:j].copy()) for i, j in ((12, 24), (0, 5), (5, 12))]
    clip_norm(student, [whole], c)
    clip_norm(student, parts, c)
    return {"whole": whole.grad, **{f"part {i}": p.grad for i, p in enumerate(parts)}}


@check(says=TOGETHER, **CLIP)
def shared(student, rng):
    p, q = holder(2 + rng.normal(size=(3, 2))), holder(2 + rng.normal(size=4))
    clip_norm(student, [p, q, p], 1.0)
    return {"listed twice": p.grad, "listed once": q.grad}


@check(says=DIRECTION, **CLIP)
def once_more(student, rng):
    p, q, c = holder(2 + rng.normal(size=(3, 2))), holder(0.1 * rng.normal(size=4)), rng.uniform(1.2, 2)
    parameters = [p, q]  # q by itself is far below c
    clip_norm(student, parameters, c)
    clip_norm(student, parameters, c)
    return {"first": p.grad, "second": q.grad}


@check(says=BELOW, **CLIP)
def just_below(student, rng):
    a, b = 1 + rng.normal(size=(3, 4)), rng.normal(size=5).astype(np.float32)
    norm = np.sqrt((a**2).sum() + (b.astype(np.float64) ** 2).sum())
    p, q, before = holder(a), holder(b), (a.copy(), b.copy())
    clip_norm(student, [p, q], float(norm) * 1.001)
    same = [np.array_equal(now, old) for now, old in zip((p.grad, q.grad), before, strict=True)]
    left = {"float64": p.grad.copy(), "float32": q.grad.copy(), "every bit as before": truth(*same)}
    clip_norm(student, [p, q], 0.1)
    changed = [not np.array_equal(now, old) for now, old in zip((p.grad, q.grad), before, strict=True)]
    return {**left, "above c both change": truth(*changed)}


@check(says=RETURNS, **CLIP)
def norm_before(student, rng):
    a, b = 2 + rng.normal(size=(3, 2)), rng.normal(size=(2, 2)).astype(np.float32)
    norms = [float(clip_norm(student, [holder(a.copy()), holder(b.copy())], c)) for c in (50.0, 1.5)]
    return {"below c, above c": np.array(norms)}


@check(says=NORM_PLACE, **CLIP)
def float32_gradients(student, rng):
    huge = (1e20 * (1 + rng.random(size=6))).astype(np.float32)
    plain, wide = (2 + rng.normal(size=4)).astype(np.float32), 2 + rng.normal(size=3)
    p, q, r = holder(huge), holder(plain), holder(wide)
    clip_norm(student, [p], 2.0)
    clip_norm(student, [q, r], 1.0)
    return {
        "huge": p.grad,
        "float32": q.grad,
        "float64": r.grad,
        "the same arrays": truth(p.grad is huge, q.grad is plain, r.grad is wide),
    }


@check(weight=0.5, says=NOTHING, **CLIP)
def nothing_to_clip(student, rng):
    p, bare, still = holder(2 + rng.normal(size=3)), Parameter(np.zeros(2)), holder(np.zeros(4))
    clip_norm(student, [bare, p, still], 1.0)
    norms = [clip_norm(student, parameters, 1.0) for parameters in ([still], [], [bare])]
    return {
        "norms of nothing": np.array([float(n) for n in norms]),
        "gradient": p.grad,
        "zero gradient": still.grad,
        "None stays None": truth(bare.grad is None),
    }


# --- train-step ----------------------------------------------------------------------------------


@check(exercise="train-step", weight=3, says=ONE_UPDATE)
def five_updates(student, rng):
    return updates(student, rng, 5, None)[1]


@check(exercise="train-step", weight=2, says=CLIPPED, rtol=1e-5)
def five_clipped_updates(student, rng):
    return updates(student, rng, 5, 0.5)[1]
