"""How many processes can work at once here: the cores that a container leaves us, not the machine's."""

from __future__ import annotations

import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")


def cores(cgroup: Path = CGROUP) -> int:
    """Cores that this process may use, at least 1: of those it may run on, what its quota lasts for.

    More workers than that would take turns, and be over their deadlines by no fault of a submission.
    """
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    share = quota(cgroup)
    return count if share is None else max(1, min(count, int(share)))


def quota(cgroup: Path) -> float | None:
    """Seconds of CPU in a second of time by the control group, of version 2 or 1; None without a bound."""
    try:
        used, period = (cgroup / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            used = (cgroup / "cpu" / "cpu.cfs_quota_us").read_text()
            period = (cgroup / "cpu" / "cpu.cfs_period_us").read_text()
        except OSError:
            return None
    try:
        share = float(used) / float(period)
    except (ValueError, ZeroDivisionError):  # "max"
        return None
    return share if share > 0 else None  # -1: no bound
