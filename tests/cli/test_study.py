"""Studying: an assignment is laid out, never over work; progress is shown; a solution is earned."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from minigrad.cli import main
from minigrad.cli.commands.study import check, start
from minigrad.grading.assignment import carried as wheel
from minigrad.grading.assignment.load import load
from minigrad.grading.judge.observe import STOPPED
from minigrad.grading.model import Exercise, Report, Verdict
from minigrad.grading.notebook.study import record
from minigrad.grading.store.layout import Course
from tests.grading.handed_in import ADDS, NAME, RIGHT, built_course, notebook

FILES = {f"{NAME}.ipynb", "public_checks.py", "expected.npz"}
POWER = "def scale(x, factor):\n    return x**factor"
ANOTHER = "def scale(x, factor):\n    return x - factor"


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Path:
    return built_course(tmp_path_factory.mktemp("course")).root


@pytest.fixture
def course(tmp_path: Path, template: Path, monkeypatch) -> Path:
    root = shutil.copytree(template, tmp_path / "course")
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def student(tmp_path: Path, template: Path, monkeypatch) -> Path:
    """A student's folder, and a wheel that brings the release along."""
    with zipfile.ZipFile(tmp_path / "releases.zip", "w") as archive:
        for name in FILES:
            archive.write(template / "assignments" / NAME / name, f"assignments/{NAME}/{name}")
    monkeypatch.setattr(wheel, "RELEASES", tmp_path / "releases.zip")
    folder = tmp_path / "Ann's folder ü"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def there(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def test_a_course_s_assignment_is_laid_out_in_its_folder_mine(course: Path, capsys) -> None:
    (course / "assignments" / NAME / "notes.txt").write_text("of somebody")
    assert main(["start", f"{NAME}/", "--no-open"]) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"laid out: mine/{NAME}\n")
    assert f"minigrad check mine/{NAME}/{NAME}.ipynb" in told
    released = there(course / "assignments" / NAME)
    assert there(course / "mine" / NAME) == {name: released[name] for name in FILES}


def test_a_wheel_s_assignment_is_laid_out_in_the_student_s_folder(student: Path, capsys, monkeypatch) -> None:
    assert main(["start", NAME, "--no-open"]) == 0
    assert f"laid out: {NAME}, as minigrad brings it" in capsys.readouterr().out
    assert set(there(student / NAME)) == FILES
    monkeypatch.chdir(student / NAME)
    assert main(["progress"]) == 0
    assert f"{NAME}  0 of 1 exercises pass" in capsys.readouterr().out, "found from within its folder"


def test_what_lies_around_the_folder_is_another_s(student: Path, capsys) -> None:
    main(["start", NAME, "--no-open"])
    shutil.move(student / NAME, student.parent / NAME)
    assert main(["start", NAME, "--no-open"]) == 0
    assert set(there(student / NAME)) == FILES, "not the one beside the current folder"


def test_work_is_never_overwritten(student: Path, capsys) -> None:
    folder = student / NAME
    folder.mkdir()
    (folder / f"{NAME}.ipynb").write_text("mine")
    assert main(["start", NAME, "--no-open"]) == 0
    told = capsys.readouterr()
    assert "is there, and stays as it is" in told.out
    assert "lacks files that its checks need" in told.err
    assert there(folder) == {f"{NAME}.ipynb": b"mine"}
    (folder / f"{NAME}.ipynb").rename(folder / "public_checks.py")
    assert main(["start", NAME, "--no-open"]) == 2
    assert "has another public_checks.py, and nothing is overwritten" in capsys.readouterr().err
    assert there(folder) == {"public_checks.py": b"mine"}


def test_a_lost_notebook_comes_back_beside_its_own_files(student: Path) -> None:
    main(["start", NAME, "--no-open"])
    (student / NAME / f"{NAME}.ipynb").unlink()
    assert main(["start", NAME, "--no-open"]) == 0
    assert set(there(student / NAME)) == FILES


