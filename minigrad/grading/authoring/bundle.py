"""`python -m minigrad.grading.authoring.bundle FILE [--sources]`: what a wheel carries of the course here.

The releases, for `minigrad start`; with --sources, as the staff wheel has them, what authors wrote as well.
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

from minigrad.grading.assignment.carried import files_in
from minigrad.grading.assignment.load import authored
from minigrad.grading.store.layout import Course


def copied(course: Course, name: str) -> dict[str, bytes]:
    """An assignment's sources and its release, by path: its own files, and nothing that lies beside them.

    Raises AuthoringError where one of the sources is a link.
    """
    sources = {f"solutions/{name}/{file}": data for file, data in authored(course.authored(name)).items()}
    return {**sources, **released(course, name)}


def released(course: Course, name: str) -> dict[str, bytes]:
    """The files of an assignment's release, by path."""
    return {f"assignments/{name}/{file}": data for file, data in files_in(course.release(name)).items()}


def main(words: list[str]) -> None:
    """Write the archive."""
    course = Course.find(Path.cwd())
    of = copied if "--sources" in words else released
    with zipfile.ZipFile(words[0], "w", zipfile.ZIP_DEFLATED) as archive:
        for name in course.names():
            for path, data in of(course, name).items():
                archive.writestr(path, data)


if __name__ == "__main__":
    main(sys.argv[1:])
