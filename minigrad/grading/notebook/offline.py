"""`minigrad check`: the public checks on a notebook file, in a sandbox, with what the release ships.

It tells what `check(...)` tells in the notebook: one's own exceptions, expected against got, hints.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from minigrad.checks import Check
from minigrad.grading.intake.canonical import Intake, intake, read, without_ipython
from minigrad.grading.judge.observe import STOPPED, Stoppable, observe
from minigrad.grading.judge.verdict import blamed, decide, written
from minigrad.grading.model import Cell, Evidence, Exercise, GradingError, Limits, Refused, Report, Verdict
from minigrad.grading.notebook import mynet, telling
from minigrad.grading.notebook.marked import cells, copied, unmet
from minigrad.grading.notebook.own import Own
from minigrad.grading.notebook.release import PUBLIC, Release, lies_in, release
from minigrad.grading.notebook.study import record
from minigrad.grading.notebook.study.words import still_to_write, unwritten
from minigrad.grading.report.markup import mark
from minigrad.sandbox.server import Lent, Server

LIMITS = Limits(total_cpu=300.0)
DEFINED = re.compile(r"^(?:def|class)\s+(\w+)", re.MULTILINE)
PRINTED = 5  # lines shown of what a failed check's code printed
OLDER = (
    "the files beside this notebook are of an older release, and do not say how it came: cells were taken "
    "by their marks, and grading may read it otherwise where some were copied, moved or renamed"
)


def report(
    notebook: Path, folder: Path, isolation: str = "auto", serve: Callable[..., Server] | None = None
) -> Report:
    """The public checks of the release in `folder` on a notebook: each exercise's public share.

    The notebook is read as grading reads it, and refused where grading refuses it. Raises
    SandboxUnavailable where there is no sandbox.
    """
    files = release(folder)
    try:
        data = read(notebook)
        taken = taken_in(data, files)
    except Refused as why:
        return Report(files.name, "refused", reason=str(why))
    own = taken.cells
    start: Callable[..., Server] = serve or Lent
    with (
        start(isolation, engine=files.values.engine, packages=files.values.packages) as server,
        Own(server, {PUBLIC: files.source}, own, LIMITS, files.names, files.values.packages) as session,
    ):
        seen = observe(Stoppable(session), files.checks, files.seeds, files.expected)
    errors = {run.id: run.error for run in seen.ran.cells if run.error}
    stubs = {c.id: c.source for c in files.cells if c.kind == "solution"}
    sources = written(own, stubs)
    mine = {name for c in own if c.runs for name in DEFINED.findall(c.source)} - files.names
    found = {name: telling.nearest(blamed(e, errors, sources), mine) for name, e in seen.probes.items()}
    exercises = tuple(_exercise(name, files, found) for name in files.values.points)
    labs = [c for c in cells(data) if c.kind == "lab"]  # as they stand: an edited one may bind more names
    missed = unmet([*labs, *own], files.values.packages, files.values.engine)
    notes = (*taken.notes, *missed, *seen.ran.notes)
    return Report(files.name, "graded", exercises, notes=notes, cells=seen.ran.cells, blank=taken.blank)


def taken_in(data: bytes, files: Release) -> Intake:
    """A notebook's cells as grading takes them; by their marks where the release does not say how it came."""
    if files.cells:
        return intake(data, files)
    own = cells(data)
    return Intake(own, (OLDER, *copied(own), *without_ipython(own)))


def to_write(notebook: Path, folder: Path) -> str:
    """The answers in words that a notebook still lacks, in a sentence; "" where there is none."""
    with contextlib.suppress(OSError, GradingError, Refused):  # of what cannot be read, the report says why
        files = release(folder)
        return still_to_write(unwritten(taken_in(read(notebook), files).cells, files.cells))
    return ""


def remember(notebook: Path, made: Report) -> None:
    """Write down what a report found, where the notebook lies in a release's folder; see `record.py`."""
    folder = notebook.absolute().parent
    if made.status != "graded" or not lies_in(folder):
        return
    public = {e.name: [v for v in e.verdicts if v.public] for e in made.exercises}
    seen = {
        name: [record.Seen(v.check.removeprefix(f"{name}."), v.passed, first_of(v)) for v in own]
        for name, own in public.items()
        if any(mark(v) in ("pass", "fail") for v in own) and not _waits(own)
    }
    with contextlib.suppress(OSError, GradingError, Refused):  # of a folder that cannot be written to, ...
        files = release(folder)
        sources = {c.id: c.source for c in taken_in(read(notebook), files).cells}
        record.write(record.record_path(folder, files.name), record.found(files, sources, seen))


