"""What one submission can make the judge keep, and that no reply makes it fail."""

from __future__ import annotations

import dataclasses
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from minigrad.grading.judge.judge import Judge
from minigrad.grading.judge.session import KEPT
from minigrad.grading.model import Report
from minigrad.sandbox import protocol
from tests.grading.near import Near
from tests.grading.squares import squares, submission

SALT = b"0123456789abcdef"
MANY = 60  # more checks than any assignment has
MB = 1 << 20


class Hostile(Near):
    """A server whose submission's workers answer every probe, or one, with the same arrays."""

    def __init__(self) -> None:
        super().__init__()
        self.arrays: dict[str, np.ndarray] = {}
        self.only = ""

    def worker(self, memory_mb: int = 1024) -> Any:
        worker = super().worker(memory_mb)
        honest = worker.answered

        def answered(request: Any, cpu: float) -> Any:
            if not self.arrays or request[0] != "probe" or self.only not in request[1]:
                return honest(request, cpu)
            frame = protocol.frame(1, {"arrays": self.arrays})
            protocol.parse_header(frame[: protocol.HEADER_SIZE], protocol.MAX_REPLY)
            return protocol.loads(frame[protocol.HEADER_SIZE :])

        worker.answered = answered
        return worker


@contextmanager
def court(checks: int = 1) -> Iterator[tuple[Judge, Hostile]]:
    """A judge whose assignment has the same check so many times."""
    task = squares()
    value, *others = task.checks
    more = [dataclasses.replace(value, name=f"square.value-{i}") for i in range(checks - 1)]
    source = "".join(
        f'@check(exercise="square", says="s")\n'
        f'def value_{i}(student, rng):\n    return {{"y": student.square(2.0)}}\n'
        for i in range(checks - 1)
    )
    sources = {**task.sources, "more.py": source}
    server = Hostile()
    with Judge(squares(checks=(value, *more, *others), sources=sources), SALT, serve=server) as judge:
        judge.prepare()
        yield judge, server


def told(report: Report, check: str) -> str:
    return next(v.reason for e in report.exercises for v in e.verdicts if v.check == check)


def test_arrays_that_are_kept_are_bounded() -> None:
    with court(MANY) as (judge, server):
        server.arrays = {"y": np.zeros(MB // 8)}
        tracemalloc.start()
        try:
            report = judge.grade(submission())
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert report.status == "graded"
    assert report.score == 0
    assert told(report, "square.value").startswith("`y` has shape (131072,)")
    assert told(report, f"square.value-{MANY - 2}") == "what all checks get together is larger than 32 MB"
    assert peak < KEPT + 8 * MB  # 60 MB without the bound


@pytest.mark.parametrize(
    "arrays",
    [
        {"w": np.zeros(MB // 8)},
        {f"w{i}": np.zeros(1) for i in range(256)},
        {f"w{i}": np.zeros((1,) * 8) for i in range(2046)},  # fit a reply, with no value to spare
        {"w" * MB: np.zeros(1)},
        {},
    ],
)
def test_no_parameters_leave_a_submission_ungraded(arrays: dict[str, np.ndarray]) -> None:
    with court() as (judge, server):
        server.arrays, server.only = arrays, "fit.slope"
        report = judge.grade(submission())
    assert report.status == "graded"
    expected = {"square": 10.0, "mean": 10.0, "fit": 0.0 if arrays else 10.0}
    assert {e.name: e.score for e in report.exercises} == expected
    assert bool(told(report, "fit.slope")) == bool(arrays)


def test_what_a_replay_cannot_be_sent_is_a_zero() -> None:
    with court() as (judge, _):
        fit = judge.assignment.check("fit.slope")
        odd = {"w": np.zeros(3, "<c16")}
        seen = judge._reference.replay(fit, "00", "01", odd)
        assert seen.score is not None
        assert np.isnan(seen.score)
