"""Every public definition of the engine and of `checks` says what its reader needs.

For each public module, class, function, method and property:
- it has a docstring of at least four words;
- where arrays go in or come out, it names each argument that is an array and gives a shape, such as
  (B, T, D) or (..., in), or says "scalar" or "any", "one", "same", "own" or "another" shape;
- it names every exception that the definition, or a private function of its module that it calls, raises.

What a class takes is said in its own docstring or in that of a base. `EXCEPTIONS` lists, with a reason,
what need not keep a rule.
"""

from __future__ import annotations

import ast
import builtins
import dataclasses
import functools
import importlib
import inspect
import pkgutil
import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import minigrad

NOT_ENGINE = {"sandbox", "grading", "cli", "__main__"}
# Modules whose docstrings are still being written. When one is done, take its name out.
OWED: set[str] = set()

EXCEPTIONS: dict[str, str] = {  # "module.name: the fault" -> why it may stay
    "minigrad.train.fit: it does not say when it raises _LossIsNaN": "fit catches it",
}

ARRAYS = re.compile(r"\b(Tensor|Array|Arrays|ArrayLike|NDArray|ndarray|Batch|Series)\b")
SHAPE_WORDS = re.compile(
    r"\b(any|one|same|own|another|its|that|this) shapes?\b|'s shape\b|\bshape of \w|\bscalar"
)
DIMENSIONS = {"in", "out"}  # the names of dimensions that are neither a letter nor an argument


@dataclass(frozen=True)
class Definition:
    """One public thing: its name from the package on, the thing, and the class it stands in."""

    name: str
    thing: Any
    owner: type | None = None

    @property
    def function(self) -> Callable[..., Any] | None:
        """What runs: the function itself, a property's getter, what a class has written to make itself."""
        if isinstance(self.thing, ModuleType):
            return None
        if inspect.isclass(self.thing):
            names = vars(self.thing)
            own = names.get("__post_init__" if dataclasses.is_dataclass(self.thing) else "__init__")
            return own if inspect.isfunction(own) and own.__module__ == self.thing.__module__ else None
        found = inspect.unwrap(getattr(self.thing, "fget", None) or self.thing)
        return found if inspect.isfunction(found) else None  # of a cached or lifted function the one written

    @property
    def text(self) -> str:
        """The docstring; of a class together with those of its bases in this package."""
        if not inspect.isclass(self.thing):
            return self.thing.__doc__ or ""
        ours = [c for c in self.thing.__mro__ if c.__module__.startswith("minigrad")]
        return "\n".join(vars(c).get("__doc__") or "" for c in ours)

    @property
    def arguments(self) -> dict[str, str]:
        """Names and types, as written, of what goes in and, as "return", of what comes out."""
        found = {}
        if self.function is not None:
            signature = inspect.signature(self.function)
            found = {p.name: written(p.annotation) for p in signature.parameters.values()}
            found["return"] = written(signature.return_annotation)
        if dataclasses.is_dataclass(self.thing):
            found = {field.name: written(field.type) for field in dataclasses.fields(self.thing)}
        return found


def written(annotation: Any) -> str:
    """A type as its author wrote it."""
    return annotation if isinstance(annotation, str) else repr(annotation)


def engine() -> list[str]:
    """The names of the modules that have to keep the rules."""
    names = ["minigrad"]
    for found in pkgutil.walk_packages(minigrad.__path__, "minigrad."):
        if found.name.split(".")[1] not in NOT_ENGINE | OWED:
            names.append(found.name)
    return names


def definitions(module: ModuleType) -> Iterator[Definition]:
    """The module and all that is public in it and written there."""
    yield Definition(module.__name__, module)
    for name, thing in vars(module).items():
        theirs = getattr(thing, "__module__", None) != module.__name__
        if name.startswith("_") or theirs or not (inspect.isclass(thing) or inspect.isroutine(thing)):
            continue
        yield Definition(f"{module.__name__}.{name}", thing)
        if inspect.isclass(thing):
            for inner, method in vars(thing).items():
                if not inner.startswith("_") and (
                    inspect.isroutine(method) or isinstance(method, (property, staticmethod, classmethod))
                ):
                    yield Definition(f"{module.__name__}.{name}.{inner}", method, thing)


def shapes(text: str, names: set[str]) -> list[str]:
    """The shapes in a text: tuples of single letters, numbers, `...` and the given names.

    (0, 1) is none, but an interval.
    """
    found = []
    for inside in re.findall(r"(?<![\w.])\(([^()]*)\)", text):
        parts = [part.strip() for part in inside.split(",")]
        if parts == ["0", "1"]:
            continue
        if len(parts) == 2 and parts[1] == "":
            parts.pop()  # (B,)
        elif len(parts) == 1 and parts != ["..."]:
            continue
        words = [word for part in parts for word in re.split(r"\s*[-+*/]\s*", part)]
        if all(re.fullmatch(r"\.\.\.|[A-Za-z]|\d+", word) or word in names for word in words):
            found.append(f"({inside})")
    return found


