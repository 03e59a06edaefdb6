"""The judge that a process keeps: for one court until another one comes, and never one that has failed."""

from __future__ import annotations

import pickle

import pytest

from minigrad.grading.classroom import court
from minigrad.grading.classroom.court import Court, Job
from minigrad.grading.model import GradingError, Report
from minigrad.grading.store.layout import Course
from minigrad.grading.store.reports import SALT_BYTES, new_salt, read_salt
from minigrad.sandbox.errors import PackageMissing, SandboxUnavailable
from tests.grading.handed_in import NAME, new_course


class Told:
    """A judge that gives or raises what it is told, and notes what becomes of it."""

    made: list[Told]

    def __init__(self, assignment, salt, **options) -> None:
        self.assignment, self.salt, self.options, self.ended = assignment, salt, options, 0
        type(self).made.append(self)

    def __exit__(self, *_: object) -> None:
        self.ended += 1

    def grade(self, data: bytes) -> Report:
        if data == b"unavailable":
            raise SandboxUnavailable("no sandbox here")
        if data == b"package":
            raise PackageMissing("scipy")
        if data == b"wrong":
            raise GradingError("the course is wrong")
        if data == b"bug":
            raise ZeroDivisionError("of the judge")
        return Report(NAME, "graded", reason=data.decode())


@pytest.fixture
def course(tmp_path) -> Course:
    made, _ = new_course(tmp_path)
    new_salt(made.salt(NAME))
    return made


@pytest.fixture
def made(monkeypatch):
    """The judges that were made."""
    kind = type("Told", (Told,), {"made": []})
    monkeypatch.setattr(court, "Judge", kind)
    yield kind.made
    court.close()


def test_a_court_has_the_rounds_salt_and_its_references_are_kept(course):
    here = court.court(course, NAME)
    assert here.salt == read_salt(course.salt(NAME))
    assert here == court.court(course, NAME)
    assert (here.name, here.isolation, here.cache) == (NAME, "auto", course.state / "references")
    assert here.forbidden == course.private()


@pytest.mark.parametrize("options", [{"throwaway": True}, {"isolation": "unsafe"}])
def test_a_court_that_a_submission_could_look_into_has_a_salt_of_its_own_and_keeps_nothing(course, options):
    one, two = (court.court(course, NAME, **options) for _ in range(2))
    assert len({one.salt, two.salt, court.court(course, NAME).salt}) == 3
    assert len(one.salt) == SALT_BYTES
    assert one.cache is None
    assert one.isolation == options.get("isolation", "auto")
    assert one.forbidden == course.private()


def test_a_judge_is_made_of_its_court(course, made):
    here = court.court(course, NAME)
    court.grade(Job(here, b"x"))
    (judge,) = made
    assert (judge.assignment.name, judge.salt) == (NAME, here.salt)
    told = {"isolation": "auto", "cache": here.cache, "forbidden": here.forbidden, "limits": here.limits}
    assert judge.options == told


def test_equal_courts_share_a_judge_and_another_one_ends_it(course, made):
    one, equal, other = (court.court(course, NAME, **o) for o in ({}, {}, {"throwaway": True}))
    assert court.grade(Job(one, b"first")).reason == "first"
    court.grade(Job(equal, b"second"))
    assert [j.ended for j in made] == [0]
    court.grade(Job(other, b"third"))
    assert [j.ended for j in made] == [1, 0]
    court.close()
    court.close()
    assert [j.ended for j in made] == [1, 1]


def test_no_sandbox_and_a_wrong_course_end_the_whole_run(course, made):
    here = court.court(course, NAME)
    for data, words in {
        b"unavailable": "no sandbox here",
        b"package": "the package scipy is on the assignment's list of packages and is not installed here",
        b"wrong": "the course is wrong",
    }.items():
        with pytest.raises(GradingError, match=f"^{words}"):
            court.grade(Job(here, data))
    assert [j.ended for j in made] == [0]


def test_a_judge_that_fails_costs_no_points_and_is_not_used_again(course, made):
    here = court.court(course, NAME)
    report = court.grade(Job(here, b"bug"))
    assert (report.assignment, report.status) == (NAME, "ungraded")
    assert report.reason == "the judge failed: ZeroDivisionError"
    court.grade(Job(here, b"x"))
    assert [j.ended for j in made] == [1, 0]


def test_a_court_is_small_enough_to_be_sent(course):
    here = court.court(course, NAME)
    assert pickle.loads(pickle.dumps(here)) == here
    assert isinstance(here, Court)
