"""Limits of salts, reports and attempts: one byte too few, one line too many, one second too late."""

from __future__ import annotations

import hashlib
import json
import stat

import pytest

from minigrad.grading.model import CellRun, Exercise, GradingError, Report, Verdict
from minigrad.grading.store.attempts import HandedIn, Laid, lay, weigh
from minigrad.grading.store.reports import (
    from_dict,
    load_report,
    new_salt,
    read_salt,
    save_report,
    to_dict,
)

# Salts


@pytest.mark.parametrize("size", [0, 15, 17, 32])
def test_a_salt_of_another_length_is_none(tmp_path, size):
    (tmp_path / "salt").write_text("ab" * size)
    with pytest.raises(GradingError, match="salt holds no salt: restore it, or delete it"):
        read_salt(tmp_path / "salt")


def test_a_salt_may_have_spaces_around_it_and_is_one_line(tmp_path):
    salt = new_salt(tmp_path / "salt")
    assert (tmp_path / "salt").read_bytes() == salt.hex().encode() + b"\n"
    (tmp_path / "salt").write_text(f"  {salt.hex()}\n\n")
    assert read_salt(tmp_path / "salt") == salt


def test_a_salt_of_another_process_stays_unless_it_is_to_be_replaced(tmp_path):
    path = tmp_path / "salt"
    first = new_salt(path, replace=False)
    assert new_salt(path, replace=False) == first == read_salt(path)
    second = new_salt(path, replace=True)
    assert second == read_salt(path) != first
    assert new_salt(path) == read_salt(path) != second
    assert [p.name for p in tmp_path.iterdir()] == ["salt"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


# Reports

REPORT = Report(
    "00-a",
    "graded",
    (Exercise("e", 3.0, 1.5, (Verdict("e.a", "e", "Says é.", 1.5, True, False, "wrong", "missing"),)),),
    reason="r",
    notes=("n",),
    cells=(CellRun("a", "out"),),
    blank=True,
    confirmed=False,
)


def test_a_report_is_read_as_it_was_written_and_is_sorted_lines_of_plain_text(tmp_path):
    assert from_dict(to_dict(REPORT)) == REPORT
    save_report(tmp_path, "k", REPORT)
    assert load_report(tmp_path, "k") == REPORT
    text = (tmp_path / "k.json").read_text(encoding="utf-8")
    lines = text.splitlines()
    assert text.endswith("}\n")
    assert "Says é." in text
    assert lines[1] == ' "assignment": "00-a",'
    keys = list(json.loads(text))
    assert keys == sorted(keys)
    assert (json.loads(text)["score"], json.loads(text)["points"]) == (1.5, 3.0)


def test_a_report_with_a_score_that_is_no_number_is_not_written(tmp_path):
    odd = Report("00-a", "graded", (Exercise("e", 3.0, float("nan"), ()),))
    with pytest.raises(ValueError, match="not JSON compliant"):
        save_report(tmp_path, "k", odd)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("status", ["graded", "refused", "ungraded"])
def test_the_states_of_a_report_are_these_and_no_others(status):
    assert from_dict({**to_dict(REPORT), "status": status}).status == status
    with pytest.raises(ValueError, match="other"):
        from_dict({**to_dict(REPORT), "status": "other"})


def test_what_cannot_be_read_is_no_report(tmp_path):
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "lacks.json").write_text(
        json.dumps({k: v for k, v in to_dict(REPORT).items() if k != "blank"})
    )
    (tmp_path / "odd.json").write_text(json.dumps({**to_dict(REPORT), "cells": [{"other": 1}]}))
    (tmp_path / "status.json").write_text(json.dumps({**to_dict(REPORT), "status": "passed"}))
    for name in ("none", "folder", "lacks", "odd", "status"):
        assert load_report(tmp_path, name) is None


# Attempts

EARLY, LATE = "2030-01-31-11-00-00", "2030-01-31-17-00-00"


@pytest.fixture
def place(tmp_path):
    """`lay` for one student, with what then is graded and what is kept."""
    notebook, kept = tmp_path / "ann" / "hw.ipynb", tmp_path / "kept"

    def put(data: bytes, attempt: str = "", time: str = "", stamped: str = "") -> tuple[Laid, bytes]:
        new = HandedIn(data, attempt, time)
        before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
        seen = weigh(notebook, kept, new, stamped)
        assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
        made = lay(notebook, kept, new, stamped)
        assert seen == made, "a look says what would be done"
        return made, notebook.read_bytes()

    put.notebook, put.kept = notebook, kept
    return put


def named(data: bytes, attempt: str = "undated", end: str = "ipynb") -> str:
    return f"{attempt}.{hashlib.sha256(data).hexdigest()[:16]}.{end}"


def names(place) -> set[str]:
    return {path.name for path in place.kept.iterdir()}


