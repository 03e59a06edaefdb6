"""What README, CONTRIBUTING and the guides say to do is done here, in folders like a user's.

A page's shell blocks run in order, in one shell; `worlds` makes the folders. What cannot run here has its
reason in an HTML comment of the page, and `pytest -rs` prints it.
"""

from __future__ import annotations

import contextlib
import csv
import inspect
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import pytest

from minigrad.checks import check
from minigrad.cli import parser
from minigrad.grading.assignment.load import KEYS, load
from minigrad.grading.model import Kind
from minigrad.grading.store.dates import SECTIONS, read_dates
from tests.benchmarks import grading
from tests.docs import worlds
from tests.docs.blocks import ROOT, Block, blocks, inline_commands, lines
from tests.docs.shell import Shell

README, CONTRIBUTING, GUIDE, AUTHORS = (
    "README.md",
    "CONTRIBUTING.md",
    "docs/instructors.md",
    "docs/authors.md",
)
PLATFORMS = {  # each page's one command
    "docs/gradescope.md": "minigrad platform gradescope 01-rnn --attempts 5",
    "docs/github.md": "minigrad platform github 01-rnn",
    "docs/prairielearn.md": "minigrad platform prairielearn 01-rnn --image you/minigrad",
    "docs/containers.md": "make image",
}
COMPARED, BROWSER = "docs/site/pages/compared.md", "docs/site/pages/browser.md"
PAGES = (
    *(README, CONTRIBUTING, GUIDE, AUTHORS, *PLATFORMS, COMPARED, BROWSER),
    *("docs/architecture.md", "SECURITY.md"),
)
WHEEL = (
    f"minigrad-{tomllib.loads((ROOT / 'pyproject.toml').read_text())['project']['version']}-py3-none-any.whl"
)
PLACEHOLDERS = {"COMMAND": "grade 01-rnn", "DIR": "course", "NOTEBOOK": "01-rnn.ipynb", "NAME": "01-rnn"}
# what the recipes of CONTRIBUTING say in words: a name goes into a list
OPS, APP = "minigrad/ops/elementwise.py", "minigrad/cli/app.py"
INTO_LISTS = {
    f"file {OPS}": f"""sed -i 's/^    "sqrt",$/    "softsign",\\n&/' {OPS}""",
    "file minigrad/cli/commands/term/students.py": f"sed -i -e 's/^COMMANDS = (/&\\n    students,/' "
    f"-e 's/^from minigrad.cli.commands.term import (/&\\n    students,/' {APP}",
}


def runs(block: Block) -> bool:
    return not block.skip and not block.elsewhere and (block.kind == "sh" or bool(block.file))


def steps(page: str) -> pytest.MarkDecorator:
    """One test for each block of a page that runs in a shell."""
    return pytest.mark.parametrize("step", [b for b in blocks(page) if runs(b)], ids=lambda b: b.place)


@dataclass(frozen=True)
class Place:
    """Where pages' shells run, with their environment."""

    folder: Path
    environment: Mapping[str, str]

    def shell(self, page: str, cwd: Path, replaced: Mapping[str, str], between: Mapping[str, str]) -> Shell:
        texts = {b.place: worlds.script(b, replaced, between) for b in blocks(page) if runs(b)}
        return Shell(texts, cwd, self.environment)


