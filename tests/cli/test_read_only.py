"""What a command must write and may not: one line that names it and what helps, as an ordinary user."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from minigrad.cli import main
from minigrad.grading.assignment.load import load
from minigrad.grading.classroom import court
from minigrad.grading.people.journal import begin, pending
from minigrad.grading.people.moves import planned_rename
from minigrad.grading.store.layout import Course
from tests.grading.handed_in import (
    ADDS,
    NAME,
    RIGHT,
    WRITES,
    course_with_essay,
    fake_judge,
    hand_in,
    notebook,
)

pytest.importorskip("nbgrader")
pytestmark = pytest.mark.filterwarnings("ignore")  # of nbgrader and what it imports
LATE = f"[due]\n{NAME} = 2030-01-01T12:00:00Z\n[late]\nslope_percent_per_day = 1\n"  # since it was recorded
SOMEBODY = 54321  # an id that owns nothing here; root may write whatever the modes say


@contextlib.contextmanager
def as_ordinary_user() -> Iterator[None]:
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(SOMEBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    """A class that is graded and has its pages; then one handed in again. Below no folder of root's alone."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        course = course_with_essay(Path(made) / "template")
        assignment = load(course.authored(NAME))
        for student, answer in (("ann", RIGHT), ("bob", ADDS)):
            hand_in(course, student, notebook(assignment, answer))
        course.roster.write_text("student,name\nann,Ann Lee\nbob,Bob May\n")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(court, "Judge", fake_judge())
            for command in (
                "grade",
                "feedback",
                "report",
                "export",
            ):  # all is imported that root alone may read
                assert main(["--course", str(course.root), command, NAME]) == 0
        course.dates.write_text(LATE)
        hand_in(course, "ann", notebook(assignment, WRITES))
        inbox = course.root / "inbox"
        inbox.mkdir()
        (inbox / "bob.ipynb").write_bytes((course.submitted / "ann" / NAME / f"{NAME}.ipynb").read_bytes())
        yield course.root


@pytest.fixture
def course(template: Path, monkeypatch) -> Course:
    monkeypatch.setattr(court, "Judge", fake_judge())
    root = template.with_name("course")
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(template, root)
    for path in (root, *root.rglob("*")):
        if os.geteuid() == 0:
            os.chown(path, SOMEBODY, SOMEBODY)
    monkeypatch.chdir(root)
    monkeypatch.setenv("HOME", str(root))
    return Course.at(root)


WRITES_INTO = [
    ("collect 01-tiny inbox", "submitted/bob/01-tiny"),
    ("collect 01-tiny inbox", ".minigrad/lock"),
    ("grade 01-tiny --workers 1", ".minigrad/reports/01-tiny/ann"),
    ("grade 01-tiny --workers 1", ".minigrad/history/01-tiny/ann/states.jsonl"),
    ("grade 01-tiny --workers 1", "autograded/ann/01-tiny"),
    ("grade 01-tiny --workers 1", "feedback/ann"),
    ("grade 01-tiny --workers 1", "gradebook.db"),
    ("grade 01-tiny --workers 1", "."),
    ("regrade 01-tiny --preview --workers 1", ".minigrad"),
    ("report 01-tiny", "."),
    ("feedback 01-tiny", "feedback/ann/01-tiny"),
    ("feedback 01-tiny", "feedback/bob"),
    ("feedback 01-tiny", "gradebook.db"),
    ("export 01-tiny", "."),
    ("export 01-tiny", "gradebook.db"),
    ("roster rename ann s1", "autograded"),
    ("roster drop ann", "."),
]


@pytest.mark.parametrize(("command", "place"), WRITES_INTO)
def test_what_cannot_be_written_is_named_with_what_helps(course: Course, command, place, capfd) -> None:
    path = course.root / place
    mode = stat.S_IMODE(path.stat().st_mode)
    path.chmod(mode & ~0o222)
    try:
        with as_ordinary_user():
            code = main(command.split())
    finally:
        path.chmod(mode)
    told = capfd.readouterr()
    assert "Traceback" not in told.out + told.err
    assert code != 0, told
    text = " ".join((told.out + told.err).split())  # a table's lines are wrapped
    assert str(path.resolve()) in text
    helps = (
        *("give yourself the right", "grade again", "grade 01-tiny` again", "name a place"),
        *("free the disk", "finishes it"),
    )
    assert any(words in text for words in helps), text
    if code == 2:
        (line,) = (line for line in told.err.splitlines() if "cannot" in line or "could not" in line)
        assert line.startswith("minigrad: ")


@pytest.mark.parametrize("place", ["gradebook.db", "submitted", ".minigrad/history/01-tiny"])
def test_a_move_that_cannot_be_done_is_not_begun(course: Course, place, capfd) -> None:
    path = course.root / place
    mode = stat.S_IMODE(path.stat().st_mode)
    path.chmod(mode & ~0o222)
    try:
        with as_ordinary_user():
            assert main(["roster", "rename", "ann", "s1"]) == 2
    finally:
        path.chmod(mode)
    assert "nothing was changed" in capfd.readouterr().err
    assert pending(course) is None
    assert (course.submitted / "ann").is_dir()
    assert "ann," in course.roster.read_text()
    with as_ordinary_user():
        assert main(["roster", "rename", "ann", "s1"]) == 0


def test_a_move_that_cannot_be_finished_is_named(course: Course, capfd) -> None:
    begin(course, planned_rename(course, "ann", "s1", {"ann"}))
    if os.geteuid() == 0:
        os.chown(course.state / "move.json", SOMEBODY, SOMEBODY)
    course.gradebook.chmod(0o444)
    try:
        with as_ordinary_user():
            assert main(["roster", "rename", "ann", "s1"]) == 2
    finally:
        course.gradebook.chmod(0o644)
    assert "It is still to be done: ann becomes s1; `minigrad roster` finishes it" in capfd.readouterr().err
    with as_ordinary_user():
        assert main(["roster", "rename", "ann", "s1"]) == 0
    told = capfd.readouterr().err
    assert "finished: ann becomes s1" in told
    assert "nobody here" not in told
