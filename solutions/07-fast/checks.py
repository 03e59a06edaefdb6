"""The hidden checks of 07-fast: the public checks' sentences, tested harder.

They share one namespace with `public_checks.py`, which is read first: sentences and helpers are its.
"""

# --- step-backward -------------------------------------------------------------------------------


@check(exercise="step-backward", weight=3, says=WAYS)
def each_way(student, rng):
    B, D, H = sizes(rng, 3)
    dh, dc, cache = step_case(rng, B, D, H)
    pairs = {"dh alone": (dh, 0 * dc), "dc alone": (0 * dh, dc), "both": (10 * dh, dc)}
    return {f"dc of the old c, {name}": step_back(student, *pair, cache)["dc"] for name, pair in pairs.items()}


@check(exercise="step-backward", weight=3, says=GATES)
def saturated_gates(student, rng):
    """Weights so large that some gates are nearly open or shut, others not."""
    B, D, H = sizes(rng, 3)
    x, h, c, W, g = drawn(rng, B, 1, D, H)
    dc = rng.normal(size=(B, H))
    got = step_back(student, g[:, 0], dc, cache_of(x[:, 0], h, c, 2.5 * W))
    return {"dx": got["dx"], "dh of the old h": got["dh"], **by_gate(got["dW"])}


@check(exercise="step-backward", weight=2, says=BIASES)
def whole_batch(student, rng):
    """H = 32, in a batch of 40."""
    return {"dW": step_back(student, *step_case(rng, 40, 7, 32))["dW"]}


@check(exercise="step-backward", says=STEP_TWICE)
def step_called_twice(student, rng):
    B, D, H = sizes(rng, 3)
    dh, dc, cache = step_case(rng, B, D, H)
    with no_tape():
        first = {name: np.array(v) for name, v in step_back(student, dh, dc, cache).items()}
        second = step_back(student, dh, dc, cache)
    return {
        "the same again": truth(*(np.array_equal(first[name], second[name]) for name in first)),
        "other than zero": alive(*first.values()),
        **{f"cache {n} afterwards": a for n, a in enumerate(cache)},
    }


# --- sequence ------------------------------------------------------------------------------------


@check(exercise="sequence", weight=2, says=STATES)
def states_of_many_steps(student, rng):
    B, D, H = sizes(rng, 3)
    got = {f"hs, T = {T}": sequence(student, *drawn(rng, B, T, D, H)[:4])[0] for T in (1, 2, 30)}
    x, h0, c0, W, _ = drawn(rng, B, 3, D, H)
    return {**got, "hs, far from zero": sequence(student, x, 5 * h0, 20 * c0, 3 * W)[0]}


@check(exercise="sequence", weight=5, says=LONG)
def long_and_large(student, rng):
    case = drawn(rng, 6, 50, 5, 32)
    with no_tape():
        return there_and_back(student, *case)


@check(exercise="sequence", weight=3, says=ALIVE)
def many_alive(student, rng):
    """Three calls of one shape and one of another, each vjps twice, in another order: is all as alone?"""
    B, T, D, H = sizes(rng, 4)
    cases = [drawn(rng, B, T, D, H) for _ in range(3)] + [drawn(rng, B + 1, T + 1, D, H)]
    alone = [copies(*there_and_back(student, *copies(*case)).values()) for case in cases]
    made = [sequence(student, *case[:4]) for case in cases]
    held = {n: pulled(made[n][1], np.array(cases[n][4])) for n in (1, 0, 3, 2)}
    again = {n: pulled(made[n][1], np.array(cases[n][4])) for n in (2, 0, 1, 3)}
    got = {}
    for n, (hs, *gradients) in enumerate(alone):
        equal = [all(map(np.array_equal, gradients, parts[n].values())) for parts in (held, again)]
        got |= {f"hs of call {n}": made[n][0], f"call {n} as alone": truth(np.array_equal(hs, made[n][0]), *equal)}
        got |= {f"{name} of call {n}, again less before": less(again[n][name], held[n][name]) for name in ("dx", "dW")}
    return got


@check(exercise="sequence", weight=2, says=AS_THEY_ARE, rtol=1e-4, atol=1e-4)
def single_precision(student, rng):
    B, T, D, H = sizes(rng, 4)
    got = there_and_back(student, *drawn(rng, B, T, D, H, np.float32))
    return {"hs": got["hs"], "all four float32": truth(*(got[name].dtype == np.float32 for name in GRADIENTS))}


