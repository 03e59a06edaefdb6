"""Published results: the runs are ours, rates have right intervals, criteria mean what they say."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from experiments import published
from experiments.published import EXPERIMENTS, Elman, Reader, Run
from minigrad import Tensor
from minigrad.data import memory
from minigrad.grading.model import GradingError
from minigrad.nn import Recurrent

SOLUTIONS = Path(__file__).parent.parent.parent / "solutions"


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(0, 20, 0.0, 0.1611), (13, 20, 0.4329, 0.8188), (20, 20, 0.8389, 1.0), (1, 2, 0.0945, 0.9055)],
)
def test_wilsons_interval(successes: int, trials: int, low: float, high: float) -> None:
    """The values of the formula in closed form, as statistics packages give them."""
    assert published.wilson(successes, trials) == pytest.approx((low, high), abs=1e-4)


def test_the_ends_of_the_interval_are_the_rates_at_which_the_score_test_says_five_percent() -> None:
    for successes, trials in ((1, 8), (6, 7), (13, 20)):
        for rate in published.wilson(successes, trials):
            score = (successes / trials - rate) / np.sqrt(rate * (1 - rate) / trials)
            assert abs(score) == pytest.approx(1.96, abs=1e-3)


@pytest.mark.parametrize("wrong", [(3, 2), (-1, 2), (0, 0)])
def test_no_interval_of_what_cannot_be(wrong: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="wilson"):
        published.wilson(*wrong)


def test_every_experiment_says_what_was_published_and_how_ours_differs() -> None:
    for name, one in EXPERIMENTS.items():
        assert one.name == name
        assert all(len(words) > 30 for words in (one.claim, one.source, one.theirs, one.ours))
        assert str(one.updates) in one.ours
        assert len({model.name for model in one.models}) == len(one.models)
        assert any(model.published for model in one.models)


def test_cells_come_from_the_solutions_and_nowhere_else(tmp_path: Path) -> None:
    cells = published.load_cells(SOLUTIONS)
    assert sorted(cells) == ["GRUCell", "LSTMCell", "RNNCell", "clip_grad_norm"]
    rng = np.random.default_rng(0)
    biases = [model.make(cells, rng) for model in EXPERIMENTS["forget-bias"].models[1:3]]
    assert [float(cell.b_f.data.mean()) for cell in biases] == [0.0, 1.0]
    with pytest.raises(GradingError, match="01-rnn is not in"):
        published.load_cells(tmp_path)


def test_a_run_is_the_same_again_and_another_from_another_seed() -> None:
    cells, one = published.load_cells(SOLUTIONS), EXPERIMENTS["reber"]
    seen: list[float] = []

    def loss(reader: Reader, rng: np.random.Generator) -> Tensor:
        value = one.loss(reader, rng)
        seen.append(float(value.data))
        return value

    watched = dataclasses.replace(one, loss=loss)
    for seed in (0, 0, 1):
        assert published.train(watched, one.models[2], cells, seed, updates=3) is None
    assert seen[:3] == seen[3:6]
    assert seen[:3] != seen[6:]


def test_elmans_gradient_ends_at_the_step_before() -> None:
    rng = np.random.default_rng(0)
    cell = published.load_cells(SOLUTIONS)["RNNCell"](3, 4, rng=rng)
    x = Tensor(rng.normal(size=(2, 5, 3)), requires_grad=True)
    outputs = Recurrent(Elman(cell))(x)[0]
    assert np.array_equal(outputs.data, Recurrent(cell)(x)[0].data), "forward, it is the same cell"
    (outputs[:, 4] * rng.normal(size=(2, 4))).sum().backward()
    assert x.grad is not None
    assert (x.grad[:, :4] == 0).all()
    assert (x.grad[:, 4] != 0).all()


class Oracle:
    """Stands for a reader: logits from the grammar alone, spoilt at one place of one string."""

    def __init__(self, spoil: bool) -> None:
        self.spoil = spoil

    def __call__(self, x: np.ndarray, mask: np.ndarray) -> Tensor:
        logits = np.zeros(x.shape)
        for row, (codes, steps) in enumerate(zip(x.argmax(axis=-1), mask.sum(axis=1), strict=True)):
            string = "".join(memory.REBER_SYMBOLS[code] for code in codes[:steps]) + "E"
            for t, symbols in enumerate(memory.reber_possible(string)):
                logits[row, t, [memory.REBER_SYMBOLS.index(s) for s in symbols]] = 1 + row % 3
        if self.spoil:
            logits[7, mask[7].sum() - 2] = -logits[7, mask[7].sum() - 2]
        return Tensor(logits)


def test_a_single_wrong_expectation_is_not_learned() -> None:
    learned = EXPERIMENTS["reber"].learned
    assert learned(Oracle(False), np.random.default_rng(0))  # type: ignore[arg-type]
    assert not learned(Oracle(True), np.random.default_rng(0))  # type: ignore[arg-type]


def test_order_is_learned_at_98_of_100() -> None:
    learned = EXPERIMENTS["forget-bias"].learned

    def reader(share: float) -> object:
        def logits(x: np.ndarray) -> Tensor:
            counts = x[..., :2].sum(axis=-1).cumsum(axis=1)
            first, second = (
                (x[..., 1] * (counts == k) * x[..., :2].sum(axis=-1)).sum(axis=1).astype(int) for k in (1, 2)
            )
            right = 2 * first + second
            wrong = np.arange(len(x)) >= share * len(x)
            return Tensor(np.eye(4)[np.where(wrong, (right + 1) % 4, right)][:, None])

        return logits

    assert learned(reader(0.985), np.random.default_rng(0))  # type: ignore[arg-type]
    assert not learned(reader(0.975), np.random.default_rng(0))  # type: ignore[arg-type]


def test_an_lstm_learns_what_elmans_network_does_not() -> None:
    """The experiment in little: one seed, and as many updates as the LSTM needs."""
    cells, one = published.load_cells(SOLUTIONS), EXPERIMENTS["reber"]
    models = {model.name: model for model in one.models}
    needed = published.train(one, models["LSTM"], cells, seed=0)
    assert needed is not None
    assert needed <= 200
    assert published.train(one, models["Elman"], cells, seed=0, updates=needed) is None


def test_runs_in_parallel_give_one_for_each_model_and_seed() -> None:
    found = list(published.runs(SOLUTIONS, ["reber"], seeds=1, workers=2, updates=1))
    assert sorted((r.model, r.seed) for r in found) == [("Elman", 0), ("LSTM", 0), ("RNN, whole gradient", 0)]
    assert all(r.updates is None and r.seconds > 0 for r in found)


def test_lines_count_and_take_medians_of_those_that_learned() -> None:
    runs = [
        Run("forget-bias", "GRU", seed, updates, 2.0) for seed, updates in enumerate((100, None, 140, 200))
    ]
    runs.append(Run("reber", "LSTM", 0, None, 1.0))
    gru, lstm = published.lines(runs[::-1])
    assert (gru.learned, gru.seeds, gru.updates, gru.seconds) == (3, 4, 140, 8.0)
    assert (lstm.learned, lstm.updates) == (0, None)
    assert published.rows([gru, lstm]) == [
        ("GRU", ".896", "3 of 4", "30-95 %", "140"),
        ("LSTM", "97-100 %", "0 of 1", "0-79 %", "-"),
    ]
    told = json.loads(json.dumps(published.as_json(runs)))
    assert list(told["experiments"]) == ["forget-bias", "reber"]
    assert len(told["runs"]) == 5
