"""What one of the demo's processes is sent: to build an assignment."""

from __future__ import annotations

from pathlib import Path

from minigrad.grading.assignment.load import load
from minigrad.grading.authoring.build import build


def built(authored: Path, root: Path) -> list[str]:
    """Build an assignment into the course's `assignments/`; the names of the files that changed."""
    return build(load(authored), root / "assignments")
