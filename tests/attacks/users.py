"""Who runs the attacks: this user, and an ordinary one where this is root."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

import minigrad

REPOSITORY = Path(minigrad.__file__).resolve().parent.parent
SITE = Path(np.__file__).resolve().parent.parent
NOBODY = 65534
TRY = (
    f"import os, sys; os.setgid({NOBODY}); os.setuid({NOBODY}); os.execv(sys.argv[1],"
    " [sys.argv[1], '-c', 'import numpy, minigrad'])"
)


def path(*first: Path) -> str:
    """PYTHONPATH with the repository and the installed packages."""
    return os.pathsep.join(map(str, (*first, REPOSITORY, SITE)))


def interpreter() -> str | None:
    """A Python of this version that a user without rights can run, with NumPy on its path."""
    for python in (sys.executable, f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"):
        tried = subprocess.run(
            [sys.executable, "-c", TRY, python], env={"PYTHONPATH": path()}, capture_output=True, cwd="/",
            check=False,
        )  # fmt: skip
        if tried.returncode == 0:
            return python
    return None
