"""The site's chapters: run once for what they hang on, and run again when any of it changes."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs" / "site"))  # the site's builder is a program, and no package

import chapters  # noqa: E402

NAME = "01-rnn"


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The chapters that were run, in a copy of what they hang on and with a cache of its own."""
    runs: list[str] = []

    def run(name: str, libraries: list[str]) -> chapters.Chapter:
        runs.append(name)
        return chapters.Chapter({"cells": [len(runs)]}, f"library of {name}")

    for folder in ("solutions", "assignments"):
        for name in (NAME, "02-lstm", "03-gru"):
            shutil.copytree(ROOT / folder / name, tmp_path / folder / name)
    shutil.copytree(ROOT / "minigrad" / "nn", tmp_path / "minigrad" / "nn")
    shutil.copytree(ROOT / "docs" / "site", tmp_path / "docs" / "site")
    monkeypatch.setattr(chapters, "ROOT", tmp_path)
    monkeypatch.setattr(chapters, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(chapters, "__file__", str(tmp_path / "docs" / "site" / "chapters.py"))
    monkeypatch.setattr(chapters, "_run", run)
    return runs


@pytest.mark.parametrize(
    "changed",
    [f"solutions/{NAME}/notebook.py", f"assignments/{NAME}/expected.npz", "minigrad/nn/__init__.py"],
)
def test_a_chapter_is_run_again_when_what_it_hangs_on_changes(
    ran: list[str], tmp_path: Path, changed: str
) -> None:
    first = chapters.executed([NAME])
    assert chapters.executed([NAME]) == first
    assert ran == [NAME]
    with (tmp_path / changed).open("ab") as file:
        file.write(b"\n")
    assert chapters.executed([NAME]) != first
    assert ran == [NAME, NAME]
    assert len(list((tmp_path / "cache").iterdir())) == 1  # the older one is gone


def test_a_chapter_is_run_again_when_one_before_it_left_another_library(
    ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    chapters.executed(["02-lstm", "03-gru"])
    chapters.executed(["03-gru"])  # on its own it begins without 02's
    assert ran == ["02-lstm", "03-gru", "03-gru"]
