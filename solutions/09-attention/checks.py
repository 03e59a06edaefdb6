"""The hidden checks of 09-attention: the public checks' sentences, tested harder.

They share one namespace with `public_checks.py`, which is read first: sentences and helpers are its.
"""

# --- scores --------------------------------------------------------------------------------------


@check(exercise="scores", weight=2, says=DOT)
def any_sizes(student, rng):
    """One row, one place, one number, and all three sizes alike."""
    n = int(rng.integers(3, 7))
    shapes = {"one row": (1, 4, 3), "one place": (3, 1, 4), "one number": (3, 4, 1), "all alike": (n, n, n), "many": (7, 30, 12)}
    return {name: dots(student, *leaves(rng, (B, H), (B, S, H))) for name, (B, S, H) in shapes.items()}


@check(exercise="scores", says=ADDITIVE)
def additive_twice(student, rng):
    """All sizes alike; and parameters that are overwritten between two calls."""
    n = int(rng.integers(3, 7))
    model, (query, keys) = additive_of(student, rng, n), leaves(rng, (n, n), (n, n, n))
    got = {"scores": scored(model, query, keys)}
    for p in (model.W_q, model.W_k, model.v):
        p.data[...] = 2 * rng.normal(size=p.shape)
    return {**got, "scores, with other parameters": scored(model, query, keys)}


@check(exercise="scores", weight=2, says=SCORES_BACK)
def additive_gradients(student, rng):
    B, S, H = sizes(rng, 3)
    model, (query, keys) = additive_of(student, rng, H), leaves(rng, (B, H), (B, S, H))
    weighed(scored(model, query, keys), rng).backward()
    return {
        "query.grad": gradient(query), "keys.grad": gradient(keys),
        "W_q.grad": gradient(model.W_q), "W_k.grad": gradient(model.W_k), "v.grad": gradient(model.v),
    }


# --- masked-softmax ------------------------------------------------------------------------------


@check(exercise="masked-softmax", weight=2, says=NO_SHARE)
def no_scores(student, rng):
    """Where the mask is False stand scores of any size, then inf and NaN."""
    B, S = sizes(rng, 2, 4, 9)
    scores, mask = rng.normal(size=(B, S)), some_mask(rng, B, S)
    odd = rng.choice([np.inf, -np.inf, np.nan], (B, S))
    with np.errstate(all="ignore"):
        got = [shares(student, np.where(mask, scores, other), mask) for other in (scores, 900.0, -1e5, 1e6, np.inf, np.nan, odd)]
    zeros = truth(*(not one.data[~mask].any() for one in got))
    return {"weights": got[0], "zero where the mask is False": zeros, "the same bits": same_bits(got)}


@check(exercise="masked-softmax", weight=2, says=EMPTY)
def empty_rows(student, rng):
    """All rows but one, then all; the row that is not empty is as it is alone. And no place at all."""
    B, S = sizes(rng, 2, 4, 9)
    scores, mask = rng.normal(size=(B, S)), np.zeros((B, S), dtype=bool)
    row = int(rng.integers(0, B))
    mask[row, : S - 2] = True
    with np.errstate(all="ignore"):
        return {
            "all but one": shares(student, scores, mask),
            "that one alone": shares(student, scores[row : row + 1], mask[row : row + 1]),
            "all": shares(student, scores, np.zeros_like(mask)),
        }


@check(exercise="masked-softmax", says=LARGE)
def scores_of_any_size(student, rng):
    B, S = sizes(rng, 2, 4, 9)
    scores, mask = rng.normal(size=(B, S)), some_mask(rng, B, S)
    with np.errstate(all="ignore"):
        return {
            f"weights, {name}": shares(student, np.where(mask, a, 1e5), mask)
            for name, a in (("-1000", scores - 1000), ("far apart", 1000 * scores), ("-100,000", scores - 1e5), ("10,000", scores + 1e4))
        }


@check(exercise="masked-softmax", says=LAST_AXIS)
def one_mask_for_all(student, rng):
    """A mask (T, T) for scores (B, T, T), as in part 8; a mask (S,) for scores (B, S)."""
    B, T, S = sizes(rng, 3, 3, 8)
    return {
        "a square": shares(student, rng.normal(size=(B, T, T)), np.tri(T, dtype=bool)),
        "one row": shares(student, rng.normal(size=(B, S)), np.arange(S) != 1),
    }


@check(exercise="masked-softmax", weight=2, says=SHARES_BACK)
def empty_gradient(student, rng):
    """One row is empty, and large scores stand where the mask is False."""
    B, S = sizes(rng, 2, 4, 9)
    mask = some_mask(rng, B, S)
    mask[(mask.sum(axis=1).argmax() + 1) % B] = False
    scores = leaf(np.where(mask, rng.normal(size=(B, S)), 800 * rng.normal(size=(B, S))))
    before, numbers = mask.copy(), scores.data.copy()
    with np.errstate(all="ignore"):
        weighed(shares(student, scores, mask), rng).backward()
    return {
        "scores.grad": gradient(scores),
        "zero where the mask is False": truth(not gradient(scores)[~before].any()),
        "scores and mask as they were": truth(np.array_equal(scores.data, numbers), np.array_equal(mask, before)),
    }


