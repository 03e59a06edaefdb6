"""The memory that a container leaves us, by its control group."""

from __future__ import annotations

from pathlib import Path

import pytest

from minigrad.sandbox.linux.memory import memory_mb

V1 = "memory/memory.limit_in_bytes"


@pytest.mark.parametrize(
    ("files", "most"),
    [
        ({"memory.max": "max\n"}, None),
        ({"memory.max": f"{768 << 20}\n"}, 768),
        ({V1: f"{2 << 30}\n"}, 2048),
        ({V1: "9223372036854771712\n"}, None),
        ({"memory.max": "nonsense"}, None),
        ({"memory.max": "0"}, None),
        ({}, None),
    ],
)
def test_the_bound_of_both_versions(tmp_path: Path, files: dict[str, str], most: int | None) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert memory_mb(tmp_path) == most
