"""Tensor, the tape, `op`, `backward` and `no_grad`.

An op on tensors runs a plain function of `ops.py` on their arrays. When an argument needs a
gradient, the result gets a `Node`: the op's vjps and the nodes of its arguments. Together the nodes
are the tape. Every node is younger than the nodes it came from, so running through them from the
youngest to the oldest meets each one after all that used it: that is the whole of `backward`. First
order only, and one thread: whether ops are recorded is one flag of this module.

What the tape recorded must not change before `backward`. Writing into a recorded result raises at
once (its array leaves this module read-only), and `backward` refuses a leaf whose `.data` was assigned
after its use. Two ways around this go undetected: writing into a leaf's array, `w.data[...] = 0`, meant
for setting parameters before the forward pass; and into a NumPy array that was an argument itself.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache, wraps
from itertools import count, pairwise
from operator import attrgetter, index
from types import FunctionType
from typing import Any

import numpy as np

from minigrad import ops
from minigrad.ops import Array, At, By

Op = Callable[..., Any]  # to ops.Result
Parents = Sequence["Node | None"]

if sys.platform == "linux":
    # glibc hands freed memory back to the kernel: after each step's tape, page faults would take a quarter
    # of the next step. Having freed one large block, which is never touched, it keeps up to 64 MB instead.
    np.empty(2**25 - 2**14, np.uint8)

_next_serial = count(1).__next__
_recording = True
_new = object.__new__
_none = object()
_ndarray = np.ndarray


class Node:
    """What the tape remembers of one tensor; it does not hold the tensor's data.

    op, vjps: of the op that made it. arguments: the nodes of the op's arguments. vjps line up with them,
    each None where no gradient is needed. A leaf has op None; after a backward pass vjps is None.
    serial: grows with creation. shape: of the tensor.
    keep: the dtype of a gradient that outlives the pass (leaves, `retain_grad`), else None.
    grad: the gradient so far. free: the mark of the pass that saw the node, until that pass has
    allocated memory for grad; then the part of it that is still zero (see `At.add`).
    """

    __slots__ = ("arguments", "free", "grad", "keep", "op", "serial", "shape", "vjps")
    op: Op | None
    vjps: Any
    arguments: Parents
    serial: int
    shape: tuple[int, ...]
    keep: Any
    grad: Any
    free: Any

    @property
    def parents(self) -> tuple[Node, ...]:
        return tuple(p for p in self.arguments if p is not None)


def _node(f: Op | None, vjps: Any, parents: Parents, data: Array) -> Node:
    """The node of a tensor that holds `data`, which f made; of a leaf f is None."""
    node = Node()
    node.op, node.vjps, node.arguments = f, vjps, parents
    node.shape, node.serial = data.shape, _next_serial()
    node.keep = node.grad = node.free = None
    return node


def _floating(data: Array) -> Any:
    """The dtype of `data`, which must be one that gradients can have."""
    if data.dtype.kind != "f":
        raise TypeError(f"a tensor of {data.dtype} has no gradient: use .astype(float) first")
    return data.dtype


def _array(value: Any) -> Array:
    """`value` as an array: itself when it speaks NumPy's protocols, else through np.asarray."""
    if isinstance(value, Tensor):
        return value.data
    return value if hasattr(value, "__array_function__") else np.asarray(value)


@contextmanager
def no_grad() -> Iterator[None]:
    """Do not record: `with no_grad(): ...`, or `@no_grad()` above a function."""
    global _recording
    before, _recording = _recording, False
    try:
        yield
    finally:
        _recording = before


def op(f: Op) -> Callable[..., Tensor]:
    """Lift a function on arrays that returns `(result, vjps)` to tensors, as `ops.py` describes.

    Positional arguments may be Tensors, arrays or Python scalars; keywords are handed on.
    Raises ValueError or IndexError that names the op and the shapes where they do not fit.
    """

    @wraps(f)
    def lifted(*arguments: Any, **keywords: Any) -> Tensor:
        arrays = [a.data if isinstance(a, Tensor) else a for a in arguments]
        parents = [a.node if isinstance(a, Tensor) else None for a in arguments]
        try:
            data, vjps = f(*arrays, **keywords)
        except (ValueError, IndexError) as error:
            raise _misfit(f, arrays, error) from error
        if _recording and any(parents):
            if type(vjps) is tuple:
                parents, vjps = _needed(f, parents, vjps)
            if any(parents):  # an op may hand its argument through; that one stays writable
                return _recorded(f, vjps, parents, data.view() if data is arrays[0] else data)
        return _constant(data)

    return lifted


