"""The tape of `tape.py`, in less time: all that minigrad does for speed and for nothing else.

What a pass gives is the same, to the last bit that the order of summation allows. With `ON = False` every
function here hands over to `tape.py`, or is called there as the plain vjp that it also is. In use are:

- `quick`, in place of `op`, for ops that are called a hundred times a training step.
- `backward`, which knows the vjps of `vjps.py`, and `Value` and `Node`, which hold what it needs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import lru_cache, wraps
from operator import attrgetter
from types import FunctionType
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import tape
from minigrad.contract import blame, in_step, misfit
from minigrad.fast.vjps import ALL_ZERO, At, By, zeros
from minigrad.recording import entered, paused
from minigrad.tape import Array, P, Result, next_serial

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

ON = True  # tests set it to False to run all they have on the plain tape

_ndarray = np.ndarray
_new = object.__new__

if sys.platform == "linux":
    # glibc hands freed memory back to the kernel: after each step's tape, page faults would take a quarter
    # of the next step. Having freed one large block, which is never touched, it keeps up to 64 MB instead.
    np.empty(2**25 - 2**14, np.uint8)


class Node(tape.Node):
    """A node with room for a pass, whose gradients so lie beside the nodes and in no dict.

    seen: the pass that found this node last. sum: what has come to it in that pass, None before anything.
    owned: whether the pass allocated `sum` and may add to it in place; else it may be anybody's array.
    zero: of an owned `sum` the part that is still zero: ALL_ZERO, or (axis, n) for all before n along the
    axis, or None for no known part.
    """

    __slots__ = ("owned", "seen", "sum", "zero")
    owned: bool
    sum: Any
    zero: tuple[int, int] | None

    seen: object
    __init__: Any = object.__init__  # slots are set from outside: a constructor would take as long again


def _node(*of: Any) -> Node:
    """A node as `tape.Node(*of)` makes it."""
    node: Node = Node()
    tape.Node.__init__(node, *of)
    node.seen = None
    return node


def _read_only(value: tape.Value) -> Array:
    """The array, of any shape; of a recorded result it is read-only. Assigning to it copies."""
    data = value._data
    if value.node is not None and value.node.op is not None and type(data) is _ndarray:
        data.setflags(write=False)
    return data


class Value(tape.Value):
    """A value whose array becomes read-only on its way out: to do so for all that is recorded takes long."""

    __slots__ = ()
    new_node = staticmethod(_node)

    @classmethod
    def made_by(cls, f: Any, vjps: Any, arguments: Any, data: Array) -> Value:
        """The result `data`, of any shape, of the op `f`; without the checks of the constructors."""
        result = _new(cls)
        result._data = data = data if type(data) is _ndarray else tape.as_array(data)
        if type(data) is _ndarray:
            data.setflags(write=False)
        result.node = node = Node()
        node.op, node.vjps, node.arguments, node.shape = f, vjps, arguments, data.shape
        node.serial, node.keep, node.seen = next_serial(), None, None
        return result

    data = tape.Value.data.getter(_read_only)  # type: ignore[attr-defined]


# Forwards


def quick(f: Callable[P, Result]) -> Callable[P, Tensor]:
    """`op` for a function of one or two arguments of any shape: nearly all that runs.

    `f` must return a tuple with a vjp for each argument that can need one, write into no argument and return
    none. What are loops and calls in `tape.op` is spelt out: on small arrays they cost as much as NumPy.
    """
    slow = tape.op(f)
    names = tuple(slow.__signature__.parameters)  # type: ignore[attr-defined]
    lifted: Any = wraps(f)((_of_one if len(names) == 1 else _of_two)(f, slow))
    # The parameters get the names that f gives them, and so can be passed by name at no cost.
    code = lifted.__code__
    lifted.__code__ = code.replace(co_varnames=names + code.co_varnames[len(names) :])
    lifted.__signature__ = slow.__signature__  # type: ignore[attr-defined]
    return lifted  # type: ignore[no-any-return]


def _of_one(f: Callable[..., Any], slow: Callable[..., Any]) -> Callable[..., Any]:
    def lifted(_a: Any) -> Any:
        if not ON:
            return slow(_a)
        tensor = tape.result_class
        if isinstance(_a, tensor):
            array, left = _a._data, _a.node
            if left is not None and entered and paused():
                array, left = _a.data, None  # .data: read-only, should the result be a view of it
        else:
            array, left = _a, None
        try:
            data, vjps = f(array)
        except (ValueError, IndexError, AttributeError, TypeError) as error:
            raise misfit(f, (array,), error) from error
        result = _new(tensor)
        result._data = data = data if type(data) is _ndarray else tape.as_array(data)
        if left is None:
            result.node = None
            return result
        result.node = node = Node()
        node.op, node.vjps, node.arguments = f, vjps, (left,)
        # The parent's tuple where it is equal: fewer objects for Python's collector.
        node.shape = left.shape if left.shape == data.shape else data.shape
        node.serial, node.keep, node.seen = next_serial(), None, None
        return result

    return lifted


def _of_two(f: Callable[..., Any], slow: Callable[..., Any]) -> Callable[..., Any]:
    def lifted(_a: Any, _b: Any) -> Any:
        if not ON:
            return slow(_a, _b)
        tensor = tape.result_class
        if isinstance(_a, tensor):
            array, left = _a._data, _a.node
            if left is not None and entered and paused():
                array, left = _a.data, None
        else:
            array, left = _a, None
        if isinstance(_b, tensor):
            other, right = _b._data, _b.node
            if right is not None and left is None and entered and paused():
                right = None
        else:
            other, right = _b, None
        try:
            data, vjps = f(array, other)
        except (ValueError, IndexError, AttributeError, TypeError) as error:
            raise misfit(f, (array, other), error) from error
        result = _new(tensor)
        result._data = data = data if type(data) is _ndarray else tape.as_array(data)
        if left is None and right is None:
            result.node = None
            return result
        result.node = node = Node()
        if right is None:
            node.op, node.vjps, node.arguments = f, (vjps[0],), (left,)
        elif left is None:
            node.op, node.vjps, node.arguments = f, (None, vjps[1]), (None, right)
        else:
            node.op, node.vjps, node.arguments = f, vjps, (left, right)
        shape = data.shape
        node.shape = left.shape if left is not None and left.shape == shape else shape
        node.serial, node.keep, node.seen = next_serial(), None, None
        return result

    return lifted


def joining(f: Callable[..., Result]) -> Callable[[int], Callable[[Any, Any], Tensor]]:
    """`quick` for two arrays of any shape that `f(*arrays, axis=axis)` joins: one lifted function an axis."""

    @lru_cache
    def along(axis: int) -> Callable[[Any, Any], Tensor]:
        def two(a: Array, b: Array) -> Result:
            return f(a, b, axis=axis)

        two.__name__ = f.__name__
        return quick(two)

    return along


# Backwards


def backward(root: tape.Value, g: Any = None) -> None:
    """`tape.backward`, and the same in its arguments, effects and errors."""
    if not ON:
        tape.backward(root, g)
        return
    start, g = tape.begin(root, g)
    order = _behind(start)
    start.sum = g
    kept: list[tuple[Node, Array]] = []
    cache: dict[int, list[Array]] = {}
    node, i = start, None
    try:
        for node in order:
            g, vjps, arguments = node.sum, node.vjps, node.arguments
            node.sum, node.vjps, node.arguments = None, None, ()
            if node.keep is not None:
                kept.append((node, g))
            if type(vjps) is not tuple:
                i = None
                _add_all(vjps, g, arguments)
                continue
            i = -1
            for parent in arguments:  # counted by hand: zip and enumerate would cost as much as an op's sum
                i += 1
                if parent is None:
                    continue
                vjp = vjps[i]
                kind = type(vjp)
                if kind is At:
                    _add_at(parent, vjp, g)
                    continue
                if kind is FunctionType:
                    part = vjp(g)
                else:
                    part = vjp.among(cache, g) if kind is By else vjp(g) if callable(vjp) else g * vjp
                if part.shape != parent.shape:
                    part = _unbroadcast(part, parent.shape)
                if parent.sum is None:
                    parent.sum = part
                elif parent.owned:
                    parent.sum += part
                    parent.zero = None
                else:
                    parent.sum, parent.owned, parent.zero = parent.sum + part, True, None
    except BaseException as error:
        for other in order:
            other.sum = None
        blame(error, node.op.__name__, i)
        raise
    sums = [tape.added(node, g, copy=not node.owned or node.grad is not None) for node, g in kept]
    for (node, _), total in zip(kept, sums, strict=True):
        node.grad = total


def _behind(start: Any) -> list[Any]:
    """`start` and all nodes that it came from, the youngest first, ready for a pass."""
    mark = object()
    start.seen, start.sum, start.owned = mark, None, False
    found = [start]
    for node in found:  # which grows meanwhile
        if node.vjps is None and node.op is not None:
            tape.behind(start)  # raises
        serial = node.serial
        for parent in node.arguments:
            if parent is not None:
                if parent.serial > serial:
                    tape.behind(start)  # raises
                if parent.seen is not mark:
                    parent.seen, parent.sum, parent.owned = mark, None, False
                    found.append(parent)
    found.sort(key=attrgetter("serial"), reverse=True)
    return found


def _add_all(vjps: Any, g: Array, arguments: Any) -> None:
    """Add to the arguments' sums what one function gives for all of them; a leaf has no such function."""
    parts = () if vjps is None else in_step(vjps(g), arguments)
    for parent, part in zip(arguments, parts, strict=True):
        if parent is not None:
            part = part if part.shape == parent.shape else _unbroadcast(part, parent.shape)
            parent.sum = part if parent.sum is None else parent.sum + part
            parent.owned = False


def _add_at(node: Any, at: At, g: Array) -> None:
    """Add to the node's sum what is `g` at an index."""
    if node.sum is None:
        node.sum = zeros(node.shape, g)
        node.owned, node.zero = True, ALL_ZERO
    elif not node.owned or not node.shape:  # of no dimensions, it may be a NumPy scalar
        node.sum = tape.as_array(node.sum).copy()
        node.owned, node.zero = True, None
    node.zero = at.add(node.sum, g, node.zero)


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
