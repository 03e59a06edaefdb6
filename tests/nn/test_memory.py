"""What training leaves in memory does not grow with the lengths of the batches that came by."""

import tracemalloc

import numpy as np
import pytest

from minigrad import Tensor, concatenate
from minigrad.nn import Linear


def kept(run, sizes):
    """Bytes that are still held after `run` of each of the sizes, once it has run."""
    run(sizes[0])
    tracemalloc.start()
    try:
        for size in sizes:
            run(size)
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def test_batches_of_many_lengths_leave_nothing_behind():
    layer = Linear(1, 1)

    def step(batch):
        layer.zero_grad()
        layer(Tensor(np.zeros((batch, 1)))).sum().backward()

    assert kept(step, [100_000 + i for i in range(20)]) < 1e6, "20 lengths of 0.8 MB"
    assert kept(step, [4000 + i for i in range(70)]) < 3e6, "64 short ones may stay"


@pytest.mark.parametrize("count", [3, 1000])
def test_joining_many_arrays_leaves_nothing_behind(count):
    def join(n):
        leaves = [Tensor(np.zeros(1), requires_grad=True) for _ in range(n)]
        concatenate(leaves).sum().backward()

    assert kept(join, [count + i for i in range(4)]) < 3e5
