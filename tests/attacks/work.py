"""Whole submissions of 00-squares that cheat, lie or break, and the points they are worth."""

from __future__ import annotations

import json

from tests.attacks.catalogue import ALL, Work
from tests.grading.squares import SOLUTION, squares

WRONG = "def square(x):\n    return 3 * x\n"
RIGHT = SOLUTION["square"]
NONE = (0.0, 0.0, 0.0)


def notebook(attack: Work) -> bytes:
    """The file that is handed in."""
    answers = {**SOLUTION, **attack.answers, **({"square": attack.square} if attack.square else {})}
    cells = [(c.id, c.markdown, answers.get(c.id, c.source)) for c in squares().cells]
    cells = [("first", False, attack.first)] * bool(attack.first) + cells
    cells += [("last", False, attack.last)] * bool(attack.last)
    made = [
        {
            "cell_type": "markdown" if markdown else "code",
            "id": id,
            "metadata": {"nbgrader": {"grade_id": id}},
            "source": source,
        }
        for id, markdown, source in cells
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made}).encode()


def body(*lines: str) -> str:
    """square() with these lines."""
    return "import numpy as np\ndef square(x):\n" + "".join(f"    {line}\n" for line in lines)


HOOKS = """
ip = get_ipython()
for hooks in ("input_transformers_cleanup", "input_transformers_post", "ast_transformers"):
    getattr(ip, hooks).append(lambda lines: ["pass"])
ip.events.register("pre_run_cell", lambda info: None)
"""
SEARCH = """
import gc, inspect, linecache, sys
def square(x):
    frame = sys._getframe()
    while frame:
        for value in list(frame.f_locals.values()) + list(frame.f_globals.values()):
            if isinstance(value, dict) and hasattr(value.get("expected", value.get("y")), "shape"):
                return value.get("expected", value.get("y"))
        frame = frame.f_back
    for value in gc.get_objects():
        if isinstance(value, dict) and hasattr(value.get("y"), "shape"):
            return value["y"]
    for name in list(linecache.cache):
        for line in linecache.getlines(name):
            if "expected" in line or "SALT" in line:
                return line
    return 3 * x
"""
LIAR = """
import numpy as np
class Liar(np.ndarray):
    def __eq__(self, other): return True
    def __sub__(self, other): return np.zeros(self.shape)
    __rsub__ = __sub__
    def __array_ufunc__(self, *a, **k): return np.zeros(self.shape)
    def astype(self, *a, **k): return self
def square(x):
    return (3 * x).view(Liar)
"""
REDUCE = """
class Bomb:
    def __reduce__(self): return (exec, ("import os; os._exit(3)",))
def square(x):
    return Bomb()
"""
SEED = """
import sys, numpy as np
def square(x):
    frame = sys._getframe()
    while frame and "rng" not in frame.f_locals:
        frame = frame.f_back
    return np.random.default_rng(frame.f_locals["rng"].bit_generator.seed_seq.entropy).normal(size=x.shape)
"""
WORKERS_OWN = """
import sys
worker = sys.modules["minigrad.sandbox.worker"]
probing = sys.modules["minigrad.sandbox.probing"]
worker.run_probe = lambda *a: {"arrays": {}}
probing._evidence = lambda *a: {"passed": True, "score": 100.0}
"""
SUBCLASS = "raise type('AllTestsPassed', (Exception,), {'__str__': lambda s: 'PASSED 100/100'})"
LISTS = "value = []\n    value.append(value)\n    return value"

