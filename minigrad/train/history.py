"""History: what a training did, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from minigrad.contract.told import asked


@dataclass(frozen=True)
class History:
    """What a training did, epoch by epoch.

    records: one an epoch. It maps "epoch", "loss", each metric's name, "norm" (where a clip function
    returns one), and, with validation data, "val_loss" and "val_" + each metric's name to a number.
    best: with `patience`, the state_dict of the best epoch, each parameter's array in its own shape;
    otherwise empty. last: the state_dict of the last epoch where fit left the model with the best one.
    """

    records: tuple[Mapping[str, float], ...] = ()
    best: Mapping[str, np.ndarray] = field(default_factory=dict, compare=False, repr=False)
    last: Mapping[str, np.ndarray] = field(default_factory=dict, compare=False, repr=False)

    def __len__(self) -> int:
        return len(self.records)

    @asked
    def __getitem__(self, name: str) -> np.ndarray:
        """One figure of every epoch, such as history["loss"], as an array (N,) for N epochs.

        Raises KeyError, which lists the names there are, where some epoch has no such figure.
        """
        if not all(name in record for record in self.records):
            known = ", ".join(self.records[0])
            raise KeyError(f"the history has no {name!r}; it has {known}")
        return np.array([record[name] for record in self.records])

    def plot(self) -> np.ndarray:
        """Draw the loss and the metrics over the epochs (needs matplotlib); see `plot.loss_curves`.

        Returns an array (N,) of matplotlib Axes, one for the loss and one for each metric.
        """
        from minigrad.plot import loss_curves

        return loss_curves(self.records)
