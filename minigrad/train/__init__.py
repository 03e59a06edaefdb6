"""fit(): the loop of epochs and batches around a model, with a history; save and load to go on later."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, SupportsFloat

import numpy as np

from minigrad.data import Batch
from minigrad.nn import Module, Parameter
from minigrad.tape import no_grad
from minigrad.tensor import Tensor
from minigrad.train.progress import bar_or_lines

Loss = Callable[..., Tensor]  # of (prediction, y), or of (prediction, y, mask) where the data has a mask
Metric = Callable[..., SupportsFloat]  # of the same arguments
Clip = Callable[[list[Parameter]], float | None]
EpochData = Callable[[np.random.Generator], Batch]  # draws the data of one epoch


class Optimizer(Protocol):
    """What fit needs of an optimizer; those in `minigrad.optim` have it."""

    def zero_grad(self) -> None:
        """Forget the gradients of the batch before."""

    def step(self) -> None:
        """Move the parameters by their gradients."""


@dataclass(frozen=True)
class History:
    """What a training did, epoch by epoch.

    records: one an epoch. It maps "epoch", "loss", each metric's name, "norm" (where a clip function
    returns one), and, with validation data, "val_loss" and "val_" + each metric's name to a number.
    best: with `patience`, the state_dict of the best epoch, each parameter's array in its own shape;
    otherwise empty.
    """

    records: tuple[Mapping[str, float], ...] = ()
    best: Mapping[str, np.ndarray] = field(default_factory=dict, compare=False, repr=False)

    def __len__(self) -> int:
        return len(self.records)

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


def fit(
    model: Module,
    data: Batch | EpochData,
    loss: Loss,
    optimizer: Optimizer,
    *,
    epochs: int,
    batch_size: int = 32,
    seed: int = 0,
    validation: Batch | None = None,
    metrics: Mapping[str, Metric] | None = None,
    clip: Clip | None = None,
    patience: int | None = None,
    callback: Callable[[History], bool | None] | None = None,
    history: History | None = None,
    progress: bool = True,
) -> History:
    """Train `model` until it has seen `epochs` epochs, and return what happened.

    data: a Batch of x (B, ...) and y (B, ...), shuffled anew for each epoch, or a function that draws
    a fresh Batch for each epoch from a generator; B is the number of all samples.
    loss: `loss(model(x), y)` is the mean loss of `batch_size` samples, a scalar Tensor; where the data
    has a mask, `loss(model(x), y, mask)`. metrics: by name, functions of the same arguments that
    return a number. An epoch's figure is the mean of its batches' figures, each weighted by its
    number of samples, or of True entries in its mask.
    seed: the order of the samples depends on it and on the number of the epoch, on nothing else.
    validation: a Batch on which loss and metrics are computed after each epoch, in eval mode.
    clip: `clip(parameters)` runs between the backward pass and the optimizer's step; if it returns the
    gradient's norm, the history records its mean.
    patience: training stops once the loss (that of `validation`, if given) has not improved for so
    many epochs, and the model is left with the parameters of its best epoch.
    callback: `callback(history)` runs after each epoch, and ends the training by returning True.
    history: to continue a training, the history that it returned or `load` gave back. The numbers are
    then those of a training that was never interrupted.
    progress: show the figures on a bar or as lines, see `progress.py`.

    Raises ValueError where epochs, batch_size or patience is below 1, and where the data has no
    sample or a mask that is False everywhere.
    """
    _refuse(epochs=epochs, batch_size=batch_size, patience=patience)
    history = history or History()
    metrics = metrics or {}
    monitored = "loss" if validation is None else "val_loss"
    with bar_or_lines(len(history), epochs, progress) as show:
        for epoch in range(len(history) + 1, epochs + 1):
            if patience is not None and _waited(history, monitored) >= patience:
                break
            rng = np.random.default_rng([seed, epoch])
            drawn = data(rng) if callable(data) else data
            shuffled = drawn[rng.permutation(len(drawn))]
            record: dict[str, float] = {"epoch": epoch}
            model.train()
            for averages in _steps(model, shuffled, loss, optimizer, batch_size, metrics, clip):
                record |= averages
                show(record)
            if validation is not None:
                scores = evaluate(model, validation, loss, metrics=metrics, batch_size=batch_size)
                record |= {f"val_{name}": score for name, score in scores.items()}
            history = History((*history.records, record), history.best)
            if patience is not None and _waited(history, monitored) == 0:
                history = History(history.records, model.state_dict())
            show(record, ended=True)
            if callback is not None and callback(history):
                break
    if history.best:
        model.load_state_dict(history.best)
    return history


def evaluate(
    model: Module,
    data: Batch,
    loss: Loss,
    *,
    metrics: Mapping[str, Metric] | None = None,
    batch_size: int = 32,
) -> dict[str, float]:
    """The mean loss and metrics of `model` on `data`, x (B, ...) and y (B, ...), by name.

    Computed in eval mode and without recording; the model's mode is afterwards what it was before.
    loss, metrics, batch_size, and the ValueError it raises: as for `fit`.
    """
    _refuse(batch_size=batch_size)
    means = _Means()
    was_training = model.training
    model.eval()
    try:
        with no_grad():
            for batch in _batches(data, batch_size):
                prediction = model(Tensor(batch.x))
                means.add(_weight(batch), _scores(prediction, batch, {"loss": loss, **(metrics or {})}))
    finally:
        model.train(was_training)
    return means.values


class Saved(Protocol):
    """What has a state: modules, optimizers, schedules."""

    def state_dict(self) -> Any:
        """The state: numbers, strings, arrays, and lists and dicts of them."""

    def load_state_dict(self, saved: Any, /) -> None:
        """Go on from a state that `state_dict` returned."""


def save(path: str | Path, history: History, *parts: Saved) -> None:
    """Write the history and the state of `parts` (model, optimizer, schedule) into one file.

    The file appears only once it is complete, also when the power fails half-way; an older one of
    that name stays until then. As fit's callback:
    `callback=lambda history: save("run.npz", history, model, optimizer)`.
    """
    arrays: dict[str, np.ndarray] = {}
    state = {
        "history": {"records": history.records, "best": history.best},
        "parts": [part.state_dict() for part in parts],
        "generators": [generator.bit_generator.state for generator in _generators(parts)],
    }
    text = json.dumps(_without_arrays(state, arrays))
    target = Path(path)
    partial = target.with_name(target.name + ".partial")
    with open(partial, "wb") as file:
        np.savez(file, allow_pickle=False, state=np.array(text), **arrays)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, target)


def load(path: str | Path, *parts: Saved) -> History:
    """Give each of `parts`, in the order in which they were saved, its state back; returns the history.

    Random layers go on with the numbers they would have drawn next. Raises ValueError where the file
    holds another number of parts or of random generators, or a state that does not fit its part.
    """
    with np.load(path, allow_pickle=False) as file:
        state = _with_arrays(json.loads(str(file["state"])), file)
    generators = _generators(parts)
    for name, given in (("parts", parts), ("generators", generators)):
        if len(state[name]) != len(given):
            counts = f"it holds {len(state[name])} {name}, not {len(given)}"
            raise ValueError(f"{path} is of other parts: {counts}")
    for part, saved in zip(parts, state["parts"], strict=True):
        part.load_state_dict(saved)
    for generator, numbers in zip(generators, state["generators"], strict=True):
        generator.bit_generator.state = numbers
    return History(tuple(state["history"]["records"]), state["history"]["best"])


class _Means:
    """Weighted means of named figures, kept up to date as the figures come."""

    def __init__(self) -> None:
        self._weight = 0.0
        self._sums: dict[str, float] = {}

    def add(self, weight: float, figures: Mapping[str, float]) -> None:
        self._weight += weight
        for name, figure in figures.items():
            self._sums[name] = self._sums.get(name, 0.0) + weight * figure

    @property
    def values(self) -> dict[str, float]:
        return {name: total / self._weight for name, total in self._sums.items()}


def _steps(
    model: Module,
    data: Batch,
    loss: Loss,
    optimizer: Optimizer,
    batch_size: int,
    metrics: Mapping[str, Metric],
    clip: Clip | None,
) -> Iterator[dict[str, float]]:
    """One update for each batch; yields the means of this epoch's figures so far."""
    means = _Means()
    for batch in _batches(data, batch_size):
        optimizer.zero_grad()
        prediction = model(Tensor(batch.x))
        value = _applied(loss, prediction, batch)
        value.backward()
        norm = clip(model.parameters()) if clip is not None else None
        optimizer.step()
        with no_grad():
            figures = {"loss": float(value.item()), **_scores(prediction, batch, metrics)}
        if norm is not None:
            figures["norm"] = float(norm)
        means.add(_weight(batch), figures)
        yield means.values


