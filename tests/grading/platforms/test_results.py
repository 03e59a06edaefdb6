"""Gradescope's results.json: its form, what is seen when, and nothing said too early."""

from __future__ import annotations

import dataclasses
import json

import jsonschema
import pytest

from minigrad.grading.model import Exercise, Report, Verdict
from minigrad.grading.platforms.results import WHEN, results
from tests.grading.platforms.schema import valid
from tests.grading.report.test_formats import EVIL, REFUSED, UNGRADED, report


def two(hint: str = "look there") -> Report:
    """A public check that passed, and a hidden one that did not."""
    seen, unseen = (
        Verdict(f"e.{name}", "e", "says", 1.0, public, passed=public, reason="off")
        for name, public in (("a", True), ("b", False))
    )
    return Report("a", "graded", (Exercise("e", 2.0, 1.0, (seen, unseen), hint=hint),))


def test_a_test_a_check() -> None:
    made = valid(results(report(False)), "results")
    assert (made["score"], sum(t["max_score"] for t in made["tests"])) == (5, pytest.approx(35 / 3, abs=1e-3))
    assert [t["status"] for t in made["tests"]] == ["passed", "failed"]
    assert len({t["name"] for t in made["tests"]}) == 2, "checks of one sentence are told apart"
    assert "off by about" in made["tests"][1]["output"]


def test_points_add_up_to_the_score_and_to_the_maximum() -> None:
    thirds = tuple(Verdict(f"e.{i}", "e", "says", 20 / 3, True, i < 2, "off") for i in range(3))
    made = results(Report("a", "graded", (Exercise("e", 20.0, 40 / 3, thirds),)))
    assert made["score"] == round(sum(t["score"] for t in made["tests"]), 4)
    assert round(sum(t["max_score"] for t in made["tests"]), 4) == 20.0
    right = Exercise("e", 20.0, 20.0, tuple(dataclasses.replace(v, passed=True) for v in thirds))
    assert results(Report("a", "graded", (right,)))["score"] == 20.0


def test_what_was_not_graded_has_a_reason_and_no_score() -> None:
    for unscored in (REFUSED, UNGRADED):
        made = valid(results(unscored), "results")
        assert "score" not in made
        assert [(t["status"], "score" in t) for t in made["tests"]] == [("failed", False)]
        assert unscored.reason.partition("<")[0] in made["output"]


def test_of_a_release_as_it_came_the_output_asks_for_the_right_file() -> None:
    made = dataclasses.replace(two(), blank=True)
    assert "as it was given out" in results(made)["output"]
    assert "as it was given out" not in results(two())["output"]


def test_what_is_refused_is_to_be_handed_in_again_for_no_person_is_told_there() -> None:
    told = results(REFUSED)["output"]
    assert "Hand in again: this was no attempt." in told
    assert "a person" not in told
    again = dataclasses.replace(REFUSED, reason="it is too large: clear the outputs and hand in again")
    told = results(again)["output"]
    assert "clear the outputs and hand in again. This was no attempt." in told, "said once"


@pytest.mark.parametrize("hidden", WHEN)
def test_hidden_checks_are_seen_when_it_is_said(hidden: str) -> None:
    made = valid(results(two(), hidden), "results")
    first, second = made["tests"]
    assert (first["visibility"], first["output"]) == ("visible", "")
    assert (second["visibility"], second["output"]) == (hidden, "off\nhint: look there")
    assert made["visibility"] == "visible"
    assert "points" not in made["output"], "the total would tell what hidden checks gave"


@pytest.mark.parametrize("passed", [False, True])
@pytest.mark.parametrize("hidden", WHEN)
def test_a_public_check_that_waits_for_hidden_ones_is_seen_with_them(hidden: str, passed: bool) -> None:
    """If it was seen before, its reason would name a hidden check that failed, its pass tell of one that
    did not, and its absence of the same."""
    gradient = Verdict("e.b", "e", "says", 1.0, False, passed, "" if passed else "off")
    early = Verdict("l.a", "l", "says", 1.0, True, True)
    reason, failure = ("", None) if passed else ("waits for `e.b`", "waits")
    late = Verdict("l.late", "l", "says", 1.0, True, passed, reason, failure)
    exercises = (
        Exercise("e", 1.0, 1.0 * passed, (gradient,)),
        Exercise("l", 2.0, 1.0 + passed, (early, late)),
    )
    made = valid(results(Report("a", "graded", exercises), hidden, {"l.late"}), "results")
    assert [t["visibility"] for t in made["tests"]] == [hidden, "visible", hidden]
    seen = {k: v for k, v in made.items() if k not in ("score", "tests")}
    assert "e.b" not in json.dumps([seen, [t for t in made["tests"] if t["visibility"] == "visible"]]) or (
        hidden == "visible"
    )


def test_no_control_character_is_told() -> None:
    made = json.dumps(results(REFUSED)) + json.dumps(results(two(EVIL)))
    assert "\\u001b" not in made


def test_the_schema_refuses_what_gradescope_would() -> None:
    made = results(two())
    made["tests"][0]["visibility"] = "later"
    with pytest.raises(jsonschema.ValidationError):
        valid(made, "results")
