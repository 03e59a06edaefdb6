"""What public functions ask of their arguments: each is given back as wanted, or an error says the remedy.

Every message names the function, the argument, what was given and what it must be.
"""

from __future__ import annotations

import math
import operator
from numbers import Integral, Real
from typing import Any

import numpy as np

from minigrad.tape import as_array
from minigrad.tensor import Tensor


def given(value: Any) -> str:
    """A value of any shape in a few words: a number or a short text as it is, else its type and its shape."""
    if value is None or isinstance(value, (Real, str)):
        return repr(value.item() if isinstance(value, np.generic) else value)[:60]
    if isinstance(value, type):
        return f"the class {value.__name__}"
    shape = getattr(value, "shape", None)
    kind = "array" if isinstance(value, np.ndarray) else type(value).__name__
    article = "an" if kind[:1].lower() in "aeiou" else "a"
    return f"{article} {kind}" if shape is None else f"{article} {kind} of shape {tuple(shape)}"


def unfit(where: str, name: str, value: Any, wanted: str) -> str:
    """The sentence that says so of the argument `name`, a value of any shape, of the function `where`."""
    return f"{where}: {name} is {given(value)}; it must be {wanted}"


def number(where: str, name: str, value: Any, low: float = -math.inf, below: float = math.inf) -> float:
    """A float from `low` on, and below `below`. Raises TypeError for no number, ValueError outside."""
    bounds = [f"at least {low}"] * (low > -math.inf) + [f"below {below}"] * (below < math.inf)
    wanted = ", ".join(["a finite number", *[" and ".join(bounds)] * bool(bounds)])
    if not isinstance(value, Real) or isinstance(value, (bool, np.bool_)):
        raise TypeError(unfit(where, name, value, wanted))
    exact = float(value)
    if not low <= exact < below or not math.isfinite(exact):
        raise ValueError(unfit(where, name, value, wanted))
    return exact


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


def function(where: str, name: str, value: Any, such_as: str) -> None:
    """Raise TypeError for what cannot be called."""
    if not callable(value):
        raise TypeError(unfit(where, name, value, f"a function, such as {such_as}"))
