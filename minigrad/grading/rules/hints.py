"""How much of a hint graded work is told: the question, the idea too, or the place as well. Pure.

What is told where no known mistake was recognised is no question, and comes with the ideas.
"""

from __future__ import annotations

import dataclasses
from typing import Literal, get_args

from minigrad.grading.model import Exercise, Report

Degree = Literal["question", "idea", "place"]
DEGREES: tuple[Degree, ...] = get_args(Degree)


def hinted(report: Report, degree: Degree) -> Report:
    """A report whose hints have no step beyond a degree."""
    steps = 1 + DEGREES.index(degree)

    def cut(e: Exercise) -> str:
        most = steps if e.mistake or degree != "question" else 0
        return "\n".join([step for step in e.hint.split("\n") if step.strip()][:most])

    told = tuple(dataclasses.replace(e, hint=cut(e)) for e in report.exercises)
    return dataclasses.replace(report, exercises=told)
