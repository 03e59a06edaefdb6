"""What mutants fail besides what they say is written, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from minigrad.cli import main
from minigrad.grading.assignment.load import load
from minigrad.grading.authoring.one import only
from minigrad.grading.authoring.renewed import renew
from minigrad.grading.judge import judge as judging
from minigrad.grading.store import configuration
from tests.grading import example
from tests.grading.near import Near

NEW = """

@check(exercise="halve", says="Halves add up to the whole.")
def whole(student, rng):
    x = batch(rng)
    return {"y": given(student.halve(x), "halve") + student.halve(x)}


@check(exercise="shift", says="Shifted twice is moved twice as far.")
def twice(student, rng):
    return {"y": given(student.shift(student.shift(batch(rng), 1.0), 1.0), "shift")}
"""


@pytest.fixture(autouse=True)
def near(monkeypatch: pytest.MonkeyPatch) -> Near:
    server = Near()
    monkeypatch.setattr(judging, "Lent", server)
    return server


def fails(folder: Path) -> dict[str, set[str]]:
    return {m.name: set(m.fails) for m in load(folder).mutants}


def test_every_mutant_that_fails_a_new_check_says_so(tmp_path: Path) -> None:
    folder = example.write(tmp_path)
    before = fails(folder)
    path = folder / "public_checks.py"
    path.write_text(path.read_text() + NEW)
    made = renew(folder, isolation="unsafe")
    assert made.text.splitlines() == [
        "02-tiny: written into mutants.py of 2 mutants; read it, then commit it",
        "  doubled also fails halve.whole",
        "  backwards also fails shift.twice",
    ]
    assert fails(folder) == {
        "doubled": before["doubled"] | {"halve.whole"},
        "backwards": before["backwards"] | {"shift.twice"},
    }
    assert renew(folder, isolation="unsafe").added == {}


def test_a_check_that_a_mutant_passes_is_left_to_the_author(tmp_path: Path) -> None:
    folder = example.write(tmp_path, "mutants.py", '["shift.moved"]', '["shift.moved", "halve.half"]')
    text = (folder / "mutants.py").read_text()
    made = renew(folder, isolation="unsafe")
    assert made.text == "02-tiny: no mutant fails more than it says: nothing was written"
    assert (folder / "mutants.py").read_text() == text


def test_it_does_not_matter_that_another_mutant_names_the_new_check_first(tmp_path: Path) -> None:
    """CONTRIBUTING's order: the new mutant alone, until it is right, and then all of them."""
    folder = example.write(tmp_path)
    before = fails(folder)
    path = folder / "public_checks.py"
    path.write_text(path.read_text() + NEW)
    mutants = folder / "mutants.py"
    new = 'mutant("half again", "x * 0.5", "x * 0.75", "How much is a half?", fails=[])'
    mutants.write_text(f"{mutants.read_text()}\nMUTANTS.append({new})\n")
    only([folder], "half again", accept=True, isolation="unsafe")
    assert "halve.whole" in fails(folder)["half again"]
    assert renew(folder, isolation="unsafe").added == {
        "doubled": ["halve.whole"],
        "backwards": ["shift.twice"],
    }
    assert fails(folder)["doubled"] == before["doubled"] | {"halve.whole"}


def test_a_mutant_that_says_nothing_yet_is_written_with_all_others(tmp_path: Path) -> None:
    folder = example.write(tmp_path, "mutants.py", '["shift.moved"]', "[]")
    assert renew(folder, isolation="unsafe").added == {"backwards": ["shift.moved"]}


def test_the_command_takes_all_mutants(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    example.write(tmp_path / "solutions")
    (tmp_path / configuration.FILE).write_text(configuration.TEXT)
    monkeypatch.chdir(tmp_path)
    assert main(["matrix", "02-tiny", "--accept"]) == 0
    assert "nothing was written" in capsys.readouterr().out
