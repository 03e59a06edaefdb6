"""What another minigrad would change in a course: tried by its own commands, in a copy of the course.

The other one is asked as a user would ask it: `minigrad build` for the releases, `minigrad regrade --preview`
for the scores. Both run in the copy, which has no gradebook, and the course itself is only read.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import minigrad
from minigrad.grading.model import GradingError
from minigrad.grading.store.layout import Course

ASKED = "import minigrad; print(minigrad.__version__); print(minigrad.__file__)"
SECTION = re.compile(r"^\[gradebook\][^\n]*\n(?:(?!\[)[^\n]*\n?)*", re.MULTILINE)
PYTHONS_OWN = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")


@dataclass(frozen=True)
class Other:
    """Another minigrad: an interpreter that has it, and its version."""

    python: Path
    version: str


@dataclass(frozen=True)
class Said:
    """What a command of the other minigrad said; `code` is its exit code."""

    code: int
    out: str
    why: str  # the last line of standard error, which is the reason where it failed


def other(python: Path) -> Other:
    """The minigrad of an interpreter; GradingError where it has none, or the one that runs this."""
    said = _run([str(python), "-c", ASKED], Path("/"))
    lines = said.out.splitlines()
    if said.code or len(lines) != 2:
        raise GradingError(
            f"{python} has no minigrad ({said.why or 'it says nothing'}): name the interpreter of an "
            "environment in which the new version is installed, like ../new/bin/python"
        )
    version, file = lines
    if Path(file).resolve() == Path(minigrad.__file__).resolve():
        raise GradingError(
            f"{python} has the minigrad that runs this, in {Path(file).parent}: install the new version "
            "in an environment of its own, and name that one's interpreter"
        )
    return Other(python, version)


@contextmanager
def copied(course: Course, names: Sequence[str]) -> Iterator[Course]:
    """A copy, for a while and for us alone, of what grading some assignments of a course reads."""
    with tempfile.TemporaryDirectory(prefix="minigrad-") as folder:
        copy = Course.at(Path(folder) / "course")
        copy.work.mkdir()
        if course.dates.exists():
            copy.dates.write_text(without_gradebook(course.dates.read_text("utf-8")), "utf-8")
        for path in (course.root / "nbgrader_config.py", course.roster):
            if path.exists():
                shutil.copy2(path, copy.work / path.name)
        for name in set(course.names()) - set(names):  # course.toml may name any of them
            shutil.copytree(course.authored(name), copy.authored(name), ignore=PYTHONS_OWN)
        for name in names:
            above = [(course.authored(name), copy.authored(name)), (course.release(name), copy.release(name))]
            kept = [getattr(Course, what) for what in ("reports", "attempts", "history")]
            for old, new in (*above, *((place(course, name), place(copy, name)) for place in kept)):
                if old.is_dir():
                    shutil.copytree(old, new, symlinks=True, ignore=PYTHONS_OWN)
            if course.salt(name).exists():
                copy.salt(name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(course.salt(name), copy.salt(name))
        if course.submitted.is_dir():
            shutil.copytree(course.submitted, copy.submitted, symlinks=True, ignore=PYTHONS_OWN)
        yield copy


def without_gradebook(text: str) -> str:
    """The course file without the gradebook's address: a copy must not reach a database.

    Raises GradingError where it is written in a way in which it is not found.
    """
    made = SECTION.sub("", text)
    if "gradebook" in tomllib.loads(made):
        raise GradingError("course.toml: write the gradebook's address below a line [gradebook]")
    return made


def releases(other: Other, copy: Course, name: str) -> list[str]:
    """The files of a release that the other minigrad would write anew; the copy has them afterwards."""
    before = _files(copy.release(name))
    said = asked(other, copy, "build", name)
    if said.code:
        raise GradingError(f"minigrad {other.version} cannot build {name}: {said.why}")
    after = _files(copy.release(name))
    return sorted(file for file in {*before, *after} if before.get(file) != after.get(file))


def scores(other: Other, copy: Course, name: str, workers: int) -> list[dict[str, Any]]:
    """Who gains or loses what by the other minigrad, as its `regrade --preview --json` tells it."""
    said = asked(other, copy, "regrade", name, "--preview", "--json", "--workers", str(workers))
    try:
        found: list[dict[str, Any]] = json.loads(said.out)
    except ValueError:
        raise GradingError(f"minigrad {other.version} cannot grade {name}: {said.why}") from None
    return found


def asked(other: Other, copy: Course, *words: str) -> Said:
    """A command of the other minigrad in the copy."""
    return _run([str(other.python), "-m", "minigrad", "--course", str(copy.root), *words], copy.root)


def _run(words: Sequence[str], folder: Path) -> Said:
    """A command and what it said. Into files: a pipe that nobody reads stops who writes into it."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        try:
            code = subprocess.run(
                words, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=err, check=False
            ).returncode
        except OSError as error:
            return Said(-1, "", error.strerror or str(error))
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
    last = (texts[1].strip().splitlines() or [""])[-1]
    return Said(code, texts[0], last.removeprefix("minigrad: "))


def _files(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.glob("*") if p.is_file()}
