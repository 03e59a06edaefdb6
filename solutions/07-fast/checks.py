"""The hidden checks of 07-fast: the public checks' sentences, tested harder.

They share one namespace with `public_checks.py`, which is read first: sentences and helpers are its.
"""

# --- step-backward -------------------------------------------------------------------------------


@check(exercise="step-backward", points=3, says=WAYS)
def each_way(student, rng):
    B, D, H = sizes(rng, 3)
    dh, dc, cache = step_case(rng, B, D, H)
    zero, got = np.zeros((B, H)), {}
    for name, pair in (("dh alone", (dh, zero)), ("dc alone", (zero, dc))):
        parts = step_back(student, *pair, cache)
        got |= {f"old c, {name}": parts["dc"], f"old h, {name}": parts["dh"], f"x, {name}": parts["dx"]}
    return got


@check(exercise="step-backward", points=3, says=GATES)
def saturated_gates(student, rng):
    """Weights so large that some gates are nearly open or shut, others not."""
    B, D, H = sizes(rng, 3)
    x, h, c, W, g = drawn(rng, B, 1, D, H)
    dc = rng.normal(size=(B, H))
    got = step_back(student, g[:, 0], dc, cache_of(x[:, 0], h, c, 2.5 * W))
    return {"dx": got["dx"], "dh of the old h": got["dh"], **by_gate(got["dW"])}


@check(exercise="step-backward", points=2, says=BIASES)
def whole_batch(student, rng):
    """H = 32, in a batch of 40."""
    return {"dW": step_back(student, *step_case(rng, 40, 7, 32))["dW"]}


@check(exercise="step-backward", points=1, says=STEP_TWICE)
def step_called_twice(student, rng):
    B, D, H = sizes(rng, 3)
    dh, dc, cache = step_case(rng, B, D, H)
    with no_tape():
        first = {name: np.array(v) for name, v in step_back(student, dh, dc, cache).items()}
        second = step_back(student, dh, dc, cache)
    same = truth(*(np.array_equal(first[name], second[name]) for name in first))
    return {"the same again": same, "dW": second["dW"], **{f"cache {n} afterwards": a for n, a in enumerate(cache)}}


# --- sequence ------------------------------------------------------------------------------------


@check(exercise="sequence", points=2, says=STATES)
def states_of_many_steps(student, rng):
    B, _, D, H = sizes(rng, 4)
    got = {f"hs, T = {T}": sequence(student, *drawn(rng, B, T, D, H)[:4])[0] for T in (1, 2, 30)}
    x, h0, c0, W, _ = drawn(rng, B, 3, D, H)
    return {**got, "hs, far from zero": sequence(student, x, 5 * h0, 20 * c0, 3 * W)[0]}


@check(exercise="sequence", points=5, says=LONG)
def long_and_large(student, rng):
    case = drawn(rng, 6, 50, 5, 32)
    with no_tape():
        return there_and_back(student, *case)


@check(exercise="sequence", points=3, says=ALIVE)
def many_alive(student, rng):
    """Three calls of one shape and one of another; each vjps twice, in another order."""
    B, T, D, H = sizes(rng, 4)
    cases = [drawn(rng, B, T, D, H) for _ in range(3)] + [drawn(rng, B + 1, T + 1, D, H)]
    made = [sequence(student, *case[:4]) for case in cases]
    hs = [np.array(h) for h, _ in made]
    held = {n: pulled(made[n][1], cases[n][4]) for n in (1, 0, 3, 2)}
    early = {n: copies(*got.values()) for n, got in held.items()}
    again = {n: pulled(made[n][1], cases[n][4]) for n in (2, 0, 1, 3)}
    got = {f"{name}, call {n}": again[n][name] for n in sorted(again) for name in GRADIENTS}
    same = [all(map(np.array_equal, early[n], held[n].values())) for n in sorted(held)]
    repeated = [all(map(np.allclose, early[n], again[n].values())) for n in sorted(held)]
    kept = [np.array_equal(before, after) for before, (after, _) in zip(hs, made, strict=True)]
    return {**got, "results stay": truth(*kept), "gradients stay": truth(*same), "the same again": truth(*repeated)}


