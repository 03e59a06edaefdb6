"""Limits of the judge: how often it tries again, whose time counts, and what it keeps."""

from __future__ import annotations

import pytest

from minigrad.checks import mutant
from minigrad.grading.intake.canonical import intake
from minigrad.grading.judge.judge import Judge
from minigrad.grading.model import Evidence, JudgeFault
from tests.grading.judge.test_judge import ALL, SALT, scores
from tests.grading.near import Near
from tests.grading.squares import squares, submission


@pytest.fixture
def near():
    return Near()


@pytest.fixture
def judge(near):
    with Judge(squares(), SALT, serve=near) as judge:
        judge.prepare()
        yield judge


WRONG = "def square(x):\n    return 2 * x\n"


def test_two_faults_are_tried_again_and_three_leave_the_submission_ungraded(judge, near):
    near.faults = 2
    assert judge.grade(submission()).status == "graded"
    judge.close()
    near.faults = 3
    report = judge.grade(submission())
    assert (report.status, report.reason) == (
        "ungraded", "the judge failed (no room): grade this submission again",
    )  # fmt: skip
    assert near.faults == 0


@pytest.mark.parametrize("fault", [OSError("disk"), MemoryError()])
def test_a_fault_of_the_machine_is_told_by_its_name_alone(judge, near, fault):
    near.faults, near.fault = 3, fault
    report = judge.grade(submission())
    assert report.reason == f"the judge failed ({type(fault).__name__}): grade this submission again"
    near.faults = 2
    assert scores(judge.grade(submission())) == ALL


def test_why_there_is_no_sandbox_is_told(judge, near):
    near.faults, near.fault = 3, JudgeFault("no namespaces here\n  allow them")
    reason = judge.grade(submission()).reason
    assert reason == "the judge failed (no namespaces here): grade this submission again"


def test_each_submission_is_charged_its_own_replays_alone(judge):
    first, second = judge.grade(submission()), judge.grade(submission())
    assert first.cpu == pytest.approx(second.cpu, rel=1e-9)
    assert first.training_cpu == pytest.approx(second.training_cpu, rel=1e-9)


def test_a_judge_says_which_isolation_is_in_force(judge):
    assert judge.isolation == "near"


def test_what_a_judge_can_be_told_besides_is_told_by_name():
    with pytest.raises(TypeError):
        Judge(squares(), SALT, "auto")


def test_cells_are_trained_unless_that_is_left_out(judge):
    taken = intake(submission(), squares())
    assert "fit.slope" in judge.observe(taken.cells).probes
    assert "fit.slope" not in judge.observe(taken.cells, train=False).probes
    assert scores(judge.judge(taken)) == ALL
    assert scores(judge.judge(taken, train=False)) == {**ALL, "fit": 0.0}


def test_an_exercise_without_verdicts_has_no_points_and_no_mistake(judge):
    exercise = judge._exercise("square", 10.0, [], {})
    assert (exercise.score, exercise.mistake, exercise.hint) == (0.0, "", "")


def test_right_work_has_all_points_whatever_their_parts_add_up_to(judge):
    report = judge.grade(submission())
    verdicts = report.exercises[0].verdicts
    assert judge._exercise("square", 0.1 + 0.2, verdicts, {}).score == 0.1 + 0.2
    wrong = judge.grade(submission(square="def square(x):\n    return x * x if x.ndim > 1 else x\n"))
    assert judge._exercise("square", 3.0, wrong.exercises[0].verdicts, wrong_probes(judge)).score == 3.0


def wrong_probes(judge):
    """What that answer gives."""
    cells = intake(
        submission(square="def square(x):\n    return x * x if x.ndim > 1 else x\n"), squares()
    ).cells
    return judge.observe(cells).probes


def test_a_mistake_is_looked_for_among_those_given(judge):
    probes = judge.observe(intake(submission(square=WRONG), squares()).cells).probes
    assert judge.recognised("square", probes) == "square-doubles"
    assert judge.recognised("square", probes, {}) == ""
    assert judge.recognised("mean", probes) == ""
    assert judge.recognised("fit", probes) == ""
    known = {"other-name": judge.mutants["square-doubles"]}
    assert judge.recognised("square", probes, known) == "other-name"


def test_of_two_mistakes_at_once_the_one_that_fails_first_is_told(near):
    old = "x * x\n"
    flat = mutant("flat", old, "x * x if x.ndim > 1 else 2 * x\n", "Flat?", ["square.negative"])
    rows = mutant("rows", old, "x * abs(x) if x.ndim > 1 else x * x\n", "Rows?", ["square.value"])
    both = "def square(x):\n    return x * abs(x) if x.ndim > 1 else 2 * x\n"
    with Judge(squares(mutants=(flat, rows)), SALT, serve=near) as judge:
        told = judge.grade(submission(square=both)).exercises[0]
    assert (told.mistake, told.hint) == ("rows", "More than one thing may be wrong here. First: Rows?")


def test_verdicts_are_of_what_was_observed_in_the_assignments_order(judge):
    seen = {name: Evidence() for name in ("fit.slope", "square.negative", "square.value")}
    told = judge.verdicts(seen)
    assert [(v.check, v.public) for v in told] == [
        ("square.value", True), ("square.negative", False), ("fit.slope", False),
    ]  # fmt: skip


def test_a_closed_judge_starts_again_and_closing_twice_is_closing_once(judge, near):
    ended = []
    near.close = lambda: ended.append("server")
    assert scores(judge.grade(submission())) == ALL
    judge.close()
    judge.close()
    assert ended == ["server"]
    assert all(w.end == "closed" for w in near.workers)
    assert scores(judge.grade(submission())) == ALL
