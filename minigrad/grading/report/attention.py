"""What a person must look at: submissions, answers that fail alike, answers in words. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from minigrad.grading.model import Assignment, Cell, Report

Asked = Mapping[
    str, Sequence[str]
]  # by student of the gradebook, the cells in which a person must give points


def needs_person(report: Report) -> str:
    """Why a person must look at a submission, by its report alone; "" when nobody must."""
    if report.status == "refused":
        return f"refused: {report.reason}"
    if report.status == "ungraded":
        return f"not graded, by no fault of the submission: {report.reason}"
    return "nothing of the release was changed: was the right file handed in?" if report.blank else ""


def people(
    reports: Mapping[str, Report], asked: Asked | None = None, behind: Collection[str] = ()
) -> dict[str, str]:
    """By student, why a person must look at the submission.

    Where a gradebook says whom it `asked` for, those and nobody else, but for who is not in it as the last
    report has it: not at all, or `behind`. A release as it came is then a zero that nobody need confirm.
    """
    if asked is None:
        return {s: why for s in sorted(reports) if (why := needs_person(reports[s]))}
    found = {}
    for student in sorted({*reports, *asked}):
        why = needs_person(reports[student]) if student in reports else ""
        if student not in asked:
            found[student] = why or "graded, and not in the gradebook yet"
        elif student in behind:
            found[student] = "the gradebook is behind the last grading"
        elif asked[student]:
            found[student] = why or f"points by hand: {', '.join(asked[student])}"
    return found


# --- answers that fail alike ------------------------------------------------------------------------


@dataclass(frozen=True)
class Failing:
    """Answers to an exercise that lost the same points in the same way: who sees one has seen all."""

    exercise: str
    checks: tuple[str, ...]  # that they fail
    reason: str  # why the first of these failed
    mistake: str  # the one recognised, "" for none
    students: tuple[str, ...]


def failing_alike(reports: Mapping[str, Report]) -> list[Failing]:
    """What fails the same checks with the same diagnosis and the same numbers: by exercise, in the notebook's
    order, each with the most frequent first. An answer whose numbers are not known stands alone; what only
    waits for another has not failed, and a release as it came has no answers."""
    groups: dict[tuple[str, tuple[str, ...], str, str], list[str]] = {}
    reasons: dict[tuple[str, tuple[str, ...], str, str], str] = {}
    names = list(dict.fromkeys(e.name for report in reports.values() for e in report.exercises))
    for student in sorted(s for s, report in reports.items() if not report.blank):
        for exercise in reports[student].exercises:
            if failed := [v for v in exercise.verdicts if not (v.passed or v.failure == "waits")]:
                checks = tuple(v.check for v in failed)
                key = (exercise.name, checks, exercise.mistake, exercise.seen or f"of {student}")
                groups.setdefault(key, []).append(student)
                reasons.setdefault(key, failed[0].reason)
    found = [Failing(*key[:2], reasons[key], key[2], tuple(students)) for key, students in groups.items()]
    return sorted(found, key=lambda one: (names.index(one.exercise), -len(one.students), one.students))


def one_of_each(found: Sequence[Failing]) -> list[str]:
    """A line for each exercise in which answers fail alike: how many in how many ways, and one of each."""
    lines = []
    for name in dict.fromkeys(one.exercise for one in found):
        ways = [one for one in found if one.exercise == name]
        answers = sum(len(one.students) for one in ways)
        if len(ways) < answers:
            few = ", ".join(one.students[0] for one in ways)
            several = "one way" if len(ways) == 1 else f"{len(ways)} ways"
            lines.append(f"{name}: {answers} answers fail in {several}; one of each: {few}")
    return lines


# --- answers in words -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """What several students wrote."""

    text: str
    students: tuple[str, ...]


@dataclass(frozen=True)
class Question:
    """A written question, and the answers to it that wait for points."""

    cell: str
    points: float
    text: str  # what the release has above the answer's cell, and in it
    answers: tuple[Answer, ...]

    @property
    def count(self) -> int:
        """How many students wait."""
        return sum(len(answer.students) for answer in self.answers)


def to_mark(assignment: Assignment, asked: Asked, written: Mapping[str, Mapping[str, str]]) -> list[Question]:
    """The answers to mark, by question in the notebook's order; equal answers once, and none that is empty.

    `written` has each student's texts by cell, and under "" what stands in text cells of the student's own:
    where the cell is as it came, that is taken for the answer. Of what was refused nothing is there to mark.
    """
    found = []
    for i, cell in enumerate(assignment.cells):
        if cell.kind != "written":
            continue
        answers: dict[str, list[str]] = {}
        for student in sorted(s for s, cells in asked.items() if cell.id in cells and s in written):
            text = written[student].get(cell.id, "").strip()
            own = written[student].get("", "").strip()
            answers.setdefault(own if text in ("", cell.source.strip()) else text, []).append(student)
        made = tuple(Answer(text, tuple(students)) for text, students in answers.items() if text)
        if made:
            asks = "\n\n".join(filter(None, (_above(assignment.cells[:i]), cell.source)))
            found.append(Question(cell.id, cell.points, asks, made))
    return found


def _above(cells: Sequence[Cell]) -> str:
    """The text that a question may stand in: the last one, where no other exercise comes behind it."""
    last = next((c for c in reversed(cells) if c.kind not in ("lab", "define")), None)
    return last.source if last and last.kind == "text" else ""
