"""Which course, assignments and submissions a command is about."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from minigrad.cli.options import typed
from minigrad.grading.model import Assignment, GradingError, Source
from minigrad.grading.people.journal import demand_settled
from minigrad.grading.report.markup import printable
from minigrad.grading.roster import read_roster
from minigrad.grading.store.configuration import demand_configuration
from minigrad.grading.store.layout import Course
from minigrad.grading.store.submitted import notebooks_below


def find_course(args: argparse.Namespace, settled: bool = True) -> Course:
    """The course named by --course, or else the one that the current folder lies in.

    Raises GradingError where there is none, where nbgrader would grade it without the judge, and, unless
    `settled` is False, where a student's move to another id was stopped half-way.
    """
    if args.course and not args.course.is_dir():
        raise GradingError(f"there is no folder {args.course}: name a course's with --course")
    course = Course.at(args.course) if args.course else Course.find(Path.cwd())
    demand_configuration(course)
    if settled:
        demand_settled(course)
    return course


def home_of(args: argparse.Namespace) -> Path:
    """The folder in which a student's assignments lie: the current one, or the one around an assignment's.

    In a course nobody works in what is released: there it is the course's folder `mine`, unless some lie in
    the current folder.
    """
    from minigrad.grading.assignment.carried import MINE
    from minigrad.grading.notebook.study.progress import started

    here = Path.cwd()
    folder = here.parent if (here / f"{here.name}.ipynb").is_file() else here
    try:
        root = (Course.at(args.course) if args.course else Course.find(here)).root
    except GradingError:
        return folder
    elsewhere = args.course or folder in (root, root / "assignments") or not started(folder)
    return root / MINE if elsewhere else folder


def names_of(course: Course) -> Mapping[str, str]:
    """The students' names, by the roster."""
    roster = read_roster(course.roster)
    return roster.names if roster else {}


def tell_dropped(course: Course, name: str) -> None:
    """Say on standard error who has dropped out and is left out, though there is work."""
    there = {
        path.name
        for path in (course.submitted, course.reports(name))
        if path.is_dir()
        for path in path.iterdir()
    }
    if gone := sorted(course.dropped() & there):
        print(printable(f"minigrad: dropped, so not counted: {', '.join(gone)}"), file=sys.stderr)


def tell(args: argparse.Namespace, lines: Iterable[str]) -> None:
    """Print lines on standard error, each with our name before it, and with commands that can be typed."""
    for line in lines:
        print(printable(typed(args, f"minigrad: {line}")), file=sys.stderr)


def meant_instead(name: str, known: Iterable[str]) -> str:
    """ ": did you mean 01-rnn?", where one name alone begins so, or else one is near; else ""."""
    names = list(known)
    begun = [n for n in names if name and n.startswith(name)]
    near = begun if len(begun) == 1 else difflib.get_close_matches(name, names, n=1)
    return f": did you mean {near[0]}?" if near else ""


def known_names(course: Course, asked: Sequence[str]) -> tuple[str, ...]:
    """The assignments asked for, all where none is; GradingError for one that is not there."""
    known = course.names()
    meant = tuple(_named(course, text) for text in asked)
    for name in meant:
        if name not in known:
            there = ", ".join(known) or "none"
            told = f"no assignment {name!r} in {course.root / 'solutions'}; there is {there}"
            raise GradingError(f"{told}{meant_instead(name, known)}")
    return meant or known


def _named(course: Course, text: str) -> str:
    """The assignment's name in what a shell completes to: 01-rnn/, solutions/01-rnn, assignments/01-rnn."""
    full = Path(os.path.abspath(text))
    root = Path(os.path.abspath(course.root))
    if text.rstrip("/") == full.name or full.parent in (root / "solutions", root / "assignments"):
        return full.name
    return text


def graded_assignment(course: Course, name: str) -> Assignment:
    """An assignment to grade; GradingError when there is nothing to grade in it."""
    from minigrad.grading.assignment.load import load

    (known,) = known_names(course, [name])
    assignment = load(course.authored(known))
    if not assignment.graded:
        raise GradingError(f"nothing in {known} is graded: it has neither checks nor questions")
    return assignment


def submissions(course: Course, name: str, paths: Sequence[Path]) -> tuple[dict[str, Source], bool]:
    """What to grade by student, and whether it is what was handed in: all paths lie in submitted/, or none.

    Of a student's folder, or one of several assignments, what was handed in for `name` is meant. Raises
    GradingError for a path that has nothing of it, and for paths of both kinds.
    """
    handed_in: dict[str, Source] = {**course.submissions(name)}
    if not paths:
        return handed_in, True
    full = [_in_submitted(course, Path(os.path.abspath(p))) for p in paths]
    inside = [p for p in full if p.is_relative_to(course.submitted)]
    if inside and len(inside) < len(full):
        raise GradingError(
            "some of the paths lie in submitted/ and some do not, and only those in it are recorded: "
            "name them in two commands"
        )
    if inside:
        return {s: f for p in inside for s, f in _handed_in(course, name, handed_in, p).items()}, True
    found: dict[str, Source] = {}
    for path in full:
        for f in _elsewhere(course, name, path):
            names = (f.stem, f.parent.name, f.parent.parent.name)
            label = base = next((n for n in names if n != name), name)
            again = 1
            while label in found:
                again += 1
                label = f"{base}-{again}"
            found[label] = f
    return found, False


def _in_submitted(course: Course, path: Path) -> Path:
    """A path by the name that the course has for submitted/, also where a link leads to that folder."""
    for folder in reversed((path, *path.parents)):
        if course.submitted.exists() and folder.exists() and folder.samefile(course.submitted):
            return course.submitted / path.relative_to(folder)
    return path


def _handed_in(course: Course, name: str, all: Mapping[str, Source], path: Path) -> dict[str, Source]:
    """The submissions of an assignment that a path in submitted/ means: all, a student's, or one file."""
    parts = path.relative_to(course.submitted).parts
    chosen = {s: f for s, f in all.items() if not parts or _composed(s) == _composed(parts[0])}
    if len(parts) > 1 and parts[1] != name:
        raise GradingError(
            f"{path} is not about {name}: name {Path(*path.parts[: 1 - len(parts)])} or {name}'s"
        )
    if not chosen and parts[0] in course.dropped():
        raise GradingError(f"{parts[0]} has dropped out ({course.roster.name}): nothing of theirs is graded")
    if not chosen:
        raise GradingError(f"nothing of {name} was handed in at {path}: leave it out")
    if len(parts) > 2 and path not in chosen.values():
        raise GradingError(f"{path} is not what counts for {name}: name {path.parent}")
    return chosen


def _composed(name: str) -> str:
    """A name as a keyboard gives it; macOS spells a folder's umlauts in two characters each."""
    return unicodedata.normalize("NFC", name)


def _elsewhere(course: Course, name: str, path: Path) -> list[Path]:
    """The notebooks of an assignment at a path: those of a folder that name no other assignment."""
    if not path.is_dir():
        return [path]
    others = set(course.names()) - {name}
    found = [f for f in notebooks_below(path) if not others & {f.stem, *f.relative_to(path).parts[:-1]}]
    if not found:
        raise GradingError(f"no notebook of {name} in {path}")
    return found
