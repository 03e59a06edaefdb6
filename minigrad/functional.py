"""Softmax, losses, dropout and layer normalisation, composed of ops.

Losses are means over all entries, or over those where `mask` is True; with nothing to average the
loss is 0. A mask has the leading axes of what it masks: (B, T) for values (B, T) or (B, T, D).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.ops import abs, add, getitem, mul, sqrt, where
from minigrad.ops.elementwise import floats
from minigrad.tape import Array, Result, as_array, op
from minigrad.tensor import Tensor


@op
def log_softmax(x: Array, axis: int = -1) -> Result:
    """log(exp(x) / sum(exp(x))) along `axis`, in x's shape; nothing overflows."""
    x = floats(x)
    shifted = x - x.max(axis=axis, keepdims=True)
    y = shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))
    return y, (lambda g: g - np.exp(y) * g.sum(axis=axis, keepdims=True),)


@op
def softmax(x: Array, axis: int = -1) -> Result:
    """exp(x) / sum(exp(x)) along `axis`, in x's shape; nothing overflows."""
    x = floats(x)
    y = np.exp(x - x.max(axis=axis, keepdims=True))
    y = y / y.sum(axis=axis, keepdims=True)
    return y, (lambda g: y * (g - (g * y).sum(axis=axis, keepdims=True)),)


def _kept(name: str, mask: Any, shape: tuple[int, ...]) -> Array:
    """The mask as an array of bool, if it has the leading axes of `shape`. Raises ValueError."""
    mask = as_array(mask)
    if mask.shape != shape[: mask.ndim]:
        wanted = f"values of shape {shape}: it must have their leading axes"
        raise ValueError(f"{name}: a mask of shape {mask.shape} does not fit {wanted}")
    if mask.dtype.kind != "b" and not ((mask == 0) | (mask == 1)).all():
        remedy = "of lengths (B,), np.arange(T) < lengths[:, None] makes one"
        raise ValueError(f"{name}: a mask {mask.shape} holds True and False, not other numbers; {remedy}")
    return mask.astype(bool)


def _integers(name: str, labels: Any, logits: Array) -> Array:
    """The labels as an array, if they are integers, one for each row of `logits`. Raises ValueError."""
    labels, shape = as_array(labels), logits.shape[:-1]
    given = f"labels {labels.shape} of {labels.dtype}"
    if labels.shape != shape:
        raise ValueError(f"{name}: {given} do not fit logits {logits.shape}: give integers {shape}")
    if labels.dtype.kind not in "iu" and labels.size:  # an empty list has become an array of floats
        mean = "a mask goes to mask=" if labels.dtype.kind == "b" else "use .astype(int) if they are classes"
        raise ValueError(f"{name}: {given} for logits {logits.shape} are no integers: {mean}")
    return labels if labels.size else labels.astype(int)


def _mean(name: str, values: Tensor, mask: Any) -> Tensor:
    if mask is None:
        return values.sum() * (1 / values.size if values.size else 0.0)
    mask = _kept(name, mask, values.shape)
    mask = mask.reshape(mask.shape + (1,) * (values.ndim - mask.ndim))
    count = int(np.broadcast_to(mask, values.shape).sum())
    return where(mask, values, 0.0).sum() * (1 / count if count else 0.0)


def _same_shape(name: str, a: Any, b: Any) -> None:
    """A loss of (B, 1) against (B,) would broadcast to (B, B) and train on nonsense."""
    if np.shape(as_array(a)) != np.shape(as_array(b)):
        raise ValueError(f"{name}: shapes {as_array(a).shape} and {as_array(b).shape} differ; reshape one")


def cross_entropy(logits: Tensor, labels: Any, mask: Any = None, ignore_index: int | None = None) -> Tensor:
    """Mean of -log softmax(logits)[label].

    logits: (..., C). labels: integers (...), or probabilities (..., C). mask: (...) or leading axes
    of it. Entries whose label is `ignore_index` are left out. Raises ValueError on labels outside
    0 .. C - 1 or of another dtype, on a mask that holds more than True and False, where shapes do not
    fit, and on an `ignore_index` for probabilities.
    """
    classes, logp = logits.shape[-1], log_softmax(logits, axis=-1)
    if as_array(labels).dtype.kind == "f" and as_array(labels).shape == logits.shape:
        if ignore_index is not None:
            raise ValueError("cross_entropy: ignore_index is of integer labels; for probabilities use mask")
        return _mean("cross_entropy", -(logp * labels).sum(axis=-1), mask)
    labels = _integers("cross_entropy", labels, logits)
    kept = None if mask is None and ignore_index is None else labels != ignore_index  # from None all differ
    if mask is not None:
        mask = _kept("cross_entropy", mask, labels.shape)
        kept = kept & mask.reshape(mask.shape + (1,) * (labels.ndim - mask.ndim))
    labels = labels if kept is None else np.where(kept, labels, 0)
    if labels.size and (labels.min() < 0 or labels.max() >= classes):
        raise ValueError(f"cross_entropy: labels must lie in 0 .. {classes - 1}; mask the others")
    rows = logp.reshape(-1, classes) if logits.ndim != 2 else logp
    picked = getitem(rows, (np.arange(labels.size), labels.ravel()))
    return -_mean("cross_entropy", picked, None if kept is None else kept.ravel())


