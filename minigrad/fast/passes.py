"""One pass back over the tape, as `tape.backward` makes it."""

from __future__ import annotations

from functools import lru_cache
from itertools import repeat
from operator import attrgetter
from types import FunctionType
from typing import Any

import numpy as np

from minigrad import tape
from minigrad.contract import blame, in_step
from minigrad.fast.vjps import ALL_ZERO, At, By, unchanged, zeros
from minigrad.tape import Array

_ndarray = np.ndarray
_serial = attrgetter("serial")


def backward(root: tape.Value, g: Any) -> None:
    """`tape.backward`, and the same in its arguments, effects and errors."""
    start, g = tape.begin(root, g if g is not None else _one(root._data))
    mark = object()
    kept = _gone_through(_behind(start, mark), g, mark)
    # In memory of its own, in its tensor's dtype; and first all of them, since a cast may raise.
    sums = {}
    for node, g in kept:
        if node.grad is None and type(g) is _ndarray and g.dtype is node.keep:
            sums[node] = g.copy() if node.free is mark else g
        else:
            sums[node] = tape.added(node, g, node.grad is None and node.free is mark)
    any(map(setattr, sums, repeat("grad"), sums.values()))  # one call of C: no interrupt finds half of them


def _one(data: Array) -> Any:
    """The cotangent of one number, which NumPy's `ones_like` takes several times as long for; or None."""
    if type(data) is not _ndarray or data.size != 1:
        return None
    one = np.empty_like(data)
    one.fill(1)
    return one


def _gone_through(order: list[Any], g: Array, mark: object) -> list[tuple[Any, Array]]:
    """Hand each node's sum on to its arguments, from the youngest, whose sum is `g`, to the oldest.

    Gives the nodes that keep their sum, with it. Whatever raises, no node goes on holding one.
    """
    kept: list[tuple[Any, Array]] = []
    cache: dict[int, list[Array]] = {}
    i: int | None = None
    node = order[0]
    try:
        node.sum = g
        for node in order:
            g, vjps, arguments = node.sum, node.vjps, node.arguments
            node.sum, node.vjps, node.arguments = None, None, ()
            if node.keep is not None:
                kept.append((node, g))
            if type(vjps) is not tuple:
                i = None
                _add_all(node.op, vjps, g, arguments, mark)
                continue
            i = -1
            for parent in arguments:  # counted by hand: zip and enumerate would cost as much as an op's sum
                i += 1
                if parent is None:
                    continue
                vjp = vjps[i]
                kind = type(vjp)
                if kind is FunctionType:
                    if vjp is unchanged:
                        part, shape = g, node.shape
                    else:
                        part = vjp(g)
                        shape = part.shape
                elif kind is _ndarray:
                    part = g * vjp
                    shape = part.shape
                elif kind is At:
                    _add_at(parent, vjp, g, mark)
                    continue
                else:
                    part = vjp.among(cache, g) if kind is By else vjp(g) if callable(vjp) else g * vjp
                    shape = part.shape
                wanted = parent.shape
                if shape is not wanted and shape != wanted:
                    part = _unbroadcast(part, wanted)
                if parent.sum is None:
                    parent.sum = part
                else:
                    if parent.free is mark:
                        parent.sum = parent.sum + part
                    else:
                        parent.sum += part
                    parent.free = None
    except BaseException as error:
        any(map(setattr, order, repeat("sum"), repeat(None)))  # one call of C, for the same reason
        blame(error, node.op, i)
        raise
    return kept


def _behind(start: Any, mark: object) -> list[Any]:
    """`start` and all nodes that it came from, the youngest first, ready for the pass of this mark."""
    start.free, start.sum = mark, None
    found = [start]
    for node in found:  # which grows meanwhile
        if node.vjps is None and node.op is not None:
            tape.behind(start)  # raises
        serial = node.serial
        for parent in node.arguments:
            if parent is not None:
                if parent.serial > serial:
                    tape.behind(start)  # raises
                if parent.free is not mark:
                    parent.free, parent.sum = mark, None
                    found.append(parent)
    found.sort(key=_serial, reverse=True)
    return found


def _add_all(op: Any, vjps: Any, g: Array, arguments: Any, mark: object) -> None:
    """Add to the arguments' sums what one function of `op` gives for all of them; a leaf has none."""
    parts = () if vjps is None else vjps(g)
    if type(parts) is not tuple or len(parts) != len(arguments):
        parts = in_step(parts, arguments, op)
    for i, parent in enumerate(arguments):
        if parent is not None:
            part = parts[i]
            if part.shape != parent.shape:
                part = _unbroadcast(part, parent.shape)
            parent.sum, parent.free = part if parent.sum is None else parent.sum + part, mark


def _add_at(node: Any, at: At, g: Array, mark: object) -> None:
    """Add to the node's sum what is `g` at an index."""
    free = node.free
    if node.sum is None:
        node.sum, free = zeros(node.shape, g), ALL_ZERO
    elif free is mark or not node.shape:  # of no dimensions, it may be a NumPy scalar
        node.sum, free = tape.as_array(node.sum).copy(), None
    node.free = at.add(node.sum, g, free)


@lru_cache(64)
def _few_ones(n: int, dtype: Any) -> Array:
    return np.ones(n, dtype)


def _ones(n: int, dtype: Any) -> Array:
    """n ones, kept for the next time where they are few: 64 lengths take 2 MB at most."""
    return _few_ones(n, dtype) if n <= 4096 else np.ones(n, dtype)


_BLOCK = 1024
_MANY = 8 * _BLOCK


def _column_sums(rows: Array) -> Array:
    """The sums (n,) of rows (N, n), as products with ones: they take a third of the time that sums take.

    Of many rows in blocks: one running sum of a million float32 would lose two digits.
    """
    if len(rows) < _MANY:
        return _ones(len(rows), rows.dtype).dot(rows)
    whole = len(rows) // _BLOCK * _BLOCK
    sums = _ones(_BLOCK, rows.dtype) @ rows[:whole].reshape(-1, _BLOCK, rows.shape[1])
    return _column_sums(sums) + _column_sums(rows[whole:])


def _unbroadcast(g: Array, shape: tuple[int, ...]) -> Array:
    """`unbroadcast`, sooner for a bias (n,) or (1, n)."""
    if g.ndim > 1 and g.shape[-1:] == shape[-1:] and type(g) is _ndarray and g.size:
        if len(shape) == 1:
            return _column_sums(g if g.ndim == 2 else g.reshape(-1, shape[0]))
        if g.ndim == 2 and shape[0] == 1:
            return _column_sums(g)[None]
    return tape.unbroadcast(g, shape)
