"""`python -m tests.benchmarks.grading [--students N] [--distinct N] [--rounds N]`: the grader, measured.

Against stock nbgrader executing the same checks on the same right notebook of 01-rnn in its kernel,
without and with trained checks; then CPU time against the number of distinct submissions; then a
class from submitted/ to feedback/, its time and its memory, and once more when nothing has changed. A
table, and rows in bench-grading.json. Times are medians; a ratio above 1 means that minigrad is better
by so much.

The first verdict is that on a wrong answer, under a new salt, whose mistake no earlier one has made.
CPU is that of all processes, workers too; where the number of submissions is the question, without
what the solution takes once. Memory is PSS, which counts a page that processes share once: the
largest sum, at one moment of the class, over this process, its two judging processes, their fork
servers and supervisors; and over these and the workers.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.checks import Mutant
from minigrad.grading.assignment.load import load
from minigrad.grading.authoring.build import release_notebook
from minigrad.grading.classroom.court import court
from minigrad.grading.classroom.run import grade_class, near_identical
from minigrad.grading.judge.judge import Judge
from minigrad.grading.model import Assignment
from minigrad.grading.report.class_page import class_html
from minigrad.grading.store import files
from minigrad.grading.store.layout import Course
from tests.benchmarks.__main__ import Row, row
from tests.benchmarks.measure import tree_megabytes

NAME = "01-rnn"
SALT = b"benchmark's salts"[:16]
LOOK_EVERY = 0.25  # seconds between two looks at memory
ROOT = Path(__file__).parents[2]
OUT = Path("bench-grading.json")
# What is to be reached, by bench: a ratio at least, or ours at most.
AT_LEAST = {"public checks, wall": 20.0, "in full, wall": 4.0}
AT_MOST = {
    "CPU, farthest from a line": 15.0,
    "first verdict, wall": 8.0,
    "class to feedback, wall": 90.0,
    "class, recording one, CPU": 0.025,
    "class, one page, CPU": 0.06,
    "class, judge's memory": 160.0,
    "again, 101 students, wall": 5.0,
}
AGAIN = 101  # students of the class in which nothing has changed
STAGES = {"wall": "judging", "record": "recording", "pages": "feedback", "report": "report"}
STEPS = (1 / 6, 1 / 3, 2 / 3, 1)  # of all distinct submissions: CPU must lie on a line over these

CHECKS = """
import hashlib
from minigrad.checks import Student, collect
from minigrad.sandbox.probing import generator, run_probe
_names = {{"__name__": "checks"}}
for _text in {sources!r}:
    exec(_text, _names)
_points = {points!r}
_checks = [c for c in collect(_names) if c.name in _points]

def check(exercise):
    score = 0.0
    for c in _checks:
        if c.exercise == exercise:
            seed = hashlib.sha256(c.name.encode()).hexdigest()
            arrays = run_probe(c, globals(), seed).get("arrays")
            right = arrays is not None
            if right and c.trained:
                data = generator(seed), generator(seed)
                right = c.replay(Student(globals()), arrays, *data) >= c.threshold
            score += _points[c.name] * right
    return float(score)
"""

STOCK = """
import json, resource, sys, time
from traitlets.config import Config
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
root, name, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
c = Config()
c.CourseDirectory.root = root
c.CourseDirectory.db_url = f"sqlite:///{root}/gradebook.db"
c.NbGraderAPI.log_level = "ERROR"
c.ExecutePreprocessor.timeout = 600
api = NbGraderAPI(CourseDirectory(config=c), config=c)
made = api.generate_assignment(name)
assert made["success"], made
def cpu():
    both = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(r.ru_utime + r.ru_stime for r in both)
for i in range(rounds):
    wall, used = time.monotonic(), cpu()
    made = api.autograde(name, f"s{i}", force=True)
    assert made["success"], made
    print(json.dumps([time.monotonic() - wall, cpu() - used]))
