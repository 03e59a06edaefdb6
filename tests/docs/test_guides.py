"""What README, CONTRIBUTING and the guides say to do is done here, in folders like a user's.

A page's shell blocks run in order, as one script; `worlds` makes the folders. What cannot run here has
its reason in an HTML comment of the page, and `pytest -rs` prints it.
"""

from __future__ import annotations

import csv
import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from minigrad.cli import parser
from minigrad.grading.assignment.load import load
from minigrad.grading.store.dates import read_dates
from minigrad.sandbox.errors import SandboxUnavailable
from minigrad.sandbox.server import Server
from tests.docs import worlds
from tests.docs.blocks import ROOT, blocks, inline_commands, lines

README, CONTRIBUTING, GUIDE = "README.md", "CONTRIBUTING.md", "docs/instructors.md"
PAGES = (README, CONTRIBUTING, GUIDE, "docs/architecture.md", "SECURITY.md")
WHEEL = (
    f"minigrad-{tomllib.loads((ROOT / 'pyproject.toml').read_text())['project']['version']}-py3-none-any.whl"
)
PLACEHOLDERS = {"COMMAND": "grade 01-rnn", "DIR": "course", "NOTEBOOK": "01-rnn.ipynb", "NAME": "01-rnn"}


@dataclass(frozen=True)
class Place:
    """Where pages' scripts run, with the environment of their shells."""

    folder: Path
    environment: Mapping[str, str]

    def run(self, page: str, cwd: Path, replaced: Mapping[str, str], between: Mapping[str, str]) -> str:
        """What a page's script printed; the test fails with its end when a command failed."""
        text = worlds.script(blocks(page), replaced, between)
        done = subprocess.run(
            ["bash"], input=text, cwd=cwd, env=dict(self.environment), capture_output=True, text=True
        )
        if done.returncode:
            pytest.fail(f"{page}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}", pytrace=False)
        return done.stdout


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    try:
        Server().close()
    except SandboxUnavailable as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("pages")
    env = worlds.environment(worlds.packages(folder / "packages"), worlds.tools(folder / "tools"))
    return Place(folder, env)


@pytest.fixture(scope="module")
def course(place: Place) -> Path:
    """The instructor's course after all that the guide says was done in it."""
    upstream = worlds.repository(place.folder / "upstream")
    exchange = place.folder / "exchange"
    exchange.mkdir(mode=0o777)
    exchange.chmod(0o777)
    students = f"(cd '{ROOT}' && env -u PYTHONPATH '{sys.executable}' -m tests.docs.worlds \"$OLDPWD\")"
    place.run(
        GUIDE,
        place.folder,
        {"COURSE-REPOSITORY": str(upstream), "/srv/exchange": str(exchange)},
        {". .venv/bin/activate": students},
    )
    return place.folder / "course"


def test_the_guide_grades_everybody(course: Path) -> None:
    told = json.loads((course / "report.json").read_text())
    part = load(course / "solutions" / "01-rnn").check("rnn-cell.gradients").points
    right = {"101": 10, "102": 0, "103": part, "s17": 0, "s18": 10, "Zoë von Ü": 10}
    assert {student: report["score"] for student, report in told.items()} == right
    assert [(row["student"], row["score"]) for row in rows(course / "lms.csv")] == [("s17", "0")]
    grades = {
        r["student_id"]: float(r["score"]) for r in rows(course / "grades.csv") if r["assignment"] == "01-rnn"
    }
    assert {student: grades[student] for student in right} == right, "what was judged is what is recorded"
    assert (course / "feedback" / "s17" / "01-rnn" / "01-rnn.html").exists()
    assert json.loads((course / "results.json").read_text())["score"] == 0
    assert (course / "dist" / WHEEL).exists()
    assert not (course / ".minigrad" / "reports" / "02-lstm").exists(), "01-rnn alone was graded"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_readme_in_a_students_folder_and_an_instructors(place: Place, course: Path) -> None:
    student = place.folder / "Ann's notebooks ü"
    (student / "01-rnn").mkdir(parents=True)
    shutil.copy2(course / "dist" / WHEEL, student)
    shutil.copytree(course / "assignments" / "01-rnn", student / "01-rnn", dirs_exist_ok=True)
    (student / "01-rnn" / "01-rnn.ipynb").write_bytes(worlds.notebook(course, "01-rnn", "right"))
    goes_on = {"minigrad check 01-rnn/01-rnn.ipynb": f"deactivate; cd '{course}'"}
    told = place.run(README, student, {}, goes_on)
    assert "1 of 1 public checks; grading adds hidden ones · all passed" in told
    assert not (student / ".venv" / "bin" / "ruff").exists()
    assert "0 of 2 checks, hidden ones too · still to do: rnn-cell" in told