def _needed(f: Op, parents: Parents, vjps: Sequence[Any]) -> tuple[list[Node | None], Any]:
    """Parents and vjps without those that no gradient needs, which frees what they hold."""
    if any(parents[len(vjps) :]):
        i = next(i for i, parent in enumerate(parents) if parent is not None and i >= len(vjps))
        raise TypeError(f"{f.__name__} has no gradient for argument {i}: .detach() it")
    pairs = [(p, vjp) if p and vjp is not None else (None, None) for p, vjp in zip(parents, vjps)]  # noqa: B905
    return [p for p, _ in pairs], tuple([vjp for _, vjp in pairs])


def _constant(data: Any) -> Tensor:
    """A tensor that needs no gradient, without the checks of the constructor."""
    result: Tensor = _new(Tensor)
    result._data, result.node = data if type(data) is _ndarray else _array(data), None
    return result


def _recorded(f: Op, vjps: Any, parents: Parents, data: Any) -> Tensor:
    """The result of `f` on the tape, its array read-only: f may keep it."""
    result: Tensor = _new(Tensor)
    data = _array(data)
    if type(data) is _ndarray:
        data.setflags(write=False)
    result._data, result.node = data, _node(f, vjps, parents, data)
    return result


def _quick(f: Op) -> Callable[..., Tensor]:
    """`op` for one or two arguments, with a vjp for each that may need one.

    Nearly all that is recorded passes here. What are loops and calls in `op` is spelt out: on small arrays
    they would cost as much as NumPy does.
    """

    @wraps(f)
    def lifted(a: Any, b: Any = _none) -> Tensor:
        if isinstance(a, Tensor):
            x, left = a._data if _recording else a.data, a.node  # .data: for the sake of views
        else:
            x, left = a, None
        if isinstance(b, Tensor):
            y, right = b._data, b.node
        else:
            y, right = b, None
        try:
            data, vjps = f(x) if b is _none else f(x, y)
        except (ValueError, IndexError) as error:
            raise _misfit(f, (x,) if b is _none else (x, y), error) from error
        if not _recording or (left is None and right is None):
            return _constant(data)
        parents: Parents
        if right is not None:
            parents, vjps = (left, right), vjps if left is not None else (None, vjps[1])
        else:
            parents, vjps = (left,), vjps if b is _none else (vjps[0],)
        if type(data) is not _ndarray:
            return _recorded(f, vjps, parents, data)
        result: Tensor = _new(Tensor)
        result._data = data
        result.node = node = Node()
        node.op, node.vjps, node.arguments = f, vjps, parents
        shape = data.shape  # shared where it can be, for the collector too
        node.shape = left.shape if left is not None and left.shape == shape else shape
        node.serial, node.keep, node.free = _next_serial(), None, None
        return result

    return lifted


def _misfit(f: Op, arrays: Sequence[Any], error: Exception) -> Exception:
    shapes = [str(a.shape) for a in arrays if hasattr(a, "shape")]
    kind = ValueError if isinstance(error, ValueError) else IndexError
    if len(shapes) > 1 and kind is ValueError:
        return kind(f"{f.__name__}: shapes {' and '.join(shapes)} do not fit ({error})")
    return kind(f"{f.__name__} of shape {', '.join(shapes)}: {error}")


# The ops of `ops.py`, lifted to tensors

add, sub, mul, div = _quick(ops.add), _quick(ops.sub), _quick(ops.mul), _quick(ops.div)
neg, pow, matmul, getitem = _quick(ops.neg), _quick(ops.pow), _quick(ops.matmul), _quick(ops.getitem)
exp, log, log1p, sqrt = _quick(ops.exp), _quick(ops.log), _quick(ops.log1p), _quick(ops.sqrt)
abs, sin, cos, tanh = _quick(ops.abs), _quick(ops.sin), _quick(ops.cos), _quick(ops.tanh)
sigmoid, relu, softplus = _quick(ops.sigmoid), _quick(ops.relu), _quick(ops.softplus)
leaky_relu, maximum, minimum, clip = op(ops.leaky_relu), op(ops.maximum), op(ops.minimum), op(ops.clip)
where, sum, mean, var, prod = op(ops.where), op(ops.sum), op(ops.mean), op(ops.var), op(ops.prod)
max, min, logsumexp, cumsum = op(ops.max), op(ops.min), op(ops.logsumexp), op(ops.cumsum)
reshape, transpose = op(ops.reshape), op(ops.transpose)
swapaxes, moveaxis = op(ops.swapaxes), op(ops.moveaxis)
squeeze, expand_dims, broadcast_to = op(ops.squeeze), op(ops.expand_dims), op(ops.broadcast_to)
flip, pad, astype, take = op(ops.flip), op(ops.pad), op(ops.astype), op(ops.take)
_concatenate, _stack = op(ops.concatenate), op(ops.stack)
_join = lru_cache(lambda axis: _quick(wraps(ops.concatenate)(lambda a, b: ops.concatenate(a, b, axis=axis))))


