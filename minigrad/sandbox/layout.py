"""Which files a worker can read: Python, the packages on the course's list, the engine, and the worker."""

from __future__ import annotations

import functools
import importlib.util
import inspect
import os
import platform
import re
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from minigrad.sandbox.errors import PackageMissing

PACKAGE = Path(__file__).resolve().parent.parent
OURS = (
    "checks.py",
    "sandbox/__init__.py",
    "sandbox/protocol.py",
    "sandbox/cells.py",
    "sandbox/failures.py",
    "sandbox/probing.py",
    "sandbox/worker.py",
)
ENGINE = (
    *("__init__", "errors", "contract", "habits", "recording", "tape", "fast", "ops", "tensor", "arguments"),
    *("functional", "gradcheck", "optim", "train", "plot", "nn", "data"),
)
ALWAYS = ("numpy", "matplotlib", "tqdm", "ipython")  # distributions that notebooks may import, if installed
REQUIREMENT = re.compile(r"\s*(?P<name>[\w.-]+)\s*(?:\[(?P<extras>[^\]]*)\])?")
EXTRA = re.compile(r"""extra\s*==\s*["']([^"']+)["']""")
OWN = (".dist-info", ".egg-info", ".libs")  # how folders end that belong to one distribution alone
SITES = ("site-packages", "dist-packages")  # the folders below Python's own in which packages lie


@dataclass(frozen=True)
class Layout:
    """What a worker may read, as absolute paths: `trees`, but of the folders `hidden` only `entries`."""

    path: tuple[str, ...]  # sys.path of the worker
    trees: tuple[str, ...]
    hidden: tuple[str, ...]  # all lie in a tree
    ours: tuple[str, ...]  # minigrad's own files and folders
    packages: tuple[str, ...] = ()  # those of packages on the list
    modules: Mapping[str, str] = field(default_factory=dict)  # of packages on the list: see `Installed`

    @property
    def entries(self) -> tuple[str, ...]:
        """What may be read outside the trees, or in a hidden folder."""
        return (*self.packages, *self.ours)

    def shown(self) -> list[str]:
        """All that may be read where namespaces hide the rest: few paths, so few rules of Landlock."""
        return list(_outermost([*self.trees, *self.hidden, *map(os.path.dirname, self.entries)]))

    def read(self) -> tuple[list[str], list[str]]:
        """(paths that may be read, folders that may only be listed), for Landlock.

        A rule of Landlock holds for everything below a folder. A tree that contains a hidden folder is
        therefore given in parts: all that lies beside the way down to it may be read, the folders on
        the way may be listed.
        """
        read: list[str] = list(self.entries)
        list_only: list[str] = []
        for tree in _outermost(map(os.path.realpath, self.trees)):
            _split(Path(tree), [Path(folder) for folder in self.hidden], read, list_only)
        return read, list_only

    def exposes(self, secret: Path) -> str | None:
        """The readable path that contains `secret` or lies in it; None where there is none."""
        secret = secret.resolve()
        for shown in (*self.trees, *self.entries):
            path = Path(shown).resolve()
            if secret.is_relative_to(path) or path.is_relative_to(secret):
                return shown
        return None


def _split(tree: Path, hidden: Sequence[Path], read: list[str], list_only: list[str]) -> None:
    """Add to `read` and `list_only` what is needed to read all of `tree` outside the folders `hidden`."""
    within = [folder for folder in hidden if folder.is_relative_to(tree)]
    if not within:
        read.append(str(tree))
    elif tree not in within:
        list_only.append(str(tree))
        for part in sorted(tree.iterdir()):
            if not part.is_symlink():  # what it leads to is shown where it lies, or not at all
                _split(part, within, read, list_only)


