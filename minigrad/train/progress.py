"""How a training shows where it is: a bar in a terminal or a notebook, a few lines of text elsewhere."""

from __future__ import annotations

import contextlib
import html
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

SELDOM = 0.1  # seconds between two drawings


class Show(Protocol):
    """What is called with an epoch's figures by name: after each batch, and once more when it `ended`."""

    def __call__(self, record: Mapping[str, float], ended: bool = False) -> None:
        """Show `record`, or pass over it where the last one was shown a moment ago."""


@contextlib.contextmanager
def bar_or_lines(done: int, epochs: int, wanted: bool) -> Iterator[Show]:
    """A function that shows figures: on a bar in a terminal or a notebook, else as about ten lines of text.

    done: epochs that lie behind already, of `epochs` in all. wanted: if False, nothing is shown.
    tqdm's bar is drawn only in a terminal: written to a file, a bar cannot be read; and in a graded notebook
    it goes to the error stream, where any output counts as a failure.
    """
    bar_class = _bar_class() if wanted else None
    if not wanted:
        yield lambda record, ended=False: None
    elif bar_class is None:
        yield lambda record, ended=False: _print_line(record, epochs) if ended else None
    else:
        with bar_class(initial=done, total=epochs, unit="epoch") as bar:
            drawn_at = 0.0

            def show(record: Mapping[str, float], ended: bool = False) -> None:
                nonlocal drawn_at
                if ended or time.monotonic() - drawn_at > SELDOM:
                    drawn_at = time.monotonic()
                    bar.set_postfix_str(_figures(record), refresh=not ended)
                if ended:
                    bar.update()

            yield show


class _NotebookBar:
    """The part of tqdm's bar that is used here, as one output of a cell that is drawn anew.

    It needs no widgets, so JupyterLab, VS Code and a browser's kernel all show it, and a saved notebook keeps
    how far the training came.
    """

    def __init__(self, initial: int, total: int, unit: str) -> None:
        self.done, self.total, self.unit = initial, total, unit
        self.figures = ""
        self._output: Any = None
        self._drawn_at = 0.0

    def __enter__(self) -> _NotebookBar:
        from IPython.display import display

        self._output = display(self, display_id=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._draw()

    def set_postfix_str(self, figures: str, refresh: bool) -> None:
        self.figures = figures
        if refresh:
            self._draw()

    def update(self) -> None:
        self.done += 1
        if time.monotonic() - self._drawn_at > SELDOM:
            self._draw()

    def _draw(self) -> None:
        self._drawn_at = time.monotonic()
        if self._output is not None:  # None: nobody shows outputs
            self._output.update(self)

    def __repr__(self) -> str:
        counted = f"{self.unit} {self.done}/{self.total}"
        return f"{counted}: {self.figures}" if self.figures else counted

    def _repr_html_(self) -> str:
        bar = f'<progress max="{self.total}" value="{self.done}" aria-hidden="true"></progress>'
        return f'<div role="status">{bar} {html.escape(repr(self))}</div>'


def _bar_class() -> Any:
    """The class of a notebook's bar, or tqdm's for a terminal; None in neither, or where tqdm is absent."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if hasattr(shell, "kernel"):
        return _NotebookBar
    if sys.stderr is None or not sys.stderr.isatty():
        return None
    try:
        from tqdm import tqdm
    except ImportError:
        return None
    return tqdm


def _print_line(record: Mapping[str, float], epochs: int) -> None:
    """Print the figures of every tenth part of the epochs, and of the last one."""
    epoch = int(record["epoch"])
    if epoch == epochs or epoch % max(1, epochs // 10) == 0:
        print(f"epoch {epoch}/{epochs}: {_figures(record)}", flush=True)


def _figures(record: Mapping[str, float]) -> str:
    """Such as "loss 0.1234, accuracy 0.9"."""
    return ", ".join(f"{name} {value:.4g}" for name, value in record.items() if name != "epoch")
