"""What every display needs: escaped text, rounded numbers, the signs for pass and fail."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from typing import Literal

from minigrad.grading.model import Verdict

# each also has its word and sign; as a text on white, and with white text on it, at least 4.5 : 1
GREEN, RED, GREY = "#1a7f37", "#c4321f", "#656d76"
Mark = Literal["pass", "fail", "to do", "waits"]
MARKS: dict[Mark, tuple[str, str]] = {
    "pass": ("✓", GREEN),
    "fail": ("✗", RED),
    "to do": ("–", GREY),
    "waits": ("…", GREY),
}


Names = Mapping[str, str]  # of students, by their ids
NOBODY: Names = {}


# Above the report on a release that nobody worked on, to whom it is of.
UNTOUCHED = (
    "This is the assignment as it was given out, and nothing in it was changed: was it the wrong file?"
)


def named(student: str, names: Names) -> str:
    """A student's id, and the name where there is one: "s17 Ann Lee"."""
    return " ".join(filter(None, (student, names.get(student, ""))))


def mark(v: Verdict) -> Mark:
    """A verdict in a word: what is not there yet is still to do, and no mistake."""
    if v.passed:
        return "pass"
    if v.failure == "waits":
        return "waits"
    return "to do" if v.failure in ("todo", "missing") else "fail"


def badge(word: Mark) -> str:
    """A mark as HTML, white on its own ground: a notebook's page may be light or dark, and does not say."""
    sign, colour = MARKS[word]
    look = f"background:{colour};color:#fff;border-radius:.25em;padding:.05em .4em;white-space:nowrap"
    return f'<b style="{look}">{sign} {word}</b>'


def told_once(told: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """What is told of each check of an exercise, once: the same again becomes "the same as above"."""
    seen: set[tuple[str, ...]] = set()
    once = []
    for lines in told:
        once.append(("the same as above",) if lines in seen else lines)
        seen |= {lines} if lines else set()
    return once


def steps_of(hint: str) -> list[str]:
    """A hint's steps: its lines."""
    return [step for step in hint.split("\n") if step.strip()]


def folded(steps: Sequence[str], word: str = "hint") -> str:
    """A hint's steps as HTML, each in the fold of the one before it."""
    if not steps:
        return ""
    first, *more = steps
    inner = f"{prose(first)}{folded(more, 'a further step')}"
    return f'<details style="margin-top:.15em"><summary>{word}</summary>{inner}</details>'


def printable(text: str) -> str:
    """No control characters: they would move a terminal's cursor, or hide in a page."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else " " if c == "\t" else "\ufffd" for c in text)


def escape(text: str) -> str:
    """Text for HTML."""
    return html.escape(printable(text))


def prose(text: str) -> str:
    """Text for HTML in which `names` between backticks are set as code."""
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", escape(text))


def number(value: float) -> str:
    """25 for 25.0, 33.33 for 33.333…: for tables that are computed with, and where two are compared."""
    return f"{round(value, 2):.2f}".rstrip("0").rstrip(".")


def rounded(value: float) -> str:
    """Points as people read them: 25 for 25.0, 33.3 for 33.333…, and quarters as they are.

    Never up to a whole number: 19.97 is 19.9, since it is not all of 20.
    """
    value = round(float(value), 6)
    tenth = round(value, 1)
    if (4 * value).is_integer() or not tenth:
        return number(value)
    return number(tenth - 0.1 if tenth.is_integer() and tenth > value else tenth)
