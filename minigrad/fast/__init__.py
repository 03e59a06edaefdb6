"""The tape of `tape.py`, in less time: all that minigrad does for speed and for nothing else.

What a pass gives is the same, to the last bit that the order of summation allows. With `ON = False` every
function here hands over to `tape.py`, or is called there as the plain vjp that it also is. In use are:

- `quick` in place of `op` for ops that are called a hundred times a training step, `lift` for all others.
- `backward`, which knows the vjps of `vjps.py`, and `Value` and `Node`, which hold what it needs.
- `subtract`, with which an optimiser moves a parameter.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import tape
from minigrad.contract import guarded, misfit, real, real_of
from minigrad.contract.kinds import FAILURES
from minigrad.fast import passes
from minigrad.recording import entered, paused
from minigrad.tape import Array, P, Result, next_serial

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

ON = True  # tests set it to False to run all they have on the plain tape

_ndarray = np.ndarray
_single, _double = np.dtype("f"), np.dtype("d")  # which are told by `is`, in less time than by their kind
_new = object.__new__
_serials = next_serial.__self__  # type: ignore[attr-defined]  # next(_serials) takes a third of next_serial()

if sys.platform == "linux":
    # glibc hands freed memory back to the kernel: after each step's tape, page faults would take a quarter
    # of the next step. Having freed one large block, which is never touched, it keeps up to 64 MB instead.
    np.empty(2**25 - 2**14, np.uint8)


class Node(tape.Node):
    """A node with room for a pass, whose gradients so lie beside the nodes and in no dict.

    sum: what has come to it in that pass, None before anything. free: the mark of the pass that found this
    node last, and while it is, `sum` may be anybody's array. Once the pass has allocated `sum`, and may add
    to it in place, what part of it is still zero: ALL_ZERO, or (axis, n) for all before n along the axis, or
    None for no known part.
    """

    __slots__ = ("free", "sum")
    sum: Any
    free: Any
    __init__: Any = object.__init__  # slots are set from outside: a constructor would take as long again


def _node(*of: Any) -> Node:
    """A node as `tape.Node(*of)` makes it."""
    node: Node = Node()
    tape.Node.__init__(node, *of)
    node.free = None
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
        """The result `data`, of any shape, of a user's op `f`; without the checks of constructors."""
        result = _new(cls)
        result._data = data = data if type(data) is _ndarray else tape.as_array(data)
        if type(real(data, "a tensor")) is _ndarray:
            data.setflags(write=False)
        result.node = node = Node()
        node.op, node.vjps = f, guarded(vjps) if ON else vjps  # `tape.backward` sees to it by itself
        node.arguments, node.shape = arguments, data.shape
        node.serial, node.keep, node.free = next(_serials), None, None
        return result

    data = tape.Value.data.getter(_read_only)  # type: ignore[attr-defined]


def subtract(leaf: tape.Value, change: Array) -> None:
    """`leaf.data -= change`, of the leaf's shape: what nobody can have altered is not looked at again."""
    data, node = leaf._data, leaf.node
    if node is None or type(data) is not _ndarray:
        leaf.data -= change
        return
    data -= change
    node.serial = next(_serials)  # it is younger now than what used the old numbers: `backward` refuses that


# Forwards


def quick(f: Callable[P, Result]) -> Callable[P, Tensor]:
    """`op` for a function of one array, entry by entry, or of two arguments: nearly all that runs.

    `f` must return a tuple with a vjp for each argument that can need one, write into no argument and return
    none; of real numbers real ones; and of one array a result of its shape. What are loops and calls in
    `tape.op` is spelt out: on small arrays they cost as much as NumPy. Nor is a result looked at for what it
    holds where all that it comes from is recorded, and so real.
    """
    slow = tape.op(f)
    known: Any = f
    names = known.__code__.co_varnames[: known.__code__.co_argcount]
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
            if entered and left is not None and paused():
                array, left = _a.data, None  # .data: read-only, should the result be a view of it
        else:
            array, left = _a, None
        try:
            data, vjps = f(array)
        except FAILURES as error:
            raise misfit(f, (array,), {}, error) from error
        result = _new(tensor)
        result._data = data = data if type(data) is _ndarray else tape.as_array(data)
        if left is None and data.dtype is not _double and data.dtype is not _single:
            real_of(f, data, (array,), {})
        if left is None:
            result.node = None
            return result
        result.node = node = Node()
        node.op, node.vjps, node.arguments, node.shape = f, vjps, (left,), left.shape
        node.serial, node.keep, node.free = next(_serials), None, None
        return result

    return lifted


