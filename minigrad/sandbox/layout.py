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
OURS = (
    "checks.py",
    "sandbox/__init__.py",
    "sandbox/protocol.py",
    "sandbox/cells.py",
    "sandbox/probing.py",
    "sandbox/worker.py",
)
ENGINE = (
    *("__init__", "errors", "contract", "recording", "tape", "fast", "ops", "tensor", "arguments"),
    *("functional", "gradcheck", "optim", "train", "plot", "nn", "data"),
)
LIBRARIES = ("numpy", "matplotlib")
SYSTEM = ("/usr/lib", "/usr/lib64", "/lib", "/lib64")


@dataclass(frozen=True)
class Layout:
    """What a worker may read, as absolute paths: `trees`, but of the folder `package` only `entries`."""

    path: tuple[str, ...]  # sys.path of the worker
    trees: tuple[str, ...]
    package: str
    entries: tuple[str, ...]

    def read(self) -> tuple[list[str], list[str]]:
        """(paths that may be read, folders that may only be listed), for Landlock.

        A rule of Landlock holds for everything below a folder. A tree that contains `package` is
        therefore given in parts: all that lies beside the way down to the package may be read, the
        folders on the way may be listed.
        """
        read: list[str] = list(self.entries)
        list_only: list[str] = []
        for tree in self.trees:
            _split(Path(tree), Path(self.package), read, list_only)
        return read, list_only

    def exposes(self, secret: Path) -> str | None:
        """The readable path that contains `secret` or lies in it; None where there is none."""
        secret = secret.resolve()
        for shown in (*self.trees, *self.entries):
            path = Path(shown).resolve()
            if secret.is_relative_to(path) or path.is_relative_to(secret):
                return shown
        return None


def _split(tree: Path, hidden: Path, read: list[str], list_only: list[str]) -> None:
    """Add to `read` and `list_only` what is needed to read all of `tree` outside the folder `hidden`."""
    if not hidden.is_relative_to(tree):
        read.append(str(tree))
    elif tree != hidden:
        list_only.append(str(tree))
        for part in sorted(tree.iterdir()):
            _split(part, hidden, read, list_only)


def layout(engine: bool, readable: Iterable[Path] = (), package: Path = PACKAGE) -> Layout:
    """What a worker may read on this machine; `readable` are further files or folders.

    Raises FileNotFoundError where one of these does not exist.
    """
    path = _search_path()
    base = Path(sys.base_prefix).resolve()
    python = [] if base == Path("/usr") else [str(base / "lib")]
    extra = [str(p.resolve(strict=True)) for p in readable]
    trees = [p for p in (*SYSTEM, *python, *path, *extra) if os.path.lexists(p)]
    return Layout(tuple(path), tuple(_outermost(trees)), str(package), tuple(_entries(package, engine)))


def _search_path() -> list[str]:
    """The worker's sys.path: the standard library, and the folders in which NumPy and matplotlib are."""
    platform = sysconfig.get_path("platstdlib", vars={"platbase": sys.base_exec_prefix})
    standard = [sysconfig.get_path("stdlib"), f"{platform}/lib-dynload", f"{sys.base_prefix}/DLLs"]
    specs = [importlib.util.find_spec(name) for name in LIBRARIES]
    installed = [str(Path(s.origin).parent.parent) for s in specs if s is not None and s.origin]
    return list(dict.fromkeys(str(Path(p).resolve()) for p in (*standard, *installed) if os.path.exists(p)))


def _outermost(paths: Sequence[str]) -> list[str]:
    """`paths` without those that lie inside another one; symbolic links are not followed."""
    unique = list(dict.fromkeys(paths))
    return [p for p in unique if not any(p != q and p.startswith(q + "/") for q in unique)]


def _entries(package: Path, engine: bool) -> list[str]:
    """The files and folders of ours that a worker may read."""
    ours = [str(package / name) for name in OURS]
    if not engine:
        return ours
    return ours + sorted(str(p) for p in package.iterdir() if p.name.removesuffix(".py") in ENGINE)
