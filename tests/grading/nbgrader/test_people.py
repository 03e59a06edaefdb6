"""Students in nbgrader's gradebook: their names, and their scores under another id."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from minigrad.grading.assignment.load import load
from minigrad.grading.model import Refused, Report
from minigrad.grading.people.moves import Move
from minigrad.grading.store.layout import Course
from tests.grading.handed_in import NAME, course_with_essay

pytest.importorskip("nbgrader")
pytestmark = pytest.mark.filterwarnings("ignore")  # of nbgrader and what it imports


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ann and bo have points by hand and a comment each."""
    from minigrad.grading.nbgrader.gradebook import book, opened_lines

    course = course_with_essay(tmp_path_factory.mktemp("graded"))
    with book(course) as opened:
        opened_lines(opened, NAME, ("ann", "bo"))
        for student, points in (("ann", 3.0), ("bo", 4.0)):
            opened.find_grade("essay", NAME, NAME, student).manual_score = points
            opened.find_comment("essay", NAME, NAME, student).manual_comment = f"to {student}"
        opened.db.commit()
    return course.work


@pytest.fixture
def course(graded: Path, tmp_path: Path) -> Course:
    shutil.copytree(graded, tmp_path, dirs_exist_ok=True)
    return Course.at(tmp_path)


def held(course: Course) -> dict[str, tuple[float, str]]:
    """By student, the points and the comment that people gave."""
    from minigrad.grading.nbgrader.gradebook import book

    with book(course) as opened:
        return {
            s.student.id: (
                opened.find_grade("essay", NAME, NAME, s.student.id).manual_score,
                opened.find_comment("essay", NAME, NAME, s.student.id).manual_comment,
            )
            for s in opened.assignment_submissions(NAME)
        }


def test_points_by_hand_and_comments_go_along(course: Course) -> None:
    from minigrad.grading.nbgrader import plugin

    for _ in range(2):  # it may have been stopped before it was known to be done
        plugin.move(course, Move("ann", "s 1", (), ".minigrad/aside/x"))
        assert held(course) == {"s 1": (3.0, "to ann"), "bo": (4.0, "to bo")}
        assert plugin.students(course) == {"s 1", "bo"}
    assert not (course.state / "aside").exists()


@pytest.mark.parametrize(
    ("counts", "stays", "goes"), [("ann", (3.0, "to ann"), "bo"), ("bo", (4.0, "to bo"), "ann")]
)
def test_of_two_submissions_the_one_that_counts_stays_and_the_other_is_written_down(
    course: Course, counts: str, stays: tuple[float, str], goes: str
) -> None:
    from minigrad.grading.nbgrader import plugin
    from minigrad.grading.nbgrader.gradebook import book

    for _ in range(2):
        plugin.move(course, Move("ann", "bo", (), ".minigrad/aside/x", counts={NAME: counts}))
        assert held(course) == {"bo": stays}
    (told,) = (json.loads(p.read_text()) for p in (course.state / "aside" / "x").iterdir())
    assert told["student"] == goes
    assert told["comments"] == {"essay": f"to {goes}"}
    assert told["grades"]["essay"]["manual_score"] == {"ann": 3.0, "bo": 4.0}[goes]
    with book(course) as opened:
        assert [s.id for s in opened.students] == ["bo"]


@pytest.mark.parametrize("only", ["", NAME, "02-other"])
def test_what_is_forgotten_is_written_down_and_gone(course: Course, only: str) -> None:
    from minigrad.grading.nbgrader import plugin
    from minigrad.grading.nbgrader.gradebook import book

    before = held(course)
    for _ in range(2):
        plugin.move(course, Move("ann", "", (), ".minigrad/aside/ann", only=only))
        assert held(course) == (before if only == "02-other" else {"bo": (4.0, "to bo")})
    with book(course) as opened:
        assert [s.id for s in opened.students] == (["ann", "bo"] if only == "02-other" else ["bo"])
    if only != "02-other":
        told = json.loads((course.state / "aside" / "ann" / f"gradebook-ann-{NAME}.json").read_text())
        assert told["comments"] == {"essay": "to ann"}
        assert told["grades"]["essay"]["manual_score"] == 3.0


def test_a_gradebook_that_fails_has_changed_nothing(course: Course, monkeypatch) -> None:
    from minigrad.grading.nbgrader import people

    def fails(opened, submission):
        opened.db.delete(submission.notebooks[0].grades[0])
        opened.db.flush()
        raise OSError("no disk")

    monkeypatch.setattr(people, "_remove", fails)
    before = held(course)
    with pytest.raises(OSError, match="no disk"):
        people.move(course, Move("ann", "bo", (), ".minigrad/aside/x"))
    assert held(course) == before


def test_the_formgrader_has_the_rosters_names(course: Course) -> None:
    from minigrad.grading.nbgrader import plugin
    from minigrad.grading.nbgrader.gradebook import book

    def names() -> dict[str, tuple[str | None, ...]]:
        with book(course) as opened:
            return {s.id: (s.first_name, s.last_name, s.email) for s in opened.students}

    course.roster.write_text(
        'student,name,email\nann,Ann Maria Lee,a@example.org\nbo,"May, Bo",\ncy,Cher,\ndi,,\n'
    )
    students: list[str] = ["ann", "bo", "cy"]
    why = Refused("nothing there")
    made = {s: Report(NAME, "refused", reason=str(why)) for s in students}
    assignment = load(course.authored(NAME))
    assert plugin.record(course, assignment, dict.fromkeys(students, why), made) == {}
    assert names() == {
        "ann": ("Ann Maria", "Lee", "a@example.org"),
        "bo": ("Bo", "May", None),
        "cy": (None, "Cher", None),
    }
