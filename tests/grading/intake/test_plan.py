"""Exports of LMSs, as they look: whose which notebook is, or why that is not clear; nothing is silent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.grading.intake.archives import Entry
from minigrad.grading.intake.names import submitters, times
from minigrad.grading.intake.plan import Around, plan
from minigrad.grading.model import Refused
from minigrad.grading.roster import Person, Roster, folded

ROSTER = Roster(
    (
        Person("s1", "Ann Lee", "ann@example.org", ids={"canvas": "123", "github": "ann-lee"}),
        Person("s2", "Bo May", "bo@example.org", ids={"canvas": "124", "github": "bo"}),
    ),
    frozenset({"student", "name", "email", "canvas", "github"}),
)
METADATA = """\
---
submission_11:
  :submitters:
  - :name: Ann Lee
    :sid: '100'
    :email: ann@example.org
  :created_at: 2030-01-31 12:00:00.000000000 +01:00
  :history:
  - :name: nobody
    :email: nobody@example.org
submission_12:
  :submitters:
  - :name: Bo May
    :sid: '101'
    :email: bo@example.org
submission_13:
  :submitters:
  - :name: Ann Lee
    :email: ann@example.org
  - :name: Bo May
    :email: bo@example.org
submission_14:
  :submitters:
  - :name: Cy Day
