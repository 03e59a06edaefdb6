"""Limits of running a probe: the last character kept, the last byte carried, which line and which name."""

from __future__ import annotations

import contextlib
import linecache
import random
import signal
import sys
import threading
import types
import warnings

import numpy as np
import pytest

import minigrad
from minigrad.checks import Endless, Missing, Overtime, Todo, briefly, check, deadline
from minigrad.sandbox import probing, protocol
from minigrad.sandbox.failures import describe, failure_of, spoken, written
from minigrad.sandbox.probing import Capture, generator, run_probe, run_replay, words_of

SEED = "00112233445566778899aabbccddeeff"
NOWHERE = {"type": "ValueError", "line": None, "cell": None}


def probe(f, names=None, **more):
    return run_probe(check(exercise="e", says="")(f), {} if names is None else names, SEED, **more)


def cell(source: str, id: str = "a", names=None) -> dict:
    """The names that a cell defines."""
    names = {} if names is None else names
    linecache.cache[f"<cell {id}>"] = (len(source), None, source.splitlines(True), f"<cell {id}>")
    exec(compile(source, f"<cell {id}>", "exec"), names)
    return names


def raised(action) -> BaseException:
    try:
        action()
    except BaseException as error:
        return error
    raise AssertionError


# What is printed


def test_of_what_is_printed_the_first_16_kib_are_kept():
    stream = Capture()
    assert stream.writable()
    assert stream.encoding == "utf-8"
    assert stream.write("a" * 16_383) == 16_383
    assert stream.write("bc") == 2
    assert stream.write("d") == 1
    assert stream.text() == "a" * 16_383 + "b"
    stream.flush()
    stream.close()
    assert stream.write("e") == 1
    assert len(stream._pieces) == 2, "what is not kept takes no memory"
    with pytest.raises(TypeError, match="must be str, not bytes"):
        stream.write(b"x")
    other = Capture()
    other.write("\ud800é")
    assert other.text() == "?é"


# Where an error comes from


def test_an_error_goes_by_its_built_in_name_and_the_innermost_line_of_a_cell():
    class Mine(KeyError): ...

    class Hers(Mine): ...

    names = cell("def f(g):\n\n    return g()")
    other = cell("def h():\n    raise ValueError", "b")
    assert describe(raised(lambda: names["f"](other["h"]))) == {"type": "ValueError", "line": 2, "cell": "b"}
    assert describe(raised(lambda: names["f"](lambda: int("x")))) == {
        "type": "ValueError",
        "line": 3,
        "cell": "a",
    }
    assert describe(ValueError()) == NOWHERE
    assert describe(Hers())["type"] == "KeyError"
    assert describe(KeyboardInterrupt())["type"] == "KeyboardInterrupt"
    syntax = raised(lambda: cell("x = 1\ny = (", "s"))
    assert describe(syntax) == {"type": "SyntaxError", "line": 2, "cell": "s"}
    assert describe(raised(lambda: compile("y = (", "other", "exec")))["cell"] is None
    assert describe(raised(lambda: names["f"](lambda: compile("(", "other", "exec"))))["line"] == 3


def test_the_name_that_is_not_there_is_told_where_it_is_a_name():
    assert describe(raised(lambda: np.no))["name"] == "no"
    assert describe(raised(lambda: eval("no", {})))["name"] == "no"
    for error in (AttributeError(), AttributeError(name=3), KeyError("no"), ImportError(name="no")):
        assert "name" not in describe(error)


@pytest.mark.parametrize("name", ["cell a>", "<cell a", "x<cell a>", "<string>", "<cella>"])
def test_only_cells_are_cells(name):
    assert describe(raised(lambda: exec(compile("1 / 0", name, "exec"))))["cell"] is None


# What kind of failure it is


def f_todo(): ...


def f_pass():
    pass


def f_docstring():
    """Words."""


def f_none():
    return None


def f_work(x=1):
    y = x  # noqa: F841


class Layer:
    def stub(self):
        """Words."""

    def work(self):
        return self and None


