"""Limits of a submitted file: what is just small enough is taken, one more is refused with its reason."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from minigrad.grading.intake import parse as m
from minigrad.grading.intake.parse import Raw, bound, parse, read
from minigrad.grading.model import Refused
from tests.grading.intake.test_canonical import book, raw

MB_2 = 2_000_000


def refused(call, *given) -> str:
    with pytest.raises(Refused) as caught:
        call(*given)
    return str(caught.value)


def one(**fields) -> Raw:
    """The only cell of a notebook, from its fields in JSON."""
    (cell,) = parse(book([{"cell_type": "code", "source": "", **fields}])).cells
    return cell


# --- the file -------------------------------------------------------------------------------------


def test_a_file_of_two_megabytes_is_read_and_one_byte_more_is_refused(tmp_path):
    path = tmp_path / "a.ipynb"
    path.write_bytes(b"x" * MB_2)
    assert len(read(path)) == MB_2
    path.write_bytes(b"x" * (MB_2 + 1))
    assert refused(read, path).startswith("the file has 2.0 MB; at most 2 MB are graded")


def test_a_file_that_grows_while_it_is_read_is_refused_at_the_same_size(tmp_path, monkeypatch):
    real, path = os.fstat, tmp_path / "a.ipynb"

    def small(fd: int) -> os.stat_result:
        told = list(real(fd))
        told[6] = 0  # its size
        return os.stat_result(told)

    path.write_bytes(b"x" * MB_2)
    with monkeypatch.context() as patch:
        patch.setattr(m.os, "fstat", small)
        assert len(read(path)) == MB_2
        path.write_bytes(b"x" * (MB_2 + 5))
        assert refused(read, path).startswith("the file has 2.0 MB")


def test_a_link_that_takes_a_files_place_after_the_look_is_not_followed(tmp_path, monkeypatch):
    (tmp_path / "secret").write_text("x")
    (tmp_path / "a.ipynb").symlink_to(tmp_path / "secret")
    monkeypatch.setattr(Path, "is_symlink", lambda path: False)
    assert "cannot be opened" in refused(read, tmp_path / "a.ipynb")


@pytest.mark.parametrize("link", ["a", "a/b", "a/b/c"])
def test_a_link_is_seen_at_every_level_below_the_folder(tmp_path, link):
    real, within = tmp_path / "real", tmp_path / "submitted"
    for root in (real, within):
        (root / "a" / "b" / "c").mkdir(parents=True)
        (root / "a" / "b" / "c" / "x.ipynb").write_bytes(b"{}")
    path = within / "a" / "b" / "c" / "x.ipynb"
    assert read(path, within) == b"{}"
    (within / link).rename(tmp_path / "away")
    (within / link).symlink_to(real / link)
    assert "the file's folder is a link" in refused(read, path, within)


def test_a_file_beside_the_folder_or_above_a_name_in_it_is_refused(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "x").write_bytes(b"{}")
    (tmp_path / "in" / "x").write_bytes(b"{}")
    assert read(tmp_path / "in" / "x", tmp_path / "in") == b"{}"
    assert "outside the folder" in refused(read, tmp_path / "x", tmp_path / "in")
    assert "folder is a link" in refused(read, tmp_path / "in" / ".." / "x", tmp_path / "in")


@pytest.mark.parametrize(("step", "words"), [("open", "cannot be opened"), ("fdopen", "cannot be read")])
def test_a_file_that_cannot_be_opened_or_read_is_refused_in_words(tmp_path, monkeypatch, step, words):
    (tmp_path / "x").write_bytes(b"{}")

    def broken(*_: object, **__: object):
        raise PermissionError("not yours")

    with monkeypatch.context() as patch:
        patch.setattr(m.os, step, broken)
        assert words in refused(read, tmp_path / "x")
    assert refused(read, tmp_path / "none") == "the notebook is missing"


# --- the JSON -------------------------------------------------------------------------------------


def test_data_of_two_megabytes_is_parsed_and_one_byte_more_is_refused():
    most = book([raw("a", "x")])
    most += b" " * (MB_2 - len(most))
    assert len(parse(most).cells) == 1
    assert "2.0 MB" in refused(parse, most + b" ")


def test_the_size_is_told_in_millions_of_bytes():
    assert m.too_big(10**13).startswith("the file has 10000000.0 MB; at most 2 MB")


def test_40_brackets_in_each_other_are_taken_and_41_refused():
    bound("[" * 40 + "]" * 40)
    bound('{"a":[' * 20 + "]}" * 20)
    assert "nests too deeply" in refused(bound, "[" * 41 + "]" * 41)
    bound("[]" * 41)
    bound("[" * 39 + "[]" * 5 + "[")  # what was closed counts no more, and no less
    assert "nests too deeply" in refused(bound, "[" * 39 + "[]" * 5 + "[[")


def test_100_000_brackets_are_taken_and_one_more_refused():
    bound("[]" * 25_000 + "{}" * 25_000)
    assert "too much data" in refused(bound, "[]" * 50_000 + "]")


def test_300_000_commas_are_taken_and_one_more_refused():
    bound("," * 300_000)
    assert "too much data" in refused(bound, "," * 300_001)


def test_a_number_of_40_digits_is_read_and_one_of_more_is_none():
    assert m.small_int("9" * 40) == int("9" * 40)
    assert m.small_int("9" * 41) is None


def test_300_cells_are_taken_and_one_more_refused():
    assert len(parse(book([raw("a", "x")] * 300)).cells) == 300
    assert refused(parse, book([raw("a", "x")] * 301)) == "the notebook has 301 cells; at most 300 are graded"


@pytest.mark.parametrize("version", [3, 5, 4.0, True, "4", None])
def test_only_the_whole_number_4_is_a_version(version):
    assert "must be of nbformat 4" in refused(parse, book([], nbformat=version))


def test_json_that_is_no_notebook_is_refused():
    for data in (b"3", b"[]", b'"cells"', book(3), book([3]), book({})):
        assert refused(parse, data) == "the file is not a notebook: it holds no cells"


# --- a cell ---------------------------------------------------------------------------------------


def test_a_cell_of_64_kib_is_taken_and_one_byte_more_refused():
    assert len(one(source="x" * 65_536).source) == 65_536
    bigger = book([raw("a", ""), raw("b", "x" * 65_535 + "é")])
    assert refused(parse, bigger) == "cell 2 has 64 KiB; a cell may have 64"
    assert refused(parse, book([raw("a", "x" * (1000 * 1024 - 1))])).startswith("cell 1 has 999 KiB")


def test_a_name_of_200_letters_is_taken_and_a_longer_one_is_none():
    assert one(id="x" * 200).id == "x" * 200
    assert one(id="x" * 201).id == one(id=5).id == one().id == ""


def test_a_cell_is_of_the_type_that_it_says():
    told = [one(cell_type=kind) for kind in ("code", "markdown", "raw")]
    assert [(c.code, c.markdown) for c in told] == [(True, False), (False, True), (False, False)]


def test_the_text_is_one_string_or_a_list_of_them():
    assert one(source=["a\r\n", "b\r", "c"]).source == "a\nb\nc"
    for wrong in (["a", 1], 1, None, {}):
        assert refused(parse, book([{"cell_type": "code", "source": wrong}])) == "cell 1 has no text"


@pytest.mark.parametrize(
    ("metadata", "grade_id", "points"),
    [
        ({"nbgrader": {"grade_id": "x", "points": 3}}, "x", 3.0),
        ({"nbgrader": {"grade_id": "x", "points": 0.5}}, "x", 0.5),
        ({"nbgrader": {"grade_id": ["x"], "points": "3"}}, "", None),
        ({"nbgrader": []}, "", None),
        ([], "", None),
        (None, "", None),
    ],
)
def test_marks_are_read_where_they_are_of_the_right_type(metadata, grade_id, points):
    cell = one(metadata=metadata)
    assert (cell.grade_id, cell.points) == (grade_id, points)


@pytest.mark.parametrize(
    ("metadata", "name"),
    [
        ({"minigrad": {"assignment": "01-rnn"}}, "01-rnn"),
        ({"minigrad": {"assignment": "x" * 60}}, "x" * 60),
        ({"minigrad": {"assignment": "x" * 61}}, ""),
        ({"minigrad": {"assignment": "é"}}, ""),
        ({"minigrad": {"assignment": 3}}, ""),
        ({"minigrad": {}}, ""),
        ({"minigrad": []}, ""),
        ({}, ""),
        ([], ""),
    ],
)
def test_the_assignment_that_a_notebook_says_it_is(metadata, name):
    assert parse(book([], metadata=metadata)).assignment == name


def test_a_notebook_without_metadata_says_nothing():
    assert parse(json.dumps({"nbformat": 4, "cells": []}).encode()).assignment == ""


@pytest.mark.parametrize("within", [False, True])
def test_a_name_too_long_for_the_disk_is_refused(tmp_path: Path, within: bool) -> None:
    path = tmp_path / ("a" * 300) / "hw.ipynb"
    assert "cannot be opened" in refused(read, path, tmp_path if within else None)
