"""The runner of one's own work in a sandbox: a session that also reads what the worker says of errors."""

from __future__ import annotations

import dataclasses

from minigrad.grading.judge.session import Session
from minigrad.grading.judge.verdict import IN_CHECK, cell_in_words
from minigrad.grading.model import CellRun, Evidence
from minigrad.grading.notebook import telling


class Own(Session):
    """A Session that asks for the words of errors. They are still untrusted: bounded and cleaned."""

    asks = (True,)

    def read(self, reply: object) -> Evidence:
        said = reply.pop("words", None) if isinstance(reply, dict) else None
        return dataclasses.replace(super().read(reply), words=telling.words(said, self.known.lines))

    def read_cell(self, id: str, reply: object, room: int) -> CellRun:
        run = super().read_cell(id, reply, room)
        said = telling.words(reply.get("words") if isinstance(reply, dict) else None, self.known.lines)
        if not (run.error and said.error):
            return run
        where = said.place if said.place != IN_CHECK else f"when {cell_in_words(id)} ran"
        return dataclasses.replace(run, error=f"{said.error}, {where}")
