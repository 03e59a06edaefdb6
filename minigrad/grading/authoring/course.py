"""A course of one's own: the files that a new one starts with, and copies of bundled assignments."""

from __future__ import annotations

import contextlib
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

from minigrad.grading.authoring.bundle import copied
from minigrad.grading.model import GradingError
from minigrad.grading.roster import LMS, PLAIN
from minigrad.grading.store import configuration
from minigrad.grading.store.layout import Course

GITIGNORE = """\
# What is private, or made anew: answers of students, salts and results, grades.
/.minigrad/
/submitted/
/autograded/
/feedback/
/gradebook.db*
/grades*
/report-*
/roster.csv
/dist/
/matrix.json
/mine/
/assignments/mynet.py
/assignments/progress.jsonl
.venv/
__pycache__/
.ipynb_checkpoints/
*.zip
# What `minigrad platform` packs for staff: the solution, hidden checks and a salt are in it.
/*-prairielearn/
/*-graded/
/graded-*/
"""
COURSE_TOML = """\
# Due dates and what lateness costs. Take the "# " from the lines that you need: `minigrad` names the line
# of whatever it does not understand.

# [due]                               # with date, time and distance from UTC
# 01-rnn = 2030-02-01T23:59:00+01:00

# [extensions.01-rnn]                 # of a student of roster.csv: a later date
# s17 = 2030-02-08T23:59:00+01:00

# [late]
# grace_hours = 0.5                   # after the due date, free of charge
# slope_percent_per_day = 10          # of the score, from the due date on
# cap_percent = 50                    # at most
# budget_days = 5                     # free days of each student over the term, in the order of due dates

# [attempts]
# counts = "best"                     # of all that was handed in; or "last in time" (default: "last")

# [feedback]
# hints = "idea"                      # of graded work, not the "place"; or only the "question" (default: all)

# [final]                             # the final column: groups, each the mean of its assignments
# homework = { of = ["01-rnn", "02-lstm"], weight = 60, drop_lowest = 1 }
# project = { of = ["03-gru"], weight = 40 }

# [[decisions.01-rnn]]                # once for each decision: one of drop, credit and add
# credit = "rnn-cell.gradients"       # this check counts as passed
# students = ["s17"]                  # for these alone (default: everybody)
# reason = "The text was unclear."    # students read it
# date = 2030-02-03

# [[decisions.01-rnn]]
# drop = "rnn-cell.values"            # this check counts for nobody
# gone = true                         # nor do its points (default: the exercise's other checks get them)
# reason = "It asked for more than the text."
# date = 2030-02-03

# [[decisions.01-rnn]]
# add = "rnn-cell"                    # to this exercise, up to all that it has; also with students
# points = 2
# reason = "The server was down."
# date = 2030-02-04

# [gradebook]                         # only for a gradebook in PostgreSQL
# db_url = "postgresql+psycopg2:///course"
"""
ROSTER = ",".join(("student", *PLAIN, *LMS)) + "\n"
WORKFLOW = """\
# Every push: releases are what their sources give, right work passes, every known mistake is caught.
name: course

on:
  push:
  pull_request:

permissions:
  contents: read

jobs:
  assignments:
    runs-on: ubuntu-24.04
    timeout-minutes: 45
    steps:
      - uses: actions/checkout@v6
        with:
          persist-credentials: false
      - uses: actions/setup-python@v6
        with:
          python-version: "3.12"
      - run: python -m pip install -r requirements.txt
      - run: minigrad build --check
      - run: minigrad matrix
"""
REQUIREMENTS = """\
# What the course runs on: from an index, or from minigrad's wheel in the folder wheels/.
--find-links wheels
minigrad[course]=={version}
"""

BUNDLED = Path(__file__).parents[1] / "bundled.zip"  # in the staff wheel alone: see the Makefile


@contextlib.contextmanager
def bundled() -> Iterator[Course]:
    """The course that the staff wheel brings, unpacked while it is copied from.

    Raises GradingError where the wheel that is installed is the students', or there is none.
    """
    if not BUNDLED.exists():
        raise GradingError(
            "no assignments to copy: name a course that has them with --course, or install the staff wheel, "
            "which `make wheel` lays into dist/staff/"
        )
    with tempfile.TemporaryDirectory(prefix="minigrad-") as folder:
        zipfile.ZipFile(BUNDLED).extractall(folder)
        yield Course.at(Path(folder))


def lay_out(folder: Path, source: Course | None, names: Sequence[str]) -> tuple[list[Path], list[Path]]:
    """Write a course into `folder`, with the assignments `names` of `source`: files written, files kept.

    Nothing is overwritten. Raises GradingError, and writes nothing, where `folder` is a course already,
    where an assignment is there, or where its nbgrader_config.py is another's.
    """
    made = Course.at(folder)
    files = _files()
    if (folder / configuration.FILE).exists():
        configuration.demand_configuration(made)
        raise GradingError(f"{folder} is a course already: choose another folder")
    copies = {path: data for name in names if source for path, data in copied(source, name).items()}
    folders = list(dict.fromkeys((folder / path).parent for path in copies))
    for new in folders:
        if new.exists():
            raise GradingError(f"{new} exists already: move it away, or leave out {new.name}")
    kept = [folder / file for file in files if (folder / file).exists()]
    made.authored("").mkdir(parents=True, exist_ok=True)
    for file, data in copies.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(data)
    wrote = [folder / file for file in files if folder / file not in kept]
    for path in wrote:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[str(path.relative_to(folder))], encoding="utf-8")
    return [*wrote, *folders], kept


def _files() -> dict[str, str]:
    """The files of a new course; the one that makes it a course is the last."""
    return {
        ".gitignore": GITIGNORE,
        "course.toml": COURSE_TOML,
        "roster.csv": ROSTER,
        "requirements.txt": REQUIREMENTS.format(version=version("minigrad")),
        ".github/workflows/course.yml": WORKFLOW,
        configuration.FILE: configuration.TEXT,
    }
