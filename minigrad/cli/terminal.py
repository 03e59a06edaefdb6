"""What a terminal shows: a report in its width and colours, tables, progress.

Progress is a bar on a terminal where rich is installed, else a line now and then; what takes long and has
no steps says now and then that it goes on.
"""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from typing import TextIO

from minigrad.grading.model import Exercise, Report
from minigrad.grading.report.formats import Line
from minigrad.grading.report.markup import NOBODY, Mark, Names, named, printable, rounded

WIDEST = 32  # characters of a table's column, unless it is the last
NARROWEST = 20  # of a report's wrapped text, however narrow the terminal
QUIET = 10.0  # seconds without a word, in a terminal and in a pipe
BOLD, FAINT = "1", "2"  # as ANSI's escape sequences number them
COLOURS: dict[Mark, str] = {"pass": "32", "fail": "31", "to do": "33", "waits": FAINT}


def coloured(stream: TextIO) -> bool:
    """Whether to write colours: to a terminal, but where NO_COLOR says no, or FORCE_COLOR says so."""
    told = os.environ.get
    if told("NO_COLOR"):
        return False
    if told("FORCE_COLOR", "0") not in ("", "0"):
        return True
    able = os.name != "nt" or told("WT_SESSION")  # Windows' old console shows the sequences as they are
    return bool(able) and told("TERM") != "dumb" and stream.isatty()


def width_of(stream: TextIO) -> int | None:
    """The columns of a terminal, or those that COLUMNS tells; None for a file or a pipe: lines stay whole."""
    if stream.isatty() or os.environ.get("COLUMNS", "").isdigit():
        return shutil.get_terminal_size().columns
    return None


def laid_out(lines: Iterable[Line], width: int | None, colours: bool) -> str:
    """A report's lines, wrapped where there is a width: what goes on stands below the line's own text."""
    return "\n".join(_laid_out(line, width, colours) for line in lines)


def _laid_out(line: Line, width: int | None, colours: bool) -> str:
    start, text = printable(line.start), printable(line.text)
    parts = [text]
    if width is not None:
        room = max(NARROWEST, width - len(start))
        parts = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]
    if colours and line.head:
        parts = [_painted(part, BOLD) for part in parts]
    shown = (
        _painted(start, COLOURS[line.mark] if line.mark else FAINT) if colours and start.strip() else start
    )
    return f"\n{' ' * len(start)}".join([shown + parts[0], *parts[1:]])


def _painted(text: str, how: str) -> str:
    return f"\x1b[{how}m{text}\x1b[0m"


def _rich() -> bool:
    try:
        import rich  # noqa: F401
    except ImportError:
        return False
    return True


@contextmanager
def progress(label: str, total: int) -> Iterator[Callable[[str], None]]:
    """A bar on standard error; call the yielded function with a word for each of `total` steps.

    Where standard error is no terminal: a line now and then, at most ten in all.
    """
    if sys.stderr.isatty() and _rich():
        with _bar(label, total) as step:
            yield step
        return
    done = 0

    def step_plain(word: str) -> None:
        nonlocal done
        done += 1
        if done == total or done * 10 // total > (done - 1) * 10 // total:
            print(f"{label}: {done} of {total}", file=sys.stderr, flush=True)

    yield step_plain


@contextmanager
def alive(label: str) -> Iterator[None]:
    """While this lasts, a line on standard error each `QUIET` seconds: "label: 20 s so far"."""
    ended, began = threading.Event(), time.monotonic()

    def tell() -> None:
        while not ended.wait(QUIET):
            print(f"{label}: {time.monotonic() - began:.0f} s so far", file=sys.stderr, flush=True)

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        ended.set()
        teller.join()


@contextmanager
def _bar(label: str, total: int) -> Iterator[Callable[[str], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[word]}", markup=False),  # a student's name
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(label, total=total, word="")
        yield lambda word: bar.update(task, advance=1, word=printable(word))


def table(header: Sequence[str], rows: Sequence[Sequence[str]], width: int = 100) -> str:
    """Rows under a header in aligned columns, all of them wrapped: the last to fit `width`, others where
    they are wider than `WIDEST`."""
    cells = [[" ".join(printable(text).split("\n")) for text in row] for row in (header, *rows)]
    widths = [min(WIDEST, max(len(row[i]) for row in cells)) for i in range(len(header) - 1)]
    widths.append(max(20, width - sum(widths) - 2 * len(widths)))
    lines: list[str] = []
    for row in cells:
        columns = [textwrap.wrap(text, w) or [""] for text, w in zip(row, widths, strict=True)]
        for parts in zip_longest(*columns, fillvalue=""):
            lines.append("  ".join(part.ljust(w) for part, w in zip(parts, widths, strict=True)).rstrip())
    rule = "─" * min(width, max(map(len, lines)))
    return "\n".join([lines[0], rule, *lines[1:]])


def by_reason(reasons: Iterable[tuple[str, str]]) -> dict[str, str]:
    """By reason, all that it is the reason for: "a, b"."""
    found: dict[str, list[str]] = {}
    for why, what in reasons:
        found.setdefault(why, []).append(what)
    return {why: ", ".join(several) for why, several in found.items()}


def class_table(reports: Mapping[str, Report], names: Names = NOBODY, width: int = 110) -> str:
    """Student, score, and for each lost point the check, the reason and the hint."""
    rows: list[tuple[str, str, str, str]] = []
    for student, one in reports.items():
        score = f"{rounded(one.score)}/{rounded(one.points)}"
        lost = [line for exercise in one.exercises for line in _lost(exercise)]
        if one.status != "graded":
            score, lost = one.status, [("", one.reason)]
        elif one.blank:
            lost = [("", "blank: the release as it came")]
        for i, (what, why) in enumerate(lost or [("", "")]):
            rows.append(("" if i else named(student, names), "" if i else score, what, why))
    return table(("student", "score", "check", "why"), rows, width)


def _lost(exercise: Exercise) -> Iterator[tuple[str, str]]:
    """(checks, reason) of what failed, each reason once, and an exercise that failed for one by its name;
    then the hint."""
    failed = [v for v in exercise.verdicts if not v.passed]
    several = by_reason((v.reason, v.check) for v in failed)
    if len(failed) == len(exercise.verdicts) > 1 and len(several) == 1:
        yield f"{exercise.name}, all {len(failed)} checks", failed[0].reason
    else:
        yield from ((checks, why) for why, checks in several.items())
    if exercise.hint:
        yield exercise.name, f"hint: {exercise.hint}"