"""


def made(*names, roster=None, known=("hw", "hw2"), source="class.zip"):
    """The plan for files of these names; those that end in / are folders."""
    entries = [Entry(n, "folder" if n.endswith("/") else "file") for n in names]
    around = Around("hw", known, roster, source, submitters(METADATA), times(METADATA))
    result = plan(entries, around)
    seen = [c.name for c in result.chosen.values()] + [n for r in result.refused.values() for n in r.names]
    seen += [left.name for left in (*result.nobodys, *result.beside)]
    files = [n for n in names if not n.endswith("/")]
    assert len([n for n in seen if not n.endswith("/")]) + result.junk == len(files), "an entry is silent"
    return result


def chosen(result):
    return {student: one.name for student, one in result.chosen.items()}


def why(result):
    return {student: refusal.why for student, refusal in result.refused.items()}


# --- whose a file is ----------------------------------------------------------------------------------

BLACKBOARD = "HW 1_{}_attempt_2030-01-31-{}-00-00"
# The forms, by what is public of them. Moodle: mod/assign/locallib.php (`download_submissions`). Canvas:
# lib/content_zipper.rb (`get_filename`, `add_upload_submission`). Blackboard: its help, "Download
# assignments", and BBGradebookOrganiser. Sakai: scripts that look for "Submission attachment(s)" below
# "Name(id)". Gradescope: scripts that read the `:submitters:` of submission_metadata.yml. GitHub Classroom:
# scripts around `gh classroom clone student-repos`. nbgrader: exchange/default/submit.py
# (`assignment_filename`). Brightspace and ILIAS: as their users describe the folders; no source was seen.
EXPORTS = {
    "Moodle": (
        [
            "Ann Lee_7001_assignsubmission_file_/hw.ipynb",
            "Bo May_7002_assignsubmission_file_/my work/hw.ipynb",
        ],
        ("s1", "s2"),
    ),
    "Moodle, flat": (
        ["Ann Lee_7001_assignsubmission_file_hw.ipynb", "Bo May_7002_assignsubmission_file_hw (1).ipynb"],
        ("s1", "s2"),
    ),
    "Canvas": (["leeann_123_456_hw.ipynb", "maybo_LATE_124_457_hw-1.ipynb"], ("s1", "s2")),
    "Brightspace": (
        [
            "55-66 - Ann Lee - Jan 31, 2030 926 PM/hw.ipynb",
            "57-66 - Bo May - 1 February, 2030 1005 AM/hw.ipynb",
        ],
        ("s1", "s2"),
    ),
    "Gradescope": (["submission_11/hw.ipynb", "submission_12/hw.ipynb"], ("s1", "s2")),
    "GitHub Classroom": (
        ["hw-submissions/hw-ann-lee/hw.ipynb", "hw-submissions/hw-bo/hw.ipynb"],
        ("s1", "s2"),
    ),
    "Blackboard": (
        [f"{BLACKBOARD.format('ann', 12)}_hw.ipynb", f"{BLACKBOARD.format('bo', 13)}_hw.ipynb"],
        ("ann", "bo"),
    ),
    "Sakai": (
        [
            "Lee, Ann(ann)/Submission attachment(s)/hw.ipynb",
            "May, Bo(bo)/Submission attachment(s)/hw.ipynb",
        ],
        ("ann", "bo"),
    ),
    "nbgrader's exchange": (
        [
            "ann+hw+2030-01-31 12:00:00.000001 UTC+0f-a1/hw.ipynb",
            "bo+hw+2030-01-31 12:30:00.000001 UTC+0f-a2/hw.ipynb",
        ],
        ("ann", "bo"),
    ),
    "nbgrader's exchange, with a folder for each student": (
        [f"{s}/{s}+hw+2030-01-31 12:00:00.000001 UTC/hw.ipynb" for s in ("ann", "bo")],
        ("ann", "bo"),
    ),
    "ILIAS": (["Lee_Ann_ann_501/hw.ipynb", "May_Bo_bo.may_502/hw.ipynb"], ("501", "502")),
    "folders named by student": (
        ["ann/hw.ipynb", "É. O'Neil-Smith/work/hw.ipynb"],
        ("ann", "É. O'Neil-Smith"),
    ),
    "folders named by student, in nbgrader's layout": (["ann/hw/hw.ipynb", "bo/hw/hw.ipynb"], ("ann", "bo")),
    "folders named by student, flat": (["ann.ipynb", "bo@example.org.ipynb"], ("ann", "bo@example.org")),
}
BY_ROSTER = ("Moodle", "Moodle, flat", "Canvas", "Brightspace", "Gradescope", "GitHub Classroom")


@pytest.mark.parametrize("around", ["{}", "export/{}", "a/b/{}"])
@pytest.mark.parametrize("lms", EXPORTS)
def test_an_export_gives_each_student_the_notebook_wherever_it_is_wrapped(lms, around):
    if lms == "GitHub Classroom" or (lms.startswith("folders") and around != "{}"):
        around = "{}"
    names, students = EXPORTS[lms]
    names = [around.format(n) for n in names]
    result = made(*names, roster=ROSTER if lms in BY_ROSTER else None)
    assert result.form == lms.partition(",")[0]
    assert chosen(result) == dict(zip(students, names, strict=True))
    assert (result.refused, result.nobodys, result.beside) == ({}, (), ())


def test_the_folder_that_is_named_may_be_the_wrapper_itself():
    result = made("hw-ann-lee/hw.ipynb", "hw-bo/hw.ipynb", source="hw-submissions", roster=ROSTER)
    assert chosen(result) == {"s1": "hw-ann-lee/hw.ipynb", "s2": "hw-bo/hw.ipynb"}


@pytest.mark.parametrize("wrapper", ["submitted", "submissions"])
def test_a_folder_of_submissions_is_nobody_though_an_assignments_lies_in_it(wrapper):
    names = [f"{wrapper}/hw/ann/hw.ipynb", f"{wrapper}/hw/bo/hw.ipynb"]
    assert chosen(made(*names)) == dict(zip(("ann", "bo"), names, strict=True))


def test_one_person_is_one_student_in_every_assignment():
    """Moodle's number is another one in each assignment: without a roster there is no telling."""
    for number in (7001, 9001):
        names = f"Ann Lee_{number}_assignsubmission_file_/hw.ipynb"
        assert list(chosen(made(names, roster=ROSTER))) == ["s1"]
        assert "list the class in roster.csv" in why(made(names))["Ann Lee"]


def test_moodles_text_typed_online_is_part_of_the_submission():
    names = [f"Ann Lee_7_assignsubmission_{n}" for n in ("file_/hw.ipynb", "onlinetext_/onlinetext.html")]
    result = made(*names, roster=ROSTER)
    assert chosen(result) == {"s1": names[0]}
    assert [left.why for left in result.beside] == ["beside the notebook that counts"]


