"""What was judged is what is recorded: odd notebooks through `minigrad grade` and stock nbgrader."""

from __future__ import annotations

import json
import os
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from minigrad.grading.assignment.load import load
from minigrad.grading.classroom.run import last_reports
from minigrad.grading.intake.parse import MAX_BYTES, MAX_CELL_BYTES, MAX_CELLS
from minigrad.grading.model import Assignment
from minigrad.grading.store.layout import Course
from tests.grading.handed_in import ADDS, NAME, RIGHT, WRITES, hand_in, notebook
from tests.recorded import as_judged, built, complaints, draw, grade, recorded, stock

pytest.importorskip("nbgrader")
pytestmark = [
    pytest.mark.usefixtures("sandbox"),
    pytest.mark.filterwarnings("ignore"),  # of nbgrader and what it imports
]

DRAWN = 6  # notebooks; as many as one likes: `python -m tests.recorded`


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Path:
    """A course that is built and registered: a new gradebook takes seconds."""
    return built(tmp_path_factory.mktemp("template"))[0].root


@pytest.fixture
def room(tmp_path: Path, template: Path, monkeypatch) -> tuple[Course, Assignment]:
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    course = Course.at(tmp_path)
    return course, load(course.authored(NAME))


# --- odd notebooks ------------------------------------------------------------------------------------


