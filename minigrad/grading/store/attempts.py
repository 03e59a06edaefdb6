"""What was collected of a student: the attempt that is graded, and every other one beside it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from minigrad.grading.store import files

UNDATED = "undated"  # sorts behind every date
TIME = "timestamp.txt"


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
    if there is not None and _digest(there) not in before:
        files.write(kept / f"{UNDATED}.{_digest(there)}.ipynb", there)
    files.write(kept / f"{attempt or UNDATED}.{_digest(data)}.ipynb", data)
    if there == data:
        return Laid(True, "there already")
    later = max((time for time in before.values() if time != UNDATED), default="")
    if there is not None and attempt and later > attempt:
        return Laid(False, f"not laid: a later attempt, of {later}, is there")
    if there is not None and _digest(data) in before:
        return Laid(False, "not laid: it was there before, and a later one has replaced it")
    if there is not None and (notebook.parent / TIME).is_file():
        (notebook.parent / TIME).replace(kept / f"{UNDATED}.{_digest(there)}.{TIME}")
    files.write(notebook, data)
    return Laid(True, "" if there is None else f"replaces another, which is kept in {kept}")


def keep(notebook: Path, kept: Path) -> None:
    """Keep a notebook, and the time beside it, as an attempt; what is kept already stays as it is."""
    if not notebook.is_file() or notebook.is_symlink():
        return
    data = notebook.read_bytes()
    if not list(kept.glob(f"*.{_digest(data)}.ipynb")):
        files.write(kept / f"{UNDATED}.{_digest(data)}.ipynb", data)
    stamp = notebook.parent / TIME
    if stamp.is_file() and not stamp.is_symlink():
        files.write(kept / f"{UNDATED}.{_digest(data)}.{TIME}", stamp.read_bytes())


def moment(notebook: Path, kept: Path) -> str:
    """When the notebook that is graded was handed in, as its LMS has it; "" where that is not known."""
    found = [path.name.split(".")[0] for path in kept.glob(f"*.{_digest(notebook.read_bytes())}.ipynb")]
    return max((time for time in found if time != UNDATED), default="")


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
