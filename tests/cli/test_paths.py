"""Paths and names given to commands: what cannot be written or is not there is one line that helps."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

import minigrad
from minigrad.cli import gradebook, main
from minigrad.grading.classroom import run as classroom
from minigrad.grading.notebook import offline
from minigrad.grading.store.layout import Course
from tests.grading.builds import build
from tests.grading.handed_in import NAME, new_course


@pytest.fixture
def course(tmp_path: Path, monkeypatch) -> Course:
    made, assignment = new_course(tmp_path / "course")
    build(assignment, made.root / "assignments")
    monkeypatch.chdir(made.root)
    return made


@pytest.fixture
def graded(monkeypatch) -> None:
    """Reports of an assignment, without any grading."""
    from minigrad.grading.model import Report

    one = Report(NAME, "graded")
    monkeypatch.setattr(gradebook, "told_standing", lambda *given: [])  # nothing is handed in
    monkeypatch.setattr(classroom, "last_reports", lambda course, name: {"ada": one})
    monkeypatch.setattr(classroom, "near_identical", lambda *given: ())
    monkeypatch.setattr(offline, "report", lambda *given: one)


def refused(capsys, *words: str) -> str:
    """What a command says that cannot do it."""
    assert main(words) == 2
    *standing, told = capsys.readouterr().err.splitlines()
    assert told.startswith("minigrad: ")
    assert all("was graded and still counts" in line for line in standing), "in submitted/ there is nothing"
    return told


def test_what_cannot_be_written_is_one_line(course, graded, monkeypatch, capsys):
    from minigrad.grading.authoring import matrix

    monkeypatch.setattr(matrix, "matrices", lambda folders: ())
    notebook = str(course.release_notebook(NAME))
    (course.root / "file").touch()
    nowhere = str(course.root / "nowhere" / "x.json")
    assert f"cannot write {nowhere}: No such" in refused(capsys, "check", notebook, "--gradescope", nowhere)
    assert f"cannot write {nowhere}: No such" in refused(capsys, "matrix", "--json", nowhere)
    assert "cannot write file/out: Not a dir" in refused(capsys, "report", NAME, "--out", "file/out")


def test_report_without_jinja2_leaves_out_the_page(course, graded, monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "minigrad.grading.report.class_page", raising=False)
    monkeypatch.delitem(sys.modules, "minigrad.grading.report.templating", raising=False)

    class Missing:
        def find_spec(self, name, *rest):
            if name == "jinja2":
                raise ModuleNotFoundError("No module named 'jinja2'", name="jinja2")

    monkeypatch.delitem(sys.modules, "jinja2", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    assert main(["report", NAME, "--out", "out"]) == 0
    assert "pip install 'minigrad[course]'" in capsys.readouterr().err
    assert {f.name for f in Path("out").iterdir()} == {f"report-{NAME}.json", f"report-{NAME}.csv"}


@pytest.mark.parametrize("name", ["../../evil/10-x", "/tmp/no-such-folder/11-y", "sub/10-x", "10-x/"])
def test_new_takes_a_plain_name_only(course, capsys, name):
    before = sorted(course.root.parent.rglob("*"))
    assert repr(name) in refused(capsys, "new", name)
    assert sorted(course.root.parent.rglob("*")) == before


def test_new_outside_a_course_says_how_to_start_one(course, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert "start one with `minigrad init DIR`" in refused(capsys, "new", "10-x")
    monkeypatch.chdir(course.root / "solutions")
    assert main(["new", "11-y"]) == 0
    assert (course.authored("11-y") / "notebook.py").exists()


def test_check_names_a_notebook_that_is_missing_and_takes_a_folder_of_one(course, graded, capsys):
    assert "no notebook gone.ipynb" in refused(capsys, "check", "gone.ipynb")
    folder = course.release(NAME)
    assert main(["check", str(folder)]) == 0
    shutil.copy(course.release_notebook(NAME), folder / "other.ipynb")
    assert f"{NAME}.ipynb, other.ipynb" in refused(capsys, "check", str(folder))
    assert "there is none" in refused(capsys, "check", str(course.authored(NAME)))


@pytest.mark.parametrize("form", ["{}/", "solutions/{}", "solutions/{}/", "assignments/{}"])
def test_an_assignment_is_understood_as_the_shell_completes_it(course, graded, form, capsys):
    for words in (["build"], ["report"]):
        assert main([*words, form.format(NAME)]) == 0
    assert "elsewhere/01-tiny" in refused(capsys, "build", f"elsewhere/{NAME}")


def test_a_command_that_a_message_tells_can_be_typed_as_it_stands(course, tmp_path, monkeypatch, capsys):
    """Whatever stands in such a command is quoted for a shell: by `to_type`, and nowhere by hand."""
    source = {path: path.read_text(encoding="utf-8") for path in Path(minigrad.__file__).parent.rglob("*.py")}
    by_hand = re.compile(r"`minigrad [^`\n]*?\{|: (minigrad|cd) \{(?!shlex)")
    assert [path.name for path, text in source.items() if by_hand.search(text)] == ["model.py"]  # `to_type`
    monkeypatch.chdir(tmp_path)
    assert main(["init", "my course"]) == 0
    assert f"Next: cd '{tmp_path}/my course', put" in capsys.readouterr().out
    (tmp_path / "my course" / "nbgrader_config.py").unlink()
    assert f"`minigrad init '{tmp_path}/my course'`" in refused(capsys, "--course", "my course", "build")
