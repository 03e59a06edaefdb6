"""Run All, in this process: every code cell of a notebook, whatever stands in its solution cells.

`python -m tests.run_all [ASSIGNMENT ...]` runs every notebook with every mutant, rewrite and variant,
with every solution cell broken in turn, and blank, and prints each locked cell that raises. A locked
cell is one that a student cannot edit: check, lab and define cells. What a student wrote may fail.

What does not hang on the work itself is cut short: labs train for a few updates, trained checks not at
all. After one run of the solution, only cells that a change can reach run again. `make test` runs a
part of the work and draws no figure (`solutions/test_run_all.py`); this command draws all.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import itertools
import os
import sys
import time
import traceback
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np

from minigrad.grading.assignment.load import names as assignments
from minigrad.grading.judge.reference import mutated
from minigrad.grading.model import Cell
from minigrad.grading.notebook.checks import Checks
from tests.reach import binds, closure, uses
from tests.solved import RELEASES, SOLUTIONS, Overtime, compiled, deadline, solved

CELL_CPU = 60.0  # s; no cell, cut short, comes near it
SHORTER: Mapping[str, Mapping[str, str]] = {  # in the labs of each assignment: old text to new
    "00-autograd": {
        "np.arange(1, 17)": "np.arange(1, 9)",
        "updates=500": "updates=20",
        "updates=400": "updates=1",
        "times=50": "times=2",
        "times=3": "times=1",
        "np.ones((1000, 64))": "np.ones((50, 64))",
        "range(1, 1000)": "range(1, 50)",
        "range(301)": "range(21)",
    },
    "01-rnn": {
        "SEEDS = 50, 32, 20": "SEEDS = 50, 32, 1",
        "updates=400": "updates=30",
        "0.01, 150, 3": "0.01, 10, 3",
        "0.02, 250, 3": "0.02, 10, 3",
        "SECONDS = 10": "SECONDS = 0.01",
        '"the ", 90': '"the ", 9',
        '"the ", 300': '"the ", 9',
    },
    "02-lstm": {
        "updates=300": "updates=20",
        "updates=200": "updates=20",
        "updates=250": "updates=5",
        "range(8)": "range(1)",
        "seed) for seed in range(2)": "seed) for seed in range(1)",
    },
    "03-gru": {
        "range(8)": "range(1)",
        "updates=200": "updates=20",
        "SEEDS, LSTM_HIDDEN = 5": "SEEDS, LSTM_HIDDEN = 1",
        "train_adder, 240": "train_adder, 20",
        "train_reader, 160": "train_reader, 20",
    },
    "04-batches": {"least=0.05": "least=1e-9", ", 0.3)": ", 1e-9)", "updates=120": "updates=10"},
    "05-training": {
        "UPDATES = (2, 4, 8, 16), (1, 3, 5, 7, 9), 160": "UPDATES = (2, 4, 8, 16), (1, 3, 5, 7, 9), 1",
        "updates=200": "updates=10",
        "updates=120": "updates=10",
        "range(300)": "range(2)",
        "range(9)": "range(1)",
        "range(200)": "range(5)",
    },
    "06-seq2seq": {
        ", 1200,": ", 50,",
        ", 200, lr": ", 2, lr",
        ", 600": ", 2",
        "rng, 300)": "rng, 20)",
        "size=200": "size=5",
        "range(150)": "range(20)",
        "arange(150)": "arange(20)",
        "(7), 500,": "(7), 20,",
    },
    "07-fast": {
        "least=5, allowed=0.6": "least=1, allowed=0",
        "least=3, allowed=0.25": "least=1, allowed=0",
        "allowed=0.15": "allowed=0",
        "for name, size in SIZES.items()}": "for name, size in ((n, (5, *s[1:])) for n, s in SIZES.items())}",
        "64, 128, 256)": "64)",
        "T=30, D=16": "T=3, D=16",
    },
    "09-attention": {
        "48, 400, 3": "48, 2, 1",
        "size=200": "size=5",
        "(1), 500,": "(1), 20,",
        "(12), 500,": "(12), 20,",
        "(6), 200,": "(6), 5,",
        "(128, 256, 512, 1024)": "(16, 32)",
    },
}
BROKEN = {"does not parse": "def (:\n", "raises": "this_name_is_nowhere_defined\n"}


@dataclasses.dataclass(frozen=True)
class Fault:
    """A locked cell that raised."""

    work: str  # what stood in the solution cells
    cell: str
    error: str

    def __str__(self) -> str:
        return f"{self.work}: {self.cell}: {self.error}"


class Notebook:
    """A notebook after Run All with the solution, ready for Run All with other work."""

    def __init__(self, name: str, *, draws: bool = True) -> None:
        a = solved(name)
        self.name, self.draws = name, draws
        self.cells = [dataclasses.replace(c, source=shortened(name, c)) for c in a.solved() if not c.markdown]
        self.released = {c.id: c.source for c in a.cells if c.kind == "solution"}
        self.binds = {c.id: binds(c.source) for c in self.cells}
        self.uses = {c.id: uses(c.source) for c in self.cells}
        self.names: dict[str, Any] = {"__name__": "__main__"}
        self.faults = self._run("the solution", self.cells)
        self.after = dict(self.names)

    def works(self, *, sample: bool = False) -> Iterator[tuple[str, Mapping[str, str]]]:
        """What may stand in the solution cells, with a name.

        A sample leaves out right work and other forms of mistakes, every second mutant that only
        hidden checks catch, which reach the labs, and of the others all but every fourth.
        """
        a = solved(self.name)
        if not self.released:
            return
        yield "blank", self.released
        for id, (how, source) in itertools.product(self.released, BROKEN.items()):
            yield f"{id} {how}", {id: source}
        shown = [m for m in a.mutants if a.public.intersection(m.fails)]
        hidden = [m for m in a.mutants if m not in shown]
        for m in [*hidden[::2], *shown[::4]] if sample else a.mutants:
            yield m.name, mutated(a, m)
        for v in () if sample else (*a.variants, *a.rewrites):
            yield v.name, v.cells

    def run(self, work: str, replace: Mapping[str, str]) -> list[Fault]:
        """Run All with some solution cells replaced; the locked cells that raise."""
        first = min(i for i, c in enumerate(self.cells) if c.id in replace)
        cells = [dataclasses.replace(c, source=replace.get(c.id, c.source)) for c in self.cells[first:]]
        changed = {name for id in replace for name in self.binds[id]}
        reached = closure(changed, [c.source for c in self.cells])
        again = [c for c in cells if c.kind != "lab" or self.uses[c.id] & reached]
        new = {name for c in again for name in self.binds[c.id]}
        self.names.clear()
        self.names.update({name: value for name, value in self.after.items() if name not in new})
        return self._run(work, again)

    def _run(self, work: str, cells: Sequence[Cell]) -> list[Fault]:
        faults = []
        with desk(self.name, self.draws):
            for cell in cells:
                try:
                    with deadline(CELL_CPU):
                        self._cell(cell)
                except (Exception, Overtime) as error:
                    if cell.kind != "solution":
                        faults.append(Fault(work, cell.id, told(error)))
        return faults

    def _cell(self, cell: Cell) -> None:
        if cell.kind == "check":
            result = eval(cell.source, self.names)
            assert result._repr_html_()
            return
        exec(compiled(cell.source, cell.id), self.names)
        if cell.id == "harness" and isinstance(check := self.names.get("check"), Checks):
            quick = tuple(idle(c) if c.trained else c for c in check._files.checks)
            check._files = dataclasses.replace(check._files, checks=quick)


def idle(check: Any) -> Any:
    """A trained check that trains nothing and fails."""
    return dataclasses.replace(
        check, probe=lambda student, rng: {"w": np.zeros(1)}, replay=lambda *_: 0.0, tries=1
    )


@contextlib.contextmanager
def desk(name: str, draws: bool) -> Iterator[None]:
    """The folder, the screen and the warnings of a notebook at work; nobody's library."""
    import IPython.display
    import matplotlib.pyplot as plt

    plt.switch_backend("Agg")

    def show() -> None:
        for number in plt.get_fignums() if draws else ():
            plt.figure(number).canvas.draw()
        plt.close("all")

    screen = SimpleNamespace(update=lambda figure: figure.canvas.draw(), display=lambda value: None)
    before = Path.cwd()
    os.chdir(RELEASES / name)
    try:
        with (
            contextlib.redirect_stdout(io.StringIO()),
            warnings.catch_warnings(),
            mock.patch.dict(sys.modules, {"mynet": None}),
            mock.patch.object(plt, "show", show),
            mock.patch.object(IPython.display, "display", mock.Mock(return_value=screen)),
            np.errstate(),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        plt.close("all")
        os.chdir(before)


def shortened(name: str, cell: Cell) -> str:
    """A lab's source, training for a few updates."""
    source = cell.source
    if cell.kind == "lab":
        for old, new in SHORTER.get(name, {}).items():
            source = source.replace(old, new)
    return source


def told(error: BaseException) -> str:
    """An exception, and the line of a cell in which it arose."""
    lines = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith("<cell ")]
    where = " > ".join(f"{f.filename[6:-1]}:{f.lineno}" for f in lines)
    return f"{type(error).__name__}: {error} ({where})"


def main(asked: Sequence[str]) -> int:
    count = 0
    for name in asked or assignments(SOLUTIONS):
        began = time.process_time()
        notebook = Notebook(name)
        faults, works = list(notebook.faults), 1
        for work, replace in notebook.works():
            faults += notebook.run(work, replace)
            works += 1
        print(f"{name}: {works} works, {len(faults)} faults, {time.process_time() - began:.0f} s", flush=True)
        for fault in faults:
            print(f"    {fault}")
        count += len(faults)
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
