"""Where a pack may be written: an option names the pack itself, a zip or a folder, on every platform."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Collection
from pathlib import Path

from minigrad.grading.intake.plan import NESTED
from minigrad.grading.model import GradingError
from minigrad.grading.store.layout import Course


def zip_at(out: Path | None, usual: str) -> Path:
    """The zip that --out names, or else the usual one here; GradingError where it names none."""
    path = out or Path(usual)
    if path.is_dir() or path.suffix.lower() != ".zip":
        what = "is a folder" if path.is_dir() else "does not end in .zip"
        named = path / usual if path.is_dir() or not path.suffix else path.with_suffix(".zip")
        raise GradingError(f"{path} {what}, and what is packed is one zip: --out {named} names one")
    return path


def folder_at(out: Path | None, usual: str, option: str = "--out") -> Path:
    """The folder that an option names, or else the usual one here; GradingError where it names an archive."""
    path = plain = out or Path(usual)
    while plain.suffix.lower() in NESTED:
        plain = plain.with_suffix("")
    if plain != path:
        raise GradingError(
            f"{path} is called as an archive, and what is packed is a folder: {option} {plain} names one"
        )
    return path


def demand_our_zip(path: Path, files: Collection[str]) -> None:
    """Raise GradingError where a zip would be written over what is none of an earlier packing, so has not
    all of `files`. An OSError where it cannot be read."""
    try:
        there = zipfile.ZipFile(path).namelist()
    except FileNotFoundError:
        return
    except zipfile.BadZipFile:
        there = []
    if not set(files) <= set(there):
        raise GradingError(f"{path} is of no earlier packing: move it away, or name another with --out")


def demand_apart(course: Course, path: Path, option: str, answers: bool = True) -> None:
    """Raise GradingError where a pack would lie in a folder that a course reads, and say why it must not."""
    students = (
        "which students get, and it would hold the answers" if answers else "which is for releases alone"
    )
    own = {
        course.root / "assignments": students,
        course.root / "solutions": "where each folder is an assignment",
        course.submitted: "where each folder is a student's",
        **dict.fromkeys((course.autograded, course.feedback, course.state), "which is the grader's own"),
    }
    for folder, why in own.items():
        if path.resolve().is_relative_to(folder.resolve()):
            raise GradingError(f"{path} lies in {folder}, {why}: name another folder with {option}")


def demand_no_students(folder: Path, names: Collection[str], assignment: str) -> None:
    """Raise GradingError where the staff's repository would be called as one of a student's may be.

    GitHub Classroom calls these ASSIGNMENT-STUDENT, and heeds no case.
    """
    called = folder.resolve().name.casefold()
    for name in names:
        if f"{called}-".startswith(f"{name.casefold()}-"):
            other = folder.parent / f"graded-{assignment}"
            raise GradingError(
                f"{folder} is called as the repositories of {name} are, {name} and {name}-STUDENT, "
                f"so it would be taken for one of them: --private {other} names another"
            )


def tell_unignored(pack: Path) -> None:
    """Say where a pack with the answers lies in a git repository that would take it into a commit."""
    command = ["git", "check-ignore", "--quiet", pack.name]
    try:
        done = subprocess.run(command, cwd=pack.resolve().parent, capture_output=True)
    except OSError:  # no git
        return
    if done.returncode == 1:  # 0: ignored; 128: no repository
        told = f"{pack} holds the answers, and git here does not ignore it: add it to .gitignore"
        print(f"minigrad: {told}", file=sys.stderr)
