"""One class with every kind of broken folder: all others are graded and recorded, and each has its line."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import socket
from pathlib import Path

import pytest

from minigrad.cli.terminal import class_table
from minigrad.grading.classroom import court
from minigrad.grading.classroom.run import grade_class, last_reports
from minigrad.grading.model import Assignment
from minigrad.grading.report.class_page import class_html
from minigrad.grading.report.formats import class_csv, class_json
from minigrad.grading.report.markup import printable
from minigrad.grading.store.layout import Course
from tests.grading.builds import build
from tests.grading.handed_in import NAME, RIGHT, fake_judge, hand_in, new_course, notebook

pytest.importorskip("nbgrader")
pytestmark = pytest.mark.filterwarnings("ignore")  # of nbgrader and what it imports

ODD_NAMES = (  # of students whose work is right: all are graded
    *("=1+1", "a,b", "[a]*?", "{student_id}", "%s %(x)d", "--force", " space ", "o'neil", "back\\slash"),
    *('say "x"', "é", "e\u0301", "x" * 128, "a..b", "a+b", "null", "None", "CON"),
)
NO_NAMES = ("two\nlines", "turned\u202ename", "bell\x07", "x" * 200, os.fsdecode(b"not-utf8-\xff"))
HONEST = tuple(f"s{i:02}" for i in range(6))


def as_nobody() -> bool:
    """Whether the rights of a file bind this process."""
    return not hasattr(os, "geteuid") or os.geteuid() != 0


def broken(course: Course, assignment: Assignment) -> set[str]:
    """Lay out what cannot be graded, each under a name that says what it is; the students' names."""
    submitted, right = course.submitted, notebook(assignment, RIGHT)
    before = {p.name for p in submitted.iterdir()}

    def folder(student: str) -> Path:
        path = submitted / student / NAME
        path.mkdir(parents=True)
        return path

    (submitted / "empty").mkdir()
    folder("empty-folder")
    (folder("notebook-is-a-folder") / f"{NAME}.ipynb").mkdir()
    os.mkfifo(folder("notebook-is-a-fifo") / f"{NAME}.ipynb")
    with socket.socket(socket.AF_UNIX) as server:  # a path of at most 100 characters: bound by its name
        here = Path.cwd()
        os.chdir(folder("notebook-is-a-socket"))
        server.bind(f"{NAME}.ipynb")
        os.chdir(here)
    (folder("notebook-is-a-loop") / f"{NAME}.ipynb").symlink_to(f"{NAME}.ipynb")
    (folder("notebook-is-a-link") / f"{NAME}.ipynb").symlink_to(submitted / "s00" / NAME / f"{NAME}.ipynb")
    (course.work / "other").write_text(json.dumps(right))
    (folder("notebook-is-a-hard-link") / f"{NAME}.ipynb").hardlink_to(course.work / "other")
    (submitted / "folder-is-dangling").symlink_to("nowhere")
    (submitted / "folder-is-a-link").symlink_to("s00")
    (submitted / "assignment-is-a-file").mkdir()
    (submitted / "assignment-is-a-file" / NAME).write_text("x")
    (submitted / "assignment-is-a-loop").mkdir()
    (submitted / "assignment-is-a-loop" / NAME).symlink_to(NAME)
    (submitted / "capitals" / NAME.upper()).mkdir(parents=True)
    (folder("two-notebooks") / "a.ipynb").write_text("{}")
    (submitted / "two-notebooks" / NAME / "b.ipynb").write_text("{}")
    (folder("name-not-utf8") / os.fsdecode(b"\xff\xfe.txt")).write_text("x")
    deep = folder("deep")
    for _ in range(60):
        deep = deep / ("d" * 50)
    deep.mkdir(parents=True)
    many = folder("many-files")
    for i in range(1000):
        (many / f"{i}.txt").touch()
    for student, data in {
        "no-bytes": b"",
        "no-json": b"\x00",
        "list": b"[]",
        "nested": b"[" * 5000,
        "no-cells": b'{"nbformat": 4}',
        "old-format": b'{"nbformat": 3, "cells": []}',
        "surrogates": b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": "\\ud800"}]}',
    }.items():
        hand_in(course, student, data)
    with hand_in(course, "3-GB", right).open("r+b") as file:
        file.truncate(3_000_000_000)
    stamps = {
        "time-of-3-GB": None,
        "time-no-text": b"\xff\xfe",
        "time-no-time": b"yesterday",
        "time-year-0": b"0000-01-01 00:00:00 UTC",
        "time-nul": b"\x00",
    }
    for student, data in stamps.items():
        stamp = hand_in(course, student, right).parent / "timestamp.txt"
        if data is None:
            with stamp.open("r+b") as file:
                file.truncate(3_000_000_000)
        else:
            stamp.write_bytes(data)
    os.mkfifo(folder("time-is-a-fifo") / "timestamp.txt")
    (submitted / "time-is-a-fifo" / NAME / f"{NAME}.ipynb").write_text(json.dumps(right))
    if as_nobody():
        hand_in(course, "notebook-locked", right).chmod(0)
        hand_in(course, "assignment-locked", right).parent.chmod(0)
        hand_in(course, "student-locked", right).parent.parent.chmod(0)
        (hand_in(course, "time-locked", right).parent / "timestamp.txt").chmod(0)
    return {p.name for p in submitted.iterdir()} - before


