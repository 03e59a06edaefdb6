"""solutions/05-training against its own claims: points, sentences, solution, variants, mutants, rewrites."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minigrad.checks import Check, Student
from minigrad.grading import diagnose, verdict
from minigrad.grading.sources import load
from minigrad.grading.spec import Assignment, Evidence
from minigrad.sandbox.worker import run_probe

FOLDER = Path(__file__).parent.parent / "solutions" / "05-training"


@cache
def training() -> Assignment:
    return load(FOLDER)


def names(replace: Mapping[str, str] | None = None, *, released: bool = False) -> dict[str, Any]:
    """What the notebook defines, its cells run in order; the release, or the solution with cells replaced."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for cell in training().cells if released else training().solved(replace):
        if cell.runs:
            exec(compile(cell.source, f"<cell {cell.id}>", "exec"), namespace)
    return namespace


def deterministic() -> list[Check]:
    return [c for c in training().checks if not c.trained]


def seed(check: Check, salt: str = "salt") -> str:
    return hashlib.sha256(f"{salt}:{check.name}".encode()).hexdigest()


def evidence(namespace: dict[str, Any], salt: str = "salt") -> dict[str, Evidence]:
    cells = {c.id for c in training().cells}
    return {
        c.name: verdict.evidence(run_probe(c, namespace, seed(c, salt)), cells) for c in deterministic()
    }


def failed(observed: Mapping[str, Evidence], expected: Mapping[str, Evidence]) -> dict[str, str]:
    decided = {
        c.name: verdict.decide(c, observed[c.name], expected[c.name], public=True) for c in deterministic()
    }
    return {name: v.reason for name, v in decided.items() if not v.passed}


@cache
def expected() -> dict[str, Evidence]:
    return evidence(names())


@cache
def mutated(name: str) -> dict[str, Evidence]:
    mutant = next(m for m in training().mutants if m.name == name)
    wrong = {
        id: source.replace(mutant.old, mutant.new)
        for id, source in training().solution.items()
        if mutant.old in source
    }
    return evidence(names(wrong))


def recognised(observed: Mapping[str, Evidence]) -> dict[str, str]:
    """The mutant named in each exercise that has one."""
    found = {}
    for exercise in training().exercises():
        checks = [c for c in deterministic() if c.exercise == exercise]
        mine = {c.name: observed[c.name] for c in checks}
        want = {c.name: expected()[c.name] for c in checks}
        known = {m.name: {c.name: mutated(m.name)[c.name] for c in checks} for m in training().mutants}
        if mistake := diagnose.recognise(checks, mine, want, known):
            found[exercise] = mistake
    return found


def test_exercises_and_points() -> None:
    assert training().exercises() == {"tbptt": 30, "recurrent-dropout": 30, "batch-norm": 25, "learned": 15}
    assert len(training().mutants) >= 60
    assert len(training().variants) >= 11
    assert len(training().rewrites) >= 15


def test_every_check_says_a_sentence_of_the_notebook_and_no_hidden_one_is_alone() -> None:
    text = "\n".join(c.source for c in training().cells if c.markdown)
    said = {(c.exercise, c.says) for c in training().checks if c.name in training().public}
    for check in training().checks:
        assert f"- {check.says}\n" in text + "\n", check.name
        assert (check.exercise, check.says) in said, f"{check.name} has no public sibling"


@pytest.mark.parametrize("salt", ["salt", "another", "a third", "a fourth"])
def test_the_solution_gives_the_same_arrays_whatever_its_masks_are(salt: str) -> None:
    first, second = evidence(names(), salt), evidence(names(), salt)
    assert {name: e.failure for name, e in first.items() if e.failure} == {}
    assert failed(second, first) == {}


def test_a_blank_release_is_to_do_everywhere() -> None:
    kinds = {n: e.failure and e.failure.kind for n, e in evidence(names(released=True)).items()}
    assert set(kinds.values()) == {"todo"}, {n: k for n, k in kinds.items() if k != "todo"}


