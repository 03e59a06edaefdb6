"""Stock nbgrader on a tiny course: its commands, its formgrader, its gradebook, and what they show."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest

from minigrad.grading.assignment.load import load
from minigrad.grading.classroom.court import court
from minigrad.grading.classroom.run import grade_class, keep_report, take
from minigrad.grading.model import Assignment, Exercise, GradingError, Report, Verdict
from minigrad.grading.store.layout import Course
from tests.demo.leaks import leaks, released_text, secrets
from tests.grading.handed_in import (
    ADDS,
    NAME,
    RIGHT,
    WRITES,
    course_with_essay,
    hand_in,
    new_course,
    notebook,
)

pytest.importorskip("nbgrader")
pytestmark = [
    pytest.mark.usefixtures("sandbox"),
    pytest.mark.filterwarnings("ignore"),  # of nbgrader and what it imports
]

BIN = Path(sys.executable).parent
CONFIG = Path(__file__).parents[3] / "nbgrader_config.py"
HOSTILE = "**bold** [link](javascript:alert(1)) <img src=x onerror=alert(2)>\n\n<script>alert(3)</script>"


def command(course: Course, *words: str) -> str:
    """Run a command of the environment in the course's folder."""
    done = subprocess.run(
        [str(BIN / words[0]), *words[1:]], cwd=course.work, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def grades(course: Course) -> dict[str, float | None]:
    """The exported scores; None where there is none, and a person is asked."""
    with (course.work / "grades.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(row["score"] or row["needs_manual_grade"] == "True" for row in rows)
    return {row["student_id"]: float(row["score"]) if row["score"] else None for row in rows}


@pytest.fixture(scope="module")
def stock(tmp_path_factory) -> tuple[Course, Assignment]:
    """A course that was built with `minigrad build`, then graded by stock nbgrader's commands."""
    course, assignment = new_course(tmp_path_factory.mktemp("stock"))
    shutil.copy(CONFIG, course.root)
    (course.authored(NAME) / "notes.txt").write_text("notes of the author, for nobody else")
    command(course, "minigrad", "build")
    hand_in(course, "right", notebook(assignment, RIGHT, mine=HOSTILE))
    hand_in(course, "partial", notebook(assignment, WRITES))
    hand_in(course, "adds", notebook(assignment, f"print('<b>ran</b>')\n{ADDS}"))
    hand_in(course, "broken", b"\x00 no notebook")
    hand_in(course, "empty", b"")
    hand_in(course, "hooked", hooked(assignment))
    command(course, "nbgrader", "autograde", NAME)
    command(course, "nbgrader", "generate_feedback", NAME)
    command(course, "nbgrader", "export")
    return course, assignment


def hooked(assignment: Assignment) -> dict[str, object]:
    """Full marks claimed in every way a file can: points, outputs, a check cell of its own, metadata."""
    made = notebook(assignment, "def scale(x, factor):\n    return None", **{"scale-check": "1000.0"})
    for cell in made["cells"]:
        if cell["id"] == "scale-check":
            cell["metadata"]["nbgrader"].update(points=1000, solution=True)
            cell["outputs"] = [
                {
                    "output_type": "execute_result",
                    "execution_count": 1,
                    "metadata": {},
                    "data": {"text/plain": "10.0"},
                }
            ]
    made["metadata"]["minigrad"] = {"refused": "", "report": {"score": 10}}
    return made


def test_stock_commands_store_the_judges_scores(stock):
    course, _ = stock
    assert grades(course) == {
        "right": 10.0,
        "partial": 2.0,
        "adds": 0.0,
        "broken": None,
        "empty": None,
        "hooked": 0.0,
    }


def test_each_grade_cell_has_one_score_and_one_table(stock):
    course, assignment = stock
    for student in ("right", "partial", "broken", "hooked"):
        made = nbformat.read(course.work / "autograded" / student / NAME / f"{NAME}.ipynb", as_version=4)
        cells = [c for c in made.cells if c.metadata.get("nbgrader", {}).get("grade")]
        assert len(cells) == len(assignment.exercises())
        for cell in cells:
            assert [o.output_type for o in cell.outputs] == ["execute_result"]
            assert 0 <= float(cell.outputs[0].data["text/plain"]) <= 10
            assert "</p>" in cell.outputs[0].data["text/html"]
            assert cell.metadata.nbgrader.points == 10


def test_feedback_tells_the_reason_and_the_hint(stock):
    course, _ = stock
    pages = {p.parent.parent.name: p.read_text() for p in course.feedback.rglob("*.html")}
    assert "changes the array that it was given." in pages["partial"]
    assert "is off by about" in pages["partial"]
    assert "The factor is added; it should multiply." in pages["adds"]
    assert "&lt;b&gt;ran&lt;/b&gt;" in pages["adds"]
    assert "could not be graded" in pages["broken"]
    assert "the file is empty" in pages["empty"]
    assert "worth 10 points, whatever the file says" in pages["hooked"]


def test_what_students_wrote_runs_in_no_browser(stock):
    course, _ = stock
    page = (course.feedback / "right" / NAME / f"{NAME}.html").read_text()
    body = re.sub(r"<(style|head).*?</\1>", "", page, flags=re.S)
    assert "<strong>bold</strong>" in body
    assert "<script" not in body
    assert "onerror" not in body
    assert 'href="javascript' not in body


def test_nothing_secret_is_in_feedback_autograded_copies_or_the_release(stock):
    course, assignment = stock
    places = [course.feedback, course.work / "autograded", course.release(NAME)]
    texts = secrets(course, assignment, released_text([assignment])) | {
        "notes of the author": "a file of the author"
    }
    assert any("expected value" in what for what in texts.values())
    assert leaks(places, texts) == []
    assert leaks([course.authored(NAME)], texts), "the search finds what there is"
    names = {p.name for place in places for p in place.rglob("*") if p.is_file()}
    assert names == {f"{NAME}.ipynb", f"{NAME}.html", "timestamp.txt", "public_checks.py", "expected.npz"}


def test_the_formgrader_autogrades_and_shows_a_submission(stock):
    course, _ = stock
    hand_in(course, "partial", notebook(load(course.authored(NAME)), RIGHT))
    with formgrader(course) as request:
        made = request("POST", f"api/submission/{NAME}/partial/autograde")
        assert json.loads(made)["success"], made
        assert json.loads(request("GET", f"api/submission/{NAME}/partial"))["score"] == 10
        book = json.loads(request("GET", f"api/submitted_notebooks/{NAME}/{NAME}"))
        shown = request("GET", f"submissions/{next(n['id'] for n in book if n['student'] == 'right')}/")
    assert "<script>alert(3)" not in shown
    assert "onerror=" not in shown


@contextlib.contextmanager
def formgrader(course: Course):
    """A Jupyter server in the course's folder; a function that asks its formgrader."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = [
        "--no-browser",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
    ]
    if hasattr(os, "getuid") and os.getuid() == 0:
        options.append("--allow-root")
    home = course.work / "home"
    server = subprocess.Popen(
        [str(BIN / "jupyter"), "server", *options, "--IdentityProvider.token=told"],
        cwd=course.work,
        env={**os.environ, "HOME": str(home), "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def request(method: str, path: str) -> str:
        asked = urllib.request.Request(
            f"http://127.0.0.1:{port}/formgrader/{path}",
            method=method,
            headers={"Authorization": "token told"},
        )
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return str(answer.read().decode())

    try:
        until = time.monotonic() + 180
        while True:
            try:
                request("GET", f"api/submissions/{NAME}")
                break
            except OSError:
                assert server.poll() is None, "the Jupyter server ended"
                assert time.monotonic() < until, "the Jupyter server does not answer"
            time.sleep(0.25)
        yield request
    finally:
        server.terminate()
        server.wait(20)


# --- in this process: the serial pass into the gradebook ---------------------------------------------


def report(score: float, reason: str = "off") -> Report:
    verdict = Verdict("scale.values", "scale", "says", 10.0, True, score == 10, reason)
    return Report(NAME, "graded", (Exercise("scale", 10.0, score, (verdict,)),), notes=("a note",))


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Path:
    """A new gradebook takes seconds."""
    return course_with_essay(tmp_path_factory.mktemp("template")).root


@pytest.fixture
def room(tmp_path: Path, template: Path) -> tuple[Course, Assignment]:
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    course = Course.at(tmp_path)
    return course, load(course.authored(NAME))


def record(room, **reports: Report) -> dict[str, str]:
    """Hand in, and record reports as the judge would have stored them."""
    from minigrad.grading.nbgrader import plugin as nbgrader

    course, assignment = room
    for student, one in reports.items():
        path = hand_in(
            course, student, notebook(assignment, f"# {student}\n{RIGHT}", essay="In my own words.")
        )
        keep(course, assignment, student, path.read_bytes(), one)
    return nbgrader.record(course, assignment, course.submissions(NAME), reports)


def keep(course: Course, assignment: Assignment, student: str, data: bytes, one: Report) -> None:
    salt = court(course, NAME).salt
    keep_report(course.reports(NAME) / student, take(course, assignment, salt, student, data).key, one)


def test_recording_takes_the_reports_in_hand(room):
    from minigrad.grading.nbgrader import plugin as nbgrader

    course, _ = room
    assert record(room, a=report(10.0), b=report(2.5)) == {}
    nbgrader.feedback(course, NAME)
    nbgrader.export(course, course.work / "grades.csv")
    assert grades(course) == {"a": 10.0, "b": 2.5}
    assert not list(course.state.glob("staging*"))
    page = (course.feedback / "b" / NAME / f"{NAME}.html").read_text()
    assert "a note" in page
    assert "off" in page
    words = re.sub(r"<[^>]*>", "\n", re.sub(r"<(style|head).*?</\1>", "", page, flags=re.S)).split("\n")
    assert not [w for w in words if re.fullmatch(r"\s*(\d[\d.]*|(In|Out) ?\[.*)\s*", w)], "no stray numbers"
    with (course.work / "grades.csv").open() as file:
        assert "2030-01-31 12:00:00" in file.read()


def test_manual_points_extra_credit_and_comments_survive_a_regrade(room):
    from minigrad.grading.nbgrader import plugin as nbgrader

    course, _ = room
    record(room, a=report(2.0))
    with nbgrader.book(course) as book:
        grade = book.find_grade("scale-check", NAME, NAME, "a")
        grade.extra_credit = 1.5
        essay = book.find_grade("essay", NAME, NAME, "a")
        assert essay.needs_manual_grade
        essay.manual_score = 4.0
        book.find_comment("essay", NAME, NAME, "a").manual_comment = "well put"
        book.db.commit()
    record(room, a=report(7.0))
    with nbgrader.book(course) as book:
        assert book.find_grade("scale-check", NAME, NAME, "a").auto_score == 7.0
        assert book.find_grade("scale-check", NAME, NAME, "a").extra_credit == 1.5
        assert book.find_grade("essay", NAME, NAME, "a").manual_score == 4.0
        assert book.find_comment("essay", NAME, NAME, "a").comment == "well put"
        assert book.find_submission(NAME, "a").score == 12.5


def test_what_is_refused_has_no_score_and_waits_for_a_person(room):
    from minigrad.grading.nbgrader import plugin as nbgrader

    course, assignment = room

    def grade(data: bytes) -> tuple[float | None, bool, float]:
        path = hand_in(course, "a", data)
        one = grade_class(course, assignment, {"a": path})
        assert nbgrader.record(course, assignment, {"a": path}, one) == {}
        with nbgrader.book(course) as book:
            found = book.find_grade("scale-check", NAME, NAME, "a")
            return found.auto_score, found.needs_manual_grade, book.find_submission(NAME, "a").score

    good = json.dumps(notebook(assignment, RIGHT)).encode()
    assert grade(b"no notebook") == (None, True, 0.0)
    assert grade(good) == (10.0, False, 10.0)
    assert grade(b"no notebook") == (None, True, 0.0)
    with nbgrader.book(course) as book:
        book.find_grade("scale-check", NAME, NAME, "a").manual_score = 3.0
        book.db.commit()
    assert grade(b"still no notebook") == (None, True, 3.0)


def test_lateness_is_the_course_files(room):
    """Handed in 36 hours after the due date; b has an extension of a day, c of a week."""
    from minigrad.grading.nbgrader import plugin as nbgrader

    course, _ = room
    course.dates.write_text(
        f"[due]\n{NAME} = 2030-01-30T01:00:00+01:00\n[extensions.{NAME}]\n"
        "b = 2030-01-31T00:00:00Z\nc = 2030-02-06T00:00:00Z\n"
        "[late]\ngrace_hours = 1\nslope_percent_per_day = 20\ncap_percent = 25\n"
    )
    assert record(room, a=report(10.0), b=report(10.0), c=report(10.0)) == {}
    with nbgrader.book(course) as book:
        late = {s: book.find_submission(NAME, s) for s in "abc"}
        assert {s: one.total_seconds_late / 3600 for s, one in late.items()} == {"a": 36, "b": 12, "c": 0}
        penalties = {s: one.late_submission_penalty for s, one in late.items()}
        assert penalties == pytest.approx({"a": 2.5, "b": 1.0, "c": 0.0})
    nbgrader.export(course, course.work / "grades.csv")
    assert grades(course) == {"a": 7.5, "b": 9.0, "c": 10.0}
    course.dates.write_text(course.dates.read_text().replace("2030-01-30", "2030-02-07").split("[ext")[0])
    assert record(room, a=report(10.0), b=report(10.0), c=report(10.0)) == {}
    nbgrader.export(course, course.work / "grades.csv")
    assert grades(course) == {"a": 10.0, "b": 10.0, "c": 10.0}, "the new due date counts for all"


def test_an_ungraded_submission_is_not_recorded(room):
    from minigrad.grading.nbgrader import plugin as nbgrader

    course, _ = room
    assert record(room, a=report(10.0), b=Report(NAME, "ungraded", reason="the sandbox failed")) == {}
    nbgrader.export(course, course.work / "grades.csv")
    assert grades(course) == {"a": 10.0}


@pytest.mark.parametrize("score", [float("nan"), float("inf"), -1.0, 1e9])
def test_a_score_is_finite_and_within_the_points(room, score):
    from minigrad.grading.nbgrader.pages import judged, with_report

    _, assignment = room
    data = json.dumps(notebook(assignment, RIGHT)).encode()
    made = with_report(judged(assignment, data, report(score)), report(score), assignment)
    cell = next(c for c in made.cells if c.id == "scale-check")
    assert 0 <= float(cell.outputs[0].data["text/plain"]) <= 10


def test_rebuilding_twice_changes_nothing(room):
    """What nbgrader gets has the same key as what was graded."""
    from minigrad.grading.nbgrader.pages import judged

    course, assignment = room
    made = notebook(assignment, RIGHT, mine="words", essay="In my own words.")
    made["cells"].insert(0, made["cells"].pop(4))
    path = hand_in(course, "a", made)
    once = judged(assignment, path.read_bytes(), report(10.0))
    path = hand_in(course, "b", nbformat.writes(once).encode())
    again = judged(assignment, path.read_bytes(), report(10.0))
    assert again.cells == once.cells
    salt = court(course, NAME).salt
    keys = {take(course, assignment, salt, s, p).key for s, p in course.submissions(NAME).items()}
    assert len(keys) == 1
    assert "In my own words." in [c.source for c in once.cells]


def test_registering_again_is_harmless_until_cells_change(room):
    from minigrad.grading.nbgrader import plugin as nbgrader

    course, assignment = room
    record(room, a=report(10.0))
    nbgrader.register(course, assignment)
    source = course.authored(NAME) / "notebook.py"
    source.write_text(source.read_text().replace("# Your answer.", "# Your own answer."))
    nbgrader.register(course, load(course.authored(NAME)))
    with nbgrader.book(course) as book:
        assert book.find_source_cell("essay", NAME, NAME).source == "Your own answer."
    source.write_text(source.read_text().replace('id="essay"', 'id="other"'))
    with pytest.raises(GradingError, match="Keep the cells' ids"):
        nbgrader.register(course, load(course.authored(NAME)))
