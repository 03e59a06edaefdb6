"""Folders like those that the pages speak of: a course's repository, what an LMS hands over, a student's.

The repository is this working tree with two small assignments in place of the course's, under their
names, so that grading takes seconds. Environments are made afresh; the packages that they would
download are linked from the one that runs the tests, in a folder that does not have minigrad.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import minigrad.grading.authoring.template as template
from minigrad.grading.assignment.load import load
from minigrad.grading.authoring.build import release_notebook
from tests.docs.blocks import ROOT, Block, lines

EXERCISES = {"01-rnn": "rnn-cell", "02-lstm": "lstm-cell"}  # the template's, under the names that pages use
ANSWERS = {
    "right": "def scale(x, factor):\n    return factor * x",
    "adds": "def scale(x, factor):\n    return x + factor",
    "writes": "def scale(x, factor):\n    x *= factor\n    return x",
}
GIT = ("git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")


def repository(folder: Path) -> Path:
    """A git repository: the working tree, with the small assignments 01-rnn and 02-lstm."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    for name in listed:
        if not name.startswith(("assignments/", "solutions/")) and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    for name, exercise in EXERCISES.items():
        for path in template.write(folder / "solutions" / name):
            path.write_text(renamed(path.read_text(encoding="utf-8"), exercise), encoding="utf-8")
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "A course"]):
        subprocess.run([*GIT, *words], cwd=folder, check=True)
    return folder


def renamed(text: str, exercise: str) -> str:
    """A file of the template, with the pages' names for its exercise and its public check."""
    text = text.replace('"scale.values', f'"{exercise}.gradients').replace('"scale.', f'"{exercise}.')
    text = text.replace('exercise="scale"', f'exercise="{exercise}"').replace("def values(", "def gradients(")
    return text.replace('check("scale")', f'check("{exercise}")')


def notebook(course: Path, name: str, answer: str) -> bytes:
    """An assignment's release with an answer in it."""
    made = release_notebook(load(course / "solutions" / name))
    for cell in made["cells"]:
        if cell["id"] == "scale":
            cell["source"] = ANSWERS[answer]
    return json.dumps(made).encode()


def archive(path: Path, course: Path) -> None:
    """What Moodle hands over: odd names, one student without a notebook's proper name."""
    with zipfile.ZipFile(path, "w") as made:
        for whose, file, answer in (
            ("Ann Lee_101", "01-rnn.ipynb", "right"),
            ("Jürgen Müller-Lüdenscheidt_102", "01-rnn-Copy1.ipynb", "adds"),
            ("O'Neil, Bo_103", "my work (final) 2.ipynb", "writes"),
        ):
            made.writestr(f"{whose}_assignsubmission_file_/{file}", notebook(course, "01-rnn", answer))


def hand_in(course: Path) -> None:
    """Into submitted/: several assignments a student, names with spaces and umlauts, a `-Copy1`."""
    for student, name, file, answer in (
        ("s17", "01-rnn", "01-rnn.ipynb", "adds"),
        ("s17", "02-lstm", "02-lstm.ipynb", "right"),
        ("Zoë von Ü", "01-rnn", "01-rnn-Copy1.ipynb", "right"),
        ("Zoë von Ü", "02-lstm", "02-lstm.ipynb", "adds"),
    ):
        folder = course / "submitted" / student / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(notebook(course, name, answer))
        (folder / "timestamp.txt").write_text("2030-01-31 12:00:00 UTC\n", encoding="ascii")


def packages(folder: Path) -> Path:
    """The packages of this environment, without minigrad itself."""
    import numpy

    site = Path(numpy.__file__).parents[1]

    def link(source: str, target: str) -> None:
        try:
            os.link(source, target)
        except OSError:  # another file system
            shutil.copy2(source, target)

    skip = shutil.ignore_patterns("minigrad*", "__editable__*minigrad*", "pip", "pip-*", "*.pth")
    shutil.copytree(site, folder, copy_function=link, ignore=skip)
    return folder


def tools(folder: Path) -> Path:
    """Commands of linked packages, run by the python3 that is first on the path."""
    folder.mkdir()
    for name, module in {"nbgrader": "nbgrader", "alembic": "alembic.config"}.items():
        (folder / name).write_text(f'#!/bin/sh\nexec python3 -m {module} "$@"\n')
        (folder / name).chmod(0o755)
    return folder


def environment(packages: Path, tools: Path) -> dict[str, str]:
    """What a shell of the pages sees: the linked packages, no variable of the tests' own environment."""
    kept = {
        k: v for k, v in os.environ.items() if k.startswith(("PIP_", "LANG", "LC_", "TMP", "HTTP", "SSL"))
    }
    here = Path(sys.executable).resolve().parent  # the interpreter below any virtual environment
    return {
        **kept,
        "HOME": os.environ.get("HOME", "/"),
        "PATH": os.pathsep.join((str(here), str(tools), "/usr/local/bin", "/usr/bin", "/bin")),
        "PYTHONPATH": str(packages),
        "JUPYTER_PATH": str(Path(sys.prefix, "share", "jupyter")),  # nbconvert's templates
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # pip's way to say that builds take the setuptools that is there
        "OPENBLAS_NUM_THREADS": "1",
        "GIT_AUTHOR_NAME": "A",
        "GIT_AUTHOR_EMAIL": "a@example.org",
        "GIT_COMMITTER_NAME": "A",
        "GIT_COMMITTER_EMAIL": "a@example.org",
    }


def script(block: Block, replaced: Mapping[str, str], between: Mapping[str, str]) -> str:
    """A block as shell commands: those of its lines, or one that puts its text at the end of its file.

    `replaced` are placeholders of the text; `between` is what others do after a line, or after a file
    was written ("file course.toml").
    """
    text = block.text
    for old, new in replaced.items():
        text = text.replace(old, new)
    if block.file:
        put = f"sed -i '/^{block.after}$/r /dev/stdin'" if block.after else "cat >>"
        steps = [(f"file {block.file}", f"{put} '{block.file}' <<'END OF FILE'\n{text}END OF FILE")]
    else:
        steps = [(line, line) for line in lines(dataclasses.replace(block, text=text))]
    done = [(command, *(between[key] for key in between if step.startswith(key))) for step, command in steps]
    return "\n".join(command for commands in done for command in commands) + "\n"


if __name__ == "__main__":  # between two commands of a page: students hand in
    course = Path(sys.argv[1])
    hand_in(course)
    archive(course / "all-submissions.zip", course)
