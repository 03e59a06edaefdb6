"""Into the gradebook: in one transaction, once, going on where it stopped, never a 0 that no check gave."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import re
import shutil
import sqlite3
from pathlib import Path

import pytest

from minigrad.grading.assignment.load import load
from minigrad.grading.classroom import court
from minigrad.grading.classroom.run import grade_class
from minigrad.grading.model import Assignment, GradingError, Report
from minigrad.grading.store.layout import Course
from tests.grading.handed_in import ADDS, NAME, RIGHT, course_with_essay, fake_judge, hand_in, notebook

pytest.importorskip("nbgrader")
pytestmark = pytest.mark.filterwarnings("ignore")  # of nbgrader and what it imports


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Path:
    """A new gradebook takes seconds."""
    return course_with_essay(tmp_path_factory.mktemp("template")).root


@pytest.fixture
def room(tmp_path: Path, template: Path, monkeypatch) -> tuple[Course, Assignment]:
    """A late class: right, wrong, and refused."""
    monkeypatch.setattr(court, "Judge", fake_judge())
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    course = Course.at(tmp_path)
    assignment = load(course.authored(NAME))
    course.dates.write_text(f"[due]\n{NAME} = 2030-01-30T12:00:00Z\n[late]\nslope_percent_per_day = 20\n")
    hand_in(course, "right", notebook(assignment, RIGHT, essay="In my own words."))
    hand_in(course, "wrong", notebook(assignment, ADDS, essay="In my own words."))
    hand_in(course, "refused", b"no notebook")
    return course, assignment


def reports(room) -> dict[str, Report]:
    course, assignment = room
    return grade_class(course, assignment, course.submissions(NAME))


def record(room, done=lambda student: None) -> dict[str, str]:
    from minigrad.grading.nbgrader import plugin as nbgrader

    course, assignment = room
    return nbgrader.record(course, assignment, course.submissions(NAME), reports(room), done)


def state(course: Course) -> dict[str, tuple[float | None, bool, float | None]]:
    """What another reader finds: by student, the checks' score, whether a person is asked, the penalty."""
    query = (
        "select s.student_id, g.auto_score, g.needs_manual_grade, n.late_submission_penalty from grade g "
        "join submitted_notebook n on n.id = g.notebook_id "
        "join submitted_assignment s on s.id = n.assignment_id "
        "join base_cell c on c.id = g.cell_id where c.name = 'scale-check'"
    )
    with contextlib.closing(sqlite3.connect(course.gradebook)) as book:
        return {student: (score, bool(asked), late) for student, score, asked, late in book.execute(query)}


RECORDED = {"right": (10.0, False, 2.0), "wrong": (0.0, False, 0.0), "refused": (None, True, 0.0)}


