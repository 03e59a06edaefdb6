"""Pure: what the author of some work is told of it: errors in full, and expected against got.

All of it is for one's own work and public checks, whose expected values the release ships anyway.
A judge tells less: see `judge.verdict`.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Collection
from typing import Any

import numpy as np

from minigrad.checks import Arrays, Check
from minigrad.grading.judge import verdict
from minigrad.grading.judge.compare import all_zeros, right_form, shape_in_words, unlike
from minigrad.grading.model import Evidence, Words, clean
from minigrad.grading.notebook.remedies import remedied
from minigrad.grading.report.exercise import Row
from minigrad.grading.report.picture import picture, worst_entry

MESSAGE = 400  # characters kept of an exception's message
SOURCE = 160  # of the line that raised it
PRINTED = 16 << 10  # of what was printed meanwhile


def words(told: object, cells: Collection[str] = ()) -> Words:
    """What `failures.spoken` told, from a worker or from this process: bounded, cleaned, in sentences.

    `cells` are the ids that may be named; a notebook that runs by itself knows none.
    """
    if not isinstance(told, dict):
        return Words()
    error, printed = _text(told, "error", MESSAGE), _text(told, "printed", PRINTED)
    if "does not support ufuncs" in error:  # NumPy's words, of a Tensor of one's own; minigrad's tell more
        error = f"TypeError: {verdict.UFUNC}"
    return Words(remedied(error), _place(told, cells) if error else "", printed)


def _text(told: dict[str, Any], name: str, cap: int) -> str:
    value = told.get(name)
    return clean(value, cap) if isinstance(value, str) else ""


def _place(told: dict[str, Any], cells: Collection[str]) -> str:
    """ "in `inner`, line 7 of your cell `rnn-cell`: `return np.add(x, 'a')`"."""
    line, cell = told.get("line"), told.get("cell")
    if type(line) is not int:
        return verdict.IN_CHECK
    where = verdict.cell_in_words(cell) if isinstance(cell, str) and cell in cells else "its cell"
    function, source = _text(told, "function", SOURCE), _text(told, "source", SOURCE)
    inside = f"`{function}`, " if function not in ("", "<module>") else ""
    return f"in {inside}line {line} of {where}{f': `{source}`' if source else ''}"


def nearest(e: Evidence, own: Collection[str]) -> Evidence:
    """Evidence that a name is missing, with the nearest of one's `own` names, which may be a slip."""
    if e.failure is None or e.failure.kind != "missing":
        return e
    wanted = re.fullmatch(r"`(\w+)` is not defined", e.failure.reason)
    near = difflib.get_close_matches(wanted[1], own, n=1, cutoff=0.75) if wanted else []
    if not near:
        return e
    reason = f"{e.failure.reason} (`{near[0]}` is: does it have the right name?)"
    return dataclasses.replace(e, failure=dataclasses.replace(e.failure, reason=reason))


def row(check: Check, observed: Evidence, expected: Evidence) -> Row:
    """One check of one's own work, decided and told."""
    decided = verdict.decide(check, observed, expected, public=True)
    failure, said = observed.failure, observed.words
    if decided.passed:
        return Row("pass", check.says)
    if failure is not None and failure.kind == "todo":
        return Row("to do", check.says, details=(said.error or failure.reason,))
    if failure is not None and failure.kind == "missing":
        return Row("to do", check.says, details=(failure.reason,))
    if failure is not None and failure.kind == "waits":
        return Row("waits", check.says, details=(failure.reason,))
    if said.error and failure is not None:
        place = said.place
        if place == verdict.IN_CHECK:  # the failure says from which name's value
            place = failure.reason.partition(" ")[2].partition(": there is no")[0]
        return Row("fail", check.says, details=(said.error, place), printed=said.printed)
    if failure is not None or check.trained:
        return Row("fail", check.says, details=(decided.reason,), printed=said.printed)
    details, drawing = _compared(check, observed.arrays, expected.arrays)
    details = [observed.form, *details] if observed.form else details
    return Row("fail", check.says, "", tuple(details), drawing, said.printed)


def _compared(check: Check, observed: Arrays, expected: Arrays) -> tuple[list[str], str]:
    """A line for each wrong array, one for the right ones, and a picture of the first wrong one."""
    details, right, drawing = [], [], ""
    for name, want in expected.items():
        got = observed.get(name)
        reason = "is missing" if got is None else unlike(name, got, want, check)
        if not reason:
            right.append(f"`{name}`")
        elif got is None or _tells_itself(name, got, want):
            details.append(f"`{name}` {reason}")
        else:
            details.append(_worst(name, got, want, check))
            drawing = drawing or picture(want, got)
    details += [f"`{name}` was not asked for" for name in observed if name not in expected]
    return details + ([f"right: {', '.join(right)}"] if right else []), drawing


def _tells_itself(name: str, got: np.ndarray, want: np.ndarray) -> bool:
    """Whether why an array is wrong is told without its numbers."""
    form = got.shape != want.shape or got.dtype != want.dtype
    return form or bool(shape_in_words(name, want)) or all_zeros(name, got, want)


def _worst(name: str, got: np.ndarray, want: np.ndarray, check: Check) -> str:
    """ "`h` [3, 1]: expected 0.25, got 0.5 (2 of 12 entries are wrong)"."""
    index = worst_entry(want, got)
    with np.errstate(all="ignore"):
        a, b = got.astype(np.float64), want.astype(np.float64)
        wrong = int(np.sum(~(np.abs(a - b) <= check.atol + check.rtol * np.abs(b))))
    told = _numbers(want[index], got[index])
    form = right_form(name, got, want, check)
    notes = [f"{wrong} of {got.size} entries {'is' if wrong == 1 else 'are'} wrong"] * (got.size > 1)
    notes += [f"{form} {'are' if ' and ' in form else 'is'} right"] * bool(form)
    at = f" [{', '.join(map(str, index))}]" if got.size > 1 else ""
    return f"`{name}`{at}: {told}" + (f" ({'; '.join(notes)})" if notes else "")


def _numbers(want: np.generic, got: np.generic) -> str:
    """Two numbers with as many digits as tell them apart."""
    for digits in (6, 10, 17):
        a, b = (
            f"{value.item():.{digits}g}" if value.dtype.kind == "f" else str(value) for value in (want, got)
        )
        if a != b:
            break
    return f"expected {a}, got {b}"
