"""Which files a worker can read: Python, its libraries, the engine, and the worker itself."""

from __future__ import annotations

import importlib.util
import os
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
OURS = ("checks.py", "sandbox/__init__.py", "sandbox/protocol.py", "sandbox/cells.py", "sandbox/worker.py")
ENGINE = (
    *("__init__", "contract", "tape", "vjps", "fast", "ops", "tensor", "functional"),
    *("gradcheck", "optim", "train", "plot", "nn", "data"),
)
LIBRARIES = ("numpy", "matplotlib")
SYSTEM = ("/usr/lib", "/usr/lib64", "/lib", "/lib64")


@dataclass(frozen=True)
class Layout:
    """Absolute paths. `trees` are readable whole; of the folder `package` only `entries` are."""

    path: tuple[str, ...]  # sys.path of the worker
    trees: tuple[str, ...]
    package: str
    entries: tuple[str, ...]

    def read(self) -> tuple[list[str], list[str]]:
        """(readable, listable) where the folder `package` cannot be covered: all but its rest.

        A rule of Landlock holds for all below a folder; a tree that contains the package is given
        by its parts instead.
        """
        read: list[str] = list(self.entries)
        list_only: list[str] = []
        for tree in self.trees:
            _split(Path(tree), Path(self.package), read, list_only)
        return read, list_only

    def exposes(self, secret: Path) -> str | None:
        """The readable path that contains `secret`, or lies in it."""
        secret = secret.resolve()
        for shown in (*self.trees, *self.entries):
            path = Path(shown).resolve()
            if secret.is_relative_to(path) or path.is_relative_to(secret):
                return shown
        return None


def _split(tree: Path, hidden: Path, read: list[str], list_only: list[str]) -> None:
    if not hidden.is_relative_to(tree):
        read.append(str(tree))
    elif tree != hidden:
        list_only.append(str(tree))
        for part in sorted(tree.iterdir()):
            _split(part, hidden, read, list_only)


def layout(engine: bool, readable: Iterable[Path] = (), package: Path = PACKAGE) -> Layout:
    """What a worker sees on this machine; `readable` adds files or folders."""
    path = _search_path()
    base = Path(sys.base_prefix).resolve()
    python = [] if base == Path("/usr") else [str(base / "lib")]
    extra = [str(p.resolve(strict=True)) for p in readable]
    trees = [p for p in (*SYSTEM, *python, *path, *extra) if os.path.lexists(p)]
    return Layout(tuple(path), tuple(_outermost(trees)), str(package), tuple(_entries(package, engine)))


def _search_path() -> list[str]:
    """The standard library, and wherever NumPy and matplotlib are installed."""
    platform = sysconfig.get_path("platstdlib", vars={"platbase": sys.base_exec_prefix})
    standard = [sysconfig.get_path("stdlib"), f"{platform}/lib-dynload", f"{sys.base_prefix}/DLLs"]
    specs = [importlib.util.find_spec(name) for name in LIBRARIES]
    installed = [str(Path(s.origin).parent.parent) for s in specs if s is not None and s.origin]
    return list(dict.fromkeys(str(Path(p).resolve()) for p in (*standard, *installed) if os.path.exists(p)))


def _outermost(paths: Sequence[str]) -> list[str]:
    """`paths` without those inside another one; a symbolic link stands for itself."""
    unique = list(dict.fromkeys(paths))
    return [p for p in unique if not any(p != q and p.startswith(q + "/") for q in unique)]


def _entries(package: Path, engine: bool) -> list[str]:
    ours = [str(package / name) for name in OURS]
    if not engine:
        return ours
    return ours + sorted(str(p) for p in package.iterdir() if p.name.removesuffix(".py") in ENGINE)
