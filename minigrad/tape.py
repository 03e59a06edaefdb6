"""The tape: how gradients find their way back. This file is the whole idea; `fast/` does the same, sooner.

An op is a plain function on arrays. It returns its result and, for each array argument, a vjp: a function
that takes the cotangent `g` of the result to the cotangent of that argument. `op` lifts such a function to
tensors. When an argument needs a gradient, the result gets a `Node`: the vjps, and the nodes of the
arguments. Together they are the tape.

Every node is younger than the nodes it came from. So walking from the youngest to the oldest meets each
node after all that used it, when its gradient is complete: that is the whole of `backward`. First order
only. Threads may each have a tape of their own, but no two backward passes at once that share a leaf.

What the tape recorded must not change before `backward`. Writing into a recorded result raises at once,
because its array is read-only, and `backward` refuses a leaf whose `.data` was assigned after its use. Two
ways around this go undetected: writing into a leaf's array, `w.data[...] = 0`, meant for setting parameters
before the forward pass; and writing into a NumPy array that was an argument itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from itertools import count, repeat
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ParamSpec

import numpy as np

from minigrad.contract import Misshapen, blame, by_position, in_step, misfit, of_tensors, pair, real, real_of
from minigrad.contract.kinds import FAILURES, array, demand, flag, read_only
from minigrad.recording import entered, paused
from minigrad.sums import total

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

Array = Any  # a NumPy array, or one that speaks NumPy's protocols
Vjp = Callable[[Array], Any] | Array | None  # an array stands for "g times this array"
Result = tuple[Array, tuple[Vjp, ...] | Callable[[Array], tuple[Array, ...]]]
P = ParamSpec("P")

next_serial = count(1).__next__


class Node:
    """What the tape remembers of one tensor; it does not hold the tensor's array.

    op, vjps: the function that made the tensor and its vjps; a leaf has None and None. arguments: the nodes
    of the op's arguments in step with vjps, None where no gradient is needed. A backward pass frees the
    node: vjps None, arguments (). shape: of the tensor. serial: grows with creation. keep: the dtype of a
    gradient that outlives the pass (of leaves, and after `Tensor.retain_grad`), or None; grad: that gradient.
    """

    __slots__ = ("arguments", "grad", "keep", "op", "serial", "shape", "vjps")

    def __init__(self, op: Any, vjps: Any, arguments: Sequence[Node | None], shape: tuple[int, ...]) -> None:
        self.op, self.vjps, self.arguments, self.shape = op, vjps, arguments, shape
        self.serial, self.keep, self.grad = next_serial(), None, None

    @property
    def parents(self) -> tuple[Node, ...]:
        """The nodes that a gradient flows to from here."""
        return tuple([parent for parent in self.arguments if parent is not None])


class Value:
    """An array, and its node if a gradient flows to or through it. `Tensor` adds operators and methods.

    requires_grad: whether this is a leaf, which copies `data`; a constant shares it.
    Raises TypeError for other than real numbers, a leaf below float32, and a tensor that has a gradient.
    """

    __slots__ = ("__weakref__", "_data", "node")
    new_node: Callable[..., Node] = Node
    _data: Array
    node: Any  # a Node, or None

    def __init__(self, data: Any, requires_grad: bool = False) -> None:
        if isinstance(data, Value) and data.node and not paused():
            raise TypeError("Tensor(t) would lose the gradient of t: use t as it is, or .detach() it")
        self._data = self.node = None
        if requires_grad is not False and flag(requires_grad):
            self.node = self.new_node(None, None, (), ())
            self.data = data
        else:
            self._data = real(as_array(data), "a tensor")

    @classmethod
    def made_by(cls, f: Any, vjps: Any, arguments: Sequence[Node | None], data: Array) -> Value:
        """The result `data`, of any shape, of the op `f` on the tape; read-only, for the vjps rely on it."""
        result = cls(data)
        if type(result._data) is np.ndarray:
            result._data.setflags(write=False)
        result.node = cls.new_node(f, vjps, arguments, result._data.shape)
        return result

    @property
    def data(self) -> Array:
        """The array, of any shape; read-only in a recorded result. Assigning copies, but in `x.data += y`."""
        return self._data

    @data.setter
    def data(self, value: Any) -> None:
        node, given = self.node, as_array(value)
        if node and node.op:
            raise ValueError(f"the result of {node.op.__name__} cannot be assigned to: .detach() it first")
        if node and (given.dtype.kind != "f" or given.dtype.itemsize < 4):  # float16 ends at 65504
            raise TypeError(f"a tensor of {given.dtype} has no gradient: use .astype(float) first")
        if node:  # it is younger now than what used the old array: `backward` refuses that
            node.grad = node.grad if node.shape == given.shape else None  # one of another shape means nothing
            node.keep, node.shape, node.serial = given.dtype, given.shape, next_serial()
        self._data = given.copy() if value is not self._data else value


result_class: type[Value] = Value  # of what ops take and return: tensor.py puts Tensor here
Value.__init__.__qualname__ = "Tensor"  # so Python calls it in the errors of a wrong call


def as_array(value: Any) -> Array:
    """A tensor's array, of any shape; any other value as `array` makes it one."""
    return value.data if isinstance(value, Value) else array(value)


