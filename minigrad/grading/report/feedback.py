"""A student's report as HTML, for nbgrader's feedback; no worker wrote any of it during a probe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from minigrad.grading.model import Exercise, Report, Verdict
from minigrad.grading.report.formats import probe_name, status_line
from minigrad.grading.report.markup import GREY, MARKS, Mark, mark, told_once
from minigrad.grading.report.templating import render


@dataclass(frozen=True)
class _Line:
    """One check of an exercise's table."""

    verdict: Verdict
    why: str

    @property
    def word(self) -> Mark:
        return mark(self.verdict)

    @property
    def sign(self) -> str:
        return MARKS[self.word][0]

    @property
    def colour(self) -> str:
        return MARKS[self.word][1]

    @property
    def probe(self) -> str:
        return probe_name(self.verdict)

    @property
    def earned(self) -> float:
        return self.verdict.points if self.verdict.passed else 0


def report_html(report: Report) -> str:
    """A student's feedback, self-contained: an element to put into a page."""
    return render(
        "report.html",
        assignment=report.assignment,
        status=status_line(report),
        notes=report.notes,
        exercises=[Markup(exercise_html(e)) for e in report.exercises],
    )


def exercise_html(exercise: Exercise) -> str:
    """An exercise's checks as a table: what nbgrader's feedback shows beside the score."""
    told = told_once([() if v.passed else (v.reason,) for v in exercise.verdicts])
    lines = [_Line(v, "".join(why)) for v, why in zip(exercise.verdicts, told, strict=True)]
    return render("exercise.html", exercise=exercise, lines=lines, grey=GREY)


def summary(exercise: Exercise) -> dict[str, Any]:
    """What the summary of a page tells of an exercise: what cost points, as (word, sentence, why).

    `public`: whether a public check did.
    """
    failed = [v for v in exercise.verdicts if not v.passed]
    lost = [(mark(v), v.says, v.reason) for v in failed]
    if len(failed) == len(exercise.verdicts) > 1 and len({why for *_, why in lost}) == 1:
        lost = [(lost[0][0], f"all {len(failed)} checks", lost[0][2])]
    told = told_once([(why,) if why else () for *_, why in lost])
    lines = [[word, says, "".join(why)] for (word, says, _), why in zip(lost, told, strict=True)]
    public = any(v.public for v in failed)
    return {"exercise": exercise.name, "lost": lines, "hint": exercise.hint, "public": public}
