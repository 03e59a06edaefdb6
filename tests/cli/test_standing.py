"""Where submitted/ and what is graded differ, every command that counts says so, and how to mend it."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from minigrad.cli import main
from minigrad.cli.commands.term.explain import explained_work
from minigrad.grading.assignment.load import load
from minigrad.grading.classroom import court
from minigrad.grading.model import GradingError
from minigrad.grading.people.journal import begin, pending
from minigrad.grading.people.moves import planned_forget
from minigrad.grading.store.attempts import HandedIn, lay
from minigrad.grading.store.layout import Course
from tests.grading.handed_in import (
    ADDS,
    NAME,
    RIGHT,
    course_with_essay,
    entered,
    fake_judge,
    hand_in,
    notebook,
)

plugin = pytest.importorskip("minigrad.grading.nbgrader.plugin")
pytestmark = pytest.mark.filterwarnings("ignore")  # of nbgrader and what it imports
COUNT = ["report", "export", "feedback", "grade", "regrade"]  # each tells it


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Path:
    """A graded class; somebody's copy of a folder is in it."""
    course = course_with_essay(tmp_path_factory.mktemp("template"))
    assignment = load(course.authored(NAME))
    for student, answer in (("ann", RIGHT), ("bob", ADDS), ("bob (copy)", ADDS)):
        hand_in(course, student, notebook(assignment, answer, essay="In my own words."))
    course.roster.write_text("student,name\nann,Ann Lee\nbob,Bob May\ncem,Cem Day\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(court, "Judge", fake_judge())
        assert main(["--course", str(course.root), "grade", NAME, "--workers", "1"]) == 0
    return course.root


@pytest.fixture
def course(tmp_path: Path, template: Path, monkeypatch) -> Course:
    monkeypatch.setattr(court, "Judge", fake_judge())
    return entered(template, tmp_path, monkeypatch)


def states(course: Course) -> dict[str, str]:
    with (course.work / f"grades-{NAME}.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["student"]: row["state"] for row in csv.DictReader(file)}


def answer(course: Course, student: str, text: str) -> Path:
    return hand_in(course, student, notebook(load(course.authored(NAME)), text, essay="In my own words."))


@pytest.mark.parametrize("command", COUNT)
def test_what_nobody_hands_in_any_more_is_told_until_it_is_forgotten(course: Course, command, capsys) -> None:
    shutil.rmtree(course.submitted / "bob (copy)")
    main([command, NAME])
    told = "bob (copy) was graded and still counts, but nothing of 01-tiny is in submitted/ any more"
    assert told in capsys.readouterr().err
    assert main(["roster", "forget", "bob (copy)"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "bob (copy) is put aside",
        "what does not count is kept in .minigrad/aside/bob (copy)",
        f"next: `minigrad {f'report {NAME}' if command == 'report' else 'roster'}`",
    ]
    main([command, NAME])
    both = capsys.readouterr()
    assert "bob (copy)" not in both.out + both.err
    aside = course.state / "aside" / "bob (copy)"
    assert list(aside.glob(f".minigrad/reports/{NAME}/bob (copy)/*.json"))
    assert '"score": 0.0' in (aside / f"gradebook-bob (copy)-{NAME}.json").read_text()
    elsewhere = [p for p in course.work.rglob("bob (copy)*") if not p.is_relative_to(aside)]
    assert elsewhere == []


def test_one_assignment_of_a_student_is_forgotten_and_the_others_stay(course: Course, capsys) -> None:
    other = course.reports("02-other") / "ann" / "key.json"
    other.parent.mkdir(parents=True)
    other.write_text("{}")
    shutil.rmtree(course.submitted / "ann" / NAME)
    (course.submitted / "ann" / "02-other").mkdir()
    shutil.copytree(course.authored(NAME), course.authored("02-other"))
    main(["export", NAME])
    assert f"or `minigrad roster forget ann {NAME}`" in capsys.readouterr().err
    assert main(["roster", "forget", "ann", NAME]) == 0
    main(["export", NAME])
    assert "ann" not in capsys.readouterr().err
    assert states(course)["ann"] == "not handed in"
    assert other.exists()


def test_what_is_handed_in_is_not_forgotten(course: Course, capsys) -> None:
    assert main(["roster", "forget", "bob (copy)"]) == 2
    assert "is there, so it would be graded again: put it away first" in capsys.readouterr().err
    assert main(["roster", "forget", "bobb"]) == 2
    assert "nobody here has the id 'bobb'" in capsys.readouterr().err
    assert (course.autograded / "bob (copy)").exists()


def test_a_dry_run_changes_nothing(course: Course, capsys) -> None:
    shutil.rmtree(course.submitted / "bob (copy)")
    before = {p: p.read_bytes() for p in course.work.rglob("*") if p.is_file() and p.name != "lock"}
    assert main(["roster", "forget", "bob (copy)", "--dry-run"]) == 0
    assert main(["roster", "merge", "bob (copy)", "bob", "--dry-run"]) == 0
    assert main(["roster", "rename", "bob", "s2", "--dry-run"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "nothing is changed yet; then bob (copy) is put aside",
        "what does not count is kept in .minigrad/aside/bob (copy)",
        "nothing is changed yet; then bob (copy) becomes bob",
        f"{NAME}: what bob handed in counts",
        "what does not count is kept in .minigrad/aside/bob (copy) into bob",
        "nothing is changed yet; then bob becomes s2",
        "rewritten will be roster.csv",
    ]
    after = {p: p.read_bytes() for p in course.work.rglob("*") if p.is_file() and p.name != "lock"}
    assert after == before


def test_forgetting_that_was_stopped_is_finished_by_the_next_look(course: Course, capsys) -> None:
    shutil.rmtree(course.submitted / "bob (copy)")
    begin(course, planned_forget(course, "bob (copy)", "", {"bob (copy)"}))
    assert main(["report", NAME]) == 2
    assert "bob (copy) is put aside, and that was stopped half-way" in capsys.readouterr().err
    assert main(["roster"]) == 0
    assert "finished: bob (copy) is put aside" in capsys.readouterr().err
    assert pending(course) is None
    main(["export", NAME])
    assert "bob (copy)" not in capsys.readouterr().err


@pytest.mark.parametrize("command", COUNT[:3])
def test_a_time_that_was_written_after_grading_is_told_until_it_is_graded(course, command, capsys) -> None:
    told = f"another time of handing in than what was graded has the work of bob: run `minigrad grade {NAME}`"
    stamp = course.submitted / "bob" / NAME / "timestamp.txt"
    main([command, NAME])
    stamp.write_text("2030-02-03 12:30:00 UTC\n")
    assert "another time" not in capsys.readouterr().err
    main([command, NAME])
    assert told in capsys.readouterr().err
    main(["grade", NAME, "--workers", "1"])
    main([command, NAME])
    assert "another time" not in capsys.readouterr().err


@pytest.mark.parametrize("command", COUNT[:3])
def test_newer_work_is_told_until_it_is_graded(course: Course, command, capsys) -> None:
    answer(course, "bob", RIGHT)
    answer(course, "cem", RIGHT)
    hand_in(course, "bob (copy)", b"no notebook")
    main([command, NAME])
    told = capsys.readouterr().err
    line = (
        f"other work than what was graded lies in submitted/ of bob, bob (copy): run `minigrad grade {NAME}`"
    )
    assert line in told
    assert f"handed in, and not graded yet: cem: run `minigrad grade {NAME}`" in told
    main(["grade", NAME, "--workers", "1"])
    capsys.readouterr()
    main([command, NAME])
    told = capsys.readouterr().err
    assert "other work" not in told
    assert "not graded yet" not in told


def test_a_score_of_earlier_work_is_in_no_file_for_an_lms(course: Course, capsys) -> None:
    course.roster.write_text("student,name,email\nann,Ann Lee,a@x.org\nbob,Bob May,b@x.org\n")
    with plugin.book(course) as book:
        for student in ("ann", "bob"):
            for grade in book.find_submission_notebook(NAME, NAME, student).grades:
                grade.needs_manual_grade = False
        book.db.commit()
    lms = course.work / f"grades-{NAME}-moodle.csv"
    main(["export", NAME, "--to", "moodle"])
    assert [line.split(",")[0] for line in lms.read_text().splitlines()[1:]] == ["a@x.org", "b@x.org"]
    answer(course, "bob", RIGHT)
    capsys.readouterr()
    assert main(["export", NAME, "--to", "moodle"]) == 1
    assert "not for moodle: bob: not graded yet" in capsys.readouterr().err
    assert [line.split(",")[0] for line in lms.read_text().splitlines()[1:]] == ["a@x.org"]
    assert states(course) == {"ann": "graded", "bob": "not graded yet"}
    with (course.work / f"grades-{NAME}.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row["score"] for row in csv.DictReader(file)] == ["10", "0"]


def explained(course: Course, student: str) -> tuple[bytes, list[str]]:
    assignment = load(course.authored(NAME))
    last = course.submissions(NAME)[student]
    work, told = explained_work(course, assignment, student, last, unsafe=False)
    assert isinstance(work, Path)
    return work.read_bytes(), told


def test_what_is_explained_is_what_was_graded_or_it_is_said(course: Course) -> None:
    path = course.submitted / "bob" / NAME / f"{NAME}.ipynb"
    graded = path.read_bytes()
    assert explained(course, "bob") == (graded, [])
    kept = course.attempts(NAME) / "bob"
    lay(path, kept, HandedIn(path.read_bytes().replace(b"x + factor", b"x - factor")))
    assert path.read_bytes() != graded
    work, told = explained(course, "bob")
    assert work == graded
    assert told == [
        f"this is the work of bob that was graded; other work is there by now: run `minigrad grade {NAME}`"
    ]
    shutil.rmtree(kept)
    work, told = explained(course, "bob")
    assert work == path.read_bytes()
    assert told == [
        f"this is not the work of bob that was graded, which is not kept: run `minigrad grade {NAME}`"
    ]
    answer(course, "cem", RIGHT)
    assert explained(course, "cem")[1] == [f"{NAME} of cem was not graded yet: run `minigrad grade {NAME}`"]


def test_explain_takes_the_graded_work_and_says_so_first(course: Course, monkeypatch, capsys) -> None:
    taken = []

    def explain(judge, one, check):
        taken.append(one)
        raise GradingError("enough")

    monkeypatch.setattr("minigrad.grading.judge.explain.explain", explain)
    monkeypatch.setattr(court.Judge, "__enter__", lambda self: self, raising=False)
    path = course.submitted / "bob" / NAME / f"{NAME}.ipynb"
    lay(
        path, course.attempts(NAME) / "bob", HandedIn(path.read_bytes().replace(b"x + factor", b"x - factor"))
    )
    assert main(["explain", "bob", "scale.values"]) == 2
    assert capsys.readouterr().err.startswith("minigrad: this is the work of bob that was graded;")
    assert any("x + factor" in cell.source for cell in taken[0].cells)


def test_without_a_gradebook_newer_work_is_known_by_the_reports(course: Course, monkeypatch, capsys) -> None:
    from minigrad.cli import gradebook

    monkeypatch.setattr(gradebook, "plugin", lambda: None)
    shutil.rmtree(course.state / "history")
    assert main(["report", NAME]) == 0
    assert "other work" not in capsys.readouterr().err
    answer(course, "bob", RIGHT)
    assert main(["report", NAME]) == 0
    assert "lies in submitted/ of bob: run" in capsys.readouterr().err


def test_the_words_of_an_export_say_what_is_missing(course: Course, capsys) -> None:
    assert main(["export", NAME]) == 1  # bob (copy) is in no roster
    assert states(course)["cem"] == "not handed in"
    answer(course, "cem", "FAULT")
    main(["export", NAME])
    assert states(course)["cem"] == "not graded yet"
    assert main(["grade", NAME, "--workers", "1"]) == 1
    capsys.readouterr()
    main(["export", NAME])
    assert states(course)["cem"] == "ungraded"
    told = capsys.readouterr().err
    assert (
        f"cem: not graded, by no fault of the submission: the sandbox failed: run `minigrad grade {NAME}`"
        in told
    )


@pytest.mark.parametrize("better", [RIGHT, f"{RIGHT}  # alone"], ids=["as ann's", "unknown"])
def test_where_the_best_counts_an_attempt_that_may_be_it_is_told(course: Course, better, capsys) -> None:
    course.dates.write_text('[attempts]\ncounts = "best"\n')
    assert main(["grade", NAME, "--workers", "1"]) == 0
    capsys.readouterr()
    main(["export", NAME])
    assert "other work" not in capsys.readouterr().err
    kept = course.attempts(NAME) / "bob"
    kept.mkdir(parents=True)
    shutil.move(answer(course, "aside", better), kept / "2030-01-01-12-00-00.0123456789abcdef.ipynb")
    shutil.rmtree(course.submitted / "aside")
    main(["export", NAME])
    assert "than what was graded counts by now, or may, of bob: run" in capsys.readouterr().err
    assert main(["grade", NAME, "--workers", "1"]) == 0
    assert "bob Bob May 10/10" in " ".join(capsys.readouterr().out.split())
    main(["export", NAME])
    assert "other work" not in capsys.readouterr().err


def test_where_the_best_counts_and_one_attempt_cannot_be_judged_none_counts(course: Course, capsys) -> None:
    """Before it fell back to the last attempt without a word."""
    course.dates.write_text('[attempts]\ncounts = "best"\n')
    kept = course.attempts(NAME) / "bob"
    kept.mkdir(parents=True)
    source = answer(course, "aside", "FAULT")
    shutil.move(source, kept / "2030-01-01-12-00-00.0123456789abcdef.ipynb")
    shutil.rmtree(course.submitted / "aside")
    assert main(["grade", NAME, "--workers", "1"]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "bob Bob May ungraded which of 2 attempts is the best is not known: the sandbox failed" in out
    assert main(["regrade", NAME, "--workers", "1"]) == 2
    assert "bob for one: which of 2 attempts" in capsys.readouterr().err


def test_where_the_best_counts_and_nothing_can_be_kept_it_is_said(course: Course, capsys) -> None:
    course.dates.write_text('[attempts]\ncounts = "best"\n')
    kept = course.attempts(NAME) / "bob"
    kept.mkdir(parents=True)
    shutil.move(answer(course, "aside", RIGHT), kept / "2030-01-01-12-00-00.0123456789abcdef.ipynb")
    shutil.rmtree(course.submitted / "aside")
    shutil.rmtree(course.state / "previews", ignore_errors=True)
    (course.state / "previews").write_text("no folder")
    assert main(["grade", NAME, "--workers", "1"]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "which of 2 attempts is the best is not known: the report could not be kept" in out


def test_grading_ends_with_what_was_recorded_and_what_comes_next(course: Course, capsys) -> None:
    assert main(["grade", NAME, "--workers", "1"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    after = f"next: `minigrad report {NAME}`, then `minigrad feedback {NAME}`"
    assert last == f"recorded in the gradebook: 3 of 3; {after}"
    answer(course, "bob", "FAULT")
    assert main(["grade", NAME, "--workers", "1"]) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    after = f"next: `minigrad report {NAME}`, then `minigrad grade {NAME}` again"
    assert last == f"recorded in the gradebook: 2 of 3; {after}"


def test_what_the_guide_says_is_made_again_is(course: Course, tmp_path_factory, monkeypatch) -> None:
    """A course's copy elsewhere, with its gradebook, reports, autograded/ and feedback/ lost."""
    main(["feedback", NAME])
    main(["export", NAME])
    page = Path("feedback") / "ann" / NAME / f"{NAME}.html"
    grades, told = Path(f"grades-{NAME}.csv").read_bytes(), page.read_bytes()
    moved = entered(course.root, tmp_path_factory.mktemp("moved") / "course", monkeypatch)
    for lost in (moved.state / "reports", moved.state / "results", moved.autograded, moved.feedback):
        shutil.rmtree(lost)
    moved.gradebook.unlink()
    assert main(["report", NAME]) == 2
    assert main(["grade", NAME, "--workers", "1"]) == 0
    main(["feedback", NAME])
    main(["export", NAME])
    assert Path(f"grades-{NAME}.csv").read_bytes() == grades
    assert page.read_bytes() == told


def test_a_regrade_that_ends_with_1_says_why(course: Course, capsys) -> None:
    hand_in(course, "cem", b"no notebook")
    assert main(["grade", NAME, "--workers", "1"]) == 1
    capsys.readouterr()
    assert main(["regrade", NAME, "--workers", "1"]) == 1
    assert "minigrad: cem: refused: the file is not a notebook" in capsys.readouterr().err


DECISION = (
    f'[[decisions.{NAME}]]\ncredit = "scale.values"\nstudents = ["bob"]\nreason = "r"\ndate = 2030-02-03\n'
)
DECIDED = f"course.toml has other decisions about {NAME} by now than the grades of bob: run"
EDITED = f"{NAME} was edited since, and the grades of everybody are those of before: run"


@pytest.mark.parametrize("command", [["report"], ["export"], ["feedback"], ["handback", "--to", "id"]])
def test_rules_that_no_grading_has_applied_are_told_until_it_does(course: Course, command, capsys) -> None:
    """A decision, and an assignment that was edited."""
    course.dates.write_text(DECISION)
    with (course.authored(NAME) / "checks.py").open("a") as file:
        file.write("# edited\n")
    words = [command[0], NAME, *command[1:]]
    main(words)
    told = capsys.readouterr()
    assert f"{DECIDED} `minigrad regrade {NAME}`" in told.err
    assert f"{EDITED} `minigrad regrade {NAME}`" in told.err
    if command == ["export"]:
        again = f"next: `minigrad regrade {NAME}`, then `minigrad export {NAME}` again"
        assert told.out.splitlines()[-1] == again
    main(["grade", NAME, "--workers", "1"])
    decision = "Decision of 2030-02-03: `scale.values` counts as passed: r (bob)"
    assert f"minigrad: applied now: {decision}" in capsys.readouterr().err
    main(words)
    told = capsys.readouterr()
    assert "by now" not in told.err
    assert "edited" not in told.err


def test_a_preview_names_one_command_that_records_what_counts_by_another_rule(course: Course, capsys) -> None:
    """Also where nobody gains or loses."""
    kept = course.attempts(NAME) / "bob"
    kept.mkdir(parents=True)
    source = answer(course, "aside", f"{ADDS} + 0")
    shutil.move(source, kept / "2030-01-01-12-00-00.0123456789abcdef.ipynb")
    shutil.rmtree(course.submitted / "aside")
    stamp = "undated.0123456789abcdef.timestamp.txt"
    (kept / stamp).write_text("2030-01-01 12:00:00 UTC\n")
    course.dates.write_text(f'[due]\n{NAME} = 2030-01-20T12:00:00Z\n[attempts]\ncounts = "last in time"\n')
    main(["report", NAME])
    assert "another attempt than what was graded counts by now, or may, of bob" in capsys.readouterr().err
    main(["regrade", NAME, "--preview", "--workers", "1"])
    told = capsys.readouterr()
    assert "`minigrad grade" not in told.out + told.err
    assert told.out.splitlines()[-1] == f"next: `minigrad regrade {NAME}`, which records it"


def test_a_course_without_its_salts_is_not_taken_for_ungraded(course: Course, capsys) -> None:
    lost = f"{NAME} was graded, and .minigrad/ has not its salt: restore {course.state} from a copy"
    shutil.rmtree(course.state)
    for code, words in (
        (2, ["report", NAME]),
        (2, ["regrade", NAME]),
        (2, ["history", "bob"]),
        (2, ["grade", NAME, "--workers", "1"]),
        (2, ["explain", "bob", "scale.values"]),
        (1, ["export", NAME]),
    ):
        assert main(words) == code
        told = capsys.readouterr().err
        assert lost in told
        assert f"`minigrad grade {NAME} --new-salt` begins a new one, in which scores may be others" in told
    shutil.rmtree(course.autograded)  # the gradebook knows it, too
    assert main(["grade", NAME, "--workers", "1"]) == 2
    assert not course.salt(NAME).exists()
    assert main(["grade", NAME, "--new-salt", "--workers", "1"]) == 0
    capsys.readouterr()
    assert main(["report", NAME]) == 0
    assert "salt" not in capsys.readouterr().err
    shutil.rmtree(course.reports(NAME))
    assert main(["report", NAME]) == 2
    assert f"`minigrad grade {NAME}` makes them again, by the same salt" in capsys.readouterr().err


def test_nobody_is_moved_where_the_history_would_stay_behind(course: Course, capsys) -> None:
    """And whatever goes on without it says so, and sends nobody to what is refused."""
    lost = f"{NAME} was graded, and .minigrad/ has not its salt: restore {course.state} from a copy"
    shutil.rmtree(course.state)
    course.roster.write_text("student,status\nann,\nbob,\nbob (copy),\n")
    for words in (["rename", "bob", "s9"], ["rename", "bob", "s9", "--dry-run"], ["merge", "bob", "ann"]):
        assert main(["roster", *words]) == 2
        told = capsys.readouterr().err
        assert lost in told
        assert "nobody is moved or put aside: what is restored would still be bob's" in told
    assert (course.submitted / "bob").is_dir()
    new = course.root / "x" / "bob.ipynb"
    new.parent.mkdir()
    new.write_bytes(b"{}")
    first = "next: see to what is named above, then"
    for code, words, last in (
        (1, ["roster"], ""),
        (1, ["export", NAME], f"{first} `minigrad export {NAME}` again"),
        (0, ["build", NAME], ""),
        (0, ["collect", NAME, "x"], f"{first} `minigrad grade {NAME}`"),
        (0, ["roster", "drop", "bob"], ""),
    ):
        assert main(words) == code
        shown = capsys.readouterr()
        assert lost in shown.err
        assert shown.out.splitlines()[-1] == last or not last
