"""Who is in the class, by the command line: the roster looked at, changed, and shown."""

from __future__ import annotations

import csv
import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from minigrad.cli import gradebook, main
from minigrad.grading.classroom.lock import grading
from minigrad.grading.people import journal
from minigrad.grading.people.journal import begin, pending
from minigrad.grading.people.moves import planned_forget, planned_merge, planned_rename
from minigrad.grading.store.layout import Course
from tests.grading.handed_in import NAME, hand_in, new_course

ROSTER = """student,name,canvas,status
s1,Ann Lee,1,
s2,Bo May,2,
s3,Bo May,,
s4,Cy Day,4,dropped
"""


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    """Nobody's file is a notebook: each has a line, and nothing is run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(gradebook, "plugin", lambda: None)
    course, _ = new_course(tmp_path)
    course.roster.write_text(ROSTER)
    for student in ("s1", "s4", "Ann Lee", "stranger of them"):
        hand_in(course, student, b"no notebook")
    return course


def test_a_look_at_the_class(course: Course, monkeypatch, capsys) -> None:
    recorded = SimpleNamespace(students=lambda course: {"s1", "ghost"})
    monkeypatch.setattr(gradebook, "plugin", lambda: recorded)
    assert main(["roster"]) == 1
    told = capsys.readouterr()
    assert told.out.splitlines() == [
        "4 students in roster.csv: 3 active, 1 dropped",
        f"{NAME}: 2 of 3 handed in nothing: s2 Bo May, s3 Bo May",
    ]
    assert told.err.splitlines() == [
        "minigrad: Ann Lee is not in roster.csv, and may be s1: `minigrad roster merge 'Ann Lee' s1`",
        "minigrad: ghost is not in roster.csv: its folder is gone from submitted/: add a line, or "
        "`minigrad roster rename ghost STUDENT`; if it is nobody, `minigrad roster forget ghost`",
        "minigrad: stranger of them is not in roster.csv: add a line, or "
        "`minigrad roster rename 'stranger of them' STUDENT`; if it is nobody, put the folder away, then "
        "`minigrad roster forget 'stranger of them'`",
        "minigrad: s2 (line 3) and s3 (line 4) of roster.csv have the same name: an LMS that gives names "
        "alone means neither; if they are one person, delete a line",
    ]


def test_a_class_without_a_roster(course: Course, capsys) -> None:
    course.roster.write_text("student,name\n")
    assert main(["roster"]) == 2
    assert "lists nobody yet: one line for each student, below the header" in capsys.readouterr().err
    assert main(["roster", "drop", "s1"]) == 2
    assert "'s1' is not in" in capsys.readouterr().err


def test_rename_merge_and_drop(course: Course, capsys) -> None:
    assert main(["roster", "merge", "Ann Lee", "s1"]) == 0
    assert f"{NAME}: what s1 handed in counts" in capsys.readouterr().out
    assert main(["roster", "rename", "s1", "s9"]) == 0
    said = ["s1 is s9 now", "rewrote roster.csv", "next: `minigrad roster`"]
    assert capsys.readouterr().out.splitlines() == said
    assert main(["roster", "rename", "s9", "s2"]) == 2
    assert "`minigrad roster merge s9 s2`" in capsys.readouterr().err
    assert main(["roster", "drop", "s9"]) == 0
    assert course.roster.read_text().splitlines()[1] == "s9,Ann Lee,1,dropped"
    assert course.submissions(NAME).keys() == {"stranger of them"}
    assert course.students() == {"s4", "s9", "stranger of them"}
    assert (course.submitted / "s9" / NAME / f"{NAME}.ipynb").exists()


def test_a_command_in_a_message_has_the_course_that_was_named(course: Course, monkeypatch, capsys) -> None:
    monkeypatch.chdir("/")
    named = ["--course", str(course.root)]
    main([*named, "roster"])
    assert f"`minigrad --course {course.root} roster merge 'Ann Lee' s1`" in capsys.readouterr().err
    assert main([*named, "report", NAME]) == 2
    assert f"run `minigrad --course {course.root} grade {NAME}`" in capsys.readouterr().err


def test_nothing_is_collected_while_something_is_graded(course: Course, capsys) -> None:
    (course.root / "x").mkdir()
    (course.root / "x" / "s2.ipynb").write_bytes(b"{}")
    with grading(course):
        assert main(["collect", NAME, "x"]) == 2
        assert "is being graded by process" in capsys.readouterr().err
        assert main(["collect", NAME, "x", "--dry-run"]) == 0
    assert "s2" not in course.submissions(NAME)
    assert main(["collect", NAME, "x"]) == 0
    assert "s2" in course.submissions(NAME)


def test_what_was_stopped_is_finished_by_the_next_look(course: Course, capsys) -> None:
    begin(course, planned_rename(course, "s1", "s9", ()))
    for command in (["report", NAME], ["grade", NAME], ["collect", NAME, "x.zip"], ["build"]):
        assert main(command) == 2
        assert "s1 becomes s9, and that was stopped half-way: `minigrad roster`" in capsys.readouterr().err
    assert main(["roster", "drop", "s9"]) == 0
    assert "finished: s1 becomes s9" in capsys.readouterr().err
    assert pending(course) is None
    assert course.submissions(NAME).keys() == {"Ann Lee", "stranger of them"}


def test_a_gradebook_that_cannot_be_read_stops_a_move(course: Course, capsys) -> None:
    course.gradebook.write_bytes(b"")
    assert main(["roster", "rename", "s1", "s9"]) == 2
    assert "needs nbgrader, which is not installed" in capsys.readouterr().err
    assert (course.submitted / "s1").exists()


def test_names_are_shown_and_who_dropped_out_counts_nowhere(course: Course, sandbox, capsys) -> None:
    assert main(["grade", NAME, "--workers", "1"]) == 1
    told = capsys.readouterr()
    assert "s1 Ann Lee" in told.out
    assert "s4" not in told.out
    assert "minigrad: dropped, so not counted: s4" in told.err
    assert main(["grade", NAME, "submitted/s4"]) == 2
    assert "s4 has dropped out (roster.csv)" in capsys.readouterr().err
    assert main(["explain", "s4", "scale.values"]) == 2
    assert "s4 has dropped out (roster.csv), and counts nowhere" in capsys.readouterr().err

    course.roster.write_text(ROSTER.replace("1,\n", "1,dropped\n").replace("4,dropped", "4,"))
    assert main(["grade", NAME, "--workers", "1"]) == 1
    assert main(["report", NAME]) == 0
    told = capsys.readouterr()
    assert "minigrad: dropped, so not counted: s1" in told.err
    values = json.loads(Path(f"report-{NAME}.json").read_text())
    assert {s: one["name"] for s, one in values.items()} == {
        "s4": "Cy Day",
        "Ann Lee": "",
        "stranger of them": "",
    }
    rows = list(csv.DictReader(Path(f"report-{NAME}.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert [(row["student"], row["name"]) for row in rows][1] == ("s4", "Cy Day")
    page = Path(f"report-{NAME}.html").read_text()
    assert "s4 Cy Day" in page
    assert "s1" not in page


@pytest.mark.parametrize("again", [["rename", "s1", "s9"], ["forget", "ghost"]])
def test_the_command_whose_move_was_stopped_ends_well_when_it_is_called_again(course, again, capsys) -> None:
    what, old, *new = again
    if what == "forget":
        begin(course, planned_forget(course, old, "", {old}))
    else:
        begin(course, planned_rename(course, old, *new, ()))
    assert main(["roster", *again]) == 0
    told = capsys.readouterr().err
    assert "finished: " in told
    assert "nobody" not in told
    assert main(["roster", *again]) == 2


def files(course: Course) -> dict[str, bytes]:
    return {
        str(p.relative_to(course.work)): p.read_bytes()
        for p in course.work.rglob("*")
        if p.is_file() and p.name != "lock"
    }


@pytest.mark.parametrize("done", [0, 1, 2])
def test_a_rename_that_was_stopped_is_taken_back(course: Course, monkeypatch, capsys, done) -> None:
    """The disk refuses the first, the second folder, or the roster."""
    shutil.copytree(course.submitted / "s1", course.feedback / "s1")
    course.dates.write_text(
        f"[due]\n{NAME} = 2030-02-01T12:00:00Z\n[extensions.{NAME}]\ns1 = 2030-02-02T12:00:00Z\n"
    )
    before, left = files(course), iter(range(done))
    rename = Path.rename

    def refused(path: Path, to: Path) -> Path:
        if next(left, None) is None:
            raise OSError(28, "No space left on device", str(to))
        return rename(path, to)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", refused)
        patch.setattr(journal, "rewrite", lambda path, text: refused(path, path))
        assert main(["roster", "rename", "s1", "s9"]) == 2
        assert (
            "`minigrad roster` finishes it, or `minigrad roster undo` takes it back"
            in capsys.readouterr().err
        )
    assert (course.submitted / "s9").exists() == (done > 0)
    assert main(["roster", "undo"]) == 0
    assert capsys.readouterr().out == "taken back: s1 becomes s9\n"
    assert files(course) == before
    assert main(["roster", "undo"]) == 2
    assert "nothing was stopped half-way" in capsys.readouterr().err


@pytest.mark.parametrize("what", ["merge", "forget"])
def test_what_is_put_aside_is_taken_back_only_before_anything_is_done(
    course, monkeypatch, capsys, what
) -> None:
    shutil.copytree(course.submitted / "Ann Lee", course.feedback / "Ann Lee")
    if what == "forget":
        shutil.rmtree(course.submitted / "Ann Lee")
    before = files(course)
    planned = (
        planned_merge(course, "Ann Lee", "s1", ())
        if what == "merge"
        else planned_forget(course, "Ann Lee", "", ())
    )
    begin(course, planned)
    assert main(["roster", "undo"]) == 0
    assert files(course) == before
    begin(course, planned)
    with monkeypatch.context() as patch:
        patch.setattr(journal, "keep", no_disk)
        patch.setattr(Path, "unlink", no_disk)
        assert main(["roster"]) == 2
    capsys.readouterr()
    assert main(["roster", "undo"]) == 2
    assert "too much is done to take it back: see to what stopped it, then `minigrad roster`" in (
        capsys.readouterr().err
    )
    main(["roster"])
    assert pending(course) is None


def no_disk(*given: object, **more: object) -> None:
    raise OSError(28, "No space left on device", "x")


@pytest.mark.parametrize(("held", "ends"), [(True, 0), (False, 2)])
def test_what_the_gradebook_has_put_aside_is_not_taken_back(course: Course, monkeypatch, held, ends) -> None:
    shutil.rmtree(course.submitted / "Ann Lee")
    (course.feedback / "Ann Lee").mkdir(parents=True)
    begin(course, replace(planned_forget(course, "Ann Lee", "", ()), recorded=True))
    recorded = SimpleNamespace(students=lambda course: {"s1"}, holds=lambda course, planned: held)
    monkeypatch.setattr(gradebook, "plugin", lambda: recorded)
    assert main(["roster", "undo"]) == ends
    assert (pending(course) is None) == held


def test_all_times_that_a_merge_lacks_are_asked_for_at_once(course: Course, capsys) -> None:
    """Before it asked for those of one assignment after the other."""
    shutil.copytree(course.authored(NAME), course.authored("02-other"))
    stamps = []
    for student in ("Ann Lee", "s1"):
        for name in (NAME, "02-other"):
            folder = course.submitted / student / name
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.ipynb").write_text(f"of {student}")
            (folder / "timestamp.txt").unlink(missing_ok=True)
            stamps.append(str(folder / "timestamp.txt"))
    assert main(["roster", "merge", "Ann Lee", "s1"]) == 2
    told = capsys.readouterr().err
    assert f"both have handed in {NAME}, 02-other, and which is the newest is not known" in told
    assert [stamp for stamp in stamps if stamp not in told] == []


def test_files_of_grades_that_have_somebody_as_before_are_what_comes_next(course: Course, capsys) -> None:
    Path(f"grades-{NAME}.csv").write_text("\ufeffstudent,name\ns1,Ann Lee\n")
    Path("grades-final.csv").write_text("\ufeffstudent,name\ns1,Ann Lee\n")
    both = f"next: `minigrad export {NAME}`, `minigrad export --final`"
    for words, last in (
        (["rename", "s1", "s9"], both),
        (["merge", "Ann Lee", "s9"], "next: `minigrad roster`"),
        (["rename", "s9", "s1"], "next: `minigrad roster`"),
        (["drop", "s1"], both),
    ):
        assert main(["roster", *words]) == 0
        assert capsys.readouterr().out.splitlines()[-1] == last


@pytest.mark.parametrize("again", [[], ["rename", "s1", "s9"]])
def test_what_comes_next_is_said_where_a_stopped_move_is_finished(course: Course, again, capsys) -> None:
    for file in ("report", "grades"):
        Path(f"{file}-{NAME}.csv").write_text("student,name\ns1,Ann Lee\n")
    with zipfile.ZipFile(f"feedback-{NAME}-id.zip", "w") as made:
        made.writestr("s1.html", "")
    (course.feedback / "s2" / NAME).mkdir(parents=True)
    (course.autograded / "s1" / NAME).mkdir(parents=True)
    begin(course, planned_rename(course, "s1", "s9", ()))
    main(["roster", *again])
    commands = (f"feedback {NAME}", f"report {NAME}", f"export {NAME}", f"handback {NAME} --to id")
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == f"next: {', '.join(f'`minigrad {command}`' for command in commands)}"


@pytest.mark.parametrize("words", [["merge", "Ann Lee", "s1"], ["rename", "stranger of them", "s2"]])
def test_files_in_which_the_id_kept_has_other_work_come_next(course: Course, words, capsys) -> None:
    """`s2` stood in them with nothing handed in; the stranger, and Ann Lee, in none."""
    shutil.copytree(course.authored(NAME), course.authored("02-other"))
    _, old, new = words
    stamp = hand_in(course, old, b"newer").with_name("timestamp.txt")
    stamp.write_text("2030-03-01 12:00:00 UTC\n")
    for name in (NAME, "02-other"):  # of which nothing changes
        for file in (f"report-{name}", f"grades-{name}", f"grades-{name}-moodle"):
            Path(f"{file}.csv").write_text(f"student,name\n{new},A name\n")
        for how in ("moodle", "name"):
            with zipfile.ZipFile(f"feedback-{name}-{how}.zip", "w") as made:
                made.writestr("A name.html", "")
    Path("grades-final.csv").write_text(f"student,name\n{new},A name\n")
    (course.autograded / old / NAME).mkdir(parents=True)
    assert main(["roster", *words]) == 0
    commands = (
        *(f"report {NAME}", f"export {NAME} --to moodle"),
        *(f"handback {NAME} --to moodle", f"handback {NAME} --to name", "export --final"),
    )
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == f"next: {', '.join(f'`minigrad {command}`' for command in commands)}"


def test_what_is_forgotten_of_one_assignment_stands_in_its_file_of_grades(course: Course, capsys) -> None:
    shutil.copytree(course.authored(NAME), course.authored("02-other"))
    for name in (NAME, "02-other"):
        Path(f"grades-{name}.csv").write_text("student,name\ns1,Ann Lee\n")
    (course.submitted / "s1" / NAME).rename(course.submitted / "s1" / "02-other")
    assert main(["roster", "forget", "s1", NAME]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"next: `minigrad export {NAME}`"


def test_who_is_late_without_a_time_of_the_gradebooks_is_told(course: Course, capsys) -> None:
    """By what any LMS says, not only where a timestamp.txt is put away."""
    course.dates.write_text(
        f"[due]\n{NAME} = 2030-02-01T12:00:00Z\n[extensions.{NAME}]\ns2 = 2030-02-09T12:00:00Z\n"
        "[late]\ngrace_hours = 1\nslope_percent_per_day = 10\n"
    )
    course.roster.write_text("student,name,canvas,blackboard\ns1,,1,b1\ns2,,2,b2\ns3,,3,b3\ns5,,5,b5\n")
    made = Path("blackboard")
    made.mkdir()
    for who, time in (("b1", "02-02"), ("b2", "02-02"), ("b3", "02-01"), ("b5", "02-03")):
        (made / f"HW_{who}_attempt_2030-{time}-12-30-00_{NAME}.ipynb").write_text(f"of {who}")
    stamp = course.submitted / "s5" / NAME / "timestamp.txt"
    assert main(["collect", NAME, "blackboard"]) == 0
    told = capsys.readouterr().err
    line = "after the due date, and never late for the gradebook without a timestamp.txt beside the notebook"
    late = "s1 (2030-02-02-12-30-00 in the LMS's own zone)"
    assert f"{line} that has the zone, too, like 2030-01-31 12:00:00 UTC: {late}, s5 (" in told
    stamp.write_text("2030-02-03 12:30:00 UTC\n")
    made = Path("canvas")
    made.mkdir()
    (made / f"one_LATE_1_11_{NAME}.ipynb").write_text("another of b1")
    (made / f"two_2_12_{NAME}.ipynb").write_text("another of b2")
    (made / f"five_LATE_5_15_{NAME}.ipynb").write_text("of b5")
    assert main(["collect", NAME, "canvas"]) == 0
    told = capsys.readouterr().err
    assert told.rstrip().endswith("UTC: s1 (late, nobody knows when)")


def test_collecting_ends_with_what_comes_next(course: Course, capsys) -> None:
    (course.root / "x").mkdir()
    (course.root / "x" / "s2.ipynb").write_bytes(b"{}")
    assert main(["collect", NAME, "x", "--dry-run"]) == 0
    assert "next:" not in capsys.readouterr().out
    assert main(["collect", NAME, "x"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"next: `minigrad grade {NAME}`"


def test_an_archive_that_brings_nothing_new_says_so(course: Course, capsys) -> None:
    (course.root / "x").mkdir()
    (course.root / "x" / "s2.ipynb").write_bytes(b"{}")
    main(["collect", NAME, "x"])
    assert main(["collect", NAME, "x"]) == 0
    *_, told, after = capsys.readouterr().out.splitlines()
    assert told.startswith(f"nothing new: 1 submission in {course.submitted} already, read as: ")
    assert after == f"next: `minigrad grade {NAME}`"
    (course.reports(NAME) / "s2").mkdir(parents=True)
    assert main(["collect", NAME, "x"]) == 0
    assert "next:" not in capsys.readouterr().out
    (course.root / "x" / "s3.ipynb").write_bytes(b"{ }")
    assert main(["collect", NAME, "x", "--dry-run"]) == 0
    told = capsys.readouterr().out.splitlines()[-1]
    assert told.startswith(f"1 submission would be laid into {course.submitted}, 1 there already")
