"""Interrupts at a known moment: Ctrl-C is raised by Python's tracing, and not by a clock."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from types import FrameType, ModuleType
from typing import Any


def everywhere(
    modules: Sequence[ModuleType], prepared: Callable[[], Callable[[], object]], after: str = "line"
) -> Iterator[str]:
    """Call what `prepared` gives with an interrupt at its first moment in the modules, its second, and on.

    A moment is the entry of a function, and `after`: each "line", which is more than Python has; or
    "c_return", where a function written in C gives back, which is all that it has where nothing loops.
    Yields where, after each, until a call meets none. An interrupt that does not come through raises
    AssertionError.
    """
    files = {module.__file__ for module in modules}
    watch = sys.settrace if after == "line" else sys.setprofile
    for wanted in count():
        f, where = prepared(), ""
        passed = 0

        def trace(frame: FrameType, event: str, _: Any, wanted: int = wanted) -> Any:
            nonlocal where, passed
            if frame.f_code.co_filename in files and event in ("call", after) and not where:
                if passed == wanted:
                    where = f"{event} {frame.f_code.co_name}:{frame.f_lineno}"
                    raise KeyboardInterrupt
                passed += 1
            return trace if frame.f_code.co_filename in files else None

        before = sys.gettrace() if after == "line" else sys.getprofile()
        watch(trace)
        try:
            f()
        except KeyboardInterrupt:
            pass
        else:
            assert not where, f"the interrupt at {where} did not come through"
        finally:
            watch(before)
        if not where:
            return
        yield where
