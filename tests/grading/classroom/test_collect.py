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

from minigrad.grading.classroom.collect import collect
from minigrad.grading.intake import archives, nested
from minigrad.grading.intake.archives import Entry
from minigrad.grading.intake.plan import Around, plan
from minigrad.grading.model import GradingError, Refused
from minigrad.grading.store import files
from minigrad.grading.store.attempts import PATH
from minigrad.grading.store.layout import Course

GOOD = b'{"nbformat": 4, "cells": []}'


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


def course(tmp_path):
    return Course.at(tmp_path / "course")


def unpacked(tmp_path, source):
    """What came of it; and nothing was written elsewhere."""
    before = set(tmp_path.rglob("*"))
    result = collect(course(tmp_path), source, "hw")
    for path in set(tmp_path.rglob("*")) - before - {tmp_path / "course"}:
        assert any(path.is_relative_to(tmp_path / "course" / name) for name in ("submitted", ".minigrad"))
        assert not path.is_symlink()
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
    for student in result.laid:
        assert laid(tmp_path, student).is_file()
    return result


def laid(tmp_path, student):
    return tmp_path / "course" / "submitted" / student / "hw" / "hw.ipynb"


def why(result):
    return {student: refusal.why for student, refusal in result.refused.items()}


def nobodys(result):
    return [f"{left.name}: {left.why}" for left in result.plan.nobodys]


def test_folders_and_compressed_tars(tmp_path):
    folder = tmp_path / "class"
    for student in ("ann", "bob"):
        (folder / student).mkdir(parents=True)
        (folder / student / "hw.ipynb").write_bytes(GOOD)
        (folder / student / "timestamp.txt").write_text("1999-01-01")
        (folder / student / "numpy.py").write_text("1 / 0")
    assert list(unpacked(tmp_path, folder).laid) == ["ann", "bob"]
    packed = tarred(tmp_path, ("ann/hw.ipynb", GOOD), ("bob/hw.ipynb", GOOD), name="c.tgz", mode="w:gz")
    assert list(unpacked(tmp_path, packed).laid) == ["ann", "bob"]
    assert {p.name for p in (tmp_path / "course" / "submitted").rglob("*") if p.is_file()} == {"hw.ipynb"}


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
        assert list(result.laid) == ["bob"]
        assert len(nobodys(result)) == 1
        assert nobodys(result)[0].isprintable()


@pytest.mark.parametrize("name", [b"bob\0.ipynb", b"\0obX.ipynb"])
def test_a_nul_in_a_name_does_not_shorten_it(tmp_path, name):
    path = zipped(tmp_path, ("bobX.ipynb", GOOD))
    path.write_bytes(path.read_bytes().replace(b"bobX.ipynb", name))
    result = unpacked(tmp_path, path)
    assert result.laid == {}
    assert "no text" in nobodys(result)[0]


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
    assert list(result.laid) == ["bob"]
    assert set(why(result)) == {n.split("/")[0] for n in names}
    assert all(reason in text for text in why(result).values())


def test_the_notebook_of_the_assignments_name_counts():
    names = ("ann/scratch.ipynb", "ann/hw.ipynb", "__MACOSX/ann/hw.ipynb", "ann/.ipynb_checkpoints/hw.ipynb")
    assert plan([Entry(n, "file") for n in names], Around("hw")).chosen["ann"].number == 1


@pytest.mark.parametrize("mode", [0o120777, 0o010644, 0o060644, 0o020644])
def test_links_and_devices_in_a_zip_are_refused(tmp_path, mode):
    result = unpacked(tmp_path, zipped(tmp_path, ("ann/hw.ipynb", b"/etc/passwd", mode)))
    assert "hand in the notebook itself" in why(result)["ann"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path, kind):
    result = unpacked(tmp_path, tarred(tmp_path, ("ann/hw.ipynb", b"", kind)))
    assert "hand in the notebook itself" in why(result)["ann"]


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
    assert result.laid == {}
    assert {s: text.split(":")[0] for s, text in why(result).items()} == {
        "ann": "the notebook is a link",
        "cat": "the file is a hard link, so it may be somebody else's",
        "dan": "the notebook is not a regular file",
    }
    assert nobodys(result) == ["bob: a link, in no student's folder"]
    (tmp_path / "alias").symlink_to(folder)
    with pytest.raises(Refused, match="is a link"):
        collect(course(tmp_path), tmp_path / "alias", "hw")


