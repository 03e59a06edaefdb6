"""What fit and evaluate ask of their arguments, and of what the functions among them return."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from minigrad.arguments import count, function, unfit
from minigrad.data import Batch
from minigrad.nn import Module
from minigrad.nn.module import meant
from minigrad.tensor import Tensor
from minigrad.train.history import History

_OURS = ("epoch", "loss", "norm")  # what a history calls its own figures


def of_both(
    where: str, model: Any, data: Any, loss: Any, metrics: Any, batch_size: Any, drawn: bool = False
) -> None:
    """Look at the arguments that fit and evaluate share; arrays in `data` may have any shape.

    drawn: whether `data` may be a function that draws. Raises TypeError, ValueError for a batch_size below 1
    and a metric that has the name of another figure.
    """
    count(where, "batch_size", batch_size)
    if not isinstance(model, Module):
        raise TypeError(unfit(where, "model", model, "a Module that was made, such as Linear(2, 1)"))
    if not (drawn and callable(data)):
        batch(where, "data", data, ", or a function of a generator that draws one" * drawn)
    function(where, "loss", loss, "functional.mse")
    if not isinstance(metrics, Mapping):
        raise TypeError(unfit(where, "metrics", metrics, 'a dict, such as {"accuracy": functional.accuracy}'))
    for name, metric in metrics.items():
        function(where, f"metrics[{name!r}]", metric, "functional.accuracy")
        if name in _OURS or str(name).startswith("val_"):
            raise ValueError(f"{where}: a metric is called {name!r}, as another figure is: rename it")


def of_fit(
    model: Module,
    optimizer: Any,
    counts: Mapping[str, int | None],
    functions: Mapping[str, tuple[Any, str]],
    schedule: Any,
    history: Any,
) -> None:
    """Look at fit's other arguments. functions: by name what may be left out, and an example of it.

    Raises TypeError, and ValueError for a count below 1 and for an optimizer of another model.
    """
    for name, value in counts.items():
        if value is not None or name != "patience":
            count("fit", name, value, 0 if name == "seed" else 1)
    for name, (value, example) in functions.items():
        if value is not None:
            function("fit", name, value, example)
    for name in ("zero_grad", "step"):
        if isinstance(optimizer, type) or not callable(getattr(optimizer, name, None)):
            raise TypeError(
                unfit("fit", "optimizer", optimizer, "an optimiser, such as SGD(model.parameters(), 0.1)")
            )
    if schedule is not None and (isinstance(schedule, type) or not callable(getattr(schedule, "step", None))):
        raise TypeError(unfit("fit", "schedule", schedule, "a Schedule(optimizer, factor)"))
    if not isinstance(history, History):
        raise TypeError(unfit("fit", "history", history, "the History that fit returned or load gave back"))
    if not model.parameters() and (why := meant(model)):
        raise ValueError(f"fit: the model has no parameters; {why}")
    theirs, mine = getattr(optimizer, "parameters", None), model.parameters()
    if isinstance(theirs, list) and mine and not {id(p) for p in mine} & {id(p) for p in theirs}:
        raise ValueError(
            "fit: the optimizer moves no parameter of this model: make it with model.parameters()"
        )


def batch(where: str, name: str, value: Any, otherwise: str = "") -> Batch:
    """The value, if it is a Batch, of arrays of any shape. Raises TypeError."""
    if not isinstance(value, Batch):
        raise TypeError(unfit(where, name, value, f"a Batch, as Batch(x, y) makes one of arrays{otherwise}"))
    return value


def scalar(value: Any, model: Module) -> Tensor:
    """What a loss of the model returned, a Tensor of shape () or (1,) with a gradient.

    Raises TypeError, ValueError.
    """
    name = "what loss returned"
    if not isinstance(value, Tensor):
        raise TypeError(
            unfit("fit", name, value, "a Tensor, computed of the prediction and not of its .data")
        )
    if value.size != 1:
        raise ValueError(unfit("fit", name, value, "of one entry, such as the mean of them"))
    if not value.requires_grad:
        told = "fit: the loss depends on no parameter: was .data, .detach() or no_grad used on the way?"
        raise ValueError(" ".join(filter(None, [told, meant(model)])))
    return value


def figure(name: str, value: Any) -> float:
    """What a metric or a clip function returned, as a float. Raises TypeError for what is no number."""
    try:
        return float(value)
    except (TypeError, ValueError):
        raise TypeError(unfit("fit", f"what {name} returned", value, "a number")) from None


def applied(call: Callable[..., Any], prediction: Tensor, one: Batch) -> Any:
    """What a loss or a metric says of a prediction of any shape; it is given the mask where there is one.

    Raises what it raises; of a TypeError with a note on how it was called.
    """
    given = (one.y,) if one.mask is None else (one.y, one.mask)
    try:
        return call(prediction, *given)
    except TypeError as error:
        error.add_note(f"fit called it as f(prediction, {'y, mask' if one.mask is not None else 'y'})")
        raise
