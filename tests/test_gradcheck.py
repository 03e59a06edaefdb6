"""gradcheck finds wrong gradients, and nothing else."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, op, tanh
from minigrad.gradcheck import GradientError, gradcheck


def leaf(*shape, seed=0, dtype=np.float64):
    return Tensor(np.random.default_rng(seed).standard_normal(shape).astype(dtype), requires_grad=True)


@op
def spoiled(x):
    """The identity, whose gradient is wrong in its third entry."""
    return x * 1.0, (lambda g: g * (1 + 0.01 * (np.arange(x.size) == 2).reshape(x.shape)),)


@pytest.mark.parametrize("entrywise", [False, True])
def test_a_right_gradient_passes(entrywise):
    a, b = leaf(3, 4), leaf(4, 2, seed=1)
    assert gradcheck(lambda a, b, c: tanh(a @ b) * c, a, b, Tensor(2.0), entrywise=entrywise)
    assert gradcheck(lambda a: a[:0], a, entrywise=entrywise)
    assert gradcheck(lambda x: x * x, Tensor(3.0, True), entrywise=entrywise)


def test_a_wrong_gradient_is_found():
    with pytest.raises(GradientError, match="along a random direction"):
        gradcheck(spoiled, leaf(2, 3))


def test_the_worst_entry_is_named():
    with pytest.raises(
        GradientError, match=r"input 1 at \[0, 2\]: the gradient is \S+, the central difference \S+"
    ):
        gradcheck(lambda a, b: a * a + spoiled(b), leaf(2, 3), leaf(2, 3, seed=1), entrywise=True)


def test_a_nan_is_found():
    with np.errstate(invalid="ignore"), pytest.raises(GradientError):
        gradcheck(lambda x: x * np.nan, leaf(2))
    with np.errstate(invalid="ignore"), pytest.raises(GradientError):
        gradcheck(lambda x: x * np.nan, leaf(2), entrywise=True)


@pytest.mark.parametrize("name", ["eps", "rtol", "atol"])
@pytest.mark.parametrize("value", [-1, np.nan, np.inf, "small", None, True])
def test_no_other_number_makes_a_wrong_gradient_right(name, value):
    with pytest.raises((ValueError, TypeError), match=f"gradcheck: {name} is .* must be a finite number"):
        gradcheck(spoiled, leaf(2, 3), **{name: value})


@pytest.mark.parametrize("eps", [0, 1e-300, 2e-16, 1, 1e300])
def test_a_step_that_moves_nothing_is_refused(eps):
    with pytest.raises(ValueError, match=r"gradcheck: eps is .* at least 2\.2\d*e-16 and below 1"):
        gradcheck(spoiled, leaf(2, 3), eps=eps)


@pytest.mark.parametrize("eps", [2.3e-16, 1e-13, 1e-9, 1e-3, 0.99])
@pytest.mark.parametrize("entrywise", [False, True])
def test_any_step_finds_a_wrong_gradient(eps, entrywise):
    """The shorter ones that it tries then do not move x: what they give tells nothing."""
    x = Tensor(1e8 + np.arange(1.0, 7.0), requires_grad=True)
    with pytest.raises(GradientError):
        gradcheck(spoiled, x, eps=eps, entrywise=entrywise)
    assert gradcheck(tanh, leaf(2, 3), eps=eps, entrywise=entrywise)


def test_an_unused_input_has_gradient_zero():
    assert gradcheck(lambda a, b: a * 2.0, leaf(2), leaf(3), entrywise=True)


def test_it_leaves_everything_as_it_was():
    x = leaf(3)
    (x * 2.0).sum().backward()
    data, grad = x.data.copy(), x.grad
    gradcheck(tanh, x)
    with pytest.raises(ZeroDivisionError):
        gradcheck(lambda x: 1 / 0, x)
    assert np.array_equal(x.data, data)
    assert x.grad is grad


def test_it_refuses_what_it_cannot_check():
    with pytest.raises(ValueError, match="no input has requires_grad"):
        gradcheck(tanh, Tensor([1.0]))
    with pytest.raises(ValueError, match="input 0 must be a float64 leaf"):
        gradcheck(tanh, leaf(2, dtype=np.float32))
    with pytest.raises(ValueError, match="input 0 must be a float64 leaf"):
        gradcheck(tanh, leaf(2) * 2.0)


def test_it_is_called_by_either_name():
    assert mg.gradcheck is gradcheck
    assert mg.gradcheck(tanh, leaf(3))


def at(x, *more):
    """Leaves from numbers and arrays."""
    return tuple(Tensor(np.asarray(a, float), requires_grad=True) for a in (x, *more))


FEW, MANY = [0.3, -1.2, 2.0], np.random.default_rng(5).standard_normal((4, 5))

# Right functions at sizes where one step, or one tolerance, cannot do.
RIGHT = {
    "tiny": (lambda x: 1e-8 * mg.sin(x), at(FEW)),
    "huge": (lambda x: 1e12 * mg.sin(x), at(FEW)),
    "tinier": (lambda x: 1e-200 * mg.exp(x), at(FEW)),
    "cubes of two sizes": (lambda x: x**3, at([100.0, 0.2])),
    "cubes of many sizes": (lambda x: x**3, at([1e4, 10.0, 1e-2, 1e-4])),
    "log near 0": (mg.log, at([1e-7, 1e-5, 2.0])),
    "log nearer": (mg.log, at([1e-12])),
    "sqrt near 0": (mg.sqrt, at([1e-9, 1.0])),
    "reciprocal near 0": (lambda x: 1 / x, at([1e-6, -3.0])),
    "inputs of a million": (lambda x: x * x, at([1e6, -3e6])),
    "inputs of 1e9": (mg.log, at([1e9, 2e10])),
    "sine far out": (mg.sin, at([1e6, 2e6])),
    "difference of large ones": (lambda x: (x - 1e6) ** 2, at([1e6 + 1, 1e6 - 2])),
    "beside a large constant": (lambda x: x * x + 1e9, at(FEW)),
    "small beside a constant": (lambda x: 1e-8 * x + 1.0, at(FEW)),
    "cancelled": (lambda x: mg.functional.softmax(x).sum(), at(FEW)),
    "flat": (lambda x: mg.cos(x), at([0.0, np.pi])),
    "flat cube": (lambda x: x**3, at([0.0])),
    "flat fifth power": (lambda x: x**5, at([0.0, 0.0])),
    "steep": (lambda x: mg.exp(40 * x), at([1.0, -1.0, 0.5])),
    "quick": (lambda x: mg.sin(3000 * x), at(FEW)),
    "saturated": (mg.tanh, at([12.0, -15.0, 0.1])),
    "far out": (mg.sigmoid, at([-30.0, 25.0])),
    "zeros": (lambda x: x * x + 3.0 * x, at(np.zeros(4))),
    "a leaf twice": (lambda a, b: a * b + a, 2 * at(FEW)),
    "two leaves of two sizes": (lambda a, b: a * b, at([1e6, 1e-6], [1e-6, 1e6])),
    "kinks that are far": (lambda x: mg.relu(x) + abs(x) + mg.max(x), at([1e-3, -1e-3, 2.0])),
    "near a tie": (mg.max, at([0.3, 2.0, 1.999, -1.0])),
    "nearer a tie": (mg.max, at([0.3, 2.0, 2.0 - 1e-7, -1.0])),
    "large norm": (lambda x: mg.norm(x), at([1e8, -1e8])),
    "layer norm": (lambda x: mg.functional.layer_norm(x), at(1e3 + MANY)),
    "logits": (lambda x: mg.functional.cross_entropy(x, np.array([0, 4, 2, 1])), at(1e2 * MANY)),
    "matrices": (lambda a, b: mg.tanh(a @ b).sum(axis=0), at(1e-4 * MANY, 1e4 * MANY.T)),
    "unused": (lambda a, b: a * 2.0, at(FEW, FEW)),
    "sure of one": (mg.functional.softmax, at([0.0, 38.0])),
    "sure of one of three": (mg.functional.softmax, at([-80.0, 44.0, -41.0])),
    "masked": (lambda x: mg.where(np.array([True, False, True]), x, 0.0), at(FEW)),
    "none": (lambda x: x[:0], at(FEW)),
}


@pytest.mark.parametrize("entrywise", [False, True])
@pytest.mark.parametrize("name", RIGHT)
def test_right_gradients_at_odd_sizes_pass(name, entrywise):
    f, inputs = RIGHT[name]
    assert gradcheck(f, *inputs, entrywise=entrywise)


def test_there_are_thirty_of_them():
    assert len(RIGHT) >= 30


# Of the others a right gradient cannot be told from a wrong one: there is none, or it is 0.
FLAT = ("none", "unused", "cancelled", "flat cube", "flat fifth power", "sure of one", "sure of one of three")
WRONG = [name for name in RIGHT if name not in FLAT]


@pytest.mark.parametrize("by", [1e-3, -1.0])
@pytest.mark.parametrize("name", WRONG)
def test_gradients_that_are_wrong_by_a_thousandth_are_found(name, by):
    """The same functions with every gradient off by a thousandth, or left out."""

    @op
    def spoil(x):
        return x * 1.0, (lambda g: g * (1 + by),)

    if (name, by) == ("far out", 1e-3):
        pytest.skip("beside a result of 1, rounding hides a thousandth of a slope of 1e-11")
    f, inputs = RIGHT[name]
    if name == "flat":
        inputs = at([0.1, 3.0])
    for entrywise in (False, True):
        with pytest.raises(GradientError):
            gradcheck(lambda *xs: f(*map(spoil, xs)), *inputs, entrywise=entrywise)


@pytest.mark.parametrize("signs", [False, True])
@pytest.mark.parametrize("f", [mg.tanh, lambda x: (x * x).sum()])
def test_a_thousandth_in_a_thousand_entries_is_found_for_every_seed(f, signs):
    """One direction finds it in 99 of 100 cases, and a step that rounding blurs may not say otherwise."""
    x = leaf(1000)
    for seed in range(20):
        wrong = 1 + 1e-3 * (np.random.default_rng(seed).choice([-1, 1], 1000) if signs else np.ones(1000))

        @op
        def spoil(x, wrong=wrong):
            return x * 1.0, (lambda g: g * wrong,)

        with pytest.raises(GradientError, match="along a random direction"):
            gradcheck(lambda x, spoil=spoil: f(spoil(x)), x, seed=seed)


def test_how_often_f_runs():
    runs = []

    def counted(x):
        runs.append(x)
        return mg.tanh(x)

    gradcheck(counted, leaf(3, 4))
    assert len(runs) == 1 + 4
    gradcheck(counted, leaf(3, 4), entrywise=True)
    assert len(runs) == 5 + 1 + 2 * 12


@pytest.mark.parametrize("offset", [1.0, -1e-8])
def test_a_slope_where_there_is_none_is_found(offset):
    @op
    def sloping(x):
        return x * 0.0 + 1.0, (lambda g: g * offset,)

    with pytest.raises(GradientError):
        gradcheck(sloping, *at(FEW))


@pytest.mark.parametrize(
    ("f", "x", "kink"),
    [
        (mg.relu, [0.0, 1.0], True),
        (lambda x: mg.clip(x, -1, 1), [1.0], True),
        (lambda x: mg.leaky_relu(x), [0.0], True),
        (lambda x: spoiled(x * x), [1.0, 2.0, 3.0], False),
    ],
)
def test_a_kink_is_named(f, x, kink):
    for entrywise in (False, True):
        with pytest.raises(GradientError) as caught:
            gradcheck(f, *at(x), entrywise=entrywise)
        assert ("kink? the slope is" in str(caught.value)) == kink


def test_what_is_no_tensor_and_what_does_not_repeat():
    with pytest.raises(
        TypeError, match=r"gradcheck: input 1 is a ndarray: give Tensor\(x, requires_grad=True\)"
    ):
        gradcheck(lambda a, b: a, leaf(2), np.ones(2))
    with pytest.raises(TypeError, match="gradcheck: f returned a float: it must return a Tensor"):
        gradcheck(lambda a: 3.0, leaf(2))
    rng = np.random.default_rng(0)
    with pytest.raises(
        GradientError, match="f gives another result for the same inputs: let it start from one"
    ):
        gradcheck(lambda x: mg.functional.dropout(x, 0.5, rng), leaf(9))
    assert mg.GradientError is GradientError


def single(x):
    return (x.astype("f") ** 2).astype(float)


@pytest.mark.parametrize("entrywise", [False, True])
@pytest.mark.parametrize("scale", [1.0, 1e4])
@pytest.mark.parametrize("f", [lambda x: x.astype("f"), lambda x: single(x).sum() * 1.7], ids=["out", "in"])
def test_float32_within_f_is_named(f, scale, entrywise):
    x = Tensor(leaf(3, 4).data * scale, requires_grad=True)
    with pytest.raises(GradientError, match=r"float32, or rounding\? Short steps do not move f"):
        gradcheck(f, x, entrywise=entrywise)


def test_float32_beside_float64_is_named():
    with pytest.raises(GradientError, match=r"float32\? With other steps they agree"):
        gradcheck(lambda x: single(x) + x, leaf(3, 4), entrywise=True)


def test_flat_and_jumping_functions_have_no_gradient():
    @op
    def passed(x, f):  # as if f were the identity
        return f(x), (lambda g: g, None)

    x = [0.97, -0.5, 3e-3]
    for f, says in (
        (np.zeros_like, "0; entrywise"),
        (np.floor, r"[-\d.]+; float32, or rounding\? Short steps"),
    ):
        with pytest.raises(GradientError, match=f"the central difference {says}"):
            gradcheck(lambda x, f=f: passed(x, f), *at(x))
    with pytest.raises(GradientError, match=r"the central difference [\d.]+; entrywise"):
        gradcheck(lambda x: mg.relu(x) + passed(x, np.zeros_like), *at(x))
