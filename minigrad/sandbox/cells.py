"""A notebook cell as plain Python, line for line: what is IPython's is taken out, and named.

Pure text, linear in its length: the worker runs what is left, and the near side notes what is gone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# Cells of another language, or that nothing runs: without them there is no Python to run.
_NOT_PYTHON = frozenset(
    {"!", "bash", "sh", "script", "system", "sx", "cmd", "perl", "ruby", "R", "sql", "cython"}
    | {"html", "javascript", "js", "latex", "markdown", "svg", "writefile", "file"}
)
_CELL_MAGIC = re.compile(r"\s*%%(\w{1,40}|!)")
_MAGIC = re.compile(r"(?P<before>[ \t]*(?:[A-Za-z_][\w,. ]*=(?!=)[ \t]*)?)(?P<sign>%%?|!!?)(?P<name>\w*)")
# The statement of `%time` runs, and what `%%timeit` sets up for its cell.
_TIMED = re.compile(r"(?:%time|%%timeit)[ \t]+(?!-)(?P<statement>\S.*)", re.DOTALL)
_HELP = re.compile(
    r"(?P<before>[ \t]*)(?:\?{1,2}[ \t]*(?:[\w.%*]+[ \t]*)?|[\w.%*\[\]-]+[ \t]*\?{1,2}[ \t]*)$"
)
# Words that IPython takes for `%word` at the head of a line which is no Python.
_AUTOMAGIC = re.compile(
    r"^(?:pip|conda|mamba|cd|ls|mkdir|time|timeit|load_ext|matplotlib)[ \t]+"
    r"(?!(?:in|is|and|or|if|not|for|else)\b)[\w./~-]",
    re.MULTILINE,
)
_TOKEN = re.compile(r"\"\"\"|'''|\\.|\\$|[\"'#()\[\]{}]")


@dataclass(frozen=True)
class _Line:
    """One line without what is IPython's, and that by its name: `%time`, `!`, `?`, `%%bash`."""

    text: str
    gone: str = ""


def plain_python(source: str) -> str:
    """`source` with IPython's lines (`%`, `!`, `?`) made no-ops, line for line.

    The statement behind `%time` stays. A cell in another language (`%%bash`, `%%html`) becomes empty;
    of any other `%%` cell, the rest runs.
    """
    return "\n".join(line.text for line in _lines(source))


def taken_out(source: str) -> tuple[str, ...]:
    """What `plain_python` takes out of a cell that is no Python as it stands: `%time`, `!`, `%%bash`."""
    if not any(sign in source for sign in "%!?") and not _AUTOMAGIC.search(source):
        return ()
    return tuple(dict.fromkeys(line.gone for line in _lines(source) if line.gone))


def left_out(source: str) -> bool:
    """Whether nothing of a cell runs: it is in another language."""
    magic = _CELL_MAGIC.match(source)
    return magic is not None and magic[1] in _NOT_PYTHON


def _lines(source: str) -> Iterator[_Line]:
    lines = source.split("\n")
    if left_out(source):
        magic = _CELL_MAGIC.match(source)
        yield _Line("", f"%%{magic[1]}" if magic else "")
        yield from (_Line("") for _ in lines[1:])
        return
    scan = _Scanner()
    goes_on = False  # whether the line before was IPython's and ended in a backslash
    for text in lines:
        line = _Line("") if goes_on else _without(text) if scan.at_statement else _Line(text)
        began = line.gone and not line.text.endswith("\\")
        goes_on = text.endswith("\\") and bool(goes_on or began)
        scan.feed(line.text)
        yield line


def _without(text: str) -> _Line:
    """A line that begins a statement, without what is IPython's."""
    if _AUTOMAGIC.match(text):
        text = f"%{text}"
    if magic := _MAGIC.match(text):
        before, gone = magic["before"], magic["sign"] + magic["name"][:40]
        if timed := _TIMED.match(text, magic.end("before")):
            return _Line(before + timed["statement"], gone)
        return _Line(before + ("None" if "=" in before else "pass"), gone)
    if asked := _HELP.match(text):
        return _Line(f"{asked['before']}pass", "?")
    return _Line(text)


class _Scanner:
    """Reads Python line by line, to know whether the next line begins a statement."""

    def __init__(self) -> None:
        self.quote = ""
        self.depth = 0
        self.continued = False

    @property
    def at_statement(self) -> bool:
        return not (self.quote or self.depth or self.continued)

    def feed(self, line: str) -> None:
        self.continued = False
        for match in _TOKEN.finditer(line):
            token = match.group()
            if self.quote:
                if token.startswith(self.quote):
                    self.quote = ""
            elif token == "#":
                break
            elif token in "([{":
                self.depth += 1
            elif token in ")]}":
                self.depth = max(0, self.depth - 1)
            elif token[0] in "\"'":
                self.quote = token
            self.continued = token == "\\"
        if len(self.quote) == 1 and not self.continued:
            self.quote = ""
