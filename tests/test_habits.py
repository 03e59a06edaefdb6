"""What somebody does out of habit, from PyTorch or NumPy: it is done, or an error says what to write."""

import copy
import math
import pickle
import re
import unittest

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, data, functional, nn, train
from minigrad.ops.habits import MODULES, PACKAGE, TENSOR

NAMES = {
    "x": Tensor(1.0),
    "Tensor": Tensor,
    "np": np,
    "functional": functional,
    "train": train,
    "copy": copy,
    "minigrad": mg,
    "data": data,
}


def leaf():
    return Tensor([1.0, 2.0, 3.0], requires_grad=True)


@pytest.mark.parametrize(
    ("owner", "remedies"), [(leaf(), TENSOR), (mg, PACKAGE), (nn, MODULES)], ids=["tensor", "package", "nn"]
)
def test_a_name_from_elsewhere_is_told_what_it_is_here(owner, remedies):
    for name, remedy in remedies.items():
        with pytest.raises(AttributeError, match=f"has no attribute {name!r}: use {re.escape(remedy)}$"):
            getattr(owner, name)
        for prefix, attribute in re.findall(r"\b(x|Tensor|np|functional|train|copy|minigrad)\.(\w+)", remedy):
            assert hasattr(NAMES[prefix], attribute), remedy
        for called in re.findall(r"(?<![.\w])(\w+)\(", remedy):
            assert called in ("Tensor", "len") or hasattr(mg, called) or hasattr(nn, called), remedy
    with pytest.raises(AttributeError, match=r"has no attribute 'nonsense'$"):
        _ = owner.nonsense


def test_changing_a_tensor_by_a_method_is_told_how():
    with pytest.raises(AttributeError, match=r"no attribute 'add_': use an operator such as x \+= y"):
        leaf().add_(1)


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
    "t > None": (lambda: A > None, TypeError, "not supported between instances of 'Tensor' and 'NoneType'"),
    "np.asarray(w)": (lambda: np.asarray(leaf()), TypeError, "lose the gradient: use minigrad's function"),
    "np.sum(w)": (lambda: np.sum(leaf()), TypeError, r"np\.sum takes no tensors: use minigrad\.sum"),
    "np.concatenate": (lambda: np.concatenate([leaf()]), TypeError, r"use minigrad\.concatenate"),
    "np.where": (lambda: np.where([True], leaf(), 0), TypeError, r"use minigrad\.where"),
    "pickle": (lambda: pickle.dumps(leaf() * 2), TypeError, r"result of mul .* \.detach\(\) it"),
    "deepcopy": (lambda: copy.deepcopy(leaf() * 2), TypeError, r"result of mul .* \.detach\(\) it"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_habit_that_is_refused_says_what_to_write(name):
    call, kind, says = REFUSED[name]
    with pytest.raises(kind, match=says):
        call()


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
    assert pickle.loads(pickle.dumps(a)).tolist() == copy.deepcopy(a).tolist() == a.tolist()
    assert not hasattr(a, "clone")
    assert copy.copy(one).requires_grad
