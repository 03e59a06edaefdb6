"""What is said to somebody who writes what PyTorch or NumPy would understand, and minigrad does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import index
from typing import Any, TypeVar

_X = TypeVar("_X")

IN_PLACE = "an operator such as x += y, for a leaf in `with no_grad():`"

# For a tensor's attribute, what to write in its place.
TENSOR = {
    "add": "a + b",
    "argsort": "x.data.argsort()",
    "bool": "x != 0",
    "chunk": "split(x, 3, axis=0), into 3 parts",
    "clamp": "x.clip(low, high)",
    "clone": "x itself, which ops never change; copy.deepcopy(x) of a leaf",
    "contiguous": "x itself",
    "copy": "x itself, which ops never change; copy.deepcopy(x) of a leaf",
    "cpu": "x itself: everything is on the CPU",
    "cuda": "x itself: everything is on the CPU",
    "dim": "x.ndim",
    "div": "a / b",
    "double": "x.astype(np.float64)",
    "eq": "a == b",
    "expand": "broadcast_to(x, shape)",
    "float": "x.astype(np.float32)",
    "floor": "np.floor(x.data), which has no gradient",
    "gather": "x[np.arange(len(x)), labels]",
    "grad_fn": "x.node",
    "index_select": "x.take(indices, axis)",
    "int": "x.astype(np.int32)",
    "is_leaf": "x.requires_grad, for leaves that you made",
    "log_softmax": "functional.log_softmax(x, axis)",
    "long": "x.astype(np.int64)",
    "masked_fill": "where(mask, value, x)",
    "matmul": "a @ b",
    "mm": "a @ b",
    "mT": "x.swapaxes(-1, -2)",
    "mul": "a * b",
    "mv": "a @ b",
    "neg": "-x",
    "nbytes": "x.data.nbytes",
    "new_zeros": "Tensor(np.zeros(shape))",
    "numel": "x.size",
    "permute": "x.transpose(axes)",
    "pow": "x ** n",
    "repeat": "concatenate([x, x])",
    "requires_grad_": "x.requires_grad = True",
    "round": "x.data.round(), which has no gradient",
    "softmax": "functional.softmax(x, axis)",
    "split": "split(x, 3, axis=0), into 3 parts",
    "sub": "a - b",
    "t": "x.T",
    "to": "x.astype(dtype); everything is on the CPU",
    "type": "x.dtype",
    "unsqueeze": "x[None], or expand_dims(x, axis)",
    "view": "x.reshape(shape)",
    "add_": IN_PLACE,
    "clamp_": IN_PLACE,
    "copy_": IN_PLACE,
    "div_": IN_PLACE,
    "exp_": IN_PLACE,
    "fill_": IN_PLACE,
    "masked_fill_": IN_PLACE,
    "mul_": IN_PLACE,
    "neg_": IN_PLACE,
    "normal_": IN_PLACE,
    "pow_": IN_PLACE,
    "relu_": IN_PLACE,
    "sigmoid_": IN_PLACE,
    "sqrt_": IN_PLACE,
    "sub_": IN_PLACE,
    "tanh_": IN_PLACE,
    "uniform_": IN_PLACE,
    "zero_": IN_PLACE,
}

# The same for a name of the package, and of minigrad.nn.
PACKAGE = {
    "allclose": "np.allclose(x.data, y.data)",
    "arange": "Tensor(np.arange(n))",
    "as_tensor": "Tensor(array)",
    "cat": "concatenate(tensors, axis)",
    "clamp": "clip(x, low, high)",
    "eye": "Tensor(np.eye(n))",
    "float32": "np.float32",
    "float64": "np.float64",
    "from_numpy": "Tensor(array)",
    "full": "Tensor(np.full(shape, value))",
    "int64": "np.int64",
    "linspace": "Tensor(np.linspace(a, b, n))",
    "load": "train.load(path, *parts)",
    "log_softmax": "functional.log_softmax(x, axis)",
    "long": "np.int64",
    "manual_seed": "a generator for each thing that draws, np.random.default_rng(seed)",
    "ones": "Tensor(np.ones(shape))",
    "ones_like": "Tensor(np.ones(x.shape))",
    "permute": "transpose(x, axes)",
    "rand": "Tensor(rng.random(shape)), with rng = np.random.default_rng(seed)",
    "randn": "Tensor(rng.standard_normal(shape)), with rng = np.random.default_rng(seed)",
    "save": "train.save(path, history, *parts)",
    "softmax": "functional.softmax(x, axis)",
    "unsqueeze": "expand_dims(x, axis)",
    "utils": "minigrad.data",
    "zeros": "Tensor(np.zeros(shape))",
    "zeros_like": "Tensor(np.zeros(x.shape))",
}
MODULES = {
    "BCEWithLogitsLoss": "functional.binary_cross_entropy_with_logits",
    "CrossEntropyLoss": "functional.cross_entropy",
    "GRU": "Recurrent(cell), with a cell that you write",
    "GRUCell": "a Module that you write",
    "L1Loss": "functional.mae",
    "LSTM": "Recurrent(cell), with a cell that you write",
    "LSTMCell": "a Module that you write",
    "MSELoss": "functional.mse",
    "ModuleDict": "a dict of modules",
    "ModuleList": "a list of modules",
    "RNN": "Recurrent(cell), with a cell that you write",
    "RNNCell": "a Module that you write",
    "ReLU": "Tensor.relu, as in Sequential(Linear(2, 8), Tensor.relu)",
    "Sigmoid": "Tensor.sigmoid, as in Sequential(Linear(2, 8), Tensor.sigmoid)",
    "Softmax": "functional.softmax",
    "Tanh": "Tensor.tanh, as in Sequential(Linear(2, 8), Tensor.tanh)",
    "functional": "minigrad.functional",
}

# The same for an argument of `backward`.
BACKWARD = {
    "create_graph": "gradcheck's differences for a second order: the tape has gradients of the first",
    "gradient": "g=...",
    "inputs": "requires_grad = False of the leaves that are to have no gradient",
    "retain_graph": "one backward of the sum of the results, or the forward pass again",
}


def unasked(function: str, name: str, remedies: Mapping[str, str]) -> TypeError:
    """The error for an argument of this name, which the function has not."""
    if name not in remedies:
        return TypeError(f"{function}() got an unexpected keyword argument {name!r}")
    return TypeError(f"{function} has no argument {name!r}: use {remedies[name]}")


def unknown(said: str, name: str, remedies: Mapping[str, str]) -> AttributeError:
    """The error for an attribute that is not there; `said` is how Python's own message begins."""
    use = f": use {remedies[name]}" if name in remedies else ""
    return AttributeError(f"{said} has no attribute {name!r}{use}")


