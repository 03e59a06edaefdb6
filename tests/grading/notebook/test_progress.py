"""What a student has reached: it counts for the version that passed, and survives damaged files."""

from __future__ import annotations

import dataclasses
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from minigrad.cli import main
from minigrad.cli.commands.study import check as cli_check
from minigrad.grading.assignment import carried as wheel
from minigrad.grading.assignment.carried import carried, files_in
from minigrad.grading.assignment.load import load
from minigrad.grading.judge.observe import STOPPED
from minigrad.grading.model import Cell, Exercise, Failure, Report, Verdict
from minigrad.grading.notebook import offline
from minigrad.grading.notebook.offline import remember, report, to_write
from minigrad.grading.notebook.release import release
from minigrad.grading.notebook.study import record
from minigrad.grading.notebook.study.progress import progress
from minigrad.grading.notebook.study.record import Tried
from minigrad.grading.notebook.study.table import Progress, Reached, Work
from minigrad.grading.notebook.study.words import still_to_write, unwritten
from tests.grading import example
from tests.grading.builds import build
from tests.grading.near import Near
from tests.grading.notebook.test_mynet import HARNESS, run

HALVE, WRONG = "def halve(x):\n    return x * 0.5", "def halve(x):\n    return x * 2.0"
SHIFT = "def shift(x, by):\n    return x + by"
FAILED = record.Seen("halves", False, "`y`: expected 1, got 2")
TITLE = "# # A tiny assignment\n"


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("release")
    told = TITLE + "#\n# Two to three hours. They are well spent.\n#\n"
    made = load(example.write(root / "solutions", "notebook.py", TITLE, told))
    build(made, root)
    return root


@pytest.fixture
def home(tmp_path: Path, released: Path) -> Path:
    shutil.copytree(released / "02-tiny", tmp_path / "02-tiny")
    return tmp_path


def save(home: Path, **answers: str) -> Path:
    """The notebook with answers in it, as it is saved."""
    path = home / "02-tiny" / "02-tiny.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["source"] = answers.get(cell["id"], cell["source"])
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


def check(home: Path, **answers: str) -> None:
    """`minigrad check`, without a sandbox."""
    path = save(home, **answers)
    remember(path, report(path, path.parent, serve=Near()))


def states(home: Path) -> dict[str, tuple[str, int, int]]:
    (work,) = progress(home).works
    return {e.name: (e.state, e.passed, e.of) for e in work.exercises}


def test_a_pass_is_of_the_version_that_passed(home: Path) -> None:
    assert states(home) == dict.fromkeys(("halve", "shift", "learn"), ("to do", 0, 1))
    check(home, halve=HALVE)
    assert states(home)["halve"] == ("pass", 1, 1)
    save(home, halve=HALVE + "  # exactly\n\n")
    assert states(home)["halve"] == ("pass", 1, 1), "a comment is no other version"
    save(home, halve=WRONG)
    assert states(home)["halve"] == ("changed", 0, 1)
    assert "passed in an older version: check it again" in str(progress(home))
    check(home)
    assert states(home)["halve"] == ("fail", 0, 1)
    save(home, halve=HALVE)
    assert states(home)["halve"] == ("pass", 1, 1), "what passed once and is there again has passed"


def test_what_asks_for_nothing_new_is_of_all_answers_before_it(home: Path) -> None:
    check(home, halve=HALVE, shift=SHIFT)
    assert states(home) == dict.fromkeys(("halve", "shift", "learn"), ("pass", 1, 1))
    save(home, shift=SHIFT.replace("x + by", "by + x"))
    assert [state for state, *_ in states(home).values()] == ["pass", "changed", "changed"]


def test_an_answer_in_words_is_left_until_it_is_written(home: Path) -> None:
    left = "1 answer in words still to write: why (3 points)"
    check(home, halve=HALVE, shift=SHIFT)
    path = home / "02-tiny" / "02-tiny.ipynb"
    for answers in ({}, {"why": ""}):  # as it came; emptied
        save(home, **answers)
        assert f"Next in 02-tiny: {left}." in str(progress(home))
        assert f">{left}<" in progress(home)._repr_html_()
        assert to_write(path, path.parent) == left
    save(home, why="Since it halves.")
    assert str(progress(home)).endswith("Nothing is left: every exercise passes its public checks.")
    assert to_write(path, path.parent) == ""


def test_all_passed_is_not_all_where_words_are_to_be_written(home: Path, monkeypatch, capsys) -> None:
    passed = Verdict("halve.halves", "halve", "It halves.", 1.0, True, True, "")
    made = Report("02-tiny", "graded", (Exercise("halve", 1.0, 1.0, (passed,)),))
    monkeypatch.setattr(cli_check, "checked", lambda *_: made)
    monkeypatch.setattr(offline, "keep", lambda *_: "")
    path = str(home / "02-tiny" / "02-tiny.ipynb")
    left = " · 1 answer in words still to write: why (3 points)"
    for more, told in (([], f"all passed{left}"), (["--github"], left)):
        assert main(["check", path, *more]) == 0
        assert told in capsys.readouterr().out
    save(home, why="Since it halves.")
    assert main(["check", path]) == 0
    assert capsys.readouterr().out.endswith("all passed\n")


