"""The gradebook, where nbgrader is installed: without it, commands do the rest of their work."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minigrad.cli.terminal import progress
from minigrad.grading.model import Assignment, GradingError, Report, Source, to_type
from minigrad.grading.people.journal import carry_out, demand_possible
from minigrad.grading.people.moves import Move
from minigrad.grading.report.grades.lms import Grade
from minigrad.grading.report.markup import printable, rounded
from minigrad.grading.rules.late import Elsewhere
from minigrad.grading.store import files
from minigrad.grading.store.layout import Course

if TYPE_CHECKING:
    from minigrad.grading.classroom.standing import Standing


def plugin() -> Any:
    """Our nbgrader module, or None where nbgrader is not installed. It takes seconds to import."""
    try:
        Path.home()
    except RuntimeError:  # a container's user without HOME and name: Jupyter asks for a home
        os.environ["HOME"] = "/"
    with contextlib.suppress(ModuleNotFoundError):
        from minigrad.grading.nbgrader import plugin

        return plugin
    return None


def _needed() -> Any:
    """Our nbgrader module; GradingError where nbgrader is not installed."""
    if nbgrader := plugin():
        return nbgrader
    raise GradingError("nbgrader keeps the gradebook, and is not installed: pip install 'minigrad[course]'")


def students(course: Course) -> frozenset[str]:
    """Everybody who has a line in the gradebook.

    Raises GradingError where there is a gradebook, and no nbgrader to read it.
    """
    nbgrader = plugin()
    if not nbgrader and course.gradebook.exists():
        raise GradingError(
            f"{course.gradebook} needs nbgrader, which is not installed: pip install 'minigrad[course]'"
        )
    return frozenset(nbgrader.students(course)) if nbgrader else frozenset()


def demand_movable(course: Course, planned: Move) -> None:
    """Raise GradingError where gradebook or disk would not let a move be carried out. Changes nothing."""
    demand_possible(course, planned)
    if nbgrader := plugin():
        try:
            with files.private():
                nbgrader.demand_movable(course)
        except GradingError as error:
            raise GradingError(f"{error}; nothing was changed") from error


def holds(course: Course, planned: Move) -> bool:
    """Whether the gradebook has anything that a move takes along or puts aside."""
    nbgrader = plugin()
    return bool(nbgrader and nbgrader.holds(course, planned))


def move(course: Course, planned: Move) -> None:
    """Carry a move out that was begun: first in the gradebook, then on disk.

    Raises GradingError where the gradebook or the disk fails, and the move stays to be finished.
    """
    if nbgrader := plugin():
        try:
            with files.private():
                nbgrader.move(course, planned)
        except GradingError as error:
            raise GradingError(
                f"{error}. It is still to be done: {planned}; {to_type('roster')} finishes it, "
                f"{to_type('roster', 'undo')} takes it back"
            ) from error
    carry_out(course, planned)


def register(course: Course, assignment: Assignment) -> None:
    """Enter an assignment's release into the gradebook."""
    if nbgrader := plugin():
        with files.private():
            nbgrader.register(course, assignment)


def demand_cells(course: Course, assignment: Assignment) -> None:
    """Raise GradingError where the gradebook cannot take an assignment as it is now."""
    if nbgrader := plugin():
        nbgrader.demand_cells(course, assignment)


def demand_recordable(course: Course, assignment: Assignment) -> None:
    """Raise GradingError where the gradebook is of another release than the sources."""
    if nbgrader := plugin():
        nbgrader.demand_recordable(course, assignment)


def as_recorded(course: Course, name: str, reports: Mapping[str, Report]) -> dict[str, Report]:
    """The reports with the scores that the gradebook has, where it has other ones."""
    from minigrad.grading.classroom.changes import as_recorded

    nbgrader = plugin()
    found = nbgrader.automatic(course, name) if nbgrader and nbgrader.registered(course, name) else {}
    return {s: as_recorded(report, found.get(s, {})) for s, report in reports.items()}


