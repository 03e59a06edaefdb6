"""fit(): the loop of epochs and batches around a model, with a history; saving.py has what goes on later."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, SupportsFloat

import numpy as np

from minigrad.arguments import truth
from minigrad.data import Batch
from minigrad.habits import lacks
from minigrad.nn import Module, Parameter
from minigrad.recording import no_grad
from minigrad.tensor import Tensor
from minigrad.train import asked
from minigrad.train.history import History as History
from minigrad.train.progress import bar_or_lines
from minigrad.train.saving import UnfitFile as UnfitFile
from minigrad.train.saving import load as load
from minigrad.train.saving import save as save

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


class Stepped(Protocol):
    """What fit needs of a schedule: `minigrad.optim.Schedule` has it."""

    def step(self) -> None:
        """Set the learning rate for the next step."""


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
    schedule: Stepped | None = None,
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
    schedule: its `step()` runs after each step of the optimizer; call one that goes by epochs in callback.
    patience: training stops once the loss (that of `validation`, if given) has not improved for so
    many epochs, and the model is left with the parameters of its best epoch.
    callback: `callback(history)` runs after each epoch, and ends the training by returning True.
    history: to continue a training, the history that it returned or `load` gave back. The numbers are
    then those of a training that was never interrupted: where fit had left the model with its best
    epoch, it first gets the parameters and buffers of the last one back, of which the optimizer's state is.
    progress: show the figures on a bar or as lines, see `progress.py`.
    The model trains in train mode; where only parts of it are in eval mode, these stay so. Afterwards the
    modes are what they were before. Ctrl-C, and a loss that is NaN, end the training with a RuntimeWarning:
    what is returned is the history of the finished epochs, and the updates since then stay in the model.

    Raises ValueError where epochs, batch_size or patience is below 1, where the data has no sample or a mask
    that is False everywhere, where the loss is not one number or depends on no parameter, where the model
    has Tensors in place of Parameters, and where the optimizer is of another model; TypeError where an
    argument, or what one of the functions returns, is of another kind.
    """
    metrics = {} if metrics is None else metrics
    history = History() if history is None else history
    counts = {"epochs": epochs, "patience": patience, "seed": seed}
    functions = {
        "clip": (clip, "lambda parameters: clip_grad_norm(parameters, 1.0)"),
        "callback": (callback, "lambda history: len(history) == 3"),
    }
    asked.of_both("fit", model, data, loss, metrics, batch_size, drawn=True)
    truth("fit", "progress", progress)
    asked.of_fit(model, optimizer, counts, functions, schedule, history)
    if validation is not None:
        asked.batch("fit", "validation", validation)
    if history.last:
        model.load_state_dict(history.last)
    done = 0  # steps of this epoch
    monitored = "loss" if validation is None else "val_loss"
    with _own_modes(model) as modes, bar_or_lines(len(history), epochs, progress) as show:
        try:
            for epoch in range(len(history) + 1, epochs + 1):
                if patience is not None and _waited(history, monitored) >= patience:
                    break
                rng = np.random.default_rng([seed, epoch])
                drawn = asked.batch("fit", "what data returned", data(rng)) if callable(data) else data
                shuffled = drawn[rng.permutation(len(drawn))]
                record: dict[str, float] = {"epoch": epoch}
                _set(modes)
                for averages in _steps(model, shuffled, loss, optimizer, batch_size, metrics, clip):
                    if schedule is not None:
                        schedule.step()
                    record, done = record | averages, done + 1
                    show(record)
                if validation is not None:
                    scores = evaluate(model, validation, loss, metrics=metrics, batch_size=batch_size)
                    record |= {f"val_{name}": score for name, score in scores.items()}
                improved = (
                    patience is not None and _waited(History((*history.records, record)), monitored) == 0
                )
                history = History(
                    (*history.records, record), model.state_dict() if improved else history.best
                )
                done = 0
                show(record, ended=True)
                if callback is not None and callback(history):
                    break
        except (KeyboardInterrupt, _LossIsNaN) as stopped:
            why = str(stopped) or "it was interrupted"
            place = f"epoch {len(history) + 1} after {done} steps"
            told = f"fit stopped in {place}: {why}; the history has the epochs before"
            warnings.warn(told, RuntimeWarning, stacklevel=2)
    if history.best:
        history = History(history.records, history.best, model.state_dict())
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

    Computed in eval mode and without recording; each module's mode is afterwards what it was before.
    loss, metrics, batch_size, and the ValueError and TypeError it raises: as for `fit`.
    """
    metrics = {} if metrics is None else metrics
    asked.of_both("evaluate", model, data, loss, metrics, batch_size)
    means = _Means()
    with _own_modes(model):
        model.eval()
        for batch in _batches(data, batch_size):
            means.add(_weight(batch), _evaluated(model, batch, {"loss": loss, **metrics}))
    return means.values


class _LossIsNaN(Exception):
    """The loss of a batch is NaN: its gradients would make the parameters NaN."""


Modes = list[tuple[Module, bool]]  # modules, and whether each is in train mode


@contextmanager
def _own_modes(model: Module) -> Iterator[Modes]:
    """The modes to train in: a part that alone is in eval mode stays so. Afterwards all are as before."""
    before = [(module, module.training) for module in model.modules()]
    try:
        yield [(module, was or not model.training) for module, was in before]
    finally:
        _set(before)


def _set(modes: Modes) -> None:
    for module, training in modes:
        module.training = training


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
        value = asked.scalar(asked.applied(loss, prediction, batch), model)
        if np.isnan(value.data).any():
            raise _LossIsNaN("the loss is NaN; a smaller lr, or clip, may help")
        value.backward()
        norm = clip(model.parameters()) if clip is not None else None
        optimizer.step()
        figures = {"loss": float(value.item()), **_scores(prediction, batch, metrics)}
        if norm is not None:
            figures["norm"] = asked.figure("clip", norm)
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


@no_grad()  # above a function it ends with an interrupt, whatever the moment: Ctrl-C in fit is everyday
def _evaluated(model: Module, batch: Batch, functions: Mapping[str, Metric]) -> dict[str, float]:
    return _scores(model(Tensor(batch.x)), batch, functions)


@no_grad()
def _scores(prediction: Tensor, batch: Batch, functions: Mapping[str, Metric]) -> dict[str, float]:
    return {
        name: asked.figure(name, asked.applied(function, prediction, batch))
        for name, function in functions.items()
    }


def _waited(history: History, monitored: str) -> int:
    """Epochs since the monitored loss was best; 0 right after the best one."""
    losses = [record[monitored] for record in history.records]
    finite = [loss for loss in losses if not math.isnan(loss)]
    return len(losses) - 1 - losses.index(min(finite)) if finite else len(losses)


if not TYPE_CHECKING:  # a type checker would take it for every name that is not there
    __getattr__ = lacks(__name__)
