"""The hidden checks of 05-training: the public checks' sentences, tested harder.

They share one namespace with `public_checks.py`, which is read first: sentences and helpers are its.
"""

# --- tbptt ---------------------------------------------------------------------------------------


@check(exercise="tbptt", weight=2, says=FORWARD)
def uneven_chunks(student, rng):
    """Eleven steps in chunks of 1, 4, 11 and 20, for a state (h, c)."""
    cell, x, _, B = setting(rng, 11, kind=LeakyPair)
    got = {}
    for chunk in (1, 4, 11, 20):
        loss = Watch(rng, cell, B, 11)
        _, (h, c) = truncated(student, cell, x, cell.initial_state(B), chunk, loss)
        got |= {f"outputs, chunk {chunk}": np.concatenate(loss.outputs, axis=1), f"h, chunk {chunk}": h, f"c, chunk {chunk}": c}
    return got


@check(exercise="tbptt", says=LOSSES)
def losses_of_uneven_chunks(student, rng):
    cell, x, loss, B = setting(rng, 11, kind=LeakyPair)
    losses, _ = truncated(student, cell, x, cell.initial_state(B), 4, loss)
    return numbers(losses)


@check(exercise="tbptt", weight=6, says=BORDER)
def border_of_a_pair(student, rng):
    """Eleven steps in chunks of four; the loss looks at one chunk alone, at each in turn."""
    cell, x, _, B = setting(rng, 11, kind=LeakyPair)
    got = {}
    for number, start in enumerate((0, 4, 8), 1):
        x.grad, stop = None, min(start + 4, 11)
        loss = Watch(rng, cell, B, 11, only=list(range(start, stop)))
        truncated(student, cell, x, cell.initial_state(B), 4, loss)
        got[f"inputs' gradient of chunk {number}'s loss"] = gradient(x)
        got[f"zero outside chunk {number}"] = truth(not gradient(x)[:, :start].any(), not gradient(x)[:, stop:].any())
    return got


@check(exercise="tbptt", weight=4, says=AT_ONCE)
def all_gradients(student, rng):
    cell, x, loss, B = setting(rng, 11, kind=LeakyPair)
    cell.keep.grad, cell.W.grad = rng.normal(size=cell.keep.shape), rng.normal(size=cell.W.shape)
    truncated(student, cell, x, cell.initial_state(B), 4, loss)
    return {
        "keep.grad, at each call of loss": np.array(loss.grads),
        "keep.grad": gradient(cell.keep),
        "W.grad": gradient(cell.W),
        "x.grad": gradient(x),
        "gradient of what the loss has of its own": gradient(loss.head),
    }


@check(exercise="tbptt", weight=2, says=ENDS)
def ends_of_a_pair(student, rng):
    cell, x, loss, B = setting(rng, 9, kind=LeakyPair)
    state = leaf(rng.normal(size=(B, cell.hidden_size))), leaf(rng.normal(size=(B, cell.hidden_size)))
    truncated(student, cell, x, state, 3, loss)
    losses, _ = truncated(student, cell, x, None, 3, loss)
    return {
        "gradient of h": gradient(state[0]),
        "gradient of c": gradient(state[1]),
        "losses, state None": numbers(losses)["losses"],
        "times the initial state was asked for": np.array(cell.asked),
    }


@check(exercise="tbptt", says=OFF_TAPE)
def pair_off_tape(student, rng):
    """One chunk is as long as the sequence: even then both parts of the state come back off the tape."""
    cell, x, loss, B = setting(rng, 6, kind=LeakyPair)
    _, (h, c) = truncated(student, cell, x, cell.initial_state(B), 6, loss)
    return {"h": h, "c": c, **{f"{name} off the tape": truth(not getattr(s, "requires_grad", False)) for name, s in (("h", h), ("c", c))}}


# --- recurrent-dropout ---------------------------------------------------------------------------


@check(exercise="recurrent-dropout", weight=2, says=MASK)
def mean_of_masks(student, rng):
    """Six p, a thousand sequences: what is read is h in the mean, to within six standard errors."""
    got = {}
    for number, p in enumerate(np.arange(1, 7) / 10 + 0.1 * rng.random(6), 1):
        cell = Diary(rng, 200)
        run(dropout(student, cell, p, rng), np.zeros((1000, 1, 200)))
        m = factors(cell)
        mean, share = np.sqrt(p / (1 - p) / m.size), np.sqrt(p * (1 - p) / m.size)
        got[f"largest factor {number}"] = m.max()
        got[f"mean 1, share p {number}"] = truth(abs(m.mean() - 1) < 6 * mean, abs((m == 0).mean() - p) < 6 * share)
    return got


