"""The worker's own work: cells, IPython lines, probes, failures. In this process, with no sandbox."""

from __future__ import annotations

import builtins
import random
import sys
import warnings

import numpy as np
import pytest

from minigrad.checks import check, given
from minigrad.sandbox import protocol
from minigrad.sandbox.probing import OUTPUT_LIMIT, Capture, run_probe
from minigrad.sandbox.worker import Notebook, answer

SEED = "00112233445566778899aabbccddeeff" * 2


@pytest.fixture
def notebook(monkeypatch):
    for name in ("__main__", "checks"):  # put back afterwards
        monkeypatch.setitem(sys.modules, name, sys.modules.get(name, sys))
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    return Notebook()


def probe(f, /, **names):
    return run_probe(check(exercise="e", weight=1, says="")(f), names, SEED)


# ---------------------------------------------------------------------------------------- cells


def test_a_cell_runs_and_its_output_is_kept(notebook):
    reply = notebook.cell("a", "import sys\nx = 3\nprint('hello', file=sys.stderr)\nprint('\\ud800')")
    assert reply == {"ok": True, "output": "hello\n?\n", "error": None}
    assert notebook.names["x"] == 3


def test_definitions_before_an_error_stand_and_the_line_is_told(notebook):
    notebook.cell("one", "def f():\n    return 1 / 0")
    reply = notebook.cell("two", "x = 1\nf()")
    assert reply["error"] == {"type": "ZeroDivisionError", "line": 2, "cell": "one"}
    assert notebook.names["x"] == 1


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("x = (", {"type": "SyntaxError", "line": 1, "cell": "c"}),
        ("class AllTestsPassed(Exception): pass\nraise AllTestsPassed", "Exception"),
        ("class Mine(ValueError): pass\nraise Mine", "ValueError"),
        ("raise SystemExit", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("def f(): f()\nf()", "RecursionError"),
        ("import numpy as np\nnp.linalg.inv(np.zeros((2, 2)))", "ValueError"),
        ("import no_such_module", "ModuleNotFoundError"),
    ],
)
def test_errors_go_by_their_built_in_name(notebook, source, error):
    told = notebook.cell("c", source)["error"]
    assert (told if isinstance(error, dict) else told["type"]) == error


def test_output_is_bounded(notebook):
    reply = notebook.cell("a", "for _ in range(100): print('x' * 10_000)")
    assert len(reply["output"]) == OUTPUT_LIMIT


def test_a_closed_stream_does_not_spoil_what_follows(notebook):
    assert notebook.cell("a", "import sys; sys.stdout.close(); sys.stderr.close(); print(1)")["ok"]
    assert notebook.cell("b", "print(2)")["output"] == "2\n"


def test_dataclasses_and_inspect_work_in_a_cell(notebook):
    source = (
        "from __future__ import annotations\nimport dataclasses, inspect\n"
        "@dataclasses.dataclass\nclass P:\n    x: int = 1\n"
        "def f():\n    return 2\nassert 'return 2' in inspect.getsource(f)"
    )
    assert notebook.cell("a", source)["ok"]


def test_notebook_habits_do_nothing(notebook):
    source = "%matplotlib inline\ndisplay(1)\nget_ipython().run_line_magic('time', '')\nx = 1"
    assert notebook.cell("a", source) == {"ok": True, "output": "", "error": None}
    source = (
        "y = 'IPKernelApp' in get_ipython().config, [*get_ipython().user_ns], get_ipython().config['x']()"
    )
    assert notebook.cell("b", source) == {"ok": True, "output": "", "error": None}
    assert notebook.names["y"][:2] == (False, [])


def test_patched_builtins_are_restored(notebook):
    before = builtins.len
    reply = answer(notebook, ["cell", "a", "import builtins\nbuiltins.len = builtins.isinstance = None"])
    assert reply["ok"]
    assert builtins.len is before


