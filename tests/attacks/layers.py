"""One layer taken away at a time, in a copy of the package, and what then gets through.

Only attacks that harm nothing but the tests' own files are let loose in this way.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.attacks.users import REPOSITORY


@dataclass(frozen=True)
class Layer:
    """A layer by the one place in our sources that puts it up, and attacks that it alone stops."""

    name: str
    configuration: str
    file: str
    old: str
    new: str
    through: tuple[str, ...]


SECCOMP = ("sandbox/forkserver.py", "        seccomp.restrict()\n", "")
LANDLOCK = ("sandbox/forkserver.py", "        if landlock.abi():\n", "        if False:\n")
RLIMITS = ("sandbox/forkserver.py", '        calls.limit(options["memory_mb"], FILE_MB)\n', "")
BOUNDLESS = ("reserve 64 GiB", "many descriptors")
SOCKETS = ("tcp", "udp", "unix", "pair", "memfd")

LISTED = ("sandbox/layout.py", "apart(shown.paths), shown.modules)",
          "apart(map(os.path.dirname, shown.paths)), shown.modules)",
          ("a package that is not listed", "from NumPy's folder upwards", "as lines of source"))  # fmt: skip

LAYERS = (
    Layer("seccomp", "namespaces", *SECCOMP, (*SOCKETS, "netlink", "abstract socket", "shared memory")),
    Layer("seccomp", "landlock", *SECCOMP, (*SOCKETS, "netlink", "shared memory", "utime")),
    Layer("Landlock", "namespaces", *LANDLOCK, ("list the root",)),
    Layer("Landlock", "landlock", *LANDLOCK, ("read", "list", "hidden checks", "unlink", "write")),
    Layer("rlimits", "namespaces", *RLIMITS, BOUNDLESS),
    Layer("rlimits", "landlock", *RLIMITS, BOUNDLESS),
    Layer("namespaces", "landlock", "sandbox/__init__.py", "", "", ("stat a file outside", "stat a home")),
    Layer("the size of scratch", "namespaces", "sandbox/linux/calls.py",
          'f"size={megabytes}m,nr_inodes=256,mode=777"', '"size=200m,mode=777"',
          ("fill the disk", "many files")),
    Layer("the clean environment", "namespaces", "sandbox/forkserver.py", "    os.environ.clear()\n",
          '    os.environ["MINIGRAD_SECRET"] = "of the judge"\n', ("the environment of the judge",)),
    Layer("modules hidden from workers", "namespaces", "sandbox/boot.py",
          "        sys.modules.pop(name)\n", "        pass\n",
          ("the sandbox itself",)),
    Layer("files closed", "namespaces", "sandbox/forkserver.py",
          "    calls.close_all_but([0, 1, 2, CHANNEL, LIFELINE, *kept])\n", "",
          ("any inherited file",)),
    Layer("the list of packages", "namespaces", *LISTED),
    Layer("the list of packages", "landlock", *LISTED),
    Layer("deadlines in CPU time", "namespaces", "sandbox/forkserver.py",
          "                deadline = calls.cpu_time(pid) + seconds\n", "                pass\n",
          ("endless loop", "signals ignored")),
)  # fmt: skip


@contextmanager
def without(layer: Layer) -> Iterator[Path]:
    """A folder in which `minigrad` lacks the layer; ValueError when its place is not found once."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    try:
        shutil.copytree(REPOSITORY / "minigrad", folder / "minigrad",
                        ignore=shutil.ignore_patterns("__pycache__"))  # fmt: skip
        path = folder / "minigrad" / layer.file
        text = path.read_text()
        if layer.old:
            if text.count(layer.old) != 1:
                raise ValueError(f"{layer.name}: found {text.count(layer.old)} times in {layer.file}")
            path.write_text(text.replace(layer.old, layer.new))
        yield folder
    finally:
        shutil.rmtree(folder)
