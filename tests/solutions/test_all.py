"""Every assignment under solutions/ against its own claims: points, sentences, solution, variants, mutants.

A new assignment is found here by its folder. What is special to one stands in a file of its own here.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from minigrad.checks import Mutant, Rewrite, Variant
from minigrad.grading.assignment import load as sources
from minigrad.grading.assignment.points import misstated
from minigrad.grading.judge.reference import identical, mutated
from minigrad.grading.model import Evidence
from minigrad.sandbox.probing import run_probe
from tests.solved import (
    SOLUTIONS,
    changed,
    deterministic,
    evidence,
    expected,
    failed,
    guarded,
    known,
    names,
    played,
    recognised,
    replayed,
    seed,
    solved,
    trained,
)

NAMES = sources.names(SOLUTIONS)
GRADED = [name for name in NAMES if solved(name).checks]
SALTS = ("salt", "another")


def each(table: str) -> list[Any]:
    """A parameter (assignment, value) for everything of one kind that the assignments hold."""
    rows = [(name, value) for name in NAMES for value in getattr(solved(name), table)]
    return [pytest.param(name, value, id=f"{name}-{value.name}") for name, value in rows]


@pytest.mark.parametrize("name", NAMES)
def test_a_graded_assignment_is_worth_100_points_and_an_ungraded_one_none(name: str) -> None:
    a = solved(name)
    points = {e: sum(c.points for c in a.checks if c.exercise == e) for e in a.exercises()}
    assert points == pytest.approx(a.exercises())
    written = sum(c.points for c in a.cells if c.kind == "written")
    assert sum(points.values()) + written == pytest.approx(100 if a.checks else 0)
    assert misstated(a) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_hint_goes_from_a_question_over_the_idea_to_the_place(name: str) -> None:
    hints = {m.name: m.hint.split("\n") for m in solved(name).mutants}
    assert [m for m, steps in hints.items() if len(steps) != 3 or not steps[0].endswith("?")] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_hint_holds_the_name_of_a_check(name: str) -> None:
    """A list of `fails` that was edited by search and replace once left a name in four hints."""
    a = solved(name)
    for probe in {p for c in a.checks if "-" in (p := c.name.split(".")[1])}:
        assert [m.name for m in a.mutants if re.search(rf"(?<![\w-]){probe}(?![\w-])", m.hint)] == [], probe


@pytest.mark.parametrize("name", NAMES)
def test_every_check_says_a_sentence_of_the_notebook_and_no_hidden_one_is_alone(name: str) -> None:
    a = solved(name)
    text = "\n".join(c.source for c in a.cells if c.markdown) + "\n"
    said = {(c.exercise, c.says) for c in a.checks if c.name in a.public}
    for check in a.checks:
        assert f"- {check.says}\n" in text, check.name
        assert (check.exercise, check.says) in said, f"{check.name} has no public sibling"


@pytest.mark.parametrize("name", GRADED)
def test_what_trains_waits_in_the_notebook_too_for_each_exercise_that_it_needs(name: str) -> None:
    """Hidden checks are not there to be waited for: without a public one, a stub fails the training."""
    a = solved(name)
    for check in a.checks:
        needed = {n.split(".")[0] for n in check.needs}
        assert needed == {n.split(".")[0] for n in check.needs if n in a.public}, check.name


@pytest.mark.parametrize("name", GRADED)
def test_the_solution_gives_arrays_for_every_check_and_the_same_again(name: str) -> None:
    assert {check: e.failure for check, e in expected(name).items() if e.failure} == {}
    assert failed(name, evidence(name, names(name)), expected(name)) == {}


@pytest.mark.parametrize("name", GRADED)
def test_a_blank_release_is_to_do_everywhere(name: str) -> None:
    blank = evidence(name, names(name, released=True))
    assert {check: e.failure for check, e in blank.items() if not e.failure or e.failure.kind != "todo"} == {}


@pytest.mark.parametrize("salt", SALTS)
@pytest.mark.parametrize(("name", "variant"), each("variants"))
def test_variants_pass(name: str, variant: Variant, salt: str) -> None:
    assert failed(name, changed(name, variant.cells, salt), expected(name, salt)) == {}


@pytest.mark.parametrize(("name", "mutant"), each("mutants"))
def test_mutants_fail_exactly_what_they_name_and_are_recognised(name: str, mutant: Mutant) -> None:
    observed = known(name)[mutant.name]
    reasons = failed(name, observed, expected(name))
    assert sorted(reasons) == sorted(mutant.fails), reasons
    assert set(recognised(name, observed).values()) == {mutant.name}


@pytest.mark.parametrize(("name", "rewrite"), each("rewrites"))
def test_rewrites_are_recognised(name: str, rewrite: Rewrite) -> None:
    observed = changed(name, rewrite.cells)
    assert set(recognised(name, observed).values()) == {rewrite.of}


@pytest.mark.parametrize("name", GRADED)
def test_a_probe_that_asks_for_nothing_changed_gives_the_same(name: str) -> None:
    """`changed`, with which the tests above look at all work, against all probes on a part of it."""
    a = solved(name)
    work = [*(mutated(a, m) for m in a.mutants), *(w.cells for w in (*a.variants, *a.rewrites))]
    for cells in work[:: len(work) // 4]:
        whole, part = evidence(name, names(name, cells)), changed(name, cells)
        assert [c for c in whole if not identical(whole[c], part[c])] == []


@pytest.mark.parametrize("name", GRADED)
def test_neither_zeros_nor_another_salts_answers_satisfy_a_check(name: str) -> None:
    want = expected(name)
    zeros = {n: Evidence({k: np.zeros_like(a) for k, a in e.arrays.items()}) for n, e in want.items()}
    everything = {c.name for c in deterministic(name)}
    assert set(failed(name, zeros, want)) == everything
    assert set(failed(name, expected(name, "another"), want)) == everything


@pytest.mark.parametrize(("name", "task"), [(name, task) for name in NAMES for task in trained(name)])
def test_tasks_are_learned_and_cannot_be_passed_without_training(name: str, task: str) -> None:
    check = solved(name).check(task)
    parameters = run_probe(check, names(name), seed(check, "salt"))["arrays"]
    zeros = {k: np.zeros_like(a) for k, a in parameters.items()}
    assert replayed(name, check, parameters, "salt") >= check.threshold
    assert replayed(name, check, parameters, "another") < check.threshold
    assert replayed(name, check, zeros, "salt") < check.threshold


@pytest.mark.parametrize("name", [name for name in NAMES if guarded(name)])
def test_labs_of_a_blank_release_say_what_they_wait_for(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    played(name, monkeypatch, released=True)
    said = [line for line in capsys.readouterr().out.splitlines() if "waits for" in line]
    assert len(said) == len(guarded(name))
    for line, exercise in zip(said, guarded(name), strict=True):
        waits = rf'This part waits for ({exercise or ".+"}): check\("\1"\) says what is missing\.'
        assert re.fullmatch(waits, line), (line, exercise)
