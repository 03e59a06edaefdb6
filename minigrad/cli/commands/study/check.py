"""Check your own notebook.

Public checks only, unless --full.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from minigrad.cli.course import find_course
from minigrad.cli.options import OK, STOPPED, UNSAFE, WRONG, add_flag, writing
from minigrad.grading.model import GradingError, Refused, Report, is_notebook, to_type
from minigrad.grading.report.markup import mark, steps_of
from minigrad.grading.store.layout import Course

if TYPE_CHECKING:
    from minigrad.grading.report.formats import Line

EXAMPLE = "minigrad check assignments/01-rnn/01-rnn.ipynb"


def add(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("notebook", type=Path, metavar="NOTEBOOK")
    add_flag(parser, "--full", "with the hidden checks; needs the course's solutions/")
    add_flag(parser, "--unsafe", UNSAFE)
    parser.add_argument(
        "--hint", action="count", default=0, help="open a further step of each hint; twice for two"
    )
    add_flag(parser, "--json", "print the report as JSON")
    parser.add_argument(
        "--gradescope", type=Path, metavar="FILE", help="write Gradescope's results.json there, too"
    )
    add_flag(parser, "--github", "in a workflow of GitHub: with annotations, a summary, Classroom's points")


def run(args: argparse.Namespace) -> int:
    """Check one notebook: publicly anywhere, fully where the sources are."""
    if not args.github:
        return check(args)
    from minigrad.grading.platforms import actions

    if args.full:
        raise GradingError("--github shows public checks: leave out --full")
    try:
        return check(args)
    except GradingError as error:
        print(actions.failure(str(args.notebook), str(error)))
        summarise(actions.refusal(str(error)))
        raise


def check(args: argparse.Namespace) -> int:
    """Check one notebook, and tell of it."""
    from minigrad.cli.terminal import coloured, laid_out, width_of
    from minigrad.grading.notebook.offline import keep, remember, to_write, was_stopped
    from minigrad.grading.platforms.results import results
    from minigrad.grading.report.formats import class_json, lost
    from minigrad.sandbox.errors import SandboxUnavailable

    args.notebook = the_notebook(args.notebook)
    if not is_notebook(args.notebook.name):
        print(
            f"minigrad: grading takes no file named {args.notebook.name}: end its name in .ipynb",
            file=sys.stderr,
        )
    if args.unsafe:
        print(f"minigrad: {UNSAFE}", file=sys.stderr)
    isolation, kept = "unsafe" if args.unsafe else "auto", ""
    try:
        made = checked(args, isolation)
    except SandboxUnavailable:
        print("minigrad: there is no sandbox here: your notebook's code runs as you", file=sys.stderr)
        isolation = "unsafe"
        made = checked(args, isolation)
    if not args.github:
        remember(args.notebook, made)
        kept = keep(args.notebook, made, isolation)
    if args.gradescope:
        late = late_checks(args) if args.full else frozenset()
        content = json.dumps(results(made, late=late), indent=1) + "\n"
        with writing(args.gradescope):
            args.gradescope.write_text(content, encoding="utf-8")
    words = to_write(args.notebook, release_folder(args)) if made.status == "graded" else ""
    if args.json:
        print(json.dumps(class_json({"": made})[""], indent=1))
    elif args.github:
        tell_github(args, made, words)
    else:
        print(laid_out(told(made, args, kept, words), width_of(sys.stdout), coloured(sys.stdout)))
    if was_stopped(made):
        return STOPPED
    return OK if made.status == "graded" and not lost(made) else WRONG


def the_notebook(path: Path) -> Path:
    """The notebook at a path: the file, or the only one in a folder; GradingError where there is none."""
    from minigrad.grading.assignment.carried import MINE

    if not path.exists():
        beside = notebooks(path.parent)
        here = f", only {', '.join(f.name for f in beside)}" if beside else ""
        own = Path(MINE, path, f"{path.name}.ipynb")  # of an assignment that was meant by its name
        meant = f"did you mean {own}?" if own.is_file() else "name one that exists"
        if cased := [f.name for f in beside if f.name.casefold() == path.name.casefold()]:
            meant = (
                f"rename {cased[0]}, which differs in case"  # a workflow names the file as it is handed out
            )
        raise GradingError(f"there is no notebook {path}{here}: {meant}")
    if not path.is_dir():
        return path
    found = notebooks(path)
    if len(found) != 1:
        there = ", ".join(f.name for f in found) or "none"
        raise GradingError(f"{path} is a folder, and one notebook is checked: name it; there is {there}")
    return found[0]


def notebooks(folder: Path) -> list[Path]:
    """The notebooks in a folder, in order; none where it is not there."""
    return sorted(f for f in folder.glob("*.*") if is_notebook(f.name))


def checked(args: argparse.Namespace, isolation: str) -> Report:
    """The notebook's report: of the public checks, or with --full of all."""
    from minigrad.cli.terminal import alive
    from minigrad.grading.notebook import offline

    with alive(f"checking {args.notebook.name}"):
        if args.full:
            return fully_checked(*course_and_name(args), args.notebook, isolation)
        return offline.report(args.notebook, release_folder(args), isolation)


