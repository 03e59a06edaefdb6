"""PrairieLearn: the folder of a question that is graded externally, and what runs in its container.

`python -m minigrad_command prairielearn ROOT` grades ROOT/student into ROOT/results/results.json, where
ROOT is /grade. It exits with 1, without results, where the judge failed, and with 2 where the image lacks
what minigrad stands on: PrairieLearn then takes no points, and no attempt.

The forms are those of PrairieLearn's docs/externalGrading.md and apps/prairielearn/src/schemas/
infoQuestion.ts; tests/grading/platforms/prairielearn.schema.json says it of each field.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import uuid
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from minigrad.grading.assignment.load import authored
from minigrad.grading.classroom.court import Court
from minigrad.grading.model import Assignment, Exercise, Report, Verdict
from minigrad.grading.platforms.container import answered, judged
from minigrad.grading.platforms.packed import constraints, filled, handout, requirements, salt, settings
from minigrad.grading.platforms.results import shares, told
from minigrad.grading.platforms.wheel import wheel, zipped
from minigrad.grading.report.markup import printable
from minigrad.grading.store.layout import Course

RUN, SETTINGS = "tests/run.sh", "settings.json"
TIMEOUT = 600  # seconds, the most that PrairieLearn allows: a submission's own limits end it before


# --- where the course is --------------------------------------------------------------------------


def question(course: Course, assignment: Assignment, image: str, hidden: str) -> dict[str, bytes]:
    """The files of the question's folder, by path.

    tests/ has what the container gets: the sources, a salt, minigrad. `image` is the container's,
    `hidden` whether students read the hidden checks' reasons ("visible") or their points alone ("hidden").
    Raises GradingError where the release is not what the sources give.
    """
    name = assignment.name
    built, data = wheel()
    files = {**handout(course, assignment), "requirements.txt": requirements(assignment)}
    students = {f"{name}/{file}": content for file, content in files.items()}
    return {
        "info.json": json.dumps(info(assignment, image), indent=2).encode() + b"\n",
        "question.html": filled("question.html", NAME=name, WHEEL=built),
        f"clientFilesQuestion/{name}.zip": zipped({**students, f"{name}/{built}": data}),
        RUN: filled("run.sh"),
        f"tests/{SETTINGS}": settings(course, assignment, hidden),
        "tests/salt": salt(course, assignment, "prairielearn").hex().encode(),
        f"tests/{built}": data,
        **{f"tests/solutions/{name}/{file}": text for file, text in authored(course.authored(name)).items()},
        "image/Dockerfile": filled("prairielearn.dockerfile"),
        "image/constraints.txt": constraints(assignment),
        "image/requirements.txt": requirements(assignment),
    }


def info(assignment: Assignment, image: str) -> dict[str, Any]:
    """The content of info.json. Its id hangs on the assignment's name alone: packed again, it is the same."""
    digest = hashlib.sha256(f"minigrad:{assignment.name}".encode()).digest()
    return {
        "uuid": str(uuid.UUID(bytes=digest[:16], version=4)),
        "title": assignment.title or assignment.name,
        "topic": "Notebooks",
        "type": "v3",
        "singleVariant": True,
        "showCorrectAnswer": False,
        "partialCredit": True,
        "gradingMethod": "External",
        "externalGradingOptions": {
            "enabled": True,  # newer versions need it no more, and older ones grade nothing without it
            "image": image,
            "entrypoint": f"/grade/{RUN}",
            "timeout": TIMEOUT,
            "enableNetworking": False,
        },
    }


# --- what is shown --------------------------------------------------------------------------------


def results(report: Report, hidden: str, late: Collection[str] = ()) -> dict[str, Any]:
    """results.json: a test a check. What was refused takes no attempt, and has no score.

    Of the public checks in `late`, which wait for hidden ones, it is told for which where these are shown.
    """
    if report.status != "graded":
        return {"gradable": False, "format_errors": [printable(report.reason)]}
    tests = [
        _test(v, points, message, v.public or hidden == "visible")
        for e in report.exercises
        for (v, message), points in zip(
            told(e if hidden == "visible" else unnamed(e, late)), shares(e), strict=True
        )
    ]
    return {
        "gradable": True,
        "score": min(1.0, round(sum(t["points"] for t in tests) / report.points, 6)),
        "message": printable("\n".join(report.notes)),
        "tests": tests,
    }


def unnamed(exercise: Exercise, late: Collection[str]) -> Exercise:
    """An exercise in which no check that is in `late` says for which others it waits."""
    verdicts = tuple(
        dataclasses.replace(v, reason="waits for other checks")
        if v.check in late and v.failure == "waits"
        else v
        for v in exercise.verdicts
    )
    return dataclasses.replace(exercise, verdicts=verdicts)


def _test(v: Verdict, points: float, message: str, shown: bool) -> dict[str, Any]:
    return {
        "name": printable(v.check if shown else f"{v.exercise}: a hidden check"),
        "description": printable(v.says),
        "points": points if v.passed else 0.0,
        "max_points": points,
        "message": message if shown else "",
    }


# --- what runs there ------------------------------------------------------------------------------


def grade(root: Path) -> dict[str, Any]:
    """The results of ROOT/student; GradingError where the judge failed."""
    tests = root / "tests"
    asked = json.loads((tests / SETTINGS).read_text())
    own = bytes.fromhex((tests / "salt").read_text())
    court = Court(tests / "solutions" / asked["assignment"], own, "auto", None, (root,))
    return results(judged(court, root / "student", asked["hints"]), asked["hidden"], asked["late"])


def main(words: Sequence[str]) -> int:
    """`ROOT` grades a submission. 1 where it failed: no results."""
    return answered(Path(words[0]), grade, "question")
