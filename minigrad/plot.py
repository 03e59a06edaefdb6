"""Pictures: the computation graph, gradient flow over time, gate activations, loss curves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from minigrad.arguments import tensors, unfit
from minigrad.contract.kinds import wanted
from minigrad.contract.told import asked
from minigrad.tape import Node
from minigrad.tensor import Tensor

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LARGEST_GRAPH = 300  # nodes; beyond that nobody can read it, and Mermaid gives up at 500 arrows
# Distinct to colour-blind eyes (Okabe and Ito, 2008); each line also has its own dashes.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_DASHES = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)), (0, (3, 3)))


def _pyplot() -> Any:
    """matplotlib.pyplot, imported when the first picture is drawn."""
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise ImportError("pictures need matplotlib: pip install 'minigrad[course]'") from None
    return plt


def _style(number: int) -> dict[str, Any]:
    """The look of the line of this number, from 0 on; the seventh looks like the first."""
    turn = number % len(_COLOURS)
    return {"color": _COLOURS[turn], "linestyle": _DASHES[turn], "linewidth": 1.6}


@dataclass(frozen=True)
class Graph:
    """A computation graph, twice: as Mermaid text, which JupyterLab draws, and as a listing to print.

    In the listing each node has a line: its number, its shape, its op and that op's arguments, its name.
    """

    mermaid: str
    listing: str

    def __repr__(self) -> str:
        return self.listing

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/vnd.mermaid": self.mermaid, "text/plain": self.listing}


@asked
def computation_graph(result: Tensor, names: Mapping[str, Tensor] | None = None) -> Graph:
    """The tape behind `result`, a Tensor of any shape: the ops and leaves that its gradient flows through.

    names: Tensors that are to be called by a name, such as dict(model.named_parameters()): leaves,
    or results in between. Constants are not on the tape, so they are not drawn.
    Raises ValueError where nothing behind `result` needs a gradient, where a backward pass has
    already freed the tape, and where there are more than 300 nodes.
    """
    named = dict(names or {})
    tensors("computation_graph", result=result, **{f"names[{name!r}]": one for name, one in named.items()})
    if result.node is None:
        raise ValueError("computation_graph: this tensor depends on no leaf with requires_grad=True")
    nodes = _nodes(result.node)
    called = {id(tensor.node): name for name, tensor in named.items() if tensor.node is not None}
    places = {id(node): place for place, node in enumerate(nodes, start=1)}
    mermaid, listing = ["flowchart TD"], []
    for place, node in enumerate(nodes, start=1):
        name = called.get(id(node), "leaf" if node.op is None else "")
        op = "" if node.op is None else node.op.__name__
        words = " · ".join(_escaped(word) for word in (op, name, str(node.shape)) if word)
        mermaid.append(f'  n{place}["{words}"]' if op else f'  n{place}(["{words}"])')
        sources = [places[id(parent)] for parent in node.parents]
        mermaid += [f"  n{source} --> n{place}" for source in sources]
        made = f"= {op}({', '.join(f'%{source}' for source in sources)})" if op else ""
        listing.append(" ".join(word for word in (f"%{place}", str(node.shape), made, name) if word))
    return Graph("\n".join(mermaid), "\n".join(listing))


def _nodes(root: Node) -> list[Node]:
    """Every node behind `root`, the oldest first."""
    found, todo = {id(root): root}, [root]
    while todo:
        node = todo.pop()
        if node.op is not None and not node.parents:
            raise ValueError("computation_graph: a backward pass has freed the tape; draw it before backward")
        for parent in node.parents:
            if id(parent) not in found:
                found[id(parent)] = parent
                todo.append(parent)
        if len(found) > _LARGEST_GRAPH:
            raise ValueError(
                f"computation_graph: more than {_LARGEST_GRAPH} nodes, too many to read; use fewer time steps"
            )
    return sorted(found.values(), key=lambda node: node.serial)


def _escaped(text: str) -> str:
    """Text for a quoted Mermaid label: letters, digits and a few signs as they are, the rest as #code;."""
    return "".join(c if c.isalnum() or c in " _-.,()·" else f"#{ord(c)};" for c in text)


def _column(count: int, height: float) -> Any:
    """`count` Axes below each other that share one x axis; the height of all is in inches."""
    size = (6.4, height)
    return _pyplot().subplots(count, 1, sharex=True, squeeze=False, figsize=size, layout="constrained")[1]


def _axes_for(where: str, ax: Any, count: int, what: str) -> np.ndarray:
    """The Axes as an array (N,). Raises TypeError for what are none, ValueError for another number."""
    every = np.atleast_1d(np.asarray(ax, dtype=object)).ravel()
    for one in every:
        if told := wanted("Axes", one):
            raise TypeError(unfit(where, "ax", ax, told))
    if len(every) != count:
        raise ValueError(f"{where}: {len(every)} axes for {count} {what}")
    return every


@asked
def gradient_norms(states: Iterable[Tensor]) -> np.ndarray:
    """The Euclidean norm of the gradient of each of the `states`, Tensors of any shape, as an array (T,).

    Raises ValueError for a state without a gradient: call its `retain_grad()` before backward.
    """
    norms = []
    for t, state in enumerate(states):
        tensors("gradient_norms", **{f"states[{t}]": state})
        if state.grad is None:
            raise ValueError(
                f"state {t} has no gradient: call its retain_grad() before backward, "
                "and see that the loss uses it"
            )
        norms.append(float(np.linalg.norm(np.asarray(state.grad, dtype=np.float64))))
    return np.array(norms)


