"""Calls everything public of the engine with wrong arguments: `python -m tests.sweep [SEED [COUNT]]`.

In each call one right argument, or two, give way to what a pool of odd values has. What comes of it must be a
result that holds real numbers, or an error of a fit kind that names the function or one of its arguments, in
our words and not in those of what it stumbled over. Prints each kind of fault once, with a call that shows
it.
"""

from __future__ import annotations

import contextlib
import inspect
import itertools
import re
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import minigrad as mg
from minigrad import Tensor, data, functional, nn, no_grad, optim, plot, train
from minigrad.data import calendars, clips, memory, pairs, ragged, recall, series, text, writing
from tests.test_ops import CASES

# What somebody else stumbled over, in its words.
INNER = re.compile(
    r"object has no attribute|object is not|not supported between|cannot be interpreted|unsupported operand"
    r"|object cannot be|ufunc|inhomogeneous|could not be broadcast|operands could not|invalid literal"
    r"|got multiple|not subscriptable|has no len|bad operand|must be real number|unhashable|expected \d"
    r"|not enough values|too many values|must be str|can only|truth value|unpack|Cannot interpret|data type"
    r"|can't multiply|zip\(\)|iterator|numpy\.(?!newaxis)|'NoneType'|descriptor|positional argument"
    r"|setting an array|arg \d|maxdims"
)
SIGNS = {
    "truediv": "div",
    "floordiv": "//",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
    "eq": "==",
    "ne": "!=",
}
FIT = (TypeError, ValueError, IndexError, FileNotFoundError, KeyError)


@dataclass(frozen=True)
class Target:
    """A public function with right arguments, by name: `*name` stands for some by position."""

    name: str
    call: Callable[..., Any]
    right: Mapping[str, Any]
    said: tuple[str, ...] = ()  # other words by which an error may name it

    def run(self, given: Mapping[str, Any]) -> Any:
        """Call it, and go through what it gives, should that be a generator."""
        spread = [one for name, value in given.items() if name[0] == "*" for one in value]
        found = self.call(*spread, **{name: value for name, value in given.items() if name[0] != "*"})
        return list(itertools.islice(found, 3)) if inspect.isgenerator(found) else found


def leaf(*shape: int) -> Tensor:
    """A leaf of float64 with drawn entries."""
    return Tensor(np.random.default_rng(0).standard_normal(shape), requires_grad=True)


def rng() -> np.random.Generator:
    """A generator with a seed of its own."""
    return np.random.default_rng(0)


def pool() -> dict[str, Callable[[], Any]]:
    """Odd values, by a name for each, made anew for each call."""
    return {
        "None": lambda: None,
        "'x'": lambda: "x",
        "''": lambda: "",
        "b'x'": lambda: b"x",
        "ragged": lambda: [[1, 2], [3]],
        "[]": list,
        "[1, 2, 3]": lambda: [1, 2, 3],
        "['a']": lambda: ["a"],
        "[Tensor]": lambda: [leaf(3), leaf(3)],
        "leaf(2, 3)": lambda: leaf(2, 3),
        "leaf(5)": lambda: leaf(5),
        "leaf()": lambda: leaf(),
        "constant": lambda: Tensor(np.ones((4, 1, 2))),
        "whole": lambda: Tensor(np.arange(3)),
        "array (7,)": lambda: np.ones(7),
        "array (2, 3, 4)": lambda: np.ones((2, 3, 4)),
        "array (0, 3)": lambda: np.ones((0, 3)),
        "objects": lambda: np.array([None, "a"], dtype=object),
        "texts": lambda: np.array(["a", "b"]),
        "complex": lambda: np.array([1j, 2]),
        "dates": lambda: np.array(["2020-01-01"], dtype="M8[D]"),
        "NaN array": lambda: np.full((2, 3), np.nan),
        "bools": lambda: np.array([True, False]),
        "-1": lambda: -1,
        "0": lambda: 0,
        "2.5": lambda: 2.5,
        "1j": lambda: 1j,
        "huge": lambda: 10**30,
        "-huge": lambda: -(10**30),
        "1e400": lambda: float("inf"),
        "nan": lambda: float("nan"),
        "True": lambda: True,
        "dict": lambda: {"a": 1},
        "set": lambda: {1, 2},
        "generator": lambda: (i for i in range(3)),
        "function": lambda: lambda *_: None,
        "class": lambda: nn.Linear,
        "module": lambda: nn.Linear(3, 2, rng=rng()),
        "object": object,
        "(1, 2)": lambda: (1, 2),
        "(-1, 0.5)": lambda: (-1, 0.5),
        "slice": lambda: slice(0, 2),
        "range": lambda: range(3),
        "dtype": lambda: np.float32,
        "rng": rng,
    }


