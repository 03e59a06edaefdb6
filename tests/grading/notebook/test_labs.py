"""What a lab asks before it builds on a student's code."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from minigrad.checks import Overtime, deadline
from minigrad.grading.assignment.load import load
from minigrad.grading.judge.verdict import ENDLESS
from minigrad.grading.notebook.checks import Checks, checks
from tests.grading import example
from tests.grading.builds import build

RIGHT = "def halve(x):\n    return x / 2\n\ndef shift(x, by):\n    return x + by\n"
WAITS = 'This part waits for {0}: check("{0}") says what is missing.\n'


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("course")
    assignment = load(example.write(root / "solutions"))
    build(assignment, root / "assignments")
    return root / "assignments" / "02-tiny"


def after(release: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> Checks:
    """The checks of a notebook in which a cell ran."""
    monkeypatch.chdir(release)
    names: dict[str, object] = {}
    exec(compile(source, "<cell 3>", "exec"), names)
    return checks("02-tiny", names)


def test_a_part_waits_for_the_first_exercise_that_does_not_pass(
    release: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    check = after(release, monkeypatch, RIGHT)
    assert check.passed("halve", "shift")
    assert capsys.readouterr().out == ""
    check = after(release, monkeypatch, RIGHT.replace("x + by", "x - by"))
    assert not check.passed("halve", "shift", "learn")
    assert capsys.readouterr().out == WAITS.format("shift")
    assert not after(release, monkeypatch, "x = 1").passed("shift", "halve")
    assert capsys.readouterr().out == WAITS.format("shift")


def test_a_rehearsal_that_fails_is_told_in_a_line(
    release: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    check = after(release, monkeypatch, RIGHT + "def odd(x):\n    return 1 / x\n")
    assert check.works(lambda: check._names["halve"](1))
    assert capsys.readouterr().out == ""
    assert not check.works(lambda: check._names["odd"](0))
    said = capsys.readouterr().out
    assert said.startswith("This part stops at what you wrote: ZeroDivisionError: division by zero, in `odd`")
    assert said.count("\n") == 1


def test_an_endless_loop_ends(release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check = after(release, monkeypatch, "def shift(x, by):\n    while True:\n        pass\n")
    monkeypatch.setattr("minigrad.grading.notebook.inside.PATIENCE", 0.05)
    (row,) = check("shift").rows
    assert (row.status, row.details) == (
        "fail", (f"takes more than 0.1 s of computing time: {ENDLESS}",)
    )  # fmt: skip
    assert not check.passed("shift")


def busy(cpu: float) -> None:
    end = time.process_time() + cpu
    while time.process_time() < end:
        pass


def test_a_deadline_is_over_after_its_block() -> None:
    with pytest.raises(Overtime), deadline(0.02):
        busy(5)
    with deadline(0.02):
        pass
    busy(0.1)
