"""An assignment at work in this process, without judge or sandbox: what it gives, and what mistakes give.

Every function takes the assignment's name, "01-rnn". What is asserted of all assignments stands in
`solutions/test_all.py`, what is special to one in its own file beside it.
"""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np
import pytest

from minigrad.checks import Check, Overtime, Student, deadline
from minigrad.grading.assignment.load import load
from minigrad.grading.judge import diagnose, verdict
from minigrad.grading.judge.reference import mutated
from minigrad.grading.model import Assignment, Cell, Evidence
from minigrad.sandbox.probing import run_probe, words_of
from tests.reach import binds, closure

SOLUTIONS = Path(__file__).parent.parent / "solutions"
RELEASES = SOLUTIONS.parent / "assignments"
Found = Mapping[str, Evidence]  # evidence by check


@cache
def solved(name: str) -> Assignment:
    """The assignment of that name."""
    return load(SOLUTIONS / name)


def deterministic(name: str) -> list[Check]:
    return [c for c in solved(name).checks if not c.trained]


def trained(name: str) -> list[str]:
    """The names of the checks that train."""
    return [c.name for c in solved(name).checks if c.trained]


def cells(name: str, replace: Mapping[str, str] | None = None, *, released: bool = False) -> tuple[Cell, ...]:
    """The notebook's cells, solved or as released, some replaced by `replace[id]`."""
    a = solved(name)
    release = {c.id: c.source for c in a.cells} if released else {}
    return a.solved({**release, **(replace or {})})