def targets(folder: Path) -> list[Target]:
    """All that is public, with right arguments. folder: for what writes files."""
    return [
        *_ops(),
        *_tensors(),
        *_losses(),
        *_modules(),
        *_optimisers(),
        *_tasks(),
        *_trainings(folder),
        *_pictures(),
    ]


def _ops() -> Iterator[Target]:
    for name, right in CASES.items():
        given = {
            k: Tensor(v, True) if isinstance(v, np.ndarray) and v.dtype.kind == "f" else v
            for k, v in right.items()
        }
        if "operands" in given:
            given = {"*subscripts": [given["subscripts"], *map(Tensor, given["operands"])]}
        yield Target(name, getattr(mg, name), given)
    x = leaf(2, 3)
    yield Target("argmax", mg.ops.reductions.argmax, {"x": x, "axis": 1})
    yield Target("argmin", mg.ops.reductions.argmin, {"x": x, "axis": 1})
    yield Target("op", mg.op, {"f": lambda x: (x, (None,))})
    yield Target("no_grad", no_grad, {"f": lambda: 1}, ("@no_grad",))
    yield Target(
        "gradcheck",
        mg.gradcheck,
        {
            "*f": [mg.exp, leaf(2)],
            "eps": 1e-6,
            "rtol": 1e-5,
            "atol": 1e-8,
            "seed": 1,
            "entrywise": True,
        },
    )


def _methods(x: Tensor, calls: Mapping[str, Mapping[str, Any]]) -> Iterator[Target]:
    for name, right in calls.items():
        yield Target(name, getattr(x, name), right, ("Tensor",))


def _tensors() -> Iterator[Target]:
    yield Target("Tensor", Tensor, {"data": [1.0], "requires_grad": True}, ("tensor", "gradient"))
    x = leaf(2, 3)
    axis = {"axis": 1, "keepdims": True}
    reductions = ("sum", "mean", "max", "min", "prod", "norm", "logsumexp", "all", "any")
    yield from _methods(x, dict.fromkeys(reductions, axis))
    yield from _methods(x, {name: {**axis, "ddof": 1} for name in ("var", "std")})
    yield from _methods(x, {name: {"axis": 1} for name in ("argmax", "argmin", "cumsum", "flip")})
    yield from _methods(
        x,
        {
            "clip": {"low": 0.0, "high": 1.0},
            "astype": {"dtype": np.float32},
            "swapaxes": {"axis1": 0, "axis2": 1},
            "squeeze": {"axis": None},
            "flatten": {"start": 0},
            "take": {"indices": np.array([0]), "axis": 1},
            "dot": {"b": leaf(3, 2)},
            "reshape": {"*shape": (3, 2)},
            "transpose": {"*axes": (1, 0)},
        },
    )
    for name in (
        "add",
        "sub",
        "mul",
        "truediv",
        "mod",
        "pow",
        "matmul",
        "lt",
        "le",
        "gt",
        "ge",
        "eq",
        "ne",
        "floordiv",
    ):
        sign = getattr(Tensor, f"__{name}__")
        yield Target(
            name,
            lambda other, sign=sign: sign(leaf(2, 3), other),
            {"other": leaf(3) if name == "matmul" else x},
            (SIGNS.get(name, name),),
        )
    yield Target("getitem", lambda index: x[index], {"index": 0})
    yield Target("backward", lambda g: (leaf(2, 3) * 2).backward(g), {"g": np.ones((2, 3))})
    yield Target(
        "data", lambda value: setattr(leaf(2, 3), "data", value), {"value": np.ones((2, 3))}, ("tensor",)
    )
    yield Target(
        "grad", lambda value: setattr(leaf(2, 3), "grad", value), {"value": np.ones((2, 3))}, ("gradient",)
    )
    yield Target("requires_grad", lambda value: setattr(leaf(2), "requires_grad", value), {"value": False})


