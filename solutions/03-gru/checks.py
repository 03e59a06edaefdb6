"""The hidden checks of 03-gru: the public checks' sentences, tested harder.

They share one namespace with `public_checks.py`, which is read first: sentences and helpers are its.
"""

from minigrad import sigmoid

# --- gru-cell ------------------------------------------------------------------------------------


@check(exercise="gru-cell", weight=2, says=PARAMETERS)
def single_precision(student, rng):
    """dtypes and first states alone: what a step gives is other checks' business."""
    B, D, H = sizes(rng, 3, 3, 30)
    cell = new_cell(student, D, H, dtype=np.float32)
    state = start_of(cell, B)
    kinds = [a.dtype == np.float32 for a in (*cell.parameters(), state)]
    drawn = some(*(getattr(cell, f"W_{k}") for k in GATES))
    return {"float32": truth(*kinds), "initial_state": state, "not all zeros": drawn}


@check(exercise="gru-cell", weight=3, says=START, atol=1e-8)
def fresh_start(student, rng):
    D, H = int(rng.integers(8, 17)), int(rng.integers(70, 91))
    seed = int(rng.integers(2**31))
    one, same, other = (new_cell(student, D, H, rng=np.random.default_rng(s)) for s in (seed, seed, seed + 1))
    arrays = {k: getattr(one, f"W_{k}").data for k in GATES}
    spreads = [W[H:].std() / np.sqrt(2 / (D + H)) for W in arrays.values()]
    others = [getattr(other, f"W_{k}").data for k in GATES]
    pairs = [(arrays[a], arrays[b]) for a, b in ("zr", "zh", "rh")]
    apart = [np.abs(a - b)[rows].max() > 1e-3 for a, b in pairs for rows in (slice(H), slice(H, None))]
    return {
        **{f"W_{k}[:H] @ W_{k}[:H].T": W[:H] @ W[:H].T for k, W in arrays.items()},
        "one rng, one start": truth(*(np.array_equal(W, getattr(same, f"W_{k}").data) for k, W in arrays.items())),
        "rows of x have Glorot's spread": truth(*(0.85 < s < 1.15 for s in spreads)),
        "rows of x orthogonal": truth(*(np.abs(W[H:] @ W[H:].T - np.eye(D)).max() < 0.1 for W in arrays.values())),
        "another rng, another start": truth(
            *(np.abs(W - V).max() > 1e-3 for W, V in zip(arrays.values(), others, strict=True))
        ),
        "each W its own": truth(*apart),
    }


@check(exercise="gru-cell", weight=2, says=MIX)
def several_steps(student, rng):
    B, D, H = sizes(rng, 3)
    cell = written_cell(student, rng, D, H)
    h = Tensor(rng.normal(size=(B, H)))
    got = {}
    for t in range(4):
        h = got[f"state {t + 1}"] = step(cell, rng.normal(size=(B, D)), h)
    return got


@check(exercise="gru-cell", weight=2, says=ACTIVATION)
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


@check(exercise="gru-cell", weight=7, says=REACHES)
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
    leaves = {**{name: getattr(cell, name) for name in NAMES}, "x": x, "h0": h0}
    return {f"{name}.grad": gradient(leaf) for name, leaf in leaves.items()}


# --- flip-convention -----------------------------------------------------------------------------


@check(exercise="flip-convention", says=NEGATED, rtol=1e-6)
def opposite_sign_in_float32(student, rng):
    D, H = sizes(rng, 2)
    new = flipped(student, stand_in_gru(rng, D, H, dtype=np.float32))
    return {f"the new {name}": getattr(new, name) for name in NAMES}


@check(exercise="flip-convention", says=OTHER_RULE)
def other_rule_over_time(student, rng):
    B, D, H = sizes(rng, 3)
    new = flipped(student, stand_in_gru(rng, D, H))
    h = rng.normal(size=(B, H))
    for _ in range(5):
        hx = np.concatenate([h, rng.normal(size=(B, D))], axis=1)
        h = under_other_rule(new, hx, rng.normal(size=(B, H)))
    return {"state after five steps under the other rule": h}


