"""What an op and the tape expect of each other, and what is said where one of them breaks it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any


def plain(lifted: Callable[..., Any]) -> Callable[..., Any]:
    """The function on arrays that `op` lifted, for ops that build on another one."""
    return lifted.__wrapped__  # type: ignore[attr-defined, no-any-return]


def of_tensors(signature: inspect.Signature) -> inspect.Signature:
    """The same signature in terms of Tensors: what `help` and an editor show."""
    parameters = [
        p.replace(annotation=re.sub(r"\bArray\b", "Tensor", p.annotation)) if type(p.annotation) is str else p
        for p in signature.parameters.values()
    ]
    return signature.replace(parameters=parameters, return_annotation="Tensor")


def by_position(f: Any, signature: inspect.Signature, arguments: Any, keywords: Any) -> tuple[Any, Any, Any]:
    """(call, values, {}): all arguments in the order in which `f` declares its parameters, and so its vjps.

    `call(*values)` is what `f(*arguments, **keywords)` was to be.
    Raises TypeError, with f's name, for arguments that f does not take.
    """
    try:
        bound = signature.bind(*arguments, **keywords)
    except TypeError as error:
        raise TypeError(f"{f.__name__}: {error}") from None
    bound.apply_defaults()
    names, count = list(bound.kwargs), len(bound.args)

    def call(*values: Any) -> Any:
        return f(*values[:count], **dict(zip(names, values[count:], strict=True)))

    return call, (*bound.args, *bound.kwargs.values()), {}


def real(array: Any, what: str) -> Any:
    """The array, of any shape, if it holds real numbers. Raises TypeError that says `what` holds others."""
    if array.dtype.kind not in "fiub":
        remedy = "of a complex one, take .real and .imag" if array.dtype.kind == "c" else "use .astype(float)"
        raise TypeError(f"{what} holds real numbers, not {array.dtype}: {remedy}")
    return array


def pair(f: Any, returned: Any) -> tuple[Any, Any]:
    """What `f` returned, if it is (result, vjps). Raises TypeError."""
    if type(returned) is not tuple or len(returned) != 2:
        kind = f"a tuple of {len(returned)}" if type(returned) is tuple else f"a {type(returned).__name__}"
        raise TypeError(f"{f.__name__} returned {kind}: an op returns (result, vjps)")
    return returned


def misfit(f: Any, arrays: Sequence[Any], error: Exception) -> Exception:
    """The error to raise where `f` refused its arguments with `error`: it names the op and the shapes.

    For an AttributeError, TypeError where a list was no array, else the same with the op's name.
    """
    if isinstance(error, AttributeError):
        if not isinstance(error.obj, (list, tuple)):
            return AttributeError(f"{f.__name__}: {error}", name=error.name, obj=error.obj)
        remedy = "np.array(...) of numbers, stack(...) of tensors"
        return TypeError(
            f"{f.__name__} takes tensors or arrays, got a {type(error.obj).__name__}: use {remedy}"
        )
    shapes = [str(a.shape) for a in arrays if hasattr(a, "shape")]
    kind = ValueError if isinstance(error, ValueError) else IndexError
    if len(shapes) > 1 and kind is ValueError:
        return kind(f"{f.__name__}: shapes {' and '.join(shapes)} do not fit ({error})")
    return kind(f"{f.__name__} of shape {', '.join(shapes)}: {error}")


def in_step(parts: Sequence[Any], arguments: Sequence[Any]) -> Sequence[Any]:
    """The gradients that one function gave for all arguments, if none is missing that a node waits for.

    arguments: the node of each argument, or None. Raises ValueError, or TypeError for what is no tuple.
    """
    if not isinstance(parts, (tuple, list)):
        kind = type(parts).__name__
        raise TypeError(f"one function for all gradients gave a {kind}, not a tuple; a single vjp is (vjp,)")
    if len(parts) > len(arguments) or any(arguments[len(parts) :]):
        raise ValueError(f"{len(parts)} gradients for {len(arguments)} arguments")
    return (*parts, *[None] * (len(arguments) - len(parts)))


class Misshapen(ValueError):
    """A vjp gave a gradient of a shape that its argument cannot have."""


def blame(error: BaseException, name: str, argument: int | None) -> None:
    """Say in `error` which vjp of the op `name` raised it: that of an argument, or the one for all.

    A Misshapen gradient becomes a ValueError, which this raises.
    """
    where = f"{'the vjps' if argument is None else f'the vjp of argument {argument}'} of {name}"
    if isinstance(error, Misshapen):
        raise ValueError(f"{where} {error}") from None
    error.add_note(f"in {where}")