def _losses() -> Iterator[Target]:
    x, y, mask = leaf(4, 3), np.ones((4, 3)), np.array([True, True, False, True])
    both = {"mask": mask, "reduction": "sum"}
    for f in (functional.mse, functional.mae):
        yield Target(f.__name__, f, {"prediction": x, "target": y, **both})
    yield Target("huber", functional.huber, {"prediction": x, "target": y, "delta": 1.0, **both})
    yield Target(
        "binary_cross_entropy_with_logits",
        functional.binary_cross_entropy_with_logits,
        {"logits": x, "targets": y, **both},
    )
    labels = np.array([0, 1, 2, 0])
    yield Target(
        "cross_entropy", functional.cross_entropy, {"logits": x, "labels": labels, "ignore_index": 0, **both}
    )
    yield Target("accuracy", functional.accuracy, {"logits": x, "labels": labels, "mask": mask})
    yield Target("one_hot", functional.one_hot, {"labels": labels, "classes": 3, "dtype": np.float64})
    yield Target("dropout", functional.dropout, {"x": x, "p": 0.5, "rng": rng(), "training": True})
    yield Target(
        "layer_norm", functional.layer_norm, {"x": x, "gain": np.ones(3), "bias": np.ones(3), "eps": 1e-5}
    )
    for f in (functional.softmax, functional.log_softmax):
        yield Target(f.__name__, f, {"x": x, "axis": 1})


class Cell(nn.Module):
    """A right cell."""

    hidden_size = 2

    def initial_state(self, batch: int) -> Tensor:
        return Tensor(np.zeros((batch, 2)))

    def __call__(self, x: Tensor, state: Tensor) -> Tensor:
        return x[:, :2] + state


def _modules() -> Iterator[Target]:
    yield Target(
        "Linear",
        nn.Linear,
        {"in_features": 3, "out_features": 2, "bias": True, "rng": rng(), "dtype": np.float32},
    )
    yield Target(
        "Embedding", nn.Embedding, {"num": 3, "dim": 2, "padding_index": 1, "rng": rng(), "dtype": np.float32}
    )
    yield Target("Dropout", nn.Dropout, {"p": 0.5, "rng": rng()})
    yield Target("LayerNorm", nn.LayerNorm, {"features": 3, "eps": 1e-5, "dtype": np.float32})
    yield Target("Sequential", nn.Sequential, {"*layers": [nn.Linear(3, 2, rng=rng()), Tensor.tanh]})
    yield Target("Parameter", nn.Parameter, {"data": np.ones(2), "requires_grad": True}, ("tensor", "Tensor"))
    yield Target("Recurrent", nn.Recurrent, {"cell": Cell(), "reverse": True})
    yield Target("Stacked", nn.Stacked, {"*layers": [nn.Recurrent(Cell())]}, ("layer",))
    x = leaf(2, 4, 3)
    layers: list[tuple[Any, dict[str, Any]]] = [
        (nn.Linear(3, 2, rng=rng()), {"x": x}),
        (nn.Embedding(3, 2, 1, rng=rng()), {"indices": np.array([0, 2])}),
        (nn.Dropout(0.5, rng()), {"x": x}),
        (nn.LayerNorm(3), {"x": x}),
        (nn.Recurrent(Cell()), {"x": x, "state": leaf(2, 2), "mask": np.ones((2, 4), bool)}),
        (nn.Stacked(nn.Recurrent(Cell())), {"x": x, "state": (leaf(2, 2),), "mask": np.ones((2, 4), bool)}),
    ]
    for layer, right in layers:
        kind = type(layer).__name__
        yield Target(f"{kind}(...)", layer, right, (kind, kind.lower(), "layer_norm", "Recurrent"))
    model = nn.Linear(3, 2, rng=rng())
    yield Target("load_state_dict", model.load_state_dict, {"saved": model.state_dict()}, ("Linear",))
    yield Target("train", model.train, {"training": True})
    for f in (nn.init.uniform, nn.init.glorot, nn.init.he, nn.init.orthogonal):
        bound = {"bound": 0.5} if f is nn.init.uniform else {}
        yield Target(f.__name__, f, {"shape": (3, 2), "rng": rng(), "dtype": np.float32, **bound}, ("init",))


def _optimisers() -> Iterator[Target]:
    both = {"parameters": [leaf(2)], "lr": 0.1, "weight_decay": 0.1}
    yield Target("SGD", optim.SGD, {**both, "momentum": 0.9, "nesterov": True})
    yield Target("RMSprop", optim.RMSprop, {**both, "decay": 0.9, "eps": 1e-8})
    for f in (optim.Adam, optim.AdamW):
        yield Target(f.__name__, f, {**both, "betas": (0.9, 0.99), "eps": 1e-8})
    made = optim.Adam([leaf(2)])
    yield Target("Adam.load_state_dict", made.load_state_dict, {"saved": made.state_dict()}, ("Adam",))
    yield Target("lr", lambda value: setattr(made, "lr", value), {"value": 0.1})
    yield Target("Schedule", optim.Schedule, {"optimizer": made, "factor": lambda n: 1.0})
    schedule = optim.Schedule(made, lambda n: 1.0)
    yield Target("Schedule.load", schedule.load_state_dict, {"saved": schedule.state_dict()}, ("Schedule",))
    yield Target("step_decay", optim.step_decay, {"every": 3, "factor": 0.1})
    yield Target("cosine", optim.cosine, {"steps": 3, "last": 0.1})
    yield Target("warm_up", optim.warm_up, {"steps": 3, "then": lambda n: 1.0})


