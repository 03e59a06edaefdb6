"""How much memory a container leaves us, by its control group: not the machine's."""

from __future__ import annotations

from pathlib import Path

from minigrad.sandbox.linux.cores import CGROUP

UNBOUND = 1 << 60  # version 1 writes a number near 2^63 where there is no bound


def memory_mb(cgroup: Path = CGROUP) -> int | None:
    """MiB that all processes here may use together, by the control group of version 2 or 1; None without
    a bound."""
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        try:
            most = int((cgroup / name).read_text())
        except (OSError, ValueError):  # "max"
            continue
        return most >> 20 if 0 < most < UNBOUND else None
    return None
