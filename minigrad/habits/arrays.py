"""What NumPy's own functions can do with a tensor, or an error that says what to write."""

from __future__ import annotations

import sys
from typing import Any

from minigrad.habits import here

# They look at shapes, or answer yes or no, so that no gradient is lost.
_LOOKING = {"allclose", "array_equal", "array_equiv", "empty_like", "isclose", "ones_like", "zeros_like"}
_LOST = "NumPy would lose the gradient"
_INNER = (_LOST, " takes no tensors", "unexpected keyword argument")  # of what NumPy's function tried inside


def lost() -> TypeError:
    """The error for an array that is to be made of a tensor through which a gradient flows."""
    remedy = "use minigrad's function (stack for a list of tensors), or .data on purpose"
    return TypeError(f"{_LOST}: {remedy}")


def applied(f: Any, arguments: Any, keywords: Any) -> Any:
    """What NumPy's `f` can do with tensors. Raises TypeError, with the remedy, where that is nothing."""
    if f.__name__ in _LOOKING:
        tensor = sys.modules["minigrad.tensor"].Tensor
        return f(*[a.data if isinstance(a, tensor) else a for a in arguments], **keywords)
    try:
        return f.__wrapped__(*arguments, **keywords)
    except TypeError as error:
        inner = "" if any(words in str(error) for words in _INNER) else f" ({error})"
        raise TypeError(_refused(f"{f.__module__}.{f.__name__}", inner)) from error


def unfit(f: Any, method: str, keywords: Any) -> TypeError:
    """The error for NumPy's `f` of one entry, or two, or its `method`, which was given a tensor."""
    if "out" in keywords:
        told = f"np.{f.__name__} writes into no tensor, and no tensor into an array: use a = a + x for a += x"
        return TypeError(told)
    return TypeError(_refused(f"numpy.{f.__name__}" + f".{method}" * (method != "__call__")))


def _refused(name: str, inner: str = "") -> str:
    where, _, last = name.rpartition(".")
    use = here(last, where == "numpy")
    use = "" if use is None else use if " no gradient" in use else f"{use}, or "
    no_gradient = "" if " no gradient" in use else ".data where no gradient is to flow"
    return f"{name.replace('numpy', 'np', 1)} takes no tensors: use {use}{no_gradient}{inner}"
