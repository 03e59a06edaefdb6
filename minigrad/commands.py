"""What the commands of `minigrad` do, each from its parsed arguments to an exit code."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from minigrad.grading.model import Assignment, GradingError, Report
from minigrad.grading.report.markup import mark
from minigrad.grading.store.layout import Course

OK, WRONG, CANNOT = 0, 1, 2
UNSAFE = "no sandbox: this runs the notebooks' code with all your rights, and proves nothing"


# --- authors ----------------------------------------------------------------------------------


def build(args: argparse.Namespace) -> int:
    """solutions/ -> assignments/, and into the gradebook."""
    from minigrad.grading.authoring import build as authoring

    course = _course(args)
    wrong = 0
    for name in _names(course, args.names):
        assignment = authoring.load(course.sources(name))
        if args.check:
            complaints = authoring.check_build(assignment, course.root / "assignments")
            wrong += len(complaints)
            print("\n".join(complaints) if complaints else f"{name}: as its sources say")
            continue
        changed = authoring.build(assignment, course.root / "assignments")
        print(f"{name}: {'wrote ' + ', '.join(changed) if changed else 'nothing changed'}")
        if nbgrader := _nbgrader():
            nbgrader.register(course, assignment)
    return WRONG if wrong else OK


def new(args: argparse.Namespace) -> int:
    """Start an assignment."""
    from minigrad.grading.authoring import template as starter

    root = args.course or Path.cwd()
    for path in starter.write(root / "solutions" / args.name):
        print(path.relative_to(root))
    print(f"Next: minigrad build {args.name}, then minigrad matrix {args.name}")
    return OK


def matrix(args: argparse.Namespace) -> int:
    """Every variant passes, every mutant is caught."""
    from minigrad.grading.authoring import build as authoring
    from minigrad.grading.authoring import matrix as tables

    course = _course(args)
    rows: list[Any] = []
    complaints: list[str] = []
    for name in _names(course, args.names):
        assignment = authoring.load(course.sources(name))
        if not assignment.checks:
            print(f"{name}: it has no checks, so there is nothing to test")
            continue
        made = tables.matrix(assignment)
        print(made.text)
        rows += made.rows
        complaints += made.complaints
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    return WRONG if complaints else OK


def reproduce(args: argparse.Namespace) -> int:
    """Train the reference's cells from many seeds, and set what they learn beside what was published."""
    from experiments import published
    from minigrad.terminal import progress, table

    try:
        course = _course(args)
    except GradingError:
        raise GradingError("reproduce trains the cells of solutions/, and there are none here") from None
    names = tuple(dict.fromkeys(args.experiments)) or tuple(published.EXPERIMENTS)
    if unknown := [name for name in names if name not in published.EXPERIMENTS]:
        raise GradingError(f"no experiment {unknown[0]!r}: there is {', '.join(published.EXPERIMENTS)}")
    total = sum(len(published.EXPERIMENTS[name].models) for name in names) * args.seeds
    with progress("training", total) as step:
        found = []
        for run in published.runs(course.root / "solutions", names, args.seeds, args.workers):
            found.append(run)
            step(run.model)
    made = published.lines(found)
    for name in names:
        one = published.EXPERIMENTS[name]
        print(f"{name}: {one.claim}\n  published: {one.source}\n  theirs: {one.theirs}\n  ours: {one.ours}\n")
        print(table(published.HEADER, published.rows([m for m in made if m.experiment == name])), end="\n\n")
    told = json.dumps(published.as_json(found), indent=1) + "\n"
    (course.work / "reproduce.json").write_text(told, encoding="utf-8")
    print(f"{args.seeds} seeds each, intervals by Wilson; wrote reproduce.json into {course.work}")
    print(published.CAUTION)
    return OK


# --- students ---------------------------------------------------------------------------------


