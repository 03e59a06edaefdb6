"""What another minigrad would change, told by that one in a copy of the course."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from minigrad.cli import gradebook, main
from minigrad.grading.assignment.load import load
from minigrad.grading.authoring.upgrade import copied, without_gradebook
from minigrad.grading.model import GradingError
from minigrad.grading.store.layout import Course
from tests.grading.builds import build
from tests.grading.handed_in import ADDS, NAME, RIGHT, WRITES, hand_in, new_course, notebook

ROOT = Path(__file__).parents[2]
CHANGED = {  # files of the other minigrad: what they had, what they have
    "__init__.py": ("__version__: str", '__version__: str = "9.9"'),
    "grading/authoring/build.py": ('"language_info": {"name": "python"}', '"language_info": {"name": "Py"}'),
    "grading/judge/verdict.py": (
        "    return Verdict(check.name,",
        '    reason = "" if check.name == "scale.original" else reason\n    return Verdict(check.name,',
    ),
}


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(gradebook, "plugin", lambda: None)
    course, assignment = new_course(tmp_path / "course")
    build(assignment, course.root / "assignments")
    monkeypatch.chdir(course.root)
    return course


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """The interpreter of an environment with another minigrad, which has no nbgrader."""
    package = tmp_path / "other" / "minigrad"
    shutil.copytree(ROOT / "minigrad", package, ignore=shutil.ignore_patterns("__pycache__"))
    (package.parent / "nbgrader.py").write_text("raise ModuleNotFoundError('no nbgrader', name='nbgrader')\n")
    for file, (old, new) in CHANGED.items():
        text = (package / file).read_text(encoding="utf-8")
        assert text.count(old) == 1, old
        (package / file).write_text(text.replace(old, new), encoding="utf-8")
    script = tmp_path / "python"
    script.write_text(f'#!/bin/sh\nPYTHONPATH={package.parent} exec {sys.executable} "$@"\n')
    script.chmod(0o755)
    return script


def bytes_of(folder: Path) -> dict[str, bytes]:
    """All files of a folder but the lock, which names whoever held it last."""
    return {str(p): p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name != "lock"}


def test_who_gains_what_and_which_files_are_others(course: Course, python: Path, sandbox, capsys) -> None:
    assignment = load(course.authored(NAME))
    for student, answer in (("ann", RIGHT), ("bob", WRITES), ("cem", ADDS)):
        hand_in(course, student, notebook(assignment, answer))
    assert main(["grade", NAME, "--workers", "1"]) == 0
    course.dates.write_text('[gradebook]\ndb_url = "postgresql://nowhere.example.org/x"\n')
    before = bytes_of(course.root)
    capsys.readouterr()
    assert main(["upgrade", "--preview", str(python), "--workers", "1"]) == 0
    told = capsys.readouterr().out
    assert "minigrad 9.9 in place of 0.1.0" in told
    assert f"{NAME}: would write {NAME}.ipynb\n" in told
    rows = [line.split() for line in told.splitlines() if line.startswith(("ann", "bob", "cem"))]
    assert rows == [
        ["bob", "2", "10", "+8", "gains", "scale.original"],
        ["cem", "0", "8", "+8", "gains", "scale.original"],
    ]
    assert f"{NAME}: 2 of 3 submissions change: 2 gain, 0 lose" in told
    assert bytes_of(course.root) == before


def test_an_assignment_that_the_other_cannot_build_is_named(course: Course, python: Path, capsys) -> None:
    (course.authored(NAME) / "checks.py").write_text("1 / 0\n")
    assert main(["upgrade", "--preview", str(python)]) == 1
    assert f"minigrad 9.9 cannot build {NAME}: " in capsys.readouterr().err


def test_an_interpreter_without_another_minigrad_is_refused(course: Course, tmp_path: Path, capsys) -> None:
    assert main(["upgrade", "--preview", sys.executable]) == 2
    assert "has the minigrad that runs this" in capsys.readouterr().err
    assert main(["upgrade", "--preview", str(tmp_path / "none")]) == 2
    assert "has no minigrad (No such file or directory): name the interpreter" in capsys.readouterr().err


def test_a_copy_reaches_no_database(course: Course) -> None:
    course.dates.write_text('[gradebook]\ndb_url = "y"\n')
    with copied(course, [NAME]) as copy:
        assert copy.dates.read_text() == ""
    assert not copy.root.exists()
    text = '[due]\nx = 1\n[gradebook]\n# where\ndb_url = "y"\n\n[late]\ncap_percent = 5\n'
    assert without_gradebook(text) == "[due]\nx = 1\n[late]\ncap_percent = 5\n"
    with pytest.raises(GradingError, match="below a line"):
        without_gradebook('gradebook = { db_url = "y" }\n')


def test_one_assignment_is_previewed_in_a_course_whose_file_names_others(course: Course) -> None:
    shutil.copytree(course.authored(NAME), course.authored("02-other"))
    course.dates.write_text(f"[due]\n{NAME} = 2030-01-29T12:00:00Z\n02-other = 2030-02-01T12:00:00Z\n")
    with copied(course, [NAME]) as copy:
        assert list(copy.names()) == [NAME, "02-other"]
        assert not copy.release("02-other").exists()
