"""Functions that tell a mistake in terms of their own arguments, and not of what they stumbled over."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from minigrad.contract.kinds import FAILURES, arguments_of, given, of_no_kind
from minigrad.habits.arguments import BY_POSITION, RENAMED, WITHOUT

_P = ParamSpec("_P")
_R = TypeVar("_R")


def habit(f: Any, said: str) -> str:
    """What to add to Python's message where an argument has another name, such as axis for dim, or place."""
    if "positional argument" in said and (remedy := BY_POSITION.get(f.__name__)):
        return f": {remedy}"
    unknown = re.search(r"unexpected keyword argument '(\w+)'", said)
    if not unknown:
        return ""
    ours = [name for name in RENAMED.get(unknown[1], "").split() if name in inspect.signature(f).parameters]
    return f": it is {ours[0]} here" if ours else f": {WITHOUT[unknown[1]]}" if unknown[1] in WITHOUT else ""


def with_habits(f: Callable[_P, _R]) -> Callable[_P, _R]:
    """`f`, which is no op, with what an op's errors say of arguments of other kinds and names.

    Raises what f raises, of the same kind, and TypeError for an argument that is not of its kind.
    """

    @wraps(f)
    def call(*arguments: _P.args, **keywords: _P.kwargs) -> _R:
        try:
            return f(*arguments, **keywords)
        except FAILURES as error:
            if (told := retold(f, arguments, keywords, error)) is error:
                raise
            raise told from error

    return call


def asked(f: Callable[_P, _R]) -> Callable[_P, _R]:
    """`with_habits` for what is seldom called: it looks at the arguments' kinds before anything runs."""
    inner = with_habits(f)

    @wraps(f)
    def call(*arguments: _P.args, **keywords: _P.kwargs) -> _R:
        if error := of_no_kind(f, arguments, keywords, name_of(f)):
            raise error
        return inner(*arguments, **keywords)

    return call


def name_of(f: Any) -> str:
    """What a user calls `f`: a class by its name, not by that of its __init__."""
    name: str = f.__qualname__.removesuffix(".__init__").rpartition("<locals>.")[2]
    return name.replace(".__getitem__", "[...]")


def retold(f: Any, arguments: Iterable[Any], keywords: Mapping[str, Any], error: Exception) -> Exception:
    """The error to raise where `f`, given arguments of any shape, raised `error`: it, if it tells enough."""
    said, called = str(error), name_of(f)
    if remedy := habit(f, said):
        return TypeError(f"{said}{remedy}")
    taken = [(name, value) for name, _, value in arguments_of(f, arguments, keywords) if name != "self"]
    names = [called, called.rpartition(".")[2], *(n for n in inspect.signature(f).parameters if len(n) > 2)]
    if any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", said) for name in names):
        return error
    if unkind := of_no_kind(f, arguments, keywords, called):
        return unkind
    if isinstance(error, KeyError):
        return error
    kinds = (kind for kind in (ValueError, IndexError, AttributeError, TypeError) if isinstance(error, kind))
    shown = ", ".join(f"{name} is {given(value)}" for name, value in taken)
    return next(kinds, ValueError)(f"{called}: {shown}, which does not fit ({error})")
