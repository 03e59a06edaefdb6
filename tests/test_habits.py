"""What somebody does out of habit, from PyTorch or NumPy: it is done, or an error says what to write."""

import copy
import importlib.util
import json
import math
import operator
import pickle
import re
import tomllib
import unittest
from inspect import isfunction
from pathlib import Path

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, data, functional, nn, optim, plot, train
from minigrad.habits import TABLES, missing
from minigrad.habits.nn import MODULE
from minigrad.habits.table import by_name
from minigrad.habits.tensor import TENSOR

NAMES = {
    "x": Tensor(1.0),
    "Tensor": Tensor,
    "np": np,
    "functional": functional,
    "train": train,
    "copy": copy,
    "minigrad": mg,
    "data": data,
    "nn": nn,
    "optim": optim,
    "plot": plot,
    "math": math,
    "rng": np.random.default_rng(),
}
MODULES = {module.__name__: module for module in (mg, functional, nn, nn.init, optim, data, train)}
IMPORTED = {
    "data",
    "train",
    "plot",
    "memory",
    "pairs",
    "ragged",
    "recall",
    "series",
    "recordings",
    "writing",
    "calendars",
    "clips",
}  # if anybody has
THEIRS = tomllib.loads(Path(__file__).with_name("pytorch.toml").read_text(encoding="utf-8"))
# What serves PyTorch's own machinery, and is in no notebook.
INNER = re.compile(
    r"_|cudnn|miopen|mkldnn|fbgemm|sym_|quant|fake_quant|native|batch_norm_|sparse|fused|feature_|GRID|Sym"
    r"|(get|set|is|are|use|init|from|unsafe)_|.*(_copy|Storage|_window|_permuted|_strided|_vmap|_or_pair)$"
)
WORDS = {"Tensor", "len", "list", "isinstance", "sum", "min", "max", "f", "cell", "model", "Batch"}


def leaf():
    return Tensor([1.0, 2.0, 3.0], requires_grad=True)


def told(owner, name):
    """What is said of an attribute that is not there; None where it is."""
    try:
        getattr(owner, name)
    except AttributeError as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    ("owner", "remedies"),
    [(leaf(), TENSOR), *((MODULES[name], table) for name, table in TABLES.items())],
    ids=["tensor", *TABLES],
)
def test_a_name_from_elsewhere_is_told_what_it_is_here(owner, remedies):
    for name, remedy in remedies.items():
        if name not in IMPORTED:
            assert told(owner, name).endswith(f"has no attribute {name!r}: use {remedy}")
        for prefix, attribute in re.findall(rf"(?<![.\w])({'|'.join(NAMES)})\.(\w+)", remedy):
            assert hasattr(NAMES[prefix], attribute), remedy
        for called in re.findall(r"(?<![.\w])(\w+)\(", remedy):
            known = called in WORDS or any(hasattr(m, called) for m in MODULES.values())
            assert known, remedy
    assert told(owner, "nonsense").endswith("has no attribute 'nonsense'")


def test_no_name_has_two_remedies():
    with pytest.raises(ValueError, match=r"^'b' has two remedies, 'x' and 'y': drop one$"):
        by_name({"x": "a b", "y": "b"})


def public(part):
    """The public names of PyTorch in one of its parts, of the one installed or by the list."""
    if importlib.util.find_spec("torch") is None:
        return THEIRS[part].split()
    torch = importlib.import_module("torch")
    if part == "package":
        return dir(torch._C._VariableFunctions)
    if part == "Tensor":
        return dir(torch.Tensor)
    owner = {
        "functional": torch.nn.functional,
        "nn": torch.nn.modules,
        "init": torch.nn.init,
        "optim": torch.optim,
        "schedules": torch.optim.lr_scheduler,
        "data": torch.utils.data,
    }[part]
    listed = getattr(owner, "__all__", None)
    mine = [f for f in vars(owner).values() if isfunction(f) and f.__module__ == owner.__name__]
    return listed or [f.__name__ for f in mine]


@pytest.mark.parametrize(
    ("owner", "part"),
    [
        *((leaf(), "Tensor"), (functional, "functional"), (nn, "nn"), (nn.init, "init")),
        *((optim, "optim"), (optim, "schedules"), (data, "data"), (mg, "package")),
    ],
)
def test_every_public_name_of_pytorch_is_here_or_is_told(owner, part):
    names = {name for name in public(part) if not INNER.match(name)}
    assert len(names) > 10
    silent = {name for name in names if (said := told(owner, name)) and ": use " not in said}
    assert silent == set()


