"""Terms at random: `python -m tests.terms 200` plays 200 of 15 events; a number more is the first seed.

Students hand in, in time, late and again, get other ids, and drop out; work is taken away; staff grade, are
interrupted, mark by hand, comment, decide, extend, say which attempt counts, edit points and checks, regrade,
hand out and export. After every event gradebook, reports, history, pages of feedback and exports say the
same. Nothing is judged: recording is what is tested.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import random
import re
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from minigrad.cli import main
from minigrad.cli.options import CANNOT, STOPPED
from minigrad.grading.authoring import build
from minigrad.grading.classroom import court
from minigrad.grading.classroom.run import last_reports
from minigrad.grading.model import Assignment
from minigrad.grading.store.attempts import keep
from minigrad.grading.store.history import states
from minigrad.grading.store.layout import Course
from tests.grading.term import CHECKS, LENIENT, NAMES, Named, hand_in, new_course

STUDENTS = ("ann", "bob", "cem")
EVENTS = 15


@dataclass
class Term:
    """A course in its term, and what cannot be in line now."""

    course: Course
    rng: random.Random
    log: list[str] = field(default_factory=list)
    interrupted: set[str] = field(default_factory=set)  # assignments of which a recording was stopped
    touched: set[tuple[str, str]] = field(default_factory=set)  # changed by a person since a page was written
    may: set[tuple[str, str]] = field(default_factory=set)  # of whom other work may count than is recorded
    dropped: set[str] = field(default_factory=set)
    decisions: dict[str, str] = field(default_factory=dict)
    extensions: dict[tuple[str, str], int] = field(default_factory=dict)
    late: str = ""
    counts: str = ""
    students: list[str] = field(default_factory=lambda: [*STUDENTS])
    said: str = ""  # by the last command

    def run(self, *words: str) -> int:
        """A command; what it says goes into the log."""
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = main(["--course", str(self.course.root), *words])
        self.said = said.getvalue()
        self.log.append(f"{' '.join(words)} -> {code}: {' '.join(said.getvalue().split())[-200:]}")
        return code

    def write_rules(self) -> None:
        """course.toml and roster.csv; pages may tell of other rules until a command comes by."""
        due = "".join(f"{name} = 2030-02-{n + 1:02}T12:00:00Z\n" for n, name in enumerate(NAMES))
        more = "".join(
            f"[extensions.{name}]\n"
            + "".join(
                f"{s} = 2030-02-{day:02}T12:00:00Z\n" for (n, s), day in self.extensions.items() if n == name
            )
            for name in NAMES
        )
        decided = "".join(self.decisions.values())
        self.course.dates.write_text(f"[due]\n{due}{more}{self.late}{self.counts}{decided}")
        lines = (f"{s},{'dropped' if s in self.dropped else 'active'}\n" for s in self.students)
        self.course.roster.write_text("student,status\n" + "".join(lines))
        everybody = {(name, s) for name in NAMES for s in self.students}
        self.touched |= everybody
        self.may |= everybody

    def chosen(self) -> tuple[str, str]:
        return self.rng.choice(NAMES), self.rng.choice(self.students)

    def recorded(self, *words: str) -> None:
        """A command that records what counts: of who has dropped out, nothing."""
        name = words[1]
        if self.run(*words, "--workers", "1") not in (CANNOT, STOPPED):
            self.interrupted.discard(name)
            for some in (self.touched, self.may):
                some -= {(name, student) for student in self.students if student not in self.dropped}


def submits(term: Term) -> None:
    name, student = term.chosen()
    passes = tuple(c for c in CHECKS if term.rng.random() < 0.6)
    day, minute = term.rng.randint(1, 9), term.rng.randint(0, 59)
    time = term.rng.choice((f"2030-02-{day:02} 12:{minute:02}:00 UTC", "2030-01-01 09:00:00 UTC", ""))
    notebook = term.course.submitted / student / name / f"{name}.ipynb"
    keep(notebook, term.course.attempts(name) / student)  # as collect does
    hand_in(term.course, student, name, passes, time)
    term.may.add((name, student))
    if term.rng.random() < 0.15:
        notebook.write_bytes(b"no notebook")


def grades(term: Term) -> None:
    name = term.rng.choice(NAMES)
    if term.course.submissions(name):
        term.recorded("grade", name)


def regrades(term: Term) -> None:
    name = term.rng.choice(NAMES)
    term.recorded("regrade" if last_reports(term.course, name) else "grade", name)


def is_interrupted(term: Term) -> None:
    """Ctrl-C at the first, second or third student, before or after it is in the gradebook."""
    from minigrad.grading.nbgrader import recording

    place, name = term.rng.choice(("enter", "remember", "drop_if_stale")), term.rng.choice(NAMES)
    todo, real, batch = term.rng.randint(0, 2), getattr(recording, place), recording.BATCH
    calls: list[int] = []

    def stopping(*given: Any) -> None:
        calls.append(1)
        if len(calls) > todo:
            raise KeyboardInterrupt
        real(*given)

    setattr(recording, place, stopping)
    recording.BATCH = term.rng.randint(1, 3)
    try:
        term.recorded("regrade" if last_reports(term.course, name) else "grade", name)
    finally:
        setattr(recording, place, real)
        recording.BATCH = batch
    if len(calls) > todo:
        term.interrupted.add(name)


def marks(term: Term) -> None:
    """A person gives points, extra credit or a comment."""
    from nbgrader.api import MissingEntry

    from minigrad.grading.nbgrader import plugin

    name, student = term.chosen()
    with plugin.book(term.course) as book, contextlib.suppress(MissingEntry):
        notebook = book.find_submission_notebook(name, name, student)
        grade = term.rng.choice(notebook.grades)
        if term.rng.random() < 0.7:
            grade.manual_score = round(term.rng.uniform(0, grade.max_score), 1)
            grade.needs_manual_grade = False
        elif term.rng.random() < 0.5:
            grade.extra_credit = round(term.rng.uniform(0, 2), 1)
        elif notebook.comments:
            term.rng.choice(notebook.comments).manual_comment = f"Remark {term.rng.random()}."
        book.db.commit()
        term.touched.add((name, student))


def decides(term: Term) -> None:
    name, student = term.chosen()
    kinds = (
        'credit = "scale.original"\n',
        f'credit = "scale.original"\nstudents = ["{student}"]\n',
        'drop = "scale.original"\n',
        'drop = "scale.original"\ngone = true\n',
        'add = "scale"\npoints = 1.5\n',
    )
    if term.decisions.pop(name, None) is None or term.rng.random() < 0.5:
        rest = 'reason = "r"\ndate = 2030-02-03\n'
        term.decisions[name] = f"[[decisions.{name}]]\n{term.rng.choice(kinds)}{rest}"
    term.write_rules()


def extends(term: Term) -> None:
    term.extensions[term.chosen()] = term.rng.randint(4, 9)
    term.write_rules()


def changes_lateness(term: Term) -> None:
    slope, budget = term.rng.choice((10, 33.3)), term.rng.choice((0, 1, 3))
    term.late = f"[late]\nslope_percent_per_day = {slope}\nbudget_days = {budget}\ncap_percent = 60\n"
    term.write_rules()


def edits(term: Term) -> None:
    """The author changes points, or a check's weight or tolerance."""
    name = term.rng.choice(NAMES)
    folder = term.course.authored(name)
    if "best" in term.counts:  # by checks that are others now
        term.may |= {(name, s) for s in term.students}
    file, pattern, new = term.rng.choice(
        (
            ("notebook.py", r'(?<=exercise="scale" )points=\d+', f"points={term.rng.choice((4, 10, 15))}"),
            ("notebook.py", r'(?<=exercise="essay" )points=\d+', f"points={term.rng.choice((5, 6))}"),
            ("checks.py", r"weight=\d", f"weight={term.rng.choice((1, 4))}"),
            (
                "checks.py",
                r"weight=(\d)(, rtol=[\d.]+)?",
                term.rng.choice((rf"weight=\1, rtol={LENIENT}", r"weight=\1")),
            ),
        )
    )
    source = folder / file
    source.write_text(re.sub(pattern, new, source.read_text()))


