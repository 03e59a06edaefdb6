"""`checks(...)` in a notebook: public checks on the student's own names, with numbers and pictures.

Needs NumPy alone: no nbgrader, no IPython, no process; it also runs in a browser. It runs the
student's code as the student, and shows what grading may not: expected values, and their own
exceptions in full.
"""

from __future__ import annotations

import dataclasses
import linecache
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.checks import Arrays, Check, Missing, Student, Todo, collect
from minigrad.grading.assignment import expected as shipped
from minigrad.grading.assignment.expected import Shipped
from minigrad.grading.judge import diagnose, verdict
from minigrad.grading.model import Evidence, GradingError
from minigrad.grading.notebook import mynet
from minigrad.grading.notebook.deadline import Overtime, deadline
from minigrad.grading.report.exercise import Result, Row
from minigrad.grading.report.picture import picture, worst_entry
from minigrad.sandbox.worker import run_probe

PUBLIC = "public_checks.py"
MESSAGE = 400  # characters kept of an exception's message
PATIENCE = 2  # a probe may take this many times the computing time that it has in grading
Names = dict[str, Any]


def checks(assignment: str, names: Names) -> Checks:
    """The public checks of an assignment, to call in a cell: `check("rnn-cell")`.

    `names` is the notebook's `globals()`. The files of the release are looked for beside the
    notebook, then in folders of the assignment's name around it; GradingError when they are missing.
    """
    folder = _folder(assignment, names)
    values = shipped.loads((folder / shipped.FILE).read_bytes())
    if values.assignment != assignment:
        raise GradingError(
            f"{shipped.FILE} in {folder} belongs to {values.assignment}, not to {assignment}: "
            "keep each notebook in the folder that it came in"
        )
    text = (folder / PUBLIC).read_text(encoding="utf-8")
    namespace: Names = {"__name__": "checks"}
    exec(compile(text, PUBLIC, "exec"), namespace)  # the course's own file
    public = collect(namespace)
    if {c.name for c in public if not c.trained} != set(values.expected):
        raise GradingError(
            f"{PUBLIC} and {shipped.FILE} in {folder} do not belong together: download the folder again"
        )
    mynet.reachable(folder, assignment, names)
    return Checks(values, public, names, folder)


def _folder(assignment: str, names: Names) -> Path:
    here = Path.cwd()
    around = [
        here,
        *(p / part for p in (here, *here.parents) for part in (assignment, f"assignments/{assignment}")),
    ]
    if "__vsc_ipynb_file__" in names:  # VS Code may run a notebook in another folder than its own
        around.insert(0, Path(str(names["__vsc_ipynb_file__"])).parent)
    for folder in around:
        if (folder / PUBLIC).is_file() and (folder / shipped.FILE).is_file():
            return folder
    raise GradingError(
        f"the checks of {assignment} are not here: {PUBLIC} and {shipped.FILE} must lie beside the "
        f"notebook (this one runs in {here}); download the assignment's whole folder, or move the "
        "notebook back into it"
    )


@dataclasses.dataclass(frozen=True)
class _Seen:
    """What a check gave in the notebook."""

    evidence: Evidence
    error: BaseException | None = None
    printed: str = ""