@check(exercise="flip-convention", weight=2, says=OWN)
def nothing_shared(student, rng):
    """Fill one of the two with other numbers, and look at the other."""
    D, H = sizes(rng, 2)
    cell = stand_in_gru(rng, D, H)
    new = flipped(student, cell)
    before = {name: getattr(new, name).data.copy() for name in NAMES}
    for name in NAMES:
        getattr(cell, name).data[...] = 7.0
    kept = {f"the new {name}": getattr(new, name).data.copy() for name in NAMES}
    randomise(new, rng, D, H)
    return {
        **kept,
        **{f"{name} of the given cell": getattr(cell, name) for name in NAMES},
        "unchanged": truth(*(np.array_equal(before[n], kept[f"the new {n}"]) for n in NAMES)),
        "parameters()": np.array(len(list(new.parameters()))),
        "hidden_size": np.array(new.hidden_size),
    }


# --- text-classifier -----------------------------------------------------------------------------


@check(exercise="text-classifier", weight=3, says=PADDED)
def other_padding(student, rng):
    """The same texts with other tokens behind them, with more of them, and one of them alone."""
    B, T, V, E, H, K = sizes(rng, 6, 4, 12)
    model = classifier(student, rng, V, E, H, K)
    tokens, mask = texts(rng, B, T, V)
    filled = np.where(mask, tokens, rng.integers(1, V, (B, T)))
    longer = np.concatenate([filled, rng.integers(0, V, (B, 3))], axis=1)
    more = np.concatenate([mask, np.zeros((B, 3), dtype=bool)], axis=1)
    row = int(mask.sum(axis=1).argmin())
    short = int(mask[row].sum())
    return {
        "other tokens": logits_of(model, filled, mask),
        "more padding": logits_of(model, longer, more),
        "the shortest alone": logits_of(model, tokens[row : row + 1, :short], mask[row : row + 1, :short]),
    }


@check(exercise="text-classifier", weight=2, says=PAIR)
def padded_pairs(student, rng):
    B, T, V, E, H, K = sizes(rng, 6, 4, 12)
    model = classifier(student, rng, V, E, H, K, kind=LeakyPair)
    return {"logits": logits_of(model, *texts(rng, B, T, V))}


@check(exercise="text-classifier", says=LOGITS)
def many_classes(student, rng):
    B, T, V, E, H, K = sizes(rng, 6, 4, 25)
    model = classifier(student, rng, V, E, H, K)
    first = logits_of(model, *texts(rng, B, T, V))
    return {"logits": first, "of a second batch": logits_of(model, *texts(rng, B, T, V))}


@check(exercise="text-classifier", weight=3, says=WORDS)
def padded_gradients(student, rng):
    """Token 0 stands only where the mask is False."""
    B, T, V, E, H, K = sizes(rng, 6, 4, 12)
    model = classifier(student, rng, V, E, H, K)
    logits = logits_of(model, *texts(rng, B, T, V))
    (logits * rng.normal(size=(B, K))).sum().backward()
    return {
        "embedding.W.grad": gradient(model.embedding.W),
        "head.W.grad": gradient(model.head.W),
        "head.b.grad": gradient(model.head.b),
        "cell's keep.grad": gradient(model.cell.keep),
        "cell's W.grad": gradient(model.cell.W),
    }


# --- match-hidden --------------------------------------------------------------------------------


@check(exercise="match-hidden", weight=3, says=NEAREST)
def every_size(student, rng):
    return missed(student, rng, [*ROUNDED, *((int(rng.integers(1, 60)), H) for H in range(2, 300))])


@check(exercise="match-hidden", weight=2, says=NEAREST)
def extreme_cells(student, rng):
    large = [(int(rng.integers(1, 60)), int(H)) for H in rng.integers(300, 700, 120)]
    return missed(student, rng, [*large, *((int(D), 1) for D in rng.integers(500, 999, 3))])
