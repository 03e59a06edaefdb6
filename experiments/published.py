"""Published results on recurrent cells, found again with the course's own: success rates over seeds.

Each experiment says what was published, by whom and under which conditions, and how these differ from
ours. The cells are the solutions' (01-rnn, 02-lstm, 03-gru), loaded as the matrix loads them.
"""

from __future__ import annotations

import contextlib
import functools
import io
import math
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from minigrad import Tensor, no_grad
from minigrad.data import memory
from minigrad.functional import cross_entropy
from minigrad.grading.assignment.load import load
from minigrad.grading.classroom.processes import Processes
from minigrad.grading.model import GradingError
from minigrad.nn import Linear, Module, Recurrent
from minigrad.optim import Adam

Cells = Mapping[str, Any]  # RNNCell, LSTMCell, GRUCell, clip_grad_norm
ASSIGNMENTS = {"01-rnn": ("RNNCell", "clip_grad_norm"), "02-lstm": ("LSTMCell",), "03-gru": ("GRUCell",)}
EVERY = 20  # updates between two looks at whether a run has learned its task


class Reader(Module):
    """A cell over time and a linear layer on its output: x (B, T, D) to logits (B, T, classes)."""

    def __init__(self, cell: Any, classes: int, rng: np.random.Generator) -> None:
        self.recurrent, self.head = Recurrent(cell), Linear(cell.hidden_size, classes, rng=rng)

    def forward(self, x: Any, mask: Any = None) -> Tensor:
        logits: Tensor = self.head(self.recurrent(x, mask=mask)[0])
        return logits


class Elman(Module):
    """A plain cell whose state enters the next step as a number only, as in Elman, 1990."""

    def __init__(self, cell: Any) -> None:
        self.cell, self.hidden_size = cell, cell.hidden_size

    def initial_state(self, batch: int) -> Tensor:
        state: Tensor = self.cell.initial_state(batch)
        return state

    def forward(self, x: Tensor, h: Tensor) -> Tensor:
        state: Tensor = self.cell(x, h.detach())
        return state


@dataclass(frozen=True)
class Model:
    """One row of an experiment: what is trained, and what was published of it."""

    name: str
    published: str
    make: Callable[[Cells, np.random.Generator], Any]  # the cell


@dataclass(frozen=True)
class Experiment:
    """A published claim and the task on which we look for it."""

    name: str
    claim: str
    source: str
    theirs: str  # the published conditions
    ours: str
    updates: int  # a run that has not learned by then has failed
    classes: int
    models: tuple[Model, ...]
    loss: Callable[[Reader, np.random.Generator], Tensor]  # of one fresh batch
    learned: Callable[[Reader, np.random.Generator], bool]  # by fresh sequences


@dataclass(frozen=True)
class Run:
    """One training from one seed."""

    experiment: str
    model: str
    seed: int
    updates: int | None  # after which it had learned; None: it had not
    seconds: float  # of CPU


# --- the experiments --------------------------------------------------------------------------

LENGTH, ORDER_SIZE, REBER_SIZE, LONGEST = 48, 16, 24, 60


def _order_loss(model: Reader, rng: np.random.Generator) -> Tensor:
    batch = memory.order(rng, 32, LENGTH)
    return cross_entropy(model(batch.x)[:, -1], batch.y)


def _order_learned(model: Reader, rng: np.random.Generator) -> bool:
    """At least 98 of 100 fresh sequences are told apart."""
    fresh = memory.order(rng, 256, LENGTH)
    return bool(np.mean(model(fresh.x).data[:, -1].argmax(axis=-1) == fresh.y) >= 0.98)


def _reber_loss(model: Reader, rng: np.random.Generator) -> Tensor:
    batch = memory.reber(rng, 32, LONGEST)
    return cross_entropy(model(batch.x, batch.mask), batch.y, batch.mask)


def _reber_learned(model: Reader, rng: np.random.Generator) -> bool:
    """Every symbol that may come next is expected more than any that may not, in 256 fresh strings."""
    strings = [memory.reber_string(rng, LONGEST) for _ in range(256)]
    batch = memory.reber_batch(strings)
    logits = model(batch.x, batch.mask).data
    may = np.zeros(logits.shape, dtype=bool)
    for row, string in enumerate(strings):
        for t, symbols in enumerate(memory.reber_possible(string)):
            may[row, t, [memory.REBER_SYMBOLS.index(symbol) for symbol in symbols]] = True
    least = np.where(may, logits, np.inf).min(axis=-1)
    most = np.where(may, -np.inf, logits).max(axis=-1)
    assert batch.mask is not None
    return bool((least > most)[batch.mask].all())


