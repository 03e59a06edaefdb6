"""The tape of `tape.py`, in less time: all that minigrad does for speed and for nothing else.

What a pass gives is the same, to the last bit that the order of summation allows. With `ON = False` every
function here hands over to `tape.py`, or is called there as the plain vjp that it also is. In use are:

- `quick`, in place of `op`, for ops that are called a hundred times a training step.
- `At` and `By`, two vjps with which `backward` can do more than call them.
- `backward` itself, and `Value` and `Node`, which hold what it needs.
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
from minigrad.tape import Array, P, Result, next_serial

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

ON = True  # tests set it to False to run all they have on the plain tape

_ALL = slice(None)
_ALL_ZERO = (-1, 0)
_ndarray = np.ndarray
_none = object()
_new = object.__new__

if sys.platform == "linux":
    # glibc hands freed memory back to the kernel: after each step's tape, page faults would take a quarter
    # of the next step. Having freed one large block, which is never touched, it keeps up to 64 MB instead.
    np.empty(2**25 - 2**14, np.uint8)


class Node(tape.Node):
    """A node with room for a pass, whose gradients so lie beside the nodes and in no dict.

    seen: the pass that found this node last. sum: what has come to it in that pass, None before anything.
    owned: whether the pass allocated `sum` and may add to it in place; else it may be anybody's array.
    zero: of an owned `sum` the part that is still zero: _ALL_ZERO, or (axis, n) for all before n along the
    axis, or None for no known part.
    """

    __slots__ = ("owned", "seen", "sum", "zero")
    owned: bool
    sum: Any
    zero: tuple[int, int] | None

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.seen: object = None


class _Bare(Node):
    """A node whose slots `quick` sets itself: to call a constructor takes as long as all of them."""

    __slots__ = ()
    __init__ = object.__init__


def _read_only(value: tape.Value) -> Array:
    """The array; of a recorded result it is read-only. Assigning to it copies."""
    data = value._data
    if value.node is not None and value.node.op is not None and type(data) is _ndarray:
        data.setflags(write=False)
    return data


class Value(tape.Value):
    """A value whose array becomes read-only on its way out: to do so for all that is recorded takes long."""

    __slots__ = ()
    node_class = Node
    data = tape.Value.data.getter(_read_only)  # type: ignore[attr-defined]


# Forwards


def quick(f: Callable[P, Result]) -> Callable[P, Tensor]:
    """`op` for a function of one or two arguments, given by position: nearly all that runs.

    `f` must return a tuple with a vjp for each argument that can need one, write into no argument and return
    none. What are loops and calls in `tape.op` is spelt out: on small arrays they cost as much as NumPy.
    """
    slow = tape.op(f)
    function: Callable[..., Any] = f

    @wraps(f)
    def lifted(a: Any = _none, b: Any = _none, /, **keywords: Any) -> Any:
        if keywords or a is _none or not ON:
            given = [x for x in (a, b) if x is not _none]
            return slow(*given, **keywords)
        recording = tape.recording
        if isinstance(a, Value):
            x, left = a._data if recording else a.data, a.node  # .data: of a view made in no_grad
        else:
            x, left = a, None
        if isinstance(b, Value):
            y, right = b._data, b.node
        else:
            y, right = b, None
        try:
            data, vjps = function(x) if b is _none else function(x, y)
        except (ValueError, IndexError) as error:
            raise misfit(f, (x,) if b is _none else (x, y), error) from error
        if not recording or (left is None and right is None):
            result = _new(tape.result_class)  # without the checks of the constructor
            result._data, result.node = data if type(data) is _ndarray else tape.as_array(data), None
            return result
        arguments: tuple[Any, ...]
        if right is not None:
            arguments, vjps = (left, right), vjps if left is not None else (None, vjps[1])
        else:
            arguments, vjps = (left,), vjps if b is _none else (vjps[0],)
        result = _new(tape.result_class)
        result._data = data = data if type(data) is _ndarray else tape.as_array(data)
        result.node = node = _Bare()
        node.op, node.vjps, node.arguments = f, vjps, arguments
        shape = data.shape  # the parent's tuple where it is equal: fewer objects for Python's collector
        node.shape = left.shape if left is not None and left.shape == shape else shape
        node.serial, node.keep, node.seen = next_serial(), None, None
        return result

    lifted.__signature__ = slow.__signature__  # type: ignore[attr-defined]
    return lifted  # type: ignore[return-value]


def of_two(f: Callable[..., Result]) -> Callable[[int], Callable[[Any, Any], Tensor]]:
    """`quick` for two arrays that `f(*arrays, axis=axis)` joins: one lifted function for each axis."""

    @lru_cache
    def along(axis: int) -> Callable[[Any, Any], Tensor]:
        return quick(wraps(f)(lambda a, b: f(a, b, axis=axis)))

    return along


# Two vjps


class At:
    """The vjp of `x[index]`: the cotangent is `g` there and zero elsewhere; equal indices add up.

    Called, it makes an array of x's shape. `backward` has it `add` to one such array for all that was picked
    from x: of a sequence cut into T steps, that is one array in place of T.
    """

    __slots__ = ("axis", "index", "shape")
    index: Any
    axis: int
    shape: tuple[int, ...]

    def __call__(self, g: Array) -> Array:
        buffer = _zeros(self.shape, g)
        self.add(buffer, g, _ALL_ZERO)
        return buffer

    def add(self, buffer: Array, g: Array, zero: tuple[int, int] | None) -> tuple[int, int] | None:
        """Add `g` at the index into `buffer`, and say which part of it is zero then; see `Node.zero`.

        Pieces that were cut from left to right come back from right to left. While each lies in the part that
        is zero it is written, which is several times faster than adding to it.
        """
        along, axis = self.index, self.axis
        index: Any = (_ALL, along) if axis else along
        if type(along) is int:
            along = slice(along, along + 1)
        if zero is not None and type(along) is slice and along.step is None:
            start, stop = along.start or 0, along.stop
            if zero is _ALL_ZERO or (stop is not None and axis == zero[0] and 0 <= start <= stop <= zero[1]):
                buffer[index] = g
                return axis, start if start > 0 else 0
        part = buffer[index]
        if getattr(part, "base", None) is buffer:  # a view: the index was basic, nothing repeats
            part += g
        else:
            np.add.at(buffer, index, g)
        return None


def _zeros(shape: tuple[int, ...], g: Array) -> Array:
    """Zeros of g's dtype, and of its kind: it may be a NumPy scalar, or an array that is not NumPy's."""
    return np.zeros(shape, g.dtype, like=None if type(g) is _ndarray else tape.as_array(g))


def picked(index: Any, shape: tuple[int, ...]) -> At:
    """The vjp of `x[index]` for an x of this shape."""
    at = At()  # an `__init__` would take as long as to cut x
    at.index, at.axis, at.shape = index, 0, shape
    if type(index) is tuple and len(index) == 2 and type(index[0]) is slice and index[0] == _ALL:
        at.index, at.axis = index[1], 1  # of [:, i:j] only i:j: two objects less for Python's collector
    return at


class By:
    """The vjp of a in `a @ b`, two matrices: g @ bᵀ.

    `backward` calls `among`. From the second use of b in a pass on it multiplies by a copy of bᵀ whose rows
    lie in memory one after the other: BLAS takes as little as half the time then, and a recurrent matrix is
    used in every step.
    """

    __slots__ = ("b",)

    def __init__(self, b: Array) -> None:
        self.b = b

    def __call__(self, g: Array) -> Array:
        return g.dot(self.b.T)

    def among(self, cache: dict[int, list[Array]], g: Array) -> Array:
        """The same. cache: id(b) → [b, bᵀ], for the b of a pass; holding b keeps its id from being reused."""
        kept = cache.setdefault(id(self.b), [])
        if len(kept) < 2:
            kept.append(self.b.T.copy() if kept else self.b)
        return g.dot(kept[1] if len(kept) > 1 else self.b.T)


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
    except Exception as error:
        for other in order:
            other.sum = None
        blame(error, node.op.__name__, i)
        raise
    for node, g in kept:
        own = node.owned and node.grad is None
        node.grad = tape.as_array(g if node.grad is None else node.grad + g).astype(node.keep, copy=not own)


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
        node.sum = _zeros(node.shape, g)
        node.owned, node.zero = True, _ALL_ZERO
    elif not node.owned or not node.shape:  # of no dimensions, it may be a NumPy scalar
        node.sum = tape.as_array(node.sum).copy()
        node.owned, node.zero = True, None
    node.zero = at.add(node.sum, g, node.zero)


@lru_cache(64)
def _ones(n: int, dtype: Any) -> Array:
    return np.ones(n, dtype)


def _unbroadcast(g: Array, shape: tuple[int, ...]) -> Array:
    """`unbroadcast`; of a bias, a product with ones: it takes a third of the time that a sum takes."""
    if len(shape) == 1 and g.ndim > 1 and g.shape[-1:] == shape and type(g) is _ndarray and g.size:
        rows = g if g.ndim == 2 else g.reshape(-1, shape[0])
        return _ones(len(rows), g.dtype).dot(rows)
    return tape.unbroadcast(g, shape)
