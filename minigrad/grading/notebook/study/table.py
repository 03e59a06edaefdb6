"""Pure: how far a student's work has come, all assignments in one table: for a terminal and a notebook."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from minigrad.grading.model import Cell, to_type
from minigrad.grading.notebook.study.words import in_words, still_to_write
from minigrad.grading.report.markup import Mark, badge, escape, prose

State = Literal["pass", "fail", "to do", "changed", "unchecked"]
SHOWN: dict[State, tuple[Mark, str]] = {
    "pass": ("pass", ""),
    "fail": ("fail", ""),
    "to do": ("to do", ""),
    "changed": ("to do", "passed in an older version: check it again"),
    "unchecked": ("to do", "not checked yet as it stands"),
}


@dataclass(frozen=True)
class Reached:
    """One exercise as it stands now."""

    name: str
    state: State
    passed: int  # of its public checks, by the last check of this version
    of: int


@dataclass(frozen=True)
class Work:
    """One assignment of a student's."""

    name: str
    started: bool
    exercises: tuple[Reached, ...] = ()
    takes: str = ""  # "six to seven hours", in the words of the notebook
    due: datetime | None = None
    note: str = ""  # why it could not be read
    words: tuple[Cell, ...] = ()  # answers in words that are still to be written

    @property
    def done(self) -> int:
        return sum(e.state == "pass" for e in self.exercises)

    @property
    def left(self) -> list[Reached]:
        return [e for e in self.exercises if e.state != "pass"]

    @property
    def told(self) -> str:
        """ "3 of 7 exercises pass, 12 of 30 public checks"."""
        if not self.exercises:
            return self.note or "nothing in it is checked"
        passed, of = (sum(getattr(e, name) for e in self.exercises) for name in ("passed", "of"))
        if not self.started:
            words = [in_words(self.words)] * bool(self.words)
            return ", ".join([_many(len(self.exercises), "exercise"), _many(of, "public check"), *words])
        return f"{self.done} of {len(self.exercises)} exercises pass, {passed} of {of} public checks"

    @property
    def to_write(self) -> str:
        """ "1 answer in words still to write: which-path (10 points)", of what was begun; else ""."""
        return still_to_write(self.words) if self.started else ""

    @property
    def more(self) -> str:
        """What it takes and when it is due."""
        due = f"due {self.due.astimezone():%Y-%m-%d %H:%M}" if self.due else ""
        start = "" if self.started else "not started"
        return " · ".join(filter(None, (start, self.takes, due)))


@dataclass(frozen=True)
class Progress:
    """All of it; text in print(), a table in a notebook."""

    works: tuple[Work, ...]
    notes: tuple[str, ...] = ()

    @property
    def next(self) -> str:
        """What comes next, in a sentence: of what was begun, what is due first; else the next to begin."""
        order = sorted(self.works, key=lambda w: (w.due.timestamp() if w.due else float("inf"), w.name))
        for work in order:
            if work.started and work.left:
                first = work.left[0]
                why = SHOWN[first.state][1]
                return f"Next: `{first.name}` in {work.name}{f' ({why})' if why else ''}."
            if work.to_write:
                return f"Next in {work.name}: {work.to_write}."
        for work in order:
            if not work.started:
                return f"Next: {work.name}: {to_type('start', work.name)} lays it out."
        return "Nothing is left: every exercise passes its public checks." if self.works else ""

    def __str__(self) -> str:
        lines: list[str] = []
        width = max((len(w.name) for w in self.works), default=0)
        for work in self.works:
            lines.append(f"{work.name:{width}}  {work.told}{f' · {work.more}' if work.more else ''}")
            if work.note and work.exercises:
                lines.append(f"{'':{width}}    ! {work.note}")
            if work.started and work.left:
                lines += [f"{'':{width}}    {_line(e)}" for e in work.exercises]
            if work.to_write:
                lines.append(f"{'':{width}}    {work.to_write}")
        return "\n".join([*lines, self.next, *self.notes]).strip("\n")

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        rows = "".join(_row(work) for work in self.works)
        last = "".join(f"<p>{prose(text)}</p>" for text in (self.next, *self.notes) if text)
        style = (
            "font-family:var(--jp-ui-font-family,sans-serif);font-size:14px;line-height:1.45;max-width:800px"
        )
        return (
            f'<div role="status" style="{style}"><table style="width:100%;border-collapse:collapse">'
            f"{rows}</table>{last}</div>"
        )


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _line(e: Reached) -> str:
    sign, why = SHOWN[e.state]
    return f"{sign:5}  {e.name}: {_counted(e)}{f' ({why})' if why else ''}"


def _counted(e: Reached) -> str:
    return f"{e.passed} of {e.of} public checks"


def _row(work: Work) -> str:
    cell = "text-align:left;vertical-align:top;padding:.35em .5em .35em 0;white-space:normal"
    told = f"<b>{escape(work.name)}</b> {escape(work.told)}"
    told += f" <small>{escape(work.more)}</small>" if work.more else ""
    parts = ""
    if work.started and work.exercises:
        note = f'<div style="margin:.25em 0">! {escape(work.note)}</div>' if work.note else ""
        words = f'<div style="margin:.25em 0">{escape(work.to_write)}</div>' if work.to_write else ""
        parts = note + "".join(_exercise(e) for e in work.exercises) + words
        parts = f'<div style="margin-top:.25em">{parts}</div>'
    return (
        f'<tr style="background:none;border-top:1px solid #8886"><td style="{cell}">{told}{parts}</td></tr>'
    )


def _exercise(e: Reached) -> str:
    sign, why = SHOWN[e.state]
    more = f" <small>{escape(why)}</small>" if why else ""
    return (
        f'<div style="margin:.25em 0">{badge(sign)}'
        f" <code>{escape(e.name)}</code> {escape(_counted(e))}{more}</div>"
    )