def hands_out(term: Term) -> None:
    from minigrad.grading.nbgrader import plugin

    name = term.rng.choice(NAMES)
    if list((term.course.work / "autograded").glob(f"*/{name}")):
        plugin.feedback(term.course, name)
        term.touched = {one for one in term.touched if one[0] != name}


def exports(term: Term) -> None:
    name = term.rng.choice(NAMES)
    term.run("export", name)
    term.touched = {one for one in term.touched if one[0] != name}


def drops_out(term: Term) -> None:
    term.dropped ^= {term.rng.choice(term.students)}
    term.write_rules()


def says_what_counts(term: Term) -> None:
    rule = term.rng.choice(("last", "last in time", "best"))
    term.counts = f'[attempts]\ncounts = "{rule}"\n'
    term.write_rules()


def is_renamed(term: Term) -> None:
    """A student gets another id, with all that there is."""
    _, old = term.chosen()
    new = f"{old}-{len(term.log)}"
    assert term.run("roster", "rename", old, new) == 0
    term.students = [new if s == old else s for s in term.students]
    term.dropped = {new if s == old else s for s in term.dropped}
    term.touched = {(name, new if s == old else s) for name, s in term.touched}
    term.may = {(name, new if s == old else s) for name, s in term.may}
    term.extensions = {(name, new if s == old else s): day for (name, s), day in term.extensions.items()}
    term.decisions = {name: text.replace(f'"{old}"', f'"{new}"') for name, text in term.decisions.items()}