def test_every_public_name_of_numpy_is_here_or_is_told():
    for owner, theirs in ((mg, np), (leaf(), np.ndarray)):
        names = [name for name in theirs.__dict__ if not name.startswith("_")]
        assert len(names) > 50
        assert [name for name in names if (said := told(owner, name)) and ": use " not in said] == []


def test_a_name_of_another_part_is_told_where_it_is():
    assert told(mg, "Linear") == "module 'minigrad' has no attribute 'Linear': use minigrad.nn.Linear"
    assert told(nn, "relu").endswith("use minigrad.relu")
    assert told(optim, "fit").endswith("use minigrad.train.fit")
    assert told(mg, "backward").endswith("use x.backward(...) of a tensor x")
    assert told(mg, "shape").endswith("use x.shape of a tensor x")
    assert told(mg, "batch_norm").endswith("use a Module that you write")
    assert told(mg, "int8").endswith("use np.int8")
    assert told(mg, "interp").endswith("use np.interp(x.data), which has no gradient")
    assert told(data, "_Batch").endswith("has no attribute '_Batch'"), "nothing is said of what is private"
    assert str(missing("minigrad", "train")).endswith("use `from minigrad import train`")


def test_changing_a_tensor_by_a_method_is_told_how():
    with pytest.raises(AttributeError, match=r"no attribute 'add_': use an operator such as x \+= y"):
        leaf().add_(1)


@pytest.mark.parametrize("name", MODULE)
def test_an_attribute_of_pytorchs_modules_is_told_what_it_is_here(name):
    linear, norm = nn.Linear(3, 2), nn.LayerNorm(2)
    assert told(linear, name) == f"'Linear' object has no attribute {name!r}: use {MODULE[name]}"
    assert not hasattr(linear, name)
    assert name not in dir(linear)
    assert told(norm, "bias") is None
    assert "bias" in dir(norm)
    setattr(linear, name, 1)
    assert getattr(linear, name) == 1
    assert name in dir(linear)


def test_what_cannot_be_imported_is_told_where_it_is():
    for statement, use in {
        "from minigrad import mse": "minigrad.functional.mse",
        "from minigrad import Linear": "minigrad.nn.Linear",
        "from minigrad.nn import LSTM": "Recurrent(cell), with a cell that you write",
        "from minigrad import cat": "concatenate(tensors, axis)",
    }.items():
        with pytest.raises(ImportError, match=rf"^cannot import name .*: use {re.escape(use)}$"):
            exec(statement, {})
    with pytest.raises(ImportError, match=r"^cannot import name 'nonsense' from 'minigrad'"):
        exec("from minigrad import nonsense", {})
    assert not hasattr(mg, "mse")


def test_no_grad_without_parentheses_is_told_so():
    with (
        pytest.raises(TypeError, match=r"^`with no_grad:` lacks its parentheses: with no_grad\(\):$"),
        mg.no_grad,
    ):
        pass
    assert (leaf() * 2).requires_grad


def test_names_from_elsewhere_are_no_attributes():
    assert not TENSOR.keys() & set(dir(leaf()))
    assert not any(hasattr(Tensor, name) or hasattr(leaf(), name) for name in TENSOR)


def test_an_argument_that_backward_has_not_is_refused():
    with pytest.raises(TypeError, match=r"backward\(\) got an unexpected keyword argument 'nonsense'"):
        leaf().sum().backward(nonsense=True)


def written(t):
    t[0] = 1


