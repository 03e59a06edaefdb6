"""A student's report as HTML, for nbgrader's feedback; no worker wrote any of it during a probe."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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

    A sentence stands there once, with a line of `why` for each reason and the checks that have it.
    `public`: whether a public check did.
    """
    failed = [v for v in exercise.verdicts if not v.passed]
    lost: list[list[str]]
    if len(failed) == len(exercise.verdicts) > 1 and len({v.reason for v in failed}) == 1:
        lost = [[mark(failed[0]), f"all {len(failed)} checks", failed[0].reason]]
    else:
        of = {v.says: [other for other in failed if other.says == v.says] for v in failed}
        lost = [
            [mark(own[0]), says, "\n".join(why)]
            for (says, own), why in zip(of.items(), _reasons(of.values()), strict=True)
        ]
    public = any(v.public for v in failed)
    return {"exercise": exercise.name, "lost": lost, "hint": exercise.hint, "public": public}


def _reasons(sentences: Iterable[Sequence[Verdict]]) -> Iterator[list[str]]:
    """Of each sentence's checks why they failed, a line for each reason, with the checks' names."""
    seen: dict[str, str] = {}  # by reason, the first check that has it
    for verdicts in sentences:
        names: dict[str, list[str]] = {}
        for v in verdicts:
            names.setdefault(v.reason, []).append(probe_name(v))
        told = {why: f"the same as {seen[why]}" if why in seen else why for why in names}
        yield [f"{', '.join(own)}: {told[why]}" for why, own in names.items() if why]
        seen = {why: own[0] for why, own in names.items()} | seen
