"""Runs tests on changed code, each time in a process forked from one that has NumPy and pytest loaded.

The changed module is a file in a copy of the repository, so that processes of the sandbox read it, too.
"""

from __future__ import annotations

import gc
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import hypothesis.extra.numpy  # noqa: F401
import nbgrader.api
import nbgrader.preprocessors  # noqa: F401
import pytest
from hypothesis import Phase, settings

ROOT = Path(__file__).parents[2]
MEMORY = 8 << 30  # bytes of addresses, for a change that makes it take ever more
SLOWER = 5  # times the usual time: tests that take longer have noticed the change


@dataclass(frozen=True)
class Ended:
    """How a run of tests ended: whether all passed, and the seconds that it took."""

    passed: bool
    cpu: float
    wall: float
    output: str


@contextmanager
def copied() -> Iterator[Path]:
    """A copy of what git knows or would add, for as long as it is needed."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    with tempfile.TemporaryDirectory() as folder:
        for name in filter(None, names.split("\0")):
            if (ROOT / name).is_file():
                (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, Path(folder) / name)
        yield Path(folder)


class Tests:
    """The tests of a module, in a copy of the repository. Raises SystemExit where they fail at first."""

    def __init__(self, copy: Path, module: str, tests: Sequence[str]) -> None:
        self.copy, self.file, self.tests = copy, copy / module, tests
        self.source = self.file.read_text(encoding="utf-8")
        self.count = 0
        first = self._run(600, 600)  # compiles what is imported
        if not first.passed:
            raise SystemExit(f"{module}: its tests fail before any change\n{first.output}")
        usual = self._run(600, 600)
        self.cpu, self.wall = 5 + SLOWER * usual.cpu, 20 + 2 * SLOWER * max(usual.wall, usual.cpu)

    def notice(self, text: str) -> bool:
        """Whether a test fails where the module has another text, or takes far too long."""
        self.count += 1
        self.file.write_text(text, encoding="utf-8")
        os.utime(self.file, (self.count, self.count))  # a time of its own: else Python takes what it compiled
        try:
            return not self._run(self.cpu, self.wall).passed
        finally:
            self.file.write_text(self.source, encoding="utf-8")

    def _run(self, cpu: float, wall: float) -> Ended:
        """Run the tests in a forked process until the first fails; `cpu` and `wall` are limits in seconds."""
        began = time.monotonic()
        with tempfile.TemporaryFile() as output:
            gc.freeze()  # else each collection in the child would touch, and so copy, all that is loaded
            child = os.fork()
            if child == 0:
                _test(self.copy, self.tests, output.fileno(), int(cpu) + 1)
            while True:
                ended, status, used = os.wait4(child, os.WNOHANG)
                if ended:
                    break
                if time.monotonic() - began > wall:
                    os.killpg(child, signal.SIGKILL)
                time.sleep(0.01)
            output.seek(0)
            text = output.read().decode(errors="replace")
        return Ended(status == 0, used.ru_utime + used.ru_stime, time.monotonic() - began, text)


def _test(copy: Path, tests: Sequence[str], output: int, cpu: int) -> NoReturn:
    """In the forked process: run the tests until the first fails, and end with pytest's exit code."""
    code = 1
    try:
        os.setsid()
        os.dup2(output, 1)
        os.dup2(output, 2)
        resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # else each run would compile the package anew
        sys.dont_write_bytecode = False
        os.chdir(copy)
        sys.path.insert(0, str(copy))
        for name in [n for n in sys.modules if n.split(".")[0] == "tests"]:
            del sys.modules[name]  # the copy's are imported
        code = int(
            pytest.main(["-x", "-q", "--assert=plain", "-p", "no:cacheprovider", *tests], plugins=[_Quick()])
        )
    finally:
        sys.stdout.flush()
        os._exit(code)


class _Quick:
    """Plugin of pytest: hypothesis draws the same examples each time, and does not make them smaller."""

    def pytest_sessionstart(self) -> None:
        drawn = [Phase.explicit, Phase.generate]
        settings.register_profile("quick", settings.default, derandomize=True, database=None, phases=drawn)
        settings.load_profile("quick")
