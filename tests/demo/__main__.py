"""`make demo`: a sample class of 01-rnn, from notebooks to reports, into demo/."""

from __future__ import annotations

import csv
import json
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from minigrad.grading import authoring, cohort, display
from minigrad.grading.classview import class_html
from minigrad.grading.course import Course
from minigrad.grading.spec import Report
from minigrad.terminal import class_table, progress
from tests.demo.leaks import leaks, secrets
from tests.demo.submissions import CLASS

NAME = "01-rnn"
ROOT = Path(__file__).parents[2]
MADE = ("submitted", "autograded", "feedback", ".minigrad")
FILES = ("gradebook.db", "grades.csv", "report.json", "report.html")


def main() -> int:
    """Run the demo; 0 when every sample scored what it should."""
    course = Course.at(ROOT, ROOT / "demo")
    clear(course.work)
    began = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - began:5.1f} s] {text}", flush=True)

    assignment = authoring.load(course.sources(NAME))
    changed = authoring.build(assignment, course.root / "assignments")
    say(f"built assignments/{NAME}: {', '.join(changed) or 'nothing changed'}")

    for sample in CLASS:
        folder = course.submitted / sample.student / NAME
        folder.mkdir(parents=True)
        (folder / f"{NAME}.ipynb").write_bytes(sample.file(assignment))
        (folder / "timestamp.txt").write_text("2030-01-31 12:00:00 UTC\n", encoding="ascii")
    submissions = course.submissions(NAME)
    say(f"laid out {len(submissions)} submissions in demo/submitted/")

    with progress("grading", len(submissions)) as step:
        reports = cohort.run(
            course, assignment, submissions, workers=2, done=lambda student, report: step(student)
        )
    say("graded in the sandbox, with 2 workers")

    from minigrad.grading import nbgrader  # takes seconds to import

    with progress("recording", len(submissions)) as step:
        errors = nbgrader.record(course, assignment, submissions, reports, done=step)
    say("recorded through nbgrader in demo/gradebook.db")
    nbgrader.feedback(course, NAME)
    nbgrader.export(course, course.work / "grades.csv")
    say("wrote nbgrader's demo/feedback/ and demo/grades.csv")
    (course.work / "report.json").write_text(
        json.dumps(display.class_json(reports), indent=1) + "\n", encoding="utf-8"
    )
    (course.work / "report.html").write_text(class_html(reports), encoding="utf-8")
    say("wrote demo/report.json and demo/report.html")

    print("\n" + class_table(reports) + "\n")
    complaints = [f"{student}: not recorded: {why}" for student, why in errors.items()]
    complaints += wrong(reports, recorded(course.work / "grades.csv"))
    seen = [course.feedback, course.work / "autograded", course.release(NAME)]
    complaints += leaks(seen, secrets(course, assignment))
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    say(f"{len(CLASS)} samples, {len(complaints)} wrong")
    return 1 if complaints else 0


def clear(work: Path) -> None:
    """Remove what an earlier demo made, and nothing else."""
    for name in MADE:
        shutil.rmtree(work / name, ignore_errors=True)
    for name in FILES:
        (work / name).unlink(missing_ok=True)
    work.mkdir(exist_ok=True)


def recorded(grades: Path) -> dict[str, float]:
    """What nbgrader exported, by student."""
    with grades.open(encoding="utf-8", newline="") as file:
        return {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}


def wrong(reports: Mapping[str, Report], grades: Mapping[str, float]) -> list[str]:
    """What is not as the samples state it, in sentences."""
    found = []
    for sample in CLASS:
        report = reports[sample.student]
        if report.status != sample.status:
            found.append(f"{sample.student} should be {sample.status}, is {report.status}: {report.reason}")
        if abs(report.score - sample.score) > 1e-9:
            found.append(f"{sample.student} should score {sample.score}, has {report.score}")
        grade = grades.get(sample.student, -1.0)
        if abs(grade - sample.score) > 1e-9:
            found.append(f"{sample.student} should have {sample.score} in the gradebook, has {grade}")
        if sample.hint and not any(e.hint for e in report.exercises if e.name == sample.hint):
            found.append(f"{sample.student}: the mistake in {sample.hint} was not recognised")
    return found


if __name__ == "__main__":
    sys.exit(main())
