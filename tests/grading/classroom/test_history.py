"""From one recorded state to the next: what changed, and why."""

from __future__ import annotations

import dataclasses

import pytest

from minigrad.grading.classroom.changes import Step, steps, why
from minigrad.grading.store.history import State

ONE = "Decision of d: one"
CREDIT = "Decision of 2030-02-03: `e.y` counts as passed: unclear"
DROP = "Decision of 2030-02-03: `e.y` counts for nobody, and its points go to the others: unclear"
CHECKS = {"e.x": (True, 5.0), "e.y": (False, 5.0)}
A = State("t1", "graded", "", CHECKS, 5.0, 10.0, 5.0, 0.0, ("Decision of d: one",), "w", "s", "r")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"work": "v"}, ["another attempt"]),
        ({"round": "q"}, ["a new round"]),
        (
            {"sources": "q", "checks": {"e.x": (True, 4.0), "e.z": (True, 6.0)}},
            ["the assignment was edited", "new: e.z", "gone: e.y", "e.x is worth 4, was 5"],
        ),
        ({"decisions": ("Decision of e: two",)}, ["Decision of e: two", "taken back: Decision of d: one"]),
        ({"checks": {"e.x": (False, 5.0), "e.y": (True, 5.0)}}, ["passes e.y", "no longer passes e.x"]),
        (
            {"checks": {"e.x": (True, 5.0), "e.y": (True, 5.0)}, "decisions": (ONE, CREDIT)},
            [CREDIT],
        ),
        (
            {"checks": {"e.x": (True, 10.0), "e.y": (False, 0.0)}, "decisions": (ONE, DROP)},
            [DROP],
        ),
        ({"status": "refused", "reason": "no notebook", "checks": {}}, ["refused: no notebook"]),
        ({"maximum": 8.0}, ["the checks' maximum is 8, was 10"]),
        ({"penalty": 1.0, "total": 4.0}, ["lateness takes 1, took 0"]),
        ({"total": 7.0}, ["by hand 2, was 0"]),
        ({"total": 7.0, "score": 7.0, "time": "t2"}, []),
    ],
)
def test_every_cause_is_told(changed, told):
    assert [*why(A, dataclasses.replace(A, **changed))] == told


def test_the_first_state_is_the_first_grade():
    waits = dataclasses.replace(A, time="t2", total=None)
    gone = dataclasses.replace(A, time="t3", total=None, status="refused", reason="empty")
    first, second, third = steps([A, waits, gone])
    assert first == Step("t1", "", "5", ("first graded", "Decision of d: one", "does not pass e.y"))
    assert (second.before, second.after) == ("5", "waits for a person")
    assert (third.before, third.after, third.why) == ("waits for a person", "refused", ("refused: empty",))
    assert steps([]) == []


def with_checks(passed: set[str], worth: float = 1.0) -> State:
    """A state of two exercises with three checks each, of which the first is worth more or less."""
    checks = {f"{e}.{c}": (f"{e}.{c}" in passed, worth if e == "a" else 1.0) for e in "ab" for c in "xyz"}
    return dataclasses.replace(A, checks=checks, decisions=())


def test_all_checks_of_an_exercise_or_of_all_are_told_in_one_word():
    nothing, part = with_checks(set()), with_checks({"a.x", "a.y", "a.z", "b.x"})
    everything = with_checks({*nothing.checks})
    assert steps([nothing])[0].why == ("first graded", "does not pass the 6 checks")
    assert steps([part])[0].why == ("first graded", "does not pass b.y, b.z")
    assert [*why(nothing, part)] == ["passes the 3 checks of a, b.x"]
    assert [*why(everything, nothing)] == ["no longer passes the 6 checks"]
    assert [*why(nothing, with_checks(set(), 2.0))] == ["a is worth 6, was 3"]
