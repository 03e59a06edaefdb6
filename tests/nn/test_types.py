"""What a type checker knows of modules, cells, optimisers and fit: right uses pass, wrong ones are named."""

from pathlib import Path

import pytest

api = pytest.importorskip("mypy.api")

RIGHT = """
from typing import assert_type

import numpy as np

from minigrad import Tensor, functional, nn, optim
from minigrad.data import Batch, parity
from minigrad.train import History, evaluate, fit


class GRU(nn.Module):
    hidden_size = 3

    def initial_state(self, batch: int) -> Tensor:
        return Tensor(np.zeros((batch, 3)))

    def forward(self, x: Tensor, state: Tensor) -> Tensor:
        return state


class LSTM(nn.Module):
    hidden_size = 3

    def initial_state(self, batch: int) -> tuple[Tensor, Tensor]:
        return Tensor(np.zeros((batch, 3))), Tensor(np.zeros((batch, 3)))

    def __call__(self, x: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        return state


class Tagger(nn.Module):
    def __init__(self) -> None:
        self.below, self.head = nn.Recurrent(LSTM()), nn.Linear(3, 1)

    def forward(self, x: Tensor) -> Tensor:
        outputs, (h, c) = self.below(x)
        assert_type(c, Tensor)
        return self.head(outputs)


x = np.zeros((2, 4, 1))
assert_type(nn.Recurrent(GRU())(x)[1], Tensor)
assert_type(nn.Recurrent(LSTM(), reverse=True)(x, mask=np.ones((2, 4)))[1], tuple[Tensor, Tensor])
assert_type(nn.Stacked(nn.Recurrent(GRU()), nn.Recurrent(LSTM()))(x)[0], Tensor)
assert_type(nn.Embedding(5, 2)([[0, 1]]), Tensor)
model = Tagger()
assert_type(model.train(), Tagger)
assert_type(model.parameters(), list[nn.Parameter])
optimizer = optim.Adam(model.parameters(), lr=0.1)
assert_type(optimizer.state_dict()["steps"], int)


def clip(parameters: list[nn.Parameter]) -> float:
    return 1.0


def off(prediction: Tensor, y: np.ndarray, mask: np.ndarray) -> np.float64:
    return np.float64(0)


def draw(rng: np.random.Generator) -> Batch:
    return parity(rng, 8)


history = fit(
    model,
    draw,
    functional.mse,
    optimizer,
    epochs=1,
    clip=clip,
    metrics={"off": off},
    callback=lambda history: len(history) == 3,
)
assert_type(history, History)
assert_type(evaluate(model, draw(np.random.default_rng(0)), functional.mse), dict[str, float])
"""

WRONG = {
    "nn.Linear(2, 1)(x, 3)": "Too many arguments",
    'nn.Linear(2, "1")': 'incompatible type "str"; expected "int"',
    "nn.Recurrent(GRU())(x, mask=x, steps=3)": 'Unexpected keyword argument "steps"',
    "nn.Recurrent(nn.Linear(2, 1))": 'incompatible type "Linear"',
    "nn.Recurrent(LSTM())(x, x)": "incompatible type",
    'optim.SGD(model.parameters(), lr="fast")': 'incompatible type "str"; expected "float"',
    "fit(model, draw, functional.mse, optimizer)": 'Missing named argument "epochs"',
    "fit(model, draw, len, optimizer, epochs=1)": "incompatible type",
    "optimizer.load_state_dict(model.state_dict())": "incompatible type",
}


def test_a_users_types(tmp_path: Path) -> None:
    file = tmp_path / "user.py"
    file.write_text(RIGHT + "\n".join(WRONG), encoding="utf-8")
    said, trouble, _ = api.run(["--strict", f"--cache-dir={tmp_path / 'cache'}", str(file)])
    assert not trouble
    errors = [line for line in said.splitlines() if "user.py:" in line and ": error:" in line]
    for number, (line, expected) in enumerate(WRONG.items(), start=len(RIGHT.splitlines()) + 1):
        found = [error for error in errors if f"user.py:{number}:" in error]
        assert any(expected in error for error in found), (line, found)
        errors = [error for error in errors if error not in found]
    assert errors == [], "right uses are errors"
