"""Decisions about checks: who gets what, what the maximum becomes, and that everybody is told."""

from __future__ import annotations

import dataclasses

import pytest

from minigrad.grading.classroom.changes import changes, changes_rows
from minigrad.grading.classroom.decisions import concerning, decided, demand_known, maxima, note
from minigrad.grading.model import Decision, Exercise, GradingError, Report, Verdict
from tests.grading.squares import squares

TASK = squares()  # square: value (4 points), negative (6); mean: one check (10); fit (10); why (5, in words)


def report(passed: set[str], *decisions: Decision) -> Report:
    """The judge's report of who passes some checks, with what was decided since."""
    exercises = []
    for name, points in TASK.exercises().items():
        mine = [c for c in TASK.checks if c.exercise == name]
        verdicts = tuple(
            Verdict(c.name, name, c.says, c.points, True, c.name in passed, "" if c.name in passed else "off")
            for c in mine
        )
        score = sum(v.points for v in verdicts if v.passed)
        exercises.append(Exercise(name, points, score, verdicts, hint="" if score == points else "Mind it."))
    return Report(TASK.name, "graded", tuple(exercises), notes=("a repair",), decisions=decisions)


def decision(kind: str, of: str, **more: object) -> Decision:
    return Decision(kind, of, "The text was unclear.", "2030-02-03", **more)  # type: ignore[arg-type]


VALUE, NEGATIVE = "square.value", "square.negative"


@pytest.mark.parametrize(
    ("made", "passed", "square", "points"),
    [
        (decision("credit", NEGATIVE), {VALUE}, 10, 10),
        (decision("credit", NEGATIVE), set(), 6, 10),
        (decision("credit", NEGATIVE), {VALUE, NEGATIVE}, 10, 10),
        (decision("drop", NEGATIVE), {VALUE}, 10, 10),
        (decision("drop", NEGATIVE), {NEGATIVE}, 0, 10),
        (decision("drop", NEGATIVE, gone=True), {VALUE}, 4, 4),
        (decision("drop", NEGATIVE, gone=True), {NEGATIVE}, 0, 4),
        (decision("add", "square", points=3.0), {VALUE}, 7, 10),
        (decision("add", "square", points=9.0), {VALUE}, 10, 10),
        (decision("add", "mean", points=3.0), {VALUE}, 4, 10),
    ],
)
def test_what_a_decision_does(made, passed, square, points):
    found = decided(report(passed, made))
    first = found.exercises[0]
    assert (first.score, first.points) == (pytest.approx(square), pytest.approx(points))
    assert sum(v.points for v in first.verdicts) == pytest.approx(points)
    assert found.notes == ("a repair", note(made))
    assert found.exercises[2] == report(passed).exercises[2]
    assert bool(first.hint) == (not all(v.passed or v.points == 0 for v in first.verdicts))
    assert decided(found) == found, "once"


def test_several_decisions_hold_together():
    made = (
        decision("drop", NEGATIVE, gone=True),
        decision("credit", VALUE),
        decision("add", "mean", points=2.5),
    )
    found = decided(report(set(), *made))
    assert [(e.score, e.points) for e in found.exercises] == [(4, 4), (2.5, 10), (0, 10)]


def test_what_was_not_graded_stays_so():
    refused = Report(TASK.name, "refused", reason="no notebook", decisions=(decision("credit", VALUE),))
    assert decided(refused) == Report(TASK.name, "refused", reason="no notebook")


def test_a_decision_concerns_everybody_or_those_it_names():
    some, all_ = decision("credit", VALUE, students=("ann",), where="x, line 3"), decision("drop", NEGATIVE)
    assert concerning((some, all_), "bob") == (all_,)
    assert [d.kind for d in concerning((some, all_), "ann")] == ["credit", "drop"]
    assert concerning((some,), "ann") == concerning((dataclasses.replace(some, where="line 9"),), "ann")


def test_the_maximum_is_without_what_is_gone():
    whole = {"square-check": 10, "mean-check": 10, "fit-check": 10, "why": 5}
    assert maxima(TASK, ()) == maxima(TASK, (decision("drop", NEGATIVE),)) == whole
    assert maxima(TASK, (decision("drop", NEGATIVE, gone=True),)) == whole | {"square-check": 4}


@pytest.mark.parametrize(
    ("made", "why"),
    [
        ([decision("drop", "square.none")], "no check is called `square.none`: there is square.value"),
        ([decision("credit", "square")], "no check is called `square`"),
        (
            [decision("add", VALUE, points=1.0)],
            "no exercise is called `square.value`: there is square, mean",
        ),
        ([decision("drop", "mean.value-of-mean")], "`mean` has no other check: credit this one to all"),
        ([decision("drop", VALUE), decision("drop", NEGATIVE)], "`square` has no other check"),
    ],
)
def test_a_decision_about_what_is_not_there_names_its_line(made, why):
    with pytest.raises(GradingError, match=f"^course.toml, line 7: {why}"):
        demand_known(TASK, [dataclasses.replace(d, where="course.toml, line 7") for d in made])
    demand_known(TASK, [decision("drop", VALUE), decision("add", "mean", points=1.0)])


def test_of_many_names_the_nearest_are_told_and_where_all_are():
    checks = tuple(dataclasses.replace(c, name=f"{c.name}-{n}") for n in range(20) for c in TASK.checks)
    many = dataclasses.replace(TASK, checks=checks)
    with pytest.raises(GradingError) as told:
        demand_known(many, [decision("drop", "square.negativ-7")])
    _, names = str(told.value).split("there is ")
    names, more = names.split(", and ")
    assert names.split(", ")[0] == "square.negative-7"
    assert len(names.split(", ")) == 5
    written = f"report-{TASK.name}.json, which `minigrad report {TASK.name}` writes"
    assert more == f"{len(checks) - 5} more: all are in {written}"


def test_a_preview_says_why_and_of_how_much():
    before, made = report({VALUE}), decision("drop", NEGATIVE, gone=True)
    (found,) = changes(
        {"ann": decided(before)}, {"ann": decided(report({VALUE}, decision("credit", NEGATIVE)))}
    )
    (row,) = changes_rows([found])
    assert row[:4] == ("ann", "4", "10", "+6")
    assert row[4].startswith("Decision of 2030-02-03: `square.negative` counts as passed")
    assert "gains" not in row[4], "the decision says so"
    told = "Decision of 2030-02-03: `square.negative` counts for nobody, and its points are gone"
    with_it, without = {"ann": decided(report({NEGATIVE}, made))}, {"ann": decided(report({NEGATIVE}))}
    (found,) = changes(without, with_it)
    assert changes_rows([found])[0][3:] == ("-6", f"{told}: The text was unclear.")
    (found,) = changes(with_it, without)
    assert changes_rows([found])[0][3:] == ("+6", f"taken back: {told}: The text was unclear.")


def test_a_preview_says_what_no_decision_accounts_for():
    """Shares of the exercise of a check that is dropped are the decision's; another check's loss is not."""
    dropped = decision("drop", NEGATIVE)
    (found,) = changes(
        {"ann": decided(report({VALUE, "mean.value-of-mean"}))}, {"ann": decided(report({VALUE}, dropped))}
    )
    (row,) = changes_rows([found])
    assert row[4].endswith("and its points go to the others: The text was unclear.; loses mean.value-of-mean")
    assert "worth" not in row[4]
    assert found.shares, "programs are told them"
