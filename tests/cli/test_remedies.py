"""Slips of an instructor, each told with what was meant, what is missing, or what to write where."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from minigrad.cli import main
from minigrad.cli.app import others
from minigrad.cli.commands.term.collect import lacking
from minigrad.cli.commands.term.platform import image
from minigrad.cli.options import writing
from minigrad.grading.assignment.load import load
from minigrad.grading.judge import judge
from minigrad.grading.model import GradingError
from minigrad.grading.platforms import folder as packed
from minigrad.grading.platforms import trial
from minigrad.grading.roster import Who, read_roster
from minigrad.grading.store.layout import Course
from minigrad.sandbox.errors import SandboxUnavailable
from tests.grading.builds import build
from tests.grading.handed_in import NAME, hand_in, new_course


@pytest.fixture
def course(tmp_path: Path, monkeypatch) -> Course:
    monkeypatch.chdir(tmp_path)
    return new_course(tmp_path)[0]


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Packing does not try the assignment out, which takes seconds."""
    monkeypatch.setattr(trial, "tried", lambda *_: True)


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
        (["init"], "minigrad init: DIR is missing: `minigrad init --help`"),
        (["grade"], "minigrad grade: ASSIGNMENT is missing: `minigrad grade --help`"),
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
    course: Course, sound, capsys
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


PACKS = (
    ["gradescope", NAME],
    ["github", NAME, "--private", "graded"],
    ["prairielearn", NAME, "--image", "you/minigrad"],
)


@pytest.mark.parametrize(
    "image", ["", " ", "a b", "You/minigrad", "-x", "a//b", "you/minigrad:", "x" * 300, "ä/b", "a;b"]
)
def test_an_image_that_no_engine_takes_is_refused(image: str, capsys) -> None:
    with pytest.raises(SystemExit):
        main(["platform", "prairielearn", NAME, f"--image={image}"])
    assert "is no image: name one as you/minigrad" in capsys.readouterr().err


@pytest.mark.parametrize(
    "name", ["minigrad", "you/minigrad", "localhost:5000/a/b_c:1.0", "ghcr.io/you/mini-grad:latest"]
)
def test_an_image_that_an_engine_takes_is_taken(name: str) -> None:
    assert image(name) == name
    assert image(f"{name}@sha256:{64 * 'a'}")


@pytest.mark.parametrize("count", ["0", "-1", "1001", "9" * 5000, "²", "1.5", ""])
def test_a_number_of_attempts_that_limits_nobody_is_refused(count: str, capsys) -> None:
    with pytest.raises(SystemExit):
        main(["platform", "gradescope", NAME, f"--attempts={count}"])
    assert "--attempts" in capsys.readouterr().err


@pytest.mark.parametrize("words", PACKS, ids=lambda words: words[0])
def test_answers_are_not_packed_into_what_students_get(course: Course, words, capsys) -> None:
    build(load(course.authored(NAME)), course.root / "assignments")
    before = sorted(course.root.joinpath("assignments").rglob("*"))
    option = "--private" if words[0] == "github" else "--out"
    inside = [*(w for w in words if w not in ("--private", "graded")), option, f"assignments/{NAME}/x.zip"]
    if words[0] != "gradescope":
        inside[-1] = inside[-1].removesuffix(".zip")
    assert main(["platform", *inside]) == 2
    assert f"name another folder with {option}" in capsys.readouterr().err
    assert sorted(course.root.joinpath("assignments").rglob("*")) == before


def test_a_template_is_not_packed_into_a_release(course: Course, capsys) -> None:
    build(load(course.authored(NAME)), course.root / "assignments")
    before = sorted(course.root.joinpath("assignments").rglob("*"))
    assert main(["platform", "github", NAME, "--out", f"assignments/{NAME}"]) == 2
    assert "which is for releases alone: name another folder with --out" in capsys.readouterr().err
    assert sorted(course.root.joinpath("assignments").rglob("*")) == before


@pytest.mark.parametrize("words", PACKS, ids=lambda words: words[0])
def test_packing_says_what_it_leaves_out(course: Course, sound, words, capsys) -> None:
    source = course.authored(NAME) / "notebook.py"
    written = '# %% [markdown] kind="written" id="essay" exercise="essay" points=5\n# Your answer.\n'
    source.write_text(f"{source.read_text()}\n{written}")
    build(load(course.authored(NAME)), course.root / "assignments")
    course.dates.write_text(
        f'[due]\n{NAME} = 2030-02-01T23:59:00+01:00\n[[decisions.{NAME}]]\ndrop = "scale.values"\n'
        'reason = "unclear"\ndate = 2030-02-03\n'
    )
    assert main(["platform", *words]) == 0
    told = capsys.readouterr().out.splitlines()[-1]
    assert told == (
        "not in it: 5 points that a person gives, the decisions of course.toml, lateness; "
        "these are the gradebook's"
    )