score = [s["score"] for s in api.get_submissions(name)]
assert all(abs(s - float(sys.argv[4])) < 1e-6 for s in score), score
"""


def main(arguments: list[str]) -> int:
    options = argparse.ArgumentParser(prog="tests.benchmarks.grading", description=__doc__)
    options.add_argument("--students", type=int, default=1000)
    options.add_argument("--distinct", type=int, default=150)
    options.add_argument("--rounds", type=int, default=5, help="submissions for each comparison")
    asked = options.parse_args(arguments)
    assignment = load(ROOT / "solutions" / NAME)
    found: list[Row] = []

    def add(bench: str, unit: str, ours: float, theirs: float = 0.0) -> None:
        found.append(row(bench, NAME, "nbgrader" if theirs else "", unit, ours, theirs))
        reach = f"  ≥ {AT_LEAST[bench]:g}" if bench in AT_LEAST else ""
        reach = f"  ≤ {AT_MOST[bench]:g}" if bench in AT_MOST else reach
        against = f"{theirs:10.3f} {found[-1].ratio:7.2f}" if theirs else " " * 18
        print(f"{bench:32}{ours:10.3f} {unit:4}{against}{reach}", flush=True)

    for what, one in (("public checks", public(assignment)), ("in full", assignment)):
        ours, theirs = judged(one, asked.rounds), stock(one, asked.rounds)
        add(f"{what}, wall", "s", ours[0], theirs[0])
        add(f"{what}, CPU", "s", ours[1], theirs[1])
    with tempfile.TemporaryDirectory() as folder:
        sizes = [round(asked.distinct * step) for step in STEPS]
        cpu = [by_itself(Path(folder) / str(n), n, n)["cpu"] for n in sizes]
        line = np.polyval(np.polyfit(sizes, cpu, 1), sizes)
        for n, seconds in zip(sizes, cpu, strict=True):
            add(f"CPU, {n} distinct", "s", seconds)
        add("CPU, farthest from a line", "%", 100 * float(np.abs(cpu / line - 1).max()))
        add("first verdict, wall", "s", first_verdict(assignment))
        whole = by_itself(Path(folder) / "class", asked.students, asked.distinct, True)
        by_itself(Path(folder) / "again", AGAIN, 6, True)
        again = by_itself(Path(folder) / "again", AGAIN, 6, True)
    stages = ("wall", "record", "pages", "report")
    for stage in stages:
        add(f"class, {STAGES[stage]}, wall", "s", whole[stage])
    add("class to feedback, wall", "s", sum(whole[stage] for stage in stages))
    add("class to feedback, CPU", "s", whole["cpu"])
    add("class, recording one, CPU", "s", whole["record cpu"] / asked.students)
    add("class, one page, CPU", "s", whole["pages cpu"] / asked.students)
    add("class, judge's memory", "MB", whole["memory"])
    add("class, memory with workers", "MB", whole["memory with workers"])
    add("again, 101 students, wall", "s", again["wall"] + again["record"])
    OUT.write_text(json.dumps([asdict(r) for r in found], indent=1) + "\n")
    print(f"written to {OUT}")
    return 0


def public(assignment: Assignment) -> Assignment:
    """The assignment with its public checks that train nothing."""
    checks = tuple(c for c in assignment.checks if c.name in assignment.public and not c.trained)
    points: dict[str, float] = {}
    for c in checks:
        points[c.exercise] = points.get(c.exercise, 0.0) + c.points
    cells = tuple(
        dataclasses.replace(c, points=points[c.exercise]) if c.kind == "check" else c
        for c in assignment.cells
        if c.kind != "check" or c.exercise in points
    )
    sources = {"public_checks.py": assignment.sources["public_checks.py"]}
    return dataclasses.replace(assignment, cells=cells, checks=checks, sources=sources, mutants=())


def right(assignment: Assignment, comment: str = "") -> dict[str, Any]:
    """The solution as a student would hand it in."""
    made = release_notebook(dataclasses.replace(assignment, cells=assignment.solved()))
    if comment:
        last = next(c for c in reversed(made["cells"]) if c["metadata"]["nbgrader"]["solution"])
        last["source"] += f"\n# {comment}"
    return made


def judged(assignment: Assignment, rounds: int) -> tuple[float, float]:
    """Median (wall, CPU) seconds of one right submission in the judge, once it is warm."""
    taken = []
    warm, *files = (json.dumps(right(assignment, f"{i}")).encode() for i in range(rounds + 1))
    with Judge(assignment, SALT) as judge:
        judge.prepare()
        judge.grade(warm)
        for file in files:
            wall, cpu = time.monotonic(), time.process_time()
            report = judge.grade(file)
            taken.append((time.monotonic() - wall, time.process_time() - cpu + report.cpu))
            if report.score != report.points:
                raise SystemExit(f"the solution has {report.score} of {report.points} points")
    return statistics.median(t[0] for t in taken), statistics.median(t[1] for t in taken)


def stock(assignment: Assignment, rounds: int) -> tuple[float, float]:
    """The same in stock nbgrader: the same cells, and check cells that run the same checks in the kernel."""
    each = {c.name: c.points for c in assignment.checks}
    made = right(assignment)
    kinds = {c.id: c.kind for c in assignment.cells}
    made["cells"] = [c for c in made["cells"] if kinds[c["id"]] != "lab"]
    where = next(i for i, c in enumerate(made["cells"]) if kinds[c["id"]] == "check")
    setup = CHECKS.format(sources=list(assignment.sources.values()), points=each)
    cell = {"cell_type": "code", "id": "set-up", "metadata": {}, "source": setup}
    made["cells"].insert(where, cell | {"execution_count": None, "outputs": []})
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for place in ("source/.", *(f"submitted/s{i}" for i in range(rounds))):
            path = root / place / NAME / f"{NAME}.ipynb"
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps(made))
        points = sum(assignment.exercises().values())
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", STOCK, folder, NAME, str(rounds), str(points)],
            env={**os.environ, "PATH": path, "HOME": folder},
            capture_output=True,
            text=True,
        )
    if done.returncode:
        raise SystemExit(f"stock nbgrader failed:\n{done.stdout[-500:]}{done.stderr[-2000:]}")
    taken = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    return statistics.median(t[0] for t in taken), statistics.median(t[1] for t in taken)


def first_verdict(assignment: Assignment) -> float:
    """Wall seconds from nothing but the sources to the report of a wrong answer, with its hint."""
    data = wrong(right(assignment), assignment.mutants[0])
    began = time.monotonic()
    with Judge(assignment, SALT) as judge:
        report = judge.grade(json.dumps(data).encode())
    if not any(e.mistake for e in report.exercises):
        raise SystemExit("the mistake was not recognised")
    return time.monotonic() - began


def wrong(made: dict[str, Any], mutant: Mutant) -> dict[str, Any]:
    """A solved notebook with a known mistake in it."""
    for c in made["cells"]:
        c["source"] = c["source"].replace(mutant.old, mutant.new)
    return made


def hand_in(course: Course, assignment: Assignment, students: int, distinct: int) -> None:
    """A class: two thirds of the distinct works are right, the others each make one known mistake.

    Where all are distinct, all are right: the cost of a mistake depends on which it is.
    """
    files = []
    for i in range(distinct):
        made = right(assignment, f"work {i}")
        if i % 3 == 2 and students > distinct:
            made = wrong(made, assignment.mutants[i // 3 % len(assignment.mutants)])
        files.append(json.dumps(made))
    for i in range(students):
        path = course.submitted / f"s{i:04}" / NAME / f"{NAME}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[i % distinct])


def by_itself(work: Path, students: int, distinct: int, to_feedback: bool = False) -> dict[str, float]:
    """`graded` in a new process: this one holds what it measured before."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(graded, work, students, distinct, to_feedback).result()


