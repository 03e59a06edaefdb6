"""`checks(...)` in a notebook: public checks on the student's own names, with numbers and pictures.

Needs NumPy alone: no nbgrader, no IPython, no process; it also runs in a browser. It runs the
student's code as the student, and shows what grading may not: expected values, and their own
exceptions in full.
"""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np

from minigrad.checks import Check
from minigrad.grading.assignment import expected as shipped
from minigrad.grading.judge.observe import STOPPED, Stoppable, observe
from minigrad.grading.model import Evidence, Failure, GradingError, Limits
from minigrad.grading.notebook import marked, mynet, telling
from minigrad.grading.notebook.inside import Inside
from minigrad.grading.notebook.release import PUBLIC, Release, around, lies_in, release
from minigrad.grading.notebook.shell import leave_out, stopped, validating
from minigrad.grading.notebook.study import record
from minigrad.grading.notebook.study.table import Progress
from minigrad.grading.report.exercise import Result, Row
from minigrad.grading.report.markup import told_once
from minigrad.sandbox.failures import spoken

Names = dict[str, Any]
LATER = Failure("waits", "it trains, and Validate does not: run the cell itself")


def checks(assignment: str, names: Names) -> Checks:
    """The public checks of an assignment, to call in a cell: `check("rnn-cell")`.

    `names` is the notebook's `globals()`. The files of the release are looked for beside the
    notebook, then in folders of the assignment's name around it; GradingError when they are missing.
    """
    folder = _folder(assignment, names)
    shipped_files = release(folder)
    if shipped_files.values.assignment != assignment:
        raise GradingError(
            f"{shipped.FILE} in {folder} belongs to {shipped_files.values.assignment}, not to "
            f"{assignment}: keep each notebook in the folder that it came in"
        )
    mynet.reachable(folder, assignment, names)
    if validating():  # as in grading, where labs do not run
        leave_out(names, [c.source for c in shipped_files.cells if c.kind == "lab"])
    return Checks(shipped_files, names, folder)


def _folder(assignment: str, names: Names) -> Path:
    here = Path.cwd()
    folders = around(here, assignment)
    if "__vsc_ipynb_file__" in names:  # VS Code may run a notebook in another folder than its own
        folders.insert(0, Path(str(names["__vsc_ipynb_file__"])).parent)
    for folder in folders:
        if lies_in(folder):
            return folder
    raise GradingError(
        f"the checks of {assignment} are not here: {PUBLIC} and {shipped.FILE} must lie beside the "
        f"notebook (this one runs in {here}); download the assignment's whole folder, or move the "
        "notebook back into it"
    )