def _batches(data: Batch, size: int) -> Iterator[Batch]:
    """Consecutive batches of `size` samples; the last may be smaller.

    A batch whose mask is False everywhere is left out: its mean loss is a mean of nothing.
    """
    if _weight(data) == 0:
        raise ValueError("the data has no sample to answer: it is empty, or its mask is False everywhere")
    for start in range(0, len(data), size):
        batch = data[start : start + size]
        if _weight(batch) > 0:
            yield batch


def _weight(batch: Batch) -> float:
    """The number of entries over which a batch's mean is taken: its samples, or the True ones of its mask."""
    return float(len(batch) if batch.mask is None else np.count_nonzero(batch.mask))


def _applied(function: Callable[..., Any], prediction: Tensor, batch: Batch) -> Any:
    """What a loss or a metric says of a batch; it is given the mask where there is one."""
    if batch.mask is None:
        return function(prediction, batch.y)
    return function(prediction, batch.y, batch.mask)


def _scores(prediction: Tensor, batch: Batch, functions: Mapping[str, Metric]) -> dict[str, float]:
    return {name: float(_applied(function, prediction, batch)) for name, function in functions.items()}


def _waited(history: History, monitored: str) -> int:
    """Epochs since the monitored loss was best; 0 right after the best one."""
    losses = [record[monitored] for record in history.records]
    finite = [loss for loss in losses if not math.isnan(loss)]
    return len(losses) - 1 - losses.index(min(finite)) if finite else len(losses)


