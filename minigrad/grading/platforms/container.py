"""What runs in a platform's container: the one notebook that was handed in becomes results/results.json."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from minigrad.errors import MinigradError
from minigrad.grading.classroom.court import Court
from minigrad.grading.intake.canonical import read
from minigrad.grading.model import GradingError, Refused, Report
from minigrad.grading.report.formats import status_line
from minigrad.grading.rules.hints import Degree, hinted

TOLD = 5  # names of files that are told where there is no notebook


def judged(court: Court, folder: Path, hints: Degree) -> Report:
    """The report of the notebook in a folder, with hints as far as the course tells them.

    GradingError where the judge failed, which is no student's fault.
    """
    try:
        data = read(the_notebook(folder, court.name))
    except Refused as error:
        return Report(court.name, "refused", reason=str(error))
    with court.judge() as judge:
        report = judge.grade(data)
    if report.status == "ungraded":
        raise GradingError(status_line(report))
    return hinted(report, hints)


def the_notebook(folder: Path, name: str) -> Path:
    """The notebook handed in: NAME.ipynb, or the only one there is; Refused for none or several.

    It may lie in a folder: archives and repositories are handed in, too, and unpacked by the platform.
    """
    paths = sorted(p.relative_to(folder) for p in folder.rglob("*.ipynb"))
    found = [folder / p for p in paths if not any(part.startswith(".") for part in p.parts)]
    chosen = [p for p in found if p.name == f"{name}.ipynb"] or found
    if len(chosen) != 1:
        there = found or [p for p in folder.rglob("*") if p.is_file()]
        names = sorted(str(p.relative_to(folder)) for p in there)
        told = ", ".join(names[:TOLD]) + " …" * (len(names) > TOLD)
        many = f"there are {len(found)}: " if found else "there is none, only " if told else "there is none"
        raise Refused(f"one notebook, {name}.ipynb, is to be handed in, and {many}{told}")
    return chosen[0]


def answered(root: Path, grade: Callable[[Path], dict[str, Any]], what: str) -> int:
    """Write what `grade` makes of ROOT. 1 where it failed: then there are no results, and `what` says why."""
    try:
        content = json.dumps(grade(root), indent=1) + "\n"
    except MinigradError as error:
        print(f"minigrad: this {what} does not grade: {error}", file=sys.stderr)
        return 1
    (root / "results").mkdir(exist_ok=True)
    (root / "results" / "results.json").write_text(content, encoding="utf-8")
    return 0