def layout(
    engine: bool, readable: Iterable[Path] = (), packages: Sequence[str] = (), package: Path = PACKAGE
) -> Layout:
    """What a worker may read on this machine; `readable` are further files or folders.

    `packages` are distributions that its code may import besides those that it always may.
    Raises FileNotFoundError where a file does not exist, PackageMissing where a distribution does not.
    """
    extra = [str(p.resolve(strict=True)) for p in readable]
    path, own = _standard_library(), _folders_of_python()
    trees = _outermost([*own, *path, *extra])
    shown = installed(tuple(packages))
    hidden = _outermost(p for p in (*_sites([*own, *path]), str(package)) if _inside(p, trees))

    def apart(paths: Iterable[str]) -> tuple[str, ...]:
        return tuple(p for p in _outermost(paths) if _inside(p, hidden) or not _inside(p, trees))

    ours = apart(_ours(package, engine))
    return Layout(path, trees, hidden, ours, apart(shown.paths), shown.modules)


def _inside(path: str, folders: Iterable[str]) -> bool:
    """Whether a path lies in one of `folders`, or is one."""
    return any(Path(path).is_relative_to(os.path.realpath(folder)) for folder in folders)


# ------------------------------------------------------------------------------- packages


@dataclass(frozen=True)
class Installed:
    """Where packages lie: `modules` has the file of each, by its name, or the folder if it has no file.

    What lies in a package is not named; what lies in a mere folder is: `mpl_toolkits.mplot3d`.
    """

    paths: tuple[str, ...]  # files and folders that have to be readable
    modules: Mapping[str, str]


@functools.cache  # what is installed stays so while a judge runs, and many servers ask
def installed(listed: tuple[str, ...]) -> Installed:
    """The distributions `listed`, those in `ALWAYS`, and all that they require.

    Raises PackageMissing for one of `listed` that is not installed here.
    """
    paths: dict[str, None] = {}
    modules: dict[str, str] = {}
    distributions, unknown = required(listed)
    for shown in (_searched(unknown), *(_recorded(d) or _searched(_declared(d)) for d in distributions)):
        modules |= shown.modules
        paths |= dict.fromkeys(place for path in shown.paths for place in _followed(path))
    return Installed(tuple(paths), modules)


def required(listed: Sequence[str]) -> tuple[list[Distribution], list[str]]:
    """The distributions `listed`, those in `ALWAYS`, and what they require; of `ALWAYS`, what is not here.

    Raises PackageMissing for one of `listed` that is not installed here.
    """
    found: dict[str, Distribution] = {}
    unknown: list[str] = []
    asked: set[tuple[str, str]] = set()
    left = [(name, "") for name in (*listed, *ALWAYS)]
    for name, extra in left:  # which grows
        plain = re.sub(r"[-_.]+", "-", name).lower()
        if plain == "minigrad" or (plain, extra) in asked:
            continue  # of minigrad, a worker gets its own part
        asked.add((plain, extra))
        try:
            one = found.setdefault(plain, distribution(name))
        except (PackageNotFoundError, ValueError):
            if name in listed:
                raise PackageMissing(name) from None
            unknown += [name] * (name in ALWAYS)
            continue  # not every requirement is one on this system
        left += _requirements(one.requires or (), extra)
    return list(found.values()), unknown


def _requirements(lines: Iterable[str], extra: str) -> Iterator[tuple[str, str]]:
    """The distributions, as (name, one of its extras), that an extra, or "" for none, requires."""
    for line in lines:
        requirement, _, marker = line.partition(";")
        of = EXTRA.findall(marker)
        if (named := REQUIREMENT.match(requirement)) and (extra in of if of else True):
            extras = filter(None, map(str.strip, (named["extras"] or "").split(",")))
            yield from ((named["name"], one) for one in ("", *extras))


