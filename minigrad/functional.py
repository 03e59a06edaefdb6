"""Softmax, losses, dropout and layer normalisation, composed of ops.

Losses are means over all entries, or over those where `mask` is True; with nothing to average the
loss is 0, where PyTorch has NaN. A mask has the leading axes of what it masks: (B, T) for values (B, T)
or (B, T, D).
reduction: "mean"; or "sum" for their sum, or "none" for each of them, 0 where the mask is False.
What is a Tensor here may be an array or a list of numbers too; anything else raises TypeError.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from minigrad.arguments import count, generator, number, tensor, unfit
from minigrad.arguments import mask as mask_of
from minigrad.contract.told import asked, with_habits
from minigrad.fast import lift
from minigrad.habits import lacks
from minigrad.ops import abs, add, getitem, mul, sqrt, where
from minigrad.ops.elementwise import floats
from minigrad.sums import total
from minigrad.tape import Array, Result, as_array
from minigrad.tensor import Tensor


@lift
def log_softmax(x: Array, axis: int = -1) -> Result:
    """log(exp(x) / sum(exp(x))) along `axis`, in x's shape; nothing overflows. NaN where all are -inf.

    Raises ValueError for an axis x has not.
    """
    x = floats(x)
    shifted = x - x.max(axis=axis, keepdims=True, initial=-np.inf)
    y = shifted - np.log(total(np.exp(shifted), axis, True))
    return y, (lambda g: g - np.exp(y) * total(g, axis, True),)


@lift
def softmax(x: Array, axis: int = -1) -> Result:
    """exp(x) / sum(exp(x)) along `axis`, in x's shape; nothing overflows. NaN where all are -inf.

    Raises ValueError for an axis x has not.
    """
    x = floats(x)
    y = np.exp(x - x.max(axis=axis, keepdims=True, initial=-np.inf))
    y = y / total(y, axis, True)
    return y, (lambda g: y * (g - total(g * y, axis, True)),)


def _classes(name: str, logits: Array) -> int:
    """The C of logits (..., C). Raises ValueError where there is none."""
    if not logits.ndim or not logits.shape[-1]:
        raise ValueError(f"{name}: logits of shape {logits.shape} lack a last axis, a number for each class")
    return int(logits.shape[-1])


def _integers(name: str, labels: Any, logits: Array) -> Array:
    """The labels as an array, if they are integers, one for each row of `logits`. Raises ValueError."""
    labels, shape = as_array(labels), logits.shape[:-1]
    given = f"labels {labels.shape} of {labels.dtype}"
    if labels.shape != shape:
        hint = "; rows of a one-hot array as floats, or .argmax(-1) of them" * (labels.shape == logits.shape)
        hint = hint or f"; the call is {name}(logits, labels)" * (labels.ndim > logits.ndim)
        raise ValueError(f"{name}: {given} do not fit logits {logits.shape}: give integers {shape}{hint}")
    if labels.dtype.kind not in "iu" and labels.size:  # an empty list has become an array of floats
        mean = "a mask goes to mask=" if labels.dtype.kind == "b" else "use .astype(int) if they are classes"
        raise ValueError(f"{name}: {given} for logits {logits.shape} are no integers: {mean}")
    return labels if labels.size else labels.astype(int)


def _heard(name: str, mask: Any, *values: Tensor) -> tuple[Tensor, ...]:
    """The values (...) or (..., C) where the mask is True, and 0 elsewhere.

    So what is masked may be NaN or infinite: times a gradient of 0, these would be NaN on the way back.
    """
    if mask is None:
        return values

    return tuple(where(_beside(name, mask, v.shape), v, 0.0) for v in values)


def _beside(name: str, mask: Any, shape: tuple[int, ...]) -> Array:
    """The mask, (...) with the leading axes of `shape`, with an axis of 1 for each that it lacks."""
    found = mask_of(name, mask, shape)
    return found.reshape(found.shape + (1,) * (len(shape) - found.ndim))


def _reduced(name: str, values: Tensor, mask: Any, reduction: str) -> Tensor:
    """The mean or the sum of the values where the mask is True, or all values. Raises ValueError."""
    if not isinstance(reduction, str) or reduction not in ("mean", "sum", "none"):
        raise ValueError(unfit(name, "reduction", reduction, "'mean', 'sum' or 'none'"))
    entries = values.size
    if mask is not None:
        mask = _beside(name, mask, values.shape)
        entries = int(np.broadcast_to(mask, values.shape).sum())
        values = where(mask, values, 0.0)
    if reduction == "none":
        return values
    return values.sum() * (1 / entries if entries else 0.0) if reduction == "mean" else values.sum()


def _pair(name: str, prediction: Any, target: Any) -> tuple[Tensor, ...]:
    """Both as Tensors of one shape. Raises TypeError for what is none, ValueError where the shapes differ.

    A loss of (B, 1) against (B,) would broadcast to (B, B) and train on nonsense.
    """
    a, b = tensor(name, "prediction", prediction), tensor(name, "target", target)
    if a.shape != b.shape:
        raise ValueError(f"{name}: shapes {a.shape} and {b.shape} differ; reshape one")
    # Whole numbers take the other's dtype: float32 against int64 would be float64. Two of int8 would wrap.
    common = next((one.dtype for one in (a, b) if one.dtype.kind == "f"), np.dtype(float))
    return tuple(one if one.dtype.kind == "f" else one.astype(common) for one in (a, b))


@with_habits
def cross_entropy(
    logits: Tensor | npt.ArrayLike,
    labels: Any,
    mask: Any = None,
    ignore_index: int | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Mean of -log softmax(logits)[label].

    logits: (..., C). labels: integers (...), or probabilities (..., C). mask: (...) or leading axes
    of it. Entries whose label is `ignore_index` are left out. Raises ValueError on labels outside
    0 .. C - 1 or of another dtype, on a mask that holds more than True and False, where shapes do not
    fit, on an `ignore_index` for probabilities, and on another reduction.
    """
    logits = tensor("cross_entropy", "logits", logits)
    classes = _classes("cross_entropy", logits)
    if as_array(labels).dtype.kind == "f" and as_array(labels).shape == logits.shape:
        if ignore_index is not None:
            raise ValueError("cross_entropy: ignore_index is of integer labels; for probabilities use mask")
        logits, shares = _heard("cross_entropy", mask, logits, tensor("cross_entropy", "labels", labels))
        losses = -(log_softmax(logits, axis=-1) * shares).sum(axis=-1)
        return _reduced("cross_entropy", losses, mask, reduction)
    labels = _integers("cross_entropy", labels, logits)
    kept = None if mask is None and ignore_index is None else labels != ignore_index  # from None all differ
    if mask is not None:
        kept = kept & _beside("cross_entropy", mask, labels.shape)
    labels = labels if kept is None else np.where(kept, labels, 0)
    if labels.size and (labels.min() < 0 or labels.max() >= classes):
        raise ValueError(f"cross_entropy: labels must lie in 0 .. {classes - 1}; mask the others")
    (logits,) = _heard("cross_entropy", kept, logits)
    logp = log_softmax(logits, axis=-1)
    rows = logp.reshape(-1, classes) if logits.ndim != 2 else logp
    picked = getitem(rows, (np.arange(labels.size), labels.ravel()))
    loss = _reduced("cross_entropy", -picked, None if kept is None else kept.ravel(), reduction)
    return loss.reshape(labels.shape) if reduction == "none" else loss


