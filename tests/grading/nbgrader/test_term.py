"""A course's rules over a term of three assignments: from course.toml to gradebook, page and export."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from minigrad.cli import main
from minigrad.grading.classroom import court
from minigrad.grading.nbgrader.late_days import TOLD
from minigrad.grading.store.layout import Course
from tests.grading.term import CHECKS, NAMES, Named, hand_in, new_course

pytest.importorskip("nbgrader")
pytestmark = pytest.mark.filterwarnings("ignore")  # of nbgrader and what it imports
ONE, TWO, THREE = NAMES
DUE = f"[due]\n{ONE} = 2030-02-01T12:00:00Z\n{TWO} = 2030-02-08T13:00:00+01:00\n"
LATE = "[late]\nslope_percent_per_day = 10\n"


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Path:
    return new_course(tmp_path_factory.mktemp("term")).root


@pytest.fixture
def course(tmp_path: Path, template: Path, monkeypatch) -> Course:
    monkeypatch.setattr(court, "Judge", Named)
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return Course.at(tmp_path)


def grade(name: str) -> None:
    assert main(["grade", name, "--workers", "1"]) == 0


def exported(course: Course, name: str) -> dict[str, tuple[str, str, str]]:
    """By student: score, late penalty, late days."""
    main(["export", name])
    with (course.work / f"grades-{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return {r["student"]: (r["score"], r["late penalty"], r["late days"]) for r in csv.DictReader(file)}


def page(course: Course, name: str, student: str) -> str | None:
    path = course.feedback / student / name / f"{name}.html"
    found = TOLD.search(path.read_text()) if path.exists() else None
    return found and found[0]


def test_late_days_are_spent_in_the_order_of_due_dates_and_stated(course):
    from minigrad.grading.nbgrader import plugin

    course.dates.write_text(f"{DUE}{LATE}budget_days = 3\n")
    hand_in(course, "ann", ONE, CHECKS, "2030-02-02 12:00:00 UTC")  # a day
    hand_in(course, "ann", TWO, CHECKS, "2030-02-11 12:00:00 UTC")  # three, of which two are left
    grade(TWO)
    assert exported(course, TWO) == {"ann": ("10", "", "3")}, "the first is not handed in yet"
    plugin.feedback(course, TWO)
    assert page(course, TWO, "ann") == "Late days: 3 spent here, 0 of 3 left."
    grade(ONE)
    assert page(course, TWO, "ann") is None, "a page that tells other days is gone"
    assert exported(course, ONE) == {"ann": ("10", "", "1")}
    assert exported(course, TWO) == {"ann": ("9", "1", "2")}
    plugin.feedback(course, ONE)
    plugin.feedback(course, TWO)
    assert page(course, ONE, "ann") == "Late days: 1 spent here, 2 of 3 left."
    assert page(course, TWO, "ann") == "Late days: 2 spent here, 0 of 3 left."
    course.dates.write_text(f"{DUE}{LATE}budget_days = 4\n")
    assert exported(course, TWO) == {"ann": ("10", "", "3")}
    exported(course, ONE)
    assert page(course, ONE, "ann") is None, "it told of another budget"
    more = f"[extensions.{ONE}]\nann = 2030-02-02T12:00:00Z\n"
    course.dates.write_text(f"{DUE}{more}{LATE}budget_days = 3\n")
    assert exported(course, ONE) == {"ann": ("10", "", "")}
    assert exported(course, TWO) == {"ann": ("10", "", "3")}
