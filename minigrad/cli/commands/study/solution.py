"""Show the solution of an exercise that you passed, or tried in three ways that failed differently.

It needs the course's solutions/, so it is for whoever studies alone. They lie there to be read by anyone:
this only keeps you from reading too early.
"""

from __future__ import annotations

import argparse

from minigrad.cli.course import find_course, home_of, known_names, meant_instead
from minigrad.cli.options import OK, WRONG
from minigrad.grading.model import GradingError, to_type
from minigrad.grading.store.layout import Course

EXAMPLE = "minigrad solution 01-rnn/rnn-cell"
TRIES = 3  # answers that fail differently


def add(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("exercise", metavar="EXERCISE", help="its name, or ASSIGNMENT/EXERCISE")


def run(args: argparse.Namespace) -> int:
    """Print an exercise's solution where it was earned, else what is still to be done for it."""
    from minigrad.grading.assignment.load import load
    from minigrad.grading.notebook.study import record

    try:
        course = find_course(args)
    except GradingError as error:
        raise GradingError(f"the solutions lie with the course's sources: {error}") from None
    assignment, exercise = meant(course, args.exercise)
    made = load(course.authored(assignment))
    home = home_of(args)
    own = [t for t in record.read(home / record.FILE) if (t.assignment, t.exercise) == (assignment, exercise)]
    passed = any(t.whole for t in own)
    tried = record.tries(own)
    name = f"{assignment}/{exercise}"
    if not passed and tried < TRIES:
        again = to_type("check", home / assignment / f"{assignment}.ipynb")  # which knows of further hints
        count = f"{tried} {'try' if tried == 1 else 'different tries'}"
        print(f"{name}: {count} so far, and it has not passed its public checks.")
        print(
            f"The solution is shown once it has, or after {TRIES} different tries: answers that compute "
            f"something from their arguments, and fail differently. Until then: {again}"
        )
        return WRONG
    why = "it passed its public checks" if passed else f"you made {tried} different tries"
    print(f"# {name}: shown, since {why}")
    # what is as it came, such as room for guesses, solves nothing
    came = {c.id: c.source for c in made.cells}
    ids = [id for id in record.own_cells(made.cells)[exercise] if made.solution[id] != came[id]]
    if not ids:
        print("# Nothing is written for it: it trains what the exercises before it made.")
    for id in ids:
        print(f"\n{made.solution[id]}")
    return OK


def meant(course: Course, text: str) -> tuple[str, str]:
    """(assignment, exercise) of a name; GradingError where it is none, or that of several."""
    from minigrad.grading.assignment.load import load

    named, _, exercise = text.rpartition("/")
    loaded = {name: load(course.authored(name)) for name in known_names(course, [named] * bool(named))}
    known = {name: one.exercises() for name, one in loaded.items()}
    found = [name for name, exercises in known.items() if exercise in exercises]
    if len(found) == 1:
        return found[0], exercise
    if found:
        several = ", ".join(f"{name}/{exercise}" for name in found)
        raise GradingError(f"{exercise!r} is an exercise of several assignments: name one of {several}")
    if any(exercise == c.exercise for one in loaded.values() for c in one.cells if c.kind == "written"):
        raise GradingError(
            f"{exercise!r} is answered in words, and has no solution to show: a person reads the answer. "
            "Hold yours against what stands below the question"
        )
    if exercise in (names := course.names()):
        own = ", ".join(f"{exercise}/{e}" for e in load(course.authored(exercise)).exercises())
        raise GradingError(f"{exercise} is an assignment: name one exercise of it: {own}")
    if near := meant_instead(exercise, [e for exercises in known.values() for e in exercises]):
        raise GradingError(f"no exercise {exercise!r}{near}")
    wanted = ", ".join(known[named]) if named else f"write ASSIGNMENT/EXERCISE, of {', '.join(names)}"
    raise GradingError(f"no exercise {exercise!r} here: {f'{named} has ' if named else ''}{wanted}")