class Checks:
    """The public checks of one assignment on one notebook's names."""

    def __init__(self, values: Shipped, public: tuple[Check, ...], names: Names, folder: Path) -> None:
        self._values = values
        self._folder = folder
        self._public = {c.name: c for c in public}
        self._names = names

    def __repr__(self) -> str:
        return f"checks of {self._values.assignment}: {', '.join(self._values.points) or 'none'}"

    def __call__(self, exercise: str) -> Result:
        """Run the public checks of one exercise; ValueError when there is no such exercise."""
        own = [c for c in self._public.values() if c.exercise == exercise]
        if not self._public:
            raise ValueError(f"nothing in {self._values.assignment} is checked")
        if not own:
            known = ", ".join(self._values.points)
            raise ValueError(f"no exercise {exercise!r} in {self._values.assignment}: it has {known}")
        seen = {c.name: self._see(c) for c in own if not c.trained}
        rows = [
            dataclasses.replace(
                self._trained(c, seen) if c.trained else self._row(c, seen[c.name]),
                name=c.name.removeprefix(f"{exercise}."),
            )
            for c in own
        ]
        note = self._note(exercise, own)
        if all(row.status == "pass" for row in rows):
            kept = mynet.keep(self._folder, self._values.assignment, exercise, self._names)
            note = f"{note} {kept}".strip()
        return Result(
            exercise,
            self._values.points[exercise],
            self._score(exercise, own, rows),
            tuple(rows),
            self._hint(exercise, seen),
            note,
        )

    def passed(self, *exercises: str) -> bool:
        """Whether the public checks of these exercises pass, trained ones aside; names the first that
        does not. A lab asks this before it builds on a student's code:

            if check.passed("rnn-cell"):
                ...
        """
        for exercise in exercises:
            own = [c for c in self._public.values() if c.exercise == exercise and not c.trained]
            if not own:
                known = ", ".join(self._values.points)
                raise ValueError(f"no exercise {exercise!r} in {self._values.assignment}: it has {known}")
            if any(self._row(c, self._see(c)).status != "pass" for c in own):
                print(f'This part waits for {exercise}: check("{exercise}") says what is missing.')
                return False
        return True

    def works(self, rehearsal: Callable[[], object]) -> bool:
        """Whether a lab's first steps, tried in small, raise nothing; says in one line what they raise.

        For labs that put together what the checks ask for one by one:

            if check.passed("encoder", "decoder") and check.works(lambda: train(updates=2)):
                ...
        """
        try:
            rehearsal()
        except Exception as error:
            print("This part stops at what you wrote:", ", ".join(_told(error, self._names)))
            return False
        return True

    def _score(self, exercise: str, own: list[Check], rows: list[Row]) -> float:
        passed = sum(c.weight for c, row in zip(own, rows, strict=True) if row.status == "pass")
        return self._values.points[exercise] * (passed / sum(c.weight for c in own))

    def _note(self, exercise: str, own: list[Check]) -> str:
        note = "Grading runs these checks again, on other numbers"
        more = sum(c.weight for c in own) < self._values.weights[exercise]
        note += ", with hidden ones that test the same sentences more strictly." if more else "."
        if self._values.draws and shipped.draws() != self._values.draws:
            note += (
                f" NumPy {np.__version__} draws other random numbers than the one that made these checks: "
                "right code may fail here. Update minigrad's assignments, or use another NumPy."
            )
        return note

    # --- running

    def _see(self, check: Check, attempt: int = 0) -> _Seen:
        """Run a probe, and keep the exception and the printed text that grading would not show."""
        errors: list[BaseException] = []
        printed: list[str] = []

        def probe(student: Student, rng: np.random.Generator) -> Mapping[str, Any]:
            try:
                return check.probe(student, rng)
            except (Missing, Todo):
                raise
            except (Exception, SystemExit) as error:
                errors.append(error)
                raise
            finally:
                text: Callable[[], str] | None = getattr(sys.stdout, "text", None)  # run_probe's stream
                printed.append(text() if text else "")

        seed, limit = self._seed(check, attempt), PATIENCE * check.cpu
        try:
            with deadline(limit):
                reply = run_probe(dataclasses.replace(check, probe=probe), self._names, seed)
        except Overtime:
            return _Seen(Evidence(failure=verdict.ended("cpu", limit, 0)), printed="".join(printed))
        return _Seen(verdict.evidence(reply, ()), errors[0] if errors else None, "".join(printed))

    def _seed(self, check: Check, attempt: int, use: str = "") -> str:
        label = f"{check.name}{f':{attempt}' if attempt else ''}{use}"
        return shipped.public_seed(self._values.assignment, label)

    def _trained(self, check: Check, seen: dict[str, _Seen]) -> Row:
        """Train once the checks it needs pass, here and with the student's own names throughout."""
        needs = [self._public[name] for name in check.needs if name in self._public]
        for need in needs:
            if need.name not in seen:
                seen[need.name] = self._see(need)
        waits = [need for need in needs if self._row(need, seen[need.name]).status != "pass"]
        if waits:
            first = dict.fromkeys(f'check("{need.exercise}")' for need in waits)
            return Row("waits", check.says, details=(f"trains once {' and '.join(first)} passes",))
        row = Row("fail", check.says)
        with _Progress() as progress:
            for attempt in range(check.tries):
                progress.say(f"training ({attempt + 1} of at most {check.tries} tries): {check.says}")
                row = self._row(check, self._replayed(check, attempt))
                if row.status != "fail":
                    break
        return row

    def _replayed(self, check: Check, attempt: int) -> _Seen:
        """A trained check's parameters and their score on fresh data."""
        seen = self._see(check, attempt)
        if seen.evidence.failure is not None or check.replay is None:
            return seen
        rng = shipped.generator(self._seed(check, attempt))
        held_out = shipped.generator(self._seed(check, attempt, ":held out"))
        saved = dict(self._names)
        try:
            with np.errstate(all="ignore"):
                score = float(check.replay(Student(self._names), seen.evidence.arrays, rng, held_out))
        except Exception as error:
            return dataclasses.replace(seen, error=error)
        finally:
            self._names.clear()
            self._names.update(saved)
        return dataclasses.replace(seen, evidence=dataclasses.replace(seen.evidence, score=score))

    # --- telling

    def _hint(self, exercise: str, seen: Mapping[str, _Seen]) -> str:
        """The hint of the known mistake that gives just these numbers; "" for none."""
        observed = {
            name: diagnose.project(s.evidence) for name, s in seen.items() if name.startswith(f"{exercise}.")
        }
        expected = {name: diagnose.project(Evidence(self._values.expected[name])) for name in observed}
        known = self._values.known.get(exercise, ())
        found = diagnose.recognise_projected(
            observed, expected, {str(i): one.projections for i, one in enumerate(known)}
        )
        return known[int(found)].hint if found is not None else ""

    def _row(self, check: Check, seen: _Seen) -> Row:
        expected = Evidence(self._values.expected.get(check.name, {}))
        decided = verdict.decide(check, seen.evidence, expected, public=True)
        failure = seen.evidence.failure
        if decided.passed:
            return Row("pass", check.says)
        if failure is not None and failure.kind == "todo":
            return Row("to do", check.says)
        if failure is not None and failure.kind == "missing":
            return Row("to do", check.says, details=(f"{failure.reason}: write it, or run its cell first",))
        if seen.error is not None:
            return Row(
                "fail", check.says, details=tuple(_told(seen.error, self._names)), printed=seen.printed
            )
        if failure is not None or check.trained:
            return Row("fail", check.says, details=(decided.reason,), printed=seen.printed)
        details, drawing = _compared(check, seen.evidence.arrays, expected.arrays)
        return Row("fail", check.says, "", tuple(details), drawing, seen.printed)


