"""A class's submissions, as a folder or archive from an LMS, become notebooks in our own layout.

Nothing is extracted by the names in an archive: `plan` (pure) decides whose each entry is and which
one counts, and only those bytes are written, to INTO/student/assignment/assignment.ipynb. What else
lies in a submission (links, `timestamp.txt`, `numpy.py`) stays behind.

Names understood, with the student's id:
    ann/hw.ipynb, ann/hw/hw.ipynb, ann.ipynb             ann (folders, nbgrader's layout, flat)
    Ann Lee_123_assignsubmission_file_/hw.ipynb          123 (Moodle, "in folders")
    Ann Lee_123_assignsubmission_file_hw.ipynb           123 (Moodle, flat)
    leeann_123_456_hw.ipynb, leeann_LATE_123_456_hw.ipynb  123 (Canvas)
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from minigrad.grading.intake.archives import MAX_ENTRIES, Entry, opened
from minigrad.grading.model import GradingError, Refused

MAX_NAME = 100  # characters of a student's id
MAX_PATH = 1000  # characters of a path in an archive
MAX_PARTS = 8
MOODLE = re.compile(r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_file_?(?P<rest>.*)", re.DOTALL)
CANVAS = re.compile(r"(?P<name>[^_]+)_(?:LATE_)?(?P<id>\d+)_\d+_(?P<rest>.+)", re.DOTALL)
IGNORED = ("__MACOSX", ".ipynb_checkpoints", ".DS_Store")
NESTED = (".zip", ".tar", ".gz", ".tgz", ".rar", ".7z", ".bz2", ".xz")


@dataclass(frozen=True)
class Owned:
    """Whose an entry is, and its path within the submission."""

    student: str
    path: str


@dataclass(frozen=True)
class Plan:
    """What is to be read: the entry's number for each student; and why not, for the others."""

    chosen: Mapping[str, int] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    nobodys: tuple[str, ...] = ()  # entries that belong to no student, each with the reason


@dataclass(frozen=True)
class Unpacked:
    """What came of a class: files of ours, reasons for a person to look at, entries left over."""

    files: Mapping[str, Path]
    refused: Mapping[str, str]
    nobodys: tuple[str, ...]


def unpack(source: Path, into: Path, assignment: str) -> Unpacked:
    """Lay out the notebooks of a folder, .zip, .tar or .tar.gz below `into`, which may exist already.

    Raises Refused when the source as a whole cannot be read safely, GradingError when our own disk
    fails. One student's broken submission never stops the others'.
    """
    with opened(source) as archive:
        made = plan(archive.entries, assignment)
        files: dict[str, Path] = {}
        refused = dict(made.refused)
        for student, number in sorted(made.chosen.items(), key=lambda item: item[1]):
            try:
                data = archive.read(number)
            except Refused as why:
                refused[student] = str(why)
            else:
                files[student] = write(into, student, assignment, data)
    return Unpacked(dict(sorted(files.items())), dict(sorted(refused.items())), made.nobodys)