def test_two_of_one_name_are_not_one():
    names = [f"Ann Lee_{n}_assignsubmission_file_/hw.ipynb" for n in (1, 2)]
    assert "2 submissions are this student's: Ann Lee_1" in why(made(*names, roster=ROSTER))["s1"]
    assert "in the columns" in why(made(*names))["Ann Lee"]
    names = [f"{n}-66 - Ann Lee - Jan 31, 2030 926 PM/hw.ipynb" for n in (55, 56)]
    assert "2 submissions" in why(made(*names, roster=ROSTER))["s1"]
    assert "2 submissions" in why(made("s1/hw.ipynb", "Ann Lee/hw.ipynb", roster=ROSTER))["s1"]


def test_a_name_that_imitates_another_is_nobodys():
    imitates = "Bo May_9_assignsubmission_file_7_assignsubmission_file_/hw.ipynb"
    result = made(imitates, "Ann Lee_1_assignsubmission_file_/hw.ipynb", roster=ROSTER)
    assert list(chosen(result)) == ["s1"]
    assert "read in two ways" in result.nobodys[0].why
    for name in ("ann/bobson_12_3_hw.ipynb", "ann/x_12_assignsubmission_file_/hw.ipynb"):
        assert list(chosen(made(name, "bo/hw.ipynb"))) == ["ann", "bo"], "what a student wrote says nothing"
    canvas = ["leeann_123_456_x_9_assignsubmission_file_hw.ipynb", "maybo_124_457_hw.ipynb"]
    assert list(chosen(made(*canvas))) == ["123", "124"]


def test_blackboards_user_may_have_a_line_in_the_name():
    head = "HW_1_ann_lee_attempt_2030-01-31-12-00-00_hw.ipynb"
    assert "read in 3 ways" in next(iter(why(made(head)).values()))
    known = Roster((Person("ann_lee"), Person("x")), frozenset({"student"}))
    assert list(chosen(made(head, roster=known))) == ["ann_lee"]
    assert list(chosen(made(head.replace("HW_1", "hw")))) == ["ann_lee"], "it begins with the assignment"


def test_one_lmss_name_among_folders_is_nobodys():
    strange = "Ann Lee_7_assignsubmission_file_/hw.ipynb"
    (left,) = made("ann/hw.ipynb", "bo/hw.ipynb", strange).nobodys
    assert (left.name, left.why) == (
        strange,
        "an LMS's name among others that are not: collect its export alone",
    )


def test_gradescopes_groups_and_strangers_are_asked_about():
    result = made("submission_13/hw.ipynb", "submission_14/hw.ipynb", "submission_99/hw.ipynb")
    assert {left.name: left.why.partition(":")[0] for left in result.nobodys} == {
        "submission_13/hw.ipynb": "the work of 2 people",
        "submission_99/hw.ipynb": "submission_metadata.yml does not say whose submission_99 is",
    }
    assert "Gradescope gives a name" in why(result)["Cy Day"]
    result = made("assignment_1_export/submission_11/hw.ipynb", "assignment_1_export/submission_metadata.yml")
    assert list(chosen(result)) == ["ann@example.org"]


def test_iliass_teams_are_asked_about():
    result = made("Team_3/Lee_Ann_ann_501/hw.ipynb", "Team_4/May_Bo_bo_502/hw.ipynb")
    assert ["the work of a team" in left.why for left in result.nobodys] == [True, True]


@pytest.mark.parametrize("name", ["hw.ipynb", "hw-1.ipynb", "HW2.ipynb", "x_1234.ipynb"])
def test_a_file_that_says_nobody_is_nobodys(name):
    assert "does not say whose it is" in made(name, "ann.ipynb").nobodys[0].why


def test_with_a_roster_nobody_else_is_a_student():
    result = made("s1/hw.ipynb", "Bo May/hw.ipynb", "ann@example.org.ipynb", "x9/hw.ipynb", roster=ROSTER)
    assert chosen(result) == {"s2": "Bo May/hw.ipynb"}
    assert "nobody of that name or id" in why(result)["x9"]
    assert "2 submissions" in why(result)["s1"]


# --- folders around a class ---------------------------------------------------------------------------


