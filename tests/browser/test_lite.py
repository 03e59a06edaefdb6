"""The lock of the lab: which packages it names, where their files lie, and whose files it refuses."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from tests.browser.distribution import lite


def entry(name: str, *depends: str, content: bytes = b"") -> dict[str, Any]:
    digest = hashlib.sha256(content).hexdigest()
    return {"file_name": f"{name}-1.whl", "sha256": digest, "depends": list(depends)}


def test_a_lock_is_cut_down_to_what_is_needed() -> None:
    lock = {"a": entry("a", "b_b", "c"), "b-b": entry("b", "c"), "c": entry("c", "a"), "d": entry("d", "a")}
    assert {key for key, _ in lite.closure(lock, ["A"])} == {"a", "b-b", "c"}


def test_a_file_lies_at_the_address(tmp_path: Path) -> None:
    for address in ("https://example.org/full", "https://example.org/full/"):
        named = entry("a")
        lite.place(named, address, tmp_path)
        assert named["file_name"] == "https://example.org/full/a-1.whl"
    assert not list(tmp_path.iterdir())


def test_a_file_is_copied_from_a_distribution_that_has_it(tmp_path: Path) -> None:
    distribution, runtime = tmp_path / "distribution", tmp_path / "runtime"
    distribution.mkdir()
    runtime.mkdir()
    named = entry("a", content=b"wheel")
    with pytest.raises(SystemExit, match=r"lacks a-1\.whl: unpack"):
        lite.place(named, str(distribution), runtime)
    (distribution / "a-1.whl").write_bytes(b"another")
    with pytest.raises(SystemExit, match="another file than Pyodide"):
        lite.place(named, str(distribution), runtime)
    assert not list(runtime.iterdir())
    (distribution / "a-1.whl").write_bytes(b"wheel")
    lite.place(named, str(distribution), runtime)
    assert named["file_name"] == "a-1.whl"
    assert (runtime / "a-1.whl").read_bytes() == b"wheel"
