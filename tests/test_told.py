"""What an argument must be, by its annotation; and what is said of one that is not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from minigrad import Tensor
from minigrad.contract.kinds import check_fields, given, wanted
from minigrad.contract.told import asked, with_habits

RAGGED = [[1, 2], [3]]
LEAF = Tensor([1.0, 2.0], requires_grad=True)
# For each annotation what is of that kind, and what is not.
KINDS: dict[str, tuple[list[Any], list[Any]]] = {
    "Array": (
        [1, 2.5, True, [1, 2], (1.0,), np.ones(2), LEAF, [], np.float32(1)],
        [None, "x", b"x", 1j, RAGGED, [LEAF, LEAF], {"a": 1}, np.array(["a"]), np.float32, object()],
    ),
    "np.ndarray": ([np.ones(2), np.array(1), LEAF], [1.0, [1, 2], np.array(["a"]), np.float32, None]),
    "npt.ArrayLike": ([np.ones(2), [1, 2], 3], ["x", RAGGED, None]),
    "None": ([None], [0, False, ""]),
    "bool": ([True, False, np.True_, 0, 1], [2, -1, 1.0, "x", None, np.array([True, False]), Tensor(1.0)]),
    "int": (
        [0, -3, 10**30, np.int8(3), np.array(2), Tensor(3)],
        [True, 1.0, "1", None, np.ones(2), 1j],
    ),
    "float": ([1, 2.5, np.array(2.5), float("nan")], [True, "x", None, 1j, [1.0], np.ones(2)]),
    "str": (["", "x"], [b"x", 1, None, ["x"]]),
    "slice": ([slice(1)], [1, None]),
    "Axis": ([1, (0, -1), (), None], [[1], "x", 1.5, (1.5,), True]),
    "Shape": ([(), (1, 2), [3]], [3, (1, 2.5), "x", None]),
    "tuple[int, int]": ([(1, 2), [1, 2]], [(1,), (1, 2, 3), (1, 2.5), 1]),
    "tuple[float, float]": ([(1, 2.5)], [(1,), (1, 2, 3), (1, "x"), 1]),
    "tuple[str, ...]": ([(), ("a", "b"), ["a"]], ["ab", ("a", 1), None]),
    "list[str]": ([["a"]], ["a", [1], None]),
    "Sequence[int]": (
        [[1, 2], (1,), range(3), np.array([1])],
        [[1.5], 3, "ab", None, np.ones(1)],
    ),
    "Sequence[Any]": ([[1], "ab", (), np.ones(2)], [1, None, {1}, {}, iter([1])]),
    "Mapping[str, float]": ([{}, {"a": 1}], [[], None, "a"]),
    "Iterable[Tensor]": ([[], {}, "a", iter([])], [1, None]),
    "Callable[[int | None], bool]": ([len, int], [1, None, "f"]),
    "np.random.Generator": ([np.random.default_rng()], [0, None, np.random]),
    "npt.DTypeLike": ([np.float32, "f", float, int, bool], [complex, "x", 3, None.__class__, [], np.array]),
    "int | None": ([1, None], [1.5, "x"]),
    "Callable[[int], bool | None] | None": ([len, None], [1]),
}


@pytest.mark.parametrize("annotation", KINDS)
def test_what_is_of_a_kind_and_what_is_not(annotation: str) -> None:
    right, wrong = KINDS[annotation]
    assert [value for value in right if wanted(annotation, value)] == []
    assert [value for value in wrong if not wanted(annotation, value)] == []


@pytest.mark.parametrize("annotation", ["Any", "Module", "int | Module", int, "", None])
def test_of_a_kind_that_is_not_known_anything_may_be(annotation: Any) -> None:
    assert wanted(annotation, "x") == ""


def test_several_kinds_are_joined_by_or() -> None:
    assert wanted("int", "x") == "a whole number"
    assert wanted("int | None", "x") == "a whole number or None"
    assert wanted("Axis", "x") == "a whole number, a tuple of whole numbers or None"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "None"),
        (2.5, "2.5"),
        (np.float32(2.5), "2.5"),
        ("text", "'text'"),
        ("x" * 100, "'" + 59 * "x"),
        (int, "the class int"),
        ([1], "a list"),
        ({}, "a dict"),
        (object(), "an object"),
        (np.ones((2, 3)), "an array of shape (2, 3)"),
        (np.array(["a"]), "an array of <U1 of shape (1,)"),
        (Tensor([1.0]), "a Tensor of shape (1,)"),
        (np.dtype("c16"), "the dtype complex128"),
    ],
)
def test_what_was_given_in_a_few_words(value: Any, words: str) -> None:
    assert given(value) == words


def scale(x: np.ndarray, factor: float = 1.0, *more: int, names: Sequence[str] = ()) -> Any:
    """Stumbles over what is no array, or holds None."""
    if names == ("known",):
        raise ValueError("factor is not right today")
    if names == ("key",):
        raise KeyError("key")
    return x.reshape(2, 2) * factor + sum(more)


class Scale:
    """Has it as its constructor and as what is in brackets."""

    def __init__(self, size: int, to: Mapping[str, int] | None = None) -> None:
        self.size = size + len(to or {})

    @asked
    def __getitem__(self, name: str) -> str:
        return name.upper()


Scale.__init__ = with_habits(Scale.__init__)  # type: ignore[method-assign]
FOUR = np.ones(4)


@pytest.mark.parametrize(
    ("call", "kind", "says"),
    [
        (
            lambda f: f([1]),
            TypeError,
            r"^scale: x is a list; it must be an array .*: use np\.array\(",
        ),
        (lambda f: f(FOUR * 1j, "x"), TypeError, r"^scale: x is an array of .*: take \.real and \.imag$"),
        (lambda f: f(FOUR.astype(object), "x"), TypeError, r"^scale: x .*: use \.astype\(float\)$"),
        (lambda f: f(FOUR, None), TypeError, "^scale: factor is None; it must be a number$"),
        (lambda f: f(FOUR, 1.0, 2, "x"), TypeError, r"^scale: more\[1\] is 'x'; it must be a whole number$"),
        (
            lambda f: f(FOUR[1:]),
            ValueError,
            r"^scale: x is an array of shape \(3,\), which does not fit",
        ),
        (lambda f: f(FOUR, names=("known",)), ValueError, "^factor is not right today$"),
        (lambda f: f(FOUR, names=("key",)), KeyError, "^'key'$"),
        (lambda f: f(FOUR, seed=3), TypeError, "unexpected keyword argument 'seed'$"),
        (lambda f: f(FOUR, gamma=3), TypeError, "unexpected keyword argument 'gamma': it is factor here$"),
        (lambda f: f(FOUR, device=3), TypeError, "'device': everything is on the CPU: leave it out$"),
        (lambda f: Scale("x"), TypeError, "^Scale: size is 'x'; it must be a whole number$"),
        (lambda f: Scale(1, 3), TypeError, "^Scale: to is 3; it must be a dict or None$"),
        (lambda f: Scale(1)[2], TypeError, r"^Scale\[\.\.\.\]: name is 2; it must be a text$"),
    ],
)
@pytest.mark.parametrize("told", [with_habits, asked])
def test_a_wrong_argument_is_told_by_its_name(told: Callable, call: Callable, kind: type, says: str) -> None:
    with pytest.raises(kind, match=says):
        call(told(scale))


def test_what_is_asked_first_runs_nothing() -> None:
    ran: list[Any] = []

    def run(size: int) -> None:
        ran.append(size)

    with pytest.raises(TypeError, match=r"^run: size is 2.5; it must be a whole number$"):
        asked(run)(2.5)
    assert ran == []
    with_habits(run)(2.5)
    asked(run)(2)
    assert ran == [2.5, 2]


def test_right_calls_are_those_of_the_function() -> None:
    for told in (with_habits, asked):
        assert told(scale)(FOUR, 2.0, 1).tolist() == [[3, 3], [3, 3]]
        assert (told(scale).__name__, told(scale).__doc__) == (scale.__name__, scale.__doc__)


def test_fields_of_a_dataclass_are_of_their_kinds() -> None:
    @dataclass
    class Row:
        name: str
        values: npt.ArrayLike

    check_fields(Row("a", [1, 2]))
    with pytest.raises(TypeError, match=r"^Row: values is None; it must be an array of real numbers$"):
        check_fields(Row("a", None))
