"""Interrupts at a known moment: Ctrl-C is raised by Python's tracing, and not by a clock."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from types import FrameType, ModuleType
from typing import Any


def everywhere(modules: Sequence[ModuleType], prepared: Callable[[], Callable[[], object]]) -> Iterator[str]:
    """Call what `prepared` gives with an interrupt at its first line within the modules, its second, and on.

    Yields where, after each, until a call meets none. An interrupt that does not come through raises
    AssertionError.
    """
    files = {module.__file__ for module in modules}
    for wanted in count():
        f, where = prepared(), ""
        passed = 0

        def trace(frame: FrameType, event: str, _: Any, wanted: int = wanted) -> Any:
            nonlocal where, passed
            if frame.f_code.co_filename not in files:
                return None
            if event in ("call", "line") and not where:
                if passed == wanted:
                    where = f"{event} {frame.f_code.co_name}:{frame.f_lineno}"
                    raise KeyboardInterrupt
                passed += 1
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            f()
        except KeyboardInterrupt:
            pass
        else:
            assert not where, f"the interrupt at {where} did not come through"
        finally:
            sys.settrace(before)
        if not where:
            return
        yield where