def binary_cross_entropy_with_logits(logits: Tensor, targets: Any, mask: Any = None) -> Tensor:
    """Mean of -t log σ(x) - (1 - t) log(1 - σ(x)); logits x and targets t of one shape, else ValueError."""
    _same_shape("binary_cross_entropy_with_logits", logits, targets)
    t = targets if isinstance(targets, Tensor) else as_array(targets)
    if t.dtype.kind != "f":
        t = t.astype(logits.dtype)
    return _mean(
        "binary_cross_entropy_with_logits", (-logits).softplus() * t + logits.softplus() * (1 - t), mask
    )


def mse(prediction: Tensor, target: Any, mask: Any = None) -> Tensor:
    """Mean of the squared difference; prediction and target of one shape, else ValueError."""
    _same_shape("mse", prediction, target)
    difference = prediction - target
    return _mean("mse", difference * difference, mask)


def mae(prediction: Tensor, target: Any, mask: Any = None) -> Tensor:
    """Mean of the absolute difference; prediction and target of one shape, else ValueError."""
    _same_shape("mae", prediction, target)
    return _mean("mae", abs(prediction - target), mask)


def huber(prediction: Tensor, target: Any, delta: float = 1.0, mask: Any = None) -> Tensor:
    """Half the squared difference where it is below `delta`, growing linearly beyond; the mean of it.

    prediction and target of one shape, else ValueError. Huber, 1964.
    """
    _same_shape("huber", prediction, target)
    difference = prediction - target
    size = abs(difference)
    values = where(size.data <= delta, 0.5 * difference * difference, delta * (size - 0.5 * delta))
    return _mean("huber", values, mask)


def dropout(x: Tensor, p: float, rng: np.random.Generator, training: bool = True) -> Tensor:
    """In training, zero each entry of x (any shape) with probability p, scale the others by 1 / (1 - p).

    Raises ValueError for p outside [0, 1). Srivastava et al., 2014.
    """
    if not 0 <= p < 1:
        raise ValueError(f"dropout: p must lie in [0, 1), got {p}")
    if not training or p == 0:
        return x
    keep = (rng.random(x.shape) >= p).astype(x.dtype) / np.asarray(1 - p, x.dtype)
    return mul(x, keep)


def layer_norm(x: Tensor, gain: Any = None, bias: Any = None, eps: float = 1e-5) -> Tensor:
    """x (..., D) with zero mean and unit variance along the last axis, then times gain, plus bias, each (D,).

    Ba et al., 2016 (arXiv:1607.06450).
    """
    y: Tensor = (x - x.mean(axis=-1, keepdims=True)) / sqrt(x.var(axis=-1, keepdims=True) + eps)
    y = y if gain is None else y * gain
    return y if bias is None else add(y, bias)


def one_hot(labels: Any, classes: int, dtype: Any = np.float64) -> Array:
    """Array (..., classes) with a 1 at each label (...), 0 elsewhere.

    Raises ValueError on labels outside 0 .. classes - 1, and on others than integers.
    """
    labels = as_array(labels)
    if labels.size and labels.dtype.kind not in "iu":
        raise ValueError(
            f"one_hot: labels {labels.shape} of {labels.dtype} are no integers: use .astype(int)"
        )
    if labels.size and (labels.min() < 0 or labels.max() >= classes):
        raise ValueError(f"one_hot: labels must lie in 0 .. {classes - 1}")
    return (labels[..., None] == np.arange(classes)).astype(dtype)


def accuracy(logits: Any, labels: Any, mask: Any = None) -> float:
    """Share of entries whose largest logit is the label: logits (..., C), labels (...); NaN for none.

    labels: integers. mask: (...) or leading axes of it. Raises ValueError where shapes do not fit, and on
    labels outside 0 .. C - 1 where the mask is True: they could never be hit.
    """
    logits = as_array(logits)
    labels, answers = _integers("accuracy", labels, logits), logits.argmax(-1)
    if mask is not None:
        mask = _kept("accuracy", mask, labels.shape)
        labels, answers = labels[mask], answers[mask]
    if labels.size and (labels.min() < 0 or labels.max() >= logits.shape[-1]):
        raise ValueError(f"accuracy: labels must lie in 0 .. {logits.shape[-1] - 1}; mask the others")
    hits = answers == labels
    return float(hits.mean()) if hits.size else float("nan")