def test_valid_python_is_never_rewritten(notebook):
    notebook.cell("a", "x = (7\n% 4)\ns = '''\n%d?\n'''")
    assert (notebook.names["x"], notebook.names["s"]) == (3, "\n%d?\n")


def test_a_cell_may_await(notebook):
    source = "import asyncio\nasync def f(): return 3\nawait asyncio.sleep(0.001)\nx = await f()"
    assert notebook.cell("a", source) == {"ok": True, "output": "", "error": None}
    assert notebook.names["x"] == 3
    told = notebook.cell("b", "%time y = await asyncio.gather(f(), f())\nraise ValueError(await f())")
    assert notebook.names["y"] == [3, 3]
    assert told["error"] == {"type": "ValueError", "line": 2, "cell": "b"}
    notebook.cell("c", "z = [i for i in range(3)]\nclass A: pass\ndef g(): yield 1")
    assert notebook.names["z"] == [0, 1, 2]
    assert notebook.cell("d", "async for i in 3: pass")["error"]["type"] == "TypeError"


# --------------------------------------------------------------------------------------- probes


class Tensor:
    def __init__(self, data):
        self.data = data


def test_evidence_becomes_plain_arrays():
    source = np.arange(3.0)
    reply = probe(
        lambda student, rng: {
            "t": Tensor(source),
            "a": np.asmatrix(source),
            "g": np.float32(1),
            "b": True,
            "i": 3,
            "f": 0.5,
        }
    )
    arrays = reply["arrays"]
    assert {k: (type(v), str(v.dtype), v.shape) for k, v in arrays.items()} == {
        "t": (np.ndarray, "float64", (3,)),
        "a": (np.ndarray, "float64", (1, 3)),
        "g": (np.ndarray, "float32", ()),
        "b": (np.ndarray, "bool", ()),
        "i": (np.ndarray, "int64", ()),
        "f": (np.ndarray, "float64", ()),
    }
    assert not np.shares_memory(arrays["t"], source)


@pytest.mark.parametrize(
    ("value", "failure"),
    [
        (None, {"kind": "todo", "name": "y"}),
        (..., {"kind": "todo", "name": "y"}),
        (Tensor(None), {"kind": "todo", "name": "y"}),
        ("text", {"kind": "bad-value", "name": "y", "type": "str"}),
        ([1.0], {"kind": "bad-value", "name": "y", "type": "list"}),
        (10**5000, {"kind": "bad-value", "name": "y", "type": "object"}),
        (1j * np.ones(2), {"kind": "bad-value", "name": "y", "type": "complex128"}),
        (np.array([object()]), {"kind": "bad-value", "name": "y", "type": "object"}),
        (Tensor(Tensor(1.0)), {"kind": "bad-value", "name": "y", "type": "object"}),
        (np.broadcast_to(0.0, (1 << 13, 1 << 13)), {"kind": "bad-value", "name": "y", "type": "too large"}),
    ],
    ids=lambda v: type(v).__name__,
)
def test_what_is_no_evidence_is_a_failure(value, failure):
    assert probe(lambda student, rng: {"y": value}) == {"failure": failure}


