"""What is special to solutions/00-autograd: its exercises, and a worker without minigrad."""

from __future__ import annotations

import ast
import re

import pytest

import minigrad.tape
from tests.solved import evidence, expected, failed, names, rewritten_twice, solved, trained

NAME = "00-autograd"
EXERCISE = {"sigmoid": "sigmoid-tanh", "tanh": "sigmoid-tanh"}  # of a solution cell, where not its id
EXERCISES = {
    "numeric-grad": 10,
    "sigmoid-tanh": 10,
    "matmul": 15,
    "backward": 25,
    "unbroadcast": 15,
    "getitem": 10,
    "cross-entropy": 15,
}


def test_exercises_and_points() -> None:
    a = solved(NAME)
    assert a.exercises() == EXERCISES
    assert trained(NAME) == []
    assert len(a.mutants) >= 25
    assert len(a.variants) >= 10
    assert 3 * len(rewritten_twice(NAME)) >= len(a.mutants) - 2


def test_a_mistake_costs_one_exercise() -> None:
    for mutant in solved(NAME).mutants:
        assert len({name.split(".")[0] for name in mutant.fails}) == 1, mutant.name


def test_nothing_that_grading_runs_imports_more_than_numpy_and_the_words_of_checks() -> None:
    a = solved(NAME)
    assert not a.engine
    trees = [ast.parse(t) for t in (*(c.source for c in a.solved() if c.runs), *a.sources.values())]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    assert imported == {"numpy", "itertools", "collections.abc", "minigrad.checks"}


def test_the_pieces_of_the_library_that_the_notebook_reads_are_there() -> None:
    text = "\n".join(c.source for c in solved(NAME).cells)
    pieces = set(re.findall(r"minigrad\.tape\.(\w+)", text))
    assert pieces >= {"op", "backward"}
    assert all(callable(getattr(minigrad.tape, name)) for name in pieces)


@pytest.mark.parametrize("exercise", EXERCISES)
def test_one_exercise_alone_gets_all_its_points_in_a_blank_release(exercise: str) -> None:
    a = solved(NAME)
    own = {id: source for id, source in a.solution.items() if EXERCISE.get(id, id) == exercise}
    observed = evidence(NAME, names(NAME, own, released=True))
    mine = {c.name for c in a.checks if c.exercise == exercise}
    assert mine
    assert mine & set(failed(NAME, observed, expected(NAME))) == set()