def _recorded(found: Distribution) -> Installed | None:
    """Where a distribution lies by its own list of files; None where these are no modules."""
    files = [f.parts for f in found.files or () if f.parts[0] not in ("..", "/", "__pycache__")]
    files = [f for f in files if not f[-1].endswith(".pth") and not f[0].startswith("__editable__")]
    packages = {f[:-1]: f for f in sorted(files, reverse=True) if inspect.getmodulename(f[-1]) == "__init__"}
    roots: dict[tuple[str, ...], None] = {}
    modules: dict[str, str] = {}
    for file in files:
        # A folder that is no package may be other distributions', too: then its parts are shown.
        above = (file[:n] for n in range(1, len(file)))
        roots[next((p for p in above if p in packages or p[0].endswith(OWN)), file)] = None
    paths = {root: _place(found, root) for root in roots}
    paths = {root: place for root, place in paths.items() if os.path.lexists(place)}
    for root in paths:
        name = root[-1] if root in packages else inspect.getmodulename(root[-1])
        if name:
            modules |= {".".join(root[:n]): _place(found, root[:n]) for n in range(1, len(root))}
            modules[".".join((*root[:-1], name))] = _place(found, packages.get(root, root))
    return Installed(tuple(paths.values()), modules) if modules else None


def _place(found: Distribution, parts: Iterable[str]) -> str:
    return str(found.locate_file("/".join(parts)))


def _declared(found: Distribution) -> list[str]:
    """The modules of a distribution that has no list of them: Debian's, or an editable installation."""
    named = (found.read_text("top_level.txt") or "").split()
    return named or [found.name.replace("-", "_")]


def _searched(names: Iterable[str]) -> Installed:
    """Where modules lie that this process itself would import by these names."""
    paths: dict[str, None] = {}
    modules: dict[str, str] = {}
    for name in names:
        spec = importlib.util.find_spec(name)
        folders = list(spec.submodule_search_locations or ()) if spec else []
        file = spec.origin if spec and spec.has_location else None
        if file or folders:
            modules[name] = file or folders[0]
            paths |= dict.fromkeys(folders or [str(file)])
    return Installed(tuple(paths), modules)


def _followed(path: str) -> Iterator[str]:
    """A path, and what it leads to where it is a link."""
    yield path
    if os.path.islink(path):
        yield os.path.realpath(path)


# ---------------------------------------------------------------------------------- Python


@functools.cache
def _standard_library() -> tuple[str, ...]:
    """The worker's sys.path: the standard library alone. What is on the list is found by its name."""
    platform = sysconfig.get_path("platstdlib", vars={"platbase": sys.base_exec_prefix})
    standard = [sysconfig.get_path("stdlib"), f"{platform}/lib-dynload", f"{sys.base_prefix}/DLLs"]
    return tuple(dict.fromkeys(str(Path(p).resolve()) for p in standard if os.path.exists(p)))


@functools.cache
def _folders_of_python() -> tuple[str, ...]:
    """Where the shared libraries lie that Python and packages load: the system's, and its own."""
    base = Path(sys.base_prefix).resolve()
    own = [] if base == Path("/usr") else [str(base / "lib")]
    machine = f"{platform.machine()}-linux-gnu"  # Debian keeps them apart from all else
    system = [f"/usr/lib/{machine}", f"/lib/{machine}", "/lib64", "/usr/lib64", "/usr/lib/locale"]
    if not os.path.isdir(system[0]):
        system = ["/usr/lib", "/usr/lib64", "/lib", "/lib64"]
    fonts = "/usr/share/matplotlib"  # Debian's
    return tuple(p for p in (*system, fonts, *own) if os.path.lexists(p))


def _sites(trees: Iterable[str]) -> Iterator[str]:
    """The folders of packages in Python's own folders."""
    for tree in map(Path, trees):
        for name in SITES:
            yield from map(os.path.realpath, filter(os.path.isdir, (tree / name, *tree.glob(f"*/{name}"))))


def _outermost(paths: Iterable[str]) -> tuple[str, ...]:
    """`paths` without those that lie inside another one; symbolic links are not followed."""
    unique = dict.fromkeys(paths)
    return tuple(p for p in unique if not any(str(above) in unique for above in Path(p).parents))


def _ours(package: Path, engine: bool) -> list[str]:
    """The files and folders of ours that a worker may read."""
    ours = [str(package / name) for name in OURS]
    if not engine:
        return ours
    return ours + sorted(str(p) for p in package.iterdir() if p.name.removesuffix(".py") in ENGINE)