def check(args: argparse.Namespace) -> int:
    """Check one notebook: publicly anywhere, fully where the sources are."""
    from minigrad.grading.notebook import offline as selfcheck
    from minigrad.grading.report import formats as display
    from minigrad.sandbox.server import SandboxUnavailable

    def found(isolation: str) -> Report:
        if args.full:
            course, name = _full(args)
            return _judged(course, name, args.notebook, isolation)
        return selfcheck.report(args.notebook, _release(args), isolation)

    if args.unsafe:
        print(f"minigrad: {UNSAFE}", file=sys.stderr)
    try:
        made = found("unsafe" if args.unsafe else "auto")
    except SandboxUnavailable:
        print("minigrad: there is no sandbox here: your notebook's code runs as you", file=sys.stderr)
        made = found("unsafe")
    if args.gradescope:
        told = json.dumps(display.gradescope(made), indent=1) + "\n"
        args.gradescope.write_text(told, encoding="utf-8")
    if args.json:
        print(json.dumps(display.class_json({args.notebook.stem: made})[args.notebook.stem], indent=1))
    else:
        print(display.text(made))
        if made.exercises:
            print(_summary(made, args.full))
    return OK if made.status == "graded" and not display.lost(made) else WRONG


def _summary(made: Report, full: bool) -> str:
    """One line: what passes, what fails, what is still to do."""
    lost = [v for e in made.exercises for v in e.verdicts if not v.passed]
    todo = dict.fromkeys(v.exercise for v in lost if mark(v) == "to do")
    kind = "checks, hidden ones too" if full else "public checks; grading adds hidden ones"
    count = sum(len(e.verdicts) for e in made.exercises)
    parts = [f"{count - len(lost)} of {count} {kind}"]
    if todo:
        parts.append(f"still to do: {', '.join(todo)}")
    if made.exercises and not lost:
        parts.append("all passed")
    return " · ".join(parts)


def _release(args: argparse.Namespace) -> Path:
    """The folder with the release's files: the notebook's own, or the course's."""
    from minigrad.grading.assignment import expected as shipped

    beside: Path = args.notebook.absolute().parent
    if not (beside / shipped.FILE).exists():
        with contextlib.suppress(GradingError):
            course = _course(args)
            for name in (args.notebook.stem, beside.name):
                if (course.release(name) / shipped.FILE).exists():
                    return course.release(name)
    return beside


def _full(args: argparse.Namespace) -> tuple[Course, str]:
    """The course and the assignment of a notebook, for checks that need the sources."""
    try:
        course = _course(args)
    except GradingError:
        raise GradingError("--full needs the course's solutions/, which hold the hidden checks") from None
    folder = args.notebook.absolute().parent.name
    known = [n for n in (args.notebook.stem, folder) if n in course.names()]
    if not known:
        raise GradingError(
            f"{args.notebook} is named after no assignment of {course.root}: "
            f"there is {', '.join(course.names())}"
        )
    return course, known[0]


def _judged(course: Course, name: str, notebook: Path, isolation: str) -> Report:
    """A report with a salt of its own, which nothing keeps."""
    from minigrad.grading.classroom import run as cohort
    from minigrad.grading.intake.canonical import read

    with cohort.court(course, name, isolation, throwaway=True).judge() as judge:
        return judge.grade(read(notebook))


# --- instructors ------------------------------------------------------------------------------


def collect(args: argparse.Namespace) -> int:
    """An LMS's folder or archive -> submitted/."""
    from minigrad.grading.intake.unpack import unpack
    from minigrad.grading.model import clean

    course = _course(args)
    (name,) = _names(course, [args.assignment])
    made = unpack(args.source, course.submitted, name)
    count = len(made.files)
    print(f"{count} submission{'' if count == 1 else 's'} laid into {course.submitted}")
    for student, why in made.refused.items():
        print(clean(f"minigrad: {student}: {why}"), file=sys.stderr)
    for left in made.nobodys:
        print(clean(f"minigrad: left out: {left}"), file=sys.stderr)
    return WRONG if made.refused or not made.files else OK


