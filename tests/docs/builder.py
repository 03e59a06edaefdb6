"""The site's builder, which is a program and no package, and what its pages must not show."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.solved import solved

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs" / "site"))

import build  # noqa: E402, F401
import chapters  # noqa: E402, F401


def answers(name: str) -> set[str]:
    """The lines of a solution, without spaces, that tell something and that its release has not."""
    released = {line.strip() for cell in solved(name).cells for line in cell.source.splitlines()}
    lines = {line.strip() for text in solved(name).solution.values() for line in text.splitlines()}
    told = {line for line in lines - released if len(line) > 25 and not line.startswith(("#", '"""'))}
    return {"".join(line.split()) for line in told}
