"""Processes where the machine has no room for them."""

from __future__ import annotations

import errno
from multiprocessing import synchronize
from types import SimpleNamespace

import pytest

from minigrad.grading.classroom.processes import Processes
from minigrad.grading.model import GradingError


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.ENOENT, errno.EACCES])
def test_no_room_for_locks_is_told_with_its_remedy(monkeypatch, code):
    def full(*arguments):
        raise OSError(code, "as it may be")

    monkeypatch.setattr(synchronize, "_multiprocessing", SimpleNamespace(SemLock=full))
    with pytest.raises(GradingError, match=r"/dev/shm: as it may be; use `--workers 1`"):
        Processes(2)