@pytest.mark.parametrize(
    ("f", "failure"),
    [
        (lambda s, r: {"y": s.absent(r)}, {"kind": "missing", "name": "absent"}),
        (lambda s, r: {"y": s.stub}, {"kind": "todo", "name": "stub"}),
        (lambda s, r: {"y": given(None, "the clip")}, {"kind": "todo", "name": ""}),
        (lambda s, r: {"y": s.layer.weight @ 2.0}, {"kind": "todo", "name": ""}),
        (lambda s, r: {"y": s.layer.weight.shape}, {"kind": "todo", "name": ""}),
        (lambda s, r: None, {"kind": "todo", "name": ""}),
        (lambda s, r: 3, {"kind": "bad-value", "name": "", "type": "int"}),
        (
            lambda s, r: 1 / 0,
            {"kind": "exception", "type": "ZeroDivisionError", "line": None, "cell": None, "after": ""},
        ),
        (
            lambda s, r: s.layer and 1 / 0,
            {"kind": "exception", "type": "ZeroDivisionError", "line": None, "cell": None, "after": "layer"},
        ),
        (
            lambda s, r: sys.exit(0),
            {"kind": "exception", "type": "SystemExit", "line": None, "cell": None, "after": ""},
        ),
        (lambda s, r: given(s.f(), "f"), {"kind": "nothing", "name": "f"}),
        (lambda s, r: given(s.layer.g(1), "layer's g"), {"kind": "nothing", "name": "layer", "method": "g"}),
        (lambda s, r: given(s.layer.h(), "layer's h"), {"kind": "todo", "name": ""}),
        (lambda s, r: given(None, "layer's weight"), {"kind": "todo", "name": ""}),
        (lambda s, r: given(None, "elsewhere"), {"kind": "todo", "name": ""}),
    ],
)
def test_failures(f, failure):
    class Layer:
        weight = ...

        @staticmethod
        def g(x):
            """Written, but for its return."""
            y = x + 1  # noqa: F841

        @staticmethod
        def h():
            """Still to do."""

    def f_(x=1):
        y = x + 1  # noqa: F841

    assert probe(f, stub=..., layer=Layer, f=f_) == {"failure": failure}


def test_a_failure_names_the_line_in_the_students_cell(notebook):
    notebook.cell("rnn-cell", "\ndef f(x):\n    return x.no")
    failure = probe(lambda student, rng: {"y": student.f(3)}, **notebook.names)["failure"]
    assert failure == {
        "kind": "exception",
        "type": "AttributeError",
        "line": 3,
        "cell": "rnn-cell",
        "name": "no",
    }


def test_a_probe_finds_defaults_and_leaves_no_trace(capsys):
    def f(student, rng):
        print("hidden")
        warnings.warn("hidden", stacklevel=1)
        state = np.geterr()
        student.g = student.new = None
        sys.setrecursionlimit(500)
        return {
            "over": state["over"] == "warn",
            "u": random.random(),
            "v": np.random.rand(),
            "w": rng.random(),
        }

    names = {"g": 1}
    random.seed(5)
    follows = random.Random(5).random()
    depth = sys.getrecursionlimit()
    with np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("error")
        one = run_probe(check(exercise="e", weight=1, says="")(f), names, SEED)["arrays"]
        two = run_probe(check(exercise="e", weight=1, says="")(f), names, SEED)["arrays"]
        other = run_probe(check(exercise="e", weight=1, says="")(f), names, "ff" * 32)["arrays"]
        assert np.geterr()["over"] == "raise"
    assert one["over"]
    assert all(one[k] == two[k] != other[k] for k in "uvw")
    assert names == {"g": 1}
    assert sys.getrecursionlimit() == depth
    assert capsys.readouterr() == ("", "")
    assert random.random() == follows


# --------------------------------------------------------------------------- words, where asked for


def test_a_cells_error_is_told_in_words_where_they_are_asked_for(notebook):
    notebook.cell("one", "def f():\n    return 1 / 0")
    assert notebook.cell("two", "f()", True)["words"] == {
        "error": "ZeroDivisionError: division by zero",
        "function": "f",
        "line": 2,
        "cell": "one",
        "source": "return 1 / 0",
    }
    assert notebook.cell("three", "x = 1\ny = (", True)["words"] == {
        "error": "SyntaxError: '(' was never closed",
        "function": "",
        "line": 2,
        "cell": "three",
        "source": "y = (",
    }
    assert "words" not in notebook.cell("four", "x = 1", True)
    assert "words" not in notebook.cell("five", "1 / 0")


