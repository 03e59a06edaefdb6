"""Whether ops are recorded: `no_grad`, for each thread and context by itself."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Callable, Generator
from contextvars import ContextVar
from functools import wraps
from typing import Any

_depth: ContextVar[int] = ContextVar("no_grad", default=0)

paused = _depth.get  # in how many `no_grad` the caller is: what is computed in one is not recorded

# One entry for each `no_grad` that anybody is in: while it is empty nobody is, which is quicker to see.
entered: list[None] = []


class no_grad:
    """Do not record: `with no_grad(): ...`, or `@no_grad()` above a function, a generator or an async one.

    It holds in the thread, and in the task of an event loop, that enters it; all others go on recording.
    Of a decorated generator it holds for the steps, and not for what its caller does between them; a `with`
    around a yield inside of one holds for the caller as well, until the block is left. Raises TypeError
    for what is no function.
    """

    def __new__(cls, f: Any = None) -> Any:  # `@no_grad` means `@no_grad()`, as in PyTorch
        return object.__new__(cls) if f is None else cls()(f)

    def __enter__(self) -> None:
        entered.append(None)
        _depth.set(_depth.get() + 1)

    def __exit__(self, *error: object) -> None:
        # Where a generator was left in another thread than it was entered in, that one was in none.
        _depth.set(max(_depth.get() - 1, 0))
        entered.pop()

    def __call__(self, f: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.isclass(f) or not callable(f):
            raise TypeError(f"@no_grad() stands above a function, not {f!r}: decorate a class's methods")
        if inspect.iscoroutinefunction(f):

            @wraps(f)
            async def run(*arguments: Any, **keywords: Any) -> Any:
                with self:
                    return await f(*arguments, **keywords)

        elif inspect.isgeneratorfunction(f) or inspect.isasyncgenfunction(f):
            steps = _Steps if inspect.isgeneratorfunction(f) else _AsyncSteps

            @wraps(f)
            def run(*arguments: Any, **keywords: Any) -> Any:
                return steps(f(*arguments, **keywords))

        else:

            @wraps(f)
            def run(*arguments: Any, **keywords: Any) -> Any:
                with self:
                    return f(*arguments, **keywords)

        return run


class _Steps(Generator[Any, Any, Any]):
    """A generator each of whose steps runs in `no_grad`."""

    def __init__(self, generator: Any) -> None:
        self.generator = generator

    def send(self, value: Any) -> Any:
        with no_grad():
            return self.generator.send(value)

    def throw(self, *error: Any) -> Any:
        with no_grad():
            return self.generator.throw(*error)


class _AsyncSteps(AsyncGenerator[Any, Any]):
    """The same of an async generator."""

    def __init__(self, generator: Any) -> None:
        self.generator = generator

    async def asend(self, value: Any) -> Any:
        with no_grad():
            return await self.generator.asend(value)

    async def athrow(self, *error: Any) -> Any:
        with no_grad():
            return await self.generator.athrow(*error)
