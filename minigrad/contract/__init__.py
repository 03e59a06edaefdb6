"""What an op and the tape expect of each other, and what is said where one of them breaks it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np

from minigrad.contract.kinds import arguments_of, of_no_kind, read_only
from minigrad.contract.told import habit


def plain(lifted: Callable[..., Any]) -> Callable[..., Any]:
    """The function on arrays that `op` lifted, for ops that build on another one."""
    return lifted.__wrapped__  # type: ignore[attr-defined, no-any-return]


class OfTensors(inspect.Signature):
    """A function's signature in terms of Tensors, found out when asked for: for all ops it takes long."""

    __slots__ = ("f",)
    f: Callable[..., Any]

    def __getattr__(self, name: str) -> Any:  # of a slot that is empty yet
        if name not in inspect.Signature.__slots__:
            raise AttributeError(name)
        signature = inspect.signature(self.f)
        parameters = []
        for p in signature.parameters.values():
            said = p.annotation
            said = re.sub(r"\bArray\b", "Tensor", said) if type(said) is str else said
            parameters.append(p.replace(annotation=said))
        self.__init__(parameters, return_annotation="Tensor")  # type: ignore[misc]
        return getattr(self, name)


def of_tensors(f: Callable[..., Any]) -> inspect.Signature:
    """The signature of `f` in terms of Tensors: what `help` and an editor show."""
    signature = OfTensors.__new__(OfTensors)
    signature.f = f
    return signature


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


def real_of(f: Any, data: Any, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> None:
    """Raise TypeError unless `data`, the result of the op `f`, of any shape, holds real numbers."""
    if data.dtype.kind not in "fiub":
        try:
            real(data, "a tensor")
        except TypeError as error:
            raise misfit(f, arguments, keywords, error) from None


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
    vjps = returned[1]
    if not isinstance(vjps, (tuple, list)) and not callable(vjps):
        kind = type(vjps).__name__
        raise TypeError(f"{f.__name__} returned a {kind} for the vjps: it must be a tuple, (vjp,) of one")
    return returned


def _told(f: Any, error: Exception) -> bool:
    """Whether `f` itself says in its error what is wrong, by its name."""
    return str(error).startswith(f"{f.__name__} takes")


def misfit(f: Any, arguments: Sequence[Any], keywords: Mapping[str, Any], error: Exception) -> Exception:
    """The error to raise where `f` refused arguments, of any shape, with `error`: of its kind, with f's name.

    An argument that is not of its kind is named. Else a ValueError, IndexError or KeyError tells the shapes
    as well, a TypeError all that was given. An AttributeError becomes one where `f` was given a list, say, in
    place of an array.
    """
    if not _told(f, error) and (unkind := of_no_kind(f, arguments, keywords)):
        return unkind
    values = (*arguments, *keywords.values())
    taken = list(arguments_of(f, arguments, keywords))
    arrays = [a for a in values if hasattr(a, "dtype") and not isinstance(a, type)]
    name, shapes = f.__name__, [str(a.shape) for a in arrays]
    if isinstance(error, AttributeError):
        if not any(a is error.obj for a in values) or hasattr(error.obj, "shape"):
            return AttributeError(f"{name}: {error}", name=error.name, obj=error.obj)
        return no_array(name, error.obj)
    if isinstance(error, TypeError):
        plain_ones = [v for _, annotation, v in taken if annotation == "Array" and not hasattr(v, "shape")]
        if plain_ones and not _told(f, error):  # a list where there must be an array, or a number
            return no_array(name, next((v for v in plain_ones if not isinstance(v, Real)), plain_ones[0]))
        if "ufunc" in str(error):
            error = TypeError("it is not for arrays of this dtype: use .astype(float)")
        said = str(error) if str(error).startswith((f"{name}(", f"{name} ")) else f"{name}: {error}"
        return TypeError(
            f"{said}{habit(f, said)}; it was given {', '.join(map(_described, values)) or 'nothing'}"
        )
    if "inhomogeneous" in str(error):
        error = type(error)("lists of different lengths are no array")
    kind = next((k for k in (ValueError, IndexError, KeyError) if isinstance(error, k)), ValueError)
    if kind is ValueError:
        listed = [str(np.shape(value)) for _, annotation, value in taken if annotation == "Array"]
        shapes = listed if len(listed) > 1 else shapes
    if len(shapes) > 1 and kind is ValueError and "read-only" not in str(error):
        return kind(f"{name}: shapes {' and '.join(shapes)} do not fit ({error})")
    return kind(f"{name} of shape {', '.join(shapes)}: {error}")


def no_array(name: str, value: Any) -> TypeError:
    """The error to raise where the function of that name got a value that is neither tensor nor array."""
    listed = isinstance(value, (list, tuple))
    remedy = ": use np.array(...) of numbers, stack(...) of tensors" if listed else ""
    return TypeError(f"{name} takes tensors or arrays, got a {type(value).__name__}{remedy}")


def _described(value: Any) -> str:
    """A value in a few words: an array by its dtype and shape."""
    if hasattr(value, "shape") and hasattr(value, "dtype") and not isinstance(value, type):
        return f"{value.dtype} {value.shape}"
    text = f"the class {value.__name__}" if isinstance(value, type) else repr(value)
    return text if len(text) <= 40 else f"a {type(value).__name__}"


def guarded(vjps: Any) -> Any:
    """The vjps of an op, or its one function for all, each of which gets a `g` that it cannot write into."""
    if callable(vjps):
        return lambda g: vjps(read_only(g))
    return tuple([guarded(vjp) if callable(vjp) else vjp for vjp in vjps])


def in_step(parts: Sequence[Any], arguments: Sequence[Any], op: Any) -> Sequence[Any]:
    """The gradients that one function gave for all parameters of `op`, of those that were given by position.

    arguments: the node of each of these, or None. What was left out, or given by name, needs no gradient: a
    tensor that is given by name is put in its position. Raises ValueError where a gradient is missing that a
    node waits for, or where there are more than parameters; TypeError for what is no tuple.
    """
    if not isinstance(parts, (tuple, list)):
        kind = type(parts).__name__
        raise TypeError(f"one function for all gradients gave a {kind}, not a tuple; a single vjp is (vjp,)")
    count = len(arguments)
    if any(arguments[len(parts) :]):
        raise ValueError(f"{len(parts)} gradients for {count} arguments")
    if len(parts) > count and len(parts) > (takes := len(inspect.signature(op).parameters)):
        raise ValueError(f"{len(parts)} gradients for {max(count, takes)} arguments")
    return (*parts[:count], *[None] * (count - len(parts)))


class Misshapen(ValueError):
    """A vjp gave a gradient of a shape that its argument cannot have."""


def blame(error: BaseException, op: Any, argument: int | None) -> None:
    """Say in `error` which vjp of `op` raised it: that of an argument, or the one for all.

    A Misshapen gradient becomes a ValueError, and what is no array at all a TypeError; which this raises.
    An interrupt, and what a signal's handler raises at a leaf, whose op is None, is nobody's fault.
    """
    if op is None or not isinstance(error, Exception):
        return
    where = f"{'the vjps' if argument is None else f'the vjp of argument {argument}'} of {op.__name__}"
    if isinstance(error, Misshapen):
        raise ValueError(f"{where} {error}") from None
    if isinstance(error, AttributeError) and error.name in ("shape", "ndim"):
        raise TypeError(f"{where} gave {_described(error.obj)}, which is no array: wrap it in np.asarray")
    error.add_note(f"in {where}")
    if "read-only" in str(error):
        error.add_note("neither g nor an argument is its own: it may write into a copy, such as g.copy()")
