"""What was collected of a student: the attempt that is graded, and every other one beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from minigrad.grading.store import files
from minigrad.grading.store.digest import digest

UNDATED = "undated"  # sorts behind every date
TIME = "timestamp.txt"
PATH = "path.json"  # beside an attempt, under its digest: where it lay in what the LMS gave
KEPT = "attempts"  # the folder of attempts: see `Course.attempts`


@dataclass(frozen=True)
class Laid:
    """What became of a notebook: whether it is the one that is graded now, and what to tell of it."""

    counts: bool
    words: str = ""
    new: bool = True  # whether anything was laid, or would be: work, or its time


@dataclass(frozen=True)
class HandedIn:
    """One notebook that somebody handed in, and when: `moment` sorts attempts, "" where it is not known."""

    data: bytes
    moment: str = ""  # 2030-01-31-12-00-00, in the zone of whoever says so
    time: str = ""  # the same with its zone, where that is known: "2030-01-31 12:00:00 UTC"
    path: str = ""  # where it lay in the LMS's archive or folder

    @property
    def name(self) -> str:
        """The name of its file in the folder of a student's attempts."""
        return f"{self.moment or UNDATED}.{digest(self.data)}.ipynb"


def lay(notebook: Path, kept: Path, new: HandedIn, stamped: str = "") -> Laid:
    """Put a collected notebook where it is graded, unless a later attempt is there: see `weigh`.

    Nothing is lost: each attempt is also kept in `kept`, and so is what stood in its place, with its time.
    The new one's time, where it is known, is laid beside it. Raises OSError where the disk fails.
    """
    found = weigh(notebook, kept, new, stamped)
    there = _there(notebook)
    stamp = notebook.parent / TIME
    if there is not None and not list(kept.glob(f"*.{digest(there)}.ipynb")):
        files.write(kept / f"{UNDATED}.{digest(there)}.ipynb", there)
    store(kept, new)
    if found.counts and there != new.data:
        if there is not None and stamp.is_file():
            stamp.replace(kept / f"{UNDATED}.{digest(there)}.{TIME}")
        files.write(notebook, new.data)
    if found.counts and new.time and (there != new.data or not stamp.exists()):
        files.write(stamp, f"{new.time}\n".encode("ascii"))
    return found


def store(kept: Path, one: HandedIn) -> None:
    """Keep an attempt, and the path under which it came last: by it feedback finds its way back."""
    files.write(kept / one.name, one.data)
    if one.path:
        files.write(kept / f"{UNDATED}.{digest(one.data)}.{PATH}", json.dumps(one.path).encode())


def came_as(notebook: Path, kept: Path) -> str:
    """Where the notebook that is graded lay in what the LMS gave; "" where that is not known."""
    there = _there(notebook)
    path = kept / f"{UNDATED}.{digest(there or b'')}.{PATH}"
    return str(json.loads(path.read_bytes())) if path.is_file() else ""


def weigh(notebook: Path, kept: Path, new: HandedIn, stamped: str = "") -> Laid:
    """Whether a notebook is to be graded in place of what is there. Writes nothing.

    `stamped` is when what is there was handed in, by its own time. A notebook that was collected before
    and has been replaced since is an older one.
    """
    there = _there(notebook)
    if there is None:
        return Laid(True)
    if there == new.data:
        timed = bool(new.time) and not (notebook.parent / TIME).exists()
        return Laid(True, "there already; its time is new" if timed else "there already", timed)
    before = {path.name.split(".")[1]: path.name.split(".")[0] for path in kept.glob("*.*.ipynb")}
    later = max((stamped, *(time for time in before.values() if time != UNDATED)))
    if new.moment and later > new.moment:
        return Laid(False, f"not laid: a later attempt, of {later}, is there", False)
    if digest(new.data) in before:
        way = _way_back(kept / new.name, notebook)
        words = f"not laid: it was collected before, and another has replaced it since; {way}"
        return Laid(False, words, False)
    words = f"replaces another, which is kept in {kept}"
    if not (new.moment or new.time):
        own = next(kept.glob(f"*.{digest(there)}.ipynb"), kept / HandedIn(there).name)
        words += f"; {_way_back(own, notebook)}"
    if (notebook.parent / TIME).is_file() and not new.time:
        words += f"; its time is put away with it, and the new one has none: without {TIME} it is never late"
    return Laid(True, words)


def _way_back(other: Path, notebook: Path) -> str:
    """What to do where an attempt without a time stands against another."""
    return f"which is newer is not known: if it is the kept one, copy {other} to {notebook}"


def _there(notebook: Path) -> bytes | None:
    return notebook.read_bytes() if notebook.is_file() and not notebook.is_symlink() else None


def keep(notebook: Path, kept: Path) -> None:
    """Keep a notebook, and the time beside it, as an attempt; what is kept already stays as it is."""
    if not notebook.is_file() or notebook.is_symlink():
        return
    data = notebook.read_bytes()
    if not list(kept.glob(f"*.{digest(data)}.ipynb")):
        files.write(kept / f"{UNDATED}.{digest(data)}.ipynb", data)
    stamp = notebook.parent / TIME
    if stamp.is_file() and not stamp.is_symlink():
        files.write(kept / f"{UNDATED}.{digest(data)}.{TIME}", stamp.read_bytes())


def moment(notebook: Path, kept: Path) -> str:
    """When the notebook that is graded was handed in, as its LMS has it; "" where that is not known."""
    found = [path.name.split(".")[0] for path in kept.glob(f"*.{digest(notebook.read_bytes())}.ipynb")]
    return max((time for time in found if time != UNDATED), default="")


def time_file(notebook: Path) -> Path:
    """Where the time stands at which a notebook was handed in: beside it, or for a kept one under its digest.

    Kept ones are known by their folder: students name their files as they like.
    """
    kept = notebook.parents[2].name == KEPT and notebook.name.count(".") == 2
    return notebook.with_name(f"{UNDATED}.{notebook.name.split('.')[1]}.{TIME}" if kept else TIME)
