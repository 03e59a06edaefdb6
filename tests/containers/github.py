"""`python -m tests.containers.github [--base IMAGE] [ASSIGNMENT...]`: both workflows' steps in containers.

A student's push is checked in a container of its own, as an ordinary user with two cores; the class is then
graded in one, by the steps of the staff's workflow behind the fetching. DOCKER_HOST names the engine.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Mapping

import yaml

from minigrad.grading.model import Assignment
from minigrad.grading.platforms.github import repository, staff
from minigrad.grading.store.layout import Course
from tests.containers.image import REPOSITORY
from tests.containers.packs import Pack, Run, built, leaks, main, python, run
from tests.demo.samples import Sample

HOME = "/home/runner"
STUDENT, STAFF = f"{HOME}/student", f"{HOME}/staff"
LIMITS = ("--cpus", "2", "--memory", "7g", "--memory-swap", "7g", "--network", "none", "--user", "1001:1001")
BUILD = """\
FROM {base}
RUN useradd --uid 1001 --create-home runner
COPY --chown=1001 student {student}
COPY --chown=1001 staff {staff}
RUN chmod -R u+w {home}
WORKDIR {student}
RUN {installs}
"""
# The staff's steps, and before them the fetching's place: the notebook is handed over as a file.
GRADES = (
    "cd {staff} && mkdir -p {into} && cp {student}/NAME.ipynb {into} && {steps} && cp -r report/. {student}"
)


def steps(files: Mapping[str, bytes], workflow: str) -> list[str]:
    """The commands of a workflow's steps, in order."""
    (job,) = yaml.safe_load(files[f".github/workflows/{workflow}"])["jobs"].values()
    return [step["run"] for step in job["steps"] if "run" in step]


def packs(assignment: Assignment) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """The files of the template and of the staff's repository."""
    course = Course.at(REPOSITORY)
    return repository(course, assignment), staff(course, assignment)


def set_up(assignment: Assignment, base: str) -> str:
    """The image of a runner on which both repositories' packages are installed."""
    student, graders = packs(assignment)
    files = {f"student/{path}": data for path, data in student.items()}
    files |= {f"staff/{path}": data for path, data in graders.items()}
    installs = f"{steps(student, 'classroom.yml')[0]} && cd {STAFF} && {steps(graders, 'grade.yml')[0]}"
    dockerfile = BUILD.format(base=base, home=HOME, student=STUDENT, staff=STAFF, installs=installs)
    return built(f"minigrad-github-{assignment.name}", dockerfile, files)


def grade(image: str, assignment: Assignment, sample: Sample) -> tuple[Run, list[str]]:
    """What came of one push, and what of it, and of the staff's grading, is not as it should be."""
    name = assignment.name
    student, graders = packs(assignment)
    files = {f"{name}.ipynb": sample.file(assignment)}
    ran = run(image, LIMITS, STUDENT, files, steps(student, "classroom.yml")[-1], "/nothing")
    into = f"fetched/{name}-submissions/{name}-{sample.student}"
    joined = " && ".join(f"({step.strip()})" for step in steps(graders, "grade.yml")[2:])
    words = GRADES.format(student=STUDENT, staff=STAFF, into=into, steps=joined).replace("NAME", name)
    command = f"export GITHUB_STEP_SUMMARY=/tmp/summary; {words}"
    graded = run(image, LIMITS, STUDENT, files, command, f"{STUDENT}/report-{name}.json")
    complaints = wrong(assignment, sample, ran) + leaks(assignment, ran.printed)
    return ran, complaints + wrongly_graded(sample, graded)


def wrong(assignment: Assignment, sample: Sample, ran: Run) -> list[str]:
    """What a push was told otherwise than the sample says, in words."""
    told = re.findall(r"^::notice title=Autograding report::(.*)$", ran.printed, re.MULTILINE)
    if sample.status != "graded":
        return [f"{ran.code}: {ran.printed}"] if told or ran.code != 2 else []
    most = math.ceil(sum(assignment.exercises().values()))
    points = json.loads(told[-1]) if told else {}
    right = math.isclose(sample.score, sum(assignment.exercises().values()))
    if points.get("maxPoints") != most or right != (points["totalPoints"] == most) or right == bool(ran.code):
        # a mistake that hidden checks alone see
        return [] if sample.mutant and points else [f"exit {ran.code}, {points}: {ran.printed[-600:]}"]
    return []


def wrongly_graded(sample: Sample, graded: Run) -> list[str]:
    """What the staff's workflow makes of it otherwise than the sample says, in words."""
    if graded.made is None:
        return [f"no report: exit {graded.code}: {graded.printed[-600:]}"]
    (report,) = json.loads(graded.made).values()
    if sample.status != "graded":
        return [] if report["score"] is None else [f"{report}"]
    return [] if abs(report["score"] - sample.score) < 1e-3 else [f"graded {report['score']}: {report}"]


if __name__ == "__main__":
    sys.exit(
        main(Pack(python, set_up, grade, ("/etc/shadow", f"{STAFF}/.minigrad/salts/NAME")), __doc__ or "")
    )
