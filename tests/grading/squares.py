"""A tiny assignment in plain NumPy, and submissions of it, for the judge's tests."""

import dataclasses
import json

from minigrad.checks import Rewrite, Variant, collect, mutant
from minigrad.grading.assignment.points import shared, weights
from minigrad.grading.model import Assignment, Cell

PUBLIC = """
from minigrad.checks import check, given

@check(exercise="square", weight=4, says="Squares are right.")
def value(student, rng):
    return {"y": given(student.square(rng.normal(size=(2, 3))), "square")}
"""

HIDDEN = """
import numpy as np

@check(exercise="square", weight=6, says="Squares of negative numbers are right.")
def negative(student, rng):
    return {"y": student.square(-1 - rng.random(5)), "first": student.square(rng.normal(size=1))}

@check(exercise="mean", weight=10, says="The mean is over all numbers.")
def value_of_mean(student, rng):
    return {"m": np.asarray(given(student.mean(rng.normal(size=(4, 5))), "mean"))}

def close(solution, parameters, rng, held_out):
    slope = 1 + rng.random()
    x = held_out.normal(size=50)
    return 1 - float(np.abs(parameters["w"] - slope)) - float(np.abs(solution.mean(x) - x.mean()))

@check(
    exercise="fit", weight=10, says="A slope is learned.", cpu=1.0, needs=["mean.value-of-mean"], replay=close
)
def slope(student, rng):
    slope, w = 1 + rng.random(), 0.0
    for _ in range(100):
        x = rng.normal(size=20)
        w = student.step(w, x, slope * x)
        if w is None:
            return None
    return {"w": w}
"""

SOLUTION = {
    "square": "def square(x):\n    return x * x\n",
    "mean": "def mean(x):\n    return x.sum() / x.size\n",
    "step": "def step(w, x, y):\n    return w + 0.3 * mean(x * (y - w * x))\n",
}
STUBS = {
    "square": "def square(x):\n    ...\n",
    "mean": "def mean(x):\n    ...\n",
    "step": "def step(w, x, y):\n    ...\n",
}
MUTANTS = (
    mutant("square-doubles", "x * x\n", "x + x\n", "That is 2x.", ["square.value", "square.negative"]),
    mutant("square-signed", "x * x\n", "x * abs(x)\n", "Mind the sign.", ["square.value", "square.negative"]),
    mutant("mean-of-rows", "x.sum() / x.size", "x.sum() / len(x)", "All entries.", ["mean.value-of-mean"]),
)
VARIANTS = (Variant("powers", {"square": "import numpy as np\ndef square(x):\n    return np.power(x, 2)\n"}),)
REWRITES = (Rewrite("twice", "square-doubles", {"square": "def square(x):\n    return 2 * x\n"}),)


def squares(**changes) -> Assignment:
    """The assignment, with some fields changed."""
    cells = (
        Cell("title", "text", "# Squares", markdown=True),
        Cell("imports", "define", "import numpy as np"),
        Cell("square", "solution", STUBS["square"]),
        Cell("square-check", "check", 'check("square")', 10.0, exercise="square"),
        Cell("mean", "solution", STUBS["mean"]),
        Cell("mean-check", "check", 'check("mean")', 10.0, exercise="mean"),
        Cell("plot", "lab", "1 / 0"),
        Cell("step", "solution", STUBS["step"]),
        Cell("fit-check", "check", 'check("fit")', 10.0, exercise="fit"),
        Cell("why", "written", "*Your answer*", 5.0, markdown=True, exercise="why"),
    )
    names: dict = {"__name__": "checks"}
    exec(PUBLIC, names)
    public = frozenset(c.name for c in collect(names))
    exec(HIDDEN, names)
    fields = {
        "name": "00-squares",
        "cells": cells,
        "solution": SOLUTION,
        "checks": collect(names),
        "public": public,
        "sources": {"public_checks.py": PUBLIC, "checks.py": HIDDEN},
        "mutants": MUTANTS,
        "variants": VARIANTS,
        "rewrites": REWRITES,
        "engine": False,
    }
    made = Assignment(**{**fields, **changes})
    checks = shared(made.checks, made.exercises(), weights(made.checks))
    return dataclasses.replace(made, checks=checks)


def submission(own=(), **answers) -> bytes:
    """A notebook: the solution with some answers replaced (None: the stub), own cells at the end."""
    cells = []
    for c in squares().cells:
        source = answers.get(c.id, SOLUTION.get(c.id, c.source))
        cells.append((c.id, c.markdown, STUBS[c.id] if source is None else source))
    cells += [(f"x{i}", False, source) for i, source in enumerate(own)]
    return json.dumps(
        {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {},
            "cells": [
                {
                    "cell_type": "markdown" if markdown else "code",
                    "id": id,
                    "metadata": {"nbgrader": {"grade_id": id}},
                    "source": source,
                }
                for id, markdown, source in cells
            ],
        }
    ).encode()
