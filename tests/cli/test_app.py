"""The command line as a whole: help with an example that works, version, `python -m`, quick start-up."""

from __future__ import annotations

import importlib.metadata
import importlib.resources
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import minigrad
from experiments.__main__ import parser as experiments_parser
from minigrad.cli import main, parser
from minigrad.cli.app import COMMANDS, help_text
from minigrad.cli.commands.study import check, progress
from minigrad.cli.commands.term import regrade

NAMES = [command.__name__.rpartition(".")[2] for command in COMMANDS]


def test_every_file_of_the_commands_is_a_command():
    from minigrad.cli import commands

    files = Path(str(importlib.resources.files(commands))).glob("*/*.py")
    assert sorted(NAMES) == sorted(file.stem for file in files if file.stem != "__init__")


@pytest.mark.parametrize("command", COMMANDS, ids=NAMES)
def test_help_has_a_sentence_and_an_example_that_is_understood(command, capsys):
    name, example = command.__name__.rpartition(".")[2], command.EXAMPLE
    says, _ = help_text(command)
    assert says.endswith(".")
    with pytest.raises(SystemExit) as end:
        main([name, "--help"])
    assert end.value.code == 0
    told = capsys.readouterr().out
    assert f"\nexample:\n  {example}\n" in told
    assert says in " ".join(told.split())
    assert "Exit codes" in told
    words = shlex.split(example)
    assert words[:2] == ["minigrad", name]
    assert parser().parse_args(words[1:]).run is command.run


def test_the_example_of_the_experiments_is_understood():
    made = experiments_parser()
    example = made.epilog.removeprefix("Example: ")
    assert example.startswith(f"{made.prog} ")
    assert made.parse_args(shlex.split(example.removeprefix(made.prog))).seeds == 5


def test_version_is_the_installed_one(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"minigrad {importlib.metadata.version('minigrad')}\n"


def test_version_without_an_installation_is_a_sentence(monkeypatch):
    def none(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", none)
    assert minigrad.__version__ == "unknown (minigrad is not installed)"
    assert not hasattr(minigrad, "no_such_name")


def test_python_m_is_the_same_command():
    told = subprocess.run([sys.executable, "-m", "minigrad", "--help"], capture_output=True, text=True)
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.startswith("usage: minigrad ")


SLOW = ("nbgrader", "nbconvert", "nbformat", "jupytext", "jinja2", "rich", "distributed", "matplotlib")


def test_help_imports_nothing_that_is_slow_or_may_be_missing():
    code = f"import sys, minigrad.cli as c; c.parser(); print([m for m in {SLOW} if m in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


@pytest.mark.parametrize("module", ["minigrad", "numpy", "minigrad.cli.app"])
def test_ctrl_c_during_the_imports_is_one_line(module):
    code = f"""
import os, signal, sys
class Stop:
    def find_spec(self, name, *rest):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Stop())
from minigrad_command import main
sys.exit(main())
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (told.returncode, told.stderr) == (130, "minigrad: stopped\n")


@pytest.mark.parametrize(
    ("command", "words", "kept"),
    [
        (check, ["a.ipynb"], "nothing was written"),
        (progress, [], "nothing was written"),
        (regrade, ["01-rnn"], "what was done is kept, and the same command goes on"),
    ],
)
def test_ctrl_c_says_what_became_of_the_work(command, words, kept, monkeypatch, capsys):
    def interrupted(args):
        raise KeyboardInterrupt

    interrupted.__module__ = command.__name__
    monkeypatch.setattr(command, "run", interrupted)
    assert main([command.__name__.rpartition(".")[2], *words]) == 130
    assert capsys.readouterr().err == f"minigrad: stopped; {kept}\n"


def test_a_command_without_an_example_leaves_the_others_whole(monkeypatch, capsys):
    monkeypatch.delattr(COMMANDS[0], "EXAMPLE")
    for name in NAMES[:2]:
        with pytest.raises(SystemExit) as end:
            main([name, "--help"])
        assert end.value.code == 0
    assert "example:" in capsys.readouterr().out


def test_what_cannot_be_written_is_named(monkeypatch, capsys):
    def refused(args):
        raise PermissionError(13, "Permission denied", "course/.minigrad/lock")

    monkeypatch.setattr(COMMANDS[0], "run", refused)
    assert main([NAMES[0], "x"]) == 2
    assert capsys.readouterr().err == (
        "minigrad: cannot use course/.minigrad/lock: Permission denied: "
        "give yourself the right to read and write it, and the folder that it is in\n"
    )


def test_in_a_browser_a_command_says_what_to_do_instead(monkeypatch, capsys):
    monkeypatch.setattr(sys, "platform", "emscripten")
    assert main(["check", "01-rnn.ipynb"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "call check(...) in the notebook" in said


def test_a_notebook_that_is_not_there_is_told_with_those_that_are(tmp_path, capsys):
    (tmp_path / "My Notebook.ipynb").touch()
    assert main(["check", str(tmp_path / "01-rnn.ipynb")]) == 2
    assert "01-rnn.ipynb, only My Notebook.ipynb: name one that exists" in capsys.readouterr().err


def test_a_name_that_differs_in_case_is_told_to_be_renamed(tmp_path, capsys):
    (tmp_path / "01-RNN.IPYNB").touch()
    assert main(["check", str(tmp_path / "01-rnn.ipynb")]) == 2
    assert "only 01-RNN.IPYNB: rename 01-RNN.IPYNB, which differs in case" in capsys.readouterr().err


# --- what minigrad stands on --------------------------------------------------------------------------

# Python with a NumPy of its own, or without one, and another version where one is given
GROUND = """
import sys, types
numpy, version = {numpy!r}, {version!r}
class Numpy:
    def find_spec(self, name, *rest):
        if name == "numpy" and numpy is not None:
            raise numpy
sys.meta_path.insert(0, Numpy())
if isinstance(numpy, str):
    sys.modules["numpy"] = types.SimpleNamespace(__version__=numpy)
    numpy = None
sys.version_info = version or sys.version_info
import minigrad_command
sys.exit({start})
"""


@pytest.mark.parametrize(
    ("start", "remedy"),
    [
        ("minigrad_command.main()", "pip install 'numpy>=2'`"),
        ("minigrad_command.grade('gradescope', '/none')", "make the image anew, as the platform's page"),
        ("minigrad_command.grade('prairielearn', '/none')", "make the image anew, as the platform's page"),
    ],
)
@pytest.mark.parametrize(
    ("numpy", "version", "told"),
    [
        ("ModuleNotFoundError('numpy', name='numpy')", None, f"{sys.executable} has no NumPy: "),
        ("OSError('many\\nlines')", None, f"{sys.executable} cannot import its NumPy (OSError): "),
        ("'1.26.4'", None, "NumPy 2 or newer is needed, and there is 1.26.4: "),
        ("None", (3, 9, 2), f"Python 3.11 or newer is needed, and {sys.executable} is 3.9.2: "),
    ],
)
def test_what_is_missing_is_one_sentence(start, remedy, numpy, version, told):
    code = GROUND.replace("{numpy!r}", numpy).replace("{version!r}", repr(version)).replace("{start}", start)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    remedy = "install a newer one" if version and "main" in start else remedy
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"minigrad: {told}")
    assert remedy in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_part_of_python_that_a_small_image_lacks_is_named():
    code = "import sys, minigrad_command as m\nsys.modules['uuid'] = None\nm.grade('prairielearn', '/none')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"{sys.executable} has no uuid: make the image anew" in done.stderr