def _generators(parts: tuple[Saved, ...]) -> list[np.random.Generator]:
    """Every random generator that is an attribute of a module among `parts`, each once."""
    modules = [module for part in parts if isinstance(part, Module) for module in part.modules()]
    held = [value for module in modules for value in vars(module).values()]
    return list({id(value): value for value in held if isinstance(value, np.random.Generator)}.values())


def _without_arrays(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    """A tree of values that JSON can hold: each array goes into `arrays`, and its name takes its place."""
    if isinstance(value, np.ndarray):
        name = f"array{len(arrays)}"
        arrays[name] = value
        return {"array": name}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {"dict": [[key, _without_arrays(inner, arrays)] for key, inner in value.items()]}
    if isinstance(value, (list, tuple)):
        return [_without_arrays(inner, arrays) for inner in value]
    return value


def _with_arrays(value: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    """The tree that `_without_arrays` was given, but that tuples are lists."""
    if isinstance(value, dict):
        if "array" in value:
            return arrays[value["array"]]
        return {key: _with_arrays(inner, arrays) for key, inner in value["dict"]}
    if isinstance(value, list):
        return [_with_arrays(inner, arrays) for inner in value]
    return value


def _refuse(**counts: int | None) -> None:
    """Raise ValueError, which names it, where a count is given and below 1."""
    for name, count in counts.items():
        if count is not None and count < 1:
            raise ValueError(f"fit: {name} is {count}; it must be at least 1")