def test_a_probes_words_are_those_of_the_students_own_line(notebook):
    notebook.cell("a", "import numpy as np\ndef f(x):\n    print('here')\n    return np.ones(2) @ x")
    one = check(exercise="e", weight=1, says="")(lambda student, rng: {"y": student.f(np.ones(3))})
    assert set(run_probe(one, notebook.names, SEED)) == {"failure"}
    reply = run_probe(one, notebook.names, SEED, words=True)
    assert set(reply) == {"failure", "words"}
    words = reply["words"]
    assert words["error"].startswith("ValueError: matmul")
    assert (words["function"], words["line"], words["cell"], words["source"], words["printed"]) == (
        "f", 4, "a", "return np.ones(2) @ x", "here\n",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (lambda s, r: {"y": 1.0}, {"printed": ""}),
        (lambda s, r: {"y": s.absent}, {"printed": ""}),
        (lambda s, r: {"y": s.stub + 1}, {"error": "`stub` is still to do", "printed": ""}),
        (lambda s, r: {"y": []}, {"printed": ""}),
        (lambda s, r: {"y": 1 / 0}, {"error": "ZeroDivisionError: division by zero", "printed": ""}),
    ],
)
def test_what_is_said_where_no_line_of_the_students_raised(f, words):
    one = check(exercise="e", weight=1, says="")(f)
    assert run_probe(one, {"stub": ...}, SEED, words=True)["words"] == words


def test_words_are_bounded_and_go_through_the_codec():
    class Odd(Exception):
        def __str__(self):
            return "\ud800" + "x" * 10**6

    class Mute(Exception):
        def __str__(self):
            raise ValueError

    def raising(error):
        def f(student, rng):
            raise error

        return check(exercise="e", weight=1, says="")(f)

    reply = run_probe(raising(Odd()), {}, SEED, words=True)
    assert protocol.loads(protocol.dumps(reply)) == reply
    assert reply["words"]["error"].startswith("Odd: ?xxx")
    assert len(reply["words"]["error"]) < 2000
    assert run_probe(raising(Mute()), {}, SEED, words=True)["words"]["error"] == "Mute"


# ------------------------------------------------------------------------------------- requests

CHECKS = """
from minigrad.checks import check
def score(solution, parameters, rng, held_out):
    return float(parameters["w"].sum() * solution.scale)
@check(exercise="e", weight=1, says="", replay=score)
def train_it(student, rng):
    student.scale = 0
    return {"w": rng.normal(size=3) * student.f(1)}
"""


def test_requests(notebook):
    assert answer(notebook, ["checks", "public_checks.py", CHECKS]) is None
    assert answer(notebook, ["checks", "checks.py", "assert score"]) is None
    assert answer(notebook, ["cell", "a", "scale = 2.0\ndef f(x):\n    return x * scale"])["ok"]
    reply = answer(notebook, ["probe", "e.train-it", SEED])
    assert np.array_equal(reply["arrays"]["w"], np.zeros(3))
    assert answer(notebook, ["replay", "e.train-it", SEED, SEED, {"w": np.ones(3)}]) == {"score": 6.0}


@pytest.mark.parametrize(
    "request_",
    [
        ["probe", "no-such", SEED],
        ["cell"],
        [],
        3,
        ["checks", "c.py", "1 / 0"],
        ["replay", "x", SEED, SEED, {}],
    ],
)
def test_a_request_that_fails_is_answered(notebook, request_):
    assert answer(notebook, request_)["failure"]["kind"] == "exception"


def test_capture_takes_text_only():
    with pytest.raises(TypeError):
        Capture().write(b"x")  # type: ignore[arg-type]


def test_what_a_cell_defined_before_its_time_was_over_stays(notebook):
    source = (
        "def f():\n    return 3\n\nx = f()\nwhile True:\n    try:\n        x += 1\n    except Exception: pass"
    )
    reply = notebook.cell("a", source, True, 0.05)
    assert reply == {"ok": False, "output": "", "error": {"type": "Overtime", "line": None, "cell": "a"}}
    assert notebook.names["f"]() == 3
    assert notebook.cell("b", "for i in range(10**5): pass", False, 5.0)["ok"]