@pytest.mark.parametrize("words", PACKS, ids=lambda words: words[0])
def test_a_wrong_course_file_is_told_before_anything_is_packed(course: Course, words, capsys) -> None:
    build(load(course.authored(NAME)), course.root / "assignments")
    misspelt = f'[[decisions.{NAME}]]\ndrop = "scale.valeus"\nreason = "unclear"\ndate = 2030-02-03\n'
    for text in (f"[due]\n{NAME} = 2030-02-01T23:59:00\n", misspelt):
        course.dates.write_text(text)
        before = sorted(course.root.iterdir())
        assert main(["platform", *words]) == 2
        told = capsys.readouterr()
        assert "course.toml" in told.err
        assert not told.out
        assert sorted(course.root.iterdir()) == before


@pytest.mark.parametrize("words", PACKS, ids=lambda words: words[0])
def test_a_pack_that_git_would_take_into_a_commit_is_told(course: Course, sound, words, capsys) -> None:
    build(load(course.authored(NAME)), course.root / "assignments")
    subprocess.run(["git", "init", "--quiet", str(course.root)], check=True)
    for ignored, told in (("", 1), ("*\n", 0)):
        (course.root / ".gitignore").write_text(ignored)
        assert main(["platform", *words]) == 0
        assert capsys.readouterr().err.count("git here does not ignore it: add it to .gitignore") == told


@pytest.mark.parametrize(
    ("words", "call", "fault"),
    [
        (PACKS[0], "x", f"release of {NAME} should earn 0: 8 of 10 points (scale.original passes)"),
        (PACKS[1], "scale(x, -2.0)", "NameError"),
        (PACKS[2], "x", "should earn 0: 8 of 10"),
    ],
    ids=["gradescope", "github", "prairielearn"],
)
def test_what_gives_points_to_untouched_work_is_not_packed(
    course: Course, sandbox, words, call: str, fault: str, capsys
) -> None:
    hidden = course.authored(NAME) / "checks.py"
    hidden.write_text(hidden.read_text().replace("student.scale(x, -2.0)", call))
    build(load(course.authored(NAME)), course.root / "assignments")
    before = {*course.root.iterdir(), course.state}
    assert main(["platform", *words]) == 2
    told = capsys.readouterr()
    assert "nothing is packed: " in told.err
    assert "scale.original" in told.err
    assert fault in told.err
    assert f"correct solutions/{NAME}, then `minigrad build {NAME}`" in told.err
    assert not told.out
    assert {*course.root.iterdir()} == before


def test_where_there_is_no_sandbox_a_pack_is_written_untried(course: Course, monkeypatch, capsys) -> None:
    def none(*_: object, **__: object) -> None:
        raise SandboxUnavailable("there is no sandbox")

    monkeypatch.setattr(judge, "Lent", none)
    build(load(course.authored(NAME)), course.root / "assignments")
    assert main(["platform", *PACKS[0]]) == 0
    told = capsys.readouterr().err
    assert "there is no sandbox here, so it was not tried" in told
    assert f"`minigrad matrix {NAME}`" in told


def test_a_packing_that_is_stopped_says_that_nothing_is_packed_by_half(
    course: Course, sound, monkeypatch, capsys
) -> None:
    build(load(course.authored(NAME)), course.root / "assignments")

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(packed, "_write", stopped)
    assert main(["platform", *PACKS[2]]) == 130
    assert "nothing is packed by half" in capsys.readouterr().err
    assert not list(course.root.glob(f"*{NAME}-prairielearn*"))
    assert not list(course.root.glob(".packing*"))


def test_a_full_disk_is_told_with_what_helps(tmp_path: Path) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(tmp_path))
    with (
        pytest.raises(GradingError, match="make room there, or name a place on another disk"),
        writing(tmp_path),
    ):
        raise full


def test_a_course_folder_that_is_not_there_is_named(course: Course, capsys) -> None:
    assert main(["--course", "../nosuch", "report", NAME]) == 2
    assert "there is no folder ../nosuch" in capsys.readouterr().err


