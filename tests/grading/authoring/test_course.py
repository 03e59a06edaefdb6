"""A course of one's own: laid out whole, overwriting nothing; one without the judge is refused."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from contextlib import nullcontext
from pathlib import Path

import pytest

from minigrad.cli import main
from minigrad.cli.commands.author import init
from minigrad.grading.assignment.load import FILES
from minigrad.grading.authoring import bundle
from minigrad.grading.authoring import course as authoring
from minigrad.grading.model import GradingError
from minigrad.grading.roster import read_roster
from minigrad.grading.store.configuration import FILE, TEXT, demand_configuration
from minigrad.grading.store.dates import Dates, read_dates
from minigrad.grading.store.layout import Course
from tests.grading.handed_in import NAME, new_course

ROOT = Path(__file__).parents[3]


@pytest.fixture
def clone(tmp_path: Path, monkeypatch) -> Course:
    """What assignments are copied from."""
    made, _ = new_course(tmp_path / "clone")
    made.release(NAME).mkdir(parents=True)
    (made.release(NAME) / "expected.npz").touch()
    (made.authored(NAME) / "__pycache__").mkdir()
    monkeypatch.chdir(made.root)
    return made


def listed(folder: Path) -> set[str]:
    """The files of a folder, without git's own."""
    files = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    return {name for name in files if not name.startswith(".git/")}


def test_a_course_is_laid_out_with_copies_and_builds(clone, tmp_path, capsys):
    made = Course.at(tmp_path / "mine")
    assert main(["init", "../mine", NAME]) == 0
    sources = {f"solutions/{NAME}/{p.name}" for p in clone.authored(NAME).iterdir() if p.is_file()}
    assert listed(made.root) == {
        *(".gitignore", "course.toml", "roster.csv", "requirements.txt", ".github/workflows/course.yml"),
        *(FILE, f"assignments/{NAME}/expected.npz", *sources),
    }
    assert (made.root / ".git").is_dir()
    assert f"cd {made.root}" in capsys.readouterr().out
    demand_configuration(made)
    assert main(["--course", str(made.root), "build", "--check"]) == 1, "understood, and not built yet"


def test_what_lies_beside_an_assignments_files_is_not_copied(clone, tmp_path):
    (tmp_path / "secret").write_text("another's")
    (clone.authored(NAME) / "link.txt").symlink_to(tmp_path / "secret")
    (clone.authored(NAME) / "film.mp4").touch()
    (clone.release(NAME) / "progress.jsonl").touch()
    assert main(["init", "../mine", NAME]) == 0
    assert {p.name for p in (tmp_path / "mine").glob(f"*/{NAME}/*")} == {*FILES, "expected.npz"}
    bundle.main([str(tmp_path / "all.zip"), "--sources"])
    bundle.main([str(tmp_path / "releases.zip")])
    release = [f"assignments/{NAME}/expected.npz"]
    sources = [f"solutions/{NAME}/{file}" for file in FILES]
    assert sorted(zipfile.ZipFile(tmp_path / "all.zip").namelist()) == release + sorted(sources)
    assert zipfile.ZipFile(tmp_path / "releases.zip").namelist() == release


def test_a_link_among_an_assignments_files_is_refused(clone, tmp_path, capsys):
    checks = clone.authored(NAME) / "checks.py"
    checks.rename(tmp_path / "checks.py")
    checks.symlink_to(tmp_path / "checks.py")
    assert main(["init", "../mine", NAME]) == 2
    assert f"{NAME}/checks.py is a link" in capsys.readouterr().err


def test_git_takes_nothing_private(clone, tmp_path):
    main(["init", "../mine"])
    made = Course.at(tmp_path / "mine")
    private = (
        *(made.salt(NAME), made.submitted / "ada" / "x", made.work / "autograded" / "x", made.feedback / "x"),
        *(made.gradebook, made.roster, made.work / f"grades-{NAME}-canvas.csv", made.work / "grades.csv"),
        *(made.work / f"report-{NAME}.json", made.attempts(NAME) / "x", made.work / "all.zip"),
    )
    for path in private:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    words = ["git", "-C", str(made.root), "ls-files", "--others", "--exclude-standard"]
    taken = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    assert set(taken) == listed(made.root) - {str(p.relative_to(made.root)) for p in private}


def test_nothing_is_overwritten(clone, tmp_path, capsys):
    mine = tmp_path / "mine"
    (mine / ".git").mkdir(parents=True)
    (mine / "course.toml").write_text("# my own\n")
    assert main(["init", str(mine)]) == 0
    assert "course.toml was there, and stays as it is" in capsys.readouterr().err
    assert (mine / "course.toml").read_text() == "# my own\n"
    assert not list((mine / ".git").iterdir())
    before = listed(tmp_path)
    assert main(["init", str(mine)]) == 2
    assert "is a course already" in capsys.readouterr().err
    (mine / FILE).write_text("c = get_config()\n")
    assert main(["init", str(mine), NAME]) == 2
    assert "move it away" in capsys.readouterr().err
    (mine / FILE).unlink()
    (mine / "solutions" / NAME).mkdir()
    assert main(["init", str(mine), NAME]) == 2
    assert f"leave out {NAME}" in capsys.readouterr().err
    assert listed(tmp_path) == before - {str(Path("mine", FILE))}


