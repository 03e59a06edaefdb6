"""Tensor: a value with NumPy's operators, and with the ops as methods."""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any, Never

import numpy as np

from minigrad import fast, habits, ops, tape
from minigrad.contract.kinds import demand
from minigrad.contract.told import with_habits
from minigrad.habits import arrays, python
from minigrad.habits.tensor import BACKWARD
from minigrad.ops.flat import FLAT, OPERATORS
from minigrad.recording import paused
from minigrad.tape import Array, as_array


def _reflected(f: Callable[[Any, Any], Tensor]) -> Callable[[Tensor, Any], Tensor]:
    return lambda self, other: f(other, self)


def _in_place(symbol: str, f: Callable[[Array, Array], Array]) -> Callable[[Tensor, Any], Any]:
    """The operator `symbol`: it changes the tensor itself, as NumPy and PyTorch have it, or raises.

    Without one of its own, Python would take `w -= g` for `w = w - g` and leave the leaf as it was. What is
    recorded is taken for just that: of a result, or of a constant to which something recorded comes. In
    `no_grad` a result is changed, too, and its gradient goes on as if it had not been.
    """

    def changed(self: Tensor, other: Any) -> Any:
        leaf = self.node is not None and self.node.op is None
        if not paused():
            if leaf:
                remedy = f"change it in `with no_grad():`, or use y = w {symbol[:-1]} ..."
                raise ValueError(f"{symbol} on a leaf cannot be recorded: {remedy}")
            if self.node or (isinstance(other, Tensor) and other.requires_grad):
                return NotImplemented  # Python takes `total += loss` for `total = total + loss`
        # No leaf gets an array of its own: the tape, or the caller, may still hold the one that it shares.
        array, by = self._data if leaf else self._data.copy(), as_array(other)
        try:
            array = f(array, by)
        except ValueError as error:
            raise ValueError(f"{symbol}: shapes {self.shape} and {by.shape} do not fit ({error})") from error
        if leaf:
            self.data = array  # tells the tape: backward now refuses results computed with the old values
        else:
            self._data = as_array(array)
        return self

    return changed


