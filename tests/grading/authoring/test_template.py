"""What `minigrad new` writes keeps the linter's rules and the course's rule on sentences."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from minigrad.grading.assignment.load import load
from minigrad.grading.authoring import template

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("file", template.FILES)
def test_the_linter_has_nothing_to_say(file: str) -> None:
    text = template.FILES[file].format(name="09-mine", title="Mine")
    ruff = [sys.executable, "-m", "ruff", "check", "--stdin-filename", f"solutions/09-mine/{file}", "-"]
    said = subprocess.run(ruff, input=text, cwd=ROOT, capture_output=True, text=True)
    assert said.returncode == 0, said.stdout + said.stderr


def test_every_check_says_a_sentence_of_the_notebook_and_has_a_public_sibling(tmp_path: Path) -> None:
    template.write(tmp_path / "09-mine")
    a = load(tmp_path / "09-mine")
    text = "\n".join(c.source for c in a.cells if c.markdown) + "\n"
    said = {(c.exercise, c.says) for c in a.checks if c.name in a.public}
    for check in a.checks:
        assert f"- {check.says}\n" in text, check.name
        assert (check.exercise, check.says) in said, check.name
