"""GitHub Classroom: the workflow of the template, run step by step in a folder like a runner's."""

from __future__ import annotations

import html
import json
import re
import shutil
import stat
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from minigrad.cli import main
from minigrad.grading.assignment.load import FILES, PUBLIC
from minigrad.grading.model import Exercise, Report, Verdict
from minigrad.grading.platforms import actions
from minigrad.grading.store.layout import Course
from tests.grading.handed_in import ADDS, NAME, RIGHT, WRITES
from tests.grading.platforms.places import ENDLESS, HOSTILE, RAISES, SECRET, answer, built_course, runner

FILE = f"{NAME}.ipynb"
COMMAND = re.compile(r"^::(?P<name>[a-z-]+)(?: (?P<properties>.*?))?::(?P<message>.*)$")


@dataclass(frozen=True)
class Job:
    """What a step left: its exit code, the commands that the runner would obey, and the summary."""

    code: int
    commands: tuple[tuple[str, Mapping[str, str], str], ...]
    summary: str
    log: str

    def told(self, name: str) -> list[tuple[Mapping[str, str], str]]:
        return [(properties, message) for command, properties, message in self.commands if command == name]

    @property
    def points(self) -> dict[str, int] | None:
        found = [m for p, m in self.told("notice") if p["title"] == "Autograding report"]
        return json.loads(found[0]) if found else None


def obeyed(log: str) -> tuple[tuple[str, Mapping[str, str], str], ...]:
    """The workflow commands of a log as the runner reads them: none between stop-commands and its token."""
    found, token = [], ""
    for line in log.splitlines():
        match = COMMAND.match(line.lstrip())
        if match and match["name"] == "stop-commands" and not token:
            token = match["message"]
        elif token:
            token = "" if line.strip() == f"::{token}::" else token
        elif match:
            pairs = (pair.partition("=") for pair in (match["properties"] or "").split(","))
            found.append((match["name"], {k: plain(v) for k, _, v in pairs}, plain(match["message"])))
        else:
            assert "##[" not in line, "the runner's older form, wherever it stands"
    return tuple(found)


def plain(text: str) -> str:
    return text.replace("%0A", "\n").replace("%3A", ":").replace("%2C", ",").replace("%25", "%")