@pytest.fixture(scope="module")
def place(sandbox: None, tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("pages")
    env = worlds.environment(worlds.packages(folder / "packages"), worlds.tools(folder / "tools"))
    return Place(folder, env)


# --- the guide, in a course's repository ------------------------------------------------------


@pytest.fixture(scope="module")
def guide(place: Place) -> Iterator[Shell]:
    upstream = worlds.repository(place.folder / "upstream")
    exchange = place.folder / "exchange"
    exchange.mkdir()
    exchange.chmod(0o777)
    students = f"(cd '{ROOT}' && env -u PYTHONPATH '{sys.executable}' -m tests.docs.worlds \"$OLDPWD\")"
    replaced = {"COURSE-REPOSITORY": str(upstream), "/srv/exchange": str(exchange)}
    more = "echo 'Zoë von Ü,Zoë,zoe@example.org,' >> roster.csv"
    again = "mkdir -p 'submitted/Ann Lee' && cp -r submitted/s17/02-lstm 'submitted/Ann Lee'"
    between = {
        ". .venv/bin/activate": students,
        "file roster.csv": more,
        "minigrad roster rename s71": again,
        "minigrad roster drop": "mkdir -p feedback/backup/01-rnn",
        "minigrad roster merge 'Ann Lee' s21 --dry-run": "echo 's24,Cy,cy@example.org,' >> roster.csv",
    }
    with place.shell(GUIDE, place.folder, replaced, between) as shell:
        yield shell


@pytest.fixture(scope="module")
def course(place: Place, guide: Shell) -> Path:
    """The instructor's course after all that the guide says was done in it."""
    guide.finish()
    return place.folder / "course"


@steps(GUIDE)
def test_the_guide(guide: Shell, step: Block) -> None:
    guide.upto(step.place)


def test_the_guide_has_graded_everybody(course: Path) -> None:
    told = json.loads((course / "report-01-rnn.json").read_text())
    part = load(course / "solutions" / "01-rnn").check("rnn-cell.gradients").points
    right = {"s21": 10, "s22": 0, "s23": part, "s17": 0, "Zoë von Ü": 10}
    decided = {**right, "s22": part}  # a check was credited after the first export, and the course moved
    assert {student: report["score"] for student, report in told.items()} == decided
    for file, score, wanted in (
        ("grades-01-rnn.csv", "score", decided),
        ("grades-01-rnn-moodle.csv", "01-rnn", right),
    ):
        counted = [row for row in rows(course / file) if row.get("state") != "dropped"]
        told_scores = [float(row[score]) for row in counted]
        assert told_scores == [wanted[student] for student in ("s17", "s21", "s22", "s23", "Zoë von Ü")]
    mine = [row for row in rows(course / "grades.csv") if row["assignment"] == "01-rnn"]
    assert {row["student_id"]: float(row["score"]) for row in mine if row["student_id"] in right} == right
    assert (course / "feedback" / "s17" / "01-rnn" / "01-rnn.html").exists()
    assert json.loads((course / "results.json").read_text())["score"] == 0
    assert (course / "dist" / WHEEL).exists()
    assert not (course / ".minigrad" / "reports" / "02-lstm").exists(), "01-rnn alone was graded"


def test_the_staff_wheel_has_the_assignments_and_the_students_has_none(course: Path) -> None:
    mine = course.parent / "my-course"
    for name in ("01-rnn", "02-lstm"):
        copied, original = (root / "solutions" / name for root in (mine, course))
        for path in original.glob("*.py"):
            assert (copied / path.name).exists(), path
    staff = WHEEL.replace("-py3", "+staff-py3")
    assert (mine / "wheels" / staff).exists()
    assert f"minigrad[course]=={staff.split('-')[1]}\n" in (mine / "requirements.txt").read_text()
    paths = (course / "dist" / WHEEL, course / "dist" / "staff" / staff)
    inside = [{n for n in zipfile.ZipFile(p).namelist() if ".dist-info/" not in n} for p in paths]
    students, staffs = inside
    assert staffs - students == {"minigrad/grading/bundled.zip"}
    assert not students - staffs
    packed = zipfile.ZipFile(io.BytesIO(zipfile.ZipFile(paths[0]).read("minigrad/grading/releases.zip")))
    files = {name for name in packed.namelist() if not name.endswith("/")}
    assert {name.split("/")[1] for name in files} >= set(worlds.EXERCISES)
    of_a_release = re.compile(r"assignments/([\w-]+)/(\1\.ipynb|public_checks\.py|expected\.npz)")
    assert [name for name in files if not of_a_release.fullmatch(name)] == []
    assert not [name for name in students if "solutions" in name or "mutants" in name]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_the_course_files_of_the_guide_are_right(tmp_path: Path) -> None:
    whole = "".join(block.text for block in blocks(GUIDE) if block.kind == "toml")
    assert set(tomllib.loads(whole)) == set(SECTIONS)
    (tmp_path / "course.toml").write_text(whole)
    assert read_dates(tmp_path / "course.toml", ("01-rnn", "02-lstm")).db_url.startswith("postgresql")


# --- the author's guide, in the same course -------------------------------------------------------


@pytest.fixture(scope="module")
def authors(place: Place, course: Path) -> Iterator[Shell]:
    path = f"{course / '.venv' / 'bin'}{os.pathsep}{place.environment['PATH']}"
    with Place(place.folder, {**place.environment, "PATH": path}).shell(AUTHORS, course, {}, {}) as shell:
        yield shell


@steps(AUTHORS)
def test_the_authors_guide(authors: Shell, step: Block) -> None:
    authors.upto(step.place)


def test_the_assignment_of_the_authors_guide_is_whole(authors: Shell, course: Path) -> None:
    authors.finish()
    assert "4 of 4 mutants killed, 4 named" in authors.told
    assert "1 of 1 rewrites named; 3 of 3 variants get all points" in authors.told
    made = load(course / "solutions" / "10-mean")
    assert {c.kind for c in made.cells} == {*get_args(Kind)} - {"own"}, "every kind of cell is in it"
    assert made.check("step.learned").trained
    assert next(m for m in made.mutants if m.name == "climbs").fails == ("step.once",)


def test_the_authors_guide_tells_every_argument() -> None:
    text = (ROOT / AUTHORS).read_text(encoding="utf-8")
    told = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`[^|]*) \|", text, re.MULTILINE))))
    assert told >= {*inspect.signature(check).parameters, *KEYS, *get_args(Kind)} - {"own", "text"}


# --- a page a platform, in the same course -------------------------------------------------------


@pytest.fixture(scope="module")
def platforms(place: Place, course: Path) -> Iterator[Mapping[str, Shell]]:
    path = f"{course / '.venv' / 'bin'}{os.pathsep}{place.environment['PATH']}"
    there = Place(place.folder, {**place.environment, "PATH": path})
    with contextlib.ExitStack() as stack:
        yield {
            page: stack.enter_context(there.shell(page, course, {}, {}))
            for page in PLATFORMS
            if any(map(runs, blocks(page)))
        }


@pytest.mark.parametrize(
    "step", [b for page in PLATFORMS for b in blocks(page) if runs(b)], ids=lambda b: b.place
)
def test_the_pages_of_platforms(platforms: Mapping[str, Shell], step: Block) -> None:
    platforms[step.place.partition(":")[0]].upto(step.place)


def test_the_pages_of_platforms_pack_what_they_say(platforms: Mapping[str, Shell], course: Path) -> None:
    for shell in platforms.values():
        shell.finish()
    for made in ("-gradescope.zip", "-github", "-template", "-prairielearn"):
        assert (course / f"01-rnn{made}").exists(), made
    assert (course / "graded-01-rnn" / "solutions" / "01-rnn").is_dir()


@pytest.mark.parametrize(("page", "command"), PLATFORMS.items())
def test_a_platforms_page_begins_with_its_command(page: str, command: str) -> None:
    assert lines(blocks(page)[0]) == [command]
    head = re.sub(r"<!--.*?-->\n", "", (ROOT / page).read_text(encoding="utf-8"))
    assert re.match(rf"# .+\n\n```sh\n{re.escape(command)}\n```\n", head)
    assert f"]({Path(page).name})" in (ROOT / GUIDE).read_text(encoding="utf-8")
    assert f"]({page})" in (ROOT / README).read_text(encoding="utf-8")


# --- README, in a student's folder and then in the course ----------------------------------------


@pytest.fixture(scope="module")
def readme(place: Place, course: Path) -> Iterator[Shell]:
    student = place.folder / "Ann's notebooks ü"
    shutil.copytree(course / "assignments" / "01-rnn", student / "01-rnn")
    shutil.copy2(course / "dist" / WHEEL, student)
    (student / "01-rnn" / "01-rnn.ipynb").write_bytes(worlds.notebook(course, "01-rnn", "right"))
    goes_on = {"minigrad progress": f"deactivate; cd '{course}'"}
    with place.shell(README, student, {}, goes_on) as shell:
        yield shell


@steps(README)
def test_readme(readme: Shell, step: Block) -> None:
    readme.upto(step.place)


def test_readmes_student_has_the_wheel_and_passes(place: Place, readme: Shell) -> None:
    readme.finish()
    assert "1 of 1 public checks; grading adds hidden ones · all passed" in readme.told
    installed = list(place.folder.glob("Ann's notebooks ü/.venv/lib/python3.*/site-packages/minigrad/ops"))
    assert len(installed) == 1
    assert "01-rnn/01-rnn.ipynb is there, and stays as it is" in readme.told
    assert re.search(r"^01-rnn +1 of 1 exercises pass, 1 of 1 public checks$", readme.told, re.MULTILINE)
    assert re.search(r"^02-lstm +1 exercise, 1 public check · not started$", readme.told, re.MULTILINE)
    assert "0 of 2 checks, hidden ones too · still to do: rnn-cell" in readme.told
    assert "01-rnn/rnn-cell: 0 different tries so far" in readme.told
    assert "laid out: mine/01-rnn" in readme.told


# --- the recipes, in the course ---------------------------------------------------------------


@pytest.fixture(scope="module")
def recipes(place: Place, course: Path) -> Iterator[Shell]:
    with place.shell(CONTRIBUTING, course, {}, INTO_LISTS) as shell:
        yield shell


@steps(CONTRIBUTING)
def test_contributing(recipes: Shell, step: Block) -> None:
    recipes.upto(step.place)


def test_the_recipes_add_what_they_say(recipes: Shell, course: Path) -> None:
    recipes.finish()
    assert "softsign(x: 'Tensor') -> 'Tensor'" in recipes.told
    assert re.search(r"^01-rnn: .*Zoë von Ü.*s17", recipes.told, re.MULTILINE)
    mutants = (course / "solutions" / "10-mine" / "mutants.py").read_text()
    assert mutants.count('"scale.negative"') == 2, "--accept wrote what was seen"
    tags = subprocess.run(["git", "tag"], cwd=course, capture_output=True, text=True, check=True).stdout
    assert tags == "v0.1.0\n"
    assert "minigrad/checks.py" in recipes.told
    assert "solutions/" not in recipes.told.partition("minigrad/checks.py")[2]


# --- what does not run in a shell -------------------------------------------------------------


@pytest.mark.parametrize(
    "block",
    [b for page in PAGES for b in blocks(page) if b.kind == "python" and not b.file],
    ids=lambda b: b.place,
)
def test_a_block_of_python_runs(block: Block) -> None:
    exec(compile(block.text, block.place, "exec"), {})


@pytest.mark.parametrize(
    "block", [b for page in PAGES for b in blocks(page) if b.skip], ids=lambda b: b.place
)
def test_what_does_not_run_here_is_understood(block: Block) -> None:
    for line in lines(block):
        words = shlex.split(line)
        if words[0] == "minigrad":
            assert parser().parse_args(words[1:]).run
        if words[0] == "make":
            assert targets() >= {word for word in words[1:] if "=" not in word}
    pytest.skip(f"{block.place} does not run here: {block.skip}")


@pytest.mark.parametrize(
    "block", [b for page in PAGES for b in blocks(page) if b.elsewhere], ids=lambda b: b.place
)
def test_what_runs_in_another_page_stands_there_in_this_order(block: Block) -> None:
    there = iter([line for other in blocks(block.elsewhere) if runs(other) for line in lines(other)])
    assert [line for line in lines(block) if line not in there] == []  # `in` goes on from the line before


@pytest.mark.parametrize("page", PAGES)
def test_every_block_is_run_or_says_why_not(page: str) -> None:
    known = ("sh", "python", "text")
    assert [b.place for b in blocks(page) if not (b.kind in known or b.file or b.skip)] == []


@pytest.mark.parametrize("page", PAGES)
def test_a_command_in_the_text_is_one_of_a_block(page: str) -> None:
    """Words between backticks are not run: a command with arguments stands in a block as well."""
    run = {plain(line) for other in PAGES for block in blocks(other) for line in lines(block)}
    for command in map(plain, inline_commands(page)):
        words = shlex.split(command)
        if words[0] == "make":
            assert targets() >= {word for word in words[1:] if "=" not in word}, command
        elif words[0] == "minigrad" and len(words) == 2:
            assert f"{words[1]}" in parser().format_help(), command
        else:
            assert command in run or form(words), f"{page}: `{command}` is in no block"


def test_what_is_asked_of_the_grader_is_what_the_benchmark_asks() -> None:
    said = (ROOT / COMPARED).read_text(encoding="utf-8")
    for bench, figure in {
        "public checks, wall": "at least {:.0f} times as fast",
        "in full, wall": "a whole grading {:.0f} times",
        "first verdict, wall": "the first verdict within {:.0f} s",
        "class to feedback, wall": "150 differ within {:.0f} s",
        "class, judge's memory": "at most {:.0f} MB",
    }.items():
        assert figure.format((grading.AT_LEAST | grading.AT_MOST)[bench]) in said, bench


def plain(line: str) -> str:
    return line.removeprefix(".venv/bin/")


def form(words: list[str]) -> bool:
    """Whether words with placeholders, as in `minigrad --course DIR COMMAND`, are a command's grammar."""
    given = [part for word in words[1:] for part in PLACEHOLDERS.get(word, word).split()]
    if given == words[1:] or words[0] != "minigrad":
        return False
    return given[-1] == "--help" or bool(parser().parse_args(given).run)


def targets() -> set[str]:
    return set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def test_the_comparison_says_where_it_can_be_read() -> None:
    """Of others every cell of its tables without figures has a source, in itself or at its column's head."""
    page, sources = (ROOT / COMPARED).read_text(encoding="utf-8").split("## Where this can be read")
    numbers = re.compile(r"\[([\d, ]+)\]")
    tables = [part.splitlines() for part in re.findall(r"(?:^\|.*\n)+", page, re.M)]
    told = [[[cell.strip() for cell in line.strip("|").split("|")] for line in table] for table in tables]
    words = [table for table in told if not table[0][0]]
    assert len(words) == 2
    for heads, _, *rows in words:
        for row in rows:
            for head, cell in list(zip(heads, row, strict=True))[2:]:
                assert cell == "–" or numbers.search(head + cell), f"{row[0]}, {head}: {cell}"
    used = {n for found in numbers.findall(page) for n in found.split(", ")}
    assert used == set(re.findall(r"^(\d+)\.", sources, re.M))
    assert "250 lines (`minigrad/tape.py`)" in page
    assert len((ROOT / "minigrad" / "tape.py").read_text(encoding="utf-8").splitlines()) == 250
