"""Feedback goes back under the names by which an LMS gave the work."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from minigrad.cli import main
from minigrad.grading.classroom import court
from minigrad.grading.store.layout import Course
from tests.grading.builds import build
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
    assert "lateness, of s2: run" in capsys.readouterr().err
    assert not Path(FILE).exists()


def test_where_a_comment_alone_is_another_no_score_is_blamed(course: Course, capsys) -> None:
    from minigrad.grading.nbgrader import plugin

    plugin.feedback(course, NAME)
    with plugin.book(course) as book:
        book.find_submission_notebook(NAME, NAME, "s1").comments[0].manual_comment = "Well done."
        book.db.commit()
    assert main(["handback", NAME, "--to", "moodle"]) == 2
    told = "no page of feedback that tells what the gradebook does now, points, comments and lateness, of s1"
    assert told in capsys.readouterr().err


def test_pages_are_called_by_the_rosters_ids_or_names(course: Course, capsys) -> None:
    from minigrad.grading.nbgrader import plugin

    def names(how: str) -> list[str]:
        with zipfile.ZipFile(f"feedback-{NAME}-{how}.zip") as made:
            return made.namelist()

    course.roster.write_text("student,name\ns1,Ann/Lee\ns2,Bo May\ns3,Bo May\n")
    plugin.feedback(course, NAME)
    assert main(["handback", NAME, "--to", "id"]) == 0
    assert names("id") == ["s1.html", "s2.html", "s3.html"]
    assert main(["handback", NAME, "--to", "name"]) == 0
    assert names("name") == ["Ann_Lee.html", "Bo May (s2).html", "Bo May (s3).html"]
    course.roster.write_text("student,name\ns1,Ann Lee\ns2,\ns3,\n")
    capsys.readouterr()
    assert main(["handback", NAME, "--to", "name"]) == 1
    assert "s2: has no name in roster.csv: `minigrad handback 01-tiny --to id`" in capsys.readouterr().err
    course.roster.write_text("student\ns1\ns2\ns3\n")
    assert main(["handback", NAME, "--to", "name"]) == 2
    assert "has a name in roster.csv: write them there" in capsys.readouterr().err


def test_each_command_ends_with_what_comes_next(course: Course, capsys) -> None:
    def last(*words: str) -> str:
        main([*words])
        return capsys.readouterr().out.splitlines()[-1]

    out = f"next: `minigrad handback {NAME} --to moodle` (or canvas, id, name), then `minigrad export {NAME}`"
    assert last("feedback", NAME) == out
    assert last("regrade", NAME, "--workers", "1") == out
    assert last("regrade", NAME, "--preview", "--workers", "1") == f"next: `minigrad report {NAME}`"
    assert last("export", NAME) == f"next: `minigrad export {NAME} --to moodle` (or canvas, blackboard)"
    course.roster.write_text("student,email\ns1,a@x.org\ns2,b@x.org\ns3,c@x.org\n")
    assert last("export", NAME, "--to", "moodle") == f"next: import grades-{NAME}-moodle.csv in Moodle"
    course.dates.write_text(
        f'[[decisions.{NAME}]]\ncredit = "scale.values"\nreason = "r"\ndate = 2030-02-03\n'
    )
    again = f"next: `minigrad regrade {NAME}`, which records it"
    assert last("regrade", NAME, "--preview", "--workers", "1") == again
    course.dates.unlink()
    work = course.submitted / "s2" / NAME / f"{NAME}.ipynb"
    graded = work.read_bytes()
    work.write_bytes(graded.replace(b"x + factor", b"x - factor"))
    again = f"next: `minigrad grade {NAME}`, then `minigrad export {NAME}` again"
    assert last("export", NAME) == again
    again = f"next: see to what is named above, then `minigrad feedback {NAME}` again"
    assert last("feedback", NAME) == again
    work.write_bytes(b"no notebook")
    main(["grade", NAME, "--workers", "1"])
    assert last("regrade", NAME, "--workers", "1") == f"next: `minigrad report {NAME}`"
    assert last("export", NAME, "--to", "moodle").startswith(f"next: `minigrad report {NAME}`, which says")


def test_the_page_of_earlier_work_does_not_go_back(course: Course, capsys) -> None:
    from minigrad.grading.nbgrader import plugin

    plugin.feedback(course, NAME)
    work = course.submitted / "s2" / NAME / f"{NAME}.ipynb"
    work.write_bytes(work.read_bytes().replace(b"x + factor", b"x - factor"))
    assert main(["handback", NAME, "--to", "moodle"]) == 1
    assert "not for moodle: s2: not graded yet" in capsys.readouterr().err
    with zipfile.ZipFile(FILE) as made:
        assert made.namelist() == [f"Ann Lee_101_assignsubmission_file_/{NAME}.html"]


def test_the_page_of_a_refused_notebook_goes_back_and_says_why(course: Course, capsys) -> None:
    from minigrad.grading.nbgrader import plugin

    (course.submitted / "s2" / NAME / f"{NAME}.ipynb").write_bytes(b"no notebook")
    main(["grade", NAME, "--workers", "1"])
    plugin.feedback(course, NAME)
    assert main(["handback", NAME, "--to", "id"]) == 0
    with zipfile.ZipFile(f"feedback-{NAME}-id.zip") as made:
        assert b"could not be graded" in made.read("s2.html")


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
