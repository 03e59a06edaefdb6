"""The command line: what each command says, its exit codes, and that an error is one clear line."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import zipfile
from pathlib import Path

import pytest

from minigrad.cli import gradebook, main, terminal
from minigrad.grading.assignment.load import load
from minigrad.grading.classroom import court
from minigrad.grading.classroom import run as classroom
from minigrad.grading.classroom.changes import Scores
from minigrad.grading.classroom.run import last_reports
from minigrad.grading.model import GradingError, Report
from minigrad.grading.notebook import offline
from minigrad.grading.notebook.checks import checks
from minigrad.grading.report.grades.lms import Total
from minigrad.grading.store.layout import Course
from minigrad.grading.store.reports import read_salt
from minigrad.sandbox.errors import SandboxUnavailable
from minigrad.sandbox.server import Server
from tests.grading.builds import build
from tests.grading.handed_in import (
    ADDS,
    NAME,
    RIGHT,
    WRITES,
    built_course,
    entered,
    hand_in,
    notebook,
)


class Recorder:
    """Stands for our nbgrader module."""

    def __init__(self) -> None:
        self.recorded: list[dict[str, Report]] = []
        self.registered_names: list[str] = []
        self.found: dict[str, Total] = {}

    def registered(self, course, name) -> bool:
        return name in self.registered_names

    def totals(self, course, name) -> tuple[float, dict[str, Total]]:
        return 10.0, self.found

    def asked(self, course, name) -> dict[str, tuple[str, ...]]:
        return dict.fromkeys(self.found, ())

    def again(self, course, name) -> dict[str, dict[str, tuple[float, float]]]:
        return {}

    def automatic(self, course, name) -> dict[str, Scores]:
        return {}

    def demand_cells(self, course, assignment) -> None:
        pass

    def graded(self, course, name) -> list[str]:
        return list(self.recorded[-1])

    def feedback(self, course, name, workers, done) -> None:
        self.pages = name

    def demand_recordable(self, course, assignment) -> None:
        pass

    def register(self, course, assignment) -> None:
        self.registered_names.append(assignment.name)

    def record(self, course, assignment, submissions, reports, done, moved) -> dict[str, str]:
        self.recorded.append(dict(reports))
        return {}


@pytest.fixture(autouse=True)
def nbgrader(monkeypatch) -> Recorder:
    recorder = Recorder()
    monkeypatch.setattr(gradebook, "plugin", lambda: recorder)
    return recorder


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Path:
    return built_course(tmp_path_factory.mktemp("course")).root


@pytest.fixture
def course(tmp_path: Path, template: Path, monkeypatch) -> Course:
    return entered(template, tmp_path, monkeypatch)


def answer(course: Course, text: str) -> dict[str, object]:
    return notebook(load(course.authored(NAME)), text)


def write(path: Path, content: dict[str, object]) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return str(path)


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    told = capsys.readouterr().out
    for command in (
        "init",
        "build",
        "check",
        "collect",
        "grade",
        "regrade",
        "report",
        "history",
        "export",
        "explain",
        "new",
        "matrix",
        "Exit codes",
    ):
        assert command in told


@pytest.mark.parametrize("words", [[], ["grade"], ["grade", NAME, "--workers", "0"], ["frobnicate"]])
def test_wrong_usage_is_2(words):
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2


def test_outside_a_course_an_error_is_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["build"]) == 2
    told = capsys.readouterr().err
    assert told.startswith("minigrad: no course here")
    assert told.count("\n") == 1


def test_new_refuses_a_bad_name_and_an_old_one(course, capsys):
    assert main(["new", "rnn"]) == 2
    assert main(["new", NAME]) == 2
    assert main(["new", "02-other-thing"]) == 0
    assert "solutions/02-other-thing/checks.py" in capsys.readouterr().out
    assert course.names() == (NAME, "02-other-thing")


def test_build_makes_registers_and_checks(course, nbgrader, capsys):
    assert main(["build"]) == 0
    assert nbgrader.registered_names == [NAME]
    assert main(["build", "--check"]) == 0
    course.release_notebook(NAME).write_text("{}")
    assert main(["build", "--check", NAME]) == 1
    assert f"{NAME}.ipynb differs" in capsys.readouterr().out
    assert course.release_notebook(NAME).read_text() == "{}", "--check changes nothing"
    assert main(["build", "03-none"]) == 2
    assert (
        f"no assignment '03-none' in {course.root / 'solutions'}; there is {NAME}" in capsys.readouterr().err
    )


# --- check ------------------------------------------------------------------------------------


def test_check_on_the_release_says_what_is_to_do(course, sandbox, capsys, monkeypatch):
    monkeypatch.setattr(terminal, "QUIET", 0.01)
    assert main(["check", str(course.release_notebook(NAME))]) == 1
    told = capsys.readouterr()
    assert "0 of 1 public checks; grading adds hidden ones · still to do: scale" in told.out
    assert f"checking {NAME}.ipynb: 0 s so far" in told.err


def test_check_on_a_solved_notebook_all_passes(course, sandbox, capsys):
    path = write(course.release(NAME) / "mine.ipynb", answer(course, RIGHT))
    assert main(["check", path]) == 0
    assert "1 of 1 public checks" in capsys.readouterr().out


def test_check_tells_expected_and_got_in_the_terminals_width_and_colours(
    course, sandbox, monkeypatch, capsys
):
    path = write(course.release(NAME) / "mine.ipynb", answer(course, ADDS))
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "50")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert main(["check", path]) == 1
    told = capsys.readouterr().out
    assert "\x1b[31m  ✗ fail  \x1b[0m`scale` gives a new array" in told
    assert re.search(r"`scaled` \[\d\]: expected -?[\d.]+, got -?[\d.]+", " ".join(told.split()))
    assert max(len(re.sub(r"\x1b\[\d+m", "", line)) for line in told.splitlines()) <= 50


def test_check_full_adds_hidden_checks_and_names_the_mistake(course, sandbox, capsys):
    path = write(course.root / "work" / f"{NAME}.ipynb", answer(course, WRITES))
    assert main(["check", path]) == 0
    assert main(["check", path, "--full"]) == 1
    told = capsys.readouterr().out
    assert "1 of 2 checks, hidden ones too" in told
    assert "hint: `scale` changes the array that it was given." in told
    assert not course.state.exists(), "a check leaves no salt and no results"


def test_check_works_without_the_courses_sources(course, tmp_path_factory, monkeypatch, sandbox, capsys):
    folder = tmp_path_factory.mktemp("student") / NAME
    shutil.copytree(course.release(NAME), folder)
    monkeypatch.chdir(folder)
    path = write(folder / f"{NAME}.ipynb", answer(course, ADDS))
    assert main(["check", path, "--json"]) == 1
    made = json.loads(capsys.readouterr().out)
    assert made["exercises"][0]["hint"] == "The factor is added; it should multiply."
    assert main(["check", path, "--full"]) == 2
    assert "hidden checks" in capsys.readouterr().err
    (folder / "expected.npz").unlink()
    assert main(["check", path]) == 2
    assert "expected.npz is not in" in capsys.readouterr().err


def test_check_writes_gradescopes_results(course, sandbox, capsys):
    path = write(course.root / "work" / f"{NAME}.ipynb", answer(course, WRITES))
    assert main(["check", path, "--full", "--gradescope", "results.json"]) == 1
    made = json.loads((course.root / "results.json").read_text())
    public = load(course.authored(NAME)).check("scale.values").points
    assert made["score"] == public
    seen = {t["visibility"]: (t["score"], t["max_score"], t["status"]) for t in made["tests"]}
    assert seen == {
        "visible": (public, public, "passed"),
        "after_due_date": (0.0, 10.0 - public, "failed"),
    }


def test_check_hides_the_engine_where_grading_does(course, sandbox, capsys):
    source = course.authored(NAME) / "notebook.py"
    borrows = "from minigrad import Tensor\ndef scale(x, factor):\n    return (Tensor(x) * factor).data"
    path = write(course.release(NAME) / "mine.ipynb", answer(course, borrows))
    assert main(["check", path]) == 0
    source.write_text(f"# ---\n# jupyter:\n#   minigrad:\n#     engine: false\n# ---\n{source.read_text()}")
    assert main(["build"]) == 0
    assert main(["check", path]) == 1
    assert "`scale` is not defined: ImportError: cannot import name 'Tensor'" in capsys.readouterr().out


def test_check_says_so_when_there_is_no_sandbox(course, monkeypatch, capsys):
    class Elsewhere(Server):
        def __init__(self, isolation="auto", **options):
            if isolation == "auto":
                raise SandboxUnavailable("no sandbox on this system")
            super().__init__(isolation, **options)

    monkeypatch.setattr(offline, "Lent", Elsewhere)
    path = write(course.release(NAME) / "mine.ipynb", answer(course, RIGHT))
    assert main(["check", path]) == 0
    assert "no sandbox here: your notebook's code runs as you" in capsys.readouterr().err


def test_check_refuses_what_is_no_notebook(course, sandbox, capsys):
    path = course.release(NAME) / "mine.ipynb"
    path.write_text("nothing")
    assert main(["check", str(path)]) == 1
    told = f"{NAME}: grading would refuse this notebook: the file is not a notebook: it is not valid JSON\n"
    assert capsys.readouterr().out == told
    assert main(["check", str(path), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["status"] == "refused"


def test_a_renamed_notebook_is_found_by_the_name_that_it_says(course, tmp_path_factory, monkeypatch, sandbox):
    alone = tmp_path_factory.mktemp("downloads")
    path = write(alone / "final (2).ipynb", answer(course, RIGHT))
    assert main(["check", path]) == 0, "in the course that the shell is in"
    assert main(["check", path, "--full"]) == 0
    shutil.copytree(course.release(NAME), alone / NAME)
    monkeypatch.chdir(alone.parent)
    assert main(["check", path]) == 0, "beside it, where there is no course"
    shutil.rmtree(alone / NAME)
    assert main(["check", path]) == 2


def test_collect_lays_an_archive_out(course, tmp_path_factory, capsys):
    archive = tmp_path_factory.mktemp("lms") / "all.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr(f"Ada L_12_assignsubmission_file_/{NAME}.ipynb", json.dumps(answer(course, RIGHT)))
        made.writestr("Ada L_12_assignsubmission_file_/\x1b[31mnotes.txt", "words")
        made.writestr("Bea M_13_assignsubmission_file_/essay.txt", "words")
        made.writestr("__MACOSX/x", "words")
        made.writestr("elsewhere.ipynb", "{}")
    assert main(["collect", NAME, str(archive)]) == 1
    told = capsys.readouterr()
    assert "0 submissions laid into" in told.out
    assert "list the class in roster.csv" in told.err
    assert told.err.splitlines()[-3:] == [
        "minigrad: lines for roster.csv, whose first is student,name,email; with an id in place of STUDENT:",
        "minigrad:   STUDENT,Ada L,",
        "minigrad:   STUDENT,Bea M,",
    ]
    assert not course.submitted.exists()

    course.roster.write_text("student,name\nada,Ada L\nbea,Bea M\n")
    assert main(["collect", NAME, str(archive), "--dry-run"]) == 1
    seen = capsys.readouterr()
    assert not course.submitted.exists()
    assert not course.attempts(NAME).exists()
    assert main(["collect", NAME, str(archive)]) == 1
    told = capsys.readouterr()
    done, _, after = told.out.partition("next: ")
    assert (seen.out.replace("would be laid", "laid"), seen.err) == (done, told.err)
    assert after.startswith("`minigrad")
    assert NAME in after
    told = told._replace(out=done)
    assert told.out.splitlines() == [
        f"ada Ada L <- Ada L_12_assignsubmission_file_/{NAME}.ipynb (time unknown)",
        f"1 submission laid into {course.submitted}, read as: Moodle",
    ]
    assert told.err.splitlines() == [
        "minigrad: no notebook was handed in: bea (Bea M_13_assignsubmission_file_/essay.txt)",
        "minigrad: left out, not in the form of the others: Moodle: elsewhere.ipynb",
        "minigrad: not taken, beside the notebook that counts: "
        "Ada L_12_assignsubmission_file_/\ufffd[31mnotes.txt",
        "minigrad: not taken: 1 files of systems' own (.DS_Store, __MACOSX, Thumbs.db)",
    ]
    assert course.submissions(NAME).keys() == {"ada"}
    course.roster.write_text("name;email\n")
    assert main(["collect", NAME, str(archive)]) == 2
    assert "roster.csv, line 1: no column `student`" in capsys.readouterr().err


# --- grade, report, explain -----------------------------------------------------------------------


def test_grade_report_explain(course, sandbox, nbgrader, capsys):
    assert main(["grade", NAME]) == 2
    assert "nothing to grade" in capsys.readouterr().err
    assert main(["report", NAME]) == 2
    assert f"run `minigrad grade {NAME}`" in capsys.readouterr().err

    hand_in(course, "a", answer(course, RIGHT))
    hand_in(course, "b", answer(course, ADDS))
    assert main(["grade", NAME, "--workers", "1"]) == 0
    told = capsys.readouterr()
    assert "hint: The factor is added" in told.out
    assert "grading 01-tiny: 2 of 2" in told.err
    assert [r.score for r in nbgrader.recorded[0].values()] == [10.0, 0.0]

    hand_in(course, "c", b"no notebook")
    assert main(["grade", NAME, "--workers", "1", "--json"]) == 1
    made = json.loads(capsys.readouterr().out)
    assert {s: r["status"] for s, r in made.items()} == {"a": "graded", "b": "graded", "c": "refused"}

    assert main(["report", NAME, "--out", "out"]) == 0
    assert f"wrote report-{NAME}.json" in capsys.readouterr().out
    assert json.loads((course.root / "out" / f"report-{NAME}.json").read_text()).keys() == {"a", "b", "c"}
    assert (course.root / "out" / f"report-{NAME}.csv").read_text(encoding="utf-8-sig").startswith("student,")
    for path in (
        course.root / "out",
        *(course.root / "out").iterdir(),
        course.state,
        *course.state.rglob("*"),
    ):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    assert "<!doctype html>" in (course.root / "out" / f"report-{NAME}.html").read_text()

    assert main(["explain", "b", "scale.original"]) == 0
    told = capsys.readouterr().out
    assert "12 of 12 entries are wrong" in told
    assert "expected" in told
    assert main(["explain", "b", "scale.original", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["student"], made["check"], made["passed"]) == ("b", "scale.original", False)
    (scaled,) = (values for values in made["arrays"] if values["name"] == "scaled")
    assert (scaled["size"], scaled["wrong"], len(scaled["worst"])) == (12, 12, 5)
    assert main(["explain", "b", "scale.original", "--html"]) == 0
    page = capsys.readouterr().out
    assert "12 of 12 entries are wrong" in page
    assert page.count("<svg") == 1, "of the array that is wrong"
    assert main(["explain", "nobody", "scale.original"]) == 2
    assert main(["explain", "b", "scale.nothing"]) == 2


def test_regrade_previews_who_gains_and_loses(course, sandbox, nbgrader, capsys):
    assert main(["regrade", NAME]) == 2
    assert f"run `minigrad grade {NAME}`" in capsys.readouterr().err
    for student, text in {"a": RIGHT, "b": ADDS, "c": WRITES}.items():
        hand_in(course, student, answer(course, text))
    main(["grade", NAME, "--workers", "1"])
    assert main(["regrade", NAME, "--preview", "--workers", "1"]) == 0
    assert "0 of 3 submissions change: 0 gain, 0 lose; nothing was recorded" in capsys.readouterr().out

    hidden = course.authored(NAME) / "checks.py"
    mutants = course.authored(NAME) / "mutants.py"
    hidden.write_text(hidden.read_text().replace('"x": x, ', ""))  # writing into x is no mistake any more
    mutants.write_text(mutants.read_text().replace('["scale.original"]', '["scale.values"]'))
    before = last_reports(course, NAME)
    nbgrader.recorded.clear()
    assert main(["regrade", NAME, "--preview", "--workers", "1", "--json"]) == 0
    (change,) = json.loads(capsys.readouterr().out)
    hidden_points = load(course.authored(NAME)).check("scale.original").points
    found = (change["student"], change["before"], change["after"], change["difference"])
    assert found == ("c", 10 - hidden_points, 10, hidden_points)
    assert (change["gained"], change["lost"]) == (["scale.original"], [])
    assert last_reports(course, NAME) == before
    assert nbgrader.recorded == []

    assert main(["regrade", NAME, "--workers", "1"]) == 0
    told = capsys.readouterr()
    assert "gains scale.original" in told.out
    assert "1 of 3 submissions change: 1 gain, 0 lose" in told.out
    assert [r.score for r in nbgrader.recorded[0].values()] == [10.0, 0.0, 10.0]
    assert last_reports(course, NAME)["c"].score == 10


def test_export_writes_the_gradebooks_totals_under_the_assignments_name(
    course, nbgrader, monkeypatch, capsys
):
    """In a roster's order; whom no file has, and whom the LMS's leaves out, is named."""
    assert main(["export", NAME]) == 2
    assert f"no gradebook has {NAME} yet: run `minigrad grade {NAME}`" in capsys.readouterr().err
    nbgrader.registered_names.append(NAME)
    read_salt(course.salt(NAME))
    write(course.reports(NAME) / "b" / "key.json", {})
    nbgrader.found = {"b": Total(7.5, 2.5, False), "a": Total(4.0, 0.0, True), "zoe": Total(1.0, 0.0, False)}
    course.roster.write_text("student,canvas\nb,22\na,11\n")
    hand_in(course, "a", b"")
    hand_in(course, "b", b"")
    assert main(["export", NAME, "--to", "canvas", "--out", "out"]) == 1
    told = capsys.readouterr()
    assert told.out.splitlines() == [
        f"{NAME}, of 10 points: 1 graded, 1 needs a person",
        f"wrote grades-{NAME}.csv and grades-{NAME}-canvas.csv into out",
        f"next: `minigrad report {NAME}`, which says what a person must see to, then "
        f"`minigrad export {NAME} --to canvas --out out` again",
    ]
    assert told.err.splitlines() == [
        "minigrad: zoe: not in roster.csv, so in no file",
        f"minigrad: zoe was graded and still counts, but nothing of {NAME} is in submitted/ any more: put it "
        "back, or `minigrad roster forget zoe`",
        "minigrad: not for canvas: a: needs a person",
    ]
    plain = (course.root / "out" / f"grades-{NAME}.csv").read_text(encoding="utf-8-sig").splitlines()
    assert plain[1:] == ["b,,,,7.5,10,graded,2.5,", "a,,,,4,10,needs a person,,"]
    lms = (course.root / "out" / f"grades-{NAME}-canvas.csv").read_text().splitlines()
    assert lms[2:] == ["b,22,,,,7.5"]
    del nbgrader.found["zoe"]
    assert main(["export", NAME, "--out", "out"]) == 0
    monkeypatch.setattr(gradebook, "plugin", lambda: None)
    assert main(["export", NAME]) == 2
    assert "nbgrader keeps the gradebook, and is not installed" in capsys.readouterr().err


def test_a_new_salt_is_another_round(course, sandbox):
    hand_in(course, "a", answer(course, RIGHT))
    main(["grade", NAME])
    before = course.salt(NAME).read_text()
    main(["grade", NAME])
    assert course.salt(NAME).read_text() == before
    main(["grade", NAME, "--new-salt"])
    assert course.salt(NAME).read_text() != before


def test_a_new_round_begins_where_nothing_was_handed_in_too(course, capsys):
    """As where students hand in on a platform, whose packs' salts are made of this one."""
    salts = set()
    for words in ([], [], ["--json"]):
        assert main(["grade", NAME, "--new-salt", *words]) == 0
        salts.add(course.salt(NAME).read_text())
        told = capsys.readouterr()
        assert f"a new round of {NAME} begins" in told.err
        assert "nothing lies in submitted/, so nothing was graded" in told.err
        assert told.out == ("{}\n" if words else "")
    assert len(salts) == 3


