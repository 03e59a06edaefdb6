"""Pure: a worker's reply becomes evidence; observed and expected evidence become a verdict."""

from __future__ import annotations

import builtins
import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from minigrad.checks import Check
from minigrad.grading.intake.borrowed import comes_from_locked, locked_names
from minigrad.grading.judge.compare import DTYPES, difference
from minigrad.grading.judge.forms import unlike_form
from minigrad.grading.model import Cell, Evidence, Failure, Verdict

EXCEPTIONS = frozenset(
    name
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)
)
IDENTIFIER = re.compile(r"\b[A-Za-z_]\w{0,39}\b", re.ASCII)
ASKED = re.compile(r"(?<=\.)[A-Za-z_]\w{0,39}\b|(?<=[\"'])[A-Za-z_]\w{0,39}(?=[\"'])", re.ASCII)
MAX_ARRAYS, MAX_NAME = 256, 100  # of one probe, and characters of an array's name
IN_CHECK = "raised in the check, from a value that you returned"
TYPES = frozenset(name for name, value in vars(builtins).items() if isinstance(value, type)) - EXCEPTIONS
MODULES = (
    "is not on the course's list of packages: grading has Python's own modules, NumPy, matplotlib, "
    "tqdm, IPython"
)
UFUNC = "NumPy's functions take no Tensor: use minigrad's function of that name"
# For staff, where MODULES is the reason.
TO_LIST = "to allow a package, list it at the top of notebook.py (the guide: Packages), build and grade again"
IMPORT = re.compile(r"^[ \t]*(?:import|from)[ \t]+([\w.]+(?:[ \t]*,[ \t]*[\w.]+)*)", re.ASCII | re.MULTILINE)

TOO_LARGE = Failure("bad-value", "what the check gets is larger than the 1 MB that a check may give")
ENDED = {
    "memory": "needs more memory than is allowed",
    "exit": "ends Python (`exit`, `os._exit`)",
    "signal": "crashes Python",
    "protocol": "disturbs the grader's messages, or answers with more than 1 MB",
}


@dataclass(frozen=True)
class Known:
    """All words that a report may repeat of what a worker says: fixed before the submission runs.

    `lines` has the number of lines of each cell, by id; `names` are those that checks ask for. A
    worker that lies can choose among them, and among the names of built-in exceptions; it cannot
    say a word of its own, such as a line of the checks that it has read. `locked` are the names that
    only locked cells bind which do not run, `imports` the modules that each cell imports, by its text,
    `packages` what the assignment may import besides what all may.
    """

    lines: Mapping[str, int]
    names: frozenset[str]
    locked: frozenset[str] = frozenset()
    imports: Mapping[str, frozenset[str]] = field(default_factory=dict)
    packages: tuple[str, ...] = ()


def known(cells: Sequence[Cell], names: frozenset[str], packages: tuple[str, ...] = ()) -> Known:
    """What may be repeated of a worker in which, of these cells, those run that do."""
    runs = [c for c in cells if c.runs]
    imports = {c.id: found for c in runs if (found := imported(c.source))}
    lines = {c.id: c.source.count("\n") + 1 for c in runs}
    return Known(lines, names, locked_names(cells), imports, packages)


def imported(source: str) -> frozenset[str]:
    """The modules that a cell names after `import` or `from`, by its text, with those that they lie in."""
    found = [name for names in IMPORT.findall(source) for name in re.split(r"[ \t]*,[ \t]*", names)]
    parts = [name.split(".") for name in found if len(name) <= MAX_NAME]
    return frozenset(".".join(p[:n]) for p in parts for n in range(1, len(p) + 1))


def asked_for(checks: Iterable[str], released: Iterable[str]) -> frozenset[str]:
    """The names that checks ask for, by their text: after a dot, or between quotes.

    Only those that stand in a released text, too: a name that hidden checks alone use is not told.
    """
    public = {name for text in released for name in IDENTIFIER.findall(text)}
    return frozenset(name for text in checks for name in ASKED.findall(text) if name in public)