@with_habits
def binary_cross_entropy_with_logits(
    logits: Tensor | npt.ArrayLike, targets: Any, mask: Any = None, reduction: str = "mean"
) -> Tensor:
    """Mean of -t log σ(x) - (1 - t) log(1 - σ(x)); logits x and targets t of one shape.

    Raises ValueError where the shapes differ, for a target outside [0, 1] where the mask is True, and for
    another reduction.
    """
    name = "binary_cross_entropy_with_logits"
    x, t = _pair(name, logits, targets)
    asked = t.data if mask is None else t.data[mask_of(name, mask, t.shape)]
    if asked.size and not (asked.min() >= 0 and asked.max() <= 1):
        raise ValueError(f"{name}: targets must lie in 0 .. 1; of -1 and 1, (t + 1) / 2 makes them")
    x, t = _heard(name, mask, x, t)
    return _reduced(name, (-x).softplus() * t + x.softplus() * (1 - t), mask, reduction)


@with_habits
def mse(prediction: Tensor | npt.ArrayLike, target: Any, mask: Any = None, reduction: str = "mean") -> Tensor:
    """Mean of the squared difference; prediction and target of one shape, else ValueError."""
    prediction, target = _heard("mse", mask, *_pair("mse", prediction, target))
    difference = prediction - target
    return _reduced("mse", difference * difference, mask, reduction)


@with_habits
def mae(prediction: Tensor | npt.ArrayLike, target: Any, mask: Any = None, reduction: str = "mean") -> Tensor:
    """Mean of the absolute difference; prediction and target of one shape, else ValueError."""
    prediction, target = _heard("mae", mask, *_pair("mae", prediction, target))
    return _reduced("mae", abs(prediction - target), mask, reduction)


