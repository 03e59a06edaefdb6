"""The roster: who an LMS means, or why that is not clear; and each wrong line, named."""

import pytest

from minigrad.grading.model import GradingError, Refused
from minigrad.grading.roster import Person, Roster, Who, read_roster, student_of

TEXT = """\
student,name,email,canvas,github,moodle,status
s1,Ann Lee,ann@example.org,12345,annlee,,
s2,Bo May,bo@example.org,12346,s1,,active
s3,Bo May,,12347,,Bo May (Physics),
s4,Cy Day,cy@example.org,,,,dropped
"""


@pytest.fixture
def roster(tmp_path):
    (tmp_path / "roster.csv").write_text(TEXT, encoding="utf-8-sig")
    return read_roster(tmp_path / "roster.csv")


def test_a_course_without_a_roster(tmp_path):
    assert read_roster(tmp_path / "roster.csv") is None


def test_what_a_line_says(roster):
    assert roster.people[0] == Person(
        "s1", "Ann Lee", "ann@example.org", ids={"canvas": "12345", "github": "annlee"}, line=2
    )
    assert roster.people[3].status == "dropped"


@pytest.mark.parametrize(
    ("who", "student"),
    [
        (Who("canvas", ("12346",)), "s2"),
        (Who("github", ("s1",)), "s2"),  # what a student calls themselves elsewhere is nobody's id here
        (Who("moodle", (), "ann  LEE"), "s1"),
        (Who("moodle", (), "Lee, Ann"), "s1"),
        (Who("moodle", (), "Bo May (Physics)"), "s3"),
        (Who("sakai", ("s3",)), "s3"),  # no column: an institution's login may be the id itself
        (Who("gradescope", ("BO@example.org",), "somebody"), "s2"),
        (Who("blackboard", ("day_s1", "s1")), "s1"),
        (Who("", ("S1",)), "s1"),
        (Who("", ("ann@example.org",)), "s1"),
        (Who("", ("Ann Lee",)), "s1"),
    ],
)
def test_whom_an_lms_means(roster, who, student):
    assert roster.student(who) == student


@pytest.mark.parametrize(
    ("who", "why"),
    [
        (Who("canvas", ("999",)), "add a line, or fill `canvas` in"),
        (Who("canvas", ("s1",)), "nobody"),  # there is a column, so it decides
        (Who("sakai", ("999",), "Ann Lee"), "nobody"),  # a name is not asked where there is an id
        (Who("sakai", ("Ann Lee",)), "nobody"),  # nor is an id taken for a name
        (Who("moodle", (), "Di Fay"), "nobody of that name or id"),
        (Who("moodle", (), "Bo May"), "may be s2 (line 3) and s3 (line 4)"),
        (Who("blackboard", ("s1", "s2")), "s1 or s2 may be s1 (line 2) and s2 (line 3)"),
        (Who("", ("s4",)), "s4 has dropped out (roster.csv, line 5)"),
    ],
)
def test_who_is_not_clear_is_refused(roster, who, why):
    with pytest.raises(Refused) as error:
        student_of(who, roster)
    assert why in str(error.value)


def test_without_a_roster_a_lasting_id_is_the_student():
    assert student_of(Who("canvas", ("12345",)), None) == "12345"
    assert student_of(Who("", ("Jo\u0308rg",)), None) == "J\u00f6rg"


@pytest.mark.parametrize(
    ("who", "why"),
    [
        (Who("moodle", (), "Ann Lee"), "Moodle gives a name and no id that lasts"),
        (Who("brightspace", (), "Ann Lee"), "in the columns `student` and `name`"),
        (Who("blackboard", ("a_b", "b")), "can be read in 2 ways (a_b or b)"),
        (Who("", ("-rf",)), "cannot be a student's id"),
    ],
)
def test_without_a_roster_nothing_else_is(who, why):
    with pytest.raises(Refused) as error:
        student_of(who, None)
    assert why in str(error.value)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("name\nAnn\n", "line 1: no column `student`"),
        (
            "student,githb\n",
            "line 1: no column is called `githb`: is `github` meant? there is student, name,",
        ),
        ("student,zzz\n", "line 1: no column is called `zzz`: there is student, name,"),
        ("student,name,name\n", "line 1: the column `name` is there twice"),
        ("student,name\na,A\na,B\n", "line 3: line 2 has the same student, a"),
        ("student\nann\nANN\n", "line 3: line 2 has the same student, ANN"),
        ("student,email\na,x@y\nb,X@y\n", "line 3: line 2 has the same email"),
        ("student,canvas\na,1\nb,2\nc,1\n", "line 4: line 2 has the same canvas, 1"),
        ("student,name\n,Ann\n", "line 2: '' cannot be a student's id"),
        ("student,name\n../x,Ann\n", "line 2: '../x' cannot be"),
        ("student,status\na,gone\n", "line 2: the status 'gone' is unknown: active or dropped"),
        (
            "student,email\na,a@x.org;b@y.org\n",
            "line 2: the email 'a@x.org;b@y.org' is more than one address",
        ),
        ("student,name\na\n", "line 2: it has more or fewer entries"),
        ("student,name\na,b,c\n", "line 2: it has more or fewer entries"),
        ('student,name\na,"b\n', "is no CSV"),
        ("name;email\na;b\n", "line 1: no column `student`"),
        ("", "line 1: no column `student`"),
        (b"student\nann\n\xff\n", "line 3: this is no UTF-8: save it as CSV in UTF-8"),
        ("student,name\n".encode("utf-16"), "line 1: this is no UTF-8"),
    ],
)
def test_a_wrong_roster_names_its_line(tmp_path, text, why):
    path = tmp_path / "roster.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(GradingError) as error:
        read_roster(path)
    assert why in str(error.value)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    "text",
    ["student;name\r\ns1;Lee, Ann\r\n", "student\tname\ns1\tLee, Ann\n", 'student,name\ns1,"Lee, Ann"\n'],
)
def test_what_spreadsheets_write_is_understood(tmp_path, text):
    (tmp_path / "roster.csv").write_bytes(text.encode("utf-8-sig"))
    assert read_roster(tmp_path / "roster.csv").people == (Person("s1", "Lee, Ann", line=2),)


def test_empty_lines_and_spaces_count_for_nothing(tmp_path):
    (tmp_path / "roster.csv").write_text("Student, Name\n s1 , Ann Lee \n,\n")
    assert read_roster(tmp_path / "roster.csv") == Roster(
        (Person("s1", "Ann Lee", line=2),), ("student", "name")
    )


def test_a_name_of_a_students_own_choice_is_not_taken_for_an_id():
    roster = Roster((Person("ann", email="ann@example.org"),), frozenset({"student", "email"}))
    assert roster.student(Who("sakai", ("ann",))) == "ann"
    with pytest.raises(Refused, match="add the column `github`"):
        roster.student(Who("github", ("ann",)))


def test_a_row_that_goes_on_for_several_lines_is_named_by_its_first(tmp_path):
    path = tmp_path / "roster.csv"
    path.write_text('student,name\na,Ann\nb,"Bo\nMay"\n')
    with pytest.raises(GradingError, match=r"line 3: the name 'Bo\\nMay' has a line break"):
        read_roster(path)