def graded(work: Path, students: int, distinct: int, to_feedback: bool) -> dict[str, float]:
    """A class in two processes: wall and CPU seconds, and MB (PSS) at most, without and with workers.

    With `to_feedback` also of what follows, by stage, and CPU of all; without, of judging alone, once
    the solution's arrays are there.
    """
    assignment = load(ROOT / "solutions" / NAME)
    course = Course.at(ROOT, work)
    hand_in(course, assignment, students, distinct)
    # one salt for all classes: it decides how many updates a right cell needs, the same for all
    files.write(course.salt(NAME), SALT.hex().encode())
    peak, looked = [0.0, 0.0], 0.0

    def look(student: str, report: Any) -> None:
        nonlocal looked
        if time.monotonic() - looked > LOOK_EVERY:
            looked = time.monotonic()
            own, workers = tree_megabytes()
            peak[:] = max(peak[0], own), max(peak[1], own + workers)

    def used() -> float:
        both = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return sum(r.ru_utime + r.ru_stime for r in both)

    if not to_feedback:
        with court(course, NAME).judge() as judge:
            _ = judge.expected  # into the cache
    began, cpu = time.monotonic(), used()
    submissions = course.submissions(NAME)
    reports = grade_class(course, assignment, submissions, workers=2, done=look)
    found = {"wall": time.monotonic() - began, "cpu": used() - cpu}
    found["memory"], found["memory with workers"] = peak
    if any(r.status != "graded" for r in reports.values()):
        raise SystemExit("not all were graded")
    if to_feedback:
        from minigrad.grading.nbgrader import plugin as nbgrader

        stages: dict[str, Callable[[], object]] = {
            "record": lambda: nbgrader.record(course, assignment, submissions, reports),
            "pages": lambda: nbgrader.feedback(course, NAME, 2),
            "report": lambda: class_html(reports, near_identical(course, assignment)),
        }
        for stage, does in stages.items():
            began, before = time.monotonic(), used()
            does()
            found |= {stage: time.monotonic() - began, f"{stage} cpu": used() - before}
        found["cpu"] = used() - cpu
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
