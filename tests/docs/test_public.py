"""What hosting sites and package indexes read: valid by their schemas, and in step with the project."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = [p for p in sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml")) if p.name != "config.yml"]
# Which job may write, and what: it puts up what another has built, and runs none of our code.
WRITES = {"site.yml deploy": {"pages": "write", "id-token": "write"}}
METADATA = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def read(path: Path) -> dict[str, Any]:
    made = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(made, dict)
    return made


def steps(workflow: Path) -> list[dict[str, Any]]:
    return [step for job in read(workflow)["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("github-workflows", WORKFLOWS),
        ("github-issue-forms", FORMS),
        ("github-issue-config", [ROOT / ".github" / "ISSUE_TEMPLATE" / "config.yml"]),
        ("citation-file-format", [ROOT / "CITATION.cff"]),
    ],
)
def test_files_are_valid_by_their_schema(schema: str, files: list[Path]) -> None:
    assert files
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}"]
    done = subprocess.run(
        [*command, "--force-filetype", "yaml", *map(str, files)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_reads_only_and_pins_what_it_uses(workflow: Path) -> None:
    made = read(workflow)
    assert made["permissions"] == {"contents": "read"}
    for name, job in made["jobs"].items():
        assert job["timeout-minutes"]
        assert job.get("permissions") == WRITES.get(f"{workflow.name} {name}")
    for step in steps(workflow):
        if "uses" in step:
            assert re.fullmatch(r"actions/[\w-]+@v\d+", step["uses"]), step["uses"]
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("job", WRITES)
def test_a_job_that_writes_runs_nothing_of_ours(job: str) -> None:
    workflow, _, name = job.partition(" ")
    made = read(ROOT / ".github" / "workflows" / workflow)["jobs"][name]
    assert made["needs"]
    assert [set(step) for step in made["steps"]] == [{"id", "uses"}]
    assert made["steps"][0]["uses"].startswith("actions/deploy-pages@")


def test_the_tests_that_run_elsewhere_are_there() -> None:
    runs = [step["run"] for step in steps(ROOT / ".github" / "workflows" / "tests.yml") if "run" in step]
    named = [word for run in runs for word in shlex.split(run) if word.startswith("tests/")]
    assert len(named) > 5
    assert [word for word in named if not (ROOT / word).exists()] == []


def test_every_python_that_is_claimed_is_tested() -> None:
    claimed = {c.rpartition(" ")[2] for c in METADATA["classifiers"] if re.search(r":: 3\.\d+$", c)}
    suite = read(ROOT / ".github" / "workflows" / "tests.yml")["jobs"]["suite"]
    assert set(suite["strategy"]["matrix"]["python"]) == claimed
    assert f">={min(claimed, key=lambda v: int(v[2:]))}" == METADATA["requires-python"]


def test_the_oldest_numpy_that_is_claimed_is_tested() -> None:
    matrix = read(ROOT / ".github" / "workflows" / "tests.yml")["jobs"]["numpy"]["strategy"]["matrix"]
    (oldest,) = [row["wanted"] for row in matrix["include"] if row["numpy"] == "oldest"]
    (needed,) = METADATA["dependencies"]
    assert oldest.replace("==", ">=") == f"{needed}.0"


def test_the_citation_is_of_this_version() -> None:
    cited = read(ROOT / "CITATION.cff")
    names = [author["name"] for author in METADATA["authors"]]
    assert cited["version"] == METADATA["version"]
    assert cited["license"] == METADATA["license"]
    assert [author["name"] for author in cited["authors"]] == names


def test_the_hooks_before_a_commit_are_local_and_run() -> None:
    (repository,) = read(ROOT / ".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local"
    words = [shlex.split(hook["entry"]) for hook in repository["hooks"]]
    assert [line[1] if line[0].endswith("ruff") else "" for line in words] == ["check", "format", ""]
    for line in words:
        tool = Path(sys.executable).with_name(Path(line[0]).name)
        assert subprocess.run([tool, *line[1:2], "--help"], capture_output=True).returncode == 0, line