@pytest.fixture
def room(tmp_path: Path, monkeypatch):
    """A class of the honest, the oddly named and the broken; its folders can be removed afterwards."""
    monkeypatch.setattr(court, "Judge", fake_judge())
    course, assignment = new_course(tmp_path)
    build(assignment, course.root / "assignments")
    for student in (*HONEST, *ODD_NAMES, *NO_NAMES):
        hand_in(course, student, notebook(assignment, RIGHT))
    (course.submitted / "read me.txt").write_text("a file is no student")
    yield course, assignment, broken(course, assignment)
    for path in course.submitted.glob("*-locked*"):
        path.chmod(0o700)
        for inner in path.iterdir():
            inner.chmod(0o700)
    shutil.rmtree(course.submitted)


def test_no_folder_harms_another(room):
    from minigrad.grading.nbgrader import plugin as nbgrader

    course, assignment, wrong = room
    assert len(wrong) >= 25
    files = course.submissions(NAME)
    assert files.keys() == {*HONEST, *ODD_NAMES, *NO_NAMES, *wrong}
    reports = grade_class(course, assignment, files)
    assert {s for s, r in reports.items() if r.status == "refused"} == wrong
    assert {r.score for s, r in reports.items() if s not in wrong} == {10.0}
    errors = nbgrader.record(course, assignment, files, reports)
    assert errors.keys() == set(NO_NAMES)
    assert all("rename the folder" in why for why in errors.values())
    with nbgrader.book(course) as book:
        grades = {
            s.student.id: [(g.auto_score, g.needs_manual_grade) for n in s.notebooks for g in n.grades]
            for s in book.assignment_submissions(NAME)
        }
    assert grades == {
        **{s: [(10.0, False)] for s in (*HONEST, *ODD_NAMES)},
        **{s: [(None, True)] for s in wrong},
    }
    assert last_reports(course, NAME).keys() == reports.keys()


def test_a_class_without_a_notebook_has_a_line_for_each_in_stock_nbgrader(tmp_path, monkeypatch, caplog):
    """Its own search for notebooks ends at once where there is none, and names nobody."""
    from nbgrader.apps import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory

    from minigrad.grading.nbgrader import plugin as nbgrader

    monkeypatch.setattr(court, "Judge", fake_judge())
    course, assignment = new_course(tmp_path)
    nbgrader.register(course, assignment)
    build(assignment, course.root / "assignments")
    (course.submitted / "empty" / NAME).mkdir(parents=True)
    (course.submitted / "py" / NAME).mkdir(parents=True)
    (course.submitted / "py" / NAME / f"{NAME}.py").write_text("x = 1")
    config = nbgrader.config(course)
    api = NbGraderAPI(CourseDirectory(config=config), config=config)

    def grades() -> dict[str, tuple[float, bool]]:
        done = api.autograde(NAME, "*")
        assert done["success"], done
        with nbgrader.book(course) as book:
            return {s.student.id: (s.score, s.needs_manual_grade) for s in book.assignment_submissions(NAME)}

    refused = {"empty": (0.0, True), "py": (0.0, True)}
    assert grades() == refused
    told = [r.getMessage() for r in caplog.records if "is refused, and a person is asked" in r.getMessage()]
    assert [line.split()[0] for line in told] == ["'empty'", "'py'"]
    assert "it is empty" in told[0]
    assert f"there is {NAME}.py" in told[1]
    hand_in(course, "right", notebook(assignment, RIGHT))
    assert grades() == {**refused, "right": (10.0, False)}
    nobody = api.autograde(NAME, "nobody")
    assert not nobody["success"]
    assert "No notebooks were matched" in nobody["log"]


def test_each_has_a_line_with_its_reason(room):
    course, assignment, wrong = room
    reports = grade_class(course, assignment, course.submissions(NAME))
    assert all(reports[s].reason for s in wrong)
    shown = class_table(reports, width=400)
    shown.encode()  # a terminal's
    rows = {
        r["student"]: r
        for r in csv.DictReader(io.StringIO(class_csv(reports).decode("utf-8-sig"), newline=""))
    }
    values = json.loads(json.dumps(class_json(reports)))
    page = class_html(reports)
    page.encode()
    for student in wrong:
        reason = reports[student].reason
        assert any(line.startswith(f"{student} ") and reason[:60] in line for line in shown.splitlines())
        assert rows[student]["status"] == "refused"
        assert rows[student]["reason"] == printable(reason)
        assert values[student]["reason"] == reason
        assert f'<tr><th scope="row">{student}</th><td>refused: ' in page
    assert len(rows) == len(values) == len(reports)