def concatenate(tensors: Sequence[Any], axis: int = 0) -> Tensor:
    """Join tensors along an axis that they have."""
    if not tensors:
        raise ValueError("concatenate: no tensors")
    return _join(axis)(*tensors) if len(tensors) == 2 else _concatenate(*tensors, axis=axis)


def stack(tensors: Sequence[Any], axis: int = 0) -> Tensor:
    """Join tensors of one shape along a new axis."""
    if not tensors:
        raise ValueError("stack: no tensors")
    return _stack(*tensors, axis=axis)


def split(x: Tensor, sections: int | Sequence[int], axis: int = 0) -> list[Tensor]:
    """Cut `x` along `axis` into equal `sections`, or before each of the given indices."""
    n = x.shape[axis]
    if isinstance(sections, int):
        if n % sections:
            raise ValueError(f"split: axis {axis} of length {n} does not divide into {sections} equal parts")
        sections = range(n // sections, n, n // sections) if n else [0] * (sections - 1)
    before = (slice(None),) * (axis % x.ndim)
    return [getitem(x, (*before, slice(i, j))) for i, j in pairwise([0, *sections, n])]


def _reflected(f: Callable[..., Tensor]) -> Callable[[Tensor, Any], Tensor]:
    return lambda self, other: f(other, self)


def _compared(f: Callable[..., Array]) -> Callable[[Tensor, Any], Tensor]:
    return lambda self, other: Tensor(f(self._data, _array(other)))


def _asked(f: Callable[[Array], Any]) -> Callable[[Tensor], Any]:
    return lambda self: f(self._data)


class Tensor:
    """An array that remembers how it came about, so that gradients can flow back through it.

    data: the array. grad: the gradient as an array, None before the first backward pass; it adds up
    over passes until `zero_grad`. requires_grad: whether gradients flow to or through it.
    A leaf (`requires_grad=True`) copies its array; a constant shares it.
    """

    __slots__ = ("__weakref__", "_data", "node")
    __array_ufunc__ = None  # so that `array + tensor` comes to __radd__
    _data: Array
    node: Node | None

    def __init__(self, data: Any, requires_grad: bool = False) -> None:
        self._data, self.node = _array(data), None
        if requires_grad:
            self._data = self._data.copy()
            self.node = _node(None, None, (), self._data)
            self.node.keep = _floating(self._data)

    # What it holds

    @property
    def data(self) -> Array:
        data = self._data
        if self.node is not None and self.node.op is not None and type(data) is _ndarray:
            data.setflags(write=False)  # on its way out: for all arrays on the tape it would take long
        return data

    @data.setter
    def data(self, value: Any) -> None:
        if value is not self._data:
            value = _array(value).copy()
        if self.node is not None:
            if self.node.op is not None:
                name = self.node.op.__name__
                raise ValueError(f"the result of {name} cannot be assigned to: use a leaf or .detach()")
            self.node.keep = _floating(value)
            self.node.serial, self.node.shape = _next_serial(), value.shape
        self._data = value

    @property
    def grad(self) -> Array | None:
        return self.node.grad if self.node is not None and self.node.keep is not None else None

    @grad.setter
    def grad(self, value: Array | None) -> None:
        if self.node is not None and self.node.keep is not None:
            self.node.grad = value
        elif value is not None:
            raise ValueError("this tensor keeps no gradient: use requires_grad=True or .retain_grad()")

    @property
    def requires_grad(self) -> bool:
        return self.node is not None

    shape, dtype = property(attrgetter("_data.shape")), property(attrgetter("_data.dtype"))
    ndim, size = property(attrgetter("_data.ndim")), property(attrgetter("_data.size"))
    T = property(transpose)

    def numpy(self) -> Array:
        """The array. Of a recorded result it is read-only."""
        return self.data

    def item(self) -> Any:
        """The only entry as a Python number."""
        return self._data.item()

    def detach(self) -> Tensor:
        """A constant that shares this tensor's array: no gradient flows through it."""
        return Tensor(self.data)

    # Gradients

    def backward(self, g: Any = None) -> None:
        """Add the gradient of this tensor to the `.grad` of every leaf it came from; see `backward`."""
        backward(self, g)

    def zero_grad(self) -> None:
        """Forget the gradient."""
        self.grad = None

    def retain_grad(self) -> Tensor:
        """Keep the gradient of this tensor too, though it is no leaf; returns the tensor."""
        if self.node is None:
            raise ValueError("this tensor depends on no leaf with requires_grad=True: it has no gradient")
        self.node.keep, self.node.grad = self._data.dtype, None
        return self

    # Operators

    __add__ = __radd__ = add
    __mul__ = __rmul__ = mul
    __sub__, __truediv__, __pow__, __matmul__, __getitem__ = sub, div, pow, matmul, getitem
    __neg__, __abs__ = neg, abs

    __rsub__, __rtruediv__, __rpow__, __rmatmul__ = map(_reflected, (sub, div, pow, matmul))
    __lt__, __le__, __gt__, __ge__ = map(_compared, (np.less, np.less_equal, np.greater, np.greater_equal))
    __eq__, __ne__ = map(_compared, (np.equal, np.not_equal))  # type: ignore[assignment]
    __hash__ = object.__hash__
    __len__, __bool__, __float__, __int__ = _asked(len), _asked(bool), _asked(float), _asked(int)
    __index__ = _asked(index)

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TypeError("a tensor cannot be written into: use where(), concatenate() or stack()")

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self._data)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        if self.node is not None:
            raise TypeError("NumPy would lose the gradient: use minigrad's function, or .data on purpose")
        return np.array(self._data, dtype=dtype, copy=copy)

    def __repr__(self) -> str:
        prefix = type(self).__name__ + "("
        body = np.array2string(self._data, separator=", ", prefix=prefix, threshold=100, precision=4)
        notes = f", shape={self.shape}" if self.ndim else ""
        notes += "" if self.dtype == np.float64 else f", dtype={self.dtype}"
        if self.node is not None:
            notes += ", requires_grad=True" if self.node.op is None else f", from {self.node.op.__name__}"
        return f"{prefix}{body}{notes})"

    def __reduce__(self) -> Any:  # copies and pickles
        if self.node is not None and self.node.op is not None:
            name = self.node.op.__name__
            raise TypeError(f"the result of {name} on the tape cannot be copied or pickled: .detach() it")
        return _rebuild, (type(self), self._data, self.requires_grad, self.grad)

    # Ops as methods

    exp, log, log1p, sqrt, abs, sin, cos, tanh = exp, log, log1p, sqrt, abs, sin, cos, tanh
    sigmoid, relu, softplus, clip, astype = sigmoid, relu, softplus, clip, astype
    sum, mean, var, max, min, prod, logsumexp = sum, mean, var, max, min, prod, logsumexp
    swapaxes, squeeze, take, cumsum, flip = swapaxes, squeeze, take, cumsum, flip

    def reshape(self, *shape: Any) -> Tensor:
        """`x.reshape(2, 3)` or `x.reshape((2, 3))`."""
        return reshape(self, shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes: Any) -> Tensor:
        """`x.transpose()`, `x.transpose(1, 0)` or `x.transpose((1, 0))`."""
        return transpose(self, (axes[0] if len(axes) == 1 else axes) if axes else None)

    def argmax(self, axis: int | None = None) -> Array:
        """Index of the largest entry, as an array of integers."""
        return self._data.argmax(axis)


