"""The releases that a student can begin: those of the course around, or those that the wheel brings along.

Never a solution: see the Makefile for what goes into which wheel.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from minigrad.grading.assignment import expected
from minigrad.grading.assignment.load import PUBLIC

RELEASES = Path(__file__).parents[1] / "releases.zip"  # in wheels alone
MINE = "mine"  # in a course's folder: where whoever studies there works, apart from what is released
Files = Mapping[str, bytes]  # by name


def offered(home: Path) -> dict[str, Files]:
    """The files of each release that can be begun in the folder `home`, by assignment."""
    course = home.parent
    if home.name == MINE and (course / "solutions").is_dir():
        return {p.name: files_in(p) for p in sorted((course / "assignments").glob("*")) if p.is_dir()}
    return carried()


def files_in(folder: Path) -> Files:
    """The files of a release: those that a build writes, and nothing that came to lie beside them."""
    names = release_names(folder.name)
    return {name: (folder / name).read_bytes() for name in names if (folder / name).is_file()}


def release_names(name: str) -> tuple[str, ...]:
    """The names of the files of an assignment's release."""
    return (f"{name}.ipynb", PUBLIC, expected.FILE)


def carried() -> dict[str, Files]:
    """The releases in the installed wheel; none where minigrad was installed from its sources."""
    if not RELEASES.exists():
        return {}
    found: dict[str, dict[str, bytes]] = {}
    with zipfile.ZipFile(RELEASES) as archive:
        for entry in archive.infolist():
            path = PurePosixPath(entry.filename)
            if not entry.is_dir() and len(path.parts) == 3:  # assignments/01-rnn/01-rnn.ipynb
                found.setdefault(path.parts[1], {})[path.name] = archive.read(entry)
    return {name: found[name] for name in sorted(found)}
