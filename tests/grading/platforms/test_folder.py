"""A packed folder: whole or not at all, and nobody else's to write."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from minigrad.grading.model import GradingError
from minigrad.grading.platforms.folder import demand_ours, lay

FILES = {"a.txt": b"a", "b/run.sh": b"b", "minigrad-2-py3-none-any.whl": b"c"}


def there(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    assert os.umask(before) == 0, "it is put back"


def fills_up(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """A disk on which there is room for so many files."""
    written = []
    write = Path.write_bytes

    def limited(self: Path, data: bytes) -> int:
        written.append(self)
        if len(written) > after:
            write(self, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self))
        return write(self, data)

    monkeypatch.setattr(Path, "write_bytes", limited)


def test_a_full_disk_leaves_nothing_or_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = {**FILES, "a.txt": b"old"}
    lay(tmp_path / "old", old)
    fills_up(monkeypatch, 1)
    for name in ("new", "old"):
        with pytest.raises(OSError, match="No space"):
            lay(tmp_path / name, FILES)
    assert [p.name for p in tmp_path.iterdir()] == ["old"]
    assert there(tmp_path / "old") == old


def test_what_was_packed_is_replaced_with_an_older_wheel_and_nothing_else(tmp_path: Path) -> None:
    older = {**FILES, "minigrad-1-py3-none-any.whl": b"old"}
    lay(tmp_path / "f", older)
    (tmp_path / "f" / "roster.csv").write_bytes(b"mine")
    with pytest.raises(GradingError, match=r"holds roster.csv"):
        demand_ours(tmp_path / "f", FILES)
    demand_ours(tmp_path / "f", FILES, ("roster.csv",))
    lay(tmp_path / "f", {**FILES, "a.txt": b"new"})
    assert there(tmp_path / "f") == {**FILES, "a.txt": b"new", "roster.csv": b"mine"}


def test_nobody_else_may_write_what_is_packed(tmp_path: Path, open_umask: None) -> None:
    lay(tmp_path / "open", FILES, run=("b/run.sh",))
    lay(tmp_path / "closed", FILES, private=True)
    modes = {
        str(p.relative_to(tmp_path)): stat.S_IMODE(p.stat().st_mode)
        for p in (tmp_path / "open", tmp_path / "closed", *(tmp_path / "open").rglob("*"))
    }
    assert modes == {
        "open": 0o755,
        "closed": 0o700,
        "open/a.txt": 0o644,
        "open/b": 0o755,
        "open/b/run.sh": 0o755,
        "open/minigrad-2-py3-none-any.whl": 0o644,
    }