def test_the_first_attempt_is_laid_and_kept_with_its_time(place):
    assert place(b"a", EARLY) == (Laid(True, ""), b"a")
    assert names(place) == {named(b"a", EARLY)}
    assert Laid(True) == Laid(True, "")


def test_the_same_once_more_counts_whatever_its_time(place):
    place(b"a", LATE)
    for attempt in ("", EARLY, LATE):
        assert place(b"a", attempt) == (Laid(True, "there already", False), b"a")


def test_an_earlier_attempt_is_not_laid_one_of_the_same_time_is(place):
    place(b"a", LATE)
    assert place(b"b", EARLY) == (Laid(False, f"not laid: a later attempt, of {LATE}, is there", False), b"a")
    assert place(b"c", LATE) == (Laid(True, f"replaces another, which is kept in {place.kept}"), b"c")
    assert names(place) == {named(b"a", LATE), named(b"b", EARLY), named(b"c", LATE)}


def test_an_attempt_without_time_is_laid_unless_it_was_there_before(place):
    place(b"a", LATE)
    unknown = "which is newer is not known: if it is the kept one, copy"
    back = f"{unknown} {place.kept / named(b'a', LATE)} to {place.notebook}"
    words = f"replaces another, which is kept in {place.kept}; {back}"
    assert place(b"b") == (Laid(True, words), b"b")
    back = f"{unknown} {place.kept / named(b'a')} to {place.notebook}"
    before = f"not laid: it was collected before, and another has replaced it since; {back}"
    assert place(b"a") == (Laid(False, before, False), b"b")
    assert names(place) == {named(b"a", LATE), named(b"b"), named(b"a")}


def test_undated_attempts_are_not_later_than_dated_ones(place):
    place(b"a")
    assert place(b"b", EARLY)[1] == b"b"


def test_without_a_notebook_what_was_there_before_is_laid_again(place):
    place(b"a", LATE)
    place.notebook.unlink()
    assert place(b"a", EARLY) == (Laid(True, ""), b"a")
    place.notebook.unlink()
    assert place(b"b", EARLY) == (Laid(True, ""), b"b")


def test_what_stood_there_by_hand_is_kept_and_its_time_goes_with_it(place):
    place.notebook.parent.mkdir()
    place.notebook.write_bytes(b"hand")
    time = place.notebook.parent / "timestamp.txt"
    time.write_text("then")
    assert place(b"a", EARLY)[0].counts
    assert names(place) == {named(b"hand"), named(b"a", EARLY), named(b"hand", end="timestamp.txt")}
    assert (place.kept / named(b"hand", end="timestamp.txt")).read_text() == "then"
    assert not time.exists()


def test_a_time_beside_no_notebook_stays(place):
    place.notebook.parent.mkdir()
    (place.notebook.parent / "timestamp.txt").write_text("then")
    place(b"a", EARLY)
    assert (place.notebook.parent / "timestamp.txt").read_text() == "then"


def test_a_time_with_its_zone_is_laid_beside_the_notebook(place):
    stamp = place.notebook.parent / "timestamp.txt"
    place(b"a", EARLY, "2030-01-31 11:00:00 UTC")
    assert stamp.read_text() == "2030-01-31 11:00:00 UTC\n"
    stamp.write_text("corrected by hand")
    place(b"a", EARLY, "2030-01-31 11:00:00 UTC")
    assert stamp.read_text() == "corrected by hand"
    place(b"b", LATE, "2030-01-31 17:00:00 UTC")
    assert stamp.read_text() == "2030-01-31 17:00:00 UTC\n"
    assert (place.kept / named(b"a", end="timestamp.txt")).read_text() == "corrected by hand"
    place(b"c", EARLY, "2030-01-31 11:00:00 UTC")
    assert stamp.read_text() == "2030-01-31 17:00:00 UTC\n"


def test_what_is_there_with_a_later_time_of_its_own_stays(place):
    place(b"a")
    assert not place(b"b", EARLY, stamped=LATE)[0].counts
    assert place(b"c", LATE, stamped=LATE)[0].counts


def test_a_link_is_replaced_and_what_it_leads_to_is_not_read(place, tmp_path):
    (tmp_path / "elsewhere").write_bytes(b"secret")
    place.notebook.parent.mkdir()
    place.notebook.symlink_to(tmp_path / "elsewhere")
    assert place(b"a", EARLY) == (Laid(True, ""), b"a")
    assert names(place) == {named(b"a", EARLY)}
    assert (tmp_path / "elsewhere").read_bytes() == b"secret"


def test_a_time_that_is_put_away_with_the_work_before_is_told(place):
    place(b"a", EARLY, "2030-01-31 11:00:00 UTC")
    told = place(b"b")[0].words
    assert told.endswith(
        "; its time is put away with it, and the new one has none: without timestamp.txt it is never late"
    )
    place(b"c", LATE, "2030-01-31 17:00:00 UTC")
    assert "put away" not in place(b"d", LATE, "2030-01-31 17:00:00 UTC")[0].words
