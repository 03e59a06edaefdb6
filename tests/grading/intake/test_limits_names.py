"""Limits of reading paths: one character or folder too many, midnight and noon, a digit too few."""

from __future__ import annotations

from dataclasses import replace

import pytest

from minigrad.grading.intake.names import (
    Form,
    Owned,
    blackboard,
    brightspace,
    by_hand,
    canvas,
    exchange,
    forms,
    github,
    gradescope,
    ilias,
    moodle,
    safe_parts,
    sakai,
    submitters,
    times,
)
from minigrad.grading.model import Refused
from minigrad.grading.roster import Who


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("a/b.ipynb", ("a", "b.ipynb")),
        ("a\\b", ("a", "b")),
        ("./a//b/", ("a", "b")),
        ("..a/b..", ("..a", "b..")),
        ("ab:c", ("ab:c",)),
        ("a/C:b", ("a", "C:b")),
        ("x" * 1000, ("x" * 1000,)),
        ("/".join("abcdefgh"), tuple("abcdefgh")),
    ],
)
def test_a_safe_path_has_parts(path, parts):
    assert safe_parts(path) == parts


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("x" * 1001, "its name is too long or no text"),
        ("a\0b", "its name is too long or no text"),
        ("/a", "an absolute path"),
        ("\\a", "an absolute path"),
        ("c:a", "an absolute path"),
        ("Z:/a", "an absolute path"),
        ("a/../b", "`..` in its path"),
        ("..", "`..` in its path"),
        ("/".join("abcdefghi"), "too many folders in its path"),
        ("", "it has no name"),
        ("./.", "it has no name"),
    ],
)
def test_any_other_path_is_refused(path, why):
    with pytest.raises(Refused) as refused:
        safe_parts(path)
    assert str(refused.value) == why


def test_the_forms_are_these():
    known = forms({"submission_1": (Who("gradescope", ("a@b",)),)}, "hw")
    titles = ["Moodle", "Canvas", "Blackboard", "Brightspace", "Sakai", "GitHub Classroom", "Gradescope"]
    assert [f.title for f in known] == [*titles, "nbgrader's exchange", "ILIAS"]
    read = {f.title: f.read for f in known}
    assert read["Blackboard"]("hw_a_attempt_2030-01-31-12-00-00_x").who.ids == ("a",)
    assert read["Gradescope"]("submission_1/x").who.ids == ("a@b",)
    assert all(f.read("ann/hw.ipynb") is None for f in known)
    assert Form("x", moodle) == Form("x", moodle)


# By hand

BY_HAND = by_hand({"hw", "hw2"}).read


@pytest.mark.parametrize(
    ("path", "owned"),
    [
        ("ann/hw.ipynb", Owned(Who("", ("ann",)), "ann", "hw.ipynb")),
        ("ann/x/y.ipynb", Owned(Who("", ("ann",)), "ann", "x/y.ipynb")),
        ("ann/hw/hw.ipynb", Owned(Who("", ("ann",)), "ann", "hw/hw.ipynb", about="hw")),
        ("ann/hw/x/y", Owned(Who("", ("ann",)), "ann", "hw/x/y", about="hw")),
        ("ann/hw", Owned(Who("", ("ann",)), "ann", "hw")),
        ("ann.ipynb", Owned(Who("", ("ann",)), "ann", "ann.ipynb")),
        ("ann.IPYNB", Owned(Who("", ("ann",)), "ann", "ann.IPYNB")),
        ("ann_12.ipynb", Owned(Who("", ("ann_12",)), "ann_12", "ann_12.ipynb")),
        ("ann_123/x.ipynb", Owned(Who("", ("ann_123",)), "ann_123", "x.ipynb")),
        ("hw/x.ipynb", Owned(Who("", ("hw",)), "hw", "x.ipynb")),
    ],
)
def test_folders_and_files_that_somebody_named(path, owned):
    assert BY_HAND(path) == owned


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("notes.txt", "in no student's folder"),
        ("hw.ipynb", "does not say whose it is"),
        ("my HW2 a.ipynb", "does not say whose it is"),
        ("x_123.ipynb", "does not say whose it is"),
        ("a_7_assignsubmission_file_/x", "an LMS's name among others"),
        ("a_attempt_2030-x/y", "an LMS's name among others"),
        ("~a/x.ipynb", "cannot be a student's id"),
    ],
)
def test_what_says_nobody(path, why):
    with pytest.raises(Refused, match=why):
        BY_HAND(path)