# --- context -------------------------------------------------------------------------------------


@check(exercise="context", says=SUM)
def sizes_alike(student, rng):
    """All three sizes alike, one place, and weights that are no shares."""
    n = int(rng.integers(3, 7))
    return {
        "all alike": looked(student, *leaves(rng, (n, n), (n, n, n))),
        "one place": looked(student, *leaves(rng, (3, 1), (3, 1, 4))),
        "one row": looked(student, *leaves(rng, (1, 5), (1, 5, 2))),
    }


@check(exercise="context", says=NOTHING_ADDED)
def huge_values(student, rng):
    """A row of no weight at all beside the others; behind weights of 0 stand numbers up to 1e300."""
    B, S, H = sizes(rng, 3, 3, 9)
    weights, values = some_weights(rng, B, S), rng.normal(size=(B, S, H))
    weights[int(rng.integers(0, B))] = 0
    got = [looked(student, Tensor(weights), Tensor(np.where(weights[:, :, None] > 0, values, size))) for size in (0.0, 1e8, -1e300)]
    return {"context": got[0], "the same bits": same_bits(got)}


@check(exercise="context", says=CONTEXT_BACK)
def gradients_of_zero_weights(student, rng):
    """Some weights are 0: their own gradient is not."""
    B, S, H = sizes(rng, 3, 3, 9)
    weights, (values,) = leaf(some_weights(rng, B, S)), leaves(rng, (B, S, H))
    weighed(looked(student, weights, values), rng).backward()
    return {"weights.grad": gradient(weights), "values.grad": gradient(values)}


# --- attention-decoder ---------------------------------------------------------------------------


def conversation(decoder, tokens, state, keys, mask):
    """Logits (B, T, V), last state and weights (B, T, S) when the decoder is told tokens (B, T)."""
    logits, looks = [], []
    for token in tokens.T:
        now, state, weights = step_of(decoder, token, state, keys, mask)
        logits.append(now)
        looks.append(weights)
    return stack(logits, axis=1), state, stack(looks, axis=1)


@check(exercise="attention-decoder", says=DECODER_PARTS)
def scores_without_parameters(student, rng):
    """`scores` is a function."""
    V, E, H = sizes(rng, 3, 3, 12)
    cell = Leaky(rng, E, H)
    student.masked_softmax, student.context = other_shares, other_look
    decoder = given(student.AttentionDecoder(V, E, cell, lopsided), "AttentionDecoder")
    given(decoder.embedding, "AttentionDecoder's embedding").W.data[...] = rng.normal(size=(V, E))
    given(decoder.head, "AttentionDecoder's head").W.data[...] = rng.normal(size=(2 * H, V))
    asked = rng.integers(0, V, 2), *leaves(rng, (2, H), (2, 4, H)), np.ones((2, 4), dtype=bool)
    return {"sizes of parameters()": np.sort([p.data.size for p in decoder.parameters()]), "weights": step_of(decoder, *asked)[2]}


def lopsided(query, keys):
    return (query[:, None, :] * keys * keys).sum(axis=2)


@check(exercise="attention-decoder", weight=3, says=LOOK)
def several_steps(student, rng):
    """Masked keys, several steps; what a row may look at differs."""
    decoder, (token, state, keys, mask) = question(student, rng)
    tokens = rng.integers(0, len(decoder.embedding.W), (len(token), 4))
    logits, state, looks = conversation(decoder, tokens, state, keys, mask)
    return {"logits": logits, "last state": state, "weights": looks}


@check(exercise="attention-decoder", weight=2, says=STEP)
def rows_alone(student, rng):
    """Each row by itself, and all sizes alike."""
    n = int(rng.integers(3, 6))
    decoder = decoder_of(student, rng, n, n, n)
    (state, keys), mask = leaves(rng, (n, n), (n, n, n)), some_mask(rng, n, n)
    token, got = rng.permutation(n), {}
    for row in range(n):
        one = slice(row, row + 1)
        parts = step_of(decoder, token[one], state[one], keys[one], mask[one])
        got |= {f"{name}, row {row}": part for name, part in zip(("logits", "state", "weights"), parts, strict=True)}
    logits, _, weights = step_of(decoder, token, state, keys, mask)
    return {**got, "logits, all rows": logits, "weights, all rows": weights}