def test_copies_need_a_course_that_has_them(clone, tmp_path, monkeypatch, capsys):
    assert main(["init", "../mine", "09-none"]) == 2
    assert "no assignment '09-none'" in capsys.readouterr().err
    monkeypatch.chdir(tmp_path)
    assert main(["init", "mine", NAME]) == 2
    assert "install the staff wheel" in capsys.readouterr().err
    assert not (tmp_path / "mine").exists()
    assert main(["--course", "clone", "init", "mine", NAME]) == 0


def test_where_there_is_no_course_copies_come_from_the_staff_wheel(clone, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(authoring, "BUNDLED", tmp_path / "bundled.zip")
    with zipfile.ZipFile(authoring.BUNDLED, "w") as made:
        for path in clone.authored(NAME).glob("*.py"):
            made.write(path, f"solutions/{NAME}/{path.name}")
    monkeypatch.chdir(tmp_path)
    assert main(["init", "mine", "09-none"]) == 2
    assert f"there is {NAME}" in capsys.readouterr().err
    assert main(["init", "mine", NAME]) == 0
    assert {p.name for p in (tmp_path / "mine" / "solutions" / NAME).iterdir()} == {
        p.name for p in clone.authored(NAME).iterdir() if p.is_file()
    }


def test_without_git_a_line_says_so(clone, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(init.shutil, "which", lambda name: None)
    assert main(["init", "../mine"]) == 0
    assert "git is not installed" in capsys.readouterr().err


def test_the_files_of_a_new_course_count_for_nothing_until_filled_in(clone, tmp_path):
    main(["init", "../mine"])
    made = Course.at(tmp_path / "mine")
    assert read_roster(made.roster) is None
    assert read_dates(made.dates, ()) == Dates()


def test_the_course_file_explains_every_key(tmp_path):
    whole = re.sub(r"^# (?=\[|\w+ = |01-rnn|s17)", "", authoring.COURSE_TOML, flags=re.MULTILINE)
    (tmp_path / "course.toml").write_text(whole)
    read = read_dates(tmp_path / "course.toml", ("01-rnn", "02-lstm", "03-gru"))
    empty = Dates()
    assert all(getattr(read, name) != getattr(empty, name) for name in Dates.__dataclass_fields__)


def test_the_workflow_is_valid_by_its_schema(tmp_path):
    (tmp_path / "course.yml").write_text(authoring.WORKFLOW)
    words = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows"]
    done = subprocess.run([*words, str(tmp_path / "course.yml")], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


# --- the configuration of nbgrader ----------------------------------------------------------------


def test_the_projects_own_is_that_of_every_course():
    assert (ROOT / FILE).read_text(encoding="utf-8") == TEXT


COMMANDS = (
    *("build", "matrix", "new 02-other", f"collect {NAME} x.zip", f"grade {NAME}", f"regrade {NAME}"),
    *(f"report {NAME}", f"export {NAME}", "explain ada scale.values", f"init ../new {NAME}", "history ada"),
    f"platform gradescope {NAME}",
    f"platform github {NAME}",
    f"platform prairielearn {NAME} --image x",
    *("roster", f"feedback {NAME}", "upgrade --preview python"),
    f"handback {NAME} --to moodle",
    f"check --full solutions/{NAME}",
    *("roster rename ada s1", "solution scale"),
)
STUDY = {"start", "progress"}  # they grade nothing, and need no course


@pytest.mark.parametrize("words", COMMANDS)
def test_a_course_that_nbgrader_would_grade_alone_is_refused(clone, words, capsys):
    (clone.root / FILE).unlink()
    (clone.authored(NAME) / "x.ipynb").touch()
    before = listed(clone.root)
    assert main(words.split()) == 2
    assert f"`minigrad init {clone.root}`" in capsys.readouterr().err
    assert listed(clone.root) == before
    assert main(["init", "."]) == 0
    demand_configuration(clone)


def test_every_command_is_tried():
    from minigrad.cli.app import COMMANDS as ALL

    names = {c.__name__.rpartition(".")[2] for c in ALL}
    assert {words.split()[0] for words in COMMANDS} == names - STUDY


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is not minigrad's"),
        (f"#\n{TEXT}", "is not minigrad's"),
        (TEXT.replace("SystemExit", "ValueError"), "is not minigrad's"),
        (f"{TEXT}\nc.Autograde.autograde_preprocessors = []\n", "line 14: c.Autograde is minigrad's to set"),
        (f"{TEXT}c.CourseDirectory.submitted_directory = 'x'\n", "line 13: c.CourseDirectory.submitted_dir"),
        (f"{TEXT}c.CourseDirectory.course_id = 'rnn'\nc.Exchange.root = '/srv'\n", ""),
    ],
)
def test_lines_of_ones_own_stand_below_and_overrule_nothing(clone, text, why):
    (clone.root / FILE).write_text(text)
    with pytest.raises(GradingError, match=re.escape(why)) if why else nullcontext():
        demand_configuration(clone)


@pytest.mark.filterwarnings("ignore")
def test_nbgrader_refuses_a_course_whose_file_overrules_ours(clone):
    pytest.importorskip("nbgrader")
    from minigrad.grading.nbgrader import plugin
    from minigrad.grading.store.configuration import OURS

    settings = [f"c.{section}.{key}" for section, keys in plugin.config(clone).items() for key in keys]
    assert [name for name in settings if not OURS.match(name)] == []
    with (clone.root / FILE).open("a") as file:
        file.write("c.Autograde.exporter_class = 'nbconvert.exporters.NotebookExporter'\n")
    with pytest.raises(GradingError, match=r"line 13: c.Autograde is minigrad's to set"):
        plugin.config(clone)
