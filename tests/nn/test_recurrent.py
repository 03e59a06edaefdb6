"""Any cell over time: state, mask, reverse, layers. The cells are leaky integrators."""

import numpy as np
import pytest

from minigrad import Tensor
from minigrad.gradcheck import gradcheck
from minigrad.nn import Module, Parameter, Recurrent, Stacked

B, T, D = 3, 5, 2


class Leaky(Module):
    """h' = decay h + x; hidden_size == D."""

    hidden_size = D

    def __init__(self, decay=0.5):
        self.decay = Parameter(np.full(D, decay))

    def initial_state(self, batch):
        return Tensor(np.zeros((batch, D)))

    def __call__(self, x, h):
        return self.decay * h + x


class Pair(Leaky):
    """(h, c) with c a count of steps."""

    def initial_state(self, batch):
        return Tensor(np.zeros((batch, D))), Tensor(np.zeros((batch, 1)))

    def __call__(self, x, state):
        h, c = state
        return self.decay * h + x, c + 1.0


def leaf(*shape, seed=0):
    return Tensor(np.random.default_rng(seed).standard_normal(shape), requires_grad=True)


def by_hand(x, h, mask, decay=0.5, reverse=False):
    outputs = np.zeros_like(x)
    for t in reversed(range(T)) if reverse else range(T):
        new = decay * h + x[:, t]
        h = np.where(mask[:, t, None], new, h)
        outputs[:, t] = np.where(mask[:, t, None], new, 0)
    return outputs, h


MASKS = [
    np.ones((B, T), bool),
    np.arange(T) < np.array([[5], [3], [0]]),
    np.random.default_rng(3).random((B, T)) < 0.5,
]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("mask", MASKS)
def test_against_a_loop_by_hand(mask, reverse):
    x, h = leaf(B, T, D), leaf(B, D, seed=1)
    layer = Recurrent(Leaky(), reverse=reverse)
    outputs, final = layer(x, h, mask)
    expected, last = by_hand(x.data, h.data, mask, reverse=reverse)
    assert np.array_equal(outputs.data, expected)
    assert np.array_equal(final.data, last)
    assert gradcheck(lambda x, h, _: layer(x, h, mask)[0], x, h, layer.cell.decay)
    assert gradcheck(lambda x, h, _: layer(x, h, mask)[1], x, h, layer.cell.decay)


def test_a_full_mask_is_no_mask():
    x, layer = leaf(B, T, D), Recurrent(Pair())
    a, (ha, ca) = layer(x)
    b, (hb, cb) = layer(x, mask=Tensor(MASKS[0]))
    assert all(np.array_equal(p.data, q.data) for p, q in ((a, b), (ha, hb), (ca, cb)))


def test_tuple_states():
    mask = MASKS[1]
    outputs, state = Recurrent(Pair())(leaf(B, T, D), mask=mask)
    assert isinstance(state, tuple)
    assert state[1].data[:, 0].tolist() == mask.sum(1).tolist()
    assert np.array_equal(outputs.data, by_hand(leaf(B, T, D).data, np.zeros((B, D)), mask)[0])


def test_masked_contents_change_no_bit():
    x, mask = leaf(B, T, D).data, MASKS[1]
    outputs, final = Recurrent(Leaky())(x, mask=mask)
    noisy, other = Recurrent(Leaky())(np.where(mask[..., None], x, np.nan), mask=mask)
    assert np.array_equal(outputs.data, noisy.data)
    assert np.array_equal(final.data, other.data)


class Weighted(Leaky):
    """h' = decay h + x W."""

    def __init__(self):
        super().__init__()
        self.W = Parameter(np.arange(1.0, 1 + D * D).reshape(D, D))

    def __call__(self, x, h):
        return self.decay * h + x @ self.W


@pytest.mark.parametrize("filler", [0.0, 7.0, np.nan, np.inf])
def test_masked_contents_reach_no_gradient(filler):
    x, mask = leaf(B, T, D).data, MASKS[2]
    gradients = []
    for padding in (0.0, filler):
        cell, padded = Weighted(), Tensor(np.where(mask[..., None], x, padding), requires_grad=True)
        outputs, final = Recurrent(cell)(padded, mask=mask)
        ((outputs * outputs).sum() + final.sum()).backward()
        gradients.append([cell.W.grad, cell.decay.grad, padded.grad])
    assert all(np.array_equal(a, b) for a, b in zip(*gradients, strict=True))


