"""Pure: what to look at next where no known mistake gives what was observed.

The checks of an exercise are a ladder: has it the right shape, is every number one, which value is off,
does it run to its end, which gradient. The lowest rung on which any of them fails is the one to stand on
first: a value that is there and wrong tells more than a check that stopped. Before all of them stands what
tells itself what is wrong: another kind of value than was asked for, or an error in the first that fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from minigrad.checks import Check
from minigrad.grading.judge.compare import ONES, SHAPE, all_zeros, differs
from minigrad.grading.model import Evidence

UNDONE = frozenset({"todo", "missing", "waits"})  # there is nothing yet to look at
# How the name of a gradient reads that a check asked for: of a tape, or of a backward pass by hand. A bare
# `gradient` may be one that the check made itself, as for clipping.
TAPED = re.compile(r"\.grad\b|\bgradient of\b")
BY_HAND = re.compile(r"^d(?:[A-Z]\w*|[a-z]\d?|[a-z]_\w+)$")
# What an error says where two shapes do not fit; every other error tells itself what is wrong.
SHAPES = re.compile(r"broadcast|\bshapes?\b|matmul|\bdimensions?\b|\baxis\b|out of bounds", re.IGNORECASE)
OF_DTYPE = re.compile(r"\b(?:float|int)\d+\b")  # in the name of an answer, yes or no
SMALL = 4  # entries of an array that can be followed on paper

RUNGS = (  # from the lowest to the highest; {check} is the first that fails on it
    "begin with what `{check}` says: it tells what is wrong there.",
    "a shape is wrong in `{check}`. Write beside each of your lines which shape its result has, and look for "
    "the first that surprises you.",
    "shapes are right, and a dtype in `{check}` is not. Which of your lines makes an array, and what does it "
    "say of its dtype? NumPy's own is float64.",
    "`{check}` gets what is no finite number. Print the largest entry after each of your lines: where does "
    "the first infinity or NaN come from, an exponential, a logarithm, or a division?",
    "`{check}` is small enough for paper. Compute its case by hand, line by line, and print each of your "
    "lines beside it.",
    "shapes are right, and a value in `{check}` is not. Call your code with sizes of 1 and 2 and round "
    "numbers, and follow it with a pencil.",
    "`{check}` gets nothing but zeros, of which its sentence cannot be shown. Print what stands in your "
    "parameters and what each of your lines gives: where do the zeros come from?",
    "`{check}` asks what is so or not, and names what is not. Which of your lines decides that?",
    "`{check}` does not get to its end. Above the line that is named, print the shapes of what stands in it, "
    "and compare them with those that you expect.",
    "begin with what `{check}` says: it tells what stopped it.",
    "values are right, and a gradient in `{check}` is not. Nudge one entry of that input by 1e-6 and see by "
    "how much the result moves; then follow the way back: what adds to it, and what leaves the tape?",
    "shapes are right, and a gradient in `{check}` is not. Nudge one entry of that input by 1e-6 and see by "
    "how much the result moves; then follow your lines back: which of them add to it, and is one left out?",
)  # fmt: skip
KIND, FORM, DTYPE, FINITE, HAND, VALUE, ZEROS, ASKED, MISFIT, TOLD, SLOPE, SLOPE_BY_HAND = range(len(RUNGS))


def next_look(
    checks: Sequence[Check], observed: Mapping[str, Evidence], expected: Mapping[str, Evidence]
) -> str:
    """What to look at next, of the deterministic checks of one exercise; "" where none has failed.

    It names checks and no values: what is expected stays where it is.
    """
    plain = [c for c in checks if not c.trained]
    found = [(rung, c) for c in plain for rung in rungs(c, observed[c.name], expected[c.name])]
    if not found:
        return ""
    rung, check = min(found, key=lambda one: one[0])  # of equal ones the first, in the checks' order
    if rung != KIND and found[0][0] == TOLD:
        rung, check = found[0]
    name = check.name.removeprefix(f"{check.exercise}.")
    return f"No known mistake gives just this. Next: {RUNGS[rung].format(check=name)}"


def rungs(check: Check, observed: Evidence, expected: Evidence) -> Iterator[int]:
    """The rungs on which a check fails."""
    if observed.failure is not None:
        if observed.failure.kind not in UNDONE:
            yield _of_stopped(observed)
        return
    numbers = [a for name, a in expected.arrays.items() if not (_of_form(name) or a.dtype.kind == "b")]
    small = all(a.size <= SMALL for a in numbers)
    for name, want in expected.arrays.items():
        got = observed.arrays.get(name)
        if got is None or got.shape != want.shape:
            yield KIND if observed.form else FORM
        elif got.dtype != want.dtype:
            yield KIND if observed.form else DTYPE
        elif differs(got, want, check.rtol, check.atol):
            yield KIND if observed.form else _of_numbers(name, got, want, small)


def _of_stopped(observed: Evidence) -> int:
    """The rung of a check that gave no arrays."""
    failure = observed.failure
    if observed.form or failure is None or failure.kind == "bad-value":
        return KIND
    return MISFIT if failure.kind == "exception" and SHAPES.search(observed.words.error) else TOLD


def _of_form(name: str) -> bool:
    """Whether an array is there for a shape or a dtype alone, by its name."""
    return bool(SHAPE.match(name)) or name.startswith(ONES)


def _of_numbers(name: str, got: np.ndarray, want: np.ndarray, small: bool) -> int:
    """The rung of an array whose numbers alone are wrong."""
    if _of_form(name):
        return FORM
    if got.dtype.kind == "b":
        return ZEROS if all_zeros(name, got, want) else DTYPE if OF_DTYPE.search(name) else ASKED
    if not np.isfinite(got).all():
        return FINITE
    if TAPED.search(name):
        return SLOPE
    if BY_HAND.search(name):
        return SLOPE_BY_HAND
    return HAND if small else VALUE
