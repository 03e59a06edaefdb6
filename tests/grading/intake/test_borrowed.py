"""What a student wrote is never the end of the reading: no Python, or deeper than Python reads."""

from __future__ import annotations

import pytest

from minigrad.grading.intake.borrowed import borrowed, parsed, table_names
from minigrad.grading.model import Cell


@pytest.mark.parametrize("source", ["[" * 3000, "-" * 100_000 + "1", "a\x00b", "def f(", "x = " + "(" * 150])
def test_what_python_cannot_read_has_no_statements_and_no_names(source: str) -> None:
    assert parsed(source).body == []
    assert table_names(source, bound=True) == []
    assert borrowed([Cell("lab", "lab", "import time"), Cell("own-1", "own", source)]) == []