def written(course: Course) -> dict[str, tuple[int, str]]:
    """Every file of the course, with its time and what it holds."""
    files = (p for p in course.work.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    return {str(p): (p.stat().st_mtime_ns, hashlib.sha256(p.read_bytes()).hexdigest()) for p in files}


def test_a_second_recording_writes_nothing(room):
    course, _ = room
    assert record(room) == {}
    before = written(course)
    assert state(course) == RECORDED
    assert record(room) == {}
    assert written(course) == before


def test_an_interrupted_recording_goes_on_where_it_stopped(room, monkeypatch):
    course, _ = room
    page = course.work / "autograded" / "refused" / NAME / f"{NAME}.ipynb"  # the first of the class
    monkeypatch.setattr("minigrad.grading.nbgrader.recording.BATCH", 1)

    def stop(student: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        record(room, stop)
    assert state(course).keys() == {"refused"}
    first = page.stat().st_mtime_ns
    assert record(room) == {}
    assert state(course) == RECORDED
    assert page.stat().st_mtime_ns == first


def test_an_interrupted_batch_loses_nothing_and_doubles_nothing(room, monkeypatch):
    """In the gradebook it is there as a whole or not at all; what was not written is written by the next."""
    from minigrad.grading.nbgrader import recording

    course, _ = room

    def stopped(place: str) -> None:
        real, calls = getattr(recording, place), []

        def stopping(*given):
            calls.append(given)
            if len(calls) > 1:
                raise KeyboardInterrupt
            return real(*given)

        with monkeypatch.context() as patched:
            patched.setattr(recording, place, stopping)
            with pytest.raises(KeyboardInterrupt):
                record(room)

    stopped("drop_if_stale")
    assert state(course) == {}
    assert not (course.work / "autograded").exists()
    stopped("remember")
    assert state(course) == RECORDED
    assert len(list(course.history(NAME).iterdir())) == 1
    assert record(room) == {}
    assert state(course) == RECORDED
    told = [(p / "states.jsonl").read_text().count("\n") for p in course.history(NAME).iterdir()]
    assert told == [1, 1, 1]
    rows = {"student": 3, "submitted_assignment": 3, "submitted_notebook": 3, "grade": 6, "comment": 6}
    with contextlib.closing(sqlite3.connect(course.gradebook)) as book:
        assert {t: book.execute(f"select count(*) from {t}").fetchone()[0] for t in rows} == rows


def test_one_whom_the_gradebook_does_not_take_keeps_nobody_out(room, monkeypatch):
    from sqlalchemy.exc import OperationalError

    from minigrad.grading.nbgrader import recording

    course, _ = room
    enter = recording.enter

    def refuse(opened, line, *more):
        enter(opened, line, *more)
        if line.assignment.student.id == "wrong":
            raise OperationalError("insert", {}, ValueError("the disk is full"))

    with monkeypatch.context() as patched:
        patched.setattr(recording, "enter", refuse)
        assert record(room) == {"wrong": "the disk is full"}
    assert state(course) == {s: row for s, row in RECORDED.items() if s != "wrong"}
    assert record(room) == {}
    assert state(course) == RECORDED


def test_what_was_lost_is_recorded_again(room, tmp_path):
    """An old gradebook put back, a page edited or gone: the next recording puts it right."""
    course, assignment = room
    hand_in(course, "right", notebook(assignment, ADDS))
    record(room)
    shutil.copy(course.gradebook, tmp_path / "old.db")
    hand_in(course, "right", notebook(assignment, RIGHT, essay="In my own words."))
    record(room)
    whole = {p: hashed for p, (_, hashed) in written(course).items() if "autograded" in p}
    shutil.copy(tmp_path / "old.db", course.gradebook)
    pages = course.work / "autograded"
    shutil.rmtree(pages / "wrong")
    (pages / "refused" / NAME / f"{NAME}.ipynb").write_text("{}")
    (pages / "right" / NAME / "more.txt").write_text("left here by somebody")
    assert record(room) == {}
    assert state(course) == RECORDED
    assert {p: hashed for p, (_, hashed) in written(course).items() if "autograded" in p} == whole


@pytest.mark.parametrize("way", ["minigrad", "nbgrader"])
def test_no_reader_ever_sees_another_score(room, way, monkeypatch):
    """Whatever is committed, in whichever order: no 0 for what was refused, no score without its penalty."""
    from nbgrader.apps import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory
    from sqlalchemy import event
    from sqlalchemy.orm import Session

    from minigrad.grading.nbgrader import plugin as nbgrader

    course, _ = room
    monkeypatch.setattr("minigrad.grading.nbgrader.recording.BATCH", 2)
    seen = []

    def look(session: Session) -> None:
        seen.append(state(course))

    event.listen(Session, "after_commit", look)
    try:
        if way == "minigrad":
            assert record(room) == {}
        else:
            api = NbGraderAPI(CourseDirectory(config=nbgrader.config(course)), config=nbgrader.config(course))
            done = api.autograde(NAME, "*")
            assert done["success"], done
    finally:
        event.remove(Session, "after_commit", look)
    assert seen[-1] == RECORDED
    assert len({str(one) for one in seen}) >= 3
    for student, final in RECORDED.items():
        assert {one[student] for one in seen if student in one} <= {final, (None, True, None)}


def test_hand_marked_work_is_raised_again_only_where_it_changed(room):
    from minigrad.grading.nbgrader import plugin as nbgrader

    course, assignment = room
    record(room)
    with nbgrader.book(course) as book:
        for name, points in (("essay", 4.0), ("scale-check", 7.0)):
            grade = book.find_grade(name, NAME, NAME, "wrong")
            grade.manual_score, grade.needs_manual_grade = points, False
        book.db.commit()

    def raised() -> tuple[bool, float, float]:
        with nbgrader.book(course) as book:
            found = book.find_submission(NAME, "wrong")
            return found.needs_manual_grade, found.score, found.late_submission_penalty

    record(room)
    assert raised() == (False, 11.0, pytest.approx(2.2)), "the penalty follows the points"
    hand_in(course, "wrong", notebook(assignment, ADDS, essay="Others."))
    record(room)
    assert raised() == (True, 11.0, pytest.approx(2.2))


def test_an_ungraded_resubmission_waits_for_a_person_and_keeps_its_score(room):
    course, assignment = room
    record(room)
    hand_in(course, "right", notebook(assignment, "# FAULT"))
    hand_in(course, "new", notebook(assignment, "# FAULT too"))
    assert record(room) == {}
    assert state(course) == RECORDED | {"right": (10.0, True, 2.0)}
    hand_in(course, "right", notebook(assignment, RIGHT, essay="In my own words."))
    hand_in(course, "new", b"no notebook")
    assert record(room) == {}
    assert state(course) == RECORDED | {"new": (None, True, 0.0)}


def test_a_time_that_was_taken_away_costs_no_more(room):
    course, _ = room
    record(room)
    (course.submitted / "right" / NAME / "timestamp.txt").unlink()
    record(room)
    assert state(course)["right"] == (10.0, False, None)


def test_points_that_were_changed_and_not_built_are_not_recorded(room):
    from minigrad.grading.nbgrader import plugin as nbgrader

    course, assignment = room
    record(room)
    before = written(course)
    cells = tuple(dataclasses.replace(c, points=20.0) if c.kind == "check" else c for c in assignment.cells)
    changed = dataclasses.replace(assignment, cells=cells)
    with pytest.raises(GradingError, match=f"points of scale-check .*minigrad regrade {NAME}"):
        nbgrader.record(course, changed, course.submissions(NAME), reports(room))
    assert written(course) == before
    shutil.rmtree(course.release(NAME))
    with pytest.raises(GradingError, match="is not built"):
        nbgrader.record(course, assignment, course.submissions(NAME), reports(room))


def test_a_grading_that_runs_keeps_stock_nbgrader_out(room):
    from nbgrader.apps import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory

    from minigrad.grading.classroom.lock import grading
    from minigrad.grading.nbgrader import plugin as nbgrader

    course, _ = room
    api = NbGraderAPI(CourseDirectory(config=nbgrader.config(course)), config=nbgrader.config(course))
    with grading(course):
        done = api.autograde(NAME, "*")
    assert not done["success"]
    assert "is being graded by process" in done["error"]
    assert api.autograde(NAME, "right")["success"]
    assert state(course) == {"right": RECORDED["right"]}
    assert not list(course.state.glob("staging*"))


def test_a_bad_time_does_not_break_the_formgraders_list(room):
    from nbgrader.apps import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory

    from minigrad.grading.nbgrader import plugin as nbgrader

    course, assignment = room
    record(room)
    for student, data in {"new": b"yesterday", "newer": b"\xff\xfe", "right": b"soon"}.items():
        path = hand_in(course, student, notebook(assignment, RIGHT))
        (path.parent / "timestamp.txt").write_bytes(data)
    api = NbGraderAPI(CourseDirectory(config=nbgrader.config(course)), config=nbgrader.config(course))

    def listed() -> dict[str, tuple[bool, str | None]]:
        return {s["student"]: (s["autograded"], s["display_timestamp"]) for s in api.get_submissions(NAME)}

    old = (True, "2030-01-31 12:00:00 UTC")
    assert listed() == {"wrong": old, "refused": old} | dict.fromkeys(
        ("new", "newer", "right"), (False, None)
    )
    record(room)
    assert listed() == {"wrong": old, "refused": old} | dict.fromkeys(("new", "newer", "right"), (True, None))


def test_an_answer_in_words_in_a_cell_of_its_own_waits_for_a_person(room):
    """Below the placeholder, or in its place; left blank and with nothing written elsewhere it is 0."""
    from minigrad.grading.nbgrader import plugin as nbgrader

    course, assignment = room
    below = notebook(assignment, RIGHT, mine="In my own words.")
    instead = notebook(assignment, RIGHT, mine="In my own words.")
    instead["cells"] = [c for c in instead["cells"] if c["id"] != "essay"]
    empty = {"blank": notebook(assignment, RIGHT), "emptied": notebook(assignment, RIGHT, essay=" \n")}
    for student, made in {"below": below, "instead": instead, **empty}.items():
        hand_in(course, student, made)
    assert record(room) == {}
    with nbgrader.book(course) as opened:
        essays = {s: opened.find_grade("essay", NAME, NAME, s) for s in ("below", "instead", *empty)}
        told = {s: (g.auto_score, g.needs_manual_grade) for s, g in essays.items()}
        comments = {s: opened.find_comment("essay", NAME, NAME, s).auto_comment for s in essays}
    assert told == {"below": (None, True), "instead": (None, True)} | dict.fromkeys(empty, (0.0, False))
    assert comments == {"below": None, "instead": None} | dict.fromkeys(empty, "No response.")


def test_the_totals_for_an_lms_are_nbgraders_own(room):
    """Points by hand, extra credit and what lateness takes of both, also where they came after recording."""
    from minigrad.grading.nbgrader import plugin as nbgrader
    from minigrad.grading.report.grades.lms import Total

    course, _ = room
    record(room)
    with nbgrader.book(course) as book:
        essay, checks = (book.find_grade(id, NAME, NAME, "right") for id in ("essay", "scale-check"))
        essay.manual_score, essay.needs_manual_grade, essay.extra_credit = 4.0, False, 1.0
        checks.manual_score = 0.0  # in place of 10
        book.db.commit()
    assert nbgrader.totals(course, NAME) == (
        15.0,
        {
            "right": Total(4.0, 1.0, False),
            "wrong": Total(0.0, 0.0, True),
            "refused": Total(None, 0.0, True),
        },
    )
    with nbgrader.book(course) as book:
        found = book.find_submission(NAME, "right")
        assert (found.score, found.late_submission_penalty) == (5.0, 1.0)
    nbgrader.export(course, course.work / "grades.csv")
    assert ",5.0,1.0,4.0,15.0,False" in (course.work / "grades.csv").read_text()


def shown(course: Course) -> dict[str, str]:
    """The score of the checks on each page of feedback that is there, "" where it has none."""
    pages = {p.parent.parent.name: p.read_text() for p in course.feedback.rglob("*.html")}
    score = r">(?:([-0-9.]+) of|no score yet, of) 10<"
    told = {s: re.search(score, text) for s, text in pages.items()}
    return {s: found[1] or "" for s, found in told.items() if found}


@pytest.mark.parametrize("way", ["minigrad", "nbgrader"])
def test_a_page_of_feedback_is_never_older_than_the_gradebook(room, way):
    """By our function, or by stock `nbgrader generate_feedback` without --force."""
    from nbgrader.converters import GenerateFeedback
    from nbgrader.coursedir import CourseDirectory

    from minigrad.grading.nbgrader import plugin as nbgrader

    course, assignment = room

    def generate() -> None:
        if way == "minigrad":
            return nbgrader.feedback(course, NAME)
        settings = nbgrader.config(course)
        settings.CourseDirectory.assignment_id = NAME
        return GenerateFeedback(coursedir=CourseDirectory(config=settings), config=settings).start()

    def late() -> str:
        page = (course.feedback / "right" / NAME / f"{NAME}.html").read_text()
        return re.search(r"Late: ([0-9.]+) points are", page)[1]  # type: ignore[index]

    record(room)
    generate()
    assert shown(course) == {"right": "10", "wrong": "0", "refused": ""}
    assert late() == "2"
    with nbgrader.book(course) as book:
        book.find_grade("essay", NAME, NAME, "right").manual_score = 5.0
        book.db.commit()
    generate()
    assert late() == "3", "a fifth of the points by hand, too"
    nbgrader.totals(course, NAME)
    assert "right" in shown(course), "what was told holds"
    once = course.dates.read_text()
    course.dates.write_text(f"{once}[extensions.{NAME}]\nright = 2030-02-03T12:00:00Z\n")
    for renew in (
        lambda: record(room),
        lambda: nbgrader.totals(course, NAME),
        lambda: nbgrader.export(course, course.work / "grades.csv"),
    ):
        renew()
        assert "right" not in shown(course), "the penalty is another"
        generate()
        assert "right" in shown(course)
        course.dates.write_text(once)
        nbgrader.totals(course, NAME)
        generate()
        assert late() == "3"
        course.dates.write_text(f"{once}[extensions.{NAME}]\nright = 2030-02-03T12:00:00Z\n")
    course.dates.write_text(once)
    with nbgrader.book(course) as book:
        book.find_grade("scale-check", NAME, NAME, "right").manual_score = 7.5
        book.db.commit()
    generate()
    assert shown(course)["right"] == "7.5"
    record(room)
    assert shown(course).keys() == {"right", "wrong", "refused"}, "nothing changed"
    with nbgrader.book(course) as book:  # an old gradebook was put back
        book.find_grade("scale-check", NAME, NAME, "right").auto_score = 3.0
        book.db.commit()
    hand_in(course, "wrong", notebook(assignment, RIGHT, essay="In my own words."))
    record(room)
    assert shown(course).keys() == {"refused"}, "points by hand are to be given again"
    for renew in (lambda: record(room), lambda: nbgrader.totals(course, NAME)):
        generate()
        with nbgrader.book(course) as book:
            grade = book.find_grade("scale-check", NAME, NAME, "right")
            grade.manual_score -= 1
            book.db.commit()
        renew()
        assert shown(course).keys() == {"wrong", "refused"}, "points by hand came after the page"
    with nbgrader.book(course) as book:
        book.find_grade("scale-check", NAME, NAME, "right").manual_score = 7.5
        book.db.commit()
    generate()
    assert shown(course) == {"right": "7.5", "wrong": "10", "refused": ""}
