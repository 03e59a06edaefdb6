"""Near-identical work is found, independent right work is not, and a class takes linear time."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from minigrad.grading.assignment.load import load
from minigrad.grading.report.similarity import LINES, WIDE, fingerprints, sides, similar, tokens

GIVEN = ["def train(model, data):\n    ...", "class RNNCell:\n    def __init__(self, D, H):\n        ..."]
MINE = """
def train(model, data):
    # go through the batches
    history = []
    for step, (x, y) in enumerate(data):
        loss = ((model(x) - y) ** 2).mean()
        history.append(float(loss))
        if step % 10 == 0 and loss < best:
            best, keep = loss, model.state_dict()
        model.backward(loss)
        for name, value in model.named_parameters():
            value -= 0.1 * value.grad / (1 + step // 100)
    return history, keep
"""
RENAMED = (
    re.sub(r"#.*", "# other words", MINE)
    .replace("history", "losses")
    .replace("step", "i")
    .replace("    ", "  ")
)
OTHER = """
def train(model, data):
    out, lowest = {}, None
    while data.more():
        batch = data.next()
        guess = model.forward(batch.inputs)
        error = guess - batch.targets
        out[batch.number] = error.std()
        lowest = min(lowest or out[batch.number], out[batch.number])
        gradients = model.gradients(error)
        optimizer.apply(gradients, rate=0.3, clip=None)
        print("at", batch.number, "error", out[batch.number])
    return out
"""


@pytest.mark.parametrize(
    "copy", [MINE, RENAMED, MINE + "\n\nprint('mine, truly')\n", MINE.replace("0.1", "0.2")]
)
def test_copies_are_found_whatever_they_are_called(copy):
    (found,) = similar({"a": [MINE], "b": [copy], "c": [OTHER]}, GIVEN)
    assert found.students == ("a", "b")
    assert found.share >= 0.8


def test_moved_cells_are_found():
    (found,) = similar({"a": [MINE, OTHER], "b": [OTHER, MINE]}, GIVEN)
    assert (found.students, found.share) == (("a", "b"), 1.0)


def test_two_works_stand_side_by_side_each_cell_beside_its_own():
    (found,) = similar({"a": [OTHER, MINE + "print('a')\n"], "b": [RENAMED, "print(2)", OTHER]}, GIVEN)
    (pair,) = found.pairs
    assert pair.students == ("a", "b")
    left = [side.left for side in pair.sides if side.left.strip()]
    right = [side.right for side in pair.sides if side.right.strip()]
    assert left == [line for line in (OTHER + MINE).splitlines() if line] + ["print('a')"]
    assert {"print(2)", *(line for line in (OTHER + RENAMED).splitlines() if line)} == set(right)
    alike = {side.left.strip(): side.right.strip() for side in pair.sides if side.alike}
    assert alike["history.append(float(loss))"] == "losses.append(float(loss))"
    assert alike["guess = model.forward(batch.inputs)"] == "guess = model.forward(batch.inputs)"
    assert "def train(model, data):" not in alike, "it was given"
    assert not {"", "print('a')", "# go through the batches"} & alike.keys()


def test_who_is_like_whom_is_one_group_with_the_pairs_that_link_it():
    """A is like B, B like C and D: one group, and nobody stands in two."""
    more = [MINE + f"\nseen_{i} = {'x' * i}({i}, {i}, [{i}]) + {i}.5 * {i}" * (i > 0) for i in range(3)]
    works = {"a": [more[0]], "b": [more[0]], "c": [more[1]], "d": [more[2]], "e": [OTHER], "f": [OTHER]}
    first, second = similar(works, GIVEN)
    assert {first.students, second.students} == {("a", "b", "c", "d"), ("e", "f")}
    four = next(one for one in (first, second) if "a" in one.students)
    assert four.pairs[0].students == ("a", "b")
    assert len(four.pairs) == 3, "as many as link four"
    assert {s for pair in four.pairs for s in pair.students} == {"a", "b", "c", "d"}
    assert str(four) == "near-identical work, up to 100 %: a, b, c, d"
    assert all(pair.sides for pair in four.pairs)


def test_long_works_are_cut_before_they_are_compared():
    many = ["x = 1\n" * 20_000, "y" * 60_000]
    shown = list(sides(many, many, frozenset(), ()))
    assert len(shown) < 2 * LINES
    assert max(len(side.left) for side in shown) <= WIDE


def test_independent_work_is_not_similar():
    assert similar({"a": [MINE], "b": [OTHER]}, GIVEN) == []


def test_what_was_given_does_not_count():
    assert similar({"a": [MINE], "b": [MINE]}, [MINE]) == []
    half = OTHER.replace("train", "evaluate")
    assert similar({"a": [MINE, half], "b": [OTHER, half]}, [half]) == []


def test_short_and_common_work_does_not_count():
    assert similar({s: ["def f(x):\n    return 2 * x"] for s in "abc"}, GIVEN) == []
    works = {
        str(i): [MINE + f"\nvalue_{i} = {i}.5 * {i + 1} + fun_{i}({i}, {i}, {i}, [{i}])"] for i in range(20)
    }
    assert similar(works, GIVEN) == [], "what twenty wrote in different works is common knowledge"


def test_the_variants_of_an_assignment_are_not_near_identical():
    """Right work for 01-rnn in whole other words: no false alarm on the small functions that it asks for."""
    solutions = Path(__file__).parents[3] / "solutions"
    assignment = load(solutions / "01-rnn")
    given = [c.source for c in assignment.cells] + [assignment.sources["public_checks.py"]]
    for variant in assignment.variants:
        changed = {id: text for id, text in variant.cells.items() if id in assignment.solution}
        mine = [assignment.solution[id] for id in changed]
        if all(len(fingerprints([text], frozenset(), set())) > 12 for text in (*mine, *changed.values())):
            found = similar({"solution": mine, "variant": list(changed.values())}, given)
            assert found == [], variant.name


@pytest.mark.parametrize(
    "text", ["'", '"""', "'\\", "def f(:", "\x00", "é = 'ü", "'" * 1001, '"""' * 999, "#"]
)
def test_broken_code_has_tokens(text):
    assert list(tokens(text)) is not None


def test_tokens_leave_out_layout_comments_and_words():
    assert list(tokens("x  = 'a # b'  # c\ny=1.5e3")) == ["x", "=", "''", "y", "=", "1.5e3"]


def test_a_cell_of_quotes_is_read_once():
    """Each would take hours if every quote began a scan to the end."""
    assert list(tokens("'''" + "'\\" * 30_000)) == ["''"]
    assert list(tokens("'\\" * 30_000)) == ["''"]
    assert len(list(tokens('"' * 60_000))) == 10_000