def lateness(
    course: Course, assignment: Assignment, submissions: Mapping[str, Source], reports: Mapping[str, Report]
) -> tuple[dict[str, tuple[float, float]], list[Elsewhere]]:
    """By student who is in the gradebook, what lateness takes there, and would of these reports; and what
    late days would change in other assignments."""
    nbgrader = plugin()
    if not nbgrader or not nbgrader.registered(course, assignment.name):
        return {}, []
    late, others = nbgrader.lateness(course, assignment, submissions, reports)
    return late, others


def asked(course: Course, name: str) -> dict[str, tuple[str, ...]] | None:
    """By student, the cells in which a person must give points; None where no gradebook says."""
    nbgrader = plugin()
    if not nbgrader or not nbgrader.registered(course, name):
        return None
    found: dict[str, tuple[str, ...]] = nbgrader.asked(course, name)
    dropped = course.dropped()
    return {student: cells for student, cells in found.items() if student not in dropped}


def told_again(course: Course, name: str) -> list[str]:
    """What is said of points by hand that were given before the work changed."""
    nbgrader = plugin()
    if not nbgrader or not nbgrader.registered(course, name):
        return []
    dropped, found = course.dropped(), []
    for student, cells in sorted(nbgrader.again(course, name).items()):
        given = ", ".join(f"{cell} {rounded(has)} of {rounded(of)}" for cell, (has, of) in cells.items())
        found += [f"{student} ({given})"] if student not in dropped else []
    told = "marked by hand before it changed, which counts until a person marks it again"
    return [f"{told}: {', '.join(found)}"] if found else []


def written(course: Course, name: str, students: Collection[str]) -> dict[str, dict[str, str]]:
    """The recorded texts of students whom the gradebook has, as `nbgrader.export.written` gives them."""
    nbgrader = plugin()
    return dict(nbgrader.written(course, name, students)) if nbgrader and students else {}


def behind(course: Course, name: str, reports: Mapping[str, Report]) -> list[str]:
    """Of whom the gradebook has other scores than the reports, as after a recording that was stopped."""
    found = as_recorded(course, name, reports)
    return [s for s, report in reports.items() if found[s] != report]


def standing(course: Course, name: str, reports: Mapping[str, Report]) -> Standing:
    """The students whose grade is not one of what they have handed in, or by other rules; or what is lost."""
    from minigrad.grading.assignment.load import load
    from minigrad.grading.classroom.standing import standing

    gone = lost(course, name)
    known = {} if gone else reports  # which are of a salt that is not there, and is not to be made
    found = standing(course, load(course.authored(name)), known, {*reports, *(asked(course, name) or ())})
    return replace(found, lost=gone)


def told_standing(course: Course, name: str, reports: Mapping[str, Report]) -> list[str]:
    """What is said of students whose grade is not one of what they have handed in: see `standing.told`."""
    from minigrad.grading.classroom.standing import told

    return told(course, name, standing(course, name, reports))


def lost(course: Course, name: str) -> str:
    """What is said where an assignment was graded and .minigrad/ is not there: see `store/lost.py`."""
    from minigrad.grading.store.lost import lost

    return lost(course, name, lambda: _recorded(course, name))


def told_lost(course: Course, names: Sequence[str]) -> list[str]:
    """`lost`, of several assignments."""
    return [gone for name in names if (gone := lost(course, name))]


def demand_kept(course: Course, old: str) -> None:
    """Raise GradingError where what is kept of a student, who is to be moved, is not all there."""
    if gone := told_lost(course, course.names()):
        raise GradingError(
            f"{gone[0]}. Until then nobody is moved or put aside: what is restored would still be {old}'s"
        )


def demand_salt(course: Course, name: str) -> None:
    """Raise GradingError where the gradebook has grades of an assignment whose salt is gone."""
    from minigrad.grading.store.lost import demand_salt

    demand_salt(course, name, lambda: _recorded(course, name))


def _recorded(course: Course, name: str) -> bool:
    """Whether a gradebook has grades of an assignment; where there is none, nobody waits for nbgrader."""
    from minigrad.grading.store.dates import dates_of

    return (course.gradebook.exists() or bool(dates_of(course).db_url)) and bool(asked(course, name))


def not_graded(course: Course, name: str) -> GradingError:
    """The error for an assignment of which there are no reports: not yet, or not any more."""
    return GradingError(lost(course, name) or f"{name} was not graded yet: run {to_type('grade', name)}")


