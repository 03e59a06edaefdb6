"""What is measured in each library: a training step, a chain of small ops, a tape kept alive."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from tests.benchmarks.cells import CELLS, LEAVES, LINKS, loss

CHAIN = 40  # links of a chain of small ops
LR = 1e-3


def _values(shapes: list[tuple[int, ...]], seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [(rng.standard_normal(shape) / np.sqrt(shape[-1])).astype(np.float32) for shape in shapes]


def _problem(cell_name: str, size: tuple[int, int, int, int]) -> tuple[Any, ...]:
    steps, batch, inputs, hidden = size
    cell = CELLS[cell_name]
    (x,) = _values([(steps, batch, inputs)], seed=1)
    (target,) = _values([(batch, hidden)], seed=2)
    state = [np.zeros((batch, hidden), np.float32) for _ in range(cell.states)]
    return cell, _values(cell.shapes(inputs, hidden)), x, state, target


class Minigrad:
    def __init__(self) -> None:
        import minigrad
        from minigrad.optim import Adam

        self.tensor, self.adam = minigrad.Tensor, Adam
        self.lib = SimpleNamespace(
            tanh=minigrad.tanh, sigmoid=minigrad.sigmoid, concatenate=minigrad.concatenate
        )

    def leaf(self, value: np.ndarray) -> Any:
        return self.tensor(value, requires_grad=True)

    def constant(self, value: np.ndarray) -> Any:
        return self.tensor(value)

    def optimizer(self, parameters: list[Any]) -> Any:
        return self.adam(parameters, lr=LR)

    backward = staticmethod(lambda result, g: result.backward(g))

    def numpy(self, value: Any) -> np.ndarray:
        return np.asarray(value.data)

    def trainer(self, cell_name: str, size: tuple[int, int, int, int]) -> Callable[[], Any]:
        """A function that makes one training step: forward, loss, backward, Adam."""
        cell, values, x, state, target = _problem(cell_name, size)
        parameters = [self.leaf(value) for value in values]
        optimizer = self.optimizer(parameters)
        x, target = self.constant(x), self.constant(target)
        state = tuple(self.constant(s) for s in state)

        def step() -> Any:
            optimizer.zero_grad()
            value = loss(self.lib, cell, parameters, x, state, target)
            value.backward()
            optimizer.step()
            return value

        return step

    def forward(self, cell_name: str, size: tuple[int, int, int, int]) -> Any:
        """A loss with its tape still alive."""
        cell, values, x, state, target = _problem(cell_name, size)
        parameters = [self.leaf(value) for value in values]
        state = tuple(self.constant(s) for s in state)
        return loss(self.lib, cell, parameters, self.constant(x), state, self.constant(target))

    def chain(self, link_name: str) -> Callable[[], Any]:
        """A function that runs `CHAIN` small ops forwards and backwards."""
        link = LINKS[link_name]
        y0, *others = (self.leaf(value) for value in _values(list(LEAVES)))
        g = self.cotangent(np.ones(LEAVES[0], np.float32))

        def run() -> None:
            y = y0
            for _ in range(CHAIN):
                y = link(self.lib, y, *others)
            self.backward(y, g)
            for leaf in (y0, *others):
                leaf.grad = None

        return run

    def cotangent(self, value: np.ndarray) -> Any:
        return value


class Torch(Minigrad):
    def __init__(self) -> None:
        import torch

        torch.set_num_threads(1)
        self.torch = torch
        self.lib = SimpleNamespace(tanh=torch.tanh, sigmoid=torch.sigmoid, concatenate=torch.cat)

    def leaf(self, value: np.ndarray) -> Any:
        return self.torch.tensor(value, requires_grad=True)

    def constant(self, value: np.ndarray) -> Any:
        return self.torch.tensor(value)

    cotangent = constant

    def optimizer(self, parameters: list[Any]) -> Any:
        return self.torch.optim.Adam(parameters, lr=LR)

    def numpy(self, value: Any) -> np.ndarray:
        return np.asarray(value.detach().numpy())


class Autograd:
    """HIPS autograd: the same cells, a gradient function, Adam written by hand."""

    def __init__(self) -> None:
        import autograd
        import autograd.numpy as anp

        self.value_and_grad = autograd.value_and_grad
        self.lib = SimpleNamespace(
            tanh=anp.tanh, sigmoid=lambda x: 1 / (1 + anp.exp(-x)), concatenate=anp.concatenate
        )

    def numpy(self, value: Any) -> np.ndarray:
        return np.asarray(value)

    def trainer(self, cell_name: str, size: tuple[int, int, int, int]) -> Callable[[], Any]:
        cell, parameters, x, state, target = _problem(cell_name, size)
        gradient = self.value_and_grad(lambda values: loss(self.lib, cell, values, x, tuple(state), target))
        means = [np.zeros_like(p) for p in parameters]
        squares = [np.zeros_like(p) for p in parameters]
        steps = 0

        def step() -> Any:
            nonlocal steps
            value, gradients = gradient(parameters)
            steps += 1
            for p, g, m, v in zip(parameters, gradients, means, squares, strict=True):
                m += 0.1 * (g - m)
                v += 0.001 * (g * g - v)
                p -= LR * (m / (1 - 0.9**steps)) / (np.sqrt(v / (1 - 0.999**steps)) + 1e-8)
            return value

        return step
