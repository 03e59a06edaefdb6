"""What kind of value an argument takes, by its annotation; and the words for one that is of no such kind.

Who makes a mistake is told so in terms of the call, and not of what NumPy stumbled over. Mostly it is looked
for where something has failed already: that costs nothing where all is right.
"""

from __future__ import annotations

import inspect
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from functools import lru_cache
from numbers import Real
from typing import Any

import numpy as np

FAILURES = (TypeError, ValueError, LookupError, AttributeError, OverflowError)


def given(value: Any) -> str:
    """A value of any shape in a few words: a number or a short text as it is, else its type and its shape."""
    if value is None or isinstance(value, (Real, str)):
        return repr(value.item() if isinstance(value, np.generic) else value)[:60]
    if isinstance(value, np.dtype):
        return f"the dtype {value}"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    shape = getattr(value, "shape", None)
    kind = "array" if isinstance(value, np.ndarray) else type(value).__name__
    article = "an" if kind[:1].lower() in "aeiou" else "a"
    if shape is None or not hasattr(value, "dtype"):
        return f"{article} {kind}"
    others = "" if _real(value) else f" of {value.dtype}"
    return f"{article} {kind}{others} of shape {tuple(shape)}"


def unfit(where: str, name: str, value: Any, wanted: str) -> str:
    """The sentence that says so of the argument `name`, a value of any shape, of the function `where`."""
    return f"{where}: {name} is {given(value)}; it must be {wanted}"


def _real(value: Any) -> bool:
    """Whether a value that has a shape holds real numbers."""
    return getattr(getattr(value, "dtype", None), "kind", "") in tuple("biuf")


def _numbers(value: Any) -> bool:
    """Whether a value is an array of real numbers, or as good as one."""
    if hasattr(value, "shape"):
        return _real(value)
    if not isinstance(value, (Real, list, tuple)):
        return False
    try:
        return np.asarray(value).dtype.kind in "biuf"
    except FAILURES:  # lists of different lengths, or of tensors that need a gradient
        return False


def _number(value: Any) -> bool:
    return (isinstance(value, Real) or (_real(value) and not value.shape)) and not isinstance(value, bool)


def _whole(value: Any) -> bool:
    try:
        return operator.index(value) is not None and not isinstance(value, bool)
    except FAILURES:
        return False


def _truth(value: Any) -> bool:
    return isinstance(value, (bool, np.bool_)) or (isinstance(value, int) and value in (0, 1))


def _dtype(value: Any) -> bool:
    try:
        return np.dtype(value).kind in "biuf"
    except FAILURES:
        return False


def _all(one: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, (tuple, list)) and all(one(part) for part in value)


def _text(value: Any) -> bool:
    return isinstance(value, str)


# For an annotation, whether a value is of that kind, and what to call it.
_KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "Array": (_numbers, "a tensor or an array of real numbers"),
    "Tensor": (_numbers, "a tensor or an array of real numbers"),
    "np.ndarray": (_real, "an array of real numbers"),
    "npt.ArrayLike": (_numbers, "an array of real numbers"),
    "None": (lambda value: value is None, "None"),
    "bool": (_truth, "True or False"),
    "int": (_whole, "a whole number"),
    "float": (_number, "a number"),
    "str": (_text, "a text"),
    "slice": (lambda value: isinstance(value, slice), "a slice"),
    "axes": (lambda value: isinstance(value, tuple) and _all(_whole)(value), "a tuple of whole numbers"),
    "tuple[int, ...]": (_all(_whole), "a tuple of whole numbers"),
    "tuple[int, int]": (lambda value: _all(_whole)(value) and len(value) == 2, "two whole numbers"),
    "tuple[float, float]": (lambda value: _all(_number)(value) and len(value) == 2, "two numbers"),
    "tuple[str, ...]": (_all(_text), "a tuple of texts"),
    "list[str]": (_all(_text), "a list of texts"),
    "Sequence[int]": (lambda value: _all(_whole)([*_listed(value)]), "a list of whole numbers"),
    "Sequence": (lambda value: isinstance(value, (Sequence, np.ndarray)), "a list"),
    "Mapping": (lambda value: isinstance(value, Mapping), "a dict"),
    "Iterable": (lambda value: isinstance(value, Iterable), "a list"),
    "Callable": (callable, "a function"),
    "np.random.Generator": (
        lambda value: isinstance(value, np.random.Generator),
        "a generator: np.random.default_rng(seed)",
    ),
    "Axes": (lambda value: hasattr(value, "get_xaxis_transform"), "matplotlib Axes"),
    "npt.DTypeLike": (_dtype, "a dtype of real numbers, such as np.float64"),
}
_SHORT = {"Axis": "int | axes | None", "Shape": "tuple[int, ...]"}


