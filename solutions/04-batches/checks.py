"""The hidden checks of 04-batches: the public checks' sentences, tested harder.

They share one namespace with `public_checks.py`, which is read first: sentences and helpers are its.
"""

# --- pad -----------------------------------------------------------------------------------------


@check(exercise="pad", weight=2, says=RECTANGLE)
def many_sequences(student, rng):
    B, T, D = sizes(rng, 3, 10, 30)
    x, mask = pad_of(student, [rng.normal(size=(n, D)) for n in some_lengths(rng, B, T)])
    one, its_mask = pad_of(student, [rng.normal(size=(T, D))])
    return {"x": x, "mask": mask, "x of one": one, "mask of one": its_mask}


@check(exercise="pad", weight=2, says=OWN)
def zeros_inside(student, rng):
    """Rows of zeros at the beginning, in the midst and at the end of sequences."""
    D = int(rng.integers(2, 5))
    rows = [rng.normal(size=(n, D)) * (rng.random((n, 1)) < 0.5) for n in some_lengths(rng, 6, 8, 3)]
    for number, row in enumerate(rows):
        row[-1] = number % 2
    x, mask = pad_of(student, rows)
    return {"x": x, "mask": mask, "entries": np.array(mask.sum())}


@check(exercise="pad", weight=2, says=KINDS)
def axes_and_dtypes(student, rng):
    B, T, D, E = sizes(rng, 4, 3)
    lengths = some_lengths(rng, B, T)
    got = {}
    for name, shape, dtype in (("pictures", (D, E), np.float32), ("flags", (), bool), ("small tokens", (), np.int32)):
        x, mask = pad_of(student, [rng.integers(0, 2, (n, *shape)).astype(dtype) for n in lengths])
        got |= {name: x, f"mask of {name}": mask}
    return got


@check(exercise="pad", says=EMPTY)
def empty_ones(student, rng):
    got = {}
    for name, lengths in (("first", (0, 3, 1)), ("last", (2, 4, 0)), ("all but one", (0, 0, 2, 0))):
        x, mask = pad_of(student, [rng.normal(size=(n, 2)) for n in lengths])
        got |= {f"x, {name} empty": x, f"mask, {name} empty": mask}
    return got


# --- masked-mean ---------------------------------------------------------------------------------


@check(exercise="masked-mean", weight=2, says=MEAN)
def very_different_lengths(student, rng):
    """The mean of a batch is that of all its sequences' entries laid end to end."""
    lengths = [1, int(rng.integers(20, 30)), 2, int(rng.integers(8, 12))]
    mask = mask_of(lengths, 33)
    values = np.where(mask, rng.normal(size=mask.shape) + np.array([[5.0], [-1.0], [9.0], [2.0]]), 0.0)
    values[1, [3, 5]] = 0.0
    line = np.concatenate([row[:n] for row, n in zip(values, lengths, strict=True)])[None]
    batch = mean_of(student, values, mask)[0]
    laid = mean_of(student, line, np.ones(line.shape, dtype=bool))[0]
    return {"mean of the batch": batch, "less that of all entries in one row": batch.data - laid.data}


@check(exercise="masked-mean", says=AXES)
def more_axes(student, rng):
    B, T, D, E = sizes(rng, 4, 3)
    values, mask, _ = padded(rng, B, T, D * E)
    square, its_mask = rng.normal(size=(B, T, T)), mask_of([T - 1, *[1] * (B - 1)], T)
    mean, slope = mean_of(student, values.reshape(B, T, D, E), mask)
    return {"mean, four axes": mean, "its gradient": slope, "mean, (B, T, T)": mean_of(student, square, its_mask)[0]}


@check(exercise="masked-mean", weight=2, says=ANYTHING)
def inf_and_nan(student, rng):
    B, T, D = sizes(rng, 3, 4)
    values, mask, _ = padded(rng, B, T, D)
    odd = rng.choice([np.inf, -np.inf, np.nan, 1e300], size=values.shape)
    worse = np.where(mask[..., None], values, odd)
    with np.errstate(all="ignore"):
        mean, slope, again, slope_again = means(student, (values, worse), mask)
    return {
        "mean": again,
        "gradient": slope_again,
        "same bits: mean, gradient": same_bits((mean.data, slope), (again.data, slope_again)),
    }


@check(exercise="masked-mean", says=TENSOR, rtol=1e-5, atol=1e-6)
def single_precision(student, rng):
    values, mask, _ = padded(rng, *sizes(rng, 2, 3), 1)
    mean, slope = mean_of(student, values[..., 0].astype(np.float32), mask)
    return {"mean": mean, "gradient": slope}


