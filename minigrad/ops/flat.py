"""Operators whose result is flat in both arguments, or no number: a constant without a gradient.

And for each of NumPy's functions that stand behind an operator, ours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import tape
from minigrad.contract import misfit
from minigrad.contract.kinds import FAILURES
from minigrad.ops.arithmetic import add, div, matmul, mod, mul, pow, sub
from minigrad.tape import Array

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__: list[str] = []


def _flat(symbol: str, f: Callable[..., Array]) -> Callable[[Any, Any], Tensor]:
    """The operator `symbol` of two tensors or arrays of any shapes that broadcast."""

    def compared(a: Array, b: Array) -> Any:
        return f(a, b)

    compared.__name__ = symbol  # for errors

    def constant(self: Any, other: Any) -> Any:  # as it is, a Python number promotes nothing
        if other is None or isinstance(other, str):
            return NotImplemented  # Python says that they differ, or that they have no order
        arrays = [a._data if isinstance(a, tape.result_class) else a for a in (self, other)]
        try:
            return tape.result_class(compared(*arrays))
        except FAILURES as error:
            raise misfit(compared, arrays, {}, error) from error

    return constant


_OF_NUMPY: dict[str, Any] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
    "//": np.floor_divide,
    "&": np.bitwise_and,
    "|": np.bitwise_or,
    "^": np.bitwise_xor,
}
FLAT = {symbol: _flat(symbol, f) for symbol, f in _OF_NUMPY.items()}

# What an array asks for that stands before an operator, with a tensor behind it.
OPERATORS: dict[Any, Callable[[Any, Any], Tensor]] = {
    np.add: add,
    np.subtract: sub,
    np.multiply: mul,
    np.divide: div,
    np.remainder: mod,
    np.power: pow,
    np.matmul: matmul,
    **{f: FLAT[symbol] for symbol, f in _OF_NUMPY.items()},
}
