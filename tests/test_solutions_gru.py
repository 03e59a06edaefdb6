"""solutions/03-gru against its own claims: points, sentences, solution, variants, mutants, rewrites."""

from __future__ import annotations

import hashlib
import itertools
import sys
from collections import Counter
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

FOLDER = Path(__file__).parent.parent / "solutions" / "03-gru"


@cache
def gru() -> Assignment:
    return load(FOLDER)


def names(replace: Mapping[str, str] | None = None, *, released: bool = False) -> dict[str, Any]:
    """What the notebook defines, its cells run in order; the release, or the solution with cells replaced."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for cell in gru().cells if released else gru().solved(replace):
        if cell.runs:
            exec(compile(cell.source, f"<cell {cell.id}>", "exec"), namespace)
    return namespace


def deterministic() -> list[Check]:
    return [c for c in gru().checks if not c.trained]


def seed(check: Check, salt: str = "salt") -> str:
    return hashlib.sha256(f"{salt}:{check.name}".encode()).hexdigest()


def evidence(namespace: dict[str, Any], salt: str = "salt") -> dict[str, Evidence]:
    cells = {c.id for c in gru().cells}
    return {c.name: verdict.evidence(run_probe(c, namespace, seed(c, salt)), cells) for c in deterministic()}


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
    mutant = next(m for m in gru().mutants if m.name == name)
    wrong = {
        id: source.replace(mutant.old, mutant.new)
        for id, source in gru().solution.items()
        if mutant.old in source
    }
    return evidence(names(wrong))


def recognised(observed: Mapping[str, Evidence]) -> dict[str, str]:
    """The mutant named in each exercise that has one."""
    found = {}
    for exercise in gru().exercises():
        checks = [c for c in deterministic() if c.exercise == exercise]
        mine = {c.name: observed[c.name] for c in checks}
        want = {c.name: expected()[c.name] for c in checks}
        known = {m.name: {c.name: mutated(m.name)[c.name] for c in checks} for m in gru().mutants}
        if mistake := diagnose.recognise(checks, mine, want, known):
            found[exercise] = mistake
    return found


def test_exercises_and_points() -> None:
    assert gru().exercises() == {
        "gru-cell": 40,
        "flip-convention": 10,
        "text-classifier": 20,
        "learned": 10,
        "match-hidden": 10,
    }
    (written,) = [c for c in gru().cells if c.kind == "written"]
    assert (written.id, written.points) == ("comparison", 10)
    assert len(gru().mutants) >= 25
    assert len(gru().variants) >= 10
    again = Counter(r.of for r in gru().rewrites)
    assert sum(count >= 2 for count in again.values()) >= len(gru().mutants) / 3


def test_every_check_says_a_sentence_of_the_notebook_and_no_hidden_one_is_alone() -> None:
    text = "\n".join(c.source for c in gru().cells if c.markdown)
    said = {(c.exercise, c.says) for c in gru().checks if c.name in gru().public}
    for check in gru().checks:
        assert f"- {check.says}\n" in text + "\n", check.name
        assert (check.exercise, check.says) in said, f"{check.name} has no public sibling"


def test_the_solution_gives_arrays_for_every_check() -> None:
    assert {name: e.failure for name, e in expected().items() if e.failure} == {}
    assert failed(evidence(names()), expected()) == {}


def test_a_blank_release_is_to_do_everywhere() -> None:
    kinds = {n: e.failure and e.failure.kind for n, e in evidence(names(released=True)).items()}
    assert set(kinds.values()) == {"todo"}, {n: k for n, k in kinds.items() if k != "todo"}


@pytest.mark.parametrize("variant", [v.name for v in gru().variants])
def test_variants_pass(variant: str) -> None:
    cells = next(v.cells for v in gru().variants if v.name == variant)
    for salt in ("salt", "another"):
        want = expected() if salt == "salt" else evidence(names(), salt)
        assert failed(evidence(names(cells), salt), want) == {}


@pytest.mark.parametrize("mutant", gru().mutants, ids=lambda m: m.name)
def test_mutants_fail_exactly_what_they_name_and_are_recognised(mutant: Any) -> None:
    reasons = failed(mutated(mutant.name), expected())
    assert sorted(reasons) == sorted(mutant.fails), reasons
    assert mutant.name in recognised(mutated(mutant.name)).values()


@pytest.mark.parametrize("rewrite", gru().rewrites, ids=lambda r: r.name)
def test_rewrites_are_recognised(rewrite: Any) -> None:
    assert rewrite.of in recognised(evidence(names(rewrite.cells))).values()


def test_neither_zeros_nor_another_salts_answers_satisfy_a_check() -> None:
    other = evidence(names(), "another")
    zeros = {n: Evidence({k: np.zeros_like(a) for k, a in e.arrays.items()}) for n, e in expected().items()}
    assert set(failed(zeros, expected())) == {c.name for c in deterministic()}
    assert set(failed(other, expected())) == {c.name for c in deterministic()}


def replayed(check: Check, parameters: Mapping[str, Any], salt: str) -> float:
    assert check.replay is not None
    rng = np.random.default_rng(np.frombuffer(bytes.fromhex(seed(check, salt)), dtype="<u4").tolist())
    return check.replay(Student(names()), parameters, rng, np.random.default_rng(7))


@pytest.mark.parametrize("name", ["learned.adding", "learned.sentiment"])
def test_tasks_are_learned_and_cannot_be_passed_without_training(name: str) -> None:
    check = gru().check(name)
    reply = run_probe(check, names(), seed(check))
    parameters = reply["arrays"]
    assert replayed(check, parameters, "salt") >= check.threshold
    assert replayed(check, parameters, "another") < check.threshold
    zeros = {k: np.zeros_like(a) for k, a in parameters.items()}
    assert replayed(check, zeros, "salt") < check.threshold


def played(monkeypatch: pytest.MonkeyPatch, *, released: bool) -> dict[str, Any]:
    """What the notebook's code leaves when all but its check cells run, the comparison cut short."""
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("Agg")
    monkeypatch.setattr(pyplot, "show", lambda: pyplot.close("all"))
    monkeypatch.setitem(sys.modules, "mynet", None)  # nobody's library: the comparison goes without an LSTM
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for cell in gru().cells if released else gru().solved():
        if not cell.markdown and cell.kind != "check" and cell.id != "harness":
            source = cell.source.replace("SEEDS, LSTM_HIDDEN = 5, 16", "SEEDS, LSTM_HIDDEN = 1, 16")
            exec(compile(source, f"<cell {cell.id}>", "exec"), namespace)
    return namespace