@pytest.mark.parametrize(
    ("what", "is_written"),
    [
        ("todo", False), ("passes", False), ("docstring", False), ("none", False), ("work", True),
        ("absent", False), ("Layer's stub", False), ("Layer's work", True), ("Layer's absent", False),
        ("`work`", True), ("Layers' work", True), ("`Layer`'s work", True), ("Layer", False),
        ("number", False), ("work it", False), ("", False), ("Layer's work's x", False),
    ],
)  # fmt: skip
def test_what_does_more_than_a_placeholder_is_written(what, is_written):
    names = {"todo": f_todo, "passes": f_pass, "docstring": f_docstring, "none": f_none, "work": f_work}
    assert written(what, {**names, "Layer": Layer, "Layers": Layer, "number": 3}) == is_written


def test_kinds_of_failure():
    names = {"work": f_work, "Layer": Layer}
    assert failure_of(Missing("x")) == {"kind": "missing", "name": "x"}
    assert failure_of(Todo("m", "work"), names) == {"kind": "nothing", "name": "work"}
    assert failure_of(Todo("m", "Layer's work"), names) == {
        "kind": "nothing", "name": "Layer", "method": "work",
    }  # fmt: skip
    left = failure_of(Todo("m", "the `grad` that `work` leaves"), names)
    assert left == {"kind": "nothing", "name": "work", "left": "grad"}
    assert failure_of(Todo("`m` is still to do", "absent"), names) == {"kind": "todo", "name": "m"}
    assert failure_of(Todo("m", "work")) == {"kind": "todo", "name": ""}
    for kind in (TypeError, AttributeError):
        assert failure_of(kind("an 'ellipsis' object")) == {"kind": "todo", "name": ""}
        assert failure_of(kind("other"))["kind"] == "exception"
    assert failure_of(ValueError("an 'ellipsis' object")) == {"kind": "exception", **NOWHERE}


def test_an_error_whose_text_raises_is_an_error_like_others():
    class Mute(TypeError):
        def __str__(self):
            raise KeyboardInterrupt

    assert failure_of(Mute()) == {"kind": "exception", "type": "TypeError", "line": None, "cell": None}
    assert spoken(Mute(), {}) == {"error": "Mute"}


# What an author is told of it


def test_the_words_are_those_of_the_innermost_line_of_the_names_own_code():
    names = cell("def f(g):\n    return g()\ndef h():\n    return f(lambda: int('x'))")
    assert spoken(raised(names["h"]), names) == {
        "error": "ValueError: invalid literal for int() with base 10: 'x'",
        "function": "<lambda>",
        "line": 4,
        "cell": "a",
        "source": "return f(lambda: int('x'))",
    }
    assert spoken(raised(names["h"]), {}) == {
        "error": "ValueError: invalid literal for int() with base 10: 'x'"
    }
    assert spoken(ValueError(), names) == {"error": "ValueError"}
    here = {"x": 1}
    exec(compile("def f(): return 1 / 0", "notebook", "exec"), here)
    assert spoken(raised(here["f"]), here) == {
        "error": "ZeroDivisionError: division by zero", "function": "f", "line": 1, "cell": "", "source": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("product", "sides"),
    [
        ("x @ self.W", "matmul: shapes (2, 3) and (4, 5) do not fit, `x` on the left, `self.W` on the right"),
        (
            "np.matmul(x,\n  xs[:, -1])",
            "shapes (2, 3) and (2, 3) do not fit, `x` on the left, `xs[:, -1]` on",
        ),
        ("1 + x.T @ (\n  xs[0, 0])", "shapes (3, 2) and (3,) do not fit, `x.T` on the left, `xs[0, 0]` on"),
        ("x @ 2.0", ""),
        ("x @ np.tanh(self.W)", ""),
        ("outside(x, self.W)", ""),
    ],
)
def test_a_product_that_does_not_fit_is_told_with_both_shapes(product, sides):
    names = cell(
        "import numpy as np\nclass C:\n    W = np.zeros((4, 5))\n    def f(self, x, xs):\n"
        f"        return ({product})"
    )
    names["outside"] = lambda a, b: a.T @ b.T
    error = spoken(raised(lambda: names["C"]().f(np.zeros((2, 3)), np.zeros((2, 2, 3)))), names)["error"]
    assert sides in error
    assert ("do not fit" in error) == bool(sides)
    assert "Input operand" in error, "NumPy's own words stay"


