"""A student's work under another id: all of it, or nothing, whenever it is stopped."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from minigrad.grading.model import GradingError
from minigrad.grading.people.journal import begin, carry_out, demand_settled, pending
from minigrad.grading.people.moves import planned_forget, planned_merge, planned_rename
from minigrad.grading.store.attempts import HandedIn, lay
from minigrad.grading.store.layout import Course

TOML = """\
[due]
01-a = 2030-02-01T23:59:00+01:00

[extensions.01-a]
ann = 2030-02-08T23:59:00+01:00  # ill

[[decisions.01-a]]
credit = "e.c"
students = ["ann", "bo"]
reason = "of ann"
date = 2030-02-03
"""
ROSTER = "student,name,email\nann,Ann Lee,\nbo,Bo May,bo@example.org\n"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def hand_in(course: Course, student: str, name: str, text: str, time: str = "") -> None:
    """Work of a student, with all that grading makes of it."""
    write(course.submitted / student / name / f"{name}.ipynb", text)
    if time:
        write(course.submitted / student / name / "timestamp.txt", time)
    write(course.work / "autograded" / student / name / f"{name}.ipynb", f"graded {text}")
    write(course.feedback / student / name / f"{name}.html", f"page of {text}")
    write(course.reports(name) / student / "key.json", f"report of {text}")
    write(course.history(name) / student / "states.jsonl", f"history of {text}")


@pytest.fixture
def course(tmp_path: Path) -> Course:
    course = Course.at(tmp_path)
    for name in ("01-a", "02-b"):
        write(course.authored(name) / "notebook.py", "")
    hand_in(course, "ann", "01-a", "ann a", "2030-02-01 12:00:00 UTC")
    hand_in(course, "ann", "02-b", "ann b")
    write(course.attempts("01-a") / "ann" / "undated.0.ipynb", "first of ann")
    write(course.previews("01-a") / "ann" / "key.json", "preview of ann")
    hand_in(course, "bo", "01-a", "bo a", "2030-01-31 12:00:00 UTC")
    write(course.dates, TOML)
    write(course.roster, ROSTER)
    return course


def tree(course: Course) -> dict[str, str]:
    """Every file, by its path."""
    return {str(p.relative_to(course.work)): p.read_text() for p in course.work.rglob("*") if p.is_file()}


def done(course: Course, planned) -> dict[str, str]:
    begin(course, planned)
    carry_out(course, planned)
    return tree(course)


def test_all_that_a_student_has_gets_the_other_id(course: Course) -> None:
    before = tree(course)
    course.dates.chmod(0o640)
    after = done(course, planned_rename(course, "ann", "s 1", ()))
    wanted = {path.replace("/ann/", "/s 1/"): text for path, text in before.items()}
    wanted["course.toml"] = TOML.replace("\nann =", '\n"s 1" =').replace('["ann"', '["s 1"')
    wanted["roster.csv"] = ROSTER.replace("ann,Ann", "s 1,Ann")
    assert after == wanted
    assert course.dates.stat().st_mode & 0o777 == 0o640
    assert not list(course.work.rglob("ann"))


def test_where_both_handed_in_the_newest_counts_and_the_other_is_kept(course: Course) -> None:
    before = tree(course)
    after = done(course, planned_merge(course, "bo", "ann", ()))
    aside = ".minigrad/aside/bo into ann/"
    for path, text in before.items():
        if "/bo/" in path:
            assert after[aside + path] == text
        elif path not in ("course.toml", "roster.csv"):
            assert after[path] == text, "the newest is ann's"
    kept = {text for path, text in after.items() if "attempts/01-a/ann/" in path}
    assert kept == {"first of ann", "bo a", "2030-01-31 12:00:00 UTC"}
    assert after["roster.csv"] == "student,name,email\nann,Ann Lee,bo@example.org\n"
    assert 'students = ["ann", "ann"]' in after["course.toml"]
    assert not (course.submitted / "bo").exists()


def test_the_newest_counts_whoever_it_is_merged_into(course: Course) -> None:
    write(course.submitted / "ann" / "notes.txt", "beside")
    after = done(course, planned_merge(course, "ann", "bo", ()))
    assert after["submitted/bo/01-a/01-a.ipynb"] == "ann a"
    assert after["feedback/bo/01-a/01-a.html"] == "page of ann a"
    assert after["submitted/bo/02-b/02-b.ipynb"] == "ann b"
    assert after[".minigrad/reports/02-b/bo/key.json"] == "report of ann b"
    assert after[".minigrad/history/02-b/bo/states.jsonl"] == "history of ann b"
    assert after[".minigrad/previews/01-a/bo/key.json"] == "preview of ann"
    assert after[".minigrad/aside/ann into bo/submitted/bo/01-a/01-a.ipynb"] == "bo a"
    kept = {text for path, text in after.items() if "attempts/01-a/bo/" in path}
    assert kept == {"first of ann", "bo a", "2030-01-31 12:00:00 UTC"}
    assert "beside" in after.values()
    assert not [p for p in course.work.rglob("ann") if "aside" not in str(p)]


def test_the_newest_is_known_by_what_the_lms_said_too(course: Course) -> None:
    for student, when in (("ann", "2030-01-30-12-00-00"), ("bo", "2030-01-31-12-00-00")):
        folder = course.submitted / student / "01-a"
        (folder / "timestamp.txt").unlink()
        lay(
            folder / "01-a.ipynb",
            course.attempts("01-a") / student,
            HandedIn(f"{student} new".encode(), when),
        )
    assert planned_merge(course, "ann", "bo", ()).counts == {"01-a": "bo", "02-b": "ann"}
    assert planned_merge(course, "bo", "ann", ()).counts == {"01-a": "bo"}


BLACKBOARD = "HW_s1_attempt_2030-01-31-12-00-00_01-a.ipynb"
BRIGHTSPACE = "class/1-2 - Ann Lee - Jan 31, 2030 1200 PM/01-a.ipynb"
EXCHANGE = "inbound/ann+01-a+2030-01-31 12:00:00.0 UTC/01-a.ipynb"


@pytest.mark.parametrize(
    ("time", "path", "bo", "counts"),
    [
        ("2030-01-31 11:00:00 UTC", "", BLACKBOARD, ""),
        ("2030-01-30 23:00:00 UTC", "", BLACKBOARD, ""),
        ("2030-01-30 21:00:00 UTC", "", BLACKBOARD, "bo"),
        ("2030-02-01 01:00:00 UTC", "", BLACKBOARD, "ann"),
        ("2030-01-31-11-00-00", BLACKBOARD, BLACKBOARD, "bo"),
        ("2030-01-31-11-00-00", BRIGHTSPACE, BLACKBOARD, ""),
        ("2030-01-30-09-00-00", BRIGHTSPACE, BLACKBOARD, "bo"),
        ("2030-01-31-11-00-00", EXCHANGE, BLACKBOARD, ""),
        ("2030-01-31 11:00:00 UTC", "", EXCHANGE, "bo"),
    ],
)
def test_times_of_two_clocks_are_in_order_or_asked_for(course: Course, time, path, bo, counts) -> None:
    """An LMS's time without its zone and one in UTC, or those of two LMS; bo's is 2030-01-31 12:00:00."""
    for student, at, way in (("ann", time, path), ("bo", "2030-01-31-12-00-00", bo)):
        folder = course.submitted / student / "01-a"
        (folder / "timestamp.txt").unlink()
        zoned = at.endswith("UTC")
        made = HandedIn(f"{student} new".encode(), "" if zoned else at, at if zoned else "", way)
        lay(folder / "01-a.ipynb", course.attempts("01-a") / student, made)
    if counts:
        assert planned_merge(course, "ann", "bo", ()).counts["01-a"] == counts
        assert planned_merge(course, "bo", "ann", ()).counts["01-a"] == counts
    else:
        with pytest.raises(GradingError, match="newest is not known: write the times"):
            planned_merge(course, "ann", "bo", ())


def test_equal_work_needs_no_time_and_no_notebook_counts_less_than_one(course: Course) -> None:
    write(course.submitted / "bo" / "01-a" / "01-a.ipynb", "ann a")
    (course.submitted / "bo" / "01-a" / "timestamp.txt").unlink()
    assert planned_merge(course, "ann", "bo", ()).counts["01-a"] == "bo"
    (course.submitted / "bo" / "01-a" / "01-a.ipynb").unlink()
    assert planned_merge(course, "ann", "bo", ()).counts["01-a"] == "ann"
    assert planned_merge(course, "bo", "ann", ()).counts["01-a"] == "ann"


def test_which_is_the_newest_is_never_guessed(course: Course) -> None:
    (course.submitted / "bo" / "01-a" / "timestamp.txt").unlink()
    before = tree(course)
    with pytest.raises(GradingError, match=r"newest is not known: write the times, .* into .*bo"):
        planned_merge(course, "ann", "bo", ())
    assert tree(course) == before


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("ann", "bo", "bo is a student already: to make one of both, `minigrad roster merge ann bo`"),
        ("ann", "Bo", "bo is a student already, the same name in other letters"),
        ("zoe", "s1", "nobody here has the id 'zoe'; an id is a folder's name in submitted/"),
        ("..", "s1", "nobody here has the id"),
        ("submitted/../ann", "s1", "nobody here has the id"),
        ("ann", "../x", "cannot be a student's id"),
        ("ann", "-x", "cannot be a student's id"),
        ("ann", "booked", "booked is a student already"),
    ],
)
def test_a_rename_that_would_lose_or_mix_up_work_changes_nothing(course: Course, old, new, why) -> None:
    before = tree(course)
    with pytest.raises(GradingError, match=why):
        planned_rename(course, old, new, ("booked",))
    assert tree(course) == before


def test_a_name_in_place_of_an_id_is_told_the_id(course: Course) -> None:
    course.roster.write_text("student,name,email\nann,Ann Lee,ann@example.org\n")
    for called in ("Ann Lee", "ann@example.org"):
        with pytest.raises(GradingError, match="by that name the roster has ann: give the id"):
            planned_rename(course, called, "s21", ())


def test_ones_own_name_in_other_letters_is_free(course: Course) -> None:
    assert done(course, planned_rename(course, "ann", "ANN", ()))["submitted/ANN/01-a/01-a.ipynb"] == "ann a"


def test_work_under_a_wrong_name_goes_to_whom_the_roster_lists(course: Course) -> None:
    write(course.roster, "student,name\ns1,Ann Lee\nbo,Bo May\n")
    after = done(course, planned_rename(course, "ann", "s1", ()))
    assert after["submitted/s1/01-a/01-a.ipynb"] == "ann a"
    assert after["roster.csv"] == "student,name\ns1,Ann Lee\nbo,Bo May\n"
    write(course.roster, "student,name\ns1,Ann Lee\nzoe,\n")
    with pytest.raises(GradingError, match="zoe is a student already"):
        planned_rename(course, "s1", "zoe", ())


def test_two_extensions_are_not_made_one(course: Course) -> None:
    write(course.dates, TOML.replace("ann =", "bo = 2030-02-09T12:00:00Z\nann ="))
    with pytest.raises(GradingError, match="a line for ann and one for bo in one table"):
        planned_merge(course, "ann", "bo", ())


def test_a_name_that_cannot_be_found_in_the_course_file_is_said(course: Course) -> None:
    write(course.dates, TOML.replace("\nann =", '\n"\\u0061nn" ='))
    with pytest.raises(GradingError, match="names ann in a way that is not understood"):
        planned_rename(course, "ann", "s1", ())


class Stopped(BaseException):
    """What ends a process in the middle."""


def stopping(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Every change on the disk is counted, and the one after `after` of them does not happen."""
    left = iter(range(after))
    for of, change in (
        (Path, "rename"),
        (Path, "unlink"),
        (Path, "rmdir"),
        (Path, "chmod"),
        (os, "replace"),
    ):
        whole = getattr(of, change)

        def counted(*given, whole=whole, **rest):
            if next(left, None) is None:
                raise Stopped
            return whole(*given, **rest)

        monkeypatch.setattr(of, change, counted)


