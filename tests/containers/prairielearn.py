"""`python -m tests.containers.prairielearn [--base IMAGE] [ASSIGNMENT...]`: the question in a real container.

Its image is built on a Debian with Python. Each submission is graded in a container of its own, laid out as
/grade, with the limits that PrairieLearn's source sets. DOCKER_HOST names the engine.
"""

from __future__ import annotations

import json
import sys

import jsonschema

from minigrad.grading.model import Assignment
from minigrad.grading.platforms.prairielearn import RUN, question
from minigrad.grading.store.layout import Course
from tests.containers.image import REPOSITORY
from tests.containers.packs import Pack, Run, built, leaks, main, python, run
from tests.demo.samples import Sample

SCHEMA = json.loads((REPOSITORY / "tests/grading/platforms/prairielearn.schema.json").read_text())
LIMITS = (
    *("--cpus", "0.9", "--memory", "2g", "--memory-swap", "2g", "--pids-limit", "1024"),
    *("--ulimit", "core=0", "--network", "none"),
)
TRIED = ("/grade/tests/salt", "/grade/tests/settings.json", "/grade/results/results.json")


def set_up(assignment: Assignment, base: str) -> str:
    """The image of an assignment's question."""
    image = "image/"
    packed = {
        path.removeprefix(image): data for path, data in packs(assignment).items() if path.startswith(image)
    }
    dockerfile = packed["Dockerfile"].decode()
    default = next(line for line in dockerfile.splitlines() if line.startswith("ARG BASE="))
    return built("minigrad-prairielearn", dockerfile.replace(default, f"ARG BASE={base}"), packed)


def packs(assignment: Assignment) -> dict[str, bytes]:
    """The files of an assignment's question."""
    return question(Course.at(REPOSITORY), assignment, "me/minigrad", "hidden")


def grade(image: str, assignment: Assignment, sample: Sample) -> tuple[Run, list[str]]:
    """What came of one submission, and what of it is not as it should be."""
    tests = {path: data for path, data in packs(assignment).items() if path.startswith("tests/")}
    files = {
        **tests,
        f"student/{assignment.name}.ipynb": sample.file(assignment),
        "data/data.json": b"{}",
    }
    ran = run(image, LIMITS, "/grade", files, f"chmod +x {RUN}; /grade/{RUN}", "/grade/results/results.json")
    return ran, wrong(assignment, sample, ran)


def wrong(assignment: Assignment, sample: Sample, ran: Run) -> list[str]:
    """What is not as the sample says, in words."""
    if ran.made is None:
        return [f"no results: {ran.printed[-600:]}"]
    made = json.loads(ran.made)
    jsonschema.validate(made, {**SCHEMA, "$ref": "#/definitions/results"})
    if sample.status != "graded":
        return [f"{made}"] if made["gradable"] or "score" in made else []
    share = sample.score / sum(assignment.exercises().values())
    complaints = leaks(assignment, json.dumps(made))
    if abs(made["score"] - share) > 1e-4:
        complaints.append(f"scored {made['score']}, not {share}: {made}")
    if any(test["message"] for test in made["tests"] if test["name"].endswith("a hidden check")):
        complaints.append(f"a hidden check's reason is told: {made}")
    return complaints


if __name__ == "__main__":
    sys.exit(main(Pack(python, set_up, grade, TRIED), __doc__ or ""))
