"""The class view: one page on how a class did, and who needs a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import mean, median

from minigrad.grading.model import Alike, Report, Verdict
from minigrad.grading.report.attention import Answer, Failing, Question, failing_alike
from minigrad.grading.report.attention import people as by_report
from minigrad.grading.report.markup import NOBODY, Names, named, number
from minigrad.grading.report.templating import render


@dataclass(frozen=True)
class Column:
    """One bar of the histogram of scores; its height is a share of the highest."""

    label: str
    count: int
    height: float


@dataclass(frozen=True)
class ExerciseLine:
    """How a class did in one exercise."""

    name: str
    points: float
    mean: float  # share of the points
    whole: int  # students with all points
    count: int


@dataclass(frozen=True)
class Mistake:
    """A mistake that was recognised, and in whose work."""

    name: str
    exercise: str
    hint: str
    students: tuple[str, ...]


@dataclass(frozen=True)
class Earned:
    """A student's score in one exercise."""

    score: float
    whole: bool  # all its points


@dataclass(frozen=True)
class StudentLine:
    """One student; no score where nothing was graded, None for an exercise that has no score."""

    name: str
    notes: tuple[str, ...]
    status: str
    score: float | None
    exercises: tuple[Earned | None, ...]


@dataclass(frozen=True)
class CheckLine:
    """How often a check failed."""

    verdict: Verdict
    failed: int
    seen: int


@dataclass(frozen=True)
class ClassPage:
    """All that the page shows, in its order."""

    title: str
    figures: Sequence[tuple[str, str]]  # a number, and of what
    histogram: Sequence[Column]
    people: Sequence[tuple[str, str]]  # a student, and why a person must look at the submission
    blank: Sequence[str]  # who handed in the release as it came
    failing: Sequence[Failing]  # answers that fail alike
    alone: Mapping[str, Sequence[str]]  # by exercise, who fails like nobody else
    questions: Sequence[Question]
    exercises: Sequence[ExerciseLine]
    mistakes: Sequence[Mistake]
    similar: Sequence[Alike]
    exercise_names: Sequence[str]
    students: Sequence[StudentLine]
    checks: Sequence[CheckLine]


def class_html(
    reports: Mapping[str, Report],
    similar: Sequence[Alike] = (),
    names: Names = NOBODY,
    people: Mapping[str, str] | None = None,
    questions: Sequence[Question] = (),
) -> str:
    """The class view, one self-contained page: scores, checks, mistakes, who needs a person.

    `similar` is near-identical work, as `similarity.similar` finds it; `names` are the students'; `people`
    says why a person must look at whom (None: what the reports say); `questions` have answers to mark.
    """

    def all_named(students: Sequence[str]) -> tuple[str, ...]:
        return tuple(named(s, names) for s in students)

    people = by_report(reports) if people is None else people
    page = class_page(
        {named(student, names): report for student, report in reports.items()},
        [
            Alike(
                all_named(one.students), tuple(replace(p, students=all_named(p.students)) for p in one.pairs)
            )
            for one in similar
        ],
        {named(student, names): why for student, why in people.items()},
        [
            replace(q, answers=tuple(Answer(a.text, all_named(a.students)) for a in q.answers))
            for q in questions
        ],
    )
    return render("class_page.html", page=page) + "\n"


def class_page(
    reports: Mapping[str, Report],
    similar: Sequence[Alike],
    people: Mapping[str, str],
    questions: Sequence[Question],
) -> ClassPage:
    """What the page shows, of the reports by student."""
    graded = {student: r for student, r in sorted(reports.items()) if r.status == "graded"}
    names = list(dict.fromkeys(e.name for r in reports.values() for e in r.exercises))
    alone: dict[str, list[str]] = {}
    for one in (failing := failing_alike(graded)):
        if len(one.students) == 1:
            alone.setdefault(one.exercise, []).extend(one.students)
    return ClassPage(
        title=next((r.assignment for r in reports.values()), "no submissions"),
        figures=_figures(reports, graded, len(people)),
        histogram=_histogram([100 * r.score / r.points for r in graded.values() if r.points]),
        people=sorted(people.items()),
        blank=[student for student, r in graded.items() if r.blank and student not in people],
        failing=[one for one in failing if len(one.students) > 1],
        alone=alone,
        questions=questions,
        exercises=_exercises(graded),
        mistakes=_mistakes(graded),
        similar=similar,
        exercise_names=names,
        students=[_student(student, reports[student], names) for student in sorted(reports)],
        checks=_checks(graded),
    )


def _figures(
    reports: Mapping[str, Report], graded: Mapping[str, Report], people: int
) -> list[tuple[str, str]]:
    scores = [r.score for r in graded.values()]
    points = max((r.points for r in graded.values()), default=0)
    figures = [(str(len(reports)), "submissions"), (str(people), "need a person")]
    if scores:
        figures[1:1] = [
            (number(round(mean(scores), 1)), f"mean of {number(points)} points"),
            (number(round(median(scores), 1)), "median"),
            (str(sum(s >= points for s in scores)), "with every point"),
        ]
    return figures


def _histogram(percents: Sequence[float]) -> list[Column]:
    """Ten bars of ten per cent each, none without scores; full marks fall into the last."""
    if not percents:
        return []
    counts = Counter(min(int(max(p, 0) // 10), 9) for p in percents)
    labels = [f"{10 * i}–{10 * i + 9}" for i in range(9)] + ["90–100"]
    return [Column(label, counts[i], counts[i] / max(counts.values())) for i, label in enumerate(labels)]


def _exercises(graded: Mapping[str, Report]) -> list[ExerciseLine]:
    shares: dict[str, list[float]] = {}
    points: dict[str, float] = {}
    for report in graded.values():
        for e in report.exercises:
            shares.setdefault(e.name, []).append(e.score / e.points if e.points else 0.0)
            points[e.name] = e.points
    return [
        ExerciseLine(name, points[name], mean(values), sum(v >= 1 - 1e-9 for v in values), len(values))
        for name, values in shares.items()
    ]


def _mistakes(graded: Mapping[str, Report]) -> list[Mistake]:
    """The commonest first."""
    who: dict[tuple[str, str], list[str]] = {}
    hints: dict[tuple[str, str], list[str]] = {}
    for student, report in graded.items():
        for e in report.exercises:
            if e.mistake:
                who.setdefault((e.mistake, e.name), []).append(student)
                hints.setdefault((e.mistake, e.name), []).append(e.hint)
    # the shortest: with another mistake beside it, a hint begins with that
    found = [Mistake(*key, min(hints[key], key=len), tuple(students)) for key, students in who.items()]
    return sorted(found, key=lambda mistake: -len(mistake.students))


def _student(name: str, report: Report, exercises: Sequence[str]) -> StudentLine:
    graded = report.status == "graded"
    earned = {e.name: Earned(e.score, e.score >= e.points - 1e-9) for e in report.exercises if graded}
    scores = tuple(earned.get(exercise) for exercise in exercises)
    return StudentLine(name, report.notes, report.status, report.score if graded else None, scores)


def _checks(graded: Mapping[str, Report]) -> list[CheckLine]:
    """The most failed first; a release as it came is no try at any."""
    verdicts = [v for r in graded.values() if not r.blank for e in r.exercises for v in e.verdicts]
    seen, failed = Counter(v.check for v in verdicts), Counter(v.check for v in verdicts if not v.passed)
    first = {v.check: v for v in reversed(verdicts)}
    found = [CheckLine(first[name], failed[name], seen[name]) for name in first]
    return sorted(found, key=lambda line: (-line.failed / line.seen, line.verdict.check))
