"""The cores that are ours, by affinity and by the control group's quota."""

from __future__ import annotations

import os

import pytest

from minigrad.sandbox.linux.cores import cores, quota


def group(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return folder


@pytest.mark.parametrize(
    ("files", "share"),
    [
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu.max": "50000 100000\n"}, 0.5),
        ({"cpu.max": "250000 100000\n"}, 2.5),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({"cpu/cpu.cfs_quota_us": "300000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 3.0),
        ({"cpu/cpu.cfs_quota_us": "300000\n"}, None),
        ({"cpu.max": "nonsense"}, None),
        ({}, None),
    ],
)
def test_the_quota_of_both_versions(tmp_path, files, share):
    assert quota(group(tmp_path, files)) == share


@pytest.mark.parametrize(
    ("allowed", "most", "count"),
    [(64, "max", 64), (64, "100000", 1), (64, "50000", 1), (64, "250000", 2), (2, "6400000", 2)],
)
def test_workers_are_as_many_as_the_quota_lasts_for(tmp_path, monkeypatch, allowed, most, count):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(allowed)), raising=False)
    assert cores(group(tmp_path, {"cpu.max": f"{most} 100000\n"})) == count
