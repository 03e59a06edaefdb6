"""A packed folder on disk: whole or not at all, and over that of an earlier packing alone."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from minigrad.grading.model import GradingError

WHEELS = "minigrad-*-py3-none-any.whl"  # that of an older version is replaced


def demand_ours(folder: Path, files: Mapping[str, bytes], kept: tuple[str, ...] = ()) -> None:
    """Raise GradingError where a folder holds more than an earlier packing: what is not among `files`, not
    git's, and not in `kept`, which are its owner's own. An OSError where it cannot be read."""
    if folder.exists() and not folder.is_dir():
        raise GradingError(f"{folder} is a file: move it away, or name another folder")
    there = {p.relative_to(folder): p for p in folder.rglob("*") if p.is_symlink() or not p.is_dir()}
    others = sorted(
        str(name)
        for name, path in there.items()
        if name.parts[0] != ".git"
        and (path.is_symlink() or not (name.as_posix() in (*files, *kept) or name.match(WHEELS)))
    )
    if others:
        raise GradingError(
            f"{folder} holds {others[0]}, which is of no earlier packing: move it away, "
            "or name another folder"
        )


def lay(folder: Path, files: Mapping[str, bytes], run: tuple[str, ...] = (), private: bool = False) -> None:
    """Write files by path into a folder, over those of an earlier packing; those in `run` may be executed.

    All are written beside it first, so that a disk that is full, or Ctrl-C, leaves what was there, or
    nothing. A `private` folder lets nobody in but its owner; what it holds has the usual modes, since it is
    copied to where others read it, but nobody else may write it. An OSError where it cannot be written.
    """
    folder = folder.resolve()
    new = not folder.exists()
    before = os.umask(0o022)
    os.umask(before | 0o022)
    try:
        within = folder.parent if new else folder
        within.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".packing-", dir=within))
        try:
            for name, data in files.items():
                _write(scratch / name, data, name in run)
            if new:
                scratch.chmod(0o700 if private else 0o777 & ~(before | 0o022))
                scratch.rename(folder)
            else:
                _move(scratch, folder, files)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    finally:
        os.umask(before)


def _write(path: Path, data: bytes, run: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    if run:
        path.chmod(0o755)


def _move(scratch: Path, folder: Path, files: Mapping[str, bytes]) -> None:
    """Put files in the place of an earlier packing's."""
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        os.replace(scratch / name, folder / name)
    for old in folder.rglob(WHEELS):
        inside = old.relative_to(folder)
        if inside.parts[0] != ".git" and inside.as_posix() not in files:
            old.unlink()