@check(exercise="recurrent-dropout", weight=4, says=ONE)
def over_sequences(student, rng):
    """Recurrent, twice from the beginning; then on from the second's last state, with the second's mask."""
    B, H, T, p = 20, 12, 6, rng.uniform(0.3, 0.6)
    cell = Diary(rng, H)
    drop = dropout(student, cell, p, rng)
    first_state(drop, B)
    recurrent, got, kept, last = Recurrent(drop), {}, [], None
    for name in ("first", "second"):
        x, since = rng.normal(size=(B, T, H)), len(cell.seen)
        outputs, last = recurrent(x)
        kept.append(factors(cell, since) != 0)
        states, start = np.moveaxis(outputs.data, 1, 0), np.tile(cell.first, (B, 1))
        merged = split(kept[-1], states, x, start, cell.keep.data, p)
        got |= {f"{name}: {key}": value for key, value in merged.items()}
    since = len(cell.seen)
    recurrent(rng.normal(size=(B, T, H)), last)
    return {
        **got,
        "another mask for the second": truth((kept[0] != kept[1]).any()),
        "going on, the same mask": truth(((np.array(cell.seen[since:]) != 0) == kept[1]).all()),
    }


@check(exercise="recurrent-dropout", weight=2, says=ROWS)
def from_rng(student, rng):
    B, H, p = 60, 30, rng.uniform(0.4, 0.6)
    seed, x = int(rng.integers(2**31)), rng.normal(size=(B, 1, H))
    masks, cell = [], Diary(rng, H)
    for s in (seed, seed, seed + 1):
        np.random.seed(len(masks))
        drop = given(student.RecurrentDropout(cell, p, np.random.default_rng(s)), "RecurrentDropout")
        for _ in range(2):
            since = len(cell.seen)
            run(drop, x)
            masks.append(factors(cell, since))
    one, two, same, again, other, _ = masks
    kept = one != 0
    return {
        "largest factor": one.max(),
        "one rng, one sequence of masks": truth((one == same).all(), (two == again).all()),
        "another mask for the next, and for another rng": truth((one != two).any(), (one != other).any()),
        **differing(kept),
    }


@check(exercise="recurrent-dropout", weight=3, says=ONLY_H)
def pair_over_time(student, rng):
    B, H, T, p = 6, 9, 4, rng.uniform(0.3, 0.6)
    cell, x = DiaryPair(rng, H), rng.normal(size=(B, T, H))
    states = run(dropout(student, cell, p, rng), x)
    kept, keep = factors(cell) != 0, cell.keep.data
    h, c, all_kept, all_dropped = np.tile(cell.first, (B, 1)), 0.5 * np.tile(cell.first[::-1], (B, 1)), [], []
    for t in range(T):
        c = c * keep + x[:, t]
        h = c + keep * h / (1 - p)
        all_kept.append(np.where(kept, states[t][0].data, h))
        all_dropped.append(np.where(kept, c, states[t][0].data))
    return {
        "c": np.array([s[1].data for s in states]),
        "h, where kept": np.array(all_kept),
        "h, where dropped": np.array(all_dropped),
    }


@check(exercise="recurrent-dropout", weight=2, says=EVALUATION)
def nothing_drawn(student, rng):
    """Two wrappers with generators of one seed; only one of them is evaluated before it trains."""
    B, H, p, seed = 40, 20, rng.uniform(0.3, 0.6), int(rng.integers(2**31))
    x, keep, seen = rng.normal(size=(B, 3, H)), rng.uniform(0.4, 0.9, H), []
    got = {}
    for evaluated in (False, True):
        cell = Diary(np.random.default_rng(5), H)
        cell.keep.data[...] = keep
        drop = given(student.RecurrentDropout(cell, p, np.random.default_rng(seed)), "RecurrentDropout")
        if evaluated:
            drop.eval()
            got["states in evaluation"] = np.array([s.data for s in run(drop, x)])
            drop.train()
        since = len(cell.seen)
        run(drop, x)
        seen.append(factors(cell, since))
    return {**got, "the same mask afterwards": truth((seen[0] == seen[1]).all(), (seen[1] == 0).any())}


