"""gradcheck finds wrong gradients, and nothing else."""

import numpy as np
import pytest

import minigrad
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
    assert minigrad.gradcheck is gradcheck
    assert minigrad.gradcheck(tanh, leaf(3))
