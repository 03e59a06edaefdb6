"""solutions/04-batches against its own claims: points, sentences, solution, variants, mutants, rewrites."""

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

FOLDER = Path(__file__).parent.parent / "solutions" / "04-batches"


@cache
def batches() -> Assignment:
    return load(FOLDER)


def names(replace: Mapping[str, str] | None = None, *, released: bool = False) -> dict[str, Any]:
    """What the notebook defines, its cells run in order; the release, or the solution with cells replaced."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for cell in batches().cells if released else batches().solved(replace):
        if cell.runs:
            exec(compile(cell.source, f"<cell {cell.id}>", "exec"), namespace)
    return namespace


def deterministic() -> list[Check]:
    return [c for c in batches().checks if not c.trained]


def seed(check: Check, salt: str = "salt") -> str:
    return hashlib.sha256(f"{salt}:{check.name}".encode()).hexdigest()


def evidence(namespace: dict[str, Any], salt: str = "salt") -> dict[str, Evidence]:
    cells = {c.id for c in batches().cells}
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
    mutant = next(m for m in batches().mutants if m.name == name)
    wrong = {
        id: source.replace(mutant.old, mutant.new)
        for id, source in batches().solution.items()
        if mutant.old in source
    }
    return evidence(names(wrong))


def recognised(observed: Mapping[str, Evidence]) -> dict[str, str]:
    """The mutant named in each exercise that has one."""
    found = {}
    for exercise in batches().exercises():
        checks = [c for c in deterministic() if c.exercise == exercise]
        mine = {c.name: observed[c.name] for c in checks}
        want = {c.name: expected()[c.name] for c in checks}
        known = {m.name: {c.name: mutated(m.name)[c.name] for c in checks} for m in batches().mutants}
        if mistake := diagnose.recognise(checks, mine, want, known):
            found[exercise] = mistake
    return found


def test_exercises_and_points() -> None:
    assert batches().exercises() == {
        "pad": 15,
        "masked-mean": 15,
        "pack": 20,
        "bidirectional": 25,
        "tagger": 10,
        "learned": 15,
    }
    points = {e: sum(c.points for c in batches().checks if c.exercise == e) for e in batches().exercises()}
    assert points == batches().exercises()
    assert len(batches().mutants) >= 15
    assert len(batches().variants) >= 8
    twice = [m.name for m in batches().mutants if sum(r.of == m.name for r in batches().rewrites) >= 2]
    assert len(twice) >= len(batches().mutants) / 3


def test_every_check_says_a_sentence_of_the_notebook_and_no_hidden_one_is_alone() -> None:
    text = "\n".join(c.source for c in batches().cells if c.markdown)
    said = {(c.exercise, c.says) for c in batches().checks if c.name in batches().public}
    for check in batches().checks:
        assert f"- {check.says}\n" in text + "\n", check.name
        assert (check.exercise, check.says) in said, f"{check.name} has no public sibling"


def test_the_solution_gives_arrays_for_every_check() -> None:
    assert {name: e.failure for name, e in expected().items() if e.failure} == {}
    assert failed(evidence(names()), expected()) == {}


def test_a_blank_release_is_to_do_everywhere() -> None:
    kinds = {n: e.failure and e.failure.kind for n, e in evidence(names(released=True)).items()}
    assert set(kinds.values()) == {"todo"}, {n: k for n, k in kinds.items() if k != "todo"}


@pytest.mark.parametrize("variant", [v.name for v in batches().variants])
def test_variants_pass(variant: str) -> None:
    cells = next(v.cells for v in batches().variants if v.name == variant)
    for salt in ("salt", "another"):
        want = expected() if salt == "salt" else evidence(names(), salt)
        assert failed(evidence(names(cells), salt), want) == {}


@pytest.mark.parametrize("mutant", batches().mutants, ids=lambda m: m.name)
def test_mutants_fail_exactly_what_they_name_and_are_recognised(mutant: Any) -> None:
    reasons = failed(mutated(mutant.name), expected())
    assert sorted(reasons) == sorted(mutant.fails), reasons
    assert mutant.name in recognised(mutated(mutant.name)).values()


@pytest.mark.parametrize("rewrite", batches().rewrites, ids=lambda r: r.name)
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


@pytest.mark.parametrize("name", ["learned.tagging", "learned.glides"])
def test_tasks_are_learned_and_cannot_be_passed_without_training(name: str) -> None:
    check = batches().check(name)
    reply = run_probe(check, names(), seed(check))
    parameters = reply["arrays"]
    assert replayed(check, parameters, "salt") >= check.threshold
    assert replayed(check, parameters, "another") < check.threshold
    zeros = {k: np.zeros_like(a) for k, a in parameters.items()}
    assert replayed(check, zeros, "salt") < check.threshold


def test_the_padding_and_the_others_in_a_batch_change_nothing() -> None:
    """What these checks compare must hold for the solution itself, not only agree with it."""
    seen = 0
    for e in expected().values():
        for what, array in e.arrays.items():
            if what.startswith("same bits"):
                assert (array == 1).all(), what
            elif "less" in what:
                assert np.abs(array).max() < 1e-14, what
            else:
                continue
            seen += 1
    assert seen >= 15


def played(monkeypatch: pytest.MonkeyPatch, *, released: bool) -> dict[str, Any]:
    """What the notebook's code leaves when all but its check cells run."""
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("Agg")
    monkeypatch.setattr(pyplot, "show", lambda: pyplot.close("all"))
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for cell in batches().cells if released else batches().solved():
        if not cell.markdown and cell.kind != "check" and cell.id != "harness":
            exec(compile(cell.source, f"<cell {cell.id}>", "exec"), namespace)
    return namespace


def test_pictures_of_the_release_say_what_to_finish_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    played(monkeypatch, released=True)
    labs = [c for c in batches().cells if c.kind == "lab" and "if finished(" in c.source]
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Finish ")]
    assert len(said) == len(labs) >= 4
    assert all(line.endswith("run this cell again.") for line in said)


def test_the_labs_show_what_the_notebook_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    played(monkeypatch, released=False)
    said = capsys.readouterr().out
    assert "Finish" not in said
    off = [line.split("off by at most") for line in said.splitlines() if "off by at most" in line]
    harmless = {" ".join(way.split()) for way, most in off if float(most) < 1e-14}
    assert len(off) == 6
    assert harmless == {"from the beginning carried", "from the end carried", "from the end set to zero"}
    names_right = [line.split(":") for line in said.splitlines() if "of the names" in line]
    right = {name: float(rest.split()[0]) for name, rest in names_right}
    assert right["both directions"] > 0.97
    assert right["left to right only"] < 0.6
    street = [line.split()[3] for line in said.splitlines() if line.startswith("street ")]
    assert float(street[0]) < 0.6 < 0.9 < float(street[1])
