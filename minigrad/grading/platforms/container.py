"""What runs in a platform's container: the one notebook that was handed in becomes results/results.json."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from minigrad.errors import MinigradError
from minigrad.grading.classroom.court import Court
from minigrad.grading.intake.canonical import read
from minigrad.grading.model import GradingError, Limits, Refused, Report, is_notebook
from minigrad.grading.report.formats import status_line
from minigrad.grading.rules.hints import Degree, hinted
from minigrad.sandbox.linux.memory import memory_mb

TOLD = 5  # names of files that are told where there is no notebook
RESERVE = 256  # MiB for the judge, the server of workers and the solution's worker
CLOCK = (
    300.0  # seconds for a submission: after 600, platforms end the run, and call that the grader's failure
)
LEAST = 256  # MiB for a submission: NumPy, matplotlib and room for arrays


def judged(court: Court, folder: Path, hints: Degree) -> Report:
    """The report of the notebook in a folder, with hints as far as the course tells them.

    GradingError where the judge failed, which is no student's fault.
    """
    try:
        data = read(the_notebook(folder, court.name))
    except Refused as error:
        return Report(court.name, "refused", reason=str(error))
    with fitting(court).judge() as judge:
        report = judge.grade(data)
    if report.status == "ungraded":
        raise GradingError(status_line(report))
    return hinted(report, hints)


def fitting(court: Court, there: int | None = None) -> Court:
    """A court whose submissions have CLOCK, and of a container's MiB what is beyond RESERVE.

    So it is a submission that ends, and not the container, where one uses up all that it may. GradingError
    where that is less than LEAST.
    """
    limits = Limits(wall=CLOCK)
    there = memory_mb() if there is None else there
    if there is not None:
        if there - RESERVE < LEAST:
            raise GradingError(f"the container has {there} MB of memory: give it {LEAST + RESERVE} or more")
        limits = dataclasses.replace(limits, memory_mb=min(limits.memory_mb, there - RESERVE))
    return dataclasses.replace(court, limits=limits)


def the_notebook(folder: Path, name: str) -> Path:
    """The notebook handed in: NAME.ipynb, or the only one there is; Refused for none or several.

    It may lie in a folder: archives and repositories are handed in, too, and unpacked by the platform.
    Its name may be in capitals, unless there are two that differ in nothing else.
    """
    paths = sorted(p.relative_to(folder) for p in folder.rglob("*.*") if is_notebook(p.name))
    seen = [folder / p for p in paths if not any(part.startswith(".") for part in p.parts)]
    found = [p for p in seen if p.is_symlink() or not p.is_dir()]
    called = f"{name}.ipynb"
    chosen = (
        [p for p in found if p.name == called]
        or [p for p in found if p.name.casefold() == called.casefold()]
        or found
    )
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
