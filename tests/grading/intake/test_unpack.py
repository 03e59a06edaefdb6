"""A class's submissions from an LMS: read safely, laid out by us, nobody lost and nobody's overwritten."""

import gzip
import io
import os
import stat
import struct
import tarfile
import tracemalloc
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.grading.intake import archives
from minigrad.grading.intake import unpack as m
from minigrad.grading.intake.archives import Entry
from minigrad.grading.intake.unpack import plan, unpack
from minigrad.grading.model import GradingError, Refused

GOOD = b'{"nbformat": 4, "cells": []}'
LAYOUTS = {
    "ann/hw.ipynb": "ann",
    "ann/hw/hw.ipynb": "ann",
    "ann.ipynb": "ann",
    "Ann Lee_123_assignsubmission_file_/hw.ipynb": "123",
    "Ann Lee_123_assignsubmission_file_/my folder/hw.ipynb": "123",
    "Ann Lee_123_assignsubmission_file_hw.ipynb": "123",
    "leeann_123_456_hw.ipynb": "123",
    "leeann_LATE_123_456_hw-1.ipynb": "123",
    "É. O'Neil-Smith/hw.ipynb": "É. O'Neil-Smith",
}


def zipped(folder, *files, method=zipfile.ZIP_DEFLATED):
    path = folder / "class.zip"
    with zipfile.ZipFile(path, "w", method) as made:
        for name, data, *mode in files:
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            info.external_attr = (mode[0] if mode else 0o100644) << 16
            made.writestr(info, data)
    return path


def tarred(folder, *members, name="class.tar", mode="w"):
    path = folder / name
    with tarfile.open(path, mode) as made:
        for file, data, *kind in members:
            info = tarfile.TarInfo(file)
            info.type = kind[0] if kind else tarfile.REGTYPE
            info.linkname = "/etc/passwd" if kind else ""
            info.size = 0 if kind else len(data)
            made.addfile(info, io.BytesIO(data))
    return path


def unpacked(tmp_path, source):
    """What came of it; and nothing was written elsewhere."""
    before = set(tmp_path.rglob("*"))
    result = unpack(source, tmp_path / "staging", "hw")
    for path in set(tmp_path.rglob("*")) - before:
        assert path.is_relative_to(tmp_path / "staging")
        assert not path.is_symlink()
    for student, path in result.files.items():
        assert path == tmp_path / "staging" / student / "hw" / "hw.ipynb"
    return result


@pytest.mark.parametrize(("name", "student"), LAYOUTS.items())
def test_layouts_of_learning_management_systems(tmp_path, name, student):
    for source in (zipped(tmp_path, (name, GOOD)), tarred(tmp_path, (name, GOOD))):
        result = unpacked(tmp_path, source)
        assert list(result.files) == [student]
        assert result.files[student].read_bytes() == GOOD
        assert stat.S_IMODE(result.files[student].stat().st_mode) == 0o600
        assert (result.refused, result.nobodys) == ({}, ())


def test_folders_and_compressed_tars(tmp_path):
    folder = tmp_path / "class"
    for student in ("ann", "bob"):
        (folder / student).mkdir(parents=True)
        (folder / student / "hw.ipynb").write_bytes(GOOD)
        (folder / student / "timestamp.txt").write_text("1999-01-01")
        (folder / student / "numpy.py").write_text("1 / 0")
    assert list(unpacked(tmp_path, folder).files) == ["ann", "bob"]
    packed = tarred(tmp_path, ("ann/hw.ipynb", GOOD), ("bob/hw.ipynb", GOOD), name="c.tgz", mode="w:gz")
    assert list(unpacked(tmp_path, packed).files) == ["ann", "bob"]
    assert {p.name for p in (tmp_path / "staging").rglob("*") if p.is_file()} == {"hw.ipynb"}


@pytest.mark.parametrize(
    "name",
    [
        "../evil.ipynb", "../../etc/evil.ipynb", "ann/../../evil.ipynb", "/etc/evil.ipynb", "..\\evil.ipynb",
        "C:\\evil.ipynb", "c:evil.ipynb", "ann\\..\\..\\evil.ipynb", "-rf/hw.ipynb", ".ssh/hw.ipynb",
        "\x1b[31m/hw.ipynb", "ann\u202e/hw.ipynb", "<script>/hw.ipynb", "a" * 101 + "/hw.ipynb", "~/hw.ipynb",
        "=cmd/hw.ipynb", "a/" * 9 + "hw.ipynb", "$HOME/hw.ipynb", " /hw.ipynb", "ann./hw.ipynb", ".ipynb",
    ],
)  # fmt: skip
def test_paths_that_are_not_safe_belong_to_nobody(tmp_path, name):
    for source in (zipped(tmp_path, (name, GOOD), ("bob/hw.ipynb", GOOD)), tarred(tmp_path, (name, GOOD),
                   ("bob/hw.ipynb", GOOD))):  # fmt: skip
        result = unpacked(tmp_path, source)
        assert list(result.files) == ["bob"]
        assert len(result.nobodys) == 1
        assert result.nobodys[0].isprintable()