def release_folder(args: argparse.Namespace) -> Path:
    """The folder with the release's files: the notebook's own, the course's, or one of that name around."""
    from minigrad.grading.notebook.release import around, lies_in

    beside: Path = args.notebook.absolute().parent
    folders = [beside]
    with contextlib.suppress(GradingError):
        course = find_course(args)
        folders += [course.release(name) for name in may_be(args.notebook)]
    folders += [f for name in may_be(args.notebook) for f in around(beside, name) + around(Path.cwd(), name)]
    return next(filter(lies_in, folders), beside)


def may_be(notebook: Path) -> list[str]:
    """The names that a notebook's assignment may have: what the file says, its own name, its folder's."""
    from minigrad.grading.intake.parse import parse, read

    says = ""
    with contextlib.suppress(Refused):  # which is told where it is read to be checked
        says = parse(read(notebook)).assignment
    return list(filter(None, (says, notebook.stem, notebook.absolute().parent.name)))


def course_and_name(args: argparse.Namespace) -> tuple[Course, str]:
    """The course and the assignment of a notebook, for checks that need the sources."""
    try:
        course = find_course(args)
    except GradingError as error:
        raise GradingError(
            f"--full needs the course's solutions/, which hold the hidden checks: {error}"
        ) from None
    known = [n for n in may_be(args.notebook) if n in course.names()]
    if not known:
        raise GradingError(
            f"{args.notebook} says, and is named after, no assignment of {course.root}: "
            f"there is {', '.join(course.names())}"
        )
    return course, known[0]


def late_checks(args: argparse.Namespace) -> frozenset[str]:
    """The notebook's public checks that wait for hidden ones, by the course's sources."""
    from minigrad.grading.assignment.load import load

    course, name = course_and_name(args)
    return load(course.authored(name)).late


def fully_checked(course: Course, name: str, notebook: Path, isolation: str) -> Report:
    """A judge's report, under a salt of its own that nothing keeps."""
    from minigrad.grading.classroom.court import court
    from minigrad.grading.intake.canonical import read

    with court(course, name, isolation, throwaway=True).judge() as judge:
        return judge.grade(read(notebook))


def told(made: Report, args: argparse.Namespace, kept: str = "", words: str = "") -> list[Line]:
    """The report as its author reads it in a terminal, with what is `kept` of it, and which answers in
    `words` are to write."""
    from minigrad.grading.report.formats import Line, lines

    if made.status == "refused":
        said = f"{made.assignment}: grading would refuse this notebook: {made.reason}"
        return [Line(said, head=True)]
    steps = 1 + args.hint
    shown = lines(made, public=not args.full, steps=steps)
    if any(len(steps_of(e.hint)) > steps for e in made.exercises):
        full = ["--full"] * args.full
        again = to_type("check", args.notebook, *full, *["--hint"] * steps)
        shown.append(Line(f"a hint has a further step: {again}"))
    shown += [Line(kept)] * bool(kept)
    return shown + [Line(summary(made, args.full, words), head=True)] * bool(made.exercises)


def tell_github(args: argparse.Namespace, made: Report, words: str) -> None:
    """Print what a workflow's step prints, and append to the job's summary."""
    from minigrad.grading.notebook.marked import cells
    from minigrad.grading.platforms import actions
    from minigrad.grading.platforms.lines import lines
    from minigrad.grading.report.formats import plain

    if made.status != "graded":
        raise GradingError(made.reason)
    data = args.notebook.read_bytes()
    there = lines(data.decode("utf-8-sig"))
    print(actions.muted(plain(told(made, args, words=words)), secrets.token_hex(16)))
    print(
        "\n".join([*actions.points(made), *actions.annotated(made, str(args.notebook), cells(data), there)])
    )
    summarise(actions.summary(made))


def summarise(text: str) -> None:
    """Append to the summary of GitHub's job; nothing where there is no job."""
    if place := os.environ.get("GITHUB_STEP_SUMMARY"):
        with writing(Path(place)), open(place, "a", encoding="utf-8") as file:
            file.write(text)


def summary(made: Report, full: bool, words: str = "") -> str:
    """One line: what passes, what fails, what is still to do, and what answers in `words` are."""
    lost = [v for e in made.exercises for v in e.verdicts if not v.passed]
    todo = dict.fromkeys(v.exercise for v in lost if mark(v) == "to do")
    kind = "checks, hidden ones too" if full else "public checks; grading adds hidden ones"
    count = sum(len(e.verdicts) for e in made.exercises)
    parts = [f"{count - len(lost)} of {count} {kind}"]
    if todo:
        parts.append(f"still to do: {', '.join(todo)}")
    if made.exercises and not lost:
        parts.append("all passed")
    if words:
        parts.append(words)
    return " · ".join(parts)
