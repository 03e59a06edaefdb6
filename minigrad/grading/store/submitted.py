"""What lies in submitted/: each student's notebook for an assignment, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from minigrad.grading.model import Refused, clean, is_notebook

SHOWN = 3  # names in a reason
OWN = (".DS_Store", ".ipynb_checkpoints", ".gitignore", ".gitkeep", "Thumbs.db", "desktop.ini")
LINK = "its folder is a link: hand in the files themselves"


def submissions(submitted: Path, name: str, known: Collection[str]) -> dict[str, Path | Refused]:
    """By student, what was handed in for the assignment `name`; no student who handed in only others.

    A notebook bears the assignment's name; failing that, it is the only one of its folder. Every other
    folder of a student has a reason. `known` are the course's assignments. No link is followed.
    """
    found: dict[str, Path | Refused] = {}
    for student in _inside(submitted):
        if not (student.is_dir() or student.is_symlink()):  # also a link to nothing has a line
            continue
        try:
            handed_in = Refused(LINK) if student.is_symlink() else _of_student(student, name, known)
        except OSError:
            handed_in = Refused("its folder cannot be read: give yourself the right to")
        if handed_in is not None:
            found[student.name] = handed_in
    return found


def strays(submitted: Path) -> list[str]:
    """What lies in submitted/ and is no student's folder, each in words: files, and hidden folders."""
    try:
        found = sorted(p for p in submitted.iterdir() if p.name not in OWN)
    except FileNotFoundError:
        return []
    hidden = [p for p in found if p.name.startswith(".")]
    files = [p for p in found if not p.is_dir() and p not in hidden]
    return [
        *(f"submitted/{p.name} is in no student's folder: it is not graded" for p in files),
        *(f"submitted/{p.name} is hidden: it is not graded" for p in hidden),
    ]


def _of_student(student: Path, name: str, known: Collection[str]) -> Path | Refused | None:
    """A student's notebook, or why there is none; None when only other assignments were handed in."""
    entries = _inside(student)
    for folder in entries:
        if folder.name == name:
            return _of_folder(folder, name)
    for entry in entries:
        if entry.name.casefold() == name.casefold():
            return Refused(f"its folder is called {clean(entry.name)}: rename it {name}")
    if any(entry.name in known for entry in entries):
        return None
    return Refused(f"it has no folder {name}: {_listed(student, entries)}")


def _of_folder(folder: Path, name: str) -> Path | Refused:
    """The notebook of an assignment's folder, or why there is none."""
    if folder.is_symlink():
        return Refused(LINK)
    if not folder.is_dir():
        return Refused(f"{name} is a file: it must be a folder that has {name}.ipynb")
    entries = _inside(folder)
    notebooks = [p for p in entries if is_notebook(p.name)]
    named = folder / f"{name}.ipynb"
    if named in notebooks or len(notebooks) == 1:
        return named if named in notebooks else notebooks[0]
    if notebooks:
        return Refused(f"none of its {len(notebooks)} notebooks is called {name}.ipynb: {_names(notebooks)}")
    return Refused(f"it has no notebook {name}.ipynb: {_listed(folder, entries)}")


def notebooks_below(folder: Path) -> list[Path]:
    """The notebooks in a folder and those further down, in order, without JupyterLab's checkpoints."""
    return [
        p for p in sorted(folder.rglob("*.*")) if is_notebook(p.name) and ".ipynb_checkpoints" not in p.parts
    ]


def _listed(folder: Path, entries: Sequence[Path]) -> str:
    """What is in a folder instead of what was looked for; a notebook further down, where there is one."""
    if deeper := notebooks_below(folder):
        return f"one lies at {clean(str(deeper[0].relative_to(folder)), 200)}"
    return f"there is {_names(entries)}" if entries else "it is empty"


def _names(paths: Sequence[Path]) -> str:
    names = ", ".join(clean(p.name, 100) for p in paths[:SHOWN])
    return names + (", ..." if len(paths) > SHOWN else "")


def _inside(folder: Path) -> list[Path]:
    """What lies in a folder, in order, without what is hidden; nothing where there is no folder."""
    try:
        return sorted(p for p in folder.iterdir() if not p.name.startswith("."))
    except FileNotFoundError:
        return []
