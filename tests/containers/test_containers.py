"""The first rows in a real container, where there is an engine with our image in it."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.containers.__main__ import run, wrong
from tests.containers.image import IMAGE
from tests.containers.rows import ROWS


def engine() -> str:
    """Why no container can be started here; "" where one can."""
    if shutil.which("docker") is None:
        return "no docker command"
    tried = subprocess.run(["docker", "image", "inspect", IMAGE], capture_output=True, text=True, check=False)
    if tried.returncode:
        return f"{tried.stderr.strip()}: `python -m tests.containers` makes the image"
    return ""


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS[:2], ids=lambda row: row.name)
def test_a_default_container_grades(row):
    if why := engine():
        pytest.skip(why)
    assert wrong(row, run(row, IMAGE)) == []