def test_going_on_from_a_state():
    x, layer = leaf(B, T, D), Recurrent(Pair())
    whole, end = layer(x)
    first, state = layer(x[:, :2])
    second, other = layer(x[:, 2:], state)
    assert np.array_equal(whole.data, np.concatenate([first.data, second.data], axis=1))
    assert np.array_equal(end[0].data, other[0].data)


def test_no_steps():
    outputs, state = Recurrent(Leaky())(np.zeros((B, 0, D), np.float32))
    assert outputs.shape == (B, 0, D)
    assert outputs.dtype == np.float32
    assert state.shape == (B, D)


def test_parameters_are_the_cells():
    assert [name for name, _ in Recurrent(Leaky()).named_parameters()] == ["cell.decay"]


def test_stacked():
    x, lower, upper = leaf(B, T, D), Recurrent(Leaky()), Recurrent(Pair(0.3), reverse=True)
    stacked = Stacked(lower, upper)
    outputs, (a, b) = stacked(x, mask=MASKS[2])
    middle, c = lower(x, mask=MASKS[2])
    expected, d = upper(middle, mask=MASKS[2])
    assert np.array_equal(outputs.data, expected.data)
    assert np.array_equal(a.data, c.data)
    assert np.array_equal(b[1].data, d[1].data)
    again, _ = stacked(x, (a, b))
    assert not np.array_equal(again.data, stacked(x)[0].data)
    assert len(stacked.parameters()) == 2


def test_refusals():
    with pytest.raises(ValueError, match=r"x must be \(B, T, D\), got \(3, 5\)"):
        Recurrent(Leaky())(leaf(B, T))
    with pytest.raises(ValueError, match=r"mask of shape \(3, 4\)"):
        Recurrent(Leaky())(leaf(B, T, D), mask=np.ones((3, 4), bool))
    with pytest.raises(ValueError, match="at least one layer"):
        Stacked()
    with pytest.raises(ValueError, match="1 states for 2 layers"):
        Stacked(Recurrent(Leaky()), Recurrent(Leaky()))(leaf(B, T, D), (None,))


class Single(Leaky):
    """The same in float32."""

    def __init__(self):
        self.decay = Parameter(np.full(D, 0.5, "f"))

    def initial_state(self, batch):
        return Tensor(np.zeros((batch, D), "f"))


class Nested(Leaky):
    """Cells in a cell: a tuple of tuples."""

    def initial_state(self, batch):
        zeros = Tensor(np.zeros((batch, D)))
        return zeros, (zeros, zeros)

    def __call__(self, x, state):
        h, (a, b) = state
        return self.decay * h + x, (a + b, a)


class Drawing(Leaky):
    """Its initial state is drawn, as a mask of dropout is."""

    def __init__(self):
        super().__init__()
        self.drawn = 0

    def initial_state(self, batch):
        self.drawn += 1
        return super().initial_state(batch)


def test_a_state_that_is_given_asks_for_no_initial_one():
    layer = Recurrent(Drawing())
    _, state = layer(leaf(B, T, D))
    layer(leaf(B, T, D), state)
    assert layer.cell.drawn == 1


def test_an_error_of_the_cell_stays_its_own():
    class Broken(Leaky):
        def __call__(self, x, h):
            raise ValueError("of my own")

    with pytest.raises(ValueError, match=r"^of my own$"):
        Recurrent(Broken())(leaf(B, T, D), leaf(B, D))


def test_a_state_that_fits_is_taken():
    x = leaf(B, T, D)
    for layer in (Recurrent(Nested()), Recurrent(Single())):
        for mask in (None, MASKS[1]):
            _, state = layer(x, mask=mask)
            layer(x, state, mask)  # also where float64 in x has made it one of float64


