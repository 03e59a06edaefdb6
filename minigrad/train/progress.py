"""How a training shows where it is: a bar in a terminal or a notebook, a few lines of text elsewhere."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any, Protocol


class Show(Protocol):
    """What is called with an epoch's figures by name: after each batch, and once more when it `ended`."""

    def __call__(self, record: Mapping[str, float], ended: bool = False) -> None:
        """Show `record`, or pass over it where the last one was shown a moment ago."""


@contextlib.contextmanager
def bar_or_lines(done: int, epochs: int, wanted: bool) -> Iterator[Show]:
    """A function that shows figures: on a bar in a terminal or a notebook, else as about ten lines of text.

    done: epochs that lie behind already, of `epochs` in all. wanted: if False, nothing is shown.
    tqdm's bar is drawn only in a terminal or a notebook. Written to a file, a bar cannot be read; and
    in a graded notebook it goes to the error stream, where any output counts as a failure.
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
                if ended or time.monotonic() - drawn_at > 0.1:  # seconds
                    drawn_at = time.monotonic()
                    bar.set_postfix_str(_figures(record), refresh=not ended)
                if ended:
                    bar.update()

            yield show


def _bar_class() -> Any:
    """tqdm's class for a notebook or a terminal; None where this runs in neither or tqdm is absent."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    try:
        if hasattr(shell, "kernel"):
            if importlib.util.find_spec("ipywidgets") is None:  # tqdm would raise, but only later
                return None
            from tqdm.notebook import tqdm as bar_class
        elif sys.stderr is not None and sys.stderr.isatty():
            from tqdm import tqdm as bar_class
        else:
            return None
    except ImportError:
        return None
    return type("Bar", (bar_class,), {"monitor_interval": 0})  # no thread of tqdm's: a browser has none


def _print_line(record: Mapping[str, float], epochs: int) -> None:
    """Print the figures of every tenth part of the epochs, and of the last one."""
    epoch = int(record["epoch"])
    if epoch == epochs or epoch % max(1, epochs // 10) == 0:
        print(f"epoch {epoch}/{epochs}: {_figures(record)}", flush=True)


def _figures(record: Mapping[str, float]) -> str:
    """Such as "loss 0.1234, accuracy 0.9"."""
    return ", ".join(f"{name} {value:.4g}" for name, value in record.items() if name != "epoch")
