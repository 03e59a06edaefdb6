"""The loop over a runner: order, waiting, tries, and what is put off."""

import dataclasses

import numpy as np
import pytest

from minigrad.checks import Check
from minigrad.grading.judge.observe import STOPPED, Stoppable, observe, waits
from minigrad.grading.judge.seeds import Public, Salted
from minigrad.grading.model import Evidence, Failure
from tests.grading.near import Written

SEEDS = Salted(b"0123456789abcdef", "00-none")
DIED, RAISED = (Evidence(failure=Failure(kind, kind)) for kind in ("died", "exception"))
WRONG = Evidence({"y": np.ones(1)})


def plain(name):
    return Check(name, name.split(".")[0], 1.0, "", lambda s, r: {})


def trained(name, *needs, tries=3):
    return dataclasses.replace(plain(name), needs=needs, replay=lambda *_: 1.0, threshold=0.9, tries=tries)


def score(value):
    return Evidence(score=value)


def watch(runner, *checks, seeds=SEEDS):
    return observe(runner, checks, seeds, {c.name: Evidence() for c in checks if not c.trained})


def names(runner):
    """The checks that were probed, in order."""
    return [name for name, *rest in runner.asked if len(rest) == 1]


def test_checks_are_probed_in_their_order_and_trained_last():
    runner = Written()
    found = watch(runner, trained("t.x", "a.b"), plain("a.a"), plain("a.b"))
    assert names(runner) == ["a.a", "a.b", "t.x"]
    assert found.probes == {"a.a": Evidence(), "a.b": Evidence(), "t.x": score(1.0)}
    assert found.ran.notes == ("a note",)


def test_each_run_has_its_seed_and_a_replay_the_probes_and_one_of_its_own():
    runner = Written({"t.x": [WRONG]}, {"t.x": [score(0.1)]})
    watch(runner, plain("a.a"), trained("t.x"))
    (_, first), *tries = runner.asked
    assert first == SEEDS.probe("a.a")
    assert tries == [
        asked
        for i in range(3)
        for asked in (
            ("t.x", SEEDS.probe("t.x", i)),
            ("t.x", SEEDS.probe("t.x", i), SEEDS.held_out("t.x", i), dict(WRONG.arrays)),
        )
    ]


@pytest.mark.parametrize("seeds", [SEEDS, Public("00-none")])
def test_no_two_seeds_are_alike(seeds):
    made = [f(c, i) for f in (seeds.probe, seeds.held_out) for c in ("a.a", "a.b") for i in range(3)]
    assert len(set(made)) == len(made)


def test_where_nothing_of_an_exercise_has_passed_it_is_named_once():
    needs = ["a.b", "a.c", "d.e", "f.g", "f.h"]
    assert waits(needs, needs) == Failure("waits", "waits for `a`, `d.e`, `f`")
    assert waits(needs[1:4], needs) == Failure("waits", "waits for `a.c`, `d.e`, `f.g`")


def test_a_trained_check_waits_for_the_checks_that_it_needs():
    runner = Written({"a.b": [WRONG], "a.c": [RAISED]})
    found = watch(runner, plain("a.a"), plain("a.b"), plain("a.c"), trained("t.x", "a.a", "a.b", "a.c"))
    assert found.probes["t.x"].failure == Failure("waits", "waits for `a.b`, `a.c`")
    assert "t.x" not in names(runner)
    assert found.training_cpu == 0


def test_what_is_not_here_is_not_waited_for():
    """In a notebook there are no hidden checks."""
    assert watch(Written(), trained("t.x", "a.hidden")).probes["t.x"] == score(1.0)


@pytest.mark.parametrize(
    ("scores", "tries", "best"),
    [
        ([0.1, 0.95, 0.99], 2, 0.95),
        ([0.5, 0.1, 0.3], 3, 0.5),
        ([np.nan, 0.2, np.nan], 3, 0.2),
        ([np.nan], 3, -np.inf),
        ([0.9], 1, 0.9),
        ([None, 0.3], 3, 0.3),
    ],
)
def test_the_best_of_several_tries_counts_and_a_good_one_is_enough(scores, tries, best):
    runner = Written(replays={"t.x": [score(s) for s in scores]})
    assert watch(runner, trained("t.x")).probes["t.x"] == score(best)
    assert len(names(runner)) == tries


@pytest.mark.parametrize("runs", [{"probes": {"t.x": [RAISED]}}, {"replays": {"t.x": [RAISED]}}])
def test_a_failure_ends_the_tries(runs):
    runner = Written(**runs)
    assert watch(runner, trained("t.x")).probes["t.x"] == RAISED
    assert len(names(runner)) == 1


def test_the_rest_of_an_exercise_that_ended_a_worker_comes_last():
    runner = Written({"a.a": [DIED]})
    found = watch(runner, plain("a.a"), plain("a.b"), trained("t.x", "b.a"), plain("b.a"), plain("a.c"))
    assert names(runner) == ["a.a", "b.a", "t.x", "a.b", "a.c"]
    assert found.probes["t.x"] == score(1.0)


def test_training_that_waits_for_what_was_put_off_comes_after_it_and_none_is_trained_twice():
    runner = Written({"a.a": [DIED]})
    late, soon = trained("t.x", "a.b"), trained("t.y")
    found = watch(runner, plain("a.a"), plain("a.b"), late, soon)
    assert names(runner) == ["a.a", "t.y", "a.b", "t.x"]
    assert found.probes["t.x"] == score(1.0)


def test_only_what_training_takes_counts_as_training():
    found = watch(Written({"a.a": [DIED]}), plain("a.a"), plain("a.b"), trained("t.x", "a.b"), trained("t.y"))
    assert (found.ran.cpu, found.training_cpu) == (6.0, 4.0)


def test_where_nothing_trains_training_takes_no_time():
    assert watch(Written(), plain("a.a")).training_cpu == 0


class Interrupted(Written):
    """Ctrl-C comes in the run whose number is `at`."""

    at = 0

    def next(self, written, name, otherwise):
        if len(self.asked) == self.at:
            raise KeyboardInterrupt
        return super().next(written, name, otherwise)


@pytest.mark.parametrize("at", range(1, 6))
def test_ctrl_c_ends_a_runner_of_one_s_own_work_and_keeps_what_was_found(at):
    checks = (plain("a.a"), plain("a.b"), trained("t.x", "a.b"), trained("t.y"))
    runner = Interrupted()
    runner.at = at
    found = watch(Stoppable(runner), *checks)
    # a probe of each, for a trained one a replay, too; t.x waits for a.b where that was not seen
    whole = {"a.a": at > 1, "a.b": at > 2, "t.x": at > 4, "t.y": False}
    assert [e.failure is None for e in found.probes.values()] == list(whole.values())
    assert found.probes["t.y"].failure == STOPPED
    assert len(runner.asked) == at, "nothing runs after it"
    assert found.ran.notes == ("a note",)


def test_a_judge_s_runner_is_not_stopped_by_what_a_submission_raises():
    runner = Interrupted()
    runner.at = 1
    with pytest.raises(KeyboardInterrupt):
        watch(runner, plain("a.a"))