def grade(args: argparse.Namespace) -> int:
    """Grade a class, or the notebooks named."""
    from minigrad.grading.classroom import run as cohort
    from minigrad.grading.report import formats as display
    from minigrad.grading.store import reports as stored
    from minigrad.terminal import class_table, progress

    course = _course(args)
    assignment = _graded(course, args.assignment)
    name = assignment.name
    submissions, ours = _submissions(course, name, args.paths)
    if not submissions:
        raise GradingError(f"nothing to grade: no notebook at {course.submitted}/STUDENT/{name}/{name}.ipynb")
    if args.new_salt:
        stored.new_salt(course.salt(name))
    if args.unsafe:
        print(f"minigrad: {UNSAFE}; nothing is recorded", file=sys.stderr)
    with _executor(args) as (executor, workers), progress(f"grading {name}", len(submissions)) as step:
        reports = cohort.run(
            course,
            assignment,
            submissions,
            workers=workers,
            executor=executor,
            isolation="unsafe" if args.unsafe else "auto",
            keep=ours,
            done=lambda student, report: step(student),
        )
    failed = {}
    if ours and not args.unsafe:
        failed = _record(course, assignment, submissions, reports)
    if args.json:
        print(json.dumps(display.class_json(reports), indent=1))
    else:
        print(class_table(reports))
    return WRONG if failed or any(r.status != "graded" for r in reports.values()) else OK


@contextlib.contextmanager
def _executor(args: argparse.Namespace) -> Iterator[tuple[Executor | None, int]]:
    """Where to grade, and how much at a time: processes here, or a cluster."""
    if args.executor == "processes":
        yield None, args.workers
        return
    if args.unsafe:
        raise GradingError("--unsafe is for this machine: leave out --executor dask")
    from minigrad.grading.classroom.dask import dask

    with dask(args.scheduler, args.tls) as made:
        yield made


def _record(
    course: Course, assignment: Assignment, submissions: Mapping[str, Path], reports: Mapping[str, Report]
) -> dict[str, str]:
    """Pass reports into the gradebook, where nbgrader is installed; says what could not be recorded."""
    from minigrad.terminal import progress

    nbgrader = _nbgrader()
    if not nbgrader:
        return {}
    with progress("recording", len(submissions)) as step:
        failed: dict[str, str] = nbgrader.record(course, assignment, submissions, reports, done=step)
    for student, why in failed.items():
        last = (why.strip().splitlines() or ["nbgrader does not say why"])[-1]
        print(f"minigrad: {student} was graded but not recorded: {last}", file=sys.stderr)
    return failed


def regrade(args: argparse.Namespace) -> int:
    """Grade a class again and list what changes; with --preview, nothing is recorded."""
    from minigrad.grading.classroom import run as cohort
    from minigrad.grading.classroom.changes import changes, changes_json, changes_line, changes_rows
    from minigrad.terminal import progress, table

    course = _course(args)
    assignment = _graded(course, args.assignment)
    name = assignment.name
    before = cohort.reports(course, name)
    submissions, _ = _submissions(course, name, ())
    if not before:
        raise GradingError(f"{name} was not graded yet: run `minigrad grade {name}`")
    with progress(f"grading {name}", len(submissions)) as step:
        after = cohort.run(
            course,
            assignment,
            submissions,
            workers=args.workers,
            preview=args.preview,
            done=lambda student, report: step(student),
        )
    failed = {} if args.preview else _record(course, assignment, submissions, after)
    found = changes(before, after)
    if args.json:
        print(json.dumps(changes_json(found), indent=1))
    else:
        if found:
            print(table(("student", "before", "after", "change", "checks"), changes_rows(found), 110))
        print(changes_line(found, len(after)) + ("; nothing was recorded" if args.preview else ""))
    return WRONG if failed or any(r.status != "graded" for r in after.values()) else OK


