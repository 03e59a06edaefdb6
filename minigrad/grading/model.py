"""What passes between the parts of the grader: frozen dataclasses, and the errors."""

from __future__ import annotations

import dataclasses
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from minigrad.checks import Check, Mutant, Rewrite, Variant
from minigrad.errors import MinigradError


class GradingError(MinigradError):
    """Base of the grader's errors; the message names the thing and the remedy."""


class AuthoringError(GradingError):
    """An assignment's sources are wrong."""


class Refused(GradingError):
    """A submission that cannot be graded; a person is asked. The message is the reason."""


class Unjudged(Refused):
    """The judge failed on an attempt that may count, so nobody knows yet which one does. No zero either."""


Source = Path | bytes | Refused  # a submitted file, what was read of one, or why there is none to read


class JudgeFault(GradingError):
    """The judge itself failed (sandbox, disk): never a zero."""


Kind = Literal["text", "define", "solution", "written", "check", "lab", "own"]
# text: locked markdown · define: locked code that runs in grading · solution: the student's code
# written: answered in words, graded by hand · check: a grade cell · lab: locked code that does not
# run in grading · own: a cell the student added


@dataclass(frozen=True)
class Cell:
    """One cell of an assignment's release or of a submission made canonical."""

    id: str  # nbgrader's grade_id where there is one, else the release's cell id
    kind: Kind
    source: str
    points: float = 0.0  # of a check or written cell
    markdown: bool = False
    exercise: str = ""  # of a check or written cell: what its points are for

    @property
    def runs(self) -> bool:
        """Whether the judge runs it."""
        return self.kind in ("define", "solution", "own") and not self.markdown


class Released(Protocol):
    """A notebook as it was given out: what intake lays a submission on."""

    @property
    def name(self) -> str: ...

    @property
    def cells(self) -> tuple[Cell, ...]: ...


@dataclass(frozen=True)
class Assignment:
    """An assignment as its author wrote it, loaded from `solutions/NN-name/`."""

    name: str
    cells: tuple[Cell, ...]  # the release, stubs in the solution cells
    solution: Mapping[str, str]  # source of each solution cell by id
    checks: tuple[Check, ...]  # public ones first
    public: frozenset[str]  # names of the public checks
    sources: Mapping[str, str]  # file name -> text that a worker executes: the two checks files
    mutants: tuple[Mutant, ...] = ()
    variants: tuple[Variant, ...] = ()
    rewrites: tuple[Rewrite, ...] = ()
    title: str = ""
    engine: bool = True  # False: the worker has no minigrad (00-autograd)
    packages: tuple[str, ...] = ()  # distributions that a worker has besides those it always has

    def exercises(self) -> dict[str, float]:
        """Points of each automatically graded exercise, in the notebook's order."""
        return {c.exercise: c.points for c in self.cells if c.kind == "check"}

    @property
    def graded(self) -> bool:
        """Whether anything in it is worth points: checks, or answers that a person reads."""
        return any(c.points for c in self.cells)

    @property
    def late(self) -> frozenset[str]:
        """The public checks that wait for hidden ones: what becomes of them tells what these gave."""
        return frozenset(
            c.name for c in self.checks if c.name in self.public and not self.public.issuperset(c.needs)
        )

    def check(self, name: str) -> Check:
        return next(c for c in self.checks if c.name == name)

    def solved(self, replace: Mapping[str, str] | None = None) -> tuple[Cell, ...]:
        """The cells with the solution's code in place, some replaced by `replace[id]`."""
        answers = {**self.solution, **(replace or {})}
        return tuple(dataclasses.replace(c, source=answers.get(c.id, c.source)) for c in self.cells)


@dataclass(frozen=True)
class Limits:
    """What a submission may use. CPU in seconds; the wall limit of a call is ten times wider.

    `cells_cpu` is for all cells together, and a cell may use half of what is left of it.
    """

    cells_cpu: float = 20.0
    total_cpu: float = 60.0
    wall: float = 600.0  # seconds on the clock for all of it, since what sleeps uses no CPU
    memory_mb: int = 1024
    restarts: int = 3


FailureKind = Literal["missing", "todo", "nothing", "exception", "bad-value", "timeout", "died", "waits"]


@dataclass(frozen=True)
class Failure:
    """Why a probe gave no arrays, in words safe to show: none of them written by the worker."""

    kind: FailureKind
    reason: str  # "`RNNCell` is not defined", "TypeError in line 12 of your cell `rnn-cell`", ...


@dataclass(frozen=True)
class Words:
    """What code said while a probe ran, bounded and cleaned: for its author alone, never in grading."""

    error: str = ""  # "ValueError: operands could not be broadcast together"
    place: str = ""  # "in `inner`, line 7 of your cell `rnn-cell`: `return np.add(x, 'a')`"
    printed: str = ""


@dataclass(frozen=True)
class Evidence:
    """What one probe gave: arrays, or the reason for none. A trained check also has its score.

    `form` says which value had another form than the check goes on with, in words; "" where all had theirs.
    """

    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    failure: Failure | None = None
    score: float | None = None
    words: Words = Words()  # only of one's own work: a judge's evidence has none
    form: str = ""  # "`windows` returned an array of shape (3, 4), wanted a tuple of 2 values"