@pytest.mark.parametrize("names", [["ann/hw/hw.ipynb"], ["ann/hw/hw.ipynb", "bo/hw/hw.ipynb"]])
@pytest.mark.parametrize("around", ["submitted", "x/submitted", "my class"])
def test_submitted_as_it_is_zipped(names, around):
    result = made(*(f"{around}/{n}" for n in names))
    assert chosen(result) == {n.split("/")[0]: f"{around}/{n}" for n in names}


def test_a_known_folder_around_folders_by_student():
    assert list(chosen(made("submitted/ann/hw.ipynb"))) == ["ann"]
    assert list(chosen(made("hw/ann/hw.ipynb", "hw/bo/hw.ipynb"))) == ["ann", "bo"]
    assert list(chosen(made("s1/x/hw.ipynb", roster=ROSTER))) == ["s1"]
    assert list(chosen(made("export/s1/x/hw.ipynb", roster=ROSTER))) == ["s1"]


@pytest.mark.parametrize("names", [["all/ann/hw.ipynb", "all/bo/hw.ipynb"], ["ann/work/hw.ipynb"]])
def test_a_folder_that_may_be_a_student_or_a_class_is_asked_about(names):
    with pytest.raises(Refused, match="if that is a student's"):
        made(*names)


def test_another_assignments_files_are_not_this_ones():
    result = made("ann/hw/hw.ipynb", "ann/hw2/hw2.ipynb", "bo/hw2/hw2.ipynb")
    assert list(chosen(result)) == ["ann"]
    assert why(result) == {}
    assert [(left.name, left.why) for left in result.beside] == [
        ("ann/hw2/hw2.ipynb", "of hw2"),
        ("bo/hw2/hw2.ipynb", "of hw2"),
    ]
    for other in ("hw2.ipynb", "HW2.IPYNB"):
        assert "was another assignment handed in" in why(made(f"ann/{other}", "bo/hw.ipynb"))["ann"]


# --- which one counts ---------------------------------------------------------------------------------


def test_the_last_attempt_counts():
    early, late = BLACKBOARD.format("ann", 11), BLACKBOARD.format("ann", 17)
    result = made(f"{late}_hw.ipynb", f"{early}_hw.ipynb", f"{late}.txt", f"{early}.txt")
    assert chosen(result) == {"ann": f"{late}_hw.ipynb"}
    assert result.chosen["ann"].attempt == "2030-01-31-17-00-00"
    assert {left.name: left.why for left in result.beside} == {
        f"{early}_hw.ipynb": "an earlier attempt, kept",
        f"{early}.txt": "of an earlier attempt",
        f"{late}.txt": "beside the notebook that counts",
    }
    assert [one.name for one in result.earlier["ann"]] == [f"{early}_hw.ipynb"]
    result = made(f"{early}_hw.ipynb", f"{late}_essay.pdf")
    assert "the last attempt (2030-01-31-17-00-00) has no notebook" in why(result)["ann"]
    names = [f"55-66 - Ann Lee - {d}/hw.ipynb" for d in ("Jan 31, 2030 926 PM", "Jan 31, 2030 1005 AM")]
    assert chosen(made(*names, roster=ROSTER)) == {"s1": names[0]}
    assert (
        "a form that is not known" in made("5-6 - Ann Lee - yesterday/hw.ipynb", roster=ROSTER).nobodys[0].why
    )


def test_when_it_was_handed_in_is_told_as_the_export_knows_it():
    names = ["a+hw+2030-01-31 12:00:00.5 UTC/hw.ipynb", "a+hw+2030-01-31 11:00:00.5 UTC/hw.ipynb"]
    result = made(*names, "a+hw2+2030-02-01 11:00:00.5 UTC/hw2.ipynb")
    assert result.chosen["a"].when == "2030-01-31 12:00:00 UTC"
    assert [one.time for one in result.earlier["a"]] == ["2030-01-31 11:00:00 UTC"]
    assert [left.why for left in result.beside] == ["of hw2", "an earlier attempt, kept"]
    result = made("submission_11/hw.ipynb", "submission_12/hw.ipynb", roster=ROSTER)
    assert [one.when for one in result.chosen.values()] == ["2030-01-31 11:00:00 UTC", ""]
    result = made("leeann_LATE_123_456_hw.ipynb", "maybo_124_456_hw.ipynb")
    assert [one.when for one in result.chosen.values()] == ["late, nobody knows when", ""]
    result = made(f"{BLACKBOARD.format('ann', 12)}_hw.ipynb")
    assert result.chosen["ann"].when == "2030-01-31-12-00-00 in the LMS's own zone"


