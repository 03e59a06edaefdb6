"""Look at the class: who is missing, double or unknown. Rename, merge, drop or forget a student.

All that a student has goes along: submissions and every attempt, scores, points by hand and comments,
reports and feedback. With --dry-run it is told what would be done, and nothing changes. A move that was
stopped is finished by the next `minigrad roster`, or taken back by `minigrad roster undo`.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import sys
import zipfile
from collections.abc import Collection
from pathlib import Path

from minigrad.cli import gradebook
from minigrad.cli.course import find_course, known_names, tell
from minigrad.cli.options import BY_LMS, BY_ROSTER, GRADES_TO, OK, WRONG, add_flag, typed
from minigrad.grading.model import GradingError, to_type
from minigrad.grading.people.moves import Move, assignments_of
from minigrad.grading.store.layout import Course

EXAMPLE = "minigrad roster rename 'Ann Lee' s21"
MOVES = ("rename", "merge", "forget")


def add(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.set_defaults(do="")
    what = parser.add_subparsers(metavar="WHAT", title="in place of a look at the class")
    for name, says, words in (
        ("rename", "give a student another id, which nobody has yet", ("old", "new")),
        ("merge", "add all that OLD has to NEW; where both handed in, the newest counts", ("old", "new")),
        ("drop", "keep a student on record, and count nothing of theirs", ("old",)),
        ("forget", "put aside what there is of work that is not in submitted/ any more", ("old",)),
        ("undo", "take back a rename, merge or forgetting that was stopped and cannot be finished", ()),
    ):
        own = what.add_parser(name, help=says, description=says)
        own.set_defaults(do=name, new="", dry_run=False)
        for word in words:
            own.add_argument(word, metavar="STUDENT" if words == ("old",) else word.upper())
        if name == "forget":
            own.add_argument("new", nargs="?", default="", metavar="ASSIGNMENT", help="default: all")
        if name not in ("drop", "undo"):  # one word in roster.csv undoes the first
            add_flag(own, "--dry-run", "tell what would be done, and change nothing")


def run(args: argparse.Namespace) -> int:
    """Check the roster, or change who somebody is."""
    from minigrad.grading.classroom.lock import grading
    from minigrad.grading.people.journal import pending
    from minigrad.grading.report.markup import printable

    course = find_course(args, settled=False)
    renew: list[str] = []
    if args.do or pending(course):
        with grading(course):
            stopped = pending(course)
            if args.do == "undo":
                undo(course, stopped)
                return OK
            if stopped:
                gradebook.move(course, stopped)
                print(printable(f"minigrad: finished: {stopped}"), file=sys.stderr)
                renew += to_renew(course, stopped)
            if stopped and is_it(args, course, stopped):
                pass
            elif args.do == "drop":
                drop(course, args.old)
                tell(args, gradebook.told_lost(course, course.names()))
                renew += to_renew(course, Move(args.old, "", (), ""))
            elif args.do:
                planned = move(course, args.do, args.old, args.new, args.dry_run)
                renew += [] if args.dry_run else to_renew(course, planned)
    code = OK if args.do else look(args, course)
    if renew or (args.do and not args.dry_run):
        print(typed(args, f"next: {', '.join(dict.fromkeys(renew)) or to_type('roster')}"))
    return code


def is_it(args: argparse.Namespace, course: Course, stopped: Move) -> bool:
    """Whether the move that was stopped, and is finished now, is the one that is asked for."""
    if args.do not in MOVES or args.old != stopped.old:
        return False
    if args.do == "forget":
        only = known_names(course, [args.new])[0] if args.new else ""
        return not stopped.new and stopped.only == only
    return bool(args.new == stopped.new)


def look(args: argparse.Namespace, course: Course) -> int:
    """Print what roster and course say of each other."""
    from minigrad.grading.people.roll import roll
    from minigrad.grading.report.markup import printable
    from minigrad.grading.roster import read_roster

    roster = read_roster(course.roster)
    if roster is None:
        raise GradingError(f"{course.roster} lists nobody yet: one line for each student, below the header")
    handed_in = {name: course.submissions(name).keys() for name in course.names()}
    folders = course.students()
    reported = {path.name for path in course.reports("").glob("*/*")}
    found = roll(roster, handed_in, folders | reported | gradebook.students(course), folders)
    for line in (found.figures, *found.notes):
        print(printable(line))
    wrong = [*gradebook.told_lost(course, course.names()), *found.wrong]
    tell(args, wrong)
    return WRONG if wrong else OK


def move(course: Course, what: str, old: str, new: str, dry: bool) -> Move:
    """Rename, merge or forget: planned as a whole, written down, done; where it is `dry`, only told."""
    from minigrad.grading.people.journal import begin
    from minigrad.grading.people.moves import planned_forget, planned_merge, planned_rename
    from minigrad.grading.report.markup import printable

    gradebook.demand_kept(course, old)
    recorded = gradebook.students(course)
    if what == "forget":
        planned = planned_forget(course, old, known_names(course, [new])[0] if new else "", recorded)
    else:
        planned = (planned_merge if what == "merge" else planned_rename)(course, old, new, recorded)
    if not dry:
        gradebook.demand_movable(course, planned)
        begin(course, dataclasses.replace(planned, recorded=gradebook.holds(course, planned)))
        gradebook.move(course, planned)
    done = f"{old} is {new} now" if planned.new else str(planned)
    print(printable(f"nothing is changed yet; then {planned}" if dry else done))
    for name, one in planned.counts.items():
        print(printable(f"{name}: what {one} handed in counts"))
    for text in planned.texts:
        print(f"{'rewritten will be' if dry else 'rewrote'} {text}")
    if what != "rename" and (dry or (course.work / planned.aside).exists()):
        print(printable(f"what does not count is kept in {planned.aside}"))
    return planned


def undo(course: Course, stopped: Move | None) -> None:
    """Take back a move that was stopped: all of a rename, others only before anything of them was done."""
    from minigrad.grading.people.journal import begin, begun, give_up, way_back
    from minigrad.grading.report.markup import printable

    if stopped is None:
        raise GradingError("nothing was stopped half-way, so there is nothing to take back")
    if stopped.whole:
        back = way_back(course, stopped)
        begin(course, back)
        gradebook.move(course, back)
    elif begun(course, stopped) or (stopped.recorded and not gradebook.holds(course, stopped)):
        raise GradingError(
            f"{stopped}, and of that too much is done to take it back: see to what stopped it, then "
            f"{to_type('roster')} finishes it"
        )
    else:
        give_up(course, stopped)
    print(printable(f"taken back: {stopped}"))


def to_renew(course: Course, done: Move) -> list[str]:
    """The commands that write again what still stands as before a move, of one assignment or of all: pages of
    feedback that are missing, and files in which the student stands, under the old id or, with other work
    than now, under the new one."""
    found, changed = [], _changed(course, done)
    for name in known_names(course, [done.only] if done.only else []):
        stand = {done.old, done.new} if name in changed else {done.old}
        if any(course.feedback.glob(f"*/{name}")) and _lacks_page(course, done.new, name):
            found.append(to_type("feedback", name))
        if _lists(course.work / f"report-{name}.csv", stand):
            found.append(to_type("report", name))
        if _lists(course.work / f"grades-{name}.csv", stand):
            found += _exports(course, name, name)
        for how in (*BY_LMS, *BY_ROSTER):  # what an LMS calls a page does not tell whose it is
            path = course.work / f"feedback-{name}-{how}.zip"
            if _packs(path, done.old) or (name in changed and path.is_file()):
                found.append(to_type("handback", name, "--to", how))
    if _lists(course.work / "grades-final.csv", {done.old, done.new} if changed else {done.old}):
        found += _exports(course, "final", "--final")
    return found


def _changed(course: Course, done: Move) -> set[str]:
    """The assignments in which the new id, which somebody had before, has got graded work by a move."""
    ids_alone = done.whole and course.roster.name in done.texts  # nobody had the new one
    moved = set() if ids_alone else assignments_of(course, done.new) if done.whole else {*done.counts}
    return {name for name in moved if (course.autograded / done.new / name).is_dir()}


def _exports(course: Course, name: str, what: str) -> list[str]:
    """The commands that write the files of grades again, for each LMS for which there is one."""
    written = [lms for lms in GRADES_TO if (course.work / f"grades-{name}-{lms}.csv").is_file()]
    return [to_type("export", what, "--to", lms) for lms in written] or [to_type("export", what)]


def _lacks_page(course: Course, student: str, name: str) -> bool:
    """Whether a student has work on record, and no page of feedback about it."""
    if not student or not (course.autograded / student / name).is_dir():
        return False
    return not (course.feedback / student / name / f"{name}.html").is_file()


def _lists(path: Path, students: Collection[str]) -> bool:
    """Whether a table has a line of one of some students."""
    if not path.is_file():
        return False
    with path.open(encoding="utf-8-sig", newline="") as file:
        return any(row.get("student") in students for row in csv.DictReader(file))


def _packs(path: Path, student: str) -> bool:
    """Whether an archive has a page that is called by a student's id."""
    if not path.is_file():
        return False
    with zipfile.ZipFile(path) as made:
        return any(
            name == f"{student}.html" or name.endswith(f" ({student}).html") for name in made.namelist()
        )


def drop(course: Course, student: str) -> None:
    """Mark a student of the roster as dropped."""
    from minigrad.grading.people.journal import rewrite
    from minigrad.grading.people.lists import roster_dropped
    from minigrad.grading.report.markup import printable

    text = roster_dropped(course.roster, student)
    if text is None:
        raise GradingError(
            f"{student!r} is not in {course.roster}: to count them nowhere, give them a line there with "
            "`dropped` in the column `status`"
        )
    rewrite(course.roster, text)
    print(printable(f"{student} has dropped out: kept on record, and counted nowhere"))