def evidence(reply: object, may: Known) -> Evidence:
    """What a worker's reply to a probe says; anything unexpected is a bad value.

    No text of the worker gets through but what is `Known`: names of arrays are compared with the
    solution's, and never shown.
    """
    if isinstance(reply, dict):
        told, form = set(reply) - {"form"}, unlike_form(reply.get("form"), may.names)
        arrays = reply.get("arrays")
        if told == {"arrays"} and isinstance(arrays, dict):
            if len(arrays) > MAX_ARRAYS or any(len(name) > MAX_NAME for name in arrays):
                return Evidence(failure=TOO_LARGE)
            if all(type(v) is np.ndarray and v.dtype.name in DTYPES for v in arrays.values()):
                return Evidence(arrays=arrays, form=form)
            return Evidence(failure=bad_value(""))
        failure = reply.get("failure")
        if told == {"failure"} and isinstance(failure, dict):
            return Evidence(failure=said(failure, may, form), form=form)
    return Evidence(failure=bad_value(""))


def said(failure: Mapping[str, object], may: Known, form: str = "") -> Failure:
    """A worker's failure in a student's words, built from what is known.

    `form` says which value had another form: that is why the check could not go on.
    """
    kind = failure.get("kind")
    name = named(failure, may)
    if kind == "missing":
        return Failure(
            "missing", f"`{name}` is not defined" if name else "a name the check needs is not defined"
        )
    if kind == "todo":
        return Failure(
            "todo", f"`{name}` is still to do" if name else "still to do, or a `return` is missing"
        )
    if kind == "nothing" and name and (left := named(failure, may, "left")):
        return Failure(
            "nothing", f"`{left}` is None after `{name}`, which returns nothing and has to write it"
        )
    if kind == "nothing":
        method = (
            failure.get("method") if failure.get("method") == "__call__" else named(failure, may, "method")
        )
        which = f"`{name}`'s `{method}`" if name and method else f"`{name}`" if name else "a function"
        return Failure("nothing", f"{which} gives None: is a `return` missing?")
    if kind == "exception":
        source = named(failure, may, "after")
        elsewhere = IN_CHECK.replace("a value that you returned", f"what `{source}` gives")
        if form and failure.get("cell") is None:
            kind = {"type": failure.get("type")}
            return Failure("exception", exception(kind, may, f"raised in the check: {form}"))
        return Failure("exception", exception(failure, may, elsewhere if source else IN_CHECK))
    if form:
        return Failure("bad-value", form)
    return TOO_LARGE if failure.get("type") == "too large" else bad_value(name, failure.get("type"))


def named(told: Mapping[str, object], may: Known, key: str = "name") -> str:
    """The name that a worker tells, when checks ask for it, else ""."""
    name = told.get(key)
    return name if isinstance(name, str) and name in may.names else ""


def bad_value(name: str, kind: object = None) -> Failure:
    what = f"`{name}`" if name else "what the check gets"
    of = f": its type is {kind}" if isinstance(kind, str) and kind in TYPES - {"object"} else ""
    return Failure("bad-value", f"{what} is not an array of real numbers (or a Tensor of them){of}")


def exception(error: Mapping[str, object], may: Known, elsewhere: str) -> str:
    """ "AttributeError in line 12 of your cell `rnn-cell`: there is no `W_x`", from what a worker says.

    `elsewhere` says where it was raised when that is in no cell.
    """
    kind, line, cell = error.get("type"), error.get("line"), error.get("cell")
    text = kind if isinstance(kind, str) and kind in EXCEPTIONS else "an exception of your own"
    which = cause(error, may)
    if isinstance(cell, str) and cell in may.lines:
        at = f"line {line} of " if type(line) is int and 0 < line <= may.lines[cell] else ""
        return f"{text} in {at}{cell_in_words(cell)}{which}"
    return f"{text} {elsewhere}{which}"


def cause(error: Mapping[str, object], may: Known) -> str:
    """What is said of an error where its cause is known, as ": there is no `W_x`"; else ""."""
    kind, cell, name = error.get("type"), error.get("cell"), error.get("name")
    if kind == "NameError" and isinstance(name, str) and name in may.locked:
        also = "; or is `self.` missing in front of it?" if named(error, may) else ""
        return f": {comes_from_locked([name])}{also}"
    if kind in ("AttributeError", "NameError"):
        return f": there is no `{name}`" if named(error, may) else ""
    if kind == "TypeError" and error.get("ufunc") is True:
        return f": {UFUNC}"
    if kind != "ModuleNotFoundError":
        return ""
    own = isinstance(cell, str) and isinstance(name, str) and name in may.imports.get(cell, ())
    if own and name == "mynet":
        return ": grading has no `mynet`: write what you take from it into this notebook"
    return f": {f'`{name}`' if own else 'it'} {', '.join((MODULES, *may.packages))}"


