"""Folders, .zip, .tar and .tar.gz as lists of entries and bounded reads. Nothing is extracted.

Archives are hostile: the number of entries, each single read and the whole stream are bounded
before memory is taken, and whatever a parser raises becomes Refused.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import itertools
import os
import stat
import tarfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, Protocol

from minigrad.grading.intake.parse import MAX_BYTES, read, too_big
from minigrad.grading.model import GradingError, Refused

MAX_ENTRIES = 20_000
MAX_ARCHIVE = 2 << 30  # bytes of an archive on disk
MAX_STREAM = 2 << 30  # bytes of a .tar.gz unpacked
MAX_READ = 4 << 20  # bytes of one read: a directory of entries, a header, a notebook
MAX_HEADERS = 64 << 20  # bytes of all headers of a .tar
MAX_DEPTH = 10  # folders in folders

Kind = Literal["file", "folder", "link", "other", "encrypted"]


@dataclass(frozen=True)
class Entry:
    """One name in a folder or archive."""

    name: str
    kind: Kind
    inner: str = ""  # the name within, where `name` is an archive that is open: see `nested.Nested`


class Source(Protocol):
    """A folder or archive that is open."""

    @property
    def entries(self) -> Sequence[Entry]:
        """Every name in it, in order."""

    def read(self, number: int) -> bytes:
        """The bytes of a file, at most 2 MB; Refused otherwise."""


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Source]:
    """A folder or archive, by what it holds and not by its name; Refused when it is neither."""
    if path.is_symlink():
        raise Refused(f"{path.name} is a link: name the folder or archive itself")
    if path.is_dir():
        yield Folder(path)
        return
    try:
        file = path.open("rb")
    except OSError as error:
        message = f"{path} cannot be opened ({error.strerror}): name a folder or an archive"
        raise GradingError(message) from error
    with file:
        info = os.fstat(file.fileno())
        if not stat.S_ISREG(info.st_mode):
            raise Refused(f"{path.name} is neither a folder nor a regular file")
        if info.st_size > MAX_ARCHIVE:
            size, most = info.st_size >> 20, MAX_ARCHIVE >> 20
            raise Refused(f"{path.name} has {size} MB; at most {most} are read: split it")
        with archive(file) as source:
            yield source


@contextlib.contextmanager
def archive(file: IO[bytes]) -> Iterator[Source]:
    """An archive by its first bytes."""
    magic = file.read(4)
    file.seek(0)
    if magic[:2] == b"\x1f\x8b":
        with gzip.GzipFile(fileobj=file) as stream:
            yield Tar(Bounded(stream))
    elif magic[:2] == b"PK":
        yield Zip(Bounded(file))
    else:
        yield Tar(Bounded(file))


class Bounded(io.RawIOBase):
    """A file that raises Refused for a large read, for one far into it, and beyond `left` bytes in all."""

    def __init__(self, file: IO[bytes] | gzip.GzipFile) -> None:
        self._file = file
        self.left = MAX_STREAM

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, offset: int, whence: int = 0, /) -> int:
        if offset > MAX_STREAM:
            raise Refused("the archive claims to be larger than it may be")
        return self._file.seek(offset, whence)

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = MAX_READ + 1 if size is None or size < 0 else min(size, MAX_READ + 1)
        data = self._file.read(wanted)
        self.left -= len(data)
        if len(data) > MAX_READ or self.left < 0 or self._file.tell() > MAX_STREAM:
            raise Refused("the archive holds too much, or too many or too long names: split it")
        return data


class Folder:
    """A folder on disk; links are listed, never followed."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.entries = list(itertools.islice(self._walk("", 0), MAX_ENTRIES + 1))

    def _walk(self, below: str, depth: int) -> Iterator[Entry]:
        try:
            with os.scandir(self._root / below) as found:
                items = sorted(itertools.islice(found, MAX_ENTRIES + 1), key=lambda item: item.name)
        except OSError:
            yield Entry(f"{below}/(a folder that cannot be read)", "other")
            return
        for item in items:
            name = f"{below}/{item.name}" if below else item.name
            if item.is_symlink():
                yield Entry(name, "link")
            elif item.is_dir(follow_symlinks=False):
                yield Entry(name, "folder")
                if item.name.startswith("."):
                    yield Entry(f"{name}/(a hidden folder)", "other")
                elif depth >= MAX_DEPTH:
                    yield Entry(f"{name}/(a folder too deep)", "other")
                else:
                    yield from self._walk(name, depth + 1)
            else:
                yield Entry(name, "file" if item.is_file(follow_symlinks=False) else "other")

    def read(self, number: int) -> bytes:
        return read(self._root / self.entries[number].name, within=self._root)