def test_a_damaged_release_is_told_and_the_work_opened(student: Path, capsys) -> None:
    main(["start", NAME, "--no-open"])
    (student / NAME / "expected.npz").write_bytes(b"PK")
    capsys.readouterr()
    assert main(["start", NAME, "--no-open"]) == 0
    told = capsys.readouterr()
    assert "expected.npz is damaged" in told.err
    assert f"open it: jupyter lab {NAME}/{NAME}.ipynb" in told.out


def test_an_unknown_assignment_is_told_which_there_are(student: Path, capsys, monkeypatch) -> None:
    assert main(["start", "99-x"]) == 2
    assert f"there is {NAME}. Was a folder of it given to you?" in capsys.readouterr().err
    monkeypatch.setattr(wheel, "RELEASES", student / "none")
    assert main(["start", NAME]) == 2
    assert "this minigrad brings none along" in capsys.readouterr().err
    assert list(student.iterdir()) == []
    assert main(["progress"]) == 0
    assert "Nothing was begun in" in capsys.readouterr().out


@pytest.mark.parametrize("name", [NAME[:2], NAME.replace("i", "")])
def test_a_name_that_is_cut_or_mistyped_is_told_the_whole_one(
    student: Path, course: Path, capsys, monkeypatch, name
):
    monkeypatch.chdir(student)
    assert main(["start", name, "--no-open"]) == 2
    assert f"no assignment {name!r}: did you mean {NAME}? There is {NAME}" in capsys.readouterr().err
    monkeypatch.chdir(course)
    assert main(["build", name]) == 2
    assert f"did you mean {NAME}?" in capsys.readouterr().err


def test_it_is_opened_in_jupyterlab_where_there_is_one(student: Path, capsys, monkeypatch) -> None:
    found: dict[str, object] = {"jupyterlab": object(), "matplotlib": object()}
    monkeypatch.setattr(importlib.util, "find_spec", found.get)
    commands = []
    monkeypatch.setattr(start, "served", lambda command: commands.append(command) or 7)
    assert main(["start", NAME]) == 7
    (command,) = commands
    assert command[1:3] == ["-m", "jupyterlab"]
    assert command[3:] == [f"--ServerApp.root_dir={student}", str(student / NAME / f"{NAME}.ipynb")]
    found.clear()
    capsys.readouterr()
    assert main(["start", NAME]) == 0
    told = capsys.readouterr()
    assert "python -m pip install jupyterlab" in told.out
    assert "its pictures need matplotlib" in told.err