def cell_in_words(cell: str) -> str:
    """A cell in a student's words."""
    added = cell.removeprefix("own-")
    return f"cell {added} of those you added" if added != cell and added.isdigit() else f"your cell `{cell}`"


ENDLESS = "is there an endless loop, or more work than it takes?"


def ended(reason: str, cpu: float, memory_mb: int) -> Failure:
    """Why a probe whose worker ended gave nothing: `reason` is WorkerEnded's, `cpu` its limit in s."""
    if reason == "cpu":
        return Failure("timeout", f"takes more than {cpu:.3g} s of computing time: {ENDLESS}")
    if reason == "wall":
        return Failure("timeout", "waits without computing until its time is over")
    if reason == "memory":
        return Failure("died", f"needs more than {memory_mb} MB of memory")
    return Failure("died", ENDED.get(reason, "ends Python"))


def blamed(e: Evidence, errors: Mapping[str, str], sources: Mapping[str, str]) -> Evidence:
    """Evidence that a name is missing, with the error of the cell that should have defined it.

    `errors` has the cells that raised one, `sources` the text that defines the names, both by cell.
    """
    if e.failure is None or e.failure.kind != "missing":
        return e
    name = re.match(r"`(\w+)`", e.failure.reason)
    for id, source in sources.items():
        if name and id in errors and defines(source, name[1]):
            reason = f"{e.failure.reason}: {errors[id]}"
            return dataclasses.replace(e, failure=Failure("exception", reason))
    return e


def written(cells: Iterable[Cell], wanted: Mapping[str, str]) -> dict[str, str]:
    """By cell that runs, the text that tells which names it should define: its own, and what was `wanted`."""
    return {c.id: f"{wanted.get(c.id, '')}\n{c.source}" for c in cells if c.runs}


def defines(source: str, name: str) -> bool:
    """Whether a cell defines a name, by its text: it need not be Python."""
    return re.search(rf"^(?:class|def)\s+{name}\b|^{name}\s*=", source, re.MULTILINE) is not None


def decide(check: Check, observed: Evidence, expected: Evidence, public: bool) -> Verdict:
    """One check, decided: a trained one by its score, any other by its arrays."""
    failure = observed.failure.kind if observed.failure is not None else None
    if observed.failure is not None:
        reason = observed.failure.reason
    elif check.trained:
        reason = untrained(check, observed.score)
    else:
        reason = difference(check, observed.arrays, expected.arrays)
        reason = f"{observed.form}; {reason}" if observed.form and reason else reason
    return Verdict(check.name, check.exercise, check.says, check.points, public, not reason, reason, failure)


def untrained(check: Check, score: float | None) -> str:
    """Why a trained check has not passed, or ""."""
    if score is not None and score >= check.threshold:  # False for NaN
        return ""
    if score is None or not np.isfinite(score):
        return "training gives parameters that do not work"
    if check.baseline:
        error, allowed = ((1 - s) * check.baseline for s in (max(score, -9.99), check.threshold))
        return f"the error is {beyond(error, allowed)} after training; {allowed:.2g} is allowed"
    reached = below(max(score, -9.99), check.threshold)
    return f"reaches {reached} after training; {check.threshold:g} is needed"


def below(score: float, threshold: float) -> str:
    """A score with two decimals, or as many as show that it is below the threshold."""
    told = (f"{score:.{decimals}f}" for decimals in range(2, 17))
    return next((text for text in told if float(text) < threshold), repr(score))


def beyond(error: float, allowed: float) -> str:
    """An error with two digits, or as many as show that it is above what is allowed, as that is told."""
    told = (f"{error:.{digits}g}" for digits in range(2, 18))
    return next((text for text in told if float(text) > float(f"{allowed:.2g}")), repr(error))
