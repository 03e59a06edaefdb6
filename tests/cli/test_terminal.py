"""A report in a terminal: wrapped to its width, in colours where these are wanted, in the same words."""

from __future__ import annotations

import io
import re
import threading
import time

import pytest

from minigrad.cli import terminal
from minigrad.cli.terminal import class_table, coloured, laid_out, width_of
from minigrad.grading.model import Exercise, Report, Verdict
from minigrad.grading.report.formats import lines, text

LONG = "Every entry of `x` is moved by as much as `by` says, and `x` itself stays as it was before."
REASON = "`y` [1, 0]: expected 0.5, got 0.25 (1 of 6 entries is wrong)\nright: `x`"


def verdict(name: str, passed: bool, failure: str | None = None) -> Verdict:
    return Verdict(name, "shift", LONG, 1.0, True, passed, "" if passed else REASON, failure)  # type: ignore[arg-type]


MADE = Report(
    "02-tiny",
    "graded",
    (Exercise("shift", 3.0, 1.0, (verdict("shift.moved", True), verdict("shift.far", False),
                                  verdict("shift.later", False, "todo")), hint=LONG),),
    notes=(LONG,),
)  # fmt: skip
SEQUENCE = re.compile(r"\x1b\[[0-9]+m")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


@pytest.mark.parametrize(
    ("variables", "in_terminal", "in_pipe"),
    [
        ({}, True, False),
        ({"NO_COLOR": "1"}, False, False),
        ({"NO_COLOR": ""}, True, False),
        ({"FORCE_COLOR": "1"}, True, True),
        ({"FORCE_COLOR": "0"}, True, False),
        ({"FORCE_COLOR": ""}, True, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
        ({"TERM": "dumb"}, False, False),
    ],
)
def test_colours_are_for_terminals_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], in_terminal: bool, in_pipe: bool
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert (coloured(Terminal()), coloured(io.StringIO())) == (in_terminal, in_pipe)


def test_a_width_is_a_terminals_or_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert width_of(io.StringIO()) is None
    monkeypatch.setenv("COLUMNS", "57")
    assert (width_of(io.StringIO()), width_of(Terminal())) == (57, 57)


@pytest.mark.parametrize("width", [40, 57, 80])
def test_lines_fit_the_width_and_go_on_below_their_own_text(width: int) -> None:
    shown = laid_out(lines(MADE, public=True), width, colours=False)
    assert max(map(len, shown.splitlines())) <= width
    assert " ".join(shown.split()) == " ".join(text(MADE, public=True).split()), "every word, and no other"
    begins = next(n for n, line in enumerate(shown.splitlines()) if line.startswith("  ✗ fail  Every entry"))
    assert re.match(r" {10}\S", shown.splitlines()[begins + 1])


def test_without_a_width_lines_stay_whole() -> None:
    assert laid_out(lines(MADE), None, colours=False) == text(MADE)


def test_colours_change_no_word_and_mark_what_passed_failed_and_is_to_do() -> None:
    shown = laid_out(lines(MADE, public=True), 60, colours=True)
    assert SEQUENCE.sub("", shown) == laid_out(lines(MADE, public=True), 60, colours=False)
    assert "\x1b[32m  ✓ pass  \x1b[0m" in shown
    assert "\x1b[31m  ✗ fail  \x1b[0m" in shown
    assert "\x1b[33m  – to do \x1b[0m" in shown
    assert shown.startswith("\x1b[1m02-tiny: 1 of 3 public checks pass\x1b[0m\n")


def test_what_a_reason_holds_moves_no_cursor() -> None:
    evil = Report("a", "graded", notes=("\x1b[2Jgone",))
    assert "\x1b[2J" not in laid_out(lines(evil), 60, colours=True)


def test_a_class_table_tells_each_reason_once() -> None:
    other = Verdict("shift.back", "shift", LONG, 1.0, True, False, "another")
    failed = (verdict("shift.far", False), other, verdict("shift.later", False), verdict("shift.moved", True))
    made = Report("02-tiny", "graded", (Exercise("shift", 4.0, 1.0, failed),))
    rows = class_table({"ann": made}, width=200).splitlines()[2:]
    assert [row.split(maxsplit=2)[2] for row in rows[:1]] == [
        f"shift.far, shift.later  {' '.join(REASON.split())}"
    ]
    assert rows[1].split() == ["shift.back", "another"]
    assert len(rows) == 2


def test_what_takes_long_says_in_a_pipe_that_it_goes_on(monkeypatch, capsys) -> None:
    monkeypatch.setattr(terminal, "QUIET", 0.01)
    before = threading.active_count()
    with terminal.alive("checking"):
        while not (told := capsys.readouterr().err):
            time.sleep(0.005)
    assert re.fullmatch(r"(checking: \d+ s so far\n)+", told)
    assert threading.active_count() == before, "and then no more"
    monkeypatch.undo()
    with terminal.alive("checking"):
        pass
    assert "checking" not in capsys.readouterr().err
