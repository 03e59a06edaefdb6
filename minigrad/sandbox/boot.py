"""The program with which the sandbox's own processes start: it imports what workers need, then serves.

It is run by its path, as `python -s -S -P boot.py CONFIG`, where CONFIG is JSON. `minigrad` is loaded
from its folder and not through a search path, so nothing beside that folder (solutions, tests) can be
imported.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import site
import sys
import tempfile
import threading
import types
from collections.abc import Iterable, Iterator, Mapping
from importlib.machinery import ModuleSpec
from importlib.metadata import DistributionFinder, PathDistribution
from pathlib import Path
from typing import Any, NoReturn

# What submissions usually import. It is imported here once; workers are forked with it in memory.
COMMON = """abc array bisect collections copy csv dataclasses datetime decimal enum fractions functools
heapq inspect io itertools json linecache math operator pathlib pickle pprint random re statistics
string struct tempfile textwrap time traceback types typing warnings
numpy numpy.random numpy.linalg numpy.fft numpy.testing"""
HIDDEN = ("linux", "forkserver", "link", "errors")  # modules of the sandbox that no worker may import


def main(config: dict[str, Any]) -> NoReturn:
    """Import everything; then serve as the fork server or, for `unsafe`, as one worker without a sandbox."""
    sys.path[:] = config["path"]
    sys.meta_path.append(Listed(config["modules"], config["entries"]))
    _interactive_names()
    package = Path(config["package"])
    _find_package(package, config["engine"])
    for name in COMMON.split():
        importlib.import_module(name)
    for entry in config["ours"]:
        _import_below(Path(entry), package)
    if config["role"] == "worker":
        _plain_worker(config)
    from minigrad.sandbox import forkserver, worker

    _import_matplotlib()
    _hide_package(config["engine"])
    forkserver.serve(config, worker.serve)


class Listed:
    """Finds the packages on the course's list wherever they are installed, and no other.

    modules: the file of each module, or its folder, as `layout.Installed` has them; entries: what
    of packages may be read.
    """

    def __init__(self, modules: Mapping[str, str], entries: Iterable[str]) -> None:
        self._modules = modules
        self._metadata = [Path(p) for p in entries if p.endswith((".dist-info", ".egg-info"))]

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        place = self._modules.get(name)
        if place is None:
            return None
        if not os.path.isdir(place):
            return importlib.util.spec_from_file_location(name, place)
        spec = ModuleSpec(name, None, is_package=True)  # a mere folder of packages
        spec.submodule_search_locations = [place]
        return spec

    def find_distributions(self, context: DistributionFinder.Context) -> Iterator[PathDistribution]:
        """Their metadata, for importlib.metadata: some packages look up their own version there."""
        wanted = None if context.name is None else _plain(context.name)
        for folder in self._metadata:
            if wanted in (None, _plain(folder.name.partition("-")[0])):
                yield PathDistribution(folder)


def _plain(name: str) -> str:
    """A distribution's name as all its spellings have it in common."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _interactive_names() -> None:
    """Define exit, license, help and the like, as Jupyter does; `python -S` leaves them out."""
    site.setquit()
    site.setcopyright()
    site.sethelper()


def _find_package(folder: Path, engine: bool) -> None:
    """Load `minigrad` from `folder`; without the engine, as a package in which nothing is defined."""
    if not engine:
        stub = sys.modules["minigrad"] = types.ModuleType("minigrad")
        stub.__path__ = [str(folder)]
        return
    spec = importlib.util.spec_from_file_location(
        "minigrad", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{folder} holds no package")
    module = sys.modules["minigrad"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


def _import_below(entry: Path, package: Path) -> None:
    """Import a file of minigrad as a module, or all files below one of its folders."""
    for file in [entry] if entry.is_file() else sorted(entry.rglob("*.py")):
        parts = file.relative_to(package).with_suffix("").parts
        importlib.import_module(".".join(("minigrad", *parts)).removesuffix(".__init__"))


def _import_matplotlib() -> None:
    """Import matplotlib, if it is installed, and prepare it for workers.

    Workers draw with Agg, which needs no screen. They may not read the system's fonts, so only those
    that matplotlib brings are left. Nor may they start threads: its timer has to end before the fork.
    """
    given = os.environ.get("MPLCONFIGDIR")
    try:
        _find_font_folder()
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import font_manager, pyplot  # noqa: F401
    except ImportError:
        return
    except OSError as error:
        remedy = "set TMPDIR to a folder that can be written"
        raise OSError(f"matplotlib cannot be imported ({error}): {remedy}") from error
    made = os.environ.pop("MPLCONFIGDIR", None)  # a temporary folder, where HOME is not writable
    if made is not None and made != given:
        shutil.rmtree(made, ignore_errors=True)
    tempfile.tempdir = None  # workers have another
    own = matplotlib.get_data_path()
    manager = font_manager.fontManager
    manager.ttflist = [f for f in manager.ttflist if f.fname.startswith(own)]
    for thread in threading.enumerate():  # the timer of the font manager; unshare() wants a single thread
        if thread is not threading.main_thread():
            thread.join(10)


def _find_font_folder() -> None:
    """Help matplotlib where no temporary folder is usual, or the user has neither HOME nor a name."""
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        tempfile.tempdir = "/dev/shm"  # can be written in a container whose root cannot
    try:
        Path.home()
    except RuntimeError:
        os.environ.setdefault("MPLCONFIGDIR", tempfile.mkdtemp(prefix="matplotlib-"))


def _hide_package(engine: bool) -> None:
    """Make it impossible to import what is in `HIDDEN`, and other modules of the sandbox.

    Without the engine, all else of minigrad that is not imported yet cannot be imported either.
    """
    hidden = tuple(f"minigrad.sandbox.{name}" for name in HIDDEN)
    for name in [loaded for loaded in sys.modules if loaded.startswith(hidden)]:
        sys.modules.pop(name)
    for name in HIDDEN:
        vars(sys.modules["minigrad.sandbox"]).pop(name, None)
    sys.modules["minigrad.sandbox"].__path__ = []
    if not engine:
        sys.modules["minigrad"].__path__ = []
        sys.modules.pop("minigrad.errors", None)  # the fork server's own errors stand on it
        vars(sys.modules["minigrad"]).pop("errors", None)


def _plain_worker(config: dict[str, Any]) -> NoReturn:
    """Serve as a worker without a sandbox: requests come on standard input, replies go to standard output.

    Both are moved to other descriptors first, so that a submission that prints or reads does not
    disturb them.
    """
    from minigrad.sandbox import protocol, worker

    _hide_package(config["engine"])
    source, sink = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    _limit_memory(config["memory_mb"])
    os.write(sink, protocol.frame(0, "ready"))
    worker.serve(source, sink)
    os._exit(0)


def _limit_memory(megabytes: int) -> None:
    """Limit this process's memory, on systems where that is possible."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))
    except (ImportError, ValueError, OSError):  # without it, only the deadlines stop a submission
        pass


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
