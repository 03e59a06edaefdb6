"""Pure: how observed arrays differ from the expected ones, in words that give no expected value away."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from minigrad.checks import Check

DTYPES = frozenset({"float64", "float32", "int64", "int32", "bool"})
SHAPE = re.compile(r"(?:shapes?|sizes) of ")  # how the name of an array begins that holds lengths of axes
ONES = "ones like"  # how that of an array begins that is there for its shape and dtype alone
# That of a yes that keeps zeros from passing where a sentence speaks of a shape, or of what is left alone.
# Of a parameter's numbers, each other than zero, the sentence itself speaks.
SOME = re.compile(r"not all zeros$|(?<!numbers )other than zero$")
FORMS = {"shape": re.compile(r"\bshapes?\b"), "dtype": re.compile(r"\bdtype\b|\bfloat(?:32|64)\b")}
LENGTHS, LONGEST = 16, 10_000  # what is told of a shape


def difference(check: Check, observed: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray]) -> str:
    """Why the arrays do not pass, or "". Never an expected value: only the error's decade."""
    wrong: dict[str, str] = {}
    for name, want in expected.items():
        got = observed.get(name)
        reason = "is missing" if got is None else unlike(name, got, want, check)
        if reason:
            wrong[name] = reason
    if wrong:
        first, *others = wrong
        also = f"; also wrong: {', '.join(f'`{n}`' for n in others[:6])}" if others else ""
        return f"`{first}` {wrong[first]}{also}{' …' if len(others) > 6 else ''}"
    if set(observed) != set(expected):
        return "gives more arrays than the check asks for"
    return ""


def unlike(name: str, got: np.ndarray, want: np.ndarray, check: Check) -> str:
    """Why an array does not pass, or "": `differs`, and of lengths of axes both sides, as of any shape.

    Where the check's sentence speaks of a form that is right, that is said, too.
    """
    reason = differs(got, want, check.rtol, check.atol)
    if reason and shape_in_words(name, want):
        return f"is {shape_in_words(name, got) or 'something else'}, not {shape_in_words(name, want)}"
    if reason and all_zeros(name, got, want):
        return "does not hold: with nothing but zeros the sentence cannot be shown"
    form = right_form(name, got, want, check) if reason else ""
    return f"has the right {form}, and {reason}" if form else reason


def all_zeros(name: str, got: np.ndarray, want: np.ndarray) -> bool:
    """Whether an array that differs says so much: that the check got nothing but zeros."""
    return bool(SOME.search(name)) and got.dtype.kind == "b" and got.shape == want.shape


def right_form(name: str, got: np.ndarray, want: np.ndarray, check: Check) -> str:
    """ "shape and dtype": what of an array's form the check's sentence speaks of, where that is right."""
    asks = SHAPE.match(name) or name.startswith(ONES) or want.dtype.kind == "b"  # of a form, by its values
    if asks or got.dtype != want.dtype or got.shape != want.shape:
        return ""
    return " and ".join(form for form, words in FORMS.items() if words.search(check.says))


def shape_in_words(name: str, array: np.ndarray) -> str:
    """ "(3, 4)" for an array that holds the lengths of axes, by its name; else ""."""
    whole = array.dtype.kind == "i" or not array.size  # an array made of () has NumPy's default dtype
    if not SHAPE.match(name) or not whole or array.ndim != 1 or array.size > LENGTHS:
        return ""
    if array.size and not 0 <= array.min() <= array.max() <= LONGEST:
        return ""
    return str(tuple(array.tolist()))


def differs(got: np.ndarray, want: np.ndarray, rtol: float, atol: float) -> str:
    """Why one array does not pass, or "": dtype, then shape, then finite, then the error.

    An entry passes when |got − want| ≤ atol + rtol |want|, in float64; integers and booleans must
    be equal.
    """
    if type(got) is not np.ndarray or got.dtype.name not in DTYPES:
        return "is not an array of real numbers"
    if got.dtype != want.dtype:
        return f"has dtype {got.dtype.name}, not {want.dtype.name}"
    if got.shape != want.shape:
        return f"has shape {got.shape}, not {want.shape}"
    with np.errstate(all="ignore"):
        a, b = got.astype(np.float64), want.astype(np.float64)
        finite = np.isfinite(a)
        if not finite.all():
            return f"is not a finite number{at('entry', int(np.argmin(finite)), a.shape)}"
        err = np.abs(a - b)
        # float64 rounds large integers: these are compared as they are
        near = (err <= atol + rtol * np.abs(b)) & np.isfinite(b)  # an infinite b would leave room for all
        good = near if got.dtype.kind == "f" else np.asarray(got == want)
        if bool(good.all()):
            return ""
        worst = int(np.argmax(np.where(good, -1.0, err)))
        if got.dtype.kind == "b":
            return f"is wrong{at('entry', worst, a.shape)}"
        return f"is off by about {decade(float(err.flat[worst]))}{at('worst entry', worst, a.shape)}"


def at(what: str, flat: int, shape: tuple[int, ...]) -> str:
    index = ", ".join(str(int(i)) for i in np.unravel_index(flat, shape)) if shape else ""
    return f" ({what} [{index}])" if index else ""


def decade(error: float) -> str:
    """An error's power of ten: "0.01" for 0.034. More digits would give expected values away."""
    if not np.isfinite(error):
        return "1e308"
    power = int(np.floor(np.log10(error))) if error > 0 else 0  # 0: integers beyond float64
    return f"{10.0**power:g}" if abs(power) <= 3 else f"1e{power}"
