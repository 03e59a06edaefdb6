"""Feedback goes back under the names by which an LMS gave the work."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from minigrad.cli import main
from minigrad.grading.authoring.build import build
from minigrad.grading.classroom import court
from minigrad.grading.store.layout import Course
from tests.grading.handed_in import ADDS, NAME, RIGHT, fake_judge, hand_in, new_course, notebook

pytest.importorskip("nbgrader")
pytestmark = pytest.mark.filterwarnings("ignore")  # of nbgrader and what it imports
FILE = f"feedback-{NAME}-moodle.zip"


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    """Ann's and Bo's work came from Moodle, Cy's by hand."""
    monkeypatch.setattr(court, "Judge", fake_judge())
    monkeypatch.chdir(tmp_path)
    course, assignment = new_course(tmp_path)
    build(assignment, course.root / "assignments")
    course.roster.write_text("student,name\ns1,Ann Lee\ns2,Bo May\ns3,Cy Day\n")
    with zipfile.ZipFile("all.zip", "w") as made:
        for whose, answer in (("Ann Lee_101", RIGHT), ("Bo May_102", ADDS)):
            path = f"{whose}_assignsubmission_file_/mine.ipynb"
            made.writestr(path, json.dumps(notebook(assignment, answer)))
    assert main(["collect", NAME, "all.zip"]) == 0
    hand_in(course, "s3", notebook(assignment, ADDS))
    assert main(["grade", NAME, "--workers", "1"]) == 0
    return course


def test_current_pages_of_what_is_graded_go_back_under_their_names(course: Course, capsys) -> None:
    from minigrad.grading.nbgrader import plugin

    assert main(["handback", NAME, "--to", "moodle"]) == 2
    assert "of s1, s2, s3: run `minigrad feedback 01-tiny`" in capsys.readouterr().err
    plugin.feedback(course, NAME)
    assert main(["handback", NAME, "--to", "moodle"]) == 1
    told = capsys.readouterr()
    assert "not for moodle: s3: nobody knows as what it came" in told.err
    assert f"2 pages of feedback; wrote {FILE} into {course.root}" in told.out
    with zipfile.ZipFile(FILE) as made:
        assert {name: made.read(name) for name in made.namelist()} == {
            f"{whose}_assignsubmission_file_/{NAME}.html": page.read_bytes()
            for whose, student in (("Ann Lee_101", "s1"), ("Bo May_102", "s2"))
            if (page := course.feedback / student / NAME / f"{NAME}.html").is_file()
        }
    assert main(["handback", NAME, "--to", "canvas"]) == 2
    assert "nothing of 01-tiny was collected from Canvas" in capsys.readouterr().err

    Path(FILE).unlink()
    with plugin.book(course) as book:
        book.find_submission_notebook(NAME, NAME, "s2").grades[0].manual_score = 5.0
        book.db.commit()
    assert main(["handback", NAME, "--to", "moodle"]) == 2
    assert "another score than the gradebook's, of s2: run" in capsys.readouterr().err
    assert not Path(FILE).exists()


def test_the_page_of_earlier_work_does_not_go_back(course: Course, capsys) -> None:
    from minigrad.grading.nbgrader import plugin

    plugin.feedback(course, NAME)
    work = course.submitted / "s2" / NAME / f"{NAME}.ipynb"
    work.write_bytes(work.read_bytes().replace(b"x + factor", b"x - factor"))
    assert main(["handback", NAME, "--to", "moodle"]) == 1
    assert "not for moodle: s2: not graded yet" in capsys.readouterr().err
    with zipfile.ZipFile(FILE) as made:
        assert made.namelist() == [f"Ann Lee_101_assignsubmission_file_/{NAME}.html"]


def test_a_page_goes_back_to_who_has_another_id_now(course: Course) -> None:
    from minigrad.grading.nbgrader import plugin

    assert main(["roster", "rename", "s1", "s9"]) == 0
    plugin.feedback(course, NAME)
    assert main(["handback", NAME, "--to", "moodle"]) == 1
    with zipfile.ZipFile(FILE) as made:
        assert len(made.namelist()) == 2


def test_where_nobody_is_graded_to_the_end_no_export_is_blamed(course: Course, capsys) -> None:
    from minigrad.grading.nbgrader import plugin

    with plugin.book(course) as book:
        for student in ("s1", "s2", "s3"):
            book.find_submission_notebook(NAME, NAME, student).grades[0].needs_manual_grade = True
        book.db.commit()
    assert main(["handback", NAME, "--to", "moodle"]) == 2
    told = capsys.readouterr().err
    assert "s1: needs a person" in told
    assert "nobody's work of 01-tiny is graded to its end yet: see above" in told


def test_who_waits_to_be_graded_is_named_by_the_report(course: Course, capsys) -> None:
    work = course.root / "submitted" / "s1" / NAME / f"{NAME}.ipynb"
    other = course.root / "submitted" / "s4" / NAME / f"{NAME}.ipynb"
    other.parent.mkdir(parents=True)
    other.write_bytes(work.read_bytes())
    assert main(["report", NAME]) == 0
    assert f"handed in, and not graded yet: s4: run `minigrad grade {NAME}`" in capsys.readouterr().err
