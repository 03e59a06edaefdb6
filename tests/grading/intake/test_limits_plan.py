"""Limits of a class's plan: half of the notebooks, one folder too many, a name that differs in case."""

from __future__ import annotations

import pytest

from minigrad.grading.intake import plan as module
from minigrad.grading.intake.archives import Entry
from minigrad.grading.intake.plan import Around, Chosen, Left, Plan, Refusal, plan, printable_name
from minigrad.grading.model import Refused
from minigrad.grading.roster import Person, Roster
from tests.grading.intake.test_plan import chosen, made, why

LISTED = Roster((Person("ann"), Person("bo"), Person("cy")), frozenset({"student"}))


def moodle(name: str, file: str = "hw.ipynb") -> str:
    return f"{name}_7_assignsubmission_file_/{file}"


def canvas(id: int, file: str = "hw.ipynb") -> str:
    return f"name_{id}_9_{file}"


# What is an entry


def test_as_many_entries_as_may_be_are_taken_and_one_more_is_refused(monkeypatch):
    monkeypatch.setattr(module, "MAX_ENTRIES", 3)
    names = ["ann/hw.ipynb", "bo/hw.ipynb", "cy/hw.ipynb"]
    assert len(chosen(made(*names))) == 3
    with pytest.raises(Refused, match="more than 3 entries: split it"):
        made(*names, "di/hw.ipynb")


def test_nothing_at_all_is_a_plan():
    assert made() == Plan("folders named by student")
    assert Plan("x") == Plan("x", {}, {}, (), (), 0)


def test_of_what_systems_put_there_files_are_counted_and_folders_are_not():
    result = made("ann/hw.ipynb", "ann/.git/", "__MACOSX/", "ann/._x", "ann/~$x")
    assert (result.junk, result.nobodys, result.beside) == (2, (), ())


def test_a_folder_with_a_path_that_is_not_safe_needs_no_line_and_a_file_does():
    result = made("../x/", "ann/hw.ipynb", "../y")
    assert result.nobodys == (Left("../y", "`..` in its path"),)


def test_only_the_deepest_of_empty_folders_has_a_line():
    result = made("ann/", "ann/x/", "ann/x/y/", "bo/hw.ipynb")
    assert result.refused == {"ann": Refusal("no notebook was handed in: the folder is empty", ("ann/x/y/",))}


def test_a_folder_that_is_called_like_a_notebook_is_none():
    assert why(made("ann/hw.ipynb/", "bo/hw.ipynb"))["ann"].startswith("no notebook was handed in")


def test_numbers_are_those_of_the_entries():
    result = made("../x", "ann/.DS_Store", "ann/hw.ipynb", "bo/", "bo/hw.ipynb")
    assert result.chosen == {"ann": Chosen(2, "ann/hw.ipynb"), "bo": Chosen(4, "bo/hw.ipynb")}


# As what paths are read


def test_an_lmss_form_is_one_that_half_of_the_notebooks_have():
    half = made(canvas(1), canvas(2), "ann/hw.ipynb", "bo/hw.ipynb")
    assert (half.form, list(chosen(half))) == ("Canvas", ["1", "2"])
    assert [left.why for left in half.nobodys] == ["not in the form of the others: Canvas"] * 2
    less = made(canvas(1), "ann/hw.ipynb", "bo/hw.ipynb")
    assert less.form == "folders named by student"


def test_archives_count_as_notebooks_and_other_files_do_not():
    assert made(canvas(1), "ann/x.txt", "bo/x.txt", "cy/x.csv").form == "Canvas"
    assert made(canvas(1), "ann/x.ZIP", "bo/x.7z").form == "folders named by student"
    assert made(canvas(1, "x.pdf"), canvas(2, "x.pdf")).form == "Canvas", "without notebooks, all files count"


def test_a_path_of_the_form_that_is_refused_is_of_the_form():
    result = made("submission_13/hw.ipynb", "submission_99/hw.ipynb", "ann/hw.ipynb")
    assert result.form == "Gradescope"


def test_folders_around_an_export_are_three_at_most():
    assert made(f"a/b/c/{canvas(1)}").form == "Canvas"
    with pytest.raises(Refused, match="everything in it lies in one folder, a:"):
        made(f"a/b/c/d/{canvas(1)}")