def test_the_words_of_text_that_is_no_python_are_its_own():
    error = raised(lambda: cell("x = 1\n  y = 2", "s"))
    assert spoken(error, {}) == {
        "error": "IndentationError: unexpected indent",
        "function": "",
        "line": 2,
        "cell": "s",
        "source": "y = 2",
    }
    bare = SyntaxError("m", ("<cell s>", None, None, None))
    assert spoken(bare, {}) == {
        "error": "SyntaxError: m",
        "function": "",
        "line": None,
        "cell": "s",
        "source": "",
    }
    elsewhere = raised(lambda: compile("(", "other", "exec"))
    assert spoken(elsewhere, {}) == {"error": f"SyntaxError: {elsewhere}"}


def test_words_are_a_kibi_of_characters_at_most():
    assert spoken(ValueError("x" * 1012), {})["error"] == "ValueError: " + "x" * 1012
    assert len(spoken(ValueError("x" * 1013), {})["error"]) == 1024


# What a probe returns


class Tensor:
    def __init__(self, data):
        self.data = data


def test_numbers_arrays_and_tensors_are_evidence_and_share_nothing():
    source = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    values = {
        "a": source,
        "t": Tensor(source),
        3: 1,
        "m": np.ma.array([1.0]),
        "n": Tensor(2.5),
        "b": np.bool_(True),
    }
    arrays = probe(lambda s, r: values)["arrays"]
    assert list(arrays) == ["a", "t", "3", "m", "n", "b"]
    for array in arrays.values():
        assert type(array) is np.ndarray
        assert array.flags.c_contiguous
        assert array.flags.writeable
        assert not np.shares_memory(array, source)
    assert (arrays["3"].tolist(), arrays["n"].tolist(), arrays["b"].tolist()) == (1, 2.5, True)


