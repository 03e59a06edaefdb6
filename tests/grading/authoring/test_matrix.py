"""The matrix finds what is wrong with an assignment's checks."""

import dataclasses

import pytest

from minigrad.checks import Rewrite, Variant, collect, mutant
from minigrad.grading.authoring.matrix import matrix
from minigrad.grading.judge import judge as judging
from tests.grading.near import Near
from tests.grading.squares import HIDDEN, MUTANTS, PUBLIC, squares

WEAK = """
import numpy as np
from minigrad.checks import check

@check(exercise="square", weight=5, says="Zero squared is zero.")
def zero(student, rng):
    return {"y": student.square(np.zeros(3))}

@check(exercise="square", weight=5, says="One squared is one.")
def one(student, rng):
    return {"y": student.square(np.ones(3))}
"""


@pytest.fixture(autouse=True)
def near(monkeypatch):
    server = Near()
    monkeypatch.setattr(judging, "Lent", server)
    return server


def with_checks(text, **changes):
    names: dict = {"__name__": "checks"}
    exec(text, names)
    return squares(checks=collect(names), sources={"checks.py": text}, public=frozenset(), **changes)


def test_sound_checks_have_no_complaints():
    found = matrix(squares(), isolation="unsafe")
    assert found.complaints == ()
    mutants = {r["mutant"]: r for r in found.rows if "mutant" in r}
    assert mutants.keys() == {m.name for m in MUTANTS}
    row = mutants["square-doubles"]
    assert row["checks_failed"] == row["checks_expected"] == ["square.negative", "square.value"]
    assert (row["assignment"], row["killed"], row["hint_named"], row["public_pass_hidden_fail"]) == (
        "00-squares", True, True, False,
    )  # fmt: skip
    assert mutants["mean-of-rows"]["public_pass_hidden_fail"] is True
    variants = {r["variant"]: r["score"] for r in found.rows if "variant" in r}
    assert variants == {"solution": 30.0, "powers": 30.0}
    assert [r["named"] for r in found.rows if "rewrite" in r] == [True]
    assert found.text.splitlines()[-1] == (
        "00-squares: 3 of 3 mutants killed, 3 named, 1 caught by hidden checks alone; "
        "1 of 1 rewrites named; 2 of 2 variants get all points"
    )


def complaints(task):
    return "\n".join(matrix(task, isolation="unsafe").complaints)


def test_a_mutant_that_fails_other_checks_than_it_says():
    less = dataclasses.replace(MUTANTS[0], fails=("square.value",))
    more = dataclasses.replace(MUTANTS[2], fails=("mean.value-of-mean", "square.value"))
    assert complaints(squares(mutants=(less, more), rewrites=())).splitlines() == [
        "00-squares: mutant square-doubles also fails square.negative: "
        "add to its `fails`, or mend the checks",
        "00-squares: mutant mean-of-rows does not fail square.value: mend its `fails`, or the checks",
    ]


def test_a_mutant_that_no_check_catches():
    harmless = mutant("harmless", "x * x\n", "1 * x * x\n", "h", ["square.value"])
    found = matrix(squares(mutants=(harmless,), rewrites=()), isolation="unsafe")
    assert found.complaints == (
        "00-squares: mutant harmless passes every check: add one that tells it from the solution",
    )
    assert [r["killed"] for r in found.rows if "mutant" in r] == [False]
    assert "0 of 1 mutants killed" in found.text


def test_two_mutants_with_equal_arrays():
    twin = mutant("twin", "x * x\n", "2 * x\n", "h", ["square.value", "square.negative"])
    told = complaints(squares(mutants=(*MUTANTS, twin)))
    assert "mutants square-doubles and twin give the same arrays" in told
    assert "mutant twin is taken for no known mistake" in told
    assert "rewrite twice is taken for no known mistake, not for square-doubles" in told


def test_a_rewrite_of_another_mistake():
    other = Rewrite("other", "square-doubles", {"square": "def square(x):\n    return x * abs(x)\n"})
    told = complaints(squares(rewrites=(other,)))
    assert "rewrite other is taken for square-signed, not for square-doubles" in told


def test_a_variant_that_is_not_right():
    wrong = Variant("wrong", {"mean": "def mean(x):\n    return 0.0\n"})
    told = complaints(squares(variants=(wrong,)))
    assert "variant wrong fails mean.value-of-mean, though it is right: `m` is off by about " in told
    assert "variant wrong fails fit.slope, though it is right: waits for" in told


def test_checks_that_ask_for_nothing():
    told = complaints(with_checks(WEAK, mutants=(), variants=(), rewrites=()))
    assert "check square.zero is satisfied by zeros" in told
    assert "check square.one is satisfied by another salt's answers" in told
    assert "check square.one is satisfied by zeros" not in told


def test_the_toys_sources_are_its_checks():
    names: dict = {"__name__": "checks"}
    exec(PUBLIC + HIDDEN, names)
    assert [c.name for c in collect(names)] == [c.name for c in squares().checks]