def test_a_name_of_two_hundred_letters_is_refused(course: Course, capsys) -> None:
    assert main(["new", f"10-{200 * 'a'}"]) == 2
    assert "use up to 64 letters" in capsys.readouterr().err


def test_whose_a_file_is_that_may_not_be_used_is_told(tmp_path: Path, monkeypatch) -> None:
    """A container's root has written into the course of a user."""
    path = tmp_path / ".minigrad" / "move.json"
    path.parent.mkdir()
    assert others(str(path)) == "", "one's own"
    owner = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    told = others(str(path))
    assert f"{path.parent} is user {owner}'s, and you are user {owner + 1}" in told
    assert f"chown -R {owner + 1}" in told
    assert '--user "$(id -u):$(id -g)"' in told


@pytest.mark.parametrize(
    ("words", "place", "told"),
    [
        (
            PACKS[0],
            "pack",
            "pack does not end in .zip, and what is packed is one zip: --out pack/01-tiny-gradescope.zip",
        ),
        (
            PACKS[0],
            "solutions",
            "solutions is a folder, and what is packed is one zip: --out solutions/01-tiny-grad",
        ),
        (PACKS[0], "rnn.tar", "--out rnn.zip names one"),
        (PACKS[0], "mine.zip", "mine.zip is of no earlier packing: move it away, or name another with --out"),
        (PACKS[0], "other.zip", "other.zip is of no earlier packing"),
        (PACKS[0], "submitted/x.zip", "where each folder is a student's: name another folder with --out"),
        (
            PACKS[1],
            "rnn.zip",
            "rnn.zip is called as an archive, and what is packed is a folder: --out rnn names",
        ),
        (PACKS[1], "mine.txt", "mine.txt is a file: move it away, or name another folder"),
        (PACKS[1], "solutions/x", "where each folder is an assignment: name another folder with --out"),
        (PACKS[2], "x/rnn.tar.gz", "what is packed is a folder: --out x/rnn names one"),
        (PACKS[2], "mine.txt", "mine.txt is a file"),
        (PACKS[2], ".minigrad/x", "which is the grader's own: name another folder with --out"),
    ],
)
def test_out_names_the_pack_itself(course: Course, words, place: str, told: str, capsys) -> None:
    """A zip or a folder, as the platform has it; nothing of somebody else's is written over."""
    build(load(course.authored(NAME)), course.root / "assignments")
    Path("mine.zip").write_bytes(b"no zip")
    Path("mine.txt").touch()
    with zipfile.ZipFile("other.zip", "w") as other:
        other.writestr("settings.json", "{}")
    before = {*course.root.iterdir(), course.state}
    assert main(["platform", *words, "--out", place]) == 2
    assert told in capsys.readouterr().err
    assert {*course.root.iterdir(), course.state} == before
    assert Path("mine.zip").read_bytes() == b"no zip"


def test_a_zip_is_packed_again_over_an_earlier_one(course: Course, sound, capsys) -> None:
    build(load(course.authored(NAME)), course.root / "assignments")
    for _ in range(2):
        assert main(["platform", *PACKS[0], "--out", "new/rnn.zip", "--attempts", "5"]) == 0
    wrote, attempts = capsys.readouterr().out.splitlines()[-2:]
    assert wrote.startswith("wrote new/rnn.zip: ")
    assert attempts == (
        "the first 5 submissions count, by what Gradescope hands back of those before: "
        "where it gives no count, those with points, "
        "and without submission_metadata.json, or the list in it, none"
    )


@pytest.mark.parametrize("name", [f"{NAME}-staff", NAME, f"x/{NAME.upper()}-Graded", "02-other-staff"])
def test_the_staffs_repository_is_not_called_as_a_students(course: Course, name: str, capsys) -> None:
    build(load(course.authored(NAME)), course.root / "assignments")
    shutil.copytree(course.authored(NAME), course.authored("02-other"))
    assert main(["platform", "github", NAME, "--private", name]) == 2
    told = capsys.readouterr().err
    whose = "02-other" if "other" in name else NAME
    assert f"{name} is called as the repositories of {whose} are, {whose} and {whose}-STUDENT" in told
    assert f"--private {Path(name).parent / f'graded-{NAME}'} names another" in told
    assert not Path(name).exists()


def test_the_staffs_folder_is_not_called_as_an_archive(course: Course, capsys) -> None:
    build(load(course.authored(NAME)), course.root / "assignments")
    assert main(["platform", "github", NAME, "--private", "graded.zip"]) == 2
    assert "--private graded names one" in capsys.readouterr().err