@pytest.mark.parametrize("variant", [v.name for v in training().variants])
def test_variants_pass(variant: str) -> None:
    cells = next(v.cells for v in training().variants if v.name == variant)
    for salt in ("salt", "another", "a third"):
        want = expected() if salt == "salt" else evidence(names(), salt)
        assert failed(evidence(names(cells), salt), want) == {}


@pytest.mark.parametrize("mutant", training().mutants, ids=lambda m: m.name)
def test_mutants_fail_exactly_what_they_name_and_are_recognised(mutant: Any) -> None:
    reasons = failed(mutated(mutant.name), expected())
    assert sorted(reasons) == sorted(mutant.fails), reasons
    assert mutant.name in recognised(mutated(mutant.name)).values()


@pytest.mark.parametrize("rewrite", training().rewrites, ids=lambda r: r.name)
def test_rewrites_are_recognised(rewrite: Any) -> None:
    assert rewrite.of in recognised(evidence(names(rewrite.cells))).values()


def test_neither_zeros_nor_another_salts_answers_satisfy_a_check() -> None:
    other = evidence(names(), "another")
    zeros = {
        n: Evidence({k: np.zeros_like(a) for k, a in e.arrays.items()}) for n, e in expected().items()
    }
    assert set(failed(zeros, expected())) == {c.name for c in deterministic()}
    assert set(failed(other, expected())) == {c.name for c in deterministic()}


def replayed(check: Check, parameters: Mapping[str, Any], salt: str) -> float:
    assert check.replay is not None
    rng = np.random.default_rng(np.frombuffer(bytes.fromhex(seed(check, salt)), dtype="<u4").tolist())
    return check.replay(Student(names()), parameters, rng, np.random.default_rng(7))


@pytest.mark.parametrize("name", ["learned.in-chunks", "learned.with-dropout", "learned.with-batch-norm"])
def test_tasks_are_learned_and_cannot_be_passed_without_training(name: str) -> None:
    check = training().check(name)
    parameters = run_probe(check, names(), seed(check))["arrays"]
    assert replayed(check, parameters, "salt") >= check.threshold
    assert replayed(check, parameters, "another") < check.threshold
    zeros = {k: np.zeros_like(a) for k, a in parameters.items()}
    assert replayed(check, zeros, "salt") < check.threshold


def played(monkeypatch: pytest.MonkeyPatch, *, released: bool) -> dict[str, Any]:
    """What the notebook's code leaves when all but its check cells run."""
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("Agg")
    monkeypatch.setattr(pyplot, "show", lambda: pyplot.close("all"))
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for cell in training().cells if released else training().solved():
        if not cell.markdown and cell.kind != "check" and cell.id != "harness":
            exec(compile(cell.source, f"<cell {cell.id}>", "exec"), namespace)
    return namespace


def test_pictures_of_the_release_say_what_to_finish_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    played(monkeypatch, released=True)
    labs = [c for c in training().cells if c.kind == "lab" and "if finished(" in c.source]
    said = [line for line in capsys.readouterr().out.splitlines() if "Finish" in line]
    assert len(said) == len(labs) == 5
    assert all(line.endswith("run this cell again.") for line in said)


def test_the_labs_show_what_the_notebook_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = played(monkeypatch, released=False)
    said = capsys.readouterr().out
    assert "Finish" not in said
    for chunk, row in zip(lab["CHUNKS"], lab["grid"], strict=True):
        for delay, right in zip(lab["DELAYS"], row, strict=True):
            assert right > 90 if delay < chunk else right < 80, (chunk, delay)
    curves = [line.split() for line in said.splitlines() if line.startswith(("a mask for", "one mask for"))]
    assert float(curves[0][-1]) < 0.7
    assert float(curves[1][-1]) > 0.97
    ends = [line for line in said.splitlines() if "percent right after" in line]
    units = {line[:26].strip(): int(line.split()[-1]) for line in ends}
    assert units["as they are"] < 60
    assert units["normalised"] > 97