def test_unsafe_results_and_files_from_elsewhere_are_never_recorded(course, sandbox, nbgrader, capsys):
    hand_in(course, "a", answer(course, RIGHT))
    assert main(["grade", NAME, "--unsafe", "--workers", "1"]) == 0
    assert "nothing is recorded" in capsys.readouterr().err
    path = write(course.root / "mail" / "b.ipynb", answer(course, RIGHT))
    assert main(["grade", NAME, path, "--workers", "1"]) == 0
    assert "b" in capsys.readouterr().out
    assert nbgrader.recorded == []
    assert last_reports(course, NAME) == {}
    assert main(["grade", NAME, "submitted", "--workers", "1"]) == 0
    assert nbgrader.recorded[0].keys() == {"a"}


def test_every_folder_that_is_not_graded_has_a_line(course, sandbox, nbgrader, capsys):
    """In the table, the CSV, the JSON and the HTML; nobody has one who handed in another assignment."""
    right = json.dumps(answer(course, RIGHT))
    at = {
        "copies/01-tiny/01-tiny-Copy1.ipynb": "none of its 2 notebooks",
        "copies/01-tiny/01-tiny-Copy2.ipynb": "none of its 2 notebooks",
        "capital/01-tiny/01-tiny.IPYNB": "",
        "text/01-tiny/01-tiny.ipynb.txt": "there is 01-tiny.ipynb.txt",
        "nested/01-tiny/mine/01-tiny.ipynb": "one lies at mine/01-tiny.ipynb",
        "deep/submitted/01-tiny/01-tiny.ipynb": "one lies at submitted/01-tiny/01-tiny.ipynb",
        "flat/01-tiny.ipynb": "one lies at 01-tiny.ipynb",
        "case/01-Tiny/01-tiny.ipynb": "called 01-Tiny",
        "file/01-tiny": "01-tiny is a file",
        "plain/01-tiny/01-tiny.ipynb": "",
        "other/02-other/02-other.ipynb": "",
    }
    for name in at:
        (course.submitted / name).parent.mkdir(parents=True, exist_ok=True)
        (course.submitted / name).write_text(right)
    (course.submitted / "empty").mkdir()
    (course.submitted / "empty-too" / NAME).mkdir(parents=True)
    (course.submitted / "link").symlink_to("plain")
    (course.submitted / "linked").mkdir()
    (course.submitted / "linked" / NAME).symlink_to(course.submitted / "plain" / NAME)
    (course.submitted / ".hidden").mkdir()
    (course.submitted / "read.me").write_text("no folder")
    assert main(["new", "02-other"]) == 0
    capsys.readouterr()
    assert main(["grade", NAME, "--workers", "1"]) == 1
    why = {name.split("/")[0]: reason for name, reason in at.items() if reason}
    why |= {"empty": "is empty", "empty-too": "is empty", "link": "is a link", "linked": "is a link"}
    told, aside = capsys.readouterr()
    assert "submitted/read.me is in no student's folder" in aside
    assert "submitted/.hidden is hidden" in aside
    assert main(["report", NAME]) == 0
    values = json.loads((course.work / f"report-{NAME}.json").read_text())
    assert values.keys() == nbgrader.recorded[0].keys() == {*why, "plain", "capital"}
    table, page = ((course.work / f"report-{NAME}.{kind}").read_text() for kind in ("csv", "html"))
    for student, reason in why.items():
        assert values[student]["status"] == "refused"
        assert reason in values[student]["reason"]
        assert values[student]["reason"] in table.replace('""', '"')
        assert f">{student}<" in page
        assert reason in page
        assert f"\n{student} " in told