@dataclass(frozen=True)
class CellRun:
    """How one cell ran: its printed output (bounded, cleaned) and the error, if any."""

    id: str
    output: str = ""
    error: str = ""  # "ZeroDivisionError in line 3 of your cell `rnn-cell`"


@dataclass(frozen=True)
class Ran:
    """What a runner knows besides evidence: how the cells ran, what it took, what went wrong."""

    cells: tuple[CellRun, ...] = ()
    cpu: float = 0.0  # CPU seconds of workers and replays; 0 where nobody counts
    confirmed: bool = True  # False when a timeout was not confirmed: the result is not shared
    notes: tuple[str, ...] = ()  # cells that ended their worker, a budget used up


@dataclass(frozen=True)
class Observation:
    """All that a runner told of one notebook. Untrusted numbers and cleaned text."""

    probes: Mapping[str, Evidence]
    ran: Ran = Ran()
    training_cpu: float = 0.0  # of `ran.cpu`, in trained checks and their replays


@dataclass(frozen=True)
class Verdict:
    """One check, decided."""

    check: str
    exercise: str
    says: str
    points: float
    public: bool
    passed: bool
    reason: str = ""  # why not: "`W_h` is off by about 1e-2 (worst entry [3, 1])"
    failure: FailureKind | None = None  # where the probe gave no arrays


@dataclass(frozen=True)
class Exercise:
    """One exercise of a report."""

    name: str
    points: float
    score: float
    verdicts: tuple[Verdict, ...]
    mistake: str = ""  # the mutant recognised
    hint: str = ""
    seen: str = ""  # where not all passed: a digest of what its checks gave, the same for answers alike


@dataclass(frozen=True)
class Decision:
    """What an instructor decided about a check, or with "add" about an exercise, in the course file."""

    kind: Literal["drop", "credit", "add"]
    of: str  # the check's name, or the exercise's
    reason: str
    date: str  # 2030-02-03
    points: float = 0.0  # of "add"
    gone: bool = False  # of "drop": its points are not shared out among the exercise's other checks
    students: tuple[str, ...] = ()  # whom it concerns; none: everybody
    where: str = ""  # "course.toml, line 12"


Status = Literal["graded", "refused", "ungraded"]


@dataclass(frozen=True)
class Report:
    """What is known of one submission. refused: a person is asked; ungraded: the judge's fault."""

    assignment: str
    status: Status
    exercises: tuple[Exercise, ...] = ()
    reason: str = ""  # of a refused or ungraded submission
    notes: tuple[str, ...] = ()  # repairs, truncated output, restarts
    cells: tuple[CellRun, ...] = ()
    cpu: float = 0.0
    training_cpu: float = 0.0
    blank: bool = False  # nothing of the release was changed
    confirmed: bool = True  # False when a timeout was not confirmed: not shared with equal code
    decisions: tuple[Decision, ...] = ()  # still to be applied: see `classroom/decisions.py`

    @property
    def score(self) -> float:
        return sum(e.score for e in self.exercises)

    @property
    def points(self) -> float:
        return sum(e.points for e in self.exercises)


@dataclass(frozen=True)
class Side:
    """A line of one work beside that of another; `alike` where they say the same, and nobody was given it."""

    left: str
    right: str
    alike: bool


@dataclass(frozen=True)
class Pair:
    """Two whose work is near-identical, and the share of it that is; 1.0 for all of it."""

    students: tuple[str, ...]
    share: float
    sides: tuple[Side, ...] = ()


@dataclass(frozen=True)
class Alike:
    """Students whose works are near-identical, each to that of one of the others at least.

    `pairs` are as many as link them all, the most alike first.
    """

    students: tuple[str, ...]
    pairs: tuple[Pair, ...]

    @property
    def share(self) -> float:
        """Of the two that are most alike."""
        return max(pair.share for pair in self.pairs)

    def __str__(self) -> str:
        most = "up to " * (len(self.students) > 2)
        return f"near-identical work, {most}{100 * self.share:.0f} %: {', '.join(self.students)}"


ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])")


def is_unwritten(source: str, released: str) -> bool:
    """Whether a cell for an answer is as it came, or empty."""
    return source.strip() in ("", released.strip())


def is_notebook(name: str) -> bool:
    """Whether a file is a notebook by its name, whose ending some systems write in capitals."""
    return name.lower().endswith(".ipynb")


def to_type(*words: object) -> str:
    """A command of ours as a message tells it, between backticks: it can be typed as it stands."""
    return f"`minigrad {shlex.join(map(str, words))}`"


def clean(text: str, cap: int = 16_384) -> str:
    """At most `cap` characters of untrusted text without control, ANSI, bidi or private characters.

    Newlines and tabs stay; what cannot be shown becomes U+FFFD; a cut is marked. Still to be
    escaped where it is shown.
    """
    cut = len(text) > cap
    plain = ANSI.sub("", text[:cap]).replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " ")
    shown = "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in plain)
    return shown + "\n… (cut here)" if cut else shown