def test_evidence_of_a_mebibyte_is_taken_and_one_entry_more_is_refused():
    most = protocol.MAX_EVIDENCE
    assert most == 1 << 20
    flags = np.zeros(most, bool)
    assert probe(lambda s, r: {"y": flags})["arrays"]["y"].nbytes == most
    half = flags[: most // 2]
    assert len(probe(lambda s, r: {"y": half, "z": half})["arrays"]) == 2

    def refused(name):
        return {"failure": {"kind": "bad-value", "name": name, "type": "too large"}}

    assert probe(lambda s, r: {"y": np.zeros(most + 1, bool)}) == refused("y")
    assert probe(lambda s, r: {"y": half, "z": half, "x": True}) == refused("")


@pytest.mark.parametrize(
    ("value", "type_"),
    [("s", "str"), (1j, "complex"), (np.complex64(1), "complex64"), ({}, "dict"), (10**30, "object"),
     (Tensor, "type"), (2**63, "uint64"), (np.float16(1), "float16"),
     (np.zeros((1,) * 9), "float64"), (Tensor("s"), "str")],
)  # fmt: skip
def test_other_values_are_named_by_their_type(value, type_):
    assert probe(lambda s, r: {"y": value})["failure"] == {"kind": "bad-value", "name": "y", "type": type_}


def test_a_class_that_is_called_like_a_built_in_one_is_none():
    odd = type("int", (), {})()
    assert probe(lambda s, r: odd)["failure"] == {"kind": "bad-value", "name": "", "type": "object"}
    assert probe(lambda s, r: [])["failure"] == {"kind": "bad-value", "name": "", "type": "list"}
    assert probe(lambda s, r: {})["arrays"] == {}
    assert probe(lambda s, r: types.MappingProxyType({"y": 1}))["arrays"]["y"] == 1
    for nothing in (None, ...):
        assert probe(lambda s, r, nothing=nothing: nothing)["failure"] == {"kind": "todo", "name": ""}
        assert probe(lambda s, r, nothing=nothing: {"y": nothing})["failure"] == {"kind": "todo", "name": "y"}


# Probing


def test_what_was_asked_for_last_is_told_of_errors_that_no_cell_raised():
    names = cell("def f():\n    return 1 / 0")
    assert probe(lambda s, r: s.f and 1 / 0, names)["failure"]["after"] == "f"
    assert "after" not in probe(lambda s, r: s.f(), names)["failure"]
    assert "after" not in probe(lambda s, r: s.absent, names)["failure"]


def test_names_are_afterwards_as_they_were_whatever_happened():
    kept = object()

    def spoil(student, rng):
        student.old, student.new = 1, 2
        del names["gone"]
        raise SystemExit

    names = {"old": kept, "gone": kept}
    assert probe(spoil, names)["failure"]["type"] == "SystemExit"
    assert names == {"old": kept, "gone": kept}
    for stop in (KeyboardInterrupt, Overtime):
        with pytest.raises(stop):
            probe(lambda s, r, stop=stop: (setattr(s, "old", 1), (_ for _ in ()).throw(stop)), names)
        assert names == {"old": kept, "gone": kept}
    assert probe(lambda s, r: (_ for _ in ()).throw(GeneratorExit))["failure"]["type"] == "GeneratorExit"


def test_words_are_there_where_they_are_asked_for():
    def say(student, rng):
        print("said")
        return {"y": 1.0}

    assert set(probe(say)) == {"arrays"}
    assert probe(say, words=True)["words"] == {"printed": "said\n"}
    todo = {"error": "`x` is still to do", "printed": ""}
    assert probe(lambda s, r: s.x, {"x": ...}, words=True)["words"] == todo
    assert probe(lambda s, r: s.x, {"x": ...}) == {"failure": {"kind": "todo", "name": "x"}}
    names = {"work": f_work}

    def nothing(student, rng):
        raise Todo("m", "work")

    assert probe(nothing, names, words=True)["words"] == {"printed": ""}
    ellipsis = probe(lambda s, r: ... + 1, words=True)
    assert (ellipsis["failure"]["kind"], ellipsis["words"]) == ("todo", {"printed": ""})
    error = {"error": "ZeroDivisionError: division by zero", "printed": ""}
    assert probe(lambda s, r: 1 / 0, words=True)["words"] == error


def test_a_probe_runs_in_a_clean_state_and_leaves_all_as_it_was():
    def look(student, rng):
        warnings.warn("no error", stacklevel=1)
        state, depth = np.geterr(), sys.getrecursionlimit()
        sys.setrecursionlimit(depth + 7)
        np.seterr(all="raise")
        print("x", file=sys.stderr)
        seen.append((state, depth, random.random(), np.random.random(), rng.random()))
        sys.stdout = sys.stderr = None
        return {}

    seen: list = []
    usual, before = probing._RECURSION_LIMIT, sys.getrecursionlimit()  # another one, once mypy has run
    streams, numpys = (sys.stdout, sys.stderr), np.random.get_state()[1].tolist()
    random.seed(5)
    sys.setrecursionlimit(usual + 100)
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("error")
            assert probe(look, words=True)["words"]["printed"] == "x\n"
            assert np.geterr()["over"] == "ignore"
            assert sys.getrecursionlimit() == usual + 100
    finally:
        sys.setrecursionlimit(before)
    ((state, depth, *drawn),) = seen
    assert state == {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}
    assert depth == usual
    assert drawn == [
        random.Random(SEED).random(),
        np.random.RandomState(words_of(SEED)).random_sample(),
        np.random.default_rng(words_of(SEED)).random(),
    ]
    random.seed(5)
    assert random.random() == random.Random(5).random()
    assert (sys.stdout, sys.stderr) == streams
    assert np.random.get_state()[1].tolist() == numpys


def test_seeds_are_words_of_four_bytes_the_least_first():
    assert words_of("0100000002000000ff") == [1, 2, 255]
    assert words_of("00000001") == [1 << 24]
    assert words_of("") == []
    assert generator("01").random() == np.random.default_rng([1]).random()


# A trained check's score


def test_a_replay_gives_a_number_from_its_two_streams():
    def replay(solution, arrays, rng, held_out):
        drawn.append((rng.random(), held_out.random()))
        return solution.scale * arrays["w"].sum()

    drawn: list = []
    trained = check(exercise="e", says="", replay=replay)(lambda s, r: {})
    names = {"scale": 2}
    reply = run_replay(trained, names, "01", "02", {"w": np.ones(3)})
    assert reply == {"score": 6.0}
    assert type(reply["score"]) is float
    assert drawn == [(generator("01").random(), generator("02").random())]
    assert run_replay(trained, {}, "01", "02", {}) == {"failure": {"kind": "missing", "name": "scale"}}
    told = run_replay(trained, names, "01", "02", {}, True)
    assert told["words"]["error"] == "KeyError: 'w'"
    assert "words" not in run_replay(trained, names, "01", "02", {})
    with pytest.raises(LookupError, match=r"^e\.<lambda>$"):
        run_replay(check(exercise="e", says="")(lambda s, r: {}), {}, "01", "02", {})


# Time


def spin():
    while True:
        pass


def test_time_ends_after_its_end_and_what_was_there_before_is_there_again():
    def mine(*_):
        raise AssertionError

    before = signal.signal(signal.SIGPROF, mine)
    try:
        with pytest.raises(Overtime), deadline(0.02):
            spin()
        assert not issubclass(Overtime, Exception)
        assert signal.getsignal(signal.SIGPROF) is mine
        assert signal.getitimer(signal.ITIMER_PROF) == (0, 0)
        with deadline(30):
            assert 29 < signal.getitimer(signal.ITIMER_PROF)[0] < 31  # it is kept in ticks
        assert signal.getitimer(signal.ITIMER_PROF) == (0, 0)
        with deadline(0):
            assert signal.getitimer(signal.ITIMER_PROF) == (0, 0)
    finally:
        signal.signal(signal.SIGPROF, before)


def test_a_time_in_another_ends_alone_and_uses_up_that_of_the_other():
    with deadline(30):
        with pytest.raises(Endless), briefly(0.1):
            spin()
        assert 28 < signal.getitimer(signal.ITIMER_PROF)[0] < 29.95

    def two():
        with contextlib.suppress(Endless), briefly(30):
            spin()
        spin()

    with pytest.raises(Overtime), deadline(0.02):
        two()
    assert signal.getitimer(signal.ITIMER_PROF) == (0, 0)


def test_without_timers_or_beside_the_main_thread_there_is_no_end(monkeypatch):
    def timed():
        with deadline(30):
            seen.append(signal.getitimer(signal.ITIMER_PROF)[0])

    seen: list = []
    thread = threading.Thread(target=timed)
    thread.start()
    thread.join()
    monkeypatch.delattr(signal, "setitimer")
    timed()
    assert seen == [0, 0]


def test_an_ellipsis_as_an_index_of_the_checks_is_no_placeholder():
    """`x[...]` of a list: the value is there, and has another form. In a student's line it may be a stub."""
    for value in ([1.0], (1.0,), "x"):
        with pytest.raises(TypeError, match="ellipsis") as caught:
            value[...]
        assert failure_of(caught.value)["kind"] == "exception"
    names = {}
    exec("i = ...\ndef f():\n    return [1.0][i]", names)
    with pytest.raises(TypeError) as caught:
        names["f"]()
    assert failure_of(caught.value, names) == {"kind": "todo", "name": ""}


def test_a_function_of_numpys_on_a_tensor_is_noted_as_one():
    class Tensor:  # as a student writes it in 00-autograd
        __array_ufunc__ = None

    for tensor in (minigrad.Tensor(np.ones(2)), Tensor()):
        with pytest.raises(TypeError) as caught:
            np.tanh(tensor)
        assert describe(caught.value)["ufunc"] is True
    assert "ufunc" not in describe(TypeError("other"))
