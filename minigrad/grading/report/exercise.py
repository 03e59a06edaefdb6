"""What `check("…")` returns in a notebook: a table to look at, text to print, a float to grade."""

from __future__ import annotations

from dataclasses import dataclass

from minigrad.grading.model import Report
from minigrad.grading.report.markup import MARKS, Mark, badge, escape, folded, prose, steps_of


def state(report: Report | None) -> str:
    """One word for a submission: full, partial, zero, blank, refused, ungraded or missing."""
    if report is None:
        return "missing"
    if report.status != "graded":
        return report.status
    if report.blank:
        return "blank"
    if report.score >= report.points - 1e-9:
        return "full"
    return "partial" if report.score > 0 else "zero"


@dataclass(frozen=True)
class Row:
    """One public check as a student sees it."""

    status: Mark
    says: str
    name: str = ""  # the probe's: tells apart checks of the same sentence
    details: tuple[str, ...] = ()
    picture: str = ""  # SVG of ours
    printed: str = ""  # what the student's code printed while the check ran


@dataclass(frozen=True)
class Result:
    """What `check("…")` returns: a table in a notebook, text in print(), and its repr is the score.

    nbgrader reads that repr as the cell's points.
    """

    exercise: str
    points: float  # of the exercise, hidden checks included
    score: float  # points × the share of public points passed
    rows: tuple[Row, ...]
    hint: str = ""
    note: str = ""

    def __repr__(self) -> str:
        return repr(float(self.score))

    def __float__(self) -> float:
        return float(self.score)

    def __str__(self) -> str:
        lines = [f"{self.exercise}: {self._summary()}"]
        for row in self.rows:
            name = f" ({row.name})" if row.name else ""
            lines.append(f"  {MARKS[row.status][0]} {row.status:5}  {row.says}{name}")
            lines += [f"           {detail}" for detail in row.details]
        steps = steps_of(self.hint)
        lines += [f"  hint: {step}" for step in steps[:1]]
        lines += ["        (it goes on in the table, where it is opened)"] * (len(steps) > 1)
        lines += [f"  {self.note}"] * bool(self.note)
        return "\n".join(lines)

    def _summary(self) -> str:
        passed = sum(row.status == "pass" for row in self.rows)
        return f"{passed} of {len(self.rows)} public checks pass"

    def _repr_html_(self) -> str:
        style = (
            "font-family:var(--jp-ui-font-family,sans-serif);font-size:14px;max-width:800px;line-height:1.45"
        )
        body = "".join(
            self._row(row, first) for row, first in zip(self.rows, self._first_failure(), strict=True)
        )
        return (
            f'<div role="status" style="{style}"><b>{escape(self.exercise)}</b>: {escape(self._summary())}'
            '<table style="width:100%;table-layout:fixed;border-collapse:collapse;margin:.4em 0">'
            f'<colgroup><col style="width:5.5em"><col></colgroup>{body}</table>'
            + (f"<div><small>{prose(self.note)}</small></div>" if self.note else "")
            + "</div>"
        )

    def _first_failure(self) -> list[bool]:
        failed = [row.status == "fail" for row in self.rows]
        return [f and i == failed.index(True) for i, f in enumerate(failed)]

    def _row(self, row: Row, hinted: bool) -> str:
        cell = "text-align:left;vertical-align:top;padding:.35em .5em .35em 0;white-space:normal"
        name = f' <small style="opacity:.75">{escape(row.name)}</small>' if row.name else ""
        told = "".join(f'<div style="margin-top:.15em">{prose(detail)}</div>' for detail in row.details)
        if row.printed:
            told += f"<details><summary>printed</summary><pre>{escape(row.printed)}</pre></details>"
        if hinted and self.hint:
            told += folded(steps_of(self.hint))
        if row.picture:
            told += f'<div style="margin-top:.5em">{row.picture}</div>'
        return (
            '<tr style="background:none;border-top:1px solid #8886">'
            f'<td style="{cell}">{badge(row.status)}</td>'
            f'<td style="{cell}">{prose(row.says)}{name}{told}</td></tr>'
        )