IN_PROCESS = (
    Work("np.allclose always true", "N", first="import numpy as np\n"
         "np.allclose = np.array_equal = np.isclose = np.abs = lambda *a, **k: True", square=WRONG,
         reason="off by about"),
    Work("builtins patched", "N", first="import builtins\n"
         "builtins.abs = builtins.len = builtins.all = builtins.float = lambda *a: 1", square=WRONG,
         reason="off by about"),
    Work("checker redefined", "N", square=WRONG, last="def check(*a): return 100.0\ngiven = check"),
    Work("the worker's own code replaced", "Z", NONE, first=WORKERS_OWN),
    Work("unittest patched", "N", square=WRONG,
         first="import unittest\nunittest.TestCase.assertEqual = unittest.main = lambda *a, **k: None"),
    Work("Tensor.backward patched", "N", square=WRONG,
         first="from minigrad import Tensor\nTensor.backward = lambda *a, **k: None"),
    Work("gc, frames, inspect, linecache searched", "N", square=SEARCH),
    Work("importing the reference", "Z", square="from minigrad.grading.judge.reference import square\n",
         reason="Error in line 1"),
    Work("importing solutions", "Z", square="from solutions.squares import square\n",
         reason="ModuleNotFoundError in line 1"),
    Work("importing torch", "Z", square="import torch\ndef square(x):\n    return torch.tensor(x) ** 2\n"),
    Work("IPython hooks", "N", first=HOOKS, square=WRONG),
    Work("!cmd and %magic", "N", ALL, first="%matplotlib inline\n!echo hi\n%%time\n?square\nx = 1"),
    Work("seed guessed, values hard-coded", "Z",
         square=body("return np.random.default_rng(0).normal(size=x.shape) ** 2")),
    Work("the seed taken from the probe's generator", "Z", square=SEED),
    Work("input echoed", "Z", square=body("return x")),
    Work("finite differences instead of a formula", "K", slow=True, reason="takes more than",
         square=body("return np.array([sum(v * 1e-9 for _ in range(10**9)) for v in x.flat])")),
    Work("input arrays mutated", "N", ALL, square=body("x *= x", "return x")),
)  # fmt: skip
LIES = (
    Work("NaN", "Z", square=body("return x * np.nan"), reason="not a finite number"),
    Work("infinity", "Z", square=body("return x + np.inf"), reason="not a finite number"),
    Work("negative infinity", "Z", square=body("return x - np.inf"), reason="not a finite number"),
    Work("1.8e308", "Z", square=body("return np.full(x.shape, 1.79e308)"), reason="off by about 1e308"),
    Work("subclass with lying operators", "Z", square=LIAR),
    Work("object dtype", "Z", square=body("return (x * x).astype(object)"), reason="not an array"),
    Work("__reduce__ bomb", "Z", square=REDUCE, reason="not an array"),
    Work("int 10**5000", "Z", square=body("return 10 ** 5000"), reason="not an array"),
    Work("bool for float64", "Z", square=body("return x > 0"), reason="has dtype bool"),
    Work("int for float64", "Z", square=body("return (x * x).astype('int64')"), reason="has dtype int64"),
    Work("INT64_MIN", "Z", square=body("return np.full(x.shape, -2**63)"), reason="has dtype int64"),
    Work("float32 for float64", "Z", square=body("return (x * x).astype('float32')"), reason="dtype float32"),
    Work("complex", "Z", square=body("return x * x + 0j"), reason="not an array"),
    Work("cyclic list", "Z", square=body(LISTS), reason="not an array"),
    Work("very deep list", "Z", square=body("v = []", "for _ in range(10**5): v = [v]", "return v")),
    Work("an exception named AllTestsPassed", "Z", square=body(SUBCLASS), reason="Exception in line 3"),
    Work(
        "an array that is too large",
        "Z",
        square=body("return np.zeros(1 << 23)"),
        reason="larger than the 1 MB",
    ),
    Work("a wrong shape that broadcasts", "Z", square=body("return x.flat[:1] ** 2")),
    Work("a str of digits", "Z", square=body("return '100.0'"), reason="not an array"),
)
PROCESS = (
    Work("sys.exit(0)", "Z", square=body("import sys", "sys.exit(0)"), reason="SystemExit in line 4"),
    Work("os._exit(0)", "K", square=body("import os", "os._exit(0)"), reason="ends Python"),
    Work("exit code 97", "K", square=body("import os", "os._exit(97)"), reason="ends Python"),
    Work("null dereference", "K", square=body("import ctypes", "ctypes.string_at(0)"), reason="crashes"),
    Work("abort", "K", square=body("import os", "os.abort()"), reason="crashes Python"),
    Work("endless loop", "K", square=body("while True: pass"), reason="takes more than", slow=True),
    Work("signals ignored", "K", slow=True, reason="takes more than", square=body(
        "import signal", "for s in (2, 3, 14, 15, 24): signal.signal(s, 1)", "while True: pass")),
    Work("long sleep", "K", square=body("import time", "time.sleep(1e6)"), reason="waits without", slow=True),
    Work("fork bomb", "Z", square=body("import os", "while True: os.fork()"), reason="PermissionError"),
    Work("5000 threads", "Z", reason="RuntimeError", square=body(
        "import threading", "for _ in range(5000): threading.Thread(target=print).start()")),
    Work("double fork", "Z", square=body("import os", "os.fork() or os.fork()"), reason="PermissionError"),
    Work("24 GB array", "Z", square=body("return np.ones(3 << 30)"), reason="MemoryError"),
    Work("growing list", "Z", square=body("v = []", "while True: v.append(bytes(1 << 28))"), reason="Memory"),
    Work("recursion", "Z", square=body("return square(x)"), reason="RecursionError"),
    Work("recursion without a limit", "K", square=body(
        "import sys", "sys.setrecursionlimit(10**9)", "f = lambda n: f(n + 1)", "f(0)")),
    Work("1 GB on stdout", "N", ALL, last="line = 'x' * (1 << 20)\nfor _ in range(1024): print(line)"),
    Work("endless write to descriptor 2", "K", reason="takes more than", slow=True,
         square=body("import os", "while True: os.write(2, bytes(1 << 16))")),
    Work("memfd", "Z", square=body("import os", "os.memfd_create('x')"), reason="PermissionError"),
    Work("raising its own limits", "Z", reason="Error", square=body(
        "import resource", "resource.setrlimit(resource.RLIMIT_AS, (-1, -1))")),
    Work("os._exit(0) at the top of a cell", "K", square="import os\nos._exit(0)\n", reason="ends Python"),
    Work("streams closed in a right solution", "N", ALL, first="import sys\nsys.stdout.close()",
         square="import sys\ndef square(x):\n    sys.stdout.close()\n    return x * x\n"),
    Work("NumPy set to raise in a right solution", "N", ALL,
         last="import numpy as np, warnings\nnp.seterr(all='raise')\nwarnings.simplefilter('error')"),
    Work("a warning in a right solution", "N", ALL,
         square="import warnings\ndef square(x):\n    warnings.warn('careful')\n    return x * x\n"),
)  # fmt: skip
OTHER = (
    Work("PASSED 100/100 printed", "N", square=WRONG, last="print('PASSED 100/100')"),
    Work("garbage on the channel", "K", reason="disturbs the grader", square=body(
        "import os, time", "os.write(60, b'PASSED 100/100' * 10)", "time.sleep(1)")),
    Work("a reply of its own on the channel", "K", square=body(
        "import os", "from minigrad.sandbox import protocol",
        "for n in range(40): os.write(60, protocol.frame(n, {'arrays': {'y': x * x}}))", "return x")),
    Work("channel closed", "K", reason="disturbs the grader",
         square=body("import os, time", "os.close(60)", "time.sleep(1)")),
    Work("LD_PRELOAD and PYTHONSTARTUP set", "N", ALL,
         first="import os\nos.environ.update(LD_PRELOAD='/evil.so', PYTHONSTARTUP='/evil.py')"),
    Work("numpy.py written beside the notebook", "N", ALL,
         first="try: open('numpy.py', 'w').write('1 / 0')\nexcept OSError: pass\nimport numpy"),
    Work("400 lines of %x", "N", ALL, first="%x\n" * 400),
    Work("64 KB of a;", "N", ALL, first="a=1;" * 16_000),
    Work("deeply nested source", "N", ALL, first="x = " + "(" * 30_000),
    Work("a NUL in a cell", "N", ALL, first="x = 1\0"),
    Work("surrogates printed", "N", ALL, last="print('\\ud800 \\x1b[31m \\u202e')"),
)  # fmt: skip
WORK = (*IN_PROCESS, *LIES, *PROCESS, *OTHER)