def test_ctrl_c_is_the_server_s(tmp_path: Path) -> None:
    server = (
        "import time\ntry:\n    print('up', flush=True)\n    time.sleep(60)\n"
        "except KeyboardInterrupt:\n    raise SystemExit(3)"
    )
    code = (
        "import sys\nfrom minigrad.cli.commands.study.start import served\n"
        f"sys.exit(served([sys.executable, '-c', {server!r}]))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "up\n"
        os.killpg(running.pid, signal.SIGINT)
        assert running.wait(60) == 3


def answered(course: Path, text: str) -> str:
    path = course / "mine" / NAME / f"{NAME}.ipynb"
    path.write_text(json.dumps(notebook(load(Course.at(course).authored(NAME)), text)))
    return str(path)


def test_a_solution_is_shown_once_it_was_earned(course: Path, sandbox: None, capsys) -> None:
    main(["start", NAME, "--no-open"])

    def asked(answer: str) -> tuple[int, str]:
        main(["check", answered(course, answer)])
        capsys.readouterr()
        return main(["solution", "scale"]), capsys.readouterr().out

    secret = "return np.asarray(x) * factor"
    assert asked("def scale(x, factor):\n    ...")[0] == 1
    status, told = asked(ADDS)
    assert (status, secret in told) == (1, False)
    assert f"{NAME}/scale: 1 try so far, and it has not passed" in told
    assert f"`minigrad check {course}/mine/{NAME}/{NAME}.ipynb`" in told
    renamed = "def scale(x, by):\n    return x + by"
    stubs = [f"def scale(x, factor):\n    return {n}.0" for n in range(3)]
    broken = "def scale(x, factor)\n    return x"
    for same in (f"{ADDS}  # again", renamed, *stubs, broken):
        assert asked(same)[1].startswith(f"{NAME}/scale: 1 try"), f"{same} is no other try"
    assert asked(POWER)[0] == 1
    status, told = asked(ANOTHER)
    assert (status, secret in told) == (0, True)
    assert told.startswith(f"# {NAME}/scale: shown, since you made 3 different tries\n")
    (course / "mine" / record.FILE).unlink()
    status, told = asked(RIGHT)
    assert (status, secret in told) == (0, True)
    assert "since it passed its public checks" in told
    answered(course, ADDS)
    assert main(["solution", f"{NAME}/scale"]) == 0, "passed once is passed"
    authored = course / "solutions" / NAME / "notebook.py"
    before = '# %% kind="solution" id="scale"'
    guesses = '# %% kind="solution" id="guesses"\nguess = None\n\n'
    authored.write_text(authored.read_text().replace(before, guesses + before))
    capsys.readouterr()
    assert main(["solution", "scale"]) == 0
    told = capsys.readouterr().out
    assert (secret in told, "guess" in told) == (True, False), "room for guesses is no solution"


def test_a_check_by_an_assignment_s_name_is_told_the_notebook(course: Path, sandbox: None, capsys) -> None:
    main(["start", NAME, "--no-open"])
    assert main(["check", NAME]) == 2
    assert f"there is no notebook {NAME}: did you mean mine/{NAME}/{NAME}.ipynb?" in capsys.readouterr().err
    path = Path(answered(course, RIGHT))
    renamed = shutil.copy(path, path.with_suffix(".ipynb.txt"))
    assert main(["check", str(renamed)]) == 0
    assert f"grading takes no file named {renamed.name}: end its name in" in capsys.readouterr().err


def test_what_passes_in_a_terminal_is_kept_as_in_the_notebook(course: Path, sandbox: None, capsys) -> None:
    main(["start", NAME, "--no-open"])
    library = course / "mine" / "mynet.py"

    def told(answer: str) -> str:
        main(["check", answered(course, answer)])
        return capsys.readouterr().out

    assert "mynet.py" not in told(ADDS)
    assert not library.exists(), "it does not pass"
    assert "Not kept in mynet.py: scale, which does not stand alone: no cell defines `asarray`." in told(
        "from numpy import *\n\ndef scale(x, factor):\n    return asarray(x) * factor"
    )
    filled = "ones = {}\nones['a'] = 1.0\n\ndef scale(x, factor, by=ones['a']):\n    return x * factor * by"
    assert "scale, which does not stand alone: KeyError: 'a'.\n" in told(filled)
    assert "Kept in mynet.py for later notebooks: scale." in told(RIGHT)
    names: dict[str, object] = {}
    exec(library.read_text(), names)
    assert names["scale"](3.0, 2.0) == 6.0  # type: ignore[operator]
    assert "mynet.py" not in told(RIGHT), "it is there"
    library.write_text("# --- 02-other · x\n")
    assert "Kept" in told(RIGHT)
    assert "# --- 02-other · x" in library.read_text()
    library.write_bytes(b"\xff")
    assert "mynet.py could not be written: 'utf-8' codec" in told(RIGHT)


def test_a_check_that_was_stopped_tells_what_it_found_and_ends_as_stopped(
    tmp_path: Path, monkeypatch, capsys
) -> None:
    (work := tmp_path / "a.ipynb").touch()
    found = Verdict("scale.a", "scale", "it scales", 1.0, True, True)
    left = Verdict("scale.b", "scale", "it keeps", 1.0, True, False, STOPPED.reason, failure="waits")
    made = Report(NAME, "graded", (Exercise("scale", 2.0, 1.0, (found, left)),))
    monkeypatch.setattr(check, "checked", lambda *_: made)
    assert main(["check", str(work)]) == 130
    assert "it scales" in (told := capsys.readouterr().out)
    assert STOPPED.reason in told


def test_solutions_are_where_the_sources_are(student: Path, capsys) -> None:
    assert main(["solution", "scale"]) == 2
    assert "the solutions lie with the course's sources: no course here" in capsys.readouterr().err


def test_an_exercise_s_name_is_one(course: Path, capsys) -> None:
    assert main(["solution", "scael"]) == 2
    assert "no exercise 'scael': did you mean scale?" in capsys.readouterr().err
    assert main(["solution", NAME]) == 2
    assert f"{NAME} is an assignment: name one exercise of it: {NAME}/scale" in capsys.readouterr().err
    assert main(["solution", "qqq"]) == 2
    assert f"no exercise 'qqq' here: write ASSIGNMENT/EXERCISE, of {NAME}" in capsys.readouterr().err
    authored = course / "solutions" / NAME / "notebook.py"
    essay = '\n# %% [markdown] kind="written" id="essay" points=5\n# Your answer.\n'
    authored.write_text(authored.read_text() + essay)
    for asked in ("essay", f"{NAME}/essay"):
        assert main(["solution", asked]) == 2
        assert "'essay' is answered in words, and has no solution to show" in capsys.readouterr().err
    assert main(["solution", f"{NAME}/qqq"]) == 2
    assert f"no exercise 'qqq' here: {NAME} has scale" in capsys.readouterr().err
    shutil.copytree(course / "solutions" / NAME, course / "solutions" / "02-again")
    notebook = course / "solutions" / "02-again" / "notebook.py"
    notebook.write_text(notebook.read_text().replace(NAME, "02-again"))
    assert main(["solution", "scale"]) == 2
    assert f"name one of {NAME}/scale, 02-again/scale" in capsys.readouterr().err
    assert main(["solution", "02-again/scale"]) == 1


def test_progress_is_that_of_the_nearest_folder(course: Path, sandbox: None, capsys, monkeypatch) -> None:
    main(["start", NAME, "--no-open"])
    main(["check", answered(course, RIGHT)])
    capsys.readouterr()
    for cwd in (course, course / "mine", course / "mine" / NAME, course / "assignments"):
        monkeypatch.chdir(cwd)
        assert main(["progress"]) == 0
        told = capsys.readouterr().out
        assert told.startswith(f"{NAME}  1 of 1 exercises pass, 1 of 1 public checks"), cwd
    monkeypatch.chdir(course.parent)
    assert main(["--course", str(course), "progress"]) == 0
    assert "1 of 1 exercises pass" in capsys.readouterr().out


def test_a_check_of_somebody_else_s_file_is_not_recorded(course: Path, sandbox: None, tmp_path: Path) -> None:
    made = json.dumps(notebook(load(Course.at(course).authored(NAME)), RIGHT))
    for folder in (tmp_path / "handed", course / "submitted" / "s17" / NAME):
        folder.mkdir(parents=True)
        (folder / f"{NAME}.ipynb").write_text(made)
        assert main(["--course", str(course), "check", str(folder / f"{NAME}.ipynb")]) == 0
    assert not list(tmp_path.rglob(record.FILE))


def test_a_workflow_s_check_is_not_recorded(course: Path, sandbox: None, capsys) -> None:
    main(["start", NAME, "--no-open"])
    assert main(["check", answered(course, RIGHT), "--github"]) == 0
    assert not list(course.rglob(record.FILE))
    assert main(["check", answered(course, RIGHT), "--full"]) == 0
    (one,) = record.read(course / "mine" / record.FILE)
    assert (one.passed, one.of) == (1, 1), "the public checks alone"
