"""Every minigrad command in the guides is one that there is."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from minigrad.cli import parser
from minigrad.grading.store.dates import read_dates

GUIDE = Path(__file__).parents[1] / "docs" / "instructors.md"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    text = GUIDE.read_text(encoding="utf-8")
    lines = [line for kind, body in BLOCK.findall(text) if kind == "sh" for line in body.splitlines()]
    return [c for c in [*lines, *re.findall(r"`([^`\n]+)`", text)] if re.match(r"minigrad [a-z]+ ", c)]


def test_the_guide_has_commands():
    assert len(commands()) > 10


@pytest.mark.parametrize("command", commands())
def test_a_command_of_the_guide_is_understood(command):
    assert parser().parse_args(shlex.split(command)[1:]).run


def test_the_course_files_of_the_guide_are_right(tmp_path):
    text = GUIDE.read_text(encoding="utf-8")
    whole = "".join(body for kind, body in BLOCK.findall(text) if kind == "toml")
    assert set(tomllib.loads(whole)) == {"due", "extensions", "late", "gradebook"}
    (tmp_path / "course.toml").write_text(whole)
    assert read_dates(tmp_path / "course.toml", ("01-rnn",)).db_url.startswith("postgresql")