def write(into: Path, student: str, assignment: str, data: bytes) -> Path:
    """Write one notebook, as a new file: what stood in its place is replaced, not followed."""
    path = into / student / assignment / f"{assignment}.ipynb"
    scratch = path.with_suffix(".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch.unlink(missing_ok=True)
        fd = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        with os.fdopen(fd, "wb") as f:
            f.write(data)
        os.replace(scratch, path)
    except OSError as error:
        message = f"{path} cannot be written ({error.strerror}): free the disk and run again"
        raise GradingError(message) from error
    return path


def plan(entries: Iterable[Entry], assignment: str) -> Plan:
    """Which entry counts for each student. Pure; raises Refused for too many entries."""
    nobodys: list[str] = []
    by_student: dict[str, list[tuple[int, str, Entry]]] = {}
    for number, entry in enumerate(entries):
        if number >= MAX_ENTRIES:
            raise Refused(f"the archive has more than {MAX_ENTRIES} entries: split it")
        if entry.kind == "folder":
            continue
        try:
            whose = owner(entry.name)
        except Refused as why:
            nobodys.append(f"{printable_name(entry.name)}: {why}")
            continue
        if whose is not None:
            by_student.setdefault(whose.student, []).append((number, whose.path, entry))
        elif entry.kind == "link":
            nobodys.append(f"{printable_name(entry.name)}: a link")
    chosen: dict[str, int] = {}
    refused: dict[str, str] = {}
    by_folded: dict[str, list[str]] = {}
    for student in by_student:
        by_folded.setdefault(folded(student), []).append(student)
    for student, theirs in by_student.items():
        others = [s for s in by_folded[folded(student)] if s != student]
        if others:
            refused[student] = f"another submission's name differs only in case: {', '.join(others)}"
            continue
        try:
            chosen[student] = the_notebook(theirs, assignment)
        except Refused as why:
            refused[student] = str(why)
    return Plan(chosen, refused, tuple(nobodys))


def owner(name: str) -> Owned | None:
    """Whose an entry is, by its path; None for files of no interest; Refused for a path that is not safe."""
    parts = safe_parts(name)
    if any(part in IGNORED for part in parts):
        return None
    # Only the first part says whose it is: the LMS writes that one, a student may have written the others.
    found = MOODLE.fullmatch(parts[0]) or (CANVAS.fullmatch(parts[0]) if len(parts) == 1 else None)
    if found:
        return Owned(found["id"], "/".join(p for p in (found["rest"], *parts[1:]) if p))
    if len(parts) == 1:
        stem, dot, suffix = parts[0].rpartition(".")
        return Owned(student_id(stem), parts[0]) if dot and suffix == "ipynb" else None
    return Owned(student_id(parts[0]), "/".join(parts[1:]))


def safe_parts(name: str) -> list[str]:
    """The parts of a relative path; Refused for one that could leave its folder on any system."""
    if len(name) > MAX_PATH or "\0" in name:
        raise Refused("its name is too long or no text")
    path = name.replace("\\", "/")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if path.startswith("/") or re.match(r"[A-Za-z]:", path):
        raise Refused("an absolute path")
    if ".." in parts:
        raise Refused("`..` in its path")
    if not parts or len(parts) > MAX_PARTS:
        raise Refused("too many folders in its path" if parts else "it has no name")
    return parts


def student_id(name: str) -> str:
    """A folder's name as a student's id; Refused when it cannot be one on every system."""
    name = unicodedata.normalize("NFC", name)
    plain = all(c.isalnum() or c in " ._-@+'()," for c in name)
    if not plain or not name[:1].isalnum() or name != name.strip(" .") or len(name) > MAX_NAME:
        raise Refused("its folder's name cannot be a student's id")
    return name


def folded(name: str) -> str:
    """Equal for names that some file system takes for the same."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def the_notebook(theirs: list[tuple[int, str, Entry]], assignment: str) -> int:
    """The entry that holds a student's notebook; Refused when that is not clear, or not safe."""
    found = [(n, path, e) for n, path, e in theirs if path.lower().endswith(".ipynb")]
    if not found:
        nested = [path for _, path, _ in theirs if path.lower().endswith(NESTED)]
        raise Refused(
            f"an archive ({printable_name(nested[0])}) was handed in: unpack it into the student's folder"
            if nested
            else "no notebook was handed in"
        )
    paths = [folded(path) for _, path, _ in found]
    if len(set(paths)) < len(paths):
        raise Refused("two of its files have names that differ only in case, or are the same")
    named = [f for f in found if f[1].rpartition("/")[2] == f"{assignment}.ipynb"]
    if len(named) != 1 and len(found) != 1:
        raise Refused(f"{len(found)} notebooks were handed in: which one counts? Name it {assignment}.ipynb")
    number, _, entry = (named if len(named) == 1 else found)[0]
    if entry.kind != "file":
        raise Refused(WRONG_KIND[entry.kind])
    return number


WRONG_KIND = {
    "link": "the notebook is a link: hand in the notebook itself",
    "other": "the notebook is not a regular file: hand in the notebook itself",
    "encrypted": "the notebook is encrypted: hand it in without a password",
}


def printable_name(name: str) -> str:
    """An untrusted name, short and printable."""
    text = "".join(c if c.isprintable() else "\ufffd" for c in name[:80])
    return f"{text}…" if len(name) > 80 else text
