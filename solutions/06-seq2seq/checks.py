"""The hidden checks of 06-seq2seq: the public checks' sentences, tested harder.

They share one namespace with `public_checks.py`, which is read first: sentences and helpers are its.
"""

# --- encoder -------------------------------------------------------------------------------------


@check(exercise="encoder", weight=2, says=PADDED)
def padding_and_alone(student, rng):
    """The same texts with other tokens behind them, with more of them, and the shortest alone; states (h, c)."""
    B, T, V, E, H = sizes(rng, 5, 4, 12)
    encoder = encoder_of(student, rng, V, E, H, LeakyPair)
    tokens, mask = texts(rng, B, T, V)
    filled = np.where(mask, tokens, rng.integers(1, V, (B, T)))
    longer = np.concatenate([filled, rng.integers(0, V, (B, 3))], axis=1)
    more = np.concatenate([mask, np.zeros((B, 3), dtype=bool)], axis=1)
    row = int(mask.sum(axis=1).argmin())
    short = int(mask[row].sum())
    states = {
        "other tokens": message_of(encoder, filled, mask),
        "more padding": message_of(encoder, longer, more),
        "the shortest alone": message_of(encoder, tokens[row : row + 1, :short], mask[row : row + 1, :short]),
    }
    return {f"{part}, {name}": a for name, state in states.items() for part, a in parts_of(state).items()}


@check(exercise="encoder", weight=3, says=SENDS_BACK)
def padded_gradients(student, rng):
    """Token 0 stands only where the mask is False, the last token of the vocabulary too."""
    B, T, V, E, H = sizes(rng, 5, 4, 12)
    encoder = encoder_of(student, rng, V, E, H, LeakyPair)
    tokens, mask = texts(rng, B, T, V - 1)
    tokens = np.where(mask | (rng.random((B, T)) < 0.5), tokens, V - 1)
    reply(message_of(encoder, tokens, mask), rng.normal(size=(B, H)), rng).backward()
    padding = gradient(encoder.embedding.W)[[0, V - 1]]
    return {**encoder_gradients(encoder), "no row of padding": truth(not padding.any())}


# --- decoder -------------------------------------------------------------------------------------


def forced(decoder, state, tokens):
    """Logits (B, T, V) and last state when the decoder is told tokens (B, T)."""
    logits = []
    for token in tokens.T:
        now, state = step_of(decoder, token, state)
        logits.append(now)
    return stack(logits, axis=1), state


@check(exercise="decoder", weight=2, says=STEP)
def several_steps(student, rng):
    B, T, V, E, H = sizes(rng, 5, 4, 14)
    decoder = decoder_of(student, rng, V, E, H)
    logits, state = forced(decoder, some_state(rng, B, H), rng.integers(0, V, (B, T)))
    return {"logits": logits, "last state": state}


@check(exercise="decoder", weight=2, says=BOTH)
def pair_over_time(student, rng):
    B, T, V, E, H = sizes(rng, 5, 4, 14)
    decoder = decoder_of(student, rng, V, E, H, LeakyPair)
    logits, (h, c) = forced(decoder, some_state(rng, B, H, LeakyPair), rng.integers(0, V, (B, T)))
    return {"logits": logits, "h": h, "c": c}


@check(exercise="decoder", says=NOTHING_KEPT)
def two_conversations(student, rng):
    """Two batches of different sizes, a step of the one, then a step of the other."""
    A, B, T, V, E, H = sizes(rng, 6, 3, 14)
    decoder = decoder_of(student, rng, V, E, H, LeakyPair)
    states = [some_state(rng, n, H, LeakyPair) for n in (A, B)]
    tokens, got = [rng.integers(0, V, (n, T)) for n in (A, B)], {}
    for t in range(T):
        for k in (0, 1):
            got[f"logits {t + 1} of batch {k + 1}"], states[k] = step_of(decoder, tokens[k][:, t], states[k])
    return got


@check(exercise="decoder", weight=4, says=HAND_OVER)
def through_time(student, rng):
    """An encoder that is not yours hands (h, c) over; a loss on four steps' logits comes back."""
    B, T, V, E, H = sizes(rng, 5, 4, 12)
    decoder, reader = decoder_of(student, rng, V, E, H, LeakyPair), Reader(rng, V, E, H, LeakyPair)
    h, c = reader(words(rng, B, T, V))
    for part in (h, c):
        part.retain_grad()
    logits, _ = forced(decoder, (h, c), words(rng, B, 4, V))
    (logits * rng.normal(size=(B, 4, V))).sum().backward()
    return {
        **decoder_gradients(decoder),
        "gradient of h, handed over": gradient(h),
        "gradient of c, handed over": gradient(c),
        "the encoder's rows.grad": gradient(reader.rows),
        "the encoder's cell's keep.grad": gradient(reader.cell.keep),
        "the encoder's cell's W.grad": gradient(reader.cell.W),
    }


# --- shift-right ---------------------------------------------------------------------------------


@check(exercise="shift-right", weight=2, says=SHIFTED)
def any_shape(student, rng):
    """One sequence, one place, both, and many; `start` may be 0, and a target may equal it."""
    T = int(rng.integers(5, 20))
    shapes = {"one sequence": (1, T), "one place": (T, 1), "one of one": (1, 1), "many": (40, T)}
    return {name: shifted(student, rng.integers(0, 30, shape), start) for start, (name, shape) in enumerate(shapes.items())}


@check(exercise="shift-right", says=NO_PEEKING)
def from_any_place(student, rng):
    """All targets from place t on are exchanged, for each t in turn: what was put in up to t stays."""
    B, T = sizes(rng, 2, 4, 9)
    targets, start = rng.integers(2, 30, (B, T)), int(rng.integers(30, 40))
    first, changed = np.asarray(shifted(student, targets, start)), []
    for t in range(T):
        other = np.where(np.arange(T) < t, targets, targets + 50)
        changed.append((np.asarray(shifted(student, other, start)) != first).any(axis=0))
    return {"inputs": first, "places that change, by t": np.array(changed)}


