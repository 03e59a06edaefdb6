"""Whether ops are recorded: `no_grad`, for each thread and context by itself."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Callable, Generator
from contextvars import ContextVar
from functools import wraps
from typing import Any, NoReturn, Self, TypeVar, overload

F = TypeVar("F", bound=Callable[..., Any])

# The marks of the `no_grad` in which the caller is, [WITH] or [CALL] each. Whoever leaves one empties its
# mark, in one call of C: an interrupt comes before, where it is seen to, or after, but never in between.
WITH, CALL = "with", "call"
_marks: ContextVar[tuple[list[str], ...]] = ContextVar("no_grad", default=())

# One entry for each `no_grad` that anybody is in: while it is empty nobody is, which is quicker to see. After
# an interrupt there may be one too many, which costs the look at the marks, and never one too few.
entered: list[None] = []


def paused() -> bool:
    """Whether the caller is in a `no_grad`: what is computed in one is not recorded."""
    return any(_marks.get())


def _go_in(mark: list[str]) -> None:
    _marks.set((*filter(None, _marks.get()), mark))


def _last_with() -> list[str]:
    last: list[str] = []
    for mark in _marks.get():
        last = mark if mark == [WITH] else last
    return last


class _WithoutCall(type):
    """What `with no_grad:` meets, whose parentheses somebody forgot."""

    def __enter__(cls) -> NoReturn:
        raise TypeError("`with no_grad:` lacks its parentheses: with no_grad():")

    def __exit__(cls, *error: object) -> None:
        """Never reached; Python asks for it first."""


class no_grad(metaclass=_WithoutCall):
    """Do not record: `with no_grad(): ...`, or `@no_grad()` above a function, a generator or an async one.

    It holds in the thread, and in the task of an event loop, that enters it; all others go on recording.
    Of a decorated generator it holds for the steps, and not for what its caller does between them; a `with`
    around a yield inside of one holds for the caller as well, until the block is left. Raises TypeError
    for what is no function.

    An interrupt (Ctrl-C) ends the decorated forms at whatever moment it comes. It ends a `with`, too, but for
    one moment, before the first line of `__exit__`: should `(x * 1).requires_grad` be False of a leaf x then,
    `no_grad().__exit__()` ends it.
    """

    @overload
    def __new__(cls) -> Self: ...
    @overload
    def __new__(cls, f: F) -> F: ...  # type: ignore[misc]
    def __new__(cls, f: Any = None) -> Any:  # `@no_grad` means `@no_grad()`, as in PyTorch
        return object.__new__(cls) if f is None else cls()(f)

    def __enter__(self) -> None:
        mark = [WITH]
        entered.append(None)
        try:
            _go_in(mark)
        except BaseException:
            mark.clear()
            raise

    def __exit__(self, *error: object) -> None:
        # Where a generator was left in another thread than it was entered in, that one was in none.
        mark: list[str] = []
        try:
            mark = _last_with()
        finally:  # and once more if an interrupt came meanwhile
            (mark or _last_with()).clear()
        entered.pop()

    def __call__(self, f: F) -> F:
        if inspect.isclass(f) or not callable(f):
            raise TypeError(f"@no_grad() stands above a function, not {f!r}: decorate a class's methods")
        run: Any
        if inspect.iscoroutinefunction(f):

            @wraps(f)
            async def run(*arguments: Any, **keywords: Any) -> Any:
                return await _awaited(f, *arguments, **keywords)

        elif inspect.isgeneratorfunction(f) or inspect.isasyncgenfunction(f):
            steps = _Steps if inspect.isgeneratorfunction(f) else _AsyncSteps

            @wraps(f)
            def run(*arguments: Any, **keywords: Any) -> Any:
                return steps(f(*arguments, **keywords))

        else:

            @wraps(f)
            def run(*arguments: Any, **keywords: Any) -> Any:
                return _called(f, *arguments, **keywords)

        return run  # type: ignore[no-any-return]


def _called(f: Callable[..., Any], /, *arguments: Any, **keywords: Any) -> Any:
    """What `f` gives in `no_grad`, which ends whatever raises at whatever moment."""
    mark = [CALL]
    entered.append(None)
    try:
        _go_in(mark)
        return f(*arguments, **keywords)
    finally:
        mark.clear()
        entered.pop()


async def _awaited(f: Callable[..., Any], /, *arguments: Any, **keywords: Any) -> Any:
    """The same of a coroutine function."""
    mark = [CALL]
    entered.append(None)
    try:
        _go_in(mark)
        return await f(*arguments, **keywords)
    finally:
        mark.clear()
        entered.pop()


class _Steps(Generator[Any, Any, Any]):
    """A generator each of whose steps runs in `no_grad`."""

    def __init__(self, generator: Any) -> None:
        self.generator = generator

    def send(self, value: Any) -> Any:
        return _called(self.generator.send, value)

    def throw(self, *error: Any) -> Any:
        return _called(self.generator.throw, *error)


class _AsyncSteps(AsyncGenerator[Any, Any]):
    """The same of an async generator."""

    def __init__(self, generator: Any) -> None:
        self.generator = generator

    async def asend(self, value: Any) -> Any:
        return await _awaited(self.generator.asend, value)

    async def athrow(self, *error: Any) -> Any:
        return await _awaited(self.generator.athrow, *error)