@dataclass(frozen=True)
class Repository:
    """A student's repository, in which the workflow's first steps have run."""

    folder: Path
    course: Course
    steps: tuple[str, ...]
    environment: Mapping[str, str]

    def step(self, text: str) -> Job:
        """As GitHub runs a step that names no shell."""
        script, told = self.folder.parent / "step.sh", self.folder.parent / "summary.md"
        script.write_text(text)
        told.write_text("")
        environment = {**self.environment, "GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(told)}
        done = subprocess.run(
            ["bash", "-e", script],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=200,
        )
        return Job(done.returncode, obeyed(done.stdout), told.read_text(), done.stdout)

    def push(self, code: str | bytes) -> Job:
        content = code if isinstance(code, bytes) else answer(self.course, code)
        (self.folder / FILE).write_bytes(content)
        return self.step(self.steps[-1])


@pytest.fixture(scope="module")
def repository(sandbox: None, tmp_path_factory: pytest.TempPathFactory) -> Repository:
    root = tmp_path_factory.mktemp("github")
    course = built_course(root / "course")
    folder = root / "student" / NAME
    words = ["platform", "github", NAME, "--out", str(folder), "--private", str(root / "staff")]
    assert main(["--course", str(course.root), *words]) == 0
    workflow = yaml.safe_load((folder / ".github" / "workflows" / "classroom.yml").read_text())
    (job,) = workflow["jobs"].values()
    made = Repository(
        folder, course, tuple(s["run"] for s in job["steps"] if "run" in s), runner(root / "runner")
    )
    for step in made.steps[:-1]:
        done = made.step(step)
        assert done.code == 0, done.log
    return made


def test_right_work_passes(repository: Repository) -> None:
    job = repository.push(RIGHT)
    assert job.code == 0, job.log
    assert job.points == {"totalPoints": 10, "maxPoints": 10}
    assert not job.told("error") + job.told("warning")
    assert "1 of 1 public checks pass" in job.summary


def test_wrong_work_is_annotated_at_its_cell_with_reason_and_hint(repository: Repository) -> None:
    job = repository.push(ADDS)
    assert job.code == 1
    assert job.points == {"totalPoints": 0, "maxPoints": 10}
    ((properties, message),) = job.told("error")
    assert properties["file"] == FILE
    assert "def scale" in line_of(repository, properties)
    assert "hint: The factor is added; it should multiply." in message
    assert "expected" in message, "of a public check, whose values students have"
    assert "| **hint** | The factor is added; it should multiply. |" in job.summary


def test_an_error_is_annotated_on_its_line_and_shows_nothing_as_markup(repository: Repository) -> None:
    job = repository.push(RAISES)
    ((properties, message),) = job.told("error")
    assert "return a @ factor" in line_of(repository, properties)
    assert "| <b>" in message
    rows = [line for line in job.summary.splitlines() if line.startswith("| ✗")]
    assert len(rows) == 1
    assert "<b>" not in rows[0]
    assert rows[0].count("|") == 4, "of the student's line, none ends a cell"
    assert "return a @ factor # | <b>".replace(" ", "") in html.unescape(rows[0]).replace(" ", "")


def line_of(repository: Repository, properties: Mapping[str, str]) -> str:
    return (repository.folder / FILE).read_text().splitlines()[int(properties["line"]) - 1]


def test_blank_work_is_still_to_do(repository: Repository) -> None:
    job = repository.push("")
    assert job.code == 1
    assert job.points == {"totalPoints": 0, "maxPoints": 10}
    assert not job.told("error")
    assert "still to do" in job.told("warning")[0][1]


def test_hostile_work_reads_no_file_and_gives_no_command(repository: Repository) -> None:
    wrong = repository.push(HOSTILE.format(str(repository.course.authored(NAME) / "checks.py")))
    assert wrong.points == {"totalPoints": 0, "maxPoints": 10}
    assert "::error::made up" in wrong.log, "it is shown"
    ((_, message),) = wrong.told("error")
    assert "The factor is added" in message, "and not obeyed"
    assert "<b>" not in wrong.summary


def test_endless_work_ends(repository: Repository) -> None:
    job = repository.push(ENDLESS)
    assert job.code == 1
    assert "time" in job.told("error")[0][1]


@pytest.mark.parametrize("content", [b"{not json", b"\x93NUMPY", b"{}" + b" " * 2_000_000])
def test_what_is_no_notebook_has_no_points(repository: Repository, content: bytes) -> None:
    job = repository.push(content)
    assert job.code == 2
    assert job.points is None
    ((properties, message),) = job.told("error")
    assert properties["file"] == FILE
    assert "not" in message or "at most 2 MB" in message
    assert job.summary.startswith("### not checked\n")


@pytest.mark.parametrize(("got", "told"), [(97.5, (98, 98)), (97.4, (97, 98)), (0.0, (0, 98))])
def test_points_are_whole_and_the_maximum_is_for_the_maximum(got: float, told: tuple[int, int]) -> None:
    report = Report("a", "graded", (Exercise("e", 97.5, got, ()),))
    assert json.loads(actions.points(report)[1].rpartition("::")[2]) == {
        "totalPoints": told[0],
        "maxPoints": told[1],
    }


def test_checks_of_one_sentence_are_told_apart() -> None:
    lost = tuple(Verdict(f"e.{name}", "e", "says", 1.0, True, False, "off") for name in "ab")
    report = Report("a", "graded", (Exercise("e", 2.0, 0.0, lost),))
    (annotation,) = actions.annotated(report, "a.ipynb", (), {})
    for text in (plain(annotation), html.unescape(actions.summary(report))):
        assert "says (a)" in text
        assert "says (b)" in text


def test_hidden_checks_are_not_run_there(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(repository.folder / FILE), "--github", "--full"]) == 2
    assert "leave out --full" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("place", "uses"),
    [
        (f"student/{NAME}/.github/workflows/classroom.yml", ["checkout", "setup-python"]),
        ("staff/.github/workflows/grade.yml", ["checkout", "setup-python", "upload-artifact"]),
    ],
)
def test_a_workflow_is_valid_and_may_only_read(repository: Repository, place: str, uses: list[str]) -> None:
    path = repository.folder.parents[1] / place
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows"]
    done = subprocess.run([*check, path], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    made = yaml.safe_load(path.read_text())
    assert made["permissions"] == {"contents": "read"}
    (job,) = made["jobs"].values()
    assert "permissions" not in job
    assert job["timeout-minutes"]
    used = [step["uses"] for step in job["steps"] if "uses" in step]
    assert [re.sub(r"^actions/(.*)@v\d+$", r"\1", name) for name in used] == uses
    assert job["steps"][0]["with"] == {"persist-credentials": False}
    given = [step for step in job["steps"] if "secrets." in json.dumps(step)]
    assert [step["name"] for step in given] == ["Fetch the notebooks"] * ("staff" in place)


def test_the_template_holds_nothing_private(repository: Repository) -> None:
    private = [p.read_text() for p in repository.course.authored(NAME).glob("*.py") if p.name != PUBLIC]
    assert sum(SECRET in text for text in private) == 4, "the solution, hidden checks, mutants, variants"
    files = {p for p in repository.folder.rglob("*") if p.is_file()}
    (wheel,) = (zipfile.ZipFile(p) for p in files if p.suffix == ".whl")
    texts = [*(p.read_bytes() for p in files), *(wheel.read(name) for name in wheel.namelist())]
    assert not [text for text in texts if SECRET.encode() in text]


def test_of_the_sources_only_the_assignments_own_files_are_packed(repository: Repository) -> None:
    folder = repository.folder.parents[1] / "staff" / "solutions" / NAME
    assert {p.name for p in folder.iterdir()} == set(FILES)
    assert (repository.course.authored(NAME) / "notes.txt").exists()


def test_a_stale_release_is_not_packed(
    repository: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    course = Course.at(tmp_path / "course")
    shutil.copytree(repository.course.root, course.root)
    words = ["--course", str(course.root), "platform", "github", NAME, "--out", str(tmp_path / "out")]
    source = course.authored(NAME) / "notebook.py"
    text = source.read_text()
    source.write_text(text.replace("points=10", "points=20"))
    assert main(words) == 2
    source.write_text(text)
    (course.release(NAME) / "expected.npz").unlink()
    assert main(words) == 2
    assert capsys.readouterr().err.count(f" build {NAME}`") == 2
    assert not (tmp_path / "out").exists()


def test_a_folder_that_holds_something_is_left_alone(
    repository: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    new, full = str(tmp_path / "new"), str(tmp_path / "full")
    for words in (["--out", full], ["--out", new, "--private", full]):
        assert main(["--course", str(repository.course.root), "platform", "github", NAME, *words]) == 2
        assert "of no earlier packing" in capsys.readouterr().err
    assert [p.name for p in (tmp_path / "full").iterdir()] == ["mine.txt"]
    assert not Path(new).exists()


@pytest.mark.parametrize(("out", "private"), [("a", "a"), ("a", "a/b"), ("a/b", "a")])
def test_what_is_private_does_not_lie_in_the_template(
    repository: Repository, tmp_path: Path, out: str, private: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--out", str(tmp_path / out), "--private", str(tmp_path / private)]
    assert main(["--course", str(repository.course.root), "platform", "github", NAME, *words]) == 2
    assert "lie in one another" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


# --- the staff's repository -----------------------------------------------------------------------

GH = """#!/usr/bin/env bash
# Stands for GitHub's command: lists the folders of $HUB, or prints a file of one.
[ "$GH_TOKEN" = secret ] || exit 4
case "$1" in
  repo) ls "$HUB" ;;
  api) path=${!#}; path=${path#repos/school/}; cat "$HUB/${path%%/*}/${path##*/}" ;;
esac
"""


def test_the_staffs_repository_grades_all_with_hidden_checks(repository: Repository, tmp_path: Path) -> None:
    staff, hub, tools = repository.folder.parents[1] / "staff", tmp_path / "hub", tmp_path / "tools"
    for name, code in (
        (f"{NAME}-ann", RIGHT),
        (f"{NAME}-bo-b", WRITES),
        (f"{NAME}-cy", None),
        (f"{NAME}-eve", RIGHT),
        ("other", RIGHT),
    ):
        (hub / name).mkdir(parents=True)
        if code:
            (hub / name / FILE).write_bytes(answer(repository.course, code))
    (hub / f"{NAME}-dee").mkdir()
    (hub / f"{NAME}-dee" / FILE).write_bytes(b"{not json")
    (staff / "roster.csv").write_text("student,github\nann,ann\nbo-b,bo-b\ncy,cy\ndee,dee\n")
    tools.mkdir()
    (tools / "gh").write_text(GH)
    (tools / "gh").chmod(0o755)
    made = yaml.safe_load((staff / ".github" / "workflows" / "grade.yml").read_text())
    (job,) = made["jobs"].values()
    assert job["defaults"] == {"run": {"shell": "bash"}}
    environment = {
        **repository.environment,
        "PATH": f"{tools}:{repository.environment['PATH']}",
        "HUB": str(hub),
        "GITHUB_REPOSITORY_OWNER": "school",
        "GITHUB_REPOSITORY": "school/graded",
        "SLUG": made[True]["workflow_dispatch"]["inputs"]["slug"]["default"],
    }
    jobs = []
    for step in job["steps"]:
        if "pip install" in step.get("run", "pip install"):
            continue
        token = {"GH_TOKEN": "secret"} if "secrets." in str(step.get("env")) else {}
        there = Repository(staff, repository.course, (), {**environment, **token})
        jobs.append(there.step(f"set -o pipefail\n{step['run']}"))
        assert jobs[-1].code == 0, jobs[-1].log
    assert [message for _, message in jobs[0].told("warning")] == [
        f"{NAME}-cy has no {FILE} that can be read"
    ]
    told = json.loads((staff / "report" / f"report-{NAME}.json").read_text())
    assert {student: one["score"] for student, one in told.items()} == {"ann": 10, "bo-b": 2, "dee": None}
    assert {p.name for p in (staff / "fetched" / f"{NAME}-submissions").iterdir()} == {
        f"{NAME}-{student}" for student in (*told, "eve")
    }
    (strangers,) = [line for line in jobs[1].summary.splitlines() if f"{NAME}-eve" in line]
    assert "roster" in strangers, "she is not graded, and the run passes"
    assert all(line.startswith("    ") for line in jobs[1].summary.splitlines())
    assert stat.S_IMODE(staff.stat().st_mode) == 0o700
    assert all(line.startswith("    ") for line in jobs[-1].summary.splitlines())
    assert "bo-b" in jobs[-1].summary
    assert not jobs[-1].commands + jobs[-2].commands
