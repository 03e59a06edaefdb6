"""Archives that students hand in: one level deep, their entries stand in the place of the archive's own."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from dataclasses import replace

from minigrad.grading.intake.archives import MAX_ENTRIES, Entry, Source, archive
from minigrad.grading.model import Refused, is_notebook

ENDS = (".zip", ".tar", ".tgz", ".tar.gz")
MAX_NESTED = 512 << 20  # bytes of all nested archives together


class Nested:
    """A class's folder or archive in which small archives that hold a notebook are open.

    What cannot be opened, is larger than a notebook may be, or holds none, stays the file that it is; so
    does an archive in such an archive. Nothing is kept: an archive is opened anew for each read.
    """

    def __init__(self, outer: Source) -> None:
        self._outer = outer
        self._left = MAX_NESTED
        self._places: list[tuple[int, int | None]] = []  # the outer entry's number, and the one within
        self.entries: list[Entry] = []
        for number, entry in enumerate(outer.entries):
            if len(self.entries) > MAX_ENTRIES:
                break  # the plan refuses it
            found = list(self._within(number)) if entry.name.lower().endswith(ENDS) else []
            if not any(is_notebook(inner.name) for _, inner in found):
                found = []
            for place, inner in found:
                self.entries.append(replace(entry, kind=inner.kind, inner=inner.name))
                self._places.append((number, place))
            if not found:
                self.entries.append(entry)
                self._places.append((number, None))

    def _within(self, number: int) -> Iterator[tuple[int, Entry]]:
        if self._outer.entries[number].kind != "file":
            return
        with contextlib.suppress(Refused), self._opened(number) as source:
            yield from ((i, e) for i, e in enumerate(source.entries) if e.kind != "folder")

    @contextlib.contextmanager
    def _opened(self, number: int) -> Iterator[Source]:
        data = self._outer.read(number)
        self._left -= len(data)
        if self._left < 0:
            raise Refused("the archives in it hold too much")
        with archive(io.BytesIO(data)) as source:
            yield source

    def read(self, number: int) -> bytes:
        """The bytes of a file, at most 2 MB; Refused otherwise."""
        outer, inner = self._places[number]
        if inner is None:
            return self._outer.read(outer)
        self._left = MAX_NESTED
        with self._opened(outer) as source:
            return source.read(inner)
