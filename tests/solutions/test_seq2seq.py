"""What is special to solutions/06-seq2seq: its exercises, how it decodes, and what its labs show."""

from __future__ import annotations

import re

import numpy as np
import pytest

from minigrad.checks import Variant
from minigrad.data import pairs
from tests.solved import (
    changed,
    deterministic,
    expected,
    failed,
    guarded,
    played,
    solved,
    trained,
)

NAME = "06-seq2seq"


def test_exercises_and_points() -> None:
    a = solved(NAME)
    assert a.exercises() == {
        "encoder": 15,
        "decoder": 20,
        "shift-right": 10,
        "sequence-loss": 10,
        "greedy-decode": 20,
        "learned": 15,
    }
    assert trained(NAME) == ["learned.dates", "learned.summaries"]
    assert len(a.mutants) >= 90
    assert len(a.variants) >= 16
    assert len(a.rewrites) >= 24
    assert len(guarded(NAME)) == 6


def test_training_waits_for_every_exercise_it_uses() -> None:
    for task in trained(NAME):
        needs = solved(NAME).check(task).needs
        assert {need.split(".")[0] for need in needs} == {c.exercise for c in deterministic(NAME)}


@pytest.mark.parametrize("variant", solved(NAME).variants, ids=lambda v: v.name)
def test_variants_pass_on_a_third_salt(variant: Variant) -> None:
    observed = changed(NAME, variant.cells, "a third")
    assert failed(NAME, observed, expected(NAME, "a third")) == {}


def test_the_labs_show_what_the_notebook_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = played(NAME, monkeypatch)
    said = capsys.readouterr().out
    assert "waits for" not in said
    wanted = dict.fromkeys(("7 May 98", "May 7, 98", "7.5.98", "5/7/98"), "98-05-07")
    wanted |= {"11.12.13": "13-12-11", "11/12/13": "13-11-12"}
    assert sum(f"{text:14}{iso}\n" in said for text, iso in wanted.items()) >= 5
    tokens_told, tokens_alone, dates_told, dates_alone = lab["curves"].T
    assert np.array_equal(dates_told, dates_alone)
    assert (tokens_told >= tokens_alone).mean() > 0.9
    assert tokens_told[3] - tokens_alone[3] > 0.04
    assert dates_told[3] < 0.4  # "two dates of three were wrong"
    assert tokens_told[3] == pytest.approx(0.88, abs=0.02)
    assert dates_told[-4:].max() > 0.95
    rows = re.findall(r"shifted +loss (\S+); alone, (\d+)%", said)
    (loss, right), (unshifted_loss, unshifted_right) = ((float(a), int(b)) for a, b in rows)
    assert right > 90
    assert unshifted_loss < 0.01
    assert unshifted_loss < loss
    assert unshifted_right < 20
    day, form = re.search(r"the day explains (\d+)%, the format (\d+)%", said).groups()
    assert int(day) == pytest.approx(93, abs=2)
    assert int(form) <= 2
    assert int(re.search(r"is the same day's for (\d+)%", said)[1]) >= 98
    rows = [line.split() for line in said.splitlines() if " numbers " in line and "letters" not in line]
    exact = {int(row[0]): np.array(row[2:], dtype=int) for row in rows}
    assert all(row[:3].min() >= 95 for row in exact.values())
    assert all(row[7] < 50 and row[8:].max() <= 12 for row in exact.values())
    assert exact[16][5] < exact[32][5]
    assert exact[32][7] < exact[64][7]
    told, alone = (
        [float(share) for share in line.split()[-9:]]
        for line in said.splitlines()
        if line.startswith("32 numbers, 8 letters")
    )
    assert told[7] > 0.65
    assert alone[7] < 0.4
    assert told[8] == alone[8] == 1.0
    looking = 100 * lab["exact_attending"]
    assert (looking[:8] >= exact[64][:8]).all()
    assert looking[7] > 70
    assert looking[9:].max() <= 5


def test_a_pair_of_your_own_goes_through_every_lab(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`new_cell` may give an LSTM: all that is handed over is then a pair."""
    mine = "return GatedCell(inputs, hidden, rng)"
    shorter = {
        mine: "return Pair(inputs, hidden, rng)",
        "def new_cell(": "class Pair(GatedCell):\n"
        "    def initial_state(self, batch):\n"
        "        return super().initial_state(batch), super().initial_state(batch)\n\n"
        "    def __call__(self, x, state):\n"
        "        c = super().__call__(x, state[1])\n"
        "        return tanh(c), c\n\n\n"
        "def new_cell(",
        "size), 1200, watch": "size), 2, watch",
        "LONGEST), 600": "LONGEST), 2",
    }
    lab = played(NAME, monkeypatch, shorter, curves=False)
    assert "waits for" not in capsys.readouterr().out
    assert lab["numbers"](lab["encoder"](*pairs.date_tokens("7 May 98"))).shape == (1, 128)
