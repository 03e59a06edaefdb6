"""For staff: what a check expected of a submission, and what it got, in numbers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from minigrad.checks import Check
from minigrad.grading.intake.canonical import Intake
from minigrad.grading.judge.judge import Judge
from minigrad.grading.judge.verdict import MODULES, TO_LIST, decide
from minigrad.grading.model import Evidence

SHOWN = 5  # wrong entries of an array


def explanation(judge: Judge, taken: Intake, check: Check) -> str:
    """A page on one check of one submission, run again under the judge's salt."""
    observed = judge.observe(taken.cells, train=check.trained)
    expected = Evidence() if check.trained else judge.expected[check.name]
    got = observed.probes[check.name]
    verdict = decide(check, got, expected, check.name in judge.assignment.public)
    lines = [f"says: {check.says}", f"verdict: {'passed' if verdict.passed else 'failed'}"]
    if verdict.reason:
        lines.append(f"reason: {verdict.reason}")
    if got.score is not None:
        lines.append(f"score of the best try: {got.score:.4f}; it passes at {check.threshold}")
    for name in dict.fromkeys((*expected.arrays, *got.arrays)):
        lines += ["", *_array(name, expected.arrays.get(name), got.arrays.get(name), check)]
    errors = [f"cell `{run.id}`: {run.error}" for run in observed.ran.cells if run.error]
    if any(MODULES in told for told in (verdict.reason, *errors)):
        errors.append(TO_LIST)
    return "\n".join(lines + (["", *errors] if errors else []))


def _array(name: str, want: np.ndarray | None, got: np.ndarray | None, check: Check) -> Iterator[str]:
    """One array: shapes, how many entries are wrong, and the worst of them."""
    yield f"{name}: expected {_kind(want)}, got {_kind(got)}"
    if want is None or got is None or want.shape != got.shape:
        return
    with np.errstate(all="ignore"):
        error = np.abs(got.astype(np.float64) - want.astype(np.float64))
        wrong = ~(error <= check.atol + check.rtol * np.abs(want.astype(np.float64)))
    yield f"  {int(wrong.sum())} of {want.size} entries are wrong (rtol {check.rtol:g}, atol {check.atol:g})"
    ranked = np.argsort(-np.where(np.isnan(error), np.inf, error), axis=None)
    for flat in ranked[: min(SHOWN, int(wrong.sum()))]:
        at = np.unravel_index(flat, want.shape)
        place = f"[{', '.join(map(str, at))}]" if at else ""
        yield f"  {place:12} expected {want[at].item():.10g}, got {got[at].item():.10g}"


def _kind(array: np.ndarray | None) -> str:
    return "nothing" if array is None else f"{array.dtype} {array.shape}"