def is_taken_away(term: Term) -> None:
    """Work leaves submitted/: what counts it says so, and then it is forgotten."""
    name, student = term.chosen()
    folder = term.course.submitted / student / name
    shutil.rmtree(folder, ignore_errors=True)
    counted = student in last_reports(term.course, name)
    term.run("export", name)
    if counted:
        assert f"roster forget {student} {name}`" in term.said or not any(folder.parent.iterdir()), term.said
    assert term.run("roster", "forget", student, name) == 0
    assert student not in last_reports(term.course, name)
    term.touched.discard((name, student))


HAPPENS: dict[Callable[[Term], None], int] = {
    submits: 5,
    grades: 4,
    regrades: 3,
    is_interrupted: 3,
    marks: 3,
    decides: 1,
    extends: 1,
    changes_lateness: 1,
    edits: 2,
    hands_out: 3,
    exports: 1,
    drops_out: 1,
    says_what_counts: 1,
    is_renamed: 1,
    is_taken_away: 1,
}


def compare(term: Term) -> None:
    """Gradebook, reports, history and pages as they lie there; then what an export would say, in a copy."""
    seen = recorded(term.course)
    for name in NAMES:
        reports = last_reports(term.course, name)
        if name in term.interrupted:
            continue
        there = {s for n, s in seen if n == name}  # who dropped out stays on record, and is in no report
        assert there - term.dropped == {*reports}, f"{name}: {[*reports]}"
        for student, report in reports.items():
            row = seen[name, student]
            assert row.status == report.status, (name, student, row, report.status)
            if report.status == "graded":
                assert near(row.checks, report.score), (name, student, row, report.score)
                assert near(row.points, report.points), (name, student, row, report.points)
            last = states(term.course.history(name) / student)[-1]
            assert (last.status, near(last.score, report.score)) == (report.status, True), (
                name,
                student,
                last,
            )
    pages_agree(term.course, seen, term.touched)
    copy = Course.at(term.course.root.with_name("copy"))
    shutil.rmtree(copy.root, ignore_errors=True)
    shutil.copytree(term.course.root, copy.root, ignore=shutil.ignore_patterns("__pycache__"))
    exports_agree(term, copy)


def exports_agree(term: Term, copy: Course) -> None:
    """An export is the gradebook, and leaves no page that tells something else."""
    for name in NAMES:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            assert main(["--course", str(copy.root), "export", name]) != 2
        with (copy.work / f"grades-{name}.csv").open(encoding="utf-8-sig", newline="") as file:
            rows = {row["student"]: row for row in csv.DictReader(file)}
        assert {*rows} == {*term.students}
        assert {student for student, row in rows.items() if row["state"] == "dropped"} == term.dropped
        seen = recorded(copy)
        for student, row in rows.items():
            known = seen.get((name, student))
            if student in term.dropped:
                assert row["score"] == "", (name, row)
            elif row["state"] == "not recorded":
                assert name in term.interrupted, (name, row)
            elif known is None:
                handed_in = student in copy.submissions(name)
                assert row["state"] == ("not graded yet" if handed_in else "not handed in"), (name, row)
                assert row["score"] == "", (name, row)
            else:
                score = float(row["score"]) if row["score"] else None
                assert (score is None) == (known.total is None), (name, row, known)
                assert score is None or abs(score - (known.total or 0.0)) < 0.006, (name, row, known)
                assert float(row["maximum"]) == known.maximum, (name, row, known)
                newer = row["state"] == "not graded yet"
                if name not in term.interrupted:
                    assert newer in may_be_newer(term, copy, name, student, known), (name, row, known)
                if not newer:
                    assert (row["state"] == "graded") == (not known.asked), (name, row, known)
        pages_agree(copy, {one: row for one, row in seen.items() if one[0] == name}, set())


def may_be_newer(term: Term, course: Course, name: str, student: str, known: Recorded) -> set[bool]:
    """Whether other work counts than what is recorded: one answer where the last attempt counts, or where
    nothing has happened that could change it."""
    if "best" in term.counts or "last in time" in term.counts:
        return {False, True} if (name, student) in term.may else {False}
    lies, recorded = (
        answer(place / student / name / f"{name}.ipynb") for place in (course.submitted, course.autograded)
    )
    return {lies != (recorded if known.status == "graded" else "")}


def answer(notebook: Path) -> str:
    """What a student wrote as code; "" where there is none, or none that can be read."""
    try:
        cells = json.loads(notebook.read_bytes())["cells"]
    except (OSError, ValueError):
        return ""
    return next("".join(cell["source"]) for cell in cells if cell["id"] == "scale")


