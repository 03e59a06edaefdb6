"""What is special to solutions/01-rnn: its exercises, and what its labs show."""

from __future__ import annotations

import numpy as np
import pytest

from tests.solved import deterministic, evidence, expected, failed, guarded, names, played, solved, trained

NAME = "01-rnn"


def test_exercises_and_points() -> None:
    a = solved(NAME)
    assert a.exercises() == {
        "rnn-cell": 20,
        "rnn-forward": 10,
        "rnn-backward": 25,
        "clip-value": 5,
        "clip-norm": 15,
        "train-step": 10,
        "learned": 15,
    }
    assert trained(NAME) == ["learned.echo", "learned.parity", "learned.boom"]
    assert len(a.mutants) >= 22
    assert len(a.variants) >= 9
    assert len(a.rewrites) >= 6


def test_a_forward_pass_without_end_costs_no_check_of_the_backward_pass() -> None:
    """One that stands for all: they go through the same function, and each waits half a second."""
    endless = "def rnn_forward(x, h0, W_x, W_h, b):\n    while True:\n        pass"
    (check,) = (c for c in deterministic(NAME) if c.name == "rnn-backward.twice")
    got = evidence(NAME, names(NAME, {"rnn-forward": endless}), checks=[check])
    assert got[check.name].failure is None
    assert not failed(NAME, {**expected(NAME), **got}, expected(NAME))


def test_labs_of_a_blank_release_say_what_they_wait_for_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    played(NAME, monkeypatch, released=True)
    said = capsys.readouterr().out.splitlines()
    assert said == [f'This part waits for {e}: check("{e}") says what is missing.' for e in guarded(NAME)]
    assert len(said) >= 8


def test_the_labs_show_what_the_notebook_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = played(NAME, monkeypatch, {"SECONDS = 10": "SECONDS = 0.5"})
    said = capsys.readouterr().out
    assert "waits for" not in said
    ratios = [line.split() for line in said.splitlines() if line.startswith(("linear ", "tanh "))]
    assert len(ratios) == len(lab["MEASURED_BEFORE"]) == 10
    for kind, rho, _, measured, *_ in ratios:
        stated = lab["MEASURED_BEFORE"][kind, float(rho)]
        assert float(measured) == pytest.approx(stated, rel=0.1), (kind, rho)
    clipped, below = lab["run_boom"](lambda parameters: lab["clip_grad_norm"](parameters, 1.0))
    free, norms = lab["run_boom"](lambda parameters: None)
    assert np.median(clipped[-50:]) < 0.02
    assert np.mean(below[50:] < 1) > 0.5, "mostly below c, once it is away from the cliff"
    assert norms[0] == pytest.approx(1e8, rel=0.5)
    assert not np.isfinite(free[-1])
    assert len(free) == 2, "at the next batch the loss is no number"
    starts = [lab["run_boom"](lambda parameters: None, updates=5, seed=seed)[0] for seed in range(16)]
    assert sum(not np.isfinite(losses[-1]) for losses in starts) == 14, "within four updates"
    by_value, _ = lab["run_boom"](lambda parameters: lab["clip_grad_value"](parameters, 1.0), seed=1)
    by_norm, _ = lab["run_boom"](lambda parameters: lab["clip_grad_norm"](parameters, 1.0), seed=1)
    assert np.median(by_norm[-50:]) < 0.02 < np.median(by_value[-50:])
