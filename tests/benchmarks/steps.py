"""One training step of a hand-written cell, in minigrad and in its peers: CPU seconds of each."""

import gc
from collections.abc import Sequence

import numpy as np

from tests.benchmarks import by_hand, libraries, measure
from tests.benchmarks.cells import SIZES

PEERS = {"torch": libraries.Torch, "autograd": libraries.Autograd, "numpy": by_hand.Numpy}


def seconds(cell: str, size: str, peers: Sequence[str]) -> list[float]:
    """Medians for minigrad and then for each peer, taken in turns.

    Raises SystemExit where they do not compute the same: the comparison would mean nothing.
    """
    compared = [libraries.Minigrad(), *(PEERS[peer]() for peer in peers)]
    gc.collect()
    gc.freeze()  # or every collection would go through the modules that only the peers need
    runs = [library.trainer(cell, SIZES[size]) for library in compared]
    losses = [library.numpy(run()) for library, run in zip(compared, runs, strict=True)]
    if not np.allclose(losses, losses[0], rtol=1e-3):
        raise SystemExit(f"{cell} {size}: the libraries disagree on the loss: {[float(x) for x in losses]}")
    return measure.interleaved(*runs)
