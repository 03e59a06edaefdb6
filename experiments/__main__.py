"""`python -m experiments`: train from many seeds, print a table, write reproduce.json."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from experiments import published
from minigrad.cli.options import CANNOT, OK, add_workers, positive
from minigrad.cli.terminal import progress, table
from minigrad.errors import MinigradError
from minigrad.grading.model import GradingError
from minigrad.grading.store.layout import Course


def main(argv: Sequence[str] | None = None) -> int:
    """Run the experiments; returns the exit code."""
    args = parser().parse_args(argv)
    try:
        return run(args)
    except MinigradError as error:
        print(f"experiments: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("experiments: stopped; nothing was written", file=sys.stderr)
    return CANNOT


def parser() -> argparse.ArgumentParser:
    """The command's grammar and help."""
    made = argparse.ArgumentParser(
        prog="python -m experiments",
        description="Train the reference's cells from many seeds and set what they learn beside what was "
        "published. Needs the course's solutions/; minutes. Writes reproduce.json into the course's folder.",
        epilog="Example: python -m experiments reber --seeds 5",
    )
    made.add_argument(
        "--course", type=Path, metavar="DIR", help="the course's folder (default: found from here upwards)"
    )
    made.add_argument(
        "experiments", nargs="*", metavar="EXPERIMENT", help="forget-bias or reber (default: both)"
    )
    made.add_argument(
        "--seeds", type=positive, default=20, metavar="N", help="runs of each model (default: %(default)s)"
    )
    add_workers(made)
    return made


def run(args: argparse.Namespace) -> int:
    """Train, print a table for each experiment, and write everything down."""
    try:
        course = Course.at(args.course) if args.course else Course.find(Path.cwd())
    except GradingError:
        raise GradingError("the cells of solutions/ are trained, and there are none here") from None
    names = tuple(dict.fromkeys(args.experiments)) or tuple(published.EXPERIMENTS)
    if unknown := [name for name in names if name not in published.EXPERIMENTS]:
        raise GradingError(f"no experiment {unknown[0]!r}: there is {', '.join(published.EXPERIMENTS)}")
    total = sum(len(published.EXPERIMENTS[name].models) for name in names) * args.seeds
    with progress("training", total) as step:
        found = []
        for one in published.runs(course.root / "solutions", names, args.seeds, args.workers):
            found.append(one)
            step(one.model)
    lines = published.lines(found)
    for name in names:
        experiment = published.EXPERIMENTS[name]
        print(
            f"{name}: {experiment.claim}\n  published: {experiment.source}\n"
            f"  theirs: {experiment.theirs}\n  ours: {experiment.ours}\n"
        )
        rows = published.rows([line for line in lines if line.experiment == name])
        print(table(published.HEADER, rows), end="\n\n")
    told = json.dumps(published.as_json(found), indent=1) + "\n"
    (course.work / "reproduce.json").write_text(told, encoding="utf-8")
    print(f"{args.seeds} seeds each, intervals by Wilson; wrote reproduce.json into {course.work}")
    print(published.CAUTION)
    return OK


if __name__ == "__main__":
    sys.exit(main())
