"""A tiny assignment, `02-tiny`, whose sources tests write to disk and change."""

from __future__ import annotations

from pathlib import Path

NOTEBOOK = '''\
# %% [markdown] id="title"
# # A tiny assignment
# Halve and shift.

# %% kind="define" id="imports"
import numpy as np

# %% kind="lab" id="harness"
from minigrad.grading.notebook.checks import checks

check = checks("02-tiny", globals())

# %% kind="solution" id="halve"
def halve(x):
    """x / 2, for x (B, D)."""
    ### BEGIN SOLUTION
    return x * 0.5  # secret answer
    ### END SOLUTION

# %% kind="check" id="halve-check" exercise="halve" points=10
check("halve")

# %% kind="solution" id="shift"
def shift(x, by):
    ### BEGIN SOLUTION
    ### STUB: y = ...  # x moved
    ### STUB: for row in x:
    ### STUB:     pass
    ### STUB: return y
    y = x + by
    return y
    ### END SOLUTION

# %% kind="check" id="shift-check" exercise="shift" points=5
check("shift")

# %% kind="check" id="learn-check" exercise="learn" points=2
check("learn")

# %% [markdown] kind="written" id="why" points=3
# Why?
'''
PUBLIC = '''\
"""What everyone may see."""
import numpy as np

from minigrad.checks import check, given


def batch(rng):
    return rng.normal(size=(3, 2))


@check(exercise="halve", weight=4, says="Halving a batch gives half of each entry.")
def half(student, rng):
    return {"y": given(student.halve(batch(rng)), "halve")}


@check(exercise="shift", weight=5, says="Every entry is moved.")
def moved(student, rng):
    return {"y": given(student.shift(batch(rng), 2.0), "shift")}


def nearly_nothing(solution, parameters, rng, held_out):
    return 1.0 - float(np.abs(solution.halve(parameters["w"])).max())


@check(
    exercise="learn",
    weight=2,
    says="Halved again and again, little is left.",
    needs=["halve.half", "halve.one-row-hidden"],
    replay=nearly_nothing,
)
def shrinks(student, rng):
    w = np.ones(3)
    for _ in range(20):
        w = student.halve(w)
    return {"w": w}
'''
HIDDEN = '''\
"""Not shipped."""
from minigrad.checks import check


@check(exercise="halve", weight=6, says="One row is halved, too.", needs=["halve.half"])
def one_row_hidden(student, rng):
    return {"y": student.halve(batch(rng)[:1])}
'''
MUTANTS = """\
from minigrad.checks import Rewrite, mutant

MUTANTS = [
    mutant("doubled", "x * 0.5", "x * 2.0", "Did you multiply where you should divide?",
           ["halve.half", "halve.one-row-hidden"]),
    mutant("backwards", "x + by", "x - by", "Which way does it move?", ["shift.moved"]),
]
REWRITES = [Rewrite("doubled-sum", "doubled", {"halve": "def halve(x):\\n    return x + x"})]
"""
VARIANTS = """\
from minigrad.checks import Variant

VARIANTS = [Variant("division", {"halve": "def halve(x):\\n    return x / 2"})]
"""
FILES = {
    "notebook.py": NOTEBOOK,
    "public_checks.py": PUBLIC,
    "checks.py": HIDDEN,
    "mutants.py": MUTANTS,
    "variants.py": VARIANTS,
}


def write(root: Path, file: str = "", old: str = "", new: str = "") -> Path:
    """The sources as a folder below `root`; in `file`, `old` is replaced by `new`."""
    folder = root / "02-tiny"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in FILES.items():
        if name == file:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        (folder / name).write_text(text, encoding="utf-8")
    return folder