def test_a_text_that_was_added_may_be_the_answer_in_words() -> None:
    asked = tuple(Cell(id, "written", "Yours.", 1.0, markdown=True, exercise=id) for id in "ab")
    own = Cell("own-1", "own", "Since.", markdown=True)
    assert unwritten(asked, asked) == asked
    assert still_to_write(asked) == "2 answers in words still to write: a (1 point), b (1 point)"
    assert unwritten((*asked, own), asked) == ()
    assert unwritten((*asked, dataclasses.replace(own, markdown=False)), asked) == asked


def test_older_checks_prove_nothing(home: Path) -> None:
    check(home, halve=HALVE)
    path = home / "02-tiny" / "public_checks.py"
    path.write_text(path.read_text() + "# a new release\n")
    assert states(home)["halve"] == ("changed", 0, 1)


def test_a_stub_is_no_try_and_a_version_is_one_line(home: Path) -> None:
    check(home)
    assert not (home / record.FILE).exists()
    assert record.found(release(home / "02-tiny"), {}, {"halve": [FAILED]}) == [], "also one that fails"
    for _ in range(2):
        check(home, halve=WRONG)
    assert len((home / record.FILE).read_text().splitlines()) == 1
    check(home, halve=HALVE)
    tried = record.read(home / record.FILE)
    assert [t.exercise for t in tried] == ["halve", "halve", "learn"], "what waits is no try"


def test_a_damaged_record_loses_its_damaged_lines_alone(home: Path) -> None:
    check(home, halve=HALVE)
    path = home / record.FILE
    whole = path.read_bytes().split(b"\n")[0]
    good = json.loads(whole)
    odd = [{}, [], None, {**good, "passed": "1"}, {**good, "passed": 7}, {**good, "of": True}]
    lines = [json.dumps(one).encode() for one in odd]
    path.write_bytes(b"\n".join([b"\xff\x00{", b"[" * 100_000, *lines, whole, whole[:40]]))
    assert record.read(path) == [Tried(**good)]
    del good["gave"]
    path.write_text(json.dumps(good))
    assert record.read(path) == [Tried(**good)], "of before it was written down"
    path.write_bytes(whole)
    assert states(home)["halve"] == ("pass", 1, 1)
    check(home, halve=HALVE, shift=SHIFT)
    assert states(home)["shift"] == ("pass", 1, 1), "a line that was cut off takes none along"


def test_what_another_writes_meanwhile_stays(home: Path) -> None:
    one = Tried("a", "b", "c", "d", 1, 1)
    for t in (one, dataclasses.replace(one, passed=0), one):
        record.write(home / record.FILE, [t])
    assert [t.passed for t in record.read(home / record.FILE)] == [1, 0, 1]


def test_a_damaged_notebook_or_release_is_said_and_the_rest_is_told(home: Path) -> None:
    check(home, halve=HALVE)
    shutil.copytree(home / "02-tiny", home / "03-bad")
    (home / "03-bad" / "expected.npz").write_bytes(b"PK")
    path = home / "02-tiny" / "02-tiny.ipynb"
    path.write_text("{")
    tiny, bad = progress(home).works
    assert "the notebook as it was saved last" in tiny.note
    lines = str(progress(home)).splitlines()
    assert any(line.strip().startswith("! the notebook as it was saved last") for line in lines), "of its own"
    assert "expected.npz is damaged" in bad.told
    path.unlink()
    assert "the notebook as it was saved last" in progress(home).works[0].note
    assert states_of(home, "02-tiny")["halve"] == "to do"


def states_of(home: Path, name: str) -> dict[str, str]:
    return {e.name: e.state for w in progress(home).works if w.name == name for e in w.exercises}


def test_a_folder_that_cannot_be_written_to_stops_no_check(home: Path, monkeypatch: Any) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(record, "write", full)
    check(home, halve=HALVE)
    assert states(home)["halve"] == ("unchecked", 0, 1)


def test_what_was_not_begun_takes_and_is_due(home: Path, released: Path, monkeypatch: Any) -> None:
    packed = home / "releases.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in files_in(released / "02-tiny").items():
            archive.writestr(f"assignments/02-tiny/{name}", data)
        archive.writestr("assignments/notes.txt", b"of no assignment")
    monkeypatch.setattr(wheel, "RELEASES", packed)
    assert {name: set(files) for name, files in carried().items()} == {
        "02-tiny": {"02-tiny.ipynb", "public_checks.py", "expected.npz"}
    }
    assert "not started" not in str(progress(home))
    away = home / "elsewhere"
    away.mkdir()
    (away / "course.toml").write_text(
        "[due]\n02-tiny = 2030-02-01T23:59:00+00:00\n09-other = 2030-02-01T23:59:00Z\n"
    )
    found = progress(away)
    (work,) = found.works
    assert (work.started, work.takes, work.due and work.due.year) == (False, "two to three hours", 2030)
    assert (
        "3 exercises, 3 public checks, 1 answer in words · not started · two to three hours · due 2030-0"
        in str(found)
    )
    assert found.next == "Next: 02-tiny: `minigrad start 02-tiny` lays it out."
    (away / "course.toml").write_text("[due]\n02-tiny = 'soon'\n")
    assert "When assignments are due is not known: course.toml, line 2" in str(progress(away))