def _rebuild(kind: type[Tensor], data: Array, requires_grad: bool, grad: Array | None) -> Tensor:
    tensor: Tensor = _new(kind)
    Tensor.__init__(tensor, data, requires_grad)
    tensor.grad = grad
    return tensor


class Misshapen(ValueError):
    """A vjp gave a gradient of a shape that its argument cannot have."""


@lru_cache(64)
def _ones(n: int, dtype: Any) -> Array:
    return np.ones(n, dtype)


def unbroadcast(g: Array, shape: tuple[int, ...]) -> Array:
    """Sum `g` over the axes along which an array of `shape` was broadcast."""
    surplus = g.ndim - len(shape)
    if surplus > 0:
        if len(shape) == 1 and g.shape[-1:] == shape and type(g) is _ndarray and g.size:
            rows = g if surplus == 1 else g.reshape(-1, shape[0])
            return _ones(len(rows), g.dtype).dot(rows)  # of a bias: a third of the time that a sum takes
        g = g.sum(axis=tuple(range(surplus)))
    if g.shape != shape and surplus >= 0:
        g = g.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)
    if g.shape != shape:
        raise Misshapen(f"gave a gradient of shape {g.shape} for an array of shape {shape}")
    return g


def backward(root: Tensor, g: Any = None) -> None:
    """Add the gradient of `root` to the `.grad` of every leaf it came from, and free the tape.

    g: cotangent of the shape of `root`; may be left out when `root` has one entry.
    Raises ValueError when there is no gradient, the tape was freed or a leaf was changed since.
    """
    start = root.node
    if start is None:
        raise ValueError("backward: this depends on no leaf with requires_grad=True, or was made in no_grad")
    if g is None and root.size != 1:
        raise ValueError(f"backward: a result of shape {root.shape} needs a cotangent g of that shape")
    g = np.ones_like(root._data) if g is None else _array(g).astype(root.dtype, copy=False)
    if g.shape != start.shape:
        raise ValueError(f"backward: a cotangent of shape {g.shape} for a tensor of shape {start.shape}")
    mark = object()
    order = _tape(start, mark)
    start.grad = g if start.grad is None else start.grad + g
    known: dict[int, list[Array]] = {}
    for node in order:
        g, vjps, parents = node.grad, node.vjps, node.arguments
        node.vjps, node.arguments = None, ()
        if node.keep is None:
            node.grad = None
        elif g is not None:  # it outlives the pass: in memory of its own, in its tensor's dtype
            node.grad = _array(g).astype(node.keep, copy=node.free is mark or node.op is not None)
        if vjps is None or g is None:  # a leaf; or nothing came here
            continue
        i = -1
        try:
            parts = None if type(vjps) is tuple else vjps(g)
            if parts is not None and len(parts) != len(parents):
                raise ValueError(f"{len(parts)} gradients for {len(parents)} arguments")
            for parent in parents:  # counted by hand: zip and enumerate would cost as much as an op's sum
                i += 1
                if parent is None:
                    continue
                if parts is None:
                    vjp = vjps[i]
                    kind = type(vjp)
                    if kind is At:
                        _add_at(parent, vjp, g, mark)
                        continue
                    if kind is FunctionType:
                        part = vjp(g)
                    elif kind is By:
                        part = vjp.among(known, g)
                    else:
                        part = vjp(g) if callable(vjp) else g * vjp
                else:
                    part = parts[i]
                if part.shape != parent.shape:
                    part = unbroadcast(part, parent.shape)
                if parent.grad is None:
                    parent.grad = part
                else:
                    if parent.free is mark:
                        parent.grad = parent.grad + part
                    else:
                        parent.grad += part
                    parent.free = None
        except Exception as error:
            which = f"the vjp of argument {i}" if type(vjps) is tuple else "the vjps"
            where = f"{which} of {node.op.__name__}"  # type: ignore[union-attr]
            if isinstance(error, Misshapen):
                raise ValueError(f"{where} {error}") from None
            error.add_note(f"in {where}")
            raise