# What each LMS writes


def test_a_name_that_looks_like_moodles_own_words_is_nobodys_and_a_file_may():
    mark = "_7_assignsubmission_file_"
    whose = Who("moodle", (), "Ann Lee")
    assert moodle(f"Ann Lee{mark}/hw.ipynb") == Owned(whose, "Ann Lee_7", "hw.ipynb")
    assert moodle(f"Ann Lee{mark}hw.ipynb") == Owned(whose, "Ann Lee_7", "hw.ipynb")
    assert moodle(f"Ann Lee{mark}/x{mark}/hw").path == f"x{mark}/hw"
    assert moodle("Ann Lee_7_assignsubmission_onlinetext_/x.html").path == "x.html"
    with pytest.raises(Refused, match="read in two ways"):
        moodle(f"Ann{mark}Bo{mark}/hw.ipynb")
    assert moodle("Ann Lee/hw.ipynb") is None


def test_ids_are_where_each_lms_writes_them():
    assert canvas("leeann_12_34_hw.ipynb") == Owned(Who("canvas", ("12",)), "12", "hw.ipynb")
    assert canvas("leeann_LATE_12_34_hw.ipynb") == Owned(Who("canvas", ("12",)), "12", "hw.ipynb", late=True)
    assert canvas("leeann_12_hw.ipynb") is None
    for hidden in ("anon_12345_34_hw.ipynb", "LATE_anon_x7_34_hw.ipynb"):
        with pytest.raises(Refused, match="Canvas hides whose it is"):
            canvas(hidden)
    path = "Lee, Ann(al)/Submission attachment(s)/x/hw.ipynb"
    assert sakai(path) == Owned(Who("sakai", ("al",)), "al", "x/hw.ipynb")
    assert sakai("Lee, Ann(al)/hw.ipynb") is None
    assert ilias("Lee_Ann_al_12/hw.ipynb") == Owned(Who("ilias", ("12",)), "12", "hw.ipynb")
    assert ilias("Lee_Ann_12/hw.ipynb") is None
    with pytest.raises(Refused, match="the work of a team"):
        ilias("Team_1/Lee_Ann_al_12/hw.ipynb")
    assert github("a-b-submissions/a-b-c-d/hw.ipynb") == Owned(Who("github", ("c-d",)), "c-d", "hw.ipynb")
    assert github("a-submissions/b-c/hw.ipynb") is None


def test_blackboards_readings():
    time = "2030-01-31-12-00-00"
    assert blackboard(f"HW_al_attempt_{time}_hw.ipynb", "x") == Owned(
        Who("blackboard", ("al",)), "HW_al", "hw.ipynb", time
    )
    assert blackboard(f"a_b_c_attempt_{time}_x", "hw").who.ids == ("b_c", "c")
    assert blackboard(f"hw_b_c_attempt_{time}_x", "hw").who.ids == ("b_c",)
    assert blackboard(f"hwb_c_attempt_{time}_x", "hw").who.ids == ("c",)
    assert blackboard(f"a_b_attempt_{time}.txt", "hw").path == "what Blackboard says of it.txt"
    assert blackboard(f"al_attempt_{time}_x", "hw") is None
    assert blackboard("al_attempt_2030_x", "hw") is None


@pytest.mark.parametrize(
    ("when", "attempt"),
    [
        ("Jan 31, 2030 926 PM", "2030-01-31-21-26"),
        ("January 1, 2030 1205 AM", "2030-01-01-00-05"),
        ("Dec 31, 2030 1205 PM", "2030-12-31-12-05"),
        ("2 February, 2030 100 AM", "2030-02-02-01-00"),
        ("12 JUN, 2030 1159 PM", "2030-06-12-23-59"),
    ],
)
def test_brightspaces_dates_sort_as_times(when, attempt):
    assert brightspace(f"1-2 - Ann Lee - {when}/x/hw.ipynb") == Owned(
        Who("brightspace", (), "Ann Lee"), "Ann Lee (1-2)", "x/hw.ipynb", attempt
    )


