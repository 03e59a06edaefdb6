"""One tree of errors, so that the command line has one to catch."""

from __future__ import annotations

import contextlib
import importlib
import pkgutil
import subprocess
import sys

import minigrad
from minigrad.errors import MinigradError
from minigrad.grading.model import AuthoringError, GradingError, JudgeFault, Refused
from minigrad.sandbox.errors import SandboxError, SandboxFault, SandboxUnavailable, WorkerEnded

# What never reaches the command line: the codec's own, and what a probe says to the worker.
INSIDE = {"ProtocolError", "Missing", "Todo", "BadValue"}


def test_the_graders_and_the_sandboxs_errors_stand_below_one_root() -> None:
    assert {GradingError, SandboxError} <= set(MinigradError.__subclasses__())
    assert {AuthoringError, Refused, JudgeFault} <= set(GradingError.__subclasses__())
    assert {SandboxUnavailable, SandboxFault, WorkerEnded} <= set(SandboxError.__subclasses__())


def test_every_error_of_the_grader_and_the_sandbox_is_in_the_tree() -> None:
    found = {}
    for package in ("minigrad.grading", "minigrad.sandbox"):
        (folder,) = importlib.import_module(package).__path__
        for module in pkgutil.walk_packages([folder], f"{package}."):
            names = {}
            with contextlib.suppress(ModuleNotFoundError):  # an extra that is not installed
                names = vars(importlib.import_module(module.name))
            found |= {k: v for k, v in names.items() if isinstance(v, type) and v.__module__ == module.name}
    errors = {k for k, v in found.items() if issubclass(v, Exception) and not issubclass(v, MinigradError)}
    assert errors <= INSIDE


def test_the_root_needs_nothing() -> None:
    assert minigrad.__file__ is not None
    file = minigrad.__file__.replace("__init__", "errors")
    program = f"import sys\nexec(open({file!r}).read())\nassert 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-S", "-c", program], check=True)
