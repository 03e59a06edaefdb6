"""Gradescope's results.json of one report: a test a check.

The fields are those of https://gradescope-autograders.readthedocs.io/en/latest/specs/, whose text is
`docs/specs.md` of github.com/gradescope/autograder_samples; `tests/grading/platforms/results.schema.json`
tells of each what is known of it.
"""

from __future__ import annotations

from typing import Any

from minigrad.grading.model import Exercise, Report, Verdict
from minigrad.grading.report.formats import probe_name, status_line
from minigrad.grading.report.markup import printable

# When a test is shown to students, in Gradescope's words. While one is not, neither is the total.
WHEN = ("after_due_date", "after_published", "hidden", "visible")


def results(report: Report, hidden: str = WHEN[0]) -> dict[str, Any]:
    """The file's content; hidden checks are shown when `hidden` says, one of WHEN.

    What was not graded has no score, and one failed test that is worth nothing: its reason is seen at once.
    """
    graded = report.status == "graded"
    # Never the score: it would tell at once what hidden checks gave.
    head = f"{report.assignment}: {'graded' if graded else status_line(report)}"
    out = {
        "output": printable("\n".join([head, *report.notes])),
        "output_format": "text",
        "visibility": "visible",
    }
    if not graded:
        failed = {"name": f"{report.assignment} can be graded", "status": "failed", "visibility": "visible"}
        return out | {"tests": [failed]}
    tests = [_test(v, output, hidden) for e in report.exercises for v, output in told(e)]
    return out | {"score": round(report.score, 4), "tests": tests}


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


def _test(v: Verdict, output: str, hidden: str) -> dict[str, Any]:
    return {
        "name": printable(f"{v.exercise}: {v.says} ({probe_name(v)})"),
        "score": round(v.points if v.passed else 0.0, 4),
        "max_score": round(v.points, 4),
        "status": "passed" if v.passed else "failed",
        "output": output,
        "output_format": "text",
        "visibility": "visible" if v.public else hidden,
    }
