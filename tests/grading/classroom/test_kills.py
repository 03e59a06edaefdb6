"""A run that is killed at random moments ends with what an undisturbed one gives; more in tests.kills."""

from __future__ import annotations

import sys

import pytest

from tests.kills import campaign


@pytest.mark.slow
@pytest.mark.usefixtures("sandbox")
@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_kills_lose_and_double_nothing(tmp_path):
    result = campaign(tmp_path, 3, seed=1)
    assert result.wrong == []
    assert sum(result.kills.values()) == 3