# what the recipes of CONTRIBUTING say in words: a name goes into a list
OPS, APP = "minigrad/ops/elementwise.py", "minigrad/cli/app.py"
INTO_LISTS = {
    f"file {OPS}": f"""sed -i 's/^    "sqrt",$/    "softsign",\\n&/' {OPS}""",
    "file minigrad/cli/commands/students.py": f"sed -i -e 's/^COMMANDS = (/&students, /' "
    f"-e 's/^from minigrad.cli.commands import /&students, /' {APP}",
}


def test_the_recipes_of_contributing(place: Place, course: Path) -> None:
    told = place.run(CONTRIBUTING, course, {}, INTO_LISTS)
    assert "softsign(x: 'Tensor') -> 'Tensor'" in told
    assert "01-rnn: 101, 102, 103, Zoë von Ü, s17, s18" in told
    mutants = (course / "solutions" / "10-mine" / "mutants.py").read_text()
    assert mutants.count('"scale.negative"') == 2, "--accept wrote what was seen"
    tags = subprocess.run(["git", "tag"], cwd=course, capture_output=True, text=True, check=True).stdout
    assert tags == "v0.1.0\n"
    wheel = told.partition("minigrad/__init__.py")[2]
    assert "solutions" not in wheel


@pytest.mark.parametrize(
    "block",
    [b for page in PAGES for b in blocks(page) if b.kind == "python" and not b.file],
    ids=lambda b: b.place,
)
def test_a_block_of_python_runs(block: object) -> None:
    exec(compile(block.text, block.place, "exec"), {})  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "block", [b for page in PAGES for b in blocks(page) if b.skip], ids=lambda b: b.place
)
def test_what_does_not_run_here_is_understood(block: object) -> None:
    for line in lines(block):  # type: ignore[arg-type]
        words = shlex.split(line)
        if words[0] == "minigrad":
            assert parser().parse_args(words[1:]).run
        if words[0] == "make":
            assert targets() >= set(words[1:])
    pytest.skip(f"{block.place} does not run here: {block.skip}")  # type: ignore[attr-defined]


def test_the_course_files_of_the_guide_are_right(tmp_path: Path) -> None:
    whole = "".join(block.text for block in blocks(GUIDE) if block.kind == "toml")
    assert set(tomllib.loads(whole)) == {"due", "extensions", "late", "gradebook"}
    (tmp_path / "course.toml").write_text(whole)
    assert read_dates(tmp_path / "course.toml", ("01-rnn",)).db_url.startswith("postgresql")


@pytest.mark.parametrize("page", PAGES)
def test_a_command_in_the_text_is_one_of_a_block(page: str) -> None:
    """Words between backticks are not run: a command with arguments stands in a block as well."""
    run = {command(line) for other in PAGES for block in blocks(other) for line in lines(block)}
    for found in map(command, inline_commands(page)):
        words = shlex.split(found)
        if words[0] == "make":
            assert targets() >= set(words[1:]), found
        elif words[0] == "minigrad" and len(words) == 2:
            assert words[1].startswith("-") or f"{words[1]}" in parser().format_help(), found
        elif words[0] != "nbgrader" or len(words) > 2:
            assert found in run or form(words), f"{page}: `{found}` is in no block"


def command(line: str) -> str:
    return line.removeprefix(".venv/bin/")


def form(words: list[str]) -> bool:
    """Whether words with placeholders, as in `minigrad --course DIR COMMAND`, are a command's grammar."""
    given = [part for word in words[1:] for part in PLACEHOLDERS.get(word, word).split()]
    if given == words[1:] or words[0] != "minigrad":
        return False
    if given[-1] == "--help":
        return True
    return bool(parser().parse_args(given).run)


def targets() -> set[str]:
    return set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
