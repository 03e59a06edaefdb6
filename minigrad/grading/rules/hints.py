"""How much of a hint graded work is told: the question, the idea too, or the place as well. Pure."""

from __future__ import annotations

import dataclasses
from typing import Literal, get_args

from minigrad.grading.model import Report

Degree = Literal["question", "idea", "place"]
DEGREES: tuple[Degree, ...] = get_args(Degree)


def hinted(report: Report, degree: Degree) -> Report:
    """A report whose hints have no step beyond a degree."""
    steps = 1 + DEGREES.index(degree)

    def cut(hint: str) -> str:
        return "\n".join([step for step in hint.split("\n") if step.strip()][:steps])

    told = tuple(dataclasses.replace(e, hint=cut(e.hint)) for e in report.exercises)
    return dataclasses.replace(report, exercises=told)
