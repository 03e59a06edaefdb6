"""Data are frozen dataclasses: nobody changes what somebody else still holds."""

from __future__ import annotations

import re
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "minigrad"
OPEN = re.compile(r"^\s*@(?:dataclasses\.)?dataclass\b(?!\(frozen=True)", re.MULTILINE)
CHANGED_ON_PURPOSE = {"grading/classroom/run.py", "grading/assignment/percent.py", "optim/groups.py"}


def test_every_dataclass_is_frozen_but_those_that_change_on_purpose():
    files = PACKAGE.rglob("*.py")
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in files
        if OPEN.search(path.read_text(encoding="utf-8"))
    }
    assert found == CHANGED_ON_PURPOSE