class Elsewhere:
    """An attribute of other libraries' tensors: looking it up says what it is called here."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        raise unknown(f"{owner.__name__!r} object", self.name, TENSOR)


class Expected:
    """What a tensor has of TENSOR: the names, each a miss that tells the remedy.

    `__getattr__` would say it in one line, and cost every op 3 %: in CPython 3.11, a class that has one loses
    the quick way to its slots.
    """

    __slots__ = ()

    def __dir__(self) -> list[str]:
        return sorted(set(super().__dir__()) - TENSOR.keys())


for _name in TENSOR:
    setattr(Expected, _name, Elsewhere(_name))


# What Python's own functions get of a tensor x


def length(x: Any) -> int:
    """The number of rows of x (n, ...). Raises TypeError for one of shape ()."""
    if not x.ndim:
        raise TypeError("a tensor of shape () has no rows: .item() gives its number")
    return len(x._data)


def truth(x: Any) -> bool:
    """Whether the only entry of x, of any shape, is other than 0. Raises ValueError where it is not alone."""
    if x.size != 1:
        remedy = "use .any() or .all(); maximum(a, b) for max(a, b); `is` to find one in a list"
        raise ValueError(f"a tensor of shape {x.shape} is neither true nor false: {remedy}")
    return bool(x._data)


def number(kind: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function from x, of any shape, to its only entry as a number of that kind, or to a TypeError."""

    def only(x: Any) -> Any:
        if x.size != 1:
            remedy = "minigrad's functions take it whole, math's take the .item() of one entry"
            raise TypeError(f"a tensor of shape {x.shape} is not one number: {remedy}")
        return kind(x._data.item())

    return only


def whole(x: Any) -> int:
    """The only entry of x, of shape (), where it is an integer. Raises TypeError for another."""
    return index(x._data)


def same(x: _X) -> _X:
    """x itself, of any shape."""
    return x