@check(exercise="shift-right", says=UNTOUCHED)
def other_dtype(student, rng):
    B, T = sizes(rng, 2, 3, 9)
    got = {}
    for name, places in (("many places", T), ("one place", 1)):
        targets = rng.integers(2, 30, (B, places)).astype(np.int32)
        inputs = shifted(student, targets, 1)
        got[f"inputs, {name}"] = np.array(inputs)
        np.asarray(inputs)[...] = 0
        got[f"targets, {name}, when the inputs are overwritten"] = targets
    return got


# --- sequence-loss -------------------------------------------------------------------------------


@check(exercise="sequence-loss", weight=2, says=MEAN)
def masked_targets(student, rng):
    """Different lengths, and one sequence with a place left out in its midst."""
    B, T, V = sizes(rng, 3, 4, 12)
    logits, targets, mask = targets_of(rng, B, T, V)
    mask[mask.sum(axis=1).argmax(), 1] = False
    return {"loss": loss_of(student, Tensor(logits), targets, mask)}


@check(exercise="sequence-loss", says=CONTENTS)
def no_tokens(student, rng):
    """Behind the sequences stand -1, a million, and logits of any finite size; at last inf and NaN, with a loss alone."""
    B, T, V = sizes(rng, 3, 4, 12)
    logits, targets, mask = targets_of(rng, B, T, V)
    losses, gradients = [], []
    for nothing, size in ((0, 1.0), (-1, 300.0), (10**6, -1e5)):
        a = leaf(np.where(mask[..., None], logits, size * rng.normal(size=logits.shape)))
        loss = loss_of(student, a, np.where(mask, targets, nothing), mask)
        loss.backward()
        losses.append(loss.data)
        gradients.append(gradient(a))
    odd = rng.choice([np.inf, -np.inf, np.nan], logits.shape)
    with np.errstate(all="ignore"):
        losses.append(loss_of(student, Tensor(np.where(mask[..., None], logits, odd)), targets, mask).data)
    return {
        "losses": np.array(losses),
        "the same bits": truth(*(np.array_equal(losses[0], one) for one in losses)),
        "zero where the mask is False": truth(*(not g[~mask].any() for g in gradients)),
    }


@check(exercise="sequence-loss", says=ONE_NUMBER)
def masked_gradient(student, rng):
    B, T, V = sizes(rng, 3, 4, 12)
    logits, targets, mask = targets_of(rng, B, T, V)
    logits, weight, filled = leaf(logits), rng.uniform(0.5, 2), np.where(mask, targets, -1)
    (loss_of(student, logits, filled, mask) * weight).backward()
    return {"gradient of the logits": gradient(logits), "targets and mask afterwards": np.stack([filled, mask])}


# --- greedy-decode -------------------------------------------------------------------------------


@check(exercise="greedy-decode", weight=2, says=GREEDY)
def pair_state(student, rng):
    teller, start = teller_of(rng, 6, pair=True)
    return {"said": told(student, teller, teller.begin(rng, rng.integers(6, 12, 4)), start, 15)}


@check(exercise="greedy-decode", weight=3, says=ROW)
def many_rows(student, rng):
    """Some say `end` at once, some as their last word, some never."""
    teller, start = teller_of(rng, 6)
    length = int(rng.integers(7, 10))
    life = rng.permutation([1, 1, 2, 3, 5, length - 1, length, length + 1, length + 30])
    return {"said": told(student, teller, teller.begin(rng, life), start, length)}


@check(exercise="greedy-decode", weight=2, says=STOPS)
def times_asked(student, rng):
    """All end at once; all in time; the last with its last word allowed; one of them too late; one word is allowed."""
    got = {}
    for name, life, length in (
        ("at once", [1, 1], 9), ("in time", [3, 5, 2], 9), ("just in time", [4, 7], 7), ("too late", [2, 8], 7), ("one word", [5, 1], 1),
    ):
        teller, start = teller_of(rng, 4, pair=True)
        said = told(student, teller, teller.begin(rng, np.array(life)), start, length)
        got |= {f"said, {name}": said, f"times asked, {name}": np.array(len(teller.asked))}
    return got


@check(exercise="greedy-decode", weight=2, says=ALONE)
def every_row_alone(student, rng):
    teller, start = teller_of(rng, 6)
    state = teller.begin(rng, rng.permutation([1, 2, 4, 6, 9, 30]))
    together = told(student, teller, state, start, 10)
    return {
        "together": together,
        **{f"row {row} alone": told(student, teller, state[row : row + 1], start, 10) for row in range(6)},
    }


@check(exercise="greedy-decode", says=NO_TAPE)
def left_as_it_was(student, rng):
    """Gradients are there from before, and the state that is given is a leaf; decoded twice."""
    teller, start = teller_of(rng, 6, pair=True)
    for p in teller.parameters():
        p.grad = rng.normal(size=p.shape)
    h, clock = teller.begin(rng, np.array([3, 6]))
    h = leaf(h.data)
    said = [told(student, teller, (h, clock), start, 9) for _ in range(2)]
    on_tape = [recorded for _, recorded in teller.asked]
    logits, _ = teller.step(np.array([start, start]), (h, clock))
    return {
        "said first": said[0],
        "said again": said[1],
        **{f"parameter {k}, its gradient": np.stack([p.data, p.grad]) for k, p in enumerate(teller.parameters(), 1)},
        "off the tape": truth(not any(on_tape)),
        "afterwards on it": truth(logits.requires_grad),
        "h": h.data,
    }
