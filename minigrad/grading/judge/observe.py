"""The loop over a runner: probes, what is put off, training, replays. The same wherever code runs.

A judge, a notebook's `check(...)`, `minigrad check` and the build differ in their runner, in their
seeds, and in what they tell of the observation. Plain Python: this also runs in a browser.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from minigrad.checks import Arrays, Check
from minigrad.grading.judge.seeds import Seeds
from minigrad.grading.judge.verdict import decide
from minigrad.grading.model import Evidence, Failure, Observation, Ran

Found = dict[str, Evidence]  # by check
STOPPED = Failure("waits", "stopped before it ended: run it again")


class Runner(Protocol):
    """Where a notebook's code runs.

    It is made for its cells: a sandbox runs them before the first probe, and again in every fresh
    worker; in a notebook they have run before there is a runner. So `ran` tells how they ran.
    """

    def probe(self, check: Check, seed: str) -> Evidence:
        """One run of a check's probe: arrays, or why there are none."""

    def replay(self, check: Check, seed: str, held_out: str, arrays: Arrays) -> Evidence:
        """The score of parameters that a trained check's probe returned, NaN when they do not work.

        A failure where the replay runs on the student's own names, which can raise, too.
        """

    def ran(self) -> Ran:
        """How the cells ran, what all took, and what went wrong, up to now."""


class Stoppable:
    """A runner of one's own work, which Ctrl-C ends: what was found stays, and what is left waits."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self.stopped = False

    def probe(self, check: Check, seed: str) -> Evidence:
        return self._until_stopped(lambda: self.runner.probe(check, seed))

    def replay(self, check: Check, seed: str, held_out: str, arrays: Arrays) -> Evidence:
        return self._until_stopped(lambda: self.runner.replay(check, seed, held_out, arrays))

    def ran(self) -> Ran:
        return self.runner.ran()

    def _until_stopped(self, work: Callable[[], Evidence]) -> Evidence:
        if not self.stopped:
            try:
                return work()
            except KeyboardInterrupt:
                self.stopped = True
        return Evidence(failure=STOPPED)


def observe(
    runner: Runner, checks: Sequence[Check], seeds: Seeds, expected: Mapping[str, Evidence]
) -> Observation:
    """Probe deterministic checks, then train those whose needs have passed.

    `expected` is the solution's evidence by deterministic check, by which a need has passed. Once
    a probe has ended its worker, the rest of its exercise waits until all else is done, so that it
    cannot use up the restarts that others need.
    """
    found: Found = {}
    late: list[Check] = []
    ending: set[str] = set()
    for check in checks:
        if check.trained:
            continue
        if check.exercise in ending:
            late.append(check)
            continue
        found[check.name] = seen = runner.probe(check, seeds.probe(check.name))
        if ends(seen):
            ending.add(check.exercise)
    training = _train(runner, checks, seeds, expected, found)
    if late:
        found |= {check.name: runner.probe(check, seeds.probe(check.name)) for check in late}
        training += _train(runner, checks, seeds, expected, found)
    return Observation(found, runner.ran(), training)


def _train(
    runner: Runner, checks: Sequence[Check], seeds: Seeds, expected: Mapping[str, Evidence], found: Found
) -> float:
    """Train what was not trained yet and waits no longer; gives the CPU seconds that it took."""
    left = [c for c in checks if c.trained and (c.name not in found or waiting(found[c.name]))]
    if not left:
        return 0.0
    plain = {c.name: c for c in checks if not c.trained}
    passed = {n for n, c in plain.items() if n in found and decide(c, found[n], expected[n], True).passed}
    before = runner.ran().cpu
    for check in left:
        # in a notebook hidden checks are not there to be waited for
        needs = [n for n in check.needs if n in plain]
        missing = [n for n in needs if n not in passed]
        found[check.name] = (
            Evidence(failure=waits(missing, needs)) if missing else _tries(runner, check, seeds)
        )
    return runner.ran().cpu - before


def _tries(runner: Runner, check: Check, seeds: Seeds) -> Evidence:
    """The best score of several independent tries; a failure ends them."""
    best = float("-inf")
    for attempt in range(check.tries):
        seed, held_out = seeds.probe(check.name, attempt), seeds.held_out(check.name, attempt)
        seen = runner.probe(check, seed)
        if seen.failure is None:
            seen = runner.replay(check, seed, held_out, seen.arrays)
        if seen.failure is not None:
            return seen
        if seen.score is not None and seen.score > best:  # NaN is not
            best = seen.score
        if best >= check.threshold:
            break
    return Evidence(score=best)


def waits(missing: Collection[str], needs: Collection[str]) -> Failure:
    """A trained check's failure while some of the checks that it needs have not passed.

    Where several of an exercise are needed and none has passed, the exercise is named in their place.
    """
    of: defaultdict[str, list[str]] = defaultdict(list)
    for name in needs:
        of[name.partition(".")[0]].append(name)
    none = {exercise for exercise, own in of.items() if len(own) > 1 and set(own) <= set(missing)}
    named = dict.fromkeys(n.partition(".")[0] if n.partition(".")[0] in none else n for n in missing)
    return Failure("waits", "waits for " + ", ".join(f"`{n}`" for n in named))


def ends(e: Evidence) -> bool:
    """Whether a probe ended its worker."""
    return e.failure is not None and e.failure.kind in ("timeout", "died")


def waiting(e: Evidence) -> bool:
    """Whether a trained check waits for others."""
    return e.failure is not None and e.failure.kind == "waits"