@check(exercise="masked-mean", says=NOWHERE)
def nothing_but_padding(student, rng):
    values = rng.normal(size=sizes(rng, 3))
    mask = np.zeros(values.shape[:2], dtype=bool)
    none, slope = mean_of(student, values, mask)
    one = mask.copy()
    one[0, 0] = True
    return {"mean of nothing": none, "its gradient": slope, "mean of one place": mean_of(student, values, one)[0]}


# --- pack ----------------------------------------------------------------------------------------


@check(exercise="pack", weight=2, says=LAYOUT)
def equally_long(student, rng):
    """Many of each length, so that sorting in another way shows."""
    D = int(rng.integers(2, 5))
    lengths = rng.permutation(np.repeat([2, 5, 3], [7, 6, 8]))
    data, counts, order = pack_of(student, rng.normal(size=(len(lengths), 5, D)), lengths)
    return {"data": data, "sizes": counts, "order": order}


@check(exercise="pack", says=SIZES)
def a_gap_in_lengths(student, rng):
    """No sequence ends for several steps: sizes stay equal there."""
    T = int(rng.integers(12, 16))
    lengths = rng.permutation([1, 2, T, T - 1, 3])
    while turns_itself(np.argsort(-lengths)):
        lengths = rng.permutation(lengths)
    _, counts, order = pack_of(student, rng.normal(size=(5, T, 1)), [int(n) for n in lengths])
    return {"sizes": counts, "order": order}


@check(exercise="pack", weight=3, says=BACK)
def unpacked_in_order(student, rng):
    D = int(rng.integers(2, 5))
    got = {}
    for name, lengths in (("different", distinct_lengths(rng, 9, 12)), ("equal", rng.permutation(np.repeat([2, 6, 3], 3)))):
        x, back = unpack_of(student, laid_out(student, rng, lengths, D))
        got |= {f"x, {name} lengths": x, f"lengths, {name}": back}
    return got


@check(exercise="pack", weight=2, says=THROUGH)
def gradients_both(student, rng):
    B, T, D = 6, int(rng.integers(8, 11)), int(rng.integers(2, 5))
    lengths = distinct_lengths(rng, B, T)
    x, packed = Tensor(rng.normal(size=(B, T, D)), requires_grad=True), laid_out(student, rng, lengths, D)
    data, _, _ = pack_of(student, x, lengths)
    (data * rng.normal(size=data.shape)).sum().backward()
    back, _ = unpack_of(student, packed)
    (back * rng.normal(size=back.shape)).sum().backward()
    return {"x.grad": gradient(x), "data.grad": gradient(packed.data)}


@check(exercise="pack", says=BEHIND)
def more_behind(student, rng):
    """More steps than the longest sequence has, with NaN in them."""
    x, mask, lengths = to_pack(rng)
    B, _, D = x.shape
    wide = np.concatenate([np.where(mask[..., None], x, np.nan), np.full((B, 3, D), np.nan)], axis=1)
    leaf = Tensor(wide, requires_grad=True)
    first, again = pack_of(student, x, lengths), pack_of(student, leaf, lengths)
    (again[0] * rng.normal(size=again[0].shape)).sum().backward()
    return {
        "data": again[0],
        "sizes": again[1],
        "x.grad": gradient(leaf),
        "same bits": same_bits([first[0].data], [again[0].data]),
    }


@check(exercise="pack", says=EITHER, rtol=1e-5, atol=1e-6)
def single_and_empty(student, rng):
    D, lengths = int(rng.integers(2, 5)), [0, 3, 0, 2]
    data, counts, order = pack_of(student, rng.normal(size=(4, 3, D)).astype(np.float32), np.array(lengths))
    back, again = unpack_of(student, laid_out(student, rng, lengths, D, np.float32))
    kept = unpack_of(student, laid_out(student, rng, [2], D))[0]
    return {
        "data": data,
        "sizes": counts,
        "order": order,
        "unpacked x": back,
        "unpacked lengths": again,
        "Tensors, both": truth(isinstance(data, Tensor), isinstance(back, Tensor)),
        "a single sequence, unpacked": kept,
    }


# --- bidirectional -------------------------------------------------------------------------------


@check(exercise="bidirectional", weight=2, says=OUTPUTS)
def array_of_one_step(student, rng):
    """x as an array; one step, where both directions read the same; many steps."""
    B, D, H, G = sizes(rng, 4)
    net = two_way(student, *leaky_pair(rng, D, H, G))
    one = given(net(rng.normal(size=(B, 1, D)), mask_of([1] * B)), "Bidirectional's __call__")
    many = given(net(rng.normal(size=(B, 15, D)), mask_of([15] * B)), "Bidirectional's __call__")
    return {"one step": one, "fifteen steps": many}


