"""Where the lab has Pyodide from: which packages it names, where these lie, and what is refused at once."""

from __future__ import annotations

import hashlib
import json
import re
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
    with pytest.raises(SystemExit, match=r"the folder .*distribution lacks a-1\.whl: unpack"):
        lite.place(named, str(distribution), runtime)
    (distribution / "a-1.whl").write_bytes(b"another")
    with pytest.raises(SystemExit, match="another file than Pyodide"):
        lite.place(named, str(distribution), runtime)
    assert not list(runtime.iterdir())
    (distribution / "a-1.whl").write_bytes(b"wheel")
    lite.place(named, str(distribution), runtime)
    assert named["file_name"] == "a-1.whl"
    assert (runtime / "a-1.whl").read_bytes() == b"wheel"


@pytest.mark.parametrize("address", ["ftp://example.org/full", "file:///pyodide", "https://"])
def test_what_is_no_address_is_refused(address: str) -> None:
    lite.checked(lite.ADDRESS)
    with pytest.raises(SystemExit, match="is no address of http or https, such as"):
        lite.checked(address)


def test_a_folder_is_looked_at_before_anything_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lite, "PACKAGES", ("a",))
    monkeypatch.setattr(lite, "core", lambda runtime: pytest.fail("npm was asked"))
    place, lock = tmp_path / "pyodide", tmp_path / "pyodide" / lite.LOCK

    def refused(words: str) -> None:
        with pytest.raises(SystemExit, match=re.escape(words)):
            lite.build(tmp_path / "lab", [], str(place))

    refused(f"there is no folder {place}: name one")
    place.mkdir()
    refused(f"the folder {place} lacks {lite.LOCK}: unpack")
    lock.write_text("[]")
    refused(f"{lock} is no lock of Pyodide's")
    named = {"info": {"version": "0.1"}, "packages": {"a": entry("a", content=b"wheel")}}
    lock.write_text(json.dumps(named))
    refused(f"{place} has Pyodide 0.1: unpack its distribution {lite.VERSION} there")
    lock.write_text(json.dumps(named | {"info": {"version": lite.VERSION}}))
    refused(f"the folder {place} lacks a-1.whl: unpack")
    (place / "a-1.whl").write_bytes(b"wheel")
    lite.checked(str(place))