def _listed(value: Any) -> Any:
    """What is in a list, a tuple or an array with one axis; else one that is no number."""
    return value if isinstance(value, (list, tuple, range)) or np.ndim(value) == 1 else [None]


def wanted(annotation: Any, value: Any) -> str:
    """What an argument of this annotation must be, where the value is of no such kind; else ""."""
    kinds = _kinds(annotation) if isinstance(annotation, str) else ()
    for fits, _ in kinds:
        if fits(value):
            return ""
    told = [called for _, called in kinds]
    return " or ".join(filter(None, [", ".join(told[:-1]), *told[-1:]]))


@lru_cache(1000)
def _kinds(annotation: str) -> tuple[tuple[Callable[[Any], bool], str], ...]:
    """The kinds that an annotation names; none where one of them is not in the table, and may be anything."""
    parts = re.split(r"\s*\|\s*(?![^\[]*\])", _SHORT.get(annotation, annotation))
    kinds = [_KINDS.get(part) or _KINDS.get(part.partition("[")[0]) for part in parts]
    return () if None in kinds else tuple(filter(None, kinds))


def array(value: Any) -> Any:
    """The value itself if it speaks NumPy's protocols, else an array of its shape.

    Raises ValueError for lists of different lengths.
    """
    if hasattr(value, "__array_function__"):
        return value
    try:
        return np.asarray(value)
    except ValueError:
        kind, remedy = type(value).__name__, "give lists of one length each, or pad them"
        raise ValueError(f"a tensor holds an array, and a {kind} of others is none: {remedy}") from None


def read_only(g: Any) -> Any:
    """`g`, of any shape, for who looks at it while others hold it, too: what is written into it raises."""
    if type(g) is np.ndarray:
        g = g.view()
        g.setflags(write=False)
    return g


def demand(where: str, name: str, value: Any, annotation: Any, remedy: str = "") -> Any:
    """The value, of any shape, of the argument `name`. Raises TypeError where it is of no such kind."""
    if told := wanted(annotation, value):
        raise TypeError(unfit(where, name, value, told + remedy))
    return value


def flag(requires_grad: Any) -> bool:
    """Whether a new tensor needs a gradient. Raises TypeError for what is neither True nor False."""
    shape = "; of a shape, Tensor(np.zeros((2, 3)))" if isinstance(requires_grad, int) else ""
    return bool(demand("Tensor", "requires_grad", requires_grad, "bool", shape))


def arguments_of(
    f: Any, arguments: Iterable[Any], keywords: Mapping[str, Any]
) -> Iterator[tuple[str, Any, Any]]:
    """(name, annotation, value) of each argument of a call; of none where f does not take them."""
    signature = inspect.signature(f)
    try:
        bound = signature.bind(*arguments, **keywords).arguments
    except TypeError:
        arguments = [*arguments]
        if keywords or len(arguments) != len(signature.parameters):
            return
        bound = dict(
            zip(signature.parameters, arguments, strict=True)
        )  # all of them, as `by_position` has them
    for name, value in bound.items():
        parameter = signature.parameters[name]
        if parameter.kind is parameter.VAR_POSITIONAL:
            for i, one in enumerate(value):
                yield f"{name}[{i}]", parameter.annotation, one
        else:
            yield name, parameter.annotation, value


def of_no_kind(
    f: Any, arguments: Iterable[Any], keywords: Mapping[str, Any], called: str = ""
) -> TypeError | None:
    """The error for the first argument, of any shape, that is not of its kind, or None. called: f's name."""
    for name, annotation, value in arguments_of(f, arguments, keywords):
        if told := wanted(annotation, value):
            remedy = _remedy(value) if annotation in ("Array", "Tensor", "np.ndarray") else ""
            return TypeError(unfit(called or f.__name__, name, value, told + remedy))
    return None


def _remedy(value: Any) -> str:
    """What makes real numbers, as an array, of a value that is something else; or ""."""
    if isinstance(value, (list, tuple)):
        return ": use np.array(...) of numbers, stack(...) of tensors"
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    if isinstance(value, complex) or kind == "c":
        return ": take .real and .imag"
    return ": use .astype(float)" if kind == "O" else ""


def check_fields(instance: Any) -> None:
    """Raise TypeError for a field of a dataclass, of any shape, that is not of its kind."""
    for field in fields(instance):
        demand(type(instance).__name__, field.name, getattr(instance, field.name), field.type)