@pytest.mark.parametrize("name", [b"bob\0.ipynb", b"\0obX.ipynb"])
def test_a_nul_in_a_name_does_not_shorten_it(tmp_path, name):
    path = zipped(tmp_path, ("bobX.ipynb", GOOD))
    path.write_bytes(path.read_bytes().replace(b"bobX.ipynb", name))
    result = unpacked(tmp_path, path)
    assert result.files == {}
    assert "no text" in result.nobodys[0]


def test_a_students_own_file_name_never_says_whose_it_is(tmp_path):
    names = ("ann/bobson_12_3_hw.ipynb", "ann/x_12_assignsubmission_file_/hw.ipynb")
    for name in names:
        assert list(unpacked(tmp_path, zipped(tmp_path, (name, GOOD))).files) == ["ann"]
    moodle = "Ann_7_assignsubmission_file_x_12_assignsubmission_file_hw.ipynb"
    assert list(unpacked(tmp_path, zipped(tmp_path, (moodle, GOOD))).files) == ["7"]


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (("Ann/hw.ipynb", "ann/hw.ipynb"), "differs only in case"),
        (("straße/hw.ipynb", "STRASSE/hw.ipynb"), "differs only in case"),
        (("ann/hw.ipynb", "ann/HW.ipynb"), "differ only in case"),
        (("ann/hw.ipynb", "ann/hw.ipynb"), "or are the same"),
        (("ann/a.ipynb", "ann/b.ipynb"), "2 notebooks were handed in"),
        (("ann/x/hw.ipynb", "ann/y/hw.ipynb"), "2 notebooks were handed in"),
        (("ann/notes.txt",), "no notebook"),
        (("ann/work.zip",), "an archive (work.zip)"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_what_is_not_clear_is_refused_for_a_person(tmp_path, names, reason):
    result = unpacked(tmp_path, zipped(tmp_path, *((n, GOOD) for n in names), ("bob/hw.ipynb", GOOD)))
    assert list(result.files) == ["bob"]
    assert set(result.refused) == {n.split("/")[0] for n in names}
    assert all(reason in why for why in result.refused.values())


def test_the_notebook_of_the_assignments_name_counts():
    names = ("ann/scratch.ipynb", "ann/hw.ipynb", "__MACOSX/ann/hw.ipynb", "ann/.ipynb_checkpoints/hw.ipynb")
    assert plan([Entry(n, "file") for n in names], "hw").chosen == {"ann": 1}


@pytest.mark.parametrize("mode", [0o120777, 0o010644, 0o060644, 0o020644])
def test_links_and_devices_in_a_zip_are_refused(tmp_path, mode):
    result = unpacked(tmp_path, zipped(tmp_path, ("ann/hw.ipynb", b"/etc/passwd", mode)))
    assert "hand in the notebook itself" in result.refused["ann"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path, kind):
    result = unpacked(tmp_path, tarred(tmp_path, ("ann/hw.ipynb", b"", kind)))
    assert "hand in the notebook itself" in result.refused["ann"]


def test_links_in_a_folder_are_refused(tmp_path):
    folder = tmp_path / "class"
    for student in ("ann", "cat", "dan"):
        (folder / student).mkdir(parents=True)
    secret = tmp_path / "secret.ipynb"
    secret.write_bytes(GOOD)
    (folder / "ann" / "hw.ipynb").symlink_to(secret)
    os.link(secret, folder / "cat" / "hw.ipynb")
    os.mkfifo(folder / "dan" / "hw.ipynb")
    (folder / "bob").symlink_to(folder / "ann")
    result = unpacked(tmp_path, folder)
    assert result.files == {}
    assert {s: why.split(":")[0] for s, why in result.refused.items()} == {
        "ann": "the notebook is a link",
        "cat": "the file is a hard link to another",
        "dan": "the notebook is not a regular file",
    }
    assert result.nobodys == ("bob: a link",)
    (tmp_path / "alias").symlink_to(folder)
    with pytest.raises(Refused, match="is a link"):
        unpack(tmp_path / "alias", tmp_path / "staging", "hw")


def test_an_encrypted_notebook_is_refused(tmp_path):
    path = zipped(tmp_path, ("ann/hw.ipynb", GOOD), ("bob/hw.ipynb", GOOD), method=zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    result = unpacked(tmp_path, path)
    assert "encrypted" in result.refused["ann"]
    assert list(result.files) == ["bob"]


def peak(action):
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_bombs_cost_no_memory(tmp_path):
    bomb = bytes(60 << 20)
    for source in (
        zipped(tmp_path, ("ann/hw.ipynb", bomb)),
        tarred(tmp_path, ("ann/hw.ipynb", bomb), name="bomb.tgz", mode="w:gz"),
    ):
        assert source.stat().st_size < 1 << 20
        results = []
        assert peak(lambda: results.append(unpacked(tmp_path, source))) < 20 << 20
        assert "at most 2 MB" in results[0].refused["ann"]


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_compression_is_refused(tmp_path, method):
    result = unpacked(tmp_path, zipped(tmp_path, ("ann/hw.ipynb", GOOD), method=method))
    assert "unusual way" in result.refused["ann"]


def test_too_many_entries_are_refused_before_memory_is_taken(tmp_path, monkeypatch):
    with pytest.raises(Refused, match="20000 entries"):
        plan((Entry(f"s{i}/hw.ipynb", "file") for i in range(20_001)), "hw")
    path = tmp_path / "many.zip"
    fields = (20, 3, 20, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0)
    one = struct.pack("<4s4B4HL2L5H2L", b"PK\x01\x02", *fields) + b"a"
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 65535, 65535, len(one) * 200_000, 0, 0)
    path.write_bytes(one * 200_000 + end)
    with pytest.raises(Refused, match="too many"):
        unpack(path, tmp_path / "staging", "hw")
    monkeypatch.setattr(archives, "MAX_ENTRIES", 10)
    for source in (
        zipped(tmp_path, *((f"s{i}/hw.ipynb", GOOD) for i in range(11))),
        tarred(tmp_path, *((f"s{i}/hw.ipynb", GOOD) for i in range(11))),
    ):
        with pytest.raises(Refused, match="more than 10 entries"):
            unpack(source, tmp_path / "staging", "hw")


def test_a_tar_of_huge_headers_is_refused(tmp_path):
    path = tmp_path / "class.tar.gz"
    info = tarfile.TarInfo("ann/hw.ipynb")
    info.pax_headers = {"comment": "x" * (3 << 20)}
    block = info.tobuf(tarfile.PAX_FORMAT)
    path.write_bytes(gzip.compress(block * 30, 1))
    with pytest.raises(Refused, match="holds too much"):
        unpack(path, tmp_path / "staging", "hw")


def test_a_damaged_entry_stops_nobody_else(tmp_path):
    path = zipped(tmp_path, ("ann/hw.ipynb", GOOD * 9), ("bob/hw.ipynb", GOOD))
    data = bytearray(path.read_bytes())
    data[45:55] = bytes(10)
    path.write_bytes(data)
    result = unpacked(tmp_path, path)
    assert list(result.files) == ["bob"]
    assert "damaged" in result.refused["ann"]


def test_what_stood_in_a_files_place_is_replaced_not_followed(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("kept")
    for name in ("hw.ipynb", "hw.new"):
        place = tmp_path / "staging" / "ann" / "hw" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(secret)
    result = unpack(zipped(tmp_path, ("ann/hw.ipynb", GOOD)), tmp_path / "staging", "hw")
    assert result.files["ann"].read_bytes() == GOOD
    assert not result.files["ann"].is_symlink()
    assert secret.read_text() == "kept"


def test_a_full_disk_is_no_submissions_fault(tmp_path, monkeypatch):
    def full(*a, **k):
        raise OSError(28, "No space left on device")

    source = zipped(tmp_path, ("ann/hw.ipynb", GOOD))
    monkeypatch.setattr(m.os, "replace", full)
    with pytest.raises(GradingError, match="No space left") as error:
        unpack(source, tmp_path / "staging", "hw")
    assert not isinstance(error.value, Refused)


def test_a_source_that_is_not_there(tmp_path):
    with pytest.raises(GradingError, match="cannot be opened"):
        unpack(tmp_path / "none.zip", tmp_path, "hw")


PARTS = ["ann", ".ipynb", "ANN", "..", ".", "", "hw.ipynb", "\\", "a b", "x_1_assignsubmission_file_"]
NAMES = st.one_of(
    st.text(max_size=30),
    st.lists(st.sampled_from(PARTS)).map("/".join),
)
KINDS = st.sampled_from(["file", "folder", "link", "other", "encrypted"])


@given(st.lists(st.builds(Entry, NAMES, KINDS), max_size=8))
def test_any_names_give_safe_and_distinct_students(entries):
    made = plan(entries, "hw")
    students = [*made.chosen, *made.refused]
    assert len({m.folded(s) for s in made.chosen}) == len(made.chosen)
    assert not set(made.chosen) & set(made.refused)
    for student in students:
        assert student not in ("", ".", "..")
        assert not set(student) & set('/\\:\0<>"|?*$\n')
        assert not student.startswith((" ", ".", "-", "="))
    assert all(entries[number].kind == "file" for number in made.chosen.values())
    assert all(line.isprintable() for line in made.nobodys)


@given(st.binary(max_size=600), st.sampled_from([b"", b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08\0"]))
def test_any_bytes_are_refused_or_give_nothing_much(tmp_path_factory, data, magic):
    folder = tmp_path_factory.mktemp("any")
    (folder / "class").write_bytes(magic + data)
    try:
        result = unpack(folder / "class", folder / "staging", "hw")
    except Refused:
        return
    assert result.files == {}
