"""Limits of recognition: tolerances, and the projections, whose numbers are part of released files."""

from __future__ import annotations

import zlib
from types import SimpleNamespace

import numpy as np
import pytest

from minigrad.grading.judge import diagnose
from minigrad.grading.judge.diagnose import (
    evidence_equal,
    failure_code,
    only_match,
    project,
    projections_equal,
    recognise,
    recognise_projected,
    within_tolerance,
)
from minigrad.grading.model import Evidence, Failure
from tests.grading.judge.test_diagnose import CHECKS, failed


def x(*entries: float) -> Evidence:
    return Evidence(arrays={"x": np.array(entries)})


def test_arrays_apart_by_exactly_the_tolerance_agree_and_by_more_do_not():
    b, rtol, atol = np.array([-4.0]), 0.25, 0.5
    for a in (-5.5, -2.5):
        assert within_tolerance(np.array([a]), b, rtol, atol)
        assert not within_tolerance(np.array([np.nextafter(a, a + np.sign(a + 4))]), b, rtol, atol)


def test_entries_that_are_not_finite_must_be_the_same_ones():
    one = np.array([np.nan, np.inf, 1.0])
    assert within_tolerance(one, one.copy(), 0.0, 0.0)
    assert not within_tolerance(np.array([np.nan, -np.inf, 1.0]), one, 1.0, 1.0)
    assert not within_tolerance(np.array([np.nan, np.inf, np.nan]), one, 1.0, 1.0)
    assert not within_tolerance(np.array([np.nan, np.inf, np.inf]), one, 1.0, 1.0)


def test_arrays_of_another_dtype_or_shape_do_not_agree():
    assert not within_tolerance(np.zeros(2, np.float32), np.zeros(2), 1.0, 1.0)
    assert not within_tolerance(np.zeros((2, 1)), np.zeros(2), 1.0, 1.0)


@pytest.mark.parametrize("norm", [0.0, 3.0])
def test_projections_apart_by_exactly_the_tolerance_are_equal_and_by_more_are_not(norm):
    b = np.zeros(10)
    b[1] = norm
    a = b.copy()
    a[5] = -(1e-9 + 1e-5 * norm)
    assert projections_equal(a, b)
    a[5] = np.nextafter(a[5], -1)
    assert not projections_equal(a, b)


def test_projections_of_another_length_or_failure_are_not_equal():
    b = np.zeros(10)
    assert not projections_equal(b[:9], b)
    b[1] = 1e12  # so much room that the code alone decides
    a = b.copy()
    a[0] = 1
    assert not projections_equal(a, b)


def test_no_arrays_are_no_failure():
    assert not evidence_equal(CHECKS[0], Evidence(), failed())
    assert not evidence_equal(CHECKS[0], failed(), Evidence())
    assert evidence_equal(CHECKS[0], failed(), failed(reason="TypeError"))
    assert evidence_equal(CHECKS[0], Evidence(), Evidence())


def test_the_code_of_a_failure_is_its_kinds_and_for_an_exception_its_names():
    assert failure_code(Evidence()) == 0
    assert failure_code(failed()) == failure_code(failed(reason="TypeError"))
    assert failure_code(failed()) != failure_code(failed(reason="KeyError in line 3 of your cell `e`"))
    assert failure_code(failed("todo", "a b")) == failure_code(failed("todo", "c")) != failure_code(failed())
    assert failure_code(failed("todo")) == zlib.crc32(b"todo:")  # released files have it


def test_the_code_of_a_failure_is_never_that_of_arrays(monkeypatch):
    monkeypatch.setattr(diagnose, "zlib", SimpleNamespace(crc32=lambda data: 0))
    assert failure_code(failed()) == 1


@pytest.mark.parametrize(
    ("odd", "counts_as"),
    [(np.nan, 1.7e9), (np.inf, 1.3e9), (-np.inf, -1.1e9), (1e200, 1e100), (-1e200, -1e100)],
)
def test_what_no_projection_can_hold_counts_as_a_large_number(odd, counts_as):
    assert np.array_equal(project(x(1.0, odd)), project(x(1.0, counts_as)))
    assert project(x(odd))[1] == abs(counts_as)


def test_a_projection_is_the_code_the_norm_and_eight_numbers():
    assert project(failed())[1:].tolist() == [0.0] * 9
    assert project(x(3.0, -4.0))[:2].tolist() == [0.0, 5.0]
    two = project(Evidence(arrays={"x": np.array([3.0]), "y": np.array([-4.0])}))
    assert two[1] == 5.0
    assert np.allclose(two[2:], project(x(3.0))[2:] + project(Evidence(arrays={"y": np.array([-4.0])}))[2:])
    assert len(set(two)) == 10


def test_exactly_one_mutant_is_recognised():
    def only(observed, **mutants):
        known = {name: {"c": value} for name, value in mutants.items()}
        return only_match(["c"], {"c": observed}, {"c": 0}, known, lambda _, a, b: a == b)

    assert only(1, a=1, b=2) == "a"
    assert only(1, a=1, b=1) is None
    assert only(1, a=2) is None
    assert only(0, a=0) is None
    assert only_match(["c"], {"c": 1}, {"c": 0}, {"a": {}}, lambda _, a, b: a == b) is None


def test_without_numbers_nothing_is_recognised():
    raises, right = {"e.value": failed()}, {"e.value": x(1.0)}
    assert recognise(CHECKS[:1], raises, right, {"m": raises}) is None
    projected = [{"e.value": project(e["e.value"])} for e in (raises, right)]
    assert recognise_projected(projected[0], projected[1], {"m": projected[0]}) is None


def test_a_score_is_no_number_of_a_deterministic_check():
    raises = {"e.value": failed(), "e.gradient": failed()}
    right = {"e.value": x(1.0), "e.gradient": x(1.0)}
    assert recognise(CHECKS, {**raises, "e.train": Evidence(score=0.0)}, right, {"m": raises}) is None


def test_failures_of_other_kinds_differ():
    kinds = ("missing", "todo", "bad-value", "timeout", "died", "waits")
    codes = {failure_code(Evidence(failure=Failure(kind, "`x` is wrong"))) for kind in kinds}  # type: ignore[arg-type]
    assert len(codes) == len(kinds)