def op(f: Callable[P, Result]) -> Callable[P, Tensor]:
    """Lift a function on arrays that returns `(result, vjps)` to tensors.

    Arguments, by position or by name, may be Tensors or arrays of any shape, and whatever else `f` takes.
    vjps: a tuple in step with f's parameters, of vjps, arrays (for `g` times it) and None (no gradient); or,
    where the gradients share their work, one function from `g` to the tuple of all. A vjp cannot write into
    `g`, and may return it. It may ignore broadcasting, which `backward` undoes.
    Raises what f raises, with its name; TypeError for no function, or no vjp of what needs a gradient.
    """
    signature = of_tensors(demand("op", "f", f, "Callable", " of arrays that returns (result, vjps)"))

    @wraps(f)
    def lifted(*arguments: Any, **keywords: Any) -> Any:
        call: Callable[..., Any] = f
        if keywords and [value for value in keywords.values() if isinstance(value, result_class)]:
            call, arguments, keywords = by_position(f, signature, arguments, keywords)
        arrays = [a.data if isinstance(a, result_class) else a for a in arguments]
        parents = [a.node if isinstance(a, result_class) else None for a in arguments]
        try:
            data, vjps = pair(f, call(*arrays, **keywords))
        except FAILURES as error:
            raise misfit(f, arrays, keywords, error) from error
        real_of(f, as_array(data), arrays, keywords)
        if any(parents) and not (entered and paused()):
            parents, vjps = needed(f, parents, vjps)
            if any(parents):
                data = data.view() if [a for a in arrays if a is data] else data  # an argument stays writable
                return result_class.made_by(f, vjps, parents, data)
        return result_class(data)

    lifted.__signature__ = signature  # type: ignore[attr-defined]
    return lifted


def needed(f: Any, parents: list[Any], vjps: Any) -> tuple[list[Any], Any]:
    """`parents` and `vjps`, of arrays of any shape, less what no gradient needs. Raises TypeError."""
    if callable(vjps):
        return parents, vjps
    for i in range(len(vjps), len(parents)):
        if parents[i]:
            raise TypeError(f"{f.__name__} has no gradient for argument {i}: .detach() it, or give it a vjp")
    pairs = [(p, v) if p and v is not None else (None, None) for p, v in zip(parents, vjps, strict=False)]
    return [p for p, _ in pairs], tuple([vjp for _, vjp in pairs])


