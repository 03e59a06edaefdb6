"""How far hints are told in graded work: one key of course.toml, in page, JSON and a platform's results."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from minigrad.grading.assignment.load import load
from minigrad.grading.classroom.run import grade_class, last_reports
from minigrad.grading.model import Assignment, Exercise, Report
from minigrad.grading.nbgrader.pages import judged, with_report
from minigrad.grading.platforms import gradescope, prairielearn
from minigrad.grading.report.feedback import report_html
from minigrad.grading.report.formats import class_json
from minigrad.grading.rules.hints import DEGREES, hinted
from minigrad.grading.store.layout import Course
from tests.grading.handed_in import ADDS, NAME, hand_in, new_course, notebook

STEPS = ["What should a factor do?", "It multiplies.", "Look at the plus sign."]
HINT = '"The factor is added; it should multiply."'
COUNTS = pytest.mark.parametrize(
    ("degree", "count"), [(None, 3), *zip(DEGREES, (1, 2, 3), strict=True)], ids=str
)


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory, sandbox: None) -> tuple[Course, Assignment, bytes]:
    """A course in which one submission was graded, whose mistake has a hint of three steps."""
    course, _ = new_course(tmp_path_factory.mktemp("course"))
    mutants = course.authored(NAME) / "mutants.py"
    text = mutants.read_text()
    assert text.count(HINT) == 1
    mutants.write_text(text.replace(HINT, repr(STEPS)))
    assignment = load(course.authored(NAME))
    path = hand_in(course, "s17", notebook(assignment, ADDS))
    grade_class(course, assignment, course.submissions(NAME))
    return course, assignment, path.read_bytes()


def tell(course: Course, degree: str | None) -> None:
    course.dates.write_text(f'[feedback]\nhints = "{degree}"\n' if degree else "")


@COUNTS
def test_page_and_json_tell_as_many_steps(
    graded: tuple[Course, Assignment, bytes], degree: str | None, count: int
) -> None:
    course, assignment, data = graded
    tell(course, degree)
    again = grade_class(course, assignment, course.submissions(NAME))
    for reports in (again, last_reports(course, NAME)):
        (made,) = reports.values()
        page = with_report(judged(assignment, data, made), made, assignment)
        for told in (report_html(made), json.dumps(class_json(reports)), json.dumps(page)):
            assert [step in told for step in STEPS] == [i < count for i in range(3)]


def test_what_is_told_of_no_known_mistake_comes_with_the_ideas() -> None:
    known = Exercise("scale", 5, 0, (), "adds", "\n".join(STEPS))
    unknown = Exercise("shift", 5, 0, (), "", "No known mistake gives just this.")
    told = {degree: hinted(Report(NAME, "graded", (known, unknown)), degree).exercises for degree in DEGREES}
    assert [len(one.hint.split("\n")) for one, _ in told.values()] == [1, 2, 3]
    assert [bool(other.hint) for _, other in told.values()] == [False, True, True]


@COUNTS
def test_a_platform_s_results_tell_as_many_steps(
    graded: tuple[Course, Assignment, bytes],
    degree: str | None,
    count: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    course, assignment, data = graded
    tell(course, degree)
    monkeypatch.setattr(gradescope, "handout", lambda course, assignment: {})  # nothing was built
    packed = gradescope.archive(course, assignment, "visible", None)
    zipfile.ZipFile(io.BytesIO(packed)).extractall(tmp_path / "source")
    (tmp_path / "submission").mkdir()
    (tmp_path / "submission" / f"{NAME}.ipynb").write_bytes(data)
    told = json.dumps(gradescope.grade(tmp_path))
    assert [step in told for step in STEPS] == [i < count for i in range(3)]


def test_prairielearn_is_told_how_far(
    graded: tuple[Course, Assignment, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    course, assignment, data = graded
    tell(course, "question")
    monkeypatch.setattr(prairielearn, "handout", lambda course, assignment: {})  # nothing was built
    for path, content in prairielearn.question(course, assignment, "image", "visible").items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    (tmp_path / "student").mkdir()
    (tmp_path / "student" / f"{NAME}.ipynb").write_bytes(data)
    told = json.dumps(prairielearn.grade(tmp_path))
    assert [step in told for step in STEPS] == [True, False, False]


def test_what_is_kept_is_the_whole_hint(graded: tuple[Course, Assignment, bytes]) -> None:
    course, assignment, _ = graded
    tell(course, "question")
    grade_class(course, assignment, course.submissions(NAME))
    tell(course, "place")
    (made,) = last_reports(course, NAME).values()
    assert hint(made) == "\n".join(STEPS)


def hint(made: Report) -> str:
    return made.exercises[0].hint