@check(exercise="bidirectional", weight=3, says=ENDS)
def own_ends(student, rng):
    """Lengths from one to many, and steps behind all of them; cells of one size, and of two."""
    D, H, G = sizes(rng, 3)
    lengths, got = rng.permutation([1, 1, 2, 5, 9, 12]), {}
    mask = mask_of(lengths, 14)
    for name, size in (("one size", H), ("two sizes", G)):
        net = two_way(student, *leaky_pair(rng, D, H, size))
        got[f"outputs, cells of {name}"] = outputs_of(net, np.where(mask[..., None], rng.normal(size=(6, 14, D)), 0.0), mask)
    return got


@check(exercise="bidirectional", weight=2, says=CONTENTS)
def garbage_and_gradients(student, rng):
    B, T, D, H, G = sizes(rng, 5, 3, 9)
    cells = leaky_pair(rng, D, H, G)
    x, mask, _ = padded(rng, B, T, D)
    cotangent = rng.normal(size=(B, T, H + G))
    first = with_gradients(student, cells, x, mask, cotangent)
    again = with_gradients(student, cells, other_padding(rng, x, mask, 1e6), mask, cotangent)
    return {
        "outputs": again["outputs"],
        "x.grad": again["x.grad"],
        "same bits: outputs and all gradients": same_bits(first.values(), again.values()),
    }


@check(exercise="bidirectional", weight=2, says=ALONE)
def each_alone(student, rng):
    B, T, D, H, G = sizes(rng, 5, 4, 10)
    net = two_way(student, *leaky_pair(rng, D, H, G))
    x, mask, lengths = padded(rng, B, T, D)
    batch = outputs_of(net, x, mask).data
    got = {}
    for row, n in enumerate(lengths):
        alone = outputs_of(net, x[row : row + 1, :n], mask[row : row + 1, :n]).data[0]
        got |= {f"row {row} alone": alone, f"row {row} in the batch, less alone": batch[row, :n] - alone}
    return got


@check(exercise="bidirectional", says=TURNED)
def swapped_and_padded(student, rng):
    B, T, D, H, G = sizes(rng, 5, 4, 10)
    a, b = leaky_pair(rng, D, H, G)
    x, mask, lengths = padded(rng, B, T, D)
    one = outputs_of(two_way(student, a, b), x, mask).data
    two = turned_round(outputs_of(two_way(student, b, a), turned_round(x, lengths), mask).data, lengths)
    return {"outputs": one, "less those turned round": one - np.concatenate([two[..., G:], two[..., :G]], axis=2)}


@check(exercise="bidirectional", weight=3, says=REACHES)
def gradients_padded(student, rng):
    B, T, D, H, G = sizes(rng, 5, 4, 10)
    cells = leaky_pair(rng, D, H, G)
    x, mask, _ = padded(rng, B, T, D)
    return with_gradients(student, cells, x, mask, rng.normal(size=(B, T, H + G)))


# --- tagger --------------------------------------------------------------------------------------


@check(exercise="tagger", weight=2, says=LOGITS)
def padded_sentences(student, rng):
    B, T, D, H, K = sizes(rng, 5, 3, 12)
    model = tagger_of(student, rng, D, H, K)
    x, mask, _ = padded(rng, B, T, D)
    first = tag_logits(model, x, mask).data[mask]
    x, mask, _ = padded(rng, B + 1, T, D)
    return {"logits": first, "of a second batch": tag_logits(model, x, mask).data[mask]}


@check(exercise="tagger", says=KNOWS)
def tagger_alone(student, rng):
    """A sentence alone, and with others' padding behind it."""
    B, T, D, H, K = sizes(rng, 5, 3, 12)
    model = tagger_of(student, rng, D, H, K)
    x, mask, lengths = padded(rng, B, T, D)
    row = int(lengths.argmin())
    short = int(lengths[row])
    alone = tag_logits(model, x[row : row + 1, :short], mask[row : row + 1, :short]).data[0]
    batch = tag_logits(model, other_padding(rng, x, mask), mask).data[row, :short]
    return {"alone": alone, "in the batch, less alone": batch - alone}


@check(exercise="tagger", says=TAGGER_REACHES)
def tagger_gradients_padded(student, rng):
    B, T, D, H, K = sizes(rng, 5, 3, 12)
    model = tagger_of(student, rng, D, H, K)
    x, mask, _ = padded(rng, B, T, D)
    leaf = Tensor(x, requires_grad=True)
    logits = tag_logits(model, leaf, mask)
    (logits * (rng.normal(size=(B, T, K)) * mask[..., None])).sum().backward()
    return {
        "head.W.grad": gradient(model.head.W),
        "head.b.grad": gradient(model.head.b),
        "birnn's W.grad": gradient(model.birnn.W),
        "x.grad": gradient(leaf),
    }
