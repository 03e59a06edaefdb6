"""The picture on the landing page: an LSTM learns to go on with a wave, update after update."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from minigrad import Tensor, concatenate, functional, nn, no_grad, optim, sigmoid, split, stack, tanh

FRAMES, UPDATES, MILLISECONDS = 30, 8, 120  # pictures, updates between two of them, how long each stands
SEEN, AHEAD, HIDDEN, BATCH = 40, 40, 24, 32


class Cell(nn.Module):
    """An LSTM's step: h (B, H) and c (B, H) from x (B, D)."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.both = nn.Linear(1 + HIDDEN, 4 * HIDDEN, rng=rng)
        self.head = nn.Linear(HIDDEN, 1, rng=rng)

    def __call__(self, x: Any, h: Any, c: Any) -> Any:
        i, f, o, g = split(self.both(concatenate([x, h], axis=1)), 4, axis=1)
        c = sigmoid(f + 1.0) * c + sigmoid(i) * tanh(g)
        h = sigmoid(o) * tanh(c)
        return self.head(h), h, c


def waves(phase: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Two sines together, from these phases (B,) on: (B, T, 1)."""
    t = phase[:, None] + np.arange(SEEN + AHEAD)[None]
    return (0.6 * np.sin(t / 4) + 0.4 * np.sin(t / 2.3))[..., None].astype(np.float32)


def continued(cell: Cell, x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """What the cell says comes after the first SEEN values of x (B, T, 1), fed with its own answers."""
    h = c = Tensor(np.zeros((len(x), HIDDEN), np.float32))
    said = []
    with no_grad():
        for t in range(SEEN + AHEAD - 1):
            y, h, c = cell(x[:, t] if t < SEEN else said[-1], h, c)
            said.append(y.data)
    return np.stack(said, axis=1)


def draw(folder: Path) -> None:
    """Write `learning.gif`, which moves, and `learning.png`, its last picture, into the folder."""
    from matplotlib.figure import Figure
    from PIL import Image

    rng = np.random.default_rng(0)
    cell, shown = Cell(rng), waves(np.zeros(1))
    adam, pictures = optim.Adam(cell.parameters(), lr=1e-2), []
    for frame in range(FRAMES):
        figure = Figure(figsize=(7, 2.6), dpi=100, layout="constrained")
        axes = figure.add_subplot()
        axes.plot(shown[0, :, 0], color="#888888", linewidth=3, label="the wave")
        axes.plot(range(1, SEEN + AHEAD), continued(cell, shown)[0, :, 0], color="#D55E00", label="the LSTM")
        axes.axvline(SEEN, color="#444444", linestyle=":")
        axes.text(SEEN + 1, -1.25, "from here on it hears only itself", fontsize=9)
        axes.set(
            ylim=(-1.4, 1.4), xlim=(0, SEEN + AHEAD - 1), xlabel="step", title=f"{frame * UPDATES} updates"
        )
        axes.legend(loc="upper left", ncols=2, fontsize=9)
        file = io.BytesIO()
        figure.savefig(file, format="png")
        pictures.append(Image.open(file).convert("P", palette=Image.Palette.ADAPTIVE))
        for _ in range(UPDATES):
            x = waves(rng.uniform(0, 50, BATCH))
            h = c = Tensor(np.zeros((BATCH, HIDDEN), np.float32))
            said = []
            for t in range(x.shape[1] - 1):
                y, h, c = cell(x[:, t], h, c)
                said.append(y)
            adam.zero_grad()
            functional.mse(stack(said, axis=1), x[:, 1:]).backward()
            adam.step()
    first, *others = pictures
    times = [MILLISECONDS] * len(others) + [3000]
    first.save(folder / "learning.gif", save_all=True, append_images=others, duration=times, loop=0)
    pictures[-1].save(folder / "learning.png")