def test_two_uploads_of_one_name_are_asked_about():
    result = made("leeann_123_456_hw.ipynb", "leeann_123_457_hw-1.ipynb", "maybo_124_9_hw-2.ipynb")
    assert list(chosen(result)) == ["124"]
    assert "2 notebooks were handed in (hw.ipynb, hw-1.ipynb): which one counts?" in why(result)["123"]


def test_the_notebook_of_the_assignments_name_counts():
    for name in ("hw.ipynb", "HW.IPYNB"):
        result = made("ann/scratch.ipynb", f"ann/{name}", "ann/numpy.py")
        assert chosen(result) == {"ann": f"ann/{name}"}
        assert {left.why for left in result.beside} == {"beside the notebook that counts"}


# --- nothing is silent --------------------------------------------------------------------------------


def test_what_systems_put_beside_files_is_counted_and_no_notebook():
    names = ["__MACOSX/ann/._hw.ipynb", "ann/._hw.ipynb", "ann/.DS_Store", "Thumbs.db", "ann/desktop.ini"]
    names += ["ann/.ipynb_checkpoints/hw.ipynb", "ann/~$hw.docx", "bo/.git/config", "ann/__pycache__/x.pyc"]
    result = made("ann/hw.ipynb", *names)
    assert (chosen(result), result.junk) == ({"ann": "ann/hw.ipynb"}, len(names))


def test_an_empty_folder_has_a_line():
    result = made("ann/", "ann/hw.ipynb", "bo/", "cy/hw/")
    assert why(result) == dict.fromkeys(("bo", "cy"), "no notebook was handed in: the folder is empty")
    result = made(
        "Ann Lee_1_assignsubmission_file_/hw.ipynb", "Bo May_2_assignsubmission_file_/", roster=ROSTER
    )
    assert "is empty" in why(result)["s2"]


def test_what_an_lms_adds_has_a_line():
    names = ["Lee, Ann(ann)/Submission attachment(s)/hw.ipynb", "Lee, Ann(ann)/timestamp.txt", "grades.csv"]
    names += [
        "Lee, Ann(ann)/Feedback Attachment(s)/hw.ipynb",
        "May, Bo(bo)/Submission attachment(s)/hw.ipynb",
    ]
    result = made(*(f"Homework 1/{n}" for n in names))
    assert list(chosen(result)) == ["ann", "bo"]
    assert {left.name for left in result.nobodys} == {f"Homework 1/{n}" for n in names[1:4]}


PARTS = ["ann", ".ipynb", "ANN", "..", ".", "", "hw.ipynb", "\\", "a b", "x_1_assignsubmission_file_", "hw"]
PARTS += ["submission_11", "Lee_Ann_ann_5", "hw-submissions", "hw-ann", "Submission attachment(s)", "._x"]
NAMES = st.one_of(st.text(max_size=30), st.lists(st.sampled_from(PARTS)).map("/".join))
KINDS = st.sampled_from(["file", "folder", "link", "other", "encrypted"])


@given(st.lists(st.builds(Entry, NAMES, KINDS), max_size=8), st.sampled_from([None, ROSTER]))
def test_any_names_give_safe_and_distinct_students_and_a_line_each(entries, roster):
    try:
        result = plan(entries, Around("hw", ("hw", "hw2"), roster, "class.zip", submitters(METADATA)))
    except Refused:
        return
    assert len({folded(s) for s in result.chosen}) == len(result.chosen)
    for student in result.chosen:
        assert student not in ("", ".", "..")
        assert not set(student) & set('/\\:\0<>"|?*$\n')
        assert not student.startswith((" ", ".", "-", "="))
    assert all(entries[one.number].kind == "file" for one in result.chosen.values())
    lines = [*result.nobodys, *result.beside]
    assert all(left.name.isprintable() and left.why.isprintable() for left in lines)
    named = len(result.chosen) + sum(len(r.names) for r in result.refused.values()) + len(lines) + result.junk
    assert named >= sum(entry.kind != "folder" for entry in entries)
