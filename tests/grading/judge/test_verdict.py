"""Replies become evidence without the worker's words; evidence becomes verdicts."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minigrad.checks import Check
from minigrad.grading.judge.compare import decade, difference, differs
from minigrad.grading.judge.verdict import (
    MODULES,
    UFUNC,
    Known,
    decide,
    ended,
    evidence,
    known,
)
from minigrad.grading.model import Cell, Evidence, Failure, clean

CHECK = Check(
    "square.value", "square", 5.0, "Squares are right.", lambda s, r: {}, rtol=1e-6, atol=1e-9, points=5.0
)
TRAINED = Check("t.echo", "t", 5.0, "Learns.", lambda s, r: {}, replay=lambda s, a, r, h: 1.0, threshold=0.9)
MAY = Known({"square": 20, "own-2": 1}, frozenset({"RNNCell", "clip", "h", "W_x"}))


def arrays(**named):
    return Evidence(arrays={k: np.asarray(v) for k, v in named.items()})


def reason(observed, expected, check=CHECK):
    v = decide(check, observed, expected, public=False)
    assert v.passed == (not v.reason)
    return v.reason


def test_equal_arrays_pass():
    v = decide(CHECK, arrays(y=[1.0, 2.0]), arrays(y=[1.0, 2.0 + 1e-7]), public=True)
    assert v.passed
    assert v.public
    assert (v.check, v.exercise, v.says, v.points, v.reason) == (
        "square.value", "square", "Squares are right.", 5.0, "",
    )  # fmt: skip


def test_the_decade_and_the_worst_entry_are_told_and_nothing_more():
    want = np.zeros((3, 2))
    got = want.copy()
    got[1, 0], got[2, 1] = 0.01, -0.034
    assert reason(arrays(y=got), arrays(y=want)) == "`y` is off by about 0.01 (worst entry [2, 1])"
    assert reason(arrays(y=0.5), arrays(y=0.0)) == "`y` is off by about 0.1"


def test_dtype_comes_before_shape_before_values():
    want = arrays(y=np.ones(3))
    assert reason(arrays(y=np.ones(2, np.float32)), want) == "`y` has dtype float32, not float64"
    assert reason(arrays(y=np.full((3, 1), np.nan)), want) == "`y` has shape (3, 1), not (3,)"
    assert reason(arrays(y=[1, np.nan, 5.0]), want) == "`y` is not a finite number (entry [1])"
    assert reason(arrays(y=np.ones(3, bool)), want) == "`y` has dtype bool, not float64"
    assert reason(arrays(y=np.ones(3, np.int64)), want) == "`y` has dtype int64, not float64"


FORM = "It has the shape and dtype of x, and x stays as it is."


@pytest.mark.parametrize(
    ("says", "name", "told"),
    [
        (FORM, "y", "has the right shape and dtype, and is off by about 1 (worst entry [2])"),
        ("It stays float32.", "y", "has the right dtype, and is off by about 1 (worst entry [2])"),
        ("Shapeless.", "y", "is off by about 1 (worst entry [2])"),
        (FORM, "ones like y", "is off by about 1 (worst entry [2])"),
    ],
)
def test_a_right_form_is_told_where_the_sentence_speaks_of_it(says, name, told):
    asked = dataclasses.replace(CHECK, says=says)
    assert reason(arrays(**{name: [1.0, 1, 2]}), arrays(**{name: np.ones(3)}), asked) == f"`{name}` {told}"
    other = arrays(**{name: np.ones(3, np.float32)})
    assert reason(other, arrays(**{name: np.ones(3)}), asked) == f"`{name}` has dtype float32, not float64"
    assert reason(arrays(same=[False]), arrays(same=[True]), asked) == "`same` is wrong (entry [0])"


def test_names_must_be_the_solutions():
    want = arrays(a=1.0, b=2.0, c=3.0)
    assert reason(arrays(b=2.0, c=9.0), want) == "`a` is missing; also wrong: `c`"
    assert reason(arrays(a=1.0, b=2.0, c=3.0, evil=0.0), want) == "gives more arrays than the check asks for"
    many = {f"x{i}": np.ones(1) for i in range(10)}
    assert difference(CHECK, {}, many).endswith("`x5`, `x6` …")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_never_passes(bad):
    for want in (0.0, 1.8e308, bad):
        with np.errstate(over="ignore"):
            assert differs(np.array([bad]), np.array([want], dtype=float), 1e300, 1e300)


def test_huge_values_neither_warn_nor_pass():
    big = np.finfo(np.float64).max
    assert differs(np.array([-big]), np.array([big]), 1e-6, 1e-9) == "is off by about 1e308 (worst entry [0])"
    assert differs(np.array([big]), np.array([1.0]), 1e-6, 1e-9) == "is off by about 1e308 (worst entry [0])"
    small = np.finfo(np.float32).max
    assert differs(np.array([small], np.float32), np.array([-small], np.float32), 1e-6, 0.0)
    assert not differs(np.array([big]), np.array([big]), 0.0, 0.0)


def test_integers_and_booleans_must_be_equal():
    low, high = np.iinfo(np.int64).min, np.iinfo(np.int64).max
    assert differs(np.array([low]), np.array([high]), 1e-6, 1e-9) == "is off by about 1e19 (worst entry [0])"
    assert differs(np.array([low]), np.array([low + 1]), 1e-6, 1e-9) == "is off by about 1 (worst entry [0])"
    assert not differs(np.array([low, high]), np.array([low, high]), 0.0, 0.0)
    assert differs(np.array([10**9 + 1]), np.array([10**9]), 1e-6, 1e-9)
    assert differs(np.array([True, False]), np.array([True, True]), 0.0, 2.0) == "is wrong (entry [1])"


def test_shapes_are_told_as_shapes():
    want = arrays(**{"shape of W": [4, 3], "sizes of parameters()": [3, 12], "sizes": [3, 4]})
    assert reason(arrays(**{**want.arrays, "shape of W": np.array([3, 4])}), want) == (
        "`shape of W` is (3, 4), not (4, 3)"
    )
    assert reason(arrays(**{**want.arrays, "shape of W": np.array([3])}), want) == (
        "`shape of W` is (3,), not (4, 3)"
    )
    assert reason(arrays(**{**want.arrays, "sizes of parameters()": np.array([], int)}), want) == (
        "`sizes of parameters()` is (), not (3, 12)"
    )
    for odd in (
        np.array([3.0, 4.0]),
        np.array([31337, 31338]),
        np.array([-1, 3]),
        np.ones(17, int),
        np.array(3),
    ):
        assert reason(arrays(**{**want.arrays, "shape of W": odd}), want) == (
            "`shape of W` is something else, not (4, 3)"
        )
    assert "off by about" in reason(arrays(**{**want.arrays, "sizes": np.array([3, 5])}), want)


def test_empty_arrays_and_scalars_are_arrays():
    assert not differs(np.zeros((0, 3)), np.zeros((0, 3)), 0.0, 0.0)
    assert differs(np.zeros((0, 3)), np.zeros((3, 0)), 0.0, 0.0) == "has shape (0, 3), not (3, 0)"
    assert not differs(np.array(2.0), np.array(2.0), 0.0, 0.0)


def test_an_array_that_lies_about_itself_is_none():
    class Lying(np.ndarray):
        def __eq__(self, other):
            return np.ones(self.shape, bool)

    assert differs(np.zeros(2).view(Lying), np.ones(2), 0.0, 0.0) == "is not an array of real numbers"
    assert differs(np.zeros(2, object), np.zeros(2), 0.0, 0.0) == "is not an array of real numbers"
    assert differs(np.zeros(2, complex), np.zeros(2), 0.0, 0.0) == "is not an array of real numbers"


@given(
    hnp.arrays(np.float64, hnp.array_shapes(max_dims=2, max_side=3), elements=st.floats()),
    hnp.arrays(np.float64, hnp.array_shapes(max_dims=2, max_side=3), elements=st.floats(allow_nan=False)),
)
def test_passing_means_close_and_finite(got, want):
    if not differs(got, want, 1e-6, 1e-9):
        assert got.shape == want.shape
        assert np.isfinite(got).all()
        with np.errstate(all="ignore"):
            assert np.allclose(got, want, rtol=1e-6, atol=1e-9)
    elif got.shape == want.shape:
        with np.errstate(all="ignore"):
            assert not np.allclose(got, want, rtol=1e-6, atol=1e-9) or not np.isfinite(got).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_number_is_close_to_infinity(dtype):
    want = np.array([1.0, np.inf], dtype)
    for got in (0.0, -1e30, np.finfo(dtype).max):
        assert differs(np.array([1.0, got], dtype), want, 1e-6, 1e-9) == (
            "is off by about 1e308 (worst entry [1])"
        )


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (0.034, "0.01"),
        (1.0, "1"),
        (9999.0, "1000"),
        (9.99e5, "1e5"),
        (9e-4, "1e-4"),
        (np.inf, "1e308"),
        (0.0, "1"),
    ],
)
def test_decade(error, text):
    assert decade(error) == text


@pytest.mark.parametrize(
    ("score", "text"),
    [
        (0.9, ""),
        (1.0, ""),
        (0.894, "reaches 0.89 after training; 0.9 is needed"),
        (0.8996, "reaches 0.8996 after training; 0.9 is needed"),
        (0.8951, "reaches 0.895 after training; 0.9 is needed"),
        (np.nextafter(0.9, 0), "reaches 0.8999999999999999 after training; 0.9 is needed"),
        (-1e9, "reaches -9.99 after training; 0.9 is needed"),
        (np.nan, "training gives parameters that do not work"),
        (-np.inf, "training gives parameters that do not work"),
        (None, "training gives parameters that do not work"),
    ],
)
def test_trained_checks_pass_by_their_score(score, text):
    assert reason(Evidence(score=score), Evidence(), TRAINED) == text


@pytest.mark.parametrize(
    ("score", "text"),
    [
        (0.79, ""),
        (0.5, "the error is 0.048 after training; 0.02 is allowed"),
        (0.7898, "the error is 0.02003 after training; 0.02 is allowed"),
        (-1e9, "the error is 1 after training; 0.02 is allowed"),
    ],
)
def test_an_error_is_told_where_the_sentence_states_one(score, text):
    check = dataclasses.replace(TRAINED, threshold=0.79, baseline=0.0953)
    assert reason(Evidence(score=score), Evidence(), check) == text


def test_a_failure_fails_whatever_else_is_there():
    failure = Failure("todo", "still to do")
    assert reason(Evidence(arrays=arrays(y=1.0).arrays, failure=failure), arrays(y=1.0)) == "still to do"
    assert reason(Evidence(score=1.0, failure=failure), Evidence(), TRAINED) == "still to do"


@pytest.mark.parametrize(
    ("reply", "kind", "text"),
    [
        ({"failure": {"kind": "missing", "name": "RNNCell"}}, "missing", "`RNNCell` is not defined"),
        ({"failure": {"kind": "missing", "name": "<b>you passed</b>"}}, "missing", "a name the check needs"),
        ({"failure": {"kind": "missing", "name": "x" * 39}}, "missing", "a name the check needs"),
        ({"failure": {"kind": "missing", "name": ["RNNCell"]}}, "missing", "a name the check needs"),
        ({"failure": {"kind": "exception", "type": "AttributeError", "line": 21, "cell": "square",
                      "name": "W_x"}}, "exception",
         "AttributeError in your cell `square`: there is no `W_x`"),
        ({"failure": {"kind": "exception", "type": "KeyError", "line": 20, "cell": "square", "name": "W_x"}},
         "exception", "KeyError in line 20 of your cell `square`"),
        ({"failure": {"kind": "todo", "name": "clip"}}, "todo", "`clip` is still to do"),
        ({"failure": {"kind": "todo", "name": ""}}, "todo", "still to do, or a `return` is missing"),
        (
            {"failure": {"kind": "exception", "type": "TypeError", "line": 12, "cell": "square"}},
            "exception",
            "TypeError in line 12 of your cell `square`",
        ),
        (
            {"failure": {"kind": "exception", "type": "TypeError", "line": 1, "cell": "own-2"}},
            "exception",
            "TypeError in line 1 of cell 2 of those you added",
        ),
        (
            {"failure": {"kind": "exception", "type": "AllTestsPassed", "line": -1, "cell": "square"}},
            "exception",
            "an exception of your own in your cell `square`",
        ),
        ({"failure": {"kind": "exception", "type": "KeyError", "line": 3, "cell": "evil"}}, "exception",
         "KeyError raised in the check, from a value that you returned"),
        ({"failure": {"kind": "exception", "type": "KeyError", "line": True, "cell": "square"}}, "exception",
         "KeyError in your cell `square`"),
        ({"failure": {"kind": "exception", "type": [], "line": {}, "cell": []}}, "exception", "an exception"),
        ({"failure": {"kind": "bad-value", "name": "h"}}, "bad-value", "`h` is not an array of real numbers"),
        ({"failure": {"kind": "bad-value", "name": "h", "type": "list"}}, "bad-value",
         "`h` is not an array of real numbers (or a Tensor of them): its type is list"),
        ({"failure": {"kind": "bad-value", "name": "", "type": "too large"}}, "bad-value",
         "what the check gets is larger than the 1 MB"),
        ({"failure": {"kind": "nothing", "name": "clip"}}, "nothing",
         "`clip` gives None: is a `return` missing?"),
        ({"failure": {"kind": "exception", "type": "ModuleNotFoundError", "line": 2, "cell": "square",
                      "name": "torch"}}, "exception",
         "ModuleNotFoundError in line 2 of your cell `square`: it is not on the course's list"),
        ({"failure": {"kind": "nothing", "name": "RNNCell", "method": "clip"}}, "nothing",
         "`RNNCell`'s `clip` gives None: is a `return` missing?"),
        ({"failure": {"kind": "nothing", "name": "RNNCell", "method": "__call__"}}, "nothing",
         "`RNNCell`'s `__call__` gives None: is a `return` missing?"),
        ({"failure": {"kind": "nothing", "name": "RNNCell", "method": "evil"}}, "nothing",
         "`RNNCell` gives None: is a `return` missing?"),
        ({"failure": {"kind": "nothing", "name": "RNNCell", "method": ["clip"]}}, "nothing",
         "`RNNCell` gives None: is a `return` missing?"),
        ({"failure": {"kind": "nothing", "name": "evil"}}, "nothing", "a function gives None"),
        ({"failure": {"kind": "nothing", "name": "clip", "left": "W_x"}}, "nothing",
         "`W_x` is None after `clip`, which returns nothing and has to write it"),
        ({"failure": {"kind": "nothing", "name": "clip", "left": "evil"}}, "nothing",
         "`clip` gives None: is a `return` missing?"),
        ({"failure": {"kind": "exception", "type": "KeyError", "line": 3, "cell": None, "after": "RNNCell"}},
         "exception", "KeyError raised in the check, from what `RNNCell` gives"),
        ({"failure": {"kind": "exception", "type": "KeyError", "cell": None, "after": "evil"}}, "exception",
         "KeyError raised in the check, from a value that you returned"),
        ({"failure": {"kind": "passed", "reason": "100/100"}}, "bad-value", "what the check gets is not"),
        ({"failure": {}}, "bad-value", ""),
        ({"failure": "PASSED"}, "bad-value", ""),
        ({"arrays": {}, "passed": True}, "bad-value", ""),
        ({"arrays": {"y": [1.0]}}, "bad-value", ""),
        ({"arrays": {"y": np.array([1j])}}, "bad-value", ""),
        ({"arrays": None}, "bad-value", ""),
        ({}, "bad-value", ""),
        (None, "bad-value", ""),
        (1.0, "bad-value", ""),
    ],
)  # fmt: skip
def test_failures_are_told_in_our_words(reply, kind, text):
    failure = evidence(reply, MAY).failure
    assert failure.kind == kind
    assert failure.reason.startswith(text)
    for word in ("PASSED", "evil", "AllTestsPassed", "<b>", "100/100"):
        assert word not in failure.reason


def test_arrays_become_evidence():
    e = evidence({"arrays": {"y": np.ones(2)}}, MAY)
    assert e.failure is None
    assert list(e.arrays) == ["y"]


@pytest.mark.parametrize(
    ("reason", "kind", "text"),
    [
        ("cpu", "timeout", "takes more than 2 s of computing time"),
        ("wall", "timeout", "waits without computing"),
        ("memory", "died", "needs more than 512 MB"),
        ("exit", "died", "ends Python"),
        ("signal", "died", "crashes Python"),
        ("protocol", "died", "disturbs the grader"),
        ("whatever", "died", "ends Python"),
    ],
)
def test_the_end_of_a_worker_is_told(reason, kind, text):
    failure = ended(reason, 2.0, 512)
    assert failure.kind == kind
    assert failure.reason.startswith(text)


def test_clean_leaves_nothing_that_moves_the_cursor_or_the_order():
    assert clean("a\tb\nc") == "a\tb\nc"
    assert clean("\x1b[31mred\x1b[0m\x1b]0;title\x07!") == "red!"
    assert clean("a\r\nb\rc\x08\x00") == "a\nb\nc\ufffd\ufffd"
    assert clean("\u202eevil\u2066\u200f\ufeff\ud800") == "\ufffdevil" + "\ufffd" * 4
    assert clean("é漢") == "é漢"
    assert clean("x" * 10, 5) == "xxxxx\n… (cut here)"


CELLS = (
    Cell("labs", "lab", "import matplotlib.pyplot as plt\nimport time\ncheck = print\nW_x = 1"),
    Cell("given", "define", "import time"),
    Cell("a-check", "check", "check('square')"),
    Cell(
        "square",
        "solution",
        "import os, yaml.nodes\n  from torch import nn\n# import evil\nfrom mynet import f",
    ),
    Cell("own-2", "own", "x = plt"),
)


@pytest.mark.parametrize(
    ("kind", "name", "told"),
    [
        ("NameError", "plt",
         ": `plt` comes from a cell that grading does not run: import or define it in your own cell"),
        ("NameError", "W_x",
         ": `W_x` comes from a cell that grading does not run: import or define it in your own cell"
         "; or is `self.` missing in front of it?"),
        ("NameError", "time", ""),
        ("NameError", "check", ""),
        ("NameError", "mine", ""),
        ("NameError", ["plt"], ""),
        ("AttributeError", "plt", ""),
        ("ModuleNotFoundError", "yaml", f": `yaml` {MODULES}, pandas"),
        ("ModuleNotFoundError", "yaml.nodes", f": `yaml.nodes` {MODULES}, pandas"),
        ("ModuleNotFoundError", "torch", f": `torch` {MODULES}, pandas"),
        ("ModuleNotFoundError", "evil", f": it {MODULES}, pandas"),
        ("ModuleNotFoundError", None, f": it {MODULES}, pandas"),
        ("ModuleNotFoundError", "mynet",
         ": grading has no `mynet`: write what you take from it into this notebook"),
    ],
)  # fmt: skip
def test_what_grading_does_not_have_is_named_if_the_release_or_the_cell_names_it(kind, name, told):
    may = known(CELLS, frozenset({"W_x"}), ("pandas",))
    failure = {"kind": "exception", "type": kind, "line": 1, "cell": "square", "name": name}
    found = evidence({"failure": failure}, may).failure
    assert found.reason == f"{kind} in line 1 of your cell `square`{told}"


@pytest.mark.parametrize(
    ("kind", "ufunc", "told"), [("TypeError", True, True), ("TypeError", 1, False), ("KeyError", True, False)]
)
def test_a_function_of_numpys_on_a_tensor_is_told_what_to_write(kind, ufunc, told):
    failure = {"kind": "exception", "type": kind, "line": 1, "cell": "square", "ufunc": ufunc}
    assert evidence({"failure": failure}, MAY).failure.reason == (
        f"{kind} in line 1 of your cell `square`{': ' + UFUNC if told else ''}"
    )
