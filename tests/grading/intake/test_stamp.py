"""timestamp.txt: the times that it may hold, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from minigrad.grading.intake.stamp import handed_in_at
from minigrad.grading.model import Refused


@pytest.mark.parametrize(
    "text",
    [
        "2030-01-31 12:00:00 UTC",
        "2030-01-31 12:00:00.000000 UTC\n",
        "2030-01-31 12:00 Z",
        "2030-01-31 13:00:00 +0100",
        "2030-01-31 13:00 +01:00",
        "2030-01-31T12:00:00Z",
        "2030-01-31T07:00:00-05:00",
        "2030-01-31 12:00:00",
        "\ufeff2030-01-31 13:00:00 Europe/Berlin",
    ],
)
def test_times(tmp_path, text):
    (tmp_path / "timestamp.txt").write_text(text, encoding="utf-8")
    assert handed_in_at(tmp_path, tmp_path) == datetime(2030, 1, 31, 12, tzinfo=UTC)


def test_without_the_file_there_is_no_time(tmp_path):
    assert handed_in_at(tmp_path) is None


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"yesterday", "holds no time"),
        (b"", "holds no time"),  # it would count as on time
        (b" \n", "holds no time"),
        (b"31.01.2030 12:00", "holds no time"),
        (b"2030-01-31T12:00:00Z extra +0100", "holds no time"),
        (b"2030-01-31 12:00:00 ../../etc/passwd", "holds no time"),
        (b"9999-12-31 23:59:59 -1400", "holds no time"),
        (b"2030-01-31 \xff", "not UTF-8"),
        (b"2" * 201, "201 bytes"),
        (b"2" * 3_000_000, "no small text file"),
    ],
)
def test_anything_else_is_refused_with_the_remedy(tmp_path, data, why):
    (tmp_path / "timestamp.txt").write_bytes(data)
    with pytest.raises(Refused, match=f"{why}.*or delete the file"):
        handed_in_at(tmp_path)
