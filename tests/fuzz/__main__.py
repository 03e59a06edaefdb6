"""`make fuzz`: a bounded run of mutated frames, notebooks and archives; only the declared errors.

`python -m tests.fuzz [FRAMES] [NOTEBOOKS] [ARCHIVES] [SEED]`. Exits 1 at the first other error, and
when memory was not bounded; says how to get that input again.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from minigrad.grading.classroom.collect import collect
from minigrad.grading.intake.canonical import intake
from minigrad.grading.intake.pictures import without_pictures
from minigrad.grading.model import Refused
from minigrad.grading.store.layout import Course
from minigrad.sandbox import protocol
from tests.fuzz import archives, mutate
from tests.grading.squares import squares

NUMBERS = (100_000, 5_000, 2_000)
SEED = 5
MB = 1 << 20


def fuzz(
    what: str, number: int, seed: int, once: Callable[[random.Random], None],
    declared: type[Exception], peak_mb: int,
) -> bool:  # fmt: skip
    """Run `once` with `number` generators; whether only `declared` came and memory stayed below."""
    outcomes: Counter[str] = Counter()
    began, peak = time.monotonic(), 0
    for i in range(number):
        measured = i % 20 == 0  # tracing every run would take most of the time
        if measured:
            tracemalloc.start()
        try:
            once(random.Random(f"{what} {seed} {i}"))
            outcomes["taken"] += 1
        except declared:
            outcomes["refused"] += 1
        except Exception as error:
            print(f"{what} number {i} of seed {seed}: {type(error).__name__}: {error}", file=sys.stderr)
            return False
        finally:
            if measured:
                peak = max(peak, tracemalloc.get_traced_memory()[1])
                tracemalloc.stop()
    print(
        f"{what}: {number} ({outcomes['taken']} taken, {outcomes['refused']} refused) in "
        f"{time.monotonic() - began:.1f} s; peak of one {peak / MB:.1f} MB, allowed {peak_mb} MB"
    )
    return peak <= peak_mb * MB


def a_frame(rng: random.Random) -> None:
    data = mutate.frame(rng)
    again = protocol.dumps(value := protocol.loads(data))
    assert repr(protocol.loads(again)) == repr(value)


def a_notebook(rng: random.Random) -> None:
    taken = intake(mutate.book(rng), TASK)
    ids = [c.id for c in taken.cells]
    assert len(set(ids)) == len(ids)
    assert set(taken.cells) >= LOCKED
    assert all(len(without_pictures(c.source).encode()) <= 65_536 for c in taken.cells)


def an_archive(rng: random.Random) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "class"
        source.write_bytes(archives.archive(rng))
        roster = rng.random() < 0.5
        into = Path(folder) / "course" / "deep" / "here"
        if roster:
            into.mkdir(parents=True)
            (into / "roster.csv").write_text(archives.ROSTER, encoding="utf-8")
        try:
            collect(Course.at(into), source, "hw")
        finally:
            made = {p for p in Path(folder).rglob("*") if not p.is_dir() or p.is_symlink()}
            assert all(p.is_relative_to(into) and p.is_file() and not p.is_symlink() for p in made - {source})


TASK = squares()
LOCKED = {c for c in TASK.cells if c.kind not in ("solution", "written")}


def main(arguments: list[str]) -> int:
    given = [int(a) for a in arguments]
    frames, notebooks, class_archives = [*given[:3], *NUMBERS[len(given[:3]) :]]
    seed = given[3] if len(given) > 3 else SEED
    good = [
        fuzz("frames", frames, seed, a_frame, protocol.ProtocolError, 20),
        fuzz("notebooks", notebooks, seed, a_notebook, Refused, 40),
        fuzz("archives", class_archives, seed, an_archive, Refused, 40),
    ]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