def told_behind(name: str, students: Sequence[str], command: str = "grade") -> str:
    """What is said of students whose last reports the gradebook does not have."""
    if not students:
        return ""
    return f"the gradebook is behind the last grading of {', '.join(students)}: run {to_type(command, name)}"


class NotThere(GradingError):
    """The gradebook does not have an assignment yet."""


@dataclass(frozen=True)
class Grades:
    """What the gradebook has of an assignment."""

    maximum: float
    found: list[Grade]  # each student's
    told: list[str]  # in words, who has none in any file, and what else is not as it should be
    to_regrade: bool = False  # whether grades are not by the decisions, points and checks of now
    lost: bool = False  # whether .minigrad/ is not there, without which nothing is graded


def grades(course: Course, name: str) -> Grades:
    """An assignment's grades.

    Raises NotThere where the gradebook does not have the assignment.
    """
    from minigrad.grading.classroom.lock import grading
    from minigrad.grading.classroom.run import last_reports
    from minigrad.grading.classroom.standing import told
    from minigrad.grading.report.grades import lms
    from minigrad.grading.roster import read_roster

    roster, nbgrader = read_roster(course.roster), _needed()
    if not nbgrader.registered(course, name):
        raise NotThere(f"no gradebook has {name} yet: run {to_type('grade', name)}")
    with grading(course):
        maximum, totals = nbgrader.totals(course, name)
    reports, handed_in = last_reports(course, name), course.submissions(name)
    stands = standing(course, name, reports)
    found = lms.grades(totals, reports, handed_in, roster, (*stands.newer, *stands.another, *stands.retimed))
    left_out = [
        f"{s}: not in {course.roster.name}, so in no file"
        for s in lms.strangers({*totals, *reports, *handed_in}, roster)
    ]
    left_out += told(course, name, stands)
    again = to_type(stands.command, name)
    left_out += [
        f"{s}: not graded, by no fault of the submission: {report.reason}: run {again}"
        for s, report in reports.items()
        if report.status == "ungraded"
    ]
    not_recorded = [g.person.student for g in found if g.state == "not recorded"]
    if behind := told_behind(name, not_recorded, stands.command):
        left_out.append(f"{behind}. Until then they have no score")
    return Grades(maximum, found, left_out, stands.to_regrade, bool(stands.lost))


def feedback(course: Course, name: str, workers: int) -> None:
    """Write all pages of feedback of an assignment anew. Raises GradingError where there is no nbgrader."""
    nbgrader = _needed()
    pages = len(nbgrader.graded(course, name))
    with files.private(), progress(f"feedback on {name}", pages) as step:
        nbgrader.feedback(course, name, workers, step)
    print(f"wrote the pages of feedback of {name}: {pages} in {course.feedback}")


def record(
    course: Course,
    assignment: Assignment,
    submissions: Mapping[str, Source],
    reports: Mapping[str, Report],
    command: str = "grade",
) -> tuple[dict[str, str], list[Elsewhere]]:
    """Pass reports into the gradebook; prints and returns, by student, what could not be recorded, and
    returns what late days changed in other assignments.

    Ctrl-C says how far it came, and by which `command` it goes on.
    """
    nbgrader = plugin()
    if not nbgrader:
        return {}, []
    files.folder(course.feedback)  # before nbgrader makes it, which would let everybody in
    recorded: list[str] = []
    others: list[Elsewhere] = []
    with files.private(), progress("recording", len(submissions)) as step:

        def done(student: str) -> None:
            recorded.append(student)
            step(student)

        try:
            failed: dict[str, str] = nbgrader.record(
                course, assignment, submissions, reports, done=done, moved=others.append
            )
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"{len(recorded)} of {len(submissions)} are recorded, and the gradebook is behind "
                f"the reports: run {to_type(command, assignment.name)} again, which goes on there"
            ) from None
    for student, why in failed.items():
        last = (why.strip().splitlines() or ["nbgrader does not say why"])[-1]
        print(printable(f"minigrad: {student} was graded but not recorded: {last}"), file=sys.stderr)
    return failed, others