def was_stopped(made: Report) -> bool:
    """Whether Ctrl-C ended the checking, and the report is a part of it."""
    return any(_waits(e.verdicts) for e in made.exercises)


def _waits(verdicts: Sequence[Verdict]) -> bool:
    return any(v.reason == STOPPED.reason for v in verdicts)


def keep(
    notebook: Path, made: Report, isolation: str = "auto", serve: Callable[..., Server] | None = None
) -> str:
    """Write into `mynet.py` what passed its public checks, as `check(...)` does in the notebook.

    It gives what is said of that, "" where nothing is new. A block is run by itself first, in the sandbox:
    a library that stops would stop every notebook that imports from it.
    """
    folder = notebook.absolute().parent
    if made.status != "graded" or not lies_in(folder):
        return ""
    try:
        files = release(folder)
        path = mynet.library_path(folder, files.name)
        cells = [c.source for c in taken_in(read(notebook), files).cells if c.runs]
        wanted = {e.name: mynet.asked_for(folder, e.name) for e in made.exercises if _whole(e)}
        blocks = {e: mynet.block(files.name, e, names, cells, {}) for e, names in wanted.items()}
        new = {e: text for e, text in blocks.items() if text and not mynet.has(path, files.name, e, text)}
        stops = _alone(new, files, isolation, serve) if new else {}
        for exercise in new.keys() - stops.keys():
            mynet.put(path, files.name, exercise, new[exercise])
    except (OSError, ValueError, GradingError, Refused) as error:
        return f"{mynet.FILE} could not be written: {error}."
    told = [mynet.kept(name for e in new if e not in stops for name in wanted[e])] * (len(new) > len(stops))
    told += [f"Not kept in {mynet.FILE}: {e}, which does not stand alone: {why}." for e, why in stops.items()]
    return " ".join(told)


def _whole(exercise: Exercise) -> bool:
    """Whether all public checks of an exercise passed."""
    own = [v for v in exercise.verdicts if v.public]
    return bool(own) and all(v.passed for v in own)


def _alone(
    blocks: Mapping[str, str], files: Release, isolation: str, serve: Callable[..., Server] | None
) -> dict[str, str]:
    """Why blocks of the library do not stand alone, of those that do not."""
    cells = [Cell(exercise, "own", text) for exercise, text in blocks.items()]
    start: Callable[..., Server] = serve or Lent
    with (
        start(isolation, engine=files.values.engine, packages=files.values.packages) as server,
        Own(server, {}, cells, LIMITS, files.names, files.values.packages) as session,
    ):
        session.ready()
        # without the line, which is the block's and not the notebook's
        stops = {run.id: run.error.partition(", in `_")[0] for run in session.ran().cells if run.error}
    lacking = {e: ", ".join(f"`{name}`" for name in mynet.lacks(text)) for e, text in blocks.items()}
    return {e: f"no cell defines {names}" for e, names in lacking.items() if names} | stops


def first_of(v: Verdict) -> str:
    """What is told first of a check that did not pass."""
    return "" if v.passed else v.reason.partition("\n")[0]


def _exercise(name: str, files: Release, found: Mapping[str, Evidence]) -> Exercise:
    points = files.values.points[name]
    verdicts = tuple(_verdict(c, files, found) for c in files.checks if c.exercise == name)
    passed = sum(v.points for v in verdicts if v.passed)
    share = passed / sum(v.points for v in verdicts) if verdicts else 0.0
    hint = "" if share == 1 else files.hint(name, found)
    return Exercise(name, points, points * share, verdicts, hint=hint)


def _verdict(check: Check, files: Release, found: Mapping[str, Evidence]) -> Verdict:
    """A check decided; its reason tells what the notebook's table would, line by line."""
    observed, expected = found[check.name], files.expected.get(check.name, Evidence())
    decided = decide(check, observed, expected, public=True)
    row = telling.row(check, observed, expected)
    printed = [f"printed: {line}" for line in row.printed.splitlines()]
    if len(printed) > PRINTED:
        printed[PRINTED:] = ["printed: …"]
    told = [*row.details, *printed]
    return dataclasses.replace(decided, reason="\n".join(told) or decided.reason)