@dataclass(frozen=True)
class Recorded:
    """What the gradebook has of a submission."""

    status: str  # a report's, by its automatic scores
    checks: float
    points: float
    total: float | None
    shown: float  # on the page
    maximum: float
    penalty: float
    asked: bool
    comments: tuple[str, ...]


def recorded(course: Course) -> dict[tuple[str, str], Recorded]:
    from minigrad.grading.nbgrader import plugin
    from minigrad.grading.nbgrader.gradebook import lines
    from minigrad.grading.nbgrader.scores import total

    found = {}
    with plugin.book(course) as book:
        for name in NAMES:
            for student, notebook in lines(book, name).items():
                submission = notebook.assignment
                checks = [g for g in notebook.grades if g.cell.name == "scale-check"]
                graded = all(g.auto_score is not None for g in checks)
                found[name, student] = Recorded(
                    "graded" if graded else "refused",
                    sum(g.auto_score or 0.0 for g in checks),
                    sum(g.max_score for g in checks),
                    total(submission),
                    submission.score - submission.late_submission_penalty,
                    submission.max_score,
                    submission.late_submission_penalty,
                    submission.needs_manual_grade,
                    tuple(c.manual_comment for c in notebook.comments if c.manual_comment),
                )
    return found


def pages_agree(course: Course, seen: dict[tuple[str, str], Recorded], touched: set[tuple[str, str]]) -> None:
    for (name, student), row in seen.items():
        path = course.feedback / student / name / f"{name}.html"
        if (name, student) in touched or not path.exists():
            continue
        page = path.read_text()
        found = re.search(
            r'<p class="score">(?:(-?[\d.]+) of|no score yet, of) ([\d.]+) points'
            r"(?: so far(?:; ([\d.]+) more are still to be marked)?(?:; <code>[^;]* marked again)*)?</p>",
            page,
        )
        assert found, path
        assert (found[1] is None) == (row.total is None), (name, student, found[0], row)
        if found[1]:
            assert abs(float(found[1]) - row.shown) < 0.1, (name, student, found[0], row)
        maximum = float(found[2]) + float(found[3] or 0)
        assert maximum == row.maximum, (name, student, found[0], row)
        late = re.search(r"Late: (-?[\d.]+) points are taken off", page)
        assert abs(float(late[1] if late else 0) - row.penalty) < 0.1, (name, student, row)
        assert all(comment in page for comment in row.comments), (name, student, row)


def near(one: float, other: float) -> bool:
    return abs(one - other) < 1e-6


@contextlib.contextmanager
def nothing_run() -> Iterator[None]:
    """Around terms: nothing is judged, and a release of the same sources is made once."""
    judge, files, made = court.Judge, build.files, dict[str, dict[str, bytes]]()

    def once(assignment: Assignment) -> dict[str, bytes]:
        known = repr((assignment.name, assignment.cells, sorted(assignment.sources.items())))
        if known not in made:
            made[known] = files(assignment)
        return made[known]

    court.Judge, build.files = Named, once  # type: ignore[assignment, misc]
    try:
        yield
    finally:
        court.Judge, build.files = judge, files  # type: ignore[misc]


def play(template: Path, seed: int, events: int = EVENTS) -> None:
    """One term, where nothing is run; an AssertionError tells what happened until it went wrong."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of nbgrader and what it imports
        course = Course.at(Path(folder) / "course")
        shutil.copytree(template, course.root)
        term = Term(course, random.Random(seed))
        term.write_rules()
        for student in STUDENTS:
            for name in NAMES[:2]:
                hand_in(course, student, name, CHECKS[: term.rng.randint(0, 2)], "2030-02-02 12:00:00 UTC")
        for name in NAMES[:2]:
            term.recorded("grade", name)
        for _ in range(events):
            (event,) = term.rng.choices([*HAPPENS], [*HAPPENS.values()])
            term.log.append(event.__name__)
            event(term)
            try:
                compare(term)
            except AssertionError as error:
                told = "\n".join(term.log)
                raise AssertionError(f"term {seed}:\n{told}\n{error}") from error


def run(terms: int, first: int) -> int:
    """Play terms; prints a dot for each and those that went wrong, and returns how many."""
    wrong = 0
    with tempfile.TemporaryDirectory() as folder, nothing_run():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            template = new_course(Path(folder) / "template").root
        for seed in range(first, first + terms):
            try:
                play(template, seed)
            except Exception as error:
                wrong += 1
                print(f"\n{type(error).__name__}: {error}\n")
            print(".", end="", flush=True)
    print(f"\n{terms} terms of {EVENTS} events, {wrong} went wrong")
    return wrong


if __name__ == "__main__":
    asked = [int(word) for word in sys.argv[1:]] or [200]
    sys.exit(bool(run(asked[0], asked[1] if len(asked) > 1 else 0)))