FORGET_BIAS = Experiment(
    name="forget-bias",
    claim="With a forget bias of 1 instead of 0, an LSTM learns what a GRU learns.",
    source="R. Jozefowicz, W. Zaremba, I. Sutskever, An empirical exploration of recurrent network "
    "architectures, ICML 2015",
    theirs="arithmetic, XML, Penn Treebank and music; thousands of runs with searched hyperparameters; "
    "their abstract: \"adding a bias of 1 to the LSTM's forget gate closes the gap between the LSTM and "
    'the GRU". They report accuracies and no success rates; the figures are those on arithmetic.',
    ours=f"temporal order (Hochreiter and Schmidhuber, 1997, experiment 6a) at {LENGTH} steps, {ORDER_SIZE} "
    "units, 300 updates of 32 fresh sequences, Adam 0.02, norm clipped at 1; learned: at least 98 of 100 "
    "fresh sequences right",
    updates=300,
    classes=4,
    models=(
        Model("RNN", ".295", lambda cells, rng: cells["RNNCell"](6, ORDER_SIZE, rng=rng)),
        Model(
            "LSTM, forget bias 0",
            ".892",
            lambda cells, rng: cells["LSTMCell"](6, ORDER_SIZE, rng=rng, forget_bias=0.0),
        ),
        Model(
            "LSTM, forget bias 1",
            ".902",
            lambda cells, rng: cells["LSTMCell"](6, ORDER_SIZE, rng=rng, forget_bias=1.0),
        ),
        Model("GRU", ".896", lambda cells, rng: cells["GRUCell"](6, ORDER_SIZE, rng=rng)),
    ),
    loss=_order_loss,
    learned=_order_learned,
)

REBER = Experiment(
    name="reber",
    claim="An LSTM learns the embedded Reber grammar nearly always, an Elman network never.",
    source="S. Hochreiter, J. Schmidhuber, Long short-term memory, Neural Computation 9, 1997, experiment 1",
    theirs="LSTM of 3 or 4 blocks without a forget gate, about 270 weights, one string at a time, 256 fixed "
    "strings and 256 others to test; Elman networks of 15 units, taken over from earlier work; learned: "
    "the possible next symbols are always the most active outputs",
    ours=f"the course's LSTM, {REBER_SIZE} units, 600 updates of 32 fresh strings, Adam 0.02, norm clipped "
    "at 1; learned: as theirs, on 256 fresh strings. The first row is Elman's network, whose gradient ends "
    "at the step before; the second the same cell with the whole gradient, which theirs did not have",
    updates=600,
    classes=7,
    models=(
        Model("Elman", "0 %", lambda cells, rng: Elman(cells["RNNCell"](7, REBER_SIZE, rng=rng))),
        Model("RNN, whole gradient", "", lambda cells, rng: cells["RNNCell"](7, REBER_SIZE, rng=rng)),
        Model("LSTM", "97-100 %", lambda cells, rng: cells["LSTMCell"](7, REBER_SIZE, rng=rng)),
    ),
    loss=_reber_loss,
    learned=_reber_learned,
)

EXPERIMENTS = {one.name: one for one in (FORGET_BIAS, REBER)}
CAUTION = "The accuracies of forget-bias are from memory of the paper's table: look them up before use."


# --- running ----------------------------------------------------------------------------------


def train(
    experiment: Experiment, model: Model, cells: Cells, seed: int, updates: int | None = None
) -> int | None:
    """The update after which a run has learned its task, looked at every `EVERY`; None when it has not."""
    rng, data, fresh = (np.random.default_rng([stream, seed]) for stream in range(3))
    reader = Reader(model.make(cells, rng), experiment.classes, rng)
    parameters = reader.parameters()
    optimizer = Adam(parameters, lr=0.02)
    for update in range(1, (experiment.updates if updates is None else updates) + 1):
        optimizer.zero_grad()
        experiment.loss(reader, data).backward()
        cells["clip_grad_norm"](parameters, 1.0)
        optimizer.step()
        if update % EVERY == 0:
            with no_grad():
                if experiment.learned(reader, fresh):
                    return update
    return None


