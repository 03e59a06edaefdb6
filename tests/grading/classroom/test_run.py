"""A class is graded once for each code, resumes, and never turns the judge's fault into a zero."""

from __future__ import annotations

import json
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from minigrad.grading.assignment.load import load
from minigrad.grading.classroom import court, jobs
from minigrad.grading.classroom.run import grade_class, last_reports, near_identical
from minigrad.grading.model import Assignment, GradingError, Report
from minigrad.grading.store.layout import Course
from minigrad.grading.store.reports import new_salt
from minigrad.sandbox.errors import SandboxUnavailable
from tests.grading.handed_in import ADDS, NAME, RIGHT, fake_judge, hand_in, new_course, notebook


@pytest.fixture
def judge(monkeypatch):
    made = fake_judge()
    monkeypatch.setattr(court, "Judge", made)
    return made


@pytest.fixture
def room(tmp_path: Path) -> tuple[Course, Assignment]:
    return new_course(tmp_path)


def run(room, **options) -> dict[str, Report]:
    course, assignment = room
    return grade_class(course, assignment, course.submissions(NAME), **options)


def answers(room, **by_student: str) -> None:
    course, assignment = room
    for student, answer in by_student.items():
        hand_in(course, student, notebook(assignment, answer))


def scores(reports: dict[str, Report]) -> dict[str, float]:
    return {student: r.score for student, r in reports.items()}


def test_everyone_gets_a_report(room, judge):
    answers(room, a=RIGHT, b=ADDS)
    hand_in(room[0], "c", b"not a notebook")
    heard = []
    reports = run(room, done=lambda student, report: heard.append((student, report.status)))
    assert scores(reports) == {"a": 10.0, "b": 0.0, "c": 0.0}
    assert reports["c"].status == "refused"
    assert sorted(heard) == [("a", "graded"), ("b", "graded"), ("c", "refused")]
    assert len(judge.graded) == 2
    assert judge.closed == 1
    assert last_reports(room[0], NAME).keys() == {"a", "b", "c"}


def test_equal_code_is_graded_once_and_shares_no_text(room, judge):
    course, assignment = room
    answers(room, a=RIGHT, b=RIGHT)
    hand_in(course, "c", notebook(assignment, RIGHT, **{"scale-check": "100.0"}))
    reports = run(room)
    assert scores(reports) == {"a": 10.0, "b": 10.0, "c": 10.0}
    assert len(judge.graded) == 1
    assert reports["a"].cells
    assert not reports["b"].cells
    assert not reports["c"].cells
    assert "edited" in reports["c"].notes[0]
    assert not reports["b"].notes
    shared = "".join(p.read_text() for p in course.results.glob("*.json"))
    assert "words of one student" not in shared


def test_a_second_run_grades_nothing_again(room, judge):
    answers(room, a=RIGHT, b=ADDS)
    first = run(room)
    assert run(room) == first
    assert len(judge.graded) == 2
    answers(room, c=ADDS)
    assert run(room)["c"].score == 0
    assert len(judge.graded) == 2, "the code of b was graded before"


def test_a_new_submission_a_new_salt_and_new_checks_grade_again(room, judge):
    course, _ = room
    answers(room, a=ADDS)
    run(room)
    answers(room, a=RIGHT)
    assert run(room)["a"].score == 10
    new_salt(course.salt(NAME))
    run(room)
    assert len(judge.graded) == 3
    checks = course.authored(NAME) / "checks.py"
    checks.write_text(checks.read_text().replace("size=(3, 4)", "size=(4, 3)"))
    run((course, load(course.authored(NAME))))
    assert len(judge.graded) == 4
    assert len(list(course.reports(NAME).glob("a/*.json"))) == 1, "only the last report is kept"


def test_an_interrupted_run_goes_on_where_it_stopped(room, judge):
    answers(room, a=RIGHT, b=ADDS, c="def scale(x, factor):\n    return 1")

    def stop(student: str, report: Report) -> None:
        if student == "b":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(room, done=stop)
    assert len(judge.graded) == 2
    assert scores(run(room)) == {"a": 10.0, "b": 0.0, "c": 0.0}
    assert len(judge.graded) == 3


@pytest.mark.parametrize("word", ["FAULT", "CRASH"])
def test_the_judges_fault_is_no_zero_and_is_tried_again(room, judge, word):
    answers(room, a=f"# {word}", b=f"# {word}")
    reports = run(room)
    assert [r.status for r in reports.values()] == ["ungraded", "ungraded"]
    assert len(judge.graded) == 2, "a fault is not shared"
    assert not list(room[0].results.glob("*"))
    run(room)
    assert len(judge.graded) == 4


