"""How far hints can be trusted: `python -m tests.diagnosis [ASSIGNMENT ...]` writes diagnosis.json.

Three questions for each assignment. Are known mistakes named when made in other words (rewrites)?
Is a mistake that is not known taken for another (each mutant left out in turn)? And when two are
made at once, is anything but one of the two named (pairs in one exercise, drawn at random)?
"""

from __future__ import annotations

import itertools
import json
import random
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from minigrad.checks import Mutant
from minigrad.grading.assignment.load import load, names
from minigrad.grading.authoring.matrix import LIMITS, SALT
from minigrad.grading.judge.judge import Judge
from minigrad.grading.model import Assignment, Cell, Evidence

ROOT = Path(__file__).parents[1]
PAIRS = 100
Found = Mapping[str, Evidence]


def named(judge: Judge, observed: Found, without: str = "") -> set[str]:
    """The mutants whose hints are told, one exercise at a time, with one of them unknown."""
    known = {name: found for name, found in judge.mutants.items() if name != without}
    return {
        judge.recognised(e, observed, known) or judge.one_of_two(e, observed, known)
        for e in judge.assignment.exercises()
    } - {""}


def twice(assignment: Assignment, a: Mutant, b: Mutant) -> tuple[Cell, ...] | None:
    """The solved cells with both mistakes in one cell; None where they do not fit together."""
    for id, source in assignment.solution.items():
        if a.old in source and b.old in source:
            once = source.replace(a.old, a.new)
            if once.count(b.old) == 1 and a.new in (both := once.replace(b.old, b.new)):
                return assignment.solved({id: both})
    return None


def rows(assignment: Assignment) -> list[dict[str, Any]]:
    """One row for every question asked."""
    found: list[dict[str, Any]] = []
    with Judge(assignment, SALT, limits=LIMITS) as judge:
        judge.prepare()
        for rewrite in assignment.rewrites:
            names = named(judge, judge.observe(assignment.solved(rewrite.cells), train=False).probes)
            found.append({"question": "rewrite", "mistakes": [rewrite.of], "named": sorted(names)})
        for mutant in assignment.mutants:
            names = named(judge, judge.mutants[mutant.name], without=mutant.name)
            found.append({"question": "left out", "mistakes": [], "of": mutant.name, "named": sorted(names)})
        pairs = list(itertools.permutations(assignment.mutants, 2))
        random.Random(0).shuffle(pairs)
        fitting = ((a, b, cells) for a, b in pairs if (cells := twice(assignment, a, b)) is not None)
        for a, b, cells in itertools.islice(fitting, PAIRS):
            names = named(judge, judge.observe(cells, train=False).probes)
            found.append({"question": "two at once", "mistakes": [a.name, b.name], "named": sorted(names)})
    return [{"assignment": assignment.name, **row} for row in found]


def sums(found: list[dict[str, Any]]) -> str:
    """What the rows say, in three lines."""
    lines = []
    for question in ("rewrite", "left out", "two at once"):
        some = [r for r in found if r["question"] == question]
        right = sum(bool(set(r["named"]) & set(r["mistakes"])) for r in some)
        wrong = sum(bool(set(r["named"]) - set(r["mistakes"])) for r in some)
        lines.append(f"{question:12} {len(some):4}: {right} named rightly, {wrong} taken for another")
    return "\n".join(lines)


def main(asked: list[str]) -> None:
    everything = []
    for name in asked or names(ROOT / "solutions"):
        assignment = load(ROOT / "solutions" / name)
        found = rows(assignment)
        everything += found
        print(f"{name}\n{sums(found)}", flush=True)
        for row in found:
            if set(row["named"]) - set(row["mistakes"]):
                made = row.get("of") or " and ".join(row["mistakes"])
                print(f"    {row['question']}: {made} taken for {', '.join(row['named'])}")
    print(f"all\n{sums(everything)}")
    Path("diagnosis.json").write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
