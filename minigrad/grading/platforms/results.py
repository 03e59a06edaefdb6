"""Gradescope's results.json of one report: a test a check.

The fields are those of https://gradescope-autograders.readthedocs.io/en/latest/specs/, whose text is
`docs/specs.md` of github.com/gradescope/autograder_samples; `tests/grading/platforms/results.schema.json`
tells of each what is known of it.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import accumulate, pairwise
from typing import Any

from minigrad.grading.model import Exercise, Report, Verdict
from minigrad.grading.report.formats import probe_name, status_line
from minigrad.grading.report.markup import UNTOUCHED, printable

# When a test is shown to students, in Gradescope's words. While one is not, neither is the total.
WHEN = ("after_due_date", "after_published", "hidden", "visible")


def results(report: Report, hidden: str = WHEN[0], late: Collection[str] = ()) -> dict[str, Any]:
    """The file's content; hidden checks are shown when `hidden` says, one of WHEN, and with them the public
    ones in `late`, which wait for hidden ones.

    What was not graded has no score, and one failed test that is worth nothing: its reason is seen at once.
    """
    graded = report.status == "graded"
    # Never the score: it would tell at once what hidden checks gave.
    head = f"{report.assignment}: {'graded' if graded else ungraded(report)}"
    out = {
        "output": printable("\n".join([head, *[UNTOUCHED] * report.blank, *report.notes])),
        "output_format": "text",
        "visibility": "visible",
    }
    if not graded:
        failed = {"name": f"{report.assignment} can be graded", "status": "failed", "visibility": "visible"}
        return out | {"tests": [failed]}
    tests = [
        _test(v, points, output, "visible" if v.public and v.check not in late else hidden)
        for e in report.exercises
        for (v, output), points in zip(told(e), shares(e), strict=True)
    ]
    return out | {"score": round(sum(t["score"] for t in tests), 4), "tests": tests}


def ungraded(report: Report) -> str:
    """Why there is no score, and what to do: of what a platform refuses, no person is told."""
    if report.status == "refused":
        again = "This" if report.reason.endswith("hand in again") else "Hand in again: this"
        return f"could not be graded: {report.reason}. {again} was no attempt."
    return status_line(report)


def shares(exercise: Exercise) -> list[float]:
    """The points of each check with four digits, whose sum is the exercise's: one gets what another loses."""
    ends = [round(end, 4) for end in accumulate(v.points for v in exercise.verdicts)]
    return [round(end - begin, 4) for begin, end in pairwise([0.0, *ends])]


def told(exercise: Exercise) -> list[tuple[Verdict, str]]:
    """Each check with what a platform tells of it.

    A hint stands below the first check that failed, and is seen when that is seen.
    """
    first = next((v for v in exercise.verdicts if not v.passed), None)
    hint = [f"hint: {exercise.hint}"] if exercise.hint else []
    lines = [
        (v, [*([] if v.passed else [v.reason]), *(hint if v is first else [])]) for v in exercise.verdicts
    ]
    return [(v, printable("\n".join(own))) for v, own in lines]


def _test(v: Verdict, points: float, output: str, visibility: str) -> dict[str, Any]:
    return {
        "name": printable(f"{v.exercise}: {v.says} ({probe_name(v)})"),
        "score": points if v.passed else 0.0,
        "max_score": points,
        "status": "passed" if v.passed else "failed",
        "output": output,
        "output_format": "text",
        "visibility": visibility,
    }
