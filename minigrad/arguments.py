"""What public functions ask of their arguments: each is given back as wanted, or an error says the remedy.

Every message names the function, the argument, what was given and what it must be.
"""

from __future__ import annotations

import math
import operator
from contextlib import suppress
from numbers import Integral, Real
from typing import Any

import numpy as np

from minigrad.contract.kinds import demand
from minigrad.contract.kinds import given as given
from minigrad.contract.kinds import unfit as unfit
from minigrad.tape import Array, as_array
from minigrad.tensor import Tensor


def number(where: str, name: str, value: Any, low: float, below: float = math.inf) -> float:
    """A float from `low` on, and below `below`. Raises TypeError for no number, ValueError outside."""
    real = isinstance(value, Real) and not isinstance(value, bool)
    if real and low <= float(value) < below:
        return float(value)
    wanted = f"a finite number, at least {low}" + f" and below {below}" * (below < math.inf)
    raise (ValueError if real else TypeError)(unfit(where, name, value, wanted))


def count(where: str, name: str, value: Any, low: int = 1) -> int:
    """An int from `low` on. Raises TypeError for no whole number, ValueError for one below."""
    wanted = f"a whole number, at least {low}"
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise TypeError(unfit(where, name, value, wanted))
    if value < low:
        raise ValueError(unfit(where, name, value, wanted))
    return operator.index(value)


def generator(where: str, value: np.random.Generator | None) -> np.random.Generator:
    """The generator, or for None one with a seed of the system's. Raises TypeError for anything else."""
    if value is None:
        return np.random.default_rng()
    if not isinstance(value, np.random.Generator):
        raise TypeError(unfit(where, "rng", value, "a generator: np.random.default_rng(seed)"))
    return value


def tensor(where: str, name: str, value: Any) -> Tensor:
    """A Tensor as it is, an array or a list of numbers, of any shape, as a constant one. Raises TypeError."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, (list, tuple)) and any(isinstance(one, Tensor) for one in value):
        raise TypeError(
            f"{where}: {name} is a {type(value).__name__} of Tensors; stack(...) makes one of them"
        )
    try:
        array = as_array(value)
    except ValueError:  # lists of different lengths
        array = None
    if getattr(array, "dtype", np.dtype(object)).kind not in "biuf":
        raise TypeError(unfit(where, name, value, "a Tensor, or an array of numbers"))
    return Tensor(array)


def truth(where: str, name: str, value: Any) -> None:
    """Raise TypeError for other than True and False."""
    demand(where, name, value, "bool")


def tensors(where: str, **named: Any) -> None:
    """Raise TypeError for what is no Tensor, of any shape, by its name."""
    for name, value in named.items():
        if not isinstance(value, Tensor):
            raise TypeError(unfit(where, name, value, "a Tensor"))


def function(where: str, name: str, value: Any, such_as: str) -> None:
    """Raise TypeError for what cannot be called."""
    if not callable(value):
        raise TypeError(unfit(where, name, value, f"a function, such as {such_as}"))


def floating(where: str, dtype: Any) -> np.dtype[Any]:
    """The dtype, if parameters can be of it. Raises TypeError for any other, or for none."""
    with suppress(TypeError):
        found: np.dtype[Any] = np.dtype(dtype)
        if found.kind == "f" and found.itemsize >= 4:  # in half precision, Adam's eps is 0
            return found
    raise TypeError(unfit(where, "dtype", dtype, "np.float32 or np.float64"))


def indices(where: str, name: str, value: Any, below: int) -> Array:
    """The value as an array of integers, of any shape. Raises ValueError unless all are in 0 .. below - 1."""
    array = as_array(value)
    array = array if array.size else array.astype(int)  # an empty list has become floats
    if array.dtype.kind not in "iu" or (array.size and not (array.min() >= 0 and array.max() < below)):
        raise ValueError(unfit(where, name, value, f"integers in 0 .. {below - 1}"))
    return array


def mask(where: str, value: Any, shape: tuple[int, ...]) -> Array:
    """The mask, (B,) or (B, T) of a `shape` (B, T, D), as an array of bool.

    Raises ValueError for one that does not fit, TypeError for a number.
    """
    array = as_array(value)
    if not array.ndim:
        raise TypeError(unfit(where, "mask", value, "an array of True and False; reduction is given by name"))
    if array.shape != shape[: array.ndim]:
        wanted = f"values of shape {shape}: it must have their leading axes"
        raise ValueError(f"{where}: a mask of shape {array.shape} does not fit {wanted}")
    if array.dtype.kind != "b" and not ((array == 0) | (array == 1)).all():
        remedy = "of lengths (B,), np.arange(T) < lengths[:, None] makes one"
        raise ValueError(f"{where}: a mask {array.shape} holds True and False, not other numbers; {remedy}")
    return array.astype(bool)