class Checks:
    """The public checks of one assignment on one notebook's names."""

    def __init__(self, files: Release, names: Names, folder: Path) -> None:
        self._files = files
        self._values = files.values
        self._folder = folder
        self._names = names

    def __repr__(self) -> str:
        return f"checks of {self._values.assignment}: {', '.join(self._values.points) or 'none'}"

    def __call__(self, *exercises: str) -> Result:
        """Run the public checks of one exercise; ValueError when there is no such exercise.

        TypeError for none, several, or what is no name.
        """
        if len(exercises) != 1 or not isinstance(exercises[0], str):
            example = next(iter(self._values.points), "")
            raise TypeError(f'check takes the name of one exercise, as in check("{example}")')
        (exercise,) = exercises
        own = self._own(exercise)
        needs = {name for c in own for name in c.needs}
        asked = [c for c in self._files.checks if c in own or c.name in needs]
        error = stopped(self._names)  # before the checks: it is of the cell that ran before theirs
        seen = self._observed(asked)
        rows = [
            dataclasses.replace(self._row(c, seen, error), name=c.name.removeprefix(f"{exercise}."))
            for c in own
        ]
        once = told_once([row.details for row in rows])
        rows = [dataclasses.replace(row, details=told) for row, told in zip(rows, once, strict=True)]
        note = self._note(exercise, own)
        if error:
            note = f"The cell before this one stopped: {error}. Checked is what had run before. {note}"
        if not error and all(seen[c.name].failure not in (STOPPED, LATER) for c in own):
            self._record(exercise, rows)
        if not error and all(row.status == "pass" for row in rows):
            kept = mynet.keep(self._folder, self._values.assignment, exercise, self._names)
            note = f"{note} {kept}".strip()
        note = " ".join(filter(None, [note, mynet.relied_on(self._names), *self._unmet()]))
        result = Result(
            exercise,
            self._values.points[exercise],
            self._score(exercise, own, rows),
            tuple(rows),
            self._files.hint(exercise, seen),
            note,
        )
        if validating() and result.score < result.points:
            print(result, file=sys.stderr)  # which is what its dialog shows of a cell
        return result

    def passed(self, *exercises: str) -> bool:
        """Whether the public checks of these exercises pass, trained ones aside; names the first that
        does not. A lab asks this before it builds on a student's code:

            if check.passed("rnn-cell"):
                ...
        """
        for exercise in exercises:
            own = [c for c in self._own(exercise) if not c.trained]
            if not own:
                raise ValueError(f"every check of {exercise!r} trains: ask for the exercise that it needs")
            seen = self._observed(own)
            if any(self._row(c, seen).status != "pass" for c in own):
                print(f'This part waits for {exercise}: check("{exercise}") says what is missing.')
                return False
        return True

    def hint(self, exercise: str) -> Result:
        """What `check(exercise)` gives: a hint stands below its table, and is opened step by step."""
        return self(exercise)

    def progress(self, *exercises: str) -> Progress:
        """All assignments that lie beside this one's folder, and those that minigrad brings along.

        Exercises passed, as the notebooks stand; what comes next; when it is due, where a course.toml says.
        """
        from minigrad.grading.notebook.study.progress import progress

        if exercises:
            raise TypeError("check.progress() takes no name: it shows all assignments and their exercises")
        home = record.record_path(self._folder, self._values.assignment).parent
        opened = {self._values.assignment: record.ran(self._files, self._names)}
        return progress(home, opened)

    def works(self, rehearsal: Callable[[], object]) -> bool:
        """Whether a lab's first steps, tried in small, raise nothing; says in one line what they raise.

        For labs that put together what the checks ask for one by one:

            if check.passed("encoder", "decoder") and check.works(lambda: train(updates=2)):
                ...
        """
        try:
            rehearsal()
        except Exception as error:
            said = telling.words(spoken(error, self._names))
            print(f"This part stops at what you wrote: {said.error}, {said.place}")
            return False
        return True

    def _record(self, exercise: str, rows: Sequence[Row]) -> None:
        """Write down how many checks the version passed that ran; nothing outside of a notebook."""
        if mynet.shell_of(self._names) is None or all(row.status in ("waits", "to do") for row in rows):
            return
        seen = [record.Seen(row.name, row.status == "pass", "".join(row.details[:1])) for row in rows]
        found = record.found(self._files, record.ran(self._files, self._names), {exercise: seen})
        with contextlib.suppress(OSError):  # a folder that cannot be written to
            record.write(record.record_path(self._folder, self._values.assignment), found)

    def _own(self, exercise: str) -> list[Check]:
        """The public checks of an exercise; ValueError when there are none."""
        own = [c for c in self._files.checks if c.exercise == exercise]
        if not self._files.checks:
            raise ValueError(f"nothing in {self._values.assignment} is checked")
        if not own:
            near = difflib.get_close_matches(exercise, self._values.points, n=1)
            meant = f"; did you mean {near[0]!r}?" if near else ""
            known = ", ".join(self._values.points)
            raise ValueError(f"no exercise {exercise!r} in {self._values.assignment}: it has {known}{meant}")
        return own

    def _observed(self, asked: Sequence[Check]) -> Mapping[str, Evidence]:
        now = [c for c in asked if not (c.trained and validating())]
        with Inside(self._names, self._files.names) as runner:
            seen = observe(Stoppable(runner), now, self._files.seeds, self._files.expected).probes
        made = {n: v for n, v in self._names.items() if isinstance(v, type | FunctionType)}
        here = {n for n, v in made.items() if v.__module__ == self._names.get("__name__")}
        seen = {name: telling.nearest(e, here - self._files.names) for name, e in seen.items()}
        return {**seen, **{c.name: Evidence(failure=LATER) for c in asked if c not in now}}

    def _row(self, check: Check, seen: Mapping[str, Evidence], error: str = "") -> Row:
        """A check as its author sees it here, where cells run one by one, the last one up to an `error`."""
        row = telling.row(check, seen[check.name], self._files.expected.get(check.name, Evidence()))
        failure = seen[check.name].failure
        if row.status == "to do" and failure is not None and failure.kind == "missing":
            if error:
                told = f"{row.details[0]}: the cell before this one stopped: {error}"
                return dataclasses.replace(row, status="fail", details=(told,))
            return dataclasses.replace(row, details=(f"{row.details[0]}: write it, or run its cell first",))
        return row

    def _unmet(self) -> list[str]:
        """What the cells that ran take where grading would miss it, in sentences."""
        own = marked.ran(self._folder, mynet.history(self._names))
        told = marked.unmet(own, self._values.packages, self._values.engine)
        return [f"{text[0].upper()}{text[1:]}." for text in told]

    def _score(self, exercise: str, own: Sequence[Check], rows: Sequence[Row]) -> float:
        passed = sum(c.weight for c, row in zip(own, rows, strict=True) if row.status == "pass")
        return self._values.points[exercise] * (passed / sum(c.weight for c in own))

    def _note(self, exercise: str, own: Sequence[Check]) -> str:
        time = f"{Limits().cells_cpu:g} s of computing time"
        note = f"Grading runs your cells again, in {time} for all, and these checks on other numbers"
        more = sum(c.weight for c in own) < self._values.weights[exercise]
        note += ", with hidden ones that test the same sentences more strictly." if more else "."
        if self._values.draws and shipped.draws() != self._values.draws:
            note += (
                f" NumPy {np.__version__} draws other random numbers than the one that made these checks: "
                "right code may fail here. Update minigrad's assignments, or use another NumPy."
            )
        return note
