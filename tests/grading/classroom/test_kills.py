"""A run that is killed at random moments ends with what an undisturbed one gives; more in tests.kills."""

from __future__ import annotations

import sys

import pytest

from minigrad.sandbox.errors import SandboxUnavailable
from minigrad.sandbox.server import Server
from tests.kills import campaign


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_kills_lose_and_double_nothing(tmp_path):
    try:
        Server().close()
    except SandboxUnavailable as error:
        pytest.skip(str(error))
    result = campaign(tmp_path, 3, seed=1)
    assert result.wrong == []
    assert sum(result.kills.values()) == 3
