"""What is special to solutions/05-training: its exercises, masks that are drawn, and what its labs show."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from minigrad import Tensor, concatenate, sigmoid
from minigrad.checks import Variant
from minigrad.nn import Module, Recurrent
from tests.solved import changed, evidence, expected, failed, guarded, names, played, solved, trained

NAME = "05-training"


def test_exercises_and_points() -> None:
    a = solved(NAME)
    assert a.exercises() == {"tbptt": 30, "recurrent-dropout": 30, "batch-norm": 25, "learned": 15}
    assert trained(NAME) == ["learned.in-chunks", "learned.with-dropout", "learned.with-batch-norm"]
    assert len(a.mutants) >= 60
    assert len(a.variants) >= 11
    assert len(a.rewrites) >= 15
    assert len(guarded(NAME)) == 6


@pytest.mark.parametrize("salt", ["another", "a third", "a fourth"])
def test_the_solution_gives_the_same_arrays_whatever_its_masks_are(salt: str) -> None:
    assert {name: e.failure for name, e in expected(NAME, salt).items() if e.failure} == {}
    assert failed(NAME, evidence(NAME, names(NAME), salt), expected(NAME, salt)) == {}


@pytest.mark.parametrize("variant", solved(NAME).variants, ids=lambda v: v.name)
def test_variants_pass_whatever_their_masks_are(variant: Variant) -> None:
    observed = changed(NAME, variant.cells, "a third")
    assert failed(NAME, observed, expected(NAME, "a third")) == {}


class GRUApart(Module):
    """03's GRU with the state (h, c): the gates read h, c is carried."""

    def __init__(self, gru: Any) -> None:
        self.gru, self.hidden_size = gru, gru.hidden_size

    def initial_state(self, batch: int) -> tuple[Tensor, Tensor]:
        h = self.gru.initial_state(batch)
        return h, h

    def __call__(self, x: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        h, c = state
        z = sigmoid(concatenate([h, x], axis=1) @ self.gru.W_z + self.gru.b_z)
        new = self.gru(x, h) + (1 - z) * (c - h)
        return new, new


def test_around_a_gru_the_carried_state_stays_whole_where_it_is_kept_apart() -> None:
    """Both claims of the text: as it was written in 03 it grows without bound, apart it does not."""
    x, biggest = np.random.default_rng(1).normal(size=(8, 60, 4)), {}
    for apart in (False, True):
        rng = np.random.default_rng(0)
        gru = names("03-gru")["GRUCell"](4, 16, rng=rng)
        drop = names(NAME)["RecurrentDropout"](GRUApart(gru) if apart else gru, 0.5, rng)
        for training in (True, False):
            drop.train(training)
            biggest[apart, training] = float(abs(Recurrent(drop)(x)[0].data).max())
    assert biggest[False, True] > 1e6
    assert biggest[True, True] <= 1  # a mean of tanh's, whatever the gates read
    assert biggest[True, False] == pytest.approx(biggest[False, False], rel=1e-12)


def test_the_labs_show_what_the_notebook_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = played(NAME, monkeypatch)
    said = capsys.readouterr().out
    assert "waits for" not in said
    for chunk, row in zip(lab["CHUNKS"], lab["grid"], strict=True):
        for delay, right in zip(lab["DELAYS"], row, strict=True):
            assert right > 90 if delay < chunk else right < 80, (chunk, delay)
    below = np.array(lab["DELAYS"]) >= np.array(lab["CHUNKS"])[:, None]
    assert (lab["grid"] < np.array(lab["untrained"]) - 10)[below].all()
    assert lab["untrained"][-1] > 75
    title = next(c.source for c in solved(NAME).cells if c.id == "title")
    stated = [
        [int(n) for n in row] for row in re.findall(r" (\d+) +(\d+) +(\d+) +(\d+) +(\d+)$", title, re.M)[1:]
    ]
    assert np.array(stated) == pytest.approx(np.array([*lab["grid"], lab["untrained"]]), abs=5)
    last = dict(re.findall(r"last +(\d+) steps: off by (\S+) of its length", said))
    assert float(last["20"]) < 0.01 < float(last["1"]), "twenty steps give very nearly the gradient"
    curves = [line.split() for line in said.splitlines() if line.startswith(("a mask for", "one mask for"))]
    assert float(curves[0][-1]) < 0.7
    assert float(curves[1][-1]) > 0.97
    one, two = (
        line.split()[-2:]
        for line in said.splitlines()
        if line.startswith(("one state, read", "read h, carried"))
    )
    assert float(one[0]) > 1e6
    assert float(two[0]) < 1
    assert one[1] == two[1]
    ends = [line for line in said.splitlines() if "percent right after" in line]
    units = {line[:26].strip(): int(line.split()[-1]) for line in ends}
    assert units["as they are"] < 60
    assert units["normalised"] > 97
    forty = next(line for line in ends if line.startswith("normalised  ")).split(":")[1].split()[2]
    assert int(forty) > 90, "the difference between never and forty updates"
    remembered = {way: np.flatnonzero(np.array(right) > 0.97) for way, right in lab["curves"].items()}
    assert 10 * remembered["nothing dropped"][0] <= 30
    assert 100 <= 10 * remembered["one mask for a sequence"][0] <= 160
    assert not len(remembered["a mask for each step"])
    fresh = {
        float(line.split()[0]): [float(number) for number in line.split()[2:]]
        for line in said.splitlines()
        if re.match(r" +0\.\d+ +[01]\.\d\d +0", line)
    }
    medians = [fresh[p][-1] for p in (0.0, 0.25, 0.5)]
    assert medians == pytest.approx([0.80, 0.9, 0.9], abs=0.035), "whatever the processor rounds"
    assert sum(a > b for a, b in zip(fresh[0.5][:-1], fresh[0.0][:-1], strict=True)) >= 6
    assert lab["spreads"][1] == pytest.approx(0.23, abs=0.03)
    assert lab["spreads"][-1] == pytest.approx(0.05, abs=0.01)