@check(exercise="sequence", weight=2, says=LIFTED)
def twice_in_one_graph(student, rng):
    """One W for two layers, the second of which reads the first's outputs and its last state; and a sum."""
    B, T, H = sizes(rng, 3)
    ready(student)
    sequence(student, *drawn(rng, 1, 1, 1, 1)[:4])
    layer = op(student.lstm_sequence)
    x, h0, c0, W = leaves(*drawn(rng, B, T, H, H)[:4])
    lower = layer(x, h0, c0, W)
    upper = layer(lower, lower[:, -1], c0, W)
    other = layer(x * 0.5, h0, upper[:, 0], W)
    TAPE_BACKWARD((upper * rng.normal(size=(B, T, H)) + other * other).sum())
    named = dict(zip(GRADIENTS, (x, h0, c0, W), strict=True))
    return {"upper": upper.data, "other": other.data, **{name: leaf.grad for name, leaf in named.items()}}


# --- one-gemm ------------------------------------------------------------------------------------


@check(exercise="one-gemm", weight=2, says=SUM, rtol=1e-4, atol=1e-4)
def pieces_of_arrays(student, rng):
    """float32, and arrays that are slices and swapped axes of others; both are as before afterwards."""
    T, B, K, M = sizes(rng, 4)
    us = rng.normal(size=(T + 1, B, K)).astype(np.float32)[:-1]
    das = rng.normal(size=(B, T, 2 * M)).astype(np.float32).swapaxes(0, 1)[:, :, ::2]
    before, dW = copies(us, das), weights(student, us, das)
    return {"dW": dW, "us and das are as before": truth(*map(np.array_equal, (us, das), before))}


@check(exercise="one-gemm", weight=2, says=FEW)
def a_thousand_steps_of_one(student, rng):
    """A batch of one, and one of thirty."""
    K, M = sizes(rng, 2)
    got = {}
    for B in (1, 30):
        parts = counted(student, rng.normal(size=(1000, B, K)), rng.normal(size=(1000, B, M)))
        got |= {f"{name}, B = {B}": value for name, value in parts.items()}
    return got


# --- masks ---------------------------------------------------------------------------------------


def gappy(rng, B, T):
    """A mask (B, T) with gaps anywhere: a sequence without entries, one without gaps, one that begins late."""
    mask = rng.random((B, T)) < 0.6
    mask[0], mask[1], mask[2] = False, True, np.arange(T) % 2
    mask[2, -1] = False
    return rng.permutation(mask)


@check(exercise="masks", weight=2, says=CARRY)
def nothing_there(student, rng):
    """Gaps anywhere, and a sequence without any entry."""
    B, D, H = sizes(rng, 3, 3)  # B at least 3, and none is 9
    mask = gappy(rng, B, 9)
    case = drawn(rng, B, 9, D, H)
    hs = masks_pass(student)(student, *copies(*case), mask=mask)["hs"]
    return {"hs": masked(student, *case, mask)["hs"], "zero there": truth(not hs[~mask].any())}


@check(exercise="masks", weight=2, says=PADDING)
def anything_in_padding(student, rng):
    """NaN and infinity where the mask is False."""
    B, D, H = sizes(rng, 3, 3, but=[6])
    mask, (x, *case) = gappy(rng, B, 6), drawn(rng, B, 6, D, H)
    x[~mask] = rng.choice([np.nan, np.inf, -np.inf], (~mask).sum())[:, None]
    got = masked(student, x, *case, mask)
    return {"hs": got["hs"], "dx": got["dx"], "dW": got["dW"]}


@check(exercise="masks", says=UNHEARD)
def nan_unheard(student, rng):
    """Zero in the cotangent where the mask is False, then NaN and infinity."""
    B, D, H = sizes(rng, 3, 3, but=[6])
    mask, (*case, g) = gappy(rng, B, 6), drawn(rng, B, 6, D, H)
    odd = rng.choice([np.nan, np.inf, -np.inf], g.shape)
    with np.errstate(all="ignore"):
        zero, other = (masked(student, *case, np.where(mask[..., None], g, a), mask) for a in (0.0, odd))
    unheard = all(np.array_equal(zero[name], other[name]) for name in GRADIENTS)
    return {**{name: zero[name] for name in GRADIENTS}, "the same with NaN and infinity there": truth(unheard)}


@check(exercise="masks", weight=2, says=THROUGH)
def through_gaps(student, rng):
    """Twenty steps with gaps anywhere, every output with a cotangent, and None against True everywhere."""
    B, D, H = sizes(rng, 3, 3)
    *case, g = drawn(rng, B, 20, D, H)
    mask = gappy(rng, B, 20)
    got = masked(student, *case, np.where(mask[..., None], g, 0), mask)
    whole = masked(student, *case, g, np.ones((B, 20), bool))
    return {**got, **{f"{name}, True everywhere": whole[name] for name in GRADIENTS}}
