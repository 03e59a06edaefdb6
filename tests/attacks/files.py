"""Hostile notebooks and files: what intake, staging and the pages make of them."""

from __future__ import annotations

import json
import os
import re
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from minigrad.grading.intake.canonical import intake, read
from minigrad.grading.model import CellRun, Exercise, Refused, Report, Verdict, clean
from minigrad.grading.report import formats
from minigrad.grading.report.class_page import class_html
from minigrad.grading.report.feedback import report_html
from minigrad.sandbox import protocol
from tests.attacks.catalogue import Row, Work
from tests.attacks.work import notebook
from tests.grading.squares import SOLUTION, squares

Change = Callable[[dict[str, Any]], Any]
TASK = squares()
EVIL = "<script>alert(1)</script>\x1b[2J\x1b]0;t\x07\u202e`x`"
HANDLER = "onerror=alert(1)"
MEMORY = 40 << 20  # bytes: intake's own peak, whatever is in a file of 2 MB


def changed(change: Change) -> bytes:
    """A right submission with a change to its JSON."""
    book = json.loads(notebook(Work("", "N")))
    made = change(book)
    return made if isinstance(made, bytes) else json.dumps(made if isinstance(made, dict) else book).encode()


def cell(book: dict[str, Any], id: str) -> dict[str, Any]:
    return next(c for c in book["cells"] if c["id"] == id)


def mark(id: str, **marks: object) -> Change:
    return lambda book: cell(book, id)["metadata"]["nbgrader"].update(marks)


def put(id: str, source: object) -> Change:
    return lambda book: cell(book, id).update(source=source)


def drop(id: str) -> Change:
    return lambda book: book["cells"].remove(cell(book, id))


def top(**values: object) -> Change:
    return lambda book: {**book, **values}


def text(old: str, new: str) -> Change:
    return lambda book: json.dumps(book).replace(old, new, 1).encode()


def second(id: str, source: str) -> Change:
    return lambda book: book["cells"].append({**cell(book, id), "source": source})


JSON = "the file is not a notebook"
NOTEBOOKS: tuple[tuple[str, str, Change], ...] = (
    # name, expected: "merit" (the same cells as without), "stub" (square is the release's), or a reason
    ("points 1e9", "merit", mark("square-check", points=1e9)),
    ("locked flag flipped", "merit", mark("imports", locked=False, solution=True)),
    ("check cell edited", "merit", put("square-check", "100.0")),
    ("check cell deleted", "merit", drop("square-check")),
    ("solution cell deleted", "stub", drop("square")),
    ("locked cell edited", "merit", put("imports", "import os; os._exit(0)")),
    ("duplicate grade_id, another answer", "different cells with this id", second("square", "square = 1")),
    ("duplicate grade_id, the same answer", "merit", second("square", SOLUTION["square"])),
    ("unhashable grade_id", "merit", mark("square", grade_id=[{}])),
    ("kernelspec that points at a shell", "merit",
     top(metadata={"kernelspec": {"name": "sh", "argv": ["/bin/sh"]}, "language_info": {"name": "bash"}})),
    ("jupytext.formats", "merit", top(metadata={"jupytext": {"formats": "ipynb,py:percent"}})),
    ("outputs that say 100", "merit", lambda b: cell(b, "square-check").update(
        outputs=[{"output_type": "execute_result", "data": {"text/plain": "100.0", "text/html": EVIL}}])),
    ("nbformat 3", "must be of nbformat 4", top(nbformat=3)),
    ("nbformat 5", "must be of nbformat 4", top(nbformat=5)),
    ("deeply nested JSON", "nests too deeply", lambda b: b"[" * 90_000),
    ("100 MB notebook", "100.0 MB", lambda b: b" " * 100_000_000),
    ("2 MB of {}", "too much data", lambda b: b"[" + b"{}," * 600_000 + b"{}]"),
    ("10 MB of {}", "10.0 MB", lambda b: b"[" + b"{}," * 3_333_333 + b"{}]"),
    ("UTF-16", "not UTF-8", lambda b: json.dumps(b).encode("utf-16")),
    ("latin-1", "not UTF-8", lambda b: json.dumps({**b, "x": "é"}, ensure_ascii=False).encode("latin-1")),
    ("NaN literal", "merit", text('"nbformat": 4', '"nbformat": 4, "x": NaN')),
    ("5000-digit int", "merit", text('"nbformat": 4', '"nbformat": 4, "x": ' + "9" * 5000)),
    ("a lone surrogate in a cell", "characters that are no text", put("square", "\ud800")),
    ("a cell of 2 MB of a;", "a cell may have 64", put("square", "a;" * 900_000)),
    ("1000 cells", "at most 300", lambda b: {**b, "cells": b["cells"] * 100}),
    ("an empty file", "empty", lambda b: b""),
    ("cut off in the middle", JSON, lambda b: json.dumps(b).encode()[:-20]),
    ("another notebook", "was another file handed in", lambda b: {**b, "cells": [
        {"cell_type": "code", "source": "print(1)", "metadata": {}}]}),
)  # fmt: skip


def refusal(action: Callable[[], object]) -> str:
    """ "R: the reason", or what came instead."""
    try:
        action()
    except Refused as why:
        return f"R: {why}"
    return "taken in"