def _compared(check: Check, observed: Arrays, expected: Arrays) -> tuple[list[str], str]:
    """A line for each wrong array, one for the right ones, and a picture of the first wrong one."""
    details, right, drawing = [], [], ""
    for name, want in expected.items():
        got = observed.get(name)
        reason = "is missing" if got is None else verdict.differs(got, want, check.rtol, check.atol)
        if not reason:
            right.append(f"`{name}`")
        elif got is None or got.shape != want.shape or got.dtype != want.dtype:
            details.append(f"`{name}` {reason}")
        else:
            details.append(_worst(name, got, want, check))
            drawing = drawing or picture(want, got)
    details += [f"`{name}` was not asked for" for name in observed if name not in expected]
    return details + ([f"right: {', '.join(right)}"] if right else []), drawing


def _worst(name: str, got: np.ndarray, want: np.ndarray, check: Check) -> str:
    """ "`h` [3, 1]: expected 0.25, got 0.5 (2 of 12 entries are wrong)"."""
    index = worst_entry(want, got)
    with np.errstate(all="ignore"):
        a, b = got.astype(np.float64), want.astype(np.float64)
        wrong = int(np.sum(~(np.abs(a - b) <= check.atol + check.rtol * np.abs(b))))
    told = _numbers(want[index], got[index])
    if got.size == 1:
        return f"`{name}`: {told}"
    many = f"{wrong} of {got.size} entries {'is' if wrong == 1 else 'are'} wrong"
    return f"`{name}` [{', '.join(map(str, index))}]: {told} ({many})"


def _numbers(want: np.generic, got: np.generic) -> str:
    """Two numbers with as many digits as tell them apart."""
    for digits in (6, 10, 17):
        a, b = (
            f"{value.item():.{digits}g}" if value.dtype.kind == "f" else str(value) for value in (want, got)
        )
        if a != b:
            break
    return f"expected {a}, got {b}"


def _told(error: BaseException, names: Names) -> Iterator[str]:
    """An exception in full, and the line of the student's own in which it arose."""
    try:
        message = str(error)
    except Exception:
        message = ""
    kind = type(error).__name__
    yield f"{kind}: {message[:MESSAGE]}" if message else kind
    trace, place = error.__traceback__, None
    while trace is not None:
        if trace.tb_frame.f_globals is names:
            place = trace.tb_frame.f_code, trace.tb_lineno
        trace = trace.tb_next
    if place is not None:
        code, line = place
        source = linecache.getline(code.co_filename, line).strip()
        yield f"in `{code.co_name}`, line {line} of its cell{f': `{source}`' if source else ''}"


class _Progress:
    """A line that says what is being trained, cleared afterwards where the notebook can."""

    def say(self, text: str) -> None:
        print(text, flush=True)

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            from IPython import get_ipython
            from IPython.display import clear_output
        except ImportError:
            return
        if get_ipython() is not None:
            clear_output(wait=True)