def unbroadcast(g: Array, shape: tuple[int, ...]) -> Array:
    """Sum `g`, of any shape, over the axes along which an array of `shape` became it. Raises Misshapen."""
    surplus = g.ndim - len(shape)
    if g.shape != shape and surplus >= 0:
        axes = tuple([i for i, n in enumerate((1,) * surplus + shape) if n == 1])
        g = total(g, axes, keepdims=True)
        g = g.reshape(g.shape[surplus:])
    if g.shape != shape:
        raise Misshapen(f"gave a gradient of shape {g.shape} for an array of shape {shape}")
    return g


def backward(root: Value, g: Any = None) -> None:
    """Add the gradient of `root` to the `.grad` of every leaf it came from, and free the tape.

    g: the cotangent, of the shape of `root`; may be left out when `root` has one entry.
    Raises ValueError when there is no gradient, the tape was freed or a leaf was changed since; and what a
    vjp raises, with a note on which. After an error every `.grad` is what it was before.
    """
    start, g = begin(root, g)
    gradients = {start: g}
    kept: list[tuple[Node, Array]] = []
    for node in sorted(behind(start), key=attrgetter("serial"), reverse=True):
        g, vjps, arguments, i = gradients.pop(node), node.vjps, node.arguments, None
        node.vjps, node.arguments = None, ()
        if node.keep is not None:
            kept.append((node, g))
        g = read_only(g)  # a vjp that wrote into it would change what other nodes get
        try:
            parts = in_step(vjps(g), arguments, node.op) if callable(vjps) else None
            for i, parent in enumerate(arguments):
                if parent is not None:
                    part = parts[i] if parts else vjps[i](g) if callable(vjps[i]) else g * vjps[i]
                    part = unbroadcast(part, parent.shape)
                    gradients[parent] = gradients[parent] + part if parent in gradients else part
        except BaseException as error:
            blame(error, node.op, None if callable(vjps) else i)
            raise
    # In memory of its own, in its tensor's dtype; and first all of them, since a cast may raise.
    sums = {node: added(node, g) for node, g in kept}
    any(map(setattr, sums, repeat("grad"), sums.values()))  # one call of C: no interrupt finds half of them


def added(node: Node, g: Array, copy: bool = True) -> Array:
    """The node's gradient and `g`, of its shape, in its tensor's dtype. Raises TypeError for complex ones."""
    return real(as_array(g if node.grad is None else node.grad + g), "a gradient").astype(
        node.keep, copy=copy
    )


def begin(root: Value, g: Any) -> tuple[Any, Array]:
    """The node of `root`, of any shape, and its cotangent. Raises ValueError, TypeError for unfit ones."""
    start, data = root.node, root._data
    if start is None:
        raise ValueError("backward: this depends on no leaf with requires_grad=True, or was made in no_grad")
    if g is None and data.size != 1:
        raise ValueError(f"backward: a result of shape {data.shape} needs a cotangent g of that shape")
    g = np.ones_like(data) if g is None else as_array(demand("backward", "g", g, "Array"))
    g = g.astype(data.dtype, copy=False)
    if g.shape != start.shape:
        raise ValueError(f"backward: a cotangent of shape {g.shape} for a tensor of shape {start.shape}")
    return start, g


def behind(start: Node) -> dict[Node, None]:
    """`start` and all nodes that it came from, each once. Raises ValueError where a pass is not possible."""
    found, todo = {start: None}, [start]
    for node in todo:  # which grows meanwhile
        if node.op and node.vjps is None:
            raise ValueError(
                f"backward: an earlier backward freed the tape behind this result of {node.op.__name__}; "
                "run the forward pass again, or .detach() what goes on from there"
            )
        for parent in node.parents:
            if parent.serial > node.serial:
                raise ValueError(
                    f"backward: a leaf of shape {parent.shape} was changed after {node.op.__name__} used it; "
                    "run the forward pass again"
                )
            if parent not in found:
                found[parent] = None
                todo.append(parent)
    return found
