"""The history of a submission: durable, and once."""

from __future__ import annotations

import dataclasses
import os
import stat
import sys

import pytest

from minigrad.grading.model import Exercise, Report, Verdict
from minigrad.grading.store.history import FILE, State, remember, state, states

A = State("t1", "graded", "", {"e.x": (True, 5.0)}, 5.0, 10.0, 5.0, 0.0, ("Decision of d",), "w", "s", "r")
B = dataclasses.replace(A, time="t2", total=4.0)


def test_a_state_is_appended_once(tmp_path):
    place = tmp_path / "history" / "ann"
    assert states(place) == []
    assert remember(place, A)
    assert not remember(place, dataclasses.replace(A, time="t3")), "another time alone is no change"
    assert remember(place, B)
    assert remember(place, dataclasses.replace(A, time="t4"))
    assert states(place) == [A, B, dataclasses.replace(A, time="t4")]
    if sys.platform != "win32":
        assert stat.S_IMODE((place / FILE).stat().st_mode) == 0o600


@pytest.mark.parametrize("cut", [1, 2, 40])
def test_a_line_that_a_crash_has_cut_is_written_again_and_hurts_no_other(tmp_path, cut):
    remember(tmp_path, A)
    remember(tmp_path, B)
    os.truncate(tmp_path / FILE, (tmp_path / FILE).stat().st_size - cut)
    assert states(tmp_path) == ([A, B] if cut == 1 else [A])
    remember(tmp_path, B)
    remember(tmp_path, dataclasses.replace(A, time="t3"))
    assert [s.time for s in states(tmp_path)] == ["t1", "t2", "t3"]


def test_a_line_of_something_else_is_left_out(tmp_path):
    remember(tmp_path, A)
    with (tmp_path / FILE).open("a") as file:
        file.write('{"time": "t"}\n[]\n3\n')
    assert states(tmp_path) == [A]


def test_the_state_of_a_report():
    verdicts = (Verdict("e.x", "e", "", 5.0, True, True), Verdict("e.y", "e", "", 5.0, True, False))
    report = Report("a", "graded", (Exercise("e", 10.0, 5.0, verdicts),), notes=("a repair", "Decision of d"))
    made = state(report, "t", 4.0, 1.0, "w", "s", "r")
    assert made.checks == {"e.x": (True, 5.0), "e.y": (False, 5.0)}
    assert (made.score, made.maximum, made.total, made.decisions) == (5.0, 10.0, 4.0, ("Decision of d",))