def test_a_course_s_releases_and_dates_are_those_of_its_folder_mine(released: Path, tmp_path: Path) -> None:
    shutil.copytree(released / "02-tiny", tmp_path / "assignments" / "02-tiny")
    (tmp_path / "solutions").mkdir()
    (tmp_path / "course.toml").write_text("[due]\n02-tiny = 2030-02-01T23:59:00+00:00\n")
    (work,) = progress(tmp_path / "mine").works
    assert (work.name, work.started, work.due and work.due.year) == ("02-tiny", False, 2030)


def test_next_is_what_was_begun_and_is_due_first() -> None:
    from datetime import UTC, datetime

    todo, done = (Reached("a", "to do", 0, 2),), (Reached("a", "pass", 2, 2),)
    soon = datetime(2030, 1, 1, tzinfo=UTC)
    works = (Work("00", False, todo), Work("01", True, todo), Work("02", True, todo, due=soon))
    assert Progress(works).next == "Next: `a` in 02."
    assert Progress(works[:2]).next == "Next: `a` in 01."
    assert Progress((Work("01", True, done), works[0])).next.startswith("Next: 00: `minigrad start 00`")
    assert Progress((Work("01", True, done),)).next.startswith("Nothing is left")
    assert Progress(()).next == ""


def test_in_a_notebook_it_is_what_ran_that_counts(home: Path) -> None:
    """The file still has the stub: it was not saved."""
    told = run(home, HARNESS, WRONG, "check('halve');", HALVE, "check('halve');", "print(check.progress())")
    assert "1 of 3 exercises pass, 1 of 3 public checks · two to three hours" in told[-1]
    assert "pass   halve: 1 of 1 public checks" in told[-1]
    tried = record.read(home / record.FILE)
    assert [(t.exercise, t.passed, t.of) for t in tried] == [("halve", 0, 1), ("halve", 1, 1)]
    files = release(home / "02-tiny")
    assert tried[1].answer == record.versions(files.cells, {"halve": HALVE})["halve"], "as the file's"
    told = run(home, HARNESS, HALVE + "\n1 / 0", "check('halve');", "print(check.progress())", errors=True)
    assert len(record.read(home / record.FILE)) == 2, "a cell that stopped is no version"


def test_the_table_is_escaped_and_says_what_the_text_says(home: Path) -> None:
    odd = Work("<b>", True, (Reached("<i>", "changed", 1, 2),), "<u>", note="<s>")
    shown = Progress((odd,), ("<p2>",))._repr_html_()
    for tag in ("<b>&lt;b", "&lt;i&gt;", "&lt;u&gt;", "&lt;s&gt;", "&lt;p2&gt;", "1 of 2 public checks"):
        assert tag in shown
    assert "<i>" not in shown


def test_a_training_that_was_stopped_keeps_what_was_found_and_is_no_try(home: Path) -> None:
    """The interrupt comes in the third call: `learn` needs two, and then trains."""
    stops = (
        "left = 3\ndef halve(x):\n    global left\n    left -= 1\n    if not left: raise KeyboardInterrupt\n"
    )
    told = run(home, HARNESS, f"{stops}    return x * 0.5", "print(check('learn'))", "print(check('halve'))")
    assert "… waits  Halved again and again, little is left." in told[2]
    assert "stopped before it ended: run it again" in told[2]
    assert "1 of 1 public checks pass" in told[3]
    assert [t.exercise for t in record.read(home / record.FILE)] == ["halve"]


def test_a_check_in_a_terminal_that_was_stopped_is_no_try(home: Path) -> None:
    """Of `halve` one check passed before Ctrl-C came; `shift` was whole by then."""

    def one(exercise: str, name: str, failure: Failure | None = None) -> Verdict:
        kind, reason = (failure.kind, failure.reason) if failure else (None, "")
        return Verdict(f"{exercise}.{name}", exercise, "says", 1, True, failure is None, reason, kind)

    path = save(home, halve=HALVE, shift=SHIFT)
    halve = Exercise("halve", 2, 1, (one("halve", "a"), one("halve", "b", STOPPED)))
    shift = Exercise("shift", 1, 1, (one("shift", "a"),))
    remember(path, Report("02-tiny", "graded", (halve, shift)))
    assert [t.exercise for t in record.read(home / record.FILE)] == ["shift"]
