"""What is special to solutions/03-gru: its exercises, its written comparison, and what its labs show."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tests.solved import (
    evidence,
    expected,
    failed,
    guarded,
    names,
    played,
    rewritten_twice,
    solved,
    trained,
)

NAME = "03-gru"


def test_exercises_and_points() -> None:
    a = solved(NAME)
    assert a.exercises() == {
        "gru-cell": 40,
        "flip-convention": 10,
        "text-classifier": 20,
        "learned": 10,
        "match-hidden": 10,
    }
    assert trained(NAME) == ["learned.adding", "learned.sentiment"]
    (written,) = [c for c in a.cells if c.kind == "written"]
    assert (written.id, written.points) == ("comparison", 10)
    assert len(a.mutants) >= 25
    assert len(a.variants) >= 10
    assert 3 * len(rewritten_twice(NAME)) >= len(a.mutants)


def test_labs_wait_for_the_cell() -> None:
    assert set(guarded(NAME)) == {"gru-cell"}
    assert len(guarded(NAME)) >= 5


def test_the_labs_show_what_the_notebook_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = played(NAME, monkeypatch, {"SEEDS, LSTM_HIDDEN = 5, 16": "SEEDS, LSTM_HIDDEN = 1, 16"})
    assert "waits for" not in capsys.readouterr().out
    flow = [lab["flow"][f"GRU, update bias {bias}"][0] for bias in (0, -1, -2, -3)]
    assert flow[0] < lab["flow"]["plain cell"][0]
    assert all(30 * a < b or b > 0.05 for a, b in itertools.pairwise(flow))
    assert np.log10(flow[3] / flow[0]) == pytest.approx(7, abs=0.7), "about seven powers of ten"
    texts = "it was good today", "it was not good today", "it was good today not a story"
    logits = [float(lab["logit"](lab["reader"], text).data) for text in texts]
    assert [logit > 0 for logit in logits] == [True, False, True]
    moved, slope = (ask(lab["reader"], texts[1]) for ask in (lab["exchanged"], lab["gradients_of"]))
    assert moved[2:4].min() > 5 * np.delete(moved, [2, 3]).max()
    assert slope.argmax() != 3, "good decides, and yet its gradient is not the largest"
    for text in texts:
        slope, words = lab["gradients_of"](lab["reader"], text), text.split()
        assert slope.argmax() != words.index("good")
        assert "not a" in text or slope[words.index("today")] > slope[words.index("good")]
    drawn = {texts[0]: [0.2, 0.7, 8.7, 0.6], texts[1]: [0.1, 0.2, 13.0, 9.9, 0.3]}
    drawn[texts[2]] = [0.1, 0.2, 6.0, 0.1, 1.2, 0.1, 0.1]
    for text, bars in drawn.items():  # the picture at the top
        assert lab["exchanged"](lab["reader"], text) == pytest.approx(bars, rel=0.1, abs=0.1)
    assert lab["exchanged"](lab["reader"], texts[2])[4] < moved[2] / 5
    assert (lab["adding_curves"]["GRU"][:, -1] < 0.02).all()
    assert (lab["adding_curves"]["plain"][:, -1] > 0.1).all()
    assert set(lab["sentiment_curves"]) == {"plain", "GRU"}


def test_an_update_bias_that_is_added_at_every_step_is_caught() -> None:
    """Two places of the cell, so no mutant. Where every check leaves it at 0, nothing shows."""
    cell = solved(NAME).solution["gru-cell"]
    start = "self.hidden_size = hidden_size\n"
    assert start in cell
    wrong = cell.replace(start, start + "        self.extra = update_bias\n")
    wrong = wrong.replace("hx @ self.W_z + self.b_z", "hx @ self.W_z + self.b_z + self.extra")
    observed = evidence(NAME, names(NAME, {"gru-cell": wrong}), "salt")
    assert list(failed(NAME, observed, expected(NAME, "salt"))) == ["gru-cell.update-gate"]