def test_an_encrypted_notebook_is_refused(tmp_path):
    path = zipped(tmp_path, ("ann/hw.ipynb", GOOD), ("bob/hw.ipynb", GOOD), method=zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    result = unpacked(tmp_path, path)
    assert "encrypted" in why(result)["ann"]
    assert list(result.laid) == ["bob"]


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
        assert "at most 2 MB" in why(results[0])["ann"]


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_compression_is_refused(tmp_path, method):
    result = unpacked(tmp_path, zipped(tmp_path, ("ann/hw.ipynb", GOOD), method=method))
    assert "unusual way" in why(result)["ann"]


def test_too_many_entries_are_refused_before_memory_is_taken(tmp_path, monkeypatch):
    with pytest.raises(Refused, match="20000 entries"):
        plan((Entry(f"s{i}/hw.ipynb", "file") for i in range(20_001)), Around("hw"))
    path = tmp_path / "many.zip"
    fields = (20, 3, 20, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0)
    one = struct.pack("<4s4B4HL2L5H2L", b"PK\x01\x02", *fields) + b"a"
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 65535, 65535, len(one) * 200_000, 0, 0)
    path.write_bytes(one * 200_000 + end)
    with pytest.raises(Refused, match="too many"):
        collect(course(tmp_path), path, "hw")
    monkeypatch.setattr(archives, "MAX_ENTRIES", 10)
    for source in (
        zipped(tmp_path, *((f"s{i}/hw.ipynb", GOOD) for i in range(11))),
        tarred(tmp_path, *((f"s{i}/hw.ipynb", GOOD) for i in range(11))),
    ):
        with pytest.raises(Refused, match="more than 10 entries"):
            collect(course(tmp_path), source, "hw")


def test_a_tar_of_huge_headers_is_refused(tmp_path):
    path = tmp_path / "class.tar.gz"
    info = tarfile.TarInfo("ann/hw.ipynb")
    info.pax_headers = {"comment": "x" * (3 << 20)}
    block = info.tobuf(tarfile.PAX_FORMAT)
    path.write_bytes(gzip.compress(block * 30, 1))
    with pytest.raises(Refused, match="holds too much"):
        collect(course(tmp_path), path, "hw")


def test_a_damaged_entry_stops_nobody_else(tmp_path):
    path = zipped(tmp_path, ("ann/hw.ipynb", GOOD * 9), ("bob/hw.ipynb", GOOD))
    data = bytearray(path.read_bytes())
    data[45:55] = bytes(10)
    path.write_bytes(data)
    result = unpacked(tmp_path, path)
    assert list(result.laid) == ["bob"]
    assert "damaged" in why(result)["ann"]


def test_what_stood_in_a_files_place_is_replaced_not_followed(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("kept")
    laid(tmp_path, "ann").parent.mkdir(parents=True)
    laid(tmp_path, "ann").symlink_to(secret)
    source = zipped(tmp_path, *((f"{s}/hw.ipynb", GOOD) for s in ("ann", "bob", "cat")))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "course" / "submitted" / "bob").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "course" / "submitted" / "cat").mkdir()
    (tmp_path / "course" / "submitted" / "cat" / "hw").symlink_to(tmp_path / "elsewhere")
    result = collect(course(tmp_path), source, "hw")
    assert list(result.laid) == ["ann"]
    assert laid(tmp_path, "ann").read_bytes() == GOOD
    assert not laid(tmp_path, "ann").is_symlink()
    assert secret.read_text() == "kept"
    assert all("through a link" in text for text in why(result).values())
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_full_disk_is_no_submissions_fault(tmp_path, monkeypatch):
    def full(*a, **k):
        raise OSError(28, "No space left on device")

    source = zipped(tmp_path, ("ann/hw.ipynb", GOOD))
    monkeypatch.setattr(files.os, "replace", full)
    with pytest.raises(GradingError, match="No space left") as error:
        collect(course(tmp_path), source, "hw")
    assert not isinstance(error.value, Refused)


def test_a_source_that_is_not_there(tmp_path):
    with pytest.raises(GradingError, match="cannot be opened"):
        collect(course(tmp_path), tmp_path / "none.zip", "hw")