def of_cells(assignment: Assignment, count: int, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """A right notebook of `count` cells, the release's cells `without` some and then small ones."""
    made = notebook(assignment, RIGHT)
    made["cells"] = [c for c in made["cells"] if c["id"] not in without]
    for i in range(count - len(made["cells"])):
        made["cells"].append({"cell_type": "markdown", "id": f"m{i}", "metadata": {}, "source": "word"})
    return made


def of_bytes(made: dict[str, Any], size: int) -> bytes:
    """A notebook as a file of `size` bytes, filled up with an output."""
    made = {**made, "metadata": {**made["metadata"], "filling": ""}}
    made["metadata"]["filling"] = "x" * (size - len(json.dumps(made).encode()))
    data = json.dumps(made).encode()
    assert len(data) == size
    return data


def odd(assignment: Assignment) -> dict[str, dict[str, Any] | bytes]:
    """Notebooks at and around every limit, and with what is not in a release."""
    locked = tuple(c.id for c in assignment.cells if c.kind in ("text", "lab"))
    answer_of = {c.id: "" for c in assignment.cells}
    assert {"scale", "scale-check", *locked} <= answer_of.keys()
    many = notebook(assignment, RIGHT)
    for i in range(29):  # quotes take more bytes once a notebook is written anew
        many["cells"].append(
            {"cell_type": "markdown", "id": f"q{i}", "metadata": {}, "source": "\u00e4" * 32_000}
        )
    picture = {"cell_type": "markdown", "id": "pic", "source": "![](attachment:a.png)", "metadata": {}}
    picture["attachments"] = {"a.png": {"image/png": "AAAA"}}  # type: ignore[assignment]
    pictured = notebook(assignment, RIGHT)
    pictured["cells"].append(picture)
    unchecked = notebook(assignment, RIGHT)
    unchecked["cells"] = [c for c in unchecked["cells"] if c["id"] == "scale"]
    answer = RIGHT + "\n#"
    return {
        "cells-at": of_cells(assignment, MAX_CELLS),
        "cells-over": of_cells(assignment, MAX_CELLS + 1),
        "cells-at-one-lost": of_cells(assignment, MAX_CELLS, locked[:1]),
        "cells-at-all-lost": of_cells(assignment, MAX_CELLS, (*locked, "scale-check")),
        "cells-at-answer-lost": of_cells(assignment, MAX_CELLS, ("scale",)),
        "cell-at": notebook(assignment, answer + "x" * (MAX_CELL_BYTES - len(answer.encode()))),
        "cell-over": notebook(assignment, answer + "x" * (MAX_CELL_BYTES - len(answer.encode()) + 1)),
        "file-at": of_bytes(notebook(assignment, RIGHT), MAX_BYTES),
        "file-over": of_bytes(notebook(assignment, RIGHT), MAX_BYTES + 1),
        "grows": json.dumps(many, ensure_ascii=False).encode(),
        "attachment": pictured,
        "controls": notebook(assignment, RIGHT, mine="a\x00b\x1b[31m\u202e\ufffe"),
        "only-the-answer": unchecked,
        "partly": notebook(assignment, WRITES),
        "wrong": notebook(assignment, ADDS),
        "broken": b"\x00 no notebook",
    }


def test_the_gradebook_says_what_the_judge_said(room):
    """By `minigrad grade`, then by stock nbgrader, in its feedback and its export."""
    course, assignment = room
    for student, content in odd(assignment).items():
        hand_in(course, student, content)
    for i in range(DRAWN):
        hand_in(course, f"drawn-{i}", draw(random.Random(f"a class {i}"), assignment))
    assert complaints(course) == []
    reports = {s: r for s, r in last_reports(course, NAME).items() if not s.startswith("drawn")}
    refused = {s for s, r in reports.items() if r.status == "refused"}
    assert refused == {"cells-over", "cell-over", "file-over", "broken"}
    assert {s: r.score for s, r in reports.items() if r.status == "graded" and r.score < 10} == {
        "cells-at-answer-lost": 0.0,
        "partly": 2.0,
        "wrong": 0.0,
    }


def test_stock_autograde_alone_records_what_the_judge_said(room):
    course, assignment = room
    content = odd(assignment)
    for student in ("cells-at-all-lost", "cells-over", "grows", "partly"):
        hand_in(course, student, content[student])
    done = stock(course, "autograde", NAME)
    assert done.returncode == 0, done.stderr
    reports = last_reports(course, NAME)
    assert recorded(course) == as_judged(reports)
    assert {s: r.score for s, r in reports.items() if r.status == "graded"} == {
        "cells-at-all-lost": 10.0,
        "grows": 10.0,
        "partly": 2.0,
    }


def test_a_file_that_changed_after_it_was_graded_is_not_recorded(room):
    from minigrad.grading.classroom.run import grade_class
    from minigrad.grading.nbgrader import plugin

    course, assignment = room
    hand_in(course, "a", notebook(assignment, RIGHT))
    path = hand_in(course, "b", notebook(assignment, ADDS))
    files = course.submissions(NAME)
    reports = grade_class(course, assignment, files)
    path.write_text(json.dumps(notebook(assignment, RIGHT)))
    failed = plugin.record(course, assignment, files, reports)
    assert failed.keys() == {"b"}
    assert "changed after it was graded" in failed["b"]
    assert recorded(course) == {"a": (10.0, False)}


# --- what lies beside a notebook ----------------------------------------------------------------------


def times() -> dict[str, bytes]:
    """Contents of timestamp.txt that are no time."""
    return {
        "not-utf8": b"2030-01-31 12:00:00 UTC \xff\xfe",
        "yesterday": b"yesterday",
        "long": b"2030-01-31 12:00:00 UTC" + b" " * 5000,
        "no-zone": b"2030-01-31 12:00:00 Nowhere/Land",
        "year-0": b"0001-01-01 00:00:00 +1400",
        "nul": b"\x00" * 20,
    }


def strange(course: Course, assignment: Assignment) -> set[str]:
    """Hand in right notebooks with what must not be followed or stop a class; the students to refuse."""
    salt = course.salt(NAME)
    salt.parent.mkdir(parents=True, exist_ok=True)
    salt.write_text("5a" * 16)
    right = notebook(assignment, RIGHT)
    for student, text in times().items():
        (hand_in(course, student, right).parent / "timestamp.txt").write_bytes(text)
    with (hand_in(course, "huge", right).parent / "timestamp.txt").open("r+b") as file:
        file.truncate(3_000_000_000)
    for student in ("stamp-link", "stamp-hard", "stamp-folder", "stamp-fifo"):
        (hand_in(course, student, right).parent / "timestamp.txt").unlink()
    there = {s: course.submitted / s / NAME / "timestamp.txt" for s in ("stamp-link", "stamp-hard")}
    there["stamp-link"].symlink_to(salt)
    (course.work / "stamp").write_text("2030-01-31 12:00:00 UTC")
    there["stamp-hard"].hardlink_to(course.work / "stamp")
    (course.submitted / "stamp-folder" / NAME / "timestamp.txt").mkdir()
    os.mkfifo(course.submitted / "stamp-fifo" / NAME / "timestamp.txt")
    (course.submitted / "folder-link").mkdir()
    (course.submitted / "folder-link" / NAME).symlink_to(Path("..") / "plain" / NAME)
    (course.submitted / "student-link").symlink_to("plain")
    refused = {*times(), "huge", *(p.parent.name for p in course.submitted.glob(f"stamp-*/{NAME}"))}
    refused |= {"folder-link", "student-link"}
    hand_in(course, "plain", right)
    beside = hand_in(course, "leaks", right).parent
    (beside / "leak.txt").symlink_to(salt)
    (beside / "hard.txt").hardlink_to(salt)
    (beside / "folder").symlink_to(salt.parent)
    os.mkfifo(beside / "pipe")
    (beside / "zero").symlink_to("/dev/zero")
    return refused


@pytest.mark.parametrize("way", ["minigrad", "nbgrader"])
def test_links_are_not_followed_and_one_file_stops_nobody(room, way):
    course, assignment = room
    refused = strange(course, assignment)
    if way == "minigrad":
        assert grade(course) == 1
    else:
        done = stock(course, "autograde", NAME)
        assert done.returncode == 0, done.stderr
    reports = last_reports(course, NAME)
    assert {s for s, r in reports.items() if r.status == "refused"} == refused
    assert all("timestamp.txt" in reports[s].reason for s in refused if not s.endswith("-link"))
    assert {s: r.score for s, r in reports.items() if r.status == "graded"} == {"plain": 10, "leaks": 10}
    assert recorded(course) == as_judged(reports)
    assert stock(course, "generate_feedback", NAME).returncode == 0
    kept = [p for name in ("autograded", "feedback") for p in (course.work / name).rglob("*") if p.is_file()]
    assert kept
    assert not [p for p in kept if b"5a5a5a" in p.read_bytes()]
    assert {p.name for p in kept} <= {
        f"{NAME}.ipynb",
        f"{NAME}.html",
        "timestamp.txt",
        "public_checks.py",
        "expected.npz",
    }
    assert not list(course.state.glob("staging*"))
