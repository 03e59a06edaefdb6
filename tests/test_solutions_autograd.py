"""solutions/00-autograd against its own claims: points, sentences, solution, variants, mutants, rewrites."""

from __future__ import annotations

import ast
import hashlib
import re
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minigrad.tensor
from minigrad.checks import Check
from minigrad.grading import diagnose, verdict
from minigrad.grading.sources import load
from minigrad.grading.spec import Assignment, Evidence
from minigrad.sandbox.worker import run_probe

ROOT = Path(__file__).parent.parent
EXERCISE = {"sigmoid": "sigmoid-tanh", "tanh": "sigmoid-tanh"}  # of a solution cell, where not its id


@cache
def autograd() -> Assignment:
    return load(ROOT / "solutions" / "00-autograd")


def names(replace: Mapping[str, str] | None = None, *, released: bool = False) -> dict[str, Any]:
    """What the notebook defines, its cells run in order; the release or the solution, with cells replaced."""
    a = autograd()
    release = {c.id: c.source for c in a.cells if c.id in a.solution} if released else {}
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for cell in a.solved({**release, **(replace or {})}):
        if cell.runs:
            exec(compile(cell.source, f"<cell {cell.id}>", "exec"), namespace)
    return namespace


class Overtime(BaseException):
    """A probe used up its CPU seconds. No Exception: nothing on the way may catch it."""


@contextmanager
def deadline(cpu: float) -> Iterator[None]:
    def end(*_: object) -> None:
        raise Overtime

    before = signal.signal(signal.SIGPROF, end)
    signal.setitimer(signal.ITIMER_PROF, cpu)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def observe(check: Check, namespace: dict[str, Any], salt: str) -> Evidence:
    seed = hashlib.sha256(f"{salt}:{check.name}".encode()).hexdigest()
    try:
        with deadline(check.cpu):
            return verdict.evidence(run_probe(check, namespace, seed), {c.id for c in autograd().cells})
    except Overtime:
        return Evidence(failure=verdict.ended("cpu", check.cpu, 0))


def checks_of(cells: Mapping[str, str] | None) -> list[Check]:
    """The checks of the exercises that these cells belong to; all checks for None."""
    exercises = None if cells is None else {EXERCISE.get(id, id) for id in cells}
    return [c for c in autograd().checks if exercises is None or c.exercise in exercises]


@cache
def expected(salt: str = "salt") -> dict[str, Evidence]:
    namespace = names()
    return {c.name: observe(c, namespace, salt) for c in autograd().checks}


def evidence(cells: Mapping[str, str], salt: str = "salt") -> dict[str, Evidence]:
    """What the solution gives with these cells replaced, on the checks of their exercises."""
    namespace = names(cells)
    return {c.name: observe(c, namespace, salt) for c in checks_of(cells)}


def failed(observed: Mapping[str, Evidence], want: Mapping[str, Evidence]) -> dict[str, str]:
    a = autograd()
    decided = {n: verdict.decide(a.check(n), e, want[n], public=True) for n, e in observed.items()}
    return {n: v.reason for n, v in decided.items() if not v.passed}


def mutated(mutant: Any) -> dict[str, str]:
    cell = next(id for id, source in autograd().solution.items() if mutant.old in source)
    return {cell: autograd().solution[cell].replace(mutant.old, mutant.new)}


@cache
def known(exercise: str) -> dict[str, dict[str, Evidence]]:
    """What each mutant of an exercise gives."""
    mutants = [m for m in autograd().mutants if m.fails[0].startswith(f"{exercise}.")]
    return {m.name: evidence(mutated(m)) for m in mutants}


def recognised(exercise: str, observed: Mapping[str, Evidence]) -> str | None:
    checks = [c for c in autograd().checks if c.exercise == exercise]
    return diagnose.recognise(checks, observed, {c.name: expected()[c.name] for c in checks}, known(exercise))


