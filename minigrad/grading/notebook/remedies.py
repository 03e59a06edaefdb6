"""Pure: what to do about an exception whose own words, Python's or NumPy's, do not tell a beginner.

The engine's errors name their remedies themselves; here are those that it never sees, in a table.
"""

from __future__ import annotations

import re

from minigrad.habits import TABLES

SHAPES = "say both shapes aloud; samples are rows, so x (B, D) stands on the left of a W (D, H)"
OFF = "a {0} has no tape: did `.data`, `float` or a function of NumPy's make a plain number of a Tensor?"

# By the exception's class and message; {0} is what the first group holds.
REMEDIES = tuple(
    (re.compile(pattern), remedy)
    for pattern, remedy in (
        (
            r"'(?:numpy\.ndarray|memoryview)' object has no attribute '[a-z]\w*[a-z]_'$",
            "gradients and `.data` are NumPy arrays, which `*=`, `[...] =` or an `out=` change in place",
        ),
        (
            r"'(?:numpy\.)?(ndarray|float\d*|int\d*)' object has no attribute '(?:backward|detach|grad)'$",
            OFF,
        ),
        (
            r"'function' object has no attribute '\w+'$",
            "that is the function itself: call it, and take its result",
        ),
        (r"Cannot interpret '\d+' as a data type$", "a shape is one argument, as in `np.zeros((2, 3))`"),
        (
            r"NameError: name 'torch' is not defined$|No module named 'torch'$",
            "there is no PyTorch here: what `torch.zeros(2, 3)` is there, `Tensor(np.zeros((2, 3)))` is here",
        ),
        (
            r"type object 'Tensor' has no attribute '\w+'$",
            "a Tensor is made of an array, as in `Tensor(np.zeros((2, 3)))`",
        ),
        (
            r"matmul: .*has a mismatch in its core .*\(size (\d+) is different from (\d+)\)",
            f"{{1}} on the left meets {{0}} on the right; {SHAPES}",
        ),
        (r"matmul: .*does not have enough dimensions", "a single number has no axes: it multiplies with `*`"),
        (
            r"not aligned: (\d+) \(dim \d+\) != (\d+) \(dim",
            f"{{0}} on the left meets {{1}} on the right; {SHAPES}",
        ),
        (
            r"^ValueError: operands could not be broadcast together",
            "say both shapes aloud, axis by axis: which axis is whose?",
        ),
        (
            r"takes (?:from )?\d+ .*positional arguments? but \d+ w|missing \d+ required positional",
            "compare what is handed over with the `def` line, where `self` counts as one",
        ),
        (
            r"'NoneType'",
            "something there is None: nothing was assigned to it, the function that it comes from lacks its "
            "`return`, or it is a `grad` that no backward pass has reached",
        ),
        (
            r"^AttributeError: '[A-Z]\w*' object has no attribute '\w+'$",
            "is it set in `__init__`, under just this name?",
        ),
        (
            r"^TypeError: ufunc 'bitwise_xor' not supported",
            "a power is written `**`; `^` is another operation",
        ),
        (
            r"backward: this depends on no leaf",
            "look for a `.data`, a `detach` or a function of NumPy's on the way from the parameters to here",
        ),
    )
)
IMPORT = re.compile(r"cannot import name '(\w+)' from '(minigrad[\w.]*)'")


def remedied(error: str) -> str:
    """ "TypeError: Cannot interpret '3' as a data type: a shape is one argument, …"; else as it was."""
    if asked := IMPORT.search(error):
        use = TABLES.get(asked[2], {}).get(asked[1])
        return f"{error.partition(' (')[0]}{f': use {use}' if use else ''}"
    for pattern, remedy in REMEDIES:
        if found := pattern.search(error):
            return f"{error.rstrip()}: {remedy.format(*found.groups())}"
    return error