def of_notebooks() -> Iterator[tuple[str, str, str, bool]]:
    """(attack, expected, seen, ok) of each notebook."""
    right = intake(notebook(Work("", "N")), TASK)
    merit = [c.source for c in right.cells if c.runs]
    stub = [next(c.source for c in TASK.cells if c.id == "square") if s == SOLUTION["square"] else s
            for s in merit]  # fmt: skip
    for name, expected, change in NOTEBOOKS:
        data = changed(change)
        tracemalloc.start()
        try:
            taken = intake(data, TASK)
        except Refused as why:
            seen = f"R: {why}"
        else:
            runs = [c.source for c in taken.cells if c.runs]
            seen = "merit" if runs == merit else "stub" if runs == stub else f"other cells: {runs}"
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        ok = (seen == expected or (seen.startswith("R: ") and expected in seen)) and peak < MEMORY
        yield name, expected if expected in ("merit", "stub") else f"R: {expected}", seen, ok


def of_files(folder: Path) -> Iterator[tuple[str, str, str, bool]]:
    """(attack, expected, seen, ok) of each file."""
    other = folder / "other.ipynb"
    other.write_bytes(b"{}")
    (folder / "link.ipynb").symlink_to(other)
    os.link(other, folder / "hard.ipynb")
    os.mkfifo(folder / "fifo.ipynb")
    (folder / "linked").symlink_to(folder)
    closed = folder / "closed.ipynb"
    closed.write_bytes(b"{}")
    closed.chmod(0)
    big = folder / "big.ipynb"
    with big.open("wb") as f:
        f.truncate(100_000_000)
    cases = [
        ("symlink to another's notebook", "link", folder / "link.ipynb"),
        ("hard link to another's notebook", "hard link", folder / "hard.ipynb"),
        ("FIFO", "not a regular file", folder / "fifo.ipynb"),
        ("/dev/zero", "not a regular file", Path("/dev/zero")),
        ("missing file", "missing", folder / "none.ipynb"),
        ("a folder that is a link", "folder is a link", folder / "linked" / "other.ipynb"),
        ("../ in a path", "folder", folder / ".." / "other.ipynb"),
        ("100 MB file", "100.0 MB", big),
    ]
    for name, expected, path in cases:
        within = None if str(path).startswith("/dev") else folder
        seen = refusal(lambda path=path, within=within: read(path, within))  # type: ignore[misc]
        yield name, f"R: {expected}", seen, seen.startswith("R: ") and expected in seen
    if os.getuid():
        seen = refusal(lambda: read(closed))
        yield "unreadable file", "R: cannot be opened", seen, "cannot be opened" in seen
    else:
        yield "unreadable file", "R: cannot be opened", "not tried: root reads every file", True


def of_codec() -> Iterator[tuple[str, str, str, bool]]:
    """What the codec used to alter: refused now."""
    long = "x" * (protocol.MAX_TEXT + 1)
    for name, value in (("a string over the limit", long), ("a surrogate", "\ud800")):
        try:
            seen = "sent" if protocol.loads(protocol.dumps(value)) == value else "altered"
        except protocol.ProtocolError as error:
            seen = f"refused: {error}"
        yield f"codec: {name}", "refused", seen, seen.startswith("refused")


def report() -> Report:
    """A report with hostile text wherever text can come from."""
    verdict = Verdict("e.a", "e", EVIL, 1.0, True, False, EVIL)
    exercise = Exercise("e", 1.0, 0.0, (verdict,), EVIL, EVIL)
    return Report("00", "graded", (exercise,), EVIL, (EVIL,), (CellRun("own-1", clean(EVIL), clean(EVIL)),))


def harmless(shown: str) -> bool:
    """No markup of the student's, no control or bidi character."""
    markup = any(f"<{tag}" in shown.lower() for tag in ("script", "iframe")) or f" {HANDLER}" in shown
    return not markup and all(c.isprintable() or c in "\n\t\r\ufeff" for c in shown)


def of_displays() -> Iterator[tuple[str, str, str, bool]]:
    """(attack, expected, seen, ok) of each place where a student's text is shown."""
    reports = {f"=cmd|{EVIL}": report(), "b": Report("00", "refused", reason=EVIL)}
    (sorts,) = re.findall(r"<script>.*?</script>", class_html({}), re.DOTALL)  # the page's own, on top
    places = {
        "HTML feedback": report_html(report()),
        "class HTML": class_html(reports).replace(sorts, ""),
        "CSV": formats.class_csv(reports).decode("utf-8-sig").replace("<script", ""),  # no HTML there
        "text": formats.text(report()).replace("<script", ""),
    }
    try:
        from minigrad.grading.nbgrader import pages
    except ImportError:
        pages = None  # type: ignore[assignment]
    if pages is not None:
        places["markdown in feedback"] = clean(pages.clean_markdown(f"# hi\n{EVIL}\n<img src=x {HANDLER}>"))
        places["HTML in feedback"] = clean(pages.clean(f"{EVIL}<img src=x {HANDLER}><iframe src=x></iframe>"))
    for name, shown in places.items():
        ok = harmless(shown)
        yield f"hostile text in {name}", "E: escaped", "E: escaped" if ok else repr(shown[:200]), ok
    rows = formats.class_csv(reports).decode("utf-8-sig").splitlines()
    ok = not any(row.startswith(('"=', "=")) for row in rows)
    yield "a spreadsheet formula as a name", "E: text", "E: text" if ok else repr(rows), ok


def rows(user: str, folder: Path) -> list[Row]:
    """All rows of this file."""
    made = [*of_notebooks(), *of_files(folder), *of_codec(), *of_displays()]
    return [Row(name, "files", user, expected, seen, ok) for name, expected, seen, ok in made]
