"""Tests an assignment's checks: right work passes them, every known mistake is caught and named."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.checks import Mutant, Rewrite
from minigrad.grading.assignment.load import load
from minigrad.grading.intake.canonical import Intake
from minigrad.grading.judge.diagnose import evidence_equal
from minigrad.grading.judge.judge import Judge
from minigrad.grading.judge.reference import mutated
from minigrad.grading.judge.verdict import decide
from minigrad.grading.model import Assignment, Evidence, Limits, Report
from minigrad.sandbox.linux.cores import cores

SALT, OTHER = b"matrix, salt one", b"matrix, salt two"  # fixed: the matrix is the same every time
LIMITS = Limits(
    total_cpu=300.0, wall=3000.0
)  # whatever a mutant does to the course's machine, it is the author's

Row = dict[str, Any]


@dataclass(frozen=True)
class Matrix:
    """What was found: rows for a file, and complaints, none when all is well."""

    assignment: str
    rows: tuple[Row, ...]
    complaints: tuple[str, ...]

    @property
    def text(self) -> str:
        """The rows as a table to read, with their sums."""
        if not self.rows:
            return f"{self.assignment}: it has no checks, so there is nothing to test"
        mutants = [r for r in self.rows if "mutant" in r]
        variants = [r for r in self.rows if "variant" in r]
        rewrites = [r for r in self.rows if "rewrite" in r]
        table = [["mutant", "killed", "hint", "hidden only", "fails"]]
        table += [
            [
                r["mutant"],
                "yes" if r["killed"] else "NO",
                "yes" if r["hint_named"] else "NO",
                "yes" if r["public_pass_hidden_fail"] else "",
                " ".join(r["checks_failed"]),
            ]
            for r in mutants
        ]
        table += [["", "", "", "", ""], ["rewrite", "", "named", "", "of"]]
        table += [[r["rewrite"], "", "yes" if r["named"] else "NO", "", r["of"]] for r in rewrites]
        table += [["", "", "", "", ""], ["variant", "score", "", "", ""]]
        table += [[r["variant"], f"{r['score']:g}", "", "", ""] for r in variants]
        widths = [max(len(line[i]) for line in table) for i in range(4)]
        lines = [
            "  ".join([*(cell.ljust(w) for cell, w in zip(line, widths, strict=False)), line[4]]).rstrip()
            for line in table
        ]
        sums = (
            f"{self.assignment}: {sum(r['killed'] for r in mutants)} of {len(mutants)} mutants killed, "
            f"{sum(r['hint_named'] for r in mutants)} named, "
            f"{sum(r['public_pass_hidden_fail'] for r in mutants)} caught by hidden checks alone; "
            f"{sum(r['named'] for r in rewrites)} of {len(rewrites)} rewrites named; "
            f"{sum(r['right'] for r in variants)} of {len(variants)} variants get all points"
        )
        return "\n".join([*lines, "", sums])


def matrices(folders: Iterable[Path]) -> Iterator[Matrix]:
    """The matrix of each assignment in `folders`, one after the other."""
    for folder in folders:
        assignment = load(folder)
        yield matrix(assignment) if assignment.checks else Matrix(assignment.name, (), ())


def matrix(assignment: Assignment, *, isolation: str = "auto") -> Matrix:
    """Run the solution, its variants, mutants and rewrites through the judge.

    Raises AuthoringError when the solution fails its own checks, JudgeFault when the judge cannot
    run. Training takes part for the solution and the variants.
    """
    rows: list[Row] = []
    complaints: list[str] = []
    with Judge(assignment, SALT, isolation=isolation, limits=LIMITS) as judge:
        judge.prepare()
        with Judge(assignment, OTHER, isolation=isolation, limits=LIMITS) as other:
            complaints += empty_checks(judge, other.expected)
        complaints += equal_mutants(judge)
        with ThreadPoolExecutor(cores()) as threads:  # they wait for workers, one each
            found = list(threads.map(lambda m: mutant_row(judge, m), assignment.mutants))
            found += threads.map(lambda r: rewrite_row(judge, r), assignment.rewrites)
        rows += found
        complaints += [complaint for row in found for complaint in known_complaints(row)]
        for name, cells in [("solution", {}), *((v.name, v.cells) for v in assignment.variants)]:
            report = judge.judge(Intake(assignment.solved(cells)))
            rows.append(variant_row(assignment, name, report))
            complaints += variant_complaints(assignment, name, report)
    return Matrix(assignment.name, tuple(rows), tuple(f"{assignment.name}: {c}" for c in complaints))


def mutant_row(judge: Judge, mutant: Mutant) -> Row:
    """What a mutant fails, and whether its hint would be shown."""
    cells = judge.assignment.solved(mutated(judge.assignment, mutant))
    report = judge.judge(Intake(cells), train=False)
    failed = [v.check for e in report.exercises for v in e.verdicts if not v.passed]
    public = judge.assignment.public
    return {
        "assignment": judge.assignment.name,
        "mutant": mutant.name,
        "checks_expected": sorted(mutant.fails),
        "checks_failed": sorted(failed),
        "killed": bool(failed),
        "hint_named": mistakes(report) == {mutant.name},
        "named": sorted(mistakes(report)),
        "public_pass_hidden_fail": bool(failed) and not public.intersection(failed),
    }


def rewrite_row(judge: Judge, rewrite: Rewrite) -> Row:
    """Whether a known mistake is named when it is made in other words."""
    named = mistakes(judge.judge(Intake(judge.assignment.solved(rewrite.cells)), train=False))
    return {
        "assignment": judge.assignment.name,
        "rewrite": rewrite.name,
        "of": rewrite.of,
        "named": named == {rewrite.of},
        "taken_for": sorted(named),
    }


def known_complaints(row: Row) -> list[str]:
    """What an author has to mend about a mutant or a rewrite."""
    if "mutant" in row:
        return mutant_complaints(row)
    if row["named"]:
        return []
    return [
        f"rewrite {row['rewrite']} is taken for {words(row['taken_for'])}, not for {row['of']}: "
        "do the two give the same arrays?"
    ]


def mutant_complaints(row: Row) -> list[str]:
    """What an author has to mend about a mutant."""
    name, failed = row["mutant"], set(row["checks_failed"])
    found = fails_complaints(name, set(row["checks_expected"]), failed)
    if failed and not row["hint_named"]:
        found.append(f"mutant {name} is taken for {words(row['named'])}: its hint would not be shown")
    return found


def fails_complaints(name: str, expected: set[str], failed: set[str]) -> list[str]:
    """Where the checks that a mutant fails are not those that it says."""
    found = []
    if not failed:
        found.append(f"mutant {name} passes every check: add one that tells it from the solution")
    if failed - expected:
        found.append(
            f"mutant {name} also fails {words(failed - expected)}: add to its `fails`, or mend the checks"
        )
    if failed and expected - failed:
        found.append(
            f"mutant {name} does not fail {words(expected - failed)}: mend its `fails`, or the checks"
        )
    return found


def variant_row(assignment: Assignment, name: str, report: Report) -> Row:
    right = report.score == sum(assignment.exercises().values())
    return {
        "assignment": assignment.name,
        "variant": name,
        "score": report.score,
        "right": right,
        "cpu": report.cpu,
    }


def variant_complaints(assignment: Assignment, name: str, report: Report) -> list[str]:
    """Each check that right work fails."""
    if report.status != "graded":
        return [f"variant {name} is {report.status}: {report.reason}"]
    failed = [v for e in report.exercises for v in e.verdicts if not v.passed]
    return [f"variant {name} fails {v.check}, though it is right: {v.reason}" for v in failed]


def empty_checks(judge: Judge, other: Mapping[str, Evidence]) -> list[str]:
    """Checks that are passed by zeros, or by another salt's answers."""
    found = []
    for check in judge.deterministic:
        expected = judge.expected[check.name]
        zeros = Evidence(arrays={n: np.zeros_like(a) for n, a in expected.arrays.items()})
        if decide(check, zeros, expected, False).passed:
            found.append(f"check {check.name} is satisfied by zeros: return something that is not zero")
        if decide(check, other[check.name], expected, False).passed:
            found.append(
                f"check {check.name} is satisfied by another salt's answers: draw its inputs from rng"
            )
    return found


def equal_mutants(judge: Judge) -> list[str]:
    """Pairs of mutants that no check tells apart."""
    found = []
    for a, b in itertools.combinations(judge.mutants, 2):
        one, two = judge.mutants[a], judge.mutants[b]
        if all(evidence_equal(c, one[c.name], two[c.name]) for c in judge.deterministic):
            found.append(
                f"mutants {a} and {b} give the same arrays: drop one, or add a check that tells them apart"
            )
    return found


def mistakes(report: Report) -> set[str]:
    """The mutants that a report names."""
    return {e.mistake for e in report.exercises if e.mistake}


def words(names: Any) -> str:
    return ", ".join(sorted(names)) or "no known mistake"