@pytest.mark.parametrize("source", ["hw-submissions", "hw-submissions.zip", "hw-submissions.TAR.GZ"])
def test_an_archives_name_is_a_folders_without_its_endings(source):
    assert chosen(made("hw-ann/hw.ipynb", "hw-bo/hw.ipynb", source=source)) == {
        "ann": "hw-ann/hw.ipynb",
        "bo": "hw-bo/hw.ipynb",
    }


def test_a_level_is_the_students_where_more_than_half_are_in_the_roster():
    names = ["ann/x/hw.ipynb", "bo/x/hw.ipynb", "zz/x/hw.ipynb"]
    result = made(*(f"all/{n}" for n in names), roster=LISTED)
    assert list(chosen(result)) == ["ann", "bo"]
    with pytest.raises(Refused, match="everything in it lies in one folder, all:"):
        made("all/ann/x/hw.ipynb", "all/zz/x/hw.ipynb", roster=LISTED)
    assert list(chosen(made("all/ann.ipynb", "all/bo.IPYNB", "all/zz.ipynb", roster=LISTED))) == ["ann", "bo"]


def test_a_folder_named_by_an_assignment_says_where_the_students_are_and_a_file_does_not():
    assert list(chosen(made("all/ann/hw2/x.ipynb", "all/ann/hw.ipynb"))) == ["ann"]
    with pytest.raises(Refused, match="everything in it lies in one folder, all:"):
        made("all/ann/x/hw.ipynb", "all/ann/hw2")
    assert list(chosen(made("all/hw/hw.ipynb"))) == ["all"]
    assert list(chosen(made("all/ann/hw/hw.ipynb", known=()))) == ["ann"]


@pytest.mark.parametrize("wrapper", ["submitted", "submissions", "hw"])
def test_known_wrappers_are_taken_off_and_others_asked_about(wrapper):
    assert list(chosen(made(f"{wrapper}/ann/x.ipynb", f"{wrapper}/bo/x.ipynb"))) == ["ann", "bo"]
    with pytest.raises(Refused, match="unpack it, and name the students' folder"):
        made("other/ann/x.ipynb")


def test_one_folder_with_files_alone_is_a_students():
    assert list(chosen(made("ann/hw.ipynb", "ann/x.csv"))) == ["ann"]
    deep = "submitted/submissions/submitted/submissions/hw.ipynb"
    assert chosen(made(deep)) == {"submissions": deep}, "the innermost"


def test_a_link_that_is_nobodys_is_called_one():
    entries = [Entry("alias", "link"), Entry("x.txt", "file"), Entry("ann/hw.ipynb", "file")]
    assert [left.why for left in plan(entries, Around("hw")).nobodys] == [
        "a link, in no student's folder",
        "in no student's folder",
    ]


# Whose they are


def test_what_nobody_is_known_for_is_named_together():
    result = made("zz/hw.ipynb", "zz/x.csv", "yy/hw.ipynb", roster=LISTED)
    assert {who: refusal.names for who, refusal in result.refused.items()} == {
        "zz": ("zz/hw.ipynb", "zz/x.csv"),
        "yy": ("yy/hw.ipynb",),
    }


def test_students_that_differ_only_in_case_are_refused_with_the_others_named():
    result = made("ann/hw.ipynb", "Ann/hw.ipynb", "ANN/hw.ipynb", "bo/hw.ipynb")
    assert list(chosen(result)) == ["bo"]
    assert why(result)["ann"] == "another submission's name differs only in case: Ann, ANN"
    assert result.refused["ann"].names == ("ann/hw.ipynb",)


def test_two_submissions_of_one_student_are_refused_and_two_files_of_one_are_not():
    result = made(moodle("ann"), moodle("ann", "x.csv"), "ann_8_assignsubmission_file_/hw.ipynb",
                  roster=Roster((Person("s1", "ann"),), frozenset({"student", "name"})))  # fmt: skip
    assert why(result) == {"s1": "2 submissions are this student's: ann_7, ann_8"}
    assert len(result.refused["s1"].names) == 3


# Which one counts


