"""The roster in nbgrader's gradebook: the names it shows, and a student's scores under another id."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from nbgrader.api import Gradebook, MissingEntry, Student, SubmittedAssignment

from minigrad.grading.nbgrader.gradebook import book, demand_writable, is_there
from minigrad.grading.people.moves import Move
from minigrad.grading.roster import Person, Roster
from minigrad.grading.store import files
from minigrad.grading.store.layout import Course


def name_students(opened: Gradebook, roster: Roster | None, students: Iterable[str]) -> None:
    """Give students the names and addresses of the roster, where it has some. Commits nothing."""
    people = {p.student: p for p in roster.people} if roster else {}
    for person in (people[s] for s in students if s in people):
        student = opened.db.get(Student, person.student)
        if student is None:  # nothing of theirs could be recorded
            continue
        for field, value in zip(("first_name", "last_name", "email"), _spelt(person), strict=True):
            if value:
                setattr(student, field, value[:128])  # characters of nbgrader's columns


def _spelt(person: Person) -> tuple[str, str, str]:
    """First name, last name, address: of `Lee, Ann` and `Ann Lee` alike."""
    last, comma, first = person.name.partition(", ")
    if not comma:
        first, _, last = person.name.rpartition(" ")
    return first, last, person.email


def page_name(student: Student) -> str:
    """A student's name on a page of feedback: "Ann Lee"; "" where the gradebook has none."""
    return " ".join(filter(None, (student.first_name, student.last_name)))


def students(course: Course) -> frozenset[str]:
    """Everybody who has a submission in the gradebook."""
    if not is_there(course):
        return frozenset()
    with book(course) as opened:
        return frozenset(one.id for one in opened.students if one.submissions)


def holds(course: Course, planned: Move) -> bool:
    """Whether the gradebook has anything that a move takes along or puts aside."""
    if not is_there(course):
        return False
    with book(course) as opened:
        try:
            old = opened.find_student(planned.old)
        except MissingEntry:
            return False
        return any(planned.only in ("", one.assignment.name) for one in old.submissions)


def demand_movable(course: Course) -> None:
    """Raise GradingError where there is a gradebook that cannot be written. Changes nothing."""
    if is_there(course):
        demand_writable(course)


def move(course: Course, planned: Move) -> None:
    """Bring all that the gradebook has of one student to another, in one transaction; again is nothing new.

    Of an assignment in which both have a submission, the one that counts stays; the scores, points by hand
    and comments of the other are written beside what else of it was put aside. So is all that is forgotten.
    """
    if not is_there(course):
        return
    with book(course) as opened:
        try:
            old = opened.find_student(planned.old)
        except MissingEntry:
            return
        if not planned.new:
            for submission in list(old.submissions):
                if planned.only in ("", submission.assignment.name):
                    _put_aside(course, planned, opened, submission)
            _delete_without_work(opened, old)
            return
        new = _student(opened, planned.new, old)
        for submission in list(old.submissions):
            name = submission.assignment.name
            try:
                other = opened.find_submission(name, planned.new)
            except MissingEntry:
                submission.student = new
                continue
            stays, goes = (
                (submission, other) if planned.counts.get(name) == planned.old else (other, submission)
            )
            _put_aside(course, planned, opened, goes)
            stays.student = new
        _delete_without_work(opened, old)


def _put_aside(course: Course, planned: Move, opened: Gradebook, submission: SubmittedAssignment) -> None:
    """Write down what the gradebook has of a submission, and remove it there. Commits nothing."""
    name = f"gradebook-{submission.student.id}-{submission.assignment.name}.json".replace("/", "_")
    told = json.dumps(_told(submission), indent=1, ensure_ascii=False)
    files.write(course.work / planned.aside / name, told.encode())
    _remove(opened, submission)


def _delete_without_work(opened: Gradebook, student: Student) -> None:
    """End the transaction, without the student if nothing of theirs is left."""
    opened.db.flush()
    opened.db.expire(student)
    if not student.submissions:
        opened.db.delete(student)
    opened.db.commit()


def _student(opened: Gradebook, id: str, like: Student) -> Student:
    """A student of the gradebook; a new one has the names of the old."""
    try:
        return opened.find_student(id)
    except MissingEntry:
        names = {field: getattr(like, field) for field in ("first_name", "last_name", "email", "lms_user_id")}
        made = Student(id=id, **names)
        opened.db.add(made)
        return made


def _remove(opened: Gradebook, submission: SubmittedAssignment) -> None:
    """Delete a submission with all that hangs on it. Commits nothing, unlike nbgrader's own."""
    for notebook in submission.notebooks:
        for one in (*notebook.grades, *notebook.comments, notebook):
            opened.db.delete(one)
    opened.db.delete(submission)
    opened.db.flush()


def _told(submission: SubmittedAssignment) -> dict[str, Any]:
    """All that people and the judge have given to a submission."""
    notebooks = submission.notebooks
    fields = ("auto_score", "manual_score", "extra_credit", "max_score")
    return {
        "student": submission.student.id,
        "assignment": submission.assignment.name,
        "score": submission.score,
        "grades": {g.name: {f: getattr(g, f) for f in fields} for n in notebooks for g in n.grades},
        "comments": {c.name: c.manual_comment for n in notebooks for c in n.comments if c.manual_comment},
    }