def report(args: argparse.Namespace) -> int:
    """Show the last reports of an assignment, and write them as files."""
    from minigrad.grading.authoring import build as authoring
    from minigrad.grading.classroom import run as cohort
    from minigrad.grading.report import formats as display
    from minigrad.grading.report import lms
    from minigrad.grading.report.class_page import class_html
    from minigrad.terminal import class_table

    course = _course(args)
    reports = cohort.reports(course, _names(course, [args.assignment])[0])
    if not reports:
        raise GradingError(f"{args.assignment} was not graded yet: run `minigrad grade {args.assignment}`")
    values = json.dumps(display.class_json(reports), indent=1) + "\n"
    if args.json:
        print(values, end="")
        return OK
    ids = lms.read_ids(args.ids or course.ids) if args.lms or args.ids else {}
    print(class_table(reports))
    near = cohort.near(course, authoring.load(course.sources(args.assignment)))
    for a in near:
        print(f"near-identical work, {100 * a.share:.0f} %: {', '.join(a.students)}")
    out: Path = args.out or course.work
    out.mkdir(parents=True, exist_ok=True)
    files = {
        "report.json": values.encode(),
        "report.csv": display.class_csv(reports),
        "report.html": class_html(reports, near).encode(),
    }
    if ids:
        files["lms.csv"] = lms.lms_csv(reports, ids)
        if unknown := sorted(reports.keys() - ids.keys()):
            print(f"minigrad: not in the id map, so not in lms.csv: {', '.join(unknown)}", file=sys.stderr)
    for name, data in files.items():
        (out / name).write_bytes(data)
    *some, last = files
    print(f"\nwrote {', '.join(some)} and {last} into {out}")
    return OK


def explain(args: argparse.Namespace) -> int:
    """Expected against got of one check, for staff."""
    from minigrad.grading.authoring import build as authoring
    from minigrad.grading.classroom import run as cohort
    from minigrad.grading.intake.canonical import intake, read
    from minigrad.grading.judge.explain import explanation

    course = _course(args)
    found = None
    for name in _names(course, [args.assignment] if args.assignment else []):
        assignment = authoring.load(course.sources(name))
        if any(c.name == args.check for c in assignment.checks):
            found = assignment
    if found is None:
        raise GradingError(f"no check is called {args.check!r}: `minigrad report` shows their names")
    submissions = course.submissions(found.name)
    if args.student not in submissions:
        raise GradingError(f"{args.student!r} handed in no {found.name}: nothing at {course.submitted}")
    taken = intake(read(submissions[args.student]), found)
    isolation = "unsafe" if args.unsafe else "auto"
    with cohort.court(course, found.name, isolation).judge() as judge:
        print(f"{args.student}, {args.check} (for staff only: it shows expected values)\n")
        print(explanation(judge, taken, found.check(args.check)))
    return OK


# --- what commands share ----------------------------------------------------------------------


def _course(args: argparse.Namespace) -> Course:
    return Course.at(args.course) if args.course else Course.find(Path.cwd())


def _names(course: Course, asked: Sequence[str]) -> tuple[str, ...]:
    known = course.names()
    for name in asked:
        if name not in known:
            there = ", ".join(known) or "none"
            raise GradingError(f"no assignment {name!r} in {course.root / 'solutions'}; there is {there}")
    return tuple(asked) or known


def _graded(course: Course, name: str) -> Assignment:
    """An assignment to grade; GradingError when there is nothing to grade in it."""
    from minigrad.grading.authoring import build as authoring

    (known,) = _names(course, [name])
    assignment = authoring.load(course.sources(known))
    if not assignment.graded:
        raise GradingError(f"nothing in {known} is graded: it has neither checks nor questions")
    return assignment


def _nbgrader() -> Any:
    """Our nbgrader module, or None where nbgrader is not installed. It takes seconds to import."""
    try:
        Path.home()
    except RuntimeError:  # a container's user without HOME and name: Jupyter asks for a home
        os.environ["HOME"] = "/"
    with contextlib.suppress(ModuleNotFoundError):
        from minigrad.grading.nbgrader import plugin as nbgrader

        return nbgrader
    return None


def _submissions(course: Course, name: str, paths: Sequence[Path]) -> tuple[dict[str, Path], bool]:
    """What to grade by student, and whether all of it lies in submitted/."""
    handed_in = course.submissions(name)
    if not paths:
        return handed_in, True
    files = [f for p in paths for f in (sorted(p.rglob("*.ipynb")) if p.is_dir() else [p])]
    students = {path: student for student, path in handed_in.items()}
    if all(f.absolute() in students for f in files):
        return {students[f.absolute()]: f.absolute() for f in files}, True
    found: dict[str, Path] = {}
    for f in files:
        label = f.stem if f.stem != name else f.absolute().parent.name
        while label in found:
            label += "-again"
        found[label] = f
    return found, False