def test_files_whose_names_differ_only_in_case_are_refused_where_they_are_notebooks():
    assert "differ only in case" in why(made("ann/hw.ipynb", "ann/HW.IPYNB"))["ann"]
    assert list(chosen(made("ann/hw.ipynb", "ann/x.csv", "ann/X.csv"))) == ["ann"]


def test_of_several_notebooks_the_one_of_the_assignments_name_counts_and_four_are_listed():
    assert chosen(made("ann/x.ipynb", "ann/d/hw.ipynb", "ann/y.ipynb", "bo.ipynb"))["ann"] == "ann/d/hw.ipynb"
    assert chosen(made("ann/x.ipynb"))["ann"] == "ann/x.ipynb"
    five = made(*(f"ann/{c}.ipynb" for c in "abcde"))
    assert why(five)["ann"] == (
        "5 notebooks were handed in (a.ipynb, b.ipynb, c.ipynb, d.ipynb): which one counts? "
        "Leave that one, as hw.ipynb, in what you collect, and collect again "
        "(laid into submitted/ by hand, handback would not know it)"
    )
    assert five.refused["ann"].names == tuple(f"ann/{c}.ipynb" for c in "abcde")
    assert "2 notebooks" in why(made("ann/a/hw.ipynb", "ann/b/hw.ipynb", "bo.ipynb"))["ann"]


def test_a_copy_that_an_lms_numbered_makes_it_unclear_and_another_notebook_does_not():
    assert "which one counts" in why(made("ann/hw.ipynb", "ann/hw-12.ipynb"))["ann"]
    assert list(chosen(made("ann/hw.ipynb", "ann/other-12.ipynb"))) == ["ann"]
    assert list(chosen(made("ann/hw-1.ipynb"))) == ["ann"]


@pytest.mark.parametrize(
    ("kind", "words"),
    [("link", "is a link"), ("other", "is not a regular file"), ("encrypted", "is encrypted")],
)
def test_only_a_file_counts(kind, words):
    result = plan([Entry("ann/hw.ipynb", kind), Entry("bo/hw.ipynb", "file")], Around("hw"))
    assert words in why(result)["ann"]
    assert list(chosen(result)) == ["bo"]


def test_another_assignments_notebook_is_refused_where_it_alone_was_handed_in():
    words = "its notebook is called hw2.ipynb: was another assignment handed in?"
    assert why(made("ann/x/hw2.ipynb", "bo/hw.ipynb")) == {"ann": words}
    assert list(chosen(made("ann/hw.ipynb", "ann/hw2.ipynb"))) == ["ann"]
    assert list(chosen(made("ann/hw3.ipynb"))) == ["ann"]


def attempt(hour: int, file: str) -> str:
    return f"HW 1_ann_attempt_2030-01-31-{hour}-00-00_{file}"


def test_the_last_attempt_needs_a_notebook():
    late = "2030-01-31-17-00-00"
    words = f"the last attempt ({late}) has no notebook, and an earlier one has: which one counts?"
    assert why(made(attempt(11, "hw.ipynb"), attempt(17, "x.pdf"))) == {"ann": words}
    assert why(made(attempt(11, "x.pdf"), attempt(17, "x.pdf"))) == {"ann": "no notebook was handed in"}


def test_what_was_handed_in_without_a_notebook_is_told():
    assert why(made("ann/x.tar.GZ", "ann/y.zip", "bo/hw.ipynb"))["ann"] == (
        "an archive (x.tar.GZ) was handed in: unpack it into the student's folder"
    )
    assert why(made("ann/x.csv", "ann/empty/", "bo/"))["ann"] == "no notebook was handed in"


def test_what_lies_beside_the_notebook_that_counts_is_named_but_for_empty_folders():
    result = made("ann/hw.ipynb", "ann/x.csv", "ann/empty/", "ann/hw2/hw2.ipynb")
    assert set(result.beside) == {
        Left("ann/hw2/hw2.ipynb", "of hw2"),
        Left("ann/x.csv", "beside the notebook that counts"),
    }
    assert Around("hw", ("hw", "hw2")).others == {"hw2"}


def test_a_name_is_80_characters_and_printable():
    assert printable_name("a" * 80) == "a" * 80
    assert printable_name("a" * 81) == "a" * 80 + "…"
    assert printable_name("a\x1b\u202eé") == "a\ufffd\ufffdé"