@check(exercise="recurrent-dropout", weight=2, says=DROPPED)
def gradients_through_time(student, rng):
    """The last of four states; a dropped entry's gradient reaches the last input and nothing before."""
    B, H, T, p = 6, 9, 4, rng.uniform(0.3, 0.6)
    cell = Diary(rng, H)
    drop, h0, x = dropout(student, cell, p, rng), leaf(np.tile(cell.first, (B, 1))), leaf(rng.normal(size=(B, T, H)))
    first_state(drop, B)
    weights = rng.normal(size=(B, H))
    (run(drop, x, h0)[-1] * weights).sum().backward()
    kept, share = factors(cell) != 0, cell.keep.data / (1 - p)
    early = {f"gradient of x[:, {t}], where kept": np.where(kept, gradient(x)[:, t], weights * share ** (T - 1 - t)) for t in range(T)}
    return {
        **early,
        "gradient of h0, where kept": np.where(kept, gradient(h0), weights * share**T),
        "zero where dropped": truth(not gradient(h0)[~kept].any(), not gradient(x)[:, :-1][np.repeat(~kept[:, None], T - 1, 1)].any()),
        "gradient of the last input, where dropped": np.where(kept, weights, gradient(x)[:, -1]),
    }


@check(exercise="recurrent-dropout", says=P)
def nothing_dropped(student, rng):
    B, H, T = 5, 8, 5
    cell = Diary(rng, H)
    return {"states for p = 0": np.array([s.data for s in run(dropout(student, cell, 0.0, rng), rng.normal(size=(B, T, H)))])}


# --- batch-norm ----------------------------------------------------------------------------------


@check(weight=2, says=NORM, **PASS)
def masked_batch(student, rng):
    """Lengths differ, one sequence has a gap; eps is large enough to be seen."""
    B, T, F = sizes(rng, 3, 5, 12)
    x, mask = padded(rng, B, T, F)
    mask[mask.sum(axis=1).argmax(), 1] = False
    return {"output": normed(batch_norm(student, F, rng, eps=rng.uniform(0.2, 0.9)), x, mask)}


@check(weight=3, says=PADDING, **PASS)
def padding_contents(student, rng):
    """The same batch with three fillings, as a leaf each time."""
    B, T, F = sizes(rng, 3, 4, 10)
    x, mask = padded(rng, B, T, F)
    gain, weights, got = rng.uniform(0.5, 2, F), rng.normal(size=(B, T, F)), {}
    for filling in (0.0, 1.0, -300.0):
        norm = batch_norm(student, F)
        norm.gain.data[...] = gain
        norm.bias.data[...] = 1 + gain
        filled = leaf(np.where(mask[..., None], x, filling * (1 + rng.random((B, T, F)))))
        output = normed(norm, filled, mask)
        (output * weights).sum().backward()
        got |= {f"output, filling {filling:g}": output, f"x.grad, filling {filling:g}": gradient(filled)}
        got[f"zero, filling {filling:g}"] = truth(not output.data[~mask].any(), not gradient(filled)[~mask].any())
    return got


@check(weight=3, says=RUNNING, **PASS)
def many_passes(student, rng):
    """Four batches of other sizes and lengths; the padding holds large numbers. Four more without a mask."""
    F = int(rng.integers(3, 8))
    norm = batch_norm(student, F, rng, momentum=rng.uniform(0.2, 0.5))
    standing = batch_norm(student, F)
    for _ in range(4):
        B, T = sizes(rng, 2, 3, 12)
        normed(norm, *padded(rng, B, T, F, filling=100.0))
        normed(standing, padded(rng, B, T, F)[0])
    kinds = [type(a) is np.ndarray for a in (norm.running_mean, norm.running_var)]
    left_out = {f"{k}, mask and momentum left out": v for k, v in statistics(standing).items()}
    return {**statistics(norm), **left_out, "still plain arrays": truth(*kinds)}


@check(weight=2, says=ALONE, **PASS)
def alone(student, rng):
    """After two training passes: a batch in evaluation, each sequence by itself, the statistics after that."""
    B, T, F = sizes(rng, 3, 4, 10)
    norm = batch_norm(student, F, rng, momentum=0.5)
    for _ in range(2):
        normed(norm, *padded(rng, B, T, F))
    norm.eval()
    x, mask = padded(rng, B, T, F, filling=70.0)
    together = normed(norm, x, mask)
    singles = [normed(norm, x[i : i + 1], mask[i : i + 1]).data for i in range(B)]
    return {"together": together, "one by one": np.concatenate(singles), **statistics(norm)}


@check(weight=3, says=THROUGH, **PASS)
def masked_gradients(student, rng):
    B, T, F = sizes(rng, 3, 4, 10)
    norm, (x, mask) = batch_norm(student, F, rng), padded(rng, B, T, F)
    x = leaf(x)
    output = normed(norm, x, mask)
    (output * output * rng.normal(size=(B, T, F))).sum().backward()
    return {"x.grad": gradient(x), "gain.grad": gradient(norm.gain), "bias.grad": gradient(norm.bias)}