CASE = unittest.TestCase()
A, B = Tensor([1.0, 2.0]), Tensor([1.0, 3.0])
M = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
REFUSED = {
    "if t": (lambda: 1 if A else 0, ValueError, r"shape \(2,\) is neither true nor false: use \.any\(\)"),
    "max(a, b)": (lambda: max(A, B), ValueError, r"maximum\(a, b\) for max\(a, b\)"),
    "t in list": (lambda: A in [B], ValueError, "`is` to find one in a list"),
    "assertEqual": (lambda: CASE.assertEqual(A, B), ValueError, "neither true nor"),  # noqa: PT009
    "if empty": (lambda: bool(Tensor([])), ValueError, r"shape \(0,\) is neither"),
    "math.exp(t)": (lambda: math.exp(A), TypeError, "is not one number: minigrad's functions take it whole"),
    "int(t)": (lambda: int(A), TypeError, r"shape \(2,\) is not one number"),
    "len(s)": (lambda: len(Tensor(2.0)), TypeError, r"shape \(\) has no rows: \.item\(\) gives its number"),
    "for in s": (lambda: list(Tensor(2.0)), TypeError, "has no rows"),
    "t[0] = 1": (
        lambda: written(A),
        TypeError,
        r"use where\(\), .* of a leaf or a constant, write into \.da",
    ),
    "w[0] = 1": (lambda: written(leaf()), TypeError, "cannot be written into"),
    "dim": (lambda: A.sum(dim=0), TypeError, "unexpected keyword argument 'dim'.*: it is axis here"),
    "keepdim": (lambda: A.mean(0, keepdim=True), TypeError, "'keepdim'.*: it is keepdims here"),
    "concatenate(dim)": (lambda: mg.concatenate([A, A], dim=0), TypeError, "'dim': it is axis here"),
    "stack(dim)": (lambda: mg.stack([A, A], dim=0), TypeError, "'dim': it is axis here"),
    "split(dim)": (lambda: mg.split(A, 2, dim=0), TypeError, "'dim': it is axis here"),
    "argmax(dim)": (lambda: A.argmax(dim=0), TypeError, "'dim': it is axis here"),
    "argmin(dim)": (lambda: A.argmin(dim=0), TypeError, "'dim': it is axis here"),
    "any(dim)": (lambda: A.any(dim=0), TypeError, "'dim': it is axis here"),
    "all(keepdim)": (lambda: A.all(keepdim=True), TypeError, "'keepdim': it is keepdims here"),
    "clip(min)": (lambda: A.clip(min=0), TypeError, "'min': it is low here"),
    "clip(a_max)": (lambda: mg.clip(A, a_max=0), TypeError, "'a_max': it is high here"),
    "relu(min)": (lambda: A.relu(min=0), TypeError, "unexpected keyword argument 'min'$"),
    "argmax(low)": (lambda: A.argmax(low=0), TypeError, "unexpected keyword argument 'low'$"),
    "stack(generator)": (
        lambda: mg.stack(a for a in [A]),
        TypeError,
        r"^stack: tensors is a generator; it must be a list of tensors: list\(\.\.\.\) makes one",
    ),
    "concatenate(generator)": (
        lambda: mg.concatenate(a for a in [A]),
        TypeError,
        "^concatenate: tensors is a generator",
    ),
    "stack(None)": (lambda: mg.stack(None), TypeError, r"tensors is a NoneType; .*: stack\(\[a, b\]\)"),
    "correction": (lambda: A.var(correction=1), TypeError, "'correction'.*: it is ddof here"),
    "transpose": (
        lambda: mg.transpose(Tensor(np.ones((2, 3, 4))), (1, 2)),
        ValueError,
        "swapaxes.* exchanges",
    ),
    "x.transpose(0, 1)": (
        lambda: M.transpose(0, 1),
        ValueError,
        r"^transpose: 0, 1 leaves two axes as they are, where PyTorch exchanges them: use x\.T or swapaxes",
    ),
    "x.transpose(-2, -1)": (lambda: M.transpose(-2, -1), ValueError, "leaves two axes as they are"),
    "transpose(x, 0, 1)": (lambda: mg.transpose(M, 0, 1), TypeError, "the axes are a tuple; swapaxes"),
    "x.norm(1)": (
        lambda: M.norm(1),
        TypeError,
        "give axis and keepdims by name, and no order: it is 2; it was",
    ),
    "x.var(0, True)": (lambda: M.var(0, True), TypeError, "by name: PyTorch's unbiased=True is ddof=1"),
    "x.std(0, True)": (lambda: M.std(0, False), TypeError, "by name: PyTorch's unbiased=True is ddof=1"),
    "x.flatten(0, 1)": (lambda: M.flatten(0, 1), TypeError, r"there is start alone: reshape\(shape\) joins"),
    "x.flip(0, 1)": (lambda: M.flip(0, 1), TypeError, "the axes are a tuple"),
    "reshape(x, 2, 2)": (lambda: mg.reshape(M, 3, 2), TypeError, "the shape is a tuple"),
    "x.argmax(1, True)": (
        lambda: M.argmax(1, True),
        TypeError,
        r"expand_dims\(places, axis\) keeps the axis",
    ),
    "SGD(dampening)": (
        lambda: optim.SGD([leaf()], 0.1, 0.9, 0.5),
        TypeError,
        "nesterov is 0.5; it must be True",
    ),
    "mse('sum')": (
        lambda: functional.mse(M, M, "sum"),
        TypeError,
        "mask is 'sum'; .*: it must|reduction is given",
    ),
    "mse(size_average)": (
        lambda: functional.mse(M, M, False),
        TypeError,
        "mask is False; .* reduction is given by",
    ),
    "t > None": (lambda: A > None, TypeError, "not supported between instances of 'Tensor' and 'NoneType'"),
    "np.asarray(w)": (lambda: np.asarray(leaf()), TypeError, "lose the gradient: use minigrad's function"),
    "np.sum(w)": (
        lambda: np.sum(leaf()),
        TypeError,
        r"^np\.sum takes no tensors: use minigrad\.sum, or \.data where no gradient is to flow$",
    ),
    "np.exp(w)": (
        lambda: np.exp(leaf()),
        TypeError,
        r"^np\.exp takes no tensors: use minigrad\.exp, or \.data where no gradient is to flow$",
    ),
    "np.square(w)": (
        lambda: np.square(A),
        TypeError,
        r"^np\.square takes no tensors: use x \*\* 2, or \.data",
    ),
    "np.arctan(w)": (
        lambda: np.arctan(A),
        TypeError,
        r"^np\.arctan takes no tensors: use np\.arctan\(x\.data\), which has no gradient$",
    ),
    "np.maximum(a, w)": (lambda: np.maximum(A.data, leaf()[:2]), TypeError, r"use minigrad\.maximum"),
    "np.add.reduce(w)": (
        lambda: np.add.reduce(leaf()),
        TypeError,
        r"^np\.add\.reduce takes no tensors: use \.data where no gradient is to flow$",
    ),
    "array += w": (
        lambda: operator.iadd(np.ones(3), leaf()),
        TypeError,
        r"^np\.add writes .* use a = a \+ x",
    ),
    "np.exp(out=w)": (lambda: np.exp(A.data, out=A), TypeError, r"^np\.exp writes into no tensor"),
    "np.vstack": (
        lambda: np.vstack([leaf()]),
        TypeError,
        r"^np\.vstack takes no tensors: use concatenate\(tensors, 0\), or \.data where no gra",
    ),
    "np.linalg.inv": (
        lambda: np.linalg.inv(leaf()),
        TypeError,
        r"^np\.linalg\.inv takes no tensors: use \.data where no gradient is to flow$",
    ),
    "plt.plot(w)": (lambda: copy.copy(leaf()[1:]), TypeError, r"\.detach\(\) it, also for plt\.plot$"),
    "np.concatenate axis": (
        lambda: np.concatenate([A], axis="x"),
        TypeError,
        r"use minigrad\.concatenate, .* \('str' object cannot be interpreted as an integer\)$",
    ),
    "np.concatenate": (lambda: np.concatenate([leaf()]), TypeError, r"use minigrad\.concatenate"),
    "np.where": (lambda: np.where([True], leaf(), 0), TypeError, r"use minigrad\.where"),
    "mg.tensor()": (lambda: mg.tensor([1.0]), TypeError, r"is a module, .* not called: use Tensor\(array\)"),
    "op(None)": (
        lambda: mg.op(None),
        TypeError,
        r"^op: f is None; it must be a function .* \(result, v",
    ),
    "Tensor(2, 3)": (
        lambda: Tensor(2, 3),
        TypeError,
        r"^Tensor: requires_grad is 3; .*; of a shape, Tensor\(",
    ),
    "other shape": (
        lambda: leaf() == leaf()[:2],
        ValueError,
        r"^==: shapes \(3,\) and \(2,\) do not fit",
    ),
    "padding_idx": (
        lambda: nn.Embedding(3, 2, padding_idx=0),
        TypeError,
        "^Embedding.*: it is padding_index here$",
    ),
    "embedding_dim": (lambda: nn.Embedding(3, embedding_dim=2), TypeError, ": it is dim here$"),
    "device": (
        lambda: nn.Linear(3, 2, device="cuda"),
        TypeError,
        ": everything is on the CPU: leave",
    ),
    "params": (lambda: optim.Adam(params=[leaf()]), TypeError, "^Adam.*: it is parameters here$"),
    "step_size": (lambda: optim.step_decay(step_size=3), TypeError, "^step_decay.*: it is every here$"),
    "input of a loss": (lambda: functional.mse(input=A, target=B), TypeError, ": it is prediction here$"),
    "input of logits": (lambda: functional.accuracy(input=A, labels=B), TypeError, ": it is logits here$"),
    "num_classes": (lambda: functional.one_hot([0], num_classes=3), TypeError, ": it is classes here$"),
    "pickle": (lambda: pickle.dumps(leaf() * 2), TypeError, r"result of mul .* \.detach\(\) it"),
    "deepcopy": (lambda: copy.deepcopy(leaf() * 2), TypeError, r"result of mul .* \.detach\(\) it"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_habit_that_is_refused_says_what_to_write(name):
    call, kind, says = REFUSED[name]
    with pytest.raises(kind, match=says):
        call()


@pytest.mark.parametrize("name", ["sum", "mean", "max", "min", "prod", "logsumexp"])
def test_a_second_axis_by_position_is_not_taken_for_keepdims(name):
    with pytest.raises(TypeError, match=f"^{name}: keepdims is 1; .* two axes are a tuple: axis=\\(0, 1\\)"):
        getattr(mg, name)(M, 0, 1)
    with pytest.raises(TypeError, match="keepdims is 0"):
        getattr(mg, name)(M, 0, 0)
    assert getattr(mg, name)(M, 0, True).shape == (1, 3)


@pytest.mark.parametrize("name", ["var", "std", "norm"])
def test_keepdims_by_name_is_true_or_false(name):
    with pytest.raises(TypeError, match=f"^{name}: keepdims is 1"):
        getattr(mg, name)(M, axis=0, keepdims=1)


@pytest.mark.parametrize("axis", [0, -1])
@pytest.mark.parametrize("name", ["sum", "mean", "var", "std", "norm", "max", "prod", "logsumexp", "cumsum"])
def test_a_number_has_an_axis_where_one_is_asked_for(name, axis):
    """As PyTorch and NumPy's sum have it."""
    w = Tensor(2.0, requires_grad=True)
    y = getattr(mg, name)(w, axis=axis)
    y.backward()
    expected = 0.0 if name in ("var", "std") else 2.0
    assert (y.tolist(), w.grad.tolist()) == (expected, 0.0 if expected == 0 else 1.0)
    with pytest.raises(ValueError, match="axis 1 is out of bounds"):
        getattr(mg, name)(w, axis=1)


def test_a_remainder_by_another_name_has_the_sign_that_it_has_there():
    a, b = Tensor([-7.0, 7.0, -7.0]), Tensor([3.0, -3.0, -3.0])
    assert eval(TENSOR["fmod"], {"a": a, "b": b}).tolist() == np.fmod(a.data, b.data).tolist()
    assert eval(TENSOR["remainder"], {"a": a, "b": b}).tolist() == np.remainder(a.data, b.data).tolist()


SYMBOLS = ["+", "-", "*", "/", "%", "**", "@", "//", "<", "<=", ">", ">=", "==", "!="]


@pytest.mark.parametrize("symbol", [*SYMBOLS, "&", "|", "^"])
@pytest.mark.parametrize("kind", ["array", "row", "number"])
def test_an_array_before_an_operator_gives_what_a_tensor_there_does(symbol, kind):
    whole = symbol in "&|^"
    array = np.array([3, 5, 6]) if whole else np.array([3.0, 0.5, 2.0])
    array = {"array": array, "row": array[None], "number": array[0]}[kind]
    x = Tensor([1, 4, 6]) if whole else leaf()
    if symbol == "@" and kind == "number":
        pytest.skip("a number has no product of matrices")
    got, expected = (eval(f"a {symbol} x", {"a": a, "x": x}) for a in (array, Tensor(array)))
    assert type(got) is Tensor
    assert (got.tolist(), got.dtype, got.requires_grad) == (
        expected.tolist(),
        expected.dtype,
        expected.requires_grad,
    )
    assert got.requires_grad == (symbol in SYMBOLS[:7])


def test_habits_that_are_kept():
    one = Tensor([[4.0]], requires_grad=True)
    assert (float(one), int(one), bool(one), math.sqrt(one)) == (4.0, 4, True, 2.0)
    assert +one is one
    a = Tensor([3.0, 1.0, 2.0])
    assert (a == None, a != None, None == a, a == "a", a != "a") == (False, True, False, False, True)  # noqa: E711, SIM300
    assert [x.item() for x in sorted(a)] == [1, 2, 3]
    assert (sum(a).item(), max(a).item(), sum([a, a]).tolist()) == (6, 3, [6, 2, 4])
    assert a in [a]
    assert np.concatenate([a, a]).tolist() == [3, 1, 2] * 2
    assert np.where(a.data > 1, a, 0).tolist() == [3, 0, 2]
    w = leaf()
    assert (np.array_equal(w, w), np.array_equal(w, [1.0, 2.0, 4.0]), np.allclose(w, w.data)) == (
        True,
        False,
        True,
    )
    assert (np.zeros_like(w).tolist(), type(np.ones_like(w))) == ([0, 0, 0], np.ndarray)
    assert pickle.loads(pickle.dumps(a)).tolist() == copy.deepcopy(a).tolist() == a.tolist()
    assert not hasattr(a, "clone")
    assert (a.size, a.size + 1, json.dumps(a.size), f"{a.size:03}", type(a.size + 1)) == (
        3,
        4,
        "3",
        "003",
        int,
    )
    assert copy.copy(one).requires_grad
