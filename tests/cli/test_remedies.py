"""Slips of an instructor, each told with what was meant, what is missing, or what to write where."""

from __future__ import annotations

from pathlib import Path

import pytest

from minigrad.cli import main
from minigrad.cli.commands.term.collect import lacking
from minigrad.grading.assignment.load import load
from minigrad.grading.authoring.build import build
from minigrad.grading.model import GradingError
from minigrad.grading.roster import Who, read_roster
from minigrad.grading.store.layout import Course
from tests.grading.handed_in import NAME, hand_in, new_course


@pytest.fixture
def course(tmp_path: Path, monkeypatch) -> Course:
    monkeypatch.chdir(tmp_path)
    return new_course(tmp_path)[0]


@pytest.mark.parametrize("command", [["history"], ["roster", "rename"], ["explain"]])
def test_who_is_near_is_told_of_an_unknown_student(course: Course, command, capsys) -> None:
    course.roster.write_text("student,name\nbob,Bob May\n")
    hand_in(course, "ann", b"no notebook")
    more = {"rename": ["s1"], "explain": ["scale.values"]}.get(command[-1], [])
    assert main([*command, "bobb", *more]) == 2
    assert "nobody here has the id 'bobb'; is bob meant?" in capsys.readouterr().err
    assert main([*command, "Bob May", *more]) == 2
    assert "by that name the roster has bob: give the id" in capsys.readouterr().err


def test_a_student_of_whom_nothing_is_recorded_is_no_stranger(course: Course, capsys) -> None:
    hand_in(course, "ann", b"no notebook")
    assert main(["history", "ann", NAME]) == 2
    assert (
        f"nothing of ann in {NAME} was recorded yet: run `minigrad grade {NAME}`" in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        ([], "minigrad: COMMAND is missing: `minigrad --help`"),
        (["history"], "minigrad history: STUDENT is missing: `minigrad history --help`"),
        (["handback", NAME], "minigrad handback: --to is missing: `minigrad handback --help`"),
        (["roster", "merge", "a"], "minigrad roster merge: NEW is missing: `minigrad roster merge --help`"),
        (["platform"], "minigrad platform: PLATFORM is missing"),
    ],
)
def test_an_argument_that_is_missing_is_named_in_one_line(words, missing, capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert told.startswith(missing)
    assert told.count("\n") == 1


@pytest.mark.parametrize("name", ['"Ann\nLee"', '"Ann\x1b[2JLee"'])
def test_a_name_on_two_lines_is_refused_with_its_line(course: Course, name) -> None:
    course.roster.write_text(f"student,name\nbob,Bob\nann,{name}\n")
    with pytest.raises(GradingError, match=r"roster.csv, line [34]: the name 'Ann.*write it on one line"):
        read_roster(course.roster)


def test_a_column_that_the_roster_lacks_is_named(course: Course) -> None:
    course.roster.write_text("student,name,email,section\nbob,Bob,,\n")
    strangers = [Who("canvas", ("12345",)), Who("canvas", ("12346",), "Cy Day")]
    assert lacking(strangers, read_roster(course.roster)) == [
        "roster.csv lacks the column `canvas`: add it",
        "lines for roster.csv, whose first is student,name,email,section,canvas; with an id in place of "
        "STUDENT:",
        "  STUDENT,,,,12345",
        "  STUDENT,Cy Day,,,12346",
    ]
    course.roster.write_text("student,canvas\nbob,1\n")
    assert lacking(strangers[:1], read_roster(course.roster)) == [
        "lines for roster.csv, whose first is student,canvas; with an id in place of STUDENT:",
        "  STUDENT,12345",
    ]


def test_a_folder_for_a_platform_is_packed_again_and_nothing_else_written_over(
    course: Course, capsys
) -> None:
    build(load(course.authored(NAME)), course.root / "assignments")
    question = ["platform", "prairielearn", NAME, "--image", "you/minigrad"]
    template = ["platform", "github", NAME, "--private", "graded"]
    for words in (question, template):
        assert main(words) == 0
        assert main(words) == 0, "packed again"
    (Path(f"{NAME}-github") / ".git").mkdir()
    (Path(f"{NAME}-github") / ".git" / "config").touch()
    assert main(template) == 0
    capsys.readouterr()
    for folder, words in (
        (f"{NAME}-github", template),
        ("graded", template),
        (f"{NAME}-prairielearn", question),
    ):
        mine = Path(folder) / "mine.txt"
        mine.touch()
        assert main(words) == 2
        assert f"{folder} holds mine.txt, which is of no earlier packing" in capsys.readouterr().err
        mine.unlink()
        link = next(p for p in Path(folder).iterdir() if p.is_file())
        link.unlink()
        link.symlink_to("/dev/null")
        assert main(words) == 2
        assert f"holds {link.name}" in capsys.readouterr().err
        link.unlink()
