"""Salts, keys and report files."""

import dataclasses
import os
import stat
import threading

import pytest

from minigrad.grading.judge import seeds
from minigrad.grading.model import (
    Assignment,
    Cell,
    CellRun,
    Exercise,
    GradingError,
    Report,
    Verdict,
)
from minigrad.grading.store import files
from minigrad.grading.store.reports import (
    from_dict,
    load_report,
    new_salt,
    read_salt,
    save_report,
    to_dict,
)

CELLS = (
    Cell("a", "solution", "x = 1"),
    Cell("t", "text", "words", markdown=True),
    Cell("l", "lab", "plot()"),
)
TASK = Assignment("00-a", CELLS, {"a": "x = 2"}, (), frozenset(), {"checks.py": "..."})
REPORT = Report(
    "00-a",
    "graded",
    (
        Exercise(
            "e",
            10.0,
            2.5,
            (
                Verdict("e.a", "e", "Says é.", 2.5, True, True),
                Verdict("e.b", "e", "Says.", 7.5, False, False, "wrong"),
            ),
            "m",
            "hint",
        ),
    ),
    notes=("note",),
    cells=(CellRun("a", "out\n", "TypeError"),),
    cpu=1.5,
    training_cpu=0.5,
)


def test_a_report_survives_json(tmp_path):
    assert from_dict(to_dict(REPORT)) == REPORT
    save_report(tmp_path / "new", "k", REPORT)
    assert load_report(tmp_path / "new", "k") == dataclasses.replace(REPORT, cpu=0.0, training_cpu=0.0)
    assert load_report(tmp_path / "new", "none") is None
    refused = Report("00-a", "refused", reason="no JSON", blank=True)
    assert from_dict(to_dict(refused)) == refused


def test_a_stored_report_holds_no_times_and_is_private(tmp_path):
    save_report(tmp_path, "a", REPORT)
    save_report(tmp_path, "b", dataclasses.replace(REPORT, cpu=99.0, training_cpu=98.0))
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert stat.S_IMODE((tmp_path / "a.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"status": "passed"}', "null", "\xff"])
def test_a_damaged_report_is_none(tmp_path, text):
    (tmp_path / "k.json").write_text(text, encoding="latin-1")
    assert load_report(tmp_path, "k") is None


def test_a_failed_write_leaves_the_old_file_and_no_scratch(tmp_path, monkeypatch):
    files.write(tmp_path / "f", b"old")

    def no_disk(fd):
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", no_disk)
    with pytest.raises(OSError, match="disk full"):
        files.write(tmp_path / "f", b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["f"]
    assert (tmp_path / "f").read_bytes() == b"old"


def test_a_salt_is_made_once_and_kept(tmp_path):
    path = tmp_path / "salts" / "00-a"
    salt = read_salt(path)
    assert len(salt) == 16
    assert read_salt(path) == salt
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert new_salt(path) != salt
    assert read_salt(path) != salt
    path.write_text("tampered")
    with pytest.raises(GradingError, match="holds no salt"):
        read_salt(path)


def test_processes_that_start_together_share_a_salt(tmp_path):
    path, found = tmp_path / "salt", []
    threads = [threading.Thread(target=lambda: found.append(read_salt(path))) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["salt"]


def test_mac_separates_its_parts():
    salt = b"s" * 16
    lists = [["ab", "c"], ["a", "bc"], ["abc"], ["ab", "c", ""], ["", "ab", "c"]]
    assert len({seeds.mac(salt, parts) for parts in lists}) == len(lists)
    assert seeds.mac(salt, ["a"]) != seeds.mac(b"t" * 16, ["a"])
    assert seeds.mac(salt, ["a"]) == seeds.mac(salt, [b"a"])


def test_seeds_differ_by_salt_assignment_check_and_try():
    drawn = {
        seeds.seed(s, a, c, t)
        for s in (b"1" * 16, b"2" * 16)
        for a in ("00-a", "01-b")
        for c in ("e.a", "e.b")
        for t in (0, 1)
    }
    assert len(drawn) == 16
    assert all(len(bytes.fromhex(s)) == 32 for s in drawn)


def test_a_key_depends_on_what_decides_the_score():
    salt = b"s" * 16
    base = seeds.key(salt, CELLS, TASK)
    text = dataclasses.replace(CELLS[1], source="other words")
    code = dataclasses.replace(CELLS[0], source="x = 3")
    assert seeds.key(salt, (CELLS[0], text, CELLS[2]), TASK) == base
    assert seeds.key(salt, (code, *CELLS[1:]), TASK) != base
    assert seeds.key(b"t" * 16, CELLS, TASK) != base
    for change in (
        {"sources": {"checks.py": "other"}},
        {"solution": {"a": "x = 4"}},
        {"packages": ("scipy",)},
        {"cells": (*CELLS, Cell("c", "check", "", 5.0, exercise="e"))},
    ):
        other = dataclasses.replace(TASK, **change)
        assert seeds.key(salt, CELLS, other) != base


def test_minigrads_source_counts(monkeypatch):
    salt = b"s" * 16
    base = seeds.key(salt, CELLS, TASK)
    monkeypatch.setattr(seeds, "source_digest", lambda: "other")
    assert seeds.key(salt, CELLS, TASK) != base