def test_a_ctrl_c_leaves_the_pools_futures_alone(room, judge, monkeypatch):
    """The pool's own thread gives each an exception, and would die of one that is cancelled."""
    answers(room, a=RIGHT, b=ADDS)
    held: list[Future[Report]] = []

    class Slow(jobs.Here):
        def submit(self, fn, /, *args, **kwargs):
            held.append(Future())
            return held[-1]

    def ctrl_c(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(jobs, "wait", ctrl_c)
    with pytest.raises(KeyboardInterrupt):
        run(room, executor=Slow())
    assert held
    assert not any(future.cancelled() for future in held)


def test_an_unconfirmed_timeout_is_not_shared(room, judge):
    answers(room, a=f"{RIGHT}  # UNCONFIRMED", b=f"{RIGHT}  # UNCONFIRMED")
    run(room)
    assert len(judge.graded) == 2
    assert not list(room[0].results.glob("*"))


def test_a_file_that_changes_meanwhile_is_not_graded_as_what_it_was(room, judge):
    answers(room, a=RIGHT, b=ADDS)

    def overwrite(student: str, report: Report) -> None:
        if student == "a":
            answers(room, b=RIGHT)

    reports = run(room, done=overwrite)
    assert (reports["b"].status, reports["b"].reason[:16]) == ("ungraded", "the file changed")
    assert run(room)["b"].score == 10


def test_unsafe_results_are_kept_nowhere(room, judge):
    answers(room, a=RIGHT)
    assert run(room, isolation="unsafe")["a"].score == 10
    assert not room[0].state.exists()


def test_another_executor_is_used_and_not_shut_down(room, judge):
    answers(room, a=RIGHT, b=ADDS)
    with ThreadPoolExecutor(2) as executor:
        assert scores(run(room, executor=executor)) == {"a": 10.0, "b": 0.0}
        assert executor.submit(int, "3").result() == 3


def test_a_process_that_dies_leaves_only_its_own_submission_ungraded(room, judge, monkeypatch):
    answers(room, a=RIGHT, b="# DIES", c=ADDS)

    class Broken(jobs.Here):
        def submit(self, fn, /, *args, **kwargs):
            future: Future = Future()
            future.set_exception(BrokenExecutor("a process died"))
            return future

    def alone(job):
        if b"DIES" in job.data:
            return Report(NAME, "ungraded", reason="the judge's process died")
        return court.grade(job)

    monkeypatch.setattr(jobs, "_alone", alone)
    reports = run(room, executor=Broken())
    assert {s: r.status for s, r in reports.items()} == {"a": "graded", "b": "ungraded", "c": "graded"}


def test_without_a_sandbox_nothing_is_graded(room, monkeypatch):
    def none(*args, **options):
        raise SandboxUnavailable("no sandbox can be set up here")

    monkeypatch.setattr(court, "Judge", none)
    answers(room, a=RIGHT)
    with pytest.raises(GradingError, match="no sandbox"):
        run(room)
    assert not last_reports(room[0], NAME)


def test_a_renamed_notebook_is_found_and_links_are_refused(room, judge, tmp_path):
    course, assignment = room
    path = hand_in(course, "a", notebook(assignment, RIGHT))
    path.rename(path.with_name(f"{NAME} (1).ipynb"))
    (tmp_path / "secret.ipynb").write_text(json.dumps(notebook(assignment, RIGHT)))
    link = hand_in(course, "b", b"")
    link.unlink()
    link.symlink_to(tmp_path / "secret.ipynb")
    reports = run(room)
    assert reports["a"].score == 10
    assert reports["b"].status == "refused"


def test_processes_with_the_real_judge(room):
    """Two workers, the sandbox, the hint of a known mistake."""
    answers(room, a=RIGHT, b=ADDS)
    try:
        reports = run(room, workers=2)
    except GradingError as error:
        pytest.skip(str(error))
    assert scores(reports) == {"a": 10.0, "b": 0.0}
    assert "multiply" in reports["b"].exercises[0].hint


def test_work_of_another_year_is_compared_too_and_not_with_itself(tmp_path):
    course, assignment = new_course(tmp_path / "now")
    before = Course.at(tmp_path / "before" / "2029")
    copied = "def scale(x, factor):\n" + "".join(f"    y{i} = x[{i}] * factor ** {i}\n" for i in range(20))
    hand_in(course, "ann", notebook(assignment, copied))
    for student in ("bob", "cem"):
        hand_in(before, student, notebook(assignment, copied.replace("y", "z")))
    assert near_identical(course, assignment) == []
    (found,) = near_identical(course, assignment, before.submitted)
    assert {*found.students} == {"ann", *(str(before.submitted / s) for s in ("bob", "cem"))}
    assert any(side.alike for pair in found.pairs for side in pair.sides)
    (course.submitted / "ann" / NAME / f"{NAME}.ipynb").unlink()
    assert near_identical(course, assignment, before.submitted) == []
    with pytest.raises(GradingError, match=r"nothing of 01-tiny in .*: name a folder like submitted/"):
        near_identical(course, assignment, tmp_path / "nowhere")