@functools.cache
def private_functions(module: str) -> dict[str, ast.AST]:
    """The private functions and classes at a module's top level, by name."""
    tree = ast.parse(inspect.getsource(importlib.import_module(module)))
    kinds = (ast.FunctionDef, ast.ClassDef)
    return {node.name: node for node in tree.body if isinstance(node, kinds) and node.name.startswith("_")}


def raised(function: Callable[..., Any]) -> set[str]:
    """The names of the exceptions that a function, or a private function that it calls, raises."""
    private = private_functions(function.__module__)
    todo: list[ast.AST] = [ast.parse(textwrap.dedent(inspect.getsource(function)))]
    names, seen = set(), set()
    while todo:
        for node in ast.walk(todo.pop()):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                name = getattr(node.exc.func, "id", "")
                kind = getattr(builtins, name, function.__globals__.get(name))
                if inspect.isclass(kind) and issubclass(kind, BaseException):
                    names.add(name)
            called = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            if called in private and called not in seen:
                seen.add(called)
                todo.append(private[called])
    return names


def gives_a_shape(text: str, names: set[str]) -> bool:
    """Whether a text has a shape in it, as a tuple or in words."""
    return bool(shapes(text, names) or SHAPE_WORDS.search(text))


def faults(definition: Definition) -> list[str]:
    """What a definition's docstring lacks."""
    own = definition.thing.__doc__ or ""
    if len(own.split()) < 4 or own.startswith(f"{getattr(definition.thing, '__name__', '')}("):
        return ["it has no docstring that says what it is"]
    found = []
    text, arguments = definition.text, definition.arguments
    arrays = {name for name, kind in arguments.items() if ARRAYS.search(kind)}
    owner = inspect.signature(definition.owner).parameters if definition.owner is not None else {}
    known = DIMENSIONS | set(arguments) | set(owner)
    if arrays and not gives_a_shape(text, known):
        found.append("arrays go in or come out, and it gives no shape")
    for name in sorted(arrays - {"return"}):
        if not re.search(rf"\b{name}\b", text):
            found.append(f"it does not name the array `{name}`")
    if definition.function is not None:
        missing = {name for name in raised(definition.function) if name not in text}
        found += [f"it does not say when it raises {name}" for name in sorted(missing)]
    return found


def _refuse(count: int) -> None:
    if count < 1:
        raise ValueError("too few")


def undocumented(x: np.ndarray) -> None: ...


def shapeless(x: np.ndarray) -> None:
    """Take the entries of x (all of them, one by one), see f(B, T)."""


def unnamed(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """x (B, T), weighted and summed -> (B,)."""


def silent(count: int) -> None:
    """Count to a number, which is 1 or more."""
    _refuse(count)
    if count > 9:
        raise KeyError(count)


def complete(x: np.ndarray, count: int) -> np.ndarray:
    """x (B, T) `count` times, (B, T * count). Raises ValueError where count is below 1."""
    _refuse(count)
    return np.tile(x, count)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (undocumented, ["no docstring"]),
        (shapeless, ["no shape"]),
        (unnamed, ["does not name the array `weights`"]),
        (silent, ["raises KeyError", "raises ValueError"]),
        (complete, []),
    ],
)
def test_the_rules_find_what_is_missing(function: Callable[..., Any], expected: list[str]) -> None:
    found = faults(Definition(function.__name__, function))
    assert len(found) == len(expected)
    assert all(part in fault for part, fault in zip(expected, found, strict=True))


@pytest.mark.parametrize("text", ["of (B, T)", "(..., n, k)", "(3, 1)", "(n + 3,)", "of any shape", "scalar"])
def test_a_shape_is_a_tuple_of_dimensions_or_words(text: str) -> None:
    assert gives_a_shape(text, set())


@pytest.mark.parametrize(
    "text",
    [
        "x / (1 + |x|): from -1 to 1",
        "in (0, 1)",
        "in (-1, 1)",
        "(1 - y)",
        "f(B, T)",
        "for shapes that do not fit",
    ],
)
def test_a_formula_an_interval_and_a_call_are_no_shapes(text: str) -> None:
    assert not gives_a_shape(text, set())


EVERY = [d for name in engine() for d in definitions(importlib.import_module(name))]


@pytest.mark.parametrize("definition", EVERY, ids=lambda d: d.name)
def test_a_docstring_says_what_its_reader_needs(definition: Definition) -> None:
    found = [fault for fault in faults(definition) if f"{definition.name}: {fault}" not in EXCEPTIONS]
    assert not found, f"{definition.name}: {'; '.join(found)}"


def test_every_exception_is_needed() -> None:
    made = {f"{d.name}: {fault}" for d in EVERY for fault in faults(d)}
    assert set(EXCEPTIONS) <= made
    assert all(EXCEPTIONS.values())