@asked
def gradient_flow(norms: Mapping[str, npt.ArrayLike], *, ax: Axes | None = None) -> Axes:
    """Draw gradient `norms` over time on a log scale: one line per name, each of shape (T,).

    Zero has no place on a log scale: a cross at the lower edge marks its time step. A plus at the
    upper edge marks one at which the norm is infinite or NaN.
    ax: the matplotlib Axes to draw on; a new figure of 6.4 by 3.6 inches if not given. Returns the Axes.
    Raises ValueError for no lines or one of another shape, and ImportError without matplotlib.
    """
    if not norms:
        raise ValueError("gradient_flow: nothing to draw; give at least one line of norms")
    axes = _pyplot().subplots(figsize=(6.4, 3.6), layout="constrained")[1] if ax is None else ax
    for number, (name, values) in enumerate(norms.items()):
        line = np.asarray(values, dtype=np.float64)
        if line.ndim != 1:
            raise ValueError(f"gradient_flow: {name!r} has shape {line.shape}; it must be (T,)")
        steps = np.arange(len(line))
        shown = np.isfinite(line) & (line > 0)
        axes.plot(steps, np.where(shown, line, np.nan), label=name, **_style(number))
        for where, height, marker in ((line == 0, 0.02, "x"), (~np.isfinite(line), 0.98, "+")):
            axes.plot(
                steps[where],
                np.full(int(where.sum()), height),
                marker,
                color=_style(number)["color"],
                transform=axes.get_xaxis_transform(),
            )
    axes.set_yscale("log")
    axes.set_xlabel("time step t")
    axes.set_ylabel("gradient norm at t")
    axes.grid(True, alpha=0.3)
    axes.legend()
    return axes


@asked
def gates(
    activations: Mapping[str, npt.ArrayLike],
    symbols: Sequence[str] | None = None,
    *,
    ax: Axes | Sequence[Axes] | np.ndarray | None = None,
) -> np.ndarray:
    """Draw gate `activations` of one sequence as heat maps: one map per name, each of shape (T, H).

    symbols: T labels for the time axis. The scale of colours runs from 0 to 1, or from -1 to 1 where
    a value is negative (in a candidate or a state); where a value is larger still, up to that value.
    ax: matplotlib Axes to draw on, one a map; a new figure if not given. Returns the Axes as an
    array (N,), one a map.
    Raises ValueError for no maps or one of another shape, for a number of symbols or of Axes that
    does not fit, TypeError for other than Axes, and ImportError without matplotlib.
    """
    maps = {name: np.asarray(values, dtype=np.float64) for name, values in activations.items()}
    if not maps:
        raise ValueError("gates: nothing to draw; give at least one map of activations")
    for name, values in maps.items():
        if values.ndim != 2:
            raise ValueError(f"gates: {name!r} has shape {values.shape}; it must be (T, H), one sequence")
        if symbols is not None and len(symbols) != len(values):
            raise ValueError(f"gates: {len(symbols)} symbols for {len(values)} time steps of {name!r}")
    if ax is None:
        height = sum(0.7 + min(2.0, 0.12 * values.shape[1]) for values in maps.values())
        ax = _column(len(maps), height)
    every = _axes_for("gates", ax, len(maps), "maps")
    for axes, (name, values) in zip(every, maps.items(), strict=True):
        signed, limit = bool((values < 0).any()), max(1.0, float(np.abs(values).max(initial=0.0)))
        image = axes.imshow(
            values.T,
            aspect="auto",
            interpolation="nearest",
            origin="lower",
            vmin=-limit if signed else 0,
            vmax=limit,
            cmap="PuOr" if signed else "viridis",
        )
        axes.set_title(name, loc="left", fontsize="medium")
        axes.set_ylabel("unit")
        axes.yaxis.get_major_locator().set_params(integer=True)
        axes.figure.colorbar(image, ax=axes)
    if symbols is not None:
        every[-1].set_xticks(range(len(symbols)), list(symbols))
    every[-1].set_xlabel("time step t")
    return every


@asked
def loss_curves(
    records: Sequence[Mapping[str, float]], *, ax: Axes | Sequence[Axes] | np.ndarray | None = None
) -> np.ndarray:
    """Draw the loss over the epochs and each metric below it, each for training and for validation.

    records: those of a History, one an epoch. The loss has a log scale where it falls below a tenth
    of its first value. ax: matplotlib Axes to draw on, one for the loss and one for each metric; a new
    figure if not given. Returns the Axes as an array (N,).
    Raises ValueError for no records or a number of Axes that does not fit, TypeError for what is no record or
    no Axes, and ImportError without matplotlib.
    """
    for i, record in enumerate(records):
        if not isinstance(record, Mapping) or "epoch" not in record:
            form = "a dict with its epoch and figures"
            raise TypeError(unfit("loss_curves", f"records[{i}]", record, form))
    if not len(records):
        raise ValueError("loss_curves: the history is empty; train for at least one epoch")
    names = [name for name in records[0] if name != "epoch" and not name.startswith("val_")]
    if ax is None:
        ax = _column(len(names), 0.6 + 2.2 * len(names))
    every = _axes_for("loss_curves", ax, len(names), f"figures: {', '.join(names)}")
    epochs = [record["epoch"] for record in records]
    for axes, name in zip(every, names, strict=True):
        for number, (label, key) in enumerate((("training", name), ("validation", f"val_{name}"))):
            if key in records[0]:
                values = [record[key] for record in records]
                marker = "o" if len(values) == 1 else None
                axes.plot(epochs, values, label=label, marker=marker, **_style(number))
        if name == "loss" and 0 < min(r["loss"] for r in records) < 0.1 * records[0]["loss"]:
            axes.set_yscale("log")
        axes.set_ylabel(name)
        axes.grid(True, alpha=0.3)
    every[0].legend()
    every[-1].set_xlabel("epoch")
    every[-1].xaxis.get_major_locator().set_params(integer=True)
    return every
