"""solutions/02-lstm against its own claims: points, sentences, solution, variants, mutants, rewrites."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minigrad.checks import Check, Student
from minigrad.grading import diagnose, verdict
from minigrad.grading.authoring import release_notebook
from minigrad.grading.sources import load
from minigrad.grading.spec import Assignment, Evidence
from minigrad.sandbox.worker import run_probe

FOLDER = Path(__file__).parent.parent / "solutions" / "02-lstm"


@cache
def lstm() -> Assignment:
    return load(FOLDER)


def names(replace: Mapping[str, str] | None = None, *, released: bool = False) -> dict[str, Any]:
    """What the notebook defines, its cells run in order; the release, or the solution with cells replaced."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for cell in lstm().cells if released else lstm().solved(replace):
        if cell.runs:
            exec(compile(cell.source, f"<cell {cell.id}>", "exec"), namespace)
    return namespace


def deterministic() -> list[Check]:
    return [c for c in lstm().checks if not c.trained]


def seed(check: Check, salt: str = "salt") -> str:
    return hashlib.sha256(f"{salt}:{check.name}".encode()).hexdigest()


def evidence(namespace: dict[str, Any], salt: str = "salt") -> dict[str, Evidence]:
    cells = {c.id for c in lstm().cells}
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
    mutant = next(m for m in lstm().mutants if m.name == name)
    wrong = {
        id: source.replace(mutant.old, mutant.new)
        for id, source in lstm().solution.items()
        if mutant.old in source
    }
    return evidence(names(wrong))


def recognised(observed: Mapping[str, Evidence]) -> dict[str, str]:
    """The mutant named in each exercise that has one."""
    found = {}
    for exercise in lstm().exercises():
        checks = [c for c in deterministic() if c.exercise == exercise]
        mine = {c.name: observed[c.name] for c in checks}
        want = {c.name: expected()[c.name] for c in checks}
        known = {m.name: {c.name: mutated(m.name)[c.name] for c in checks} for m in lstm().mutants}
        if mistake := diagnose.recognise(checks, mine, want, known):
            found[exercise] = mistake
    return found


def test_exercises_and_points() -> None:
    assert lstm().exercises() == {
        "lstm-cell": 45,
        "windows": 10,
        "standardise": 10,
        "forecaster": 10,
        "learned": 15,
    }
    written = [c for c in lstm().cells if c.kind == "written"]
    assert [(c.id, c.points, c.markdown) for c in written] == [("which-path", 10, True)]
    assert len(lstm().mutants) >= 25
    assert len(lstm().variants) >= 10


def test_the_written_question_stands_in_a_cell_of_its_own() -> None:
    """nbgrader replaces the answer's cell; what is asked must stay."""
    released = {c["id"]: c for c in release_notebook(lstm())["cells"]}
    question, answer = released["which-path-question"], released["which-path"]
    assert question["metadata"]["nbgrader"]["locked"]
    assert "Which path carried the gradient" in question["source"]
    marks = answer["metadata"]["nbgrader"]
    assert (marks["grade"], marks["solution"], marks["locked"], marks["points"]) == (True, True, False, 10)


def test_a_third_of_the_mutants_have_two_rewrites() -> None:
    of = Counter(r.of for r in lstm().rewrites)
    assert sum(count >= 2 for count in of.values()) >= len(lstm().mutants) / 3


def test_every_check_says_a_sentence_of_the_notebook_and_no_hidden_one_is_alone() -> None:
    text = "\n".join(c.source for c in lstm().cells if c.markdown)
    said = {(c.exercise, c.says) for c in lstm().checks if c.name in lstm().public}
    for check in lstm().checks:
        assert f"- {check.says}\n" in text + "\n", check.name
        assert (check.exercise, check.says) in said, f"{check.name} has no public sibling"


def test_the_solution_gives_arrays_for_every_check() -> None:
    assert {name: e.failure for name, e in expected().items() if e.failure} == {}
    assert failed(evidence(names()), expected()) == {}


def test_a_blank_release_is_to_do_everywhere() -> None:
    kinds = {n: e.failure and e.failure.kind for n, e in evidence(names(released=True)).items()}
    assert set(kinds.values()) == {"todo"}, {n: k for n, k in kinds.items() if k != "todo"}


@pytest.mark.parametrize("variant", [v.name for v in lstm().variants])
def test_variants_pass(variant: str) -> None:
    cells = next(v.cells for v in lstm().variants if v.name == variant)
    for salt in ("salt", "another"):
        want = expected() if salt == "salt" else evidence(names(), salt)
        assert failed(evidence(names(cells), salt), want) == {}


@pytest.mark.parametrize("mutant", lstm().mutants, ids=lambda m: m.name)
def test_mutants_fail_exactly_what_they_name_and_are_recognised(mutant: Any) -> None:
    reasons = failed(mutated(mutant.name), expected())
    assert sorted(reasons) == sorted(mutant.fails), reasons
    assert mutant.name in recognised(mutated(mutant.name)).values()


@pytest.mark.parametrize("rewrite", lstm().rewrites, ids=lambda r: r.name)
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


@pytest.mark.parametrize("name", ["learned.order", "learned.reber", "learned.series"])
def test_tasks_are_learned_and_cannot_be_passed_without_training(name: str) -> None:
    check = lstm().check(name)
    reply = run_probe(check, names(), seed(check))
    parameters = reply["arrays"]
    assert replayed(check, parameters, "salt") >= check.threshold
    assert replayed(check, parameters, "another") < check.threshold
    zeros = {k: np.zeros_like(a) for k, a in parameters.items()}
    assert replayed(check, zeros, "salt") < check.threshold


def played(monkeypatch: pytest.MonkeyPatch, *, released: bool) -> dict[str, Any]:
    """What the notebook's code leaves when all but its check cells run, training labs cut short."""
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("Agg")
    monkeypatch.setattr(pyplot, "show", lambda: pyplot.close("all"))
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for cell in lstm().cells if released else lstm().solved():
        if not cell.markdown and cell.kind != "check" and cell.id != "harness":
            source = cell.source.replace("updates=300", "updates=100")
            exec(compile(source, f"<cell {cell.id}>", "exec"), namespace)
    return namespace


def test_pictures_of_the_release_say_what_to_finish_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    played(monkeypatch, released=True)
    labs = [c for c in lstm().cells if c.kind == "lab" and "if finished(" in c.source]
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Finish")]
    assert said == ["Finish lstm-cell first, then run this cell again."] * len(labs)
    assert len(labs) >= 7


def test_the_labs_show_what_the_notebook_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = played(monkeypatch, released=False)
    assert "Finish" not in capsys.readouterr().out
    assert lab["plain_learned"] == {12: 3, 24: 3, 48: 0}
    assert lab["bias_learned"] == {0.0: 0, 1.0: 2}
    first = {key: norms[0] for key, norms in lab["paths"].items()}
    assert first[1.0, "all"] == pytest.approx(2.6e-3, rel=0.2)
    assert first[1.0, "belt only"] == pytest.approx(2.0e-7, rel=0.2)
    assert first[1.0, "never on the belt"] < 1e-25
    assert first[0.0, "all"] < 1e-7 < 0.1 < first[2.0, "all"]
    assert lab["right"][-1] == 1.0
    assert lab["against"]["waves"] < 0.1 < 1 < lab["against"]["random walk"]