def _tape(start: Node, mark: object) -> list[Node]:
    """All nodes that `start` came from, the youngest first, marked for a pass."""
    start.free = mark
    found = [start]
    for node in found:  # which grows meanwhile
        if node.vjps is not None:
            node.grad = None
        elif node.op is not None:
            raise ValueError(
                f"backward: an earlier backward freed the tape behind this result of {node.op.__name__}; "
                "run the forward pass again, or .detach() what goes on from there"
            )
        serial = node.serial
        for parent in node.arguments:
            if parent is not None:
                if parent.serial > serial:
                    raise ValueError(
                        f"backward: a leaf of shape {parent.shape} was changed after "
                        f"{getattr(node.op, '__name__', 'op')} used it; run the forward pass again"
                    )
                if parent.free is not mark:
                    parent.free = mark
                    found.append(parent)
    found.sort(key=attrgetter("serial"), reverse=True)
    return found


def _add_at(node: Node, at: At, g: Array, mark: object) -> None:
    """Add to the node's gradient what is `g` at an index: one buffer for all such."""
    free = node.free
    if node.grad is None:
        node.grad = np.zeros(node.shape, g.dtype, like=None if type(g) is _ndarray else _array(g))
        free = True
    elif free is mark or not node.shape:  # of no dimensions, it may be a NumPy scalar
        node.grad = _array(node.grad).copy()
        free = None
    node.free = at.add(node.grad, g, free)
