"""An exercise's points, shared out among its checks."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

import pytest

from minigrad.checks import Check, check
from minigrad.grading.assignment.load import load
from minigrad.grading.assignment.points import misstated, shared, weights
from minigrad.grading.model import Cell
from tests.grading import example
from tests.grading.squares import squares


def made(exercise: str, *given: float) -> list[Check]:
    names = itertools.count()

    def probe(weight: float) -> Check:
        def one(student: object, rng: object) -> dict[str, object]:
            return {}

        one.__name__ = f"probe_{next(names)}"
        return check(exercise=exercise, weight=weight, says="")(one)

    return [probe(weight) for weight in given]


def test_points_go_by_weight_whatever_the_weights_add_up_to() -> None:
    checks = [*made("a", 1, 2, 5), *made("b", 0.5)]
    assert weights(checks) == {"a": 8, "b": 0.5}
    found = shared(checks, {"a": 20, "b": 3}, weights(checks))
    assert [c.points for c in found] == [2.5, 5, 12.5, 3]
    assert [(c.name, c.weight) for c in found] == [(c.name, c.weight) for c in checks]


def test_public_checks_alone_get_their_part() -> None:
    public = made("a", 1)
    assert [c.points for c in shared(public, {"a": 10}, {"a": 4})] == [2.5]


def test_a_check_without_a_weight_weighs_one() -> None:
    assert check(exercise="a", says="")(lambda student, rng: {}).weight == 1


@pytest.mark.parametrize("weight", [0, -1, float("nan"), float("inf")])
def test_a_weight_is_above_zero(weight: float) -> None:
    with pytest.raises(ValueError, match=r"check of 'a': weight must be a number above 0"):
        made("a", weight)


def test_one_more_check_changes_no_total(tmp_path: Path) -> None:
    more = '@check(exercise="halve", says="Halved.")\ndef again(student, rng): ...\n'
    folder = example.write(tmp_path)
    before = {c.name: c.points for c in load(folder).checks if c.exercise == "halve"}
    (folder / "checks.py").write_text(example.HIDDEN + more, encoding="utf-8")
    after = {c.name: c.points for c in load(folder).checks if c.exercise == "halve"}
    assert before == {"halve.half": 4, "halve.one-row-hidden": 6}
    assert after == {
        "halve.half": pytest.approx(40 / 11),
        "halve.one-row-hidden": pytest.approx(60 / 11),
        "halve.again": pytest.approx(10 / 11),
    }


TEXT = """\
| part | you write | points |
|---|---|---:|
| 1 | `square` | 10 |
| 2 | `mean` | 10 |
| 3 | the rest | 15 |

### Exercise `square` · 10 points
### Question `why` · 5 points, read by a person
About `mean` · 3 points, by the way.
"""


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("", "", []),
        ("`square` · 10", "`square` · 12", ["a heading says that `square` has 12 points, and its cell 10"]),
        ("`why` · 5", "`why` · 4.5", ["a heading says that `why` has 4.5 points, and its cell 5"]),
        ("| 15 |", "| 20 |", ["its table of points has 40 in all, and its cells 35"]),
        ("| 15 |", "| 5 + 10 |", []),
        ("| 15 |", "| 5 + 10.5 |", ["its table of points has 35.5 in all, and its cells 35"]),
        ("| 15 |", "| 7, of them 2 optional |", []),
    ],
)
def test_points_that_a_text_states_otherwise_are_told(old: str, new: str, told: list[str]) -> None:
    task = squares()
    cells = (*task.cells, Cell("intro", "text", TEXT.replace(old, new, 1), markdown=True))
    found = misstated(dataclasses.replace(task, cells=cells))
    assert found == [f"{task.name}/notebook.py: {line}" for line in told]
