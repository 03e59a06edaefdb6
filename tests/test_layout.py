"""The package stays readable: no long file, no crowded folder, and its pages are shipped."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "minigrad"
FOLDERS = sorted({path.parent for path in PACKAGE.rglob("*.py")})
LINES, FILES = 350, 12


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_a_folder_can_be_taken_in_at_a_glance(folder: Path) -> None:
    files = sorted(folder.glob("*.py"))
    assert len(files) <= FILES, (
        f"more than a dozen files: make a folder of those that belong together: {files}"
    )
    long = {str(p.relative_to(PACKAGE)): len(p.read_text(encoding="utf-8").splitlines()) for p in files}
    long = {name: lines for name, lines in long.items() if lines > LINES}
    assert not long, f"more than {LINES} lines: cut where one purpose ends and another begins: {long}"


def test_every_file_says_its_purpose_in_the_first_line() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in PACKAGE.rglob("*.py")
        if not path.read_text(encoding="utf-8").startswith('"""')
    ]
    assert silent == []


def test_what_is_no_python_is_shipped_with_the_package() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    shipped = settings["tool"]["setuptools"]["package-data"]["minigrad"]
    others = {
        p for p in PACKAGE.rglob("*") if p.is_file() and "__pycache__" not in p.parts and p.suffix != ".py"
    }
    assert others == {p for pattern in shipped for p in PACKAGE.glob(pattern)}