def names(name: str, replace: Mapping[str, str] | None = None, *, released: bool = False) -> dict[str, Any]:
    """What the notebook defines, the cells that grading runs being run in order."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for cell in cells(name, replace, released=released):
        if cell.runs:
            exec(compiled(cell.source, cell.id), namespace)
    return namespace


@cache  # most cells are the same for every mistake
def compiled(source: str, id: str) -> CodeType:
    """The code of a cell."""
    return compile(source, f"<cell {id}>", "exec")


def seed(check: Check, salt: str) -> str:
    return sha256(f"{salt}:{check.name}".encode()).hexdigest()


def evidence(
    name: str, namespace: dict[str, Any], salt: str = "salt", checks: Iterable[Check] | None = None
) -> dict[str, Evidence]:
    """What the deterministic checks, or some of them, give on the names that a notebook defines."""
    may = verdict.known(solved(name).cells, frozenset())
    found = {}
    for check in deterministic(name) if checks is None else checks:
        try:
            with deadline(check.cpu):
                found[check.name] = verdict.evidence(run_probe(check, namespace, seed(check, salt)), may)
        except Overtime:
            found[check.name] = Evidence(failure=verdict.ended("cpu", check.cpu, 0))
    return found


@cache
def expected(name: str, salt: str = "salt") -> dict[str, Evidence]:
    """What the solution gives."""
    return evidence(name, names(name), salt)


class Watched(Student):
    """The names that a notebook defines; it notes in `asked` those that a probe reads or replaces."""

    def __init__(self, student: Student, asked: set[str]) -> None:
        super().__init__(student._names)
        object.__setattr__(self, "_seen", asked)

    def __getattr__(self, name: str) -> Any:
        self._seen.add(name)
        return super().__getattr__(name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._seen.add(name)
        super().__setattr__(name, value)


@cache
def asked(name: str, salt: str) -> dict[str, set[str]]:
    """The names of the solution that each deterministic check asks for."""
    found: dict[str, set[str]] = {c.name: set() for c in deterministic(name)}
    watched = [
        dataclasses.replace(c, probe=lambda student, rng, c=c: c.probe(Watched(student, found[c.name]), rng))
        for c in deterministic(name)
    ]
    evidence(name, names(name), salt, watched)
    return found


def changed(name: str, replace: Mapping[str, str], salt: str = "salt") -> dict[str, Evidence]:
    """What the deterministic checks give on the solution with some cells replaced.

    A probe that asks for no name which the change can reach gives what it gives on the solution: up to
    the first such name it has met nothing else. It does not run again.
    """
    new = {bound for id in replace for bound in binds(replace[id]) | binds(solved(name).solution[id])}
    reached = closure(new, [c.source for c in cells(name, replace) if c.runs])
    again = [c for c in deterministic(name) if asked(name, salt)[c.name] & reached]
    return {**expected(name, salt), **evidence(name, names(name, replace), salt, again)}


def failed(name: str, observed: Found, want: Found) -> dict[str, str]:
    """The deterministic checks that do not pass, each with the reason."""
    decided = {
        c.name: verdict.decide(c, observed[c.name], want[c.name], public=True) for c in deterministic(name)
    }
    return {check: v.reason for check, v in decided.items() if not v.passed}


@cache
def known(name: str) -> dict[str, dict[str, Evidence]]:
    """What each mutant gives."""
    a = solved(name)
    return {m.name: changed(name, mutated(a, m)) for m in a.mutants}


def recognised(name: str, observed: Found) -> dict[str, str]:
    """The mutant named in each exercise that has one, as all mutants show it and those under suspicion."""
    found, all_failed = {}, failed(name, observed, expected(name))
    for exercise in solved(name).exercises():
        checks = [c for c in deterministic(name) if c.exercise == exercise]
        seen = {c.name: observed[c.name] for c in checks}
        mistake = diagnose.recognise(checks, seen, expected(name), known(name))
        asked = diagnose.suspects(solved(name).mutants, all_failed.keys() & seen.keys())
        some = {m.name: known(name)[m.name] for m in asked}
        assert diagnose.recognise(checks, seen, expected(name), some) == mistake
        if mistake:
            found[exercise] = mistake
    return found


def replayed(name: str, check: Check, parameters: Mapping[str, Any], salt: str = "salt") -> float:
    """The score of trained parameters on the task that this salt draws."""
    assert check.replay is not None
    rng = np.random.default_rng(words_of(seed(check, salt)))
    return check.replay(Student(names(name)), parameters, rng, np.random.default_rng(7))


def played(
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    shorter: Mapping[str, str] | None = None,
    *,
    released: bool = False,
    curves: bool = True,
) -> dict[str, Any]:
    """What the notebook's code leaves when all but its check cells run, labs cut short by replacing text.

    Each figure that is shown is looked at: a curve is more than three points, unless it was cut short.
    """
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("Agg")

    def show() -> None:
        figures = [pyplot.figure(number) for number in pyplot.get_fignums()]
        found = [scant for figure in figures if curves for scant in scanty(figure)]
        pyplot.close("all")
        assert not found, found

    monkeypatch.setattr(pyplot, "show", show)
    monkeypatch.setitem(sys.modules, "mynet", None)  # nobody's library
    monkeypatch.chdir(RELEASES / name)
    code = [c for c in cells(name, released=released) if not c.markdown and c.kind != "check"]
    sources = {c.id: c.source for c in code}
    for old, new in (shorter or {}).items():
        assert any(old in source for source in sources.values()), f"{name} has no {old!r} to cut short"
        sources = {id: source.replace(old, new) for id, source in sources.items()}
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for id, source in sources.items():
        exec(compiled(source, id), namespace)
    return namespace


def scanty(figure: Any) -> list[str]:
    """The lines of a figure that join fewer than four points; those that mark a value or a place aside."""
    lines = [(ax, line) for ax in figure.axes for line in ax.get_lines() if line.get_linestyle() != "None"]
    return [
        f"{ax.get_title()}: {line.get_label()} has {len(line.get_xdata())} points"
        for ax, line in lines
        if len(line.get_xdata()) < 4 and all(line.get_transform().contains_branch_seperately(ax.transData))
    ]


def guarded(name: str) -> list[str]:
    """Of each lab that waits for exercises, the one that it asks for first; "" where it has no literal."""
    labs = [c.source for c in solved(name).cells if c.kind == "lab"]
    found = [re.search(r'if (?:check\.passed|ready)\((?:"([\w-]+)")?', source) for source in labs]
    return [m[1] or "" for m in found if m]


def rewritten_twice(name: str) -> list[str]:
    """The mutants that have two rewrites or more."""
    a = solved(name)
    return [m.name for m in a.mutants if sum(r.of == m.name for r in a.rewrites) >= 2]
