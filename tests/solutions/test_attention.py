"""What is special to solutions/09-attention: its exercises, and what its labs show."""

from __future__ import annotations

import re

import pytest

from tests.solved import changed, deterministic, expected, failed, guarded, played, solved, trained

NAME = "09-attention"


def test_exercises_and_points() -> None:
    a = solved(NAME)
    assert a.exercises() == {
        "scores": 15,
        "masked-softmax": 15,
        "context": 5,
        "attention-decoder": 30,
        "learned": 20,
        "causal-self-attention": 15,
    }
    assert trained(NAME) == ["learned.receipts"]
    assert len(a.mutants) >= 70
    assert len(a.variants) >= 15
    assert len(a.rewrites) >= 12
    assert len(guarded(NAME)) == 5


def test_training_waits_for_every_exercise_it_uses() -> None:
    needs = {need.split(".")[0] for need in solved(NAME).check("learned.receipts").needs}
    assert needs == {c.exercise for c in deterministic(NAME)} - {"causal-self-attention"}


def test_a_mistake_in_one_part_costs_nothing_in_the_parts_that_build_on_it() -> None:
    """Masked softmax and context are put in right where a later exercise is probed."""
    broken = {
        "scores": "def dot_scores(query, keys):\n    return None\n",
        "masked-softmax": "def masked_softmax(scores, mask):\n    return scores\n",
        "context": "def context(weights, values):\n    return values\n",
    }
    lost = {check.split(".")[0] for check in failed(NAME, changed(NAME, broken), expected(NAME))}
    assert lost == set(broken)


def test_the_labs_show_what_the_notebook_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With one seed, and without the trainings of which the text tells by the figures beside it alone."""
    shorter = {
        "48, 400, 3": "48, 400, 1",
        "in range(SEEDS)": 'in range(SEEDS if name == "dot" else 0)',
        "UPDATES, rng, lr=0.01": "2, rng, lr=0.01",
    }
    lab = played(NAME, monkeypatch, shorter)
    said = capsys.readouterr().out
    assert "waits for" not in said
    plain, looking = lab["plain"][0], lab["looking"]["dot"][0]
    assert plain[5:].max() < 0.05  # "hardly anything"
    assert plain[:8].max() < 0.6
    assert plain[3:].max() < 0.15  # of what `learned` asks for
    assert looking[:8].min() > 0.8
    assert 0.3 < looking[9] < looking[8] < looking[:8].min()
    places = next(line for line in said.splitlines() if "place by place" in line).split(": ")[1].split()
    assert float(places[0]) > 0.9  # the year's first digit, asked for first
    assert max(map(float, places[6:14])) < 0.4  # "hardly more than one in ten to one in three"
    own, near = re.search(r"own place for (\d+)%, that or a neighbour for (\d+)%", said).groups()
    assert int(own) > 90
    assert int(near) >= int(own)
    looked = re.search(r"looked at most: (.*)", said)[1]
    assert looked.startswith("9←9  8←8  0←May  5←May  0←7  7←7  4←4  8←8  3←3  0←0  2←2")
    squares = float(re.search(r"holds (\S+) times a square", said)[1])
    assert squares == pytest.approx(2, abs=0.4)  # "two squares, and little else"
    cell, attention = (float(n) for n in re.search(r"grows by cell (\S+), attention (\S+)", said).groups())
    assert cell == pytest.approx(2, abs=0.3)  # T steps
    assert attention == pytest.approx(4, abs=0.4)  # T² pairs
