"""What was collected of a student: the attempt that is graded, and every other one beside it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from minigrad.grading.store import files

UNDATED = "undated"  # sorts behind every date
TIME = "timestamp.txt"
KEPT = "attempts"  # the folder of attempts: see `Course.attempts`


@dataclass(frozen=True)
class Laid:
    """What became of a notebook: whether it is the one that is graded now, and what to tell of it."""

    counts: bool
    words: str = ""


def lay(notebook: Path, kept: Path, data: bytes, attempt: str = "") -> Laid:
    """Put a collected notebook where it is graded, unless a later attempt is there.

    `attempt` sorts attempts by their time; "" where that is not known. Nothing is lost: each attempt is
    also kept in `kept`, and so is what stood in its place. A notebook that was collected before and has
    been replaced since is an older one. The time of an attempt that is replaced goes with it. Raises
    OSError where the disk fails.
    """
    there = notebook.read_bytes() if notebook.is_file() and not notebook.is_symlink() else None
    before = {path.name.split(".")[1]: path.name.split(".")[0] for path in kept.glob("*.*.ipynb")}
    if there is not None and digest(there) not in before:
        files.write(kept / f"{UNDATED}.{digest(there)}.ipynb", there)
    files.write(kept / f"{attempt or UNDATED}.{digest(data)}.ipynb", data)
    if there == data:
        return Laid(True, "there already")
    later = max((time for time in before.values() if time != UNDATED), default="")
    if there is not None and attempt and later > attempt:
        return Laid(False, f"not laid: a later attempt, of {later}, is there")
    if there is not None and digest(data) in before:
        return Laid(False, "not laid: it was there before, and a later one has replaced it")
    if there is not None and (notebook.parent / TIME).is_file():
        (notebook.parent / TIME).replace(kept / f"{UNDATED}.{digest(there)}.{TIME}")
    files.write(notebook, data)
    return Laid(True, "" if there is None else f"replaces another, which is kept in {kept}")


def time_file(notebook: Path) -> Path:
    """Where the time stands at which a notebook was handed in: beside it, or for a kept one under its digest.

    Kept ones are known by their folder: students name their files as they like.
    """
    kept = notebook.parents[2].name == KEPT and notebook.name.count(".") == 2
    return notebook.with_name(f"{UNDATED}.{notebook.name.split('.')[1]}.{TIME}" if kept else TIME)


def digest(data: bytes) -> str:
    """By what an attempt is known."""
    return hashlib.sha256(data).hexdigest()[:16]
