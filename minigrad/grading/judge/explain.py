"""For staff: what a check expected of a submission, and what it got, in numbers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from minigrad.checks import Check
from minigrad.grading.intake.canonical import Intake
from minigrad.grading.judge.judge import Judge
from minigrad.grading.judge.verdict import MODULES, TO_LIST, decide
from minigrad.grading.model import Evidence
from minigrad.grading.report.explained import Entry, Explained, Values
from minigrad.grading.report.picture import picture

SHOWN = 5  # wrong entries of an array


def explain(judge: Judge, taken: Intake, check: Check) -> Explained:
    """One check of one submission, run again under the judge's salt."""
    observed = judge.observe(taken.cells, train=check.trained)
    expected = Evidence() if check.trained else judge.expected[check.name]
    got = observed.probes[check.name]
    verdict = decide(check, got, expected, check.name in judge.assignment.public)
    errors = [f"cell `{run.id}`: {run.error}" for run in observed.ran.cells if run.error]
    if any(MODULES in told for told in (verdict.reason, *errors)):
        errors.append(TO_LIST)
    return Explained(
        check.name,
        check.says,
        verdict.passed,
        verdict.reason,
        got.score,
        check.threshold if got.score is not None else None,
        tuple(
            _values(name, expected.arrays.get(name), got.arrays.get(name), check)
            for name in dict.fromkeys((*expected.arrays, *got.arrays))
        ),
        tuple(errors),
    )


def _values(name: str, want: np.ndarray | None, got: np.ndarray | None, check: Check) -> Values:
    """One array: shapes, how many entries are wrong, and the worst of them."""
    kinds = (_kind(want), _kind(got))
    if want is None or got is None or want.shape != got.shape:
        return Values(name, *kinds)
    with np.errstate(all="ignore"):
        error = np.abs(got.astype(np.float64) - want.astype(np.float64))
        wrong = int((~(error <= check.atol + check.rtol * np.abs(want.astype(np.float64)))).sum())
    worst = tuple(_worst(want, got, error, min(SHOWN, wrong)))
    return Values(
        *(name, *kinds, want.size, wrong, check.rtol, check.atol, worst),
        picture=picture(want, got) if wrong else "",
    )


def _worst(want: np.ndarray, got: np.ndarray, error: np.ndarray, count: int) -> Iterator[Entry]:
    ranked = np.argsort(-np.where(np.isnan(error), np.inf, error), axis=None)
    for flat in ranked[:count]:
        at = np.unravel_index(flat, want.shape)
        yield Entry(tuple(map(int, at)), want[at].item(), got[at].item())


def _kind(array: np.ndarray | None) -> str:
    return "nothing" if array is None else f"{array.dtype} {array.shape}"