def test_exercises_and_points() -> None:
    assert autograd().exercises() == {
        "numeric-grad": 10,
        "sigmoid-tanh": 10,
        "matmul": 15,
        "backward": 25,
        "unbroadcast": 15,
        "getitem": 10,
        "cross-entropy": 15,
    }
    assert len(autograd().mutants) >= 25
    assert len(autograd().variants) >= 10
    twice = {m.name for m in autograd().mutants if sum(r.of == m.name for r in autograd().rewrites) >= 2}
    assert 3 * len(twice) >= len(autograd().mutants) - 2


def test_every_check_says_a_sentence_of_the_notebook_and_no_hidden_one_is_alone() -> None:
    text = "\n".join(c.source for c in autograd().cells if c.markdown) + "\n"
    said = {(c.exercise, c.says) for c in autograd().checks if c.name in autograd().public}
    for check in autograd().checks:
        assert f"- {check.says}\n" in text, check.name
        assert (check.exercise, check.says) in said, f"{check.name} has no public sibling"


def test_nothing_that_grading_runs_imports_more_than_numpy_and_the_words_of_checks() -> None:
    a = autograd()
    assert not a.engine
    trees = [ast.parse(t) for t in (*(c.source for c in a.solved() if c.runs), *a.sources.values())]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    assert imported == {"numpy", "itertools", "minigrad.checks"}


def test_the_pieces_of_the_library_that_the_notebook_reads_are_there() -> None:
    text = "\n".join(c.source for c in autograd().cells)
    pieces = set(re.findall(r"minigrad\.tensor\.(\w+)", text))
    assert pieces >= {"op", "backward"}
    assert all(callable(getattr(minigrad.tensor, name)) for name in pieces)


def test_the_solution_gives_arrays_for_every_check() -> None:
    assert {name: e.failure for name, e in expected().items() if e.failure} == {}


def test_a_blank_release_is_to_do_everywhere() -> None:
    namespace = names(released=True)
    failures = {c.name: observe(c, namespace, "salt").failure for c in autograd().checks}
    assert {n: f for n, f in failures.items() if f is None or f.kind != "todo"} == {}


def test_one_exercise_alone_gets_all_its_points_in_a_blank_release() -> None:
    for exercise in autograd().exercises():
        own = {id: s for id, s in autograd().solution.items() if EXERCISE.get(id, id) == exercise}
        namespace = names(own, released=True)
        observed = {c.name: observe(c, namespace, "salt") for c in checks_of(own)}
        assert observed
        assert failed(observed, expected()) == {}


@pytest.mark.parametrize("salt", ["salt", "another"])
@pytest.mark.parametrize("variant", autograd().variants, ids=lambda v: v.name)
def test_variants_pass(variant: Any, salt: str) -> None:
    assert failed(evidence(variant.cells, salt), expected(salt)) == {}


@pytest.mark.parametrize("mutant", autograd().mutants, ids=lambda m: m.name)
def test_mutants_fail_exactly_what_they_name_and_are_recognised(mutant: Any) -> None:
    (exercise,) = {name.split(".")[0] for name in mutant.fails}
    observed = known(exercise)[mutant.name]
    reasons = failed(observed, expected())
    assert sorted(reasons) == sorted(mutant.fails), reasons
    assert recognised(exercise, observed) == mutant.name


@pytest.mark.parametrize("rewrite", autograd().rewrites, ids=lambda r: r.name)
def test_rewrites_are_recognised(rewrite: Any) -> None:
    (cell,) = rewrite.cells
    assert recognised(EXERCISE.get(cell, cell), evidence(rewrite.cells)) == rewrite.of


def test_neither_zeros_nor_another_salts_answers_satisfy_a_check() -> None:
    zeros = {n: Evidence({k: np.zeros_like(a) for k, a in e.arrays.items()}) for n, e in expected().items()}
    assert set(failed(zeros, expected())) == {c.name for c in autograd().checks}
    assert set(failed(expected("another"), expected())) == {c.name for c in autograd().checks}