@with_habits
def huber(
    prediction: Tensor | npt.ArrayLike,
    target: Any,
    delta: float = 1.0,
    mask: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """Half the squared difference where it is below `delta`, growing linearly beyond; the mean of it.

    prediction and target of one shape, else ValueError, as for a delta that is not above 0. Huber, 1964.
    """
    prediction, target = _heard("huber", mask, *_pair("huber", prediction, target))
    if not number("huber", "delta", delta, 0):
        raise ValueError(unfit("huber", "delta", delta, "above 0, or the loss is 0 everywhere"))
    difference = prediction - target
    size = abs(difference)
    near = size.data <= delta
    squared = where(near, difference, 0.0) ** 2  # of an infinite one, the gradient would be 0 * inf
    values = where(near, 0.5 * squared, delta * (size - 0.5 * delta))
    return _reduced("huber", values, mask, reduction)


@with_habits
def dropout(
    x: Tensor | npt.ArrayLike, p: float, rng: np.random.Generator | None, training: bool = True
) -> Tensor:
    """In training, zero each entry of x (any shape) with probability p, scale the others by 1 / (1 - p).

    Raises ValueError for p outside [0, 1), TypeError for an x of integers and an rng that is no generator.
    Srivastava et al., 2014.
    """
    x, p, rng = tensor("dropout", "x", x), number("dropout", "p", p, 0, 1), generator("dropout", rng)
    if not training or p == 0:
        return x
    if x.dtype.kind != "f":
        raise TypeError(f"dropout: x is of {x.dtype}; use .astype(float), what is kept grows by 1 / (1 - p)")
    keep = (rng.random(x.shape) >= p).astype(x.dtype) / np.asarray(1 - p, x.dtype)
    return mul(x, keep)


@with_habits
def layer_norm(x: Tensor | npt.ArrayLike, gain: Any = None, bias: Any = None, eps: float = 1e-5) -> Tensor:
    """x (..., D) with zero mean and unit variance along the last axis, then times gain, plus bias, each (D,).

    Ba et al., 2016 (arXiv:1607.06450). Raises ValueError where shapes do not fit, as a number's does not.
    """
    x = tensor("layer_norm", "x", x)
    if not x.ndim or not x.shape[-1]:
        raise ValueError(f"layer_norm: x of shape {x.shape} has nothing along a last axis to norm")
    for name, one in (("gain", gain), ("bias", bias)):
        if one is not None and as_array(one).shape != x.shape[-1:]:
            hint = "; it always norms the last axis, and is not told its length" * (as_array(one).size == 1)
            given = f"{name} {as_array(one).shape} does not fit x {x.shape}: it must be {x.shape[-1:]}"
            raise ValueError(f"layer_norm: {given}{hint}")
    y: Tensor = (x - x.mean(axis=-1, keepdims=True)) / sqrt(x.var(axis=-1, keepdims=True) + eps)
    y = y if gain is None else y * gain
    return y if bias is None else add(y, bias)


@asked
def one_hot(labels: Any, classes: int, dtype: npt.DTypeLike = np.float64) -> Array:
    """Array (..., classes) with a 1 at each label (...), 0 elsewhere.

    Raises ValueError on labels outside 0 .. classes - 1, and on others than integers.
    """
    labels, classes = as_array(labels), count("one_hot", "classes", classes)
    if labels.size and labels.dtype.kind not in "iu":
        raise ValueError(
            f"one_hot: labels {labels.shape} of {labels.dtype} are no integers: use .astype(int)"
        )
    if labels.size and (labels.min() < 0 or labels.max() >= classes):
        raise ValueError(f"one_hot: labels must lie in 0 .. {classes - 1}")
    return (labels[..., None] == np.arange(classes)).astype(dtype)


@with_habits
def accuracy(logits: Any, labels: Any, mask: Any = None) -> float:
    """Share of entries whose largest logit is the label: logits (..., C), labels (...); NaN for none.

    labels: integers. mask: (...) or leading axes of it. Raises ValueError where shapes do not fit, and on
    labels outside 0 .. C - 1 where the mask is True: they could never be hit.
    """
    logits = tensor("accuracy", "logits", logits).data
    classes, labels = _classes("accuracy", logits), _integers("accuracy", labels, logits)
    answers = logits.argmax(-1)
    if mask is not None:
        mask = mask_of("accuracy", mask, labels.shape)
        labels, answers = labels[mask], answers[mask]
    if labels.size and (labels.min() < 0 or labels.max() >= classes):
        raise ValueError(f"accuracy: labels must lie in 0 .. {classes - 1}; mask the others")
    hits = answers == labels
    return float(hits.mean()) if hits.size else float("nan")


if not TYPE_CHECKING:  # a type checker would take it for every name that is not there
    __getattr__ = lacks(__name__)
