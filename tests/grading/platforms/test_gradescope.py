"""Gradescope: the zip, unpacked in a folder like /autograder, grades as it should."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from minigrad.grading.assignment.load import load
from minigrad.grading.model import Exercise, Report, Verdict
from minigrad.grading.platforms import gradescope
from tests.grading.handed_in import ADDS, NAME, RIGHT, new_course, notebook

ENDLESS = "def scale(x, factor):\n    while True: pass"
# is right unless it can read the salt
HOSTILE = """import pathlib
def scale(x, factor):
    try:
        pathlib.Path({!r}).read_text()
    except OSError:
        return factor * x
"""


@pytest.fixture(scope="module")
def root(sandbox: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An /autograder whose set-up has run, with this Python in place of a new environment."""
    folder = tmp_path_factory.mktemp("autograder")
    course, assignment = new_course(folder / "home")
    packed = gradescope.archive(course, assignment, "after_due_date", 2)
    zipfile.ZipFile(io.BytesIO(packed)).extractall(folder / "source")
    (folder / "submission").mkdir()
    (folder / "venv" / "bin").mkdir(parents=True)
    python = folder / "venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    return folder


def graded(root: Path, content: bytes, earlier: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    (root / "submission" / f"{NAME}.ipynb").write_bytes(content)
    (root / "submission_metadata.json").write_text(json.dumps({"previous_submissions": earlier or []}))
    subprocess.run(
        ["bash", root / "source" / "run_autograder"], env={"AUTOGRADER": str(root)}, check=True, timeout=200
    )
    return json.loads((root / "results" / "results.json").read_text())


def answer(root: Path, code: str) -> bytes:
    assignment = load(root / "source" / "course" / "solutions" / NAME)
    return json.dumps(notebook(assignment, code)).encode()


def test_right_wrong_and_blank(root: Path) -> None:
    right, wrong, blank = (graded(root, answer(root, code)) for code in (RIGHT, ADDS, ""))
    assert right["score"] == sum(t["max_score"] for t in right["tests"]) > wrong["score"]
    assert blank["score"] == 0
    for made in (right, wrong, blank):
        assert made["score"] == pytest.approx(sum(t["score"] for t in made["tests"]))
        assert {t["visibility"] for t in made["tests"]} == {"visible", "after_due_date"}
        assert "points" not in made["output"]


def test_hostile_endless_and_no_json(root: Path) -> None:
    salt = root / "source" / "course" / ".minigrad" / "salts" / NAME
    hostile = graded(root, answer(root, HOSTILE.format(str(salt))))
    assert hostile["score"] == sum(t["max_score"] for t in hostile["tests"])
    assert graded(root, answer(root, ENDLESS))["score"] == 0
    assert "score" not in graded(root, b"not json")


def test_without_one_notebook_nothing_is_graded(root: Path) -> None:
    for path in (root / "submission").glob("*.ipynb"):
        path.unlink()
    (root / "submission_metadata.json").write_text("{}")
    assert "there are 0" in gradescope.grade(root)["output"]
    for name in ("a.ipynb", "b.ipynb"):
        (root / "submission" / name).write_text("{}")
    made = gradescope.grade(root)
    for name in ("a.ipynb", "b.ipynb"):
        (root / "submission" / name).unlink()
    assert "score" not in made
    assert "there are 2" in made["output"]


def test_attempts_beyond_the_limit_keep_the_last_score_that_counted(root: Path) -> None:
    failed = {"score": None, "autograder_error": True}
    earlier = [{"score": "3.0"}, failed, {"score": 5.0}, {"score": 5.0}]
    made = graded(root, b"is not looked at", earlier)
    assert made["score"] == 5.0
    assert "not graded" in made["output"]
    assert gradescope.used_up({"previous_submissions": [{"score": 3.0}, failed]}, 2) is None
    assert gradescope.used_up({"previous_submissions": earlier}, None) is None


def test_the_self_test_accepts_the_assignment_and_refuses_a_broken_one(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gradescope.main([str(root), "--test"]) == 0
    source = root / "source" / "course" / "solutions" / NAME / "notebook.py"
    text = source.read_text()
    try:
        source.write_text(text.replace("* factor", "* fact"))
        assert source.read_text() != text
        assert gradescope.main([str(root), "--test"]) == 1
    finally:
        source.write_text(text)
    assert "does not grade" in capsys.readouterr().err


def test_a_hint_is_seen_when_the_check_it_stands_below_is() -> None:
    seen, unseen = (
        Verdict(f"e.{public}", "e", "says", 1.0, public, passed=public, reason="off")
        for public in (True, False)
    )
    report = Report("a", "graded", (Exercise("e", 2.0, 1.0, (seen, unseen), hint="look there"),))
    first, second = gradescope.results(report, "hidden")["tests"]
    assert (first["visibility"], first["output"]) == ("visible", "")
    assert (second["visibility"], second["output"]) == ("hidden", "off\nhint: look there")


def test_two_archives_of_one_assignment_share_no_salt(tmp_path: Path) -> None:
    course, assignment = new_course(tmp_path)
    salts = {
        zipfile.ZipFile(io.BytesIO(gradescope.archive(course, assignment, "hidden", None))).read(
            f"course/.minigrad/salts/{NAME}"
        )
        for _ in range(2)
    }
    assert len(salts) == 2