def _tasks() -> Iterator[Target]:
    drawn = {"rng": rng(), "batch": 2}
    sizes = {"length": 30, "frames": 6, "longest": 14, "delay": 3, "gap": 4, "shortest": 1, "most": 2}
    for module in (data.tasks, clips, memory, pairs, ragged, recall):
        for name, f in vars(module).items():
            if inspect.isfunction(f) and f.__module__ == module.__name__ and name[0] != "_":
                names = inspect.signature(f).parameters
                right = {k: v for k, v in {**drawn, **sizes}.items() if k in names}
                if set(names) <= {*right, "targets", "formats", "years", "mix", "periods", "noise"}:
                    yield Target(name, f, right, ("reber",))
    yield Target("boom", data.boom, {**drawn, "length": 8, "targets": np.ones((2, 2))})
    yield Target("dates", pairs.dates, {**drawn, "formats": pairs.FORMATS, "years": (0, 10)})
    yield Target(
        "waves",
        memory.waves,
        {"rng": rng(), "length": 9, "mix": np.ones((2, 1)), "periods": (8.0, 9.0), "noise": 0.1},
    )
    two = list(calendars.calendars()[:2])
    yield Target("days", calendars.days, {"rng": rng(), "batch": 2, "written_by": two})
    yield Target("plain", calendars.plain, {"text": "mayıs"})
    yield Target("indexed", writing.indexed, {"texts": ["ab", "b"], "symbols": "?ab"})
    yield Target("Batch", data.Batch, {"x": np.ones((2, 3)), "y": np.ones(2), "mask": np.ones(2, bool)})
    batch = data.Batch(np.ones((2, 3)), np.ones(2))
    yield Target("Batch[...]", lambda rows: batch[rows], {"rows": slice(0, 1)}, ("Batch",))
    yield Target("batch", data.TASKS["echo"].batch, {"rng": rng(), "size": 2}, ("echo", "batch"))
    yield Target("Text", data.Text, {"text": "abc", "vocabulary": "abc"})
    mine = text.Text("abcabcabc", "abc")
    yield Target("encode", mine.encode, {"text": "ab"}, ("vocabulary",))
    yield Target("decode", mine.decode, {"codes": np.array([0, 1])})
    yield Target("one_hot", mine.one_hot, {"codes": np.array([0, 1])})
    yield Target("batches", mine.batches, {"batch": 2, "length": 2})
    tokens, mask = np.array([[0, 4, 2, 2, 2]]), np.ones((1, 5), bool)
    yield Target("sentence", clips.sentence, {"tokens": np.array([2, 4])})
    yield Target("reber_batch", memory.reber_batch, {"strings": ["BTBTXSETE"]})
    yield Target("reber_possible", memory.reber_possible, {"string": "BTBTXSETE"})
    yield Target("reber_closing", memory.reber_closing, {"mask": mask})
    yield Target("date_text", pairs.date_text, {"year": 98, "month": 5, "day": 7, "form": pairs.FORMATS[0]})
    yield Target("date_tokens", pairs.date_tokens, {"*texts": ["7 May 98"]})
    yield Target("target_mask", pairs.target_mask, {"y": tokens})
    yield Target("text", pairs.text, {"tokens": tokens[0], "symbols": pairs.NOTE_WRITTEN})
    yield Target("tags", ragged.tags, {"tokens": tokens, "mask": mask})
    yield Target("sequences", ragged.sequences, {"padded": tokens, "mask": mask})
    yield Target("tokens", recall.tokens, {"*texts": ["not good"]})
    yield Target("Series", series.Series, {"times": ("1",), "columns": ("a",), "values": np.ones((1, 1))})