class Forgetful(Leaky):
    def __init__(self, returned):
        super().__init__()
        self.returned = returned

    def __call__(self, x, h):
        return self.returned and self.returned(super().__call__(x, h))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (
            lambda: Recurrent(Leaky),
            "Recurrent: cell is the class Leaky; it must be a cell, with initial_state",
        ),
        (lambda: Recurrent(np.tanh), "Recurrent: cell is an? ufunc; it must be a cell"),
        (lambda: Recurrent(Leaky())(None), "Recurrent: x is None; it must be a Tensor"),
        (lambda: Recurrent(Leaky())(leaf(B, T, D), MASKS[1]), r"state is an array .* a mask goes to mask="),
        (
            lambda: Recurrent(Leaky())(leaf(B, T, D), [leaf(B, D)]),
            "state is a list; .* or a tuple of Tensors",
        ),
        (
            lambda: Recurrent(Leaky())(leaf(B, T, D), leaf(1, D)),
            r"a state of shape \(1, 2\) for a batch of 3",
        ),
        (
            lambda: Recurrent(Pair())(leaf(B, T, D), (leaf(2, D), leaf(2, 1))),
            r"a state of shape \(2, 2\) for a batch of 3 sequences",
        ),
        (
            lambda: Recurrent(Leaky())(leaf(B, T, D), (leaf(B, D), leaf(B, 1))),
            r"state is a tuple of 2: \(.*\); Leaky takes a Tensor of sh",
        ),
        (
            lambda: Recurrent(Leaky())(leaf(B, T, D), (leaf(B, D),)),
            r"state is a tuple of 1: .*; Leaky takes a Tensor of shape \(3, 2\)",
        ),
        (
            lambda: Recurrent(Pair())(leaf(2, T, D), leaf(2, D)),  # which would fall into two rows
            r"state is a Tensor of shape \(2, 2\); .* a tuple of 2: \(a Tensor of shape \(2, 2\), a",
        ),
        (
            lambda: Recurrent(Pair())(leaf(B, T, D), (leaf(B, D), None)),
            r"state is a tuple of 2: \(a Tensor of shape \(3, 2\), None\); Pair takes",
        ),
        (
            lambda: Recurrent(Leaky())(leaf(B, T, D), leaf(B, 1)),  # which would broadcast
            r"state is a Tensor of shape \(3, 1\); .* a Tensor of shape \(3, 2\)",
        ),
        (
            lambda: Recurrent(Pair())(leaf(B, T, D), (leaf(B, 1), leaf(B, 1))),
            r"state is a tuple of 2: .*\(3, 1\).*; Pair takes a tuple of 2: \(a Tensor of shape \(3, 2\)",
        ),
        (
            lambda: Recurrent(Leaky())(leaf(B, T, D), np.zeros((B, D), int)),
            r"state is of int64; it must be of float64: use .astype\('float64'\)",
        ),
        (
            lambda: Recurrent(Single())(leaf(B, T, D).astype("f"), leaf(B, D)),
            r"state is of float64; it must be of float32: use .astype\('float32'\)",
        ),
        (
            lambda: Stacked(Recurrent(Leaky()), Recurrent(Leaky()))(leaf(2, T, D), leaf(2, D)),
            r"Stacked: state is a Tensor of shape \(2, 2\); it must be a tuple with the state of each",
        ),
        (lambda: Recurrent(Leaky())(leaf(B, T, D), mask=[5, 3, 0]), r"mask of shape \(3,\) does not fit"),
        (
            lambda: Recurrent(Leaky())(leaf(B, T, D), mask=np.full((B, T), np.nan)),
            r"Recurrent: a mask \(3, 5\) holds True and False, not other numbers",
        ),
        (
            lambda: Recurrent(Forgetful(None))(leaf(B, T, D)),
            "Forgetful returned None, not a Tensor, or a tupl",
        ),
        (lambda: Recurrent(Forgetful(lambda h: [h, h]))(leaf(B, T, D)), "Forgetful returned a list, not"),
        (
            lambda: Recurrent(Forgetful(lambda h: h.data))(leaf(B, T, D)),
            r"Forgetful returned an array of shape \(3, 2\), not a Tensor",
        ),
        (
            lambda: Recurrent(Forgetful(lambda h: ()))(leaf(B, T, D)),
            "Forgetful returned a tuple of 0.* not a T",
        ),
        (
            lambda: Recurrent(Forgetful(lambda h: ((h, h), h)))(leaf(B, T, D)),
            r"returned a tuple of 2: \(a tuple of 2: .* of which the first is its output",
        ),
        (
            lambda: Recurrent(Pair())(leaf(B, T, D), ((leaf(B, D), leaf(B, 1)),)),
            r"state is a tuple of 1: \(a tuple of 2: .*; Pair takes a tuple of 2: \(a Tensor",
        ),
        (lambda: Stacked([Recurrent(Leaky())]), "Stacked: layer 0 is a list; it must be what runs over time"),
    ],
)
def test_a_wrong_call_is_told_what_is_wanted(call, says):
    with pytest.raises((TypeError, ValueError), match=says):
        call()


RETURNED = {
    "one row": (lambda h: h[:1], r"a Tensor of shape \(1, 2\); its output must have a row for each of 3 seq"),
    "no row": (lambda h: h.sum(), r"a Tensor of shape \(\); its output must have a row for each of 3"),
    "a tuple": (
        lambda h: (h, (h,)),
        r"a tuple of 2: .*; it must be of the form .*, a Tensor of shape \(3, 2\)",
    ),
    "wider": (
        lambda h: h @ np.ones((D, 2 * D)),
        r".*\(3, 4\); it must be of the shapes of the state",
    ),
    "narrower": (
        lambda h: h[:, :1],
        r".*\(3, 1\); it must be of the shapes of the state before it, .*\(3, 2\)",
    ),
    "an array": (lambda h: h.data, "an array of shape"),
}


