"""`make demo`: a sample class of every assignment, from notebooks to reports, into demo/."""

from __future__ import annotations

import csv
import json
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from itertools import repeat
from pathlib import Path

from minigrad.cli.terminal import class_table, progress
from minigrad.grading.assignment.load import load, names
from minigrad.grading.classroom.processes import Processes
from minigrad.grading.classroom.run import grade_class
from minigrad.grading.model import Assignment, Report
from minigrad.grading.report.class_page import class_html
from minigrad.grading.report.formats import class_json
from minigrad.grading.store.layout import Course
from tests.demo.built import built
from tests.demo.classes import CLASSES
from tests.demo.leaks import leaks, released_text, secrets
from tests.demo.samples import Sample

MAIN = "01-rnn"  # the large class, with every kind of work
WORKERS = 2
ROOT = Path(__file__).parents[2]
MADE = ("submitted", "autograded", "feedback", ".minigrad")
FILES = ("gradebook.db", "grades.csv")
Say = Callable[[str], None]


def main() -> int:
    """Run the demo; 0 when every sample scored what it should."""
    course = Course.at(ROOT, ROOT / "demo")
    clear(course.work)
    began = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - began:5.1f} s] {text}", flush=True)

    assignments = {name: load(course.authored(name)) for name in names(course.root / "solutions")}
    asked = [name for name, assignment in assignments.items() if assignment.checks]
    complaints = [complaint for name in asked for complaint in lacks(name, CLASSES.get(name, ()))]
    classes = {name: CLASSES[name] for name in asked if name in CLASSES}
    with Processes(WORKERS) as pool:  # the same for all classes: one takes a second to start
        folders = [course.authored(name) for name in classes]
        for name, changed in zip(classes, pool.map(built, folders, repeat(course.root)), strict=True):
            say(f"built assignments/{name}: {', '.join(changed) or 'nothing changed'}")
        graded = {
            name: grade(course, assignments[name], samples, pool, say) for name, samples in classes.items()
        }
    complaints += record(course, assignments, graded, say)
    for name, reports in graded.items():
        write(course.work, "" if name == MAIN else f"-{name}", reports)
    say("wrote demo/report.html and demo/report.json, and one of each for every other assignment")
    for name, reports in graded.items():
        print(f"\n{name}\n\n{class_table(reports)}")

    grades = recorded(course.work / "grades.csv")
    for name, reports in graded.items():
        complaints += wrong(name, classes[name], reports, grades)
    public = released_text(assignments.values())
    hidden = {
        text: what for name in graded for text, what in secrets(course, assignments[name], public).items()
    }
    seen = [course.feedback, course.work / "autograded", *map(course.release, assignments)]
    complaints += leaks(seen, hidden)
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    print()
    say(f"{sum(map(len, classes.values()))} samples, {len(complaints)} wrong")
    return 1 if complaints else 0


def grade(
    course: Course, assignment: Assignment, samples: Sequence[Sample], pool: Executor, say: Say
) -> dict[str, Report]:
    """Lay out the sample class of an assignment, and judge it in the sandbox."""
    name = assignment.name
    for sample in samples:
        folder = course.submitted / sample.student / name
        folder.mkdir(parents=True)
        (folder / f"{name}.ipynb").write_bytes(sample.file(assignment))
        (folder / "timestamp.txt").write_text("2030-01-31 12:00:00 UTC\n", encoding="ascii")
    submissions = course.submissions(name)
    with progress(f"grading {name}", len(submissions)) as step:
        reports = grade_class(
            course,
            assignment,
            submissions,
            workers=WORKERS,
            executor=pool,
            done=lambda student, report: step(student),
        )
    say(f"graded {len(submissions)} submissions of {name} in the sandbox, with {WORKERS} workers")
    return reports


def record(
    course: Course,
    assignments: Mapping[str, Assignment],
    graded: Mapping[str, Mapping[str, Report]],
    say: Say,
) -> list[str]:
    """Pass the reports through nbgrader: gradebook, feedback, export. What went wrong, in sentences."""
    from minigrad.grading.nbgrader import plugin as nbgrader  # takes seconds to import

    complaints = []
    for name, reports in graded.items():
        with progress(f"recording {name}", len(reports)) as step:
            handed_in = course.submissions(name)
            errors = nbgrader.record(course, assignments[name], handed_in, reports, done=step)
        complaints += [f"{name}: {student}: not recorded: {why}" for student, why in errors.items()]
        nbgrader.feedback(course, name)
    nbgrader.export(course, course.work / "grades.csv")
    say("recorded through nbgrader in demo/gradebook.db; wrote its demo/feedback/ and demo/grades.csv")
    return complaints


def write(work: Path, suffix: str, reports: Mapping[str, Report]) -> None:
    """The class view as a page, and the reports for programs."""
    text = json.dumps(class_json(reports), indent=1) + "\n"
    (work / f"report{suffix}.json").write_text(text, encoding="utf-8")
    (work / f"report{suffix}.html").write_text(class_html(reports), encoding="utf-8")


def clear(work: Path) -> None:
    """Remove what an earlier demo made, and nothing else."""
    for name in MADE:
        shutil.rmtree(work / name, ignore_errors=True)
    for path in (*(work / name for name in FILES), *work.glob("report*.json"), *work.glob("report*.html")):
        path.unlink(missing_ok=True)
    work.mkdir(exist_ok=True)


def recorded(grades: Path) -> dict[tuple[str, str], float]:
    """What nbgrader exported, by assignment and student."""
    with grades.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        return {(row["assignment"], row["student_id"]): float(row["score"] or 0) for row in rows}


def lacks(name: str, samples: Sequence[Sample]) -> list[str]:
    """What a sample class has not, in sentences."""
    kinds = {
        "right work": any(s.solves is None and not (s.mutant or s.changes) for s in samples),
        "a wrong submission whose hint is known": any(s.hint for s in samples),
    }
    return [
        f"{name}: its sample class has no {kind}: add it in tests/demo"
        for kind, has in kinds.items()
        if not has
    ]


def wrong(
    name: str,
    samples: Sequence[Sample],
    reports: Mapping[str, Report],
    grades: Mapping[tuple[str, str], float],
) -> list[str]:
    """What is not as the samples state it, in sentences."""
    found = []
    for sample in samples:
        who, report = f"{name}: {sample.student}", reports[sample.student]
        if report.status != sample.status:
            found.append(f"{who} should be {sample.status}, is {report.status}: {report.reason}")
        if abs(report.score - sample.score) > 1e-9:
            found.append(f"{who} should score {sample.score}, has {report.score}")
        grade = grades.get((name, sample.student), -1.0)
        if abs(grade - sample.score) > 1e-9:
            found.append(f"{who} should have {sample.score} in the gradebook, has {grade}")
        if sample.hint and not any(e.mistake for e in report.exercises if e.name == sample.hint):
            found.append(f"{who}: the mistake in {sample.hint} was not recognised")
        mistakes = {e.mistake for e in report.exercises if e.mistake}
        if sample.mutant and mistakes != {sample.mutant}:
            found.append(
                f"{who}: {sample.mutant} is taken for {', '.join(sorted(mistakes)) or 'nothing known'}"
            )
    return found


if __name__ == "__main__":
    sys.exit(main())