@pytest.mark.parametrize("what", ["rename", "merge into", "merge", "forget"])
def test_stopped_at_any_moment_it_is_the_old_or_finished_by_the_next(
    course: Course, tmp_path_factory: pytest.TempPathFactory, what: str
) -> None:
    def planned(course: Course):
        old, new = ("bo", "ann") if what == "merge" else ("ann", "bo")
        if what == "rename":
            return planned_rename(course, "ann", "s1", ())
        if what == "forget":
            return planned_forget(course, "ann", "", ())
        return planned_merge(course, old, new, ())

    if what == "forget":
        shutil.rmtree(course.submitted / "ann")
    before = tree(course)
    old, finished = 0, []
    for moment in range(100):
        again = Course.at(tmp_path_factory.mktemp("again") / "course")
        shutil.copytree(course.work, again.work)
        with pytest.MonkeyPatch.context() as patch:
            stopping(patch, moment)
            try:
                wanted = done(again, planned(again))
                break
            except Stopped:
                pass
        if found := pending(again):
            with pytest.raises(GradingError, match="stopped half-way: `minigrad roster` finishes it"):
                demand_settled(again)
            carry_out(again, found)
            demand_settled(again)
            finished.append(tree(again))
        else:
            old += 1
            assert tree(again) == before
    assert old
    assert len(finished) > 8
    assert all(one == wanted for one in finished)
