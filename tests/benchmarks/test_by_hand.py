"""What is measured against the tape computes the same: the gradients by hand are the tape's."""

from __future__ import annotations

import numpy as np
import pytest

from minigrad import Tensor
from tests.benchmarks import by_hand, libraries
from tests.benchmarks.cells import loss


@pytest.mark.parametrize("name", by_hand.STEPS)
def test_gradients_by_hand_are_the_tapes(name: str) -> None:
    cell, values, *problem = libraries._problem(name, (7, 3, 2, 5))
    x, state, target = ([np.float64(s) for s in p] if isinstance(p, list) else np.float64(p) for p in problem)
    leaves = [Tensor(np.float64(value), requires_grad=True) for value in values]
    loss(
        libraries.Minigrad().lib, cell, leaves, Tensor(x), tuple(map(Tensor, state)), Tensor(target)
    ).backward()
    h, backward = by_hand.STEPS[name]([leaf.data for leaf in leaves], x, *state)
    error = h - target
    for leaf, g in zip(leaves, backward(2 / error.size * error), strict=True):
        assert leaf.grad is not None
        np.testing.assert_allclose(g, leaf.grad, atol=1e-12)