@pytest.mark.parametrize(
    "when", ["yesterday", "Foo 31, 2030 926 PM", "31 Foo, 2030 926 PM", "Jan 31, 2030 9 PM"]
)
def test_brightspaces_other_dates_are_refused(when):
    with pytest.raises(Refused, match="in a form that is not known"):
        brightspace(f"1-2 - Ann Lee - {when}/hw.ipynb")
    assert brightspace("Ann Lee/hw.ipynb") is None


def test_the_exchanges_folders():
    made = exchange("al+hw+2030-01-31 12:00:05.123456 UTC+x7/a/hw.ipynb")
    time = "2030-01-31 12:00:05 UTC"
    assert made == Owned(Who("", ("al",)), "al", "a/hw.ipynb", "2030-01-31-12-00-05", "hw", time)
    assert exchange("al/al+hw+2030-01-31 12:00:05 UTC/hw.ipynb") == replace(made, path="hw.ipynb")
    for other in ("al+hw/hw.ipynb", "al+hw+2030-01-31 12:00:05 CET/x", "al+2030-01-31 12:00:05 UTC/x"):
        assert exchange(other) is None


# Gradescope


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2030-01-31 12:00:00.123456789 Z", "2030-01-31 12:00:00 UTC"),
        ("2030-01-31 12:00:00 UTC", "2030-01-31 12:00:00 UTC"),
        ("'2030-01-31 20:00:00.5 -0800'", "2030-02-01 04:00:00 UTC"),
        ("2030-01-31 12:00:00", ""),
        ("2030-02-31 12:00:00 Z", ""),
        ("0001-01-01 00:00:00 +10:00", ""),
    ],
)
def test_gradescopes_times_have_a_zone_or_are_none(text, time):
    metadata = f"submission_1:\n  :created_at: {text}\n"
    assert times(metadata).get("submission_1", "") == time
    assert times(f"  :created_at: {text}\n").keys() <= {""}


METADATA = """\
:orphan: x
submission_1:
  :submitters:
  - :name: 'Ann Lee'
    :sid: "10"
    :email: ann@example.org
  - :name: Bo
    :sid: 11
submission_2:
  :history:
  - :name: Nobody
  :submitters:
    :name: before any
  - :email: cy@example.org
submission_3:
  :submitters:
submission_1x:
  :submitters:
"""


def test_gradescopes_people_are_those_that_handed_in():
    assert submitters(METADATA) == {
        "submission_1": (
            Who("gradescope", ("ann@example.org",), "Ann Lee"),
            Who("gradescope", ("11",), "Bo"),
        ),
        "submission_2": (Who("gradescope", ("cy@example.org",)),),
        "submission_3": (),
    }
    nameless = "submission_4:\n  :submitters:\n  - :name: Di\n"
    assert submitters(nameless) == {"submission_4": (Who("gradescope", (), "Di"),)}
    again = "submission_5:\n  :submitters:\n  - :sid: 1\nsubmission_6:\n  - :sid: 2\n"
    assert submitters(again) == {"submission_5": (Who("gradescope", ("1",)),), "submission_6": ()}
    assert submitters("") == {}


def test_gradescopes_work_is_one_persons():
    people = submitters(METADATA)
    assert gradescope("submission_2/x/hw.ipynb", people) == Owned(
        Who("gradescope", ("cy@example.org",)), "submission_2", "x/hw.ipynb"
    )
    assert gradescope("ann/hw.ipynb", people) is None
    for path, why in (
        ("submission_1/hw.ipynb", "^the work of 2 people"),
        ("submission_3/hw.ipynb", "^submission_metadata.yml does not say whose submission_3 is"),
        ("submission_9/hw.ipynb", "^submission_metadata.yml does not say whose submission_9 is"),
        ("submission_metadata.yml", "^read: it says whose each submission is"),
    ):
        with pytest.raises(Refused, match=why):
            gradescope(path, people)