def test_pictures_of_the_release_say_what_to_finish_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    played(monkeypatch, released=True)
    labs = [c for c in gru().cells if c.kind == "lab" and "if finished(" in c.source]
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Finish ")]
    assert len(said) == len(labs) >= 5
    assert set(said) == {"Finish gru-cell first, then run this cell again."}


def test_the_labs_show_what_the_notebook_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = played(monkeypatch, released=False)
    assert "Finish" not in capsys.readouterr().out
    flow = [lab["flow"][f"GRU, update bias {bias}"][0] for bias in (0, -1, -2, -3)]
    assert flow[0] < lab["flow"]["plain cell"][0]
    assert all(30 * a < b or b > 0.05 for a, b in itertools.pairwise(flow))
    texts = "it was good today", "it was not good today", "it was good today not a story"
    logits = [float(lab["logit"](lab["reader"], text).data) for text in texts]
    assert [logit > 0 for logit in logits] == [True, False, True]
    moved, slope = (ask(lab["reader"], texts[1]) for ask in (lab["exchanged"], lab["gradients_of"]))
    assert moved[2:4].min() > 5 * np.delete(moved, [2, 3]).max()
    assert slope.argmax() != 3, "good decides, and yet its gradient is not the largest"
    assert lab["exchanged"](lab["reader"], texts[2])[4] < moved[2] / 5
    assert (lab["adding_curves"]["GRU"][:, -1] < 0.02).all()
    assert (lab["adding_curves"]["plain"][:, -1] > 0.1).all()
    assert set(lab["sentiment_curves"]) == {"plain", "GRU"}