@pytest.fixture(scope="module")
def three(tmp_path_factory, template: Path) -> Path:
    """Two students with three assignments each; the second and third answers are wrong for the first."""
    course = Course.at(shutil.copytree(template, tmp_path_factory.mktemp("three"), dirs_exist_ok=True))
    for name in ("02-other", "03-third"):
        assert main(["--course", str(course.root), "new", name]) == 0
        build(load(course.authored(name)), course.root / "assignments")
    for student, text in (("x1", RIGHT), ("x2", ADDS)):
        hand_in(course, student, answer(course, text))
        for name in ("02-other", "03-third"):
            write(course.submitted / student / name / f"{name}.ipynb", answer(course, "scale = None"))
    return course.root


@pytest.fixture
def term(tmp_path: Path, three: Path, monkeypatch) -> Course:
    shutil.copytree(three, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return Course.at(tmp_path)


@pytest.mark.parametrize(
    "paths",
    [
        ["submitted/x1", "submitted/x2"],
        ["submitted"],
        ["submitted/x1/", f"./submitted/../submitted/x2/{NAME}"],
        [f"submitted/x1/{NAME}/{NAME}.ipynb", "submitted/x2", "submitted/x2"],
        ["handed in/x1/", f"handed in/x2/{NAME}"],
    ],
)
def test_a_students_folder_means_the_assignment_that_is_graded(term, sandbox, nbgrader, capsys, paths):
    (term.root / "handed in").symlink_to("submitted")
    assert main(["grade", NAME, *paths]) == 0
    (made,) = nbgrader.recorded
    assert {s: r.score for s, r in made.items()} == {"x1": 10.0, "x2": 0.0}
    assert last_reports(term, NAME).keys() == {"x1", "x2"}
    assert not last_reports(term, "02-other")


@pytest.mark.parametrize(
    ("folder", "typed"),
    [("Zo\u00eb von \u00dc", "Zo\u00eb von \u00dc"), ("Zoe\u0308", "Zo\u00eb"), ("-x", "-x"), ("X1", "X1")],
)
def test_a_students_folder_may_have_any_name(course, monkeypatch, folder, typed):
    asked = {}
    monkeypatch.setattr(
        classroom, "grade_class", lambda course, assignment, files, **rest: asked.update(files) or {}
    )
    for student in (folder, "x1"):
        hand_in(course, student, answer(course, RIGHT))
    assert main(["grade", NAME, f"submitted/{typed}", "--unsafe"]) == 0
    assert asked.keys() == {folder}


def test_folders_elsewhere_are_graded_for_that_assignment_and_not_recorded(term, sandbox, nbgrader, capsys):
    term.submitted.rename(term.root / "download")
    assert main(["grade", NAME, "download/x1", "download/x2", "--json"]) == 0
    told = capsys.readouterr()
    scores = {s: r["score"] for s, r in json.loads(told.out).items()}
    assert scores == {"x1": 10.0, "x2": 0.0}
    assert "not in submitted/, so nothing is recorded" in told.err
    assert nbgrader.recorded == []


@pytest.mark.parametrize(
    ("paths", "why"),
    [
        (["submitted/x1/02-other"], f"not about {NAME}"),
        (["submitted/nobody"], f"nothing of {NAME}"),
        ([f"submitted/x1/{NAME}/copy.ipynb"], "not what counts"),
        (["submitted/x1", "elsewhere.ipynb"], "two commands"),
        (["solutions"], f"no notebook of {NAME}"),
    ],
)
def test_paths_that_do_not_say_what_to_grade_are_refused(term, nbgrader, capsys, paths, why):
    assert main(["grade", NAME, *paths]) == 2
    assert why in capsys.readouterr().err
    assert nbgrader.recorded == []


@pytest.mark.parametrize(
    "words",
    [
        [NAME, "--workers", "1", "submitted/x1", "submitted/x2"],
        ["--workers", "1", NAME, "submitted/x1", "submitted/x2"],
        [NAME, "submitted/x1", "--workers", "1", "submitted/x2", "--json"],
    ],
)
def test_options_may_stand_anywhere(term, monkeypatch, words):
    asked = {}
    monkeypatch.setattr(
        classroom, "grade_class", lambda course, assignment, files, **rest: asked.update(files) or {}
    )
    assert main(["grade", *words, "--unsafe"]) == 0
    assert asked.keys() == {"x1", "x2"}


def test_an_unknown_option_is_wrong_usage_wherever_it_stands(term, capsys):
    for words in (["grade", NAME, "--wokers", "1", "submitted/x1"], ["report", NAME, "more"]):
        with pytest.raises(SystemExit) as end:
            main(words)
        assert end.value.code == 2
        assert "unrecognized arguments" in capsys.readouterr().err


def test_a_build_that_the_gradebook_refuses_changes_nothing(course, nbgrader, monkeypatch, capsys):
    def refuse(course, assignment):
        raise GradingError("its graded cells changed")

    monkeypatch.setattr(nbgrader, "register", refuse)
    before = {p: p.read_bytes() for p in course.release(NAME).iterdir()}
    source = course.authored(NAME) / "notebook.py"
    source.write_text(source.read_text().replace("# # ", "# # Another "))
    assert main(["build", NAME]) == 2
    assert "its graded cells changed" in capsys.readouterr().err
    assert {p: p.read_bytes() for p in course.release(NAME).iterdir()} == before
    monkeypatch.undo()


def test_what_nbgrader_writes_for_us_is_its_owners_alone(course, nbgrader, monkeypatch):
    def write(*given, **more):
        (course.work / "autograded" / "a").mkdir(parents=True)
        course.gradebook.touch()
        return {}

    monkeypatch.setattr(nbgrader, "record", write)
    monkeypatch.setattr(classroom, "grade_class", lambda *given, **more: {})
    before = os.umask(0o022)
    try:
        hand_in(course, "a", answer(course, RIGHT))
        assert main(["grade", NAME]) == 0
        assert os.umask(0o022) == 0o022, "as it was"
    finally:
        os.umask(before)
    for path, mode in (
        (course.work / "autograded", 0o700),
        (course.feedback, 0o700),
        (course.gradebook, 0o600),
    ):
        assert stat.S_IMODE(path.stat().st_mode) == mode


def test_names_that_would_move_a_cursor_are_shown_without(course, monkeypatch, capsys):
    from minigrad.grading.model import Alike, Pair

    evil = "\x1b[2J\u202eann\u200b"
    monkeypatch.setattr(classroom, "last_reports", lambda course, name: {evil: Report(NAME, "graded")})
    group = Alike((evil, "bo"), (Pair((evil, "bo"), 1.0),))
    monkeypatch.setattr(classroom, "near_identical", lambda *given: [group])
    assert main(["report", NAME]) == 0
    assert main(["collect", NAME, evil]) == 2
    told = capsys.readouterr()
    assert all(c.isprintable() or c == "\n" for c in told.out + told.err)
    assert "near-identical work, 100 %" in told.out


def test_a_cluster_elsewhere_needs_tls(course, capsys):
    pytest.importorskip("distributed")
    hand_in(course, "a", answer(course, RIGHT))
    words = ["grade", NAME, "--executor", "dask", "--scheduler", "tcp://10.0.0.3:8786"]
    assert main(words) == 2
    assert "salts and submissions would travel there in the open" in capsys.readouterr().err
    assert main([*words, "--unsafe"]) == 2
    assert "leave out --executor dask" in capsys.readouterr().err


def test_no_sandbox_is_2_and_names_the_way_out(course, monkeypatch, capsys):
    def none(*args, **options):
        raise SandboxUnavailable("no sandbox can be set up here")

    monkeypatch.setattr(court, "Judge", none)
    hand_in(course, "a", answer(course, RIGHT))
    assert main(["grade", NAME, "--workers", "1"]) == 2
    assert "--unsafe" in capsys.readouterr().err


def test_matrix_writes_rows_and_complains(course, sandbox, capsys):
    assert main(["matrix", "--json", "matrix.json"]) == 0
    rows = json.loads((course.root / "matrix.json").read_text())
    assert {r["mutant"]: r["killed"] for r in rows if "mutant" in r} == {"adds": True, "writes into x": True}
    assert {r["variant"]: r["score"] for r in rows if "variant" in r} == {"solution": 10, "np.multiply": 10}
    mutants = course.authored(NAME) / "mutants.py"
    mutants.write_text(mutants.read_text().replace("return x + factor", "return factor * x"))
    assert main(["matrix"]) == 1
    assert "mutant adds passes every check" in capsys.readouterr().err


def test_an_authors_mistake_is_one_line(course, capsys):
    (course.authored(NAME) / "checks.py").write_text("import nowhere_at_all\n")
    assert main(["build"]) == 2
    told = capsys.readouterr().err
    assert f"{NAME}/checks.py, line 1: ModuleNotFoundError" in told


NOTHING = "08-looking-back"


@pytest.fixture
def ungraded(course: Course) -> str:
    """A second assignment, in which nothing is asked for."""
    folder = course.authored(NOTHING)
    folder.mkdir()
    (folder / "notebook.py").write_text(
        '# %% [markdown] id="title"\n# # Looking back\n\n# %% kind="lab" id="harness"\n'
        f'from minigrad.grading.notebook.checks import checks\n\nchecks("{NOTHING}", globals())\n\n'
        '# %% kind="solution" id="mine"\nguess = None\n'
    )
    for file in ("public_checks.py", "checks.py"):
        (folder / file).write_text('"""Nothing is checked."""\n')
    return NOTHING


def test_an_ungraded_assignment_is_built_and_checked_and_has_no_score(
    course, ungraded, nbgrader, sandbox, capsys
):
    assert main(["build", ungraded]) == 0
    assert main(["build", "--check", ungraded]) == 0
    assert nbgrader.registered_names == [ungraded]
    capsys.readouterr()
    path = str(course.release_notebook(ungraded))
    assert main(["check", path]) == 0
    assert main(["check", "--full", path]) == 0
    assert capsys.readouterr().out == f"{ungraded}: nothing here is graded automatically\n" * 2
    assert main(["matrix", ungraded]) == 0
    assert capsys.readouterr().out == f"{ungraded}: it has no checks, so there is nothing to test\n"
    for command in ("grade", "regrade"):
        assert main([command, ungraded]) == 2
        assert f"nothing in {ungraded} is graded" in capsys.readouterr().err


def test_the_harness_of_an_ungraded_assignment_has_no_exercises(course, ungraded, monkeypatch):
    assert main(["build", ungraded]) == 0
    monkeypatch.chdir(course.release(ungraded))
    check = checks(ungraded, {})
    assert repr(check) == f"checks of {ungraded}: none"
    with pytest.raises(ValueError, match="nothing in 08-looking-back is checked"):
        check("anything")
