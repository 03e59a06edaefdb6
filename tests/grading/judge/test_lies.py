"""A worker that lies in every field of every message: none of its words reaches a report."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from minigrad.grading.judge.judge import Judge
from minigrad.grading.judge.verdict import asked_for
from minigrad.grading.model import Report
from minigrad.grading.platforms.results import results
from minigrad.grading.report import formats
from minigrad.grading.report.feedback import report_html
from tests.grading.near import Near, NearWorker
from tests.grading.squares import HIDDEN, PUBLIC, squares, submission

SALT = b"0123456789abcdef"
WORD = "rng_normal_size_1_first_line_of_hidden"  # an identifier of fewer than 40 characters
NUMBER = 31_337
LIES: tuple[Any, ...] = (
    WORD,
    NUMBER,
    -NUMBER,
    float(NUMBER),
    True,
    None,
    [WORD],
    {WORD: WORD},
    {"name": WORD},
)
ERROR = {"type": "AttributeError", "line": 1, "cell": "square", "name": "shape", "after": "square"}
KINDS = ("missing", "todo", "nothing", "exception", "bad-value")
HONEST: dict[str, tuple[Any, ...]] = {
    "cell": ({"ok": True, "output": "", "error": None}, {"ok": False, "output": "", "error": ERROR}),
    "checks": (None, {"failure": {"kind": "exception", **ERROR}}),
    "probe": (
        {"arrays": {"y": np.zeros(2)}},
        {"arrays": {"y": np.zeros(2)}, "words": {"error": "e", "function": "f", "line": 1, "cell": "c",
                                                 "source": "s", "printed": "p"}},
        *({"failure": {"kind": kind, **ERROR}} for kind in KINDS),
    ),
}  # fmt: skip


def lies(value: Any) -> Iterator[Any]:
    """`value` with one part replaced by each lie: any entry, any key, or all of it."""
    yield from LIES
    if isinstance(value, dict):
        for key in value:
            yield {(WORD if k == key else k): v for k, v in value.items()}
            for lie in lies(value[key]):
                yield {**copy.deepcopy(value), key: lie}
        yield {**value, WORD: WORD}


class Liar(Near):
    """A server whose workers answer one kind of request with one reply."""

    def __init__(self) -> None:
        super().__init__()
        self.kind, self.reply = "", None

    def worker(self, memory_mb: int = 1024) -> Any:
        lying = super().worker(memory_mb)
        honest = lying.answered

        def answered(request: Any, cpu: float) -> Any:
            reply = honest(request, cpu)
            return copy.deepcopy(self.reply) if request[0] == self.kind else reply

        lying.answered = answered
        return lying


@pytest.fixture
def judge() -> Iterator[Judge]:
    with Judge(squares(), SALT, serve=Liar()) as judge:
        judge.prepare()
        yield judge


def shown(report: Report) -> str:
    """All that students are shown of a report, and what programs read of it."""
    made = formats.text(report), report_html(report), results(report)
    errors = [run.error for run in report.cells]
    return json.dumps([*made, formats.class_json({"": report}), formats.class_rows({"": report}), errors])


@pytest.mark.parametrize("kind", HONEST)
def test_no_word_of_a_lying_worker_is_shown(judge: Judge, kind: str) -> None:
    liar = judge.server
    assert isinstance(liar, Liar)
    liar.kind = kind
    tried = 0
    for honest in HONEST[kind]:
        for liar.reply in lies(honest):
            liar.workers.clear()
            told = shown(judge.grade(submission()))
            assert WORD not in told, liar.reply
            assert str(NUMBER) not in told, liar.reply
            tried += 1
    assert tried > 20


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_that_the_checks_ask_for_is_told(judge: Judge, kind: str) -> None:
    liar = judge.server
    assert isinstance(liar, Liar)
    liar.kind, liar.reply = "probe", {"failure": {"kind": kind, **ERROR, "name": "square"}}
    assert "`square`" in judge.grade(submission()).exercises[0].verdicts[0].reason


def test_names_are_those_of_attributes_and_arrays_that_the_release_has() -> None:
    names = asked_for([PUBLIC, HIDDEN], [PUBLIC, "def mean(x):\n    ..."])
    assert {"square", "y", "mean"} <= names
    assert not names & {"first", "m", "held_out", "step", "random", "mean_of_everything"}


def test_only_lines_that_a_cell_has_are_told(judge: Judge) -> None:
    liar = judge.server
    assert isinstance(liar, Liar)
    liar.kind = "probe"
    for line, told in ((2, "TypeError in line 2 of your cell"), (9, "TypeError in your cell `square`")):
        failure = {"kind": "exception", "type": "TypeError", "line": line, "cell": "square", "name": ""}
        liar.reply = {"failure": failure}
        assert judge.grade(submission()).exercises[0].verdicts[0].reason.startswith(told)
    assert isinstance(liar.workers[0], NearWorker)