class Zip:
    """A .zip; entries stored or deflated."""

    def __init__(self, file: Bounded) -> None:
        try:
            self._zip = zipfile.ZipFile(file)
            self._infos = self._zip.infolist()
        except Refused:
            raise
        except Exception as error:  # a parser may raise anything on hostile bytes
            raise Refused(f"the .zip is damaged ({type(error).__name__}): download it again") from None
        if len(self._infos) > MAX_ENTRIES:
            raise Refused(f"the archive has more than {MAX_ENTRIES} entries: split it")
        # `filename` is cut at a NUL; `orig_filename` is what the archive has
        self.entries = [Entry(_zip_name(info), _zip_kind(info)) for info in self._infos]

    def read(self, number: int) -> bytes:
        info = self._infos[number]
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Refused("it is compressed in an unusual way: hand in the notebook itself")
        try:
            with self._zip.open(info) as file:
                data = file.read(MAX_BYTES + 1)
        except Refused:
            raise
        except Exception as error:
            raise Refused(f"it is damaged in the .zip ({type(error).__name__}): hand it in again") from None
        return _bounded(data)


def _zip_name(info: zipfile.ZipInfo) -> str:
    """An entry's name; also where a system wrote UTF-8 and did not say so, as macOS does."""
    if not info.flag_bits & 0x800:
        with contextlib.suppress(UnicodeError):
            return info.orig_filename.encode("cp437").decode("utf-8")
    return info.orig_filename


def _zip_kind(info: zipfile.ZipInfo) -> Kind:
    mode = info.external_attr >> 16
    if info.flag_bits & 0x1:
        return "encrypted"
    if stat.S_ISLNK(mode):
        return "link"
    if info.orig_filename.endswith("/") or stat.S_ISDIR(mode):  # is_dir() fails on an empty name
        return "folder"
    return "file" if stat.S_IFMT(mode) in (0, stat.S_IFREG) else "other"


class Tar:
    """A .tar, its headers read once in order."""

    def __init__(self, file: Bounded) -> None:
        self._members: list[tarfile.TarInfo] = []
        file.left = MAX_HEADERS
        try:
            self._tar = tarfile.open(fileobj=file, mode="r:")  # noqa: SIM115
            for member in self._tar:
                self._members.append(member)
                if len(self._members) > MAX_ENTRIES:
                    raise Refused(f"the archive has more than {MAX_ENTRIES} entries: split it")
        except Refused:
            raise
        except Exception as error:
            raise Refused(f"this is no .zip, .tar or .tar.gz, or damaged ({type(error).__name__})") from None
        file.left = MAX_STREAM
        self.entries = [Entry(member.name, _tar_kind(member)) for member in self._members]

    def read(self, number: int) -> bytes:
        try:
            file = self._tar.extractfile(self._members[number])
            data = file.read(MAX_BYTES + 1) if file is not None else b""
        except Refused:
            raise
        except Exception as error:
            raise Refused(f"it is damaged in the .tar ({type(error).__name__}): hand it in again") from None
        return _bounded(data)


def _tar_kind(member: tarfile.TarInfo) -> Kind:
    if member.issym() or member.islnk():
        return "link"
    if member.isdir():
        return "folder"
    return "file" if member.isreg() and not member.issparse() else "other"


def _bounded(data: bytes) -> bytes:
    if len(data) > MAX_BYTES:
        raise Refused(too_big(len(data)))
    return data
