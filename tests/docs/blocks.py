"""The code of a Markdown page, in order: fenced blocks, what is to be done with each, and inline commands.

An HTML comment on the line before a block says what the reader sees from the text:

    <!-- file: roster.csv -->              its text goes to the end of that file
    <!-- file: a.py after CASES = { -->    its text goes below that line
    <!-- run in: docs/instructors.md -->   that page has the same commands, and they run there
    <!-- not run: REASON -->               it cannot run in a test
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(
    r"(?:^[ ]*<!-- (?P<word>file|run in|not run): (?P<told>[^\n]*?) -->\n)?"
    r"^(?P<indent>[ ]*)```(?P<kind>\w*)\n(?P<text>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
INLINE = re.compile(r"`([^`\n]+)`")
COMMAND = re.compile(r"(?:\.venv/bin/)?(minigrad|nbgrader|python|python3|pip|make|git|jupyter|dask)( .*)?")


@dataclass(frozen=True)
class Block:
    """One fenced block. `skip` is the reason why it does not run, `file` where its text belongs: below
    the line `after`, or at the end; `elsewhere` the page that has all its lines, in this order."""

    place: str  # "README.md:12"
    kind: str
    text: str
    file: str = ""
    after: str = ""
    elsewhere: str = ""
    skip: str = ""


def blocks(page: str) -> list[Block]:
    """The blocks of a page, named by its path in the repository."""
    text = (ROOT / page).read_text(encoding="utf-8")
    found = []
    for m in BLOCK.finditer(text):
        line = text.count("\n", 0, m.start("text"))
        inner = re.sub(rf"^{m['indent']}", "", m["text"], flags=re.MULTILINE)
        file, _, after = (m["told"] if m["word"] == "file" else "").partition(" after ")
        elsewhere, skip = (m["told"] if m["word"] == word else "" for word in ("run in", "not run"))
        found.append(Block(f"{page}:{line}", m["kind"], inner, file, after, elsewhere, skip))
    return found


def prose(page: str) -> str:
    """A page without its blocks."""
    return BLOCK.sub("", (ROOT / page).read_text(encoding="utf-8"))


def lines(block: Block) -> list[str]:
    """The commands of a shell block, without comments."""
    found = (re.sub(r"(^|\s)#.*", "", line).strip() for line in block.text.splitlines())
    return [line for line in found if line] if block.kind == "sh" else []


def inline_commands(page: str) -> list[str]:
    """Commands with arguments that stand between backticks in the text."""
    return [code for code in INLINE.findall(prose(page)) if (m := COMMAND.fullmatch(code)) and m[2]]