@check(exercise="attention-decoder", weight=2, says=BOTH)
def pair_over_time(student, rng):
    decoder, (token, state, keys, mask) = question(student, rng, LeakyPair)
    tokens = rng.integers(0, len(decoder.embedding.W), (len(token), 3))
    logits, (h, c), looks = conversation(decoder, tokens, state, keys, mask)
    return {"logits": logits, "h": h, "c": c, "weights": looks}


@check(exercise="attention-decoder", weight=2, says=PADDED)
def no_place_at_all(student, rng):
    """Other keys where the mask is False, in three steps; more padding; and a row without a place."""
    decoder, (token, state, keys, mask) = question(student, rng, low=4)
    mask[int(rng.integers(0, len(mask)))] = False
    tokens, got = rng.integers(0, len(decoder.embedding.W), (len(token), 3)), []
    for other in (keys.data, -1e3, 1e6):
        filled = Tensor(np.where(mask[:, :, None], keys.data, other))
        got.append(conversation(decoder, tokens, state, filled, mask))
    longer = Tensor(np.concatenate([keys.data, rng.normal(size=keys[:, :2].shape)], axis=1))
    more = np.concatenate([mask, np.zeros_like(mask[:, :2])], axis=1)
    return {
        "logits": got[0][0],
        "weights": got[0][2],
        "the same bits": np.concatenate([same_bits([one[k] for one in got]) for k in range(3)]),
        "logits, more padding": conversation(decoder, tokens, state, longer, more)[0],
    }


@check(exercise="attention-decoder", says=NOTHING_KEPT)
def two_conversations(student, rng):
    """Two batches of different sizes, a step of the one, then a step of the other."""
    decoder, one = question(student, rng, LeakyPair)
    H, n = decoder.cell.hidden_size, len(one[0]) + 2
    two = [rng.integers(0, len(decoder.embedding.W), n), some_state(rng, n, H, LeakyPair), *leaves(rng, (n, 5, H)), some_mask(rng, n, 5)]
    got = {}
    for t in range(3):
        for name, asked in (("one", one), ("two", two)):
            got[f"logits {t + 1} of batch {name}"], asked[1], _ = step_of(decoder, *asked)
    return got


@check(exercise="attention-decoder", weight=4, says=DECODER_BACK)
def through_time(student, rng):
    """A loss on the logits of three steps, with masked keys and a pair as state."""
    decoder, (token, state, keys, mask) = question(student, rng, LeakyPair)
    tokens = rng.integers(0, len(decoder.embedding.W), (len(token), 3))
    logits, _, _ = conversation(decoder, tokens, state, keys, mask)
    weighed(logits, rng).backward()
    return {
        **decoder_gradients(decoder),
        "gradient of h, handed over": gradient(state[0]),
        "gradient of c, handed over": gradient(state[1]),
        "keys.grad": gradient(keys),
        "zero where the mask is False": truth(not gradient(keys)[~mask].any()),
    }


# --- causal-self-attention -----------------------------------------------------------------------


@check(exercise="causal-self-attention", weight=2, says=SELF)
def any_head(student, rng):
    """One row, one place, all sizes alike, and scores of some hundred."""
    n, (x, *W) = int(rng.integers(3, 6)), some_heads(rng, 3, 6, 4, 2, 5)
    return {
        "one row": attended(student, *some_heads(rng, 1, 6, 3, 2, 4)),
        "one place": attended(student, *some_heads(rng, 3, 1, 4, 2, 5)),
        "all alike": attended(student, *some_heads(rng, n, n, n, n, n)),
        "large scores": attended(student, 12 * x.data, *W),
    }


@check(exercise="causal-self-attention", weight=2, says=CAUSAL)
def cut_short(student, rng):
    """The sequence cut after each of its places, and everything exchanged from each place on."""
    B, T, D, K, V = sizes(rng, 5, 4, 9)
    x, *W = some_heads(rng, B, T, D, K, V)
    other, got = rng.normal(size=x.shape), {}
    whole = attended(student, x, *W).data
    for t in range(1, T):
        short = attended(student, x.data[:, :t], *W).data
        changed = attended(student, np.where(np.arange(T)[:, None] < t, x.data, other), *W).data
        got |= {f"the first {t}": short, f"the first {t}, others behind, less the whole": changed[:, :t] - whole[:, :t]}
    return got


@check(exercise="causal-self-attention", weight=2, says=SELF_BACK)
def gradient_of_one_place(student, rng):
    """A loss on the output of each place in turn: nothing comes back to later ones."""
    B, T, D, K, V = sizes(rng, 5, 3, 8)
    got = {}
    for t in range(T):
        tensors = some_heads(rng, B, T, D, K, V)
        weighed(attended(student, *tensors)[:, t], rng).backward()
        got |= {f"place {t}: {name}.grad": gradient(a) for name, a in zip(("x", "W_q", "W_k", "W_v"), tensors, strict=True)}
    return got