@given(st.binary(max_size=600), st.sampled_from([b"", b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08\0"]))
def test_any_bytes_are_refused_or_give_nothing_much(tmp_path_factory, data, magic):
    folder = tmp_path_factory.mktemp("any")
    (folder / "class").write_bytes(magic + data)
    try:
        result = collect(Course.at(folder / "course"), folder / "class", "hw")
    except Refused:
        return
    assert result.laid == {}


# --- a class that is collected more than once -------------------------------------------------------


def kept(tmp_path, student="ann"):
    """What was handed in before, by its content."""
    folder = tmp_path / "course" / ".minigrad" / "attempts" / "hw" / student
    return {p.read_bytes() for p in folder.iterdir() if not p.name.endswith(PATH)}


def told(result, student="ann"):
    return result.laid[student].words


def test_an_attempt_that_is_replaced_is_kept_with_its_time_and_an_older_zip_does_not_come_back(tmp_path):
    first, second = GOOD, GOOD + b" "
    for data, words in ((first, ""), (first, "there already"), (second, "replaces another")):
        assert told(unpacked(tmp_path, zipped(tmp_path, ("ann/hw.ipynb", data)))).startswith(words)
    result = unpacked(tmp_path, zipped(tmp_path, ("ann/hw.ipynb", first)))
    assert "it was collected before, and another has replaced it since; which is newer is not" in told(result)
    assert not result.laid["ann"].counts
    assert laid(tmp_path, "ann").read_bytes() == second
    assert kept(tmp_path) == {first, second}


def test_what_was_laid_by_hand_is_kept_with_its_time(tmp_path):
    laid(tmp_path, "ann").parent.mkdir(parents=True)
    laid(tmp_path, "ann").write_bytes(b"by hand")
    stamp = laid(tmp_path, "ann").parent / "timestamp.txt"
    stamp.write_text("2030-01-31 12:00:00 UTC")
    result = collect(course(tmp_path), zipped(tmp_path, ("ann/hw.ipynb", GOOD)), "hw")
    assert "replaces another, which is kept in" in told(result)
    assert kept(tmp_path) == {b"by hand", GOOD, b"2030-01-31 12:00:00 UTC"}
    assert not stamp.exists(), "it was the time of another notebook"


def test_the_later_attempt_stays_whatever_comes_first(tmp_path):
    def attempt(hour, data):
        return zipped(tmp_path, (f"HW 1_ann_attempt_2030-01-31-{hour}-00-00_hw.ipynb", data))

    early, late, latest = GOOD, GOOD + b" ", GOOD + b"  "
    unpacked(tmp_path, attempt(17, late))
    result = unpacked(tmp_path, attempt(11, early))
    assert told(result) == "not laid: a later attempt, of 2030-01-31-17-00-00, is there"
    assert laid(tmp_path, "ann").read_bytes() == late
    unpacked(tmp_path, attempt(18, latest))
    assert laid(tmp_path, "ann").read_bytes() == latest
    assert kept(tmp_path) == {early, late, latest}


def test_a_folder_of_the_same_name_in_other_letters_is_not_joined_by_a_second(tmp_path):
    (tmp_path / "course" / "submitted" / "Ann").mkdir(parents=True)
    result = collect(course(tmp_path), zipped(tmp_path, ("ann/hw.ipynb", GOOD)), "hw")
    assert "submitted/Ann is there" in why(result)["ann"]


def test_a_name_in_utf_8_that_does_not_say_so_is_read_as_that(tmp_path):
    name = "Jo\u0308rg"  # as macOS spells it
    path = zipped(tmp_path, (f"{name}/hw.ipynb", GOOD))
    data = bytearray(path.read_bytes())
    for header, flags in ((b"PK\x03\x04", 7), (b"PK\x01\x02", 9)):
        data[data.index(header) + flags] &= ~8
    path.write_bytes(data)
    assert zipfile.ZipFile(path).namelist() != [f"{name}/hw.ipynb"]
    assert list(unpacked(tmp_path, path).laid) == ["J\u00f6rg"]


def test_folders_that_are_not_looked_into_have_a_line(tmp_path):
    deep = tmp_path / "class" / "ann" / "/".join("x" * 12)
    deep.mkdir(parents=True)
    (deep / "hw.ipynb").write_bytes(GOOD)
    for name in (".git", "ann/.secret", "bob"):
        (tmp_path / "class" / name).mkdir()
    (tmp_path / "class" / ".git" / "config").write_text("x")
    (tmp_path / "class" / "ann" / "hw.ipynb").write_bytes(GOOD)
    result = unpacked(tmp_path, tmp_path / "class")
    assert list(result.laid) == ["ann"]
    assert why(result) == {"bob": "no notebook was handed in: the folder is empty"}
    assert result.plan.junk == 1
    assert [left.name for left in result.plan.beside] == ["ann/.secret/(a hidden folder)"]
    assert "too many folders in its path" in nobodys(result)[0]


# --- archives in a class's archive ---------------------------------------------------------------------


def inner(*members, tar=False):
    made = io.BytesIO()
    if tar:
        with tarfile.open(fileobj=made, mode="w:gz") as archive:
            for name, data in members:
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    else:
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in members:
                archive.writestr(name, data)
    return made.getvalue()


def test_an_archive_that_a_student_handed_in_is_looked_into(tmp_path):
    junk = [("__MACOSX/hw/._hw.ipynb", b"x"), ("hw/.ipynb_checkpoints/hw.ipynb", b"x"), ("hw/data.csv", b"1")]
    source = zipped(
        tmp_path,
        ("leeann_123_456_work.zip", inner(("hw/hw.ipynb", GOOD), *junk)),
        ("maybo_124_457_work.tgz", inner(("hw.ipynb", GOOD), tar=True)),
        ("dayc_125_458_two.zip", inner(("a.ipynb", GOOD), ("b.ipynb", GOOD))),
        ("fayd_126_459_hw.ipynb", GOOD),
    )
    result = unpacked(tmp_path, source)
    assert list(result.laid) == ["123", "124", "126"]
    assert laid(tmp_path, "123").read_bytes() == laid(tmp_path, "124").read_bytes() == GOOD
    assert "2 notebooks were handed in (two.zip/a.ipynb, two.zip/b.ipynb)" in why(result)["125"]
    assert result.plan.junk == 2
    assert [left.name for left in result.plan.beside] == ["leeann_123_456_work.zip/hw/data.csv"]


@pytest.mark.parametrize(
    "data",
    [
        b"no archive",
        inner(("deeper.zip", inner(("hw.ipynb", GOOD)))),
        inner(("notes.txt", b"x")),
        b"PK" + bytes(3 << 20),
    ],
)
def test_what_cannot_be_looked_into_is_asked_about(tmp_path, data):
    result = unpacked(tmp_path, zipped(tmp_path, ("ann/work.zip", data), ("bob/hw.ipynb", GOOD)))
    assert list(result.laid) == ["bob"]
    assert why(result)["ann"] == "an archive (work.zip) was handed in: unpack it into the student's folder"


@pytest.mark.parametrize("name", ["../hw.ipynb", "/hw.ipynb", "a/../../hw.ipynb"])
def test_paths_in_an_archive_in_an_archive_are_safe_or_nobodys(tmp_path, name):
    result = unpacked(
        tmp_path, zipped(tmp_path, ("ann/work.zip", inner((name, GOOD))), ("bob/hw.ipynb", GOOD))
    )
    assert list(result.laid) == ["bob"]
    assert len(nobodys(result)) == 1


def test_archives_in_an_archive_are_bounded(tmp_path, monkeypatch):
    one = inner(("hw.ipynb", GOOD))
    monkeypatch.setattr(nested, "MAX_NESTED", len(one))
    source = zipped(tmp_path, *((f"{s}/work.zip", one) for s in ("ann", "bob")))
    result = unpacked(tmp_path, source)
    assert list(result.laid) == ["ann"]
    assert "an archive (work.zip) was handed in" in why(result)["bob"]
    monkeypatch.undo()
    bomb = zipped(tmp_path, *((f"s{i}/w.zip", inner(("hw.ipynb", bytes(60 << 20)))) for i in range(3)))
    results = []
    assert peak(lambda: results.append(unpacked(tmp_path, bomb))) < 20 << 20
    assert all("at most 2 MB" in text for text in why(results[0]).values())


# --- what is known of an attempt's time ----------------------------------------------------------------


def test_every_attempt_of_an_export_is_kept_and_the_last_ones_time_is_laid_beside_it(tmp_path):
    def attempt(time, data):
        return (f"ann+hw+2030-01-31 {time}.5 UTC+x/hw.ipynb", data)

    early, late = attempt("11:00:00", GOOD), attempt("12:00:00", GOOD + b" ")
    assert list(unpacked(tmp_path, zipped(tmp_path, early, late)).laid) == ["ann"]
    stamp = laid(tmp_path, "ann").parent / "timestamp.txt"
    assert laid(tmp_path, "ann").read_bytes() == GOOD + b" "
    assert stamp.read_text() == "2030-01-31 12:00:00 UTC\n"
    assert kept(tmp_path) == {GOOD, GOOD + b" "}
    stamp.write_text("2030-01-31 13:00:00 UTC")
    result = unpacked(tmp_path, zipped(tmp_path, attempt("12:30:00", GOOD + b"  ")))
    assert told(result) == "not laid: a later attempt, of 2030-01-31-13-00-00, is there"
    assert kept(tmp_path) == {GOOD, GOOD + b" ", GOOD + b"  "}


def test_an_earlier_attempt_that_cannot_be_kept_has_a_line(tmp_path):
    early, late = (f"HW 1_ann_attempt_2030-01-31-{hour}-00-00_hw.ipynb" for hour in (11, 12))
    result = unpacked(tmp_path, zipped(tmp_path, (early, bytes(3 << 20)), (late, GOOD)))
    assert list(result.laid) == ["ann"]
    assert [left.name for left in result.unread] == [early]