def _of_two(f: Callable[..., Any], slow: Callable[..., Any]) -> Callable[..., Any]:
    def lifted(_a: Any, _b: Any) -> Any:
        if not ON:
            return slow(_a, _b)
        tensor = tape.result_class
        if isinstance(_a, tensor):
            array, left = _a._data, _a.node
            if entered and left is not None and paused():
                array, left = _a.data, None
        else:
            array, left = _a, None
        if isinstance(_b, tensor):
            other, right = _b._data, _b.node
            if entered and left is None and right is not None and paused():
                right = None
        else:
            other, right = _b, None
        try:
            data, vjps = f(array, other)
        except FAILURES as error:
            raise misfit(f, (array, other), {}, error) from error
        result = _new(tensor)
        result._data = data = data if type(data) is _ndarray else tape.as_array(data)
        if (left is None or right is None) and data.dtype is not _double and data.dtype is not _single:
            real_of(f, data, (array, other), {})
        if left is not None:
            result.node = node = Node()
            if right is not None:
                node.op, node.vjps, node.arguments = f, vjps, (left, right)
            else:
                node.op, node.vjps, node.arguments = f, (vjps[0],), (left,)
            # The parent's tuple where it is equal: fewer objects for Python's collector, and `is` tells it.
            shape = data.shape
            node.shape = left.shape if left.shape == shape else shape
        elif right is not None:
            result.node = node = Node()
            node.op, node.vjps, node.arguments = f, (None, vjps[1]), (None, right)
            node.shape = data.shape
        else:
            result.node = None
            return result
        node.serial, node.keep, node.free = next(_serials), None, None
        return result

    return lifted


def lift(f: Callable[P, Result]) -> Callable[P, Tensor]:
    """`op` for any number of arrays of any shape, and options; `f` writes into no argument and returns none.

    What is rare is left to `tape.op`: a tensor that is given by name, and `no_grad`.
    """
    slow = tape.op(f)

    @wraps(f)
    def lifted(*arguments: Any, **options: Any) -> Any:
        if not ON:
            return slow(*arguments, **options)
        tensor = tape.result_class
        for value in options.values():
            if isinstance(value, tensor):
                return slow(*arguments, **options)
        arrays: list[Any] = []
        parents: list[Any] = []
        for a in arguments:
            if isinstance(a, tensor):
                arrays.append(a._data)
                parents.append(a.node)
            else:
                arrays.append(a)
                parents.append(None)
        recorded = any(parents)
        if recorded and entered and paused():
            return slow(*arguments, **options)
        try:
            data, vjps = f(*arrays, **options)
        except FAILURES as error:
            raise misfit(f, arrays, options, error) from error
        if recorded and type(vjps) is tuple:
            parents, vjps = _needed(f, parents, vjps)
            recorded = any(parents)
        result = _new(tensor)
        result._data = data = data if type(data) is _ndarray else tape.as_array(data)
        if data.dtype is not _double and data.dtype is not _single:
            real_of(f, data, arrays, options)
        if not recorded:
            result.node = None
            return result
        result.node = node = Node()
        node.op, node.vjps, node.arguments, node.shape = f, vjps, parents, data.shape
        node.serial, node.keep, node.free = next(_serials), None, None
        return result

    lifted.__signature__ = slow.__signature__  # type: ignore[attr-defined]
    return lifted


def _needed(f: Any, parents: list[Any], vjps: Any) -> tuple[list[Any], Any]:
    """`tape.needed`, sooner for one array with options."""
    if len(vjps) == 1 and vjps[0] is not None and not any(parents[1:]):
        return parents[:1], vjps
    return tape.needed(f, parents, vjps)


def backward(root: tape.Value, g: Any = None) -> None:
    """`tape.backward`, and the same in its arguments, effects and errors."""
    (passes if ON else tape).backward(root, g)