class Tensor(fast.Value, habits.Expected):
    """An array that remembers how it came about, so that gradients can flow back through it.

    data: the array, of any shape. grad: the gradient, an array of that shape, None before the first backward
    pass; it adds up over passes until `zero_grad`. requires_grad: whether gradients flow to or through it.
    A leaf (`requires_grad=True`) copies its array; a constant shares it.
    Raises TypeError for a leaf of a dtype that is not floating.
    """

    __slots__ = ()

    # What it holds

    @property
    def grad(self) -> Array | None:
        """The gradient, an array of the tensor's shape, or None where none has come or none is kept.

        Assigning raises ValueError where none is kept: on a constant, and on a result without `retain_grad`;
        and for a gradient of another shape than the tensor's, TypeError for one that holds no real numbers.
        """
        return self.node.grad if self.node is not None and self.node.keep is not None else None

    @grad.setter
    def grad(self, value: Array | None) -> None:
        if self.node is not None and self.node.keep is not None:
            if value is not None:
                value = as_array(demand("Tensor", "grad", value, "Array"))
                if value.shape != self.shape:
                    shapes = f"shape {value.shape} for a tensor of shape {self.shape}"
                    told = f"a gradient of {shapes} cannot be assigned to .grad: give one of its shape"
                    raise ValueError(told)
            self.node.grad = value if value is None else value.astype(self.node.keep, copy=False)
        elif value is not None:
            raise ValueError("this tensor keeps no gradient: use requires_grad=True or .retain_grad()")

    @property
    def requires_grad(self) -> bool:
        """Whether a gradient flows to this tensor, or through it to a leaf.

        Assigning makes a leaf a constant, which freezes a parameter, and a constant a leaf. Raises ValueError
        for a result, TypeError for one that can be no leaf, and for other than True and False.
        """
        return self.node is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        demand("Tensor", "requires_grad", value, "bool")
        if self.node is not None and self.node.op is not None:
            name = self.node.op.__name__
            raise ValueError(f"requires_grad of the result of {name} cannot be assigned to: .detach() it")
        if not value:
            self.node = None
        elif self.node is None:
            Tensor.__init__(self, self._data, requires_grad=True)

    shape = property(attrgetter("_data.shape"), doc="The length of each axis, a tuple of integers.")
    dtype = property(attrgetter("_data.dtype"), doc="The dtype of the array.")
    ndim = property(attrgetter("_data.ndim"), doc="The number of axes.")
    size = property(attrgetter("_data.size"), doc="The number of entries.")

    @property
    def T(self) -> Tensor:
        """The tensor with its axes in reverse: of (B, T, H) it is (H, T, B)."""
        return ops.transpose(self)

    def numpy(self) -> Array:
        """The array, of the tensor's shape. Of a recorded result it is read-only."""
        return self.data

    def item(self) -> Any:
        """The only entry as a Python number. Raises ValueError where there are others, or none."""
        return self._data.item()

    def tolist(self) -> Any:
        """The entries as Python numbers, in lists within lists by the axes of its shape."""
        return self._data.tolist()

    def detach(self) -> Tensor:
        """A constant that shares this tensor's array, of its shape: no gradient flows through it."""
        return Tensor(self.data)

    # Gradients

    def backward(self, g: Any = None, **unknown: Never) -> None:
        """Add the gradient of this tensor to the `.grad` of every leaf it came from, and free the tape.

        g: the cotangent, of the shape of this tensor; may be left out when it has one entry.
        Raises ValueError when there is no gradient, the tape was freed, or the `.data` of a leaf was assigned
        since; what is written into that array goes unseen. Threads may run passes at once only over leaves
        of their own: into a shared one, gradients get lost.
        """
        for name in unknown:
            raise habits.unasked("backward", name, BACKWARD)
        fast.backward(self, g)

    def zero_grad(self) -> None:
        """Forget the gradient: `.grad` is None again."""
        self.grad = None

    def retain_grad(self) -> Tensor:
        """Keep the gradient, of its shape, of this tensor too, though it is no leaf; returns the tensor.

        Raises ValueError for one that depends on no leaf.
        """
        if self.node is None:
            raise ValueError("this tensor depends on no leaf with requires_grad=True: it has no gradient")
        if self.node.keep is None:  # a leaf keeps its gradient already, and the one it has
            self.node.keep, self.node.grad = self._data.dtype, None
        return self

    # Operators

    __add__ = __radd__ = ops.add
    __mul__ = __rmul__ = ops.mul
    __sub__ = ops.sub
    __rsub__ = _reflected(ops.sub)
    __truediv__ = ops.div
    __rtruediv__ = _reflected(ops.div)
    __mod__ = ops.mod
    __rmod__ = _reflected(ops.mod)
    __pow__ = ops.pow
    __rpow__ = _reflected(ops.pow)
    __matmul__ = ops.matmul
    __rmatmul__ = _reflected(ops.matmul)
    __neg__ = ops.neg
    __abs__ = ops.abs
    __getitem__ = ops.getitem

    __iadd__ = _in_place("+=", operator.iadd)
    __isub__ = _in_place("-=", operator.isub)
    __imul__ = _in_place("*=", operator.imul)
    __itruediv__ = _in_place("/=", operator.itruediv)
    __ifloordiv__ = _in_place("//=", operator.ifloordiv)
    __imod__ = _in_place("%=", operator.imod)
    __ipow__ = _in_place("**=", operator.ipow)
    __imatmul__ = _in_place("@=", operator.imatmul)

    __lt__ = FLAT["<"]
    __le__ = FLAT["<="]
    __gt__ = FLAT[">"]
    __ge__ = FLAT[">="]
    __eq__ = FLAT["=="]  # type: ignore[assignment]
    __ne__ = FLAT["!="]  # type: ignore[assignment]
    __floordiv__ = FLAT["//"]
    __rfloordiv__ = _reflected(FLAT["//"])
    __and__ = __rand__ = FLAT["&"]
    __or__ = __ror__ = FLAT["|"]
    __xor__ = __rxor__ = FLAT["^"]
    __hash__ = object.__hash__
    __len__ = python.length
    __bool__ = python.truth
    __float__ = python.number(float)
    __int__ = python.number(int)
    __index__ = python.whole
    __pos__ = python.same
    __repr__ = python.shown
    __format__ = python.formatted

    def __invert__(self) -> Tensor:
        return Tensor(~self._data)

    def __setitem__(self, index: Any, value: Any) -> None:
        remedy = "use where(), concatenate() or stack(); of a leaf or a constant, write into .data"
        raise TypeError(f"a tensor cannot be written into: {remedy}")

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    # NumPy's functions

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        if self.node is not None:
            raise arrays.lost()
        return np.array(self._data, dtype=dtype, copy=copy)

    def __array_ufunc__(self, f: Any, method: str, *arguments: Any, **keywords: Any) -> Any:
        known = OPERATORS.get(f)
        if known is None or keywords or method != "__call__":
            raise arrays.unfit(f, method, keywords)
        return known(*arguments)  # of `array + tensor`

    def __array_function__(self, f: Any, types: Any, arguments: Any, keywords: Any) -> Any:
        return arrays.applied(f, arguments, keywords)

    def __reduce__(self) -> Any:  # copies and pickles
        if self.node is not None and self.node.op is not None:
            name = self.node.op.__name__
            remedy = ".detach() it, also for plt.plot"
            raise TypeError(f"the result of {name} on the tape cannot be copied or pickled: {remedy}")
        return _rebuild, (type(self), self._data, self.requires_grad, self.grad)

    # Ops as methods

    exp = ops.exp
    log = ops.log
    log1p = ops.log1p
    sqrt = ops.sqrt
    abs = ops.abs
    sin = ops.sin
    sign = ops.sign
    cos = ops.cos
    tanh = ops.tanh
    sigmoid = ops.sigmoid
    relu = ops.relu
    softplus = ops.softplus
    clip = ops.clip
    astype = ops.astype
    sum = ops.sum
    mean = ops.mean
    var = ops.var
    std = ops.std
    norm = ops.norm
    max = ops.max
    min = ops.min
    prod = ops.prod
    logsumexp = ops.logsumexp
    cumsum = ops.cumsum
    swapaxes = ops.swapaxes
    squeeze = ops.squeeze
    ravel = ops.ravel
    flatten = ops.flatten
    take = ops.take
    flip = ops.flip
    dot = ops.dot
    argmax = ops.reductions.argmax
    argmin = ops.reductions.argmin

    def reshape(self, *shape: Any) -> Tensor:
        """`x.reshape(2, 3)` or `x.reshape((2, 3))`: see `minigrad.reshape`."""
        return ops.reshape(self, shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes: Any) -> Tensor:
        """`x.transpose()`, `x.transpose(1, 0)` or `x.transpose((1, 0))`: see `minigrad.transpose`.

        PyTorch's `x.transpose(0, 1)`, which exchanges two axes, is `x.swapaxes(0, 1)`. Of (n, m) it raises
        ValueError: by NumPy's rules it would be x as it is, which nobody asks for.
        """
        if len(axes) == 2 == self.ndim and axes[0] in (0, -2) and axes[1] in (1, -1):
            told = "leaves two axes as they are, where PyTorch exchanges them: use x.T or swapaxes(x, 0, 1)"
            raise ValueError(f"transpose: {axes[0]}, {axes[1]} {told}")
        return ops.transpose(self, (axes[0] if len(axes) == 1 else axes) if axes else None)

    # Questions, whose answer, True or False, is a constant

    @with_habits
    def all(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Tensor:
        """Whether all entries along the axes are other than 0: of (B, T) with axis=1 it is (B,)."""
        return Tensor(self._data.all(axis=axis, keepdims=keepdims))

    @with_habits
    def any(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Tensor:
        """Whether any entry along the axes is other than 0: of (B, T) with axis=1 it is (B,)."""
        return Tensor(self._data.any(axis=axis, keepdims=keepdims))

    def isnan(self) -> Tensor:
        """Which entries are not a number, in the tensor's shape."""
        return Tensor(np.isnan(self._data))

    def isfinite(self) -> Tensor:
        """Which entries are finite, neither NaN nor infinite, in the tensor's shape."""
        return Tensor(np.isfinite(self._data))


tape.result_class = Tensor
sys.modules[__name__].__class__ = habits.Uncalled


def _rebuild(kind: type[Tensor], data: Array, requires_grad: bool, grad: Array | None) -> Tensor:
    tensor: Tensor = object.__new__(kind)
    Tensor.__init__(tensor, data, requires_grad)
    tensor.grad = grad
    return tensor
