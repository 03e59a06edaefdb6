"""A notebook cell as plain Python: IPython's own lines become no-ops, line for line. Untrusted side."""

from __future__ import annotations

import re

_PYTHON_MAGICS = {"time", "timeit", "capture", "prun", "matplotlib", "python", "python3"}
_CELL_MAGIC = re.compile(r"\s*%%(\w+)")
_LINE_MAGIC = re.compile(r"(\s*)([A-Za-z_][\w,. ]*=(?!=)\s*)?[%!]")
_HELP = re.compile(r"(\s*)(\?{1,2}\s*[\w.%]+|[\w.%]+\s*\?{1,2})\s*$")
_TOKEN = re.compile(r"\"\"\"|'''|\\.|\\$|[\"'#()\[\]{}]")


def plain_python(source: str) -> str:
    """`source` with IPython's lines (`%`, `!`, `?`) made no-ops, line for line. Linear in its length.

    A cell in another language (`%%bash`, `%%html`) becomes empty.
    """
    magic = _CELL_MAGIC.match(source)
    if magic and magic.group(1) not in _PYTHON_MAGICS:
        return "\n" * source.count("\n")
    scan = _Scanner()
    lines = source.split("\n")
    for i, line in enumerate(lines):
        if scan.at_statement:
            lines[i] = line = _no_op(line)
        scan.feed(line)
    return "\n".join(lines)


def _no_op(line: str) -> str:
    magic = _LINE_MAGIC.match(line)
    if magic:
        return magic.group(1) + (f"{magic.group(2)}None" if magic.group(2) else "pass")
    help_ = _HELP.match(line)
    return f"{help_.group(1)}pass" if help_ else line


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
