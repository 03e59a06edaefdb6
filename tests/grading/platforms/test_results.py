"""Gradescope's results.json: its form, what is seen when, and nothing said too early."""

from __future__ import annotations

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


def test_what_was_not_graded_has_a_reason_and_no_score() -> None:
    for unscored in (REFUSED, UNGRADED):
        made = valid(results(unscored), "results")
        assert "score" not in made
        assert [(t["status"], "score" in t) for t in made["tests"]] == [("failed", False)]
        assert unscored.reason.partition("<")[0] in made["output"]


@pytest.mark.parametrize("hidden", WHEN)
def test_hidden_checks_are_seen_when_it_is_said(hidden: str) -> None:
    made = valid(results(two(), hidden), "results")
    first, second = made["tests"]
    assert (first["visibility"], first["output"]) == ("visible", "")
    assert (second["visibility"], second["output"]) == (hidden, "off\nhint: look there")
    assert made["visibility"] == "visible"
    assert "points" not in made["output"], "the total would tell what hidden checks gave"


def test_no_control_character_is_told() -> None:
    made = json.dumps(results(REFUSED)) + json.dumps(results(two(EVIL)))
    assert "\\u001b" not in made


def test_the_schema_refuses_what_gradescope_would() -> None:
    made = results(two())
    made["tests"][0]["visibility"] = "later"
    with pytest.raises(jsonschema.ValidationError):
        valid(made, "results")