@check(exercise="sequence", points=2, says=AS_THEY_ARE, rtol=1e-4, atol=1e-4)
def single_precision(student, rng):
    B, T, D, H = sizes(rng, 4)
    return there_and_back(student, *drawn(rng, B, T, D, H, np.float32))


@check(exercise="sequence", points=2, says=LIFTED)
def twice_in_one_graph(student, rng):
    """One W for two layers, the second of which reads the first's outputs and its last state; and a sum."""
    B, T, D, H = sizes(rng, 4)
    ready(student)
    given(student.lstm_sequence(*drawn(rng, 1, 1, 1, 1)[:4]), "lstm_sequence")
    layer = op(student.lstm_sequence)
    x, h0, c0, W = leaves(*drawn(rng, B, T, H, H)[:4])
    lower = layer(x, h0, c0, W)
    upper = layer(lower, lower[:, -1], c0, W)
    other = layer(x * 0.5, h0, upper[:, 0], W)
    TAPE_BACKWARD((upper * rng.normal(size=(B, T, H)) + other * other).sum())
    named = dict(zip(GRADIENTS, (x, h0, c0, W), strict=True))
    return {"upper": upper.data, "other": other.data, **{name: leaf.grad for name, leaf in named.items()}}


# --- one-gemm ------------------------------------------------------------------------------------


@check(exercise="one-gemm", points=2, says=SUM, rtol=1e-4, atol=1e-4)
def pieces_of_arrays(student, rng):
    """float32, and arrays that are slices and swapped axes of others; both are as before afterwards."""
    T, B, K, M = sizes(rng, 4)
    us = rng.normal(size=(T + 1, B, K)).astype(np.float32)[:-1]
    das = rng.normal(size=(B, T, 2 * M)).astype(np.float32).swapaxes(0, 1)[:, :, ::2]
    dW = weights(student, us, das)
    return {"dW": dW, "us afterwards": us, "das afterwards": das}


@check(exercise="one-gemm", points=2, says=FEW)
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
    """A mask (B, T) with gaps anywhere, one sequence without entries and one without gaps."""
    mask = rng.random((B, T)) < 0.6
    mask[0], mask[1] = False, True
    return rng.permutation(mask)


@check(exercise="masks", points=2, says=CARRY)
def nothing_there(student, rng):
    """Gaps anywhere, and a sequence without any entry."""
    B, D, H = sizes(rng, 3, 3)
    mask = gappy(rng, B, 9)
    case = drawn(rng, B, 9, D, H)
    hs = sequence(student, *case[:4], mask=mask)[0]
    return {"hs": masked(student, *case, mask)["hs"], "zero there": truth(not hs[~mask].any())}


@check(exercise="masks", points=2, says=PADDING)
def anything_in_padding(student, rng):
    """NaN and infinity where the mask is False."""
    B, D, H = sizes(rng, 3, 3)
    mask, (x, *case) = gappy(rng, B, 6), drawn(rng, B, 6, D, H)
    x[~mask] = rng.choice([np.nan, np.inf, -np.inf], (~mask).sum())[:, None]
    got = masked(student, x, *case, mask)
    return {"hs": got["hs"], "dx": got["dx"], "dW": got["dW"]}


@check(exercise="masks", points=3, says=THROUGH)
def through_gaps(student, rng):
    """Twenty steps with gaps anywhere, every output with a cotangent, and None against True everywhere."""
    B, D, H = sizes(rng, 3, 3)
    *case, g = drawn(rng, B, 20, D, H)
    mask = gappy(rng, B, 20)
    got = masked(student, *case, np.where(mask[..., None], g, 0), mask)
    whole = masked(student, *case, g, np.ones((B, 20), bool))
    return {**got, **{f"{name}, True everywhere": whole[name] for name in GRADIENTS}}