def _trainings(folder: Path) -> Iterator[Target]:
    model = nn.Linear(3, 1, rng=rng())
    batch = data.Batch(np.ones((4, 3)), np.ones((4, 1)))
    both = {"model": model, "data": batch, "loss": functional.mse, "batch_size": 2}
    both["metrics"] = {"off": functional.mae}
    yield Target("evaluate", train.evaluate, both)
    yield Target(
        "fit",
        train.fit,
        {
            **both,
            "optimizer": optim.SGD(model.parameters(), 0.1),
            "epochs": 1,
            "seed": 1,
            "validation": batch,
            "clip": lambda parameters: 1.0,
            "schedule": optim.Schedule(optim.SGD(model.parameters(), 0.1), lambda n: 1.0),
            "patience": 2,
            "callback": lambda history: True,
            "history": train.History(),
            "progress": False,
        },
    )
    saved = {"path": folder / "file", "history": train.History(), "*parts": [model]}
    yield Target("save", lambda *parts, path, history: train.save(path, history, *parts), saved)
    train.save(folder / "loaded", train.History(), model)
    yield Target(
        "load",
        lambda *parts, path: train.load(path, *parts),
        {"path": folder / "loaded", "*parts": [model]},
        ("file",),
    )
    history = train.History(({"epoch": 1, "loss": 1.0},))
    yield Target("History", train.History, {"records": history.records})
    yield Target("history[...]", lambda name: history[name], {"name": "loss"}, ("history",))


def _pictures() -> Iterator[Target]:
    x = leaf(2)
    yield Target(
        "computation_graph",
        lambda result, names: plot.computation_graph(result, names),
        {"result": x * 2, "names": {"x": x}},
    )
    state = (x * 2).retain_grad()
    state.sum().backward()
    yield Target("gradient_norms", plot.gradient_norms, {"states": [state]}, ("state",))
    yield Target("gradient_flow", plot.gradient_flow, {"norms": {"a": [1.0, 2.0]}, "ax": None})
    yield Target("gates", plot.gates, {"activations": {"a": np.ones((2, 2))}, "symbols": "ab", "ax": None})
    yield Target("loss_curves", plot.loss_curves, {"records": [{"epoch": 1, "loss": 1.0}], "ax": None})


def fault(target: Target, given: Mapping[str, Any], changed: list[str]) -> str | None:
    """What is wrong with the outcome of a call, or None."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            found = target.run(given)
    except FIT as error:
        if any(
            callable(given[name]) and (callable(target.right[name]) or name == "data") for name in changed
        ):
            return None  # it was called, and may raise what it likes
        said = re.sub(r"(do|does) not fit \(.*", "", str(error), flags=re.S)  # NumPy's words, behind ours
        names = [target.name, *target.said, *(name.strip("*") for name in target.right)]
        if inner := INNER.search(said):
            return f"says {inner[0]!r}: {type(error).__name__}: {said[:150]}"
        if not any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", said) for name in names):
            return f"names neither itself nor its argument: {type(error).__name__}: {said[:150]}"
        return None
    except ZeroDivisionError:
        return None  # of two numbers, as Python has it
    except Exception as error:
        return f"raises {type(error).__name__}: {str(error)[:150]}"
    for one in found if isinstance(found, (list, tuple)) else [found]:
        array = one.data if isinstance(one, Tensor) else one
        if (
            isinstance(array, np.ndarray)
            and array.dtype.kind not in "biuf"
            and target.name not in ("gates", "loss_curves")
        ):
            return f"gives an array of {array.dtype}"
    return None


def sweep(seed: int, count: int) -> dict[str, str]:
    """The faults of `count` calls at random, each kind once with what was called."""
    draw, odd = np.random.default_rng(seed), pool()
    faults: dict[str, str] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.chdir(folder),
    ):  # a path may be drawn, and written
        every = targets(Path(folder))
        for _ in range(count):
            target = every[draw.integers(len(every))]
            names = list(target.right)
            changed = [
                str(n)
                for n in draw.choice(names, min(len(names), 1 + int(draw.random() < 0.2)), replace=False)
            ]
            put = {name: str(draw.choice(list(odd))) for name in changed}
            if (target.name, put.get("batch")) == ("reber", "huge"):
                continue  # it draws as many strings as it is asked for
            given = {**target.right, **{name: odd[value]() for name, value in put.items()}}
            for name in changed:
                if name[0] == "*":
                    given[name] = [*target.right[name][:-1], given[name]]
            if said := fault(target, given, changed):
                shown = ", ".join(f"{name}={value}" for name, value in put.items())
                faults.setdefault(
                    f"{target.name}: {re.sub(r'[0-9]+', '#', said)}", f"{target.name}({shown}) {said}"
                )
    return faults


def main(arguments: list[str]) -> int:
    """Print the faults; 1 if there is any."""
    seed, count = [int(a) for a in arguments] + [0, 20_000][len(arguments) :]
    faults = sweep(seed, count)
    for shown in sorted(faults.values()):
        print(shown)
    print(
        f"{count} calls, {len(faults)} kinds of faults:",
        *Counter(k.split(":")[0] for k in faults).most_common(8),
    )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