@pytest.mark.parametrize("given", [False, True], ids=["initial", "given"])
@pytest.mark.parametrize("mask", [None, np.tri(B, T) > 0], ids=["whole", "masked"])
@pytest.mark.parametrize("name", RETURNED)
def test_a_cell_that_returns_no_state_of_its_own_is_named(name, mask, given):
    returned, says = RETURNED[name]
    layer = Recurrent(Forgetful(returned))
    with pytest.raises((TypeError, ValueError), match=f"^Recurrent: Forgetful returned {says}"):
        layer(leaf(B, T, D), leaf(B, D) if given else None, mask)


@pytest.mark.parametrize("mask", [None, np.tri(B, T) > 0], ids=["whole", "masked"])
@pytest.mark.parametrize(
    "start", [Tensor(np.zeros((1, D))), Tensor(0.0), 0.0, np.zeros(D)], ids=["row", "()", "0", "(D,)"]
)
def test_an_initial_state_may_be_one_for_all_sequences(start, mask):
    class Started(Leaky):
        def initial_state(self, batch):
            return start

    x = leaf(B, T, D)
    assert np.array_equal(
        Recurrent(Started())(x, mask=mask)[0].data, Recurrent(Leaky())(x, mask=mask)[0].data
    )


@pytest.mark.parametrize("empty", [np.zeros((0, T, D)), np.zeros((0, 0, D)), np.zeros((B, 0, D))])
def test_no_sequences_and_no_steps(empty):
    x = Tensor(empty, requires_grad=True)
    stacked = Stacked(Recurrent(Leaky()), Recurrent(Pair(), reverse=True))
    outputs, (h, (other, count)) = stacked(x, mask=np.ones(empty.shape[:2], bool))
    assert outputs.shape == empty.shape
    assert h.shape == other.shape == (len(empty), D)
    assert count.shape == (len(empty), 1)


def test_a_mask_of_all_false_carries_the_state():
    x, h = leaf(B, T, D), leaf(B, D, seed=1)
    layer = Recurrent(Leaky())
    outputs, last = layer(x, h, np.zeros((B, T), bool))
    assert not outputs.data.any()
    assert np.array_equal(last.data, h.data)
    (outputs.sum() + last.sum()).backward()
    assert not x.grad.any()
    assert (h.grad == 1).all()
    assert not layer.cell.decay.grad.any()


LATER = {
    "wider": (lambda h: h @ np.ones((D, 2 * D)), ValueError, r"\(3, 4\) at t = 2; it must be of the shapes"),
    "rows": (lambda h: h[:1], ValueError, r"\(1, 2\) at t = 2; its output must have a row for each of 3"),
    "two": (lambda h: (h, h), TypeError, r"tuple of 2: .* at t = 2; it must be of the form .* \(3, 2\)"),
    "array": (lambda h: h.data, TypeError, r"an array .* at t = 2, not a Tensor"),
    "nothing": (lambda h: None, TypeError, "None at t = 2, not a Tensor"),
    "single": (
        lambda h: h.astype("f"),
        TypeError,
        r"float32 \(3, 2\) at t = 2, and float64 \(3, 2\) in its f",
    ),
}


@pytest.mark.parametrize("mask", [None, np.tri(B, T) > 0], ids=["whole", "masked"])
@pytest.mark.parametrize("name", LATER)
def test_a_cell_that_goes_wrong_on_the_way_is_named_with_the_step(name, mask):
    returned, kind, says = LATER[name]
    for reverse, right in ((False, 2), (True, T - 3)):
        results = iter([lambda h: h] * right + [returned])
        layer = Recurrent(Forgetful(lambda h, results=results: next(results)(h)), reverse)
        with pytest.raises(kind, match=f"^Recurrent: Forgetful returned .*{says}"):
            layer(leaf(B, T, D), mask=mask)


def test_every_tensor_of_a_state_is_looked_at_in_every_step():
    class Growing(Pair):
        def __call__(self, x, state):
            h, c = super().__call__(x, state)
            return h, c if c.data.max() < 2 else c @ np.ones((1, 2))

    says = r"float64 \(3, 2\), float64 \(3, 2\) at t = 1, and float64 \(3, 2\), float64 \(3, 1\) in its first"
    with pytest.raises(ValueError, match=f"^Recurrent: Growing returned {says}"):
        Recurrent(Growing())(leaf(B, T, D))
