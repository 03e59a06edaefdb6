"""The gradebook opened time and again: nbgrader's own in all but the time, whatever becomes of its file."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from pathlib import Path

import pytest

pytest.importorskip("nbgrader")
pytestmark = pytest.mark.filterwarnings("ignore")  # of nbgrader and what it imports

from nbgrader.api import Gradebook  # noqa: E402

from minigrad.grading.nbgrader.reopened import Reopened  # noqa: E402


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gradebook of nbgrader's own."""
    path = tmp_path_factory.mktemp("stock") / "gradebook.db"
    with pytest.MonkeyPatch.context() as patch:  # it starts `alembic`
        patch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
        Gradebook(f"sqlite:///{path}").close()
    return path


def names(path: Path) -> list[str]:
    with Reopened(f"sqlite:///{path}") as opened:
        return [assignment.name for assignment in opened.assignments]


def add(path: Path, name: str) -> None:
    with Reopened(f"sqlite:///{path}") as opened:
        opened.add_assignment(name)


def contents(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    try:
        return ["".join(line.split()) for line in connection.iterdump()]
    finally:
        connection.close()


def test_what_is_made_is_what_nbgrader_makes(empty: Path, tmp_path: Path) -> None:
    path = tmp_path / "gradebook.db"
    assert names(path) == []
    assert contents(path) == contents(empty)
    shutil.copyfile(empty, path)
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE comment")
    connection.execute("DELETE FROM course")
    connection.commit()
    connection.close()
    assert names(path) == []
    assert sorted(contents(path)) == sorted(contents(empty))


def test_a_file_that_is_restored_or_made_anew_is_the_one_that_is_read(empty: Path, tmp_path: Path) -> None:
    path = tmp_path / "gradebook.db"
    shutil.copyfile(empty, path)
    add(path, "old")
    kept = path.read_bytes()
    path.unlink()
    shutil.copyfile(empty, path)
    assert names(path) == []
    add(path, "new")
    path.with_name("copy").write_bytes(kept)
    path.with_name("copy").replace(path)
    assert names(path) == ["old"]


def test_sql_is_compiled_once_and_no_file_stays_open(empty: Path, tmp_path: Path) -> None:
    path = tmp_path / "gradebook.db"
    shutil.copyfile(empty, path)
    with Reopened(f"sqlite:///{path}") as outer:
        add(path, "inner")  # another may be opened and closed meanwhile
        assert [a.name for a in outer.assignments] == ["inner"]
        compiled = outer.engine._compiled_cache
        known = len(compiled)
    assert names(path) == ["inner"]
    with Reopened(f"sqlite:///{path}") as again:
        assert again.engine._compiled_cache is compiled
        assert len(compiled) == known > 0
    links = (Path("/proc/self/fd") / number for number in os.listdir("/proc/self/fd"))
    assert [p for p in links if p.is_symlink() and os.readlink(p) == str(path)] == []


def test_a_child_process_reads_what_it_finds(empty: Path, tmp_path: Path) -> None:
    path = tmp_path / "gradebook.db"
    shutil.copyfile(empty, path)
    add(path, "before")
    if child := os.fork():
        assert os.waitpid(child, 0)[1] == 0
        assert names(path) == ["before", "within"]
    else:
        try:
            add(path, "within")
        finally:
            os._exit(0 if names(path) == ["before", "within"] else 1)