@functools.cache
def load_cells(solutions: Path) -> Cells:
    """The reference's cells from `solutions`; GradingError names what is missing there."""
    found: dict[str, Any] = {}
    for name, wanted in ASSIGNMENTS.items():
        if not (solutions / name / "notebook.py").is_file():
            raise GradingError(
                f"{name} is not in {solutions}: `python -m experiments` trains the cells of "
                f"{', '.join(ASSIGNMENTS)}, which are the course's answers and come with no wheel"
            )
        names: dict[str, Any] = {"__name__": name}
        with contextlib.redirect_stdout(io.StringIO()):
            for cell in load(solutions / name).solved():
                if cell.runs:
                    exec(compile(cell.source, f"{name}, cell {cell.id}", "exec"), names)
        found |= {each: names[each] for each in wanted}
    return found


def _run(solutions: Path, experiment: str, model: int, seed: int, updates: int | None) -> Run:
    """One training. Its arguments are names and numbers, so that any process can run it."""
    one, cells, began = EXPERIMENTS[experiment], load_cells(solutions), time.process_time()
    learned = train(one, one.models[model], cells, seed, updates)
    return Run(experiment, one.models[model].name, seed, learned, time.process_time() - began)


def runs(
    solutions: Path, names: Sequence[str], seeds: int, workers: int, updates: int | None = None
) -> Iterator[Run]:
    """Train every model of the named experiments from every seed; each run as it ends, in any order.

    `updates` in place of each experiment's own is for trying things out. Raises GradingError when the
    cells are not there.
    """
    load_cells(solutions)
    jobs = [(n, m, s) for n in names for m in range(len(EXPERIMENTS[n].models)) for s in range(seeds)]
    with Processes(min(workers, len(jobs))) as pool:
        futures = [pool.submit(_run, solutions, *job, updates) for job in jobs]
        for done in as_completed(futures):
            yield done.result()


# --- telling ----------------------------------------------------------------------------------


def wilson(successes: int, trials: int, z: float = 1.959964) -> tuple[float, float]:
    """The interval of a success rate, 95 % unless `z` says otherwise. E. B. Wilson, 1927."""
    if not 0 <= successes <= trials or trials < 1:
        raise ValueError(f"wilson: {successes} successes in {trials} trials")
    rate, square = successes / trials, z * z / trials
    centre, half = rate + square / 2, z * math.sqrt((rate * (1 - rate) + square / 4) / trials)
    low, high = (centre - half) / (1 + square), (centre + half) / (1 + square)
    return (0.0 if successes == 0 else low), (1.0 if successes == trials else high)


@dataclass(frozen=True)
class Line:
    """What the runs of one model came to."""

    experiment: str
    model: str
    published: str
    learned: int
    seeds: int
    low: float  # of the interval of the success rate
    high: float
    updates: float | None  # median of those that learned
    seconds: float  # of all its runs


def lines(found: Sequence[Run]) -> list[Line]:
    """A line for each model that has runs, in the order of the experiments."""
    made = []
    for experiment in EXPERIMENTS.values():
        for model in experiment.models:
            own = [r for r in found if (r.experiment, r.model) == (experiment.name, model.name)]
            if not own:
                continue
            reached = [r.updates for r in own if r.updates is not None]
            low, high = wilson(len(reached), len(own))
            median = float(statistics.median(reached)) if reached else None
            seconds = sum(r.seconds for r in own)
            made.append(
                Line(
                    experiment.name,
                    model.name,
                    model.published,
                    len(reached),
                    len(own),
                    low,
                    high,
                    median,
                    seconds,
                )
            )
    return made


HEADER = ("model", "published", "learned", "95 % interval", "updates")


def rows(made: Sequence[Line]) -> list[tuple[str, ...]]:
    """Lines as the table's cells, under `HEADER`."""
    return [
        (
            line.model,
            line.published or "-",
            f"{line.learned} of {line.seeds}",
            f"{100 * line.low:.0f}-{100 * line.high:.0f} %",
            "-" if line.updates is None else f"{line.updates:.0f}",
        )
        for line in made
    ]


def as_json(found: Sequence[Run]) -> dict[str, Any]:
    """All that is known: the experiments' words, the lines and every single run."""
    words = ("claim", "source", "theirs", "ours")
    made = lines(found)
    names = dict.fromkeys(line.experiment for line in made)
    return {
        "interval": "Wilson, 95 %",
        "caution": CAUTION,
        "experiments": {n: {word: getattr(EXPERIMENTS[n], word) for word in words} for n in names},
        "lines": [asdict(line) for line in made],
        "runs": [asdict(r) for r in sorted(found, key=lambda r: (r.experiment, r.model, r.seed))],
    }
